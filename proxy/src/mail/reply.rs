//! SMTP replies: ours, and the next hop's read strictly.
//!
//! A reply that is not exactly what RFC 5321 §4.2 says is [`BadReply`], and the connection it came over is given up:
//! guessing where a reply ends is how replies and commands get out of step.

use std::borrow::Cow;

use super::line::BadLine;

/// Longest line of a reply that is read. RFC 5321 §4.5.3.1.5 says 512; extensions are allowed more.
pub(super) const LINE_BYTES_MAX: usize = 2_048;
/// Most lines of a reply that are read: no EHLO reply comes near.
const LINES_MAX: usize = 128;

/// A reply of one line or more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    /// 200 to 599.
    pub(super) code: u16,
    /// The text of each line, at least one, without code and CR LF.
    pub(super) lines: Vec<Cow<'static, str>>,
}

/// Not a reply, or more of one than is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct BadReply;

impl Reply {
    /// One line of our own.
    pub(super) const fn line(code: u16, text: &'static str) -> OneLine {
        OneLine { code, text }
    }

    /// Several lines of our own.
    pub(super) fn of_lines(code: u16, lines: Vec<String>) -> Self {
        Self { code, lines: lines.into_iter().map(Cow::Owned).collect() }
    }

    /// 2xx.
    pub(super) fn is_success(&self) -> bool {
        self.code / 100 == 2
    }

    /// 4xx or 5xx: a plain no.
    pub(super) fn is_refusal(&self) -> bool {
        matches!(self.code / 100, 4 | 5)
    }

    /// Appends the wire form to `out`. Without SMTPUTF8 replies are ASCII (RFC 6531 §3.7.4): whatever else stands in
    /// the text becomes a question mark.
    pub(super) fn write(&self, utf8: bool, out: &mut Vec<u8>) {
        let last = self.lines.len().saturating_sub(1);
        for (n, line) in self.lines.iter().enumerate() {
            out.extend_from_slice(self.code.to_string().as_bytes());
            out.push(if n == last { b' ' } else { b'-' });
            let fits = |c: char| c == '\t' || (!c.is_control() && (utf8 || c.is_ascii()));
            let mut buf = [0; 4];
            for c in line.chars().map(|c| if fits(c) { c } else { '?' }) {
                out.extend_from_slice(c.encode_utf8(&mut buf).as_bytes());
            }
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// A reply of ours that needs no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OneLine {
    /// 200 to 599.
    pub(super) code: u16,
    /// Its text.
    pub(super) text: &'static str,
}

impl From<OneLine> for Reply {
    fn from(line: OneLine) -> Self {
        Self { code: line.code, lines: vec![Cow::Borrowed(line.text)] }
    }
}

/// Puts the lines of one reply together.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    code: Option<u16>,
    lines: Vec<Cow<'static, str>>,
}

impl ReplyReader {
    /// Takes the next line; the reply when it is complete.
    pub(super) fn line(&mut self, line: Result<Vec<u8>, BadLine>) -> Result<Option<Reply>, BadReply> {
        let line = line.map_err(|_| BadReply)?;
        let (code, rest) = line.split_at_checked(3).ok_or(BadReply)?;
        let [hundreds @ b'1'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = code else { return Err(BadReply) };
        let code = [hundreds, tens, ones].iter().fold(0, |sum, digit| sum * 10 + u16::from(**digit - b'0'));
        if self.code.is_some_and(|first| first != code) || self.lines.len() == LINES_MAX {
            return Err(BadReply);
        }
        let (is_last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(BadReply),
        };
        self.code = Some(code);
        self.lines.push(Cow::Owned(String::from_utf8_lossy(text).into_owned()));
        Ok(is_last.then(|| Reply { code, lines: std::mem::take(&mut self.lines) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Option<Reply>, BadReply> {
        let mut reader = ReplyReader::default();
        for line in text.split_terminator('\n') {
            if let Some(reply) = reader.line(Ok(line.as_bytes().to_vec()))? {
                return Ok(Some(reply));
            }
        }
        Ok(None)
    }

    #[test]
    fn replies_are_read_strictly() {
        for (text, code, lines) in [
            ("250 ok", 250, vec!["ok"]),
            ("250", 250, vec![""]),
            ("250-a\n250-b\n250 c", 250, vec!["a", "b", "c"]),
            ("550-5.1.1 no such\n550 5.1.1 user", 550, vec!["5.1.1 no such", "5.1.1 user"]),
        ] {
            let reply = read(text).expect(text).expect(text);
            assert_eq!((reply.code, reply.lines), (code, lines.into_iter().map(Cow::Borrowed).collect()), "{text}");
        }
        for text in ["", "250-a\n250-b"] {
            assert_eq!(read(text), Ok(None), "{text}");
        }
        for text in ["ok", "25 ok", "250_ok", "250-a\n251 b", "650 x", "050 x", "+OK", "\u{661}\u{662}0 x"] {
            assert_eq!(read(text), Err(BadReply), "{text}");
        }
        assert_eq!(read(&"250-x\n".repeat(LINES_MAX + 1)), Err(BadReply));
    }

    #[test]
    fn replies_are_ascii_unless_the_client_asked_for_more() {
        let reply = Reply { code: 550, lines: vec!["thư bị chặn".into(), "a\rb\u{0}c\td".into()] };
        let written = |utf8| {
            let mut out = Vec::new();
            reply.write(utf8, &mut out);
            String::from_utf8(out).expect("text")
        };
        assert_eq!(written(false), "550-th? b? ch?n\r\n550 a?b?c\td\r\n");
        assert_eq!(written(true), "550-thư bị chặn\r\n550 a?b?c\td\r\n");
    }
}
