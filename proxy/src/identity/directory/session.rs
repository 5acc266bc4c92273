//! One connection to a directory: log in, search, turn to TLS (RFC 4511).
//!
//! One request at a time, simple bind only. Referrals are not followed: they would carry a password to a server that
//! nobody listed.

use chot_model::Secret;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::Unavailable;
use super::ber::{BOOLEAN, ENUMERATED, Elements, INTEGER, OCTETS, SEQUENCE, SET, element, head, number};

/// Protocol operations and their answers.
const BIND: u8 = 0x60;
const BIND_DONE: u8 = 0x61;
const UNBIND: u8 = 0x42;
const SEARCH: u8 = 0x63;
const ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;
const REFERENCE: u8 = 0x73;
const EXTENDED: u8 = 0x77;
const EXTENDED_DONE: u8 = 0x78;
/// StartTLS (RFC 4511 §4.14.1).
const START_TLS: &[u8] = b"1.3.6.1.4.1.1466.20037";
/// The entry itself and everything below it (RFC 4511 §4.5.1.2).
const WHOLE_SUBTREE: u32 = 2;
/// Seconds that the server may search.
const SEARCH_SECONDS: u32 = 8;
/// Messages of one answer: entries, and references that are passed over.
const MESSAGES_MAX: usize = 5_000;
/// Values of an attribute: groups of a person.
const VALUES_MAX: usize = 1_000;

/// Results that say that the name or the password is not right, or that nobody logs in with them now (RFC 4511 §A.2):
/// 49 invalidCredentials, 19 constraintViolation and 53 unwillingToPerform (how some directories lock), 48, 50, and 32,
/// 34 for a name that is none there.
const NOT_LET_IN: [u32; 7] = [19, 32, 34, 48, 49, 50, 53];
/// Of a search that found nothing to search in.
const NO_SUCH_OBJECT: u32 = 32;

/// What to search for. No text is parsed here, so no name can be more than a name.
#[derive(Clone, Copy, Debug)]
pub(super) struct Equals<'a> {
    pub(super) attribute: &'a str,
    pub(super) value: &'a str,
    /// A rule other than that of the attribute.
    pub(super) rule: Option<&'a str>,
}

impl Equals<'_> {
    fn filter(self) -> Vec<u8> {
        let Self { attribute, value, rule } = self;
        match rule {
            None => {
                let (attribute, value) = (octets(attribute), octets(value));
                element(0xa3, &[&attribute, &value])
            }
            Some(rule) => {
                let parts = [(0x81, rule), (0x82, attribute), (0x83, value)];
                let parts = parts.map(|(tag, text)| element(tag, &[text.as_bytes()]));
                element(0xa9, &[&parts[0], &parts[1], &parts[2]])
            }
        }
    }
}

/// An entry that was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    attributes: Vec<(String, Vec<String>)>,
}

impl Entry {
    /// The values of an attribute. Names of attributes have no case (RFC 4512 §2.5); options behind `;` are passed over.
    pub(super) fn values(&self, attribute: &str) -> impl Iterator<Item = &str> {
        let is_it = move |found: &str| found.split(';').next().unwrap_or(found).eq_ignore_ascii_case(attribute);
        self.attributes
            .iter()
            .filter(move |(found, _)| is_it(found))
            .flat_map(|(_, values)| values.iter().map(String::as_str))
    }

    /// Reads `SearchResultEntry`. Values that are no text are left out.
    fn read(content: &[u8]) -> Option<Self> {
        let mut parts = Elements(content);
        let name = String::from_utf8(parts.with(OCTETS)?.to_vec()).ok()?;
        let mut list = Elements(parts.with(SEQUENCE)?);
        let mut attributes = Vec::new();
        while !list.is_empty() {
            let mut attribute = Elements(list.with(SEQUENCE)?);
            let kind = std::str::from_utf8(attribute.with(OCTETS)?).ok()?.to_owned();
            let mut set = Elements(attribute.with(SET)?);
            let mut values = Vec::new();
            while !set.is_empty() && values.len() < VALUES_MAX {
                values.extend(String::from_utf8(set.with(OCTETS)?.to_vec()).ok());
            }
            attributes.push((kind, values));
        }
        Some(Self { name, attributes })
    }
}

