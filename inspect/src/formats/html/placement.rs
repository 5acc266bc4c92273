//! Text that a page or drawing shows in another order than it stands: turned round by a style, or letter by letter at
//! places of their own.
//!
//! Of styles only those of the element itself are read, of transformations only moves.

use crate::formats::placed::Placed;
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;
use crate::text::Text;
use crate::view::View;

/// Groups within each other.
const GROUPS_MAX: usize = 64;
/// A longer text is no letter.
const LETTERS_MAX: usize = 16;
/// Letters of one line are no further apart upright, in units of the drawing.
const LINE_HEIGHT: f64 = 3.0;

/// Whether the letters in an element are shown from right to left: `<bdo dir=rtl>`, `unicode-bidi: bidi-override`.
pub(super) fn turns(tag: &Tag<'_>) -> bool {
    let says = |name: &[u8], what: &str| tag.string(name).is_some_and(|said| said.to_ascii_lowercase().contains(what));
    tag.name.eq_ignore_ascii_case(b"bdo") && says(b"dir", "rtl")
        || says(b"style", "bidi-override") && (says(b"style", "rtl") || says(b"dir", "rtl"))
}

/// The letters of a view from the last to the first.
pub(super) fn turned(view: &View, out: &mut View) {
    let mut end = view.text.len();
    while end > 0 {
        let goes_on = |b: &&u8| (0x80..0xc0).contains(*b);
        let len = 1 + view.text.get(..end).unwrap_or_default().iter().rev().take(3).take_while(goes_on).count();
        let start = end.saturating_sub(len);
        out.push_view(view, start..end);
        end = start;
    }
}

/// A drawing, as far as it places letters.
#[derive(Default)]
pub(super) struct Drawing {
    /// How far each open group is moved.
    groups: Vec<(f64, f64)>,
    /// Of the text at hand: where it is shown, and where it begins in what is read.
    text: Option<((f64, f64), u64)>,
    letters: Placed<View>,
}

impl Drawing {
    pub(super) fn open_group(&mut self, tag: &Tag<'_>) {
        if self.groups.len() < GROUPS_MAX {
            let (x, y) = self.groups.last().copied().unwrap_or_default();
            let (dx, dy) = moved(tag);
            self.groups.push((x + dx, y + dy));
        }
    }

    pub(super) fn close_group(&mut self) {
        self.groups.pop();
    }

    /// A text, or a part of one with a place of its own, begins at the end of what was read.
    pub(super) fn open_text(&mut self, tag: &Tag<'_>, read: &View) {
        let start = read.base + read.text.len() as u64;
        let number = |name: &[u8]| tag.string(name).and_then(|said| first_number(&said));
        let (x, y) = (number(b"x"), number(b"y"));
        let part = tag.name.eq_ignore_ascii_case(b"tspan");
        if part && x.is_none() && y.is_none() {
            return;
        }
        let around = self.groups.last().copied().unwrap_or_default();
        let (dx, dy) = moved(tag);
        let before = self.text.map(|((_, line), _)| line).filter(|_| part);
        let line = match (y, before) {
            (None, Some(line)) => line,
            (y, _) => around.1 + dy + y.unwrap_or(0.0),
        };
        self.text = Some(((around.0 + dx + x.unwrap_or(0.0), line), start));
    }

    pub(super) fn close_text(&mut self, read: &View) {
        let Some(((along, line), start)) = self.text else { return };
        let from = start.checked_sub(read.base).and_then(|from| usize::try_from(from).ok());
        let text = from.and_then(|from| read.text.get(from..).map(|text| (from, text)));
        if let Some((from, text)) = text.filter(|(_, text)| (1..=LETTERS_MAX).contains(&text.trim_ascii().len())) {
            let mut view = View::default();
            view.push_view(read, from..from + text.len());
            self.letters.push(along, line, view);
        }
        // A part that follows without a line of its own stands on this one.
        self.text = Some(((along, line), read.base + read.text.len() as u64));
    }

    /// The drawing ends: reads the lines whose letters came out of order.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.text, self.groups) = (None, Vec::new());
        let lines = self.letters.lines(LINE_HEIGHT);
        if lines.is_empty() {
            return;
        }
        let mut text = Text::prose(Place { again: true, charset: None, ..place.clone() });
        for line in lines {
            for letters in &line {
                text.view.push_view(letters, 0..letters.text.len());
            }
            text.joint(b"\n");
        }
        text.finish(inquiry);
    }
}

/// The first number of a list: texts may place each of their letters.
fn first_number(said: &str) -> Option<f64> {
    let first = said.trim_start().split([' ', ',', '\t', '\n']).next()?;
    first.trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%').parse().ok()
}

/// How far `transform` moves an element.
fn moved(tag: &Tag<'_>) -> (f64, f64) {
    let Some(said) = tag.string(b"transform") else { return (0.0, 0.0) };
    let arguments = |name: &str| {
        let (_, rest) = said.split_once(name)?;
        let (within, _) = rest.trim_start().strip_prefix('(')?.split_once(')')?;
        Some(within.split([',', ' ']).filter(|n| !n.is_empty()).filter_map(|n| n.parse().ok()).collect::<Vec<f64>>())
    };
    if let Some(by) = arguments("translate") {
        return (by.first().copied().unwrap_or(0.0), by.get(1).copied().unwrap_or(0.0));
    }
    match arguments("matrix").as_deref() {
        Some([_, _, _, _, x, y]) => (*x, *y),
        _ => (0.0, 0.0),
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn text_is_read_as_it_is_shown() {
        let group = |n: usize, c: char| format!("<g transform='translate({}, 20)'><text>{c}</text></g>\n", 10 * n);
        let text = |n: usize, c: char| format!("<text x='{}' y='9'>{c}</text>", 10 * n);
        let part = |n: usize, c: char| format!("<tspan x='{}'>{c}</tspan>", 10 * n);
        let letters: Vec<(usize, char)> = "CCCD: 001090123456".chars().enumerate().filter(|(_, c)| *c != ' ').collect();
        let mixed = |each: &dyn Fn(usize, char) -> String| -> String {
            let (even, odd): (Vec<_>, Vec<_>) = letters.iter().partition(|(n, _)| n % 2 == 0);
            odd.into_iter().rev().chain(even).map(|(n, c)| each(n, c)).collect()
        };
        let drawing = |body: String| format!("<svg xmlns='http://www.w3.org/2000/svg'>{body}</svg>");
        for (body, found) in [
            (drawing(format!("<text>CCCD</text>{}", letters[5..].iter().map(|(n, c)| group(*n, *c)).collect::<String>())), 1),
            (drawing(mixed(&group)), 1),
            (drawing(mixed(&text)), 1),
            (drawing(format!("<text y='9'>{}</text>", mixed(&part))), 1),
            ("<html><p>Số CCCD: <bdo dir='rtl'>654321090100</bdo></p></html>".to_owned(), 1),
            ("<html><p>Số CCCD: <span style='unicode-bidi:bidi-override;direction:rtl'>6543<b>2109</b>0100</span></p>".to_owned(), 1),
            ("<html><p>Số đơn hàng: <bdo dir=rtl>654321090100</bdo></p></html>".to_owned(), 0),
            ("<html><p>Số tài liệu <bdo dir=ltr>654321090100</bdo></p></html>".to_owned(), 0),
        ] {
            let bytes = body.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{body}");
        }
    }
}
