//! Cleans a photo that goes along with something recorded: only what it shows survives. Neither the place nor the phone nor
//! anything hidden behind the picture is kept.

use crate::error::Result;
use crate::picture::{self, Fit, open_photo};

/// The field that a photo is handed in with, for errors.
pub const PHOTO_FIELD: &str = "photo";
/// Largest cleaned photo, bytes: ten seconds on a slow phone network.
pub const MAX_CLEAN_BYTES: usize = 512 * 1024;
/// Longest side of a cleaned photo, pixels: enough to read a label in it.
pub const MAX_CLEAN_SIDE_PX: u32 = 1600;
/// The last ones fit whatever the picture shows.
const CLEAN: Fit = Fit {
    sides_px: &[MAX_CLEAN_SIDE_PX, 1280, 1024, 800, 640],
    qualities: &[82, 72, 60, 45],
    max_bytes: MAX_CLEAN_BYTES,
};

/// A photo drawn anew.
#[derive(Clone, Debug)]
pub struct Cleaned {
    /// At most `MAX_CLEAN_BYTES`, without metadata.
    pub jpeg: Vec<u8>,
    /// Width, pixels.
    pub width_px: u32,
    /// Height, pixels.
    pub height_px: u32,
}

/// Draws a photo anew, off the web workers. What is no photo is refused beside `PHOTO_FIELD`.
pub async fn clean_photo(bytes: Vec<u8>) -> Result<Cleaned> {
    picture::apart(move || draw(&bytes)).await
}

fn draw(bytes: &[u8]) -> Result<Cleaned> {
    let drawn = CLEAN.draw(&open_photo(PHOTO_FIELD, bytes)?)?;
    Ok(Cleaned { width_px: drawn.picture.width(), height_px: drawn.picture.height(), jpeg: drawn.jpeg })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::error::Error;

    fn jpeg(image: &image::RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Jpeg).unwrap();
        bytes
    }

    /// One entry of a TIFF directory: tag, type, count, value or offset.
    fn entry(tag: u16, kind: u16, count: u32, value: [u8; 4]) -> Vec<u8> {
        [&tag.to_be_bytes()[..], &kind.to_be_bytes(), &count.to_be_bytes(), &value].concat()
    }

    /// An EXIF segment as a phone writes it (CIPA DC-008): turned right, and taken at 22°08'24" N 105°49'48" E.
    fn exif_with_place() -> Vec<u8> {
        const GPS_AT: u32 = 38;
        const LATITUDE_AT: u32 = GPS_AT + 2 + 4 * 12 + 4;
        let degrees =
            |parts: [u32; 3]| parts.iter().flat_map(|n| [n.to_be_bytes(), 1_u32.to_be_bytes()].concat()).collect();
        let (north, east): (Vec<u8>, Vec<u8>) = (degrees([22, 8, 24]), degrees([105, 49, 48]));
        let tiff = [
            b"MM\0\x2a\0\0\0\x08".to_vec(),
            vec![0, 2],
            entry(0x0112, 3, 1, [0, 6, 0, 0]),
            entry(0x8825, 4, 1, GPS_AT.to_be_bytes()),
            vec![0; 4],
            vec![0, 4],
            entry(1, 2, 2, *b"N\0\0\0"),
            entry(2, 5, 3, LATITUDE_AT.to_be_bytes()),
            entry(3, 2, 2, *b"E\0\0\0"),
            entry(4, 5, 3, (LATITUDE_AT + 24).to_be_bytes()),
            vec![0; 4],
            north,
            east,
        ];
        let body = [b"Exif\0\0".to_vec(), tiff.concat()].concat();
        let length = u16::try_from(body.len() + 2).unwrap();
        [&[0xff, 0xe1][..], &length.to_be_bytes()[..], &body].concat()
    }

    fn taken_with_place() -> Vec<u8> {
        let plain = jpeg(&image::RgbImage::from_pixel(60, 40, image::Rgb([40, 120, 30])));
        [&plain[..2], &exif_with_place(), &plain[2..]].concat()
    }

    /// Segments of a JPEG up to its pixels: markers with what they hold.
    fn segments(mut rest: &[u8]) -> Vec<(u8, &[u8])> {
        let mut found = Vec::new();
        rest = &rest[2..];
        while rest[0] == 0xff && rest[1] != 0xda {
            let length = usize::from(u16::from_be_bytes([rest[2], rest[3]]));
            found.push((rest[1], &rest[4..2 + length]));
            rest = &rest[2 + length..];
        }
        found
    }

    #[test]
    fn the_photo_of_the_test_carries_a_place_that_decoders_read() {
        let taken = taken_with_place();
        let exif = segments(&taken).into_iter().find(|(marker, _)| *marker == 0xe1).unwrap().1;
        assert!(exif.windows(2).any(|w| w == [0x88, 0x25]));
        // The turn is read from the same segment, so the segment is well formed.
        assert_eq!(draw(&taken).unwrap().height_px, 60);
    }

    #[test]
    fn a_cleaned_photo_keeps_neither_place_nor_any_other_metadata() {
        let clean = draw(&taken_with_place()).unwrap();
        let kept: Vec<u8> = segments(&clean.jpeg).iter().map(|(marker, _)| *marker).collect();
        // Of all application segments only the one that says "JFIF" may be there, and no comment.
        assert!(kept.iter().all(|marker| !matches!(marker, 0xe1..=0xef | 0xfe)), "{kept:x?}");
        assert!(!clean.jpeg.windows(4).any(|part| part == b"Exif"));
    }

    #[test]
    fn a_photo_is_turned_upright_before_its_metadata_goes() {
        let clean = draw(&taken_with_place()).unwrap();
        assert_eq!((clean.width_px, clean.height_px), (40, 60));
    }

    #[test]
    fn even_a_photo_of_noise_is_small_enough() {
        let mut state: u32 = 2_463_534_242;
        let noise = image::RgbImage::from_fn(2400, 1800, |_, _| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            let [red, green, blue, _] = state.to_be_bytes();
            image::Rgb([red, green, blue])
        });
        let clean = draw(&jpeg(&noise)).unwrap();
        assert!(clean.jpeg.len() <= MAX_CLEAN_BYTES, "{}", clean.jpeg.len());
        assert!(clean.width_px.max(clean.height_px) <= MAX_CLEAN_SIDE_PX);
    }

    #[test]
    fn a_large_plain_photo_is_drawn_at_the_longest_side_allowed() {
        let clean = draw(&jpeg(&image::RgbImage::from_pixel(2000, 500, image::Rgb([9, 9, 9])))).unwrap();
        assert_eq!((clean.width_px, clean.height_px), (1600, 400));
    }

    #[test]
    fn what_is_no_photo_is_refused_beside_its_field() {
        for bytes in [&b""[..], b"<svg onload=alert(1)>", b"%PDF-1.7", b"MZ\x90\0", b"\xff\xd8\xff", b"GIF89a"] {
            let refused = draw(bytes).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field: PHOTO_FIELD, .. }), "{refused}");
        }
    }
}
