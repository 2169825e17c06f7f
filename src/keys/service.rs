//! Key use cases, and the opened keys in memory. A rotation by another process is seen through `reload`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use chrono::{DateTime, Utc};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use zeroize::Zeroizing;

use crate::clock::Clock;
use crate::db::Db;
use crate::error::{Error, Result, Thing};
use crate::keyring::{KeyStatus, Keyring, PublicKey, StampSigner, check_key};
use crate::ledger::{self, Author, Kind};
use crate::merkle::{KeyKind, KeyName, SignerKey, VerifierKey};
use crate::stamp::{CodeKey, Issuer, KeyNo};

use super::entered;
use super::seal::Secret;
use super::store::{self, KeyRow};
use super::types::Purpose;

/// The opened keys at one moment.
#[derive(Debug, Default)]
pub struct KeyRoom {
    /// Public stamp keys.
    pub ring: Keyring,
    signers: BTreeMap<KeyNo, StampSigner>,
    codes: BTreeMap<KeyNo, CodeKey>,
    scratch: BTreeMap<KeyNo, CodeKey>,
    ledger: Option<SignerKey>,
    infos: Vec<KeyInfo>,
}

/// What may be told of a key.
#[derive(Clone, Debug, serde::Serialize)]
pub struct KeyInfo {
    /// `stamp`, `code`, `scratch` or `ledger`.
    pub purpose: &'static str,
    /// Its number.
    pub key_no: u16,
    /// `active`, `retired` or `compromised`.
    pub status: &'static str,
    /// Signing starts.
    pub not_before: DateTime<Utc>,
    /// Signing ends.
    pub not_after: Option<DateTime<Utc>>,
}

impl KeyRoom {
    /// The newest active key of a purpose that may be used at `now`.
    pub fn active(&self, purpose: Purpose, now: DateTime<Utc>) -> Result<KeyNo> {
        let usable = |info: &&KeyInfo| {
            info.purpose == purpose.as_str()
                && info.status == KeyStatus::Active.as_str()
                && info.not_before <= now
                && info.not_after.is_none_or(|end| now < end)
        };
        let newest = self.infos.iter().filter(usable).filter_map(|info| KeyNo::new(info.key_no).ok()).max();
        newest.ok_or(Error::NoActiveKey { purpose: purpose.as_str() })
    }

    /// The signer of a run's key, whatever its state: a reprint is identical for ever.
    pub fn signer(&self, key_no: KeyNo) -> Option<&StampSigner> {
        self.signers.get(&key_no)
    }

    /// The key of a run's typed codes.
    pub fn code_key(&self, key_no: KeyNo) -> Option<&CodeKey> {
        self.codes.get(&key_no)
    }

    /// Every key that may have made a typed code.
    pub fn code_keys(&self) -> impl Iterator<Item = (KeyNo, &CodeKey)> {
        self.codes.iter().map(|(key_no, key)| (*key_no, key))
    }

    /// The key of a run's scratch codes.
    pub fn scratch_key(&self, key_no: KeyNo) -> Option<&CodeKey> {
        self.scratch.get(&key_no)
    }

    /// The signer of the ledger's checkpoints.
    pub fn ledger_signer(&self) -> Result<&SignerKey> {
        self.ledger.as_ref().ok_or(Error::NoActiveKey { purpose: Purpose::Ledger.as_str() })
    }

    /// The state of a key.
    pub fn status(&self, purpose: Purpose, key_no: KeyNo) -> Option<KeyStatus> {
        let of_key = |info: &&KeyInfo| info.purpose == purpose.as_str() && info.key_no == key_no.get();
        self.infos.iter().find(of_key).and_then(|info| KeyStatus::parse(info.status))
    }

    /// What may be told of all keys.
    pub fn infos(&self) -> &[KeyInfo] {
        &self.infos
    }
}

/// The keys of one deployment.
#[derive(Clone)]
pub struct Keys {
    db: Db,
    clock: Clock,
    secret: Secret,
    issuer: Issuer,
    room: Arc<RwLock<Arc<KeyRoom>>>,
}

impl Keys {
    /// Nothing is opened until `reload`.
    pub fn new(db: Db, clock: Clock, secret: Secret, issuer: Issuer) -> Self {
        Self { db, clock, secret, issuer, room: Arc::default() }
    }

