//! What the gateway and a reader of tickets say to each other: a length and a token, a kind and what goes with it.

use std::io::{self, Read, Write};

use super::TOKEN_BYTES_MAX;

/// Longest answer: a token of ours, a name, or a sentence.
const ANSWER_BYTES_MAX: usize = 2 * TOKEN_BYTES_MAX;

/// What a reader says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// First of all: the key is there.
    Ready,
    /// First and last of all: it cannot be used, and why.
    Broken(String),
    /// Whose ticket it is, and what to tell the client.
    Proven { principal: String, reply: Vec<u8> },
    /// It has been shown before.
    Replayed,
    /// More than one token is needed.
    Unfinished,
    /// It is not valid at this time.
    Clock,
    /// It is no ticket for this key.
    Refused,
}

impl Answer {
    #[cfg(any(test, feature = "kerberos"))]
    pub(super) fn write(&self, to: &mut impl Write) -> io::Result<()> {
        let none: &[u8] = &[];
        let (kind, first, rest) = match self {
            Self::Ready => (0, none, none),
            Self::Broken(why) => (1, why.as_bytes(), none),
            Self::Proven { principal, reply } => (2, principal.as_bytes(), reply.as_slice()),
            Self::Replayed => (3, none, none),
            Self::Unfinished => (4, none, none),
            Self::Clock => (5, none, none),
            Self::Refused => (6, none, none),
        };
        let mut bytes = vec![kind];
        for part in [first, rest] {
            bytes.extend(len(part)?);
            bytes.extend(part);
        }
        to.write_all(&bytes)
    }

    pub(super) fn read(from: &mut impl Read) -> io::Result<Self> {
        let mut kind = [0];
        from.read_exact(&mut kind)?;
        let first = part(from, ANSWER_BYTES_MAX)?;
        let rest = part(from, ANSWER_BYTES_MAX)?;
        let text = |bytes| String::from_utf8(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
        Ok(match kind {
            [0] => Self::Ready,
            [1] => Self::Broken(text(first)?),
            [2] => Self::Proven { principal: text(first)?, reply: rest },
            [3] => Self::Replayed,
            [4] => Self::Unfinished,
            [5] => Self::Clock,
            [6] => Self::Refused,
            _ => return Err(io::ErrorKind::InvalidData.into()),
        })
    }
}

pub(super) fn write_token(token: &[u8], to: &mut impl Write) -> io::Result<()> {
    to.write_all(&[&len(token)?, token].concat())
}

/// Reads a token; an error too when the gateway has hung up.
#[cfg(any(test, feature = "kerberos"))]
pub(super) fn read_token(from: &mut impl Read) -> io::Result<Vec<u8>> {
    part(from, TOKEN_BYTES_MAX)
}

fn len(part: &[u8]) -> io::Result<[u8; 4]> {
    u32::try_from(part.len()).map(u32::to_be_bytes).map_err(|_| io::ErrorKind::InvalidInput.into())
}

fn part(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut len = [0; 4];
    from.read_exact(&mut len)?;
    let len = u32::from_be_bytes(len) as usize;
    if len > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; len];
    from.read_exact(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_what_is_heard() {
        for answer in [
            Answer::Ready,
            Answer::Broken("no key".to_owned()),
            Answer::Proven { principal: "an@A".to_owned(), reply: vec![0x60, 0] },
            Answer::Replayed,
            Answer::Unfinished,
            Answer::Clock,
            Answer::Refused,
        ] {
            let mut bytes = Vec::new();
            answer.write(&mut bytes).expect("written");
            assert_eq!(Answer::read(&mut bytes.as_slice()).expect("an answer"), answer);
            for cut in 0..bytes.len() {
                assert!(Answer::read(&mut &bytes[..cut]).is_err(), "{answer:?} cut at {cut}");
            }
        }
        let mut bytes = Vec::new();
        write_token(b"token", &mut bytes).expect("written");
        assert_eq!(read_token(&mut bytes.as_slice()).expect("a token"), b"token");
    }

    #[test]
    fn lengths_are_not_believed() {
        assert!(Answer::read(&mut &[2, 0xff, 0xff, 0xff, 0xff][..]).is_err());
        assert!(Answer::read(&mut &[7, 0, 0, 0, 0, 0, 0, 0, 0][..]).is_err());
        assert!(Answer::read(&mut &[2, 0, 0, 0, 1, 0xff, 0, 0, 0, 0][..]).is_err());
        assert!(read_token(&mut &[0, 1, 0, 0][..]).is_err());
    }
}
