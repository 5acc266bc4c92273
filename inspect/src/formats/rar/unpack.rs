//! Packed and locked members of RAR archives, as the other side of `crate::extract` reads them.
//!
//! The crate `rars` lists, unlocks and unpacks; what it lists is held to what our own walk over the headers found, for a member
//! that only one of them sees would be read by nobody. Members are told whole, once they are unpacked: that bounds what is
//! held, and what is larger is opaque.

use std::cell::RefCell;
use std::io;
use std::ops::Range;
use std::rc::Rc;
use std::time::Instant;

use chot_model::{OpaqueReason, Secret};
use rars::{
    Archive, ArchiveMember, ArchiveReadOptions, ArchiveReader, Error, ErrorKind, ExtractionDecision,
    ExtractionErrorAction,
};

use super::unlocked::{self, Unlocked};
use super::{Block, How, Member, REMARK, What, five, four};
use crate::extract::{Bounds, Piece};
use crate::formats::le;
use crate::formats::telling::{self, Stop, Telling};
use crate::source::Source;

/// The window that a member may go back to; programs make ones of 32 MiB where they are not asked for more.
const WINDOW_MAX: u64 = 64 << 20;
/// A member that is told, which is held until it has ended.
const MEMBER_MAX: u64 = 128 << 20;
/// What unpacking holds besides.
const HELD_MAX: u64 = 192 << 20;
/// Headers of one archive.
const HEADERS_MAX: u64 = 1 << 20;
/// Bytes that are held and told in one piece.
const PIECE: usize = 1 << 18;

/// Reads the members of an archive that are packed or locked, all of them where headers are locked, and tells `each`.
///
/// # Errors
/// Why the rest of it was not read.
pub(crate) fn read(
    bytes: &[u8],
    bounds: &Bounds,
    passwords: &[Secret],
    each: &mut dyn FnMut(Piece<'_>) -> bool,
) -> Result<(), OpaqueReason> {
    let until = Instant::now().checked_add(bounds.time_max);
    let listed = Listed::of(bytes);
    let out = Rc::new(RefCell::new(Out { until, left: bounds.decoded_bytes_max, ..Out::default() }));
    let mut unpack = Unpack { listed, out, telling: RefCell::new(Telling::new(bounds, each)) };
    telling::ended(unpack.read(bytes, passwords))
}

struct Bytes<'b>(&'b [u8]);

impl Source for Bytes<'_> {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read_at(offset, buf)
    }
}

/// What our own walk over the headers found.
#[derive(Default)]
struct Listed {
    members: Vec<Member>,
    /// Bytes of members behind the stream that is unpacked.
    tails: Vec<Range<usize>>,
    /// The header that says that all others are locked.
    locked: Option<Range<u64>>,
    /// These, unlocked.
    unlocked: Vec<Unlocked>,
    /// How far they were walked.
    end: usize,
}

impl Listed {
    fn of(bytes: &[u8]) -> Self {
        let five = (five::MARK, five::next as fn(&dyn Source, u64) -> Option<Block>);
        let (mark, next) = if bytes.starts_with(five::MARK) { five } else { (four::MARK, four::next as _) };
        let mut listed = Self::default();
        let mut at = mark.len() as u64;
        while let Some(Block { what, data, end }) = next(&Bytes(bytes), at).filter(|block| at < block.end) {
            let from = std::mem::replace(&mut at, end);
            match what {
                What::Member(member) => {
                    if member.how == How::Packed && mark == five::MARK {
                        listed.tails.extend(tail(bytes, data, end));
                    }
                    listed.members.push(member);
                }
                What::Encrypted => {
                    listed.locked = Some(from..end);
                    break;
                }
                What::End { .. } => break,
                What::Other | What::Unknown => {}
            }
        }
        listed
    }

    /// Walks the headers that are locked.
    fn unlock(&mut self, bytes: &[u8], locked: &Range<u64>, password: &Secret) {
        let mut at = locked.end;
        for unlocked in unlocked::headers(bytes, locked, password.reveal_bytes()).into_iter().flatten() {
            let Block { what, data, end } = &unlocked.block;
            let is_end = matches!(what, What::End { .. });
            at = if is_end { *data } else { *end };
            if let What::Member(member) = what {
                self.members.push(member.clone());
            }
            self.unlocked.push(unlocked);
            if is_end {
                break;
            }
        }
        self.end = usize::try_from(at).unwrap_or(bytes.len());
    }

