//! What does not add up in a batch, with the numbers. It refuses nothing and guesses nothing: what cannot be compared is left alone.
//! Pure.

use crate::register::measure::{Measure, MeasureKind};
use crate::trace::types::Amount;

use super::types::{Balance, BalanceFacts, Check, Finding, OutsideSum, SourceSum, StageSum, Words};

/// Pieces that carry a stamp each. Cartons, sacks and hives hold who knows how many, so they are compared with nothing else.
const PACK_NAMES: [&str; 16] = [
    "gói",
    "hộp",
    "chai",
    "lọ",
    "túi",
    "hũ",
    "bịch",
    "can",
    "vỉ",
    "lon",
    "bình",
    "thanh",
    "bánh",
    "cái",
    "sản phẩm",
    "hộp quà",
];
/// A piece in thousandths.
const PIECE: u128 = 1_000;

/// Two numbers that were compared, and how.
type Compared = Result<(), Finding>;

/// Everything that does not add up.
pub fn check_balance(facts: &BalanceFacts) -> Balance {
    let stages = facts.stages.iter().flat_map(check_yield);
    let own = [check_batch(facts), check_pieces(facts)].into_iter().flatten();
    let outside = facts.outside.iter().filter_map(check_outside);
    let sources = facts.sources.iter().filter_map(check_source);
    let compared: Vec<Compared> = stages.chain(own).chain(outside).chain(sources).collect();
    Balance { is_compared: !compared.is_empty(), findings: compared.into_iter().filter_map(Result::err).collect() }
}

/// More out of a stage than its yield lets come out of what went in, for each kind of measure that is on both sides.
fn check_yield(stage: &StageSum) -> Vec<Compared> {
    let Some(permille) = stage.max_yield_permille else { return Vec::new() };
    let (taken, made) = (sums(&stage.taken), sums(&stage.made));
    let mut compared = Vec::new();
    for (kind, made) in made {
        let Some((_, taken)) = taken.iter().find(|(known, _)| *known == kind) else { continue };
        let at_most = taken * u128::from(permille) / 1_000;
        if made <= at_most {
            compared.push(Ok(()));
            continue;
        }
        let (vi_name, en_name) = &stage.name;
        let say = |n: u128, decimal: char| shown(&kind, n, decimal);
        let words = Words {
            vi: format!(
                "{vi_name}: đưa vào {}, nhiều nhất ra được {} ({}), nhưng đã ghi ra {}.",
                say(*taken, ','),
                say(at_most, ','),
                percent(permille, ','),
                say(made, ',')
            ),
            en: format!(
                "{en_name}: {} went in, at most {} can come out ({}), but {} was told.",
                say(*taken, '.'),
                say(at_most, '.'),
                percent(permille, '.'),
                say(made, '.')
            ),
        };
        compared.push(Err(finding(Check::Yield, &kind, (at_most, made), words)));
    }
    compared
}

/// What one pack of the batch's product holds, when it is weighed or measured.
fn pack_of(facts: &BalanceFacts) -> Option<Measure> {
    facts.pack.as_ref().map(measure).filter(|pack| pack.kind.is_measured())
}

/// How much a batch has. While it is open its packing may not be told to the end, so what it declares counts; once it is closed,
/// the lesser of the two.
fn goods(facts: &BalanceFacts) -> Option<Measure> {
    let pack = pack_of(facts);
    let declared = facts.declared.as_ref().and_then(|declared| comparable(declared, pack.as_ref()));
    match (declared, packed(&facts.stages, pack.as_ref())) {
        (Some(declared), Some(packed)) if !facts.is_open && declared.kind == packed.kind => {
            Some(if packed.n < declared.n { packed } else { declared })
        }
        (Some(declared), _) => Some(declared),
        (None, packed) => packed,
    }
}

/// What a stamp stands for in a batch that has so much; 0 where nobody can tell.
fn per_stamp(has: &Measure, pack: Option<&Measure>) -> u128 {
    match pack {
        Some(pack) if pack.kind == has.kind => pack.n,
        Some(_) => 0,
        None if has.kind.is_measured() => 0,
        None => PIECE,
    }
}

