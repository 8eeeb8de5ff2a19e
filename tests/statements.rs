//! Trust in statements: the core form of every example claim is pinned, and every claim is evaluated at points.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod evaluate;

use bfv_driver::{Kind, plug};
use bfv_engine_native::Points;
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal as EngineGoal, Outcome};
use evaluate::{Dice, Evaluator, NATIVE, Truth, elaborate, with_stack};
use std::collections::BTreeMap;
use std::path::PathBuf;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A core form with a line for every argument and every part of a conjunction, so that a difference shows where it is.
fn lines(core: &str) -> String {
    core.replace("(Pi ", "\n(Pi ").replace("(Sigma ", "\n(Sigma ").trim_start().to_owned()
}

/// The statement of every example claim, by file: what is pinned.
fn statements() -> BTreeMap<PathBuf, String> {
    let (claims, problems) = bfv_driver::list(&[root().join("examples")], plug(NATIVE).0.as_mut());
    assert_eq!(problems, []);
    let mut out: BTreeMap<PathBuf, String> = BTreeMap::new();
    for c in claims {
        let (module, name) = c.name.rsplit_once('.').unwrap();
        let core = c.core.unwrap_or_else(|| panic!("the core form of {} is too large to be pinned", c.name));
        let file = root().join(format!("tests/statements/{module}.txt"));
        *out.entry(file).or_default() +=
            &format!("claim {name}\nexpect {}\nhash {}\n{}\n\n", c.expected.word(), c.hash, lines(&core));
    }
    out
}

/// `BFV_PIN=1 cargo test --release --test statements` writes the files anew; the difference is then for people to read.
#[test]
fn core_forms_are_pinned() {
    with_stack(|| {
        let now = statements();
        let folder = root().join("tests/statements");
        if std::env::var_os("BFV_PIN").is_some() {
            std::fs::create_dir_all(&folder).unwrap();
            for (file, text) in &now {
                std::fs::write(file, text).unwrap();
            }
        }
        let mend = "Read what changed. If it is meant, run BFV_PIN=1 cargo test --release --test statements";
        for (file, text) in &now {
            let pinned = std::fs::read_to_string(file).unwrap_or_default();
            if pinned != *text {
                let old: Vec<&str> = pinned.split("\n\n").collect();
                let changed: Vec<&str> = text.split("\n\n").filter(|c| !old.contains(c)).collect();
                let first = changed.first().copied().unwrap_or("(a claim was removed)");
                panic!(
                    "{}: {} statements differ from what is pinned. The first is now:\n{first}\n{mend}",
                    file.display(),
                    changed.len()
                );
            }
        }
        for entry in std::fs::read_dir(&folder).unwrap() {
            let file = entry.unwrap().path();
            if !now.contains_key(&file) {
                if std::env::var_os("BFV_PIN").is_some() {
                    std::fs::remove_file(&file).unwrap();
                    continue;
                }
                panic!("{} pins a module that is gone. {mend}", file.display());
            }
        }
    });
}

#[test]
fn a_pinned_form_is_the_one_that_show_prints() {
    let out = std::process::Command::new(env!("CARGO_BIN_EXE_bfv"))
        .args(["show", "hull", "examples/first.sctt", "--core", "--format", "json"])
        .current_dir(root())
        .output()
        .unwrap();
    let shown: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    let pinned = std::fs::read_to_string(root().join("tests/statements/examples.first.txt")).unwrap_or_default();
    let expected = format!(
        "claim hull\nexpect proved\nhash {}\n{}\n",
        shown["goal"]["hash"].as_str().unwrap(),
        lines(shown["core"].as_str().unwrap())
    );
    assert!(pinned.contains(&expected), "{expected}");
}

/// Points tried for one claim, and how many that satisfy its hypotheses are enough.
const TRIES: usize = 120;
const ENOUGH: usize = 10;
/// Points of one claim that the evaluator may leave unfinished before it goes on to the next claim.
const TOO_LARGE: usize = 6;

