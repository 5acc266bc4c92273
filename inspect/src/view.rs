//! Decoded text that remembers which bytes of its object each character came from.
//!
//! It is a sliding window: what has been scanned is dropped, so a view of any length needs little memory.

use std::ops::Range;
use std::sync::Arc;

use crate::charset::Charset;
use crate::redact::{Coding, Origin, Patch, Piece, Transfer, Within, is_kept, masked_bytes};

/// A stretch of text and the bytes it came from.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    /// Offset in the window.
    text: usize,
    len: usize,
    object: u64,
    object_len: u64,
    /// Byte for byte the same; otherwise the bytes are an escape that is replaced as a whole.
    same: bool,
    /// Where it stands only digits are understood: masked, it is zeros.
    digits: bool,
}

/// The window.
#[derive(Debug, Default)]
pub(crate) struct View {
    pub(crate) text: Vec<u8>,
    /// Offset of the window in the whole text.
    pub(crate) base: u64,
    stretches: Vec<Stretch>,
    pub(crate) charset: Option<&'static Charset>,
    /// The text is a JSON number, which must stay one: masked, it is zero and blanks.
    pub(crate) number: bool,
    /// What is appended now stands where only digits are understood, as numbers in a formula do.
    pub(crate) digits: bool,
}

impl View {
    pub(crate) fn new(charset: Option<&'static Charset>) -> Self {
        Self { charset, ..Self::default() }
    }

    /// Appends bytes that stand in the object at `object` as they are, in the object's character set.
    pub(crate) fn push(&mut self, bytes: &[u8], object: u64) {
        let Some(charset) = self.charset else { return self.push_same(bytes, object) };
        let mut at = 0;
        while let Some(rest @ [first, ..]) = bytes.get(at..) {
            if first.is_ascii() {
                let n = rest.iter().take_while(|b| b.is_ascii()).count();
                self.push_same(rest.get(..n).unwrap_or_default(), object + at as u64);
                at += n;
            } else {
                let mut utf8 = [0; 4];
                self.push_escape(charset.decode(*first).encode_utf8(&mut utf8).as_bytes(), object + at as u64, 1);
                at += 1;
            }
        }
    }

    fn push_same(&mut self, bytes: &[u8], object: u64) {
        if bytes.is_empty() {
            return;
        }
        let text = self.text.len();
        self.text.extend_from_slice(bytes);
        if let Some(last) = self.stretches.last_mut()
            && last.same
            && last.digits == self.digits
            && last.object + last.object_len == object
            && last.text + last.len == text
        {
            last.len += bytes.len();
            last.object_len += bytes.len() as u64;
            return;
        }
        let len = bytes.len();
        let digits = self.digits;
        self.stretches.push(Stretch { text, len, object, object_len: len as u64, same: true, digits });
    }

    /// Appends the meaning of an escape of `object_len` bytes.
    pub(crate) fn push_escape(&mut self, bytes: &[u8], object: u64, object_len: u64) {
        let text = self.text.len();
        self.text.extend_from_slice(bytes);
        let digits = self.digits;
        self.stretches.push(Stretch { text, len: bytes.len(), object, object_len, same: false, digits });
    }

    /// Appends what a number of `object_len` bytes shows, which must stay a number.
    pub(crate) fn push_number(&mut self, bytes: &[u8], object: u64, object_len: u64) {
        let digits = std::mem::replace(&mut self.digits, true);
        self.push_escape(bytes, object, object_len);
        self.digits = digits;
    }

    /// The same text, in whose place only digits are understood.
    pub(crate) fn into_digits(mut self) -> Self {
        self.stretches.iter_mut().for_each(|s| s.digits = true);
        self
    }

    /// Whether the text is a number of JSON.
    pub(crate) fn is_json_number(&self) -> bool {
        self.number && !self.stretches.iter().any(|s| s.digits)
    }

    /// The same text with the same places.
    pub(crate) fn copy(&self) -> Self {
        let mut copy = Self { base: self.base, number: self.number, ..Self::default() };
        copy.push_view(self, 0..self.text.len());
        copy
    }

    /// Where the text stands, if it does so in one piece, byte for byte.
    pub(crate) fn sole(&self) -> Option<u64> {
        match self.stretches.as_slice() {
            [one] if one.same && one.text == 0 && one.len == self.text.len() => Some(one.object),
            _ => None,
        }
    }

    /// Appends text that stands nowhere in the object, such as the line break between two paragraphs.
    pub(crate) fn push_joint(&mut self, bytes: &[u8]) {
        self.text.extend_from_slice(bytes);
    }

    /// Appends a range of another view, keeping where it came from.
    pub(crate) fn push_view(&mut self, other: &Self, range: Range<usize>) {
        let mut at = range.start;
        for s in other.touched(&range) {
            let (from, to) = (s.text.max(range.start), (s.text + s.len).min(range.end));
            self.push_joint(other.text.get(at..from).unwrap_or_default());
            let bytes = other.text.get(from..to).unwrap_or_default();
            let digits = std::mem::replace(&mut self.digits, s.digits);
            if s.same {
                self.push_same(bytes, s.object + (from - s.text) as u64);
            } else {
                self.push_escape(bytes, s.object, s.object_len);
            }
            self.digits = digits;
            at = to;
        }
        self.push_joint(other.text.get(at..range.end).unwrap_or_default());
    }

