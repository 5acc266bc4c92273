//! Codes drawn by the book, and read back however they lie.

use proptest::prelude::*;

use super::super::gray::Gray;
use super::correct;
use super::spec::{Format, Level, Version};

/// The smallest code of a level for these bytes, as modules that are dark.
fn encode(text: &[u8], level: Level, mask: u8) -> (usize, Vec<bool>) {
    let (version, checks, count) = (1..=40)
        .filter_map(Version::new)
        .find_map(|version| {
            let (checks, count) = version.blocks(level);
            let head = if version.number() < 10 { 2 } else { 3 };
            (version.words() - checks * count >= text.len() + head).then_some((version, checks, count))
        })
        .expect("a version");
    let wide = if version.number() < 10 { 8 } else { 16 };
    let mut bits = format!("0100{:0wide$b}", text.len());
    text.iter().for_each(|byte| bits.push_str(&format!("{byte:08b}")));
    bits.push_str("0000");
    let mut data: Vec<u8> = bits
        .as_bytes()
        .chunks(8)
        .map(|byte| u8::from_str_radix(&format!("{:0<8}", String::from_utf8_lossy(byte)), 2).expect("binary"))
        .collect();
    let mut fill = [0xec, 0x11].into_iter().cycle();
    data.resize_with(version.words() - checks * count, || fill.next().expect("endless"));
    let (short, longer) = (version.words() / count, count - version.words() % count);
    let (mut at, mut blocks) = (0, Vec::new());
    for block in 0..count {
        let len = short - checks + usize::from(block >= longer);
        blocks.push((data[at..at + len].to_vec(), correct::tests::checks(&data[at..at + len], checks)));
        at += len;
    }
    let mut words = Vec::new();
    for n in 0..=short - checks {
        words.extend(blocks.iter().filter_map(|(data, _)| data.get(n)));
    }
    for n in 0..checks {
        words.extend(blocks.iter().map(|(_, checks)| checks[n]));
    }
    let (format, bits) = Format::all().filter(|(f, _)| f.level == level).nth(mask.into()).expect("eight masks");
    let size = version.size();
    let mut dark: Vec<bool> = version.pattern().into_iter().map(|module| module == Some(true)).collect();
    for copy in Format::places(size) {
        copy.iter().enumerate().for_each(|(n, (x, y))| dark[y * size + x] = bits >> n & 1 == 1);
    }
    for (n, (x, y)) in version.path().into_iter().enumerate() {
        let bit = words.get(n / 8).is_some_and(|word| word >> (7 - n % 8) & 1 == 1);
        dark[y * size + x] = bit != format.masks(x, y);
    }
    (size, dark)
}

/// A photograph of a code: `module` pixels a module, turned by `turn`, `blur` pixels out of focus, in these shades.
fn photograph(size: usize, dark: &[bool], module: f32, turn: f32, blur: f32, shades: (f32, f32)) -> Gray {
    let side = ((size as f32 + 10.0) * module * 1.5) as usize;
    let (sin, cos) = turn.sin_cos();
    let shade = |x: f32, y: f32| {
        let (x, y) = (x - side as f32 / 2.0, y - side as f32 / 2.0);
        let u = (x * cos + y * sin) / module + size as f32 / 2.0;
        let v = (y * cos - x * sin) / module + size as f32 / 2.0;
        let inside = u >= 0.0 && v >= 0.0 && u < size as f32 && v < size as f32;
        if inside && dark[v as usize * size + u as usize] { shades.0 } else { shades.1 }
    };
    let near: Vec<(f32, f32)> = (-2i8..=2)
        .flat_map(|y| (-2i8..=2).map(move |x| (f32::from(x), f32::from(y))))
        .map(|(x, y)| (x * (blur / 2.0 + 0.25), y * (blur / 2.0 + 0.25)))
        .collect();
    let pixel = |n: usize| {
        let (x, y) = ((n % side) as f32 + 0.5, (n / side) as f32 + 0.5);
        (near.iter().map(|(dx, dy)| shade(x + dx, y + dy)).sum::<f32>() / near.len() as f32) as u8
    };
    Gray::new(side, (0..side * side).map(pixel).collect())
}

/// How a code lies in a picture that is larger than it.
#[derive(Clone, Copy, Debug)]
pub(in crate::formats::image) struct Lie {
    pub(in crate::formats::image) module: f32,
    pub(in crate::formats::image) turn: f32,
    /// How much nearer one side is than the other.
    pub(in crate::formats::image) tilt: f32,
    /// By how many modules it is bent.
    pub(in crate::formats::image) bend: f32,
    /// Sides of the picture.
    pub(in crate::formats::image) sides: (usize, usize),
    /// Around the code is cloth.
    pub(in crate::formats::image) cloth: bool,
}

