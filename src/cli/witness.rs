//! `nguon witness`: what a newspaper or an association runs to vouch that a ledger only grew. It needs no database and no deployment.

use std::fs::File;
use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use chrono::DateTime;
use clap::{Args, Subcommand};

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::http::Language;
use crate::merkle::{KeyName, TreeHead, VerifierKey};
use crate::monitor::{Fork, Outcome, Source, Trust};
use crate::witness::{
    Counter, KnownLog, PullOutcome, Pulled, StateFolder, Witness, deliver, pull, start, takes_cosignatures,
};

use super::USAGE_OF_LEDGER;
use super::telling::time;
use super::verifier_keys::read_verifier_key;

#[derive(Subcommand)]
pub(super) enum WitnessCommand {
    /// Make a witness's folder with a key of its own; prints the key that the office puts into its policy file.
    #[command(after_help = "Example:\n  nguon witness init --name baothainguyen.example/witness --state lam-chung")]
    Init {
        /// The witness's name in its signatures: an address of yours without https://, for example baothainguyen.example/witness.
        #[arg(long)]
        name: String,
        /// The folder to make. It must never be copied back from an older state, nor used on two machines.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
    },
    /// Look at a ledger once, check that it only grew since the last time, and cosign it. For cron or a task scheduler.
    #[command(
        after_help = "Examples:\n  nguon witness pull https://ocop.thainguyen.vn --state lam-chung --vkey @vkey\n  */15 * * * *  nguon witness pull https://ocop.thainguyen.vn --state /home/bao/lam-chung\n  nguon witness pull /mnt/usb/so-cai --state lam-chung --out /mnt/usb/cosigned\n\nExit code: 0 cosigned and delivered, 1 the ledger cannot be read, or did not take the cosignature (the next run sends it again),\nor the folder cannot be used, 2 fork (the evidence is in the folder), 3 rollback, 4 not signed by the ledger or not adding up,\n64 usage"
    )]
    Pull(PullOptions),
    /// Answer add-checkpoint requests of ledgers (C2SP tlog-witness v1.0.0) until Ctrl-C or SIGTERM.
    #[command(
        after_help = "Example:\n  nguon witness serve --state lam-chung --listen 127.0.0.1:8090 --log 'ocop.thainguyen.vn/ledger+1b2c…+AQ…'\n\nPut a web server with a certificate before it."
    )]
    Serve {
        /// The folder that `init` made.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
        /// Address and port.
        #[arg(long, default_value = "127.0.0.1:8090", value_name = "ADDRESS:PORT")]
        listen: SocketAddr,
        /// Verifier key of a ledger, or @FILE; may be given more than once.
        #[arg(long = "log", required = true, value_name = "KEY|@FILE")]
        logs: Vec<String>,
    },
}

