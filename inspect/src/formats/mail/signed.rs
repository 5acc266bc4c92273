//! What somebody has signed within a mail: `multipart/signed` (RFC 1847; S/MIME and PGP) and text in the clear between
//! the lines of OpenPGP (RFC 9580 §7). It is read like all else and never changed.
//!
//! Whether a signature holds is not asked; nor are signatures over the whole mail (DKIM), which are the channel's to know.

use std::ops::Range;

use mail_parser::{Message, MimeHeaders};

/// Signed parts that are told apart: beyond it all from the first on counts as signed.
const RANGES_MAX: usize = 64;

/// Where signed bytes stand: bodies of `multipart/signed` that are not within one another.
pub(super) fn ranges(mail: &Message<'_>) -> Vec<Range<usize>> {
    let mut all: Vec<Range<usize>> = Vec::new();
    for part in &mail.parts {
        let is_signed = part.content_type().is_some_and(|kind| {
            kind.ctype().eq_ignore_ascii_case("multipart")
                && kind.subtype().is_some_and(|subtype| subtype.eq_ignore_ascii_case("signed"))
        });
        let range = part.offset_body as usize..part.offset_end as usize;
        if !is_signed || all.iter().any(|outer| outer.start <= range.start && range.end <= outer.end) {
            continue;
        }
        if all.len() == RANGES_MAX {
            let start = all.iter().map(|range| range.start).min().unwrap_or_default();
            all.clear();
            all.push(start..usize::MAX);
            return all;
        }
        all.push(range);
    }
    all
}

/// Whether a body has text that is signed in the clear.
pub(super) fn is_clear(body: &[u8]) -> bool {
    memchr::memmem::find(body, b"-----BEGIN PGP SIGNED MESSAGE-----").is_some()
}
