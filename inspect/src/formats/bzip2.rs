//! bzip2: unpacked as it arrives, the content inspected as an object.
//!
//! Streams behind each other are one content, as bunzip2 has it; anything else behind the last is opaque.

use bzip2::{Decompress, Status};
use chot_model::OpaqueReason;

use super::{Format, Room, Stream};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::redact::Origin;
use crate::sniff;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-bzip2",
    matches: |head| sniff::is_bzip2(head.bytes),
    room: Room::Stream(|head, place| Box::new(Unpacking::new(head.hint, place))),
    #[cfg(test)]
    example: || packed("Số CCCD 001090123456".as_bytes()),
};

/// Bytes that come out at a time.
const STEP: usize = 1 << 16;

/// Streams behind each other: each asks for four megabytes, however few bytes it is. Programs that pack side by side make one
/// of 900 kB.
const STREAMS_MAX: u32 = 10_000;

struct Unpacking {
    /// Streams begun behind the first.
    streams: u32,
    /// `None` between two streams.
    stream: Option<Decompress>,
    /// Of the first bytes behind a stream, those that may begin another.
    head: Vec<u8>,
    out: Vec<u8>,
    place: Place,
    content: Box<Object>,
    failed: bool,
    read: u64,
    /// Bytes behind what failed.
    unread: u64,
}

impl Unpacking {
    fn new(hint: &Hint, place: &Place) -> Self {
        let name = hint.name.as_deref().and_then(|n| n.strip_suffix(".bz2")).unwrap_or_default();
        let inner = Hint { name: (!name.is_empty()).then(|| name.to_owned()), content_type: None };
        let content = Box::new(Object::new(inner, place.member("", Origin::Lost)));
        Self {
            streams: 0,
            stream: Some(Decompress::new(false)),
            head: Vec::new(),
            out: vec![0; STEP],
            place: place.clone(),
            content,
            failed: false,
            read: 0,
            unread: 0,
        }
    }

    /// Unpacks `bytes`.
    ///
    /// # Errors
    /// Why nothing more can be read.
    fn unpack(&mut self, mut bytes: &[u8], inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        while !bytes.is_empty() {
            if inquiry.is_late(&self.place) {
                return Err(OpaqueReason::TimeLimit);
            }
            let Some(stream) = &mut self.stream else {
                const MAGIC: &[u8] = b"BZh";
                let (first, rest) = bytes.split_at(bytes.len().min(MAGIC.len() - self.head.len()));
                self.head.extend_from_slice(first);
                bytes = rest;
                if !MAGIC.starts_with(&self.head) {
                    return Err(OpaqueReason::ParseError);
                }
                if self.head == MAGIC {
                    self.head.clear();
                    self.streams += 1;
                    if self.streams > STREAMS_MAX {
                        return Err(OpaqueReason::TooMany);
                    }
                    self.stream = Some(Decompress::new(false));
                    self.feed(MAGIC, inquiry)?;
                }
                continue;
            };
            let before = stream.total_in();
            let (status, written) = step(stream, bytes, &mut self.out)?;
            let read = (stream.total_in() - before) as usize;
            bytes = bytes.get(read..).unwrap_or_default();
            self.tell(written, inquiry)?;
            if status == Status::StreamEnd {
                self.stream = None;
            } else if read == 0 && written == 0 {
                return Err(OpaqueReason::ParseError);
            }
        }
        Ok(())
    }

    /// Gives the stream bytes of which nothing comes yet.
    fn feed(&mut self, bytes: &[u8], inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        let (_, written) = step(stream, bytes, &mut self.out)?;
        self.tell(written, inquiry)
    }

    fn tell(&mut self, written: usize, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        if !inquiry.inflate(written) {
            return Err(OpaqueReason::TooLarge);
        }
        self.content.push(self.out.get(..written).unwrap_or_default(), inquiry);
        Ok(())
    }

