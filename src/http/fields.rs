//! The fields of a form, with or without files: size limits, the token of the session it was shown in, and text as it is kept
//! (composed, trimmed, without control characters). Handlers parse the fields into types of their own.

use std::ops::RangeInclusive;
use std::sync::LazyLock;
use std::time::Duration;

use actix_multipart::Multipart;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_TYPE;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use chrono::{Datelike, NaiveDate};
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};
use crate::text::kept_text;

use super::access::{ExpectedFormToken, comes_from_elsewhere};
use super::cookies::Visit;

/// Largest form without its files, bytes: a product with every text at its limit is below 40 KiB.
pub const MAX_FORM_BYTES: usize = 64 * 1024;
/// Largest sum of a form's files, bytes: a phone's photo, or a register of 10,000 rows.
pub const MAX_FILES_BYTES: usize = 20 * 1024 * 1024;
/// A body that is too large is read to this size and thrown away, so that the browser shows our answer and not a broken line.
const MAX_DRAINED_BYTES: usize = 128 * 1024 * 1024;
/// Forms with files read at the same time: bounds the memory they take together.
const UPLOAD_PLACES: usize = 4;
/// A form waits so long for its place; then it is told to come again, instead of hanging behind slow ones.
const WAIT_FOR_PLACE: Duration = Duration::from_secs(20);
/// A sender that is silent for so long has lost its line, and gives its place back.
pub(super) const MAX_SILENCE: Duration = Duration::from_secs(15);
/// Most fields of a form; the largest has about forty.
const MAX_FIELDS: usize = 200;
/// Years a day may lie in: nothing here is older than the programme by much, or planned further ahead.
const YEARS: RangeInclusive<i32> = 1990..=2199;
/// The hidden field with the form's token.
pub const FORM_TOKEN_FIELD: &str = "form_token";

/// One file of a form.
#[derive(Clone, Debug)]
pub struct UploadedFile {
    field: String,
    /// The name it had on the sender's machine: for messages only.
    pub name: String,
    /// Its bytes.
    pub bytes: web::Bytes,
}

/// A form that was shown by this site to whoever sends it.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    values: Vec<(String, String)>,
    files: Vec<UploadedFile>,
}

/// What a text field takes, and what it is called in messages.
#[derive(Clone, Copy, Debug)]
pub struct TextField {
    /// The field's name in the form.
    pub name: &'static str,
    /// What pages call it, in Vietnamese.
    pub vi: &'static str,
    /// What pages call it, in English.
    pub en: &'static str,
    /// Longest text, characters.
    pub max_chars: usize,
}

impl Fields {
    /// Fields without a request: what a page shows before anyone typed.
    pub fn from_values<N: Into<String>, V: Into<String>>(values: impl IntoIterator<Item = (N, V)>) -> Self {
        let values = values.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { values, files: Vec::new() }
    }

    /// The first value of a field, empty when it is absent: for showing the form again as it was typed.
    pub fn value(&self, name: &str) -> &str {
        self.values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }

    /// Every value of a field that may stand several times.
    pub fn values<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.values.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Whether a box is ticked.
    pub fn is_ticked(&self, name: &str) -> bool {
        !self.value(name).is_empty()
    }

    /// Refuses what cannot be undone until its box is ticked.
    pub fn check_sure(&self, name: &'static str) -> Result<()> {
        if self.is_ticked(name) {
            return Ok(());
        }
        Err(Error::invalid(
            name,
            "Việc này không làm lại được: xin đánh dấu vào ô \"Tôi hiểu\" rồi gửi lại.",
            "this cannot be undone: tick the box \"I understand\" and send again",
        ))
    }

    /// A text, or none when it was left empty.
    pub fn text(&self, field: &TextField) -> Result<Option<String>> {
        let value = self.value(field.name);
        if field.max_chars < value.chars().count() {
            return Err(Error::invalid(
                field.name,
                format!("{}: dài nhất {} ký tự.", field.vi, field.max_chars),
                format!("{}: at most {} characters", field.en, field.max_chars),
            ));
        }
        Ok((!value.is_empty()).then(|| value.to_owned()))
    }

    /// A text that must be there.
    pub fn required_text(&self, field: &TextField) -> Result<String> {
        self.text(field)?.ok_or_else(|| {
            Error::invalid(field.name, format!("Xin điền: {}.", field.vi), format!("fill in: {}", field.en))
        })
    }

