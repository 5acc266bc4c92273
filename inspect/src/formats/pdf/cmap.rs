//! Character maps (ISO 32000-2, 9.7.5 and 9.10.3): how codes are cut out of a string, and what they stand for.

use std::collections::HashMap;

use super::lex::{Lexer, Object};

/// A map from codes to text or to glyph selectors.
#[derive(Debug, Default)]
pub(super) struct CMap {
    /// Length in bytes, first and last code.
    pub(super) spaces: Vec<(usize, u32, u32)>,
    text: HashMap<u32, Text>,
    text_ranges: Vec<(u32, u32, Text)>,
    /// All texts, one after the other.
    pool: String,
    selectors: HashMap<u32, u32>,
    selector_ranges: Vec<(u32, u32, u32)>,
}

/// A text within the pool.
#[derive(Clone, Copy, Debug)]
struct Text {
    from: u32,
    len: u8,
}

/// More entries than there are codes in a font.
const ENTRIES_MAX: usize = 200_000;
/// A ligature stands for a handful of letters.
const TEXT_MAX: usize = 64;
/// What all texts of a font come to: most codes stand for one letter.
const POOL_MAX: usize = 4 << 20;

impl CMap {
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let mut map = Self::default();
        let mut lexer = Lexer::content(bytes);
        while let Some(object) = lexer.object() {
            let Object::Word(word) = object else { continue };
            match &*word {
                b"begincodespacerange" => map.section(&mut lexer, Self::space),
                b"beginbfchar" => map.section(&mut lexer, Self::text_char),
                b"beginbfrange" => map.section(&mut lexer, Self::text_range),
                b"begincidchar" => map.section(&mut lexer, Self::selector_char),
                b"begincidrange" => map.section(&mut lexer, Self::selector_range),
                _ => {}
            }
        }
        map.text_ranges.sort_by_key(|r| r.0);
        map.selector_ranges.sort_by_key(|r| r.0);
        map
    }

    fn section(&mut self, lexer: &mut Lexer<'_>, entry: fn(&mut Self, &mut Lexer<'_>, &[u8]) -> Option<()>) {
        while let Some(object) = lexer.object() {
            let full = self.text.len() + self.text_ranges.len() + self.selectors.len() + self.selector_ranges.len();
            let Object::String(code) = object else { return };
            if full > ENTRIES_MAX || entry(self, lexer, &code).is_none() {
                return;
            }
        }
    }

    fn space(&mut self, lexer: &mut Lexer<'_>, low: &[u8]) -> Option<()> {
        let high = lexer.object()?;
        const SPACES_MAX: usize = 64;
        if (1..=4).contains(&low.len()) && self.spaces.len() < SPACES_MAX {
            self.spaces.push((low.len(), number(low), number(high.string()?)));
        }
        Some(())
    }

    fn text_char(&mut self, lexer: &mut Lexer<'_>, code: &[u8]) -> Option<()> {
        let to = match lexer.object()? {
            Object::String(to) => text(&to),
            Object::Name(name) => super::glyphs::named(&name).map(String::from),
            _ => return None,
        };
        if let Some(to) = to.and_then(|to| self.pooled(&to)) {
            self.text.insert(number(code), to);
        }
        Some(())
    }

    fn text_range(&mut self, lexer: &mut Lexer<'_>, low: &[u8]) -> Option<()> {
        let high = number(lexer.object()?.string()?);
        let low = number(low);
        match lexer.object()? {
            Object::String(to) => {
                let to = text(&to).and_then(|to| self.pooled(&to));
                self.text_ranges.extend(to.map(|to| (low, high, to)));
            }
            Object::Array(items) => {
                for (code, item) in (low..=high).zip(items.iter().take(ENTRIES_MAX)) {
                    if let Some(to) = item.string().and_then(text).and_then(|to| self.pooled(&to)) {
                        self.text.insert(code, to);
                    }
                }
            }
            _ => return None,
        }
        Some(())
    }

    fn pooled(&mut self, text: &str) -> Option<Text> {
        let (from, len) = (u32::try_from(self.pool.len()).ok()?, u8::try_from(text.len()).ok()?);
        if self.pool.len() + text.len() > POOL_MAX {
            return None;
        }
        self.pool.push_str(text);
        Some(Text { from, len })
    }

    fn said(&self, text: Text) -> &str {
        let from = text.from as usize;
        self.pool.get(from..from + usize::from(text.len)).unwrap_or_default()
    }

    /// What it takes of memory.
    pub(super) fn weight(&self) -> usize {
        const ENTRY: usize = 32;
        let entries = self.text.len() + self.text_ranges.len() + self.selectors.len() + self.selector_ranges.len();
        self.pool.len() + entries * ENTRY
    }

    fn selector_char(&mut self, lexer: &mut Lexer<'_>, code: &[u8]) -> Option<()> {
        let to = u32::try_from(lexer.object()?.int()?).ok()?;
        self.selectors.insert(number(code), to);
        Some(())
    }

    fn selector_range(&mut self, lexer: &mut Lexer<'_>, low: &[u8]) -> Option<()> {
        let high = number(lexer.object()?.string()?);
        let to = u32::try_from(lexer.object()?.int()?).ok()?;
        self.selector_ranges.push((number(low), high, to));
        Some(())
    }

    /// What a code stands for.
    pub(super) fn text(&self, code: u32) -> Option<String> {
        if let Some(text) = self.text.get(&code) {
            return Some(self.said(*text).to_owned());
        }
        let (low, text) = within(&self.text_ranges, code)?;
        let mut chars: Vec<char> = self.said(*text).chars().collect();
        let last = chars.last_mut()?;
        *last = char::from_u32(u32::from(*last).checked_add(code - low)?)?;
        Some(chars.into_iter().collect())
    }

    /// The glyph selector of a code.
    pub(super) fn selector(&self, code: u32) -> Option<u32> {
        if let Some(selector) = self.selectors.get(&code) {
            return Some(*selector);
        }
        let (low, to) = within(&self.selector_ranges, code)?;
        to.checked_add(code - low)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.text.is_empty() && self.text_ranges.is_empty()
    }
}

