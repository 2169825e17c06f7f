//! A witness at work: judge a checkpoint by its own record, write the record, sign. It must never sign before the record is on the
//! disk, and never anything but what follows from the record.

use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::error::{Error, Result};
use crate::merkle::{
    Hash, KeyKind, KeyName, MerkleError, Note, NoteSignature, SignedCheckpoint, SignerKey, TreeHead, VerifierKey,
    cosign,
};

use super::policy::{Refusal, decide};
use super::state::{LogRecord, StateFolder, damaged};

/// A log that the witness follows: the keys, one or more, that may sign for its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownLog {
    origin: KeyName,
    keys: Vec<VerifierKey>,
}

impl KnownLog {
    /// A log with one key.
    pub fn new(key: VerifierKey) -> Result<Self> {
        if key.kind() != KeyKind::Ed25519 {
            return Err(Error::invalid(
                "vkey",
                "Đây là khóa của người làm chứng, không phải của sổ cái; xin lấy khóa ở /ledger/vkey.",
                "this is the key of a witness, not of a log; take the one at /ledger/vkey",
            ));
        }
        Ok(Self { origin: key.name().clone(), keys: vec![key] })
    }

    /// Puts keys of the same name together: a log that changes its key has two for a while.
    pub fn all(keys: impl IntoIterator<Item = VerifierKey>) -> Result<Vec<Self>> {
        let mut logs: Vec<Self> = Vec::new();
        for key in keys {
            let log = Self::new(key)?;
            match logs.iter_mut().find(|other| other.origin == log.origin) {
                Some(known) => known.keys.extend(log.keys),
                None => logs.push(log),
            }
        }
        Ok(logs)
    }

    /// Its origin line.
    pub const fn origin(&self) -> &KeyName {
        &self.origin
    }

    /// The keys that may sign for it.
    pub fn keys(&self) -> &[VerifierKey] {
        &self.keys
    }

    /// Checks that a key of this log signed the note, and no key of it falsely.
    pub fn check(&self, note: Note) -> Result<SignedCheckpoint, MerkleError> {
        let signers = note.verify(&self.keys)?;
        let signer = (*signers.first().ok_or(MerkleError::Unsigned)?).clone();
        SignedCheckpoint::check(note, &signer)
    }

    /// The checkpoint with the signatures of this log alone: whatever else came along is not ours to keep.
    fn strip(&self, checkpoint: &SignedCheckpoint) -> Result<SignedCheckpoint, MerkleError> {
        let note = checkpoint.note();
        let is_of_log = |line: &&NoteSignature| self.keys.iter().any(|key| line.is_under(key));
        let lines: String = note.signatures().iter().filter(is_of_log).map(ToString::to_string).collect();
        self.check(Note::parse(format!("{}\n{lines}", note.unverified_text()).as_bytes())?)
    }
}

/// A checkpoint that the witness cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosigned {
    /// With the log's signature and the witness's, and no other.
    pub checkpoint: SignedCheckpoint,
    /// The witness's signature.
    pub line: NoteSignature,
    /// Its time, seconds since 1970.
    pub time: u64,
}

/// What came of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Signed, and on record.
    Cosigned(Box<Cosigned>),
    /// Not signed; the record is as it was.
    Refused(Refusal),
}

/// A witness: its key, its records, its clock.
#[derive(Clone, Debug)]
pub struct Witness {
    signer: Arc<SignerKey>,
    state: StateFolder,
    clock: Clock,
}

impl Witness {
    /// Opens a folder that `nguon witness init` made.
    pub fn open(dir: &Path, clock: Clock) -> Result<Self> {
        let state = StateFolder::new(dir);
        Ok(Self { signer: Arc::new(state.read_key()?), state, clock })
    }

    /// The public half of its key.
    pub fn verifier(&self) -> &VerifierKey {
        self.signer.verifier()
    }

    /// Its folder.
    pub const fn state(&self) -> &StateFolder {
        &self.state
    }

