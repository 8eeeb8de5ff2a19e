//! What scripts gave is kept in `proofs/<module>/scripts.bfvl`. It saves time, and whatever it says, the answer is the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "evaluate/native.rs"]
mod native;
mod project;

use bfv_driver::{Attempt, CheckOptions, Method, Plugged, Search, Store, StoreMode, check_in_threads, plug_for};
use bfv_engine_native::Arith;
use bfv_format::{Decl, Library, Node, Prim, Stored, Term};
use bfv_kernel::Signature;
use bfv_search::{Budget, Engine, Goal, Outcome};
use native::NATIVE;
use project::Project;
use serde_json::Value;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Theorems with scripts, a claim that uses one, a refutation at a point, a claim without evidence.
const BASE: &str = "import std.real

def twice (x : Real) : Real := x + x

def shifted (x : Real) : Real := x + 1

theorem twice_le (x y : Real) (h : x <= y) : twice x <= twice y
by unfold twice arith

theorem twice_lt (x y : Real) (h : x < y) : twice x < twice y
by unfold twice arith

claim four (x y : Real) (h : x <= y) : twice (twice x) <= twice (twice y)
by apply twice_le apply twice_le exact h

@[expect refuted]
claim grows (x : Real) : x < twice x
refuted at (x := -1) by unfold twice at at_witness arith

claim searched (x : Real) (h : 1 <= x) : 0 < x
";

/// A module over it.
const OVER: &str = "import base

theorem shifted_pos (x : Real) (h : 0 < x) : 0 < shifted x
by unfold shifted arith

claim pos (x : Real) (h : 1 <= x) : 0 < shifted x
by apply shifted_pos arith
";

const SCRIPTS: [&str; 2] = ["proofs/base/scripts.bfvl", "proofs/over/scripts.bfvl"];

fn project(name: &str) -> Project {
    let p = Project::new(&format!("scripts-{name}"), "");
    p.write("base.sctt", BASE);
    p.write("over.sctt", OVER);
    p
}

fn bytes(p: &Project, file: &str) -> Vec<u8> {
    std::fs::read(p.path(file)).unwrap()
}

fn library(p: &Project, file: &str) -> Library {
    bfv_format::read_library(&bytes(p, file)).unwrap()
}

/// The text and the document of a check, without times.
fn answers(p: &Project, more: &[&str]) -> (String, Value) {
    let text = p.run(&[&["check", "."], more].concat());
    let mut json = p.run(&[&["check", ".", "--format", "json"], more].concat()).json();
    without_times(&mut json);
    (format!("{}{}{}", text.code, text.out, text.err), json)
}

fn without_times(v: &mut Value) {
    match v {
        Value::Object(members) => {
            members.retain(|name, _| !name.ends_with("_us") && !name.ends_with("_ms"));
            members.values_mut().for_each(without_times);
        }
        Value::Array(all) => all.iter_mut().for_each(without_times),
        _ => {}
    }
}

/// What becomes of the file of a module; none removes it.
type Change<'c> = dyn Fn(&str, Vec<u8>) -> Option<Vec<u8>> + 'c;

/// Changes the file of each module in turn, and wants the same answer and the file mended.
fn makes_no_difference(p: &Project, what: &str, change: &Change<'_>) {
    let wanted = answers(p, &[]);
    for file in SCRIPTS {
        let before = bytes(p, file);
        match change(file, before.clone()) {
            Some(forged) => {
                assert_ne!(forged, before, "{what}");
                std::fs::write(p.path(file), forged).unwrap();
            }
            None => std::fs::remove_file(p.path(file)).unwrap(),
        }
        assert_eq!(answers(p, &["--locked"]), wanted, "{what}, {file}");
        assert_eq!(answers(p, &[]), wanted, "{what}, {file}");
        assert_eq!(bytes(p, file), before, "{what}: {file} is mended");
    }
}

#[test]
fn the_answer_is_that_without_the_file() {
    let p = project("same");
    let first = p.run(&["check", "."]);
    first.code(0);
    let kept = SCRIPTS.map(|f| bytes(&p, f));
    let again = p.run(&["check", "."]);
    assert_eq!((&again.out, &again.err), (&first.out, &first.err));
    // Stored proofs of claims without evidence are there from the second run on.
    assert_eq!(answers(&p, &[]), answers(&p, &[]));
    makes_no_difference(&p, "removed", &|_, _| None);
    assert_eq!(kept, SCRIPTS.map(|f| bytes(&p, f)), "it is the same file in every run");
    p.run(&["check", ".", "--fresh"]).code(0);
    assert_eq!(kept, SCRIPTS.map(|f| bytes(&p, f)));
    p.run(&["gate"]).code(0);
}

