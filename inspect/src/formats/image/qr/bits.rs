//! The bit stream of a code, read into bytes: digits, letters, bytes, kanji, and the character sets it announces.

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

const LETTERS: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn left(&self) -> usize {
        (self.bytes.len() * 8).saturating_sub(self.at)
    }

    fn take(&mut self, count: usize) -> Option<usize> {
        if count > self.left() {
            return None;
        }
        let bit = |at: usize| self.bytes.get(at / 8).map_or(0, |byte| usize::from(byte >> (7 - at % 8) & 1));
        let value = (self.at..self.at + count).fold(0, |value, at| value << 1 | bit(at));
        self.at += count;
        Some(value)
    }
}

/// What a code of this version says; `None` when it is no such stream. Bytes in a character set that the code
/// announces come out in UTF-8, others as they are.
pub(super) fn text(words: &[u8], version: usize) -> Option<Vec<u8>> {
    let mut bits = Bits { bytes: words, at: 0 };
    let mut out = Vec::new();
    let mut charset: Option<&'static Encoding> = None;
    // Bits of the count of characters (table 3).
    let wide = |small: usize, medium: usize, large: usize| match version {
        ..=9 => small,
        10..=26 => medium,
        _ => large,
    };
    while bits.left() >= 4 {
        match bits.take(4)? {
            0 => break,
            1 => {
                let count = bits.take(wide(10, 12, 14))?;
                digits(&mut bits, count, &mut out)?;
            }
            2 => {
                let count = bits.take(wide(9, 11, 13))?;
                letters(&mut bits, count, &mut out)?;
            }
            4 => {
                let count = bits.take(wide(8, 16, 16))?;
                let bytes = (0..count).map(|_| bits.take(8).map(|b| b as u8)).collect::<Option<Vec<_>>>()?;
                match charset {
                    Some(set) => out.extend_from_slice(set.decode_without_bom_handling(&bytes).0.as_bytes()),
                    None => out.extend_from_slice(&bytes),
                }
            }
            8 => {
                let count = bits.take(wide(8, 10, 12))?;
                for _ in 0..count {
                    let value = bits.take(13)?;
                    let packed = ((value / 0xc0) << 8) | (value % 0xc0);
                    let code = packed + if packed < 0x1f00 { 0x8140 } else { 0xc140 };
                    let pair = [(code >> 8) as u8, code as u8];
                    out.extend_from_slice(SHIFT_JIS.decode_without_bom_handling(&pair).0.as_bytes());
                }
            }
            7 => charset = announced(&mut bits)?,
            // One of several symbols that belong together: each is read for itself.
            3 => drop(bits.take(16)?),
            5 => {}
            9 => drop(bits.take(8)?),
            _ => return None,
        }
    }
    Some(out)
}

fn digits(bits: &mut Bits<'_>, mut count: usize, out: &mut Vec<u8>) -> Option<()> {
    while count > 0 {
        let group = count.min(3);
        let value = bits.take(group * 3 + 1)?;
        let text = format!("{value:0group$}");
        if text.len() != group {
            return None;
        }
        out.extend_from_slice(text.as_bytes());
        count -= group;
    }
    Some(())
}

fn letters(bits: &mut Bits<'_>, mut count: usize, out: &mut Vec<u8>) -> Option<()> {
    while count > 0 {
        if count == 1 {
            out.push(*LETTERS.get(bits.take(6)?)?);
            break;
        }
        let value = bits.take(11)?;
        out.push(*LETTERS.get(value / 45)?);
        out.push(*LETTERS.get(value % 45)?);
        count -= 2;
    }
    Some(())
}

/// The character set of an announcement (7.4.2; AIM ECI registry); `None` inside for those not known.
fn announced(bits: &mut Bits<'_>) -> Option<Option<&'static Encoding>> {
    let first = bits.take(8)?;
    let number = if first & 0x80 == 0 {
        first
    } else if first & 0xc0 == 0x80 {
        (first & 0x3f) << 8 | bits.take(8)?
    } else {
        (first & 0x1f) << 16 | bits.take(16)?
    };
    let label = match number {
        1 | 3 => "iso-8859-1",
        20 => "shift_jis",
        21..=24 => ["windows-1250", "windows-1251", "windows-1252", "windows-1256"].get(number - 21)?,
        25 => "utf-16be",
        26 => return Some(Some(UTF_8)),
        28 => "big5",
        29 | 32 => "gb18030",
        30 => "euc-kr",
        n @ 4..=18 => return Some(Encoding::for_label(format!("iso-8859-{}", n - 2).as_bytes())),
        _ => return Some(None),
    };
    Some(Encoding::for_label(label.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes values of so many bits.
    fn pack(fields: &[(usize, usize)]) -> Vec<u8> {
        let bits: String = fields.iter().map(|(value, width)| format!("{value:0width$b}")).collect();
        let byte = |chunk: &[u8]| u8::from_str_radix(&format!("{:0<8}", String::from_utf8_lossy(chunk)), 2);
        bits.as_bytes().chunks(8).map(|chunk| byte(chunk).expect("binary")).collect()
    }

    #[test]
    fn each_kind_of_segment_is_read() {
        // The examples of 7.4.3 and 7.4.4, bytes, kanji of 7.4.6, and Latin-1 announced.
        for (fields, expected) in [
            (&[(1, 4), (8, 10), (12, 10), (345, 10), (67, 7), (0, 4)][..], "01234567"),
            (&[(2, 4), (5, 9), (462, 11), (1849, 11), (2, 6), (0, 4)], "AC-42"),
            (&[(4, 4), (2, 8), (0xc3, 8), (0xa9, 8), (0, 4)], "é"),
            (&[(8, 4), (2, 8), (0x0d9f, 13), (0x1aaa, 13), (0, 4)], "点茗"),
            (&[(7, 4), (3, 8), (4, 4), (1, 8), (0xe9, 8), (0, 4)], "é"),
        ] {
            assert_eq!(text(&pack(fields), 1).expect("a stream"), expected.as_bytes());
        }
    }

    #[test]
    fn what_is_no_stream_is_refused() {
        assert_eq!(text(&pack(&[(4, 4), (200, 8), (65, 8)]), 1), None);
        assert_eq!(text(&pack(&[(1, 4), (3, 10), (1000, 10)]), 1), None);
        assert_eq!(text(&pack(&[(15, 4), (0, 12)]), 1), None);
    }
}
