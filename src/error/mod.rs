//! The one error type that leaves a service: a stable code, a Vietnamese and an English sentence that say what to do next.
//! It knows nothing of HTTP; `http::problem` gives each code its status. Causes are for the log and never for the caller.

mod vi;

use chrono::NaiveDate;

/// What services return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Everything a caller can be told went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No such thing, or none that the caller may see.
    #[error("{}", .0.en())]
    NotFound(Thing),
    /// A field that cannot be accepted.
    #[error("{field}: {en}")]
    Invalid {
        /// The field's name in the request.
        field: &'static str,
        /// What to do, in Vietnamese.
        vi: String,
        /// What to do, in English.
        en: String,
    },
    /// No usable token.
    #[error("send a valid access token as 'Authorization: Bearer <token>'; the office gives tokens out")]
    Unauthenticated,
    /// A token that lacks the scope.
    #[error("this token may not do this; it lacks the scope {0}, ask the office for a token that has it")]
    Forbidden(&'static str),
    /// A signed-in person whose role does not do this.
    #[error("your account may not do this; ask the office if you should")]
    RoleForbidden,
    /// Wrong user name or password, or an account that cannot sign in: the same answer for all.
    #[error("user name and password do not match; check both, or ask the office for a new link")]
    SignInFailed,
    /// Too many attempts to sign in.
    #[error("too many attempts; wait {retry_after_seconds} seconds and try again")]
    TooManySignIns {
        /// Seconds to wait.
        retry_after_seconds: u64,
    },
    /// A form without the token of its session.
    #[error("this form is too old or was not opened here; open the page again and send it once more")]
    FormExpired,
    /// Someone else changed the same thing since the form was opened.
    #[error(
        "someone else changed this since you opened it; nothing was overwritten, look at the new state and enter your change again"
    )]
    EditConflict,
    /// The request's body is not JSON of the expected shape.
    #[error("the body is not the JSON expected here, at \"{at}\": {reason}")]
    MalformedBody {
        /// Where in the body.
        at: String,
        /// What the parser says.
        reason: String,
    },
    /// The request's body is too large.
    #[error("the body is larger than {limit} bytes; send a smaller one")]
    BodyTooLarge {
        /// The limit, bytes.
        limit: usize,
    },
    /// The body is not declared as JSON.
    #[error("send the body as 'Content-Type: application/json'")]
    NotJson,
    /// The address exists, the method does not.
    #[error("this address takes only {allowed}")]
    MethodNotAllowed {
        /// Allowed methods, comma-separated.
        allowed: String,
    },
    /// The product has no certificate with dates in the register.
    #[error(
        "product {product_no} has no certificate dates in the register; have the office enter the certificate first"
    )]
    CertificateUnknown {
        /// The product.
        product_no: u32,
    },
    /// The certificate does not cover the day on which the batch was packed.
    #[error(
        "no certificate of product {product_no} covers the packing day {packed_on}; stamps cannot be minted for this batch"
    )]
    CertificateNotOnPackingDay {
        /// The product.
        product_no: u32,
        /// The packing day.
        packed_on: NaiveDate,
    },
    /// The certificate is over today.
    #[error("the certificate of product {product_no} ended on {last_day}; renew it before minting")]
    CertificateLapsed {
        /// The product.
        product_no: u32,
        /// Its last day.
        last_day: NaiveDate,
    },
    /// The certificate does not hold yet today.
    #[error("the certificate of product {product_no} is valid from {first_day}; mint from that day on")]
    CertificateNotYetValid {
        /// The product.
        product_no: u32,
        /// Its first day.
        first_day: NaiveDate,
    },
    /// The certificate was revoked.
    #[error("the certificate of product {product_no} was revoked on {revoked_on}; no stamps can be minted")]
    CertificateRevoked {
        /// The product.
        product_no: u32,
        /// From which day on it no longer counts.
        revoked_on: NaiveDate,
    },
    /// Mandatory data of the traceability law is missing.
    #[error("mandatory data is missing: {}; have the office complete the register", join(.0, Missing::en))]
    MandatoryDataMissing(Vec<Missing>),
    /// A product that is stamped for a place, not by the batch.
    #[error("product {product_no} belongs to set 26 (tourism), which is not stamped by the batch")]
    NotStampedByBatch {
        /// The product.
        product_no: u32,
    },
    /// The batch is closed.
    #[error("batch {batch_no} is closed; open a new batch")]
    BatchClosed {
        /// The batch.
        batch_no: u32,
    },
    /// The office suspended the batch.
    #[error("batch {batch_no} is suspended; no stamps are given out until the office resumes it")]
    BatchSuspended {
        /// The batch.
        batch_no: u32,
    },
    /// The batch was recalled.
    #[error("batch {batch_no} was recalled; it gets no more stamps")]
    BatchRecalled {
        /// The batch.
        batch_no: u32,
    },
    /// More stamps than the office lets the batch have.
    #[error("the office lets this batch have {left} more stamps; order at most that many, or ask the office for more")]
    QuotaExceeded {
        /// Stamps left.
        left: u32,
    },
    /// The lot already has a batch.
    #[error("lot {lot} of this product is already batch {batch_no}; use that batch or another lot")]
    LotTaken {
        /// The lot.
        lot: String,
        /// The batch that has it.
        batch_no: u32,
    },
    /// More stamps than serials are left.
    #[error("the batch has only {left} serials left; order at most that many or open a new batch")]
    SerialsExhausted {
        /// Serials left.
        left: u32,
    },
    /// The header is missing or misspelt.
    #[error("send an 'Idempotency-Key' of 1 to 64 visible ASCII characters, a new one for each order")]
    IdempotencyKeyRequired,
    /// The key was used for another request.
    #[error("this Idempotency-Key was already used with another body; use a new key for a new order")]
    IdempotencyKeyReused,
    /// Too many wrong codes from this network.
    #[error("too many codes from this network; wait {retry_after_seconds} seconds and try again")]
    TooManyCodes {
        /// Seconds to wait.
        retry_after_seconds: u64,
    },
    /// No key to sign with.
    #[error("there is no active {purpose} key; the operator makes one with 'nguon keys new'")]
    NoActiveKey {
        /// `stamp`, `code` or `scratch`.
        purpose: &'static str,
    },
    /// A key's sealed half does not open.
    #[error(
        "the {purpose} key {key_no} does not open with this secret file; restore the secret file that belongs to this database"
    )]
    KeyDoesNotOpen {
        /// `stamp`, `code` or `scratch`.
        purpose: &'static str,
        /// The key's number.
        key_no: u16,
    },
    /// Nothing is written into the ledger or signed until it is whole again.
    #[error("the ledger is halted: {en}")]
    LedgerHalted {
        /// Why, and what to do, in Vietnamese.
        vi: String,
        /// Why, and what to do, in English.
        en: String,
    },
    /// An entry that no published checkpoint covers.
    #[error("this entry waits to be sealed; try again in a second")]
    NotSealedYet,
    /// A cosignature of nobody whom the ledger knows.
    #[error("no witness of this ledger made these signatures; ask the office to add the key to NGUON_WITNESSES")]
    UnknownWitness,
    /// Any other refusal, with a code of its own.
    #[error("{en}")]
    Refused {
        /// Stable code.
        code: &'static str,
        /// What to do, in Vietnamese.
        vi: String,
        /// What to do, in English.
        en: String,
    },
    /// A label that cannot be made as asked.
    #[error(transparent)]
    Label(#[from] crate::label::LabelError),
    /// The register file has errors; nothing was imported.
    #[error(transparent)]
    Import(#[from] crate::register::import::ImportErrors),
    /// The embedded database.
    #[error(transparent)]
    Cluster(#[from] crate::db::cluster::ClusterError),
    /// A setting that makes no sense.
    #[error(transparent)]
    Setting(#[from] crate::config::SettingError),
    /// A file of ours that cannot be read or written.
    #[error("{path}: {source}; check that the folder exists and that this user may read and write it")]
    File {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// The database does not answer, or not in time.
    #[error("the register cannot be reached at the moment; try again in a few seconds")]
    Unavailable(#[source] Cause),
    /// A lost race with another request.
    #[error("someone else is changing the same data; try again")]
    Busy(#[source] Cause),
    /// A defect of ours.
    #[error("an unexpected error happened; try again, and tell the operator the request number if it stays")]
    Internal(#[source] Cause),
}

/// A cause, for the log.
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// What was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Thing {
    /// A page or route.
    Page,
    /// A product.
    Product,
    /// A batch.
    Batch,
    /// A stamp inside a batch.
    Stamp,
    /// A key.
    Key,
    /// An access token.
    Token,
    /// A producer.
    Producer,
    /// A certificate.
    Certificate,
    /// A food-safety paper.
    Paper,
    /// How to reach a producer.
    Contact,
    /// A picture or scan.
    File,
    /// A person's account.
    Account,
    /// A one-time link.
    Link,
    /// A session.
    Session,
    /// A proposal to suspend, or a request for more stamps.
    Request,
    /// An import that was handed in.
    Import,
    /// An event of a batch.
    Event,
    /// A lot bought from outside.
    Lot,
}

impl Thing {
    const fn en(self) -> &'static str {
        match self {
            Self::Page => "there is no such page; scan the QR code again, or type its code on the front page",
            Self::Product => "the register has no product of this number; check the number and try again",
            Self::Batch => "there is no batch of this number; check the number and try again",
            Self::Stamp => "no such stamp was minted in this batch; check the numbers, or mint it first",
            Self::Key => "there is no key of this number; 'nguon keys list' shows them",
            Self::Token => "there is no access token of this number; check the number and try again",
            Self::Producer => "the register has no producer of this number; check the number and try again",
            Self::Certificate => "the register has no such certificate; open it from the product's page",
            Self::Paper => "the register has no such paper; open it from the producer's page",
            Self::Contact => "there is no such contact; it may have been removed already",
            Self::File => "there is no such file; open it from its page again",
            Self::Account => "there is no such account; open it from the list of people",
            Self::Link => "this link was used, replaced or is older than 72 hours; ask the office for a new one",
            Self::Session => "there is no such session; it may have ended already",
            Self::Request => "there is no such request; it may have been decided already",
            Self::Import => "there is no such import; hand the file in again",
            Self::Event => "this batch has no event at that line; open it from the batch's page",
            Self::Lot => "there is no lot from outside of this number; open it from the log of a batch that used it",
        }
    }

    const fn vi(self) -> &'static str {
        match self {
            Self::Page => "Địa chỉ này không có trên trang; xin quét lại mã QR, hoặc về trang đầu để gõ mã.",
            Self::Product => "Trong sổ không có sản phẩm mang số này; xin kiểm tra lại số.",
            Self::Batch => "Không có lô hàng mang số này; xin kiểm tra lại số.",
            Self::Stamp => "Lô này chưa phát tem mang số đó; xin kiểm tra lại số, hoặc phát tem trước.",
            Self::Key => "Không có khóa mang số này; xem bằng lệnh: nguon keys list.",
            Self::Token => "Không có mã truy cập mang số này; xin kiểm tra lại số.",
            Self::Producer => "Trong sổ không có chủ thể mang số này; xin kiểm tra lại số.",
            Self::Certificate => "Trong sổ không có giấy chứng nhận này; xin mở từ trang sản phẩm.",
            Self::Paper => "Trong sổ không có giấy tờ này; xin mở từ trang chủ thể.",
            Self::Contact => "Không có thông tin liên hệ này; có thể đã được xóa rồi.",
            Self::File => "Không có tệp này; xin mở lại từ trang của nó.",
            Self::Account => "Không có tài khoản này; xin mở từ danh sách người dùng.",
            Self::Link => "Đường dẫn này đã dùng, đã được thay hoặc quá 72 giờ; xin văn phòng gửi đường dẫn mới.",
            Self::Session => "Không có lần đăng nhập này; có thể đã kết thúc rồi.",
            Self::Request => "Không có đề nghị này; có thể đã được giải quyết rồi.",
            Self::Import => "Không có lần nhập tệp này; xin gửi lại tệp.",
            Self::Event => "Lô này không có việc nào ghi ở dòng đó; xin mở từ trang của lô.",
            Self::Lot => "Không có lô mua ngoài mang số này; xin mở từ nhật ký của lô đã dùng nó.",
        }
    }
}

/// A mandatory item of the traceability law that the register lacks (Circular 02/2024, TCVN 12850:2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The product's name.
    Name,
    /// A picture of the product.
    Image,
    /// The producer's name.
    Producer,
    /// The producer's address.
    Address,
    /// The standards applied.
    Standards,
    /// The last day of use: the register gives this product a shelf life, the batch has none.
    ShelfLife,
}

impl Missing {
    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Name => "product name",
            Self::Image => "product image",
            Self::Producer => "producer's name",
            Self::Address => "producer's address",
            Self::Standards => "standards applied",
            Self::ShelfLife => "last valid day of the batch",
        }
    }

    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Name => "tên sản phẩm",
            Self::Image => "hình ảnh sản phẩm",
            Self::Producer => "tên cơ sở sản xuất",
            Self::Address => "địa chỉ cơ sở sản xuất",
            Self::Standards => "tiêu chuẩn áp dụng",
            Self::ShelfLife => "hạn sử dụng của lô hàng",
        }
    }
}

