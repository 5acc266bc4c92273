//! What the first rows of a table say of its columns: a header, headings of rows, or nothing but what stands in them.

use chot_detectors::{Column, begins_names};

use super::weight::tells_of_people;
use super::{COLUMNS_MAX, Row, digits, is_blank, is_number};
use crate::inquiry::{HEADER_MAX, Inquiry};
use crate::joined::{DIGITS, is_part};
use crate::view::View;

/// The header stands in one of so many first rows that are no titles.
const HEADER_ROWS: usize = 6;

/// Whether the heading at `at` stands over two cells of row `n` below: there is none beside it where that has one.
fn is_over_two(rows: &[(u64, Row)], header: usize, n: usize, at: usize) -> bool {
    let is_filled = |row: usize, at: usize| {
        rows.get(row).is_some_and(|(_, row)| row.iter().any(|(c, view)| *c == at && !is_blank(&view.text)))
    };
    is_filled(n, at + 1) && !is_filled(header, at + 1)
        || at.checked_sub(1).is_some_and(|before| is_filled(n, before) && !is_filled(header, at))
}

/// Digits of a heading: `CCCD (12 số)`.
const HEADING_DIGITS_MAX: usize = 4;

/// So many different headings are a header, whatever stands beside them.
const NOTED_MIN: usize = 3;

/// Whether the only number of a row stands behind all that announces something in it, which somebody's number is among.
fn is_noted<'r>(columns: &[Option<Column>], row: impl Iterator<Item = &'r [u8]>) -> bool {
    let mut numbers = row.enumerate().filter(|(_, cell)| is_number(cell)).map(|(at, _)| at);
    let (number, last) = (numbers.next(), columns.iter().rposition(Option::is_some));
    number > last && numbers.next().is_none() && columns.iter().flatten().any(|c| c.is_identifier())
}

/// Whether the cells of a row are the parts of one number and nothing else.
fn is_split<'r>(row: impl Iterator<Item = &'r [u8]>) -> bool {
    let mut digits = 0;
    let mut cells = row.map(<[u8]>::trim_ascii).filter(|cell| !cell.is_empty());
    let all = cells.all(|cell| {
        digits += cell.len();
        is_part(cell) && digits <= *DIGITS.end()
    });
    all && DIGITS.contains(&digits)
}

/// Where the headings of some first rows stand.
pub(crate) struct Heading {
    /// What each cell of these rows announces; empty when none announces anything.
    announced: Vec<Vec<Option<Column>>>,
    /// Which row heads the columns.
    pub(crate) header: Option<usize>,
    /// The rows are those of a form: headings side by side, each with its value behind.
    pub(super) paired: bool,
    /// How many different things the first cells of the rows announce.
    pub(super) rows: usize,
}

