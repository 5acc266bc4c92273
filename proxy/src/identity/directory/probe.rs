//! The reader of what a directory answers, by itself, for whoever throws any bytes at it. Nothing is sent anywhere.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use chot_model::Secret;

use super::ber::{Elements, element};
use super::session::{Entry, Session};

/// The elements that stand at the beginning of bytes, one behind the other.
pub fn elements(bytes: &[u8]) -> Vec<(u8, Vec<u8>)> {
    let mut elements = Elements(bytes);
    std::iter::from_fn(|| elements.any()).map(|(tag, content)| (tag, content.to_vec())).collect()
}

/// The same as they are written.
pub fn written(elements: &[(u8, Vec<u8>)]) -> Vec<u8> {
    elements.iter().flat_map(|(tag, content)| element(*tag, &[content])).collect()
}

/// Whether a directory that answers with these bytes lets a name with a password in.
pub fn lets_in(answer: &[u8]) -> bool {
    let mut session = Session::new(tokio::io::join(answer, tokio::io::sink()));
    at_once(session.bind("cn=an,dc=vn", &Secret::new("mat khau"))).is_some_and(|answer| answer == Ok(true))
}

/// The names of the entries, `most` at most, that a directory finds which answers with these bytes, and what it says
/// about their groups.
pub fn finds(answer: &[u8], most: usize) -> Option<Vec<(String, Vec<String>)>> {
    let mut session = Session::new(tokio::io::join(answer, tokio::io::sink()));
    let found = at_once(session.search("dc=vn", None, &["memberOf"], most))?.ok()?;
    let told = |entry: Entry| (entry.name.clone(), entry.values("memberOf").map(str::to_owned).collect());
    Some(found.into_iter().map(told).collect())
}

/// What comes of something that waits for nobody.
fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}
