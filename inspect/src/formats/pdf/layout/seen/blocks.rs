//! Blocks beside each other, a person each, that have the same labels on the same lines: each is read by itself.

use std::collections::HashSet;

use super::Row;
use super::lines::{Line, Segment};
use crate::formats::pdf::layout::Cell;

/// Two texts begin at one place.
const EDGE_EM: f64 = 0.6;
/// Blocks beside each other.
const BLOCKS_MAX: usize = 16;

/// What announces a value: words before a colon, or words alone.
fn label(segment: &Segment) -> Option<&str> {
    let text = segment.words();
    let words = text.split_once(':').map_or(text, |(before, _)| before).trim();
    let is_label = words.chars().nth(1).is_some() && !words.bytes().any(|b| b.is_ascii_digit());
    is_label.then_some(words)
}

/// Where the first label of a line stands that is there again.
fn repeated(line: &Line) -> Option<(&str, Vec<f64>)> {
    line.segments.iter().take(BLOCKS_MAX).find_map(|segment| {
        let label = label(segment)?;
        let same = line.segments.iter().filter(|s| self::label(s) == Some(label)).map(|s| s.from);
        let places: Vec<f64> = same.take(BLOCKS_MAX).collect();
        (places.len() > 1).then_some((label, places))
    })
}

/// The rows of all blocks, one block after the other, if there are any.
pub(super) fn read(lines: &[Line]) -> Option<Vec<Row>> {
    let several = lines.iter().filter(|line| line.segments.len() > 1).count();
    let labelled: Vec<(&str, Vec<f64>)> = lines.iter().filter_map(repeated).collect();
    let labels: HashSet<&str> = labelled.iter().map(|(label, _)| *label).collect();
    if labels.len() < 2 || labelled.len() * 2 <= several {
        return None;
    }
    let (_, starts) = labelled.iter().max_by_key(|(_, places)| places.len())?;
    let is_block = |from: f64, size: f64| starts.iter().any(|start| (start - from).abs() <= EDGE_EM * size);
    let size = lines.first()?.size;
    let fits = |places: &Vec<f64>| places.iter().all(|from| is_block(*from, size));
    if labelled.iter().filter(|(_, places)| fits(places)).count() * 2 <= several {
        return None;
    }
    let mut rows = Rows { rows: Vec::new() };
    let mut met: HashSet<&str> = HashSet::new();
    let mut group = 0;
    for (n, line) in lines.iter().enumerate() {
        let first = line.segments.first().and_then(label);
        if first.is_some_and(|label| !met.insert(label)) {
            rows.group(lines.get(group..n).unwrap_or_default(), starts);
            met.clear();
            met.extend(first);
            group = n;
        }
    }
    rows.group(lines.get(group..).unwrap_or_default(), starts);
    Some(rows.rows)
}

struct Rows {
    rows: Vec<Row>,
}

impl Rows {
    /// Reads the blocks of some lines.
    fn group(&mut self, lines: &[Line], starts: &[f64]) {
        for (n, _) in starts.iter().enumerate() {
            let of_block = |segment: &&Segment| {
                let behind = starts.iter().rposition(|s| *s <= segment.from + 0.5).unwrap_or_default();
                behind == n
            };
            let block = lines.iter().map(|line| line.segments.iter().filter(of_block).collect::<Vec<_>>());
            let block: Vec<Vec<&Segment>> = block.filter(|line| !line.is_empty()).collect();
            if block.iter().all(|line| line.len() == 1) {
                let lines = block.iter().flatten().map(|segment| segment.line()).collect();
                self.rows.push(Row { cells: vec![Cell { lines, span: None }], is_across: false });
                continue;
            }
            let row = |line: &Vec<&Segment>| Row { cells: line.iter().map(|s| s.cell()).collect(), is_across: false };
            self.rows.extend(block.iter().map(row));
        }
    }
}
