//! The headers of a 7z archive (7zFormat.txt of the LZMA SDK): what is packed where and how, and which files it makes.
//!
//! Nothing is unpacked here, and no count is believed that the bytes of the header do not bear out.

use chot_model::OpaqueReason;

/// One step of packing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Coder {
    pub(super) id: Vec<u8>,
    pub(super) properties: Vec<u8>,
    inputs: usize,
    outputs: usize,
}

/// Streams packed together.
#[derive(Clone, Debug, Default)]
pub(super) struct Folder {
    pub(super) coders: Vec<Coder>,
    /// Which input is fed by which output.
    bonds: Vec<(usize, usize)>,
    /// Inputs that are fed by the archive.
    packed: Vec<usize>,
    /// Bytes each output makes.
    sizes: Vec<u64>,
    /// Of the whole, where that is told.
    pub(super) crc: Option<u32>,
    /// The streams within, in order.
    pub(super) streams: Vec<Stream>,
}

/// A stream that is one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stream {
    pub(super) size: u64,
    pub(super) crc: Option<u32>,
}

/// What is packed and how.
#[derive(Debug, Default)]
pub(super) struct Streams {
    /// Where the packed bytes begin, counted from behind the signature header.
    pub(super) start: u64,
    /// Bytes of each packed stream, one behind the other.
    pub(super) packed: Vec<u64>,
    pub(super) folders: Vec<Folder>,
}

/// A file or folder.
#[derive(Debug, Default)]
pub(super) struct File {
    pub(super) name: String,
    /// It has bytes: the next stream is its own.
    pub(super) has_stream: bool,
}

/// What the header at the end of the archive says.
#[derive(Debug)]
pub(super) enum Header {
    Plain(Streams, Vec<File>),
    /// The true header is packed like a file.
    Packed(Streams),
    /// No file at all.
    Empty,
}

/// More coders than any packer chains (the SDK has 4 and bounds it at 32).
const CODERS_MAX: usize = 32;

impl Folder {
    /// Coders from the packed stream to the file and the bytes each makes, where one leads to the next; `None` where
    /// they branch.
    pub(super) fn chain(&self) -> Option<Vec<(&Coder, u64)>> {
        let [first] = *self.packed.as_slice() else { return None };
        if self.coders.iter().any(|coder| coder.inputs != 1 || coder.outputs != 1) {
            return None;
        }
        let coder = |at: usize| Some((self.coders.get(at)?, self.sizes.get(at).copied()?));
        let mut chain = vec![coder(first)?];
        let mut at = first;
        while let Some((next, _)) = self.bonds.iter().find(|(_, from)| *from == at) {
            if chain.len() >= self.coders.len() {
                return None;
            }
            at = *next;
            chain.push(coder(at)?);
        }
        (chain.len() == self.coders.len()).then_some(chain)
    }

    /// Bytes the last coder makes.
    pub(super) fn size(&self) -> u64 {
        let last = (0..self.sizes.len()).find(|out| self.bonds.iter().all(|(_, from)| from != out));
        last.and_then(|out| self.sizes.get(out).copied()).unwrap_or(0)
    }

    /// Packed streams it takes.
    pub(super) fn packed_streams(&self) -> usize {
        self.packed.len()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// Bytes of the whole header: no more things than that are counted in it.
    len: usize,
    /// What it says that nobody needs to unpack it.
    besides: Vec<u8>,
}

type Read<T> = Result<T, OpaqueReason>;

const BROKEN: OpaqueReason = OpaqueReason::ParseError;

impl<'a> Reader<'a> {
    fn new(rest: &'a [u8], len: usize) -> Self {
        Self { rest, len, besides: Vec::new() }
    }

    fn bytes(&mut self, n: usize) -> Read<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(n).ok_or(BROKEN)?;
        self.rest = rest;
        Ok(bytes)
    }

    fn byte(&mut self) -> Read<u8> {
        self.bytes(1)?.first().copied().ok_or(BROKEN)
    }

    /// A number whose first byte says how many follow.
    fn number(&mut self) -> Read<u64> {
        let first = self.byte()?;
        let follow = first.leading_ones() as usize;
        let low = self.bytes(follow)?.iter().rev().fold(0u64, |n, b| n << 8 | u64::from(*b));
        // Seven and eight of them leave no bits in the first.
        Ok(if follow >= 7 { low } else { low | u64::from(first & (0x7f >> follow)) << (8 * follow) })
    }

    /// A number of things, each of which takes a byte of header or more.
    fn count(&mut self) -> Read<usize> {
        usize::try_from(self.number()?).ok().filter(|n| *n <= self.len).ok_or(BROKEN)
    }

    fn expect(&mut self, id: u8) -> Read<()> {
        if self.byte()? == id { Ok(()) } else { Err(BROKEN) }
    }

