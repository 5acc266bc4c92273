//! `bhxh`: mã số bảo hiểm xã hội — the ten-digit social insurance number, and the number of the book before it.
//!
//! The first two digits name the province of first issue, which 63 % of random ten-digit numbers do as well, and
//! telephone numbers, tax codes and Unix time stamps are ten digits long too. So it is nothing without a word or a
//! column. Since August 2025 the citizen number serves instead: twelve digits are `cccd`, whatever the heading.

mod book;
mod label;

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found, LOW, Value};
use crate::context::{Columns, Firm, Near, ends_a_name, says};
use crate::digits::Gap;
use crate::fold::fold;
use crate::mst::has_check_digit;
use crate::numbers::Number;
use crate::phone::is_mobile;
use crate::province::is_insurer;
use crate::shape::{is_example, is_filler, is_in_a_query, is_round, loses, loss};

/// Whether what is no word by itself stands right before a number of so many digits, and may speak of it. Only the bytes beside
/// it are read.
#[inline]
pub(crate) fn may_be_told(text: &[u8], range: &Range<usize>, digits: usize) -> bool {
    book::is_behind_a_book(text, range, digits) || label::is_behind(text, range, digits)
}

/// The detector.
pub(crate) struct Bhxh;

static CARD: Card = Card {
    id: DetectorId::Bhxh,
    title_vi: "Mã số bảo hiểm xã hội (10 số)",
    title_en: "Social insurance number (10 digits)",
    source: "Quyết định 595/QĐ-BHXH (2017), điều 2; Công văn 3340/BHXH-ST (2017)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Bhxh, include_str!("words.txt"))],
};

const BOOK: Columns = Columns::of(&[Column::Bhxh]);
/// Cards printed since April 2021 show the ten digits under `Mã số` (QĐ 1666/QĐ-BHXH, 2020).
const CARD_NUMBER: Columns = Columns::of(&[Column::Bhyt]);

/// Points of one that words announce.
const POINTS_MAX: i32 = 80;

/// Whether nothing but signs and `số` part a number from its word, or `là` or a colon from words further off:
/// `BHXH: 0812…`, `mã số BHXH của anh Kpă Klơng là 0812…`. Only numbers of one province begin like those of telephones.
fn is_labelled(text: &[u8], number: &Number, firm: Firm) -> bool {
    /// Bytes of the longest label, and what parts it from the number.
    const REACH: usize = 32;
    const BOOK: [&str; 4] = [" bhxh", " xa hoi", " so so", " ma bh"];
    if !is_insurer(number.digits().get(..2).unwrap_or_default()) {
        return false;
    }
    let start = number.range.start;
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let signs = |c: char| c.is_whitespace() || c.is_ascii_punctuation();
    let line = String::from_utf8_lossy(line);
    let words = line.trim_end_matches(signs);
    let folded = format!(" {}", fold(words));
    if firm > Firm::Weak {
        return line.get(words.len()..).is_some_and(|parting| parting.contains(':')) || folded.ends_with(" la");
    }
    let is = |words: &str| BOOK.iter().any(|book| words.ends_with(book));
    // `bh` alone has a paper before it: see `is_vague`.
    is(&folded) || folded.strip_suffix(" so").is_some_and(is) || folded.ends_with(" bh")
}

