//! Whether a picture may hold writing: lines of strokes darker or lighter than their ground, at any size and angle.
//!
//! It reads nothing and knows no letters. It errs towards yes: a meadow taken for writing is only read in vain, or kept
//! in when there is no reader; a card taken for a meadow would be let go.

use super::gray::Gray;

/// Side of a tile.
pub(super) const TILE: usize = 16;
/// Sides of the picture at which it is looked at; small writing in a large photograph is seen at the first.
const SIDE_MAX: usize = 4_500;
const SIDE_MIN: usize = NUMBER;
/// A picture less high or wide than this is no more than a line.
const STRIP: usize = 2 * TILE;
/// The digits of the smallest letters of a screen with a row above and below; what is less high is a rule or a border.
const LINE: usize = 9;
/// Twelve digits are at least so wide, four pixels each; an icon is smaller.
const NUMBER: usize = 48;

/// Share of the differences in shade within a tile that parting them in two explains: ink and ground, not a texture.
const PARTED_MIN: f32 = 0.8;
/// Shades between ink and ground.
const CONTRAST_MIN: f32 = 10.0;
/// Tiles that touch: four are a number of twelve digits, as small as a screen shows one.
const TILES_MIN: usize = 4;

/// Where writing seems to be, in pixels of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Region {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) width: usize,
    pub(super) height: usize,
}

/// Where writing seems to be; `None` when nothing looks like it.
pub(super) fn find(gray: &Gray) -> Option<Region> {
    let (width, height) = (gray.width(), gray.height());
    if width.min(height) < STRIP {
        // Too narrow for tiles to tell.
        let shades = gray.pixels().iter().min().zip(gray.pixels().iter().max());
        let is_flat = shades.is_none_or(|(low, high)| f32::from(high - low) < CONTRAST_MIN);
        let whole = Region { left: 0, top: 0, width, height };
        return (width.max(height) >= NUMBER && width.min(height) >= LINE && !is_flat).then_some(whole);
    }
    let mut smaller: Option<Gray> = None;
    let mut scale = 1;
    let mut best: Option<(usize, Region)> = None;
    loop {
        let picture = smaller.as_ref().unwrap_or(gray);
        let side = picture.width().max(picture.height());
        if side < SIDE_MIN {
            break;
        }
        if side <= SIDE_MAX {
            let groups = groups(&tiles(picture), picture.width().div_ceil(TILE));
            let most = groups.iter().map(|group| group.tiles).max().unwrap_or_default();
            if most >= TILES_MIN && best.is_none_or(|(tiles, _)| most > tiles) {
                // Lines and headings that stand apart belong to it.
                let all = groups.iter().filter(|group| group.tiles >= TILES_MIN).copied().reduce(Group::with);
                best = all.map(|group| (most, group.region(scale, gray)));
            }
        }
        smaller = Some(picture.half());
        scale *= 2;
    }
    best.map(|(_, region)| region)
}

/// Tiles that touch.
#[derive(Clone, Copy, Debug)]
struct Group {
    tiles: usize,
    left: usize,
    right: usize,
    top: usize,
    low: usize,
}

impl Group {
    fn with(self, other: Self) -> Self {
        Self {
            tiles: self.tiles + other.tiles,
            left: self.left.min(other.left),
            right: self.right.max(other.right),
            top: self.top.min(other.top),
            low: self.low.max(other.low),
        }
    }

    /// In pixels, with a margin.
    fn region(self, scale: usize, gray: &Gray) -> Region {
        let step = TILE * scale;
        let (left, top) = (self.left.saturating_sub(1) * step, self.top.saturating_sub(1) * step);
        let right = ((self.right + 2) * step).min(gray.width());
        let low = ((self.low + 2) * step).min(gray.height());
        Region { left, top, width: right.saturating_sub(left), height: low.saturating_sub(top) }
    }
}

/// Which tiles look like writing. The last of a row or column reach back over the one before when they must.
pub(super) fn tiles(picture: &Gray) -> Vec<bool> {
    let (width, height) = (picture.width(), picture.height());
    let starts = |side: usize| (0..side.div_ceil(TILE)).map(move |n| (n * TILE).min(side.saturating_sub(TILE)));
    let mut found = Vec::new();
    for top in starts(height) {
        for left in starts(width) {
            let mut tile = [0u8; TILE * TILE];
            let rows = picture.pixels().chunks_exact(width.max(1)).skip(top);
            for (line, row) in tile.as_chunks_mut::<TILE>().0.iter_mut().zip(rows) {
                line.copy_from_slice(row.get(left..left + TILE).unwrap_or(&[0; TILE]));
            }
            found.push(is_writing(&tile));
        }
    }
    found
}

fn is_writing(tile: &[u8; TILE * TILE]) -> bool {
    let Some((limit, parted, contrast, dark)) = parting(tile) else { return false };
    let count = tile.len() as u32;
    let ink = dark.min(count - dark);
    if parted < PARTED_MIN || contrast < CONTRAST_MIN || ink * 100 < count * 6 || ink * 100 > count * 48 {
        return false;
    }
    let turns = |pixels: &mut dyn Iterator<Item = u8>| {
        let mut last = None;
        pixels.filter(|p| last.replace(*p < limit).is_some_and(|before| before != (*p < limit))).count()
    };
    let (mut along, mut down) = (0, 0);
    for n in 0..TILE {
        along += turns(&mut tile.iter().skip(n * TILE).take(TILE).copied());
        down += turns(&mut tile.iter().skip(n).step_by(TILE).copied());
    }
    // Strokes come and go along a line, and letters begin and end across it; an edge turns once, noise all the time.
    let (many, some) = (TILE * 5 / 4..TILE * 8, TILE * 3 / 4..TILE * 8);
    (many.contains(&along) && some.contains(&down)) || (many.contains(&down) && some.contains(&along))
}

