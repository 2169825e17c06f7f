//! A one-time link as a page. Opening it uses nothing up, sending its form does.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::sessions::Proof;
use crate::accounts::sessions::pages::{arrival, new_password, visit_page, welcome};
use crate::accounts::types::PlainSecret;
use crate::accounts::{Accounts, LinkOwner};
use crate::config::PublicUrl;
use crate::error::Result;
use crate::http::{ClientNetwork, DESK, Fields, FormError, Frame, Language, Public, Visit, pages};

pages! {
    GET "/link/{secret}" => show_link: Public,
    POST "/link/{secret}" => use_link: Public,
}

#[derive(Template)]
#[template(path = "accounts/link.html")]
struct LinkPage {
    frame: Frame,
    error: Option<FormError>,
    login: String,
    display_name: String,
}

fn link_page(req: &HttpRequest, visit: &Visit, owner: LinkOwner, error: Option<FormError>) -> LinkPage {
    let language = Language::of(req);
    let help = language.pick(
        "Đây là đường dẫn riêng của anh chị, dùng một lần. Xin tự đặt mật khẩu và đừng cho ai biết, kể cả văn phòng.",
        "This link is yours alone and works once. Choose a password and tell it to nobody, not even the office.",
    );
    let frame = Frame::open(req, language.pick("Đặt mật khẩu", "Choose a password"), help, visit.form_token.as_str());
    LinkPage { frame, error, login: owner.login, display_name: owner.display_name }
}

async fn show_link(
    _: Public,
    req: HttpRequest,
    secret: web::Path<String>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let owner = accounts.find_link(&PlainSecret::received(secret.into_inner())).await?;
    let visit = Visit::of(&req)?;
    let template = link_page(&req, &visit, owner, None);
    visit_page(HttpResponse::Ok(), visit, &template)
}

async fn use_link(
    _: Public,
    req: HttpRequest,
    secret: web::Path<String>,
    fields: Fields,
    network: ClientNetwork,
    accounts: web::Data<Accounts>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let secret = secret.into_inner();
    let entered = match new_password(&fields) {
        Ok(password) => {
            let proof = Proof::Link { secret: PlainSecret::received(secret.clone()), password };
            accounts.sign_in(proof, arrival(&req, network)).await
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(signed_in) => Ok(welcome(&signed_in, &public_url, DESK)),
        Err(error) => {
            let error = FormError::of(error, Language::of(&req))?;
            let owner = accounts.find_link(&PlainSecret::received(secret)).await?;
            let visit = Visit::of(&req)?;
            let template = link_page(&req, &visit, owner, Some(error));
            visit_page(HttpResponse::UnprocessableEntity(), visit, &template)
        }
    }
}
