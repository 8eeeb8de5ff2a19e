//! A small prover: it runs a model, commits, and signs what it is told to, in the small world of the tests of `bfv-cert`.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

#[path = "../../../exact/tests/common/mod.rs"]
pub mod numbers;
#[path = "../../../cert/tests/common/mod.rs"]
pub mod world;

use bfv_cert::certificate::{Fields, Lane, Layers, Operation, Output, trace_content};
use bfv_cert::digest::{Digest, draw_word, output_digest, seed_commitment};
use bfv_cert::envelope::{Envelope, Reveal, write};
use bfv_cert::merkle::Builder;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::{Expected, Policy};
use bfv_exact::commit::{Commit, Committed, Layout, token_bytes, tokens_root, tokens_shape};
use bfv_exact::forward::{Op, Shown, State};
use bfv_exact::model::{Model, Weights};
use bfv_exact::requantise::{Saturate, Scale};
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Dims, Draft, Named, Spec};
use bfv_verify::keys::Weight;
use bfv_verify::{Accepted, Case, Challenge, Fault, Found, Rejected, Subject, Terms, Verdict, judge};
use numbers::Random;
use numbers::small::{any_draft, any_weights};
use world::World;

/// A setting that makes a run of random cases longer or another one.
pub fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |n| n.parse().expect("a whole number"))
}

pub const SEED: [u8; 32] = world::SEED;
pub const PROMPT: [u32; 3] = [1, 7, 4];

/// A specification of two layers, two query heads that share a key head, and a sampler that draws.
pub fn draft(grid: Bits) -> Draft {
    let mut random = Random(77);
    let mut draft = any_draft(&mut random, grid);
    draft.dims = Dims { width: 8, heads: 2, kv_heads: 1, head_width: 4, inner: 10, vocab: 9, positions: 16 };
    draft.layers = vec![draft.layers[0]; 2];
    (draft.window, draft.rope_base, draft.gate.function) = (None, 100, bfv_exact::gate::Function::Silu);
    draft.sampler = Sampler::Draw(Draw::new(Scale::new(1, 2).unwrap(), 9, 1 << 16).unwrap());
    draft
}

pub fn weights<G: Named + TryFrom<i64>>(draft: &Draft) -> Weights<G> {
    any_weights(&mut Random(78), draft)
}

pub fn model<G: Named + Saturate + TryFrom<i64>>(draft: &Draft) -> Model<G> {
    Model::new(Spec::new(draft.clone()).unwrap(), weights(draft)).unwrap()
}

pub fn subject() -> Subject<i8> {
    Subject::new(model(&draft(Bits::Eight))).unwrap()
}

/// An answer with all that a worker knows of it.
#[derive(Clone)]
pub struct Proof {
    pub fields: Fields,
    pub cells: Vec<Vec<u8>>,
    pub layout: Layout,
    pub answer: Vec<u32>,
    pub seed: Option<[u8; 32]>,
    /// Which leaves are opened; all where there is nothing.
    pub opened: Option<Vec<u64>>,
    pub by: u8,
}

/// Runs `run`, and claims that it was `subject`.
pub fn prove<G>(run: &Model<G>, subject: &Subject<impl Weight>, prompt: &[u32], answer: usize) -> Proof
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
{
    prove_for(run, subject, prompt, answer, world::fields().query)
}

/// The same for another question.
pub fn prove_for<G>(
    run: &Model<G>,
    subject: &Subject<impl Weight>,
    prompt: &[u32],
    answer: usize,
    query: Digest,
) -> Proof
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
{
    prove_by(run, &Exact, subject, (prompt, answer), query)
}

/// The same with linear layers that are computed in this way, and in its lane.
pub fn prove_by<G, A: Arithmetic<G, Held = ()>>(
    run: &Model<G>,
    by: &A,
    subject: &Subject<impl Weight>,
    (prompt, answer): (&[u32], usize),
    query: Digest,
) -> Proof
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
{
    Teller::new(run, prompt, query).block(by, subject, answer)
}

