//! Access as a parameter type: a handler that takes `Office` cannot run for anyone else, and the route table cannot lie
//! about it, because registration demands that the handler's first parameter is the access the table names.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::AUTHORIZATION;
use actix_web::middleware::{Next, from_fn};
use actix_web::{FromRequest, Handler, HttpMessage, HttpRequest, Responder, guard, web};
use futures_util::future::{BoxFuture, LocalBoxFuture};

use crate::accounts::types::{Actor, Scope};
use crate::error::{Error, Result};

/// Kinds of access, by their name in the route table.
pub trait Access {
    /// The name in the table and in tests.
    const NAME: &'static str;
    /// Whether there is nothing to ask for.
    const IS_OPEN: bool;
}

/// Anyone.
pub struct Public;

impl Access for Public {
    const NAME: &'static str = "public";
    const IS_OPEN: bool = true;
}

impl FromRequest for Public {
    type Error = Error;
    type Future = Ready<Result<Self>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self))
    }
}

/// The province's office, by a token with the scope `office`.
pub struct Office(pub Actor);

impl Access for Office {
    const NAME: &'static str = "office";
    const IS_OPEN: bool = false;
}

impl FromRequest for Office {
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<Self>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        if let Some(Admitted(office)) = req.extensions_mut().remove::<Admitted<Self>>() {
            return Box::pin(ready(Ok(office)));
        }
        let gate = req.app_data::<web::Data<Gate>>().cloned();
        let token = bearer(req);
        Box::pin(async move {
            let (Some(gate), Some(token)) = (gate, token) else {
                return Err(Error::Unauthenticated);
            };
            let actor = gate.0.authenticate(token).await?;
            actor.require(Scope::Office)?;
            Ok(Self(actor))
        })
    }
}

/// Turns a token into an actor; implemented by `accounts`, which lies above this room.
pub trait Authenticate: Send + Sync {
    /// The actor of a token that is known, not revoked and not expired.
    fn authenticate(&self, token: String) -> BoxFuture<'_, Result<Actor>>;
}

/// The one place where requests meet `Authenticate`.
pub struct Gate(pub Arc<dyn Authenticate>);

/// The longest `Authorization` value that is looked at; tokens are 49 characters.
const MAX_AUTHORIZATION_BYTES: usize = 256;

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

/// What `admit` found, for the handler.
struct Admitted<A>(A);

/// Asks for access before anything else is looked at: actix takes a handler's parameters in side by side, so a wrong body or
/// header would otherwise be answered first, even to someone who may not call at all.
async fn admit<A>(mut req: ServiceRequest, next: Next<BoxBody>) -> Result<ServiceResponse<BoxBody>, actix_web::Error>
where
    A: FromRequest<Error = Error> + 'static,
{
    match req.extract::<A>().await {
        Ok(access) => {
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
