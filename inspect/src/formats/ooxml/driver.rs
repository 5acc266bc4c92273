//! What only a printer or a rasteriser reads: settings of drivers and embedded fonts. Programs take them without a look, so
//! anything may stand there; what is neither is told.

use chot_model::OpaqueReason;

use crate::formats::rest::SLACK;
use crate::formats::strings::Strings;
use crate::inquiry::{Inquiry, Place};

/// As much as a font's directory takes that has as many tables as any.
const HEAD: usize = 1 << 10;
/// Of fewer bytes nothing can be said.
const CHANCE_MIN: u64 = 256;
/// In what programs write, some byte is more frequent than one in so many.
const OFTEN: u64 = 16;

/// Reads such a member: text in it is found, and what no program would have put there is opaque.
pub(super) struct Driver {
    strings: Strings,
    place: Place,
    head: Vec<u8>,
    counts: [u64; 256],
    len: u64,
}

impl Driver {
    pub(super) fn new(place: &Place) -> Self {
        let strings = Strings::new(&Place { again: true, ..place.clone() });
        Self { strings, place: place.clone(), head: Vec::with_capacity(HEAD), counts: [0; 256], len: 0 }
    }

    pub(super) fn read(&mut self, bytes: &[u8], inquiry: &mut Inquiry) {
        self.strings.read(bytes, inquiry);
        self.len += bytes.len() as u64;
        let room = HEAD - self.head.len();
        self.head.extend_from_slice(bytes.get(..bytes.len().min(room)).unwrap_or_default());
        for byte in bytes {
            if let Some(count) = self.counts.get_mut(usize::from(*byte)) {
                *count += 1;
            }
        }
    }

    pub(super) fn end(self, inquiry: &mut Inquiry) {
        let known = self.len <= SLACK as u64
            || is_font(&self.head, self.len)
            || is_devmode(&self.head, self.len) && !self.is_chance()
            // Office for macOS keeps a property list there, or several behind their lengths.
            || (self.head.starts_with(b"<?xml") || is_lists(&self.head, self.len)) && self.is_text();
        if !known {
            inquiry.opaque(&self.place, OpaqueReason::UnsupportedFormat, self.len);
        }
        self.strings.end(inquiry);
    }

    /// Whether it has no more bytes that no text has than numbers of it come to.
    fn is_text(&self) -> bool {
        let control = |(b, count): (usize, &u64)| if matches!(b, 0..=0x08 | 0x0e..=0x1f | 0x7f) { *count } else { 0 };
        self.counts.iter().enumerate().map(control).sum::<u64>() <= SLACK as u64
    }

    /// Whether its bytes are as frequent as each other, as what is packed or encrypted has them.
    fn is_chance(&self) -> bool {
        self.len >= CHANCE_MIN && self.counts.iter().all(|count| count * OFTEN < self.len)
    }
}

/// Whether it is an OpenType font, of which the first 32 bytes may be hidden (ECMA-376-1, §17.8.1): the tables of its
/// directory that are not lie within the file, and reach its end but for a first one.
fn is_font(head: &[u8], len: u64) -> bool {
    const DIRECTORY: usize = 12;
    const ENTRY: usize = 16;
    /// The first whose name is not hidden.
    const FIRST: usize = 2;
    /// Without `cmap`, `head`, `hhea`, `hmtx`, `maxp`, `name`, `OS/2` and `post` no font is one.
    const TABLES_MIN: usize = 8;
    /// The first table by its name is the last in many fonts: their signature.
    const SIGNATURE_MAX: u64 = 16 << 10;
    let number = |at: usize| Some(u64::from(u32::from_be_bytes(*head.get(at..)?.first_chunk()?)));
    let (mut tables, mut reached, mut last) = (FIRST, 0, [0; 4]);
    for at in (DIRECTORY + FIRST * ENTRY..).step_by(ENTRY) {
        let (Some(tag), Some(offset), Some(size)) =
            (head.get(at..).and_then(<[u8]>::first_chunk::<4>), number(at + 8), number(at + 12))
        else {
            break;
        };
        // They are in the order of their names.
        if *tag <= last || !tag.iter().all(|b| (b' '..=b'~').contains(b)) || offset + size > len {
            break;
        }
        (tables, reached, last) = (tables + 1, reached.max(offset + size), *tag);
    }
    tables >= TABLES_MIN && len - reached <= SIGNATURE_MAX
}

