//! The frame of the pages that people sign in to: who they are, where they can go, what the page is for.
//! The list of places stands here because every page shows it; what happens there is the rooms' own.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;

use crate::accounts::types::{Actor, Role};
use crate::error::{Error, Result};
use crate::text::unbroken;

use super::document::Site;
use super::{Language, static_files};

/// Styles and scripts from this site alone; nothing inline, nothing from elsewhere.
const APP_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data: blob:; connect-src 'self'; \
     form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Where a person goes after signing in.
pub const DESK: &str = "/desk";
/// Where nobody becomes somebody.
pub const SIGN_IN: &str = "/sign-in";

/// A place in the navigation.
struct Place {
    href: &'static str,
    vi: &'static str,
    en: &'static str,
    roles: &'static [Role],
}

const KEEPERS: &[Role] = &[Role::Office, Role::Officer, Role::Producer, Role::Auditor];
const OFFICES: &[Role] = &[Role::Office, Role::Officer, Role::Auditor];
const OFFICE: &[Role] = &[Role::Office];
const AUDITORS: &[Role] = &[Role::Office, Role::Auditor];
const OVERSEERS: &[Role] = &[Role::Office, Role::Inspector, Role::Auditor];

/// Every place, in the order of the navigation.
const PLACES: [Place; 11] = [
    Place { href: DESK, vi: "Trang chính", en: "Desk", roles: &Role::ALL },
    Place { href: "/products", vi: "Sản phẩm", en: "Products", roles: KEEPERS },
    Place { href: "/producers", vi: "Chủ thể", en: "Producers", roles: KEEPERS },
    Place { href: "/certificates", vi: "Chứng nhận", en: "Certificates", roles: OFFICES },
    Place { href: "/batches", vi: "Lô hàng và tem", en: "Batches and stamps", roles: KEEPERS },
    Place { href: "/stages", vi: "Công đoạn", en: "Stages", roles: OFFICE },
    Place { href: "/requests", vi: "Đề nghị", en: "Requests", roles: OVERSEERS },
    Place { href: "/inspect", vi: "Tra cứu tem", en: "Look up a stamp", roles: OVERSEERS },
    Place { href: "/imports", vi: "Nhập từ Excel", en: "Import from Excel", roles: AUDITORS },
    Place { href: "/people", vi: "Người dùng", en: "People", roles: AUDITORS },
    Place { href: "/trail", vi: "Nhật ký hệ thống", en: "Audit trail", roles: AUDITORS },
];

/// A link of the navigation.
pub struct Link {
    /// Where it leads.
    pub href: &'static str,
    /// What it says.
    pub label: &'static str,
    /// Whether the page shown belongs there.
    pub is_current: bool,
}

/// What the frame needs of every page.
pub struct Frame {
    /// The language of the page.
    pub language: Language,
    /// The title, without the service's name.
    pub title: String,
    /// One or two plain sentences: what this page is for and what to do here.
    pub help: &'static str,
    /// Shows the banner of the demonstration.
    pub is_demo: bool,
    /// Whom to call.
    pub contact: String,
    /// Who is signed in, by name and role; none on the pages before.
    pub person: Option<(String, Role)>,
    /// The token of every form here.
    pub form_token: String,
    /// Said once at the top, after something was done.
    pub notice: Option<&'static str>,
    path: String,
    query: String,
}

impl Frame {
    /// For a page of a signed-in person. `title` and `help` are already in the page's language.
    pub fn new(req: &HttpRequest, actor: &Actor, title: impl Into<String>, help: &'static str) -> Self {
        let session = actor.session.as_ref();
        let form_token = session.map(|session| session.form_token.as_str().to_owned()).unwrap_or_default();
        let person = session.map(|session| (session.display_name.clone(), actor.role));
        Self { person, form_token, ..Self::open(req, title, help, "") }
    }

    /// For a page before signing in, whose forms carry the visit's token.
    pub fn open(req: &HttpRequest, title: impl Into<String>, help: &'static str, form_token: &str) -> Self {
        let site = req.app_data::<web::Data<Site>>();
        let language = Language::of(req);
        Self {
            language,
            title: title.into(),
            help,
            is_demo: site.is_some_and(|site| site.is_demo),
            contact: site.map(|site| site.contact.clone()).unwrap_or_default(),
            person: None,
            form_token: form_token.to_owned(),
            notice: notice_of(req, language),
            path: req.path().to_owned(),
            query: req.query_string().to_owned(),
        }
    }

