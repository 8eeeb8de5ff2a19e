//! The straight line with the real kernel, and a front end and engines that say what the test wants.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_diag::Sources;
use bfv_driver::{
    Attempt, Candidate, CheckOptions, Code, Context, Elaborated, Frontend, GateReport, Goal, Input, Kind, NoSearch,
    Place, Policy, Problem, ProofSource, Reason, Report, Search, Store, StoreMode, StoredFailure, Verdict,
    ViolationKind, check, exit_code, gate_sources, judge_stored,
};
use bfv_format::{Decl, Dim, Node, Outcome, Prim, Stored, Term, read, reseal, write_over};
use bfv_kernel::{Limits, Signature};
use std::path::PathBuf;

fn t(n: Node) -> Term {
    Term::new(n)
}
fn prim(p: Prim) -> Term {
    t(Node::Prim(p))
}
fn nat(n: u32) -> Term {
    t(Node::NatLit(n.into()))
}
fn constant(id: u32) -> Term {
    t(Node::Const { id, shift: 0 })
}
/// `1 + 1 = 2`
fn sum() -> Term {
    let plus = t(Node::App(t(Node::App(prim(Prim::NatAdd), nat(1))), nat(1)));
    t(Node::Path(prim(Prim::Nat), plus, nat(2)))
}
fn sum_proof() -> Candidate {
    candidate(Outcome::Proved, t(Node::DLam(nat(2))))
}
/// `true = false`
fn absurd() -> Term {
    t(Node::Path(prim(Prim::Bool), prim(Prim::True), prim(Prim::False)))
}
/// `fun p => coe 0 1 (i. if p i then Unit else Empty) star`
fn absurd_refutation() -> Candidate {
    let at = t(Node::PApp(t(Node::Var(0)), prim(Prim::True), prim(Prim::False), Dim::Var(0)));
    let line = t(Node::BoolElim(t(Node::Univ(0)), prim(Prim::Unit), prim(Prim::Empty), at));
    candidate(Outcome::Refuted, t(Node::Lam(t(Node::Coe(Dim::Zero, Dim::One, line, prim(Prim::Star))))))
}
fn candidate(outcome: Outcome, evidence: Term) -> Candidate {
    Candidate { outcome, evidence, witness: vec![("n".into(), "3".into())], engine: "test".into() }
}

fn goal(name: &str, statement: Term, expected: Kind, given: Option<Candidate>) -> Goal {
    Goal {
        number: 0,
        module: "m".into(),
        name: name.into(),
        doc: None,
        place: Place { file: "m.sctt".into(), start: (1, 1), end: (1, 2), bytes: 0..1 },
        statement,
        written: String::new(),
        source: String::new(),
        variables: Vec::new(),
        expected,
        given,
        recalled: None,
        in_vain: false,
        holds_if: vec![],
        vacuous: false,
    }
}

struct Fake {
    decls: Vec<Decl>,
    goals: Vec<Goal>,
}

impl Frontend for Fake {
    fn elaborate(&mut self, _: &mut Sources, _: &[Input]) -> Result<Elaborated, Vec<Problem>> {
        let signature = signature(&self.decls);
        let (goals, positions, modules) = (self.goals.clone(), Default::default(), Default::default());
        Ok(Elaborated { signature, goals, problems: vec![], positions, modules })
    }
}

fn signature(decls: &[Decl]) -> Signature {
    let mut s = Signature::new();
    for d in decls {
        s.add(d.clone(), Limits::default()).unwrap();
    }
    s
}

/// An engine that always proposes the same.
struct Proposes(Candidate);

