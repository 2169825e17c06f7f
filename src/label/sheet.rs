//! A run of labels on A4 pages for an office printer, as one HTML page in parts; it must never need a script, a font or a picture from elsewhere.
//!
//! The parts are made one after the other so that the caller can send each page while the next is
//! made. Sizes that depend on the run are attributes in mm, never styles: the page's one style sheet
//! is [`SHEET_CSS`], and a content security policy can name its hash.

use std::fmt::Write as _;

use super::{
    LabelError,
    layout::{DEMO, LabelText, Layout, days, group},
    plan::{Plan, check_origin},
    symbol::StampText,
    text::{escape, number},
};

/// Most stamps on one sheet: about 40 pages and 8 MB, which an old office computer still lays out in seconds; larger runs go to a print house.
pub const MAX_SHEET_STAMPS: u32 = 2_000;
/// The only style sheet of a printed sheet, exactly as it stands between `<style>` and `</style>`.
pub const SHEET_CSS: &str = include_str!("../../assets/css/sheet.css");

/// Width of the grid, in mm: A4 less margins of 8 mm.
const GRID_WIDTH: f64 = 194.0;
/// Height of the grid, in mm: A4 less margins of 8 mm, the page's head of 25 mm and 2 mm for printers that round up.
const GRID_HEIGHT: f64 = 254.0;
/// White between two labels, in mm; the line to cut along runs in its middle, at least 5 modules and 1.75 mm from any symbol.
const GAP: f64 = 3.5;
/// Length of the check ruler, in mm.
const RULER_MM: u16 = 50;

/// What a sheet tells besides its labels.
#[derive(Clone, Copy, Debug, Default)]
pub struct SheetNotes<'a> {
    /// Voided stamps of the range, which are left out.
    pub n_skipped: u32,
    /// Their serials, as a sentence lists them.
    pub skipped: &'a str,
    /// Where the screen leads back to; none for a file.
    pub back_href: Option<&'a str>,
}

impl SheetNotes<'_> {
    /// How many voided stamps are left out, and which; empty when none is.
    fn skipped_html(&self) -> String {
        if self.n_skipped == 0 {
            return String::new();
        }
        format!("<p><b>Đã bỏ qua {} tem đã hủy: {}</b></p>", self.n_skipped, escape(self.skipped))
    }

    /// Where there is a link, the keyboard's first stop leads past it.
    fn skip_html(&self) -> &'static str {
        self.back_href.map_or("", |_| "<a class=\"skip\" href=\"#sheet\">Tới tờ in</a>\n")
    }

    fn back_html(&self) -> String {
        let link = |href| format!("<p><a href=\"{}\">← Về lô hàng</a></p>\n", escape(href));
        self.back_href.map(link).unwrap_or_default()
    }
}

/// A run of stamps to be printed on A4 sheets.
#[derive(Clone, Debug)]
pub struct SheetSpec<'a> {
    plan: Plan,
    origin: &'a str,
    text: LabelText<'a>,
    notes: SheetNotes<'a>,
    first: u32,
    last: u32,
    n_stamps: u32,
    layout: Layout,
    n_columns: u32,
    n_rows: u32,
}

impl<'a> SheetSpec<'a> {
    /// Lays out `n_stamps` stamps with serials between `first` and `last`; gaps are allowed, where serials were voided.
    pub fn new(
        plan: &Plan,
        origin: &'a str,
        text: LabelText<'a>,
        (first, last): (u32, u32),
        n_stamps: u32,
    ) -> Result<Self, LabelError> {
        check_origin(origin)?;
        if !(1..=MAX_SHEET_STAMPS).contains(&n_stamps) {
            return Err(LabelError::SheetSize { n: n_stamps });
        }
        let layout = Layout::new(plan, origin, &text);
        let n_columns = count_that_fit(GRID_WIDTH, plan.width.mm());
        let n_rows = count_that_fit(GRID_HEIGHT, layout.height);
        let notes = SheetNotes::default();
        Ok(Self { plan: *plan, origin, text, notes, first, last, n_stamps, layout, n_columns, n_rows })
    }

    /// The same sheet with more to tell.
    #[must_use]
    pub fn with_notes(self, notes: SheetNotes<'a>) -> Self {
        Self { notes, ..self }
    }

    /// Labels on a full page.
    pub fn n_per_page(&self) -> u32 {
        self.n_columns * self.n_rows
    }

    /// Pages of the sheet.
    pub fn n_pages(&self) -> u32 {
        self.n_stamps.div_ceil(self.n_per_page())
    }
}