    fn bits(&mut self, n: usize) -> Read<Vec<bool>> {
        let bytes = self.bytes(n.div_ceil(8))?;
        let bit = |at: usize| bytes.get(at / 8).is_some_and(|b| b & (0x80 >> (at % 8)) != 0);
        Ok((0..n).map(bit).collect())
    }

    /// Checksums of those of `n` things that have one.
    fn digests(&mut self, n: usize) -> Read<Vec<Option<u32>>> {
        let defined = if self.byte()? == 0 { self.bits(n)? } else { vec![true; n] };
        let mut one = |has: bool| match has {
            true => Ok(Some(u32::from_le_bytes(*self.bytes(4)?.first_chunk().ok_or(BROKEN)?))),
            false => Ok(None),
        };
        defined.into_iter().map(&mut one).collect()
    }

    fn skip_property(&mut self) -> Read<()> {
        let len = self.count()?;
        let bytes = self.bytes(len)?;
        self.pass(bytes);
        Ok(())
    }

    /// Takes note of bytes that say nothing of files or streams; zeros fill up.
    fn pass(&mut self, bytes: &[u8]) {
        if bytes.iter().any(|b| *b != 0) {
            self.besides.extend_from_slice(bytes);
            self.besides.push(b'\n');
        }
    }

    fn folder(&mut self) -> Read<Folder> {
        let coders = self.count()?;
        if coders == 0 || coders > CODERS_MAX {
            return Err(BROKEN);
        }
        let mut folder = Folder::default();
        for _ in 0..coders {
            let flags = self.byte()?;
            let id = self.bytes(usize::from(flags & 15))?.to_vec();
            let (inputs, outputs) = if flags & 0x10 == 0 { (1, 1) } else { (self.count()?, self.count()?) };
            if inputs > CODERS_MAX || outputs > CODERS_MAX || flags & 0x80 != 0 {
                return Err(BROKEN);
            }
            let properties = if flags & 0x20 == 0 { 0 } else { self.count()? };
            let properties = self.bytes(properties)?.to_vec();
            folder.coders.push(Coder { id, properties, inputs, outputs });
        }
        let inputs: usize = folder.coders.iter().map(|c| c.inputs).sum();
        let outputs: usize = folder.coders.iter().map(|c| c.outputs).sum();
        let bonds = outputs.checked_sub(1).ok_or(BROKEN)?;
        for _ in 0..bonds {
            let bond = (self.count()?, self.count()?);
            folder.bonds.push(bond);
        }
        let packed = inputs.checked_sub(bonds).filter(|n| *n > 0).ok_or(BROKEN)?;
        if packed == 1 {
            let free = (0..inputs).find(|i| folder.bonds.iter().all(|(bound, _)| bound != i));
            folder.packed.push(free.ok_or(BROKEN)?);
        } else {
            for _ in 0..packed {
                let at = self.count()?;
                folder.packed.push(at);
            }
        }
        folder.sizes.reserve(outputs);
        Ok(folder)
    }

    fn pack_info(&mut self, streams: &mut Streams) -> Read<()> {
        streams.start = self.number()?;
        let count = self.count()?;
        loop {
            match self.byte()? {
                0x00 => return Ok(()),
                0x09 => streams.packed = (0..count).map(|_| self.number()).collect::<Read<_>>()?,
                0x0a => drop(self.digests(count)?),
                _ => return Err(BROKEN),
            }
        }
    }

    fn unpack_info(&mut self, streams: &mut Streams) -> Read<()> {
        self.expect(0x0b)?;
        let count = self.count()?;
        // Folders described elsewhere were never written by anything.
        self.expect(0)?;
        streams.folders = (0..count).map(|_| self.folder()).collect::<Read<_>>()?;
        self.expect(0x0c)?;
        for folder in &mut streams.folders {
            let outputs: usize = folder.coders.iter().map(|c| c.outputs).sum();
            folder.sizes = (0..outputs).map(|_| self.number()).collect::<Read<_>>()?;
        }
        loop {
            match self.byte()? {
                0x00 => break,
                0x0a => {
                    let digests = self.digests(count)?;
                    streams.folders.iter_mut().zip(digests).for_each(|(folder, crc)| folder.crc = crc);
                }
                _ => return Err(BROKEN),
            }
        }
        // What holds unless the next part says otherwise.
        for folder in &mut streams.folders {
            folder.streams = vec![Stream { size: folder.size(), crc: folder.crc }];
        }
        Ok(())
    }