impl Default for Lie {
    fn default() -> Self {
        Self { module: 4.0, turn: 0.3, tilt: 0.0, bend: 0.0, sides: (500, 460), cloth: false }
    }
}

/// A picture of a code; of one that is not readable, everything is in its place but the data.
pub(in crate::formats::image) fn picture(text: &[u8], readable: bool, lie: &Lie) -> Gray {
    let (size, mut dark) = encode(text, Level::M, 2);
    if !readable {
        let version = Version::new((size as i32 - 17) / 4).expect("a version");
        for (n, (x, y)) in version.path().into_iter().enumerate() {
            dark[y * size + x] = (n * n + n / 3) % 5 < 2;
        }
    }
    let (sin, cos) = lie.turn.sin_cos();
    let half = size as f32 / 2.0;
    let at = |x: f32, y: f32| {
        let (x, y) = (x - lie.sides.0 as f32 / 2.0, y - lie.sides.1 as f32 / 2.0);
        let farther = 1.0 - lie.tilt * (x * 0.8 + y * 0.6) / (half * lie.module);
        let (u, v) = ((x * cos + y * sin) / lie.module / farther, (y * cos - x * sin) / lie.module / farther);
        let (u, v) = (u + half, v + half + lie.bend * (u / half).powi(2));
        let quiet = 4.0;
        if farther <= 0.1 || u.min(v) < -quiet || u.max(v) > size as f32 + quiet {
            let wave = (x * 0.9).sin() + (y * 1.1).sin() + ((x + y) * 0.37).sin() * (x * 0.013).cos();
            return if lie.cloth { 128.0 + wave * 40.0 } else { 230.0 };
        }
        let inside = u >= 0.0 && v >= 0.0 && u < size as f32 && v < size as f32;
        if inside && dark[v as usize * size + u as usize] { 40.0 } else { 230.0 }
    };
    let within = [-0.375f32, -0.125, 0.125, 0.375];
    let pixel = |n: usize| {
        let (x, y) = ((n % lie.sides.0) as f32 + 0.5, (n / lie.sides.0) as f32 + 0.5);
        // Far from the code it is the same between pixels.
        if (x - lie.sides.0 as f32 / 2.0).hypot(y - lie.sides.1 as f32 / 2.0) > size as f32 * lie.module * 1.2 {
            return at(x, y) as u8;
        }
        let sum: f32 =
            within.iter().flat_map(|dy| within.iter().map(move |dx| (dx, dy))).map(|(dx, dy)| at(x + dx, y + dy)).sum();
        (sum / 16.0) as u8
    };
    Gray::new(lie.sides.0, (0..lie.sides.0 * lie.sides.1).map(pixel).collect())
}

fn texts(gray: &Gray) -> Vec<Vec<u8>> {
    super::read(gray, &super::Work::default()).found.into_iter().map(|symbol| symbol.text).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_code_is_read_however_it_lies(
        text in proptest::collection::vec(any::<u8>(), 1..180),
        level in prop::sample::select(vec![Level::L, Level::M, Level::Q, Level::H]),
        mask in 0u8..8,
        module in 2.5f32..6.0,
        turn in 0.0f32..std::f32::consts::TAU,
        light in any::<bool>(),
    ) {
        let (size, dark) = encode(&text, level, mask);
        let shades = if light { (210.0, 30.0) } else { (40.0, 235.0) };
        let gray = photograph(size, &dark, module, turn, 0.4, shades);
        prop_assert_eq!(texts(&gray), vec![text]);
    }

    #[test]
    fn noise_is_no_code(pixels in proptest::collection::vec(any::<u8>(), 1..40_000), width in 1usize..250) {
        prop_assert!(texts(&Gray::new(width, pixels)).is_empty());
    }
}

const CARD: &str = "001090123456|012345678|Nguyễn Văn Thử|01011990|Nam|Thôn Mẫu, Xã Thử, Huyện Ví Dụ|15052021";

#[test]
fn blur_low_light_and_mirrors_are_seen_through() {
    let (size, dark) = encode(CARD.as_bytes(), Level::M, 2);
    let mirrored: Vec<bool> = (0..size * size).map(|n| dark[n / size * size + size - 1 - n % size]).collect();
    for (dark, module, blur, shades) in [
        (&dark, 5.0, 2.5, (40.0, 230.0)),
        (&dark, 4.0, 0.5, (6.0, 22.0)),
        (&dark, 3.0, 0.5, (120.0, 150.0)),
        (&mirrored, 4.0, 0.5, (40.0, 230.0)),
    ] {
        let gray = photograph(size, dark, module, 0.1, blur, shades);
        assert_eq!(texts(&gray), [CARD.as_bytes()], "{module} {blur} {shades:?}");
    }
}

