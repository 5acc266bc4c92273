//! Chats as programs export them and people copy them, without who said what when: `[02/11/2026, 08:00:11] Lan: …`,
//! `02/11/2026, 08:00 - Lan: …`, a name and an hour on lines of their own, subtitles of what was recorded.

use std::ops::Range;

use crate::view::View;

/// So many lines of a window are looked at for what tells that it is a chat.
const LINES_LOOKED_AT: usize = 24;
/// So many of them must be those of one.
const DRESSED_MIN: usize = 2;

/// What a line is to a chat.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// A message behind so many bytes of who said it and when.
    Said(usize),
    /// Nothing but the hour, behind the message.
    Hour,
    /// Nothing but from when to when, before it.
    Span,
    Other,
}

fn line(text: &[u8]) -> Line {
    let text = text.trim_ascii_end();
    match text.first() {
        Some(b'[') => stamped_in_brackets(text).map_or(Line::Other, Line::Said),
        Some(b'<') => voiced(text).map_or(Line::Other, Line::Said),
        Some(b'0'..=b'9') if is_hour(text) => Line::Hour,
        Some(b'0'..=b'9') if is_span(text) => Line::Span,
        Some(b'0'..=b'9') => stamped(text).map_or(Line::Other, Line::Said),
        _ => Line::Other,
    }
}

/// Bytes of a moment, and of who speaks.
const MOMENT_MAX: usize = 28;
const SPEAKER_MAX: usize = 48;

/// Whether it is a moment: digits that a colon parts, and signs, with few letters (`SA`, `PM`).
fn is_moment(text: &[u8]) -> bool {
    (4..=MOMENT_MAX).contains(&text.len())
        && text.windows(3).any(|w| matches!(w, [b'0'..=b'9', b':', b'0'..=b'9']))
        && text.iter().filter(|b| b.is_ascii_alphabetic()).count() <= 2
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b" :/.,-\xe2\x80\xaf\xc2\xa0".contains(b))
}

/// `[02/11/2026, 08:00:11] Lan: `
fn stamped_in_brackets(text: &[u8]) -> Option<usize> {
    let end = memchr::memchr(b']', text.get(..MOMENT_MAX + 2).unwrap_or(text))?;
    is_moment(text.get(1..end)?).then_some(())?;
    speaker(text, end + 1)
}

/// `02/11/2026, 08:00 - Lan: `
fn stamped(text: &[u8]) -> Option<usize> {
    let head = text.get(..MOMENT_MAX + 3).unwrap_or(text);
    let end = memchr::memmem::find(head, b" - ")?;
    is_moment(text.get(..end)?).then_some(())?;
    speaker(text, end + 3)
}

/// Where what somebody says begins, who stands from `at` on.
fn speaker(text: &[u8], at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let len = memchr::memmem::find(rest.get(..SPEAKER_MAX).unwrap_or(rest), b": ")?;
    is_somebody(rest.get(..len)?).then_some(at + len + 2)
}

/// Whether it may be somebody, and not a part of a program (`worker`, `INFO`).
fn is_somebody(text: &[u8]) -> bool {
    is_name(text) && text.iter().any(|b| b.is_ascii_lowercase() || *b >= 0x80)
}

/// `<v Lan>`
fn voiced(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"<v ")?;
    memchr::memchr(b'>', rest.get(..SPEAKER_MAX).unwrap_or(rest)).map(|len| b"<v ".len() + len + 1)
}

/// `08:31`
fn is_hour(text: &[u8]) -> bool {
    let text = [&b" AM"[..], b" PM", b" SA", b" CH"].iter().find_map(|half| text.strip_suffix(*half)).unwrap_or(text);
    let digits = |part: &[u8]| (1..=2).contains(&part.len()) && part.iter().all(u8::is_ascii_digit);
    text.len() <= 5
        && memchr::memchr(b':', text)
            .and_then(|at| Some((text.get(..at)?, text.get(at + 1..)?)))
            .is_some_and(|(hour, minute)| digits(hour) && digits(minute))
}

/// `00:00:03,000 --> 00:00:05,500`
fn is_span(text: &[u8]) -> bool {
    memchr::memmem::find(text.get(..20).unwrap_or(text), b" --> ").is_some()
}

