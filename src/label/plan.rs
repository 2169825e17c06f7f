//! Which symbol a run of stamps gets on a label of a given width; decides, and must never encode or draw.
//!
//! | carrier | symbol | when |
//! |---|---|---|
//! | full | version 7, level M (45 modules) | from 18 mm |
//! | full | version 8, level Q (49 modules) | from 22 mm, where the address fits (hosts of up to 17 characters) |
//! | full | version 9, level Q (53 modules) | from 23 mm otherwise: `ocop.thainguyen.vn`, with 18 characters, misses 8-Q by 2 bits |
//! | compact | level Q, the smallest version from 3 that fits | from 12 mm at 29 modules, in proportion above |
//!
//! Between 22 and 23 mm a longer host stays on 7-M: a module of 9-Q would get less than 3 whole dots
//! at 203 dpi (0.3754 mm), and readers care more about the module than about the level.

use std::fmt;

use qrcode::{Version, bits::Bits};

use super::{
    LabelError, QUIET_MODULES,
    carrier::{Carrier, CarrierChoice, Level},
};

/// Smallest width of a label, in mm: nothing that carries a stamp was read reliably below 12, and 10 leaves room for a clear answer.
pub(super) const WIDTH_MIN_MM: f64 = 10.0;
/// Largest width of a label, in mm: a carton label; wider than half an A4 page gains no reading distance.
pub(super) const WIDTH_MAX_MM: f64 = 100.0;
/// Below 18 mm a version 7 symbol gets under 4 dots a module at 300 dpi, and reading drops from 100 to 89 %.
pub(super) const FULL_MIN_WIDTH: LabelWidth = LabelWidth(180);
/// From 22 mm the 57 modules of version 8 still get 3 whole dots each at 203 dpi.
const Q8_MIN_WIDTH: LabelWidth = LabelWidth(220);
/// From 23 mm the 61 modules of version 9 still get 3 whole dots each at 203 dpi (61 × 0.3754 = 22.9 mm).
const Q9_MIN_WIDTH: LabelWidth = LabelWidth(230);
/// Width of the smallest compact symbol, in tenths of a mm, and its modules with the quiet zone: 100 % of single frames were read at this scale.
const COMPACT_MIN_TENTHS_PER_MODULES: (u16, u16) = (120, 37);
/// The versions a compact symbol may have; up to 9 the length fields of its segments keep one size.
const COMPACT_VERSIONS: std::ops::RangeInclusive<i16> = 3..=9;
/// Bits of a full URL besides `8 × bytes`: byte header 4 + 8, numeric header 4 + 10, 62 × 10 + 4 for 187 digits.
const FULL_FIXED_BITS: usize = 12 + 14 + 624;
/// Bits of a compact URL besides `8 × bytes`: byte header 4 + 8, alphanumeric header 4 + 9, 8 × 11 for 16 characters.
const COMPACT_FIXED_BITS: usize = 12 + 13 + 88;
/// Bytes of `/s/` and of `/c/`.
pub(super) const PATH_BYTES: usize = 3;
/// Printers in use, in dots an inch: thermal 203 and 300, office 600 and 1200.
const PRINTERS_DPI: [u16; 4] = [203, 300, 600, 1200];
/// Fewest dots a module may get: half dots and two-dot modules cost weak readers 30 points of 100.
const MIN_DOTS: f64 = 3.0;
/// The share of the largest module at which whole dots on a coarser printer are worth more: 22 mm then still suits 203 dpi.
const COARSER_PRINTER_WORTH: f64 = 0.96;
/// Millimetres in an inch.
const INCH_MM: f64 = 25.4;

/// Width of a label in tenths of a millimetre, quiet zone included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelWidth(u16);

impl LabelWidth {
    /// The standard label, 20 mm: 3 dots a module at 203 dpi.
    pub const STANDARD: Self = Self(200);

    /// A width in millimetres, rounded to the nearest tenth; 10 to 100 mm.
    pub fn new(mm: f64) -> Result<Self, LabelError> {
        if !(WIDTH_MIN_MM..=WIDTH_MAX_MM).contains(&mm) {
            return Err(LabelError::WidthOutOfRange { mm });
        }
        (100..=1000)
            .find(|tenths| f64::from(*tenths) + 0.5 > mm * 10.0)
            .map(Self)
            .ok_or(LabelError::WidthOutOfRange { mm })
    }