#[test]
fn damage_within_the_level_is_repaired() {
    let (size, mut dark) = encode(CARD.as_bytes(), Level::Q, 5);
    // A thumb over a part of the data.
    for (x, y) in (0..6).flat_map(|y| (0..6).map(move |x| (x, y))) {
        dark[(size / 2 + y) * size + size / 2 + 6 + x] = true;
    }
    let gray = photograph(size, &dark, 4.0, 0.0, 0.4, (30.0, 240.0));
    assert_eq!(texts(&gray), [CARD.as_bytes()]);
}

#[test]
fn pictures_of_a_file_share_what_their_codes_may_cost() {
    let (size, dark) = encode(b"001090123456", Level::M, 2);
    let gray = photograph(size, &dark, 4.0, 0.1, 0.0, (30.0, 220.0));
    let file = super::Work::default();
    let left = || file.0.get();
    let first = left();
    assert_eq!(super::read(&gray, &file).found.len(), 1);
    let cost = first - left();
    assert!(cost > 0);
    // The same picture costs the same again, until nothing is left, and that is told.
    assert!(!super::read(&gray, &file).many);
    assert_eq!(first - left(), 2 * cost);
    file.0.set(cost - 1);
    assert!(super::read(&gray, &file).many);
    assert!(super::read(&gray, &file).many);
}

#[test]
fn work_is_bounded_and_its_end_is_told() {
    let (size, dark) = encode(b"001090123456", Level::M, 2);
    let gray = photograph(size, &dark, 4.0, 0.1, 0.0, (30.0, 220.0));
    for (work, found, many) in [(super::WORK_MAX, 1, false), (1_000, 0, true), (0, 0, true)] {
        let mut codes = super::Codes { work: super::Work(std::cell::Cell::new(work)), ..super::Codes::default() };
        codes.look(&gray, 1.0, (0.0, 0.0));
        codes.is_over();
        assert_eq!((codes.found.len(), codes.many), (found, many), "{work}");
    }
}

/// The text of an insurance card, whose code is as large as cards have them.
fn insured() -> Vec<u8> {
    format!("GD4010123456789|{}|01/01/1990|1|{}|01 - 012|01/01/2026|-|4|$", "4e6775".repeat(9), "5468c3".repeat(9))
        .into()
}

#[test]
fn a_code_that_is_tilted_is_read() {
    for text in [CARD.as_bytes(), &insured()] {
        for (tilt, turn) in [(0.12, 0.8), (0.15, 4.4)] {
            let lie = Lie { module: 5.0, tilt, turn, sides: (700, 640), ..Lie::default() };
            assert_eq!(texts(&picture(text, true, &lie)), [text], "{lie:?}");
            // The same without anything to say.
            let codes = super::read(&picture(text, false, &lie), &super::Work::default());
            assert_eq!((codes.found.len(), codes.unread.is_empty()), (0, false), "{lie:?}");
        }
    }
}

#[test]
fn a_code_that_is_bent_is_read() {
    for bend in [-1.5, 1.2, 2.0] {
        let lie = Lie { module: 5.0, bend, ..Lie::default() };
        assert_eq!(texts(&picture(CARD.as_bytes(), true, &lie)), [CARD.as_bytes()], "{bend}");
        assert!(texts(&picture(CARD.as_bytes(), false, &lie)).is_empty(), "{bend}");
    }
}

#[test]
fn a_small_code_on_cloth_is_read() {
    {
        let turn = 0.7;
        let lie = Lie { module: 1.7, turn, sides: (1_700, 1_300), cloth: true, ..Lie::default() };
        assert_eq!(texts(&picture(CARD.as_bytes(), true, &lie)), [CARD.as_bytes()], "{turn}");
    }
    // Cloth alone is nothing.
    let codes = super::read(
        &picture(b"1", true, &Lie { module: 0.1, sides: (1_700, 1_300), cloth: true, ..Lie::default() }),
        &super::Work::default(),
    );
    assert_eq!((codes.found.len(), codes.unread.len(), codes.many), (0, 0, false));
}

#[test]
fn squares_within_squares_are_no_code_that_was_not_read() {
    for (apart, module) in [(12, 4), (9, 6), (20, 3)] {
        let middle = |at: usize| (at % (module * apart)).abs_diff(module * apart / 2);
        let pixel = |n: usize| {
            let ring = 2 * middle(n % 600).max(middle(n / 600)) / module;
            if ring < 3 || (5..7).contains(&ring) { 20 } else { 230 }
        };
        let codes = super::read(&Gray::new(600, (0..600 * 500).map(pixel).collect()), &super::Work::default());
        assert_eq!((codes.found.len(), codes.unread.len()), (0, 0), "{apart}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn noise_is_told_as_nothing(pixels in proptest::collection::vec(any::<u8>(), 90_000)) {
        let codes = super::read(&Gray::new(300, pixels), &super::Work::default());
        prop_assert!(codes.unread.is_empty());
    }
}
