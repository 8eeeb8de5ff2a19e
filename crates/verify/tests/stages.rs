//! A model that is split: honest stages and chains are accepted, and every attack on either gets its own reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;
#[path = "common/split.rs"]
mod split_model;

use bfv_cert::certificate::{Lane, Layers, Operation, Output, TraceShape};
use bfv_cert::digest::{Digest, output_digest, seed_commitment};
use bfv_cert::freshness::{Fresh, Seen};
use bfv_cert::sign::KeyId;
use bfv_cert::tensor::Shape;
use bfv_cert::{BindingFault, Equivocation, Expected, Malformed, Refusal, SignatureFault};
use bfv_exact::commit::{all_rows, rows_of, tokens_root};
use bfv_exact::forward::Op;
use bfv_exact::model::{Model, Weights};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Spec};
use bfv_exact::{Matrix, Refused};
use bfv_verify::{
    Beacon, Case, Challenge, Found, Part, Registered, Rejected, Secret, Split, Stage, Subject, Terms, Undecided,
    Verdict, judge_stage,
};
use common::*;
use split_model::*;

#[test]
fn honest_stages_are_accepted_each_for_itself_and_together() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let secret = Secret::new(&subject, [9; 32]);
    let proofs = honest(&subject);
    let split = split(&subject);
    let only = |p: &Proof| p.clone().products();
    // A beacon belongs to the log that each of them shows.
    for (challenge, bits) in [(Some(Challenge::Secret(&secret, 0)), 60), (None, 60), (Some(BOTH), 59)] {
        for some in [proofs.clone(), proofs.iter().map(only).collect()] {
            let one = |p: &Proof| {
                let beacon = Beacon::new(&subject, &[8; 32], &log_root(&p.bytes()), world::LOGGED + 1, 1);
                let challenge = challenge.unwrap_or(Challenge::Beacon(&beacon));
                given(p, by(p, &subject, &split, challenge, Fresh::default(), Terms::default()))
            };
            let judged: Vec<Given> = some.iter().map(one).collect();
            let accepted = accepts(chain_of(&judged, &split, None));
            assert_eq!(accepted.soundness().bits(), bits);
            let tokens: Vec<i64> = answer(&subject).iter().map(|t| i64::from(*t)).collect();
            assert_eq!(accepted.values(), tokens);
            assert_eq!(accepted.worker(), &world::id(4));
            let stages: Vec<Stage> = judged.into_iter().map(|(_, _, v, _)| ok(v)).collect();
            assert_eq!(accepted.certificate(), stages[2].certificate());
            let products: u64 = stages.iter().map(|s| s.checked().products).sum();
            assert_eq!(accepted.checked().products, products);
            assert!(stages.iter().all(|s| s.checked().products > 300 && s.soundness().bits() == bits));
        }
    }
    // The model as a whole has as many products.
    let whole = accepts(judged(&prove(subject.model(), &subject, &PROMPT, COUNT).bytes(), &subject));
    assert_eq!(accepts(chain(&proofs, &subject)).checked().products, whole.checked().products);
}

#[test]
fn honest_stages_on_the_grid_of_16_bits_are_accepted() {
    let subject = subject_of_three::<i16>(Bits::Sixteen);
    let proofs: Vec<Proof> = honest(&subject).into_iter().map(Proof::products).collect();
    let accepted = accepts(chain(&proofs, &subject));
    assert_eq!(accepted.values().len(), COUNT);
    let wrong_one = proofs[1].clone().change(2, 2, Op::GateSums, |cell| cell[0] ^= 1);
    assert_eq!(wrong(refused(one(&wrong_one, &subject))), (2, Op::GateSums, 4, true));
}

#[test]
fn a_stage_is_no_answer_and_an_answer_is_no_stage() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let proofs = honest(&subject);
    for proof in &proofs {
        let verdict = judged(&proof.bytes(), &subject);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Operation)), "{verdict}");
    }
    let whole = prove(subject.model(), &subject, &PROMPT, COUNT);
    assert!(matches!(one(&whole, &subject), Verdict::Undecided(Undecided::Operation)));
    // An answer that calls itself a stage of all layers is one that nobody has registered.
    let mut all = whole;
    all.fields.operation = Operation::LayerRange;
    assert_eq!(mismatch(one(&all, &subject)), BindingFault::Layers(0, 2));
}

