//! Makes pictures fit: the small one that travels with a scan, the large one of a product's own page. Bytes in, bytes out;
//! metadata (where and when a photo was taken, with which phone) never survives, because every picture is drawn anew.

use crate::error::Result;
use crate::picture::{Fit, decode, open_photo};

/// Largest shrunk picture, bytes: what the page's 14 KB leave for it.
pub const MAX_INLINE_BYTES: usize = 4096;
/// Longest sides to try, pixels, then qualities at each: the first that fits is the best that fits.
const INLINE: Fit = Fit { sides_px: &[240, 200, 160, 120], qualities: &[75, 60, 45, 30], max_bytes: MAX_INLINE_BYTES };

/// Largest photo of a product's page, bytes: ten seconds on a slow phone network.
pub const MAX_PHOTO_BYTES: usize = 512 * 1024;
/// Longest side of a photo on a product's page, pixels: the widest phone shows no more.
pub const MAX_PHOTO_SIDE_PX: u32 = 1280;
/// The last ones fit whatever the picture shows.
const PAGE: Fit =
    Fit { sides_px: &[MAX_PHOTO_SIDE_PX, 1024, 800, 640], qualities: &[82, 72, 60, 45], max_bytes: MAX_PHOTO_BYTES };

/// Decodes a PNG or JPEG and returns a JPEG of at most `MAX_INLINE_BYTES`.
pub fn shrink(bytes: &[u8]) -> Result<Vec<u8>> {
    Ok(INLINE.draw(&decode(bytes)?)?.jpeg)
}

/// A photo for a product's page.
#[derive(Clone, Debug)]
pub struct ReadyPhoto {
    /// At most `MAX_PHOTO_BYTES`, without metadata.
    pub jpeg: Vec<u8>,
    /// Width, pixels.
    pub width_px: u32,
    /// Height, pixels.
    pub height_px: u32,
    /// The same, of at most `MAX_INLINE_BYTES`.
    pub small: Vec<u8>,
}