impl Detector for Bhxh {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        1 << 9 | 1 << 10
    }

    fn cell_lengths(&self) -> u32 {
        1 << 9
    }

    /// More is lost than what words give: see `loses`.
    fn lengths_apart(&self) -> u32 {
        1 << 10
    }

    fn lengths_announced(&self) -> u32 {
        1 << 10
    }

    fn number(&self, number: &Number, near: &mut Near<'_>) -> Option<Found> {
        // Most addresses of machines are laid out so that no words would make them one.
        if near.column().is_none() && loses(near.text(), number, POINTS_MAX - LOW) {
            return None;
        }
        let book = near.column().is_none()
            && number.is_plain()
            && (book::is_behind_a_book(near.text(), &number.range, number.len())
                && book::is_of_insurance(near.text(), &number.range)
                || label::is_behind(near.text(), &number.range, number.len())
                    && label::is_of_insurance(near.text(), &number.range));
        if near.is_silent() && !book {
            return None;
        }
        let value = match number.len() {
            10 => Value::of([], number.digits()),
            9 if near.column() == Some(Column::Bhxh) && near.announced().firm(BOOK) == Firm::Column => {
                Value::of([b'0'], number.digits())
            }
            _ => return None,
        };
        let said = near.announced();
        let (firm, less) = match said.firm(BOOK) {
            Firm::Not | Firm::Weak if book => (Firm::Near, 0),
            Firm::Not if is_article(near.text(), number) => return None,
            Firm::Not if said.firm(CARD_NUMBER) == Firm::Not && is_under_title(near.text(), number) => (Firm::Near, 0),
            Firm::Not if is_numbered_book(near.text(), number) => (Firm::Near, 0),
            Firm::Not if said.firm(CARD_NUMBER) == Firm::Weak && is_of_the_office(line_above(near.text(), number)) => {
                return None;
            }
            Firm::Not => (said.firm(CARD_NUMBER), 10),
            Firm::Weak if is_password(near.text(), number) || is_vague(near.text(), number) => return None,
            Firm::Weak if is_other_book(near.text(), number) => return None,
            firm if firm < Firm::Column && is_warranty(near.text(), number) => return None,
            firm => (firm, 0),
        };
        let words = match firm {
            Firm::Not => return None,
            Firm::Weak => 50,
            Firm::Near => 55,
            Firm::Direct => 70,
            Firm::Column => 80,
        };
        let whole = value.as_bytes();
        if is_filler(whole) || is_example(near.text(), number.digits(), &number.range) {
            return None;
        }
        if firm != Firm::Column && is_in_a_query(near.text(), number) {
            return None;
        }
        let named = firm >= Firm::Direct;
        if is_round(whole) && firm != Firm::Column {
            return None;
        }
        let score = words - less + if is_insurer(whole.get(..2)?) { 10 } else { 0 }
            - if !named && !book && is_mobile(whole) && !is_labelled(near.text(), number, firm) { 30 } else { 0 }
            - if !named && has_check_digit(whole) { 10 } else { 0 }
            - 60 * i32::from(said.amount)
            // `Thu BHXH bắt buộc 4563847000`.
            - if !named && whole.ends_with(b"000") && !is_beside_a_paper(near.text(), number) { 40 } else { 0 }
            - match firm {
                _ if is_glued(near.text(), number) => 0,
                Firm::Near if is_a_line_in_two(near.text(), number) => 10,
                _ => loss(near.text(), number, firm),
            };
        Some(Found { value, ..Found::number(number, score) })
    }
}

/// Whether `BHXH` alone stands before a number, and another paper of the same person on the line or the one above:
/// `CCCD: 001090123456 - BHXH: 7912345000`. Nobody's contributions are thousands of millions.
fn is_beside_a_paper(text: &[u8], number: &Number) -> bool {
    let start = number.range.start;
    let before = text.get(start.saturating_sub(LINE_BYTES)..start).unwrap_or_default();
    let label = before.rsplit(|b| b",;|-/(\n\t".contains(b)).next().unwrap_or_default();
    fold(&String::from_utf8_lossy(label)).trim() == "bhxh"
        && number.is_plain()
        && number.digits().get(..2).is_some_and(is_insurer)
        && before.rsplit(|b| *b == b'\n').take(2).any(|line| book::has_paper(&fold(&String::from_utf8_lossy(line))))
}

/// Whether a number is all of its line or message, its place set apart as on the old books: `79 12345678`.
fn is_a_line_in_two(text: &[u8], number: &Number) -> bool {
    const BYTES: usize = "79 12345678".len();
    let before = text.get(..number.range.start).unwrap_or_default();
    let begins = || before.iter().rev().find(|b| **b != b' ').is_none_or(|b| matches!(b, b'\n' | b':'));
    let behind = text.get(number.range.end..).unwrap_or_default();
    let ends = || behind.iter().find(|b| **b != b' ').is_none_or(|b| matches!(b, b'\n' | b'\r'));
    let in_two = number.first_group == 2 && number.separator == Gap::Space && number.range.len() == BYTES;
    in_two && number.digits().get(..2).is_some_and(is_insurer) && begins() && ends()
}

/// Whether nothing parts a number from its `BHXH`: `BHXH7912345678`. One that begins like a year of ours is a document's.
fn is_glued(text: &[u8], number: &Number) -> bool {
    let before = text.get(..number.range.start).unwrap_or_default();
    let word = before.len().checked_sub(4).and_then(|at| before.split_at_checked(at));
    number.is_plain()
        && word.is_some_and(|(head, word)| {
            word.eq_ignore_ascii_case(b"bhxh") && head.last().is_none_or(|b| b.is_ascii() && b" \n\t,;:(".contains(b))
        })
        && text.get(number.range.end).is_none_or(|b| b.is_ascii() && b" \n\r\t,;:.)".contains(b))
        && number.digits().get(..2).is_some_and(|place| is_insurer(place) && place != b"20")
}

