//! Content streams: the operators that show text, run in their order, whatever its colour or render mode: text that is
//! invisible or off the page is text (ISO 32000-2, 8 and 9).
//!
//! Nothing is drawn; strokes are counted, because a page of strokes alone may be text turned into outlines, and areas
//! kept, because they may draw a code (`drawing`).

use std::collections::HashMap;
use std::rc::Rc;

use chot_model::OpaqueReason;

use super::budget::Stop;
use super::document::{Document, STREAM_MAX};
use super::drawing::{Drawing, Pen, Shapes};
use super::font::{Font, Glyph, Kept};
use super::inline::Inline;
use super::layout::{Layout, Run};
use super::lex::{Dict, Lexer, Object, Stream, is_blank};
use super::walk::unread;

/// A matrix of the form `a b c d e f` (8.3.4).
pub(super) type Matrix = [f64; 6];

const IDENTITY: Matrix = [1.0, 0.0, 0.0, 1.0, 0.0, 0.0];

pub(super) fn times(m: Matrix, n: Matrix) -> Matrix {
    let [a, b, c, d, e, f] = m;
    let [g, h, i, j, k, l] = n;
    [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l]
}

/// What pages share: fonts read, forms run, and what was seen.
#[derive(Default)]
pub(super) struct Seen {
    fonts: HashMap<u32, Rc<Font>>,
    /// The last font of each name, for streams that no page leads to.
    named: HashMap<Vec<u8>, Rc<Font>>,
    /// How often each stream was run, by its place.
    pub(super) runs: HashMap<usize, u32>,
    /// Text beside the shown one: replacements of marked content.
    pub(super) asides: String,
    pub(super) inline: Inline,
    kept: Kept,
    shapes: Shapes,
}

/// What a page came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) glyphs: u64,
    pub(super) strokes: u64,
    pub(super) pictures: u64,
    /// A run of glyphs that nothing tells the meaning of, as long as a number.
    pub(super) is_unread: bool,
    unread: u32,
    /// Bytes of text: a map may make a page of a letter.
    shown: usize,
    /// Why something of the content was not run, if it was not.
    pub(super) lack: Option<OpaqueReason>,
}

#[derive(Clone)]
struct State {
    matrix: Matrix,
    font: Rc<Font>,
    size: f64,
    spacing: f64,
    word_spacing: f64,
    scale: f64,
    leading: f64,
    rise: f64,
    pen: Pen,
}

/// Forms within forms.
const FORMS_MAX: u32 = 16;
/// The same text again and again is the same text.
const RUNS_MAX: u32 = 32;
/// States saved at a time (annex C allows 28).
const SAVED_MAX: usize = 512;
const OPERANDS_MAX: usize = 1_024;
/// What they take of memory.
const OPERANDS_BYTES_MAX: usize = 32 << 20;
/// Glyphs in a row that nothing tells the meaning of; the shortest number of a person has eight signs.
const UNREAD_MAX: u32 = 8;
/// Text that one page shows.
const SHOWN_MAX: usize = 32 << 20;
/// Fonts kept at a time.
const FONTS_MAX: usize = 1_024;
/// Replacement texts of one file.
const ASIDES_MAX: usize = 16 << 20;
/// Contents of forms within forms that are held at a time.
const OPEN_MAX: usize = STREAM_MAX;

/// Runs one page or form.
pub(super) struct Interpreter<'r, 'a> {
    pub(super) document: &'r Document<'a>,
    pub(super) layout: &'r mut Layout,
    pub(super) seen: &'r mut Seen,
    pub(super) tally: Tally,
    pub(super) drawing: Drawing,
    depth: u32,
    /// Bytes of the contents under way.
    open: usize,
    text: Matrix,
    line: Matrix,
    state: State,
    saved: Vec<State>,
    /// Saved beyond the limit.
    lost: u32,
}

