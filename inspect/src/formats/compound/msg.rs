//! Messages of Outlook in a compound file (MS-OXMSG): properties as streams, recipients and attachments as storages.

use super::super::le::u16_at;
use super::super::mapi::{Properties, Property, fixed_size, id, joined, kind};
use super::file::{Compound, Kind};
use super::tell::{Stop, Tell};

/// The stream of the properties that are a number.
pub(super) const PROPERTIES: &str = "__properties_version1.0";
/// The beginning of the names of streams that are a property.
const STREAM: &str = "__substg1.0_";

/// Reads the properties of a storage: of a message, a recipient or an attachment. The rest of its members is given
/// back: storages within.
pub(super) fn properties(
    file: &Compound<'_>,
    members: &[usize],
    outer_page: u16,
) -> Result<(Properties, Vec<usize>), Stop> {
    let mut properties = Properties { list: Vec::new(), code_page: outer_page };
    let mut rest = Vec::new();
    for member in members {
        let Some(entry) = file.entry(*member) else { continue };
        let tag = entry.name.strip_prefix(STREAM).and_then(|tag| tag.get(..8));
        match (tag.and_then(|tag| u32::from_str_radix(tag, 16).ok()), entry.kind) {
            (Some(tag), Kind::Stream) => {
                let value = file.stream(*member)?.0;
                properties.list.push(Property { id: (tag >> 16) as u16, kind: tag as u16, value });
            }
            _ if entry.name == PROPERTIES => numbers(&file.stream(*member)?.0, &mut properties),
            _ => rest.push(*member),
        }
    }
    properties.code_page = properties.told_code_page().unwrap_or(outer_page);
    Ok((properties, rest))
}

/// Properties that are a number: entries of sixteen bytes behind a header of 8, 24 or 32. Of a longer header the rest
/// reads as entries as well, of numbers that mean nothing.
fn numbers(bytes: &[u8], properties: &mut Properties) {
    let header = bytes.len() % 16;
    for entry in bytes.get(header..).unwrap_or_default().chunks_exact(16) {
        if let (Some(type_), Some(number)) = (u16_at(entry, 0), u16_at(entry, 2))
            && fixed_size(type_).is_some()
        {
            let value = entry.get(8..).unwrap_or_default().to_vec();
            properties.list.push(Property { id: number, kind: type_, value });
        }
    }
}

/// Tells an attachment that is bytes; one that is a storage is the caller's.
pub(super) fn attachment(part: &str, properties: &Properties, tell: &mut Tell<'_>) -> Result<String, Stop> {
    let name = joined(part, &properties.file_name());
    properties.tell(&name, tell)?;
    if let Some(data) = properties.get(id::DATA).filter(|data| data.kind == kind::BINARY) {
        tell.member(&name, &data.value)?;
    }
    Ok(name)
}

/// Whether a storage is the data of an attachment.
pub(super) fn is_data(name: &str) -> bool {
    let tag = name.strip_prefix(STREAM).and_then(|tag| u32::from_str_radix(tag.get(..8)?, 16).ok());
    tag == Some(u32::from(id::DATA) << 16 | u32::from(kind::OBJECT))
}

/// Whether members are those of a message or of a part of one.
pub(super) fn is_one(names: &[&str]) -> bool {
    names.contains(&PROPERTIES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_behind_headers_of_several_sizes() {
        for header in [8, 24, 32] {
            let mut bytes = vec![0; header];
            bytes.extend([3, 0, 0xfd, 0x3f, 6, 0, 0, 0, 0xea, 4, 0, 0, 0, 0, 0, 0]);
            let mut properties = Properties::default();
            numbers(&bytes, &mut properties);
            assert_eq!(properties.told_code_page(), Some(1_258), "{header}");
        }
    }
}
