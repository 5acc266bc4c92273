//! Letters in the words around a number that only a code spells: `cc` at the end of `63d4b27a7d48cc` is no `căn cước`.
//!
//! It judges no number, and takes nothing from words that stand by themselves or touch the number they announce.

use std::ops::Range;

use crate::simd::Classes;

/// Letters of a word that a code easily spells by chance.
const SHORT: usize = 3;
/// Digits behind such a word that may count fields: `CMT1:`, `mst_12`.
const COUNT_DIGITS: usize = 2;
/// Digits and letters of a hexadecimal code, and how often it changes between them: `cccd2024` is none. One more where
/// it touches the number, `12cccd`; one less where digits begin it.
const HEX_BYTES: usize = 8;
const HEX_CHANGES: usize = 2;
/// Bytes of the parts of a UUID (RFC 9562, section 4).
const UUID: [usize; 5] = [8, 4, 4, 4, UUID_LAST];
const UUID_LAST: usize = 12;
/// Pairs of a hardware address before the last, and their digits.
const PAIRS: usize = 3;
const PAIR: usize = 2;

/// Copies the words before a number to `plain`, byte for byte, with an `x` for each letter from `from` on that belongs to
/// a code. `classes` are those of `text`, which is no longer than they tell.
pub(super) fn without_codes(text: &[u8], classes: &Classes, from: usize, plain: &mut Vec<u8>) {
    plain.clear();
    plain.extend_from_slice(text);
    // A code has digits, and most words stand where there are none.
    let Classes { letter, digit, .. } = *classes;
    if digit == 0 {
        return;
    }
    let all = letter | digit;
    // A token that goes on there is read whole.
    let within = from - (all & below(from)).checked_shl(128 - from as u32).unwrap_or_default().leading_ones() as usize;
    let tokens = all & !below(within);
    // Letters beside digits are in one token. Those of one kind are codes only as parts with hyphens and colons.
    let mut mixed = letter & digit >> 1 | digit & letter >> 1;
    let (begin, pair) = (tokens & !(tokens << 1), tokens & tokens >> 1);
    let four = pair & pair >> 2;
    let twelve = four & four >> 4 & four >> 8;
    // Two digits are no letters, whatever they are the end of.
    let two = begin & pair & !(tokens >> PAIR) & (letter | letter >> 1);
    mixed = mixed & tokens | two | begin & twelve & !(tokens >> UUID_LAST);
    while mixed != 0 {
        let place = mixed.trailing_zeros();
        let at = (place + 1 - (tokens << (127 - place)).leading_ones()) as usize;
        let len = (tokens >> at).trailing_ones() as usize;
        mixed &= !below(at + len);
        strike_token(text, at..at + len, plain);
    }
}

/// The bits below `n`.
const fn below(n: usize) -> u128 {
    match u128::MAX.checked_shl(n as u32) {
        Some(above) => !above,
        None => u128::MAX,
    }
}

/// Strikes what of a token belongs to a code, and the parts before of the code it is the last part of.
fn strike_token(text: &[u8], range: Range<usize>, plain: &mut [u8]) {
    let (at, end) = (range.start, range.end);
    let token = text.get(range).unwrap_or_default();
    let from = uuid_begins(text, at, token).unwrap_or(at);
    let whole =
        from < at || is_hex_code(token, end == text.len()) || token.len() == PAIR && ends_an_address(text, at, token);
    if whole {
        strike(plain.get_mut(from..end));
    } else if token.iter().any(u8::is_ascii_digit) && token.is_ascii() {
        let changes = changes(token);
        for run in runs(token).filter(|run| !speaks(token, run, changes)) {
            strike(plain.get_mut(at + run.start..at + run.end));
        }
    }
}

fn strike(code: Option<&mut [u8]>) {
    code.unwrap_or_default().iter_mut().filter(|b| b.is_ascii_alphabetic()).for_each(|b| *b = STRUCK);
}

/// What stands for a letter of a code. No phrase has it, so none is made with the letters beside: `uni` before `x` would
/// be a phrase.
const STRUCK: u8 = b'j';

#[cfg(test)]
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// How often letters and digits take turns.
fn changes(token: &[u8]) -> usize {
    token.windows(2).filter(|w| matches!(w, [a, b] if a.is_ascii_digit() != b.is_ascii_digit())).count()
}

/// The runs of letters in a token.
fn runs(token: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = token.get(at..)?;
        let start = at + rest.iter().position(|b| !b.is_ascii_digit())?;
        let len = token.get(start..)?.iter().take_while(|b| !b.is_ascii_digit()).count();
        at = start + len;
        Some(start..at)
    })
}

/// Whether a run of letters in a token with digits may be a word.
fn speaks(token: &[u8], run: &Range<usize>, changes: usize) -> bool {
    let letters = token.get(run.clone()).unwrap_or_default();
    let camel = letters.windows(2).any(|w| matches!(w, [a, b] if a.is_ascii_lowercase() && b.is_ascii_uppercase()));
    if letters.len() > SHORT && !(camel && changes > HEX_CHANGES) {
        return true;
    }
    let behind = token.get(run.end..).unwrap_or_default();
    // `2CMT`, `12MST`: an item of a list; in hexadecimal digits it is chance.
    let counted = run.start == 0 || run.start <= COUNT_DIGITS && changes == 1 && !is_hex(letters);
    counted && behind.len() <= COUNT_DIGITS && behind.iter().all(u8::is_ascii_digit)
}

