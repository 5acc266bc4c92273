//! Cells that are one number, and what a spreadsheet does to them.
//!
//! Whose a number is, it does not ask.

use chot_detectors::Column;

use crate::view::View;

/// A spreadsheet's number with the zeros in front that its column says it had.
pub(super) fn padded(view: &View, column: Option<Column>) -> Option<View> {
    let zeros = lost_zeros(&view.text, column).filter(|_| view.number)?;
    let mut padded = View::default();
    padded.push_joint(zeros);
    padded.push_view(view, 0..view.text.len());
    padded.base = view.base;
    Some(padded)
}

/// The zeros that a spreadsheet's number has lost.
pub(super) fn lost_zeros(number: &[u8], column: Option<Column>) -> Option<&'static [u8]> {
    let digits = match column? {
        Column::Cccd | Column::IdNumber => 10..12,
        Column::Bhxh | Column::Tax => 9..10,
        Column::Cmnd => 8..9,
        _ => return None,
    };
    let lost = digits.contains(&number.len()) && number.iter().all(u8::is_ascii_digit);
    if lost { b"00".get(number.len() + 2 - digits.end..) } else { None }
}

/// Digits of the shortest number that stands for somebody.
pub(super) const NUMBER_MIN: usize = 9;

/// A cell that is nothing but one number as long as identifiers are.
pub(crate) fn is_number(text: &[u8]) -> bool {
    const DIGITS_MAX: usize = 15;
    const SIGNS_MAX: usize = 4;
    let text = text.trim_ascii();
    // Asked of every line of a letter.
    if text.len() > DIGITS_MAX + SIGNS_MAX {
        return false;
    }
    let digits = text.iter().filter(|b| b.is_ascii_digit()).count();
    (NUMBER_MIN..=DIGITS_MAX).contains(&digits) && text.len() <= digits + SIGNS_MAX
}