impl<'r, 'a> Interpreter<'r, 'a> {
    pub(super) fn new(document: &'r Document<'a>, layout: &'r mut Layout, seen: &'r mut Seen) -> Self {
        let state = State {
            matrix: IDENTITY,
            font: Rc::new(Font::fallback()),
            size: 1.0,
            spacing: 0.0,
            word_spacing: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            pen: Pen::default(),
        };
        let tally = Tally::default();
        Self {
            document,
            layout,
            seen,
            tally,
            drawing: Drawing::default(),
            depth: 0,
            open: 0,
            text: IDENTITY,
            line: IDENTITY,
            state,
            saved: Vec::new(),
            lost: 0,
        }
    }

    /// Runs a form (8.10): an object with content of its own.
    pub(super) fn form(&mut self, stream: &Stream, outer: &Rc<Dict>) -> Result<(), Stop> {
        let runs = self.seen.runs.entry(stream.range.start).or_default();
        *runs += 1;
        if *runs > RUNS_MAX || self.depth >= FORMS_MAX {
            // A square may be a form, and a code hundreds of those.
            if let Some(shape) = self.seen.shapes.get(&stream.range.start) {
                self.drawing.show(shape, self.state.matrix, self.state.pen);
            }
            return Ok(());
        }
        let decoded = self.document.decode_within(stream, OPEN_MAX.saturating_sub(self.open))?;
        let lack = unread(decoded.state, decoded.bytes.is_empty() && !stream.range.is_empty());
        self.tally.lack = self.tally.lack.or(lack);
        let own = match self.document.key(&stream.dict, b"Resources")? {
            Object::Dict(own) => own,
            _ => Rc::clone(outer),
        };
        let before = self.state.clone();
        let begin = self.drawing.begin_form(before.matrix);
        if let Some(matrix) = self.document.key(&stream.dict, b"Matrix")?.array().and_then(matrix) {
            self.state.matrix = times(matrix, self.state.matrix);
        }
        let (text, line, saved) = (self.text, self.line, std::mem::take(&mut self.saved));
        self.depth += 1;
        let ran = self.run(&decoded.bytes, &own);
        self.depth -= 1;
        self.drawing.end_form(&begin, stream.range.start, &mut self.seen.shapes);
        (self.text, self.line, self.saved, self.state) = (text, line, saved, before);
        ran
    }

    /// Runs the operators of a content stream.
    pub(super) fn run(&mut self, content: &[u8], resources: &Rc<Dict>) -> Result<(), Stop> {
        self.document.budget.run(content.len())?;
        self.open += content.len();
        let mut lexer = Lexer::content(content);
        let mut operands: Vec<Object> = Vec::new();
        let mut held = 0;
        let mut steps = 0u32;
        while let Some(object) = lexer.object() {
            let Object::Word(operator) = object else {
                held += lexer.weight;
                if operands.len() < OPERANDS_MAX && held < OPERANDS_BYTES_MAX {
                    operands.push(object);
                } else if held >= OPERANDS_BYTES_MAX {
                    lexer.lack = lexer.lack.or(Some(OpaqueReason::TooLarge));
                }
                continue;
            };
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(1_024) {
                self.document.budget.spend(0)?;
            }
            if &*operator == b"BI" {
                self.inline(&mut lexer)?;
            } else {
                self.operate(&operator, &operands, resources)?;
                if self.tally.shown > SHOWN_MAX {
                    return Err(Stop::Bound(OpaqueReason::TooLarge));
                }
            }
            operands.clear();
            held = 0;
        }
        self.tally.lack = self.tally.lack.or(lexer.lack);
        self.open -= content.len();
        Ok(())
    }

