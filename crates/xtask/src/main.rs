//! Tasks of the project that plain cargo cannot do.
fn main() {}