/// More in stamps and other batches than the batch has.
fn check_batch(facts: &BalanceFacts) -> Option<Compared> {
    let pack = pack_of(facts);
    let has = goods(facts)?;
    let alike = facts.passed_on.iter().filter_map(|amount| comparable(amount, pack.as_ref()));
    let passed_on: u128 = alike.filter(|measure| measure.kind == has.kind).map(|measure| measure.n).sum();
    let per_stamp = per_stamp(&has, pack.as_ref());
    let stamped = u128::from(facts.n_stamps) * per_stamp;
    let told = stamped + passed_on;
    if told == 0 {
        return None;
    }
    if told <= has.n {
        return Some(Ok(()));
    }
    let say = |n: u128, decimal: char| shown(&has.kind, n, decimal);
    // What was not compared is not spoken of.
    let mut parts = (Vec::new(), Vec::new());
    if stamped != 0 {
        parts.0.push(format!("tem đã phát ({} tem, mỗi tem {})", facts.n_stamps, say(per_stamp, ',')));
        parts.1.push(format!("its stamps ({} of {} each)", facts.n_stamps, say(per_stamp, '.')));
    }
    if passed_on != 0 {
        parts.0.push(format!("phần đưa sang lô khác ({})", say(passed_on, ',')));
        parts.1.push(format!("what went into other batches ({})", say(passed_on, '.')));
    }
    let words = Words {
        vi: format!("Lô có {}, nhưng {} cộng lại là {}.", say(has.n, ','), parts.0.join(" và "), say(told, ',')),
        en: format!("The batch has {}, but {} make {}.", say(has.n, '.'), parts.1.join(" and "), say(told, '.')),
    };
    Some(Err(finding(Check::Batch, &has.kind, (has.n, told), words)))
}

/// More stamps than packs that were packed, where the packs cannot be weighed: then they are counted.
fn check_pieces(facts: &BalanceFacts) -> Option<Compared> {
    let pack = pack_of(facts);
    let is_weighed = goods(facts).is_some_and(|has| per_stamp(&has, pack.as_ref()) != 0);
    if is_weighed || facts.n_stamps == 0 {
        return None;
    }
    let made = facts.stages.iter().filter(|stage| stage.is_packing).flat_map(|stage| &stage.made);
    let packs: Vec<Measure> = made.map(measure).collect();
    let is_pack =
        |measure: &Measure| matches!(&measure.kind, MeasureKind::Counted(name) if PACK_NAMES.contains(&name.as_str()));
    let first = packs.first()?;
    if !packs.iter().all(is_pack) {
        return None;
    }
    let is_alike = packs.iter().all(|pack| pack.kind == first.kind);
    let kind = if is_alike { first.kind.clone() } else { MeasureKind::Counted("sản phẩm".to_owned()) };
    let packed: u128 = packs.iter().map(|pack| pack.n).sum();
    let stamped = u128::from(facts.n_stamps) * PIECE;
    if stamped <= packed {
        return Some(Ok(()));
    }
    let words = Words {
        vi: format!("Đã ghi đóng gói {}, nhưng đã phát {} tem.", shown(&kind, packed, ','), facts.n_stamps),
        en: format!("{} were told as packed, but {} stamps are out.", shown(&kind, packed, '.'), facts.n_stamps),
    };
    Some(Err(finding(Check::Batch, &kind, (packed, stamped), words)))
}

/// More taken from another batch than it declares or has made.
fn check_source(source: &SourceSum) -> Option<Compared> {
    let pack = pack_of(&source.has);
    let used: Vec<Measure> = source.used.iter().filter_map(|amount| comparable(amount, pack.as_ref())).collect();
    let has = goods(&source.has).map_or_else(|| most_made(&source.has.stages), |goods| vec![goods]);
    let has = has.into_iter().find(|has| used.iter().any(|used| used.kind == has.kind))?;
    let used: u128 = used.iter().filter(|used| used.kind == has.kind).map(|used| used.n).sum();
    if used <= has.n {
        return Some(Ok(()));
    }
    let say = |n: u128, decimal: char| shown(&has.kind, n, decimal);
    let (lot, most, told) = (&source.lot, say(has.n, ','), say(used, ','));
    let words = Words {
        vi: format!("Lô nguyên liệu {lot} chỉ có {most}, nhưng ở đây đã ghi dùng {told}."),
        en: format!("Input lot {lot} has {}, but {} of it was told as used here.", say(has.n, '.'), say(used, '.')),
    };
    Some(Err(finding(Check::Source, &has.kind, (has.n, used), words)))
}

