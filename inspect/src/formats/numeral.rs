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

#[cfg(test)]
mod tests {
    use super::*;

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