#[test]
fn splits_that_do_not_have_every_row_once_are_refused() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let said = |change: &dyn Fn(&mut Vec<Part>)| {
        let mut all = parts(&subject);
        change(&mut all);
        Split::new(&subject, all, registered()).map_err(|e: Refused| e.to_string()).err().unwrap_or_default()
    };
    assert_eq!(said(&|_| ()), "");
    assert!(said(&|p| p.clear()).contains("end at row 0"));
    assert!(said(&|p| p.truncate(2)).contains("end at row 3, and the model at 5"));
    assert!(said(&|p| p.swap(0, 1)).contains("row 0 comes next"));
    assert!(said(&|p| p.retain(|q| q.worker != world::id(2))).contains("row 2 comes next"));
    assert!(said(&|p| p.insert(1, Part { worker: world::id(3), ..p[0] })).contains("row 2 comes next"));
    assert!(said(&|p| p[1].layers.end = 2).contains("row 2 comes next"));
    assert!(said(&|p| p[1].worker = p[0].worker).contains("another part"));
    assert!(said(&|p| p[2].layers.end = 6).contains("end at row 6"));
    assert!(said(&|p| *p = vec![p[0]; 65]).contains("at most 64"));
}

#[test]
fn attack_18_a_stage_that_runs_no_layer_or_another_one() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let said = answer(&subject);
    let with = |change: &dyn Fn(&mut Weights<i8>)| {
        let mut weights = subject.model().weights().clone();
        change(&mut weights);
        Model::new(subject.model().spec().clone(), weights).unwrap()
    };
    let own = subject.model();
    // The second worker hands on what it was given.
    let skipped = with(&|w| {
        w.layers[1].output.entries_mut().fill(0);
        w.layers[1].down.entries_mut().fill(0);
    });
    let proofs = run_all(&[own, &skipped, own], &subject, &said, |_, _| ());
    assert_eq!(wrong(refused(one(&proofs[1], &subject))), (2, Op::OutputSums, 0, true));
    let (n, why) = in_stage(chain(&proofs, &subject));
    assert_eq!((n, wrong(why)), (2, (2, Op::OutputSums, 0, true)));
    // The first worker is right; the third one, which was given something else, does not get the tokens that it was told.
    ok(one(&proofs[0], &subject));
    let last = refused(one(&proofs[2], &subject));
    assert!(matches!(&last, Rejected::Wrong(f) if matches!(f.found, Found::Sampled(..))), "{last}");
    // It runs the layer of another stage, again or before its turn.
    for other in [0, 2] {
        let repeated = with(&|w| w.layers[1] = w.layers[other].clone());
        let proofs = run_all(&[own, &repeated, own], &subject, &said, |_, _| ());
        let (n, why) = in_stage(chain(&proofs, &subject));
        assert_eq!((n, wrong(why).0), (2, 2), "{other}");
        let only: Vec<Proof> = proofs.into_iter().map(Proof::products).collect();
        let (layer, _, _, product) = wrong(refused(one(&only[1], &subject)));
        assert_eq!((layer, product), (2, true));
    }
}

#[test]
fn attack_18_stages_left_out_repeated_and_in_another_order() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let proofs = honest(&subject);
    let order = |which: &[usize]| which.iter().map(|i| proofs[*i].clone()).collect::<Vec<_>>();
    for (which, missing) in [(&[0, 2][..], 2), (&[1, 2], 1), (&[0, 1], 3), (&[0], 2), (&[2], 1), (&[1], 1), (&[], 1)] {
        let verdict = chain(&order(which), &subject);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Absent(n)) if n == missing), "{which:?}: {verdict}");
    }
    for (which, at) in [
        (&[0, 0, 1, 2][..], 0),
        (&[0, 1, 1, 2], 1),
        (&[0, 1, 2, 2], 2),
        (&[1, 0, 2], 0),
        (&[0, 2, 1], 1),
        (&[2, 1, 0], 1),
        (&[0, 1, 2, 0, 1, 2], 0),
    ] {
        // It is named by the part of its worker, wherever it was given.
        assert_eq!(mismatch(chain(&order(which), &subject)), BindingFault::Chain("layers", at), "{which:?}");
    }
}

