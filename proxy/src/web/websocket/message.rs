//! What a client says on a WebSocket, out of its bytes: pieces and ends of messages, and control frames between them
//! (RFC 6455 §5.4, §5.5). Whatever the standard does not allow ends it.
//!
//! It does no I/O and keeps no payload: where the bytes are cut changes nothing but the size of the pieces.

use bytes::{Buf, BytesMut};

use super::frame::{Head, Malformed, Opcode, Sender, apply};

/// Largest message.
const MESSAGE_BYTES_MAX: u64 = 64 << 20;

/// One thing that was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// A piece of the message under way, without its mask.
    Piece(BytesMut),
    /// The end of the message.
    End(Kind),
    Ping(BytesMut),
    Pong(BytesMut),
    /// The code, where one was given. Reasons are for people.
    Close(Option<u16>),
}

/// What a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

/// Why nothing more may be said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A frame that is not valid, or not valid here.
    Frame,
    /// Text that is not UTF-8.
    Text,
    /// A message larger than any that is looked into.
    Size,
}

impl From<Malformed> for Broken {
    fn from(_: Malformed) -> Self {
        Self::Frame
    }
}

/// The reader of a client's side.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// The frame under way, and how much of its payload is through.
    frame: Option<(Head, u64)>,
    message: Option<Message>,
}

#[derive(Debug)]
struct Message {
    kind: Kind,
    len: u64,
    text: Utf8,
}

impl Messages {
    /// Whether a message is under way.
    pub(super) fn is_within_message(&self) -> bool {
        self.message.is_some()
    }

    /// Whether the message under way is not text.
    pub(super) fn is_binary(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.kind == Kind::Binary)
    }

    /// The next thing that `bytes` say, which is taken from them; `None` when more are needed.
    ///
    /// # Errors
    /// When the connection has to end: nothing behind has a meaning.
    pub(super) fn next(&mut self, bytes: &mut BytesMut) -> Result<Option<Said>, Broken> {
        loop {
            let Some((head, at)) = self.frame else {
                let Some((head, len)) = Head::read(bytes, Sender::Client)? else { return Ok(None) };
                self.begin(head)?;
                bytes.advance(len);
                continue;
            };
            if head.opcode.is_control() {
                return self.control(head, bytes);
            }
            if at == head.len {
                self.frame = None;
                match self.message.take_if(|_| head.is_last) {
                    None => continue,
                    Some(message) if message.kind == Kind::Text && !message.text.is_whole() => {
                        return Err(Broken::Text);
                    }
                    Some(message) => return Ok(Some(Said::End(message.kind))),
                }
            }
            if bytes.is_empty() {
                return Ok(None);
            }
            let n = bytes.len().min(usize::try_from(head.len - at).unwrap_or(usize::MAX));
            let mut piece = bytes.split_to(n);
            head.mask.iter().for_each(|mask| apply(*mask, at, &mut piece));
            self.frame = Some((head, at + n as u64));
            let is_sound = self.message.as_mut().is_some_and(|m| m.kind == Kind::Binary || m.text.push(&piece));
            return if is_sound { Ok(Some(Said::Piece(piece))) } else { Err(Broken::Text) };
        }
    }

    /// A head: whether it may come now, and whether what it announces is bearable.
    fn begin(&mut self, head: Head) -> Result<(), Broken> {
        let begun = |kind| Message { kind, len: 0, text: Utf8::default() };
        match (head.opcode, &mut self.message) {
            (Opcode::Text, message @ None) => *message = Some(begun(Kind::Text)),
            (Opcode::Binary, message @ None) => *message = Some(begun(Kind::Binary)),
            (Opcode::Continuation, Some(_)) => {}
            (opcode, _) if opcode.is_control() => {}
            _ => return Err(Broken::Frame),
        }
        if let Some(message) = self.message.as_mut().filter(|_| !head.opcode.is_control()) {
            message.len = message.len.saturating_add(head.len);
            if message.len > MESSAGE_BYTES_MAX {
                return Err(Broken::Size);
            }
        }
        self.frame = Some((head, 0));
        Ok(())
    }

    fn control(&mut self, head: Head, bytes: &mut BytesMut) -> Result<Option<Said>, Broken> {
        let len = usize::try_from(head.len).map_err(|_| Broken::Frame)?;
        if bytes.len() < len {
            return Ok(None);
        }
        self.frame = None;
        let mut payload = bytes.split_to(len);
        head.mask.iter().for_each(|mask| apply(*mask, 0, &mut payload));
        Ok(Some(match head.opcode {
            Opcode::Ping => Said::Ping(payload),
            Opcode::Pong => Said::Pong(payload),
            _ => Said::Close(close_code(&payload)?),
        }))
    }
}

