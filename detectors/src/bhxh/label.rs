//! Numbers whose label says nothing by itself, as people write to the office: `tờ khai thiếu mã 4835… (mã bhxh)`, `bảo hiểm: 3391…`,
//! `vssid của e đăng nhập bằng 4882…`, `chi oi so 1183… cua Do Thanh Hanh chot chua`.
//!
//! The label is looked at first, which hardly a number has; what makes it that of the insurance stands elsewhere on the line.

use std::ops::Range;

use super::book::{OTHER_BOOKS, begins_with_somebody};
use crate::fold::fold;
use crate::province::is_insurer;

/// What a label says of its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Label {
    /// `mã`
    Code,
    /// `so`, which may be `sổ` where no word has its marks.
    Book,
    /// `bảo hiểm`
    Insurance,
    /// `user`, `đăng nhập bằng`
    Login,
}

const LABELS: [(&str, Label); 17] = [
    ("mã", Label::Code),
    ("ma", Label::Code),
    ("Mã", Label::Code),
    ("so", Label::Book),
    ("hiểm", Label::Insurance),
    ("hiem", Label::Insurance),
    ("HIỂM", Label::Insurance),
    ("bằng", Label::Login),
    ("bang", Label::Login),
    ("user", Label::Login),
    ("User", Label::Login),
    ("username", Label::Login),
    ("tk", Label::Login),
    ("nhập", Label::Login),
    ("nhap", Label::Login),
    ("khoản", Label::Login),
    ("khoan", Label::Login),
];

/// Digits of the number.
const DIGITS: usize = 10;
/// Bytes looked at on either side.
const REACH: usize = 96;

/// Whether such a label stands right before the number of so many digits at `range`. Only the bytes beside it are read.
#[inline]
pub(super) fn is_behind(text: &[u8], range: &Range<usize>, digits: usize) -> bool {
    digits == DIGITS
        && range.len() == DIGITS
        && text.get(range.start..range.start + 2).is_some_and(is_insurer)
        && !matches!(text.get(range.clone()), Some([b'0', b'3' | b'5' | b'7'..=b'9', ..]))
        && label(text.get(..range.start).unwrap_or_default()).is_some()
}

/// The label `before` ends with.
fn label(before: &[u8]) -> Option<Label> {
    const SIGNS_MAX: usize = 3;
    const WORD_MAX: usize = 9;
    let signs = before.iter().rev().take(SIGNS_MAX + 1).take_while(|b| matches!(b, b' ' | b':' | b'=')).count();
    let words = before.get(..before.len() - signs).filter(|_| (1..=SIGNS_MAX).contains(&signs))?;
    // The last bytes of the labels.
    if !matches!(words.last()?, b'a' | b'o' | b'm' | b'M' | b'g' | b'r' | b'e' | b'k' | b'p' | b'n' | 0xa3) {
        return None;
    }
    let is_letter = |b: &u8| b.is_ascii_alphanumeric() || *b >= 0x80 || matches!(b, b'_' | b'-' | b'.' | b'/');
    let len = words.iter().rev().take(WORD_MAX + 1).take_while(|b| is_letter(b)).count();
    let word = words.get(words.len() - len..)?;
    LABELS.iter().find(|(label, _)| label.as_bytes() == word).map(|(_, label)| *label)
}

/// What speaks of something else that has such numbers.
const OTHERS: [&str; 34] = [
    " gia ",
    " hang ",
    " don ",
    " van don ",
    " tien ",
    " ck ",
    " chuyen khoan ",
    " stk ",
    " ngan hang ",
    " mst ",
    " thue ",
    " sdt ",
    " dien thoai ",
    " zalo ",
    " don vi ",
    " giao dich ",
    " hoa don ",
    " hop dong ",
    " otp ",
    " xe ",
    " o to ",
    " oto ",
    " phi ",
    " nhan tho ",
    " hotline ",
    " tong dai ",
    " phieu ",
    " bien lai ",
    " bien so ",
    " ho so ",
    " lo ",
    " vat tu ",
    " thiet bi ",
    " khach ",
];

/// Whether what such a label stands for is the number of somebody's insurance.
pub(super) fn is_of_insurance(text: &[u8], range: &Range<usize>) -> bool {
    let start = range.start;
    let before = text.get(start.saturating_sub(REACH)..start).unwrap_or_default();
    let behind = text.get(range.end..text.len().min(range.end + REACH)).unwrap_or_default();
    let Some(label) = label(before) else { return false };
    let folded = |part: &[u8]| format!(" {} ", fold(&String::from_utf8_lossy(part)).trim());
    let end_of_line = |b: &u8| *b == b'\n';
    let own = folded(before.rsplit(end_of_line).next().unwrap_or_default());
    let rest = folded(behind.split(end_of_line).next().unwrap_or_default());
    let has = |words: &[&str]| words.iter().any(|word| own.contains(word) || rest.contains(word));
    if has(&OTHERS) || has(&OTHER_BOOKS) {
        return false;
    }
    match label {
        Label::Code => is_told(&rest) || is_told(&own),
        // Without marks it is also `số`: of what belongs to somebody and is closed.
        Label::Book => {
            let is_bare = before.is_ascii() && behind.is_ascii();
            is_bare
                && is_asked_for(&own)
                && rest.strip_prefix(" cua ").is_some_and(begins_with_somebody)
                && has(&[" chot "])
        }
        // All that its line says, and nothing on the lines around says what else is insured.
        Label::Insurance => {
            let others = |part: &[u8]| OTHERS.iter().any(|other| folded(part).contains(other));
            matches!(&*own, " bao hiem " | " bao hiem la ")
                && rest.trim().is_empty()
                && !others(before)
                && !others(behind)
        }
        Label::Login => has(&[" vssid ", " vss id "]),
    }
}

/// Whether words say that the code beside them is that of a book: `(mã bhxh)`, `đã chốt sổ chưa`.
fn is_told(folded: &str) -> bool {
    const SAID: [&str; 8] =
        [" ma bhxh ", " so bhxh ", " ms bhxh ", " msbhxh ", " bao hiem xa hoi ", " chot so ", " gop so ", " vssid "];
    SAID.iter().any(|said| folded.contains(said))
}

/// Whether nothing but calling somebody stands before `so`: `chi oi so`.
fn is_asked_for(own: &str) -> bool {
    const WORDS: &str = "chi c anh a em e co chu bac oi nho giup gium ho cho check tra xem kiem so nay cai";
    own.split(' ').filter(|word| !word.is_empty()).all(|word| WORDS.split(' ').any(|known| known == word))
}
