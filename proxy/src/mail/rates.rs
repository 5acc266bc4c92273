//! How much one sender may send: sessions at once, mails a minute, recipients a day.
//!
//! A sender is an account, and where nobody said who it is, an address. Counting is by fixed windows of the gateway's
//! own time and is forgotten at a restart; what was sent is in the audit trail. It bounds programs gone wild, and is no
//! detector of leaks in small pieces.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use chot_config::SenderLimits;
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
    Mails,
    Recipients,
    Notices,
}

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    number: u64,
    count: u32,
}

impl Window {
    /// Counts one more, unless that is too much.
    fn take(&mut self, number: u64, most: u32) -> bool {
        if self.number != number {
            *self = Self { number, count: 0 };
        }
        let fits = self.count < most;
        self.count += u32::from(fits);
        fits
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    mails: Window,
    recipients: Window,
    notices: Window,
}

/// The counts of all senders.
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
    pub(super) fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        let count = sessions.entry(address).or_default();
        if self.limits.sessions.is_some_and(|most| *count >= most) {
            return None;
        }
        *count += 1;
        Some(Seat { rates: Arc::clone(self), address })
    }

    /// One more mail.
    pub(super) fn mail(&self, sender: Sender, now_ms: u64) -> Result<(), Enough> {
        let Some(most) = self.limits.mails_per_minute else { return Ok(()) };
        let fits = self.with(sender, now_ms, |counts| counts.mails.take(now_ms / MINUTE_MS, most));
        if fits { Ok(()) } else { Err(Enough::Mails) }
    }

    /// One more recipient.
    pub(super) fn recipient(&self, sender: Sender, now_ms: u64) -> Result<(), Enough> {
        let Some(most) = self.limits.recipients_per_day else { return Ok(()) };
        let fits = self.with(sender, now_ms, |counts| counts.recipients.take(now_ms / DAY_MS, most));
        if fits { Ok(()) } else { Err(Enough::Recipients) }
    }

    /// One more notice to this address.
    pub(super) fn notice(&self, address: Sender, now_ms: u64) -> Result<(), Enough> {
        let fits = self.with(address, now_ms, |counts| counts.notices.take(now_ms / HOUR_MS, NOTICES_PER_HOUR));
        if fits { Ok(()) } else { Err(Enough::Notices) }
    }

    fn with(&self, sender: Sender, now_ms: u64, count: impl FnOnce(&mut Counts) -> bool) -> bool {
        let mut senders = self.senders.lock().unwrap_or_else(PoisonError::into_inner);
        if senders.len() >= SENDERS_MAX && !senders.contains_key(&sender) {
            let (minute, day) = (now_ms / MINUTE_MS, now_ms / DAY_MS);
            senders.retain(|_, counts| counts.mails.number == minute || counts.recipients.number == day);
            // Nobody is forgotten who is still counted: a stranger too many waits.
            if senders.len() >= SENDERS_MAX {
                return false;
            }
        }
        count(senders.entry(sender).or_default())
    }
}

/// A session that is counted.
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

    fn address(n: u8) -> Sender {
        Sender::Address([10, 0, 0, n].into())
    }

    #[test]
    fn windows_fill_and_open_again() {
        let limits = SenderLimits { sessions: Some(2), mails_per_minute: Some(2), recipients_per_day: Some(3) };
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
        let seat = rates.seat(one);
        assert!(seat.is_some() && rates.seat(one).is_none() && rates.seat([10, 0, 0, 2].into()).is_some());
        drop(seat);
        assert!(rates.seat(one).is_some());
        let free = Arc::new(Rates::new(SenderLimits::default()));
        let seats: Vec<_> = (0..100).map(|_| free.seat(one)).collect();
        assert!(seats.iter().all(Option::is_some) && (0..100).all(|_| free.mail(address(1), 0).is_ok()));
    }

    #[test]
    fn strangers_take_no_memory_and_free_nobody() {
        let rates = Rates::new(SenderLimits { mails_per_minute: Some(1), ..SenderLimits::default() });
        for n in 0..SENDERS_MAX as u32 + 10 {
            let fits = rates.mail(Sender::Address(IpAddr::from(n.to_be_bytes())), 0).is_ok();
            assert_eq!(fits, (n as usize) < SENDERS_MAX);
        }
        // The day's window began with the first mail and stays; the minute's is over.
        assert!(rates.mail(Sender::Address([99, 9, 9, 9].into()), DAY_MS + MINUTE_MS).is_ok());
    }
}
