//! Puts the services of a set-up deployment together, for every command that needs them.

use crate::accounts::Accounts;
use crate::batches::{Batches, BatchesParts, HighWater};
use crate::clock::Clock;
use crate::config::{Settings, Storage};
use crate::db::{Db, has_pending_migrations};
use crate::error::{Error, Result};
use crate::files::FileStore;
use crate::http::Site;
use crate::keys::{Keys, Secret};
use crate::ledger::{Ledger, LedgerMarks, LedgerParts, WitnessPolicy};
use crate::register::Register;
use crate::stamp::Issuer;
use crate::trace::{Trace, TraceParts};

/// The services of one deployment.
#[derive(Clone)]
pub(super) struct House {
    /// The database.
    pub(super) db: Db,
    /// The time.
    pub(super) clock: Clock,
    /// Who issues, as stored at init.
    pub(super) issuer: Issuer,
    /// Whether this is a demonstration.
    pub(super) is_demo: bool,
    /// Keys, opened.
    pub(super) keys: Keys,
    /// The ledger; `serve` opens it and keeps it going.
    pub(super) ledger: Ledger,
    /// Tokens.
    pub(super) accounts: Accounts,
    /// The register.
    pub(super) register: Register,
    /// Batches and runs.
    pub(super) batches: Batches,
    /// What happened to batches.
    pub(super) trace: Trace,
}

impl House {
    /// Opens a deployment that `init` has set up and `migrate` has brought up to date.
    pub(super) async fn open(db: Db, storage: &Storage, clock: Clock) -> Result<Self> {
        if has_pending_migrations(&db).await? {
            return Err(Error::refused(
                "migration-pending",
                "Cơ sở dữ liệu chưa theo kịp phiên bản này; xin chạy: nguon migrate",
                "the database is not at this version's schema; run: nguon migrate",
            ));
        }
        let register = Register::new(db.clone(), clock.clone());
        let (issuer, is_demo) = register.deployment().await?.ok_or_else(not_initialised)?;
        let issuer = Issuer::new(&issuer).map_err(Error::internal)?;
        let secret = Secret::read(&storage.secret_file)?;
        let keys = Keys::new(db.clone(), clock.clone(), secret, issuer.clone());
        keys.ensure_ledger_key().await?;
        let ledger = open_ledger(&db, storage, &clock, &keys)?;
        let accounts = Accounts::new(db.clone(), clock.clone());
        let batches = Batches::new(BatchesParts {
            db: db.clone(),
            clock: clock.clone(),
            keys: keys.clone(),
            register: register.clone(),
            issuer: issuer.clone(),
            high_water: HighWater::open(&storage.high_water_file)?,
        });
        let files = FileStore::open(&storage.files)?;
        let trace = Trace::new(TraceParts { db: db.clone(), clock: clock.clone(), ledger: ledger.clone(), files });
        Ok(Self { db, clock, issuer, is_demo, keys, ledger, accounts, register, batches, trace })
    }

    /// The same house with its batches and what happens to them standing at another time.
    pub(super) fn at(&self, clock: Clock) -> Self {
        Self { batches: self.batches.at(clock.clone()), trace: self.trace.at(clock), ..self.clone() }
    }

    /// What pages and labels of this deployment say of it.
    pub(super) fn site(&self, settings: &Settings) -> Site {
        Site { is_demo: self.is_demo, contact: settings.identity.contact.clone() }
    }

    /// Refuses settings that name another issuer than the one stored at init.
    pub(super) fn check_issuer(&self, configured: &Issuer) -> Result<()> {
        if *configured == self.issuer {
            return Ok(());
        }
        let (stored, given) = (self.issuer.as_str(), configured.as_str());
        Err(Error::refused(
            "issuer-differs",
            format!(
                "NGUON_ISSUER là {given} nhưng cơ sở dữ liệu này được lập cho {stored}; tem đã in sẽ không kiểm tra được nữa."
            ),
            format!(
                "NGUON_ISSUER is {given}, but this database was set up for {stored}; printed stamps would no longer verify"
            ),
        ))
    }

    /// Moves batches past serials that the high-water file remembers, and says so loudly.
    pub(super) async fn reconcile_high_water(&self) -> Result<()> {
        let behind = self.batches.reconcile_high_water().await?;
        for batch_no in behind {
            tracing::error!(
                alarm = "restored-behind",
                batch.no = batch_no,
                "the database lies behind the high-water file, as after restoring an old backup: later runs of this batch are lost, \
                 its serials will not be given out again, and scans of the lost stamps say that they were not issued"
            );
        }
        Ok(())
    }
}

fn open_ledger(db: &Db, storage: &Storage, clock: &Clock, keys: &Keys) -> Result<Ledger> {
    let signer = keys.room().ledger_signer()?.clone();
    let witnesses = match &storage.witnesses_file {
        None => WitnessPolicy::default(),
        Some(path) => WitnessPolicy::read(path, Some(signer.verifier()))?,
    };
    let high_water = LedgerMarks::open(&storage.ledger_high_water_file)?;
    Ok(Ledger::new(LedgerParts { db: db.clone(), clock: clock.clone(), signer, high_water, witnesses }))
}

fn not_initialised() -> Error {
    Error::refused(
        "not-initialised",
        "Chưa thiết lập; xin chạy: NGUON_ISSUER=… nguon init",
        "this deployment is not set up; run: NGUON_ISSUER=… nguon init",
    )
}

/// Opens the deployment named by the environment, runs one command on it, and closes what was opened, whatever happened.
pub(super) async fn with_house<T>(run: impl AsyncFnOnce(&House) -> Result<T>) -> Result<T> {
    let storage = crate::config::read_storage(crate::config::Mode::Service, &crate::config::process_environment)?;
    let ground = super::ground::Ground::open(&storage, &|line| tracing::debug!("{line}")).await?;
    let outcome = match House::open(ground.db.clone(), &storage, Clock::system()).await {
        Ok(house) => run(&house).await,
        Err(error) => Err(error),
    };
    ground.close()?;
    outcome
}
