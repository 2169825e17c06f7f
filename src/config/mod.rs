//! Settings, by concern, read once from the environment. The only reader of environment variables.
//! It starts nothing and opens no file but that of a password or key; nonsense is refused here with one sentence each.

mod files;
mod public_url;
mod variables;

pub use files::{Bucket, BucketKey, FilesSettings};
pub use public_url::{PublicUrl, PublicUrlError};
pub use variables::{SettingError, VARIABLES, Variable, describe};

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use ipnet::IpNet;

use crate::stamp::Issuer;

use variables::Source;

/// The demo's issuer: `.invalid` never resolves (RFC 2606), so a demo stamp never verifies anywhere else.
pub const DEMO_ISSUER: &str = "demo.invalid";
/// Where the demo keeps its data when `NGUON_DATA` says nothing.
const DEMO_DATA: &str = "nguon-demo";
/// Where a real service keeps its data when `NGUON_DATA` says nothing.
const SERVICE_DATA: &str = "nguon-data";
/// Loopback: a reverse proxy with a certificate stands before it.
const DEFAULT_HTTP: &str = "127.0.0.1:8080";
/// A page's name or contact line; longer ones break the page at 360 px.
const MAX_LINE_CHARS: usize = 120;

/// Which rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The demonstration: loopback and http allowed, everything has a default.
    Demo,
    /// The real thing.
    Service,
}

/// Where data lies.
#[derive(Clone, Debug)]
pub struct Storage {
    /// A given Postgres server; none means the embedded one under `data_dir`.
    pub database_url: Option<String>,
    /// The data folder.
    pub data_dir: PathBuf,
    /// The file whose secret seals private keys.
    pub secret_file: PathBuf,
    /// The file that remembers handed-out serials outside the database.
    pub high_water_file: PathBuf,
    /// The file that remembers the ledger's published checkpoints outside the database.
    pub ledger_high_water_file: PathBuf,
    /// The file that names the ledger's witnesses, if it has any.
    pub witnesses_file: Option<PathBuf>,
    /// Where the files of events lie.
    pub files: FilesSettings,
}

/// Who issues, and what pages say of it.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Signed with every stamp.
    pub issuer: Issuer,
    /// What URLs start with.
    pub public_url: PublicUrl,
    /// The issuer's name on pages.
    pub issuer_name: String,
    /// Whom to call, on every red and amber page.
    pub contact: String,
}

/// How the server listens.
#[derive(Clone, Debug)]
pub struct Web {
    /// The address.
    pub http: SocketAddr,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

impl Web {
    /// Whether this peer is one of our proxies.
    pub fn trusts(&self, peer: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|net| net.contains(&peer))
    }
}

/// Everything that `serve` and `demo` need.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which rules they were read under.
    pub mode: Mode,
    /// Where data lies.
    pub storage: Storage,
    /// Who issues.
    pub identity: Identity,
    /// How the server listens.
    pub web: Web,
}

/// A variable's value by its name; the process environment in the program, a table in tests.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

/// The process environment.
pub fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Reads only where data lies: enough for commands that serve no pages.
pub fn read_storage(mode: Mode, env: Environment<'_>) -> Result<Storage, SettingError> {
    let mut source = Source::new(env);
    let storage = storage(mode, &mut source);
    source.finish(storage)
}

/// Reads everything; every problem is reported, not only the first.
pub fn read(mode: Mode, env: Environment<'_>) -> Result<Settings, SettingError> {
    let mut source = Source::new(env);
    let settings = storage(mode, &mut source).and_then(|storage| {
        let identity = identity(mode, &mut source);
        let web = web(&mut source);
        Some(Settings { mode, storage, identity: identity?, web: web? })
    });
    source.finish(settings)
}

/// Reads the issuer alone, for `init` and offline checks.
pub fn read_issuer(env: Environment<'_>) -> Result<Issuer, SettingError> {
    let mut source = Source::new(env);
    let issuer = issuer(Mode::Service, &mut source);
    source.finish(issuer)
}

/// Reads what printed addresses start with alone, for commands that print links.
pub fn read_public_url(mode: Mode, env: Environment<'_>) -> Result<PublicUrl, SettingError> {
    let mut source = Source::new(env);
    let public_url = public_url(mode, &mut source);
    source.finish(public_url)
}

fn storage(mode: Mode, source: &mut Source<'_>) -> Option<Storage> {
    let default = if mode == Mode::Demo { DEMO_DATA } else { SERVICE_DATA };
    let data_dir = PathBuf::from(source.text("NGUON_DATA").unwrap_or_else(|| default.to_owned()));
    let in_data = |file: &str| data_dir.join(file);
    let secret_file = source.text("NGUON_SECRET_FILE").map_or_else(|| in_data("secret"), PathBuf::from);
    let high_water_file = source.text("NGUON_HIGH_WATER_FILE").map_or_else(|| in_data("high-water"), PathBuf::from);
    let ledger_high_water_file =
        source.text("NGUON_LEDGER_HIGH_WATER_FILE").map_or_else(|| in_data("ledger-high-water"), PathBuf::from);
    let witnesses_file = source.text("NGUON_WITNESSES").map(PathBuf::from);
    let database_url = match source.text("DATABASE_URL") {
        None => None,
        Some(url) => Some(database_url(&url, source)?),
    };
    let files = files::files(in_data("files"), source);
    Some(Storage {
        database_url,
        data_dir,
        secret_file,
        high_water_file,
        ledger_high_water_file,
        witnesses_file,
        files: files?,
    })
}

