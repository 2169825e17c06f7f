//! The web server: every face mounted, the route table, the OpenAPI document, and the limits of a connection.

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{App, HttpResponse, HttpServer, middleware, web};
use nix::sys::socket::setsockopt;
use nix::sys::socket::sockopt::TcpUserTimeout;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, ResponseBuilder};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::accounts::Accounts;
use crate::batches::Batches;
use crate::catalogue::{Catalogue, Robots};
use crate::clock::Clock;
use crate::config::Settings;
use crate::db::Db;
use crate::desk::Desk;
use crate::error::{Error, Result};
use crate::http::{Gate, Mounts, Network, Public, Route, Site, answer_request, extractor_config, not_found, routes};
use crate::inspect::Inspection;
use crate::keys::Keys;
use crate::ledger::Ledger;
use crate::register::Register;
use crate::trace::Trace;
use crate::verify::Verifier;

/// A client that has not sent its request head by then is let go.
const REQUEST_HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is kept this long; phones ask once.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Running requests get this long to end when the server stops, seconds.
const SHUTDOWN_SECONDS: u64 = 10;
/// Sent data that is not taken for this long ends the connection, milliseconds (RFC 5482).
const MAX_UNREAD_MS: u32 = 15_000;
/// Open connections a worker, well below the usual limit of 1,024 open files.
const MAX_CONNECTIONS_PER_WORKER: usize = 400;

/// What the server answers with.
#[derive(Clone)]
pub struct Services {
    /// The database, for the rooms that only show what others keep.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Settings.
    pub settings: Settings,
    /// Keys.
    pub keys: Keys,
    /// The ledger.
    pub ledger: Ledger,
    /// People and programs.
    pub accounts: Accounts,
    /// The register.
    pub register: Register,
    /// Batches.
    pub batches: Batches,
    /// What happened to batches.
    pub trace: Trace,
    /// The answer to scans.
    pub verifier: Arc<Verifier<Option<Network>>>,
    /// Whether this is a demonstration.
    pub is_demo: bool,
}

routes! {
    GET "/healthz" => show_health: Public,
    GET "/readyz" => show_readiness: Public,
    GET "/api/openapi.json" => show_open_api: Public,
    GET "/api/docs" => redirect_to_docs: Public,
}

/// Every route of the server, for tests that walk them.
pub fn route_table() -> Vec<Route> {
    let faces = [
        ROUTES,
        crate::register::api::ROUTES,
        crate::register::producers::api::ROUTES,
        crate::register::producers::pages::ROUTES,
        crate::register::contacts::pages::ROUTES,
        crate::register::products::pages::ROUTES,
        crate::register::products::form_pages::ROUTES,
        crate::register::products::photo_pages::ROUTES,
        crate::register::certificates::api::ROUTES,
        crate::register::certificates::pages::ROUTES,
        crate::register::certificates::reminders_pages::ROUTES,
        crate::register::papers::api::ROUTES,
        crate::register::papers::pages::ROUTES,
        crate::register::export::api::ROUTES,
        crate::register::export::pages::ROUTES,
        crate::register::jobs::pages::ROUTES,
        crate::batches::api::ROUTES,
        crate::batches::pages::ROUTES,
        crate::batches::print_api::ROUTES,
        crate::batches::standing::api::ROUTES,
        crate::batches::voids::api::ROUTES,
        crate::ledger::api::ROUTES,
        crate::ledger::pages::ROUTES,
        crate::trace::api::ROUTES,
        crate::trace::pages::ROUTES,
        crate::trace::pages::photos::ROUTES,
        crate::trace::pages::public::ROUTES,
        crate::verify::api::ROUTES,
        crate::verify::pages::ROUTES,
        crate::catalogue::pages::ROUTES,
        crate::inspect::pages::ROUTES,
        crate::desk::pages::ROUTES,
        crate::http::static_files::ROUTES,
        crate::accounts::sessions::pages::ROUTES,
        crate::accounts::links::pages::ROUTES,
        crate::accounts::trail::pages::ROUTES,
        crate::accounts::tokens::pages::ROUTES,
        crate::accounts::people::pages::ROUTES,
    ];
    faces.concat()
}

