//! The way through a file: its pages, its form, and then everything else in it.

use std::collections::HashSet;
use std::rc::Rc;

use chot_model::{OpaqueReason, Secret};

use super::budget::{Budget, Stop};
use super::content::{Interpreter, Seen, Tally};
use super::document::{Document, STREAM_MAX};
use super::drawing::Drawing;
use super::filter::State;
use super::glyphs::text_string;
use super::layout::Layout;
use super::lex::{Dict, Object};
use super::rest;
use crate::extract::Piece;
use crate::formats::drawn;

/// Pages of one file.
const PAGES_MAX: u32 = 100_000;
/// Levels of the page tree and of form fields.
const TREE_DEPTH_MAX: usize = 64;
/// Lines and curves that may be text turned into outlines: a few letters already take this many.
const STROKES_MAX: u64 = 400;
/// Codes drawn by areas; each costs what a small picture does.
const CODES_MAX: u32 = 32;
/// Longer names of fields announce nothing.
const NAME_MAX: usize = 400;
/// The content of one page that is in several streams: put together it is held twice.
const CONTENT_MAX: usize = 32 << 20;
/// The value of a field that is a stream of its own.
const VALUE_MAX: usize = 8 << 20;
/// Text is handed on in pieces of about this size.
const PIECE: usize = 1 << 16;

pub(super) fn walk(
    bytes: &[u8],
    budget: &Budget,
    passwords: &[Secret],
    each: &mut dyn FnMut(Piece<'_>) -> bool,
) -> Result<(), Stop> {
    let document = Document::open(bytes, budget, passwords)?;
    let mut walk =
        Walk { document: &document, each, layout: Layout::default(), seen: Seen::default(), pages: 0, codes: 0 };
    if document.is_locked {
        return walk.opaque("", OpaqueReason::Encrypted, usize::MAX);
    }
    let ended = walk.all();
    if let Err(Stop::Bound(_)) = ended {
        // What was read until then is told.
        walk.layout.end_page();
        walk.flush(0)?;
    }
    ended
}

/// What is under way.
pub(super) struct Walk<'w, 'a> {
    pub(super) document: &'w Document<'a>,
    each: &'w mut dyn FnMut(Piece<'_>) -> bool,
    pub(super) layout: Layout,
    pub(super) seen: Seen,
    pages: u32,
    codes: u32,
}

/// A node of the page tree, with the resources it inherits.
struct Node {
    object: Object,
    resources: Rc<Dict>,
    depth: usize,
}

impl Walk<'_, '_> {
    pub(super) fn tell(&mut self, piece: Piece<'_>) -> Result<(), Stop> {
        if (self.each)(piece) { Ok(()) } else { Err(Stop::Closed) }
    }

    /// A part of so many bytes was not understood.
    pub(super) fn opaque(&mut self, part: &str, reason: OpaqueReason, bytes: usize) -> Result<(), Stop> {
        self.tell(Piece::Opaque { part, reason, bytes: bytes as u64 })
    }

    /// Hands on what was laid out.
    pub(super) fn flush(&mut self, min: usize) -> Result<(), Stop> {
        if let Some(text) = self.layout.take_text(min) {
            self.tell(Piece::Text { part: "", text: &text, again: false })?;
        }
        if self.layout.joined.len() > min {
            let text = std::mem::take(&mut self.layout.joined);
            self.tell(Piece::Text { part: "", text: &text, again: true })?;
        }
        Ok(())
    }

    pub(super) fn root(&self) -> Result<Dict, Stop> {
        Ok(self.document.key(&self.document.trailer, b"Root")?.dict().cloned().unwrap_or_default())
    }

    fn all(&mut self) -> Result<(), Stop> {
        self.pages()?;
        if self.pages == 0 {
            self.opaque("", OpaqueReason::ParseError, usize::MAX)?;
        }
        self.fields()?;
        rest::read(self)
    }