/// Whether a line may be the name of who says what follows.
fn is_name(text: &[u8]) -> bool {
    const WORDS_MAX: usize = 5;
    let text = text.trim_ascii();
    let is_capital = text.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80);
    is_capital
        && text.len() <= SPEAKER_MAX
        && text.split(|b| *b == b' ').count() <= WORDS_MAX
        && !text.last().is_some_and(|b| matches!(b, b'?' | b'.' | b':' | b'!'))
        && text.iter().filter(|b| b.is_ascii_digit()).count() <= 2
}

/// The messages of a chat in `core`, a line each, if it is one. Most texts are told by their first lines to be none.
pub(super) fn undressed(view: &View, core: &Range<usize>) -> Option<View> {
    let text = view.text.get(core.clone())?;
    let mut lines = Vec::new();
    let (mut at, mut dressed) = (0, 0);
    while at < text.len() {
        let rest = text.get(at..)?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let is = line(rest.get(..len)?);
        dressed += usize::from(is != Line::Other);
        lines.push((at..at + len, is));
        at += len + 1;
        if lines.len() >= LINES_LOOKED_AT && dressed < DRESSED_MIN {
            return None;
        }
    }
    if dressed < DRESSED_MIN {
        return None;
    }
    let mut bare = View::default();
    bare.base = view.base + core.start as u64;
    let is = |n: usize| lines.get(n).map(|(_, is)| *is);
    let said = |n: usize| lines.get(n).and_then(|(range, _)| text.get(range.clone())).unwrap_or_default().trim_ascii();
    let hours = lines.iter().any(|(_, is)| *is == Line::Hour);
    for (n, (range, line)) in lines.iter().enumerate() {
        let begins = hours && (n == 0 || is(n - 1) == Some(Line::Hour));
        let from = match line {
            Line::Said(from) => *from,
            Line::Hour | Line::Span => continue,
            // The name of who says what follows, the number of a subtitle.
            Line::Other if begins && is(n + 1) == Some(Line::Other) && is_name(said(n)) => continue,
            Line::Other
                if is(n + 1) == Some(Line::Span) && said(n).len() <= 5 && said(n).iter().all(u8::is_ascii_digit) =>
            {
                continue;
            }
            Line::Other if said(n).is_empty() || said(n) == b"WEBVTT" => continue,
            Line::Other => 0,
        };
        bare.push_view(view, core.start + range.start + from..core.start + range.end);
        bare.push_joint(b"\n");
    }
    Some(bare)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bare(text: &str) -> Option<String> {
        let mut view = View::default();
        view.push(text.as_bytes(), 0);
        undressed(&view, &(0..text.len())).map(|view| String::from_utf8_lossy(&view.text).into_owned())
    }

    #[test]
    fn messages_are_what_is_left() {
        for (text, expected) in [
            ("[02/11/2026, 08:00:11] Lan: a\n[02/11/2026, 08:01:11] Hoa: b\nc", "a\nb\nc\n"),
            ("[08:00, 02/11/2026] Lan Hương: a: d\n[08:01, 02/11/2026] Hoa: b", "a: d\nb\n"),
            ("02/11/2026, 08:00 - Lan: a\n02/11/2026, 08:01 - Hoa: b\n", "a\nb\n"),
            ("Lan\na\n08:00\nb\n08:01\nHoa\nc\n08:02", "a\nb\nc\n"),
            ("1\n00:00:01,000 --> 00:00:02,000\na\n\n2\n00:00:03,000 --> 00:00:04,000\n12\n", "a\n12\n"),
            ("WEBVTT\n\n00:01.000 --> 00:02.000\n<v Lan>a\n", "a\n"),
        ] {
            assert_eq!(bare(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "Lan: a\nHoa: b\n",
            "Họ tên: Lan\nSố CCCD: 001090123456\n",
            "2026-11-02 08:31:22,113 INFO [http] tra cuu: a\n2026-11-02 08:31:23,113 WARN b: c\n",
            "[info] a: b\n[warn] c: d\n",
            "1,2\n3,4\n",
            "08:31\n",
        ] {
            assert_eq!(bare(text), None, "{text}");
        }
    }
}
