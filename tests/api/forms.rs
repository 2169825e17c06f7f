//! Forms that were not shown to whoever sends them: forged, borrowed, kept from another session, sent by another site. Every form
//! of the route table is tried; nothing may be written.

#![expect(clippy::unwrap_used, reason = "a test that cannot set its stage should fail there")]

use nguon::accounts::types::{Actor, PlainSecret, Role};
use nguon::accounts::{Password, PersonDraft};
use nguon::cli::server::route_table;
use nguon::http::Route;

use crate::browser::{Browser, Person, SESSION_COOKIE};
use crate::reach::FIELDS;
use crate::roles::{Caller, VISIT_COOKIE, may_call};
use crate::two::{Two, address_of, forms, is_of_programs};
use crate::world::{Answer, World};

const PASSWORD: &str = "con trâu đi qua cầu";

fn token_under(secret: &str) -> String {
    PlainSecret::received(secret.to_owned()).form_token().as_str().to_owned()
}

/// The form of an address with everything in it, and this token if any.
fn form(token: Option<&str>) -> String {
    let token = token.map(|token| ("form_token", token));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(FIELDS).extend_pairs(token).finish()
}

const FORM_TYPE: &str = "application/x-www-form-urlencoded";

/// Sends a form as a page made it, but for these headers.
async fn send(browser: &Browser, path: &str, headers: &[(&str, &str)], body: String) -> Answer {
    let request = browser.request("POST", path);
    let has_type = headers.iter().any(|(name, _)| *name == "content-type");
    let request = if has_type { request } else { request.header("content-type", FORM_TYPE) };
    let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.send(request.body(body)).await
}

fn is_refused(answer: &Answer) -> bool {
    answer.status == 403 && answer.text().contains("xin mở lại trang") && answer.header("set-cookie").is_empty()
}

fn is_open(route: &Route) -> bool {
    may_call(route, Caller::Nobody)
}

/// Every way to send a form without its session's token, or from elsewhere with it.
async fn forgeries(route: &Route, path: &str, office: &Person, colleague: &Person) -> Vec<(&'static str, Answer)> {
    let visit = PlainSecret::plain().unwrap();
    office.set_cookie(VISIT_COOKIE, visit.reveal());
    let session = office.cookie(SESSION_COOKIE).unwrap();
    let (of_session, of_visit) = (token_under(&session), token_under(visit.reveal()));
    let (own, before) = if is_open(route) { (&of_visit, &of_session) } else { (&of_session, &of_visit) };
    let foreign = token_under(&colleague.cookie(SESSION_COOKIE).unwrap());
    let mut answers = Vec::new();
    for (name, token) in [
        ("without a token", None),
        ("with an empty token", Some("")),
        ("with a colleague's token", Some(foreign.as_str())),
        ("with the token of a visit where a session's is due, or the other way", Some(before.as_str())),
        ("with a token cut short", own.get(..own.len() - 1)),
        ("with the secret itself", Some(session.as_str())),
    ] {
        answers.push((name, send(office, path, &[], form(token)).await));
    }
    for (name, headers) in [
        ("from another site", [("sec-fetch-site", "cross-site")]),
        ("from a neighbouring host", [("sec-fetch-site", "same-site")]),
        ("as plain text", [("content-type", "text/plain")]),
        ("as JSON", [("content-type", "application/json")]),
        ("without a type that forms have", [("content-type", "application/octet-stream")]),
    ] {
        answers.push((name, send(office, path, &headers, form(Some(own))).await));
    }
    answers
}

