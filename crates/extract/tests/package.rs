//! Packages of the usual operators, and what must not pass for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::*;

#[test]
fn the_weighted_mean_has_its_properties() {
    with_stack(|| {
        for (n, d) in [(1, 1), (3, 16), (64, 4096)] {
            let start = std::time::Instant::now();
            let program = mean(n, d, 15);
            let package = package(&program, &mean_claims(n, d, 15)).unwrap();
            eprintln!("{n} {d}: {:?}, {} bytes", start.elapsed(), package.bytes().len());
        }
    });
}
