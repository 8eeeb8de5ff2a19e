//! Votes on accepted answers, and the attacks on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/rests.rs"]
mod rests;
#[path = "common/near.rs"]
mod workers;

use bfv_cert::certificate::{Fields, Lane, Layers, Operation, TraceShape};
use bfv_cert::digest::Digest;
use bfv_cert::registry::Role;
use bfv_cert::sign::KeyId;
use bfv_cert::tensor::Shape as Sides;
use bfv_cert::{BindingFault, Expected, Malformed, Policy, Refusal, SignatureFault};
use bfv_exact::commit::{numbers_root, token_bytes, tokens_root, tokens_shape};
use bfv_exact::model::Model;
use bfv_exact::spec::{Bits, Spec};
use bfv_exact::vote::{Rule, ballots};
use bfv_verify::{Accepted, Rejected, Soundness, Subject, Undecided, Verdict, Vote, judge_vote};
use common::numbers::Random;
use common::numbers::small::any_weights;
use common::*;
use rests::{Made, binding, in_words};
use workers::{Single, near};

/// The head, by the number of its key.
const HEAD: u8 = 3;
/// The workers who have a vote.
const WORKERS: [u8; 3] = [1, 2, 4];

/// A model by its number: those of different numbers answer differently.
fn specialist(n: u64) -> Subject<i8> {
    let draft = draft(Bits::Eight);
    let weights = any_weights(&mut Random(n), &draft);
    Subject::new(Model::new(Spec::new(draft).unwrap(), weights).unwrap()).unwrap()
}

/// An accepted answer of a worker with a model of a number.
fn said(by: u8, model: u64, tokens: usize) -> Accepted {
    said_to(by, model, tokens, world::fields().query, 0)
}

fn said_to(by: u8, model: u64, tokens: usize, query: Digest, seq: u64) -> Accepted {
    let subject = specialist(model);
    let mut proof = prove_for(subject.model(), &subject, &PROMPT, tokens, query);
    (proof.by, proof.fields.worker) = (by, world::id(by));
    proof.fields.slot.seq += seq;
    accepts(judged(&proof.bytes(), &subject))
}

fn vote(workers: &[u8], quorum: usize) -> Vote {
    Vote::new(world::id(HEAD), workers.iter().map(|n| world::id(*n)).collect(), quorum).unwrap()
}

/// Two of three must agree.
fn usual() -> Vote {
    vote(&WORKERS, 2)
}

fn tokens(answer: &Accepted) -> Vec<u32> {
    answer.values().iter().map(|t| u32::try_from(*t).unwrap()).collect()
}

/// The certificate of the head, which delivers these tokens.
fn made(parents: &[Accepted], rule: Rule, said: &[u32]) -> Made {
    let mut ordered: Vec<&Accepted> = parents.iter().collect();
    ordered.sort_by_key(|p| *p.certificate());
    let ballots = ballots(&ordered.iter().map(|p| p.values()).collect::<Vec<_>>());
    let input = numbers_root(&[ballots.len()], &ballots).unwrap();
    let output = (tokens_shape(said).unwrap(), tokens_root(said).unwrap());
    Made::new(Operation::Vote, HEAD, parents, rule.root(), input, output, token_bytes(said))
}

fn judge(made: &Made, vote: &Vote, parents: &[Accepted]) -> Verdict {
    let policy = Policy { models: vec![Digest::ZERO, world::d(9)], specs: vec![made.fields.spec], ..world::policy() };
    let verdict = judge_vote(&made.bytes(), &policy, &Expected::default(), vote, &parents.iter().collect::<Vec<_>>());
    in_words(&verdict);
    verdict
}

/// A vote of these parents which delivers what the first of them says.
fn of_first(vote: &Vote, parents: &[Accepted]) -> Verdict {
    judge(&made(parents, vote.rule(), &tokens(&parents[0])), vote, parents)
}

#[test]
fn an_answer_with_the_quorum_is_accepted_whatever_the_others_say() {
    // Two agree, and the third has another model, another length, or is left out.
    for third in [Some(said(4, 81, 3)), Some(said(4, 78, 4)), Some(said(4, 78, 3)), None] {
        let all: Vec<Accepted> = [said(1, 78, 3), said(2, 78, 3)].into_iter().chain(third).collect();
        let agree = all.iter().filter(|a| a.values() == all[0].values()).count();
        for turn in 0..all.len() {
            let mut order = all.clone();
            order.rotate_left(turn);
            let vote = usual();
            let accepted = accepts(judge(&made(&order, vote.rule(), &tokens(&all[0])), &vote, &order));
            assert_eq!(accepted.values(), all[0].values());
            assert_eq!((accepted.support(), accepted.soundness()), (Some(agree), Soundness::FULL));
            assert_eq!(accepted.worker(), &world::id(HEAD));
        }
    }
    assert_ne!(said(4, 81, 3).values(), said(1, 78, 3).values(), "specialists that always agree show nothing");
}

