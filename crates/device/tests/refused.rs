//! What the launches refuse is what the definitions refuse, before a kernel is started.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_device::attention::{Tables, each};
use bfv_device::hash::{Numbers, cell};
use bfv_device::linear::{Placed, Planes, Way, product};
use bfv_device::{Argument, Machine, Start, fusion, kernels};
use bfv_exact::attention::{Attention, Mask, Powers};
use bfv_exact::heads::{Heads, Wanted};
use bfv_exact::linear::{Grid, scalar};
use bfv_exact::pairs::Pair;
use bfv_exact::program::{Input, Op, Program, Shape, Source};
use bfv_exact::requantise::Scale;
use bfv_exact::{Matrix, Refused};
use common::{Counted, Interpreter};

fn filled<G: Copy>(rows: usize, cols: usize, value: G) -> Matrix<G> {
    Matrix::filled("a test", rows, cols, value).unwrap()
}

fn same_refusal<G: Planes + std::fmt::Debug>(w: &Matrix<G>, x: &Matrix<G>, why: &str)
where
    G::Sum: std::fmt::Debug + PartialEq,
{
    let machine = Interpreter::new();
    let (placed_w, placed_x) = (Placed::new(&machine, w).unwrap(), Placed::new(&machine, x).unwrap());
    let refused = scalar(w, x).unwrap_err();
    assert!(refused.why.contains(why), "{refused}");
    for way in [Way::Sums, Way::Tiles] {
        assert_eq!(product::<G, _>(&machine, &placed_w, &placed_x, way), Err(refused.clone()));
    }
    assert_eq!(machine.steps.get(), 0);
}

#[test]
fn products_that_do_not_fit_are_refused() {
    same_refusal(&filled(2, 3, 1i8), &filled(2, 4, 1i8), "the weights have 3 columns, and a token 4");
    same_refusal(&filled(2, 3, 1i16), &filled(2, 4, 1i16), "the weights have 3 columns, and a token 4");
    let long = filled(1, i8::MAX_K + 1, 1i8);
    same_refusal(&long, &long, "so a sum might overflow");
}

/// What a machine refuses of heads, and what the definition does.
fn both_refuse(machine: &Interpreter, asked: &Heads<'_>) -> [Result<(), Refused>; 2] {
    let tables = Tables::new(machine, asked.attention.powers).unwrap();
    let mut held = None;
    let there = each(machine, &tables, asked, &mut held, 0, &mut |_| Ok(()));
    assert!(held.is_none());
    [asked.each(&mut |_| Ok(())), there]
}