    /// The last checkpoint of a log that it cosigned.
    pub fn last(&self, log: &KnownLog) -> Result<Option<Cosigned>> {
        let Some(bytes) = self.state.last(&log.origin)? else { return Ok(None) };
        self.read(log, &bytes).map(Some)
    }

    /// Cosigns a checkpoint if it follows from the last one that was cosigned here; `old_size` is what the asker believes that to
    /// be. Blocks on the lock and on the disk.
    ///
    /// The record is read, judged and written under one lock, so that two requests never see the same record. If we die after
    /// writing it and before the cosignature leaves, the asker is told the new size when it comes again, and gets its cosignature
    /// then.
    pub fn cosign(
        &self,
        log: &KnownLog,
        old_size: u64,
        proof: &[Hash],
        checkpoint: &SignedCheckpoint,
    ) -> Result<Judgement> {
        let record = self.state.lock(&log.origin)?;
        let last = self.read_record(log, &record)?;
        let last_head = last.as_ref().map_or(TreeHead::EMPTY, |last| *last.checkpoint.head());
        if let Err(refusal) = decide(&last_head, old_size, checkpoint.head(), proof) {
            return Ok(Judgement::Refused(refusal));
        }
        let time = self.time_after(last.as_ref().map_or(0, |last| last.time))?;
        let mut checkpoint = log.strip(checkpoint).map_err(Error::internal)?;
        let line = cosign(&checkpoint, &self.signer, time).map_err(Error::internal)?;
        checkpoint.add_cosignature(line.clone(), self.verifier()).map_err(Error::internal)?;
        record.replace(&checkpoint)?;
        Ok(Judgement::Cosigned(Box::new(Cosigned { checkpoint, line, time })))
    }

    fn read_record(&self, log: &KnownLog, record: &LogRecord) -> Result<Option<Cosigned>> {
        record.last()?.map(|bytes| self.read(log, &bytes)).transpose()
    }

    /// A record counts only with our own cosignature on it: one that was cut, mixed up or made under another key is not read as
    /// "nothing was signed yet".
    fn read(&self, log: &KnownLog, bytes: &[u8]) -> Result<Cosigned> {
        let unreadable = || damaged(&self.state.checkpoint_file(&log.origin));
        let checkpoint = Note::parse(bytes).and_then(|note| log.check(note)).map_err(|_| unreadable())?;
        let ours = checkpoint.cosignatures(std::slice::from_ref(self.verifier())).map_err(|_| unreadable())?;
        let time = ours.first().ok_or_else(unreadable)?.time;
        let lines = checkpoint.note().signatures();
        let line = lines.iter().find(|line| line.is_under(self.verifier())).cloned().ok_or_else(unreadable)?;
        Ok(Cosigned { checkpoint, line, time })
    }

