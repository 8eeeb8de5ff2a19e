//! The engine of equations, through the real program: what it proves, what it does not, and that nothing it is told is believed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;
#[path = "evaluate/native.rs"]
mod native;

use bfv_driver::{CheckOptions, Plugged, Reason, Verdict, plug};
use bfv_engine_egg::Egg;
use bfv_format::{Node, Prim};
use bfv_search::{Budget, Engine, Goal, Outcome};
use folder::{Folder, newcomer};
use native::NATIVE;
use serde_json::Value;
use std::rc::Rc;

const EQUATIONS: &str = include_str!("egg/equations.sctt");
const WRONG: &str = include_str!("egg/wrong.sctt");

/// The exit code and the goals of a file under an engine.
fn check(name: &str, source: &str, more: &[&str]) -> (i32, Vec<Value>) {
    let folder = Folder::new(name);
    folder.write("file.sctt", source.as_bytes());
    let args = [&["check", "file.sctt", "--format", "json"], more].concat();
    let o = newcomer(&folder.0, &folder.0, &args).output().unwrap();
    let document: Value = serde_json::from_slice(&o.stdout).unwrap();
    assert_eq!(document["problems"].as_array().map(Vec::len), Some(0), "{}", document["problems"]);
    (o.status.code().unwrap(), document["goals"].as_array().unwrap().clone())
}

/// The names of the goals with a verdict.
fn with(goals: &[Value], verdict: &str) -> Vec<String> {
    let named = goals.iter().filter(|g| g["verdict"] == verdict);
    named.map(|g| g["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn equations_are_proved_by_rewriting_alone_and_after_the_native_engine() {
    let claims = EQUATIONS.lines().filter(|l| l.starts_with("claim ")).count();
    assert!(claims >= 25);
    let (code, goals) = check("egg-alone", EQUATIONS, &["--engine", "egg"]);
    assert_eq!((code, with(&goals, "proved").len()), (0, claims), "open: {:?}", with(&goals, "unknown"));
    assert!(goals.iter().all(|g| g["proof"]["engine"] == "egg"), "{goals:?}");
    let (code, both) = check("egg-default", EQUATIONS, &[]);
    assert_eq!((code, with(&both, "proved").len()), (0, claims), "open: {:?}", with(&both, "unknown"));
    // The search is the same in every run: so are the proofs.
    let (_, again) = check("egg-again", EQUATIONS, &["--engine", "egg"]);
    for (a, b) in goals.iter().zip(&again) {
        assert_eq!(
            (&a["proof"]["hash"], &a["cost"]["search_steps"]),
            (&b["proof"]["hash"], &b["cost"]["search_steps"])
        );
    }
    let (_, native) = check("egg-native", EQUATIONS, &["--engine", "native", "--budget", "20000"]);
    let open = with(&native, "unknown");
    println!("The native engine alone leaves {} of {claims} open: {open:?}", open.len());
    assert!(open.len() >= 15, "{open:?}");
}

/// Side conditions are dropped one by one, and sides changed.
#[test]
fn what_does_not_hold_is_not_proved() {
    let claims = WRONG.lines().filter(|l| l.starts_with("claim ")).count();
    let (_, goals) = check("egg-wrong", WRONG, &["--engine", "egg"]);
    assert_eq!(goals.len(), claims);
    assert_eq!(with(&goals, "proved"), Vec::<String>::new());
    // Nothing that was offered was refused either: the engine asks for each side condition.
    assert!(goals.iter().all(|g| g["reason"] != "rejected-candidate"), "{goals:?}");
}

#[test]
fn reasons_are_of_the_closed_set() {
    let source = "import std.equations\n
claim few_steps {k : Nat} (a b c : Real) (x y z : Vec k Real) : (sum i, a * x i + (b * y i - c * z i)) = a * sum x + b * sum y - c * sum z
claim no_equation (x : Real) : exists (y : Real), x < y\n";
    let reasons = |more: &[&str]| -> Vec<String> {
        let (code, goals) = check("egg-reasons", source, &[&["--engine", "egg"], more].concat());
        assert_eq!(code, 4, "{goals:?}");
        goals.iter().map(|g| g["reason"].as_str().unwrap_or("none").to_owned()).collect()
    };
    assert_eq!(reasons(&["--budget", "20"])[0], "budget");
    assert_eq!(reasons(&[])[1], "outside-fragment");
}

const SCRIPTS: &str = "import std.real\n
claim in_context (f : Real -> Real) (h : forall (x : Real), f (x + 1) = f x) (a : Real) : f (a + 1 + 1) = f a by auto
claim after_a_fact (f g : Real -> Real) (h : forall (x : Real), f x = g (x + 1)) (a b : Real) (k : a = b + b) : f a = g (2 * b + 1)
by { have l := h (b + b) auto }
claim from_a_hint (f g : Real -> Real) (h : Nat -> (x : Real) -> f x = g x) (a : Real) : f (a + a) = g (2 * a) by auto [h 0]
";

/// The step `auto` has a context, and hints; with this engine alone it knows both.
#[test]
fn rewriting_works_inside_of_scripts() {
    const ALONE: Plugged = Plugged { auto: &Egg { side: &bfv_engine_native::Auto }, ..NATIVE };
    let folder = Folder::new("egg-scripts");
    folder.write("file.sctt", SCRIPTS.as_bytes());
    let paths = vec![folder.0.join("file.sctt")];
    let options = CheckOptions { paths, goal: None, steps: 100_000, store: None, repair: false };
    let worker = std::thread::Builder::new().stack_size(1 << 30);
    let run = worker.spawn(move || {
        let (mut frontend, mut search) = plug(ALONE);
        let (report, _, _) = bfv_driver::check(&options, frontend.as_mut(), search.as_mut(), &mut |_| {});
        assert_eq!(report.problems, []);
        report.goals.into_iter().map(|g| g.verdict == Verdict::Proved).collect::<Vec<_>>()
    });
    assert_eq!(run.unwrap().join().unwrap(), [true; 3]);
}

/// Says that everything is proved.
struct Liar;

impl Engine for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }
    fn solve(&self, _: &Goal<'_>, _: &mut Budget) -> Outcome {
        Outcome::Candidate(Rc::new(Node::Prim(Prim::Star)))
    }
}

