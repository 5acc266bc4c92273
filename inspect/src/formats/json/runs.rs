//! Texts as editors keep them (Quill, ProseMirror, Slate, Lexical, Draft.js): a sentence in pieces, one for each way its letters
//! look, and a table in lists of lists; and chats in lists of messages, one of which says what the next ones hold.
//!
//! A second look: each piece is read by itself as well.

use super::role::is_of_message;
use super::within::{Document, LINES_MAX};
use super::{Json, Level};
use crate::inquiry::Inquiry;
use crate::view::View;

/// Marks in the hash of a key: its list holds the pieces of a line, or lines; its string is a piece; it stands in a message of
/// a chat, or its list holds those; its list holds once more what its neighbour says.
const PIECES: u64 = 1 << 2;
const LINES: u64 = 1 << 3;
const PIECE: u64 = 1 << 4;
const MESSAGE: u64 = 1 << 5;
const TWICE: u64 = 1 << 6;
const MARKS: u64 = PIECES | LINES | PIECE | MESSAGE | TWICE;
/// A longer message announces nothing.
const MESSAGE_MAX: usize = 4_096;

/// The hash of a key with its marks.
pub(super) fn marked(key: &str, hash: u64) -> u64 {
    let marks = match key {
        "children" | "ops" => PIECES,
        // A list of pieces, or what a message says.
        "content" => PIECES | PIECE,
        "blocks" => LINES,
        "messages" | "msgs" | "conversation" | "contents" => LINES | MESSAGE,
        "text_entities" => TWICE,
        key if is_of_message(key) => MESSAGE,
        "text" | "insert" | "message" | "msg" | "body" => PIECE,
        _ => 0,
    };
    hash & !MARKS | marks
}

/// The text that the lists at hand hold.
pub(super) struct Runs {
    /// The level that ends it.
    level: usize,
    view: View,
    count: usize,
    /// What parts the next piece from the last one.
    due: Due,
    /// Cells that are open.
    cells: usize,
    /// It is a chat.
    chat: bool,
}

/// What has ended: a line, so many cells of the next, or a line within a cell.
#[derive(Clone, Copy, Default)]
struct Due {
    line: bool,
    tabs: usize,
    within: bool,
}

/// What a level is to the text.
#[derive(Clone, Copy, Default)]
pub(super) struct Run {
    /// A list of pieces, or of lines.
    pieces: bool,
    lines: bool,
    /// What stands in it was read beside it.
    twice: bool,
    /// An object that is a cell.
    cell: bool,
    /// What was due where it began, and how many pieces there were.
    due: Due,
    count: usize,
}

/// Empty cells told apart.
const TABS_MAX: usize = 64;

impl Runs {
    fn push(&mut self, piece: &View) {
        if self.chat && piece.text.len() > MESSAGE_MAX {
            return;
        }
        let Due { line, tabs, within } = std::mem::take(&mut self.due);
        if line && !self.view.text.is_empty() {
            self.view.push_joint(b"\n");
        }
        (0..tabs).for_each(|_| self.view.push_joint(b"\t"));
        if within {
            self.view.push_joint(b" ");
        }
        self.view.push_view(piece, 0..piece.text.len());
        self.count += 1;
    }
}

/// Whether an object of this type is a cell of a table.
fn is_cell(kind: &[u8]) -> bool {
    const CELLS: [&str; 5] = ["tablecell", "tableheader", "tableheadercell", "td", "th"];
    const BYTES_MAX: usize = 20;
    kind.len() <= BYTES_MAX && {
        let letters = kind.iter().filter(|b| !matches!(b, b'-' | b'_')).map(|b| char::from(b.to_ascii_lowercase()));
        CELLS.contains(&letters.collect::<String>().as_str())
    }
}

impl Json {
    /// What the level that begins is to a text, under the key at hand.
    pub(super) fn begin_run(&mut self, array: bool) -> Run {
        let named = array && self.levels.last().is_some_and(|level| !level.array);
        let (pieces, lines) = (named && self.name & PIECES != 0, named && self.name & LINES != 0);
        let twice = named && self.name & TWICE != 0;
        if (pieces || lines) && self.runs.is_none() {
            // Those of the objects around in a list go on in each other.
            let level = match self.levels.as_slice() {
                [.., list, _] if list.array => self.levels.len() - 1,
                levels => levels.len() + 1,
            };
            self.begin_runs(level, self.name & MESSAGE != 0);
        }
        let (due, count) = self.runs.as_ref().map(|runs| (runs.due, runs.count)).unwrap_or_default();
        Run { pieces, lines, twice, cell: false, due, count }
    }

    fn begin_runs(&mut self, level: usize, chat: bool) {
        let (view, due) = (View::default(), Due::default());
        self.runs = Some(Box::new(Runs { level, view, count: 0, due, cells: 0, chat }));
    }

    /// The object at hand is a message, if the key at hand says so: each of its list is one, or each of the file.
    pub(super) fn is_message(&mut self) -> bool {
        if self.name & MESSAGE == 0 || self.runs.is_some() {
            return self.name & MESSAGE != 0;
        }
        self.begin_message();
        true
    }