    fn operate(&mut self, operator: &[u8], operands: &[Object], resources: &Rc<Dict>) -> Result<(), Stop> {
        let n = |at: usize| operands.get(at).and_then(Object::number).unwrap_or(0.0);
        match operator {
            b"q" if self.saved.len() < SAVED_MAX => self.saved.push(self.state.clone()),
            b"q" => self.lost += 1,
            b"Q" if self.lost > 0 => self.lost -= 1,
            b"Q" => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            b"cm" => self.state.matrix = matrix(operands).map_or(self.state.matrix, |m| times(m, self.state.matrix)),
            b"BT" => (self.text, self.line) = (IDENTITY, IDENTITY),
            b"Tf" => {
                if let Some(name) = operands.first().and_then(Object::name) {
                    self.state.font = self.font(name, resources)?;
                }
                self.state.size = n(1);
            }
            b"Tc" => self.state.spacing = n(0),
            b"Tw" => self.state.word_spacing = n(0),
            b"Tz" => self.state.scale = n(0) / 100.0,
            b"TL" => self.state.leading = n(0),
            b"Ts" => self.state.rise = n(0),
            b"Td" => self.next_line(n(0), n(1)),
            b"TD" => {
                self.state.leading = -n(1);
                self.next_line(n(0), n(1));
            }
            b"Tm" => {
                if let Some(matrix) = matrix(operands) {
                    (self.text, self.line) = (matrix, matrix);
                }
            }
            b"T*" => self.next_line(0.0, -self.state.leading),
            b"Tj" => self.show(operands),
            b"TJ" => self.show(operands.first().and_then(Object::array).unwrap_or_default()),
            b"'" => {
                self.next_line(0.0, -self.state.leading);
                self.show(operands);
            }
            b"\"" => {
                (self.state.word_spacing, self.state.spacing) = (n(0), n(1));
                self.next_line(0.0, -self.state.leading);
                self.show(operands.get(2..).unwrap_or_default());
            }
            b"Do" => self.external(operands, resources)?,
            b"gs" => self.graphics_state(operands, resources)?,
            b"BDC" | b"DP" => self.marked(operands, resources)?,
            b"cs" | b"CS" => self.colour_space(operator, operands, resources)?,
            _ => {
                self.tally.strokes += u64::from(matches!(operator, b"l" | b"c" | b"v" | b"y"));
                self.drawing.operate(operator, operands, self.state.matrix, &mut self.state.pen);
            }
        }
        Ok(())
    }

    fn colour_space(&mut self, operator: &[u8], operands: &[Object], resources: &Dict) -> Result<(), Stop> {
        let spaces = self.document.key(resources, b"ColorSpace")?;
        let named = operands.first().and_then(Object::name).and_then(|name| spaces.dict()?.get(name));
        let space = named.map_or(Ok(Object::Null), |space| self.document.resolve(space))?;
        let kind = space.array().and_then(|space| space.first()).and_then(Object::name);
        self.drawing.space(operator == b"cs", kind == Some(b"Separation"), &mut self.state.pen);
        Ok(())
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line = times([1.0, 0.0, 0.0, 1.0, x, y], self.line);
        self.text = self.line;
    }

    /// Shows strings, with steps between them in thousandths of the font size.
    fn show(&mut self, items: &[Object]) {
        let mut pending = Pending::default();
        for item in items {
            if let Some(step) = item.number() {
                let by = -step / 1_000.0 * self.state.size;
                // More than a kern: what follows is placed on its own, so that the layout sees the gap.
                if by > 0.12 * self.state.size.abs() || by < -0.5 * self.state.size.abs() {
                    self.flush(&mut pending);
                }
                self.advance(by);
            } else if let Some(string) = item.string() {
                let font = Rc::clone(&self.state.font);
                font.glyphs(string, |glyph| self.glyph(&glyph, &mut pending));
            }
        }
        self.flush(&mut pending);
    }

    fn glyph(&mut self, glyph: &Glyph, pending: &mut Pending) {
        if pending.text.is_empty() {
            pending.start = self.place();
        }
        match &glyph.text {
            Some(text) => {
                pending.text.push_str(text);
                self.tally.shown += text.len();
                if !text.trim().is_empty() {
                    self.tally.glyphs += 1;
                    match glyph.is_guess {
                        true => self.unread(),
                        false => self.tally.unread = 0,
                    }
                }
            }
            None => {
                pending.text.push('\u{fffd}');
                self.tally.glyphs += 1;
                self.unread();
            }
        }
        let spacing = self.state.spacing + if glyph.is_space { self.state.word_spacing } else { 0.0 };
        let width = if self.state.font.is_vertical { 1.0 } else { glyph.width };
        self.advance_glyph(width * self.state.size, spacing, pending);
    }

