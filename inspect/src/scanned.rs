//! The texts of the codes on cards, as a scanner writes them: a line each. They are no rows of a table: each is a finding as a
//! whole.

/// Whether a line begins as the code of a citizen card (number, old number, name, birth) or of an insurance card (number,
/// name in hexadecimal, birth, sex).
pub(crate) fn is_code(line: &[u8]) -> bool {
    let digits = |field: &[u8]| field.iter().all(u8::is_ascii_digit);
    let line = line.trim_ascii_start();
    // Hardly another line has its first `|` there.
    let Some((number, rest)) = [10, 12, 15].into_iter().find_map(|len| {
        let (number, rest) = line.split_at_checked(len)?;
        Some((number, rest.strip_prefix(b"|")?))
    }) else {
        return false;
    };
    let mut fields = rest.split(|b| *b == b'|');
    let (Some(second), Some(third), Some(fourth)) = (fields.next(), fields.next(), fields.next()) else { return false };
    if number.len() == 12 {
        let is_name = third.len() > 1 && !third.iter().any(u8::is_ascii_digit);
        let is_old = matches!(second.len(), 0 | 9 | 12) && digits(second);
        return digits(number) && is_old && is_name && fourth.len() == 8 && digits(fourth);
    }
    let is_birth = matches!(third.len(), 4 | 10) && third.iter().all(|b| b.is_ascii_digit() || *b == b'/');
    number.last_chunk::<10>().is_some_and(|number| digits(number))
        && second.len() >= 8
        && second.iter().all(u8::is_ascii_hexdigit)
        && is_birth
        && matches!(fourth, b"1" | b"2")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_told_from_other_lines_with_pipes() {
        for (line, expected) in [
            ("001090123456|012345678|Vi Thị Thử|01021990|Nữ|Xóm 1|16122022", true),
            (" 001090123456||Vi Thị Thử|01021990|Nữ|Xóm 1|16122022\r", true),
            ("DN4790123456789|4ce1baa169205468|18/11/1985|2|58c3|54 - 605", true),
            ("0123456789|4ce1baa169205468|1985|1|58c3|54 - 605", true),
            ("001090123456|Vi Thị Thử|01021990|Nữ", false),
            ("001090123456|012345678|Vi Thị Thử|01/02/1990|Nữ", false),
            ("1|001090123456|012345678|Vi Thị Thử", false),
            ("0123456789|Vi Thị Thử|1985|1", false),
            ("| 001090123456 | 012345678 | Vi Thị Thử | 01021990 |", false),
            ("không có gì", false),
        ] {
            assert_eq!(is_code(line.as_bytes()), expected, "{line}");
        }
    }
}
