//! Draws a picture anew as a JPEG that is small enough. What came with the picture (where and when it was taken, with which
//! phone) never survives, because only pixels go in.

use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::error::Result;

use super::unreadable;

/// What is tried, in this order, until a JPEG is small enough.
#[derive(Clone, Copy, Debug)]
pub struct Fit {
    /// Longest sides, pixels.
    pub sides_px: &'static [u32],
    /// Qualities at each side, 1 to 100.
    pub qualities: &'static [u8],
    /// Largest JPEG, bytes.
    pub max_bytes: usize,
}

/// How many times larger than wanted a picture is when the fine filter takes it.
const ROUGHLY: u32 = 2;

/// A picture with the JPEG made of it.
#[derive(Debug)]
pub struct Fitted {
    /// The pixels that were drawn.
    pub picture: DynamicImage,
    /// They as a JPEG, without metadata.
    pub jpeg: Vec<u8>,
}

impl Fit {
    /// The first JPEG that fits, which is the best that fits.
    pub fn draw(&self, picture: &DynamicImage) -> Result<Fitted> {
        let shrunk = self.shrink(picture);
        let picture = shrunk.as_ref().unwrap_or(picture);
        let longest = picture.width().max(picture.height());
        for side in self.sides_px {
            let resized =
                if *side < longest { picture.resize(*side, *side, FilterType::Lanczos3) } else { picture.clone() };
            let resized = on_white(resized);
            for quality in self.qualities {
                let mut jpeg = Vec::new();
                let encoder = JpegEncoder::new_with_quality(&mut jpeg, *quality);
                resized.write_with_encoder(encoder).map_err(|_| unreadable())?;
                if jpeg.len() <= self.max_bytes {
                    return Ok(Fitted { picture: resized, jpeg });
                }
            }
        }
        Err(unreadable())
    }

    /// A picture that is many times too large, brought near its size by averaging: the fine filter would take seconds over all of it.
    fn shrink(&self, picture: &DynamicImage) -> Option<DynamicImage> {
        let side = self.sides_px.iter().copied().max()?.saturating_mul(ROUGHLY);
        (side < picture.width().max(picture.height())).then(|| picture.thumbnail(side, side))
    }
}

/// JPEG knows no transparency; what shone through is paper.
fn on_white(picture: DynamicImage) -> DynamicImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8().into();
    }
    let mut paper = image::RgbaImage::from_pixel(picture.width(), picture.height(), image::Rgba([255; 4]));
    image::imageops::overlay(&mut paper, &picture.into_rgba8(), 0, 0);
    DynamicImage::from(paper).into_rgb8().into()
}
