//! The relaxed canonical form of header and body (RFC 6376 §3.4), in which a signature sees a mail.

use aws_lc_rs::digest::{Context, Digest, SHA256};

/// A field in the form in which it is hashed, its CR LF included (§3.4.2).
pub(super) fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut out = name.trim_ascii().to_ascii_lowercase();
    out.push(b':');
    let begin = out.len();
    for byte in value {
        match byte {
            b'\r' | b'\n' => {}
            b' ' | b'\t' => {
                if out.len() > begin && out.last() != Some(&b' ') {
                    out.push(b' ');
                }
            }
            byte => out.push(*byte),
        }
    }
    if out.len() > begin && out.last() == Some(&b' ') {
        out.pop();
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Hashes a body whose lines end in CR LF (§3.4.4): white space within a line is one space, at its end none, and empty
/// lines at the end do not count.
pub(super) struct BodyHash {
    context: Context,
    /// White space seen that counts once something stands behind it.
    space: bool,
    /// Lines ended that count once something stands behind them.
    ends: u64,
    is_empty: bool,
    out: Vec<u8>,
}

impl BodyHash {
    pub(super) fn new() -> Self {
        Self { context: Context::new(&SHA256), space: false, ends: 0, is_empty: true, out: Vec::new() }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            match byte {
                b'\r' => {}
                b'\n' => {
                    self.space = false;
                    self.ends = self.ends.saturating_add(1);
                }
                b' ' | b'\t' => self.space = true,
                byte => {
                    for _ in 0..std::mem::take(&mut self.ends) {
                        self.out.extend_from_slice(b"\r\n");
                        self.drain_above(4 << 10);
                    }
                    if std::mem::take(&mut self.space) {
                        self.out.push(b' ');
                    }
                    self.out.push(*byte);
                }
            }
            self.drain_above(4 << 10);
        }
    }

    fn drain_above(&mut self, len: usize) {
        if self.out.len() > len {
            self.is_empty = false;
            self.context.update(&self.out);
            self.out.clear();
        }
    }

    pub(super) fn finish(mut self) -> Digest {
        self.drain_above(0);
        if !self.is_empty {
            self.context.update(b"\r\n");
        }
        self.context.finish()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::base64;

    #[test]
    fn fields_are_relaxed() {
        // The first two are the example of RFC 6376 §3.4.5.
        for (name, value, expected) in [
            ("A", " X", "a:X\r\n"),
            ("B ", " Y\t\r\n\tZ  ", "b:Y Z\r\n"),
            ("Subject", "", "subject:\r\n"),
            ("Subject", " \r\n ", "subject:\r\n"),
            ("To", "a\r\n b", "to:a b\r\n"),
        ] {
            assert_eq!(String::from_utf8(field(name.as_bytes(), value.as_bytes())).expect("text"), expected);
        }
    }

    fn hash<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> String {
        let mut hash = BodyHash::new();
        pieces.into_iter().for_each(|piece| hash.push(piece));
        base64::encode(hash.finish().as_ref())
    }

    #[test]
    fn bodies_are_relaxed() {
        let of = |body: &str| base64::encode(aws_lc_rs::digest::digest(&SHA256, body.as_bytes()).as_ref());
        for (body, canonical) in [
            // RFC 6376 §3.4.5, and its empty body (§3.4.4).
            (" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"),
            ("", ""),
            ("\r\n\r\n", ""),
            (" \t\r\n", ""),
            ("a", "a\r\n"),
            ("a\r\n\r\nb\r\n \r\n", "a\r\n\r\nb\r\n"),
        ] {
            assert_eq!(hash([body.as_bytes()]), of(canonical), "{body:?}");
        }
        let mail = b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
        assert_eq!(hash([&mail[..]]), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=", "RFC 8463 appendix A.3");
    }

    proptest! {
        #[test]
        fn splitting_the_body_changes_nothing(body in "([a ]|\t|\r\n){0,60}", cut in 1usize..9) {
            prop_assert_eq!(hash([body.as_bytes()]), hash(body.as_bytes().chunks(cut)));
        }
    }
}