#[derive(Args)]
pub(super) struct PullOptions {
    /// The ledger: an address, or a folder as `nguon ledger export` writes it.
    source: String,
    /// The folder that `init` made.
    #[arg(long, value_name = "DIR")]
    state: PathBuf,
    /// The ledger's verifier key, or @FILE. Without it the one remembered here counts; the very first time the one that the ledger
    /// gives for itself.
    #[arg(long, value_name = "KEY|@FILE")]
    vkey: Option<String>,
    /// Write the cosigned checkpoint to a file instead of sending it.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Runs a command.
pub(super) async fn run(command: WitnessCommand) -> Result<ExitCode> {
    match command {
        WitnessCommand::Init { name, state } => init(&name, &state),
        WitnessCommand::Pull(options) => Ok(pull_once(&options).await),
        WitnessCommand::Serve { state, listen, logs } => serve(&state, listen, &logs).await,
    }
}

fn init(name: &str, state: &Path) -> Result<ExitCode> {
    let Some(name) = KeyName::parse(name).ok().filter(|name| !name.as_str().contains("://")) else {
        let error = Error::invalid(
            "name",
            "Tên không được trống, không có dấu cách, dấu cộng và https://; ví dụ baothainguyen.example/witness.",
            "a name is not empty and has no spaces, no plus signs and no https://; for example baothainguyen.example/witness",
        );
        super::tell(&error);
        return Ok(ExitCode::from(USAGE_OF_LEDGER));
    };
    let key = StateFolder::new(state).create(name)?;
    println!("{key}");
    eprintln!(
        "Khóa nằm trong {0}. Xin gửi dòng trên cho văn phòng OCOP; đừng đưa thư mục cho ai.\n\
         The key lies in {0}. Send the line above to the OCOP office; give the folder to nobody.",
        state.display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn serve(state: &Path, listen: SocketAddr, logs: &[String]) -> Result<ExitCode> {
    let logs = logs.iter().map(|log| read_verifier_key(log)).collect::<Result<Vec<_>>>().and_then(KnownLog::all);
    let logs = match logs {
        Ok(logs) => logs,
        Err(error) => {
            super::tell(&error);
            return Ok(ExitCode::from(USAGE_OF_LEDGER));
        }
    };
    let witness = Witness::open(state, Clock::system())?;
    let listener = TcpListener::bind(listen).map_err(|err| {
        Error::refused(
            "address-in-use",
            format!("Không mở được địa chỉ {listen}; xin chọn cổng khác bằng --listen."),
            format!("cannot listen on {listen} ({err}); choose another port with --listen"),
        )
    })?;
    let address = listener.local_addr().map_err(Error::internal)?;
    let key = witness.verifier().clone();
    let server = start(listener, Counter::open(witness, logs)?)?;
    println!("http://{address}  {key}");
    server.await.map_err(Error::internal)?;
    Ok(ExitCode::SUCCESS)
}

async fn pull_once(options: &PullOptions) -> ExitCode {
    let (source, key) = match check_usage(options) {
        Ok(checked) => checked,
        Err(error) => return failed(&error, USAGE_OF_LEDGER),
    };
    let witness = match Witness::open(&options.state, Clock::system()) {
        Ok(witness) => witness,
        Err(error) => return failed(&error, Outcome::Unreachable.exit_code()),
    };
    let pulled = match pull(&witness, &source, key).await {
        Ok(pulled) => pulled,
        Err(error @ Error::Invalid { .. }) => return failed(&error, USAGE_OF_LEDGER),
        Err(error) => return failed(&error, Outcome::Unreachable.exit_code()),
    };
    tell_trust(&pulled);
    conclude(&witness, &pulled, options).await.unwrap_or_else(|error| failed(&error, Outcome::Unreachable.exit_code()))
}

fn check_usage(options: &PullOptions) -> Result<(Source, Option<VerifierKey>)> {
    let source = Source::parse(&options.source)?;
    let key = options.vkey.as_deref().map(read_verifier_key).transpose()?;
    if options.out.is_none() && !takes_cosignatures(&source) {
        return Err(Error::invalid(
            "out",
            "Sổ cái nằm trong một thư mục nên không gửi đi đâu được; xin thêm --out TỆP.",
            "a folder takes no cosignatures; add --out FILE",
        ));
    }
    Ok((source, key))
}

/// The code that `nguon audit` ends with.
fn exit_as(outcome: Outcome) -> ExitCode {
    ExitCode::from(outcome.exit_code())
}

fn failed(error: &Error, code: u8) -> ExitCode {
    super::tell(error);
    ExitCode::from(code)
}

fn tell_trust(pulled: &Pulled) {
    if let Some((key, Trust::FirstUse)) = &pulled.key {
        eprintln!(
            "LẦN ĐẦU: khóa sau đây do chính sổ cái đưa ra và được nhớ từ nay. Xin đối chiếu với khóa mà văn phòng đã in hoặc đọc qua điện thoại.\n\
             FIRST USE: the ledger gave this key for itself, and it is remembered from now on. Compare it with the one that the office printed.\n  {key}"
        );
    }
}

async fn conclude(witness: &Witness, pulled: &Pulled, options: &PullOptions) -> Result<ExitCode> {
    match &pulled.outcome {
        PullOutcome::Cosigned(cosigned) => {
            let head = cosigned.checkpoint.head();
            match &options.out {
                Some(file) => write_file(file, &cosigned.checkpoint.to_string())?,
                None => deliver(&pulled.source, &cosigned.checkpoint).await?,
            }
            let at = i64::try_from(cosigned.time).ok().and_then(|time| DateTime::from_timestamp(time, 0));
            let at = at.map(|at| time(at, Language::Vi)).unwrap_or_default();
            println!(
                "Đã ký làm chứng: {0} có {1} mục, lúc {at}.\nCosigned: {0} with {1} entries.",
                cosigned.checkpoint.origin(),
                head.size
            );
            Ok(ExitCode::SUCCESS)
        }
        PullOutcome::Unreachable(fault) => {
            eprintln!("Không đọc được sổ cái: {}.\nThe ledger cannot be read: {fault}", fault.vi());
            Ok(exit_as(Outcome::Unreachable))
        }
        PullOutcome::Fork(fork) => {
            let file = witness.state().keep_evidence(fork)?;
            tell_fork(fork, &file);
            Ok(exit_as(Outcome::Fork))
        }
        PullOutcome::Rollback { held, shown } => {
            tell_rollback(held, shown);
            Ok(exit_as(Outcome::Rollback))
        }
        PullOutcome::Mismatch(reason) => {
            eprintln!(
                "KHÔNG KÝ: những gì sổ cái đưa ra không khớp với chữ ký hoặc khóa của nó.\n\
                 NOT COSIGNED: what the ledger shows does not fit its signature or its key ({reason})."
            );
            Ok(exit_as(Outcome::Mismatch))
        }
    }
}

fn tell_fork(fork: &Fork, file: &Path) {
    eprintln!(
        "SỔ CÁI TÁCH NHÁNH: khóa {0} đã ký hai điểm chốt không thể cùng đúng ({1} và {2} mục). KHÔNG KÝ. Bằng chứng: {3}; xin giữ kỹ và báo cho các bên.\n\
         FORK: the key {0} signed two checkpoints that cannot both be true ({1} and {2} entries). NOT COSIGNED. Evidence: {3}; keep it and tell the others.",
        fork.log().name(),
        fork.first().head().size,
        fork.second().head().size,
        file.display()
    );
}

fn tell_rollback(held: &TreeHead, shown: &TreeHead) {
    eprintln!(
        "SỔ CÁI LÙI LẠI: lần trước đã ký {0} mục, bây giờ chỉ còn {1}. KHÔNG KÝ. Có thể máy chủ vừa khôi phục bản cũ, hoặc đưa ra bản lưu tạm; xin hỏi văn phòng.\n\
         ROLLBACK: {0} entries were cosigned, and now {1} are shown. NOT COSIGNED. The server may have restored an old backup, or show a cached copy; ask the office.",
        held.size, shown.size
    );
}

fn write_file(file: &Path, note: &str) -> Result<()> {
    let write = || {
        let mut out = File::create(file)?;
        out.write_all(note.as_bytes())?;
        out.sync_all()
    };
    write().map_err(Error::file(file))
}
