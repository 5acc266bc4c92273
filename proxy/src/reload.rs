//! What a running gateway reads again when it is asked to: the policy, the list of what is not decrypted, the accounts.
//!
//! Every change is on record before it counts, and a file that is wrong changes nothing. The settings file itself is read
//! at the start only.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use chot_audit::Event;
use chot_config::{Bypass, Diagnostics, IdentitySettings, Policy, Settings};
use tokio::sync::Mutex;

use crate::gate::Gate;
use crate::gateway::Notify;
use crate::identity::Identity;
use crate::{Error, apps};

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

/// What reload needs, shared with the admin listener.
pub(crate) struct Core {
    pub(crate) gate: Gate,
    pub(crate) policy_file: Option<PathBuf>,
    pub(crate) bypass_file: BypassFile,
    pub(crate) accounts: Accounts,
    /// One reload at a time: records and activation must not interleave.
    pub(crate) reloading: Mutex<()>,
    pub(crate) notify: Notify,
}

/// Reads and checks the policy the settings name; without a file, the embedded one.
pub(crate) fn load_policy(file: Option<&Path>) -> Result<(Policy, Diagnostics), String> {
    let known = chot_config::Known { apps: apps::NAMES };
    let Some(path) = file else {
        return Ok((Policy::embedded(known), Diagnostics::default()));
    };
    let name = path.display().to_string();
    let bytes = std::fs::read(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = chot_config::text_of(&bytes, &name, true).map_err(|problem| problem.to_string())?;
    Policy::check(text, &name, known).map_err(|problems| problems.to_string())
}

impl Core {
    /// Reads the list of what is not decrypted again. Tells what there is to tell, or what is wrong.
    pub(crate) async fn reload_bypass(&self, by: &str) -> Result<Option<String>, String> {
        let _one = self.reloading.lock().await;
        let (bypass, _) = self.bypass_file.load()?;
        if bypass == *self.gate.bypass() {
            return Ok(None);
        }
        let recorded = self.gate.ledger().event(bypass_activated(&bypass, by)).await;
        recorded.map_err(|error| format!("the change cannot be recorded: {error}"))?;
        let told = format!("không giải mã · not decrypted: {} entries", bypass.entries().len());
        self.gate.set_bypass(Arc::new(bypass));
        Ok(Some(told))
    }

    /// Reads the files of users, of addresses, with the directory's password and with the key for tickets again. What was remembered of passwords is
    /// forgotten, whether or not a file changed: an account may have been closed in the directory. Tunnels that are open
    /// stay with whoever opened them.
    pub(crate) async fn reload_accounts(&self, by: &str) -> Result<Option<String>, String> {
        let _one = self.reloading.lock().await;
        if self.accounts.are_none() {
            return Ok(None);
        }
        let accounts = self.accounts.clone();
        let loaded = tokio::task::spawn_blocking(move || accounts.load()).await;
        let mut identity = match loaded {
            Ok(loaded) => loaded.map_err(|error| error.to_string())?,
            Err(_) => return Err("the accounts could not be read".to_owned()),
        };
        if let Some(before) = self.gate.identity() {
            identity.inherit(&before);
        }
        let told = format!("{} users, {} addresses", identity.users(), identity.addresses());
        let what = format!("accounts read again, by {by}: {told}");
        let recorded = self.gate.ledger().event(Event::Admin { what }).await;
        recorded.map_err(|error| format!("the change cannot be recorded: {error}"))?;
        self.gate.set_identity(Arc::new(identity));
        Ok(Some(format!("tài khoản · accounts: {told}")))
    }

    pub(crate) async fn reload(&self, by: &str) -> Result<Reloaded, Error> {
        let _one = self.reloading.lock().await;
        let file = self.policy_file.clone();
        let loaded = tokio::task::spawn_blocking(move || load_policy(file.as_deref())).await;
        let in_force = self.gate.policy().version().to_string();
        let ledger = self.gate.ledger();
        match loaded.unwrap_or_else(|_| Err("loading the policy failed".to_owned())) {
            Err(problems) => {
                // A problem quotes its line of the file, which may be an example message with numbers in it.
                let masked = |line| self.gate.inspector().mask(line).as_str().to_owned();
                let lines = problems.lines().map(masked).collect();
                ledger.event(Event::PolicyRejected { problems: lines, by: by.to_owned() }).await?;
                (self.notify)(&format!("policy rejected, {in_force} stays in force\n{problems}"));
                Ok(Reloaded::Rejected { policy: in_force, problems })
            }
            Ok((policy, _)) if policy.version().to_string() == in_force => Ok(Reloaded::Unchanged { policy: in_force }),
            Ok((policy, warnings)) => {
                // Recorded before its first use: no decision can name a policy the ledger has not seen.
                ledger.event(activated(&policy, by)).await?;
                let version = policy.version().to_string();
                self.gate.set_policy(Arc::new(policy));
                (self.notify)(&format!("policy {version} is in force"));
                let warnings = if warnings.list.is_empty() { Vec::new() } else { vec![warnings.to_string()] };
                Ok(Reloaded::Activated { policy: version, warnings })
            }
        }
    }
}

/// What tells who is who.
#[derive(Clone)]
pub(crate) struct Accounts {
    settings: IdentitySettings,
    extra_roots: Vec<PathBuf>,
}

impl Accounts {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self { settings: settings.identity.clone(), extra_roots: settings.tls.extra_roots.clone() }
    }

    pub(crate) fn load(&self) -> Result<Identity, Error> {
        Identity::new(&self.settings, &self.extra_roots)
    }

    /// No file is named, so none can have changed.
    const fn are_none(&self) -> bool {
        let IdentitySettings { users, addresses, directory, kerberos, required: _, remember_s: _ } = &self.settings;
        users.is_none() && addresses.is_none() && directory.is_none() && kerberos.is_none()
    }
}

