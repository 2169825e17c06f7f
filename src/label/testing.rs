//! Stamps, dice and a reader for this module's tests; never used outside them.

use image::{GrayImage, ImageFormat};
use zxingcpp::{BarcodeFormat, ImageView};

use super::{LabelText, StampText};

/// Origins of three lengths: 8-Q, 9-Q and the longest that fits.
pub(super) const HOSTS: [&str; 3] =
    ["https://tem.vn", "https://ocop.thainguyen.vn", "https://truyxuat.ocop.thainguyen.gov.vn"];

/// A small generator with a fixed seed, so that every failure repeats.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `limit` (splitmix64).
    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % limit
    }
}

/// The text of a stamp with random digits and code.
pub(super) struct TestStamp {
    digits: String,
    code: String,
    serial: u32,
}

impl TestStamp {
    pub(super) fn numbered(serial: u32) -> Self {
        let mut dice = Dice::new(u64::from(serial));
        let mut draw = |alphabet: &str, n: usize| -> String {
            let n_letters = u64::try_from(alphabet.len()).unwrap();
            (0..n).map(|_| alphabet.chars().nth(usize::try_from(dice.below(n_letters)).unwrap()).unwrap()).collect()
        };
        Self { digits: draw("0123456789", 187), code: draw("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 16), serial }
    }

    pub(super) fn text<'a>(&'a self, origin: &'a str) -> StampText<'a> {
        StampText { origin, digits: &self.digits, code: &self.code, serial: self.serial }
    }
}

/// One stamp, where any will do.
pub(super) fn stamp() -> TestStamp {
    TestStamp::numbered(1)
}

/// The words of an ordinary run.
pub(super) const TEXT: LabelText<'static> = LabelText {
    product: "Miến dong Côn Minh",
    producer: "Hợp tác xã Tài Hoan",
    lot: "L2026-11-22",
    packed_on: "22/11/2026",
    best_before: Some("22/11/2027"),
    issuer_name: "Văn phòng điều phối nông thôn mới tỉnh Thái Nguyên",
    demo: false,
};

/// The words of an attacker.
pub(super) const HOSTILE: LabelText<'static> = LabelText {
    product: "<script>alert('x')</script>",
    producer: "\"><img src=x onerror=alert(1)>",
    lot: "</svg><b>&",
    packed_on: "<i>22/11/2026",
    best_before: Some("\u{0}\u{202e}</style>"),
    issuer_name: "'\"<script src=//x>",
    demo: true,
};

/// What a reader limited to QR model 2 finds in a PNG.
pub(super) fn read_png(png: &[u8]) -> Vec<String> {
    read_picture(&image::load_from_memory_with_format(png, ImageFormat::Png).unwrap().to_luma8())
}

/// What a reader limited to QR model 2 finds in a picture.
pub(super) fn read_picture(picture: &GrayImage) -> Vec<String> {
    let (width, height) = picture.dimensions();
    let view = ImageView::from_slice(picture.as_raw(), width, height, zxingcpp::ImageFormat::Lum).unwrap();
    let found = zxingcpp::read().formats(BarcodeFormat::QRCodeModel2).from(view).unwrap();
    found.iter().map(zxingcpp::Barcode::text).collect()
}
