//! Writes JSON into a byte buffer in a fixed field order, with every string escaped and bounded.
//!
//! It does not check that keys are unique or braces are balanced: the only callers are the record writers beside it,
//! and their tests parse what they wrote.

use std::borrow::Cow;
use std::io::Write as _;
use std::net::IpAddr;

/// Most bytes one string takes in a record, escapes included. What is longer ends in an ellipsis.
pub(crate) const STRING_BYTES_MAX: usize = 1_024;

/// A buffer that a record's fields are appended to.
#[derive(Debug, Default)]
pub(crate) struct Json {
    out: Vec<u8>,
    comma: bool,
}

impl Json {
    pub(crate) fn with_capacity(bytes: usize) -> Self {
        Self { out: Vec::with_capacity(bytes), comma: false }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// Starts a field of an object. `key` is our own and needs no escape.
    pub(crate) fn key(&mut self, key: &'static str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(key.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
        self
    }

    pub(crate) fn open(&mut self, bracket: u8) {
        self.separate();
        self.out.push(bracket);
        self.comma = false;
    }

    pub(crate) fn close(&mut self, bracket: u8) {
        self.out.push(bracket);
        self.comma = true;
    }

    pub(crate) fn null(&mut self) {
        self.word(b"null");
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.word(if value { b"true" } else { b"false" });
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.separate();
        push_u64(&mut self.out, value);
        self.comma = true;
    }

    /// Text that formats itself into characters which need no escape: numbers, times, addresses.
    pub(crate) fn plain(&mut self, value: &dyn std::fmt::Display) {
        self.separate();
        // Writing to a Vec cannot fail.
        let _ = write!(self.out, "\"{value}\"");
        self.comma = true;
    }

    /// An address, as it formats itself.
    pub(crate) fn address(&mut self, address: &IpAddr) {
        let IpAddr::V4(v4) = address else { return self.plain(address) };
        self.separate();
        let mut before = b'"';
        for octet in v4.octets() {
            self.out.push(before);
            push_u64(&mut self.out, octet.into());
            before = b'.';
        }
        self.out.push(b'"');
        self.comma = true;
    }

    /// Short text of our own which needs no escape.
    pub(crate) fn ascii(&mut self, text: &[u8]) {
        self.separate();
        for part in [b"\"", text, b"\""] {
            self.out.extend_from_slice(part);
        }
        self.comma = true;
    }

    pub(crate) fn optional(&mut self, value: Option<&str>) {
        match value {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    /// A string, escaped and cut at [`STRING_BYTES_MAX`]. Besides what JSON demands, characters that would move or
    /// hide text on a reviewer's screen are escaped too.
    pub(crate) fn string(&mut self, text: &str) {
        self.separate();
        self.comma = true;
        self.out.push(b'"');
        let start = self.out.len();
        let bytes = text.as_bytes();
        // Without a branch for each of them.
        let is_plain = |byte: u8| (b' '..=b'~').contains(&byte) & (byte != b'"') & (byte != b'\\');
        if bytes.len() <= STRING_BYTES_MAX && bytes.iter().fold(true, |all, byte| all & is_plain(*byte)) {
            self.out.extend_from_slice(bytes);
            self.out.push(b'"');
            return;
        }
        let mut run = 0;
        for (at, c) in text.char_indices() {
            // Room for the longest escape and the ellipsis.
            if self.out.len() - start + (at - run) + 9 > STRING_BYTES_MAX && bytes.len() - at > 9 {
                self.out.extend_from_slice(&bytes[run..at]);
                self.out.extend_from_slice("…\"".as_bytes());
                return;
            }
            if !is_escaped(c) {
                continue;
            }
            self.out.extend_from_slice(&bytes[run..at]);
            run = at + c.len_utf8();
            match c {
                '"' => self.out.extend_from_slice(b"\\\""),
                '\\' => self.out.extend_from_slice(b"\\\\"),
                '\n' => self.out.extend_from_slice(b"\\n"),
                '\r' => self.out.extend_from_slice(b"\\r"),
                '\t' => self.out.extend_from_slice(b"\\t"),
                _ => {
                    let _ = write!(self.out, "\\u{:04x}", u32::from(c));
                }
            }
        }
        self.out.extend_from_slice(&bytes[run..]);
        self.out.push(b'"');
    }

    fn word(&mut self, word: &[u8]) {
        self.separate();
        self.out.extend_from_slice(word);
        self.comma = true;
    }

    fn separate(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
    }
}

/// Appends a number. There are a dozen in every record: worth more than the formatter.
pub(crate) fn push_u64(out: &mut Vec<u8>, mut value: u64) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            return out.extend_from_slice(&digits[at..]);
        }
    }
}

