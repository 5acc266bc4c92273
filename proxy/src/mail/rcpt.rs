//! The RCPT command: forward path and DSN parameters, checked and written anew for the next hop.
//!
//! Whether the recipient exists is the next hop's answer; whether data may go there is the policy's, at the end.

use super::ehlo::Offers;
use super::mail::{BAD_PARAMETER, NEEDS_UTF8, UNKNOWN_PARAMETER};
use super::path::{BadPath, Path, parameters};
use super::reply::{OneLine, Reply};

/// Most recipients of one mail. RFC 5321 §4.5.3.1.8 asks for 100 at least; a client sends the rest again.
pub(super) const RECIPIENTS_MAX: usize = 1_000;

/// A checked RCPT command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RcptTo {
    pub(super) path: Path,
    /// NOTIFY and ORCPT, as written.
    pub(super) passed: Vec<String>,
}

impl RcptTo {
    /// Reads what follows `RCPT TO:`. `utf8` is whether MAIL asked for SMTPUTF8.
    pub(super) fn parse(text: &str, offers: &Offers, extended: bool, utf8: bool) -> Result<Self, OneLine> {
        const SYNTAX: OneLine = Reply::line(501, "5.1.3 Bad recipient address syntax");
        let (path, rest) = Path::read(text).map_err(|bad| match bad {
            BadPath::SourceRoute => Reply::line(553, "5.1.3 Source routes are not accepted"),
            BadPath::Syntax => SYNTAX,
        })?;
        if path == Path::Null {
            return Err(SYNTAX);
        }
        if !utf8 && !path.is_ascii() {
            return Err(NEEDS_UTF8);
        }
        let mut passed = Vec::new();
        for parameter in parameters(rest).ok_or(BAD_PARAMETER)? {
            match (parameter.key.as_str(), parameter.value) {
                // RFC 3461 §4.1 and §4.2.
                ("NOTIFY", Some(value)) if extended && offers.dsn && is_notify(value) => {
                    passed.push(format!("NOTIFY={value}"));
                }
                ("ORCPT", Some(value))
                    if extended && offers.dsn && value.len() <= 500 && (utf8 || value.is_ascii()) =>
                {
                    passed.push(format!("ORCPT={value}"));
                }
                ("NOTIFY" | "ORCPT", _) if extended && offers.dsn => return Err(BAD_PARAMETER),
                _ => return Err(UNKNOWN_PARAMETER),
            }
        }
        Ok(Self { path, passed })
    }

    /// The command for the next hop.
    pub(super) fn command(&self) -> String {
        let mut command = format!("RCPT TO:<{}>", self.path.as_str());
        for parameter in &self.passed {
            command.push(' ');
            command.push_str(parameter);
        }
        command
    }
}

fn is_notify(value: &str) -> bool {
    let is_event = |word: &str| ["SUCCESS", "FAILURE", "DELAY"].iter().any(|event| word.eq_ignore_ascii_case(event));
    value.eq_ignore_ascii_case("NEVER") || value.split(',').all(is_event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_are_checked_and_written_anew() {
        let dsn = Offers { dsn: true, ..Offers::default() };
        for (text, offers, utf8, expected) in [
            ("<b@example.org>", &Offers::default(), false, Ok("RCPT TO:<b@example.org>")),
            ("<Postmaster>", &Offers::default(), false, Ok("RCPT TO:<Postmaster>")),
            ("<b@x.org> NOTIFY=SUCCESS,FAILURE", &dsn, false, Ok("RCPT TO:<b@x.org> NOTIFY=SUCCESS,FAILURE")),
            ("<b@x.org> ORCPT=rfc822;b@x.org", &dsn, false, Ok("RCPT TO:<b@x.org> ORCPT=rfc822;b@x.org")),
            ("<b@x.org> NOTIFY=SOMETIMES", &dsn, false, Err(501)),
            ("<b@x.org> NOTIFY=NEVER", &Offers::default(), false, Err(555)),
            ("<b@x.org> SIZE=1", &dsn, false, Err(555)),
            ("<bạn@x.org>", &dsn, true, Ok("RCPT TO:<bạn@x.org>")),
            ("<bạn@x.org>", &dsn, false, Err(553)),
            ("<>", &dsn, false, Err(501)),
            ("<b>", &dsn, false, Err(501)),
            ("<@relay.org:b@x.org>", &dsn, false, Err(553)),
        ] {
            let read = RcptTo::parse(text, offers, true, utf8);
            let read = read.map(|rcpt| rcpt.command()).map_err(|reply| reply.code);
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }
}
