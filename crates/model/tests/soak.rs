//! Bytes that were changed at random: no panic, no large allocation, and what is read keeps the promises of its type.
//!
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_exact::Matrix;
use bfv_model::fields::ONE;
use bfv_model::json::{self, FILE_LIMIT};
use bfv_model::manifest::Manifest;
use bfv_model::safetensors::{self, Dtype};
use bfv_model::splitting::Splitting;
use bfv_model::stream;

const MANIFEST: &[u8] = include_bytes!("examples/manifest.json");
const SPLITTING: &[u8] = include_bytes!("examples/splitting.json");
const STAGES: &[u8] = include_bytes!("examples/stages.json");

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |n| n.parse().expect("a whole number"))
}

/// Numbers that look random, the same in every run (xorshift64*).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from(self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % u64::try_from(n.max(1)).unwrap()).unwrap()
    }
}

/// Some bytes changed, left out, copied from elsewhere, or replaced by pieces of JSON that matter.
fn change(bytes: &[u8], numbers: &mut Numbers) -> Vec<u8> {
    const PIECES: [&str; 14] =
        ["{", "}", "[", "]", ",", ":", "\"", "\\u00", "0", "99999999999", "-1", "1e9", "null", "[[[[[[[["];
    let mut b = bytes.to_vec();
    for _ in 0..=numbers.below(3) {
        let at = numbers.below(b.len()).min(b.len());
        let to = (at + numbers.below(12)).min(b.len());
        match numbers.below(7) {
            0 if at < b.len() => b[at] ^= 1 << numbers.below(8),
            1 | 2 if at < b.len() => b[at] = b"0123456789abc"[numbers.below(13)],
            3 => drop(b.drain(at..to)),
            4 => {
                let from = numbers.below(bytes.len());
                let part = bytes[from..(from + numbers.below(80)).min(bytes.len())].to_vec();
                drop(b.splice(at..to, part));
            }
            5 => drop(b.splice(at..to, PIECES[numbers.below(PIECES.len())].bytes())),
            _ => b.truncate(at.max(b.len() / 2)),
        }
    }
    b
}

fn manifest(bytes: &[u8]) -> bool {
    let Ok(m) = Manifest::read(bytes) else { return false };
    let total: u64 = m.capabilities.iter().map(|c| u64::from(c.weight)).sum();
    assert!(total <= u64::from(ONE) && m.latency.is_sorted() && m.parameters > 0);
    assert!(m.capabilities.iter().all(|c| c.accuracy <= ONE && c.layers.0 <= c.layers.1 && c.layers.1 < 256));
    true
}

fn splitting(bytes: &[u8]) -> bool {
    let Ok(s) = Splitting::read(bytes) else { return false };
    for layer in 0..s.layers {
        assert!(s.workers.iter().any(|w| w.layers.layers().any(|l| l == layer)));
    }
    assert!(s.workers.iter().all(|w| w.layers.layers().is_sorted() && w.layers.layers().all(|l| l < s.layers)));
    true
}

/// A splitting with stages has every layer in one of them.
fn staged(bytes: &[u8]) -> bool {
    let Ok(s) = Splitting::read(bytes) else { return false };
    let Ok(stages) = s.stages() else { return false };
    let end = stages.iter().try_fold(0, |next, (_, l)| (next == l.start).then_some(l.end));
    assert_eq!(end, Some(s.layers));
    true
}

/// What is read is what was written.
fn passed(bytes: &[u8]) -> bool {
    let Ok(read) = stream::read(bytes) else { return false };
    assert_eq!(stream::write(&read).unwrap(), bytes);
    true
}

/// What is read has all bytes of the data, once.
fn tensors(bytes: &[u8]) -> bool {
    let Ok(all) = safetensors::read(bytes) else { return false };
    let header = u64::from_le_bytes(*bytes.first_chunk().unwrap());
    let data = bytes.len() - 8 - usize::try_from(header).unwrap();
    assert_eq!(all.values().map(|t| t.bytes.len()).sum::<usize>(), data);
    assert!(all.values().all(|t| t.bytes.len() as u64 == t.shape.elements() * t.dtype.bytes()));
    true
}

#[test]
fn changed_bytes_are_refused_without_panic_or_much_memory() {
    let cases = setting("BFV_CASES", 3000);
    let mut numbers = Numbers(setting("BFV_SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    let file = safetensors::write(&[
        ("a.weight".to_owned(), Dtype::F32, vec![2, 3], vec![1; 24]),
        ("b".to_owned(), Dtype::I8, vec![5], vec![2; 5]),
        ("c".to_owned(), Dtype::Bf16, vec![1, 2, 2], vec![3; 8]),
    ]);
    let passing = stream::write(&Matrix::new("x", 3, 4, (0..12).collect()).unwrap()).unwrap();
    let mut read = [0u64; 4];
    let mut unchanged = 0;
    let most = allocation_counter::measure(|| {
        for _ in 0..cases {
            read[0] += u64::from(manifest(&change(MANIFEST, &mut numbers)));
            read[1] += u64::from(splitting(&change(SPLITTING, &mut numbers)));
            read[2] += u64::from(tensors(&change(&file, &mut numbers)));
            read[3] += u64::from(staged(&change(STAGES, &mut numbers)));
            let other = change(&passing, &mut numbers);
            let good = passed(&other);
            assert_eq!(good, other == passing);
            unchanged += u64::from(good);
        }
    });
    println!(
        "{cases} changed files of each kind: {} manifests, {} splittings, {} files of tensors and {} stages were still good, \
         and {unchanged} streams were unchanged.",
        read[0], read[1], read[2], read[3]
    );
    assert!(most.bytes_max < 1 << 20, "{} bytes at once", most.bytes_max);
    // Some changes are of no consequence, most are.
    assert!(read.iter().all(|n| *n > 0 && *n < cases / 2), "{read:?}");
}

/// The worst for memory is a list of short values.
#[test]
fn a_long_text_takes_bounded_memory() {
    for piece in ["1,", "[],", "{},", "\"\",", "[1],"] {
        let text = format!("[{}1]", piece.repeat(FILE_LIMIT / piece.len() - 2));
        let used = allocation_counter::measure(|| {
            json::read(json::text(text.as_bytes()).unwrap()).unwrap();
        });
        assert!(used.bytes_max < 100 * FILE_LIMIT as u64, "{} bytes for {piece}", used.bytes_max);
    }
    let long = vec![b' '; FILE_LIMIT + 1];
    assert!(json::text(&long).is_err());
}
