//! `nguon serve`: bind, open, check, answer, and stop cleanly. The demo runs through the same steps.

use std::net::TcpListener;
use std::sync::Arc;

use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Clock;
use crate::config::{Mode, Settings, Web, describe, process_environment, read};
use crate::error::{Error, Result};
use crate::verify::{Cards, Verifier};
use crate::witness::{collect, consult};

use super::ground::Ground;
use super::house::House;
use super::init::migrate_all;
use super::server::{Services, start};

/// Connections for scans alone: orders that wait for each other never keep a shopper waiting.
const SCAN_CONNECTIONS: usize = 2;

/// `nguon serve`.
pub(super) async fn serve() -> Result<()> {
    let settings = read(Mode::Service, &process_environment)?;
    for line in describe(&process_environment) {
        eprintln!("{line}");
    }
    let listener = bind(&settings.web)?;
    let ground = Ground::open(&settings.storage, &|line| tracing::info!("{line}")).await?;
    let outcome = serve_on(&ground, settings, listener).await;
    ground.close()?;
    outcome
}

async fn serve_on(ground: &Ground, settings: Settings, listener: TcpListener) -> Result<()> {
    if settings.storage.database_url.is_none() {
        migrate_all(&ground.db).await?;
    }
    let house = House::open(ground.db.clone(), &settings.storage, Clock::system()).await?;
    house.check_issuer(&settings.identity.issuer)?;
    let url = settings.identity.public_url.as_str().to_owned();
    run(ground, house, settings, listener, || {
        tracing::info!(public_url = url, "ready");
        Ok(())
    })
    .await
}

/// Takes the address before anything slow is started.
pub(super) fn bind(web: &Web) -> Result<TcpListener> {
    let address = web.http;
    let listener = TcpListener::bind(address).map_err(|err| {
        Error::refused(
            "address-in-use",
            format!("Không mở được địa chỉ {address}; có thể chương trình khác đang dùng cổng này, xin đặt NGUON_HTTP sang cổng khác."),
            format!("cannot listen on {address} ({err}); another program may use the port, set NGUON_HTTP to another one"),
        )
    })?;
    listener.set_nonblocking(true).map_err(Error::internal)?;
    Ok(listener)
}

/// Answers until a signal comes, then lets running requests end.
pub(super) async fn run(
    ground: &Ground,
    house: House,
    settings: Settings,
    listener: TcpListener,
    on_ready: impl FnOnce() -> Result<()>,
) -> Result<()> {
    house.reconcile_high_water().await?;
    house.ledger.open().await?;
    consult(&house.ledger).await?;
    let cards = Arc::new(Cards::new(house.db.apart(SCAN_CONNECTIONS)?, house.clock.clone()));
    let verifier =
        Arc::new(Verifier::new(house.clock.clone(), house.keys.clone(), house.issuer.clone(), Arc::clone(&cards)));
    let following = {
        let (cards, keys) = (Arc::clone(&cards), house.keys.clone());
        actix_web::rt::spawn(async move { cards.follow_changes(&keys).await })
    };
    let tidying = {
        let register = house.register.clone();
        actix_web::rt::spawn(async move { register.keep_imports_tidy().await })
    };
    let sealing = {
        let ledger = house.ledger.clone();
        actix_web::rt::spawn(async move { ledger.keep().await })
    };
    let collecting = {
        let ledger = house.ledger.clone();
        actix_web::rt::spawn(async move {
            if let Err(error) = collect(&ledger).await {
                tracing::error!(error.code = error.code(), ?error, "witnesses are not asked for cosignatures");
            }
        })
    };
    let House { db, clock, keys, ledger, accounts, register, batches, trace, is_demo, .. } = house;
    let services =
        Services { db, clock, settings, keys, ledger, accounts, register, batches, trace, verifier, is_demo };
    let server = start(listener, services)?;
    let handle = server.handle();
    let running = actix_web::rt::spawn(server);
    on_ready()?;
    let outcome = tokio::select! {
        name = wait_for_signal() => name.map(|name| tracing::info!(signal = name, "stopping")),
        error = ground.keep_postgres() => Err(error),
    };
    handle.stop(true).await;
    following.abort();
    tidying.abort();
    sealing.abort();
    collecting.abort();
    running.await?.map_err(Error::internal)?;
    outcome
}

/// Ctrl-C, the system's stop, or a closed terminal.
async fn wait_for_signal() -> Result<&'static str> {
    let open = |kind| signal(kind).map_err(Error::internal);
    let (mut interrupt, mut terminate, mut hang_up) =
        (open(SignalKind::interrupt())?, open(SignalKind::terminate())?, open(SignalKind::hangup())?);
    Ok(tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
        _ = hang_up.recv() => "SIGHUP",
    })
}
