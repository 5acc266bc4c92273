//! Columns that stand close: a gap as wide as the one between two words is the edge of a cell where the lines above and
//! below have a gap at the same place.
//!
//! Where blanks are shown as glyphs, a gap without one is an edge already if another line agrees. Where words are set
//! apart by gaps alone, these meet by chance: then texts must also begin or end exactly at one place, line after line.

use std::ops::Range;

use super::Run;

/// A run that waits.
struct Waiting {
    text: Range<usize>,
    start: (f64, f64),
    end: (f64, f64),
    direction: (f64, f64),
    size: f64,
}

/// Runs of a page in the order in which they were drawn.
#[derive(Default)]
pub(super) struct Held {
    text: String,
    runs: Vec<Waiting>,
}

/// So many runs are looked at together; of a page with more, those behind by themselves.
const RUNS_MAX: usize = 1 << 16;
/// Gaps in heights of letters: narrower ones part no words, wider ones always part cells.
const GAP: Range<f64> = 0.16..0.9;
/// Where a blank is shown, so much more white may be the edge of a cell.
const BEHIND_BLANK: f64 = 0.5;
/// What gaps of two lines must have in common.
const COMMON_MIN: f64 = 0.1;
/// Lines further apart have no column in common: so high are cells of a few lines.
const APART_MAX: f64 = 6.0;
/// Runs stand on one line.
const LINE: f64 = 0.3;
/// The next column begins further up than the cell beside one of a few lines.
const CLIMB: f64 = 2.0;
/// Lines that agree where gaps mean nothing but that words end. Four lines in a row hardly ever do by chance.
const EXACT_MIN: usize = 4;
/// Texts begin at one place; boxes seen on a picture are off by a dot or two.
const EXACT: f64 = 0.03;
const EXACT_ON_PICTURE: f64 = 0.15;
/// What has so many digits, and hardly a letter, is a number or a piece of one.
const NUMBER_MIN: usize = 4;
const LETTERS_MAX: usize = 2;
/// Strips of white that go on at a time: a row has no more cells.
const OPEN_MAX: usize = 512;
/// A number is written in groups of no more digits.
const GROUP_MAX: usize = 6;

impl Held {
    /// Takes a run. Says whether there are so many now that they are to be laid out.
    pub(super) fn push(&mut self, run: &Run<'_>) -> bool {
        let from = self.text.len();
        self.text.push_str(run.text);
        let text = from..self.text.len();
        let Run { start, end, direction, size, .. } = *run;
        self.runs.push(Waiting { text, start, end, direction, size });
        self.runs.len() >= RUNS_MAX
    }

    pub(super) const fn len(&self) -> usize {
        self.runs.len()
    }

    /// What a run says.
    pub(super) fn text(&self, run: usize) -> &str {
        self.runs.get(run).and_then(|w| self.text.get(w.text.clone())).unwrap_or_default()
    }

    /// Whether the page may hold a table that was not drawn row by row: texts stand beside each other with white between, or
    /// come back up.
    pub(super) fn may_be_torn(&self) -> bool {
        self.runs.windows(2).any(|pair| {
            let [a, b] = pair else { return false };
            let (right, up) = (b.start.0 - a.end.0, b.start.1 - a.end.1);
            let along = right * b.direction.0 + up * b.direction.1;
            let across = up * b.direction.0 - right * b.direction.1;
            let size = a.size.max(b.size);
            across > CLIMB * size || along > GAP.end * size && across.abs() < LINE * size
        })
    }

