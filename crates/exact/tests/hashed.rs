//! Commitments of hashes that are known without the numbers, and what an arithmetic holds beside the state.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;

use bfv_cert::certificate::{Lane, trace_content};
use bfv_cert::digest::Digest;
use bfv_exact::attention::totals;
use bfv_exact::commit::{Commit, score_bytes, write};
use bfv_exact::forward::{Numbers, Op, Place, Shown, State, Trace};
use bfv_exact::heads::{Handed, Heads, Wanted};
use bfv_exact::linear::vectored;
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Exact, Product};
use bfv_exact::spec::{Bits, Named, Pairs, Spec};
use bfv_exact::{Matrix, Refused};
use common::Random;
use common::small::{any_draft, any_weights};

/// It hands over hashes where they are wanted, and counts the blocks of a layer in what it holds.
struct Hashing;

impl<G: Named + Shown> Arithmetic<G> for Hashing
where
    G::Sum: Shown,
{
    type Held = usize;

    fn lane(&self) -> Lane {
        Lane::Exact
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        Ok(Product { sums: vectored(w, x)?, residuals: None })
    }

    fn product_hashed(
        &self,
        w: &Matrix<G>,
        x: &Matrix<G>,
        width: usize,
    ) -> Result<(Product<G::Sum>, Option<Digest>), Refused> {
        let sums = vectored(w, x)?;
        let mut cell = Vec::new();
        write(Shown::shown(&sums), width, &mut cell);
        // Now and then it does not know the hash.
        let hash = (!cell.len().is_multiple_of(3)).then(|| trace_content(&cell));
        Ok((Product { sums, residuals: None }, hash))
    }

    fn attention(
        &self,
        heads: &Heads<'_>,
        held: &mut usize,
        done: &mut dyn FnMut(Handed) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        let [q, k, _] = heads.qkv;
        // What it holds is that of this layer, and of all blocks before this one.
        let first = heads.from + k.rows() - q.rows();
        assert_eq!((*held, heads.first()), (first, first));
        *held += q.rows();
        if heads.wanted == Wanted::Numbers {
            return heads.each(done);
        }
        let (mut scores, mut weights, mut sums) = (Vec::new(), Vec::new(), Vec::new());
        heads.each(&mut |handed| {
            let Handed::Head(h, head) = handed else { panic!("the definition hands over numbers") };
            assert_eq!((head.scores.rows(), head.scores.cols()), (q.rows(), heads.columns()));
            write(Numbers::I64(&head.scores), score_bytes(heads.width), &mut scores);
            write(Numbers::I16(&head.weights), 2, &mut weights);
            sums.push(Handed::Sums(h, totals(&head.weights), head.sums));
            Ok(())
        })?;
        if heads.wanted == Wanted::Hash {
            done(Handed::Hashes([trace_content(&scores), trace_content(&weights)]))?;
        }
        sums.into_iter().try_for_each(done)
    }
}

fn the_same<G: Named + Saturate + Shown + TryFrom<i64>>(random: &mut Random, paired: bool)
where
    G::Sum: Shown,
{
    let mut draft = any_draft(random, G::BITS);
    let weights = any_weights(random, &draft);
    let spec = if paired {
        draft.window = None;
        let digits = draft.layers.iter().map(|_| random.below(2) as u8).collect();
        Spec::paired(draft, Pairs { chunk: 1 + random.below(3) as u32, digits }).unwrap()
    } else {
        Spec::new(draft).unwrap()
    };
    let model = Model::<G>::new(spec, weights).unwrap();
    let blocks = [vec![0, 1, 0, 1, 1], vec![1], vec![0], vec![1, 0]];
    let (mut plain, mut hashed, mut kept) =
        (Commit::new(model.spec()), Commit::new(model.spec()), Commit::keeping(model.spec()));
    let mut state = State::default();
    let (mut one, mut two, mut three) = (State::default(), State::default(), State::default());
    for block in blocks {
        let (next, wanted) = model.forward_by(&Exact, state, &block, &mut plain).unwrap();
        state = next;
        let logits = |state, trace: &mut dyn FnMut(State<usize>) -> (State<usize>, Vec<i32>)| {
            let (next, logits) = trace(state);
            assert_eq!(logits, wanted);
            next
        };
        one = logits(one, &mut |s| model.forward_by(&Hashing, s, &block, &mut hashed).unwrap());
        two = logits(two, &mut |s| model.forward_by(&Hashing, s, &block, &mut kept).unwrap());
        three = logits(three, &mut |s| model.forward_by(&Hashing, s, &block, &mut ()).unwrap());
    }
    let [plain, hashed, kept] = [plain, hashed, kept].map(|commit| commit.finish().unwrap());
    assert_eq!((plain.tree.root(), plain.shape), (hashed.tree.root(), hashed.shape));
    assert_eq!(plain.tree.root(), kept.tree.root());
    assert!(hashed.cells.is_empty() && kept.cells.iter().any(|cell| !cell.is_empty()));
}

#[test]
fn hashes_commit_to_what_numbers_commit_to() {
    let mut random = Random(61);
    for round in 0..24 {
        the_same::<i8>(&mut random, round % 2 == 0);
        the_same::<i16>(&mut random, round % 2 == 0);
    }
}

/// A cell whose bytes are missing cannot be opened, so there is no commitment that says it can.
#[test]
fn bytes_that_are_kept_are_not_told_as_a_hash() {
    let mut random = Random(62);
    let draft = any_draft(&mut random, Bits::Eight);
    let model = Model::<i8>::new(Spec::new(draft.clone()).unwrap(), any_weights(&mut random, &draft)).unwrap();
    for told in [false, true] {
        let mut commit = Commit::keeping(model.spec());
        assert_eq!(commit.wants(), Wanted::Numbers);
        model.forward(State::default(), &[0], &mut commit).unwrap();
        if told {
            commit.see_hash(Place { layer: 1, op: Op::Scores(0), first: 1 }, Digest([1; 32]));
        }
        assert_eq!(commit.finish().is_none(), told);
    }
    assert_eq!((Commit::new(model.spec()).wants(), ().wants()), (Wanted::Hash, Wanted::Nothing));
}
