//! Pages of certificates: the list, one certificate with its scan, the form that enters or changes one, and revoking. Extract,
//! call one service, show.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;
use chrono::NaiveDate;

use crate::accounts::types::{Actor, Scope};
use crate::error::{Error, Result, Thing};
use crate::http::{
    Fields, FormError, Frame, Language, Office, Reader, page, page_with, pages, refused_page, see_other,
};
use crate::register::Register;
use crate::register::files::{ScanChange, file_answer};
use crate::register::producers::pages::Options;
use crate::register::products::CertificateFilter;
use crate::register::types::CertificateState;
use crate::stamp::ProductNo;

use super::filter::{CertificateListFilter, CertificateSort, PAGE_ROWS};
use super::form::{filled, read_draft, read_revocation, read_scan};
use super::types::{CertificatePage, CertificateSheet, IssuerLevel, Rules, StarBand};

pages! {
    GET "/certificates" => list_certificates: Reader,
    GET "/certificates/{certificate_id}" => show_certificate: Reader,
    GET "/certificates/{certificate_id}/scan" => show_scan: Reader,
    GET "/certificates/{certificate_id}/edit" => show_form: Office,
    POST "/certificates/{certificate_id}/edit" => save_certificate: Office,
    POST "/certificates/{certificate_id}/revoke" => revoke_certificate: Office,
    GET "/products/{product_no}/certificates/new" => show_new_form: Office,
    POST "/products/{product_no}/certificates" => enter_certificate: Office,
}

/// Months that the filter offers.
const MONTHS_OFFERED: [u8; 5] = [1, 3, 6, 9, 12];

/// The number in an address; what is no number is no certificate.
pub(super) fn certificate_id(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::NotFound(Thing::Certificate))
}

/// The product's number in an address.
pub(super) fn product_no(path: &str) -> Result<ProductNo> {
    path.parse().map_err(|_| Error::NotFound(Thing::Product))
}

/// A state in a word, with the class of its chip.
pub(super) fn state_chip(state: CertificateState, language: Language) -> (&'static str, &'static str) {
    match state {
        CertificateState::InForce => (language.pick("Còn hiệu lực", "In force"), "good"),
        CertificateState::Lapsed { .. } => (language.pick("Hết hạn", "Lapsed"), "care"),
        CertificateState::NotYetValid { .. } => (language.pick("Chưa đến ngày", "Not yet valid"), "plain"),
        CertificateState::Revoked { .. } => (language.pick("Bị thu hồi", "Revoked"), "bad"),
        CertificateState::Unknown => (language.pick("Chưa có ngày", "No dates"), "plain"),
    }
}

#[derive(Template)]
#[template(path = "register/certificate_list.html")]
struct ListPage {
    frame: Frame,
    filter: CertificateListFilter,
    found: CertificatePage,
    states: Options,
    stars: Options,
    sets: Options,
    communes: Options,
    months: Options,
    sorts: Options,
    today: NaiveDate,
}

impl ListPage {
    /// The list at another page, or none when there is no such page.
    fn page_href(&self, page: u32) -> Option<String> {
        let n_pages = self.found.n_all.div_ceil(PAGE_ROWS);
        (1..=n_pages).contains(&page).then(|| format!("/certificates?{}", self.filter.at_page(page).to_query()))
    }

    /// The same certificates as a workbook.
    fn workbook_href(&self) -> String {
        let query = self.filter.at_page(1).to_query();
        if query.is_empty() { "/certificates.xlsx".to_owned() } else { format!("/certificates.xlsx?{query}") }
    }

    /// What is chosen in each select, as its word.
    fn chosen(&self, name: &str) -> String {
        let text = |n: Option<u8>| n.map(|n| n.to_string());
        let word = match name {
            "state" => self.filter.state.map(|state| state.as_str().to_owned()),
            "stars" => text(self.filter.stars),
            "set" => text(self.filter.set_no),
            "commune" => self.filter.commune_code.clone(),
            "ends" => text(self.filter.ends_within_months),
            _ => Some(self.filter.sort.as_str().to_owned()),
        };
        word.unwrap_or_default()
    }

