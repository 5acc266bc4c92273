//! The records of a workbook's stream, one behind the other: two bytes of kind, two of length.

use super::super::super::le::u16_at;
use super::kind;

/// A record.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) kind: u16,
    pub(super) data: &'a [u8],
    /// Where it begins in the stream.
    pub(super) at: usize,
}

/// All records.
pub(super) struct Records<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Records<'a> {
    pub(super) const fn new(stream: &'a [u8]) -> Self {
        Self { stream, at: 0 }
    }

    fn peek(&self) -> Option<Record<'a>> {
        let (kind, len) = (u16_at(self.stream, self.at)?, u16_at(self.stream, self.at + 2)?);
        let start = self.at + 4;
        let end = (start + usize::from(len)).min(self.stream.len());
        Some(Record { kind, data: self.stream.get(start..end)?, at: self.at })
    }

    pub(super) fn next(&mut self) -> Option<Record<'a>> {
        let record = self.peek()?;
        self.at += 4 + record.data.len();
        Some(record)
    }

    /// The data of the next record, if it is of this kind.
    pub(super) fn next_if(&mut self, kind: u16) -> Option<&'a [u8]> {
        let record = self.peek().filter(|r| r.kind == kind)?;
        self.next();
        Some(record.data)
    }

    /// Data and that of the records that go on with it.
    pub(super) fn with_continued(&mut self, data: &'a [u8]) -> Vec<&'a [u8]> {
        let mut parts = vec![data];
        while let Some(more) = self.next_if(kind::CONTINUE) {
            parts.push(more);
        }
        parts
    }

    /// What is left where no record is any more.
    pub(super) fn left(&self) -> &'a [u8] {
        self.stream.get(self.at..).unwrap_or_default()
    }

    pub(super) fn is_cut(&self) -> bool {
        self.left().iter().any(|b| *b != 0)
    }
}
