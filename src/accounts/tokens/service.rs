//! Making, listing, ending and recognising tokens.

use chrono::{DateTime, Utc};
use diesel_async::AsyncConnection;

use crate::accounts::Accounts;
use crate::accounts::audit::{self, Act, details};
use crate::accounts::people::store::open_producers;
use crate::accounts::types::{Actor, PlainSecret, ProducerNo, Scope, TokenId};
use crate::error::{Error, Result, Thing};

use super::store;
use super::types::{Token, TokenOrder};

/// A token that was just made; its text is not stored anywhere.
#[derive(Debug)]
pub struct NewToken {
    /// Its number, for revoking.
    pub token_id: TokenId,
    /// Its text, to be shown once.
    pub token: PlainSecret,
}

impl Accounts {
    /// Makes a token, as the operator at the command line.
    pub async fn create_token(
        &self,
        name: &str,
        producer_no: Option<ProducerNo>,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewToken> {
        self.give_token(&Actor::operator(), TokenOrder::new(name, producer_no, scopes, expires_at)?).await
    }

    /// Makes a token.
    pub async fn give_token(&self, actor: &Actor, order: TokenOrder) -> Result<NewToken> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        if order.expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid(
                "expires",
                "Ngày hết hạn phải ở tương lai.",
                "the expiry must lie in the future",
            ));
        }
        let token = PlainSecret::token()?;
        let mut conn = self.db.conn().await?;
        let token_id = conn
            .transaction(async |conn| {
                if let Some(producer_no) = order.producer_no
                    && !open_producers(conn).await?.iter().any(|(no, _)| *no == producer_no.0)
                {
                    return Err(Error::NotFound(Thing::Producer));
                }
                let insert = store::TokenInsert {
                    name: &order.name,
                    hash: &token.hash(),
                    scopes: order.scopes.iter().map(|scope| scope.as_str()).collect(),
                    producer_no: order.producer_no.map(|no| no.0),
                    created_at: now,
                    expires_at: order.expires_at,
                };
                let token_id = store::insert(conn, insert).await?;
                let scopes: Vec<String> = order.scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
                let expires = order.expires_at.map(|end| end.to_rfc3339());
                let act = Act {
                    act: "token.created",
                    thing: format!("token {token_id}"),
                    producer_no: order.producer_no,
                    details: details([("scopes", scopes.into()), ("expires", expires.into())]),
                    actor,
                    at: now,
                };
                audit::record(conn, act).await?;
                Ok(token_id)
            })
            .await?;
        Ok(NewToken { token_id: TokenId(token_id), token })
    }

    /// Every token, the newest first.
    pub async fn list_tokens(&self) -> Result<Vec<Token>> {
        Ok(store::list(&mut *self.db.conn().await?).await?)
    }

    /// Ends a token's use at once, as the operator at the command line.
    pub async fn revoke_token(&self, token_id: TokenId) -> Result<()> {
        self.end_token(&Actor::operator(), token_id).await
    }

    /// Ends a token's use at once. Ending it twice keeps the first time.
    pub async fn end_token(&self, actor: &Actor, token_id: TokenId) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let row = store::lock(conn, token_id.0).await?.ok_or(Error::NotFound(Thing::Token))?;
            if row.revoked_at.is_some() {
                return Ok(());
            }
            store::revoke(conn, token_id.0, now).await?;
            let act = Act {
                act: "token.revoked",
                thing: format!("token {}", token_id.0),
                producer_no: row.producer_no.map(ProducerNo),
                details: details([]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    pub(in crate::accounts) async fn find_program(&self, token: PlainSecret) -> Result<Actor> {
        let row =
            store::find_by_hash(&mut *self.db.conn().await?, &token.hash()).await?.ok_or(Error::Unauthenticated)?;
        if row.revoked_at.is_some() || row.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(Error::Unauthenticated);
        }
        let scopes = row.scopes.iter().flatten().filter_map(|name| Scope::parse(name)).collect();
        Ok(Actor::with_token(TokenId(row.token_id), row.producer_no.map(ProducerNo), scopes))
    }
}
