//! Members of packages as programs know them (ECMA-376 part 2, 7.2 and 9.1): parts kept in pieces between each other's,
//! as what prints to XPS writes them, and folders that are parted as Windows parts them.

use std::collections::BTreeMap;

use super::{Directory, Entry};

/// Declares what the parts of a package are; without it an archive is none.
const TYPES: &str = "[content_types].xml";

/// The parts of a package by their names, and whether pieces of one are missing; other archives as they are.
pub(super) fn parts(mut directory: Directory) -> (Directory, bool) {
    let named = |entry: &Entry| entry.name.replace('\\', "/");
    let is_odd = |entry: &Entry| entry.name.contains('\\') || piece(&entry.name).is_some();
    let declares = |entry: &Entry| {
        let name = named(entry).to_ascii_lowercase();
        name == TYPES || piece(&name).is_some_and(|(part, ..)| part == TYPES)
    };
    if !directory.entries.iter().any(is_odd) || !directory.entries.iter().any(declares) {
        return (directory, false);
    }
    let mut whole: Vec<Entry> = Vec::with_capacity(directory.entries.len());
    let mut pieces: BTreeMap<String, BTreeMap<u32, (bool, Entry)>> = BTreeMap::new();
    for mut entry in directory.entries {
        entry.name = named(&entry);
        let Some((part, number, is_last)) = piece(&entry.name) else {
            whole.push(entry);
            continue;
        };
        let known = pieces.entry(part.to_ascii_lowercase()).or_default();
        // Of two with one number either may be shown: both are read, one as a member of its own.
        if let Some((_, twice)) = known.insert(number, (is_last, Entry { name: part.to_owned(), ..entry.clone() })) {
            whole.push(twice);
        }
    }
    let mut is_cut = false;
    for pieces in pieces.into_values() {
        is_cut |= !pieces.keys().copied().eq(0..pieces.len() as u32);
        is_cut |= !pieces.values().next_back().is_some_and(|(is_last, _)| *is_last);
        let mut pieces = pieces.into_values().map(|(_, entry)| entry);
        let Some(mut part) = pieces.next() else { continue };
        part.more = pieces.collect();
        part.packed = part.more.iter().fold(part.packed, |sum, piece| sum.saturating_add(piece.packed));
        whole.push(part);
    }
    directory.entries = whole;
    (directory, is_cut)
}

/// The part that a member is a piece of, which piece it is, and whether it is the last: `/1.fpage/[0].piece`,
/// `/1.fpage/[1].last.piece`.
fn piece(name: &str) -> Option<(&str, u32, bool)> {
    let (part, piece) = name.rsplit_once(['/', '\\'])?;
    let (number, kind) = piece.strip_prefix('[')?.split_once(']')?;
    let is_last = kind.eq_ignore_ascii_case(".last.piece");
    let is_piece = is_last || kind.eq_ignore_ascii_case(".piece");
    Some((part, number.parse().ok()?, is_last)).filter(|_| is_piece)
}

#[cfg(test)]
mod tests {
    use chot_model::{DetectorId, Inspection, OpaqueReason};

    use super::super::archive;
    use crate::{Hint, Inspector, Limits};

    fn inspect(members: &[(&str, &str)]) -> Inspection {
        let members: Vec<(&str, &[u8])> = members.iter().map(|(name, said)| (*name, said.as_bytes())).collect();
        Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &archive(&members)).inspection
    }

    #[test]
    fn parts_in_pieces_are_whole() {
        const TYPES: &str = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
        const FIRST: &str = "<FixedPage><Glyphs OriginY='9' UnicodeString='Số CCCD 0010901";
        const SECOND: &str = "23456'/></FixedPage>";
        for (types, first, second, found, opaque) in [
            ("[Content_Types].xml", "1.fpage/[0].piece", "1.fpage/[1].last.piece", 1, None),
            ("[Content_Types].xml/[0].last.piece", "1.fpage/[0].piece", "1.FPAGE/[1].LAST.PIECE", 1, None),
            ("[Content_Types].xml", r"1.fpage\[0].piece", r"1.fpage\[1].last.piece", 1, None),
            ("[Content_Types].xml", "1.fpage/[0].piece", "1.fpage/[1].piece", 1, Some(OpaqueReason::Partial)),
            ("[Content_Types].xml", "1.fpage/[0].piece", "1.fpage/[2].last.piece", 1, Some(OpaqueReason::Partial)),
            // No package.
            ("types.xml", "1.fpage/[0].piece", "1.fpage/[1].last.piece", 0, None),
        ] {
            let inspection = inspect(&[(second, SECOND), (types, TYPES), (first, FIRST)]);
            let told = inspection.opaque.first().map(|part| part.reason);
            assert_eq!((inspection.distinct(DetectorId::Cccd), told), (found, opaque), "{second}: {inspection:?}");
        }
    }

    #[test]
    fn parts_are_known_however_folders_are_parted() {
        const TYPES: &str = "<Types xmlns='http://schemas.openxmlformats.org/package/2006/content-types'/>";
        let cell = |text: &str| format!("<c t='inlineStr'><is><t>{text}</t></is></c>");
        let row = |cells: [&str; 2]| format!("<row>{}</row>", cells.map(cell).concat());
        let rows: String = (0..6).map(|n| row(["Nguyễn Văn An", &format!("791234561{n}")])).collect();
        let sheet = format!("<worksheet><sheetData>{}{rows}</sheetData></worksheet>", row(["Họ và tên", "Mã số BHXH"]));
        for name in ["xl/worksheets/sheet1.xml", r"xl\worksheets\sheet1.xml"] {
            let inspection = inspect(&[("[Content_Types].xml", TYPES), (name, &sheet)]);
            assert_eq!(inspection.distinct(DetectorId::Bhxh), 6, "{name}: {inspection:?}");
            assert!(inspection.object.media_type.ends_with("spreadsheetml.sheet"), "{inspection:?}");
        }
    }
}