#[test]
fn attack_38_a_stage_that_is_withheld() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let proofs = honest(&subject);
    let at = world::HEAD + 10;
    for deadline in [None, Some(at)] {
        let verdict = chain_until(&proofs[..2], &subject, deadline);
        assert!(matches!(verdict, Verdict::Undecided(Undecided::Absent(3))), "{verdict}");
    }
    assert_eq!(refused(chain_until(&proofs[..2], &subject, Some(at - 1))), Rejected::Absent(3));
    // What comes in is needed as products are: a stage cannot hide it.
    let mut hidden = proofs[1].clone().products();
    let leaf = hidden.layout.leaf(1, 1, Op::AfterLayer).unwrap();
    hidden.opened.as_mut().unwrap().retain(|l| *l != leaf);
    let Verdict::Undecided(Undecided::Unopened(spot)) = one(&hidden, &subject) else { panic!("not undecided") };
    assert_eq!((spot.layer, spot.op, spot.token), (1, Op::AfterLayer, 3));
    let terms = Terms { deadline: Some(at - 1), ..Terms::default() };
    let late = refused(by(&hidden, &subject, &split(&subject), BOTH, Fresh::default(), terms));
    assert!(matches!(&late, Rejected::Wrong(f) if f.found == Found::Withheld), "{late}");
    let mut all = proofs.clone();
    all[1] = hidden;
    let verdict = chain(&all, &subject);
    let Verdict::Undecided(Undecided::Stage(2, why)) = &verdict else { panic!("{verdict}") };
    assert!(matches!(**why, Undecided::Unopened(_)));
}

#[test]
fn attack_39_a_foreign_input() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let run = subject.model();
    let said = answer(&subject);
    let proofs = honest(&subject);
    // The first stage names another prompt, or runs another than it names.
    let mut other = proofs[0].clone();
    other.fields.input = tokens_root(&[1, 7, 5]).unwrap();
    assert!(matches!(mismatch(one(&other, &subject)), BindingFault::Other("input", _)));
    let mut lie = said.clone();
    lie[0] = (lie[0] + 1) % 9;
    let (mut ran, _) = stage(run, &subject, parts(&subject)[0].layers, &lie, None, 1);
    ran.fields.output = proofs[0].fields.output.clone();
    ran.answer = said.clone();
    assert_eq!(wrong(refused(one(&ran, &subject))), (0, Op::AfterLayer, 3, false));
    // A later stage runs on something that it does not name.
    let foreign = Matrix::filled("x", PROMPT.len() + COUNT - 1, 8, 5).unwrap();
    let (mut ran, _) = stage(run, &subject, parts(&subject)[1].layers, &said, Some(&foreign), 2);
    ran.fields.input = proofs[1].fields.input;
    assert!(matches!(mismatch(one(&ran, &subject)), BindingFault::Other("input", _)));
    // It names what it runs on, and that is not what the stage before has put out: each is right for itself, and the chain is not.
    let (ran, _) = stage(run, &subject, parts(&subject)[1].layers, &said, Some(&foreign), 2);
    ok(one(&ran, &subject));
    let all = [proofs[0].clone(), ran, proofs[2].clone()];
    assert_eq!(mismatch(chain(&all, &subject)), BindingFault::Chain("values", 1));
}

#[test]
fn a_value_changed_at_the_cut_is_found_at_the_cut() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let run = subject.model();
    let said = answer(&subject);
    for (at, entry) in [(0, 0), (0, 47), (1, 20)] {
        let proofs = run_all(&[run; 3], &subject, &said, |i, m| {
            if i == at {
                m.entries_mut()[entry] ^= 1;
            }
        });
        ok(one(&proofs[at + 1], &subject));
        assert_eq!(mismatch(chain(&proofs[..at + 2], &subject)), BindingFault::Chain("values", at + 1));
    }
    // The stage itself names another output than it has.
    let mut proofs = honest(&subject);
    proofs[0].fields.output_root = world::d(7);
    assert!(matches!(mismatch(one(&proofs[0], &subject)), BindingFault::Other("output root", _)));
    let (n, why) = in_stage(chain(&proofs, &subject));
    assert!(n == 1 && matches!(why, Rejected::Refused(Refusal::Binding(..))), "{why}");
}

