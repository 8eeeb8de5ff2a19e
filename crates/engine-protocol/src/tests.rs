//! Whole searches: numbers of states, compared with a count made in another way, shortest runs, and what the kernel says of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ranks;

use crate::explore::{End, choices, explore};
use crate::model::{About, CELLS, Program, is_protocol, open};
use crate::symmetry::Symmetry;
use crate::trace::Words;
use crate::{Explore, Invariants, LEGAL};
use bfv_elab::{Engines, Session};
use bfv_engine_native::{Arith, Auto, Boxes};
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

const LIBRARY: [&str; 8] = ["logic", "nat", "real", "fin", "vec", "sum", "fusion", "order"];

/// Runs a test with a large stack, over the library and the module of the tests, and claims.
fn with_claims(claims: &'static str, test: impl FnOnce(&Session, &[Term]) + Send + 'static) {
    with_claims_of("live", claims, test);
}

/// The same with the module of the library of this name in the place of `live`.
fn with_claims_of(last: &'static str, claims: &'static str, test: impl FnOnce(&Session, &[Term]) + Send + 'static) {
    let work = move || {
        let mut session = Session::new();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../sctt/");
        for name in LIBRARY.into_iter().chain(["count", "protocol", "finite", last]) {
            let bytes = std::fs::read(format!("{root}{name}.sctt")).unwrap();
            module(&mut session, &format!("std.{name}"), &bytes);
        }
        module(&mut session, "test.one_round", include_bytes!("one_round.sctt"));
        let source =
            format!("module test.claims\nimport std.protocol\nimport std.{last}\nimport test.one_round\n{claims}");
        let statements = module(&mut session, "test.claims", source.as_bytes());
        test(&session, &statements);
    };
    std::thread::Builder::new().stack_size(1 << 30).spawn(work).unwrap().join().unwrap();
}

fn module(session: &mut Session, name: &str, bytes: &[u8]) -> Vec<Term> {
    let (file, diagnostics) = bfv_syntax::parse(0, bytes);
    assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
    let engines = Engines { arith: &Arith, auto: &Auto, boxes: &Boxes, steps: 100_000, wish: None, memo: None };
    let out = session.module(name, &file, engines, &|_| String::new());
    assert!(out.problems.is_empty(), "{name}: {:?}", out.problems.iter().map(|p| &p.message).collect::<Vec<_>>());
    out.claims.into_iter().map(|c| c.statement).collect()
}

fn search(session: &Session, statement: &Term, steps: u64) -> (Outcome, u64) {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let goal = Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() };
    let mut budget = Budget::new(steps);
    let outcome = Explore.solve(&goal, &mut budget);
    (outcome, budget.used)
}

/// The run of a refutation that the kernel accepts: how many steps it has.
fn steps_of(session: &Session, statement: &Term) -> usize {
    let (outcome, _) = search(session, statement, 1_000_000);
    let Outcome::Refutation(t, values) = outcome else { panic!("{outcome:?}") };
    session.signature.refute(statement, &t, Limits::default()).unwrap_or_else(|r| panic!("{}: {}", r.reason, r.detail));
    let trace = session.names.library("std.protocol.Trace").map(|g| g.target);
    let mut steps = None;
    for mut t in values.into_iter().flatten() {
        let mut n = 0;
        while let bfv_format::Node::Con(d, c, _, fields, _) = &*t.clone() {
            if trace != Some(bfv_elab::Target::Data(d.id)) {
                break;
            }
            if *c == 0 {
                steps = Some(n);
                break;
            }
            (n, t) = (n + 1, fields[0].clone());
        }
    }
    steps.unwrap()
}

/// How many states an instance has, with and without symmetry, for each way to choose what is chosen once.
fn states(session: &Session, statement: &Term, numbers: &[u64], values: u64) -> Vec<(Vec<u8>, usize, usize)> {
    let machine = Machine::new(&session.signature, Limits::default());
    let target = machine.eval(&Ctx::default().env, statement);
    let legal = About::Legal(session.lemmas.iter().find(|l| l.has(LEGAL)).unwrap().id);
    assert!(is_protocol(&machine, &target, legal));
    let words = Words::new(&session.lemmas, legal);
    let p: Program = open(&machine, &target, legal, numbers, values, CELLS).unwrap().program(&words).unwrap().unwrap();
    let all = |chosen: &[u8], s: &Symmetry| match explore(&p, chosen, s, u64::MAX, &mut Budget::new(u64::MAX)) {
        Ok(End::All(n)) => n,
        end => panic!("{end:?}"),
    };
    let ways = choices(&p, 1_000);
    ways.into_iter()
        .map(|c| {
            let (plain, less) = (all(&c, &Symmetry::none(&p)), all(&c, &Symmetry::of(&p, &c)));
            (c, plain, less)
        })
        .collect()
}

