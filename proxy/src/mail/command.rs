//! Command lines: the verb and its argument (RFC 5321 §4.1.1).

/// Longest command line that is not part of AUTH. RFC 5321 asks for 512; SMTPUTF8 and DSN parameters for more.
const LINE_BYTES_MAX: usize = 2_048;

/// What the client asks for. Arguments as they stood behind the verb.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    Helo(&'a str),
    Ehlo(&'a str),
    /// EHLO of LMTP (RFC 2033 §4.1).
    Lhlo(&'a str),
    Mail(&'a str),
    Rcpt(&'a str),
    Data,
    Bdat(Chunk),
    Rset,
    Noop,
    Vrfy,
    Expn,
    Help,
    Quit,
    StartTls,
    Auth(&'a str),
    /// What a trusted host in front of us tells of its client.
    Xforward(&'a str),
    Xclient(&'a str),
    /// Known, and not done here: ETRN, TURN …
    NotDone,
}

/// One chunk of a mail (RFC 3030 §2): so many bytes follow the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chunk {
    pub(super) bytes: u64,
    pub(super) is_last: bool,
}

/// Why a line is no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BadCommand {
    /// No verb we know.
    Unknown,
    /// A known verb with an argument it must or must not have.
    Argument,
    /// BDAT whose length cannot be told: what follows is neither commands nor a chunk.
    Chunk,
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
            "LHLO" => needs(Self::Lhlo(argument)),
            "XFORWARD" => needs(Self::Xforward(argument)),
            "XCLIENT" => needs(Self::Xclient(argument)),
            "MAIL" => keyword(argument, "FROM:").map(Self::Mail),
            "RCPT" => keyword(argument, "TO:").map(Self::Rcpt),
            "DATA" => bare(Self::Data),
            "BDAT" => chunk(argument).map(Self::Bdat).ok_or(BadCommand::Chunk),
            "RSET" => bare(Self::Rset),
            "NOOP" => Ok(Self::Noop),
            "VRFY" => needs(Self::Vrfy),
            "EXPN" => needs(Self::Expn),
            "HELP" => Ok(Self::Help),
            "QUIT" => bare(Self::Quit),
            "STARTTLS" => bare(Self::StartTls),
            "AUTH" => needs(Self::Auth(argument)),
            "BURL" | "ETRN" | "ATRN" | "TURN" | "SEND" | "SOML" | "SAML" => Ok(Self::NotDone),
            _ => Err(BadCommand::Unknown),
        }
    }
}

/// `n` or `n LAST`: plain digits, nothing else.
fn chunk(argument: &str) -> Option<Chunk> {
    let (digits, is_last) = match argument.split_once(' ') {
        None => (argument, false),
        Some((digits, last)) => (digits, last.trim_start_matches(' ').eq_ignore_ascii_case("LAST").then_some(true)?),
    };
    // Twelve digits are more than any mail, and fewer than any overflow.
    let is_number = (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    Some(Chunk { bytes: digits.parse().ok().filter(|_| is_number)?, is_last })
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
            ("BDAT 100 LAST", Ok(Command::Bdat(super::Chunk { bytes: 100, is_last: true }))),
            ("bdat 0  last", Ok(Command::Bdat(super::Chunk { bytes: 0, is_last: true }))),
            ("BDAT 7", Ok(Command::Bdat(super::Chunk { bytes: 7, is_last: false }))),
            ("BDAT", Err(Chunk)),
            ("BDAT LAST", Err(Chunk)),
            ("BDAT -1", Err(Chunk)),
            ("BDAT +1", Err(Chunk)),
            ("BDAT 0x10", Err(Chunk)),
            ("BDAT 1 LASTS", Err(Chunk)),
            ("BDAT 1 LAST x", Err(Chunk)),
            ("BDAT 18446744073709551617", Err(Chunk)),
            ("BDAT 4294967296000", Err(Chunk)),
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
