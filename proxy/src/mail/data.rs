//! Reads a mail from the wire up to its final dot, and writes one to the wire.
//!
//! Pure state machines over bytes. A mail ends at CR LF `.` CR LF and nowhere else; the CR LF of the DATA command
//! counts as the first (RFC 5321 §4.1.1.4). Whatever else looks like an end to some reader (CVE-2023-51764 and its
//! siblings) makes the mail refused *after* its real end was read, so that both sides still agree on where they are;
//! or, for clients that are known to write so, becomes a line end like any other and is stuffed on the way out.
//! Chunks of BDAT are read by the same rules but for the dots.

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

/// Where the reader stands. A line start is `true` behind CR LF and soft behind a bare CR or LF: only behind a true one
/// can a mail end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    LineStart {
        is_true: bool,
    },
    /// Behind a line start and `.`.
    Dot {
        is_true: bool,
    },
    /// Behind a line start, `.` and CR.
    DotCr {
        is_true: bool,
    },
    /// Within a line.
    Line,
    /// Behind a CR within a line.
    Cr,
}

/// How the bytes of a mail come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Behind DATA: dots are stuffed, and one ends the mail.
    Dotted,
    /// In chunks of BDAT (RFC 3030): dots are dots, and the count ends the mail.
    Literal,
}

/// Finds the end of a mail, undoes the dot-stuffing, and gives every line its CR LF.
#[derive(Debug)]
pub(super) struct DataReader {
    form: Form,
    state: State,
    /// Bare CR and LF end lines without being held against the mail.
    mends: bool,
    line_bytes: usize,
    bad: Option<BadData>,
}

impl DataReader {
    /// Stands behind the CR LF of the DATA command. With `mends` a bare CR or LF becomes a CR LF; it still ends no mail.
    pub(super) fn dotted(mends: bool) -> Self {
        Self { form: Form::Dotted, state: State::LineStart { is_true: true }, mends, line_bytes: 0, bad: None }
    }

    /// Stands before the first chunk of a mail.
    pub(super) fn literal(mends: bool) -> Self {
        Self { form: Form::Literal, ..Self::dotted(mends) }
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
            let rest = input.get(at..).unwrap_or_default();
            if let lines @ 1.. = self.plain(rest) {
                out.extend_from_slice(rest.get(..lines).unwrap_or_default());
                self.line_bytes = 0;
                self.state = State::LineStart { is_true: true };
                at += lines;
                continue;
            }
            if self.state == State::Line {
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

    /// How many of the next bytes are lines with nothing to be done about them, as most are.
    fn plain(&self, rest: &[u8]) -> usize {
        match self.state {
            State::Line => plain_lines(rest, self.line_bytes),
            State::LineStart { is_true: true } if rest.first() != Some(&b'.') => plain_lines(rest, 0),
            State::LineStart { .. } | State::Dot { .. } | State::DotCr { .. } | State::Cr => 0,
        }
    }

    /// The last chunk is over: completes its last line.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        match self.state {
            State::LineStart { .. } => {}
            State::Cr => self.bare(out),
            State::Line | State::Dot { .. } | State::DotCr { .. } => self.line_end(true, out),
        }
    }

