//! Opens a photo that someone took with a phone. What cannot be used is refused beside its field, with what to do instead.

use image::DynamicImage;

use crate::error::{Error, Result};

use super::{MAX_FILE_BYTES, decode};

/// Opens a photo that was handed in for a field, upright. Metadata stays behind with the bytes.
pub fn open_photo(field: &'static str, bytes: &[u8]) -> Result<DynamicImage> {
    let refused = |vi: &'static str, en: &'static str| Err(Error::invalid(field, vi, en));
    if MAX_FILE_BYTES < u64::try_from(bytes.len()).unwrap_or(u64::MAX) {
        return refused(
            "Ảnh lớn hơn 20 MB; xin chụp lại ở cỡ nhỏ hơn hoặc gửi ảnh đã thu nhỏ.",
            "the photo is larger than 20 MB; take it again at a smaller size, or send a smaller copy",
        );
    }
    match kind_of(bytes) {
        Kind::Png => {}
        Kind::Jpeg if is_whole_jpeg(bytes) => {}
        Kind::Jpeg => {
            return refused(
                "Tệp ảnh bị thiếu phần cuối, có thể do gửi chưa xong; xin chọn lại ảnh và gửi lại.",
                "the end of the photo is missing, perhaps it was not copied whole; choose it again and send it again",
            );
        }
        Kind::Heic => {
            return refused(
                "Ảnh HEIC của iPhone chưa dùng được. Trên iPhone, vào Cài đặt → Camera → Định dạng, chọn “Tương thích nhất”, rồi \
                 chụp lại; hoặc gửi ảnh dạng JPEG.",
                "HEIC photos cannot be used yet. On the iPhone choose Settings → Camera → Formats → “Most Compatible” and take \
                 the photo again, or send it as JPEG",
            );
        }
        Kind::Other => {
            return refused(
                "Tệp này không phải ảnh JPEG hoặc PNG; xin chọn ảnh chụp bằng điện thoại.",
                "this file is no JPEG or PNG picture; choose a photo taken with a phone",
            );
        }
    }
    decode(bytes).or_else(|_| {
        refused(
            "Ảnh không đọc được hoặc quá lớn; xin chụp lại hoặc chọn ảnh khác.",
            "the photo cannot be read or is too large; take it again or choose another",
        )
    })
}

/// What a file is by its first bytes, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Png,
    Jpeg,
    Heic,
    Other,
}

/// Brands of the container that iPhones put HEIC into (ISO/IEC 23008-12).
const HEIC_BRANDS: [&[u8]; 8] = [b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"];

fn kind_of(bytes: &[u8]) -> Kind {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Kind::Png
    } else if bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        Kind::Jpeg
    } else if bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| HEIC_BRANDS.contains(&brand)) {
        Kind::Heic
    } else {
        Kind::Other
    }
}

/// Whether a JPEG has its end. Decoders fill what is missing with grey and say nothing. Phones append films and maps after
/// the end, so the markers are followed from the front (ITU-T T.81, annex B).
fn is_whole_jpeg(bytes: &[u8]) -> bool {
    const END: u8 = 0xd9;
    const SCAN: u8 = 0xda;
    let mut rest = bytes.get(2..).unwrap_or_default();
    loop {
        match *rest {
            // Fill bytes may stand before a marker.
            [0xff, 0xff, ..] => rest = rest.get(1..).unwrap_or_default(),
            [0xff, END, ..] => return true,
            // Markers without a segment: TEM and the restarts.
            [0xff, 0x01 | 0xd0..=0xd7, ref after @ ..] => rest = after,
            [0xff, marker, high, low, ..] => {
                let length = usize::from(u16::from_be_bytes([high, low]));
                let Some(after) = rest.get(2 + length..) else { return false };
                rest = if marker == SCAN { after_scan(after) } else { after };
            }
            _ => return false,
        }
    }
}

/// Skips the coded pixels up to the next marker that is neither a stuffed byte nor a restart.
fn after_scan(bytes: &[u8]) -> &[u8] {
    let next =
        bytes.windows(2).position(|pair| matches!(pair, [0xff, mark] if !matches!(mark, 0 | 0xd0..=0xd7 | 0xff)));
    next.and_then(|at| bytes.get(at..)).unwrap_or_default()
}
