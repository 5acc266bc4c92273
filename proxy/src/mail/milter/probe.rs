//! The reader of milter packets by itself, for whoever throws any bytes at it. Nothing is sent anywhere.

use super::message::{Change, Field, changes};
use super::packet::{Event, PacketReader};

/// What a mail server says over the milter protocol when its bytes come `size` at a time, and whether it is none.
pub fn milter(bytes: &[u8], size: usize) -> (Vec<String>, bool) {
    events(bytes, size, |event| Some(format!("{event:?}")))
}

/// The header fields it tells of: what is inspected of them, and whether what is inspected unchanged means that nothing
/// is changed but forged fields taken out; `None` where the header cannot be told in changes at all.
pub fn milter_fields(bytes: &[u8]) -> (Vec<u8>, Option<bool>) {
    let (fields, _) = events(bytes, bytes.len().max(1), |event| match event {
        Event::Header(name, value) => Some(Field::new(name, value, true)),
        _ => None,
    });
    let header: Vec<u8> = fields.iter().filter(|field| !field.is_forged).flat_map(Field::line).collect();
    let takes_out = |changes: Vec<Change>| changes == Field::forged(&fields);
    let unchanged = changes(&fields, &header).map(takes_out);
    (header, unchanged)
}

fn events<T>(bytes: &[u8], size: usize, mut take: impl FnMut(Event<'_>) -> Option<T>) -> (Vec<T>, bool) {
    let (mut reader, mut taken) = (PacketReader::default(), Vec::new());
    for piece in bytes.chunks(size) {
        reader.spare().extend_from_slice(piece);
        loop {
            match reader.next().map(|next| next.map(Event::read)) {
                Ok(None) => break,
                Ok(Some(Ok(event))) => taken.extend(take(event)),
                Ok(Some(Err(_))) | Err(_) => return (taken, true),
            }
        }
    }
    (taken, false)
}