    /// Takes one byte; whether it ended the mail.
    fn step(&mut self, byte: u8, out: &mut Vec<u8>) -> bool {
        match (self.state, byte) {
            (State::DotCr { is_true: true }, b'\n') => return true,
            (State::LineStart { is_true }, b'.') if self.form == Form::Dotted => self.state = State::Dot { is_true },
            (State::Dot { is_true }, b'\r') => self.state = State::DotCr { is_true },
            (State::LineStart { .. } | State::Line, b'\r') => self.state = State::Cr,
            (State::Cr, b'\n') => self.line_end(true, out),
            // A dot that looks like an end and is none is a line that holds a dot.
            (State::DotCr { is_true: false }, b'\n') => {
                self.text(b".", out);
                self.spoil(BadData::BareNewline);
                self.line_end(true, out);
            }
            (State::Dot { .. }, b'\n') => {
                self.text(b".", out);
                self.bare(out);
            }
            (State::LineStart { .. } | State::Line, b'\n') => self.bare(out),
            (State::DotCr { .. }, _) => {
                self.text(b".", out);
                self.state = State::Cr;
                return self.step(byte, out);
            }
            // The second CR of `CR CR LF` may begin a true line end.
            (State::Cr, b'\r') => {
                self.bare(out);
                self.state = State::Cr;
            }
            (State::Cr, _) => {
                self.bare(out);
                return self.step(byte, out);
            }
            (State::LineStart { .. } | State::Dot { .. } | State::Line, _) => {
                if byte == 0 {
                    self.spoil(BadData::Nul);
                }
                self.text(&[byte], out);
                self.state = State::Line;
            }
        }
        false
    }

    fn bare(&mut self, out: &mut Vec<u8>) {
        self.spoil(BadData::BareNewline);
        self.line_end(false, out);
    }

    fn line_end(&mut self, is_true: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(b"\r\n");
        self.line_bytes = 0;
        self.state = State::LineStart { is_true };
    }

    fn text(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.line_bytes = self.line_bytes.saturating_add(bytes.len());
        if self.line_bytes > LINE_BYTES_MAX {
            self.spoil(BadData::LineTooLong);
        }
        out.extend_from_slice(bytes);
    }

    fn spoil(&mut self, bad: BadData) {
        if !(self.mends && bad == BadData::BareNewline) {
            self.bad.get_or_insert(bad);
        }
    }
}

