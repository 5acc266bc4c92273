//! What a column without a header holds, told from a sample of its cells.
//!
//! One random number in sixty looks like a citizen's (README, *Measured*), so a count says nothing about a list and the
//! share of cells says nearly everything: eight of ten by chance has odds of 45 · 0.016⁸, less than one in 10¹². It
//! keeps nothing and reads no headers: those come first.

use chot_model::{Confidence, DetectorId};

use crate::mst::has_check_digit;
use crate::phone::is_mobile;
use crate::province::is_insurer;
use crate::{Column, Context, Detectors};

/// Fewer cells are no column.
const CELLS_MIN: usize = 8;
/// More cells tell no more.
const CELLS_MAX: usize = 256;

impl Detectors {
    /// What the cells of a column without a header are: identifiers or telephone numbers when four of five are,
    /// [`Column::Negative`] when they are numbers of twelve digits most of which are nobody's, `None` when that cannot
    /// be told. Empty cells do not count.
    pub fn coherent<'c>(&self, cells: impl IntoIterator<Item = &'c [u8]>) -> Option<Column> {
        const TOLD: [(DetectorId, Column); 3] =
            [(DetectorId::Cccd, Column::Cccd), (DetectorId::Bhyt, Column::Bhyt), (DetectorId::Phone, Column::Phone)];
        let cells = cells.into_iter().map(<[u8]>::trim_ascii).filter(|c| !c.is_empty()).take(CELLS_MAX);
        let cells: Vec<&[u8]> = cells.collect();
        let all = cells.len();
        if all < CELLS_MIN {
            return None;
        }
        let twelve = cells.iter().filter(|cell| cell.len() == 12 && cell.iter().all(u8::is_ascii_digit)).count();
        // Nearly all tables hold words: a few cells that are nothing of all this settle it.
        let words = twelve * 10 < all * 9;
        let codes = cells.iter().filter_map(|cell| str::from_utf8(cell).ok()?.parse().ok()).collect();
        let (mut counts, mut others, mut hits) = ([0_usize; TOLD.len()], 0_usize, Vec::new());
        for cell in cells {
            hits.clear();
            self.scan(cell, 0..cell.len(), Context::default(), &mut hits);
            let mut any = false;
            for (count, (detector, _)) in counts.iter_mut().zip(TOLD) {
                let whole = |range: &std::ops::Range<usize>| range.start <= 1 && range.end == cell.len();
                let found = |h: &crate::Hit| h.detector == detector && h.confidence >= Confidence::Medium;
                let told = hits.iter().any(|h| found(h) && whole(&h.range));
                any |= told;
                *count += usize::from(told);
            }
            others += usize::from(!any);
            if words && others * 5 > all {
                return None;
            }
        }
        let (most, (_, column)) = counts.iter().zip(TOLD).max_by_key(|(count, _)| **count)?;
        if most * 5 >= all * 4 {
            Some(column).filter(|_| !(column == Column::Cccd && are_counted(codes)))
        } else if twelve * 10 >= all * 9 && most * 2 < all {
            Some(Column::Negative)
        } else {
            None
        }
    }
}

/// Fewer numbers under a title are no list.
const INSURED_MIN: usize = 3;

/// Whether most of the numbers of ten digits among cells begin with no province, so that they are others: of random ones a
/// third do, of those of the insured none.
pub fn are_uninsured<'c>(cells: impl IntoIterator<Item = &'c [u8]>) -> bool {
    let is_long = |cell: &&[u8]| cell.len() == 10 && cell.iter().all(u8::is_ascii_digit);
    let numbers = cells.into_iter().map(<[u8]>::trim_ascii).filter(is_long).take(CELLS_MAX);
    let (all, others) = numbers.fold((0, 0), |(all, others), number| {
        (all + 1, others + usize::from(!number.get(..2).is_some_and(is_insurer)))
    });
    all >= INSURED_MIN && others * 2 > all
}

/// Whether the cells of a column without a header may all be insurance numbers, where a title above speaks of insurance: ten
/// digits each behind a province's, and not what else has ten digits in a list of people. Two of three random ones begin so,
/// which is why the title has to be there; telephones do only in one province, and of tax codes all have a check digit.
pub fn are_insured<'c>(cells: impl IntoIterator<Item = &'c [u8]>) -> bool {
    are_of_insurance(cells, |cell| cell.get(..2).is_some_and(is_insurer))
}

/// The same where a heading `Mã số` stands above them as well, whatever they begin with: who is registered in one place was
/// first insured in another, and lists hold what people wrote.
pub fn are_insured_below<'c>(cells: impl IntoIterator<Item = &'c [u8]>) -> bool {
    are_of_insurance(cells, |_| true)
}

fn are_of_insurance<'c>(cells: impl IntoIterator<Item = &'c [u8]>, begins: impl Fn(&[u8]) -> bool) -> bool {
    let (mut all, mut others, mut numbers) = (0, 0, Vec::new());
    for cell in cells.into_iter().map(<[u8]>::trim_ascii).filter(|c| !c.is_empty()).take(CELLS_MAX) {
        if cell.len() != 10 || !cell.iter().all(u8::is_ascii_digit) || !begins(cell) {
            return false;
        }
        all += 1;
        others += usize::from(is_mobile(cell) || has_check_digit(cell) || cell.ends_with(b"000"));
        numbers.push(cell.iter().fold(0, |n, b| n * 10 + u64::from(b - b'0')));
    }
    all >= INSURED_MIN && others * 2 < all && !are_counted(numbers)
}