    fn chip(&self, sheet: &CertificateSheet) -> (&'static str, &'static str) {
        state_chip(sheet.state(self.today), self.frame.language)
    }
}

async fn list_certificates(
    Reader(actor): Reader,
    req: HttpRequest,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let filter = CertificateListFilter::from_query(req.query_string())?;
    let found = register.list_certificates(&actor.reads(), &filter).await?;
    let lists = register.lists().await?;
    let language = Language::of(&req);
    let option = |value: &str, vi: &str, en: &str| (value.to_owned(), language.pick(vi, en).to_owned());
    let state = |state: CertificateFilter, vi, en| option(state.as_str(), vi, en);
    let mut sets = vec![option("", "Mọi nhóm", "Every set")];
    sets.extend(
        lists
            .sets
            .iter()
            .map(|set| (set.set_no.to_string(), format!("{}. {}", set.set_no, language.pick(&set.vi, &set.en)))),
    );
    let mut communes = vec![option("", "Mọi xã, phường", "Every commune")];
    communes.extend(lists.communes.iter().map(|commune| (commune.code.clone(), commune.name.clone())));
    let mut months = vec![option("", "Bất kỳ lúc nào", "At any time")];
    months.extend(MONTHS_OFFERED.map(|n| {
        (n.to_string(), format!("{} {n} {}", language.pick("Trong", "Within"), language.pick("tháng tới", "months")))
    }));
    page(&ListPage {
        frame: Frame::new(
            &req,
            &actor,
            language.pick("Giấy chứng nhận OCOP", "OCOP certificates"),
            language.pick(
                "Mọi giấy chứng nhận trong sổ. Sản phẩm chỉ in được tem khi giấy còn hiệu lực.",
                "Every certificate of the register. A product gets stamps only while its certificate is in force.",
            ),
        ),
        filter,
        found,
        states: vec![
            option("", "Mọi tình trạng", "Every state"),
            state(CertificateFilter::InForce, "Còn hiệu lực", "In force"),
            state(CertificateFilter::Lapsed, "Hết hạn", "Lapsed"),
            state(CertificateFilter::NotYetValid, "Chưa đến ngày", "Not yet valid"),
            state(CertificateFilter::Revoked, "Bị thu hồi", "Revoked"),
            state(CertificateFilter::Unknown, "Chưa có ngày", "No dates"),
        ],
        stars: star_options(language.pick("Mọi hạng", "Any"), language),
        sets,
        communes,
        months,
        sorts: vec![
            option(CertificateSort::Ends.as_str(), "Hết hạn trước", "First to end"),
            option(CertificateSort::Product.as_str(), "Tên sản phẩm", "Product"),
            option(CertificateSort::Stars.as_str(), "Nhiều sao nhất", "Most stars"),
            option(CertificateSort::Newest.as_str(), "Mới nhập", "Newest"),
        ],
        today: register.today(),
    })
}

fn star_options(first: &str, language: Language) -> Options {
    let mut options = vec![(String::new(), first.to_owned())];
    options.extend((3..=5).map(|n: u8| (n.to_string(), format!("{n} {}", language.pick("sao", "stars")))));
    options
}

#[derive(Template)]
#[template(path = "register/certificate.html")]
struct SheetPage {
    frame: Frame,
    sheet: CertificateSheet,
    chip: (&'static str, &'static str),
    /// The band by which the last day was computed.
    computed_by: Option<StarBand>,
    score: Option<String>,
    level: Option<&'static str>,
    error: Option<FormError>,
    typed: Fields,
    is_office: bool,
}

