//! Lists of folded phrases that are asked of many texts: by two letters most are known to begin with none of them.

/// A list of folded phrases.
pub(crate) struct Phrases {
    list: &'static [&'static str],
    /// By the first letter, the second letters of those that begin with it.
    second: [u32; 32],
    /// By the first letter, the first of those that begin with it; by each of these, the next one.
    first: [u8; 32],
    next: [u8; PHRASES_MAX],
    /// Bytes of the longest.
    longest: usize,
}

/// No list has more phrases.
const PHRASES_MAX: usize = 64;
/// No phrase.
const NONE: u8 = u8::MAX;

impl Phrases {
    pub(crate) const fn new(list: &'static [&'static str]) -> Self {
        assert!(list.len() <= PHRASES_MAX);
        let (mut second, mut firsts, mut next, mut longest) = ([0; 32], [NONE; 32], [NONE; PHRASES_MAX], 0);
        let mut n = list.len();
        while n > 0 {
            n -= 1;
            if list[n].len() > longest {
                longest = list[n].len();
            }
            let [first, then] = letters(list[n].as_bytes());
            second[first] |= 1 << then;
            next[n] = firsts[first];
            firsts[first] = n as u8;
        }
        Self { list, second, first: firsts, next, longest }
    }

    /// The phrases.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &'static str> {
        self.list.iter().copied()
    }

    /// Whether `text` is one of them.
    pub(crate) fn contains(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> bool {
        self.like(text.as_ref()).any(|phrase| phrase == text.as_ref())
    }

    /// So many bytes of a text tell whether it begins with one of them.
    pub(crate) const fn reach(&self) -> usize {
        self.longest + 1
    }

    /// Whether the words of `text` begin with those of one of them.
    pub(crate) fn begin(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> bool {
        let text = text.as_ref();
        let ends = |at: usize| text.get(at).is_none_or(|b| *b == b' ');
        self.like(text).any(|phrase| ends(phrase.len()) && text.starts_with(phrase))
    }

    /// Whether they do from any word on.
    pub(crate) fn stand_in(&self, text: &(impl AsRef<[u8]> + ?Sized)) -> bool {
        let (text, mut begins) = (text.as_ref(), true);
        text.iter().enumerate().any(|(at, b)| {
            let begun = std::mem::replace(&mut begins, *b == b' ');
            begun && self.begin(text.get(at..).unwrap_or_default())
        })
    }

    /// Those with the first letter of `text`; none when none has its second one as well.
    fn like(&self, text: &[u8]) -> impl Iterator<Item = &'static [u8]> {
        let [first, then] = letters(text);
        let mut n = if self.second[first] >> then & 1 == 1 { self.first[first] } else { NONE };
        std::iter::from_fn(move || {
            let phrase = self.list.get(usize::from(n))?;
            n = self.next.get(usize::from(n)).copied().unwrap_or(NONE);
            Some(phrase.as_bytes())
        })
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
        assert_eq!(LIST.reach(), "cong ty ".len());
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
