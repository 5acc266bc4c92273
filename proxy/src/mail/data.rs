//! Reads a mail from the wire up to its final dot, and writes one to the wire.
//!
//! Pure state machines over bytes. A mail ends at CR LF `.` CR LF and nowhere else; the CR LF of the DATA command
//! counts as the first (RFC 5321 §4.1.1.4). Whatever else looks like an end to some reader (CVE-2023-51764 and its
//! siblings) makes the mail refused *after* its real end was read, so that both sides still agree on where they are.

/// Longest line taken, CR LF not counted. RFC 5321 §4.5.3.1.6 asks for 998; real mail has longer ones.
pub(super) const LINE_BYTES_MAX: usize = 64 << 10;

/// Why a mail is refused whatever it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadData {
    /// A CR without LF or an LF without CR.
    BareNewline,
    /// A NUL.
    Nul,
    /// A line longer than [`LINE_BYTES_MAX`].
    LineTooLong,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Behind CR LF.
    LineStart,
    /// Behind CR LF `.`.
    Dot,
    /// Behind CR LF `.` CR.
    DotCr,
    /// Within a line.
    Line,
    /// Behind a CR within a line.
    Cr,
}

/// Finds the end of a mail and undoes the dot-stuffing.
#[derive(Debug)]
pub(super) struct DataReader {
    state: State,
    line_bytes: usize,
    bad: Option<BadData>,
}

impl DataReader {
    /// Stands behind the CR LF of the DATA command.
    pub(super) fn new() -> Self {
        Self { state: State::LineStart, line_bytes: 0, bad: None }
    }

    /// The first thing that is wrong with the mail so far. What is given out after it is not the mail.
    pub(super) fn bad(&self) -> Option<BadData> {
        self.bad
    }

    /// Takes the next bytes and appends the mail's own to `out`. When the mail ends within `input`: how many bytes
    /// of `input` belong to it, its dot included.
    pub(super) fn read(&mut self, input: &[u8], out: &mut Vec<u8>) -> Option<usize> {
        let mut at = 0;
        while let Some(&byte) = input.get(at) {
            if self.state == State::Line {
                let rest = input.get(at..).unwrap_or_default();
                let run = memchr::memchr3(b'\r', b'\n', 0, rest).unwrap_or(rest.len());
                self.text(rest.get(..run).unwrap_or_default(), out);
                at += run;
                if run > 0 {
                    continue;
                }
            }
            at += 1;
            if self.step(byte, out) {
                return Some(at);
            }
        }
        None
    }

    /// Takes one byte; whether it ended the mail.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        self.state = match (self.state, byte) {
            (State::DotCr, b'\n') => return true,
            (State::Cr, b'\n') => {
                out.extend_from_slice(b"\r\n");
                self.line_bytes = 0;
                State::LineStart
            }
            (State::LineStart, b'.') => State::Dot,
            (State::Dot, b'\r') => State::DotCr,
            (State::LineStart | State::Line, b'\r') => State::Cr,
            // The second CR of `CR CR LF` may begin a true line end; the line before it is spoilt all the same.
            (State::Cr | State::DotCr, b'\r') => {
                self.spoil(BadData::BareNewline);
                State::Cr
            }
            (_, b'\n') => {
                self.spoil(BadData::BareNewline);
                State::Line
            }
            (State::Cr | State::DotCr, _) => {
                self.spoil(BadData::BareNewline);
                State::Line
            }
            (_, 0) => {
                self.spoil(BadData::Nul);
                State::Line
            }
            (State::LineStart | State::Dot | State::Line, _) => {
                self.text(&[byte], out);
                State::Line
            }
        };
        false
    }

    fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.line_bytes = self.line_bytes.saturating_add(bytes.len());
        if self.line_bytes > LINE_BYTES_MAX {
            self.spoil(BadData::LineTooLong);
        }
        out.extend_from_slice(bytes);
    }

    fn spoil(&mut self, bad: BadData) {
        self.bad.get_or_insert(bad);
    }
}

