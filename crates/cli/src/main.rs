//! The command `bfv`.
fn main() {}
