//! One batch: what it is, its stamps, and the forms for everything that is done to it. A form that was refused is shown on this
//! same page, as it was typed.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::accounts::types::{Actor, PlainSecret, Reach, Role, Scope};
use crate::batches::api::batch_no;
use crate::batches::minting::types::RunLine;
use crate::batches::overview::types::BatchSheet;
use crate::batches::quota::policy::{Limit, n_left};
use crate::batches::quota::types::{QuotaRequest, QuotaState};
use crate::batches::service::Batches;
use crate::batches::types::{Notice, SerialRange, Standing, VoidReason};
use crate::error::{Error, Missing, Result};
use crate::http::{Fields, FormError, Frame, Language, Reader, page_after};
use crate::label::MAX_SHEET_STAMPS;
use crate::register::policy::missing_items;
use crate::register::products::types::fix_href;
use crate::register::types::Certificate;
use crate::stamp::{BatchNo, Serial};

use super::words::{Chip, chip_of, doer_name, limit_sentence, request_state};

/// A form of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Order,
    Void,
    Close,
    Suspend,
    Resume,
    Recall,
    Quota,
    MoreStamps,
}

/// A form that was refused: which one, what was typed, and why.
pub(super) struct Refused {
    pub(super) form: Form,
    /// None when someone else changed the batch meanwhile: then the form shows what stands now.
    pub(super) fields: Option<Fields>,
    pub(super) error: FormError,
}

/// A line of the list of runs.
struct RunRow {
    range: SerialRange,
    n_stamps: u32,
    n_voided: u32,
    minted_at: String,
    by: String,
    has_scratch: bool,
    /// The serials of its sheets, each within what one sheet takes.
    sheets: Vec<SerialRange>,
    /// Whether it is too long for a link to each sheet.
    has_more_sheets: bool,
    is_newest: bool,
}

/// What stands in the address after an order.
const JUST_MINTED: &str = "done=minted";
/// What the address says right after a recall.
const JUST_RECALLED: &str = "done=recalled";
/// Sheets of a run that are linked to: 20,000 stamps are four hundred pages, and more than those go to a print house.
const MAX_SHEET_LINKS: usize = 10;

/// A line of the list of voids.
struct VoidRow {
    range: SerialRange,
    reason: &'static str,
    note: Option<String>,
    voided_at: String,
    by: String,
}

/// Something to be put right before stamps are given out.
struct Todo {
    label: &'static str,
    href: String,
}

/// Why the batch gets no stamps today.
struct Refusal {
    sentence: String,
    /// What is missing, each with where it is filled in.
    todo: Vec<Todo>,
    /// Where to look, when nothing can be filled in.
    see: Option<Todo>,
}

#[derive(Template)]
#[template(path = "batches/batch.html")]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of the template")]
struct BatchPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    refused: Option<Form>,
    sheet: BatchSheet,
    chip: Chip,
    refusal: Option<Refusal>,
    limit: String,
    n_left: Option<u32>,
    runs: Vec<RunRow>,
    voids: Vec<VoidRow>,
    reasons: Vec<(String, String)>,
    order_key: String,
    max_sheet_stamps: u32,
    /// Whether stamps were ordered just now: then the newest run says so beside what is printed.
    is_just_minted: bool,
    /// Whether the batch was recalled just now: then the page leads on to who has its goods.
    is_just_recalled: bool,
    is_keeper: bool,
    is_office: bool,
    role: Role,
}

impl BatchPage {
    fn new(req: &HttpRequest, actor: &Actor, sheet: BatchSheet, refused: Option<Refused>) -> Result<Self> {
        let language = Language::of(req);
        let title = format!("{} {} · {}", language.pick("Lô", "Batch"), sheet.batch.lot, sheet.product.name);
        let help = language.pick(
            "Đặt tem theo số lượng cần dùng, in ra rồi dán lên hàng của lô này. Tem in hỏng hoặc mất thì hủy ở đây.",
            "Order as many stamps as you need, print them and put them on the goods of this batch. Void here what was misprinted or lost.",
        );
        let frame = Frame::new(req, actor, title, help);
        let refusal = sheet.refusal.as_ref().map(|error| Refusal::new(error, &sheet, &frame));
        let (which, form, error) = match refused {
            Some(Refused { form, fields, error }) => {
                (Some(form), fields.unwrap_or_else(|| prefilled(&sheet)), Some(error))
            }
            None => (None, prefilled(&sheet), None),
        };
        let mut reasons = vec![(String::new(), language.pick("Xin chọn", "Choose").to_owned())];
        let named =
            |reason: &VoidReason| (reason.as_str().to_owned(), language.pick(reason.vi(), reason.en()).to_owned());
        reasons.extend(VoidReason::ALL.iter().map(named));
        let is_done = |what: &str| req.query_string().split('&').any(|part| part == what);
        Ok(Self {
            chip: chip_of(&sheet.batch, language),
            refusal,
            limit: limit_sentence(sheet.limit, &frame),
            n_left: n_left(sheet.limit, sheet.n_minted),
            runs: sheet.runs.iter().map(|line| run_row(line, &sheet, &frame)).collect(),
            voids: void_rows(&sheet, &frame),
            reasons,
            order_key: PlainSecret::plain()?.reveal().to_owned(),
            max_sheet_stamps: MAX_SHEET_STAMPS,
            is_just_minted: is_done(JUST_MINTED),
            is_just_recalled: is_done(JUST_RECALLED),
            is_keeper: actor.writes() != Reach::Nothing,
            is_office: actor.has(Scope::Office),
            role: actor.role,
            error,
            form,
            refused: which,
            frame,
            sheet,
        })
    }