#[test]
fn a_rule_with_which_two_answers_could_both_have_the_quorum_is_refused() {
    for workers in 0..=70usize {
        for quorum in 0..=72usize {
            let one_only = quorum <= workers && 2 * quorum > workers && (1..=64).contains(&workers);
            assert_eq!(Rule::new(workers, quorum).is_ok(), one_only, "{quorum} of {workers}");
        }
    }
    let ids = |all: &[u8]| all.iter().map(|n| world::id(*n)).collect::<Vec<KeyId>>();
    let why = |workers: &[u8], quorum| Vote::new(world::id(HEAD), ids(workers), quorum).unwrap_err().why;
    assert_eq!(why(&[1, 2, 4, 5], 2), "two answers could both have the quorum of 2 of 4 workers");
    assert_eq!(why(&[1, 2, 4, 2], 3), "a worker stands twice");
    assert_eq!(why(&[1, 2, 4], 4), "the quorum is 4, and there are only 3 workers");
    // Rules have different names, so that a vote by one is none by the other.
    assert_ne!(Rule::new(3, 2).unwrap().root(), Rule::new(3, 3).unwrap().root());
    assert_ne!(Rule::new(4, 3).unwrap().root(), Rule::new(3, 3).unwrap().root());
}

/// With f = 1 liar among four, three must agree. Two are too few, whether they are all that is named or two others disagree.
#[test]
fn attack_42_a_quorum_of_2f() {
    let vote = vote(&[1, 2, 4, 5], 3);
    let two = [said(1, 78, 3), said(2, 78, 3)];
    assert_eq!(binding(of_first(&vote, &two)), BindingFault::Count(3, 2));
    let three = [said(1, 78, 3), said(2, 78, 3), said(4, 81, 3)];
    assert_eq!(binding(of_first(&vote, &three)), BindingFault::Quorum(2, 3));
    // By a rule of its own, which the verifier does not have, nothing can be told.
    let own = Rule::new(3, 2).unwrap();
    let verdict = judge(&made(&three, own, &tokens(&three[0])), &vote, &three);
    assert!(matches!(verdict, Verdict::Undecided(Undecided::OtherModel)), "{verdict}");
}

#[test]
fn attack_42_a_worker_that_is_left_out_and_claimed() {
    let vote = usual();
    let all = [said(1, 78, 3), said(2, 78, 3), said(4, 81, 3)];
    let whole = made(&all, vote.rule(), &tokens(&all[0]));
    // The certificate names three, and two are known.
    assert!(matches!(binding(judge(&whole, &vote, &all[..2])), BindingFault::Other("parent", _)));
    // It names two, and its input is that of three.
    let mut less = whole.clone();
    less.fields.parents = made(&all[..2], vote.rule(), &tokens(&all[0])).fields.parents;
    let rejected = rejects(judge(&less, &vote, &all[..2]));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Malformed(_, Malformed::Contradicts(_)))), "{rejected}");
    less.fields.input_shape = made(&all[..2], vote.rule(), &tokens(&all[0])).fields.input_shape;
    assert!(matches!(binding(judge(&less, &vote, &all[..2])), BindingFault::Other("input", _)));
    // Three are known, and it names two of them.
    let two = made(&all[..2], vote.rule(), &tokens(&all[0]));
    let fault = binding(judge(&two, &vote, &all));
    assert!(matches!(fault, BindingFault::Other("parent", _) | BindingFault::Count(3, 2)), "{fault:?}");
}

#[test]
fn attack_42_a_worker_is_not_counted_twice() {
    let vote = usual();
    let twice = [said(1, 78, 3), said_to(1, 78, 3, world::fields().query, 1)];
    assert_eq!(binding(of_first(&vote, &twice)), BindingFault::VotesTwice(1));
    // The same certificate cannot be named twice: names ascend strictly.
    let one = said(1, 78, 3);
    let mut doubled = made(&[one.clone(), said(2, 78, 3)], vote.rule(), &tokens(&one));
    doubled.fields.parents = vec![*one.certificate(); 2];
    assert!(bfv_cert::certificate::Body::new(&doubled.fields).is_err());
    // Nor does it count twice because it is given twice.
    let fair = made(&[one.clone(), said(2, 78, 3)], vote.rule(), &tokens(&one));
    assert!(matches!(binding(judge(&fair, &vote, &[one.clone(), one])), BindingFault::Other("parent", _)));
}

