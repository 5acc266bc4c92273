//! What Ansible's vault encrypts, told by its first line (docs.ansible.com, *Ansible Vault*): the rest is hexadecimal of the
//! cipher. Nobody reads it.

use chot_model::OpaqueReason;

use super::unknown::Unknown;
use super::{Format, Room};

pub(crate) const FORMAT: Format = Format {
    media_type: "application/x-ansible-vault",
    matches: |head| head.trimmed.starts_with(b"$ANSIBLE_VAULT;1."),
    room: Room::Stream(|_, place| Box::new(Unknown::new(place, OpaqueReason::Encrypted))),
    #[cfg(test)]
    example: || "$ANSIBLE_VAULT;1.1;AES256\n33650935\nSố CCCD 001090123456\n".into(),
};
