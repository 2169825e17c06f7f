//! The command line as clap reads it. Definitions only.

use std::path::PathBuf;

use chrono::NaiveDate;
use clap::{Args, Parser, Subcommand};

use crate::accounts::types::{Role, Scope};
use crate::config::VARIABLES;
use crate::keys::types::Purpose;

use super::audit::AuditOptions;
use super::ledger::LedgerCommand;
use super::witness::WitnessCommand;

/// Electronic stamps for OCOP products: mint, print, verify.
#[derive(Parser)]
#[command(name = "nguon", version, about, after_long_help = settings_help())]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Every environment variable with its purpose, for `--help`.
fn settings_help() -> String {
    let width = VARIABLES.iter().map(|variable| variable.name.len()).max().unwrap_or_default();
    let lines: Vec<String> =
        VARIABLES.iter().map(|variable| format!("  {:width$}  {}", variable.name, variable.purpose)).collect();
    format!("Settings come from the environment:\n{}", lines.join("\n"))
}

#[derive(Subcommand)]
pub(super) enum Command {
    /// Answer scans, pages and the API until Ctrl-C or SIGTERM.
    #[command(
        after_help = "Example:\n  NGUON_PUBLIC_URL=https://ocop.thainguyen.vn NGUON_ISSUER=ocop.thainguyen.vn \\\n  NGUON_ISSUER_NAME='Văn phòng OCOP' NGUON_CONTACT='0208 …' nguon serve"
    )]
    Serve,
    /// Set up and serve a demonstration with example products, batches and stamps.
    #[command(after_help = "Example:\n  NGUON_DATA=/tmp/nguon-demo nguon demo")]
    Demo,
    /// Set up a deployment: issuer, first keys, secret file, first office token.
    #[command(after_help = "Example:\n  NGUON_ISSUER=ocop.thainguyen.vn nguon init")]
    Init(InitOptions),
    /// Bring the database to this version's schema.
    #[command(after_help = "Example:\n  DATABASE_URL=postgresql://nguon:…@localhost/nguon nguon migrate")]
    Migrate,
    /// Save database, files, secret and high-water files into a new folder.
    #[command(after_help = "Example:\n  nguon backup /mnt/usb/nguon-2026-11-22")]
    Backup {
        /// The folder to make.
        dir: PathBuf,
    },
    /// Load a backup into an empty database.
    #[command(after_help = "Example:\n  nguon restore /mnt/usb/nguon-2026-11-22")]
    Restore {
        /// The folder that `backup` made.
        dir: PathBuf,
    },
    /// Make, list, retire or disown keys.
    #[command(after_help = "Example:\n  nguon keys list")]
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// The ledger: check a proof, export, recover.
    #[command(after_help = "Example:\n  nguon ledger verify lo-12-3.tlog-proof --vkey @vkey")]
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
    },
    /// Follow a ledger from outside, or compare this machine's database with its ledger.
    Audit(AuditOptions),
    /// Vouch that somebody's ledger only grew.
    #[command(after_help = "Example:\n  nguon witness pull https://ocop.thainguyen.vn --state lam-chung")]
    Witness {
        #[command(subcommand)]
        command: WitnessCommand,
    },
    /// The register of products.
    #[command(after_help = "Example:\n  nguon register list")]
    Register {
        #[command(subcommand)]
        command: RegisterCommand,
    },
    /// Batches of goods.
    #[command(after_help = "Example:\n  nguon batch open --product 66 --lot MD-2026-11 --packed-on 2026-11-20")]
    Batch {
        #[command(subcommand)]
        command: BatchCommand,
    },
    /// Mint stamps for a batch.
    #[command(after_help = "Example:\n  nguon mint 12 500")]
    Mint(MintOptions),
    /// Write labels: one as SVG or PNG, many as an A4 sheet (HTML).
    #[command(
        after_help = "Examples:\n  nguon label 12 --first 1 --last 96 --out sheet.html\n  nguon label 12 --first 1 --carrier compact --width-mm 14 --out label.svg\n  nguon label 12 --first 1 --out qr.png"
    )]
    Label(LabelOptions),
    /// Verify a stamp: a URL, its digits, a typed code, or a photo of its QR code.
    #[command(
        after_help = "Examples:\n  nguon verify https://ocop.thainguyen.vn/s/0450…\n  nguon verify 0001-2G00-00G4-7K3M\n  nguon verify photo.jpg --jwks keys.json --issuer ocop.thainguyen.vn --json\n\nExit code: 0 valid (also suspended or past its shelf life), 1 not issued, recalled or voided, 2 usage, 3 cannot be decided"
    )]
    Verify(VerifyOptions),
    /// Access tokens of the API.
    #[command(after_help = "Example:\n  nguon token revoke 3")]
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// People who sign in: the first one of the office, and those who forgot their password.
    #[command(
        after_help = "Example:\n  nguon account create --login '0912 345 678' --name 'Nguyễn Thị Ví Dụ' --role office"
    )]
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Exit 0 when the server is ready (for container health checks).
    #[command(after_help = "Example:\n  nguon health http://127.0.0.1:8080")]
    Health {
        /// The server; without it, 127.0.0.1 at the port of NGUON_HTTP.
        url: Option<String>,
    },
}

