//! Text in UTF-16 and UTF-32 of either byte order, with and without a byte order mark: decoded, then inspected as what it
//! then is, and masked where it stands.
//!
//! What is no letter becomes U+FFFD, as programs show it. Text of single bytes that was appended to it is read as it stands,
//! with all that follows; what is neither is opaque.

use chot_model::OpaqueReason;

use super::packing::{Bytes, UNREADABLE, is_even};
use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{BLOCK, Object};
use crate::redact::{Origin, Packing, Why};
use crate::sniff::{Encoding, Order, Unlike, goes_on_mixed};
use crate::source::{Source, Splice};
use crate::text::Text;

macro_rules! of_width {
    ($name:ident $encoding:ident $media_type:literal) => {
        pub(crate) const $name: Format = Format {
            media_type: $media_type,
            matches: |head| head.text == Some(Encoding::$encoding),
            room: Room::Stream(|head, place| Box::new(Wide::new(Width::$encoding, head.hint, place))),
            #[cfg(test)]
            example: || Width::$encoding.encoded("Số CCCD 001090123456"),
        };
    };
}

of_width!(UTF16_LITTLE Utf16Le "text/plain; charset=utf-16le");
of_width!(UTF16_BIG Utf16Be "text/plain; charset=utf-16be");
of_width!(UTF32_LITTLE Utf32Le "text/plain; charset=utf-32le");
of_width!(UTF32_BIG Utf32Be "text/plain; charset=utf-32be");

/// How letters are laid down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Width {
    Utf16Le,
    Utf16Be,
    Utf32Le,
    Utf32Be,
}

impl Width {
    /// The width of markup that begins so.
    pub(crate) fn of_markup(head: &[u8]) -> Option<Self> {
        match head {
            [0xff, 0xfe, 0, 0, ..] | [b'<', 0, 0, 0, ..] => Some(Self::Utf32Le),
            [0, 0, 0xfe, 0xff, ..] | [0, 0, 0, b'<', ..] => Some(Self::Utf32Be),
            [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(Self::Utf16Le),
            [0xfe, 0xff, ..] | [0, b'<', ..] => Some(Self::Utf16Be),
            _ => None,
        }
    }

    const fn order(self) -> Option<Order> {
        match self {
            Self::Utf16Le => Some(Order::Little),
            Self::Utf16Be => Some(Order::Big),
            Self::Utf32Le | Self::Utf32Be => None,
        }
    }

    const fn unit_len(self) -> usize {
        match self {
            Self::Utf16Le | Self::Utf16Be => 2,
            Self::Utf32Le | Self::Utf32Be => 4,
        }
    }

    fn unit(self, bytes: &[u8]) -> u32 {
        let number = |n: u32, b: &u8| n << 8 | u32::from(*b);
        match self {
            Self::Utf16Le | Self::Utf32Le => bytes.iter().rev().fold(0, number),
            Self::Utf16Be | Self::Utf32Be => bytes.iter().fold(0, number),
        }
    }

    fn push(self, unit: u32, out: &mut Vec<u8>) {
        let bytes = unit.to_be_bytes();
        let bytes = bytes.get(4 - self.unit_len()..).unwrap_or_default();
        match self {
            Self::Utf16Le | Self::Utf32Le => out.extend(bytes.iter().rev()),
            Self::Utf16Be | Self::Utf32Be => out.extend(bytes),
        }
    }

    #[cfg(test)]
    fn encoded(self, text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        if self.unit_len() == 2 {
            text.encode_utf16().for_each(|unit| self.push(unit.into(), &mut out));
        } else {
            text.chars().for_each(|c| self.push(c.into(), &mut out));
        }
        out
    }
}

/// Decodes text that comes in pieces.
pub(crate) struct Decoder {
    width: Width,
    /// The beginning of a letter that the last piece cut.
    carry: Vec<u8>,
    begun: bool,
    text: String,
}

const MARK: u32 = 0xfeff;

impl Decoder {
    pub(crate) fn new(width: Width) -> Self {
        Self { width, carry: Vec::new(), begun: false, text: String::new() }
    }

