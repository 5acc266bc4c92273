//! Where rows of tables end: the mark of a cell and of a row are the same letter, and only the properties of its
//! paragraph tell them apart (MS-DOC §2.8.6, §2.9.175, §2.6.2).

use std::ops::Range;

use super::super::super::le::{u16_at, u32_at};

/// A page of properties.
const PAGE: usize = 512;
/// `sprmPFTtp` and `sprmPFInnerTtp`: this paragraph ends a row.
const ENDS_ROW: [u16; 2] = [0x2417, 0x244c];

/// The places in the stream of paragraphs that end a row, in order. `plc` lists the pages of properties.
pub(super) fn ends(main: &[u8], plc: &[u8]) -> Vec<Range<usize>> {
    let count = plc.len().saturating_sub(4) / 8;
    let mut out: Vec<Range<usize>> = Vec::new();
    for n in 0..count {
        let Some(page) = u32_at(plc, 4 * (count + 1) + 4 * n) else { continue };
        let start = (page & 0x3f_ffff) as usize * PAGE;
        // A page once: in a file that lies all may be the same.
        if n > main.len() / PAGE {
            break;
        }
        let Some(page) = main.get(start..).and_then(|rest| rest.get(..PAGE)) else { continue };
        let paragraphs = usize::from(page.last().copied().unwrap_or(0));
        for p in 0..paragraphs {
            let place = |n: usize| u32_at(page, 4 * n).map(|at| at as usize);
            let (Some(from), Some(to)) = (place(p), place(p + 1)) else { break };
            let offset = page.get(4 * (paragraphs + 1) + 13 * p).copied().unwrap_or(0);
            if offset != 0 && from < to && ends_row(page, 2 * usize::from(offset)) {
                out.push(from..to);
            }
        }
    }
    out.sort_by_key(|range| range.start);
    out.dedup();
    // Searched by where they end, which must be in order as well.
    let mut end = 0;
    out.retain(|range| {
        let is_later = range.end > end;
        end = end.max(range.end);
        is_later
    });
    out
}

fn ends_row(page: &[u8], at: usize) -> bool {
    let list = match page.get(at) {
        Some(0) => page.get(at + 2..at + 2 + 2 * usize::from(page.get(at + 1).copied().unwrap_or(0))),
        Some(half) => page.get(at + 1..at + 2 * usize::from(*half)),
        None => None,
    };
    // The number of the style comes first.
    let mut list = list.and_then(|l| l.get(2..)).unwrap_or_default();
    while let Some(code) = u16_at(list, 0) {
        if ENDS_ROW.contains(&code) {
            return list.get(2) == Some(&1);
        }
        let len = match code >> 13 {
            0 | 1 => 1,
            2 | 4 | 5 => 2,
            3 => 4,
            7 => 3,
            // As long as the next byte says; lists of columns in two.
            _ if code == 0xd608 => 1 + usize::from(u16_at(list, 2).unwrap_or(0)),
            _ => 1 + usize::from(list.get(2).copied().unwrap_or(0)),
        };
        list = list.get(2 + len..).unwrap_or_default();
    }
    false
}
