//! Points that any number gains or loses by how it stands in the text.

use std::ops::Range;

use crate::context::Firm;
use crate::digits::Gap;
use crate::fold::{fold, last_char, next_char};
use crate::numbers::{Layout, Number};

/// Loss for the way a number is written and what touches it, given how firmly it was announced. The more firmly, the
/// more disguise is believed: people who hide a number still have to say what it is.
pub(crate) fn loss(text: &[u8], number: &Number, firm: Firm) -> i32 {
    // Most numbers of records stand by themselves.
    if number.layout == Layout::Solid && stands_by_itself(text, number) { 0 } else { any_loss(text, number, firm) }
}

/// Whether no letter and no sign that joins touches the number.
fn stands_by_itself(text: &[u8], number: &Number) -> bool {
    let parts = |b: Option<&u8>| {
        b.is_none_or(|b| b.is_ascii() && !b.is_ascii_alphanumeric() && !matches!(b, b'-' | b'_' | b'.'))
    };
    parts(text.get(..number.range.start).and_then(<[u8]>::last)) && parts(text.get(number.range.end))
}

fn any_loss(text: &[u8], number: &Number, firm: Firm) -> i32 {
    let code = if is_part_of_a_code(text, number) { 200 } else { 0 };
    layout(text, number, firm) + code + glue(text, number, firm) + if is_amount(text, number, firm) { 60 } else { 0 }
}

/// Whether a number in groups loses more than `points` whatever announces it in words: no loss is greater for one that was
/// directly announced.
pub(crate) fn loses(text: &[u8], number: &Number, points: i32) -> bool {
    number.layout != Layout::Solid
        && (layout(text, number, Firm::Direct) > points || loss(text, number, Firm::Direct) > points)
}

/// Whether ten digits stand as the card of health insurance has them: `79 1234 5678`.
fn is_as_on_the_card(text: &[u8], number: &Number) -> bool {
    let shown = text.get(number.range.clone()).unwrap_or_default();
    shown.split(|b| *b == b' ').map(<[u8]>::len).eq([2, 4, 4])
}

/// Digits of half a citizen number.
const HALF: usize = 6;

/// Loss for its layout and for what goes on before and behind.
fn layout(text: &[u8], number: &Number, firm: Firm) -> i32 {
    let layout = match (number.layout, firm) {
        (Layout::Solid, _) => 0,
        (_, Firm::Direct | Firm::Column) if number.layout != Layout::Mixed => 5,
        // Thousands and lists are written with dots and commas too.
        // Two halves are two cells or codes of six more often: nobody writes a number so who does not say what it is.
        (Layout::Regular, Firm::Not) if number.first_group == HALF && number.separator == Gap::Space => 35,
        (Layout::Regular, _) => match number.separator {
            Gap::Space | Gap::Dash if number.first_group >= 3 => 10,
            Gap::Dot if number.first_group >= 3 => 10,
            _ => 35,
        },
        (Layout::Uneven, Firm::Weak | Firm::Near) if is_as_on_the_card(text, number) => 10,
        (Layout::Spread | Layout::Uneven, _) => 35,
        (Layout::Mixed, Firm::Direct | Firm::Column) if !leaves_a_bracket(text, number) => 10,
        (Layout::Mixed, _) => 200,
    };
    let goes_on = |gap: Gap| gap != Gap::Break && gap == number.separator;
    let neighbours = match (number.before, number.after) {
        // `-.048059.073381`: coordinates of a drawing, none of which says that it has no whole part.
        _ if firm < Firm::Direct && are_decimals(text, number) => 200,
        // `23.369.671.000` is one amount, but what follows a number and a space is often the next number.
        (before, after) if goes_on(before) || goes_on(after) => {
            if number.separator == Gap::Space {
                20
            } else {
                70
            }
        }
        (Gap::Dot | Gap::Dash, _) | (_, Gap::Dot | Gap::Dash) if firm < Firm::Direct && touches_sign(text, number) => {
            30
        }
        _ => 0,
    };
    layout + neighbours
}

/// Whether a dot stands before a number that dots part, behind what is no word: then each of its parts is a decimal.
pub(crate) fn are_decimals(text: &[u8], number: &Number) -> bool {
    let Some(before) = text.get(..number.range.start).and_then(|before| before.strip_suffix(b".")) else {
        return false;
    };
    let dots = || text.get(number.range.clone()).unwrap_or_default().iter().filter(|b| **b == b'.').count();
    number.separator == Gap::Dot
        && match before {
            [.., b'-' | b'+' | b',' | b'(' | b'0'..=b'9'] => true,
            // `l.048059.073381`, a command; `CCCD.048059.073381` is a word.
            [command] | [.., b' ' | b'0'..=b'9', command] if command.is_ascii_alphabetic() => true,
            [.., b' '] => dots() == 1,
            _ => false,
        }
}