    /// A day as the browser's picker sends it (`yyyy-mm-dd`), or typed as `dd/mm/yyyy`.
    pub fn day(&self, name: &'static str) -> Result<Option<NaiveDate>> {
        let value = self.value(name);
        if value.is_empty() {
            return Ok(None);
        }
        let day =
            NaiveDate::parse_from_str(value, "%Y-%m-%d").or_else(|_| NaiveDate::parse_from_str(value, "%d/%m/%Y"));
        match day {
            Ok(day) if YEARS.contains(&day.year()) => Ok(Some(day)),
            Ok(day) => Err(Error::invalid(
                name,
                format!(
                    "Năm {} không đúng; xin xem lại, năm phải từ {} đến {}.",
                    day.year(),
                    YEARS.start(),
                    YEARS.end()
                ),
                format!(
                    "the year {} cannot be right; years from {} to {} are taken",
                    day.year(),
                    YEARS.start(),
                    YEARS.end()
                ),
            )),
            Err(_) => Err(Error::invalid(
                name,
                "Ngày viết là ngày/tháng/năm, ví dụ 20/11/2026.",
                "write a day as dd/mm/yyyy, for example 20/11/2026",
            )),
        }
    }

    /// A day that must be there.
    pub fn required_day(&self, name: &'static str) -> Result<NaiveDate> {
        self.day(name)?.ok_or_else(|| Error::invalid(name, "Xin chọn ngày.", "choose a day"))
    }

    /// A whole number, or none when it was left empty; dots and spaces between thousands are allowed.
    pub fn whole_number(&self, name: &'static str) -> Result<Option<u32>> {
        let value: String = self.value(name).chars().filter(|c| !matches!(c, '.' | ' ' | '\u{a0}')).collect();
        if value.is_empty() {
            return Ok(None);
        }
        let number = value.parse().ok().filter(|_| value.bytes().all(|b| b.is_ascii_digit()));
        number.map(Some).ok_or_else(|| {
            Error::invalid(name, "Xin điền một số nguyên, ví dụ 500.", "enter a whole number, for example 500")
        })
    }

    /// The version of the thing that the form was opened on.
    pub fn version(&self) -> Result<i32> {
        self.value("version").parse().map_err(|_| Error::FormExpired)
    }

    /// The file of a field; none when nothing was chosen.
    pub fn file(&self, name: &str) -> Option<&UploadedFile> {
        self.files.iter().find(|file| file.field == name && !file.bytes.is_empty())
    }

    /// Every file of a field that takes several.
    pub fn files<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f UploadedFile> {
        self.files.iter().filter(move |file| file.field == name && !file.bytes.is_empty())
    }

    fn add(&mut self, name: &str, value: &str) -> Result<()> {
        if MAX_FIELDS <= self.values.len() {
            return Err(too_large(MAX_FORM_BYTES));
        }
        self.values.push((name.to_owned(), kept_text(value)));
        Ok(())
    }
}

impl FromRequest for Fields {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let of_session = req.extensions().get::<ExpectedFormToken>().map(|expected| expected.0.clone());
        // Nobody in particular hands no files in: the few places for reading them stay with those who have signed in.
        let takes_files = of_session.is_some();
        let of_visit = || Visit::form_token_of(req).filter(|_| !comes_from_elsewhere(req));
        let expected = of_session.or_else(of_visit);
        let content_type = req.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let has_files = takes_files && media_type == "multipart/form-data";
        let multipart = has_files.then(|| Multipart::new(req.headers(), payload.take()));
        let payload = payload.take();
        Box::pin(async move {
            let expected = expected.ok_or(Error::FormExpired)?;
            let fields = match (multipart, media_type.as_str()) {
                (Some(multipart), _) => read_multipart(multipart).await?,
                (None, "application/x-www-form-urlencoded") => read_urlencoded(payload).await?,
                // A form without a single field has no body.
                (None, _) => return Err(Error::FormExpired),
            };
            if expected.matches(fields.value(FORM_TOKEN_FIELD)) { Ok(fields) } else { Err(Error::FormExpired) }
        })
    }
}

fn too_large(limit: usize) -> Error {
    Error::BodyTooLarge { limit }
}

