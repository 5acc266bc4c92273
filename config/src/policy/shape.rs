//! The keys of a policy file, each with what it holds and a sentence for editors.

use chot_model::{Action, Channel, DetectorId, Mode, OpaqueReason, Zone};

use crate::diagnostic::Problem;
use crate::draft::{Field, Format, Kind, Shape, Words};
use crate::host::HostPattern;
use crate::network::Network;

/// The ids of an enum of the model, at compile time.
macro_rules! ids {
    ($type:ident) => {{
        const IDS: [&str; $type::ALL.len()] = {
            let mut ids = [""; $type::ALL.len()];
            let mut i = 0;
            while i < ids.len() {
                ids[i] = $type::ALL[i].id();
                i += 1;
            }
            ids
        };
        IDS
    }};
}

/// `N` ids and further words.
const fn with<const N: usize, const M: usize>(ids: [&'static str; N], more: &[&'static str]) -> [&'static str; M] {
    let mut all = [""; M];
    let mut i = 0;
    while i < M {
        all[i] = if i < N { ids[i] } else { more[i - N] };
        i += 1;
    }
    all
}

/// Any reason at all.
pub(super) const ANY: &str = "any";
/// Another name of `encrypted`, as the glossary uses it.
pub(super) const ENCRYPTED_ARCHIVE: &str = "encrypted-archive";
/// All identifiers together.
pub(super) const IDENTIFIER: &str = "identifier";

const ZONES: Words = Words { noun: "zone", problem: Problem::UnknownWord, all: &ids!(Zone) };
const ACTIONS: Words = Words { noun: "action", problem: Problem::UnknownWord, all: &ids!(Action) };
const MODES: Words = Words { noun: "mode", problem: Problem::UnknownWord, all: &ids!(Mode) };
/// `Channel` has no list of its own.
pub(super) const CHANNEL_IDS: &[Channel] = &[Channel::Web, Channel::Mail, Channel::Icap, Channel::Milter];
const CHANNELS: Words =
    Words { noun: "channel", problem: Problem::UnknownWord, all: &["web", "mail", "icap", "milter"] };
const REASONS: Words = Words {
    noun: "reason",
    problem: Problem::UnknownWord,
    all: &with::<{ OpaqueReason::ALL.len() }, { OpaqueReason::ALL.len() + 2 }>(
        ids!(OpaqueReason),
        &[ENCRYPTED_ARCHIVE, ANY],
    ),
};
const DETECTORS: Words = Words {
    noun: "detector",
    problem: Problem::UnknownDetector,
    all: &with::<{ DetectorId::ALL.len() }, { DetectorId::ALL.len() + 1 }>(ids!(DetectorId), &[IDENTIFIER]),
};

const NETWORK: Format = Format {
    noun: "a network such as `10.0.0.0/8`",
    check: |text| text.parse::<Network>().map(drop).map_err(|e| e.to_string()),
};
const HOST: Format = Format { noun: "a host such as `*.vss.gov.vn`", check: |text| HostPattern::parse(text).map(drop) };
const TO: Format = Format {
    noun: "a URL such as `https://chat.zalo.me/` or a mail address",
    check: |text| match (text.contains("://"), text.contains('@')) {
        (false, false) => Err("write a URL with https:// or a mail address".to_owned()),
        _ => Ok(()),
    },
};

const RECIPIENT: Format = Format {
    noun: "a mail address such as `*@doitac.vn`",
    check: |text| if text.contains('@') { Ok(()) } else { Err("a domain belongs under `domains`".to_owned()) },
};
const MEDIA_TYPE: Format = Format {
    noun: "a media type such as `image/*`",
    check: |text| if text.contains('/') { Ok(()) } else { Err("write type/subtype".to_owned()) },
};

const RECIPIENTS: Kind = Kind::List { of: &Kind::Format(&RECIPIENT), may_be_empty: false };
const MEDIA_TYPES: Kind = Kind::List { of: &Kind::Format(&MEDIA_TYPE), may_be_empty: false };
const TEXTS: Kind = Kind::List { of: &Kind::Text, may_be_empty: false };
const NETWORKS: Kind = Kind::List { of: &Kind::Format(&NETWORK), may_be_empty: false };
const HOSTS: Kind = Kind::List { of: &Kind::Format(&HOST), may_be_empty: false };
const AT_LEAST: Kind = Kind::Table(&Shape {
    fields: &[must("at-least", Kind::Count { min: 1, max: u64::MAX }, "How many distinct ones it takes.")],
});
const BILINGUAL: Kind =
    Kind::Table(&Shape { fields: &[may("vi", Kind::Text, "Tiếng Việt."), may("en", Kind::Text, "English.")] });

const fn may(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: false, kind, doc }
}

const fn must(name: &'static str, kind: Kind, doc: &'static str) -> Field {
    Field { name, required: true, kind, doc }
}

const IN_GROUPS: Kind = Kind::Filled(&Shape {
    fields: &[
        may("in", TEXTS, "Any of these groups of `[destinations]`."),
        may("not-in", TEXTS, "None of these groups of `[destinations]`."),
    ],
});
const IN_ACCOUNTS: Kind = Kind::Filled(&Shape {
    fields: &[
        may("in", TEXTS, "Any of these groups of `[accounts]`, or accounts."),
        may("not-in", TEXTS, "None of these groups of `[accounts]`, or accounts."),
    ],
});

