//! What Facebook's and Messenger's pages say to `gateway.*/ws/…`: frames behind each other, of which most hold JSON and
//! the rest say that something was heard.

use super::{Bytes, Free, plain};

/// The text of frames that hold nothing else.
pub(super) fn text_of(message: &[u8]) -> Option<Vec<u8>> {
    let (mut text, mut free, mut rest) = (Vec::new(), Free(Free::BITS), Bytes(message));
    while let Some((kind, _)) = rest.0.split_first() {
        rest.byte()?;
        // Deauth, Ping, Pong
        if matches!(kind, 4 | 9 | 10) {
            continue;
        }
        free.short(two(&mut rest)?)?;
        // EndOfData
        if *kind == 14 {
            continue;
        }
        let [low, middle, high] = *rest.take(3)? else { return None };
        let len = usize::from(low) | usize::from(middle) << 8 | usize::from(high) << 16;
        let mut payload = Bytes(rest.take(len)?);
        match kind {
            // Ack
            12 => {
                free.short(two(&mut payload)?)?;
                payload.0.is_empty().then_some(())?;
            }
            // Data, which may ask for an ack of its number.
            13 => {
                free.short(two(&mut payload)? & 0x7fff)?;
                line(&payload, &mut text)?;
            }
            // EstabStream
            15 => line(&payload, &mut text)?,
            _ => return None,
        }
    }
    Some(text)
}

/// Low byte first.
fn two(bytes: &mut Bytes<'_>) -> Option<u16> {
    bytes.two().map(u16::swap_bytes)
}

fn line(payload: &Bytes<'_>, text: &mut Vec<u8>) -> Option<()> {
    text.extend_from_slice(plain(payload.0)?);
    text.push(b'\n');
    Some(())
}