/// Bytes of the line looked at on either side of a number for what else is meant.
const LINE_BYTES: usize = 64;

/// The folded words on the line of a number, before and behind it.
fn words_beside(text: &[u8], number: &Number) -> [String; 2] {
    let (start, end) = (number.range.start, number.range.end);
    let before = text.get(start.saturating_sub(LINE_BYTES)..start).unwrap_or_default();
    let behind = text.get(end..text.len().min(end + LINE_BYTES)).unwrap_or_default();
    let line = |b: &u8| *b == b'\n';
    [before.rsplit(line).next(), behind.split(line).next()]
        .map(|part| format!(" {} ", fold(&String::from_utf8_lossy(part.unwrap_or_default())).trim()))
}

/// Whether the bare `Mã số` before a number is that of the person named beside it, since the title above is of the insurance:
/// `QUÁ TRÌNH THAM GIA BHXH`, `Họ tên: …`. The card has it before the name.
fn is_under_title(text: &[u8], number: &Number) -> bool {
    const REACH: usize = 224;
    const TITLE_BYTES: usize = 64;
    const CARDS: [&str; 2] = ["the bao hiem y te", "the bhyt"];
    const BOOKS: [&str; 2] = [" bhxh ", " bao hiem xa hoi "];
    const NAMES: [&str; 2] = [" ho ten ", " ho va ten "];
    const SAID: [&str; 4] = [" cap so cho ", " cap lai so cho ", " chot so cho ", " dieu chinh so cho "];
    let [label, behind] = words_beside(text, number);
    if !label.ends_with(" ma so ") {
        return false;
    }
    // `BHXH cấp sổ cho ông …, mã số 79…`
    if SAID.iter().any(|said| label.contains(said)) && BOOKS.iter().any(|book| label.contains(book)) {
        return number.digits().get(..2).is_some_and(is_insurer);
    }
    let start = number.range.start;
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let named = || {
        let above = format!(" {} ", fold(&String::from_utf8_lossy(before)));
        NAMES.iter().any(|name| above.contains(name) || behind.contains(name))
    };
    let lines = before.split(|b| *b == b'\n').filter(|line| line.len() <= TITLE_BYTES);
    let titles = lines.map(|line| format!(" {} ", fold(&String::from_utf8_lossy(line)).trim()));
    titles
        .take_while(|title| *title != label)
        .any(|title| CARDS.contains(&title.trim()) || BOOKS.iter().any(|book| title.contains(book)) && named())
}

/// Whether the number is one of the books of somebody who has several: `2 sổ BHXH: sổ 1: 7912…; sổ 2: 0113…`.
fn is_numbered_book(text: &[u8], number: &Number) -> bool {
    const REACH: usize = 128;
    const LABEL_BYTES: usize = 12;
    const BOOKS: [&str; 3] = [" bhxh ", " bao hiem xa hoi ", " gop so "];
    let start = number.range.start;
    let folded = |bytes: usize| {
        let before = text.get(start.saturating_sub(bytes)..start).unwrap_or_default();
        format!(" {} ", fold(&String::from_utf8_lossy(before)).trim())
    };
    let label = folded(LABEL_BYTES);
    matches!(label.trim_end().as_bytes(), [.., b' ', b's', b'o', b' ', b'1'..=b'9'])
        && BOOKS.iter().any(|book| folded(REACH).contains(book))
}

/// Whether a password stands behind the name of an account or place: `BHXH_Guest / mk 7912…`. `của mk` is somebody.
fn is_password(text: &[u8], number: &Number) -> bool {
    const WORDS: [&str; 4] = ["pass", "password", "mat khau", "mk"];
    const PLACES: [&str; 6] = ["may", "wifi", "ket", "cua", "phong", "cong"];
    const OF: [&str; 5] = ["cua", "cho", "giup", "voi", "ho"];
    let [before, _] = words_beside(text, number);
    let label = before.trim_end();
    let label = label.strip_suffix(" la").unwrap_or(label);
    WORDS.iter().any(|word| {
        let own = label.strip_suffix(word).filter(|rest| rest.ends_with(' '));
        own.is_some_and(|rest| !OF.iter().any(|of| rest.trim_end().ends_with(of)))
            || PLACES.iter().any(|place| before.contains(&format!(" {word} {place} ")))
    })
}

