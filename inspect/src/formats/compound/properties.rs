//! Property sets (MS-OLEPS): title, author, keywords and whatever else a document says about itself.

use super::super::le::{u16_at, u32_at, utf16};
use super::tell::{Stop, Tell};

/// Names of the properties of the summary (MS-OLEPS §3.1.2 and the list of Office).
const NAMES: [(u32, &str); 7] = [
    (2, "title"),
    (3, "subject"),
    (4, "author"),
    (5, "keywords"),
    (6, "comments"),
    (8, "last author"),
    (15, "company"),
];
/// More sets and properties than any document has.
const SETS_MAX: usize = 8;
const PROPERTIES_MAX: usize = 4_096;

/// Tells every text of the sets in a stream.
pub(super) fn read(part: &str, bytes: &[u8], tell: &mut Tell<'_>) -> Result<(), Stop> {
    let sets = u32_at(bytes, 24).unwrap_or(0) as usize;
    for n in 0..sets.min(SETS_MAX) {
        let Some(set) = u32_at(bytes, 28 + 20 * n + 16).and_then(|at| bytes.get(at as usize..)) else { continue };
        let count = u32_at(set, 4).unwrap_or(0) as usize;
        let property = |n: usize| {
            let (id, at) = (u32_at(set, 8 + 8 * n)?, u32_at(set, 12 + 8 * n)?);
            Some((id, set.get(at as usize..)?))
        };
        let properties = || (0..count.min(PROPERTIES_MAX)).map_while(property);
        // Property 1 says how texts of one byte a character are written.
        let page = properties().find(|(id, _)| *id == 1).and_then(|(_, value)| u16_at(value, 4)).unwrap_or(1_252);
        for (id, value) in properties() {
            let name = NAMES.iter().find(|(known, _)| *known == id && n == 0).map_or("", |(_, name)| name);
            if id > 1
                && let Some(text) = value_of(value, page)
            {
                tell.field(part, name, text.trim_end_matches('\0'))?;
            }
        }
    }
    // Names that users gave, texts in lists, and thumbnails.
    tell.strings(part, bytes)
}

fn value_of(value: &[u8], page: u16) -> Option<String> {
    let len = u32_at(value, 4)? as usize;
    let text = |bytes: usize| value.get(8..)?.get(..bytes);
    match u16_at(value, 0)? {
        0x1e if page == 1_200 => text(len).map(utf16),
        0x1e => Some(super::code_page(page).decode_without_bom_handling(text(len)?).0.into_owned()),
        0x1f => text(len.checked_mul(2)?).map(utf16),
        _ => None,
    }
}
