//! Numbers written out in words: digit by digit, `không không một không chín không …`, or as people read them, `bảy mươi mốt`,
//! `bốn trăm lẻ năm`, `hai con tám`.
//!
//! Vietnamese with or without diacritics, and digits among the words. Believed only with a word that names the number
//! directly before. Amounts have words of their own (`mười hai nghìn`), which end a number. What is said between groups
//! (`rồi`, `tiếp theo là`), hundreds and runs of digits are read in short texts only: no first look tells where they may stand.

mod words;

use std::ops::Range;

use crate::CONTEXT_BYTES;
use crate::numbers::Number;
use crate::simd::{Letters, Map};
pub use words::may_speak;
use words::{Word, digits, typed, value};

/// What such a number is told as.
pub(crate) const DISGUISE: &str = "number-words";

/// Most bytes of a number in words: twelve digits in four hundreds, `bảy trăm chín mươi mốt`.
pub(crate) const SPOKEN_BYTES_MAX: usize = 127;

/// Fewest bytes: three of the shortest words, `ba`, and six plain digits, with their spaces.
pub(crate) const SPOKEN_BYTES_MIN: usize = 20;

/// A step no longer than the shortest number misses none.
pub(crate) const STEP: usize = SPOKEN_BYTES_MIN;

/// Most bytes of a word: `không` in its decomposed form has eight.
const WORD_BYTES_MAX: usize = 10;

/// Fewest words of a number that no first look may pass over.
const WORDS_MIN: usize = 9;

/// How much is read as part of a number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hearing {
    /// Words and single digits, as the first look tells them.
    Strict,
    /// What stands between groups as well, hundreds, and digits in a row.
    Loose,
}

/// Tells `found` every number in words that begins in `range`, in order.
pub(crate) fn numbers(text: &[u8], range: Range<usize>, map: &Map, hearing: Hearing, mut found: impl FnMut(Number)) {
    if text.len() < SPOKEN_BYTES_MIN {
        return;
    }
    let (letters, mut word) = (map.letters_around(), Vec::new());
    let mut at = range.start;
    // A number that begins in the range may first be met behind its end.
    while at < text.len().min(range.end.saturating_add(STEP)) {
        let Some(middle) = word_at(text, at, &letters).filter(|w| value(text, w, hearing, &mut word).is_some()) else {
            at += STEP;
            continue;
        };
        let mut first = middle.clone();
        while middle.end - first.start <= SPOKEN_BYTES_MAX
            && let Some(before) =
                word_before(text, first.start, hearing).filter(|w| value(text, w, hearing, &mut word).is_some())
        {
            first = before;
        }
        at = whole(text, first, hearing, &mut word, &mut found).max(at + STEP);
    }
}

/// Reads on from the first word; where the run of words ends.
fn whole(
    text: &[u8],
    first: Range<usize>,
    hearing: Hearing,
    scratch: &mut Vec<u8>,
    found: &mut impl FnMut(Number),
) -> usize {
    let (mut words, mut end, mut next) = (Vec::with_capacity(16), first.end, Some(first));
    while let Some(range) = next {
        let Some(word) = value(text, &range, hearing, scratch) else { break };
        end = range.end;
        if words.len() <= SPOKEN_BYTES_MAX {
            words.push((word, range));
        }
        next = word_after(text, end, hearing);
    }
    // `mã số là không bảy …`
    let begins = words.iter().position(|(word, _)| word.is_said_first()).unwrap_or(words.len());
    let ends = words.iter().rposition(|(word, _)| word.is_said_last()).map_or(0, |at| at + 1);
    let said = words.get(begins..ends).unwrap_or_default();
    let [(_, first), .., (_, last)] = said else { return end };
    let spoken = said.iter().filter(|(word, range)| *word != Word::Link && !is_digits(text, range)).count();
    let enough = hearing == Hearing::Loose || said.len() >= WORDS_MIN;
    if spoken >= 3
        && enough
        && last.end - first.start <= SPOKEN_BYTES_MAX
        && let Some(digits) = digits(text, said)
        && let Some(number) = Number::disguised(first.start..last.end, &digits, DISGUISE)
    {
        found(number);
    }
    end
}

fn is_digits(text: &[u8], range: &Range<usize>) -> bool {
    text.get(range.start).is_some_and(u8::is_ascii_digit)
}

