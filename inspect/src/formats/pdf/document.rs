//! A file as its objects: cross-reference tables and streams, object streams, incremental updates, and what no table
//! mentions (ISO 32000-2, 7.5).
//!
//! Readers disagree on damaged files, and older versions of an object can be brought back; so the tables say what an
//! object is, and a scan of the whole file what else there is. Nothing here knows what objects mean.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::rc::Rc;

use chot_model::{OpaqueReason, Secret};

use super::budget::{Budget, Stop};
use super::crypt::{Crypt, Method};
use super::filter::{self, Decoded};
use super::lex::{Dict, Lexer, Object, Stream, is_blank};

/// Where an object lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Free,
    At(usize),
    /// In the object stream of this number.
    In(u32),
}

/// Number and generation of an object.
pub(super) type Id = (u32, u16);

pub(super) struct Document<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) budget: &'a Budget,
    passwords: &'a [Secret],
    pub(super) table: BTreeMap<u32, Entry>,
    /// Every object that begins somewhere in the file: number, place. In the order of the file.
    pub(super) scanned: Vec<(u32, usize)>,
    /// The last place of each number.
    pub(super) last: HashMap<u32, usize>,
    pub(super) trailer: Dict,
    crypt: Option<Crypt>,
    /// It is encrypted, and no password opened it.
    pub(super) is_locked: bool,
    /// The tables do not fit the file.
    pub(super) is_damaged: Cell<bool>,
    pub(super) cache: RefCell<HashMap<u32, Object>>,
    cached_bytes: Cell<usize>,
    /// Why something of an object was passed over, if it was.
    lack: Cell<Option<OpaqueReason>>,
    pub(super) packed: RefCell<HashMap<u32, Rc<Packed>>>,
    /// Bytes that belong to an object or table.
    covered: RefCell<BTreeMap<usize, usize>>,
    nesting: Cell<u32>,
}

/// An object stream, decoded.
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// Number and place of each object.
    pub(super) index: Vec<(u32, usize)>,
    /// Which of them has a number.
    by_number: HashMap<u32, usize>,
}

impl Packed {
    /// What it takes of memory.
    fn weight(&self) -> usize {
        const ENTRY: usize = 64;
        self.bytes.len() + self.index.len() * ENTRY
    }
}

/// What an object takes of memory beside what it holds.
const OBJECT: usize = 128;

/// Objects kept parsed, in bytes of memory.
const CACHE_MAX: usize = 32 << 20;
/// A stream that makes more is no content, and no font either.
pub(super) const STREAM_MAX: usize = 64 << 20;
/// A picture or attached file that makes more is not held in memory.
const FILE_MAX: usize = 128 << 20;
/// Objects of one object stream; real ones hold hundreds.
const PACK_MAX: usize = 250_000;
/// References that lead to references, and lengths that are objects.
const NESTING_MAX: u32 = 8;

impl<'a> Document<'a> {
    pub(super) fn open(bytes: &'a [u8], budget: &'a Budget, passwords: &'a [Secret]) -> Result<Self, Stop> {
        let mut document = Self {
            bytes,
            budget,
            passwords,
            table: BTreeMap::new(),
            scanned: Vec::new(),
            last: HashMap::new(),
            trailer: Dict::new(),
            crypt: None,
            is_locked: false,
            is_damaged: Cell::new(false),
            cache: RefCell::default(),
            cached_bytes: Cell::new(0),
            lack: Cell::new(None),
            packed: RefCell::default(),
            covered: RefCell::default(),
            nesting: Cell::new(0),
        };
        document.scan()?;
        document.tables()?;
        document.mend()?;
        document.unlock()?;
        Ok(document)
    }

