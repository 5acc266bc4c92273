//! The white between lines: less within a cell than between two rows, where cells have a margin.

use super::rows::Text;

/// Steps from line to line, in heights of letters: of one line they are less, of two rows however they are set more.
const STEPS: std::ops::Range<f64> = 0.8..1.6;
/// Steps within cells are all alike, but for what boxes are off.
const ALIKE: f64 = 0.1;
/// So much more than the middle one of them is the edge of a cell.
const EDGE: f64 = 0.13;
/// Of all steps, the share that steps within cells are at least.
const SHARE_MIN: usize = 10;
/// A cell of two lines, and its neighbour.
const STEPS_MIN: usize = 2;

/// How far the lines of a cell are apart at most, by the steps down the columns from line to line: the least that many
/// have in common. `None` where there are too few.
fn tight(steps: impl Iterator<Item = f64>, size: f64) -> Option<f64> {
    let mut steps: Vec<f64> = steps.map(|step| step / size).filter(|step| *step > STEPS.start).collect();
    steps.sort_by(f64::total_cmp);
    let many = (steps.len() / SHARE_MIN).max(STEPS_MIN);
    let first = (0..steps.len()).find(|n| {
        let (from, to) = (steps.get(*n), steps.get(n + many - 1));
        from.zip(to).is_some_and(|(from, to)| to - from <= ALIKE)
    })?;
    let least = *steps.get(first)?;
    let alike = steps.partition_point(|step| *step <= least + ALIKE);
    let middle = *steps.get((first + alike) / 2)?;
    (middle < STEPS.end).then_some((middle + EDGE) * size)
}

/// How far the lines of a cell are apart at most, where the white between rows tells them clearly.
pub(super) fn tight_on_picture(columns: &[Vec<usize>], texts: &[Text<'_>], size: f64) -> Option<f64> {
    let base = |n: &usize| texts.get(*n).map_or(f64::NAN, |text| text.base);
    let steps = columns.iter().flat_map(|column| column.windows(2));
    tight(steps.filter_map(|pair| if let [a, b] = pair { Some(base(a) - base(b)) } else { None }), size)
}