    /// The text of the next piece; `last`: nothing follows.
    pub(crate) fn decode(&mut self, bytes: &[u8], last: bool) -> &str {
        self.text.clear();
        let joined;
        let mut rest = if self.carry.is_empty() {
            bytes
        } else {
            joined = [self.carry.as_slice(), bytes].concat();
            joined.as_slice()
        };
        while let Some(Letter { letter, len }) = letter(self.width, rest, last) {
            rest = rest.get(len..).unwrap_or_default();
            let is_mark = !std::mem::replace(&mut self.begun, true) && u32::from(letter) == MARK;
            if !is_mark {
                self.text.push(letter);
            }
        }
        self.carry = rest.to_vec();
        &self.text
    }
}

struct Letter {
    letter: char,
    /// Bytes it takes up.
    len: usize,
}

/// The first letter of some bytes; `None` when there is none, or it may go on behind them.
fn letter(width: Width, bytes: &[u8], last: bool) -> Option<Letter> {
    let len = width.unit_len();
    let lost = |len| Some(Letter { letter: char::REPLACEMENT_CHARACTER, len });
    let Some(first) = bytes.get(..len) else {
        return if last && !bytes.is_empty() { lost(bytes.len()) } else { None };
    };
    let first = width.unit(first);
    if let Some(letter) = char::from_u32(first) {
        return Some(Letter { letter, len });
    }
    // The first half of a letter beyond the first 65,536, or what is none.
    let is_half = len == 2 && (0xd800..0xdc00).contains(&first);
    match bytes.get(len..2 * len) {
        Some(second) if is_half => match width.unit(second) {
            second @ 0xdc00..0xe000 => {
                let letter = char::from_u32(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
                Some(Letter { letter: letter.unwrap_or(char::REPLACEMENT_CHARACTER), len: 2 * len })
            }
            _ => lost(len),
        },
        None if is_half && !last => None,
        _ => lost(len),
    }
}

struct Wide {
    decoder: Decoder,
    width: Width,
    hint: Hint,
    place: Place,
    /// Made with the first block.
    text: Option<Box<Object>>,
    origin: Origin,
    read: u64,
    /// The bytes as they stand, from where some are no text of this width.
    narrow: Option<Box<Text>>,
}

impl Wide {
    fn new(width: Width, hint: &Hint, place: &Place) -> Self {
        let (hint, place) = (hint.clone(), place.clone());
        let (decoder, origin) = (Decoder::new(width), Origin::Lost);
        Self { decoder, width, hint, place, text: None, origin, read: 0, narrow: None }
    }

    /// Looks at what is no text of this width.
    fn look(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        let Some(order) = self.width.order() else { return };
        let Self { narrow, place, read, .. } = self;
        let unlike = Unlike::of(bytes, order);
        if unlike.narrow && narrow.is_none() {
            let place = Place { again: true, origin: Origin::Lost, charset: None, ..place.clone() };
            *narrow = Some(Box::new(Text::prose(place)));
        }
        if !(unlike.is_text() || narrow.is_some() && goes_on_mixed(bytes)) {
            inquiry.opaque(place, OpaqueReason::UnknownEncoding, bytes.len() as u64);
        }
        if let Some(narrow) = narrow {
            narrow.push(bytes, *read, inquiry);
        }
    }

    fn push(&mut self, bytes: &[u8], last: bool, inquiry: &mut Inquiry) {
        self.read += bytes.len() as u64;
        let Self { text, hint, place, width, origin, decoder, .. } = self;
        let text = text.get_or_insert_with(|| {
            // How long the container is, is known at its end.
            *origin = inquiry.edits.unpacked(&place.origin, 0, Packing::Wide(*width));
            Box::new(Object::new(std::mem::take(hint), Place { origin: origin.clone(), ..place.clone() }))
        });
        text.push(decoder.decode(bytes, last).as_bytes(), inquiry);
    }
}

impl Stream for Wide {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        self.look(bytes, inquiry);
        self.push(bytes, false, inquiry);
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        self.push(b"", true, inquiry);
        inquiry.edits.container_ends(&self.origin, self.read);
        if let Some(mut narrow) = self.narrow {
            narrow.finish(inquiry);
        }
        if let Some(mut text) = self.text {
            text.finish_packed(None, self.read, inquiry);
        }
    }
}

/// The text of a container, at most `bytes_max` of it.
pub(super) fn unpack(container: &dyn Source, width: Width, bytes_max: u64) -> Result<Vec<u8>, Why> {
    let (mut decoder, mut out, mut at) = (Decoder::new(width), Vec::new(), 0);
    let mut buffer = vec![0; BLOCK];
    loop {
        let n = container.read_at(at, &mut buffer).map_err(|_| UNREADABLE)?;
        at += n as u64;
        out.extend_from_slice(decoder.decode(buffer.get(..n).unwrap_or_default(), n == 0).as_bytes());
        if out.len() as u64 > bytes_max {
            return Err("is too large to be held");
        }
        if n == 0 {
            return Ok(out);
        }
    }
}

/// The splices of a container that put the edits of its text in place: a letter for a letter.
pub(super) fn pack(container: &dyn Source, width: Width, splices: Vec<Splice>) -> Result<Vec<Splice>, Why> {
    if !splices.iter().all(is_even) {
        return Err("cannot grow or shrink");
    }
    let mut letters = Letters { bytes: Bytes::new(container, 0), width, at: 0, text_at: 0 };
    let mut out = Vec::new();
    for Splice { range, bytes } in splices {
        while letters.text_at < range.start {
            letters.next()?;
        }
        let (from, mut new) = (letters.at, Vec::new());
        while letters.text_at < range.end {
            let into = letters.text_at.checked_sub(range.start).ok_or(UNREADABLE)? as usize;
            let (letter, units) = letters.next()?;
            let mut utf8 = [0; 4];
            let same = letter.encode_utf8(&mut utf8).as_bytes();
            let edited = bytes.get(into..into + same.len()).ok_or(UNREADABLE)?;
            match edited {
                _ if edited == same => new.extend_from_slice(&units),
                // A sign for each unit of the letter.
                [sign, ..] if sign.is_ascii() => {
                    (0..units.len() / width.unit_len()).for_each(|_| width.push((*sign).into(), &mut new));
                }
                _ => return Err(UNREADABLE),
            }
        }
        out.push(Splice { range: from..letters.at, bytes: new });
    }
    Ok(out)
}

/// The letters of a container, one by one.
struct Letters<'s> {
    bytes: Bytes<'s>,
    width: Width,
    /// How far the container is read, and how much text that is.
    at: u64,
    text_at: u64,
}

