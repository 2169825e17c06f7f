//! Someone at a browser: keeps cookies, opens pages, sends the forms they show. People are put into the database as they are
//! after signing in, so a test of something else does not wait for a password to be hashed.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use nguon::accounts::types::{AccountId, PlainSecret, ProducerNo, Role};

use crate::world::{Answer, Client, World};

/// The commune of `good_row`'s producer.
pub(crate) const COMMUNE: &str = "01843";
/// Where the session's secret is kept.
pub(crate) const SESSION_COOKIE: &str = "__Host-nguon-session";

/// One browser with its cookies. Clones share them, as tabs do.
#[derive(Clone)]
pub(crate) struct Browser {
    client: Client,
    cookies: Arc<Mutex<BTreeMap<String, String>>>,
}

/// Someone who is signed in. Everything a browser can do, they can do.
pub(crate) struct Person {
    pub(crate) account_id: AccountId,
    pub(crate) session_id: i32,
    pub(crate) browser: Browser,
}

impl std::ops::Deref for Person {
    type Target = Browser;

    fn deref(&self) -> &Browser {
        &self.browser
    }
}

/// A file of a form.
pub(crate) struct File<'f> {
    pub(crate) field: &'f str,
    pub(crate) name: &'f str,
    pub(crate) media_type: &'f str,
    pub(crate) bytes: &'f [u8],
}

impl World {
    /// A browser that nobody has signed in with.
    pub(crate) fn browser(&self) -> Browser {
        Browser::at(&self.base_url)
    }

    /// A new person of this role, signed in: an officer of `COMMUNE`, a member of producer 1.
    pub(crate) async fn sign_in(&self, role: Role) -> Person {
        match role {
            Role::Officer => self.officer_of(COMMUNE).await,
            Role::Producer => self.member_of(ProducerNo(1)).await,
            Role::Office | Role::Inspector | Role::Auditor => self.person(role, None, None).await,
        }
    }

    /// A new member of a producer, signed in.
    pub(crate) async fn member_of(&self, producer_no: ProducerNo) -> Person {
        self.person(Role::Producer, Some(producer_no), None).await
    }

    /// A new officer of a commune, signed in.
    pub(crate) async fn officer_of(&self, commune_code: &str) -> Person {
        self.person(Role::Officer, None, Some(commune_code)).await
    }

    async fn person(&self, role: Role, producer_no: Option<ProducerNo>, commune_code: Option<&str>) -> Person {
        let name = role.as_str();
        let (producer, commune) = (
            producer_no.map_or("NULL".to_owned(), |no| no.to_string()),
            commune_code.map_or("NULL".to_owned(), |code| format!("'{code}'")),
        );
        let now = self.clock.now().to_rfc3339();
        let account = format!(
            "WITH made AS (INSERT INTO accounts (login, display_name, role, producer_no, commune_code, created_at) \
             SELECT '{name}' || (1 + count(*)), 'Người thử {name}', '{name}', {producer}, {commune}, '{now}' FROM accounts \
             RETURNING account_id) SELECT account_id::bigint AS n FROM made"
        );
        let account_id = i32::try_from(self.test_db.count(&account).await).unwrap();
        let browser = self.browser();
        let session_id = self.session_of(AccountId(account_id), &browser).await;
        Person { account_id: AccountId(account_id), session_id, browser }
    }

    /// Signs an account in with this browser, as if its password had been right.
    pub(crate) async fn session_of(&self, account_id: AccountId, browser: &Browser) -> i32 {
        let secret = PlainSecret::plain().unwrap();
        browser.set_cookie(SESSION_COOKIE, secret.reveal());
        let (now, expires) = (self.clock.now(), self.clock.now() + chrono::TimeDelta::days(90));
        let session = format!(
            "WITH made AS (INSERT INTO sessions (account_id, hash, device, created_at, last_seen_at, expires_at) \
             VALUES ({}, sha256('{}'), 'Trình duyệt thử', '{now}', '{now}', '{expires}') \
             RETURNING session_id) SELECT session_id::bigint AS n FROM made",
            account_id.0,
            secret.reveal(),
        );
        i32::try_from(self.test_db.count(&session).await).unwrap()
    }
}

