//! Recognising the person of a session.

use crate::accounts::Accounts;
use crate::accounts::types::{Actor, PlainSecret, Session, SessionId};
use crate::error::{Error, Result};

use super::store;
use super::types::{SEEN_EVERY, Standing};

impl Accounts {
    pub(in crate::accounts) async fn find_person(&self, secret: PlainSecret) -> Result<Actor> {
        let mut conn = self.db.conn().await?;
        let (session, account) = store::find(&mut conn, &secret.hash()).await?.ok_or(Error::Unauthenticated)?;
        let account = account.into_account()?;
        let now = self.clock.now();
        let standing = Standing {
            role: account.role,
            last_seen_at: session.last_seen_at,
            expires_at: session.expires_at,
            ended_at: session.ended_at,
        };
        if !standing.holds(now) || account.disabled_at.is_some() {
            return Err(Error::Unauthenticated);
        }
        if SEEN_EVERY <= now - session.last_seen_at {
            store::see(&mut conn, session.session_id, now).await?;
        }
        let actor = Actor::with_account(account.account_id, account.role, account.home);
        Ok(actor.in_session(Session {
            session_id: SessionId(session.session_id),
            display_name: account.display_name,
            form_token: secret.form_token(),
        }))
    }
}