    fn files(&self) -> impl Iterator<Item = &Member> {
        self.members.iter().filter(|member| member.is_file)
    }

    fn is_locked(&self) -> bool {
        self.locked.is_some()
    }

    /// Whether anything needs a password.
    fn needs_password(&self) -> bool {
        self.is_locked() || self.members.iter().any(|member| member.how == How::Locked && member.is_read_apart())
    }
}

/// What of the data of a member, from `data` to `end`, stands behind the packed stream.
fn tail(bytes: &[u8], data: u64, end: u64) -> Option<Range<usize>> {
    let (data, end) = (usize::try_from(data).ok()?, usize::try_from(end).ok()?);
    let from = data + five::packed_len(bytes.get(data..end)?)?;
    (from < end).then_some(from..end)
}

struct Unpack<'e> {
    listed: Listed,
    out: Rc<RefCell<Out>>,
    telling: RefCell<Telling<'e>>,
}

impl Unpack<'_> {
    fn read(&mut self, bytes: &[u8], passwords: &[Secret]) -> Result<(), Stop> {
        let options = ArchiveReadOptions::new()
            .with_max_header_count(HEADERS_MAX)
            .with_max_header_bytes(bytes.len() as u64)
            .with_max_reader_workspace_bytes(HELD_MAX)
            .with_rar50_dictionary_size_limit(WINDOW_MAX)
            .with_rar50_buffered_decode_limit(PIECE as u64);
        let opened = self.open(bytes, options, passwords);
        let (archive, password) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                let reason = reason(&error);
                return if self.untold(0, reason)? && !self.listed.is_locked() { Ok(()) } else { Err(reason.into()) };
            }
        };
        let options = with_password(options, password);
        if let Some((locked, password)) = self.listed.locked.clone().zip(password) {
            self.listed.unlock(bytes, &locked, password);
            self.unlocked(bytes)?;
        }
        // Somebody lists what another does not: nobody can say what is read.
        let agrees = archive.members().count() == self.listed.files().count();
        self.remark(&archive, options)?;
        self.members(&archive, options, agrees)?;
        self.tails(bytes)?;
        self.remarks_on_files(&archive)?;
        if agrees { Ok(()) } else { Err(OpaqueReason::Ambiguous.into()) }
    }

    /// The archive, and the password that opens what is locked in it, if one of them does.
    fn open<'p>(
        &self,
        bytes: &[u8],
        options: ArchiveReadOptions<'_>,
        passwords: &'p [Secret],
    ) -> Result<(Archive, Option<&'p Secret>), Error> {
        if self.listed.needs_password() {
            for password in passwords {
                let options = with_password(options, Some(password));
                let Ok(archive) = ArchiveReader::read_with_options(bytes, options) else { continue };
                if self.opens(&archive, options) {
                    return Ok((archive, Some(password)));
                }
            }
        }
        Ok((ArchiveReader::read_with_options(bytes, options)?, None))
    }

    /// Whether the first locked member can be unpacked.
    fn opens(&self, archive: &Archive, options: ArchiveReadOptions<'_>) -> bool {
        let (mut found, left) = (false, self.out.borrow().left);
        let unpacked = archive.extract_with_control(options, |member| {
            let meta = &member.meta;
            Ok(if found {
                ExtractionDecision::Stop
            } else if meta.is_directory || meta.is_redirection {
                ExtractionDecision::Skip
            } else {
                found = meta.is_encrypted;
                self.out.borrow_mut().begin(false);
                ExtractionDecision::Extract(Box::new(Writer(Rc::clone(&self.out))))
            })
        });
        // What it made is made once more, and counts then.
        self.out.borrow_mut().left = left;
        unpacked.is_ok()
    }

    /// What headers that were unlocked say beside their members, and what stands behind them.
    fn unlocked(&self, bytes: &[u8]) -> Result<(), Stop> {
        for Unlocked { header, block: Block { what, data, end } } in &self.listed.unlocked {
            self.text("", &String::from_utf8_lossy(header))?;
            let (name, why) = match what {
                What::Member(Member { name, link: Some(link), .. }) => {
                    self.text(name, link)?;
                    continue;
                }
                What::Member(member) if member.is_file || member.name == REMARK => continue,
                What::Member(member) => (member.name.as_str(), member.how.reason()),
                What::End { .. } => continue,
                What::Other | What::Unknown if data == end => continue,
                What::Other | What::Unknown => ("block", None),
                What::Encrypted => ("block", Some(OpaqueReason::Encrypted)),
            };
            self.telling.borrow_mut().tell(Piece::Member { name })?;
            match why {
                Some(reason) => self.opaque(name, reason, end - data)?,
                None => {
                    let range = usize::try_from(*data).ok().zip(usize::try_from(*end).ok());
                    let bytes = range.and_then(|(data, end)| bytes.get(data..end)).ok_or(OpaqueReason::ParseError)?;
                    self.telling.borrow_mut().tell(Piece::Bytes(bytes))?;
                }
            }
        }
        match bytes.get(self.listed.end..) {
            Some(behind @ [_, ..]) => self.behind(behind),
            _ => Ok(()),
        }
    }

    fn text(&self, part: &str, text: &str) -> Result<(), Stop> {
        let text = text.replace(|c: char| c.is_control(), "\n");
        self.telling.borrow_mut().tell(Piece::Text { part, text: &text, again: false })
    }

    fn behind(&self, bytes: &[u8]) -> Result<(), Stop> {
        self.telling.borrow_mut().tell(Piece::Member { name: "behind" })?;
        self.telling.borrow_mut().tell(Piece::Bytes(bytes))
    }

    /// What is said of the archive, where that is packed or locked. Only the first remark is read.
    fn remark(&self, archive: &Archive, options: ArchiveReadOptions<'_>) -> Result<(), Stop> {
        let is_apart = |member: &Member| self.listed.is_locked() || member.is_read_apart();
        let mut remarks = self.listed.members.iter().filter(|member| !member.is_file && member.name == REMARK);
        let first = remarks.next();
        // The main header may hold one, too.
        if self.listed.is_locked() || first.is_some_and(is_apart) {
            let options = options.with_max_member_output_bytes(MEMBER_MAX.min(self.out.borrow().left));
            match archive.comment_with_options(options) {
                Ok(Some(remark)) => self.said(&remark)?,
                Ok(None) if first.is_none() => {}
                Ok(None) => self.opaque(REMARK, OpaqueReason::UnsupportedFormat, 0)?,
                Err(error) => self.opaque(REMARK, reason(&error), 0)?,
            }
        }
        if remarks.any(is_apart) {
            self.opaque(REMARK, OpaqueReason::UnsupportedFormat, 0)?;
        }
        Ok(())
    }

    /// What a remark says. Programs end it with a zero, and fill up what they lock with what lay in their memory.
    fn said(&self, remark: &[u8]) -> Result<(), Stop> {
        const FILLING_MAX: usize = 16;
        if let Some(wide) = wide_remark(remark) {
            self.text(REMARK, &wide)?;
            return self.text(REMARK, &String::from_utf8_lossy(remark));
        }
        let end = memchr::memchr(0, remark).filter(|end| remark.len() - end <= FILLING_MAX);
        let (said, filling) = remark.split_at(end.unwrap_or(remark.len()));
        self.text(REMARK, &String::from_utf8_lossy(filling))?;
        self.telling.borrow_mut().tell(Piece::Member { name: REMARK })?;
        self.telling.borrow_mut().tell(Piece::Bytes(said))
    }

    /// What headers of old say of their files.
    fn remarks_on_files(&self, archive: &Archive) -> Result<(), Stop> {
        let Archive::Rar15To40(archive) = archive else { return Ok(()) };
        for file in archive.files().filter(|file| file.has_file_comment()) {
            let name = format!("{}/{REMARK}", file.name_lossy());
            match file.file_comment() {
                Ok(remark) => {
                    self.telling.borrow_mut().tell(Piece::Member { name: &name })?;
                    self.telling.borrow_mut().tell(Piece::Bytes(&remark.unwrap_or_default()))?;
                }
                Err(error) => self.opaque(&name, reason(&error), 0)?,
            }
        }
        Ok(())
    }

    fn members(&self, archive: &Archive, options: ArchiveReadOptions<'_>, agrees: bool) -> Result<(), Stop> {
        let files: Vec<&Member> = self.listed.files().collect();
        let (number, stopped) = (RefCell::new(0), RefCell::new(None));
        let decide = |member: &ArchiveMember| {
            let n = number.replace_with(|n| *n + 1);
            let known = files.get(n).filter(|_| agrees && !self.listed.is_locked());
            let decided = self.end().and_then(|()| self.begin(member, known.copied()));
            Ok(decided.unwrap_or_else(|stop| {
                *stopped.borrow_mut() = Some(stop);
                ExtractionDecision::Stop
            }))
        };
        let on_error = |member: &ArchiveMember, error: &Error| {
            let told = self.end().and_then(|()| self.fail(&member.meta.name_lossy(), self.reason(error)));
            Ok(match told {
                Ok(()) => ExtractionErrorAction::Continue,
                Err(stop) => {
                    *stopped.borrow_mut() = Some(stop);
                    ExtractionErrorAction::Abort
                }
            })
        };
        let ended = archive.extract_with_control_and_errors(options, decide, on_error);
        if let Some(stop) = stopped.into_inner() {
            return Err(stop);
        }
        self.end()?;
        match ended {
            Ok(_) => Ok(()),
            Err(error) => {
                let reason = self.reason(&error);
                if agrees {
                    self.untold(*number.borrow(), reason)?;
                }
                // The one that broke off was announced, and no reason told for it.
                Err(reason.into())
            }
        }
    }

    /// What no unpacker looks at.
    fn tails(&self, bytes: &[u8]) -> Result<(), Stop> {
        let mut tails = self.listed.tails.iter().filter_map(|tail| bytes.get(tail.clone()));
        tails.try_for_each(|tail| self.behind(tail))
    }

    /// A member begins: whether it is unpacked, and what for.
    fn begin(&self, member: &ArchiveMember, known: Option<&Member>) -> Result<ExtractionDecision, Stop> {
        self.telling.borrow().look_at_the_clock()?;
        let name = known.map_or_else(|| member.meta.name_lossy(), |known| known.name.clone());
        let meta = &member.meta;
        let is_told = known.is_none_or(Member::is_read_apart);
        if is_told {
            self.telling.borrow_mut().tell(Piece::Member { name: &name })?;
        }
        let is_split = meta.is_split_before || meta.is_split_after;
        let is_large = meta.unpacked_size > MEMBER_MAX.min(self.out.borrow().left);
        let refused = if is_split { Some(OpaqueReason::Partial) } else { is_large.then_some(OpaqueReason::TooLarge) };
        // In a solid archive it cannot be passed over, and that is why.
        self.out.borrow_mut().refused = refused;
        if let Some(reason) = refused.filter(|_| is_told) {
            self.opaque(&name, reason, meta.packed_size)?;
        }
        let is_wanted = is_told && refused.is_none();
        // Members that are read elsewhere are unpacked, too: others may go on from there.
        let is_bare = meta.is_directory || meta.is_redirection;
        if is_bare && is_wanted && meta.packed_size > 0 {
            // It has no bytes, but for these.
            self.opaque(&name, OpaqueReason::UnsupportedFormat, meta.packed_size)?;
        }
        if is_bare || refused.is_some() {
            return Ok(ExtractionDecision::Skip);
        }
        self.out.borrow_mut().begin(is_wanted);
        Ok(ExtractionDecision::Extract(Box::new(Writer(Rc::clone(&self.out)))))
    }

    /// A member has ended, as far as it was unpacked.
    fn end(&self) -> Result<(), Stop> {
        let pieces = std::mem::take(&mut self.out.borrow_mut().pieces);
        for piece in pieces {
            self.telling.borrow_mut().tell(Piece::Bytes(&piece))?;
        }
        Ok(())
    }

    /// A member broke off; it was announced.
    fn fail(&self, name: &str, reason: OpaqueReason) -> Result<(), Stop> {
        if matches!(reason, OpaqueReason::TimeLimit) {
            return Err(reason.into());
        }
        self.telling.borrow_mut().tell(Piece::Opaque { part: name, reason, bytes: 1 })
    }

    fn opaque(&self, part: &str, reason: OpaqueReason, bytes: u64) -> Result<(), Stop> {
        self.telling.borrow_mut().tell(Piece::Opaque { part, reason, bytes })
    }

    /// Nothing was read of the members from `from` on; whether they were any.
    fn untold(&self, from: usize, reason: OpaqueReason) -> Result<bool, Stop> {
        let mut untold = false;
        for member in self.listed.files().skip(from).filter(|member| member.is_read_apart()) {
            untold = true;
            self.telling.borrow_mut().tell(Piece::Member { name: &member.name })?;
            let reason = if member.how == How::Locked { OpaqueReason::Encrypted } else { reason };
            self.opaque(&member.name, reason, 1)?;
        }
        Ok(untold)
    }

    /// Why a member, or the archive, was not read: what was refused here counts before what the library makes of that.
    fn reason(&self, error: &Error) -> OpaqueReason {
        self.out.borrow_mut().refused.take().unwrap_or_else(|| reason(error))
    }
}

