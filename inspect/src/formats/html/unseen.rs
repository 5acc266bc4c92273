//! What a page does not show, left out, and what its sheets add: the lines in which they part or join letters, read a
//! second time as they are seen.

use super::placement::is_void;
use super::sheet::{Sheet, hides};
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;
use crate::text::Text;
use crate::view::View;

/// How much before the first such place says what a number is.
const LEAD: usize = 128;
/// How far behind one the line is followed.
const FOLLOWED: usize = 256;
/// A longer line is read up to there, and goes on as another.
const LINE_MAX: usize = 4_096;
/// Digits of a whole number: of one that stands in a cell as it is, nothing is hidden.
const WHOLE: usize = 10;
/// Elements with something shown behind them that are open within each other.
const OPEN_MAX: usize = 32;

/// Elements whose content nobody sees.
const NEVER_SHOWN: [&[u8]; 12] = [
    b"template",
    b"noscript",
    b"datalist",
    b"rp",
    b"audio",
    b"video",
    b"canvas",
    b"iframe",
    b"object",
    b"noframes",
    b"noembed",
    b"dialog",
];

/// An open element, and those of its name within.
struct Open<T> {
    name: Vec<u8>,
    within: u32,
    what: T,
}

impl<T> Open<T> {
    fn new(tag: &Tag<'_>, what: T) -> Self {
        Self { name: tag.name.to_ascii_lowercase(), within: 0, what }
    }

    fn opened(&mut self, name: &[u8]) {
        self.within += u32::from(self.name.eq_ignore_ascii_case(name));
    }

    /// Whether it is this element that ends.
    fn closed(&mut self, name: &[u8]) -> bool {
        if !self.name.eq_ignore_ascii_case(name) {
            return false;
        }
        match self.within.checked_sub(1) {
            Some(less) => {
                self.within = less;
                false
            }
            None => true,
        }
    }
}

pub(super) struct Unseen {
    sheet: Sheet,
    /// The element that is not shown.
    hidden: Option<Open<()>>,
    /// Elements behind which something is shown.
    after: Vec<Open<View>>,
    /// The line as it is seen.
    line: View,
    /// Where letters come together in it that do not stand together.
    seam: Option<usize>,
    joins: bool,
    /// Up to where the text was taken, while it is followed, and how much further it is.
    from: Option<u64>,
    left: usize,
    seen: Text,
}

impl Unseen {
    pub(super) fn new(place: &Place) -> Self {
        Self {
            sheet: Sheet::new(place.charset),
            hidden: None,
            after: Vec::new(),
            line: View::default(),
            seam: None,
            joins: false,
            from: None,
            left: 0,
            seen: Text::new(Place { again: true, charset: None, ..place.clone() }),
        }
    }

    /// Takes more of a sheet.
    pub(super) fn sheet(&mut self, bytes: &[u8], at: u64) {
        self.sheet.read(bytes, at);
    }

    /// An element begins, before what sets it apart is read.
    pub(super) fn open(&mut self, tag: &Tag<'_>, read: &View, inquiry: &mut Inquiry) {
        if let Some(hidden) = &mut self.hidden {
            return hidden.opened(tag.name);
        }
        if !is_void(tag.name) && !is_of_table(tag.name) && (is_hidden(tag) || self.sheet.of(tag).any(|s| s.hidden)) {
            self.begin(read, inquiry);
            self.hidden = Some(Open::new(tag, ()));
        }
    }

    /// What is in an element begins at the end of what was read.
    pub(super) fn enter(&mut self, tag: &Tag<'_>, read: &View, inquiry: &mut Inquiry) {
        self.after.iter_mut().for_each(|open| open.opened(tag.name));
        if self.hidden.is_some() || is_void(tag.name) || is_of_table(tag.name) {
            return;
        }
        let (mut before, mut after) = (None, None);
        for said in self.sheet.of(tag) {
            before = said.before.as_ref().map(View::copy).or(before);
            after = said.after.as_ref().map(View::copy).or(after);
        }
        if let Some(before) = before {
            self.insert(&before, read, inquiry);
        }
        if let Some(after) = after.filter(|_| self.after.len() < OPEN_MAX) {
            self.after.push(Open::new(tag, after));
        }
    }

    /// What is in an element ends at the end of what was read.
    pub(super) fn leave(&mut self, name: &[u8], read: &View, inquiry: &mut Inquiry) {
        let Some(at) = self.after.iter_mut().rposition(|open| open.closed(name)) else { return };
        let after = self.after.remove(at).what;
        if self.hidden.is_none() {
            self.insert(&after, read, inquiry);
        }
    }