impl Heading {
    /// Of rows given as their cells one behind the other.
    pub(crate) fn of<'r, C: Iterator<Item = &'r [u8]> + Clone>(
        rows: impl Iterator<Item = C> + Clone,
        inquiry: &mut Inquiry,
    ) -> Self {
        let mut announced: Vec<Vec<Option<Column>>> = Vec::new();
        for (n, row) in rows.clone().enumerate() {
            for (at, cell) in row.clone().enumerate() {
                let Some(column) = announce(cell, inquiry) else { continue };
                // Most tables of running text are none, and announce nothing.
                if announced.is_empty() {
                    announced = rows.clone().map(|row| vec![None; row.count()]).collect();
                }
                if let Some(slot) = announced.get_mut(n).and_then(|row| row.get_mut(at)) {
                    *slot = Some(column);
                }
            }
        }
        if announced.is_empty() {
            return Self { announced, header: None, paired: false, rows: 0 };
        }
        // Digits in boxes beside each other are one number, over which one heading stands; so are the parts of one in a row of
        // nothing else.
        let filled = |row: C| {
            if is_split(row.clone()) {
                return 1;
            }
            let mut digit = false;
            let cells = row.filter(|cell| !is_blank(cell)).map(<[u8]>::trim_ascii);
            let begins = |cell: &&[u8]| {
                let before = std::mem::replace(&mut digit, matches!(cell, [b'0'..=b'9']));
                !(before && digit)
            };
            cells.filter(begins).count()
        };
        let widest = rows.clone().map(filled).max().unwrap_or(0);
        // Where the same stands more than once it may be values, such as `Nam`, which heads a column as well: then kinds count.
        let count = |columns: &Vec<Option<Column>>, row: C| {
            let mut cells: Vec<(&[u8], Column)> =
                row.zip(columns).filter_map(|(c, told)| Some((c, (*told)?))).collect();
            let all = cells.len();
            cells.sort_unstable_by_key(|(cell, _)| *cell);
            cells.dedup_by_key(|(cell, _)| *cell);
            if cells.len() == all {
                return all;
            }
            let first =
                |(n, (_, kind)): &(usize, &(&[u8], Column))| !cells.iter().take(*n).any(|(_, other)| other == kind);
            cells.iter().enumerate().filter(first).count()
        };
        let best = announced
            .iter()
            .zip(rows.clone())
            .enumerate()
            .filter(|(_, (_, row))| filled(row.clone()) * 2 >= widest)
            .take(HEADER_ROWS)
            .filter(|(_, (columns, _))| columns.iter().any(Option::is_some))
            .map(|(n, (columns, row))| (n, count(columns, row.clone()), columns, row))
            // A row with a number as long as identifiers are is one of the rows below: `Nam` heads nothing there. But somebody
            // may have put a note beside a whole header.
            .filter(|(_, count, columns, row)| {
                !row.clone().any(is_number) || *count >= NOTED_MIN && is_noted(columns, row.clone())
            })
            .map(|(n, count, _, _)| (n, count))
            .max_by_key(|(n, count)| (*count, usize::MAX - n));
        let mut firsts: Vec<Column> = Vec::new();
        // Markdown draws a line before the first cell, too.
        let blank = |row: C| row.take_while(|cell| cell.trim_ascii().is_empty()).count();
        let first = rows.clone().map(blank).min().unwrap_or(0);
        for column in announced.iter().filter_map(|columns| *columns.get(first)?) {
            if !firsts.contains(&column) {
                firsts.push(column);
            }
        }
        let firsts = firsts.len();
        let wide = announced.iter().any(|row| row.len() > 1);
        let paired = is_form(rows.zip(&announced).map(|(row, told)| row.zip(told.iter().copied())));
        let header = match best {
            _ if paired => None,
            // One heading at the head of several rows each: they are headings of rows.
            Some((_, n)) if wide && firsts >= 2 && (n == 1 || firsts > n) => None,
            Some((at, _)) if announced.len() > at + 1 => Some(at),
            _ => None,
        };
        Self { announced, header, paired, rows: firsts }
    }

    /// Whether a row next to the header says what only lists of people have.
    pub(super) fn is_among_people(&self) -> bool {
        let at = self.header.unwrap_or(0);
        let rows = self.announced.iter().enumerate().take(at + 2).skip(at.saturating_sub(1));
        rows.filter(|(n, _)| *n != at).flat_map(|(_, row)| row).flatten().any(|c| tells_of_people(*c))
    }

    /// Whether none of these rows announces anything.
    pub(crate) fn is_silent(&self) -> bool {
        self.announced.is_empty()
    }

    /// Whether these rows, all of a table, have no header, nor headings of their own, nor any among them that could head
    /// others.
    pub(crate) fn heads_nothing(&self) -> bool {
        let one = |row: &Vec<Option<Column>>| row.iter().flatten().nth(1).is_none();
        self.header.is_none() && self.rows <= 1 && self.announced.iter().all(one)
    }

