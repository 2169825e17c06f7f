//! Recognising the person of a session; listing and ending sessions; changing one's own password.

use diesel_async::AsyncConnection;

use crate::accounts::Accounts;
use crate::accounts::audit::{self, Act, details};
use crate::accounts::links;
use crate::accounts::passwords::policy::{Owner, examine};
use crate::accounts::passwords::{self, Check, Password};
use crate::accounts::people::store as people;
use crate::accounts::people::types::Account;
use crate::accounts::types::{Actor, PlainSecret, Session, SessionId};
use crate::error::{Error, Result, Thing};

use super::store;
use super::types::{OpenSession, SEEN_EVERY, Standing};

impl Accounts {
    pub(in crate::accounts) async fn find_member(&self, secret: PlainSecret) -> Result<Actor> {
        let mut conn = self.db.conn().await?;
        let (session, account) = store::find(&mut conn, &secret.hash()).await?.ok_or(Error::Unauthenticated)?;
        let account = account.into_account()?;
        let now = self.clock.now();
        if !session.standing(&account).holds(now) || account.disabled_at.is_some() {
            return Err(Error::Unauthenticated);
        }
        if SEEN_EVERY <= now - session.last_seen_at {
            store::see(&mut conn, session.session_id, now).await?;
        }
        Ok(account.actor(None).in_session(Session {
            session_id: SessionId(session.session_id),
            display_name: account.display_name,
            form_token: secret.form_token(),
        }))
    }

    /// The actor's own account.
    pub async fn own_account(&self, actor: &Actor) -> Result<Account> {
        let account_id = actor.account_id().ok_or(Error::RoleForbidden)?;
        let row = people::find(&mut *self.db.conn().await?, account_id.0).await?;
        row.ok_or(Error::NotFound(Thing::Account))?.into_account()
    }

    /// Where the actor is signed in, the last used first.
    pub async fn list_sessions(&self, actor: &Actor) -> Result<Vec<OpenSession>> {
        let account = self.own_account(actor).await?;
        let now = self.clock.now();
        let rows = store::list(&mut *self.db.conn().await?, account.account_id.0).await?;
        let open = rows.into_iter().filter(|row| row.standing(&account).holds(now));
        Ok(open
            .map(|row| OpenSession {
                session_id: SessionId(row.session_id),
                device: row.device,
                created_at: row.created_at,
                last_seen_at: row.last_seen_at,
            })
            .collect())
    }

    /// Ends one of the actor's sessions, this one included.
    pub async fn end_session(&self, actor: &Actor, session_id: SessionId) -> Result<()> {
        let account_id = actor.account_id().ok_or(Error::RoleForbidden)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            if !store::end(conn, account_id.0, session_id.0, now).await? {
                return Err(Error::NotFound(Thing::Session));
            }
            let act = Act {
                act: "session.ended",
                thing: format!("session {}", session_id.0),
                producer_no: actor.producer_no(),
                details: details([]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    /// Ends all the actor's sessions but the one they act in.
    pub async fn end_other_sessions(&self, actor: &Actor) -> Result<()> {
        let account_id = actor.account_id().ok_or(Error::RoleForbidden)?;
        let this = actor.session.as_ref().map(|session| session.session_id.0);
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let n_ended = store::end_all(conn, account_id.0, this, now).await?;
            let act = Act {
                act: "session.ended",
                thing: format!("account {}", account_id.0),
                producer_no: actor.producer_no(),
                details: details([("sessions_ended", n_ended.into())]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    /// Changes the actor's password for one who knows the present one; every other session and unused link ends.
    pub async fn change_password(&self, actor: &Actor, present: Password, new: Password) -> Result<()> {
        let account_id = actor.account_id().ok_or(Error::RoleForbidden)?;
        let row = people::find(&mut *self.db.conn().await?, account_id.0).await?;
        let row = row.ok_or(Error::NotFound(Thing::Account))?;
        let stored = row.password_hash.clone();
        let account = row.into_account()?;
        // Someone at another's open session guesses no faster than at the door.
        self.attempts.begin(account.login.as_str(), None, self.clock.now())?;
        if passwords::check(present, stored.clone()).await? == Check::Wrong {
            return Err(Error::invalid(
                "present_password",
                "Mật khẩu hiện tại không đúng.",
                "the present password is not right",
            ));
        }
        self.attempts.was_right(account.login.as_str(), None);
        let owner = Owner { login: account.login.clone(), display_name: account.display_name.clone() };
        let hash = passwords::hash_if(new, move |password| examine(password, &owner)).await?;
        let this = actor.session.as_ref().map(|session| session.session_id.0);
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let row = people::lock(conn, account_id.0).await?.ok_or(Error::NotFound(Thing::Account))?;
            if row.password_hash != stored {
                return Err(Error::EditConflict);
            }
            people::set_password(conn, account_id.0, &hash).await?;
            links::store::remove_unused(conn, account_id.0).await?;
            let n_ended = store::end_all(conn, account_id.0, this, now).await?;
            let act = Act {
                act: "password.changed",
                thing: format!("account {}", account_id.0),
                producer_no: account.producer_no(),
                details: details([("sessions_ended", n_ended.into())]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }
}

impl store::SessionRow {
    fn standing(&self, account: &Account) -> Standing {
        Standing {
            role: account.role,
            last_seen_at: self.last_seen_at,
            expires_at: self.expires_at,
            ended_at: self.ended_at,
        }
    }
}
