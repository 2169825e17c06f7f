//! One label: the symbol and the words under it; it must never put ink inside the quiet zone.
//!
//! From the top: "BẢN TRÌNH DIỄN" on trials, the symbol, the address and the typed code for those who
//! cannot scan, the serial and the lot; from 26 mm also the product, its producer and its days. What
//! is the same for all labels of a run is laid out once, so that every label has one height.

use super::{
    LabelError,
    column::{Column, LEADING, push_text},
    plan::Plan,
    svg::outline,
    symbol::{StampText, Symbol},
    text::{Line, escape, fit_line, largest_that_fits, number},
};

/// Letter height of the typed code is two thirds of this size in the fonts named below: 3.0 mm gives at least 1.9 mm.
const CODE_SIZE: f64 = 3.0;
/// Advance of a letter of the fixed-width fonts, in its own size.
const CODE_ADVANCE: f64 = 0.6;
/// Letters of the code with the gaps between its four groups.
const CODE_LETTERS: f64 = 19.0;
/// Letters of half the code with the gap between its two groups.
const HALF_LETTERS: f64 = 9.0;
/// The share of its own width to which the code may be squeezed before it takes two lines.
const CODE_SQUEEZE: f64 = 0.9;
/// Size of the serial and the product's name on a standard label, in mm.
const SERIAL: f64 = 2.1;
/// Size of the other words on a standard label, in mm.
const SMALL: f64 = 1.9;
/// Size of the other words on a label narrower than the standard, in mm.
const SMALL_NARROW: f64 = 1.7;
/// The mark of a trial is larger than the other words by this factor.
const DEMO_RATIO: f64 = 1.15;
/// White above the mark of a trial, for the tilde on its Ễ, in mm.
const ABOVE_DEMO: f64 = 0.2;
/// White above the product's name, in the size of the other words.
const PARAGRAPH: f64 = 0.3;
/// White left and right of the words, in mm.
const SIDE: f64 = 0.3;
/// White between the code and the serial, so that the serial is not typed with it, in mm.
const BELOW_CODE: f64 = 0.4;
/// From this width there is room for the product and its days; narrower labels stand on packs that say so themselves.
const WIDE_MM: f64 = 26.0;
/// At this width words have their base size; they grow with the label, to twice that.
const BASE_MM: f64 = 20.0;
/// Millimetres of width that add one base size to the words.
const GROWTH_MM: f64 = 40.0;
/// The address stays on one line, since a broken one is typed wrong; this is its smallest size, in mm.
const HOST_MIN: f64 = 1.2;
/// Fonts with all Vietnamese letters on the usual systems.
pub(super) const SANS: &str = "Arial,'Liberation Sans','Noto Sans','DejaVu Sans',sans-serif";
/// Fixed-width fonts whose capitals are at least 0.63 of their size.
const MONO: &str = "Consolas,'Liberation Mono','DejaVu Sans Mono',Menlo,'Roboto Mono',monospace";
/// What every label and page of a trial deployment says.
pub(super) const DEMO: &str = "BẢN TRÌNH DIỄN";

/// The words of a run's labels; days are written dd/mm/yyyy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LabelText<'a> {
    /// Name of the product.
    pub product: &'a str,
    /// Name of the producer.
    pub producer: &'a str,
    /// Lot number as the producer writes it.
    pub lot: &'a str,
    /// Day of packing.
    pub packed_on: &'a str,
    /// Last day of the shelf life, if the goods expire.
    pub best_before: Option<&'a str>,
    /// Who issues the stamps.
    pub issuer_name: &'a str,
    /// Whether this is a trial, which every label then says.
    pub demo: bool,
}

/// Where everything stands on the labels of one run, in mm from the label's upper left corner.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    plan: Plan,
    /// Height of a label.
    pub(super) height: f64,
    symbol_x: f64,
    symbol_y: f64,
    /// Baseline of the first line of the code, its size, and the width and number of its lines.
    code_y: f64,
    code_size: f64,
    code_width: f64,
    n_code_lines: usize,
    serial_y: f64,
    serial_size: f64,
    /// The words that are the same on every label, as SVG.
    fixed: String,
}