#[test]
fn nothing_is_written_with_locked_or_outside_a_project() {
    let p = project("locked");
    p.run(&["check", ".", "--locked"]).code(0);
    assert!(!p.path("proofs").exists());
    std::fs::remove_file(p.path("bfv.toml")).unwrap();
    p.run(&["check", "."]).code(0);
    assert!(!p.path("proofs").exists());
}

#[test]
fn a_damaged_file_makes_no_difference() {
    let p = project("damaged");
    p.run(&["check", "."]).code(0);
    for (n, of) in [(0, 7), (1, 7), (3, 7), (5, 7), (6, 7), (7, 7)] {
        makes_no_difference(&p, &format!("the byte at {n}/{of}"), &|_, mut b| {
            let at = (b.len() - 1) * n / of;
            b[at] ^= 0x15;
            Some(b)
        });
        makes_no_difference(&p, &format!("the byte at {n}/{of}, sealed"), &|_, mut b| {
            let at = (b.len() - 33) * n / of;
            b[at] ^= 0x15;
            Some(bfv_format::reseal(&b))
        });
    }
    makes_no_difference(&p, "cut", &|_, b| Some(b[..b.len() / 2].to_vec()));
    makes_no_difference(&p, "empty", &|_, _| Some(Vec::new()));
}

fn forged(b: &[u8], change: impl FnOnce(&mut Library)) -> Option<Vec<u8>> {
    let mut library = bfv_format::read_library(b).unwrap();
    change(&mut library);
    Some(bfv_format::write_library(&library))
}

#[test]
fn a_file_of_something_else_makes_no_difference() {
    let p = project("other");
    p.run(&["check", "."]).code(0);
    let [base, over] = SCRIPTS.map(|f| bytes(&p, f));
    makes_no_difference(&p, "of another module", &|file, _| {
        Some(if file == SCRIPTS[0] { over.clone() } else { base.clone() })
    });
    makes_no_difference(&p, "of another key", &|_, b| {
        forged(&b, |l| {
            let text = String::from_utf8(l.meta.clone()).unwrap();
            l.meta = text.replacen("key ", "key 0", 1).into_bytes();
        })
    });
    // The key of the other module's file, which is one of sources that are there.
    let keys = SCRIPTS.map(|f| String::from_utf8(library(&p, f).meta).unwrap().lines().next().unwrap().to_owned());
    makes_no_difference(&p, "of the other key", &|_, b| {
        forged(&b, |l| {
            let text = String::from_utf8(l.meta.clone()).unwrap();
            let other = if text.contains(&keys[0]) { &keys[1] } else { &keys[0] };
            let own = text.lines().next().unwrap().to_owned();
            l.meta = text.replacen(&own, other, 1).into_bytes();
        })
    });
}

fn star() -> Term {
    Rc::new(Node::Prim(Prim::Star))
}

#[test]
fn the_kernel_refuses_forged_proofs_of_theorems() {
    let p = project("forged");
    p.run(&["check", "."]).code(0);
    makes_no_difference(&p, "no proof at all", &|_, b| forged(&b, |l| theorems(l, &mut |_, proof| *proof = star())));
    makes_no_difference(&p, "a proof of something easy", &|_, b| {
        forged(&b, |l| theorems(l, &mut |ty, proof| (*ty, *proof) = (Rc::new(Node::Prim(Prim::Unit)), star())))
    });
    // The proofs of two theorems in each other's place, under the statements of the source.
    let swapped = forged(&bytes(&p, SCRIPTS[0]), |l| {
        let mut proofs: Vec<Term> = Vec::new();
        theorems(l, &mut |_, proof| proofs.push(proof.clone()));
        theorems(l, &mut |_, proof| *proof = proofs.pop().unwrap());
    });
    let wanted = answers(&p, &[]);
    std::fs::write(p.path(SCRIPTS[0]), swapped.unwrap()).unwrap();
    assert_eq!(answers(&p, &[]), wanted);
}