    pub(super) fn unlock(&mut self) -> Result<(), Stop> {
        if self.crypt.is_some() || self.is_locked {
            return Ok(());
        }
        let encrypt = self.key(&self.trailer, b"Encrypt")?;
        let Some(encrypt) = encrypt.dict() else { return Ok(()) };
        let mut resolved = Dict::new();
        for (key, value) in encrypt {
            resolved.insert(key.clone(), self.resolve(value)?);
        }
        let id = self.key(&self.trailer, b"ID")?;
        let id = match id.array().and_then(|ids| ids.first()) {
            Some(id) => self.resolve(id)?,
            None => Object::Null,
        };
        self.crypt = Crypt::open(&resolved, id.string().unwrap_or_default(), self.passwords);
        self.is_locked = self.crypt.is_none();
        // What was read on the way was not decrypted.
        self.cache.borrow_mut().clear();
        self.packed.borrow_mut().clear();
        Ok(())
    }

    /// The numbers of all objects that the tables know.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.table.iter().filter(|(_, entry)| **entry != Entry::Free).map(|(number, _)| *number).collect()
    }

    /// Places of objects that no table leads to: older versions, and those left out.
    pub(super) fn strays(&self) -> Vec<usize> {
        let known: BTreeSet<usize> =
            self.table.values().filter_map(|e| if let Entry::At(at) = e { Some(*at) } else { None }).collect();
        let shift = memchr::memmem::find(self.bytes, b"%PDF-").unwrap_or(0);
        let stray = |at: &usize| !known.contains(at) && (shift == 0 || !known.contains(&at.saturating_sub(shift)));
        self.scanned.iter().map(|(_, at)| *at).filter(stray).collect()
    }

    /// The object of this number; null when there is none.
    pub(super) fn get(&self, number: u32) -> Result<Object, Stop> {
        if let Some(known) = self.cache.borrow().get(&number) {
            return Ok(known.clone());
        }
        if self.nesting.get() >= NESTING_MAX {
            return Ok(Object::Null);
        }
        self.nesting.set(self.nesting.get() + 1);
        let found = self.load(number);
        self.nesting.set(self.nesting.get() - 1);
        let (object, cost) = found?;
        self.cached_bytes.set(self.cached_bytes.get() + cost);
        if self.cached_bytes.get() > CACHE_MAX {
            self.cache.borrow_mut().clear();
            self.cached_bytes.set(cost);
        }
        self.cache.borrow_mut().insert(number, object.clone());
        Ok(object)
    }

    fn load(&self, number: u32) -> Result<(Object, usize), Stop> {
        match self.table.get(&number) {
            None | Some(Entry::Free) => Ok((Object::Null, OBJECT)),
            Some(Entry::In(stream)) => {
                let Some(packed) = self.packed(*stream)? else { return Ok((Object::Null, OBJECT)) };
                let Some(n) = packed.by_number.get(&number).copied() else { return Ok((Object::Null, OBJECT)) };
                Ok(self.unpack(&packed, n)?.map_or((Object::Null, OBJECT), |(_, object, weight)| (object, weight)))
            }
            Some(Entry::At(at)) => {
                let shift =
                    memchr::memmem::find(self.bytes.get(..self.bytes.len().min(1_024)).unwrap_or_default(), b"%PDF-");
                let places = [Some(*at), shift.map(|s| at + s), self.last.get(&number).copied()];
                for at in places.into_iter().flatten() {
                    if let Some((found, object, weight)) = self.weighed_at(at)?
                        && found.0 == number
                    {
                        return Ok((object, weight));
                    }
                    self.is_damaged.set(true);
                }
                Ok((Object::Null, OBJECT))
            }
        }
    }

    pub(super) fn cover(&self, range: Range<usize>) {
        self.covered.borrow_mut().insert(range.start, range.end);
    }

    /// Takes note that something of an object was passed over.
    pub(super) fn lacks(&self, reason: OpaqueReason) {
        self.lack.set(self.lack.get().or(Some(reason)));
    }

    /// Why something of an object was passed over, if it was.
    pub(super) fn lack(&self) -> Option<OpaqueReason> {
        self.lack.get()
    }

    /// Reads the object that begins at this place.
    pub(super) fn parse_at(&self, at: usize) -> Result<Option<(Id, Object)>, Stop> {
        Ok(self.weighed_at(at)?.map(|(id, object, _)| (id, object)))
    }

    /// Reads an object, and what it takes of memory.
    fn weighed_at(&self, at: usize) -> Result<Option<(Id, Object, usize)>, Stop> {
        let mut lexer = Lexer::file(self.bytes, at.min(self.bytes.len()));
        lexer.skip_blanks();
        let start = lexer.at;
        let header = (lexer.object(), lexer.object(), lexer.object());
        let (Some(Object::Int(number)), Some(Object::Int(generation)), Some(Object::Word(word))) = header else {
            return Ok(None);
        };
        let (Ok(number), Ok(generation)) = (u32::try_from(number), u16::try_from(generation)) else { return Ok(None) };
        if let Some(behind) = word.strip_prefix(b"obj".as_slice()) {
            // `1 0 obj12`: the word took too much.
            lexer.at -= behind.len();
        } else {
            return Ok(None);
        }
        let id = (number, generation);
        let Some(object) = lexer.object() else { return Ok(None) };
        let weight = OBJECT + lexer.weight;
        lexer.lack.into_iter().for_each(|lack| self.lacks(lack));
        self.budget.spend(lexer.at - start)?;
        let object = self.decrypted(object, id);
        lexer.skip_blanks();
        let object = match object {
            Object::Dict(dict) if lexer.rest().starts_with(b"stream") => {
                let from = lexer.at + b"stream".len();
                let line = match self.bytes.get(from..).unwrap_or_default() {
                    [b'\r', b'\n', ..] => 2,
                    [b'\n' | b'\r', ..] => 1,
                    [b' ', b'\r', b'\n', ..] => 3,
                    [b' ', b'\n', ..] => 2,
                    _ => 0,
                };
                let range = self.extent(&dict, from + line)?;
                lexer.at = range.end;
                Object::Stream(Rc::new(Stream { dict: Rc::unwrap_or_clone(dict), range, id }))
            }
            object => object,
        };
        for word in [b"endstream".as_slice(), b"endobj"] {
            lexer.skip_blanks();
            if lexer.rest().starts_with(word) {
                lexer.at += word.len();
            }
        }
        self.cover(start..lexer.at);
        Ok(Some((id, object, weight)))
    }

    /// Where the bytes of a stream end: where its length says, if its end stands there, else where it is found.
    fn extent(&self, dict: &Dict, from: usize) -> Result<Range<usize>, Stop> {
        let length = self.key(dict, b"Length")?.int().and_then(|n| usize::try_from(n).ok());
        if let Some(end) = length.and_then(|n| from.checked_add(n))
            && let Some(behind) = self.bytes.get(end..)
        {
            let blanks = behind.iter().take(4).take_while(|b| is_blank(**b)).count();
            if behind.get(blanks..).unwrap_or_default().starts_with(b"endstream") {
                return Ok(from..end);
            }
        }
        let rest = self.bytes.get(from..).unwrap_or_default();
        let end = memchr::memmem::find(rest, b"endstream").or_else(|| memchr::memmem::find(rest, b"endobj"));
        let len = end.unwrap_or(rest.len());
        self.budget.spend(len)?;
        Ok(from..from + len)
    }

    /// Strings of an object, decrypted.
    fn decrypted(&self, object: Object, id: Id) -> Object {
        let Some(crypt) = self.crypt.as_ref().filter(|c| c.strings != Method::Identity) else { return object };
        match object {
            Object::String(bytes) => Object::String(crypt.decrypt(crypt.strings, id, &bytes).into()),
            Object::Array(items) => {
                let items = Rc::unwrap_or_clone(items).into_iter().map(|o| self.decrypted(o, id)).collect();
                Object::Array(Rc::new(items))
            }
            Object::Dict(dict) => {
                let dict = Rc::unwrap_or_clone(dict).into_iter().map(|(k, o)| (k, self.decrypted(o, id))).collect();
                Object::Dict(Rc::new(dict))
            }
            object => object,
        }
    }

    /// The object itself, or what it refers to.
    pub(super) fn resolve(&self, object: &Object) -> Result<Object, Stop> {
        let mut object = object.clone();
        for _ in 0..NESTING_MAX {
            match object {
                Object::Ref(number) => object = self.get(number)?,
                object => return Ok(object),
            }
        }
        Ok(Object::Null)
    }

    /// What a dictionary has under a key, references followed.
    pub(super) fn key(&self, dict: &Dict, key: &[u8]) -> Result<Object, Stop> {
        dict.get(key).map_or(Ok(Object::Null), |value| self.resolve(value))
    }

    /// What a stream holds that is read here.
    pub(super) fn decode(&self, stream: &Stream) -> Result<Decoded, Stop> {
        self.decode_within(stream, STREAM_MAX)
    }

    /// What a stream holds that is handed on: a picture, an attached file.
    pub(super) fn decode_file(&self, stream: &Stream) -> Result<Decoded, Stop> {
        self.decode_within(stream, FILE_MAX)
    }

    /// What a stream holds, if that is no more than `max`.
    pub(super) fn decode_within(&self, stream: &Stream, max: usize) -> Result<Decoded, Stop> {
        let mut filters = self.filters(&stream.dict)?;
        let mut raw = self.bytes.get(stream.range.clone()).unwrap_or_default();
        let decrypted;
        if let Some(crypt) = &self.crypt {
            let kind = stream.dict.get(b"Type".as_slice()).and_then(Object::name);
            let own = filters.iter().find(|(name, _)| name == b"Crypt");
            let method = match (kind, own) {
                (Some(b"XRef"), _) => Method::Identity,
                (Some(b"Metadata"), _) if !crypt.metadata => Method::Identity,
                (_, Some((_, params))) => {
                    crypt.named(params.get(b"Name".as_slice()).and_then(Object::name).unwrap_or_default())
                }
                _ => crypt.streams,
            };
            if method != Method::Identity {
                self.budget.spend(raw.len())?;
                decrypted = crypt.decrypt(method, stream.id, raw);
                raw = &decrypted;
            }
        }
        filters.truncate(16);
        let decoded = filter::decode(raw, &filters, self.budget.decoded_max(max));
        self.budget.decoded(decoded.bytes.len())?;
        Ok(decoded)
    }

    /// The filters of a stream with their parameters. Inline pictures use the short keys.
    pub(super) fn filters(&self, dict: &Dict) -> Result<Vec<(Vec<u8>, Dict)>, Stop> {
        let either = |long: &[u8], short: &[u8]| {
            Ok::<_, Stop>(match self.key(dict, long)? {
                Object::Null => self.key(dict, short)?,
                found => found,
            })
        };
        // `/F` of a stream proper is a file outside.
        let names = match either(b"Filter", b"F")? {
            Object::Array(names) => names.iter().map(|o| self.resolve(o)).collect::<Result<Vec<_>, _>>()?,
            name => vec![name],
        };
        let params = match either(b"DecodeParms", b"DP")? {
            Object::Array(params) => params.iter().map(|o| self.resolve(o)).collect::<Result<Vec<_>, _>>()?,
            params => vec![params],
        };
        let mut filters = Vec::new();
        for (n, name) in names.iter().enumerate() {
            let Some(name) = name.name() else { continue };
            let mut own = Dict::new();
            for (key, value) in params.get(n).and_then(Object::dict).into_iter().flatten() {
                own.insert(key.clone(), self.resolve(value)?);
            }
            filters.push((name.to_vec(), own));
        }
        Ok(filters)
    }

    /// An object stream (7.5.7).
    pub(super) fn packed(&self, number: u32) -> Result<Option<Rc<Packed>>, Stop> {
        if let Some(known) = self.packed.borrow().get(&number) {
            return Ok(Some(Rc::clone(known)));
        }
        // It lies in the file itself: a stream within a stream is none.
        if let Some(Entry::In(_)) = self.table.get(&number) {
            return Ok(None);
        }
        let Object::Stream(stream) = self.get(number)? else { return Ok(None) };
        let packed = Rc::new(self.pack(&stream)?);
        // Few are in use at a time; decoding one twice costs budget.
        const PACKS_MAX: usize = 64;
        const BYTES_MAX: usize = 32 << 20;
        let mut kept = self.packed.borrow_mut();
        let bytes = kept.values().map(|packed| packed.weight()).sum::<usize>();
        if kept.len() >= PACKS_MAX || bytes.saturating_add(packed.weight()) > BYTES_MAX {
            kept.clear();
        }
        kept.insert(number, Rc::clone(&packed));
        Ok(Some(packed))
    }

    /// Decodes any stream as an object stream.
    pub(super) fn pack(&self, stream: &Stream) -> Result<Packed, Stop> {
        let bytes = self.decode(stream)?.bytes;
        let int = |key| Ok::<_, Stop>(self.key(&stream.dict, key)?.int().and_then(|n| usize::try_from(n).ok()));
        let (count, first) = (int(b"N")?.unwrap_or(0), int(b"First")?.unwrap_or(0));
        let mut index = Vec::new();
        let mut lexer = Lexer::content(bytes.get(..first.min(bytes.len())).unwrap_or_default());
        if count > PACK_MAX {
            self.lacks(OpaqueReason::TooMany);
        }
        for _ in 0..count.min(PACK_MAX) {
            let (Some(Object::Int(number)), Some(Object::Int(at))) = (lexer.object(), lexer.object()) else { break };
            if let (Ok(number), Ok(at)) = (u32::try_from(number), usize::try_from(at)) {
                index.push((number, first.saturating_add(at)));
            }
        }
        let by_number = index.iter().enumerate().rev().map(|(n, (number, _))| (*number, n)).collect();
        Ok(Packed { bytes, index, by_number })
    }

    /// The `n`th object of an object stream, its number, and what it takes of memory.
    pub(super) fn unpack(&self, packed: &Packed, n: usize) -> Result<Option<(u32, Object, usize)>, Stop> {
        let Some((number, at)) = packed.index.get(n) else { return Ok(None) };
        let mut lexer = Lexer::file(&packed.bytes, (*at).min(packed.bytes.len()));
        let object = lexer.object();
        lexer.lack.into_iter().for_each(|lack| self.lacks(lack));
        self.budget.spend(lexer.at.saturating_sub(*at))?;
        Ok(object.map(|object| (*number, object, OBJECT + lexer.weight)))
    }

    /// Tells `each` object of an object stream that the tables do not lead to.
    pub(super) fn hidden(
        &self,
        number: u32,
        stream: &Stream,
        mut each: impl FnMut(&Object) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let packed = self.pack(stream)?;
        for (n, (inner, _)) in packed.index.iter().enumerate() {
            if self.table.get(inner) != Some(&Entry::In(number))
                && let Some((_, object, _)) = self.unpack(&packed, n)?
            {
                each(&object)?;
            }
        }
        Ok(())
    }

    /// Bytes that belong to no object and no table.
    pub(super) fn gaps(&self) -> Vec<Range<usize>> {
        let (mut gaps, mut at) = (Vec::new(), 0);
        for (start, end) in &*self.covered.borrow() {
            if *start > at {
                gaps.push(at..*start);
            }
            at = at.max(*end);
        }
        if at < self.bytes.len() {
            gaps.push(at..self.bytes.len());
        }
        gaps
    }
}
