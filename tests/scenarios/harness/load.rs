//! Many small messages from several clients at once, each with a token that finds it again: in what arrived, and in
//! the records.

use std::collections::BTreeSet;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::mail::{CLERK, OUTSIDER};
use super::{PATIENCE, wait_until};

const CLIENTS: usize = 4;

/// What the clients know at the end.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Tokens of messages that were answered as delivered.
    pub(crate) delivered: BTreeSet<String>,
    /// Messages that were answered otherwise, or not at all.
    pub(crate) failed: usize,
}

/// Sends until `enough` messages were answered as delivered, which `send` says by true; meanwhile `disturb` runs.
pub(crate) fn run(
    enough: usize,
    send: &(dyn Fn(&str) -> io::Result<bool> + Sync),
    disturb: impl FnOnce(&AtomicUsize),
) -> Told {
    let (tried, told, stop) = (AtomicUsize::new(0), Mutex::new(Told::default()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !stop.load(Ordering::Acquire) {
                    let token = token(tried.fetch_add(1, Ordering::AcqRel));
                    let answered = send(&token);
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    match answered {
                        Ok(true) => drop(told.delivered.insert(token)),
                        Ok(false) | Err(_) => told.failed += 1,
                    }
                }
            });
        }
        disturb(&tried);
        // Clients that find nobody try again at once, so what counts is what was answered.
        let answered = || told.lock().unwrap_or_else(PoisonError::into_inner).delivered.len();
        wait_until("enough messages were answered", || answered() >= enough);
        stop.store(true, Ordering::Release);
    });
    told.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Letters only: digits might look like a number worth hiding.
fn token(n: usize) -> String {
    let mut letters = String::from("thu-");
    let mut rest = n;
    for _ in 0..5 {
        letters.push(char::from(b'a' + (rest % 16) as u8));
        rest /= 16;
    }
    letters + "-het"
}

/// The tokens in a text.
pub(crate) fn tokens_in(text: &str) -> BTreeSet<String> {
    let found = text.match_indices("thu-").filter_map(|(at, _)| text.get(at..at + 13));
    found.filter(|token| token.ends_with("-het")).map(str::to_owned).collect()
}

/// POSTs in absolute form to `host` through `proxy`.
pub(crate) fn post(proxy: SocketAddr, host: SocketAddr, token: &str) -> io::Result<bool> {
    let mut stream = connect(proxy)?;
    let body = format!("xin chao {token}");
    write!(
        stream,
        "POST http://{host}/{token} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(answer.starts_with(b"HTTP/1.1 200"))
}

/// Mails the token in the subject.
pub(crate) fn mail(gateway: SocketAddr, token: &str) -> io::Result<bool> {
    let mut stream = io::BufReader::new(connect(gateway)?);
    let mut ask = |command: String, expected: &str| -> io::Result<bool> {
        stream.get_mut().write_all(command.as_bytes())?;
        let mut line = String::new();
        loop {
            line.clear();
            if io::BufRead::read_line(&mut stream, &mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(line.starts_with(expected));
            }
        }
    };
    Ok(ask(String::new(), "220")?
        && ask("EHLO desk.example.vn\r\n".to_owned(), "250")?
        && ask(format!("MAIL FROM:<{CLERK}>\r\n"), "250")?
        && ask(format!("RCPT TO:<{OUTSIDER}>\r\n"), "250")?
        && ask("DATA\r\n".to_owned(), "354")?
        && ask(format!("Subject: {token}\r\n\r\nxin chao\r\n.\r\n"), "250")?)
}

fn connect(to: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}
