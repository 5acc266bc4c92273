//! Databases made for tests, a page a tree.

/// Bytes of a page.
const PAGE: usize = 4096;
pub(super) const TABLE: u8 = 13;
pub(super) const INDEX: u8 = 10;

/// A value of a record.
#[derive(Clone, Copy)]
pub(super) enum Of<'v> {
    Null,
    Number(i64),
    Text(&'v str),
}

fn varint(number: usize) -> Vec<u8> {
    let mut out = vec![(number & 0x7f) as u8];
    let mut rest = number >> 7;
    while rest > 0 {
        out.insert(0, (rest & 0x7f) as u8 | 0x80);
        rest >>= 7;
    }
    out
}

/// A record of values.
pub(super) fn record(values: &[Of<'_>]) -> Vec<u8> {
    let (mut kinds, mut body) = (Vec::new(), Vec::new());
    for value in values {
        match value {
            Of::Null => kinds.push(0),
            Of::Number(number) => {
                kinds.push(6);
                body.extend(number.to_be_bytes());
            }
            Of::Text(text) => {
                kinds.extend(varint(13 + 2 * text.len()));
                body.extend(text.as_bytes());
            }
        }
    }
    // No header here is as long as to need two bytes for that.
    [varint(kinds.len() + 1), kinds, body].concat()
}

/// A cell of a table, or of an index, whose rows have no number.
pub(super) fn cell(rowid: Option<usize>, values: &[Of<'_>]) -> Vec<u8> {
    let record = record(values);
    [varint(record.len()), rowid.map(varint).unwrap_or_default(), record].concat()
}

/// A page of cells, and behind the list of them what was there before.
pub(super) fn page(kind: u8, cells: &[Vec<u8>], before: &[u8]) -> Vec<u8> {
    leaf(0, kind, cells, before)
}

fn leaf(header: usize, kind: u8, cells: &[Vec<u8>], before: &[u8]) -> Vec<u8> {
    let mut page = vec![0; PAGE];
    let mut at = PAGE;
    page[header] = kind;
    page[header + 3..header + 5].copy_from_slice(&(cells.len() as u16).to_be_bytes());
    for (n, cell) in cells.iter().enumerate() {
        at -= cell.len();
        page[at..at + cell.len()].copy_from_slice(cell);
        page[header + 8 + 2 * n..header + 10 + 2 * n].copy_from_slice(&(at as u16).to_be_bytes());
    }
    page[header + 5..header + 7].copy_from_slice(&(at as u16).to_be_bytes());
    page[at - before.len()..at].copy_from_slice(before);
    page
}

/// A database: `table` or `index` and the statement of each tree, and its page, the second of the file and on.
pub(super) fn database(trees: &[(&str, &str, Vec<u8>)], free: &[Vec<u8>]) -> Vec<u8> {
    let entry = |(n, (kind, statement, _)): (usize, &(&str, &str, Vec<u8>))| {
        let name = format!("t{n}");
        cell(
            Some(n + 1),
            &[Of::Text(kind), Of::Text(&name), Of::Text(&name), Of::Number(n as i64 + 2), Of::Text(statement)],
        )
    };
    let schema: Vec<Vec<u8>> = trees.iter().enumerate().map(entry).collect();
    let mut file = leaf(100, TABLE, &schema, &[]);
    file[..16].copy_from_slice(b"SQLite format 3\0");
    file[16..24].copy_from_slice(&[PAGE.to_be_bytes()[6], PAGE.to_be_bytes()[7], 1, 1, 0, 64, 32, 32]);
    file[28..32].copy_from_slice(&((trees.len() + free.len() + 1) as u32).to_be_bytes());
    // The fourth version of the schema, in UTF-8.
    (file[47], file[59]) = (4, 1);
    trees.iter().map(|(_, _, page)| page).chain(free).for_each(|page| file.extend(page));
    file
}