    /// A width in tenths of a millimetre; 100 to 1000.
    pub fn from_tenths(tenths: u16) -> Result<Self, LabelError> {
        Self::new(f64::from(tenths) / 10.0)
    }

    /// The width in tenths of a millimetre.
    pub const fn tenths(self) -> u16 {
        self.0
    }

    /// The width in millimetres.
    pub fn mm(self) -> f64 {
        f64::from(self.0) / 10.0
    }

    /// The width in millimetres as a Vietnamese reader writes it, with a decimal comma.
    pub fn vi(self) -> String {
        self.to_string().replace('.', ",")
    }
}

impl fmt::Display for LabelWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.mm())
    }
}

/// The size of every stamp of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// What the symbols carry.
    pub carrier: Carrier,
    /// QR version, 3 to 9.
    pub version: i16,
    /// Error correction level.
    pub level: Level,
    /// Width of the label, quiet zone included.
    pub width: LabelWidth,
    /// Printed size of a module in mm: a whole number of dots of a printer with [`Plan::dpi`], about as large as the width allows.
    pub module_mm: f64,
    /// The coarsest common printer on which a module is a whole number of dots.
    pub dpi: u16,
}

impl Plan {
    /// Modules on a side, without the quiet zone.
    pub fn n_modules(&self) -> u16 {
        n_modules(self.version)
    }

    /// Modules on a side with the quiet zone.
    pub fn total_modules(&self) -> u16 {
        self.n_modules() + 2 * QUIET_MODULES
    }

    /// Printed width of the symbol with its quiet zone, in mm: at most the label's width, less what whole dots leave over.
    pub fn symbol_mm(&self) -> f64 {
        f64::from(self.total_modules()) * self.module_mm
    }

    /// Version and level as printed in reports, for example `7-M`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.version, self.level.as_str())
    }
}

/// Decides once for a run which symbol its stamps get; `origin` is `https://host` in lower case, with a port if there is one.
pub fn plan(choice: CarrierChoice, width: LabelWidth, origin: &str) -> Result<Plan, LabelError> {
    check_origin(origin)?;
    match choice {
        CarrierChoice::Full => plan_full(width, origin),
        CarrierChoice::Auto if width >= FULL_MIN_WIDTH => plan_full(width, origin),
        CarrierChoice::Auto | CarrierChoice::Compact => plan_compact(width, origin),
    }
}

fn plan_full(width: LabelWidth, origin: &str) -> Result<Plan, LabelError> {
    if width < FULL_MIN_WIDTH {
        return Err(LabelError::FullTooNarrow { width });
    }
    let limit = origin_limit(7, Level::M, FULL_FIXED_BITS)?;
    if origin.len() > limit {
        return Err(LabelError::OriginTooLong { n_chars: origin.len(), limit, carrier: Carrier::Full.as_str() });
    }
    let (version, level) = if width >= Q8_MIN_WIDTH && origin.len() <= origin_limit(8, Level::Q, FULL_FIXED_BITS)? {
        (8, Level::Q)
    } else if width >= Q9_MIN_WIDTH {
        (9, Level::Q)
    } else {
        (7, Level::M)
    };
    Ok(fit_dots(Carrier::Full, version, level, width))
}

fn plan_compact(width: LabelWidth, origin: &str) -> Result<Plan, LabelError> {
    let mut limit = 0;
    for version in COMPACT_VERSIONS {
        limit = origin_limit(version, Level::Q, COMPACT_FIXED_BITS)?;
        if origin.len() <= limit {
            let min = compact_min_width(version);
            if width < min {
                return Err(LabelError::CompactTooNarrow { width, min });
            }
            return Ok(fit_dots(Carrier::Compact, version, Level::Q, width));
        }
    }
    Err(LabelError::OriginTooLong { n_chars: origin.len(), limit, carrier: Carrier::Compact.as_str() })
}

/// Longest origin, in bytes, whose URL fits the symbol.
fn origin_limit(version: i16, level: Level, fixed_bits: usize) -> Result<usize, LabelError> {
    let bits = Bits::new(Version::Normal(version)).max_len(level.ec())?;
    Ok((bits.saturating_sub(fixed_bits) / 8).saturating_sub(PATH_BYTES))
}

