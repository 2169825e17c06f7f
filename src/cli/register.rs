//! `nguon register`: reads the file and its pictures, then hands them to the register.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::accounts::types::{Actor, Reach};
use crate::error::{Error, Result};
use crate::picture;
use crate::register::export::MAX_EXPORT_ROWS;
use crate::register::import::{FileKind, ImportErrors, ImportRow, MAX_FILE_BYTES, RowError, read_register};
use crate::register::photo::shrink;
use crate::register::policy::certificate_state;
use crate::register::products::{Closed, ProductFilter};
use crate::register::{ChangeKind, ChangedThing, ImportReport, Photos, Progress, RowChange};

use super::arguments::RegisterCommand;
use super::files::read_limited;
use super::house::with_house;
use super::print_json;

pub(super) async fn run(command: RegisterCommand) -> Result<()> {
    match command {
        RegisterCommand::Import { file, dry_run: false, json } => import(&file, json).await,
        RegisterCommand::Import { file, dry_run: true, json } => preview(&file, json).await,
        RegisterCommand::Export { file } => export(&file).await,
        RegisterCommand::List { json } => list(json).await,
    }
}

/// Products read at once.
const PAGE: i64 = 200;
/// How often an import says how far it is: a small file is in before the first time.
const TELL_EVERY: Duration = Duration::from_secs(1);

async fn list(json: bool) -> Result<()> {
    with_house(async |house| {
        let today = house.clock.today();
        let mut after = 0;
        let mut lines = Vec::new();
        loop {
            let page = house.register.products_after(after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = last.product_no.to_i32();
            lines.extend(page.iter().map(|product| {
                let state = certificate_state(&product.certificates, today).as_str();
                (product.product_no.get(), product.name.clone(), product.producer.name.clone(), state)
            }));
        }
        if json {
            let object = |(product_no, name, producer, certificate): &(u32, String, String, &str)| {
                serde_json::json!({ "product_no": product_no, "name": name, "producer": producer, "certificate": certificate })
            };
            return print_json(&lines.iter().map(object).collect::<Vec<_>>());
        }
        for (product_no, name, producer, certificate) in lines {
            println!("{product_no:>6}  {name} – {producer} ({certificate})");
        }
        Ok(())
    })
    .await
}

/// The rows of a file and the pictures they name.
fn read(file: &Path) -> Result<(Vec<ImportRow>, Photos)> {
    let limit = u64::try_from(MAX_FILE_BYTES).map_err(Error::internal)?;
    let bytes = read_limited(file, limit)?;
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let kind = FileKind::from_name(name).unwrap_or_else(|| FileKind::sniff(&bytes));
    let rows = read_register(&bytes, kind)?;
    let photos = load_photos(&rows, file.parent().unwrap_or(Path::new(".")))?;
    Ok((rows, photos))
}

async fn import(file: &Path, json: bool) -> Result<()> {
    let (rows, photos) = read(file)?;
    with_house(async |house| {
        let actor = Actor::operator();
        let progress = Progress::default();
        let report = telling(&progress, house.register.import(&actor, rows, photos, house.is_demo, &progress)).await?;
        if json {
            return print_json(&report);
        }
        print_counts(&report, ["Đã nhập", "Imported"]);
        if let Some((first, last)) = report.new_product_nos {
            println!("Mã số sản phẩm / product numbers: {first}–{last}");
        }
        Ok(())
    })
    .await
}

/// Does the work and says on standard error how far it is, from when the writing begins.
async fn telling<T>(progress: &Progress, work: impl Future<Output = Result<T>>) -> Result<T> {
    let told = async {
        loop {
            tokio::time::sleep(TELL_EVERY).await;
            let (done, total) = (u64::from(progress.done()), u64::from(progress.total()));
            if let Some(percent) = (done * 100).checked_div(total) {
                eprintln!("Đang ghi / writing: {percent} %");
            }
        }
    };
    tokio::select! {
        done = work => done,
        () = told => Err(Error::internal("the telling ended")),
    }
}

async fn preview(file: &Path, json: bool) -> Result<()> {
    let (rows, photos) = read(file)?;
    with_house(async |house| {
        let preview = house.register.preview_import(rows, photos).await?;
        if json {
            return print_json(&preview);
        }
        for change in &preview.changes {
            print_change(change);
        }
        if 0 < preview.n_more {
            println!("… và {} thay đổi nữa / and {} more changes", preview.n_more, preview.n_more);
        }
        print_counts(&preview.report, ["Chưa ghi gì. Sẽ nhập", "Nothing is written. Would import"]);
        Ok(())
    })
    .await
}

fn print_change(change: &RowChange) {
    let thing = match change.thing {
        ChangedThing::Producer => "chủ thể / producer",
        ChangedThing::Product => "sản phẩm / product",
        ChangedThing::Certificate => "giấy chứng nhận / certificate",
    };
    let (line, name) = (change.line, &change.name);
    let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "–".to_owned());
    match &change.kind {
        ChangeKind::Added(fields) => {
            println!("{line}: + {thing}: {name}");
            for field in fields {
                println!("      {} / {}: {}", field.vi, field.en, text(&field.after));
            }
        }
        ChangeKind::Changed(fields) => {
            println!("{line}: ~ {thing}: {name}");
            for field in fields {
                println!("      {} / {}: {} → {}", field.vi, field.en, text(&field.before), text(&field.after));
            }
        }
    }
}