/// How many labels fit with their share of the gaps; at least one, since the largest label is smaller than the page.
fn count_that_fit(room: f64, size: f64) -> u32 {
    let mut n = 1;
    while f64::from(n + 1) * (size + GAP) <= room {
        n += 1;
    }
    n
}

/// The start of the page: everything before the first sheet of labels.
pub fn sheet_head(spec: &SheetSpec) -> String {
    format!(
        "<!doctype html>\n<html lang=\"vi\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>In tem – {product} – lô {lot}</title>\n<style>{SHEET_CSS}</style>\n</head>\n<body>\n{skip}\
         <div class=\"help\">\n{back}<h1>In {n} tem trên {pages} trang A4</h1>\n{skipped}<ol>\n\
         <li>Mở mục <b>In</b> của trình duyệt (máy tính: bấm <kbd>Ctrl</kbd> + <kbd>P</kbd>). Chọn khổ giấy <b>A4</b>, tỉ lệ <b>100 %</b>, \
         không chọn “Vừa trang”. Trên điện thoại: mở thực đơn của trình duyệt, chọn <b>Chia sẻ</b> rồi <b>In</b>.</li>\n\
         <li>In thử trang 1. Đo thước ở góc trang: phải đúng {RULER_MM} mm. Quét thử một tem bằng điện thoại.</li>\n\
         <li>In trên giấy trắng. Cắt theo nét đứt, giữ nguyên viền trắng quanh mã.</li>\n</ol>\n</div>\n<main id=\"sheet\">\n",
        product = escape(spec.text.product),
        lot = escape(spec.text.lot),
        n = spec.n_stamps,
        pages = spec.n_pages(),
        skip = spec.notes.skip_html(),
        back = spec.notes.back_html(),
        skipped = spec.notes.skipped_html(),
    )
}

/// One A4 page; pages count from 1, and each takes at most [`SheetSpec::n_per_page`] stamps.
pub fn sheet_page(spec: &SheetSpec, page: u32, stamps: &[StampText]) -> Result<String, LabelError> {
    let n_per_page = spec.n_per_page();
    let n = u32::try_from(stamps.len()).unwrap_or(u32::MAX);
    if n == 0 || n > n_per_page || !(1..=spec.n_pages()).contains(&page) {
        return Err(LabelError::PageSize { page, n: stamps.len(), n_per_page });
    }
    let (cell_x, cell_y) = (spec.plan.width.mm() + GAP, spec.layout.height + GAP);
    let n_rows = n.div_ceil(spec.n_columns);
    let n_columns = n.min(spec.n_columns);
    // Half a gap around the labels too, for the outer lines to cut along.
    let (width, height) = (f64::from(spec.n_columns) * cell_x, f64::from(n_rows) * cell_y);
    let mut html = page_head(spec, page);
    let _ = write!(
        html,
        "<svg class=\"grid\" width=\"{w}mm\" height=\"{h}mm\" viewBox=\"0 0 {w} {h}\">{}{}",
        cut_lines(n_columns, n_rows, cell_x, cell_y),
        group(""),
        w = number(width),
        h = number(height),
    );
    for (at, stamp) in (0_u32..).zip(stamps) {
        if stamp.origin != spec.origin {
            return Err(LabelError::OriginMixed);
        }
        let symbol = spec.plan.symbol(stamp)?;
        let x = f64::from(at % spec.n_columns) * cell_x + GAP / 2.0;
        let y = f64::from(at / spec.n_columns) * cell_y + GAP / 2.0;
        let _ = writeln!(
            html,
            "<g transform=\"translate({} {})\">{}</g>",
            number(x),
            number(y),
            spec.layout.body(&symbol, stamp)
        );
    }
    html.push_str("</g></svg>\n</section>\n");
    Ok(html)
}

/// The end of the page.
pub fn sheet_tail() -> String {
    "</main>\n</body>\n</html>\n".to_owned()
}

