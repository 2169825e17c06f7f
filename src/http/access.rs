//! Access as a parameter type: a handler that takes `Office` cannot run for anyone else, and the route table cannot lie
//! about it, because registration demands that the handler's first parameter is the access the table names.
//!
//! Programs call the API with a token, people open pages with a session: a cookie opens nothing under `/api/`, so no page of
//! another site can make a browser call it.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{AUTHORIZATION, HeaderValue};
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, Responder, guard, web};
use futures_util::future::{BoxFuture, LocalBoxFuture};

use crate::accounts::types::{Actor, FormToken, PlainSecret, Reach, Role, Scope};
use crate::error::{Error, Result};

use super::RequestId;
use super::cookies::session_secret;

/// Kinds of access, by their name in the route table.
pub trait Access {
    /// The name in the table and in tests.
    const NAME: &'static str;
    /// Whether there is nothing to ask for.
    const IS_OPEN: bool;
    /// The token that every form of this session carries.
    fn form_token(&self) -> Option<&FormToken>;
}

/// Anyone.
pub struct Public;

impl Access for Public {
    const NAME: &'static str = "public";
    const IS_OPEN: bool = true;

    fn form_token(&self) -> Option<&FormToken> {
        None
    }
}

impl FromRequest for Public {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self))
    }
}

/// Declares kinds of access that an actor must pass a check for.
macro_rules! accesses {
    ($($(#[$doc:meta])+ $access:ident = $name:literal, $check:expr;)+) => {$(
        $(#[$doc])+
        pub struct $access(pub Actor);

        impl Access for $access {
            const NAME: &'static str = $name;
            const IS_OPEN: bool = false;

            fn form_token(&self) -> Option<&FormToken> {
                self.0.session.as_ref().map(|session| &session.form_token)
            }
        }

        impl FromRequest for $access {
            type Error = Error;
            type Future = LocalBoxFuture<'static, Result<Self>>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                if let Some(Admitted(access)) = req.extensions_mut().remove::<Admitted<Self>>() {
                    return Box::pin(ready(Ok(access)));
                }
                let entering = enter(req);
                Box::pin(async move {
                    let actor = entering.await?;
                    let check: fn(&Actor) -> Result<()> = $check;
                    check(&actor)?;
                    Ok(Self(actor))
                })
            }
        }
    )+};
}

accesses! {
    /// A signed-in person of any role, for what is their own.
    Member = "member", |actor| if actor.account_id().is_some() { Ok(()) } else { Err(Error::RoleForbidden) };
    /// Anyone known, for reading within their reach.
    Reader = "reader", |actor| actor.require(Scope::Read);
    /// Producers, officers and the office, for writing within their reach. Which scope it takes is the service's to ask.
    Keeper = "keeper", may_write_something;
    /// Inspectors and the office.
    Inspector = "inspector", |actor| one_of(actor, &[Role::Inspector, Role::Office]);
    /// Whoever reads all of the province: office, inspectors, auditors.
    Overseer = "overseer", |actor| one_of(actor, &[Role::Office, Role::Inspector, Role::Auditor]);
    /// Whoever reads what people did: office and auditors.
    Auditor = "auditor", |actor| one_of(actor, &[Role::Office, Role::Auditor]);
    /// The province's office.
    Office = "office", |actor| actor.require(Scope::Office);
}

fn may_write_something(actor: &Actor) -> Result<()> {
    if actor.writes() == Reach::Nothing {
        return Err(Error::RoleForbidden);
    }
    let writing = [Scope::RegisterWrite, Scope::BatchesWrite, Scope::StampsMint];
    if writing.iter().any(|scope| actor.has(*scope)) { Ok(()) } else { actor.require(Scope::BatchesWrite) }
}

fn one_of(actor: &Actor, roles: &[Role]) -> Result<()> {
    if !roles.contains(&actor.role) {
        return Err(Error::RoleForbidden);
    }
    // A token of the office without its scope is not the office.
    if actor.role == Role::Office { actor.require(Scope::Office) } else { Ok(()) }
}

/// Turns what a caller shows into an actor; implemented by `accounts`, which lies above this room.
pub trait Authenticate: Send + Sync {
    /// The actor of a token that is known, not revoked and not expired.
    fn of_token(&self, token: PlainSecret) -> BoxFuture<'_, Result<Actor>>;
    /// The person of a session that is known, not ended and not expired.
    fn of_session(&self, secret: PlainSecret) -> BoxFuture<'_, Result<Actor>>;
}

