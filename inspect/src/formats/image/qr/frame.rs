//! From modules of a code to points of the picture: a plane seen in perspective, fixed by four points.

/// A point of the picture, or of a code in modules.
pub(super) type Point = (f32, f32);

/// The way a plane lies in the picture.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame([f64; 8]);

impl Frame {
    /// The plane in which these points of the code lie at these of the picture; `None` when there is no such plane.
    pub(super) fn new(from: [Point; 4], to: [Point; 4]) -> Option<Self> {
        let mut rows = [[0f64; 9]; 8];
        for ((pair, (u, v)), (x, y)) in rows.as_chunks_mut::<2>().0.iter_mut().zip(from).zip(to) {
            let (u, v, x, y) = (f64::from(u), f64::from(v), f64::from(x), f64::from(y));
            *pair = [[u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x, x], [0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y, y]];
        }
        solve(&mut rows).map(Self)
    }

    /// Where a point of the code lies in the picture.
    pub(super) fn at(&self, (u, v): Point) -> Point {
        let Self([a, b, c, d, e, f, g, h]) = self;
        let (u, v) = (f64::from(u), f64::from(v));
        let scale = g * u + h * v + 1.0;
        (((a * u + b * v + c) / scale) as f32, ((d * u + e * v + f) / scale) as f32)
    }
}

/// Solves linear equations, the last column being what they equal (Gauss, with pivots).
pub(super) fn solve<const N: usize, const M: usize>(rows: &mut [[f64; M]; N]) -> Option<[f64; N]> {
    for n in 0..N {
        let best = (n..N).max_by(|a, b| rows[*a][n].abs().total_cmp(&rows[*b][n].abs()))?;
        rows.swap(n, best);
        let pivot = rows[n];
        if pivot[n].abs() < 1e-9 || !pivot[n].is_finite() {
            return None;
        }
        for (at, row) in rows.iter_mut().enumerate() {
            if at != n {
                let by = row[n] / pivot[n];
                for (value, above) in row.iter_mut().zip(pivot) {
                    *value -= by * above;
                }
            }
        }
    }
    Some(std::array::from_fn(|n| rows[n][M - 1] / rows[n][n]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_points_fix_a_plane() {
        let from = [(3.5, 3.5), (41.5, 3.5), (3.5, 41.5), (38.5, 38.5)];
        let to = [(100.0, 120.0), (300.0, 110.0), (90.0, 330.0), (270.0, 310.0)];
        let frame = Frame::new(from, to).expect("a plane");
        for (from, to) in from.into_iter().zip(to) {
            let (x, y) = frame.at(from);
            assert!((x - to.0).abs() < 0.01 && (y - to.1).abs() < 0.01);
        }
        assert!(Frame::new(from, [(1.0, 1.0); 4]).is_none_or(|f| f.at((3.5, 3.5)).0.is_finite()));
        assert!(Frame::new([(0.0, 0.0); 4], to).is_none());
    }
}
