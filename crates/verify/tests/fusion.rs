//! Fusions of accepted answers, and the attacks on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;
#[path = "common/rests.rs"]
mod rests;
#[path = "common/split.rs"]
mod split_model;
#[path = "common/near.rs"]
mod workers;

use bfv_cert::certificate::{Fields, Lane, Operation, TraceShape};
use bfv_cert::digest::{Digest, spec_root};
use bfv_cert::freshness::Fresh;
use bfv_cert::sign::KeyId;
use bfv_cert::tensor::Shape as Sides;
use bfv_cert::{BindingFault, Expected, Policy, Refusal};
use bfv_exact::commit::{number_bytes, numbers_root, rows_of};
use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source};
use bfv_exact::spec::Bits;
use bfv_verify::{Accepted, Fusion, Part, Rejected, Soundness, Split, Terms, Undecided, Verdict, judge_fusion};
use common::*;
use rests::{Made, binding, in_words};
use split_model::{COUNT, answer, by, chain_of, given, registered, stage, subject_of_three};
use workers::{Single, near};

const WEIGHTS: [i64; 2] = [3, 5];

/// The weighted mean of two workers with weights in eighths, which must add up to 8 and not be negative.
fn mean(coords: u32) -> Program {
    let all = Shape { workers: true, coords: true };
    let weights = Shape { workers: true, coords: false };
    Program::new(Source {
        workers: 2,
        coords,
        inputs: vec![Input { shape: all, low: 0, high: 1000 }, Input { shape: weights, low: -8, high: 8 }],
        tables: Vec::new(),
        ops: vec![
            Op::Input(0),
            Op::Input(1),
            Op::Mul(0, 1),
            Op::Sum(2, Axis::Workers),
            Op::Round(3, 3),
            Op::Sum(1, Axis::Workers),
            Op::Const(8),
            Op::Equal(5, 6),
            Op::Const(-1),
            Op::Less(8, 1),
        ],
        conditions: vec![7, 9],
        result: 4,
    })
    .unwrap()
}

/// Two accepted answers to one question, of workers 1 and 2, with so many tokens.
fn parents_of(tokens: [usize; 2]) -> Vec<Accepted> {
    let subject = subject();
    let answer = |(by, tokens): (u8, usize)| {
        let mut proof = prove(subject.model(), &subject, &PROMPT, tokens);
        proof.by = by;
        proof.fields.worker = world::id(by);
        accepts(judged(&proof.bytes(), &subject))
    };
    (1..).zip(tokens).map(answer).collect()
}

fn parents() -> Vec<Accepted> {
    parents_of([3, 3])
}

/// The certificate of key 3 for a result.
fn made(parents: &[Accepted], spec: Digest, result: &[i64]) -> Made {
    let inputs: Vec<i64> = parents.iter().flat_map(|p| p.values().to_vec()).collect();
    let input = numbers_root(&[parents.len(), inputs.len() / parents.len()], &inputs).unwrap();
    let output = numbers_root(&[result.len()], result).unwrap();
    Made::new(Operation::Fusion, 3, parents, spec, input, output, number_bytes(result))
}

/// Signed by key 1, who may answer and fuse.
fn by_a_worker(mut made: Made) -> Made {
    (made.by, made.fields.worker) = (1, world::id(1));
    made
}

fn judge(made: &Made, program: &Program, weights: &[i64], parents: &[&Accepted]) -> Verdict {
    let spec = spec_root(&program.bytes());
    let policy = Policy { models: vec![Digest::ZERO], specs: vec![spec, world::d(77)], ..world::policy() };
    let workers: [KeyId; 2] = [world::id(1), world::id(2)];
    let fusion = Fusion { program, spec, workers: &workers, parameters: &[weights] };
    let verdict = judge_fusion(&made.bytes(), &policy, &Expected::default(), &fusion, parents);
    in_words(&verdict);
    verdict
}

fn honest(parents: &[Accepted]) -> (Program, Made) {
    let program = mean(3);
    let values: Vec<i64> = parents.iter().flat_map(|p| p.values().to_vec()).collect();
    let result = program.run(&[&values, &WEIGHTS]).unwrap();
    let made = made(parents, spec_root(&program.bytes()), &result);
    (program, made)
}