/// What a page says outside its labels.
fn page_head(spec: &SheetSpec, page: u32) -> String {
    let LabelText { product, producer, lot, issuer_name, demo, .. } = spec.text;
    let serials = if spec.first == spec.last {
        format!("số {}", spec.first)
    } else {
        format!("số {} – {}", spec.first, spec.last)
    };
    let demo =
        if demo { format!("<p class=\"demo\">{DEMO} – không dán lên hàng bán</p>") } else { String::new() };
    format!(
        "<section class=\"page\">\n<header>\n<div class=\"what\">{demo}<p class=\"product\">{}</p><p>{}</p>\
         <p><b>Lô {}</b>, <b>{serials}</b>, {}</p></div>\n\
         <div class=\"scale\"><p>{}</p><p>Trang <b>{page}/{}</b></p>{}{}<p>In ở tỉ lệ 100 %, thước này phải đo đúng {RULER_MM} mm</p></div>\n</header>\n",
        escape(product),
        escape(producer),
        escape(lot),
        escape(&days(&spec.text)),
        escape(issuer_name),
        spec.n_pages(),
        spec.notes.skipped_html(),
        ruler(),
    )
}

/// A ruler of 50 mm with a tick each 5 mm; 1 mm of white at either end.
fn ruler() -> String {
    let mut ticks = format!("M1 3.9h{RULER_MM}");
    for mm in (0..=RULER_MM).step_by(5) {
        let (x, top) = (1 + mm, if mm % 10 == 0 { 2.6 } else { 1.3 });
        let _ = write!(ticks, "M{x} 4v-{top}");
    }
    let width = RULER_MM + 2;
    format!(
        "<svg class=\"ruler\" width=\"{width}mm\" height=\"5mm\" viewBox=\"0 0 {width} 5\">\
         <path d=\"{ticks}\" fill=\"none\" stroke=\"#000\" stroke-width=\"0.2\"/></svg>"
    )
}