    fn begin_message(&mut self) {
        match self.levels.as_mut_slice() {
            [.., list, _] if list.array => {
                list.run.lines = true;
                self.begin_runs(self.levels.len() - 1, true);
            }
            [message] if !message.array => self.begin_runs(0, true),
            _ => {}
        }
    }

    /// Whether the value at hand is a piece.
    pub(super) fn is_piece(&self) -> bool {
        self.runs.is_some()
            && !self.key
            && self.name & PIECE != 0
            && self.levels.last().is_some_and(|level| !level.array)
            && !self.levels.iter().rev().take(2).any(|level| level.run.twice)
    }

    /// Takes a piece.
    pub(super) fn piece_of_text(&mut self, inquiry: &mut Inquiry) {
        let Some(runs) = &mut self.runs else { return };
        runs.push(&self.value.view);
        if runs.view.text.len() > LINES_MAX {
            self.read_text(inquiry);
        }
    }

    /// A value tells of what type the object is.
    pub(super) fn type_of_run(&mut self, kind: &[u8]) {
        if self.runs.is_none() && kind == b"message" {
            self.begin_message();
        }
        if let (Some(runs), Some(level)) = (&mut self.runs, self.levels.last_mut())
            && !level.array
            && !level.run.cell
            && is_cell(kind)
        {
            level.run.cell = true;
            runs.cells += 1;
        }
    }

    /// A level has ended.
    pub(super) fn end_run(&mut self, ended: &Level, inquiry: &mut Inquiry) {
        let Some(runs) = &mut self.runs else { return };
        let around = self.levels.last().map(|level| level.run).unwrap_or_default();
        let Run { pieces, lines, cell, due, count, .. } = ended.run;
        // A line of the file.
        let lines = lines || runs.level == 0 && self.levels.is_empty();
        let is_empty = runs.count == count;
        if cell {
            runs.cells -= 1;
            // What its own lists ended was a line of the cell.
            let due = if is_empty { due } else { Due::default() };
            runs.due = Due { tabs: (due.tabs + 1).min(TABS_MAX), within: false, ..due };
        } else if pieces || lines || around.lines || around.pieces && is_empty {
            match runs.cells {
                0 => runs.due = Due { line: true, ..Due::default() },
                _ => runs.due.within |= !is_empty,
            }
        }
        if self.levels.len() < runs.level {
            self.read_text(inquiry);
            self.runs = None;
        }
    }

    /// Reads what came of the text so far, if that is more than a piece.
    fn read_text(&mut self, inquiry: &mut Inquiry) {
        let Some(runs) = &mut self.runs else { return };
        let (view, count, chat) = (std::mem::take(&mut runs.view), std::mem::take(&mut runs.count), runs.chat);
        if count > 1 {
            let document = Document::of(&view, 0..view.text.len(), &self.value.place);
            let around = std::mem::replace(&mut self.value.place.chat, chat);
            self.document_within(document, inquiry);
            self.value.place.chat = around;
        }
    }

    /// The document ends, whatever is open.
    pub(super) fn end_runs(&mut self, inquiry: &mut Inquiry) {
        self.read_text(inquiry);
        self.runs = None;
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    fn found(text: &str) -> u64 {
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec());
        inspection.inspection.distinct(DetectorId::Bhxh)
    }

