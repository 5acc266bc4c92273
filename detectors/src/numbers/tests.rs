//! Which numbers are told, and that looking ahead passes over none.

use proptest::prelude::*;

use super::*;

fn numbers(text: &str) -> Vec<(String, Layout)> {
    let mut all = Vec::new();
    candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
        if let Candidate::Number(n) = candidate {
            all.push((String::from_utf8(n.digits().to_vec()).expect("digits"), n.layout));
        }
    });
    all
}

fn has(text: &str, digits: &str, layout: Layout) {
    assert!(numbers(text).contains(&(digits.to_owned(), layout)), "{text}: {:?}", numbers(text));
}

/// The pass without a look ahead: every group of digits is read, whatever stands around.
fn plain(text: &[u8], range: Range<usize>, found: &mut impl Finder) {
    let mut chain = Chain::new(&EVERY_NUMBER);
    let mut at = range.start;
    while at < range.end {
        let Some(mut current) = group(text, at) else {
            at += 1;
            continue;
        };
        loop {
            at = current.end;
            around(text, current.start..current.end, current.len(), found);
            let (kind, next) = if current.is_too_long() { (Gap::Break, at) } else { gap(text, at) };
            chain.push(current, kind, text, found);
            if kind == Gap::Break {
                break;
            }
            let Some(following) = group(text, next) else { break };
            current = following;
        }
    }
}

/// Both passes offer the same, but for letters that pass for digits: of these the pass that looks ahead may leave out such
/// as stand behind a group that it took for another number's (docs/detectors/evasion.md), and adds none.
fn agree(text: &[u8], from: usize, to: usize) {
    let alike = |candidate: &Candidate| match candidate {
        // One that begins before all of this may be told or not.
        Candidate::Lookalikes(at) => {
            crate::lookalike::read(text, *at).filter(|n| n.range.start >= from).map(|n| format!("{n:?}"))
        }
        _ => None,
    };
    let said = |candidate: Candidate| match candidate {
        Candidate::Lookalikes(_) => None,
        Candidate::Number(mut number) => {
            // What stands behind its digits is nothing.
            number.digits.iter_mut().skip(usize::from(number.len)).for_each(|digit| *digit = 0);
            Some(format!("{number:?}"))
        }
        other => Some(format!("{other:?}")),
    };
    let (mut fast, mut slow) = (Vec::new(), Vec::new());
    let (mut fast_alike, mut slow_alike) = (Vec::new(), Vec::new());
    candidates(text, from..to, &EVERY_NUMBER, &mut |candidate| {
        fast_alike.extend(alike(&candidate));
        fast.extend(said(candidate));
    });
    plain(text, from..to, &mut |candidate| {
        slow_alike.extend(alike(&candidate));
        slow.extend(said(candidate));
    });
    assert_eq!(fast, slow, "{}", String::from_utf8_lossy(text));
    assert!(fast_alike.iter().all(|number| slow_alike.contains(number)), "{}", String::from_utf8_lossy(text));
}

