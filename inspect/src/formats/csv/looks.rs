//! Whether a text looks like a delimited table: most of its lines have as many delimiters, and nothing speaks for another
//! kind of text.

use crate::layers;
use crate::scanned::is_code;
use crate::sniff::Head;

/// Most lines have the same number of delimiters. What nearly every text lacks is asked first.
pub(super) fn is_table(head: &Head<'_>, delimiter: u8) -> bool {
    const LINES: usize = 40;
    if !head.is_ascii_based() || memchr::memchr(delimiter, head.trimmed).is_none() {
        return false;
    }
    let end = head.line_end();
    let lines = || records(head.trimmed, end, delimiter).filter(|l| !l.trim_ascii().is_empty()).take(LINES);
    let counts: Vec<usize> = lines().map(|line| delimiters(line, delimiter)).collect();
    let usual = |n: usize| counts.iter().filter(|c| **c == n).count();
    let Some(most) = counts.iter().copied().filter(|n| *n > 0).max_by_key(|n| (usual(*n), *n)) else { return false };
    let said = matches!(head.extension(), "csv" | "tsv" | "tab" | "psv")
        || matches!(head.declared(), "text/csv" | "text/tab-separated-values" | "application/csv");
    // Sentences have commas too.
    let (columns, rows) = match (said, delimiter) {
        (true, _) => (1, 1),
        (false, b'\t') => (1, 2),
        (false, b',') => (2, 3),
        _ => (2, 2),
    };
    // Columns set apart by blanks, with commas in the addresses: running text knows such tables.
    let blanks = |l: &&[u8]| has_wide_blanks(l, delimiter);
    // A second table of the file has columns of its own.
    let other = counts.iter().copied().filter(|n| said && *n > 0 && *n != most).map(usual).max().unwrap_or(0);
    // What hardly a program puts between values must do so all through.
    let share = if b"^~#".contains(&delimiter) { 9 } else { 5 };
    most >= columns
        && usual(most) >= rows
        && ((usual(most) + other) * 10 >= counts.len() * share || delimiter == b'\t' && are_trimmed(&counts))
        && (said || lines().filter(blanks).count() * 2 <= counts.len())
        && (said || !are_spaced(lines(), delimiter) || are_alike(&counts, most, delimiter))
        && (said || most > 1 || !is_announced(head.trimmed))
        && !(delimiter == b',' && is_list(head.trimmed))
        && !(matches!(delimiter, b'|' | b',') && is_wiki(head.trimmed))
        && !are_codes(lines())
        && !layers::is_uuencoded(head.trimmed)
}

/// Whether a table of a wiki begins here, whose header has other signs between its cells: running text knows such. Addresses
/// in it have commas.
fn is_wiki(text: &[u8]) -> bool {
    let Some((before, behind)) = memchr::memchr(b'|', text).and_then(|sign| text.split_at_checked(sign)) else {
        return false;
    };
    let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let end = before.len() + memchr::memchr(b'\n', behind).unwrap_or(behind.len());
    let first = text.get(start..end).unwrap_or_default().trim_ascii();
    first.starts_with(b"{|") || first.len() > 4 && first.starts_with(b"||") && first.ends_with(b"||")
}

/// Whether the lines with a `|` are the texts of the codes on cards, as a scanner writes them: no row of a table, but each
/// a person's card.
fn are_codes<'t>(lines: impl Iterator<Item = &'t [u8]>) -> bool {
    let mut piped = lines.filter(|line| line.contains(&b'|')).map(is_code).peekable();
    // A table of the same fields has a header. What was written between them may have a `|` as well.
    let (mut codes, mut others) = (0, 0);
    piped.peek() == Some(&true) && {
        piped.for_each(|is_code| *(if is_code { &mut codes } else { &mut others }) += 1);
        codes >= 4 * others
    }
}

/// The records of a text: its lines, but that one with a quote left open goes on to where it is closed. One that goes on
/// for longer was never meant as one.
fn records(text: &[u8], end: u8, delimiter: u8) -> impl Iterator<Item = &[u8]> {
    const LINES_MAX: usize = 8;
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let line = memchr::memchr(end, rest).unwrap_or(rest.len());
        let mut ends = memchr::memchr_iter(end, rest).chain([rest.len()]).take(LINES_MAX);
        // Hardly a line has a quote.
        let whole = match rest.get(..line).map(|line| memchr::memchr(b'"', line)) {
            Some(Some(_)) => ends.find(|at| rest.get(..*at).is_some_and(|all| !leaves_open(all, delimiter))),
            _ => Some(line),
        };
        let (record, behind) = rest.split_at(whole.unwrap_or(line));
        rest = behind.get(1..).unwrap_or_default();
        Some(record)
    })
}

