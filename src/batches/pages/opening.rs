//! Opening a batch: choose the product, then at most five fields, most of them filled in.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde::Deserialize;

use crate::accounts::types::Actor;
use crate::batches::opening::proposed_last_day;
use crate::batches::overview::types::{NewBatch, ProductChoice};
use crate::batches::service::Batches;
use crate::batches::types::{Lot, OpenBatch};
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, Frame, Keeper, Language, kept_text, page, refused_page, see_other};
use crate::register::types::{Quantity, ShelfLife, Unit};
use crate::stamp::ProductNo;

/// Longest search that is looked at, characters.
const MAX_SEARCH_CHARS: usize = 100;
/// Units that the form proposes; any other can be typed.
const UNITS: [&str; 9] = ["kg", "g", "lít", "ml", "gói", "hộp", "chai", "lọ", "túi"];

/// What the form begins with.
#[derive(Deserialize)]
pub(super) struct NewQuery {
    /// Which product.
    #[serde(default)]
    product: String,
    /// `last`: as the batch before.
    #[serde(default)]
    like: String,
    /// What to look for among the products.
    #[serde(default)]
    q: String,
}

#[derive(Template)]
#[template(path = "batches/choose.html")]
struct ChoosePage {
    frame: Frame,
    q: String,
    choices: Vec<ProductChoice>,
}

#[derive(Template)]
#[template(path = "batches/new.html")]
struct NewPage {
    frame: Frame,
    error: Option<FormError>,
    form: Fields,
    product_no: String,
    product: String,
    producer: String,
    last_day_hint: String,
    /// What "same as last time" fills in; none when there is no last time.
    last_time: Option<String>,
    units: [&'static str; 9],
}

impl NewPage {
    fn new(req: &HttpRequest, actor: &Actor, new: &NewBatch, form: Fields) -> Self {
        let language = Language::of(req);
        let help = language.pick(
            "Một lô là hàng đóng gói cùng một ngày. Mã lô in trên bao bì; tem và trang quét tem ghi đúng như ở đây.",
            "A batch is what is packed on one day. Its lot stands on the packs; stamps and their pages say what you write here.",
        );
        let frame = Frame::new(req, actor, language.pick("Mở lô mới", "Open a batch"), help);
        let last_time = new.last.as_ref().map(|last| {
            let quantity =
                last.quantity.map(|quantity| format!(" {}", language.decimal(&quantity))).unwrap_or_default();
            let unit = last.unit.as_deref().map(|unit| format!(" {unit}")).unwrap_or_default();
            format!("{}:{quantity}{unit}", last.lot)
        });
        Self {
            product_no: new.product.product_no.to_string(),
            product: new.product.name.clone(),
            producer: new.product.producer.name.clone(),
            last_day_hint: last_day_hint(new, &frame),
            last_time,
            frame,
            error: None,
            form,
            units: UNITS,
        }
    }
}

/// What the last day of use will be when it is left empty.
fn last_day_hint(new: &NewBatch, frame: &Frame) -> String {
    let Some(shelf_life) = new.product.shelf_life else {
        return frame
            .pick("Để trống nếu sản phẩm không có hạn sử dụng.", "Leave empty if the goods do not expire.")
            .to_owned();
    };
    let length = match shelf_life {
        ShelfLife::Days(n) => format!("{n} {}", frame.pick("ngày", "days")),
        ShelfLife::Months(n) => format!("{n} {}", frame.pick("tháng", "months")),
    };
    let today = shelf_life.last_day(new.today).map(|day| frame.day(&day)).unwrap_or_default();
    match frame.language {
        Language::Vi => format!("Để trống: tự tính {length} từ ngày đóng gói; đóng gói hôm nay thì dùng đến {today}."),
        Language::En => format!("Leave empty: {length} from the packing day; packed today it is good until {today}."),
    }
}

/// The fields as they are proposed, or as last time.
fn proposed(new: &NewBatch, like: &str, language: Language) -> Fields {
    let mut values = vec![("lot", new.lot.clone()), ("packed_on", new.today.to_string())];
    if let Some(last) = new.last.as_ref().filter(|_| like == "last") {
        values.push(("quantity", last.quantity.map(|quantity| language.decimal(&quantity)).unwrap_or_default()));
        values.push(("unit", last.unit.clone().unwrap_or_default()));
        if new.product.shelf_life.is_none() {
            let last_day = proposed_last_day(&new.product, Some(last), new.today);
            values.push(("last_valid_day", last_day.map(|day| day.to_string()).unwrap_or_default()));
        }
    }
    Fields::from_values(values)
}

pub(super) async fn show_new_form(
    Keeper(actor): Keeper,
    req: HttpRequest,
    query: web::Query<NewQuery>,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    if !query.product.is_empty() {
        let new = batches.new_batch(&actor, product_no(&query.product)?).await?;
        return page(&NewPage::new(&req, &actor, &new, proposed(&new, &query.like, language)));
    }
    let q: String = kept_text(&query.q).chars().take(MAX_SEARCH_CHARS).collect();
    let choices = batches.product_choices(&actor, &q).await?;
    if let ([only], true) = (choices.as_slice(), q.is_empty()) {
        let new = batches.new_batch(&actor, only.product_no).await?;
        return page(&NewPage::new(&req, &actor, &new, proposed(&new, &query.like, language)));
    }
    let help = language
        .pick("Bước 1 trong 2: chọn sản phẩm sẽ đóng gói.", "Step 1 of 2: choose the product that will be packed.");
    let frame = Frame::new(&req, &actor, language.pick("Mở lô mới", "Open a batch"), help);
    page(&ChoosePage { frame, q, choices })
}

pub(super) async fn open_batch(
    Keeper(actor): Keeper,
    req: HttpRequest,
    fields: Fields,
    batches: web::Data<Batches>,
) -> Result<HttpResponse> {
    let product_no = product_no(fields.value("product"))?;
    let opened = match read_order(product_no, &fields) {
        Ok(order) => batches.open_batch(&actor, order).await,
        Err(error) => Err(error),
    };
    match opened {
        Ok(batch) => Ok(see_other(&format!("/batches/{}?done=opened", batch.batch_no))),
        Err(error) => {
            let is_lot = matches!(error, Error::LotTaken { .. });
            let mut error = FormError::of(error, Language::of(&req))?;
            if is_lot {
                error.field = "lot";
            }
            let new = batches.new_batch(&actor, product_no).await?;
            refused_page(&NewPage { error: Some(error), ..NewPage::new(&req, &actor, &new, fields) })
        }
    }
}

fn product_no(text: &str) -> Result<ProductNo> {
    text.parse().map_err(|_| Error::NotFound(Thing::Product))
}

fn read_order(product_no: ProductNo, fields: &Fields) -> Result<OpenBatch> {
    let typed = |name| Some(fields.value(name)).filter(|text| !text.is_empty());
    let quantity = typed("quantity").map(|text| Quantity::typed("quantity", text)).transpose()?;
    let unit = typed("unit").map(|text| Unit::new("unit", text)).transpose()?;
    if quantity.is_some() && unit.is_none() {
        return Err(Error::invalid("unit", "Xin ghi đơn vị, ví dụ kg, chai, gói.", "say of what, for example kg"));
    }
    Ok(OpenBatch {
        product_no,
        lot: Lot::new(fields.value("lot"))?,
        packed_on: fields.required_day("packed_on")?,
        last_valid_day: fields.day("last_valid_day")?,
        quantity,
        unit: unit.map(|unit| unit.as_str().to_owned()),
    })
}
