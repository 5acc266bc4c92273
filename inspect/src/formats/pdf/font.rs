//! A font as a reader of text needs it: codes cut out of strings, what each stands for, and how wide it is
//! (ISO 32000-2, 9.6 to 9.10).

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::budget::Stop;
use super::cmap::CMap;
use super::document::Document;
use super::glyphs::{Encoding, Widths, named, standard_widths};
use super::lex::{Dict, Object, Stream};
use super::program::{self, Program};

/// A glyph that a string shows.
pub(super) struct Glyph {
    /// What it stands for; `None` when nothing tells.
    pub(super) text: Option<Rc<str>>,
    /// In units of the font size.
    pub(super) width: f64,
    /// A single byte of value 32, which word spacing applies to.
    pub(super) is_space: bool,
    /// Nothing tells what it stands for, and `text` is what most programs would mean.
    pub(super) is_guess: bool,
}

/// What the fonts of a file take of memory, those that no page shows any more not counted.
#[derive(Clone, Default)]
pub(super) struct Kept(Rc<Cell<usize>>);

impl Kept {
    /// With more, those that nothing uses are forgotten.
    pub(super) const BYTES_MAX: usize = 24 << 20;

    pub(super) fn bytes(&self) -> usize {
        self.0.get()
    }
}

/// The share of one font.
#[derive(Default)]
struct Share {
    kept: Kept,
    bytes: usize,
}

impl Drop for Share {
    fn drop(&mut self) {
        self.kept.0.set(self.kept.0.get().saturating_sub(self.bytes));
    }
}

pub(super) struct Font {
    cut: Cut,
    to_unicode: Option<CMap>,
    meaning: Meaning,
    widths: Breadth,
    pub(super) is_vertical: bool,
    /// Its glyphs are drawings of the file's own; their matrix says how wide a unit is.
    known: RefCell<HashMap<u32, Option<Rc<str>>>>,
    /// Its codes mean nothing by themselves, and are taken for ASCII.
    is_guess: bool,
    share: Share,
}

/// How a string is cut into codes.
enum Cut {
    One,
    Two,
    Spaces(Vec<(usize, u32, u32)>),
    /// One byte, or two when the first is a lead byte of this encoding.
    Legacy(&'static encoding_rs::Encoding),
}

/// What a code stands for without a map to Unicode.
enum Meaning {
    Simple(Box<[Option<char>; 256]>),
    Utf16,
    Legacy(&'static encoding_rs::Encoding),
    /// The map from selectors to glyphs is missing when it is the identity.
    Glyphs(Box<Glyphs>),
    Nothing,
}

enum Breadth {
    Simple { first: i64, widths: Vec<f64>, missing: f64 },
    Standard(&'static Widths),
    Composite(Box<Composite>),
}

/// Glyphs known from the font program.
struct Glyphs {
    selectors: Option<CMap>,
    to_glyph: Option<Vec<u8>>,
    program: Program,
}

/// Widths by selector.
struct Composite {
    widths: HashMap<u32, f64>,
    ranges: Vec<(u32, u32, f64)>,
    default: f64,
    selectors: Option<CMap>,
}

/// Codes whose meaning is kept.
const KNOWN_MAX: usize = 1_024;
/// Glyphs of one font.
const GLYPHS_MAX: usize = 1 << 16;
/// More widths than glyphs.
const WIDTHS_MAX: usize = 100_000;

impl Font {
    /// What to make of a font that is missing or makes no sense: text in the standard encoding.
    pub(super) fn fallback() -> Self {
        Self {
            cut: Cut::One,
            to_unicode: None,
            meaning: Meaning::Simple(Box::new(std::array::from_fn(|c| Encoding::WinAnsi.char(c as u8)))),
            widths: Breadth::Standard(standard_widths(b"")),
            is_vertical: false,
            known: RefCell::default(),
            is_guess: false,
            share: Share::default(),
        }
    }

