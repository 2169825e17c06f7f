//! Shrinks a picture until it fits the first answer of a scan. Bytes in, bytes out; metadata never survives.

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::error::Result;
use crate::picture::{decode, unreadable};

/// Largest shrunk picture, bytes: what the page's 14 KB leave for it.
pub const MAX_INLINE_BYTES: usize = 4096;
/// Longest sides to try, pixels, then qualities at each: the first that fits is the best that fits.
const SIDES_PX: [u32; 4] = [240, 200, 160, 120];
const QUALITIES: [u8; 4] = [75, 60, 45, 30];

/// Decodes a PNG or JPEG and returns a JPEG of at most `MAX_INLINE_BYTES`.
pub fn shrink(bytes: &[u8]) -> Result<Vec<u8>> {
    let picture = decode(bytes)?;
    for side in SIDES_PX {
        let small = picture.resize(side, side, FilterType::Lanczos3).into_rgb8();
        for quality in QUALITIES {
            let mut jpeg = Vec::new();
            JpegEncoder::new_with_quality(&mut jpeg, quality).encode_image(&small).map_err(|_| unreadable())?;
            if jpeg.len() <= MAX_INLINE_BYTES {
                return Ok(jpeg);
            }
        }
    }
    Err(unreadable())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn png(image: &image::RgbImage) -> Vec<u8> {
        let mut bytes = Vec::new();
        image.write_to(&mut Cursor::new(&mut bytes), image::ImageFormat::Png).unwrap();
        bytes
    }

    #[test]
    fn even_noise_shrinks_to_4_kib() {
        let noise = image::RgbImage::from_fn(900, 700, |x, y| {
            let n = x.wrapping_mul(2_654_435_761).wrapping_add(y.wrapping_mul(40_503)).to_be_bytes();
            image::Rgb([n[0], n[1], n[2]])
        });
        let jpeg = shrink(&png(&noise)).unwrap();
        assert!(jpeg.len() <= MAX_INLINE_BYTES, "{}", jpeg.len());
        assert!(image::load_from_memory(&jpeg).is_ok());
    }

    #[test]
    fn something_that_is_no_picture_is_refused() {
        assert_eq!(shrink(b"<svg onload=alert(1)>").unwrap_err().code(), "invalid");
        assert_eq!(shrink(b"").unwrap_err().code(), "invalid");
    }
}
