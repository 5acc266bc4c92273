//! Compound files (MS-CFB): the documents, workbooks, presentations and messages of Office before 2007, what is embedded
//! in newer ones, macros, and whatever else programs keep so.
//!
//! Each storage is told by its streams. A stream of a known document is read by its room, a packed file is a member, a
//! stream that nobody knows is a member as well, which is opaque unless its content tells what it is. Sectors that
//! nothing leads to are searched. It is read apart (`crate::extract`).

mod art;
mod doc;
mod file;
mod msg;
mod package;
mod ppt;
mod properties;
mod strings;
pub(super) mod tell;
#[cfg(test)]
mod tests;
mod vba;
mod xls;

use chot_model::{OpaqueReason, Secret};

use super::le::{u16_at, u32_at};
use super::locked;
use super::mapi::{Properties, joined};
use super::rest::{is_chance, marked};
use super::{Format, Room};
use crate::extract::{self, Bounds, Kind, Piece};
use crate::inquiry::{Inquiry, Place};
use crate::source::{Source, read_range};
use file::Compound;
pub(super) use package::packed as packed_file;
pub(super) use strings::text as strings_of;
use tell::{Stop, Tell};
pub(super) use xls::Shared;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-ole-storage",
    matches: |head| head.bytes.starts_with(file::MARK),
    room: Room::Whole(read_apart),
    #[cfg(test)]
    example: tests::example,
};

fn read_apart(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    extract::read(Kind::Compound, source, place, inquiry);
    media_type(source)
}

/// The kind of document, by the names in the beginning of the directory.
fn media_type(source: &dyn Source) -> Option<&'static str> {
    const LOOKED: u64 = 4_096;
    let head = read_range(source, 0..source.len().min(512)).ok()?;
    let at = (u64::from(u32_at(&head, 48)?) + 1) << u16_at(&head, 30)?.min(16);
    let directory = read_range(source, at.min(source.len())..(at + LOOKED).min(source.len())).ok()?;
    let has = |name: &str| {
        let name: Vec<u8> = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect();
        directory.chunks(128).any(|entry| entry.starts_with(&name))
    };
    let types = [
        ("WordDocument", "application/msword"),
        ("Workbook", "application/vnd.ms-excel"),
        ("Book", "application/vnd.ms-excel"),
        ("PowerPoint Document", "application/vnd.ms-powerpoint"),
        (msg::PROPERTIES, "application/vnd.ms-outlook"),
        ("Quill", "application/x-mspublisher"),
    ];
    types.iter().find(|(name, _)| has(name)).map(|(_, media_type)| *media_type)
}

/// Reads a file and tells `each` what it holds, until that says stop.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(
    bytes: &[u8],
    bounds: &Bounds,
    passwords: &[Secret],
    each: &mut dyn FnMut(Piece<'_>) -> bool,
) -> Result<(), OpaqueReason> {
    let mut tell = Tell::new(bytes.len(), bounds, passwords, each);
    match walk(bytes, &mut tell) {
        // Whoever wants no more has said why.
        Ok(()) | Err(Stop::Closed) => Ok(()),
        Err(Stop::Bound(reason)) => Err(reason),
    }
}

/// More than any form says.
const FORM_MAX: usize = 1 << 18;
/// Storages within storages.
const DEPTH_MAX: u32 = 32;

fn walk(bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let file = Compound::open(bytes)?;
    let mut seen = vec![false; file.entries()];
    if file.entry(0).is_none() {
        tell.strings("", bytes)?;
        return Err(Stop::Bound(OpaqueReason::ParseError));
    }
    if let Some(root) = seen.first_mut() {
        *root = true;
    }
    let mut walk = Walk { file: &file, seen, tell };
    walk.storage(0, "", 0)?;
    // Entries that no storage lists.
    for id in 0..file.entries() {
        if walk.seen.get(id) == Some(&false) && file.entry(id).is_some() {
            walk.seen[id] = true;
            walk.member(id, "", 1)?;
        }
    }
    for range in file.rest() {
        let rest = bytes.get(range.clone()).unwrap_or_default();
        walk.tell.strings("", rest)?;
        // Documents keep what was deleted from them there, and all in all that looks like them.
        if let Some(file) = marked(rest) {
            walk.tell.member("appended", file)?;
        } else if range.end == bytes.len() && is_chance(rest) {
            walk.tell.opaque("appended", OpaqueReason::UnsupportedFormat, rest.len())?;
        }
    }
    Ok(())
}

/// The way through a file.
struct Walk<'w, 't> {
    file: &'w Compound<'w>,
    /// Entries met so far.
    seen: Vec<bool>,
    tell: &'w mut Tell<'t>,
}