    /// An element ends, behind what sets it apart.
    pub(super) fn close(&mut self, name: &[u8], read: &View) {
        if self.hidden.as_mut().is_some_and(|hidden| hidden.closed(name)) {
            self.hidden = None;
            self.from = Some(read.base + read.text.len() as u64);
        }
    }

    /// Something is shown here that stands in a sheet.
    fn insert(&mut self, shown: &View, read: &View, inquiry: &mut Inquiry) {
        self.begin(read, inquiry);
        self.line.push_view(shown, 0..shown.text.len());
        self.joins = true;
    }

    /// Here the line is not what stands there.
    fn begin(&mut self, read: &View, inquiry: &mut Inquiry) {
        self.follow(read, inquiry);
        if self.line.text.len() > LINE_MAX {
            self.end_line(inquiry);
        }
        let end = read.text.len();
        if self.from.is_none() {
            let from = end.saturating_sub(LEAD);
            let lead = read.text.get(from..).unwrap_or_default();
            // Half a word or number is none.
            let cut = if from == 0 { None } else { lead.iter().position(u8::is_ascii_whitespace) };
            self.line.push_view(read, from + cut.unwrap_or(0)..end);
        }
        self.from = Some(read.base + end as u64);
        self.left = FOLLOWED;
        self.seam = Some(self.line.text.len());
    }

    /// Takes what was read since.
    pub(super) fn follow(&mut self, read: &View, inquiry: &mut Inquiry) {
        let Some(from) = self.from.filter(|_| self.hidden.is_none()) else { return };
        let start = usize::try_from(from.saturating_sub(read.base)).unwrap_or(usize::MAX);
        let Some(text) = read.text.get(start..).filter(|text| !text.is_empty()) else { return };
        let most = text.get(..self.left.min(text.len())).unwrap_or_default();
        let end = memchr::memchr(b'\n', most).or_else(|| {
            let word = |most: &[u8]| most.iter().rposition(u8::is_ascii_whitespace).unwrap_or(most.len());
            (most.len() < text.len()).then(|| word(most))
        });
        self.line.push_view(read, start..start + end.unwrap_or(text.len()));
        self.joins |= self.seam.is_some_and(|seam| joins(&self.line.text, seam));
        self.left -= most.len();
        self.from = Some(read.base + read.text.len() as u64);
        if end.is_some() {
            self.end_line(inquiry);
        }
    }

    /// The line ends: it is read if it says something else than what stands there.
    pub(super) fn end_line(&mut self, inquiry: &mut Inquiry) {
        if self.joins {
            self.seen.view.push_view(&self.line, 0..self.line.text.len());
            self.seen.joint(b"\n\n");
            self.seen.advance(inquiry);
        }
        self.line.clear();
        (self.from, self.seam, self.joins) = (None, None, false);
    }

    /// A cell ends: what is seen of it, if that is something else than what stands there, and no whole number stands there.
    pub(super) fn end_cell(&mut self, read: &View, inquiry: &mut Inquiry) -> Option<View> {
        self.follow(read, inquiry);
        let is_whole = || read.text.split(|b| !b.is_ascii_digit()).any(|digits| digits.len() >= WHOLE);
        let is_other = self.joins && !is_whole();
        let seen = is_other.then(|| {
            self.joins = false;
            std::mem::take(&mut self.line)
        });
        self.part(read, inquiry);
        seen
    }

    /// Another text follows.
    pub(super) fn part(&mut self, read: &View, inquiry: &mut Inquiry) {
        self.follow(read, inquiry);
        self.end_line(inquiry);
        self.hidden = None;
        self.after.clear();
    }

    /// The page ends.
    pub(super) fn end(&mut self, read: &View, inquiry: &mut Inquiry) {
        self.part(read, inquiry);
        self.seen.finish(inquiry);
    }
}

/// Whether letters or digits stand at either side of a place, with no more between than within a number.
fn joins(line: &[u8], at: usize) -> bool {
    /// More parts no number.
    const GAP_MAX: usize = 16;
    let (before, after) = line.split_at(at.min(line.len()));
    let is_gap = |b: &&u8| matches!(b, b' ' | b'.' | b'-');
    let is_part = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || !b.is_ascii());
    is_part(before.iter().rev().take(GAP_MAX).find(|b| !is_gap(b)))
        && is_part(after.iter().take(GAP_MAX).find(|b| !is_gap(b)))
}