    fn substreams_info(&mut self, streams: &mut Streams) -> Read<()> {
        let mut id = self.byte()?;
        let mut counts = vec![1; streams.folders.len()];
        if id == 0x0d {
            for count in &mut counts {
                *count = self.count()?;
            }
            id = self.byte()?;
        }
        if counts.iter().try_fold(0usize, |all, n| all.checked_add(*n)).is_none_or(|all| all > self.len) {
            return Err(BROKEN);
        }
        let sized = id == 0x09;
        for (folder, count) in streams.folders.iter_mut().zip(&counts) {
            let (mut left, whole) = (folder.size(), if *count == 1 { folder.crc } else { None });
            folder.streams.clear();
            for n in 0..*count {
                let size = if n + 1 == *count {
                    left
                } else if sized {
                    self.number()?
                } else {
                    return Err(BROKEN);
                };
                left = left.checked_sub(size).ok_or(BROKEN)?;
                folder.streams.push(Stream { size, crc: whole });
            }
        }
        if sized {
            id = self.byte()?;
        }
        loop {
            match id {
                0x00 => return Ok(()),
                0x0a => {
                    // Only of those not known yet.
                    let all = streams.folders.iter_mut().flat_map(|folder| &mut folder.streams);
                    let unknown: Vec<&mut Stream> = all.filter(|stream| stream.crc.is_none()).collect();
                    let digests = self.digests(unknown.len())?;
                    unknown.into_iter().zip(digests).for_each(|(stream, crc)| stream.crc = crc);
                }
                _ => self.skip_property()?,
            }
            id = self.byte()?;
        }
    }

    fn streams(&mut self) -> Read<Streams> {
        let mut streams = Streams::default();
        loop {
            match self.byte()? {
                0x00 => return Ok(streams),
                0x06 => self.pack_info(&mut streams)?,
                0x07 => self.unpack_info(&mut streams)?,
                0x08 => self.substreams_info(&mut streams)?,
                _ => return Err(BROKEN),
            }
        }
    }

    fn files(&mut self) -> Read<Vec<File>> {
        let count = self.count()?;
        let mut files: Vec<File> = (0..count).map(|_| File { has_stream: true, ..File::default() }).collect();
        loop {
            let id = self.byte()?;
            if id == 0 {
                return Ok(files);
            }
            let len = self.count()?;
            let bytes = self.bytes(len)?;
            let mut property = Reader::new(bytes, self.len);
            // Of times and attributes: which are told, where, and eight bytes each.
            let told = count.div_ceil(8) + 2;
            let known = match id {
                0x0e => {
                    let empty = property.bits(count)?;
                    files.iter_mut().zip(empty).for_each(|(file, empty)| file.has_stream = !empty);
                    len - property.rest.len()
                }
                0x0f | 0x10 => count.div_ceil(8),
                0x11 => {
                    property.expect(0)?;
                    let units = property.rest.chunks_exact(2).map(|u| u16::from(u[0]) | u16::from(u[1]) << 8);
                    let units: Vec<u16> = units.collect();
                    let mut known = 1;
                    for (file, name) in files.iter_mut().zip(units.split(|u| *u == 0)) {
                        file.name = String::from_utf16_lossy(name);
                        known += 2 * name.len() + 2;
                    }
                    known
                }
                0x12..=0x14 => told + 8 * count,
                0x15 => told + 4 * count,
                _ => 0,
            };
            self.pass(bytes.get(known..).unwrap_or_default());
        }
    }
}

impl Header {
    /// Reads a header, and adds to `besides` what it says that nobody needs to unpack anything.
    ///
    /// # Errors
    /// When it is none.
    pub(super) fn read(bytes: &[u8], besides: &mut Vec<u8>) -> Read<Self> {
        if bytes.is_empty() {
            return Ok(Self::Empty);
        }
        // Sums, times and attributes may be anything, but no run of text with as many digits. Names have two bytes a letter.
        const DIGITS_MIN: usize = 9;
        let says = |run: &&[u8]| run.iter().filter(|b| b.is_ascii_digit()).count() >= DIGITS_MIN;
        for run in bytes.split(|b| !matches!(b, 0x20..0x7f)).filter(says) {
            besides.extend_from_slice(run);
            besides.push(b'\n');
        }
        let mut reader = Reader::new(bytes, bytes.len());
        let header = Self::of(&mut reader)?;
        let rest = reader.rest;
        reader.pass(rest);
        besides.append(&mut reader.besides);
        Ok(header)
    }

    fn of(reader: &mut Reader<'_>) -> Read<Self> {
        match reader.byte()? {
            0x17 => return reader.streams().map(Self::Packed),
            0x01 => {}
            _ => return Err(BROKEN),
        }
        let (mut streams, mut files) = (Streams::default(), Vec::new());
        loop {
            match reader.byte()? {
                0x00 => return Ok(Self::Plain(streams, files)),
                0x02 => {
                    while reader.byte()? != 0 {
                        reader.skip_property()?;
                    }
                }
                // Streams that are no files: none are known to be written.
                0x03 => return Err(OpaqueReason::UnsupportedFormat),
                0x04 => streams = reader.streams()?,
                0x05 => files = reader.files()?,
                _ => return Err(BROKEN),
            }
        }
    }
}