impl Search for Proposes {
    fn search(&mut self, _: &Signature, _: &Term, _: &[String], _: u64) -> (Attempt, u64) {
        (Attempt::Candidate(self.0.clone()), 7)
    }
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bfv-check-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("m.sctt"), "x").unwrap();
        Folder(dir)
    }
    fn proof(&self, name: &str) -> PathBuf {
        self.0.join(format!("proofs/m/{name}.bfvp"))
    }
    fn paths(&self) -> Vec<PathBuf> {
        vec![self.0.join("m.sctt")]
    }
    fn check(&self, goals: &[Goal], search: &mut dyn Search, mode: StoreMode) -> Report {
        self.check_over(&[], goals, search, mode)
    }
    fn check_over(&self, decls: &[Decl], goals: &[Goal], search: &mut dyn Search, mode: StoreMode) -> Report {
        let store = Some(Store::new(&self.0, mode));
        let options = CheckOptions { paths: self.paths(), goal: None, steps: 1_000_000, store, repair: false };
        let mut frontend = Fake { decls: decls.to_vec(), goals: goals.to_vec() };
        check(&options, &mut frontend, search, &mut |_| {}).0
    }
    fn gate(&self, decls: &[Decl], goals: &[Goal]) -> GateReport {
        let mut frontend = Fake { decls: decls.to_vec(), goals: goals.to_vec() };
        let store = Store::new(&self.0, StoreMode { locked: true, fresh: false });
        gate_sources(&self.paths(), true, &Policy::default(), &store, &mut frontend)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const WRITES: StoreMode = StoreMode { fresh: false, locked: false };

fn verdict(r: &Report) -> Verdict {
    assert_eq!(r.problems, []);
    r.goals[0].verdict
}

fn source(r: &Report) -> ProofSource {
    r.goals[0].proof.as_ref().unwrap().source
}

#[test]
fn a_proof_is_searched_once_and_then_read() {
    let dir = Folder::new("stored");
    let goals = [goal("sum", sum(), Kind::Proved, None)];
    let first = dir.check(&goals, &mut Proposes(sum_proof()), WRITES);
    assert_eq!((verdict(&first), source(&first)), (Verdict::Proved, ProofSource::Searched));
    assert_eq!(first.goals[0].cost.search_steps, 7);
    assert!(dir.proof("sum").exists());
    let second = dir.check(&goals, &mut NoSearch, WRITES);
    assert_eq!((verdict(&second), source(&second)), (Verdict::Proved, ProofSource::Stored));
    assert_eq!(first.goals[0].hash, second.goals[0].hash);
    assert_eq!(dir.gate(&[], &goals).violations, []);
    let fresh = dir.check(&goals, &mut NoSearch, StoreMode { fresh: true, locked: false });
    assert_eq!(verdict(&fresh), Verdict::Unknown(Reason::Incomplete));
}

#[test]
fn locked_stores_nothing() {
    let dir = Folder::new("locked");
    let goals = [goal("sum", sum(), Kind::Proved, None)];
    let r = dir.check(&goals, &mut Proposes(sum_proof()), StoreMode { fresh: false, locked: true });
    assert_eq!(verdict(&r), Verdict::Proved);
    assert!(!dir.0.join("proofs").exists());
}

#[test]
fn a_refutation_is_a_proof_of_the_negation_with_its_point() {
    let dir = Folder::new("refuted");
    let goals = [goal("absurd", absurd(), Kind::Refuted, Some(absurd_refutation()))];
    let r = dir.check(&goals, &mut NoSearch, WRITES);
    assert_eq!(verdict(&r), Verdict::Refuted);
    assert_eq!(r.goals[0].counterexample, [("n".to_owned(), "3".to_owned())]);
    assert_eq!(
        bfv_driver::goal_message(&r.goals[0], bfv_driver::Math::Words),
        "Refuted, as expected: absurd, line 1. Counterexample: n is 3."
    );
    assert_eq!(exit_code(&r.events()), 0);
    assert_eq!(dir.gate(&[], &goals).violations, []);
}

#[test]
fn a_wrong_proposal_is_unknown_and_never_a_verdict() {
    let dir = Folder::new("wrong");
    let wrong = candidate(Outcome::Proved, t(Node::DLam(nat(3))));
    let goals = [goal("sum", sum(), Kind::Proved, None)];
    let r = dir.check(&goals, &mut Proposes(wrong.clone()), WRITES);
    assert_eq!(verdict(&r), Verdict::Unknown(Reason::RejectedCandidate));
    assert!(!dir.0.join("proofs").exists());
    let false_refutation = candidate(Outcome::Refuted, absurd_refutation().evidence);
    let r = dir.check(&goals, &mut Proposes(false_refutation), WRITES);
    assert_eq!(verdict(&r), Verdict::Unknown(Reason::RejectedCandidate));
    // A stored proof does not hide that the proof in the source is wrong.
    dir.check(&goals, &mut Proposes(sum_proof()), WRITES);
    let r = dir.check(&[goal("sum", sum(), Kind::Proved, Some(wrong))], &mut NoSearch, WRITES);
    assert_eq!(verdict(&r), Verdict::Unknown(Reason::RejectedCandidate));
    assert_eq!(exit_code(&r.events()), 4);
}

/// With a false axiom a claim and its negation can both be proved; that must stop everything.
#[test]
fn a_claim_and_its_negation_stop_with_70() {
    let dir = Folder::new("contradiction");
    let decls = [Decl::Axiom { name: "false".into(), bundle: "false".into(), ty: prim(Prim::Empty) }];
    let from_false = t(Node::EmptyElim(absurd(), constant(0)));
    let goals = [goal("absurd", absurd(), Kind::Proved, None)];
    dir.check_over(&decls, &goals, &mut Proposes(candidate(Outcome::Proved, from_false)), WRITES);
    let goals = [goal("absurd", absurd(), Kind::Proved, Some(absurd_refutation()))];
    let r = dir.check_over(&decls, &goals, &mut NoSearch, WRITES);
    assert_eq!(r.goals, []);
    assert_eq!(r.problems[0].code, Code::Contradiction);
    assert_eq!(exit_code(&r.events()), 70);
}

#[test]
fn the_gate_names_the_axioms_of_a_stored_proof() {
    let dir = Folder::new("axioms");
    let decls = [Decl::Axiom { name: "false".into(), bundle: "false".into(), ty: prim(Prim::Empty) }];
    let from_false = t(Node::EmptyElim(absurd(), constant(0)));
    let goals = [goal("absurd", absurd(), Kind::Proved, None)];
    let r = dir.check_over(&decls, &goals, &mut Proposes(candidate(Outcome::Proved, from_false)), WRITES);
    assert_eq!(r.goals[0].axioms, ["false"]);
    let kinds: Vec<ViolationKind> = dir.gate(&decls, &goals).violations.iter().map(|v| v.kind).collect();
    assert_eq!(kinds, [ViolationKind::AxiomNotAllowed]);
}

#[test]
fn a_changed_claim_makes_its_proof_stale() {
    let dir = Folder::new("stale");
    dir.check(&[goal("sum", sum(), Kind::Proved, None)], &mut Proposes(sum_proof()), WRITES);
    let changed = [goal("sum", t(Node::Path(prim(Prim::Nat), nat(2), nat(2))), Kind::Proved, None)];
    let r = dir.check(&changed, &mut NoSearch, WRITES);
    assert_eq!(verdict(&r), Verdict::Unknown(Reason::Incomplete));
    let report = dir.gate(&[], &changed);
    assert_eq!(report.violations[0].kind, ViolationKind::Stale);
    assert_eq!(exit_code(&report.events()), 5);
}

#[test]
fn a_stored_proof_of_another_claim_does_not_count() {
    let dir = Folder::new("other");
    dir.check(&[goal("sum", sum(), Kind::Proved, None)], &mut Proposes(sum_proof()), WRITES);
    std::fs::copy(dir.proof("sum"), dir.0.join("copy")).unwrap();
    std::fs::rename(dir.0.join("copy"), dir.proof("absurd")).unwrap();
    let goals = [goal("absurd", absurd(), Kind::Proved, None)];
    assert_eq!(verdict(&dir.check(&goals, &mut NoSearch, WRITES)), Verdict::Unknown(Reason::Incomplete));
    assert_eq!(dir.gate(&[], &goals).violations[0].kind, ViolationKind::Stale);
}

fn stored(decls: Vec<Decl>, statement: Term, evidence: Term) -> Stored {
    Stored {
        decls,
        claim: "m.c".into(),
        statement,
        verdict: Outcome::Proved,
        evidence,
        witness: vec![],
        engine: "test".into(),
    }
}

fn judged(decls: &[Decl], statement: &Term, s: &Stored) -> Result<Kind, StoredFailure> {
    let signature = signature(decls);
    let context = Context::new(&signature).unwrap();
    judge_stored(&signature, &context, statement, s, Limits::default()).map(|j| j.kind)
}

#[test]
fn a_stored_proof_brings_no_axiom_whatever_its_name() {
    let axiom = |bundle: &str| Decl::Axiom { name: "inv".into(), bundle: bundle.into(), ty: prim(Prim::Empty) };
    let s = stored(vec![axiom("real")], absurd(), t(Node::EmptyElim(absurd(), constant(0))));
    let Err(StoredFailure::Rejected(why)) = judged(&[], &absurd(), &s) else { panic!("accepted") };
    assert_eq!(why, "it brings the axiom inv, which the source does not have");
    let Err(StoredFailure::Rejected(_)) = judged(&[axiom("exp")], &absurd(), &s) else { panic!("accepted") };
    assert_eq!(judged(&[axiom("real")], &absurd(), &s), Ok(Kind::Proved), "the source has it");
}

#[test]
fn a_stored_proof_may_bring_lemmas_which_are_checked() {
    let lemma = |proof: u32| Decl::Theorem { name: "l".into(), ty: sum(), proof: t(Node::DLam(nat(proof))) };
    let good = stored(vec![lemma(2)], sum(), constant(0));
    assert_eq!(judged(&[], &sum(), &good), Ok(Kind::Proved));
    let bad = stored(vec![lemma(3)], sum(), constant(0));
    assert!(matches!(judged(&[], &sum(), &bad), Err(StoredFailure::Rejected(_))));
    // The same lemma in the source, at another place, is the one that is used.
    let decls = [Decl::Def { name: "d".into(), ty: prim(Prim::Nat), body: nat(1) }, lemma(2)];
    assert_eq!(judged(&decls, &sum(), &bad), Ok(Kind::Proved));
}

#[test]
fn no_mutant_of_a_stored_proof_is_accepted_as_anything_else() {
    let decls = [Decl::Def { name: "one".into(), ty: prim(Prim::Nat), body: nat(1) }];
    let statement = {
        let plus = t(Node::App(t(Node::App(prim(Prim::NatAdd), constant(0))), nat(1)));
        t(Node::Path(prim(Prim::Nat), plus, nat(2)))
    };
    let bytes = write_over(&decls, &stored(Vec::new(), statement.clone(), t(Node::DLam(nat(2))))).unwrap();
    assert_eq!(judged(&decls, &statement, &read(&bytes).unwrap()), Ok(Kind::Proved));
    let (mut refused, mut harmless) = (0, 0);
    for i in 0..bytes.len() - 32 {
        for change in [1_u8, 2, 4, 0x10, 0x80, 0xff] {
            let mut b = bytes.clone();
            b[i] ^= change;
            assert!(read(&b).is_err(), "the seal is broken");
            match read(&reseal(&b)) {
                Err(_) => refused += 1,
                Ok(s) => match judged(&decls, &statement, &s) {
                    // Names of claim, declarations and engine may differ; the verdict may not.
                    Ok(kind) => {
                        assert_eq!(kind, Kind::Proved, "byte {i}");
                        harmless += 1;
                    }
                    Err(_) => refused += 1,
                },
            }
        }
    }
    assert!(refused > harmless && harmless > 0, "{refused} refused, {harmless} harmless");
}

#[test]
fn one_goal_can_be_asked_for_and_an_unknown_one_is_a_mistake_of_usage() {
    let dir = Folder::new("one");
    let goals = [goal("sum", sum(), Kind::Proved, Some(sum_proof())), goal("other", absurd(), Kind::Proved, None)];
    let run = |name: &str| {
        let options =
            CheckOptions { paths: dir.paths(), goal: Some(name.into()), steps: 1_000_000, store: None, repair: false };
        let mut frontend = Fake { decls: vec![], goals: goals.to_vec() };
        let mut milestones = 0;
        let (report, names, _) = check(&options, &mut frontend, &mut NoSearch, &mut |p| {
            assert_eq!(p.all, 1);
            milestones += 1;
        });
        (report, names.len(), milestones)
    };
    for name in ["sum", "m.sum"] {
        let (report, names, milestones) = run(name);
        assert_eq!((report.goals.len(), names, milestones), (1, 2, 1));
        assert_eq!(exit_code(&report.events()), 0);
    }
    let (report, names, _) = run("smu");
    assert_eq!((report.goals.len(), names), (0, 2));
    assert_eq!(exit_code(&report.events()), 2);
}

#[test]
fn files_that_cannot_be_read_stop_with_74_and_a_sentence() {
    let options =
        CheckOptions { paths: vec!["/nowhere/a.sctt".into()], goal: None, steps: 1, store: None, repair: false };
    let mut frontend = Fake { decls: vec![], goals: vec![] };
    let (report, _, _) = check(&options, &mut frontend, &mut NoSearch, &mut |_| {});
    assert_eq!(exit_code(&report.events()), 74);
    assert_eq!(report.problems[0].what, "The file /nowhere/a.sctt cannot be read: there is no such file.");
}

#[test]
fn folders_are_searched_in_the_order_of_names() {
    let dir = Folder::new("folders");
    for f in ["b/z.sctt", "b/a.sctt", "a.sctt", ".hidden/x.sctt", "b/notes.txt"] {
        let p = dir.0.join(f);
        std::fs::create_dir_all(p.parent().unwrap()).unwrap();
        std::fs::write(p, f).unwrap();
    }
    let mut sources = Sources::new();
    let (inputs, problems) = bfv_driver::load(std::slice::from_ref(&dir.0), &mut sources);
    assert_eq!(problems, []);
    let texts: Vec<String> = inputs.iter().map(|i| String::from_utf8(i.bytes.clone()).unwrap()).collect();
    assert_eq!(texts, ["a.sctt", "b/a.sctt", "b/z.sctt", "x"]);
}