#[test]
fn answers_in_a_lane_of_floats_are_no_inputs_of_a_fusion() {
    let subject = subject();
    let exact = parents();
    for lane in [Lane::Residual, Lane::Tolerance, Lane::Replay] {
        // A sample is no answer that was accepted, so there is nothing that could be given to a fusion.
        if lane != Lane::Replay {
            let mut proof = near(&subject, &Single::new(lane, 1), 3);
            (proof.by, proof.fields.worker) = (2, world::id(2));
            let second = accepts(judged(&proof.bytes(), &subject));
            assert_eq!((second.lane(), second.values()), (lane, exact[1].values()));
            let both = [exact[0].clone(), second];
            let (program, made) = honest(&both);
            let fault = binding(judge(&made, &program, &WEIGHTS, &[&both[0], &both[1]]));
            assert!(matches!(fault, BindingFault::Parent("lane", _)), "{fault}");
        }
        // And a fusion has no such lane itself.
        let (program, mut made) = honest(&exact);
        made.fields.lane = lane;
        made.fields.execution = world::fields().execution;
        let spec = spec_root(&program.bytes());
        let lanes = vec![Lane::Exact, lane];
        let policy = Policy { models: vec![Digest::ZERO], specs: vec![spec], lanes, ..world::policy() };
        let workers: [KeyId; 2] = [world::id(1), world::id(2)];
        let fusion = Fusion { program: &program, spec, workers: &workers, parameters: &[&WEIGHTS] };
        let all: Vec<&Accepted> = exact.iter().collect();
        let verdict = judge_fusion(&made.bytes(), &policy, &Expected::default(), &fusion, &all);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Lane(l)) if l == lane));
    }
}

#[test]
fn an_honest_fusion_is_computed_again() {
    let parents = parents();
    let (program, made) = honest(&parents);
    for order in [[0, 1], [1, 0]] {
        let accepted = accepts(judge(&made, &program, &WEIGHTS, &order.map(|i| &parents[i])));
        assert_eq!(accepted.soundness(), Soundness::FULL);
        assert_eq!(accepted.values(), parents[0].values(), "the mean of equal answers");
    }
}

#[test]
fn attack_41_other_weights_or_results() {
    let parents = parents();
    let all = [&parents[0], &parents[1]];
    let (program, made) = honest(&parents);
    // Weights that do not add up, or are negative, do not meet the conditions of the program.
    for weights in [[3, 4], [9, -1], [-1, 9]] {
        assert!(matches!(rejects(judge(&made, &program, &weights, &all)), Rejected::Inputs(_)));
    }
    let mut wrong: Vec<i64> = parents[0].values().to_vec();
    wrong[1] += 1;
    let made = self::made(&parents, spec_root(&program.bytes()), &wrong);
    assert_eq!(rejects(judge(&made, &program, &WEIGHTS, &all)), Rejected::Fused(1, wrong[1], wrong[1] - 1));
    // A result of another shape.
    let made = self::made(&parents, spec_root(&program.bytes()), &wrong[..2]);
    assert!(matches!(rejects(judge(&made, &program, &WEIGHTS, &all)), Rejected::Refused(Refusal::Malformed(..))));
    // Another operator.
    let made = self::made(&parents, world::d(77), parents[0].values());
    assert!(matches!(judge(&made, &program, &WEIGHTS, &all), Verdict::Undecided(_)));
}

#[test]
fn attack_42_workers_that_are_left_out_stand_twice_or_answer_something_else() {
    let parents = parents();
    let (program, made) = honest(&parents);
    let by = |all: &[&Accepted]| binding(judge(&made, &program, &WEIGHTS, all));
    assert_eq!(by(&[&parents[0]]), BindingFault::Count(2, 1));
    assert!(matches!(by(&[&parents[0], &parents[0]]), BindingFault::Other("parent", _)));
    // The certificate names one answer only.
    let one = self::made(&parents[..1], spec_root(&program.bytes()), parents[0].values());
    assert_eq!(binding(judge(&one, &program, &WEIGHTS, &[&parents[0], &parents[1]])), BindingFault::Count(2, 1));
    // An answer that the certificate does not name, and two of one worker.
    let subject = subject();
    let mut proof = prove(subject.model(), &subject, &PROMPT, 3);
    proof.fields.slot.seq += 1;
    let second = accepts(judged(&proof.bytes(), &subject));
    assert!(matches!(by(&[&parents[0], &second]), BindingFault::Other("parent", _)));
    let twice = [parents[0].clone(), second];
    let made = self::made(&twice, spec_root(&program.bytes()), parents[0].values());
    assert_eq!(binding(judge(&made, &program, &WEIGHTS, &[&twice[0], &twice[1]])), BindingFault::NotAssigned);
    // An answer to another question.
    let mut proof = prove_for(subject.model(), &subject, &PROMPT, 3, world::d(55));
    proof.by = 2;
    proof.fields.worker = world::id(2);
    let other = accepts(judged(&proof.bytes(), &subject));
    let mixed = [parents[0].clone(), other];
    let made = self::made(&mixed, spec_root(&program.bytes()), parents[0].values());
    let fault = binding(judge(&made, &program, &WEIGHTS, &[&mixed[0], &mixed[1]]));
    assert!(matches!(fault, BindingFault::Parent("question", _)));
}

