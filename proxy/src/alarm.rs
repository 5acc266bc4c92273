//! What an operator is told though nobody asks: that nothing can be recorded, or that nobody can be let in. Those who
//! are refused are told by their answers; whoever reads the journal would else see nothing.
//!
//! It says when a trouble begins, now and then while it lasts, and when it is over.

use std::time::Duration;

use chot_audit::Health;

use crate::drain::Session;
use crate::gate::Gate;
use crate::gateway::Notify;

/// How often is looked.
const LOOK_S: u64 = 5;
/// A trouble that lasts is told again after so many looks.
const AGAIN_LOOKS: u32 = 120;
/// It is over when it was not seen for so many looks.
const OVER_LOOKS: u32 = 12;

const UNDECIDED: &str = "không giữ được nội dung hoặc không ghi được quyết định nên không gửi gì đi · messages cannot be \
                         held or recorded, so they do not leave";
const UNACCEPTED: &str = "không nhận được kết nối mới · connections cannot be accepted";
const CROWDED: &str = "đã đủ số kết nối, máy mới phải chờ hoặc bị trả lời 503 · as many connections as there may be are open, others \
                       wait or are answered 503";

/// Looks until draining begins.
pub(crate) async fn watch(gate: Gate, notify: Notify, mut session: Session) {
    let mut ticks = tokio::time::interval(Duration::from_secs(LOOK_S));
    let (mut undecided, mut unaccepted, mut crowded) = (Trouble::default(), Trouble::default(), Trouble::default());
    loop {
        tokio::select! {
            () = session.drained() => return,
            _ = ticks.tick() => {}
        }
        let (health, counts) = (gate.ledger().health(), gate.counts());
        let seen = [
            (undecided.look(counts.failed(), !health.is_writable()), UNDECIDED, why(health)),
            (unaccepted.look(counts.unaccepted(), false), UNACCEPTED, "hết số tệp được mở · out of file descriptors"),
            (crowded.look(counts.crowded(), false), CROWDED, "LimitNOFILE"),
        ];
        for (said, what, why) in seen {
            match said {
                Some(Said::Now) => notify(&format!("! {what} ({why})")),
                Some(Said::Over) => notify(&format!("đã hết · over: {what}")),
                None => {}
            }
        }
    }
}

const fn why(health: Health) -> &'static str {
    match health {
        Health::NoSpace => "đĩa gần đầy · the disk is nearly full",
        Health::Closed => "sổ đã đóng, phải khởi động lại · the ledger is closed, restart",
        Health::Failing => "không ghi được đĩa · the disk cannot be written",
        Health::Good | Health::LowSpace => "xem · see: chot doctor",
    }
}

/// One sort of trouble, known by a count that grows with it.
#[derive(Debug, Default)]
struct Trouble {
    counted: u64,
    /// Looks since it was last told; `None` when there is none.
    told: Option<u32>,
    /// Looks since it was last seen.
    quiet: u32,
}

/// What there is to say of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Now,
    Over,
}

impl Trouble {
    fn look(&mut self, count: u64, is_there: bool) -> Option<Said> {
        let is_seen = is_there || count > self.counted;
        self.counted = count;
        self.quiet = if is_seen { 0 } else { self.quiet.saturating_add(1) };
        match self.told {
            None if is_seen => {
                self.told = Some(0);
                Some(Said::Now)
            }
            None => None,
            Some(_) if self.quiet >= OVER_LOOKS => {
                self.told = None;
                Some(Said::Over)
            }
            Some(looks) if is_seen && looks + 1 >= AGAIN_LOOKS => {
                self.told = Some(0);
                Some(Said::Now)
            }
            Some(looks) => {
                self.told = Some(looks + 1);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_is_told_when_it_begins_now_and_then_and_when_it_is_over() {
        let mut trouble = Trouble::default();
        assert_eq!(trouble.look(0, false), None);
        // Not so long that it were told a third time.
        let count = 2 * u64::from(AGAIN_LOOKS - OVER_LOOKS);
        let lasting: Vec<_> = (1..=count).map(|n| trouble.look(n, false)).collect();
        assert_eq!(lasting.iter().flatten().collect::<Vec<_>>(), [&Said::Now; 2]);
        assert_eq!(lasting[0], Some(Said::Now));
        // Seen now and then, it is not over.
        for n in 0..OVER_LOOKS {
            assert_eq!(trouble.look(count, n == OVER_LOOKS / 2), None);
        }
        let quiet: Vec<_> = (0..2 * OVER_LOOKS).filter_map(|_| trouble.look(count, false)).collect();
        assert_eq!(quiet, [Said::Over]);
        assert_eq!(trouble.look(count, true), Some(Said::Now));
    }
}
