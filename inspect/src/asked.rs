//! Numbers whose word stands lines or a remark before them: the answer to a question some messages above
//! (`Lan: cho mình số BHXH`, `Hoa: ok`, `Hoa: 79…`), and what a remark in brackets parts from its word
//! (`BHXH của chị Hoa (tổ 3, mới cấp lại) là 79…`).
//!
//! A second look at the few long numbers of a running text; where there are many, it is no chat.

use std::ops::Range;

use chot_detectors::{Context, Papers, Said};
use chot_model::Confidence;

use crate::inquiry::{Found, Inquiry, Place};
use crate::layers::Look;
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

/// Adds to `found`, which is all of `core` and in order, the numbers that were asked for further above or that a remark parts
/// from their words.
pub(crate) fn look(
    place: &Place,
    view: &View,
    core: &Range<usize>,
    look: &Look,
    inquiry: &Inquiry,
    found: &mut Vec<Found>,
) {
    let blocks = look.long_numbers();
    if blocks.is_empty() || blocks.len() > NUMBERS_MAX || look.scope().encoded {
        return;
    }
    let text = view.text.as_slice();
    let mut past = core.start;
    for block in blocks {
        let from = past.max(block.saturating_sub(NUMBER_MAX));
        let to = (block + BLOCK).min(core.end);
        while let Some(number) = long_number(text, from.max(past)..to) {
            past = number.end;
            if is_found(found, view, &number) {
                continue;
            }
            let line = line_of(text, &number);
            if let Some(papers) = asked(text, &line) {
                inquiry.scan_answer(place, view, line, papers, found);
            } else if let Some((remark, line)) = remark(text, &line, &number) {
                inquiry.scan_around(place, view, line, remark, found);
            }
        }
    }
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

/// Which papers a message above asked for, if the line at hand is short enough for an answer.
fn asked(text: &[u8], line: &Range<usize>) -> Option<Papers> {
    if line.len() > ANSWER_MAX || !is_said_by_somebody(text.get(line.clone())?) {
        return None;
    }
    let mut end = line.start.checked_sub(1)?;
    for _ in 0..MESSAGES_MAX {
        let from = end.saturating_sub(QUESTION_MAX);
        let above = text.get(from..end)?;
        let start = match memchr::memrchr(b'\n', above) {
            Some(at) => from + at + 1,
            None if from == 0 => 0,
            None => return None,
        };
        let message = str::from_utf8(text.get(start..end)?).ok()?;
        match Papers::said(message) {
            // What has a number of its own was no question.
            Said::Papers(papers) => {
                let asks = is_said_by_somebody(message.as_bytes()) && long_number(text, start..end).is_none();
                return Some(papers).filter(|_| asks);
            }
            Said::Other => return None,
            Said::Nothing if message.len() > ANSWER_MAX => return None,
            Said::Nothing => {}
        }
        end = start.checked_sub(1)?;
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
        let mut hits = Vec::new();
        self.detectors.scan_afar(&view.text, line, papers, &mut hits);
        for hit in hits {
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

#[cfg(test)]
mod tests {
    use chot_model::{Confidence, DetectorId};

    use crate::{Hint, Inspector, Limits};

    fn found(text: &str) -> Vec<(DetectorId, u64)> {
        let inspection =
            Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
        let sure = inspection
            .tallies
            .iter()
            .filter(|(id, tally)| id.is_identifier() && tally.confidence > Some(Confidence::Low));
        sure.map(|(id, tally)| (*id, tally.distinct)).collect()
    }

    #[test]
    fn an_answer_is_what_was_asked_for() {
        let questions =
            ["cho mình số BHXH", "số sổ BHXH là gì em", "xin mã số bảo hiểm xã hội với", "số bhxh của bố đâu?"];
        let between = ["ok", "đợi tí", "chờ em chút nhé ạ", "[Sticker]", "để em hỏi mẹ đã"];
        for (n, question) in questions.iter().enumerate() {
            for messages in 1..=5 {
                let between: String =
                    (0..messages).map(|m| format!("Hoa: {}\n", between[(m + n) % between.len()])).collect();
                let chat = |answer: &str| format!("Lan: {question}\n{between}Hoa: {answer}\nLan: cảm ơn nhé\n");
                for answer in ["7912345678", "đây ạ 7912345678", "của bố em là 7912345678 nha"] {
                    assert_eq!(found(&chat(answer)), [(DetectorId::Bhxh, 1)], "{}", chat(answer));
                }
                for other in ["0912345678", "7912345678 đồng", "mã đơn hàng 7912345678"] {
                    assert_eq!(found(&chat(other)), [], "{}", chat(other));
                }
            }
        }
        assert_eq!(
            found(
                "[10:01] Lan: xin số CMND\n[10:02] Hoa: đợi tí nhé\n[10:02] Hoa: em mở tủ đã\n[10:03] Hoa: 025123456\n"
            ),
            [(DetectorId::Cmnd, 1)]
        );
        for text in [
            // Another question in between, one about money, and one too far away.
            "Lan: cho mình số BHXH\nHoa: ok\nLan: mã đơn hàng nữa\nHoa: ừ\nHoa: 7912345678\n",
            "Lan: thu BHXH tháng này bao nhiêu\nHoa: ok\nHoa: đợi\nHoa: 7912345678\n",
            "Lan: hoá đơn đâu\nHoa: ok\nHoa: 7912345678\n",
            "Lan: cho mình số BHXH\nHoa: a\nHoa: b\nHoa: c\nHoa: d\nHoa: e\nHoa: g\nHoa: h\nHoa: 7912345678\n",
            "Lan: gửi BHXH huyện chưa\nHoa: ok\nHoa: rồi\nHoa: 7912345678\n",
            // Nobody asks.
            "Ai có mã BHXH mới tra được trong bảng dưới\nXin cảm ơn\nKính gửi các anh chị em\nVũ Hà: 7912345678\n",
            "Lan: cho mình số BHXH\nHoa: ok để mình hỏi lại mẹ xem giấy tờ cất ở đâu\nHoa: chờ mình mở máy ra rồi tìm lại nhé\nHoa: a\n- 7912345678\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn a_remark_in_brackets_parts_no_number_from_its_word() {
        for remark in
            ["tổ 3, mới cấp lại tuần trước", "quê Nam Định", "vợ anh Hùng bên phòng kế toán của công ty mình đó chị"]
        {
            for (text, expected) in [
                (format!("BHXH của chị Lê Thị Hoa ({remark}) là 7912345678 nha"), &[(DetectorId::Bhxh, 1)][..]),
                (format!("Số sổ BHXH của Nguyễn Văn An ({remark}): 7912345678"), &[(DetectorId::Bhxh, 1)]),
                (format!("CMND của anh An ({remark}) là 025123456"), &[(DetectorId::Cmnd, 1)]),
                (format!("Đơn hàng của chị Lê Thị Hoa ({remark}) là 7912345678 nha"), &[]),
                (format!("Chị Lê Thị Hoa ({remark}) là 7912345678"), &[]),
                (format!("BHXH thu của chị Hoa ({remark}) là 7912345678 đồng"), &[]),
            ] {
                assert_eq!(found(&text), expected, "{text}");
            }
        }
    }
}
