//! Opens the database a command works on: a given server, or the embedded one, started if nobody runs it.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::time::{Duration, Instant};

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tokio::runtime::Runtime;

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
/// Threads that move bytes between the pool and Postgres; one keeps up with more than two web workers ask.
const DRIVER_THREADS: usize = 1;

/// The database and what keeps it running.
pub(super) struct Ground {
    /// The pool.
    pub(super) db: Db,
    /// The connection URL, for `pg_dump`. Contains the password.
    pub(super) url: String,
    cluster: Option<Cluster>,
    drivers: Runtime,
}

impl Ground {
    /// Opens it; `progress` gets a line for each slow step.
    pub(super) async fn open(storage: &Storage, progress: &(dyn Fn(&str) + Sync)) -> Result<Self> {
        let drivers = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(DRIVER_THREADS)
            .thread_name("postgres-driver")
            .enable_all()
            .build()
            .map_err(Error::internal)?;
        let (url, cluster) = match &storage.database_url {
            Some(url) => {
                make_data_dir(&storage.data_dir)?;
                wait_for_server(url, progress).await?;
                (url.clone(), None)
            }
            None => start_cluster(storage, progress).await?,
        };
        Ok(Self {
            db: Db::new(&url, drivers.handle().clone())?,
            url,
            cluster,
            drivers,
        })
    }

    /// Where the private Postgres's own programs lie; none for a given server.
    pub(super) fn bin_dir(&self) -> Option<&Path> {
        self.cluster.as_ref().map(Cluster::bin_dir)
    }

    /// Closes the pool, then stops Postgres if we started it.
    pub(super) fn close(self) -> Result<()> {
        drop(self.db);
        self.drivers.shutdown_background();
        match self.cluster {
            Some(cluster) => Ok(cluster.stop()?),
            None => Ok(()),
        }
    }
}

async fn start_cluster(storage: &Storage, progress: &(dyn Fn(&str) + Sync)) -> Result<(String, Option<Cluster>)> {
    let launcher = std::env::current_exe().map_err(Error::internal)?;
    let config = ClusterConfig {
        data_dir: storage.data_dir.clone(),
        launcher,
    };
    let cluster = Cluster::start_or_attach(&config, progress)?;
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
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(Error::file(dir))
}
