//! The compressed rich text of messages (MS-OXRTFCP): copies of what stood before, in a ring that begins with words
//! that every such text has.

use super::super::le::u32_at;
use crate::formats::compound::tell::{Stop, Tell};

const RING: usize = 4_096;
const BEGINNING: &[u8; 207] = b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript \\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par \\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";

/// The text, as far as it goes; `None` when it is of no known kind.
pub(in crate::formats) fn decompress(bytes: &[u8], tell: &mut Tell<'_>) -> Result<Option<Vec<u8>>, Stop> {
    let (Some(size), Some(kind)) = (u32_at(bytes, 4), bytes.get(8..12)) else { return Ok(None) };
    let data = bytes.get(16..).unwrap_or_default();
    let text = match kind {
        b"MELA" => data.get(..(size as usize).min(data.len())).unwrap_or_default().to_vec(),
        b"LZFu" => unpack(data, size as usize),
        _ => return Ok(None),
    };
    tell.spend(text.len())?;
    Ok(Some(text))
}

fn unpack(data: &[u8], size: usize) -> Vec<u8> {
    let mut ring = [b' '; RING];
    for (slot, b) in ring.iter_mut().zip(BEGINNING) {
        *slot = *b;
    }
    let (mut end, mut out) = (BEGINNING.len(), Vec::new());
    let mut put = |ring: &mut [u8; RING], end: &mut usize, b: u8| {
        ring[*end % RING] = b;
        *end = (*end + 1) % RING;
        out.push(b);
        out.len() < size
    };
    let mut bytes = data.iter().copied();
    'all: while let Some(flags) = bytes.next() {
        for bit in 0..8 {
            let Some(first) = bytes.next() else { break 'all };
            if flags >> bit & 1 == 0 {
                if !put(&mut ring, &mut end, first) {
                    break 'all;
                }
                continue;
            }
            let Some(second) = bytes.next() else { break 'all };
            let token = usize::from(first) << 8 | usize::from(second);
            let from = token >> 4;
            if from == end {
                break 'all;
            }
            for n in 0..(token & 0xf) + 2 {
                let b = ring[(from + n) % RING];
                if !put(&mut ring, &mut end, b) {
                    break 'all;
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_specification() {
        // MS-OXRTFCP §4.1 and §4.2.
        let simple = b"\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32\x35\x42\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0";
        assert_eq!(String::from_utf8_lossy(&unpack(simple, 43)), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
        let repeated = b"\x41\x00\x04\x20\x57\x58\x59\x5a\x0d\x6e\x7d\x01\x0e\xb0";
        assert_eq!(String::from_utf8_lossy(&unpack(repeated, 28)), "{\\rtf1 WXYZWXYZWXYZWXYZWXYZ}");
    }
}
