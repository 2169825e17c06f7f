//! The office's pages of stages: every template, and one template with its stages. A form that was refused is shown again on its
//! template's page, as it was typed. And the page where a product chooses its template.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::accounts::types::Actor;
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, Frame, Keeper, Language, Office, page, page_after, see_other};
use crate::register::Register;
use crate::stamp::ProductNo;
use crate::trace::Trace;
use crate::trace::stages::types::{Stage, StageDraft, StageTemplate};
use crate::trace::types::{StageNo, Step};

use super::choices::Choosable;

#[derive(Template)]
#[template(path = "trace/stage_lists.html")]
struct ListsPage {
    frame: Frame,
    templates: Vec<StageTemplate>,
}

impl ListsPage {
    fn name<'t>(&self, template: &'t StageTemplate) -> &'t str {
        self.frame.pick(&template.name_vi, &template.name_en)
    }

    fn open_stages(&self, template: &StageTemplate) -> String {
        let open = template.stages.iter().filter(|stage| stage.closed_at.is_none());
        open.map(|stage| self.frame.pick(&stage.name_vi, &stage.name_en)).collect::<Vec<_>>().join(" → ")
    }
}

/// A form of a template's page that was refused: of which stage, none for a new one.
struct Refused {
    stage_no: Option<StageNo>,
    /// None when someone else changed the stage meanwhile: then the form shows what stands now.
    fields: Option<Fields>,
    error: FormError,
}

/// The fields of a stage's form: what was typed into them, else what stands.
struct StageFields {
    /// What tells this form's fields from another's.
    mark: String,
    fields: Fields,
    /// The field that is wrong, and what is wrong with it.
    wrong: Option<(&'static str, String)>,
}

impl StageFields {
    fn new(stage: Option<&Stage>, refused: Option<&Refused>, language: Language) -> Self {
        let stage_no = stage.map(|stage| stage.stage_no);
        let refused = refused.filter(|refused| refused.stage_no == stage_no);
        let typed = refused.and_then(|refused| refused.fields.clone());
        Self {
            mark: stage_no.map_or_else(|| "new".to_owned(), |stage_no| stage_no.0.to_string()),
            fields: typed.or_else(|| stage.map(|stage| filled(stage, language))).unwrap_or_default(),
            wrong: refused.map(|refused| (refused.error.field, refused.error.sentence.clone())),
        }
    }

    fn shown(&self, name: &str) -> &str {
        self.fields.value(name)
    }