#[test]
fn heads_that_do_not_fit_are_refused() {
    let powers = Powers::new();
    let machine = Interpreter::new();
    let scale = Scale::new(1, 0).unwrap();
    let pair = |first, chunk, digit| Some(Pair { first, chunk, digit });
    for (first, from, width, pair, q, k, v) in [
        (0, 0, 2, None, (2, 4), (3, 4), (3, 4)),
        (1, 0, 2, None, (2, 4), (3, 4), (2, 4)),
        (1, 0, 3, None, (2, 4), (3, 4), (3, 4)),
        (1, 0, 2, None, (2, 6), (3, 4), (3, 4)),
        (1, 0, 2, None, (2, 4), (3, 4), (3, 2)),
        (usize::MAX, 0, 2, None, (2, 4), (3, 4), (3, 4)),
        (1, 0, 0, None, (2, 4), (3, 4), (3, 4)),
        (1, 1, 2, None, (2, 4), (3, 4), (3, 4)),
        // No tokens in a chunk, a key that is seen and missing, other numbers of rows, and no groups of heads.
        (0, 0, 2, pair(1, 0, 0), (2, 4), (3, 4), (3, 4)),
        (0, 3, 2, pair(6, 3, 0), (1, 4), (3, 4), (3, 4)),
        (0, 4, 2, pair(6, 3, 0), (1, 4), (3, 4), (3, 4)),
        (0, 3, 2, pair(6, 3, 0), (1, 4), (4, 4), (3, 4)),
        (0, 3, 3, pair(6, 3, 0), (1, 4), (4, 4), (4, 4)),
        (0, usize::MAX, 2, pair(usize::MAX, 1, 0), (2, 4), (3, 4), (3, 4)),
    ] {
        let attention = Attention { powers: &powers, scale, mask: Mask { first, window: None } };
        let [q, k, v] = [q, k, v].map(|(rows, cols)| filled(rows, cols, 1i16));
        let asked = Heads { attention, pair, width, from, qkv: [&q, &k, &v], wanted: Wanted::Numbers };
        let [here, there] = both_refuse(&machine, &asked);
        assert!(here.is_err(), "{asked:?}");
        assert_eq!(here, there);
    }
    assert_eq!(machine.steps.get(), 0);
    // Whoever gets the heads may refuse one.
    let attention = Attention { powers: &powers, scale, mask: Mask { first: 0, window: None } };
    let q = filled(1, 2, 1i16);
    let asked = Heads { attention, pair: None, width: 1, from: 0, qkv: [&q, &q, &q], wanted: Wanted::Numbers };
    let enough = Refused::new("a test", "enough");
    let tables = Tables::new(&machine, &powers).unwrap();
    for wanted in [Wanted::Nothing, Wanted::Hash, Wanted::Numbers] {
        let asked = Heads { wanted, ..asked };
        let mut held = None;
        let done = each(&machine, &tables, &asked, &mut held, 0, &mut |_| Err(enough.clone()));
        assert_eq!((done, held.is_none()), (Err(enough.clone()), true));
    }
    // Positions that no kernel counts.
    let (first, k) = (usize::try_from(u32::MAX).unwrap(), filled(2, 2, 1i16));
    let far = Some(Pair { first, chunk: 1, digit: 0 });
    let asked = Heads { pair: far, from: first - 1, qkv: [&q, &k, &k], ..asked };
    let steps = machine.steps.get();
    let [here, there] = both_refuse(&machine, &asked);
    assert!(here.is_ok() && there.unwrap_err().why.contains("more than 32 bits hold"));
    assert_eq!(machine.steps.get(), steps);
}

/// What is held is used where it is what comes before the block, and made again where it is not, or where there is no room for more.
#[test]
fn what_is_held_is_made_again_where_it_does_not_fit() {
    let powers = Powers::new();
    let machine = Counted::new();
    let tables = Tables::new(&machine, &powers).unwrap();
    let scale = Scale::new(1, 0).unwrap();
    let mut held = None;
    // The first position and the number of queries, the first key, whether chunks are paired, the width of keys, and whether only the block is sent.
    for (first, rows, from, paired, width, only) in [
        (0, 3, 0, false, 2, false),
        (3, 1, 0, false, 2, true),
        (4, 2, 0, false, 2, true),
        // A block that was there before, one with others missing between, and another width.
        (4, 2, 0, false, 2, false),
        (9, 2, 0, false, 2, false),
        (11, 1, 0, false, 4, false),
        // More than there is room for.
        (12, 30, 0, false, 4, false),
        (42, 5, 0, false, 4, true),
        // Without those that no query sees any more, then with some of them again.
        (47, 1, 46, true, 4, false),
        (48, 1, 46, true, 4, true),
        (49, 1, 40, true, 4, false),
    ] {
        let keys = first + rows - from;
        // By its position, so that what was sent before is what is there now.
        let of = |start: usize, rows: usize, what: usize| {
            let at = |i: usize| (start + i / width) * 31 + i % width * 7 + what * 13;
            let entries = (0..rows * width).map(|i| i16::try_from(at(i) % 101).unwrap());
            Matrix::new("a test", rows, width, entries.collect()).unwrap()
        };
        let (q, k, v) = (of(first, rows, 1), of(from, keys, 2), of(from, keys, 3));
        let pair = paired.then_some(Pair { first, chunk: 1, digit: 0 });
        let attention = Attention { powers: &powers, scale, mask: Mask { first, window: None } };
        let asked = Heads { attention, pair, width, from, qkv: [&q, &k, &v], wanted: Wanted::Numbers };
        let (mut here, mut there) = (Vec::new(), Vec::new());
        machine.sent.set(0);
        each(&machine, &tables, &asked, &mut held, 0, &mut |handed| {
            there.push(handed);
            Ok(())
        })
        .unwrap();
        let new = if only { 3 * rows } else { rows + 2 * keys };
        assert_eq!(machine.sent.get(), new * width * 2, "first {first}");
        asked
            .each(&mut |handed| {
                here.push(handed);
                Ok(())
            })
            .unwrap();
        assert_eq!(here, there, "first {first}");
    }
}

