//! The one form that records an event or says it anew, and everything it shows besides what is typed.

use std::ops::RangeInclusive;

use actix_web::HttpRequest;
use askama::Template;

use crate::accounts::types::{Actor, PlainSecret, Scope};
use crate::batches::Batches;
use crate::batches::types::Batch;
use crate::clock::day_in_vietnam;
use crate::error::Result;
use crate::http::{Fields, FormError, Frame, Language};
use crate::register::Register;
use crate::register::types::Product;
use crate::stamp::BatchNo;
use crate::trace::Trace;
use crate::trace::types::{Event, MAX_FILES, Sha256Hash, What};

use super::choices::{Choice, Choices, Choosable, DayHint, day_hints, lot_options, place_options};
use super::event_form::{N_LOT_LINES, N_OPEN_LOT_LINES, chosen_lots, lot_line};
use super::lines::photo_href;
use super::words;

/// Units that the form proposes; any other can be typed.
const UNITS: [&str; 10] = ["kg", "g", "tấn", "lít", "ml", "gói", "hộp", "chai", "bao", "cây"];

/// The services that a form is made from.
pub(super) struct Services<'s> {
    pub(super) trace: &'s Trace,
    pub(super) batches: &'s Batches,
    pub(super) register: &'s Register,
}

/// A photo that came with an earlier try, or with the event that is said anew.
struct KeptPhoto {
    hash: Sha256Hash,
    /// Where it is shown; one that no event has yet is shown to nobody.
    href: Option<String>,
}

/// One line for a lot.
struct LotLine {
    lot_name: String,
    quantity_name: String,
    unit_name: String,
    lot: String,
    quantity: String,
    unit: String,
}

#[derive(Template)]
#[template(path = "trace/event_form.html")]
pub(super) struct FormPage {
    frame: Frame,
    pub(super) error: Option<FormError>,
    form: Fields,
    batch: Batch,
    product: String,
    action: String,
    /// The event that is said anew, in words.
    corrected: Option<String>,
    /// What the form was filled in from, in words.
    copied: Option<String>,
    choices: Choices,
    /// What was told before, so that it can be copied.
    told_before: Vec<What>,
    /// On which days the steps may lie.
    day_hints: [DayHint; 4],
    /// The last day that can be told.
    today: String,
    place_options: Vec<Choosable>,
    lots: Vec<Choosable>,
    lines: Vec<LotLine>,
    kept: Vec<KeptPhoto>,
    order_key: String,
    is_office: bool,
    units: [&'static str; UNITS.len()],
    max_photos: usize,
    /// Fields that take one photo each besides the first.
    more_photos: RangeInclusive<usize>,
}

impl FormPage {
    fn is_chosen(&self, choice: &Choice) -> bool {
        self.form.value("what") == choice.value
    }

    /// The choice that stands open; the others are folded away behind it.
    fn chosen(&self) -> Option<&Choice> {
        self.choices.find(self.form.value("what"))
    }

    /// Those of some choices that are folded away.
    fn folded<'c>(&self, choices: &'c [Choice]) -> Vec<&'c Choice> {
        choices.iter().filter(|choice| !self.is_chosen(choice)).collect()
    }

    /// Whether a choice was told before, so that there is a last time to copy.
    fn has_last(&self, choice: &Choice) -> bool {
        self.corrected.is_none() && self.told_before.contains(&choice.what)
    }

    fn open_lines(&self) -> &[LotLine] {
        self.lines.get(..self.n_open()).unwrap_or_default()
    }

    fn more_lines(&self) -> &[LotLine] {
        self.lines.get(self.n_open()..).unwrap_or_default()
    }

    /// Lines that are filled in, and the first ones.
    fn n_open(&self) -> usize {
        let filled = self.lines.iter().rposition(|line| !line.lot.is_empty() || !line.quantity.is_empty());
        filled.map_or(0, |last| last + 1).max(N_OPEN_LOT_LINES)
    }

    /// Whether a lot from outside was begun.
    fn has_new_lot(&self) -> bool {
        ["new_product", "new_supplier", "new_received"].iter().any(|name| !self.form.value(name).is_empty())
    }
}

/// Everything that the form of one batch shows besides what is typed.
pub(super) struct Setting {
    pub(super) batch: Batch,
    product: Product,
    pub(super) choices: Choices,
    places: Vec<Choosable>,
}

/// Gathers it, for a batch that the actor may write of.
pub(super) async fn setting(
    services: &Services<'_>,
    actor: &Actor,
    batch_no: BatchNo,
    language: Language,
) -> Result<Setting> {
    let Services { trace, batches, register } = services;
    let batch = batches.find_batch(&actor.writes(), batch_no).await?;
    let template = trace.stages_of_batch(&actor.writes(), batch_no).await?;
    let product = batches.product_of(&batch).await?;
    let lists = register.lists().await?;
    let places = place_options(&product.producer, &lists, language);
    Ok(Setting { choices: Choices::new(&template, language), batch, product, places })
}