fn join(items: &[Missing], text: fn(Missing) -> &'static str) -> String {
    items.iter().map(|&item| text(item)).collect::<Vec<_>>().join(", ")
}

impl Error {
    /// An invalid field.
    pub fn invalid(field: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Invalid { field, vi: vi.into(), en: en.into() }
    }

    /// A refusal with its own code.
    pub fn refused(code: &'static str, vi: impl Into<String>, en: impl Into<String>) -> Self {
        Self::Refused { code, vi: vi.into(), en: en.into() }
    }

    /// A file that cannot be read or written.
    pub fn file(path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.display().to_string();
        move |source| Self::File { path, source }
    }

    /// A defect, with its cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// The stable name that clients match on.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "not-found",
            Self::Invalid { .. } => "invalid",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden(_) => "forbidden",
            Self::RoleForbidden => "role-forbidden",
            Self::SignInFailed => "sign-in-failed",
            Self::TooManySignIns { .. } => "too-many-sign-ins",
            Self::FormExpired => "form-expired",
            Self::EditConflict => "edit-conflict",
            Self::MalformedBody { .. } => "malformed-body",
            Self::BodyTooLarge { .. } => "body-too-large",
            Self::NotJson => "not-json",
            Self::MethodNotAllowed { .. } => "method-not-allowed",
            Self::CertificateUnknown { .. } => "certificate-unknown",
            Self::CertificateNotOnPackingDay { .. } => "certificate-not-on-packing-day",
            Self::CertificateLapsed { .. } => "certificate-lapsed",
            Self::CertificateNotYetValid { .. } => "certificate-not-yet-valid",
            Self::CertificateRevoked { .. } => "certificate-revoked",
            Self::MandatoryDataMissing(_) => "mandatory-data-missing",
            Self::NotStampedByBatch { .. } => "not-stamped-by-batch",
            Self::BatchClosed { .. } => "batch-closed",
            Self::BatchSuspended { .. } => "batch-suspended",
            Self::BatchRecalled { .. } => "batch-recalled",
            Self::QuotaExceeded { .. } => "quota-exceeded",
            Self::LotTaken { .. } => "lot-taken",
            Self::SerialsExhausted { .. } => "serials-exhausted",
            Self::IdempotencyKeyRequired => "idempotency-key-required",
            Self::IdempotencyKeyReused => "idempotency-key-reused",
            Self::TooManyCodes { .. } => "too-many-codes",
            Self::NoActiveKey { .. } => "no-active-key",
            Self::KeyDoesNotOpen { .. } => "key-does-not-open",
            Self::LedgerHalted { .. } => "ledger-halted",
            Self::NotSealedYet => "not-sealed-yet",
            Self::UnknownWitness => "unknown-witness",
            Self::Refused { code, .. } => code,
            Self::Label(err) => err.code(),
            Self::Import(_) => "import-errors",
            Self::Cluster(_) => "embedded-database",
            Self::Setting(_) => "setting",
            Self::File { .. } => "file",
            Self::Unavailable(_) => "unavailable",
            Self::Busy(_) => "busy",
            Self::Internal(_) => "internal",
        }
    }
}

