//! JSON bodies and files with a size limit, and the header that makes a repeated order harmless.

use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpRequest, web};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};

use crate::error::{Error, Result};

use super::fields::{MAX_FILES_BYTES, MAX_SILENCE, place_for_files};

/// Largest JSON body, bytes: the largest real one is a product with both stories at their limit, about 40 KiB.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// A JSON body of at most `MAX_BODY_BYTES`.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for JsonBody<T> {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let is_json = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
            value.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case("application/json")
        });
        let mut payload = payload.take();
        Box::pin(async move {
            if !is_json {
                return Err(Error::NotJson);
            }
            let mut bytes = web::BytesMut::new();
            while let Some(chunk) = payload.next().await {
                let chunk = chunk.map_err(|err| malformed(".", &err))?;
                if MAX_BODY_BYTES < bytes.len() + chunk.len() {
                    return Err(Error::BodyTooLarge { limit: MAX_BODY_BYTES });
                }
                bytes.extend_from_slice(&chunk);
            }
            // Structs would be read from arrays too, by position.
            if !bytes.trim_ascii_start().starts_with(b"{") {
                return Err(Error::MalformedBody { at: ".".to_owned(), reason: "expected an object".to_owned() });
            }
            let mut json = serde_json::Deserializer::from_slice(&bytes);
            let value = serde_path_to_error::deserialize(&mut json)
                .map_err(|err| malformed(&err.path().to_string(), err.inner()))?;
            json.end().map_err(|err| malformed(".", &err))?;
            Ok(Self(value))
        })
    }
}

fn malformed(at: &str, err: &dyn std::error::Error) -> Error {
    Error::MalformedBody { at: at.to_owned(), reason: err.to_string() }
}

/// A file as the whole body, at most `MAX_FILES_BYTES`. What it is, its bytes say, whatever the caller calls it.
pub struct FileBody(pub web::Bytes);

impl FromRequest for FileBody {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(_: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let mut payload = payload.take();
        Box::pin(async move {
            let _place = place_for_files().await?;
            let mut bytes = web::BytesMut::new();
            let next = async |payload: &mut Payload| tokio::time::timeout(MAX_SILENCE, payload.next()).await;
            while let Some(chunk) = next(&mut payload).await.map_err(|err| malformed(".", &err))? {
                let chunk = chunk.map_err(|err| malformed(".", &err))?;
                if MAX_FILES_BYTES < bytes.len() + chunk.len() {
                    return Err(Error::BodyTooLarge { limit: MAX_FILES_BYTES });
                }
                bytes.extend_from_slice(&chunk);
            }
            Ok(Self(bytes.freeze()))
        })
    }
}

/// The caller's name for one order: 1 to 64 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Longest key, bytes: a UUID twice over.
    const MAX_BYTES: usize = 64;

    /// Checks a key.
    pub fn new(text: &str) -> Result<Self> {
        if text.is_empty() || Self::MAX_BYTES < text.len() || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Error::IdempotencyKeyRequired);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for IdempotencyKey {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all("Idempotency-Key");
        let value = values.next().and_then(|value| value.to_str().ok()).filter(|_| values.next().is_none());
        ready(value.ok_or(Error::IdempotencyKeyRequired).and_then(Self::new))
    }
}
