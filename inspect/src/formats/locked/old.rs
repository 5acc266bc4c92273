//! Workbooks and documents of Office 97 to 2003 under a password: RC4 with MD5 and with SHA-1 (MS-OFFCRYPTO §2.3.5, §2.3.6).
//!
//! The obfuscation by XOR that came before is recognised and not undone.

use md5::Md5;
use sha1::Sha1;
use sha2::Digest;

use super::super::le::{u16_at, u32_at};
use super::{Rc4, Stop, Tell, candidates, wide};

/// A way from password to key.
enum Scheme<'h> {
    /// 40 bits of MD5.
    Md5 { salt: &'h [u8], verifier: &'h [u8], hash: &'h [u8] },
    /// 40 to 128 bits of SHA-1.
    Sha1 { salt: &'h [u8], verifier: &'h [u8], hash: &'h [u8], key_len: usize },
}

/// The keys of a file: one for each block.
struct Keys {
    base: Vec<u8>,
    /// Bytes of a key; `None`: of MD5.
    key_len: Option<usize>,
}

impl Keys {
    fn cipher(&self, block: u32) -> Rc4 {
        let bytes = [self.base.as_slice(), &block.to_le_bytes()].concat();
        match self.key_len {
            None => Rc4::new(&Md5::digest(bytes)),
            Some(len) => {
                let mut key = Sha1::digest(bytes).to_vec();
                key.truncate(len);
                // 40 bits are padded to 128 (§2.3.5.2).
                if len == 5 {
                    key.resize(16, 0);
                }
                Rc4::new(&key)
            }
        }
    }
}

impl<'h> Scheme<'h> {
    /// Reads the header, from its version on.
    fn read(header: &'h [u8]) -> Option<Self> {
        match (u16_at(header, 0)?, u16_at(header, 2)?) {
            (1, 1) => {
                let (salt, verifier) = (header.get(4..20)?, header.get(20..36)?);
                Some(Self::Md5 { salt, verifier, hash: header.get(36..52)? })
            }
            (2..=4, 2) => {
                let len = u32_at(header, 8)? as usize;
                let about = header.get(12..)?.get(..len)?;
                let bits = match u32_at(about, 16)? {
                    0 => 40,
                    bits => bits as usize,
                };
                let rest = header.get(12 + len..)?;
                let (salt, verifier, hash) = (rest.get(4..20)?, rest.get(20..36)?, rest.get(40..60)?);
                (bits <= 160).then_some(Self::Sha1 { salt, verifier, hash, key_len: bits / 8 })
            }
            _ => None,
        }
    }

    fn open(&self, password: &str) -> Option<Keys> {
        match self {
            Self::Md5 { salt, verifier, hash } => {
                let first = Md5::digest(wide(password));
                let mixed = [first.get(..5)?, salt].concat().repeat(16);
                let keys = Keys { base: Md5::digest(mixed).get(..5)?.to_vec(), key_len: None };
                let mut cipher = keys.cipher(0);
                let plain = cipher.apply(verifier);
                (Md5::digest(plain).as_slice() == cipher.apply(hash)).then_some(keys)
            }
            Self::Sha1 { salt, verifier, hash, key_len } => {
                let base = Sha1::digest([salt, wide(password).as_slice()].concat()).to_vec();
                let keys = Keys { base, key_len: Some(*key_len) };
                let mut cipher = keys.cipher(0);
                let plain = cipher.apply(verifier);
                (Sha1::digest(plain).as_slice() == cipher.apply(hash)).then_some(keys)
            }
        }
    }
}

fn keys(header: &[u8], tell: &Tell<'_>) -> Option<Keys> {
    let scheme = Scheme::read(header)?;
    candidates(tell.passwords).find_map(|password| scheme.open(password))
}

/// A stream, decrypted in blocks of this size.
fn decrypt(bytes: &[u8], block: usize, keys: &Keys) -> Vec<u8> {
    bytes.chunks(block).zip(0..).flat_map(|(chunk, n)| keys.cipher(n).apply(chunk)).collect()
}

/// A record that says how the rest is encrypted.
const FILE_PASS: u16 = 0x2f;
/// Records whose data is never encrypted (MS-XLS §2.2.10): beginnings, this one, and what readers need before it.
const OPEN: [u16; 7] = [0x809, FILE_PASS, 0xe1, 0xe2, 0x1ba, 0x194, 0x1c5];
const BOUND_SHEET: u16 = 0x85;

fn records(stream: &[u8]) -> impl Iterator<Item = (u16, usize, usize)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let (kind, len) = (u16_at(stream, at)?, usize::from(u16_at(stream, at + 2)?));
        let start = at + 4;
        let end = (start + len).min(stream.len());
        at = end;
        (start <= stream.len()).then_some((kind, start, end))
    })
}