/// Numbers no farther apart than this follow each other.
const STEP_MAX: u64 = 10;
/// Fewer follow each other by chance, or in a family that was registered together.
const COUNTED_MIN: usize = 3;

/// Whether numbers of twelve digits were counted up, as those of goods and orders are: most follow each other closely.
///
/// In the register of a whole province, in order, four of five do only where the next citizen is six numbers away on
/// average: a sixth of all the numbers that a province has for the women or men of a year. The largest provinces give out a
/// tenth.
pub fn are_counted(mut numbers: Vec<u64>) -> bool {
    numbers.sort_unstable();
    numbers.dedup();
    let near = numbers.windows(2).filter(|pair| matches!(pair, [a, b] if follows(*a, *b))).count();
    numbers.len() >= COUNTED_MIN && is_most(near + 1, numbers.len())
}

/// Whether one number closely follows another, or the other it.
pub const fn follows(one: u64, other: u64) -> bool {
    one != other && one.abs_diff(other) <= STEP_MAX
}

/// Whether so many numbers that follow the one before, the first among them, make all of these counted up.
pub const fn is_most(near: usize, of: usize) -> bool {
    near * 5 >= of * 4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_goods_are_counted_and_those_of_people_are_not() {
        let counted: Vec<u64> = (0..12).map(|n| 36_012_470_010 + n * 3).collect();
        let class: Vec<u64> =
            (0..40_u64).map(|n| 79_209_000_000 + n % 2 * 100_000_000 + n * 618_033 % 1_000_000).collect();
        let one = vec![79_209_000_017; 12];
        assert!(are_counted(counted));
        assert!(!are_counted(class));
        assert!(!are_counted(one), "one person in many rows");
        // Women of a year in a large province, in order.
        for gap in [12_u64, 20, 83] {
            let mut number = 79_195_000_000;
            let dense: Vec<u64> = (0..4_000_u64)
                .map(|n| {
                    // Gaps as chance makes them: the shorter the more frequent.
                    let chance = (n * 618_033_989 % 1_000 + 1) as f64 / 1_001.0;
                    number += 1 + (-(gap as f64) * chance.ln()) as u64;
                    number
                })
                .collect();
            assert!(!are_counted(dense), "{gap}");
        }
        assert!(!are_counted(vec![79_209_000_017, 79_209_000_018]));
        let cells: Vec<_> = (0..12).map(|n| format!("{:012}", 36_012_470_010_u64 + n * 3)).collect();
        assert_eq!(Detectors::new(2026).coherent(cells.iter().map(String::as_bytes)), None);
    }

    #[test]
    fn insured_people_have_neither_telephones_nor_tax_codes() {
        for (cells, are) in [
            (&["7912045873", "0113155984", "4814265095"][..], true),
            (&["7912045873", "", "0113155984", "0892265095"], true),
            (&["7912045873", "0113155984"], false),
            (&["7912045873", "0113155984", "4814265095", "0912345678"], false),
            (&["7912045873", "0113155984", "4814265095", "x"], false),
            (&["0892345678", "0883456789", "0894567890"], false),
            (&["0100109106", "0106026495", "0301447268"], false),
            (&["7912045000", "0113155000", "4814265095"], false),
            (&["7912045873", "7912045874", "7912045875"], false),
        ] {
            assert_eq!(are_insured(cells.iter().map(|cell| cell.as_bytes())), are, "{cells:?}");
        }
    }

    #[test]
    fn a_column_is_told_by_the_share_of_its_cells() {
        let detectors = Detectors::new(2026);
        let told = |cells: &[String]| detectors.coherent(cells.iter().map(String::as_bytes));
        // Numbers of orders, spread by a step that is prime to everything.
        let orders: Vec<_> =
            (1..=500_u64).map(|n| format!("{:012}", n * 618_033_988_749 % 1_000_000_000_000)).collect();
        let citizens: Vec<_> =
            (0..40).map(|n| format!("0{}0{:02}{:06}", 79 - n % 2 * 5, 60 + n % 40, n * 7_919)).collect();
        let phones: Vec<_> = (0..20).map(|n| format!("09{:08}", 12_345_678 + n * 104_729)).collect();
        let mixed: Vec<_> = citizens.iter().take(12).chain(orders.iter().take(8)).cloned().collect();
        assert_eq!(told(&orders), Some(Column::Negative));
        assert_eq!(told(&citizens), Some(Column::Cccd));
        assert_eq!(told(&phones), Some(Column::Phone));
        assert_eq!(told(&mixed), None);
        assert_eq!(told(citizens.get(..7).expect("forty")), None);
        assert_eq!(told(&vec!["Hà Nội".to_owned(); 20]), None);
        assert_eq!(told(&[]), None);
    }
}
