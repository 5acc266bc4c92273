//! Everything that is measured is understood to its last byte: a bench over what is opaque would measure less work.

use chot_benches::corpora::{KINDS, office};
use chot_inspect::{Hint, Inspector, Limits};

#[test]
fn all_that_is_measured_is_understood() {
    let rows = office::register(50, 1);
    let files = [office::list(&rows), office::document(&rows), office::workbook(&rows)];
    let files = files.into_iter().map(|bytes| ("office", bytes));
    let texts = KINDS.iter().map(|kind| (kind.name, kind.make(1, 1 << 16).bytes));
    for (name, bytes) in files.chain(texts) {
        let inspection = Inspector::new(Limits::default(), 2026).inspect(Hint::default(), &bytes).inspection;
        let understood = inspection.object.bytes_inspected == bytes.len() as u64 && inspection.opaque.is_empty();
        // Bytes of chance are no format, on purpose, nor are they in base64.
        assert_eq!(understood, !matches!(name, "random" | "base64"), "{name}: {:?}", inspection.opaque);
    }
}
