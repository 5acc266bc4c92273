//! Accounts by Kerberos tickets: `Negotiate` (RFC 4559), which is SPNEGO (RFC 4178) or Kerberos itself (RFC 4121).
//!
//! Tickets are read by the system's own library, written in C, in a process of its own ([`serve`]) that holds the key and
//! can be ended when it takes too long. One token must be enough: contexts of several legs are refused, and so is NTLM.
//! A realm is not asked anything here; the key is all there is.

#[cfg(feature = "kerberos")]
mod acceptor;
mod helper;
mod wire;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chot_config::KerberosSettings;
use memchr::memmem;
use tokio::sync::Semaphore;

use self::helper::{Helper, Start};
use self::wire::Answer;
use super::users::is_name;
use crate::{Error, base64, secret};

/// Largest token: what Windows makes at most (MaxTokenSize 48,000 since Windows 8).
pub(super) const TOKEN_BYTES_MAX: usize = 48_000;
/// Tickets read at once, each in a process.
const AT_ONCE_MAX: usize = 2;
/// Tickets that wait for their turn. More are a storm, and its end must not find us still answering.
const WAITING_MAX: usize = 1_000;
/// Time for a turn and an answer.
const WAIT_SECONDS: u64 = 10;
/// What every message of NTLM begins with (MS-NLMP §2.2.1), also within SPNEGO.
const NTLM: &[u8] = b"NTLMSSP\0";

/// Why a token makes nobody known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unproven {
    /// It is NTLM, which proves nothing to a proxy that is no domain controller.
    Ntlm,
    /// It is a ticket of another realm; whose.
    Realm(String),
    /// It has been shown before.
    Replayed,
    /// It wants an answer first.
    Unfinished,
    /// It is of another time: a clock is wrong.
    Clock,
    /// It is no ticket, or none for this key, or of somebody who can be no account.
    Ticket,
    /// Nobody could read it in time.
    Unread,
}

/// Whose ticket it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proof {
    pub(super) name: String,
    /// What proves to the client that this is the service it meant; empty where it did not ask.
    pub(super) reply: Vec<u8>,
}

/// The readers of tickets for one key.
pub(super) struct Tickets {
    realms: Vec<String>,
    is_realm_named: bool,
    turns: Arc<Semaphore>,
    waiting: Semaphore,
    readers: Arc<Readers>,
}

struct Readers {
    start: Start,
    idle: Mutex<Vec<Helper>>,
}

impl Tickets {
    /// Starts the first reader, which sees whether the key is there.
    pub(super) fn new(settings: &KerberosSettings) -> Result<Self, Error> {
        if !cfg!(feature = "kerberos") {
            let what =
                "identity.kerberos: this program was built without Kerberos: build it with `--features kerberos`";
            return Err(Error::Identity(what.to_owned()));
        }
        secret::check(&settings.keytab)?;
        let start = Start::of_this_program(settings);
        let first = start.start().map_err(|what| Error::Secret { path: settings.keytab.clone(), what })?;
        Ok(Self::with(settings, start, first))
    }

    fn with(settings: &KerberosSettings, start: Start, first: Helper) -> Self {
        Self {
            realms: settings.realms.clone(),
            is_realm_named: settings.is_realm_named,
            turns: Arc::new(Semaphore::new(AT_ONCE_MAX)),
            waiting: Semaphore::new(WAITING_MAX),
            readers: Arc::new(Readers { start, idle: Mutex::new(vec![first]) }),
        }
    }

    /// Whose token it is, in base64 as it stands behind `Negotiate`.
    pub(super) async fn prove(&self, token: &str) -> Result<Proof, Unproven> {
        let token = base64::decode(token.trim()).ok_or(Unproven::Ticket)?;
        if token.is_empty() || token.len() > TOKEN_BYTES_MAX {
            return Err(Unproven::Ticket);
        }
        // The library would look for what reads it; nothing here ever should.
        if memmem::find(&token, NTLM).is_some() {
            return Err(Unproven::Ntlm);
        }
        let asking = tokio::time::timeout(Duration::from_secs(WAIT_SECONDS), self.ask(token));
        match asking.await.unwrap_or(None) {
            Some(Answer::Proven { principal, reply }) => self.account_of(&principal).map(|name| Proof { name, reply }),
            Some(Answer::Replayed) => Err(Unproven::Replayed),
            Some(Answer::Unfinished) => Err(Unproven::Unfinished),
            Some(Answer::Clock) => Err(Unproven::Clock),
            Some(Answer::Refused) => Err(Unproven::Ticket),
            Some(Answer::Ready | Answer::Broken(_)) | None => Err(Unproven::Unread),
        }
    }

    async fn ask(&self, token: Vec<u8>) -> Option<Answer> {
        let _waiting = self.waiting.try_acquire().ok()?;
        let turn = Arc::clone(&self.turns).acquire_owned().await.ok()?;
        let readers = Arc::clone(&self.readers);
        // It may wait for a disk: tickets that were shown are remembered in a file.
        let asked = tokio::task::spawn_blocking(move || {
            let answer = readers.ask(&token);
            drop(turn);
            answer
        });
        asked.await.ok().flatten()
    }