/// Whether `bh` alone speaks of the number, which is many a thing, and no other paper stands before it on the line or the one
/// above, `cc 001090123456 / bh 7912…`, or the office of that name.
fn is_vague(text: &[u8], number: &Number) -> bool {
    let [before, behind] = words_beside(text, number);
    let before = before.strip_suffix("so ").unwrap_or(&before);
    let alone = before.ends_with(" bh ") && !before.ends_with(" ma bh ")
        || behind.starts_with(" bh ") && !before.ends_with(" bhxh ");
    // `bh xe máy 7912…` has another word for what is insured.
    const OWN: [&str; 7] = [" bhxh ", " bao hiem ", " so so ", " vssid ", " ma bh ", " tham gia ", " bh that nghiep "];
    let other = |(_, thing): (&str, &str)| !thing.trim().is_empty() && !OWN.iter().any(|own| before.contains(own));
    let alone = alone || before.rsplit_once(" bh ").is_some_and(other);
    let above = line_above(text, number);
    let lines = above.rsplit(|b| *b == b'\n').take(2);
    let lines: Vec<_> = lines.map(|line| format!(" {} ", fold(&String::from_utf8_lossy(line)).trim())).collect();
    let paper = || lines.iter().any(|line| book::has_paper(line)) || book::has_paper(&behind);
    let owner = || {
        let label = before.trim_end();
        label.strip_suffix(" bh").or_else(|| label.strip_suffix(" ma bh")).is_some_and(book::is_somebody)
            && number.digits().get(..2).is_some_and(is_insurer)
    };
    alone && !paper() && !owner() || is_of_the_office(above)
}

/// What stands before a number, as far as a line goes.
fn line_above<'t>(text: &'t [u8], number: &Number) -> &'t [u8] {
    let start = number.range.start;
    text.get(start.saturating_sub(LINE_BYTES)..start).unwrap_or_default()
}

/// Whether `BHXH` is that of a machine of the office or its money: `Thu BHXH 4563847123`, `Chi KCB BHYT: …`, `Nợ BHXH bắt buộc = …`.
/// What ends at a comma speaks of something else, as does a word with other marks (`Tiến`), and the name of a person ends
/// with none.
fn is_of_the_office(above: &[u8]) -> bool {
    const OF_THE_OFFICE: [(&str, &str); 8] = [
        ("may", "máy"),
        ("thu", "thu"),
        ("chi", "chi"),
        ("no", "nợ"),
        ("quy", "quỹ"),
        ("phi", "phí"),
        ("tien", "tiền"),
        ("lai", "lãi"),
    ];
    const INSURANCES: [&str; 5] = ["bhxh", "bhyt", "bhtn", "bhtnld", "kpcd"];
    /// What else is said of money, before the insurance and behind it.
    const BEFORE: [&str; 8] = ["kcb", "tra", "phai", "dong", "nop", "cham", "nguon", "cac"];
    const BEHIND: [&str; 18] = [
        "bat", "buoc", "tu", "nguyen", "mot", "lan", "phat", "sinh", "trong", "ky", "dau", "cuoi", "con", "lai", "ton",
        "qua", "han", "la",
    ];
    let is_part = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80;
    let mut lines = above.rsplit(|b| *b == b'\n').take(2);
    let Some(line) = lines.find(|line| line.iter().any(is_part)) else { return false };
    let mut end = line.len();
    let mut said = false;
    // Backwards: what is behind the insurance, the insurance, what is before it, money.
    while let Some(to) = line.get(..end).and_then(|head| head.iter().rposition(is_part)).map(|at| at + 1) {
        let signs = line.get(to..end).unwrap_or_default();
        if said && (signs.is_empty() || signs.contains(&b',')) {
            return false;
        }
        let start = line.get(..to).and_then(|head| head.iter().rposition(|b| !is_part(b))).map_or(0, |at| at + 1);
        let word = line.get(start..to).unwrap_or_default();
        let folded = fold(&String::from_utf8_lossy(word));
        match OF_THE_OFFICE.iter().find(|(office, _)| said && *office == folded) {
            Some((_, office)) => {
                let is = if office.is_ascii() { word.is_ascii() } else { says(word, office) };
                return is && !ends_a_name(line.get(..to).unwrap_or_default(), start..to);
            }
            None if !said && INSURANCES.contains(&&*folded) => said = true,
            // `chi Tra` is somebody.
            None if said && BEFORE.contains(&&*folded) && !is_capitalized(word) => {}
            None if !said && BEHIND.contains(&&*folded) => {}
            None => return false,
        }
        end = start;
    }
    false
}

/// Whether only the first letter of a word is a capital.
fn is_capitalized(word: &[u8]) -> bool {
    matches!(str::from_utf8(word).map(|word| word.chars().collect::<Vec<_>>()).as_deref(), Ok([first, rest @ ..])
        if first.is_uppercase() && rest.iter().any(|c| c.is_lowercase()))
}

