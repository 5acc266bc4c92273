//! `chot`: the checkpoint.
fn main() {}
