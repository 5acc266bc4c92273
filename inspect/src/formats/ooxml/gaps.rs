//! What stands between the texts of two cells of a document: the same tags from one cell to the next, and from one row to
//! the next.
//!
//! Their bytes are remembered with what they came to, tag by tag; where they stand again, the same is done at once. The
//! numbers that Word gives to paragraphs may be others. It knows nothing of what cells and rows are.

use std::ops::Range;

/// What tags come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A line of the cell ends, and one of what is no text of the document.
    EndLine,
    Aside,
    EndCell,
    BeginCell,
    EndRow,
}

/// The tags between two texts.
#[derive(Default)]
pub(super) struct Gap {
    bytes: Vec<u8>,
    steps: Vec<Step>,
    /// Where each number of a paragraph begins.
    numbers: Vec<usize>,
    /// Which gap followed it last.
    next: usize,
}

/// The gaps of a document.
#[derive(Default)]
pub(super) struct Gaps {
    known: Vec<Gap>,
    /// The last one that was met.
    last: usize,
    /// Where one more is to be remembered when all places are taken.
    turn: usize,
    /// The one being read tag by tag, and where it begins.
    open: Option<(u64, Gap)>,
    room: Gap,
    /// So many were read and remembered in vain.
    vain: u32,
}

/// Gaps that are remembered: those of a few tables.
const GAPS: usize = 8;
/// A longer one is read tag by tag.
const BYTES_MAX: usize = 1_024;
/// A document in which no two are alike is asked no more.
const VAIN_MAX: u32 = 256;

/// What announces the number of a paragraph, of so many hexadecimal digits ([MS-DOCX] 2.2.4): no two have the same.
const PARAGRAPH: &[u8] = b" w14:paraId=\"";
const NUMBER_DIGITS: usize = 8;

const fn number(at: usize) -> Range<usize> {
    at..at + NUMBER_DIGITS
}

/// Where the numbers of paragraphs begin.
fn numbers(bytes: &[u8]) -> impl Iterator<Item = usize> + use<'_> {
    let is_number = |at: &usize| bytes.get(at + NUMBER_DIGITS) == Some(&b'"') && is_number(bytes.get(number(*at)));
    memchr::memmem::find_iter(bytes, PARAGRAPH).map(|at| at + PARAGRAPH.len()).filter(is_number)
}

fn is_number(bytes: Option<&[u8]>) -> bool {
    bytes.is_some_and(|bytes| bytes.iter().all(u8::is_ascii_hexdigit))
}

impl Gap {
    /// Whether `rest` begins with it, or with one that differs in the numbers of paragraphs.
    #[inline]
    fn stands(&self, rest: &[u8]) -> bool {
        if self.numbers.is_empty() {
            return rest.starts_with(&self.bytes);
        }
        let mut from = 0;
        let same = |part: Range<usize>| rest.get(part.clone()).is_some_and(|rest| Some(rest) == self.bytes.get(part));
        self.numbers.iter().all(|at| {
            let before = std::mem::replace(&mut from, number(*at).end)..*at;
            same(before) && is_number(rest.get(number(*at)))
        }) && same(from..self.bytes.len())
    }
}

impl Gaps {
    /// The gap that `rest` begins with, if it is a known one, and its length.
    #[inline]
    pub(super) fn known(&mut self, rest: &[u8]) -> Option<(usize, usize)> {
        let next = self.known.get(self.last)?.next;
        let stands = |gap: &Gap| gap.stands(rest);
        let at = match self.known.get(next).filter(|gap| stands(gap)) {
            Some(_) => next,
            None => self.known.iter().position(stands)?,
        };
        if let Some(last) = self.known.get_mut(self.last) {
            last.next = at;
        }
        (self.last, self.vain) = (at, 0);
        Some((at, self.known.get(at)?.bytes.len()))
    }

    /// A step of a known gap, if it has so many.
    #[inline]
    pub(super) fn step_of(&self, gap: usize, n: usize) -> Option<Step> {
        self.known.get(gap)?.steps.get(n).copied()
    }

