//! The running gateway: binds the listeners, watches over the sessions, reloads the policy, ends in order.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use chot_config::Settings;
use chot_model::Clock;

use crate::Error;

/// Where lines for the operator go. The gateway itself prints nothing.
pub type Notify = Arc<dyn Fn(&str) + Send + Sync>;

/// A running gateway.
pub struct Gateway {}

/// Addresses in use, with the ports the system chose where the settings said 0.
#[derive(Clone, Debug, Default)]
pub struct Addresses {
    /// Web proxy.
    pub web: Vec<SocketAddr>,
    /// SMTP.
    pub mail: Vec<SocketAddr>,
    /// Admin and console.
    pub admin: Option<SocketAddr>,
}

/// What a reload did.
#[derive(Clone, Debug)]
pub enum Reloaded {
    /// The file is the policy already in force.
    Unchanged {
        /// `sha256:…`.
        policy: String,
    },
    /// A new policy is in force.
    Activated {
        /// `sha256:…`.
        policy: String,
        /// Rendered warnings.
        warnings: Vec<String>,
    },
    /// The file is wrong; the old policy stays in force.
    Rejected {
        /// The policy that stays.
        policy: String,
        /// Rendered problems.
        problems: String,
    },
}

impl Gateway {
    /// Starts everything the settings name.
    ///
    /// # Errors
    /// When a listener, the ledger, the CA or the policy cannot be had.
    pub async fn start(settings: Settings, clock: Arc<dyn Clock>, notify: Notify) -> Result<Self, Error> {
        let _ = (settings, clock, notify);
        unimplemented!()
    }

    /// Addresses in use.
    pub fn addresses(&self) -> &Addresses {
        unimplemented!()
    }

    /// Loads the policy file again, through the same path as the first load. `by` is who asked: `signal`, `control`,
    /// `admin`.
    ///
    /// # Errors
    /// When the change could not be recorded; the old policy stays in force.
    pub async fn reload(&self, by: &str) -> Result<Reloaded, Error> {
        let _ = by;
        unimplemented!()
    }

    /// Stops listening, lets sessions finish what they hold, closes the ledger.
    pub async fn stop(self) {
        unimplemented!()
    }
}

/// Asks the gateway that runs in `data_dir` to reload, over its control socket. Returns the HTTP-like status and the
/// text to print: 200 when done (activated or unchanged), 422 when the policy was rejected.
///
/// # Errors
/// When no gateway answers there.
pub async fn ask_reload(data_dir: &Path) -> std::io::Result<(u16, String)> {
    let _ = data_dir;
    unimplemented!()
}