/// The words around a number in words without the keys they were typed with, and where the number stands there; `None` where it
/// has no such keys itself.
pub(crate) fn without_keys(text: &[u8], number: &Range<usize>) -> Option<(Vec<u8>, Range<usize>)> {
    let words = |part: Range<usize>| {
        text.get(part).unwrap_or_default().chunk_by(|a, b| is_letter(*a) == is_letter(*b) && is_letter(*a))
    };
    let mut scratch = Vec::new();
    if !words(number.clone()).any(|word| typed(word, &mut scratch).is_some()) {
        return None;
    }
    let mut plain = Vec::new();
    for word in words(number.start.saturating_sub(CONTEXT_BYTES)..number.start) {
        push_without_keys(word, &mut plain);
    }
    let start = plain.len();
    plain.extend_from_slice(text.get(number.start..text.len().min(number.end + CONTEXT_BYTES))?);
    Some((plain, start..start + number.len()))
}

/// Appends a word of ASCII without its keys, which stand behind its first vowel, and with one of the letters that are
/// typed twice.
fn push_without_keys(word: &[u8], out: &mut Vec<u8>) {
    if !word.is_ascii() || word.first().is_some_and(u8::is_ascii_digit) {
        return out.extend_from_slice(word);
    }
    let (start, mut voiced) = (out.len(), false);
    for byte in word {
        let small = byte.to_ascii_lowercase();
        let twice = out.get(start..).and_then(<[u8]>::last).is_some_and(|last| last.eq_ignore_ascii_case(byte));
        if voiced && words::is_key(small) || twice && matches!(small, b'a' | b'e' | b'o' | b'd') {
            continue;
        }
        voiced |= matches!(small, b'a' | b'e' | b'i' | b'o' | b'u' | b'y');
        out.push(*byte);
    }
}

const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte >= 0x80
}

/// The word around `at`, or the one right behind it.
#[inline]
fn word_at(text: &[u8], at: usize, letters: &Letters<'_>) -> Option<Range<usize>> {
    // The place itself is bit 16.
    const HERE: u32 = 16;
    let Some(letters) = letters.at(at) else { return word_near_an_end(text, at) };
    // From its first letter if one stands here, else at most two signs on.
    let before = (!(letters << (64 - HERE))).leading_zeros();
    let behind = (letters >> HERE).trailing_zeros();
    let start = if behind == 0 { HERE - before.min(HERE) } else { HERE + behind.min(2) };
    let len = (!(letters >> start)).trailing_zeros() as usize;
    let start = at + start as usize - HERE as usize;
    (1..=WORD_BYTES_MAX).contains(&len).then_some(start..start + len)
}

/// The same at the beginning and end of what is mapped.
#[cold]
fn word_near_an_end(text: &[u8], at: usize) -> Option<Range<usize>> {
    let start = if is_letter(*text.get(at)?) {
        let before = text.get(..at)?.iter().rev().take(WORD_BYTES_MAX).take_while(|b| is_letter(**b)).count();
        at - before
    } else {
        at + text.get(at..)?.iter().take(2).take_while(|b| !is_letter(**b)).count()
    };
    word_from(text, start)
}

fn word_from(text: &[u8], start: usize) -> Option<Range<usize>> {
    let len = text.get(start..)?.iter().take(WORD_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    (1..=WORD_BYTES_MAX).contains(&len).then_some(start..start + len)
}

/// One or two signs part the words of a number.
const fn is_sign(byte: u8) -> bool {
    matches!(byte, b' ' | b'-' | b',' | b'.')
}

/// Bytes of the signs between two words of a number, which `signs` begins with, in either direction; none where too many are.
fn signs<'t>(signs: impl Iterator<Item = &'t u8>, hearing: Hearing) -> Option<usize> {
    /// Three points and a blank, as pauses are written.
    const PAUSE: usize = 4;
    let most = if hearing == Hearing::Loose { PAUSE } else { 2 };
    let len = signs.take(most + 1).take_while(|b| is_sign(**b)).count();
    (1..=most).contains(&len).then_some(len)
}

fn word_after(text: &[u8], end: usize, hearing: Hearing) -> Option<Range<usize>> {
    word_from(text, end + signs(text.get(end..)?.iter(), hearing)?)
}

