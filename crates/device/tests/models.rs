//! Whole models on a machine: what is committed, what stays in its memory between blocks, and what happens where it fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod common;
#[path = "../../exact/tests/common/mod.rs"]
mod numbers;

use bfv_device::answer::{Measured, Sight, attention, cells, measure};
use bfv_device::arithmetic::OnMachine;
use bfv_device::kernels::FILES;
use bfv_device::linear::Planes;
use bfv_device::sample::Size;
use bfv_exact::Refused;
use bfv_exact::commit::Commit;
use bfv_exact::forward::{Shown, State, Trace};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_exact::spec::{Bits, Draft, Named, Pairs, Spec};
use common::{Counted, Interpreter};
use numbers::Random;
use numbers::small::{any_draft, any_weights};

/// A random model of so many positions; with pairs its layers have these, of chunks of so many tokens.
fn model<G: Named + Saturate + TryFrom<i64>>(random: &mut Random, positions: u32, chunk: Option<u32>) -> Model<G> {
    sized(any_draft(random, G::BITS), random, positions, chunk)
}

/// The same of a draft.
fn sized<G: Named + Saturate + TryFrom<i64>>(
    mut draft: Draft,
    random: &mut Random,
    positions: u32,
    chunk: Option<u32>,
) -> Model<G> {
    draft.dims.positions = positions;
    let weights = any_weights(random, &draft);
    let spec = match chunk {
        None => Spec::new(draft).unwrap(),
        Some(chunk) => {
            draft.window = None;
            let digits = draft.layers.iter().map(|_| u8::try_from(random.below(3)).unwrap()).collect();
            Spec::paired(draft, Pairs { chunk, digits }).unwrap()
        }
    };
    Model::new(spec, weights).unwrap()
}

/// Tokens in blocks that begin and end anywhere.
fn blocks<G: Named + Saturate>(random: &mut Random, model: &Model<G>) -> Vec<Vec<u32>> {
    let dims = model.spec().draft().dims;
    let [positions, vocab] = [dims.positions, dims.vocab].map(|n| usize::try_from(n).unwrap());
    let (mut left, mut out) = (positions, Vec::new());
    while left > 0 {
        let most = if random.below(3) == 0 { left.min(11) } else { left.min(3) };
        let block = 1 + random.below(most);
        left -= block;
        out.push((0..block).map(|_| u32::try_from(random.below(vocab)).unwrap()).collect());
    }
    out
}

/// The logits of each block, and how many keys each layer keeps after it.
type Done = Vec<(Vec<i32>, Vec<usize>)>;

fn run<G, A, T>(model: &Model<G>, by: &A, blocks: &[Vec<u32>], trace: &mut T) -> Result<Done, Refused>
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
    A: Arithmetic<G>,
    T: Trace,
{
    let (mut state, mut out) = (State::default(), Vec::new());
    for block in blocks {
        let (next, logits) = model.forward_by(by, state, block, trace)?;
        out.push((logits, next.kept()));
        state = next;
    }
    Ok(out)
}

fn the_same<G: Named + Saturate + Shown + Planes + TryFrom<i64>>(seed: u64)
where
    G::Sum: Shown,
{
    let mut random = Random(seed);
    let chunk = (!seed.is_multiple_of(3)).then(|| 1 + u32::try_from(random.below(5)).unwrap());
    let model = model::<G>(&mut random, 26, chunk);
    let blocks = blocks(&mut random, &model);
    let mut wanted = Commit::keeping(model.spec());
    let done = run(&model, &Exact, &blocks, &mut wanted).unwrap();
    let wanted = wanted.finish().unwrap();
    let machine = Counted::new();
    let by = OnMachine::new(&machine, &model).unwrap();
    let weights = machine.inner.taken();
    // Bytes are kept, or hashes only, from the machine as often as it has one.
    let mut commit = Commit::keeping(model.spec());
    assert_eq!(run(&model, &by, &blocks, &mut commit).unwrap(), done, "model {seed}");
    let found = commit.finish().unwrap();
    assert_eq!((found.tree.root(), found.cells), (wanted.tree.root(), wanted.cells), "model {seed}");
    let by = by.hashing_from([0, 40, 4000][random.below(3)]);
    let mut commit = Commit::new(model.spec());
    assert_eq!(run(&model, &by, &blocks, &mut commit).unwrap(), done, "model {seed}, hashed");
    assert_eq!(commit.finish().unwrap().tree.root(), wanted.tree.root(), "model {seed}, hashed");
    assert_eq!(run(&model, &by, &blocks, &mut ()).unwrap(), done, "model {seed}, nothing seen");
    assert_eq!(machine.inner.taken(), weights, "model {seed}: memory is left");
}

#[test]
fn blocks_that_begin_and_end_anywhere_are_those_of_the_cpu() {
    for seed in 0..9 {
        the_same::<i8>(seed);
        the_same::<i16>(seed);
    }
}

