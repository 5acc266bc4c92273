//! The header of a mail as it streams past: forged lines of ours are taken out, `Received:` is counted, the subject
//! is kept for the record, and who signed it is noted; and the lines we put in front.
//!
//! It does not understand mail: fields are told by the start of a line and nothing is unfolded or decoded here.

use chot_model::{DecisionId, Timestamp};

use super::dkim::Signers;

/// Most `Received:` lines before a mail is taken to go in circles. RFC 5321 §6.3 asks for 100 at least where nothing
/// else is known; an organisation's way out is shorter.
pub(super) const RECEIVED_MAX: u32 = 30;
/// Longest subject kept for the record.
const SUBJECT_BYTES_MAX: usize = 2_048;
/// Lower-case start of every line that only we may write.
const OURS: &[u8] = b"x-chot-";
/// Lower-case starts of fields that mails of machines and lists have.
const AUTOMATIC: &[&[u8]] = &[b"auto-submitted", b"precedence", b"list-id", b"x-auto-response"];
/// No field name that matters here is longer.
const NAME_BYTES_MAX: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Ours,
    Subject,
    /// A signature of DKIM.
    Signature,
    Other,
}

/// Watches the header of one mail.
#[derive(Debug)]
pub(super) struct HeaderFilter {
    /// Start of the present line, held until it can be told whose field it is.
    held: Vec<u8>,
    is_deciding: bool,
    field: Field,
    in_header: bool,
    has_subject: bool,
    received: u32,
    subject: Vec<u8>,
    /// The present signature, its name included.
    signature: Vec<u8>,
    signers: Signers,
    is_automatic: bool,
}

impl HeaderFilter {
    /// Stands before the first byte of the mail.
    pub(super) fn new() -> Self {
        Self {
            held: Vec::new(),
            is_deciding: true,
            field: Field::Other,
            in_header: true,
            has_subject: false,
            received: 0,
            subject: Vec::new(),
            signature: Vec::new(),
            signers: Signers::default(),
            is_automatic: false,
        }
    }

    /// Whether all of it was seen: from here on everything stays.
    pub(super) fn is_over(&self) -> bool {
        !self.in_header
    }

    /// Whether the mail passed too many hosts.
    pub(super) fn is_looping(&self) -> bool {
        self.received > RECEIVED_MAX
    }

    /// The first subject, as sent.
    pub(super) fn subject(&self) -> &[u8] {
        &self.subject
    }

    /// Who signed it, once the header is over.
    pub(super) fn signers(&self) -> &Signers {
        &self.signers
    }

    /// Whether a program wrote it, or a list sent it on: nobody there reads an answer (RFC 3834 §2).
    pub(super) fn is_automatic(&self) -> bool {
        self.is_automatic
    }

