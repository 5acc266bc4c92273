//! Machine-readable lines as a reader of print garbles them, put right where the standard leaves no doubt.
//!
//! ICAO Doc 9303, part 5 (TD1): the first of three lines of thirty is `IDVNM`, nine digits, a check digit, the optional
//! data, fillers. On Vietnamese cards the nine digits are the last of the twelve of the citizen's number, which is the
//! optional data whole: where the two differ a little, those that the check digit confirms hold. Nothing else is changed.

/// A first line put right; `None` when it is none.
pub(super) fn mended(line: &str) -> Option<String> {
    const LINE: usize = 30;
    let mut signs = String::with_capacity(line.len());
    for sign in line.chars() {
        match sign {
            '«' => signs.push_str("<<"),
            '‹' => signs.push('<'),
            _ if sign.is_whitespace() => {}
            _ => signs.push(sign.to_ascii_uppercase()),
        }
    }
    let start =
        ["IDVNM", "1DVNM", "LDVNM", "TDVNM", "I0VNM", "IOVNM", "I<VNM"].iter().find_map(|mark| signs.find(mark))?;
    let rest = signs.get(start + 5..)?;
    let digits: String = rest.chars().take(LINE - 5).map(digit).collect();
    let (number, check) = (digits.get(..9)?, digits.get(9..10)?);
    if !digits.is_ascii() || !number.bytes().all(|b| b.is_ascii_digit()) || check != check_digit(number) {
        return None;
    }
    let optional: String = digits.get(10..)?.chars().take_while(char::is_ascii_digit).take(12).collect();
    let mut whole = format!("IDVNM{number}{check}{}", agreed(number, &optional));
    while whole.len() < LINE {
        whole.push('<');
    }
    Some(whole)
}

/// The optional data, its last nine digits those of the number where all but a few are so already.
fn agreed(number: &str, optional: &str) -> String {
    const DIFFERENT_MAX: usize = 2;
    match optional.split_at_checked(3) {
        Some((area, rest)) if rest.len() == number.len() => {
            let different = rest.bytes().zip(number.bytes()).filter(|(a, b)| a != b).count();
            format!("{area}{}", if different <= DIFFERENT_MAX { number } else { rest })
        }
        _ => optional.to_owned(),
    }
}

/// The digit that a letter is taken for.
const fn digit(sign: char) -> char {
    match sign {
        'O' | 'Q' | 'D' => '0',
        'I' | 'L' | '|' | '!' => '1',
        'Z' => '2',
        'S' => '5',
        'G' => '6',
        'B' => '8',
        _ => sign,
    }
}

/// Doc 9303, part 3, 4.9.
fn check_digit(number: &str) -> String {
    let sum: u32 = number.bytes().zip([7, 3, 1].into_iter().cycle()).map(|(b, by)| u32::from(b - b'0') * by).sum();
    (sum % 10).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_check_digit_confirms_is_put_right() {
        let right = "IDVNM0901234562001090123456<<<";
        for line in [
            "IDVNM0901234562001090123456<<<",
            "IDVNM09O1234562OO1O90123456<<<",
            "lDVNM 090I234562 001090I23456 «<",
            "1DVNM0901234562001090123456K<<",
            "TDVNM0901234562001090123456<<2",
            "~ IDVNM0901234562001090123456",
            "IDVNM0901234562001096123456<<<",
            "IDVNM0901234562001O90723956<<<",
        ] {
            assert_eq!(mended(line).as_deref(), Some(right), "{line}");
        }
        // A number of another form is left as it is.
        let other = "IDVNM0901234562001190765432<<<";
        assert_eq!(mended(other).as_deref(), Some(other));
        for line in
            ["IDVNM0901234563001090123456<<<", "IDVNM09012345", "IDVNMABCDEFGHIJ", "Số IDVNM", "IDVNMđđđđđđđđđđđđđ"]
        {
            assert_eq!(mended(line), None, "{line}");
        }
    }
}
