//! BinHex 4.0 (RFC 1741): files of old Macintoshes within mails, six bits a sign and runs folded together.
//!
//! Checksums are not verified: readers that do not care show the file all the same.

use chot_model::OpaqueReason;

use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;

const MARK: &[u8] = b"(This file must be converted with BinHex";
const ALPHABET: &[u8; 64] = b"!\"#$%&'()*+,-012345689@ABCDEFGHIJKLMNPQRSTUVXYZ[`abcdefhijklmpqr";

const BITS: [u8; 256] = {
    let mut table = [0xff; 256];
    let mut n = 0;
    while n < 64u8 {
        table[ALPHABET[n as usize] as usize] = n;
        n += 1;
    }
    table
};

/// Where files may begin in `text`: behind the sentence that announces one.
pub(super) fn begin(text: &[u8]) -> Option<usize> {
    memchr::memmem::find(text, MARK).map(|at| at + MARK.len())
}

/// Reads every file in `text`, whose first is announced before `from`. What a run may grow to counts as inflated.
pub(super) fn read(text: &[u8], from: usize, place: &Place, inquiry: &mut Inquiry) {
    let mut rest = text.get(from..).unwrap_or_default();
    while let Some(coded) = memchr::memchr(b':', rest).and_then(|colon| rest.get(colon + 1..)) {
        let end = memchr::memchr(b':', coded).unwrap_or(coded.len());
        let (coded, behind) = coded.split_at(end);
        file(coded, place, inquiry);
        match begin(behind) {
            Some(next) => rest = behind.get(next..).unwrap_or_default(),
            None => return,
        }
    }
}

/// One file: its header, and of its two halves what is there.
fn file(coded: &[u8], place: &Place, inquiry: &mut Inquiry) {
    const NAME_MAX: usize = 63;
    /// Type, creator, flags, the lengths of both halves and a checksum.
    const BEHIND_NAME: usize = 1 + 4 + 4 + 2 + 4 + 4 + 2;
    let mut object: Option<Box<Object>> = None;
    let mut head = Vec::new();
    let mut runs = Runs::default();
    let mut plain = Vec::new();
    let mut bits = (0u32, 0u32);
    for piece in coded.chunks(1 << 12) {
        plain.clear();
        for six in piece.iter().map(|b| BITS.get(usize::from(*b)).copied().unwrap_or(0xff)).filter(|six| *six < 64) {
            bits = (bits.0 << 6 | u32::from(six), bits.1 + 6);
            if bits.1 >= 8 {
                bits.1 -= 8;
                runs.push((bits.0 >> bits.1) as u8, &mut plain);
            }
        }
        if !inquiry.inflate(plain.len()) {
            inquiry.refuse(place, OpaqueReason::TooLarge, plain.len() as u64);
            break;
        }
        if object.is_none() {
            head.extend_from_slice(&plain);
            let name_len = usize::from(head.first().copied().unwrap_or_default());
            let Some(data) = head.get(1 + name_len + BEHIND_NAME..) else { continue };
            if name_len > NAME_MAX {
                return;
            }
            let name = String::from_utf8_lossy(head.get(1..1 + name_len).unwrap_or_default()).into_owned();
            let place = Place { disguise: Some("binhex"), ..place.member(&name, Origin::Lost) };
            let mut begun = Box::new(Object::new(Hint { name: Some(name), content_type: None }, place));
            begun.push(data, inquiry);
            object = Some(begun);
        } else if let Some(object) = &mut object {
            object.push(&plain, inquiry);
        }
    }
    if let Some(mut object) = object {
        object.finish(None, inquiry);
    }
}

/// Unfolds runs: 0x90 and a count repeat the byte before; a count of zero is the byte itself.
#[derive(Default)]
struct Runs {
    last: u8,
    is_counting: bool,
}

impl Runs {
    fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        const RUN: u8 = 0x90;
        match (std::mem::take(&mut self.is_counting), byte) {
            (false, RUN) => self.is_counting = true,
            (true, 0) => {
                self.last = RUN;
                out.push(RUN);
            }
            (true, n) => out.extend(std::iter::repeat_n(self.last, usize::from(n) - 1)),
            (false, byte) => {
                self.last = byte;
                out.push(byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_unfolded() {
        for (coded, plain) in [
            (&b"abc"[..], &b"abc"[..]),
            (b"a\x90\x04b", b"aaaab"),
            (b"a\x90\x01b", b"ab"),
            (b"\x2b\x90\x00\x90\x05", b"\x2b\x90\x90\x90\x90\x90"),
            (b"\x90\x03", b"\0\0"),
        ] {
            let (mut runs, mut out) = (Runs::default(), Vec::new());
            coded.iter().for_each(|b| runs.push(*b, &mut out));
            assert_eq!(out, plain, "{coded:?}");
        }
    }
}