impl Layout {
    pub(super) fn new(plan: &Plan, origin: &str, text: &LabelText) -> Self {
        let width = plan.width.mm();
        let is_wide = width >= WIDE_MM;
        let grown = (1.0 + (width - BASE_MM) / GROWTH_MM).clamp(1.0, 2.0);
        let small = if width < BASE_MM { SMALL_NARROW } else { SMALL * grown };
        let mut column = Column::new(width / 2.0, width - 2.0 * SIDE);
        if text.demo {
            column.skip(ABOVE_DEMO);
            column.push_line(DEMO, DEMO_RATIO * small, " font-weight=\"700\" fill=\"#b00020\"");
        }
        let symbol_y = column.skip(plan.symbol_mm());
        if is_wide {
            column.push("Không quét được? Gõ mã tại", small, 2, "");
        }
        let host = origin.split_once("://").map_or(origin, |(_, host)| host);
        column.push_line(host, largest_that_fits(host, small, column.room).max(HOST_MIN), "");

        let one_line = CODE_LETTERS * CODE_ADVANCE * CODE_SIZE * CODE_SQUEEZE <= column.room;
        let (letters, n_code_lines) = if one_line { (CODE_LETTERS, 1) } else { (HALF_LETTERS, 2) };
        let code_size = (column.room / (letters * CODE_ADVANCE)).clamp(CODE_SIZE, CODE_SIZE * grown);
        let code_y = column.advance(code_size);
        for _ in 1..n_code_lines {
            column.advance(code_size);
        }
        column.skip(BELOW_CODE);
        let serial_size = SERIAL * grown;
        let serial_y = column.advance(serial_size);
        column.push(&format!("Lô {}", text.lot), small, 2, "");
        if is_wide {
            column.skip(PARAGRAPH * small);
            column.push(text.product, serial_size, 2, " font-weight=\"700\"");
            column.push(text.producer, small, 2, "");
            for line in days_in_room(text, small, column.room) {
                column.push(&line, small, 1, "");
            }
        }
        Self {
            plan: *plan,
            height: column.y,
            symbol_x: (width - plan.symbol_mm()) / 2.0,
            symbol_y,
            code_y,
            code_size,
            code_width: (letters * CODE_ADVANCE * code_size).min(column.room),
            n_code_lines,
            serial_y,
            serial_size,
            fixed: column.svg,
        }
    }

    /// The inside of a label, in mm, to be placed in a group made by [`group`].
    pub(super) fn body(&self, symbol: &Symbol, stamp: &StampText) -> String {
        let middle = self.plan.width.mm() / 2.0;
        let mut svg = format!(
            "<path transform=\"translate({} {}) scale({})\" shape-rendering=\"crispEdges\" fill-rule=\"evenodd\" d=\"{}\"/>",
            number(self.symbol_x),
            number(self.symbol_y),
            format_args!("{:.5}", self.plan.module_mm),
            outline(symbol)
        );
        let groups: Vec<&str> = (0..4).filter_map(|n| stamp.code.get(n * 4..n * 4 + 4)).collect();
        let mut y = self.code_y;
        for line in groups.chunks(groups.len().div_ceil(self.n_code_lines).max(1)) {
            let line = Line { text: line.join(" "), squeeze: Some(self.code_width) };
            push_text(
                &mut svg,
                &line,
                (middle, y),
                self.code_size,
                &format!(" font-family=\"{MONO}\" font-weight=\"700\""),
            );
            y += self.code_size * LEADING;
        }
        let serial = if stamp.serial == 0 { "Tem cả lô".to_owned() } else { format!("Số {}", stamp.serial) };
        let line = fit_line(&serial, self.serial_size, self.plan.width.mm() - 2.0 * SIDE);
        push_text(&mut svg, &line, (middle, self.serial_y), self.serial_size, " font-weight=\"700\"");
        svg.push_str(&self.fixed);
        svg
    }
}

