//! The commands. Each reads its settings, opens what it needs, calls services, prints, and ends with a code.
//! The roof of the house: it may know everything, and nothing knows it.

mod accounts;
mod arguments;
mod audit;
mod audit_faults;
mod audit_json;
mod audit_rows;
mod audit_words;
mod backup;
mod batches;
mod demo;
mod demo_data;
mod demo_history;
mod demo_people;
mod demo_telling;
mod files;
mod ground;
mod health;
mod house;
mod init;
mod keys;
mod ledger;
mod ledger_facts;
mod ledger_verify;
mod ledger_words;
mod register;
mod serve;
pub mod server;
mod telling;
mod tokens;
mod verifier_keys;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::Parser;

use crate::error::{Error, Result};

use arguments::{Arguments, Command};

/// A wrong command line, or something in it that cannot be used.
const USAGE: u8 = 2;
/// The same where 2 means a fork (EX_USAGE of sysexits.h).
const USAGE_OF_LEDGER: u8 = 64;
/// Commands whose exit codes say how a ledger stands.
const LEDGER_COMMANDS: [&str; 3] = ["audit", "ledger", "witness"];

/// Parses the command line and runs the command. Exit codes: 0 done, 1 refused or failed, 2 usage; `verify` has 3 as well, and
/// `audit`, `ledger` and `witness` have their own.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return tell_usage(&error),
    };
    crate::telemetry::start();
    let outcome = actix_web::rt::System::new().block_on(dispatch(arguments.command));
    outcome.unwrap_or_else(|error| {
        tell(&error);
        ExitCode::FAILURE
    })
}

/// Help and version are no mistakes; everything else is.
fn tell_usage(error: &clap::Error) -> ExitCode {
    let told = error.print();
    if told.is_ok() && !error.use_stderr() {
        return ExitCode::SUCCESS;
    }
    let is_of_ledger = std::env::args().nth(1).is_some_and(|name| LEDGER_COMMANDS.contains(&name.as_str()));
    ExitCode::from(if is_of_ledger { USAGE_OF_LEDGER } else { USAGE })
}

async fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Serve => serve::serve().await?,
        Command::Demo => demo::demo().await?,
        Command::Init(options) => init::init(options).await?,
        Command::Migrate => init::migrate_only().await?,
        Command::Backup { dir } => backup::backup(&dir).await?,
        Command::Restore { dir } => backup::restore(&dir).await?,
        Command::Keys { command } => keys::run(command).await?,
        Command::Ledger { command } => return ledger::run(command).await,
        Command::Audit(options) => return Ok(audit::audit(options).await),
        Command::Witness { command } => return witness::run(command).await,
        Command::Register { command } => register::run(command).await?,
        Command::Batch { command } => batches::run(command).await?,
        Command::Mint(options) => batches::mint(options).await?,
        Command::Label(options) => batches::label(options).await?,
        Command::Verify(options) => return verify::verify(options).await,
        Command::Token { command } => tokens::run(command).await?,
        Command::Account { command } => accounts::run(command).await?,
        Command::Health { url } => return Ok(health::health(url.as_deref())),
    }
    Ok(ExitCode::SUCCESS)
}

/// Says an error in both languages; the cause goes to the log.
fn tell(error: &Error) {
    tracing::debug!(error.code = error.code(), error.cause = ?error, "command failed");
    let (vi, en) = (error.vi(), error.to_string());
    if vi == en {
        eprintln!("{vi}");
    } else {
        eprintln!("Lỗi: {vi}\nError: {en}");
    }
    if let Error::Internal(cause) | Error::Unavailable(cause) = error {
        eprintln!("({cause})");
    }
}

/// Prints a value as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<()> {
    println!("{}", serde_json::to_string_pretty(value).map_err(Error::internal)?);
    Ok(())
}
