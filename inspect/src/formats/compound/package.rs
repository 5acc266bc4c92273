//! Files packed into a document as objects: `\x01Ole10Native` (MS-OLEDS §2.3.6 and the packager's own layout).

use super::super::le::{u16_at, u32_at};
use super::tell::{Stop, Tell};

/// Tells the file, or the bytes of the object when it is no file.
pub(super) fn read(part: &str, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    match file(bytes.get(4..).unwrap_or_default()) {
        Some(File { paths: names, name, data }) => {
            for name in names {
                tell.strings(part, name)?;
            }
            let name = super::code_page(1_258).decode_without_bom_handling(name).0;
            tell.member(&joined(part, &name), data)
        }
        None => tell.member(&joined(part, "object"), bytes.get(4..).unwrap_or_default()),
    }
}

fn joined(part: &str, name: &str) -> String {
    if part.is_empty() { name.to_owned() } else { format!("{part}/{name}") }
}

/// The name and the bytes of a packed file, without the size before it.
pub(in crate::formats) fn packed(bytes: &[u8]) -> Option<(String, &[u8])> {
    let File { name, data, paths: _ } = file(bytes)?;
    Some((super::code_page(1_258).decode_without_bom_handling(name).0.into_owned(), data))
}

/// A file: the paths it had, its name and its bytes.
struct File<'b> {
    paths: [&'b [u8]; 2],
    name: &'b [u8],
    data: &'b [u8],
}

fn file(bytes: &[u8]) -> Option<File<'_>> {
    if u16_at(bytes, 0)? != 2 {
        return None;
    }
    let (name, rest) = until_zero(bytes.get(2..)?)?;
    let (path, rest) = until_zero(rest)?;
    // Two numbers, then the path of a copy behind its length.
    let len = u32_at(rest, 4)? as usize;
    let copy = rest.get(8..)?.get(..len)?;
    let rest = rest.get(8 + len..)?;
    let size = u32_at(rest, 0)? as usize;
    let data = rest.get(4..)?;
    Some(File { paths: [path, copy], name, data: data.get(..size.min(data.len()))? })
}

fn until_zero(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = memchr::memchr(0, bytes)?;
    Some((bytes.get(..end)?, bytes.get(end + 1..)?))
}
