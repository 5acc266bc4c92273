//! uuencoded files within a text (POSIX `uuencode`): `begin 644 name`, lines that tell their length, `end`.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::Hint;
use crate::inquiry::{Inquiry, Place, Watch};
use crate::object::Object;
use crate::sniff;

/// A line of a uuencoded file has 61 characters and at most 85, with a margin before and a sum behind; longer ones are none.
const LINE_MAX: usize = 100;

/// The shortest text that may hold a file: its first line and one of data.
const FILE_MIN: usize = 20;

/// What the first line of a file begins with, before its mode.
const BEGIN: &str = "begin ";

/// Whether so many bytes from `core` on may hold a file: the mode of its first line may stand behind `core`.
pub(super) fn may_hold_file(text: &[u8], core: &Range<usize>) -> bool {
    text.len().min(mode_ends(core.end) - 1).saturating_sub(core.start) >= FILE_MIN
}

/// Behind where the mode may begin of a file that begins before `end`.
pub(super) const fn mode_ends(end: usize) -> usize {
    end + BEGIN.len()
}

/// The first place in `from..end` at which a file may begin: a line, or what stands in quotes or behind a name.
pub(super) fn begin(text: &[u8], from: usize, end: usize) -> Option<usize> {
    static FINDER: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(BEGIN));
    let seen = text.get(from..text.len().min(end + BEGIN.len() - 1))?;
    if seen.len() < FILE_MIN {
        return None;
    }
    FINDER.find_iter(seen).map(|at| from + at + BEGIN.len()).find_map(|mode| begin_of(text, mode))
}

/// Where the file begins whose mode stands at `at`, if one does.
pub(super) fn begin_of(text: &[u8], at: usize) -> Option<usize> {
    let (before, mode) = text.split_at_checked(at)?;
    let before = before.strip_suffix(BEGIN.as_bytes())?;
    let apart = before.last().is_none_or(|b| !b.is_ascii_alphanumeric());
    (apart && mode.first().is_some_and(u8::is_ascii_digit)).then_some(before.len())
}

/// Reads the lines of a text, looking for a file.
#[derive(Default)]
pub(super) struct Uuencoded {
    line: Vec<u8>,
    open: Option<Box<Object>>,
    /// What is open begins as a container does.
    watch: Option<Watch>,
    is_begun: bool,
    /// What stands before its first line, and then before all: signs of a citation or remark.
    margin: Vec<u8>,
}

impl Uuencoded {
    /// Reads the next `core` of a text in which a file may begin at `begin`.
    pub(super) fn read(
        &mut self,
        text: &[u8],
        core: &Range<usize>,
        begin: Option<usize>,
        place: &Place,
        inquiry: &mut Inquiry,
    ) {
        let (mut at, mut next) = (core.start, begin);
        loop {
            if self.open.is_none() && self.line.is_empty() {
                let Some(start) = next.filter(|start| *start < core.end) else { return };
                at = start;
                self.margin = margin(text, start);
            }
            let rest = text.get(at..core.end).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
            let (len, ends) = memchr::memchr(b'\n', rest).map_or((rest.len(), false), |n| (n + 1, true));
            if self.line.len() + len <= LINE_MAX {
                self.line.extend_from_slice(rest.get(..len).unwrap_or_default());
            } else {
                // No line of a file, nor the first of one.
                self.line.clear();
                self.end(place, inquiry);
            }
            at += len;
            if ends {
                self.end_line(place, inquiry);
            }
            if next.is_some_and(|next| next < at) {
                next = self::begin(text, at, core.end);
            }
        }
    }

