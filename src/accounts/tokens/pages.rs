//! Tokens of programs as pages: the list, making one, ending one. A token's text is shown once and never again.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{Days, NaiveDate};

use crate::accounts::choosing::{choose_producer, line};
use crate::accounts::types::{Actor, PlainSecret, ProducerNo, Role, Scope, TokenId};
use crate::accounts::{Accounts, Token, TokenOrder, TokenStanding};
use crate::clock::beginning_of;
use crate::error::{Error, Result, Thing};
use crate::http::{Auditor, Fields, FormError, Frame, Language, Office, page, pages, refused_page, see_other};

pages! {
    GET "/tokens" => list_tokens: Auditor,
    POST "/tokens" => create_token: Office,
    POST "/tokens/{token_id}/revoke" => revoke_token: Office,
}

/// The longest that a token made on a page holds, days: two years, or it outlives whoever asked for it.
const MAX_DAYS: u64 = 730;
/// What the form proposes, days.
const PROPOSED_DAYS: u64 = 365;

/// A line of the list.
struct TokenLine {
    token: Token,
    standing: TokenStanding,
    scopes: String,
}

#[derive(Template)]
#[template(path = "accounts/tokens.html")]
struct TokensPage {
    frame: Frame,
    error: Option<FormError>,
    tokens: Vec<TokenLine>,
    may_write: bool,
    fields: Fields,
    producers: Vec<String>,
    scopes: Vec<ScopeChoice>,
}

/// A scope to tick.
struct ScopeChoice {
    name: &'static str,
    label: &'static str,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "accounts/token_made.html")]
struct TokenMadePage {
    frame: Frame,
    token_id: i32,
    token: PlainSecret,
}

const fn scope_name(scope: Scope, language: Language) -> &'static str {
    match scope {
        Scope::Office => {
            language.pick("Mọi việc của văn phòng (trừ mã cào)", "Everything the office does (but scratch codes)")
        }
        Scope::Read => language.pick("Xem sản phẩm, lô hàng và tem", "Read products, batches and stamps"),
        Scope::RegisterWrite => language.pick("Sửa phần sổ của chủ thể", "Write the producer's part of the register"),
        Scope::BatchesWrite => language.pick("Mở, đóng lô hàng và hủy tem", "Open and close batches, void stamps"),
        Scope::StampsMint => language.pick("Đặt tem", "Order stamps"),
        Scope::ScratchRead => language.pick("Lấy mã dưới lớp cào", "Read scratch codes"),
    }
}

async fn tokens_page(
    req: &HttpRequest,
    actor: &Actor,
    accounts: &Accounts,
    fields: Fields,
    error: Option<FormError>,
) -> Result<TokensPage> {
    let language = Language::of(req);
    let help = language.pick(
        "Mã truy cập cho phần mềm của chủ thể hoặc xưởng in gọi vào hệ thống thay người. Mỗi nơi dùng một mã riêng, cấp đủ quyền và không hơn.",
        "Tokens let the software of a producer or a print house call this service. Give each place its own, with the rights it needs and no more.",
    );
    let now = accounts.now();
    let tokens = accounts.list_tokens().await?.into_iter().map(|token| TokenLine {
        standing: token.standing(now),
        scopes: token.scopes.iter().map(|scope| scope_name(*scope, language)).collect::<Vec<_>>().join(", "),
        token,
    });
    let producers = accounts.list_producer_choices().await?;
    let scopes = Scope::ALL.map(|scope| ScopeChoice {
        name: scope.as_str(),
        label: scope_name(scope, language),
        is_ticked: fields.values("scopes").any(|name| name == scope.as_str()),
    });
    Ok(TokensPage {
        frame: Frame::new(req, actor, language.pick("Mã truy cập", "Access tokens"), help),
        error,
        tokens: tokens.collect(),
        may_write: actor.role == Role::Office,
        fields,
        producers: producers.iter().map(|(no, name)| line(no, name)).collect(),
        scopes: scopes.into(),
    })
}

async fn list_tokens(Auditor(actor): Auditor, req: HttpRequest, accounts: web::Data<Accounts>) -> Result<HttpResponse> {
    let proposed = accounts.today().checked_add_days(Days::new(PROPOSED_DAYS)).unwrap_or(NaiveDate::MAX);
    let fields = Fields::from_values([("scopes", Scope::Read.as_str().to_owned()), ("expires", proposed.to_string())]);
    page(&tokens_page(&req, &actor, &accounts, fields, None).await?)
}

/// What the form asks for.
fn read_order(fields: &Fields, producers: &[(ProducerNo, String)], today: NaiveDate) -> Result<TokenOrder> {
    let scopes: Vec<Scope> = fields.values("scopes").filter_map(Scope::parse).collect();
    if scopes.is_empty() {
        return Err(Error::invalid("scopes", "Xin chọn ít nhất một quyền.", "choose at least one scope"));
    }
    let last_day = fields.required_day("expires")?;
    let longest = today.checked_add_days(Days::new(MAX_DAYS)).unwrap_or(NaiveDate::MAX);
    if last_day < today || longest < last_day {
        return Err(Error::invalid(
            "expires",
            "Ngày cuối phải từ hôm nay đến hai năm tới.",
            "the last day lies between today and two years from now",
        ));
    }
    let producer_no = choose_producer(fields.value("producer"), producers)?;
    let expires_at = beginning_of(last_day.succ_opt().unwrap_or(last_day));
    TokenOrder::new(fields.value("name"), producer_no, &scopes, Some(expires_at))
}

async fn create_token(
    Office(actor): Office,
    req: HttpRequest,
    fields: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let producers = accounts.list_producer_choices().await?;
    let made = match read_order(&fields, &producers, accounts.today()) {
        Ok(order) => accounts.give_token(&actor, order).await,
        Err(error) => Err(error),
    };
    let language = Language::of(&req);
    match made {
        Ok(made) => {
            let help = language.pick(
                "Mã chỉ hiện một lần ở đây: xin chép ngay vào phần mềm sẽ dùng. Mất thì thu hồi và cấp mã khác.",
                "This token is shown this once: copy it into the software now. If it is lost, revoke it and make another.",
            );
            let frame = Frame::new(&req, &actor, language.pick("Mã truy cập mới", "New access token"), help);
            page(&TokenMadePage { frame, token_id: made.token_id.0, token: made.token })
        }
        Err(error) => {
            let error = FormError::of(error, language)?;
            refused_page(&tokens_page(&req, &actor, &accounts, fields, Some(error)).await?)
        }
    }
}

async fn revoke_token(
    Office(actor): Office,
    token_id: web::Path<String>,
    _: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let token_id = token_id.parse().map_err(|_| Error::NotFound(Thing::Token))?;
    accounts.end_token(&actor, TokenId(token_id)).await?;
    Ok(see_other("/tokens?done=ended"))
}
