//! The standard security handler (ISO 32000-2, 7.6) with the empty user password, which is what "protected" files that
//! anybody can open have, and with the passwords we were given, as the user's and as the owner's.
//!
//! No password is guessed, and no certificate handler is read.

use aes::cipher::consts::U16;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, BlockSizeUser, KeyInit};
use aes::{Aes128, Aes256};
use md5::Md5;
use sha2::{Digest, Sha256, Sha384, Sha512};

use chot_model::Secret;

use super::lex::{Dict, Object};

/// The key of a file, and which cipher is for what.
#[derive(Debug)]
pub(super) struct Crypt {
    key: Vec<u8>,
    pub(super) strings: Method,
    pub(super) streams: Method,
    pub(super) metadata: bool,
    /// Crypt filters by name, for streams that name one.
    named: Vec<(Vec<u8>, Method)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Identity,
    Rc4,
    Aes128,
    Aes256,
}

const PAD: [u8; 32] = *b"\x28\xbf\x4e\x5e\x4e\x75\x8a\x41\x64\x00\x4e\x56\xff\xfa\x01\x08\x2e\x2e\x00\xb6\xd0\x68\x3e\x80\x2f\x0c\xa9\xfe\x64\x53\x69\x7a";

impl Crypt {
    /// The key, when the empty password or one of `passwords` opens the file.
    pub(super) fn open(encrypt: &Dict, id: &[u8], passwords: &[Secret]) -> Option<Self> {
        if encrypt.get(b"Filter".as_slice()).and_then(Object::name) != Some(b"Standard") {
            return None;
        }
        let int = |key: &[u8], default| encrypt.get(key).and_then(Object::int).unwrap_or(default);
        let string = |key: &[u8]| encrypt.get(key).and_then(Object::string).unwrap_or_default();
        let (version, revision) = (int(b"V", 0), int(b"R", 0));
        let metadata = !matches!(encrypt.get(b"EncryptMetadata".as_slice()), Some(Object::Bool(false)));
        let named: Vec<_> = encrypt
            .get(b"CF".as_slice())
            .and_then(Object::dict)
            .into_iter()
            .flatten()
            .map(|(name, filter)| (name.to_vec(), method(filter)))
            .collect();
        let filter = |key: &[u8]| match version {
            1 | 2 => Some(Method::Rc4),
            4 | 5 => match encrypt.get(key).and_then(Object::name) {
                None | Some(b"Identity") => Some(Method::Identity),
                Some(name) => named.iter().find(|(n, _)| n == name).map(|(_, m)| *m),
            },
            _ => None,
        };
        let (streams, strings) = (filter(b"StmF")?, filter(b"StrF")?);
        let mut tried = std::iter::once(&b""[..]).chain(passwords.iter().map(|p| p.reveal().as_bytes()));
        let key = if version == 5 {
            let (user, owner) = ((string(b"U"), string(b"UE")), (string(b"O"), string(b"OE")));
            tried.find_map(|password| key_256(revision, password, user, owner))?
        } else {
            let len = if version == 1 { 5 } else { usize::try_from(int(b"Length", 40) / 8).unwrap_or(5).clamp(5, 16) };
            let len = if version == 4 { 16 } else { len };
            let permissions = int(b"P", 0) as u32;
            let user = |password: &[u8]| {
                let key = key_40_to_128(revision, len, password, string(b"O"), permissions, id, metadata);
                opens(revision, &key, string(b"U"), id).then_some(key)
            };
            tried.find_map(|password| user(password).or_else(|| user(&users(revision, len, password, string(b"O")))))?
        };
        Some(Self { key, strings, streams, metadata, named })
    }

    /// The method of a crypt filter by its name.
    pub(super) fn named(&self, name: &[u8]) -> Method {
        self.named.iter().find(|(n, _)| n == name).map_or(Method::Identity, |(_, m)| *m)
    }