#[test]
fn attack_7_layers_of_another_worker_and_workers_of_another_split() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let run = subject.model();
    let said = answer(&subject);
    let rows = |a, z| rows_of(run.spec(), a..z).unwrap();
    let stream = |rows: Layers| stage(run, &subject, rows, &said, None, 1).1.unwrap();
    let first = stream(rows(0, 1));
    // The third worker does the work of the second, and the second more or less than its own.
    let (other, _) = stage(run, &subject, rows(1, 2), &said, Some(&first), 4);
    assert_eq!(mismatch(one(&other, &subject)), BindingFault::Layers(3, 5));
    let (more, _) = stage(run, &subject, rows(1, 3), &said, Some(&first), 2);
    assert_eq!(mismatch(one(&more, &subject)), BindingFault::Layers(2, 3));
    let (more, _) = stage(run, &subject, rows(0, 2), &said, None, 2);
    assert_eq!(mismatch(one(&more, &subject)), BindingFault::Layers(2, 3));
    let all = [honest(&subject)[0].clone(), other];
    // The stage is that of its worker, whatever rows it names.
    let (n, why) = in_stage(chain(&all, &subject));
    assert!(n == 3 && matches!(why, Rejected::Refused(Refusal::Binding(_, BindingFault::Layers(3, 5)))));
    let mut behind = honest(&subject)[1].clone();
    behind.fields.layers = Layers { start: 5, end: 6 };
    let all = [honest(&subject)[0].clone(), behind];
    let (n, why) = in_stage(chain(&all, &subject));
    assert!(n == 2 && matches!(why, Rejected::Refused(Refusal::Binding(_, BindingFault::Layers(2, 3)))), "{why}");
    // A split of two workers does not have the third.
    let two = [Part { worker: world::id(1), layers: rows(0, 1) }, Part { worker: world::id(2), layers: rows(1, 3) }];
    let two = Split::new(&subject, two.to_vec(), registered()).unwrap();
    let judged = |p: &Proof| by(p, &subject, &two, BOTH, Fresh::default(), Terms::default());
    let proofs = honest(&subject);
    assert_eq!(mismatch(judged(&proofs[2])), BindingFault::NotAssigned);
    assert_eq!(mismatch(judged(&proofs[1])), BindingFault::Layers(2, 5));
    // Stages of one split are no chain of another, even where all of them were accepted.
    let all: Vec<Given> = proofs.iter().map(|p| given(p, one(p, &subject))).collect();
    assert_eq!(mismatch(chain_of(&all, &two, None)), BindingFault::Layers(2, 5));
    // Nor do they stand for others.
    let mut other = all.clone();
    other[1].1 = Layers { start: 2, end: 5 };
    assert_eq!(mismatch(chain_of(&other[..2], &split(&subject), None)), BindingFault::Chain("certificate", 1));
    other = all.clone();
    other[0].0 = world::id(2);
    assert_eq!(mismatch(chain_of(&other, &split(&subject), None)), BindingFault::Chain("certificate", 1));
    other = all.clone();
    other[0].3 = world::d(7);
    assert_eq!(mismatch(chain_of(&other, &split(&subject), None)), BindingFault::Chain("certificate", 0));
    // A split of another model decides nothing.
    let mut weights = run.weights().clone();
    weights.head.entries_mut()[0] ^= 1;
    let second = Subject::new(Model::new(run.spec().clone(), weights).unwrap()).unwrap();
    let foreign = by(&proofs[0], &subject, &split(&second), BOTH, Fresh::default(), Terms::default());
    assert!(matches!(foreign, Verdict::Undecided(Undecided::OtherModel)));
    let verdict = chain_of(&all, &split(&second), None);
    assert!(matches!(verdict, Verdict::Undecided(Undecided::OtherModel)), "{verdict}");
}

#[test]
fn attack_40_another_token_seed_or_answer() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let run = subject.model();
    let said = answer(&subject);
    // The last token: nothing was computed with it, but the sampler chooses another.
    let mut lie = said.clone();
    lie[COUNT - 1] = (lie[COUNT - 1] + 1) % 9;
    let proofs = run_all(&[run; 3], &subject, &lie, |_, _| ());
    let (n, why) = in_stage(chain(&proofs, &subject));
    let Rejected::Wrong(found) = why else { panic!("{why}") };
    assert_eq!((n, found.found), (3, Found::Sampled(lie[COUNT - 1], said[COUNT - 1])));
    // The stages disagree about it: the values do not say so, the answers do.
    let own = honest(&subject);
    let mixed = [proofs[0].clone(), own[1].clone(), own[2].clone()];
    assert_eq!(mismatch(chain(&mixed, &subject)), BindingFault::Chain("answer", 1));
    // A seed where nothing is drawn, and none where something is.
    let query = world::fields().query;
    let mut seeded = own[1].clone();
    (seeded.fields.seed, seeded.seed) = (seed_commitment(&SEED, &query), Some(SEED));
    malformed(one(&seeded, &subject), "seed");
    let mut revealed = own[1].clone();
    revealed.seed = Some(SEED);
    assert_eq!(mismatch(one(&revealed, &subject)), BindingFault::Reveal("seed"));
    let mut none = own[2].clone();
    none.seed = None;
    assert!(matches!(one(&none, &subject), Verdict::Undecided(Undecided::Seed)));
    let mut unknown = own[0].clone();
    unknown.fields.output = Output::Hashed(output_digest(b"x"));
    assert_eq!(mismatch(one(&unknown, &subject)), BindingFault::Reveal("output"));
}

