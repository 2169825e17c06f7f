//! Starts logging: one line an event on standard error, JSON in service, plain text at a terminal.
//! What may be logged is decided where the event is; never a stamp's digits, a code, a token or an address.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// What is logged when `RUST_LOG` says nothing. What the web library says of malformed requests is anyone's to write and would
/// drown real alarms.
const DEFAULT_FILTER: &str = "info,actix_http=off,nguon=info";

/// Call once, before anything logs.
pub fn start() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(DEFAULT_FILTER));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if std::io::stderr().is_terminal() {
        builder.compact().try_init()
    } else {
        builder.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
    };
    if started.is_err() {
        tracing::debug!("logging was already started");
    }
}
