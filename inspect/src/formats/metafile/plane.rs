//! Where texts stand on a drawing, and what a device context does to places before.

use std::collections::HashMap;

use crate::formats::pdf::layout::{Layout, Run};
use crate::inquiry::{Inquiry, Place};
use crate::text::Text;

/// Where a text stands and how large it is, in whatever unit the drawing has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Spot {
    /// Where it begins, to the right, and downwards.
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    /// The height of its letters.
    pub(super) height: f64,
}

/// So many texts are put in order at once; those behind are put in order by themselves.
const TEXTS_MAX: usize = 8_192;

/// The texts of a drawing.
#[derive(Default)]
pub(super) struct Plane(Vec<(Spot, String)>);

impl Plane {
    /// Puts a text at its place. Says whether there are so many now that they are to be read.
    pub(super) fn write(&mut self, spot: Spot, text: String) -> bool {
        if !text.is_empty() {
            let finite = |v: f64| if v.is_finite() { v } else { 0.0 };
            let Spot { x, y, width, height } = spot;
            let [x, y, width, height] = [x, y, width.abs(), height.abs()].map(finite);
            self.0.push((Spot { x, y, width, height }, text));
        }
        self.0.len() >= TEXTS_MAX
    }

    /// Reads into `text` what was written, and forgets all: in the order in which it was drawn, in which narrow cells stay
    /// whole, and once more line by line as it is seen, for what was drawn in another order.
    pub(super) fn read(&mut self, place: &Place, text: &mut Text, inquiry: &mut Inquiry) {
        let mut layout = Layout::default();
        for (Spot { x, y, width, height }, said) in &self.0 {
            let [start, end] = [(*x, -y), (x + width, -y)];
            layout.push(&Run { text: said, start, end, direction: (1.0, 0.0), size: *height });
        }
        layout.end_page();
        text.joint(layout.text.as_bytes());
        text.advance(inquiry);
        let mut again = Text::prose(Place { again: true, ..place.clone() });
        again.joint(layout.joined.as_bytes());
        for line in self.lines() {
            again.joint(line.as_bytes());
            again.advance(inquiry);
        }
        again.finish(inquiry);
    }

    /// The lines as they are seen, each with its end, and forgets all: what stands close is one word, what stands far
    /// apart, or over each other, are cells of a table.
    fn lines(&mut self) -> Vec<String> {
        /// Shares of the height of letters: texts stand on one line, are parts of one word, of one cell, over each other.
        const LINE: f64 = 0.35;
        const WORD: f64 = 0.15;
        const CELL: f64 = 1.5;
        /// Groups of digits are no further apart than words are: what is, are halves of two numbers in narrow columns.
        const GROUP: f64 = 0.5;
        const OVER: f64 = -0.5;
        let mut texts = std::mem::take(&mut self.0);
        texts.sort_by(|(a, _), (b, _)| a.y.total_cmp(&b.y));
        let mut lines: Vec<Vec<(Spot, String)>> = Vec::new();
        for (spot, text) in texts {
            match lines.last_mut() {
                Some(line) if line.first().is_some_and(|(first, _)| spot.y - first.y <= first.height * LINE) => {
                    line.push((spot, text));
                }
                _ => lines.push(vec![(spot, text)]),
            }
        }
        let join = |mut line: Vec<(Spot, String)>| {
            line.sort_by(|(a, _), (b, _)| a.x.total_cmp(&b.x));
            let (mut out, mut end) = (String::new(), None);
            for (spot, text) in line {
                let gap = end.map_or(0.0, |end: f64| spot.x - end);
                let are_digits =
                    out.ends_with(|c: char| c.is_ascii_digit()) && text.starts_with(|c: char| c.is_ascii_digit());
                let cell = if are_digits { GROUP } else { CELL };
                if gap > spot.height * cell || gap < spot.height * OVER {
                    out.push('\t');
                } else if gap > spot.height * WORD {
                    out.push(' ');
                }
                // Line ends within would part a row.
                out.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }));
                end = Some(spot.x + spot.width);
            }
            out.push('\n');
            out
        };
        lines.into_iter().map(join).collect()
    }
}

/// How points of one space lie in another: `x' = a·x + c·y + e`, `y' = b·x + d·y + f`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Turn(pub(super) [f64; 6]);

impl Turn {
    pub(super) const NONE: Self = Self([1.0, 0.0, 0.0, 1.0, 0.0, 0.0]);

    pub(super) fn point(self, x: f64, y: f64) -> (f64, f64) {
        let [a, b, c, d, e, f] = self.0;
        (a * x + c * y + e, b * x + d * y + f)
    }

