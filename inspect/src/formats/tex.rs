//! TeX: the source as it stands, and the text as it is typeset, in which commands, groups and comments part no number.
//!
//! Nothing is run: a command somebody defined means nothing here, and what it stands for is read where it is defined.

use super::plain::legible;
use super::{Format, Room, Stream};
use crate::inquiry::{Inquiry, Place};
use crate::sniff::Head;
use crate::text::Text;

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-tex",
    matches: is_tex,
    room: Room::Stream(|head, place| Box::new(Tex::new(legible(head, place)))),
    #[cfg(test)]
    example: || {
        "\\documentclass{article}\n\\begin{document}\nSố CCCD: 001{}090\\,123\\textbf{456}\n\\end{document}\n".into()
    },
};

/// A line begins a document; or the name says so, and a command stands in it.
fn is_tex(head: &Head<'_>) -> bool {
    const SEEN: usize = 4_096;
    const MARKS: [&[u8]; 5] =
        [b"\\documentclass", b"\\documentstyle", b"\\begin{document}", b"\\usepackage", b"\\begin{tabular}"];
    let start = head.trimmed.get(..SEEN.min(head.trimmed.len())).unwrap_or_default();
    head.is_ascii_based()
        && memchr::memchr(b'\\', start).is_some()
        && (matches!(head.extension(), "tex" | "latex" | "ltx")
            || start.split(|b| *b == b'\n').any(|line| MARKS.iter().any(|mark| line.trim_ascii().starts_with(mark))))
}

struct Tex {
    source: Text,
    typeset: Text,
    /// The beginning of what the last block did not end, and where it stands.
    carry: Vec<u8>,
    carry_at: u64,
    /// Accents that wait for their letter: what they are, where they stand and how long that is.
    accents: Vec<(char, u64, u64)>,
    /// Within a comment, whose line end and the blanks behind count for nothing.
    comment: Comment,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Comment {
    No,
    Within,
    /// Its line has ended: blanks are passed over.
    Behind,
}

/// The longest command with what belongs to it; what is longer is read as text.
const COMMAND_MAX: usize = 256;
/// No letter has more.
const ACCENTS_MAX: usize = 4;

impl Tex {
    fn new(place: Place) -> Self {
        let again = Place { again: true, ..place.clone() };
        Self {
            source: Text::prose(place),
            typeset: Text::prose(again),
            carry: Vec::new(),
            carry_at: 0,
            accents: Vec::new(),
            comment: Comment::No,
        }
    }

    /// Reads what is complete; returns how many bytes that is.
    fn read(&mut self, bytes: &[u8], at: u64, last: bool) -> usize {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|rest| !rest.is_empty()) {
            if !last && rest.len() < COMMAND_MAX {
                break;
            }
            n += self.next(rest, at + n as u64);
        }
        n
    }

    /// Reads the next piece, of so many bytes.
    fn next(&mut self, rest: &[u8], at: u64) -> usize {
        match self.comment {
            Comment::No => {}
            Comment::Within => {
                let end = memchr::memchr(b'\n', rest);
                if end.is_some() {
                    self.comment = Comment::Behind;
                }
                return end.map_or(rest.len(), |end| end + 1);
            }
            Comment::Behind => {
                self.comment = Comment::No;
                let blanks = rest.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
                if blanks > 0 {
                    return blanks;
                }
            }
        }
        let view = &mut self.typeset.view;
        match rest {
            // No command, but how programs write a sign: its digits are none of the text.
            [b'\\', b'x', high, low, ..] if is_hex(*high) && is_hex(*low) => self.sign(hex(*high, *low), at, 4),
            [b'\\', ..] => self.command(rest, at),
            [b'{' | b'}' | b'$', ..] => 1,
            [b'%', ..] => {
                self.comment = Comment::Within;
                1
            }
            [b'~', ..] => {
                view.push_escape(b" ", at, 1);
                1
            }
            [b'&', ..] => {
                view.push_escape(b"\t", at, 1);
                1
            }
            [b'^', b'^', high, low, ..] if is_hex(*high) && is_hex(*low) => self.sign(hex(*high, *low), at, 4),
            [b'^', ..] => {
                view.push(b"^", at);
                1
            }
            _ if !self.accents.is_empty() => self.accented(rest, at),
            _ => {
                let len = rest.iter().take_while(|b| !b"\\{}$%~&^".contains(b)).count();
                view.push(rest.get(..len).unwrap_or_default(), at);
                len
            }
        }
    }

    /// A letter with the accents before it.
    fn accented(&mut self, rest: &[u8], at: u64) -> usize {
        let len = rest.iter().skip(1).take_while(|b| (0x80..0xc0).contains(*b)).count() + 1;
        let view = &mut self.typeset.view;
        view.push(rest.get(..len).unwrap_or_default(), at);
        for (accent, at, len) in self.accents.drain(..) {
            view.push_escape(accent.encode_utf8(&mut [0; 4]).as_bytes(), at, len);
        }
        len
    }

