//! Queries on accounts. No transaction, no clock.

use chrono::{DateTime, NaiveDate, Utc};
use diesel::prelude::*;
use diesel::result::DatabaseErrorKind;
use diesel_async::{AsyncPgConnection, RunQueryDsl};

use crate::accounts::types::{AccountId, Home, Role};
use crate::db::schema::{accounts, communes, producers};
use crate::error::{Error, Result};

use super::login::Login;
use super::types::{Account, PeopleFilter, Person, PersonStanding, home_of};

#[diesel::declare_sql_function]
extern "SQL" {
    /// Without diacritics and in small letters; see the migrations.
    fn search_key(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
    /// Where the second text stands in the first, from 1; 0 for nowhere.
    fn strpos(whole: diesel::sql_types::Text, part: diesel::sql_types::Text) -> diesel::sql_types::Integer;
}

#[derive(HasQuery)]
#[diesel(table_name = accounts)]
pub(in crate::accounts) struct AccountRow {
    pub(in crate::accounts) account_id: i32,
    login: String,
    display_name: String,
    role: String,
    producer_no: Option<i32>,
    commune_code: Option<String>,
    pub(in crate::accounts) password_hash: Option<String>,
    created_at: DateTime<Utc>,
    pub(in crate::accounts) disabled_at: Option<DateTime<Utc>>,
    version: i32,
}

impl AccountRow {
    /// The row as a value; what the table's own rules exclude is a defect.
    pub(in crate::accounts) fn into_account(self) -> Result<Account> {
        let defect = || Error::internal(format!("account {} is not as the schema says", self.account_id));
        let role = Role::parse(&self.role).ok_or_else(defect)?;
        let login = Login::parse(&self.login).ok_or_else(defect)?;
        let home = home_of(role, self.producer_no, self.commune_code).ok_or_else(defect)?;
        Ok(Account {
            account_id: AccountId(self.account_id),
            login,
            display_name: self.display_name,
            role,
            home,
            has_password: self.password_hash.is_some(),
            created_at: self.created_at,
            disabled_at: self.disabled_at,
            version: self.version,
        })
    }
}

/// The account's row, held until the caller's transaction ends.
pub(in crate::accounts) async fn lock(
    conn: &mut AsyncPgConnection,
    account_id: i32,
) -> QueryResult<Option<AccountRow>> {
    let row = accounts::table.find(account_id).select(AccountRow::as_select()).for_update();
    row.first(conn).await.optional()
}

pub(in crate::accounts) async fn find(
    conn: &mut AsyncPgConnection,
    account_id: i32,
) -> QueryResult<Option<AccountRow>> {
    AccountRow::query().filter(accounts::account_id.eq(account_id)).first(conn).await.optional()
}

pub(in crate::accounts) async fn find_by_login(
    conn: &mut AsyncPgConnection,
    login: &str,
) -> QueryResult<Option<AccountRow>> {
    AccountRow::query().filter(accounts::login.eq(login)).first(conn).await.optional()
}

pub(in crate::accounts) async fn set_password(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    hash: &str,
) -> QueryResult<()> {
    let row = accounts::table.find(account_id);
    diesel::update(row).set(accounts::password_hash.eq(hash)).execute(conn).await.map(drop)
}

/// An account's row before it is written.
#[derive(Insertable, AsChangeset)]
#[diesel(table_name = accounts, treat_none_as_null = true)]
pub(super) struct AccountDraft<'d> {
    pub(super) login: &'d str,
    pub(super) display_name: &'d str,
    pub(super) role: &'d str,
    pub(super) producer_no: Option<i32>,
    pub(super) commune_code: Option<&'d str>,
}

/// Whether the row was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    /// Someone else has this login.
    LoginTaken,
    /// The row is at another version.
    Changed,
}

/// Writes a new account and returns its number; none when the login is taken.
pub(super) async fn insert(
    conn: &mut AsyncPgConnection,
    draft: &AccountDraft<'_>,
    now: DateTime<Utc>,
) -> QueryResult<Option<i32>> {
    diesel::insert_into(accounts::table)
        .values((draft, accounts::created_at.eq(now)))
        .on_conflict(accounts::login)
        .do_nothing()
        .returning(accounts::account_id)
        .get_result(conn)
        .await
        .optional()
}

