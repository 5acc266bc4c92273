//! Which columns of a table the cells of a row belong to.

/// How far from the edge of its column a text may begin.
pub(super) const EDGE_EM: f64 = 0.3;

/// Which columns the cells of a row stand in: in order, each its own. `None` when they fit no such table.
pub(super) fn assign(cells: &[(f64, f64)], columns: &[(f64, f64)]) -> Option<Vec<usize>> {
    if cells.len() > columns.len() {
        return None;
    }
    let (mut next, mut assigned) = (0, Vec::with_capacity(cells.len()));
    for (n, (from, to)) in cells.iter().enumerate() {
        // Columns that must be left for the cells behind.
        let last = columns.len() - (cells.len() - n);
        let overlap = |c: &(f64, f64)| c.1.min(*to) - c.0.max(*from);
        let column = (next..=last).max_by(|a, b| {
            let of = |n: usize| columns.get(n).map_or(f64::NEG_INFINITY, overlap);
            of(*a).total_cmp(&of(*b)).then(b.cmp(a))
        })?;
        // A full row is one of the table wherever its texts stand; others have to fit.
        if cells.len() < columns.len() && columns.get(column).is_none_or(|c| overlap(c) <= 0.0) {
            return None;
        }
        assigned.push(column);
        next = column + 1;
    }
    Some(assigned)
}

/// Which columns the cells of a row belong to that are not one each: a text that is set to both edges of its cell has gaps as wide
/// as those between cells, on the lines on which it goes on as well. `None` unless each column begins where it did before, and
/// no two numbers come together.
pub(super) fn parts(
    cells: &[(f64, f64)],
    lines: &[Vec<String>],
    columns: &[(f64, f64)],
    size: f64,
) -> Option<Vec<usize>> {
    /// By so many, the columns are those of the table.
    const COLUMNS_MIN: usize = 3;
    if columns.len() < COLUMNS_MIN {
        return None;
    }
    let edge = EDGE_EM * size;
    let mut assigned: Vec<usize> = Vec::with_capacity(cells.len());
    let mut numbers = 0;
    for ((from, _), lines) in cells.iter().zip(lines) {
        let column = columns.iter().rposition(|column| column.0 <= from + edge)?;
        let goes_on = assigned.last() == Some(&column);
        let begins = columns.get(column).is_some_and(|column| (column.0 - from).abs() <= edge);
        numbers = usize::from(lines.iter().any(|line| holds_number(line))) + if goes_on { numbers } else { 0 };
        if !goes_on && !begins || numbers > 1 || assigned.last().is_some_and(|before| *before > column) {
            return None;
        }
        assigned.push(column);
    }
    let mut met = assigned.clone();
    met.dedup();
    let is_row = met.len() >= COLUMNS_MIN && met.len() + 1 >= columns.len();
    let goes_on = met.len() == 1 && met != [0];
    (is_row || goes_on).then_some(assigned)
}

/// The cells of each column as one.
pub(super) fn united(
    parts: &[usize],
    spans: &[(f64, f64)],
    lines: &[Vec<String>],
) -> (Vec<(f64, f64)>, Vec<Vec<String>>) {
    let mut united: (Vec<(f64, f64)>, Vec<Vec<String>>) = Default::default();
    let mut before = None;
    for ((column, span), lines) in parts.iter().zip(spans).zip(lines) {
        match (united.0.last_mut(), united.1.last_mut()) {
            (Some(whole), Some(all)) if before == Some(column) => {
                whole.1 = whole.1.max(span.1);
                let first = lines.first().map_or("", String::as_str);
                match all.first_mut() {
                    Some(line) => *line = format!("{line} {first}"),
                    None => all.push(first.to_owned()),
                }
                all.extend(lines.iter().skip(1).cloned());
            }
            _ => {
                united.0.push(*span);
                united.1.push(lines.clone());
            }
        }
        before = Some(column);
    }
    united
}

/// Whether a text has more digits than a house, a day or a group of a number.
pub(super) fn holds_number(text: &str) -> bool {
    const DIGITS_MAX: usize = 5;
    text.bytes().filter(u8::is_ascii_digit).count() > DIGITS_MAX
}
