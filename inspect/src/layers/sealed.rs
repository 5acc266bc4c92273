//! Tokens that say themselves that they are encrypted: Fernet's (github.com/fernet/spec: a version, eight bytes of time, base64) and
//! JWE (RFC 7516 §3.1: five parts, of which the first names a cipher). Sessions are kept in short ones; what is longer
//! carries something. It is told and not read.

use std::ops::Range;

use chot_model::OpaqueReason;

use super::runs::in_run;
use crate::base64;
use crate::inquiry::{Inquiry, Place};

/// Its version, and the seconds from 2004 to 2038.
const FERNET: &[u8] = b"gAAAAAB";
/// A kilobyte of content: sessions in cookies are a few numbers and names.
const FERNET_MIN: usize = 1_536;
/// How an object of JSON begins in base64.
const JWE: &[u8] = b"eyJ";
/// Browsers keep no longer cookies (RFC 6265 §6.1), and sessions are such tokens, too.
const JWE_MIN: usize = 4_096;
/// More than the names of ciphers and keys take.
const HEADER_MAX: usize = 2_048;
/// Parts of a JWE behind its header.
const PARTS: usize = 4;
/// Which of them is the content.
const CONTENT: usize = 3;

/// Tells such tokens among the runs of a window.
pub(super) fn read(text: &[u8], words: &[Range<usize>], place: &Place, inquiry: &mut Inquiry) {
    for word in words {
        let run = text.get(word.clone()).unwrap_or_default();
        let len = if run.starts_with(FERNET) {
            goes_on(text, word.start, false).filter(|len| *len >= FERNET_MIN)
        } else if run.starts_with(JWE) && run.len() <= HEADER_MAX && names_cipher(run) {
            goes_on(text, word.start, true).filter(|len| *len >= JWE_MIN)
        } else {
            None
        };
        if let Some(len) = len {
            inquiry.refuse(place, OpaqueReason::Encrypted, len as u64);
        }
    }
}

/// Whether the header of a token names what its content is encrypted with; those that are only signed do not.
fn names_cipher(run: &[u8]) -> bool {
    let mut header = Vec::new();
    base64::decode_over(run, &mut header);
    memchr::memmem::find(&header, b"\"enc\"").is_some()
}

/// How long the token at `at` is; of one in parts, `None` if it has another number of them. One that goes on behind the window is as
/// long as can be seen.
fn goes_on(text: &[u8], at: usize, parted: bool) -> Option<usize> {
    let rest = text.get(at..)?;
    let len = rest.iter().take_while(|b| in_run(**b) || parted && **b == b'.').count();
    let dots = || memchr::memchr_iter(b'.', rest.get(..len).unwrap_or_default()).count();
    (!parted || dots() == PARTS || len == rest.len() && dots() == CONTENT).then_some(len)
}

#[cfg(test)]
mod tests {
    use chot_model::OpaqueReason;

    use crate::{Hint, Inspector, Limits};

    /// So many characters of a cipher in base64.
    fn cipher(len: usize) -> String {
        const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let sign = |n: u64| SIGNS[(n.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29) >> 58) as usize];
        (0..len as u64).map(|n| char::from(sign(n * n + 7))).collect()
    }

    #[test]
    fn long_tokens_that_are_encrypted_are_told() {
        let fernet = |len: usize| format!("gAAAAABn{}==", cipher(len));
        // {"alg":"RSA-OAEP","enc":"A256GCM"}, {"alg":"dir","enc":"A256GCM"} and {"alg":"RS256","typ":"JWT"}.
        let jwe = |len: usize| {
            format!(
                "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.{}.{}.{}.{}",
                cipher(342),
                cipher(16),
                cipher(len),
                cipher(22)
            )
        };
        let direct =
            format!("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..{}.{}.{}", cipher(16), cipher(5_000), cipher(22));
        let signed = format!("eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.{}.{}", cipher(5_000), cipher(342));
        let said = [OpaqueReason::Encrypted];
        for (token, told) in [
            (fernet(2_000), &said[..]),
            (fernet(90_000), &said),
            (jwe(5_000), &said),
            (jwe(90_000), &said),
            (direct, &said),
            // Sessions, what is only signed, and what only begins so.
            (fernet(600), &[]),
            (jwe(1_500), &[]),
            (signed, &[]),
            (format!("gAAAAAA{}", cipher(2_000)), &[]),
            (format!("eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0.{}", cipher(5_000)), &[]),
        ] {
            for text in [
                token.clone(),
                format!("Nội dung: {token}\nTrân trọng"),
                format!("{{\"tep\": \"{token}\", \"a\": 1}}"),
                format!("a=1&tep={token}&b=2"),
            ] {
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
                let mut reasons: Vec<_> = inspection.inspection.opaque.iter().map(|opaque| opaque.reason).collect();
                // Of a cipher longer than this any base64 is told.
                reasons.retain(|reason| token.len() < 40_000 || *reason == OpaqueReason::Encrypted);
                assert_eq!(reasons, told, "{}", token.get(..60).unwrap_or_default());
            }
        }
    }
}