fn with_password<'p>(options: ArchiveReadOptions<'p>, password: Option<&'p Secret>) -> ArchiveReadOptions<'p> {
    let mut options = options;
    options.password = password.map(|password| password.reveal_bytes());
    options
}

fn reason(error: &Error) -> OpaqueReason {
    match error.kind() {
        ErrorKind::ResourceLimit => OpaqueReason::TooLarge,
        ErrorKind::PasswordRequired | ErrorKind::BadPassword => OpaqueReason::Encrypted,
        ErrorKind::UnsupportedFormat | ErrorKind::UnsupportedFeature => OpaqueReason::UnsupportedFormat,
        _ => OpaqueReason::ParseError,
    }
}

/// A remark in letters of two bytes: one of four has a zero, at least.
fn wide_remark(remark: &[u8]) -> Option<String> {
    let units = remark.as_chunks::<2>().0;
    let len = units.iter().position(|unit| *unit == [0; 2]).unwrap_or(units.len());
    let zeros = units.iter().take(len).filter(|unit| unit[1] == 0).count();
    let is_wide = len > 1 && zeros * 4 >= len && memchr::memchr(0, remark).is_some_and(|zero| zero + 1 < 2 * len);
    let text = is_wide.then(|| le::utf16(remark.get(..2 * len).unwrap_or_default()))?;
    text.chars().all(|c| !c.is_control() || c.is_whitespace()).then_some(text)
}

