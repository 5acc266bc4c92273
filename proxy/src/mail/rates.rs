//! How much one sender may send: sessions at once; sessions begun, mails and recipients a minute and a day.
//!
//! A sender is an account, and where nobody said who it is, an address. Counting is by fixed windows of the gateway's
//! own time and is forgotten at a restart; what was sent is in the audit trail. It bounds programs gone wild, and is no
//! detector of leaks in small pieces.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chot_config::{Rate, SenderLimits};
use chot_model::Account;

/// Senders remembered at once; beyond it those whose windows are over are forgotten first.
const SENDERS_MAX: usize = 16_384;
const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;
/// Most notices to one address: somebody whose every mail is held knows by then.
const NOTICES_PER_HOUR: u32 = 10;
const DAY_MS: u64 = 24 * 3_600_000;

/// Who is counted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Sender {
    Account(String),
    Address(IpAddr),
}

impl Sender {
    pub(super) fn of(account: Option<&Account>, address: IpAddr) -> Self {
        account.map_or(Self::Address(address), |account| Self::Account(account.name.to_lowercase()))
    }
}

/// What a sender has had enough of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Enough {
    Sessions,
    Connections,
    Mails,
    Recipients,
    Notices,
}

impl Enough {
    /// The reason id in the record.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::Sessions => "sender-sessions",
            Self::Connections => "sender-connections",
            Self::Mails => "sender-mails",
            Self::Recipients => "sender-recipients",
            Self::Notices => "sender-notices",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    number: u64,
    count: u32,
}

impl Window {
    /// Whether one more is not too much.
    fn fits(&mut self, number: u64, most: u32) -> bool {
        if self.number != number {
            *self = Self { number, count: 0 };
        }
        self.count < most
    }

    /// Counts one more, unless that is too much.
    fn take(&mut self, number: u64, most: u32) -> bool {
        let fits = self.fits(number, most);
        self.count += u32::from(fits);
        fits
    }
}

/// The same thing, counted by the minute and by the day.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    minute: Window,
    day: Window,
}

impl Tally {
    /// Counts one more in both, unless that is too much in either.
    fn take(&mut self, now_ms: u64, most: Rate) -> bool {
        let [per_minute, per_day] = [most.per_minute, most.per_day].map(|most| most.unwrap_or(u32::MAX));
        self.minute.fits(now_ms / MINUTE_MS, per_minute)
            && self.day.take(now_ms / DAY_MS, per_day)
            && self.minute.take(now_ms / MINUTE_MS, per_minute)
    }

    fn is_open(&self, now_ms: u64) -> bool {
        self.minute.number == now_ms / MINUTE_MS || self.day.number == now_ms / DAY_MS
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    connections: Tally,
    mails: Tally,
    recipients: Tally,
    notices: Window,
}

impl Counts {
    /// Whether any of its windows is not over.
    fn is_open(&self, now_ms: u64) -> bool {
        [self.connections, self.mails, self.recipients].iter().any(|tally| tally.is_open(now_ms))
            || self.notices.number == now_ms / HOUR_MS
    }
}

/// The counts of all senders.
#[derive(Debug)]
pub(super) struct Rates {
    limits: SenderLimits,
    sessions: Mutex<HashMap<IpAddr, u32>>,
    senders: Mutex<HashMap<Sender, Counts>>,
}

impl Rates {
    pub(super) fn new(limits: SenderLimits) -> Self {
        Self { limits, sessions: Mutex::default(), senders: Mutex::default() }
    }

    /// A seat for one more session of this address, until it is dropped.
    pub(super) fn seat(self: &Arc<Self>, address: IpAddr, now_ms: u64) -> Result<Seat, Enough> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sessions.get(&address).copied().unwrap_or_default();
        if self.limits.sessions.is_some_and(|most| count >= most) {
            return Err(Enough::Sessions);
        }
        let most = self.limits.connections;
        if !self.count(Sender::Address(address), now_ms, most, |counts| &mut counts.connections) {
            return Err(Enough::Connections);
        }
        sessions.insert(address, count + 1);
        Ok(Seat { rates: Arc::clone(self), address })
    }

    /// One more mail.
    pub(super) fn mail(&self, sender: Sender, now_ms: u64) -> Result<(), Enough> {
        let fits = self.count(sender, now_ms, self.limits.mails, |counts| &mut counts.mails);
        if fits { Ok(()) } else { Err(Enough::Mails) }
    }

    /// One more recipient.
    pub(super) fn recipient(&self, sender: Sender, now_ms: u64) -> Result<(), Enough> {
        let fits = self.count(sender, now_ms, self.limits.recipients, |counts| &mut counts.recipients);
        if fits { Ok(()) } else { Err(Enough::Recipients) }
    }

