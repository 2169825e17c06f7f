//! Vietnamese unless the reader prefers English, by `?lang=` (the link on every page, remembered by a cookie) or by `Accept-Language`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::ACCEPT_LANGUAGE;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Error;

use super::cookies::LANGUAGE;
use super::middleware::is_verdict;

/// A language of the pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    /// Vietnamese, the default.
    Vi,
    /// English.
    En,
}

impl Language {
    /// The value of the `lang` attribute.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// Picks one of two texts.
    pub const fn pick<'t>(self, vi: &'t str, en: &'t str) -> &'t str {
        match self {
            Self::Vi => vi,
            Self::En => en,
        }
    }

    /// A number as people write it in this language: Vietnam writes a decimal comma. The number has no other mark in it.
    pub fn decimal(self, number: &impl ToString) -> String {
        let text = number.to_string();
        match self {
            Self::Vi => text.replace('.', ","),
            Self::En => text,
        }
    }

    /// What a request prefers.
    pub fn of(req: &HttpRequest) -> Self {
        Self::asked(req).or_else(|| Self::chosen(req)).unwrap_or_else(|| {
            let header = req.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
            header.map_or(Self::Vi, preferred)
        })
    }

    /// What an address asks for, so that pages remember it.
    pub(super) fn asked(req: &HttpRequest) -> Option<Self> {
        match query_value(req.query_string(), "lang")? {
            "en" => Some(Self::En),
            "vi" => Some(Self::Vi),
            _ => None,
        }
    }

    /// What was asked for on an earlier page. The answers to scans take no notice of cookies.
    fn chosen(req: &HttpRequest) -> Option<Self> {
        if is_verdict(req.path()) {
            return None;
        }
        match req.cookie(LANGUAGE)?.value() {
            "en" => Some(Self::En),
            "vi" => Some(Self::Vi),
            _ => None,
        }
    }
}

impl FromRequest for Language {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::of(req)))
    }
}

fn query_value<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

/// English only when it is asked for with more weight than Vietnamese (RFC 9110, 12.5.4).
fn preferred(header: &str) -> Language {
    let weight = |language: &str| {
        let weights = header.split(',').filter_map(|item| {
            let mut parts = item.split(';').map(str::trim);
            let tag = parts.next()?;
            let primary = tag.split('-').next()?;
            let q = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
            primary.eq_ignore_ascii_case(language).then_some(q?)
        });
        weights.fold(0.0_f32, f32::max)
    };
    if weight("vi") < weight("en") { Language::En } else { Language::Vi }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(header: &str, expected: Language) {
        assert_eq!(preferred(header), expected, "{header}");
    }

    #[test]
    fn a_decimal_mark_is_a_comma_in_vietnamese_and_a_point_in_english() {
        assert_eq!((Language::Vi.decimal(&"120.5"), Language::En.decimal(&"120.5")), ("120,5".into(), "120.5".into()));
    }

    #[test]
    fn english_needs_more_weight_than_vietnamese() {
        check("en-US,en;q=0.9", Language::En);
        check("en;q=0.8,vi;q=0.9", Language::Vi);
        check("vi-VN,vi;q=0.9,en;q=0.8", Language::Vi);
        check("fr-FR,en;q=0.5", Language::En);
        check("fr", Language::Vi);
        check("*", Language::Vi);
        check(";;,q=,en;q=x", Language::Vi);
    }
}
