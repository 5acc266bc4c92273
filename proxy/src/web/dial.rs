//! One TCP connection to the first of several addresses that answers (RFC 8305), from the address the settings choose.
//!
//! The addresses were judged before; none is resolved here.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::AsFd;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use super::refusal::Why;

/// Time for all addresses together; a SYN is repeated after 1 and 3 s.
const DIAL_SECONDS: u64 = 10;
/// How long an address is waited for before the next is tried beside it (RFC 8305 §5).
const NEXT_MS: u64 = 250;
/// Silence after which a peer is asked whether it is still there; NAT tables forget connections after minutes.
const KEEPALIVE_SECONDS: u64 = 60;

/// The addresses of ours that connections leave from; the system chooses where there is none.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Egress {
    v4: Option<IpAddr>,
    v6: Option<IpAddr>,
}

impl Egress {
    /// The first of each family counts.
    pub(crate) fn new(addresses: &[IpAddr]) -> Self {
        let first = |is_v6: bool| addresses.iter().copied().find(|address| address.is_ipv6() == is_v6);
        Self { v4: first(false), v6: first(true) }
    }

    async fn connect(self, to: SocketAddr) -> std::io::Result<TcpStream> {
        let (socket, from) = match to {
            SocketAddr::V4(_) => (TcpSocket::new_v4()?, self.v4),
            SocketAddr::V6(_) => (TcpSocket::new_v6()?, self.v6),
        };
        if let Some(from) = from {
            socket.bind(SocketAddr::new(from, 0))?;
        }
        socket.connect(to).await
    }
}

/// Connects to the first address that accepts. Families take turns, and one that is slow does not hold up the next.
pub(crate) async fn dial(addresses: &[SocketAddr], egress: Egress) -> Result<TcpStream, Why> {
    let racing = async {
        let mut waiting = in_turn(addresses).into_iter();
        let mut tries = JoinSet::new();
        // The first nearly always answers, and then needs no task of its own.
        if let Some(address) = waiting.next() {
            let mut first = Box::pin(egress.connect(address));
            match tokio::time::timeout(patience(&waiting), &mut first).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(_)) => {}
                Err(_) => drop(tries.spawn(first)),
            }
        }
        loop {
            if let Some(address) = waiting.next() {
                tries.spawn(egress.connect(address));
            } else if tries.is_empty() {
                return Err(Why::Unreachable);
            }
            // One that failed ends the waiting for it: the next need not wait.
            if let Ok(Some(Ok(Ok(stream)))) = tokio::time::timeout(patience(&waiting), tries.join_next()).await {
                return Ok(stream);
            }
        }
    };
    let stream = tokio::time::timeout(Duration::from_secs(DIAL_SECONDS), racing).await;
    let stream = stream.map_err(|_| Why::UpstreamTimeout)??;
    tune(&stream);
    Ok(stream)
}

/// How long an attempt is waited for that has `others` behind it.
fn patience(others: &impl ExactSizeIterator) -> Duration {
    if others.len() == 0 { Duration::from_secs(DIAL_SECONDS) } else { Duration::from_millis(NEXT_MS) }
}

/// The addresses with families alternating, the resolver's first choice first (RFC 8305 §4).
fn in_turn(addresses: &[SocketAddr]) -> Vec<SocketAddr> {
    let first_is_v6 = addresses.first().is_some_and(SocketAddr::is_ipv6);
    let mut first = addresses.iter().filter(|address| address.is_ipv6() == first_is_v6);
    let mut second = addresses.iter().filter(|address| address.is_ipv6() != first_is_v6);
    let mut turns = Vec::with_capacity(addresses.len());
    while turns.len() < addresses.len() {
        turns.extend(first.next().into_iter().chain(second.next()).copied());
    }
    turns
}

/// Sets what every connection of ours wants: small writes go out at once (messages are written whole), and a peer that
/// vanished is noticed even where nothing is sent. Connections that a listener accepts have it from the listener.
pub(crate) fn tune(socket: &impl AsFd) {
    let socket = SockRef::from(socket);
    let keepalive = TcpKeepalive::new()
        .with_time(Duration::from_secs(KEEPALIVE_SECONDS))
        .with_interval(Duration::from_secs(KEEPALIVE_SECONDS / 4));
    // A socket that cannot be tuned still works.
    let _ = socket.set_tcp_nodelay(true);
    let _ = socket.set_tcp_keepalive(&keepalive);
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn families_take_turns() {
        let at = |text: &str| -> SocketAddr { text.parse().expect(text) };
        let (a, b, c) = (at("192.0.2.1:1"), at("192.0.2.2:1"), at("192.0.2.3:1"));
        let (x, y) = (at("[2001:db8::1]:1"), at("[2001:db8::2]:1"));
        for (found, expected) in [
            (vec![x, y, a, b, c], vec![x, a, y, b, c]),
            (vec![a, b, c, x], vec![a, x, b, c]),
            (vec![a, b], vec![a, b]),
            (vec![], vec![]),
        ] {
            assert_eq!(in_turn(&found), expected);
        }
    }

    #[tokio::test]
    async fn an_address_where_nobody_answers_holds_up_nobody() {
        let open = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let refusing = {
            let closed = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            closed.local_addr().expect("an address")
        };
        // A full queue answers no SYN: the address is silent.
        let silent = TcpSocket::new_v4().expect("a socket");
        silent.bind("127.0.0.1:0".parse().expect("an address")).expect("bound");
        let silent = silent.listen(1).expect("listening");
        let silent_at = silent.local_addr().expect("an address");
        let mut queue = Vec::new();
        for _ in 0..4 {
            let connecting = tokio::time::timeout(Duration::from_millis(50), TcpStream::connect(silent_at)).await;
            queue.extend(connecting.ok().and_then(Result::ok));
        }
        let address = open.local_addr().expect("an address");
        for addresses in
            [vec![address], vec![refusing, address], vec![silent_at, address], vec![silent_at, refusing, address]]
        {
            let stream = dial(&addresses, Egress::default()).await.expect("connected");
            assert_eq!(stream.peer_addr().expect("a peer"), address);
        }
        assert!(matches!(dial(&[refusing], Egress::default()).await, Err(Why::Unreachable)));
        assert!(matches!(dial(&[], Egress::default()).await, Err(Why::Unreachable)));
    }

    #[tokio::test]
    async fn what_a_listener_accepts_is_tuned() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        tune(&listener);
        let near = TcpStream::connect(listener.local_addr().expect("an address")).await.expect("connected");
        let (far, _) = listener.accept().await.expect("accepted");
        assert!(!near.nodelay().expect("known") && far.nodelay().expect("known"));
        let far = SockRef::from(&far);
        assert!(far.keepalive().expect("known"));
        assert_eq!(far.tcp_keepalive_time().expect("known"), Duration::from_secs(KEEPALIVE_SECONDS));
    }

    #[tokio::test]
    async fn connections_leave_from_the_address_chosen() {
        let open = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let egress = Egress::new(&["::1".parse().expect("v6"), "127.0.0.9".parse().expect("v4")]);
        let stream = dial(&[open.local_addr().expect("an address")], egress).await.expect("connected");
        assert_eq!(stream.local_addr().expect("an address").ip().to_string(), "127.0.0.9");
    }
}