/// Whether a bracket closes within the number that began before it and its words: `(MST 0100109106) 88.120.000`.
fn leaves_a_bracket(text: &[u8], number: &Number) -> bool {
    // `(+84) 912 …`
    const SIGNS: usize = 2;
    let begins = number.range.start.saturating_sub(SIGNS);
    let shown = text.get(begins..number.range.end).unwrap_or_default();
    shown.contains(&b')') && !shown.contains(&b'(')
}

/// Whether digits may end with a day, by how they are laid out.
pub(crate) const fn ends_like_a_day(shown: &[u8]) -> bool {
    matches!(*shown, [.., b' ', _, _, _, _, b'-', _, _, b'-', _, _])
}

/// Whether what several kinds of sign part ends with a day, as the day of a release behind its version does:
/// `0.2.3 - 2020-07-11`.
pub(crate) fn ends_with_a_day(shown: &[u8]) -> bool {
    let within = |digits: [u8; 2], most: &[u8]| digits.iter().all(u8::is_ascii_digit) && digits.as_slice() <= most;
    matches!(*shown, [.., b' ', b'1' | b'2', b'9' | b'0', _, _, b'-', m, n, b'-', x, y]
        if within([m, n], b"12") && within([x, y], b"31"))
}

/// Whether the digits are laid out as amounts are, in thousands from the right: `7.580.749.000`. Three digits in front
/// are how people write other numbers, too.
fn is_amount(text: &[u8], number: &Number, firm: Firm) -> bool {
    let zero = number.digits().first() == Some(&b'0');
    if !matches!(number.separator, Gap::Dot | Gap::Comma) || number.first_group > 3 || zero {
        return false;
    }
    let round = number.digits().ends_with(b"000");
    is_in_thousands(text, number) && (number.first_group < 3 || round && firm < Firm::Direct)
}

/// Whether dots or commas part the digits into thousands.
pub(crate) fn is_in_thousands(text: &[u8], number: &Number) -> bool {
    let shown = text.get(number.range.clone()).unwrap_or_default();
    let mut groups = shown.split(|b| matches!(b, b'.' | b',')).skip(1);
    matches!(number.separator, Gap::Dot | Gap::Comma)
        && number.first_group <= 3
        && groups.all(|group| group.len() == 3 && group.iter().all(u8::is_ascii_digit))
}

/// Whether a dot or hyphen touches the number, as in a decimal or a longer code; ` - ` parts fields.
fn touches_sign(text: &[u8], number: &Number) -> bool {
    let sign = |b: Option<&u8>| matches!(b, Some(b'.' | b'-'));
    sign(text.get(..number.range.start).and_then(<[u8]>::last)) || sign(text.get(number.range.end))
}

/// Loss for letters that touch the number.
fn glue(text: &[u8], number: &Number, firm: Firm) -> i32 {
    let left = text.get(..number.range.start).unwrap_or_default();
    let right = text.get(number.range.end..).unwrap_or_default();
    let before = last_char(left).and_then(|(c, _)| c).is_some_and(char::is_alphabetic);
    let after = next_char(right).and_then(|(c, _)| c).is_some_and(char::is_alphabetic);
    if before && number.layout == Layout::Mixed && number.separator != Gap::Break {
        return 200;
    }
    if !before && !after {
        return if ends_like_a_uuid(left) {
            40
        } else if firm < Firm::Near && joins_another(left, right) {
            30
        } else {
            0
        };
    }
    // Letters and digits without end are an encoding or a hash, whatever stands around.
    let word = left.iter().rev().chain(b" ").take(40).take_while(|b| b.is_ascii_alphanumeric()).count()
        + right.iter().take(40).take_while(|b| b.is_ascii_alphanumeric()).count();
    match (word > 12, firm >= Firm::Near) {
        (true, _) => 60,
        (false, true) => 0,
        (false, false) => 30,
    }
}

/// Bytes of a UUID, and where its hyphens stand (RFC 9562, section 4).
const UUID: usize = 36;
const HYPHENS: [usize; 4] = [8, 13, 18, 23];

