//! Numbers whose word stands lines or a remark before them: the answer to a question some messages above
//! (`Lan: cho mình số BHXH`, `Hoa: ok`, `Hoa: 79…`), also in groups or words or in several messages; what is said of it below
//! (`79…`, `số gì đây?`, `mã số bhxh của mẹ em đó`); and what a remark in brackets parts from its word
//! (`BHXH của chị Hoa (tổ 3, mới cấp lại) là 79…`).
//!
//! A second look at the few long numbers of a running text; where there are many, it is no chat. Where messages are known
//! to be some, or a text is as short as one that is pasted, each line is looked at.

mod chat;
mod pieces;
#[cfg(test)]
mod tests;

use std::ops::Range;

use chot_detectors::{Context, Papers, Said, fold, may_speak};
use chot_model::Confidence;

use crate::inquiry::{Found, Inquiry, Place};
use crate::layers::Look;
use crate::text::Text;
use crate::view::View;

/// More blocks with long numbers in a window are a list.
const NUMBERS_MAX: usize = 64;
/// Bytes of a block in which [`Look::long_numbers`] stand, and of the number that may begin before it.
const BLOCK: usize = chot_detectors::BLOCK;
const NUMBER_MAX: usize = 32;
/// Digits of the shortest such number.
const DIGITS_MIN: usize = 9;
/// A longer line is no answer, and a longer message between question and answer is about something else.
const ANSWER_MAX: usize = 96;
const QUESTION_MAX: usize = 160;
/// So many messages above an answer are looked at for its question.
const MESSAGES_MAX: usize = 6;
/// As far as a remark may part a number from its word.
const REMARK_MAX: usize = 256;

/// A longer text is not pasted from a chat line by line.
const PASTED_MAX: usize = 8_192;
/// Digits of the shortest number in groups.
const GROUPED_MIN: usize = 7;
/// So many messages below a number are looked at for what it is.
const BELOW_MAX: usize = 3;

/// Adds to `found`, which is all of `core` and in order, the numbers that were asked for further above, that are told below,
/// or that a remark parts from their words.
pub(crate) fn look(
    place: &Place,
    view: &View,
    core: &Range<usize>,
    look: &Look,
    inquiry: &Inquiry,
    found: &mut Vec<Found>,
) {
    if look.scope().encoded {
        return;
    }
    let (text, blocks) = (view.text.as_slice(), look.long_numbers());
    let mut past = core.start;
    for block in blocks.iter().filter(|_| blocks.len() <= NUMBERS_MAX) {
        let from = past.max(block.saturating_sub(NUMBER_MAX));
        let to = (block + BLOCK).min(core.end);
        while let Some(number) = long_number(text, from.max(past)..to) {
            past = number.end;
            if is_found(found, view, &number) {
                continue;
            }
            let line = line_of(text, &number);
            if let Some(papers) = asked(text, &line, place.chat) {
                inquiry.scan_answer(place, view, line, papers, found);
            } else if let Some((remark, line)) = remark(text, &line, &number) {
                inquiry.scan_around(place, view, line, remark, found);
            }
        }
    }
    if place.chat || core.start == 0 && text.len() <= PASTED_MAX {
        each_line(place, view, core, inquiry, found);
    }
}

/// Reads a chat that was copied with who said what when once more without that.
pub(crate) fn undressed(place: &Place, view: &View, core: &Range<usize>, inquiry: &mut Inquiry) {
    if place.chat || place.depth >= inquiry.limits.depth_max {
        return;
    }
    if let Some(bare) = chat::undressed(view, core) {
        let place = Place { again: true, chat: true, charset: None, depth: place.depth + 1, ..place.clone() };
        Text::read(place, bare, inquiry);
    }
}

