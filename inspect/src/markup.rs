//! A tokenizer for markup, lenient as browsers are: tags, text with character references, comments, CDATA.
//!
//! It knows no document type and expands no entity of the document's own. What the tags mean is the rooms' business.

use chot_detectors::{BLOCK, among};
use chot_model::OpaqueReason;

use crate::inquiry::{Inquiry, Place};
use crate::layers::entity;
use crate::redact::Origin;
use crate::text::Text;
use crate::view::View;

/// A room that reads markup.
pub(crate) trait Reader {
    /// Where character data goes now.
    fn text(&mut self) -> &mut Text;

    /// Takes character data that begins at `at`, as it is written. False: it goes to [`Self::text`].
    fn take(&mut self, _raw: &[u8], _at: u64) -> bool {
        false
    }

    /// Takes what stands in a CDATA section at `at`, where no reference stands for anything else. False: it goes to
    /// [`Self::text`].
    fn take_enclosed(&mut self, _raw: &[u8], _at: u64) -> bool {
        false
    }

    /// Takes elements at the beginning of `rest` in one go, where it knows them as they nearly always are written; tells
    /// how many bytes they took. What it does not take comes by the other ways.
    fn elements(&mut self, _rest: &[u8], _at: u64, _inquiry: &mut Inquiry) -> usize {
        0
    }

    /// Where comments, scripts and declarations go.
    fn side(&mut self) -> &mut Text;

    /// Content of a raw element, which begins at `at`.
    fn raw(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.side().push(bytes, at, inquiry);
    }

    /// An opening tag. Its attributes are read with [`Tag::attributes`].
    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry);

    /// A closing tag, or the end of an empty element.
    fn close(&mut self, name: &[u8], inquiry: &mut Inquiry);

    /// After character data was appended.
    fn advance(&mut self, inquiry: &mut Inquiry);

    /// Whether the content of this element is read as raw text up to its closing tag.
    fn is_raw(&self, name: &[u8]) -> bool;
}

/// Reads the opening tags of a document and nothing else; all of it is scanned where it is read for good.
pub(crate) struct Tags<F> {
    each: F,
    sink: Text,
}

impl<F: FnMut(&Tag<'_>, &Inquiry)> Tags<F> {
    pub(crate) fn new(each: F) -> Self {
        Self { each, sink: Text::new(Place::top(Origin::Lost)) }
    }
}

impl<F: FnMut(&Tag<'_>, &Inquiry)> Reader for Tags<F> {
    fn text(&mut self) -> &mut Text {
        &mut self.sink
    }

    fn side(&mut self) -> &mut Text {
        &mut self.sink
    }

    fn take(&mut self, _raw: &[u8], _at: u64) -> bool {
        true
    }

    fn is_raw(&self, _name: &[u8]) -> bool {
        false
    }

    fn advance(&mut self, _inquiry: &mut Inquiry) {
        self.sink.view.clear();
    }

    fn open(&mut self, tag: &Tag<'_>, inquiry: &mut Inquiry) {
        (self.each)(tag, inquiry);
    }

    fn close(&mut self, _name: &[u8], _inquiry: &mut Inquiry) {}
}

/// An opening tag.
pub(crate) struct Tag<'a> {
    /// Name without its namespace prefix, as written.
    pub(crate) name: &'a [u8],
    raw: &'a [u8],
    /// Where `raw` stands in the object.
    at: u64,
    charset: Option<&'static crate::charset::Charset>,
}