    /// The opened keys now.
    pub fn room(&self) -> Arc<KeyRoom> {
        Arc::clone(&self.room.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads and opens all keys again.
    pub async fn reload(&self) -> Result<Arc<KeyRoom>> {
        let rows = store::all(&mut *self.db.conn().await?).await?;
        let room = Arc::new(self.open_all(&rows)?);
        *self.room.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&room);
        Ok(room)
    }

    /// Whether the register answers and stamps can be signed and coded.
    pub async fn check_ready(&self) -> Result<()> {
        let room = self.reload().await?;
        room.active(Purpose::Stamp, self.clock.now())?;
        room.active(Purpose::Code, self.clock.now())?;
        Ok(())
    }

    /// Makes the next key of a purpose and returns its number. Older keys stay active until they are retired.
    pub async fn create(&self, purpose: Purpose) -> Result<KeyNo> {
        self.create_as(Author::OPERATOR, purpose).await
    }

    async fn create_as(&self, author: Author, purpose: Purpose) -> Result<KeyNo> {
        let mut conn = self.db.conn().await?;
        let key_no = conn.transaction(async |conn| self.insert_next(conn, author, purpose).await).await?;
        self.reload().await?;
        Ok(key_no)
    }

    /// Makes the ledger's key where there is none yet, as in a deployment that is older than its ledger.
    pub async fn ensure_ledger_key(&self) -> Result<()> {
        if self.reload().await?.ledger.is_some() {
            return Ok(());
        }
        match self.create_as(Author::SERVICE, Purpose::Ledger).await {
            Ok(_) => Ok(()),
            // Another process that starts as well may have made it a moment ago.
            Err(error) => self.reload().await?.ledger_signer().map(drop).map_err(|_| error),
        }
    }

    /// Ends signing under a key; what it signed stays valid. The last active key stays until there is another.
    pub async fn retire(&self, purpose: Purpose, key_no: KeyNo) -> Result<()> {
        self.age(purpose, key_no, KeyStatus::Retired).await
    }

    /// Notes that a private key may be in other hands: from now on only the mint record vouches for its stamps.
    pub async fn mark_compromised(&self, purpose: Purpose, key_no: KeyNo) -> Result<()> {
        self.age(purpose, key_no, KeyStatus::Compromised).await
    }

    async fn insert_next(&self, conn: &mut AsyncPgConnection, author: Author, purpose: Purpose) -> Result<KeyNo> {
        store::lock_purpose(conn, purpose.as_str()).await?;
        let next = store::last_key_no(conn, purpose.as_str()).await? + 1;
        if purpose == Purpose::Ledger && 1 < next {
            return Err(one_ledger_key());
        }
        let key_no = KeyNo::try_from(next).map_err(|_| {
            Error::refused(
                "key-numbers-exhausted",
                "Đã dùng hết 4095 số khóa.",
                "all 4095 key numbers of this purpose are used",
            )
        })?;
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(Error::internal)?;
        let public_key = matches!(purpose, Purpose::Stamp | Purpose::Ledger)
            .then(|| StampSigner::new(key_no, &seed).public_bytes().to_vec());
        let now = self.clock.now();
        let row = KeyRow {
            purpose: purpose.as_str().to_owned(),
            key_no: next,
            public_key,
            sealed: self.secret.seal(&self.place(purpose, key_no), seed.as_ref())?,
            status: KeyStatus::Active.as_str().to_owned(),
            not_before: now,
            not_after: None,
            created_at: now,
            changed_at: now,
        };
        store::insert(conn, &row).await?;
        ledger::append(conn, &entered::draft(Kind::KeyAdded, author, &row, now), now).await?;
        Ok(key_no)
    }

    async fn age(&self, purpose: Purpose, key_no: KeyNo, to: KeyStatus) -> Result<()> {
        if purpose == Purpose::Ledger {
            return Err(one_ledger_key());
        }
        let (mut conn, now) = (self.db.conn().await?, self.clock.now());
        conn.transaction(async |conn| {
            let rows = store::lock_purpose(conn, purpose.as_str()).await?;
            let row =
                rows.iter().find(|row| row.key_no == i32::from(key_no.get())).ok_or(Error::NotFound(Thing::Key))?;
            let is_active = |row: &KeyRow| row.status == KeyStatus::Active.as_str();
            if to == KeyStatus::Retired && is_active(row) && rows.iter().filter(|row| is_active(row)).count() == 1 {
                return Err(Error::refused(
                    "last-active-key",
                    "Đây là khóa cuối cùng đang dùng; xin tạo khóa mới trước (nguon keys new).",
                    "this is the last active key of its purpose; make a new one first: nguon keys new",
                ));
            }
            if to == KeyStatus::Retired && row.status == KeyStatus::Compromised.as_str() {
                return Err(Error::refused(
                    "key-compromised",
                    "Khóa đã lộ thì không đổi lại được.",
                    "a compromised key stays compromised",
                ));
            }
            store::set_status(conn, purpose.as_str(), row.key_no, to.as_str(), now).await?;
            let kind = if to == KeyStatus::Retired { Kind::KeyRetired } else { Kind::KeyCompromised };
            if row.status != to.as_str() {
                ledger::append(conn, &entered::draft(kind, Author::OPERATOR, row, now), now).await?;
            }
            Ok(())
        })
        .await?;
        self.reload().await?;
        Ok(())
    }

    /// What a sealed key is bound to: another row, purpose or issuer cannot borrow it.
    fn place(&self, purpose: Purpose, key_no: KeyNo) -> String {
        format!("{}/{}/{key_no}", self.issuer.as_str(), purpose.as_str())
    }

    fn open_all(&self, rows: &[KeyRow]) -> Result<KeyRoom> {
        let mut room = KeyRoom::default();
        let mut public = Vec::new();
        for row in rows {
            let damaged = || Error::internal(format!("damaged key row {} {}", row.purpose, row.key_no));
            let purpose = Purpose::parse(&row.purpose).ok_or_else(damaged)?;
            let key_no = KeyNo::try_from(row.key_no).map_err(|_| damaged())?;
            let status = KeyStatus::parse(&row.status).ok_or_else(damaged)?;
            let does_not_open = Error::KeyDoesNotOpen { purpose: purpose.as_str(), key_no: key_no.get() };
            let seed = self.secret.open(&self.place(purpose, key_no), &row.sealed).ok_or(does_not_open)?;
            match purpose {
                Purpose::Stamp => {
                    let signer = StampSigner::new(key_no, &seed);
                    if row.public_key.as_deref() != Some(signer.public_bytes().as_slice()) {
                        return Err(damaged());
                    }
                    let verifying = check_key(&signer.public_bytes()).map_err(|_| damaged())?;
                    public.push(PublicKey {
                        key_no,
                        verifying,
                        status,
                        not_before: Some(row.not_before),
                        not_after: row.not_after,
                    });
                    room.signers.insert(key_no, signer);
                }
                Purpose::Code => drop(room.codes.insert(key_no, CodeKey::new(*seed))),
                Purpose::Scratch => drop(room.scratch.insert(key_no, CodeKey::new(*seed))),
                Purpose::Ledger => room.ledger = Some(self.open_ledger_key(&seed, row)?),
            }
            room.infos.push(KeyInfo {
                purpose: purpose.as_str(),
                key_no: key_no.get(),
                status: status.as_str(),
                not_before: row.not_before,
                not_after: row.not_after,
            });
        }
        room.ring = public.into_iter().collect();
        Ok(room)
    }

    /// The name of the ledger's key is the origin of its checkpoints: a URL without scheme.
    fn open_ledger_key(&self, seed: &[u8; 32], row: &KeyRow) -> Result<SignerKey> {
        let stored = row.public_key.as_deref().and_then(|bytes| bytes.try_into().ok());
        let name = KeyName::parse(&format!("{}/ledger", self.issuer.as_str())).map_err(Error::internal)?;
        let signer = SignerKey::new(name.clone(), KeyKind::Ed25519, seed).map_err(Error::internal)?;
        let said = stored.map(|public| VerifierKey::new(name, KeyKind::Ed25519, &public)).transpose();
        match said.map_err(Error::internal)? {
            Some(said) if said == *signer.verifier() => Ok(signer),
            _ => Err(Error::internal("damaged key row of the ledger")),
        }
    }
}

fn one_ledger_key() -> Error {
    Error::refused(
        "one-ledger-key",
        "Sổ cái có đúng một khóa và giữ khóa đó mãi; khóa khác là sổ cái khác.",
        "the ledger has one key for ever; another key would be another ledger",
    )
}
