//! What the ledger says of a certificate: numbers, days and stars. It must never hold a person's data.

use chrono::{DateTime, Utc};
use diesel_async::AsyncPgConnection;
use serde_json::Value;

use crate::accounts::audit::{Detail, Entered, details};
use crate::error::Result;
use crate::ledger::{Author, Draft, Kind};

use super::store::{OlderCertificate, every_certificate};
use super::types::CertificateEntry;

/// A certificate as it stands after it was entered or changed.
pub(in crate::register) fn certificate_entered(
    kind: Kind,
    certificate_id: i32,
    product_no: i32,
    entry: &CertificateEntry,
) -> Entered {
    let (from, to) = entry.window.unzip();
    let public = facts(
        certificate_id,
        product_no,
        [
            ("stars", entry.draft.stars.into()),
            ("number", entry.draft.number.clone().into()),
            ("decision", entry.draft.decision_no.clone().into()),
            ("issuer", entry.draft.issuer.clone().into()),
            ("from", from.into()),
            ("to", to.into()),
        ],
    );
    Entered { kind, batch: None, public, private: None }
}

/// A certificate that was revoked. Someone typed the reason, and may have named a person in it.
pub(super) fn certificate_revoked(
    certificate_id: i32,
    product_no: i32,
    on: chrono::NaiveDate,
    reason: &str,
) -> Entered {
    let public = facts(certificate_id, product_no, [("on", on.into())]);
    let private = Some(details([("reason", reason.into())]));
    Entered { kind: Kind::RecognitionRevoked, batch: None, public, private }
}

/// Entries of the certificates that are older than the ledger.
pub async fn imported_certificates(conn: &mut AsyncPgConnection, now: DateTime<Utc>) -> Result<Vec<Draft>> {
    let entry = |older: OlderCertificate| {
        let public = facts(
            older.certificate_id,
            older.product_no,
            [
                ("stars", older.stars.into()),
                ("number", older.certificate_no.into()),
                ("decision", older.decision_no.into()),
                ("issuer", older.issuer.into()),
                ("from", older.valid_from.into()),
                ("to", older.valid_to.into()),
                ("revoked_on", older.revoked_on.into()),
            ],
        );
        Draft { kind: Kind::Imported, batch: None, at: now, author: Author::SERVICE, public, private: None }
    };
    Ok(every_certificate(conn).await?.into_iter().map(entry).collect())
}

fn facts<const N: usize>(certificate_id: i32, product_no: i32, rest: [(&'static str, Detail); N]) -> Value {
    let named = details([("certificate", certificate_id.into()), ("product", product_no.into())]);
    let (Value::Object(mut named), Value::Object(rest)) = (named, details(rest)) else { return Value::Null };
    named.extend(rest);
    Value::Object(named)
}