/// The range that holds a code. Ranges hardly overlap; of those that do, the nearest few are looked at.
fn within<T>(ranges: &[(u32, u32, T)], code: u32) -> Option<(u32, &T)> {
    const LOOK_BACK: usize = 4;
    let end = ranges.partition_point(|r| r.0 <= code);
    let near = ranges.get(end.saturating_sub(LOOK_BACK)..end)?;
    near.iter().rev().find(|r| code <= r.1).map(|r| (r.0, &r.2))
}

fn number(bytes: &[u8]) -> u32 {
    bytes.iter().take(4).fold(0, |n, b| n << 8 | u32::from(*b))
}

/// UTF-16, or a single byte where the producer was lazy. `None` when it stands for nothing.
fn text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [b] => char::from(*b).to_string(),
        _ => encoding_rs::UTF_16BE
            .decode_without_bom_handling(bytes.get(..bytes.len().min(TEXT_MAX)).unwrap_or_default())
            .0
            .into_owned(),
    };
    let meaningless = |c: char| c == '\0' || c == '\u{fffd}' || matches!(c, '\u{e000}'..='\u{f8ff}');
    (!text.is_empty() && !text.chars().all(meaningless)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_for_text() {
        let map = CMap::parse(
            b"1 begincodespacerange <00> <FFFF> endcodespacerange 2 beginbfchar <0003> <0020> <0004> <00660069> \
              endbfchar 2 beginbfrange <0010> <0019> <0030> <0020> <0021> [<1ECD> <0061>] endbfrange",
        );
        for (code, expected) in
            [(3, Some(" ")), (4, Some("fi")), (0x13, Some("3")), (0x20, Some("ọ")), (0x21, Some("a")), (0x22, None)]
        {
            assert_eq!(map.text(code).as_deref(), expected, "{code}");
        }
        let map = CMap::parse(b"begincidrange <20> <7e> 100 endcidrange begincidchar <80> 5 endcidchar");
        assert_eq!((map.selector(0x21), map.selector(0x80), map.selector(0x81)), (Some(101), Some(5), None));
    }
}
