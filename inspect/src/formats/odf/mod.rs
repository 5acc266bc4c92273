//! OpenDocument (ISO/IEC 26300): sheets, texts, slides and drawings, as archives and as flat XML.
//!
//! Content and styles of the document and of the objects embedded in it are read as running text and tables; other XML
//! as XML, the rest as objects. Hidden and deleted text, annotations and notes are read like all others.

mod content;
mod layout;

use std::collections::HashMap;
use std::io::Read;
use std::sync::Arc;

use chot_model::{OpaqueReason, Secret};
use content::Content;

use super::locked::odf::Lock;
use super::marked::Marked;
use super::ooxml::{Part, aside, markup, xml};
use super::plain::legible;
use super::zip::{self, Directory, Entry};
use super::{Format, Room};
use crate::inquiry::{Inquiry, Place};
use crate::markup::{Markup, Tag, Tags};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};

pub(crate) const FLAT: Format = Format {
    media_type: "application/vnd.oasis.opendocument.text-flat-xml",
    matches: |head| {
        const SEEN: usize = 2_048;
        let start = head.trimmed.get(..head.trimmed.len().min(SEEN)).unwrap_or_default();
        head.is_ascii_based()
            && start.starts_with(b"<")
            && memchr::memmem::find(start, b"<office:document").is_some()
            && memchr::memmem::find(start, b"urn:oasis:names:tc:opendocument").is_some()
    },
    room: Room::Stream(|head, place| {
        Box::new(Marked::new(Markup::new(None), Content::new(legible(head, place)), Content::finish))
    }),
    #[cfg(test)]
    example: || {
        "<office:document xmlns:office='urn:oasis:names:tc:opendocument:xmlns:office:1.0'><text:p>Số CCCD \
         0010<text:span>90123456</text:span></text:p></office:document>"
            .into()
    },
};

const PREFIX: &[u8] = b"application/vnd.oasis.opendocument.";
const KINDS: [(&str, &str); 4] = [
    ("spreadsheet", "application/vnd.oasis.opendocument.spreadsheet"),
    ("presentation", "application/vnd.oasis.opendocument.presentation"),
    ("graphics", "application/vnd.oasis.opendocument.graphics"),
    ("text", "application/vnd.oasis.opendocument.text"),
];
/// Where the program keeps a small picture of the first page (part 2, §3.6).
const PREVIEW: &str = "Thumbnails/thumbnail.png";
/// A longer type is none.
const TYPE_MAX: usize = 100;

