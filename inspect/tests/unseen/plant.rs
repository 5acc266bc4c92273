//! What is hidden: a number with the words that name it, written plainly or in disguise, or a register of twelve people.

use std::fmt::Write;

use chot_model::DetectorId;

use crate::{Random, archive};

/// What is hidden.
pub(crate) struct Plant {
    pub(crate) detector: DetectorId,
    /// Of how many people.
    pub(crate) people: u64,
    pub(crate) how: &'static str,
    /// The words that name it.
    pub(crate) label: &'static str,
    /// The words and the number as they are written.
    pub(crate) said: String,
    /// Without marks and disguise.
    pub(crate) plain: String,
    /// The rows of a register under their headings, if it is one.
    pub(crate) rows: Option<Vec<[String; 3]>>,
}

pub(crate) const REGISTER: u64 = 12;

const CITIZEN: &[&str] = &["Số CCCD", "CCCD", "Số căn cước công dân", "So can cuoc", "Số định danh cá nhân", "SỐ CCCD"];
const INSURANCE: &[&str] = &["Mã số BHXH", "Số sổ BHXH", "Ma so bao hiem xa hoi", "Mã số bảo hiểm xã hội"];
const ORDER: &[&str] = &["Số đơn hàng", "Mã vận đơn", "Số hóa đơn", "Ma don hang"];

impl Plant {
    pub(crate) fn of(random: &mut Random, innocent: bool) -> Self {
        let citizen = innocent || random.below(3) > 0;
        let (detector, labels) = match (innocent, citizen) {
            (true, _) => (DetectorId::Cccd, ORDER),
            (_, true) => (DetectorId::Cccd, CITIZEN),
            (_, false) => (DetectorId::Bhxh, INSURANCE),
        };
        let number = if citizen { self::citizen(random) } else { insurance(random) };
        let label = *random.pick(labels);
        if random.below(5) == 0 {
            let row = |n: u64, random: &mut Random| {
                [(n + 1).to_string(), name(random), if citizen { self::citizen(random) } else { insurance(random) }]
            };
            let rows: Vec<_> = (0..REGISTER).map(|n| row(n, random)).collect();
            let said =
                rows.iter().fold(format!("STT\tHọ và tên\t{label}\n"), |said, row| said + &row.join("\t") + "\n");
            let plain = String::new();
            return Self { plain, detector, people: REGISTER, how: "a register", label, said, rows: Some(rows) };
        }
        let (how, said) = disguise(random, label, &number);
        let plain = bare(&format!("{label}: {number}"));
        Self { plain, detector, people: 1, how, label, said, rows: None }
    }
}

fn citizen(random: &mut Random) -> String {
    let province = random.pick(&["001", "079", "048", "031", "092", "038", "024", "068"]);
    // Born in the last century, so grown up.
    format!("{province}{}{:02}{:06}", random.below(2), 45 + random.below(54), 1_000 + random.below(998_000))
}

fn insurance(random: &mut Random) -> String {
    format!("{}{:08}", random.pick(&["01", "79", "48", "31", "92"]), 10_000_001 + random.below(80_000_000))
}

fn name(random: &mut Random) -> String {
    let family = random.pick(&["Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ"]);
    let middle = random.pick(&["Văn", "Thị", "Minh", "Thu"]);
    format!("{family} {middle} {}", random.pick(&["An", "Bình", "Cường", "Dung", "Hà", "Lan", "Sơn"]))
}

/// The number in groups, set apart by this.
fn groups(number: &str, size: usize, apart: &str) -> String {
    let digits: Vec<char> = number.chars().collect();
    digits.chunks(size).map(String::from_iter).collect::<Vec<_>>().join(apart)
}

/// Each digit written in another way.
fn each(number: &str, digit: impl Fn(u32) -> String) -> String {
    number.chars().filter_map(|c| c.to_digit(10)).map(digit).collect()
}

fn moved(number: &str, zero: u32) -> String {
    each(number, |d| char::from_u32(zero + d).map_or_else(String::new, String::from))
}

