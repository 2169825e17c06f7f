//! Signing in and out, and one's own account, as pages. What a person typed as a password is never shown again.

use actix_web::http::header::{RETRY_AFTER, USER_AGENT};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::passwords::Password;
use crate::accounts::people::types::Person;
use crate::accounts::types::{Actor, PlainSecret, SessionId};
use crate::accounts::{Accounts, OpenSession};
use crate::config::PublicUrl;
use crate::error::{Error, Result, Thing};
use crate::http::{
    ClientNetwork, Cookies, DESK, Fields, FormError, Frame, Language, Member, Public, RequestId, SIGN_IN, Visit, page,
    page_with, pages, refused_page, see_other, session_secret, status_of, visitor,
};

use super::{Arrival, Proof, SignedIn};

pages! {
    GET "/sign-in" => show_sign_in: Public,
    POST "/sign-in" => sign_in: Public,
    POST "/sign-out" => sign_out: Member,
    GET "/account" => show_account: Member,
    POST "/account/password" => change_password: Member,
    POST "/account/sessions/end-others" => end_other_sessions: Member,
    POST "/account/sessions/{session_id}/end" => end_session: Member,
}

/// Longest address that one is sent back to after signing in, bytes.
const MAX_NEXT_BYTES: usize = 2_000;
/// More of what a browser says of itself is not looked at, bytes.
const MAX_USER_AGENT_BYTES: usize = 500;

/// Where someone wanted to go.
#[derive(Deserialize)]
struct Wish {
    next: Option<String>,
}

#[derive(Template)]
#[template(path = "accounts/sign_in.html")]
struct SignInPage {
    frame: Frame,
    error: Option<FormError>,
    login: String,
    next: String,
}

/// An address of this site alone: a browser takes `//x` and `/\x` for another host, and drops tabs and line ends before it looks.
fn local_address(next: &str) -> Option<&str> {
    let after_root = next.strip_prefix('/')?;
    let is_local = !after_root.starts_with(['/', '\\'])
        && !next.contains('\\')
        && !next.chars().any(char::is_control)
        && next.len() <= MAX_NEXT_BYTES;
    is_local.then_some(next)
}

fn sign_in_page(req: &HttpRequest, visit: &Visit, login: &str, next: &str, error: Option<FormError>) -> SignInPage {
    let language = Language::of(req);
    let title = language.pick("Đăng nhập", "Sign in");
    let help = language.pick(
        "Dành cho văn phòng, cán bộ xã, chủ thể, thanh tra và kiểm toán. Kiểm tra tem thì không cần đăng nhập.",
        "For the office, commune officers, producers, inspectors and auditors. Checking a stamp needs no account.",
    );
    let frame = Frame::open(req, title, help, visit.form_token.as_str());
    SignInPage { frame, error, login: login.to_owned(), next: next.to_owned() }
}

/// A page before signing in sets the visit's cookie when there is none.
pub(in crate::accounts) fn visit_page(
    mut response: HttpResponseBuilder,
    visit: Visit,
    template: &impl Template,
) -> Result<HttpResponse> {
    if let Some(cookie) = visit.cookie {
        response.cookie(cookie);
    }
    page_with(response, template)
}

async fn show_sign_in(_: Public, req: HttpRequest, wish: web::Query<Wish>) -> Result<HttpResponse> {
    let next = wish.next.as_deref().and_then(local_address).unwrap_or(DESK);
    if visitor(&req).await?.is_some() {
        return Ok(see_other(next));
    }
    let visit = Visit::of(&req)?;
    let template = sign_in_page(&req, &visit, "", next, None);
    visit_page(HttpResponse::Ok(), visit, &template)
}