    /// Now, but never before the last time: a larger tree at an earlier time would contradict what was signed before, so a clock
    /// that was set back stands still here until it has caught up.
    fn time_after(&self, last: u64) -> Result<u64> {
        let now = u64::try_from(self.clock.now().timestamp()).ok().filter(|now| 0 < *now);
        let now = now.ok_or_else(|| {
            Error::refused(
                "clock-before-1970",
                "Đồng hồ máy sai năm; xin chỉnh lại giờ.",
                "this machine's clock stands before 1970; set it",
            )
        })?;
        if now < last {
            tracing::warn!(
                seconds_behind = last - now,
                "the clock stands before the last cosignature; was it set back?"
            );
        }
        Ok(now.max(last))
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;
    use crate::merkle::prove_consistency;
    use crate::witness::testing::{Log, witness};

    fn cosigned(judgement: Judgement) -> Cosigned {
        match judgement {
            Judgement::Cosigned(cosigned) => *cosigned,
            Judgement::Refused(refusal) => panic!("{refusal}"),
        }
    }

    fn refused(judgement: Judgement) -> Refusal {
        match judgement {
            Judgement::Refused(refusal) => refusal,
            Judgement::Cosigned(cosigned) => panic!("{}", cosigned.checkpoint),
        }
    }

    /// Asks as an honest log would.
    fn ask(witness: &Witness, log: &Log, old: u64, new: u64) -> Judgement {
        let proof = prove_consistency(&log.tiles, old, new).unwrap();
        witness.cosign(&log.known(), old, &proof, &log.checkpoint(new)).unwrap()
    }

    #[test]
    fn a_cosignature_verifies_and_is_on_record_with_the_logs_signature_alone() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(300));
        let witness = witness(dir.path());
        let made = cosigned(ask(&witness, &log, 0, 5));
        let again = cosigned(ask(&witness, &log, 5, 300));
        assert_eq!(again.checkpoint.cosignatures(&[witness.verifier().clone()]).unwrap()[0].time, again.time);
        assert_ne!(made.line, again.line);
        let last = witness.last(&log.known()).unwrap().unwrap();
        assert_eq!(last, again);
        assert_eq!(last.checkpoint.note().signatures().len(), 2);
    }

    #[test]
    fn signatures_of_strangers_are_not_kept() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(9));
        let witness = witness(dir.path());
        let stranger = SignerKey::new(KeyName::parse("w").unwrap(), KeyKind::Cosignature, &[99; 32]).unwrap();
        let mut checkpoint = log.checkpoint(9);
        let line = cosign(&checkpoint, &stranger, 1).unwrap();
        checkpoint.add_cosignature(line, stranger.verifier()).unwrap();
        let made = cosigned(witness.cosign(&log.known(), 0, &[], &checkpoint).unwrap());
        assert!(!made.checkpoint.to_string().contains("\n\u{2014} w "));
    }

    #[test]
    fn the_record_outlives_the_process() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        cosigned(ask(&witness(dir.path()), &log, 0, 12));
        let reopened = Witness::open(dir.path(), Clock::system()).unwrap();
        assert_eq!(refused(ask(&reopened, &log, 0, 20)), Refusal::OtherSize { last: 12 });
        assert_eq!(refused(ask(&reopened, &log, 3, 5)), Refusal::OtherSize { last: 12 });
    }

    #[test]
    fn what_a_death_before_the_renaming_left_behind_counts_for_nothing() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        let witness = witness(dir.path());
        cosigned(ask(&witness, &log, 0, 12));
        let left = witness.state.checkpoint_file(log.known().origin()).with_extension("new");
        std::fs::write(&left, "half a checkpo").unwrap();
        assert_eq!(witness.last(&log.known()).unwrap().unwrap().checkpoint.head().size, 12);
        assert_eq!(cosigned(ask(&witness, &log, 12, 20)).checkpoint.head().size, 20);
    }

    #[test]
    fn a_damaged_record_is_refused_and_not_taken_for_none() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        let witness = witness(dir.path());
        cosigned(ask(&witness, &log, 0, 12));
        let file = witness.state.checkpoint_file(log.known().origin());
        let whole = std::fs::read(&file).unwrap();
        for n_bytes in 0..whole.len() {
            std::fs::write(&file, &whole[..n_bytes]).unwrap();
            let proof = prove_consistency(&log.tiles, 12, 20).unwrap();
            let error = witness.cosign(&log.known(), 12, &proof, &log.checkpoint(20)).unwrap_err();
            assert_eq!(error.code(), "witness-state-damaged", "{n_bytes}");
        }
    }

    #[test]
    fn a_record_under_another_key_of_the_witness_is_refused() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        let old_key = witness(dir.path());
        cosigned(ask(&old_key, &log, 0, 12));
        std::fs::remove_file(dir.path().join("witness.key")).unwrap();
        let new_key = witness(dir.path());
        assert_eq!(new_key.last(&log.known()).unwrap_err().code(), "witness-state-damaged");
    }

    #[test]
    fn the_same_size_is_cosigned_again_with_the_new_time() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        let clock = Clock::system();
        witness(dir.path());
        let witness = Witness::open(dir.path(), clock.clone()).unwrap();
        clock.move_to("2026-12-01T00:00:00Z".parse().unwrap());
        let first = cosigned(ask(&witness, &log, 0, 20)).time;
        clock.move_to("2026-12-01T01:00:00Z".parse().unwrap());
        let second = cosigned(ask(&witness, &log, 20, 20)).time;
        assert!((3_599..=3_601).contains(&(second - first)));
    }

    #[test]
    fn a_clock_that_was_set_back_never_gives_an_earlier_time() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(20));
        let clock = Clock::system();
        witness(dir.path());
        let witness = Witness::open(dir.path(), clock.clone()).unwrap();
        clock.move_to("2026-12-01T01:00:00Z".parse().unwrap());
        let first = cosigned(ask(&witness, &log, 0, 10)).time;
        clock.move_to("2026-12-01T00:00:00Z".parse().unwrap());
        assert_eq!(cosigned(ask(&witness, &log, 10, 20)).time, first);
    }

    #[test]
    fn a_log_with_two_keys_is_believed_by_either_and_refused_for_a_false_one() {
        let (old, new) = (Log::of(5), Log::with_key(5, 8));
        let log = &KnownLog::all([old.signer.verifier().clone(), new.signer.verifier().clone()]).unwrap()[0];
        let (by_old, by_new) = (old.checkpoint(5), new.checkpoint(4));
        assert!(log.check(by_old.note().clone()).is_ok());
        assert!(log.check(by_new.note().clone()).is_ok());
        // The other key's signature is for another text.
        let mixed = format!("{by_old}{}", by_new.note().signatures()[0]);
        let checked = log.check(Note::parse(mixed.as_bytes()).unwrap());
        assert!(matches!(checked, Err(MerkleError::Signature(_))));
    }

    #[test]
    fn many_at_once_never_make_it_sign_two_trees() {
        const N_THREADS: u64 = 8;
        const ROUNDS: u64 = 30;
        let (dir, ours) = (tempfile::tempdir().unwrap(), Log::of(400));
        // The same log with another history from entry 10 on: whoever comes first wins.
        let fork = Log::forked(400, 10);
        witness(dir.path());
        let run = |thread: u64| {
            // Each opens the folder for itself, as processes do.
            let witness = Witness::open(dir.path(), Clock::system()).unwrap();
            let log = if thread.is_multiple_of(2) { &ours } else { &fork };
            let mut signed = Vec::new();
            for round in 0..ROUNDS {
                let last = witness.last(&log.known()).unwrap().map_or(0, |last| last.checkpoint.head().size);
                let new = (last + (thread * 7 + round * 3) % 12).min(400);
                if let Judgement::Cosigned(cosigned) = ask(&witness, log, last, new) {
                    signed.push(*cosigned.checkpoint.head());
                }
            }
            signed
        };
        let signed: Vec<TreeHead> = thread::scope(|scope| {
            let threads: Vec<_> = (0..N_THREADS).map(|thread| scope.spawn(move || run(thread))).collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let last = *witness_last(dir.path(), &ours).checkpoint.head();
        let winner = if last == *ours.checkpoint(last.size).head() { &ours } else { &fork };
        assert!(signed.iter().all(|head| *head == *winner.checkpoint(head.size).head()));
        assert_eq!(signed.iter().map(|head| head.size).max(), Some(last.size));
    }

    fn witness_last(dir: &Path, log: &Log) -> Cosigned {
        Witness::open(dir, Clock::system()).unwrap().last(&log.known()).unwrap().unwrap()
    }

    #[test]
    fn no_size_is_signed_after_a_larger_one() {
        let (dir, log) = (tempfile::tempdir().unwrap(), Log::of(400));
        witness(dir.path());
        // All ask for their own growth from the same size; one gets it.
        let outcomes: Vec<Judgement> = thread::scope(|scope| {
            let ask_for = |new: u64| ask(&Witness::open(dir.path(), Clock::system()).unwrap(), &log, 0, new);
            let threads: Vec<_> = (1..=16).rev().map(|new| scope.spawn(move || ask_for(new))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let n_signed = outcomes.iter().filter(|outcome| matches!(outcome, Judgement::Cosigned(_))).count();
        assert_eq!(n_signed, 1);
    }
}
