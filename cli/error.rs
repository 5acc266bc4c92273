//! What can go wrong with a command, in words for the person who typed it.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

/// Why a command could not do its work. `Display` tells this level only; [`Error::with_causes`] tells all.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// Standard output is gone. A closed pipe is treated as the end, not as an error.
    #[error("cannot write the output")]
    Output(#[from] io::Error),
    /// A file could not be used.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A settings or policy file is wrong. The text is already rendered with lines and carets.
    #[error("{0}")]
    Wrong(chot_config::Diagnostics),
    /// The gateway could not be started.
    #[error("the gateway cannot start")]
    Gateway(#[from] chot_proxy::Error),
    /// The audit trail could not be read.
    #[error("the audit trail cannot be read")]
    Audit(#[from] chot_audit::Error),
    /// No gateway answers on the control socket.
    #[error("no gateway answers in {}: is it running with this data folder?", dir.display())]
    NoGateway {
        /// Its data folder.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// This process was to be a worker and is none.
    #[error("no worker")]
    Worker(#[source] chot_worker::Error),
    /// This process was to read tickets and cannot.
    #[error("no reader of tickets")]
    Tickets(#[source] chot_proxy::Error),
    /// Anything that needs no cause: the sentence says what to do.
    #[error("{0}")]
    Say(String),
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::File { path, source }
    }

    /// The error and its causes on one line, outermost first.
    pub(crate) fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = self.source();
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_follow_the_error() {
        let error = Error::file("a/b")(io::Error::other("no such luck"));
        assert_eq!(error.with_causes(), "a/b: no such luck");
    }
}
