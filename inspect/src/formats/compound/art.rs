//! Pictures in drawings of Office (MS-ODRAW): found in the flat run of records, whatever drawing they belong to.

use super::super::le::{u16_at, u32_at};
use super::tell::{Stop, Tell};

/// Records that hold a picture (§2.2.23): enhanced and Windows metafiles, PICT, JPEG, PNG, bitmap, TIFF, JPEG in CMYK.
const PICTURES: [(u16, &str); 8] = [
    (0xf01a, "emf"),
    (0xf01b, "wmf"),
    (0xf01c, "pict"),
    (0xf01d, "jpg"),
    (0xf01e, "png"),
    (0xf01f, "dib"),
    (0xf029, "tiff"),
    (0xf02a, "jpg"),
];
/// What stands before a picture of dots: one or two digests and a tag.
const TAGS: [usize; 2] = [17, 33];

/// Tells the pictures as members.
pub(super) fn pictures(part: &str, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let (mut at, mut number) = (0, 0);
    while let (Some(first), Some(kind), Some(len)) = (u16_at(bytes, at), u16_at(bytes, at + 2), u32_at(bytes, at + 4)) {
        let data = bytes.get(at + 8..).unwrap_or_default();
        let data = data.get(..(len as usize).min(data.len())).unwrap_or_default();
        if let Some((_, extension)) = PICTURES.iter().find(|(k, _)| *k == kind) {
            number += 1;
            let name = format!("{part}{}picture{number}.{extension}", if part.is_empty() { "" } else { "/" });
            picture(&name, extension, first, data, tell)?;
            at += 8 + data.len();
        } else if kind == 0xf007 {
            // The entry of a picture: it follows behind 36 bytes and a name.
            let name = usize::from(data.get(33).copied().unwrap_or(0));
            at += 8 + 36 + name;
        } else if first & 0xf == 0xf {
            at += 8;
        } else {
            at += 8 + data.len();
        }
        if kind < 0xf000 {
            break;
        }
        tell.spend(0)?;
    }
    Ok(())
}

fn picture(name: &str, extension: &str, first: u16, data: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    // Whether there is a second digest, is told by the instance; it differs by one for each kind (§2.2.24 to 2.2.31).
    let second = usize::from(first >> 4 & 1);
    match extension {
        "emf" | "wmf" | "pict" => {
            let start = 16 * (1 + second) + 34;
            let packed = data.get(start - 2) == Some(&0);
            let data = data.get(start..).unwrap_or_default();
            if packed { tell.member(&format!("{name}.z"), data) } else { tell.member(name, data) }
        }
        _ => {
            let tag = TAGS.get(second).copied().unwrap_or(17);
            tell.member(name, data.get(tag..).unwrap_or_default())
        }
    }
}

/// Tells the pictures among the data of a document: each behind its own header, whose length it tells (MS-DOC §2.9.192).
pub(super) fn pictures_within(part: &str, data: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let mut at = 0;
    while let (Some(len), Some(header)) = (u32_at(data, at), u16_at(data, at + 4)) {
        let (len, header) = (len as usize, usize::from(header));
        let Some(picture) = data.get(at..).and_then(|rest| rest.get(header..len)).filter(|_| header >= 0x44) else {
            // Other data lies between; a picture's own header has this length (§2.9.190).
            at += 1;
            let found = memchr::memmem::find(data.get(at + 4..).unwrap_or_default(), b"\x44\x00");
            let Some(next) = found else { break };
            at += next;
            continue;
        };
        // A linked picture has its path first.
        let mode = u16_at(data, at + 6);
        let skip = if mode == Some(0x66) { 1 + usize::from(picture.first().copied().unwrap_or(0)) } else { 0 };
        pictures(part, picture.get(skip..).unwrap_or_default(), tell)?;
        at += len;
    }
    Ok(())
}