    #[test]
    fn a_sentence_stands_in_pieces() {
        for (text, number) in [
            (r#"{"ops":[{"insert":"LABEL: "},{"attributes":{"bold":true},"insert":"79123"},{"insert":"45678\n"}]}"#, 1),
            (r#"{"ops":[{"insert":"LABEL"},{"attributes":{"header":2},"insert":"\n"},{"insert":"7912345678\n"}]}"#, 1),
            (
                r#"{"type":"doc","content":[{"type":"paragraph","content":[{"type":"text","text":"LABEL: "},
                {"type":"text","marks":[{"type":"bold"}],"text":"7912345678"}]}]}"#,
                1,
            ),
            (r#"[{"type":"p","children":[{"text":"LABEL: "},{"text":"7912345678","bold":true}]}]"#, 1),
            (r#"[{"type":"h1","children":[{"text":"LABEL"}]},{"type":"p","children":[{"text":"7912345678"}]}]"#, 1),
            (
                r#"{"root":{"children":[{"children":[{"mode":"normal","text":"LABEL ","type":"text"},
                {"type":"linebreak"},{"text":"7912345678","type":"text"}],"type":"paragraph"}],"type":"root"}}"#,
                1,
            ),
            (r#"{"blocks":[{"key":"a","text":"LABEL:"},{"key":"b","text":"7912345678"}],"entityMap":{}}"#, 1),
            (
                r#"{"blocks":[{"type":"header","data":{"text":"LABEL:"}},{"type":"paragraph","data":{"text":"7912345678"}}]}"#,
                1,
            ),
            // Different things of a list.
            (r#"[{"text":"LABEL:"},{"text":"7912345678"}]"#, 0),
            (r#"{"children":[{"text":"x"}],"a":[{"text":"LABEL:"},{"text":"7912345678"}]}"#, 0),
        ] {
            assert_eq!(found(&text.replace("LABEL", "Mã số BHXH")), number, "{text}");
            assert_eq!(found(&text.replace("LABEL", "Mã đơn hàng")), 0, "{text}");
        }
    }

    #[test]
    fn a_message_says_what_the_next_one_holds() {
        for (text, numbers) in [
            (r#"{"messages":[{"id":1,"text":"LABEL"},{"id":2,"text":"7912345678"}]}"#, 1),
            (r#"{"data":{"msgs":[{"content":"cho em xin LABEL ạ","ts":1},{"content":"7912345678","ts":2}]}}"#, 1),
            (
                r#"{"messages":[{"role":"user","content":[{"type":"text","text":"LABEL tổ 3:"}]},
                {"role":"user","content":"Trần Văn Thống: 7912345678"},{"role":"user","content":"Lê Thị Hoa: 7965265836"}]}"#,
                2,
            ),
            // What else lists of things have.
            (r#"{"items":[{"id":1,"text":"LABEL"},{"id":2,"text":"7912345678"}]}"#, 0),
            (r#"{"messages":[{"id":1,"text":"LABEL"}],"total":"7912345678"}"#, 0),
            (r#"{"messages":[{"id":1,"text":"LABEL"},{"id":"7912345678","text":"vâng"}]}"#, 0),
            (r#"{"messages":[{"text":"LABEL chưa có"},{"text":"mã đơn hàng nhé"},{"text":"7912345678"}]}"#, 0),
            // Each object has what only messages have.
            (r#"{"data":[{"msgId":"17a","content":"LABEL"},{"msgId":"18a","content":"7912345678"}]}"#, 1),
            ("{\"mid\":\"m.1\",\"body\":\"LABEL\"}\n{\"mid\":\"m.2\",\"body\":\"7912345678\"}\n", 1),
            (r#"{"data":[{"msgId":"17a","content":"LABEL"}],"x":[{"id":"18a","content":"7912345678"}]}"#, 0),
            ("{\"id\":\"m.1\",\"body\":\"LABEL\"}\n{\"id\":\"m.2\",\"body\":\"7912345678\"}\n", 0),
            // As programs repeat what a message says.
            (
                r#"{"messages":[{"text":"LABEL:","text_entities":[{"type":"plain","text":"LABEL:"}]},
                {"text":"Lê Thị Hoa: 7912345678","text_entities":[{"type":"plain","text":"Lê Thị Hoa: 7912345678"}]},
                {"text":"Lê Thị Bé: 7965265836","text_entities":[{"type":"plain","text":"Lê Thị Bé: 7965265836"}]}]}"#,
                2,
            ),
        ] {
            assert_eq!(found(&text.replace("LABEL", "mã số BHXH")), numbers, "{text}");
            assert_eq!(found(&text.replace("LABEL", "mã đơn hàng")), 0, "{text}");
        }
    }

    #[test]
    fn a_table_stands_in_lists_of_lists() {
        type Cell = fn(&str) -> String;
        let forms: [(&str, &str, &str, Cell); 3] = [
            (
                r#"{"type":"doc","content":[{"type":"table","content":["#,
                r#"{"type":"tableRow","content":["#,
                "]}]}",
                |text| {
                    let text =
                        if text.is_empty() { String::new() } else { format!(r#"{{"type":"text","text":"{text}"}}"#) };
                    format!(r#"{{"type":"tableCell","content":[{{"type":"paragraph","content":[{text}]}}]}}"#)
                },
            ),
            (r#"[{"type":"table","children":["#, r#"{"type":"table-row","children":["#, "]}]", |text| {
                format!(r#"{{"type":"table-cell","children":[{{"text":"{text}"}}]}}"#)
            }),
            (
                r#"{"root":{"children":[{"type":"table","children":["#,
                r#"{"type":"tablerow","children":["#,
                "]}]}}",
                |text| {
                    let text = if text.is_empty() { String::new() } else { format!(r#"{{"text":"{text}"}}"#) };
                    format!(r#"{{"children":[{{"children":[{text}],"type":"paragraph"}}],"type":"tablecell"}}"#)
                },
            ),
        ];
        for (heading, number) in [("Mã số BHXH", 6), ("Mã đơn hàng", 0)] {
            for (before, row, behind, cell) in forms {
                let rows =
                    (0..6).map(|n| ["", "Nguyễn Văn An", "", &format!("79123456{}", 70 + n)].map(cell).join(","));
                let head = ["TT", "Họ tên", "Ghi chú", heading].map(cell).join(",");
                let rows: Vec<String> =
                    [head].into_iter().chain(rows).map(|cells| format!("{row}{cells}]}}")).collect();
                let text = format!("{before}{}{behind}", rows.join(","));
                assert_eq!(found(&text), number, "{text}");
            }
        }
    }
}