    fn pages(&mut self) -> Result<(), Stop> {
        let top = Node {
            object: self.root()?.get(b"Pages".as_slice()).cloned().unwrap_or(Object::Null),
            resources: Rc::default(),
            depth: 0,
        };
        let mut todo = vec![top];
        let mut met = HashSet::new();
        while let Some(node) = todo.pop() {
            if let Object::Ref(number) = node.object
                && !met.insert(number)
            {
                continue;
            }
            let object = self.document.resolve(&node.object)?;
            let Some(dict) = object.dict() else { continue };
            let resources = match self.document.key(dict, b"Resources")? {
                Object::Dict(own) => own,
                _ => node.resources,
            };
            let kids = self.document.key(dict, b"Kids")?;
            match kids.array() {
                Some(kids) if node.depth < TREE_DEPTH_MAX => {
                    self.document.budget.spend(kids.len())?;
                    let kid = |kid: &Object| Node {
                        object: kid.clone(),
                        resources: Rc::clone(&resources),
                        depth: node.depth + 1,
                    };
                    todo.extend(kids.iter().rev().map(kid));
                }
                Some(_) => self.opaque("", OpaqueReason::TooDeep, 1)?,
                None => {
                    self.pages += 1;
                    if self.pages > PAGES_MAX {
                        return self.opaque("", OpaqueReason::TooMany, 1);
                    }
                    self.page(dict, &resources)?;
                }
            }
        }
        self.layout.settle();
        self.flush(0)
    }

    fn page(&mut self, page: &Dict, resources: &Rc<Dict>) -> Result<(), Stop> {
        let name = format!("page {}", self.pages);
        let mut content = Vec::new();
        let contents = self.document.key(page, b"Contents")?;
        let parts = match &contents {
            Object::Array(parts) => parts.to_vec(),
            other => vec![other.clone()],
        };
        for part in &parts {
            let Object::Stream(stream) = self.document.resolve(part)? else { continue };
            *self.seen.runs.entry(stream.range.start).or_default() += 1;
            let max = if content.is_empty() { STREAM_MAX } else { CONTENT_MAX.saturating_sub(content.len()) };
            let decoded = self.document.decode_within(&stream, max)?;
            if let Some(reason) = unread(decoded.state, decoded.bytes.is_empty() && !stream.range.is_empty()) {
                self.opaque(&name, reason, stream.range.len())?;
            }
            if content.is_empty() {
                content = decoded.bytes;
            } else {
                // Many small parts are not copied for each of them, and large ones not held twice.
                let more = decoded.bytes.len() + 1;
                if content.capacity() - content.len() < more {
                    content.reserve_exact(more.max(content.len() / 4));
                }
                content.push(b'\n');
                content.extend_from_slice(&decoded.bytes);
            }
            if decoded.state == State::TooLarge {
                break;
            }
        }
        let document = self.document;
        let mut interpreter = Interpreter::new(document, &mut self.layout, &mut self.seen);
        interpreter.run(&content, resources)?;
        let len = content.len();
        drop(content);
        interpreter.layout.end_row();
        let annotations = document.key(page, b"Annots")?;
        for annotation in annotations.array().unwrap_or_default() {
            let annotation = document.resolve(annotation)?;
            let Some(annotation) = annotation.dict() else { continue };
            let looks = document.key(annotation, b"AP")?;
            for look in looks.dict().into_iter().flat_map(|d| d.values()) {
                match document.resolve(look)? {
                    Object::Stream(form) => interpreter.form(&form, resources)?,
                    // One for each state of a button.
                    Object::Dict(states) => {
                        for state in states.values() {
                            if let Object::Stream(form) = document.resolve(state)? {
                                interpreter.form(&form, resources)?;
                            }
                        }
                    }
                    _ => {}
                }
                interpreter.layout.end_row();
            }
        }
        let (tally, drawing) = (interpreter.tally, interpreter.drawing);
        self.layout.turn_page();
        self.drawn(&name, tally, &drawing, len)?;
        rest::inline(self)?;
        self.flush(PIECE)
    }

