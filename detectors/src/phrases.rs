//! Lists of folded phrases that are asked of many texts: by two letters most are known to begin with none of them.

/// A list of folded phrases.
pub(crate) struct Phrases {
    list: &'static [&'static str],
    /// By the first letter, the second letters of those that begin with it.
    second: [u32; 32],
}

impl Phrases {
    pub(crate) const fn new(list: &'static [&'static str]) -> Self {
        let mut second = [0; 32];
        let mut n = 0;
        while n < list.len() {
            let [first, then] = letters(list[n].as_bytes());
            second[first] |= 1 << then;
            n += 1;
        }
        Self { list, second }
    }

    /// The phrases.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.list.iter().copied()
    }

    /// Whether `text` is one of them.
    pub(crate) fn contains(&self, text: &str) -> bool {
        self.may_begin(text) && self.list.contains(&text)
    }

    /// Whether the words of `text` begin with those of one of them.
    pub(crate) fn begin(&self, text: &str) -> bool {
        let begins = |phrase: &&str| text.strip_prefix(*phrase).is_some_and(|t| t.is_empty() || t.starts_with(' '));
        self.may_begin(text) && self.list.iter().any(begins)
    }

    /// Whether they do from any word on.
    pub(crate) fn stand_in(&self, text: &str) -> bool {
        let mut rest = Some(text);
        while let Some(text) = rest {
            if self.begin(text) {
                return true;
            }
            rest = text.split_once(' ').map(|(_, behind)| behind);
        }
        false
    }

    fn may_begin(&self, text: &str) -> bool {
        let [first, then] = letters(text.as_bytes());
        self.second[first] >> then & 1 == 1
    }
}

/// The first two letters, small enough to count bits with; nothing is like a blank.
const fn letters(text: &[u8]) -> [usize; 2] {
    match *text {
        [first, then, ..] => [first as usize & 31, then as usize & 31],
        [first] => [first as usize & 31, 0],
        [] => [0, 0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_where_words_begin() {
        static LIST: Phrases = Phrases::new(&["cong ty", "uy ban", "o", "so"]);
        assert!(LIST.iter().all(|phrase| LIST.contains(phrase) && LIST.begin(phrase)));
        for (text, whole, begins, within) in [
            ("cong ty hoa binh", false, true, true),
            ("cong tyx", false, false, false),
            ("mot cong ty", false, false, true),
            ("o", true, true, true),
            ("o dau", false, true, true),
            ("ong", false, false, false),
            ("", false, false, false),
        ] {
            let found = (LIST.contains(text), LIST.begin(text), LIST.stand_in(text));
            assert_eq!(found, (whole, begins, within), "{text}");
        }
    }
}
