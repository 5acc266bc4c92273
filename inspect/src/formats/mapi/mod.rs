//! Messages as Outlook keeps them: properties with numbers (MS-OXPROPS), in `.msg` files and in `winmail.dat`.
//!
//! What the properties of a message, a recipient or an attachment say is told here, however they were stored.

pub(super) mod lzfu;
pub(crate) mod tnef;

use super::compound::code_page;
use super::compound::tell::{Stop, Tell};
use super::le::{u16_at, u32_at, utf16};

/// Types of properties (MS-OXCDATA §2.11.1).
pub(super) mod kind {
    pub(in crate::formats) const OBJECT: u16 = 0x0d;
    pub(in crate::formats) const STRING8: u16 = 0x1e;
    pub(in crate::formats) const STRING: u16 = 0x1f;
    pub(in crate::formats) const BINARY: u16 = 0x102;
    /// Many values of a kind.
    pub(in crate::formats) const MANY: u16 = 0x1000;
}

/// Numbers of properties.
pub(super) mod id {
    pub(in crate::formats) const SUBJECT: u16 = 0x37;
    pub(in crate::formats) const BODY: u16 = 0x1000;
    pub(in crate::formats) const RTF: u16 = 0x1009;
    pub(in crate::formats) const HTML: u16 = 0x1013;
    pub(in crate::formats) const DATA: u16 = 0x3701;
    pub(in crate::formats) const FILE_NAME: u16 = 0x3704;
    pub(in crate::formats) const LONG_FILE_NAME: u16 = 0x3707;
    pub(in crate::formats) const DISPLAY_NAME: u16 = 0x3001;
    pub(in crate::formats) const CODE_PAGE: u16 = 0x3ffd;
    pub(in crate::formats) const INTERNET_CODE_PAGE: u16 = 0x3fde;
}

/// What properties are called where they are told; others have no name that says anything.
const NAMES: [(u16, &str); 14] = [
    (id::SUBJECT, "Subject"),
    (0x70, "Subject"),
    (0x0e1d, "Subject"),
    (0x7d, "headers"),
    (0x0c1a, "From"),
    (0x0c1f, "From"),
    (0x42, "From"),
    (0x0e02, "Bcc"),
    (0x0e03, "Cc"),
    (0x0e04, "To"),
    (id::DISPLAY_NAME, "name"),
    (0x3003, "email"),
    (0x39fe, "email"),
    (0x3a16, "company"),
];

/// A property and its value.
#[derive(Clone, Debug)]
pub(super) struct Property {
    pub(super) id: u16,
    pub(super) kind: u16,
    pub(super) value: Vec<u8>,
}

/// The properties of one thing.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties {
    pub(super) list: Vec<Property>,
    /// Of texts of one byte a character.
    pub(super) code_page: u16,
}

impl Properties {
    pub(super) fn get(&self, id: u16) -> Option<&Property> {
        self.list.iter().find(|p| p.id == id && !p.value.is_empty())
    }

    /// The text of a property.
    pub(super) fn text(&self, property: &Property) -> Option<String> {
        let text = match property.kind & !kind::MANY {
            kind::STRING => utf16(&property.value),
            kind::STRING8 => code_page(self.code_page).decode_without_bom_handling(&property.value).0.into_owned(),
            _ => return None,
        };
        Some(text.trim_end_matches('\0').to_owned())
    }

    /// The code page that the properties themselves tell.
    pub(super) fn told_code_page(&self) -> Option<u16> {
        let told = |id| self.get(id).and_then(|p| u32_at(&p.value, 0)).and_then(|n| u16::try_from(n).ok());
        told(id::CODE_PAGE).or_else(|| told(id::INTERNET_CODE_PAGE))
    }

    /// The name of an attachment.
    pub(super) fn file_name(&self) -> String {
        let named = [id::LONG_FILE_NAME, id::FILE_NAME, id::DISPLAY_NAME].into_iter();
        let mut named = named.filter_map(|id| self.text(self.get(id)?)).filter(|name| !name.trim().is_empty());
        named.next().unwrap_or_else(|| "attachment".to_owned())
    }

    /// Tells everything but the data of an attachment.
    pub(super) fn tell(&self, part: &str, tell: &mut Tell<'_>) -> Result<(), Stop> {
        for property in &self.list {
            let name = NAMES.iter().find(|(id, _)| *id == property.id).map_or("", |(_, name)| name);
            match (property.id, property.kind) {
                (id::DATA, _) => {}
                (id::RTF, kind::BINARY) => match lzfu::decompress(&property.value, tell)? {
                    Some(rtf) => tell.member(&joined(part, "body.rtf"), &rtf)?,
                    None => tell.strings(part, &property.value)?,
                },
                (id::HTML, kind::BINARY | kind::STRING8) => {
                    tell.member(&joined(part, "body.html"), &property.value)?;
                }
                (id::HTML, kind::STRING) => {
                    tell.member(&joined(part, "body.html"), self.text(property).unwrap_or_default().as_bytes())?;
                }
                (id::BODY, _) => {
                    let text = self.text(property).unwrap_or_default();
                    tell.text(part, &text)?;
                    tell.text(part, "\n")?;
                }
                _ => match self.text(property) {
                    Some(text) => tell.field(part, name, &text)?,
                    None if matches!(property.kind, kind::BINARY | kind::OBJECT) || property.kind & kind::MANY != 0 => {
                        tell.strings(part, &property.value)?;
                    }
                    None => {}
                },
            }
        }
        Ok(())
    }
}

/// A part within another.
pub(super) fn joined(part: &str, name: &str) -> String {
    if part.is_empty() { name.to_owned() } else { format!("{part}/{name}") }
}

/// The values of a property whose size does not vary, in four bytes or more.
pub(super) const fn fixed_size(kind: u16) -> Option<usize> {
    match kind {
        0x01 => Some(0),
        0x02 | 0x03 | 0x04 | 0x0a | 0x0b => Some(4),
        0x05 | 0x06 | 0x07 | 0x14 | 0x40 => Some(8),
        0x48 => Some(16),
        _ => None,
    }
}

/// Kind and number of a property in one number.
pub(super) fn tag(bytes: &[u8], at: usize) -> Option<(u16, u16)> {
    Some((u16_at(bytes, at)?, u16_at(bytes, at + 2)?))
}