    /// Adds what the rows next to the header announce where that is silent, if they are parts of it: `Số` stands over `CMND` and
    /// `BHXH`, or `Họ tên` beside `Giấy tờ` over them. Such a row has words only.
    pub(super) fn complete(&self, columns: &mut Vec<Option<Column>>, rows: &[(u64, Row)], header: usize) {
        for n in [header.wrapping_sub(1), header + 1] {
            let (Some((_, row)), Some(announced)) = (rows.get(n), self.announced.get(n)) else { continue };
            let is_silent = |at: usize| {
                let told = columns.get(at).copied().flatten();
                at < COLUMNS_MAX
                    && (matches!(told, None | Some(Column::Neutral)) || n > header && is_over_two(rows, header, n, at))
            };
            let filled = || row.iter().zip(announced).filter(|((_, view), _)| !is_blank(&view.text));
            let told = |((at, _), told): (&(usize, View), &Option<Column>)| Some((*at, (*told)?));
            let says = |(at, told): &(usize, Column)| *told != Column::Neutral && is_silent(*at);
            let told: Vec<(usize, Column)> = filled().filter_map(told).filter(says).collect();
            // A row below that fills what the header names is one of the list; one above may be a title.
            let is_part = if n > header {
                filled().all(|((at, _), _)| is_silent(*at)) && !told.is_empty()
            } else {
                told.len() > 1
            };
            if !is_part || row.iter().any(|(_, view)| digits(&view.text) > HEADING_DIGITS_MAX) {
                continue;
            }
            for (at, column) in told {
                columns.resize((at + 1).max(columns.len()), None);
                columns[at] = Some(column);
            }
        }
    }

    /// What the header announces for the columns, given which columns its cells stand in.
    pub(crate) fn columns(&self, cells: impl Iterator<Item = usize>) -> Vec<Option<Column>> {
        let mut columns = Vec::new();
        let announced = self.header.and_then(|at| self.announced.get(at));
        for (at, announced) in cells.zip(announced.into_iter().flatten()) {
            if at < COLUMNS_MAX {
                columns.resize((at + 1).max(columns.len()), None);
                columns[at] = *announced;
            }
        }
        columns
    }
}

/// Which cells of a row are headings, given what each announces, if it is one of a form: its first cell is a heading, and
/// behind every heading stands what it speaks of. Behind one with a colon nothing has to stand.
pub(super) fn labels<'r>(cells: impl Iterator<Item = (&'r [u8], Option<Column>)>) -> Vec<usize> {
    let mut labels: Vec<usize> = Vec::new();
    let mut open = false;
    for (n, (cell, told)) in cells.enumerate().filter(|(_, (cell, _))| !is_blank(cell)) {
        let colon = cell.trim_ascii().ends_with(b":");
        // `Nam` heads a column, and is a value behind `Giới tính`.
        if colon || told.is_some_and(|column| column != Column::Sex) {
            if open {
                return Vec::new();
            }
            labels.push(n);
            open = !colon;
        } else if labels.is_empty() {
            return labels;
        } else {
            open = false;
        }
    }
    labels
}

/// Whether rows are those of a form, some with several headings: `Họ tên: | … | Ngày sinh: | …`. Without colons every other
/// heading of a list looks like that, too; but its rows do not.
fn is_form<'r, C: Iterator<Item = (&'r [u8], Option<Column>)> + Clone>(rows: impl Iterator<Item = C>) -> bool {
    let (mut all, mut headed, mut colons) = (0, 0, 0);
    let mut pairs: Vec<Vec<Column>> = Vec::new();
    for row in rows {
        let labels = labels(row.clone());
        let told = || labels.iter().filter_map(|n| row.clone().nth(*n));
        all += usize::from(row.clone().filter(|(cell, _)| !is_blank(cell)).nth(1).is_some());
        headed += usize::from(!labels.is_empty());
        let columns: Vec<Column> = told().filter_map(|(_, column)| column).collect();
        if labels.len() > 1 && !columns.is_empty() && !pairs.contains(&columns) {
            colons += usize::from(told().all(|(cell, _)| cell.trim_ascii().ends_with(b":")));
            pairs.push(columns);
        }
    }
    colons > 0 && headed * 2 >= all || pairs.len() > 1 && headed >= all
}