/// Whether what hints at a number speaks of another book: `cấp lại sổ tiết kiệm`.
fn is_other_book(text: &[u8], number: &Number) -> bool {
    const BOOKS: [&str; 3] = [" cap lai so ", " gop so ", " vao so "];
    /// Books that a bare `số sổ` is the number of.
    const OTHERS: [&str; 10] =
        ["tiet kiem ", "kho ", "quy ", "tay ", "cai ", "ho khau ", "ho ngheo ", "cong van ", "lien lac ", "nhat ky "];
    /// What may stand behind `sổ` where it is the insurance's.
    const OWN: [&str; 16] = [
        "so ", "bhxh ", "bao ", "bh ", "la ", "cho ", "cua ", "cu ", "moi ", "nay ", "tren ", "do mat ", "do hu ",
        "bi ", "voi ", "va ",
    ];
    /// What `BHXH` goes on with where it is the office.
    const PLACES: [&str; 8] =
        [" bhxh tinh", " bhxh huyen", " bhxh quan", " bhxh thanh", " bhxh tp", " bhxh co", " bhxh khu", " bhxh viet"];
    let [before, behind] = words_beside(text, number);
    // `vào sổ 79…` says so only of one that another is joined with, or that is called the insurance's.
    let called = || behind.starts_with(" bhxh ") && !PLACES.iter().any(|place| behind.starts_with(place));
    if before.ends_with(" vao so ") && !before.contains(" gop ") && !before.contains(" bhxh ") && !called() {
        return true;
    }
    let other =
        before.rsplit_once(" so so ").is_some_and(|(_, book)| OTHERS.iter().any(|other| book.starts_with(other)));
    if other && !before.contains(" bhxh ") {
        return true;
    }
    BOOKS.iter().any(|book| {
        let behind = before.rsplit_once(book).map(|(_, behind)| behind).unwrap_or_default();
        !behind.is_empty() && !OWN.iter().any(|own| behind.starts_with(own)) && !behind.contains(" bhxh ")
    })
}

/// Whether `BH` before the number is a warranty, of which the line speaks: `Mã BH: 7912345678 hết hạn bảo hành`.
fn is_warranty(text: &[u8], number: &Number) -> bool {
    const LABEL_BYTES: usize = 16;
    const WARRANTY: &str = " bao hanh ";
    let near = text.get(number.range.start.saturating_sub(LABEL_BYTES)..number.range.start).unwrap_or_default();
    // Most numbers are announced by other letters.
    let short = |word: &[u8]| word.eq_ignore_ascii_case(b"bh") || word.eq_ignore_ascii_case(b"sbh");
    if !near.split(|b| !b.is_ascii_alphanumeric() && *b < 0x80).any(short) {
        return false;
    }
    let [before, behind] = words_beside(text, number);
    let label =
        before.strip_suffix(" so ").or_else(|| before.strip_suffix(" la ")).unwrap_or_else(|| before.trim_end());
    (label.ends_with(" bh") || label.ends_with(" sbh")) && (before.contains(WARRANTY) || behind.contains(WARRANTY))
}

/// Whether what reads as `số thẻ` before a number are English words: `so the winner is …`.
fn is_article(text: &[u8], number: &Number) -> bool {
    const BYTES: usize = 64;
    const PHRASE: &[u8] = b"so the ";
    /// What English goes on with, of which no word is Vietnamese without its signs.
    const ENGLISH: &str = "account actual amount answer code correct count current exact final first following full hash \
        id index invoice is key last latest lucky max message new next number offset old only order other \
        package phone previous product real result right same second serial sum ticket total winner";
    /// What announces the number behind that.
    const OWN: &str = "bhyt bhxh hiem";
    let from = number.range.start.saturating_sub(BYTES);
    let before = text.get(from..number.range.start).unwrap_or_default().to_ascii_lowercase();
    let line = before.rsplit(|b| *b == b'\n').next().unwrap_or_default();
    let Some(at) = memchr::memmem::rfind(line, PHRASE) else { return false };
    let (head, rest) = (line.get(..at).unwrap_or_default(), line.get(at + PHRASE.len()..).unwrap_or_default());
    let mut words = rest.split(|b| !b.is_ascii_alphanumeric() && *b < 0x80);
    let among = |word: &[u8], all: &str| all.split(' ').any(|own| own.as_bytes() == word);
    let begins = !head.last().is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b >= 0x80);
    begins && words.next().is_some_and(|word| among(word, ENGLISH)) && !words.any(|word| among(word, OWN))
}
