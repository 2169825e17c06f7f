//! Bar charts as geometry, drawn by the template `desk/chart.html`. Pure: numbers in, places out. Every bar has its label and its
//! number in words beside it, so a chart reads in black and white and without its bars.

/// Units across; about a phone's width, so that its text is as large as the page's.
pub const WIDTH: u32 = 360;
/// Room to the right of the longest bar for its number, units: nine digits with their dots.
const NUMBER_WIDTH: u32 = 84;
/// Room to the left of the bars for a short label such as a month, units.
const LABEL_WIDTH: u32 = 66;
/// Between a bar and its number, units.
const GAP: u32 = 6;
/// A bar's thickness, units.
const BAR_HEIGHT: u32 = 16;
/// From one bar to the next when the label stands beside it, units.
const STEP_BESIDE: u32 = 26;
/// From one bar to the next when the label stands above it, units.
const STEP_ABOVE: u32 = 44;
/// From the top of a line of text to its base, units.
const TEXT_BASE: u32 = 14;
/// A bar that stands for something is seen, units.
const MIN_BAR: u32 = 2;
/// Longest label above a bar, characters: what fits the width.
const MAX_LABEL_CHARS: usize = 46;

/// One value to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// What is counted.
    pub label: String,
    /// How many.
    pub n: u64,
    /// How many, as people write it.
    pub number: String,
}

/// Where labels stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Labels {
    /// Above each bar, for names.
    Above,
    /// To the left of each bar, for months and the like.
    Beside,
}

/// One bar with its texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bar {
    /// The label, cut to what fits.
    pub label: String,
    /// The number.
    pub number: String,
    /// Base of the label.
    pub label_y: u32,
    /// Left edge of the bar.
    pub x: u32,
    /// Top of the bar.
    pub y: u32,
    /// Length of the bar, 0 for nothing.
    pub width: u32,
    /// Where the number starts.
    pub number_x: u32,
    /// Base of the number.
    pub number_y: u32,
}

/// A chart ready to be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Names the chart on its page.
    pub id: &'static str,
    /// What it shows.
    pub title: String,
    /// The same in a sentence, for those who do not see it.
    pub description: String,
    /// Units down.
    pub height: u32,
    /// Where the bars begin.
    pub axis_x: u32,
    /// The bars, from top to bottom.
    pub bars: Vec<Bar>,
}

impl Chart {
    /// Lays values out as bars of which the longest fills the width.
    pub fn new(id: &'static str, title: String, description: String, labels: Labels, values: &[Value]) -> Self {
        let (axis_x, step) = match labels {
            Labels::Above => (0, STEP_ABOVE),
            Labels::Beside => (LABEL_WIDTH, STEP_BESIDE),
        };
        let longest = WIDTH - axis_x - NUMBER_WIDTH;
        let most = values.iter().map(|value| value.n).max().unwrap_or_default();
        let bar = |(top, value): (u32, &Value)| {
            let y = top
                + if labels == Labels::Above { STEP_ABOVE - BAR_HEIGHT - GAP } else { (STEP_BESIDE - BAR_HEIGHT) / 2 };
            let width = length(value.n, most, longest);
            Bar {
                label: cut(&value.label),
                number: value.number.clone(),
                label_y: if labels == Labels::Above { top + TEXT_BASE } else { y + TEXT_BASE - 1 },
                x: axis_x,
                y,
                width,
                number_x: axis_x + width + GAP,
                number_y: y + TEXT_BASE - 1,
            }
        };
        let tops = (0..).step_by(usize::try_from(step).unwrap_or(1));
        let bars: Vec<Bar> = tops.zip(values).map(bar).collect();
        let height = values.iter().fold(0, |height, _| height + step);
        Self { id, title, description, height, axis_x, bars }
    }

    /// A bar's thickness.
    pub const fn bar_height(&self) -> u32 {
        BAR_HEIGHT
    }

    /// Units across.
    pub const fn width(&self) -> u32 {
        WIDTH
    }
}

/// The share of the longest bar that a number has.
fn length(n: u64, most: u64, longest: u32) -> u32 {
    if n == 0 || most == 0 {
        return 0;
    }
    let exact = u128::from(n) * u128::from(longest) / u128::from(most);
    u32::try_from(exact).unwrap_or(longest).clamp(MIN_BAR, longest)
}

fn cut(label: &str) -> String {
    if label.chars().count() <= MAX_LABEL_CHARS {
        return label.to_owned();
    }
    let kept: String = label.chars().take(MAX_LABEL_CHARS - 1).collect();
    format!("{}…", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(labels: Labels, numbers: &[u64]) -> Chart {
        let values: Vec<Value> =
            numbers.iter().map(|n| Value { label: format!("mục {n}"), n: *n, number: n.to_string() }).collect();
        Chart::new("c", "Tên".into(), "Câu".into(), labels, &values)
    }

    fn widths(numbers: &[u64]) -> Vec<u32> {
        chart(Labels::Above, numbers).bars.iter().map(|bar| bar.width).collect()
    }

    #[test]
    fn bars_are_as_long_as_their_numbers() {
        assert_eq!(widths(&[100, 50, 25]), [276, 138, 69]);
    }

    #[test]
    fn nothing_has_no_bar_and_something_is_always_seen() {
        assert_eq!(widths(&[0, 1, 1_000_000]), [0, 2, 276]);
        assert_eq!(widths(&[0, 0]), [0, 0]);
        assert_eq!(widths(&[u64::MAX, u64::MAX / 2]), [276, 137]);
        assert!(chart(Labels::Beside, &[]).bars.is_empty());
    }

    #[test]
    fn nothing_is_drawn_outside_the_chart() {
        for labels in [Labels::Above, Labels::Beside] {
            let chart = chart(labels, &[5, 4, 3]);
            for bar in &chart.bars {
                assert!(bar.number_x + NUMBER_WIDTH - GAP <= WIDTH, "{bar:?}");
                assert!(bar.y + BAR_HEIGHT <= chart.height && bar.number_y <= chart.height, "{bar:?}");
            }
            assert!(chart.bars.is_sorted_by_key(|bar| bar.y));
        }
    }

    #[test]
    fn a_label_above_a_bar_never_touches_the_bar_before() {
        let chart = chart(Labels::Above, &[1, 2]);
        let before = chart.bars[0].y + BAR_HEIGHT;
        assert!(before < chart.bars[1].label_y - TEXT_BASE + 4, "{chart:?}");
    }

    #[test]
    fn a_long_label_is_cut_and_says_so() {
        let label = cut(&"Sản phẩm ".repeat(20));
        assert!(label.chars().count() <= MAX_LABEL_CHARS && label.ends_with('…'), "{label}");
        assert_eq!(cut("Chè"), "Chè");
    }
}