fn is_hex(token: &[u8]) -> bool {
    token.iter().all(u8::is_ascii_hexdigit)
}

fn is_hex_code(token: &[u8], touches: bool) -> bool {
    let least = match token.first() {
        _ if touches => HEX_CHANGES + 1,
        Some(b'0'..=b'9') => HEX_CHANGES - 1,
        _ => HEX_CHANGES,
    };
    token.len() >= HEX_BYTES && is_hex(token) && changes(token) >= least
}

/// Where the UUID begins whose last part stands at `at`; its beginning may be cut off.
fn uuid_begins(text: &[u8], at: usize, token: &[u8]) -> Option<usize> {
    let [first, middle @ .., last] = &UUID;
    if token.len() != *last || !is_hex(token) {
        return None;
    }
    let mut begins = at;
    for (n, len) in [first].into_iter().chain(middle).rev().enumerate() {
        let before = text.get(..begins)?;
        if n >= 2 && before.is_empty() {
            // As far as one looks back.
            return Some(0);
        }
        let before = before.strip_suffix(b"-")?;
        let from = before.len().saturating_sub(*len);
        let part = before.get(from..)?;
        if !is_hex(part) || part.len() < *len && n < 2 {
            return None;
        }
        begins = from;
    }
    Some(begins)
}

/// Whether two letters at `at` are the last of a hardware address: `00:1a:2b:3c:4d:cc`.
fn ends_an_address(text: &[u8], at: usize, token: &[u8]) -> bool {
    let before = text.get(at.saturating_sub(3 * PAIRS)..at).unwrap_or_default();
    let sign = before.last().copied().unwrap_or_default();
    let pair = |pair: &[u8]| matches!(pair, [a, b, s] if is_hex(&[*a, *b]) && *s == sign);
    matches!(sign, b':' | b'-')
        && is_hex(token)
        && before.len() == 3 * PAIRS
        && before.chunks(3).all(pair)
        && before.iter().any(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::simd::classes;

    fn plain(text: &str) -> String {
        let mut plain = Vec::new();
        without_codes(text.as_bytes(), &classes(text.as_bytes()), 0, &mut plain);
        String::from_utf8(plain).expect("letters for letters")
    }

    /// The same, every token read.
    fn plain_slowly(text: &[u8]) -> Vec<u8> {
        let mut plain = text.to_vec();
        let mut at = 0;
        while at < text.len() && text.iter().any(u8::is_ascii_digit) {
            let len = text[at..].iter().take_while(|b| is_letter(**b) || b.is_ascii_digit()).count();
            strike_token(text, at..at + len, &mut plain);
            at += len + 1;
        }
        plain
    }

    proptest! {
        #[test]
        fn passing_over_words_strikes_the_same(
            pieces in prop::collection::vec(prop_oneof![
                "[0-9a-f]{1,13}",
                "[0-9]{6,9}[ a-f]",
                "[0-9a-fA-Z]{2}[:-]",
                "[0-9a-f]{4}-",
                "[a-zđ]{1,6} ",
                Just("cccd-4cc1-a9cc-0123456789cc".to_owned()),
                Just("abcdefab-1234-abcd-1234-abcdefabcdef ".to_owned()),
            ], 0..12),
            from in 0..112_usize,
        ) {
            let text = pieces.concat();
            let text = text.as_bytes().get(..112).unwrap_or(text.as_bytes());
            let mut plain = Vec::new();
            without_codes(text, &classes(text), 0, &mut plain);
            let slowly = plain_slowly(text);
            prop_assert_eq!(&plain, &slowly);
            let from = from.min(text.len());
            without_codes(text, &classes(text), from, &mut plain);
            prop_assert_eq!(plain.get(from..), slowly.get(from..));
        }
    }

    #[test]
    fn codes_spell_no_words() {
        for (text, expected) in [
            ("req=63d4b27a7d48cc seq=", "req=63j4j27j7j48jj seq="),
            ("req=a9cccd27a7d4 seq=", "req=j9jjjj27j7j4 seq="),
            ("req=97817cccd68395 seq=", "req=97817jjjj68395 seq="),
            ("req=5587479676ccdd seq=", "req=5587479676jjjj seq="),
            ("req=84cc ", "req=84jj "),
            ("etag cc48d27a ", "etag jj48j27j "),
            ("x9Stk=", "j9jjj="),
            ("id=q7cmt2z ", "id=j7jjj2j "),
            ("63d4b27a-7cc4-4cc1-cccd-0123456789cc ", "63j4j27j-7jj4-4jj1-jjjj-0123456789jj "),
            ("cccd-4cc1-a9cc-0123456789cc ", "jjjj-4jj1-j9jj-0123456789jj "),
            ("mac 00:1a:2b:3c:4d:cc ", "mac 00:1j:2j:3j:4j:jj "),
        ] {
            assert_eq!(plain(text), expected);
        }
    }

    #[test]
    fn words_are_left_as_they_are() {
        for text in [
            "Số CCCD: ",
            "CCCD",
            "cccd_",
            "MST",
            "MST1: ",
            "cmt_2=",
            "2CMT ",
            "1cccd ",
            "soCCCD2 ",
            "12cccd",
            "cccd2024: ",
            "Câu 3: CC ",
            "HS-2026-cccd-",
            "2026-cccd-",
            "10:20:CC ",
            "TK1-TS ",
            "số2cc ",
        ] {
            assert_eq!(plain(text), text);
        }
    }
}
