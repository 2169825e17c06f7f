//! Pages of imports: handing a file in, the list, and one import from checking to its report. Extract, call one service, show.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::types::{Actor, Scope};
use crate::error::{Error, Result, Thing};
use crate::http::{Auditor, Fields, FormError, Frame, Language, Office, page, pages, refused_page, see_other};
use crate::register::export::pages::workbook_answer;
use crate::register::import::{MAX_FILE_BYTES, MAX_ROWS};
use crate::register::{ChangedThing, Register};

use super::service::KEPT_FOR;
use super::types::{Counts, Job, JobId, JobLine, JobState, Report};

pages! {
    GET "/imports" => list_imports: Auditor,
    POST "/imports" => hand_in: Office,
    GET "/imports/template.xlsx" => download_template: Auditor,
    GET "/imports/{job_id}" => show_import: Auditor,
    POST "/imports/{job_id}/confirm" => confirm_import: Office,
    POST "/imports/{job_id}/drop" => drop_import: Office,
}

/// A number in an address; what is no number is no import.
fn job_id(path: &str) -> Result<JobId> {
    path.parse().map(JobId).map_err(|_| Error::NotFound(Thing::Import))
}

/// A state in a word, with the class of its chip.
fn state_chip(state: JobState, language: Language) -> (&'static str, &'static str) {
    match state {
        JobState::Checking => (language.pick("Đang kiểm tra", "Being checked"), "plain"),
        JobState::Checked => (language.pick("Chờ quyết định", "Waits for a decision"), "care"),
        JobState::Refused => (language.pick("Tệp có lỗi", "Has errors"), "bad"),
        JobState::Writing => (language.pick("Đang ghi", "Being written"), "plain"),
        JobState::Done => (language.pick("Đã ghi vào sổ", "Written"), "good"),
        JobState::Failed => (language.pick("Bị ngắt, chưa ghi gì", "Broke off, nothing written"), "bad"),
        JobState::Dropped => (language.pick("Đã bỏ", "Dropped"), "plain"),
    }
}

#[derive(Template)]
#[template(path = "imports/list.html")]
struct ListPage {
    frame: Frame,
    error: Option<FormError>,
    jobs: Vec<JobLine>,
    /// In megabytes.
    max_file_size: usize,
    max_rows: usize,
    is_office: bool,
}

impl ListPage {
    async fn new(req: &HttpRequest, actor: &Actor, register: &Register, error: Option<FormError>) -> Result<Self> {
        let language = Language::of(req);
        let help = language.pick(
            "Nhập cả danh sách sản phẩm từ một tệp Excel. Tệp được kiểm tra và so với sổ trước; chỉ khi quý vị xem và đồng ý thì mới ghi.",
            "Takes a whole list of products from an Excel file. The file is checked and compared with the register first; it is written only after you looked and agreed.",
        );
        Ok(Self {
            frame: Frame::new(req, actor, language.pick("Nhập từ Excel", "Import from Excel"), help),
            error,
            jobs: register.list_imports(actor).await?,
            max_file_size: MAX_FILE_BYTES / (1024 * 1024),
            max_rows: MAX_ROWS,
            is_office: actor.has(Scope::Office),
        })
    }

    fn chip(&self, job: &JobLine) -> (&'static str, &'static str) {
        state_chip(job.state, self.frame.language)
    }

    /// The figures in one line.
    fn summary(&self, job: &JobLine) -> String {
        let Self { frame, .. } = self;
        let Counts { n_errors, n_unchanged, .. } = job.counts;
        let (n_done, n_total) = job.progress;
        match job.state {
            JobState::Writing if 0 < n_total => format!("{} / {}", frame.number(&n_done), frame.number(&n_total)),
            JobState::Refused => format!(
                "{} {}",
                frame.number(&n_errors),
                frame.pick("lỗi", if n_errors == 1 { "error" } else { "errors" })
            ),
            JobState::Checked | JobState::Done => format!(
                "{} {}, {} {}, {} {}",
                frame.number(&job.counts.n_added()),
                frame.pick("mới", "new"),
                frame.number(&job.counts.n_updated()),
                frame.pick("thay đổi", "changed"),
                frame.number(&n_unchanged),
                frame.pick("giữ nguyên", "unchanged"),
            ),
            JobState::Checking | JobState::Writing | JobState::Failed | JobState::Dropped => "–".to_owned(),
        }
    }
}

async fn list_imports(
    Auditor(actor): Auditor,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    page(&ListPage::new(&req, &actor, &register, None).await?)
}

/// The workbook that imports, without a row.
async fn download_template(_: Auditor, register: web::Data<Register>) -> Result<HttpResponse> {
    Ok(workbook_answer("mau-so-ocop", register.today(), register.blank_workbook().await?))
}

async fn hand_in(
    Office(actor): Office,
    req: HttpRequest,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (name, bytes) = fields.file("file").map_or(("", &[][..]), |file| (file.name.as_str(), &file.bytes[..]));
    match register.hand_in_import(&actor, name, bytes).await {
        Ok(job_id) => Ok(see_other(&format!("/imports/{job_id}"))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            refused_page(&ListPage::new(&req, &actor, &register, error).await?)
        }
    }
}

/// One figure of an import: what it counts, and how many are new and how many change.
struct Figure {
    label: &'static str,
    n_added: usize,
    n_updated: usize,
}

