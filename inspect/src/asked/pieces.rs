//! Answers in several messages: `nửa đầu 27664`, `nửa sau 71160`; or so many words each.

use std::ops::Range;

use chot_detectors::fold;

/// The lines of an answer so far.
#[derive(Default)]
pub(super) struct Pieces {
    parts: Vec<Range<usize>>,
    /// Where the last line ended.
    end: usize,
    digits: usize,
    spoken: bool,
}

/// Digits of a piece, and of the number.
const PART: Range<usize> = 2..9;
const WHOLE: [usize; 3] = [9, 10, 12];
/// A longer line is no piece.
const LINE_MAX: usize = 80;

/// What is said of a piece, folded.
const SAID: &str =
    "nua dau sau cuoi phan doan truoc giua con lai so tiep theo roi la thu nhat hai mot 1 2 3 4 5 6 day ne nay nha a";

impl Pieces {
    /// Takes the next line that is not empty. All pieces, where it is the last of a number.
    pub(super) fn next(&mut self, text: &[u8], line: &Range<usize>) -> Option<Vec<Range<usize>>> {
        let Some((part, digits)) = piece(text, line) else {
            *self = Self::default();
            return None;
        };
        let spoken = digits == 0;
        if !self.parts.is_empty() && (self.spoken != spoken || line.start > self.end + 2) {
            *self = Self::default();
        }
        (self.end, self.spoken) = (line.end, spoken);
        self.digits += digits;
        self.parts.push(part);
        let is_whole = if spoken { self.parts.len() > 1 } else { WHOLE.contains(&self.digits) };
        (is_whole && self.parts.len() > 1).then(|| self.parts.clone())
    }
}

/// What of a line is a piece, and how many digits it has: one run behind words that say which piece it is, or nothing but
/// words, in which there are none.
fn piece(text: &[u8], line: &Range<usize>) -> Option<(Range<usize>, usize)> {
    let said = str::from_utf8(text.get(line.clone())?).ok().filter(|said| said.len() <= LINE_MAX)?;
    // Who says it stands before.
    let begin = said.find(": ").filter(|at| *at <= 32).map_or(0, |at| at + 2);
    let own = said.get(begin..)?;
    if !own.bytes().any(|b| b.is_ascii_digit()) {
        let words = own.trim();
        let start = line.start + begin + (own.len() - own.trim_start().len());
        return is_spoken(words).then_some((start..start + words.len(), 0));
    }
    // The longest run of digits is the piece; all else says which one it is.
    let mut runs = own.split(|c: char| !c.is_ascii_digit()).filter(|run| PART.contains(&run.len()));
    let run = runs.next().filter(|_| runs.next().is_none())?;
    let at = own.find(run)?;
    let beside = [own.get(..at)?, own.get(at + run.len()..)?].map(fold);
    let mut words = beside.iter().flat_map(|part| part.split(' ')).filter(|word| !word.is_empty()).peekable();
    words.peek()?;
    let all = words.all(|word| SAID.split(' ').any(|known| known == word));
    all.then(|| (line.start + begin + at..line.start + begin + at + run.len(), run.len()))
}

/// Whether nothing but the words of a number are said.
fn is_spoken(words: &str) -> bool {
    const NUMBERS: &str = "khong hong ko linh le mot hai ba bon tu nam lam sau bay tam chin muoi chuc tram con roi a";
    const WORDS_MIN: usize = 3;
    let folded = fold(words);
    let said = folded.split(' ').filter(|word| !word.is_empty());
    said.clone().count() >= WORDS_MIN && said.clone().all(|word| NUMBERS.split(' ').any(|known| known == word))
}