#[derive(Args)]
pub(super) struct InitOptions {
    /// Do nothing, quietly, when the deployment is already set up.
    #[arg(long)]
    pub(super) if_missing: bool,
}

#[derive(Subcommand)]
pub(super) enum KeysCommand {
    /// Make the next key of a purpose; new stamps use it from now on.
    #[command(after_help = "Example:\n  nguon keys new --purpose stamp")]
    New {
        /// stamp, code or scratch.
        #[arg(long, default_value = "stamp", value_parser = parse_purpose)]
        purpose: Purpose,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List all keys with their states.
    #[command(after_help = "Example:\n  nguon keys list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Stop signing under a key; its stamps stay valid.
    #[command(after_help = "Example:\n  nguon keys retire 1")]
    Retire(KeyOptions),
    /// Note that a private key may be in other hands.
    #[command(after_help = "Example:\n  nguon keys mark-compromised 1")]
    MarkCompromised(KeyOptions),
}

#[derive(Args)]
pub(super) struct KeyOptions {
    /// The key's number.
    pub(super) key_no: u16,
    /// stamp, code or scratch.
    #[arg(long, default_value = "stamp", value_parser = parse_purpose)]
    pub(super) purpose: Purpose,
}

#[derive(Subcommand)]
pub(super) enum RegisterCommand {
    /// List the products with their numbers.
    #[command(after_help = "Example:\n  nguon register list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Import products from a TSV, CSV or XLSX file: every row or none.
    #[command(
        after_help = "Examples:\n  nguon register import so-dang-ky.xlsx --dry-run\n  nguon register import so-dang-ky.xlsx\n\nA workbook of `nguon register export` explains each column on its second sheet. Its Vietnamese headings and the words below are\nread alike, in any order.\n\nEvery file has these headings:\n  product (Tên sản phẩm), product_set (Nhóm sản phẩm, 1 to 26), producer (Chủ thể),\n  producer_kind (Loại hình chủ thể: cooperative, company, household, cooperative_group)\nproduct_set may be empty on further rows of a product, and producer_kind on further rows of a producer.\n\nAs far as known:\n  product_no (Số trong sổ), product_en (Tên tiếng Anh), stars (Hạng sao), producer_no (Số chủ thể), tax_code (Mã số thuế),\n  printed_address (Địa chỉ trên bao bì), village (Thôn, xóm), commune_code (Mã xã, phường), commune (Xã, phường),\n  former_commune (Xã cũ), former_district (Huyện cũ), former_province (Tỉnh cũ), story (Câu chuyện sản phẩm),\n  story_en (Câu chuyện tiếng Anh), ingredients (Thành phần), standards (Tiêu chuẩn áp dụng), gtin (Mã vạch (GTIN)),\n  shelf_life (Hạn sử dụng: \"30 tháng\", \"45 ngày\"), pack_quantity (Lượng một gói), pack_unit (Đơn vị),\n  decision (Quyết định công nhận), first_year_seen (Năm đầu có sao), source (Nguồn thông tin),\n  certificate_id (Mã giấy trong sổ), certificate_no (Số giấy chứng nhận), certificate_stars (Sao trên giấy),\n  score (Điểm đánh giá), certificate_decision (Số quyết định cấp giấy), issuer (Nơi cấp),\n  issuer_level (Cấp công nhận: district, province, ministry), from (Có hiệu lực từ, yyyy-mm-dd),\n  to (Có hiệu lực đến, yyyy-mm-dd), image (Tệp ảnh, beside the register's file)\n\nFor reading only, as exported; a file changes none of them:\n  state (Tình trạng trong sổ), revoked_on (Thu hồi từ ngày), revoked_reason (Lý do thu hồi)\n\nA product with several certificates has a row for each. An empty cell leaves what the register has. A row with product_no or\nproducer_no may give a new name."
    )]
    Import {
        /// The file.
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write every product with its producer and certificates to an XLSX workbook, which fills in and imports again.
    #[command(
        after_help = "Example:\n  nguon register export so-ocop.xlsx\n\nProducers without products are not in it, nor are contacts, food-safety papers and photos."
    )]
    Export {
        /// The file to make; one of that name is replaced.
        file: PathBuf,
    },
}