/// Where the list of what is not decrypted lies.
pub(crate) struct BypassFile {
    path: PathBuf,
}

impl BypassFile {
    pub(crate) fn of(settings: &Settings) -> Self {
        let path = settings.web.bypass.clone().unwrap_or_else(|| settings.data_dir.join("bypass.toml"));
        Self { path }
    }

    /// Reads and checks it; the second value says whether there is one. Where there is none, everything is read.
    pub(crate) fn load(&self) -> Result<(Bypass, bool), String> {
        let name = self.path.display().to_string();
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Bypass::default(), false)),
            Err(error) => return Err(format!("{name}: cannot be read: {error}")),
        };
        let text = chot_config::text_of(&bytes, &name, true).map_err(|problem| problem.to_string())?;
        let (bypass, _) = Bypass::check(text, &self.path).map_err(|problems| problems.to_string())?;
        Ok((bypass, true))
    }
}

pub(crate) fn bypass_activated(bypass: &Bypass, by: &str) -> Event {
    let places: Vec<_> =
        bypass.entries().iter().map(|entry| format!("{} ({})", entry.places.join(" "), entry.until)).collect();
    Event::Admin { what: format!("not decrypted from now on, by {by}: {}", places.join(", ")) }
}

pub(crate) fn activated(policy: &Policy, by: &str) -> Event {
    Event::PolicyActivated {
        policy: policy.version().to_string(),
        policy_id: policy.id().to_owned(),
        by: by.to_owned(),
    }
}

/// Files that the settings name, that commands make and that are not there yet: what to do, for the operator. Without
/// them nobody logs on and everything is read, so nothing is let through by it.
pub fn absent(settings: &Settings) -> Vec<String> {
    let named =
        [(&settings.identity.users, "chot user add TÊN · NAME"), (&settings.web.bypass, "chot bypass accept …")];
    let is_absent = |file: &Path| matches!(file.try_exists(), Ok(false));
    named
        .into_iter()
        .filter_map(|(file, command)| Some((file.as_deref().filter(|file| is_absent(file))?, command)))
        .map(|(file, command)| format!("{}: chưa có, tạo bằng · not there yet, made by: {command}", file.display()))
        .collect()
}
