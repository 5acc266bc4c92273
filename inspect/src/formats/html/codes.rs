//! Codes drawn by rectangles: paths and rectangles of a drawing, coloured cells of a table.
//!
//! Rectangles are gathered and laid on a grid of the smallest of them; whether they draw a code, and which, is asked of
//! `drawn`. Of paths straight lines along the axes are read, which is what programs draw codes with.

use chot_model::OpaqueReason;

use crate::formats::drawn;
use crate::inquiry::{Inquiry, Place};
use crate::markup::Tag;

/// Rectangles of a drawing; the largest code has fewer runs of modules.
const BOXES_MAX: usize = 1 << 15;
/// Codes of a page.
const CODES_MAX: u32 = 32;

/// A rectangle: left, top, width, height.
type Box = [f64; 4];

#[derive(Default)]
pub(super) struct Codes {
    boxes: Vec<Box>,
    are_too_many: bool,
    /// Rows of the cells of a table, each by its colour.
    rows: Vec<Vec<bool>>,
    /// The class of its first cell, where only classes tell them apart.
    class: Option<String>,
    codes: u32,
}

impl Codes {
    /// An element begins, its name in lower case.
    pub(super) fn open(&mut self, tag: &Tag<'_>, name: &[u8], place: &Place, inquiry: &mut Inquiry) {
        match name {
            b"table" => self.end_table(place, inquiry),
            b"tr" if self.rows.len() <= drawn::SIDE_MAX => self.rows.push(Vec::new()),
            b"td" | b"th" => self.cell(tag),
            b"rect" => self.rectangle(tag),
            b"path" => self.path(tag),
            _ => {}
        }
    }

    fn cell(&mut self, tag: &Tag<'_>) {
        let Some(row) = self.rows.last_mut() else { return };
        if !tag.has_attributes() {
            row.truncate(drawn::SIDE_MAX);
            return row.push(false);
        }
        let columns = tag.string(b"colspan").and_then(|n| n.trim().parse().ok()).unwrap_or(1usize);
        let style = tag.string(b"bgcolor").or_else(|| tag.string(b"style"));
        let ink = match (style, tag.string(b"class")) {
            (Some(style), _) => is_dark(&style),
            // Which of them is dark is seen by the code.
            (None, Some(class)) => *self.class.get_or_insert_with(|| class.clone()) == class,
            (None, None) => false,
        };
        if row.len() <= drawn::SIDE_MAX {
            row.extend((0..columns.min(drawn::SIDE_MAX)).map(|_| ink));
        }
    }

    fn rectangle(&mut self, tag: &Tag<'_>) {
        let number = |name: &[u8]| tag.string(name).and_then(|n| n.trim().trim_end_matches("px").parse::<f64>().ok());
        let (Some(width), Some(height)) = (number(b"width"), number(b"height")) else { return };
        if paints(tag) {
            self.take([number(b"x").unwrap_or(0.0), number(b"y").unwrap_or(0.0), width, height]);
        }
    }

    fn path(&mut self, tag: &Tag<'_>) {
        let Some(data) = tag.string(b"d").filter(|_| paints(tag)) else { return };
        let is_stroke = tag.string(b"stroke").is_some_and(|stroke| stroke != "none");
        trace(&data, is_stroke, &mut |one| self.take(one));
    }

    fn take(&mut self, one: Box) {
        if self.boxes.len() < BOXES_MAX {
            self.boxes.push(one);
        } else {
            self.are_too_many = true;
        }
    }

    /// A table ends.
    pub(super) fn end_table(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let rows = std::mem::take(&mut self.rows);
        self.class = None;
        self.read(&rows, place, inquiry);
    }

    /// A drawing ends.
    pub(super) fn end_drawing(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let boxes = std::mem::take(&mut self.boxes);
        if let Some(rows) = grid(&boxes) {
            self.read(&rows, place, inquiry);
        }
        if std::mem::take(&mut self.are_too_many) {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
        }
    }

    fn read(&mut self, rows: &[Vec<bool>], place: &Place, inquiry: &mut Inquiry) {
        if rows.len() < drawn::SIDE_MIN {
            return;
        }
        self.codes += 1;
        if self.codes <= CODES_MAX {
            drawn::read(rows, place, inquiry);
        } else if self.codes == CODES_MAX + 1 {
            inquiry.refuse(place, OpaqueReason::TooMany, 1);
        }
    }
}

/// Whether an element is drawn in a dark colour: black unless it says otherwise.
fn paints(tag: &Tag<'_>) -> bool {
    let colour = |name: &[u8]| tag.string(name).filter(|colour| colour != "none");
    let said = colour(b"style").or_else(|| colour(b"stroke")).or_else(|| colour(b"fill"));
    said.is_none_or(|said| is_dark(&said))
}

/// Whether a colour, or a style that names one, is dark.
fn is_dark(said: &str) -> bool {
    const LIGHT: &[&str] = &["white", "transparent", "none", "ivory", "snow"];
    let said = said.to_ascii_lowercase();
    let colour = ["background-color", "background", "fill", "stroke"]
        .iter()
        .find_map(|name| said.split_once(name).map(|(_, rest)| rest.trim_start_matches([':', ' '])))
        .unwrap_or(&said);
    let colour = colour.split(';').next().unwrap_or_default().trim();
    if let Some(hex) = colour.strip_prefix('#') {
        let digits: Vec<u32> = hex.chars().map_while(|c| c.to_digit(16)).collect();
        let lightness = match digits.as_slice() {
            [r, g, b] | [r, g, b, _] => (r + g + b) * 17,
            [r, _, g, _, b, ..] => (r + g + b) * 16,
            _ => 0,
        };
        return lightness < 384;
    }
    if let Some((_, parts)) = colour.split_once("rgb").and_then(|(_, rest)| rest.split_once('(')) {
        let parts = parts.split([',', ' ', ')']).filter_map(|part| part.parse::<f64>().ok()).take(3);
        return parts.sum::<f64>() < 384.0;
    }
    // Colours are named in styles; a style of cells that names none is one of the ground.
    let is_style = said.contains(':') && colour.len() == said.len();
    !LIGHT.contains(&colour) && !is_style
}

