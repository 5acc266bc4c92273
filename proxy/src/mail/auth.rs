//! AUTH, relayed line by line: the next hop knows the passwords, we do not want to.
//!
//! Any mechanism but `*-PLUS` works, because nothing of the exchange is understood, kept or logged. Only the name is
//! read where the mechanism tells it, and believed once the next hop has said 235 (RFC 4954).

use chot_model::{Account, AccountSource};

use tokio::time::Instant;

use super::downstream::Downstream;
use super::limits::Limits;
use super::line::BadLine;
use super::reply::{OneLine, Reply};
use super::wire::{Lost, Wire};
use crate::base64;

/// How an exchange ended.
pub(super) enum Ended {
    /// The next hop's last word. The account, when it was accepted.
    Reply(Reply, Option<Account>),
    /// We refused before the next hop was asked.
    Refused(OneLine),
    /// The client sent something that cannot be relayed; the session must end.
    Violation(OneLine),
    /// The next hop failed.
    NextHop,
    /// The client went away.
    Client(Lost),
}

/// Relays one exchange. `argument` is what stood behind `AUTH`.
pub(super) async fn relay(client: &mut Wire, downstream: &mut Downstream, argument: &str, limits: &Limits) -> Ended {
    let (mechanism, initial) = argument.split_once(' ').map_or((argument, None), |(m, i)| (m, Some(i)));
    let mechanism = mechanism.to_ascii_uppercase();
    if !downstream.offers().auth.contains(&mechanism) {
        return Ended::Refused(Reply::line(504, "5.5.4 Mechanism not offered"));
    }
    if initial.is_some_and(|i| !is_response(i.as_bytes()) || i == "*") {
        return Ended::Refused(Reply::line(501, "5.5.2 Bad initial response"));
    }
    let mut name = initial.and_then(|i| revealed(&mechanism, i));
    let mut is_first = initial.is_none();
    let command = match initial {
        Some(initial) => format!("AUTH {mechanism} {initial}"),
        None => format!("AUTH {mechanism}"),
    };
    let mut reply = downstream.ask_opaque(command.as_bytes()).await;
    loop {
        let challenge = match reply {
            Err(_) => return Ended::NextHop,
            Ok(reply) if reply.code == 334 => reply,
            Ok(reply) => {
                let name = name.unwrap_or_else(|| format!("({mechanism})"));
                let account = (reply.code == 235).then_some(Account::new(name, AccountSource::SmtpAuth));
                return Ended::Reply(reply, account);
            }
        };
        challenge.write(false, client.gather());
        let line = match client.line(Instant::now() + limits.command).await {
            Ok(Ok(line)) if is_response(&line) => line,
            Ok(Ok(_)) => return Ended::Violation(Reply::line(501, "5.5.2 Not base64")),
            Ok(Err(BadLine::TooLong)) => return Ended::Violation(Reply::line(500, "5.5.6 Line too long")),
            Ok(Err(_)) => return Ended::Violation(Reply::line(501, "5.5.2 Bad line")),
            Err(lost) => return Ended::Client(lost),
        };
        if std::mem::take(&mut is_first) {
            name = std::str::from_utf8(&line).ok().and_then(|line| revealed(&mechanism, line));
        }
        reply = downstream.ask_opaque(&line).await;
    }
}

/// Base64, or `=` for an empty initial response, or `*` to cancel.
fn is_response(line: &[u8]) -> bool {
    line == b"*" || line.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

/// The name in a client's first response, where the mechanism puts one there.
fn revealed(mechanism: &str, response: &str) -> Option<String> {
    let bytes = base64::decode(response)?;
    let text = std::str::from_utf8(&bytes).ok()?;
    let name = match mechanism {
        "LOGIN" => text,
        // RFC 4616: authorization identity, NUL, authentication identity, NUL, password.
        "PLAIN" => text.split('\0').nth(1)?,
        "XOAUTH2" => text.split('\x01').find_map(|field| field.strip_prefix("user="))?,
        // RFC 7628 §3.1: the GS2 header names the user.
        "OAUTHBEARER" => text.split(',').find_map(|field| field.strip_prefix("a="))?,
        // RFC 5802 §7.
        _ if mechanism.starts_with("SCRAM-") => text.split(',').find_map(|field| field.strip_prefix("n="))?,
        _ => return None,
    };
    let is_name = !name.is_empty() && name.len() <= 255 && !name.chars().any(char::is_control);
    is_name.then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_where_they_are_told() {
        for (mechanism, response, name) in [
            ("PLAIN", "AGFuLm5ndXllbgBzZWNyZXQ=", Some("an.nguyen")),
            ("PLAIN", "YWRtaW4AYW4ubmd1eWVuAHNlY3JldA==", Some("an.nguyen")),
            ("PLAIN", "c2VjcmV0", None),
            ("LOGIN", "YW4ubmd1eWVu", Some("an.nguyen")),
            ("XOAUTH2", "dXNlcj1hbkB4LnZuAWF1dGg9QmVhcmVyIHQBAQ==", Some("an@x.vn")),
            ("OAUTHBEARER", "bixhPWFuQHgudm4sAWF1dGg9QmVhcmVyIHQBAQ==", Some("an@x.vn")),
            ("SCRAM-SHA-256", "biwsbj1hbixyPWFiYw==", Some("an")),
            ("CRAM-MD5", "YW4gMDEyMw==", None),
            ("LOGIN", "=", None),
            ("LOGIN", "!", None),
        ] {
            assert_eq!(revealed(mechanism, response).as_deref(), name, "{mechanism} {response}");
        }
    }
}
