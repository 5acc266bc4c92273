//! A thread that speaks with many who are mostly silent: a runtime of its own, in which nothing moves to another thread.
//!
//! Where several threads share a runtime, one waits for the network and another is woken for what came, and looks for
//! more before it sleeps again; for a line of SMTP that is most of the work. Whatever takes long still goes to threads
//! of its own (`spawn_blocking`): here it would hold up everybody.

use std::io;
use std::net::SocketAddr;
use std::thread::JoinHandle;

use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;

use crate::Error;

/// The thread. Dropping it ends what still runs there.
#[derive(Debug)]
pub(crate) struct Reactor {
    handle: Handle,
    end: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Reactor {
    /// Starts the thread.
    pub(crate) fn start(name: &'static str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().thread_name(name).build()?;
        let handle = runtime.handle().clone();
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            // An error is the other end being dropped, which says the same.
            let _ = runtime.block_on(ended);
            runtime.shutdown_background();
        })?;
        Ok(Self { handle, end, thread })
    }

    /// Where to spawn.
    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// The listener, waited for on this thread.
    pub(crate) fn adopt(&self, listener: TcpListener, address: SocketAddr) -> Result<TcpListener, Error> {
        let _context = self.handle.enter();
        let adopted = listener.into_std().and_then(TcpListener::from_std);
        adopted.map_err(|source| Error::Listen { address: address.to_string(), source })
    }

    /// The same of a socket file.
    pub(crate) fn adopt_file(&self, listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        let _context = self.handle.enter();
        UnixListener::from_std(listener)
    }

    /// Ends what still runs, and waits until it has.
    pub(crate) fn stop(self) {
        let Self { handle: _, end, thread } = self;
        drop(end);
        // A panic there has ended it, too.
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_spawned_runs_there_until_the_end() {
        let reactor = Reactor::start("reactor").expect("started");
        let (told, hears) = std::sync::mpsc::channel();
        let (kept, dropped) = std::sync::mpsc::channel::<()>();
        reactor.handle().spawn(async move {
            told.send(std::thread::current().name().map(ToOwned::to_owned)).expect("heard");
            std::future::pending::<()>().await;
            drop(kept);
        });
        assert_eq!(hears.recv().expect("told").as_deref(), Some("reactor"));
        reactor.stop();
        assert!(dropped.try_recv().is_err_and(|error| error == std::sync::mpsc::TryRecvError::Disconnected));
    }
}
