//! Files within a text: objects (`\objdata`) and pictures (`\pict`), in hexadecimal digits or as they are (`\bin`).

use chot_model::OpaqueReason;

use crate::Hint;
use crate::formats::compound::packed_file;
use crate::formats::le::u32_at;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::Origin;

/// What the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Object,
    Picture,
}

/// A file under way.
pub(super) struct Data {
    kind: Kind,
    number: u32,
    half: Option<u8>,
    bytes: Vec<u8>,
    /// Bytes accounted for.
    held: usize,
    is_lost: bool,
}

impl Data {
    pub(super) const fn new(kind: Kind, number: u32) -> Self {
        Self { kind, number, half: None, bytes: Vec::new(), held: 0, is_lost: false }
    }

    /// Takes a digit; anything else is layout.
    pub(super) fn digit(&mut self, digit: u8, inquiry: &mut Inquiry) {
        let Some(value) = char::from(digit).to_digit(16).map(|value| value as u8) else { return };
        match self.half.take() {
            Some(high) => self.byte(high << 4 | value, inquiry),
            None => self.half = Some(value),
        }
    }

    /// Takes a byte.
    pub(super) fn byte(&mut self, byte: u8, inquiry: &mut Inquiry) {
        const STEP: usize = 1 << 16;
        if self.bytes.len() == self.held && !self.is_lost {
            self.is_lost = !inquiry.hold(STEP);
            self.held += if self.is_lost { 0 } else { STEP };
        }
        if !self.is_lost {
            self.bytes.push(byte);
        }
    }

    /// Reads the file.
    pub(super) fn end(self, place: &Place, inquiry: &mut Inquiry) {
        let name = match self.kind {
            Kind::Object => format!("object{}", self.number),
            Kind::Picture => format!("picture{}", self.number),
        };
        let member = place.member(&name, Origin::Lost);
        if self.is_lost {
            inquiry.refuse(&member, OpaqueReason::TooLarge, 1);
        }
        if self.kind == Kind::Picture {
            inspect(&name, &self.bytes, place, inquiry);
        } else {
            object(&name, &self.bytes, place, inquiry);
        }
        inquiry.held = inquiry.held.saturating_sub(self.held as u64);
    }
}

/// An object as older programs keep it (MS-OLEDS §2.2.4, §2.2.5): its class, then its data.
fn object(name: &str, bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    match native(bytes) {
        Some((class, data)) if class.starts_with(b"Package") => match packed_file(data) {
            Some((name, file)) => inspect(&name, file, place, inquiry),
            None => inspect(name, data, place, inquiry),
        },
        Some((_, data)) => inspect(name, data, place, inquiry),
        None => inspect(name, bytes, place, inquiry),
    }
}

/// The class of an embedded object and its data.
fn native(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    const EMBEDDED: u32 = 2;
    if u32_at(bytes, 4)? != EMBEDDED {
        return None;
    }
    let mut rest = bytes.get(8..)?;
    let mut string = || {
        let len = u32_at(rest, 0)? as usize;
        let text = rest.get(4..)?.get(..len)?;
        rest = rest.get(4 + len..)?;
        Some(text)
    };
    // The class, and two that are empty.
    let (class, _, _) = (string()?, string()?, string()?);
    let len = u32_at(rest, 0)? as usize;
    let data = rest.get(4..)?;
    Some((class, data.get(..len.min(data.len()))?))
}

fn inspect(name: &str, bytes: &[u8], place: &Place, inquiry: &mut Inquiry) {
    let member = place.member(name, Origin::Lost);
    if !bytes.is_empty() && object::enter(name, &member, inquiry) {
        let hint = Hint { name: Some(name.to_owned()), content_type: None };
        let mut object = Object::new(hint, member);
        object.push(bytes, inquiry);
        object.finish(None, inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection};

    use crate::{Hint, Inspector, Limits};

    fn inspect(text: &str) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().enumerate().map(|(n, b)| format!("{b:02x}{}", if n % 30 == 29 { "\r\n" } else { "" })).collect()
    }

    fn object(class: &[u8], data: &[u8]) -> String {
        let string = |text: &[u8]| [&(text.len() as u32).to_le_bytes(), text].concat();
        let bytes =
            [&b"\x01\x05\0\0\x02\0\0\0"[..], &string(class), &string(b""), &string(b""), &string(data)].concat();
        format!("{{\\rtf1 a{{\\object\\objemb{{\\*\\objdata {}}}{{\\result b}}}}\\par c}}", hex(&bytes))
    }

    #[test]
    fn objects_and_packed_files_are_members() {
        let text = "Số CCCD 001090123456".as_bytes();
        let mut packed = b"\x02\0ds.txt\0C:\\ds.txt\0\0\0\x03\0\x01\0\0\0\0".to_vec();
        packed.extend((text.len() as u32).to_le_bytes());
        packed.extend(text);
        for bytes in [object(b"Word.Document.8\0", text), object(b"Package\0", &packed)] {
            let inspection = inspect(&bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
        }
    }

    #[test]
    fn pictures_are_members_in_digits_and_as_they_are() {
        let text = "Số CCCD 001090123456";
        for bytes in [
            format!("{{\\rtf1 {{\\pict\\pngblip\\picw10 {}}} c}}", hex(text.as_bytes())),
            format!("{{\\rtf1 {{\\pict\\bin{} {text}}} c}}", text.len()),
        ] {
            let inspection = inspect(&bytes);
            assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
        }
    }
}