fn octets(text: &str) -> Vec<u8> {
    element(OCTETS, &[text.as_bytes()])
}

/// A connection.
pub(super) struct Session<S> {
    stream: S,
    last_id: u32,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) const fn new(stream: S) -> Self {
        Self { stream, last_id: 0 }
    }

    /// Asks for TLS. On return the stream is silent and the next byte is the handshake's: an answer is read byte for byte
    /// to its end, so that nothing said in clear can pass for something said under TLS.
    pub(super) async fn start_tls(mut self) -> Result<S, Unavailable> {
        let name = element(0x80, &[START_TLS]);
        self.send(EXTENDED, &[&name]).await?;
        let (tag, content) = self.receive().await?;
        if tag == EXTENDED_DONE && result(&content) == Some(0) { Ok(self.stream) } else { Err(Unavailable::NoTls) }
    }

    /// Logs in. Tells whether the name and the password are right.
    pub(super) async fn bind(&mut self, name: &str, password: &Secret) -> Result<bool, Unavailable> {
        // A name without a password logs nobody in and is no error (RFC 4513 §5.1.2): it must not pass for a success.
        if name.is_empty() || password.reveal().is_empty() {
            return Ok(false);
        }
        let (version, name) = (number(INTEGER, 3), octets(name));
        let simple = element(0x80, &[password.reveal().as_bytes()]);
        self.send(BIND, &[&version, &name, &simple]).await?;
        let (tag, content) = self.receive().await?;
        match result(&content).filter(|_| tag == BIND_DONE) {
            Some(0) => Ok(true),
            Some(code) if NOT_LET_IN.contains(&code) => Ok(false),
            Some(code) => Err(Unavailable::Refused(code)),
            None => Err(Unavailable::Answer),
        }
    }

    /// Searches an entry and everything below it, for `most` entries at most; more are an error.
    pub(super) async fn search(
        &mut self,
        base: &str,
        what: Option<Equals<'_>>,
        attributes: &[&str],
        most: usize,
    ) -> Result<Vec<Entry>, Unavailable> {
        let filter = what.map_or_else(|| element(0x87, &[b"objectClass"]), Equals::filter);
        let attributes = attributes.iter().flat_map(|attribute| octets(attribute)).collect::<Vec<_>>();
        let limit = u32::try_from(most).unwrap_or(u32::MAX).saturating_add(1);
        self.send(
            SEARCH,
            &[
                &octets(base),
                &number(ENUMERATED, WHOLE_SUBTREE),
                // Aliases are not followed.
                &number(ENUMERATED, 0),
                &number(INTEGER, limit.min(i32::MAX as u32)),
                &number(INTEGER, SEARCH_SECONDS),
                &element(BOOLEAN, &[&[0]]),
                &filter,
                &element(SEQUENCE, &[&attributes]),
            ],
        )
        .await?;
        let mut entries = Vec::new();
        for _ in 0..MESSAGES_MAX {
            match self.receive().await? {
                (ENTRY, content) if entries.len() < most => {
                    entries.push(Entry::read(&content).ok_or(Unavailable::Answer)?)
                }
                (ENTRY, _) => return Err(Unavailable::TooMany),
                (REFERENCE, _) => {}
                (SEARCH_DONE, content) => {
                    return match result(&content).ok_or(Unavailable::Answer)? {
                        0 => Ok(entries),
                        NO_SUCH_OBJECT => Ok(Vec::new()),
                        code => Err(Unavailable::Refused(code)),
                    };
                }
                _ => return Err(Unavailable::Answer),
            }
        }
        Err(Unavailable::TooMany)
    }

    /// Says goodbye.
    pub(super) async fn end(mut self) {
        // Nobody answers this, and a connection that is gone is as good.
        let _ = self.send(UNBIND, &[]).await;
        let _ = self.stream.shutdown().await;
    }

    async fn send(&mut self, tag: u8, content: &[&[u8]]) -> Result<(), Unavailable> {
        self.last_id += 1;
        let message = element(SEQUENCE, &[&number(INTEGER, self.last_id), &element(tag, content)]);
        let sending = async {
            self.stream.write_all(&message).await?;
            self.stream.flush().await
        };
        sending.await.map_err(|_| Unavailable::Lost)
    }

    /// The next message: its operation and what it says.
    async fn receive(&mut self) -> Result<(u8, Vec<u8>), Unavailable> {
        let mut begin = Vec::with_capacity(6);
        let (tag, len, _) = loop {
            begin.push(self.stream.read_u8().await.map_err(|_| Unavailable::Lost)?);
            if let Some(head) = head(&begin).map_err(|_| Unavailable::Answer)? {
                break head;
            }
        };
        if tag != SEQUENCE {
            return Err(Unavailable::Answer);
        }
        let mut content = vec![0; len];
        self.stream.read_exact(&mut content).await.map_err(|_| Unavailable::Lost)?;
        let mut parts = Elements(&content);
        // Number 0 is a notice of disconnection.
        if parts.number(INTEGER) != Some(self.last_id) {
            return Err(Unavailable::Answer);
        }
        parts.any().map(|(tag, content)| (tag, content.to_vec())).ok_or(Unavailable::Answer)
    }
}

