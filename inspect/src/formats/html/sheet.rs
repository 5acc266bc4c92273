//! What the sheets of a page say of its elements: that they are not shown, or what is shown before and behind them.
//!
//! Of selectors only the last class, name or element counts. That is too much rather than too little, and no matter: what
//! comes of it is read besides what stands there.

use std::collections::HashMap;

use crate::charset::Charset;
use crate::markup::Tag;
use crate::view::View;

/// A longer rule is not read.
const RULE_MAX: usize = 1 << 14;
/// Selectors that are kept: more than the sheets of large programs have that hide something.
const KEPT_MAX: usize = 4_096;
/// Longer content is no part of a number.
const CONTENT_MAX: usize = 256;

/// What is said of the elements of one class, name or kind.
#[derive(Default)]
pub(super) struct Said {
    pub(super) hidden: bool,
    pub(super) before: Option<View>,
    pub(super) after: Option<View>,
}

#[derive(Default)]
pub(super) struct Sheet {
    said: HashMap<Vec<u8>, Said>,
    /// The beginning of a rule that has not ended, and where it stands.
    rule: Vec<u8>,
    at: u64,
    charset: Option<&'static Charset>,
}

impl Sheet {
    pub(super) fn new(charset: Option<&'static Charset>) -> Self {
        Self { charset, ..Self::default() }
    }

    /// Takes more of a sheet.
    pub(super) fn read(&mut self, bytes: &[u8], at: u64) {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|rest| !rest.is_empty()) {
            let end = memchr::memchr(b'}', rest);
            let piece = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
            let here = at + n as u64;
            // A rule is one piece of the page: what it says is found and masked where it stands.
            if self.rule.is_empty() || here != self.at + self.rule.len() as u64 {
                self.rule.clear();
                self.at = here;
            }
            if self.rule.len() + piece.len() <= RULE_MAX {
                self.rule.extend_from_slice(piece);
            } else {
                self.rule.clear();
            }
            n += piece.len() + 1;
            if end.is_some() {
                let mut rule = std::mem::take(&mut self.rule);
                self.rule(&rule);
                rule.clear();
                self.rule = rule;
            }
        }
    }

    /// Takes note of a rule without its last bracket; others may be open around it.
    fn rule(&mut self, rule: &[u8]) {
        let Some(open) = memchr::memrchr(b'{', rule) else { return };
        let (selectors, declarations) = rule.split_at(open);
        let text = String::from_utf8_lossy(declarations.get(1..).unwrap_or_default()).to_ascii_lowercase();
        let hidden = hides(&text);
        let content = memchr::memmem::find(declarations, b"content").map(|n| open + n).and_then(|from| {
            let view = self.strings(rule.get(from..)?, self.at + from as u64);
            view.text.iter().any(u8::is_ascii_alphanumeric).then_some(view)
        });
        if !hidden && content.is_none() {
            return;
        }
        let from = selectors.iter().rposition(|b| matches!(b, b'{' | b';' | b'/')).map_or(0, |n| n + 1);
        for selector in selectors.get(from..).unwrap_or_default().split(|b| *b == b',') {
            let mut parts = selector.trim_ascii().split(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'+' | b'~'));
            let last = parts.next_back().unwrap_or_default().to_ascii_lowercase();
            let name = last.iter().position(|b| *b == b':').unwrap_or(last.len());
            let (name, pseudo) = last.split_at(name);
            let name = name.iter().rposition(|b| matches!(b, b'.' | b'#')).map_or(name, |n| &name[n..]);
            let is_name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'#' | b'-' | b'_') || !b.is_ascii();
            if name.is_empty() || !name.iter().all(is_name) || self.said.len() >= KEPT_MAX {
                continue;
            }
            let pseudo = pseudo.trim_ascii_start();
            let before = matches!(pseudo, b":before" | b"::before");
            let after = matches!(pseudo, b":after" | b"::after");
            if !(hidden && pseudo.is_empty() || content.is_some() && (before || after)) {
                continue;
            }
            let said = self.said.entry(name.to_vec()).or_default();
            match &content {
                Some(content) if before => said.before = Some(content.copy()),
                Some(content) if after => said.after = Some(content.copy()),
                _ => said.hidden = true,
            }
        }
    }

    /// The strings of a declaration behind another, as they are shown.
    fn strings(&self, declaration: &[u8], at: u64) -> View {
        let mut view = View::new(self.charset);
        let mut quote = None;
        let mut n = 0;
        while let Some(&sign) = declaration.get(n).filter(|_| view.text.len() < CONTENT_MAX) {
            let here = at + n as u64;
            let rest = declaration.get(n + 1..).unwrap_or_default();
            match (quote, sign) {
                (None, b';') => break,
                (None, b'"' | b'\'') => quote = Some(sign),
                (None, _) => {}
                (Some(open), _) if open == sign => quote = None,
                (Some(_), b'\\') => {
                    let digits = rest.iter().take(6).take_while(|b| b.is_ascii_hexdigit()).count();
                    let code = str::from_utf8(rest.get(..digits).unwrap_or_default()).unwrap_or_default();
                    // A blank ends the code and is no part of what is shown.
                    let blank = usize::from(digits > 0 && rest.get(digits).is_some_and(u8::is_ascii_whitespace));
                    if let Some(c) = u32::from_str_radix(code, 16).ok().and_then(char::from_u32) {
                        let len = (1 + digits + blank) as u64;
                        view.push_escape(c.encode_utf8(&mut [0; 4]).as_bytes(), here, len);
                    }
                    n += digits + blank;
                }
                (Some(_), _) => view.push(&[sign], here),
            }
            n += 1;
        }
        view
    }

    /// What is said of an element.
    pub(super) fn of(&self, tag: &Tag<'_>) -> impl Iterator<Item = &Said> + use<'_> {
        let mut names = Vec::new();
        if !self.said.is_empty() {
            names.push(tag.name.to_ascii_lowercase());
            for (key, value, _) in tag.pairs() {
                let sign = match key.to_ascii_lowercase().as_slice() {
                    b"class" => b'.',
                    b"id" => b'#',
                    _ => continue,
                };
                for name in value.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty()) {
                    names.push([&[sign], name.to_ascii_lowercase().as_slice()].concat());
                }
            }
        }
        names.into_iter().filter_map(|name| self.said.get(&name))
    }
}

