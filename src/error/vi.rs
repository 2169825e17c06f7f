//! The Vietnamese sentence of every error: what went wrong and what to do. Text only; the English stands at each variant.

use chrono::NaiveDate;

use super::{Error, Missing, join};

/// From here on sizes are told in megabytes, bytes.
const MIB: usize = 1024 * 1024;

impl Error {
    /// The sentence in Vietnamese.
    #[expect(clippy::too_many_lines, reason = "one table, a line or two a variant, is easiest to compare")]
    pub fn vi(&self) -> String {
        let date = |day: &NaiveDate| day.format("%d/%m/%Y").to_string();
        match self {
            Self::NotFound(thing) => thing.vi().to_owned(),
            Self::Invalid { vi, .. } | Self::Refused { vi, .. } => vi.clone(),
            Self::Unauthenticated => {
                "Cần mã truy cập hợp lệ (Authorization: Bearer …); xin liên hệ văn phòng để được cấp mã.".into()
            }
            Self::Forbidden(scope) => {
                format!("Mã truy cập này không có quyền {scope}; xin văn phòng cấp mã có quyền này.")
            }
            Self::RoleForbidden => "Tài khoản của quý vị không được làm việc này; nếu cần, xin hỏi văn phòng.".into(),
            Self::SignInFailed => {
                "Tên đăng nhập hoặc mật khẩu không đúng; xin kiểm tra lại, hoặc xin văn phòng đường dẫn mới.".into()
            }
            Self::TooManySignIns { retry_after_seconds } => {
                format!("Đã thử đăng nhập quá nhiều lần; xin chờ {retry_after_seconds} giây rồi thử lại.")
            }
            Self::FormExpired => {
                "Trang này đã mở quá lâu hoặc không mở từ đây; xin mở lại trang rồi gửi lại.".into()
            }
            Self::EditConflict => {
                "Có người khác vừa sửa mục này sau khi quý vị mở trang. Chưa có gì bị ghi đè: xin xem nội dung mới rồi nhập lại phần của mình.".into()
            }
            Self::MalformedBody { at, .. } => {
                format!(
                    "Nội dung JSON không đúng ở mục \"{at}\"; ngày viết năm-tháng-ngày, ví dụ 2026-11-20, số viết không có dấu ngoặc kép."
                )
            }
            Self::BodyTooLarge { limit } if MIB <= *limit => {
                format!("Nội dung gửi lên lớn hơn {} MB; xin gửi tệp nhỏ hơn, hoặc gửi làm nhiều lần.", limit / MIB)
            }
            Self::BodyTooLarge { limit } => format!("Nội dung gửi lên lớn hơn {limit} byte; xin gửi nội dung nhỏ hơn."),
            Self::NotJson => "Xin gửi nội dung với Content-Type: application/json.".into(),
            Self::MethodNotAllowed { allowed } => format!("Địa chỉ này chỉ nhận: {allowed}."),
            Self::CertificateUnknown { product_no } => {
                format!(
                    "Sản phẩm số {product_no} chưa có ngày chứng nhận trong sổ; xin văn phòng nhập giấy chứng nhận trước khi in tem."
                )
            }
            Self::CertificateNotOnPackingDay { packed_on, .. } => {
                format!(
                    "Không có giấy chứng nhận nào còn hiệu lực vào ngày đóng gói {}; lô này không in tem được.",
                    date(packed_on)
                )
            }
            Self::CertificateLapsed { last_day, .. } => {
                format!(
                    "Giấy chứng nhận OCOP đã hết hạn ngày {}; cần được chứng nhận lại trước khi in tem.",
                    date(last_day)
                )
            }
            Self::CertificateNotYetValid { first_day, .. } => {
                format!("Giấy chứng nhận OCOP có hiệu lực từ ngày {}; xin in tem từ ngày đó.", date(first_day))
            }
            Self::CertificateRevoked { revoked_on, .. } => {
                format!("Giấy chứng nhận OCOP đã bị thu hồi từ ngày {}; không in tem được nữa.", date(revoked_on))
            }
            Self::MandatoryDataMissing(items) => {
                format!("Còn thiếu thông tin bắt buộc: {}; xin bổ sung trước khi đặt tem.", join(items, Missing::vi))
            }
            Self::NotStampedByBatch { .. } => "Sản phẩm du lịch (nhóm 26) không in tem theo lô.".into(),
            Self::BatchClosed { batch_no } => format!("Lô số {batch_no} đã đóng; xin mở lô mới."),
            Self::BatchSuspended { batch_no } => {
                format!("Lô số {batch_no} đang tạm dừng; chưa cấp thêm tem cho đến khi văn phòng cho tiếp tục.")
            }
            Self::BatchRecalled { batch_no } => format!("Lô số {batch_no} đã bị thu hồi; không cấp thêm tem."),
            Self::QuotaExceeded { left } => {
                format!("Lô này còn được cấp {left} tem; xin đặt ít hơn, hoặc gửi đề nghị văn phòng duyệt thêm.")
            }
            Self::LotTaken { lot, batch_no } => {
                format!("Lô {lot} của sản phẩm này đã mở rồi (lô số {batch_no}); xin dùng lô đó hoặc đặt mã lô khác.")
            }
            Self::SerialsExhausted { left } => format!("Lô này chỉ còn {left} số tem; xin đặt ít hơn hoặc mở lô mới."),
            Self::IdempotencyKeyRequired => {
                "Cần tiêu đề Idempotency-Key dài 1 đến 64 ký tự ASCII nhìn thấy được, mỗi lần đặt tem một mã mới."
                    .into()
            }
            Self::IdempotencyKeyReused => "Idempotency-Key này đã dùng cho một yêu cầu khác; xin dùng mã mới.".into(),
            Self::TooManyCodes { retry_after_seconds } => {
                format!("Có quá nhiều mã gõ sai từ mạng này; xin chờ {retry_after_seconds} giây rồi thử lại.")
            }
            Self::NoActiveKey { purpose } => {
                format!("Chưa có khóa {purpose} đang dùng; người vận hành tạo bằng lệnh 'nguon keys new'.")
            }
            Self::KeyDoesNotOpen { purpose, key_no } => {
                format!(
                    "Khóa {purpose} số {key_no} không mở được bằng tệp bí mật này; xin khôi phục đúng tệp bí mật của cơ sở dữ liệu này."
                )
            }
            Self::LedgerHalted { vi, .. } => format!("Sổ cái đang tạm khóa: {vi}"),
            Self::NotSealedYet => "Dòng này đang chờ niêm phong; xin thử lại sau một giây.".into(),
            Self::UnknownWitness => {
                "Người làm chứng này không có trong danh sách của sổ cái; xin báo văn phòng thêm khóa vào tệp NGUON_WITNESSES."
                    .into()
            }
            Self::Label(err) => err.vi(),
            Self::Import(err) => err.to_string(),
            Self::Cluster(err) => err.vi(),
            Self::Setting(err) => err.vi(),
            Self::File { path, source } if source.kind() == std::io::ErrorKind::NotFound => {
                format!("Không có {path}; xin xem lại tên tệp.")
            }
            Self::File { path, .. } => {
                format!("Không đọc hoặc ghi được {path}; xin kiểm tra thư mục và quyền truy cập.")
            }
            Self::Unavailable(_) => "Tạm thời chưa kết nối được với sổ; xin thử lại sau ít giây.".into(),
            Self::Busy(_) => "Có người khác đang sửa cùng dữ liệu này; xin thử lại.".into(),
            Self::Internal(_) => {
                "Có lỗi ngoài dự kiến; xin thử lại, nếu vẫn lỗi xin báo số yêu cầu cho người vận hành.".into()
            }
        }
    }
}