/// The code of a close frame (RFC 6455 §7.4 and its registry).
fn close_code(payload: &[u8]) -> Result<Option<u16>, Broken> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(Broken::Frame) };
    };
    match u16::from_be_bytes(*code) {
        _ if std::str::from_utf8(reason).is_err() => Err(Broken::Text),
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(Broken::Frame),
    }
}

/// Tells whether pieces are UTF-8 together.
#[derive(Debug, Default)]
struct Utf8 {
    /// The beginning of a character whose rest is to come.
    begun: [u8; 4],
    len: usize,
}

impl Utf8 {
    fn is_whole(&self) -> bool {
        self.len == 0
    }

    /// Whether it can still be.
    fn push(&mut self, mut bytes: &[u8]) -> bool {
        while self.len > 0 {
            let Some((first, rest)) = bytes.split_first() else { return true };
            bytes = rest;
            let Some(place) = self.begun.get_mut(self.len) else { return false };
            *place = *first;
            self.len += 1;
            match std::str::from_utf8(self.begun.get(..self.len).unwrap_or_default()) {
                Ok(_) => self.len = 0,
                Err(error) if error.error_len().is_none() => {}
                Err(_) => return false,
            }
        }
        let Err(error) = std::str::from_utf8(bytes) else { return true };
        let rest = bytes.get(error.valid_up_to()..).unwrap_or_default();
        self.begun.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        self.len = rest.len().min(self.begun.len());
        error.error_len().is_none()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];

    fn frame(is_last: bool, opcode: Opcode, payload: &[u8]) -> Vec<u8> {
        let mut out = BytesMut::new();
        Head { is_last, opcode, mask: Some(MASK), len: payload.len() as u64 }.write(&mut out);
        let mut payload = payload.to_vec();
        apply(MASK, 0, &mut payload);
        [&out[..], &payload].concat()
    }

    /// What is said when the bytes come `size` at a time, neighbouring pieces joined, and how it ended.
    fn hear(bytes: &[u8], size: usize) -> (Vec<Said>, Option<Broken>) {
        let (mut messages, mut held, mut said) = (Messages::default(), BytesMut::new(), Vec::new());
        for piece in bytes.chunks(size) {
            held.extend_from_slice(piece);
            loop {
                match messages.next(&mut held) {
                    Ok(None) => break,
                    Ok(Some(Said::Piece(piece))) => match said.last_mut() {
                        Some(Said::Piece(before)) => before.extend_from_slice(&piece),
                        _ => said.push(Said::Piece(piece)),
                    },
                    Ok(Some(one)) => said.push(one),
                    Err(broken) => return (said, Some(broken)),
                }
            }
        }
        (said, None)
    }

    fn piece(text: &str) -> Said {
        Said::Piece(text.into())
    }

    #[test]
    fn control_frames_stand_between_the_fragments_of_a_message() {
        let bytes = [
            frame(false, Opcode::Text, "Số căn".as_bytes()),
            frame(true, Opcode::Ping, b"a"),
            frame(false, Opcode::Continuation, b""),
            frame(true, Opcode::Pong, b""),
            frame(true, Opcode::Continuation, b" c\xc6\xb0"),
            frame(true, Opcode::Binary, b""),
            frame(true, Opcode::Close, &[&1000u16.to_be_bytes()[..], b"bye"].concat()),
        ]
        .concat();
        let expected = vec![
            piece("Số căn"),
            Said::Ping("a".into()),
            Said::Pong("".into()),
            piece(" cư"),
            Said::End(Kind::Text),
            Said::End(Kind::Binary),
            Said::Close(Some(1000)),
        ];
        for size in 1..bytes.len() {
            assert_eq!(hear(&bytes, size), (expected.clone(), None), "{size}");
        }
    }