/// Which event a form is for.
#[derive(Clone, Copy)]
pub(super) enum About<'e> {
    /// A new one.
    New,
    /// One that is said anew.
    Anew(&'e Event),
}

/// What stands above a form, and where it is sent.
struct Heading {
    title: &'static str,
    help: &'static str,
    action: String,
    corrected: Option<String>,
}

impl Heading {
    fn new(about: About<'_>, batch_no: BatchNo, language: Language) -> Self {
        match about {
            About::New => Self {
                title: language.pick("Ghi việc đã làm", "Record what was done"),
                help: language.pick(
                    "Chọn việc, xem lại ngày và số lượng, rồi bấm Ghi. Đã ghi thì không xóa được; ghi nhầm thì sửa bằng một dòng mới.",
                    "Choose what was done, look over day and quantities, and press Record. What is recorded cannot be removed; a mistake is corrected by a new line.",
                ),
                action: format!("/batches/{batch_no}/events/new"),
                corrected: None,
            },
            About::Anew(event) => Self {
                title: language.pick("Sửa một dòng đã ghi", "Correct a line"),
                help: language.pick(
                    "Dòng cũ vẫn còn, được gạch đi cùng ngày sửa; dòng mới ghi ở đây thay cho nó.",
                    "The old line stays, struck through with the day of the correction; what you write here takes its place.",
                ),
                action: format!("/batches/{batch_no}/events/{}/correction", event.n),
                corrected: Some(in_words(event, language)),
            },
        }
    }
}

/// A form with what stands in it.
pub(super) struct Filled<'f> {
    pub(super) about: About<'f>,
    pub(super) fields: Fields,
    pub(super) kept: Vec<Sha256Hash>,
    pub(super) error: Option<FormError>,
    pub(super) copied: Option<String>,
}

impl Filled<'_> {
    /// The page that shows it.
    pub(super) async fn page(
        self,
        req: &HttpRequest,
        actor: &Actor,
        services: &Services<'_>,
        setting: Setting,
    ) -> Result<FormPage> {
        let language = Language::of(req);
        let Self { about, fields, kept, error, copied } = self;
        let Setting { batch, product, choices, places } = setting;
        let lots = services.trace.lots_to_choose(&actor.writes(), batch.batch_no, fields.value("lot_search")).await?;
        let told_before = match about {
            About::New => services.trace.told_before(&actor.writes(), batch.batch_no).await?,
            About::Anew(_) => Vec::new(),
        };
        let Heading { title, help, action, corrected } = Heading::new(about, batch.batch_no, language);
        let known: &[Sha256Hash] = match about {
            About::New => &[],
            About::Anew(event) => &event.files,
        };
        let kept_photo = |hash: Sha256Hash| KeptPhoto { hash, href: known.contains(&hash).then(|| photo_href(&hash)) };
        Ok(FormPage {
            frame: Frame::new(req, actor, title, help),
            lots: lot_options(&lots, &chosen_lots(&fields), language),
            lines: (1..=N_LOT_LINES).map(|line| lot_line_of(&fields, line)).collect(),
            kept: kept.into_iter().map(kept_photo).collect(),
            order_key: order_key(&fields, error.as_ref())?,
            told_before,
            day_hints: day_hints(batch.packed_on, language),
            today: day_in_vietnam(services.trace.now()).to_string(),
            is_office: actor.has(Scope::Office),
            units: UNITS,
            max_photos: MAX_FILES,
            more_photos: 2..=MAX_FILES,
            product: product.name,
            error,
            form: fields,
            batch,
            action,
            corrected,
            copied,
            choices,
            place_options: places,
        })
    }
}

/// The form's key for recording it once: the same when it is shown again, so that sending the first one once more stays harmless.
fn order_key(fields: &Fields, error: Option<&FormError>) -> Result<String> {
    let typed = fields.value("order_key");
    if !typed.is_empty() && error.is_some_and(|error| !error.field.is_empty()) {
        return Ok(typed.to_owned());
    }
    Ok(PlainSecret::plain()?.reveal().to_owned())
}

fn lot_line_of(fields: &Fields, line: usize) -> LotLine {
    let names = lot_line(line);
    let [lot, quantity, unit] = names.each_ref().map(|name| fields.value(name).to_owned());
    let [lot_name, quantity_name, unit_name] = names;
    LotLine { lot_name, quantity_name, unit_name, lot, quantity, unit }
}

/// An event as forms name it.
pub(super) fn in_words(event: &Event, language: Language) -> String {
    let (vi, en) = event.name();
    let name = language.pick(vi, en);
    format!("{name}, {}", words::declared(event.when.on, event.when.time))
}

impl Setting {
    /// For an event that may name a stage which is offered no more.
    pub(super) fn for_event(self, event: &Event, language: Language) -> Self {
        Self { choices: self.choices.with_event(event, language), ..self }
    }
}
