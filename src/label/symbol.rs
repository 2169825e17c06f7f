//! Encodes one stamp into the modules of its symbol; it must never choose a version by itself or let the crate split the text.

use qrcode::{Version, bits::Bits};

use super::{
    LabelError,
    carrier::{Carrier, Level},
    mask::draw_with_best_mask,
    plan::{LabelWidth, Plan, check_origin, plan},
};

/// Digits of a version 1 stamp: 11 groups of 17.
const N_DIGITS: usize = 187;
/// Characters of a typed code.
const N_CODE: usize = 16;
/// Crockford's base32 alphabet.
const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What is printed for one stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StampText<'a> {
    /// `https://host` in lower case without a trailing slash, with a port if there is one.
    pub origin: &'a str,
    /// The 187 digits of the signed stamp; printed by the full carrier only.
    pub digits: &'a str,
    /// The typed code: 16 Crockford characters in upper case, no dashes.
    pub code: &'a str,
    /// Number within the batch; 0 is the stamp of the whole batch or carton.
    pub serial: u32,
}

impl StampText<'_> {
    /// The address inside the symbol.
    pub fn url(&self, carrier: Carrier) -> String {
        let Self { origin, .. } = self;
        format!("{origin}{}{}", carrier.path(), self.payload(carrier))
    }

    fn payload(&self, carrier: Carrier) -> &str {
        match carrier {
            Carrier::Full => self.digits,
            Carrier::Compact => self.code,
        }
    }

    /// Refuses a stamp that could not be read again; the digits matter only where they are printed.
    pub(super) fn check(&self, carrier: Carrier) -> Result<(), LabelError> {
        check_origin(self.origin)?;
        if self.code.len() != N_CODE || !self.code.bytes().all(|b| CROCKFORD.contains(&b)) {
            return Err(LabelError::CodeMalformed);
        }
        let digits_ok = self.digits.len() == N_DIGITS && self.digits.bytes().all(|b| b.is_ascii_digit());
        if carrier == Carrier::Full && !digits_ok {
            return Err(LabelError::DigitsMalformed);
        }
        Ok(())
    }
}

/// The square of modules of one stamp, without its quiet zone.
#[derive(Clone, Debug, PartialEq)]
pub struct Symbol {
    plan: Plan,
    /// One row a word, column x in bit x; at most 53 columns.
    rows: Vec<u64>,
}

impl Symbol {
    /// QR version, 3 to 9.
    pub fn version(&self) -> i16 {
        self.plan.version
    }

    /// Error correction level.
    pub fn level(&self) -> Level {
        self.plan.level
    }

    /// Version and level, for example `7-M`.
    pub fn name(&self) -> String {
        self.plan.name()
    }

    /// Modules on a side.
    pub fn n_modules(&self) -> u16 {
        self.plan.n_modules()
    }

    /// Printed size of a module, in mm.
    pub fn module_mm(&self) -> f64 {
        self.plan.module_mm
    }

    /// Whether the module in column x of row y is dark; outside the symbol all is light.
    pub fn is_dark(&self, x: u16, y: u16) -> bool {
        x < self.n_modules() && self.row(y) >> x & 1 == 1
    }

    /// Row y with column x in bit x; outside the symbol all is light.
    pub(super) fn row(&self, y: u16) -> u64 {
        self.rows.get(usize::from(y)).copied().unwrap_or(0)
    }
}

impl Plan {
    /// Encodes one stamp of the run; every symbol of a plan has the same size.
    pub fn symbol(&self, stamp: &StampText) -> Result<Symbol, LabelError> {
        stamp.check(self.carrier)?;
        let mut bits = Bits::new(Version::Normal(self.version));
        bits.push_byte_data(format!("{}{}", stamp.origin, self.carrier.path()).as_bytes())?;
        match self.carrier {
            Carrier::Full => bits.push_numeric_data(stamp.digits.as_bytes())?,
            Carrier::Compact => bits.push_alphanumeric_data(stamp.code.as_bytes())?,
        }
        bits.push_terminator(self.level.ec())?;
        Ok(Symbol { plan: *self, rows: draw_with_best_mask(bits, self.level)? })
    }
}