fn print_counts(report: &ImportReport, [vi, en]: [&str; 2]) {
    println!(
        "{vi} {} dòng: {} sản phẩm mới, {} sản phẩm sửa, {} chủ thể mới, {} chủ thể sửa, {} giấy chứng nhận mới, {} giấy sửa; {} dòng không đổi gì",
        report.n_rows,
        report.n_products_added,
        report.n_products_updated,
        report.n_producers_added,
        report.n_producers_updated,
        report.n_certificates_added,
        report.n_certificates_updated,
        report.n_unchanged
    );
    println!(
        "{en} {} rows: {} new products, {} changed, {} new producers, {} changed, {} new certificates, {} changed; {} rows change nothing",
        report.n_rows,
        report.n_products_added,
        report.n_products_updated,
        report.n_producers_added,
        report.n_producers_updated,
        report.n_certificates_added,
        report.n_certificates_updated,
        report.n_unchanged
    );
}

async fn export(file: &Path) -> Result<()> {
    with_house(async |house| {
        let everything = ProductFilter { closed: Closed::Shown, ..ProductFilter::default() };
        let workbook = house.register.products_workbook(&Reach::Everything, &everything).await;
        let workbook = workbook.map_err(without_filter)?;
        std::fs::write(file, workbook).map_err(Error::file(file))?;
        println!("Đã ghi / written: {}", file.display());
        Ok(())
    })
    .await
}

/// This command has no filter, so it says where there is one.
fn without_filter(error: Error) -> Error {
    match error {
        Error::Refused { code: code @ "export-too-large", .. } => Error::refused(
            code,
            format!(
                "Sổ dài hơn {MAX_EXPORT_ROWS} dòng nên không vừa một tệp; chưa ghi gì. Xin tải từng phần ở trang Sản phẩm (/products), lọc theo xã, phường."
            ),
            format!(
                "the register has more than {MAX_EXPORT_ROWS} rows and does not fit one file; nothing was written. Download it in parts from the page of products (/products), filtered by commune"
            ),
        ),
        other => other,
    }
}

/// Every picture that a row names, shrunk; each bad one is an error of its row.
fn load_photos(rows: &[ImportRow], folder: &Path) -> Result<Photos> {
    let mut photos = Photos::new();
    let mut errors = Vec::new();
    let mut failed = BTreeSet::new();
    for row in rows {
        let Some(name) = &row.image else { continue };
        if photos.contains_key(name) || failed.contains(name) {
            continue;
        }
        let loaded = read_limited(&folder.join(name), picture::MAX_FILE_BYTES).and_then(|bytes| shrink(&bytes));
        match loaded {
            Ok(photo) => drop(photos.insert(name.clone(), photo)),
            Err(error) => {
                failed.insert(name);
                errors.push(RowError {
                    line: row.line,
                    column: row.image_heading().to_owned(),
                    vi: error.vi(),
                    en: error.to_string(),
                });
            }
        }
    }
    if errors.is_empty() { Ok(photos) } else { Err(ImportErrors { errors, n_more: 0 }.into()) }
}