    /// One more notice to this address.
    pub(super) fn notice(&self, address: Sender, now_ms: u64) -> Result<(), Enough> {
        let fits = self.with(address, now_ms, |counts| counts.notices.take(now_ms / HOUR_MS, NOTICES_PER_HOUR));
        if fits { Ok(()) } else { Err(Enough::Notices) }
    }

    /// Counts one more, where it is bounded at all.
    fn count(&self, sender: Sender, now_ms: u64, most: Rate, tally: impl FnOnce(&mut Counts) -> &mut Tally) -> bool {
        most == Rate::default() || self.with(sender, now_ms, |counts| tally(counts).take(now_ms, most))
    }

    fn with(&self, sender: Sender, now_ms: u64, count: impl FnOnce(&mut Counts) -> bool) -> bool {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= SENDERS_MAX && !senders.contains_key(&sender) {
            senders.retain(|_, counts| counts.is_open(now_ms));
            // Nobody is forgotten who is still counted: a stranger too many waits.
            if senders.len() >= SENDERS_MAX {
                return false;
            }
        }
        count(senders.entry(sender).or_default())
    }
}

/// A session that is counted.
#[derive(Debug)]
pub(super) struct Seat {
    rates: Arc<Rates>,
    address: IpAddr,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut sessions = self.rates.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = sessions.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                sessions.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(per_minute: Option<u32>, per_day: Option<u32>) -> Rate {
        Rate { per_minute, per_day }
    }

    fn address(n: u8) -> Sender {
        Sender::Address([10, 0, 0, n].into())
    }

    #[test]
    fn windows_fill_and_open_again() {
        let limits =
            SenderLimits { mails: each(Some(2), Some(5)), recipients: each(None, Some(3)), ..SenderLimits::default() };
        let rates = Rates::new(limits);
        for (now_ms, sender, fits) in [
            (0, 1, true),
            (1, 1, true),
            (2, 1, false),
            (2, 2, true),
            (59_999, 1, false),
            (60_000, 1, true),
            (60_001, 1, true),
            (60_002, 1, false),
            (120_000, 1, true),
            (120_001, 1, false),
            (DAY_MS, 1, true),
        ] {
            assert_eq!(rates.mail(address(sender), now_ms).is_ok(), fits, "{now_ms} {sender}");
        }
        let recipients: Vec<_> = (0..5).map(|n| rates.recipient(address(1), n * 1_000).is_ok()).collect();
        assert_eq!(recipients, [true, true, true, false, false]);
        assert_eq!(rates.recipient(address(1), DAY_MS), Ok(()));
        let account = |name: &str| Account::new(name, chot_model::AccountSource::SmtpAuth);
        let of = |name: &str| Sender::of(Some(&account(name)), [10, 0, 0, 1].into());
        assert_eq!(of("An.Nguyen"), of("an.nguyen"));
    }

    #[test]
    fn sessions_are_given_back() {
        let rates = Arc::new(Rates::new(SenderLimits { sessions: Some(1), ..SenderLimits::default() }));
        let one = [10, 0, 0, 1].into();
        let seat = rates.seat(one, 0);
        assert!(seat.is_ok() && rates.seat([10, 0, 0, 2].into(), 0).is_ok());
        assert_eq!(rates.seat(one, 0).err(), Some(Enough::Sessions));
        drop(seat);
        assert!(rates.seat(one, 0).is_ok());
        let free = Arc::new(Rates::new(SenderLimits::default()));
        let seats: Vec<_> = (0..100).map(|_| free.seat(one, 0)).collect();
        assert!(seats.iter().all(Result::is_ok) && (0..100).all(|_| free.mail(address(1), 0).is_ok()));
        // Who begins them too fast is told so, and has not taken a seat.
        let connections = each(Some(2), None);
        let rates = Arc::new(Rates::new(SenderLimits { sessions: Some(2), connections, ..SenderLimits::default() }));
        assert!(rates.seat(one, 0).is_ok() && rates.seat(one, 1).is_ok());
        assert_eq!(rates.seat(one, 2).err(), Some(Enough::Connections));
        let seats = [rates.seat(one, MINUTE_MS), rates.seat(one, MINUTE_MS)];
        assert!(seats.iter().all(Result::is_ok));
    }

    #[test]
    fn strangers_take_no_memory_and_free_nobody() {
        let rates = Rates::new(SenderLimits { mails: each(Some(1), None), ..SenderLimits::default() });
        for n in 0..SENDERS_MAX as u32 + 10 {
            let fits = rates.mail(Sender::Address(IpAddr::from(n.to_be_bytes())), 0).is_ok();
            assert_eq!(fits, (n as usize) < SENDERS_MAX);
        }
        // Windows are over when another day begins.
        assert!(rates.mail(Sender::Address([99, 9, 9, 9].into()), DAY_MS + MINUTE_MS).is_ok());
    }
}