fn piece() -> impl Strategy<Value = String> {
    let signs = [
        " ",
        "  ",
        ".",
        "-",
        "/",
        ",",
        ") ",
        " - ",
        "\n",
        "\r\n  > ",
        "-\n",
        "+",
        ":",
        "x",
        "é",
        "ế",
        "O",
        "l",
        "S",
        "Q",
        "\u{200b}",
        "\u{ad}",
        "\u{a0}",
        "\u{2009}",
        "–",
        "•",
        "．",
        "０",
        "９",
        "٣",
        "𝟎",
        "О",
        "і",
        "\u{e0020}",
        "中",
        "ไทย",
        "IDVNM",
        "DN",
        "1900 ",
        "không ",
    ];
    prop_oneof![
        3 => prop::sample::select(signs.to_vec()).prop_map(str::to_owned),
        3 => "[0-9]{1,4}",
        1 => "[0-9]{7,22}",
        1 => "[a-zđơư ]{1,40}",
        1 => "[0-9OlISBZ]{5,14}",
        // What only its digits tell: a decimal, a day behind a version.
        1 => "[0-9]{8,10}[.][0-9]{1,2} ",
        1 => "[+ ][0-9][.][0-9][.][0-9] - (19|20)[0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9] ",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_laid_out_alike_is_read_alike(
        lines in prop::collection::vec(prop::collection::vec(piece(), 1..12), 1..4),
        order in prop::collection::vec((0..4_usize, any::<u64>()), 1..60),
    ) {
        // The same lines again and again, with other digits.
        let mut text = String::new();
        for (line, mut digits) in order {
            for c in lines[line % lines.len()].concat().chars() {
                digits = digits.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                text.push(if c.is_ascii_digit() && digits % 3 > 0 { char::from(b'0' + (digits >> 60) as u8 % 10) } else { c });
            }
            text.push_str("; ");
        }
        agree(text.as_bytes(), 0, text.len());
    }

    #[test]
    fn a_look_ahead_misses_nothing(pieces in prop::collection::vec(piece(), 1..200), a in 0..300_usize, b in 0..300_usize) {
        let text = pieces.concat();
        let (from, to) = (a.min(text.len()), text.len().saturating_sub(b));
        agree(text.as_bytes(), 0, text.len());
        agree(text.as_bytes(), from, to.max(from));
    }

    #[test]
    fn nor_among_any_bytes(
        bytes in prop::collection::vec(prop_oneof![3 => b'0'..=b'9', 1 => Just(b' '), 2 => any::<u8>()], 0..200),
        before in 4_000..4_200_usize,
    ) {
        agree(&bytes, 0, bytes.len());
        // Across the end of what is looked at in one go.
        let text = [&b"x".repeat(before), bytes.as_slice()].concat();
        agree(&text, 0, text.len());
    }
}

#[test]
fn every_layout_is_offered() {
    has("001090123456", "001090123456", Layout::Solid);
    has("x001 090 123 456y", "001090123456", Layout::Regular);
    has("0010.9012.3456", "001090123456", Layout::Regular);
    has("001 090 123456", "001090123456", Layout::Regular);
    has("0 0 1 0 9 0 1 2 3 4 5 6", "001090123456", Layout::Spread);
    has("0-0-1-0-9-0-1-2-3-4-5-6", "001090123456", Layout::Spread);
    has("00 10901 234 56", "001090123456", Layout::Uneven);
    has("00-109.01234 56", "001090123456", Layout::Mixed);
    has("001090\n123456", "001090123456", Layout::Mixed);
    has("5/4/1987 001 090 123 456", "001090123456", Layout::Regular);
    has("001 090 123 456 5/4/1987", "001090123456", Layout::Regular);
    has("001 090 123 456\n002 090 123 456", "002090123456", Layout::Regular);
    has("0912.345.678", "0912345678", Layout::Regular);
    has("+84 912 345 678", "84912345678", Layout::Regular);
    has("(028) 3822.1234", "02838221234", Layout::Mixed);
    has("79012345.67", "7901234567", Layout::Uneven);
    has("01234567.1", "012345671", Layout::Regular);
}

#[test]
fn the_zeros_of_a_decimal_are_no_group() {
    for text in ["1090123456.0", "1090123456.00", "79012345.00"] {
        assert!(numbers(text).iter().all(|(_, layout)| *layout == Layout::Solid), "{text}: {:?}", numbers(text));
    }
}

#[test]
fn longer_runs_offer_nothing_inside() {
    for text in ["0010901234567890123", "00109012345678901234567890", "12.345.678.901.234.567.890.123.456"] {
        assert!(numbers(text).iter().all(|(_, layout)| *layout == Layout::Mixed), "{text}: {:?}", numbers(text));
    }
}

#[test]
fn short_groups_stay_cheap() {
    // Every group is offered a bounded number of times, however long the list.
    let text = "12 345 67 8901 ".repeat(4_000);
    let mut n = 0;
    candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |_| n += 1);
    assert!(n < 16, "{n}");
    let text = "12 345-67.8901/".repeat(4_000);
    let mut n = 0;
    candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |_| n += 1);
    assert!(n < 16_000, "{n}");
}

#[test]
fn no_letter_that_passes_for_a_digit_is_passed_over() {
    for c in '\0'..'\u{3000}' {
        let passes = crate::lookalike::plain(c).is_some() && !c.is_ascii_digit();
        let (mut room, [before, after]) = ([0; 4], ["12345678", "90"]);
        let (first, last) = (c.encode_utf8(&mut room).as_bytes()[0], room[c.len_utf8() - 1]);
        assert!(!passes || is_lookalike(first) && is_lookalike(last), "{c:?}");
        assert!(!c.is_ascii() || is_lookalike(first) == passes, "{c:?}");
        if passes {
            let text = format!("{before}{c}{c}{after}");
            let mut read = Vec::new();
            candidates(text.as_bytes(), 0..text.len(), &EVERY_NUMBER, &mut |candidate| {
                if let Candidate::Lookalikes(at) = candidate {
                    read.extend(crate::lookalike::read(text.as_bytes(), at).map(|n| n.len()));
                }
            });
            assert_eq!(read, [12], "{text}");
        }
    }
}

#[test]
fn digits_are_counted_whatever_stands_behind() {
    for byte in 0..=255_u8 {
        for len in 0..70_usize {
            let text = [&b"9084019375".repeat(7)[..len], &[byte, b'7', byte, 0xff, b'0', b'9', byte, b'1']].concat();
            let expected = text.iter().take(BLOCK).take_while(|b| b.is_ascii_digit()).count();
            assert_eq!(plain_digits(&text), expected, "{len} {byte}");
        }
        let short = [b'0', byte, b'9'];
        assert_eq!(plain_digits(&short), short.iter().take_while(|b| b.is_ascii_digit()).count());
    }
}
