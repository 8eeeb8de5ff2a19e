//! Limits of the evaluator: steps, names, and what is set from outside.
#![allow(clippy::unwrap_used)]

use super::*;
use crate::Signature;

/// Names would be used again: nothing is judged any more.
#[test]
fn when_names_run_out_every_step_is_refused() {
    let signature = Signature::new();
    let m = Machine::new(&signature, Limits::default());
    m.names.set(Name::MAX);
    assert!(m.enter().is_ok());
    m.fresh_dim();
    assert_eq!(m.enter().err().unwrap().reason, BUDGET);
    assert_eq!(m.within(1, || m.spend(1)).unwrap_err().reason, BUDGET, "a question of its own ends as well");
}

/// What is interrupted is neither accepted nor refused for a reason of its own, however small; and it may be asked for again.
#[test]
fn an_interrupted_judgement_is_refused_as_such() {
    let set = Interrupt::default();
    let mut signature = Signature::new();
    signature.heed(Some(set.clone()));
    let (ty, proof) = (Rc::new(Node::Prim(Prim::Unit)), Rc::new(Node::Prim(Prim::Star)));
    let theorem = |name: &str| bfv_format::Decl::Theorem { name: name.into(), ty: ty.clone(), proof: proof.clone() };
    let owed = signature.add_owing(theorem("owed"), Limits::default()).unwrap();
    let m = Machine::new(&signature, Limits::default());
    m.spend(1).unwrap();
    set.store(true, Ordering::Relaxed);
    assert_eq!(signature.prove(&ty, &proof, Limits::default()).err().unwrap().reason, INTERRUPTED);
    assert_eq!(signature.settle(owed).unwrap_err().reason, INTERRUPTED);
    assert_eq!(signature.clone().add(theorem("added"), Limits::default()).unwrap_err().reason, INTERRUPTED);
    // What is at work hears of it within so many steps, also within a question of its own.
    let first = (1..).find(|_| m.spend(1).is_err());
    assert!(first.is_some_and(|n| n <= UNWATCHED + 1), "{first:?}");
    assert_eq!(m.within(100_000, || m.spend(UNWATCHED + 1)).unwrap_err().reason, INTERRUPTED);
    set.store(false, Ordering::Relaxed);
    assert!(m.spend(1).is_ok() && signature.settle(owed).is_ok());
    assert!(signature.prove(&ty, &proof, Limits::default()).is_ok());
    // A wrong proof stays one.
    assert_ne!(signature.prove(&ty, &ty, Limits::default()).err().unwrap().reason, INTERRUPTED);
}

/// A question within few steps leaves the limits as they were.
#[test]
fn a_question_within_few_steps_does_not_end_the_judgement() {
    let signature = Signature::new();
    let m = Machine::new(&signature, Limits { steps: 100, ..Limits::default() });
    assert_eq!(m.within(10, || m.spend(11)).unwrap(), None);
    assert_eq!(m.within(10, || m.spend(5)).unwrap(), Some(()));
    assert!(m.spend(80).is_ok());
    assert_eq!(m.within(1_000, || m.spend(11)).unwrap_err().reason, BUDGET);
}
