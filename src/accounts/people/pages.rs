//! People as pages: the list, inviting, one person's account, and the link that is shown once.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::accounts::choosing::{choose_producer, line};
use crate::accounts::types::{AccountId, Actor, ProducerNo, Role};
use crate::accounts::{Accounts, NewLink, PeopleFilter, Person, PersonDraft, PersonStanding};
use crate::config::PublicUrl;
use crate::error::{Error, Result, Thing};
use crate::http::{
    Auditor, Fields, FormError, Frame, Language, Office, kept_text, page, page_after, pages, refused_page, role_name,
    see_other,
};

pages! {
    GET "/people" => list_people: Auditor,
    POST "/people" => invite_person: Office,
    GET "/people/new" => show_invitation: Office,
    GET "/people/{account_id}" => show_person: Auditor,
    POST "/people/{account_id}" => change_person: Office,
    POST "/people/{account_id}/disable" => disable_person: Office,
    POST "/people/{account_id}/enable" => enable_person: Office,
    POST "/people/{account_id}/link" => make_link: Office,
}

/// The last page anyone can ask for.
const MAX_PAGE: u32 = 20_000;
/// Longest search, characters.
const MAX_SEARCH_CHARS: usize = 100;

const fn standing_name(standing: PersonStanding, language: Language) -> &'static str {
    match standing {
        PersonStanding::Active => language.pick("đang dùng", "active"),
        PersonStanding::Invited => language.pick("chưa đặt mật khẩu", "no password yet"),
        PersonStanding::Disabled => language.pick("đã khóa", "disabled"),
    }
}

fn role_choices(language: Language) -> Vec<(String, String)> {
    Role::ALL.map(|role| (role.as_str().to_owned(), role_name(role, language).to_owned())).into()
}

/// What was typed into the filters.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    q: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    state: String,
    producer: Option<i32>,
    #[serde(default)]
    page: u32,
}

impl Asked {
    fn filter(&self) -> PeopleFilter {
        let text: String = kept_text(&self.q).chars().take(MAX_SEARCH_CHARS).collect();
        PeopleFilter {
            text: Some(text).filter(|text| !text.is_empty()),
            role: Role::parse(&self.role),
            standing: PersonStanding::parse(&self.state),
            producer_no: self.producer.map(ProducerNo),
        }
    }

    fn href(&self, page: u32) -> String {
        let mut query = Serializer::new(String::new());
        let fields = [("q", &self.q), ("role", &self.role), ("state", &self.state)];
        query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        if let Some(producer_no) = self.producer {
            query.append_pair("producer", &producer_no.to_string());
        }
        query.append_pair("page", &page.to_string());
        format!("/people?{}", query.finish())
    }
}

#[derive(Template)]
#[template(path = "accounts/people.html")]
struct PeopleView {
    frame: Frame,
    error: Option<FormError>,
    asked: Asked,
    roles: Vec<(String, String)>,
    states: Vec<(String, String)>,
    people: Vec<Person>,
    previous_href: Option<String>,
    next_href: Option<String>,
    may_write: bool,
}

impl PeopleView {
    fn standing(&self, person: &Person) -> &'static str {
        standing_name(person.account.standing(), self.frame.language)
    }
}

async fn list_people(
    Auditor(actor): Auditor,
    req: HttpRequest,
    asked: web::Query<Asked>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let asked = asked.into_inner();
    let page_no = asked.page.min(MAX_PAGE);
    let found = accounts.list_people(&asked.filter(), page_no).await?;
    let help = language.pick(
        "Những người đăng nhập được vào hệ thống. Mời thêm người, gửi đường dẫn đặt mật khẩu, khóa tài khoản của người đã nghỉ.",
        "Those who can sign in. Invite people, send links for passwords, disable the accounts of those who left.",
    );
    let all = |vi, en| (String::new(), language.pick(vi, en).to_owned());
    let states =
        PersonStanding::ALL.map(|state| (state.as_str().to_owned(), standing_name(state, language).to_owned()));
    page(&PeopleView {
        frame: Frame::new(&req, &actor, language.pick("Người dùng", "People"), help),
        error: None,
        roles: [vec![all("Mọi vai trò", "Every role")], role_choices(language)].concat(),
        states: [vec![all("Mọi tình trạng", "Every state")], states.into()].concat(),
        people: found.people,
        previous_href: page_no.checked_sub(1).map(|page| asked.href(page)),
        next_href: found.has_more.then(|| asked.href(page_no + 1)),
        may_write: actor.role == Role::Office,
        asked,
    })
}

/// Lists that the form of an account chooses from.
struct Choices {
    roles: Vec<(String, String)>,
    producers: Vec<(ProducerNo, String)>,
    communes: Vec<(String, String)>,
}

