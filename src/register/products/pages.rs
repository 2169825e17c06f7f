//! Pages of products: the list with its filters, and one product's sheet. Extract, call one service, show.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::NaiveDate;

use crate::accounts::types::{Actor, Reach, Role, Scope};
use crate::error::{Missing, Result};
use crate::http::{FormError, Frame, Language, Reader, page, page_after, pages};
use crate::register::Register;
use crate::register::api::product_no;
use crate::register::papers::pages::{PaperBlock, PaperPlace};
use crate::register::policy::{certificate_state, missing_items};
use crate::register::types::{CertificateState, ProducerKind};
use crate::stamp::ProductNo;

use super::filter::{CertificateFilter, Closed, PAGE_ROWS, ProductFilter, ProductSort};
use super::photos::MAX_PHOTOS;
use super::types::{ListedProduct, Lists, ProductPage, ProductSheet, fix_href};
use super::words::{self, StateWords};

pages! {
    GET "/products" => list_products: Reader,
    GET "/products/{product_no}" => show_product: Reader,
}

/// Options of a select: the word sent, and what it says.
pub(super) type Options = Vec<(String, String)>;

/// Months ahead that the filter offers: the marks of the reminder list, and a year.
const MONTHS_AHEAD: [u8; 5] = [1, 3, 6, 9, 12];

#[derive(Template)]
#[template(path = "products/list.html")]
struct ListPage {
    frame: Frame,
    filter: ProductFilter,
    found: ProductPage,
    lists: Arc<Lists>,
    role: Role,
    today: NaiveDate,
    can_add: bool,
}

impl ListPage {
    fn language(&self) -> Language {
        self.frame.language
    }

    fn n_pages(&self) -> u32 {
        self.found.n_all.div_ceil(PAGE_ROWS)
    }

    /// The list at another page, or none when there is no such page.
    fn page_href(&self, page: u32) -> Option<String> {
        (1..=self.n_pages()).contains(&page).then(|| format!("/products?{}", self.filter.at_page(page).to_query()))
    }

    /// The same products as a workbook.
    fn workbook_href(&self) -> String {
        let query = self.filter.at_page(1).to_query();
        if query.is_empty() { "/products.xlsx".to_owned() } else { format!("/products.xlsx?{query}") }
    }

