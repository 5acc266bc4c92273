//! Pictures of twelve megapixels that hold no code, some made to take long.

use crate::Random;

const WIDE: usize = 4_000;
const HIGH: usize = 3_000;

/// A bitmap of shades (8 bits, a palette of greys): whole rows of four bytes.
pub fn bitmap(shade: impl FnMut(usize) -> u8) -> Vec<u8> {
    const DATA: u32 = 14 + 40 + 1_024;
    let mut file = b"BM\0\0\0\0\0\0\0\0".to_vec();
    file.extend(DATA.to_le_bytes());
    file.extend(40u32.to_le_bytes());
    file.extend((WIDE as u32).to_le_bytes());
    file.extend((HIGH as u32).to_le_bytes());
    file.extend([1, 0, 8, 0]);
    file.extend([0; 24]);
    file.extend((0..=255u8).flat_map(|grey| [grey, grey, grey, 0]));
    file.extend((0..WIDE * HIGH).map(shade));
    file
}

/// Squares like those at the corners of a code, side by side, `module` pixels a module.
pub fn squares(module: usize) -> impl FnMut(usize) -> u8 {
    move |n| {
        let middle = |at: usize| (at % (module * 12)).abs_diff(module * 6);
        let ring = 2 * middle(n % WIDE).max(middle(n / WIDE)) / module;
        if ring < 3 || (5..7).contains(&ring) { 20 } else { 230 }
    }
}

/// Codes side by side that are right in all that every code of their size has, and say nothing: as much as a reader can
/// be made to try. Of version 7, as on a card; `module` pixels a module.
pub fn broken_codes(module: usize, random: &mut Random) -> impl FnMut(usize) -> u8 + use<> {
    const SIZE: usize = 45;
    const QUIET: usize = 4;
    let alignment = [6, 22, 38];
    let square = |x: usize, y: usize, at: (usize, usize)| x.abs_diff(at.0).max(y.abs_diff(at.1));
    let dark = |x: usize, y: usize, chance: bool| {
        let corners = [(3, 3), (SIZE - 4, 3), (3, SIZE - 4)];
        if let Some(far) = corners.map(|corner| square(x, y, corner)).into_iter().find(|far| *far <= 4) {
            return far < 2 || far == 3;
        }
        let middles = alignment.iter().flat_map(|v| alignment.iter().map(move |u| (*u, *v)));
        // Those at the corners give way to the finders.
        let mut middles = middles.filter(|at| corners.iter().all(|corner| square(at.0, at.1, *corner) > 4));
        match middles.find_map(|at| Some(square(x, y, at)).filter(|far| *far <= 2)) {
            Some(far) => far != 1,
            None if x == 6 || y == 6 => (x + y).is_multiple_of(2),
            None => chance,
        }
    };
    let code: Vec<bool> = (0..SIZE * SIZE).map(|n| dark(n % SIZE, n / SIZE, random.word().is_multiple_of(2))).collect();
    move |n| {
        let at = |n: usize| (n / module % (SIZE + QUIET)).checked_sub(QUIET);
        match (at(n % WIDE), at(n / WIDE)) {
            (Some(x), Some(y)) if code[y * SIZE + x] => 30,
            _ => 225,
        }
    }
}

/// Strokes in all directions, as of cloth and leaves.
pub fn cloth(n: usize) -> u8 {
    let (x, y) = ((n % WIDE) as f32, (n / WIDE) as f32);
    let wave = (x * 0.9).sin() + (y * 1.1).sin() + ((x + y) * 0.37).sin() * (x * 0.013).cos();
    (128.0 + wave * 40.0) as u8
}
