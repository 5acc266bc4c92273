//! Files as pyarrow writes them (`tests/packed/make_parquet.py`).

use chot_model::{DetectorId, Inspection, OpaqueReason};
use proptest::prelude::*;

use crate::{Hint, Inspector, Limits};

const PEOPLE: &[u8] = include_bytes!("../../../tests/packed/nguoi.parquet");
const NUMBERS: &[u8] = include_bytes!("../../../tests/packed/so.parquet");
const NESTED: &[u8] = include_bytes!("../../../tests/packed/long.parquet");
const DECIMAL: &[u8] = include_bytes!("../../../tests/packed/thap_phan.parquet");
const LIST: &[u8] = include_bytes!("../../../tests/packed/danh_sach.parquet");
const DELTA: &[u8] = include_bytes!("../../../tests/packed/delta.parquet");

fn inspect(bytes: &[u8]) -> Inspection {
    Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes.to_vec()).inspection
}

fn distinct(inspection: &Inspection) -> [u64; 3] {
    [DetectorId::Cccd, DetectorId::PersonName, DetectorId::DateOfBirth].map(|id| inspection.distinct(id))
}

#[test]
fn people_are_found_row_by_row() {
    let people = inspect(PEOPLE);
    assert_eq!((distinct(&people), people.opaque.len()), ([12, 4, 12], 0), "{people:?}");
    assert!(people.bulk && people.persons == 12, "{}", people.persons);
}

#[test]
fn numbers_that_lost_their_zeros_and_moments_are_read_in_pages_of_the_second_layout() {
    let numbers = inspect(NUMBERS);
    // Eleven of the person and eleven of the mother.
    assert_eq!((distinct(&numbers), numbers.opaque.len()), ([22, 4, 12], 0), "{numbers:?}");
}

#[test]
fn lists_structures_and_files_in_cells_are_read() {
    let nested = inspect(NESTED);
    assert_eq!(nested.distinct(DetectorId::Cccd), 8, "{nested:?}");
    // What is no file makes its cell opaque, not the table.
    assert!(nested.opaque.iter().all(|o| o.part.as_str().starts_with("tep")), "{nested:?}");
}

#[test]
fn a_column_in_another_encoding_is_told_and_the_others_are_read() {
    let delta = inspect(DELTA);
    let told: Vec<_> = delta.opaque.iter().map(|o| (o.part.as_str(), o.reason)).collect();
    assert_eq!(told, [("ghi_chu", OpaqueReason::UnsupportedFormat)]);
    assert_eq!(delta.distinct(DetectorId::Cccd), 12);
    assert!(delta.object.bytes_inspected > 0 && delta.object.bytes_inspected < delta.object.bytes);
}

#[test]
fn numbers_of_many_bytes_are_read() {
    let numbers = inspect(DECIMAL);
    assert_eq!((distinct(&numbers), numbers.persons, numbers.opaque.len()), ([12, 4, 0], 12, 0), "{numbers:?}");
    for (bytes, scale, expected) in [
        (vec![0x04, 0x23], 0, Some("1059")),
        (vec![0xfb, 0xe6], 2, Some("-10.5")),
        (vec![5], 3, Some("0.005")),
        ([vec![0; 4], vec![1; 1], vec![0; 15]].concat(), 0, Some("1329227995784915872903807060280344576")),
        (vec![1; 17], 0, None),
        (vec![], 0, None),
    ] {
        let shown = super::long(&bytes).map(|whole| super::decimal(whole, scale));
        assert_eq!(shown.as_deref(), expected, "{bytes:?}");
    }
}

#[test]
fn each_of_a_list_of_people_is_one() {
    let list = inspect(LIST);
    assert_eq!((distinct(&list), list.persons, list.bulk), ([12, 4, 0], 12, true), "{list:?}");
}

#[test]
fn what_is_sealed_or_cut_is_told() {
    let sealed = [b"PARE", &PEOPLE[4..PEOPLE.len() - 4], b"PARE"].concat();
    assert!(inspect(&sealed).is_opaque(OpaqueReason::Encrypted));
    for len in [5, 40, PEOPLE.len() / 2, PEOPLE.len() - 1] {
        assert!(inspect(&PEOPLE[..len]).is_opaque(OpaqueReason::ParseError), "{len}");
    }
}

proptest! {
    #[test]
    fn damage_never_panics_and_is_never_an_identifier_less_without_a_word(
        which in 0usize..6,
        hits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = [PEOPLE, NUMBERS, NESTED, DELTA, DECIMAL, LIST][which].to_vec();
        for (at, byte) in hits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let inspection = inspect(&bytes);
        prop_assert!(!inspection.is_opaque(OpaqueReason::Failed), "{:?}", inspection);
    }
}