#[test]
fn roots_of_a_fusion_are_those_of_its_values() {
    let parents = parents();
    let all = [&parents[0], &parents[1]];
    let (program, made) = honest(&parents);
    let with = |change: &dyn Fn(&mut Fields)| {
        let mut other = made.clone();
        change(&mut other.fields);
        rejects(judge(&other, &program, &WEIGHTS, &all))
    };
    for field in ["input", "output root", "trace"] {
        let rejected = with(&|f| match field {
            "input" => f.input = world::d(1),
            "trace" => f.trace = world::d(1),
            _ => f.output_root = world::d(1),
        });
        assert!(matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Other(f, _))) if f == field));
    }
    let rejected = with(&|f| f.input_shape = Sides::new(&[3, 2]).unwrap());
    assert!(matches!(rejected, Rejected::Refused(Refusal::Malformed(..))));
    let rejected = with(&|f| f.trace_shape = TraceShape { blocks: 2, layers: 1, operations: 1 });
    assert!(matches!(rejected, Rejected::Refused(Refusal::Malformed(..))));
}

/// Answers of 4 and 2 tokens are as many numbers as those of 3 and 3. But then the last token of worker 1 would stand for worker 2.
#[test]
fn numbers_of_one_worker_are_not_read_as_those_of_another() {
    for tokens in [[4, 2], [2, 4], [5, 1]] {
        let uneven = parents_of(tokens);
        let (program, made) = honest(&uneven);
        let verdict = judge(&made, &program, &WEIGHTS, &[&uneven[0], &uneven[1]]);
        assert!(matches!(verdict, Verdict::Rejected(_)), "{tokens:?}: {verdict}");
    }
}

/// Worker 1 may fuse, too. What it has made of the answers is no answer of its own.
#[test]
fn a_fusion_is_no_answer_of_the_worker_who_made_it() {
    let parents = parents();
    let (program, made) = honest(&parents);
    let own = accepts(judge(&by_a_worker(made), &program, &WEIGHTS, &[&parents[0], &parents[1]]));
    let again = [own, parents[1].clone()];
    let (program, made) = honest(&again);
    let verdict = judge(&made, &program, &WEIGHTS, &[&again[0], &again[1]]);
    assert!(matches!(verdict, Verdict::Rejected(_)), "{verdict}");
}

/// The answer of a chain goes by the certificate and the worker of its last stage.
#[test]
fn an_answer_in_stages_is_fused_like_any_other() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let run = subject.model();
    let rows = |layers| rows_of(run.spec(), layers).unwrap();
    let parts = [(4, 0..1), (2, 1..3)].map(|(n, l)| Part { worker: world::id(n), layers: rows(l) });
    let split = Split::new(&subject, parts.to_vec(), registered()).unwrap();
    let said = answer(&subject);
    let (first, cut) = stage(run, &subject, parts[0].layers, &said, None, 4);
    let (second, _) = stage(run, &subject, parts[1].layers, &said, cut.as_ref(), 2);
    let links = [first, second].map(|p| given(&p, by(&p, &subject, &split, BOTH, Fresh::default(), Terms::default())));
    let chain = accepts(chain_of(&links, &split, None));
    let mut whole = prove(run, &subject, &PROMPT, COUNT);
    (whole.by, whole.fields.worker) = (1, world::id(1));
    let parents = [accepts(judged(&whole.bytes(), &subject)), chain];
    let program = mean(COUNT as u32);
    let inputs: Vec<i64> = parents.iter().flat_map(|p| p.values().to_vec()).collect();
    let result = program.run(&[&inputs, &WEIGHTS]).unwrap();
    let fused = made(&parents, spec_root(&program.bytes()), &result);
    let accepted = accepts(judge(&fused, &program, &WEIGHTS, &[&parents[0], &parents[1]]));
    assert_eq!(accepted.values(), result);
}
