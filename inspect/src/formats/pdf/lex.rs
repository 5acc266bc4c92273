//! Bytes to objects: the syntax of PDF (ISO 32000-2, 7.2 and 7.3), for files and for content streams.
//!
//! It forgives what readers forgive and never fails: what makes no sense is passed over. It follows no reference.

use std::collections::BTreeMap;
use std::rc::Rc;

use chot_model::OpaqueReason;

/// A name, a key or the bytes of a string.
pub(super) type Bytes = Rc<[u8]>;

/// A dictionary. Of two equal keys the later one counts, as in most readers; the earlier stays under a key of its own,
/// because others show that one.
pub(super) type Dict = BTreeMap<Bytes, Object>;

/// An object.
#[derive(Clone, Debug)]
pub(super) enum Object {
    Null,
    Bool(bool),
    Int(i64),
    Real(f64),
    String(Bytes),
    Name(Bytes),
    Array(Rc<Vec<Self>>),
    Dict(Rc<Dict>),
    Stream(Rc<Stream>),
    Ref(u32),
    /// An operator, or a word that means nothing.
    Word(Bytes),
}

/// A stream: its dictionary, and where its bytes lie.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) dict: Dict,
    /// Bytes of the file.
    pub(super) range: std::ops::Range<usize>,
    /// Number and generation of its object, which its encryption depends on.
    pub(super) id: (u32, u16),
}

impl Object {
    pub(super) fn int(&self) -> Option<i64> {
        match self {
            Self::Int(n) => Some(*n),
            Self::Real(x) => Some(*x as i64),
            _ => None,
        }
    }

    pub(super) fn number(&self) -> Option<f64> {
        match self {
            Self::Int(n) => Some(*n as f64),
            Self::Real(x) => Some(*x),
            _ => None,
        }
    }

    pub(super) fn name(&self) -> Option<&[u8]> {
        if let Self::Name(name) = self { Some(name) } else { None }
    }

    pub(super) fn string(&self) -> Option<&[u8]> {
        if let Self::String(string) = self { Some(string) } else { None }
    }

    pub(super) fn array(&self) -> Option<&[Self]> {
        if let Self::Array(array) = self { Some(array) } else { None }
    }

    /// The dictionary, also that of a stream.
    pub(super) fn dict(&self) -> Option<&Dict> {
        match self {
            Self::Dict(dict) => Some(dict),
            Self::Stream(stream) => Some(&stream.dict),
            _ => None,
        }
    }
}

/// Deeper nesting is passed over; real files stay below ten.
const DEPTH_MAX: u32 = 48;
/// About as much memory one object may take: a bracket in the file may take hundreds of bytes.
const WEIGHT_MAX: usize = 32 << 20;
/// Longer strings and names are cut.
const STRING_MAX: usize = 2 << 20;
const NAME_MAX: usize = 1 << 16;
/// What an item, a string beside its bytes, an array and a dictionary take.
const ITEM: usize = 32;
const BYTES: usize = 32;
const ARRAY: usize = 48;
const DICT: usize = 512;
/// What an entry takes beside its key and its value.
const ENTRY: usize = 48;

/// Reads objects one after another.
pub(super) struct Lexer<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) at: usize,
    /// In a file two integers and `R` are a reference; in a content stream there are none.
    references: bool,
    /// What the last object takes of memory, about.
    pub(super) weight: usize,
    /// Why something of an object was passed over, if it was.
    pub(super) lack: Option<OpaqueReason>,
}

enum Token {
    Object(Object),
    ArrayOpen,
    ArrayClose,
    DictOpen,
    DictClose,
}

