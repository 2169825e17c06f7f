//! `nguon verify`: with a key set alone, or against the register of this machine.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::process_environment;
use crate::error::{Error, Result};
use crate::http::Language;
use crate::keyring::Jwks;
use crate::picture;
use crate::stamp::{Issuer, Reading, TypedCode, read};
use crate::verify::facts::Facts;
use crate::verify::photo::read_qr;
use crate::verify::verdict::{Tone, decide, is_undecidable};
use crate::verify::{Answer, Cards, Verifier, offline_facts, summary};

use super::arguments::VerifyOptions;
use super::files::read_limited;
use super::house::with_house;
use super::{USAGE, print_json};

/// Not issued, recalled or voided: the red headlines.
const REJECTED: u8 = 1;
/// Neither valid nor rejected can be said.
const UNDECIDED: u8 = 3;

/// Largest key set file, bytes: 4095 keys of 300 bytes.
const MAX_JWKS_BYTES: u64 = 2 * 1024 * 1024;

pub(super) async fn verify(options: VerifyOptions) -> Result<ExitCode> {
    let text = match text_of(&options.stamp) {
        Ok(Some(text)) => text,
        Ok(None) => {
            return Ok(undecided(
                "Trong ảnh phải có đúng một mã QR đọc được; xin chụp gần từng tem.",
                "the picture must hold exactly one readable QR code; take it closer, one stamp at a time",
                options.json,
            ));
        }
        Err(error) => return Ok(usage(&error)),
    };
    match (&options.jwks, &options.issuer) {
        (Some(jwks), Some(issuer)) => Ok(verify_offline(&text, jwks, issuer, options.json)),
        _ => match verify_online(&text, options.json).await {
            Ok(code) => Ok(code),
            Err(error) => {
                super::tell(&error);
                Ok(ExitCode::from(UNDECIDED))
            }
        },
    }
}

fn usage(error: &Error) -> ExitCode {
    super::tell(error);
    ExitCode::from(USAGE)
}

fn undecided(vi: &str, en: &str, json: bool) -> ExitCode {
    if json {
        let said =
            print_json(&serde_json::json!({ "headline": null, "rule": null, "code": "undecided", "vi": vi, "en": en }));
        if let Err(error) = said {
            return usage(&error);
        }
    } else {
        eprintln!("{vi}\n{en}");
    }
    ExitCode::from(UNDECIDED)
}

/// What a photo's QR code says, or the argument itself. None: a picture without a readable code.
fn text_of(argument: &str) -> Result<Option<String>> {
    let path = Path::new(argument);
    let is_url = argument.contains("://");
    if is_url || TypedCode::parse(argument).is_ok() || !path.is_file() {
        return Ok(Some(argument.to_owned()));
    }
    read_qr(&read_limited(path, picture::MAX_FILE_BYTES)?)
}

fn verify_offline(text: &str, jwks: &Path, issuer: &str, json: bool) -> ExitCode {
    let digits = match read(text) {
        Reading::Digits(digits) => digits,
        Reading::Code(_) => {
            return undecided(
                "Mã gõ tay chỉ kiểm tra được qua mạng, ở trang của văn phòng.",
                "a typed code can only be checked online, at the issuer's page",
                json,
            );
        }
    };
    let keys = read_limited(jwks, MAX_JWKS_BYTES).and_then(|bytes| {
        let refused = |err: crate::keyring::JwksError| {
            Error::invalid("jwks", "Tệp khóa không dùng được; xin tải lại từ /.well-known/jwks.json.", err.to_string())
        };
        Jwks::parse(&bytes).and_then(|set| set.to_keyring()).map_err(refused)
    });
    let issuer =
        Issuer::new(issuer).map_err(|err| Error::invalid("issuer", "Tên nơi phát hành không đúng.", err.to_string()));
    match (keys, issuer) {
        (Ok(ring), Ok(issuer)) => {
            let clock = Clock::system();
            let facts = offline_facts(&ring, &issuer, digits.as_bytes(), clock.now(), clock.today());
            report(&facts, issuer.as_str(), json)
        }
        (Err(error), _) | (_, Err(error)) => usage(&error),
    }
}

async fn verify_online(text: &str, json: bool) -> Result<ExitCode> {
    with_house(async |house| {
        let cards = Arc::new(Cards::new(house.db.clone(), house.clock.clone()));
        let verifier = Verifier::<()>::new(house.clock.clone(), house.keys.clone(), house.issuer.clone(), cards);
        let findings = match read(text) {
            Reading::Digits(digits) => verifier.verify_digits(digits.as_bytes()).await,
            Reading::Code(code) => verifier.verify_code(code, ()).await?,
        };
        let name = process_environment("NGUON_ISSUER_NAME").unwrap_or_else(|| house.issuer.as_str().to_owned());
        Ok(report(&findings.facts(), &name, json))
    })
    .await
}

/// Prints the answer and gives its exit code.
fn report(facts: &Facts<'_>, issuer_name: &str, json: bool) -> ExitCode {
    if json {
        if let Err(error) = print_json(&Answer::new(facts, issuer_name)) {
            return usage(&error);
        }
    } else {
        println!("{}\n\n{}", summary(facts, issuer_name, Language::Vi), summary(facts, issuer_name, Language::En));
    }
    if decide(facts).tone() == Tone::Red {
        return ExitCode::from(REJECTED);
    }
    if is_undecidable(facts) { ExitCode::from(UNDECIDED) } else { ExitCode::SUCCESS }
}