impl<'a> Tag<'a> {
    /// Name and decoded value of each attribute.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = (&'a [u8], View)> + use<'a> {
        let (base, charset) = (self.at, self.charset);
        self.pairs().map(move |(name, raw, from)| {
            let mut value = View::new(charset);
            characters(raw, base + from as u64, &mut value);
            (name, value)
        })
    }

    /// Name and value of each attribute as they are written, and where the value begins in the tag.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8], usize)> + use<'a> {
        let raw = self.raw;
        let mut at = 0;
        std::iter::from_fn(move || {
            let skip = |at: usize, f: fn(&u8) -> bool| {
                at + raw.get(at..).unwrap_or_default().iter().take_while(|b| f(b)).count()
            };
            at = skip(at, |b| b.is_ascii_whitespace() || matches!(b, b'/' | b'?'));
            let name_end = skip(at, |b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'>'));
            let name = raw.get(at..name_end)?;
            let mut value = (&b""[..], 0);
            let mut next = skip(name_end, u8::is_ascii_whitespace);
            if raw.get(next) == Some(&b'=') {
                next = skip(next + 1, u8::is_ascii_whitespace);
                let (from, to) = match raw.get(next) {
                    Some(quote @ (b'"' | b'\'')) => {
                        let rest = raw.get(next + 1..).unwrap_or_default();
                        let len = rest.iter().position(|b| b == quote).unwrap_or(rest.len());
                        (next + 1, next + 1 + len)
                    }
                    _ => (next, skip(next, |b| !b.is_ascii_whitespace())),
                };
                value = (raw.get(from..to).unwrap_or_default(), from);
                next = (to + usize::from(from > 0 && matches!(raw.get(from - 1), Some(b'"' | b'\'')))).max(next + 1);
            } else if name.is_empty() {
                return None;
            }
            at = next;
            Some((name, value.0, value.1))
        })
    }

    /// Whether it has attributes at all.
    pub(crate) const fn has_attributes(&self) -> bool {
        !self.raw.is_empty()
    }

    /// Whether an attribute may hold a number or a name that somebody wrote there: digits, or what is not ASCII.
    pub(crate) fn is_telling(&self) -> bool {
        const DIGITS_MIN: usize = 8;
        self.raw.len() > DIGITS_MIN
            && (self.raw.iter().filter(|b| b.is_ascii_digit()).count() >= DIGITS_MIN
                || self.raw.iter().any(|b| !b.is_ascii() || *b == b'&'))
    }

    /// The value of one attribute, by its name without prefix.
    pub(crate) fn attribute(&self, name: &[u8]) -> Option<View> {
        self.attributes().find(|(n, _)| local(n).eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// The value of one attribute as text.
    pub(crate) fn string(&self, name: &[u8]) -> Option<String> {
        self.attribute(name).map(|v| String::from_utf8_lossy(&v.text).into_owned())
    }
}

/// A name without its namespace prefix.
pub(crate) fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|b| *b == b':').next().unwrap_or(name)
}

/// Appends text with its character references replaced.
pub(crate) fn characters(text: &[u8], at: u64, out: &mut View) {
    let mut n = 0;
    while let Some(rest) = text.get(n..).filter(|r| !r.is_empty()) {
        let plain = memchr::memchr(b'&', rest).unwrap_or(rest.len());
        out.push(rest.get(..plain).unwrap_or_default(), at + n as u64);
        n += plain;
        let Some(rest) = text.get(n..).filter(|r| !r.is_empty()) else { return };
        match entity(rest) {
            Some((c, taken)) => {
                let mut utf8 = [0; 4];
                out.push_escape(c.encode_utf8(&mut utf8).as_bytes(), at + n as u64, taken as u64);
                n += taken;
            }
            None => {
                out.push(b"&", at + n as u64);
                n += 1;
            }
        }
    }
}

/// A longer tag is no tag: it is read as text.
const TAG_MAX: usize = 1 << 20;
/// Bytes looked at for tags that turned out to be none. Beyond this a tag must be short, or the work would grow with
/// the square of the length.
const WASTE_MAX: usize = 1 << 23;
/// Longest character reference that may be cut by the end of a block.
const REFERENCE_MAX: usize = 16;

/// The tokenizer's memory between blocks.
#[derive(Default)]
pub(crate) struct Markup {
    /// The beginning of a token that the last block did not end.
    carry: Vec<u8>,
    carry_at: u64,
    /// Within this raw element.
    raw: Option<Vec<u8>>,
    comment: bool,
    cdata: bool,
    wasted: usize,
    charset: Option<&'static crate::charset::Charset>,
}

impl Markup {
    pub(crate) fn new(charset: Option<&'static crate::charset::Charset>) -> Self {
        Self { charset, ..Self::default() }
    }

    pub(crate) fn block(&mut self, bytes: &[u8], at: u64, reader: &mut impl Reader, inquiry: &mut Inquiry) {
        let mut at = at;
        let mut bytes = bytes;
        if !self.carry.is_empty() {
            // Nearly always the token ends with the next tag: then the rest of the block need not be copied.
            let near = memchr::memchr(b'>', bytes).map_or(bytes.len(), |n| n + 1);
            let (head, tail) = bytes.split_at(near);
            self.carry_on(head, reader, inquiry);
            (at, bytes) = (at + near as u64, tail);
        }
        if !self.carry.is_empty() {
            if !bytes.is_empty() {
                self.carry_on(bytes, reader, inquiry);
            }
            return;
        }
        let rest = self.run(bytes, at, false, reader, inquiry);
        self.carry_at = at + rest as u64;
        self.carry.extend_from_slice(bytes.get(rest..).unwrap_or_default());
    }

