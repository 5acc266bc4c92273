//! What ISO/IEC 18004 fixes: sizes, where the patterns stand, how many check words there are, masks and format bits.

/// Check words a block, by level (L, M, Q, H) and version (ISO/IEC 18004:2015, table 9).
const CHECKS: [[u8; 40]; 4] = [
    [
        7, 10, 15, 20, 26, 18, 20, 24, 30, 18, 20, 24, 26, 30, 22, 24, 28, 30, 28, 28, 28, 28, 30, 30, 26, 28, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        10, 16, 26, 18, 24, 16, 18, 22, 22, 26, 30, 22, 22, 24, 24, 28, 28, 26, 26, 26, 26, 28, 28, 28, 28, 28, 28, 28,
        28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    ],
    [
        13, 22, 18, 26, 18, 24, 18, 22, 20, 24, 28, 26, 24, 20, 30, 24, 28, 28, 26, 30, 28, 30, 30, 30, 30, 28, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
    [
        17, 28, 22, 16, 22, 28, 26, 26, 24, 28, 24, 28, 22, 24, 24, 30, 28, 28, 26, 28, 30, 24, 30, 30, 30, 30, 30, 30,
        30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30,
    ],
];

/// Blocks, by level and version (the same table).
const BLOCKS: [[u8; 40]; 4] = [
    [
        1, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 4, 6, 6, 6, 6, 7, 8, 8, 9, 9, 10, 12, 12, 12, 13, 14, 15, 16, 17, 18,
        19, 19, 20, 21, 22, 24, 25,
    ],
    [
        1, 1, 1, 2, 2, 4, 4, 4, 5, 5, 5, 8, 9, 9, 10, 10, 11, 13, 14, 16, 17, 17, 18, 20, 21, 23, 25, 26, 28, 29, 31,
        33, 35, 37, 38, 40, 43, 45, 47, 49,
    ],
    [
        1, 1, 2, 2, 4, 4, 6, 6, 8, 8, 8, 10, 12, 16, 12, 17, 16, 18, 21, 20, 23, 23, 25, 27, 29, 34, 34, 35, 38, 40,
        43, 45, 48, 51, 53, 56, 59, 62, 65, 68,
    ],
    [
        1, 1, 2, 4, 4, 4, 5, 6, 8, 8, 11, 11, 16, 16, 18, 16, 19, 21, 25, 25, 25, 34, 30, 32, 35, 37, 40, 42, 45, 48,
        51, 54, 57, 60, 63, 66, 70, 74, 77, 81,
    ],
];

/// How much damage a code bears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    L,
    M,
    Q,
    H,
}

/// A size of code, 1 to 40.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Version(u8);

impl Version {
    /// The version of this number, if there is one.
    pub(super) fn new(number: i32) -> Option<Self> {
        u8::try_from(number).ok().filter(|n| (1..=40).contains(n)).map(Self)
    }

    pub(super) const fn number(self) -> usize {
        self.0 as usize
    }

    /// Modules along a side.
    pub(super) const fn size(self) -> usize {
        self.number() * 4 + 17
    }

    /// Centres of the alignment patterns along a side (annex E).
    pub(super) fn alignments(self) -> Vec<usize> {
        let version = self.number();
        if version == 1 {
            return Vec::new();
        }
        let count = version / 7 + 2;
        let step = if version == 32 { 26 } else { (version * 4 + count * 2 + 1) / (count * 2 - 2) * 2 };
        let last = self.size() - 7;
        std::iter::once(6).chain((0..count - 1).rev().map(|n| last - n * step)).collect()
    }

    /// Centres of all alignment patterns: those that would lie on a finder are left out.
    pub(super) fn alignment_centres(self) -> Vec<(usize, usize)> {
        let along = self.alignments();
        let (first, last) = (6, self.size() - 7);
        let finder = |x: usize, y: usize| (x == first && (y == first || y == last)) || (x == last && y == first);
        along.iter().flat_map(|y| along.iter().map(move |x| (*x, *y))).filter(|(x, y)| !finder(*x, *y)).collect()
    }

    /// Code words, those for checking included.
    pub(super) fn words(self) -> usize {
        let version = self.number();
        let mut modules = (16 * version + 128) * version + 64;
        if version >= 2 {
            let count = version / 7 + 2;
            modules -= (25 * count - 10) * count - 55;
            if version >= 7 {
                modules -= 36;
            }
        }
        modules / 8
    }

    /// Check words a block, and blocks.
    pub(super) fn blocks(self, level: Level) -> (usize, usize) {
        let of = |table: &[[u8; 40]; 4]| {
            let row = table.get(level as usize);
            row.and_then(|row| row.get(self.number() - 1)).copied().map_or(1, usize::from)
        };
        (of(&CHECKS), of(&BLOCKS))
    }

    /// The eighteen bits by which codes of version 7 and above say which they are (7.10, annex D).
    fn bits(self) -> u32 {
        let number = u32::from(self.0);
        let mut rest = number;
        for _ in 0..12 {
            rest = (rest << 1) ^ ((rest >> 11) * 0x1f25);
        }
        number << 12 | (rest & 0xfff)
    }

