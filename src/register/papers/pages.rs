//! The food-safety papers on the sheets of producers and products, their files, and the form that enters, changes or closes one.
//! Extract, call one service, show.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use chrono::{DateTime, NaiveDate, Utc};

use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::http::{
    Fields, FormError, Frame, Keeper, Language, Reader, page, page_with, pages, refused_page, see_other,
};
use crate::register::Register;
use crate::register::files::{ScanChange, file_answer};
use crate::register::producers::pages::{Options, producer_no};
use crate::stamp::ProductNo;

use super::form::{filled, read_draft, read_file};
use super::types::{PaperKind, PaperSheet, PaperState};

pages! {
    GET "/producers/{producer_no}/papers/new" => show_new_form: Keeper,
    POST "/producers/{producer_no}/papers" => add_paper: Keeper,
    GET "/papers/{paper_id}/file" => show_file: Reader,
    GET "/papers/{paper_id}/edit" => show_form: Keeper,
    POST "/papers/{paper_id}/edit" => save_paper: Keeper,
    POST "/papers/{paper_id}/close" => close_paper: Keeper,
}

/// The number in an address; what is no number is no paper.
pub(super) fn paper_id(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::NotFound(Thing::Paper))
}

/// A state in a word, with the class of its chip.
fn state_chip(state: PaperState, language: Language) -> (&'static str, &'static str) {
    match state {
        PaperState::InForce => (language.pick("Còn hiệu lực", "In force"), "good"),
        PaperState::Lapsed => (language.pick("Hết hạn", "Lapsed"), "care"),
        PaperState::NoEnd => (language.pick("Không có hạn", "No end"), "plain"),
        PaperState::Closed => (language.pick("Đã đóng", "Closed"), "plain"),
    }
}

/// The page that papers are shown on.
pub(in crate::register) struct PaperPlace {
    /// Whose sheet it is, or whose product's.
    pub(in crate::register) producer_no: ProducerNo,
    /// Of which product it is the sheet.
    pub(in crate::register) product_no: Option<ProductNo>,
    /// Whether what it shows is in the register and gets new papers.
    pub(in crate::register) is_open: bool,
}

/// The papers of a sheet as its page shows them.
pub(in crate::register) struct PaperBlock {
    /// Those that count.
    pub(in crate::register) open: Vec<PaperSheet>,
    /// Those that were closed.
    pub(in crate::register) closed: Vec<PaperSheet>,
    /// Where one is entered; none for who may not.
    pub(in crate::register) add_href: Option<String>,
    /// Whether this person changes them.
    pub(in crate::register) is_keeper: bool,
    /// Of which product the page is: papers of the producer as a whole are marked there.
    product_no: Option<ProductNo>,
    today: NaiveDate,
    language: Language,
}

impl PaperBlock {
    /// On a producer's sheet, or on that of a product.
    pub(in crate::register) fn new(
        actor: &Actor,
        papers: Vec<PaperSheet>,
        place: &PaperPlace,
        today: NaiveDate,
        language: Language,
    ) -> Self {
        let is_keeper = actor.writes() != Reach::Nothing && actor.has(Scope::RegisterWrite);
        let product = place.product_no.map(|product_no| format!("?product_no={product_no}")).unwrap_or_default();
        let add_href = || format!("/producers/{}/papers/new{product}", place.producer_no);
        let (open, closed) = papers.into_iter().partition(|sheet| sheet.closed_at.is_none());
        Self {
            open,
            closed,
            add_href: (is_keeper && place.is_open).then(add_href),
            is_keeper,
            product_no: place.product_no,
            today,
            language,
        }
    }

    /// A kind's name.
    pub(in crate::register) fn kind(&self, sheet: &PaperSheet) -> &'static str {
        self.language.pick(sheet.draft.kind.vi(), sheet.draft.kind.en())
    }

    /// How a paper stands today, with the class of its chip.
    pub(in crate::register) fn chip(&self, sheet: &PaperSheet) -> (&'static str, &'static str) {
        state_chip(sheet.state(self.today), self.language)
    }

    /// The product that a paper is about, where the page is not about it anyway.
    pub(in crate::register) fn other_product<'s>(&self, sheet: &'s PaperSheet) -> Option<(ProductNo, &'s str)> {
        let product_no = sheet.draft.product_no.filter(|product_no| Some(*product_no) != self.product_no)?;
        Some((product_no, sheet.product.as_deref()?))
    }

    /// Whether to say that a paper is the producer's as a whole.
    pub(in crate::register) fn is_of_whole(&self, sheet: &PaperSheet) -> bool {
        self.product_no.is_some() && sheet.draft.product_no.is_none()
    }
}

/// The sheet that a paper stands on, after its form.
fn sheet_href(producer_no: ProducerNo, product_no: Option<ProductNo>) -> String {
    product_no.map_or_else(|| format!("/producers/{producer_no}"), |product_no| format!("/products/{product_no}"))
}

#[derive(Template)]
#[template(path = "register/paper_form.html")]
struct FormPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    action: String,
    back: String,
    producer: String,
    kinds: Options,
    products: Options,
    /// The paper that is changed; none for a new one.
    known: Option<PaperSheet>,
}

/// Whose paper a form is: a new one's, or a known one's.
enum FormOf {
    New(ProducerNo),
    Known(Box<PaperSheet>),
}

