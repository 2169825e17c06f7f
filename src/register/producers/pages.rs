//! Pages of producers: the list, one producer's sheet, the form that adds or changes one. Extract, call one service, show.

use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;

use crate::accounts::types::{Actor, ProducerNo, Reach, Scope};
use crate::error::{Error, Result, Thing};
use crate::http::{
    Fields, FormError, Frame, Keeper, Language, Office, Reader, page, page_after, page_with, pages, refused_page,
    see_other,
};
use crate::register::Register;
use crate::register::contacts::pages::ContactBlock;
use crate::register::papers::pages::{PaperBlock, PaperPlace};
use crate::register::products::Closed;
use crate::register::products::types::Lists;

use super::filter::{PAGE_ROWS, ProducerFilter, ProducerSort};
use super::form::{filled, read_entry, read_own_entry};
use super::types::{OwnProduct, ProducerChange, ProducerKind, ProducerPage, ProducerSheet};

pages! {
    GET "/producers" => list_producers: Reader,
    POST "/producers" => create_producer: Office,
    GET "/producers/new" => show_new_form: Office,
    GET "/producers/{producer_no}" => show_producer: Reader,
    GET "/producers/{producer_no}/edit" => show_form: Keeper,
    POST "/producers/{producer_no}/edit" => save_producer: Keeper,
    POST "/producers/{producer_no}/close" => close_producer: Office,
    POST "/producers/{producer_no}/reopen" => reopen_producer: Office,
}

/// Options of a select: the word sent, and what it says.
pub(in crate::register) type Options = Vec<(String, String)>;

/// The number in an address; what is no number is no producer.
pub(in crate::register) fn producer_no(path: &str) -> Result<ProducerNo> {
    path.parse().map(ProducerNo).map_err(|_| Error::NotFound(Thing::Producer))
}

/// A kind's name in a language.
pub(in crate::register) fn kind_name(kind: Option<ProducerKind>, language: Language) -> &'static str {
    kind.map_or(language.pick("Chưa rõ", "Not known"), |kind| language.pick(kind.vi(), kind.en()))
}

fn kinds(language: Language, first: &str) -> Options {
    let mut options = vec![(String::new(), first.to_owned())];
    options.extend(
        ProducerKind::ALL.iter().map(|kind| (kind.as_str().to_owned(), kind_name(Some(*kind), language).to_owned())),
    );
    options
}

#[derive(Template)]
#[template(path = "register/producer_list.html")]
struct ListPage {
    frame: Frame,
    filter: ProducerFilter,
    found: ProducerPage,
    communes: Options,
    kinds: Options,
    states: Options,
    sorts: Options,
    is_office: bool,
}

impl ListPage {
    /// The list at another page, or none when there is no such page.
    fn page_href(&self, page: u32) -> Option<String> {
        let n_pages = self.found.n_all.div_ceil(PAGE_ROWS);
        (1..=n_pages).contains(&page).then(|| format!("/producers?{}", self.filter.at_page(page).to_query()))
    }

    /// The same producers as a workbook.
    fn workbook_href(&self) -> String {
        let query = self.filter.at_page(1).to_query();
        if query.is_empty() { "/producers.xlsx".to_owned() } else { format!("/producers.xlsx?{query}") }
    }

    #[expect(clippy::ref_option, clippy::trivially_copy_pass_by_ref, reason = "templates lend what they pass")]
    fn kind(&self, kind: &Option<ProducerKind>) -> &'static str {
        kind_name(*kind, self.frame.language)
    }

    /// The word of the kind that was asked for.
    fn kind_asked(&self) -> &'static str {
        self.filter.kind.map_or("", ProducerKind::as_str)
    }
}

async fn list_producers(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = ProducerFilter::from_query(req.query_string())?;
    let found = register.list_producers(&actor.reads(), &filter).await?;
    let lists = register.lists().await?;
    let language = Language::of(&req);
    let frame = Frame::new(
        &req,
        &actor,
        language.pick("Chủ thể", "Producers"),
        language.pick(
            "Hợp tác xã, công ty, hộ gia đình có sản phẩm OCOP. Gõ tên để tìm, có dấu hay không dấu đều được.",
            "Cooperatives, companies and households with OCOP products. Type a name to search, with or without diacritics.",
        ),
    );
    let option = |value: &str, vi: &str, en: &str| (value.to_owned(), language.pick(vi, en).to_owned());
    let mut places = vec![option("", "Mọi xã, phường", "Every commune")];
    places.extend(lists.communes.iter().map(|commune| (commune.code.clone(), commune.name.clone())));
    page(&ListPage {
        frame,
        filter,
        found,
        communes: places,
        kinds: kinds(language, language.pick("Mọi loại hình", "Every kind")),
        states: vec![
            option(Closed::Hidden.as_str(), "Đang hoạt động", "Open"),
            option(Closed::Only.as_str(), "Đã đóng", "Closed"),
            option(Closed::Shown.as_str(), "Tất cả", "All"),
        ],
        sorts: vec![
            option(ProducerSort::Name.as_str(), "Tên", "Name"),
            option(ProducerSort::Commune.as_str(), "Xã, phường", "Commune"),
            option(ProducerSort::Products.as_str(), "Nhiều sản phẩm nhất", "Most products"),
            option(ProducerSort::Newest.as_str(), "Mới thêm", "Newest"),
        ],
        is_office: actor.has(Scope::Office),
    })
}

#[derive(Template)]
#[template(path = "register/producer.html")]
struct SheetPage {
    frame: Frame,
    producer: ProducerSheet,
    kind: &'static str,
    products: Vec<OwnProduct>,
    contacts: ContactBlock,
    papers: PaperBlock,
    error: Option<FormError>,
    is_office: bool,
    is_keeper: bool,
}

