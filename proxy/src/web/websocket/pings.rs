//! Pings and pongs, which may carry 125 bytes of the client's choice: of these none leaves. A ping goes on under a
//! number of ours and its pong comes back with what the client had asked; a pong goes on with what the server had asked
//! or with nothing.

use std::collections::VecDeque;

/// Pings remembered in each direction. An end may answer only the last of several (RFC 6455 §5.5.3).
const PINGS_MAX: usize = 8;

/// Pings without their pongs.
#[derive(Debug, Default)]
pub(super) struct Pings {
    /// What the client asked, with the number it went on under.
    asked: VecDeque<([u8; 4], Vec<u8>)>,
    next: u32,
    /// What the server asked.
    heard: VecDeque<Vec<u8>>,
}

impl Pings {
    /// The client pings: what goes to the server.
    pub(super) fn ask(&mut self, payload: &[u8]) -> [u8; 4] {
        let number = self.next.to_be_bytes();
        self.next = self.next.wrapping_add(1);
        remember(&mut self.asked, (number, payload.to_vec()));
        number
    }

    /// The server's pong: what goes to the client.
    pub(super) fn answered(&mut self, payload: Vec<u8>) -> Vec<u8> {
        match self.asked.iter().position(|(number, _)| *number == *payload) {
            Some(at) => self.asked.drain(..=at).next_back().map_or(payload, |(_, asked)| asked),
            None => payload,
        }
    }

    /// The server pings.
    pub(super) fn hear(&mut self, payload: &[u8]) {
        remember(&mut self.heard, payload.to_vec());
    }

    /// The client's pong: what goes to the server.
    pub(super) fn answer<'a>(&mut self, payload: &'a [u8]) -> &'a [u8] {
        match self.heard.iter().position(|heard| heard == payload) {
            Some(at) => {
                self.heard.drain(..=at);
                payload
            }
            None => &[],
        }
    }
}

fn remember<T>(list: &mut VecDeque<T>, one: T) {
    if list.len() == PINGS_MAX {
        list.pop_front();
    }
    list.push_back(one);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_gets_back_what_it_asked_and_the_server_sees_none_of_it() {
        let mut pings = Pings::default();
        let (one, two) = (pings.ask(b"001090123456"), pings.ask(b"two"));
        assert!(one != two);
        assert_eq!(pings.answered(two.to_vec()), b"two");
        assert_eq!(pings.answered(one.to_vec()), one, "answered with the later one");
        assert_eq!(pings.answered(b"of its own accord".to_vec()), b"of its own accord");
    }

    #[test]
    fn a_pong_says_only_what_the_server_said() {
        let mut pings = Pings::default();
        pings.hear(b"a");
        pings.hear(b"b");
        for (said, goes) in [(&b"001090123456"[..], &b""[..]), (b"b", b"b"), (b"a", b""), (b"b", b"")] {
            assert_eq!(pings.answer(said), goes, "{said:?}");
        }
        (0..1_000u32).for_each(|n| pings.hear(&n.to_be_bytes()));
        (0..1_000u32).for_each(|n| assert!(pings.ask(&n.to_be_bytes()) != [0xff; 4]));
        assert_eq!((pings.heard.len(), pings.asked.len()), (PINGS_MAX, PINGS_MAX));
    }
}