/// The length of the lines at the beginning of `bytes` that end in CR LF, hold neither other line ends nor NULs, and are
/// not too long. It ends before a line that begins with a dot. Of the first line `before` bytes have been seen.
fn plain_lines(bytes: &[u8], mut before: usize) -> usize {
    let mut end = 0;
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let is_dotted = end > 0 && rest.first() == Some(&b'.');
        match memchr::memchr3(b'\r', b'\n', 0, rest) {
            Some(at) if !is_dotted && before + at <= LINE_BYTES_MAX && rest.get(at..at + 2) == Some(b"\r\n") => {
                end += at + 2;
                before = 0;
            }
            _ => return end,
        }
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
            let needs_care = self.is_behind_cr || self.is_line_start && byte == b'.';
            if let lines @ 1.. = if needs_care { 0 } else { plain_lines(rest, 0) } {
                let (plain, behind) = rest.split_at(lines);
                out.extend_from_slice(plain);
                self.is_line_start = true;
                rest = behind;
                continue;
            }
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

    type Content = (Vec<u8>, Option<BadData>, Vec<u8>);

    /// The content, what is wrong, and what follows the mail's end; `None` when it does not end.
    fn read<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Option<Content> {
        read_with(DataReader::dotted(false), pieces)
    }

    fn read_with<'a>(mut reader: DataReader, pieces: impl Iterator<Item = &'a [u8]>) -> Option<Content> {
        let (mut out, mut rest, mut ended) = (Vec::new(), Vec::new(), false);
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

    /// What chunks come to: the content and what is wrong.
    fn chunked<'a>(mends: bool, pieces: impl Iterator<Item = &'a [u8]>) -> (Vec<u8>, Option<BadData>) {
        let (mut reader, mut out) = (DataReader::literal(mends), Vec::new());
        for piece in pieces {
            assert_eq!(reader.read(piece, &mut out), None, "only the count ends chunks");
        }
        reader.end(&mut out);
        (out, reader.bad())
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

    /// The same candidates from a client whose line ends are mended: content all of them, and stuffed on the way out.
    #[test]
    fn a_mended_candidate_is_content_and_ends_nothing() {
        for (candidate, lines) in [
            ("\n.\n", "\r\n.\r\n"),
            ("\n.\r\n", "\r\n.\r\n"),
            ("\r\n.\n", "\r\n.\r\n"),
            ("\n.\r", "\r\n.\r\n"),
            ("\r.\n", "\r\n.\r\n"),
            ("\r.\r", "\r\n.\r\n"),
            ("\r.\r\n", "\r\n.\r\n"),
            ("\r\n.\r", "\r\n.\r\n"),
            ("\r\n.\r\r\n", "\r\n.\r\n\r\n"),
            ("\r\r\n.\r\r\n", "\r\n\r\n.\r\n\r\n"),
            ("\n..a\n", "\r\n.a\r\n"),
            ("\r..\r", "\r\n.\r\n"),
        ] {
            let wire = format!("before{candidate}MAIL FROM:<smuggled@example.org>\r\n.\r\nNOOP\r\n");
            let (content, bad, rest) =
                read_with(DataReader::dotted(true), [wire.as_bytes()].into_iter()).expect("the real end");
            let expected = format!("before{lines}MAIL FROM:<smuggled@example.org>\r\n");
            let content = String::from_utf8(content).expect("text");
            assert_eq!((content.as_str(), bad, rest.as_slice()), (expected.as_str(), None, &b"NOOP\r\n"[..]));
            let (back, bad, rest) = read([written(content.as_bytes()).as_slice()].into_iter()).expect("one mail");
            assert_eq!((back, bad, rest), (expected.into_bytes(), None, Vec::new()), "{candidate:?}");
        }
        let nul = read_with(DataReader::dotted(true), [&b"a\nb\0\r\n.\r\n"[..]].into_iter()).expect("the real end");
        assert_eq!(nul.1, Some(BadData::Nul));
    }

    #[test]
    fn dots_in_chunks_are_dots() {
        use BadData::*;
        for (chunks, content, bad) in [
            (&[&b""[..]][..], "", None),
            (&[b"a\r\n"], "a\r\n", None),
            (&[b"a"], "a\r\n", None),
            (&[b"a\r", b"\n.\r", b"\nb\r\n"], "a\r\n.\r\nb\r\n", None),
            (&[b".\r\n"], ".\r\n", None),
            (&[b"..\r\n."], "..\r\n.\r\n", None),
            (&[b"a\r"], "a\r\n", Some(BareNewline)),
            (&[b"a\nb"], "a\r\nb\r\n", Some(BareNewline)),
            (&[b"a\0"], "a\0\r\n", Some(Nul)),
        ] {
            let (read, found) = chunked(false, chunks.iter().copied());
            assert_eq!((String::from_utf8(read).expect("text").as_str(), found), (content, bad), "{chunks:?}");
        }
        assert_eq!(chunked(true, [&b"a\n.\nb\r"[..]].into_iter()), (b"a\r\n.\r\nb\r\n".to_vec(), None));
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
            for mends in [false, true] {
                let whole = read_with(DataReader::dotted(mends), [wire.as_slice()].into_iter());
                prop_assert_eq!(&whole, &read_with(DataReader::dotted(mends), wire.chunks(cut)));
                // Whatever else it holds, it ends where CR LF . CR LF first stands.
                let ended = [&b"\r\n"[..], &wire].concat();
                let end = memchr::memmem::find(&ended, b"\r\n.\r\n").expect("an end") + 3;
                prop_assert_eq!(whole.expect("an end").2, &wire[end..]);
                prop_assert_eq!(chunked(mends, [wire.as_slice()].into_iter()), chunked(mends, wire.chunks(cut)));
            }
        }

        #[test]
        fn whatever_comes_in_lines_are_canonical(wire in "[a.\r\n]{0,40}") {
            let wire = [wire.as_bytes(), b"\r\n.\r\n"].concat();
            let content = read_with(DataReader::dotted(true), [wire.as_slice()].into_iter()).expect("an end").0;
            let text = String::from_utf8(content).expect("text");
            prop_assert!(!text.replace("\r\n", "").contains(['\r', '\n']), "{:?}", text);
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
