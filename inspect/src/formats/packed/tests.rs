use std::io::Write as _;

use chot_model::{DetectorId, OpaqueReason};
use proptest::prelude::*;

use crate::{Hint, Inspector, Limits};

const XZ: &[u8] = include_bytes!("../../../tests/packed/so.txt.xz");
const LZMA: &[u8] = include_bytes!("../../../tests/packed/so.txt.lzma");
const LZ4: &[u8] = include_bytes!("../../../tests/packed/so.txt.lz4");
const ZSTD: &[u8] = include_bytes!("../../../tests/packed/so.txt.zst");
const Z: &[u8] = include_bytes!("../../../tests/packed/so.txt.Z");
const LISTS: [&[u8]; 5] = [
    include_bytes!("../../../tests/packed/ds.csv.xz"),
    include_bytes!("../../../tests/packed/ds.csv.lz4"),
    include_bytes!("../../../tests/packed/legacy.csv.lz4"),
    include_bytes!("../../../tests/packed/ds.csv.zst"),
    include_bytes!("../../../tests/packed/ds.csv.Z"),
];

fn inspect(bytes: &[u8], cut: usize) -> (u64, Vec<OpaqueReason>) {
    let inspector = Inspector::new(Limits::default(), 2026);
    let mut inspecting = inspector.begin(Hint::default());
    bytes.chunks(cut.max(1)).for_each(|chunk| inspecting.push(chunk));
    let inspection = inspecting.finish(&bytes.to_vec()).inspection;
    (inspection.distinct(DetectorId::Cccd), inspection.opaque.iter().map(|o| o.reason).collect())
}

#[test]
fn lists_come_out_whole() {
    for (n, list) in LISTS.iter().enumerate() {
        assert_eq!(inspect(list, list.len()), (300, vec![]), "list {n}");
    }
}

#[test]
fn streams_behind_each_other_are_one_content() {
    for stream in [XZ, LZ4, ZSTD] {
        assert_eq!(inspect(&stream.repeat(3), 7), (1, vec![]), "{stream:?}");
    }
}

#[test]
fn what_is_cut_or_goes_on_is_told() {
    for stream in [XZ, LZMA, LZ4, ZSTD] {
        let cut = stream.len() - 3;
        assert_eq!(inspect(&stream[..cut], 5).1, [OpaqueReason::ParseError], "{stream:?}");
    }
    let number = b"\nCCCD 001190123456\n\n\n";
    for stream in [XZ, LZMA, LZ4, ZSTD] {
        let (found, reasons) = inspect(&[stream, number].concat(), 64);
        assert_eq!((found, reasons), (2, vec![OpaqueReason::ParseError]), "{stream:?}");
    }
}

#[test]
fn what_frames_to_be_skipped_say_is_looked_at() {
    let said = b"CCCD 001190123456";
    let frame = [b"\x50\x2a\x4d\x18", &(said.len() as u32).to_le_bytes()[..], said].concat();
    for stream in [LZ4, ZSTD] {
        for bytes in [[stream, &frame].concat(), [stream, &frame, stream].concat()] {
            assert_eq!(inspect(&bytes, 11), (2, vec![]), "{stream:?}");
        }
    }
    assert_eq!(inspect(&[&frame, ZSTD].concat(), 11), (2, vec![]));
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut packed = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(text).expect("memory");
    packed.finish().expect("memory")
}

#[test]
fn frames_to_be_skipped_hold_nothing_unseen() {
    let frame = |holds: &[u8]| [b"\x50\x2a\x4d\x18", &(holds.len() as u32).to_le_bytes()[..], holds].concat();
    let list: String = (0..40).map(|n| format!("CCCD 0010901234{n:02}\n")).collect();
    let zlib = zlib(list.as_bytes());
    let raw = &zlib[2..zlib.len() - 4];
    let index = |entries: u32| {
        let table = (0..entries).flat_map(|n| [n * 7_919, n * 104_729].map(u32::to_le_bytes)).flatten();
        table.chain(entries.to_le_bytes()).chain(*b"\0\xb1\xea\x92\x8f").collect::<Vec<u8>>()
    };
    for stream in [LZ4, ZSTD] {
        for (what, holds, found, told) in [
            ("a packed list", &zlib[..], 41, vec![]),
            ("one without its mark", raw, 1, vec![OpaqueReason::UnsupportedFormat]),
            ("where frames are", &index(50), 1, vec![]),
            ("an index of too many", &index(50)[8..], 1, vec![OpaqueReason::UnsupportedFormat]),
            ("a sum", b"\x01\x80\xfe\x07", 1, vec![]),
        ] {
            for cut in [1, 7, 1 << 16] {
                let said = inspect(&[stream, &frame(holds)[..], &frame(b"x")].concat(), cut);
                assert_eq!(said, (found, told.clone()), "{what}, {cut}: {stream:?}");
            }
        }
        let (found, reasons) = inspect(&[stream, &frame(&zlib)[..zlib.len()]].concat(), 64);
        assert!(found >= 1 && reasons.contains(&OpaqueReason::ParseError), "{found} {reasons:?}: {stream:?}");
    }
}

#[test]
fn a_frame_that_needs_a_dictionary_is_opaque() {
    let mut zstd = ZSTD.to_vec();
    // One byte of dictionary number, before the size of the content.
    zstd[4] |= 1;
    zstd.insert(5, 7);
    assert_eq!(inspect(&zstd, 99).1, [OpaqueReason::UnsupportedFormat]);
    let mut lz4 = LZ4.to_vec();
    lz4[4] |= 1;
    assert_eq!(inspect(&lz4, 99).1, [OpaqueReason::UnsupportedFormat]);
}

#[test]
fn windows_are_bounded() {
    let mut lzma = LZMA.to_vec();
    lzma[1..5].copy_from_slice(&(1u32 << 31).to_le_bytes());
    assert_eq!(inspect(&lzma, 99).1, [OpaqueReason::TooLarge]);
    // 128 MiB, in a frame of no told size.
    assert_eq!(inspect(b"\x28\xb5\x2f\xfd\x00\x88\x01\x00\x00", 99).1, [OpaqueReason::TooLarge]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn how_the_bytes_arrive_changes_nothing(
        which in 0usize..10,
        cut in 1usize..90,
        at in 0usize..4_000,
        with in any::<u8>(),
    ) {
        let all: Vec<&[u8]> = [XZ, LZMA, LZ4, ZSTD, Z].into_iter().chain(LISTS).collect();
        let mut bytes = all[which].to_vec();
        prop_assert_eq!(inspect(&bytes, cut), inspect(&bytes, bytes.len()));
        let at = at % bytes.len();
        bytes[at] = with;
        prop_assert_eq!(inspect(&bytes, cut), inspect(&bytes, bytes.len()));
    }
}
