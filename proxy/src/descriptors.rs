//! File descriptors: how many connections this process can hold and still open what it needs, such as the next segment
//! of the ledger.

use rustix::process::{Resource, getrlimit, setrlimit};

/// What a connection takes: its own, a server's, and the spool files of a body as it came and as decoded.
const PER_CONNECTION: u64 = 4;
/// Web and mail.
const CHANNELS: u64 = 2;

/// Raises the limit as far as the system lets us: the usual 1,024 are a few hundred connections.
pub(crate) fn raise() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it cannot be raised, fewer connections are taken.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// How many connections a channel may hold at once, `most` at most.
pub(crate) fn connections(most: usize) -> usize {
    within(getrlimit(Resource::Nofile).current, most)
}

fn within(descriptors: Option<u64>, most: usize) -> usize {
    let share = descriptors.map_or(u64::MAX, |all| all / (CHANNELS * PER_CONNECTION));
    most.min(usize::try_from(share).unwrap_or(most)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        for (descriptors, most, expected) in
            [(Some(1_024), 20_000, 128), (Some(524_288), 20_000, 20_000), (None, 20_000, 20_000), (Some(4), 9, 1)]
        {
            assert_eq!(within(descriptors, most), expected, "{descriptors:?}");
        }
    }
}
