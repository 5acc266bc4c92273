//! Whether a small object can be read where others wait for the reader.
//!
//! A guess at the time it takes, and at nothing else: what is in it is for the inspection to say. Text is read as fast as it
//! comes; whatever must be unpacked first, or goes to a worker, may take seconds however small it is. Packed bytes show
//! as control characters, encoded ones as long words or by what announces them.

/// Longest word of ordinary text. Lines of base64, uuencode and BinHex are longer.
const WORD_MAX: usize = 48;
/// The same in the header of a mail, where numbers of messages and signatures are longer. Packed bytes that fit into it
/// do not become many.
const HEADER_WORD_MAX: usize = 100;

/// Whether `bytes` look like text in which nothing is packed or encoded.
pub fn is_brief(bytes: &[u8]) -> bool {
    // What applications say to each other is written without blanks, its values between quotation marks.
    let is_json = matches!(bytes.trim_ascii_start(), [b'{' | b'[', ..]);
    let header = if is_json { None } else { memchr::memmem::find(bytes, b"\r\n\r\n") };
    let (header, text) = bytes.split_at(header.unwrap_or_default());
    let is_end = |byte: u8| byte <= b' ' || is_json && matches!(byte, b'"' | b',');
    let has_long = has_long_words(header, HEADER_WORD_MAX, is_end) || has_long_words(text, WORD_MAX, is_end);
    !has_controls(bytes) && !has_long && !has_escaped_controls(bytes) && !has_announcements(bytes)
}

fn has_controls(bytes: &[u8]) -> bool {
    bytes.iter().fold(false, |has, b| has | (*b < b' ' && !matches!(b, b'\t' | b'\r' | b'\n')))
}

/// Looks for the end of a word from behind, so that of most words one byte is looked at.
fn has_long_words(mut bytes: &[u8], max: usize, is_end: impl Fn(u8) -> bool) -> bool {
    while let Some(ahead) = bytes.get(..=max) {
        let Some(end) = ahead.iter().rposition(|byte| is_end(*byte)) else { return true };
        bytes = bytes.get(end + 1..).unwrap_or_default();
    }
    false
}

/// Control characters in quoted-printable.
fn has_escaped_controls(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'=', bytes).any(|at| match bytes.get(at + 1..at + 3) {
        Some([b'0', b'9' | b'a' | b'A' | b'd' | b'D']) => false,
        Some([b'0' | b'1', low]) => low.is_ascii_hexdigit(),
        _ => false,
    })
}

/// Words at the beginning of what is not text although it may look so.
fn has_announcements(bytes: &[u8]) -> bool {
    const OF_B: [&[u8]; 3] = [b"base64", b"begin", b"binhex"];
    const OTHERS: [&[u8]; 3] = [b"%PDF", b"{\\rtf", b"<?xml"];
    let behind = |at: usize| bytes.get(at..).unwrap_or_default();
    memchr::memchr2_iter(b'b', b'B', bytes).any(|at| {
        let begins = |word: &&[u8]| behind(at).get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        OF_B.iter().any(begins)
    }) || memchr::memchr3_iter(b'%', b'{', b'<', bytes).any(|at| OTHERS.iter().any(|word| behind(at).starts_with(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_mail_is_brief_and_what_must_be_unpacked_is_not() {
        let line = "xin chào các anh chị, tuần sau họp lúc 14 giờ\r\n";
        let mail = format!("From: an@example.vn\r\nSubject: Lịch họp\r\n\r\n{}", line.repeat(50));
        for (behind, expected) in [
            (String::new(), true),
            ("https://example.vn/duong-dan?so=92".to_owned(), true),
            ("Gi=E1=BB=9D h=E1=BB=8Dp=\r\n14=0D=0A".to_owned(), true),
            ("x".repeat(WORD_MAX), true),
            ("x".repeat(WORD_MAX + 1), false),
            ("MDAxMDkwMTIzNDU2".repeat(4), false),
            ("Content-Transfer-Encoding: BASE64\r\n\r\nUEsDBA==".to_owned(), false),
            ("begin 644 a.zip\r\nM4$L#!!0".to_owned(), false),
            ("PK=03=04=14=00".to_owned(), false),
            ("PK\u{3}\u{4}".to_owned(), false),
            ("%PDF-1.7".to_owned(), false),
            ("<?xml version=\"1.0\"?>".to_owned(), false),
        ] {
            assert_eq!(is_brief(format!("{mail}{behind}").as_bytes()), expected, "{behind}");
            assert_eq!(is_brief(format!("\r\n\r\n{behind}\r\n{mail}").as_bytes()), expected, "{behind}");
        }
        for (len, expected) in [(HEADER_WORD_MAX, true), (HEADER_WORD_MAX + 1, false)] {
            assert_eq!(is_brief(format!("Message-ID:\r\n {}\r\n{mail}", "x".repeat(len)).as_bytes()), expected);
        }
        assert!(is_brief(b""));
        let record = r#"{"id":48211,"state":"đang xử lý","unit":"kho","at":"2026-11-05T08:15:00Z","counts":[1,2,3]}"#;
        for (value, expected) in [("bình thường", true), (&*"MDAxMDkwMTIzNDU2".repeat(4), false)] {
            let records = format!("[{record},{{\"note\":\"{value}\"}},{record}]");
            assert_eq!(is_brief(records.as_bytes()), expected, "{records}");
            assert!(!is_brief(format!("({records})").as_bytes()), "{records}");
        }
    }
}
