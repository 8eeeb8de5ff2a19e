//! A prover of stages: a model of three layers that is split over three workers.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::*;
use bfv_cert::certificate::{Body, Fields, Layers, Operation, Output};
use bfv_cert::digest::{Digest, output_digest, seed_commitment};
use bfv_cert::freshness::Fresh;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::KeyId;
use bfv_cert::{BindingFault, Expected, Refusal};
use bfv_exact::Matrix;
use bfv_exact::commit::{
    Commit, Committed, Layout, all_rows, rows_of, stream_root, stream_shape, token_bytes, tokens_root, tokens_shape,
};
use bfv_exact::forward::{Input, Op, Passed, Shown, State};
use bfv_exact::model::Model;
use bfv_exact::spec::Bits;
use bfv_verify::keys::Weight;
use bfv_verify::{
    Case, Challenge, Found, Judged, Link, Part, Registered, Rejected, Split, Stage, Subject, Terms, Verdict,
    judge_chain, judge_stage,
};

/// Tokens of the answer.
pub const COUNT: usize = 4;
/// The workers of the three stages, by the numbers of their keys.
pub const WORKERS: [u8; 3] = [1, 2, 4];

pub fn subject_of_three<G: Weight + TryFrom<i64>>(grid: Bits) -> Subject<G> {
    let mut draft = draft(grid);
    draft.layers = vec![draft.layers[0]; 3];
    Subject::new(model(&draft)).unwrap()
}

/// The head that registered the split, in the registry of the envelopes.
pub fn registered() -> Registered {
    let head = Entry::new(&world::key(3), Role::Head, world::LOGGED - 1000, world::LOGGED + 1000);
    Registered { head, time: world::LOGGED - 50 }
}

/// A stage for each layer.
pub fn parts<G: Weight>(subject: &Subject<G>) -> Vec<Part> {
    let rows = |i| rows_of(subject.model().spec(), i..i + 1).unwrap();
    (0..).zip(WORKERS).map(|(i, by)| Part { worker: world::id(by), layers: rows(i) }).collect()
}

pub fn split<G: Weight>(subject: &Subject<G>) -> Split {
    Split::new(subject, parts(subject), registered()).unwrap()
}

/// The answer of the whole model, which the stages are told.
pub fn answer<G: Judged<Sum: Shown>>(subject: &Subject<G>) -> Vec<u32> {
    prove(subject.model(), subject, &PROMPT, COUNT).answer
}

/// What goes into each block: the tokens, or rows of a stream.
pub fn blocks(tokens: &[u32], stream: Option<&Matrix<i32>>) -> Vec<(Vec<u32>, Option<Matrix<i32>>)> {
    let ends = (0..COUNT).map(|i| PROMPT.len() + i);
    let starts = [0].into_iter().chain((0..COUNT).map(|i| PROMPT.len() + i));
    let rows = |m: &Matrix<i32>, a: usize, z: usize| {
        let entries = m.entries()[a * m.cols()..z * m.cols()].to_vec();
        Matrix::new("rows", z - a, m.cols(), entries).unwrap()
    };
    starts.zip(ends).map(|(a, z)| (tokens[a..z].to_vec(), stream.map(|m| rows(m, a, z)))).collect()
}

/// Runs these rows of a model on what comes in, and claims that they were of `subject`.
pub fn stage<G: Judged<Sum: Shown>>(
    run: &Model<G>,
    subject: &Subject<G>,
    rows: Layers,
    answer: &[u32],
    stream: Option<&Matrix<i32>>,
    by: u8,
) -> (Proof, Option<Matrix<i32>>) {
    let all = [&PROMPT, answer].concat();
    let mut commit = Commit::of(run.spec(), rows).unwrap().keep();
    let (mut state, mut out) = (State::default(), Vec::new());
    for (tokens, stream) in blocks(&all, stream) {
        let input = stream.map_or(Input::Tokens(&tokens), Input::Stream);
        let (next, passed) = run.stage(state, rows, input, &mut commit).unwrap();
        state = next;
        if let Passed::Stream(m) = passed {
            out.extend(m.into_entries());
        }
    }
    let width = run.spec().draft().dims.width as usize;
    let last = rows.end == all_rows(run.spec()).end;
    let out = (!last).then(|| Matrix::new("out", all.len() - 1, width, out).unwrap());
    let Committed { tree, shape, cells } = commit.finish().unwrap();
    let layout = Layout::of(subject.model().spec(), rows, PROMPT.len(), COUNT).unwrap();
    let query = world::fields().query;
    let of = |m: &Matrix<i32>| (stream_shape(m).unwrap(), stream_root(m).unwrap());
    let of_tokens = |t: &[u32]| (tokens_shape(t).unwrap(), tokens_root(t).unwrap());
    let (input_shape, input) = stream.map_or_else(|| of_tokens(&PROMPT), of);
    let (output_shape, output_root) = out.as_ref().map_or_else(|| of_tokens(answer), of);
    let fields = Fields {
        operation: Operation::LayerRange,
        worker: world::id(by),
        query,
        model: *subject.root(),
        spec: *subject.spec(),
        layers: rows,
        input_shape,
        output_shape,
        input,
        output_root,
        trace: tree.root(),
        trace_shape: shape,
        output: Output::Hashed(output_digest(&token_bytes(answer))),
        seed: if last { seed_commitment(&SEED, &query) } else { Digest::ZERO },
        execution: None,
        ..world::fields()
    };
    let seed = last.then_some(SEED);
    (Proof { fields, cells, layout, answer: answer.to_vec(), seed, opened: None, by }, out)
}