impl Letters<'_> {
    /// The next letter and the bytes it stands in.
    fn next(&mut self) -> Result<(char, Vec<u8>), Why> {
        let mut units = Vec::with_capacity(4);
        loop {
            let some = std::io::Read::by_ref(&mut self.bytes);
            let n =
                std::io::Read::read_to_end(&mut std::io::Read::take(some, self.width.unit_len() as u64), &mut units);
            let last = n.map_err(|_| UNREADABLE)? == 0;
            let Some(Letter { letter, len }) = letter(self.width, &units, last) else {
                if last {
                    return Err(UNREADABLE);
                }
                continue;
            };
            if len < units.len() {
                // Half a letter before another one: nothing is edited in what is damaged so.
                return Err("has damaged letters");
            }
            let is_mark = self.at == 0 && u32::from(letter) == MARK;
            self.at += len as u64;
            self.text_at += if is_mark { 0 } else { letter.len_utf8() as u64 };
            return Ok((letter, units));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Width; 4] = [Width::Utf16Le, Width::Utf16Be, Width::Utf32Le, Width::Utf32Be];

    fn decoded(width: Width, bytes: &[u8], cut: usize) -> String {
        let (mut decoder, mut out) = (Decoder::new(width), String::new());
        let (first, second) = bytes.split_at(cut.min(bytes.len()));
        out.push_str(decoder.decode(first, false));
        out.push_str(decoder.decode(second, false));
        out.push_str(decoder.decode(b"", true));
        out
    }

    #[test]
    fn a_letter_is_masked_for_a_letter() {
        let text = "Số CCCD 001090123456, họ tên: 𠀀Nguyễn.";
        for width in ALL {
            let bytes = [width.encoded("\u{feff}"), width.encoded(text)].concat();
            let at = |what: &str| text.find(what).expect("there") as u64;
            let mask =
                |what: &str| Splice { range: at(what)..at(what) + what.len() as u64, bytes: vec![b'*'; what.len()] };
            let splices = vec![mask("001090123456"), mask("𠀀Nguyễn")];
            let mut out = bytes.clone();
            for Splice { range, bytes } in pack(&bytes, width, splices).expect("sound") {
                out[range.start as usize..range.end as usize].copy_from_slice(&bytes);
            }
            let stars = if width.unit_len() == 2 { 8 } else { 7 };
            let masked = text.replace("001090123456", &"*".repeat(12)).replace("𠀀Nguyễn", &"*".repeat(stars));
            assert_eq!(unpack(&out, width, 1 << 20).expect("sound"), masked.as_bytes(), "{width:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_read_as_others_read_them_however_they_come(
            units in proptest::collection::vec(prop_oneof![0xd7f0u16..0xe010, any::<u16>()], 1..40),
            odd in proptest::option::of(any::<u8>()),
            cut in 0usize..90,
        ) {
            // A mark at the beginning is taken away.
            let units = [&[u16::from(b'<')], units.as_slice()].concat();
            let expected = String::from_utf16_lossy(&units) + if odd.is_some() { "\u{fffd}" } else { "" };
            let little: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).chain(odd).collect();
            let big: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).chain(odd).collect();
            prop_assert_eq!(&decoded(Width::Utf16Le, &little, cut), &expected);
            prop_assert_eq!(&decoded(Width::Utf16Be, &big, cut), &expected);
        }

        #[test]
        fn what_is_encoded_reads_the_same(text: String, cut in 0usize..90) {
            for width in ALL {
                let text = text.trim_start_matches('\u{feff}');
                prop_assert_eq!(&decoded(width, &width.encoded(text), cut), text);
            }
        }
    }
}
