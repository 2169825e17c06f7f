//! Queries on accounts. No transaction, no clock.

use chrono::{DateTime, Utc};
use diesel::prelude::*;

use crate::accounts::types::{AccountId, Role};
use crate::db::schema::accounts;
use crate::error::{Error, Result};

use super::login::Login;
use super::types::{Account, home_of};

#[derive(HasQuery)]
#[diesel(table_name = accounts)]
pub(in crate::accounts) struct AccountRow {
    pub(in crate::accounts) account_id: i32,
    login: String,
    display_name: String,
    role: String,
    producer_no: Option<i32>,
    commune_code: Option<String>,
    pub(in crate::accounts) password_hash: Option<String>,
    created_at: DateTime<Utc>,
    disabled_at: Option<DateTime<Utc>>,
    version: i32,
}

impl AccountRow {
    /// The row as a value; what the table's own rules exclude is a defect.
    pub(in crate::accounts) fn into_account(self) -> Result<Account> {
        let defect = || Error::internal(format!("account {} is not as the schema says", self.account_id));
        let role = Role::parse(&self.role).ok_or_else(defect)?;
        let login = Login::parse(&self.login).ok_or_else(defect)?;
        let home = home_of(role, self.producer_no, self.commune_code).ok_or_else(defect)?;
        Ok(Account {
            account_id: AccountId(self.account_id),
            login,
            display_name: self.display_name,
            role,
            home,
            has_password: self.password_hash.is_some(),
            created_at: self.created_at,
            disabled_at: self.disabled_at,
            version: self.version,
        })
    }
}