    fn end_line(&mut self, place: &Place, inquiry: &mut Inquiry) {
        let line = std::mem::take(&mut self.line);
        // Blanks at its end are digits.
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let line = line
            .strip_prefix(&*self.margin)
            .or_else(|| line.strip_prefix(self.margin.trim_ascii_end()))
            .unwrap_or(line);
        if let Some(object) = &mut self.open {
            match decoded(line) {
                Some(bytes) if !bytes.is_empty() => {
                    if !std::mem::replace(&mut self.is_begun, true) && sniff::is_container(&bytes) {
                        self.watch = Some(Watch::new(&bytes, false, place, inquiry));
                    }
                    match &mut self.watch {
                        Some(watch) => inquiry.watch(watch, |inquiry| object.push(&bytes, inquiry)),
                        None => object.push(&bytes, inquiry),
                    }
                }
                // Lines are parted by empty ones where line ends were doubled.
                _ if line.is_empty() => {}
                _ => self.end(place, inquiry),
            }
        } else if is_begin(line) {
            self.open = Some(Box::new(Object::new(Hint::default(), place.disguised("uuencode"))));
        }
    }

    /// The text ends; its last line may have no line break.
    pub(super) fn finish(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.end_line(place, inquiry);
        self.end(place, inquiry);
    }

    fn end(&mut self, place: &Place, inquiry: &mut Inquiry) {
        self.is_begun = false;
        match (self.open.take(), self.watch.take()) {
            (Some(mut object), Some(mut watch)) => {
                inquiry.watch(&mut watch, |inquiry| object.finish(None, inquiry));
                inquiry.watched(watch, place);
            }
            (Some(mut object), None) => object.finish(None, inquiry),
            (None, _) => {}
        }
    }
}

/// The signs and blanks that stand on a line before `at`, if nothing else does.
fn margin(text: &[u8], at: usize) -> Vec<u8> {
    const MARGIN_MAX: usize = 8;
    let before = text.get(at.saturating_sub(MARGIN_MAX + 1)..at).unwrap_or_default();
    let line = memchr::memrchr(b'\n', before).and_then(|end| before.get(end + 1..));
    let line = line.or_else(|| (at <= MARGIN_MAX).then_some(before)).unwrap_or_default();
    let sign = |b: &u8| b.is_ascii_whitespace() || b">|#*%;:/-".contains(b);
    if line.iter().all(sign) { line.to_vec() } else { Vec::new() }
}

/// Whether a text begins as a uuencoded file does: any sign may stand as often in its lines as between the cells of a table.
pub(crate) fn is_uuencoded(text: &[u8]) -> bool {
    text.starts_with(BEGIN.as_bytes()) && text.split(|b| matches!(b, b'\r' | b'\n')).next().is_some_and(is_begin)
}

fn is_begin(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"begin ") else { return false };
    let mode = rest.iter().take_while(|b| (b'0'..=b'7').contains(b)).count();
    (3..=4).contains(&mode) && rest.get(mode) == Some(&b' ')
}

