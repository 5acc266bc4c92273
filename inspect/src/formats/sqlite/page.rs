//! Pages of a database file: b-trees, their cells, and the overflow pages behind them. Each page is read once.

use std::ops::Range;

/// A database file, or a log of its pages.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    page_size: usize,
    /// Bytes of a page that are not reserved for extensions.
    usable: usize,
    /// Bytes before the first page and before each page.
    start: usize,
    before: usize,
    /// Whose each page is, in the order of the file.
    read: Vec<Owner>,
    /// Of a log: the newest copy of each page, by its number.
    newest: Option<Vec<(usize, usize)>>,
    /// Last pages of long values, and how much of them is in use.
    slack: Vec<(usize, usize)>,
}

/// Who reads a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Nobody,
    Schema,
    /// A table, by its place in the schema.
    Table(usize),
    Index,
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

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<usize> {
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

    /// A log as the database it makes: the newest copy of each page, as far as they are in it.
    pub(super) fn applied(bytes: &'a [u8]) -> Option<Self> {
        let mut file = Self::log(bytes)?;
        // What a log held before it was begun anew has another salt.
        let salt = bytes.get(16..24);
        let frame = |n: usize| bytes.get(file.start + n * (file.page_size + file.before)..);
        let is_valid = |n: &usize| frame(*n).and_then(|frame| frame.get(8..16)) == salt;
        let valid = (0..file.pages()).filter(is_valid);
        let mut newest: Vec<(usize, usize)> = valid.filter_map(|n| Some((u32_at(frame(n)?, 0)?, n))).collect();
        // The last of each number stays.
        newest.reverse();
        newest.sort_by_key(|(number, _)| *number);
        newest.dedup_by_key(|(number, _)| *number);
        file.usable = frame(newest.first().filter(|(number, _)| *number == 1)?.1)
            .and_then(|frame| frame.get(file.before + 20))
            .and_then(|reserved| file.page_size.checked_sub((*reserved).into()))
            .filter(|usable| *usable >= 480)?;
        file.newest = Some(newest);
        Some(file)
    }

    /// Where in the file a page stands.
    fn slot(&self, number: usize) -> Option<usize> {
        match &self.newest {
            None => number.checked_sub(1).filter(|slot| *slot < self.pages()),
            Some(newest) => newest
                .binary_search_by_key(&number, |(number, _)| *number)
                .ok()
                .and_then(|at| newest.get(at))
                .map(|p| p.1),
        }
    }

    /// Whether its first page has the header of the file.
    const fn has_header(&self) -> bool {
        self.before == 0 || self.newest.is_some()
    }

    fn new(bytes: &'a [u8], page_size: usize, usable: usize, start: usize, before: usize) -> Self {
        let pages = bytes.len().saturating_sub(start) / (page_size + before);
        Self {
            bytes,
            page_size,
            usable,
            start,
            before,
            read: vec![Owner::Nobody; pages],
            newest: None,
            slack: Vec::new(),
        }
    }

    /// How many pages there are, all copies counted.
    pub(super) fn pages(&self) -> usize {
        self.read.len()
    }

    pub(super) fn page(&self, number: usize) -> &'a [u8] {
        self.slot(number).map_or(&[], |slot| self.copy(slot))
    }

    /// A page by its place in the file.
    pub(super) fn copy(&self, slot: usize) -> &'a [u8] {
        let from = slot.saturating_mul(self.page_size + self.before) + self.start + self.before;
        self.bytes.get(from..from.saturating_add(self.page_size)).unwrap_or_default()
    }

    /// Every page by its place in the file, and who reads it.
    pub(super) fn copies(&self) -> impl Iterator<Item = (usize, Owner)> {
        self.read.iter().copied().enumerate()
    }

    /// What is behind the last whole page.
    pub(super) fn behind(&self) -> &'a [u8] {
        self.bytes.get(self.start + self.pages() * (self.page_size + self.before)..).unwrap_or_default()
    }

    pub(super) fn is_cut(&self) -> bool {
        let told = if self.before == 0 { u32_at(self.bytes, 28).unwrap_or(0) } else { 0 };
        !self.behind().is_empty() || told > self.pages() || self.pages() == 0
    }

    /// Claims a page; false when there is none, or it was read before.
    fn claim(&mut self, number: usize, owner: Owner) -> bool {
        match self.slot(number).and_then(|slot| self.read.get_mut(slot)) {
            Some(read) if *read == Owner::Nobody => {
                *read = owner;
                true
            }
            _ => false,
        }
    }

    /// Gives back a page that turned out to be none of its tree.
    fn disclaim(&mut self, number: usize) {
        if let Some(read) = self.slot(number).and_then(|slot| self.read.get_mut(slot)) {
            *read = Owner::Nobody;
        }
    }

    /// The page as one of a b-tree.
    fn leaf(&self, number: usize) -> Option<Leaf<'_, 'a>> {
        self.slot(number).and_then(|slot| self.leaf_at(slot))
    }

    /// A page by its place in the file, as one of a b-tree.
    pub(super) fn leaf_at(&self, slot: usize) -> Option<Leaf<'_, 'a>> {
        // Before the first page of a database stands the header of the file.
        let is_first = self.has_header() && self.slot(1) == Some(slot);
        let header = if is_first { 100 } else { 0 };
        let page = self.copy(slot);
        let kind = match page.get(header)? {
            13 => Kind::TableLeaf,
            5 => Kind::TableInner,
            10 => Kind::IndexLeaf,
            2 => Kind::IndexInner,
            _ => return None,
        };
        Some(Leaf { file: self, kind, page, header })
    }

    /// The content of a cell that nobody claims, with what its other pages hold now.
    pub(super) fn strayed(&self, leaf: &Leaf<'_, 'a>, local: &Local) -> Payload {
        let mut bytes = leaf.page.get(local.from..local.to).unwrap_or_default().to_vec();
        let mut next = local.overflow;
        while next != 0 && bytes.len() < local.len {
            let page = self.page(next);
            let n = (local.len - bytes.len()).min(self.usable - 4);
            let Some(more) = page.get(4..4 + n) else { break };
            bytes.extend_from_slice(more);
            next = u32_at(page, 0).unwrap_or(0);
        }
        Payload { rowid: local.rowid, is_whole: bytes.len() == local.len, bytes }
    }

    /// What no value uses of the last pages of long ones.
    pub(super) fn slack(&self) -> impl Iterator<Item = &'a [u8]> {
        self.slack.iter().filter_map(|(number, used)| self.page(*number).get(*used..))
    }
}

