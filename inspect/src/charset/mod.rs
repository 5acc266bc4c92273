//! Character sets of one byte a letter or mark, for text that is not UTF-8.
//!
//! UTF-16 and UTF-32 are formats of their own. Digits are ASCII in every set, so a wrong guess costs context, not numbers.

use std::sync::LazyLock;

use chot_detectors::fold;

/// The characters of the upper half of one set.
#[derive(Debug)]
pub(crate) struct Charset {
    pub(crate) name: &'static str,
    upper: [char; 128],
    /// Some bytes are marks on the letter before.
    marks: bool,
}

/// A word without the marks that stand behind their letters in VNI; horns and bars belong to the letters there.
fn bare(word: &str) -> String {
    let letter = |c: char| match c {
        'ơ' | 'ờ' | 'ớ' | 'ở' | 'ỡ' | 'ợ' => Some('ơ'),
        'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => Some('ư'),
        'đ' => Some('đ'),
        c => fold(c.encode_utf8(&mut [0; 4])).chars().next(),
    };
    word.chars().filter_map(letter).collect()
}

/// So much of a text tells its set.
fn seen(text: &[u8]) -> &[u8] {
    const SEEN: usize = 4_096;
    text.get(..text.len().min(SEEN)).unwrap_or_default()
}

fn is_mark(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
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
        let windows = Self::windows_1258();
        let words = windows.words(seen(text), false);
        Self::old(text, words.max(1), false).unwrap_or(windows)
    }

    /// What bytes say in the old sets and in windows-1258, where every letter of them is one there.
    pub(crate) fn readings(bytes: &[u8]) -> impl Iterator<Item = String> {
        let sets = Self::all().iter().chain([Self::windows_1258()]);
        let decode = |set: &Self| bytes.iter().map(|b| Some(set.decode(*b)).filter(|c| *c != '\u{fffd}')).collect();
        sets.filter_map(decode)
    }

    /// The old set in which `text` has most everyday words, and at least so many. Where the text is one that a program
    /// took for `western`, words that mean the same in windows-1252 tell nothing.
    pub(crate) fn old(text: &[u8], words_min: usize, western: bool) -> Option<&'static Self> {
        let text = seen(text);
        // Of equals the first: those listed first were used most.
        let scored = Self::all().iter().map(|set| (set.words(text, western), set)).rev();
        scored.filter(|(words, _)| *words >= words_min).max_by_key(|(words, _)| *words).map(|(_, set)| set)
    }

    /// The old set of that name.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        Self::all().iter().find(|set| set.name == name)
    }

    /// How many everyday words of Vietnamese it reads in `text`.
    fn words(&self, text: &[u8], western: bool) -> usize {
        const WORDS: &[&str] = &[
            "số",
            "của",
            "và",
            "là",
            "căn",
            "cước",
            "mã",
            "thẻ",
            "bảo",
            "hiểm",
            "xã",
            "hội",
            "định",
            "người",
            "ngày",
            "không",
            "được",
            "công",
            "dân",
            "sổ",
            "tế",
            "nhân",
            "gửi",
            "kính",
            "đơn",
            "vị",
            "họ",
            "tên",
            "sinh",
            "việc",
            "cho",
            "địa",
            "chiếu",
            "quốc",
            "tịch",
            "khách",
            "nguyễn",
            "trần",
            "phạm",
            "thị",
            "văn",
            "hoàng",
            "đặng",
            "huỳnh",
            "phường",
            "tỉnh",
            "giấy",
        ];
        static BARE: LazyLock<Vec<String>> = LazyLock::new(|| WORDS.iter().map(|w| bare(w)).collect());
        let letter = |b: &u8| {
            let c = self.decode(*b);
            c.is_alphabetic() || is_mark(c)
        };
        let told = |word: &&[u8]| {
            let tells = |b: &&u8| !(b.is_ascii() || western && self.decode(**b) == Self::windows_1252().decode(**b));
            if !word.iter().any(|b| tells(&b)) {
                return false;
            }
            let read = word.iter().map(|b| self.decode(*b)).collect::<String>().to_lowercase();
            // Marks come after their letters, not all of them: what is left is compared.
            if self.marks { BARE.contains(&bare(&read)) } else { WORDS.contains(&read.as_str()) }
        };
        text.split(|b| !letter(b)).filter(told).count()
    }

    /// The old sets of the table beside.
    fn all() -> &'static [Self] {
        static SETS: LazyLock<Vec<Charset>> = LazyLock::new(|| {
            let mut lines = include_str!("legacy.csv").lines().filter(|l| !l.starts_with('#'));
            let names = lines.next().unwrap_or_default().split(',').skip(1);
            let mut sets: Vec<_> = names.map(|name| Charset { name, upper: ['\u{fffd}'; 128], marks: false }).collect();
            for line in lines {
                let mut fields = line.split(',');
                let byte = fields.next().and_then(|b| u8::from_str_radix(b, 16).ok());
                for (set, letter) in sets.iter_mut().zip(fields) {
                    if let (Some(byte), Some(c)) = (byte, letter.chars().next())
                        && let Some(slot) = set.upper.get_mut(usize::from(byte & 0x7f))
                    {
                        *slot = c;
                        set.marks |= is_mark(c);
                    }
                }
            }
            sets
        });
        &SETS
    }

    /// windows-1258, the Vietnamese code page: letters and combining tone marks.
    pub(crate) fn windows_1258() -> &'static Self {
        static SET: LazyLock<Charset> = LazyLock::new(|| Charset::known("windows-1258", encoding_rs::WINDOWS_1258));
        &SET
    }

    fn windows_1252() -> &'static Self {
        static SET: LazyLock<Charset> = LazyLock::new(|| Charset::known("windows-1252", encoding_rs::WINDOWS_1252));
        &SET
    }

    fn known(name: &'static str, encoding: &'static encoding_rs::Encoding) -> Self {
        let mut upper = ['\u{fffd}'; 128];
        for (n, slot) in upper.iter_mut().enumerate() {
            let byte = [0x80 + n as u8];
            let (text, _) = encoding.decode_without_bom_handling(&byte);
            *slot = text.chars().next().unwrap_or('\u{fffd}');
        }
        Self { name, upper, marks: true }
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
            // `ư` of TCVN3 is a soft hyphen elsewhere.
            (b"S\xe8 c\xa8n c\xad\xedc: 1", "Số căn cước: 1"),
            (b"Kha\xf9ch, PP N7195886, quo\xe1c t\xf2ch", "Kha\u{301}ch, PP N7195886, quo\u{302}c tịch"),
            // windows-1258, of which VISCII has the same letters in `tên` and `hoàng`.
            (b"Ho\xf2 t\xean, Ma\xde s\xf4\xec", "Ho\u{323} tên, Ma\u{303} sô\u{301}"),
            (b"m\xe3 s\xd3 th\xc8 ng\xdc\xa9i", "mã số thẻ người"),
            (
                b"So\xe1 ca\xean c\xf6\xf4\xf9c co\xe2ng da\xe2n",
                "So\u{302} ca\u{306}n cươ\u{301}c co\u{302}ng da\u{302}n",
            ),
        ] {
            let set = Charset::of(bytes);
            let read: String = bytes.iter().map(|b| set.decode(*b)).collect();
            assert_eq!(read, expected);
        }
    }
}
