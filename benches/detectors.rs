//! How fast are the detectors, as a share of reading memory in the same run? One thread, CPU time.
//!
//! Two columns: *identifiers only* is the core engine over one text; *as the gateway calls it* is the whole inspector,
//! every detector, disguises and decoding on. Every corpus checks that what was planted is what is found, by both.
//! The last columns run the same on a tenth of the corpus: time must not grow faster than the input.
//!
//! The memory read is unfair on purpose: it only adds 64-bit words.
//!
//! `cargo bench -p chot-benches --profile fast [-- NAME…]` measures only the corpora named; `CHOT_BENCH_MIB` makes
//! them smaller while working.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark prints, and fails by panicking")]

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Duration;

use chot_benches::{Random, cpu_time_of, gb_per_s};
use chot_detectors::{Context, Detectors, Hit};
use chot_inspect::{Hint, Inspector, Limits};
use chot_model::{Confidence, DetectorId};

/// MiB of each corpus when `CHOT_BENCH_MIB` does not say.
const CORPUS_MIB: usize = 128;
/// Time may grow so much with ten times the input.
const GROWTH_MAX: f64 = 11.0;
/// What a clock of ticks makes of it, and the memory allocator.
const GROWTH_NOISE: f64 = 2.0;

/// What the issue of speed asks: the share of a memory read, identifiers only and as the gateway calls it.
type Goal = (f64, f64);

struct Kind {
    name: &'static str,
    hint: &'static str,
    goal: Goal,
    make: fn(&mut Random, usize) -> Corpus,
}

const KINDS: &[Kind] = &[
    Kind { name: "prose", hint: "", goal: (0.5, 0.08), make: prose },
    Kind { name: "csv", hint: "", goal: (0.05, 0.04), make: csv },
    Kind { name: "json", hint: "", goal: (0.08, 0.04), make: json },
    Kind { name: "base64", hint: "", goal: (0.25, 0.08), make: base64 },
    Kind { name: "random", hint: "", goal: (0.25, 0.08), make: random },
    Kind { name: "logs", hint: "", goal: (0.04, 0.03), make: logs },
    Kind { name: "groups", hint: "", goal: (0.01, 0.005), make: short_groups },
    Kind { name: "signs", hint: "", goal: (0.01, 0.005), make: changing_signs },
    Kind { name: "twelves", hint: "", goal: (0.01, 0.005), make: twelves },
];

/// A text and what is in it.
struct Corpus {
    bytes: Vec<u8>,
    /// Citizen numbers of confidence medium or more; `None` where chance decides.
    citizens: Option<u64>,
}

impl Corpus {
    fn of(text: String, citizens: Option<u64>) -> Self {
        Self { bytes: text.into_bytes(), citizens }
    }
}

fn citizen(random: &mut Random) -> String {
    let province: &&str = random.pick(&["001", "010", "025", "036", "048", "056", "079", "092"]);
    format!("{province}{}{:02}{:06}", random.below(2), 50 + random.below(50), random.below(1_000_000))
}

const WORDS: &[&str] = &[
    "người", "lao", "động", "đề", "nghị", "giải", "quyết", "chế", "độ", "theo", "quy", "định", "hiện", "hành", "của",
    "pháp", "luật", "về", "bảo", "hiểm", "xã", "hội", "trân", "trọng", "kính", "gửi", "quý", "cơ", "quan",
];
const SURNAMES: &[&str] = &["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Đặng", "Bùi", "Đỗ"];
const MIDDLES: &[&str] = &["Văn", "Thị", "Đức", "Minh", "Thu"];
const GIVEN: &[&str] = &["An", "Bình", "Dũng", "Hà", "Hương", "Lan", "Nam", "Phúc", "Quang", "Thảo", "Tuấn", "Yến"];
const STREETS: &[&str] =
    &["phố Huế, Hà Nội", "đường Lê Lợi, Thành phố Huế", "thôn Đông, xã Tân Hòa", "phường 5, Mỹ Tho"];

fn name(random: &mut Random) -> String {
    format!("{} {} {}", random.pick(SURNAMES), random.pick(MIDDLES), random.pick(GIVEN))
}