pub(super) async fn update(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    version: i32,
    draft: &AccountDraft<'_>,
) -> QueryResult<Written> {
    let row = accounts::table.find(account_id).filter(accounts::version.eq(version));
    match diesel::update(row).set((draft, accounts::version.eq(version + 1))).execute(conn).await {
        Ok(0) => Ok(Written::Changed),
        Ok(_) => Ok(Written::Yes),
        Err(diesel::result::Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(Written::LoginTaken),
        Err(error) => Err(error),
    }
}

pub(super) async fn set_disabled(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    version: i32,
    disabled_at: Option<DateTime<Utc>>,
) -> QueryResult<Written> {
    let row = accounts::table.find(account_id).filter(accounts::version.eq(version));
    let changed = diesel::update(row).set((accounts::disabled_at.eq(disabled_at), accounts::version.eq(version + 1)));
    changed.execute(conn).await.map(|n| if n == 0 { Written::Changed } else { Written::Yes })
}

/// The office's accounts that are not disabled, each with whether it has a password; held until the transaction ends, so that
/// of two who disable each other one comes second.
pub(super) async fn lock_offices(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(i32, bool)>> {
    accounts::table
        .filter(accounts::role.eq(Role::Office.as_str()))
        .filter(accounts::disabled_at.is_null())
        .order(accounts::account_id)
        .select((accounts::account_id, accounts::password_hash.is_not_null()))
        .for_update()
        .load(conn)
        .await
}

#[diesel::dsl::auto_type]
fn placed(today: NaiveDate) -> _ {
    let is_current = communes::valid_from
        .le(today)
        .and(communes::valid_to.is_null().or(communes::valid_to.ge(today).assume_not_null()));
    let its_commune = communes::table.on(communes::code.nullable().eq(accounts::commune_code).and(is_current));
    accounts::table.left_join(producers::table).left_join(its_commune)
}

type PlacedRow = (AccountRow, Option<String>, Option<String>);

fn into_person((row, producer, commune): PlacedRow) -> Result<Person> {
    let account = row.into_account()?;
    let place = match &account.home {
        Home::Province => None,
        Home::Producer(_) => producer,
        Home::Commune(code) => Some(commune.unwrap_or_else(|| code.clone())),
    };
    Ok(Person { account, place })
}

pub(super) async fn find_person(
    conn: &mut AsyncPgConnection,
    account_id: i32,
    today: NaiveDate,
) -> Result<Option<Person>> {
    let row: Option<PlacedRow> = placed(today)
        .filter(accounts::account_id.eq(account_id))
        .select((AccountRow::as_select(), producers::name.nullable(), communes::name.nullable()))
        .first(conn)
        .await
        .optional()?;
    row.map(into_person).transpose()
}

/// People as a filter asks for them, by name; `limit` of them after the first `offset`.
pub(super) async fn list_people(
    conn: &mut AsyncPgConnection,
    filter: &PeopleFilter,
    today: NaiveDate,
    offset: i64,
    limit: i64,
) -> Result<Vec<Person>> {
    let mut query = placed(today)
        .select((AccountRow::as_select(), producers::name.nullable(), communes::name.nullable()))
        .order((search_key(accounts::display_name), accounts::account_id))
        .offset(offset)
        .limit(limit)
        .into_boxed();
    if let Some(role) = filter.role {
        query = query.filter(accounts::role.eq(role.as_str()));
    }
    if let Some(producer_no) = filter.producer_no {
        query = query.filter(accounts::producer_no.eq(producer_no.0));
    }
    match filter.standing {
        Some(PersonStanding::Active) => {
            query = query.filter(accounts::disabled_at.is_null()).filter(accounts::password_hash.is_not_null());
        }
        Some(PersonStanding::Invited) => {
            query = query.filter(accounts::disabled_at.is_null()).filter(accounts::password_hash.is_null());
        }
        Some(PersonStanding::Disabled) => query = query.filter(accounts::disabled_at.is_not_null()),
        None => {}
    }
    if let Some(text) = &filter.text {
        let key = search_key(text.clone());
        let in_name = strpos(search_key(accounts::display_name), key.clone()).gt(0);
        let in_place = strpos(search_key(producers::name.nullable().assume_not_null()), key).nullable().gt(0);
        let login = Login::parse(text).map(|login| login.as_str().to_owned());
        query = query.filter(in_name.nullable().or(in_place).or(accounts::login.nullable().eq(login)));
    }
    let rows: Vec<PlacedRow> = query.load(conn).await?;
    rows.into_iter().map(into_person).collect()
}

/// Names of a producer's people who can sign in, without one of them.
pub(super) async fn names_of_members(
    conn: &mut AsyncPgConnection,
    producer_no: i32,
    except: i32,
) -> QueryResult<Vec<String>> {
    accounts::table
        .filter(accounts::producer_no.eq(producer_no))
        .filter(accounts::account_id.ne(except))
        .filter(accounts::disabled_at.is_null())
        .order((search_key(accounts::display_name), accounts::account_id))
        .select(accounts::display_name)
        .load(conn)
        .await
}

/// Number and name of every producer that is not closed, by name.
pub(in crate::accounts) async fn open_producers(conn: &mut AsyncPgConnection) -> QueryResult<Vec<(i32, String)>> {
    producers::table
        .filter(producers::closed_at.is_null())
        .order((producers::search_key, producers::producer_no))
        .select((producers::producer_no, producers::name))
        .load(conn)
        .await
}

/// Code and name of every commune of today, by name.
pub(super) async fn current_communes(
    conn: &mut AsyncPgConnection,
    today: NaiveDate,
) -> QueryResult<Vec<(String, String)>> {
    communes::table
        .filter(communes::valid_from.le(today))
        .filter(communes::valid_to.is_null().or(communes::valid_to.ge(today).assume_not_null()))
        .order((search_key(communes::name), communes::code))
        .select((communes::code, communes::name))
        .load(conn)
        .await
}
