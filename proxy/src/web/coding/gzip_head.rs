//! What stands in the header of a gzip member besides the data (RFC 1952 §2.3): it leaves with the encoded body.

use chot_model::OpaqueReason;

use super::Broken;

/// Longest file name that is taken for one.
const NAME_BYTES_MAX: usize = 1_024;
/// Bytes before the optional fields.
const FIXED_BYTES: usize = 10;
const FEXTRA: u8 = 4;
const FNAME: u8 = 8;
const FCOMMENT: u8 = 16;

/// Reads along while a member is decoded.
#[derive(Debug, Default)]
pub(super) struct GzipHead {
    /// Bytes of the member so far, as far as they matter.
    at: usize,
    is_in_name: bool,
    is_later_member: bool,
    name: Vec<u8>,
}

impl GzipHead {
    /// Begins another member.
    pub(super) fn next_member(self) -> Self {
        Self { at: 0, is_in_name: false, is_later_member: true, name: self.name }
    }

    /// The file name of the first member.
    pub(super) fn name(&self) -> &[u8] {
        &self.name
    }

    /// Takes the next bytes of the member.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(), Broken> {
        for byte in bytes {
            if self.at >= FIXED_BYTES && !self.is_in_name {
                return Ok(());
            }
            if self.at == 3 {
                if byte & (FEXTRA | FCOMMENT) != 0 || byte & FNAME != 0 && self.is_later_member {
                    return Err(OpaqueReason::Ambiguous);
                }
                self.is_in_name = byte & FNAME != 0;
            } else if self.at >= FIXED_BYTES {
                match byte {
                    0 => self.is_in_name = false,
                    _ if self.name.len() == NAME_BYTES_MAX => return Err(OpaqueReason::Ambiguous),
                    byte => self.name.push(*byte),
                }
            }
            self.at += 1;
        }
        Ok(())
    }
}
