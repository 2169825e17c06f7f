//! `nguon demo`: a whole deployment on this machine with example products. Run again, it keeps its data.

use std::num::NonZeroU32;
use std::path::Path;
use std::time::Instant;

use chrono::{DateTime, Utc};

use crate::accounts::types::{Actor, Reach};
use crate::batches::print_api::{LabelFacts, plan_label};
use crate::batches::types::{Batch, MintOrder};
use crate::clock::Clock;
use crate::config::{Mode, Settings, process_environment, read};
use crate::error::{Error, Result};
use crate::http::SIGN_IN;
use crate::register::import::{FileKind, read_register};
use crate::register::{Photos, Progress};
use crate::stamp::{BatchNo, Serial};

use super::batches::write_sheet_file;
use super::demo_data::{DemoBatch, batches, first_producer, founded_at, photos, products};
use super::demo_people::{PEOPLE_FILE, make_people};
use super::demo_telling::tell_until;
use super::ground::Ground;
use super::house::House;
use super::init::{TOKEN_FILE, migrate_all, set_up};
use super::serve::{bind, run};

/// The province's sample register: real products, collected from newspapers, households renamed.
const SAMPLE_REGISTER: &[u8] = include_bytes!("../../assets/register/ocop_register_sample.tsv");
/// Stamps of each demo batch.
const N_STAMPS: NonZeroU32 = NonZeroU32::new(1_000).unwrap();
/// More than a demo's register ever holds.
const ALL_PRODUCTS: i64 = 100_000;
/// Stamps on the sheet that is written for a first print.
const N_ON_SHEET: u32 = 96;
/// The sheet's file in the data folder.
const SHEET_FILE: &str = "sheet.html";

pub(super) async fn demo() -> Result<()> {
    let started = Instant::now();
    let settings = read(Mode::Demo, &process_environment)?;
    if settings.storage.database_url.is_some() {
        return Err(Error::refused(
            "demo-on-a-server",
            "Bản trình diễn chỉ chạy với Postgres riêng; xin bỏ DATABASE_URL.",
            "the demo runs on its own private Postgres; unset DATABASE_URL",
        ));
    }
    let listener = bind(&settings.web)?;
    let say = |line: &str| println!("{:6.1} s  {line}", started.elapsed().as_secs_f64());
    say("Mở Postgres riêng / opening the private Postgres");
    let ground = Ground::create(&settings.storage, &say).await?;
    let outcome = demo_on(&ground, settings, listener, &say).await;
    ground.close()?;
    outcome
}

async fn demo_on(
    ground: &Ground,
    settings: Settings,
    listener: std::net::TcpListener,
    say: &(dyn Fn(&str) + Sync),
) -> Result<()> {
    say("Cập nhật cơ sở dữ liệu / migrating");
    migrate_all(&ground.db).await?;
    let clock = Clock::system();
    let register = crate::register::Register::new(ground.db.clone(), clock.clone());
    if register.deployment().await?.is_none() {
        say("Tạo khóa và mã truy cập / making keys and the office token");
        let founded = Clock::system();
        founded.move_to(founded_at(clock.today())?);
        set_up(&ground.db, &settings.storage, &settings.identity.issuer, true, founded).await?;
    }
    let house = House::open(ground.db.clone(), &settings.storage, clock).await?;
    if !house.is_demo {
        return Err(Error::refused(
            "not-a-demo",
            "Thư mục dữ liệu này là của một bản chạy thật; xin đặt NGUON_DATA sang thư mục khác.",
            "this data folder belongs to a real deployment; set NGUON_DATA to another folder",
        ));
    }
    let prepared = prepare(&house, &settings, say).await?;
    let urls = Urls::new(&settings, &prepared);
    run(ground, house, settings, listener, || {
        urls.print();
        Ok(())
    })
    .await
}

/// What a first visitor is shown.
struct Prepared {
    stamp_url: String,
}

/// Imports the registers, opens the batches and mints; each step only if it was not done before.
async fn prepare(house: &House, settings: &Settings, say: &(dyn Fn(&str) + Sync)) -> Result<Prepared> {
    let today = house.clock.today();
    let known = house.register.products_after(0, ALL_PRODUCTS).await?;
    if known.is_empty() {
        say("Nhập sổ mẫu: 65 sản phẩm / importing the sample register");
        let rows = read_register(SAMPLE_REGISTER, FileKind::Tsv)?;
        house.register.import(&Actor::operator(), rows, Photos::new(), false, &Progress::default()).await?;
    }
    if !known.iter().any(|product| product.demo) {
        house.register.import(&Actor::operator(), products(today)?, photos()?, true, &Progress::default()).await?;
    }
    make_people(house, settings, first_producer()).await?;
    let batch_no = make_batches(house, batches(today), say).await?;
    write_sheet(house, settings, batch_no).await?;
    let job = house.batches.print_job(&Actor::operator(), batch_no, Some(Serial::FIRST), None).await?;
    let stamp = job.stamps().next().ok_or_else(|| Error::internal("the demo has no stamps"))??;
    Ok(Prepared { stamp_url: settings.identity.public_url.stamp(&stamp.digits) })
}