/// The vote would be in the exact lane, and no lane is lowered silently.
#[test]
fn answers_in_a_lane_of_floats_have_no_vote() {
    let subject = subject();
    let exact = accepts(judged(&near(&subject, &Single::new(Lane::Exact, 1), 3).bytes(), &subject));
    for lane in [Lane::Residual, Lane::Tolerance] {
        let mut proof = near(&subject, &Single::new(lane, 1), 3);
        (proof.by, proof.fields.worker) = (2, world::id(2));
        let second = accepts(judged(&proof.bytes(), &subject));
        assert_eq!(second.values(), exact.values());
        let fault = binding(of_first(&usual(), &[exact.clone(), second]));
        assert!(matches!(fault, BindingFault::Parent("lane", _)), "{fault}");
    }
}

#[test]
fn answers_of_strangers_to_other_questions_or_of_heads_do_not_count() {
    let vote = usual();
    // Worker 5 is registered, and has no vote.
    let stranger = [said(1, 78, 3), said(5, 78, 3)];
    assert!(matches!(binding(of_first(&vote, &stranger)), BindingFault::NoVote(_)));
    let other = [said(1, 78, 3), said_to(2, 78, 3, world::d(55), 0)];
    assert!(matches!(binding(of_first(&vote, &other)), BindingFault::Parent("question", _)));
    // Worker 1 may count, too, and what came of that is no answer of its own.
    let honest = [said(1, 78, 3), said(2, 78, 3)];
    let own = Vote::new(world::id(1), WORKERS.map(world::id).to_vec(), 2).unwrap();
    let mut counted = made(&honest, own.rule(), &tokens(&honest[0]));
    (counted.by, counted.fields.worker) = (1, world::id(1));
    let counted = accepts(judge(&counted, &own, &honest));
    let again = [counted, honest[1].clone()];
    assert!(matches!(binding(of_first(&vote, &again)), BindingFault::Parent("operation", _)));
}

#[test]
fn an_output_with_less_support_than_another_is_rejected() {
    let vote = usual();
    let all = [said(1, 81, 3), said(2, 78, 3), said(4, 78, 3)];
    assert_eq!(binding(of_first(&vote, &all)), BindingFault::Outvoted(1, 2));
    // What nobody has said, also one that begins as the best answer does.
    let best = tokens(&all[1]);
    for wrong in [&best[..2], &[best.as_slice(), &[0]].concat(), &[8, 8, 8]] {
        assert_eq!(binding(judge(&made(&all, vote.rule(), wrong), &vote, &all)), BindingFault::Outvoted(0, 2));
    }
    // Three different answers: there is no quorum for any.
    let apart = [said(1, 78, 3), said(2, 81, 3), said(4, 78, 4)];
    assert_eq!(binding(of_first(&vote, &apart)), BindingFault::Quorum(1, 2));
    // What is no list of tokens.
    let mut odd = made(&all, vote.rule(), &best);
    odd.output.pop();
    odd.fields.output = bfv_cert::certificate::Output::Hashed(bfv_cert::digest::output_digest(&odd.output));
    let rejected = rejects(judge(&odd, &vote, &all));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Malformed(..))), "{rejected}");
}

/// f = 1 of four says a wrong answer, or f workers the same wrong one. Alone each is rejected, as the answer does not follow from the model. Even if all of
/// them were accepted, they are fewer than the quorum.
#[test]
fn attack_43_colluding_workers_with_one_wrong_output() {
    let subject = specialist(78);
    let lie = |by: u8| {
        let proof = prove(subject.model(), &subject, &PROMPT, 3);
        let wrong: Vec<u32> = proof.answer.iter().map(|t| (t + 1) % 9).collect();
        let mut proof = proof.say(wrong);
        (proof.by, proof.fields.worker) = (by, world::id(by));
        judged(&proof.bytes(), &subject)
    };
    for by in [1, 2] {
        let rejected = rejects(lie(by));
        assert!(matches!(rejected, Rejected::Wrong(_)), "{rejected}");
    }
    // Accepted for another model, so that they agree on what is wrong for this one.
    let vote = vote(&[1, 2, 4, 5], 3);
    let colluding = [said(1, 81, 3), said(2, 81, 3), said(4, 78, 3), said(5, 78, 3)];
    assert_eq!(binding(of_first(&vote, &colluding)), BindingFault::Quorum(2, 3));
    assert_eq!(binding(of_first(&vote, &colluding[..3])), BindingFault::Quorum(2, 3));
}