    pub(super) fn runs(&self) -> impl Iterator<Item = Run<'_>> {
        self.runs.iter().map(|w| Run {
            text: self.text.get(w.text.clone()).unwrap_or_default(),
            start: w.start,
            end: w.end,
            direction: w.direction,
            size: w.size,
        })
    }

    /// Which runs begin a cell; nothing when no gap is in doubt. On a `picture` only what stands beside a number does: words
    /// that are there in each row end at one place as well.
    pub(super) fn cells(&self, picture: bool) -> Vec<bool> {
        let mut begins = Vec::new();
        if !self.is_in_doubt() {
            return begins;
        }
        begins.resize(self.runs.len(), false);
        let mut lines = self.lines(picture);
        let blanks: usize = lines.iter().map(|line| line.blanks).sum();
        let gaps = lines.iter().flat_map(|line| &line.gaps).filter(|gap| gap.is_narrow && !gap.is_blank).count();
        // A table of plain numbers has few blanks even so.
        let shows = if picture {
            Shows::Picture
        } else if blanks * 3 >= gaps {
            Shows::Blanks
        } else {
            Shows::Gaps
        };
        let mut open: Vec<Strip> = Vec::new();
        let mut before: Option<(f64, i32)> = None;
        lines.sort_by(|a, b| a.turn.cmp(&b.turn).then(b.base.total_cmp(&a.base)));
        for line in &lines {
            let is_apart = |(base, turn)| turn != line.turn || base - line.base > APART_MAX * line.size;
            if open.len() > OPEN_MAX || before.is_some_and(is_apart) {
                open.drain(..).for_each(|strip| strip.close(shows, &mut begins));
            }
            before = Some((line.base, line.turn));
            line.run_through(&mut open, shows, &mut begins);
        }
        open.into_iter().for_each(|strip| strip.close(shows, &mut begins));
        begins
    }

    /// Whether a run follows another on its line with a gap that may be one between words or between cells.
    fn is_in_doubt(&self) -> bool {
        self.runs.windows(2).any(|pair| {
            let [a, b] = pair else { return false };
            let size = a.size.max(b.size);
            let (right, up) = (b.start.0 - a.end.0, b.start.1 - a.end.1);
            let along = right * b.direction.0 + up * b.direction.1;
            let across = up * b.direction.0 - right * b.direction.1;
            GAP.contains(&(along / size)) && across.abs() < LINE * size
        })
    }

    /// What stands on a line, put together, and the gaps between.
    fn lines(&self, picture: bool) -> Vec<Line> {
        let mut spots: Vec<Spot> = self.runs().enumerate().filter_map(|(n, run)| Spot::of(n, &run)).collect();
        spots.sort_by(|a, b| a.turn.cmp(&b.turn).then(a.base.total_cmp(&b.base)));
        let mut lines = Vec::new();
        let mut rest = spots.as_mut_slice();
        while let Some(first) = rest.first() {
            let on_line = |s: &Spot| s.turn == first.turn && s.base - first.base <= LINE * s.size.max(first.size);
            let len = rest.iter().take_while(|s| on_line(s)).count().max(1);
            let Some((line, behind)) = std::mem::take(&mut rest).split_at_mut_checked(len) else { break };
            line.sort_by(|a, b| a.from.total_cmp(&b.from).then(a.run.cmp(&b.run)));
            lines.push(self.line(line, picture));
            rest = behind;
        }
        lines
    }

    fn line(&self, spots: &[Spot], picture: bool) -> Line {
        let mut line = Line { base: 0.0, turn: 0, size: 0.0, gaps: Vec::new(), texts: Vec::new(), blanks: 0 };
        let mut is_blank = false;
        for spot in spots {
            let text = self.text(spot.run);
            (line.base, line.turn, line.size) = (spot.base, spot.turn, line.size.max(spot.size));
            let words = text.trim();
            line.blanks += words.bytes().filter(|b| *b == b' ').count();
            is_blank |= text.starts_with(' ') || words.is_empty();
            let size = line.size;
            match line.texts.last_mut() {
                None if words.is_empty() => continue,
                None => line.texts.push(Stretch::of(spot, words)),
                Some(last) if words.is_empty() => {
                    last.to = last.to.max(spot.to);
                    continue;
                }
                Some(last) => {
                    let gap = (spot.from - last.to) / size;
                    line.blanks += usize::from(is_blank);
                    if gap <= if is_blank { BEHIND_BLANK } else { GAP.start } {
                        last.go_on(spot, words, is_blank);
                    } else {
                        let (from, to, is_narrow) = (last.to, spot.from, gap < GAP.end);
                        line.gaps.push(Gap {
                            from,
                            to,
                            run: spot.run,
                            is_narrow,
                            is_blank,
                            are_groups: false,
                            is_at_number: false,
                        });
                        line.texts.push(Stretch::of(spot, words));
                    }
                }
            }
            is_blank = text.ends_with(' ');
        }
        for (gap, pair) in line.gaps.iter_mut().zip(line.texts.windows(2)) {
            let is_group = |digits: usize| (1..=GROUP_MAX).contains(&digits);
            // A day is no group, be it ever so broken.
            gap.are_groups =
                matches!(pair, [a, b] if is_group(a.tail) && is_group(b.head) && (a.ends_pure || !picture));
            gap.is_at_number = pair.iter().any(Stretch::is_number);
        }
        line
    }
}

