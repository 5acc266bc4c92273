//! The shades of a code's modules, and what they say.

use super::super::gray::Gray;
use super::frame::{Point, solve};
use super::spec::{Format, Version};
use super::symbol::Marks;
use super::{bits, correct};

/// The shades of the modules around their neighbourhood's: above zero is light.
#[derive(Clone, Debug)]
pub(super) struct Modules {
    size: usize,
    shades: Vec<f32>,
}

impl Modules {
    /// What a picture shows where `at` says that points of the code lie.
    pub(super) fn sample(gray: &Gray, at: impl Fn(Point) -> Point, size: usize, sign: f32) -> Self {
        let mut shades = Vec::with_capacity(size * size);
        for (v, u) in (0..size).flat_map(|v| (0..size).map(move |u| (v as f32 + 0.5, u as f32 + 0.5))) {
            let near = [(0.0, 0.0), (-0.22, -0.22), (0.22, -0.22), (-0.22, 0.22), (0.22, 0.22)];
            let sum: f32 = near
                .iter()
                .map(|(du, dv)| {
                    let (x, y) = at((u + du, v + dv));
                    gray.at(x, y)
                })
                .sum();
            shades.push(sum * sign / near.len() as f32);
        }
        Self { size, shades }.levelled()
    }

    /// Without the slow changes of light over the code: masks see to it that dark and light are even anywhere.
    fn levelled(self) -> Self {
        const AROUND: usize = 5;
        let size = self.size;
        let mut sums = vec![0f32; (size + 1) * (size + 1)];
        for y in 0..size {
            let mut row = 0.0;
            for x in 0..size {
                row += self.get(x, y);
                let above = sums.get(y * (size + 1) + x + 1).copied().unwrap_or_default();
                if let Some(sum) = sums.get_mut((y + 1) * (size + 1) + x + 1) {
                    *sum = above + row;
                }
            }
        }
        let sum = |x: usize, y: usize| sums.get(y * (size + 1) + x).copied().unwrap_or_default();
        let range = |n: usize| (n.saturating_sub(AROUND), (n + AROUND + 1).min(size));
        let shades = (0..size * size).map(|n| {
            let ((left, right), (top, low)) = (range(n % size), range(n / size));
            let all = sum(right, low) - sum(left, low) - sum(right, top) + sum(left, top);
            self.get(n % size, n / size) - all / ((right - left) * (low - top)) as f32
        });
        Self { size, shades: shades.collect() }
    }

    fn get(&self, x: usize, y: usize) -> f32 {
        self.shades.get(y * self.size + x).copied().unwrap_or_default()
    }

    pub(super) fn mirrored(&self) -> Self {
        let size = self.size;
        Self { size, shades: (0..size * size).map(|n| self.get(n / size, n % size)).collect() }
    }

    /// Sums of a module and its neighbours by how far off they are, and one.
    fn around(&self, x: usize, y: usize, blur: Blur) -> [f64; KINDS] {
        let mut kinds = [0.0; KINDS];
        for dy in -2isize..=2 {
            for dx in -2isize..=2 {
                let near = |n: usize, by: isize| n.checked_add_signed(by).filter(|n| *n < self.size);
                if let (Some(x), Some(y)) = (near(x, dx), near(y, dy))
                    && let Some(kind) = kinds.get_mut(blur.kind(dx, dy))
                {
                    *kind += f64::from(self.get(x, y));
                }
            }
        }
        kinds[KINDS - 1] = 1.0;
        kinds
    }

    /// Undoes the blur, as the modules that are known show it to be (least squares over a 5 × 5 filter).
    pub(super) fn sharpened(&self, marks: &Marks, blur: Blur) -> Option<Self> {
        let scale = self.shades.iter().map(|s| f64::from(s.abs())).sum::<f64>() / self.shades.len().max(1) as f64;
        let mut rows = [[0f64; KINDS + 1]; KINDS];
        for (u, v, mark) in &marks.points {
            let kinds = self.around(*u as usize, *v as usize, blur);
            for (row, one) in rows.iter_mut().zip(kinds) {
                for (sum, two) in row.iter_mut().zip(kinds.iter().chain([&f64::from(*mark)])) {
                    *sum += one * two;
                }
            }
        }
        // A little of nothing: with noise and few known modules the filter stays tame.
        for (n, row) in rows.iter_mut().enumerate() {
            row[n] += scale * scale * 2.0 + 1e-6;
        }
        let weights = solve(&mut rows)?;
        let sharp = |n: usize| {
            let kinds = self.around(n % self.size, n / self.size, blur);
            kinds.iter().zip(weights).map(|(kind, weight)| kind * weight).sum::<f64>() as f32
        };
        Some(Self { size: self.size, shades: (0..self.size * self.size).map(sharp).collect() })
    }

