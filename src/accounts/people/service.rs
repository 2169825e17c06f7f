//! Inviting people, changing, disabling and enabling their accounts, and finding them.

use diesel_async::AsyncConnection;

use crate::accounts::Accounts;
use crate::accounts::audit::{self, Act, details};
use crate::accounts::links::{self, NewLink};
use crate::accounts::sessions::store as sessions;
use crate::accounts::types::{AccountId, Actor, Home, ProducerNo, Role, Scope};
use crate::error::{Error, Result, Thing};

use super::login::Login;
use super::store::{self, AccountDraft, Written};
use super::types::{Account, PeopleFilter, Person, PersonDraft};

/// People on one page of the list.
const PEOPLE_PER_PAGE: i64 = 50;

/// One page of people.
#[derive(Debug)]
pub struct PeoplePage {
    /// The people.
    pub people: Vec<Person>,
    /// Whether there is a next page.
    pub has_more: bool,
}

impl Accounts {
    /// The actor's own account with where it belongs.
    pub async fn own_person(&self, actor: &Actor) -> Result<Person> {
        self.find_person(actor.account_id().ok_or(Error::RoleForbidden)?).await
    }

    /// Names of the others of the actor's producer; of nobody for other roles.
    pub async fn list_colleagues(&self, actor: &Actor) -> Result<Vec<String>> {
        match (actor.producer_no(), actor.account_id()) {
            (Some(producer_no), Some(account_id)) => {
                let mut conn = self.db.conn().await?;
                Ok(store::names_of_members(&mut conn, producer_no.0, account_id.0).await?)
            }
            _ => Ok(Vec::new()),
        }
    }

    /// One page of people by name; pages count from 0.
    pub async fn list_people(&self, filter: &PeopleFilter, page_no: u32) -> Result<PeoplePage> {
        let offset = i64::from(page_no) * PEOPLE_PER_PAGE;
        let mut conn = self.db.conn().await?;
        let mut people = store::list_people(&mut conn, filter, self.clock.today(), offset, PEOPLE_PER_PAGE + 1).await?;
        let n_shown = usize::try_from(PEOPLE_PER_PAGE).unwrap_or(usize::MAX);
        let has_more = n_shown < people.len();
        people.truncate(n_shown);
        Ok(PeoplePage { people, has_more })
    }

    /// One person.
    pub async fn find_person(&self, account_id: AccountId) -> Result<Person> {
        let person = store::find_person(&mut *self.db.conn().await?, account_id.0, self.clock.today()).await?;
        person.ok_or(Error::NotFound(Thing::Account))
    }

    /// One person by what they sign in by.
    pub async fn find_person_by_login(&self, login: &str) -> Result<Person> {
        let login = Login::parse(login).ok_or(Error::NotFound(Thing::Account))?;
        let row = store::find_by_login(&mut *self.db.conn().await?, login.as_str()).await?;
        self.find_person(AccountId(row.ok_or(Error::NotFound(Thing::Account))?.account_id)).await
    }

    /// Number and name of every producer that people may belong to.
    pub async fn list_producer_choices(&self) -> Result<Vec<(ProducerNo, String)>> {
        let rows = store::open_producers(&mut *self.db.conn().await?).await?;
        Ok(rows.into_iter().map(|(no, name)| (ProducerNo(no), name)).collect())
    }

    /// Code and name of every commune that an officer may act for.
    pub async fn list_commune_choices(&self) -> Result<Vec<(String, String)>> {
        Ok(store::current_communes(&mut *self.db.conn().await?, self.clock.today()).await?)
    }

