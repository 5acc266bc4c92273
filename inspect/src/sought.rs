//! Values found somewhere in a message, looked for wherever else they stand in it.
//!
//! A number needs words or a heading to be told from others, and what was told once is known: the number that is masked
//! in a table must not go out in the text beside it, which lost its table. Only keyed hashes are kept.

use std::collections::HashSet;
use std::ops::Range;

use chot_detectors::Hit;
use chot_model::{Confidence, DetectorId, Finding, Secret};

use crate::count::{Key, Keyed};

/// What identifiers are made of, letters and digits; the shortest is a passport's.
const VALUE_BYTES: Range<usize> = 8..20;
/// Pieces a value may stand in, set apart by one or two signs.
const PIECES_MAX: usize = 8;
const SIGNS_MAX: usize = 2;
/// Of shorter numbers, what is glued to letters may well be another number.
const CITIZEN_DIGITS: usize = 12;
const INSURED_DIGITS: usize = 10;
/// More than a value takes: none that begins before the core is told again by its end.
const BEFORE_BYTES: usize = 64;

/// Values that are sought, for the inspector that found them.
#[derive(Clone, Default)]
pub struct Sought {
    detectors: Vec<DetectorId>,
    hashes: HashSet<u64, Keyed>,
}

impl Sought {
    /// Adds values of a detector, by their hashes.
    pub(crate) fn add(&mut self, detector: DetectorId, hashes: impl Iterator<Item = u64>) {
        let before = self.hashes.len();
        self.hashes.extend(hashes);
        if self.hashes.len() > before && !self.detectors.contains(&detector) {
            self.detectors.push(detector);
        }
    }

    /// Adds what another one seeks.
    pub fn extend(&mut self, other: &Self) {
        self.hashes.extend(&other.hashes);
        for detector in &other.detectors {
            if !self.detectors.contains(detector) {
                self.detectors.push(*detector);
            }
        }
    }

    /// Whether a finding is one of what is sought.
    pub(crate) fn holds(&self, finding: &Finding, key: &Key) -> bool {
        self.hashes.contains(&key.value(finding.detector, finding.value.reveal_bytes()))
    }

    /// Adds to `hits` what is sought and stands in `text` from somewhere in `core` on, in place of lesser findings there.
    pub(crate) fn find(&self, text: &[u8], core: Range<usize>, key: &Key, hits: &mut Vec<Hit>) {
        hits.sort_by_key(|hit| hit.range.start);
        let known = hits.len();
        let mut at = core.start.saturating_sub(BEFORE_BYTES);
        if at > 0 && text.get(at - 1).is_some_and(u8::is_ascii_alphanumeric) {
            at += piece(text, at);
        }
        while at < core.end {
            let len = piece(text, at);
            if len == 0 {
                at += 1;
                continue;
            }
            match self.begins(text, at, len, key) {
                Some(hit) if hit.range.start < core.start => at = hit.range.end,
                Some(hit) => {
                    at = hit.range.end;
                    let found = hits.get_mut(..known).unwrap_or_default();
                    let from = found.partition_point(|o| o.range.start + BEFORE_BYTES < hit.range.start);
                    let near = found.iter_mut().skip(from).take_while(|o| o.range.start < hit.range.end);
                    let mut meets = near.filter(|o| o.detector == hit.detector && o.range.end > hit.range.start);
                    match meets.next() {
                        Some(other) if other.confidence >= Confidence::Medium => {}
                        Some(other) => *other = hit,
                        None => hits.push(hit),
                    }
                }
                // Letters may stand before it: `S001090123456` is a sheet that is called by a number.
                None => {
                    let letters = letters(text, at);
                    at += if (1..len).contains(&letters) && len - letters == CITIZEN_DIGITS { letters } else { len };
                }
            }
        }
        hits.sort_by_key(|hit| hit.range.start);
    }

    /// The longest value sought that begins with the piece of `len` bytes at `at`.
    fn begins(&self, text: &[u8], at: usize, len: usize, key: &Key) -> Option<Hit> {
        let mut value = Vec::with_capacity(VALUE_BYTES.end);
        let mut next = at..at + len;
        let mut found = None;
        for n in 0..PIECES_MAX {
            let piece = text.get(next.clone()).unwrap_or_default();
            // Behind the letters of a card come digits only.
            if value.len() + piece.len() >= VALUE_BYTES.end || n > 0 && !piece.iter().all(u8::is_ascii_digit) {
                break;
            }
            value.extend(piece.iter().map(u8::to_ascii_uppercase));
            let end = next.end;
            if VALUE_BYTES.contains(&value.len()) && value.iter().any(u8::is_ascii_digit) {
                found = self
                    .value(&value, key)
                    .map(|(detector, value)| Hit {
                        detector,
                        range: at..end,
                        confidence: Confidence::High,
                        value: Secret::new(value),
                        disguise: None,
                    })
                    .or(found);
            }
            let signs = signs(text, end);
            let len = if signs == 0 { 0 } else { self::piece(text, end + signs) };
            if len == 0 {
                break;
            }
            next = end + signs..end + signs + len;
        }
        found
    }

