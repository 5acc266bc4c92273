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
}