    /// The title as it stands on the page.
    pub fn heading(&self) -> String {
        unbroken(&self.title)
    }

    /// Picks one of two texts.
    pub const fn pick<'t>(&self, vi: &'t str, en: &'t str) -> &'t str {
        self.language.pick(vi, en)
    }

    /// The role's name, for the frame.
    pub const fn role_name(&self, role: &Role) -> &'static str {
        role_name(*role, self.language)
    }

    /// Where this person can go.
    pub fn places(&self) -> Vec<Link> {
        let Some((_, role)) = &self.person else { return Vec::new() };
        let is_current = |href: &str| self.path == href || self.path.starts_with(&format!("{href}/"));
        PLACES
            .iter()
            .filter(|place| place.roles.contains(role))
            .map(|place| Link {
                href: place.href,
                label: self.pick(place.vi, place.en),
                is_current: is_current(place.href),
            })
            .collect()
    }

    /// The place that this page lies below, for the way back.
    pub fn place_above(&self) -> Option<Link> {
        self.places().into_iter().find(|place| place.is_current && place.href != self.path)
    }

    /// This page in the other language.
    pub fn other_language_href(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let kept = url::form_urlencoded::parse(self.query.as_bytes()).filter(|(name, _)| name != "lang");
        query.extend_pairs(kept).append_pair("lang", self.language.pick("en", "vi"));
        format!("?{}", query.finish())
    }

    /// The style sheet's address.
    pub fn css_href(&self) -> &'static str {
        static_files::css_href()
    }

    /// The script's address.
    pub fn js_href(&self) -> &'static str {
        static_files::js_href()
    }

    /// Whether a field is the one that was refused.
    pub fn is_wrong(&self, error: Option<&FormError>, field: &str) -> bool {
        error.is_some_and(|error| error.field == field)
    }

    /// A day as people write it.
    pub fn day(&self, day: &chrono::NaiveDate) -> String {
        day.format("%d/%m/%Y").to_string()
    }

    /// An instant on Vietnam's clocks, as people write it.
    pub fn instant(&self, instant: &chrono::DateTime<chrono::Utc>) -> String {
        crate::clock::in_vietnam(*instant).format("%d/%m/%Y %H:%M").to_string()
    }

    /// A number with the language's decimal mark.
    pub fn decimal(&self, number: &impl ToString) -> String {
        self.language.decimal(number)
    }

    /// A number with dots between thousands (Vietnamese) or commas (English).
    pub fn number(&self, n: &impl ToString) -> String {
        let digits = n.to_string();
        let separator = self.pick(".", ",");
        let mut text = String::new();
        for (i, digit) in digits.chars().enumerate() {
            if 0 < i && (digits.len() - i).is_multiple_of(3) && !text.ends_with('-') {
                text.push_str(separator);
            }
            text.push(digit);
        }
        text
    }
}

/// A role's name on pages.
pub const fn role_name(role: Role, language: Language) -> &'static str {
    match role {
        Role::Office => language.pick("Văn phòng tỉnh", "Province office"),
        Role::Officer => language.pick("Cán bộ xã", "Commune officer"),
        Role::Producer => language.pick("Chủ thể", "Producer"),
        Role::Inspector => language.pick("Thanh tra", "Inspector"),
        Role::Auditor => language.pick("Kiểm toán", "Auditor"),
    }
}

/// What `?done=` may say: set by our own redirects, and by nobody's text.
const NOTICES: &[(&str, &str, &str)] = &[
    ("saved", "Đã lưu.", "Saved."),
    ("created", "Đã thêm.", "Added."),
    ("ended", "Đã kết thúc.", "Ended."),
    ("voided", "Đã hủy các tem này.", "These stamps are voided."),
    ("closed", "Đã đóng.", "Closed."),
    ("removed", "Đã xóa.", "Removed."),
    ("sent", "Đã gửi.", "Sent."),
    ("opened", "Đã mở lô hàng.", "The batch is open."),
    ("recorded", "Đã ghi vào nhật ký lô hàng.", "Recorded in the batch's log."),
    (
        "minted",
        "Đã phát tem. Xem và in ở mục \"Tem đã phát\".",
        "The stamps are minted. See and print them under \"Stamps\".",
    ),
    (
        "suspended",
        "Đã tạm dừng lô. Người quét tem thấy ngay.",
        "The batch is suspended. Whoever scans is told at once.",
    ),
    ("resumed", "Đã cho lô tiếp tục.", "The batch is resumed."),
    ("recalled", "Đã thu hồi lô. Người quét tem thấy ngay.", "The batch is recalled. Whoever scans is told at once."),
    ("decided", "Đã ghi quyết định.", "The decision is recorded."),
    (
        "password",
        "Đã đổi mật khẩu. Những nơi đăng nhập khác đã kết thúc.",
        "The password is changed. Other sessions have ended.",
    ),
];