async fn read_urlencoded(mut payload: Payload) -> Result<Fields> {
    let mut bytes = web::BytesMut::new();
    let mut n_read = 0;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::FormExpired)?;
        n_read += chunk.len();
        if n_read <= MAX_FORM_BYTES {
            bytes.extend_from_slice(&chunk);
        } else if MAX_DRAINED_BYTES < n_read {
            break;
        }
    }
    if MAX_FORM_BYTES < n_read {
        return Err(too_large(MAX_FORM_BYTES));
    }
    let mut fields = Fields::default();
    for (name, value) in url::form_urlencoded::parse(&bytes) {
        fields.add(&name, &value)?;
    }
    Ok(fields)
}

/// What comes next from a sender who is still there.
async fn spoken<T>(next: impl Future<Output = T>) -> Result<T> {
    tokio::time::timeout(MAX_SILENCE, next).await.map_err(|_| Error::FormExpired)
}

/// A place for reading files; it is given back when dropped.
pub(super) async fn place_for_files() -> Result<SemaphorePermit<'static>> {
    static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(UPLOAD_PLACES));
    let waiting = tokio::time::timeout(WAIT_FOR_PLACE, PLACES.acquire());
    waiting.await.map_err(|_| Error::Busy("too many uploads at once".into()))?.map_err(Error::internal)
}

/// Reads fields and files; what is too large is read on and thrown away before it is refused.
async fn read_multipart(mut multipart: Multipart) -> Result<Fields> {
    let _place = place_for_files().await?;
    let mut fields = Fields::default();
    let (mut n_text, mut n_files) = (0, 0);
    while let Some(part) = spoken(multipart.next()).await? {
        let mut part = part.map_err(|_| Error::FormExpired)?;
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.content_disposition().and_then(|header| header.get_filename()).map(kept_text);
        let (n_read, limit) =
            if file_name.is_some() { (&mut n_files, MAX_FILES_BYTES) } else { (&mut n_text, MAX_FORM_BYTES) };
        let mut bytes = web::BytesMut::new();
        while let Some(chunk) = spoken(part.next()).await? {
            let chunk = chunk.map_err(|_| Error::FormExpired)?;
            *n_read += chunk.len();
            if *n_read <= limit {
                bytes.extend_from_slice(&chunk);
            } else if MAX_DRAINED_BYTES < *n_read {
                return Err(too_large(limit));
            }
        }
        match file_name {
            Some(file_name) if fields.files.len() < MAX_FIELDS => {
                fields.files.push(UploadedFile { field: name, name: file_name, bytes: bytes.freeze() });
            }
            Some(_) => return Err(too_large(MAX_FILES_BYTES)),
            None => fields.add(&name, &String::from_utf8_lossy(&bytes))?,
        }
    }
    if MAX_FORM_BYTES < n_text {
        return Err(too_large(MAX_FORM_BYTES));
    }
    if MAX_FILES_BYTES < n_files {
        return Err(too_large(MAX_FILES_BYTES));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_read_as_the_picker_sends_it_or_as_people_write_it() {
        let day = |text: &str| Fields::from_values([("d", text)]).day("d");
        assert_eq!(day("2026-11-20").unwrap(), NaiveDate::from_ymd_opt(2026, 11, 20));
        assert_eq!(day("20/11/2026").unwrap(), NaiveDate::from_ymd_opt(2026, 11, 20));
        assert_eq!(day("").unwrap(), None);
        for wrong in ["11/20/2026", "20-11-2026", "hôm nay", "2026-02-30", "0026-11-20", "-9999-01-01", "+12026-01-01"]
        {
            assert!(day(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_day_in_a_year_that_cannot_be_is_refused_for_its_year() {
        let refused = Fields::from_values([("d", "1900-01-01")]).day("d").unwrap_err();
        assert!(refused.vi().contains("Năm 1900"), "{}", refused.vi());
    }

    #[test]
    fn a_whole_number_may_have_dots_between_thousands() {
        let number = |text: &str| Fields::from_values([("n", text)]).whole_number("n");
        assert_eq!(number("1.000").unwrap(), Some(1_000));
        assert_eq!(number("").unwrap(), None);
        for wrong in ["-1", "1,5", "+7", "nhiều", "99999999999"] {
            assert!(number(wrong).is_err(), "{wrong}");
        }
    }
}
