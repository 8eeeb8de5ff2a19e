//! Packages of the usual operators, and what must not pass for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod library;

use common::*;
use library::with_stack;

#[test]
fn the_usual_operators_have_their_properties() {
    with_stack(|| {
        for (n, d) in [(1, 1), (5, 16), (64, 4096)] {
            let trim = (n - 1) / 3;
            for (program, said) in [
                mean(n, d, 15),
                softmax(n, d),
                shares(n, d),
                rank(n, d, n / 2),
                median(n, d),
                trimmed(n, d, trim),
                select(n, d),
                vote(n, d),
            ] {
                let start = std::time::Instant::now();
                let package = package(&program, &said).unwrap_or_else(|e| panic!("{}: {e}", said[0].claim));
                eprintln!("{n} {d} {}: {:?}, {} bytes", said[0].claim, start.elapsed(), package.bytes().len());
            }
        }
    });
}
