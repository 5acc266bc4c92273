//! The PROXY protocol, versions 1 and 2: how a load balancer in front of us says who the client is.
//!
//! haproxy's doc/proxy-protocol.txt, revision 2020/03/05. Only listed balancers are read this way; anybody else's header
//! would be a lie about who they are. TLVs are skipped, and none is ever written.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncRead, AsyncReadExt};

/// What version 2 begins with.
const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes of a version 2 header before the addresses.
const V2_HEAD_BYTES: usize = 16;
/// Most bytes of addresses and TLVs. The specification allows 64 KiB, balancers send some hundred.
const V2_BYTES_MAX: usize = 4 << 10;
/// Longest line of version 1 (§2.1), and the shortest: `PROXY UNKNOWN` and its end.
const V1_BYTES_MAX: usize = 107;
const V1_BYTES_MIN: usize = 15;

/// Who connected to the balancer, and where to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends {
    /// The client.
    pub source: SocketAddr,
    /// What the client connected to.
    pub destination: SocketAddr,
}

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// A connection passed on.
    Proxied(Ends),
    /// The balancer's own, such as a health check, or of a kind it cannot tell.
    Own,
}

/// It is no PROXY header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a PROXY protocol header")]
pub struct Malformed;

/// How far the reading came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Read {
    /// At least so many more bytes belong to the header.
    Needs(usize),
    /// All of it was read.
    Whole(Header),
}

/// Reads a header; `bytes` is everything so far and nothing that follows it.
///
/// # Errors
/// When no more bytes will make it one.
pub fn read(bytes: &[u8]) -> Result<Read, Malformed> {
    match bytes.first() {
        None => Ok(Read::Needs(V1_BYTES_MIN)),
        Some(b'P') => read_v1(bytes),
        Some(_) => read_v2(bytes),
    }
}

fn read_v1(bytes: &[u8]) -> Result<Read, Malformed> {
    if bytes.iter().zip(b"PROXY ").any(|(byte, expected)| byte != expected) {
        return Err(Malformed);
    }
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        let missing = V1_BYTES_MIN.saturating_sub(bytes.len()).max(1);
        return if bytes.len() < V1_BYTES_MAX { Ok(Read::Needs(missing)) } else { Err(Malformed) };
    };
    let (line, rest) = bytes.split_at(end);
    let line = line.strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok()).ok_or(Malformed)?;
    if rest.len() != 1 || bytes.len() > V1_BYTES_MAX {
        return Err(Malformed);
    }
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        // What follows UNKNOWN must be ignored (§2.1).
        ["PROXY", "UNKNOWN", ..] => Ok(Read::Whole(Header::Own)),
        ["PROXY", family @ ("TCP4" | "TCP6"), source, destination, from, to] => {
            let is_v6 = *family == "TCP6";
            let address = |text: &str, port: &str| -> Option<SocketAddr> {
                let address: IpAddr = text.parse().ok().filter(|address: &IpAddr| address.is_ipv6() == is_v6)?;
                let is_number = port.bytes().all(|b| b.is_ascii_digit()) && (port == "0" || !port.starts_with('0'));
                Some(SocketAddr::new(address, if is_number { port.parse().ok()? } else { return None }))
            };
            let ends = address(source, from).zip(address(destination, to)).ok_or(Malformed)?;
            Ok(Read::Whole(Header::Proxied(Ends { source: ends.0, destination: ends.1 })))
        }
        _ => Err(Malformed),
    }
}

fn read_v2(bytes: &[u8]) -> Result<Read, Malformed> {
    if bytes.iter().zip(SIGNATURE).any(|(byte, expected)| byte != expected) {
        return Err(Malformed);
    }
    let Some((head, rest)) = bytes.split_at_checked(V2_HEAD_BYTES) else {
        return Ok(Read::Needs(V2_HEAD_BYTES - bytes.len()));
    };
    let &[.., command, family, high, low] = head else { return Err(Malformed) };
    let len = usize::from(u16::from_be_bytes([high, low]));
    if command >> 4 != 2 || command & 0xf > 1 || len > V2_BYTES_MAX {
        return Err(Malformed);
    }
    match rest.len() {
        n if n < len => return Ok(Read::Needs(len - n)),
        n if n > len => return Err(Malformed),
        _ => {}
    }
    if command & 0xf == 0 {
        return Ok(Read::Whole(Header::Own));
    }
    let port = |at: usize| rest.get(at..at + 2)?.try_into().ok().map(u16::from_be_bytes);
    let ends = match family {
        0x11 => {
            let address =
                |at: usize| Some(IpAddr::from(Ipv4Addr::from(<[u8; 4]>::try_from(rest.get(at..at + 4)?).ok()?)));
            address(0).zip(port(8)).zip(address(4).zip(port(10)))
        }
        0x21 => {
            let address =
                |at: usize| Some(IpAddr::from(Ipv6Addr::from(<[u8; 16]>::try_from(rest.get(at..at + 16)?).ok()?)));
            address(0).zip(port(32)).zip(address(16).zip(port(34)))
        }
        // Neither TCP over IPv4 nor over IPv6: nothing that could have come to a proxy.
        _ => None,
    };
    let ((source, from), (destination, to)) = ends.ok_or(Malformed)?;
    let ends = Ends { source: SocketAddr::new(source, from), destination: SocketAddr::new(destination, to) };
    Ok(Read::Whole(Header::Proxied(ends)))
}