/// The bytes of a line; `None` when it is no line of a file.
fn decoded(line: &[u8]) -> Option<Vec<u8>> {
    let six = |b: u8| (0x20..=0x60).contains(&b).then(|| (b - 0x20) & 0x3f);
    let len = usize::from(six(*line.first()?)?);
    let given = line.get(1..)?;
    let digits = given.iter().copied().chain(std::iter::repeat(b' '));
    // Blanks at the end of a line get lost on the way.
    let digits: Vec<u8> = digits.take(given.len().max(len.div_ceil(3) * 4)).map(six).collect::<Option<_>>()?;
    let (groups, _) = digits.as_chunks::<4>();
    let three = |four: &[u8; 4]| four.iter().fold(0u32, |bits, six| bits << 6 | u32::from(*six)).to_be_bytes();
    let mut out: Vec<u8> = groups.iter().map(three).flat_map(|[_, bytes @ ..]| bytes).collect();
    out.truncate(len);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_decoded_by_the_length_they_tell() {
        assert_eq!(decoded(b"#0V%T").as_deref(), Some(&b"Cat"[..]));
        assert_eq!(decoded(b"`").as_deref(), Some(&b""[..]));
        for line in [&b"'0V%T```0"[..], b"'0V%T   0", b"'0V%T   0  "] {
            assert_eq!(decoded(line).as_deref(), Some(&b"Cat\0\0\x10\0"[..]), "{line:?}");
        }
        // Blanks at the end were cut away, and with them whole groups.
        for line in [&b")0V%T"[..], b")0V%T ", b")0V%T      ", b")0V%T        "] {
            assert_eq!(decoded(line).as_deref(), Some(&b"Cat\0\0\0\0\0\0"[..]), "{line:?}");
        }
        assert_eq!((decoded(b"end"), decoded(b"Hello"), decoded(b"")), (None, None, None));
        for (before, expected) in
            [("> ", "> "), ("a\n// ", "// "), ("a\n", ""), ("x \"", ""), ("a very long line ", "")]
        {
            assert_eq!(margin(format!("{before}begin").as_bytes(), before.len()), expected.as_bytes(), "{before}");
        }
        assert!(is_begin(b"begin 644 cat.txt") && !is_begin(b"begin with this"));
    }

    #[test]
    fn a_file_is_no_table_whatever_signs_its_lines_have() {
        use crate::{Hint, Inspector, Limits};
        // Two of its three lines have as many semicolons.
        for (begin, found) in [("begin 644 x.txt", 1), ("begin;x;644;x.txt;6", 0)] {
            let text = format!(
                "{begin}\nM5&C#M&YG('1I;B!BX;N5('-U;F<@:.&[DR!SQJ$Z(&CANXT@=,.J;B!.9W5Y\n\
                 MX;N%;B!0:,:PX;N;8R!\"X;JC;SL@<^&[D2!#0T-$(# Y,3 Y,#<X,S4X-#L@\n\
                 AQ)'#HR#$D>&[D6D@8VAIX;J_=2!BX;JC;B!C:,.M;F@N\n`\nend\n"
            );
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes()).inspection;
            assert_eq!(inspection.distinct(chot_model::DetectorId::Cccd), found, "{begin}");
        }
    }

    /// As Python and others write it, with a blank for each zero.
    fn uuencoded(bytes: &[u8], zero: char) -> String {
        let sign = |six: u32| if six == 0 { zero } else { char::from(b' ' + six as u8) };
        let line = |line: &[u8]| {
            let group = |three: &[u8]| {
                let bits = (0..3).fold(0, |bits, n| bits << 8 | u32::from(three.get(n).copied().unwrap_or(0)));
                [18, 12, 6, 0].map(|shift| sign(bits >> shift & 63))
            };
            sign(line.len() as u32).to_string() + &line.chunks(3).flat_map(group).collect::<String>() + "\n"
        };
        format!("begin 644 a.gz\n{}{zero}\nend\n", bytes.chunks(45).map(line).collect::<String>())
    }

    #[test]
    fn a_file_is_read_to_its_end_whatever_became_of_its_blanks() {
        use crate::{Hint, Inspector, Limits};
        for extra in 0..9 {
            let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
            let text = format!("{}\nSố CCCD 001090123456\n{}", "\0".repeat(150), "x".repeat(extra));
            std::io::Write::write_all(&mut gz, text.as_bytes()).expect("memory");
            let gz = gz.finish().expect("memory");
            let filled = uuencoded(&gz, ' ');
            let cut: String = filled.lines().map(|line| format!("{}\n", line.trim_end())).collect();
            let inspect =
                |text: String| Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.into_bytes());
            for text in
                [uuencoded(&gz, '`'), filled.clone(), cut, filled.replace('\n', "\r\n"), filled.replace('\n', "\n\n")]
            {
                let found = inspect(text.clone()).inspection;
                let told =
                    (found.distinct(chot_model::DetectorId::Cccd), found.opaque.iter().map(|o| o.reason).collect());
                // As the packed file by itself: zeros are no text.
                assert_eq!(told, (1, vec![chot_model::OpaqueReason::UnsupportedFormat]), "{extra}: {text}");
            }
            // What is packed within and broken is told.
            for broken in [uuencoded(&gz[..gz.len() - 20], ' '), uuencoded(&gz[..gz.len() - 4], ' ')] {
                assert!(inspect(broken).inspection.is_opaque(chot_model::OpaqueReason::ParseError), "{extra}");
            }
        }
    }
}
