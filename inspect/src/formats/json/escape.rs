//! Escapes of strings (RFC 8259, 7).

/// What an escape means and how many of its bytes it takes, once it is complete.
pub(super) fn meaning(escape: &[u8]) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = escape.get(at..at + 4)?;
        digits.iter().try_fold(0u32, |n, b| Some(n << 4 | char::from(*b).to_digit(16)?))
    };
    let c = match escape.get(1)? {
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'u' => {
            if escape.len() < 6 {
                // Not hexadecimal: no escape of ours.
                let bad = escape.get(2..).unwrap_or_default().iter().any(|b| !b.is_ascii_hexdigit());
                return bad.then_some(('\u{fffd}', escape.len()));
            }
            let Some(first) = unit(2) else { return Some(('\u{fffd}', escape.len())) };
            if !(0xd800..0xdc00).contains(&first) {
                return Some((char::from_u32(first).unwrap_or('\u{fffd}'), 6));
            }
            match escape.get(6..).unwrap_or_default() {
                [] | [b'\\'] => return None,
                [b'\\', b'u', digits @ ..] if digits.len() < 4 => return None,
                [b'\\', b'u', ..] => {
                    let second = unit(8).filter(|u| (0xdc00..0xe000).contains(u));
                    let code = second.map(|s| 0x10000 + (((first - 0xd800) << 10) | (s - 0xdc00)));
                    return Some((code.and_then(char::from_u32).unwrap_or('\u{fffd}'), 12));
                }
                _ => return Some(('\u{fffd}', 6)),
            }
        }
        other => char::from(*other),
    };
    Some((c, 2))
}
