//! Stored proofs under both checkers: every proof of the project is accepted by both, and so is no mutant by one alone.
//!
//! A mutant is changed and then sealed again, so that only the checkers can refuse it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_format::{Decl, Node, Outcome, Relation, Rule, Stored, Term};
use bfv_kernel::{Limits, Signature};
use std::path::PathBuf;
use std::rc::Rc;

fn stored_proofs() -> Vec<(String, Vec<u8>)> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("proofs");
    let mut out = Vec::new();
    for module in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(module.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            out.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
    out.sort();
    out
}

/// The kernel's verdict on a stored proof from its bytes alone: the reason of a refusal.
fn kernel(stored: &Stored) -> Result<(), String> {
    let mut s = Signature::new();
    for d in &stored.decls {
        s.add(d.clone(), Limits::default()).map_err(|r| r.reason.to_owned())?;
    }
    match stored.verdict {
        Outcome::Proved => s.prove(&stored.statement, &stored.evidence, Limits::default()).map(|_| ()),
        Outcome::Refuted => s.refute(&stored.statement, &stored.evidence, Limits::default()).map(|_| ()),
    }
    .map_err(|r| r.reason.to_owned())
}

fn second(bytes: &[u8]) -> Result<bfv_recheck::Report, String> {
    bfv_recheck::recheck(bytes, bfv_recheck::Limits::default()).map_err(|r| r.reason.to_owned())
}

#[test]
fn every_stored_proof_is_accepted_by_both() {
    let all = stored_proofs();
    assert!(all.len() >= 70, "{} proofs", all.len());
    for (name, bytes) in all {
        let stored = bfv_format::read(&bytes).unwrap();
        assert_eq!(kernel(&stored), Ok(()), "{name}");
        let report = second(&bytes).unwrap_or_else(|r| panic!("{name}: {r}"));
        assert_eq!(report.claim, stored.claim, "{name}");
    }
}

#[test]
fn an_unsealed_change_is_refused_by_the_reader() {
    let (_, bytes) = stored_proofs().into_iter().find(|(n, _)| n.ends_with("hull_without_simplex.bfvp")).unwrap();
    for n in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[n] ^= 1;
        assert!(bfv_format::read(&changed).is_err(), "byte {n}");
    }
}

#[test]
fn sealed_byte_mutants_get_one_answer() {
    let (mut unreadable, mut refused, mut accepted) = (0, 0, 0);
    // A soak takes more files, the shortest first, and every bit.
    let more = std::env::var("BFV_MUTANTS").map_or(0, |n| n.parse().unwrap());
    let flips: &[u8] = if more > 0 { &[1, 2, 4, 8, 16, 32, 64, 128] } else { &[1, 4] };
    let mut files = stored_proofs();
    files.sort_by_key(|(name, bytes)| (bytes.len(), name.clone()));
    let usual = ["hull_without_simplex.bfvp", "r16.bfvp", "a11.bfvp"];
    let (chosen, rest): (Vec<_>, Vec<_>) = files.into_iter().partition(|(n, _)| usual.iter().any(|u| n.ends_with(u)));
    assert_eq!(chosen.len(), usual.len());
    for (wanted, bytes) in chosen.into_iter().chain(rest.into_iter().take(more)) {
        for n in 0..bytes.len() - 32 {
            for flip in flips {
                let mut changed = bytes.clone();
                changed[n] ^= flip;
                let changed = bfv_format::reseal(&changed);
                let Ok(stored) = bfv_format::read(&changed) else {
                    unreadable += 1;
                    continue;
                };
                match (kernel(&stored), second(&changed)) {
                    (Ok(()), Ok(report)) => {
                        accepted += 1;
                        let names: Vec<String> = stored.decls.iter().map(|d| d.name().to_owned()).collect();
                        assert_eq!(
                            report.statement,
                            bfv_recheck::show(&stored.statement, &names),
                            "{wanted}, byte {n}"
                        );
                    }
                    (Err(_), Err(_)) => refused += 1,
                    (k, r) => panic!("{wanted}, byte {n}: kernel {k:?}, recheck {:?}", r.map(|r| r.statement)),
                }
            }
        }
    }
    // Accepted are changes of names, which carry no meaning, and changes that leave a true statement with a proof that fits.
    println!("Figures: {unreadable} mutants unreadable, {refused} refused by both, {accepted} accepted by both.");
    assert!(refused > 200 && unreadable > 200, "{unreadable} {refused} {accepted}");
}