/// Whether the number stands in a UUID, between other hexadecimal codes in a chain, in the name of a machine or behind the
/// dot of a decimal: no word makes a number of that.
fn is_part_of_a_code(text: &[u8], number: &Number) -> bool {
    let (left, right) = (text.get(..number.range.start), text.get(number.range.end..));
    let (left, right) = (left.unwrap_or_default(), right.unwrap_or_default());
    // Most numbers touch nothing.
    let touches = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_hexdigit() || b"-_,".contains(b));
    if !touches(left.last()) && !touches(right.first()) {
        return false;
    }
    is_in_a_chain(text, number, b'-')
        || is_in_a_chain(text, number, b'_')
        || is_host_name(left, number, right)
        || is_decimal(left, number, text)
}

/// Whether the number is a part of a UUID or of codes like those, parted by `sign`: by underscores in a program text,
/// `0x0d9e01e1_ba70_11d4_b675_002048570337`.
fn is_in_a_chain(text: &[u8], number: &Number, sign: u8) -> bool {
    let link = |b: &&u8| b.is_ascii_hexdigit() || **b == sign;
    let left = text.get(..number.range.start).unwrap_or_default();
    let right = text.get(number.range.end..).unwrap_or_default();
    let before = left.iter().rev().take(UUID + 1).take_while(link).count();
    let after = right.iter().take(UUID + 1).take_while(link).count();
    if before == 0 && after == 0 {
        return false;
    }
    let (outside, _) = left.split_at(left.len() - before);
    let outside = outside.strip_suffix(b"0x").unwrap_or(outside);
    let alone = |b: Option<&u8>| !b.is_some_and(|b| b.is_ascii_alphanumeric());
    if !alone(outside.last()) || !alone(right.get(after)) {
        return false;
    }
    let chain = text.get(number.range.start - before..number.range.end + after).unwrap_or_default();
    let signs = || chain.iter().enumerate().filter(|(_, b)| **b == sign).map(|(at, _)| at);
    let letters = chain.iter().any(u8::is_ascii_alphabetic);
    if chain.len() == UUID && letters && signs().eq(HYPHENS) {
        return true;
    }
    // `3f2a-025123456-9bc1`: mixed parts on both sides. One alone may be the name of a file, and underscores part words.
    let mixed = |p: &[u8]| p.len() > 3 && p.iter().any(u8::is_ascii_digit) && p.iter().any(u8::is_ascii_alphabetic);
    let head = chain.get(..before).and_then(|head| head.strip_suffix(b"-"));
    let tail = chain.get(chain.len() - after..).and_then(|tail| tail.strip_prefix(b"-"));
    head.unwrap_or_default().rsplit(|b| *b == b'-').next().is_some_and(mixed)
        && tail.unwrap_or_default().split(|b| *b == b'-').next().is_some_and(mixed)
}

/// Whether the number is the address of a machine in its name, `dsl-082-083-045-064.pool.example.net`. A file
/// `anh-082-083-045-064.jpg` has no second dot.
fn is_host_name(left: &[u8], number: &Number, right: &[u8]) -> bool {
    let part = |label: &[u8]| label.first().is_some_and(u8::is_ascii_alphanumeric);
    let octet = |group: &[u8]| group.len() == 3 && group <= b"255";
    matches!(left, [.., letter, b'-'] if letter.is_ascii_alphabetic())
        && number.layout == Layout::Regular
        && number.separator == Gap::Dash
        && number.digits().chunks(3).all(octet)
        && right.get(..UUID).unwrap_or(right).strip_prefix(b".").is_some_and(|name| {
            let mut labels = name.splitn(3, |b| *b == b'.');
            labels.next().is_some_and(|label| part(label) && label.iter().all(|b| is_of_a_name(*b)))
                && labels.next().is_some_and(part)
        })
}

const fn is_of_a_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// Whether the number goes on behind thousands and a dot: `13,178,002.113936031`. Before a cell of a list there is one
/// comma.
fn is_decimal(left: &[u8], number: &Number, text: &[u8]) -> bool {
    let shown = text.get(number.range.clone()).unwrap_or_default();
    matches!(left, [.., b',', a, b, c, b','] if [a, b, c].iter().all(|b| b.is_ascii_digit()))
        && matches!(shown, [_, _, _, b'.', decimals @ ..] if decimals.iter().all(u8::is_ascii_digit))
}

/// Whether an underscore joins the number to another that is no day and no telephone number, as in the names that
/// platforms give to pictures.
fn joins_another(left: &[u8], right: &[u8]) -> bool {
    // Eight are a day, nine to eleven a telephone number: people put those beside a number themselves.
    const CODE: std::ops::RangeInclusive<usize> = 5..=7;
    const LONG: usize = 12;
    let long = |digits: &mut dyn Iterator<Item = &u8>| {
        let len = digits.take(LONG).take_while(|b| b.is_ascii_digit()).count();
        len == LONG || CODE.contains(&len)
    };
    let before = left.strip_suffix(b"_").is_some_and(|left| long(&mut left.iter().rev()));
    before || right.strip_prefix(b"_").is_some_and(|right| long(&mut right.iter()))
}

