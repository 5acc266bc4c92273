//! Headers and footers of printed sheets: text with codes for its place and looks.

use crate::markup::characters;
use crate::view::View;

/// Appends the text of a header without its codes for places and fonts, `&L`, `&"Arial"`, `&12` (ECMA-376 part 1, §18.3.1.46),
/// which would touch the numbers behind them.
pub(super) fn page_header(raw: &[u8], at: u64, out: &mut View) {
    const AND: &[u8] = b"&amp;";
    let mut n = 0;
    while let Some(rest) = raw.get(n..).filter(|rest| !rest.is_empty()) {
        let Some(code) = rest.strip_prefix(AND) else {
            let len = memchr::memmem::find(rest, AND).unwrap_or(rest.len());
            characters(rest.get(..len).unwrap_or_default(), at + n as u64, out);
            n += len;
            continue;
        };
        if code.starts_with(AND) {
            // Twice, it is itself.
            out.push_escape(b"&", at + n as u64, 2 * AND.len() as u64);
            n += 2 * AND.len();
            continue;
        }
        let quoted = |quote: &[u8]| {
            let name = code.strip_prefix(quote)?;
            memchr::memmem::find(name, quote).map(|len| len + 2 * quote.len())
        };
        let len = match code.first() {
            Some(b'0'..=b'9') => code.iter().take(3).take_while(|b| b.is_ascii_digit()).count(),
            Some(b'"') => quoted(b"\"").unwrap_or(1),
            Some(b'&') if code.starts_with(b"&quot;") => quoted(b"&quot;").unwrap_or(1),
            Some(b'A'..=b'Z' | b'a'..=b'z') => 1,
            _ => 0,
        };
        // The parts of a header stand apart, what changes its looks does not.
        let part = matches!(code.first(), Some(b'L' | b'C' | b'R'));
        out.push_joint(if part { b"\n" } else { b" " });
        n += AND.len() + len;
    }
}
