use std::io::Read;

use chot_model::{DetectorId, Inspection, OpaqueReason};

use super::made::{INDEX, Of, TABLE, cell, database, page};
use crate::{Hint, Inspector, Limits};

const SMALL: &[u8] = include_bytes!("../../../tests/packed/nguoi.db");
const LOG: &[u8] = include_bytes!("../../../tests/packed/nguoi.db-wal");

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).expect("a sound file");
    out
}

fn large() -> Vec<u8> {
    gunzip(include_bytes!("../../../tests/packed/bang.db.gz"))
}

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

#[test]
fn tables_are_read_under_the_names_of_their_columns() {
    for (name, bytes) in [("UTF-8", large()), ("UTF-16", gunzip(include_bytes!("../../../tests/packed/bang16.db.gz")))]
    {
        let inspection = inspect(&bytes);
        // Nine digits that only their heading announces, in a table with and one without numbered rows.
        assert_eq!(inspection.distinct(DetectorId::Cmnd), 61, "{name}: {inspection:?}");
        // Numbers that lost two zeros; a value of several pages; a file in a value; a page and a block set free.
        assert_eq!(inspection.distinct(DetectorId::Cccd), 64, "{name}: {inspection:?}");
        assert!(inspection.opaque.is_empty() && inspection.bulk, "{name}: {inspection:?}");
    }
}

#[test]
fn rows_that_were_deleted_stand_under_the_names_of_their_columns() {
    let deleted: [(&[u8], &[u8]); 4] = [
        (
            include_bytes!("../../../tests/packed/xoa-dong.db.gz"),
            include_bytes!("../../../tests/packed/don-dong.db.gz"),
        ),
        (
            include_bytes!("../../../tests/packed/xoa-cuoi.db.gz"),
            include_bytes!("../../../tests/packed/don-cuoi.db.gz"),
        ),
        (include_bytes!("../../../tests/packed/xoa-het.db.gz"), include_bytes!("../../../tests/packed/don-het.db.gz")),
        (
            include_bytes!("../../../tests/packed/xoa-bang.db.gz"),
            include_bytes!("../../../tests/packed/don-bang.db.gz"),
        ),
    ];
    for (n, (insured, orders)) in deleted.into_iter().enumerate() {
        let inspection = inspect(&gunzip(insured));
        assert_eq!(inspection.distinct(DetectorId::Bhxh), 24, "{n}: {inspection:?}");
        assert!(inspection.opaque.is_empty() && inspection.bulk, "{n}: {inspection:?}");
        let inspection = inspect(&gunzip(orders));
        assert!(inspection.identifiers() == 0 && inspection.opaque.is_empty(), "{n}: {inspection:?}");
    }
}

#[test]
fn numbers_whose_column_is_gone_are_told() {
    // The row of the schema that named them is no statement any more.
    let mut dropped = gunzip(include_bytes!("../../../tests/packed/xoa-bang.db.gz"));
    let statement = memchr::memmem::find(&dropped, b"CREATE TABLE").expect("a statement");
    dropped[statement..statement + 6].fill(b'x');
    assert!(inspect(&dropped).is_opaque(OpaqueReason::Partial));
}

#[test]
fn a_log_with_the_first_page_names_its_columns() {
    const FRAME: usize = 24 + 4096;
    let log = gunzip(include_bytes!("../../../tests/packed/xoa.db-wal.gz"));
    let inspection = inspect(&log);
    assert_eq!(inspection.distinct(DetectorId::Bhxh), 24, "{inspection:?}");
    assert!(inspection.opaque.is_empty(), "{inspection:?}");
    // Without it there are rows, and nobody knows of what.
    let (head, frames) = log.split_at(32);
    let others = frames.chunks(FRAME).filter(|frame| frame[..4] != [0, 0, 0, 1]);
    let nameless: Vec<u8> = others.fold(head.to_vec(), |log, frame| [&log[..], frame].concat());
    assert!(inspect(&nameless).is_opaque(OpaqueReason::Partial));
}

#[test]
fn a_log_is_read_without_its_database() {
    assert_eq!(inspect(LOG).distinct(DetectorId::Cccd), 1);
    assert!(inspect(LOG).opaque.is_empty());
}