/// What the columns of rows without a header are, where nearly all their cells are of one kind.
pub(super) fn coherent(rows: &[(u64, Row)], inquiry: &Inquiry) -> Vec<Option<Column>> {
    let columns = rows.iter().flat_map(|(_, row)| row.last()).map(|(at, _)| at + 1).max().unwrap_or(0);
    let cell = |row: &'_ Row, wanted: usize| row.iter().position(|(at, _)| *at == wanted);
    (0..columns.min(COLUMNS_MAX))
        .map(|at| {
            let cells = rows.iter().filter_map(|(_, row)| row.get(cell(row, at)?)).map(|(_, view)| &*view.text);
            // What is nobody's so far may be somebody's further down: that is for the rows to show.
            inquiry.detectors.coherent(cells).filter(|column| *column != Column::Negative)
        })
        .collect()
}

/// What a cell announces as a heading.
pub(super) fn announce(cell: &[u8], inquiry: &mut Inquiry) -> Option<Column> {
    any(cell, inquiry).filter(|told| !(told.is_nobodys() && names_somebody(cell)))
}

/// Whether a cell that seems to speak of money or goods is the name of somebody who is called so: `Phạm Thanh Tiên`.
fn names_somebody(cell: &[u8]) -> bool {
    /// Surnames with which headings begin.
    const HEADS: [&str; 4] = ["Mã", "Lương", "Phí", "Hồ Sơ"];
    const WORDS_MIN: usize = 3;
    let Ok(name) = str::from_utf8(cell.trim_ascii()) else { return false };
    let mut words = name.split(' ').peekable();
    words.peek().is_some_and(|first| begins_names(first))
        && !HEADS.iter().any(|head| name.strip_prefix(head).is_some_and(|rest| rest.starts_with(' ')))
        && words.clone().nth(WORDS_MIN - 1).is_some()
        && words.all(|word| {
            let mut letters = word.chars();
            letters.next().is_some_and(char::is_uppercase) && letters.all(|c| c.is_alphabetic() && c.is_lowercase())
        })
}

/// What a cell announces as a heading, whoever is called so.
fn any(cell: &[u8], inquiry: &mut Inquiry) -> Option<Column> {
    const DIGITS_MAX: usize = 4;
    // Letters written as numbers have digits as well.
    let is_escaped = || {
        [&b"&#"[..], b"\\u", b"_x", b"=C3", b"=C4", b"=E1"]
            .iter()
            .any(|mark| memchr::memmem::find(cell, mark).is_some())
    };
    if is_paragraph(cell) || digits(cell) > DIGITS_MAX && !is_escaped() {
        return None;
    }
    // What a heading is followed by is nearly always plain: then nothing else has to be known.
    let is_plain = |at: usize| cell.get(at + 1..).is_some_and(|value| value.iter().any(u8::is_ascii_graphic));
    let colon = memchr::memchr(b':', cell);
    if colon.is_some_and(is_plain) {
        return None;
    }
    let plain = cell.trim_ascii();
    // Blanks that are no ASCII may stand before a heading, and in a cell that is too long for one.
    let trimmed = plain.first().is_none_or(|b| b.is_ascii() || matches!(b, 0xc3..=0xc6)) && plain.len() <= HEADER_MAX;
    if trimmed && colon.is_none() {
        return inquiry.announced(plain);
    }
    let text = std::str::from_utf8(cell).ok()?.trim();
    // `Số CCCD: 001…` is a heading with its value: running text.
    let valued = text.split_once(':').is_some_and(|(_, value)| !value.trim().is_empty());
    if valued { None } else { inquiry.column(text) }
}