/// Text of a line without a gap.
struct Stretch {
    from: f64,
    to: f64,
    /// Digits that it begins and ends with.
    head: usize,
    tail: usize,
    has_letters: bool,
    /// The last word is of digits alone.
    ends_pure: bool,
    /// All digits and letters.
    digits: usize,
    letters: usize,
}

impl Stretch {
    fn of(spot: &Spot, words: &str) -> Self {
        let mut stretch = Self {
            from: spot.from,
            to: spot.to,
            head: 0,
            tail: 0,
            has_letters: false,
            ends_pure: false,
            digits: 0,
            letters: 0,
        };
        stretch.go_on(spot, words, false);
        stretch
    }

    fn go_on(&mut self, spot: &Spot, words: &str, is_blank: bool) {
        self.to = self.to.max(spot.to);
        self.has_letters |= is_blank;
        self.digits += words.bytes().filter(u8::is_ascii_digit).count();
        self.letters += words.chars().filter(|c| c.is_alphabetic()).count();
        let tail = words.bytes().rev().take_while(u8::is_ascii_digit).count();
        if !self.has_letters {
            self.head += words.bytes().take_while(u8::is_ascii_digit).count();
        }
        let is_number = tail == words.len();
        self.ends_pure = is_number || words.bytes().rev().nth(tail) == Some(b' ');
        self.has_letters |= !is_number;
        self.tail = if is_number && !is_blank { self.tail + tail } else { tail };
    }
}

impl Stretch {
    const fn is_number(&self) -> bool {
        self.digits >= NUMBER_MIN && self.letters <= LETTERS_MAX
    }
}

/// How words are set apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// By blanks that are shown.
    Blanks,
    /// By gaps alone.
    Gaps,
    /// By gaps that somebody saw.
    Picture,
}

/// Where a run stands on its line.
pub(super) struct Spot {
    pub(super) run: usize,
    pub(super) turn: i32,
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) base: f64,
    pub(super) size: f64,
}

impl Spot {
    pub(super) fn of(n: usize, run: &Run<'_>) -> Option<Self> {
        let along = |p: (f64, f64)| p.0 * run.direction.0 + p.1 * run.direction.1;
        let (from, to) = (along(run.start), along(run.end));
        let base = run.start.1 * run.direction.0 - run.start.0 * run.direction.1;
        let size = if run.size.is_finite() && run.size > 1e-6 { run.size } else { 1.0 };
        // A quarter of a circle has ten of these.
        let turn = (run.direction.1.atan2(run.direction.0) * 20.0 / std::f64::consts::PI).round() as i32;
        (from.is_finite() && to.is_finite() && base.is_finite()).then_some(Self { run: n, turn, from, to, base, size })
    }
}

struct Line {
    base: f64,
    turn: i32,
    size: f64,
    gaps: Vec<Gap>,
    /// Where there is text, from left to right.
    texts: Vec<Stretch>,
    /// Blanks between words that are shown as such.
    blanks: usize,
}