    #[test]
    fn what_may_not_come_now_ends_it() {
        let text = |is_last| frame(is_last, Opcode::Text, b"a");
        let close = |payload: &[u8]| frame(true, Opcode::Close, payload);
        for (what, bytes, broken) in [
            ("a continuation of nothing", frame(true, Opcode::Continuation, b"a"), Broken::Frame),
            ("a message within a message", [text(false), text(true)].concat(), Broken::Frame),
            (
                "behind an end, a continuation",
                [text(true), frame(true, Opcode::Continuation, b"")].concat(),
                Broken::Frame,
            ),
            ("half a close code", close(b"\x03"), Broken::Frame),
            ("a close code that is never sent", close(&1005u16.to_be_bytes()), Broken::Frame),
            ("a close code of nobody", close(&999u16.to_be_bytes()), Broken::Frame),
            ("a close code out of range", close(&5000u16.to_be_bytes()), Broken::Frame),
            ("a reason that is no text", close(&[0x03, 0xe8, 0xff]), Broken::Text),
            ("text that is none", frame(true, Opcode::Text, b"\xc3\x28"), Broken::Text),
            ("text that ends within a character", frame(true, Opcode::Text, b"\xe1\xbb"), Broken::Text),
            ("a surrogate", frame(true, Opcode::Text, b"\xed\xa0\x80"), Broken::Text),
            ("an overlong form", frame(true, Opcode::Text, b"\xc0\xaf"), Broken::Text),
        ] {
            for size in [1, 3, 100] {
                assert_eq!(hear(&bytes, size).1, Some(broken), "{what}");
            }
        }
    }

    #[test]
    fn a_message_is_too_large_before_it_is_there() {
        let head = |is_last, opcode, len| {
            let mut out = BytesMut::new();
            Head { is_last, opcode, mask: Some(MASK), len }.write(&mut out);
            out.to_vec()
        };
        for len in [MESSAGE_BYTES_MAX + 1, (1 << 63) - 1] {
            assert_eq!(hear(&head(true, Opcode::Binary, len), 1), (Vec::new(), Some(Broken::Size)));
        }
        assert_eq!(hear(&head(true, Opcode::Binary, MESSAGE_BYTES_MAX), 1), (Vec::new(), None));
        let both = [frame(false, Opcode::Text, b"a"), head(true, Opcode::Continuation, MESSAGE_BYTES_MAX)].concat();
        assert_eq!(hear(&both, 1), (vec![piece("a")], Some(Broken::Size)));
    }

    proptest! {
        #[test]
        fn cutting_and_fragmenting_change_nothing(
            text in "\\PC{0,40}",
            cuts in proptest::collection::vec(0usize..130, 0..4),
            pings: bool,
            size in 1usize..60,
        ) {
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let mut bytes = Vec::new();
            for (n, pair) in cuts.windows(2).enumerate() {
                let opcode = if n == 0 { Opcode::Text } else { Opcode::Continuation };
                bytes.extend(frame(n + 2 == cuts.len(), opcode, &text.as_bytes()[pair[0]..pair[1]]));
                if pings {
                    bytes.extend(frame(true, Opcode::Ping, b""));
                }
            }
            let (said, broken) = hear(&bytes, size);
            let (mut payload, mut others) = (Vec::new(), Vec::new());
            said.into_iter().for_each(|one| match one {
                Said::Piece(piece) => payload.extend_from_slice(&piece),
                Said::Ping(_) => {}
                other => others.push(other),
            });
            prop_assert_eq!((payload, others, broken), (text.into_bytes(), vec![Said::End(Kind::Text)], None));
        }

        #[test]
        fn any_bytes_say_the_same_however_they_come(
            bytes in proptest::collection::vec(prop_oneof![
                3 => any::<u8>().prop_map(|byte| vec![byte]),
                2 => (any::<bool>(), 0u8..11, proptest::collection::vec(any::<u8>(), 0..20)).prop_filter_map(
                    "an opcode",
                    |(is_last, bits, payload)| Opcode::of(bits).map(|opcode| frame(is_last, opcode, &payload)),
                ),
                3 => "[a-zư]{0,9}".prop_map(|text| frame(true, Opcode::Text, text.as_bytes())),
            ], 0..12),
            size in 1usize..40,
        ) {
            let bytes = bytes.concat();
            // What broke within a piece may have let its beginning through.
            let heard = |size| {
                let (mut said, broken) = hear(&bytes, size);
                said.pop_if(|one| broken.is_some() && matches!(one, Said::Piece(_)));
                (said, broken)
            };
            prop_assert_eq!(heard(size), heard(bytes.len().max(1)));
        }
    }
}