    /// A sign by its number.
    fn sign(&mut self, code: u32, at: u64, len: usize) -> usize {
        if let Some(sign) = char::from_u32(code).filter(|sign| !sign.is_control()) {
            self.typeset.view.push_escape(sign.encode_utf8(&mut [0; 4]).as_bytes(), at, len as u64);
        }
        len
    }

    /// A command, with what it takes.
    fn command(&mut self, rest: &[u8], at: u64) -> usize {
        let letters = rest.iter().skip(1).take(COMMAND_MAX).take_while(|b| b.is_ascii_alphabetic()).count();
        let name = rest.get(1..1 + letters).unwrap_or_default();
        let view = &mut self.typeset.view;
        if name.is_empty() {
            let sign = rest.get(1).copied().unwrap_or_default();
            return match sign {
                b'&' | b'%' | b'$' | b'#' | b'_' | b'{' | b'}' => {
                    view.push(&[sign], at + 1);
                    2
                }
                b'\\' => {
                    view.push_escape(b"\n", at, 2);
                    2 + bracketed(rest.get(2..).unwrap_or_default(), b'[', b']')
                }
                b' ' | b'\t' | b'\n' | b'\r' => {
                    view.push_escape(b" ", at, 2);
                    2
                }
                _ => self.accent(&[sign], at, 2).unwrap_or_else(|| if sign < 0x80 { rest.len().min(2) } else { 1 }),
            };
        }
        let end = 1 + letters;
        let blanks = |from: usize| rest.get(from..).unwrap_or_default().iter().take_while(|b| **b == b' ').count();
        let behind = end + blanks(end);
        if let Some(taken) = self.accent(name, at, behind) {
            return taken;
        }
        let after = rest.get(behind..).unwrap_or_default();
        let view = &mut self.typeset.view;
        match name {
            b"char" => match number(after) {
                Some((code, len)) => self.sign(code, at, behind + len),
                None => behind,
            },
            b"symbol" => match after.strip_prefix(b"{").and_then(number) {
                Some((code, len)) if after.get(1 + len) == Some(&b'}') => self.sign(code, at, behind + len + 2),
                _ => behind,
            },
            b"dj" | b"DJ" | b"ohorn" | b"OHORN" | b"uhorn" | b"UHORN" | b"i" | b"j" => {
                let letter = match name {
                    b"dj" => "đ",
                    b"DJ" => "Đ",
                    b"ohorn" => "ơ",
                    b"OHORN" => "Ơ",
                    b"uhorn" => "ư",
                    b"UHORN" => "Ư",
                    b"i" => "i",
                    _ => "j",
                };
                view.push_escape(letter.as_bytes(), at, behind as u64);
                for (accent, at, len) in self.accents.drain(..) {
                    view.push_escape(accent.encode_utf8(&mut [0; 4]).as_bytes(), at, len);
                }
                behind
            }
            b"space" | b"quad" | b"qquad" | b"enspace" => {
                view.push_escape(b" ", at, behind as u64);
                behind
            }
            b"par" | b"newline" | b"linebreak" | b"item" | b"cr" | b"hline" | b"tabularnewline" | b"newpage" => {
                view.push_escape(b"\n", at, behind as u64);
                behind
            }
            b"begin" | b"end" => {
                view.push_escape(b"\n", at, behind as u64);
                behind + bracketed(after, b'{', b'}')
            }
            b"kern" | b"hskip" | b"mskip" | b"mkern" | b"vskip" => behind + dimension(after),
            _ => behind + arguments(name, after),
        }
    }

    /// Takes note of an accent, which is put over the next letter; so many bytes are taken.
    fn accent(&mut self, name: &[u8], at: u64, taken: usize) -> Option<usize> {
        let accent = match name {
            b"`" => '\u{300}',
            b"'" => '\u{301}',
            b"^" => '\u{302}',
            b"~" => '\u{303}',
            b"=" => '\u{304}',
            b"u" => '\u{306}',
            b"." => '\u{307}',
            b"\"" => '\u{308}',
            b"h" => '\u{309}',
            b"r" => '\u{30a}',
            b"v" => '\u{30c}',
            b"d" => '\u{323}',
            b"c" => '\u{327}',
            _ => return None,
        };
        if self.accents.len() < ACCENTS_MAX {
            self.accents.push((accent, at, taken as u64));
        }
        Some(taken)
    }
}

fn hex(high: u8, low: u8) -> u32 {
    [high, low].iter().fold(0, |code, b| code << 4 | char::from(*b).to_digit(16).unwrap_or(0))
}

const fn is_hex(b: u8) -> bool {
    matches!(b, b'0'..=b'9' | b'a'..=b'f')
}

/// A number as TeX writes it, `48`, `"30`, `'60`, `` `\0 ``, and how long it is.
fn number(text: &[u8]) -> Option<(u32, usize)> {
    const DIGITS_MAX: usize = 6;
    let (from, radix) = match text {
        [b'`', b'\\', sign, ..] if sign.is_ascii() => return Some((u32::from(*sign), 3)),
        [b'`', sign, ..] if sign.is_ascii() => return Some((u32::from(*sign), 2)),
        [b'"', ..] => (1, 16),
        [b'\'', ..] => (1, 8),
        _ => (0, 10),
    };
    let digits = || text.iter().skip(from).take(DIGITS_MAX).map_while(|b| char::from(*b).to_digit(radix));
    let len = digits().count();
    // A blank ends a number, and is part of it.
    let blank = usize::from(text.get(from + len) == Some(&b' '));
    (len > 0).then(|| (digits().fold(0, |n, digit| n * radix + digit), from + len + blank))
}

