//! Colours of a terminal (ECMA-48, 5.4: `ESC [`, parameters and a letter), in logs and in what people copy from a window:
//! nobody sees them.

use std::ops::Range;

use super::rewrite::{Sign, replace};
use crate::view::View;

pub(super) fn sign(text: &[u8], at: usize) -> Option<Sign> {
    sequence(text.get(at..)?).map(|_| ("terminal", 1))
}

pub(super) fn undo(view: &View, core: Range<usize>, _name: &'static str, out: &mut View) -> usize {
    replace(view, core, out, |text, at| Some((sequence(text.get(at..)?)?, Vec::new())))
}

/// The length of what begins so.
fn sequence(text: &[u8]) -> Option<usize> {
    /// Five colours as three numbers each.
    const PARAMETERS_MAX: usize = 64;
    const BEGIN: &[u8] = b"\x1b[";
    let rest = text.strip_prefix(BEGIN)?;
    let len = rest.iter().take(PARAMETERS_MAX).take_while(|b| matches!(b, 0x20..=0x3f)).count();
    matches!(rest.get(len), Some(0x40..=0x7e)).then_some(BEGIN.len() + len + 1)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn colours_part_no_number_and_no_columns() {
        let row = |name: &str, number: &str| {
            format!("\x1b[32m│\x1b[0m {name} \x1b[32m│\x1b[0m \x1b[1;33m{number}\x1b[0m \x1b[32m│\x1b[0m\n")
        };
        let table =
            [row("Họ tên", "Mã BHXH"), row("Vi Thị Thử", "7912045873"), row("Vi Văn Thử", "0121736405")].concat();
        for (text, detector, found) in [
            ("số CCCD 0010\x1b[31m90123456\x1b[0m nhé".to_owned(), DetectorId::Cccd, 1),
            ("số CCCD \x1b[38;2;255;0;0m001\x1b[0m090\x1b[1m123456".to_owned(), DetectorId::Cccd, 1),
            ("\x1b[1msố CCCD\x1b[0m: \x1b[33m001090123456\x1b[0m".to_owned(), DetectorId::Cccd, 1),
            ("số CCCD 0010\x1b[3190123456".to_owned(), DetectorId::Cccd, 0),
            ("đơn 0010\x1b[31m90123456".to_owned(), DetectorId::Cccd, 0),
            (table, DetectorId::Bhxh, 2),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            assert_eq!(inspection.distinct(detector), found, "{text:?}: {inspection:?}");
        }
    }
}
