//! Tables as wikis write them: MediaWiki, Jira, AsciiDoc.

/// What parts the cells of a line as wikis write them, and how many signs stand before the first: `! a !! b` and
/// `| a || b` (MediaWiki), `||a||b||` (a header of Jira). An empty cell of other tables stands among cells that one
/// sign parts.
pub(super) fn signs_of(line: &[u8]) -> Option<(&'static [u8], usize)> {
    let signs = |signs: &'static [u8], frame: usize| {
        memchr::memmem::find(line.get(frame..)?, signs).is_some().then_some((signs, frame))
    };
    match line {
        [b'!', b' ', ..] => signs(b"!!", 1).or_else(|| signs(b"||", 1)),
        [b'|', b'|', within @ .., b'|', b'|'] if !within.is_empty() && only_doubled(within) => signs(b"||", 2),
        [b'|', within @ .., last] if *last != b'|' && only_doubled(within) => signs(b"||", 1),
        _ => None,
    }
}

/// Whether no `|` stands alone, nor three of them together.
fn only_doubled(text: &[u8]) -> bool {
    text.chunk_by(|a, b| (*a == b'|') == (*b == b'|')).all(|run| run.first() != Some(&b'|') || run.len() == 2)
}

/// Whether a line heads a table of MediaWiki.
pub(super) fn begins_as_wiki(line: &[u8]) -> bool {
    line.starts_with(b"! ") && memchr::memmem::find(line, b"!!").is_some()
}

/// Whether a table of MediaWiki or AsciiDoc is open behind a line that sets others apart, given whether one was.
pub(super) fn is_wiki_rule(line: &[u8], open: bool) -> bool {
    match line.trim_ascii() {
        b"|===" => !open,
        [b'{', b'|', ..] => true,
        [b'|', b'}'] => false,
        _ => open,
    }
}

/// Where the only cell of a line of such a table begins: `| a`, `! a`, `|a`, and behind how it looks: `| style="…" | a`.
pub(super) fn wiki_cell(line: &[u8]) -> Option<usize> {
    let lead = line.len() - line.trim_ascii_start().len();
    let (b'|' | b'!', cell) = line.get(lead..)?.split_first()? else { return None };
    let looks = memchr::memchr(b'|', cell).filter(|at| {
        let looks = cell.get(..*at).unwrap_or_default();
        memchr::memmem::find(looks, b"=\"").is_some() && looks.trim_ascii_end().ends_with(b"\"")
    });
    let begins = looks.map_or(0, |at| at + 1);
    // The title of the table.
    if cell.starts_with(b"+") {
        return None;
    }
    memchr::memchr3(b'|', b'!', b'\t', cell.get(begins..)?).is_none().then_some(lead + 1 + begins)
}