/// What was seen of some claims.
#[derive(Default)]
struct Tally {
    /// Points at which a proved claim was evaluated.
    points: usize,
    proved: usize,
    /// Proved claims evaluated at a point at least.
    seen: usize,
    unseen: Vec<String>,
    refuted: usize,
    /// Refuted claims that are false at a point that was tried.
    failing: usize,
}

/// Every so many claims are evaluated by a thread of their own; each elaborates them, since terms stay in their thread.
const THREADS: usize = 2;

/// A proved claim holds wherever it can be evaluated, and a refuted one may fail.
#[test]
fn no_proved_claim_evaluates_to_false() {
    let parts: Vec<Tally> = std::thread::scope(|s| {
        let spawn = |part| s.spawn(move || with_stack(|| tally(part)));
        let workers: Vec<_> = (0..THREADS).map(spawn).collect();
        workers.into_iter().map(|w| w.join().unwrap_or_else(|e| std::panic::resume_unwind(e))).collect()
    });
    let sum = |of: fn(&Tally) -> usize| parts.iter().map(of).sum::<usize>();
    let (points, seen, proved) = (sum(|t| t.points), sum(|t| t.seen), sum(|t| t.proved));
    let (failing, refuted) = (sum(|t| t.failing), sum(|t| t.refuted));
    let unseen: Vec<&str> = parts.iter().flat_map(|t| &t.unseen).map(String::as_str).collect();
    println!("Proved claims evaluated: {seen} of {proved}, at {points} points, never false.");
    println!("Refuted claims seen to fail at a point: {failing} of {refuted}.");
    println!("Proved claims that no point decides: {}.", unseen.join(", "));
    assert!(points >= 300 && seen >= 55 && failing >= 28, "{points} {seen} {proved} {failing} {refuted}");
}

fn tally(part: usize) -> Tally {
    let elaborated = elaborate(&[root().join("examples")]);
    let signature = &elaborated.signature;
    let mut tally = Tally::default();
    for (number, goal) in (1_u64..).zip(&elaborated.goals).skip(part).step_by(THREADS) {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (number << 20));
        let mut given = vec![hypotheses_point(signature, goal)];
        given.resize(TRIES, Vec::new());
        let (mut here, mut is_false, mut too_large) = (0, None, 0);
        for start in &given {
            let e = Evaluator::new(signature, None);
            // What the evaluator cannot compute within its steps is not evaluated.
            let at = match e.at(&goal.statement, start, true, &mut dice) {
                Ok(Some(at)) => at,
                Ok(None) => continue,
                Err(_) => {
                    too_large += 1;
                    if too_large >= TOO_LARGE {
                        break;
                    }
                    continue;
                }
            };
            match e.conclusion(&at, &mut dice) {
                Ok(Truth::True) => here += 1,
                Ok(Truth::False) => {
                    here += 1;
                    is_false = Some(at);
                }
                Ok(Truth::Open) => {}
                Err(_) => too_large += 1,
            }
            if here >= ENOUGH || too_large >= TOO_LARGE {
                break;
            }
        }
        match goal.expected {
            Kind::Proved => {
                assert!(is_false.is_none(), "{} is false at a point", goal.full_name());
                tally.points += here;
                tally.proved += 1;
                if here > 0 { tally.seen += 1 } else { tally.unseen.push(goal.full_name()) }
            }
            Kind::Refuted => {
                tally.refuted += 1;
                tally.failing += usize::from(is_false.is_some());
            }
            Kind::Unknown => {}
        }
    }
    tally
}

/// The point that the search finds for the hypotheses of a claim: values of the leading arguments, where they are data.
fn hypotheses_point(signature: &bfv_kernel::Signature, goal: &bfv_driver::Goal) -> Vec<Option<bfv_format::Term>> {
    let Some(statement) = bfv_driver::contradiction(&goal.statement, 0) else { return Vec::new() };
    let machine = Machine::new(signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, &statement);
    let asked = EngineGoal { machine: &machine, ctx, target, lemmas: &[], hints: Vec::new() };
    match Points.solve(&asked, &mut Budget::new(2_000)) {
        Outcome::Refutation(_, point) => point,
        _ => Vec::new(),
    }
}
