//! What runs in a worker: confine, greet, then one object after another until the gateway hangs up.
//!
//! It keeps nothing from one object to the next and logs nothing.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use chot_inspect::{Extractor, InProcess};
use chot_model::{OpaqueReason, Secret};

use crate::wire::{self, Answer, JOB, Job};
use crate::{Error, sandbox};

/// Answers are sent when this much has gathered.
const SEND: usize = 1 << 16;

/// Runs a worker on standard input, which is a socket to the gateway. Ends when the gateway hangs up.
///
/// # Errors
/// When standard input is no such socket.
pub fn serve(memory_bytes_max: u64) -> Result<(), Error> {
    let gateway = io::stdin().as_fd().try_clone_to_owned().map_err(Error::NoGateway)?;
    let mut gateway = UnixStream::from(gateway);
    gateway.peer_addr().map_err(Error::NoGateway)?;
    // First of all, before a byte of a stranger is read.
    let confinement = sandbox::enter(memory_bytes_max, gateway.as_fd());
    let mut greeting = Vec::new();
    wire::write(&Answer::Greeting(confinement), &mut greeting);
    if gateway.write_all(&greeting).is_err() {
        return Ok(());
    }
    // An error from here on is the gateway's going away.
    while let Ok(Some(order)) = receive(&mut gateway) {
        if work(&order, &mut gateway).is_err() {
            break;
        }
    }
    Ok(())
}

/// A job with what follows it.
struct Order {
    job: Job,
    passwords: Vec<Secret>,
    object: Vec<u8>,
}

fn receive(gateway: &mut UnixStream) -> io::Result<Option<Order>> {
    let mut head = [0; JOB];
    gateway.read_exact(&mut head)?;
    let Some(job) = Job::from_bytes(head) else { return Ok(None) };
    let mut bytes = |len: u64| {
        let mut bytes = vec![0; usize::try_from(len).map_err(|_| io::ErrorKind::InvalidData)?];
        gateway.read_exact(&mut bytes)?;
        Ok::<_, io::Error>(bytes)
    };
    let (secrets, object) = (bytes(job.secrets)?, bytes(job.len)?);
    Ok(wire::read_secrets(&secrets).map(|passwords| Order { job, passwords, object }))
}

/// Reads one object and tells what it holds.
fn work(Order { job, passwords, object }: &Order, gateway: &mut UnixStream) -> io::Result<()> {
    sandbox::allow_seconds(job.bounds.time_max.as_secs());
    let (mut out, mut gone) = (Vec::with_capacity(SEND), Ok(()));
    let ended = catch_unwind(AssertUnwindSafe(|| {
        InProcess.extract(job.kind, object, job.bounds, passwords, &mut |piece| {
            wire::write(&Answer::Piece(piece), &mut out);
            if out.len() >= SEND {
                gone = gateway.write_all(&out);
                out.clear();
            }
            gone.is_ok()
        })
    }));
    gone?;
    let last = match ended {
        Ok(Ok(())) => Answer::Done,
        Ok(Err(reason)) => Answer::Failed(reason),
        Err(_) => Answer::Failed(OpaqueReason::Failed),
    };
    wire::write(&last, &mut out);
    gateway.write_all(&out)
}
