//! `state_secret`: the stamp MẬT, TỐI MẬT or TUYỆT MẬT on a document.
//!
//! In capitals where a stamp stands: alone on its line, in brackets, in the head of a letter. In any letters behind
//! `Độ mật:` or under such a header. The words are everyday ones in running text (`mật khẩu`, `bí mật`), and laws speak
//! of grades that no paper has.

use std::ops::Range;

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::{Near, says, unfolded};
use crate::fold::Folded;

/// The detector.
pub(crate) struct StateSecret;

static CARD: Card = Card {
    id: DetectorId::StateSecret,
    title_vi: "Dấu chỉ độ mật",
    title_en: "Marking of a state secret",
    source: "Luật Bảo vệ bí mật nhà nước 2018, điều 8; Thông tư 24/2020/TT-BCA (mẫu dấu)",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(Column::Secrecy, include_str!("words.txt"))],
};

/// The grades, longest first.
const GRADES: [&str; 3] = ["TUYỆT MẬT", "TỐI MẬT", "MẬT"];
/// Most bytes of one whose letters stand apart.
const STAMP_BYTES_MAX: usize = 48;
/// Most bytes of blanks and signs around a stamp on its line.
const MARGIN_BYTES_MAX: usize = 64;
/// Most bytes behind a stamp that are read: the other column of a letter's head.
const BEHIND_BYTES_MAX: usize = 128;
/// What announces a grade, and most bytes of it with the signs around, as in `**Độ mật**`.
const LABEL: &str = "độ mật";
const LABEL_BYTES_MAX: usize = 24;

/// What the last word of a stamp begins with.
pub(crate) const INITIAL: u8 = b'M';

/// The stamp whose last word begins at `at`, if one does.
pub(crate) fn marking_at(text: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = text.get(at..)?;
    let apart = rest.get(1) == Some(&b' ');
    let end = at + stamp("MẬT", rest, apart)?;
    let is_whole = |grade: &str, start: usize| {
        text.get(start..end).is_some_and(|text| stamp(grade, text, apart) == Some(text.len()))
    };
    let starts = at.saturating_sub(STAMP_BYTES_MAX)..=at;
    GRADES.iter().find_map(|grade| starts.clone().find(|start| is_whole(grade, *start))).map(|start| start..end)
}

/// Bytes of `grade` at the beginning of `text`, its letters set apart by blanks or not.
fn stamp(grade: &str, text: &[u8], apart: bool) -> Option<usize> {
    const BLANKS_MAX: usize = 3;
    let mut len = 0;
    for letter in grade.chars().filter(|c| !apart || *c != ' ') {
        if apart && len > 0 {
            let blanks = text.get(len..)?.iter().take_while(|b| **b == b' ').count();
            if !(1..=BLANKS_MAX).contains(&blanks) {
                return None;
            }
            len += blanks;
        }
        let mut bytes = [0; 4];
        let letter = letter.encode_utf8(&mut bytes).as_bytes();
        text.get(len..)?.strip_prefix(letter)?;
        len += letter.len();
    }
    Some(len)
}

/// Whether the words before a colon may end with [`LABEL`], by their last letter, in any spelling and between any signs.
#[inline]
pub(crate) fn may_be_label(text: &[u8], colon: usize) -> bool {
    let before = text.get(..colon).unwrap_or_default().iter().rev();
    before.take(LABEL_BYTES_MAX).find(|b| !is_around(**b)).is_some_and(|b| b | 0x20 == b't')
}

/// The grade that `Độ mật:` announces, with its colon at `colon`.
pub(crate) fn announced_at(text: &[u8], colon: usize) -> Option<Range<usize>> {
    let before = text.get(colon.saturating_sub(LABEL_BYTES_MAX)..colon)?;
    let label = before.get(..before.iter().rposition(|b| !is_around(*b))? + 1)?;
    let folded = Folded::of(label);
    let words =
        folded.strip_suffix("do mat").filter(|head| head.is_empty() || head.ends_with(' '))?.len()..folded.len();
    if !says(label.get(unfolded(label, folded.bytes(), words))?, LABEL) {
        return None;
    }
    let start = colon + 1;
    let said = text.get(start..text.len().min(start + BEHIND_BYTES_MAX))?;
    let lead = said.iter().take_while(|b| is_around(**b) || b"([".contains(b)).count();
    let (_, len) = grade(said.get(lead..)?)?;
    ends_there(said.get(lead + len..)?).then_some(start + lead..start + lead + len)
}