    /// What stands at a module in every code of this version: dark, light, or `None` for format and data.
    pub(super) fn pattern(self) -> Vec<Option<bool>> {
        let size = self.size();
        let mut modules = vec![None; size * size];
        let mut set = |x: usize, y: usize, dark: bool| {
            if x < size
                && let Some(module) = modules.get_mut(y * size + x)
            {
                *module = Some(dark);
            }
        };
        for n in 8..size - 8 {
            set(n, 6, n % 2 == 0);
            set(6, n, n % 2 == 0);
        }
        for (cx, cy) in self.alignment_centres() {
            for (y, x) in (0..5).flat_map(|y| (0..5).map(move |x| (y, x))) {
                let ring = usize::abs_diff(x, 2).max(usize::abs_diff(y, 2));
                set(cx + x - 2, cy + y - 2, ring != 1);
            }
        }
        for (cx, cy) in [(3, 3), (size - 4, 3), (3, size - 4)] {
            // With the light border that parts a finder from the rest.
            for (y, x) in (0..9).flat_map(|y| (0..9).map(move |x| (y, x))) {
                let ring = usize::abs_diff(x, 4).max(usize::abs_diff(y, 4));
                if cx + x >= 4 && cy + y >= 4 && cy + y - 4 < size {
                    set(cx + x - 4, cy + y - 4, !matches!(ring, 2 | 4));
                }
            }
        }
        set(8, size - 8, true);
        for n in 0..if self.number() >= 7 { 18 } else { 0 } {
            let (along, aside) = (size - 11 + n % 3, n / 3);
            let dark = self.bits() >> n & 1 == 1;
            set(along, aside, dark);
            set(aside, along, dark);
        }
        modules
    }

    /// Where data stands, in the order it is read, two columns at a time from the right (7.7.3).
    pub(super) fn path(self) -> Vec<(usize, usize)> {
        let size = self.size();
        let fixed = self.pattern();
        let reserved = |x: usize, y: usize| {
            let format = (x == 8 && (y < 9 || y >= size - 8)) || (y == 8 && (x < 9 || x >= size - 8));
            format || fixed.get(y * size + x).copied().flatten().is_some()
        };
        let mut path = Vec::with_capacity(self.words() * 8 + 7);
        let mut up = true;
        let mut right = size - 1;
        while right >= 1 {
            if right == 6 {
                right = 5;
            }
            for step in 0..size {
                let y = if up { size - 1 - step } else { step };
                for x in [right, right - 1] {
                    if !reserved(x, y) {
                        path.push((x, y));
                    }
                }
            }
            up = !up;
            right = right.saturating_sub(2);
        }
        path
    }
}

/// Level and mask of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) level: Level,
    mask: u8,
}

impl Format {
    /// Every format, with its fifteen bits as they stand in a code (7.9, annex C).
    pub(super) fn all() -> impl Iterator<Item = (Self, u16)> {
        (0..32u16).map(|data| {
            let mut rest = data;
            for _ in 0..10 {
                rest = (rest << 1) ^ ((rest >> 9) * 0x537);
            }
            let level = match data >> 3 {
                0 => Level::M,
                1 => Level::L,
                2 => Level::H,
                _ => Level::Q,
            };
            let format = Self { level, mask: (data & 7) as u8 };
            (format, (data << 10 | (rest & 0x3ff)) ^ 0x5412)
        })
    }

    /// Where the bits of the two copies stand, lowest first.
    pub(super) fn places(size: usize) -> [[(usize, usize); 15]; 2] {
        let mut places = [[(0, 0); 15]; 2];
        let [first, second] = &mut places;
        for (n, (one, two)) in first.iter_mut().zip(second).enumerate() {
            *one = match n {
                0..=5 => (8, n),
                6 | 7 => (8, n + 1),
                8 => (7, 8),
                _ => (14 - n, 8),
            };
            *two = if n < 8 { (size - 1 - n, 8) } else { (8, size - 15 + n) };
        }
        places
    }

    /// Whether the mask turns this module (7.8.2).
    pub(super) const fn masks(self, x: usize, y: usize) -> bool {
        match self.mask {
            0 => (x + y).is_multiple_of(2),
            1 => y.is_multiple_of(2),
            2 => x.is_multiple_of(3),
            3 => (x + y).is_multiple_of(3),
            4 => (x / 3 + y / 2).is_multiple_of(2),
            5 => x * y % 2 + x * y % 3 == 0,
            6 => (x * y % 2 + x * y % 3).is_multiple_of(2),
            _ => ((x + y) % 2 + x * y % 3).is_multiple_of(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_module_has_one_meaning() {
        for version in (1..=40).filter_map(Version::new) {
            let over = version.path().len() - version.words() * 8;
            assert!(over < 8, "{version:?}: {over} bits too many");
        }
    }

    #[test]
    fn alignment_patterns_stand_where_annex_e_says() {
        let centres = |n| Version::new(n).map(Version::alignments).unwrap_or_default();
        assert_eq!(centres(2), [6, 18]);
        assert_eq!(centres(7), [6, 22, 38]);
        assert_eq!(centres(22), [6, 26, 50, 74, 98]);
        assert_eq!(centres(32), [6, 34, 60, 86, 112, 138]);
        assert_eq!(centres(40), [6, 30, 58, 86, 114, 142, 170]);
    }

    #[test]
    fn versions_say_which_they_are() {
        // Table D.1.
        for (number, bits) in [(7, 0x07c94), (8, 0x085bc), (21, 0x15683), (40, 0x28c69)] {
            assert_eq!(Version::new(number).map(Version::bits), Some(bits));
        }
    }

    #[test]
    fn formats_lie_seven_bits_apart() {
        let all: Vec<_> = Format::all().map(|(_, bits)| bits).collect();
        // Table C.1: level M, mask 0, and level L, mask 7.
        assert!(all.contains(&0x5412) && all.contains(&0x6976));
        for (n, one) in all.iter().enumerate() {
            assert!(all.iter().skip(n + 1).all(|two| (one ^ two).count_ones() >= 5));
        }
    }
}
