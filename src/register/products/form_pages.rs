//! Pages that write products: the form of a new one, of a known one, closing and reopening. A form that was refused is shown again
//! as it was typed; one that came too late shows what stands there now, and beside it what was typed.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use askama::Template;

use crate::accounts::types::Actor;
use crate::error::{Error, Result};
use crate::http::{
    Fields, FormError, Frame, Keeper, Language, Office, page, page_with, pages, refused_page, see_other,
};
use crate::register::Register;
use crate::register::api::product_no;
use crate::stamp::ProductNo;

use super::form::{fields_of, read, shown_pairs_of};
use super::pages::{Options, sheet_page};
use super::types::{Closing, ProductSheet, Rights};
use super::words;

pages! {
    POST "/products" => add_product: Keeper,
    GET "/products/new" => show_new_form: Keeper,
    GET "/products/{product_no}/edit" => show_form: Keeper,
    POST "/products/{product_no}/edit" => save_product: Keeper,
    POST "/products/{product_no}/close" => close_product: Office,
    POST "/products/{product_no}/reopen" => reopen_product: Office,
}

/// A field that two people changed at the same time.
struct Clash {
    name: &'static str,
    typed: String,
    now: String,
}

#[derive(Template)]
#[template(path = "products/form.html")]
struct FormPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    clashes: Vec<Clash>,
    action: String,
    back: String,
    rights: Rights,
    is_new: bool,
    producers: Options,
    sets: Options,
    stars: Options,
    shelf_life_units: Options,
}

impl FormPage {
    async fn new(
        req: &HttpRequest,
        actor: &Actor,
        register: &Register,
        known: Option<&ProductSheet>,
        form: Fields,
    ) -> Result<Self> {
        let language = Language::of(req);
        let option = |word: &str, vi: &str, en: &str| (word.to_owned(), language.pick(vi, en).to_owned());
        let rights = known.map_or_else(|| Rights::of_new(actor.role), |sheet| sheet.rights(actor.role));
        let lists = register.lists().await?;
        let choices = register.producer_choices(&actor.writes()).await?;
        let mut producers: Options = choices.into_iter().map(|one| (one.producer_no.to_string(), one.label)).collect();
        // Who has one producer is not asked; a closed producer keeps its products.
        let own = known.map(|sheet| &sheet.product.producer);
        if let Some(own) = own.filter(|own| producers.iter().all(|(no, _)| *no != own.producer_no.to_string())) {
            producers.push((own.producer_no.to_string(), own.name.clone()));
        }
        if 1 < producers.len() {
            producers.insert(0, option("", "Xin chọn", "Choose"));
        }
        let mut sets = vec![option("", "Xin chọn", "Choose")];
        sets.extend(lists.sets.iter().map(|set| (set.set_no.to_string(), words::set(set.set_no, &lists, language))));
        let mut stars = vec![option("", "Chưa xếp hạng", "Not rated")];
        stars.extend(lists.stars.iter().map(|n| (n.to_string(), words::stars(*n, language))));
        let title = match known {
            None => language.pick("Thêm sản phẩm", "Add a product"),
            Some(_) => language.pick("Sửa sản phẩm", "Change a product"),
        };
        let address = known.map(|sheet| format!("/products/{}", sheet.product.product_no));
        Ok(Self {
            frame: Frame::new(req, actor, title, help(rights, language)),
            error: None,
            form,
            clashes: Vec::new(),
            action: address.as_ref().map_or_else(|| "/products".to_owned(), |address| format!("{address}/edit")),
            back: address.unwrap_or_else(|| "/products".to_owned()),
            rights,
            is_new: known.is_none(),
            producers,
            sets,
            stars,
            shelf_life_units: vec![option("months", "tháng", "months"), option("days", "ngày", "days")],
        })
    }

    fn label(&self, name: &str) -> &'static str {
        words::field(name, self.frame.language)
    }

    fn is_producer_asked(&self) -> bool {
        (self.is_new || self.rights.is_office) && 1 < self.producers.len()
    }

    /// The only producer there is to choose.
    fn only_producer(&self) -> &str {
        self.producers.first().map_or("", |(no, _)| no)
    }

    /// Text of a choice, for what is shown and not asked.
    fn chosen(&self, options: &Options, name: &str) -> String {
        let word = self.form.value(name);
        options.iter().find(|(known, _)| known == word).map_or_else(|| word.to_owned(), |(_, text)| text.clone())
    }
}

