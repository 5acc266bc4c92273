//! A page of print, read in pieces while there is time: the right way up first, what was read so far is kept.

use std::ops::Range;

use super::gray::Gray;
use super::{ocr, upright};

/// Pixels of a piece; about as many as a card takes.
const PIECE_PIXELS: usize = 1_200_000;
/// Rows of a piece at least: a few lines.
const ROWS_MIN: usize = 200;

/// Reads a page whose lines are level, whichever way up it is; what is missing when the time is over is not sure.
pub(super) fn read(mut page: Gray, time: &mut ocr::Time) -> ocr::Page {
    let first = |page: &Gray, time: &mut _| ocr::read(&part(page, pieces(page).first()?.clone()), time);
    let Some(mut best) = first(&page, time) else { return ocr::Page::default() };
    if !best.is_legible() {
        let over = page.turned().turned();
        if let Some(other) = first(&over, time).filter(|other| other.sure > best.sure) {
            (page, best) = (over, other);
        }
    }
    // The first piece is read already; a page of which nothing was legible may yet be so further below.
    for rows in pieces(&page).into_iter().skip(1) {
        let top = rows.start;
        let Some(read) = ocr::read(&part(&page, rows), time) else {
            best.cut();
            break;
        };
        best.append(read, top);
    }
    best
}

fn part(page: &Gray, rows: Range<usize>) -> Gray {
    page.crop(0, rows.start, page.width(), rows.len())
}

/// Pieces of a page, parted where nothing stands.
fn pieces(page: &Gray) -> Vec<Range<usize>> {
    let rows = (PIECE_PIXELS / page.width().max(1)).max(ROWS_MIN);
    let height = page.height();
    let busy = upright::busy(page);
    let (mut pieces, mut start) = (Vec::new(), 0);
    while height - start > rows * 3 / 2 {
        // The emptiest row of the last third: between lines, if there are any.
        let (from, to) = (start + rows * 2 / 3, start + rows);
        let calm = (from..to).min_by(|a, b| {
            let of = |row: usize| (row.saturating_sub(2)..row + 3).filter_map(|n| busy.get(n)).sum::<f32>();
            of(*a).total_cmp(&of(*b))
        });
        let end = calm.unwrap_or(to);
        pieces.push(start..end);
        start = end;
    }
    pieces.push(start..height);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_parted_between_its_lines() {
        let shade = |n: usize| {
            let (x, y) = (n % 1_000, n / 1_000);
            if y % 40 < 20 && x % 6 < 3 { 0 } else { 255 }
        };
        let page = Gray::new(1_000, (0..1_000 * 4_000).map(shade).collect());
        let pieces = pieces(&page);
        assert!(pieces.len() > 2);
        assert!(pieces.windows(2).all(|two| two[0].end == two[1].start && two[0].end % 40 >= 18), "{pieces:?}");
        assert_eq!((pieces[0].start, pieces[pieces.len() - 1].end), (0, 4_000));
    }

    #[test]
    fn pages_of_any_size_are_parted() {
        for (width, height) in [(0, 0), (1, 9), (3_000, 1), (2_400, 2_400)] {
            let parted = pieces(&Gray::new(width, vec![9; width * height]));
            assert_eq!(parted.iter().map(Range::len).sum::<usize>(), if width == 0 { 0 } else { height });
        }
    }
}