/// Reads the archive as a document; `None` when it is none.
pub(crate) fn read(
    source: &dyn Source,
    directory: &Directory,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<&'static str> {
    let has = |name: &str| directory.entries.iter().find(|e| e.name == name);
    let manifest = has("META-INF/manifest.xml")?;
    let mut said = Vec::new();
    if let Some(entry) = has("mimetype") {
        // What cannot be read here is told when the member itself is inspected.
        let _ = zip::stream(source, entry, inquiry, &mut |bytes, _| {
            let room = TYPE_MAX.saturating_sub(said.len()).min(bytes.len());
            said.extend_from_slice(bytes.get(..room).unwrap_or_default());
        });
    }
    if !said.starts_with(PREFIX) && has("content.xml").is_none() {
        return None;
    }
    let kind = String::from_utf8_lossy(said.get(PREFIX.len()..).unwrap_or_default()).into_owned();
    let media_type = KINDS.iter().find(|(name, _)| kind.starts_with(name)).map_or(KINDS[3].1, |(_, full)| full);
    let mut encrypted = Encrypted::default();
    let mut tags = Tags::new(|tag: &Tag<'_>, inquiry: &Inquiry| encrypted.tag(tag, inquiry));
    let _ = aside(source, manifest, &mut tags, inquiry);
    let mut trial = Trial { fits: None, rounds_left: Trial::ROUNDS };
    for (n, entry) in directory.entries.iter().enumerate() {
        let member = zip::member(source, entry, place, inquiry);
        if !object::enter(&entry.name, &member, inquiry) {
            zip::leave(directory.entries.iter().skip(n), inquiry);
            break;
        }
        if entry.is_folder() {
            continue;
        }
        if let Some(lock) = encrypted.locks.get(&entry.name) {
            match unlock(source, entry, lock, &mut trial, inquiry) {
                Ok((bytes, entry)) => {
                    // What was decrypted cannot be put back.
                    let place = Place { origin: Origin::Lost, ..member };
                    read_member(&bytes, &entry, place, inquiry);
                    inquiry.held = inquiry.held.saturating_sub(bytes.len() as u64);
                }
                Err(reason) => inquiry.refuse(&member, reason, entry.packed),
            }
            continue;
        }
        read_member(source, entry, member, inquiry);
    }
    Some(media_type)
}

/// Reads a member as what its name says it is.
fn read_member(source: &dyn Source, entry: &Entry, member: Place, inquiry: &mut Inquiry) {
    let part = Part::new(source, entry, member, inquiry);
    let file = entry.name.rsplit('/').next().unwrap_or_default();
    let result = if matches!(file, "content.xml" | "styles.xml") {
        let mut reader = Content::new(part.place.clone());
        let result = markup(source, &part, false, &mut reader, inquiry);
        reader.finish(inquiry);
        result
    } else if file.ends_with(".xml") || file.ends_with(".rdf") {
        xml(source, &part, inquiry)
    } else if entry.name == layout::NAME && entry.size <= layout::BYTES_MAX {
        layout::read(source, entry, &part.place, inquiry)
    } else {
        let place = Place { preview: entry.name == PREVIEW, ..part.place.clone() };
        zip::inspect(source, entry, place, inquiry);
        Ok(())
    };
    if let Err(reason) = result {
        inquiry.refuse(&part.place, reason, entry.packed);
    }
}

/// The passwords that may open a document, and what trying them may cost.
struct Trial {
    /// All members have the same: known once one was tried, and whether there is one.
    fits: Option<Option<usize>>,
    rounds_left: u32,
}

impl Trial {
    /// Ten documents of LibreOffice under five passwords.
    const ROUNDS: u32 = 10_000_000;

    fn open(&mut self, lock: &Lock, sealed: &[u8], passwords: &[Secret]) -> Result<Vec<u8>, OpaqueReason> {
        let tried = match self.fits {
            Some(None) => 0..0,
            Some(Some(n)) => n..n + 1,
            None => 0..passwords.len(),
        };
        for n in tried {
            self.rounds_left = self.rounds_left.checked_sub(lock.rounds()).ok_or(OpaqueReason::TimeLimit)?;
            if let Some(packed) = passwords.get(n).and_then(|password| lock.open(password, sealed)) {
                self.fits = Some(Some(n));
                return Ok(packed);
            }
        }
        self.fits = self.fits.or(Some(None));
        Err(OpaqueReason::Encrypted)
    }
}

/// Decrypts and unpacks a member into memory: its bytes, and the member that they are.
fn unlock(
    source: &dyn Source,
    entry: &Entry,
    lock: &Lock,
    trial: &mut Trial,
    inquiry: &mut Inquiry,
) -> Result<(Vec<u8>, Entry), OpaqueReason> {
    const SEALED_MAX: u64 = 64 << 20;
    let passwords = Arc::clone(&inquiry.passwords);
    let data = entry.data.clone().ok_or(OpaqueReason::ParseError)?;
    if data.end - data.start > SEALED_MAX {
        return Err(OpaqueReason::TooLarge);
    }
    let sealed = read_range(source, data).map_err(|_| OpaqueReason::Failed)?;
    let packed = trial.open(lock, &sealed, &passwords)?;
    let most = inquiry.inflate_left().min(SEALED_MAX);
    let mut bytes = Vec::new();
    let mut inflated = flate2::read::DeflateDecoder::new(packed.as_slice()).take(most + 1);
    inflated.read_to_end(&mut bytes).map_err(|_| OpaqueReason::ParseError)?;
    if bytes.len() as u64 > most || !inquiry.hold(bytes.len()) {
        return Err(OpaqueReason::TooLarge);
    }
    let mut crc = flate2::Crc::new();
    crc.update(&bytes);
    let size = bytes.len() as u64;
    let entry =
        Entry { method: 0, encrypted: false, lock: None, crc: crc.sum(), size, data: Some(0..size), ..entry.clone() };
    Ok((bytes, entry))
}

/// The members that the manifest says are encrypted.
#[derive(Default)]
struct Encrypted {
    path: Option<String>,
    locks: HashMap<String, Lock>,
}

impl Encrypted {
    fn tag(&mut self, tag: &Tag<'_>, inquiry: &Inquiry) {
        match tag.name {
            b"file-entry" => self.path = tag.string(b"full-path"),
            b"encryption-data" if (self.locks.len() as u64) < inquiry.limits.members_max => {
                if let Some(path) = &self.path {
                    let lock = self.locks.entry(path.clone()).or_default();
                    lock.element(tag.name, &|name| tag.string(name));
                }
            }
            name => {
                if let Some(lock) = self.path.as_ref().and_then(|path| self.locks.get_mut(path)) {
                    lock.element(name, &|name| tag.string(name));
                }
            }
        }
    }
}
