//! The 13 signed bytes: which key, which product, which batch, which pack, good until when. Nothing else goes in.

use super::{BatchNo, KeyNo, LastValidDay, ProductNo, Rule, Serial};

/// Bytes 0 to 12 of a stamp.
pub const PAYLOAD_LEN: usize = 13;

/// The only version this code writes and reads.
const VERSION: u16 = 1;

/// What a stamp says, before any question of whether it is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Payload {
    /// The key that signed it.
    pub key_no: KeyNo,
    /// The product it was minted for.
    pub product_no: ProductNo,
    /// The batch it belongs to.
    pub batch_no: BatchNo,
    /// Which stamp of the batch.
    pub serial: Serial,
    /// The last day the goods are good, as signed.
    pub last_valid_day: LastValidDay,
}

impl Payload {
    /// The bytes that are signed and printed, big-endian.
    pub const fn to_bytes(self) -> [u8; PAYLOAD_LEN] {
        let [v, k] = (VERSION << 12 | self.key_no.get()).to_be_bytes();
        let [p0, p1, p2] = self.product_no.to_be_bytes();
        let [b0, b1, b2] = self.batch_no.to_be_bytes();
        let [s0, s1, s2] = self.serial.to_be_bytes();
        let [d0, d1] = self.last_valid_day.get().to_be_bytes();
        [v, k, p0, p1, p2, b0, b1, b2, s0, s1, s2, d0, d1]
    }

    /// Reads the bytes; another version is `version`, key number 0 is `key`.
    pub fn from_bytes(bytes: [u8; PAYLOAD_LEN]) -> Result<Self, Rule> {
        let [v, k, p0, p1, p2, b0, b1, b2, s0, s1, s2, d0, d1] = bytes;
        let head = u16::from_be_bytes([v, k]);
        if head >> 12 != VERSION {
            return Err(Rule::Version);
        }
        Ok(Self {
            key_no: KeyNo::new(head & KeyNo::MAX).map_err(|_| Rule::Key)?,
            product_no: ProductNo::from_be_bytes([p0, p1, p2]),
            batch_no: BatchNo::from_be_bytes([b0, b1, b2]),
            serial: Serial::from_be_bytes([s0, s1, s2]),
            last_valid_day: LastValidDay::from(u16::from_be_bytes([d0, d1])),
        })
    }
}
