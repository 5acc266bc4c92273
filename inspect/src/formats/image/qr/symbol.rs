//! One code: how it lies in the picture, the shades of its modules, and what they say.
//!
//! What every code of a size has in common (finders, timing, alignment) is used twice: to lay the grid where it fits
//! best, and to learn how the picture blurs a module into its neighbours, so that the data can be sharpened by it.

use super::super::gray::Gray;
use super::frame::{Frame, Point, solve};
use super::spec::{Format, Version};
use super::triple::Triple;
use super::{Work, bits, correct};

/// A code that was read.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    /// Its bytes, in UTF-8 where it says so.
    pub(crate) text: Vec<u8>,
    /// Its four corners in the picture it was found in.
    pub(in crate::formats::image) corners: [Point; 4],
}

/// What stands where in every code of a version.
struct Marks {
    version: Version,
    /// Middles of modules that are known, with 1 for light and -1 for dark.
    points: Vec<(f32, f32, f32)>,
}

impl Marks {
    fn new(version: Version) -> Self {
        let size = version.size();
        let pattern = version.pattern();
        let known = pattern.iter().enumerate().filter_map(|(n, dark)| {
            let (x, y) = ((n % size) as f32 + 0.5, (n / size) as f32 + 0.5);
            dark.map(|dark| (x, y, if dark { -1.0 } else { 1.0 }))
        });
        Self { version, points: known.collect() }
    }
}

/// How well shades agree with what should stand there: 1 when they do, 0 when by chance (Pearson).
fn agreement(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
    let (mut n, mut a, mut b, mut aa, mut bb, mut ab) = (0f32, 0f32, 0f32, 0f32, 0f32, 0f32);
    for (x, y) in pairs {
        n += 1.0;
        a += x;
        b += y;
        aa += x * x;
        bb += y * y;
        ab += x * y;
    }
    let spread = (n * aa - a * a) * (n * bb - b * b);
    if spread > 0.0 { (n * ab - a * b) / spread.sqrt() } else { 0.0 }
}

/// Agreement below which a grid is not worth reading.
const FIT_MIN: f32 = 0.4;

/// Reads the code that three finders belong to, if they do.
pub(super) fn read(gray: &Gray, triple: &Triple, work: &Work) -> Option<Symbol> {
    let sign = if triple.corner.light { -1.0 } else { 1.0 };
    if !work.spend(FINDERS_SHADES) || finders_agree(gray, triple) * sign < FIT_MIN {
        return None;
    }
    let seems = (triple.size - 17.0) / 4.0;
    let mut sizes: Vec<i32> = (seems.round() as i32 - 2..=seems.round() as i32 + 2).collect();
    sizes.sort_by(|a, b| (*a as f32 - seems).abs().total_cmp(&(*b as f32 - seems).abs()));
    let laid = sizes.into_iter().filter_map(Version::new).filter_map(|version| {
        let marks = Marks::new(version);
        let lay = Lay { gray, sign, marks: &marks, work };
        let points = lay.timing(triple).then(|| lay.begin(triple))??;
        let (points, fit) = lay.refine(points, &[1.0, 0.5]);
        Some((marks, points, fit))
    });
    let (marks, points, _) = laid.max_by(|a, b| a.2.total_cmp(&b.2))?;
    let lay = Lay { gray, sign, marks: &marks, work };
    let (points, fit) = lay.refine(points, &[0.5, 0.25, 0.12, 0.06]);
    if fit < FIT_MIN {
        return None;
    }
    let frame = lay.frame(points)?;
    let size = marks.version.size();
    let modules = Modules::sample(gray, &frame, size, sign);
    let text = modules.decode(marks.version).or_else(|| {
        let sharp = modules.sharpened(&marks)?;
        // A code photographed in a mirror.
        sharp.decode(marks.version).or_else(|| sharp.mirrored().decode(marks.version))
    })?;
    let end = size as f32;
    Some(Symbol { text, corners: [(0.0, 0.0), (end, 0.0), (end, end), (0.0, end)].map(|p| frame.at(p)) })
}

/// Modules of three finders with their borders.
const FINDERS_SHADES: usize = 3 * 9 * 9;