/// White between two texts of a line.
#[derive(Clone)]
struct Gap {
    from: f64,
    to: f64,
    /// What stands behind it.
    run: usize,
    is_narrow: bool,
    /// A blank is shown there as well.
    is_blank: bool,
    /// It may part the groups of a number.
    are_groups: bool,
    /// A number stands on one side of it.
    is_at_number: bool,
}

/// Gaps of one strip; of more lines, those behind are another's.
const GAPS_MAX: usize = 1_024;

/// White that goes through lines.
struct Strip {
    from: f64,
    to: f64,
    size: f64,
    gaps: Vec<Gap>,
}

impl Line {
    /// Strips that go on through this line are narrowed to its gaps, those that its texts cross end here.
    fn run_through(&self, open: &mut Vec<Strip>, shows: Shows, begins: &mut [bool]) {
        let strips = std::mem::take(open);
        let mut known = vec![false; self.gaps.len()];
        let (mut text, mut gap) = (0, 0);
        for mut strip in strips {
            let min = COMMON_MIN * strip.size.max(self.size);
            // Strips, gaps and texts come from left to right.
            while self.gaps.get(gap).is_some_and(|gap| gap.to <= strip.from) {
                gap += 1;
            }
            let met = self.gaps.iter().enumerate().skip(gap).take_while(|(_, gap)| gap.from < strip.to);
            let common = |gap: &Gap| gap.to.min(strip.to) - gap.from.max(strip.from);
            let widest = met.max_by(|(_, a), (_, b)| common(a).total_cmp(&common(b)));
            if let Some((n, gap)) = widest.filter(|(_, gap)| common(gap) >= min) {
                (strip.from, strip.to) = (strip.from.max(gap.from), strip.to.min(gap.to));
                strip.size = strip.size.max(self.size);
                strip.gaps.push(gap.clone());
                if let Some(known) = known.get_mut(n) {
                    *known = true;
                }
                if strip.gaps.len() < GAPS_MAX {
                    open.push(strip);
                } else {
                    strip.close(shows, begins);
                }
                continue;
            }
            while self.texts.get(text).is_some_and(|text| text.to <= strip.from + min) {
                text += 1;
            }
            if self.texts.get(text).is_some_and(|text| text.from < strip.to - min) {
                strip.close(shows, begins);
            } else {
                open.push(strip);
            }
        }
        for (gap, _) in self.gaps.iter().zip(known).filter(|(_, known)| !known) {
            open.push(Strip { from: gap.from, to: gap.to, size: self.size, gaps: vec![gap.clone()] });
        }
        open.sort_by(|a, b| a.from.total_cmp(&b.from));
    }
}

impl Strip {
    /// Marks what stands behind the gaps, if they are the edge of a column.
    fn close(self, shows: Shows, begins: &mut [bool]) {
        let bare = self.gaps.iter().filter(|gap| shows == Shows::Blanks && !gap.is_blank).count();
        let off = if shows == Shows::Picture { EXACT_ON_PICTURE } else { EXACT };
        if bare < 2 && !self.is_exact(off, |gap| gap.to) && !self.is_exact(off, |gap| gap.from) {
            return;
        }
        // Numbers below each other may all be in groups; their heading is not.
        let are_parted = self.gaps.iter().any(|gap| !gap.are_groups);
        let is_edge = |gap: &&Gap| gap.is_at_number || shows != Shows::Picture;
        for gap in self.gaps.iter().filter(|gap| !gap.are_groups || are_parted && bare >= 2).filter(is_edge) {
            if let Some(begin) = begins.get_mut(gap.run) {
                *begin = true;
            }
        }
    }

    /// Whether enough gaps end, or begin, at one place.
    fn is_exact(&self, off: f64, place: impl Fn(&Gap) -> f64) -> bool {
        let mut places: Vec<f64> = self.gaps.iter().map(place).collect();
        places.sort_by(f64::total_cmp);
        let first = places.iter();
        first.zip(places.iter().skip(EXACT_MIN - 1)).any(|(a, b)| b - a <= off * self.size)
    }
}
