//! What a tile costs, and what the whole answer.
fn main() {}