/// Whether the three squares are such, module by module, lying as the triple says.
fn finders_agree(gray: &Gray, triple: &Triple) -> f32 {
    let Triple { corner, right, below, size, odd: _ } = triple;
    let legs = size - 7.0;
    let across = ((right.x - corner.x) / legs, (right.y - corner.y) / legs);
    let down = ((below.x - corner.x) / legs, (below.y - corner.y) / legs);
    let modules = [corner, right, below].into_iter().flat_map(|finder| {
        (-4i8..=4).flat_map(move |v| (-4i8..=4).map(move |u| (finder, u, v))).map(|(finder, u, v)| {
            let (fu, fv) = (f32::from(u), f32::from(v));
            let shade = gray.at(finder.x + across.0 * fu + down.0 * fv, finder.y + across.1 * fu + down.1 * fv);
            (if matches!(u.abs().max(v.abs()), 2 | 4) { 1.0 } else { -1.0 }, shade)
        })
    });
    agreement(modules)
}

/// Laying the grid of one version on the picture.
struct Lay<'a> {
    gray: &'a Gray,
    sign: f32,
    marks: &'a Marks,
    work: &'a Work,
}

impl Lay<'_> {
    /// The points of the code by which a grid is fixed: the middles of its finders and, where there is one, of the
    /// alignment pattern at the fourth corner.
    fn anchors(&self) -> [Point; 4] {
        let size = self.marks.version.size() as f32;
        let last = if self.marks.version.number() == 1 { size - 3.5 } else { size - 6.5 };
        [(3.5, 3.5), (size - 3.5, 3.5), (3.5, size - 3.5), (last, last)]
    }

    fn frame(&self, points: [Point; 4]) -> Option<Frame> {
        Frame::new(self.anchors(), points)
    }

    fn fit(&self, points: [Point; 4]) -> f32 {
        let Some(frame) = self.frame(points).filter(|_| self.work.spend(self.marks.points.len())) else { return -1.0 };
        let shade = |(u, v, mark): &(f32, f32, f32)| {
            let (x, y) = frame.at((*u, *v));
            (*mark, self.gray.at(x, y))
        };
        agreement(self.marks.points.iter().map(shade)) * self.sign
    }

    /// Whether dark and light take turns between the finders, as they would in this version. Only near the finders,
    /// where perspective has not yet moved anything far.
    fn timing(&self, triple: &Triple) -> bool {
        const NEAR: i8 = 8;
        // By chance it is above this once in five.
        const AGREEMENT_MIN: f32 = 0.15;
        let Triple { corner, right, below, size: _, odd: _ } = triple;
        let legs = self.marks.version.size() as f32 - 7.0;
        let across = ((right.x - corner.x) / legs, (right.y - corner.y) / legs);
        let down = ((below.x - corner.x) / legs, (below.y - corner.y) / legs);
        // Along the sixth row and column, from either end: the first module behind a finder's border is dark.
        let lines = [
            (corner, 1.0, across, down),
            (right, -1.0, across, down),
            (corner, 1.0, down, across),
            (below, -1.0, down, across),
        ];
        let modules = lines.into_iter().flat_map(|(finder, to, along, aside)| {
            (5..5 + NEAR).map(move |n| {
                let far = f32::from(n) * to;
                let (x, y) = (finder.x + along.0 * far + aside.0 * 3.0, finder.y + along.1 * far + aside.1 * 3.0);
                (if n % 2 == 1 { -1.0 } else { 1.0 }, self.gray.at(x, y))
            })
        });
        agreement(modules) * self.sign >= AGREEMENT_MIN
    }

    /// Where the anchors seem to lie.
    fn begin(&self, triple: &Triple) -> Option<[Point; 4]> {
        let Triple { corner, right, below, size: _, odd: _ } = triple;
        let size = self.marks.version.size() as f32;
        let anchors = self.anchors();
        let legs = size - 7.0;
        let across = ((right.x - corner.x) / legs, (right.y - corner.y) / legs);
        let down = ((below.x - corner.x) / legs, (below.y - corner.y) / legs);
        let last = anchors.last()?.0 - 3.5;
        let flat = |u: f32, v: f32| {
            (
                corner.x + across.0 * (last + u) + down.0 * (last + v),
                corner.y + across.1 * (last + u) + down.1 * (last + v),
            )
        };
        let known = [(corner.x, corner.y), (right.x, right.y), (below.x, below.y)];
        let fourth = |p: Point| [known[0], known[1], known[2], p];
        if self.marks.version.number() == 1 {
            return Some(fourth(flat(0.0, 0.0)));
        }
        // Perspective moves the fourth corner; the alignment pattern is looked for by its own shape.
        let reach = ((4.0 + size * 0.05) * 2.0) as i16;
        let steps = || (-reach..=reach).map(|n| f32::from(n) * 0.5);
        self.work.spend((reach as usize * 2 + 1).pow(2) * 25);
        let agree = |u: f32, v: f32| {
            let modules = (-2i8..=2).flat_map(|y| (-2i8..=2).map(move |x| (x, y))).map(|(x, y)| {
                let (px, py) = flat(u + f32::from(x), v + f32::from(y));
                (if x.abs().max(y.abs()) == 1 { 1.0 } else { -1.0 }, self.gray.at(px, py))
            });
            // Far from where it should be it has to look better.
            agreement(modules) * self.sign - 0.02 * u.abs().max(v.abs())
        };
        let places = steps().flat_map(|v| steps().map(move |u| (u, v)));
        let (u, v, _) = places.map(|(u, v)| (u, v, agree(u, v))).max_by(|a, b| a.2.total_cmp(&b.2))?;
        let (found, plain) = (fourth(flat(u, v)), fourth(flat(0.0, 0.0)));
        Some(if self.fit(found) >= self.fit(plain) { found } else { plain })
    }

    /// Moves the anchors as long as the grid fits better, by steps of so many modules.
    fn refine(&self, mut points: [Point; 4], steps: &[f32]) -> ([Point; 4], f32) {
        const ROUNDS: usize = 3;
        let legs = self.marks.version.size() as f32 - 7.0;
        let [corner, right, ..] = points;
        let module = (right.0 - corner.0).hypot(right.1 - corner.1) / legs;
        let mut best = self.fit(points);
        for step in steps {
            for _ in 0..ROUNDS {
                let before = best;
                for n in 0..8 {
                    for by in [step * module, -step * module] {
                        let mut moved = points;
                        if let Some(point) = moved.get_mut(n / 2) {
                            *(if n % 2 == 0 { &mut point.0 } else { &mut point.1 }) += by;
                        }
                        let fit = self.fit(moved);
                        if fit > best {
                            (best, points) = (fit, moved);
                        }
                    }
                }
                if best <= before {
                    break;
                }
            }
        }
        (points, best)
    }
}

