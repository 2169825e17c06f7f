//! Contacts as values: what kinds there are, who may see one, and what it takes to make one public. Pure.

use chrono::{DateTime, Utc};

use crate::accounts::types::{Actor, Role};
use crate::error::{Error, Result};
use crate::register::choice::choice;

/// Longest value, characters.
pub(super) const MAX_VALUE_CHARS: usize = 200;
/// Digits of a phone number, country code included (ITU-T E.164 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
/// Marks that people write between the digits of a phone number.
const PHONE_MARKS: &str = "+ .-()";

choice! {
    /// What a contact is.
    ContactKind {
        /// Whom to ask for.
        Person = "person",
        /// A phone number.
        Phone = "phone",
        /// A phone number that Zalo knows, or a Zalo page.
        Zalo = "zalo",
        /// An address for electronic mail.
        Email = "email",
        /// A page of the producer's own.
        Website = "website",
        /// Where to go or to write to.
        Address = "address",
    }
}

choice! {
    /// Who sees a contact.
    Visibility {
        /// Everyone, on the product's page.
        Public = "public",
        /// Office, officers, inspectors and auditors.
        Offices = "offices",
        /// The producer's own people alone; not even the office.
        Me = "me",
    }
}

impl ContactKind {
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Person => "Người liên hệ",
            Self::Phone => "Điện thoại",
            Self::Zalo => "Zalo",
            Self::Email => "Thư điện tử",
            Self::Website => "Trang web",
            Self::Address => "Địa chỉ liên hệ",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Phone => "Phone",
            Self::Zalo => "Zalo",
            Self::Email => "E-mail",
            Self::Website => "Website",
            Self::Address => "Address",
        }
    }

    /// Checks a value as it was typed: a page may make a link of it.
    fn check(self, value: &str) -> Result<()> {
        let is_phone = |text: &str| {
            PHONE_DIGITS.contains(&text.bytes().filter(u8::is_ascii_digit).count())
                && text.chars().all(|c| c.is_ascii_digit() || PHONE_MARKS.contains(c))
        };
        let is_page = |text: &str| {
            url::Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.host().is_some())
        };
        let is_email = |text: &str| {
            text.split_once('@')
                .is_some_and(|(name, host)| !name.is_empty() && host.contains('.') && !host.contains('@'))
                && !text.contains(char::is_whitespace)
        };
        let (is_good, vi, en) = match self {
            Self::Person | Self::Address => (true, "", ""),
            Self::Phone => (
                is_phone(value),
                "Số điện thoại gồm 8 đến 15 chữ số, ví dụ 0208 000 000.",
                "a phone number has 8 to 15 digits, for example 0208 000 000",
            ),
            Self::Zalo => (
                is_phone(value) || is_page(value),
                "Zalo: xin điền số điện thoại, hoặc địa chỉ trang bắt đầu bằng https://.",
                "Zalo: a phone number, or the address of a page beginning with https://",
            ),
            Self::Email => {
                (is_email(value), "Thư điện tử viết dạng ten@vidu.vn.", "an e-mail address looks like name@example.vn")
            }
            Self::Website => (
                is_page(value),
                "Địa chỉ trang web bắt đầu bằng https:// hoặc http://.",
                "the address of a website begins with https:// or http://",
            ),
        };
        if is_good { Ok(()) } else { Err(Error::invalid("value", vi, en)) }
    }
}

impl Visibility {
    /// In Vietnamese.
    pub const fn vi(self) -> &'static str {
        match self {
            Self::Public => "Công khai: mọi người quét tem đều thấy",
            Self::Offices => "Chỉ cơ quan: văn phòng, cán bộ xã, thanh tra, kiểm toán",
            Self::Me => "Chỉ chúng tôi: người của chủ thể",
        }
    }

    /// In English.
    pub const fn en(self) -> &'static str {
        match self {
            Self::Public => "Public: everyone who scans a stamp",
            Self::Offices => "Offices only: province, communes, inspectors, auditors",
            Self::Me => "Us only: the producer's own people",
        }
    }

    /// What an actor sees of a producer within their reach. A producer's own people are those whose role it is: an actor in it
    /// reaches no other producer.
    pub fn seen_by(actor: &Actor) -> &'static [Self] {
        match actor.role {
            Role::Producer => &[Self::Public, Self::Offices, Self::Me],
            Role::Office | Role::Officer | Role::Inspector | Role::Auditor => &[Self::Public, Self::Offices],
        }
    }
}

/// That someone agreed to a contact being public (Law 91/2025).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consent {
    /// Who agreed.
    pub by: String,
    /// The very words they agreed to.
    pub text: String,
}

/// One contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its number.
    pub contact_id: i32,
    /// What it is.
    pub kind: ContactKind,
    /// The name, number or address itself.
    pub value: String,
    /// Who sees it.
    pub visibility: Visibility,
    /// Who agreed to its being public, and when; none unless it is.
    pub consent: Option<(Consent, DateTime<Utc>)>,
}