impl FormPage {
    async fn new(req: &HttpRequest, actor: &Actor, register: &Register, of: FormOf, form: Fields) -> Result<Self> {
        let language = Language::of(req);
        let option = |word: &str, vi: &str, en: &str| (word.to_owned(), language.pick(vi, en).to_owned());
        let (title, producer_no, known) = match of {
            FormOf::New(producer_no) => (language.pick("Thêm giấy tờ", "Add a paper"), producer_no, None),
            FormOf::Known(sheet) => (language.pick("Sửa giấy tờ", "Change a paper"), sheet.producer_no, Some(*sheet)),
        };
        let producer = register.find_producer(&actor.writes(), producer_no).await?;
        let mut products = vec![option("", "Chung cho cả chủ thể", "The producer as a whole")];
        let own = register.products_of(&producer).await?.into_iter().filter(|product| !product.is_closed);
        products.extend(own.map(|product| (product.product_no.to_string(), product.name)));
        // A product that has left the register since keeps its papers.
        let before = known.as_ref().and_then(|sheet| sheet.draft.product_no.zip(sheet.product.clone()));
        if let Some((product_no, name)) = before.map(|(product_no, name)| (product_no.to_string(), name))
            && products.iter().all(|(word, _)| *word != product_no)
        {
            products.push((product_no, name));
        }
        let mut kinds = vec![option("", "Xin chọn", "Choose")];
        kinds.extend(PaperKind::ALL.iter().map(|kind| option(kind.as_str(), kind.vi(), kind.en())));
        let asked = form.value("product_no").parse().ok();
        let product_no = known.as_ref().map_or(asked, |sheet| sheet.draft.product_no);
        let help = language.pick(
            "Ghi đúng như trên giấy. Loại giấy, số và ngày hiện trên trang công khai của sản phẩm; tệp thì chỉ chủ thể và cơ quan xem được.",
            "Write it as on the paper. Kind, number and dates show on the product's public page; the file only to the producer and the offices.",
        );
        Ok(Self {
            frame: Frame::new(req, actor, title, help),
            error: None,
            action: known.as_ref().map_or_else(
                || format!("/producers/{producer_no}/papers"),
                |sheet| format!("/papers/{}/edit", sheet.paper_id),
            ),
            back: sheet_href(producer_no, product_no),
            producer: producer.name,
            kinds,
            products,
            form,
            known,
        })
    }

    /// When the paper was closed; there is no form any more then.
    fn closed_at(&self) -> Option<&DateTime<Utc>> {
        self.known.as_ref().and_then(|sheet| sheet.closed_at.as_ref())
    }
}

async fn show_new_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let asked = url::form_urlencoded::parse(req.query_string().as_bytes()).find(|(name, _)| name == "product_no");
    let of = FormOf::New(producer_no(&path)?);
    page(&FormPage::new(&req, &actor, &register, of, Fields::from_values(asked)).await?)
}

async fn add_paper(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let added = match read_draft(&fields) {
        Ok(draft) => {
            let file = match read_file(&fields) {
                ScanChange::Replace(bytes) => Some(bytes),
                ScanChange::Keep | ScanChange::Remove => None,
            };
            register.add_paper(&actor, producer_no, &draft, file).await.map(|_| draft.product_no)
        }
        Err(error) => Err(error),
    };
    match added {
        Ok(product_no) => Ok(see_other(&format!("{}?done=created#papers", sheet_href(producer_no, product_no)))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            let of = FormOf::New(producer_no);
            refused_page(&FormPage { error, ..FormPage::new(&req, &actor, &register, of, fields).await? })
        }
    }
}

async fn show_file(
    Reader(actor): Reader,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let paper_id = paper_id(&path)?;
    let file = register.paper_file(&actor.reads(), paper_id).await?;
    Ok(file_answer(file, &format!("giay-to-{paper_id}")))
}

async fn show_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let sheet = register.find_paper(&actor.writes(), paper_id(&path)?).await?;
    let form = filled(&sheet);
    page(&FormPage::new(&req, &actor, &register, FormOf::Known(Box::new(sheet)), form).await?)
}

async fn save_paper(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let paper_id = paper_id(&path)?;
    let saved = match (fields.version(), read_draft(&fields)) {
        (Ok(version), Ok(draft)) => register.change_paper(&actor, paper_id, version, &draft, read_file(&fields)).await,
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    answer(&req, &actor, &register, paper_id, Some(fields), saved.map(|()| "saved")).await
}

async fn close_paper(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let paper_id = paper_id(&path)?;
    let closed = match fields.version() {
        Ok(version) => register.close_paper(&actor, paper_id, version).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &register, paper_id, None, closed.map(|()| "closed")).await
}

/// After a form of a known paper: back to the sheet it stands on, or the form again with what was refused.
async fn answer(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    paper_id: i32,
    typed: Option<Fields>,
    written: Result<&'static str>,
) -> Result<HttpResponse> {
    // What is not the actor's to write is not found, whatever was typed.
    let sheet = register.find_paper(&actor.writes(), paper_id).await?;
    let error = match written {
        Ok(done) => {
            let href = sheet_href(sheet.producer_no, sheet.draft.product_no);
            return Ok(see_other(&format!("{href}?done={done}#papers")));
        }
        Err(error) => error,
    };
    let (status, form) = match (&error, typed) {
        (Error::EditConflict, _) => (StatusCode::CONFLICT, filled(&sheet)),
        (_, Some(typed)) => (StatusCode::UNPROCESSABLE_ENTITY, typed),
        (_, None) => (StatusCode::UNPROCESSABLE_ENTITY, filled(&sheet)),
    };
    let error = Some(FormError::of(error, Language::of(req))?);
    let of = FormOf::Known(Box::new(sheet));
    let template = FormPage { error, ..FormPage::new(req, actor, register, of, form).await? };
    page_with(HttpResponseBuilder::new(status), &template)
}