/// Changes what the theorems state and their proofs.
fn theorems(l: &mut Library, change: &mut dyn FnMut(&mut Term, &mut Term)) {
    let all = l.decls.iter_mut().filter_map(|d| match d {
        Decl::Theorem { ty, proof, .. } => Some((ty, proof)),
        _ => None,
    });
    let mut n = 0;
    for (ty, proof) in all {
        change(ty, proof);
        n += 1;
    }
    assert!(n > 0);
}

/// The file says that a stored proof is the one that the script gave; the kernel refuses that proof, or it is of another claim.
#[test]
fn the_kernel_refuses_forged_proofs_of_claims() {
    let p = project("claims");
    p.run(&["check", "."]).code(0);
    let wanted = answers(&p, &[]);
    let read = |name: &str| std::fs::read(p.proof(&format!("base/{name}"))).unwrap();
    let (four, grows) = (read("four"), read("grows"));
    let other: Stored = bfv_format::read(&four).unwrap();
    for (what, fake) in [
        ("no proof", bfv_format::write(&Stored { evidence: star(), ..other.clone() })),
        ("proved in place of refuted", grows.clone()),
        ("of another claim", read("searched")),
    ] {
        let replace = |l: &mut Library| {
            let text = String::from_utf8(l.meta.clone()).unwrap();
            let (old, new) = (blake3::hash(&four).to_hex(), blake3::hash(&fake).to_hex());
            assert!(text.contains(&format!("claim four {old}\n")), "{text}");
            l.meta = text.replace(old.as_str(), new.as_str()).into_bytes();
        };
        let file = forged(&bytes(&p, SCRIPTS[0]), replace);
        std::fs::write(p.path(SCRIPTS[0]), file.unwrap()).unwrap();
        std::fs::write(p.proof("base/four"), &fake).unwrap();
        assert_eq!(answers(&p, &["--locked"]), wanted, "{what}");
        assert_eq!(answers(&p, &[]), wanted, "{what}");
        assert_eq!(read("four"), four, "{what}: mended");
    }
}

/// A claim whose stored proof is gone, damaged, or stale has its script run, whatever else is recalled.
#[test]
fn a_stored_proof_that_does_not_count_makes_no_difference() {
    let p = project("stored");
    p.run(&["check", "."]).code(0);
    let wanted = answers(&p, &[]);
    for name in ["base/four", "base/grows", "over/pos"] {
        let proof = std::fs::read(p.proof(name)).unwrap();
        for bad in [None, Some(proof[..20].to_vec()), Some(std::fs::read(p.proof("base/searched")).unwrap())] {
            match &bad {
                Some(bad) => std::fs::write(p.proof(name), bad).unwrap(),
                None => std::fs::remove_file(p.proof(name)).unwrap(),
            }
            assert_eq!(answers(&p, &["--locked"]), wanted, "{name}");
            assert_eq!(answers(&p, &[]), wanted, "{name}");
            assert_eq!(std::fs::read(p.proof(name)).unwrap(), proof, "{name} is stored again");
        }
    }
}

/// A script that fails is noticed at once, though the statement is as before and its proof is stored.
#[test]
fn a_script_that_fails_is_noticed() {
    for (file, good, bad) in [
        ("base.sctt", "by apply twice_le apply twice_le exact h", "by apply twice_le exact h"),
        ("base.sctt", "twice x <= twice y\nby unfold twice arith", "twice x <= twice y\nby refl"),
        ("base.sctt", "refuted at (x := -1)", "refuted at (x := 1)"),
        ("over.sctt", "by apply shifted_pos arith", "by apply shifted_pos"),
    ] {
        let p = project(&format!("fails-{}", bad.len()));
        p.run(&["check", "."]).code(0);
        let text = std::fs::read_to_string(p.path(file)).unwrap();
        assert!(text.contains(good), "{good}");
        p.write(file, &text.replacen(good, bad, 1));
        let said = p.run(&["check", "."]);
        said.code(3).says(&format!("File {file}, line "));
        let wanted = answers(&p, &[]);
        for file in SCRIPTS {
            std::fs::remove_file(p.path(file)).unwrap();
        }
        assert_eq!(answers(&p, &[]), wanted, "{bad}");
        assert_eq!(answers(&p, &["--fresh"]).0, wanted.0, "{bad}");
        // Nothing of the failure is kept.
        p.write(file, &text);
        p.run(&["check", "."]).code(0);
    }
}