    /// A glyph of which nothing tells what it is.
    fn unread(&mut self) {
        self.tally.unread += 1;
        self.tally.is_unread |= self.tally.unread >= UNREAD_MAX;
    }

    /// Wide spacing pulls a text apart: then each glyph stands on its own.
    fn advance_glyph(&mut self, width: f64, spacing: f64, pending: &mut Pending) {
        let wide = spacing > 0.16 * self.state.size.abs();
        if wide {
            self.advance(width);
            self.flush(pending);
            self.advance(spacing);
        } else {
            self.advance(width + spacing);
        }
    }

    fn advance(&mut self, by: f64) {
        let step = if self.state.font.is_vertical {
            [1.0, 0.0, 0.0, 1.0, 0.0, -by]
        } else {
            [1.0, 0.0, 0.0, 1.0, by * self.state.scale, 0.0]
        };
        self.text = times(step, self.text);
    }

    /// Where the next glyph begins, on the page.
    fn place(&self) -> (f64, f64) {
        let [_, _, _, _, x, y] = times([1.0, 0.0, 0.0, 1.0, 0.0, self.state.rise], times(self.text, self.state.matrix));
        (x, y)
    }

    fn flush(&mut self, pending: &mut Pending) {
        if pending.text.is_empty() {
            return;
        }
        let [a, b, c, d, _, _] = times(self.text, self.state.matrix);
        let (x, y, size) = if self.state.font.is_vertical {
            (-c, -d, a.hypot(b) * self.state.size)
        } else {
            (a * self.state.size.signum(), b * self.state.size.signum(), c.hypot(d) * self.state.size)
        };
        let length = x.hypot(y);
        let direction = if length > 1e-9 { (x / length, y / length) } else { (1.0, 0.0) };
        let run = Run { text: &pending.text, start: pending.start, end: self.place(), direction, size: size.abs() };
        self.layout.push(&run);
        pending.text.clear();
    }

    fn font(&mut self, name: &[u8], resources: &Dict) -> Result<Rc<Font>, Stop> {
        let fonts = self.document.key(resources, b"Font")?;
        let found = fonts.dict().and_then(|fonts| fonts.get(name));
        let Some(object) = found else {
            // A stream that no page leads to: fonts mostly have one name all through a file.
            return Ok(self.seen.named.get(name).map_or_else(|| Rc::new(Font::fallback()), Rc::clone));
        };
        self.load(object, name)
    }

    fn load(&mut self, object: &Object, name: &[u8]) -> Result<Rc<Font>, Stop> {
        if let Object::Ref(number) = object
            && let Some(known) = self.seen.fonts.get(number)
        {
            return Ok(Rc::clone(known));
        }
        /// Reading a font costs about this much even when it says nothing.
        const FONT_WORK: usize = 4_096;
        self.document.budget.spend(FONT_WORK)?;
        // Those that no content under way uses are read again when they are shown again.
        if self.seen.fonts.len() >= FONTS_MAX || self.seen.kept.bytes() > Kept::BYTES_MAX {
            self.seen.fonts.clear();
            self.seen.named.clear();
        }
        if self.seen.kept.bytes() > 2 * Kept::BYTES_MAX {
            return Err(Stop::Bound(OpaqueReason::TooLarge));
        }
        let dict = self.document.resolve(object)?;
        let font = match dict.dict() {
            Some(dict) => Rc::new(Font::read(self.document, dict, &self.seen.kept)?),
            None => Rc::new(Font::fallback()),
        };
        if let Object::Ref(number) = object {
            self.seen.fonts.insert(*number, Rc::clone(&font));
            self.seen.named.insert(name.to_vec(), Rc::clone(&font));
        }
        Ok(font)
    }

    fn external(&mut self, operands: &[Object], resources: &Rc<Dict>) -> Result<(), Stop> {
        let Some(name) = operands.first().and_then(Object::name) else { return Ok(()) };
        let objects = self.document.key(resources, b"XObject")?;
        let Some(objects) = objects.dict() else { return Ok(()) };
        let Object::Stream(stream) = self.document.key(objects, name)? else { return Ok(()) };
        match self.document.key(&stream.dict, b"Subtype")?.name() {
            Some(b"Form") => return self.form(&stream, resources),
            Some(b"Image") => self.tally.pictures += 1,
            _ => {}
        }
        Ok(())
    }

