//! Unpacking and packing again, when something was edited in what came out of a container.
//!
//! Only contents that decode without a fault are packed again: what readers may understand otherwise is refused, and
//! so is what would not fit its frame. How a ZIP archive is put together is `zip`'s business.

use std::io::{self, Read, Write};

use flate2::bufread::{DeflateDecoder, ZlibDecoder};
use flate2::write::{DeflateEncoder, ZlibEncoder};
use flate2::{Compression, Crc};

use super::{mail, wide, zip};
use crate::object::BLOCK;
use crate::redact::{Contents, Packing, Patching, Why};
use crate::source::{Source, Splice, read_range};

/// It was read once; that it cannot be again is a fault of storage, or of the content.
pub(crate) const UNREADABLE: Why = "cannot be read again";
const TOO_LARGE: Why = "is too large to be held";
const TWO_WAYS: Why = "was read in two ways";

/// What comes out of a container, at most `bytes_max` of it.
pub(crate) fn unpack(container: &dyn Source, packing: Packing, bytes_max: u64) -> Result<Vec<u8>, Why> {
    match packing {
        Packing::Same => all(container, bytes_max),
        Packing::Base64 => mail::unpack(&all(container, bytes_max)?),
        Packing::Gzip => {
            let header = gzip_header(container)?;
            let mut out = Vec::new();
            let bytes = Bytes::new(container, header);
            let mut inflated = DeflateDecoder::new(bytes).take(bytes_max.saturating_add(1));
            inflated.read_to_end(&mut out).map_err(|_| UNREADABLE)?;
            fits(out, bytes_max)
        }
        Packing::Zlib => {
            let mut out = Vec::new();
            let mut inflated = ZlibDecoder::new(Bytes::new(container, 0)).take(bytes_max.saturating_add(1));
            inflated.read_to_end(&mut out).map_err(|_| UNREADABLE)?;
            fits(out, bytes_max)
        }
        Packing::Wide(width) => wide::unpack(container, width, bytes_max),
        Packing::Zip(member) => {
            let mut out = Vec::new();
            zip::unpack(container, member, &mut |bytes| {
                if out.len() as u64 + bytes.len() as u64 > bytes_max {
                    return Err(TOO_LARGE);
                }
                out.extend_from_slice(bytes);
                Ok(())
            })?;
            Ok(out)
        }
    }
}

/// The splices of a container that put its edited contents in place.
pub(crate) fn pack(container: &dyn Source, contents: Contents) -> Result<Vec<Splice>, Why> {
    let mut members = Vec::new();
    let mut other = None;
    for (packing, splices) in contents {
        match packing {
            Packing::Zip(number) => members.push((number, splices)),
            _ if other.is_some() => return Err(TWO_WAYS),
            _ => other = Some((packing, splices)),
        }
    }
    let Some((packing, splices)) = other else { return zip::pack(container, members) };
    if !members.is_empty() {
        return Err(TWO_WAYS);
    }
    match packing {
        Packing::Same if splices.iter().all(is_even) => Ok(splices),
        Packing::Same => Err("cannot grow or shrink"),
        Packing::Base64 => {
            let bytes = mail::pack(&all(container, BASE64_MAX)?, splices)?;
            Ok(vec![Splice { range: 0..container.len(), bytes }])
        }
        Packing::Gzip => gzip(container, splices),
        Packing::Zlib => {
            let mut out = ZlibEncoder::new(Vec::new(), Compression::default());
            patched(&mut ZlibDecoder::new(Bytes::new(container, 0)), splices, &mut |bytes| {
                out.write_all(bytes).map_err(|_| UNREADABLE)
            })?;
            let bytes = out.finish().map_err(|_| UNREADABLE)?;
            Ok(vec![Splice { range: 0..container.len(), bytes }])
        }
        Packing::Wide(width) => wide::pack(container, width, splices),
        Packing::Zip(_) => Err(TWO_WAYS),
    }
}

/// A body of a mail is read into memory anyway.
const BASE64_MAX: u64 = 128 << 20;

/// Whether a splice leaves the length as it is.
pub(crate) fn is_even(splice: &Splice) -> bool {
    splice.range.end - splice.range.start == splice.bytes.len() as u64
}

