//! dBASE and FoxPro tables: every record under the names of its fields, deleted ones too.
//!
//! Memos stand in a file beside the table, which is an object of its own, and of a format that is not read.

use chot_model::OpaqueReason;

use super::plain::legible;
use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object::BLOCK;
use crate::sniff::Head;
use crate::source::{Source, read_range};
use crate::table::{Row, Table};
use crate::view::View;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-dbf",
    matches: |head| Header::of(head.bytes).is_some(),
    room: Room::Whole(read),
    #[cfg(test)]
    example: || tests::table(&[("SO_CCCD", 12)], &["001090123456"]),
};

/// What the header says.
struct Header {
    len: u64,
    record: u64,
    records: u64,
    fields: Vec<Field>,
}

struct Field {
    name: String,
    from: usize,
    to: usize,
}

/// Before the fields, and each of them.
const FIXED: usize = 32;
/// Header and record may have this much each.
const HEADER_MAX: u64 = 1 << 16;

impl Header {
    /// The header at the beginning of a file. It has no mark: everything in it must fit.
    fn of(bytes: &[u8]) -> Option<Self> {
        const VERSIONS: &[u8] = b"\x03\x04\x05\x30\x31\x32\x43\x63\x83\x8b\x8c\xcb\xf5\xfb";
        let &[version, _, 1..=12, 1..=31, a, b, c, d, e, f, g, h, ..] = bytes else { return None };
        let (len, record) = (u16::from_le_bytes([e, f]), usize::from(u16::from_le_bytes([g, h])));
        if !VERSIONS.contains(&version) || usize::from(len) <= FIXED {
            return None;
        }
        let (mut fields, mut from) = (Vec::new(), 1);
        for field in bytes.get(FIXED..usize::from(len))?.chunks_exact(FIXED) {
            let (&[first, ..], name) = (field, field.get(..11)?) else { return None };
            if first == b'\r' {
                break;
            }
            let name = name.split(|b| *b == 0).next()?;
            let &[kind, ..] = field.get(11..)? else { return None };
            if name.is_empty()
                || !name.iter().all(|b| *b > b' ')
                || !kind.is_ascii_alphanumeric() && kind != b'@' && kind != b'+'
            {
                return None;
            }
            // Long texts have the larger half of their length where numbers have their decimals.
            let &[short, decimals] = field.get(16..18)? else { return None };
            let width = if kind == b'C' { u16::from_le_bytes([short, decimals]) } else { short.into() };
            let to = from + usize::from(width);
            fields.push(Field { name: String::from_utf8_lossy(name).into_owned(), from, to });
            from = to;
        }
        let records = u32::from_le_bytes([a, b, c, d]).into();
        (from == record && !fields.is_empty()).then_some(Self {
            len: len.into(),
            record: record as u64,
            records,
            fields,
        })
    }
}