/// Rebuilds a term with the first rule in it changed; `None` when there is none or the change does not apply.
fn change_rule(t: &Term, f: &mut dyn FnMut(&mut Rule) -> bool) -> Option<Term> {
    let mut go = |t: &Term| change_rule(t, f);
    Some(Rc::new(match &**t {
        Node::Rule(r) => {
            let mut r = r.clone();
            if !f(&mut r) {
                return None;
            }
            Node::Rule(r)
        }
        Node::Lam(a) => Node::Lam(go(a)?),
        Node::App(a, b) => match go(a) {
            Some(a) => Node::App(a, b.clone()),
            None => Node::App(a.clone(), go(b)?),
        },
        Node::Pair(a, b) => match go(a) {
            Some(a) => Node::Pair(a, b.clone()),
            None => Node::Pair(a.clone(), go(b)?),
        },
        Node::Let(a, v, b) => match go(v) {
            Some(v) => Node::Let(a.clone(), v, b.clone()),
            None => Node::Let(a.clone(), v.clone(), go(b)?),
        },
        _ => return None,
    }))
}

fn mutate(what: &str, f: &mut dyn FnMut(&mut Rule) -> bool) -> usize {
    let mut made = 0;
    for (name, bytes) in stored_proofs() {
        let mut stored = bfv_format::read(&bytes).unwrap();
        let Some(evidence) = change_rule(&stored.evidence, f) else { continue };
        stored.evidence = evidence;
        let changed = bfv_format::write(&stored);
        assert!(kernel(&stored).is_err(), "{what}: the kernel accepts a mutant of {name}");
        assert!(second(&changed).is_err(), "{what}: recheck accepts a mutant of {name}");
        made += 1;
    }
    println!("Figures: {what}: {made} mutants, all refused by both.");
    made
}

#[test]
fn a_dropped_strictness_is_refused_by_both() {
    let made = mutate("a dropped strictness", &mut |r| match r {
        Rule::Psatz { hypotheses, .. } | Rule::Lia { hypotheses, .. } => {
            hypotheses.iter_mut().find(|h| h.relation == Relation::Lt).map(|h| h.relation = Relation::Le).is_some()
        }
        Rule::Ring { .. } => false,
    });
    assert!(made >= 5, "{made}");
}

#[test]
fn a_negated_multiplier_is_refused_by_both() {
    let made = mutate("a negated multiplier", &mut |r| match r {
        Rule::Psatz { products, .. } => {
            products.first_mut().map(|p| p.coefficient.num = -p.coefficient.num.clone()).is_some()
        }
        _ => false,
    });
    assert!(made >= 20, "{made}");
}

#[test]
fn the_opposite_verdict_is_refused_by_both() {
    for (name, bytes) in stored_proofs() {
        let mut stored = bfv_format::read(&bytes).unwrap();
        stored.verdict = if stored.verdict == Outcome::Proved { Outcome::Refuted } else { Outcome::Proved };
        let changed = bfv_format::write(&stored);
        assert!(kernel(&stored).is_err() && second(&changed).is_err(), "{name}");
    }
}

#[test]
fn a_theorem_without_its_proof_is_refused_by_both() {
    let (mut made, mut refused) = (0, 0);
    for (_, bytes) in stored_proofs() {
        let mut stored = bfv_format::read(&bytes).unwrap();
        let Some(Decl::Theorem { proof, .. }) = stored.decls.iter_mut().find(|d| matches!(d, Decl::Theorem { .. }))
        else {
            continue;
        };
        *proof = Rc::new(Node::Prim(bfv_format::Prim::Star));
        made += 1;
        // A declaration that nothing else needs any more makes the file unreadable; that is a refusal too.
        let both = kernel(&stored).is_err() && second(&bfv_format::write(&stored)).is_err();
        refused += usize::from(both);
    }
    assert!(made >= 10 && made == refused, "{made} {refused}");
}