/// How long what stands in brackets at the beginning is, brackets included; 0 if there are none.
fn bracketed(text: &[u8], open: u8, close: u8) -> usize {
    if text.first() != Some(&open) {
        return 0;
    }
    text.iter().take(COMMAND_MAX / 4).position(|b| *b == close).map_or(0, |at| at + 1)
}

/// How long a dimension is: `=-1.5pt `.
fn dimension(text: &[u8]) -> usize {
    let number = text.iter().take(COMMAND_MAX / 4).take_while(|b| b"=+-. ".contains(b) || b.is_ascii_digit()).count();
    let unit = text.iter().skip(number).take(2).take_while(|b| b.is_ascii_lowercase()).count();
    if unit < 2 {
        return 0;
    }
    number + unit + usize::from(text.get(number + unit) == Some(&b' '))
}

/// How long the arguments of a command are that are not typeset.
fn arguments(name: &[u8], text: &[u8]) -> usize {
    let (options, braces) = match name {
        b"hspace" | b"vspace" | b"color" | b"textcolor" | b"colorbox" | b"label" | b"phantom" | b"hphantom"
        | b"vphantom" | b"raisebox" | b"scalebox" | b"rotatebox" | b"parbox" | b"pagestyle" => (true, 1),
        b"fontsize" | b"setlength" | b"rule" | b"fcolorbox" | b"resizebox" => (true, 2),
        b"makebox" | b"framebox" | b"section" | b"caption" => (true, 0),
        _ => (false, 0),
    };
    let mut taken = usize::from(options && text.first() == Some(&b'*'));
    for _ in 0..if options { 2 } else { 0 } {
        taken += bracketed(text.get(taken..).unwrap_or_default(), b'[', b']');
    }
    for _ in 0..braces {
        taken += bracketed(text.get(taken..).unwrap_or_default(), b'{', b'}');
    }
    taken
}

impl Stream for Tex {
    fn block(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        self.source.push(bytes, at, inquiry);
        if self.carry.is_empty() {
            self.carry_at = at;
        }
        let mut carry = std::mem::take(&mut self.carry);
        carry.extend_from_slice(bytes);
        let read = self.read(&carry, self.carry_at, false);
        self.typeset.advance(inquiry);
        carry.drain(..read);
        self.carry_at += read as u64;
        self.carry = carry;
    }

    fn finish(mut self: Box<Self>, inquiry: &mut Inquiry) {
        let carry = std::mem::take(&mut self.carry);
        self.read(&carry, self.carry_at, true);
        self.source.finish(inquiry);
        self.typeset.finish(inquiry);
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn text_is_read_as_it_is_typeset() {
        for (text, found) in [
            ("Số CCCD: 001{}090{}123{}456", 1),
            (r"Số CCCD: 0\,0\,1\,0\,9\,0\,1\,2\,3\,4\,5\,6", 1),
            (r"Số CCCD: \textbf{001}\textit{090}{\Large 123}\hspace{1pt}456", 1),
            (r"Số CCCD: {0}{0}{1}{0}{9}{0}{1}{2}{3}{4}{5}{6}", 1),
            (r"Số CCCD: $001$\kern1pt$090$\color{red}123\relax 456", 1),
            (r"CCCD \char48\char48\char49\char48\char57\char48\char49\char50\char51\char52\char53\char54", 1),
            ("CCCD \\char\"30\\char\"30\\char\"31\\symbol{48}\\symbol{57}\\char`\\0\\char'61 23456", 1),
            ("CCCD ^^30^^30^^31090123456", 1),
            ("CCCD 001% số\n   090% của ai\n123456", 1),
            (r"S\'\^o c\u{a}n c\uhorn{}\'\ohorn c: 001.090{}123.456", 1),
            (r"Họ tên & Số CCCD \\ An & 001{}090123456 \\", 1),
            (r"Số đơn hàng: 001{}090{}123{}456", 0),
            (r"Số CCCD: \x30\x30\x31\x30\x39\x30\x31\x32\x33\x34\x35\x36", 1),
            (r"Số hóa đơn: \x30\x30\x31\x30\x39\x30\x31\x32\x33\x34\x35\x36", 0),
            (r"\vspace{12pt} Trang 001, dòng 090, mục 123456", 0),
        ] {
            for wrapped in [
                format!("\\documentclass{{article}}\n\\begin{{document}}\n{text}\n\\end{{document}}\n"),
                format!("\\documentclass{{article}}\n{}\n{text}", "chữ {\\bf thường}. % x\n".repeat(9_000)),
            ] {
                let bytes = wrapped.into_bytes();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.object.media_type, "application/x-tex");
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{text}");
            }
        }
    }
}
