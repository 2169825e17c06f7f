//! The contacts on a producer's sheet and the forms that write them. Whoever makes one public sees what is agreed to first, and
//! the very words that were shown are what is stored.

use actix_web::{HttpRequest, HttpResponse, web};

use crate::accounts::types::{Actor, ProducerNo};
use crate::error::{Error, Result, Thing};
use crate::http::{Fields, FormError, Keeper, Language, TextField, pages, see_other};
use crate::register::Register;
use crate::register::producers::pages::{Options, producer_no, sheet_page};

use super::types::{Consent, Contact, ContactKind, MAX_VALUE_CHARS, NewContact, Shared, Visibility};

pages! {
    POST "/producers/{producer_no}/contacts" => add_contact: Keeper,
    POST "/producers/{producer_no}/contacts/{contact_id}/visibility" => share_contact: Keeper,
    POST "/producers/{producer_no}/contacts/{contact_id}/remove" => remove_contact: Keeper,
}

const VALUE: TextField = TextField { name: "value", vi: "Nội dung", en: "Contact", max_chars: MAX_VALUE_CHARS };
const CONSENT_BY: TextField =
    TextField { name: "consent_by", vi: "Họ tên người đồng ý", en: "Name of who agrees", max_chars: 100 };

/// What someone agrees to who makes a contact public (Law 91/2025, Decree 356/2025).
const fn consent_text(language: Language) -> &'static str {
    language.pick(
        "Tôi đồng ý để thông tin liên hệ này hiện công khai trên trang quét tem và trang sản phẩm của chủ thể, ai cũng xem được. \
         Tôi có thể rút lại bất cứ lúc nào bằng cách đổi thành không công khai hoặc xóa đi.",
        "I agree that this contact is shown to everyone on the page of a scanned stamp and on the producer's product pages. \
         I may withdraw at any time by making it not public or removing it.",
    )
}

/// The contacts of a sheet as its page shows them.
pub(in crate::register) struct ContactBlock {
    /// What this person may see.
    pub(in crate::register) contacts: Vec<Contact>,
    /// What was typed into the form that was refused.
    pub(in crate::register) typed: Fields,
    /// Kinds to choose from.
    pub(in crate::register) kinds: Options,
    /// Visibilities to choose from.
    pub(in crate::register) visibilities: Options,
    /// What a consent says.
    pub(in crate::register) consent_text: &'static str,
    language: Language,
}

impl ContactBlock {
    /// As an actor sees them.
    pub(in crate::register) fn new(actor: &Actor, contacts: Vec<Contact>, typed: Fields, language: Language) -> Self {
        let kind = |kind: &ContactKind| (kind.as_str().to_owned(), language.pick(kind.vi(), kind.en()).to_owned());
        // What most producers want stands first.
        let mut seen = Visibility::seen_by(actor).to_vec();
        seen.sort_by_key(|visibility| *visibility != Visibility::Offices);
        let choice =
            |choice: Visibility| (choice.as_str().to_owned(), language.pick(choice.vi(), choice.en()).to_owned());
        Self {
            contacts,
            typed,
            kinds: ContactKind::ALL.iter().map(kind).collect(),
            visibilities: seen.into_iter().map(choice).collect(),
            consent_text: consent_text(language),
            language,
        }
    }

    /// A kind's name.
    pub(in crate::register) fn kind(&self, contact: &Contact) -> &'static str {
        self.language.pick(contact.kind.vi(), contact.kind.en())
    }

    /// Who sees a contact, in a few words.
    pub(in crate::register) fn seen_by(&self, contact: &Contact) -> &'static str {
        match contact.visibility {
            Visibility::Public => self.language.pick("Công khai", "Public"),
            Visibility::Offices => self.language.pick("Chỉ cơ quan", "Offices only"),
            Visibility::Me => self.language.pick("Chỉ chúng tôi", "Us only"),
        }
    }
}

/// Who may see it, as the form says; the words of the consent are those that the page showed.
fn read_shared(fields: &Fields, language: Language) -> Result<Shared> {
    let visibility = Visibility::parse(fields.value("visibility"))
        .ok_or_else(|| Error::invalid("visibility", "Xin chọn ai được xem.", "choose who may see it"))?;
    let consent = if fields.is_ticked("consent") {
        let by = fields.text(&CONSENT_BY)?.unwrap_or_default();
        Some(Consent { by, text: consent_text(language).to_owned() })
    } else {
        None
    };
    Shared::new(visibility, consent)
}

fn read_contact(fields: &Fields, language: Language) -> Result<NewContact> {
    let kind = ContactKind::parse(fields.value("kind"))
        .ok_or_else(|| Error::invalid("kind", "Xin chọn loại thông tin.", "choose the kind of contact"))?;
    NewContact::new(kind, fields.required_text(&VALUE)?, read_shared(fields, language)?)
}

fn contact_id(path: &str) -> Result<i32> {
    path.parse().map_err(|_| Error::NotFound(Thing::Contact))
}

/// After a contact's form: back to the sheet, or the sheet with what was refused.
async fn answer(
    req: &HttpRequest,
    actor: &Actor,
    register: &Register,
    producer_no: ProducerNo,
    fields: Fields,
    written: Result<()>,
) -> Result<HttpResponse> {
    match written {
        Ok(()) => Ok(see_other(&format!("/producers/{producer_no}?done=saved#contacts"))),
        Err(error) => {
            let error = FormError::of(error, Language::of(req))?;
            sheet_page(req, actor, register, producer_no, Some((fields, error))).await
        }
    }
}

async fn add_contact(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<String>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let producer_no = producer_no(&path)?;
    let written = match read_contact(&fields, Language::of(&req)) {
        Ok(contact) => register.add_contact(&actor, producer_no, &contact).await,
        Err(error) => Err(error),
    };
    answer(&req, &actor, &register, producer_no, fields, written).await
}

async fn share_contact(
    Keeper(actor): Keeper,
    req: HttpRequest,
    path: web::Path<(String, String)>,
    fields: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (producer_no, contact_id) = (producer_no(&path.0)?, contact_id(&path.1)?);
    let written = match read_shared(&fields, Language::of(&req)) {
        Ok(shared) => register.share_contact(&actor, producer_no, contact_id, &shared).await,
        Err(error) => Err(error),
    };
    // The form for adding stays empty: what was typed belongs to another.
    answer(&req, &actor, &register, producer_no, Fields::default(), written).await
}

async fn remove_contact(
    Keeper(actor): Keeper,
    path: web::Path<(String, String)>,
    _: Fields,
    register: web::Data<Register>,
) -> Result<HttpResponse> {
    let (producer_no, contact_id) = (producer_no(&path.0)?, contact_id(&path.1)?);
    register.remove_contact(&actor, producer_no, contact_id).await?;
    Ok(see_other(&format!("/producers/{producer_no}?done=removed#contacts")))
}
