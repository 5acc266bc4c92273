//! Letters of an office: templates with sentences, dates, amounts and agencies in them, and in some a person. And
//! articles, which are nothing but sentences.

use std::fmt::Write as _;

use chot_model::DetectorId;

use super::{Corpus, Counts, people};
use crate::Random;

const AGENCIES: &[&str] = &[
    "Bảo hiểm xã hội thành phố Hà Nội",
    "BHXH tỉnh Nam Định",
    "Bảo hiểm xã hội khu vực XII",
    "BHXH cơ sở Phú Nhuận",
    "Văn phòng Bảo hiểm xã hội tỉnh Lào Cai",
];

/// Nothing but letters.
pub(super) fn prose(random: &mut Random, bytes: usize) -> Corpus {
    let (mut text, mut planted) = (String::new(), Counts::new());
    let writer = Writer::new();
    while text.len() < bytes {
        writer.letter(random, &mut text, &mut planted);
        text.push_str("\n\n");
    }
    Corpus::alike(text.into_bytes(), planted)
}

/// Articles: years, counts and amounts in plain prose, and a person once in fifty KiB or so.
pub(super) fn articles(random: &mut Random, bytes: usize) -> Corpus {
    /// Bytes between two persons.
    const APART: u64 = 50 << 10;
    let (mut text, mut planted) = (String::new(), Counts::new());
    let sentences: Vec<_> = include_str!("articles.txt").lines().collect();
    let writer = Writer { letters: Vec::new(), sentences };
    let mut next = random.below(2 * APART) as usize;
    while text.len() < bytes {
        for _ in 0..3 + random.below(4) {
            writer.fill("{cau} ", random, &mut text, &mut planted);
        }
        if text.len() > next {
            writer.fill("Tòa soạn đã chuyển thư của bạn đọc {ten}, số CCCD {cccd}.", random, &mut text, &mut planted);
            next = text.len() + random.below(2 * APART) as usize;
        }
        text.push_str("\n\n");
    }
    Corpus::alike(text.into_bytes(), planted)
}

/// Writes letters.
pub(super) struct Writer {
    letters: Vec<&'static str>,
    sentences: Vec<&'static str>,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self {
            letters: include_str!("letters.txt").split("---\n").collect(),
            sentences: include_str!("sentences.txt").lines().collect(),
        }
    }

    /// Appends a letter to `text`, and what it says of people to `planted`.
    pub(super) fn letter(&self, random: &mut Random, text: &mut String, planted: &mut Counts) {
        let letter: &&str = random.pick(&self.letters);
        self.fill(letter, random, text, planted);
    }

    fn fill(&self, template: &str, random: &mut Random, text: &mut String, planted: &mut Counts) {
        let mut rest = template;
        while let Some((plain, slot)) = rest.split_once('{') {
            text.push_str(plain);
            let (slot, behind) = slot.split_once('}').unwrap_or((slot, ""));
            rest = behind;
            let mut plant = |id| *planted.entry(id).or_default() += 1;
            let filled = match slot {
                "cau" => {
                    let sentence: &&str = random.pick(&self.sentences);
                    self.fill(sentence, random, text, planted);
                    continue;
                }
                "cccd" => {
                    plant(DetectorId::Cccd);
                    grouped(random)
                }
                "cmnd" => {
                    plant(DetectorId::Cmnd);
                    people::old_card(random)
                }
                "bhxh" => {
                    plant(DetectorId::Bhxh);
                    people::insurance(random)
                }
                "bhyt" => {
                    plant(DetectorId::Bhyt);
                    people::card(random)
                }
                "ten" => people::name(random),
                "coquan" => (*random.pick(AGENCIES)).to_owned(),
                "noi" => people::place(random).to_owned(),
                "diachi" => people::address(random),
                "ngay" => people::day(random, 2010, 16),
                "thang" => format!("tháng {:02}/{}", 1 + random.below(12), 2010 + random.below(16)),
                "nam" => (2010 + random.below(16)).to_string(),
                "tien" => people::amount(random),
                "so" => (1 + random.below(4_000)).to_string(),
                "it" => (1 + random.below(9)).to_string(),
                "nhieu" => format!("{}.{:03}", 1 + random.below(999), random.below(1_000)),
                "ngaydai" => {
                    let (day, month) = (1 + random.below(28), 1 + random.below(12));
                    format!("ngày {day:02} tháng {month:02} năm {}", 2010 + random.below(16))
                }
                other => unreachable!("no slot {other}"),
            };
            text.push_str(&filled);
        }
        text.push_str(rest);
    }
}

/// A citizen number, one in five in groups.
fn grouped(random: &mut Random) -> String {
    let number = people::citizen(random);
    let (size, sign) = match random.below(10) {
        0 => (3, ' '),
        1 => (4, '.'),
        _ => return number,
    };
    let mut text = String::new();
    for (n, digit) in number.chars().enumerate() {
        if n > 0 && n % size == 0 {
            text.push(sign);
        }
        let _ = write!(text, "{digit}");
    }
    text
}
