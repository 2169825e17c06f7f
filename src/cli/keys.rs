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
                "Khóa {0} số {key_no} đang dùng từ bây giờ / {0} key {key_no} is active; new stamps use it from now on",
                purpose.as_str()
            );
            Ok(())
        }
        KeysCommand::List { json } => list(house, json),
        KeysCommand::Retire(options) => {
            house.keys.retire(options.purpose, key_no(&options)?).await?;
            println!(
                "Khóa {0} số {1} thôi ký, tem cũ vẫn còn giá trị / {0} key {1} is retired; what it signed stays valid",
                options.purpose.as_str(),
                options.key_no
            );
            Ok(())
        }
        KeysCommand::MarkCompromised(options) => {
            house.keys.mark_compromised(options.purpose, key_no(&options)?).await?;
            println!(
                "Khóa {0} số {1} được ghi là có thể đã lộ / {0} key {1} is marked as compromised; only the mint record vouches for its stamps now",
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
    println!("{:8} {:>6} {:12} từ / since", "loại", "số", "trạng thái");
    for info in room.infos() {
        println!("{:8} {:>6} {:12} {}", info.purpose, info.key_no, info.status, info.not_before.format("%Y-%m-%d"));
    }
    Ok(())
}