/// Tells the rectangles of a path: its level strokes, which have no height, or its areas.
fn trace(data: &str, is_stroke: bool, each: &mut dyn FnMut(Box)) {
    let mut tokens = Tokens(data).peekable();
    let (mut at, mut from, mut command) = ((0.0, 0.0), (0.0, 0.0), 'M');
    let mut area: Option<Box> = None;
    while let Some(token) = tokens.peek() {
        if let Token::Command(next) = *token {
            command = next;
            tokens.next();
        }
        let mut number = || tokens.next_if(|token| matches!(token, Token::Number(_))).map(|token| token.number());
        let (before, relative) = (at, command.is_ascii_lowercase());
        let along = |base: f64, n: f64| if relative { base + n } else { n };
        match command.to_ascii_uppercase() {
            'M' => {
                let (Some(x), Some(y)) = (number(), number()) else { break };
                at = (along(at.0, x), along(at.1, y));
                (from, command) = (at, if relative { 'l' } else { 'L' });
                area.take().into_iter().for_each(&mut *each);
                continue;
            }
            'L' => {
                let (Some(x), Some(y)) = (number(), number()) else { break };
                at = (along(at.0, x), along(at.1, y));
            }
            'H' => {
                let Some(x) = number() else { break };
                at.0 = along(at.0, x);
            }
            'V' => {
                let Some(y) = number() else { break };
                at.1 = along(at.1, y);
            }
            'Z' => {
                at = from;
                area.take().into_iter().for_each(&mut *each);
                // No number stands behind the end of an area.
                command = 'M';
                continue;
            }
            // Curves draw no code.
            _ => return,
        }
        if is_stroke {
            if before.1 == at.1 {
                each([before.0.min(at.0), at.1, (at.0 - before.0).abs(), 0.0]);
            }
            continue;
        }
        let [x, y, w, h] = area.unwrap_or([before.0, before.1, 0.0, 0.0]);
        let (left, top) = (x.min(at.0), y.min(at.1));
        area = Some([left, top, (x + w).max(at.0) - left, (y + h).max(at.1) - top]);
    }
    area.into_iter().for_each(each);
}

enum Token {
    Command(char),
    Number(f64),
}

impl Token {
    const fn number(&self) -> f64 {
        match self {
            Self::Number(number) => *number,
            Self::Command(_) => 0.0,
        }
    }
}

/// What the data of a path consists of.
struct Tokens<'d>(&'d str);

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        self.0 = self.0.trim_start_matches([' ', ',', '\n', '\r', '\t']);
        let first = self.0.chars().next()?;
        if first.is_ascii_alphabetic() {
            self.0 = self.0.get(1..)?;
            return Some(Token::Command(first));
        }
        let bytes = self.0.as_bytes();
        let mut len = usize::from(matches!(first, '-' | '+'));
        let mut dots = 0;
        while let Some(b) = bytes.get(len).filter(|b| b.is_ascii_digit() || **b == b'.') {
            dots += u32::from(*b == b'.');
            if dots > 1 {
                break;
            }
            len += 1;
        }
        let (number, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        number.parse().ok().map(Token::Number)
    }
}

/// Rectangles on a grid as fine as the smallest of them, if that is one a code may have.
fn grid(boxes: &[Box]) -> Option<Vec<Vec<bool>>> {
    // A code has some hundred runs of modules at least.
    const BOXES_MIN: usize = 64;
    if boxes.len() < BOXES_MIN {
        return None;
    }
    let unit = boxes.iter().flat_map(|[_, _, w, h]| [*w, *h]).filter(|n| *n > 0.0).fold(f64::MAX, f64::min);
    // Strokes have no height of their own: they are one module high.
    let high = |h: f64| if h == 0.0 { unit } else { h };
    let least = |at: usize| boxes.iter().map(|one| one[at]).fold(f64::MAX, f64::min);
    let (left, top) = (least(0), least(1));
    let cell = |n: f64| {
        let n = (n / unit).round();
        (0.0..=drawn::SIDE_MAX as f64).contains(&n).then_some(n as usize)
    };
    let mut rows: Vec<Vec<bool>> = Vec::new();
    let mut painted = 0;
    for [x, y, w, h] in boxes {
        let (x, y, w, h) = (cell(x - left)?, cell(y - top)?, cell(*w)?.max(1), cell(high(*h))?.max(1));
        painted += w * h;
        // What is painted over and over is no code.
        const PAINTED_MAX: usize = 4 * drawn::SIDE_MAX * drawn::SIDE_MAX;
        if painted > PAINTED_MAX {
            return None;
        }
        if rows.len() < y + h {
            rows.resize(y + h, Vec::new());
        }
        for row in rows.iter_mut().skip(y).take(h) {
            row.resize(row.len().max(x + w), false);
            row.iter_mut().skip(x).take(w).for_each(|ink| *ink = true);
        }
    }
    Some(rows)
}
