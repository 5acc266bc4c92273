//! Elements within a line that touch: `<b>An</b><span>079…</span><i>08:03</i>`. A sheet sets them apart or a program wrote
//! one number in pieces; what stands at either side tells which.

use crate::view::View;

/// A run of so many digits is a number of its own, whatever touches it.
const WHOLE: usize = 9;

/// Where the last tag stood.
#[derive(Default)]
pub(super) struct Seam {
    /// A tag was met, and no character since.
    tagged: bool,
    /// Where what stands before that tag begins, behind another one.
    from: u64,
}

impl Seam {
    /// A tag begins or ends an element.
    pub(super) const fn tag(&mut self) {
        self.tagged = true;
    }

    /// Characters follow what was read, as they are written: behind a tag, a blank goes between if they are apart.
    pub(super) fn characters(&mut self, raw: &[u8], read: &mut View) {
        if raw.is_empty() || !std::mem::take(&mut self.tagged) {
            return;
        }
        let start = usize::try_from(self.from.saturating_sub(read.base)).unwrap_or(usize::MAX);
        // Another text has been begun since.
        let before = read.text.get(start..).unwrap_or(&read.text);
        if are_apart(before, raw) {
            read.push_joint(b" ");
        }
        self.from = read.base + read.text.len() as u64;
    }
}

/// Whether two texts that touch were written as two.
fn are_apart(before: &[u8], behind: &[u8]) -> bool {
    let digits_before = before.iter().rev().take(WHOLE).take_while(|b| b.is_ascii_digit()).count();
    let digits_behind = behind.iter().take(WHOLE).take_while(|b| b.is_ascii_digit()).count();
    let touch = |b: Option<&u8>| b.is_some_and(|b| b.is_ascii_alphanumeric() || *b >= 0x80);
    if !touch(before.last()) || !touch(behind.first()) {
        return false;
    }
    digits_before == WHOLE || digits_behind == WHOLE || digits_before == 0 && (begins_name(behind) || is_card(behind))
}

/// Whether it begins as the number of a health insurance card does: two letters and thirteen digits.
fn is_card(text: &[u8]) -> bool {
    const DIGITS: usize = 13;
    let digits = text.get(2..2 + DIGITS).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit));
    digits && text.iter().take(2).all(u8::is_ascii_uppercase)
}

/// Whether a word begins as names and sentences do, within which no word of a small letter before has a capital.
fn begins_name(text: &[u8]) -> bool {
    // Half a word is put together in pieces of any size: of what is longer the rest is there.
    const SEEN: usize = 8;
    let seen = String::from_utf8_lossy(text.get(..SEEN.min(text.len())).unwrap_or_default());
    let mut letters = seen.chars();
    letters.next().is_some_and(char::is_uppercase) && letters.next().is_some_and(char::is_lowercase)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId::{self, Bhxh, Bhyt, Cccd, PersonName};

    use super::are_apart;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn what_touches_is_one_number_or_two_texts() {
        for (before, behind, apart) in [
            ("001090123456", "08:31", true),
            ("1", "001090123456", true),
            ("Nga", "001090123456", true),
            ("7912345678", "Mã số", true),
            ("số", "Họ và tên", true),
            ("BHXH", "HS4797912345678", true),
            ("0010", "90123456", false),
            ("001090", "123456", false),
            ("N", "guyễn", false),
            ("NGUY", "ỄN", false),
            ("HS", "4", false),
            ("", "001090123456", false),
            ("CCCD: ", "001090123456", false),
            ("001090123456", " 08:31", false),
        ] {
            assert_eq!(are_apart(before.as_bytes(), behind.as_bytes()), apart, "{before}|{behind}");
        }
    }

    #[test]
    fn numbers_are_found_whatever_touches_them() {
        let found = |page: &str, id: DetectorId| {
            let inspector = Inspector::new(Limits::default(), 2026);
            inspector
                .inspect(Hint::default(), &format!("<html><body>{page}</body></html>").into_bytes())
                .inspection
                .distinct(id)
        };
        for (page, id, n) in [
            ("<b>LÝ MINH NGA</b><span>001090123456</span><i>08:03</i>", Cccd, 1),
            ("<span>001090123456</span><span>08:31</span>", Cccd, 1),
            ("<span>1</span><span>001090123456</span><span>2</span><span>001190123457</span>", Cccd, 2),
            ("<a>12</a><a>CCCD 001090123456</a><a>5</a>", Cccd, 1),
            ("<p>BHXH 7912345678<sup>1</sup></p>", Bhxh, 1),
            ("<span>Mã số BHXH</span><span>7912345678</span><span>Sao chép</span>", Bhxh, 1),
            ("<span>HN4747912345678</span><span>2 phút</span>", Bhyt, 1),
            ("<b>An</b><span>CCCD 0010</span><span>90123456</span>", Cccd, 1),
            (
                "CCCD <u>0</u><u>0</u><u>1</u><u>0</u><u>9</u><u>0</u><u>1</u><u>2</u><u>3</u><u>4</u><u>5</u><u>6</u>",
                Cccd,
                1,
            ),
            ("<b>Lan</b><span>Bảo hiểm xã hội: 7912345678</span>", Bhxh, 1),
            ("CCCD <b>001</b><b>090123456</b>", Cccd, 1),
            (
                "<table><tr><th>STT</th><th>Số CCCD</th></tr><tr><td>1</td><td><b>001090123456</b><i>2</i></td></tr>\
              <tr><td>2</td><td><b>001190123457</b><i>3</i></td></tr></table>",
                Cccd,
                2,
            ),
            ("<span>Người nhận</span><span>Nguyễn Văn An</span><span>Địa chỉ</span>", PersonName, 1),
            ("<span>Đơn hàng</span><span>001090123456</span>", Cccd, 0),
            ("<b>84</b>001090<b>1234567</b>", Cccd, 0),
        ] {
            assert_eq!(found(page, id), n, "{page}");
        }
    }
}
