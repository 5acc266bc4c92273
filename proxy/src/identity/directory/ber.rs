//! BER as LDAP uses it (RFC 4511 §5.1): definite lengths, tags of one byte.
//!
//! It knows no messages. Reading takes nothing on trust: what is not there is `None`, never a panic.

/// Bytes of content that a length may name: longer ones are nobody's account.
pub(super) const CONTENT_BYTES_MAX: usize = 1 << 20;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// An element with this content.
pub(super) fn element(tag: u8, content: &[&[u8]]) -> Vec<u8> {
    let len = content.iter().map(|part| part.len()).sum::<usize>();
    let mut out = Vec::with_capacity(len + 6);
    out.push(tag);
    match u8::try_from(len) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let bytes = (len as u32).to_be_bytes();
            out.push(0x84);
            out.extend_from_slice(&bytes);
        }
    }
    content.iter().for_each(|part| out.extend_from_slice(part));
    out
}

/// A number, as INTEGER and ENUMERATED have it. Only those that are not negative are needed.
pub(super) fn number(tag: u8, n: u32) -> Vec<u8> {
    // A leading zero keeps it from being read as negative.
    let bytes = [&[0][..], &n.to_be_bytes()].concat();
    let needless = bytes.windows(2).take_while(|pair| matches!(pair, [0, 0..=0x7f])).count();
    element(tag, &[bytes.get(needless..).unwrap_or_default()])
}

/// The tag and the length of the content that follows, from the first bytes of an element: `Ok(None)` where more are
/// needed to tell. With them goes how many bytes they take.
pub(super) fn head(bytes: &[u8]) -> Result<Option<(u8, usize, usize)>, Malformed> {
    let [tag, first, rest @ ..] = bytes else { return Ok(None) };
    let first = usize::from(*first);
    if first < 0x80 {
        return Ok(Some((*tag, first, 2)));
    }
    let n = first - 0x80;
    if n == 0 || n > 4 {
        return Err(Malformed);
    }
    let Some(digits) = rest.get(..n) else { return Ok(None) };
    let len = digits.iter().fold(0u64, |len, digit| len << 8 | u64::from(*digit));
    match usize::try_from(len) {
        Ok(len) if len <= CONTENT_BYTES_MAX => Ok(Some((*tag, len, 2 + n))),
        _ => Err(Malformed),
    }
}

/// Not BER, or more of it than anybody needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// Elements one behind the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Elements<'b>(pub(super) &'b [u8]);

impl<'b> Elements<'b> {
    /// The next element, whatever its tag.
    pub(super) fn any(&mut self) -> Option<(u8, &'b [u8])> {
        let (tag, len, at) = head(self.0).ok()??;
        let content = self.0.get(at..)?.get(..len)?;
        self.0 = self.0.get(at + len..)?;
        Some((tag, content))
    }

    /// The content of the next element, which has this tag.
    pub(super) fn with(&mut self, tag: u8) -> Option<&'b [u8]> {
        self.any().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// The next element as a number that is not negative.
    pub(super) fn number(&mut self, tag: u8) -> Option<u32> {
        let content = self.with(tag)?;
        if content.is_empty() || content.len() > 4 || content.first().is_some_and(|first| *first >= 0x80) {
            return None;
        }
        Some(content.iter().fold(0, |n, byte| n << 8 | u32::from(*byte)))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_as_short_as_can_be() {
        for (n, bytes) in [
            (0, &[2, 1, 0][..]),
            (3, &[2, 1, 3]),
            (127, &[2, 1, 127]),
            (128, &[2, 2, 0, 128]),
            (256, &[2, 2, 1, 0]),
            (0x7fff_ffff, &[2, 4, 0x7f, 0xff, 0xff, 0xff]),
        ] {
            assert_eq!(number(INTEGER, n), bytes);
            assert_eq!(Elements(bytes).number(INTEGER), Some(n));
        }
    }

    #[test]
    fn what_is_no_element_is_none() {
        for bytes in [
            &[][..],
            &[4],
            &[4, 1],
            &[4, 0x80],
            &[4, 0x85, 0, 0, 0, 0, 1, 1],
            &[4, 0x81],
            &[4, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[4, 2, 1],
        ] {
            assert_eq!(Elements(bytes).any(), None, "{bytes:?}");
        }
        for bytes in [&[2, 0][..], &[2, 1, 0x80], &[2, 5, 0, 0, 0, 0, 1], &[3, 1, 1]] {
            assert_eq!(Elements(bytes).number(INTEGER), None, "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in any::<u8>(), content in proptest::collection::vec(any::<u8>(), 0..700), n in 0u32..0x8000_0000) {
            let (one, two) = (element(tag, &[&content]), number(ENUMERATED, n));
            let both = [one, two].concat();
            let mut elements = Elements(&both);
            prop_assert_eq!(elements.any(), Some((tag, content.as_slice())));
            prop_assert_eq!(elements.number(ENUMERATED), Some(n));
            prop_assert!(elements.is_empty());
        }

        #[test]
        fn any_bytes_are_read_to_an_end(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut elements = Elements(&bytes);
            let mut left = bytes.len();
            while elements.any().is_some() {
                prop_assert!(elements.0.len() < left);
                left = elements.0.len();
            }
        }
    }
}
