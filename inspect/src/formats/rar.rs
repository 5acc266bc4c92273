//! RAR archives of version 4 and 5: members are listed and stored ones opened here; packed and locked ones are read apart
//! (`unpack`), by the crate `rars`.
//!
//! Members that are split over several archives are opaque. The makers' description of version 5 is public
//! (rarlab.com/technote.htm); version 4 is described in the `technote.txt` of older releases.

mod five;
mod four;
#[cfg(test)]
mod tests;
mod unlocked;
mod unpack;

use std::ops::Range;

use chot_model::OpaqueReason;

use super::unknown::Appended;
use super::{Format, Room, scan_strings};
use crate::Hint;
use crate::extract::{self, Kind};
use crate::inquiry::{Inquiry, Place};
use crate::object;
use crate::redact::Origin;
use crate::source::{Source, read_range};

pub(crate) use unpack::read as unpack;

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
    Member(Member),
    /// A header alone, most often.
    Other,
    /// What no reader opens.
    Unknown,
    /// All that follows is encrypted.
    Encrypted,
    /// The archive ends.
    End {
        /// Bytes of the header behind the fields that are known.
        more: u64,
    },
}

/// A file, or something that is stored like one.
#[derive(Clone)]
struct Member {
    name: String,
    how: How,
    /// No remark, stream or list that belongs to a file or the archive.
    is_file: bool,
    /// What it points to, where it is nothing but a name for that.
    link: Option<String>,
    /// Its header holds a remark, which is packed.
    has_remark: bool,
}

impl Member {
    /// What is said of the archive.
    fn remark() -> Self {
        Self { name: REMARK.to_owned(), how: How::Packed, is_file: false, link: None, has_remark: false }
    }

    /// Whether it is the list of all headers that programs open an archive by.
    fn is_list(&self) -> bool {
        !self.is_file && self.how == How::Stored && self.name == "QO"
    }

    /// Whether the reader apart knows how to open it.
    fn is_read_apart(&self) -> bool {
        matches!(self.how, How::Packed | How::Locked) && (self.is_file || self.name == REMARK)
    }
}

/// Whether a list of headers, which begins at `from`, only says them again.
fn says_nothing(source: &dyn Source, from: u64, list: Range<u64>) -> bool {
    /// Of a million members.
    const LIST_MAX: u64 = 64 << 20;
    list.end - list.start <= LIST_MAX
        && read_range(source, list).is_ok_and(|list| five::is_said_before(source, from, &list))
}

/// How the bytes of a member stand there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Stored,
    Packed,
    Locked,
    /// Some of them stand in another archive.
    Split,
}

impl How {
    /// Why they cannot be read as they stand.
    fn reason(self) -> Option<OpaqueReason> {
        match self {
            Self::Stored => None,
            Self::Packed => Some(OpaqueReason::UnsupportedFormat),
            Self::Locked => Some(OpaqueReason::Encrypted),
            Self::Split => Some(OpaqueReason::Partial),
        }
    }
}

/// Bytes that no reader of a member looks at, or may not look at to their end: headers, and what is unpacked apart.
struct Besides<'s> {
    source: &'s dyn Source,
    place: &'s Place,
    appended: Appended,
}

impl<'s> Besides<'s> {
    fn new(source: &'s dyn Source, place: &'s Place) -> Self {
        Self { source, place, appended: Appended::new(place) }
    }

    fn read(&mut self, range: Range<u64>, inquiry: &mut Inquiry) {
        scan_strings(self.source, range.clone(), self.place, inquiry);
        let mut at = range.start;
        while at < range.end {
            let end = range.end.min(at + object::BLOCK as u64);
            // That they cannot be read was told.
            let Ok(bytes) = read_range(self.source, at..end) else { break };
            self.appended.read(&bytes, inquiry);
            at = end;
        }
    }
}

/// What a remark on the archive is called.
const REMARK: &str = "CMT";

fn read(
    source: &dyn Source,
    mark: &[u8],
    next: fn(&dyn Source, u64) -> Option<Block>,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<&'static str> {
    let (mut at, len, mut is_read_apart) = (mark.len() as u64, source.len(), false);
    let mut besides = Besides::new(source, place);
    while at < len && !inquiry.is_late(place) {
        let Some(Block { what, data, end }) = next(source, at).filter(|block| at < block.end && block.end <= len)
        else {
            inquiry.refuse(place, OpaqueReason::ParseError, len - at);
            scan_strings(source, at..len, place, inquiry);
            at = len;
            break;
        };
        let from = std::mem::replace(&mut at, end);
        besides.read(from..data, inquiry);
        match what {
            What::Encrypted => {
                // Who knows no password does not know where the archive ends, either.
                besides.read(data..len, inquiry);
                is_read_apart = !inquiry.passwords.is_empty();
                if !is_read_apart {
                    inquiry.refuse(place, OpaqueReason::Encrypted, len - at);
                }
                at = len;
            }
            What::End { more } => {
                at = data - more;
                break;
            }
            What::Other if data == end => {}
            What::Other | What::Unknown => {
                let (from, member) =
                    (if matches!(what, What::Other) { data } else { from }, place.member("block", Origin::Lost));
                object::section(source, from, end, Hint::default(), member, inquiry);
            }
            What::Member(member) => {
                is_read_apart |= member.has_remark || member.is_read_apart();
                if let Some(link) = &member.link {
                    let place = place.member(&member.name, Origin::Lost);
                    if !object::enter(link, &place, inquiry) {
                        return None;
                    }
                }
                if member.is_read_apart() {
                    besides.read(data..end, inquiry);
                } else if !member.is_list() || !says_nothing(source, from, data..end) {
                    self::member(source, member, data..end, place, inquiry)?;
                }
            }
        }
    }
    if at < len {
        // Behind the end, where no reader looks.
        object::section(source, at, len, Hint::default(), place.member("behind", Origin::Lost), inquiry);
    }
    besides.appended.end(inquiry);
    if is_read_apart {
        extract::told(Kind::Rar, source, place, inquiry);
    }
    None
}

/// Looks at a member that is read here, or not at all; `None` when there are too many.
fn member(
    source: &dyn Source,
    Member { name, how, .. }: Member,
    Range { start, mut end }: Range<u64>,
    place: &Place,
    inquiry: &mut Inquiry,
) -> Option<()> {
    let member = place.member(&name, Origin::Lost);
    if !object::enter(&name, &member, inquiry) {
        return None;
    }
    if let Some(reason) = how.reason() {
        inquiry.refuse(&member, reason, end - start);
        scan_strings(source, start..end, &member, inquiry);
        return Some(());
    }
    // A remark ends with a zero.
    let ends = name == REMARK && start < end && read_range(source, end - 1..end).is_ok_and(|last| last == [0]);
    end -= u64::from(ends);
    object::section(source, start, end, Hint { name: Some(name), content_type: None }, member, inquiry);
    Some(())
}
