//! Opens the database a command works on: a given server, or the embedded one, started if nobody runs it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::{Handle, Runtime};

use crate::config::Storage;
use crate::db::Db;
use crate::db::cluster::{Cluster, ClusterConfig};
use crate::error::{Error, Result};

/// The database's name in the embedded cluster.
const DATABASE: &str = "nguon";
/// A given server may come up after us, as after a reboot.
const WAIT_FOR_SERVER: Duration = Duration::from_mins(1);
/// Between two tries to reach it.
const TRY_AGAIN: Duration = Duration::from_secs(1);
/// How often a server looks whether its private Postgres lives.
const LOOK_AFTER: Duration = Duration::from_secs(1);
/// Threads that move bytes between the pool and Postgres; one keeps up with more than two web workers ask.
const DRIVER_THREADS: usize = 1;

/// The database and what keeps it running.
pub(super) struct Ground {
    /// The pool.
    pub(super) db: Db,
    /// The connection URL, for `pg_dump`. Contains the password.
    pub(super) url: String,
    config: ClusterConfig,
    /// None for a given server.
    cluster: Mutex<Option<Cluster>>,
    _drivers: Drivers,
}

/// The runtime that moves the bytes. A runtime must not be dropped inside another one without this.
struct Drivers(Option<Runtime>);

impl Drivers {
    fn start() -> Result<(Self, Handle)> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(DRIVER_THREADS)
            .thread_name("postgres-driver")
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        let handle = runtime.handle().clone();
        Ok((Self(Some(runtime)), handle))
    }
}

impl Drop for Drivers {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl Ground {
    /// Opens what was set up before; never makes a database. `progress` gets a line for each slow step.
    pub(super) async fn open(storage: &Storage, progress: &(dyn Fn(&str) + Sync)) -> Result<Self> {
        let dir = &storage.data_dir;
        let is_there = dir.join("pg").exists() || dir.join("pg.location").exists();
        if storage.database_url.is_none() && !is_there {
            let dir = dir.display();
            return Err(Error::refused(
                "no-data-here",
                format!(
                    "Chưa có dữ liệu ở {dir}; xin đặt NGUON_DATA hoặc DATABASE_URL, hoặc thiết lập bằng: nguon init."
                ),
                format!("there is no data in {dir}; set NGUON_DATA or DATABASE_URL, or set up with: nguon init"),
            ));
        }
        Self::create(storage, progress).await
    }

    /// Opens it, and makes the private database first where there is none.
    pub(super) async fn create(storage: &Storage, progress: &(dyn Fn(&str) + Sync)) -> Result<Self> {
        let launcher = std::env::current_exe().map_err(Error::internal)?;
        let config = ClusterConfig { data_dir: storage.data_dir.clone(), launcher };
        let (drivers, handle) = Drivers::start()?;
        let (url, cluster) = match &storage.database_url {
            Some(url) => {
                make_data_dir(&storage.data_dir)?;
                wait_for_server(url, progress).await?;
                (url.clone(), None)
            }
            None => start_cluster(&config, progress).await?,
        };
        let db = Db::new(&url, handle)?;
        Ok(Self { db, url, config, cluster: Mutex::new(cluster), _drivers: drivers })
    }

    /// Where the private Postgres's own programs lie; none for a given server.
    pub(super) fn bin_dir(&self) -> Option<PathBuf> {
        self.lock().as_ref().map(|cluster| cluster.bin_dir().to_owned())
    }

    /// Watches the private Postgres and starts it again when it died. Returns only when that does not help.
    pub(super) async fn keep_postgres(&self) -> Error {
        loop {
            tokio::time::sleep(LOOK_AFTER).await;
            let is_gone = self.lock().as_ref().is_some_and(|cluster| !cluster.is_alive());
            if !is_gone {
                continue;
            }
            tracing::error!("the private Postgres died; starting it again");
            drop(self.lock().take());
            let config =
                ClusterConfig { data_dir: self.config.data_dir.clone(), launcher: self.config.launcher.clone() };
            let started = tokio::task::spawn_blocking(move || Cluster::start_or_attach(&config, &|_| {})).await;
            match started {
                Ok(Ok(cluster)) if cluster.url(DATABASE) == self.url => *self.lock() = Some(cluster),
                Ok(Ok(_)) => {
                    return Error::refused(
                        "postgres-moved",
                        "Postgres riêng đã chuyển sang cổng khác; xin khởi động lại nguon.",
                        "the private Postgres came back on another port; start nguon again",
                    );
                }
                Ok(Err(error)) => return error.into(),
                Err(error) => return error.into(),
            }
        }
    }

    /// Closes the pool, then stops Postgres if we started it.
    pub(super) fn close(self) -> Result<()> {
        drop(self.db);
        match self.cluster.into_inner().unwrap_or_else(PoisonError::into_inner) {
            Some(cluster) => Ok(cluster.stop()?),
            None => Ok(()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Cluster>> {
        self.cluster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn start_cluster(config: &ClusterConfig, progress: &(dyn Fn(&str) + Sync)) -> Result<(String, Option<Cluster>)> {
    let cluster = Cluster::start_or_attach(config, progress)?;
    let mut conn = AsyncPgConnection::establish(&cluster.url("postgres")).await?;
    let found = conn.batch_execute(&format!("CREATE DATABASE {DATABASE}")).await;
    match found {
        Err(err) if !err.to_string().contains("already exists") => return Err(err.into()),
        _ => {}
    }
    Ok((cluster.url(DATABASE), Some(cluster)))
}

async fn wait_for_server(url: &str, progress: &(dyn Fn(&str) + Sync)) -> Result<()> {
    let until = Instant::now() + WAIT_FOR_SERVER;
    let mut is_told = false;
    loop {
        match AsyncPgConnection::establish(url).await {
            Ok(_) => return Ok(()),
            Err(err) if until <= Instant::now() => return Err(err.into()),
            Err(err) => {
                if !is_told {
                    progress(&format!("Đang chờ Postgres / waiting for Postgres: {err}"));
                    is_told = true;
                }
                tokio::time::sleep(TRY_AGAIN).await;
            }
        }
    }
}

fn make_data_dir(dir: &Path) -> Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(Error::file(dir))
}