/// Checks a database URL, takes the password from its file, and refuses to pretend at TLS.
fn database_url(text: &str, source: &mut Source<'_>) -> Option<String> {
    const NAME: &str = "DATABASE_URL";
    let Ok(mut url) = url::Url::parse(text) else {
        return source.problem(
            NAME,
            "phải có dạng postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
            "must look like postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
        );
    };
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return source.problem(NAME, "phải bắt đầu bằng postgresql://", "must start with postgresql://");
    }
    if url.query_pairs().any(|(key, _)| key == "password") {
        return source.problem(
            NAME,
            "không được có mật khẩu sau dấu hỏi; xin viết dạng postgresql://USER:PASSWORD@HOST hoặc dùng DATABASE_PASSWORD_FILE",
            "must not carry the password as a parameter; write postgresql://USER:PASSWORD@HOST or use DATABASE_PASSWORD_FILE",
        );
    }
    let ssl_mode = url.query_pairs().find(|(key, _)| key == "sslmode").map(|(_, value)| value.into_owned());
    if matches!(ssl_mode.as_deref(), Some(mode) if !matches!(mode, "disable" | "allow" | "prefer")) {
        return source.problem(
            NAME,
            "yêu cầu TLS (sslmode) nhưng bản này không mã hóa kết nối tới Postgres; hãy đặt Postgres cùng máy, hoặc đi qua đường hầm mã hóa và bỏ sslmode",
            "asks for TLS by sslmode, which this build does not speak; put Postgres on the same host or behind an encrypted tunnel and drop sslmode",
        );
    }
    let password = source.file_text("DATABASE_PASSWORD_FILE")?;
    if !password.is_empty() && url.set_password(Some(password.trim())).is_err() {
        return source.problem(NAME, "phải có tên máy chủ để gắn mật khẩu", "must name a host to take the password");
    }
    Some(url.into())
}

fn issuer(mode: Mode, source: &mut Source<'_>) -> Option<Issuer> {
    const NAME: &str = "NGUON_ISSUER";
    let text = match (mode, source.text(NAME)) {
        (Mode::Demo, None) => DEMO_ISSUER.to_owned(),
        (Mode::Demo, Some(text)) if text != DEMO_ISSUER => {
            return source.problem(
                NAME,
                "không đặt được cho bản trình diễn (luôn là demo.invalid)",
                "cannot be set for the demo, whose issuer is demo.invalid",
            );
        }
        (Mode::Service, None) => {
            return source.problem(
                NAME,
                "chưa đặt; ví dụ ocop.thainguyen.vn",
                "is not set; for example ocop.thainguyen.vn",
            );
        }
        (_, Some(text)) => text,
    };
    match Issuer::new(&text) {
        Ok(issuer) => Some(issuer),
        Err(err) => source.problem(
            NAME,
            "phải gồm 1 đến 255 ký tự ASCII không có dấu cách, ví dụ ocop.thainguyen.vn",
            &err.to_string(),
        ),
    }
}

fn identity(mode: Mode, source: &mut Source<'_>) -> Option<Identity> {
    let issuer = issuer(mode, source);
    let public_url = public_url(mode, source);
    let demo = mode == Mode::Demo;
    let issuer_name = line("NGUON_ISSUER_NAME", demo.then_some("Văn phòng OCOP trình diễn"), source);
    let contact = line("NGUON_CONTACT", demo.then_some("đây là bản trình diễn, không có số liên hệ thật"), source);
    Some(Identity { issuer: issuer?, public_url: public_url?, issuer_name: issuer_name?, contact: contact? })
}

fn public_url(mode: Mode, source: &mut Source<'_>) -> Option<PublicUrl> {
    const NAME: &str = "NGUON_PUBLIC_URL";
    let parsed = match (mode, source.text(NAME)) {
        (Mode::Demo, None) => {
            let http = source.text("NGUON_HTTP").unwrap_or_else(|| DEFAULT_HTTP.to_owned());
            PublicUrl::for_demo(&format!("http://{http}"))
        }
        (Mode::Demo, Some(text)) => PublicUrl::for_demo(&text),
        (Mode::Service, Some(text)) => PublicUrl::for_service(&text),
        (Mode::Service, None) => {
            return source.problem(
                NAME,
                "chưa đặt; ví dụ https://ocop.thainguyen.vn",
                "is not set; for example https://ocop.thainguyen.vn",
            );
        }
    };
    match parsed {
        Ok(url) => Some(url),
        Err(err) => source.problem(NAME, err.vi(), &err.to_string()),
    }
}