/// Who runs a model and tells its answer, a block of tokens at a time.
pub struct Teller<'m, G> {
    run: &'m Model<G>,
    query: Digest,
    pub state: State,
    next: Vec<u32>,
    told: usize,
}

impl<'m, G> Teller<'m, G>
where
    G: Named + Saturate + Shown,
    G::Sum: Shown,
{
    pub fn new(run: &'m Model<G>, prompt: &[u32], query: Digest) -> Self {
        Teller { run, query, state: State::default(), next: prompt.to_vec(), told: 0 }
    }

    /// The next tokens. The parent of a later block is to be filled in.
    pub fn block<A: Arithmetic<G, Held = ()>>(
        &mut self,
        by: &A,
        subject: &Subject<impl Weight>,
        answer: usize,
    ) -> Proof {
        let (run, query, done, input) = (self.run, self.query, self.state.positions(), self.next.clone());
        let mut commit = Commit::keeping(run.spec()).in_lane(by.lane());
        let mut chosen = Vec::new();
        for _ in 0..answer {
            let (after, logits) = run.forward_by(by, std::mem::take(&mut self.state), &self.next, &mut commit).unwrap();
            self.state = after;
            let word = draw_word(&SEED, &query, self.told as u64);
            let token = run.spec().draft().sampler.choose(run.powers(), &logits, word).unwrap() as u32;
            chosen.push(token);
            self.next = vec![token];
            self.told += 1;
        }
        let Committed { tree, shape, cells } = commit.finish().unwrap();
        let spec = subject.model().spec();
        let (layout, operation, parents) = match done {
            0 => (Layout::new(spec, input.len(), answer), Operation::FullForward, Vec::new()),
            done => (Layout::after(spec, done, answer), Operation::Continuation, vec![Digest::ZERO]),
        };
        let fields = Fields {
            query,
            operation,
            parents,
            model: *subject.root(),
            spec: *subject.spec(),
            layers: Layers { start: 0, end: shape.layers },
            input_shape: tokens_shape(&input).unwrap(),
            output_shape: tokens_shape(&chosen).unwrap(),
            input: tokens_root(&input).unwrap(),
            output_root: tokens_root(&chosen).unwrap(),
            trace: tree.root(),
            trace_shape: shape,
            output: Output::Hashed(output_digest(&token_bytes(&chosen))),
            seed: seed_commitment(&SEED, &query),
            lane: by.lane(),
            execution: world::fields().execution.filter(|_| by.lane() != Lane::Exact),
            ..world::fields()
        };
        let layout = layout.unwrap().in_lane(by.lane());
        Proof { fields, cells, layout, answer: chosen, seed: Some(SEED), opened: None, by: 1 }
    }
}

impl Proof {
    /// Changes committed bytes, and commits to them again.
    pub fn change(mut self, block: u32, layer: u32, op: Op, f: impl Fn(&mut Vec<u8>)) -> Proof {
        let leaf = self.layout.leaf(block, layer, op).unwrap();
        f(&mut self.cells[leaf as usize]);
        self.commit()
    }

    pub fn commit(mut self) -> Proof {
        self.fields.trace = self.tree().root();
        self
    }

    fn tree(&self) -> bfv_cert::merkle::Tree {
        let mut builder = Builder::new();
        self.cells.iter().for_each(|c| builder.push(trace_content(c)));
        builder.finish().unwrap()
    }

    /// Says that these tokens were chosen.
    pub fn say(mut self, answer: Vec<u32>) -> Proof {
        self.fields.output_shape = tokens_shape(&answer).unwrap();
        self.fields.output_root = tokens_root(&answer).unwrap();
        self.fields.output = Output::Hashed(output_digest(&token_bytes(&answer)));
        self.answer = answer;
        self
    }

    /// Opens only what an audit needs.
    pub fn products(mut self) -> Proof {
        let product = |leaf: &u64| self.layout.place(*leaf).is_some_and(|(_, p)| self.layout.needs(p));
        self.opened = Some((0..self.cells.len() as u64).filter(product).collect());
        self
    }

    /// The name of the certificate.
    pub fn id(&self) -> Digest {
        World::with(&self.fields, self.by).certificate.id()
    }