    /// What is asked, in words.
    fn conditions(&self) -> String {
        let (filter, language) = (&self.filter, self.language());
        let named = |vi: &str, en: &str, value: &str| format!("{}: {value}", language.pick(vi, en));
        let commune = |code: &String| self.lists.commune(code).map_or_else(|| code.clone(), |found| found.name.clone());
        let parts = [
            filter.text.as_ref().map(|text| format!("“{text}”")),
            filter.commune_code.as_ref().map(commune),
            filter.set_no.map(|set_no| named("nhóm", "set", &words::set(set_no, &self.lists, language))),
            filter.stars.map(|stars| words::stars(stars, language)),
            filter.producer_kind.map(|kind| words::kind(kind, language).to_owned()),
            filter
                .certificate
                .map(|state| named("chứng nhận", "certificate", &words::standing(state, language).to_lowercase())),
            filter.ends_within_months.map(|months| {
                let vi = format!("chứng nhận kết thúc trong {months} tháng tới");
                let en = format!("certificate ending within {months} months");
                language.pick(&vi, &en).to_owned()
            }),
            filter.producer_no.map(|no| named("chủ thể số", "producer number", &no.to_string())),
            (filter.closed != Closed::Hidden).then(|| words::closed(filter.closed, language).to_lowercase()),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
    }

    fn communes(&self) -> Options {
        let mut options = vec![self.every("Mọi xã, phường", "Every commune")];
        options.extend(self.lists.communes.iter().map(|commune| (commune.code.clone(), commune.name.clone())));
        options
    }

    fn sets(&self) -> Options {
        let mut options = vec![self.every("Mọi nhóm", "Every set")];
        let set_no = |n: u8| (n.to_string(), words::set(n, &self.lists, self.language()));
        options.extend(self.lists.sets.iter().map(|set| set_no(set.set_no)));
        options
    }

    fn stars(&self) -> Options {
        let mut options = vec![self.every("Mọi hạng", "Any")];
        options.extend(self.lists.stars.iter().map(|n| (n.to_string(), words::stars(*n, self.language()))));
        options
    }

    fn kinds(&self) -> Options {
        let mut options = vec![self.every("Mọi loại hình", "Every kind")];
        options.extend(
            ProducerKind::ALL
                .iter()
                .map(|kind| (kind.as_str().to_owned(), words::kind(*kind, self.language()).to_owned())),
        );
        options
    }

    fn states(&self) -> Options {
        let mut options = vec![self.every("Mọi tình trạng", "Any")];
        let state = |state: &CertificateFilter| {
            (state.as_str().to_owned(), words::standing(*state, self.language()).to_owned())
        };
        options.extend(CertificateFilter::ALL.iter().map(state));
        options
    }

    fn months(&self) -> Options {
        let mut options = vec![self.every("Lúc nào cũng được", "Any time")];
        let within = |months: u8| {
            let (vi, en) = (format!("Trong {months} tháng tới"), format!("Within {months} months"));
            (months.to_string(), self.language().pick(&vi, &en).to_owned())
        };
        options.extend(MONTHS_AHEAD.map(within));
        options
    }

    fn closings(&self) -> Options {
        let closing =
            |closed: &Closed| (closed.as_str().to_owned(), words::closed(*closed, self.language()).to_owned());
        Closed::ALL.iter().map(closing).collect()
    }

    fn sorts(&self) -> Options {
        let sort = |sort: &ProductSort| (sort.as_str().to_owned(), words::sort(*sort, self.language()).to_owned());
        ProductSort::ALL.iter().map(sort).collect()
    }

    fn every(&self, vi: &str, en: &str) -> (String, String) {
        (String::new(), self.language().pick(vi, en).to_owned())
    }

    /// The word chosen in a select of the filter.
    fn chosen(&self, name: &str) -> String {
        let filter = &self.filter;
        let number = |n: Option<u8>| n.map(|n| n.to_string()).unwrap_or_default();
        match name {
            "commune" => filter.commune_code.clone().unwrap_or_default(),
            "set" => number(filter.set_no),
            "stars" => number(filter.stars),
            "kind" => filter.producer_kind.map(|kind| kind.as_str().to_owned()).unwrap_or_default(),
            "state" => filter.certificate.map(|state| state.as_str().to_owned()).unwrap_or_default(),
            "ends" => number(filter.ends_within_months),
            "closed" => filter.closed.as_str().to_owned(),
            _ => filter.sort.as_str().to_owned(),
        }
    }

    fn set(&self, product: &ListedProduct) -> String {
        words::set(product.set_no, &self.lists, self.language())
    }

    fn state(&self, product: &ListedProduct) -> StateWords {
        words::state(product.state(self.today), product.last_day(self.today), self.language())
    }

    fn is_of_office(&self) -> bool {
        matches!(self.role, Role::Office)
    }

    fn sees_many_producers(&self) -> bool {
        !matches!(self.role, Role::Producer)
    }

    fn sees_many_communes(&self) -> bool {
        self.sees_many_producers() && !matches!(self.role, Role::Officer)
    }
}

async fn list_products(Reader(actor): Reader, req: HttpRequest, register: web::Data<Register>) -> Result<HttpResponse> {
    let filter = ProductFilter::from_query(req.query_string())?;
    let found = register.list_products(&actor.reads(), &filter).await?;
    let language = Language::of(&req);
    let help = match actor.role {
        Role::Producer => language.pick(
            "Sản phẩm của anh chị trong sổ OCOP. Bấm vào tên để xem, bổ sung thông tin và mở lô hàng.",
            "Your products in the OCOP register. Open one to see it, to complete it and to open a batch.",
        ),
        _ => language.pick(
            "Sản phẩm trong sổ OCOP. Gõ tên để tìm, có dấu hay không dấu đều được; bấm vào tên để xem mọi thông tin.",
            "The products of the OCOP register. Type a name to search, with or without diacritics; open one to see all of it.",
        ),
    };
    page(&ListPage {
        frame: Frame::new(&req, &actor, language.pick("Sản phẩm", "Products"), help),
        lists: register.lists().await?,
        role: actor.role,
        today: register.today(),
        can_add: can_write(&actor),
        found,
        filter,
    })
}

/// Whether someone writes what they can see.
pub(super) fn can_write(actor: &Actor) -> bool {
    actor.writes() != Reach::Nothing && actor.has(Scope::RegisterWrite)
}

/// One line of a product's checklist.
struct CheckLine {
    text: &'static str,
    /// Where it is filled in; none when it is there, or not this person's to fill in.
    href: Option<String>,
    is_done: bool,
}

#[derive(Template)]
#[template(path = "products/sheet.html")]
struct SheetPage {
    frame: Frame,
    sheet: ProductSheet,
    papers: PaperBlock,
    lists: Arc<Lists>,
    today: NaiveDate,
    error: Option<FormError>,
    is_office: bool,
    is_keeper: bool,
}

impl SheetPage {
    fn language(&self) -> Language {
        self.frame.language
    }