/// What the form is for, and what is not this person's to write.
const fn help(rights: Rights, language: Language) -> &'static str {
    match (rights.is_office, rights.is_name_free) {
        (true, _) => language.pick(
            "Thông tin ở đây hiện trên trang quét tem và trang sản phẩm; xin ghi đúng như trên bao bì và giấy tờ.",
            "What stands here shows on the pages of stamps and of the product; write it as on the packaging and the papers.",
        ),
        (false, true) => language.pick(
            "Xin ghi đúng như trên bao bì. Hạng sao và giấy chứng nhận do văn phòng ghi. Khi đã có giấy chứng nhận, tên và nhóm \
             chỉ văn phòng sửa được.",
            "Write it as on the packaging. Stars and certificates are the office's to write; once there is a certificate, name \
             and set are too.",
        ),
        (false, false) => language.pick(
            "Xin ghi đúng như trên bao bì. Tên, nhóm và hạng sao đã ghi trong giấy chứng nhận nên chỉ văn phòng sửa được.",
            "Write it as on the packaging. Name, set and stars stand on the certificate, so only the office changes them.",
        ),
    }
}

async fn show_new_form(Keeper(actor): Keeper, req: HttpRequest, register: web::Data<Register>) -> Result<HttpResponse> {
    let asked = url::form_urlencoded::parse(req.query_string().as_bytes()).find(|(name, _)| name == "producer");
    let form = Fields::from_values(asked);
    page(&FormPage::new(&req, &actor, &register, None, form).await?)
}

async fn add_product(
    Keeper(actor): Keeper,
    req: HttpRequest,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let added = match read(&fields, Rights::of_new(actor.role), None) {
        Ok(draft) => register.add_product(&actor, &draft).await,
        Err(error) => Err(error),
    };
    match added {
        Ok(product_no) => Ok(see_other(&format!("/products/{product_no}?done=created"))),
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
    let sheet = register.product_sheet(&actor.writes(), product_no(&path)?).await?;
    let form = fields_of(&sheet.draft(), sheet.version, Language::of(&req));
    page(&FormPage::new(&req, &actor, &register, Some(&sheet), form).await?)
}

async fn save_product(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let product_no = product_no(&path)?;
    let sheet = register.product_sheet(&actor.writes(), product_no).await?;
    let saved = match read(&fields, sheet.rights(actor.role), Some(&sheet.draft())) {
        Ok(draft) => register.save_product(&actor, product_no, fields.version()?, &draft).await,
        Err(error) => Err(error),
    };
    match saved {
        Ok(()) => Ok(see_other(&format!("/products/{product_no}?done=saved"))),
        Err(Error::EditConflict) => conflict_page(&req, &actor, &register, product_no, &fields).await,
        Err(error) => {
            let error = Some(FormError::of(error, Language::of(&req))?);
            refused_page(&FormPage { error, ..FormPage::new(&req, &actor, &register, Some(&sheet), fields).await? })
        }
    }
}

/// What stands there now, to be changed again, and what was typed over an older state.
async fn conflict_page(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    product_no: ProductNo,
    typed: &Fields,
) -> Result<HttpResponse> {
    let sheet = register.product_sheet(&actor.writes(), product_no).await?;
    let draft = sheet.draft();
    let clash = |(name, now): (&'static str, String)| {
        let typed = typed.values(name).next()?.to_owned();
        (typed != now).then_some(Clash { name, typed, now })
    };
    let clashes = shown_pairs_of(&draft, Language::of(req)).into_iter().filter_map(clash).collect();
    let form = fields_of(&draft, sheet.version, Language::of(req));
    let error = Some(FormError::of(Error::EditConflict, Language::of(req))?);
    let template = FormPage { error, clashes, ..FormPage::new(req, actor, register, Some(&sheet), form).await? };
    page_with(HttpResponseBuilder::new(StatusCode::CONFLICT), &template)
}

async fn close_product(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    set_closed(&req, &actor, &register, product_no(&path)?, &fields, Closing::Close).await
}

async fn reopen_product(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    set_closed(&req, &actor, &register, product_no(&path)?, &fields, Closing::Reopen).await
}

async fn set_closed(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    product_no: ProductNo,
    fields: &Fields,
    closing: Closing,
) -> Result<HttpResponse> {
    let done = match closing {
        Closing::Close => "closed",
        Closing::Reopen => "saved",
    };
    match register.close_product(actor, product_no, fields.version()?, closing).await {
        Ok(()) => Ok(see_other(&format!("/products/{product_no}?done={done}"))),
        Err(error) => {
            let error = FormError::of(error, Language::of(req))?;
            sheet_page(req, actor, register, product_no, Some(error)).await
        }
    }
}