/// All stages of an answer. What comes out of each may be changed on its way to the next.
pub fn run_all<G: Judged<Sum: Shown>>(
    runs: &[&Model<G>; 3],
    subject: &Subject<G>,
    said: &[u32],
    cut: impl Fn(usize, &mut Matrix<i32>),
) -> Vec<Proof> {
    let mut stream: Option<Matrix<i32>> = None;
    let mut out = Vec::new();
    for (i, part) in parts(subject).iter().enumerate() {
        let (proof, next) = stage(runs[i], subject, part.layers, said, stream.as_ref(), WORKERS[i]);
        stream = next.map(|mut m| {
            cut(i, &mut m);
            m
        });
        out.push(proof);
    }
    out
}

pub fn honest<G: Judged<Sum: Shown>>(subject: &Subject<G>) -> Vec<Proof> {
    let run = subject.model();
    run_all(&[run; 3], subject, &answer(subject), |_, _| ())
}

pub fn by<G: Judged>(
    proof: &Proof,
    subject: &Subject<G>,
    split: &Split,
    challenge: Challenge<'_>,
    fresh: Fresh<'_>,
    terms: Terms,
) -> Verdict<Stage> {
    of_bytes(&proof.bytes(), subject, split, challenge, fresh, terms)
}

pub fn of_bytes<G: Judged>(
    bytes: &[u8],
    subject: &Subject<G>,
    split: &Split,
    challenge: Challenge<'_>,
    fresh: Fresh<'_>,
    terms: Terms,
) -> Verdict<Stage> {
    let policy = policy(subject);
    let expected = Expected { at: Some(world::HEAD + 10), fresh, ..Expected::default() };
    let case = Case { policy: &policy, expected, prompt: &PROMPT, challenge, terms };
    let verdict = judge_stage(bytes, &case, subject, split);
    let text = verdict.to_string();
    assert!(text.split(' ').count() <= 20 && text.is_ascii() && text.ends_with('.'), "{text}");
    verdict
}

pub fn one<G: Judged>(proof: &Proof, subject: &Subject<G>) -> Verdict<Stage> {
    by(proof, subject, &split(subject), BOTH, Fresh::default(), Terms::default())
}

pub fn chain<G: Judged>(proofs: &[Proof], subject: &Subject<G>) -> Verdict {
    chain_until(proofs, subject, None)
}

pub fn chain_until<G: Judged>(proofs: &[Proof], subject: &Subject<G>, deadline: Option<u64>) -> Verdict {
    let all: Vec<Given> = proofs.iter().map(|p| given(p, one(p, subject))).collect();
    chain_of(&all, &split(subject), deadline)
}

/// What is known of a stage: who signed it, its rows, the verdict, and the hash of what it says.
pub type Given = (KeyId, Layers, Verdict<Stage>, Digest);

pub fn given(proof: &Proof, verdict: Verdict<Stage>) -> Given {
    (proof.fields.worker, proof.fields.layers, verdict, body(proof))
}

pub fn body(proof: &Proof) -> Digest {
    Body::new(&proof.fields).unwrap().digest()
}

pub fn chain_of(all: &[Given], split: &Split, deadline: Option<u64>) -> Verdict {
    let links: Vec<Link<'_>> = all
        .iter()
        .map(|(worker, layers, verdict, body)| Link { worker: *worker, layers: *layers, body: *body, verdict })
        .collect();
    let verdict = judge_chain(split, &links, deadline);
    for sentence in verdict.to_string().split(". ") {
        assert!(sentence.split(' ').count() <= 20 && sentence.is_ascii(), "{sentence}");
    }
    verdict
}

pub fn ok(verdict: Verdict<Stage>) -> Stage {
    match verdict {
        Verdict::Accepted(stage) => stage,
        other => panic!("{other}"),
    }
}

pub fn refused<A: std::fmt::Debug>(verdict: Verdict<A>) -> Rejected {
    match verdict {
        Verdict::Rejected(rejected) => rejected,
        other => panic!("{other:?}"),
    }
}

/// The fault of a binding mismatch.
pub fn mismatch<A: std::fmt::Debug>(verdict: Verdict<A>) -> BindingFault {
    match refused(verdict) {
        Rejected::Refused(Refusal::Binding(_, fault)) => fault,
        other => panic!("{other}"),
    }
}

/// A wrong value: layer, operation and token, and whether it is that of a product.
pub fn wrong(rejected: Rejected) -> (u32, Op, u32, bool) {
    let Rejected::Wrong(fault) = rejected else { panic!("{rejected}") };
    (fault.spot.layer, fault.spot.op, fault.spot.token, matches!(fault.found, Found::Product(..)))
}

/// What a chain says of one of its stages.
pub fn in_stage(verdict: Verdict) -> (usize, Rejected) {
    match refused(verdict) {
        Rejected::Stage(n, why) => (n, *why),
        other => panic!("{other}"),
    }
}
