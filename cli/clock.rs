//! The wall clock, handed to every room that needs the time. The one place that reads it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use chot_model::{Clock, Timestamp};

/// The system's clock.
#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock that is injected everywhere else")]
    fn now(&self) -> Timestamp {
        // A clock before 1970 is a broken clock; `doctor` says so.
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_unix_us(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
    }
}

/// The clock.
pub(crate) fn system() -> Arc<dyn Clock> {
    Arc::new(SystemClock)
}

/// The year now, which bounds plausible birth years.
pub(crate) fn this_year() -> u16 {
    system().now().date().0
}