/// Grey dashes between the labels, as many as there are rows and columns on this page.
fn cut_lines(n_columns: u32, n_rows: u32, cell_x: f64, cell_y: f64) -> String {
    let (width, height) = (number(f64::from(n_columns) * cell_x), number(f64::from(n_rows) * cell_y));
    let mut lines = String::new();
    for column in 0..=n_columns {
        let _ = write!(lines, "M{} 0v{height}", number(f64::from(column) * cell_x));
    }
    for row in 0..=n_rows {
        let _ = write!(lines, "M0 {}h{width}", number(f64::from(row) * cell_y));
    }
    format!("<path d=\"{lines}\" fill=\"none\" stroke=\"#999\" stroke-width=\"0.15\" stroke-dasharray=\"1 1.5\"/>")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{
        carrier::CarrierChoice,
        plan::{LabelWidth, plan},
        testing::{HOSTILE, HOSTS, TEXT, TestStamp},
    };

    fn spec(mm: f64, text: LabelText<'static>, n: u32) -> SheetSpec<'static> {
        let plan = plan(CarrierChoice::Auto, LabelWidth::new(mm).unwrap(), HOSTS[1]).unwrap();
        SheetSpec::new(&plan, HOSTS[1], text, (1, n), n).unwrap()
    }

    fn page(spec: &SheetSpec, number: u32, n: u32) -> Result<String, LabelError> {
        let made: Vec<TestStamp> = (1..=n).map(TestStamp::numbered).collect();
        sheet_page(spec, number, &made.iter().map(|stamp| stamp.text(HOSTS[1])).collect::<Vec<_>>())
    }

    fn whole(mm: f64, text: LabelText<'static>, n: u32) -> String {
        let spec = spec(mm, text, n);
        sheet_head(&spec) + &page(&spec, 1, n).unwrap() + &sheet_tail()
    }

    #[test]
    fn a_page_holds_as_many_labels_as_a4_has_room_for() {
        for (mm, n) in [(13.3, 88), (18.0, 63), (20.0, 48), (30.0, 15), (100.0, 1)] {
            assert_eq!(spec(mm, TEXT, 1).n_per_page(), n, "{mm}");
        }
    }

    #[test]
    fn the_grid_stays_within_the_page_at_every_width() {
        for tenths in (133..=1000).step_by(3) {
            for text in [TEXT, HOSTILE] {
                let spec = spec(f64::from(tenths) / 10.0, text, 1);
                let width = f64::from(spec.n_columns) * (spec.plan.width.mm() + GAP);
                let height = f64::from(spec.n_rows) * (spec.layout.height + GAP);
                assert!(width <= GRID_WIDTH && height <= GRID_HEIGHT, "{tenths}: {width} {height}");
            }
        }
    }

    #[test]
    fn a_sheet_takes_1_to_2000_stamps() {
        let plan = plan(CarrierChoice::Full, LabelWidth::STANDARD, HOSTS[1]).unwrap();
        for n in [0, 2_001, u32::MAX] {
            assert_eq!(SheetSpec::new(&plan, HOSTS[1], TEXT, (1, 1), n).unwrap_err().code(), "label_sheet_size");
        }
        assert_eq!(SheetSpec::new(&plan, HOSTS[1], TEXT, (1, 2_000), 2_000).unwrap().n_pages(), 42);
    }

    #[test]
    fn a_page_refuses_no_stamps_more_than_fit_and_a_number_past_the_end() {
        let spec = spec(20.0, TEXT, 100);
        assert_eq!((spec.n_per_page(), spec.n_pages()), (48, 3));
        assert!(page(&spec, 3, 48).is_ok());
        for (number, n) in [(1, 0), (1, 49), (0, 4), (4, 4)] {
            assert_eq!(page(&spec, number, n).unwrap_err().code(), "label_page_size", "{number} {n}");
        }
    }

    #[test]
    fn a_page_refuses_a_stamp_whose_address_is_not_the_one_printed_under_it() {
        let spec = spec(20.0, TEXT, 2);
        let made = TestStamp::numbered(1);
        let error = sheet_page(&spec, 1, &[made.text(HOSTS[1]), made.text(HOSTS[0])]).unwrap_err();
        assert_eq!(error.code(), "label_origin_mixed");
    }

    #[test]
    fn a_page_names_product_lot_serials_page_and_carries_the_ruler() {
        let html = whole(20.0, TEXT, 30);
        for expected in [
            TEXT.product,
            TEXT.producer,
            TEXT.issuer_name,
            "Lô L2026-11-22",
            "số 1 – 30",
            "Trang <b>1/1</b>",
            "In ở tỉ lệ 100 %, thước này phải đo đúng 50 mm",
            "M1 3.9h50M1 4v-2.6",
        ] {
            assert!(html.contains(expected), "{expected}");
        }
        assert!(html.contains("<html lang=\"vi\">") && html.ends_with("</html>\n"));
        assert_eq!(html.matches("fill-rule=\"evenodd\"").count(), 30);
    }

    #[test]
    fn a_trial_says_so_on_the_page_and_on_every_label() {
        let html = whole(20.0, LabelText { demo: true, ..TEXT }, 30);
        assert_eq!(html.matches(DEMO).count(), 31);
        assert!(!whole(20.0, TEXT, 30).contains(DEMO));
    }

    #[test]
    fn a_sheet_has_one_style_sheet_no_inline_style_no_script_and_nothing_from_elsewhere() {
        let html = whole(20.0, HOSTILE, 30);
        assert!(html.contains(&format!("<style>{SHEET_CSS}</style>")));
        for (text, n) in [
            ("<style", 1),
            ("</style", 1),
            (" style=", 0),
            ("<script", 0),
            ("<img", 0),
            ("href=", 0),
            ("src=x", 1),
            ("url(", 0),
            ("@import", 0),
        ] {
            assert_eq!(html.matches(text).count(), n, "{text}");
        }
        assert!(!SHEET_CSS.contains('<'));
    }

    #[test]
    fn a_sheet_says_which_voided_stamps_it_leaves_out_in_its_help_and_on_every_page() {
        let notes = SheetNotes { n_skipped: 6, skipped: "45–50", back_href: None };
        let spec = spec(20.0, TEXT, 60).with_notes(notes);
        let sentence = "Đã bỏ qua 6 tem đã hủy: 45–50";
        assert!(sheet_head(&spec).contains(sentence));
        for (number, n) in [(1, 48), (2, 12)] {
            assert!(page(&spec, number, n).unwrap().contains(sentence), "{number}");
        }
        assert!(!whole(20.0, TEXT, 30).contains("bỏ qua"));
    }

    #[test]
    fn the_way_back_stands_in_the_help_which_is_not_printed() {
        let notes = SheetNotes { back_href: Some("/batches/1#runs"), ..SheetNotes::default() };
        let head = sheet_head(&spec(20.0, TEXT, 30).with_notes(notes));
        let help = head.split("<div class=\"help\">").nth(1).unwrap();
        assert!(help.contains("<a href=\"/batches/1#runs\">"), "{head}");
        let printed = SHEET_CSS.split("@media print").nth(1).unwrap();
        assert!(printed.contains(".help, .skip { display: none; }"));
    }

    #[test]
    fn a_sheet_of_2000_stays_below_10_mb() {
        let per_label = page(&spec(20.0, TEXT, 48), 1, 48).unwrap().len() / 48;
        assert!(per_label * 2_000 < 10_000_000, "{per_label}");
    }
}
