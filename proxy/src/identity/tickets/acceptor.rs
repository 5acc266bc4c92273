//! A process that reads tickets, from its own side: it takes the key, says so, and answers one token after another.
//!
//! It keeps nothing of a token but what the library writes down against replays, logs nothing, and keeps no credentials
//! that a client hands on: the library unpacks them, and they go with the ticket's context.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use libgssapi::context::{SecurityContext, ServerCtx};
use libgssapi::credential::{Cred, CredUsage};
use libgssapi::error::Error as GssError;
use libgssapi::name::Name;
use libgssapi::oid::{GSS_MECH_KRB5, GSS_MECH_SPNEGO, GSS_NT_KRB5_PRINCIPAL, OidSet};
use rustix::process::{DumpableBehavior, Resource, Rlimit};

use super::wire::{Answer, read_token};
use crate::Error;

/// Answers on standard input, a socket to the gateway, until it hangs up.
pub(super) fn serve(service: &str) -> Result<(), Error> {
    let by_hand = |_| Error::Identity("a reader of tickets is started by the gateway and not by hand".to_owned());
    let gateway = io::stdin().as_fd().try_clone_to_owned().map_err(by_hand)?;
    let mut gateway = UnixStream::from(gateway);
    gateway.peer_addr().map_err(by_hand)?;
    confine();
    let key = match key_of(service) {
        Ok(key) => key,
        Err(why) => {
            let why = format!("holds no key for `{service}` that can be used ({why}): see `klist -ke`");
            let _ = Answer::Broken(why).write(&mut gateway);
            return Ok(());
        }
    };
    if Answer::Ready.write(&mut gateway).is_err() {
        return Ok(());
    }
    // An error is the gateway's going away.
    while let Ok(token) = read_token(&mut gateway) {
        if answer(&key, &token).write(&mut gateway).is_err() {
            break;
        }
    }
    Ok(())
}

/// Neither a debugger of the same user nor a core file sees the key, and nothing is started from here. Files stay open to
/// it: the library reads its settings, the key and what was shown before.
fn confine() {
    let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable);
    for resource in [Resource::Core, Resource::Nproc] {
        let _ = rustix::process::setrlimit(resource, Rlimit { current: Some(0), maximum: Some(0) });
    }
}

fn key_of(service: &str) -> Result<Cred, GssError> {
    let name = Name::new(service.as_bytes(), Some(GSS_NT_KRB5_PRINCIPAL))?;
    let mut mechanisms = OidSet::singleton(GSS_MECH_KRB5)?;
    mechanisms.add(GSS_MECH_SPNEGO)?;
    Cred::acquire(Some(&name), None, CredUsage::Accept, Some(&mechanisms))
}

fn answer(key: &Cred, token: &[u8]) -> Answer {
    // A context for each token: what one client began, no other can end.
    let mut context = ServerCtx::new(Some(key.clone()));
    match context.step(token, None) {
        Ok(reply) if context.is_complete() => {
            proven(&context, reply.map(|reply| reply.to_vec()).unwrap_or_default()).unwrap_or(Answer::Refused)
        }
        Ok(_) => Answer::Unfinished,
        Err(why) => refused(why),
    }
}

fn proven(context: &ServerCtx, reply: Vec<u8>) -> Option<Answer> {
    // Whatever else the library may have been taught to read.
    if context.mechanism().ok()? != GSS_MECH_KRB5 {
        return None;
    }
    let principal = context.source_name().ok()?.display_name().ok()?;
    Some(Answer::Proven { principal: String::from_utf8(principal.to_vec()).ok()?, reply })
}

/// The library numbers the reasons of its mechanisms anew in each process, so its sentences are all there is to know them
/// by (MIT's krb5_err.et). Whatever is not known by them is refused as well.
fn refused(why: GssError) -> Answer {
    let why = why.to_string();
    let says = |sentence: &str| why.contains(sentence);
    if says("Request is a replay") {
        Answer::Replayed
    } else if says("Clock skew too great") || says("Ticket not yet valid") {
        Answer::Clock
    } else {
        Answer::Refused
    }
}