/// Who may see a contact, with the consent that this takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shared {
    visibility: Visibility,
    consent: Option<Consent>,
}

impl Shared {
    /// Public takes a consent; anything else drops it.
    pub fn new(visibility: Visibility, consent: Option<Consent>) -> Result<Self> {
        match (visibility, consent) {
            (Visibility::Public, None) => Err(Error::invalid(
                "consent",
                "Muốn công khai thì cần người có thông tin này đồng ý: xin đánh dấu vào ô đồng ý.",
                "to make it public the person it belongs to must agree: tick the box",
            )),
            (Visibility::Public, Some(consent)) if consent.by.is_empty() => Err(Error::invalid(
                "consent_by",
                "Xin ghi họ tên người đồng ý cho công khai.",
                "write the name of the person who agrees",
            )),
            (Visibility::Public, consent) => Ok(Self { visibility, consent }),
            (Visibility::Offices | Visibility::Me, _) => Ok(Self { visibility, consent: None }),
        }
    }

    /// Who may see it.
    pub const fn visibility(&self) -> Visibility {
        self.visibility
    }

    /// The consent, when it is public.
    pub const fn consent(&self) -> Option<&Consent> {
        self.consent.as_ref()
    }

    /// Whoever hides a contact from everyone but the producer must be able to see it afterwards.
    pub fn require(&self, actor: &Actor) -> Result<()> {
        if Visibility::seen_by(actor).contains(&self.visibility) {
            return Ok(());
        }
        Err(Error::invalid(
            "visibility",
            "Chỉ người của chủ thể mới chọn được \"Chỉ chúng tôi\".",
            "only the producer's own people can choose \"us only\"",
        ))
    }
}

/// A contact to add, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewContact {
    /// What it is.
    pub kind: ContactKind,
    /// The name, number or address itself.
    pub value: String,
    /// Who sees it.
    pub shared: Shared,
}

impl NewContact {
    /// Checks the value for its kind.
    pub fn new(kind: ContactKind, value: String, shared: Shared) -> Result<Self> {
        kind.check(&value)?;
        Ok(Self { kind, value, shared })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::types::{AccountId, Home, ProducerNo};

    fn consent(by: &str) -> Consent {
        Consent { by: by.into(), text: "Tôi đồng ý".into() }
    }

    #[test]
    fn a_contact_becomes_public_only_with_a_consent_that_names_someone() {
        assert!(Shared::new(Visibility::Public, Some(consent("Người Thử"))).is_ok());
        for (consent, name) in [(None, "consent"), (Some(consent("")), "consent_by")] {
            let refused = Shared::new(Visibility::Public, consent).unwrap_err();
            assert!(matches!(refused, Error::Invalid { field, .. } if field == name));
        }
    }

    #[test]
    fn a_consent_ends_with_being_public() {
        for visibility in [Visibility::Offices, Visibility::Me] {
            assert_eq!(Shared::new(visibility, Some(consent("Người Thử"))).unwrap().consent(), None);
        }
    }

    #[test]
    fn only_the_producers_own_people_see_what_is_theirs_alone() {
        let person = |role, home| Actor::with_account(AccountId(1), role, home);
        let mine = Shared::new(Visibility::Me, None).unwrap();
        assert!(mine.require(&person(Role::Producer, Home::Producer(ProducerNo(7)))).is_ok());
        for role in [Role::Office, Role::Officer, Role::Inspector, Role::Auditor] {
            assert!(mine.require(&person(role, Home::Province)).is_err(), "{role:?}");
        }
        assert!(mine.require(&Actor::operator()).is_err());
    }

    #[track_caller]
    fn check(kind: ContactKind, value: &str, is_good: bool) {
        assert_eq!(kind.check(value).is_ok(), is_good, "{kind:?} {value}");
    }

    #[test]
    fn a_value_fits_its_kind() {
        check(ContactKind::Phone, "0208 000 000", true);
        check(ContactKind::Phone, "+84 (208) 000-000", true);
        check(ContactKind::Phone, "0208 000 000 <script>", false);
        check(ContactKind::Phone, "1234567", false);
        check(ContactKind::Zalo, "https://zalo.me/000000000", true);
        check(ContactKind::Zalo, "0208 000 000", true);
        check(ContactKind::Zalo, "zalo", false);
        check(ContactKind::Email, "htx@example.vn", true);
        for wrong in ["htx", "@example.vn", "htx@vn", "a@b@example.vn", "a b@example.vn"] {
            check(ContactKind::Email, wrong, false);
        }
        check(ContactKind::Website, "https://example.vn/miến", true);
        for wrong in ["javascript:alert(1)", "example.vn", "data:text/html,x", "ftp://example.vn", "https://"] {
            check(ContactKind::Website, wrong, false);
        }
        check(ContactKind::Person, "Người Thử", true);
    }
}