impl Walk<'_, '_> {
    fn storage(&mut self, id: usize, part: &str, depth: u32) -> Result<(), Stop> {
        if depth > DEPTH_MAX {
            return self.tell.opaque(part, OpaqueReason::TooDeep, 1);
        }
        let members = self.file.children(id, &mut self.seen);
        let names: Vec<&str> = members.iter().filter_map(|m| Some(self.file.entry(*m)?.name.as_str())).collect();
        let has = |name: &str| names.contains(&name);
        let rest = if msg::is_one(&names) {
            self.message(&members, part, 1_258, depth)?
        } else if has("EncryptedPackage") {
            self.package(&members, part)?
        } else if has("WordDocument") {
            self.document(members, part)?
        } else if has("PowerPoint Document") {
            self.presentation(members, part)?
        } else {
            members
        };
        for member in rest {
            self.member(member, part, depth)?;
        }
        Ok(())
    }

    /// The bytes of the first of `members` that is called so; what is cut short is told.
    fn stream(&mut self, members: &[usize], name: &str, part: &str) -> Result<Vec<u8>, Stop> {
        let named = |m: &&usize| self.file.entry(**m).is_some_and(|e| e.name == name && e.kind == file::Kind::Stream);
        match members.iter().find(named) {
            Some(id) => self.bytes(*id, &joined(part, name)),
            None => Ok(Vec::new()),
        }
    }

    fn bytes(&mut self, id: usize, part: &str) -> Result<Vec<u8>, Stop> {
        let (bytes, is_whole) = self.file.stream(id)?;
        if !is_whole {
            self.tell.opaque(part, OpaqueReason::ParseError, 1)?;
        }
        Ok(bytes)
    }

    fn without(&self, members: Vec<usize>, names: &[&str]) -> Vec<usize> {
        let is_read = |id: &usize| self.file.entry(*id).is_some_and(|e| names.contains(&e.name.as_str()));
        members.into_iter().filter(|id| !is_read(id)).collect()
    }

    fn document(&mut self, members: Vec<usize>, part: &str) -> Result<Vec<usize>, Stop> {
        let names = ["WordDocument", "0Table", "1Table", "Data"];
        let [mut main, mut zero, mut one, mut data] = [const { Vec::new() }; 4];
        for (name, slot) in names.iter().zip([&mut main, &mut zero, &mut one, &mut data]) {
            *slot = self.stream(&members, name, part)?;
        }
        if doc::flags(&main) & 0x100 != 0 {
            let table = if doc::flags(&main) & 0x200 == 0 { &mut zero } else { &mut one };
            if !locked::word(&mut main, table, &mut data, self.tell)? {
                self.tell.opaque(part, OpaqueReason::Encrypted, main.len() + table.len() + data.len())?;
                return Ok(self.without(members, &names));
            }
        }
        let streams = doc::Streams { main: &main, tables: [&zero, &one], data: &data };
        if !doc::read(part, &streams, self.tell)? {
            // Saved quickly by Word 6 or 95, of Word 2, or damaged: its text lies there in one piece or several.
            self.tell.strings(part, &main)?;
            self.tell.opaque(part, OpaqueReason::UnsupportedFormat, main.len())?;
        }
        Ok(self.without(members, &names))
    }

    fn presentation(&mut self, members: Vec<usize>, part: &str) -> Result<Vec<usize>, Stop> {
        let names = ["PowerPoint Document", "Current User", "Pictures"];
        let user = self.stream(&members, "Current User", part)?;
        self.tell.strings(part, &user)?;
        let is_encrypted = ppt::is_encrypted(&user);
        let stream = self.stream(&members, "PowerPoint Document", part)?;
        if is_encrypted {
            self.tell.opaque(part, OpaqueReason::Encrypted, stream.len())?;
        } else {
            ppt::read(part, &stream, self.tell)?;
            let pictures = self.stream(&members, "Pictures", part)?;
            art::pictures(part, &pictures, self.tell)?;
        }
        Ok(self.without(members, &names))
    }

    fn package(&mut self, members: &[usize], part: &str) -> Result<Vec<usize>, Stop> {
        let info = self.stream(members, "EncryptionInfo", part)?;
        let package = self.stream(members, "EncryptedPackage", part)?;
        match locked::package(&info, &package, self.tell)? {
            Some(document) => self.tell.member(part, &document)?,
            None => self.tell.opaque(part, OpaqueReason::Encrypted, package.len())?,
        }
        // How it was encrypted is no content.
        for member in members {
            if self.file.entry(*member).is_some_and(|e| e.name == "\u{6}DataSpaces") {
                self.search(*member, part)?;
            }
        }
        Ok(self.without(members.to_vec(), &["EncryptedPackage", "EncryptionInfo", "\u{6}DataSpaces"]))
    }

    /// Looks through everything in a storage whose streams hold no content.
    fn search(&mut self, id: usize, part: &str) -> Result<(), Stop> {
        let mut todo = vec![id];
        while let Some(id) = todo.pop() {
            match self.file.entry(id).map(|e| e.kind) {
                Some(file::Kind::Storage) => todo.extend(self.file.children(id, &mut self.seen)),
                _ => {
                    let bytes = self.file.stream(id)?.0;
                    self.tell.strings(part, &bytes)?;
                }
            }
        }
        Ok(())
    }

