//! The first message of a TLS client, read before TLS is spoken: which name it asks for, and whether it hides another.
//!
//! RFC 8446 §4.1.2, §5.1; RFC 6066 §3; RFC 7301 §3.1; RFC 9849 §4. It reads nothing but that, answers nothing and
//! keeps nothing. What two readers could read differently is an error.

/// Largest message. Post-quantum key shares make it about 2 KiB.
const MESSAGE_BYTES_MAX: usize = 16 << 10;
/// Most bytes on the wire: a client may cut its message into many small records.
pub const WIRE_BYTES_MAX: usize = 64 << 10;
/// Largest record (RFC 8446 §5.1), which a hello's need not reach.
const RECORD_BYTES_MAX: usize = 1 << 14;
/// Bytes of a record's head, and of a handshake message's.
const RECORD_HEAD_BYTES: usize = 5;
const MESSAGE_HEAD_BYTES: usize = 4;

/// What a ClientHello asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hello {
    /// The name in it, in lower case as far as it is ASCII.
    pub server_name: Option<String>,
    /// Protocols it offers.
    pub protocols: Vec<Vec<u8>>,
    /// It carries an encrypted ClientHello, or the grease that looks like one.
    pub has_ech: bool,
}

/// It is not a ClientHello, or one that could be read in two ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a ClientHello")]
pub struct NotAHello;

/// Reads a ClientHello as it arrives. Linear in what arrives, however it is cut.
#[derive(Debug, Default)]
pub struct Reader {
    /// Bytes of the input in records that were taken.
    taken: usize,
    message: Vec<u8>,
}

impl Reader {
    /// Reads on in `input`, which is everything so far. `None`: more is needed.
    ///
    /// # Errors
    /// When no more input will make it a ClientHello.
    pub fn read(&mut self, input: &[u8]) -> Result<Option<Hello>, NotAHello> {
        loop {
            if let Some(message) = self.whole_message()? {
                return hello(message).map(Some);
            }
            let rest = input.get(self.taken..).unwrap_or_default();
            let Some((head, rest)) = rest.split_at_checked(RECORD_HEAD_BYTES) else {
                return if could_be_record(rest) { Ok(None) } else { Err(NotAHello) };
            };
            let &[kind, 3, minor, high, low] = head else { return Err(NotAHello) };
            let len = usize::from(u16::from_be_bytes([high, low]));
            // An empty fragment is forbidden (§5.1), and would let a client go on for ever.
            if kind != 0x16 || minor > 4 || len == 0 || len > RECORD_BYTES_MAX {
                return Err(NotAHello);
            }
            let end = self.taken + RECORD_HEAD_BYTES + len;
            if end > WIRE_BYTES_MAX {
                return Err(NotAHello);
            }
            let Some(fragment) = rest.get(..len) else { return Ok(None) };
            self.message.extend_from_slice(fragment);
            self.taken = end;
        }
    }

    /// The body of the message once it is whole.
    fn whole_message(&self) -> Result<Option<&[u8]>, NotAHello> {
        let Some((head, body)) = self.message.split_at_checked(MESSAGE_HEAD_BYTES) else { return Ok(None) };
        let &[1, high, middle, low] = head else { return Err(NotAHello) };
        let len = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        match body.len() {
            _ if len > MESSAGE_BYTES_MAX => Err(NotAHello),
            n if n < len => Ok(None),
            n if n == len => Ok(Some(body)),
            // Nothing may follow it before the server has answered.
            _ => Err(NotAHello),
        }
    }
}

fn could_be_record(start: &[u8]) -> bool {
    start.iter().zip([0x16, 3]).all(|(byte, expected)| *byte == expected)
}

