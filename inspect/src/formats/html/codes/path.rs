//! The data of a path (SVG 2, chapter 9.3): its areas as chains of points.

use crate::formats::raster::Point;

/// Chords of a curve: what is drawn for a module is about as round.
const CHORDS: usize = 4;

/// Hands each chain of points to `each`. What is no path ends it, as it does for who draws it.
pub(super) fn chains(data: &str, each: &mut dyn FnMut(&[Point])) {
    let mut pen = Pen { data: Data(data), chain: Vec::new(), at: [0.0; 2], control: None };
    while pen.command(each).is_some() {}
    pen.end(each);
}

struct Pen<'d> {
    data: Data<'d>,
    chain: Vec<Point>,
    at: Point,
    /// The last point that bent a curve, and whether it was a cubic one.
    control: Option<(Point, bool)>,
}

impl Pen<'_> {
    fn end(&mut self, each: &mut dyn FnMut(&[Point])) {
        if self.chain.len() > 1 {
            each(&self.chain);
        }
        self.chain.clear();
    }

    fn command(&mut self, each: &mut dyn FnMut(&[Point])) -> Option<()> {
        let command = self.data.letter()?;
        let mut kind = command.to_ascii_uppercase();
        if kind == b'Z' {
            let first = self.chain.first().copied();
            self.end(each);
            // What follows without a move goes on from there.
            self.at = first.unwrap_or(self.at);
            self.control = None;
            return Some(());
        }
        loop {
            if kind == b'M' {
                self.end(each);
                self.at = self.point(command)?;
            } else {
                self.draw(kind, command)?;
            }
            // Further pairs behind a move are lines.
            kind = if kind == b'M' { b'L' } else { kind };
            if !self.data.has_number() {
                return Some(());
            }
        }
    }

    fn draw(&mut self, kind: u8, command: u8) -> Option<()> {
        let [x, y] = self.at;
        let base = if command.is_ascii_lowercase() { self.at } else { [0.0; 2] };
        let bent = self.control.take();
        let mirrored = |is_cubic: bool| match bent {
            Some((at, cubic)) if cubic == is_cubic => [2.0 * x - at[0], 2.0 * y - at[1]],
            _ => [x, y],
        };
        match kind {
            b'L' => {
                let to = self.point(command)?;
                self.line(to);
            }
            b'H' => {
                let to = self.data.number()? + base[0];
                self.line([to, y]);
            }
            b'V' => {
                let to = self.data.number()? + base[1];
                self.line([x, to]);
            }
            b'C' | b'S' => {
                let a = if kind == b'C' { self.point(command)? } else { mirrored(true) };
                let (b, to) = (self.point(command)?, self.point(command)?);
                self.curve(|t| [0, 1].map(|n| cubic(t, [x, y][n], a[n], b[n], to[n])));
                self.control = Some((b, true));
            }
            b'Q' | b'T' => {
                let a = if kind == b'Q' { self.point(command)? } else { mirrored(false) };
                let to = self.point(command)?;
                let third = |from: f64, a: f64| from + (a - from) * 2.0 / 3.0;
                self.curve(|t| [0, 1].map(|n| cubic(t, [x, y][n], third([x, y][n], a[n]), third(to[n], a[n]), to[n])));
                self.control = Some((a, false));
            }
            b'A' => self.arc(command)?,
            _ => return None,
        }
        Some(())
    }

    fn point(&mut self, command: u8) -> Option<Point> {
        let (x, y) = (self.data.number()?, self.data.number()?);
        let base = if command.is_ascii_lowercase() { self.at } else { [0.0; 2] };
        Some([x + base[0], y + base[1]])
    }

    fn line(&mut self, to: Point) {
        if self.chain.is_empty() {
            self.chain.push(self.at);
        }
        self.chain.push(to);
        self.at = to;
    }

    fn curve(&mut self, at: impl Fn(f64) -> Point) {
        (1..=CHORDS).for_each(|n| self.line(at(n as f64 / CHORDS as f64)));
    }

    /// A part of a circle, or of one that is not round (appendix B.2.4, but that it is not turned).
    fn arc(&mut self, command: u8) -> Option<()> {
        let (rx, ry) = (self.data.number()?.abs(), self.data.number()?.abs());
        self.data.number()?;
        let (is_large, is_clockwise) = (self.data.flag()?, self.data.flag()?);
        let ([x, y], to) = (self.at, self.point(command)?);
        if rx == 0.0 || ry == 0.0 || to == self.at {
            self.line(to);
            return Some(());
        }
        let (dx, dy) = ((x - to[0]) / 2.0 / rx, (y - to[1]) / 2.0 / ry);
        let square = dx * dx + dy * dy;
        let (grown, rest) = (square.sqrt().max(1.0), (1.0 / square - 1.0).max(0.0).sqrt());
        let side = if is_large == is_clockwise { -rest } else { rest };
        let centre = [(x + to[0]) / 2.0 + side * dy * rx, (y + to[1]) / 2.0 - side * dx * ry];
        let (rx, ry) = (rx * grown, ry * grown);
        let angle = |[x, y]: Point| ((y - centre[1]) / ry).atan2((x - centre[0]) / rx);
        let (from, mut turn) = (angle([x, y]), angle(to) - angle([x, y]));
        let whole = std::f64::consts::TAU;
        if is_clockwise && turn < 0.0 {
            turn += whole;
        } else if !is_clockwise && turn > 0.0 {
            turn -= whole;
        }
        self.curve(|t| [centre[0] + rx * (from + t * turn).cos(), centre[1] + ry * (from + t * turn).sin()]);
        Some(())
    }
}