impl SheetPage {
    async fn new(req: &HttpRequest, actor: &Actor, register: &Register, certificate_id: i32) -> Result<Self> {
        let sheet = register.find_certificate(&actor.reads(), certificate_id).await?;
        let rules = register.certificate_rules().await?;
        let language = Language::of(req);
        let today = register.today();
        let number = sheet.certificate.number.as_deref().unwrap_or(language.pick("chưa có số", "without a number"));
        let title = format!("{} {number}", language.pick("Giấy chứng nhận", "Certificate"));
        let help = language.pick(
            "Giấy này cho biết sản phẩm được công nhận mấy sao, từ ngày nào đến ngày nào.",
            "This paper says with how many stars the product is recognised, from which day to which.",
        );
        let computed_by = match (sheet.certificate.stars, sheet.certificate.window) {
            (Some(stars), Some(window)) => rules.computed_by(stars, window).cloned(),
            _ => None,
        };
        Ok(Self {
            frame: Frame::new(req, actor, title, help),
            chip: state_chip(sheet.state(today), language),
            computed_by,
            score: sheet.score.map(|score| language.decimal(&score)),
            level: sheet.issuer_level.map(|level| language.pick(level.vi(), level.en())),
            error: None,
            typed: Fields::from_values([("on", today.to_string())]),
            is_office: actor.has(Scope::Office),
            sheet,
        })
    }
}

async fn show_certificate(
    Reader(actor): Reader,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    page(&SheetPage::new(&req, &actor, &register, certificate_id(&path)?).await?)
}

async fn show_scan(
    Reader(actor): Reader,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let certificate_id = certificate_id(&path)?;
    let file = register.certificate_scan(&actor.reads(), certificate_id).await?;
    Ok(file_answer(file, &format!("giay-chung-nhan-{certificate_id}")))
}

async fn revoke_certificate(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let certificate_id = certificate_id(&path)?;
    let order = || {
        let revocation = read_revocation(&fields)?;
        fields.check_sure("sure")?;
        Ok(revocation)
    };
    let revoked = match order() {
        Ok((on, reason)) => register.revoke_certificate(&actor, certificate_id, on, &reason).await,
        Err(error) => Err(error),
    };
    match revoked {
        Ok(()) => Ok(see_other(&format!("/certificates/{certificate_id}?done=decided"))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            let sheet = SheetPage::new(&req, &actor, &register, certificate_id).await?;
            refused_page(&SheetPage { error, typed: fields, ..sheet })
        }
    }
}

#[derive(Template)]
#[template(path = "register/certificate_form.html")]
struct FormPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    action: String,
    back: String,
    product: String,
    stars: Options,
    levels: Options,
    rules: Rules,
    /// Each band that gives a certificate today, and the points it begins and ends with.
    bands: Vec<(StarBand, String)>,
    /// The certificate whose scan is there already.
    scan_of: Option<i32>,
    today: NaiveDate,
}

/// Of which product's certificate a form is: a new one's, or a known one's.
enum FormOf {
    New(ProductNo, String),
    Known(Box<CertificateSheet>),
}

impl FormPage {
    async fn new(req: &HttpRequest, actor: &Actor, register: &Register, of: FormOf, form: Fields) -> Result<Self> {
        let language = Language::of(req);
        let (rules, today) = (register.certificate_rules().await?, register.today());
        let (title, product, action, back, scan_of) = match of {
            FormOf::New(product_no, name) => (
                language.pick("Nhập giấy chứng nhận", "Enter a certificate"),
                name,
                format!("/products/{product_no}/certificates"),
                format!("/products/{product_no}"),
                None,
            ),
            FormOf::Known(sheet) => (
                language.pick("Sửa giấy chứng nhận", "Change a certificate"),
                sheet.product.clone(),
                format!("/certificates/{}/edit", sheet.certificate_id),
                format!("/certificates/{}", sheet.certificate_id),
                sheet.scan.map(|_| sheet.certificate_id),
            ),
        };
        let help = language.pick(
            "Ghi đúng như trên giấy. Chưa biết ngày thì bỏ trống: sổ ghi là chưa có ngày, và chưa in tem được.",
            "Write it as on the paper. Leave the days empty if they are not known: the state is then unknown, and no stamps are made.",
        );
        let mut levels = vec![(String::new(), language.pick("Xin chọn", "Choose").to_owned())];
        let level = |level: &IssuerLevel| (level.as_str().to_owned(), language.pick(level.vi(), level.en()).to_owned());
        levels.extend(IssuerLevel::ALL.iter().map(level));
        Ok(Self {
            frame: Frame::new(req, actor, title, help),
            error: None,
            form,
            action,
            back,
            product,
            stars: star_options(language.pick("Chưa rõ", "Not known"), language),
            levels,
            bands: bands_of(&rules, today, language),
            rules,
            scan_of,
            today,
        })
    }