/// A cell has at least one byte of each number, and no more than there are.
#[test]
fn bytes_that_no_number_has_are_not_hashed() {
    let machine = Interpreter::new();
    let (memory, key) = (machine.upload(&[1, 2, 3, 4]).unwrap(), machine.upload(&[0; 32]).unwrap());
    for width in [0, 5] {
        let numbers = Numbers { memory: &memory, from: 4, count: 1, width };
        let refused = cell(&machine, &key, &numbers).unwrap_err();
        assert!(refused.why.contains(&format!("{width} bytes of numbers of 4 bytes")), "{refused}");
    }
    assert_eq!(machine.steps.get(), 0);
}

#[test]
fn inputs_and_conditions_of_programs_are_those_of_the_cpu() {
    let shape = Shape { workers: true, coords: false };
    let source = |conditions| Source {
        workers: 2,
        coords: 1,
        inputs: vec![Input { shape, low: -5, high: 5 }],
        tables: Vec::new(),
        ops: vec![Op::Input(0), Op::Const(3), Op::Less(0, 1)],
        conditions,
        result: 0,
    };
    let machine = Interpreter::new();
    let [free, bound] = [vec![], vec![2]].map(|conditions| Program::new(source(conditions)).unwrap());
    for (program, inputs) in [
        (&free, vec![&[1i64, 2][..]]),
        (&free, vec![&[1, 9][..]]),
        (&free, vec![&[1][..]]),
        (&free, vec![]),
        (&bound, vec![&[1, 2][..]]),
        (&bound, vec![&[1, 4][..]]),
    ] {
        assert_eq!(fusion::run(&machine, program, &inputs), program.run(&inputs));
    }
    assert!(bound.run(&[&[1, 4]]).unwrap_err().why.contains("condition 0 does not hold"));
}

/// A machine whose kernels fail is heard of, whatever is computed.
#[test]
fn a_machine_that_fails_is_heard_of() {
    struct Broken(Interpreter);

    impl Machine for Broken {
        type Memory = common::Place;

        fn upload(&self, bytes: &[u8]) -> Result<common::Place, Refused> {
            self.0.upload(bytes)
        }

        fn room(&self, bytes: usize) -> Result<common::Place, Refused> {
            self.0.room(bytes)
        }

        fn write(&self, memory: &common::Place, at: usize, bytes: &[u8]) -> Result<(), Refused> {
            self.0.write(memory, at, bytes)
        }

        fn start(&self, _: kernels::Kernel, _: Start, _: &[Argument<'_, common::Place>]) -> Result<(), Refused> {
            Ok(())
        }

        fn download(&self, memory: &common::Place) -> Result<Vec<u8>, Refused> {
            self.0.download(memory)
        }
    }

    let machine = Broken(Interpreter::new());
    let w = filled(2, 3, 1i8);
    let placed = Placed::new(&machine, &w).unwrap();
    let refused = product::<i8, _>(&machine, &placed, &placed, Way::Sums).unwrap_err();
    assert!(refused.why.contains("never written"), "{refused}");
    let refused = bfv_device::hash::of(&machine, bfv_cert::digest::Context::Cell, b"x").unwrap_err();
    assert!(refused.why.contains("never written"), "{refused}");
}
