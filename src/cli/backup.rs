//! `nguon backup` and `nguon restore`: database, secret, high-water file and the files of events, in one folder, by Postgres's own
//! tools.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use futures_util::StreamExt;

use crate::batches::HighWater;
use crate::clock::Clock;
use crate::config::{Mode, Storage, process_environment, read_storage};
use crate::db::is_empty;
use crate::error::{Error, Result};
use crate::files::{FileStore, copy_all};
use crate::ledger::LedgerMarks;

use super::ground::Ground;
use super::house::House;

const DUMP: &str = "database.dump";
const SECRET: &str = "secret";
const HIGH_WATER: &str = "high-water";
/// Not in backups that are older than the ledger.
const LEDGER_HIGH_WATER: &str = "ledger-high-water";
const FILES: &str = "files";

/// `nguon backup DIR`.
pub(super) async fn backup(dir: &Path) -> Result<()> {
    let storage = read_storage(Mode::Service, &process_environment)?;
    let ground = Ground::open(&storage, &|line| eprintln!("{line}")).await?;
    let outcome = backup_from(&ground, &storage, dir).await;
    ground.close()?;
    outcome?;
    // After the dump: every file that it names is there by now.
    let n_damaged = backup_files(&storage, dir).await?;
    println!("Đã sao lưu vào / saved in {}", dir.display());
    println!("Thư mục này chứa khóa ký tem: cất nơi an toàn / it holds the signing keys: keep it safe");
    if n_damaged == 0 {
        return Ok(());
    }
    Err(Error::refused(
        "files-damaged",
        format!(
            "Đã sao lưu xong, trừ {n_damaged} tệp ảnh bị hỏng nêu trong nhật ký; xin chép lại các tệp đó từ bản sao lưu cũ."
        ),
        format!(
            "the backup is complete but for {n_damaged} damaged files named in the log; copy them back from an older backup"
        ),
    ))
}

/// Copies the files of events, unless they lie in object storage, which is backed up by itself. Tells how many are damaged.
async fn backup_files(storage: &Storage, dir: &Path) -> Result<usize> {
    let files = FileStore::open(&storage.files)?;
    if !files.is_folder() {
        println!(
            "Ảnh nằm trong kho đối tượng, không có trong bản sao lưu này / photos lie in object storage, not in this backup"
        );
        return Ok(0);
    }
    if files.hashes().next().await.is_none() {
        return Ok(0);
    }
    let copied = copy_all(&files, &FileStore::in_folder(&dir.join(FILES))?).await?;
    Ok(copied.damaged.len())
}

/// Brings the files of events back, wherever this deployment keeps them. Backups without photos hold no folder of them.
async fn restore_files(storage: &Storage, dir: &Path) -> Result<()> {
    let saved = dir.join(FILES);
    if !saved.is_dir() {
        return Ok(());
    }
    let copied = copy_all(&FileStore::in_folder(&saved)?, &FileStore::open(&storage.files)?).await?;
    if copied.damaged.is_empty() {
        return Ok(());
    }
    let n_damaged = copied.damaged.len();
    Err(Error::refused(
        "files-damaged",
        format!(
            "Bản sao lưu có {n_damaged} tệp ảnh bị hỏng, nêu trong nhật ký; xin chép lại các tệp đó từ bản sao lưu khác, hoặc xóa đi để khôi phục phần còn lại."
        ),
        format!(
            "{n_damaged} files of the backup are damaged, named in the log; copy them from another backup, or remove them to restore the rest"
        ),
    ))
}

async fn backup_from(ground: &Ground, storage: &Storage, dir: &Path) -> Result<()> {
    // The deployment must open with this secret, or the backup would be worth nothing.
    House::open(ground.db.clone(), storage, Clock::system()).await?;
    DirBuilder::new().mode(0o700).create(dir).map_err(|err| match err.kind() {
        std::io::ErrorKind::AlreadyExists => Error::refused(
            "backup-exists",
            format!("{} đã có; xin chọn thư mục mới.", dir.display()),
            format!("{} exists; name a new folder", dir.display()),
        ),
        _ => Error::file(dir)(err),
    })?;
    // Before the dump: the database then holds every checkpoint of the file, and perhaps more.
    if storage.ledger_high_water_file.exists() {
        copy_private(&storage.ledger_high_water_file, &dir.join(LEDGER_HIGH_WATER))?;
    }
    let dump = dir.join(DUMP);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&dump).map_err(Error::file(&dump))?;
    let mut command = postgres_tool(ground, "pg_dump")?;
    run(command.args(["--format=custom", "--no-owner", "--no-privileges"]).stdout(file), "pg_dump")?;
    copy_private(&storage.secret_file, &dir.join(SECRET))?;
    // After the dump: the file may then be ahead of it, never behind.
    copy_private(&storage.high_water_file, &dir.join(HIGH_WATER))?;
    sync(dir)
}