    fn wrong(&self, name: &str) -> Option<&str> {
        self.wrong.as_ref().filter(|(field, _)| *field == name).map(|(_, sentence)| sentence.as_str())
    }
}

/// A stage as the fields of its form.
fn filled(stage: &Stage, language: Language) -> Fields {
    let unit = stage.unit.as_ref().map(|unit| unit.as_str().to_owned());
    Fields::from_values([
        ("name_vi", stage.name_vi.clone()),
        ("name_en", stage.name_en.clone()),
        ("unit", unit.unwrap_or_default()),
        ("yield", stage.max_yield_permille.map(|n| percent(n, language)).unwrap_or_default()),
        ("hint_vi", stage.hint_vi.clone().unwrap_or_default()),
    ])
}

/// A stage with its form.
struct StageForm {
    stage: Stage,
    fields: StageFields,
}

impl StageForm {
    fn is_refused(&self) -> bool {
        self.fields.wrong.is_some()
    }
}

#[derive(Template)]
#[template(path = "trace/stage_list.html")]
struct ListPage {
    frame: Frame,
    error: Option<FormError>,
    /// The template's name in addresses.
    template: String,
    forms: Vec<StageForm>,
    new_fields: StageFields,
    steps: Vec<Choosable>,
}

impl ListPage {
    fn new(req: &HttpRequest, actor: &Actor, template: StageTemplate, refused: Option<Refused>) -> Self {
        let language = Language::of(req);
        let name = language.pick(&template.name_vi, &template.name_en);
        let title = format!("{}: {name}", language.pick("Công đoạn", "Stages"));
        let help = language.pick(
            "Chủ thể chọn trong danh sách này khi ghi nhật ký lô hàng. Công đoạn đã đóng không còn để chọn; dòng đã ghi theo nó vẫn giữ nguyên.",
            "Producers choose from this list when they record. A closed stage is offered no more; what was recorded by it stays.",
        );
        let steps = Step::ALL.map(|step| (step.as_str().to_owned(), language.pick(step.vi(), step.en()).to_owned()));
        let form =
            |stage: Stage| StageForm { fields: StageFields::new(Some(&stage), refused.as_ref(), language), stage };
        Self {
            frame: Frame::new(req, actor, title, help),
            template: template.template,
            forms: template.stages.into_iter().map(form).collect(),
            new_fields: StageFields::new(None, refused.as_ref(), language),
            steps: steps.into(),
            error: refused.map(|refused| refused.error),
        }
    }
}

/// A yield in percent, as it is typed.
fn percent(permille: u32, language: Language) -> String {
    let (whole, tenths) = (permille / 10, permille % 10);
    if tenths == 0 { whole.to_string() } else { language.decimal(&format!("{whole}.{tenths}")) }
}

pub(super) async fn list_templates(
    Office(actor): Office,
    req: HttpRequest,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let language = Language::of(&req);
    let help = language.pick(
        "Mỗi nhóm sản phẩm có một danh sách công đoạn để chủ thể chọn khi ghi nhật ký. Bấm vào một danh sách để sửa.",
        "Each product set has a list of stages that producers choose from. Press one to change it.",
    );
    let frame = Frame::new(&req, &actor, language.pick("Danh sách công đoạn", "Lists of stages"), help);
    page(&ListsPage { frame, templates: trace.list_templates().await? })
}

pub(super) async fn show_template(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    page(&ListPage::new(&req, &actor, trace.find_template(&path).await?, None))
}

fn read_draft(fields: &Fields) -> Result<StageDraft> {
    let value = |name| fields.value(name);
    StageDraft::typed(
        value("step"),
        (value("name_vi"), value("name_en")),
        value("unit"),
        value("yield"),
        value("hint_vi"),
    )
}

fn stage_no(text: &str) -> Result<StageNo> {
    text.parse().map(StageNo).map_err(|_| Error::NotFound(Thing::Page))
}

/// Back to the template, or its page again with what was typed.
async fn answer<T>(
    req: &HttpRequest,
    actor: &Actor,
    trace: &Trace,
    (template, stage_no): (&str, Option<StageNo>),
    (outcome, fields): (Result<T>, Fields),
) -> Result<HttpResponse> {
    match outcome {
        Ok(_) => Ok(see_other(&format!("/stages/{template}?done=saved"))),
        Err(error) => {
            let fields = (!matches!(error, Error::EditConflict)).then_some(fields);
            let error = FormError::of(error, Language::of(req))?;
            let refused = Refused { stage_no, fields, error };
            let page = ListPage::new(req, actor, trace.find_template(template).await?, Some(refused));
            page_after(page.error.as_ref(), &page)
        }
    }
}

pub(super) async fn add_stage(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let outcome = match read_draft(&fields) {
        Ok(draft) => trace.add_stage(&actor, &path, draft).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &trace, (&path, None), (outcome, fields)).await
}

pub(super) async fn change_stage(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (version, stage_no) = (fields.version()?, stage_no(&path.1)?);
    let outcome = match read_draft(&fields) {
        Ok(draft) => trace.change_stage(&actor, stage_no, version, draft).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &trace, (&path.0, Some(stage_no)), (outcome, fields)).await
}

pub(super) async fn move_stage(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (version, stage_no) = (fields.version()?, stage_no(&path.1)?);
    let place = fields.value("place").parse().map_err(|_| Error::FormExpired)?;
    let outcome = trace.move_stage(&actor, stage_no, version, place).await;
    answer(&req, &actor, &trace, (&path.0, Some(stage_no)), (outcome, Fields::default())).await
}

pub(super) async fn close_stage(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (version, stage_no) = (fields.version()?, stage_no(&path.1)?);
    let outcome = trace.close_stage(&actor, stage_no, version).await;
    answer(&req, &actor, &trace, (&path.0, Some(stage_no)), (outcome, Fields::default())).await
}

pub(super) async fn reopen_stage(
    Office(actor): Office,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    trace: web::Data<Trace>,
) -> Result<HttpResponse> {
    let (version, stage_no) = (fields.version()?, stage_no(&path.1)?);
    let outcome = trace.reopen_stage(&actor, stage_no, version).await;
    answer(&req, &actor, &trace, (&path.0, Some(stage_no)), (outcome, Fields::default())).await
}

#[derive(Template)]
#[template(path = "trace/product_stages.html")]
struct ProductPage {
    frame: Frame,
    error: Option<FormError>,
    product_no: ProductNo,
    chosen: String,
    templates: Vec<Choosable>,
}

async fn product_page(
    req: &HttpRequest,
    actor: &Actor,
    (trace, register): (&Trace, &Register),
    product_no: ProductNo,
    error: Option<FormError>,
) -> Result<ProductPage> {
    let language = Language::of(req);
    // Asked first: another's product is not found.
    let chosen = trace.template_of_product(&actor.writes(), product_no).await?;
    let name = register.find_product(product_no).await?.name;
    let title = format!("{} · {name}", language.pick("Công đoạn của sản phẩm", "Stages of the product"));
    let help = language.pick(
        "Chọn danh sách công đoạn hợp với cách làm của sản phẩm này. Dòng đã ghi không đổi.",
        "Choose the list of stages that fits how this product is made. What was recorded does not change.",
    );
    let named = |template: StageTemplate| {
        let name = match language {
            Language::Vi => template.name_vi,
            Language::En => template.name_en,
        };
        (template.template, name)
    };
    let templates = trace.list_templates().await?.into_iter().map(named).collect();
    Ok(ProductPage { frame: Frame::new(req, actor, title, help), error, product_no, chosen, templates })
}

fn product_no(text: &str) -> Result<ProductNo> {
    text.parse().map_err(|_| Error::NotFound(Thing::Product))
}

pub(super) async fn show_product_stages(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    trace: web::Data<Trace>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    page(&product_page(&req, &actor, (&trace, &register), product_no(&path)?, None).await?)
}

pub(super) async fn choose_product_stages(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    trace: web::Data<Trace>,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let product_no = product_no(&path)?;
    match trace.choose_template(&actor, product_no, fields.value("template")).await {
        Ok(()) => Ok(see_other(&format!("/products/{product_no}/stages?done=saved"))),
        Err(error) => {
            let error = FormError::of(error, Language::of(&req))?;
            let page = product_page(&req, &actor, (&trace, &register), product_no, Some(error)).await?;
            page_after(page.error.as_ref(), &page)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yield_is_shown_as_it_is_typed() {
        let shown = [250, 225, 1050, 1].map(|permille| percent(permille, Language::Vi));
        assert_eq!(shown, ["25", "22,5", "105", "0,1"]);
    }
}
