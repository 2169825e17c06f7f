//! Making, revoking and recognising tokens.

use chrono::{DateTime, Utc};

use crate::accounts::Accounts;
use crate::accounts::types::{Actor, PlainSecret, ProducerNo, Scope, TokenId};
use crate::error::{Error, Result, Thing};

use super::store;

/// A token that was just made; its text is not stored anywhere.
#[derive(Debug)]
pub struct NewToken {
    /// Its number, for revoking.
    pub token_id: TokenId,
    /// Its text, to be shown once.
    pub token: PlainSecret,
}

/// Longest name of a token, characters.
const MAX_NAME_CHARS: usize = 100;

impl Accounts {
    /// Makes a token.
    pub async fn create_token(
        &self,
        name: &str,
        producer_no: Option<ProducerNo>,
        scopes: &[Scope],
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<NewToken> {
        let now = self.clock.now();
        if name.trim().is_empty() || MAX_NAME_CHARS < name.chars().count() {
            return Err(Error::invalid(
                "name",
                "Tên mã truy cập dài 1 đến 100 ký tự.",
                "a token's name has 1 to 100 characters",
            ));
        }
        if expires_at.is_some_and(|end| end <= now) {
            return Err(Error::invalid(
                "expires",
                "Ngày hết hạn phải ở tương lai.",
                "the expiry must lie in the future",
            ));
        }
        let token = PlainSecret::token()?;
        let scopes = scopes.iter().map(|scope| scope.as_str()).collect();
        let insert = store::TokenInsert {
            name: name.trim(),
            hash: &token.hash(),
            scopes,
            producer_no: producer_no.map(|no| no.0),
            created_at: now,
            expires_at,
        };
        let token_id = store::insert(&mut *self.db.conn().await?, insert).await?;
        Ok(NewToken { token_id: TokenId(token_id), token })
    }

    /// Ends a token's use at once.
    pub async fn revoke_token(&self, token_id: TokenId) -> Result<()> {
        let known = store::revoke(&mut *self.db.conn().await?, token_id.0, self.clock.now()).await?;
        if known { Ok(()) } else { Err(Error::NotFound(Thing::Token)) }
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