/// Whether the text ends like the first four fields of a UUID: `…-8f0e-`.
fn ends_like_a_uuid(left: &[u8]) -> bool {
    left.len()
        .checked_sub(6)
        .and_then(|at| left.get(at..))
        .is_some_and(|tail| matches!(tail, [b'-', hex @ .., b'-'] if hex.iter().all(u8::is_ascii_hexdigit)))
}

/// Whether digits are those of a number with an exponent, as spreadsheets show long ones: `3.6090123456E+10`.
pub(crate) fn has_exponent(text: &[u8], number: &Number) -> bool {
    let behind = text.get(number.range.end..).unwrap_or_default();
    matches!(behind, [b'e' | b'E', b'+', b'0'..=b'9', ..] | [b'e' | b'E', b'0'..=b'9', ..])
        && matches!(number.separator, Gap::Dot | Gap::Comma)
        && number.first_group == 1
        && number.range.len() == number.len() + 1
}

/// Whether digits are a filler: one digit throughout, or counting up from 1.
pub(crate) fn is_filler(digits: &[u8]) -> bool {
    let all_same = digits.windows(2).all(|w| w.first() == w.last());
    let counts = digits.first() == Some(&b'1') && digits.iter().zip(b"1234567890123456").all(|(a, b)| a == b);
    all_same || counts
}

/// Whether digits count up or are nearly all zeros, as hardly anybody's do, and the words say that they are an example: those
/// before on the line of some that count, or those right beside the number at `range`.
pub(crate) fn is_example(text: &[u8], digits: &[u8], range: &Range<usize>) -> bool {
    const LINE_BYTES: usize = 64;
    const WORDS: [&str; 4] = [" vi du ", " vd ", " e g ", " example "];
    const BESIDE: [&str; 5] = [" vi du ", " vd ", " mau ", " example ", " sample "];
    // With or without a zero behind the nine.
    let next = |a: u8, b: u8| b == a + 1 || a == b'9' && matches!(b, b'0' | b'1');
    let counts = digits.windows(2).all(|w| matches!(w, [a, b] if next(*a, *b)));
    let zeros = digits.split_last().is_some_and(|(_, head)| head.iter().all(|b| *b == b'0'));
    if !counts && !zeros {
        return false;
    }
    let words = |line: Option<&[u8]>| format!(" {} ", fold(&String::from_utf8_lossy(line.unwrap_or_default())).trim());
    let before = text.get(range.start.saturating_sub(LINE_BYTES)..range.start).unwrap_or_default();
    let before = words(before.rsplit(|b| *b == b'\n').next());
    let behind = text.get(range.end..text.len().min(range.end + LINE_BYTES)).unwrap_or_default();
    let behind = words(behind.split(|b| *b == b'\n').next());
    counts && WORDS.iter().any(|word| before.contains(word))
        || BESIDE.iter().any(|word| before.ends_with(word) || behind.starts_with(word))
}

/// Whether an address of the web holds it behind a key that does not say what it is, `…/tra-cuu?id=981658407772&t=…`, or that
/// only keeps old pages away: `…/tra-cuu/bhxh?_=5650695124`.
pub(crate) fn is_in_a_query(text: &[u8], number: &Number) -> bool {
    const KEYS: [&[u8]; 16] = [
        b"id", b"t", b"ts", b"tid", b"sid", b"rid", b"ref", b"v", b"_", b"_t", b"rnd", b"rand", b"cb", b"ver",
        b"nocache", b"nonce",
    ];
    let before = text.get(..number.range.start).and_then(|before| before.strip_suffix(b"=")).unwrap_or_default();
    KEYS.iter().any(|key| before.strip_suffix(*key).is_some_and(|head| head.ends_with(b"?") || head.ends_with(b"&")))
}

/// Whether digits are more likely millions than a number: one in a million ends so by chance.
pub(crate) fn is_round(digits: &[u8]) -> bool {
    digits.ends_with(b"000000")
}