const SAFE: &str = "
claim agreement {n f : Nat} (bound : 3 * f < n) (byz : Fin n -> Bool) (few : count byz <= f)
  (t : Trace (Action n)) (legal : Legal (init n) effect (guard f byz) t) : Agreement (run (init n) effect t)
";

/// The states of one-round voting, counted in another way: every set of votes, and where a value has a quorum, every set of deciders.
/// Also how many there are up to renaming of workers that are alike, and of values.
fn counted(n: usize, faulty: usize, quorum: usize) -> (usize, usize) {
    type State = (Vec<[bool; 2]>, Vec<[bool; 2]>);
    let mut all: Vec<State> = Vec::new();
    let bits =
        |x: usize| -> Vec<[bool; 2]> { (0..n).map(|w| [x >> (2 * w) & 1 == 1, x >> (2 * w + 1) & 1 == 1]).collect() };
    for votes in (0..1usize << (2 * n)).map(bits) {
        if votes.iter().skip(faulty).any(|v| v[0] && v[1]) {
            continue;
        }
        let enough = [0, 1].map(|v| votes.iter().filter(|w| w[v]).count() >= quorum);
        for decided in (0..1usize << (2 * n)).map(bits) {
            if decided.iter().all(|d| (0..2).all(|v| !d[v] || enough[v])) {
                all.push((votes.clone(), decided));
            }
        }
    }
    let sorted = |state: &State, swap: bool| {
        let of = |w: usize| {
            let side = |x: [bool; 2]| if swap { [x[1], x[0]] } else { x };
            (side(state.0[w]), side(state.1[w]))
        };
        let mut classes = [(0..faulty).map(of).collect::<Vec<_>>(), (faulty..n).map(of).collect()];
        classes.iter_mut().for_each(|c| c.sort());
        classes
    };
    let classes: BTreeSet<_> = all.iter().map(|s| sorted(s, false).min(sorted(s, true))).collect();
    (all.len(), classes.len())
}

#[test]
fn the_states_of_one_round_voting_are_all_met_and_those_alike_once() {
    with_claims(SAFE, |session, claims| {
        let found = states(session, &claims[0], &[4, 1], 2);
        let mut numbers = Vec::new();
        for (chosen, plain, less) in &found {
            let faulty = chosen.iter().filter(|b| **b == 1).count();
            assert_eq!((*plain, *less), counted(4, faulty, 3), "{faulty} Byzantine");
            numbers.push((faulty, *plain, *less));
        }
        // Pinned, so that a change of what is counted is seen.
        assert_eq!(numbers, PINNED);
    });
}

const PINNED: [(usize, usize, usize); 2] = [(0, 351, 27), (1, 588, 94)];

#[test]
fn a_quorum_that_is_too_small_is_refuted_by_a_shortest_run() {
    let claims = "
claim five (byz : Fin 5 -> Bool) (few : count byz <= 1) (t : Trace (Action 5))
  (legal : Legal (init 5) effect (guard_of 3 byz) t) : HonestAgreement byz (run (init 5) effect t)
claim six (byz : Fin 6 -> Bool) (none : count byz <= 0) (t : Trace (Action 6))
  (legal : Legal (init 6) effect (guard_of 3 byz) t) : HonestAgreement byz (run (init 6) effect t)
claim any {n f : Nat} (byz : Fin n -> Bool)
  (t : Trace (Action n)) (legal : Legal (init n) effect (guard f byz) t) : Agreement (run (init n) effect t)
";
    with_claims(claims, |session, claims| {
        let steps: Vec<usize> = claims.iter().map(|c| steps_of(session, c)).collect();
        // Three votes for each of two values, one worker voting twice where one may, and two decisions.
        assert_eq!(steps, [8, 8, 4]);
        let again: Vec<usize> = claims.iter().map(|c| steps_of(session, c)).collect();
        assert_eq!(steps, again);
    });
}