/// The shade that parts a tile best in two (Otsu), how much of the differences that explains, how far apart the two
/// are, and how many pixels are darker.
fn parting(tile: &[u8; TILE * TILE]) -> Option<(u8, f32, f32, u32)> {
    let mut counts = [0u32; 64];
    let (mut sum, mut squares) = (0u32, 0u32);
    for shade in tile {
        let bin = shade >> 2;
        if let Some(count) = counts.get_mut(usize::from(bin)) {
            *count += 1;
        }
        sum += u32::from(bin);
        squares += u32::from(bin) * u32::from(bin);
    }
    let all = tile.len() as f32;
    let mean = sum as f32 / all;
    let spread = squares as f32 / all - mean * mean;
    if spread < 1.0 {
        return None;
    }
    let (mut below, mut weight) = (0u32, 0u32);
    let mut best = (0u8, 0.0, 0.0, 0);
    for (bin, count) in counts.iter().enumerate() {
        below += count;
        weight += count * bin as u32;
        if below == 0 || below == tile.len() as u32 {
            continue;
        }
        let (dark, light) = (weight as f32 / below as f32, (sum - weight) as f32 / (all - below as f32));
        let between = below as f32 * (all - below as f32) / (all * all) * (light - dark) * (light - dark);
        if between > best.1 {
            best = ((bin as u8 + 1) * 4, between, light - dark, below);
        }
    }
    let (limit, between, apart, dark) = best;
    Some((limit, between / spread, apart * 4.0, dark))
}

/// Tiles of writing that touch, together.
fn groups(tiles: &[bool], across: usize) -> Vec<Group> {
    let mut left = tiles.to_vec();
    let mut groups = Vec::new();
    let mut open = Vec::new();
    for start in 0..left.len() {
        open.push(start);
        let mut group: Option<Group> = None;
        while let Some(at) = open.pop() {
            if !left.get_mut(at).is_some_and(std::mem::take) {
                continue;
            }
            let (x, y) = (at % across.max(1), at / across.max(1));
            let tile = Group { tiles: 1, left: x, right: x, top: y, low: y };
            group = Some(group.map_or(tile, |group| group.with(tile)));
            let beside = [(x > 0).then(|| at - 1), (x + 1 < across).then_some(at + 1)];
            open.extend(beside.into_iter().flatten().chain(at.checked_sub(across)).chain([at + across]));
        }
        groups.extend(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture of `ground`, on which `draw` says which pixels are ink.
    fn picture(width: usize, height: usize, ground: u8, ink: u8, draw: impl Fn(usize, usize) -> bool) -> Gray {
        let shade = |n: usize| if draw(n % width, n / width) { ink } else { ground };
        Gray::new(width, (0..width * height).map(shade).collect())
    }

    /// Strokes like those of letters, in lines of `size`.
    fn strokes(x: usize, y: usize, size: usize) -> bool {
        let (stroke, row) = (size / 6 + 1, y % (size * 2));
        row < size && (x / stroke).is_multiple_of(3) && !(x / size + row / stroke).is_multiple_of(4)
    }

    #[test]
    fn lines_of_strokes_are_writing_and_shapes_are_not() {
        for (size, ground, ink) in [(12, 250, 20), (12, 20, 230), (20, 60, 40), (40, 200, 90)] {
            let page = picture(640, 480, ground, ink, |x, y| x > 200 && y > 100 && strokes(x, y, size));
            let region = find(&page).expect("writing");
            assert!(region.left >= 64 && region.left + region.width == 640, "{region:?}");
        }
        let disc = |x: usize, y: usize| x.abs_diff(300).pow(2) + y.abs_diff(200).pow(2) < 150 * 150;
        assert_eq!(find(&picture(640, 480, 255, 0, disc)), None);
        assert_eq!(find(&picture(640, 480, 255, 0, |x, y| x > y)), None);
        assert_eq!(find(&picture(640, 480, 128, 128, |_, _| false)), None);
    }

    #[test]
    fn what_stands_at_the_edge_or_in_a_strip_is_seen() {
        let corner = picture(333, 213, 250, 20, |x, y| x > 333 - 70 && y > 213 - 13 && strokes(x, y - (213 - 13), 12));
        assert!(find(&corner).is_some());
        let strip = |height, ink| picture(90, height, 250, ink, |x, y| strokes(x, y, 8));
        assert!(find(&strip(9, 20)).is_some() && find(&strip(9, 250)).is_none());
        // An icon.
        assert_eq!(find(&picture(24, 24, 250, 20, |x, y| strokes(x, y, 8))), None);
    }

    #[test]
    fn pictures_of_any_size_are_fine() {
        for (width, height) in [(0, 0), (1, 1), (15, 900), (900, 15), (101, 17), (4_999, 1)] {
            find(&picture(width.max(1), height, 255, 0, |x, y| (x + y).is_multiple_of(5)));
        }
    }
}