    pub(super) fn decrypt(&self, method: Method, (number, generation): (u32, u16), bytes: &[u8]) -> Vec<u8> {
        let own_key = |aes: bool| {
            let mut hash = Md5::new();
            hash.update(&self.key);
            hash.update(number.to_le_bytes().get(..3).unwrap_or_default());
            hash.update(generation.to_le_bytes());
            if aes {
                hash.update(b"sAlT");
            }
            let len = (self.key.len() + 5).min(16);
            hash.finalize().get(..len).unwrap_or_default().to_vec()
        };
        match method {
            Method::Identity => bytes.to_vec(),
            Method::Rc4 => rc4(&own_key(false), bytes),
            Method::Aes128 => cbc::<Aes128>(&own_key(true), bytes).unwrap_or_default(),
            Method::Aes256 => cbc::<Aes256>(&self.key, bytes).unwrap_or_default(),
        }
    }
}

fn method(filter: &Object) -> Method {
    match filter.dict().and_then(|d| d.get(b"CFM".as_slice())).and_then(Object::name) {
        Some(b"V2") => Method::Rc4,
        Some(b"AESV2") => Method::Aes128,
        Some(b"AESV3") => Method::Aes256,
        _ => Method::Identity,
    }
}

/// A password as it is hashed: cut or filled up to 32 bytes.
fn padded(password: &[u8]) -> [u8; 32] {
    let mut bytes = password.iter().chain(&PAD).copied();
    std::array::from_fn(|_| bytes.next().unwrap_or(0))
}

/// Algorithm 7: the user's password, which the owner's opens.
fn users(revision: i64, len: usize, password: &[u8], owner: &[u8]) -> Vec<u8> {
    let mut key = Md5::digest(padded(password)).to_vec();
    let mut user = owner.get(..owner.len().min(32)).unwrap_or_default().to_vec();
    if revision >= 3 {
        for _ in 0..50 {
            key = Md5::digest(&key).to_vec();
        }
    }
    key.truncate(len);
    for n in (0..if revision >= 3 { 20 } else { 1 }).rev() {
        let key: Vec<u8> = key.iter().map(|b| b ^ n).collect();
        user = rc4(&key, &user);
    }
    user
}

/// Algorithm 2.
fn key_40_to_128(
    revision: i64,
    len: usize,
    password: &[u8],
    owner: &[u8],
    permissions: u32,
    id: &[u8],
    metadata: bool,
) -> Vec<u8> {
    let mut hash = Md5::new();
    hash.update(padded(password));
    hash.update(owner.get(..owner.len().min(32)).unwrap_or_default());
    hash.update(permissions.to_le_bytes());
    hash.update(id);
    if revision >= 4 && !metadata {
        hash.update([0xff; 4]);
    }
    let mut key = hash.finalize().to_vec();
    if revision >= 3 {
        for _ in 0..50 {
            key = Md5::digest(key.get(..len).unwrap_or_default()).to_vec();
        }
    }
    key.truncate(len);
    key
}

/// Algorithms 4 to 6: whether the key is the right one.
fn opens(revision: i64, key: &[u8], user: &[u8], id: &[u8]) -> bool {
    if revision < 3 {
        return user.get(..32) == Some(rc4(key, &PAD).as_slice());
    }
    let mut hash = Md5::new();
    hash.update(PAD);
    hash.update(id);
    let mut check = hash.finalize().to_vec();
    for n in 0..20 {
        let key: Vec<u8> = key.iter().map(|b| b ^ n).collect();
        check = rc4(&key, &check);
    }
    user.get(..16) == check.get(..16)
}

/// Algorithm 2.A, as the user and as the owner: each a hash, two salts, and the key as that password encrypts it.
fn key_256(revision: i64, password: &[u8], user: (&[u8], &[u8]), owner: (&[u8], &[u8])) -> Option<Vec<u8>> {
    const PASSWORD_MAX: usize = 127;
    let password = password.get(..password.len().min(PASSWORD_MAX))?;
    let open = |(hashed, encrypted): (&[u8], &[u8]), data: &[u8]| {
        let (hash, validation, salt) = (hashed.get(..32)?, hashed.get(32..40)?, hashed.get(40..48)?);
        if hash_256(revision, password, validation, data) != hash {
            return None;
        }
        let key = hash_256(revision, password, salt, data);
        let aes = Aes256::new_from_slice(&key).ok()?;
        Some(unchain(&aes, &[0; 16], encrypted.get(..32)?))
    };
    open(user, &[]).or_else(|| open(owner, user.0.get(..48)?))
}

