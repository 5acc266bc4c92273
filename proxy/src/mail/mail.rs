//! The MAIL command: reverse path and parameters, checked and written anew for the next hop.
//!
//! It does not ask whether the sender may send; identity is AUTH's and the client list's business.

use super::ehlo::{Offers, TRACE_BYTES_MAX};
use super::path::{BadPath, Parameter, Path, parameters};
use super::reply::{OneLine, Reply};

/// A checked MAIL command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MailFrom {
    pub(super) path: Path,
    pub(super) size: Option<u64>,
    pub(super) is_8bit: Option<bool>,
    pub(super) smtp_utf8: bool,
    /// RET, ENVID and AUTH, as written.
    pub(super) passed: Vec<String>,
}

/// Of 501 for parameters that are known and wrong.
pub(super) const BAD_PARAMETER: OneLine = Reply::line(501, "5.5.4 Syntax error in parameters");
/// Of 555 for parameters nobody offered.
pub(super) const UNKNOWN_PARAMETER: OneLine = Reply::line(555, "5.5.4 Parameter not recognised or not implemented");
/// Of addresses beyond ASCII where SMTPUTF8 is not in use.
pub(super) const NEEDS_UTF8: OneLine = Reply::line(553, "5.6.7 Address needs SMTPUTF8");

impl MailFrom {
    /// Reads what follows `MAIL FROM:`. `extended` is whether the client said EHLO.
    pub(super) fn parse(text: &str, offers: &Offers, extended: bool, size_max: u64) -> Result<Self, OneLine> {
        let (path, rest) = Path::read(text).map_err(|bad| match bad {
            BadPath::SourceRoute => Reply::line(553, "5.1.7 Source routes are not accepted"),
            BadPath::Syntax => Reply::line(501, "5.1.7 Bad sender address syntax"),
        })?;
        let mut mail = Self { path, size: None, is_8bit: None, smtp_utf8: false, passed: Vec::new() };
        for parameter in parameters(rest).ok_or(BAD_PARAMETER)? {
            if !extended {
                return Err(UNKNOWN_PARAMETER);
            }
            mail.take(parameter, offers)?;
        }
        if !mail.smtp_utf8 && !mail.path.is_ascii() {
            return Err(NEEDS_UTF8);
        }
        if !mail.smtp_utf8 && !mail.passed.iter().all(|p| p.is_ascii()) {
            return Err(BAD_PARAMETER);
        }
        if mail.size.is_some_and(|size| size > size_max) {
            return Err(Reply::line(552, "5.3.4 Message larger than this server takes"));
        }
        Ok(mail)
    }

    fn take(&mut self, Parameter { key, value }: Parameter<'_>, offers: &Offers) -> Result<(), OneLine> {
        match (key.as_str(), value) {
            ("SIZE", Some(digits)) => {
                let is_number = digits.len() <= 20 && digits.bytes().all(|b| b.is_ascii_digit());
                let size = is_number.then(|| digits.parse().unwrap_or(u64::MAX));
                self.size = Some(size.ok_or(BAD_PARAMETER)?);
            }
            ("BODY", Some(body)) if offers.eight_bit_mime => {
                let is_8bit = body.eq_ignore_ascii_case("8BITMIME");
                if !is_8bit && !body.eq_ignore_ascii_case("7BIT") {
                    return Err(BAD_PARAMETER);
                }
                self.is_8bit = Some(is_8bit);
            }
            ("SMTPUTF8", None) if offers.smtp_utf8 => self.smtp_utf8 = true,
            ("RET", Some(ret)) if offers.dsn => {
                if !ret.eq_ignore_ascii_case("FULL") && !ret.eq_ignore_ascii_case("HDRS") {
                    return Err(BAD_PARAMETER);
                }
                self.passed.push(format!("RET={ret}"));
            }
            // RFC 3461 §4.4: at most 100 characters.
            ("ENVID", Some(id)) if offers.dsn && id.len() <= 100 => self.passed.push(format!("ENVID={id}")),
            // RFC 4954 §5.
            ("AUTH", Some(name)) if !offers.auth.is_empty() && name.len() <= 500 => {
                self.passed.push(format!("AUTH={name}"));
            }
            ("SIZE", None) => return Err(BAD_PARAMETER),
            _ => return Err(UNKNOWN_PARAMETER),
        }
        Ok(())
    }