    /// What is inside the stream and did not find room.
    fn flush(&mut self, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        while let Some(stream) = &mut self.stream {
            let (status, written) = step(stream, b"", &mut self.out)?;
            self.tell(written, inquiry)?;
            if status == Status::StreamEnd {
                self.stream = None;
            } else if written == 0 {
                // It was cut.
                return Err(OpaqueReason::ParseError);
            }
        }
        if self.head.is_empty() { Ok(()) } else { Err(OpaqueReason::ParseError) }
    }

    fn refuse(&mut self, reason: OpaqueReason, bytes: u64, inquiry: &mut Inquiry) {
        self.failed = true;
        match reason {
            OpaqueReason::ParseError => inquiry.broken(&self.place, bytes),
            _ => inquiry.refuse(&self.place, reason, bytes),
        }
    }
}

/// One step of a stream: its status and how many bytes came out.
fn step(stream: &mut Decompress, bytes: &[u8], out: &mut [u8]) -> Result<(Status, usize), OpaqueReason> {
    let before = stream.total_out();
    let status = stream.decompress(bytes, out).map_err(|_| OpaqueReason::ParseError)?;
    Ok((status, (stream.total_out() - before) as usize))
}

impl Stream for Unpacking {
    fn block(&mut self, bytes: &[u8], _at: u64, inquiry: &mut Inquiry) {
        if self.failed {
            self.unread += bytes.len() as u64;
            return;
        }
        self.read += bytes.len() as u64;
        if let Err(reason) = self.unpack(bytes, inquiry) {
            self.refuse(reason, bytes.len() as u64, inquiry);
        }
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        if !self.failed
            && let Err(reason) = self.flush(inquiry)
        {
            self.refuse(reason, 1, inquiry);
        }
        self.content.finish_packed(None, self.read, inquiry);
        inquiry.miss(self.unread);
    }
}

/// Packs `bytes`.
#[cfg(test)]
pub(crate) fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    let mut encoder = bzip2::read::BzEncoder::new(bytes, bzip2::Compression::fast());
    std::io::Read::read_to_end(&mut encoder, &mut packed).expect("memory");
    packed
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, OpaqueReason};

    use super::*;
    use crate::{Inspector, Limits};

    fn inspect(bytes: &[u8]) -> (u64, Vec<OpaqueReason>) {
        let inspector = Inspector::new(Limits::default(), 2026);
        let mut results = [1, 7, bytes.len()].map(|n| {
            let mut inspecting = inspector.begin(Hint::default());
            bytes.chunks(n).for_each(|chunk| inspecting.push(chunk));
            let inspection = inspecting.finish(&bytes.to_vec()).inspection;
            (inspection.distinct(DetectorId::Cccd), inspection.opaque.iter().map(|o| o.reason).collect::<Vec<_>>())
        });
        assert!(results.iter().all(|r| *r == results[0]), "{results:?}");
        std::mem::take(&mut results[0])
    }

    #[test]
    fn streams_behind_each_other_are_one_content() {
        let (a, b) = (packed(b"So CCCD 0010901"), packed(b"23456\n"));
        assert_eq!(inspect(&[a.clone(), b].concat()), (1, vec![]));
        assert_eq!(inspect(&[a.clone(), b"BZ".to_vec()].concat()).1, [OpaqueReason::ParseError]);
        assert_eq!(inspect(&[a.clone(), b"more".to_vec()].concat()).1, [OpaqueReason::ParseError]);
        assert_eq!(inspect(&a[..a.len() - 4]).1, [OpaqueReason::ParseError]);
    }

    #[test]
    fn what_comes_out_is_bounded() {
        let bomb = packed(&vec![b' '; 24 << 20]);
        assert!(bomb.len() < 2 << 10, "{}", bomb.len());
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bomb).inspection;
        let reasons: Vec<_> = inspection.opaque.iter().map(|o| o.reason).collect();
        assert_eq!(reasons, [OpaqueReason::TooLarge]);
    }
}
