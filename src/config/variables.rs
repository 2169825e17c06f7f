//! The variables by name: what each is for, how their problems are collected, and how they are shown without secrets.

use std::fmt;

use super::Environment;

/// One documented environment variable.
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is for, with its default.
    pub purpose: &'static str,
}

/// Every variable that is read, in the order of the documentation.
pub const VARIABLES: &[Variable] = &[
    variable("DATABASE_URL", "Postgres to use; without it a private one runs under NGUON_DATA"),
    variable("DATABASE_PASSWORD_FILE", "file whose content replaces the password in DATABASE_URL"),
    variable("NGUON_HTTP", "address to listen on (127.0.0.1:8080)"),
    variable("NGUON_DATA", "data folder (./nguon-data; the demo's is ./nguon-demo)"),
    variable("NGUON_PUBLIC_URL", "what printed addresses start with, https on a real host of at most 31 characters"),
    variable("NGUON_ISSUER", "who issues, signed with every stamp and fixed at init"),
    variable("NGUON_ISSUER_NAME", "the issuer's name on pages"),
    variable("NGUON_CONTACT", "whom to call, on every red and amber page"),
    variable("NGUON_SECRET_FILE", "secret that seals private keys, mode 0600 (NGUON_DATA/secret)"),
    variable("NGUON_HIGH_WATER_FILE", "handed-out serials, kept outside the database (NGUON_DATA/high-water)"),
    variable(
        "NGUON_LEDGER_HIGH_WATER_FILE",
        "published checkpoints of the ledger, kept outside the database (NGUON_DATA/ledger-high-water)",
    ),
    variable("NGUON_WITNESSES", "file that names the ledger's witnesses, C2SP tlog-policy (none)"),
    variable("NGUON_FILES_URL", "s3://BUCKET/PREFIX for photos of events (the folder NGUON_DATA/files)"),
    variable(
        "NGUON_FILES_ENDPOINT",
        "S3-compatible server of that bucket, https://HOST or http://HOST:PORT (Amazon's)",
    ),
    variable("NGUON_FILES_REGION", "region that requests to it are signed for (us-east-1)"),
    variable(
        "NGUON_FILES_KEY_FILE",
        "file of two lines, the access key's id and its secret; needed with NGUON_FILES_URL",
    ),
    variable("NGUON_TRUSTED_PROXIES", "proxies whose X-Forwarded-For is believed, comma-separated (none)"),
    variable("RUST_LOG", "what is logged (info)"),
];

const fn variable(name: &'static str, purpose: &'static str) -> Variable {
    Variable { name, purpose }
}

/// Settings that make no sense, one sentence each.
#[derive(Debug, PartialEq, Eq)]
pub struct SettingError {
    problems: Vec<Problem>,
}

#[derive(Debug, PartialEq, Eq)]
struct Problem {
    name: &'static str,
    vi: String,
    en: String,
}

impl SettingError {
    /// One problem with one variable.
    pub fn one(name: &'static str, vi: &str, en: &str) -> Self {
        Self { problems: vec![Problem { name, vi: vi.to_owned(), en: en.to_owned() }] }
    }

    /// The sentences in Vietnamese.
    pub fn vi(&self) -> String {
        self.sentences(|problem| &problem.vi)
    }

    fn sentences(&self, text: impl Fn(&Problem) -> &str) -> String {
        self.problems
            .iter()
            .map(|problem| format!("{} {}.", problem.name, text(problem)))
            .collect::<Vec<_>>()
            .join("\n")
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentences(|problem| &problem.en))
    }
}

impl std::error::Error for SettingError {}

/// Reads variables and collects what is wrong with them.
pub(super) struct Source<'e> {
    env: Environment<'e>,
    problems: Vec<Problem>,
}

impl<'e> Source<'e> {
    /// Notes a problem, gives up the value, and lets the reading go on.
    pub(super) fn problem<T>(&mut self, name: &'static str, vi: &str, en: &str) -> Option<T> {
        self.problems.push(Problem { name, vi: vi.to_owned(), en: en.to_owned() });
        None
    }

    pub(super) fn new(env: Environment<'e>) -> Self {
        Self { env, problems: Vec::new() }
    }

    /// A variable's text; empty counts as not set.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        (self.env)(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    /// The content of the file that a variable names; empty when the variable is not set. None is a problem.
    pub(super) fn file_text(&mut self, name: &'static str) -> Option<String> {
        let Some(path) = self.text(name) else {
            return Some(String::new());
        };
        match std::fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => Some(text),
            Ok(_) => self.problem(name, "trỏ tới một tệp trống", "names an empty file"),
            Err(err) => self.problem(
                name,
                &format!("trỏ tới tệp không đọc được: {err}"),
                &format!("names a file that cannot be read: {err}"),
            ),
        }
    }

    pub(super) fn finish<T>(self, value: Option<T>) -> Result<T, SettingError> {
        match value {
            Some(value) if self.problems.is_empty() => Ok(value),
            _ => Err(SettingError { problems: self.problems }),
        }
    }
}

/// Lists which variables are set, passwords in URLs hidden.
pub fn describe(env: Environment<'_>) -> Vec<String> {
    VARIABLES
        .iter()
        .filter_map(|variable| {
            let value = env(variable.name).filter(|value| !value.trim().is_empty())?;
            Some(format!("{} = {}", variable.name, hide_password(&value)))
        })
        .collect()
}

fn hide_password(value: &str) -> String {
    match url::Url::parse(value) {
        Ok(mut url) if url.password().is_some() => {
            if url.set_password(Some("***")).is_err() {
                return "***".to_owned();
            }
            url.into()
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_a_url_is_never_shown() {
        let env = |name: &str| (name == "DATABASE_URL").then(|| "postgresql://u:hemmelig@h/d".to_owned());
        assert_eq!(describe(&env), ["DATABASE_URL = postgresql://u:***@h/d"]);
    }
}