/// Where the record that says how it is encrypted lies. It stands among the first.
fn file_pass(stream: &[u8]) -> Option<&[u8]> {
    const AMONG: usize = 64;
    let (_, start, end) = records(stream).take(AMONG).find(|(kind, _, _)| *kind == FILE_PASS)?;
    stream.get(start..end)
}

/// Whether the stream of a workbook is encrypted.
pub(in crate::formats) fn is_workbook(stream: &[u8]) -> bool {
    file_pass(stream).is_some()
}

/// Decrypts the stream of a workbook; false when no password opens it.
pub(in crate::formats) fn workbook(stream: &mut Vec<u8>, tell: &Tell<'_>) -> Result<bool, Stop> {
    const BLOCK: usize = 1_024;
    // Type 1 is RC4; 0 is an obfuscation by XOR.
    let header = file_pass(stream).filter(|header| u16_at(header, 0) == Some(1)).and_then(|h| h.get(2..));
    let Some(keys) = header.and_then(|header| keys(header, tell)) else { return Ok(false) };
    tell.in_time()?;
    let mut plain = decrypt(stream, BLOCK, &keys);
    let keep = |plain: &mut Vec<u8>, from: usize, to: usize| {
        if let (Some(slot), Some(bytes)) = (plain.get_mut(from..to), stream.get(from..to)) {
            slot.copy_from_slice(bytes);
        }
    };
    for (kind, start, end) in records(stream) {
        keep(&mut plain, start - 4, start);
        if OPEN.contains(&kind) {
            keep(&mut plain, start, end);
        } else if kind == BOUND_SHEET {
            keep(&mut plain, start, end.min(start + 4));
        }
    }
    *stream = plain;
    Ok(true)
}

/// Decrypts the streams of a document; false when no password opens it.
pub(in crate::formats) fn word(
    main: &mut Vec<u8>,
    table: &mut Vec<u8>,
    data: &mut Vec<u8>,
    tell: &Tell<'_>,
) -> Result<bool, Stop> {
    const BLOCK: usize = 512;
    /// Of the document itself so much stays open (MS-DOC §2.2.6.2).
    const HEAD: usize = 68;
    let is_obfuscated = u16_at(main, 10).unwrap_or(0) & 0x8000 != 0;
    let len = u32_at(main, 14).unwrap_or(0) as usize;
    let header = table.get(..len.min(table.len())).filter(|_| !is_obfuscated).unwrap_or_default().to_vec();
    let Some(keys) = keys(&header, tell) else { return Ok(false) };
    tell.in_time()?;
    let open = main.get(..HEAD.min(main.len())).unwrap_or_default().to_vec();
    for stream in [&mut *main, &mut *table, data] {
        *stream = decrypt(stream, BLOCK, &keys);
    }
    for (stream, open) in [(main, open), (table, header)] {
        if let Some(slot) = stream.get_mut(..open.len()) {
            slot.copy_from_slice(&open);
        }
    }
    Ok(true)
}