fn read(source: &dyn Source, place: &Place, inquiry: &mut Inquiry) -> Option<&'static str> {
    let header = read_range(source, 0..source.len().min(HEADER_MAX)).ok().and_then(|bytes| Header::of(&bytes));
    let Some(Header { len, record, records, fields }) = header else {
        inquiry.refuse(place, OpaqueReason::ParseError, source.len());
        return None;
    };
    scan_strings(source, 0..len, place, inquiry);
    let body = len.saturating_add(record.saturating_mul(records)).min(source.len());
    let sample = read_range(source, len..body.min(len + BLOCK as u64)).unwrap_or_default();
    let place = legible(&Head::new(&sample, &Hint::default()), place);
    let mut table = Table::new(place.clone());
    let mut row = Row::new();
    for (at, field) in fields.iter().enumerate() {
        let mut view = View::default();
        view.push_joint(field.name.as_bytes());
        row.push((at, view));
    }
    table.row(1, row, inquiry);
    let (mut at, mut number) = (len, 1);
    // Whole records at a time.
    let step = record * (BLOCK as u64 / record).max(1);
    while at < body && !inquiry.is_late(&place) {
        let Ok(block) = read_range(source, at..body.min(at + step)) else {
            inquiry.refuse(&place, OpaqueReason::Failed, body - at);
            return None;
        };
        for bytes in block.chunks(record as usize) {
            number += 1;
            let mut row = Row::new();
            for (column, field) in fields.iter().enumerate() {
                let cell = bytes.get(field.from..field.to.min(bytes.len())).unwrap_or_default();
                let blank = cell.iter().take_while(|b| b.is_ascii_whitespace()).count();
                let cell = cell.trim_ascii();
                let mut view = View::new(place.charset);
                view.push(cell, at + (field.from + blank) as u64);
                row.push((column, view));
            }
            table.row(number, row, inquiry);
            at += bytes.len() as u64;
        }
    }
    table.finish(inquiry);
    if body < len.saturating_add(record.saturating_mul(records)) {
        inquiry.refuse(&place, OpaqueReason::ParseError, 1);
    }
    if body < source.len() {
        // An end mark, mostly.
        scan_strings(source, body..source.len(), &place, inquiry);
        if source.len() - body > 1 {
            inquiry.opaque(&place, OpaqueReason::Ambiguous, source.len() - body);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use crate::{Hint, Inspector, Limits};

    pub(super) fn table(fields: &[(&str, u8)], values: &[&str]) -> Vec<u8> {
        let rows: Vec<&[&str]> = vec![values];
        rows_of(fields, &rows)
    }

    fn rows_of(fields: &[(&str, u8)], rows: &[&[&str]]) -> Vec<u8> {
        let record: usize = 1 + fields.iter().map(|(_, width)| usize::from(*width)).sum::<usize>();
        let len = 32 + 32 * fields.len() + 1;
        let mut out = vec![3, 126, 11, 22];
        out.extend((rows.len() as u32).to_le_bytes());
        out.extend((len as u16).to_le_bytes());
        out.extend((record as u16).to_le_bytes());
        out.resize(32, 0);
        for (name, width) in fields {
            let mut field = vec![0; 32];
            field[..name.len()].copy_from_slice(name.as_bytes());
            field[11] = b'C';
            field[16] = *width;
            out.extend(field);
        }
        out.push(b'\r');
        for (n, row) in rows.iter().enumerate() {
            out.push(if n % 2 == 0 { b' ' } else { b'*' });
            for ((_, width), value) in fields.iter().zip(*row) {
                let mut cell = value.as_bytes().to_vec();
                cell.resize(usize::from(*width), b' ');
                out.extend(cell);
            }
        }
        out.push(0x1a);
        out
    }

    fn inspect(bytes: &[u8]) -> Inspection {
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
    }

    fn people() -> Vec<u8> {
        let rows: [&[&str]; 3] =
            [&["NGUYEN VAN AN", "012345671"], &["TRAN THI BINH", "012345672"], &["LE VAN CUONG", "012345673"]];
        rows_of(&[("HO_TEN", 20), ("SO_CMND", 9)], &rows)
    }

    #[test]
    fn columns_and_deleted_records_are_read() {
        let inspection = inspect(&people());
        assert_eq!((inspection.distinct(DetectorId::Cmnd), inspection.opaque.len()), (3, 0), "{inspection:?}");
        assert_eq!(inspection.persons, 3, "{inspection:?}");
    }

    #[test]
    fn values_are_masked_where_they_stand() {
        let bytes = people();
        let inspected = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes);
        let splices = inspected.redact(&[DetectorId::Cmnd], &bytes).expect("splices");
        let mut masked = bytes;
        for splice in splices {
            let range = splice.range.start as usize..splice.range.end as usize;
            assert_eq!(range.len(), splice.bytes.len());
            masked.splice(range, splice.bytes);
        }
        assert_eq!(inspect(&masked).distinct(DetectorId::Cmnd), 0);
    }

    #[test]
    fn what_is_cut_or_goes_on_is_told() {
        let bytes = people();
        assert!(inspect(&bytes[..bytes.len() - 20]).is_opaque(OpaqueReason::ParseError));
        let inspection = inspect(&[&bytes[..], b"CCCD 001090123456"].concat());
        assert!(inspection.is_opaque(OpaqueReason::Ambiguous) && inspection.distinct(DetectorId::Cccd) == 1);
    }
}
