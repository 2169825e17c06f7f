//! `nguon ledger`: the ledger's upkeep on the machine that keeps it, and a proof checked anywhere.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;

use crate::error::Result;

use super::house::with_house;
use super::ledger_verify::{LedgerVerifyOptions, verify};
use super::print_json;

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// Check a proof file offline: what the entry says, that the ledger has it, who witnessed it.
    #[command(
        after_help = "Examples:\n  nguon ledger verify 2041-4.tlog-proof --vkey @vkey\n  nguon ledger verify 2041-4.tlog-proof --vkey 'ocop.thainguyen.vn/ledger+1b2c…+AQ…' --policy witnesses --json\n\nExit code: 0 it holds, 1 it holds but too few witnesses of --policy cosigned, 2 wrong signature or another ledger, 4 the entry does\nnot match, 64 usage"
    )]
    Verify(LedgerVerifyOptions),
    /// Write the published ledger as files, for any web host or a USB stick; an older export is brought up to date.
    #[command(after_help = "Example:\n  nguon ledger export /mnt/usb/so-cai")]
    Export {
        /// The folder; made if it is not there.
        dir: PathBuf,
    },
    /// Say how far the ledger is, what waits, who witnessed it, and whether it is halted.
    #[command(after_help = "Example:\n  nguon ledger status --json")]
    Status {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Bring back entries that were published and are missing from a restored database, from an exported copy.
    #[command(
        after_help = "Example:\n  nguon ledger recover /mnt/usb/so-cai\n\nEvery entry is checked against the signed checkpoint of the copy before it is taken."
    )]
    Recover {
        /// A folder that `export` wrote, newer than the backup.
        dir: PathBuf,
    },
    /// Let a halted ledger go on, once the database agrees with everything that was published.
    #[command(after_help = "Examples:\n  nguon ledger resume\n  nguon ledger resume --without-mark")]
    Resume {
        /// The high-water file is lost, and this database is surely the newest: make the file anew from it. If anything newer was
        /// published, the ledger forks, and every auditor will see it.
        #[arg(long)]
        without_mark: bool,
    },
}

/// Runs a command.
pub(super) async fn run(command: LedgerCommand) -> Result<ExitCode> {
    match command {
        LedgerCommand::Verify(options) => return Ok(verify(&options)),
        LedgerCommand::Export { dir } => {
            let report = with_house(async |house| house.ledger.export(&dir).await).await?;
            println!(
                "{}: {1} mục, ghi mới {2} tệp, giữ nguyên {3} tệp / {1} entries, {2} files written, {3} kept",
                dir.display(),
                report.size,
                report.n_files_written,
                report.n_files_kept
            );
        }
        LedgerCommand::Status { json } => {
            let status = with_house(async |house| house.ledger.status().await).await?;
            if json {
                print_json(&status)?;
            } else {
                println!("{status}");
            }
        }
        LedgerCommand::Recover { dir } => {
            let report = with_house(async |house| house.ledger.recover(&dir).await).await?;
            println!("{report}");
        }
        LedgerCommand::Resume { without_mark } => {
            with_house(async |house| {
                if without_mark {
                    house.ledger.renew_mark().await?;
                }
                house.ledger.resume().await
            })
            .await?;
            println!("Sổ cái ghi tiếp được / the ledger goes on");
        }
    }
    Ok(ExitCode::SUCCESS)
}
