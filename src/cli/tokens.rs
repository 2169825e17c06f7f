//! `nguon token`.

use crate::accounts::types::{ProducerNo, TokenId};
use crate::clock::beginning_of;
use crate::error::Result;

use super::arguments::TokenCommand;
use super::house::with_house;
use super::print_json;

pub(super) async fn run(command: TokenCommand) -> Result<()> {
    with_house(async |house| match command {
        TokenCommand::Create { name, producer, scopes, expires, json } => {
            let expires_at = expires.map(|day| beginning_of(day.succ_opt().unwrap_or(day)));
            let producer_no = producer.map(ProducerNo);
            let made = house.accounts.create_token(&name, producer_no, &scopes, expires_at).await?;
            if json {
                return print_json(&serde_json::json!({ "token_id": made.token_id.0, "token": made.token.reveal() }));
            }
            println!("{}", made.token.reveal());
            eprintln!(
                "Mã truy cập số {0}: chỉ hiện lần này, xin cất kỹ / token {0}; it is shown this once, keep it safe",
                made.token_id.0
            );
            Ok(())
        }
        TokenCommand::Revoke { token_id } => {
            house.accounts.revoke_token(TokenId(token_id)).await?;
            println!("Đã thu hồi mã số {token_id} / token {token_id} is revoked");
            Ok(())
        }
    })
    .await
}
