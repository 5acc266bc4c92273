//! How many connections one client may have: one that is broken, or means harm, must leave some for the others.
//!
//! A client is an IPv4 address, and of an IPv6 address the network of 64 bits, out of which one machine may take as many
//! as it likes (RFC 4941). What is done on a connection is not counted.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError};

/// The connections there are, by client. No more than all connections together, so it needs no bound of its own.
#[derive(Debug)]
pub(super) struct Seats {
    most: usize,
    taken: Mutex<HashMap<IpAddr, usize>>,
}

impl Seats {
    /// So many for each client, at least one.
    pub(super) fn new(most: usize) -> Self {
        Self { most: most.max(1), taken: Mutex::default() }
    }

    /// A seat for one more connection of this client, until it is dropped.
    pub(super) fn take(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let client = client(address);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let n = taken.entry(client).or_default();
        if *n >= self.most {
            return None;
        }
        *n += 1;
        Some(Seat { seats: Arc::clone(self), client })
    }
}

/// One connection that is counted.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Arc<Seats>,
    client: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = taken.get_mut(&self.client) {
            *n -= 1;
            if *n == 0 {
                taken.remove(&self.client);
            }
        }
    }
}

fn client(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_leaves_seats_for_others() {
        let seats = Arc::new(Seats::new(2));
        let at = |text: &str| -> IpAddr { text.parse().expect(text) };
        let (a, b) = (at("10.0.0.1"), at("10.0.0.2"));
        let mut held = vec![seats.take(a), seats.take(a)];
        assert!(held.iter().all(Option::is_some) && seats.take(a).is_none() && seats.take(b).is_some());
        held.pop();
        assert!(seats.take(a).is_some());
        let _x = (seats.take(at("2001:db8::1")), seats.take(at("2001:db8::2")));
        assert!(seats.take(at("2001:db8::3")).is_none() && seats.take(at("2001:db8:0:1::3")).is_some());
        drop(held);
        assert_eq!(seats.taken.lock().expect("whole").len(), 1, "who left is forgotten");
    }
}
