//! What attributes say of their element: that it is a part of a table (WAI-ARIA), or what its value is.

use chot_detectors::Column;

use crate::inquiry::Inquiry;
use crate::markup::Tag;

/// Elements that are what they are, whatever role they are given.
const OWN: [&[u8]; 19] = [
    b"table",
    b"caption",
    b"colgroup",
    b"col",
    b"thead",
    b"tbody",
    b"tfoot",
    b"tr",
    b"td",
    b"th",
    b"script",
    b"style",
    b"svg",
    b"g",
    b"text",
    b"tspan",
    b"br",
    b"html",
    b"body",
];

/// The element of a table that this one is by its role.
pub(super) fn of(tag: &Tag<'_>) -> Option<&'static [u8]> {
    if OWN.iter().any(|own| own.eq_ignore_ascii_case(tag.name)) {
        return None;
    }
    let (_, role, _) = tag.pairs().find(|(name, ..)| name.eq_ignore_ascii_case(b"role"))?;
    let is = |roles: &[&[u8]]| roles.iter().any(|r| role.trim_ascii().eq_ignore_ascii_case(r));
    if is(&[b"table", b"grid", b"treegrid"]) {
        Some(b"table")
    } else if is(&[b"row"]) {
        Some(b"tr")
    } else if is(&[b"cell", b"gridcell", b"columnheader", b"rowheader"]) {
        Some(b"td")
    } else {
        None
    }
}

/// What the name of a field announces, wherever among its attributes that stands.
pub(super) fn label(tag: &Tag<'_>, inquiry: &mut Inquiry) -> Option<Column> {
    const LABELS: [&[u8]; 5] = [b"name", b"id", b"placeholder", b"aria-label", b"property"];
    const VALUES: [&[u8]; 3] = [b"value", b"content", b"title"];
    let among = |name: &[u8], names: &[&[u8]]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
    tag.pairs().find(|(name, ..)| among(name, &VALUES))?;
    let mut labels = tag.attributes().filter(|(name, _)| among(name, &LABELS));
    labels.find_map(|(_, label)| inquiry.column(String::from_utf8_lossy(&label.text).trim()))
}

/// Whether a field holds what a program keeps in a page for itself, `__VIEWSTATE` or a token against forged requests: no label
/// before it speaks of it.
pub(super) fn is_of_the_program(tag: &Tag<'_>) -> bool {
    const NAMES: [&str; 5] = ["csrf", "xsrf", "token", "nonce", "captcha"];
    let is_name = |name: &[u8]| name.eq_ignore_ascii_case(b"name") || name.eq_ignore_ascii_case(b"id");
    tag.name.eq_ignore_ascii_case(b"input")
        && tag.pairs().filter(|(name, ..)| is_name(name)).any(|(_, value, _)| {
            let value = String::from_utf8_lossy(value).to_ascii_lowercase();
            value.starts_with("__") || NAMES.iter().any(|name| value.contains(name))
        })
}

/// Whether an element is something a shop sells, by another attribute: then its `data-id` is nobody's.
pub(super) fn is_of_goods(tag: &Tag<'_>) -> bool {
    const GOODS: [&[u8]; 4] = [b"data-sku", b"data-product-id", b"data-variant", b"data-variant-id"];
    tag.pairs().any(|(name, ..)| GOODS.iter().any(|goods| goods.eq_ignore_ascii_case(name)))
}

#[cfg(test)]
mod tests {
    use chot_model::DetectorId;

    use crate::{Hint, Inspector, Limits};

    #[test]
    fn no_label_speaks_of_what_a_program_keeps_in_a_page() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (field, found) in [
            (r#"<input name="__EVENTVALIDATION" value="7912345678">"#, 0),
            (r#"<input type=hidden value="7912345678" name="csrf">"#, 0),
            (r#"<input name="ctl00$txt1" value="7912345678">"#, 1),
            (r#"<input type=hidden name="x" value="7912345678">"#, 1),
        ] {
            let page = format!("<html><body><form><label>Mã số BHXH</label>{field}</form></body></html>").into_bytes();
            let inspection = inspector.inspect(Hint::default(), &page).inspection;
            assert_eq!(inspection.distinct(DetectorId::Bhxh), found, "{field}");
        }
    }

    #[test]
    fn the_number_of_goods_is_nobodys() {
        let inspector = Inspector::new(Limits::default(), 2026);
        for (tag, found) in [
            (r#"<li data-id="001090123456" data-sku="045847445">"#, 0),
            (r#"<li DATA-SKU="1" data-id="001090123456">"#, 0),
            (r#"<li data-id="001090123456" data-total="045847445">"#, 1),
            (r#"<li data-id="001090123456">"#, 1),
            (r#"<li data-cccd="001090123456" data-sku="1">"#, 1),
            (r#"<li data-id="9" data-sku="1">CCCD 001090123456"#, 1),
        ] {
            let page = format!("<html><body><ul>{tag}<b>x</b></li></ul></body></html>").into_bytes();
            let inspection = inspector.inspect(Hint::default(), &page).inspection;
            assert_eq!(inspection.distinct(DetectorId::Cccd), found, "{tag}");
        }
    }
}
