//! Takes a paper in: a picture is opened within limits and drawn anew, so that neither metadata nor anything hidden behind it
//! survives; a PDF is kept as it is and only ever handed out for saving. The CPU work never runs on a web worker.

use image::DynamicImage;
use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;

use crate::error::{Error, Result};
use crate::picture::{self, MAX_FILE_BYTES, decode};

use super::types::{MediaType, PaperFile};

/// Largest file kept, bytes; the database holds it to that too.
const MAX_KEPT_BYTES: usize = 8 * 1024 * 1024;
/// What every PDF begins with (ISO 32000-1, 7.5.2).
const PDF_HEAD: &[u8] = b"%PDF-";
/// Longest side of a kept picture, pixels: A4 at 300 dots an inch.
const MAX_SIDE_PX: u32 = 3508;
/// Qualities to try: the first that fits. Even noise at full size fits the last.
const QUALITIES: [u8; 3] = [85, 60, 20];

/// Takes in what was handed in for a field, if anything was, off the web workers.
pub(in crate::register) async fn draw_anew(field: &'static str, bytes: Option<Vec<u8>>) -> Result<Option<PaperFile>> {
    let Some(bytes) = bytes else { return Ok(None) };
    picture::apart(move || take_in(field, bytes)).await.map(Some)
}

/// Reads what was handed in for a field.
fn take_in(field: &'static str, bytes: Vec<u8>) -> Result<PaperFile> {
    if bytes.starts_with(PDF_HEAD) {
        if MAX_KEPT_BYTES < bytes.len() {
            return Err(Error::invalid(
                field,
                "Tệp PDF lớn hơn 8 MB; xin quét lại ở chất lượng thấp hơn, hoặc gửi ảnh chụp.",
                "the PDF is larger than 8 MB; scan it at a lower quality, or send a photo",
            ));
        }
        return Ok(PaperFile { media_type: MediaType::Pdf, content: bytes });
    }
    if MAX_FILE_BYTES < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return Err(unreadable(field));
    }
    let picture = decode(&bytes).map_err(|_| unreadable(field))?;
    drop(bytes);
    redraw(picture).ok_or_else(|| unreadable(field))
}

/// The picture as a JPEG that is small enough.
fn redraw(picture: DynamicImage) -> Option<PaperFile> {
    let is_large = MAX_SIDE_PX < picture.width().max(picture.height());
    let picture = if is_large { picture.resize(MAX_SIDE_PX, MAX_SIDE_PX, FilterType::Triangle) } else { picture };
    let pixels = picture.into_rgb8();
    for quality in QUALITIES {
        let mut content = Vec::new();
        let encoder = JpegEncoder::new_with_quality(&mut content, quality);
        pixels.write_with_encoder(encoder).ok()?;
        if content.len() <= MAX_KEPT_BYTES {
            return Some(PaperFile { media_type: MediaType::Jpeg, content });
        }
    }
    None
}

fn unreadable(field: &'static str) -> Error {
    Error::invalid(
        field,
        "Tệp này không đọc được; xin gửi ảnh chụp (JPEG, PNG) hoặc tệp PDF, không quá 8 MB.",
        "this file cannot be read; send a photo (JPEG, PNG) or a PDF of at most 8 MB",
    )
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
    fn a_picture_is_drawn_anew_and_small_enough() {
        let taken = take_in("scan", png(&image::RgbImage::new(4000, 100))).unwrap();
        assert_eq!(taken.media_type, MediaType::Jpeg);
        assert!(taken.content.starts_with(&[0xff, 0xd8, 0xff]));
        let kept = image::load_from_memory(&taken.content).unwrap();
        assert_eq!((kept.width(), kept.height()), (3508, 88));
    }

    #[test]
    fn noise_at_full_size_fits() {
        // Repeating does not help JPEG: it looks at 8 × 8 pixels at a time.
        let mut state: u32 = 2_463_534_242;
        let block: Vec<u8> = std::iter::repeat_with(|| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            state.to_be_bytes()[0]
        })
        .take(65_521)
        .collect();
        let mut bytes = block.repeat(600);
        bytes.truncate(3 * 3508 * 3508);
        let noise = image::RgbImage::from_raw(MAX_SIDE_PX, MAX_SIDE_PX, bytes).unwrap();
        let taken = redraw(noise.into()).unwrap();
        assert!(taken.content.len() <= MAX_KEPT_BYTES, "{}", taken.content.len());
    }

    #[test]
    fn what_hides_behind_a_picture_does_not_survive() {
        let mut bytes = png(&image::RgbImage::new(16, 16));
        bytes.extend_from_slice(b"<script>alert(1)</script>");
        let taken = take_in("scan", bytes).unwrap();
        assert!(!taken.content.windows(7).any(|part| part == b"<script"));
    }

    #[test]
    fn a_pdf_is_kept_as_it_is_up_to_8_mib() {
        let mut pdf = b"%PDF-1.7\n".to_vec();
        pdf.resize(MAX_KEPT_BYTES, b' ');
        let taken = take_in("scan", pdf.clone()).unwrap();
        assert_eq!((taken.media_type, taken.content.len()), (MediaType::Pdf, MAX_KEPT_BYTES));
        pdf.push(b' ');
        assert!(take_in("scan", pdf).unwrap_err().vi().contains("8 MB"));
    }

    #[test]
    fn anything_else_is_refused_with_its_field() {
        for bytes in [&b""[..], b"<svg onload=alert(1)>", b" %PDF-1.7", b"PK\x03\x04", b"GIF89a", b"\xff\xd8\xff"] {
            let refused = take_in("file", bytes.to_vec()).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field: "file", .. }), "{refused}");
        }
    }
}