/// The one place where requests meet `Authenticate`.
pub struct Gate(pub Arc<dyn Authenticate>);

/// What programs call; everything else is for people.
const API_PREFIX: &str = "/api/";
/// The longest `Authorization` value that is looked at; tokens are 49 characters.
const MAX_AUTHORIZATION_BYTES: usize = 256;

/// Who sends the request. The future holds no part of the request.
fn enter(req: &HttpRequest) -> impl Future<Output = Result<Actor>> + use<> {
    let gate = req.app_data::<web::Data<Gate>>().cloned();
    let request_id = req.extensions().get::<RequestId>().map(ToString::to_string);
    let is_program = req.path().starts_with(API_PREFIX);
    let secret = if is_program { bearer(req) } else { session_secret(req) };
    let is_foreign = !is_program && comes_from_elsewhere(req);
    async move {
        let (Some(gate), Some(secret)) = (gate, secret) else {
            return Err(Error::Unauthenticated);
        };
        if is_foreign {
            return Err(Error::FormExpired);
        }
        let secret = PlainSecret::received(secret);
        let actor = if is_program { gate.0.of_token(secret).await? } else { gate.0.of_session(secret).await? };
        Ok(match request_id {
            Some(request_id) => actor.in_request(request_id),
            None => actor,
        })
    }
}

/// The actor of a page that is open to all but greets whom it knows; none without a session.
pub async fn visitor(req: &HttpRequest) -> Result<Option<Actor>> {
    if session_secret(req).is_none() {
        return Ok(None);
    }
    match enter(req).await {
        Ok(actor) => Ok(Some(actor)),
        Err(Error::Unauthenticated) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A form that another site made the browser send (Fetch Metadata): refused before its token is looked at.
pub(super) fn comes_from_elsewhere(req: &HttpRequest) -> bool {
    let is_safe = matches!(*req.method(), Method::GET | Method::HEAD);
    let site = req.headers().get("Sec-Fetch-Site").map(HeaderValue::as_bytes);
    !is_safe && site.is_some_and(|site| !matches!(site, b"same-origin" | b"none"))
}

fn bearer(req: &HttpRequest) -> Option<String> {
    let mut values = req.headers().get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    if MAX_AUTHORIZATION_BYTES < value.len() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

/// A handler's parameters whose first is `A`.
pub trait FirstIs<A> {}

macro_rules! first_is {
    ($($rest:ident),*) => { impl<A $(, $rest)*> FirstIs<A> for (A, $($rest,)*) {} };
}
first_is!();
first_is!(B);
first_is!(B, C);
first_is!(B, C, D);
first_is!(B, C, D, E);
first_is!(B, C, D, E, F);
first_is!(B, C, D, E, F, G);
first_is!(B, C, D, E, F, G, H);

/// What `admit` found, for the handler.
struct Admitted<A>(A);

/// What the forms of the request's session carry, for `Fields`.
pub(super) struct ExpectedFormToken(pub(super) FormToken);

/// Asks for access before anything else is looked at: actix takes a handler's parameters in side by side, so a wrong body or
/// header would otherwise be answered first, even to someone who may not call at all.
async fn admit<A>(mut req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error>
where
    A: Access + FromRequest<Error = Error> + 'static,
{
    match req.extract::<A>().await {
        Ok(access) => {
            if let Some(form_token) = access.form_token().cloned() {
                req.extensions_mut().insert(ExpectedFormToken(form_token));
            }
            req.extensions_mut().insert(Admitted(access));
            next.call(req).await
        }
        Err(error) => Ok(req.error_response(error)),
    }
}

/// A route for a handler whose first parameter is the access `A`. GET answers HEAD too.
pub fn guarded<A, F, Args>(method: Method, handler: F) -> actix_web::Route
where
    A: Access + FromRequest<Error = Error> + 'static,
    F: Handler<Args>,
    Args: FromRequest + FirstIs<A> + 'static,
    F::Output: Responder + 'static,
{
    let route = if method == Method::GET {
        web::route().guard(guard::Any(guard::Get()).or(guard::Head()))
    } else {
        web::method(method)
    };
    if A::IS_OPEN { route.to(handler) } else { route.to(handler).wrap(from_fn(admit::<A>)) }
}