    /// Whom to choose from today, those that signed in the past after them.
    fn issuers(&self) -> Vec<&str> {
        let is_there = |last: Option<NaiveDate>| last.is_none_or(|last| self.today <= last);
        let (now, past): (Vec<_>, Vec<_>) = self.rules.issuers.iter().partition(|issuer| is_there(issuer.valid_to));
        now.into_iter().chain(past).map(|issuer| issuer.name.as_str()).collect()
    }
}

fn bands_of(rules: &Rules, today: NaiveDate, language: Language) -> Vec<(StarBand, String)> {
    let mut above = None;
    let mut bands: Vec<(StarBand, String)> = Vec::new();
    let certified: Vec<&StarBand> = rules.bands_on(today).filter(|band| band.recognised_by.is_some()).collect();
    for band in certified.into_iter().rev() {
        let first = language.decimal(&band.min_score);
        let text = match above {
            None => format!("{first} – 100"),
            Some(next) => format!("{first} – {} {}", language.pick("dưới", "below"), language.decimal(&next)),
        };
        above = Some(band.min_score);
        bands.push((band.clone(), text));
    }
    bands
}

async fn show_new_form(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let of = new_for(&actor, &register, &path).await?;
    page(&FormPage::new(&req, &actor, &register, of, Fields::default()).await?)
}

async fn new_for(actor: &Actor, register: &Register, path: &str) -> Result<FormOf> {
    let sheet = register.product_sheet(&actor.writes(), product_no(path)?).await?;
    Ok(FormOf::New(sheet.product.product_no, sheet.product.name))
}

async fn enter_certificate(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let entered = match read_draft(&fields) {
        Ok(draft) => {
            let scan = match read_scan(&fields) {
                ScanChange::Replace(bytes) => Some(bytes),
                ScanChange::Keep | ScanChange::Remove => None,
            };
            register.recognise(&actor, product_no(&path)?, draft, scan).await
        }
        Err(error) => Err(error),
    };
    match entered {
        Ok(certificate_id) => Ok(see_other(&format!("/certificates/{certificate_id}?done=created"))),
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            let of = new_for(&actor, &register, &path).await?;
            refused_page(&FormPage { error, ..FormPage::new(&req, &actor, &register, of, fields).await? })
        }
    }
}

async fn show_form(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let sheet = register.find_certificate(&actor.writes(), certificate_id(&path)?).await?;
    let form = filled(&sheet);
    page(&FormPage::new(&req, &actor, &register, FormOf::Known(Box::new(sheet)), form).await?)
}

async fn save_certificate(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let certificate_id = certificate_id(&path)?;
    let saved = match (fields.version(), read_draft(&fields)) {
        (Ok(version), Ok(draft)) => {
            register.change_certificate(&actor, certificate_id, version, draft, read_scan(&fields)).await
        }
        (Err(error), _) | (_, Err(error)) => Err(error),
    };
    let Err(error) = saved else {
        return Ok(see_other(&format!("/certificates/{certificate_id}?done=saved")));
    };
    let sheet = register.find_certificate(&actor.writes(), certificate_id).await?;
    let (status, form) = match error {
        Error::EditConflict => (StatusCode::CONFLICT, filled(&sheet)),
        _ => (StatusCode::UNPROCESSABLE_ENTITY, fields),
    };
    let error = Some(FormError::of(error, Language::of(&req))?);
    let of = FormOf::Known(Box::new(sheet));
    let template = FormPage { error, ..FormPage::new(&req, &actor, &register, of, form).await? };
    page_with(HttpResponseBuilder::new(status), &template)
}