/// `nguon restore DIR`.
pub(super) async fn restore(dir: &Path) -> Result<()> {
    for name in [DUMP, SECRET, HIGH_WATER] {
        let path = dir.join(name);
        if !path.is_file() {
            return Err(Error::refused(
                "not-a-backup",
                format!("Thiếu tệp {}; đây không phải bản sao lưu trọn vẹn.", path.display()),
                format!("{} is missing; this is no whole backup", path.display()),
            ));
        }
    }
    let storage = read_storage(Mode::Service, &process_environment)?;
    check_secret(&storage, dir)?;
    let ground = Ground::create(&storage, &|line| eprintln!("{line}")).await?;
    let outcome = restore_into(&ground, &storage, dir).await;
    ground.close()?;
    outcome?;
    println!("Đã khôi phục từ / restored from {}", dir.display());
    Ok(())
}

async fn restore_into(ground: &Ground, storage: &Storage, dir: &Path) -> Result<()> {
    if !is_empty(&ground.db).await? {
        return Err(Error::refused(
            "database-not-empty",
            "Cơ sở dữ liệu này đã có dữ liệu; chỉ khôi phục vào cơ sở dữ liệu trống.",
            "this database is in use; restore into an empty one only",
        ));
    }
    // Before the database: were we stopped between the two, it would be in use and its files never brought back.
    restore_files(storage, dir).await?;
    let mut command = postgres_tool(ground, "pg_restore")?;
    command.args(["--exit-on-error", "--single-transaction", "--no-owner", "--no-privileges"]);
    run(command.arg(dir.join(DUMP)), "pg_restore")?;
    if !storage.secret_file.exists() {
        copy_private(&dir.join(SECRET), &storage.secret_file)?;
    }
    // What this machine remembers stays: it may know of serials handed out after the backup.
    HighWater::open(&storage.high_water_file)?.take_over(&dir.join(HIGH_WATER))?;
    // A file that is here already may know of checkpoints published after the backup: the ledger then refuses to go on.
    let saved_marks = dir.join(LEDGER_HIGH_WATER);
    if saved_marks.exists() {
        LedgerMarks::open(&storage.ledger_high_water_file)?.take_over(&saved_marks)?;
    }
    super::init::migrate_all(&ground.db).await?;
    let house = House::open(ground.db.clone(), storage, Clock::system()).await?;
    house.reconcile_high_water().await
}

/// Another secret on this machine belongs to another database: it is never overwritten.
fn check_secret(storage: &Storage, dir: &Path) -> Result<()> {
    let (here, saved) = (&storage.secret_file, dir.join(SECRET));
    if !here.exists() {
        return Ok(());
    }
    let read = |path: &Path| std::fs::read(path).map_err(Error::file(path));
    if read(here)? == read(&saved)? {
        return Ok(());
    }
    Err(Error::refused(
        "secret-differs",
        format!("{} khác với tệp bí mật trong bản sao lưu; xin dời tệp đó đi trước.", here.display()),
        format!("{} differs from the backup's secret; move it away first", here.display()),
    ))
}

fn copy_private(from: &Path, to: &Path) -> Result<()> {
    let bytes = std::fs::read(from).map_err(Error::file(from))?;
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to)?;
        file.write_all(&bytes)?;
        file.sync_all()
    };
    write().map_err(Error::file(to))
}

fn sync(dir: &Path) -> Result<()> {
    std::fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(Error::file(dir))
}

/// One of Postgres's programs, connected. The password goes by the environment: arguments are for everyone to see.
fn postgres_tool(ground: &Ground, name: &str) -> Result<Command> {
    let program = ground.bin_dir().map_or_else(|| PathBuf::from(name), |dir| dir.join(name));
    let mut url = url::Url::parse(&ground.url).map_err(Error::internal)?;
    let password = url.password().unwrap_or_default().to_owned();
    url.set_password(None).map_err(|()| Error::internal("a database URL without a host"))?;
    let mut command = Command::new(program);
    command.env("PGPASSWORD", password).arg("--dbname").arg(url.as_str());
    Ok(command)
}

fn run(command: &mut Command, name: &str) -> Result<()> {
    let status = command.status().map_err(|err| {
        Error::refused(
            "postgres-tools-missing",
            format!("Không chạy được {name}; xin cài gói postgresql-client."),
            format!("{name} cannot be run ({err}); install the package postgresql-client"),
        )
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Error::refused(
        "postgres-tool-failed",
        format!("{name} báo lỗi ({status})."),
        format!("{name} failed ({status}); see its message above"),
    ))
}
