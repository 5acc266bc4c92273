//! The data of a folder: blocks of up to 32 KiB, stored or MSZIP (MS-MCI).

use chot_model::OpaqueReason;
use flate2::{Decompress, FlushDecompress, Status};

use super::header::Folder;
use crate::inquiry::{Inquiry, Place};
use crate::object::Object;
use crate::source::{Source, read_range};

/// A block unpacked, and the window of the next.
const BLOCK_MAX: usize = 1 << 15;
/// A stored block may take no more than this (MS-MCI §2.1).
const PACKED_MAX: u16 = (BLOCK_MAX + 6_144) as u16;

pub(super) struct Unpack<'a> {
    source: &'a dyn Source,
    /// Where the next block lies.
    pub(super) at: u64,
    blocks: u16,
    reserve: u64,
    zipped: bool,
    block: Vec<u8>,
    taken: usize,
    /// Bytes handed out.
    pub(super) told: u64,
    /// What stood in the room that blocks reserve.
    pub(super) reserved: Vec<u8>,
}

/// Where the blocks of a folder end, as far as they are there.
pub(super) fn end(source: &dyn Source, folder: &Folder, reserve: u64) -> u64 {
    let mut at = folder.start;
    for _ in 0..folder.blocks {
        let Ok(header) = read_range(source, at..at + 8) else { break };
        let len = header.get(4..6).and_then(|b| b.first_chunk()).map_or(0, |b| u16::from_le_bytes(*b));
        at = (at + 8 + reserve + u64::from(len)).min(source.len());
    }
    at
}

/// The checksum of bytes: words of four, the rest the other way round (MS-CAB §3.1).
fn sum(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks::<4>();
    let last = rest.iter().fold(0, |word, b| word << 8 | u32::from(*b));
    words.iter().fold(last, |sum, word| sum ^ u32::from_le_bytes(*word))
}

impl<'a> Unpack<'a> {
    /// # Errors
    /// When the way of packing is not known.
    pub(super) fn new(source: &'a dyn Source, folder: &Folder, reserve: u64) -> Result<Self, OpaqueReason> {
        let zipped = match folder.packing & 0xf {
            0 => false,
            1 => true,
            _ => return Err(OpaqueReason::UnsupportedFormat),
        };
        let &Folder { start: at, blocks, .. } = folder;
        Ok(Self { source, at, blocks, reserve, zipped, block: Vec::new(), taken: 0, told: 0, reserved: Vec::new() })
    }

    /// Unpacks the next block; false when there is none.
    fn next(&mut self) -> Result<bool, OpaqueReason> {
        if self.blocks == 0 {
            return Ok(false);
        }
        self.blocks -= 1;
        let broken = OpaqueReason::ParseError;
        let header = read_range(self.source, self.at..self.at + 8 + self.reserve).map_err(|_| broken)?;
        let &[w, x, y, z, a, b, c, d, ..] = header.as_slice() else { return Err(broken) };
        let (packed, unpacked) = (u16::from_le_bytes([a, b]), usize::from(u16::from_le_bytes([c, d])));
        if packed > PACKED_MAX || unpacked > BLOCK_MAX {
            return Err(broken);
        }
        if unpacked == 0 {
            // The rest of the block is in the next cabinet.
            return Err(OpaqueReason::Partial);
        }
        self.reserved.extend_from_slice(header.get(8..).unwrap_or_default());
        let from = self.at + 8 + self.reserve;
        let data = read_range(self.source, from..from + u64::from(packed)).map_err(|_| broken)?;
        self.at = from + u64::from(packed);
        let told = u32::from_le_bytes([w, x, y, z]);
        if told != 0 && told != sum(&data) ^ sum(header.get(4..).unwrap_or_default()) {
            return Err(broken);
        }
        let block = if self.zipped { self.unzip(&data)? } else { data };
        if block.len() != unpacked {
            return Err(broken);
        }
        (self.block, self.taken) = (block, 0);
        Ok(true)
    }

    /// One block is a stream of its own, but its matches reach into the block before.
    fn unzip(&self, data: &[u8]) -> Result<Vec<u8>, OpaqueReason> {
        let broken = OpaqueReason::ParseError;
        let data = data.strip_prefix(b"CK").ok_or(broken)?;
        let mut inflate = Decompress::new(false);
        if !self.block.is_empty() {
            inflate.set_dictionary(&self.block).map_err(|_| broken)?;
        }
        let mut out = vec![0; BLOCK_MAX + 1];
        let status = inflate.decompress(data, &mut out, FlushDecompress::Finish).map_err(|_| broken)?;
        // What stands behind the end of the stream would be seen by nobody.
        if status != Status::StreamEnd || inflate.total_in() != data.len() as u64 {
            return Err(broken);
        }
        out.truncate(inflate.total_out() as usize);
        Ok(out)
    }

    /// Passes over bytes up to `to`, which belong to no member; all zeros is nothing.
    pub(super) fn skip(&mut self, to: u64, place: &Place, inquiry: &mut Inquiry) -> Result<(), OpaqueReason> {
        while self.told < to {
            if inquiry.is_late(place) {
                return Err(OpaqueReason::TimeLimit);
            }
            let Some(some) = self.some(to - self.told)? else {
                return if to == u64::MAX { Ok(()) } else { Err(OpaqueReason::ParseError) };
            };
            if some.iter().any(|b| *b != 0) {
                let len = some.len() as u64;
                inquiry.refuse(place, OpaqueReason::Ambiguous, len);
            }
        }
        Ok(())
    }

    /// Hands the next bytes to a member.
    pub(super) fn read(
        &mut self,
        mut len: u64,
        object: &mut Object,
        place: &Place,
        inquiry: &mut Inquiry,
    ) -> Result<(), OpaqueReason> {
        while len > 0 {
            if inquiry.is_late(place) {
                return Err(OpaqueReason::TimeLimit);
            }
            let some = self.some(len)?.ok_or(OpaqueReason::ParseError)?;
            len -= some.len() as u64;
            if !inquiry.inflate(some.len()) {
                return Err(OpaqueReason::TooLarge);
            }
            object.push(some, inquiry);
        }
        Ok(())
    }

    /// Some of the next bytes, at most so many; `None` at the end.
    fn some(&mut self, most: u64) -> Result<Option<&[u8]>, OpaqueReason> {
        if self.taken == self.block.len() && !self.next()? {
            return Ok(None);
        }
        let from = self.taken;
        let n = (self.block.len() - from).min(usize::try_from(most).unwrap_or(usize::MAX));
        self.taken += n;
        self.told += n as u64;
        Ok(self.block.get(from..from + n))
    }
}