    pub(super) fn read(document: &Document<'_>, dict: &Dict, kept: &Kept) -> Result<Self, Stop> {
        let to_unicode = match document.key(dict, b"ToUnicode")? {
            Object::Stream(stream) => Some(Self::map(document, &stream)?).filter(|map| !map.is_empty()),
            _ => None,
        };
        let subtype = document.key(dict, b"Subtype")?;
        let mut font = if subtype.name() == Some(b"Type0") {
            Self::composite(document, dict, to_unicode)?
        } else {
            Self::simple(document, dict, to_unicode)?
        };
        let bytes = font.weight();
        kept.0.set(kept.0.get() + bytes);
        font.share = Share { kept: kept.clone(), bytes };
        Ok(font)
    }

    /// What it takes of memory.
    fn weight(&self) -> usize {
        /// A font that says nothing, an entry of a table.
        const FONT: usize = 8 << 10;
        const ENTRY: usize = 32;
        let map = |map: &Option<CMap>| map.as_ref().map_or(0, CMap::weight);
        let meaning = match &self.meaning {
            Meaning::Glyphs(glyphs) => {
                let table = glyphs.to_glyph.as_ref().map_or(0, Vec::len);
                map(&glyphs.selectors) + table + glyphs.program.glyphs.len() * ENTRY
            }
            _ => 0,
        };
        let widths = match &self.widths {
            Breadth::Composite(widths) => map(&widths.selectors) + (widths.widths.len() + widths.ranges.len()) * ENTRY,
            _ => 0,
        };
        FONT + map(&self.to_unicode) + meaning + widths
    }

    /// A map of codes, read.
    fn map(document: &Document<'_>, stream: &Stream) -> Result<CMap, Stop> {
        let bytes = document.decode(stream)?.bytes;
        document.budget.run(bytes.len())?;
        Ok(CMap::parse(&bytes))
    }

    fn simple(document: &Document<'_>, dict: &Dict, to_unicode: Option<CMap>) -> Result<Self, Stop> {
        let descriptor = document.key(dict, b"FontDescriptor")?;
        let descriptor = descriptor.dict();
        let base_font = document.key(dict, b"BaseFont")?;
        let encoding = document.key(dict, b"Encoding")?;
        let base = match &encoding {
            Object::Name(name) => Encoding::by_name(name),
            Object::Dict(dict) => document.key(dict, b"BaseEncoding")?.name().and_then(Encoding::by_name),
            _ => None,
        };
        let mut chars: [Option<char>; 256] = [None; 256];
        let program = match descriptor {
            Some(descriptor) if base.is_none() => Self::program(document, descriptor)?,
            _ => None,
        };
        let is_symbolic = match descriptor {
            Some(d) => document.key(d, b"Flags")?.int().is_some_and(|flags| flags & 4 != 0),
            None => false,
        };
        let is_own = document.key(dict, b"Subtype")?.name() == Some(b"Type3");
        let mut is_guess = false;
        match (base, &program) {
            (Some(base), _) => chars = std::array::from_fn(|c| base.char(c as u8)),
            (None, Some(program)) if !program.codes.is_empty() => {
                for (code, c) in &program.codes {
                    if let Some(slot) = chars.get_mut(usize::from(*code)) {
                        *slot = Some(*c);
                    }
                }
            }
            // A font of its own order that tells nothing: its codes mean nothing. Programs that leave letters out keep
            // ASCII in its place, as Ghostscript does.
            (None, Some(_)) if is_symbolic => {
                is_guess = to_unicode.is_none();
                let ascii = |c: u8| Some(char::from(c)).filter(|c| is_guess && (c.is_ascii_graphic() || *c == ' '));
                chars = std::array::from_fn(|c| ascii(c as u8));
            }
            (None, _) if is_own => {}
            (None, _) => chars = std::array::from_fn(|c| Encoding::Standard.char(c as u8)),
        }
        if let Some(encoding) = encoding.dict() {
            let mut code = 0i64;
            let differences = document.key(encoding, b"Differences")?;
            document.budget.spend(differences.array().map_or(0, <[Object]>::len))?;
            for item in differences.array().unwrap_or_default() {
                match document.resolve(item)? {
                    Object::Int(n) => code = n,
                    Object::Name(name) => {
                        if let Some(slot) = usize::try_from(code).ok().and_then(|c| chars.get_mut(c)) {
                            *slot = named(&name);
                        }
                        code = code.saturating_add(1);
                    }
                    _ => {}
                }
            }
        }
        // Glyphs of a Type 3 font have a scale of their own.
        let scale = if is_own {
            let matrix = document.key(dict, b"FontMatrix")?;
            matrix.array().and_then(|m| m.first()).and_then(Object::number).unwrap_or(0.001).abs()
        } else {
            0.001
        };
        let widths = match document.key(dict, b"Widths")? {
            Object::Array(widths) => {
                let widths: Vec<_> = widths.iter().take(256).map(|w| document.resolve(w)).collect::<Result<_, _>>()?;
                let missing = match descriptor {
                    Some(d) => document.key(d, b"MissingWidth")?.number().unwrap_or(0.0) * scale,
                    None => 0.0,
                };
                Breadth::Simple {
                    first: document.key(dict, b"FirstChar")?.int().unwrap_or(0),
                    widths: widths.iter().map(|w| w.number().unwrap_or(0.0) * scale).collect(),
                    missing,
                }
            }
            _ => Breadth::Standard(standard_widths(base_font.name().unwrap_or_default())),
        };
        let meaning = Meaning::Simple(Box::new(chars));
        let known = RefCell::default();
        let share = Share::default();
        Ok(Self { cut: Cut::One, to_unicode, meaning, widths, is_vertical: false, known, is_guess, share })
    }