    /// Reads what was carried over together with what follows it.
    fn carry_on(&mut self, bytes: &[u8], reader: &mut impl Reader, inquiry: &mut Inquiry) {
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(bytes);
        let rest = self.run(&carry, self.carry_at, carry.len() > TAG_MAX, reader, inquiry);
        carry.drain(..rest);
        self.carry_at += rest as u64;
        self.carry = carry;
    }

    pub(crate) fn finish(&mut self, reader: &mut impl Reader, inquiry: &mut Inquiry) {
        let carry = std::mem::take(&mut self.carry);
        self.run(&carry, self.carry_at, true, reader, inquiry);
    }

    /// Reads complete tokens; returns how many bytes they took. `last`: what is incomplete is text.
    fn run(&mut self, bytes: &[u8], at: u64, last: bool, reader: &mut impl Reader, inquiry: &mut Inquiry) -> usize {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|r| !r.is_empty()) {
            let here = at + n as u64;
            let taken = if self.comment || self.cdata {
                self.enclosed(rest, here, last, reader, inquiry)
            } else if self.raw.is_some() {
                self.raw(rest, here, last, reader, inquiry)
            } else if rest.first() == Some(&b'<') {
                match reader.elements(rest, here, inquiry) {
                    0 => self.tag(rest, here, last, reader, inquiry),
                    taken => taken,
                }
            } else {
                let end = memchr::memchr(b'<', rest);
                let mut plain = end.unwrap_or(rest.len());
                if end.is_none() && !last {
                    // A reference may go on in the next block.
                    let tail = rest.len().saturating_sub(REFERENCE_MAX);
                    if let Some(cut) = rest.get(tail..).and_then(|t| memchr::memrchr(b'&', t)) {
                        plain = tail + cut;
                    }
                }
                let raw = rest.get(..plain).unwrap_or_default();
                if !reader.take(raw, here) {
                    characters(raw, here, &mut reader.text().view);
                    reader.advance(inquiry);
                }
                plain
            };
            if taken == 0 {
                break;
            }
            n += taken;
        }
        n
    }

    /// Within a comment or CDATA section.
    fn enclosed(&mut self, rest: &[u8], at: u64, last: bool, reader: &mut impl Reader, inquiry: &mut Inquiry) -> usize {
        let end: &[u8] = if self.comment { b"-->" } else { b"]]>" };
        let found = memchr::memmem::find(rest, end);
        let len = found.unwrap_or_else(|| if last { rest.len() } else { rest.len().saturating_sub(2) });
        let content = rest.get(..len).unwrap_or_default();
        if self.comment {
            reader.side().push(content, at, inquiry);
        } else if !reader.take_enclosed(content, at) {
            reader.text().view.push(content, at);
            reader.advance(inquiry);
        }
        if found.is_some() {
            if self.comment {
                reader.side().joint(b"\n");
            }
            (self.comment, self.cdata) = (false, false);
            return len + end.len();
        }
        len
    }

    /// Within `<script>` or `<style>`.
    fn raw(&mut self, rest: &[u8], at: u64, last: bool, reader: &mut impl Reader, inquiry: &mut Inquiry) -> usize {
        let name = self.raw.as_deref().unwrap_or_default();
        let ends = |i: &usize| {
            rest.get(i + 2..i + 2 + name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name))
                && rest.get(i + 1) == Some(&b'/')
        };
        let found = memchr::memchr_iter(b'<', rest).find(ends);
        let len = found.unwrap_or_else(|| if last { rest.len() } else { rest.len().saturating_sub(name.len() + 2) });
        reader.raw(rest.get(..len).unwrap_or_default(), at, inquiry);
        if found.is_some() {
            reader.side().joint(b"\n");
            self.raw = None;
        }
        if len == 0 && found.is_some() { self.tag(rest, at, last, reader, inquiry) } else { len }
    }

    fn tag(&mut self, rest: &[u8], at: u64, last: bool, reader: &mut impl Reader, inquiry: &mut Inquiry) -> usize {
        if rest.starts_with(b"<!--") {
            self.comment = true;
            return 4;
        }
        if rest.starts_with(b"<![CDATA[") {
            self.cdata = true;
            return 9;
        }
        let complete = rest.len() >= 9 || last;
        let opens = rest.get(1).is_some_and(|b| b.is_ascii_alphabetic() || matches!(b, b'/' | b'!' | b'?' | b'_'));
        if !complete && (rest.get(1).is_none() || rest.get(1) == Some(&b'!')) {
            return 0;
        }
        let most = if self.wasted > WASTE_MAX { 1 << 8 } else { TAG_MAX };
        let end = if opens { tag_end(rest, most) } else { None };
        let Some(end) = end else {
            if opens && !last && rest.len() < most {
                return 0;
            }
            self.wasted += rest.len().min(most);
            // No tag: a lone sign in a text.
            reader.text().view.push(b"<", at);
            return 1;
        };
        let inner = rest.get(1..end).unwrap_or_default();
        match inner.first() {
            Some(b'!' | b'?') => {
                if declares_text(inner) {
                    inquiry.opaque(&reader.side().place.clone(), OpaqueReason::Ambiguous, 1);
                }
                reader.side().push(inner, at + 1, inquiry);
                reader.side().joint(b"\n");
            }
            Some(b'/') => {
                let name = inner.get(1..).unwrap_or_default();
                let len = name.iter().take_while(|b| !b.is_ascii_whitespace()).count();
                reader.close(local(name.get(..len).unwrap_or_default()), inquiry);
            }
            _ => {
                let inner_at = at + 1;
                let len = inner.iter().take_while(|b| !b.is_ascii_whitespace() && **b != b'/').count();
                let name = local(inner.get(..len).unwrap_or_default());
                let raw = inner.get(len..).unwrap_or_default();
                let tag = Tag { name, raw, at: inner_at + len as u64, charset: self.charset };
                reader.open(&tag, inquiry);
                if raw.ends_with(b"/") {
                    reader.close(name, inquiry);
                } else if reader.is_raw(name) {
                    self.raw = Some(name.to_vec());
                }
            }
        }
        end + 1
    }
}

