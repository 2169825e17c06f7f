//! Starts Postgres's launcher when called as such, otherwise the command line.

use std::process::ExitCode;

use nguon::db::cluster::{LAUNCH_COMMAND, run_launcher};

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_some_and(|first| first == LAUNCH_COMMAND) {
        let Err(error) = run_launcher(&arguments.collect::<Vec<_>>());
        eprintln!("{error}");
        return ExitCode::FAILURE;
    }
    nguon::cli::run()
}