/// The most that came out of any one stage, of each kind: the same goods pass through several.
fn most_made(stages: &[StageSum]) -> Vec<Measure> {
    let mut most: Vec<Measure> = Vec::new();
    for (kind, n) in stages.iter().flat_map(|stage| sums(&stage.made)) {
        match most.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.n = known.n.max(n),
            None => most.push(Measure { kind, n }),
        }
    }
    most
}

/// What was packed, when all of it can be compared.
fn packed(stages: &[StageSum], pack: Option<&Measure>) -> Option<Measure> {
    let made = stages.iter().filter(|stage| stage.is_packing).flat_map(|stage| &stage.made);
    let measures: Vec<Measure> = made.map(|amount| comparable(amount, pack)).collect::<Option<_>>()?;
    let first = measures.first()?;
    let is_alike = measures.iter().all(|measure| measure.kind == first.kind);
    let kind = first.kind.clone();
    is_alike.then(|| Measure { kind, n: measures.iter().map(|measure| measure.n).sum() })
}

/// More taken from a lot from outside than came in.
fn check_outside(lot: &OutsideSum) -> Option<Compared> {
    let received = measure(&lot.received);
    let used: u128 = lot.used.iter().map(measure).filter(|used| used.kind == received.kind).map(|used| used.n).sum();
    if used == 0 {
        return None;
    }
    if used <= received.n {
        return Some(Ok(()));
    }
    let say = |n: u128, decimal: char| shown(&received.kind, n, decimal);
    let words = Words {
        vi: format!(
            "Nguyên liệu mua ngoài \"{}\" nhận {}, nhưng đã ghi dùng {}.",
            lot.product,
            say(received.n, ','),
            say(used, ',')
        ),
        en: format!(
            "Of \"{}\", bought outside, {} came in, but {} was told as used.",
            lot.product,
            say(received.n, '.'),
            say(used, '.')
        ),
    };
    Some(Err(finding(Check::Outside, &received.kind, (received.n, used), words)))
}

fn measure(amount: &Amount) -> Measure {
    Measure::of(amount.unit.as_str(), amount.quantity)
}

/// An amount as it can be compared within a batch: packs by what a pack holds, if that is known; other pieces by nothing.
fn comparable(amount: &Amount, pack: Option<&Measure>) -> Option<Measure> {
    let measure = measure(amount);
    match (&measure.kind, pack) {
        (MeasureKind::Counted(name), _) if !PACK_NAMES.contains(&name.as_str()) => None,
        (MeasureKind::Counted(_), Some(pack)) => {
            Some(Measure { kind: pack.kind.clone(), n: measure.n * pack.n / PIECE })
        }
        (MeasureKind::Mass | MeasureKind::Volume, _) | (MeasureKind::Counted(_), None) => Some(measure),
    }
}

/// The sum of each kind, in the order in which the kinds come.
fn sums(amounts: &[Amount]) -> Vec<(MeasureKind, u128)> {
    let mut sums: Vec<(MeasureKind, u128)> = Vec::new();
    for Measure { kind, n } in amounts.iter().map(measure) {
        match sums.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += n,
            None => sums.push((kind, n)),
        }
    }
    sums
}

fn finding(check: Check, kind: &MeasureKind, (at_most, told): (u128, u128), words: Words) -> Finding {
    let thousandths = |n: u128| u64::try_from(n).unwrap_or(u64::MAX);
    let unit = match kind {
        MeasureKind::Mass => "g",
        MeasureKind::Volume => "ml",
        MeasureKind::Counted(name) => name,
    };
    Finding {
        check,
        at_most_thousandths: thousandths(at_most),
        told_thousandths: thousandths(told),
        unit: unit.to_owned(),
        words,
    }
}