/// In what circumstances a request comes.
pub(in crate::accounts) fn arrival(req: &HttpRequest, network: ClientNetwork) -> Arrival {
    let user_agent = req.headers().get(USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Arrival {
        network: network.0,
        user_agent: user_agent.get(..MAX_USER_AGENT_BYTES).unwrap_or(user_agent).to_owned(),
        shown: session_secret(req).map(PlainSecret::received),
        request_id: req.extensions().get::<RequestId>().map(ToString::to_string),
    }
}

/// Sends someone on who is in.
pub(in crate::accounts) fn welcome(signed_in: &SignedIn, public_url: &PublicUrl, next: &str) -> HttpResponse {
    let mut response = see_other(next);
    // Only a cookie that does not print as a header is refused, and ours always does.
    drop(response.add_cookie(&Cookies::new(public_url).session(&signed_in.secret, signed_in.kept)));
    response
}

async fn sign_in(
    _: Public,
    req: HttpRequest,
    fields: Fields,
    network: ClientNetwork,
    accounts: web::Data<Accounts>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let next = local_address(fields.value("next")).unwrap_or(DESK);
    let login = fields.value("login");
    let proof = Proof::Password { login: login.to_owned(), password: Password::received(fields.value("password")) };
    let error = match accounts.sign_in(proof, arrival(&req, network)).await {
        Ok(signed_in) => return Ok(welcome(&signed_in, &public_url, next)),
        Err(error) => error,
    };
    let mut response = HttpResponse::build(status_of(&error));
    if let Error::TooManySignIns { retry_after_seconds } = error {
        response.insert_header((RETRY_AFTER, retry_after_seconds.to_string()));
    }
    let error = FormError::of(error, Language::of(&req))?;
    let visit = Visit::of(&req)?;
    let template = sign_in_page(&req, &visit, login, next, Some(error));
    visit_page(response, visit, &template)
}

async fn sign_out(
    Member(actor): Member,
    _: Fields,
    accounts: web::Data<Accounts>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    if let Some(session) = &actor.session {
        accounts.end_session(&actor, session.session_id).await?;
    }
    let mut response = see_other(SIGN_IN);
    for cookie in Cookies::new(&public_url).farewell() {
        drop(response.add_cookie(&cookie));
    }
    Ok(response)
}

#[derive(Template)]
#[template(path = "accounts/own.html")]
struct OwnPage {
    frame: Frame,
    error: Option<FormError>,
    person: Person,
    sessions: Vec<OpenSession>,
    this_session: SessionId,
    colleagues: Vec<String>,
}

async fn own_page(req: &HttpRequest, actor: &Actor, accounts: &Accounts, error: Option<FormError>) -> Result<OwnPage> {
    let language = Language::of(req);
    let help = language.pick(
        "Xem mình đang đăng nhập ở đâu, đổi mật khẩu, kết thúc những nơi không dùng nữa.",
        "See where you are signed in, change your password, end what you no longer use.",
    );
    Ok(OwnPage {
        frame: Frame::new(req, actor, language.pick("Tài khoản của tôi", "My account"), help),
        error,
        person: accounts.own_person(actor).await?,
        sessions: accounts.list_sessions(actor).await?,
        this_session: actor.session.as_ref().map_or(SessionId(0), |session| session.session_id),
        colleagues: accounts.list_colleagues(actor).await?,
    })
}

async fn show_account(Member(actor): Member, req: HttpRequest, accounts: web::Data<Accounts>) -> Result<HttpResponse> {
    page(&own_page(&req, &actor, &accounts, None).await?)
}

/// The new password, typed twice alike.
pub(in crate::accounts) fn new_password(fields: &Fields) -> Result<Password> {
    let (password, repeated) =
        (Password::received(fields.value("password")), Password::received(fields.value("repeated")));
    if password == repeated {
        return Ok(password);
    }
    Err(Error::invalid("repeated", "Hai lần gõ mật khẩu chưa giống nhau.", "the two passwords are not the same"))
}

async fn change_password(
    Member(actor): Member,
    req: HttpRequest,
    fields: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let present = Password::received(fields.value("present_password"));
    let changed = match new_password(&fields) {
        Ok(new) => accounts.change_password(&actor, present, new).await,
        Err(error) => Err(error),
    };
    match changed {
        Ok(()) => Ok(see_other("/account?done=password")),
        Err(error) => {
            let error = FormError::of(error, Language::of(&req))?;
            refused_page(&own_page(&req, &actor, &accounts, Some(error)).await?)
        }
    }
}

async fn end_session(
    Member(actor): Member,
    session_id: web::Path<String>,
    _: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let session_id = session_id.parse().map_err(|_| Error::NotFound(Thing::Session))?;
    accounts.end_session(&actor, SessionId(session_id)).await?;
    Ok(see_other("/account?done=ended"))
}

async fn end_other_sessions(Member(actor): Member, _: Fields, accounts: web::Data<Accounts>) -> Result<HttpResponse> {
    accounts.end_other_sessions(&actor).await?;
    Ok(see_other("/account?done=ended"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_site_are_gone_back_to() {
        for good in ["/", "/desk", "/products?set=7&q=a//b", "/batches/12#runs"] {
            assert_eq!(local_address(good), Some(good));
        }
        for bad in [
            "",
            "desk",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "https://evil.example",
            "/a\\b",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            " /desk",
        ] {
            assert_eq!(local_address(bad), None, "{bad:?}");
        }
        assert_eq!(local_address(&format!("/{}", "a".repeat(MAX_NEXT_BYTES))), None);
    }
}