    /// The bytes of the object from the first to the last that `range` came from.
    pub(crate) fn object_span(&self, range: &Range<usize>) -> Option<Range<u64>> {
        let mut touched = self.touched(range);
        let first = touched.next()?;
        let last = touched.last().unwrap_or(first);
        let edge = |s: &Stretch, at: usize| if s.same { s.object + (at - s.text) as u64 } else { s.object };
        let end =
            if last.same { edge(last, range.end.min(last.text + last.len)) } else { last.object + last.object_len };
        Some(edge(first, range.start.max(first.text))..end)
    }

    /// The origin of an object whose bytes are `range` of the window, in a place of this origin.
    pub(crate) fn origin(&self, range: &Range<usize>, outer: &Origin) -> Origin {
        if matches!(outer, Origin::Lost) {
            return Origin::Lost;
        }
        let piece = |s: &Stretch| {
            let (from, to) = (s.text.max(range.start), (s.text + s.len).min(range.end));
            let (source, coding) = match s.same {
                true => (s.object + (from - s.text) as u64, Coding::Same),
                false => (s.object, Coding::Sign(s.object_len as u32)),
            };
            Piece { decoded: (from - range.start) as u64, len: (to - from) as u32, source, coding }
        };
        let pieces = self.touched(range).filter(|s| s.len > 0).map(piece).collect();
        Origin::Within(Arc::new(Within { map: Transfer { pieces }, outer: outer.clone() }))
    }

    fn touched<'a>(&'a self, range: &Range<usize>) -> impl Iterator<Item = &'a Stretch> + use<'a> {
        let (start, end) = (range.start, range.end);
        let first = self.stretches.partition_point(|s| s.text + s.len <= start);
        self.stretches.get(first..).unwrap_or_default().iter().take_while(move |s| s.text < end)
    }

    /// Where a range of the window stands in the object and what stands there, if that is one piece, byte for byte, and masked
    /// as text is.
    pub(crate) fn stands(&self, range: &Range<usize>) -> Option<(u64, &[u8])> {
        let s = self.touched(range).next().filter(|s| s.same && !s.digits && !self.number)?;
        let before = range.start.checked_sub(s.text).filter(|_| range.end <= s.text + s.len)?;
        Some((s.object + before as u64, self.text.get(range.clone())?))
    }

    /// The patches of the object that mask `range` of the window.
    pub(crate) fn patches(&self, range: &Range<usize>) -> Vec<Patch> {
        if self.is_json_number() {
            // Zeros that it has lost are shown and stand nowhere.
            let Some(span) = self.object_span(&(0..self.text.len())) else { return Vec::new() };
            let bytes = span.clone().map(|at| if at == span.start { b'0' } else { b' ' }).collect();
            return vec![Patch { at: span.start, bytes }];
        }
        let patch = |s: &Stretch| {
            if !s.same {
                let mask = if s.digits { b'0' } else { b'*' };
                return Patch { at: s.object, bytes: vec![mask; s.object_len as usize] };
            }
            let (from, to) = (s.text.max(range.start), (s.text + s.len).min(range.end));
            let original = self.text.get(from..to).unwrap_or_default();
            let mut bytes = masked_bytes(original);
            if s.digits {
                bytes.iter_mut().filter(|b| **b == b'*').for_each(|b| *b = b'0');
            }
            Patch { at: s.object + (from - s.text) as u64, bytes }
        };
        // Blanks and signs between digits stay, however they are written.
        let parts = |s: &&Stretch| {
            !s.same && self.text.get(s.text..s.text + s.len).unwrap_or_default().iter().all(|b| is_kept(*b))
        };
        self.touched(range).filter(|s| s.len > 0 && s.object_len > 0 && !parts(s)).map(patch).collect()
    }

    /// Forgets the first `n` bytes of the window.
    pub(crate) fn drain(&mut self, n: usize) {
        self.text.drain(..n);
        self.base += n as u64;
        let gone = self.stretches.partition_point(|s| s.text + s.len <= n);
        self.stretches.drain(..gone);
        for s in &mut self.stretches {
            if s.text < n {
                let cut = n - s.text;
                s.len -= cut;
                if s.same {
                    s.object += cut as u64;
                    s.object_len -= cut as u64;
                }
                s.text = 0;
            } else {
                s.text -= n;
            }
        }
    }

    /// Forgets the first `n` bytes, and blanks at the end.
    pub(crate) fn trim(&mut self, n: usize) {
        if n > 0 {
            self.drain(n);
        }
        let end = self.text.trim_ascii_end().len();
        self.text.truncate(end);
        self.stretches.truncate(self.stretches.partition_point(|s| s.text < end));
        if let Some(last) = self.stretches.last_mut().filter(|s| s.same && s.text + s.len > end) {
            last.len = end - last.text;
            last.object_len = last.len as u64;
        }
    }

    /// Empties the window and begins a new text.
    pub(crate) fn clear(&mut self) {
        self.text.clear();
        self.stretches.clear();
        self.base = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_leads_back_to_its_bytes() {
        let mut view = View::default();
        view.push(b"so ", 10);
        view.push_escape(b"0", 13, 6);
        view.push(b"01 090", 19);
        assert_eq!(view.text, b"so 001 090");
        let patches = view.patches(&(3..10));
        assert_eq!(patches, [Patch { at: 13, bytes: b"******".to_vec() }, Patch { at: 19, bytes: b"** ***".to_vec() }]);
        view.drain(5);
        assert_eq!(view.text, b"1 090");
        assert_eq!(view.patches(&(0..5)), [Patch { at: 20, bytes: b"* ***".to_vec() }]);
        assert_eq!(view.object_span(&(0..5)), Some(20..25));
    }
}