fn all(container: &dyn Source, bytes_max: u64) -> Result<Vec<u8>, Why> {
    if container.len() > bytes_max {
        return Err(TOO_LARGE);
    }
    read_range(container, 0..container.len()).map_err(|_| UNREADABLE)
}

fn fits(out: Vec<u8>, bytes_max: u64) -> Result<Vec<u8>, Why> {
    if out.len() as u64 > bytes_max { Err(TOO_LARGE) } else { Ok(out) }
}

/// Reads a content to its end and gives it away with its splices laid over.
fn patched(
    content: &mut dyn Read,
    splices: Vec<Splice>,
    out: &mut dyn FnMut(&[u8]) -> Result<(), Why>,
) -> Result<(), Why> {
    let mut patching = Patching::new(splices);
    let mut buffer = vec![0; BLOCK];
    loop {
        let n = content.read(&mut buffer).map_err(|_| UNREADABLE)?;
        if n == 0 {
            return if patching.is_done() { Ok(()) } else { Err(UNREADABLE) };
        }
        let mut written = Ok(());
        patching.copy(buffer.get(..n).unwrap_or_default(), &mut |bytes| {
            if written.is_ok() {
                written = out(bytes);
            }
        });
        written?;
    }
}

/// A gzip file of one member, its header as it was.
fn gzip(container: &dyn Source, splices: Vec<Splice>) -> Result<Vec<Splice>, Why> {
    let header = gzip_header(container)?;
    let mut inflated = DeflateDecoder::new(Bytes::new(container, header));
    let mut out = DeflateEncoder::new(Vec::new(), Compression::default());
    let mut crc = Crc::new();
    let ended = patched(&mut inflated, splices, &mut |bytes| {
        crc.update(bytes);
        out.write_all(bytes).map_err(|_| UNREADABLE)
    });
    // Behind the stream stand its sum and length, and nothing else: readers differ on what they do with more.
    const TRAILER: u64 = 8;
    if header + inflated.total_in() + TRAILER != container.len() {
        return Err("has several members");
    }
    ended?;
    let mut bytes = out.finish().map_err(|_| UNREADABLE)?;
    bytes.extend(crc.sum().to_le_bytes());
    bytes.extend(crc.amount().to_le_bytes());
    Ok(vec![Splice { range: header..container.len(), bytes }])
}

/// The length of the header (RFC 1952 §2.3).
fn gzip_header(container: &dyn Source) -> Result<u64, Why> {
    // Names, comments and extra fields that a person made are shorter.
    let head = read_range(container, 0..container.len().min(BLOCK as u64)).map_err(|_| UNREADABLE)?;
    let flags = *head.get(3).ok_or(UNREADABLE)?;
    let mut at = 10;
    if flags & 4 != 0 {
        let len = head.get(at..at + 2).and_then(|b| b.try_into().ok()).map(u16::from_le_bytes).ok_or(UNREADABLE)?;
        at += 2 + usize::from(len);
    }
    for flag in [8, 16] {
        if flags & flag != 0 {
            let rest = head.get(at..).ok_or(UNREADABLE)?;
            at += memchr::memchr(0, rest).ok_or(UNREADABLE)? + 1;
        }
    }
    if flags & 2 != 0 {
        at += 2;
    }
    Ok(at as u64)
}

/// A source read from some byte on.
pub(crate) struct Bytes<'s> {
    source: &'s dyn Source,
    at: u64,
    buffer: Vec<u8>,
    used: usize,
}

impl<'s> Bytes<'s> {
    pub(crate) fn new(source: &'s dyn Source, at: u64) -> Self {
        Self { source, at, buffer: Vec::new(), used: 0 }
    }
}

impl Read for Bytes<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = io::BufRead::fill_buf(self)?.read(buf)?;
        io::BufRead::consume(self, n);
        Ok(n)
    }
}

impl io::BufRead for Bytes<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.used >= self.buffer.len() {
            self.buffer.resize(BLOCK, 0);
            let n = self.source.read_at(self.at, &mut self.buffer)?;
            self.buffer.truncate(n);
            self.at += n as u64;
            self.used = 0;
        }
        Ok(self.buffer.get(self.used..).unwrap_or_default())
    }

    fn consume(&mut self, n: usize) {
        self.used += n;
    }
}