/// "12,5 kg": in the unit that people say it in, at most three decimal places.
fn shown(kind: &MeasureKind, n: u128, decimal: char) -> String {
    /// A kilogram in thousandths of a gram, a litre in thousandths of a millilitre.
    const LARGE: u128 = 1_000_000;
    let (n, unit) = match kind {
        MeasureKind::Mass if LARGE <= n => (n / 1_000, "kg"),
        MeasureKind::Mass => (n, "g"),
        MeasureKind::Volume if LARGE <= n => (n / 1_000, if decimal == ',' { "lít" } else { "l" }),
        MeasureKind::Volume => (n, "ml"),
        MeasureKind::Counted(name) => (n, name.as_str()),
    };
    let text = format!("{}{decimal}{:03}", n / 1_000, n % 1_000);
    format!("{} {unit}", text.trim_end_matches('0').trim_end_matches(decimal))
}

fn percent(permille: u32, decimal: char) -> String {
    let (whole, tenths) = (permille / 10, permille % 10);
    if tenths == 0 { format!("{whole}%") } else { format!("{whole}{decimal}{tenths}%") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::testing::amount;

    fn amounts(texts: &[&str]) -> Vec<Amount> {
        texts.iter().map(|text| amount(text)).collect()
    }

    fn stage(permille: Option<u32>, taken: &[&str], made: &[&str]) -> StageSum {
        StageSum {
            name: ("Sao khô".into(), "Dried".into()),
            max_yield_permille: permille,
            is_packing: false,
            taken: amounts(taken),
            made: amounts(made),
        }
    }

    fn packing(made: &[&str]) -> StageSum {
        StageSum { is_packing: true, ..stage(None, &[], made) }
    }

    /// The numbers of each finding: at the most, and told.
    #[track_caller]
    fn check(facts: &BalanceFacts, expected: &[(Check, u64, u64)]) {
        let found = check_balance(facts).findings;
        let numbers: Vec<_> = found.iter().map(|f| (f.check, f.at_most_thousandths, f.told_thousandths)).collect();
        assert_eq!(numbers, expected, "{found:?}");
    }

    #[track_caller]
    fn check_stage(permille: Option<u32>, taken: &[&str], made: &[&str], expected: &[(Check, u64, u64)]) {
        check(&BalanceFacts { stages: vec![stage(permille, taken, made)], ..BalanceFacts::default() }, expected);
    }

    #[test]
    fn what_comes_out_is_at_most_what_went_in_by_the_yield() {
        check_stage(Some(280), &["60 kg", "4 yến"], &["28000 g"], &[]);
        check_stage(Some(280), &["60 kg", "4 yến"], &["28 kg", "0.001 kg"], &[(Check::Yield, 28_000_000, 28_001_000)]);
    }

    #[test]
    fn what_cannot_be_compared_is_left_alone() {
        check_stage(None, &["1 kg"], &["100 kg"], &[]);
        check_stage(Some(280), &[], &["100 kg"], &[]);
        check_stage(Some(280), &["100 lít"], &["100 kg"], &[]);
        check_stage(Some(280), &["100 bao"], &["100 kg"], &[]);
    }

    fn batch(declared: Option<&str>, pack: Option<&str>, n_stamps: u64, passed_on: &[&str]) -> BalanceFacts {
        BalanceFacts {
            is_open: true,
            declared: declared.map(amount),
            pack: pack.map(amount),
            n_stamps,
            passed_on: amounts(passed_on),
            ..BalanceFacts::default()
        }
    }

    #[test]
    fn stamps_and_what_was_passed_on_are_at_most_what_the_batch_has() {
        check(&batch(Some("500 kg"), Some("500 g"), 1_000, &[]), &[]);
        check(&batch(Some("500 kg"), Some("500 g"), 1_001, &[]), &[(Check::Batch, 500_000_000, 500_500_000)]);
        check(&batch(Some("500 kg"), Some("500 g"), 600, &["2 tạ"]), &[]);
        check(&batch(Some("500 kg"), Some("500 g"), 601, &["2 tạ"]), &[(Check::Batch, 500_000_000, 500_500_000)]);
        check(&batch(Some("500 kg"), None, 5_000_000, &["501 kg"]), &[(Check::Batch, 500_000_000, 501_000_000)]);
    }

    #[test]
    fn packs_are_weighed_by_what_one_holds_and_else_counted() {
        check(&batch(Some("100 gói"), Some("500 g"), 100, &[]), &[]);
        check(&batch(Some("100 gói"), Some("500 g"), 100, &["1 kg"]), &[(Check::Batch, 50_000_000, 51_000_000)]);
        check(&batch(Some("100 hộp"), None, 101, &[]), &[(Check::Batch, 100_000, 101_000)]);
        check(&batch(Some("100 thùng"), None, 2_000, &[]), &[]);
        check(&batch(Some("100 lít"), Some("500 g"), 1_000, &[]), &[]);
    }

    #[test]
    fn what_was_packed_counts_once_the_batch_is_closed_or_where_nothing_is_declared() {
        let packed = |is_open, declared| BalanceFacts {
            is_open,
            stages: vec![packing(&["60 kg", "40 gói"])],
            ..batch(declared, Some("500 g"), 180, &[])
        };
        check(&packed(true, Some("500 kg")), &[]);
        check(&packed(false, Some("500 kg")), &[(Check::Batch, 80_000_000, 90_000_000)]);
        check(&packed(true, None), &[(Check::Batch, 80_000_000, 90_000_000)]);
    }

    #[test]
    fn stamps_are_counted_against_packs_where_these_cannot_be_weighed() {
        let packed = |made: &[&str], n_stamps| BalanceFacts {
            stages: vec![packing(made)],
            ..batch(Some("500 kg"), None, n_stamps, &[])
        };
        check(&packed(&["60 gói", "40 hộp"], 100), &[]);
        check(&packed(&["60 gói", "40 hộp"], 101), &[(Check::Batch, 100_000, 101_000)]);
        check(&packed(&["60 thùng"], 1_000), &[]);
    }

    #[test]
    fn stamps_of_unknown_weight_are_not_spoken_of() {
        let words = check_balance(&batch(Some("500 kg"), None, 40, &["501 kg"])).findings.remove(0).words;
        assert_eq!(words.vi, "Lô có 500 kg, nhưng phần đưa sang lô khác (501 kg) cộng lại là 501 kg.");
    }

    #[test]
    fn no_more_is_taken_of_another_batch_than_it_declares_or_has_made() {
        let taken = |has: BalanceFacts, used: &[&str]| BalanceFacts {
            sources: vec![SourceSum { lot: "MD-01".into(), has, used: amounts(used) }],
            ..BalanceFacts::default()
        };
        let declares = || batch(Some("500 kg"), None, 0, &[]);
        check(&taken(declares(), &["3 tạ", "200 kg"]), &[]);
        check(&taken(declares(), &["3 tạ", "201 kg"]), &[(Check::Source, 500_000_000, 501_000_000)]);
        let made = || BalanceFacts { stages: vec![stage(None, &[], &["90 kg", "10 kg"])], ..BalanceFacts::default() };
        check(&taken(made(), &["100 kg"]), &[]);
        check(&taken(made(), &["101 kg"]), &[(Check::Source, 100_000_000, 101_000_000)]);
        check(&taken(BalanceFacts::default(), &["900 kg"]), &[]);
    }

    #[test]
    fn nothing_adds_up_where_nothing_can_be_compared() {
        assert!(!check_balance(&batch(Some("500 kg"), Some("500 g"), 0, &[])).is_compared);
        assert!(check_balance(&batch(Some("500 kg"), Some("500 g"), 1, &[])).is_compared);
    }

    #[test]
    fn no_more_is_used_of_a_lot_from_outside_than_came_in() {
        let used = |used: &[&str]| BalanceFacts {
            outside: vec![OutsideSum { product: "củ dong".into(), received: amount("9 tạ"), used: amounts(used) }],
            ..BalanceFacts::default()
        };
        check(&used(&["400 kg", "500 kg"]), &[]);
        check(&used(&["400 kg", "501 kg"]), &[(Check::Outside, 900_000_000, 901_000_000)]);
    }

    #[test]
    fn a_finding_says_its_numbers_in_both_languages() {
        let facts =
            BalanceFacts { stages: vec![stage(Some(225), &["100 kg"], &["30.5 kg"])], ..BalanceFacts::default() };
        let words = check_balance(&facts).findings.remove(0).words;
        assert_eq!(words.vi, "Sao khô: đưa vào 100 kg, nhiều nhất ra được 22,5 kg (22,5%), nhưng đã ghi ra 30,5 kg.");
        assert_eq!(words.en, "Dried: 100 kg went in, at most 22.5 kg can come out (22.5%), but 30.5 kg was told.");
    }
}
