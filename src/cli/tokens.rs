//! `nguon token`.

use chrono::NaiveTime;

use crate::accounts::types::TokenId;
use crate::error::Result;

use super::arguments::TokenCommand;
use super::house::with_house;
use super::print_json;

/// Vietnam is seven hours ahead: its day ends at 17:00 UTC.
const DAY_ENDS_UTC_HOUR: u32 = 17;

pub(super) async fn run(command: TokenCommand) -> Result<()> {
    with_house(async |house| match command {
        TokenCommand::Create { name, scopes, expires, json } => {
            let end_of_day = NaiveTime::from_hms_opt(DAY_ENDS_UTC_HOUR, 0, 0).unwrap_or_default();
            let expires_at = expires.map(|day| day.and_time(end_of_day).and_utc());
            let made = house.accounts.create_token(&name, None, &scopes, expires_at).await?;
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