    /// Whether the reader looks after all of the province.
    fn is_overseer(&self) -> bool {
        matches!(self.role, Role::Office | Role::Inspector | Role::Auditor)
    }

    fn notice(&self) -> Option<&Notice> {
        self.sheet.batch.standing.notice()
    }

    fn is_recalled(&self) -> bool {
        matches!(self.sheet.batch.standing, Standing::Recalled(_))
    }

    fn is_suspended(&self) -> bool {
        matches!(self.sheet.batch.standing, Standing::Suspended(_))
    }

    fn has_limit(&self) -> bool {
        matches!(self.sheet.limit, Limit::UpTo { .. })
    }

    /// Whether a request waits for the office.
    fn is_asked(&self) -> bool {
        self.sheet.last_request.as_ref().is_some_and(|request| request.state == QuotaState::Waiting)
    }

    fn request_state(&self, request: &QuotaRequest) -> &'static str {
        request_state(request.state, self.frame.language)
    }

    /// Whether a form stands open because it was refused.
    fn is_open(&self, form: Form) -> bool {
        self.refused == Some(form)
    }

    /// Whether the form for more stamps stands open: it was refused, or an order met the quota.
    fn asks_for_more(&self) -> bool {
        self.is_open(Form::MoreStamps)
            || self.is_open(Form::Order) && self.n_left.is_some_and(|left| left < self.count())
    }

    /// How many stamps were ordered in the form that was refused.
    fn count(&self) -> u32 {
        self.form.whole_number("count").ok().flatten().unwrap_or_default()
    }

    /// The number for the form for more stamps: as typed there, or as ordered.
    fn more_count(&self) -> &str {
        let typed = self.form.value("more_count");
        if typed.is_empty() { self.form.value("count") } else { typed }
    }
}

/// What the office's forms show before anyone typed: the words that stand.
fn prefilled(sheet: &BatchSheet) -> Fields {
    let mut values = vec![("max_stamps", sheet.batch.max_stamps.map(|n| n.to_string()).unwrap_or_default())];
    if let Some(notice) = sheet.batch.standing.notice() {
        let words = [
            notice.reason.clone(),
            notice.advice.clone().unwrap_or_default(),
            notice.contact.clone().unwrap_or_default(),
        ];
        let names = match sheet.batch.standing {
            Standing::Recalled(_) => ["recall_reason", "recall_advice", "recall_contact"],
            Standing::Suspended(_) | Standing::Normal => ["suspend_reason", "suspend_advice", "suspend_contact"],
        };
        values.extend(names.into_iter().zip(words));
    }
    Fields::from_values(values)
}

impl Refusal {
    fn new(error: &Error, sheet: &BatchSheet, frame: &Frame) -> Self {
        let mut sentence = match frame.language {
            Language::Vi => error.vi(),
            Language::En => error.to_string(),
        };
        if let Error::CertificateRevoked { revoked_on, .. } = error
            && let Some(reason) = revocation_reason(&sheet.product.certificates, *revoked_on)
        {
            sentence = format!("{sentence} {}: {reason}", frame.pick("Lý do", "Reason"));
        }
        let product_no = sheet.product.product_no;
        // What the certificate lacks is the office's to write; what the product lacks is told in the same breath.
        let missing = missing_items(&sheet.product, sheet.batch.last_valid_day);
        let todo = match error {
            Error::BatchClosed { .. } | Error::BatchSuspended { .. } | Error::BatchRecalled { .. } => Vec::new(),
            _ => missing.into_iter().map(|item| Todo::new(item, sheet, frame)).collect(),
        };
        let see = match error {
            Error::CertificateUnknown { .. }
            | Error::CertificateNotOnPackingDay { .. }
            | Error::CertificateLapsed { .. }
            | Error::CertificateNotYetValid { .. }
            | Error::CertificateRevoked { .. } => Some(Todo {
                label: frame.pick("Xem giấy chứng nhận của sản phẩm", "The product's certificates"),
                href: format!("/products/{product_no}#certificates"),
            }),
            Error::BatchClosed { .. } => Some(Todo {
                label: frame.pick("Mở lô mới giống lô này", "Open a batch like this one"),
                href: format!("/batches/new?product={product_no}&like=last"),
            }),
            _ => None,
        };
        Self { sentence, todo, see }
    }
}