fn malformed(verdict: Verdict<Stage>, field: &str) {
    let rejected = refused(verdict);
    let Rejected::Refused(Refusal::Malformed(place, Malformed::Contradicts(_))) = rejected else {
        panic!("{rejected}")
    };
    assert_eq!(place.field, field);
}

#[test]
fn attack_30_shapes_that_a_stage_does_not_have() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let proofs = honest(&subject);
    let with = |i: usize, change: &dyn Fn(&mut Proof)| {
        let mut proof = proofs[i].clone();
        change(&mut proof);
        proof.opened = Some(Vec::new());
        one(&proof, &subject)
    };
    let shape = |dims: &[u32]| Shape::new(dims).unwrap();
    let trace = proofs[1].fields.trace_shape;
    malformed(with(0, &|p| p.fields.input_shape = shape(&[6, 8])), "input shape");
    malformed(with(0, &|p| p.fields.output_shape = shape(&[4])), "output shape");
    malformed(with(1, &|p| p.fields.input_shape = shape(&[7, 8])), "input shape");
    malformed(with(1, &|p| p.fields.input_shape = shape(&[8, 6])), "input shape");
    malformed(with(1, &|p| p.fields.output_shape = shape(&[48])), "output shape");
    malformed(with(1, &|p| p.fields.trace_shape = TraceShape { layers: 1, ..trace }), "trace shape");
    malformed(with(1, &|p| p.fields.trace_shape = TraceShape { blocks: 1 << 20, ..trace }), "trace shape");
    malformed(with(2, &|p| p.fields.output_shape = shape(&[6, 8])), "output shape");
    assert_eq!(
        mismatch(with(1, &|p| p.fields.layers = Layers { start: 2, end: u16::MAX })),
        BindingFault::Layers(2, 3)
    );
    let long = proofs[1].clone().change(0, 1, Op::AfterLayer, |cell| cell.push(0));
    assert_eq!(
        refused(one(&long, &subject)).to_string(),
        "Wrong size: AfterLayer of layer 1, token 0 has 73 bytes, and must have 72."
    );
}

#[test]
fn attack_49_every_flipped_bit_of_a_stage_is_found_where_it_is() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let secret = Secret::new(&subject, [3; 32]);
    let split = split(&subject);
    let mut random = numbers::Random(91);
    for honest in honest(&subject) {
        let mut found = 0;
        for leaf in 0..honest.cells.len() as u64 {
            let Some((block, place)) = honest.layout.place(leaf) else { continue };
            let bit = random.below(honest.cells[leaf as usize].len() * 8);
            let proof = honest.clone().change(block, place.layer, place.op, |cell| cell[bit / 8] ^= 1 << (bit % 8));
            let challenge = Challenge::Secret(&secret, 0);
            let why = refused(by(&proof, &subject, &split, challenge, Fresh::default(), Terms::default()));
            if honest.layout.input_row() == Some(place.layer) {
                // It is another input than the one that is named.
                assert!(
                    matches!(why, Rejected::Refused(Refusal::Binding(_, BindingFault::Other("input", _)))),
                    "{why}"
                );
            } else {
                let (layer, _, _, product) = wrong(why);
                assert_eq!((layer, product), (place.layer, place.op.is_product()));
            }
            found += 1;
        }
        let rows = honest.fields.layers;
        let all = all_rows(subject.model().spec()).end;
        let others = if rows.start == 0 { 1 } else { 1 + usize::from(rows.end == all) * 3 };
        assert_eq!(found, COUNT * (19 + others));
    }
}