    /// Takes the next bytes of a mail whose lines all end in CR LF and appends what stays to `out`.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        while self.in_header && !bytes.is_empty() {
            let end = memchr::memchr(b'\n', bytes).map_or(bytes.len(), |at| at + 1);
            let (piece, rest) = bytes.split_at(end);
            bytes = rest;
            if self.is_deciding {
                self.held.extend_from_slice(piece);
                if self.held.ends_with(b"\n") || self.held.len() >= NAME_BYTES_MAX {
                    self.decide(out);
                }
            } else {
                self.pass(piece, out);
            }
            if piece.ends_with(b"\n") {
                self.is_deciding = true;
            }
        }
        out.extend_from_slice(bytes);
    }

    /// Gives out what is still held: a header without an end.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.decide(out);
        }
        self.note_signature();
    }

    /// The field before is over.
    fn note_signature(&mut self) {
        if self.field == Field::Signature {
            self.signers.note(&std::mem::take(&mut self.signature));
        }
    }

    fn decide(&mut self, out: &mut Vec<u8>) {
        let line = std::mem::take(&mut self.held);
        self.is_deciding = false;
        let is_folded = matches!(line.first(), Some(b' ' | b'\t'));
        if !is_folded {
            self.note_signature();
        }
        if line == b"\r\n" {
            self.in_header = false;
            self.field = Field::Other;
        } else if !is_folded {
            self.field = Field::Other;
            if starts_with(&line, OURS) {
                self.field = Field::Ours;
            } else if starts_with(&line, b"dkim-signature") {
                self.field = Field::Signature;
            } else if starts_with(&line, b"arc-message-sig") {
                // Of those who passed it on: it says nothing about a domain that could be ours.
                self.signers.note(b"");
            } else if AUTOMATIC.iter().any(|name| starts_with(&line, name)) {
                self.is_automatic = true;
            } else if starts_with(&line, b"received:") || starts_with(&line, b"received ") {
                self.received = self.received.saturating_add(1);
            } else if starts_with(&line, b"subject:") && !self.has_subject {
                self.has_subject = true;
                self.field = Field::Subject;
                self.keep(line.get(b"subject:".len()..).unwrap_or_default());
                out.extend_from_slice(&line);
                return;
            }
        }
        self.pass(&line, out);
    }

    fn pass(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        match self.field {
            Field::Ours => return,
            Field::Subject => self.keep(piece),
            Field::Signature => {
                let room = Signers::room(self.signature.len());
                self.signature.extend_from_slice(piece.get(..room).unwrap_or(piece));
            }
            Field::Other => {}
        }
        out.extend_from_slice(piece);
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = SUBJECT_BYTES_MAX - self.subject.len();
        self.subject.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
}

/// Whether only we may write fields of this name.
pub(super) fn is_ours(name: &[u8]) -> bool {
    starts_with(name, OURS)
}

fn starts_with(line: &[u8], lower: &[u8]) -> bool {
    line.get(..lower.len()).is_some_and(|head| head.eq_ignore_ascii_case(lower))
}

/// The lines we put in front of a mail. They name us and the decision, and nothing of the network behind us: neither
/// the client's address nor what it called itself. `is_ambiguous` is told where it is wanted.
pub(super) fn trace(host: &str, with: &str, id: DecisionId, now: Timestamp, is_ambiguous: Option<bool>) -> String {
    let ambiguity = is_ambiguous.map(|is| format!("{AMBIGUITY}: {}\r\n", ambiguity(is))).unwrap_or_default();
    let date = date(now);
    format!("Received: by {host} (chot) with {with} id {id};\r\n\t{date}\r\nX-Chot-Decision: {id}\r\n{ambiguity}")
}

/// The field that tells the mail server behind us whether two readers may see two mails, as draft-chen-email-mime-
/// ambiguity-defense-00 proposes it; the draft's own name is left to the draft.
pub(super) const AMBIGUITY: &str = "X-Chot-Ambiguity";

/// What stands in it.
pub(super) fn ambiguity(is_ambiguous: bool) -> &'static str {
    if is_ambiguous { "ambiguous" } else { "none" }
}