    /// Makes an account and the link by which its person chooses a password.
    pub async fn invite_person(&self, actor: &Actor, draft: PersonDraft) -> Result<(AccountId, NewLink)> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            self.check_home(conn, &draft.home).await?;
            let account_id = store::insert(conn, &row_of(&draft), now).await?.ok_or_else(login_taken)?;
            let account = find_locked(conn, AccountId(account_id)).await?;
            let act = Act {
                act: "account.created",
                thing: format!("account {account_id}"),
                producer_no: account.producer_no(),
                details: details([("role", account.role.as_str().into()), ("commune", account.commune_code().into())]),
                actor,
                at: now,
            };
            audit::record(conn, act).await?;
            Ok((account.account_id, self.make_link_for(conn, actor, &account).await?))
        })
        .await
    }

    /// Changes an account that is still at `version`. Another role or place ends its sessions.
    pub async fn change_person(
        &self,
        actor: &Actor,
        account_id: AccountId,
        version: i32,
        draft: PersonDraft,
    ) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let offices = store::lock_offices(conn).await?;
            let before = find_locked(conn, account_id).await?;
            if draft.role != Role::Office && !leaves_an_office(&offices, account_id) {
                return Err(last_office());
            }
            if draft.home != before.home {
                self.check_home(conn, &draft.home).await?;
            }
            written(store::update(conn, account_id.0, version, &row_of(&draft)).await?)?;
            let n_ended = if (draft.role, &draft.home) == (before.role, &before.home) {
                0
            } else {
                sessions::end_all(conn, account_id.0, None, now).await?
            };
            let mut changed = Vec::new();
            if draft.login != before.login {
                changed.push("login".to_owned());
            }
            if draft.display_name != before.display_name {
                changed.push("name".to_owned());
            }
            let act = Act {
                act: "account.changed",
                thing: format!("account {}", account_id.0),
                producer_no: find_locked(conn, account_id).await?.producer_no(),
                details: details([
                    ("changed", changed.into()),
                    ("role_before", before.role.as_str().into()),
                    ("role", draft.role.as_str().into()),
                    ("producer_before", before.producer_no().map(|no| no.0).into()),
                    ("commune_before", before.commune_code().into()),
                    ("sessions_ended", n_ended.into()),
                ]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    /// Closes the door to an account that is still at `version`: its sessions and links end at once.
    pub async fn disable_person(&self, actor: &Actor, account_id: AccountId, version: i32) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let offices = store::lock_offices(conn).await?;
            let account = find_locked(conn, account_id).await?;
            if account.disabled_at.is_some() {
                return Err(Error::EditConflict);
            }
            if !leaves_an_office(&offices, account_id) {
                return Err(last_office());
            }
            written(store::set_disabled(conn, account_id.0, version, Some(now)).await?)?;
            links::store::remove_unused(conn, account_id.0).await?;
            let n_ended = sessions::end_all(conn, account_id.0, None, now).await?;
            let act = Act {
                act: "account.disabled",
                thing: format!("account {}", account_id.0),
                producer_no: account.producer_no(),
                details: details([("sessions_ended", n_ended.into())]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    /// Opens the door again to an account that is still at `version`.
    pub async fn enable_person(&self, actor: &Actor, account_id: AccountId, version: i32) -> Result<()> {
        actor.require(Scope::Office)?;
        let now = self.clock.now();
        let mut conn = self.db.conn().await?;
        conn.transaction(async |conn| {
            let account = find_locked(conn, account_id).await?;
            if account.disabled_at.is_none() {
                return Err(Error::EditConflict);
            }
            written(store::set_disabled(conn, account_id.0, version, None).await?)?;
            let act = Act {
                act: "account.enabled",
                thing: format!("account {}", account_id.0),
                producer_no: account.producer_no(),
                details: details([]),
                actor,
                at: now,
            };
            Ok(audit::record(conn, act).await?)
        })
        .await
    }

    /// The producer is there and open, the commune is one of today.
    async fn check_home(&self, conn: &mut diesel_async::AsyncPgConnection, home: &Home) -> Result<()> {
        match home {
            Home::Province => Ok(()),
            Home::Producer(producer_no) => {
                let known = store::open_producers(conn).await?;
                if known.iter().any(|(no, _)| *no == producer_no.0) {
                    return Ok(());
                }
                Err(Error::invalid(
                    "producer",
                    "Trong sổ không có chủ thể này, hoặc chủ thể đã ngừng; xin chọn trong danh sách.",
                    "the register has no such producer, or it is closed; choose one from the list",
                ))
            }
            Home::Commune(code) => {
                let known = store::current_communes(conn, self.clock.today()).await?;
                if known.iter().any(|(current, _)| current == code) {
                    return Ok(());
                }
                Err(Error::invalid(
                    "commune",
                    "Không có xã nào mang mã này hiện nay; xin chọn trong danh sách.",
                    "no commune has this code today; choose one from the list",
                ))
            }
        }
    }
}

async fn find_locked(conn: &mut diesel_async::AsyncPgConnection, account_id: AccountId) -> Result<Account> {
    store::lock(conn, account_id.0).await?.ok_or(Error::NotFound(Thing::Account))?.into_account()
}

fn row_of(draft: &PersonDraft) -> AccountDraft<'_> {
    let (producer_no, commune_code) = match &draft.home {
        Home::Province => (None, None),
        Home::Producer(producer_no) => (Some(producer_no.0), None),
        Home::Commune(code) => (None, Some(code.as_str())),
    };
    AccountDraft {
        login: draft.login.as_str(),
        display_name: &draft.display_name,
        role: draft.role.as_str(),
        producer_no,
        commune_code,
    }
}

fn written(written: Written) -> Result<()> {
    match written {
        Written::Yes => Ok(()),
        Written::LoginTaken => Err(login_taken()),
        Written::Changed => Err(Error::EditConflict),
    }
}

fn login_taken() -> Error {
    Error::invalid(
        "login",
        "Đã có tài khoản đăng nhập bằng số hoặc tên này.",
        "there is already an account that signs in by this",
    )
}

/// Whether someone of the office can still sign in without this account. One that was never used locks nobody out.
fn leaves_an_office(offices: &[(i32, bool)], without: AccountId) -> bool {
    let is_in_use = offices.iter().any(|(account_id, has_password)| *account_id == without.0 && *has_password);
    !is_in_use || offices.iter().any(|(account_id, has_password)| *account_id != without.0 && *has_password)
}

fn last_office() -> Error {
    Error::refused(
        "last-office-account",
        "Đây là tài khoản văn phòng cuối cùng còn đăng nhập được; xin mời thêm một người của văn phòng trước.",
        "this is the last account of the office that can sign in; invite another one first",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(offices: &[(i32, bool)], without: i32, expected: bool) {
        assert_eq!(leaves_an_office(offices, AccountId(without)), expected, "{offices:?} without {without}");
    }

    #[test]
    fn someone_of_the_office_can_always_sign_in() {
        check(&[(1, true)], 1, false);
        check(&[(1, true), (2, false)], 1, false);
        check(&[(1, true), (2, true)], 1, true);
        check(&[(1, true), (2, false)], 2, true);
        check(&[(1, false)], 1, true);
        check(&[(1, true)], 7, true);
    }
}
