//! What `openssl enc` encrypts: salted, by the mark that `openssl-enc(1)` tells, with which nothing else begins. Nobody reads it.

use chot_model::OpaqueReason;

use super::unknown::Unknown;
use super::{Format, Room};

/// What it begins with. Base64 of it begins with `U2FsdGVkX1`.
pub(crate) const MARK: &[u8] = b"Salted__";

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-openssl-enc",
    matches: |head| head.bytes.starts_with(MARK),
    room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::Encrypted))),
    #[cfg(test)]
    example: || [MARK, b"\x01\x92\x03\xf4\xff\x06\x87\x08\0\x01\xfe", "Số CCCD 001090123456".as_bytes()].concat(),
};

#[cfg(test)]
mod tests {
    use chot_model::OpaqueReason;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn it_is_told_within_a_text_as_well() {
        for (text, reasons) in [
            ("U2FsdGVkX18BAgMEBQYHCJGgE3f+AZnC3q2+7wAAAAA=", vec![OpaqueReason::Encrypted]),
            (r#"{"tep":"U2FsdGVkX18BAgMEBQYHCJGgE3f+AZnC3q2+7wAAAAA="}"#, vec![OpaqueReason::Encrypted]),
            (r#"{"tep":"V2FsdGVkX18BAgMEBQYHCJGgE3f+AZnC3q2+7wAAAAA="}"#, vec![]),
        ] {
            let inspector = Inspector::new(Limits::default(), 2026);
            let inspection = inspector.inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
            let told: Vec<_> = inspection.opaque.iter().map(|opaque| opaque.reason).collect();
            assert_eq!(told, reasons, "{text}");
        }
    }
}