    /// The command with everything the client said but the size, to be read again.
    pub(super) fn full_command(&self) -> String {
        self.command(&Offers::default())
    }

    /// The command for the next hop.
    pub(super) fn command(&self, offers: &Offers) -> String {
        let mut command = format!("MAIL FROM:<{}>", self.path.as_str());
        if let (Some(size), true) = (self.size, offers.size.is_some()) {
            command.push_str(&format!(" SIZE={}", size.saturating_add(TRACE_BYTES_MAX)));
        }
        match self.is_8bit {
            Some(true) => command.push_str(" BODY=8BITMIME"),
            Some(false) => command.push_str(" BODY=7BIT"),
            None => {}
        }
        if self.smtp_utf8 {
            command.push_str(" SMTPUTF8");
        }
        for parameter in &self.passed {
            command.push(' ');
            command.push_str(parameter);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Offers {
        Offers {
            pipelining: true,
            size: Some(2_000),
            eight_bit_mime: true,
            smtp_utf8: true,
            enhanced_status_codes: true,
            start_tls: false,
            dsn: true,
            auth: vec!["PLAIN".to_owned()],
        }
    }

    #[test]
    fn parameters_are_checked_and_written_anew() {
        for (text, offers, expected) in [
            ("<>", all(), Ok("MAIL FROM:<>")),
            ("<a@b.vn>", all(), Ok("MAIL FROM:<a@b.vn>")),
            ("<a@b.vn>  size=900  body=8bitmime", all(), Ok("MAIL FROM:<a@b.vn> SIZE=1924 BODY=8BITMIME")),
            ("<a@b.vn> SIZE=900", Offers::default(), Ok("MAIL FROM:<a@b.vn>")),
            ("<a@b.vn> BODY=7BIT", all(), Ok("MAIL FROM:<a@b.vn> BODY=7BIT")),
            ("<a@b.vn> RET=HDRS ENVID=x+2B", all(), Ok("MAIL FROM:<a@b.vn> RET=HDRS ENVID=x+2B")),
            ("<a@b.vn> AUTH=<>", all(), Ok("MAIL FROM:<a@b.vn> AUTH=<>")),
            ("<thư@b.vn> SMTPUTF8", all(), Ok("MAIL FROM:<thư@b.vn> SMTPUTF8")),
            ("<thư@b.vn>", all(), Err(553)),
            ("<thư@b.vn> SMTPUTF8", Offers::default(), Err(555)),
            ("<a@b.vn> SIZE=1001", all(), Err(552)),
            ("<a@b.vn> SIZE=99999999999999999999", all(), Err(552)),
            ("<a@b.vn> SIZE=-1", all(), Err(501)),
            ("<a@b.vn> SIZE", all(), Err(501)),
            ("<a@b.vn> SIZE=1 SIZE=1", all(), Err(501)),
            ("<a@b.vn> BODY=BINARYMIME", all(), Err(501)),
            ("<a@b.vn> BODY=8BITMIME", Offers::default(), Err(555)),
            ("<a@b.vn> RET=FULL", Offers::default(), Err(555)),
            ("<a@b.vn> XFOO=1", all(), Err(555)),
            ("<a@b.vn>SIZE=1", all(), Err(501)),
            ("<@x:a@b.vn>", all(), Err(553)),
            ("a@b.vn", all(), Err(501)),
        ] {
            let read = MailFrom::parse(text, &offers, true, 1_000);
            let read = read.map(|mail| mail.command(&offers)).map_err(|reply| reply.code);
            assert_eq!(read, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn helo_clients_have_no_parameters() {
        let read = |text| MailFrom::parse(text, &all(), false, 1_000).map(|_| ()).map_err(|reply| reply.code);
        assert_eq!(read("<a@b.vn>"), Ok(()));
        assert_eq!(read("<a@b.vn> SIZE=1"), Err(555));
    }
}