/// The same where the module is as before and an import has changed.
#[test]
fn a_script_that_fails_since_an_import_changed_is_noticed() {
    let p = project("import");
    p.run(&["check", "."]).code(0);
    p.write("base.sctt", &BASE.replace("shifted (x : Real) : Real := x + 1", "shifted (x : Real) : Real := x - 1"));
    p.run(&["check", "."]).code(3).says("File over.sctt, line 4");
    p.write("base.sctt", BASE);
    p.run(&["check", "."]).code(0);
}

#[test]
fn the_gate_names_a_file_that_belongs_to_no_module() {
    let p = project("gate");
    p.run(&["check", "."]).code(0);
    p.run(&["gate"]).code(0);
    std::fs::write(p.path(SCRIPTS[0]), b"damaged").unwrap();
    p.run(&["gate"]).code(0);
    std::fs::create_dir_all(p.path("proofs/gone")).unwrap();
    std::fs::copy(p.path(SCRIPTS[1]), p.path("proofs/gone/scripts.bfvl")).unwrap();
    p.run(&["gate"]).code(5).says("The stored file proofs/gone/scripts.bfvl belongs to no module; delete it.");
    // Nobody knows whether it belongs to another file of the project.
    p.run(&["gate", "over.sctt", "base.sctt"]).code(0);
}

/// Counts what scripts ask of arithmetic.
struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);

impl Engine for Counting {
    fn name(&self) -> &'static str {
        Arith.name()
    }
    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        ASKED.fetch_add(1, Ordering::Relaxed);
        Arith.solve(goal, budget)
    }
}

const ENGINES: Plugged = Plugged { arith: &Counting, ..NATIVE };

/// Scripts run again where something changed, and only there.
#[test]
fn scripts_run_again_where_something_changed() {
    const STACK: usize = 1 << 28;
    let p = project("counted");
    // Enough claims for several threads.
    let many: String =
        (0..20).map(|n| format!("\nclaim more{n} (x : Real) (h : {n} < x) : {n} <= x\nby arith\n")).collect();
    p.write("over.sctt", &format!("{OVER}{many}"));
    let asked = |mode: StoreMode| {
        let folder = p.path("");
        let paths = vec![p.path("base.sctt"), p.path("over.sctt")];
        let run = || {
            let store = Some(Store::new(&folder, mode));
            let options = CheckOptions { paths, goal: None, steps: 1_000_000, store, repair: false };
            let before = ASKED.load(Ordering::Relaxed);
            let (report, ..) = check_in_threads(&options, &|share| plug_for(ENGINES, share), STACK, &mut |_| {});
            assert_eq!((report.problems, report.goals.len()), (vec![], 24));
            ASKED.load(Ordering::Relaxed) - before
        };
        std::thread::scope(|s| {
            std::thread::Builder::new().stack_size(STACK).spawn_scoped(s, run).unwrap().join().unwrap()
        })
    };
    let usual = StoreMode::default();
    let first = asked(usual);
    assert!(first >= 24, "{first}");
    assert_eq!(asked(usual), 0, "all is recalled");
    assert_eq!(asked(StoreMode { locked: true, fresh: false }), 0);
    let all = asked(StoreMode { locked: true, fresh: true });
    assert!(all >= first - 3, "{all}, {first}");
    std::fs::remove_file(p.proof("over/more7")).unwrap();
    assert_eq!(asked(StoreMode { locked: true, fresh: false }), 1, "one script runs");
    asked(usual);
    assert_eq!(asked(usual), 0);
    p.write("over.sctt", &format!("{OVER}{many}\n-- A comment.\n"));
    let over = asked(usual);
    assert!((20..all).contains(&over), "the scripts of one module run: {over}, {all}");
    assert_eq!(asked(usual), 0);
    p.write("base.sctt", &format!("{BASE}\n-- A comment.\n"));
    assert!(asked(usual) >= 24, "those of both run");
    assert_eq!(asked(usual), 0);
}

/// Claims about whose hypotheses nothing is found, with a point for `more`, and with a contradiction for `nowhere`.
const IN_VAIN: &str = "import std.real

claim root (x : Real) (h : x * x = 2) : x * x <= 3

claim more (x : Real) (h : 1 <= x) : 0 < x

claim nowhere (x : Real) (h : x < 1) (g : 2 < x) : x <= 0
";

const VAIN_FILE: &str = "proofs/vain/scripts.bfvl";

fn vain(name: &str, gate: &str) -> Project {
    let p = Project::new(&format!("scripts-{name}"), gate);
    p.write("vain.sctt", IN_VAIN);
    p.run(&["check", "."]);
    p
}

