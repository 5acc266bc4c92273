//! Text that a page or drawing shows in another order than it stands: turned round by a style, or letter by letter at
//! places of their own.
//!
//! Of styles only those of the element itself are read, no sheets; of transformations only moves.

use crate::formats::boxed::{self, Boxes, LETTERS_MAX};
use crate::formats::placed::{Letters, Placed};
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;
use crate::view::View;

/// Groups within each other.
const GROUPS_MAX: usize = 64;
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
    letters: Placed<Letters>,
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
            self.letters.push(along, line, Letters { text: view, lead: None });
        }
        // A part that follows without a line of its own stands on this one.
        self.text = Some(((along, line), read.base + read.text.len() as u64));
    }

    /// Reads the lines whose letters came out of order, once there are many letters.
    pub(super) fn advance(&mut self, place: &Place, inquiry: &mut Inquiry) {
        if self.letters.are_many() {
            self.letters.read(LINE_HEIGHT, place, inquiry);
        }
    }

    /// The drawing ends: reads the lines whose letters came out of order.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        (self.text, self.groups) = (None, Vec::new());
        self.letters.read(LINE_HEIGHT, place, inquiry);
    }
}

/// Elements of a page that are put at a place of their own, and those whose order is turned round.
#[derive(Default)]
pub(super) struct Elements {
    /// The open ones: their names, how many of that name are open within, and how they lay out what stands in them.
    open: Vec<(Vec<u8>, u32, Within)>,
    boxes: Boxes,
    /// Lines and elements so far, by which those are placed that say no more than their order.
    line: u32,
    count: u32,
}

/// How an element lays out what stands in it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    AsItStands,
    TurnedRound,
}

impl Elements {
    /// An element begins at the end of what was read.
    pub(super) fn open(&mut self, tag: &Tag<'_>, read: &View) {
        if is_void(tag.name) {
            return;
        }
        let style = tag.string(b"style").unwrap_or_default().to_ascii_lowercase();
        let within = if style.contains("row-reverse") { Within::TurnedRound } else { Within::AsItStands };
        let turned = self.open.last().is_some_and(|(_, _, within)| *within == Within::TurnedRound);
        if within == Within::TurnedRound {
            self.line += 1;
        }
        let at = self.at(&style, turned);
        if at.is_none() && within == Within::AsItStands {
            if let Some((name, more, _)) = self.open.last_mut().filter(|(name, ..)| name.eq_ignore_ascii_case(tag.name))
            {
                debug_assert!(!name.is_empty());
                *more += 1;
            }
            return;
        }
        if self.open.len() < OPEN_MAX {
            self.open.push((tag.name.to_vec(), 0, within));
            self.boxes.open(read);
            if let Some((along, down)) = at {
                self.boxes.place(along, down);
            }
        }
    }

    /// Where a style puts an element, `turned` if the one around it turns its elements round.
    fn at(&mut self, style: &str, turned: bool) -> Option<(Option<f64>, Option<f64>)> {
        /// Farther apart than any lines of one page.
        const APART: f64 = 1e6;
        let line = Some(-APART * f64::from(self.line + 1));
        if let Some(at) = boxed::styled(style) {
            return Some(at);
        }
        if let Some((_, order)) = style.split_once("order:").filter(|(before, _)| !before.ends_with('b')) {
            return first_number(order.split(';').next()?).map(|n| (Some(n), line));
        }
        let floats = || style.split_once("float:").is_some_and(|(_, to)| to.trim_start().starts_with("right"));
        (turned || floats()).then(|| {
            self.count += 1;
            (Some(-f64::from(self.count)), line)
        })
    }

    /// An element ends at the end of what was read.
    pub(super) fn close(&mut self, name: &[u8], read: &View) {
        let Some((open, more, _)) = self.open.last_mut() else { return };
        if !open.eq_ignore_ascii_case(name) {
            return;
        }
        if let Some(less) = more.checked_sub(1) {
            *more = less;
            return;
        }
        self.open.pop();
        self.boxes.close(read);
    }

    /// Reads the lines whose elements came out of order, once there are many elements.
    pub(super) fn advance(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.boxes.advance(place, inquiry);
    }

    /// The page ends: reads the lines whose elements came out of order.
    pub(super) fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.open.clear();
        self.boxes.end(place, inquiry);
    }
}

/// Elements open within each other whose places are followed.
const OPEN_MAX: usize = 32;

/// Whether an element has no end (HTML, void elements).
pub(super) fn is_void(name: &[u8]) -> bool {
    const VOID: [&[u8]; 9] = [b"area", b"br", b"col", b"hr", b"img", b"input", b"link", b"meta", b"wbr"];
    VOID.iter().any(|void| void.eq_ignore_ascii_case(name))
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
        let digits = letters[5..].iter().rev().collect::<Vec<_>>();
        let row = |each: &dyn Fn(usize, char) -> String| digits.iter().map(|(n, c)| each(*n, *c)).collect::<String>();
        let absolute =
            |n: usize, c: char| format!("<div style='position:absolute;left:{}px;top:20px'>{c}</div>", 9 * n);
        let inner = |n: usize, c: char| format!("<i style='position: relative; left: {n}em'><b>{c}</b></i> ");
        let ordered = |n: usize, c: char| format!("<span style='order: {n}'>{c}</span>");
        let float = |_, c: char| format!("<span style=\"float: right\">{c}</span>");
        let plain = |_, c: char| format!("<span>{c}</span>");
        let page = |body: String| format!("<html><body><p>Số CCCD:</p>{body}</body></html>");
        let order = |body: String| format!("<html><body><p>Số đơn hàng:</p>{body}</body></html>");
        for (body, found) in [
            (page(row(&absolute)), 1),
            (page(format!("<div style='position:absolute;left:1in;top:2in'>{}</div>", row(&absolute))), 1),
            (page(row(&inner)), 1),
            (page(format!("<div style='display:flex'>{}</div>", row(&ordered))), 1),
            (page(row(&float)), 1),
            (page(format!("<div style='display:flex;flex-direction:row-reverse'>{}</div>", row(&plain))), 1),
            // Behind more boxes than are put in order at once.
            (page(format!("{}{}", (0..9_000).map(|n| format!("<i style='position:absolute;top:{}px'>x</i>", 900 + 9 * n)).collect::<String>(), row(&absolute))), 1),
            (order(row(&absolute)), 0),
            // Figures of a picture, in the order somebody drew them.
            (format!("<html><body>{}</body></html>", [(40, "0901"), (10, "0010"), (70, "2345"), (100, "6")].map(|(x, n)| {
                format!("<div style='position:absolute;left:{x}px;top:9px'>{n}</div>")
            }).concat()), 0),
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
            // Digits on lines of their own are a number as they stand as well.
            let distinct = inspection.distinct(DetectorId::Cccd);
            assert!(distinct >= found && (found > 0 || distinct == 0), "{distinct}: {body}");
        }
    }
}
