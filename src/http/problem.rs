//! How an error looks on the wire: RFC 9457 problem+json with a stable code and both languages. Causes stay in the log.

use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, HeaderName, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::error::{Error, Missing};

/// The media type of RFC 9457.
const PROBLEM_JSON: &str = "application/problem+json";
/// Seconds after which a passing fault is worth another try.
const RETRY_AFTER_SECONDS: &str = "2";

/// A problem document.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Problem {
    /// `/problems/` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The English sentence.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable; match on this, never on a text.
    pub code: &'static str,
    /// What to do, in Vietnamese.
    pub vi: String,
    /// What to do, in English.
    pub en: String,
    /// The field that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<&'static str>,
    /// Mandatory items that are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Vec<Missing>>,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (field, missing) = match error {
            Error::Invalid { field, .. } => (Some(*field), None),
            Error::MandatoryDataMissing(items) => (None, Some(items.clone())),
            _ => (None, None),
        };
        Self {
            kind: format!("/problems/{}", error.code()),
            title: error.to_string(),
            status: status_of(error).as_u16(),
            code: error.code(),
            vi: error.vi(),
            en: error.to_string(),
            field,
            missing,
        }
    }
}

/// The status of an error.
pub fn status_of(error: &Error) -> StatusCode {
    match error {
        Error::NotFound(_) => StatusCode::NOT_FOUND,
        Error::Invalid { .. } | Error::MandatoryDataMissing(_) | Error::Label(_) | Error::Import(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Error::Unauthenticated | Error::SignInFailed => StatusCode::UNAUTHORIZED,
        Error::Forbidden(_) | Error::RoleForbidden | Error::FormExpired | Error::UnknownWitness => {
            StatusCode::FORBIDDEN
        }
        // Nothing that the caller sends differently would help.
        Error::NoActiveKey { .. } | Error::Unavailable(_) | Error::Busy(_) | Error::LedgerHalted { .. } => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Error::MalformedBody { .. } | Error::IdempotencyKeyRequired => StatusCode::BAD_REQUEST,
        Error::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        Error::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Error::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
        Error::CertificateUnknown { .. }
        | Error::CertificateNotOnPackingDay { .. }
        | Error::CertificateLapsed { .. }
        | Error::CertificateNotYetValid { .. }
        | Error::CertificateRevoked { .. }
        | Error::NotStampedByBatch { .. }
        | Error::BatchSuspended { .. }
        | Error::BatchRecalled { .. }
        | Error::QuotaExceeded { .. }
        | Error::EditConflict
        | Error::BatchClosed { .. }
        | Error::LotTaken { .. }
        | Error::SerialsExhausted { .. }
        | Error::IdempotencyKeyReused
        | Error::NotSealedYet
        | Error::Refused { .. } => StatusCode::CONFLICT,
        Error::TooManyCodes { .. } | Error::TooManySignIns { .. } => StatusCode::TOO_MANY_REQUESTS,
        Error::KeyDoesNotOpen { .. }
        | Error::Cluster(_)
        | Error::Setting(_)
        | Error::File { .. }
        | Error::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status_of(self)
    }

    fn error_response(&self) -> HttpResponse {
        let status = status_of(self);
        let mut response = HttpResponse::build(status);
        if let Some((name, value)) = self.extra_header(status) {
            response.insert_header((name, value));
        }
        response.content_type(PROBLEM_JSON).json(Problem::from(self))
    }
}

impl Error {
    /// What a client needs besides the body.
    fn extra_header(&self, status: StatusCode) -> Option<(HeaderName, String)> {
        match self {
            Self::Unauthenticated => Some((WWW_AUTHENTICATE, "Bearer".to_owned())),
            Self::MethodNotAllowed { allowed } => Some((ALLOW, allowed.clone())),
            Self::TooManyCodes { retry_after_seconds } | Self::TooManySignIns { retry_after_seconds } => {
                Some((RETRY_AFTER, retry_after_seconds.to_string()))
            }
            _ if status == StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, RETRY_AFTER_SECONDS.to_owned())),
            _ => None,
        }
    }
}