/// Of each token only what is new is sent, and what a layer of pairs cannot read any more is not kept.
#[test]
fn keys_and_values_stay_and_memory_is_bounded() {
    let mut random = Random(5);
    let model = model::<i8>(&mut random, 400, Some(4));
    let machine = Counted::new();
    let by = OnMachine::new(&machine, &model).unwrap();
    let weights = machine.inner.taken();
    let (mut state, mut taken, mut sent) = (State::default(), Vec::new(), Vec::new());
    for position in 0..400 {
        machine.sent.set(0);
        state = model.forward_by(&by, state, &[position % 2], &mut ()).unwrap().0;
        taken.push(machine.inner.taken() - weights);
        sent.push(machine.sent.get());
    }
    // The same in each half of what comes after the farthest chunk is full.
    let (early, late) = (60..230, 230..400);
    let most = |all: &[usize], of: std::ops::Range<usize>| *all[of].iter().max().unwrap();
    let total = |all: &[usize], of: std::ops::Range<usize>| all[of].iter().sum::<usize>();
    assert_eq!(most(&taken, early.clone()), most(&taken, late.clone()));
    // Most tokens send no more than their own, which is the least that any sends.
    let least = *sent.iter().min().unwrap();
    assert!(sent.iter().filter(|s| **s == least).count() > 300, "{sent:?}");
    let (early, late) = (total(&sent, early), total(&sent, late));
    assert!(early.abs_diff(late) * 10 < early, "{early} and {late} bytes");
    drop(state);
    assert_eq!(machine.inner.taken(), weights);
    drop(by);
    assert_eq!(machine.inner.taken(), 0);
}

/// Whatever call fails: it is heard of, nothing is computed afterwards, and no memory is left.
#[test]
fn every_call_that_fails_ends_the_answer() {
    for (seed, chunk) in [(1, None), (2, Some(2))] {
        let mut random = Random(seed);
        let mut draft = any_draft(&mut random, Bits::Eight);
        draft.layers.truncate(1);
        let model = sized::<i8>(draft, &mut random, 9, chunk);
        let blocks = [vec![0, 1, 0], vec![1]];
        let mut wanted = Commit::new(model.spec());
        let done = run(&model, &Exact, &blocks, &mut wanted).unwrap();
        let wanted = wanted.finish().unwrap().tree.root();
        let machine = Counted::new();
        let mut call = 0;
        loop {
            machine.failing(Some(call));
            let mut commit = Commit::new(model.spec());
            let expected = Refused::new("the card", format!("call {call} fails"));
            match OnMachine::new(&machine, &model).map(|by| by.hashing_from(0)) {
                Err(why) => assert_eq!(why, expected),
                Ok(by) => {
                    let found = run(&model, &by, &blocks, &mut commit);
                    if machine.calls.get() <= call {
                        assert_eq!((found, by.failed()), (Ok(done), None));
                        assert_eq!(commit.finish().unwrap().tree.root(), wanted);
                        break;
                    }
                    assert_eq!((found, by.failed()), (Err(expected.clone()), Some(expected.clone())));
                    // The machine would go on, and is not asked any more.
                    let asked = machine.calls.get();
                    assert_eq!(run(&model, &by, &blocks, &mut ()), Err(expected));
                    assert_eq!(machine.calls.get(), asked);
                }
            }
            assert_eq!(machine.inner.taken(), 0, "call {call}");
            call += 1;
        }
        println!("Figures: {call} calls of a machine, each of which failed once");
        assert!(call > 100, "{call}");
    }
}

/// What is run on a card is run here, over little: it ends where all is the same, and says so where it is not.
#[test]
fn a_measurement_compares_what_it_measures() {
    let m = Measured { size: Size { width: 128, layers: 1, vocab: 16, positions: 8 }, prompt: 2, single: 1, runs: 1 };
    let mut said = Vec::new();
    let right = Interpreter::new();
    measure::<i8, _>(&right, m, &mut |line| said.push(line)).unwrap();
    cells(&right, 0..=11, &mut |line| said.push(line)).unwrap();
    for chunk in [None, Some(2)] {
        attention(&right, 1, Sight { heads: 1, before: 5, chunk }, &mut |line| said.push(line)).unwrap();
    }
    assert!(said.len() == 20 && said[0] == "A model has 8 bits, width 128 and 1 layers.", "{said:?}");
    assert_eq!(right.taken(), 0);
    let ptx = |name: &str| FILES.iter().find(|f| f.name == name).unwrap().ptx.to_owned();
    let linear = Interpreter::of(|name| ptx(name).replace("dp4a.s32.s32", "dp4a.s32.u32"));
    let why = measure::<i8, _>(&linear, m, &mut |_| ()).unwrap_err();
    assert!(why.why.contains("are not those of the CPU"), "{why}");
    let other = Interpreter::of(|name| ptx(name).replace("max.s64", "min.s64"));
    assert!(attention(&other, 1, Sight { heads: 1, before: 5, chunk: None }, &mut |_| ()).is_err());
    // The hash alone is another one.
    let hashing = Interpreter::of(|name| ptx(name).replace(", 16;", ", 15;"));
    assert!(measure::<i8, _>(&hashing, m, &mut |_| ()).is_err());
    assert!(cells(&hashing, 3..=3, &mut |_| ()).is_err());
}