fn line(name: &'static str, default: Option<&str>, source: &mut Source<'_>) -> Option<String> {
    let Some(text) = source.text(name).or_else(|| default.map(str::to_owned)) else {
        return source.problem(
            name,
            "chưa đặt; người quét tem sẽ thấy dòng này",
            "is not set; people who scan see this line",
        );
    };
    if MAX_LINE_CHARS < text.chars().count() || text.chars().any(char::is_control) {
        return source.problem(
            name,
            "dài quá 120 ký tự hoặc có ký tự lạ",
            "is longer than 120 characters or has control characters",
        );
    }
    Some(text)
}

fn web(source: &mut Source<'_>) -> Option<Web> {
    let http = source.text("NGUON_HTTP").unwrap_or_else(|| DEFAULT_HTTP.to_owned());
    let http = match http.parse() {
        Ok(address) => Some(address),
        Err(_) => source.problem(
            "NGUON_HTTP",
            "phải có dạng ĐỊA_CHỈ:CỔNG, ví dụ 127.0.0.1:8080",
            "must be ADDRESS:PORT, for example 127.0.0.1:8080",
        ),
    };
    let list = source.text("NGUON_TRUSTED_PROXIES").unwrap_or_default();
    let nets: Option<Vec<IpNet>> =
        list.split(',').map(str::trim).filter(|item| !item.is_empty()).map(parse_net).collect();
    let trusted_proxies = nets.or_else(|| {
        source.problem(
            "NGUON_TRUSTED_PROXIES",
            "phải là các địa chỉ hoặc dải mạng cách nhau bằng dấu phẩy, ví dụ 127.0.0.1,10.0.0.0/8",
            "must be addresses or networks separated by commas, for example 127.0.0.1,10.0.0.0/8",
        )
    });
    Some(Web { http: http?, trusted_proxies: trusted_proxies? })
}

fn parse_net(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 4] = [
        ("NGUON_ISSUER", "ocop.thainguyen.vn"),
        ("NGUON_PUBLIC_URL", "https://ocop.thainguyen.vn"),
        ("NGUON_ISSUER_NAME", "Văn phòng OCOP"),
        ("NGUON_CONTACT", "0208 000 000"),
    ];

    fn read_with(mode: Mode, changes: &[(&str, &str)]) -> Result<Settings, String> {
        let env = |name: &str| {
            let of =
                |list: &[(&str, &str)]| list.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
            of(changes).or_else(|| if mode == Mode::Demo { None } else { of(&GOOD) })
        };
        read(mode, &env).map_err(|err| err.to_string())
    }

    #[track_caller]
    fn refused(changes: &[(&str, &str)], because: &str) {
        let text = read_with(Mode::Service, changes).unwrap_err();
        assert!(text.contains(because), "{text}");
    }

    #[test]
    fn good_settings_are_accepted() {
        let settings = read_with(Mode::Service, &[]).unwrap();
        assert_eq!(settings.identity.public_url.as_str(), "https://ocop.thainguyen.vn");
        assert_eq!(settings.web.http.to_string(), "127.0.0.1:8080");
    }

    #[test]
    fn nonsense_is_refused_by_the_variables_name() {
        refused(&[("NGUON_HTTP", "8080")], "NGUON_HTTP");
        refused(&[("NGUON_ISSUER", "a b")], "NGUON_ISSUER");
        refused(&[("NGUON_TRUSTED_PROXIES", "10.0.0.0/33")], "NGUON_TRUSTED_PROXIES");
        refused(&[("DATABASE_URL", "mysql://x/y")], "DATABASE_URL");
        refused(&[("NGUON_CONTACT", &"x".repeat(121))], "NGUON_CONTACT");
    }

    #[test]
    fn required_tls_to_postgres_is_refused_never_ignored() {
        refused(&[("DATABASE_URL", "postgresql://u:p@h/d?sslmode=require")], "sslmode");
        refused(&[("DATABASE_URL", "postgresql://u:p@h/d?sslmode=verify-full")], "sslmode");
    }

    #[test]
    fn a_password_as_a_parameter_is_refused_because_it_would_be_shown() {
        refused(&[("DATABASE_URL", "postgresql://u@h/d?password=hemmelig")], "DATABASE_PASSWORD_FILE");
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let text = read_with(Mode::Service, &[("NGUON_HTTP", "x"), ("NGUON_ISSUER", "")]).unwrap_err();
        assert!(text.contains("NGUON_HTTP") && text.contains("NGUON_ISSUER"), "{text}");
    }

    #[test]
    fn the_demo_issuer_is_fixed() {
        assert_eq!(read_with(Mode::Demo, &[]).unwrap().identity.issuer.as_str(), DEMO_ISSUER);
        assert!(read_with(Mode::Demo, &[("NGUON_ISSUER", "ocop.thainguyen.vn")]).is_err());
    }
}
