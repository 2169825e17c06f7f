//! Everything that can be wrong with a print order, with a stable code and a sentence in both languages; it never carries a stamp's signature.

use qrcode::types::QrError;
use thiserror::Error;

use super::{
    plan::{FULL_MIN_WIDTH, LabelWidth, WIDTH_MAX_MM, WIDTH_MIN_MM},
    png::PxPerModule,
    sheet::MAX_SHEET_STAMPS,
};

/// Why a symbol, a label or a sheet cannot be made; each sentence says what to do next.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LabelError {
    /// The width of the label is outside what can be printed and read.
    #[error("a label must be {WIDTH_MIN_MM} to {WIDTH_MAX_MM} mm wide, not {mm}; choose a width in that range")]
    WidthOutOfRange {
        /// The width asked for, in millimetres.
        mm: f64,
    },
    /// The full carrier was asked for on a label below its smallest width.
    #[error(
        "the full code needs a label at least {FULL_MIN_WIDTH} mm wide, this one is {width} mm; widen it or choose the compact code"
    )]
    FullTooNarrow {
        /// The width asked for.
        width: LabelWidth,
    },
    /// The label is below the smallest width of the compact carrier for this origin.
    #[error(
        "the compact code needs a label at least {min} mm wide here, this one is {width} mm; widen it to {min} mm or more"
    )]
    CompactTooNarrow {
        /// The width asked for.
        width: LabelWidth,
        /// The smallest width that works, with this origin.
        min: LabelWidth,
    },
    /// The origin is not `https://host` in lower case without a path.
    #[error("the service's address must be https://host in lower case without a trailing slash; correct the setting")]
    OriginMalformed,
    /// A stamp of a sheet has another origin than the sheet.
    #[error("all stamps of a sheet must have the sheet's address; print the others on a sheet of their own")]
    OriginMixed,
    /// The origin does not fit the carrier.
    #[error(
        "the service's address is {n_chars} characters long, at most {limit} fit the {carrier} code; use a shorter host name"
    )]
    OriginTooLong {
        /// Length of the origin, scheme included.
        n_chars: usize,
        /// The longest origin that fits, scheme included.
        limit: usize,
        /// `full` or `compact`.
        carrier: &'static str,
    },
    /// The name of a carrier is none of `auto`, `full`, `compact`.
    #[error("the kind of code must be auto, full or compact; choose one of these")]
    CarrierUnknown,
    /// The stamp's text is not exactly 187 decimal digits.
    #[error("a stamp must have exactly 187 digits; mint it again")]
    DigitsMalformed,
    /// The typed code is not 16 characters of Crockford base32 in upper case.
    #[error("a typed code must be 16 upper-case Crockford characters without dashes; mint it again")]
    CodeMalformed,
    /// The picture's scale is out of range.
    #[error(
        "a picture takes {} to {} pixels a module, not {px}; choose a value in that range",
        PxPerModule::MIN,
        PxPerModule::MAX
    )]
    PxOutOfRange {
        /// The scale asked for, in pixels a module.
        px: u32,
    },
    /// A sheet of no stamps or of too many.
    #[error("a sheet takes 1 to {MAX_SHEET_STAMPS} stamps, not {n}; print in several parts")]
    SheetSize {
        /// The number of stamps asked for.
        n: u32,
    },
    /// More stamps were given for one page than fit, or a page that does not exist.
    #[error("page {page} of the sheet cannot take {n} stamps; give at most {n_per_page} a page")]
    PageSize {
        /// Number of the page, from 1.
        page: u32,
        /// The number of stamps given.
        n: usize,
        /// The number of stamps that fit.
        n_per_page: u32,
    },
    /// The symbol could not be encoded.
    #[error("the QR symbol could not be made; check the service's address and try again")]
    Symbol(#[from] QrError),
    /// The picture could not be encoded.
    #[error("the PNG picture could not be made; try a smaller scale")]
    Png(#[from] ::png::EncodingError),
}

impl LabelError {
    /// The stable code, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::WidthOutOfRange { .. } => "label_width",
            Self::FullTooNarrow { .. } => "label_full_too_narrow",
            Self::CompactTooNarrow { .. } => "label_compact_too_narrow",
            Self::OriginMalformed => "label_origin_malformed",
            Self::OriginMixed => "label_origin_mixed",
            Self::OriginTooLong { .. } => "label_origin_too_long",
            Self::CarrierUnknown => "label_carrier_unknown",
            Self::DigitsMalformed => "label_digits_malformed",
            Self::CodeMalformed => "label_code_malformed",
            Self::PxOutOfRange { .. } => "label_px_per_module",
            Self::SheetSize { .. } => "label_sheet_size",
            Self::PageSize { .. } => "label_page_size",
            Self::Symbol(_) => "label_symbol",
            Self::Png(_) => "label_png",
        }
    }

    /// The sentence for people, in Vietnamese; decimals are written with a comma.
    pub fn vi(&self) -> String {
        match self {
            Self::WidthOutOfRange { mm } => format!(
                "Tem phải rộng từ {WIDTH_MIN_MM} đến {WIDTH_MAX_MM} mm, không phải {} mm. Hãy nhập lại bề rộng.",
                mm.to_string().replace('.', ",")
            ),
            Self::FullTooNarrow { width } => format!(
                "Mã đầy đủ cần tem rộng ít nhất {} mm, tem này chỉ {} mm. Hãy chọn tem rộng hơn hoặc chọn mã gọn.",
                FULL_MIN_WIDTH.vi(),
                width.vi()
            ),
            Self::CompactTooNarrow { width, min } => format!(
                "Mã gọn cần tem rộng ít nhất {0} mm, tem này chỉ {1} mm. Hãy chọn tem rộng từ {0} mm trở lên.",
                min.vi(),
                width.vi()
            ),
            Self::OriginMalformed => {
                "Địa chỉ trang tra cứu phải có dạng https://ten-mien, viết thường, không có dấu / ở cuối. \
                                      Hãy báo người quản trị sửa lại cài đặt."
                    .to_owned()
            }
            Self::OriginMixed => {
                "Các tem trên một bản in phải cùng một địa chỉ tra cứu. Hãy in riêng những tem có địa chỉ khác."
                    .to_owned()
            }
            Self::OriginTooLong { n_chars, limit, .. } => format!(
                "Địa chỉ trang tra cứu dài {n_chars} ký tự, mã này chỉ chứa được {limit} ký tự. Hãy báo người quản trị dùng tên miền ngắn hơn."
            ),
            Self::CarrierUnknown => "Loại mã phải là tự động, đầy đủ hoặc gọn. Hãy chọn một trong ba loại.".to_owned(),
            Self::DigitsMalformed => "Dãy số của tem phải có đúng 187 chữ số. Hãy tạo lại tem.".to_owned(),
            Self::CodeMalformed => "Mã gõ tay của tem phải có đúng 16 ký tự. Hãy tạo lại tem.".to_owned(),
            Self::PxOutOfRange { px } => format!(
                "Mỗi ô của mã chỉ vẽ được từ {} đến {} điểm ảnh, không phải {px}. Hãy chọn lại.",
                PxPerModule::MIN,
                PxPerModule::MAX
            ),
            Self::SheetSize { n } => {
                format!("Mỗi lần in được từ 1 đến {MAX_SHEET_STAMPS} tem, không phải {n}. Hãy chia ra in nhiều lần.")
            }
            Self::PageSize { page, n, n_per_page } => {
                format!(
                    "Trang {page} không xếp được {n} tem, mỗi trang nhiều nhất {n_per_page} tem. Hãy tải lại trang in."
                )
            }
            Self::Symbol(_) => {
                "Không tạo được mã QR. Hãy thử lại; nếu vẫn lỗi, báo người quản trị kiểm tra địa chỉ trang tra cứu."
                    .to_owned()
            }
            Self::Png(_) => "Không tạo được ảnh của mã. Hãy chọn cỡ ảnh nhỏ hơn rồi thử lại.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_has_a_code_of_its_own_and_a_sentence_in_each_language_that_says_what_to_do() {
        let width = LabelWidth::STANDARD;
        let errors = [
            LabelError::WidthOutOfRange { mm: 7.5 },
            LabelError::FullTooNarrow { width },
            LabelError::CompactTooNarrow { width, min: width },
            LabelError::OriginMalformed,
            LabelError::OriginMixed,
            LabelError::OriginTooLong { n_chars: 60, limit: 39, carrier: "full" },
            LabelError::CarrierUnknown,
            LabelError::DigitsMalformed,
            LabelError::CodeMalformed,
            LabelError::PxOutOfRange { px: 33 },
            LabelError::SheetSize { n: 0 },
            LabelError::PageSize { page: 1, n: 49, n_per_page: 48 },
            LabelError::Symbol(QrError::DataTooLong),
            LabelError::Png(std::io::Error::other("full").into()),
        ];
        let mut codes: Vec<&str> = errors.iter().map(LabelError::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), errors.len());
        for error in errors {
            assert!(error.code().starts_with("label_"));
            assert!(error.to_string().contains("; "), "{error}");
            assert!(error.vi().ends_with('.') && error.vi().contains("Hãy"), "{}", error.vi());
        }
        assert!(LabelError::WidthOutOfRange { mm: 7.5 }.vi().contains("7,5 mm"));
    }
}