/// Messages of Postgres when someone else's writing stood in the way: a lock it did not get (55P03), locks in a circle (40P01).
const IN_THE_WAY: [&str; 2] = ["due to lock timeout", "deadlock detected"];
/// Messages of Postgres for a statement it gave up (57014), and for its own going away (57P01).
const GAVE_UP: [&str; 4] =
    ["canceling statement due to", "terminating connection", "the database system is", "remaining connection slots"];

impl From<diesel::result::Error> for Error {
    fn from(err: diesel::result::Error) -> Self {
        use diesel::result::{DatabaseErrorKind as Kind, Error as Diesel};
        match &err {
            Diesel::DatabaseError(Kind::SerializationFailure, _) => Self::Busy(err.into()),
            Diesel::DatabaseError(Kind::ClosedConnection | Kind::UnableToSendCommand, _)
            | Diesel::BrokenTransactionManager => Self::Unavailable(err.into()),
            Diesel::DatabaseError(_, info) if IN_THE_WAY.iter().any(|text| info.message().contains(text)) => {
                Self::Busy(err.into())
            }
            Diesel::DatabaseError(_, info) if GAVE_UP.iter().any(|text| info.message().contains(text)) => {
                Self::Unavailable(err.into())
            }
            _ => Self::Internal(err.into()),
        }
    }
}

impl From<diesel_async::pooled_connection::deadpool::PoolError> for Error {
    fn from(err: diesel_async::pooled_connection::deadpool::PoolError) -> Self {
        Self::Unavailable(err.into())
    }
}

impl From<diesel::ConnectionError> for Error {
    fn from(err: diesel::ConnectionError) -> Self {
        Self::Unavailable(err.into())
    }
}

impl From<tokio::task::JoinError> for Error {
    fn from(err: tokio::task::JoinError) -> Self {
        Self::Internal(err.into())
    }
}