/// The OpenAPI document of the whole service, made from the handlers.
pub fn whole_open_api() -> utoipa::openapi::OpenApi {
    let mut document = open_api();
    document.merge(crate::verify::pages::open_api());
    document.merge(crate::catalogue::pages::open_api());
    document.merge(crate::verify::api::open_api());
    document.merge(crate::register::api::open_api());
    document.merge(crate::ledger::api::open_api());
    document.merge(crate::ledger::pages::open_api());
    document.merge(crate::trace::api::open_api());
    document.merge(crate::trace::pages::photos::open_api());
    document.merge(crate::trace::pages::public::open_api());
    document.merge(crate::register::producers::api::open_api());
    document.merge(crate::register::certificates::api::open_api());
    document.merge(crate::register::papers::api::open_api());
    document.merge(crate::register::export::api::open_api());
    document.merge(crate::batches::api::open_api());
    document.merge(crate::batches::print_api::open_api());
    document.merge(crate::batches::standing::api::open_api());
    document.merge(crate::batches::voids::api::open_api());
    "Nguồn".clone_into(&mut document.info.title);
    document.info.description = Some("Tem truy xuất OCOP · electronic stamps for OCOP products".to_owned());
    let bearer = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
    document.components.get_or_insert_default().add_security_scheme("token", bearer);
    let operations =
        document.paths.paths.values_mut().flat_map(|item| [item.get.as_mut(), item.post.as_mut(), item.patch.as_mut()]);
    operations.flatten().filter(|operation| operation.security.is_some()).for_each(add_common_refusals);
    document
}

/// What every route behind a token may answer besides its own.
fn add_common_refusals(operation: &mut Operation) {
    let problem = || ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let refusals = [
        ("401", "No valid token"),
        ("403", "The token lacks the scope"),
        ("503", "The register is not reached; try again after Retry-After seconds"),
    ];
    for (status, description) in refusals {
        let response = ResponseBuilder::new().description(description).content("application/problem+json", problem());
        operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.build().into());
    }
}

fn mount_all(cfg: &mut web::ServiceConfig) {
    let mut mounts = Mounts::default();
    mount(&mut mounts);
    crate::register::api::mount(&mut mounts);
    crate::register::producers::api::mount(&mut mounts);
    crate::register::producers::pages::mount(&mut mounts);
    crate::register::contacts::pages::mount(&mut mounts);
    crate::register::products::pages::mount(&mut mounts);
    crate::register::products::form_pages::mount(&mut mounts);
    crate::register::products::photo_pages::mount(&mut mounts);
    crate::register::certificates::api::mount(&mut mounts);
    crate::register::certificates::pages::mount(&mut mounts);
    crate::register::certificates::reminders_pages::mount(&mut mounts);
    crate::register::papers::api::mount(&mut mounts);
    crate::register::papers::pages::mount(&mut mounts);
    crate::register::export::api::mount(&mut mounts);
    crate::register::export::pages::mount(&mut mounts);
    crate::register::jobs::pages::mount(&mut mounts);
    crate::batches::api::mount(&mut mounts);
    crate::batches::pages::mount(&mut mounts);
    crate::batches::print_api::mount(&mut mounts);
    crate::batches::standing::api::mount(&mut mounts);
    crate::batches::voids::api::mount(&mut mounts);
    crate::ledger::api::mount(&mut mounts);
    crate::ledger::pages::mount(&mut mounts);
    crate::trace::api::mount(&mut mounts);
    crate::trace::pages::mount(&mut mounts);
    crate::trace::pages::photos::mount(&mut mounts);
    crate::trace::pages::public::mount(&mut mounts);
    crate::verify::api::mount(&mut mounts);
    crate::verify::pages::mount(&mut mounts);
    crate::catalogue::pages::mount(&mut mounts);
    crate::inspect::pages::mount(&mut mounts);
    crate::desk::pages::mount(&mut mounts);
    crate::http::static_files::mount(&mut mounts);
    crate::accounts::sessions::pages::mount(&mut mounts);
    crate::accounts::links::pages::mount(&mut mounts);
    crate::accounts::trail::pages::mount(&mut mounts);
    crate::accounts::tokens::pages::mount(&mut mounts);
    crate::accounts::people::pages::mount(&mut mounts);
    extractor_config(cfg);
    cfg.service(SwaggerUi::new("/api/docs/{_:.*}").config(Config::new(["/api/openapi.json"])));
    mounts.configure(cfg);
}