/// Letters of an office: sentences with capitals, now and then a year, a clause, a number.
fn prose(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) = (String::new(), 0);
    while text.len() < bytes {
        for _ in 0..40 {
            let word: &&str = random.pick(WORDS);
            let mut letters = word.chars();
            text.extend(letters.next().into_iter().flat_map(char::to_uppercase));
            text.push_str(letters.as_str());
            for _ in 0..8 + random.below(8) {
                let word: &&str = random.pick(WORDS);
                text.push(' ');
                text.push_str(word);
            }
            if random.below(6) == 0 {
                let _ = write!(text, " năm {}", 2000 + random.below(26));
            }
            text.push_str(if random.below(5) == 0 { ".\n" } else { ". " });
        }
        let _ = writeln!(text, "Đề nghị kiểm tra số CCCD {}.", citizen(random));
        planted += 1;
    }
    Corpus::of(text, Some(planted))
}

/// A register: four findings a line.
fn csv(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) =
        ("STT,Họ và tên,Ngày sinh,Số CCCD,Mã số BHXH,Điện thoại,Tiền lương,Ghi chú\n".to_owned(), 0);
    while text.len() < bytes {
        planted += 1;
        let _ = writeln!(
            text,
            "{planted},{},{:02}/{:02}/{},{},79{:08},09{:08},{}00000,{}",
            name(random),
            1 + random.below(28),
            1 + random.below(12),
            1950 + random.below(50),
            citizen(random),
            random.below(100_000_000),
            10_000_000 + random.below(80_000_000),
            40 + random.below(99),
            random.pick(WORDS),
        );
    }
    Corpus::of(text, Some(planted))
}

/// Answers of an interface: one record in four is about a person.
fn json(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) = ("[".to_owned(), 0);
    while text.len() < bytes {
        if text.len() > 1 {
            text.push(',');
        }
        let _ = write!(
            text,
            "{{\"id\":{},\"trangThai\":\"{}\",\"active\":true,\"updatedAt\":\"2026-{:02}-{:02}T{:02}:15:00Z\",",
            random.below(1_000_000),
            random.pick(&["moi", "dang_xu_ly", "hoan_thanh"]),
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
        );
        if random.below(4) == 0 {
            planted += 1;
            let _ = write!(
                text,
                "\"hoTen\":\"{}\",\"soCccd\":\"{}\",\"diaChi\":\"{} {}\",",
                name(random),
                citizen(random),
                1 + random.below(300),
                random.pick(STREETS)
            );
        }
        let _ = write!(text, "\"soTien\":{},\"ghiChu\":null,\"moTa\":\"", random.below(100_000_000));
        for _ in 0..10 {
            let word: &&str = random.pick(WORDS);
            text.push_str(word);
            text.push(' ');
        }
        text.push_str("\"}");
    }
    text.push(']');
    Corpus::of(text, Some(planted))
}

/// A picture in base64, as mails and forms carry it.
fn base64(random: &mut Random, bytes: usize) -> Corpus {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    while text.len() < bytes {
        for _ in 0..76 {
            text.push(char::from(*random.pick(ALPHABET)));
        }
        text.push('\n');
    }
    Corpus::of(text, Some(0))
}

/// Bytes of a compressed upload of no known kind.
fn random(random: &mut Random, bytes: usize) -> Corpus {
    Corpus { bytes: (0..bytes / 8).flat_map(|_| random.word().to_le_bytes()).collect(), citizens: None }
}

/// Lines of a web server: moments, addresses, identifiers of requests, durations.
fn logs(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = writeln!(
            text,
            "2026-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z INFO http 10.{}.{}.{}:{} GET /api/v1/items/{} 200 {}us req={:016x} seq={}",
            1 + random.below(12),
            1 + random.below(28),
            random.below(24),
            random.below(60),
            random.below(60),
            random.below(1000),
            random.below(256),
            random.below(256),
            random.below(256),
            30_000 + random.below(30_000),
            random.below(10_000_000),
            random.below(1_000_000),
            random.word(),
            random.below(1_000_000_000_000),
        );
    }
    Corpus::of(text, None)
}

/// Groups of up to three digits, which may join into anything.
fn short_groups(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = write!(text, "{} ", random.below(1_000));
    }
    Corpus::of(text, None)
}

