//! Listening sockets that whoever started us has opened already (systemd's `sd_listen_fds`): they stay open while the
//! program is replaced, so nobody is refused meanwhile.
//!
//! A socket is used for the listener of the settings that has its address. None is handed on.

use std::net::{SocketAddr, TcpListener};

use listenfd::ListenFd;
use rustix::io::{FdFlags, fcntl_setfd};

/// Sockets that were passed and not used yet.
#[derive(Default)]
pub(crate) struct Passed(Vec<(SocketAddr, TcpListener)>);

impl Passed {
    /// Takes what was passed to this process.
    pub(crate) fn take_all() -> std::io::Result<Self> {
        let mut passed = ListenFd::from_env();
        let mut all = Vec::new();
        for at in 0..passed.len() {
            if let Some(listener) = passed.take_tcp_listener(at)? {
                // Workers are started from here, and must not hold it.
                fcntl_setfd(&listener, FdFlags::CLOEXEC)?;
                listener.set_nonblocking(true)?;
                all.push((listener.local_addr()?, listener));
            }
        }
        Ok(Self(all))
    }

    /// The socket for this address, where one was passed.
    pub(crate) fn take(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let at = self.0.iter().position(|(of, _)| *of == address)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Addresses of sockets that no setting named.
    pub(crate) fn left(&self) -> Vec<SocketAddr> {
        self.0.iter().map(|(address, _)| *address).collect()
    }
}
