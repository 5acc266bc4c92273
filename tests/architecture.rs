//! The arrows between rooms, read from the manifests (docs/ARCHITECTURE.md, "Invariants").
//!
//! When this fails, the change drew an arrow that the design does not have. The message says what to do.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use serde_json::Value;

/// What each room may depend on, among the rooms.
const ARROWS: &[(&str, &[&str])] = &[
    ("chot-model", &[]),
    ("chot-detectors", &["chot-model"]),
    ("chot-config", &["chot-model"]),
    ("chot-audit", &["chot-model"]),
    ("chot-inspect", &["chot-detectors", "chot-model"]),
    ("chot-worker", &["chot-inspect", "chot-model"]),
    ("chot-proxy", &["chot-audit", "chot-config", "chot-inspect", "chot-model"]),
    ("chot-benches", &["chot-detectors", "chot-inspect", "chot-model"]),
    ("chot-fuzz", &["chot-detectors", "chot-inspect", "chot-model", "chot-proxy", "chot-worker"]),
    (
        "chot",
        &[
            "chot-audit",
            "chot-benches",
            "chot-config",
            "chot-detectors",
            "chot-inspect",
            "chot-model",
            "chot-proxy",
            "chot-worker",
        ],
    ),
];

/// Rooms that may talk to the network: the channels, and the binary for the demo's stand-in servers.
const MAY_USE_THE_NETWORK: &[&str] = &["chot-proxy", "chot"];
/// Crates that open sockets or speak TLS.
const NETWORK: &[&str] = &["hyper", "hyper-util", "rustls", "rustls-native-certs", "socket2", "tokio-rustls"];
/// Features of tokio that open sockets.
const TOKIO_NETWORK: &[&str] = &["full", "net"];
/// Clocks and randomness of other people, which `model::Clock` and aws-lc-rs stand for here.
const NOWHERE: &[&str] = &["chrono", "time", "openssl", "native-tls", "rand", "anyhow"];

struct Room {
    name: String,
    dependencies: Vec<Dependency>,
}

struct Dependency {
    name: String,
    features: Vec<String>,
    /// For tests and benchmarks only.
    is_dev: bool,
}

fn rooms() -> Vec<Room> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("json");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        features: list(&value["features"]).iter().map(text).collect(),
        is_dev: value["kind"] == "dev",
    };
    let room = |value: &Value| Room {
        name: text(&value["name"]),
        dependencies: list(&value["dependencies"]).iter().map(dependency).collect(),
    };
    list(&metadata["packages"]).iter().map(room).collect()
}

#[test]
fn every_room_is_on_the_map() {
    let on_map: BTreeSet<_> = ARROWS.iter().map(|(name, _)| (*name).to_owned()).collect();
    let here: BTreeSet<_> = rooms().into_iter().map(|room| room.name).collect();
    assert_eq!(here, on_map, "a new room: add it to ARROWS here and to the table of rooms in docs/ARCHITECTURE.md");
}

#[test]
fn arrows_point_one_way() {
    let allowed: BTreeMap<_, _> = ARROWS.iter().copied().collect();
    for room in rooms() {
        let may = allowed.get(room.name.as_str()).copied().unwrap_or_default();
        for dependency in room.dependencies.iter().filter(|d| allowed.contains_key(d.name.as_str())) {
            // Its own features in its own tests, such as a store that fails when told.
            let is_itself = dependency.is_dev && dependency.name == room.name;
            assert!(
                is_itself || may.contains(&dependency.name.as_str()),
                "{} must not depend on {}: hand the value in as an argument, or move the noun to chot-model; if the \
                 arrow is right, change docs/ARCHITECTURE.md and ARROWS in the same commit and say why",
                room.name,
                dependency.name
            );
        }
    }
}

#[test]
fn only_the_proxy_and_the_binary_reach_the_network() {
    for room in rooms().iter().filter(|room| !MAY_USE_THE_NETWORK.contains(&room.name.as_str())) {
        for dependency in room.dependencies.iter().filter(|d| !d.is_dev) {
            let opens = NETWORK.contains(&dependency.name.as_str())
                || dependency.name == "tokio"
                    && dependency.features.iter().any(|f| TOKIO_NETWORK.contains(&f.as_str()));
            assert!(
                !opens,
                "{} must not open sockets, but depends on {} {:?}: move that code to chot-proxy and hand the bytes in",
                room.name, dependency.name, dependency.features
            );
        }
    }
}

#[test]
fn nobody_brings_a_clock_or_another_tls() {
    for room in rooms() {
        for dependency in room.dependencies.iter().filter(|d| !d.is_dev) {
            assert!(
                !NOWHERE.contains(&dependency.name.as_str()),
                "{} must not depend on {}: time comes from chot_model::Clock, randomness from aws-lc-rs, TLS from \
                 rustls, errors are enums of thiserror",
                room.name,
                dependency.name
            );
        }
    }
}