    /// Whose value these letters and digits are, and how it is written. Spreadsheets lose the zeros at the beginning, and pages
    /// that they write have the number without them in an attribute.
    fn value(&self, plain: &[u8], key: &Key) -> Option<(DetectorId, String)> {
        let is_number = plain.iter().all(u8::is_ascii_digit);
        self.detectors.iter().find_map(|detector| {
            let sought = |value: &[u8]| {
                let is = self.hashes.contains(&key.value(*detector, value));
                is.then(|| (*detector, String::from_utf8_lossy(value).into_owned()))
            };
            let (digits, zeros) = match detector {
                DetectorId::Cccd => (CITIZEN_DIGITS, 2),
                DetectorId::Bhxh => (INSURED_DIGITS, 1),
                _ => (0, 0),
            };
            let lost = digits.saturating_sub(plain.len());
            let padded = || [b"00".get(..lost).unwrap_or_default(), plain].concat();
            sought(plain).or_else(|| sought(&padded()).filter(|_| is_number && (1..=zeros).contains(&lost)))
        })
    }
}

/// Letters and digits in a row.
fn piece(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_alphanumeric()).count()
}

/// Letters in a row.
fn letters(text: &[u8], at: usize) -> usize {
    text.get(at..).unwrap_or_default().iter().take_while(|b| b.is_ascii_alphabetic()).count()
}

/// Signs that set the pieces of a number apart.
fn signs(text: &[u8], at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    match rest {
        [0xc2, 0xa0, ..] => 2,
        _ => rest.iter().take(SIGNS_MAX).take_while(|b| b" .-/,'_".contains(b)).count(),
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn values_are_found_however_they_are_set_apart() {
        let key = Key::new(&RandomState::new());
        let mut sought = Sought::default();
        for (detector, value) in [
            (DetectorId::Cccd, "079090123456"),
            (DetectorId::Bhyt, "GD4797912345678"),
            (DetectorId::Bhxh, "7912345678"),
            (DetectorId::Passport, "C1234567"),
            (DetectorId::Cccd, "001090123456"),
            (DetectorId::Bhxh, "0112345678"),
        ] {
            sought.add(detector, std::iter::once(key.value(detector, value.as_bytes())));
        }
        for (text, found) in [
            ("an 079090123456, be", vec![("079090123456", DetectorId::Cccd)]),
            (
                "079 090 123 456;079.090.123.456",
                vec![("079 090 123 456", DetectorId::Cccd), ("079.090.123.456", DetectorId::Cccd)],
            ),
            ("79090123456", vec![("79090123456", DetectorId::Cccd)]),
            ("sdval=\"1090123456\"", vec![("1090123456", DetectorId::Cccd)]),
            ("sdval=\"112345678\" 912345678", vec![("112345678", DetectorId::Bhxh)]),
            ("thẻ gd 4 79 7912345678.", vec![("gd 4 79 7912345678", DetectorId::Bhyt)]),
            ("số 7912345678/7912345679", vec![("7912345678", DetectorId::Bhxh)]),
            ("hc c1234567", vec![("c1234567", DetectorId::Passport)]),
            ("S079090123456.xml", vec![("079090123456", DetectorId::Cccd)]),
            ("079090123457 a0790901234567 a07909012345 0790901234567 79 12345 679", vec![]),
            ("ma7912345678 a079090123456b 5e079090123456 a079090123457", vec![]),
            ("079   090123456", vec![]),
            ("", vec![]),
        ] {
            let mut hits = Vec::new();
            sought.find(text.as_bytes(), 0..text.len(), &key, &mut hits);
            let said: Vec<_> =
                hits.iter().map(|hit| (text.get(hit.range.clone()).unwrap_or_default(), hit.detector)).collect();
            assert_eq!(said, found, "{text}");
            // Split anywhere, each part finds what begins in it.
            for split in 0..=text.len() {
                let mut parts = Vec::new();
                sought.find(text.as_bytes(), 0..split, &key, &mut parts);
                sought.find(text.as_bytes(), split..text.len(), &key, &mut parts);
                let ranges = |hits: &[Hit]| hits.iter().map(|hit| hit.range.clone()).collect::<Vec<_>>();
                assert_eq!(ranges(&parts), ranges(&hits), "{text} at {split}");
            }
        }
    }
}
