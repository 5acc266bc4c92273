//! What mail programs, next hops and mail servers say to the mail channel: what the next hop reads must be what was
//! read here, and a mail must end where it ends.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use chot_inspect::{Hint, Inspector, Limits};
use chot_proxy::mail::probe;

use super::seeds::HIDDEN;

const END: &[u8] = b"\r\n.\r\n";

/// Whether every CR and LF is of a CR LF.
fn is_canonical(text: &[u8]) -> bool {
    let is_bare = |at: usize| match text[at] {
        b'\r' => text.get(at + 1) != Some(&b'\n'),
        _ => at == 0 || text[at - 1] != b'\r',
    };
    !memchr::memchr2_iter(b'\r', b'\n', text).any(is_bare)
}

/// What stands behind DATA with nothing left out but the end, as the standard has it read (RFC 5321 §4.5.2).
fn unstuffed(wire: &[u8]) -> Vec<u8> {
    let lines = wire.split_inclusive(|byte| *byte == b'\n');
    lines.flat_map(|line| line.strip_prefix(b".").unwrap_or(line)).copied().collect()
}

/// What is written of a mail is one mail to any reader, whichever of CR, LF and CR LF it takes for the end of a line, and
/// reads as the mail.
fn is_written_as_one_mail(mail: &[u8]) {
    let wire = probe::written(mail, mail.len().max(1));
    for size in [1, 3] {
        assert_eq!(probe::written(mail, size), wire, "written {size} at a time");
    }
    assert!(is_canonical(&wire), "a bare end of a line");
    let from_the_command = [b"\r\n", wire.as_slice()].concat();
    assert_eq!(memchr::memmem::find(&from_the_command, END), Some(from_the_command.len() - END.len()), "another end");
    let (read, end, _) = probe::data(&wire, wire.len(), false);
    assert_eq!(end, Some(wire.len()), "read to another end");
    assert_eq!(read, unstuffed(&wire[..wire.len() - 3]), "read otherwise");
    if is_canonical(mail) && (mail.is_empty() || mail.ends_with(b"\n")) {
        assert_eq!(read, mail, "another mail");
    }
}

/// However a mail comes, it ends at the first CR LF `.` CR LF and says the same; what is sent on is what was read.
pub(crate) fn data(_: &Hint, bytes: &[u8]) {
    let ended = [b"\r\n", bytes].concat();
    let end = memchr::memmem::find(&ended, END).map(|at| at + 3);
    for mends in [false, true] {
        let whole = probe::data(bytes, bytes.len().max(1), mends);
        for size in [1, 2, 5] {
            assert_eq!(probe::data(bytes, size, mends), whole, "in pieces of {size}");
        }
        let (mail, found, is_refused) = whole;
        assert_eq!(found, end, "another end");
        if let (Some(end), false) = (end, is_refused) {
            let wire = &bytes[..end - 3];
            assert!(!mail.contains(&0) && is_canonical(&mail), "taken though it is not fit");
            assert!(mends || is_canonical(wire), "taken with bare ends of lines");
            assert!(!is_canonical(wire) || mail == unstuffed(wire), "read otherwise");
            is_written_as_one_mail(&mail);
        }
        let chunked = probe::chunks(bytes, bytes.len().max(1), mends);
        for size in [1, 3] {
            assert_eq!(probe::chunks(bytes, size, mends), chunked, "in chunks of {size}");
        }
        let (mail, is_refused) = chunked;
        if !is_refused {
            let as_it_is = mail.strip_suffix(b"\r\n").is_some_and(|all| all == bytes) || mail == bytes;
            assert!(!mail.contains(&0) && is_canonical(&mail) && (mends || as_it_is), "chunks are taken as they are");
            is_written_as_one_mail(&mail);
        }
    }
    // Redaction may put any bytes where others stood.
    is_written_as_one_mail(bytes);
}

/// Lines are the same however they come, and what the next hop is told of them is one line that says the same.
pub(crate) fn lines(_: &Hint, bytes: &[u8]) {
    for mends in [false, true] {
        let whole = probe::lines(bytes, bytes.len().max(1), mends);
        for size in [1, 3] {
            assert_eq!(probe::lines(bytes, size, mends), whole, "in pieces of {size}");
        }
        for line in whole.iter().flatten() {
            assert!(!line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "more than a line");
            if let Some(told) = probe::told_next_hop(line) {
                assert!(!told.contains(char::is_control), "more than a command");
                assert_eq!(probe::told_next_hop(told.as_bytes()), Some(told.clone()), "told otherwise");
            }
        }
    }
}

/// What the header filter leaves holds no field that only we may write, however it comes.
pub(crate) fn header(_: &Hint, bytes: &[u8]) {
    // It is given mails whose lines end in CR LF.
    let (mail, _) = probe::chunks(bytes, bytes.len().max(1), false);
    let whole = probe::header(&mail, mail.len().max(1));
    for size in [1, 4] {
        assert_eq!(probe::header(&mail, size), whole, "in pieces of {size}");
    }
    let left = whole.0;
    let lines = left.split_inclusive(|byte| *byte == b'\n').take_while(|line| line != b"\r\n");
    for line in lines {
        assert!(!line.get(..7).is_some_and(|name| name.eq_ignore_ascii_case(b"X-Chot-")), "something forged was left");
    }
    assert_eq!(probe::header(&left, left.len().max(1)).0, left, "not all at once");
}

/// Replies are the same however they come, and our client hears as many with the same codes.
pub(crate) fn replies(_: &Hint, bytes: &[u8]) {
    let whole = probe::replies(bytes, bytes.len().max(1));
    for size in [1, 3] {
        assert_eq!(probe::replies(bytes, size), whole, "in pieces of {size}");
    }
    let heard: Vec<u8> = whole.0.iter().flat_map(|(_, reply)| reply).copied().collect();
    // Bytes that are no text are three where they were one: a line may have become too long to be read by us.
    if heard.split(|byte| *byte == b'\n').all(|line| line.len() < 2_000) {
        assert_eq!(probe::replies(&heard, heard.len().max(1)), (whole.0, false), "heard otherwise");
    }
}

/// Events are the same however they come; a header that nobody changed is not changed.
pub(crate) fn milter(_: &Hint, bytes: &[u8]) {
    let whole = probe::milter(bytes, bytes.len().max(1));
    for size in [1, 3] {
        assert_eq!(probe::milter(bytes, size), whole, "in pieces of {size}");
    }
    let (_, unchanged) = probe::milter_fields(bytes);
    assert_ne!(unchanged, Some(false), "changed by itself");
}

/// Whatever a mail says of its parts, an encoded number in it is found: the look without structure is no tree that
/// somebody could lead astray. Or the mail is not read to its end, and says so.
pub(crate) fn hidden(hint: &Hint, bytes: &[u8]) {
    static INSPECTOR: LazyLock<Inspector> = LazyLock::new(|| {
        let limits = Limits { print_time_max: Duration::ZERO, ..Limits::default() };
        Inspector::new(limits, 2026)
    });
    let found = Arc::new(Mutex::new(false));
    let seen = Arc::clone(&found);
    let sink = move |finding: chot_model::Finding| {
        if finding.value.reveal() == HIDDEN {
            *seen.lock().expect("nobody panics here") = true;
        }
    };
    let inspection = INSPECTOR.inspect_with(hint.clone(), &bytes.to_vec(), Box::new(sink)).inspection;
    let is_found = *found.lock().expect("nobody panics here");
    assert!(is_found || !inspection.opaque.is_empty(), "hidden: {inspection:?}");
}