/// Control characters, JSON's own, line separators, and the marks that reorder text (Unicode UAX #9).
fn is_escaped(c: char) -> bool {
    matches!(c, '"' | '\\' | '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Fewer digits in a row are nobody's number.
const NUMBER_DIGITS_MIN: usize = 9;

/// Bullets instead of any run of nine digits or more, but for its last three: for text of other parties, such as a
/// mail server's reply, that was not in an inspection.
pub(crate) fn without_numbers(text: &str) -> Cow<'_, str> {
    let mut run = 0;
    let is_long = text.bytes().any(|byte| {
        run = if byte.is_ascii_digit() { run + 1 } else { 0 };
        run >= NUMBER_DIGITS_MIN
    });
    if is_long { masked(text).into() } else { text.into() }
}

fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    let flush = |run: &mut String, out: &mut String| {
        let masked = if run.len() >= NUMBER_DIGITS_MIN { run.len() - 3 } else { 0 };
        out.extend(run.drain(..).enumerate().map(|(i, c)| if i < masked { '•' } else { c }));
    };
    for c in text.chars() {
        if c.is_ascii_digit() {
            run.push(c);
        } else {
            flush(&mut run, &mut out);
            out.push(c);
        }
    }
    flush(&mut run, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn string(text: &str) -> Vec<u8> {
        let mut json = Json::default();
        json.string(text);
        json.into_bytes()
    }

    #[test]
    fn strings_are_escaped() {
        for (text, expected) in [
            ("", r#""""#),
            ("Đơn vị", r#""Đơn vị""#),
            ("a\"b\\c\n\r\t", r#""a\"b\\c\n\r\t""#),
            ("\u{0}\u{1b}[2J\u{7f}\u{202e}", r#""\u0000\u001b[2J\u007f\u202e""#),
        ] {
            assert_eq!(String::from_utf8(string(text)).unwrap(), expected);
        }
    }

    #[test]
    fn numbers_of_others_are_masked() {
        assert_eq!(without_numbers("550 no <001090123456@x.vn> 12345678"), "550 no <•••••••••456@x.vn> 12345678");
    }

    #[test]
    fn addresses_are_written_as_they_print() {
        for text in ["10.1.2.3", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::ffff:10.1.2.3"] {
            let mut json = Json::default();
            json.key("a").address(&text.parse().unwrap());
            assert_eq!(String::from_utf8(json.into_bytes()).unwrap(), format!("\"a\":\"{text}\""));
        }
    }

    #[test]
    fn numbers_are_written_as_they_are() {
        for number in [0, 9, 10, 1_234_567_890, u64::MAX] {
            let mut out = Vec::new();
            push_u64(&mut out, number);
            assert_eq!(String::from_utf8(out).unwrap(), number.to_string());
        }
    }

    #[test]
    fn objects_are_joined_by_commas() {
        let mut json = Json::default();
        json.open(b'{');
        json.key("a").u64(1);
        json.key("b").open(b'[');
        json.null();
        json.bool(true);
        json.open(b'{');
        json.close(b'}');
        json.close(b']');
        json.key("c").plain(&2);
        json.close(b'}');
        assert_eq!(json.into_bytes(), br#"{"a":1,"b":[null,true,{}],"c":"2"}"#);
    }

    proptest! {
        #[test]
        fn any_string_parses_back_bounded(text in "\\PC{0,40}|[\\x00-\\x7f]{0,2000}|.{0,2000}") {
            let bytes = string(&text);
            // The last nine bytes are never cut, since an ellipsis would save little; each may become six.
            prop_assert!(bytes.len() <= STRING_BYTES_MAX + 9 * 6 + 2, "{}", bytes.len());
            let back: String = serde_json::from_slice(&bytes).unwrap();
            match back.strip_suffix('…') {
                Some(head) if back != text => prop_assert!(text.starts_with(head)),
                _ => prop_assert_eq!(back, text),
            }
        }
    }
}