/// The code of an `LDAPResult`.
fn result(content: &[u8]) -> Option<u32> {
    Elements(content).number(ENUMERATED)
}

#[cfg(test)]
mod tests {
    use tokio::io::DuplexStream;

    use super::*;

    fn message(id: u32, tag: u8, content: &[&[u8]]) -> Vec<u8> {
        element(SEQUENCE, &[&number(INTEGER, id), &element(tag, content)])
    }

    fn done(id: u32, tag: u8, code: u32) -> Vec<u8> {
        message(id, tag, &[&number(ENUMERATED, code), &octets(""), &octets("")])
    }

    fn entry(id: u32, name: &str, attributes: &[(&str, &[&str])]) -> Vec<u8> {
        let attributes = attributes.iter().flat_map(|(kind, values)| {
            let values = values.iter().flat_map(|value| octets(value)).collect::<Vec<_>>();
            element(SEQUENCE, &[&octets(kind), &element(SET, &[&values])])
        });
        message(id, ENTRY, &[&octets(name), &element(SEQUENCE, &[&attributes.collect::<Vec<_>>()])])
    }

    /// A session whose server says `answers` whatever it is asked.
    async fn session(answers: &[Vec<u8>]) -> (Session<DuplexStream>, DuplexStream) {
        let (near, mut far) = tokio::io::duplex(1 << 16);
        far.write_all(&answers.concat()).await.expect("written");
        (Session::new(near), far)
    }

