//! Encoded bodies as a reader sees them that takes every line of dashes for a boundary, whatever the header above said.
//!
//! It looks where the tree has not read: a boundary written as RFC 2231 writes parameters, or one that is missing, hides
//! a part from some readers and shows it to others. What stands on lines long enough is found without any structure,
//! too; this finds what was broken into short ones.

use std::ops::Range;

use super::coding::base64_body;
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::{self, Object};
use crate::redact::Origin;

/// The line that says how a body is encoded.
const FIELD: &[u8] = b"content-transfer-encoding";

/// Decodes and inspects each body in `gap` that a header says is base64.
pub(super) fn look(gap: &[u8], place: &Place, inquiry: &mut Inquiry) {
    for body in bodies(gap) {
        let (decoded, _) = base64_body(gap.get(body).unwrap_or_default());
        let member = Place { again: true, ..place.member("", Origin::Lost) };
        if decoded.is_empty() {
            continue;
        }
        if !object::enter("", &member, inquiry) {
            return;
        }
        let mut object = Object::from_source(Hint::default(), member);
        object.push(&decoded, inquiry);
        object.finish_packed(Some(&decoded), decoded.len() as u64, inquiry);
    }
}

/// Where what is said to be base64 stands: from the first line that is no header to the next that begins with dashes or
/// is the header of a part again.
fn bodies(gap: &[u8]) -> Vec<Range<usize>> {
    let (mut found, mut is_encoded, mut body) = (Vec::new(), false, None);
    let mut at = 0;
    for line in gap.split_inclusive(|b| *b == b'\n') {
        let text = line.trim_ascii();
        let is_folded = matches!(line.first(), Some(b' ' | b'\t')) && !text.is_empty();
        if let Some(start) = body {
            if text.starts_with(b"--") || is_named(text, b"content-") {
                found.push(start..at);
                (is_encoded, body) = (is_named(text, FIELD) && is_base64(text), None);
            }
        } else if is_named(text, FIELD) || is_folded {
            is_encoded |= is_base64(text);
        } else if is_encoded && text.is_empty() {
            body = Some(at + line.len());
        } else if is_encoded && memchr::memchr(b':', text).is_none() {
            body = Some(at);
        }
        at += line.len();
    }
    found.extend(body.map(|start| start..gap.len()));
    found.retain(|body| !body.is_empty());
    found
}

fn is_named(line: &[u8], name: &[u8]) -> bool {
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

fn is_base64(line: &[u8]) -> bool {
    line.windows(6).any(|word| word.eq_ignore_ascii_case(b"base64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_begin_behind_what_says_so_and_end_at_dashes() {
        for (gap, expected) in [
            ("Content-Transfer-Encoding: base64\r\n\r\nMDAx\r\nMDkw\r\n--b\r\nx", &["MDAx\r\nMDkw\r\n"][..]),
            ("content-transfer-encoding:\r\n BASE64\r\nContent-Type: text/plain\r\n\r\nMDAx", &["MDAx"]),
            ("Content-Transfer-Encoding: base64\r\nMDAx\r\nMDkw", &["MDAx\r\nMDkw"]),
            (
                "--b\nContent-Transfer-Encoding: x; base64\n\nMDAx\n--b\nContent-Transfer-Encoding: base64\n\nMDkw\n",
                &["MDAx\n", "MDkw\n"],
            ),
            ("Content-Transfer-Encoding: quoted-printable\r\n\r\nMDAx", &[]),
            ("Content-Transfer-Encoding: base64\r\n\r\n", &[]),
            ("Content-Type: text/plain\r\n\r\nbase64\r\n", &[]),
            ("Content-Transfer-Encoding: base64\r\nMDAx\r\nContent-Transfer-Encoding: 7bit\r\n", &["MDAx\r\n"]),
        ] {
            let found: Vec<_> =
                bodies(gap.as_bytes()).into_iter().map(|body| gap.get(body).expect("of the text")).collect();
            assert_eq!(found, expected, "{gap:?}");
        }
    }
}