/// Opens the batches, mints, and tells what happened to them; the first one's number. The oldest is told first: others use its lot.
async fn make_batches(house: &House, demo: Vec<DemoBatch>, say: &(dyn Fn(&str) + Sync)) -> Result<BatchNo> {
    let mut opened = Vec::with_capacity(demo.len());
    for batch in &demo {
        opened.push(open(house, batch).await?);
    }
    let mut both: Vec<_> = demo.iter().zip(&opened).collect();
    both.sort_by_key(|(batch, _)| batch.opened_at);
    for (batch, opened_batch) in both {
        tell_until(house, opened_batch, &opened, batch.picture, batch.minted_at).await?;
        mint(house, batch, opened_batch, say).await?;
        tell_until(house, opened_batch, &opened, batch.picture, house.clock.now()).await?;
    }
    opened.first().map(|batch| batch.batch_no).ok_or_else(|| Error::internal("the demo has no batches"))
}

/// A batch that lies in the past is opened and minted as on its own days: the certificate held then.
fn at(house: &House, instant: DateTime<Utc>) -> House {
    let then = Clock::system();
    then.move_to(instant);
    house.at(then)
}

async fn open(house: &House, batch: &DemoBatch) -> Result<Batch> {
    let product_no = find_demo_product(house, batch.product).await?;
    match at(house, batch.opened_at).batches.open_batch(&Actor::operator(), batch.order(product_no)?).await {
        Err(Error::LotTaken { batch_no, .. }) => {
            house.batches.find_batch(&Reach::Everything, BatchNo::new(batch_no).map_err(Error::internal)?).await
        }
        opened => opened,
    }
}

async fn mint(house: &House, batch: &DemoBatch, opened: &Batch, say: &(dyn Fn(&str) + Sync)) -> Result<()> {
    if opened.next_serial != 1 {
        return Ok(());
    }
    say(&format!("Phát {N_STAMPS} tem cho lô {} / minting for batch {}", opened.lot, opened.batch_no));
    let order = MintOrder { count: N_STAMPS, scratch: false };
    let house_then = at(house, batch.minted_at);
    house_then.batches.mint_stamps(&Actor::operator(), opened.batch_no, order, None).await.map(drop)
}

async fn find_demo_product(house: &House, name: &str) -> Result<crate::stamp::ProductNo> {
    let all = house.register.products_after(0, ALL_PRODUCTS).await?;
    let found = all.into_iter().find(|product| product.demo && product.name == name);
    found.map(|product| product.product_no).ok_or(Error::NotFound(crate::error::Thing::Product))
}

async fn write_sheet(house: &House, settings: &Settings, batch_no: BatchNo) -> Result<()> {
    let last = Serial::new(N_ON_SHEET).map_err(Error::internal)?;
    let job = match house.batches.print_job(&Actor::operator(), batch_no, Some(Serial::FIRST), Some(last)).await {
        // A visitor voided them all on an earlier day: the demo starts without a new sheet.
        Err(Error::Refused { .. }) => return Ok(()),
        job => job?,
    };
    let facts = LabelFacts::new(
        &job.batch,
        &house.batches.product_of(&job.batch).await?,
        &settings.identity,
        &house.site(settings),
    );
    let plan = plan_label(None, None, &settings.identity.public_url)?;
    write_sheet_file(&job, &facts, &plan, &settings.identity, &settings.storage.data_dir.join(SHEET_FILE))
}

/// What is printed when the demo is ready.
struct Urls {
    lines: Vec<(&'static str, String)>,
}

impl Urls {
    fn new(settings: &Settings, prepared: &Prepared) -> Self {
        let file = |name: &str| absolute(&settings.storage.data_dir.join(name));
        let lines = vec![
            ("Trang đầu / front page", format!("{}/", settings.identity.public_url.as_str())),
            ("Đăng nhập / sign in", format!("{}{SIGN_IN}", settings.identity.public_url.as_str())),
            ("Tên đăng nhập và mật khẩu / user names and passwords", file(PEOPLE_FILE)),
            ("Trang của một con tem / a stamp's page", prepared.stamp_url.clone()),
            ("Tờ tem để in / printable sheet", file(SHEET_FILE)),
            ("Mã truy cập của văn phòng / office token", file(TOKEN_FILE)),
        ];
        Self { lines }
    }

    fn print(&self) {
        println!("\nBẢN TRÌNH DIỄN đang chạy; Ctrl-C để dừng / the demo is running; Ctrl-C stops it\n");
        for (name, value) in &self.lines {
            println!("{name}:\n  {value}");
        }
        println!();
    }
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}