/// What is being unpacked.
#[derive(Default)]
struct Out {
    /// What is to be told of it.
    pieces: Vec<Vec<u8>>,
    held: u64,
    is_wanted: bool,
    /// Bytes that may still be unpacked.
    left: u64,
    until: Option<Instant>,
    /// Why no more was taken.
    refused: Option<OpaqueReason>,
}

impl Out {
    fn begin(&mut self, is_wanted: bool) {
        (self.held, self.is_wanted) = (0, is_wanted);
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), OpaqueReason> {
        let len = bytes.len() as u64;
        self.left = self.left.checked_sub(len).ok_or(OpaqueReason::TooLarge)?;
        if self.until.is_some_and(|until| Instant::now() >= until) {
            return Err(OpaqueReason::TimeLimit);
        }
        if !self.is_wanted {
            return Ok(());
        }
        self.held += len;
        if self.held > MEMBER_MAX {
            return Err(OpaqueReason::TooLarge);
        }
        match self.pieces.last_mut().filter(|last| last.len() + bytes.len() <= PIECE) {
            Some(last) => last.extend_from_slice(bytes),
            None => self.pieces.push(bytes.to_vec()),
        }
        Ok(())
    }
}

/// Puts what is unpacked where it is wanted.
struct Writer(Rc<RefCell<Out>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut out = self.0.borrow_mut();
        out.take(bytes).map(|()| bytes.len()).map_err(|reason| {
            out.refused = Some(reason);
            io::Error::other("no more is taken")
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
