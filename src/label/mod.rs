//! What is printed: the QR symbol of a stamp, the label around it and the A4 sheet of labels.
//!
//! Pure: text and numbers in, text and bytes out. It must never sign, read a clock, a file or the
//! environment, touch the network or know the database: the stamp's digits and code come in as
//! finished text.
//!
//! Widths are in millimetres and always include the quiet zone of [`QUIET_MODULES`] modules on each
//! side. A [`Plan`] is made once per run, so that every stamp of a roll has the same size.

mod carrier;
mod column;
mod error;
mod layout;
mod mask;
mod plan;
mod png;
mod sheet;
mod svg;
mod symbol;
mod text;

pub use self::{
    carrier::{Carrier, CarrierChoice, Level},
    error::LabelError,
    layout::{LabelText, label_svg},
    plan::{LabelWidth, Plan, plan},
    png::{PxPerModule, qr_png},
    sheet::{MAX_SHEET_STAMPS, SHEET_CSS, SheetNotes, SheetSpec, sheet_head, sheet_page, sheet_tail},
    svg::qr_svg,
    symbol::{StampText, Symbol, symbol_for},
};

/// White modules on each side of a symbol. ISO/IEC 18004 asks for 4; readers were measured to manage with 2 and to fail at 0.
pub const QUIET_MODULES: u16 = 4;

#[cfg(test)]
mod testing;
