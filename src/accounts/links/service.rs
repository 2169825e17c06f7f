//! Making a one-time link, and choosing a password by it.

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::AsyncConnection;

use crate::accounts::Accounts;
use crate::accounts::audit::{self, Act, details};
use crate::accounts::passwords::policy::{Owner, examine};
use crate::accounts::passwords::{self, Password};
use crate::accounts::people::store as people;
use crate::accounts::people::types::Account;
use crate::accounts::sessions::store as sessions;
use crate::accounts::types::{AccountId, Actor, PlainSecret, Scope};
use crate::error::{Error, Result, Thing};

use super::store;

/// A link is good this long: over a weekend, and not much longer than it lies in a chat.
pub(in crate::accounts) const GOOD_FOR: TimeDelta = TimeDelta::hours(72);

/// A link that was just made; its text is not stored anywhere.
#[derive(Debug)]
pub struct NewLink {
    /// What stands at the end of its address, to be shown once.
    pub secret: PlainSecret,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Whose password a link sets.
#[derive(Debug)]
pub struct LinkOwner {
    /// By what they sign in.
    pub login: String,
    /// Their name.
    pub display_name: String,
}

impl Accounts {
    /// Makes a link by which a person chooses a password; those made before are good no longer.
    pub async fn make_link(&self, actor: &Actor, account_id: AccountId) -> Result<NewLink> {
        actor.require(Scope::Office)?;
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let account = people::lock(conn, account_id.0).await?.ok_or(Error::NotFound(Thing::Account))?;
            self.make_link_for(conn, actor, &account.into_account()?).await
        })
        .await
    }

    /// Inside the caller's transaction, which holds the account's row.
    pub(in crate::accounts) async fn make_link_for(
        &self,
        conn: &mut diesel_async::AsyncPgConnection,
        actor: &Actor,
        account: &Account,
    ) -> Result<NewLink> {
        if account.disabled_at.is_some() {
            return Err(Error::refused(
                "account-disabled",
                "Tài khoản này đang bị khóa; xin mở lại trước khi gửi đường dẫn.",
                "this account is disabled; enable it before making a link",
            ));
        }
        let now = self.clock.now();
        let link = NewLink { secret: PlainSecret::plain()?, expires_at: now + GOOD_FOR };
        store::remove_unused(conn, account.account_id.0).await?;
        let link_id = store::insert(conn, account.account_id.0, &link.secret.hash(), now, link.expires_at).await?;
        let act = Act {
            act: "link.made",
            thing: format!("account {}", account.account_id.0),
            producer_no: account.producer_no(),
            details: details([("link", link_id.into())]),
            actor,
            at: now,
        };
        audit::record(conn, act).await?;
        Ok(link)
    }

    /// Whose password a link sets, as long as it is good. Looking uses nothing up: chat programs open links to preview them.
    pub async fn find_link(&self, secret: &PlainSecret) -> Result<LinkOwner> {
        let account = self.owner_of(secret).await?;
        Ok(LinkOwner { login: account.login.to_string(), display_name: account.display_name })
    }

    async fn owner_of(&self, secret: &PlainSecret) -> Result<Account> {
        let row = store::find_good(&mut *self.db.conn().await?, &secret.hash(), self.clock.now()).await?;
        row.ok_or(Error::NotFound(Thing::Link))?.into_account()
    }

    /// Uses a link up: sets the password and ends every session of the account. Returns whose it is, with the new hash.
    pub async fn choose_password(
        &self,
        secret: &PlainSecret,
        password: Password,
        request_id: Option<String>,
    ) -> Result<(AccountId, String)> {
        let account = self.owner_of(secret).await?;
        let owner = Owner { login: account.login.clone(), display_name: account.display_name.clone() };
        let hash = passwords::hash_if(password, move |password| examine(password, &owner)).await?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let account = people::lock(conn, account.account_id.0).await?.ok_or(Error::NotFound(Thing::Link))?;
            let account = account.into_account()?;
            let link_id = store::use_up(conn, &secret.hash(), now).await?.ok_or(Error::NotFound(Thing::Link))?;
            people::set_password(conn, account.account_id.0, &hash).await?;
            let n_ended = sessions::end_all(conn, account.account_id.0, None, now).await?;
            let actor = account.actor(request_id);
            let act = Act {
                act: "link.used",
                thing: format!("account {}", account.account_id.0),
                producer_no: account.producer_no(),
                details: details([("link", link_id.into()), ("sessions_ended", n_ended.into())]),
                actor: &actor,
                at: now,
            };
            audit::record(conn, act).await?;
            Ok::<_, Error>(())
        })
        .await?;
        self.attempts.was_right(account.login.as_str(), None);
        Ok((account.account_id, hash))
    }
}