impl Choices {
    async fn load(accounts: &Accounts, language: Language) -> Result<Self> {
        let none = (String::new(), language.pick("– chọn xã –", "– choose a commune –").to_owned());
        let communes = accounts.list_commune_choices().await?;
        Ok(Self {
            roles: role_choices(language),
            producers: accounts.list_producer_choices().await?,
            communes: std::iter::once(none).chain(communes).collect(),
        })
    }

    fn producer_lines(&self) -> Vec<String> {
        self.producers.iter().map(|(no, name)| line(no, name)).collect()
    }

    /// The account that the form asks for. What belongs to another role than the chosen one is left out.
    fn read_draft(&self, fields: &Fields) -> Result<PersonDraft> {
        let role = Role::parse(fields.value("role"))
            .ok_or_else(|| Error::invalid("role", "Xin chọn vai trò.", "choose a role"))?;
        let producer_no = match role {
            Role::Producer => choose_producer(fields.value("producer"), &self.producers)?,
            _ => None,
        };
        let commune = Some(fields.value("commune")).filter(|code| role == Role::Officer && !code.is_empty());
        PersonDraft::new(fields.value("login"), fields.value("name"), role, producer_no, commune)
    }
}

#[derive(Template)]
#[template(path = "accounts/person_new.html")]
struct InvitationView {
    frame: Frame,
    error: Option<FormError>,
    fields: Fields,
    choices: Choices,
}

async fn invitation_view(
    req: &HttpRequest,
    actor: &Actor,
    accounts: &Accounts,
    fields: Fields,
    error: Option<FormError>,
) -> Result<InvitationView> {
    let language = Language::of(req);
    let help = language.pick(
        "Điền tên và số điện thoại; hệ thống tạo một đường dẫn riêng để gửi cho người đó tự đặt mật khẩu.",
        "Enter name and phone number; you get a link to send to them, by which they choose a password.",
    );
    let frame = Frame::new(req, actor, language.pick("Mời người dùng", "Invite someone"), help);
    Ok(InvitationView { frame, error, fields, choices: Choices::load(accounts, language).await? })
}

async fn show_invitation(
    Office(actor): Office,
    req: HttpRequest,
    asked: web::Query<Asked>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let role = Role::parse(&asked.role).unwrap_or(Role::Producer);
    let producers = accounts.list_producer_choices().await?;
    let producer = producers.iter().find(|(no, _)| Some(no.0) == asked.producer);
    let producer = producer.map(|(no, name)| line(no, name)).unwrap_or_default();
    let fields = Fields::from_values([("role", role.as_str().to_owned()), ("producer", producer)]);
    page(&invitation_view(&req, &actor, &accounts, fields, None).await?)
}

#[derive(Template)]
#[template(path = "accounts/link_made.html")]
struct LinkMadeView {
    frame: Frame,
    person: Person,
    address: String,
    expires_at: chrono::DateTime<chrono::Utc>,
}

fn link_made_view(req: &HttpRequest, actor: &Actor, person: Person, link: &NewLink, url: &PublicUrl) -> LinkMadeView {
    let language = Language::of(req);
    let help = language.pick(
        "Đường dẫn chỉ hiện một lần ở đây. Xin gửi riêng cho đúng người, ví dụ qua Zalo, và đừng gửi vào nhóm.",
        "This link is shown this once. Send it to this person alone, for example by Zalo, never to a group.",
    );
    LinkMadeView {
        frame: Frame::new(req, actor, language.pick("Đường dẫn đặt mật khẩu", "Link for a password"), help),
        person,
        address: url.link(link.secret.reveal()),
        expires_at: link.expires_at,
    }
}

async fn invite_person(
    Office(actor): Office,
    req: HttpRequest,
    fields: Fields,
    accounts: web::Data<Accounts>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let invited = match Choices::load(&accounts, language).await?.read_draft(&fields) {
        Ok(draft) => accounts.invite_person(&actor, draft).await,
        Err(error) => Err(error),
    };
    match invited {
        Ok((account_id, link)) => {
            let person = accounts.find_person(account_id).await?;
            page(&link_made_view(&req, &actor, person, &link, &public_url))
        }
        Err(error) => {
            let error = FormError::of(error, language)?;
            refused_page(&invitation_view(&req, &actor, &accounts, fields, Some(error)).await?)
        }
    }
}

#[derive(Template)]
#[template(path = "accounts/person.html")]
struct PersonView {
    frame: Frame,
    error: Option<FormError>,
    person: Person,
    fields: Fields,
    choices: Choices,
    may_write: bool,
}

impl PersonView {
    fn standing(&self) -> &'static str {
        standing_name(self.person.account.standing(), self.frame.language)
    }
}

