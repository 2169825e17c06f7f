//! Opens pictures that strangers hand in, within limits. Bytes in, pixels out; nothing is kept.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageReader, ImageResult, Limits};

use crate::error::{Error, Result};

/// Largest picture file taken, bytes: a phone's photo.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Longest side, pixels: twice a phone's camera; larger ones are bombs.
const MAX_SIDE_PX: u32 = 16_384;
/// Memory one decoded picture may take, bytes: a photo of 100 megapixels in colour.
const MAX_DECODED_BYTES: u64 = 320 * 1024 * 1024;

/// Decodes a PNG or JPEG and turns it upright, as the camera noted in its metadata.
pub fn decode(bytes: &[u8]) -> Result<DynamicImage> {
    decode_within(bytes, limits()).map_err(|_| unreadable())
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE_PX);
    limits.max_image_height = Some(MAX_SIDE_PX);
    limits.max_alloc = Some(MAX_DECODED_BYTES);
    limits
}

fn decode_within(bytes: &[u8], mut limits: Limits) -> ImageResult<DynamicImage> {
    let mut reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format()?;
    reader.limits(limits.clone());
    let mut decoder = reader.into_decoder()?;
    limits.reserve(decoder.total_bytes())?;
    decoder.set_limits(limits)?;
    let orientation = decoder.orientation()?;
    let mut picture = DynamicImage::from_decoder(decoder)?;
    picture.apply_orientation(orientation);
    Ok(picture)
}

/// What a picture that cannot be used is answered with.
pub fn unreadable() -> Error {
    Error::invalid(
        "image",
        "Ảnh không đọc được; xin dùng ảnh PNG hoặc JPEG.",
        "the picture cannot be read; use a PNG or JPEG",
    )
}
