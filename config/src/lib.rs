//! Settings and policy: draft → checked → running; `judge(inspection, policy) → verdict`. Pure.
//!
//! It opens no file, no socket and no clock: callers hand in the text of a file and get either something that cannot
//! be wrong or everything that is wrong with it, with line and column.

mod bypass;
mod diagnostic;
mod draft;
mod host;
mod judge;
mod network;
mod policy;
mod schema;
mod settings;

pub use bypass::{Bypass, BypassEntry};
pub use diagnostic::{CODES, Diagnostic, Diagnostics, text_of};
pub use judge::{UNREAD, judge};
pub use network::{Network, NotANetwork};
pub use policy::{Contact, Gap, Known, Policy, PolicyTest};
pub use settings::{
    AllowedTarget, AuditSettings, ClientTls, Direct, DirectoryServer, DirectorySettings, DkimKey, IdentitySettings,
    InspectSettings, KerberosSettings, MailSettings, MilterQuarantine, NextHopTls, NotifySenders, Parents, Ports,
    QuarantineReply, Rate, SenderLimits, Settings, TlsSettings, WebSettings,
};
