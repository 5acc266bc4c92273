//! Presentations of PowerPoint 97 to 2003 (MS-PPT): every text in the file, of slides, notes, masters, comments and
//! earlier versions of them; packed objects and pictures as members.
//!
//! The tree of records is read flat, in the order of the file.

use std::io::Read;

use chot_model::OpaqueReason;

use super::super::le::{packed, u16_at, u32_at, utf16};
use super::tell::{Stop, Tell};

/// Types of records (§2.13.24).
const TEXT: u16 = 0xfa0;
const PACKED_TEXT: u16 = 0xfa8;
const STRING: u16 = 0xfba;
const OBJECT: u16 = 0x1011;
/// The session of an encrypted file.
const SESSION: u16 = 0x2f14;

/// Text told at a time.
const TOLD: usize = 1 << 16;

/// Whether the stream `Current User` says that the file is encrypted (§2.3.2).
pub(super) fn is_encrypted(current_user: &[u8]) -> bool {
    u32_at(current_user, 12) == Some(0xf3d1_c4df)
}

/// Reads the stream of a presentation.
pub(super) fn read(part: &str, stream: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let (mut at, mut text, mut rest, mut objects) = (0, String::new(), Vec::new(), 0);
    while let (Some(first), Some(kind), Some(len)) =
        (u16_at(stream, at), u16_at(stream, at + 2), u32_at(stream, at + 4))
    {
        tell.spend(0)?;
        let data = stream.get(at + 8..).unwrap_or_default();
        let data = data.get(..(len as usize).min(data.len())).unwrap_or_default();
        if first & 0xf == 0xf && kind != SESSION {
            at += 8;
            continue;
        }
        at += 8 + data.len();
        match kind {
            TEXT | STRING => line(&utf16(data), &mut text),
            PACKED_TEXT => line(&packed(data), &mut text),
            OBJECT => {
                objects += 1;
                let name = format!("{part}{}object{objects}", if part.is_empty() { "" } else { "/" });
                object(&name, first >> 4, data, tell)?;
            }
            SESSION => tell.opaque(part, OpaqueReason::Encrypted, stream.len())?,
            _ => {
                rest.extend_from_slice(data);
                rest.extend([0, 0]);
            }
        }
        if text.len() > TOLD {
            tell.text(part, &std::mem::take(&mut text))?;
        }
        if rest.len() > TOLD {
            tell.strings(part, &std::mem::take(&mut rest))?;
        }
    }
    tell.text(part, &text)?;
    tell.strings(part, &rest)?;
    tell.strings(part, stream.get(at..).unwrap_or_default())
}

/// A paragraph a line, as it is shown.
fn line(atom: &str, text: &mut String) {
    text.extend(atom.chars().map(|c| if matches!(c, '\r' | '\u{b}') { '\n' } else { c }));
    text.push('\n');
}

/// A packed object: a compound file, compressed or not (§2.10.34).
fn object(name: &str, instance: u16, data: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    if instance == 0 {
        return tell.member(name, data);
    }
    let size = u32_at(data, 0).unwrap_or(0) as usize;
    tell.spend(size)?;
    let mut unpacked = Vec::new();
    let mut stream = flate2::read::ZlibDecoder::new(data.get(4..).unwrap_or_default()).take(size as u64);
    if stream.read_to_end(&mut unpacked).is_err() {
        tell.opaque(name, OpaqueReason::ParseError, data.len())?;
    }
    tell.member(name, &unpacked)
}
