//! Pages of a database file: b-trees, their cells, and the overflow pages behind them. Each page is read once.

/// A database file, or a log of its pages.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    page_size: usize,
    /// Bytes of a page that are not reserved for extensions.
    usable: usize,
    /// Bytes before the first page and before each page.
    start: usize,
    before: usize,
    read: Vec<bool>,
}

/// A cell's content, its overflow pages included.
pub(super) struct Payload {
    pub(super) rowid: i64,
    pub(super) bytes: Vec<u8>,
    /// All of it was there.
    pub(super) is_whole: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    TableLeaf,
    TableInner,
    IndexLeaf,
    IndexInner,
}

/// A page of a b-tree and its cells.
pub(super) struct Leaf<'f, 'a> {
    file: &'f File<'a>,
    kind: Kind,
    page: &'a [u8],
    /// Where the header of the page begins.
    header: usize,
}

/// A variable-length integer (§1.6 of the format): its value and length.
pub(super) fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (n, byte) in bytes.iter().take(9).enumerate() {
        if n == 8 {
            return Some((value << 8 | u64::from(*byte), 9));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, n + 1));
        }
    }
    None
}

fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?).into())
}

fn u32_at(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?) as usize)
}

fn is_page_size(size: usize) -> bool {
    (512..=65_536).contains(&size) && size.is_power_of_two()
}

impl<'a> File<'a> {
    pub(super) fn database(bytes: &'a [u8]) -> Option<Self> {
        let page_size =
            u16_at(bytes, 16).map(|size| if size == 1 { 65_536 } else { size }).filter(|s| is_page_size(*s))?;
        let usable = page_size.checked_sub((*bytes.get(20)?).into()).filter(|usable| *usable >= 480)?;
        Some(Self::new(bytes, page_size, usable, 0, 0))
    }

    pub(super) fn log(bytes: &'a [u8]) -> Option<Self> {
        let page_size = u32_at(bytes, 8).filter(|size| is_page_size(*size))?;
        Some(Self::new(bytes, page_size, page_size, 32, 24))
    }

    fn new(bytes: &'a [u8], page_size: usize, usable: usize, start: usize, before: usize) -> Self {
        let pages = bytes.len().saturating_sub(start) / (page_size + before);
        Self { bytes, page_size, usable, start, before, read: vec![false; pages] }
    }

    /// How many pages there are, the first being number 1.
    pub(super) fn pages(&self) -> usize {
        self.read.len()
    }

    pub(super) fn page(&self, number: usize) -> &'a [u8] {
        let from = number.saturating_sub(1).saturating_mul(self.page_size + self.before) + self.start + self.before;
        self.bytes.get(from..from.saturating_add(self.page_size)).unwrap_or_default()
    }

    /// What is behind the last whole page.
    pub(super) fn behind(&self) -> &'a [u8] {
        self.bytes.get(self.start + self.pages() * (self.page_size + self.before)..).unwrap_or_default()
    }

    pub(super) fn is_cut(&self) -> bool {
        let told = if self.before == 0 { u32_at(self.bytes, 28).unwrap_or(0) } else { 0 };
        !self.behind().is_empty() || told > self.pages() || self.pages() == 0
    }

    pub(super) fn is_read(&self, number: usize) -> bool {
        number.checked_sub(1).and_then(|n| self.read.get(n)).copied().unwrap_or(true)
    }

    /// Claims a page; false when there is none, or it was read before.
    fn claim(&mut self, number: usize) -> bool {
        match number.checked_sub(1).and_then(|n| self.read.get_mut(n)) {
            Some(read) => !std::mem::replace(read, true),
            None => false,
        }
    }

    /// The page as one of a b-tree.
    pub(super) fn leaf(&self, number: usize) -> Option<Leaf<'_, 'a>> {
        // Before the first page of a database stands the header of the file.
        let header = if number == 1 && self.before == 0 { 100 } else { 0 };
        let page = self.page(number);
        let kind = match page.get(header)? {
            13 => Kind::TableLeaf,
            5 => Kind::TableInner,
            10 => Kind::IndexLeaf,
            2 => Kind::IndexInner,
            _ => return None,
        };
        Some(Leaf { file: self, kind, page, header })
    }

    /// Where in a page of a b-tree nothing is said any more.
    pub(super) fn free(&self, number: usize) -> Vec<&'a [u8]> {
        let Some(leaf) = self.leaf(number) else { return Vec::new() };
        let (page, header) = (leaf.page, leaf.header);
        let cells = u16_at(page, header + 3).unwrap_or(0);
        let content = u16_at(page, header + 5).map_or(0, |at| if at == 0 { 65_536 } else { at });
        let pointers = header + leaf.header_len() + 2 * cells;
        let mut free: Vec<&[u8]> = page.get(pointers..content).into_iter().collect();
        // Free blocks are a chain in the order of their places.
        let mut at = u16_at(page, header + 1).unwrap_or(0);
        while at != 0 {
            let (Some(next), Some(len)) = (u16_at(page, at), u16_at(page, at + 2)) else { break };
            free.extend(page.get(at + 4..at + len.max(4)));
            if next <= at {
                break;
            }
            at = next;
        }
        free
    }

    /// Whether cells of a log go on in pages that are not in it.
    pub(super) fn reaches_out(&self) -> bool {
        let leaves = (1..=self.pages()).filter_map(|page| self.leaf(page));
        leaves.flat_map(Leaf::payloads).any(|payload| !payload.is_whole)
    }
}

