//! Object in, inspection out: opens formats and encodings, runs detectors, counts persons, redacts.
//!
//! It opens no socket, reads no clock but for durations, and decides nothing: what an inspection means is the
//! policy's to say.

mod asked;
mod base64;
mod brief;
#[cfg(test)]
mod careful;
mod charset;
mod count;
mod extract;
mod formats;
mod grid;
mod inquiry;
mod inspector;
mod joined;
mod layers;
mod lore;
mod markup;
mod mask;
mod numbering;
mod object;
mod people;
mod redact;
mod roster;
mod scanned;
mod sniff;
mod sought;
mod source;
mod spelled;
mod table;
mod text;
mod tree;
mod view;

pub use brief::is_brief;
pub use extract::{Bounds, Cell, Extractor, InProcess, Kind, Piece};
pub use formats::reads_print;
pub use inspector::{Hint, Inspected, Inspecting, Inspector, Limits};
pub use numbering::Numbering;
pub use redact::NotRedactable;
pub use sought::Sought;
pub use source::{FileSource, Source, Splice, Spliced};