/// Makes a photo ready that someone handed in. What cannot be used is refused with what to do instead.
pub fn prepare(bytes: &[u8]) -> Result<ReadyPhoto> {
    let page = PAGE.draw(&open_photo("photo", bytes)?)?;
    let small = INLINE.draw(&page.picture)?.jpeg;
    Ok(ReadyPhoto { width_px: page.picture.width(), height_px: page.picture.height(), jpeg: page.jpeg, small })
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn noise(width: u32, height: u32) -> image::RgbImage {
        image::RgbImage::from_fn(width, height, |x, y| {
            let n = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).rotate_left(x ^ y).to_be_bytes();
            image::Rgb([n[0], n[1], n[2]])
        })
    }

    fn encoded(image: &image::RgbImage, format: image::ImageFormat) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
        bytes
    }

    fn png(image: &image::RgbImage) -> Vec<u8> {
        encoded(image, image::ImageFormat::Png)
    }

    fn jpeg(image: &image::RgbImage) -> Vec<u8> {
        encoded(image, image::ImageFormat::Jpeg)
    }

    #[track_caller]
    fn check_refused(bytes: &[u8], because: &str) {
        let refused = prepare(bytes).unwrap_err();
        assert!(refused.to_string().contains(because), "{refused}");
    }

    #[test]
    fn even_noise_shrinks_to_4_kib() {
        let jpeg = shrink(&png(&noise(900, 700))).unwrap();
        assert!(jpeg.len() <= MAX_INLINE_BYTES, "{}", jpeg.len());
        assert!(image::load_from_memory(&jpeg).is_ok());
    }

    #[test]
    fn something_that_is_no_picture_is_refused() {
        assert_eq!(shrink(b"<svg onload=alert(1)>").unwrap_err().code(), "invalid");
        assert_eq!(shrink(b"").unwrap_err().code(), "invalid");
    }

    #[test]
    fn even_a_photo_of_noise_fits_a_products_page() {
        let ready = prepare(&png(&noise(2600, 1900))).unwrap();
        assert!(ready.jpeg.len() <= MAX_PHOTO_BYTES && ready.small.len() <= MAX_INLINE_BYTES, "{}", ready.jpeg.len());
        let shown = image::load_from_memory(&ready.jpeg).unwrap();
        assert_eq!((shown.width(), shown.height()), (ready.width_px, ready.height_px));
        assert!(ready.width_px.max(ready.height_px) <= MAX_PHOTO_SIDE_PX);
    }

    #[test]
    fn a_small_photo_is_not_blown_up() {
        let ready = prepare(&jpeg(&image::RgbImage::from_pixel(40, 30, image::Rgb([90, 60, 30])))).unwrap();
        assert_eq!((ready.width_px, ready.height_px), (40, 30));
    }

    #[test]
    fn what_shines_through_becomes_white() {
        let clear = image::RgbaImage::from_pixel(8, 8, image::Rgba([0, 0, 0, 0]));
        let mut bytes = Vec::new();
        clear.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        let shown = image::load_from_memory(&prepare(&bytes).unwrap().jpeg).unwrap().into_rgb8();
        assert!(shown.get_pixel(4, 4).0.iter().all(|channel| 250 < *channel));
    }

    #[test]
    fn a_jpeg_without_its_end_is_refused_and_one_with_more_behind_it_is_not() {
        let whole = jpeg(&noise(200, 150));
        assert!(prepare(&whole).is_ok());
        for kept in [whole.len() - 2, whole.len() / 2, 200, 4] {
            check_refused(&whole[..kept], "end of the photo is missing");
        }
        assert!(prepare(&[&whole[..], b"\0\0\0\x18ftypmp42 a film"].concat()).is_ok());
    }

    #[test]
    fn what_is_no_photo_is_refused_with_what_to_do() {
        check_refused(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "Most Compatible");
        check_refused(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "no JPEG or PNG");
        check_refused(b"%PDF-1.7", "no JPEG or PNG");
        check_refused(b"RIFF\0\0\0\0WEBPVP8 ", "no JPEG or PNG");
        check_refused(b"", "no JPEG or PNG");
        check_refused(b"\x89PNG\r\n\x1a\n and then nothing", "cannot be read");
    }

    /// A PNG of 60,000 pixels a side, all of one colour: a few kilobytes that would unpack to 10 GB.
    #[test]
    fn a_picture_that_unpacks_without_end_is_refused_before_it_is_unpacked() {
        let mut bytes = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut bytes, 60_000, 60_000);
        encoder.set_color(::png::ColorType::Rgb);
        let mut writer = encoder.write_header().unwrap();
        writer.write_chunk(::png::chunk::IDAT, &[0x78, 0x9c, 3, 0, 0, 0, 0, 1]).unwrap();
        drop(writer);
        check_refused(&bytes, "cannot be read or is too large");
    }

    /// EXIF with an orientation (turn right) and a place, as a phone writes it.
    fn exif(orientation: u8) -> Vec<u8> {
        let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x02".to_vec();
        tiff.extend_from_slice(&[0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0]);
        tiff.extend_from_slice(&[0x01, 0x0e, 0, 2, 0, 0, 0, 16, 0, 0, 0, 38]);
        tiff.extend_from_slice(b"\0\0\0\0GPS 22.14,105.83");
        [b"Exif\0\0".to_vec(), tiff].concat()
    }

    #[test]
    fn a_photo_is_turned_upright_and_forgets_where_it_was_taken() {
        let plain = jpeg(&image::RgbImage::from_pixel(60, 40, image::Rgb([200, 10, 10])));
        let exif = exif(6);
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let taken = [&plain[..2], &[0xff, 0xe1], &length, &exif, &plain[2..]].concat();
        assert!(taken.windows(3).any(|w| w == b"GPS"));
        let ready = prepare(&taken).unwrap();
        assert_eq!((ready.width_px, ready.height_px), (40, 60));
        for bytes in [&ready.jpeg, &ready.small] {
            assert!(!bytes.windows(4).any(|w| w == b"Exif") && !bytes.windows(3).any(|w| w == b"GPS"));
        }
    }
}