/// Why the certificate was revoked, as whoever scans reads it.
fn revocation_reason(certificates: &[Certificate], revoked_on: NaiveDate) -> Option<&str> {
    let revoked = certificates.iter().filter_map(|certificate| certificate.revoked.as_ref());
    revoked.filter(|(on, _)| *on == revoked_on).map(|(_, reason)| reason.as_str()).next()
}

impl Todo {
    fn new(item: Missing, sheet: &BatchSheet, frame: &Frame) -> Self {
        let href = match item {
            // A batch keeps the dates it was opened with.
            Missing::ShelfLife => format!("/batches/new?product={}&like=last", sheet.product.product_no),
            _ => fix_href(item, &sheet.product),
        };
        Self { label: frame.pick(item.vi(), item.en()), href }
    }
}

fn run_row(line: &RunLine, sheet: &BatchSheet, frame: &Frame) -> RunRow {
    let range = line.run.range();
    let met = sheet.voids.iter().filter_map(|void| void.void.range.meet(&range));
    let mut sheets = sheets_of(range, MAX_SHEET_LINKS + 1);
    let has_more_sheets = MAX_SHEET_LINKS < sheets.len();
    sheets.truncate(MAX_SHEET_LINKS);
    RunRow {
        range,
        n_stamps: range.n_serials(),
        n_voided: met.map(|part| part.n_serials()).sum(),
        minted_at: frame.instant(&line.run.minted_at),
        by: doer_name(&line.by, frame.language),
        has_scratch: line.run.scratch_key.is_some(),
        sheets,
        has_more_sheets,
        is_newest: sheet.runs.first().is_some_and(|newest| newest.run.first == range.first),
    }
}

/// A run in parts of what one sheet takes, at most so many.
fn sheets_of(range: SerialRange, n_most: usize) -> Vec<SerialRange> {
    let mut sheets = Vec::new();
    let mut next = Some(range.first).filter(|first| *first <= range.last);
    while let Some(first) = next.filter(|_| sheets.len() < n_most) {
        let last = Serial::new(first.get() + MAX_SHEET_STAMPS - 1).map_or(range.last, |last| last.min(range.last));
        sheets.push(SerialRange { first, last });
        next = Serial::new(last.get() + 1).ok().filter(|first| *first <= range.last);
    }
    sheets
}

fn void_rows(sheet: &BatchSheet, frame: &Frame) -> Vec<VoidRow> {
    let row = |line: &crate::batches::voids::types::VoidLine| VoidRow {
        range: line.void.range,
        reason: frame.pick(line.void.reason.vi(), line.void.reason.en()),
        note: line.void.note.clone(),
        voided_at: frame.instant(&line.void.voided_at),
        by: doer_name(&line.by, frame.language),
    };
    sheet.voids.iter().map(row).collect()
}

/// The page as it is, or with a form that was refused.
pub(super) async fn batch_page(
    req: &HttpRequest,
    actor: &Actor,
    batches: &Batches,
    batch_no: BatchNo,
    refused: Option<Refused>,
) -> Result<HttpResponse> {
    let sheet = batches.batch_sheet(actor, batch_no).await?;
    let template = BatchPage::new(req, actor, sheet, refused)?;
    page_after(template.error.as_ref(), &template)
}

pub(super) async fn show_batch(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    batch_page(&req, &actor, &batches, batch_no(&path)?, None).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check((first, last): (u32, u32), expected: &[(u32, u32)]) {
        let serial = |n| Serial::new(n).unwrap();
        let sheets = sheets_of(SerialRange { first: serial(first), last: serial(last) }, 3);
        let bounds: Vec<_> = sheets.iter().map(|sheet| (sheet.first.get(), sheet.last.get())).collect();
        assert_eq!(bounds, expected, "{first} to {last}");
    }

    #[test]
    fn a_run_is_printed_in_parts_that_each_fit_a_sheet() {
        check((1, 1), &[(1, 1)]);
        check((1, 2_000), &[(1, 2_000)]);
        check((1, 2_001), &[(1, 2_000), (2_001, 2_001)]);
        check((501, 3_500), &[(501, 2_500), (2_501, 3_500)]);
        check((1, 16_777_215), &[(1, 2_000), (2_001, 4_000), (4_001, 6_000)]);
        check((16_777_000, 16_777_215), &[(16_777_000, 16_777_215)]);
    }
}
