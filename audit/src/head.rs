//! The `head` file: how far the ledger had come when it was last written, so that an older copy of the ledger put in
//! its place is noticed.
//!
//! It is never awaited and may lag; it is no protection against somebody who can also rewrite it.

use std::io;

use crate::chain::Tip;
use crate::record::{hex, parse_hash};
use crate::store::Store;

/// Name of the file.
pub(crate) const NAME: &str = "head";
/// Name it has until it is whole.
pub(crate) const NEW: &str = "head.tmp";

pub(crate) fn write(store: &dyn Store, tip: Tip) -> io::Result<()> {
    let file = store.create(NEW)?;
    file.write_at(render(tip).as_bytes(), 0)?;
    // Synced before it is renamed: a power cut leaves the old head or the new one, never half of one.
    file.sync_data()?;
    store.rename(NEW, NAME)
}

fn render(tip: Tip) -> String {
    let text = format!("chot-head 1 {} {}", tip.seq, hex(&tip.hash));
    let crc = crc32fast::hash(text.as_bytes());
    format!("{text} {crc:08x}\n")
}

/// Reads what [`write()`] wrote; `None` when it is anything else.
pub(crate) fn parse(bytes: &[u8]) -> Option<Tip> {
    let mut words = std::str::from_utf8(bytes).ok()?.split(' ').skip(2);
    let tip = Tip { seq: words.next()?.parse().ok()?, hash: parse_hash(words.next()?)? };
    (render(tip).as_bytes() == bytes).then_some(tip)
}
