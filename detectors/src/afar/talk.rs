//! Whether nothing on a line but talk and names stands before a number: `em gửi số của bố ạ: 79…`, `2. Lê Thị Hoa - 79…`.

use crate::fold::{fold, is_capital};
use crate::person_name::{begins_names, is_given};

/// Words of a message that hands a number over, folded. None of them names a thing.
const TALK: &str = "em e anh a chi c ban co chu ong ba me bo bac di cau mo duong vo chong con chau minh toi tui tao t m ad \
    ah a oi nha nhe nhe ne day nay kia do nha dc duoc roi xong vang da uh u ok oke okie okay yes hi hello alo chao \
    gui giup voi gium ho cho cua la thi va hay hoac cung kem them nua moi cu dung sai sua lai de check kiem tra xem \
    so ma day la nhu sau duoi phia ghi lai bo sung nguoi thu mot hai ba tu nam nu sinh ten ho va stt here my mine is \
    his her our number it please thanks for hoi nay luc sang chieu qua xin cam on";

/// Who is named behind these, also in small letters.
const TITLES: &str = "anh a chi c ban co chu ong ba me bo bac di cau mo em e con chau be cua";

/// More words before a number are a sentence.
const WORDS_MAX: usize = 14;

fn among(list: &str, word: &str) -> bool {
    list.split_ascii_whitespace().any(|other| other == word)
}

/// Whether a number stands alone between `before`, all there is of its line, and what is `behind`.
pub(super) fn stands_alone(before: &[u8], behind: &[u8]) -> bool {
    let glued = before.last().is_some_and(|b| b.is_ascii_alphanumeric() || b"#$/\\_=.@%&+~^".contains(b));
    let goes_on = behind.first().is_some_and(|b| b.is_ascii_alphanumeric() || b"/\\_=@%&+~^#$".contains(b));
    let signed = matches!(behind, [b'-' | b'.' | b':', next, ..] if next.is_ascii_alphanumeric());
    let negative = matches!(before, [.., b'-'] if !before.ends_with(b" -") && before.len() > 1);
    if glued || goes_on || signed || negative {
        return false;
    }
    is_talk(part(&String::from_utf8_lossy(before)))
}

/// What stands before a number in its cell, or behind the last sign that parts sentences and items.
fn part(before: &str) -> &str {
    let cell = before.rsplit(['|', ';', '\t', ',', '(', '–', '—', '→', '•']).next().unwrap_or_default();
    cell.rsplit(" - ").next().unwrap_or_default()
}

/// Whether these words are talk, names, dates and counts.
fn is_talk(text: &str) -> bool {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let (mut n, mut in_name, mut titled) = (0, false, false);
    for word in words {
        n += 1;
        if n > WORDS_MAX {
            return false;
        }
        if word.bytes().all(|b| b.is_ascii_digit()) {
            in_name = false;
            // Dates, counts, telephones.
            if word.len() > 8 && !(word.len() == 10 && word.starts_with('0')) {
                return false;
            }
            continue;
        }
        let folded = fold(word);
        let capital = word.chars().next().is_some_and(is_capital);
        in_name = capital && (in_name || begins_names(word) || is_given(folded.as_bytes()));
        let small_name = titled && is_given(folded.as_bytes());
        if !(in_name && word.chars().count() <= 7 || small_name || among(TALK, &folded)) {
            return false;
        }
        titled = among(TITLES, &folded);
    }
    true
}
