//! `email`: mail addresses.
//!
//! The everyday part of RFC 5322: unquoted local parts, host names with a top-level domain. It does not look for
//! addresses spelt out (`an at example dot vn`).

use chot_model::DetectorId;

use crate::Column;
use crate::card::{Card, Detector, Found};
use crate::context::Near;
use crate::fold::Folded;

/// The detector.
pub(crate) struct Email;

static CARD: Card = Card {
    id: DetectorId::Email,
    title_vi: "Địa chỉ thư điện tử",
    title_en: "Mail address",
    source: "RFC 5321, mục 4.1.2; RFC 5322, mục 3.4.1",
    examples: include_str!("examples.txt"),
    decoys: include_str!("decoys.txt"),
    words: &[(
        Column::Email,
        "= email\n= e-mail\n= thư điện tử\n= địa chỉ email\n= địa chỉ thư điện tử\n= mail\n= hộp thư\n= email address\n",
    )],
};

/// RFC 5321, 4.5.3.1.1.
const LOCAL_BYTES_MAX: usize = 64;
/// Far below the 255 of RFC 5321, 4.5.3.1.2, to keep the context of a window small.
const DOMAIN_BYTES_MAX: usize = 128;

impl Detector for Email {
    fn card(&self) -> &'static Card {
        &CARD
    }

    fn lengths(&self) -> u32 {
        0
    }

    fn at(&self, place: usize, near: &mut Near<'_>) -> Option<Found> {
        let text = near.text();
        let (before, after) = (text.get(..place)?, text.get(place + 1..)?);
        let local = before.iter().rev().take(LOCAL_BYTES_MAX + 1).take_while(|b| is_local(**b)).count();
        let start = place - local;
        // A dot at the edge belongs to the sentence.
        let start = start + text.get(start..place)?.iter().take_while(|b| matches!(b, b'.' | b'\'' | b'=')).count();
        let start = start + key(text.get(start..place)?);
        if start == place || place - start > LOCAL_BYTES_MAX || text.get(place - 1) == Some(&b'.') {
            return None;
        }
        let host = after.iter().take(DOMAIN_BYTES_MAX + 1).take_while(|b| is_host(**b)).count();
        let host = after.get(..host)?;
        let host = host.trim_ascii_end();
        let trailing = host.iter().rev().take_while(|b| matches!(b, b'.' | b'-')).count();
        let host = host.get(..host.len() - trailing)?;
        let mut labels = host.split(|b| *b == b'.');
        let top = labels.next_back()?;
        let fits = |label: &[u8]| {
            (1..=63).contains(&label.len()) && label.first() != Some(&b'-') && label.last() != Some(&b'-')
        };
        let named = top.len() >= 2 && top.iter().all(u8::is_ascii_alphabetic) || top.starts_with(b"xn--");
        if host.len() > DOMAIN_BYTES_MAX || !named || !host.contains(&b'.') || !labels.all(fits) {
            return None;
        }
        let end = place + 1 + host.len();
        if text.get(end) == Some(&b'@') {
            return None;
        }
        let value = text.get(start..end)?.iter().map(|b| char::from(b.to_ascii_uppercase())).collect();
        Some(Found { range: start..end, score: 85, value, hidden: None })
    }
}

/// Bytes of the key before an address in a log or the address of a page, with its sign: `email=an@example.vn`. What a mailing
/// list writes before it, `bounce+an=example.vn@…`, is part of the address.
fn key(local: &[u8]) -> usize {
    const KEYS: [&str; 14] = [
        "email",
        "mail",
        "from",
        "to",
        "cc",
        "bcc",
        "user",
        "username",
        "sender",
        "recipient",
        "login",
        "account",
        "address",
        "owner",
    ];
    let Some(sign) = local.iter().rposition(|b| *b == b'=') else { return 0 };
    let key = local.get(..sign).unwrap_or_default();
    let is_word = key.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
    if is_word && KEYS.contains(&&*Folded::last_word_of(key)) { sign + 1 } else { 0 }
}

/// RFC 5322 atext without what ends an address in running text and links.
const fn is_local(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'' | b'=')
}

const fn is_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    #[test]
    fn the_key_is_no_part_of_the_address() {
        for (text, value) in [
            ("email=an@example.vn", "AN@EXAMPLE.VN"),
            ("?user_mail=an.le@example.vn&x=1", "AN.LE@EXAMPLE.VN"),
            ("contactEmail=an@example.vn", "AN@EXAMPLE.VN"),
            ("to=an@example.vn", "AN@EXAMPLE.VN"),
            // What mailing lists make of an address.
            ("bounce+user=example.org@list.vn", "BOUNCE+USER=EXAMPLE.ORG@LIST.VN"),
            ("an=example.org@list.vn", "AN=EXAMPLE.ORG@LIST.VN"),
            ("SRS0=ab=to=an@list.vn", "SRS0=AB=TO=AN@LIST.VN"),
        ] {
            let mut hits = Vec::new();
            crate::tests::DETECTORS.scan(text.as_bytes(), 0..text.len(), crate::Context::default(), &mut hits);
            let mail = hits.iter().find(|hit| hit.detector == DetectorId::Email);
            assert_eq!(mail.map(|hit| hit.value.reveal()), Some(value), "{text}");
        }
    }
}
