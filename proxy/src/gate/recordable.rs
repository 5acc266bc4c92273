//! What of a message may stand in its record: nobody's number.

use chot_inspect::Inspector;
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

/// The message as its record may hold it. A reviewer needs hosts and recipients, but a number can be carried in them
/// too: `001090123456.example.com` would otherwise put it into the ledger.
pub(super) fn recordable(mut message: Message, inspector: &Inspector) -> Message {
    let Destination { host, recipients, .. } = &mut message.destination;
    for address in recipients.iter_mut().chain([host]) {
        let masked = inspector.mask_identifiers(address);
        if masked.as_str() != address {
            *address = masked.as_str().to_owned();
        }
    }
    message
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
}
