//! What elements of a drawing are painted with, as far as it makes them dark or light.

use crate::markup::Tag;

/// What paints an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colour {
    Dark,
    Light,
    /// Nothing: what lies beneath is seen.
    Clear,
}

/// How an element is painted that says nothing else.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Paint {
    pub(super) fill: Colour,
    pub(super) stroke: Colour,
    pub(super) width: f64,
    /// Areas within areas are holes, whichever way they are drawn.
    pub(super) is_even_odd: bool,
}

impl Default for Paint {
    fn default() -> Self {
        Self { fill: Colour::Dark, stroke: Colour::Clear, width: 1.0, is_even_odd: false }
    }
}

/// Properties that say how something is painted.
const PROPERTIES: &[&str] = &[
    "fill",
    "stroke",
    "stroke-width",
    "fill-rule",
    "opacity",
    "fill-opacity",
    "stroke-opacity",
    "display",
    "visibility",
];

impl Paint {
    /// As an element within says: by attributes, by sheets, by its style.
    pub(super) fn within(mut self, tag: &Tag<'_>, sheet: &Rules) -> Self {
        for name in PROPERTIES {
            if let Some(value) = tag.string(name.as_bytes()) {
                self.set(name, &value);
            }
        }
        sheet.each(tag, &mut |style| self.style(style));
        if let Some(style) = tag.string(b"style") {
            self.style(&style);
        }
        self
    }

    fn style(&mut self, style: &str) {
        for (name, value) in style.split(';').filter_map(|one| one.split_once(':')) {
            self.set(name.trim(), value.trim_end_matches("!important"));
        }
    }

    fn set(&mut self, name: &str, value: &str) {
        // What is hardly seen is not.
        const FAINT: f64 = 0.2;
        let value = value.trim();
        let is_faint = || number(value).is_some_and(|n| n < if value.ends_with('%') { FAINT * 100.0 } else { FAINT });
        match name.to_ascii_lowercase().as_str() {
            "fill" => self.fill = colour(value).unwrap_or(self.fill),
            "stroke" => self.stroke = colour(value).unwrap_or(self.stroke),
            "stroke-width" => self.width = number(value).unwrap_or(self.width),
            "fill-rule" => self.is_even_odd = value.eq_ignore_ascii_case("evenodd"),
            "opacity" if is_faint() => (self.fill, self.stroke) = (Colour::Clear, Colour::Clear),
            "fill-opacity" if is_faint() => self.fill = Colour::Clear,
            "stroke-opacity" if is_faint() => self.stroke = Colour::Clear,
            "display" if value.eq_ignore_ascii_case("none") => {
                (self.fill, self.stroke) = (Colour::Clear, Colour::Clear)
            }
            "visibility" if value.eq_ignore_ascii_case("hidden") => {
                (self.fill, self.stroke) = (Colour::Clear, Colour::Clear);
            }
            _ => {}
        }
    }
}

/// A number, whatever its unit is: all of a drawing have one.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic() || c == '%');
    text.parse().ok().filter(|n: &f64| n.is_finite())
}

/// What a colour is, if one is named.
pub(super) fn colour(said: &str) -> Option<Colour> {
    const LIGHT: &[&str] = &[
        "white",
        "whitesmoke",
        "ivory",
        "snow",
        "ghostwhite",
        "floralwhite",
        "azure",
        "mintcream",
        "honeydew",
        "aliceblue",
        "lavender",
        "linen",
        "seashell",
        "beige",
        "cornsilk",
        "lightyellow",
        "yellow",
        "lightgray",
        "lightgrey",
        "gainsboro",
        "silver",
    ];
    let said = said.trim().to_ascii_lowercase();
    let of = |lightness: f64| Some(if lightness < 384.0 { Colour::Dark } else { Colour::Light });
    if let Some(hex) = said.strip_prefix('#') {
        let digits: Vec<u32> = hex.chars().map_while(|c| c.to_digit(16)).collect();
        return match digits.as_slice() {
            [_, _, _, 0] | [_, _, _, _, _, _, 0, 0] => Some(Colour::Clear),
            [r, g, b] | [r, g, b, _] => of(f64::from((r + g + b) * 17)),
            [r, _, g, _, b, ..] => of(f64::from((r + g + b) * 16)),
            _ => None,
        };
    }
    if let Some((name, parts)) = said.split_once('(') {
        let part = |part: &str| number(part).map(|n| if part.ends_with('%') { n * 2.55 } else { n });
        let parts: Vec<f64> = parts.split([',', ' ', '/', ')']).filter_map(part).collect();
        return match (name.trim(), parts.as_slice()) {
            ("rgba" | "rgb" | "hsla" | "hsl", [_, _, _, 0.0]) => Some(Colour::Clear),
            ("rgba" | "rgb", [r, g, b, ..]) => of(r + g + b),
            ("hsla" | "hsl", [_, _, lightness, ..]) => of(3.0 * lightness),
            // A pattern or a run of colours.
            ("url", _) => Some(Colour::Dark),
            _ => None,
        };
    }
    match said.split_whitespace().next()? {
        "none" | "transparent" => Some(Colour::Clear),
        "inherit" | "initial" | "unset" => None,
        name if LIGHT.contains(&name) => Some(Colour::Light),
        name => name.bytes().all(|b| b.is_ascii_alphabetic()).then_some(Colour::Dark),
    }
}