#[test]
fn attack_8_a_split_whose_head_is_revoked_or_whose_registry_is_old() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let proof = honest(&subject).remove(0);
    let with = |change: &dyn Fn(&mut Registered)| {
        let mut own = registered();
        change(&mut own);
        let split = Split::new(&subject, parts(&subject), own).unwrap();
        by(&proof, &subject, &split, BOTH, Fresh::default(), Terms::default())
    };
    ok(with(&|_| ()));
    let fault = |change: &dyn Fn(&mut Registered)| match with(change) {
        Verdict::Undecided(Undecided::Split(fault)) => fault,
        other => panic!("{other}"),
    };
    assert_eq!(fault(&|r| r.head.revoked_at = Some(world::LOGGED)), SignatureFault::Revoked);
    assert_eq!(fault(&|r| r.head.not_before = world::LOGGED + 1), SignatureFault::NotYetValid);
    assert_eq!(fault(&|r| r.head.not_after = world::LOGGED - 1), SignatureFault::Expired);
    // It was valid when the certificate was logged.
    ok(with(&|r| r.head.revoked_at = Some(world::LOGGED + 1)));
    // Judged 40 seconds after the log: at most 600 are allowed.
    ok(with(&|r| r.time = world::LOGGED + 40 - 600));
    let old = with(&|r| r.time = world::LOGGED + 40 - 601);
    assert!(matches!(old, Verdict::Undecided(Undecided::SplitTooOld(601, 600))), "{old}");
}

#[test]
fn attack_46_what_nobody_of_the_split_has_signed_spoils_no_chain() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let (proofs, split) = (honest(&subject), split(&subject));
    let judged = |p: &Proof, fresh: Fresh<'_>| given(p, by(p, &subject, &split, BOTH, fresh, Terms::default()));
    let mut all: Vec<Given> = proofs.iter().map(|p| judged(p, Fresh::default())).collect();
    // Signed by the key of another worker, or by a worker that the split does not have; given twice.
    let mut forged = proofs[1].clone();
    forged.by = 1;
    let forged = judged(&forged, Fresh::default());
    assert!(matches!(refused(forged.2.clone()), Rejected::Refused(Refusal::Signature(..))));
    let mut outside = proofs[1].clone();
    (outside.fields.worker, outside.by) = (world::id(5), 5);
    let outside_of = judged(&outside, Fresh::default());
    assert_eq!(mismatch(outside_of.2.clone()), BindingFault::NotAssigned);
    let seen = Used(proofs[1].clone());
    let again = judged(&proofs[1], Fresh { seen: Some(&seen), ..Fresh::default() });
    assert!(matches!(refused(again.2.clone()), Rejected::Refused(Refusal::Freshness(_))));
    for more in [forged, outside_of, again] {
        all.insert(1, more.clone());
        accepts(chain_of(&all, &split, None));
        all.remove(1);
        // In the place of a part that is missing it is the reason.
        let (n, _) = in_stage(chain_of(&[all[0].clone(), more, all[2].clone()], &split, None));
        assert_eq!(n, 2);
    }
    // Nor does a stranger whose certificate cannot be judged, or lies otherwise.
    outside.fields.lane = Lane::Tolerance;
    outside.fields.execution = world::fields().execution;
    let undecided = judged(&outside, Fresh::default());
    assert!(matches!(undecided.2, Verdict::Undecided(Undecided::Lane(_))));
    all.insert(1, undecided);
    accepts(chain_of(&all, &split, None));
    all.remove(1);
    // A worker of the split who signs something malformed is named.
    let mut own = proofs[1].clone();
    own.fields.seed = world::d(9);
    all.insert(2, judged(&own, Fresh::default()));
    let (n, why) = in_stage(chain_of(&all, &split, None));
    assert!(n == 2 && matches!(why, Rejected::Refused(Refusal::Malformed(..))), "{why}");
    all.remove(2);
    // Two certificates of one worker for one slot are evidence against it, and the answer falls with it.
    let mut second = proofs[1].clone();
    second.fields.previous = world::d(1);
    all.insert(2, judged(&second, Fresh { seen: Some(&seen), ..Fresh::default() }));
    let (n, why) = in_stage(chain_of(&all, &split, None));
    assert!(n == 2 && matches!(why, Rejected::Refused(Refusal::Equivocation(Equivocation::Slot(..)))), "{why}");
}

