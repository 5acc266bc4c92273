//! Pages of a column (parquet-format, README.md and Encodings.md): levels and values, one by one.
//!
//! A page is unpacked when its turn comes, so that a column takes no more memory than a page and its dictionary.

use std::io::Read;

use chot_model::OpaqueReason;

use super::thrift::{self, Value};
use super::{Physical, snappy, varint};
use crate::formats::packed::{Codec as _, Step, Zstd};

/// How pages are packed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Codec {
    Plain,
    Snappy,
    Gzip,
    Zstd,
}

impl Codec {
    pub(super) fn of(number: i64) -> Option<Self> {
        Some(match number {
            0 => Self::Plain,
            1 => Self::Snappy,
            2 => Self::Gzip,
            6 => Self::Zstd,
            _ => return None,
        })
    }

    fn unpack(self, bytes: &[u8], len: usize) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        match self {
            Self::Plain => out.extend_from_slice(bytes),
            Self::Snappy => return snappy::unpack(bytes, len),
            Self::Gzip => {
                let unpacked = flate2::read::MultiGzDecoder::new(bytes).take(len as u64 + 1).read_to_end(&mut out);
                unpacked.ok()?;
            }
            Self::Zstd => {
                let (mut zstd, mut rest, mut buffer) = (Zstd::new(), bytes, vec![0; 1 << 16]);
                while out.len() <= len {
                    let Step { read, written } = zstd.step(rest, true, &mut buffer).ok()?;
                    rest = rest.get(read..)?;
                    out.extend_from_slice(buffer.get(..written)?);
                    if read == 0 && written == 0 {
                        break;
                    }
                }
                if !zstd.is_complete() {
                    return None;
                }
            }
        }
        (out.len() <= len).then_some(out)
    }
}

/// A larger page is none that a program writes.
const PAGE_MAX: usize = 64 << 20;

/// The pages of one column of one group of rows.
pub(super) struct Pages<'a> {
    bytes: &'a [u8],
    at: usize,
    codec: Codec,
    physical: Physical,
    levels: [u32; 2],
    dictionary: Vec<Vec<u8>>,
    page: Option<Page>,
    /// The value at hand, with its level of repetition: the first of the next row, once a row is done.
    next: Option<Leveled>,
    /// Bytes of pages unpacked since last asked.
    pub(super) unpacked: usize,
}

/// A value that may be none, and how far it is repeated: 0 begins a row.
type Leveled = (u32, Option<Vec<u8>>);

/// A page being read.
struct Page {
    data: Vec<u8>,
    left: usize,
    repeated: Option<Hybrid>,
    defined: Option<Hybrid>,
    values: Values,
}

enum Values {
    Plain(usize),
    Dictionary(Hybrid),
}

impl<'a> Pages<'a> {
    /// Of pages that lie in `bytes` one behind the other. `levels`: the most that values are repeated and defined.
    pub(super) fn new(bytes: &'a [u8], codec: Codec, physical: Physical, levels: [u32; 2]) -> Self {
        let (dictionary, page, next) = (Vec::new(), None, None);
        Self { bytes, at: 0, codec, physical, levels, dictionary, page, next, unpacked: 0 }
    }

    /// The values of the next row; `None` behind the last.
    pub(super) fn row(&mut self, row: &mut Vec<Vec<u8>>) -> Result<Option<()>, OpaqueReason> {
        // More are several rows: nobody's record is that long.
        const ROW_MAX: usize = 10_000;
        let first = match self.next.take() {
            Some(value) => Some(value),
            None => self.value()?,
        };
        let Some((_, value)) = first else { return Ok(None) };
        row.push(value.unwrap_or_default());
        while row.len() < ROW_MAX {
            match self.value()? {
                Some((1.., value)) => row.push(value.unwrap_or_default()),
                next => {
                    self.next = next;
                    break;
                }
            }
            if self.levels[0] == 0 {
                break;
            }
        }
        Ok(Some(()))
    }

    /// The next value and how far it is repeated; `None` behind the last.
    fn value(&mut self) -> Result<Option<Leveled>, OpaqueReason> {
        loop {
            if let Some(page) = self.page.as_mut().filter(|page| page.left > 0) {
                let value = page.value(self.levels[1], self.physical, &self.dictionary);
                return value.map(Some).ok_or(OpaqueReason::ParseError);
            }
            if self.at >= self.bytes.len() {
                return Ok(None);
            }
            self.begin()?;
        }
    }