/// `Sat, 21 Nov 2026 08:00:00 +0000` (RFC 5322 §3.3).
pub(super) fn date(now: Timestamp) -> String {
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (year, month, day) = now.date();
    let seconds = now.unix_us() / 1_000_000;
    let weekday = DAYS.get((seconds / 86_400 % 7) as usize).copied().unwrap_or_default();
    let month = MONTHS.get(usize::from(month).saturating_sub(1)).copied().unwrap_or_default();
    let (h, m, s) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{weekday}, {day} {month} {year} {h:02}:{m:02}:{s:02} +0000")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn filtered<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> (String, String, u32) {
        let (mut filter, mut out) = (HeaderFilter::new(), Vec::new());
        pieces.for_each(|piece| filter.push(piece, &mut out));
        filter.end(&mut out);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (text(&out), text(filter.subject()), filter.received)
    }

    #[test]
    fn forged_lines_go_and_the_rest_stays() {
        for (mail, kept, subject) in [
            ("", "", ""),
            ("\r\nX-Chot-A: body\r\n", "\r\nX-Chot-A: body\r\n", ""),
            ("A: 1\r\nx-cHOT-decision: 2\r\n folded\r\n\tagain\r\nB: 3\r\n\r\nx", "A: 1\r\nB: 3\r\n\r\nx", ""),
            ("X-Chot-Only: 1\r\n", "", ""),
            ("X-Chot-Only: 1", "", ""),
            ("X-Chotto: 1\r\n\r\n", "X-Chotto: 1\r\n\r\n", ""),
            (
                "Subject: a\r\n b\r\nTo: c\r\n\r\nSubject: d\r\n",
                "Subject: a\r\n b\r\nTo: c\r\n\r\nSubject: d\r\n",
                " a\r\n b\r\n",
            ),
            ("SUBJECT:x\r\nSubject: y\r\n\r\n", "SUBJECT:x\r\nSubject: y\r\n\r\n", "x\r\n"),
            ("X-", "X-", ""),
        ] {
            let (out, kept_subject, _) = filtered([mail.as_bytes()].into_iter());
            assert_eq!((out.as_str(), kept_subject.as_str()), (kept, subject), "{mail:?}");
        }
    }

    #[test]
    fn hosts_passed_are_counted_in_the_header_only() {
        let mail = format!("{}\r\n{}", "RECEIVED: by x\r\n y\r\n".repeat(31), "Received: z\r\n".repeat(50));
        assert_eq!(filtered([mail.as_bytes()].into_iter()).2, 31);
        let mut filter = HeaderFilter::new();
        filter.push(mail.as_bytes(), &mut Vec::new());
        assert!(filter.is_looping());
    }

    #[test]
    fn a_long_subject_is_kept_in_part() {
        let mail = format!("Subject: {}\r\n\r\n", "x".repeat(10_000));
        let (out, subject, _) = filtered([mail.as_bytes()].into_iter());
        assert_eq!((out.len(), subject.len()), (mail.len(), SUBJECT_BYTES_MAX));
    }

    #[test]
    fn the_trace_names_the_decision_and_no_client() {
        let now = Timestamp::parse("2026-11-21T08:00:00.123Z").expect("a time");
        let id = DecisionId::new(now, [7; 10]);
        let text = trace("gw.example", "ESMTPS", id, now, None);
        let expected = format!(
            "Received: by gw.example (chot) with ESMTPS id {id};\r\n\tSat, 21 Nov 2026 08:00:00 +0000\r\nX-Chot-Decision: {id}\r\n"
        );
        assert_eq!(text, expected);
        let told = trace("gw.example", "ESMTPS", id, now, Some(true));
        assert_eq!(told, format!("{expected}X-Chot-Ambiguity: ambiguous\r\n"));
        assert!((told.len() as u64) < super::super::ehlo::TRACE_BYTES_MAX);
    }

    proptest! {
        #[test]
        fn splitting_the_mail_changes_nothing(
            lines in proptest::collection::vec(
                "(X-Chot-a: b|Subject: s|Received: r| folded|A: 1|DKIM-Signature( {0,4}):d=a.vn(;d=b.vn)?|)",
                0..8,
            ),
            cut in 1usize..20,
        ) {
            let mail: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
            let whole = filtered([mail.as_bytes()].into_iter());
            let signers = |size: usize| {
                let mut filter = HeaderFilter::new();
                mail.as_bytes().chunks(size).for_each(|piece| filter.push(piece, &mut Vec::new()));
                filter.end(&mut Vec::new());
                filter.signers().clone()
            };
            prop_assert_eq!(signers(cut), signers(mail.len().max(1)));
            prop_assert_eq!(&whole, &filtered(mail.as_bytes().chunks(cut)));
            let header = whole.0.split("\r\n\r\n").next().unwrap_or_default();
            prop_assert!(whole.0.starts_with("\r\n") || !header.contains("X-Chot-"));
        }
    }
}
