//! The three cookies of this site: a session, a visit before it, and the chosen language. None is read by a script.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpRequest, web};

use crate::accounts::types::{FormToken, PlainSecret};
use crate::config::PublicUrl;
use crate::error::Result;

use super::Language;

/// The `__Host-` prefix keeps a neighbour's host name from setting them (RFC 6265bis, 4.1.3.2); it demands `Secure`.
const SECURE_PREFIX: &str = "__Host-";
const SESSION: &str = "nguon-session";
const VISIT: &str = "nguon-visit";
/// Holds no secret, and pages in plain HTTP need it as well.
pub(super) const LANGUAGE: &str = "nguon-lang";
/// A chosen language is remembered this long.
const LANGUAGE_KEPT: Duration = Duration::days(365);
/// A cookie longer than this is none of ours: secrets are 43 characters.
const MAX_SECRET_BYTES: usize = 64;

/// Cookies as this site sets them: `Secure` when the public address is.
#[derive(Clone, Copy, Debug)]
pub struct Cookies {
    is_secure: bool,
}

impl Cookies {
    /// For this public address.
    pub fn new(public_url: &PublicUrl) -> Self {
        Self { is_secure: public_url.as_str().starts_with("https://") }
    }

    fn of(req: &HttpRequest) -> Self {
        let public_url = req.app_data::<web::Data<PublicUrl>>();
        Self { is_secure: public_url.is_none_or(|url| url.as_str().starts_with("https://")) }
    }

    fn name(self, name: &str) -> String {
        if self.is_secure { format!("{SECURE_PREFIX}{name}") } else { name.to_owned() }
    }

    fn secret(self, name: &str, secret: &PlainSecret) -> Cookie<'static> {
        Cookie::build(self.name(name), secret.reveal().to_owned())
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// A session's cookie, which the browser keeps for so long, or until it is closed.
    pub fn session(self, secret: &PlainSecret, kept: Option<std::time::Duration>) -> Cookie<'static> {
        let mut cookie = self.secret(SESSION, secret);
        cookie.set_max_age(kept.and_then(|kept| Duration::try_from(kept).ok()));
        cookie
    }

    /// Takes session and visit away.
    pub fn farewell(self) -> [Cookie<'static>; 2] {
        [SESSION, VISIT].map(|name| {
            let mut cookie = self.secret(name, &PlainSecret::received(String::new()));
            cookie.make_removal();
            cookie
        })
    }

    /// The chosen language.
    pub(super) fn language(self, language: Language) -> Cookie<'static> {
        Cookie::build(LANGUAGE, language.code())
            .path("/")
            .http_only(true)
            .secure(self.is_secure)
            .same_site(SameSite::Lax)
            .max_age(LANGUAGE_KEPT)
            .finish()
    }
}

fn secret(req: &HttpRequest, name: &str) -> Option<String> {
    let cookie = req.cookie(&Cookies::of(req).name(name))?;
    let is_ours = !cookie.value().is_empty() && cookie.value().len() <= MAX_SECRET_BYTES;
    is_ours.then(|| cookie.value().to_owned())
}

/// The session's secret, if the request shows one.
pub fn session_secret(req: &HttpRequest) -> Option<String> {
    secret(req, SESSION)
}

/// What a form that is open to all carries: it belongs to one visit of one browser.
pub struct Visit {
    /// For the hidden field.
    pub form_token: FormToken,
    /// To be set, when the browser has none yet.
    pub cookie: Option<Cookie<'static>>,
}

impl Visit {
    /// The visit under way, or a new one.
    pub fn of(req: &HttpRequest) -> Result<Self> {
        if let Some(secret) = secret(req, VISIT) {
            return Ok(Self { form_token: PlainSecret::received(secret).form_token(), cookie: None });
        }
        let secret = PlainSecret::plain()?;
        Ok(Self { form_token: secret.form_token(), cookie: Some(Cookies::of(req).secret(VISIT, &secret)) })
    }

    /// The token of the visit that the request is part of.
    pub(super) fn form_token_of(req: &HttpRequest) -> Option<FormToken> {
        secret(req, VISIT).map(|secret| PlainSecret::received(secret).form_token())
    }
}
