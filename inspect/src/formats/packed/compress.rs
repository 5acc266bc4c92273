//! `compress` (`.Z`): LZW with codes of 9 to 16 bits, as ncompress writes it.
//!
//! Codes come in groups of eight of one width; when the width changes, or the table is cleared, the rest of the group
//! is filling.

use chot_model::OpaqueReason;

use super::{Codec, Step};

pub(super) const MARK: &[u8] = b"\x1f\x9d";

/// Clears the table, where the file says that codes may.
const CLEAR: u16 = 256;

pub(crate) struct Compress {
    header: Vec<u8>,
    bits_max: u32,
    block: bool,
    /// Of each code from 257 (or 256) on: the code before its last byte, and that byte.
    table: Vec<(u16, u8)>,
    width: u32,
    before: Option<u16>,
    first: u8,
    /// The bytes of the group under way.
    group: Vec<u8>,
    ready: Vec<u8>,
    taken: usize,
}

impl Default for Compress {
    fn default() -> Self {
        Self {
            header: Vec::new(),
            bits_max: 0,
            block: false,
            table: Vec::new(),
            width: 9,
            before: None,
            first: 0,
            group: Vec::new(),
            ready: Vec::new(),
            taken: 0,
        }
    }
}

impl Compress {
    fn begin(&mut self) -> Result<(), OpaqueReason> {
        let flags = self.header.get(2).copied().unwrap_or_default();
        (self.bits_max, self.block) = (u32::from(flags & 0x1f), flags & 0x80 != 0);
        // The two bits between have no meaning.
        if !(9..=16).contains(&self.bits_max) || flags & 0x60 != 0 {
            return Err(OpaqueReason::ParseError);
        }
        Ok(())
    }

    fn first_free(&self) -> usize {
        256 + usize::from(self.block)
    }

    /// Unpacks the codes of a group, or what there is of the last one.
    fn codes(&mut self) -> Result<(), OpaqueReason> {
        let group = std::mem::take(&mut self.group);
        let width = self.width;
        let mut at = 0;
        while (at + width) as usize <= group.len() * 8 {
            let code = (0..width).fold(0u16, |code, n| {
                let bit = at + n;
                let byte = group.get((bit / 8) as usize).copied().unwrap_or_default();
                code | u16::from(byte >> (bit % 8) & 1) << n
            });
            at += width;
            if self.block && code == CLEAR {
                self.table.clear();
                self.width = 9;
                self.before = None;
                break;
            }
            self.code(code)?;
            // The width grows as soon as the next code would not fit.
            if self.first_free() + self.table.len() > (1 << self.width) - 1 && self.width < self.bits_max {
                self.width += 1;
                break;
            }
        }
        self.group = group;
        self.group.clear();
        Ok(())
    }

    fn code(&mut self, code: u16) -> Result<(), OpaqueReason> {
        let free = self.first_free();
        let Some(before) = self.before else {
            let byte = u8::try_from(code).map_err(|_| OpaqueReason::ParseError)?;
            self.ready.push(byte);
            (self.before, self.first) = (Some(code), byte);
            return Ok(());
        };
        let next = free + self.table.len();
        let start = self.ready.len();
        let mut at = code;
        if usize::from(code) >= next {
            // The code that is being made: what stood before, and its first byte once more.
            if usize::from(code) > next || next >= 1 << self.bits_max {
                return Err(OpaqueReason::ParseError);
            }
            self.ready.push(self.first);
            at = before;
        }
        while let Some(&(prefix, byte)) = usize::from(at).checked_sub(free).and_then(|n| self.table.get(n)) {
            self.ready.push(byte);
            at = prefix;
        }
        let byte = u8::try_from(at).map_err(|_| OpaqueReason::ParseError)?;
        self.ready.push(byte);
        self.ready.get_mut(start..).unwrap_or_default().reverse();
        if next < 1 << self.bits_max {
            self.table.push((before, byte));
        }
        (self.before, self.first) = (Some(code), byte);
        Ok(())
    }
}

impl Codec for Compress {
    fn step(&mut self, input: &[u8], last: bool, out: &mut [u8]) -> Result<Step, OpaqueReason> {
        let mut read = 0;
        loop {
            if let Some(ready) = self.ready.get(self.taken..).filter(|ready| !ready.is_empty()) {
                let written = ready.len().min(out.len());
                out.iter_mut().zip(ready).for_each(|(to, b)| *to = *b);
                self.taken += written;
                return Ok(Step { read, written });
            }
            self.ready.clear();
            self.taken = 0;
            let rest = input.get(read..).unwrap_or_default();
            if self.header.len() < 3 {
                let Some(byte) = rest.first() else { return Ok(Step { read, written: 0 }) };
                self.header.push(*byte);
                read += 1;
                if self.header.len() == 3 {
                    self.begin()?;
                }
                continue;
            }
            let n = rest.len().min(self.width as usize - self.group.len());
            self.group.extend_from_slice(rest.get(..n).unwrap_or_default());
            read += n;
            if self.group.len() == self.width as usize || last && n == 0 && !self.group.is_empty() {
                self.codes()?;
            } else if n == 0 {
                return Ok(Step { read, written: 0 });
            }
        }
    }

    fn is_complete(&self) -> bool {
        // The format has no end of its own.
        self.header.len() == 3
    }

    fn memory(&self) -> u64 {
        (self.table.capacity() * 4 + self.ready.capacity()) as u64
    }
}
