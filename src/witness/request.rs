//! The texts of `add-checkpoint` (C2SP tlog-witness v1.0.0), read and written. Pure. It must never judge what a request claims: that
//! takes the witness's own record of the log.

use std::fmt;

use crate::merkle::{Hash, MerkleError, Note, parse_decimal};

/// Most hashes in a consistency proof (tlog-witness v1.0.0): no tree of 2^63 - 1 leaves has a longer one.
pub const MAX_PROOF_LINES: usize = 63;
/// Longest body that is read, bytes: 16 signatures of the largest kind that C2SP knows (5 kB, a third more in base64), which every
/// reader of notes must accept, with names, text and proof beside them.
pub const MAX_REQUEST_BYTES: usize = 128 * 1024;
/// Media type of an answer that is the size of the witness's last checkpoint.
pub const SIZE_TYPE: &str = "text/x.tlog.size";

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// Longer than any honest one.
    #[error("the request is longer than {MAX_REQUEST_BYTES} bytes")]
    TooLong,
    /// Not text.
    #[error("the request is not UTF-8")]
    NotText,
    /// Nothing stands between proof and checkpoint.
    #[error("an empty line stands before the checkpoint")]
    NoCheckpoint,
    /// The first line is another.
    #[error("the first line is \"old\", one space and a size, a decimal without leading zeros")]
    OldSize,
    /// A line of the proof is no hash.
    #[error("each line of the proof is one hash of 32 bytes in padded base64")]
    Proof,
    /// More lines than a proof can have.
    #[error("the proof has at most {MAX_PROOF_LINES} lines")]
    ProofLong,
    /// The checkpoint is no signed note.
    #[error("the checkpoint is {0}")]
    Checkpoint(MerkleError),
}

/// A request as it was read: well-formed, nothing in it checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the log believes the witness cosigned last; 0 when never.
    pub old_size: u64,
    /// From that size to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The checkpoint with whatever signatures came along.
    pub checkpoint: Note,
}

impl AddCheckpoint {
    /// Reads a body. Every request has one spelling.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if MAX_REQUEST_BYTES < body.len() {
            return Err(RequestError::TooLong);
        }
        let text = str::from_utf8(body).map_err(|_| RequestError::NotText)?;
        // Neither the size nor a hash is an empty line, so the first one ends them.
        let (head, note) = text.split_once("\n\n").ok_or(RequestError::NoCheckpoint)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")).and_then(parse_decimal);
        let old_size = old.ok_or(RequestError::OldSize)?;
        // Counted before anything is decoded.
        if MAX_PROOF_LINES < lines.clone().count() {
            return Err(RequestError::ProofLong);
        }
        let proof = lines.map(Hash::parse).collect::<Option<Vec<_>>>().ok_or(RequestError::Proof)?;
        let checkpoint = Note::parse(note.as_bytes()).map_err(RequestError::Checkpoint)?;
        Ok(Self { old_size, proof, checkpoint })
    }

    /// The first line of the checkpoint: the log that it claims to be of.
    pub fn claimed_origin(&self) -> &str {
        self.checkpoint.unverified_text().split('\n').next().unwrap_or_default()
    }
}

/// The body.
impl fmt::Display for AddCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        self.proof.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

/// The answer 409: the size of the last cosigned checkpoint in decimal, and a newline.
pub fn print_size(size: u64) -> String {
    format!("{size}\n")
}

