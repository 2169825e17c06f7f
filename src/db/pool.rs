//! The database pool. Its socket drivers run on their own runtime, so a busy web worker never stalls a connection
//! that another worker is using. It opens no transaction and knows no table.

use std::time::Duration;

use deadpool::Runtime;
use diesel::ConnectionError;
use diesel_async::pooled_connection::deadpool::{Object, Pool};
use diesel_async::pooled_connection::{AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use tokio::runtime::Handle;

use crate::error::{Error, Result};

/// How long a request waits for a free connection before it says that the register cannot be reached.
const WAIT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long opening a connection may take.
const CREATE_TIMEOUT: Duration = Duration::from_secs(5);
/// One statement, milliseconds: an abandoned query would keep running on the server.
const STATEMENT_TIMEOUT_MS: u32 = 10_000;
/// Waiting for a lock, milliseconds: longer than any use case holds one but a large import, during which others are told to try
/// again.
const LOCK_TIMEOUT_MS: u32 = 5_000;
/// A transaction left open by a lost client, milliseconds.
const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 10_000;
/// Reaching the server, seconds.
const CONNECT_TIMEOUT_S: u32 = 5;
/// A server that stopped answering on the wire, milliseconds.
const TCP_USER_TIMEOUT_MS: u32 = 10_000;
/// Connections of one process; more gains nothing on the machines this runs on.
const POOL_SIZE: usize = 8;

/// Connections to one database.
#[derive(Clone)]
pub struct Db {
    pool: Pool<AsyncPgConnection>,
    url: String,
    drivers: Handle,
}

impl Db {
    /// Prepares a pool; nothing is connected yet. `drivers` is the runtime that moves the bytes.
    pub fn new(url: &str, drivers: Handle) -> Result<Self> {
        Self::build(with_timeouts(url), drivers, POOL_SIZE)
    }

    /// The same database through connections of its own, so that one kind of work never waits for another's.
    pub fn apart(&self, n_connections: usize) -> Result<Self> {
        Self::build(self.url.clone(), self.drivers.clone(), n_connections)
    }

    fn build(url: String, drivers: Handle, n_connections: usize) -> Result<Self> {
        let mut config = ManagerConfig::default();
        config.recycling_method = RecyclingMethod::Fast;
        let handle = drivers.clone();
        config.custom_setup = Box::new(move |url| Box::pin(establish(url.to_owned(), handle.clone())));
        let pool = Pool::builder(AsyncDieselConnectionManager::new_with_config(url.clone(), config))
            .runtime(Runtime::Tokio1)
            .max_size(n_connections)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(CREATE_TIMEOUT))
            .build()
            .map_err(Error::internal)?;
        Ok(Self { pool, url, drivers })
    }

    /// A connection for one use case.
    pub async fn conn(&self) -> Result<Object<AsyncPgConnection>> {
        Ok(self.pool.get().await?)
    }

    /// A connection outside the pool, for listening or migrating.
    pub async fn dedicated(&self) -> Result<AsyncPgConnection> {
        Ok(establish(self.url.clone(), self.drivers.clone()).await?)
    }
}

async fn establish(url: String, drivers: Handle) -> Result<AsyncPgConnection, ConnectionError> {
    let connecting = drivers.spawn(async move { AsyncPgConnection::establish(&url).await });
    connecting.await.map_err(|err| ConnectionError::BadConnection(err.to_string()))?
}

/// Timeouts go into the URL, so that every connection has them from its first statement on.
fn with_timeouts(url: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!(
        "{url}{separator}application_name=nguon&connect_timeout={CONNECT_TIMEOUT_S}&tcp_user_timeout={TCP_USER_TIMEOUT_MS}\
         &options=-c%20statement_timeout%3D{STATEMENT_TIMEOUT_MS}%20-c%20lock_timeout%3D{LOCK_TIMEOUT_MS}\
         %20-c%20idle_in_transaction_session_timeout%3D{IDLE_IN_TRANSACTION_TIMEOUT_MS}"
    )
}