/// A producer's sheet; `typed` and `error` are those of a contact's form that was refused.
pub(in crate::register) async fn sheet_page(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    producer_no: ProducerNo,
    refused: Option<(Fields, FormError)>,
) -> Result<HttpResponse> {
    let producer = register.find_producer(&actor.reads(), producer_no).await?;
    let products = register.products_of(&producer).await?;
    let contacts = register.contacts_seen_by(actor, producer_no).await?;
    let papers = register.papers_of(&actor.reads(), producer_no).await?;
    let place = PaperPlace { producer_no, product_no: None, is_open: producer.closed_at.is_none() };
    let language = Language::of(req);
    let help = language.pick(
        "Mọi thông tin trong sổ về chủ thể này. Thông tin liên hệ hiện cho ai là do chủ thể chọn.",
        "All that the register says of this producer. Who sees its contacts is the producer's choice.",
    );
    let (typed, error) = refused.map_or_else(|| (Fields::default(), None), |(typed, error)| (typed, Some(error)));
    let is_keeper = actor.writes() != Reach::Nothing;
    let template = SheetPage {
        frame: Frame::new(req, actor, producer.name.clone(), help),
        kind: kind_name(producer.kind, language),
        products,
        contacts: ContactBlock::new(actor, contacts, typed, language),
        papers: PaperBlock::new(actor, papers, &place, register.today(), language),
        error,
        is_office: actor.has(Scope::Office),
        is_keeper,
        producer,
    };
    page_after(template.error.as_ref(), &template)
}

async fn show_producer(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    sheet_page(&req, &actor, &register, producer_no(&path)?, None).await
}

#[derive(Template)]
#[template(path = "register/producer_form.html")]
struct FormPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    action: String,
    back: String,
    kinds: Options,
    lists: Arc<Lists>,
    is_office: bool,
}

impl FormPage {
    /// The form of a new producer, or of a known one.
    async fn new(
        req: &HttpRequest,
        actor: &Actor,
        register: &Register,
        known: Option<ProducerNo>,
        form: Fields,
    ) -> Result<Self> {
        let language = Language::of(req);
        let title = match known {
            None => language.pick("Thêm chủ thể", "Add a producer"),
            Some(_) => language.pick("Sửa chủ thể", "Change a producer"),
        };
        let help = language.pick(
            "Tên và địa chỉ ở đây hiện trên trang quét tem; xin ghi đúng như trên bao bì và giấy tờ.",
            "Name and address show on the page of a scanned stamp; write them as on the packaging and the papers.",
        );
        let is_office = actor.has(Scope::Office);
        Ok(Self {
            frame: Frame::new(req, actor, title, help),
            error: None,
            form,
            action: known.map_or_else(|| "/producers".to_owned(), |no| format!("/producers/{no}/edit")),
            back: known.map_or_else(|| "/producers".to_owned(), |no| format!("/producers/{no}")),
            kinds: kinds(language, language.pick("Xin chọn", "Choose")),
            lists: register.lists().await?,
            is_office,
        })
    }
}

async fn show_new_form(Office(actor): Office, req: HttpRequest, register: web::Data<Register>) -> Result<HttpResponse> {
    page(&FormPage::new(&req, &actor, &register, None, Fields::default()).await?)
}

async fn create_producer(
    Office(actor): Office,
    req: HttpRequest,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let created = match read_entry(&fields) {
        Ok(entry) => register.create_producer(&actor, &entry).await,
        Err(error) => Err(error),
    };
    match created {
        Ok(producer_no) => Ok(see_other(&format!("/producers/{producer_no}?done=created"))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            refused_page(&FormPage { error, ..FormPage::new(&req, &actor, &register, None, fields).await? })
        }
    }
}

async fn show_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let sheet = register.find_producer(&actor.writes(), producer_no).await?;
    page(&FormPage::new(&req, &actor, &register, Some(producer_no), filled(&sheet)).await?)
}

async fn save_producer(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let saved = match read_change(&actor, &fields) {
        Ok((version, change)) => register.change_producer(&actor, producer_no, version, &change).await,
        Err(error) => Err(error),
    };
    let Err(error) = saved else {
        return Ok(see_other(&format!("/producers/{producer_no}?done=saved")));
    };
    // What is not the actor's to write is not found, whatever was typed.
    let sheet = register.find_producer(&actor.writes(), producer_no).await?;
    let (status, form) = match error {
        Error::EditConflict => (StatusCode::CONFLICT, filled(&sheet)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, fields),
    };
    let error = Some(FormError::of(error, Language::of(&req))?);
    let template = FormPage { error, ..FormPage::new(&req, &actor, &register, Some(producer_no), form).await? };
    page_with(HttpResponseBuilder::new(status), &template)
}

/// The version that was seen, and as much of the form as the actor may write.
pub(super) fn read_change(actor: &Actor, fields: &Fields) -> Result<(i32, ProducerChange)> {
    let version = fields.version()?;
    let change = if actor.has(Scope::Office) {
        ProducerChange::Whole(read_entry(fields)?)
    } else {
        ProducerChange::Own(read_own_entry(fields)?)
    };
    Ok((version, change))
}

async fn close_producer(
    Office(actor): Office,
    path: web::Path<String>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    register.close_producer(&actor, producer_no).await?;
    Ok(see_other(&format!("/producers/{producer_no}?done=closed")))
}

async fn reopen_producer(
    Office(actor): Office,
    path: web::Path<String>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    register.reopen_producer(&actor, producer_no).await?;
    Ok(see_other(&format!("/producers/{producer_no}?done=saved")))
}
