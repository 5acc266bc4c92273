//! Text that stands in bytes nobody knows: runs of one byte a character, and of two.
//!
//! Unlike the search in files of no known format, this one reads Vietnamese letters in UTF-16: that is how Office
//! programs keep text.

use super::super::le::u16_at;

/// Shorter runs are chance.
const RUN_MIN: usize = 5;

/// All runs, one a line.
pub(in crate::formats) fn text(bytes: &[u8]) -> String {
    let mut out = String::new();
    narrow(bytes, &mut out);
    // Two bytes a character may begin at either.
    for from in 0..2 {
        wide(bytes.get(from..).unwrap_or_default(), &mut out);
    }
    out
}

fn narrow(bytes: &[u8], out: &mut String) {
    let is_text = |b: &u8| *b >= 0x20 && *b != 0x7f || *b == b'\t';
    for run in bytes.split(|b| !is_text(b)) {
        let ascii = run.iter().filter(|b| b.is_ascii()).count();
        if run.len() < RUN_MIN {
            continue;
        }
        match std::str::from_utf8(run) {
            // Half of the bytes of many Vietnamese words are no ASCII.
            Ok(text) if ascii * 2 >= run.len() || text.chars().all(is_letter) => out.push_str(text),
            Err(_) if ascii * 2 >= run.len() => {
                out.push_str(&encoding_rs::WINDOWS_1252.decode_without_bom_handling(run).0);
            }
            _ => continue,
        }
        out.push('\n');
    }
}

fn wide(bytes: &[u8], out: &mut String) {
    let mut run = String::new();
    let mut chars = 0;
    let mut end = |run: &mut String, chars: &mut usize| {
        if *chars >= RUN_MIN {
            out.push_str(run);
            out.push('\n');
        }
        run.clear();
        *chars = 0;
    };
    for unit in bytes.chunks_exact(2).filter_map(|u| u16_at(u, 0)) {
        match char::from_u32(unit.into()).filter(|c| is_letter(*c)) {
            Some(c) => {
                run.push(c);
                chars += 1;
            }
            None => end(&mut run, &mut chars),
        }
    }
    end(&mut run, &mut chars);
}

/// What Vietnamese and English text is made of.
fn is_letter(c: char) -> bool {
    matches!(c, ' '..='~' | '\t' | '\u{a0}'..='\u{1b0}' | '\u{300}'..='\u{323}' | '\u{1ea0}'..='\u{1ef9}' | '\u{2010}'..='\u{2026}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_widths_are_read() {
        let wide: Vec<u8> = "Số thẻ 12".encode_utf16().flat_map(u16::to_le_bytes).collect();
        let bytes = [b"\0\x01Narrow text\0".as_slice(), &wide, b"\0\0ab\0"].concat();
        let text = text(&bytes);
        assert!(text.contains("Narrow text\n") && text.contains("Số thẻ 12\n"), "{text}");
        assert!(!text.contains("ab"));
    }

    #[test]
    fn words_of_which_most_bytes_are_no_ascii_are_read() {
        let bytes =
            [b"\0\x0f", "Điện thoại".as_bytes(), b"\0\x0a", "Số sổ".as_bytes(), b"\0\xd1\xf2\xe8\xfa\xe9o\0"].concat();
        assert_eq!(text(&bytes).lines().filter(|line| !line.is_ascii()).collect::<Vec<_>>(), ["Điện thoại", "Số sổ"]);
    }
}
