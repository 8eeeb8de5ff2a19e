//! Every kernel against its definition, bit for bit: the PTX that a card loads, run by the interpreter over the launches that a card gets.
//!
//! `BFV_CASES` and `BFV_SEED` make the run on random inputs longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_cert::digest::Context;
use bfv_device::kernels::{FILES, Kernel};
use bfv_device::linear::{Placed, Planes, Way, product};
use bfv_device::trial::{Draw, once};
use bfv_exact::Matrix;
use bfv_exact::linear::{Grid, scalar};
use common::Interpreter;

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |n| n.parse().expect("a whole number"))
}

#[test]
fn every_kernel_computes_what_its_definition_says() {
    let machine = Interpreter::new();
    let (cases, seed) = (setting("BFV_CASES", 25), setting("BFV_SEED", 1));
    for kernel in Kernel::ALL {
        let mut words = Context::Challenge.hash().bytes(kernel.name().as_bytes()).number(seed).words();
        let before = machine.steps.get();
        for trial in 0..cases {
            let same = once(&machine, kernel, &mut Draw(&mut words));
            assert_eq!(same, Ok(true), "{} in trial {trial}", kernel.name());
        }
        let (name, steps) = (kernel.name(), machine.steps.get() - before);
        println!("Figures: {name}: {cases} random inputs, {steps} instructions, all numbers those of the definition");
    }
}

fn columns<G: Planes>(entry: impl Fn(usize) -> G, cols: usize) -> Matrix<G> {
    Matrix::new("a test", 1, cols, (0..cols).map(entry).collect()).unwrap()
}

/// Sums at the ends of what is allowed, where a partial sum might leave its type.
#[test]
fn the_longest_and_largest_sums_fit() {
    fn check<G: Planes + std::fmt::Debug>(machine: &Interpreter, w: &Matrix<G>, x: &Matrix<G>, way: Way)
    where
        G::Sum: PartialEq + std::fmt::Debug,
    {
        let (placed_w, placed_x) = (Placed::new(machine, w).unwrap(), Placed::new(machine, x).unwrap());
        assert_eq!(product::<G, _>(machine, &placed_w, &placed_x, way), Ok(scalar(w, x).unwrap()));
    }
    let machine = Interpreter::new();
    let most = columns(|_| i8::MIN, i8::MAX_K);
    check(&machine, &most, &most, Way::Sums);
    check(&machine, &most, &columns(|_| i8::MAX, i8::MAX_K), Way::Tiles);
    for (a, b) in [(i16::MIN, i16::MIN), (-1, -1), (i16::MAX, i16::MAX), (i16::MIN, i16::MAX), (i16::MIN + 255, -1)] {
        check(&machine, &columns(|_| a, 70_000), &columns(|_| b, 70_000), Way::Tiles);
        check(&machine, &columns(|_| a, 200_000), &columns(|_| b, 200_000), Way::Sums);
    }
    let longest = |n: i16| columns(|_| n, i16::MAX_K);
    check(&machine, &longest(i16::MIN + 255), &longest(-1), Way::Sums);
}

/// The interpreter tells a kernel that is wrong from one that is right: each change of the text is found.
#[test]
fn a_changed_kernel_is_found() {
    let changes = [
        (Kernel::LinearI8, "linear", "dp4a.s32.s32", "dp4a.s32.u32"),
        (Kernel::LinearI16, "linear", "dp4a.u32.u32", "dp4a.s32.s32"),
        (Kernel::TilesI8, "linear", "s32.s8.s8.s32", "s32.u8.s8.s32"),
        (Kernel::TilesI16, "linear", "s32.s8.u8.s32", "s32.s8.s8.s32"),
        (Kernel::Attention, "attention", "bar.sync \t0;", ""),
        (Kernel::Attention, "attention", "max.s64", "min.s64"),
        (Kernel::AttentionPairs, "attention", "bar.sync \t0;", ""),
        (Kernel::AttentionPairs, "attention", "div.u32", "min.u32"),
        (Kernel::Fusion, "fusion", "div.s64", "add.s64"),
        (Kernel::HashPack, "hash", "ld.global.u8", "ld.global.s8"),
        (Kernel::HashChunks, "hash", ", 16;", ", 15;"),
        (Kernel::HashParents, "hash", ", 7;", ", 6;"),
    ];
    for (kernel, file, from, to) in changes {
        let text = |name: &str| {
            let ptx = FILES.iter().find(|f| f.name == name).unwrap().ptx;
            if name == file {
                assert!(ptx.contains(from), "{file} has no {from}");
                ptx.replace(from, to)
            } else {
                ptx.to_owned()
            }
        };
        let machine = Interpreter::of(text);
        let mut words = Context::Challenge.hash().bytes(b"changed").words();
        let found = (0..100).any(|_| once(&machine, kernel, &mut Draw(&mut words)) != Ok(true));
        assert!(found, "{} with {to} in the place of {from}", kernel.name());
    }
}
