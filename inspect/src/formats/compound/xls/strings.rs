//! Strings of a workbook that lie over several records, and the table of those that cells share (MS-XLS §2.5.293).

use super::super::super::le::{packed, u16_at, u32_at, utf16};

/// Data in several records. Where characters go on in the next, a byte before them says how wide they are there.
#[derive(Clone, Debug)]
pub(super) struct Spread<'p, 'a> {
    parts: &'p [&'a [u8]],
    part: usize,
    at: usize,
}

impl<'p, 'a> Spread<'p, 'a> {
    pub(super) const fn new(parts: &'p [&'a [u8]]) -> Self {
        Self { parts, part: 0, at: 0 }
    }

    /// The same from a later part on.
    pub(super) const fn after(self, part: usize) -> Self {
        Self { part, at: 0, ..self }
    }

    fn rest(&self) -> &'a [u8] {
        self.parts.get(self.part).and_then(|part| part.get(self.at..)).unwrap_or_default()
    }

    /// Goes on to where there is something; false at the end.
    fn settle(&mut self) -> bool {
        while self.part < self.parts.len() && self.rest().is_empty() {
            (self.part, self.at) = (self.part + 1, 0);
        }
        self.part < self.parts.len()
    }

    fn byte(&mut self) -> Option<u8> {
        self.settle();
        let byte = self.rest().first().copied();
        self.at += 1;
        byte
    }

    fn number(&mut self, bytes: usize) -> Option<u32> {
        let mut all = [0; 4];
        for slot in all.iter_mut().take(bytes) {
            *slot = self.byte()?;
        }
        u32_at(&all, 0)
    }

    fn skip(&mut self, mut len: usize) {
        while len > 0 && self.settle() {
            let n = len.min(self.rest().len());
            self.at += n;
            len -= n;
        }
    }

    /// So many characters, the byte that says how wide they are first.
    pub(super) fn chars(&mut self, len: usize) -> String {
        let Some(flags) = self.byte() else { return String::new() };
        self.characters(len, flags)
    }

    fn characters(&mut self, mut len: usize, mut flags: u8) -> String {
        let mut out = String::new();
        while len > 0 {
            if self.rest().is_empty() {
                if !self.settle() {
                    break;
                }
                flags = self.byte().unwrap_or(0);
                continue;
            }
            let size = 1 + usize::from(flags & 1);
            let here = (len * size).min(self.rest().len()).max(1);
            let bytes = self.rest().get(..here).unwrap_or_default();
            out.push_str(&if size == 1 { packed(bytes) } else { utf16(bytes) });
            self.at += here;
            len = len.saturating_sub(here.div_ceil(size));
        }
        out
    }

    /// A string with its length before and its formats behind.
    pub(super) fn string(&mut self) -> String {
        self.next_string().unwrap_or_default()
    }

    fn next_string(&mut self) -> Option<String> {
        let len = self.number(2)? as usize;
        let flags = self.byte()?;
        let runs = if flags & 8 != 0 { self.number(2)? as usize } else { 0 };
        let phonetic = if flags & 4 != 0 { self.number(4)? as usize } else { 0 };
        let mut text = self.characters(len, flags);
        self.skip(4 * runs);
        if phonetic > 0 {
            let mut all = Vec::new();
            while all.len() < phonetic && self.settle() {
                let n = (phonetic - all.len()).min(self.rest().len());
                all.extend_from_slice(self.rest().get(..n).unwrap_or_default());
                self.at += n;
            }
            // How it is pronounced is text as well (§2.5.86): behind ten bytes and its length twice.
            let len = usize::from(u16_at(&all, 10).unwrap_or(0));
            let spoken = utf16(all.get(14..(14 + 2 * len).min(all.len())).unwrap_or_default());
            if !spoken.is_empty() {
                text.push('\n');
                text.push_str(&spoken);
            }
        }
        Some(text)
    }
}

/// A longer string is told once, and not again for each cell that shows it.
const CELL_MAX: usize = 4_096;

/// The strings that cells share, and which of them one has shown.
#[derive(Default)]
pub(in crate::formats) struct Shared {
    text: String,
    ends: Vec<usize>,
    shown: Vec<bool>,
    /// There are fewer than there should be.
    pub(super) is_cut: bool,
}

impl Shared {
    /// Reads the table; gives back those that are too long to be shown by number.
    pub(super) fn read(&mut self, spread: &Spread<'_, '_>) -> Vec<String> {
        let mut spread = spread.clone();
        let (_, count) = (spread.number(4), spread.number(4).unwrap_or(0));
        let mut long = Vec::new();
        while self.ends.len() < count as usize {
            let Some(string) = spread.next_string() else {
                self.is_cut = true;
                break;
            };
            long.extend(self.push(string));
        }
        long
    }

    /// Adds a string; gives it back when it is too long to be shown by number.
    pub(in crate::formats) fn push(&mut self, string: String) -> Option<String> {
        let long = if string.len() > CELL_MAX {
            Some(string)
        } else {
            self.text.push_str(&string);
            None
        };
        self.ends.push(self.text.len());
        self.shown.push(false);
        long
    }

    /// The string of this number, for a cell.
    pub(in crate::formats) fn show(&mut self, number: usize) -> &str {
        if let Some(shown) = self.shown.get_mut(number) {
            *shown = true;
        }
        self.get(number)
    }

    fn get(&self, number: usize) -> &str {
        let Some(end) = self.ends.get(number) else { return "" };
        let start = number.checked_sub(1).and_then(|n| self.ends.get(n)).copied().unwrap_or(0);
        self.text.get(start..*end).unwrap_or_default()
    }

    /// Those that no cell shows: what was deleted may stand here.
    pub(in crate::formats) fn rest(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len()).filter(|n| self.shown.get(*n) != Some(&true)).map(|n| self.get(n))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A string that begins wide, its formats and its pronunciation behind.
    fn string(text: &str) -> Vec<u8> {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut out = (units.len() as u16).to_le_bytes().to_vec();
        out.push(1 | 8);
        out.extend(2u16.to_le_bytes());
        out.extend(units.iter().flat_map(|u| u.to_le_bytes()));
        out.extend([7; 8]);
        out
    }

    proptest! {
        #[test]
        fn a_string_cut_between_characters_is_whole(text in "[a-zàđếửỹ0-9 ]{1,40}", cut in 0usize..40) {
            let bytes = string(&text);
            let cut = 5 + 2 * (cut % text.chars().count());
            // The next record says again how wide the characters are; what stands behind them goes on as it is.
            let (head, tail) = bytes.split_at(cut);
            let tail = [&[1], tail].concat();
            let parts = [head, &tail];
            prop_assert_eq!(Spread::new(&parts).string(), text.as_str());
            let whole = [bytes.as_slice(), &bytes];
            let mut twice = Spread::new(&whole);
            prop_assert_eq!((twice.string(), twice.string()), (text.clone(), text));
        }

        #[test]
        fn any_bytes_end(parts in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6)) {
            let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
            let mut shared = Shared::default();
            shared.read(&Spread::new(&parts));
            let told: usize = shared.rest().map(str::len).sum();
            prop_assert!(told <= 400);
        }
    }

    #[test]
    fn a_packed_string_may_go_on_wide() {
        let parts = [&b"\x04\x00\x00ab"[..], &b"\x01c\x00d\x00"[..]];
        assert_eq!(Spread::new(&parts).string(), "abcd");
    }
}
