//! Where the bytes of an object lie in the one that was sent, and patches carried there.

use std::sync::Arc;

use super::region::Move;

/// Where the bytes of an object lie.
#[derive(Clone, Debug)]
pub(crate) enum Origin {
    /// Nowhere that could be rewritten: decoded from a disguise, a side field.
    Lost,
    /// The same bytes, from this address on: an offset in the top-level object, or what came out of a container.
    Raw(u64),
    /// Behind a transfer encoding of a mail.
    Transfer(Arc<Transfer>),
    /// In a text of another object, such as a string of it.
    Within(Arc<Within>),
}

/// Where a text stands in another object: the bytes its own came from, and where those lie.
#[derive(Debug)]
pub(crate) struct Within {
    pub(crate) map: Transfer,
    pub(crate) outer: Origin,
}

/// The map of one transfer-encoded body: which encoded bytes each decoded byte came from.
#[derive(Debug, Default)]
pub(crate) struct Transfer {
    /// Ordered by `decoded`.
    pub(crate) pieces: Vec<Piece>,
}

/// A run of decoded bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    pub(crate) decoded: u64,
    pub(crate) len: u32,
    /// Where its encoded form begins in the top-level object.
    pub(crate) source: u64,
    pub(crate) coding: Coding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    /// Literally.
    Same,
    /// One byte as `=XX`.
    Escape,
    /// A sign as an escape of so many bytes, in whose place as many stars or zeros may stand.
    Sign(u32),
    /// One base64 quantum of up to three bytes, all four characters side by side.
    Quantum([u8; 3]),
    /// In a way that cannot be rewritten.
    Broken,
}

/// New bytes of an object, as many as stood there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    pub(crate) at: u64,
    pub(crate) bytes: Vec<u8>,
}

/// A patch at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Edit {
    Bytes(Patch),
    /// Some bytes of a base64 quantum.
    Quantum {
        at: u64,
        plain: [u8; 3],
        len: u8,
        new: [Option<u8>; 3],
    },
}

impl Edit {
    pub(super) fn moved(&self, moved: Move) -> Self {
        match self {
            Self::Bytes(Patch { at, bytes }) => Self::Bytes(Patch { at: moved.address(*at), bytes: bytes.clone() }),
            Self::Quantum { at, plain, len, new } => {
                Self::Quantum { at: moved.address(*at), plain: *plain, len: *len, new: *new }
            }
        }
    }
}

impl Origin {
    /// The origin of a part that begins `by` bytes into this object.
    pub(crate) fn shifted(&self, by: u64) -> Self {
        match self {
            Self::Raw(base) => Self::Raw(base + by),
            Self::Transfer(_) | Self::Within(_) | Self::Lost => Self::Lost,
        }
    }

    /// Carries patches of the object to their addresses; `None` when they cannot be.
    pub(crate) fn lift(&self, patches: Vec<Patch>) -> Option<Vec<Edit>> {
        match self {
            Self::Lost => None,
            Self::Raw(base) => {
                Some(patches.into_iter().map(|p| Edit::Bytes(Patch { at: p.at + base, bytes: p.bytes })).collect())
            }
            Self::Transfer(map) => {
                let mut edits = Vec::new();
                for patch in &patches {
                    map.lift(patch, &mut edits)?;
                }
                Some(edits)
            }
            Self::Within(within) => {
                let mut edits = Vec::new();
                for patch in &patches {
                    within.map.lift(patch, &mut edits)?;
                }
                let patch = |edit| match edit {
                    Edit::Bytes(patch) => Some(patch),
                    Edit::Quantum { .. } => None,
                };
                within.outer.lift(edits.into_iter().map(patch).collect::<Option<_>>()?)
            }
        }
    }
}

impl Transfer {
    fn lift(&self, patch: &Patch, edits: &mut Vec<Edit>) -> Option<()> {
        let end = patch.at + patch.bytes.len() as u64;
        let first = self.pieces.partition_point(|p| p.decoded + u64::from(p.len) <= patch.at);
        let mut covered = patch.at;
        for piece in self.pieces.get(first..)?.iter().take_while(|p| p.decoded < end) {
            let span = piece.decoded.max(patch.at)..(piece.decoded + u64::from(piece.len)).min(end);
            let new = patch.bytes.get((span.start - patch.at) as usize..(span.end - patch.at) as usize)?;
            let into = span.start - piece.decoded;
            if span.start != covered {
                return None;
            }
            covered = span.end;
            edits.push(match piece.coding {
                Coding::Sign(len) => match new.first()? {
                    mask @ (b'*' | b'0') => Edit::Bytes(Patch { at: piece.source, bytes: vec![*mask; len as usize] }),
                    // It parts what is masked, and stays.
                    _ => continue,
                },
                Coding::Same => Edit::Bytes(Patch { at: piece.source + into, bytes: new.to_vec() }),
                Coding::Escape => {
                    Edit::Bytes(Patch { at: piece.source, bytes: format!("={:02X}", new.first()?).into_bytes() })
                }
                Coding::Quantum(plain) => {
                    let mut bytes = [None; 3];
                    for (slot, b) in bytes.iter_mut().skip(into as usize).zip(new) {
                        *slot = Some(*b);
                    }
                    Edit::Quantum { at: piece.source, plain, len: piece.len as u8, new: bytes }
                }
                Coding::Broken => return None,
            });
        }
        (covered == end).then_some(())
    }
}