#[derive(Subcommand)]
pub(super) enum BatchCommand {
    /// Open a batch of a product.
    #[command(
        after_help = "Example:\n  nguon batch open --product 66 --lot MD-2026-11 --packed-on 2026-11-20 --last-valid-day 2027-11-20 --quantity 500 --unit kg"
    )]
    Open(OpenOptions),
}

#[derive(Args)]
pub(super) struct OpenOptions {
    /// The product's number in the register.
    #[arg(long)]
    pub(super) product: u32,
    /// 1 to 20 characters of GS1 set 82.
    #[arg(long, allow_hyphen_values = true)]
    pub(super) lot: String,
    /// The packing day, yyyy-mm-dd.
    #[arg(long)]
    pub(super) packed_on: NaiveDate,
    /// The last day of use, yyyy-mm-dd; without it the product's shelf life decides.
    #[arg(long)]
    pub(super) last_valid_day: Option<NaiveDate>,
    /// How much, at most three decimal places.
    #[arg(long)]
    pub(super) quantity: Option<String>,
    /// Of what.
    #[arg(long, requires = "quantity")]
    pub(super) unit: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct MintOptions {
    /// The batch's number.
    pub(super) batch: u32,
    /// How many stamps.
    pub(super) count: u32,
    /// With codes under a scratch layer.
    #[arg(long)]
    pub(super) scratch: bool,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args)]
pub(super) struct LabelOptions {
    /// The batch's number.
    pub(super) batch: u32,
    /// First serial; the first minted one when absent.
    #[arg(long)]
    pub(super) first: Option<u32>,
    /// Last serial; for .svg and .png the first alone, for .html the last minted one when absent.
    #[arg(long)]
    pub(super) last: Option<u32>,
    /// auto, full or compact.
    #[arg(long, default_value = "auto")]
    pub(super) carrier: String,
    /// Width of the symbol with its quiet zone, millimetres.
    #[arg(long, default_value_t = 20.0)]
    pub(super) width_mm: f64,
    /// Pixels a module of a PNG.
    #[arg(long, default_value_t = 8)]
    pub(super) px_per_module: u32,
    /// Where to write: NAME.svg, NAME.png or NAME.html.
    #[arg(long)]
    pub(super) out: PathBuf,
}