#[test]
fn what_is_cut_is_told() {
    let large = large();
    for len in [20, 99, 100, 600, large.len() - 512, large.len() - 1] {
        assert!(inspect(&large[..len]).is_opaque(OpaqueReason::ParseError), "{len}");
    }
    assert!(!inspect(&LOG[..LOG.len() - 1]).opaque.is_empty());
    // A header of nothing, and text behind it.
    let inspection = inspect(b"SQLite format 3\0\0\0so CCCD 001090123456\0");
    assert!(inspection.is_opaque(OpaqueReason::ParseError) && inspection.distinct(DetectorId::Cccd) == 1);
}

#[test]
fn pages_that_claim_each_other_end() {
    // Every page number in the file becomes that of the schema or of the first table.
    for page in [1, 2] {
        let mut large = large();
        for at in (512..large.len() - 4).step_by(4) {
            if large[at..at + 3] == [0, 0, 0] {
                large[at + 3] = page;
            }
        }
        assert!(!inspect(&large).opaque.is_empty());
    }
}

#[test]
fn whatever_changes_nothing_is_lost_in_silence() {
    let number = memchr::memmem::find(SMALL, b"001090123456").expect("the number");
    for at in (0..SMALL.len()).step_by(5).chain(number - 40..number) {
        let mut changed = SMALL.to_vec();
        changed[at] ^= 0x11;
        let inspection = inspect(&changed);
        let same = inspection.distinct(DetectorId::Cccd) == 1;
        let is_value = (number..number + 12).contains(&at);
        assert!(same || !inspection.opaque.is_empty() || is_value, "byte {at}: {inspection:?}");
    }
}

/// Numbers of insured persons that only a heading announces: nobody's.
const INSURED: [&str; 3] = ["7912045873", "0113155984", "4814265095"];

#[test]
fn remarks_in_a_statement_are_no_columns() {
    let rows: Vec<Vec<u8>> = (1..)
        .zip(INSURED)
        .map(|(n, number)| cell(Some(n), &[Of::Text("a1"), Of::Text(number), Of::Text("ok")]))
        .collect();
    for statement in [
        "CREATE TABLE nv(ma TEXT, so_bhxh TEXT, ghi_chu TEXT)",
        "CREATE TABLE nv(ma TEXT, -- mã nội bộ, do phòng cấp\n so_bhxh TEXT, ghi_chu TEXT)",
        "CREATE TABLE nv(ma TEXT, -- worker's code\n so_bhxh TEXT, ghi_chu TEXT)",
        "CREATE TABLE nv(ma TEXT /* a, b */, so_bhxh TEXT, ghi_chu TEXT)",
        "CREATE TABLE nv(ma TEXT, tat AS (substr(ma, 1)), so_bhxh TEXT, ghi_chu TEXT)",
    ] {
        let inspection = inspect(&database(&[("table", statement, page(TABLE, &rows, &[]))], &[]));
        assert_eq!(inspection.distinct(DetectorId::Bhxh), 3, "{statement}: {inspection:?}");
        assert!(inspection.opaque.is_empty(), "{statement}: {inspection:?}");
    }
}

#[test]
fn a_row_whose_number_is_a_column_has_both_values() {
    let statement = "CREATE TABLE nv(so_bhxh INTEGER PRIMARY KEY, ten TEXT)";
    let kept =
        |(n, number): (usize, &str)| cell(Some(n), &[Of::Number(number.parse().expect("a number")), Of::Text("x")]);
    let numbered =
        |(_, number): (usize, &str)| cell(Some(number.parse().expect("a number")), &[Of::Null, Of::Text("x")]);
    for rows in [(1..).zip(INSURED).map(kept).collect::<Vec<_>>(), (1..).zip(INSURED).map(numbered).collect()] {
        let inspection = inspect(&database(&[("table", statement, page(TABLE, &rows, &[]))], &[]));
        assert_eq!(inspection.distinct(DetectorId::Bhxh), 3, "{inspection:?}");
    }
}