/// Algorithm 2.B.
fn hash_256(revision: i64, password: &[u8], salt: &[u8], data: &[u8]) -> Vec<u8> {
    let mut k = Sha256::digest([password, salt, data].concat()).to_vec();
    if revision < 6 {
        return k;
    }
    let mut round = 0u32;
    loop {
        let mut e = [password, &k, data].concat().repeat(64);
        let (Some(key), Some(iv)) = (k.get(..16), k.get(16..32)) else { return Vec::new() };
        let Ok(aes) = Aes128::new_from_slice(key) else { return Vec::new() };
        let mut before: [u8; 16] = iv.try_into().unwrap_or_default();
        for chunk in e.chunks_exact_mut(16) {
            let mut block = [0; 16];
            for (slot, (a, b)) in block.iter_mut().zip(chunk.iter().zip(before)) {
                *slot = a ^ b;
            }
            let mut block = block.into();
            aes.encrypt_block(&mut block);
            chunk.copy_from_slice(&block);
            before = block.into();
        }
        let remainder = e.iter().take(16).map(|b| u32::from(*b)).sum::<u32>() % 3;
        k = match remainder {
            0 => Sha256::digest(&e).to_vec(),
            1 => Sha384::digest(&e).to_vec(),
            _ => Sha512::digest(&e).to_vec(),
        };
        round += 1;
        // At least 64 rounds, and then as many as the last byte says; it is below 288 in any case.
        if round >= 64 && u32::from(*e.last().unwrap_or(&0)) <= round - 32 {
            k.truncate(32);
            return k;
        }
    }
}

/// Cipher block chaining: the first block is the vector, the last ends in its padding.
fn cbc<C>(key: &[u8], bytes: &[u8]) -> Option<Vec<u8>>
where
    C: BlockCipherDecrypt + KeyInit + BlockSizeUser<BlockSize = U16>,
{
    let cipher = C::new_from_slice(key).ok()?;
    let (iv, data) = bytes.split_at_checked(16)?;
    let mut plain = unchain(&cipher, iv.try_into().ok()?, data);
    let pad = usize::from(*plain.last()?);
    if (1..=16).contains(&pad) {
        plain.truncate(plain.len() - pad);
    }
    Some(plain)
}

fn unchain<C>(cipher: &C, iv: &[u8; 16], bytes: &[u8]) -> Vec<u8>
where
    C: BlockCipherDecrypt + BlockSizeUser<BlockSize = U16>,
{
    let mut out = Vec::with_capacity(bytes.len());
    let mut before = *iv;
    for chunk in bytes.chunks_exact(16) {
        let sealed: [u8; 16] = chunk.try_into().unwrap_or_default();
        let mut block = sealed.into();
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(before).map(|(a, b)| a ^ b));
        before = sealed;
    }
    out
}

fn rc4(key: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut state: [u8; 256] = std::array::from_fn(|n| n as u8);
    let mut j = 0u8;
    for i in 0..=255u8 {
        j = j
            .wrapping_add(state[usize::from(i)])
            .wrapping_add(key.get(usize::from(i) % key.len().max(1)).copied().unwrap_or(0));
        state.swap(usize::from(i), usize::from(j));
    }
    let (mut i, mut j) = (0u8, 0u8);
    bytes
        .iter()
        .map(|b| {
            i = i.wrapping_add(1);
            j = j.wrapping_add(state[usize::from(i)]);
            state.swap(usize::from(i), usize::from(j));
            b ^ state[usize::from(state[usize::from(i)].wrapping_add(state[usize::from(j)]))]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rc4_is_rc4() {
        // RFC 6229, 40-bit key 0102030405.
        assert_eq!(rc4(&[1, 2, 3, 4, 5], &[0; 4]), [0xb2, 0x39, 0x63, 0x05]);
    }
}
