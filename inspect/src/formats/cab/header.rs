//! The headers of a cabinet (MS-CAB §2.1 to 2.5).

use std::ops::Range;

use crate::source::{Source, read_range};

pub(super) const MARK: &[u8] = b"MSCF";

#[derive(Debug)]
pub(super) struct Cabinet {
    pub(super) folders: Vec<Folder>,
    pub(super) files: Vec<File>,
    /// Where the descriptions of folders end.
    pub(super) header_end: u64,
    /// What of that is understood: all but room that others reserve.
    pub(super) header_spans: Vec<Range<u64>>,
    /// Where those of files lie.
    pub(super) files_span: Range<u64>,
    /// Bytes reserved in each block of data.
    pub(super) data_reserve: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Folder {
    pub(super) start: u64,
    pub(super) blocks: u16,
    pub(super) packing: u16,
}

#[derive(Debug)]
pub(super) struct File {
    pub(super) name: String,
    /// Where it lies in its folder, unpacked.
    pub(super) start: u64,
    pub(super) len: u64,
    /// `None`: it begins or ends in another cabinet.
    pub(super) folder: Option<usize>,
}

/// Room in the header that tells where a signature lies.
const SIGNATURE: usize = 20;
/// The descriptions of 65,535 files with the longest names.
const FILES_MAX: u64 = 65_535 * (16 + 257);

/// Reads fields one behind the other.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(bytes)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_le_bytes(*self.bytes(2)?.first_chunk()?))
    }

    fn u32(&mut self) -> Option<u64> {
        Some(u32::from_le_bytes(*self.bytes(4)?.first_chunk()?).into())
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let len = memchr::memchr(0, self.0)?;
        let string = self.bytes(len)?;
        self.bytes(1)?;
        Some(string)
    }
}

impl Cabinet {
    /// Reads them; `None` when they are cut or contradict themselves.
    pub(super) fn read(source: &dyn Source) -> Option<Self> {
        // Long enough for all reserved room, names and folders.
        const HEADER_MAX: u64 = 36 + 4 + 60_000 + 4 * 256 + 65_535 * (8 + 255);
        let bytes = read_range(source, 0..source.len().min(HEADER_MAX)).ok()?;
        let mut fields = Fields(&bytes);
        fields.bytes(8)?;
        fields.u32()?;
        fields.u32()?;
        let files_at = fields.u32()?;
        fields.bytes(6)?;
        let (folders, files, flags) = (fields.u16()?, fields.u16()?, fields.u16()?);
        fields.bytes(4)?;
        let (mut folder_reserve, mut data_reserve, mut header_spans) = (0, 0, Vec::new());
        let mut from = 0;
        let len = bytes.len();
        let at = |fields: &Fields<'_>| (len - fields.0.len()) as u64;
        if flags & 4 != 0 {
            let reserve = usize::from(fields.u16()?);
            let &[folder, data] = fields.bytes(2)? else { return None };
            (folder_reserve, data_reserve) = (usize::from(folder), u64::from(data));
            if reserve > SIGNATURE {
                header_spans.push(from..at(&fields));
                fields.bytes(reserve)?;
                from = at(&fields);
            } else {
                fields.bytes(reserve)?;
            }
        }
        // Names of the cabinets before and after, and of their discs.
        for flag in [1, 1, 2, 2] {
            if flags & flag != 0 {
                fields.string()?;
            }
        }
        let mut found = Vec::with_capacity(folders.into());
        for _ in 0..folders {
            found.push(Folder { start: fields.u32()?, blocks: fields.u16()?, packing: fields.u16()? });
            if folder_reserve > 0 {
                header_spans.push(from..at(&fields));
                fields.bytes(folder_reserve)?;
                from = at(&fields);
            }
        }
        let header_end = at(&fields);
        header_spans.push(from..header_end);
        let bytes = read_range(source, files_at..source.len().min(files_at + FILES_MAX)).ok()?;
        let mut fields = Fields(&bytes);
        let files = (0..files).map(|_| File::read(&mut fields)).collect::<Option<Vec<_>>>()?;
        let files_span = files_at..files_at + (bytes.len() - fields.0.len()) as u64;
        if files.iter().any(|file| file.folder.is_some_and(|n| n >= found.len())) {
            return None;
        }
        Some(Self { folders: found, files, header_end, header_spans, files_span, data_reserve })
    }
}

impl File {
    fn read(fields: &mut Fields<'_>) -> Option<Self> {
        let (len, start, folder) = (fields.u32()?, fields.u32()?, fields.u16()?);
        fields.bytes(6)?;
        // Names of other than the flagged encoding are in the system's own: ASCII is the same in all.
        let name = String::from_utf8_lossy(fields.string()?).into_owned();
        Some(Self { name, start, len, folder: (folder < 0xfffd).then_some(folder.into()) })
    }
}