/// With side conditions that nobody has proved the e-graph believes what does not hold, and the kernel refuses it.
#[test]
fn lies_about_side_conditions_are_rejected_candidates() {
    const LYING: Plugged = Plugged { search: &[&Egg { side: &Liar }], ..NATIVE };
    let folder = Folder::new("egg-liar");
    folder.write("file.sctt", WRONG.as_bytes());
    let options = CheckOptions {
        paths: vec![folder.0.join("file.sctt")],
        goal: None,
        steps: 100_000,
        store: None,
        repair: false,
    };
    let worker = std::thread::Builder::new().stack_size(1 << 30);
    let run = worker.spawn(move || {
        let (mut frontend, mut search) = plug(LYING);
        let (report, _, _) = bfv_driver::check(&options, frontend.as_mut(), search.as_mut(), &mut |_| {});
        report.goals.into_iter().map(|g| (g.name, g.verdict)).collect::<Vec<_>>()
    });
    let verdicts = run.unwrap().join().unwrap();
    assert!(verdicts.iter().all(|(_, v)| matches!(v, Verdict::Unknown(_))), "{verdicts:?}");
    let rejected: Vec<&String> =
        verdicts.iter().filter(|(_, v)| *v == Verdict::Unknown(Reason::RejectedCandidate)).map(|(n, _)| n).collect();
    for name in ["inverse", "cancel_below", "exp_log", "log_product_first", "shares_sum"] {
        assert!(rejected.iter().any(|r| r.ends_with(&format!(".{name}"))), "{name}: {verdicts:?}");
    }
}

/// Powers of one atom make classes that reach themselves; that ends within the steps, too.
#[test]
fn classes_that_reach_themselves_end() {
    let text = "import std.real\n\nclaim p (x : Real) : x ^ 30 = x ^ 29\n\n\
        claim q (x y : Real) (f : Real -> Real) (h : f x = y ^ 30) : f x = y ^ 29 * f y\n";
    for engine in [&["--engine", "egg"][..], &[]] {
        let (_, goals) = check("egg-cycles", text, engine);
        assert!(goals.iter().all(|g| g["verdict"] != "proved"), "{goals:?}");
    }
}
