//! Names of fields that are paths: `nv[0][bhxh]`, `filter[cmnd][eq]`. The last part that says anything names the value.

/// Parts that say how a value is written or compared, and nothing of what it is.
const SILENT: [&str; 14] =
    ["", "eq", "ne", "in", "like", "is", "contains", "value", "val", "text", "number", "so", "data", "v"];

/// The parts of a path in brackets that may say what its value is, the last first; none of what is no path.
pub(super) fn parts(name: &str) -> impl Iterator<Item = &str> {
    let is_word = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let split = name.strip_suffix(']').and_then(|path| path.split_once('['));
    let path = split.filter(|(head, inner)| is_word(head) && inner.split("][").all(is_word));
    let (head, inner) = path.unwrap_or_default();
    let parts = inner.rsplit("][").map(|part| part.rsplit('.').next().unwrap_or(part));
    let says = |part: &&str| {
        !part.bytes().all(|b| b.is_ascii_digit()) && !SILENT.iter().any(|silent| silent.eq_ignore_ascii_case(part))
    };
    parts.chain([head]).filter(says)
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use super::*;
    use crate::{Hint, Inspector, Limits};

    #[test]
    fn a_path_is_named_by_its_last_part_that_says_anything() {
        for (name, expected) in [
            ("nv[0][bhxh]", &["bhxh", "nv"][..]),
            ("nv[bhxh][]", &["bhxh", "nv"]),
            ("filter[cmnd][eq]", &["cmnd", "filter"]),
            ("a[b.c][0]", &["c", "a"]),
            ("Số CCCD [12 số]", &[]),
            ("1. Họ tên [in hoa]", &[]),
            ("bhxh", &[]),
            ("]", &[]),
            ("[]", &[]),
        ] {
            assert_eq!(parts(name).collect::<Vec<_>>(), expected, "{name}");
        }
    }

    #[test]
    fn fields_are_what_their_paths_say() {
        for (text, found) in [
            ("nv[0][ten]=An&nv[0][bhxh]=7912345678", 1),
            ("nv[bhxh][]=7912345678&nv[bhxh][]=7912345679", 2),
            ("data%5BNV%5D%5B0%5D%5Bbhxh%5D=7912345678&_=1", 1),
            ("filter[bhxh][eq]=7912345678&page=1", 1),
            ("nv[bhxh][so]=7912345678&page=1", 1),
            // Look-alikes: another name within.
            ("bhxh[donHang]=7912345678&page=1", 0),
            ("don[0][ma]=7912345678&page=1", 0),
            ("bhxh[soHoaDon]=7912345678&page=1", 0),
        ] {
            let inspection =
                Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &text.as_bytes().to_vec()).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{text}");
        }
    }
}