#[derive(Template)]
#[template(path = "imports/job.html")]
struct JobPage {
    frame: Frame,
    error: Option<FormError>,
    job: Job,
    /// For how many days a checked file waits.
    days_kept: i64,
    is_office: bool,
}

impl JobPage {
    async fn new(
        req: &HttpRequest,
        actor: &Actor,
        register: &Register,
        job_id: JobId,
        error: Option<FormError>,
    ) -> Result<Self> {
        let job = register.find_import(actor, job_id).await?;
        let language = Language::of(req);
        let title = format!("{} {}", language.pick("Nhập tệp", "Import of"), job.line.file_name);
        let frame = Frame::new(req, actor, title, "");
        Ok(Self { frame, error, job, days_kept: KEPT_FOR.num_days(), is_office: actor.has(Scope::Office) })
    }

    fn chip(&self) -> (&'static str, &'static str) {
        state_chip(self.job.line.state, self.frame.language)
    }

    /// What this state means, and what to do. It stands in the part that is fetched again, so the frame does not say it.
    fn help(&self) -> &'static str {
        help(self.job.line.state, self.frame.language)
    }

    fn is_writing(&self) -> bool {
        self.job.line.state == JobState::Writing
    }

    /// Whether there is anything to write.
    fn changes_anything(&self) -> bool {
        0 < self.job.line.counts.n_added() + self.job.line.counts.n_updated()
    }

    /// Until when the file waits for a decision.
    fn kept_until(&self) -> chrono::DateTime<chrono::Utc> {
        self.job.line.updated_at + KEPT_FOR
    }

    fn figures(&self) -> [Figure; 3] {
        let counts = &self.job.line.counts;
        let figure = |vi, en, n_added, n_updated| Figure { label: self.frame.pick(vi, en), n_added, n_updated };
        [
            figure("Chủ thể", "Producers", counts.n_producers_added, counts.n_producers_updated),
            figure("Sản phẩm", "Products", counts.n_products_added, counts.n_products_updated),
            figure("Giấy chứng nhận", "Certificates", counts.n_certificates_added, counts.n_certificates_updated),
        ]
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "templates lend what they pass")]
    fn thing(&self, thing: &ChangedThing) -> &'static str {
        match thing {
            ChangedThing::Producer => self.frame.pick("Chủ thể", "Producer"),
            ChangedThing::Product => self.frame.pick("Sản phẩm", "Product"),
            ChangedThing::Certificate => self.frame.pick("Giấy chứng nhận", "Certificate"),
        }
    }

    /// A value as it stands in a cell.
    #[expect(clippy::ref_option, reason = "templates lend what they pass")]
    fn value<'v>(&'v self, value: &'v Option<String>) -> &'v str {
        value.as_deref().unwrap_or(self.frame.pick("(trống)", "(empty)"))
    }
}

fn help(state: JobState, language: Language) -> &'static str {
    match state {
        JobState::Checking => language.pick(
            "Đang đọc tệp và so với sổ. Chưa ghi gì. Có thể rời trang này và quay lại sau.",
            "The file is being read and compared with the register. Nothing is written yet. You may leave this page and come back.",
        ),
        JobState::Checked => language.pick(
            "Dưới đây là những gì sẽ thay đổi trong sổ. Chưa ghi gì: xin xem rồi chọn ghi hoặc bỏ.",
            "This is what would change in the register. Nothing is written yet: look, then write it or drop it.",
        ),
        JobState::Refused => language.pick(
            "Chưa ghi gì vào sổ. Xin sửa các lỗi dưới đây trong tệp, lưu lại rồi gửi lại tệp.",
            "Nothing was written. Correct these errors in the file, save it and hand it in again.",
        ),
        JobState::Writing => language.pick(
            "Đang ghi vào sổ: ghi hết hoặc không ghi gì. Có thể rời trang này và quay lại sau.",
            "The register is being written: all of it or none. You may leave this page and come back.",
        ),
        JobState::Done => language.pick("Đã ghi xong vào sổ.", "It is written to the register."),
        JobState::Failed => language.pick("Việc nhập bị ngắt. Chưa ghi gì vào sổ.", "The import broke off. Nothing was written."),
        JobState::Dropped => language.pick("Tệp này đã bị bỏ. Chưa ghi gì vào sổ.", "This file was dropped. Nothing was written."),
    }
}

async fn show_import(
    Auditor(actor): Auditor,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    page(&JobPage::new(&req, &actor, &register, job_id(&path)?, None).await?)
}

/// To the import's page, or there again with what is wrong.
async fn answer(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    job_id: JobId,
    outcome: Result<()>,
) -> Result<HttpResponse> {
    match outcome {
        Ok(()) => Ok(see_other(&format!("/imports/{job_id}"))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(req))?);
            refused_page(&JobPage::new(req, actor, register, job_id, error).await?)
        }
    }
}

async fn confirm_import(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let job_id = job_id(&path)?;
    let confirmed = register.confirm_import(&actor, job_id, fields.value("digest")).await;
    answer(&req, &actor, &register, job_id, confirmed).await
}

async fn drop_import(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let job_id = job_id(&path)?;
    let dropped = register.drop_import(&actor, job_id).await;
    answer(&req, &actor, &register, job_id, dropped).await
}