/// A reader that takes nothing is cut off, or its answers would pile up in memory.
fn limit_unread(stream: &dyn Any) {
    if let Some(stream) = stream.downcast_ref::<actix_web::rt::net::TcpStream>()
        && let Err(err) = setsockopt(stream, TcpUserTimeout, &MAX_UNREAD_MS)
    {
        tracing::debug!(%err, "a connection without a limit for unread data");
    }
}

/// Starts answering on a listener that is already bound.
pub fn start(listener: TcpListener, services: Services) -> Result<Server> {
    let gate = web::Data::new(Gate(Arc::new(services.accounts.clone())));
    let verifier = web::Data::from(Arc::clone(&services.verifier));
    let catalogue = Catalogue::new(services.db.clone(), services.clock.clone(), services.is_demo);
    let inspection = Inspection::new(services.db.clone(), services.clock.clone(), Arc::clone(&services.verifier));
    let desk = Desk::new(services.db.clone(), services.clock.clone(), services.batches.clone());
    let robots = web::Data::new(Robots::new(&services.settings.identity.public_url, &route_table()));
    let description = web::Data::new(Description(whole_open_api().to_json().map_err(Error::internal)?));
    let server = HttpServer::new(move || {
        let Services { settings, keys, ledger, register, batches, trace, .. } = services.clone();
        App::new()
            .app_data(gate.clone())
            .app_data(verifier.clone())
            .app_data(description.clone())
            .app_data(robots.clone())
            .app_data(web::Data::new(catalogue.clone()))
            .app_data(web::Data::new(inspection.clone()))
            .app_data(web::Data::new(desk.clone()))
            .app_data(web::Data::new(Site { is_demo: services.is_demo, contact: settings.identity.contact.clone() }))
            .app_data(web::Data::new(settings.identity.public_url.clone()))
            .app_data(web::Data::new(settings.identity))
            .app_data(web::Data::new(settings.web))
            .app_data(web::Data::new(keys))
            .app_data(web::Data::new(ledger))
            .app_data(web::Data::new(services.accounts.clone()))
            .app_data(web::Data::new(register))
            .app_data(web::Data::new(batches))
            .app_data(web::Data::new(trace))
            .wrap(middleware::from_fn(answer_request))
            .configure(mount_all)
            .default_service(web::to(not_found))
    });
    let server = server
        .on_connect(|stream, _| limit_unread(stream))
        .client_request_timeout(REQUEST_HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .max_connections(MAX_CONNECTIONS_PER_WORKER)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)
        .map_err(Error::internal)?;
    Ok(server.run())
}

/// The OpenAPI document as text.
struct Description(String);

/// The process runs.
#[utoipa::path(get, path = "/healthz", tag = "service", responses((status = 200, description = "Alive")))]
async fn show_health(_: Public) -> HttpResponse {
    HttpResponse::Ok().body("ok\n")
}

/// The register answers, there is a key to sign with, and what was acknowledged is sealed.
#[utoipa::path(get, path = "/readyz", tag = "service", responses(
    (status = 200, description = "Ready"),
    (status = 503, description = "The register is not reached, there is no key, or the ledger waits or is halted", body = crate::http::Problem, content_type = "application/problem+json"),
))]
async fn show_readiness(_: Public, keys: web::Data<Keys>, ledger: web::Data<Ledger>) -> Result<HttpResponse> {
    keys.check_ready().await?;
    ledger.check_ready().await?;
    Ok(HttpResponse::Ok().body("ready\n"))
}

/// This document.
#[utoipa::path(get, path = "/api/openapi.json", tag = "service", responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
async fn show_open_api(_: Public, description: web::Data<Description>) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    response.content_type("application/json").insert_header((CACHE_CONTROL, "public, max-age=300"));
    response.body(description.0.clone())
}

/// The browsable form of this document.
#[utoipa::path(get, path = "/api/docs", tag = "service", responses((status = 308, description = "To /api/docs/")))]
async fn redirect_to_docs(_: Public) -> HttpResponse {
    HttpResponse::PermanentRedirect().insert_header((LOCATION, "/api/docs/")).finish()
}