    /// Unpacks the next page.
    fn begin(&mut self) -> Result<(), OpaqueReason> {
        use OpaqueReason::{ParseError, UnsupportedFormat};
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let (header, header_len) = thrift::structure(rest).ok_or(ParseError)?;
        let (len, packed) = header.size(2).zip(header.size(3)).filter(|(len, _)| *len <= PAGE_MAX).ok_or(ParseError)?;
        let body = rest.get(header_len..).and_then(|rest| rest.get(..packed)).ok_or(ParseError)?;
        self.at += header_len + packed;
        self.unpacked += len;
        let encoding = |of: &Value<'_>, id| of.number(id).unwrap_or(-1);
        match header.number(1) {
            Some(2) => {
                let about = header.field(7).ok_or(ParseError)?;
                if !matches!(encoding(about, 2), 0 | 2) {
                    return Err(UnsupportedFormat);
                }
                let data = self.codec.unpack(body, len).ok_or(ParseError)?;
                let (mut at, count) = (0, about.size(1).ok_or(ParseError)?);
                self.dictionary.clear();
                while self.dictionary.len() < count {
                    let value = self.physical.plain(&data, &mut at).ok_or(ParseError)?;
                    self.dictionary.push(value.to_vec());
                }
            }
            Some(0) => {
                let about = header.field(5).ok_or(ParseError)?;
                let data = self.codec.unpack(body, len).ok_or(ParseError)?;
                let left = about.size(1).ok_or(ParseError)?;
                let mut at = 0;
                let mut levels = |most: u32, id| {
                    if most == 0 {
                        return Ok(None);
                    }
                    if encoding(about, id) != 3 {
                        return Err(UnsupportedFormat);
                    }
                    let len = crate::formats::le::u32_at(&data, at).ok_or(ParseError)? as usize;
                    let levels = Hybrid::new(at + 4, at.saturating_add(4).saturating_add(len), most);
                    at = levels.end;
                    Ok(Some(levels))
                };
                let (repeated, defined) = (levels(self.levels[0], 4)?, levels(self.levels[1], 3)?);
                let values = values(encoding(about, 2), &data, at)?;
                self.page = Some(Page { data, left, repeated, defined, values });
            }
            Some(3) => {
                let about = header.field(8).ok_or(ParseError)?;
                let (defined, repeated) = about.size(5).zip(about.size(6)).ok_or(ParseError)?;
                let split = defined.checked_add(repeated).filter(|at| *at <= body.len()).ok_or(ParseError)?;
                let (levels, body) = body.split_at(split);
                let is_packed = about.number(7) != Some(0);
                let codec = if is_packed && !body.is_empty() { self.codec } else { Codec::Plain };
                let body = codec.unpack(body, len.saturating_sub(split)).ok_or(ParseError)?;
                let data = [levels, &body].concat();
                let hybrid = |from, to, most| (most > 0).then(|| Hybrid::new(from, to, most));
                let values = values(encoding(about, 4), &data, split)?;
                let left = about.size(1).ok_or(ParseError)?;
                let (repeated, defined) =
                    (hybrid(0, repeated, self.levels[0]), hybrid(repeated, split, self.levels[1]));
                self.page = Some(Page { data, left, repeated, defined, values });
            }
            // Indexes of pages say where values lie.
            Some(1) => {}
            _ => return Err(ParseError),
        }
        Ok(())
    }
}

/// The values behind the levels of a page.
fn values(encoding: i64, data: &[u8], at: usize) -> Result<Values, OpaqueReason> {
    match encoding {
        0 => Ok(Values::Plain(at)),
        2 | 8 => {
            let width = data.get(at).copied().unwrap_or(0);
            Ok(Values::Dictionary(Hybrid { width: width.min(32).into(), ..Hybrid::new(at + 1, data.len(), 0) }))
        }
        _ => Err(OpaqueReason::UnsupportedFormat),
    }
}

impl Page {
    fn value(&mut self, most: u32, physical: Physical, dictionary: &[Vec<u8>]) -> Option<Leveled> {
        self.left -= 1;
        let data = &self.data;
        let repeated = self.repeated.as_mut().map_or(Some(0), |levels| levels.next(data))?;
        let defined = self.defined.as_mut().map_or(Some(most), |levels| levels.next(data))?;
        if defined < most {
            return Some((repeated, None));
        }
        let value = match &mut self.values {
            Values::Plain(at) => physical.plain(data, at)?,
            Values::Dictionary(indexes) => dictionary.get(indexes.next(data)? as usize)?.as_slice(),
        };
        Some((repeated, Some(value.to_vec())))
    }
}

/// Small numbers in runs: of one number, or of numbers of a few bits each.
struct Hybrid {
    at: usize,
    end: usize,
    width: u32,
    run: (u64, u32),
    /// Numbers left of a packed run, and the bit where the next begins.
    packed: (u64, usize),
}

impl Hybrid {
    fn new(at: usize, end: usize, most: u32) -> Self {
        Self { at, end, width: u32::BITS - most.leading_zeros(), run: (0, 0), packed: (0, 0) }
    }

    fn next(&mut self, data: &[u8]) -> Option<u32> {
        let data = data.get(..self.end.min(data.len()))?;
        loop {
            if self.run.0 > 0 {
                self.run.0 -= 1;
                return Some(self.run.1);
            }
            if self.packed.0 > 0 {
                self.packed.0 -= 1;
                let bit = self.packed.1;
                self.packed.1 += self.width as usize;
                // Up to 32 bits that begin within a byte lie in five.
                let five = data.get(bit / 8..)?;
                let word = five.iter().take(5).rev().fold(0u64, |word, b| word << 8 | u64::from(*b));
                let mask = (1u64 << self.width) - 1;
                return Some((word >> (bit % 8) & mask) as u32);
            }
            if self.width == 0 {
                return Some(0);
            }
            let (head, len) = varint(data.get(self.at..)?)?;
            self.at += len;
            if head & 1 == 1 {
                let bytes = usize::try_from(head >> 1).ok()?.checked_mul(self.width as usize)?;
                self.packed = ((head >> 1).checked_mul(8)?, self.at.checked_mul(8)?);
                self.at = self.at.checked_add(bytes).filter(|at| *at <= data.len() + 8)?;
            } else {
                let bytes = self.width.div_ceil(8) as usize;
                let value = data.get(self.at..self.at + bytes)?;
                self.run = (head >> 1, value.iter().rev().fold(0, |n, b| n << 8 | u32::from(*b)));
                self.at += bytes;
            }
            if head >> 1 == 0 {
                return None;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_one_number_and_packed_numbers() {
        // The example of Encodings.md: 0 to 7 in three bits each; then five times 4.
        let data = [0x03, 0x88, 0xc6, 0xfa, 0x0a, 0x04];
        let mut hybrid = Hybrid::new(0, data.len(), 7);
        let numbers: Vec<u32> = std::iter::from_fn(|| hybrid.next(&data)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4, 5, 6, 7, 4, 4, 4, 4, 4]);
    }
}