pub(super) fn is_blank(b: u8) -> bool {
    matches!(b, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

fn is_delimiter(b: u8) -> bool {
    matches!(b, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

impl<'a> Lexer<'a> {
    /// Reads the objects of a file.
    pub(super) fn file(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at, references: true, weight: 0, lack: None }
    }

    /// Reads a content stream.
    pub(super) fn content(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, references: false, weight: 0, lack: None }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let b = self.peek()?;
        self.at += 1;
        Some(b)
    }

    /// What is left.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn skip_blanks(&mut self) {
        while let Some(b) = self.peek() {
            if b == b'%' {
                let line = self.rest();
                self.at += memchr::memchr2(b'\r', b'\n', line).unwrap_or(line.len());
            } else if is_blank(b) {
                self.at += 1;
            } else {
                return;
            }
        }
    }

    /// The next object; `None` at the end.
    pub(super) fn object(&mut self) -> Option<Object> {
        self.weight = 0;
        loop {
            match self.token()? {
                Token::ArrayClose | Token::DictClose => {}
                token => return Some(self.complete(token, 0)),
            }
        }
    }

    fn complete(&mut self, token: Token, depth: u32) -> Object {
        self.weight += ITEM;
        match token {
            Token::ArrayOpen => {
                self.weight += ARRAY;
                self.array(depth + 1)
            }
            Token::DictOpen => {
                self.weight += DICT;
                Object::Dict(Rc::new(self.dict(depth + 1)))
            }
            Token::Object(Object::Int(n)) if self.references => self.reference(n),
            Token::Object(object) => object,
            Token::ArrayClose | Token::DictClose => Object::Null,
        }
    }

    fn is_full(&mut self, depth: u32) -> bool {
        let lack = match () {
            () if depth > DEPTH_MAX => OpaqueReason::TooDeep,
            () if self.weight > WEIGHT_MAX => OpaqueReason::TooMany,
            () => return false,
        };
        self.lack.get_or_insert(lack);
        true
    }

    /// A string or name, of which the end may be missing.
    fn kept(&mut self, bytes: &[u8], max: usize) -> Bytes {
        if bytes.len() > max {
            self.lack.get_or_insert(OpaqueReason::TooLarge);
        }
        let bytes = bytes.get(..max.min(bytes.len())).unwrap_or_default();
        self.weight += BYTES + bytes.len();
        bytes.into()
    }

    /// An integer, or the first of `12 0 R`.
    fn reference(&mut self, first: i64) -> Object {
        let before = self.at;
        let digits = |lexer: &mut Self| {
            lexer.skip_blanks();
            let from = lexer.at;
            while lexer.peek().is_some_and(|b| b.is_ascii_digit()) && lexer.at - from < 6 {
                lexer.at += 1;
            }
            lexer.at > from
        };
        if let Ok(number) = u32::try_from(first)
            && digits(self)
        {
            self.skip_blanks();
            let ends = self.bytes.get(self.at + 1).is_none_or(|b| is_blank(*b) || is_delimiter(*b));
            if self.peek() == Some(b'R') && ends {
                self.at += 1;
                return Object::Ref(number);
            }
        }
        self.at = before;
        Object::Int(first)
    }

    fn array(&mut self, depth: u32) -> Object {
        let mut items = Vec::new();
        loop {
            match self.token() {
                None | Some(Token::ArrayClose) => break,
                // A dictionary that ends here means that the bracket was forgotten.
                Some(Token::DictClose) => {
                    self.at -= 2;
                    break;
                }
                Some(token) => {
                    if self.is_full(depth) {
                        continue;
                    }
                    let item = self.complete(token, depth);
                    items.push(item);
                }
            }
        }
        Object::Array(Rc::new(items))
    }

    pub(super) fn dict(&mut self, depth: u32) -> Dict {
        let mut dict = Dict::new();
        let mut shadowed = 0u32;
        loop {
            let key = match self.token() {
                None | Some(Token::DictClose) => break,
                Some(Token::Object(Object::Name(key))) => key,
                Some(Token::Object(Object::Word(word))) if matches!(&*word, b"endobj" | b"stream") => {
                    self.at -= word.len();
                    break;
                }
                Some(_) => continue,
            };
            match self.token() {
                None | Some(Token::DictClose) => break,
                Some(Token::ArrayClose) => {}
                Some(token) => {
                    if self.is_full(depth) {
                        continue;
                    }
                    let value = self.complete(token, depth);
                    self.weight += ENTRY + key.len();
                    if let Some(earlier) = dict.insert(key.clone(), value) {
                        shadowed += 1;
                        dict.insert([&*key, format!("\0{shadowed}").as_bytes()].concat().into(), earlier);
                    }
                }
            }
        }
        dict
    }

    fn token(&mut self) -> Option<Token> {
        self.skip_blanks();
        let b = self.next()?;
        Some(match b {
            b'[' => Token::ArrayOpen,
            b']' => Token::ArrayClose,
            b'<' if self.peek() == Some(b'<') => {
                self.at += 1;
                Token::DictOpen
            }
            b'>' if self.peek() == Some(b'>') => {
                self.at += 1;
                Token::DictClose
            }
            b'<' => Token::Object(Object::String(self.hex())),
            b'(' => Token::Object(Object::String(self.literal())),
            b'/' => Token::Object(Object::Name(self.name())),
            b'+' | b'-' | b'.' | b'0'..=b'9' => Token::Object(self.number(b)),
            b'>' | b')' | b'{' | b'}' => Token::Object(Object::Word([b].as_slice().into())),
            _ => Token::Object(self.word()),
        })
    }

    fn regular(&mut self, from: usize) -> &'a [u8] {
        while self.peek().is_some_and(|b| !is_blank(b) && !is_delimiter(b)) {
            self.at += 1;
        }
        self.bytes.get(from..self.at).unwrap_or_default()
    }

    fn word(&mut self) -> Object {
        match self.regular(self.at - 1) {
            b"true" => Object::Bool(true),
            b"false" => Object::Bool(false),
            b"null" => Object::Null,
            // A longer one is no operator.
            word => Object::Word(word.get(..NAME_MAX.min(word.len())).unwrap_or_default().into()),
        }
    }

    fn number(&mut self, first: u8) -> Object {
        let (mut whole, mut part, mut scale) = (0i64, 0f64, 1f64);
        let (mut dot, mut digits) = (first == b'.', u32::from(first.is_ascii_digit()));
        if first.is_ascii_digit() {
            whole = i64::from(first - b'0');
        }
        while let Some(b) = self.peek() {
            match b {
                b'0'..=b'9' if dot => {
                    scale /= 10.0;
                    part += f64::from(b - b'0') * scale;
                }
                b'0'..=b'9' => whole = whole.saturating_mul(10).saturating_add(i64::from(b - b'0')),
                b'.' if !dot => dot = true,
                // `--5` and `5-3` are written by broken producers; readers take the digits.
                b'-' | b'+' => {}
                b'.' => {}
                _ => break,
            }
            digits += u32::from(b.is_ascii_digit());
            self.at += 1;
        }
        let sign = if first == b'-' { -1 } else { 1 };
        if digits == 0 {
            Object::Null
        } else if dot {
            Object::Real((whole as f64 + part) * f64::from(sign))
        } else {
            Object::Int(whole.saturating_mul(i64::from(sign)))
        }
    }

    fn name(&mut self) -> Bytes {
        let raw = self.regular(self.at);
        if raw.len() > NAME_MAX || !raw.contains(&b'#') {
            return self.kept(raw, NAME_MAX);
        }
        let (mut name, mut at) = (Vec::with_capacity(raw.len()), 0);
        while let Some(b) = raw.get(at) {
            let code = (*b == b'#').then(|| raw.get(at + 1..at + 3)).flatten();
            let code = code.and_then(|c| u8::from_str_radix(str::from_utf8(c).ok()?, 16).ok());
            name.push(code.unwrap_or(*b));
            at += if code.is_some() { 3 } else { 1 };
        }
        self.kept(&name, NAME_MAX)
    }

    fn hex(&mut self) -> Bytes {
        let (mut out, mut high) = (Vec::new(), None);
        while let Some(b) = self.next() {
            match (char::from(b).to_digit(16), high) {
                (Some(digit), None) => high = Some(digit as u8),
                (Some(digit), Some(h)) => {
                    push(&mut out, h << 4 | digit as u8);
                    high = None;
                }
                (None, _) if b == b'>' => break,
                (None, _) => {}
            }
        }
        out.extend(high.map(|h| h << 4));
        self.kept(&out, STRING_MAX)
    }

    fn literal(&mut self) -> Bytes {
        let (mut out, mut open) = (Vec::new(), 1u32);
        while let Some(b) = self.next() {
            match b {
                b'(' => open += 1,
                b')' => {
                    open -= 1;
                    if open == 0 {
                        break;
                    }
                }
                b'\\' => {
                    self.escape(&mut out);
                    continue;
                }
                // A line end is one line feed, however it is written.
                b'\r' => {
                    if self.peek() == Some(b'\n') {
                        self.at += 1;
                    }
                    push(&mut out, b'\n');
                    continue;
                }
                _ => {}
            }
            push(&mut out, b);
        }
        self.kept(&out, STRING_MAX)
    }

    fn escape(&mut self, out: &mut Vec<u8>) {
        let Some(b) = self.next() else { return };
        match b {
            b'n' => push(out, b'\n'),
            b'r' => push(out, b'\r'),
            b't' => push(out, b'\t'),
            b'b' => push(out, 8),
            b'f' => push(out, 12),
            b'\r' if self.peek() == Some(b'\n') => self.at += 1,
            b'\r' | b'\n' => {}
            b'0'..=b'7' => {
                let mut code = u32::from(b - b'0');
                for _ in 0..2 {
                    let Some(digit @ b'0'..=b'7') = self.peek() else { break };
                    code = code * 8 + u32::from(digit - b'0');
                    self.at += 1;
                }
                push(out, code as u8);
            }
            _ => push(out, b),
        }
    }
}