/// Whether a cell is plainly too long to head anything. Blanks around do not count, so it must have none.
fn is_paragraph(text: &[u8]) -> bool {
    let begins = text.first().is_some_and(|b| b.is_ascii_graphic() || matches!(b, 0xc3..=0xc6));
    text.len() > HEADER_MAX && begins && text.last().is_some_and(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn a_heading_stands_over_digits_in_boxes_and_over_thousands() {
        let boxes = ["0;0;1;0;9;0;1;2;3;4;5;6", "0;7;9;1;9;1;1;2;3;4;5;7"];
        for ([first, second], heading, found) in [
            (boxes, "Số CCCD", 2),
            (boxes, "Điểm", 0),
            (["1.090.123.456", "79.191.123.457"], "Số CCCD", 2),
            (["\"1,090,123,456\"", "\"79,191,123,457\""], "Số CCCD", 2),
            (["1.090.123.456", "79.191.123.457"], "Tiền BHXH", 0),
            (["1.090.123.456", "79.191.123.457"], "Số tiền", 0),
            (["1.090.123.000", "79.191.123.000"], "Số CCCD", 0),
            // No thousands.
            (["10.901.234.56", "79.19.1123.457"], "Số CCCD", 0),
        ] {
            let text = format!("Họ tên;{heading}\nTrần Văn An;{first}\nLê Thị Bé;{second}\n");
            let bytes = text.clone().into_bytes();
            let hint = Hint { name: Some("a.csv".into()), content_type: None };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text}");
        }
    }

    #[test]
    fn a_number_beside_a_header_is_a_note() {
        let people = [("Nguyễn Văn An", "7912345678"), ("Trần Thị Bình", "7912345679"), ("Lê Văn Chi", "7912345680")];
        let table = |header: &str| {
            let rows = people.map(|(name, number)| format!("{name},04/05/1990,{number},\n")).concat();
            Inspector::new(Limits::default(), 2026)
                .inspect(Hint::default(), &format!("{header}\n{rows}").into_bytes())
                .inspection
                .distinct(DetectorId::Bhxh)
        };
        for (header, found) in [
            ("Họ và tên,Ngày sinh,Mã số BHXH,Tra 079090123456", 3),
            ("Họ và tên,Ngày sinh,Mã số BHXH,", 3),
            // One of the rows, of which some cells would head others.
            ("Nam,Nữ,7912345699,0912345678", 0),
            ("Họ và tên,Ngày sinh,Mã đơn hàng,0912345678", 0),
        ] {
            assert_eq!(table(header), found, "{header}");
        }
    }

    #[test]
    fn who_is_called_like_money_heads_nothing() {
        for (second, found) in [("Phạm Thanh Tiên", 3), ("Lê Đơn Hàng", 3), ("Thành Tiền", 0), ("Mã Đơn Hàng", 0)]
        {
            let text =
                format!("Số CMND các cháu:\nTrần Văn An | 061773294\n{second} | 065265836\nVũ Thị Chi | 089403222\n");
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.clone().into_bytes()).inspection;
            // The first stands right behind what names it.
            assert_eq!(inspection.distinct(DetectorId::Cmnd).max(1), found.max(1), "{text}");
        }
    }

    #[test]
    fn values_that_repeat_head_nothing() {
        for (rows, found) in [
            (["Số hộ chiếu;E9316921;K6789242;P8476144", "Giới tính;Nam;Nam;Nam", "Họ tên;An;Bé;Chi"], 3),
            (["Số hộ chiếu;E9316921;K6789242;P8476144", "Giới tính;Nam;Nữ;Nam", "Họ tên;An;Bé;Chi"], 3),
            (["Số phiếu;E9316921;K6789242;P8476144", "Giới tính;Nam;Nam;Nam", "Họ tên;An;Bé;Chi"], 0),
            (["Họ tên;Số hộ chiếu;Họ tên;Số hộ chiếu", "An;E9316921;Bé;K6789242", "Chi;P8476144;Em;"], 3),
        ]
        .map(|(rows, found)| (rows.as_slice().join("\n"), found))
        {
            let bytes = rows.clone().into_bytes();
            let hint = Hint { name: Some("a.csv".into()), content_type: None };
            let inspection = Inspector::new(Limits::default(), 2026).inspect(hint, &bytes).inspection;
            assert_eq!(inspection.distinct(DetectorId::Passport), found, "{rows}");
        }
    }
}