fn compact_min_width(version: i16) -> LabelWidth {
    let (tenths, modules) = COMPACT_MIN_TENTHS_PER_MODULES;
    LabelWidth(((n_modules(version) + 2 * QUIET_MODULES) * tenths).div_ceil(modules))
}

/// A module of whole dots: the largest there is, or one on a coarser printer that costs little of the width.
fn fit_dots(carrier: Carrier, version: i16, level: Level, width: LabelWidth) -> Plan {
    let room = width.mm() / f64::from(n_modules(version) + 2 * QUIET_MODULES);
    let modules = PRINTERS_DPI.map(|dpi| {
        let dot = INCH_MM / f64::from(dpi);
        let dots = (room / dot).floor();
        (if dots >= MIN_DOTS { dots * dot } else { 0.0 }, dpi)
    });
    let largest = modules.iter().map(|(module, _)| *module).fold(0.0, f64::max);
    let coarsest = modules.into_iter().find(|(module, _)| *module >= largest * COARSER_PRINTER_WORTH);
    let (module_mm, dpi) = coarsest.unwrap_or((room, 0));
    Plan { carrier, version, level, width, module_mm, dpi }
}

fn n_modules(version: i16) -> u16 {
    Version::Normal(version).width().unsigned_abs()
}

/// Accepts `https://host` and `http://host` (a trial on one's own machine), with a port; nothing else may reach a printed code.
pub(super) fn check_origin(origin: &str) -> Result<(), LabelError> {
    let host_and_port = origin
        .strip_prefix("https://")
        .or_else(|| origin.strip_prefix("http://"))
        .ok_or(LabelError::OriginMalformed)?;
    let (host, port) = host_and_port.split_once(':').unwrap_or((host_and_port, "80"));
    let label_ok = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    let port_ok = port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.split('.').all(label_ok) && port_ok { Ok(()) } else { Err(LabelError::OriginMalformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST_17: &str = "https://ocop.backan.gov.v";
    const HOST_18: &str = "https://ocop.thainguyen.vn";
    const HOST_31: &str = "https://truyxuat.ocop.thainguyen.gov.vn";

    #[track_caller]
    fn check(choice: CarrierChoice, mm: f64, origin: &str, expected: &str) {
        let made = LabelWidth::new(mm).and_then(|width| plan(choice, width, origin));
        let found = made.map_or_else(|e| e.code().to_owned(), |p| format!("{} {}", p.carrier.as_str(), p.name()));
        assert_eq!(found, expected, "{choice:?} {mm} mm {origin}");
    }

    #[test]
    fn the_width_and_the_length_of_the_host_decide_the_full_symbol() {
        for (mm, origin, expected) in [
            (18.0, HOST_17, "full 7-M"),
            (20.0, HOST_18, "full 7-M"),
            (21.9, HOST_17, "full 7-M"),
            (22.0, HOST_17, "full 8-Q"),
            (22.0, HOST_18, "full 7-M"),
            (22.9, HOST_31, "full 7-M"),
            (23.0, HOST_18, "full 9-Q"),
            (23.0, HOST_17, "full 8-Q"),
            (100.0, HOST_31, "full 9-Q"),
        ] {
            check(CarrierChoice::Full, mm, origin, expected);
            check(CarrierChoice::Auto, mm, origin, expected);
        }
    }

    #[test]
    fn a_label_narrower_than_18_mm_refuses_the_full_carrier() {
        check(CarrierChoice::Full, 17.9, HOST_18, "label_full_too_narrow");
        check(CarrierChoice::Full, 18.0, HOST_18, "full 7-M");
    }

    #[test]
    fn auto_falls_back_to_compact_below_18_mm_and_refuses_below_the_smallest_compact_width() {
        check(CarrierChoice::Auto, 17.9, HOST_18, "compact 4-Q");
        check(CarrierChoice::Auto, 13.3, HOST_18, "compact 4-Q");
        check(CarrierChoice::Auto, 13.2, HOST_18, "label_compact_too_narrow");
    }

    #[test]
    fn the_smallest_compact_width_grows_with_the_symbol_and_is_named_in_the_error() {
        check(CarrierChoice::Compact, 12.0, "https://tem.vn", "compact 3-Q");
        check(CarrierChoice::Compact, 11.9, "https://tem.vn", "label_compact_too_narrow");
        check(CarrierChoice::Compact, 14.6, HOST_31, "compact 5-Q");
        check(CarrierChoice::Compact, 14.5, HOST_31, "label_compact_too_narrow");
        let error = plan(CarrierChoice::Auto, LabelWidth(130), HOST_18).unwrap_err();
        assert!(error.to_string().contains("at least 13.3 mm"), "{error}");
        assert!(error.vi().contains("ít nhất 13,3 mm"), "{}", error.vi());
    }

    #[test]
    fn a_host_over_31_characters_refuses_the_full_carrier_at_every_width() {
        let longer = HOST_31.replace("ocop", "ocopp");
        for mm in [18.0, 22.0, 23.0, 60.0] {
            check(CarrierChoice::Full, mm, &longer, "label_origin_too_long");
        }
        check(CarrierChoice::Compact, 20.0, &longer, "compact 5-Q");
    }

    #[test]
    fn only_a_lower_case_web_origin_without_a_path_may_be_printed() {
        for origin in ["https://tem.vn", "http://127.0.0.1:8080", "https://tem-ocop.vn:8443"] {
            assert!(check_origin(origin).is_ok(), "{origin}");
        }
        for origin in [
            "",
            "tem.vn",
            "https://",
            "https://Tem.vn",
            "https://tem.vn/",
            "https://tem.vn/a",
            "https://tem.vn:",
            "https://tem.vn:0",
            "https://tem.vn:99999",
            "https://tem.vn:+8",
            "https://a@tem.vn",
            "https://tem..vn",
            "https://-a.vn",
            "https://tem.vn?x",
            "ftp://tem.vn",
            "https://tém.vn",
            "https://tem.vn ",
            "https://[::1]",
        ] {
            assert!(check_origin(origin).is_err(), "{origin}");
        }
    }

    #[test]
    fn a_module_is_whole_dots_and_the_symbol_stays_within_the_label() {
        for tenths in 120..=1000 {
            let Ok(plan) = plan(CarrierChoice::Auto, LabelWidth(tenths), "https://tem.vn") else { panic!("{tenths}") };
            let dots = plan.module_mm * f64::from(plan.dpi) / INCH_MM;
            assert!((dots - dots.round()).abs() < 1e-6 && dots > 2.9, "{tenths}: {dots}");
            assert!(plan.symbol_mm() <= plan.width.mm() + 1e-9, "{tenths}");
            assert!(plan.symbol_mm() >= plan.width.mm() * 0.9, "{tenths}: {}", plan.symbol_mm());
        }
    }

    #[test]
    fn the_standard_label_gets_three_dots_at_203_dpi_and_the_smallest_four_at_300() {
        let standard = plan(CarrierChoice::Full, LabelWidth::STANDARD, HOST_18).unwrap();
        assert_eq!((standard.dpi, format!("{:.4}", standard.module_mm)), (203, "0.3754".to_owned()));
        let careful = plan(CarrierChoice::Full, Q8_MIN_WIDTH, "https://tem.vn").unwrap();
        assert_eq!((careful.version, careful.dpi, format!("{:.4}", careful.module_mm)), (8, 203, "0.3754".to_owned()));
        let smallest = plan(CarrierChoice::Full, FULL_MIN_WIDTH, HOST_18).unwrap();
        assert_eq!((smallest.dpi, format!("{:.4}", smallest.module_mm)), (300, "0.3387".to_owned()));
    }

    #[test]
    fn a_width_is_kept_to_the_tenth_and_bounded() {
        assert_eq!(LabelWidth::new(13.34).unwrap().tenths(), 133);
        assert_eq!(LabelWidth::new(13.35).unwrap().tenths(), 134);
        assert_eq!(LabelWidth::new(100.0).unwrap().tenths(), 1000);
        for mm in [9.99, 100.01, f64::NAN, f64::INFINITY, -20.0] {
            assert_eq!(LabelWidth::new(mm).unwrap_err().code(), "label_width", "{mm}");
        }
    }
}
