//! The readers of mail by themselves, for whoever throws any bytes at them. Nothing is sent anywhere.

use super::command::Command;
use super::data::{DataReader, DataWriter};
use super::ehlo::Offers;
use super::header::HeaderFilter;
use super::limits::AUTH_LINE_BYTES_MAX;
use super::line::LineReader;
use super::mail::MailFrom;
pub use super::milter::probe::{milter, milter_fields};
use super::rcpt::RcptTo;
use super::reply::{LINE_BYTES_MAX, Reply, ReplyReader};

/// A mail behind DATA whose bytes come `size` at a time: what it says, how many bytes it takes when it ends, and whether
/// it is refused.
pub fn data(bytes: &[u8], size: usize, mends: bool) -> (Vec<u8>, Option<usize>, bool) {
    let (mut reader, mut out, mut taken) = (DataReader::dotted(mends), Vec::new(), 0);
    for piece in bytes.chunks(size) {
        if let Some(end) = reader.read(piece, &mut out) {
            return (out, Some(taken + end), reader.bad().is_some());
        }
        taken += piece.len();
    }
    (out, None, reader.bad().is_some())
}

/// A mail in chunks of BDAT, each `size` bytes: what it says, and whether it is refused.
pub fn chunks(bytes: &[u8], size: usize, mends: bool) -> (Vec<u8>, bool) {
    let (mut reader, mut out) = (DataReader::literal(mends), Vec::new());
    for piece in bytes.chunks(size) {
        reader.read(piece, &mut out);
    }
    reader.end(&mut out);
    (out, reader.bad().is_some())
}

/// A mail as it is written behind DATA, `size` bytes at a time, its end included.
pub fn written(mail: &[u8], size: usize) -> Vec<u8> {
    let (mut writer, mut out) = (DataWriter::new(), Vec::new());
    mail.chunks(size).for_each(|piece| writer.write(piece, &mut out));
    writer.end(&mut out);
    out
}

/// What the header filter leaves of a mail whose bytes come `size` at a time, and what it tells about it.
pub fn header(bytes: &[u8], size: usize) -> (Vec<u8>, String) {
    let (mut filter, mut out) = (HeaderFilter::new(), Vec::new());
    bytes.chunks(size).for_each(|piece| filter.push(piece, &mut out));
    filter.end(&mut out);
    let told = (filter.subject(), filter.signers(), filter.is_looping(), filter.is_automatic());
    (out, format!("{told:?}"))
}

/// The command lines in bytes that come `size` at a time, good ones and what is wrong with the others.
pub fn lines(bytes: &[u8], size: usize, mends: bool) -> Vec<Result<Vec<u8>, String>> {
    let (mut reader, mut lines) = (LineReader::new(AUTH_LINE_BYTES_MAX), Vec::new());
    if mends {
        reader.mend();
    }
    for piece in bytes.chunks(size) {
        reader.append(piece);
        while let Some(line) = reader.next() {
            lines.push(line.map_err(|bad| format!("{bad:?}")));
        }
    }
    lines
}

/// What the next hop is told where a client says this line to begin a mail or to name a recipient, all extensions on
/// offer; `None` where it is told nothing.
pub fn told_next_hop(line: &[u8]) -> Option<String> {
    let offers = Offers {
        pipelining: true,
        size: Some(0),
        eight_bit_mime: true,
        smtp_utf8: true,
        enhanced_status_codes: true,
        start_tls: true,
        dsn: true,
        auth: vec!["PLAIN".to_owned()],
    };
    match Command::parse(line) {
        Ok(Command::Mail(text)) => Some(MailFrom::parse(text, &offers, true, u64::MAX).ok()?.full_command()),
        Ok(Command::Rcpt(text)) => Some(RcptTo::parse(text, &offers, true, true).ok()?.command()),
        _ => None,
    }
}

/// The replies in bytes that come `size` at a time, as a client with SMTPUTF8 hears each, and whether something else
/// stands behind them.
pub fn replies(bytes: &[u8], size: usize) -> (Vec<(u16, Vec<u8>)>, bool) {
    let (mut lines, mut reader, mut all) = (LineReader::new(LINE_BYTES_MAX), ReplyReader::default(), Vec::new());
    let heard = |reply: Reply| {
        let mut out = Vec::new();
        reply.write(true, &mut out);
        (reply.code, out)
    };
    for piece in bytes.chunks(size) {
        lines.append(piece);
        while let Some(line) = lines.next() {
            match reader.line(line) {
                Ok(Some(reply)) => all.push(heard(reply)),
                Ok(None) => {}
                Err(_) => return (all, true),
            }
        }
    }
    (all, false)
}
