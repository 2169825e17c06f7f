//! The accounts of one deployment: one handle for all their use cases, which stand in the folders beside this file.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::clock::Clock;
use crate::db::Db;
use crate::error::Result;
use crate::http::Authenticate;

use super::attempts::Attempts;
use super::types::{Actor, PlainSecret};

/// The accounts of one deployment.
#[derive(Clone)]
pub struct Accounts {
    pub(super) db: Db,
    pub(super) clock: Clock,
    pub(super) attempts: Arc<Attempts>,
}

impl Accounts {
    /// On this database.
    pub fn new(db: Db, clock: Clock) -> Self {
        Self { db, clock, attempts: Arc::default() }
    }

    /// The present instant, as accounts see it.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Today, as accounts see it.
    pub fn today(&self) -> NaiveDate {
        self.clock.today()
    }
}

impl Authenticate for Accounts {
    fn of_token(&self, token: PlainSecret) -> BoxFuture<'_, Result<Actor>> {
        self.find_program(token).boxed()
    }

    fn of_session(&self, secret: PlainSecret) -> BoxFuture<'_, Result<Actor>> {
        self.find_member(secret).boxed()
    }
}
