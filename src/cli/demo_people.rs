//! The demo's people: one of each role, so that a newcomer can sign in as any. Their passwords are made here at the first start
//! and lie in a file of the data folder, readable by its owner alone; none is ever in the program.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use crate::accounts::types::{Actor, Role};
use crate::accounts::{Password, PersonDraft};
use crate::config::Settings;
use crate::error::{Error, Result};
use crate::http::{Language, SIGN_IN, role_name};

use super::files::create_private;
use super::house::House;

/// The file with logins and passwords.
pub(super) const PEOPLE_FILE: &str = "accounts.txt";
/// Phường Bắc Kạn: the commune with most products of the sample register.
const OFFICERS_COMMUNE: &str = "01843";
/// Letters and digits that nobody takes for one another.
const ALPHABET: &[u8; 31] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// Groups of a password, and letters of each: 12 letters are 59 bits.
const GROUPS: usize = 3;
/// Letters of a group.
const GROUP_CHARS: usize = 4;

/// The login of the producer's person.
pub(super) const PRODUCERS_LOGIN: &str = "chuthe";

/// Who there is: login, name, role.
const PEOPLE: [(&str, &str, Role); 5] = [
    ("vanphong", "Người Trình Diễn An", Role::Office),
    ("canbo", "Người Trình Diễn Bình", Role::Officer),
    (PRODUCERS_LOGIN, "Người Trình Diễn Chi", Role::Producer),
    ("thanhtra", "Người Trình Diễn Dũng", Role::Inspector),
    ("kiemtoan", "Người Trình Diễn Giang", Role::Auditor),
];

/// Makes the people and their file. The file comes last and by one rename: without it everything is made again, with other
/// passwords, so a start that broke off is finished by the next.
pub(super) async fn make_people(house: &House, settings: &Settings, producer: &str) -> Result<()> {
    let path = settings.storage.data_dir.join(PEOPLE_FILE);
    if path.exists() {
        return Ok(());
    }
    let mut text = format!(
        "Tài khoản của bản trình diễn / accounts of the demonstration\nĐăng nhập tại / sign in at: {}{SIGN_IN}\n\n",
        settings.identity.public_url.as_str()
    );
    for (login, name, role) in PEOPLE {
        let password = make_person(house, login, name, role, producer).await?;
        let (vi, en) = (role_name(role, Language::Vi), role_name(role, Language::En));
        writeln!(text, "{login:<10} {password}   {vi} / {en}").map_err(Error::internal)?;
    }
    write_whole(&path, &text)
}

async fn make_person(house: &House, login: &str, name: &str, role: Role, producer: &str) -> Result<String> {
    let operator = Actor::operator();
    let link = match house.accounts.find_person_by_login(login).await {
        Ok(person) => house.accounts.make_link(&operator, person.account.account_id).await?,
        Err(Error::NotFound(_)) => {
            let producers = house.accounts.list_producer_choices().await?;
            let producer_no = producers.iter().find(|(_, known)| known == producer).map(|(no, _)| *no);
            let draft = PersonDraft::new(login, name, role, producer_no, Some(OFFICERS_COMMUNE))?;
            house.accounts.invite_person(&operator, draft).await?.1
        }
        Err(error) => return Err(error),
    };
    let password = random_password()?;
    house.accounts.choose_password(&link.secret, Password::received(&password), None).await?;
    Ok(password)
}

/// For example `k7wp-3xmd-9hqe`.
fn random_password() -> Result<String> {
    let mut letters = Vec::with_capacity(GROUPS * GROUP_CHARS);
    while letters.len() < GROUPS * GROUP_CHARS {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(Error::internal)?;
        // Bytes that would make some letters likelier are left out.
        let fair = bytes.iter().filter(|byte| usize::from(**byte) < 256 / ALPHABET.len() * ALPHABET.len());
        letters
            .extend(fair.filter_map(|byte| ALPHABET.get(usize::from(*byte) % ALPHABET.len())).map(|c| char::from(*c)));
    }
    letters.truncate(GROUPS * GROUP_CHARS);
    let groups = letters.chunks(GROUP_CHARS).map(|group| group.iter().collect::<String>());
    Ok(groups.collect::<Vec<_>>().join("-"))
}

fn write_whole(path: &Path, text: &str) -> Result<()> {
    let unfinished = path.with_extension("new");
    let mut file = create_private(&unfinished)?;
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(Error::file(&unfinished))?;
    std::fs::rename(&unfinished, path).map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_differ_and_are_easy_to_type() {
        let (one, two) = (random_password().unwrap(), random_password().unwrap());
        assert_ne!(one, two);
        assert_eq!(one.len(), GROUPS * (GROUP_CHARS + 1) - 1);
        assert!(one.bytes().all(|b| b == b'-' || ALPHABET.contains(&b)), "{one}");
    }
}