/// Looks at every line for an answer, however it is written, and for one that is told below.
fn each_line(place: &Place, view: &View, core: &Range<usize>, inquiry: &Inquiry, found: &mut Vec<Found>) {
    let text = view.text.as_slice();
    let (mut at, mut parts) = (core.start, pieces::Pieces::default());
    while let Some(rest) = text.get(at..core.end).filter(|rest| !rest.is_empty()) {
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = at..at + len;
        at += len + 1;
        let said = rest.get(..len).unwrap_or_default();
        if said.trim_ascii().is_empty() {
            continue;
        }
        if let Some(pieces) = parts.next(text, &line) {
            let first = pieces.first().cloned().unwrap_or_default();
            let papers = asked(text, &line_around(text, &first), place.chat);
            if let Some(papers) = papers.filter(|_| !is_found(found, view, &first)) {
                inquiry.scan_pieces(place, view, &pieces, papers, found);
            }
            continue;
        }
        let digits = said.iter().filter(|b| b.is_ascii_digit()).count();
        let is_one = len <= ANSWER_MAX && (digits >= GROUPED_MIN || may_speak(said));
        if !is_one || is_found(found, view, &line) {
            continue;
        }
        if let Some(papers) = told_below(text, &line, place.chat) {
            inquiry.scan_answer(place, view, line, papers, found);
        } else if long_number(text, line.clone()).is_none()
            && let Some(papers) = asked(text, &line, place.chat)
        {
            inquiry.scan_answer(place, view, line, papers, found);
        }
    }
}

/// The line that something stands in.
fn line_around(text: &[u8], part: &Range<usize>) -> Range<usize> {
    let start = memchr::memrchr(b'\n', text.get(..part.start).unwrap_or_default()).map_or(0, |at| at + 1);
    start..part.end
}

/// The next run of digits that is long enough.
fn long_number(text: &[u8], range: Range<usize>) -> Option<Range<usize>> {
    let mut at = range.start;
    loop {
        at += text.get(at..range.end)?.iter().position(u8::is_ascii_digit)?;
        let len = text.get(at..)?.iter().take(NUMBER_MAX).take_while(|b| b.is_ascii_digit()).count();
        if len >= DIGITS_MIN {
            return Some(at..at + len);
        }
        at += len;
    }
}

/// Whether something sure was found where a number stands.
fn is_found(found: &[Found], view: &View, number: &Range<usize>) -> bool {
    let (start, end) = (view.base + number.start as u64, view.base + number.end as u64);
    let is = |f: &Found| {
        f.finding.confidence > Confidence::Low && f.finding.range.start < end && start < f.finding.range.end
    };
    found.iter().rev().any(is)
}

/// The line of a number, as far as a remark reaches.
fn line_of(text: &[u8], number: &Range<usize>) -> Range<usize> {
    let from = number.start.saturating_sub(REMARK_MAX);
    let before = text.get(from..number.start).unwrap_or_default();
    let behind = text.get(number.end..text.len().min(number.end + ANSWER_MAX)).unwrap_or_default();
    let start = memchr::memrchr(b'\n', before).map_or(from, |at| from + at + 1);
    let end = memchr::memchr2(b'\n', b'\r', behind).map_or(number.end + behind.len(), |at| number.end + at);
    start..end
}

/// Which papers a message above asked for, if the line at hand is short enough for an answer. Lines that nobody says, and that
/// are not known to be a `chat`, answer what was plainly asked.
fn asked(text: &[u8], line: &Range<usize>, chat: bool) -> Option<Papers> {
    const PLAIN_MAX: usize = 2;
    if line.len() > ANSWER_MAX {
        return None;
    }
    let said = |line: &[u8]| chat || is_said_by_somebody(line);
    let is_said = said(text.get(line.clone())?);
    let most = if is_said { MESSAGES_MAX } else { PLAIN_MAX };
    let mut end = line.start.checked_sub(1)?;
    for _ in 0..most {
        let from = end.saturating_sub(QUESTION_MAX);
        let above = text.get(from..end)?;
        let start = match memchr::memrchr(b'\n', above) {
            Some(at) => from + at + 1,
            None if from == 0 => 0,
            None => return None,
        };
        let message = str::from_utf8(text.get(start..end)?).ok()?;
        match Papers::asked(message) {
            // What has a number of its own was no question.
            Said::Papers(papers) => {
                let asks = if is_said { said(message.as_bytes()) } else { is_question(message) };
                return Some(papers).filter(|_| asks && long_number(text, start..end).is_none());
            }
            Said::Other => return None,
            Said::Nothing if message.len() > ANSWER_MAX => return None,
            Said::Nothing => {}
        }
        end = start.checked_sub(1)?;
    }
    None
}