/// Takes fields off the front of a structure.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], NotAHello> {
        let (taken, rest) = self.0.split_at_checked(n).ok_or(NotAHello)?;
        self.0 = rest;
        Ok(taken)
    }

    fn u8(&mut self) -> Result<usize, NotAHello> {
        self.take(1).map(|b| b.iter().fold(0, |_, b| usize::from(*b)))
    }

    fn u16(&mut self) -> Result<usize, NotAHello> {
        self.take(2).map(|b| b.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
    }

    /// A list with its length in front, in one byte or two.
    fn short_list(&mut self) -> Result<Self, NotAHello> {
        let len = self.u8()?;
        self.take(len).map(Self)
    }

    fn list(&mut self) -> Result<Self, NotAHello> {
        let len = self.u16()?;
        self.take(len).map(Self)
    }

    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

fn hello(body: &[u8]) -> Result<Hello, NotAHello> {
    const VERSION_AND_RANDOM_BYTES: usize = 2 + 32;
    let mut fields = Fields(body);
    fields.take(VERSION_AND_RANDOM_BYTES)?;
    let _session = fields.short_list()?;
    let _suites = fields.list()?;
    let _compressions = fields.short_list()?;
    let mut found = Hello::default();
    // TLS 1.2 allows none at all.
    if fields.is_empty() {
        return Ok(found);
    }
    let mut extensions = fields.list()?;
    if !fields.is_empty() {
        return Err(NotAHello);
    }
    let (mut has_name, mut has_protocols) = (false, false);
    while !extensions.is_empty() {
        let (kind, mut value) = (extensions.u16()?, extensions.list()?);
        match kind {
            0x0000 if !has_name => {
                has_name = true;
                found.server_name = Some(server_name(&mut value)?);
            }
            0x0010 if !has_protocols => {
                has_protocols = true;
                found.protocols = protocols(&mut value)?;
            }
            // Twice the same (§4.2): one reader takes the first, another the last.
            0x0000 | 0x0010 => return Err(NotAHello),
            0xfe0d => found.has_ech = true,
            _ => {}
        }
    }
    Ok(found)
}

fn server_name(value: &mut Fields<'_>) -> Result<String, NotAHello> {
    let mut names = value.list()?;
    let (kind, name) = (names.u8()?, names.list()?);
    // There is one kind of name, and one name (RFC 6066 §3).
    if kind != 0 || !names.is_empty() || !value.is_empty() {
        return Err(NotAHello);
    }
    let name = std::str::from_utf8(name.0).map_err(|_| NotAHello)?;
    if name.is_empty() { Err(NotAHello) } else { Ok(name.to_ascii_lowercase()) }
}

fn protocols(value: &mut Fields<'_>) -> Result<Vec<Vec<u8>>, NotAHello> {
    let mut list = value.list()?;
    let mut all = Vec::new();
    while !list.is_empty() {
        all.push(list.short_list()?.0.to_vec());
    }
    if value.is_empty() { Ok(all) } else { Err(NotAHello) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;
    use rustls::pki_types::ServerName;
    use rustls::{ClientConfig, ClientConnection, RootCertStore};

    use super::*;

    /// What a real client sends.
    fn real(name: &str, alpn: &[&[u8]]) -> Vec<u8> {
        let mut config = ClientConfig::builder_with_provider(crate::tls::provider())
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).expect("a name");
        let mut client = ClientConnection::new(Arc::new(config), name).expect("a client");
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).expect("written");
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Option<Hello>, NotAHello> {
        Reader::default().read(bytes)
    }

    /// The same message in records of `size` bytes.
    fn cut(bytes: &[u8], size: usize) -> Vec<u8> {
        let records = bytes[RECORD_HEAD_BYTES..].chunks(size);
        records.flat_map(|part| [&[0x16, 3, 1], &(part.len() as u16).to_be_bytes()[..], part].concat()).collect()
    }

    /// A hello with these extensions.
    fn with(extensions: &[(u16, &[u8])]) -> Vec<u8> {
        let all: Vec<u8> = extensions
            .iter()
            .flat_map(|(kind, value)| [&kind.to_be_bytes()[..], &(value.len() as u16).to_be_bytes(), value].concat())
            .collect();
        let body =
            [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 1], &[1, 0], &(all.len() as u16).to_be_bytes(), &all].concat();
        let message = [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat();
        [&[0x16, 3, 1][..], &(message.len() as u16).to_be_bytes(), &message].concat()
    }

    #[test]
    fn a_real_hello_is_read_however_it_is_cut() {
        let bytes = real("Chat.Zalo.me", &[b"h2", b"http/1.1"]);
        let expected = Hello {
            server_name: Some("chat.zalo.me".to_owned()),
            protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            has_ech: false,
        };
        assert_eq!(read(&bytes), Ok(Some(expected.clone())));
        for size in [1, 2, 7, 100, 1_000] {
            assert_eq!(read(&cut(&bytes, size)), Ok(Some(expected.clone())), "{size}");
        }
        for end in 0..bytes.len() {
            assert_eq!(read(&bytes[..end]), Ok(None), "cut at {end}");
        }
        assert_eq!(read(&real("192.0.2.1", &[])).map(|h| h.map(|h| h.server_name)), Ok(Some(None)));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_none() {
        let name = |name: &[u8]| {
            [&(name.len() as u16 + 3).to_be_bytes()[..], &[0], &(name.len() as u16).to_be_bytes(), name].concat()
        };
        let good = name(b"a.example");
        assert_eq!(read(&with(&[(0, &good), (0xfe0d, b"x")])).map(|h| h.map(|h| h.has_ech)), Ok(Some(true)));
        let two = [&24u16.to_be_bytes()[..], &good[2..], &good[2..]].concat();
        let trailing = [&good[..], b"x"].concat();
        for (what, bytes) in [
            ("two extensions", with(&[(0, &good), (0, &good)])),
            ("two names", with(&[(0, &two)])),
            ("bytes behind the name", with(&[(0, &trailing)])),
            ("an empty name", with(&[(0, &name(b""))])),
            ("no name", with(&[(0, b"")])),
            ("a name that is no text", with(&[(0, &name(b"\xff"))])),
            ("an empty record", b"\x16\x03\x01\x00\x00".to_vec()),
            ("another kind of record", b"\x17\x03\x01\x00\x01x".to_vec()),
            ("another message", b"\x16\x03\x01\x00\x04\x02\x00\x00\x00".to_vec()),
            ("another protocol", b"GET / HTTP/1.1".to_vec()),
            ("a huge message", b"\x16\x03\x01\x00\x04\x01\xff\xff\xff".to_vec()),
            ("something behind it", [with(&[]), b"\x16\x03\x01\x00\x01x".to_vec()].concat()[..].to_vec()),
        ] {
            // What follows in a record of its own is not looked at.
            let expected = if what == "something behind it" { Ok(Some(Hello::default())) } else { Err(NotAHello) };
            assert_eq!(read(&bytes), expected, "{what}");
        }
    }

    #[test]
    fn small_records_do_not_go_on_for_ever() {
        let mut bytes = b"\x16\x03\x01\x00\x04\x01\x00\x3f\xff".to_vec();
        while bytes.len() <= WIRE_BYTES_MAX {
            bytes.extend(b"\x16\x03\x01\x00\x01x");
        }
        assert_eq!(read(&bytes), Err(NotAHello));
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces_are_read_the_same(
            noise in proptest::collection::vec((0usize..2_000, any::<u8>()), 0..6),
            random in proptest::collection::vec(any::<u8>(), 0..200),
            is_random in any::<bool>(),
            step in 1usize..300,
        ) {
            let mut bytes = if is_random { random } else { real("a.example", &[b"h2"]) };
            for (at, byte) in noise {
                if let Some(place) = bytes.get_mut(at) {
                    *place = byte;
                }
            }
            let whole = read(&bytes);
            let mut reader = Reader::default();
            let mut last = Ok(None);
            for end in (0..=bytes.len()).step_by(step).chain([bytes.len()]) {
                last = reader.read(&bytes[..end]);
                if last != Ok(None) {
                    break;
                }
            }
            prop_assert_eq!(last, whole);
        }
    }
}