/// Whether the last cell of a text begins with a quote that nothing closes.
fn leaves_open(text: &[u8], delimiter: u8) -> bool {
    let (mut quoted, mut begins) = (false, true);
    for b in text {
        match *b {
            b'"' if quoted || begins => (quoted, begins) = (!quoted, quoted),
            b' ' => {}
            b => begins = b == delimiter || b == b'\n' || b == b'\r',
        }
    }
    quoted
}

/// Whether the first line says of what a list below it is: `Số CMND của các bác:`. Running text knows such.
fn is_announced(text: &[u8]) -> bool {
    text.split(|b| *b == b'\n').next().is_some_and(|line| line.trim_ascii_end().ends_with(b":"))
}

/// Whether all lines have as many delimiters, but for titles. Those of addresses stand in every line of a list but its
/// header.
fn are_alike(counts: &[usize], most: usize, delimiter: u8) -> bool {
    counts.iter().all(|n| *n == most || delimiter == b';' && *n * 2 < most)
}

/// Whether a blank follows each delimiter, as people write: between the parts of an address, or the cells of a row from
/// which empty ones are left out. Running text tells what stands under which heading there.
fn are_spaced<'t>(mut lines: impl Iterator<Item = &'t [u8]>, delimiter: u8) -> bool {
    matches!(delimiter, b',' | b';')
        && lines.all(|line| {
            memchr::memchr_iter(delimiter, line).filter_map(|at| line.get(at + 1)).all(|b| matches!(b, b' ' | b'\r'))
        })
}

/// Whether words of a line stand wide blanks apart, and not only on either side of an empty cell.
fn has_wide_blanks(line: &[u8], delimiter: u8) -> bool {
    let mut cells = line.split(|b| *b == delimiter).map(<[u8]>::trim_ascii);
    let wide = |cell: &[u8]| cell.windows(2).filter(|w| *w == b"  ").count();
    let mut n = 0;
    cells.any(|cell| {
        n += wide(cell);
        n >= 2
    })
}

/// Whether most lines have as many tabs as the widest, but for a few at their end: those of empty cells are often cut
/// off.
fn are_trimmed(counts: &[usize]) -> bool {
    const LEFT_OUT_MAX: usize = 3;
    const COLUMNS_MIN: usize = 2 * LEFT_OUT_MAX;
    let widest = counts.iter().copied().max().unwrap_or(0);
    let whole = |n: &&usize| **n + LEFT_OUT_MAX >= widest;
    widest >= COLUMNS_MIN && counts.iter().filter(whole).count() * 2 >= counts.len()
}

/// How many of a line's delimiters stand outside of quotes.
fn delimiters(line: &[u8], delimiter: u8) -> usize {
    let Some(quoted) = memchr::memchr(b'"', line) else { return line.iter().filter(|b| **b == delimiter).count() };
    let (plain, rest) = line.split_at(quoted);
    let (mut quoted, mut n) = (false, plain.iter().filter(|b| **b == delimiter).count());
    for b in rest {
        quoted ^= *b == b'"';
        n += usize::from(*b == delimiter && !quoted);
    }
    n
}