/// Signs and blanks around a label or what it announces.
const fn is_around(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'*' | b'"' | b'\'' | b'_')
}

/// The grade that `text` begins with, in any letters, and its bytes.
fn grade(text: &[u8]) -> Option<(&'static str, usize)> {
    let word = |from: usize| {
        let letters = text.get(from..)?.iter().take_while(|b| b.is_ascii_alphabetic() || **b >= 0x80).count();
        Some((Folded::of(text.get(from..from + letters)?), from + letters))
    };
    let (first, end) = word(0)?;
    let (grade, end) = match &*first {
        "mat" => ("MẬT", end),
        "toi" | "tuyet" => {
            let blanks = text.get(end..)?.iter().take_while(|b| **b == b' ').count();
            let (second, end) = word(end + blanks)?;
            if &*second != "mat" {
                return None;
            }
            (if &*first == "toi" { "TỐI MẬT" } else { "TUYỆT MẬT" }, end)
        }
        _ => return None,
    };
    says(text.get(..end)?, grade).then_some((grade, end))
}

/// Whether a grade ends before `behind`: `Mật khẩu` is none, nor is the first of those a form offers.
fn ends_there(behind: &[u8]) -> bool {
    const NEXT: [&str; 5] = ["do khan", "khan", "ban so", "so", "theo"];
    let signs = behind.iter().take_while(|b| b"*\"'_".contains(b)).count();
    match behind.get(signs..).unwrap_or_default() {
        [] | [b'\n' | b'\r' | b'\t' | b'.' | b';' | b'<' | b'|' | b'(' | b')' | b']' | b'}' | b'\\' | b'&', ..] => true,
        [b' ', b' ' | b'-' | b'\n' | b'\r', ..] | [b' '] => true,
        [b',', rest @ ..] => grade(rest.trim_ascii_start()).is_none(),
        [b' ', rest @ ..] => {
            let next = Folded::of(rest.get(..rest.len().min(Folded::TEXT_MAX)).unwrap_or_default());
            NEXT.iter().any(|word| next.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')))
        }
        _ => false,
    }
}

fn found(range: Range<usize>, grade: &str) -> Found {
    Found { range, score: 85, value: grade.to_owned().into(), hidden: None }
}

/// Whether blanks set what follows apart from the name of an office, as in the two columns of a letter's head: words in
/// capitals, and no number of a row or of goods.
fn stands_in_a_column(line: &[u8]) -> bool {
    const WORDS_MIN: usize = 2;
    let Ok(line) = str::from_utf8(line) else { return false };
    let is_office = |c: char| c.is_uppercase() || c == ' ' || c == '-' || c == ',';
    let office = line.trim();
    (line.ends_with("   ") || line.ends_with('\t'))
        && office.split_whitespace().filter(|word| word.chars().nth(1).is_some()).count() >= WORDS_MIN
        && office.chars().all(is_office)
}

/// Whether the other column of a letter's head follows: `Hà Nội, ngày 3 tháng 11`, the words below the country's name, the
/// number of the paper.
fn begins_a_head(behind: &[u8]) -> bool {
    const HEADS: [&str; 3] = ["cong hoa xa hoi", "doc lap", "so "];
    let said = Folded::of(behind.trim_ascii_start());
    let is_dated = || {
        let mut words = said.split(' ').skip_while(|word| *word != "ngay").skip(1);
        words.next().is_some_and(|day| day.bytes().all(|b| b.is_ascii_digit()) || day == "thang")
    };
    (behind.starts_with(b"   ") || behind.starts_with(b"\t"))
        && (HEADS.iter().any(|head| said.starts_with(head)) || is_dated())
}

/// Whether a stamp between brackets is that of a paper: `[MẬT] Tờ trình`, `(TUYỆT MẬT) bổ sung phương án`. Behind `dấu` it
/// is spoken of, and goods have honey in brackets (`SỮA CHUA (MẬT)`).
fn is_in_brackets(line: &[u8], grade: &str, behind: &[u8]) -> bool {
    const SPOKEN_OF: [&str; 6] = ["dau", "chu", "do", "muc", "cap", "loai"];
    let round = match (line.last(), behind.first()) {
        (Some(b'['), Some(b']')) => false,
        (Some(b'('), Some(b')')) => true,
        _ => return false,
    };
    let said = line.get(..line.len() - 1).unwrap_or_default();
    let in_sentence = || str::from_utf8(said).is_ok_and(|said| said.chars().any(char::is_lowercase));
    let last = Folded::last_word_of(said);
    !SPOKEN_OF.contains(&&*last) && (!round || grade != "MẬT" || in_sentence())
}

impl Detector for StateSecret {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        0
    }

    fn cell(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        if near.column()? != Column::Secrecy {
            return None;
        }
        let cell = near.text().get(range.clone())?;
        let lead = cell.iter().position(|b| b.is_ascii_alphabetic())?;
        let (grade, len) = grade(cell.get(lead..)?)?;
        let start = range.start + lead;
        ends_there(cell.get(lead + len..)?).then(|| found(start..start + len, grade))
    }

    fn marking(&self, range: Range<usize>, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let left = text.get(range.start.saturating_sub(MARGIN_BYTES_MAX)..range.start)?;
        let line = left.iter().rposition(|b| *b == b'\n').map_or(left, |at| left.get(at + 1..).unwrap_or_default());
        let right = text.get(range.end..text.len().min(range.end + BEHIND_BYTES_MAX))?;
        let behind = right.split(|b| matches!(b, b'\n' | b'\r')).next().unwrap_or_default();
        let stamped = text.get(range.clone())?;
        let apart = || GRADES.into_iter().find(|grade| stamp(grade, stamped, true) == Some(stamped.len()));
        let grade = grade(stamped).map(|(grade, _)| grade).or_else(apart)?;
        let blank = |b: &[u8]| b.iter().all(|b| b.is_ascii_whitespace() || b.is_ascii_punctuation());
        let begins = || blank(line) && (line.len() < left.len() || range.start <= MARGIN_BYTES_MAX);
        let margin = behind.get(..behind.len().min(MARGIN_BYTES_MAX)).unwrap_or_default();
        let announced = || {
            let colon = line.iter().rposition(|b| !is_around(*b) && !b"([".contains(b))?;
            announced_at(text, range.start - line.len() + colon).filter(|said| *said == range)
        };
        let stands = blank(margin) && (begins() || stands_in_a_column(line))
            || begins_a_head(behind) && begins()
            || is_in_brackets(line, grade, behind)
            || announced().is_some();
        stands.then(|| found(range, grade))
    }
}

#[cfg(test)]
mod tests {
    use crate::{Column, Context, Detectors};

    #[test]
    fn cells_of_a_register_hold_grades() {
        let detectors = Detectors::new(2026);
        assert_eq!(["Độ mật", "DO_MAT", "doMat"].map(|h| detectors.column(h)), [Some(Column::Secrecy); 3]);
        assert_eq!(["Mật độ", "Mật khẩu", "Bảo mật"].map(|h| detectors.column(h)), [None; 3]);
        for (cell, grade) in [
            ("Mật", Some("MẬT")),
            ("tối mật", Some("TỐI MẬT")),
            ("TUYET MAT", Some("TUYỆT MẬT")),
            ("* Tuyệt mật", Some("TUYỆT MẬT")),
            ("Không", None),
            ("Thường", None),
            ("Mật ong", None),
            ("mắt", None),
            ("Mật/Tối mật", None),
        ] {
            let mut hits = Vec::new();
            let context = Context { column: Some(Column::Secrecy) };
            detectors.scan(cell.as_bytes(), 0..cell.len(), context, &mut hits);
            assert_eq!(hits.first().map(|hit| hit.value.reveal()), grade, "{cell}");
        }
    }
}
