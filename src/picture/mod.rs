//! Opens pictures that strangers hand in, within limits, and draws them anew as small as needed. Bytes in, pixels or bytes out;
//! nothing is kept.

mod fit;
mod photo;

pub use fit::{Fit, Fitted};
pub use photo::open_photo;

use std::io::Cursor;
use std::time::Duration;

use image::error::{LimitError, LimitErrorKind};
use image::{DynamicImage, ImageDecoder, ImageError, ImageReader, ImageResult, Limits};
use tokio::sync::Semaphore;

use crate::error::{Error, Result};

/// Largest picture file taken, bytes: a phone's photo.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// Longest side, pixels: twice a phone's camera; larger ones are bombs.
const MAX_SIDE_PX: u32 = 16_384;
/// Most pixels, of whatever kind: the largest photos of phones. Black and white ones of more would pass the limit on memory, and
/// take many seconds to shrink.
const MAX_PIXELS: u64 = 64_000_000;
/// Memory one decoded picture may take, bytes: a photo of 64 megapixels in colour. Turned upright and drawn anew, it takes
/// three times as much for a moment.
const MAX_DECODED_BYTES: u64 = 192 * 1024 * 1024;
/// Pictures opened at the same time in the whole process, whatever for: one takes a second, and 600 MB at the worst.
const PLACES: usize = 1;
/// How long a picture waits for its place before its sender is told to try again; a request as a whole has 60 seconds.
const MAX_WAIT: Duration = Duration::from_secs(15);
static OPENING: Semaphore = Semaphore::const_new(PLACES);

/// Runs work that opens pictures, off the web workers and when there is a place. The place is held until the work is done, even
/// when nobody waits for it any more.
pub async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let waiting = tokio::time::timeout(MAX_WAIT, OPENING.acquire()).await;
    let place = waiting.map_err(|_| Error::Busy("too many pictures at once".into()))?.map_err(Error::internal)?;
    let held = move || {
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(held).await?
}

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
    let (width, height) = decoder.dimensions();
    if MAX_PIXELS < u64::from(width) * u64::from(height) {
        return Err(ImageError::Limits(LimitError::from_kind(LimitErrorKind::DimensionError)));
    }
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