/// The shades of the modules around their neighbourhood's: above zero is light.
#[derive(Clone, Debug)]
struct Modules {
    size: usize,
    shades: Vec<f32>,
}

impl Modules {
    fn sample(gray: &Gray, frame: &Frame, size: usize, sign: f32) -> Self {
        let mut shades = Vec::with_capacity(size * size);
        for (v, u) in (0..size).flat_map(|v| (0..size).map(move |u| (v as f32 + 0.5, u as f32 + 0.5))) {
            let near = [(0.0, 0.0), (-0.22, -0.22), (0.22, -0.22), (-0.22, 0.22), (0.22, 0.22)];
            let sum: f32 = near
                .iter()
                .map(|(du, dv)| {
                    let (x, y) = frame.at((u + du, v + dv));
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

    fn mirrored(&self) -> Self {
        let size = self.size;
        Self { size, shades: (0..size * size).map(|n| self.get(n / size, n % size)).collect() }
    }

    /// Sums of a module and its neighbours by how far off they are, and one.
    fn around(&self, x: usize, y: usize) -> [f64; KINDS] {
        let mut kinds = [0.0; KINDS];
        for dy in -2isize..=2 {
            for dx in -2isize..=2 {
                let near = |n: usize, by: isize| n.checked_add_signed(by).filter(|n| *n < self.size);
                if let (Some(x), Some(y)) = (near(x, dx), near(y, dy))
                    && let Some(kind) = kinds.get_mut(dy.unsigned_abs() * 3 + dx.unsigned_abs())
                {
                    *kind += f64::from(self.get(x, y));
                }
            }
        }
        kinds[KINDS - 1] = 1.0;
        kinds
    }

    /// Undoes the blur, as the modules that are known show it to be (least squares over a symmetric 5 × 5 filter).
    fn sharpened(&self, marks: &Marks) -> Option<Self> {
        let scale = self.shades.iter().map(|s| f64::from(s.abs())).sum::<f64>() / self.shades.len().max(1) as f64;
        let mut rows = [[0f64; KINDS + 1]; KINDS];
        for (u, v, mark) in &marks.points {
            let kinds = self.around(*u as usize, *v as usize);
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
            let kinds = self.around(n % self.size, n / self.size);
            kinds.iter().zip(weights).map(|(kind, weight)| kind * weight).sum::<f64>() as f32
        };
        Some(Self { size: self.size, shades: (0..self.size * self.size).map(sharp).collect() })
    }

    fn decode(&self, version: Version) -> Option<Vec<u8>> {
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
const KINDS: usize = 10;

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