/// Whether twelve digits are a moment: `yyyymmddHHMM`, `yyMMddHHmmss`, `ddmmyyyyHHMM`. Claim files
/// (QĐ 130/QĐ-BYT, table XML1) and file names are full of the first.
pub(crate) fn is_moment(digits: &[u8]) -> bool {
    // Of nearly all numbers it is told by one digit that they have neither years nor days where these stand.
    if !matches!(digits, [b'1'..=b'3', ..] | [_, _, _, _, b'1' | b'2', ..]) {
        return false;
    }
    let n = |at: usize, len: usize| {
        digits.get(at..at + len).unwrap_or_default().iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'))
    };
    let day = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    // Births stand in front in claim files; behind, only days of our own time do.
    let (year, recent) = (|year: u32| (1900..2040).contains(&year), |year: u32| (1990..2040).contains(&year));
    digits.len() == 12
        && (year(n(0, 4)) && day(n(4, 2), n(6, 2)) && n(8, 2) < 24 && n(10, 2) < 60
            || day(n(2, 2), n(4, 2)) && n(0, 2) >= 10 && n(0, 2) < 40 && n(6, 2) < 24 && n(8, 2) < 60 && n(10, 2) < 60
            || recent(n(4, 4)) && day(n(2, 2), n(0, 2)) && n(8, 2) < 24 && n(10, 2) < 60)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::numbers::{Candidate, EVERY_NUMBER, candidates};

    proptest! {
        #[test]
        fn moments_of_all_forms_are_known(
            (century, year) in (19..=20, 0..100),
            (month, day) in (1..=12, 1..=31),
            (hour, minute, second) in (0..24, 0..60, 0..60),
        ) {
            let form = |form: String, known: bool| assert!(!known || is_moment(form.as_bytes()), "{form}");
            let whole = century * 100 + year;
            form(format!("{whole}{month:02}{day:02}{hour:02}{minute:02}"), whole < 2040);
            form(format!("{day:02}{month:02}{whole}{hour:02}{minute:02}"), (1990..2040).contains(&whole));
            form(format!("{year:02}{month:02}{day:02}{hour:02}{minute:02}{second:02}"), (10..40).contains(&year));
        }

        #[test]
        fn what_stands_by_itself_loses_nothing(
            before in "[0-9a-f.,_-]{0,12}[,;:.\"'|/(= _a-\u{200b}-]{0,2}",
            number in "[0-9]{7,12}|[0-9]{3}\u{200b}[0-9]{6}",
            behind in "[,;:.\"'|/)= _a-\u{200b}-]{0,2}[0-9a-f.,_-]{0,12}",
        ) {
            let text = [before, number, behind].concat();
            let text = text.as_bytes();
            candidates(text, 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
                if let Candidate::Number(number) = candidate {
                    for firm in [Firm::Not, Firm::Weak, Firm::Near, Firm::Direct, Firm::Column] {
                        assert_eq!(loss(text, &number, firm), any_loss(text, &number, firm));
                    }
                }
            });
        }
    }

    #[test]
    fn moments_are_known() {
        for (text, moment) in [
            ("202311211942", true),
            ("231121194259", true),
            ("211120231942", true),
            ("197901010000", true),
            ("001090123456", false),
            ("010120261200", true),
            ("001020261200", false),
            ("391231235959", true),
            ("202313211942", false),
            ("2023112119", false),
        ] {
            assert_eq!(is_moment(text.as_bytes()), moment, "{text}");
        }
    }

    #[test]
    fn examples_are_known() {
        for (text, example) in [
            ("12 số, ví dụ: 012345678901", true),
            ("(VD: 0123456789)", true),
            ("Ví dụ mã số BHXH 4567890123", true),
            ("e.g. 012345678912", true),
            ("ví dụ: 001090123456", false),
            ("CCCD 012345678901", false),
            ("như ví dụ\n012345678901", false),
            ("CCCD mẫu 000000000001", true),
            ("BHXH mẫu: 0123456789", true),
            ("CMND: 012345678 (ví dụ)", true),
            ("CMND: 012345678 là của ai, ví dụ", false),
            ("mẫu số 1, CCCD 000000000001", false),
            ("CCCD mẫu 001090123456", false),
            ("CCCD mẫu cũ 000000000001", false),
        ] {
            let mut found = Vec::new();
            candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
                if let Candidate::Number(number) = candidate {
                    found.push(is_example(text.as_bytes(), number.digits(), &number.range));
                }
            });
            assert!(!found.is_empty() && found.iter().any(|is| *is) == example, "{text}: {found:?}");
        }
    }

    #[test]
    fn fillers_are_known() {
        for (text, filler) in [
            ("000000000000", true),
            ("123456789012", true),
            ("123456789", true),
            ("001090123456", false),
            ("012345678", false),
        ] {
            assert_eq!(is_filler(text.as_bytes()), filler, "{text}");
        }
    }
}
