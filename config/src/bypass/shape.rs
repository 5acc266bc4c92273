//! The keys of the list of what is not decrypted.

use crate::diagnostic::Problem;
use crate::draft::{Field, Format, Kind, Shape, Words};
use crate::host::HostPattern;
use crate::network::Network;

/// The categories there are.
pub(super) const CATEGORY_WORDS: [&str; 3] = ["e-signing", "banking", "health"];

const CATEGORY: Words = Words { noun: "category", problem: Problem::UnknownWord, all: &CATEGORY_WORDS };
const HOST: Format = Format {
    noun: "a host such as `*.ca.example`",
    check: |text| match HostPattern::parse(text) {
        // A single label would be a whole top-level domain.
        Ok(_) if text.starts_with("*.") && text.matches('.').count() < 2 => Err("that is a whole domain".to_owned()),
        parsed => parsed.map(drop),
    },
};
const NETWORK: Format = Format {
    noun: "a network such as `203.0.113.0/24`",
    check: |text| text.parse::<Network>().map(drop).map_err(|why| why.to_string()),
};
const DAY: Format = Format {
    noun: "a day such as `2027-06-30`",
    check: |text| super::end_of(text).map(drop).ok_or_else(|| "write year-month-day".to_owned()),
};

const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: true, kind, doc }
}

const fn may(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: false, kind, doc }
}

const fn list(of: &'static Kind) -> Kind {
    Kind::List { of, may_be_empty: false }
}

/// The file.
pub(super) const BYPASS: Shape = Shape {
    fields: &[may(
        "bypass",
        Kind::Tables(&Shape {
            fields: &[
                may("hosts", list(&Kind::Format(&HOST)), "Hosts that are not decrypted."),
                may("networks", list(&Kind::Format(&NETWORK)), "Addresses that are not decrypted."),
                may("categories", list(&Kind::Word(&CATEGORY)), "Hosts of a kind."),
                must("reason", Kind::Text, "`reason`: why these are not read."),
                must("until", Kind::Format(&DAY), "`until`: the last day, such as 2027-06-30."),
                may("approved_by", Kind::Text, "Who approved it."),
            ],
        }),
        "What is not decrypted.",
    )],
};