#[test]
fn attack_46_a_spoilt_copy_of_an_honest_envelope_spoils_no_chain() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let (proofs, split) = (honest(&subject), split(&subject));
    let honest: Vec<Given> = proofs.iter().map(|p| given(p, one(p, &subject))).collect();
    let terms = Terms { deadline: Some(world::HEAD), ..Terms::default() };
    for (i, proof) in proofs.iter().enumerate() {
        let judged = |p: &Proof, terms| given(p, by(p, &subject, &split, BOTH, Fresh::default(), terms));
        // The openings are cut off, before and after the deadline; or a byte of one is flipped.
        let cut = Proof { opened: Some(Vec::new()), ..proof.clone() };
        let undecided = judged(&cut, Terms::default());
        assert!(matches!(undecided.2, Verdict::Undecided(Undecided::Unopened(_))), "{}", undecided.2);
        let withheld = judged(&cut, terms);
        assert!(matches!(refused(withheld.2.clone()), Rejected::Wrong(f) if f.found == Found::Withheld));
        let (mut bytes, opened) = (proof.bytes(), proof.cells.iter().max_by_key(|cell| cell.len()).unwrap());
        let at = bytes.windows(opened.len()).rposition(|w| w == opened.as_slice()).unwrap();
        bytes[at] ^= 1;
        let flipped = given(proof, of_bytes(&bytes, &subject, &split, BOTH, Fresh::default(), Terms::default()));
        let root = refused(flipped.2.clone());
        assert!(matches!(root, Rejected::Refused(Refusal::Binding(_, BindingFault::Root))), "{root}");
        for copy in [undecided, withheld, flipped] {
            for at in [i, i + 1] {
                let mut all = honest.clone();
                all.insert(at, copy.clone());
                accepts(chain_of(&all, &split, None));
            }
            // Alone it decides as much as before, and with another certificate of the worker as well.
            let mut alone = honest.clone();
            alone[i] = copy.clone();
            let said = chain_of(&alone, &split, None);
            assert!(!matches!(said, Verdict::Accepted(_)), "{said}");
            let mut other = honest.clone();
            other.insert(i, (copy.0, copy.1, copy.2, world::d(1)));
            let said = chain_of(&other, &split, None);
            assert!(!matches!(said, Verdict::Accepted(_)), "{said}");
        }
    }
}

/// The slot of a certificate was used by it.
struct Used(Proof);

impl Seen for Used {
    fn slot(&self, worker: &KeyId, slot: &bfv_cert::certificate::Slot) -> Option<Digest> {
        let f = &self.0.fields;
        let body = bfv_cert::certificate::Body::new(f).unwrap();
        (f.worker == *worker && f.slot == *slot).then(|| body.digest())
    }
}

#[test]
fn stages_of_two_questions_or_two_models_are_no_chain() {
    let subject = subject_of_three::<i8>(Bits::Eight);
    let mut proofs = honest(&subject);
    proofs[1].fields.query = world::d(9);
    assert_eq!(mismatch(chain(&proofs, &subject)), BindingFault::Chain("question", 1));
    // Fewer tokens than were asked for.
    let terms = Terms { answer: Some(5), ..Terms::default() };
    let short = by(&proofs[0], &subject, &split(&subject), BOTH, Fresh::default(), terms);
    assert_eq!(mismatch(short), BindingFault::Count(5, 4));
    // A greedy model is another specification.
    let mut greedy = subject.model().spec().draft().clone();
    greedy.sampler = Sampler::Greedy;
    let other =
        Subject::new(Model::new(Spec::new(greedy).unwrap(), subject.model().weights().clone()).unwrap()).unwrap();
    let policy = policy(&subject);
    let case = Case {
        policy: &policy,
        expected: Expected::default(),
        prompt: &PROMPT,
        challenge: BOTH,
        terms: Terms::default(),
    };
    let verdict = judge_stage(&honest(&subject)[0].bytes(), &case, &other, &split(&other));
    assert!(matches!(verdict, Verdict::Undecided(Undecided::OtherModel)));
    let weak = by(
        &honest(&subject)[0],
        &subject,
        &split(&subject),
        Challenge::FiatShamir { repetitions: 1, tries: 60 },
        Fresh::default(),
        Terms::default(),
    );
    assert!(matches!(weak, Verdict::Undecided(Undecided::Weak(0, 59))));
}
