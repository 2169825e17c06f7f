//! The list of whom to remind: as a page to print, with the food-safety papers that end soon, and as CSV for a spreadsheet.

use actix_web::http::header::CONTENT_DISPOSITION;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::error::Result;
use crate::http::{CSV_HEAD, Frame, Language, Reader, csv_line, page, pages};
use crate::register::Register;
use crate::register::contacts::types::Contact;
use crate::register::papers::types::{EndingPaper, PAPER_REMINDER_MONTHS};

use super::types::{Ending, EndingGroup, REMINDER_MONTHS};

pages! {
    GET "/certificates/reminders" => show_reminders: Reader,
    GET "/certificates/reminders.csv" => download_reminders: Reader,
}

#[derive(Template)]
#[template(path = "register/reminders.html")]
struct RemindersPage {
    frame: Frame,
    groups: [EndingGroup; REMINDER_MONTHS.len()],
    papers: Vec<EndingPaper>,
    paper_months: u32,
    today: chrono::NaiveDate,
}

impl RemindersPage {
    /// Whether there is nobody to remind.
    fn is_empty(&self) -> bool {
        self.groups.iter().all(|group| group.endings.is_empty()) && self.papers.is_empty()
    }

    /// Days until a certificate ends; 0 on its last day.
    fn days_left(&self, ending: &Ending) -> i64 {
        (ending.last_day - self.today).num_days()
    }

    fn contacts(&self, ending: &Ending) -> String {
        contact_line(&ending.contacts, self.frame.language)
    }

    /// The same of a paper.
    fn paper_days_left(&self, ending: &EndingPaper) -> i64 {
        (ending.last_day - self.today).num_days()
    }

    fn paper_contacts(&self, ending: &EndingPaper) -> String {
        contact_line(&ending.contacts, self.frame.language)
    }

    fn paper_kind(&self, ending: &EndingPaper) -> &'static str {
        self.frame.pick(ending.sheet.draft.kind.vi(), ending.sheet.draft.kind.en())
    }
}

/// Every contact in one line.
fn contact_line(contacts: &[Contact], language: Language) -> String {
    let one = |contact: &Contact| format!("{}: {}", language.pick(contact.kind.vi(), contact.kind.en()), contact.value);
    contacts.iter().map(one).collect::<Vec<_>>().join("; ")
}

async fn show_reminders(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let frame = Frame::new(
        &req,
        &actor,
        language.pick("Sắp hết hạn chứng nhận", "Certificates that end soon"),
        language.pick(
            "Gọi cho chủ thể trước khi giấy hết hạn để kịp làm hồ sơ đánh giá lại. Mỗi giấy chỉ nằm trong một nhóm gần nhất; sản phẩm đã có giấy mới thì không nhắc nữa.",
            "Call producers before their certificates end, so that they can be assessed again in time. Each stands in its nearest group alone; products that have a new one are left out.",
        ),
    );
    page(&RemindersPage {
        frame,
        groups: register.reminders(&actor.reads()).await?,
        papers: register.papers_ending(&actor.reads()).await?,
        paper_months: PAPER_REMINDER_MONTHS,
        today: register.today(),
    })
}

async fn download_reminders(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let head = [
        ("Trong số tháng", "Within months"),
        ("Ngày cuối", "Last day"),
        ("Số sản phẩm", "Product number"),
        ("Sản phẩm", "Product"),
        ("Sao", "Stars"),
        ("Số giấy chứng nhận", "Certificate number"),
        ("Chủ thể", "Producer"),
        ("Xã, phường", "Commune"),
        ("Liên hệ", "Contact"),
    ];
    let mut csv = format!("{CSV_HEAD}{}", csv_line(head.map(|(vi, en)| language.pick(vi, en))));
    for group in register.reminders(&actor.reads()).await? {
        for ending in &group.endings {
            let sheet = &ending.sheet;
            let stars = sheet.certificate.stars.map(|stars| stars.to_string()).unwrap_or_default();
            let cells = [
                group.months.to_string(),
                ending.last_day.format("%d/%m/%Y").to_string(),
                sheet.product_no.to_string(),
                sheet.product.clone(),
                stars,
                sheet.certificate.number.clone().unwrap_or_default(),
                sheet.producer.clone(),
                sheet.commune.clone().unwrap_or_default(),
                contact_line(&ending.contacts, language),
            ];
            csv.push_str(&csv_line(cells.iter().map(String::as_str)));
        }
    }
    let name = format!("attachment; filename=\"sap-het-han-{}.csv\"", register.today());
    Ok(HttpResponse::Ok().content_type("text/csv; charset=utf-8").insert_header((CONTENT_DISPOSITION, name)).body(csv))
}