/// Whether it is as many property lists as its first number says, each behind its kind and its length, as Office for macOS and
/// what is made from its template (python-pptx) have them.
fn is_lists(head: &[u8], len: u64) -> bool {
    const LISTS_MAX: u32 = 8;
    let number = |at: usize| Some(u32::from_le_bytes(*head.get(at..)?.first_chunk()?));
    let (Some(lists @ 1..=LISTS_MAX), Some(1), Some(first)) = (number(0), number(4), number(8)) else { return false };
    // The first takes all of it, or leaves room for the others.
    let end = 12 + u64::from(first);
    head.get(12..).is_some_and(|list| list.starts_with(b"<?xml")) && if lists == 1 { end == len } else { end < len }
}

/// Whether it is a printer's `DEVMODEW` (`wingdi.h`): the name of a device in UTF-16, its version, and its two lengths, which
/// together are all there is.
fn is_devmode(head: &[u8], len: u64) -> bool {
    const NAME: usize = 64;
    const VERSIONS: [u16; 4] = [0x0400, 0x0401, 0x0320, 0x0300];
    let number = |at: usize| Some(u16::from_le_bytes(*head.get(at..)?.first_chunk()?));
    let (Some(version), Some(size), Some(extra)) = (number(NAME), number(NAME + 4), number(NAME + 6)) else {
        return false;
    };
    let whole = u64::from(size) + u64::from(extra);
    VERSIONS.contains(&version) && size as usize > NAME && whole <= len && len - whole <= SLACK as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAGS: [&[u8; 4]; 10] =
        [b"GDEF", b"OS/2", b"cmap", b"glyf", b"head", b"hhea", b"hmtx", b"loca", b"maxp", b"name"];

    /// A font of ten tables of so many bytes each, its first 32 bytes hidden.
    fn font(each: u32) -> Vec<u8> {
        let mut font = b"\0\x01\0\0\0\x0a\0\x80\0\x03\0\x20".to_vec();
        for (n, tag) in (0..).zip(TAGS) {
            font.extend([&tag[..], &[0; 4], &(172 + n * each).to_be_bytes(), &each.to_be_bytes()].concat());
        }
        font.iter_mut().take(32).for_each(|b| *b ^= 0x5a);
        font.extend((0..TAGS.len() as u32 * each).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8));
        font
    }

    fn settings(size: u16, extra: u16) -> Vec<u8> {
        let mut settings: Vec<u8> = "HP LaserJet 1020".encode_utf16().flat_map(u16::to_le_bytes).collect();
        settings.resize(64, 0);
        settings.extend([0x0401, 0, size, extra].map(u16::to_le_bytes).concat());
        settings.resize(usize::from(size) + usize::from(extra), 0);
        settings
    }

    fn says(bytes: &[u8]) -> bool {
        let head = &bytes[..bytes.len().min(HEAD)];
        let len = bytes.len() as u64;
        is_font(head, len) || is_devmode(head, len)
    }

    #[test]
    fn fonts_and_settings_are_known() {
        assert!(says(&font(400)) && says(&font(40)));
        assert!(says(&settings(220, 1_024)) && says(&settings(156, 0)));
    }

    #[test]
    fn property_lists_behind_their_lengths_are_known() {
        let list =
            |kind: u32, text: &[u8]| [&kind.to_le_bytes()[..], &(text.len() as u32).to_le_bytes(), text].concat();
        let text = b"<?xml version=\"1.0\"?><plist><dict><key>Printer</key></dict></plist>\n".repeat(9);
        let two = [&2u32.to_le_bytes()[..], &list(1, &text), &list(2, &text)].concat();
        let known = |bytes: &[u8]| {
            let (mut counts, len) = ([0; 256], bytes.len() as u64);
            bytes.iter().for_each(|b| counts[usize::from(*b)] += 1);
            let mut driver = Driver::new(&Place::top(crate::redact::Origin::Lost));
            (driver.counts, driver.len) = (counts, len);
            is_lists(&bytes[..bytes.len().min(HEAD)], len) && driver.is_text()
        };
        assert!(known(&two));
        let packed: Vec<u8> = (0..2_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        assert!(!known(&[&two[..], &packed].concat()) && !known(&packed) && !known(&two[..300]));
    }

    #[test]
    fn nothing_else_is() {
        let whole = font(400);
        let behind = [&whole[..], &[7; 20 << 10]].concat();
        let other: Vec<u8> = (0..9_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for (what, bytes) in [
            ("a font cut", &whole[..whole.len() / 2]),
            ("a font and more", &behind),
            ("bytes", &other),
            ("nothing", b""),
            ("settings and more", &[settings(220, 0), other.clone()].concat()),
            ("settings cut", &settings(220, 1_024)[..300]),
        ] {
            assert!(!says(bytes), "{what}");
        }
    }

    #[test]
    fn no_directory_takes_it_beyond_its_end() {
        let mut font = font(100);
        for at in 0..172 {
            font[at] ^= 0xff;
            says(&font);
            font[at] ^= 0xff;
        }
    }
}