/// Whether a declaration gives a name to text, so that readers who expand it see other text than stands here. Drawing
/// programs give names to the addresses of namespaces; those hide nothing.
fn declares_text(declaration: &[u8]) -> bool {
    const ENTITY: &[u8] = b"!ENTITY";
    let Some(at) = memchr::memmem::find(declaration, ENTITY) else { return false };
    let rest = declaration.get(at + ENTITY.len()..).unwrap_or_default();
    let value = memchr::memchr2(b'"', b'\'', rest).and_then(|n| rest.get(n + 1..)).unwrap_or_default();
    !(value.starts_with(b"http://") || value.starts_with(b"https://"))
}

/// The `>` that ends a tag, quoted ones skipped. A quote that nothing closes does not hide the end.
fn tag_end(rest: &[u8], most: usize) -> Option<usize> {
    let rest = rest.get(..rest.len().min(most)).unwrap_or_default();
    let mut at = 0;
    loop {
        let after = rest.get(at..).unwrap_or_default();
        let Some(n) = end_or_quote(after) else { break };
        let sign = *after.get(n)?;
        at += n + 1;
        if sign == b'>' {
            return Some(at - 1);
        }
        if matches!(rest.get(..at - 1).unwrap_or_default().trim_ascii_end().last(), Some(b'=')) {
            match memchr::memchr(sign, rest.get(at..).unwrap_or_default()) {
                Some(n) => at += n + 1,
                None => break,
            }
        }
    }
    if rest.len() >= most { memchr::memchr(b'>', rest) } else { None }
}

/// Where the first `>` or quote stands.
#[inline]
fn end_or_quote(text: &[u8]) -> Option<usize> {
    let [end, quote, single] = [b'>', b'"', b'\''];
    // Most tags are short.
    match text.first_chunk::<BLOCK>().map_or(0, |block| among(block, [end, quote, single, single])) {
        0 => memchr::memchr3(end, quote, single, text),
        near => Some(near.trailing_zeros() as usize),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_however_they_are_quoted() {
        let raw = br#" name="so&#48;" x=y  value='a > b' checked data-z = 1/"#;
        let tag = Tag { name: b"input", raw, at: 0, charset: None };
        let read: Vec<_> = tag
            .attributes()
            .map(|(n, v)| format!("{}={}", String::from_utf8_lossy(n), String::from_utf8_lossy(&v.text)))
            .collect();
        assert_eq!(read, ["name=so0", "x=y", "value=a > b", "checked=", "data-z=1/"]);
    }
}