    pub(super) fn decode(&self, version: Version) -> Option<Vec<u8>> {
        const FORMATS_TRIED: usize = 2;
        let places = Format::places(self.size);
        let mut formats: Vec<_> = Format::all()
            .map(|(format, bits)| {
                let copies = places.iter().flat_map(|copy| copy.iter().enumerate());
                let agree = |(n, (x, y)): (usize, &(usize, usize))| {
                    if bits >> n & 1 == 1 { -self.get(*x, *y) } else { self.get(*x, *y) }
                };
                (format, copies.map(agree).sum::<f32>())
            })
            .collect();
        formats.sort_by(|a, b| b.1.total_cmp(&a.1));
        formats.into_iter().take(FORMATS_TRIED).find_map(|(format, _)| self.words(version, format))
    }

    fn words(&self, version: Version, format: Format) -> Option<Vec<u8>> {
        let (checks, count) = version.blocks(format.level);
        let total = version.words();
        // Each word with how sure its least sure bit is.
        let mut words = version
            .path()
            .chunks_exact(8)
            .take(total)
            .map(|places| {
                places.iter().fold((0u8, f32::MAX), |(word, sure), (x, y)| {
                    let shade = self.get(*x, *y);
                    let dark = (shade < 0.0) != format.masks(*x, *y);
                    (word << 1 | u8::from(dark), sure.min(shade.abs()))
                })
            })
            .collect::<Vec<_>>()
            .into_iter();
        let short = total / count;
        let longer = count - total % count;
        let len = |block: usize| short - checks + usize::from(block >= longer);
        let mut blocks = vec![Vec::with_capacity(short + 1); count];
        for n in 0..=short - checks {
            for (at, block) in blocks.iter_mut().enumerate() {
                if n < len(at) {
                    block.push(words.next()?);
                }
            }
        }
        for _ in 0..checks {
            for block in &mut blocks {
                block.push(words.next()?);
            }
        }
        let mut data = Vec::with_capacity(total);
        for (at, block) in blocks.iter().enumerate() {
            data.extend_from_slice(repaired(block, checks)?.get(..len(at))?);
        }
        bits::text(&data, version.number())
    }
}

/// Kinds of neighbours that `around` sums, and the constant.
const KINDS: usize = 14;

/// How a picture may be blurred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blur {
    /// Out of focus: the same to the left and the right, above and below.
    Even,
    /// Moved: in one direction more than in others.
    Moved,
}

impl Blur {
    /// Which neighbours it treats alike.
    const fn kind(self, dx: isize, dy: isize) -> usize {
        match self {
            Self::Even => dy.unsigned_abs() * 3 + dx.unsigned_abs(),
            // One of those that lie opposite each other.
            Self::Moved => (dy * 5 + dx).unsigned_abs(),
        }
    }
}

/// A block without its errors. When there are too many, its least sure words are given up: a word known to be doubtful
/// costs half of one that is wrong unawares. At most half of the checks go there, so that a block of noise is still
/// taken for a good one less than once in ten million.
fn repaired(block: &[(u8, f32)], checks: usize) -> Option<Vec<u8>> {
    let words = || block.iter().map(|(word, _)| *word).collect::<Vec<_>>();
    let mut order: Vec<usize> = (0..block.len()).collect();
    let sure = |n: &usize| block.get(*n).map_or(0.0, |(_, sure)| *sure);
    order.sort_by(|a, b| sure(a).total_cmp(&sure(b)));
    let most = if checks >= 10 { checks / 2 } else { 0 };
    [0, most / 2, most].into_iter().find_map(|doubtful| {
        let mut block = words();
        correct::correct(&mut block, checks, order.get(..doubtful)?).map(|_| block)
    })
}