    /// A font may also come with a graphics state.
    fn graphics_state(&mut self, operands: &[Object], resources: &Dict) -> Result<(), Stop> {
        let states = self.document.key(resources, b"ExtGState")?;
        let name = operands.first().and_then(Object::name).unwrap_or_default();
        let Some(states) = states.dict() else { return Ok(()) };
        let state = self.document.key(states, name)?;
        let Some(state) = state.dict() else { return Ok(()) };
        if let Some([font, size]) = self.document.key(state, b"Font")?.array() {
            self.state.font = self.load(font, b"")?;
            self.state.size = size.number().unwrap_or(self.state.size);
        }
        Ok(())
    }

    /// Marked content may carry a text that stands for what is shown.
    fn marked(&mut self, operands: &[Object], resources: &Dict) -> Result<(), Stop> {
        let properties = match operands.get(1) {
            Some(Object::Name(name)) => {
                let named = self.document.key(resources, b"Properties")?;
                named.dict().map_or(Ok(Object::Null), |d| self.document.key(d, name))?
            }
            Some(other) => other.clone(),
            None => return Ok(()),
        };
        for key in [b"ActualText".as_slice(), b"Alt", b"E"] {
            let text = properties.dict().and_then(|d| d.get(key)).and_then(Object::string);
            if let Some(text) = text.and_then(super::glyphs::text_string) {
                self.document.budget.spend(text.len())?;
                if self.seen.asides.len() > ASIDES_MAX {
                    return Err(Stop::Bound(OpaqueReason::TooLarge));
                }
                self.seen.asides.push_str(&text);
                self.seen.asides.push('\n');
            }
        }
        Ok(())
    }

    /// A picture within the content (8.9.7): its dictionary, and bytes up to `EI`.
    fn inline(&mut self, lexer: &mut Lexer<'_>) -> Result<(), Stop> {
        let mut dict = Dict::new();
        loop {
            match lexer.object() {
                Some(Object::Name(key)) => {
                    if let Some(value) = lexer.object() {
                        dict.insert(key, value);
                    }
                }
                Some(Object::Word(word)) if &*word == b"ID" => break,
                Some(_) => {}
                None => return Ok(()),
            }
        }
        // One blank, then the bytes.
        let rest = lexer.rest().get(1..).unwrap_or_default();
        let ends = |at: &usize| {
            let before = at.checked_sub(1).and_then(|n| rest.get(n)).is_none_or(|b| is_blank(*b));
            let after = rest.get(at + 2..).unwrap_or_default();
            // Two letters between blanks happen in pictures, too; then what follows is no content.
            let plain = after.iter().take(12).all(|b| is_blank(*b) || (0x20..0x7f).contains(b));
            before && after.first().is_none_or(|b| is_blank(*b)) && plain
        };
        let end = memchr::memmem::find_iter(rest, b"EI").find(ends);
        let len = end.unwrap_or(rest.len());
        self.tally.pictures += 1;
        let bytes = rest.get(..len).unwrap_or_default();
        if self.seen.inline.push(dict, bytes).is_none() {
            self.tally.lack = self.tally.lack.or(Some(OpaqueReason::TooMany));
        }
        lexer.at = (lexer.at + 1 + len + 2).min(lexer.bytes.len());
        Ok(())
    }
}

/// Glyphs that go on where the last ones ended.
#[derive(Default)]
struct Pending {
    text: String,
    start: (f64, f64),
}

fn matrix(operands: &[Object]) -> Option<Matrix> {
    let mut matrix = [0.0; 6];
    if operands.len() < 6 {
        return None;
    }
    for (slot, operand) in matrix.iter_mut().zip(operands) {
        *slot = operand.number()?;
    }
    matrix.iter().all(|x| x.is_finite()).then_some(matrix)
}
