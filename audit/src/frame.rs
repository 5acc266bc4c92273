//! How one record lies in a segment file: `u32 LE length | u32 LE CRC-32 | payload`, and zeros after the last.
//!
//! Knows nothing of what a payload means beyond that it is one line which begins like a record.

/// Bytes before a payload.
pub(crate) const HEADER_BYTES: usize = 8;

/// Longest payload. Every string and list of a record is bounded well below it; a longer length is damage.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 1 << 20;

/// How every payload begins. It cannot occur inside one, where quotes are escaped.
pub(crate) const PAYLOAD_START: &[u8] = b"{\"v\":1,\"kind\":\"";

/// Appends a frame whose payload `write` appends.
pub(crate) fn push(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&[0; HEADER_BYTES]);
    write(out);
    let payload = &out[start + HEADER_BYTES..];
    let (length, crc) = (payload.len() as u32, crc32fast::hash(payload));
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + HEADER_BYTES].copy_from_slice(&crc.to_le_bytes());
}

/// One intact frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Frame<'a> {
    pub(crate) offset: usize,
    pub(crate) payload: &'a [u8],
}

impl Frame<'_> {
    pub(crate) fn end(&self) -> usize {
        self.offset + HEADER_BYTES + self.payload.len()
    }
}

/// Walks the frames of a segment from its start. It ends at the first place that holds no intact frame:
/// [`Frames::offset`] is that place.
#[derive(Clone, Debug)]
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
}

/// What lies behind the last intact frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tail {
    /// Nothing but zeros, or the end of the file.
    Clean,
    /// A frame that does not agree with its checksum, or bytes that are no frame.
    Bad,
}

impl<'a> Frames<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, offset: 0 }
    }

    /// Where the next frame would begin.
    pub(crate) fn offset(&self) -> usize {
        self.offset
    }

    /// What lies behind the frames walked so far; call it when the walk has ended.
    pub(crate) fn tail(&self) -> Tail {
        if self.bytes[self.offset..].iter().all(|b| *b == 0) { Tail::Clean } else { Tail::Bad }
    }

    /// Goes on behind a bad place; `false` when no intact frame follows.
    pub(crate) fn skip_bad(&mut self) -> bool {
        let next = self.beyond().next().map(|frame| frame.offset);
        self.offset = next.unwrap_or(self.offset);
        next.is_some()
    }

    /// Intact frames anywhere behind the place where the walk ended. Linear: a candidate reaches no farther than its
    /// own line.
    pub(crate) fn beyond(&self) -> impl Iterator<Item = Frame<'a>> {
        let bytes = self.bytes;
        let mut from = self.offset + 1;
        std::iter::from_fn(move || {
            while from + HEADER_BYTES + PAYLOAD_START.len() <= bytes.len() {
                let at = from;
                from += 1;
                if bytes[at + HEADER_BYTES..].starts_with(PAYLOAD_START)
                    && let Some(frame) = frame_at(bytes, at)
                {
                    from = frame.end();
                    return Some(frame);
                }
            }
            None
        })
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let frame = frame_at(self.bytes, self.offset)?;
        self.offset = frame.end();
        Some(frame)
    }
}

fn frame_at(bytes: &[u8], offset: usize) -> Option<Frame<'_>> {
    let header = bytes.get(offset..offset.checked_add(HEADER_BYTES)?)?;
    let length = u32::from_le_bytes(header[..4].try_into().ok()?) as usize;
    let crc = u32::from_le_bytes(header[4..].try_into().ok()?);
    if length == 0 || length > PAYLOAD_BYTES_MAX {
        return None;
    }
    let payload = bytes.get(offset + HEADER_BYTES..offset + HEADER_BYTES + length)?;
    let line = payload.starts_with(PAYLOAD_START) && payload.iter().position(|b| *b == b'\n') == Some(length - 1);
    (line && crc32fast::hash(payload) == crc).then_some(Frame { offset, payload })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn segment(n: usize) -> Vec<u8> {
        let mut out = Vec::new();
        for i in 0..n {
            push(&mut out, |p| p.extend_from_slice(format!("{{\"v\":1,\"kind\":\"x\",\"seq\":{i}}}\n").as_bytes()));
        }
        out
    }

    #[test]
    fn frames_are_walked_to_the_zeros() {
        let mut bytes = segment(3);
        let end = bytes.len();
        bytes.extend_from_slice(&[0; 100]);
        let mut frames = Frames::new(&bytes);
        assert_eq!(frames.by_ref().count(), 3);
        assert_eq!((frames.offset(), frames.tail()), (end, Tail::Clean));
        bytes[end + 50] = 1;
        let mut frames = Frames::new(&bytes);
        assert_eq!((frames.by_ref().count(), frames.tail()), (3, Tail::Bad));
    }

    #[test]
    fn intact_frames_behind_a_bad_one_are_seen() {
        let mut bytes = segment(4);
        bytes[40] ^= 1;
        let mut frames = Frames::new(&bytes);
        let before = frames.by_ref().count();
        assert_eq!(before + 1 + frames.beyond().count(), 4);
    }

    proptest! {
        #[test]
        fn any_bytes_are_walked_without_harm(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let mut frames = Frames::new(&bytes);
            let n = frames.by_ref().count() + frames.beyond().count();
            prop_assert!(n <= bytes.len() / HEADER_BYTES);
            frames.tail();
        }
    }
}