/// Makes content fit for the wire: every line ends in CR LF, a dot at the start of a line is doubled, and the final
/// dot ends it. The output ends a mail nowhere but there, whatever the content.
#[derive(Debug)]
pub(super) struct DataWriter {
    is_line_start: bool,
    is_behind_cr: bool,
}

impl DataWriter {
    /// Stands behind the CR LF of the DATA command.
    pub(super) fn new() -> Self {
        Self { is_line_start: true, is_behind_cr: false }
    }

    /// Appends the wire form of `content` to `out`.
    pub(super) fn write(&mut self, content: &[u8], out: &mut Vec<u8>) {
        let mut rest = content;
        while let Some((&byte, behind)) = rest.split_first() {
            match byte {
                b'\n' => {
                    out.extend_from_slice(b"\r\n");
                    (self.is_line_start, self.is_behind_cr) = (true, false);
                    rest = behind;
                }
                _ if self.is_behind_cr => {
                    // A CR that no LF followed: held content has none, a splice might.
                    out.extend_from_slice(b"\r\n");
                    (self.is_line_start, self.is_behind_cr) = (true, false);
                }
                b'\r' => {
                    self.is_behind_cr = true;
                    rest = behind;
                }
                _ => {
                    if self.is_line_start && byte == b'.' {
                        out.push(b'.');
                    }
                    let run = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
                    let (text, behind) = rest.split_at(run);
                    out.extend_from_slice(text);
                    self.is_line_start = false;
                    rest = behind;
                }
            }
        }
    }