#[actix_web::test]
async fn no_form_is_taken_that_its_own_session_was_not_shown() {
    let two = Two::new().await;
    let (office, colleague) = (two.world.sign_in(Role::Office).await, two.world.sign_in(Role::Office).await);
    let before = two.world.contents().await;
    let mut faults = Vec::new();
    for route in forms() {
        let path = address_of(&route, &two.one);
        for (name, answer) in forgeries(&route, &path, &office, &colleague).await {
            if !is_refused(&answer) {
                faults.push(format!("{path} {name}: {} {}", answer.status, answer.header("location")));
            }
        }
        assert_eq!(two.world.contents().await, before, "{path} was written to");
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[actix_web::test]
async fn no_form_of_a_session_that_has_ended_is_taken() {
    let two = Two::new().await;
    let office = two.world.sign_in(Role::Office).await;
    let old_secret = office.cookie(SESSION_COOKIE).unwrap();
    let old_token = token_under(&old_secret);
    office.submit("/account", "/sign-out", &[]).await.assert_sent_on();
    let again = two.world.browser();
    two.world.session_of(office.account_id, &again).await;
    let old = two.world.browser();
    old.set_cookie(SESSION_COOKIE, &old_secret);
    let before = two.world.contents().await;
    let mut faults = Vec::new();
    for route in forms().iter().filter(|route| !is_open(route)) {
        let path = address_of(route, &two.one);
        let kept = send(&again, &path, &[], form(Some(&old_token))).await;
        let replayed = send(&old, &path, &[], form(Some(&old_token))).await;
        let is_nobody = replayed.header("location").starts_with("/sign-in?next=");
        if !is_refused(&kept) || !is_nobody {
            faults.push(format!("{path}: {} in the new session, {} in the old", kept.status, replayed.status));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(two.world.contents().await, before);
}

#[actix_web::test]
async fn a_form_before_signing_in_is_read_without_files_and_only_from_this_site() {
    let world = World::new().await;
    let account_id = known(&world).await;
    let link = world.accounts.make_link(&Actor::operator(), account_id).await.unwrap();
    let browser = world.browser();
    let visit = PlainSecret::plain().unwrap();
    browser.set_cookie(VISIT_COOKIE, visit.reveal());
    let token = token_under(visit.reveal());
    let link = format!("/link/{}", link.secret.reveal());
    for (path, fields) in
        [("/sign-in", [("login", "known"), ("password", PASSWORD)]), (&link, [("password", "x"), ("repeated", "x")])]
    {
        let fields = [&[("form_token", token.as_str())], &fields[..]].concat();
        let body = fields.iter().fold(String::new(), |body, (name, value)| {
            body + &format!("--ranh\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        });
        let files = [("content-type", "multipart/form-data; boundary=ranh")];
        let answer = send(&browser, path, &files, format!("{body}--ranh--\r\n")).await;
        assert!(is_refused(&answer), "{path}: {}", answer.status);
    }
}

/// Someone of the office who has `PASSWORD`.
async fn known(world: &World) -> nguon::accounts::types::AccountId {
    let draft = PersonDraft::new("known", "Người Thử", Role::Office, None, None).unwrap();
    let (account_id, link) = world.accounts.invite_person(&Actor::operator(), draft).await.unwrap();
    world.accounts.choose_password(&link.secret, Password::received(PASSWORD), None).await.unwrap();
    account_id
}

#[actix_web::test]
async fn nothing_is_written_by_looking() {
    let mut two = Two::new().await;
    two.one.extend([("hash", "0".to_owned()), ("name", "app.css".to_owned())]);
    let office = two.world.sign_in(Role::Office).await;
    let before = two.world.contents().await;
    for route in route_table().iter().filter(|route| route.method == "GET") {
        let path = address_of(route, &two.one);
        let answer = if is_of_programs(route) { two.world.office.get(&path).await } else { office.get(&path).await };
        assert!(answer.status < 500, "{path}: {}", answer.status);
        assert_eq!(two.world.contents().await, before, "{path} was written to");
    }
}

#[actix_web::test]
async fn a_cookie_opens_nothing_of_the_programs_and_no_program_is_called_from_another_site() {
    let two = Two::new().await;
    let office = two.world.sign_in(Role::Office).await;
    let token = token_under(&office.cookie(SESSION_COOKIE).unwrap());
    let before = two.world.contents().await;
    for route in route_table().iter().filter(|route| is_of_programs(route) && !is_open(route)) {
        let path = address_of(route, &two.one);
        for body in ["{}".to_owned(), form(Some(&token))] {
            let request = office.request(route.method, &path).header("content-type", "application/json").body(body);
            office.send(request).await.assert_problem(401, "unauthenticated");
        }
        // No answer says that a page elsewhere may send a token.
        let asked = two.world.public.request("OPTIONS", &path).header("origin", "https://la.example");
        let asked = asked.header("access-control-request-method", route.method);
        let answer = two.world.public.send(asked).await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
    }
    assert_eq!(two.world.contents().await, before);
}
