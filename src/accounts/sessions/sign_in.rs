//! Signing in: someone proves who they are, and gets a session with a new secret. Every way in leads through `sign_in`; another
//! way to prove oneself is another kind of `Proof`.

use std::fmt;
use std::time::Duration;

use diesel_async::AsyncConnection;

use crate::accounts::Accounts;
use crate::accounts::audit::{self, Act, details};
use crate::accounts::passwords::{self, Check, Password};
use crate::accounts::people::login::Login;
use crate::accounts::people::store as people;
use crate::accounts::types::{AccountId, PlainSecret};
use crate::error::{Error, Result};
use crate::http::Network;

use super::store;
use super::types::{KEPT_AFTER_ITS_END, LONGEST, MAX_SESSIONS, kept_by_the_browser};

/// By what someone proves who they are.
#[derive(Debug)]
pub enum Proof {
    /// What they sign in by, as typed, and their password.
    Password {
        /// A phone number or user name.
        login: String,
        /// The password.
        password: Password,
    },
    /// A one-time link, and the password they choose by it.
    Link {
        /// The link's secret.
        secret: PlainSecret,
        /// The new password.
        password: Password,
    },
}

/// In what circumstances someone comes.
pub struct Arrival {
    /// From where, for the limit on attempts alone.
    pub network: Option<Network>,
    /// What their browser says of itself.
    pub user_agent: String,
    /// A session they are still in: it ends.
    pub shown: Option<PlainSecret>,
    /// The request.
    pub request_id: Option<String>,
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrival").field("request_id", &self.request_id).finish_non_exhaustive()
    }
}

/// Someone who is in.
#[derive(Debug)]
pub struct SignedIn {
    /// Who.
    pub account_id: AccountId,
    /// The new session's secret, for the cookie.
    pub secret: PlainSecret,
    /// How long the browser keeps the cookie; none means until it is closed.
    pub kept: Option<Duration>,
}

/// Someone who has proved who they are, by the password that this hash fits.
struct Proved {
    account_id: AccountId,
    hash: String,
    /// The same password under today's parameters, when those of the hash are old.
    new_hash: Option<String>,
}

impl Accounts {
    /// Lets someone in who proves who they are. Unknown logins, disabled accounts and accounts without a password get the same
    /// answer after the same time as a wrong password.
    pub async fn sign_in(&self, proof: Proof, arrival: Arrival) -> Result<SignedIn> {
        let proved = match proof {
            Proof::Password { login, password } => self.prove_by_password(&login, password, arrival.network).await?,
            Proof::Link { secret, password } => {
                let (account_id, hash) = self.choose_password(&secret, password, arrival.request_id.clone()).await?;
                Proved { account_id, hash, new_hash: None }
            }
        };
        self.open_session(proved, arrival).await
    }

    async fn prove_by_password(&self, typed: &str, password: Password, network: Option<Network>) -> Result<Proved> {
        let login = Login::parse(typed);
        let login = login.as_ref().map_or(typed, Login::as_str);
        self.attempts.begin(login, network, self.clock.now())?;
        match self.check_password(login, password).await {
            Ok(Some(proved)) => {
                self.attempts.was_right(login, network);
                Ok(proved)
            }
            Ok(None) => Err(Error::SignInFailed),
            Err(error) => {
                self.attempts.was_not_made(login, network);
                Err(error)
            }
        }
    }

    async fn check_password(&self, login: &str, password: Password) -> Result<Option<Proved>> {
        // The connection goes back before the slow part.
        let row = people::find_by_login(&mut *self.db.conn().await?, login).await?;
        let found = row.filter(|row| row.disabled_at.is_none());
        let stored = found.as_ref().and_then(|row| row.password_hash.clone());
        let check = passwords::check(password.clone(), stored.clone()).await?;
        let (Some(row), Some(hash)) = (found, stored) else { return Ok(None) };
        let account_id = AccountId(row.account_id);
        Ok(match check {
            Check::Wrong => None,
            Check::Right => Some(Proved { account_id, hash, new_hash: None }),
            Check::RightButWeak => {
                let new_hash = Some(passwords::hash(password).await?);
                Some(Proved { account_id, hash, new_hash })
            }
        })
    }

    async fn open_session(&self, proved: Proved, arrival: Arrival) -> Result<SignedIn> {
        let now = self.clock.now();
        let secret = PlainSecret::plain()?;
        let device = super::device::device_name(&arrival.user_agent);
        let mut conn = self.db.conn().await?;
        let account = conn
            .transaction(async |conn| {
                let row = people::lock(conn, proved.account_id.0).await?.ok_or(Error::SignInFailed)?;
                // Whoever changed the password or disabled the account meanwhile has also ended its sessions: none may follow.
                if row.disabled_at.is_some() || row.password_hash.as_ref() != Some(&proved.hash) {
                    return Err(Error::SignInFailed);
                }
                let account = row.into_account()?;
                if let Some(new_hash) = &proved.new_hash {
                    people::set_password(conn, account.account_id.0, new_hash).await?;
                }
                if let Some(shown) = &arrival.shown {
                    store::end_shown(conn, &shown.hash(), now).await?;
                }
                store::forget(conn, account.account_id.0, now - KEPT_AFTER_ITS_END).await?;
                for session in store::list(conn, account.account_id.0).await?.iter().skip(MAX_SESSIONS - 1) {
                    store::end(conn, account.account_id.0, session.session_id, now).await?;
                }
                let session = store::SessionInsert {
                    account_id: account.account_id.0,
                    hash: &secret.hash(),
                    device: &device,
                    created_at: now,
                    last_seen_at: now,
                    expires_at: now + LONGEST,
                };
                let session_id = store::insert(conn, session).await?;
                let act = Act {
                    act: "session.opened",
                    thing: format!("session {session_id}"),
                    producer_no: account.producer_no(),
                    details: details([]),
                    actor: &account.actor(arrival.request_id.clone()),
                    at: now,
                };
                audit::record(conn, act).await?;
                Ok(account)
            })
            .await?;
        let kept = kept_by_the_browser(account.role).and_then(|kept| kept.to_std().ok());
        Ok(SignedIn { account_id: account.account_id, secret, kept })
    }
}