    /// The font program that a descriptor leads to.
    fn program(document: &Document<'_>, descriptor: &Dict) -> Result<Option<Program>, Stop> {
        type Read = fn(&[u8]) -> Program;
        let kinds: [(&[u8], Read); 3] =
            [(b"FontFile2", program::open_type), (b"FontFile3", any_compact), (b"FontFile", program::type_1)];
        for (key, read) in kinds {
            if let Object::Stream(stream) = document.key(descriptor, key)? {
                let bytes = document.decode(&stream)?.bytes;
                document.budget.run(bytes.len())?;
                return Ok(Some(read(&bytes)));
            }
        }
        Ok(None)
    }

    fn composite(document: &Document<'_>, dict: &Dict, to_unicode: Option<CMap>) -> Result<Self, Stop> {
        let descendant = match document.key(dict, b"DescendantFonts")? {
            Object::Array(fonts) => document.resolve(fonts.first().unwrap_or(&Object::Null))?,
            other => other,
        };
        let empty = Dict::new();
        let descendant = descendant.dict().unwrap_or(&empty);
        let encoding = document.key(dict, b"Encoding")?;
        let mut selectors = None;
        let mut is_vertical = false;
        let (cut, meaning) = match &encoding {
            Object::Name(name) => {
                is_vertical = name.ends_with(b"-V");
                predefined(name)
            }
            Object::Stream(stream) => {
                let map = Self::map(document, stream)?;
                is_vertical = document.key(&stream.dict, b"WMode")?.int() == Some(1);
                let cut = if map.spaces.is_empty() { Cut::Two } else { Cut::Spaces(map.spaces.clone()) };
                selectors = Some(map);
                (cut, None)
            }
            _ => (Cut::Two, None),
        };
        let meaning = match (meaning, &to_unicode) {
            (Some(meaning), _) => meaning,
            (None, Some(_)) => Meaning::Nothing,
            (None, None) => {
                let descriptor = document.key(descendant, b"FontDescriptor")?;
                let program = match descriptor.dict() {
                    Some(descriptor) => Self::program(document, descriptor)?,
                    None => None,
                };
                let to_glyph = match document.key(descendant, b"CIDToGIDMap")? {
                    Object::Stream(stream) => Some(document.decode_within(&stream, 2 * GLYPHS_MAX)?.bytes),
                    _ => None,
                };
                let own = match &encoding {
                    Object::Stream(stream) => Some(Self::map(document, stream)?),
                    _ => None,
                };
                let program = program.unwrap_or_default();
                Meaning::Glyphs(Box::new(Glyphs { selectors: own, to_glyph, program }))
            }
        };
        let widths = Self::composite_widths(document, descendant, selectors)?;
        let (known, share) = (RefCell::default(), Share::default());
        Ok(Self { cut, to_unicode, meaning, widths, is_vertical, known, is_guess: false, share })
    }

