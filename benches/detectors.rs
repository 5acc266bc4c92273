//! How fast are the detectors, as a share of reading memory in the same run? One thread, one pass each; every corpus
//! checks that the number of identifiers planted is the number found.
//!
//! `purposefully unfair`: the memory read does nothing but add 64-bit words; no detector can reach it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

#[path = "support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::hint::black_box;

use chot_detectors::{Context, Detectors, Hit};
use chot_model::{Confidence, DetectorId};
use support::{Random, gb_per_s, median};

const CORPUS_BYTES: usize = 8 << 20;
const ROUNDS: usize = 3;

/// A text and how many citizen numbers of confidence medium or more it holds.
struct Corpus {
    name: &'static str,
    text: String,
    planted: usize,
}

fn citizen(random: &mut Random) -> String {
    let province: &&str = random.pick(&["001", "010", "025", "036", "048", "056", "079", "092"]);
    format!("{province}{}{:02}{:06}", random.below(2), 50 + random.below(50), random.below(1_000_000))
}

const WORDS: &[&str] = &[
    "người", "lao", "động", "đề", "nghị", "giải", "quyết", "chế", "độ", "theo", "quy", "định", "hiện", "hành", "của",
    "pháp", "luật", "về", "bảo", "hiểm", "xã", "hội", "trân", "trọng", "kính", "gửi", "quý", "cơ", "quan",
];

fn prose(random: &mut Random) -> Corpus {
    let (mut text, mut planted) = (String::new(), 0);
    while text.len() < CORPUS_BYTES {
        for _ in 0..400 {
            let word: &&str = random.pick(WORDS);
            text.push_str(word);
            text.push(' ');
        }
        let _ = writeln!(text, "số CCCD {}.", citizen(random));
        planted += 1;
    }
    Corpus { name: "prose", text, planted }
}

fn csv(random: &mut Random) -> Corpus {
    let (mut text, mut planted) = ("STT;Họ và tên;Số CCCD;Tiền lương\n".to_owned(), 0);
    while text.len() < CORPUS_BYTES {
        planted += 1;
        let _ = writeln!(
            text,
            "{planted};Nguyễn Văn {};{};{}00000",
            random.pick(WORDS),
            citizen(random),
            40 + random.below(99)
        );
    }
    Corpus { name: "csv rows as text", text, planted }
}

fn json(random: &mut Random) -> Corpus {
    let (mut text, mut planted) = ("[".to_owned(), 0);
    while text.len() < CORPUS_BYTES {
        planted += 1;
        let _ = write!(
            text,
            "{{\"hoTen\":\"{}\",\"soCccd\":\"{}\",\"ghiChu\":null}},",
            random.pick(WORDS),
            citizen(random)
        );
    }
    Corpus { name: "json", text, planted }
}

fn base64ish(random: &mut Random) -> Corpus {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    while text.len() < CORPUS_BYTES {
        for _ in 0..76 {
            text.push(char::from(*random.pick(ALPHABET)));
        }
        text.push('\n');
    }
    Corpus { name: "base64", text, planted: 0 }
}

fn short_groups(random: &mut Random) -> Corpus {
    let mut text = String::new();
    while text.len() < CORPUS_BYTES {
        let _ = write!(text, "{} ", random.below(1_000));
    }
    // Groups of up to three digits may join into something by chance; the count is not checked here.
    Corpus { name: "short groups (adversarial)", text, planted: usize::MAX }
}

fn main() {
    let detectors = Detectors::new(2026);
    let mut random = Random(1);
    println!("{:28} {:>8} {:>10} {:>10} {:>8}", "corpus", "found", "GB/s", "read GB/s", "ratio");
    for corpus in [prose, csv, json, base64ish, short_groups].map(|make| make(&mut random)) {
        let text = corpus.text.as_bytes();
        let mut hits: Vec<Hit> = Vec::new();
        let scanning = median(ROUNDS, || {
            hits.clear();
            detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
            black_box(&hits);
        });
        let reading = median(ROUNDS, || {
            let sum =
                text.chunks_exact(8).fold(0u64, |sum, w| sum.wrapping_add(u64::from_le_bytes(w.try_into().unwrap())));
            black_box(sum);
        });
        let found =
            hits.iter().filter(|h| h.detector == DetectorId::Cccd && h.confidence >= Confidence::Medium).count();
        if corpus.planted != usize::MAX {
            assert_eq!(found, corpus.planted, "{}", corpus.name);
        }
        let (scan, read) = (gb_per_s(text.len(), scanning), gb_per_s(text.len(), reading));
        println!("{:28} {found:>8} {scan:>10.3} {read:>10.2} {:>8.4}", corpus.name, scan / read);
    }
}