const CONDITIONS: Shape = Shape {
    fields: &[
        may(
            "channel",
            Kind::Table(&Shape {
                fields: &[must(
                    "in",
                    Kind::List { of: &Kind::Word(&CHANNELS), may_be_empty: false },
                    "Any of these channels.",
                )],
            }),
            "The way in.",
        ),
        may("zone", Kind::List { of: &Kind::Word(&ZONES), may_be_empty: false }, "Any of these zones."),
        may("destination", IN_GROUPS, "Groups of destinations."),
        may("account", IN_ACCOUNTS, "Who sends."),
        may(
            "detect",
            Kind::Map { keys: Some(&DETECTORS), of: &AT_LEAST },
            "Distinct values of confidence medium or high, by detector; `identifier` is all identifiers together.",
        ),
        may("persons", AT_LEAST, "Distinct people."),
        may("bulk", Kind::Flag, "Whether it is a coherent set of records."),
        may(
            "opaque",
            Kind::List { of: &Kind::Word(&REASONS), may_be_empty: false },
            "A part could not be understood for any of these reasons.",
        ),
        may(
            "media-type",
            Kind::Table(&Shape {
                fields: &[must("in", MEDIA_TYPES, "Any of these true media types; `image/*` is all images.")],
            }),
            "The true type of what is sent, told by its content.",
        ),
    ],
};

const THEN: Shape = Shape {
    fields: &[
        must("action", Kind::Word(&ACTIONS), "`then.action`: \"allow\", \"redact\", \"quarantine\" or \"block\"."),
        may("message", BILINGUAL, "What the sender is told."),
        may(
            "detectors",
            Kind::List { of: &Kind::Word(&DETECTORS), may_be_empty: false },
            "What a redaction masks; without it, the detectors of `when.detect`.",
        ),
    ],
};

const TEST: Shape = Shape {
    fields: &[
        must("name", Kind::Text, "`name`: what the example shows."),
        must("to", Kind::Format(&TO), "`to`: a URL or a mail address."),
        may("from", Kind::Text, "Who sends a mail; the same as `account`."),
        may("account", Kind::Text, "Who sends."),
        may("channel", Kind::Word(&CHANNELS), "The channel, when `to` does not tell."),
        may("text", Kind::Text, "The content."),
        may("text-file", Kind::Text, "A file that holds the content, relative to the policy file."),
        must("expect", Kind::Word(&ACTIONS), "`expect`: what the whole policy must answer."),
    ],
};

const RULE: Shape = Shape {
    fields: &[
        must("id", Kind::Id, "`id`: the name of the rule in records and refusals."),
        may("mode", Kind::Word(&MODES), "How far this rule goes; without it, `policy.mode`."),
        may("when", Kind::Filled(&CONDITIONS), "What the rule is about. All conditions must hold."),
        may("unless", Kind::Filled(&CONDITIONS), "When the rule does not apply. All conditions must hold."),
        must("then", Kind::Table(&THEN), "`then.action` says what the rule does."),
        may("test", Kind::Tables(&TEST), "Example messages for `chot policy test`."),
    ],
};

/// The policy file.
pub(super) const POLICY: Shape = Shape {
    fields: &[
        must("schema", Kind::Version(1), "`schema = 1`: the version of this file's shape."),
        must(
            "policy",
            Kind::Table(&Shape {
                fields: &[
                    must("id", Kind::Id, "`id`: the name of the policy."),
                    may("mode", Kind::Word(&MODES), "\"enforce\" (default), \"warn\" or \"shadow\"."),
                ],
            }),
            "`[policy]` names the policy.",
        ),
        may(
            "contact",
            Kind::Table(&Shape {
                fields: &[
                    may("name", Kind::Text, "A person or an office."),
                    may("phone", Kind::Text, "Telephone."),
                    may("mail", Kind::Text, "Mail address."),
                ],
            }),
            "Whom a refused sender asks; shown on refusals.",
        ),
        may(
            "messages",
            Kind::Table(&Shape {
                fields: &[
                    may("block", BILINGUAL, "What the sender of a blocked message is told."),
                    may("quarantine", BILINGUAL, "What the sender of a quarantined mail is told."),
                    may("redact", BILINGUAL, "What the sender of a redacted message is told."),
                ],
            }),
            "Messages of rules that have none of their own.",
        ),
        may(
            "networks",
            Kind::Table(&Shape {
                fields: &[
                    may("internal", NETWORKS, "Our own addresses."),
                    may("partner", NETWORKS, "Addresses of bodies with whom data is exchanged by agreement."),
                ],
            }),
            "Zones of addresses; everything else is outside.",
        ),
        may(
            "domains",
            Kind::Table(&Shape {
                fields: &[
                    may("internal", HOSTS, "Our own hosts and mail domains."),
                    may("partner", HOSTS, "Those of bodies with whom data is exchanged by agreement."),
                ],
            }),
            "Zones of hosts and mail recipients; everything else is outside.",
        ),
        may("accounts", Kind::Map { keys: None, of: &TEXTS }, "Groups of accounts."),
        may(
            "destinations",
            Kind::Map {
                keys: None,
                of: &Kind::Filled(&Shape {
                    fields: &[
                        may("apps", TEXTS, "Applications of the table of applications."),
                        may("domains", HOSTS, "Hosts and mail domains."),
                        may("networks", NETWORKS, "Addresses."),
                        may("recipients", RECIPIENTS, "Mail addresses; `*` stands for any characters."),
                    ],
                }),
            },
            "Groups of destinations.",
        ),
        may("rule", Kind::Tables(&RULE), "The rules. Their order means nothing: the strictest answer wins."),
    ],
};