    fn composite_widths(document: &Document<'_>, font: &Dict, selectors: Option<CMap>) -> Result<Breadth, Stop> {
        let (mut widths, mut ranges) = (HashMap::new(), Vec::new());
        let list = document.key(font, b"W")?;
        document.budget.spend(list.array().map_or(0, <[Object]>::len))?;
        let mut items = list.array().unwrap_or_default().iter();
        while let Some(first) = items.next().and_then(|o| u32::try_from(o.int()?).ok()) {
            match document.resolve(items.next().unwrap_or(&Object::Null))? {
                Object::Array(each) => {
                    document.budget.spend(each.len())?;
                    for (selector, width) in (first..).zip(each.iter().take(GLYPHS_MAX)) {
                        widths.insert(selector, width.number().unwrap_or(0.0) / 1_000.0);
                    }
                }
                last => {
                    let (Some(last), Some(width)) = (last.int(), items.next().and_then(Object::number)) else { break };
                    ranges.push((first, u32::try_from(last).unwrap_or(first), width / 1_000.0));
                }
            }
            if widths.len() + ranges.len() > WIDTHS_MAX {
                break;
            }
        }
        ranges.sort_by_key(|r| r.0);
        let default = document.key(font, b"DW")?.number().unwrap_or(1_000.0) / 1_000.0;
        Ok(Breadth::Composite(Box::new(Composite { widths, ranges, default, selectors })))
    }

    /// Cuts a string into glyphs.
    pub(super) fn glyphs(&self, string: &[u8], mut each: impl FnMut(Glyph)) {
        let mut rest = string;
        while !rest.is_empty() {
            let len = self.code_len(rest).clamp(1, rest.len());
            let (code, after) = rest.split_at(len);
            rest = after;
            let number = code.iter().fold(0u32, |n, b| n << 8 | u32::from(*b));
            let text = self.known.borrow().get(&number).cloned();
            let text = text.unwrap_or_else(|| {
                let text: Option<Rc<str>> = self.meaning(number, code).map(Into::into);
                let mut known = self.known.borrow_mut();
                if known.len() >= KNOWN_MAX {
                    known.clear();
                }
                known.insert(number, text.clone());
                text
            });
            each(Glyph { text, width: self.width(number), is_space: code == b" ", is_guess: self.is_guess });
        }
    }

    fn code_len(&self, rest: &[u8]) -> usize {
        match &self.cut {
            Cut::One => 1,
            Cut::Two => 2,
            Cut::Spaces(spaces) => {
                let mut code = 0u32;
                for (n, b) in rest.iter().take(4).enumerate() {
                    code = code << 8 | u32::from(*b);
                    if spaces.iter().any(|(len, low, high)| *len == n + 1 && within(*len, code, *low, *high)) {
                        return n + 1;
                    }
                }
                spaces.iter().map(|s| s.0).min().unwrap_or(1)
            }
            Cut::Legacy(encoding) => {
                let pair = rest.get(..2).unwrap_or_default();
                let single = rest.first().is_none_or(u8::is_ascii) || encoding.decode_without_bom_handling(pair).1;
                if single { 1 } else { 2 }
            }
        }
    }

