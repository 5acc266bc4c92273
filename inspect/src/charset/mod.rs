//! Character sets of one byte a character, for text that is not UTF-8.
//!
//! UTF-16 is a layer of its own (`text`). Digits are ASCII in every set, so a wrong guess costs context, not numbers.

use std::sync::LazyLock;

/// The characters of the upper half of one set.
#[derive(Debug)]
pub(crate) struct Charset {
    upper: [char; 128],
}

impl Charset {
    pub(crate) fn decode(&self, byte: u8) -> char {
        if byte.is_ascii() {
            char::from(byte)
        } else {
            self.upper.get(usize::from(byte & 0x7f)).copied().unwrap_or('\u{fffd}')
        }
    }

    /// The set that makes most sense of `text`: the one in which it has most everyday words.
    pub(crate) fn of(text: &[u8]) -> &'static Self {
        const WORDS: &[&str] = &[
            "số", "của", "và", "là", "căn", "cước", "mã", "thẻ", "bảo", "hiểm", "xã", "hội", "định", "người", "ngày",
            "không", "được", "công", "dân", "sổ", "tế", "nhân", "gửi", "kính", "đơn", "vị", "họ", "tên", "sinh",
            "việc", "cho", "địa",
        ];
        const SEEN: usize = 4_096;
        let text = text.get(..text.len().min(SEEN)).unwrap_or_default();
        let score = |set: &Self| {
            let read: String = text.iter().map(|b| set.decode(*b)).collect();
            let read = read.to_lowercase();
            read.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_ascii() && WORDS.contains(w)).count()
        };
        let [tcvn3, viscii] = Self::old();
        [tcvn3, viscii]
            .into_iter()
            .map(|set| (score(set), set))
            .filter(|(score, _)| *score > 0)
            .max_by_key(|(score, _)| *score)
            .map_or_else(Self::windows_1258, |(_, set)| set)
    }

    /// TCVN3 and VISCII.
    fn old() -> [&'static Self; 2] {
        static SETS: LazyLock<[Charset; 2]> = LazyLock::new(|| {
            let mut sets = [['\u{fffd}'; 128]; 2];
            for line in include_str!("legacy.csv").lines().filter(|l| !l.starts_with('#')) {
                let mut fields = line.split(',');
                let byte = fields.next().and_then(|b| u8::from_str_radix(b, 16).ok());
                for (set, letter) in sets.iter_mut().zip(fields) {
                    if let (Some(byte), Some(c)) = (byte, letter.chars().next())
                        && let Some(slot) = set.get_mut(usize::from(byte & 0x7f))
                    {
                        *slot = c;
                    }
                }
            }
            sets.map(|upper| Charset { upper })
        });
        let [tcvn3, viscii] = &*SETS;
        [tcvn3, viscii]
    }

    /// windows-1258, the Vietnamese code page: letters and combining tone marks.
    pub(crate) fn windows_1258() -> &'static Self {
        static SET: LazyLock<Charset> = LazyLock::new(|| {
            let mut upper = ['\u{fffd}'; 128];
            for (n, slot) in upper.iter_mut().enumerate() {
                let byte = [0x80 + n as u8];
                let (text, _) = encoding_rs::WINDOWS_1258.decode_without_bom_handling(&byte);
                *slot = text.chars().next().unwrap_or('\u{fffd}');
            }
            Charset { upper }
        });
        &SET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_vietnamese_letters_and_marks() {
        let read: String = b"c\xe3n c\xfd\xccc".iter().map(|b| Charset::windows_1258().decode(*b)).collect();
        assert_eq!(read, "căn cư\u{300}c");
    }

    #[test]
    fn old_sets_are_told_by_their_words() {
        for (bytes, expected) in [
            (&b"M\xb7 s\xe8 BHXH cho anh"[..], "Mã số BHXH cho anh"),
            (b"M\xe3 s\xaf BHXH", "Mã số BHXH"),
            (b"c\xe3n", "căn"),
        ] {
            let set = Charset::of(bytes);
            let read: String = bytes.iter().map(|b| set.decode(*b)).collect();
            assert_eq!(read, expected);
        }
    }
}
