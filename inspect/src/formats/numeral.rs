//! Numbers of spreadsheets as people see them.

/// Appends a number as the sheet shows it: no exponent, zeros in front up to the digits that its format asks for.
pub(crate) fn shown(value: &[u8], width: usize, out: &mut Vec<u8>) {
    let text = value.trim_ascii();
    if text.iter().all(u8::is_ascii_digit) {
        out.resize(out.len() + width.saturating_sub(text.len()), b'0');
        return out.extend_from_slice(text);
    }
    match plain(text) {
        Some(number) => {
            out.resize(out.len() + width.saturating_sub(number.len()), b'0');
            out.extend_from_slice(number.as_bytes());
        }
        None => out.extend_from_slice(text),
    }
}

/// A whole number without its exponent or fraction of zeros.
fn plain(text: &[u8]) -> Option<String> {
    const EXPONENT_MAX: usize = 20;
    let text = str::from_utf8(text).ok()?;
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    let exponent: usize = exponent.trim_start_matches('+').parse().ok().filter(|e| *e <= EXPONENT_MAX)?;
    if !digits(whole) || !digits(fraction) || whole.is_empty() {
        return None;
    }
    let fraction = fraction.trim_end_matches('0');
    (fraction.len() <= exponent).then(|| format!("{whole}{fraction:0<exponent$}"))
}

const ONES: u64 = u64::MAX / 0xff;

/// How many of eight bytes are digits before the first that is none, and what each differs by from `0`.
#[inline]
const fn digits_of(eight: u64) -> (usize, u64) {
    // A digit differs from `0` by less than ten: no high bit, and none after adding what takes ten to it.
    let from_zero = eight ^ (ONES * b'0' as u64);
    let others = (from_zero | ((from_zero & !(ONES << 7)) + ONES * (0x80 - 10))) & (ONES << 7);
    (others.trailing_zeros() as usize / 8, from_zero)
}

/// How many digits a text begins with.
#[inline]
pub(crate) fn digits(text: &[u8]) -> usize {
    let near = text.first_chunk().map_or(8, few_digits);
    if near < 8 { near } else { text.iter().take_while(|b| b.is_ascii_digit()).count() }
}

/// How many of eight bytes are digits before the first that is none.
#[inline(always)]
pub(crate) const fn few_digits(eight: &[u8; 8]) -> usize {
    digits_of(u64::from_le_bytes(*eight)).0
}

/// The whole number that a text begins with and how many digits it has: one to seven, and seven bytes more behind.
#[inline]
pub(crate) fn whole(text: &[u8]) -> Option<(usize, usize)> {
    let (len, digits) = digits_of(u64::from_le_bytes(*text.first_chunk()?));
    if !(1..8).contains(&len) {
        return None;
    }
    // Zeros in front, then by pairs, fours and eights.
    let eight = digits << (u64::BITS as usize - 8 * len);
    let pairs = (eight * 10 + (eight >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let number = (fours * 10_000 + (fours >> 32)) & 0xffff_ffff;
    Some((number as usize, len))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_near_and_far() {
        for (text, len) in
            [("", 0), ("12", 2), ("123456789</v>", 9), ("1234567</v>", 7), ("x2345678", 0), ("12345678", 8)]
        {
            assert_eq!(digits(text.as_bytes()), len, "{text}");
        }
        for byte in 0..=255u8 {
            let text = [b'0', b'9', byte, b'1', b'2', b'3', b'4', b'5', b'x'];
            assert_eq!(digits(&text), if byte.is_ascii_digit() { 8 } else { 2 }, "{byte}");
        }
    }

    #[test]
    fn small_numbers_are_read_at_once() {
        for (text, number) in [
            ("0", 0),
            ("7", 7),
            ("42", 42),
            ("0042", 42),
            ("99999", 99_999),
            ("123456", 123_456),
            ("9876543", 9_876_543),
        ] {
            assert_eq!(whole(format!("{text}</v></c>").as_bytes()), Some((number, text.len())), "{text}");
        }
        for text in ["</v></c>", "12345678</v>", "x2345678", "12</v>"] {
            assert_eq!(whole(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn numbers_are_shown_as_people_see_them() {
        for (value, width, expected) in [
            ("1090123456", 12, "001090123456"),
            ("7.9090123456E10", 0, "79090123456"),
            ("1.5", 0, "1.5"),
            ("12", 0, "12"),
            ("-3", 2, "-3"),
            ("79090123456.0", 0, "79090123456"),
            ("1E400", 0, "1E400"),
            ("1.090123456E9", 12, "001090123456"),
        ] {
            let mut out = b"|".to_vec();
            shown(value.as_bytes(), width, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), format!("|{expected}"), "{value}");
        }
    }
}