    /// This one first, `next` behind it.
    pub(super) fn then(self, next: Self) -> Self {
        let [a, b, c, d, e, f] = self.0;
        let [na, nb, nc, nd, ..] = next.0;
        let (x, y) = next.point(e, f);
        Self([na * a + nc * b, nb * a + nd * b, na * c + nc * d, nb * c + nd * d, x, y])
    }
}

/// A font, as far as it decides how text is read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Font {
    pub(super) height: f64,
    /// Its letters of one byte are Vietnamese ones.
    pub(super) is_vietnamese: bool,
}

impl Font {
    /// The number of the Vietnamese set (`VIETNAMESE_CHARSET`, MS-WMF §2.1.1.5).
    pub(super) const VIETNAMESE: u8 = 163;
    /// What a device writes with before it is told.
    pub(super) const STOCK: Self = Self { height: 16.0, is_vietnamese: false };

    /// Text of one byte a letter. Text in TCVN3 and other old fonts stays as it lies; whoever reads it knows those.
    pub(super) fn decode(self, bytes: &[u8]) -> String {
        let set = if self.is_vietnamese { encoding_rs::WINDOWS_1258 } else { encoding_rs::WINDOWS_1252 };
        set.decode_without_bom_handling(bytes).0.into_owned()
    }
}

/// Where text stands relative to its point, as `SetTextAlign` has it.
const UPDATES: u32 = 1;
const RIGHT: u32 = 2;
const CENTRE: u32 = 6;

/// What a device context remembers from call to call.
#[derive(Clone, Debug)]
pub(super) struct Context {
    /// `SetMapMode`: 1 points, 2 to 6 measures with the second axis upwards, 7 and 8 as window and viewport tell.
    pub(super) mode: u32,
    pub(super) window: [f64; 4],
    pub(super) viewport: [f64; 4],
    pub(super) world: Turn,
    pub(super) font: Font,
    pub(super) align: u32,
    /// Where the pen is.
    pub(super) pen: (f64, f64),
}

impl Default for Context {
    fn default() -> Self {
        let frame = [0.0, 0.0, 1.0, 1.0];
        Self {
            mode: 1,
            window: frame,
            viewport: frame,
            world: Turn::NONE,
            font: Font::STOCK,
            align: 0,
            pen: (0.0, 0.0),
        }
    }
}

impl Context {
    fn turn(&self) -> Turn {
        let [left, top, width, height] = self.window;
        let [to_left, to_top, to_width, to_height] = self.viewport;
        let (x, y) = match self.mode {
            7 | 8 if width != 0.0 && height != 0.0 => (to_width / width, to_height / height),
            2..=6 => (1.0, -1.0),
            _ => (1.0, 1.0),
        };
        self.world.then(Turn([x, 0.0, 0.0, y, to_left - left * x, to_top - top * y]))
    }

    /// Where a text of `letters` stands that is written at a point; `width` is told by whoever knows it.
    pub(super) fn spot(&mut self, at: (f64, f64), letters: usize, width: Option<f64>) -> Spot {
        // Letters are about half as wide as high.
        let high = self.font.height.abs();
        let wide = width.unwrap_or(high * 0.5 * letters as f64);
        let mut at = if self.align & UPDATES == 0 { at } else { self.pen };
        if self.align & UPDATES != 0 {
            self.pen.0 += wide;
        }
        match self.align & CENTRE {
            CENTRE => at.0 -= wide / 2.0,
            RIGHT => at.0 -= wide,
            _ => {}
        }
        let turn = self.turn();
        let (x, y) = turn.point(at.0, at.1);
        let [a, b, c, d, ..] = turn.0;
        Spot { x, y, width: wide * a.hypot(b), height: high * c.hypot(d) }
    }
}

/// Contexts that were saved, and the present one.
#[derive(Default)]
pub(super) struct Contexts {
    pub(super) now: Context,
    saved: Vec<Context>,
}

impl Contexts {
    /// More than programs ever save.
    const SAVED_MAX: usize = 1_024;

    pub(super) fn save(&mut self) {
        if self.saved.len() < Self::SAVED_MAX {
            self.saved.push(self.now.clone());
        }
    }

    /// Goes back to one that was saved: counted from the last one if negative, else by its number.
    pub(super) fn restore(&mut self, which: i32) {
        let keep = if which < 0 {
            self.saved.len().saturating_sub(which.unsigned_abs() as usize)
        } else {
            (which as usize).saturating_sub(1).min(self.saved.len())
        };
        if let Some(context) = self.saved.drain(keep..).next() {
            self.now = context;
        }
    }
}

/// The fonts among the objects of a metafile, by their number.
pub(super) type Fonts = HashMap<u32, Font>;
