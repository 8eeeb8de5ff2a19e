//! Where committed values stand, their bytes, and the roots.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;

use bfv_cert::Part;
use bfv_cert::certificate::trace_content;
use bfv_cert::merkle::verify_opening;
use bfv_exact::Matrix;
use bfv_exact::commit::{
    Commit, Layout, OPERATIONS, model_root, read, read_cell, spec_root, sum_bytes, tokens_root, write,
};
use bfv_exact::forward::{Numbers, Op, Place, State, Trace};
use bfv_exact::model::Model;
use bfv_exact::spec::{Bits, Spec};
use common::Random;
use common::small::{any_draft, any_weights};

/// Two traces.
struct Both<'a>(&'a mut Commit, &'a mut Vec<(Place, Vec<i128>)>);

impl Trace for Both<'_> {
    fn see(&mut self, place: Place, numbers: Numbers<'_>) {
        self.0.see(place, numbers);
        let all = match numbers {
            Numbers::I8(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I16(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I32(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
            Numbers::I64(m) => m.entries().iter().map(|x| i128::from(*x)).collect(),
        };
        self.1.push((place, all));
    }
}

/// The operation without its head.
fn all_heads(op: Op) -> Op {
    match op {
        Op::Scores(_) => Op::Scores(0),
        Op::Weights(_) => Op::Weights(0),
        Op::HeadSums(_) => Op::HeadSums(0),
        other => other,
    }
}

#[test]
fn everything_that_is_computed_stands_at_its_leaf() {
    let mut random = Random(51);
    for round in 0..12 {
        let draft = any_draft(&mut random, if round % 2 == 0 { Bits::Eight } else { Bits::Sixteen });
        if draft.grid == Bits::Eight {
            stands(
                &mut random,
                &Model::<i8>::new(Spec::new(draft.clone()).unwrap(), any_weights(&mut Random(1), &draft)).unwrap(),
            );
        } else {
            stands(
                &mut random,
                &Model::<i16>::new(Spec::new(draft.clone()).unwrap(), any_weights(&mut Random(1), &draft)).unwrap(),
            );
        }
    }
}

fn stands<G>(random: &mut Random, model: &Model<G>)
where
    G: bfv_exact::spec::Named + bfv_exact::requantise::Saturate + bfv_exact::forward::Shown,
    G::Sum: bfv_exact::forward::Shown,
{
    let vocab = model.spec().draft().dims.vocab as usize;
    let (prompt, answer) = (1 + random.below(4), 1 + random.below(4));
    let layout = Layout::new(model.spec(), prompt, answer).unwrap();
    let (mut commit, mut plain) = (Commit::keeping(model.spec()), Commit::new(model.spec()));
    let mut seen = Vec::new();
    let mut state = State::default();
    for block in 0..answer {
        let tokens: Vec<u32> = (0..if block == 0 { prompt } else { 1 }).map(|_| random.below(vocab) as u32).collect();
        state = model.forward(state, &tokens, &mut Both(&mut commit, &mut seen)).unwrap().0;
    }
    let mut state = State::default();
    // Another answer of the same shape has as many cells.
    for block in 0..answer {
        state = model.forward(state, &vec![0; if block == 0 { prompt } else { 1 }], &mut plain).unwrap().0;
    }
    let (committed, other) = (commit.finish().unwrap(), plain.finish().unwrap());
    assert!(other.cells.is_empty() && other.tree.count() == committed.tree.count());
    assert_eq!(committed.shape, layout.shape());
    assert_eq!(committed.shape.leaves(), committed.cells.len() as u64);
    let mut cells = 0;
    for (leaf, bytes) in (0u64..).zip(&committed.cells) {
        let Some((block, place)) = layout.place(leaf) else {
            assert!(bytes.is_empty());
            continue;
        };
        cells += 1;
        assert_eq!(layout.leaf(block, place.layer, place.op), Some(leaf));
        let form = layout.form(block, place.layer, place.op).unwrap();
        assert_eq!(form.bytes(), bytes.len(), "{place:?}");
        let own = seen.iter().filter(|(p, _)| Place { op: all_heads(p.op), ..*p } == place);
        let wanted: Vec<i128> = own.flat_map(|(_, x)| x.clone()).collect();
        let read: Vec<i128> =
            read_cell::<i64>(form, bytes).unwrap().iter().flat_map(|m| m.entries().to_vec()).map(i128::from).collect();
        assert_eq!(read, wanted, "{place:?}");
        let proof = committed.tree.open(&[leaf]).unwrap();
        let opened = [(leaf, trace_content(bytes))].into_iter();
        verify_opening(Part::Trace, &committed.tree.root(), layout.shape().leaves(), opened, proof.into_iter())
            .unwrap();
        assert!(read_cell::<i64>(form, bytes.get(1..).unwrap()).is_err());
    }
    let layers = model.spec().draft().layers.len();
    assert_eq!(cells, answer * (1 + 19 * layers + 3));
    assert!(seen.len() >= cells);
}

#[test]
fn leaves_that_there_are_not_have_no_place() {
    let mut random = Random(52);
    let spec = Spec::new(any_draft(&mut random, Bits::Eight)).unwrap();
    let layout = Layout::new(&spec, 3, 2).unwrap();
    let last = spec.draft().layers.len() as u32 + 1;
    assert_eq!(layout.place(layout.shape().leaves()), None);
    assert_eq!(layout.place(u64::MAX), None);
    assert_eq!(layout.leaf(2, 1, Op::Mixed), None);
    assert_eq!(layout.leaf(0, 0, Op::Mixed), None);
    assert_eq!(layout.leaf(0, last, Op::AfterLayer), None);
    assert_eq!(layout.leaf(0, 1 << 16, Op::AfterLayer), None);
    assert!(layout.leaf(1, last, Op::Logits).is_some());
    assert_eq!((layout.block(0), layout.block(1)), ((0, 3), (3, 1)));
    for (prompt, answer) in [(0, 1), (1, 0), (12, 2), (usize::MAX, 1), (1, usize::MAX), (13, 1)] {
        assert!(Layout::new(&spec, prompt, answer).is_err(), "{prompt} {answer}");
    }
    assert!(Layout::new(&spec, 12, 1).is_ok());
    assert_eq!(OPERATIONS.len(), 22);
}

#[test]
fn sums_have_as_few_bytes_as_their_bound_allows() {
    for (k, bytes) in [(1, 2), (2, 3), (511, 3), (512, 4), (4096, 4), (11_008, 4), ((1 << 17) - 1, 4)] {
        assert_eq!(sum_bytes(Bits::Eight, k), bytes, "{k}");
    }
    for (k, bytes) in [(1, 4), (2, 5), (128, 5), (511, 5), (512, 6), (4096, 6), (1 << 20, 7)] {
        assert_eq!(sum_bytes(Bits::Sixteen, k), bytes, "{k}");
    }
    for width in 1..=8 {
        let most = i64::MAX >> (64 - 8 * width);
        let entries = vec![0, 1, -1, most, -most, -most - 1, most / 3];
        let m = Matrix::new("a test", 1, entries.len(), entries.clone()).unwrap();
        let (mut bytes, mut back) = (vec![9], Vec::<i64>::new());
        write(Numbers::I64(&m), width, &mut bytes);
        assert_eq!(bytes.len(), 1 + entries.len() * width);
        read(&bytes[1..], width, &mut back);
        assert_eq!(back, entries, "{width}");
    }
}

#[test]
fn roots_bind_weights_specifications_and_tokens() {
    let mut random = Random(53);
    let draft = any_draft(&mut random, Bits::Eight);
    let spec = Spec::new(draft.clone()).unwrap();
    let weights = any_weights::<i8>(&mut random, &draft);
    let root = model_root(&Model::new(spec.clone(), weights.clone()).unwrap()).unwrap();
    let mut changes = Vec::new();
    let mut change = |f: &dyn Fn(&mut bfv_exact::model::Weights<i8>)| {
        let mut other = weights.clone();
        f(&mut other);
        changes.push(model_root(&Model::new(spec.clone(), other).unwrap()).unwrap());
    };
    change(&|w| w.embedding.entries_mut()[0] ^= 1);
    change(&|w| w.head.entries_mut()[1] ^= 1);
    change(&|w| w.last_gains[0] ^= 1);
    change(&|w| w.layers[0].first_gains[0] ^= 1);
    change(&|w| w.layers[0].down.entries_mut()[0] ^= -128);
    change(&|w| std::mem::swap(&mut w.embedding, &mut w.head));
    changes.push(root);
    changes.sort();
    changes.dedup();
    assert_eq!(changes.len(), 7);
    let mut other = draft;
    other.rope_base += 1;
    assert_ne!(spec_root(&spec), spec_root(&Spec::new(other).unwrap()));
    assert_ne!(tokens_root(&[1, 2]).unwrap(), tokens_root(&[1, 2, 0]).unwrap());
    assert_ne!(tokens_root(&[1, 2]).unwrap(), tokens_root(&[2, 1]).unwrap());
    assert!(tokens_root(&[]).is_err());
}
