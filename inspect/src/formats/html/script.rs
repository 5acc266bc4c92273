//! Data within scripts: what is given a name, called with or all there is, read as the JSON it nearly always is.
//!
//! A second look: the script has been read as text, in which a number that lost its zeros is none. No script is run.

use crate::formats::json::Json;
use crate::inquiry::{Inquiry, Place};

pub(crate) struct Script {
    place: Place,
    data: Option<Box<Json>>,
    /// The last sign that was no blank: a list or an object behind some is data.
    before: u8,
    quotes: Quotes,
    /// How much of the data is read next: what stands behind its end is not to be read for each of many.
    piece: usize,
}

const PIECE_MIN: usize = 64;
const PIECE_MAX: usize = 1 << 12;

/// Strings of data in other quotes than JSON has, put into those.
#[derive(Default)]
struct Quotes {
    /// Of the string that is open.
    open: Option<u8>,
    /// A backslash stands before the next sign.
    escaped: bool,
}

impl Quotes {
    /// What takes the place of the next sign.
    fn next(&mut self, sign: u8) -> u8 {
        if std::mem::take(&mut self.escaped) {
            return sign;
        }
        match (self.open, sign) {
            (None, b'"' | b'\'' | b'`') => {
                self.open = Some(sign);
                b'"'
            }
            (Some(quote), _) if sign == quote => {
                self.open = None;
                b'"'
            }
            (Some(_), b'\\') => {
                self.escaped = true;
                sign
            }
            (Some(_), b'"') => b'\'',
            _ => sign,
        }
    }
}

impl Script {
    pub(crate) fn new(place: &Place) -> Self {
        Self {
            place: Place { again: true, ..place.clone() },
            data: None,
            before: b'=',
            quotes: Quotes::default(),
            piece: PIECE_MIN,
        }
    }

    /// Takes more of a script.
    pub(crate) fn read(&mut self, bytes: &[u8], at: u64, inquiry: &mut Inquiry) {
        let mut n = 0;
        while let Some(rest) = bytes.get(n..).filter(|rest| !rest.is_empty()) {
            let here = at + n as u64;
            if let Some(data) = &mut self.data {
                let piece = rest.get(..rest.len().min(self.piece)).unwrap_or_default();
                let quotes = &mut self.quotes;
                let doubled: Vec<u8> = piece.iter().map(|b| quotes.next(*b)).collect();
                let Some(end) = data.piece(&doubled, here, inquiry) else {
                    n += piece.len();
                    self.piece = PIECE_MAX.min(2 * self.piece);
                    continue;
                };
                self.end(inquiry);
                n += usize::try_from(end.saturating_sub(here)).unwrap_or(usize::MAX).max(1);
                continue;
            }
            let Some(bracket) = self.begin(rest) else { return };
            n += bracket;
            (self.quotes, self.piece) = (Quotes::default(), PIECE_MIN);
            self.data = Some(Box::new(Json::within(self.place.clone())));
        }
    }

    /// Where an object or list begins.
    fn begin(&mut self, rest: &[u8]) -> Option<usize> {
        let mut from = 0;
        for bracket in memchr::memchr2_iter(b'{', b'[', rest) {
            let between = rest.get(from..bracket).unwrap_or_default().trim_ascii_end();
            let before = between.last().copied().unwrap_or(self.before);
            (from, self.before) = (bracket + 1, b'{');
            if matches!(before, b'=' | b'(') {
                return Some(bracket);
            }
        }
        self.before = rest.get(from..).unwrap_or_default().trim_ascii_end().last().copied().unwrap_or(self.before);
        None
    }

    /// The data or the script ends.
    pub(crate) fn end(&mut self, inquiry: &mut Inquiry) {
        self.before = b'}';
        if let Some(data) = self.data.take() {
            data.end_piece(inquiry);
        }
    }
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn numbers_of_scripts_stand_under_their_names() {
        for (script, found) in [
            (r#"<script>window.data = {"soCCCD": 79090123456};</script>"#, 1),
            (r#"<script type="application/json">{"a": [{"soCCCD": 79090123456}]}</script>"#, 1),
            (r#"<script>f(x); render([{"a": 1, "soCCCD": 79090123456}]); g({b: 2})</script>"#, 1),
            (r#"<script>var a = {b: 1}, u = {ten: "An", soCCCD: 79090123456};</script>"#, 1),
            (r#"<script>if (a) { b = [1, 2, {"soCCCD": 79090123456}] }</script>"#, 1),
            ("<script>var a = {'ten': 'An \"Bé\"', 'soCCCD': 79090123456};</script>", 1),
            (r"<script>f({'ten': 'O\'An', `soCCCD`: 79090123456})</script>", 1),
            ("<script>f({'ten': 'soCCCD: 79090123456', 'soDonHang': 79090123456})</script>", 0),
            (r#"<script>var a = {"soDonHang": 79090123456}; function soCCCD(){return 79090123456}</script>"#, 0),
        ] {
            for text in
                [format!("<html>{script}</html>"), format!("<html><p>{}</p>{script}</html>", "a ".repeat(40_000))]
            {
                let bytes = text.into_bytes();
                let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
                assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{script}");
            }
        }
    }
}