fn parse_account_id(text: &str) -> Result<AccountId> {
    text.parse().map(AccountId).map_err(|_| Error::NotFound(Thing::Account))
}

/// The page of a person. After a refusal it holds what was typed; after a conflict it shows what others wrote.
async fn person_view(
    req: &HttpRequest,
    actor: &Actor,
    accounts: &Accounts,
    account_id: AccountId,
    refused: Option<(Option<Fields>, Error)>,
) -> Result<PersonView> {
    let language = Language::of(req);
    let person = accounts.find_person(account_id).await?;
    let choices = Choices::load(accounts, language).await?;
    let account = &person.account;
    let place = person.place.as_deref().unwrap_or_default();
    let now = Fields::from_values([
        ("version", account.version.to_string()),
        ("login", account.login.to_string()),
        ("name", account.display_name.clone()),
        ("role", account.role.as_str().to_owned()),
        ("producer", account.producer_no().map(|no| line(no, place)).unwrap_or_default()),
        ("commune", account.commune_code().unwrap_or_default().to_owned()),
    ]);
    let (typed, error) = match refused {
        None => (None, None),
        Some((_, error @ Error::EditConflict)) => (None, Some(FormError::of(error, language)?)),
        Some((typed, error)) => (typed, Some(FormError::of(error, language)?)),
    };
    let help = language.pick(
        "Sửa tên, vai trò; gửi đường dẫn mới khi người này quên mật khẩu; khóa khi không còn làm việc.",
        "Change name or role; send a new link when they forget the password; disable the account when they leave.",
    );
    let frame = Frame::new(req, actor, account.display_name.clone(), help);
    Ok(PersonView {
        frame,
        error,
        person,
        fields: typed.unwrap_or(now),
        choices,
        may_write: actor.role == Role::Office,
    })
}

async fn show_person(
    Auditor(actor): Auditor,
    req: HttpRequest,
    account_id: web::Path<String>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    page(&person_view(&req, &actor, &accounts, parse_account_id(&account_id)?, None).await?)
}

/// Sends on to the person's page, or shows it with what was refused.
async fn answer_change(
    req: &HttpRequest,
    actor: &Actor,
    accounts: &Accounts,
    account_id: AccountId,
    changed: Result<(), (Option<Fields>, Error)>,
) -> Result<HttpResponse> {
    match changed {
        Ok(()) if actor.account_id() == Some(account_id) => Ok(see_other("/people?done=saved")),
        Ok(()) => Ok(see_other(&format!("/people/{}?done=saved", account_id.0))),
        Err(refused) => {
            let view = person_view(req, actor, accounts, account_id, Some(refused)).await?;
            page_after(view.error.as_ref(), &view)
        }
    }
}

async fn change_person(
    Office(actor): Office,
    req: HttpRequest,
    account_id: web::Path<String>,
    fields: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let account_id = parse_account_id(&account_id)?;
    let version = fields.version()?;
    let changed = match Choices::load(&accounts, Language::of(&req)).await?.read_draft(&fields) {
        Ok(draft) => accounts.change_person(&actor, account_id, version, draft).await,
        Err(error) => Err(error),
    };
    let changed = changed.map_err(|error| (Some(fields), error));
    answer_change(&req, &actor, &accounts, account_id, changed).await
}

async fn disable_person(
    Office(actor): Office,
    req: HttpRequest,
    account_id: web::Path<String>,
    fields: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let account_id = parse_account_id(&account_id)?;
    let changed = accounts.disable_person(&actor, account_id, fields.version()?).await;
    answer_change(&req, &actor, &accounts, account_id, changed.map_err(|error| (None, error))).await
}

async fn enable_person(
    Office(actor): Office,
    req: HttpRequest,
    account_id: web::Path<String>,
    fields: Fields,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let account_id = parse_account_id(&account_id)?;
    let changed = accounts.enable_person(&actor, account_id, fields.version()?).await;
    answer_change(&req, &actor, &accounts, account_id, changed.map_err(|error| (None, error))).await
}

async fn make_link(
    Office(actor): Office,
    req: HttpRequest,
    account_id: web::Path<String>,
    _: Fields,
    accounts: web::Data<Accounts>,
    public_url: web::Data<PublicUrl>,
) -> Result<HttpResponse> {
    let account_id = parse_account_id(&account_id)?;
    match accounts.make_link(&actor, account_id).await {
        Ok(link) => {
            let person = accounts.find_person(account_id).await?;
            page(&link_made_view(&req, &actor, person, &link, &public_url))
        }
        Err(error) => answer_change(&req, &actor, &accounts, account_id, Err((None, error))).await,
    }
}
