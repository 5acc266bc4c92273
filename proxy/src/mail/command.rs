//! Command lines: the verb and its argument (RFC 5321 §4.1.1).

/// Longest command line that is not part of AUTH. RFC 5321 asks for 512; SMTPUTF8 and DSN parameters for more.
const LINE_BYTES_MAX: usize = 2_048;

/// What the client asks for. Arguments as they stood behind the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Helo(&'a str),
    Ehlo(&'a str),
    Mail(&'a str),
    Rcpt(&'a str),
    Data,
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
    Auth(&'a str),
    /// Known, and not done here: BDAT, ETRN, TURN, XCLIENT …
    NotDone,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCommand {
    /// No verb we know.
    Unknown,
    /// A known verb with an argument it must or must not have.
    Argument,
    /// Longer than a command may be.
    TooLong,
    /// Not UTF-8, or with control characters.
    Characters,
}

impl<'a> Command<'a> {
    /// Reads a line.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, BadCommand> {
        let text = std::str::from_utf8(line).map_err(|_| BadCommand::Characters)?;
        if text.chars().any(|c| c.is_control()) {
            return Err(BadCommand::Characters);
        }
        let (verb, argument) = text.split_once(' ').unwrap_or((text, ""));
        let argument = argument.trim_matches(' ');
        let verb = verb.to_ascii_uppercase();
        if text.len() > LINE_BYTES_MAX && verb != "AUTH" {
            return Err(BadCommand::TooLong);
        }
        let bare = |command: Self| if argument.is_empty() { Ok(command) } else { Err(BadCommand::Argument) };
        let needs = |command: Self| if argument.is_empty() { Err(BadCommand::Argument) } else { Ok(command) };
        match verb.as_str() {
            "HELO" => needs(Self::Helo(argument)),
            "EHLO" => needs(Self::Ehlo(argument)),
            "MAIL" => keyword(argument, "FROM:").map(Self::Mail),
            "RCPT" => keyword(argument, "TO:").map(Self::Rcpt),
            "DATA" => bare(Self::Data),
            "RSET" => bare(Self::Rset),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => needs(Self::Vrfy),
            "EXPN" => needs(Self::Expn),
            "HELP" => Ok(Self::Help),
            "QUIT" => bare(Self::Quit),
            "STARTTLS" => bare(Self::StartTls),
            "AUTH" => needs(Self::Auth(argument)),
            "BDAT" | "BURL" | "ETRN" | "ATRN" | "TURN" | "SEND" | "SOML" | "SAML" | "XCLIENT" | "XFORWARD" => {
                Ok(Self::NotDone)
            }
            _ => Err(BadCommand::Unknown),
        }
    }
}

/// What follows `FROM:` or `TO:`. A space behind the colon is wrong and common; it changes nothing.
fn keyword<'a>(argument: &'a str, keyword: &str) -> Result<&'a str, BadCommand> {
    let (head, rest) = argument.split_at_checked(keyword.len()).ok_or(BadCommand::Argument)?;
    let rest = rest.trim_start_matches(' ');
    (head.eq_ignore_ascii_case(keyword) && !rest.is_empty()).then_some(rest).ok_or(BadCommand::Argument)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_commands_or_not() {
        use BadCommand::*;
        let long = format!("NOOP {}", "x".repeat(LINE_BYTES_MAX));
        let long_auth = format!("AUTH PLAIN {}", "x".repeat(LINE_BYTES_MAX));
        for (line, command) in [
            ("EHLO client.example", Ok(Command::Ehlo("client.example"))),
            ("ehlo client.example", Ok(Command::Ehlo("client.example"))),
            ("EHLO", Err(Argument)),
            ("MAIL FROM:<a@b>", Ok(Command::Mail("<a@b>"))),
            ("mail from: <a@b> SIZE=1", Ok(Command::Mail("<a@b> SIZE=1"))),
            ("MAIL <a@b>", Err(Argument)),
            ("MAIL FROM:", Err(Argument)),
            ("RCPT TO:<a@b>", Ok(Command::Rcpt("<a@b>"))),
            ("DATA", Ok(Command::Data)),
            ("DATA ", Ok(Command::Data)),
            ("DATA x", Err(Argument)),
            ("NOOP whatever", Ok(Command::Noop)),
            ("STARTTLS x", Err(Argument)),
            ("BDAT 100 LAST", Ok(Command::NotDone)),
            ("", Err(Unknown)),
            ("GET / HTTP/1.1", Err(Unknown)),
            ("NO\tOP", Err(Characters)),
            (&long, Err(TooLong)),
            (&long_auth, Ok(Command::Auth(long_auth.strip_prefix("AUTH ").expect("a prefix")))),
        ] {
            assert_eq!(Command::parse(line.as_bytes()), command, "{line}");
        }
        assert_eq!(Command::parse(b"EHLO \xff"), Err(Characters));
    }
}