#[test]
fn nothing_is_found_where_nothing_is_wrong_and_the_bounds_are_told() {
    with_claims(SAFE, |session, claims| {
        let (outcome, used) = search(session, &claims[0], 20_000);
        let Outcome::GaveUp(reason, why) = outcome else { panic!("{outcome:?}") };
        assert_eq!(reason, Reason::Budget);
        assert!(used <= 20_000);
        assert!(why.starts_with("No run breaks the claim among the "), "{why}");
        assert!(why.ends_with("Nothing is known of larger ones."), "{why}");
    });
}

#[test]
fn what_is_no_protocol_or_cannot_be_read_is_named() {
    let claims = "
claim number (n : Nat) : n = n
claim itself {n : Nat} (t : Trace (Action n)) (legal : Legal (init n) effect (guard 0 (fun w => false)) t) : t = t
";
    with_claims(claims, |session, claims| {
        let why = |c: &Term| match search(session, c, 10_000).0 {
            Outcome::GaveUp(Reason::OutsideFragment, why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(why(&claims[0]), "");
        assert_eq!(why(&claims[1]), "An equation is about something else than numbers and elements of finite types.");
    });
}

/// A switch is pressed on and off again for ever. The light comes on only while the switch is on.
const SWITCH: &str = "
protocol switch
  relation lit : Fin 1 -> Bool
  function on : Bool := false
  command press do on := if on then false else true
  command light (w : Fin 1) when on do lit w := true
  decides lit
  live comes under fair press, light : exists w, lit w
  live pressed under fair press : on
  live safe_to_wait under fair light : exists w, lit w
end
protocol lamp
  relation lit : Fin 1 -> Bool
  command light (w : Fin 1) when not lit w do lit w := true
  decides lit
  live comes under fair light : exists w, lit w
end
";

/// The arguments of an application, the function first.
fn parts(t: &Term) -> Vec<Term> {
    match &**t {
        Node::App(f, x) => [parts(f), vec![x.clone()]].concat(),
        _ => vec![t.clone()],
    }
}

fn joined(all: &[Term]) -> Term {
    all.iter().cloned().reduce(|f, x| Rc::new(Node::App(f, x))).unwrap()
}

/// Evidence by a lasso, with its stem and its cycle changed everywhere.
fn forged(evidence: &Term, change: impl Fn(&mut Term, &mut Term)) -> Term {
    let Node::Lam(body) = &**evidence else { panic!("{evidence:?}") };
    let mut never = parts(body);
    let comes = never.pop().unwrap();
    let proof = never.pop().unwrap();
    let [.., stem, cycle] = never.as_mut_slice() else { panic!("{never:?}") };
    change(stem, cycle);
    let (stem, cycle) = (stem.clone(), cycle.clone());
    never.push(proof);
    // The claim at its run, and that this is possible and fair.
    let mut claim = parts(&comes);
    let [.., course, possible, fair] = claim.as_mut_slice() else { panic!("{claim:?}") };
    let mut lasso = parts(course);
    let at = lasso.len() - 2;
    lasso.splice(at.., [stem, cycle]);
    *course = joined(&lasso);
    for by in [possible, fair] {
        *by = joined(&[vec![parts(by)[0].clone()], never[1..].to_vec()].concat());
    }
    never.push(joined(&claim));
    Rc::new(Node::Lam(joined(&never)))
}

/// A run without its last action.
fn shorter(run: &Term) -> Term {
    match &**run {
        Node::Con(_, 1, _, fields, _) => fields[0].clone(),
        _ => panic!("{run:?}"),
    }
}

/// A run without actions.
fn empty(run: &Term) -> Term {
    match &**run {
        Node::Con(_, 1, _, fields, _) => empty(&fields[0]),
        _ => run.clone(),
    }
}

fn lengths(evidence: &Term) -> (usize, usize) {
    let found = std::cell::Cell::new((0, 0));
    let length = |t: &Term| {
        let (mut t, mut n) = (t.clone(), 0);
        while let Node::Con(_, 1, _, fields, _) = &*t.clone() {
            (n, t) = (n + 1, fields[0].clone());
        }
        n
    };
    forged(evidence, |stem, cycle| found.set((length(stem), length(cycle))));
    found.get()
}

#[test]
fn a_lasso_is_judged_by_the_kernel_and_a_forged_one_is_refused() {
    with_claims(SWITCH, |session, claims| {
        let (outcome, _) = search(session, &claims[0], 100_000);
        let Outcome::Refutation(t, _) = outcome else { panic!("{outcome:?}") };
        let judge = |t: &Term| session.signature.refute(&claims[0], t, Limits::default());
        judge(&t).unwrap_or_else(|r| panic!("{}: {}", r.reason, r.detail));
        // On and off: in one of the two states there is no light to switch on.
        assert_eq!(lengths(&t), (0, 2));
        judge(&forged(&t, |_, _| {})).expect("nothing was changed");
        // Standing still is not fair to who would press the switch, also where the light may come on.
        judge(&forged(&t, |_, cycle| *cycle = empty(cycle))).expect_err("the switch waits");
        judge(&forged(&t, |stem, cycle| {
            *stem = shorter(cycle);
            *cycle = empty(cycle);
        }))
        .expect_err("switch and light wait");
        // One step does not come back to where the cycle begins.
        judge(&forged(&t, |_, cycle| *cycle = shorter(cycle))).expect_err("the cycle does not return");
        // After one step the two steps are a cycle as well.
        judge(&forged(&t, |stem, cycle| *stem = shorter(cycle))).expect_err("the proof is about another stem");
        // Evidence against one statement is none against another.
        session.signature.refute(&claims[1], &t, Limits::default()).expect_err("it is another claim");
    });
}

#[test]
fn a_cycle_is_fair_by_its_own_states_and_steps() {
    with_claims(SWITCH, |session, claims| {
        // Where only the light is treated fairly, nothing need happen at first.
        let (outcome, _) = search(session, &claims[2], 100_000);
        let Outcome::Refutation(t, _) = outcome else { panic!("{outcome:?}") };
        session.signature.refute(&claims[2], &t, Limits::default()).unwrap();
        assert_eq!(lengths(&t), (0, 0));
        // The switch is pressed at last, and a light that may always be switched on is.
        for claim in [&claims[1], &claims[3]] {
            let Outcome::Candidate(t) = search(session, claim, 100_000).0 else { panic!("no proof") };
            session.signature.prove(claim, &t, Limits::default()).unwrap();
        }
    });
}

/// A command that keeps a set of voters, any one that is a majority; one that fills a set of numbers; commands with too many sets.
const SETS: &str = "
protocol keeping {n : Nat}
  sort worker := Fin n
  relation voted : worker -> Bool
  relation kept : worker -> Bool
  command vote (w : worker) when not voted w do voted w := true
  command keep (q : worker -> Bool) when n < 2 * count q /\\ forall u, q u -> voted u do kept := fun u => q u
  decides kept
  safety backed : forall u, kept u -> voted u
  safety small : count (fun u => kept u) < 2
end
protocol filling
  relation full : Nat -> Bool
  command fill (p : Nat -> Bool) do full := fun x => p x
  decides full
  safety apart : not (full 0 /\\ full 1)
end
protocol wide
  sort worker := Fin 13
  relation kept : worker -> Bool
  command keep (q : worker -> Bool) do kept := fun u => q u
  decides kept
  safety none : forall u, not kept u
end
protocol three {n : Nat}
  sort worker := Fin n
  relation kept : worker -> Bool
  command keep (p q r : worker -> Bool) when n < count p do kept := fun u => q u
  decides kept
  safety none : forall u, not kept u
end
";

#[test]
fn sets_among_arguments_are_all_gone_through() {
    with_claims(SETS, |session, claims| {
        // Of three workers: none or one has voted; two have, and both may be kept; or three, and two or three of them are kept.
        let found = states(session, &claims[0], &[3], 2);
        assert_eq!(found, [(vec![], 4 + 3 * 2 + 5, 2 + 2 + 3)]);
        // The kernel judges the runs. Two votes and a set of two; one set of numbers.
        assert_eq!([steps_of(session, &claims[1]), steps_of(session, &claims[2])], [3, 1]);
        let why = |c: &Term| match search(session, c, 100_000).0 {
            Outcome::GaveUp(reason, why) => (reason, why),
            other => panic!("{other:?}"),
        };
        let said = "A command has more than 4096 ways to be taken.";
        assert_eq!(why(&claims[3]), (Reason::OutsideFragment, said.to_owned()));
        // Up to four workers are gone through, and of no more it is said that nothing is known.
        let (reason, why) = why(&claims[4]);
        assert_eq!(reason, Reason::Incomplete);
        let said = "with numbers up to 4. Of 5 of these, every state was met. \
                    In others a command has more than 4096 ways to be taken. Nothing is known of larger ones.";
        assert!(why.ends_with(said), "{why}");
    });
}