/// Letters without their marks, as people type them in a hurry; no number changes.
fn bare(text: &str) -> String {
    const LETTERS: &[(&str, char)] = &[
        ("àáảãạăằắẳẵặâầấẩẫậ", 'a'),
        ("èéẻẽẹêềếểễệ", 'e'),
        ("ìíỉĩị", 'i'),
        ("òóỏõọôồốổỗộơờớởỡợ", 'o'),
        ("ùúủũụưừứửữự", 'u'),
        ("ỳýỷỹỵ", 'y'),
        ("đĐ", 'd'),
    ];
    let plain = |c: char| {
        let lower = c.to_lowercase().next().unwrap_or(c);
        LETTERS.iter().find(|(all, _)| all.contains(lower)).map_or(c, |(_, plain)| *plain)
    };
    text.chars().map(plain).collect()
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let bits = (0..3).fold(0u32, |bits, n| bits << 8 | u32::from(chunk.get(n).copied().unwrap_or_default()));
        let sign = |n| if n > chunk.len() { '=' } else { char::from(SIGNS[(bits >> (18 - 6 * n) & 63) as usize]) };
        (0..4).map(sign).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn uuencoded(text: &str) -> String {
    let mut out = String::from("begin 644 a.txt\n");
    for line in text.as_bytes().chunks(45) {
        let sign = |six: u32| if six == 0 { '`' } else { char::from(32 + six as u8) };
        out.push(sign(line.len() as u32));
        for group in line.chunks(3) {
            let bits = (0..3).fold(0u32, |bits, n| bits << 8 | u32::from(group.get(n).copied().unwrap_or_default()));
            (0..4).for_each(|n| out.push(sign(bits >> (18 - 6 * n) & 63)));
        }
        out.push('\n');
    }
    out + "`\nend\n"
}

/// Numbers of characters, as programs write lists of them.
fn codes(text: &str) -> String {
    text.encode_utf16().map(|unit| unit.to_string()).collect::<Vec<_>>().join(",")
}

/// The words and the number in some way of writing.
fn disguise(random: &mut Random, label: &str, number: &str) -> (&'static str, String) {
    let said = format!("{label}: {number}");
    let quoted = |apart: &str| each(number, |d| format!("\"{d}\"{apart}")).trim_end_matches(apart).to_owned();
    let (head, tail) = number.split_at(number.len() / 2);
    match random.below(48) {
        0 => ("groups of three", format!("{label}: {}", groups(number, 3, " "))),
        1 => ("groups of four", format!("{label}: {}", groups(number, 4, "-"))),
        2 => ("dots", format!("{label}: {}", groups(number, 3, "."))),
        3 => ("digits apart", format!("{label}: {}", groups(number, 1, " "))),
        4 => ("hyphens between digits", format!("{label}: {}", groups(number, 1, "-"))),
        5 => ("zero-width", format!("{label}: {}", groups(number, 2, "\u{200b}"))),
        6 => ("joiners", format!("{label}: {}", groups(number, 1, "\u{2060}"))),
        7 => ("soft hyphens", format!("{label}: {}", groups(number, 5, "\u{ad}"))),
        8 => ("no-break spaces", format!("{label}: {}", groups(number, 3, "\u{a0}"))),
        9 => ("thin spaces", format!("{label}: {}", groups(number, 4, "\u{2009}"))),
        10 => ("full width", format!("{label}: {}", moved(number, 0xff10))),
        11 => ("Arabic digits", format!("{label}: {}", moved(number, 0x660))),
        12 => ("mathematical digits", format!("{label}: {}", moved(number, 0x1d7ce))),
        13 => ("no marks", bare(&said)),
        14 => ("capitals", said.to_uppercase()),
        15 => ("letters for digits", format!("{label}: {}", number.replace('0', "O").replace('1', "l"))),
        16 => {
            const WORDS: [&str; 10] = ["không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín"];
            ("words", format!("{label} là {}", each(number, |d| format!("{} ", WORDS[d as usize]))))
        }
        17 => ("base64", base64(said.as_bytes())),
        18 => ("base64 for addresses", base64(said.as_bytes()).replace('+', "-").replace('/', "_").replace('=', "")),
        19 => (
            "hexadecimal",
            said.bytes().fold(String::new(), |mut out, b| write!(out, "{b:02x}").map(|()| out).expect("memory")),
        ),
        20 => ("hexadecimal pairs", said.bytes().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(" ")),
        21 => ("percent", said.bytes().map(|b| format!("%{b:02X}")).collect()),
        22 => ("references", format!("{label}: {}", each(number, |d| format!("&#{};", 48 + d)))),
        23 => ("references, hexadecimal", format!("{label}: {}", each(number, |d| format!("&#x{:x};", 48 + d)))),
        24 => ("escapes of JSON", format!("{label}: {}", each(number, |d| format!("\\u00{}", 30 + d)))),
        25 => ("escapes of C", format!("{label}: {}", each(number, |d| format!("\\x{}", 30 + d)))),
        26 => ("escapes of CSS", format!("{label}: {}", each(number, |d| format!("\\{} ", 30 + d)))),
        27 => (
            "octal escapes",
            format!(
                "{label}: {}",
                each(number, |d| format!("\\06{d}")).replace("\\068", "\\070").replace("\\069", "\\071")
            ),
        ),
        28 => ("quoted-printable", format!("{label}: {}", each(number, |d| format!("={}", 30 + d)))),
        29 => ("uuencode", uuencoded(&said)),
        30 => ("gzip in base64", base64(&archive::gzip(said.as_bytes()))),
        31 => ("zlib in base64", base64(&archive::zlib(said.as_bytes()))),
        32 => ("base64 twice", base64(base64(said.as_bytes()).as_bytes())),
        33 => ("strings put together", format!("{label} = \"{head}\" + \"{tail}\";")),
        34 => ("tags between", format!("{label}: {head}<b>{tail}</b>")),
        35 => ("comments between", format!("{label}: {head}<!-- x -->{tail}")),
        36 => ("backslashes", format!("{label}: {}", groups(number, 4, "\\-"))),
        37 => ("broken over lines", format!("{label}: {head}-\n{tail}")),
        38 => ("character codes", format!("{label} = String.fromCharCode({})", codes(number))),
        39 => ("all of it in character codes", format!("document.write(String.fromCharCode({}))", codes(&said))),
        40 => (
            "one code a call",
            format!("{label} = {}", each(number, |d| format!("Chr({}) & ", 48 + d)).trim_end_matches(" & ")),
        ),
        41 => ("a list put together", format!("{label} = [{}].join(\"\")", quoted(","))),
        42 => ("a list of codes", format!("{label} = bytes([{}])", codes(number))),
        43 => ("bars", format!("{label}: {}", groups(number, 1, "|"))),
        44 => ("tabs", format!("{label}:\t{}", groups(number, 1, "\t"))),
        45 => (
            "reversed",
            format!("{label} = \"{}\".split(\"\").reverse().join(\"\")", number.chars().rev().collect::<String>()),
        ),
        _ => ("plain", said),
    }
}