impl Browser {
    /// A browser without cookies that opens pages of this server.
    pub(crate) fn at(base_url: &str) -> Self {
        Self { client: Client::new(base_url, None), cookies: Arc::default() }
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(name.to_owned(), value.to_owned());
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.lock().unwrap().get(name).cloned()
    }

    /// A request as this browser sends it, to be changed before it is sent.
    pub(crate) fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let request = self.client.request(method, path).header("accept", "text/html,*/*;q=0.8");
        let cookies: Vec<String> =
            self.cookies.lock().unwrap().iter().map(|(name, value)| format!("{name}={value}")).collect();
        if cookies.is_empty() { request } else { request.header("cookie", cookies.join("; ")) }
    }

    /// Sends a request and keeps the cookies of its answer.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let answer = self.client.send(request).await;
        for line in answer.headers.get_all("set-cookie") {
            let line = line.to_str().unwrap();
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || line.contains("Max-Age=0") {
                self.cookies.lock().unwrap().remove(name);
            } else {
                self.set_cookie(name, value);
            }
        }
        answer
    }

    /// Opens a page; redirects are not followed.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path)).await
    }

    /// Opens a page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.get(path).await;
        assert_eq!(answer.status, 200, "{path} leads to {:?}: {}", answer.header("location"), answer.text());
        answer.text()
    }

    /// The token that the forms of a page carry.
    pub(crate) async fn form_token(&self, page: &str) -> String {
        form_token_in(&self.page(page).await)
    }

    /// Opens a page and sends the form on it that goes to `action`, with these fields besides its token.
    pub(crate) async fn submit(&self, page: &str, action: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token(page).await;
        self.post_form(action, &[&[("form_token", token.as_str())], fields].concat()).await
    }

    /// Sends a form with these fields and no others.
    pub(crate) async fn post_form(&self, action: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = self.request("POST", action).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(body)).await
    }

    /// Opens a page and sends the form with files on it.
    pub(crate) async fn upload(&self, page: &str, action: &str, fields: &[(&str, &str)], files: &[File<'_>]) -> Answer {
        const BOUNDARY: &str = "----ranh-gioi-thu";
        let token = self.form_token(page).await;
        let mut body = Vec::new();
        for (name, value) in [&[("form_token", token.as_str())], fields].concat() {
            let part = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
            body.extend_from_slice(part.as_bytes());
        }
        for file in files {
            let head = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                file.field, file.name, file.media_type
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(file.bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.send(self.request("POST", action).header("content-type", content_type).body(body)).await
    }
}

/// The token in a page's first form.
#[track_caller]
pub(crate) fn form_token_in(page: &str) -> String {
    let rest = page.split("name=\"form_token\" value=\"").nth(1);
    rest.unwrap_or_else(|| panic!("no form on this page: {page}")).split('"').next().unwrap().to_owned()
}

impl Answer {
    /// Asserts that a form was taken and the browser is sent on; returns where to.
    #[track_caller]
    pub(crate) fn assert_sent_on(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.text());
        self.header("location").to_owned()
    }

    /// Asserts that someone else was faster and that the page says so, with what they wrote.
    #[track_caller]
    pub(crate) fn assert_told(&self) {
        let text = self.text();
        assert!(
            self.status == 409 && text.contains("Có người khác vừa sửa") && text.contains("<form"),
            "{} {text}",
            self.status
        );
    }

    /// Asserts that a form was refused with this sentence, or part of one, and is shown again.
    #[track_caller]
    pub(crate) fn assert_refused(&self, because: &str) {
        let text = self.text();
        assert!(self.status == 422 && text.contains(because) && text.contains("<form"), "{} {text}", self.status);
    }
}
