//! The manual's page of detectors says what their cards say. `CHOT_WRITE_DOCS=1 cargo test -p chot-detectors --test page`
//! writes it anew.

use std::fmt::Write;
use std::path::Path;

use chot_detectors::{Card, cards};

/// Examples and decoys shown of each; the rest stands in the detector's folder.
const SHOWN: usize = 10;

#[test]
fn the_page_is_what_the_cards_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/detectors/README.md");
    let page = page();
    if std::env::var_os("CHOT_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let written = std::fs::read_to_string(&path).expect("the page exists");
    assert!(written == page, "write the page anew: CHOT_WRITE_DOCS=1 cargo test -p chot-detectors --test page");
}

fn page() -> String {
    let mut page = String::from(
        "# Detectors\n\n\
         Written from the cards in `detectors/src/` by `CHOT_WRITE_DOCS=1 cargo test -p chot-detectors --test page`; a\n\
         test holds every detector to its examples and decoys. People, numbers and vehicles are invented.\n\
         *Identifier*: names one person; it is what the gateway exists to stop. How a finding gets its confidence is told\n\
         in [detectors/README.md](../../detectors/README.md), what survives disguise in [evasion.md](evasion.md).\n\n\
         | detector | | identifier |\n|---|---|---|\n",
    );
    for card in cards() {
        let identifier = if card.id.is_identifier() { "yes" } else { "" };
        let _ = writeln!(page, "| [`{0}`](#{0}) | {1} – {2} | {identifier} |", card.id, card.title_vi, card.title_en);
    }
    for card in cards() {
        describe(card, &mut page);
    }
    page
}

fn describe(card: &Card, page: &mut String) {
    let _ = write!(
        page,
        "\n## {}\n\n{} – {}.\nSource: {}.\n\nFound:\n\n",
        card.id, card.title_vi, card.title_en, card.source
    );
    for example in card.examples().take(SHOWN) {
        let _ = writeln!(page, "- {}", code(example));
    }
    page.push_str("\nLeft alone:\n\n");
    for (decoy, reason) in card.decoys().take(SHOWN) {
        let _ = writeln!(page, "- {} – {reason}", code(decoy));
    }
}

fn code(text: &str) -> String {
    let fence = if text.contains('`') { "``" } else { "`" };
    format!("{fence}{text}{fence}")
}