    /// Appends the end of the mail, first completing its last line.
    pub(super) fn end(self, out: &mut Vec<u8>) {
        if self.is_behind_cr || !self.is_line_start {
            out.extend_from_slice(b"\r\n");
        }
        out.extend_from_slice(b".\r\n");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The content, what is wrong, and what follows the mail's end; `None` when it does not end.
    fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<(Vec<u8>, Option<BadData>, Vec<u8>)> {
        let (mut reader, mut out, mut rest, mut ended) = (DataReader::new(), Vec::new(), Vec::new(), false);
        for piece in pieces {
            if ended {
                rest.extend_from_slice(piece);
            } else if let Some(n) = reader.read(piece, &mut out) {
                ended = true;
                rest.extend_from_slice(&piece[n..]);
            }
        }
        ended.then_some((out, reader.bad(), rest))
    }

    fn written(content: &[u8]) -> Vec<u8> {
        let (mut writer, mut out) = (DataWriter::new(), Vec::new());
        writer.write(content, &mut out);
        writer.end(&mut out);
        out
    }

    /// Every end-of-data candidate known to have ended a mail at one reader and not at another.
    #[test]
    fn a_mail_ends_at_cr_lf_dot_cr_lf_and_nowhere_else() {
        use BadData::*;
        for (candidate, bad) in [
            ("\n.\n", BareNewline),
            ("\n.\r\n", BareNewline),
            ("\r\n.\n", BareNewline),
            ("\n.\r", BareNewline),
            ("\r.\n", BareNewline),
            ("\r.\r", BareNewline),
            ("\r.\r\n", BareNewline),
            ("\r\n.\r", BareNewline),
            ("\r\n.\r\r\n", BareNewline),
            ("\r\r\n.\r\r\n", BareNewline),
            ("\r\n\0.\r\n", Nul),
            ("\r\n.\0\r\n", Nul),
            ("\0\r\n", Nul),
        ] {
            let wire = format!("before{candidate}MAIL FROM:<smuggled@example.org>\r\n.\r\nNOOP\r\n");
            let (_, found, rest) = read([wire.as_bytes()].into_iter()).expect("the real end");
            assert_eq!((found, rest.as_slice()), (Some(bad), &b"NOOP\r\n"[..]), "{candidate:?}");
        }
        let wire = b"before\r\n.\r\nNOOP\r\n";
        let expected = (b"before\r\n".to_vec(), None, b"NOOP\r\n".to_vec());
        assert_eq!(read([&wire[..]].into_iter()), Some(expected));
    }

    #[test]
    fn dots_are_unstuffed() {
        for (wire, content) in [
            (".\r\n", ""),
            ("\r\n.\r\n", "\r\n"),
            ("..\r\n.\r\n", ".\r\n"),
            (".a\r\n.\r\n", "a\r\n"),
            ("...\r\n.\r\n", "..\r\n"),
            ("a.\r\n.\r\n", "a.\r\n"),
            ("a\r\n..b\r\n\r\n.\r\n", "a\r\n.b\r\n\r\n"),
        ] {
            assert_eq!(
                read([wire.as_bytes()].into_iter()),
                Some((content.as_bytes().to_vec(), None, Vec::new())),
                "{wire:?}"
            );
        }
    }

    #[test]
    fn no_dot_no_end() {
        for wire in ["", ".", ".\r", "a\r\n.", "a\r\n.\r", "a.\r\n", "a\r\n..\r\n", "a\r\n .\r\n", "a\r\n. \r\n"] {
            assert_eq!(read([wire.as_bytes()].into_iter()), None, "{wire:?}");
        }
    }

    #[test]
    fn a_line_may_be_as_long_as_the_cap() {
        for (len, bad) in [(LINE_BYTES_MAX, None), (LINE_BYTES_MAX + 1, Some(BadData::LineTooLong))] {
            let mut wire = vec![b'x'; len];
            wire.extend_from_slice(b"\r\nshort\r\n.\r\n");
            assert_eq!(read([wire.as_slice()].into_iter()).expect("ended").1, bad, "{len}");
        }
    }

    #[test]
    fn every_split_of_the_final_dot_is_one_end() {
        let wire = b"Subject: x\r\n\r\nbody\r\n.\r\n";
        for cut in wire.len() - 5..wire.len() {
            let (head, tail) = wire.split_at(cut);
            let pieces = [head].into_iter().chain(tail.chunks(1));
            let (content, bad, rest) = read(pieces).expect("ended");
            assert_eq!((content.as_slice(), bad, rest), (&b"Subject: x\r\n\r\nbody\r\n"[..], None, Vec::new()));
        }
    }

    #[test]
    fn content_is_stuffed_and_canonical() {
        for (content, wire) in [
            ("", ".\r\n"),
            (".", "..\r\n.\r\n"),
            ("a", "a\r\n.\r\n"),
            ("a\n.b", "a\r\n..b\r\n.\r\n"),
            ("a\r.\rb", "a\r\n..\r\nb\r\n.\r\n"),
            ("a\r", "a\r\n.\r\n"),
            ("\r\n.\r\n", "\r\n..\r\n.\r\n"),
        ] {
            assert_eq!(written(content.as_bytes()), wire.as_bytes(), "{content:?}");
        }
    }

    proptest! {
        #[test]
        fn splitting_the_wire_changes_nothing(wire in "[a.\r\n\0]{0,40}", cut in 1usize..9) {
            let wire = [wire.as_bytes(), b"\r\n.\r\nrest"].concat();
            prop_assert_eq!(read([wire.as_slice()].into_iter()), read(wire.chunks(cut)));
        }

        #[test]
        fn what_is_written_is_one_mail_with_the_same_lines(content in "[a.\r\n]{0,60}", cut in 1usize..9) {
            let (mut writer, mut wire) = (DataWriter::new(), Vec::new());
            content.as_bytes().chunks(cut).for_each(|piece| writer.write(piece, &mut wire));
            writer.end(&mut wire);
            prop_assert_eq!(&wire, &written(content.as_bytes()));
            let (back, bad, rest) = read([wire.as_slice()].into_iter()).expect("it ends");
            prop_assert_eq!((bad, rest), (None, Vec::new()));
            let mut canonical = content.replace("\r\n", "\n").replace('\r', "\n");
            if !canonical.is_empty() && !canonical.ends_with('\n') {
                canonical.push('\n');
            }
            prop_assert_eq!(back, canonical.replace('\n', "\r\n").into_bytes());
        }

        #[test]
        fn a_clean_mail_survives_both_ways(lines in proptest::collection::vec("[a. ]{0,6}", 0..12)) {
            let content: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let (back, bad, _) = read([written(content.as_bytes()).as_slice()].into_iter()).expect("it ends");
            prop_assert_eq!((back, bad), (content.into_bytes(), None));
        }
    }
}