/// Encodes one stamp for a label of this width; for a run, make the [`Plan`] once and use [`Plan::symbol`].
pub fn symbol_for(stamp: &StampText, carrier: Carrier, width: LabelWidth) -> Result<Symbol, LabelError> {
    plan(carrier.into(), width, stamp.origin)?.symbol(stamp)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{
        carrier::CarrierChoice,
        testing::{HOSTS, TestStamp, stamp},
    };

    #[test]
    fn ten_thousand_stamps_of_a_run_have_one_version_and_size() {
        let plan = plan(CarrierChoice::Auto, LabelWidth::STANDARD, HOSTS[1]).unwrap();
        for n in 0..10_000 {
            let symbol = plan.symbol(&TestStamp::numbered(n).text(HOSTS[1])).unwrap();
            assert_eq!((symbol.name().as_str(), symbol.n_modules(), symbol.rows.len()), ("7-M", 45, 45));
        }
    }

    #[test]
    fn extreme_digits_keep_the_size() {
        for (digit, letter) in [("0", "0"), ("9", "Z"), ("7", "H")] {
            let (digits, code) = (digit.repeat(N_DIGITS), letter.repeat(N_CODE));
            let stamp = StampText { origin: HOSTS[2], digits: &digits, code: &code, serial: 1 };
            assert_eq!(symbol_for(&stamp, Carrier::Full, LabelWidth::STANDARD).unwrap().name(), "7-M");
            assert_eq!(symbol_for(&stamp, Carrier::Compact, LabelWidth::STANDARD).unwrap().name(), "5-Q");
        }
    }

    #[test]
    fn the_longest_host_of_each_symbol_fits_and_one_more_character_does_not() {
        let made = TestStamp::numbered(1);
        for (mm, carrier, n_host, name) in [
            (20.0, Carrier::Full, 31, "7-M"),
            (22.0, Carrier::Full, 17, "8-Q"),
            (20.0, Carrier::Compact, 8, "3-Q"),
            (20.0, Carrier::Compact, 22, "4-Q"),
            (20.0, Carrier::Compact, 36, "5-Q"),
        ] {
            let width = LabelWidth::new(mm).unwrap();
            let origin = format!("https://{}", "h".repeat(n_host));
            let plan = plan(carrier.into(), width, &origin).unwrap();
            assert_eq!(plan.name(), name);
            assert!(plan.symbol(&made.text(&origin)).is_ok(), "{name}");
            assert_eq!(plan.symbol(&made.text(&format!("{origin}h"))).unwrap_err().code(), "label_symbol", "{name}");
        }
    }

    #[test]
    fn a_malformed_stamp_is_refused() {
        let good = stamp();
        let check = |text: StampText, carrier, code| {
            assert_eq!(symbol_for(&text, carrier, LabelWidth::STANDARD).unwrap_err().code(), code);
        };
        let good = good.text(HOSTS[0]);
        for digits in [
            "",
            &good.digits[1..],
            &format!("{}0", good.digits),
            &good.digits.replace('0', "٠"),
            &format!("-{}", &good.digits[1..]),
        ] {
            check(StampText { digits, ..good }, Carrier::Full, "label_digits_malformed");
        }
        for code in
            ["", "ABCD-EFGH-JKMN-P", "abcdefghjkmnpqrs", "ABCDEFGHJKMNPQRU", "ABCDEFGHJKMNPQR", "ABCDEFGHJKMNPQRSS"]
        {
            check(StampText { code, ..good }, Carrier::Compact, "label_code_malformed");
            check(StampText { code, ..good }, Carrier::Full, "label_code_malformed");
        }
        check(StampText { origin: "https://Tem.vn", ..good }, Carrier::Full, "label_origin_malformed");
    }

    #[test]
    fn a_compact_symbol_needs_no_digits() {
        let made = stamp();
        let text = StampText { digits: "", ..made.text(HOSTS[0]) };
        assert!(symbol_for(&text, Carrier::Compact, LabelWidth::STANDARD).is_ok());
    }

    #[test]
    fn outside_the_symbol_all_is_light() {
        let symbol = symbol_for(&stamp().text(HOSTS[0]), Carrier::Full, LabelWidth::STANDARD).unwrap();
        assert!(symbol.is_dark(0, 0) && symbol.is_dark(44, 0) && symbol.is_dark(0, 44));
        assert!(!symbol.is_dark(45, 0) && !symbol.is_dark(0, 45) && !symbol.is_dark(u16::MAX, u16::MAX));
    }
}
