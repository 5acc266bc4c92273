//! Packets of MQTT that carry no message (3.1.1 and 5.0, §2 and §3).

use super::{Bytes, Free};

/// What PUBACK and its kin say in 5.0 (§3.4.2.1 to §3.7.2.1).
const REASONS: [u8; 10] = [0x00, 0x10, 0x80, 0x83, 0x87, 0x90, 0x91, 0x92, 0x97, 0x99];
/// The same of DISCONNECT, as far as clients say it (§3.14.2.1).
const ENDS: [u8; 12] = [0x00, 0x04, 0x80, 0x81, 0x82, 0x83, 0x90, 0x93, 0x94, 0x95, 0x97, 0x99];

/// The text of CONNECT, SUBSCRIBE, UNSUBSCRIBE, and of answers, which hold an identifier of two bytes.
pub(super) fn text_of(packet: &[u8]) -> Option<Vec<u8>> {
    read(packet, false).or_else(|| read(packet, true))
}

fn read(packet: &[u8], is_five: bool) -> Option<Vec<u8>> {
    let (first, rest) = packet.split_first()?;
    let mut body = Bytes(rest);
    if body.length()? != body.0.len() {
        return None;
    }
    let (mut text, mut free) = (Vec::new(), Free(Free::BITS));
    match first {
        0x10 => {
            if body.string()? != b"MQTT" || body.byte()? != if is_five { 5 } else { 4 } {
                return None;
            }
            let flags = body.byte()?;
            // Seconds between heartbeats.
            free.long(body.two()?.into())?;
            if is_five {
                properties(&mut body, &mut text, &mut free)?;
            }
            body.line(&mut text)?;
            if flags & 0x04 != 0 {
                if is_five {
                    properties(&mut body, &mut text, &mut free)?;
                }
                body.line(&mut text)?;
                body.line(&mut text)?;
            }
            for _ in 0..usize::from(flags & 0x80 != 0) + usize::from(flags & 0x40 != 0) {
                body.line(&mut text)?;
            }
        }
        0x82 | 0xa2 => {
            body.two()?;
            free.spend(16)?;
            if is_five {
                properties(&mut body, &mut text, &mut free)?;
            }
            while !body.0.is_empty() {
                body.line(&mut text)?;
                if *first == 0x82 {
                    let options = body.byte()?;
                    if options & 3 > 2 || options >> 4 > 2 || options > 2 && !is_five {
                        return None;
                    }
                    // Which messages are wanted besides those of others.
                    free.spend(if options > 2 { 4 } else { 0 })?;
                }
            }
        }
        // PUBACK, PUBREC, PUBREL, PUBCOMP
        0x40 | 0x50 | 0x62 | 0x70 => {
            body.two()?;
            free.spend(16)?;
            if is_five {
                coded(&mut body, &REASONS, &mut text, &mut free)?;
            }
        }
        // PINGREQ
        0xc0 => {}
        // DISCONNECT
        0xe0 if is_five => coded(&mut body, &ENDS, &mut text, &mut free)?,
        0xe0 => {}
        _ => return None,
    }
    body.0.is_empty().then_some(text)
}

/// A reason of these, and what is said of it.
fn coded(body: &mut Bytes<'_>, reasons: &[u8], text: &mut Vec<u8>, free: &mut Free) -> Option<()> {
    let reason = body.byte()?;
    free.spend(4)?;
    if !reasons.contains(&reason) {
        return None;
    }
    if body.0.is_empty() { Some(()) } else { properties(body, text, free) }
}

/// Properties (5.0, §2.2.2).
fn properties(body: &mut Bytes<'_>, text: &mut Vec<u8>, free: &mut Free) -> Option<()> {
    let len = body.length()?;
    let mut of = Bytes(body.take(len)?);
    while !of.0.is_empty() {
        match of.byte()? {
            // How long a session or a will waits, how large a packet may be, how many there may be at once.
            0x11 | 0x18 | 0x27 => free.long(of.four()?)?,
            0x21 | 0x22 => free.long(of.two()?.into())?,
            0x01 | 0x17 | 0x19 => {
                free.spend(1)?;
                if of.byte()? > 1 {
                    return None;
                }
            }
            0x03 | 0x08 | 0x15 | 0x1f => of.line(text)?,
            0x26 => {
                of.line(text)?;
                of.line(text)?;
            }
            _ => return None,
        }
    }
    Some(())
}