    pub fn bytes(&self) -> Vec<u8> {
        let mut world = World::with(&self.fields, self.by);
        // A third worker, for models that are split, and one that has no part in them.
        for n in [4, 5] {
            world.entries.push(Entry::new(&world::key(n), Role::Worker, world::LOGGED - 1000, world::LOGGED + 1000));
        }
        let (log, registry) = world.extract();
        let all = || (0..self.cells.len() as u64).filter(|l| self.layout.place(*l).is_some()).collect();
        let opened: Vec<u64> = self.opened.clone().unwrap_or_else(all);
        let cells: Vec<(u64, &[u8])> = opened.iter().map(|l| (*l, self.cells[*l as usize].as_slice())).collect();
        let proof = if opened.is_empty() { Vec::new() } else { self.tree().open(&opened).unwrap() };
        let output = token_bytes(&self.answer);
        let reveal = Reveal { seed: self.seed, output: Some(&output) };
        write(&world.certificate, &log, &registry, &reveal, &cells, &proof).unwrap()
    }
}

/// The root of the log that an envelope shows.
pub fn log_root(bytes: &[u8]) -> Digest {
    Envelope::decode(bytes).unwrap().log().head.head.root
}

pub fn policy<G: Weight>(subject: &Subject<G>) -> Policy {
    Policy {
        lanes: vec![Lane::Exact, Lane::Residual, Lane::Tolerance],
        models: vec![*subject.root(), Digest::ZERO],
        specs: vec![*subject.spec()],
        ..world::policy()
    }
}

pub const BOTH: Challenge<'static> = Challenge::FiatShamir { repetitions: 2, tries: 60 };

/// Judges with the hashes of the certificate, for the usual prompt.
pub fn judged<G: bfv_verify::Judged>(bytes: &[u8], subject: &Subject<G>) -> Verdict {
    judged_by(bytes, subject, BOTH)
}

pub fn judged_by<G: bfv_verify::Judged>(bytes: &[u8], subject: &Subject<G>, challenge: Challenge<'_>) -> Verdict {
    with_case(subject, challenge, Terms::default(), |case| told(judge(bytes, case, subject)))
}

/// Does something with the usual case.
pub fn with_case<G: Weight, R>(
    subject: &Subject<G>,
    challenge: Challenge<'_>,
    terms: Terms,
    run: impl FnOnce(&Case<'_>) -> R,
) -> R {
    let policy = policy(subject);
    let expected = Expected { at: Some(world::HEAD + 10), ..Expected::default() };
    run(&Case { policy: &policy, expected, prompt: &PROMPT, challenge, terms })
}

/// A verdict that can be read aloud.
pub fn told(verdict: Verdict) -> Verdict {
    let text = verdict.to_string();
    assert!(text.split(' ').count() <= 20 && text.is_ascii() && text.ends_with('.'), "{text}");
    verdict
}

pub fn accepts(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => accepted,
        other => panic!("{other}"),
    }
}

pub fn rejects(verdict: Verdict) -> Rejected {
    match verdict {
        Verdict::Rejected(rejected) => rejected,
        other => panic!("{other}"),
    }
}

pub fn fault(verdict: Verdict) -> Fault {
    match rejects(verdict) {
        Rejected::Wrong(fault) => fault,
        other => panic!("{other}"),
    }
}

/// A product that is wrong: layer, operation and token.
pub fn product(verdict: Verdict) -> (u32, Op, u32) {
    let fault = fault(verdict);
    let Found::Product(_, claimed, exact) = fault.found else { panic!("{fault}") };
    assert_ne!(claimed, exact);
    (fault.spot.layer, fault.spot.op, fault.spot.token)
}

/// Another operation that is wrong: layer, operation and token.
pub fn computed(verdict: Verdict) -> (u32, Op, u32) {
    let fault = fault(verdict);
    let Found::Computed(_, claimed, exact) = fault.found else { panic!("{fault}") };
    assert_ne!(claimed, exact);
    (fault.spot.layer, fault.spot.op, fault.spot.token)
}