/// What sheets of a page say.
#[derive(Default)]
pub(super) struct Rules {
    text: String,
    /// Selectors and what they say of how something is painted.
    rules: Vec<(String, String)>,
}

/// Sheets of drawings are short; of longer ones the rest is not used, for it is asked of every area.
const SHEET_MAX: usize = 16 << 10;
const RULES_MAX: usize = 256;

impl Rules {
    /// Takes a part of a sheet.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        if self.text.len() + bytes.len() > SHEET_MAX || self.rules.len() >= RULES_MAX {
            return;
        }
        let mut text = std::mem::take(&mut self.text);
        text.push_str(&String::from_utf8_lossy(bytes));
        let mut rest = text.as_str();
        while let Some((rule, behind)) = rest.split_once('}') {
            if let Some((selectors, style)) =
                rule.rsplit_once('{').map(|(selectors, style)| (selectors, painting(style)))
                && !style.is_empty()
            {
                let selectors = selectors.rsplit(['{', ';']).next().unwrap_or_default();
                let each = selectors.split(',').filter_map(|one| one.split_whitespace().next_back());
                let each = each.take(RULES_MAX.saturating_sub(self.rules.len()));
                self.rules.extend(each.map(|selector| (selector.to_owned(), style.clone())));
            }
            rest = behind;
        }
        self.text = rest.to_owned();
    }

    fn each(&self, tag: &Tag<'_>, each: &mut dyn FnMut(&str)) {
        if self.rules.is_empty() {
            return;
        }
        let class = tag.string(b"class").unwrap_or_default();
        let id = tag.string(b"id").unwrap_or_default();
        for (selector, style) in &self.rules {
            let (name, class_or_id) = selector.split_at(selector.find(['.', '#']).unwrap_or(selector.len()));
            let is_named = name.is_empty() || name == "*" || name.as_bytes().eq_ignore_ascii_case(tag.name);
            let is_meant = match class_or_id.split_at_checked(1) {
                Some((".", own)) => class.split_whitespace().any(|class| class == own),
                Some((_, own)) => own == id,
                None => !name.is_empty(),
            };
            if is_named && is_meant {
                each(style);
            }
        }
    }
}

/// The declarations of a style that say how something is painted, the last of each.
fn painting(style: &str) -> String {
    /// No colour and no number is longer.
    const VALUE_MAX: usize = 64;
    let of = |property: &&str| {
        let named =
            |one: &&str| one.split_once(':').is_some_and(|(name, _)| name.trim().eq_ignore_ascii_case(property));
        style.rsplit(';').find(named).filter(|one| one.len() <= VALUE_MAX)
    };
    PROPERTIES.iter().filter_map(of).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheets_cost_no_more_than_areas_may_ask() {
        let selectors = ".a,".repeat(2_000) + ".a";
        let noise = "colour:red;fill:#000;".repeat(300);
        let mut rules = Rules::default();
        for sheet in [format!("{selectors}{{{noise}fill:#fff}}"), "{}".repeat(4_000), ".b{fill:#000}".to_owned()] {
            rules.read(sheet.as_bytes());
        }
        assert_eq!(rules.rules.len(), RULES_MAX);
        assert!(rules.rules.iter().all(|rule| *rule == (".a".to_owned(), "fill:#fff".to_owned())));
    }

    #[test]
    fn colours_are_dark_or_light_or_nothing() {
        for (said, is) in [
            ("#000", Some(Colour::Dark)),
            ("#ffffff", Some(Colour::Light)),
            ("#0000", Some(Colour::Clear)),
            ("rgb(10, 20 ,30)", Some(Colour::Dark)),
            ("rgb(100%, 100%, 100%)", Some(Colour::Light)),
            ("rgb(0% 0% 0%)", Some(Colour::Dark)),
            ("rgba(0, 0, 0, 0)", Some(Colour::Clear)),
            ("hsl(0, 0%, 100%)", Some(Colour::Light)),
            ("hsl(0 0% 0%)", Some(Colour::Dark)),
            ("transparent", Some(Colour::Clear)),
            ("currentColor", Some(Colour::Dark)),
            ("White", Some(Colour::Light)),
            ("inherit", None),
            ("", None),
            ("12px", None),
        ] {
            assert_eq!(colour(said), is, "{said}");
        }
    }
}