    #[tokio::test]
    async fn a_password_is_right_only_when_the_directory_says_so() {
        let secret = Secret::new("mat khau");
        for (answer, expected) in [
            (done(1, BIND_DONE, 0), Ok(true)),
            (done(1, BIND_DONE, 49), Ok(false)),
            (done(1, BIND_DONE, 53), Ok(false)),
            (done(1, BIND_DONE, 51), Err(Unavailable::Refused(51))),
            // Half-way through an exchange is not in.
            (done(1, BIND_DONE, 14), Err(Unavailable::Refused(14))),
            (done(2, BIND_DONE, 0), Err(Unavailable::Answer)),
            (done(0, EXTENDED_DONE, 52), Err(Unavailable::Answer)),
            (done(1, SEARCH_DONE, 0), Err(Unavailable::Answer)),
            (vec![0x30, 0x80, 0, 0], Err(Unavailable::Answer)),
            (vec![0x30, 5, 2, 1], Err(Unavailable::Lost)),
            (message(1, BIND_DONE, &[]), Err(Unavailable::Answer)),
        ] {
            let (mut session, mut far) = session(std::slice::from_ref(&answer)).await;
            far.shutdown().await.expect("closed");
            assert_eq!(session.bind("cn=x", &secret).await, expected, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn an_empty_password_is_never_asked_for() {
        let (mut session, mut far) = session(&[done(1, BIND_DONE, 0)]).await;
        assert_eq!(session.bind("cn=x", &Secret::new("")).await, Ok(false));
        assert_eq!(session.bind("", &Secret::new("mat khau")).await, Ok(false));
        drop(session);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.expect("read");
        assert!(said.is_empty());
    }

    #[tokio::test]
    async fn what_is_asked_is_what_the_standard_writes() {
        let (mut session, mut far) = session(&[done(1, SEARCH_DONE, 0)]).await;
        let what = Equals { attribute: "uid", value: "an*)(uid=*", rule: None };
        let found = session.search("dc=vn", Some(what), &["uid", "memberOf"], 1).await;
        assert_eq!(found, Ok(Vec::new()));
        drop(session);
        let mut said = Vec::new();
        far.read_to_end(&mut said).await.expect("read");
        let expected = [
            &[0x30, 63, 2, 1, 1, 0x63, 58][..],
            b"\x04\x05dc=vn\x0a\x01\x02\x0a\x01\x00\x02\x01\x02\x02\x01\x08\x01\x01\x00",
            b"\xa3\x11\x04\x03uid\x04\x0aan*)(uid=*",
            b"\x30\x0f\x04\x03uid\x04\x08memberOf",
        ];
        assert_eq!(said, expected.concat());
    }

    #[tokio::test]
    async fn entries_are_read_and_references_passed_over() {
        let an = entry(1, "uid=an,dc=vn", &[("uid", &["an"]), ("MEMBEROF;x-y", &["cn=a,dc=vn", "cn=b,dc=vn"])]);
        let reference = message(1, REFERENCE, &[&octets("ldap://elsewhere.example")]);
        let (mut session, _far) = session(&[an.clone(), reference, done(1, SEARCH_DONE, 0)]).await;
        let found = session.search("dc=vn", None, &[], 1).await.expect("found");
        assert_eq!(found[0].name, "uid=an,dc=vn");
        assert_eq!(found[0].values("memberOf").collect::<Vec<_>>(), ["cn=a,dc=vn", "cn=b,dc=vn"]);
        assert_eq!(found[0].values("member").count(), 0);
        let (mut session, _far) = self::session(&[an.clone(), an, done(1, SEARCH_DONE, 0)]).await;
        assert_eq!(session.search("dc=vn", None, &[], 1).await, Err(Unavailable::TooMany));
        for (code, expected) in [(32, Ok(Vec::new())), (4, Err(Unavailable::Refused(4)))] {
            let (mut session, _far) = self::session(&[done(1, SEARCH_DONE, code)]).await;
            assert_eq!(session.search("dc=vn", None, &[], 1).await, expected);
        }
    }

    #[tokio::test]
    async fn nothing_said_in_clear_passes_for_something_said_under_tls() {
        let (session, _far) = session(&[done(1, EXTENDED_DONE, 0), done(2, BIND_DONE, 0)]).await;
        let mut stream = session.start_tls().await.expect("agreed");
        // It is still there, for the handshake to fail on.
        assert_eq!(stream.read_u8().await.expect("a byte"), SEQUENCE);
        let (session, _far) = self::session(&[done(1, EXTENDED_DONE, 2)]).await;
        assert!(matches!(session.start_tls().await, Err(Unavailable::NoTls)));
    }
}