    fn meaning(&self, number: u32, code: &[u8]) -> Option<String> {
        if let Some(text) = self.to_unicode.as_ref().and_then(|map| map.text(number)) {
            return Some(text);
        }
        let c = match &self.meaning {
            Meaning::Simple(chars) => (*chars.get(number as usize)?)?,
            Meaning::Utf16 => return Some(String::from_utf16_lossy(&[number as u16])),
            Meaning::Legacy(encoding) => {
                let (text, malformed) = encoding.decode_without_bom_handling(code);
                return (!malformed).then(|| text.into_owned());
            }
            Meaning::Glyphs(glyphs) => {
                let Glyphs { selectors, to_glyph, program } = &**glyphs;
                let selector = selectors.as_ref().map_or(Some(number), |map| map.selector(number))?;
                let glyph = match to_glyph {
                    Some(map) => {
                        let at = selector as usize * 2;
                        u16::from_be_bytes(*map.get(at..at + 2)?.first_chunk()?)
                    }
                    None => u16::try_from(selector).ok()?,
                };
                *program.glyphs.get(&glyph)?
            }
            Meaning::Nothing => return None,
        };
        Some(c.to_string())
    }

    fn width(&self, code: u32) -> f64 {
        match &self.widths {
            Breadth::Simple { first, widths, missing } => {
                let at = usize::try_from(i64::from(code) - first).ok();
                at.and_then(|at| widths.get(at)).copied().unwrap_or(*missing)
            }
            Breadth::Standard(widths) => {
                let at = (code as usize).checked_sub(0x20);
                f64::from(at.and_then(|at| widths.get(at)).copied().unwrap_or(556)) / 1_000.0
            }
            Breadth::Composite(composite) => {
                let Composite { widths, ranges, default, selectors } = &**composite;
                let selector = selectors.as_ref().and_then(|map| map.selector(code)).unwrap_or(code);
                widths.get(&selector).copied().unwrap_or_else(|| {
                    let end = ranges.partition_point(|r| r.0 <= selector);
                    let near = ranges.get(..end).and_then(|r| r.last());
                    near.filter(|r| selector <= r.1).map_or(*default, |r| r.2)
                })
            }
        }
    }
}

/// Each byte of a code lies within the bytes of the range (9.7.6.2).
fn within(len: usize, code: u32, low: u32, high: u32) -> bool {
    (0..len).all(|n| {
        let byte = |x: u32| x >> (8 * n) & 0xff;
        (byte(low)..=byte(high)).contains(&byte(code))
    })
}

/// Compact fonts come bare or within OpenType.
fn any_compact(bytes: &[u8]) -> Program {
    if bytes.starts_with(b"OTTO") || bytes.starts_with(&[0, 1, 0, 0]) {
        program::open_type(bytes)
    } else {
        program::compact(bytes)
    }
}

/// The predefined maps (9.7.5.2), as far as their names tell how text is encoded.
fn predefined(name: &[u8]) -> (Cut, Option<Meaning>) {
    let has = |part: &[u8]| memchr::memmem::find(name, part).is_some();
    let legacy = if has(b"RKSJ") {
        encoding_rs::SHIFT_JIS
    } else if has(b"GBK") || has(b"GB-EUC") || has(b"GBpc") {
        encoding_rs::GBK
    } else if has(b"B5") || has(b"ETen") || has(b"HKscs") {
        encoding_rs::BIG5
    } else if has(b"KSC") && !has(b"Uni") {
        encoding_rs::EUC_KR
    } else if has(b"UCS2") || has(b"UTF16") {
        return (Cut::Two, Some(Meaning::Utf16));
    } else {
        return (Cut::Two, None);
    };
    (Cut::Legacy(legacy), Some(Meaning::Legacy(legacy)))
}
