//! Macros: the source of each module, decompressed (MS-OVBA §2.4.1), as text. Nothing is run.

use super::super::le::u16_at;
use super::tell::{Stop, Tell};

/// A chunk comes to so many bytes.
const CHUNK: usize = 4_096;
/// How the source of every module begins, compressed: a mark, the size of the first chunk, and letters as they are.
const BEGINNING: &[u8] = b"\0Attribut";

/// Tells the source in a stream of a project; other streams are searched.
pub(super) fn read(part: &str, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let start = memchr::memmem::find(bytes, BEGINNING).and_then(|at| at.checked_sub(3));
    let source = start.and_then(|start| bytes.get(start..)).filter(|b| b.starts_with(&[1]));
    let Some(source) = source else {
        // The table of modules is compressed as well; others are not.
        let unpacked = if bytes.starts_with(&[1]) { decompress(bytes, tell)? } else { Vec::new() };
        tell.strings(part, &unpacked)?;
        return tell.strings(part, bytes);
    };
    let text = decompress(source, tell)?;
    let text = super::code_page(1_258).decode_without_bom_handling(&text).0;
    tell.text(part, &text)?;
    tell.strings(part, bytes)
}

/// Undoes the compression, as far as it goes.
fn decompress(bytes: &[u8], tell: &mut Tell<'_>) -> Result<Vec<u8>, Stop> {
    let (mut out, mut at) = (Vec::new(), 1);
    while let Some(header) = u16_at(bytes, at) {
        if header & 0x7000 != 0x3000 {
            break;
        }
        let len = usize::from(header & 0xfff) + 1;
        let chunk = bytes.get(at + 2..).unwrap_or_default();
        let chunk = chunk.get(..len.min(chunk.len())).unwrap_or_default();
        at += 2 + len;
        let before = out.len();
        if header & 0x8000 == 0 {
            out.extend_from_slice(chunk);
        } else {
            tokens(chunk, &mut out);
        }
        tell.spend(out.len() - before)?;
    }
    Ok(out)
}

/// A chunk: a byte of flags, then eight letters or copies of what stood before in the chunk.
fn tokens(chunk: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut at = 0;
    while let Some(flags) = chunk.get(at) {
        at += 1;
        for bit in 0..8 {
            if out.len() - start >= CHUNK {
                return;
            }
            if flags >> bit & 1 == 0 {
                let Some(letter) = chunk.get(at) else { return };
                out.push(*letter);
                at += 1;
                continue;
            }
            let Some(token) = u16_at(chunk, at) else { return };
            at += 2;
            // The further in the chunk, the more bits say how far back.
            let far = out.len() - start;
            let bits = (4..12).find(|bits| 1usize << bits >= far).unwrap_or(12);
            let len = usize::from(token & (0xffff >> bits)) + 3;
            let back = usize::from(token >> (16 - bits)) + 1;
            for _ in 0..len.min(CHUNK) {
                let Some(letter) = out.len().checked_sub(back).filter(|from| *from >= start).and_then(|n| out.get(n))
                else {
                    return;
                };
                out.push(*letter);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        // MS-OVBA §3.2.2 and §3.2.3.
        let normal = b"\x01\x2f\xb0\x00\x23\x61\x61\x61\x62\x63\x64\x65\x82\x66\x00\x70\x61\x67\x68\x69\x6a\x01\x38\x08\x61\x6b\x6c\x00\x30\x6d\x6e\x6f\x70\x06\x71\x02\x70\x04\x10\x72\x73\x74\x75\x76\x10\x77\x78\x79\x7a\x00\x3c";
        let most = b"\x01\x03\xb0\x02\x61\x45\x00";
        for (bytes, text) in [
            (&normal[..], "#aaabcdefaaaaghijaaaaaklaaamnopqaaaaaaaaaaaarstuvwxyzaaa".to_owned()),
            (most, "a".repeat(73)),
        ] {
            let mut out = Vec::new();
            tokens(&bytes[3..], &mut out);
            assert_eq!(String::from_utf8_lossy(&out), text);
        }
    }
}