fn notes(p: &Project) -> String {
    String::from_utf8(library(p, VAIN_FILE).meta).unwrap().split_once('\n').unwrap().1.to_owned()
}

/// What a search about hypotheses did not find is not searched for again, until something changes.
#[test]
fn a_search_in_vain_is_not_made_again() {
    let p = vain("vain", "");
    assert_eq!(notes(&p), "in-vain 2 root\n");
    let asked = |mode: StoreMode, steps: u64| {
        let store = Some(Store::new(&p.path(""), mode));
        let options = CheckOptions { paths: vec![p.path("vain.sctt")], goal: None, steps, store, repair: false };
        let count = Counted::default();
        let engines = |share| {
            let (front, search) = plug_for(ENGINES, share);
            let search: Box<dyn Search> = Box::new(Watched { search, count: count.clone() });
            (front, search)
        };
        let (report, ..) = check_in_threads(&options, &engines, 1 << 28, &mut |_| {});
        assert_eq!((report.problems, report.goals.len()), (vec![], 3));
        count.0.load(Ordering::Relaxed)
    };
    let locked = StoreMode { locked: true, fresh: false };
    std::thread::scope(|s| {
        let run = || {
            assert_eq!(asked(locked, 1_000_000), 0, "nothing is searched for");
            assert!(asked(StoreMode { locked: true, fresh: true }, 1_000_000) > 0);
            assert!(asked(locked, 1_000) > 0, "few steps say little");
            p.write("vain.sctt", &format!("{IN_VAIN}\n-- A comment.\n"));
            assert!(asked(locked, 1_000_000) > 0, "something changed");
        };
        std::thread::Builder::new().stack_size(1 << 28).spawn_scoped(s, run).unwrap().join().unwrap();
    });
}

/// A forged note saves a search and hides what that would find. It changes no verdict, and is no answer about hypotheses.
#[test]
fn a_forged_search_in_vain_is_no_answer() {
    let p = vain("forged-vain", "points = true");
    let wanted = answers(&p, &[]);
    let forge = |text: &str| {
        let file = forged(&bytes(&p, VAIN_FILE), |l| {
            l.meta.extend_from_slice(text.as_bytes());
        });
        std::fs::write(p.path(VAIN_FILE), file.unwrap()).unwrap();
    };
    // What is stored counts whatever the note says, and the file is mended.
    forge("in-vain 2 nowhere\nin-vain 2 more\nin-vain 2 no_claim\n");
    assert_eq!(answers(&p, &["--locked"]), wanted);
    assert_eq!(answers(&p, &[]), wanted);
    assert_eq!(notes(&p), "in-vain 2 root\n");
    // Without what is stored, all that is hidden is the answer about hypotheses.
    forge("in-vain 2 nowhere\n");
    std::fs::remove_file(p.proof("vain/nowhere-hypotheses")).unwrap();
    let hidden = answers(&p, &["--locked"]).1;
    for n in 0..3 {
        assert_eq!(hidden["goals"][n]["verdict"], wanted.1["goals"][n]["verdict"]);
        let (now, then) = (&hidden["goals"][n]["hypotheses"], &wanted.1["goals"][n]["hypotheses"]);
        if n == 2 {
            assert_eq!((now["verdict"].as_str(), then["verdict"].as_str()), (Some("unknown"), Some("contradictory")));
        } else {
            assert_eq!(now, then);
        }
    }
    p.run(&["gate"]).code(5).says("No stored point shows that the hypotheses of vain.nowhere can hold.");
    assert_eq!(answers(&p, &["--fresh", "--locked"]).1["goals"][2]["hypotheses"]["verdict"], "contradictory");
}

/// Counts what is asked of a search.
#[derive(Clone, Default)]
struct Counted(Arc<AtomicUsize>);

struct Watched {
    search: Box<dyn Search>,
    count: Counted,
}

impl Search for Watched {
    fn search(&mut self, s: &Signature, statement: &Term, names: &[String], steps: u64) -> (Attempt, u64) {
        self.count.0.fetch_add(1, Ordering::Relaxed);
        self.search.search(s, statement, names, steps)
    }
    fn only(&mut self, m: Method, s: &Signature, statement: &Term, names: &[String], steps: u64) -> (Attempt, u64) {
        self.count.0.fetch_add(1, Ordering::Relaxed);
        self.search.only(m, s, statement, names, steps)
    }
}