    /// The numbers of paragraphs in a known gap that `rest` begins with.
    pub(super) fn numbers<'r>(&self, gap: usize, rest: &'r [u8]) -> impl Iterator<Item = &'r [u8]> + use<'_, 'r> {
        let gap = self.known.get(gap).map_or(&[][..], |gap| &gap.numbers);
        gap.iter().map(|at| rest.get(number(*at)).unwrap_or_default())
    }

    /// Begins to read the gap that `rest` begins with, tag by tag.
    pub(super) fn begin(&mut self, rest: &[u8], at: u64) {
        self.open = None;
        if self.vain < VAIN_MAX {
            let mut gap = std::mem::take(&mut self.room);
            gap.bytes.clear();
            gap.bytes.extend_from_slice(rest.get(..rest.len().min(BYTES_MAX)).unwrap_or_default());
            gap.steps.clear();
            self.open = Some((at, gap));
        }
    }

    /// A tag came to this.
    pub(super) fn step(&mut self, step: Step) {
        if let Some((_, gap)) = &mut self.open {
            gap.steps.push(step);
        }
    }

    /// Something else stands there.
    pub(super) fn give_up(&mut self) {
        if let Some((_, gap)) = self.open.take() {
            self.room = gap;
        }
    }

    /// The gap being read ends at `at`, and nothing but tags was in it.
    pub(super) fn end(&mut self, at: u64) {
        let Some((from, mut gap)) = self.open.take() else { return };
        let len = usize::try_from(at.saturating_sub(from)).unwrap_or(usize::MAX);
        self.vain += 1;
        if len > gap.bytes.len() || !has_only_tags(gap.bytes.get(..len).unwrap_or_default()) {
            self.room = gap;
            return;
        }
        gap.bytes.truncate(len);
        gap.numbers.clear();
        gap.numbers.extend(numbers(&gap.bytes));
        let here = match self.known.len() {
            full @ GAPS.. => {
                self.turn = (self.turn + 1) % full;
                self.turn
            }
            free => {
                self.known.push(Gap::default());
                free
            }
        };
        gap.next = here;
        if let Some(place) = self.known.get_mut(here) {
            self.room = std::mem::replace(place, gap);
        }
        if let Some(last) = self.known.get_mut(self.last) {
            last.next = here;
        }
        self.last = here;
    }
}

/// Whether tags of elements stand one behind the other: no comment, declaration or lone sign.
fn has_only_tags(bytes: &[u8]) -> bool {
    bytes.ends_with(b">")
        && memchr::memchr_iter(b'<', bytes)
            .all(|at| bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphabetic() || *b == b'/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::careful::{agree, cell};

    /// A cell of a document, mostly as programs write it.
    fn written() -> impl Strategy<Value = String> {
        let text = || cell().prop_map(|text: String| text.replace('&', "&amp;").replace('<', "&lt;").replace('\r', ""));
        let run = |text: &str| format!("<w:r><w:rPr><w:b/></w:rPr><w:t>{text}</w:t></w:r>");
        let plain = move |text: &str| format!("<w:tc><w:p>{}</w:p></w:tc>", run(text));
        let word = move |number: &str, text: &str| {
            format!(
                "<w:tc><w:p w14:paraId=\"{number}\" w14:textId=\"77777777\" w:rsidR=\"00A41E5C\">{}</w:p></w:tc>",
                run(text)
            )
        };
        prop_oneof![
            6 => ("[0-7][0-9A-F]{7}|[0-9]{8}|09[0-9]{6}|0?7912345678|00 09012|05[0-9]000E[1-4]|9E00000[0-9]|[5-9]E[1-9]", text()).prop_map(move |(number, text)| word(&number, &text)),
            12 => text().prop_map(move |text| plain(&text)),
            2 => text().prop_map(|text| format!("<w:tc><w:p w:x=\"a>b\"><w:r><w:t xml:space='preserve'>{text}</w:t></w:r></w:p></w:tc>")),
            4 => (text(), text(), 0..13_usize).prop_map(move |(a, b, kind)| {
                let (first, second) = (run(&a), run(&b));
                let between = ["", "</w:p><w:p>", "<w:r><w:br/></w:r>", "<!-- 001090123456 -->", "<w:tab/>", "\n  ", "<w:del>x</w:del>",
                    "<w:p w:id=\"001090123456\"/>", "<w:tbl><w:tr><w:tc><w:p/></w:tc></w:tr></w:tbl>", "<<w:r/>"];
                match between.get(kind) {
                    Some(between) => format!("<w:tc><w:p>{first}{between}{second}</w:p></w:tc>"),
                    None if kind == 10 => format!("<w:tc><w:tcPr><w:gridSpan w:val=\"2\"/></w:tcPr><w:p>{first}</w:p></w:tc>"),
                    None if kind == 11 => format!("<w:tc><w:p/></w:tc><w:tc><w:p><w:r><w:t></w:t></w:r>{second}</w:p></w:tc>"),
                    None => format!("<w:tc><w:p><w:del>{first}</w:del><w:ins w:author=\"{b}\">{second}</w:ins></w:p></w:tc>"),
                }
            }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn tags_that_are_known_come_to_the_same(
            heads in prop::sample::subsequence(vec!["STT", "Họ và tên", "Ngày sinh", "Số CCCD", "Mã số BHXH", "Địa chỉ"], 1..6),
            rows in prop::collection::vec(prop::collection::vec(written(), 1..6), 0..60),
        ) {
            let head: String = heads.iter().map(|head| format!("<w:tc><w:p><w:r><w:t>{head}</w:t></w:r></w:p></w:tc>")).collect();
            let rows: String = rows.iter().map(|row| format!("<w:tr>{}</w:tr>", row.concat())).collect();
            let table = format!("<w:p><w:r><w:t>Danh sách</w:t></w:r></w:p><w:tbl><w:tr>{head}</w:tr>{rows}</w:tbl>");
            agree(
                &format!("<?xml version='1.0'?><w:wordDocument xmlns:w='http://schemas.microsoft.com/office/word/2003/wordml'>\
                          <w:body>{table}{table}</w:body></w:wordDocument>"),
                "a.xml",
            );
        }
    }
}