    /// Tells what is not read of a content of so many bytes, and reads the codes it draws.
    pub(super) fn drawn(&mut self, name: &str, tally: Tally, drawing: &Drawing, bytes: usize) -> Result<(), Stop> {
        if let Some(lack) = tally.lack {
            self.opaque(name, lack, bytes)?;
        }
        if tally.is_unread {
            self.opaque(name, OpaqueReason::UnknownEncoding, bytes)?;
        }
        let are_strokes = tally.glyphs == 0 && tally.pictures == 0 && tally.strokes > STROKES_MAX;
        if are_strokes || drawing.outlines.are_there {
            self.opaque(name, OpaqueReason::UnsupportedFormat, bytes)?;
        }
        /// Laying areas on a grid costs at least what its cells do.
        const GRID: usize = drawn::SIDE_MAX * drawn::SIDE_MAX;
        self.document.budget.spend(if drawing.raster.is_empty() { 0 } else { GRID })?;
        let (mut texts, mut unread) = (Vec::new(), None);
        let is_whole = drawing.raster.look(|rows| match drawn::codes(rows) {
            _ if self.codes >= CODES_MAX => false,
            Some(read) => {
                self.codes += 1;
                read.map_or_else(|reason| unread = Some(reason), |read| texts = read);
                true
            }
            None => false,
        });
        if let Some(reason) = unread {
            self.opaque(name, reason, bytes)?;
        }
        if !is_whole || self.codes == CODES_MAX {
            self.opaque(name, OpaqueReason::TooMany, 1)?;
        }
        for text in &texts {
            self.tell(Piece::Member { name: &format!("{name}/qr") })?;
            self.tell(Piece::Bytes(text))?;
        }
        Ok(())
    }

    /// The fields of the form (12.7), each with the name that announces its value.
    fn fields(&mut self) -> Result<(), Stop> {
        let form = self.document.key(&self.root()?, b"AcroForm")?;
        let Some(form) = form.dict() else { return Ok(()) };
        let fields = self.document.key(form, b"Fields")?;
        let mut todo: Vec<(Object, Rc<str>, usize)> =
            fields.array().unwrap_or_default().iter().rev().map(|f| (f.clone(), Rc::default(), 0)).collect();
        let mut met = HashSet::new();
        while let Some((object, parent, depth)) = todo.pop() {
            if let Object::Ref(number) = object
                && !met.insert(number)
            {
                continue;
            }
            let object = self.document.resolve(&object)?;
            let Some(field) = object.dict() else { continue };
            let text = |key: &[u8]| {
                let value = self.document.key(field, key)?;
                Ok::<_, Stop>(match &value {
                    Object::String(bytes) => text_string(bytes),
                    Object::Name(name) => Some(String::from_utf8_lossy(name).into_owned()),
                    Object::Stream(stream) => {
                        let decoded = self.document.decode_within(stream, VALUE_MAX)?;
                        let lack = unread(decoded.state, decoded.bytes.is_empty() && !stream.range.is_empty());
                        lack.into_iter().for_each(|lack| self.document.lacks(lack));
                        text_string(&decoded.bytes)
                    }
                    _ => None,
                })
            };
            // What is shown to people says more than the name that programs use.
            let short = |name: String| name.chars().take(NAME_MAX).collect::<String>().into();
            let name: Rc<str> = match (text(b"TU")?, text(b"T")?) {
                (Some(shown), _) if !shown.trim().is_empty() => short(shown),
                (_, Some(own)) => short(own),
                _ => parent,
            };
            for key in [b"V".as_slice(), b"DV"] {
                if let Some(value) = text(key)?.filter(|v| !v.trim().is_empty()) {
                    self.tell(Piece::Field { part: "form", name: &name, value: &value })?;
                }
            }
            let kids = self.document.key(field, b"Kids")?;
            if depth < TREE_DEPTH_MAX {
                self.document.budget.spend(kids.array().map_or(0, <[Object]>::len))?;
                let kids = kids.array().unwrap_or_default().iter().rev();
                todo.extend(kids.map(|kid| (kid.clone(), Rc::clone(&name), depth + 1)));
            }
        }
        Ok(())
    }
}

/// What a decoding that did not go through means.
pub(super) fn unread(state: State, is_empty: bool) -> Option<OpaqueReason> {
    match state {
        State::Whole => None,
        // Readers show what came before the damage, and so do we.
        State::Damaged => is_empty.then_some(OpaqueReason::ParseError),
        State::TooLarge => Some(OpaqueReason::TooLarge),
        State::Unknown => Some(OpaqueReason::UnsupportedFormat),
    }
}
