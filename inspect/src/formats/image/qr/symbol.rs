//! One code: how it lies in the picture, the shades of its modules, and what they say.
//!
//! What every code of a size has in common (finders, timing, alignment) is used twice: to lay the grid where it fits
//! best, and to learn how the picture blurs a module into its neighbours, so that the data can be sharpened by it.

use super::super::gray::Gray;
use super::Work;
use super::frame::{Frame, Point};
use super::lay::Lay;
use super::modules::{Blur, Modules};
use super::spec::Version;
use super::triple::Triple;

/// A code that was read.
#[derive(Clone, Debug)]
pub(crate) struct Symbol {
    /// Its bytes, in UTF-8 where it says so.
    pub(crate) text: Vec<u8>,
    /// Its four corners in the picture it was found in.
    pub(in crate::formats::image) corners: [Point; 4],
}

/// What stands where in every code of a version.
pub(super) struct Marks {
    pub(super) version: Version,
    /// Middles of modules that are known, with 1 for light and -1 for dark.
    pub(super) points: Vec<(f32, f32, f32)>,
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
pub(super) fn agreement(pairs: impl Iterator<Item = (f32, f32)>) -> f32 {
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

/// Agreement below which three squares are no finders of one code: those of codes that are read reach 0.64 at least, and
/// mostly 0.9.
const FINDERS_MIN: f32 = 0.55;
/// Agreement of finders that are seen well, and of what then takes turns between them at least: 0.53 of codes that were
/// seen, 0.6 of those that were read.
const CLEAR_MIN: f32 = 0.85;
const TIMING_MIN: f32 = 0.35;
/// Agreement below which a grid is not worth reading: those that are read reach 0.8.
const FIT_MIN: f32 = 0.5;
/// Agreement of the finders and of the grid from which on it is a code, whether it is read or not.
const CODE_FINDERS_MIN: f32 = 0.7;
const CODE_FIT_MIN: f32 = 0.68;
/// And of what lies between the finders: squares side by side are no code.
const CODE_TURNS_MIN: f32 = 0.5;

/// What three finders turned out to be.
#[derive(Debug)]
pub(super) enum Reading {
    Code(Symbol),
    /// A code that says nothing that could be made out, and its middle.
    Unread(Point),
    Nothing,
}
/// How much better a grid has to fit when it is bent.
const BENT_MIN: f32 = 0.01;
/// Versions that are laid at all: those whose timing agrees best.
const VERSIONS: usize = 3;

/// Reads the code that three finders belong to, if they do.
pub(super) fn read(gray: &Gray, triple: &Triple, work: &Work) -> Reading {
    let sign = if triple.corner.light { -1.0 } else { 1.0 };
    // Which of the three is the corner shows in how the squares of all of them lie.
    let turned = triple.turned();
    let turns = [Some(*triple), turned, turned.and_then(|turned| turned.turned())];
    if !work.spend(turns.len() * FINDERS_SHADES) {
        return Reading::Nothing;
    }
    let agreeing = turns.into_iter().flatten().map(|triple| (triple, finders_agree(gray, &triple) * sign));
    let Some((triple, agree)) = agreeing.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Reading::Nothing };
    if agree < FINDERS_MIN {
        return Reading::Nothing;
    }
    // Between squares side by side nothing takes turns. Where the finders are seen well, so is what lies beside them.
    let is_clear = agree >= CLEAR_MIN && [triple.corner, triple.right, triple.below].iter().all(|f| f.star.good > 0);
    let timing_min = if is_clear { TIMING_MIN } else { 0.0 };
    let Some((marks, points, fit)) = laid(gray, &triple, sign, timing_min, work) else { return Reading::Nothing };
    let lay = Lay { gray, sign, marks: &marks, work };
    let Some(frame) = lay.frame(points).filter(|_| fit >= FIT_MIN) else { return Reading::Nothing };
    let text = lay.text(|point| frame.at(point)).or_else(|| {
        let (bent, better) = lay.bent(frame);
        (better >= fit + BENT_MIN).then(|| lay.text(|point| bent.at(point)))?
    });
    let turns = lay.turns(&frame, marks.version.size());
    let end = marks.version.size() as f32;
    match text {
        Some(text) => Reading::Code(Symbol {
            text,
            corners: [(0.0, 0.0), (end, 0.0), (end, end), (0.0, end)].map(|p| frame.at(p)),
        }),
        None if agree >= CODE_FINDERS_MIN && fit >= CODE_FIT_MIN && turns >= CODE_TURNS_MIN => {
            Reading::Unread(frame.at((end / 2.0, end / 2.0)))
        }
        None => Reading::Nothing,
    }
}

/// The version whose grid fits best, where its anchors lie, and how well it fits.
fn laid(gray: &Gray, triple: &Triple, sign: f32, timing_min: f32, work: &Work) -> Option<(Marks, [Point; 4], f32)> {
    let seems = (triple.size - 17.0) / 4.0;
    let mut versions: Vec<(Marks, f32)> = (seems.round() as i32 - 2..=seems.round() as i32 + 2)
        .filter_map(Version::new)
        .map(|version| {
            let marks = Marks::new(version);
            let timing = Lay { gray, sign, marks: &marks, work }.timing(triple);
            (marks, timing)
        })
        .collect();
    versions.sort_by(|a, b| b.1.total_cmp(&a.1));
    let laid =
        versions.into_iter().filter(|(_, timing)| *timing >= timing_min).take(VERSIONS).filter_map(|(marks, _)| {
            let lay = Lay { gray, sign, marks: &marks, work };
            let refined = lay.begin(triple).into_iter().map(|points| lay.refine(points, &[1.0, 0.5]));
            let (points, fit) = refined.max_by(|a, b| a.1.total_cmp(&b.1))?;
            Some((marks, points, fit))
        });
    let (marks, points, _) = laid.max_by(|a, b| a.2.total_cmp(&b.2))?;
    let (points, fit) = Lay { gray, sign, marks: &marks, work }.refine(points, &[0.5, 0.25, 0.12, 0.06]);
    Some((marks, points, fit))
}

impl Lay<'_> {
    /// The text of the code whose points lie where `at` says.
    fn text(&self, at: impl Fn(Point) -> Point) -> Option<Vec<u8>> {
        let Marks { version, .. } = *self.marks;
        let modules = Modules::sample(self.gray, at, version.size(), self.sign);
        modules.decode(version).or_else(|| {
            let sharp = modules.sharpened(self.marks, Blur::Even)?;
            let moved = || modules.sharpened(self.marks, Blur::Moved)?.decode(version);
            // A code photographed in a mirror.
            sharp.decode(version).or_else(|| sharp.mirrored().decode(version)).or_else(moved)
        })
    }
}

/// Modules of three finders with their borders.
const FINDERS_SHADES: usize = 3 * 9 * 9;

/// Whether the three squares are such, module by module, lying as the triple says.
fn finders_agree(gray: &Gray, triple: &Triple) -> f32 {
    let last = triple.size - 3.5;
    let anchors = [(3.5, 3.5), (last, 3.5), (3.5, last), (last, last)];
    let Some(frame) = Frame::new(anchors, triple.corners()) else { return 0.0 };
    let modules = anchors.into_iter().take(3).flat_map(|(u, v)| {
        (-4i8..=4).flat_map(move |y| (-4i8..=4).map(move |x| (x, y))).map(move |(x, y)| {
            let (px, py) = frame.at((u + f32::from(x), v + f32::from(y)));
            (if matches!(x.abs().max(y.abs()), 2 | 4) { 1.0 } else { -1.0 }, gray.at(px, py))
        })
    });
    agreement(modules)
}
