//! RAR archives of version 4 and 5: members are listed, their names looked at, stored ones opened.
//!
//! How RAR packs is not known to this room: packed members are opaque, as are those with a password or split over
//! several archives. The makers' description of version 5 is public (rarlab.com/technote.htm); version 4 is described
//! in the `technote.txt` of older releases.

mod five;
mod four;
#[cfg(test)]
mod tests;

use chot_model::OpaqueReason;

use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};

pub(crate) const FOUR: Format = Format {
    media_type: "application/vnd.rar; version=4",
    matches: |head| head.bytes.starts_with(four::MARK),
    room: Room::Whole(|source, place, inquiry| read(source, four::MARK, four::next, place, inquiry)),
    #[cfg(test)]
    example: tests::four,
};

pub(crate) const FIVE: Format = Format {
    media_type: "application/vnd.rar",
    matches: |head| head.bytes.starts_with(five::MARK),
    room: Room::Whole(|source, place, inquiry| read(source, five::MARK, five::next, place, inquiry)),
    #[cfg(test)]
    example: tests::five,
};

/// A block: a header and the data behind it.
struct Block {
    what: What,
    /// Where its data begins.
    data: u64,
    /// Where the next block begins.
    end: u64,
}

enum What {
    /// A file, or something that is stored like one: its name, and why its data cannot be read as it stands.
    File(String, Option<OpaqueReason>),
    /// Nothing that holds anything but its header.
    Other,
    /// All that follows is encrypted.
    Encrypted,
    /// The archive ends.
    End,
}

fn read(
    source: &dyn Source,
    mark: &[u8],
    next: fn(&dyn Source, u64) -> Option<Block>,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<&'static str> {
    let (mut at, len) = (mark.len() as u64, source.len());
    while at < len && !inquiry.is_late(place) {
        let Some(Block { what, data, end }) = next(source, at).filter(|block| at < block.end && block.end <= len)
        else {
            inquiry.refuse(place, OpaqueReason::ParseError, len - at);
            scan_strings(source, at..len, place, inquiry);
            return None;
        };
        at = end;
        match what {
            What::Encrypted => {
                inquiry.refuse(place, OpaqueReason::Encrypted, len - at);
                return None;
            }
            What::End => break,
            What::Other => scan_strings(source, data..end, place, inquiry),
            What::File(name, reason) => {
                let member = place.member(&name, Origin::Lost);
                if !object::enter(&name, &member, inquiry) {
                    return None;
                }
                match reason {
                    None => {
                        // A remark ends with a zero.
                        let ends = name == "CMT" && read_range(source, end - 1..end).is_ok_and(|last| last == [0]);
                        let end = end - u64::from(ends && data < end);
                        let hint = Hint { name: Some(name), content_type: None };
                        object::section(source, data, end, hint, member, inquiry);
                    }
                    Some(reason) => {
                        inquiry.refuse(&member, reason, end - data);
                        scan_strings(source, data..end, &member, inquiry);
                    }
                }
            }
        }
    }
    if at < len {
        // Behind the end, where no reader looks.
        object::section(source, at, len, Hint::default(), place.member("behind", Origin::Lost), inquiry);
    }
    None
}