/// Where a cell's content lies.
struct Local {
    rowid: i64,
    /// Bytes of all of it.
    len: usize,
    from: usize,
    to: usize,
    /// The first overflow page, or 0.
    overflow: usize,
}

impl<'a> Leaf<'_, 'a> {
    fn header_len(&self) -> usize {
        if matches!(self.kind, Kind::TableInner | Kind::IndexInner) { 12 } else { 8 }
    }

    fn cells(&self) -> impl Iterator<Item = usize> {
        let count = u16_at(self.page, self.header + 3).unwrap_or(0);
        let first = self.header + self.header_len();
        (0..count).map_while(move |n| u16_at(self.page, first + 2 * n))
    }

    /// Pages below this one, in order.
    fn children(&self) -> Vec<usize> {
        if !matches!(self.kind, Kind::TableInner | Kind::IndexInner) {
            return Vec::new();
        }
        let left = self.cells().filter_map(|at| u32_at(self.page, at));
        left.chain(u32_at(self.page, self.header + 8)).collect()
    }

    fn local(&self, at: usize) -> Option<Local> {
        let mut at = at + if self.kind == Kind::IndexInner { 4 } else { 0 };
        let (len, n) = varint(self.page.get(at..)?)?;
        at += n;
        let mut rowid = 0;
        if self.kind == Kind::TableLeaf {
            let (id, n) = varint(self.page.get(at..)?)?;
            (rowid, at) = (id as i64, at + n);
        }
        // How much stands on the page itself (§1.6, "the amount of payload that spills").
        let usable = self.file.usable;
        let most = if self.kind == Kind::TableLeaf { usable - 35 } else { (usable - 12) * 64 / 255 - 23 };
        let least = (usable - 12) * 32 / 255 - 23;
        let len = usize::try_from(len).ok().filter(|len| *len <= self.file.bytes.len())?;
        let here = if len <= most {
            len
        } else {
            match least + (len - least) % (usable - 4) {
                some if some <= most => some,
                _ => least,
            }
        };
        let overflow = if here < len { u32_at(self.page, at + here)? } else { 0 };
        self.page.get(at..at + here)?;
        Some(Local { rowid, len, from: at, to: at + here, overflow })
    }

    /// Contents of its cells as far as they stand on the page.
    pub(super) fn payloads(self) -> Vec<Payload> {
        if self.kind == Kind::TableInner {
            return Vec::new();
        }
        let whole = |local: &Local| local.overflow == 0;
        let locals = self.cells().filter_map(|at| self.local(at));
        let payload = |local: Local| Payload {
            rowid: local.rowid,
            bytes: self.page.get(local.from..local.to).unwrap_or_default().to_vec(),
            is_whole: whole(&local),
        };
        locals.map(payload).collect()
    }
}

/// A b-tree being walked.
pub(super) struct Tree {
    left: Vec<usize>,
}

impl Tree {
    pub(super) fn new(root: usize) -> Self {
        Self { left: vec![root] }
    }

    /// The payloads of the next page; an error when that is none, or was read before.
    pub(super) fn next(&mut self, file: &mut File<'_>) -> Option<Result<Vec<Payload>, ()>> {
        let page = self.left.pop()?;
        if !file.claim(page) {
            return Some(Err(()));
        }
        let Some(leaf) = file.leaf(page) else { return Some(Err(())) };
        let bytes = leaf.page;
        self.left.extend(leaf.children().into_iter().rev());
        if leaf.kind == Kind::TableInner {
            return Some(Ok(Vec::new()));
        }
        let cells: Result<Vec<Local>, ()> = leaf.cells().map(|at| leaf.local(at).ok_or(())).collect();
        Some(cells.map(|cells| cells.iter().map(|local| whole(file, bytes, local)).collect()))
    }
}

/// A cell's content with its overflow pages.
fn whole(file: &mut File<'_>, page: &[u8], local: &Local) -> Payload {
    let mut bytes = page.get(local.from..local.to).unwrap_or_default().to_vec();
    let mut next = local.overflow;
    while next != 0 && bytes.len() < local.len && file.claim(next) {
        let page = file.page(next);
        let n = (local.len - bytes.len()).min(file.usable - 4);
        bytes.extend_from_slice(page.get(4..4 + n).unwrap_or_default());
        next = u32_at(page, 0).unwrap_or(0);
    }
    Payload { rowid: local.rowid, is_whole: bytes.len() == local.len, bytes }
}