/// Where a cell's content lies.
pub(super) struct Local {
    /// Where the cell begins.
    start: usize,
    pub(super) rowid: i64,
    /// Bytes of all of it.
    len: usize,
    from: usize,
    to: usize,
    /// The first overflow page, or 0.
    overflow: usize,
}

impl Local {
    /// The cell on its page.
    pub(super) const fn cell(&self) -> Range<usize> {
        self.start..self.to + if self.overflow == 0 { 0 } else { 4 }
    }
}

impl<'a> Leaf<'_, 'a> {
    pub(super) const fn page(&self) -> &'a [u8] {
        self.page
    }

    /// Where its cells stand: all of them, or nothing when one is none, or they lie over each other.
    pub(super) fn locals(&self) -> Option<Vec<Local>> {
        let count = u16_at(self.page, self.header + 3)?;
        let locals: Option<Vec<Local>> = self.cells().map(|at| self.local(at)).collect();
        locals.filter(|locals| {
            let bytes: usize = locals.iter().map(|local| local.cell().len()).sum();
            locals.len() == count && bytes <= self.page.len()
        })
    }

    /// The header of the page and the places of its cells.
    pub(super) fn head(&self) -> Range<usize> {
        0..self.header + self.header_len() + 2 * u16_at(self.page, self.header + 3).unwrap_or(0)
    }

    /// Whether its cells have content, and not only the numbers of rows.
    pub(super) fn has_content(&self) -> bool {
        self.kind != Kind::TableInner
    }

    /// Whether its rows have numbers.
    pub(super) fn is_numbered(&self) -> bool {
        matches!(self.kind, Kind::TableLeaf | Kind::TableInner)
    }

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

    fn local(&self, start: usize) -> Option<Local> {
        if self.kind == Kind::TableInner {
            let (rowid, n) = varint(self.page.get(start + 4..)?)?;
            let at = start + 4 + n;
            return Some(Local { start, rowid: rowid as i64, len: 0, from: at, to: at, overflow: 0 });
        }
        let mut at = start + if self.kind == Kind::IndexInner { 4 } else { 0 };
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
        Some(Local { start, rowid, len, from: at, to: at + here, overflow })
    }
}

/// A b-tree being walked.
pub(super) struct Tree {
    left: Vec<usize>,
    owner: Owner,
}

impl Tree {
    pub(super) fn new(root: usize, owner: Owner) -> Self {
        Self { left: vec![root], owner }
    }

    /// The payloads of the next page; an error when that is none, or was read before.
    pub(super) fn next(&mut self, file: &mut File<'_>) -> Option<Result<Vec<Payload>, ()>> {
        let page = self.left.pop()?;
        if !file.claim(page, self.owner) {
            return Some(Err(()));
        }
        let leaf = file.leaf(page);
        self.left.extend(leaf.iter().flat_map(Leaf::children).rev());
        let Some((leaf, cells)) = leaf.and_then(|leaf| leaf.locals().map(|cells| (leaf, cells))) else {
            // Nobody asks whether an index is sound: what is none is looked at as what belongs to nothing.
            if self.owner == Owner::Index {
                file.disclaim(page);
            }
            return Some(Err(()));
        };
        let bytes = leaf.page;
        if leaf.kind == Kind::TableInner {
            return Some(Ok(Vec::new()));
        }
        Some(Ok(cells.iter().map(|local| whole(file, self.owner, bytes, local)).collect()))
    }
}

/// A cell's content with its overflow pages.
fn whole(file: &mut File<'_>, owner: Owner, page: &[u8], local: &Local) -> Payload {
    let mut bytes = page.get(local.from..local.to).unwrap_or_default().to_vec();
    let mut next = local.overflow;
    while next != 0 && bytes.len() < local.len && file.claim(next, owner) {
        let number = next;
        let page = file.page(next);
        let n = (local.len - bytes.len()).min(file.usable - 4);
        bytes.extend_from_slice(page.get(4..4 + n).unwrap_or_default());
        next = u32_at(page, 0).unwrap_or(0);
        if 4 + n < file.page_size {
            file.slack.push((number, 4 + n));
        }
    }
    Payload { rowid: local.rowid, is_whole: bytes.len() == local.len, bytes }
}