/// Takes a byte of a string; one more than it may have tells that there were more.
fn push(out: &mut Vec<u8>, b: u8) {
    if out.len() <= STRING_MAX {
        out.push(b);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn one(text: &str) -> String {
        format!("{:?}", Lexer::file(text.as_bytes(), 0).object())
    }

    #[test]
    fn objects_are_read_as_the_standard_writes_them() {
        for (text, expected) in [
            ("12", "Int(12)"),
            ("-.5", "Real(-0.5)"),
            ("12 0 R", "Ref(12)"),
            ("12 0 Rx", "Int(12)"),
            ("% a\n/A#42c", "Name([65, 66, 99])"),
            ("(a\\(b\\051(c))", "String([97, 40, 98, 41, 40, 99, 41])"),
            ("(a\\\r\nb\r\n)", "String([97, 98, 10])"),
            ("<4 1 4>", "String([65, 64])"),
            ("[1 [2] /x]", "Array([Int(1), Array([Int(2)]), Name([120])])"),
            ("<</a 1/b [2 0 R]>>", "Dict({[97]: Int(1), [98]: Array([Ref(2)])})"),
            ("<</a 1/a 2>>", "Dict({[97]: Int(2), [97, 0, 49]: Int(1)})"),
            ("]>>", "None"),
        ] {
            let read = one(text);
            assert!(read == expected || read == format!("Some({expected})"), "{text}: {read}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let deep = "[".repeat(100_000);
        assert!(one(&deep).len() < 10_000);
        let deep = "<</a".repeat(100_000);
        assert!(one(&deep).len() < 10_000);
    }

    proptest! {
        #[test]
        fn any_bytes_come_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut lexer = Lexer::content(&bytes);
            let mut n = 0;
            while lexer.object().is_some() {
                n += 1;
                prop_assert!(n <= bytes.len());
            }
            prop_assert!(lexer.at <= bytes.len());
        }
    }
}