/// The start of a group of labels' words; closed by `</g>`.
pub(super) fn group(transform: &str) -> String {
    format!("<g{transform} font-family=\"{SANS}\" text-anchor=\"middle\">")
}

/// Days of packing and of expiry as printed.
pub(super) fn days(text: &LabelText) -> String {
    text.best_before.map_or_else(
        || format!("Đóng gói {}", text.packed_on),
        |best_before| format!("Đóng gói {}, HSD {best_before}", text.packed_on),
    )
}

/// The days on one line, or on two where one would be too wide: a date is never broken.
fn days_in_room(text: &LabelText, size: f64, room: f64) -> Vec<String> {
    match text.best_before {
        Some(best_before) if largest_that_fits(&days(text), size, room) < size => {
            vec![format!("Đóng gói {}", text.packed_on), format!("HSD {best_before}")]
        }
        _ => vec![days(text)],
    }
}

/// One label as a picture of its own, sized in mm, on white.
pub fn label_svg(plan: &Plan, stamp: &StampText, text: &LabelText) -> Result<String, LabelError> {
    let symbol = plan.symbol(stamp)?;
    let layout = Layout::new(plan, stamp.origin, text);
    let (width, height) = (number(plan.width.mm()), number(layout.height));
    Ok(format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:lang=\"vi\" width=\"{width}mm\" height=\"{height}mm\" viewBox=\"0 0 {width} {height}\">\
         <title>{}</title><path fill=\"#fff\" d=\"M0 0h{width}v{height}H0z\"/>{}{}</g></svg>",
        escape(&format!("Tem truy xuất OCOP: {}, lô {}, số {}", text.product, text.lot, stamp.serial)),
        group(""),
        layout.body(&symbol, stamp)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{
        carrier::{Carrier, CarrierChoice},
        plan::{LabelWidth, plan},
        testing::{HOSTILE, HOSTS, TEXT, TestStamp, stamp},
    };

    fn draw(mm: f64, origin: &str, text: &LabelText) -> String {
        let plan = plan(CarrierChoice::Auto, LabelWidth::new(mm).unwrap(), origin).unwrap();
        label_svg(&plan, &stamp().text(origin), text).unwrap()
    }

    /// Every `name="value"` as a number of mm.
    fn values(svg: &str, name: &str) -> Vec<f64> {
        svg.split(&format!(" {name}=\"")).skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect()
    }

    #[test]
    fn a_label_shows_the_code_in_groups_of_four_the_serial_the_lot_and_where_to_type_it() {
        let made = stamp();
        let code = made.text(HOSTS[1]).code;
        for mm in [13.3, 18.0, 20.0, 22.0, 26.0, 40.0, 100.0] {
            let svg = draw(mm, HOSTS[1], &TEXT);
            for n in 0..4 {
                assert!(svg.contains(&code[n * 4..n * 4 + 4]), "{mm}");
            }
            assert!(svg.contains(">Số 1<") && svg.contains("ocop.thainguyen.vn"), "{mm}: {svg}");
            assert!(svg.contains("Lô") && svg.contains("2026-11-22"), "{mm}: {svg}");
            assert!(!svg.contains(DEMO), "{mm}");
        }
        assert!(draw(40.0, HOSTS[1], &TEXT).contains(&format!(
            ">{} {} {} {}<",
            &code[..4],
            &code[4..8],
            &code[8..12],
            &code[12..]
        )));
        assert!(draw(20.0, HOSTS[1], &TEXT).contains(&format!(">{} {}<", &code[..4], &code[4..8])));
    }

    #[test]
    fn a_wide_label_also_shows_the_product_its_producer_and_its_days() {
        let wide = draw(30.0, HOSTS[1], &TEXT);
        assert!(wide.contains(TEXT.product) && wide.contains(TEXT.producer), "{wide}");
        assert!(wide.contains("Đóng gói 22/11/2026") && wide.contains("22/11/2027"), "{wide}");
        assert!(!draw(30.0, HOSTS[1], &LabelText { best_before: None, ..TEXT }).contains("HSD"));
    }

    #[test]
    fn a_trial_says_so_on_its_label() {
        for mm in [13.3, 18.0, 20.0, 40.0] {
            assert!(draw(mm, HOSTS[1], &LabelText { demo: true, ..TEXT }).contains(DEMO), "{mm}");
        }
    }

    #[test]
    fn the_stamp_of_a_whole_batch_has_no_number() {
        let made = TestStamp::numbered(0);
        let plan = plan(CarrierChoice::Full, LabelWidth::STANDARD, HOSTS[1]).unwrap();
        let svg = label_svg(&plan, &made.text(HOSTS[1]), &TEXT).unwrap();
        assert!(svg.contains(">Tem cả lô<") && !svg.contains("Số 0"), "{svg}");
    }

    #[test]
    fn letters_of_the_code_are_at_least_1_9_mm_high_and_keep_their_shape() {
        // Capitals of the flattest font named are 0.638 of its size.
        for tenths in 120..=1000 {
            let plan = plan(CarrierChoice::Auto, LabelWidth::from_tenths(tenths).unwrap(), HOSTS[0]).unwrap();
            let layout = Layout::new(&plan, HOSTS[0], &TEXT);
            assert!(layout.code_size * 0.638 >= 1.9, "{tenths}");
            let letters = if layout.n_code_lines == 1 { CODE_LETTERS } else { HALF_LETTERS };
            assert!(layout.code_width / (letters * CODE_ADVANCE * layout.code_size) > 0.7, "{tenths}");
            assert!(layout.code_width <= plan.width.mm(), "{tenths}");
        }
    }

    #[test]
    fn no_word_stands_inside_the_symbol_or_below_the_label() {
        for text in [TEXT, HOSTILE] {
            for tenths in (133..=1000).step_by(7) {
                let plan = plan(CarrierChoice::Auto, LabelWidth::from_tenths(tenths).unwrap(), HOSTS[1]).unwrap();
                let layout = Layout::new(&plan, HOSTS[1], &text);
                let made = stamp();
                let svg = label_svg(&plan, &made.text(HOSTS[1]), &text).unwrap();
                let symbol_bottom = layout.symbol_y + plan.symbol_mm();
                for (y, size) in values(&svg, "y").into_iter().zip(values(&svg, "font-size")) {
                    let above = y + 0.2 * size <= layout.symbol_y;
                    let below = y - size * 0.95 >= symbol_bottom - 0.01 && y + 0.2 * size <= layout.height;
                    assert!(above || below, "{tenths}: {y} {size} in {}..{symbol_bottom}", layout.symbol_y);
                }
            }
        }
    }

    #[test]
    fn all_labels_of_a_run_have_one_height() {
        let plan = plan(CarrierChoice::Compact, LabelWidth::new(13.3).unwrap(), HOSTS[1]).unwrap();
        let height = |n: u32| {
            values(
                &label_svg(&plan, &TestStamp::numbered(n).text(HOSTS[1]), &TEXT).unwrap().replace("mm\"", "\""),
                "height",
            )
        };
        assert_eq!(height(1), height(16_777_215));
        assert_eq!(plan.carrier, Carrier::Compact);
    }

    #[test]
    fn outside_text_stays_text() {
        for mm in [13.3, 20.0, 60.0] {
            let svg = draw(mm, HOSTS[1], &HOSTILE);
            for forbidden in ["<script", "<img", "<b>", "<i>", "</style", "\u{0}", "\u{202e}"] {
                assert!(!svg.contains(forbidden), "{mm} {forbidden}: {svg}");
            }
            assert_eq!(svg.matches("</svg>").count(), 1);
        }
    }

    #[test]
    fn a_label_states_its_size_in_mm() {
        assert!(draw(20.0, HOSTS[1], &TEXT).contains(r#"width="20mm" height=""#));
    }
}
