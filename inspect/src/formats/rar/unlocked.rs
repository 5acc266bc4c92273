//! Headers that are locked, walked with a password that opens them: the crate that unpacks tells only some of what they
//! say.

use std::ops::Range;

use rars::crypto::rar30::Rar30Cipher;
use rars::crypto::rar50::{Rar50Cipher, Rar50Keys};

use super::{Block, five, four};

/// Bytes that are enciphered together.
const STEP: usize = 16;

/// A header in the clear, with the filling behind it, and what it says.
pub(super) struct Unlocked {
    pub(super) header: Vec<u8>,
    pub(super) block: Block,
}

/// The headers behind the one that says that they are locked, and stands at `locked`.
pub(super) fn headers<'b>(bytes: &'b [u8], locked: &Range<u64>, password: &[u8]) -> Option<Headers<'b>> {
    let lock = if bytes.starts_with(five::MARK) {
        Lock::Five(keys(bytes.get(usize::try_from(locked.start).ok()?..)?, password)?)
    } else {
        Lock::Four(password.to_vec(), None)
    };
    Some(Headers { bytes, at: locked.end, lock })
}

/// The keys that the header of encryption leads to.
fn keys(first: &[u8], password: &[u8]) -> Option<Rar50Keys> {
    let (start, len) = five::body(first)?;
    let rest = &mut first.get(usize::try_from(start).ok()?..)?.get(..usize::try_from(len).ok()?)?;
    let [_kind, _flags, _version, _more] =
        [five::number(rest)?, five::number(rest)?, five::number(rest)?, five::number(rest)?];
    let (rounds, salt) = rest.split_first()?;
    Rar50Keys::derive(password, *salt.first_chunk()?, *rounds).ok()
}

pub(super) struct Headers<'b> {
    bytes: &'b [u8],
    at: u64,
    lock: Lock,
}

enum Lock {
    Five(Rar50Keys),
    /// The password, and the last salt with what is made of both.
    Four(Vec<u8>, Option<([u8; 8], Box<Rar30Cipher>)>),
}

impl Iterator for Headers<'_> {
    type Item = Unlocked;

    fn next(&mut self) -> Option<Unlocked> {
        let bytes = self.bytes.get(usize::try_from(self.at).ok()?..)?;
        let unlocked = match &mut self.lock {
            Lock::Five(keys) => {
                let (vector, locked) = bytes.split_first_chunk()?;
                let open = |locked: &[u8]| {
                    let mut header = locked.to_vec();
                    Rar50Cipher::new(keys.key, *vector).decrypt_in_place(&mut header).ok().map(|()| header)
                };
                let (start, len) = five::body(&open(locked.get(..STEP)?)?)?;
                let (start, end) = (usize::try_from(start).ok()?, usize::try_from(start + len).ok()?);
                let header = open(locked.get(..end.next_multiple_of(STEP))?)?;
                let data = self.at + (vector.len() + header.len()) as u64;
                Unlocked { block: five::block(header.get(start..end)?, data)?, header }
            }
            Lock::Four(password, known) => {
                let (salt, locked) = bytes.split_first_chunk()?;
                if known.as_ref().is_none_or(|(of, _)| of != salt) {
                    *known = Some((*salt, Box::new(Rar30Cipher::new(password, Some(*salt)).ok()?)));
                }
                let cipher = known.as_ref().map(|(_, cipher)| cipher)?;
                let open = |locked: &[u8]| {
                    let mut header = locked.to_vec();
                    cipher.clone().decrypt_in_place(&mut header).ok().map(|()| header)
                };
                let len = usize::try_from(four::body(&open(locked.get(..STEP)?)?)?).ok()?;
                let header = open(locked.get(..len.next_multiple_of(STEP))?)?;
                let data = self.at + (salt.len() + header.len()) as u64;
                Unlocked { block: four::block(header.get(..len)?, data)?, header }
            }
        };
        self.at = unlocked.block.end;
        Some(unlocked)
    }
}
