//! Setting up a deployment. Every step may be repeated, so a set-up that broke off is finished by running it again.

use std::io::Write;
use std::path::{Path, PathBuf};

use crate::accounts::Accounts;
use crate::accounts::types::Scope;
use crate::batches::imported_batches;
use crate::clock::Clock;
use crate::config::{Mode, Storage, process_environment, read_issuer, read_storage};
use crate::db::{Db, migrate};
use crate::error::{Error, Result};
use crate::keys::types::Purpose;
use crate::keys::{Keys, Secret, imported_keys};
use crate::ledger::adopt;
use crate::register::{Register, imported_certificates};
use crate::stamp::Issuer;
use crate::trace::Trace;

use super::arguments::InitOptions;
use super::files::create_private;
use super::ground::Ground;

/// The file with the first office token, readable by its owner alone.
pub(super) const TOKEN_FILE: &str = "office.token";

/// `nguon init`.
pub(super) async fn init(options: InitOptions) -> Result<()> {
    let storage = read_storage(Mode::Service, &process_environment)?;
    let issuer = read_issuer(&process_environment)?;
    if issuer.as_str() == crate::config::DEMO_ISSUER {
        return Err(Error::refused(
            "demo-issuer",
            "demo.invalid chỉ dành cho bản trình diễn.",
            "demo.invalid belongs to the demo; choose your own issuer",
        ));
    }
    let ground = Ground::create(&storage, &|line| eprintln!("{line}")).await?;
    let outcome = init_on(&ground.db, &storage, &issuer, &options).await;
    ground.close()?;
    outcome
}

async fn init_on(db: &Db, storage: &Storage, issuer: &Issuer, options: &InitOptions) -> Result<()> {
    migrate_all(db).await?;
    if Register::new(db.clone(), Clock::system()).deployment().await?.is_some() {
        return if options.if_missing { Ok(()) } else { Err(already_initialised()) };
    }
    let token_file = set_up(db, storage, issuer, false, Clock::system()).await?;
    println!("Đã thiết lập cho {issuer} / set up for {issuer}", issuer = issuer.as_str());
    println!();
    println!("Chép một bản cất ở nơi khác / keep a copy off this machine:");
    println!(
        "  {}  – không có tệp này thì không ký được tem / without it no stamp can be signed",
        storage.secret_file.display()
    );
    println!("  {}  – số tem đã phát / serials handed out", storage.high_water_file.display());
    println!("  bản sao lưu / backups: nguon backup DIR");
    println!("Mã truy cập của văn phòng / office token: {}", token_file.display());
    Ok(())
}

fn already_initialised() -> Error {
    Error::refused(
        "already-initialised",
        "Đã thiết lập từ trước; không làm gì thêm.",
        "this deployment is already set up; nothing was changed",
    )
}

/// `nguon migrate`.
pub(super) async fn migrate_only() -> Result<()> {
    let storage = read_storage(Mode::Service, &process_environment)?;
    let ground = Ground::create(&storage, &|line| eprintln!("{line}")).await?;
    let outcome = migrate_all(&ground.db).await;
    ground.close()?;
    let done = outcome?;
    println!("Đã cập nhật {0} bước / {0} migrations applied", done.len());
    for name in done {
        println!("  {name}");
    }
    Ok(())
}

/// Migrates and writes the dated lists of this version.
pub(super) async fn migrate_all(db: &Db) -> Result<Vec<String>> {
    let done = migrate(db).await?;
    Register::new(db.clone(), Clock::system()).load_reference_lists().await?;
    Trace::load_stage_lists(db).await?;
    take_into_ledger(db).await?;
    Ok(done)
}

/// What is older than the ledger gets one entry each, once for ever.
async fn take_into_ledger(db: &Db) -> Result<()> {
    let now = Clock::system().now();
    adopt(db, now, async |conn| {
        let mut drafts = imported_keys(conn).await?;
        drafts.extend(imported_certificates(conn, now).await?);
        drafts.extend(imported_batches(conn).await?);
        Ok(drafts)
    })
    .await
}

/// Secret, keys, token, issuer: the issuer's row comes last, so it says that all the rest is there.
pub(super) async fn set_up(
    db: &Db,
    storage: &Storage,
    issuer: &Issuer,
    is_demo: bool,
    clock: Clock,
) -> Result<PathBuf> {
    let secret = if storage.secret_file.exists() {
        Secret::read(&storage.secret_file)?
    } else {
        Secret::create(&storage.secret_file)?
    };
    let keys = Keys::new(db.clone(), clock.clone(), secret, issuer.clone());
    let room = keys.reload().await?;
    for purpose in Purpose::ALL {
        if room.active(purpose, clock.now()).is_err() {
            keys.create(purpose).await?;
        }
    }
    let token_file = storage.data_dir.join(TOKEN_FILE);
    let accounts = Accounts::new(db.clone(), clock.clone());
    let token = accounts.create_token("office", None, &[Scope::Office, Scope::ScratchRead], None).await?;
    write_private(&token_file, token.token.reveal())?;
    println!("Mã truy cập số {0} (thu hồi: nguon token revoke {0}) / office token {0}", token.token_id.0);
    Register::new(db.clone(), clock).found_deployment(issuer, is_demo).await?;
    Ok(token_file)
}

fn write_private(path: &Path, text: &str) -> Result<()> {
    let mut file = create_private(path)?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(Error::file(path))
}