fn word_before(text: &[u8], start: usize, hearing: Hearing) -> Option<Range<usize>> {
    let before = text.get(..start)?;
    let end = start - signs(before.iter().rev(), hearing)?;
    let len = before.get(..end)?.iter().rev().take(WORD_BYTES_MAX + 1).take_while(|b| is_letter(**b)).count();
    (1..=WORD_BYTES_MAX).contains(&len).then(|| end - len..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<String> {
        heard(text, Hearing::Strict)
    }

    fn heard(text: &str, hearing: Hearing) -> Vec<String> {
        let mut all = Vec::new();
        let map = Map::new(text.as_bytes(), 0..text.len());
        numbers(text.as_bytes(), 0..text.len(), &map, hearing, |n| {
            all.push(String::from_utf8(n.digits().to_vec()).expect("digits"))
        });
        all
    }

    #[test]
    fn numbers_in_words_are_read() {
        for text in [
            "không không một không chín không một hai ba bốn năm sáu",
            "cccd khong khong mot khong chin khong mot hai ba bon nam sau nhe",
            "Không, không, một, không, chín, không, một, hai, ba, tư, lăm, sáu.",
            "không 0 một 0 chín 0 một hai ba 4 năm 6",
            "khoong khoong mootj khoong chins khoong moojt hai ba boons nawm saus",
            "khoong khoong moojt khoong chisn khoong mootj hai ba tuw lawm sasu",
            "kho6ng kho6ng mo65t kho6ng chi1n kho6ng mo6t5 hai ba bo61n na8m sa1u",
            "linh không mốt lẻ chín linh một hai ba tư lăm sáu",
            "le khong mot linh chin le mot hai ba tu lam sau",
            "KHÔNG KHÔNG MỘT KHÔNG CHÍN KHÔNG MỘT HAI BA BỐN NĂM SÁU",
            "kho\u{302}ng kho\u{302}ng mo\u{323}\u{302}t không chín không một hai\u{200b} ba\u{200b} bốn\u{ad} năm s\u{200b}áu",
        ] {
            assert_eq!(read(text), ["001090123456"], "{text}");
        }
        for shift in 0..40 {
            let text = format!("{} ba ba ba ba ba ba ba ba ba x", ".".repeat(shift));
            assert_eq!(read(&text), ["333333333"], "{shift}");
            let text = format!("{} 1 2 3 ba ba ba 4 5 6 x", ".".repeat(shift));
            assert_eq!(read(&text), ["123333456"], "{shift}");
        }
    }

    #[test]
    fn words_are_read_without_the_keys_they_were_typed_with() {
        let plain = |text: &str| {
            let start = text.find('#').expect("a mark");
            let text = text.replace('#', "");
            let (plain, range) = without_keys(text.as_bytes(), &(start..text.len()))?;
            assert_eq!(&plain[range.clone()], &text.as_bytes()[start..]);
            Some(String::from_utf8_lossy(&plain[..range.start]).into_owned())
        };
        for (typed, expected) in [
            ("soos cawn cuwowcs coong daan cuar em laf #khoong", Some("so can cuoc cong dan cua em la ")),
            ("so61 ca8n cu7o71c: #kho6ng", Some("so can cuoc: ")),
            ("maax soos BHXH, ddangw trong TEESP 12s: #khoong", Some("ma so BHXH, dang trong TEP 12s: ")),
            ("số căn cuwowcs: #khoong mootj", Some("số căn cuoc: ")),
            ("soos cawn cuwowcs: #khong mot", None),
        ] {
            assert_eq!(plain(typed).as_deref(), expected, "{typed}");
        }
    }

    #[test]
    fn numbers_are_read_as_people_say_them() {
        for (text, number) in [
            ("không sáu bảy mươi mốt chín bảy bốn mươi lăm không năm chín bảy", "067197450597"),
            ("khong sau bay muoi mot chin bay bon muoi lam khong nam chin bay", "067197450597"),
            ("không một chín chục mười hai ba mươi bốn năm mươi sáu bảy tám", "019012345678"),
            ("bảy mươi tám mươi chín chục không tám năm bảy", "7080900857"),
            ("bảy chín một hai ba bốn năm mươi sáu mươi", "7912345060"),
            ("không bảy chín một chín năm không một hai ba bốn nhăm", ""),
            ("không tám bốn một năm hai bảy không năm hai con ba không", "084152705330"),
            ("bảy chín ba con không hai con tám bốn sáu một", "7900088461"),
            ("bẩy chính mộc hai ba bốn lăm sáu bãi tám", "7912345678"),
        ] {
            assert_eq!(read(text), if number.is_empty() { vec![] } else { vec![number] }, "{text}");
            assert!(may_speak(text.as_bytes()));
        }
        for (text, number) in [
            ("không bốn lăm một trăm sáu chục không mười sáu sáu trăm mười", "045160016610"),
            ("không bảy chín một trăm lẻ năm hai trăm linh ba bốn trăm hai mốt", "079105203421"),
            ("không không một chín trăm không mười hai ba trăm bốn mươi lăm", "001900012345"),
            ("không sáu bốn một rồi sáu ba chín tám rồi năm hai ba bốn", "064163985234"),
            ("không bảy năm không chín tám tiếp theo là ba tám chín bảy bảy ba", "075098389773"),
            ("bảy không tám sáu... bảy một sáu... bốn năm tám", "7086716458"),
            ("bảy không tám sáu… bảy một sáu… bốn năm tám", "7086716458"),
            ("040179 sáu hai không một tám sáu", "040179620186"),
            ("ba sáu 1234 không chín sáu một", "3612340961"),
            ("dê rô bảy chín một chín năm dê rô một hai ba bốn năm", "079195012345"),
            ("o ba o một bảy một năm bảy tám chín một tám", "030171578918"),
            ("bảy chín hai số tám một hai ba bốn năm sáu", "7988123456"),
        ] {
            assert_eq!(heard(text, Hearing::Loose), [number], "{text}");
            assert!(may_speak(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn short_texts_are_heard_out() {
        let detectors = crate::Detectors::new(2026);
        let found = |text: &str| -> Vec<_> {
            let mut hits = Vec::new();
            detectors.scan(text.as_bytes(), 0..text.len(), crate::Context::default(), &mut hits);
            detectors.scan_said(text.as_bytes(), &mut hits);
            let sure =
                hits.iter().filter(|hit| hit.confidence > chot_model::Confidence::Low && hit.detector.is_identifier());
            sure.map(|hit| (hit.detector, String::from_utf8_lossy(hit.value.reveal_bytes()).into_owned())).collect()
        };
        use chot_model::DetectorId::{Bhxh, Cccd};
        for (text, id, number) in [
            ("cccd e đọc nha không sáu bốn một rồi sáu ba chín tám rồi năm hai ba bốn ạ", Cccd, "064163985234"),
            (
                "Căn cước công dân: không bảy chín một trăm lẻ năm hai trăm linh ba bốn trăm hai mốt",
                Cccd,
                "079105203421",
            ),
            ("số căn cước của em là 040179 sáu hai không một tám sáu", Cccd, "040179620186"),
            ("số căn cước là không bảy năm không chín tám tiếp theo là ba tám chín bảy bảy ba", Cccd, "075098389773"),
            ("số căn cước của em là o ba o một bảy một năm bảy tám chín một tám", Cccd, "030171578918"),
            ("so can cuoc cua em la de ro bay chin mot chin nam khong mot hai ba bon nam", Cccd, "079195012345"),
            ("mã số bhxh là 809200 không chín sáu một", Bhxh, "8092000961"),
            ("Số sổ bảo hiểm xã hội: tám sáu hai... sáu ba hai... không sáu ba... ba", Bhxh, "8626320633"),
        ] {
            assert_eq!(found(text), [(id, number.to_owned())], "{text}");
            let other = text.replace(text.split(" là ").next().unwrap_or_default(), "mã đơn hàng");
            assert!(!text.contains(" là ") || found(&other).is_empty(), "{other}");
        }
        for text in [
            "mã số bhxh thì chờ, còn tiền là bốn trăm năm mươi triệu hai trăm nghìn đồng chẵn",
            "cccd của ba con một trai hai gái rồi còn hai con nữa là năm con tất cả",
            "số bhxh có một trăm lẻ năm người và hai mươi mốt tổ, rồi ba mươi ba đơn vị",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn speech_is_no_number() {
        for text in [
            "bốn trăm năm mươi triệu hai trăm nghìn đồng chẵn",
            "một trăm lẻ năm người và hai mươi mốt xe, rồi ba mươi con bò",
            "ba con một trai hai gái rồi còn hai con nữa là năm con tất cả",
            "ngày hai mươi mốt tháng mười một năm hai không hai sáu",
            "trăm năm trong cõi người ta chữ tài chữ mệnh",
        ] {
            assert!(heard(text, Hearing::Loose).is_empty(), "{text}");
        }
        for text in [
            "ba má không có năm nào hai mươi mốt",
            "một hai ba bốn năm sáu bảy tám",
            "0 0 1 0 9 0 1 2 3 4 5 6",
            &"một hai ba ".repeat(50),
        ] {
            assert!(read(text).is_empty(), "{text}");
        }
    }
}
