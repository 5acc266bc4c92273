//! Forms with a box for each letter: a row of cells with one each is one number.

/// Boxes of the shortest and of the longest identifier.
const BOXES: std::ops::RangeInclusive<usize> = 9..=15;
/// A longer line announces nothing.
const LABEL_MAX: usize = 120;

/// What the boxes of a row hold together, behind what they are called: that stands before them, or else `above`.
pub(super) fn read(cells: &[String], above: &str) -> Option<String> {
    let is_box = |cell: &&String| matches!(cell.as_bytes(), [b] if b.is_ascii_alphanumeric());
    let before = cells.iter().take_while(|cell| !is_box(cell)).count();
    let letters: String = cells.iter().skip(before).take_while(is_box).map(String::as_str).collect();
    let label = before.checked_sub(1).and_then(|n| cells.get(n)).map_or(above, String::as_str);
    (BOXES.contains(&letters.len()) && label.len() <= LABEL_MAX).then(|| format!("{label} {letters}\n"))
}