/// Whether somebody asks for what a message names.
fn is_question(message: &str) -> bool {
    const ASKING: [&str; 12] = [
        " cho em ",
        " cho e ",
        " cho minh ",
        " cho chi ",
        " cho anh ",
        " xin ",
        " doc ",
        " so may ",
        " la gi ",
        " can nop ",
        " dau roi ",
        " may a ",
    ];
    let folded = format!(" {} ", fold(message));
    message.trim_end().ends_with('?') || ASKING.iter().any(|asking| folded.contains(asking))
}

/// Which papers a message below says that a number is, if it is asked what that is, or `chat` and the next message points back.
fn told_below(text: &[u8], line: &Range<usize>, chat: bool) -> Option<Papers> {
    const ASKING: [&str; 9] =
        [" so gi ", " ma gi ", " gi day ", " gi the ", " gi vay ", " gi do ", " so nao ", " cua ai ", " la gi "];
    const POINTING: [&str; 7] = [" do ", " day ", " nha ", " nhe ", " ne ", " a ", " do chi "];
    let (mut at, mut is_asked) = (line.end + 1, false);
    for n in 0..BELOW_MAX {
        let rest = text.get(at..)?;
        let rest = rest.get(..QUESTION_MAX).unwrap_or(rest);
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let message = str::from_utf8(rest.get(..len)?).ok()?;
        if long_number(text, at..at + len).is_some() {
            return None;
        }
        let folded = format!(" {} ", fold(message));
        let asks = ASKING.iter().any(|asking| folded.contains(asking));
        match Papers::asked(message) {
            Said::Papers(papers) => {
                let points = POINTING.iter().any(|word| folded.ends_with(word)) || folded.starts_with(" la ");
                let is_told = (is_asked || chat && n == 0 && points) && !asks && !is_question(message);
                return Some(papers).filter(|_| is_told && !message.trim_end().ends_with(':'));
            }
            Said::Other => return None,
            Said::Nothing if message.len() > ANSWER_MAX => return None,
            Said::Nothing => is_asked |= asks,
        }
        at += len + 1;
    }
    None
}

/// Whether a line is a message of a chat, as they are copied: `Lan: …`, `[10:03, 05/11/2026] Lan Nguyễn: …`. A sentence that speaks
/// of papers asks nobody for them, and rows below it answer nothing.
fn is_said_by_somebody(line: &[u8]) -> bool {
    const SPEAKER: std::ops::RangeInclusive<usize> = 1..=32;
    const WORDS_MAX: usize = 4;
    let line = match (line.first(), memchr::memchr(b']', line)) {
        (Some(b'['), Some(end)) => line.get(end + 1..).unwrap_or_default(),
        _ => line,
    };
    let speaker = memchr::memmem::find(line, b": ").and_then(|at| line.get(..at)).unwrap_or_default().trim_ascii();
    // What a program exports has the moment before it: `05/11/2026, 10:03 - Lan`.
    let speaker = memchr::memmem::rfind(speaker, b" - ").and_then(|at| speaker.get(at + 3..)).unwrap_or(speaker);
    SPEAKER.contains(&speaker.len())
        && !speaker.iter().any(u8::is_ascii_digit)
        && speaker.split(|b| *b == b' ').count() <= WORDS_MAX
}