/// Reads a header from a connection, and not a byte that follows it.
///
/// # Errors
/// When it ends or is none.
pub(crate) async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Header> {
    let mut bytes = Vec::new();
    loop {
        match read(&bytes).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))? {
            Read::Whole(header) => return Ok(header),
            Read::Needs(n) => {
                let at = bytes.len();
                bytes.resize(at + n, 0);
                stream.read_exact(bytes.get_mut(at..).unwrap_or_default()).await?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ends(source: &str, destination: &str) -> Header {
        let at = |text: &str| text.parse().expect(text);
        Header::Proxied(Ends { source: at(source), destination: at(destination) })
    }

    /// A version 2 header.
    fn v2(command: u8, family: u8, addresses: &[u8]) -> Vec<u8> {
        [&SIGNATURE[..], &[0x20 | command, family], &(addresses.len() as u16).to_be_bytes(), addresses].concat()
    }

    fn whole(bytes: &[u8]) -> Result<Header, Malformed> {
        match read(bytes)? {
            Read::Whole(header) => Ok(header),
            Read::Needs(_) => panic!("not whole: {bytes:?}"),
        }
    }

    #[test]
    fn both_versions() {
        let four = [10, 1, 2, 3, 192, 0, 2, 1, 0x30, 0x39, 1, 0xbb];
        let six = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[1], &[0xfd], &[0; 14], &[2], &[0, 9, 0, 80]].concat();
        for (bytes, expected) in [
            (b"PROXY TCP4 10.1.2.3 192.0.2.1 12345 443\r\n".to_vec(), Ok(ends("10.1.2.3:12345", "192.0.2.1:443"))),
            (b"PROXY TCP6 2001:db8::1 fd00::2 9 80\r\n".to_vec(), Ok(ends("[2001:db8::1]:9", "[fd00::2]:80"))),
            (b"PROXY UNKNOWN\r\n".to_vec(), Ok(Header::Own)),
            (b"PROXY UNKNOWN ffff::1 x y z\r\n".to_vec(), Ok(Header::Own)),
            (v2(1, 0x11, &four), Ok(ends("10.1.2.3:12345", "192.0.2.1:443"))),
            (v2(1, 0x11, &[&four[..], &[4, 0, 1, 7]].concat()), Ok(ends("10.1.2.3:12345", "192.0.2.1:443"))),
            (v2(1, 0x21, &six), Ok(ends("[2001:db8::1]:9", "[fd00::2]:80"))),
            (v2(0, 0, &[]), Ok(Header::Own)),
            (v2(1, 0x11, &four[..11]), Err(Malformed)),
            (v2(1, 0x12, &four), Err(Malformed)),
            (v2(2, 0x11, &four), Err(Malformed)),
            (b"PROXY TCP4 10.1.2.3 192.0.2.1 12345 443\n".to_vec(), Err(Malformed)),
            (b"PROXY TCP4 ::1 192.0.2.1 12345 443\r\n".to_vec(), Err(Malformed)),
            (b"PROXY TCP4 10.1.2.3 192.0.2.1 012 443\r\n".to_vec(), Err(Malformed)),
            (b"PROXY TCP4 10.1.2.3 192.0.2.1 +12 443\r\n".to_vec(), Err(Malformed)),
            (b"PROXY TCP4 10.1.2.3 192.0.2.1 12345 65536\r\n".to_vec(), Err(Malformed)),
            (b"PROXY  TCP4 10.1.2.3 192.0.2.1 12345 443\r\n".to_vec(), Err(Malformed)),
            (b"POST / HTTP/1.1\r\n".to_vec(), Err(Malformed)),
            (b"\x16\x03\x01\x02\x00".to_vec(), Err(Malformed)),
            (format!("PROXY UNKNOWN {}\r\n", "x".repeat(100)).into_bytes(), Err(Malformed)),
        ] {
            assert_eq!(whole(&bytes), expected, "{:?}", String::from_utf8_lossy(&bytes));
        }
    }

    #[tokio::test]
    async fn what_follows_is_left() {
        for header in [b"PROXY TCP4 10.1.2.3 192.0.2.1 12345 443\r\n".to_vec(), v2(0, 0, b"tlv")] {
            let all = [&header[..], b"GET / HTTP/1.1\r\n"].concat();
            let mut stream = &all[..];
            receive(&mut stream).await.expect("a header");
            assert_eq!(stream, b"GET / HTTP/1.1\r\n");
            assert!(receive(&mut &header[..header.len() - 1]).await.is_err());
        }
    }

    proptest! {
        #[test]
        fn no_header_needs_more_than_there_is(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0u8..3) {
            let bytes = match kind {
                0 => bytes,
                1 => [b"PROXY TCP4 ", &bytes[..]].concat(),
                _ => [&SIGNATURE[..], &[0x21, 0x11], &bytes[..]].concat(),
            };
            // Reading only what is asked for ends, within the bounds.
            let mut given = 0;
            while let Some(Ok(Read::Needs(n))) = bytes.get(..given).map(read) {
                prop_assert!(n > 0 && given + n <= V2_HEAD_BYTES + V2_BYTES_MAX);
                given += n;
            }
        }
    }
}