    /// The account of a principal such as `an.nguyen@EXAMPLE.VN`.
    fn account_of(&self, principal: &str) -> Result<String, Unproven> {
        let (name, realm) = principal.rsplit_once('@').ok_or(Unproven::Ticket)?;
        if !self.realms.iter().any(|known| known == realm) {
            return Err(Unproven::Realm(principal.to_owned()));
        }
        // Services and computers (`host/pc1`, `PC1$`) are no people, and what is escaped stays out.
        if !is_name(name) || name.contains(['@', '\\']) {
            return Err(Unproven::Ticket);
        }
        Ok(if self.is_realm_named { principal.to_owned() } else { name.to_owned() })
    }
}

impl Readers {
    fn ask(&self, token: &[u8]) -> Option<Answer> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = idle().pop();
        // One that died while nobody looked is no use.
        let alive = waiting.and_then(|mut reader| reader.is_alive().then_some(reader));
        let reader = match alive {
            Some(reader) => reader,
            None => self.start.start().ok()?,
        };
        // Whoever fails is ended by being dropped.
        let answer = reader.ask(token).ok()?;
        idle().push(reader);
        Some(answer)
    }
}

/// Reads tickets for the gateway that started this process, with the key that it named, until it hangs up.
///
/// # Errors
/// When this is no such process.
#[cfg(feature = "kerberos")]
pub fn serve(service: &str) -> Result<(), Error> {
    acceptor::serve(service)
}

/// The same, in a program without Kerberos.
///
/// # Errors
/// Always.
#[cfg(not(feature = "kerberos"))]
pub fn serve(_service: &str) -> Result<(), Error> {
    Err(Error::Identity("this program was built without Kerberos".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(is_realm_named: bool) -> KerberosSettings {
        KerberosSettings {
            keytab: "http.keytab".into(),
            service: "HTTP/proxy.example.vn@EXAMPLE.VN".to_owned(),
            realms: vec!["EXAMPLE.VN".to_owned(), "BHXH.VN".to_owned()],
            is_realm_named,
            replays: "replays".into(),
        }
    }

    /// One reader, and what it will have heard when it has said all that.
    fn reading(answers: Vec<Answer>) -> (Tickets, std::thread::JoinHandle<Vec<Vec<u8>>>) {
        let (first, mut far) = helper::fake::reader();
        let tickets = Tickets::with(&settings(false), helper::fake::nowhere(), first);
        let far = std::thread::spawn(move || {
            let mut heard = Vec::new();
            for answer in answers {
                heard.push(wire::read_token(&mut far).expect("a token"));
                answer.write(&mut far).expect("written");
            }
            heard
        });
        (tickets, far)
    }

    #[test]
    fn whose_ticket_it_is() {
        for (principal, expected) in [
            ("an.nguyen@EXAMPLE.VN", Ok("an.nguyen")),
            ("an.nguyen@BHXH.VN", Ok("an.nguyen")),
            ("an.nguyen@example.vn", Err(Unproven::Realm("an.nguyen@example.vn".to_owned()))),
            ("an\\@EXAMPLE.VN@KHAC.VN", Err(Unproven::Realm("an\\@EXAMPLE.VN@KHAC.VN".to_owned()))),
            ("an\\@KHAC.VN@EXAMPLE.VN", Err(Unproven::Ticket)),
            ("host/pc1.example.vn@EXAMPLE.VN", Err(Unproven::Ticket)),
            ("PC1$@EXAMPLE.VN", Err(Unproven::Ticket)),
            ("BHXH\\an@EXAMPLE.VN", Err(Unproven::Ticket)),
            ("@EXAMPLE.VN", Err(Unproven::Ticket)),
            ("an.nguyen", Err(Unproven::Ticket)),
        ] {
            for is_named in [false, true] {
                let (first, _far) = helper::fake::reader();
                let tickets = Tickets::with(&settings(is_named), helper::fake::nowhere(), first);
                let expected = expected.clone().map(|name| if is_named { principal } else { name }.to_owned());
                assert_eq!(tickets.account_of(principal), expected, "{principal}");
            }
        }
    }

    #[tokio::test]
    async fn a_token_is_asked_about_once_and_only_when_it_may_be_one() {
        let proven = Answer::Proven { principal: "an.nguyen@EXAMPLE.VN".to_owned(), reply: b"you".to_vec() };
        let said = vec![proven, Answer::Replayed, Answer::Unfinished, Answer::Clock, Answer::Refused, Answer::Ready];
        let (tickets, far) = reading(said);
        // None of these reaches the reader.
        let ntlm = base64::encode(b"TlRMTVNTUAAB NTLMSSP\0\x01\0\0\0");
        assert_eq!(tickets.prove(&ntlm).await, Err(Unproven::Ntlm));
        for no_token in [String::new(), "=".to_owned(), "%".to_owned(), base64::encode(&[b'x'; TOKEN_BYTES_MAX + 1])] {
            assert_eq!(tickets.prove(&no_token).await, Err(Unproven::Ticket));
        }
        let proof = Proof { name: "an.nguyen".to_owned(), reply: b"you".to_vec() };
        let token = base64::encode(b"token");
        assert_eq!(tickets.prove(&token).await, Ok(proof));
        for expected in [Unproven::Replayed, Unproven::Unfinished, Unproven::Clock, Unproven::Ticket, Unproven::Unread]
        {
            assert_eq!(tickets.prove(&token).await, Err(expected));
        }
        assert_eq!(far.join().expect("ended"), vec![b"token"; 6]);
        // It is gone, and no other can be started: nobody is let in.
        assert_eq!(tickets.prove(&token).await, Err(Unproven::Unread));
    }
}
