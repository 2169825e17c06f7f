//! `nguon batch`, `nguon mint` and `nguon label`.

use std::io::{BufWriter, Write};
use std::num::NonZeroU32;
use std::path::Path;

use crate::accounts::types::Actor;
use crate::batches::PrintJob;
use crate::batches::print_api::{LabelFacts, plan_label, write_sheet};
use crate::batches::types::{Lot, MintOrder, OpenBatch, Quantity};
use crate::config::{Identity, Mode, Settings, process_environment, read};
use crate::error::{Error, Result, Thing};
use crate::label::{Plan, PxPerModule, StampText, label_svg, qr_png};
use crate::stamp::{BatchNo, ProductNo, Serial};

use super::arguments::{BatchCommand, LabelOptions, MintOptions, OpenOptions};
use super::files::create_private;
use super::house::with_house;
use super::print_json;

pub(super) async fn run(command: BatchCommand) -> Result<()> {
    let BatchCommand::Open(options) = command;
    open(options).await
}

async fn open(options: OpenOptions) -> Result<()> {
    let order = OpenBatch {
        product_no: ProductNo::new(options.product).map_err(|_| Error::NotFound(Thing::Product))?,
        lot: Lot::new(&options.lot)?,
        packed_on: options.packed_on,
        last_valid_day: options.last_valid_day,
        quantity: options.quantity.as_deref().map(Quantity::parse).transpose()?,
        unit: options.unit,
    };
    with_house(async |house| {
        let batch = house.batches.open_batch(&Actor::operator(), order).await?;
        if options.json {
            let last_valid_day = batch.last_valid_day.map(|day| day.to_string());
            return print_json(&serde_json::json!({
                "batch_no": batch.batch_no.get(), "product_no": batch.product_no.get(), "lot": batch.lot,
                "packed_on": batch.packed_on.to_string(), "last_valid_day": last_valid_day,
            }));
        }
        println!("Đã mở lô số {no} / opened batch {no}", no = batch.batch_no);
        Ok(())
    })
    .await
}

pub(super) async fn mint(options: MintOptions) -> Result<()> {
    let batch_no = BatchNo::new(options.batch).map_err(|_| Error::NotFound(Thing::Batch))?;
    let count = NonZeroU32::new(options.count)
        .ok_or_else(|| Error::invalid("count", "Số tem phải từ 1 trở lên.", "count must be at least 1"))?;
    with_house(async |house| {
        house.reconcile_high_water().await?;
        let order = MintOrder { count, scratch: options.scratch };
        let minted = house.batches.mint_stamps(&Actor::operator(), batch_no, order, None).await?;
        let (first, last) = (minted.run.first, minted.run.last);
        if options.json {
            return print_json(&serde_json::json!({
                "batch_no": batch_no.get(), "first": first.get(), "last": last.get(), "key_no": minted.run.stamp_key.get(),
                "first_stamp": { "serial": first.get(), "digits": minted.first.digits, "code": minted.first.code.to_string() },
            }));
        }
        println!("Đã phát tem số {first} đến {last} / minted stamps {first} to {last}");
        Ok(())
    })
    .await
}

pub(super) async fn label(options: LabelOptions) -> Result<()> {
    let batch_no = BatchNo::new(options.batch).map_err(|_| Error::NotFound(Thing::Batch))?;
    let serial = |n: Option<u32>| n.map(Serial::new).transpose().map_err(|_| Error::NotFound(Thing::Stamp));
    let (first, last) = (serial(options.first)?, serial(options.last)?);
    let is_sheet = options.out.extension().is_some_and(|extension| extension == "html");
    with_house(async |house| {
        let mode = if house.is_demo { Mode::Demo } else { Mode::Service };
        let settings: Settings = read(mode, &process_environment)?;
        house.check_issuer(&settings.identity.issuer)?;
        let plan = plan_label(Some(&options.carrier), Some(options.width_mm), &settings.identity.public_url)?;
        let last = if is_sheet { last } else { Some(last.or(first).unwrap_or(Serial::FIRST)) };
        let job = house.batches.print_job(&Actor::operator(), batch_no, first, last).await?;
        let facts = LabelFacts::new(
            &job.batch,
            &house.batches.product_of(&job.batch).await?,
            &settings.identity,
            &house.site(&settings),
        );
        if is_sheet {
            write_sheet_file(&job, &facts, &plan, &settings.identity, &options.out)?;
        } else {
            write_label_file(&job, &facts, &plan, &settings.identity, &options)?;
        }
        println!("{} ({}, {})", options.out.display(), plan.carrier.as_str(), plan.name());
        Ok(())
    })
    .await
}

/// Writes an A4 sheet.
pub(super) fn write_sheet_file(
    job: &PrintJob,
    facts: &LabelFacts,
    plan: &Plan,
    identity: &Identity,
    path: &Path,
) -> Result<()> {
    let mut file = BufWriter::new(create_private(path)?);
    let mut failure = None;
    write_sheet(job, facts, plan, &identity.public_url, None, |piece| {
        failure = file.write_all(piece.as_bytes()).err();
        failure.is_none()
    })?;
    failure.map_or_else(|| file.flush(), Err).map_err(Error::file(path))
}

fn write_label_file(
    job: &PrintJob,
    facts: &LabelFacts,
    plan: &Plan,
    identity: &Identity,
    options: &LabelOptions,
) -> Result<()> {
    if job.n_stamps() != 1 {
        return Err(Error::invalid(
            "last",
            "Tệp .svg hoặc .png chỉ chứa một tem; nhiều tem thì dùng .html.",
            "an .svg or .png holds one stamp; use .html for many",
        ));
    }
    let stamp = job.stamps().next().ok_or(Error::NotFound(Thing::Stamp))??;
    let code = stamp.code.to_plain();
    let text = StampText {
        origin: identity.public_url.as_str(),
        digits: &stamp.digits,
        code: &code,
        serial: stamp.serial.get(),
    };
    let bytes = match options.out.extension().and_then(|extension| extension.to_str()) {
        Some("svg") => label_svg(plan, &text, &facts.text())?.into_bytes(),
        Some("png") => qr_png(&plan.symbol(&text)?, PxPerModule::new(options.px_per_module)?)?,
        _ => {
            return Err(Error::invalid(
                "out",
                "Tên tệp phải có đuôi .svg, .png hoặc .html.",
                "the file's name must end in .svg, .png or .html",
            ));
        }
    };
    create_private(&options.out)?.write_all(&bytes).map_err(Error::file(&options.out))
}
