//! The trail as a page and as a file.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;
use serde::Deserialize;
use url::form_urlencoded::Serializer;

use crate::accounts::Accounts;
use crate::accounts::choosing::{choose_producer, leading_number, line};
use crate::accounts::types::{AccountId, ProducerNo};
use crate::error::{Error, Result};
use crate::http::{Auditor, FormError, Frame, Language, kept_text, page, pages, refused_page, role_name};

use super::csv;
use super::service::TrailPage;
use super::types::{TrailEntry, TrailFilter};
use super::words;

pages! {
    GET "/trail" => show_trail: Auditor,
    GET "/trail.csv" => export_trail: Auditor,
}

/// What was typed into the filters.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    from: String,
    #[serde(default)]
    to: String,
    #[serde(default)]
    act: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    producer: String,
    below: Option<i64>,
}

#[derive(Template)]
#[template(path = "accounts/trail.html")]
struct TrailView {
    frame: Frame,
    error: Option<FormError>,
    asked: Asked,
    acts: Vec<(String, String)>,
    people: Vec<String>,
    producers: Vec<String>,
    entries: Vec<TrailEntry>,
    next_href: Option<String>,
    csv_href: String,
}

impl TrailView {
    /// Who it was, in the page's words.
    fn who(&self, entry: &TrailEntry) -> String {
        match (&entry.person, &entry.program) {
            (Some((_, name)), _) => name.clone(),
            (None, Some((token_id, name))) => {
                format!("{} {} · {name}", self.frame.pick("mã truy cập", "token"), token_id.0)
            }
            (None, None) => self.frame.pick("người vận hành máy chủ", "the server's operator").to_owned(),
        }
    }

    fn role(&self, entry: &TrailEntry) -> &'static str {
        entry.role.map_or("", |role| role_name(role, self.frame.language))
    }

    fn act(&self, entry: &TrailEntry) -> String {
        words::act_name(&entry.act, self.frame.language)
    }

    fn thing(&self, entry: &TrailEntry) -> String {
        words::thing_name(&entry.thing, self.frame.language)
    }

    fn details(&self, entry: &TrailEntry) -> String {
        words::details_line(&entry.details, self.frame.language)
    }
}

impl Asked {
    fn query(&self, below: Option<i64>) -> String {
        let mut query = Serializer::new(String::new());
        let fields = [
            ("from", &self.from),
            ("to", &self.to),
            ("act", &self.act),
            ("person", &self.person),
            ("producer", &self.producer),
        ];
        query.extend_pairs(fields.into_iter().filter(|(_, value)| !value.is_empty()));
        if let Some(below) = below {
            query.append_pair("below", &below.to_string());
        }
        query.finish()
    }
}

fn day(text: &str, field: &'static str) -> Result<Option<NaiveDate>> {
    crate::http::Fields::from_values([(field, text)]).day(field)
}

async fn read_filter(asked: &Asked, accounts: &Accounts) -> Result<TrailFilter> {
    let account_id = match asked.person.trim() {
        "" => None,
        typed => Some(AccountId(leading_number(typed).ok_or_else(|| {
            Error::invalid(
                "person",
                "Xin chọn một người trong danh sách, hoặc gõ số tài khoản.",
                "choose someone from the list, or type the account's number",
            )
        })?)),
    };
    let producer_no = match leading_number(&asked.producer) {
        // A closed producer's trail is still to be read.
        Some(number) => Some(ProducerNo(number)),
        None => choose_producer(&asked.producer, &accounts.list_producer_choices().await?)?,
    };
    Ok(TrailFilter {
        from: day(&asked.from, "from")?,
        to: day(&asked.to, "to")?,
        act: Some(kept_text(&asked.act)).filter(|act| !act.is_empty()),
        account_id,
        producer_no,
    })
}

async fn show_trail(
    Auditor(actor): Auditor,
    req: HttpRequest,
    asked: web::Query<Asked>,
    accounts: web::Data<Accounts>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let asked = asked.into_inner();
    let (found, error) = match read_filter(&asked, &accounts).await {
        Ok(filter) => (accounts.read_trail(&filter, asked.below).await?, None),
        Err(error) => (TrailPage { entries: Vec::new(), next_below: None }, Some(FormError::of(error, language)?)),
    };
    let choices = accounts.trail_choices().await?;
    let producers = accounts.list_producer_choices().await?;
    let help = language.pick(
        "Ai đã ghi gì, cho ai, lúc nào. Nhật ký chỉ thêm, không ai sửa hay xóa được.",
        "Who wrote what, for whom, and when. The trail only grows; nobody can change or delete any of it.",
    );
    let all_acts = [(String::new(), language.pick("Mọi việc", "Every act").to_owned())];
    let view = TrailView {
        frame: Frame::new(&req, &actor, language.pick("Nhật ký hệ thống", "Audit trail"), help),
        acts: all_acts
            .into_iter()
            .chain(choices.acts.into_iter().map(|act| (act.clone(), words::act_name(&act, language))))
            .collect(),
        people: choices.people.iter().map(|(no, name)| line(no, name)).collect(),
        producers: producers.iter().map(|(no, name)| line(no, name)).collect(),
        next_href: found.next_below.map(|below| format!("/trail?{}", asked.query(Some(below)))),
        csv_href: format!("/trail.csv?{}", asked.query(None)),
        entries: found.entries,
        asked,
        error,
    };
    if view.error.is_some() { refused_page(&view) } else { page(&view) }
}

async fn export_trail(_: Auditor, asked: web::Query<Asked>, accounts: web::Data<Accounts>) -> Result<HttpResponse> {
    /// How far the file has come.
    enum At {
        Beginning,
        Below(i64),
        End,
    }
    let filter = read_filter(&asked, &accounts).await?;
    let name = format!("nhat-ky-{}.csv", accounts.today());
    let pieces = futures_util::stream::try_unfold(At::Beginning, move |at| {
        let (accounts, filter) = (accounts.clone(), filter.clone());
        async move {
            let (mut piece, below) = match at {
                At::Beginning => (csv::head(), None),
                At::Below(entry_no) => (String::new(), Some(entry_no)),
                At::End => return Ok::<_, Error>(None),
            };
            let entries = accounts.read_trail_piece(&filter, below).await?;
            piece.extend(entries.iter().map(csv::entry_line));
            let next = entries.last().map_or(At::End, |last| At::Below(last.entry_no));
            Ok(Some((Bytes::from(piece), next)))
        }
    });
    let mut response = HttpResponse::Ok();
    response.content_type("text/csv; charset=utf-8");
    response.insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")));
    Ok(response.streaming(pieces))
}
