//! Headings whose bytes a program took for those of a Western character set: `MÃ£ sá»‘ BHXH` was UTF-8 (a CSV without a mark,
//! opened in Excel), `M· sè BHXH` and `Maõ soá BHXH` are old Vietnamese sets, whose letters only a font made readable.
//!
//! It tells what they may have been, and not what they announce.

use encoding_rs::WINDOWS_1252;

use crate::charset::Charset;

/// The letters of the upper half of code page 437, which consoles show bytes in.
const CONSOLE: &str = "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
    └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}";

/// What a heading was before, in each way that fits all its letters; nothing for one of ASCII, or of letters that no Western set
/// has, as most words of Vietnamese are.
pub(super) fn readings(heading: &str) -> impl Iterator<Item = String> {
    let may_fit = !heading.is_ascii() && !heading.chars().any(is_of_no_set);
    let western = if may_fit { bytes(heading, western) } else { None };
    let console = if may_fit { bytes(heading, console) } else { None };
    let as_utf8 = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
    let old: Vec<String> = western.as_deref().map(|bytes| Charset::readings(bytes).collect()).unwrap_or_default();
    western.as_ref().and_then(as_utf8).into_iter().chain(console.as_ref().and_then(as_utf8)).chain(old)
}

/// Whether a letter is one that neither set has, as those of Vietnamese are that have two marks, and `ă`, `đ`, `ơ`, `ư`.
const fn is_of_no_set(c: char) -> bool {
    matches!(c, '\u{100}'..='\u{151}' | '\u{1a0}'..='\u{1ff}' | '\u{1e00}'..='\u{1eff}')
}

fn bytes(heading: &str, byte: fn(char) -> Option<u8>) -> Option<Vec<u8>> {
    heading.chars().map(|c| if c.is_ascii() { u8::try_from(c).ok() } else { byte(c) }).collect()
}

/// The byte of windows-1252, or of ISO 8859-1, whose characters of control stand where the other has letters.
fn western(c: char) -> Option<u8> {
    if let Ok(byte) = u8::try_from(c) {
        return Some(byte);
    }
    match WINDOWS_1252.encode(c.encode_utf8(&mut [0; 4])) {
        (bytes, _, false) => bytes.first().copied(),
        _ => None,
    }
}

fn console(c: char) -> Option<u8> {
    let at = CONSOLE.chars().position(|known| known == c)?;
    u8::try_from(at + 0x80).ok()
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    const HEADINGS: [&str; 10] = [
        "M\u{b7} s\u{e8} BHXH",
        "Ma\u{f5} so\u{e1} BHXH",
        "M\u{e3} s\u{af} BHXH",
        "Ma\u{de} s\u{f4}\u{ec} BHXH",
        "M\u{c3}\u{a3} s\u{e1}\u{bb}\u{2018} BHXH",
        "M\u{c3}\u{a3} s\u{e1}\u{bb}\u{91} BHXH",
        "M├ú sß╗æ BHXH",
        "M&#227; s&#7889; BHXH",
        "M\\u00e3 s\\u1ed1 BHXH",
        "M=C3=A3 s=E1=BB=91 BHXH",
    ];

    #[test]
    fn the_console_has_a_letter_for_each_byte() {
        assert_eq!(CONSOLE.chars().count(), 128);
        assert_eq!(
            (console('Ç'), console('æ'), console('ß'), console('\u{a0}')),
            (Some(0x80), Some(0x91), Some(0xe1), Some(0xff))
        );
    }

    #[test]
    fn what_no_set_has_is_a_byte_of_neither() {
        let of_none: Vec<char> = ('\u{80}'..'\u{ffff}').filter(|c| is_of_no_set(*c)).collect();
        assert!(['ă', 'đ', 'ơ', 'ư', 'ế', 'Ộ'].iter().all(|c| of_none.contains(c)));
        assert!(of_none.iter().all(|c| western(*c).is_none() && console(*c).is_none()));
    }

    #[test]
    fn headings_announce_what_they_did_before() {
        let inspect = |heading: &str| {
            let rows: String = ["3181834958", "3125857582", "0134144460", "4874705589"]
                .map(|n| format!("1,a,b,Vi Thị Thử,{n}\n"))
                .concat();
            let bytes = format!("STT,x,y,Ten,{heading}\n{rows}").into_bytes();
            Inspector::new(Limits::default(), 2026)
                .inspect(Hint { name: Some("ds.csv".into()), content_type: None }, &bytes)
                .inspection
                .distinct(DetectorId::Bhxh)
        };
        for heading in HEADINGS {
            assert_eq!(inspect(heading), 4, "{heading}");
        }
        for heading in [
            "Größe",
            "Número de pedido",
            "M\u{b7} hµng",
            "Mã hàng",
            "&#227; &#7889;",
            "M=C3=A3 =C4=91=C6=A1n h=C3=A0ng",
        ] {
            assert_eq!(inspect(heading), 0, "{heading}");
        }
    }
}
