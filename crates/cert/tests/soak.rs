//! Bytes that were changed at random: no panic, no large allocation, and nothing that was signed by nobody is admitted.
//!
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::certificate::Certificate;
use bfv_cert::envelope::Envelope;
use bfv_cert::log::TreeHead;
use bfv_cert::statement::Statement;
use bfv_cert::{Class, Expected, admit};
use common::*;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |n| n.parse().expect("a whole number"))
}

/// Some bytes changed, left out, put in, copied from elsewhere, or replaced by heads of CBOR that lie about a length.
fn change(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const HEADS: [&[u8]; 8] = [
        &[0x9f],
        &[0x5f],
        &[0xbf],
        &[0x5b, 0, 0, 1, 0, 0, 0, 0, 0],
        &[0x9b, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0x9a, 255, 255, 255, 255],
        &[0x1b, 255, 255, 255, 255, 255, 255, 255, 255],
        &[0x82, 0x82, 0x82],
    ];
    let mut b = bytes.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(b.len().max(1)).min(b.len());
        let to = (at + numbers.below(12)).min(b.len());
        match numbers.below(7) {
            0 if at < b.len() => b[at] ^= 1 << numbers.below(8),
            1 if at < b.len() => b[at] = numbers.next().to_le_bytes()[2],
            2 => drop(b.drain(at..to)),
            3 => drop(b.splice(at..at, (0..numbers.below(40)).map(|i| i.to_le_bytes()[0]))),
            4 => {
                let from = numbers.below(bytes.len());
                let part = bytes[from..(from + numbers.below(80)).min(bytes.len())].to_vec();
                drop(b.splice(at..to, part));
            }
            5 => drop(b.splice(at..to, HEADS[numbers.below(HEADS.len())].iter().copied())),
            _ => b.truncate(at),
        }
    }
    b
}

#[test]
fn changed_bytes_are_refused_without_panic_or_much_memory() {
    let (cases, seed) = (setting("BFV_CASES", 6_000), setting("BFV_SEED", 1));
    let envelope = World::new().bytes();
    let certificate = certificate().encode();
    let head = World::new().extract().0.head.head.encode();
    let mut numbers = Numbers(seed.wrapping_mul(2).wrapping_add(1));
    let policy = policy();
    let mut counts = std::collections::BTreeMap::new();
    let (mut most, mut well_formed) = (0, 0);
    for _ in 0..cases {
        let (e, c, h) =
            (change(&envelope, &mut numbers), change(&certificate, &mut numbers), change(&head, &mut numbers));
        let memory = allocation_counter::measure(|| {
            let refusal = match admit(&e, &policy, &Expected::default()) {
                Ok(_) => {
                    // Some changes put back what was there.
                    assert_eq!(e, envelope, "a changed envelope was admitted");
                    None
                }
                Err(refusal) => Some(refusal.class()),
            };
            *counts.entry(refusal).or_insert(0u64) += 1;
            if let Ok(read) = Certificate::decode(&c) {
                assert_eq!(read.encode(), c);
                assert_eq!(read.verify().is_ok(), c == certificate);
                well_formed += 1;
            }
            if let Ok(read) = TreeHead::decode(&h) {
                assert_eq!(read.encode(), h);
            }
            let _lazy = Envelope::decode(&e).map(|e| e.cells().count());
        });
        most = most.max(memory.bytes_max);
    }
    let of = |class| counts.get(&Some(class)).copied().unwrap_or(0);
    println!(
        "Figures: {cases} changed envelopes, of which {} were malformed, {} had wrong signatures and {} wrong bindings; at most {most} bytes of memory.",
        of(Class::Malformed),
        of(Class::Signature),
        of(Class::Binding)
    );
    assert!(most < 10_000, "{most} bytes of memory");
    assert!(of(Class::Malformed) > cases / 3 && well_formed > cases / 100);
}