#[test]
fn only_the_head_counts_and_with_a_key_for_it() {
    let vote = usual();
    let all = [said(1, 78, 3), said(2, 78, 3)];
    let honest = made(&all, vote.rule(), &tokens(&all[0]));
    let mut another = honest.clone();
    (another.by, another.fields.worker) = (1, world::id(1));
    assert_eq!(binding(judge(&another, &vote, &all)), BindingFault::NotAssigned);
    // Worker 2 has no key of the role voter.
    let mut unregistered = honest;
    (unregistered.by, unregistered.fields.worker) = (2, world::id(2));
    assert_eq!(Operation::Vote.role(), Role::Voter);
    let rejected = rejects(judge(&unregistered, &vote, &all));
    assert!(matches!(rejected, Rejected::Refused(Refusal::Signature(_, SignatureFault::NotRegistered))), "{rejected}");
}

#[test]
fn fields_of_a_vote_are_those_of_its_answers() {
    let vote = usual();
    let all = [said(1, 78, 3), said(2, 78, 3), said(4, 81, 3)];
    let honest = made(&all, vote.rule(), &tokens(&all[0]));
    let with = |change: &dyn Fn(&mut Fields)| {
        let mut other = honest.clone();
        change(&mut other.fields);
        rejects(judge(&other, &vote, &all))
    };
    let bound = |field: &str, rejected: &Rejected| matches!(rejected, Rejected::Refused(Refusal::Binding(_, BindingFault::Other(f, _))) if *f == field);
    for field in ["model", "input", "output root", "trace"] {
        let rejected = with(&|f| match field {
            "model" => f.model = world::d(9),
            "input" => f.input = world::d(1),
            "trace" => f.trace = world::d(1),
            _ => f.output_root = world::d(1),
        });
        assert!(bound(field, &rejected), "{field}: {rejected}");
    }
    for change in [
        |f: &mut Fields| f.input_shape = Sides::new(&[3, 4]).unwrap(),
        |f: &mut Fields| f.output_shape = Sides::new(&[4]).unwrap(),
        |f: &mut Fields| f.trace_shape = TraceShape { blocks: 2, layers: 1, operations: 1 },
        |f: &mut Fields| f.layers = Layers { start: 0, end: 2 },
        |f: &mut Fields| f.seed = world::d(1),
    ] {
        let rejected = with(&change);
        assert!(matches!(rejected, Rejected::Refused(Refusal::Malformed(..))), "{rejected}");
    }
}

/// The lengths are committed to, so that tokens of one worker are not read as those of another.
#[test]
fn ballots_say_where_an_answer_ends() {
    assert_ne!(ballots(&[&[1, 2], &[3]]), ballots(&[&[1], &[2, 3]]));
    assert_eq!(ballots(&[&[1, 2], &[3]]), [2, 1, 2, 1, 3]);
}

/// No bit of the envelope of a vote can be changed, nor can it be cut off or continued.
#[test]
fn every_changed_bit_of_a_vote_is_noticed() {
    let vote = usual();
    let all = [said(1, 78, 3), said(2, 78, 3)];
    let honest = made(&all, vote.rule(), &tokens(&all[0]));
    let policy = Policy { models: vec![Digest::ZERO], specs: vec![vote.rule().root()], ..world::policy() };
    let parents: Vec<&Accepted> = all.iter().collect();
    let judge = |bytes: &[u8]| judge_vote(bytes, &policy, &Expected::default(), &vote, &parents);
    let mut bytes = honest.bytes();
    accepts(judge(&bytes));
    for bit in 0..bytes.len() * 8 {
        bytes[bit / 8] ^= 1 << (bit % 8);
        let verdict = judge(&bytes);
        assert!(!matches!(verdict, Verdict::Accepted(_)), "bit {bit}");
        bytes[bit / 8] ^= 1 << (bit % 8);
    }
    for end in 0..bytes.len() {
        assert!(matches!(judge(&bytes[..end]), Verdict::Rejected(_)), "{end}");
    }
    bytes.push(0);
    assert!(matches!(judge(&bytes), Verdict::Rejected(_)));
}
