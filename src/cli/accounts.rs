//! `nguon account`: the way in before anyone can sign in, and when nobody can any more.

use crate::accounts::types::{Actor, ProducerNo};
use crate::accounts::{NewLink, PeopleFilter, Person, PersonDraft, PersonStanding};
use crate::clock::in_vietnam;
use crate::config::{Mode, PublicUrl, process_environment, read_public_url};
use crate::error::Result;

use super::arguments::{AccountCommand, NewAccountOptions};
use super::house::{House, with_house};
use super::print_json;

pub(super) async fn run(command: AccountCommand) -> Result<()> {
    with_house(async |house| match command {
        AccountCommand::Create(options) => create(house, options).await,
        AccountCommand::Reset { login, json } => {
            let person = house.accounts.find_person_by_login(&login).await?;
            let public_url = public_url(house)?;
            let link = house.accounts.make_link(&Actor::operator(), person.account.account_id).await?;
            tell_link(&person, &link, &public_url, json)
        }
        AccountCommand::List { json } => list(house, json).await,
        AccountCommand::Disable { login } => {
            let account = house.accounts.find_person_by_login(&login).await?.account;
            house.accounts.disable_person(&Actor::operator(), account.account_id, account.version).await?;
            println!("Đã khóa {} / disabled", account.login);
            Ok(())
        }
        AccountCommand::Enable { login } => {
            let account = house.accounts.find_person_by_login(&login).await?.account;
            house.accounts.enable_person(&Actor::operator(), account.account_id, account.version).await?;
            println!("Đã mở lại {} / enabled", account.login);
            Ok(())
        }
    })
    .await
}

/// What links start with: asked before anything is made, or a link would be lost for want of it.
fn public_url(house: &House) -> Result<PublicUrl> {
    let mode = if house.is_demo { Mode::Demo } else { Mode::Service };
    Ok(read_public_url(mode, &process_environment)?)
}

async fn create(house: &House, options: NewAccountOptions) -> Result<()> {
    let NewAccountOptions { login, name, role, producer, commune, json } = options;
    let draft = PersonDraft::new(&login, &name, role, producer.map(ProducerNo), commune.as_deref())?;
    let public_url = public_url(house)?;
    let (account_id, link) = house.accounts.invite_person(&Actor::operator(), draft).await?;
    tell_link(&house.accounts.find_person(account_id).await?, &link, &public_url, json)
}

/// The link alone on standard output, for scripts; what to do with it beside it.
fn tell_link(person: &Person, link: &NewLink, public_url: &PublicUrl, is_json: bool) -> Result<()> {
    let address = public_url.link(link.secret.reveal());
    let account = &person.account;
    if is_json {
        return print_json(&serde_json::json!({
            "account_id": account.account_id.0,
            "login": account.login.as_str(),
            "role": account.role.as_str(),
            "link": address,
            "expires_at": link.expires_at,
        }));
    }
    println!("{address}");
    let until = in_vietnam(link.expires_at).format("%d/%m/%Y %H:%M");
    eprintln!(
        "Đường dẫn riêng của {name} ({login}): chỉ hiện lần này, dùng một lần đến {until} để tự đặt mật khẩu",
        name = account.display_name,
        login = account.login,
    );
    eprintln!(
        "the link of {} alone: shown this once, works once until {until}, for choosing a password",
        account.login
    );
    Ok(())
}

async fn list(house: &House, is_json: bool) -> Result<()> {
    let filter = PeopleFilter::default();
    let mut people = Vec::new();
    for page_no in 0.. {
        let page = house.accounts.list_people(&filter, page_no).await?;
        people.extend(page.people);
        if !page.has_more {
            break;
        }
    }
    if is_json {
        let line = |person: &Person| {
            serde_json::json!({
                "account_id": person.account.account_id.0,
                "login": person.account.login.as_str(),
                "name": person.account.display_name,
                "role": person.account.role.as_str(),
                "producer": person.account.producer_no().map(|no| no.0),
                "commune": person.account.commune_code(),
                "state": person.account.standing().as_str(),
            })
        };
        return print_json(&people.iter().map(line).collect::<Vec<_>>());
    }
    for person in &people {
        let account = &person.account;
        let place = person.place.as_deref().unwrap_or("–");
        let mark = match account.standing() {
            PersonStanding::Active => "",
            PersonStanding::Invited => "  (chưa đặt mật khẩu / no password yet)",
            PersonStanding::Disabled => "  (đã khóa / disabled)",
        };
        let (id, role) = (account.account_id.0, account.role.as_str());
        println!("{id:>5}  {:<20}  {role:<9}  {}  {place}{mark}", account.login.to_string(), account.display_name);
    }
    Ok(())
}