    /// A message, a recipient or an attachment.
    fn message(&mut self, members: &[usize], part: &str, page: u16, depth: u32) -> Result<Vec<usize>, Stop> {
        if depth > DEPTH_MAX {
            self.tell.opaque(part, OpaqueReason::TooDeep, 1)?;
            return Ok(Vec::new());
        }
        let (properties, rest) = msg::properties(self.file, members, page)?;
        properties.tell(part, self.tell)?;
        let page = properties.code_page;
        let mut others = Vec::new();
        for member in rest {
            let Some(entry) = self.file.entry(member) else { continue };
            let is_storage = entry.kind == file::Kind::Storage;
            if is_storage && entry.name.starts_with("__attach") {
                self.attachment(member, part, page, depth)?;
            } else if is_storage && entry.name.starts_with("__recip") {
                let members = self.file.children(member, &mut self.seen);
                others.extend(self.message(&members, part, page, depth + 1)?);
            } else if is_storage && entry.name.starts_with("__nameid") {
                // What properties are called that have no number.
                self.search(member, part)?;
            } else {
                others.push(member);
            }
        }
        Ok(others)
    }

    fn attachment(&mut self, id: usize, part: &str, page: u16, depth: u32) -> Result<(), Stop> {
        let members = self.file.children(id, &mut self.seen);
        let (properties, rest): (Properties, _) = msg::properties(self.file, &members, page)?;
        let name = msg::attachment(part, &properties, self.tell)?;
        for member in rest {
            let is_data = self.file.entry(member).is_some_and(|e| msg::is_data(&e.name));
            if is_data {
                self.storage(member, &name, depth + 1)?;
            } else {
                self.member(member, &name, depth)?;
            }
        }
        Ok(())
    }

    /// A member that says by itself what it is.
    fn member(&mut self, id: usize, part: &str, depth: u32) -> Result<(), Stop> {
        let Some(entry) = self.file.entry(id) else { return Ok(()) };
        let name = entry.name.as_str();
        let path = joined(part, name.trim_start_matches(|c: char| c.is_control()));
        if entry.kind == file::Kind::Storage {
            return self.storage(id, &path, depth + 1);
        }
        let bytes = self.bytes(id, &path)?;
        match name {
            "Workbook" | "Book" => self.workbook(part, bytes),
            "\u{1}Ole10Native" => package::read(part, &bytes, self.tell),
            // An archive is one under any name.
            _ if crate::sniff::is_container(&bytes) && !crate::sniff::is_zlib(&bytes) => {
                self.tell.member(&path, &bytes)
            }
            // Numbers about the object and pictures of it that are older than the object.
            "\u{1}CompObj" | "\u{1}Ole" | "\u{1}Ole10ItemName" | "\u{3}OCXNAME" | "\u{3}ObjInfo" | "\u{3}EPRINT"
            | "\u{3}PRINT" | "\u{3}LinkInfo" | "PROJECT" | "PROJECTwm" | "PROJECTlk" | "Ctls" => {
                self.tell.strings(&path, &bytes)
            }
            _ if name.starts_with('\u{2}') => self.tell.strings(&path, &bytes),
            _ if name.starts_with('\u{5}') => properties::read(&path, &bytes, self.tell),
            _ if part.ends_with("VBA") => vba::read(&path, &bytes, self.tell),
            // What pivot tables remember of their sheets, in records as of a sheet.
            _ if part.ends_with("_SX_DB_CUR") => xls::read(&path, &bytes, self.tell),
            // Forms and controls: captions, values and lists among numbers.
            "\u{3}VBFrame" | "f" | "o" | "x" | "contents" if bytes.len() < FORM_MAX => {
                self.tell.text(&path, &strings::text(&bytes))
            }
            // Texts of Publisher stand in UTF-16 in one chunk; other data of layout lies around.
            "Contents" | "CONTENTS" if part.contains("Quill") || depth == 0 && name == "Contents" => {
                self.tell.text(&path, &strings::text(&bytes))
            }
            _ if bytes.is_empty() => Ok(()),
            _ => self.tell.member(&path, &bytes),
        }
    }

    fn workbook(&mut self, part: &str, mut stream: Vec<u8>) -> Result<(), Stop> {
        if locked::is_workbook(&stream) && !locked::workbook(&mut stream, self.tell)? {
            return self.tell.opaque(part, OpaqueReason::Encrypted, stream.len());
        }
        xls::read(part, &stream, self.tell)
    }
}

/// The encoding of a code page of Windows.
pub(super) fn code_page(number: u16) -> &'static encoding_rs::Encoding {
    match number {
        65_001 => encoding_rs::UTF_8,
        874 => encoding_rs::WINDOWS_874,
        932 => encoding_rs::SHIFT_JIS,
        936 => encoding_rs::GBK,
        949 => encoding_rs::EUC_KR,
        950 => encoding_rs::BIG5,
        1_250 => encoding_rs::WINDOWS_1250,
        1_251 => encoding_rs::WINDOWS_1251,
        1_258 => encoding_rs::WINDOWS_1258,
        // Western text, and what old Vietnamese fonts hide in it.
        _ => encoding_rs::WINDOWS_1252,
    }
}