/// The parts of a table are cells and rows, shown or not.
fn is_of_table(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 7] = [b"table", b"thead", b"tbody", b"tfoot", b"tr", b"td", b"th"];
    PARTS.iter().any(|part| part.eq_ignore_ascii_case(name))
}

/// Whether an element says itself that it is not shown.
fn is_hidden(tag: &Tag<'_>) -> bool {
    if NEVER_SHOWN.iter().any(|name| name.eq_ignore_ascii_case(tag.name)) {
        return true;
    }
    tag.has_attributes()
        && tag.pairs().any(|(name, value, _)| {
            let white = || matches!(value.to_ascii_lowercase().as_slice(), b"white" | b"#fff" | b"#ffffff");
            name.eq_ignore_ascii_case(b"hidden")
                || name.eq_ignore_ascii_case(b"style") && hides(&String::from_utf8_lossy(value).to_ascii_lowercase())
                || name.eq_ignore_ascii_case(b"color") && white()
        })
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn numbers_are_read_as_they_are_seen() {
        let page = |hidden: &str| format!("<html><body><p>Số CCCD 0010{hidden}90123456</p></body></html>");
        let sheet = |sheet: &str, body: &str| format!("<html><style>{sheet}</style><body>{body}</body></html>");
        let spread = |hidden: &str| "001090123456".chars().map(|c| format!("{c}{hidden}")).collect::<String>();
        let long = "<p>Chữ thường, không có gì.</p>\n".repeat(5_000);
        for (text, found) in [
            (page("<span style='display:none'>x</span>"), 1),
            (page("<span style='display:none'>7</span>"), 1),
            (page("<span style='display:none'><span>a</span> b</span>"), 1),
            (page("<i hidden>x</i>"), 1),
            (page("<span style='font-size:0'>abc def</span>"), 1),
            (page("<div style='display:none'>x</div>"), 1),
            (page("<font color=white>x</font>"), 1),
            (page("<template>x</template>"), 1),
            (page("<i hidden>x</i><b>") + "</b>", 1),
            (format!("{long}{}{long}", page("<i hidden>x</i>")), 1),
            (format!("<p>CCCD {}</p>", spread("<i hidden>abc</i>")), 1),
            (sheet(".h{display:none}", &page("<i class='a h'>x</i>")), 1),
            (sheet("@media screen{p > #h , b{visibility:hidden}}", &page("<i id=h>x</i>")), 1),
            (sheet("p:after{content:'0010' '90123456'}", "<p>CCCD </p>"), 1),
            (sheet("b:before{content:'0010'} b:after{content:'56'}", "<p>CCCD <b>901234</b></p>"), 1),
            (
                sheet(
                    ".a:before{content:'0'}.b:before{content:'7'}",
                    "<p>CCCD <i class=a></i>\
                <i class=b></i>9190123456</p>",
                ),
                1,
            ),
            (
                "<table><tr><th>Tên</th><th>Số CCCD</th></tr>\
                <tr><td>Trần Văn An</td><td>0010<i hidden>x</i>90123456</td></tr>\
                <tr><td>Lê Thị Bé</td><td>0791<i hidden>9</i>90123456</td></tr></table>"
                    .to_owned(),
                2,
            ),
            // A number that stands there as a whole is one, whatever else is seen or hidden in its cell.
            (
                "<table><tr><th>Tên</th><th>Số CCCD</th></tr>\
                <tr><td>Trần Văn An</td><td>001090123456<i hidden>x</i>7</td></tr>\
                <tr><td>Lê Thị Bé</td><td>A<i hidden> 079190123456 </i>B</td></tr></table>"
                    .to_owned(),
                2,
            ),
            // What is hidden is read as well, and what is shown apart is apart.
            ("<p>Số CCCD <span style='display:none'>001090123456</span></p>".to_owned(), 1),
            (page("<span>x</span>"), 0),
            (page("<span style='color:red'>x</span>"), 0),
            (sheet(".h{display:none}", &page("<i class='g'>x</i>")), 0),
            ("<p>Đơn hàng 0010<i hidden>x</i>90123456</p>".to_owned(), 0),
        ] {
            let bytes = text.clone().into_bytes();
            let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{}", text.get(..400).unwrap_or(&text));
        }
    }
}