/// Reads the answer 409.
pub fn parse_size(body: &[u8]) -> Option<u64> {
    str::from_utf8(body).ok()?.strip_suffix('\n').and_then(parse_decimal)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n\
        \u{2014} example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n\
        \u{2014} example.com/behind-the-sofa opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n";
    const HASH: &str = "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=";

    #[track_caller]
    fn refused(body: &str, because: &RequestError) {
        assert_eq!(AddCheckpoint::parse(body.as_bytes()).as_ref(), Err(because), "{body}");
    }

    #[test]
    fn the_example_of_the_specification_prints_as_it_was_read() {
        let body = format!(
            "old 20852014\n{HASH}\njrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n\
             5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n{NOTE}"
        );
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.proof.len()), (20_852_014, 4));
        assert_eq!(request.claimed_origin(), "example.com/behind-the-sofa");
        assert_eq!(request.to_string(), body);
    }

    #[test]
    fn a_request_may_come_without_proof() {
        let body = format!("old 0\n\n{NOTE}");
        let request = AddCheckpoint::parse(body.as_bytes()).unwrap();
        assert_eq!((request.old_size, request.proof.is_empty()), (0, true));
        assert_eq!(request.to_string(), body);
    }

    #[test]
    fn a_misspelt_old_size_is_refused() {
        for line in [
            "",
            "old",
            "old ",
            "old  1",
            "old 01",
            "old 00",
            "old +1",
            "old -1",
            "old 1 ",
            " old 1",
            "Old 1",
            "old\t1",
            "old 1\r",
            "old 0x1",
            "old ١",
            "old 9223372036854775808",
            "old 18446744073709551616",
            "new 1",
            HASH,
        ] {
            refused(&format!("{line}\n{HASH}\n\n{NOTE}"), &RequestError::OldSize);
        }
    }

    #[test]
    fn a_misspelt_hash_is_refused() {
        let unused_bits = HASH.replace("kaw=", "kax=");
        for line in [
            "x",
            " ",
            "old 2",
            &HASH[..43],
            &HASH[..40],
            &unused_bits,
            &format!("{HASH} "),
            &format!(" {HASH}"),
            &format!("{HASH}\r"),
            &format!("{HASH}{HASH}"),
            &HASH.replace('a', "-"),
        ] {
            refused(&format!("old 1\n{line}\n\n{NOTE}"), &RequestError::Proof);
            refused(&format!("old 1\n{HASH}\n{line}\n\n{NOTE}"), &RequestError::Proof);
        }
    }

    #[test]
    fn a_proof_has_at_most_63_lines() {
        let body = |n_lines: usize| format!("old 1\n{}\n{NOTE}", format!("{HASH}\n").repeat(n_lines));
        assert_eq!(AddCheckpoint::parse(body(63).as_bytes()).unwrap().proof.len(), 63);
        refused(&body(64), &RequestError::ProofLong);
        refused(&format!("old 1\n{}\n{NOTE}", "x\n".repeat(64)), &RequestError::ProofLong);
    }

    #[test]
    fn a_request_without_an_empty_line_before_the_checkpoint_is_refused() {
        let unsigned = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        for body in ["", "old 1", "old 1\n", &format!("old 1\n{HASH}\n"), &format!("old 1\n{unsigned}")] {
            refused(body, &RequestError::NoCheckpoint);
        }
        // The first empty line is then the checkpoint's own, and its lines are no hashes.
        refused(&format!("old 1\n{NOTE}"), &RequestError::Proof);
        refused(&format!("old 1\r\n\r\n{NOTE}"), &RequestError::OldSize);
    }

    #[test]
    fn a_checkpoint_that_is_no_signed_note_is_refused() {
        let (text, signatures) = NOTE.split_once("\n\n").unwrap();
        let long_note = format!("{text}\n\n{}", format!("{}\n", signatures.lines().next().unwrap()).repeat(101));
        for note in [
            "",
            "x",
            text,
            &NOTE[..NOTE.len() - 1],
            &format!("{NOTE}\n"),
            &format!("{NOTE}x\n"),
            &NOTE.replace('\n', "\r\n"),
            &NOTE.replace('\u{2014}', "-"),
            &NOTE.replace("20852163", "2085\u{0}2163"),
            &long_note,
        ] {
            let body = format!("old 1\n\n{note}");
            assert!(matches!(AddCheckpoint::parse(body.as_bytes()), Err(RequestError::Checkpoint(_))), "{note}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_and_bodies_beyond_the_limit_are_refused() {
        let body = [b"old 1\n\n".as_slice(), &[0xff], NOTE.as_bytes()].concat();
        assert_eq!(AddCheckpoint::parse(&body), Err(RequestError::NotText));
        let body = format!("old 1\n\n{}{NOTE}", "x\n".repeat(MAX_REQUEST_BYTES / 2));
        refused(&body, &RequestError::TooLong);
    }

    #[test]
    fn the_size_of_an_answer_has_one_spelling() {
        assert_eq!(parse_size(print_size(20_852_014).as_bytes()), Some(20_852_014));
        for body in ["", "\n", "1", "1\n\n", "01\n", " 1\n", "1\r\n", "-1\n", "9223372036854775808\n"] {
            assert_eq!(parse_size(body.as_bytes()), None, "{body:?}");
        }
    }
}