/// Whether declarations, in lower case, say that an element is not shown, or so that nobody sees it.
pub(super) fn hides(style: &str) -> bool {
    /// Farther out than any page reaches.
    const OUTSIDE: f64 = -900.0;
    /// Letters of this size, in pixels, are points.
    const POINT: f64 = 1.0;
    style.split(';').filter_map(|said| said.split_once(':')).any(|(name, value)| {
        let value = value.trim();
        let is = |words: &[&str]| words.iter().any(|word| value.split([' ', '!']).next() == Some(word));
        let number = || {
            let end = value.find(|c: char| !c.is_ascii_digit() && !"+-.".contains(c)).unwrap_or(value.len());
            value.get(..end).and_then(|number| number.parse::<f64>().ok()).map(|n| (n, value.get(end..).unwrap_or("")))
        };
        match name.trim() {
            "display" => is(&["none"]),
            "visibility" => is(&["hidden", "collapse"]),
            "mso-hide" => is(&["all"]),
            "opacity" | "width" | "height" | "max-width" | "max-height" | "zoom" => {
                number().is_some_and(|n| n.0 == 0.0)
            }
            "font" | "font-size" => number()
                .is_some_and(|(n, unit)| n == 0.0 || n <= POINT && (unit.starts_with("px") || unit.starts_with("pt"))),
            "left" | "top" | "text-indent" | "margin-left" => number().is_some_and(|n| n.0 < OUTSIDE),
            "color" => {
                is(&["transparent", "white", "#fff", "#ffffff"]) || value.starts_with("rgba(") && value.ends_with(",0)")
            }
            "transform" => value.starts_with("scale(0)"),
            "clip" => value.starts_with("rect("),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_say_what_is_not_shown() {
        for (style, hidden) in [
            ("display:none", true),
            ("color:red; display : none !important", true),
            ("visibility: hidden", true),
            ("font-size:0", true),
            ("font-size:0.0em", true),
            ("font-size:1px", true),
            ("opacity: 0;", true),
            ("position:absolute;left:-9999px", true),
            ("color:#fff", true),
            ("color:rgba(1,2,3,0)", true),
            ("display:block", false),
            ("font-size:0.9em", false),
            ("font-size:10px", false),
            ("opacity:0.5", false),
            ("left:-9px", false),
            ("color:#ffe", false),
            ("background:white", false),
            ("", false),
        ] {
            assert_eq!(hides(style), hidden, "{style}");
        }
    }

    #[test]
    fn sheets_are_read_however_they_come() {
        let text = b"@import 'a'; @media print { .a, p > i.B { display: none } } #c:before{content:'07' \"9\\30 1\"} \
            a:hover{display:none} .d::AFTER{content: '\\f101'}";
        for piece in [1, 7, text.len()] {
            let mut sheet = Sheet::default();
            let mut at = 0;
            for bytes in text.chunks(piece) {
                sheet.read(bytes, at);
                at += bytes.len() as u64;
            }
            let mut names: Vec<_> = sheet.said.keys().map(|name| String::from_utf8_lossy(name)).collect();
            names.sort();
            assert_eq!(names, ["#c", ".a", ".b"], "{piece}");
            assert!(sheet.said[&b".b"[..]].hidden);
            assert_eq!(sheet.said[&b"#c"[..]].before.as_ref().unwrap().text, b"07901");
        }
    }
}
