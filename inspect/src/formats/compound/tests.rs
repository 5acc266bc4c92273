//! Compound files made here: one stream for each name.

use chot_model::DetectorId;

use crate::{Hint, Inspector, Limits};

/// A compound file with these streams in its root, made as simply as the format allows: 512-byte sectors, no mini
/// stream, the directory last.
pub(super) fn compound(streams: &[(&str, &[u8])]) -> Vec<u8> {
    const SECTOR: usize = 512;
    const END: u32 = 0xffff_fffe;
    let mut fat: Vec<u32> = Vec::new();
    let mut body: Vec<u8> = Vec::new();
    let mut add = |bytes: &[u8]| {
        let first = fat.len() as u32;
        let count = bytes.len().div_ceil(SECTOR).max(1);
        for n in 0..count {
            fat.push(if n + 1 == count { END } else { first + n as u32 + 1 });
        }
        body.extend_from_slice(bytes);
        body.resize(body.len().next_multiple_of(SECTOR).max((first as usize + count) * SECTOR), 0);
        first
    };
    let mut directory = Vec::new();
    let mut entry = |name: &str, kind: u8, right: u32, child: u32, start: u32, size: usize| {
        let mut entry = vec![0; 128];
        let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..name.len()].copy_from_slice(&name);
        entry[64..66].copy_from_slice(&(name.len() as u16 + 2).to_le_bytes());
        entry[66] = kind;
        entry[68..72].copy_from_slice(&u32::MAX.to_le_bytes());
        entry[72..76].copy_from_slice(&right.to_le_bytes());
        entry[76..80].copy_from_slice(&child.to_le_bytes());
        entry[116..120].copy_from_slice(&start.to_le_bytes());
        entry[120..124].copy_from_slice(&(size as u32).to_le_bytes());
        directory.extend(entry);
    };
    entry("Root Entry", 5, u32::MAX, if streams.is_empty() { u32::MAX } else { 1 }, END, 0);
    for (n, (name, bytes)) in streams.iter().enumerate() {
        // Each stands to the right of the one before: a tree, if no balanced one.
        let right = if n + 1 < streams.len() { n as u32 + 2 } else { u32::MAX };
        let start = add(bytes);
        entry(name, 2, right, u32::MAX, start, bytes.len());
    }
    let directory_start = add(&directory);
    let tables = (fat.len() + 1).div_ceil(SECTOR / 4 - 1);
    let table_start = fat.len() as u32;
    fat.extend(std::iter::repeat_n(0xffff_fffd, tables));
    fat.resize(tables * SECTOR / 4, u32::MAX);
    let mut header = vec![0; SECTOR];
    header[..8].copy_from_slice(super::file::MARK);
    for (at, value) in [(24, 0x3e_u16), (26, 3), (28, 0xfffe), (30, 9), (32, 6)] {
        header[at..at + 2].copy_from_slice(&value.to_le_bytes());
    }
    for (at, value) in [(44, tables as u32), (48, directory_start), (56, 0), (60, END), (68, END)] {
        header[at..at + 4].copy_from_slice(&value.to_le_bytes());
    }
    for n in 0..109 {
        let table = if n < tables { table_start + n as u32 } else { u32::MAX };
        header[76 + 4 * n..80 + 4 * n].copy_from_slice(&table.to_le_bytes());
    }
    let fat: Vec<u8> = fat.into_iter().flat_map(u32::to_le_bytes).collect();
    [header, body, fat].concat()
}

/// A record of a workbook.
pub(super) fn record(kind: u16, data: &[u8]) -> Vec<u8> {
    [&kind.to_le_bytes()[..], &(data.len() as u16).to_le_bytes(), data].concat()
}

/// A file of no known kind, with a letter in it.
pub(super) fn example() -> Vec<u8> {
    compound(&[("letter", "Số CCCD 001090123456".as_bytes())])
}

/// A file with a list in a workbook.
fn list() -> Vec<u8> {
    compound(&[("Workbook", &workbook(&[("Họ tên", "Số CCCD")], &[("Nguyễn Văn Bình", 1_090_123_456.0)]))])
}

/// A workbook of one sheet: headings as strings, then names and numbers.
pub(super) fn workbook(headings: &[(&str, &str)], rows: &[(&str, f64)]) -> Vec<u8> {
    let label = |row: u16, column: u16, text: &str| {
        let units: Vec<u16> = text.encode_utf16().collect();
        let mut data = [row, column, 0, units.len() as u16].map(u16::to_le_bytes).concat();
        data.push(1);
        data.extend(units.into_iter().flat_map(u16::to_le_bytes));
        record(0x204, &data)
    };
    let mut out = record(0x809, &[0, 6, 5, 0]);
    out.extend(record(0x0a, &[]));
    out.extend(record(0x809, &[0, 6, 0x10, 0]));
    let mut row = 0;
    for (first, second) in headings {
        out.extend(label(row, 0, first));
        out.extend(label(row, 1, second));
        row += 1;
    }
    for (name, number) in rows {
        out.extend(label(row, 0, name));
        let mut data = [row, 1, 0].map(u16::to_le_bytes).concat();
        data.extend(number.to_le_bytes());
        out.extend(record(0x203, &data));
        row += 1;
    }
    out.extend(record(0x0a, &[]));
    out
}

fn inspect(bytes: &[u8]) -> chot_model::Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

#[test]
fn a_number_that_lost_its_zeros_is_found_under_its_heading() {
    let inspection = inspect(&list());
    assert_eq!(inspection.object.media_type, "application/vnd.ms-excel");
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn streams_are_found_however_many_sectors_they_take() {
    let text = format!("{}Số CCCD 001090123456", "Không có gì ở đây. ".repeat(4_000));
    let inspection = inspect(&compound(&[("a", b"one"), ("letter", text.as_bytes()), ("b", b"two words")]));
    assert_eq!((inspection.distinct(DetectorId::Cccd), inspection.opaque.len()), (1, 0), "{inspection:?}");
}

#[test]
fn a_chain_that_loops_ends() {
    let mut bytes = compound(&[("letter", &[b'x'; 4_000])]);
    let name: Vec<u8> = "letter".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let entry = memchr::memmem::find(&bytes, &name).expect("an entry");
    bytes[entry + 120..entry + 124].copy_from_slice(&u32::MAX.to_le_bytes());
    // The table is the last sector: every sector leads back to the first.
    let at = bytes.len() - 512;
    for n in 0..128 {
        bytes[at + 4 * n..at + 4 * n + 4].copy_from_slice(&0u32.to_le_bytes());
    }
    assert!(!inspect(&bytes).opaque.is_empty());
}