    fn set(&self) -> String {
        words::set(self.sheet.product.set_no, &self.lists, self.language())
    }

    fn stars(&self) -> Option<String> {
        self.sheet.product.stars.map(|stars| words::stars(stars, self.language()))
    }

    fn kind(&self) -> Option<&'static str> {
        self.sheet.product.producer.kind.map(|kind| words::kind(kind, self.language()))
    }

    fn shelf_life(&self) -> Option<String> {
        self.sheet.product.shelf_life.map(|shelf_life| words::shelf_life(shelf_life, self.language()))
    }

    fn pack(&self) -> Option<String> {
        self.sheet.product.pack.as_ref().map(|pack| words::pack(pack, self.language()))
    }

    /// Everything that a stamp needs of the product, done or not.
    fn checklist(&self) -> Vec<CheckLine> {
        const ITEMS: [Missing; 5] =
            [Missing::Name, Missing::Image, Missing::Producer, Missing::Address, Missing::Standards];
        let missing = missing_items(&self.sheet.product, Some(self.today));
        let line = |item: Missing| {
            let is_done = !missing.contains(&item);
            let href = (!is_done && self.can_change()).then(|| fix_href(item, &self.sheet.product));
            CheckLine { text: words::item(item, self.language()), href, is_done }
        };
        let mut lines: Vec<CheckLine> = ITEMS.into_iter().map(line).collect();
        lines.push(CheckLine {
            text: self.frame.pick("Giấy chứng nhận còn hiệu lực hôm nay", "A certificate in force today"),
            href: (!self.has_certificate() && self.is_office).then(|| self.new_certificate_href()),
            is_done: self.has_certificate(),
        });
        lines
    }

    fn is_ready(&self) -> bool {
        self.checklist().iter().all(|line| line.is_done)
    }

    fn has_certificate(&self) -> bool {
        certificate_state(&self.sheet.product.certificates, self.today) == CertificateState::InForce
    }

    fn new_certificate_href(&self) -> String {
        format!("/products/{}/certificates/new", self.sheet.product.product_no)
    }

    /// How one certificate stands today.
    fn state(&self, certificate: &crate::register::types::Certificate) -> StateWords {
        let state = certificate_state(std::slice::from_ref(certificate), self.today);
        words::state(state, certificate.last_day(), self.language())
    }

    fn can_change(&self) -> bool {
        self.is_keeper && !self.sheet.product.is_closed
    }

    fn has_room(&self) -> bool {
        self.sheet.photos.len() < MAX_PHOTOS
    }

    /// The picture of an imported product, which has no photos of its own.
    fn imported_picture(&self) -> Option<&str> {
        self.sheet.product.photo_base64.as_deref().filter(|_| self.sheet.photos.is_empty())
    }
}

/// A product's sheet; `error` is that of a form on it that was refused.
pub(super) async fn sheet_page(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    product_no: ProductNo,
    error: Option<FormError>,
) -> Result<HttpResponse> {
    let sheet = register.product_sheet(&actor.reads(), product_no).await?;
    let producer_no = sheet.product.producer.producer_no;
    let papers = register.papers_of_product(&actor.reads(), producer_no, product_no).await?;
    let place = PaperPlace { producer_no, product_no: Some(product_no), is_open: !sheet.product.is_closed };
    let language = Language::of(req);
    let help = language.pick(
        "Mọi thông tin trong sổ về sản phẩm này, và những gì còn thiếu để in tem.",
        "All that the register says of this product, and what stamps still need.",
    );
    let template = SheetPage {
        frame: Frame::new(req, actor, sheet.product.name.clone(), help),
        papers: PaperBlock::new(actor, papers, &place, register.today(), language),
        lists: register.lists().await?,
        today: register.today(),
        error,
        is_office: actor.has(Scope::Office),
        is_keeper: can_write(actor),
        sheet,
    };
    page_after(template.error.as_ref(), &template)
}

async fn show_product(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    sheet_page(&req, &actor, &register, product_no(&path)?, None).await
}