#[derive(Args)]
pub(super) struct VerifyOptions {
    /// A URL, 187 digits, a typed code, or a PNG or JPEG file.
    #[arg(allow_hyphen_values = true)]
    pub(super) stamp: String,
    /// The issuer's key set; verifies without network or database.
    #[arg(long, requires = "issuer")]
    pub(super) jwks: Option<PathBuf>,
    /// Whose stamps these are, for example ocop.thainguyen.vn.
    #[arg(long, requires = "jwks")]
    pub(super) issuer: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Subcommand)]
pub(super) enum TokenCommand {
    /// Make an access token; it is printed once.
    #[command(
        after_help = "Examples:\n  nguon token create 'in tem ở xưởng' --scope office --scope scratch:read --expires 2027-12-31\n  nguon token create 'phần mềm của HTX' --producer 12 --scope read --scope stamps:mint --expires 2027-12-31"
    )]
    Create {
        /// What it is for.
        name: String,
        /// Whose it is: a producer's number in the register. Without it, the office's own.
        #[arg(long, requires = "scopes")]
        producer: Option<i32>,
        /// office, read, register:write, batches:write, stamps:mint, scratch:read; may be given more than once. A producer's
        /// token cannot have office.
        #[arg(long = "scope", id = "scopes", default_values = ["office"], value_parser = parse_scope)]
        scopes: Vec<Scope>,
        /// The last day it works, yyyy-mm-dd. Without it the token never ends until it is revoked.
        #[arg(long)]
        expires: Option<NaiveDate>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// End a token's use at once.
    #[command(after_help = "Example:\n  nguon token revoke 3")]
    Revoke {
        /// The token's number.
        token_id: i32,
    },
}

#[derive(Subcommand)]
pub(super) enum AccountCommand {
    /// Make an account; prints the one-time link by which its person chooses a password.
    #[command(
        after_help = "Examples:\n  nguon account create --login '0912 345 678' --name 'Nguyễn Thị Ví Dụ' --role office\n  nguon account create --login htx.vidu --name 'Trần Văn Ví Dụ' --role producer --producer 12\n  nguon account create --login canbo.backan --name 'Lê Thị Ví Dụ' --role officer --commune 01843"
    )]
    Create(NewAccountOptions),
    /// Make a new one-time link for someone who forgot their password.
    #[command(after_help = "Example:\n  nguon account reset '0912 345 678'")]
    Reset {
        /// Phone number or user name.
        login: String,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// List everyone who has an account.
    #[command(after_help = "Example:\n  nguon account list --json")]
    List {
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Close the door to an account; its sessions end at once.
    #[command(after_help = "Example:\n  nguon account disable htx.vidu")]
    Disable {
        /// Phone number or user name.
        login: String,
    },
    /// Open the door again.
    #[command(after_help = "Example:\n  nguon account enable htx.vidu")]
    Enable {
        /// Phone number or user name.
        login: String,
    },
}

#[derive(Args)]
pub(super) struct NewAccountOptions {
    /// Phone number or user name to sign in by.
    #[arg(long)]
    pub(super) login: String,
    /// The person's name.
    #[arg(long)]
    pub(super) name: String,
    /// office, officer, producer, inspector or auditor.
    #[arg(long, value_parser = parse_role)]
    pub(super) role: Role,
    /// The producer's number in the register, for a producer's member.
    #[arg(long)]
    pub(super) producer: Option<i32>,
    /// The commune's code of today, for an officer.
    #[arg(long)]
    pub(super) commune: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

fn parse_role(text: &str) -> Result<Role, String> {
    Role::parse(text).ok_or_else(|| format!("one of {}", Role::ALL.map(Role::as_str).join(", ")))
}

fn parse_purpose(text: &str) -> Result<Purpose, String> {
    Purpose::parse(text).ok_or_else(|| "stamp, code or scratch".to_owned())
}

fn parse_scope(text: &str) -> Result<Scope, String> {
    let names = || Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("one of {}", names()))
}
