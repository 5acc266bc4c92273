//! What of a message may stand in its record: nobody's number.

use std::borrow::Cow;

use chot_inspect::{Hint, Inspector};
use chot_model::{Destination, Masked, Message};

/// No number is written with more characters.
const NUMBER_CHARS_MAX: usize = 64;

/// See [`super::Gate::summary`].
pub(super) fn summary(mask: impl Fn(&str) -> Masked, text: &str, chars_max: usize) -> Masked {
    if text.len() <= chars_max {
        let masked = mask(text);
        if masked.as_str().len() <= chars_max {
            return masked;
        }
    }
    // Masks are shorter than what they hide, so more than is shown has to be looked at.
    let looked_at: String = text.chars().take(2 * chars_max + NUMBER_CHARS_MAX).collect();
    let is_cut = looked_at.len() < text.len();
    let masked = mask(&looked_at);
    // Where it was cut, half a number may stand.
    let whole = masked.as_str().chars().count().saturating_sub(if is_cut { NUMBER_CHARS_MAX } else { 0 });
    Masked::danger_assume_masked(masked.as_str().chars().take(chars_max.min(whole)).collect::<String>())
}

/// The message as its record may hold it.
pub(super) fn recordable(mut message: Message, inspector: &Inspector) -> Message {
    let Destination { host, recipients, .. } = &mut message.destination;
    for address in recipients.iter_mut().chain([host]) {
        *address = place(address, inspector);
    }
    message
}

/// A host or a mail address as a record may hold it. A reviewer needs them, but a number can be carried in either half of
/// them: `001090123456.example.com` would otherwise put it into the ledger.
pub(super) fn place(address: &str, inspector: &Inspector) -> String {
    let masked = inspector.mask_identifiers(address);
    let halves = masked.as_str().rsplit_once('@');
    let (local, host) = halves.map_or((None, masked.as_str()), |(local, host)| (Some(local), host));
    let host = half(host, inspector);
    match local {
        Some(local) => [&*half(local, inspector), "@", &*host].concat(),
        None => host.into_owned(),
    }
}

/// One half, which is inspected alone as the envelope's are: what is a number there is none beside an `@` or a domain.
/// In what spelling it stands is not asked; the last digits are all that is shown.
fn half<'t>(text: &'t str, inspector: &Inspector) -> Cow<'t, str> {
    /// Fewer are part of no identifier; a passport has seven.
    const DIGITS_MIN: usize = 7;
    const DIGITS_SHOWN: usize = 3;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits < DIGITS_MIN {
        return text.into();
    }
    let mut inspecting = inspector.begin(Hint::default());
    inspecting.field("address", text.as_bytes());
    let found = inspecting.read(&Vec::new()).inspection;
    if !found.tallies.iter().any(|(detector, tally)| detector.is_identifier() && tally.count > 0) {
        return text.into();
    }
    let mut hidden = String::with_capacity(2 * text.len());
    let mut left = digits;
    for piece in text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
        // Cards and passports begin with one or two letters.
        let letters = piece.bytes().take_while(u8::is_ascii_alphabetic).count();
        let is_head = letters <= 2 && piece.as_bytes().get(letters).is_some_and(u8::is_ascii_digit);
        for (at, c) in piece.char_indices() {
            let is_hidden = if c.is_ascii_digit() { left > DIGITS_SHOWN } else { is_head && at < letters };
            left -= usize::from(c.is_ascii_digit());
            hidden.push(if is_hidden { '•' } else { c });
        }
    }
    hidden.into()
}

#[cfg(test)]
mod tests {
    use chot_inspect::Limits;

    use super::*;

    #[test]
    fn no_half_of_a_number_stands_where_a_summary_ends() {
        let inspector = Inspector::new(Limits::default(), 2026);
        let number = "001090123456";
        for before in [0, 10, 90, 95, 99, 190, 199, 250, 255, 260, 300] {
            // Names become short masks, which brings what lies behind them to the front.
            for filler in ["x", "ông Nguyễn Văn An, "] {
                let text: String = filler.chars().cycle().take(before).collect();
                let text = format!("{text} so CCCD {number} {}", "y".repeat(300));
                let shown = summary(|text| inspector.mask(text), &text, 100);
                let digits = shown.as_str().chars().filter(char::is_ascii_digit).count();
                assert!(digits <= 3 && shown.as_str().chars().count() <= 100, "{before}: {shown}");
            }
        }
        assert_eq!(summary(|text| inspector.mask(text), "Danh sách", 100).as_str(), "Danh sách");
    }

    #[test]
    fn a_number_in_an_address_is_masked_in_every_spelling() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (address, shown) in [
            ("079090123456@outside.example", "•••••••••456@outside.example"),
            ("cccd.079090123456@outside.example", "cccd.•••••••••456@outside.example"),
            ("cccd079090123456@outside.example", "cccd•••••••••456@outside.example"),
            ("nguyen.van.an.079090123456@outside.example", "nguyen.van.an.•••••••••456@outside.example"),
            ("079090123456@vss.gov.vn", "•••••••••456@vss.gov.vn"),
            ("0790.9012.3456@outside.example", "••••.••••.•456@outside.example"),
            ("bhxh-7912345678@outside.example", "bhxh-•••••••678@outside.example"),
            ("an@079090123456.example", "an@•••••••••456.example"),
            ("079090123456.example.com", "•••••••••456.example.com"),
            ("an.nguyen@vss.gov.vn", "an.nguyen@vss.gov.vn"),
            ("phong12.tinh079@vss.gov.vn", "phong12.tinh079@vss.gov.vn"),
            ("don-hang-20261123@shop.example", "don-hang-20261123@shop.example"),
            ("10.20.30.40", "10.20.30.40"),
            ("chat.zalo.me", "chat.zalo.me"),
            ("", ""),
        ] {
            assert_eq!(place(address, &inspector), shown);
        }
    }
}