/// The remark in brackets that ends right before a number or what leads to it, `(tổ 3) là`, and the line without what stands
/// before a sentence of its own.
fn remark(text: &[u8], line: &Range<usize>, number: &Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let before = text.get(line.start..number.start)?;
    let close = memchr::memrchr(b')', before)?;
    let leads = String::from_utf8_lossy(before.get(close + 1..)?);
    if !matches!(leads.trim_matches([' ', ':', '=']), "" | "là" | "la" | "số" | "so" | "là số" | "la so") {
        return None;
    }
    let open = memchr::memrchr(b'(', before.get(..close)?)?;
    let said = before.get(open..close)?;
    let is_remark = said.iter().any(u8::is_ascii_alphabetic) && !said.contains(&b'\'') && !said.contains(&b'"');
    // A word must stand before it, and no other number in it.
    let worded = before.get(..open)?.iter().any(u8::is_ascii_alphabetic);
    let quiet = long_number(text, line.start..line.start + close).is_none();
    (is_remark && worded && quiet).then_some((line.start + open..line.start + close + 1, line.clone()))
}

impl Inquiry {
    /// Looks for what was asked for on a line that answers.
    fn scan_answer(&self, place: &Place, view: &View, line: Range<usize>, papers: Papers, found: &mut Vec<Found>) {
        // What the lines around say was read as the question: of an answer only its own words speak (`số mấy` is no `số máy`).
        let own = view.text.get(line.clone()).unwrap_or_default();
        let mut hits = Vec::new();
        self.detectors.scan_afar(own, 0..own.len(), papers, &mut hits);
        for mut hit in hits {
            hit.range = hit.range.start + line.start..hit.range.end + line.start;
            let f = self.found_of(hit, place, view);
            merge(f, found);
        }
    }

    /// Looks for what was asked for in the parts of an answer that stand in several messages.
    fn scan_pieces(&self, place: &Place, view: &View, pieces: &[Range<usize>], papers: Papers, found: &mut Vec<Found>) {
        let [first, .., last] = pieces else { return };
        let parts: Vec<&[u8]> = pieces.iter().filter_map(|piece| view.text.get(piece.clone())).collect();
        let whole = parts.join(&b' ');
        let mut hits = Vec::new();
        self.detectors.scan_afar(&whole, 0..whole.len(), papers, &mut hits);
        let all = |range: &Range<usize>| range.start < first.len() && range.end > whole.len() - last.len();
        for mut hit in hits.into_iter().filter(|hit| all(&hit.range)) {
            hit.range = first.start..last.end;
            let f = self.found_of(hit, place, view);
            merge(f, found);
        }
    }

    /// Looks at a line once more without the remark in it.
    fn scan_around(
        &self,
        place: &Place,
        view: &View,
        line: Range<usize>,
        remark: Range<usize>,
        found: &mut Vec<Found>,
    ) {
        let part = |range: Range<usize>| view.text.get(range).unwrap_or_default();
        let without = [part(line.start..remark.start), part(remark.end..line.end)].concat();
        let mut hits = Vec::new();
        let behind = remark.start - line.start;
        self.detectors.scan(&without, behind..without.len(), Context::default(), &mut hits);
        for mut hit in hits.into_iter().filter(|hit| hit.detector.is_identifier()) {
            let by = line.start + remark.len();
            hit.range = hit.range.start + by..hit.range.end + by;
            let f = self.found_of(hit, place, view);
            merge(f, found);
        }
    }
}

/// Adds a finding, or makes the same one surer; what is something else there stays that.
fn merge(new: Found, found: &mut Vec<Found>) {
    let range = new.finding.range.clone();
    let overlaps = |f: &&mut Found| f.finding.range.start < range.end && range.start < f.finding.range.end;
    match found.iter_mut().find(overlaps) {
        Some(f) if f.finding.detector == new.finding.detector && f.finding.range == range => {
            f.finding.confidence = f.finding.confidence.max(new.finding.confidence);
        }
        Some(f) if f.finding.confidence > Confidence::Low => {}
        _ => {
            let at = found.partition_point(|f| f.finding.range.start <= range.start);
            found.insert(at, new);
        }
    }
}