/// Whether most lines are items of a list of numbers that a program holds, `{0x30, 0x31,`: each ends in a comma, and a
/// bracket stands before them.
fn is_list(text: &[u8]) -> bool {
    const LINES: usize = 40;
    let listed = |b: &u8| b.is_ascii_hexdigit() || matches!(b, b',' | b'x' | b'X' | b' ' | b'\t');
    let lines = || text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty()).take(LINES);
    let items = |line: &&[u8]| line.ends_with(b",") && line.iter().all(listed);
    let bracket = |line: &&[u8]| line.ends_with(b"{") || line.ends_with(b"[") || line.ends_with(b"(");
    lines().take_while(|line| !items(line)).any(|line| bracket(&line))
        && lines().filter(items).count() * 2 >= lines().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_cards_a_line_each_are_no_table() {
        use chot_model::DetectorId::{BhytQr, Cccd, CccdQr};
        let citizens = "001090123456|012345678|Vi Thị Thử|01021990|Nữ|Xóm 1, xã A, Hà Nội|16122022\n\
                        079190123457||Y Thử Niê|03041990|Nam|Xóm 2, xã B, Hà Nội|19122021\n\
                        031090123458||Lò Văn Mẫu|05061990|Nam|Xóm 3, xã C, Hà Nội|19122021\n";
        let insured = "DN4790123456789|4ce1baa169205468e1bb8b|18/11/1985|2|58c3b36d203130|54 - 605|01/01/2026|-|$\n\
                       HC4790123456780|59204268c4836d20|12/04/1972|1|4b687520|19 - 785|01/01/2026|-|$\n";
        let headed = format!("CCCD|CMND|Họ tên|Ngày sinh|Giới tính|Địa chỉ|Ngày cấp\n{citizens}");
        for (text, found, persons) in [
            (citizens, [3, 0, 0], 3),
            (insured, [0, 2, 0], 2),
            // Two cards of different kinds behind each other may be one person's.
            (&[citizens, insured].concat(), [3, 2, 0], 4),
            // A table of the same fields says so.
            (&headed, [0, 0, 3], 3),
        ] {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.as_bytes().to_vec()).inspection;
            let count = [CccdQr, BhytQr, Cccd].map(|id| inspection.distinct(id));
            assert_eq!((count, inspection.persons), (found, persons), "{text} {inspection:?}");
        }
    }

    #[test]
    fn records_count_and_not_lines() {
        use chot_model::DetectorId::{Bhxh, Cccd, Cmnd};
        let names = ["Nguyễn Văn An", "Lê Thị Bình", "TRẦN QUỐC CƯỜNG"];
        let quoted = |cut: &str, heading: &str, row: fn(usize, &str) -> [String; 4]| {
            let rows = names.iter().enumerate().map(|(n, name)| row(n, name).join(cut));
            [["STT", "Họ và tên", heading, "Mã số BHXH"].join(cut)]
                .into_iter()
                .chain(rows)
                .collect::<Vec<_>>()
                .join("\n")
        };
        let two = |n: usize, name: &str| {
            [
                format!("{n}"),
                name.into(),
                format!("\"12618207{n}\n07208088836{n}\""),
                format!("{}", 6_092_839_638_u64 + n as u64 * 7_654_321),
            ]
        };
        let born = |n: usize, name: &str| {
            [
                format!("{n}"),
                format!("\"{name}\n01/02/1980\""),
                format!("12618207{n}"),
                format!("{}", 6_092_839_638_u64 + n as u64 * 7_654_321),
            ]
        };
        for (text, found) in [
            (quoted("\t", "Số CMND/CCCD", two), [3, 3, 3]),
            (quoted("\t", "\"Số CMND/\nCCCD\"", two), [3, 3, 3]),
            (quoted(",", "\"Số CMND/\nCCCD\"", two), [3, 3, 3]),
            (quoted(",", "\"Số CMND/\r\nCCCD\"", two), [3, 3, 3]),
            (quoted("\t", "Số CMND", born), [3, 0, 3]),
        ] {
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.clone().into_bytes()).inspection;
            let count = [Cmnd, Cccd, Bhxh].map(|id| inspection.distinct(id));
            assert_eq!((count, inspection.persons), (found, 3), "{text}");
        }
    }

    #[test]
    fn records_are_lines_where_no_quote_goes_on() {
        let told = |text: &str| records(text.as_bytes(), b'\n', b',').map(<[u8]>::len).collect::<Vec<_>>();
        for (text, lens) in [
            ("a,b\nc,d\n", &[3, 3][..]),
            ("a,\"b\nc\"\nd", &[7, 1]),
            // Said twice, a quote stands for itself; within a cell it opens nothing.
            ("\"a\"\"\nb\",c\nd", &[9, 1]),
            ("3.5\" x,b\nc,6\"", &[8, 4]),
            // Forgotten.
            ("a,\"b\n1\n2\n3\n4\n5\n6\n7\n8\n9", &[4, 1, 1, 1, 1, 1, 1, 1, 1, 1]),
        ] {
            assert_eq!(told(text), lens, "{text:?}");
        }
    }

    #[test]
    fn tabs_at_the_end_of_a_row_may_be_cut_off_and_written_rows_are_text() {
        let row = |cut: &str, n: usize| {
            let cells = ["Lê Thị", "Hoa", "01/02/2014", "x", "BHXH", "3A2", "Thôn 3, xã An Lão, Lào Cai", "Đã nộp"];
            let cells: Vec<_> = cells
                .iter()
                .filter(|c| n.is_multiple_of(2) || **c != "Đã nộp" && (**c != "x" || cut == "\t"))
                .collect();
            let cells = cells.iter().map(|c| c.replace("BHXH", &format!("{}", 4_812_345_678_u64 + n as u64 * 54_321)));
            format!("{}{cut}{}\n", n + 1, cells.collect::<Vec<_>>().join(cut))
        };
        for (cut, heading, media_type, found) in [
            ("\t", "Mã số BHXH", "text/tab-separated-values", 12),
            ("; ", "Mã số BHXH", "text/plain", 12),
            ("\t", "Số hóa đơn", "text/tab-separated-values", 0),
            ("; ", "Số hóa đơn", "text/plain", 0),
        ] {
            let header = ["TT", "Họ và tên đệm", "Tên", "Ngày sinh", "Nữ", heading, "Lớp", "Địa chỉ", "Ghi chú"];
            let rows: String = (0..12).map(|n| row(cut, n)).collect();
            let text = format!("{}\n{rows}", header.join(cut));
            let inspector = crate::Inspector::new(crate::Limits::default(), 2026);
            let inspection = inspector.inspect(crate::Hint::default(), &text.clone().into_bytes()).inspection;
            let count = inspection.distinct(chot_model::DetectorId::Bhxh);
            assert_eq!((&*inspection.object.media_type, count), (media_type, found), "{text}");
        }
    }
}