fn cubic(t: f64, from: f64, a: f64, b: f64, to: f64) -> f64 {
    let s = 1.0 - t;
    s * s * s * from + 3.0 * s * s * t * a + 3.0 * s * t * t * b + t * t * t * to
}

/// The numbers of an attribute, up to what is none.
pub(super) fn numbers(text: &str) -> Vec<f64> {
    let mut data = Data(text);
    std::iter::from_fn(|| data.number()).collect()
}

struct Data<'d>(&'d str);

impl Data<'_> {
    fn skip(&mut self) {
        self.0 = self.0.trim_start_matches([' ', ',', '\n', '\r', '\t', '\u{c}']);
    }

    fn letter(&mut self) -> Option<u8> {
        self.skip();
        let first = self.0.bytes().next().filter(u8::is_ascii_alphabetic)?;
        self.0 = self.0.get(1..)?;
        Some(first)
    }

    fn has_number(&mut self) -> bool {
        self.skip();
        self.0.bytes().next().is_some_and(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.'))
    }

    /// One sign, which needs nothing behind it.
    fn flag(&mut self) -> Option<bool> {
        self.skip();
        let flag = self.0.bytes().next().filter(|b| matches!(b, b'0' | b'1'))?;
        self.0 = self.0.get(1..)?;
        Some(flag == b'1')
    }

    fn number(&mut self) -> Option<f64> {
        self.skip();
        let bytes = self.0.as_bytes();
        let digits = |from: usize| bytes.iter().skip(from).take_while(|b| b.is_ascii_digit()).count();
        let sign = |at: usize| usize::from(matches!(bytes.get(at), Some(b'-' | b'+')));
        let mut len = sign(0);
        len += digits(len);
        if bytes.get(len) == Some(&b'.') {
            len += 1 + digits(len + 1);
        }
        if matches!(bytes.get(len), Some(b'e' | b'E')) {
            let behind = len + 1 + sign(len + 1);
            len = if digits(behind) > 0 { behind + digits(behind) } else { len };
        }
        let (number, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        number.parse().ok().filter(|n: &f64| n.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_read_in_all_their_ways_of_writing() {
        let square = vec![[1.0, 2.0], [4.0, 2.0], [4.0, 5.0], [1.0, 5.0]];
        for data in [
            "M1 2H4V5H1Z",
            "m1,2h3v3h-3z",
            "M1 2L4 2 4 5 1 5Z",
            "M 1e0 .2e1 4 2 4 5 1 5 z",
            "m1 2 3 0 0 3-3 0z",
            "M1 2h30e-1v+3H1.z",
        ] {
            let mut found = Vec::new();
            chains(data, &mut |chain| found.push(chain.to_vec()));
            assert_eq!(found, std::slice::from_ref(&square), "{data}");
        }
    }

    #[test]
    fn curves_end_where_they_end() {
        for (data, end) in [
            ("M0 0c1 1 2 1 3 0", [3.0, 0.0]),
            ("M0 0C1 1 2 1 3 0s2 1 3 0", [6.0, 0.0]),
            ("M0 0q1 1 2 0t2 0", [4.0, 0.0]),
            ("M0 0a1 1 0 112 0", [2.0, 0.0]),
            ("M0 0h3?h4", [3.0, 0.0]),
        ] {
            let mut last = [0.0; 2];
            chains(data, &mut |chain| last = *chain.last().expect("a point"));
            assert!((last[0] - end[0]).abs() + (last[1] - end[1]).abs() < 1e-9, "{data}: {last:?}");
        }
    }

    #[test]
    fn what_goes_on_behind_an_area_begins_where_that_began() {
        let mut found = Vec::new();
        chains("M1 1h1v1h-1zm2 0h1v1h-1z", &mut |chain| found.push(chain[0]));
        assert_eq!(found, [[1.0, 1.0], [3.0, 1.0]]);
    }
}