fn notice_of(req: &HttpRequest, language: Language) -> Option<&'static str> {
    let (_, done) = url::form_urlencoded::parse(req.query_string().as_bytes()).find(|(name, _)| name == "done")?;
    NOTICES.iter().find(|(code, ..)| *code == done).map(|(_, vi, en)| language.pick(vi, en))
}

/// What a form says above itself after it was refused.
pub struct FormError {
    /// The field that is wrong, for the link to it; empty when it is the whole.
    pub field: &'static str,
    /// What to do.
    pub sentence: String,
    /// The answer's: someone else was faster, or something in the form is wrong.
    pub status: StatusCode,
}

impl FormError {
    /// Of an error that belongs beside its form; any other goes its own way.
    pub fn of(error: Error, language: Language) -> Result<Self> {
        let field = match &error {
            Error::Invalid { field, .. } => field,
            Error::Unavailable(_) | Error::Busy(_) | Error::Internal(_) | Error::NotFound(_) | Error::FormExpired => {
                return Err(error);
            }
            _ => "",
        };
        let sentence = match (&error, language) {
            (_, Language::Vi) => error.vi(),
            (Error::Invalid { en, .. }, Language::En) => en.clone(),
            (_, Language::En) => error.to_string(),
        };
        let status = match error {
            Error::EditConflict => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Ok(Self { field, sentence, status })
    }
}

/// A page of this frame, as an answer.
pub fn page(template: &impl Template) -> Result<HttpResponse> {
    page_with(HttpResponse::Ok(), template)
}

/// A page as it is, or with a form that was refused.
pub fn page_after(error: Option<&FormError>, template: &impl Template) -> Result<HttpResponse> {
    page_with(HttpResponse::build(error.map_or(StatusCode::OK, |error| error.status)), template)
}

/// A form that was refused, shown again.
pub fn refused_page(template: &impl Template) -> Result<HttpResponse> {
    page_with(HttpResponse::UnprocessableEntity(), template)
}

/// A page with a status or cookies of its own.
pub fn page_with(mut response: HttpResponseBuilder, template: &impl Template) -> Result<HttpResponse> {
    app_headers(&mut response);
    Ok(response.body(template.render().map_err(Error::internal)?))
}

/// Content type and policy of a page in this frame.
pub fn app_headers(response: &mut HttpResponseBuilder) {
    response.content_type("text/html; charset=utf-8");
    response.insert_header((CONTENT_SECURITY_POLICY, APP_POLICY));
    response.insert_header(("X-Robots-Tag", "noindex"));
}

/// After something was done: the next page is fetched, so that reloading it does nothing twice.
pub fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, location)).finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    fn frame(uri: &str) -> Frame {
        Frame::open(&TestRequest::with_uri(uri).to_http_request(), "", "", "")
    }

    #[test]
    fn the_other_language_keeps_the_rest_of_the_address() {
        assert_eq!(frame("/products?set=7&q=ch%C3%A8&lang=vi").other_language_href(), "?set=7&q=ch%C3%A8&lang=en");
    }

    #[test]
    fn a_notice_is_one_of_ours_or_none() {
        assert_eq!(frame("/x?done=saved").notice, Some("Đã lưu."));
        assert_eq!(frame("/x?done=%3Cscript%3E").notice, None);
    }

    #[test]
    fn thousands_are_set_apart() {
        let frame = frame("/");
        assert_eq!(frame.number(&1_234_567), "1.234.567");
        assert_eq!(frame.number(&123), "123");
        assert_eq!(frame.number(&-1_234), "-1.234");
    }
}
