//! QR codes in a photograph: of any size, turned, tilted, dark, blurred, light on dark, and several of them.
//!
//! A reader of our own: the cards' codes are small, low in contrast and often out of focus, and what decides there is
//! how the grid is laid and the blur undone, for which a picture in shades of grey is kept to the end. It reads QR
//! codes of model 2 only, no bar codes, and joins no symbols that belong together.

mod binary;
mod bits;
mod correct;
mod finder;
mod frame;
mod lay;
mod modules;
mod spec;
mod star;
mod symbol;
#[cfg(test)]
pub(in crate::formats::image) mod tests;
mod triple;

use std::cell::Cell;

use super::gray::Gray;
use finder::Finder;
use frame::Point;
use symbol::Reading;
pub(crate) use symbol::Symbol;

/// Codes a picture may have; more is a sheet of stickers.
const CODES_MAX: usize = 32;
/// Shades looked at to lay and fit grids, for all sizes of one picture: some hundred and forty codes, a third of a second. Squares
/// and broken codes side by side would take as much as there is.
const WORK_MAX: u64 = 28_000_000;
/// The same for all pictures of a file.
const FILE_WORK_MAX: u64 = 4 * WORK_MAX;
/// A picture made smaller than this shows no code any more.
const SIDE_MIN: usize = 60;
/// A picture with fewer pixels is also looked at twice its size: modules smaller than two pixels.
const DOUBLED_PIXELS_MAX: usize = 2_000_000;
/// Of a larger one parts are: around so many finders at most, as far off as the other two of a card's code are, if their
/// modules are smaller than this, and so many rays are as they should be.
const CLOSE_MAX: usize = 6;
const CLOSE_REACH: f32 = 128.0;
const CLOSE_MODULE_MAX: f32 = 2.6;
const CLOSE_GOOD_MIN: usize = 14;

/// What was read of a picture.
#[derive(Debug, Default)]
pub(crate) struct Codes {
    pub(crate) found: Vec<Symbol>,
    /// There was more that looked like a code than is tried.
    pub(crate) many: bool,
    /// The middles of what is a code and was not read.
    pub(crate) unread: Vec<Point>,
    work: Work,
}

/// What may yet be done: counted and not timed, so that the same picture ends the same everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Work(Cell<u64>);

impl Default for Work {
    /// For a file.
    fn default() -> Self {
        Self(Cell::new(FILE_WORK_MAX))
    }
}

impl Work {
    /// Takes so much of it; false when it is used up.
    fn spend(&self, shades: usize) -> bool {
        self.0.set(self.0.get().saturating_sub(shades as u64));
        !self.is_over()
    }

    const fn left(&self) -> u64 {
        self.0.get()
    }

    const fn is_over(&self) -> bool {
        self.0.get() == 0
    }
}

/// Reads the codes of a picture with what work is left for its file.
pub(crate) fn read(gray: &Gray, file: &Work) -> Codes {
    let most = file.0.get().min(WORK_MAX);
    let mut codes = Codes { work: Work(Cell::new(most)), ..Codes::default() };
    codes.read(gray);
    file.0.set(file.0.get() - (most - codes.work.0.get()));
    codes
}

impl Codes {
    fn read(&mut self, gray: &Gray) {
        let mut smaller = Vec::new();
        let mut side = gray.width().min(gray.height()) / 2;
        while side >= SIDE_MIN {
            smaller.push(smaller.last().unwrap_or(gray).half());
            side /= 2;
        }
        // The smallest first: it takes least time, and what it shows need not be looked for again.
        for (n, picture) in smaller.iter().enumerate().rev() {
            self.look(picture, (1u32 << (n + 1)) as f32, (0.0, 0.0));
        }
        let finders = self.look(gray, 1.0, (0.0, 0.0));
        if gray.pixels().len() <= DOUBLED_PIXELS_MAX {
            self.look(&gray.double(), 0.5, (0.0, 0.0));
        } else {
            self.look_closely(gray, &finders);
        }
        let unread = std::mem::take(&mut self.unread);
        self.unread = unread.into_iter().filter(|middle| !self.covers(*middle)).collect();
        // What the last look had to leave is told, too.
        self.is_over();
    }

    /// Looks at a picture `scale` times smaller than the original, whose first pixel lies at `origin` there. Returns the
    /// finders of which nothing was read.
    fn look(&mut self, picture: &Gray, scale: f32, origin: Point) -> Vec<Finder> {
        if self.is_over() {
            return Vec::new();
        }
        let place = |(x, y): Point| (x * scale + origin.0, y * scale + origin.1);
        let mut finders = finder::finders(picture, &self.work);
        finders.retain(|finder| !self.covers(place((finder.x, finder.y))));
        let mut done: Vec<Point> = Vec::new();
        for triple in triple::triples(&finders) {
            let parts = [triple.corner, triple.right, triple.below];
            let is_done = |f: &Finder| done.contains(&(f.x, f.y)) || self.covers(place((f.x, f.y)));
            if parts.iter().any(is_done) {
                continue;
            }
            if self.is_over() {
                break;
            }
            match symbol::read(picture, &triple, &self.work) {
                Reading::Code(mut symbol) => {
                    symbol.corners = symbol.corners.map(place);
                    done.extend(parts.map(|f| (f.x, f.y)));
                    self.found.push(symbol);
                }
                Reading::Unread(middle) if self.unread.len() < CODES_MAX => self.unread.push(place(middle)),
                Reading::Unread(_) | Reading::Nothing => {}
            }
        }
        finders.retain(|finder| !self.covers(place((finder.x, finder.y))));
        finders
    }

    /// Looks at parts of a large picture twice their size, around squares whose modules are less than three pixels: of the
    /// three of a code one may be too small to see.
    fn look_closely(&mut self, gray: &Gray, finders: &[Finder]) {
        let mut looked: Vec<Point> = Vec::new();
        let is_small = |finder: &&Finder| finder.module < CLOSE_MODULE_MAX && finder.star.good >= CLOSE_GOOD_MIN;
        let small: Vec<&Finder> = finders.iter().filter(is_small).collect();
        for finder in &small {
            // A second one has to be there.
            if !small.iter().any(|other| triple::leg(finder, other).is_some()) {
                continue;
            }
            let is_near = |at: &Point| (at.0 - finder.x).abs().max((at.1 - finder.y).abs()) < CLOSE_REACH / 3.0;
            if looked.iter().any(is_near) || self.covers((finder.x, finder.y)) {
                continue;
            }
            if looked.len() == CLOSE_MAX {
                break;
            }
            looked.push((finder.x, finder.y));
            let [left, top] = [finder.x, finder.y].map(|at| (at - CLOSE_REACH).max(0.0) as usize);
            let side = CLOSE_REACH as usize * 2;
            self.look(&gray.crop(left, top, side, side).double(), 0.5, (left as f32, top as f32));
        }
    }

    fn is_over(&mut self) -> bool {
        self.many |= self.work.is_over() || self.found.len() >= CODES_MAX;
        self.many
    }

    /// Whether a point of the original lies within a code already read.
    fn covers(&self, (x, y): Point) -> bool {
        self.found.iter().any(|symbol| {
            let next = symbol.corners.iter().cycle().skip(1);
            let sides = symbol.corners.iter().zip(next).map(|(a, b)| (b.0 - a.0) * (y - a.1) - (b.1 - a.1) * (x - a.0));
            let (mut any_left, mut any_right) = (false, false);
            for side in sides {
                any_left |= side < 0.0;
                any_right |= side > 0.0;
            }
            !(any_left && any_right)
        })
    }
}
