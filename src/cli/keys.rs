//! `nguon keys`.

use crate::error::{Error, Result, Thing};
use crate::stamp::KeyNo;

use super::arguments::{KeyOptions, KeysCommand};
use super::house::{House, with_house};
use super::print_json;

pub(super) async fn run(command: KeysCommand) -> Result<()> {
    with_house(async |house| match command {
        KeysCommand::New { purpose, json } => {
            let key_no = house.keys.create(purpose).await?;
            if json {
                return print_json(&serde_json::json!({ "purpose": purpose.as_str(), "key_no": key_no.get() }));
            }
            println!(
                "{} key {key_no} is active; new stamps use it from now on",
                purpose.as_str()
            );
            Ok(())
        }
        KeysCommand::List { json } => list(house, json),
        KeysCommand::Retire(options) => {
            house.keys.retire(options.purpose, key_no(&options)?).await?;
            println!(
                "{} key {} is retired; what it signed stays valid",
                options.purpose.as_str(),
                options.key_no
            );
            Ok(())
        }
        KeysCommand::MarkCompromised(options) => {
            house.keys.mark_compromised(options.purpose, key_no(&options)?).await?;
            println!(
                "{} key {} is marked as compromised; only the mint record vouches for its stamps now",
                options.purpose.as_str(),
                options.key_no
            );
            Ok(())
        }
    })
    .await
}

fn key_no(options: &KeyOptions) -> Result<KeyNo> {
    KeyNo::new(options.key_no).map_err(|_| Error::NotFound(Thing::Key))
}

fn list(house: &House, json: bool) -> Result<()> {
    let room = house.keys.room();
    if json {
        return print_json(&room.infos());
    }
    println!("{:8} {:>6} {:12} since", "purpose", "key_no", "status");
    for info in room.infos() {
        println!(
            "{:8} {:>6} {:12} {}",
            info.purpose,
            info.key_no,
            info.status,
            info.not_before.format("%Y-%m-%d")
        );
    }
    Ok(())
}
