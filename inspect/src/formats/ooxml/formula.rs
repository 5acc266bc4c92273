//! What a formula shows whose last result was not saved: programs that write workbooks leave the reckoning to the reader.
//!
//! Only texts and numbers that are put together; what depends on other cells is found where those stand.

use std::ops::Range;

use crate::view::View;

/// Brackets within each other.
const DEPTH_MAX: usize = 32;
/// More than this is no value of a cell.
const SHOWN_MAX: usize = 1 << 10;
/// Functions that put all their arguments together.
const JOINS: [&[u8]; 3] = [b"CONCAT", b"CONCATENATE", b"_XLFN.CONCAT"];
/// Functions that show their first argument, as far as that is a number.
const SAME: [&[u8]; 9] = [b"T", b"N", b"VALUE", b"TRIM", b"CLEAN", b"UPPER", b"LOWER", b"INT", b"NUMBERVALUE"];

/// What the formula in a view shows; `None` if that cannot be told from it alone.
pub(super) fn result(formula: &View) -> Option<View> {
    let mut reader = Formula { view: formula, at: 0 };
    let shown = reader.expression(0)?;
    reader.blanks();
    let is_some = shown.text.iter().any(u8::is_ascii_alphanumeric);
    (reader.at == formula.text.len() && is_some).then_some(shown)
}

struct Formula<'v> {
    view: &'v View,
    at: usize,
}

impl Formula<'_> {
    fn next(&self) -> Option<u8> {
        self.view.text.get(self.at).copied()
    }

    fn blanks(&mut self) {
        while self.next().is_some_and(|b| b.is_ascii_whitespace() || b == b'=') {
            self.at += 1;
        }
    }

    fn takes(&mut self, sign: u8) -> bool {
        self.blanks();
        let is = self.next() == Some(sign);
        self.at += usize::from(is);
        is
    }

    fn piece(&self, range: Range<usize>) -> View {
        let mut piece = View::default();
        piece.push_view(self.view, range);
        piece
    }

    /// Terms put together.
    fn expression(&mut self, depth: usize) -> Option<View> {
        let mut shown = self.term(depth)?;
        while self.takes(b'&') {
            append(&mut shown, &self.term(depth)?)?;
        }
        Some(shown)
    }

    fn term(&mut self, depth: usize) -> Option<View> {
        self.blanks();
        let start = self.at;
        match self.next()? {
            b'"' => self.string(),
            b'0'..=b'9' => {
                self.run(|b| b.is_ascii_digit());
                Some(self.piece(start..self.at))
            }
            b'(' if depth < DEPTH_MAX => {
                self.at += 1;
                let shown = self.expression(depth + 1)?;
                self.takes(b')').then_some(shown)
            }
            b if b.is_ascii_alphabetic() || b == b'_' => {
                self.run(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
                let name = self.view.text.get(start..self.at)?.to_ascii_uppercase();
                (depth < DEPTH_MAX && self.takes(b'(')).then(|| self.call(&name, depth + 1))?
            }
            _ => None,
        }
    }

    fn run(&mut self, goes_on: impl Fn(u8) -> bool) {
        while self.next().is_some_and(&goes_on) {
            self.at += 1;
        }
    }

    /// A string, in which a quote is written twice.
    fn string(&mut self) -> Option<View> {
        let mut shown = View::default();
        loop {
            self.at += 1;
            let start = self.at;
            self.at += memchr::memchr(b'"', self.view.text.get(start..)?)?;
            append(&mut shown, &self.piece(start..self.at))?;
            self.at += 1;
            if self.next() != Some(b'"') {
                return Some(shown);
            }
            append(&mut shown, &self.piece(self.at..self.at + 1))?;
        }
    }

    fn call(&mut self, name: &[u8], depth: usize) -> Option<View> {
        let mut arguments = vec![self.expression(depth)?];
        while self.takes(b',') || self.takes(b';') {
            arguments.push(self.expression(depth)?);
        }
        if !self.takes(b')') {
            return None;
        }
        match (name, arguments.as_mut_slice()) {
            (b"TEXT", [value, format]) => Some(padded(std::mem::take(value), &format.text)),
            (b"HYPERLINK", [.., shown]) => Some(std::mem::take(shown)),
            (name, [value]) if SAME.contains(&name) => Some(std::mem::take(value)),
            (name, [first, others @ ..]) if JOINS.contains(&name) => {
                let mut shown = std::mem::take(first);
                others.iter().try_for_each(|other| append(&mut shown, other))?;
                Some(shown)
            }
            _ => None,
        }
    }
}

fn append(shown: &mut View, more: &View) -> Option<()> {
    shown.push_view(more, 0..more.text.len());
    (shown.text.len() <= SHOWN_MAX).then_some(())
}

/// A number with the zeros in front that its format says, which may stand in any place of it.
fn padded(value: View, format: &[u8]) -> View {
    let zeros = format.iter().filter(|b| **b == b'0').count().min(SHOWN_MAX);
    let missing = zeros.saturating_sub(value.text.len());
    if missing == 0 || !value.text.iter().all(u8::is_ascii_digit) {
        return value;
    }
    let mut shown = View::default();
    shown.push_joint(&b"0".repeat(missing));
    shown.push_view(&value, 0..value.text.len());
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_formula_puts_together_is_shown() {
        for (formula, shown) in [
            (r#""05115"&"0455785""#, Some("051150455785")),
            (r#"="0" & 51150455785"#, Some("051150455785")),
            (r#"TEXT(51150455785,"000000000000")"#, Some("051150455785")),
            (r#"Text(51150455785;"000 000 000 000")"#, Some("051150455785")),
            (r#"TEXT("051150455785","@")"#, Some("051150455785")),
            (r#"("051"&(150455&785))"#, Some("051150455785")),
            (r#"CONCATENATE("051","150455",785)"#, Some("051150455785")),
            (r#"_xlfn.CONCAT("051",T("150455"),785)"#, Some("051150455785")),
            (r#"HYPERLINK("https://a.vn/1","051150455785")"#, Some("051150455785")),
            (r#""a ""b"" c""#, Some(r#"a "b" c"#)),
            (r#""051"&B2"#, None),
            ("A1+79090123456", None),
            ("12*1000", None),
            (r#"SUM(1,2)"#, None),
            (r#""051"#, None),
            ("", None),
        ] {
            let mut view = View::default();
            view.push(formula.as_bytes(), 0);
            let result = result(&view).map(|view| String::from_utf8(view.text).unwrap());
            assert_eq!(result.as_deref(), shown, "{formula}");
        }
        let mut deep = View::default();
        deep.push(&b"(".repeat(10_000), 0);
        assert!(result(&deep).is_none());
    }
}
