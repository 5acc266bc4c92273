//! Where the objects of a file lie: its cross-reference tables and streams, and what a scan of the whole file finds when
//! they lead nowhere (ISO 32000-2, 7.5.4 and 7.5.8).

use std::collections::BTreeSet;

use chot_model::OpaqueReason;

use super::budget::Stop;
use super::document::{Document, Entry};
use super::lex::{Dict, Lexer, Object, Stream, is_blank};

/// Objects of one file; the standard's own limit is eight times that (annex C).
const OBJECTS_MAX: usize = 1_000_000;
/// Tables chained by incremental updates.
const UPDATES_MAX: usize = 1_024;

impl Document<'_> {
    /// Finds everything of the shape `12 0 obj`.
    pub(super) fn scan(&mut self) -> Result<(), Stop> {
        self.budget.spend(self.bytes.len())?;
        for at in memchr::memmem::find_iter(self.bytes, b"obj") {
            if let Some((number, start)) = self.heading_before(at) {
                if self.scanned.len() >= OBJECTS_MAX {
                    return Err(Stop::Bound(OpaqueReason::TooMany));
                }
                self.scanned.push((number, start));
                self.last.insert(number, start);
            }
        }
        Ok(())
    }

    fn heading_before(&self, at: usize) -> Option<(u32, usize)> {
        const BLANKS_MAX: usize = 32;
        const DIGITS_MAX: usize = 10;
        let back = |end: usize, max: usize, kind: fn(u8) -> bool| {
            let before = self.bytes.get(..end).unwrap_or_default();
            end - before.iter().rev().take(max).take_while(|b| kind(**b)).count()
        };
        let digit = |b: u8| b.is_ascii_digit();
        let generation_end = back(at, BLANKS_MAX, is_blank);
        let generation = back(generation_end, 5, digit);
        let number_end = back(generation, BLANKS_MAX, is_blank);
        let start = back(number_end, DIGITS_MAX, digit);
        if generation == generation_end || number_end == generation || start == number_end {
            return None;
        }
        let number = str::from_utf8(self.bytes.get(start..number_end)?).ok()?.parse().ok()?;
        Some((number, start))
    }

    /// Reads the chain of tables from the end of the file.
    pub(super) fn tables(&mut self) -> Result<(), Stop> {
        let mut next = memchr::memmem::rfind(self.bytes, b"startxref")
            .and_then(|at| Lexer::file(self.bytes, at + b"startxref".len()).object())
            .and_then(|o| usize::try_from(o.int()?).ok());
        let shift = memchr::memmem::find(self.bytes, b"%PDF-").unwrap_or(0);
        let mut seen = BTreeSet::new();
        while let Some(at) = next.take() {
            if !seen.insert(at) || seen.len() > UPDATES_MAX {
                break;
            }
            let Some(trailer) = [at, at + shift].into_iter().find_map(|at| self.section(at).transpose()).transpose()?
            else {
                self.is_damaged.set(true);
                break;
            };
            let int = |key: &[u8]| trailer.get(key).and_then(Object::int).and_then(|n| usize::try_from(n).ok());
            // A hybrid file: the stream knows objects that the table hides from old readers (7.5.8.4).
            if let Some(hidden) = int(b"XRefStm")
                && seen.insert(hidden)
            {
                self.section(hidden)?;
            }
            next = int(b"Prev");
            for (key, value) in trailer {
                self.trailer.entry(key).or_insert(value);
            }
        }
        Ok(())
    }

    /// Reads one table or cross-reference stream and tells its trailer.
    fn section(&mut self, at: usize) -> Result<Option<Dict>, Stop> {
        let mut lexer = Lexer::file(self.bytes, at.min(self.bytes.len()));
        lexer.skip_blanks();
        let start = lexer.at;
        if !lexer.rest().starts_with(b"xref") {
            let Some((_, Object::Stream(stream))) = self.parse_at(at)? else { return Ok(None) };
            if stream.dict.get(b"Type".as_slice()).and_then(Object::name) != Some(b"XRef") {
                return Ok(None);
            }
            self.stream_table(&stream)?;
            return Ok(Some(stream.dict.clone()));
        }
        lexer.at += b"xref".len();
        loop {
            let Some(first) = lexer.object() else { return Ok(None) };
            match first {
                Object::Int(first) => {
                    let Some(count) = lexer.object().and_then(|o| o.int()) else { return Ok(None) };
                    for number in first..first.saturating_add(count) {
                        let before = lexer.at;
                        let entry = (lexer.object(), lexer.object(), lexer.object());
                        let (Some(Object::Int(at)), Some(Object::Int(_)), Some(Object::Word(kind))) = entry else {
                            // Fewer than announced.
                            lexer.at = before;
                            break;
                        };
                        let used = if &*kind == b"n" { usize::try_from(at).ok().map(Entry::At) } else { None };
                        self.note(number, used.unwrap_or(Entry::Free))?;
                    }
                    self.budget.spend(lexer.at - start)?;
                }
                Object::Word(word) if &*word == b"trailer" => {
                    let trailer = lexer.object();
                    self.cover(start..lexer.at);
                    return Ok(trailer.and_then(|t| t.dict().cloned()));
                }
                _ => return Ok(None),
            }
        }
    }

    fn stream_table(&mut self, stream: &Stream) -> Result<(), Stop> {
        let data = self.decode(stream)?.bytes;
        let ints = |key: &[u8]| -> Vec<usize> {
            let array = stream.dict.get(key).and_then(Object::array).unwrap_or_default();
            array.iter().filter_map(|o| usize::try_from(o.int()?).ok()).collect()
        };
        let widths = ints(b"W");
        let [kind, second, third] = *widths.as_slice() else { return Ok(()) };
        let row = kind.saturating_add(second).saturating_add(third);
        if row == 0 || row > 32 {
            return Ok(());
        }
        let mut index = ints(b"Index");
        if index.is_empty() {
            index = vec![0, OBJECTS_MAX];
        }
        let mut rows = data.chunks_exact(row);
        for pair in index.chunks_exact(2) {
            let [first, count] = *pair else { break };
            for number in first..first.saturating_add(count) {
                let Some(fields) = rows.next() else { return Ok(()) };
                let field = |from: usize, len: usize| {
                    let bytes = fields.get(from..from + len).unwrap_or_default();
                    bytes.iter().fold(0usize, |n, b| n << 8 | usize::from(*b))
                };
                let entry = match if kind == 0 { 1 } else { field(0, kind) } {
                    1 => Entry::At(field(kind, second)),
                    2 => u32::try_from(field(kind, second)).map_or(Entry::Free, Entry::In),
                    _ => Entry::Free,
                };
                self.note(number as i64, entry)?;
            }
        }
        Ok(())
    }

    /// Newer tables are read first and win.
    fn note(&mut self, number: i64, entry: Entry) -> Result<(), Stop> {
        if self.table.len() >= OBJECTS_MAX {
            return Err(Stop::Bound(OpaqueReason::TooMany));
        }
        if let Ok(number) = u32::try_from(number) {
            self.table.entry(number).or_insert(entry);
        }
        Ok(())
    }

    /// Makes a table from the scan when the tables lead nowhere.
    pub(super) fn mend(&mut self) -> Result<(), Stop> {
        let pages = self.key(&self.trailer, b"Root").and_then(|root| match root.dict() {
            Some(root) => self.key(root, b"Pages"),
            None => Ok(Object::Null),
        })?;
        if pages.dict().is_some() {
            return Ok(());
        }
        self.is_damaged.set(true);
        for (number, at) in &self.scanned {
            self.table.insert(*number, Entry::At(*at));
        }
        self.cache.borrow_mut().clear();
        self.packed.borrow_mut().clear();
        for at in memchr::memmem::find_iter(self.bytes, b"trailer") {
            if let Some(Object::Dict(trailer)) = Lexer::file(self.bytes, at + b"trailer".len()).object() {
                self.budget.spend(trailer.len())?;
                self.trailer.extend(trailer.iter().map(|(k, v)| (k.clone(), v.clone())));
            }
        }
        let (mut packs, mut root) = (Vec::new(), None);
        for (number, at) in self.scanned.clone() {
            let Some((_, object)) = self.parse_at(at)? else { continue };
            let Some(dict) = object.dict() else { continue };
            match dict.get(b"Type".as_slice()).and_then(Object::name) {
                Some(b"Catalog") => root = Some(number),
                Some(b"ObjStm") => packs.push(number),
                Some(b"XRef") => self.trailer.extend(dict.iter().map(|(k, v)| (k.clone(), v.clone()))),
                _ => {}
            }
        }
        self.unlock()?;
        for pack in packs {
            let Some(packed) = self.packed(pack)? else { continue };
            for (number, _) in &packed.index {
                self.table.insert(*number, Entry::In(pack));
            }
            for n in 0..packed.index.len() {
                let Some((number, object, _)) = self.unpack(&packed, n)? else { continue };
                let kind = object.dict().and_then(|d| d.get(b"Type".as_slice())).and_then(Object::name);
                if kind == Some(b"Catalog") {
                    root = Some(number);
                }
            }
        }
        if let Some(root) = root {
            self.trailer.insert(b"Root".as_slice().into(), Object::Ref(root));
        }
        Ok(())
    }
}