#[test]
fn an_entry_of_an_index_is_no_row_of_another_table() {
    // Two columns each: a number and a text, or the number of an order and that of its row.
    let insured: Vec<Vec<u8>> =
        (1..).zip(INSURED).map(|(n, number)| cell(Some(n), &[Of::Text(number), Of::Number(n as i64)])).collect();
    let order = |n: usize| ["79", "01", "48", "30"][n % 4].to_owned() + &format!("{:08}", n * 7_919_993 % 100_000_000);
    let orders =
        (1..60).map(|n| cell(Some(n), &[Of::Text(&order(n)), Of::Text("gạch"), Of::Text("3")])).collect::<Vec<_>>();
    let entries = (1..60).map(|n| cell(None, &[Of::Text(&order(n)), Of::Number(n as i64)])).collect::<Vec<_>>();
    let (live, deleted) = entries.split_at(40);
    let index = page(INDEX, live, &deleted.concat());
    let trees = [
        ("table", "CREATE TABLE tg(so_bhxh TEXT, tuoi INTEGER)", page(TABLE, &insured, &[])),
        ("table", "CREATE TABLE don(ma_don TEXT, hang TEXT, sl TEXT)", page(TABLE, &orders, &[])),
        ("index", "CREATE INDEX i ON don(ma_don)", index.clone()),
    ];
    // A page of an index that was dropped, and one that nobody says anything of.
    let torn = [&[0; 100][..], &index[100..]].concat();
    for free in [vec![], vec![index], vec![torn]] {
        let inspection = inspect(&database(&trees, &free));
        assert_eq!(inspection.distinct(DetectorId::Bhxh), 3, "{inspection:?}");
        assert!(inspection.opaque.is_empty(), "{inspection:?}");
    }
}

#[test]
fn rows_that_were_not_looked_for_are_told() {
    let statement = format!("CREATE TABLE t({})", "c,".repeat(200));
    let inspect_with =
        |free: u8| inspect(&database(&[("table", &statement, page(TABLE, &[], &[]))], &[vec![free; 4096]]));
    // Each place may be the beginning of a row of hundreds of small values.
    assert!(inspect_with(1).is_opaque(OpaqueReason::Partial));
    assert!(inspect_with(0).opaque.is_empty());
}

const SAID: &str = "Ho ten Nguyen Van An, so CCCD 001090123456. ";

#[test]
fn what_an_index_claims_and_no_record_holds_is_looked_at() {
    let table = ("table", "CREATE TABLE t(a TEXT)", page(TABLE, &[], &[]));
    let index = |page: Vec<u8>| ("index", "CREATE INDEX i ON t(a)", page);
    let found = |bytes: &[u8]| {
        let inspection = inspect(bytes);
        (inspection.distinct(DetectorId::Cccd), inspection.opaque.is_empty())
    };
    // A page that is none of a tree.
    let mut none = vec![0; 4096];
    none[100..100 + SAID.len()].copy_from_slice(SAID.as_bytes());
    assert_eq!(found(&database(&[table.clone(), index(none)], &[])), (1, true));
    // A record of no value, and text behind it.
    let behind = [&[1 + SAID.len() as u8, 1], SAID.as_bytes()].concat();
    assert_eq!(found(&database(&[table.clone(), index(page(INDEX, &[behind], &[]))], &[])), (1, true));
    let behind = [&[1 + SAID.len() as u8, 1, 1], SAID.as_bytes()].concat();
    assert_eq!(found(&database(std::slice::from_ref(&table), &[page(TABLE, &[behind], &[])])), (1, true));
    // An entry that is no record and goes on in another page: 3,000 bytes, of which 489 stand here.
    let here = [&[0x97, 0x38][..], &[0xff; 489], &[0, 0, 0, 4]].concat();
    let mut rest = vec![0; 4096];
    rest[900..900 + SAID.len()].copy_from_slice(SAID.as_bytes());
    assert_eq!(found(&database(&[table, index(page(INDEX, &[here], &[]))], &[rest])), (1, true));
}

#[test]
fn cells_of_the_same_bytes_are_no_rows() {
    // As many cells as a page has room for, all of them the largest.
    let cell = cell(Some(1), &[Of::Text(&SAID.repeat(60))]);
    let mut stacked = page(TABLE, std::slice::from_ref(&cell), &[]);
    let at = stacked[8..10].to_vec();
    let cells = (4096 - 8 - cell.len()) / 2;
    stacked[3..5].copy_from_slice(&(cells as u16).to_be_bytes());
    (0..cells).for_each(|n| stacked[8 + 2 * n..10 + 2 * n].copy_from_slice(&at));
    let inspection = inspect(&database(&[("table", "CREATE TABLE t(a TEXT)", stacked)], &[]));
    assert!(inspection.is_opaque(OpaqueReason::ParseError), "{inspection:?}");
}

#[test]
fn digits_of_utf_16_among_other_bytes_are_seen() {
    let said: Vec<u8> = SAID.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut free = vec![7; 4096];
    free[2_501..2_501 + said.len()].copy_from_slice(&said);
    let inspection = inspect(&database(&[("table", "CREATE TABLE t(a TEXT)", page(TABLE, &[], &[]))], &[free]));
    assert_eq!(inspection.distinct(DetectorId::Cccd), 1, "{inspection:?}");
}