/// The same with a sign that changes.
fn changing_signs(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = write!(text, "{}{}", random.below(10_000), random.pick(&[" ", ".", "-", "/", "  ", ") "]));
    }
    Corpus::of(text, None)
}

/// Nothing but numbers that may be anybody's.
fn twelves(random: &mut Random, bytes: usize) -> Corpus {
    let mut text = String::new();
    while text.len() < bytes {
        let _ = writeln!(text, "{:012}", random.below(1_000_000_000_000));
    }
    Corpus::of(text, None)
}

/// What a pass found: citizen numbers that count.
type Pass<'d> = dyn Fn(&[u8]) -> u64 + 'd;

fn identifiers(detectors: &Detectors, text: &[u8]) -> u64 {
    let mut hits: Vec<Hit> = Vec::new();
    detectors.scan(text, 0..text.len(), Context::default(), &mut hits);
    hits.iter().filter(|h| h.detector == DetectorId::Cccd && h.confidence >= Confidence::Medium).count() as u64
}

fn gateway(inspector: &Inspector, text: &[u8], name: &str) -> u64 {
    let hint = Hint { name: (!name.is_empty()).then(|| name.to_owned()), content_type: None };
    let mut inspecting = inspector.begin(hint);
    for chunk in text.chunks(1 << 16) {
        inspecting.push(chunk);
    }
    let inspected = inspecting.finish(&Same(text));
    inspected.inspection.tallies.get(&DetectorId::Cccd).map_or(0, |tally| tally.count)
}

/// The bytes as a source, without copying them.
struct Same<'t>(&'t [u8]);

impl chot_inspect::Source for Same<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> std::io::Result<usize> {
        self.0.read_at(offset, buf)
    }
}

fn read(text: &[u8]) -> u64 {
    text.chunks_exact(8).fold(0u64, |sum, w| sum.wrapping_add(u64::from_le_bytes(w.try_into().unwrap())))
}

fn main() {
    let mib = std::env::var("CHOT_BENCH_MIB").map_or(CORPUS_MIB, |mib| mib.parse().expect("a number of MiB"));
    let wanted: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let only = Detectors::only(DetectorId::identifiers(), 2026);
    let inspector = Inspector::new(Limits::default(), 2026);
    println!("{mib} MiB each; ratios to a plain memory read; goals in brackets");
    println!(
        "{:8} {:>9} {:>9} {:>16} {:>9} {:>16} {:>7} {:>7}",
        "corpus", "read GB/s", "ids MB/s", "ratio", "all MB/s", "ratio", "t×10", "t×10"
    );
    for kind in KINDS.iter().filter(|k| wanted.is_empty() || wanted.iter().any(|w| w == k.name)) {
        let mut made = (kind.make)(&mut Random(1), mib << 20);
        made.bytes.shrink_to_fit();
        let text = made.bytes.as_slice();
        let tenth = text.split_at(text.len() / 10).0;
        let passes: [&Pass<'_>; 2] = [&|t| identifiers(&only, t), &|t| gateway(&inspector, t, kind.hint)];
        let reading = gb_per_s(
            text.len(),
            cpu_time_of(|| {
                black_box(read(black_box(text)));
            }),
        );
        let mut line = format!("{:8} {reading:>9.2}", kind.name);
        let mut growths = [0.0; 2];
        for ((pass, goal), growth) in passes.iter().zip([kind.goal.0, kind.goal.1]).zip(&mut growths) {
            if let Some(citizens) = made.citizens {
                assert_eq!(pass(text), citizens, "{}", kind.name);
            }
            let whole: Duration = cpu_time_of(|| {
                black_box(pass(black_box(text)));
            });
            let part: Duration = cpu_time_of(|| {
                black_box(pass(black_box(tenth)));
            });
            *growth = whole.as_secs_f64() / part.as_secs_f64();
            assert!(*growth < GROWTH_MAX * GROWTH_NOISE, "{}: not linear: {growth:.1}", kind.name);
            let speed = gb_per_s(text.len(), whole);
            let _ = write!(line, " {:>9.1} {:>7.4} [{goal:>6}]", speed * 1e3, speed / reading);
        }
        let [first, second] = growths;
        println!("{line} {first:>7.1} {second:>7.1}");
    }
}
