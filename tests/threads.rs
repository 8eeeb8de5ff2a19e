//! Several threads say what one says, in the same order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "evaluate/native.rs"]
mod native;

use bfv_driver::{
    CheckOptions, GoalName, GoalReport, Problem, Report, check, check_in_threads, first_sentence, plug, plug_for,
};
use native::NATIVE;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

const STACK: usize = 1 << 28;

/// Declarations and claims in turn, one claim of each kind after another.
fn text(claims: u32) -> String {
    let mut out = "import std.real\n\n".to_owned();
    for n in 0..claims {
        writeln!(out, "def c{n} : Nat := {n}\n").unwrap();
        match n % 4 {
            0 => writeln!(out, "claim a{n} (x y : Real) (h : x < y) : x + {n} < y + {n} by arith\n"),
            1 => writeln!(out, "@[expect refuted]\nclaim a{n} (x : Real) : x < {n}\n"),
            2 => writeln!(out, "@[vacuous]\nclaim a{n} (x : Real) (h : x < {n}) (g : {n} < x) : x = 0\n"),
            _ => writeln!(out, "@[expect unknown]\nclaim a{n} (f : Real -> Real) (h : f 0 = {n}) : f 1 = {n}\n"),
        }
        .unwrap();
    }
    out
}

/// A report without what it cost in time, and the names of its goals.
#[derive(Debug, PartialEq)]
struct Said {
    first: String,
    files: Vec<String>,
    goals: Vec<GoalReport>,
    problems: Vec<Problem>,
    names: Vec<GoalName>,
}

fn said(report: Report, names: Vec<GoalName>) -> Said {
    let first = first_sentence(&report);
    let Report { files, mut goals, problems, .. } = report;
    for g in &mut goals {
        g.cost.wall_us = 0;
    }
    Said { first, files, goals, problems, names }
}

/// What one thread says, what several say, and how many front ends these had.
fn both(name: &str, files: &[(&str, String)]) -> (Said, Said, usize) {
    let folder = std::env::temp_dir().join(format!("bfv-threads-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let paths: Vec<PathBuf> = files
        .iter()
        .map(|(file, text)| {
            let path = folder.join(file);
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    let options = CheckOptions { paths, goal: None, steps: 20_000, store: None, repair: false };
    let made = AtomicUsize::new(0);
    let run = || {
        let (mut front, mut search) = plug(NATIVE);
        let (report, names, _) = check(&options, front.as_mut(), search.as_mut(), &mut |_| {});
        let make = |share| {
            made.fetch_add(1, Ordering::Relaxed);
            plug_for(NATIVE, share)
        };
        let (several, their, _) = check_in_threads(&options, &make, STACK, &mut |p| assert!(p.done <= p.all));
        (said(report, names), said(several, their))
    };
    let (one, several) = std::thread::scope(|s| {
        std::thread::Builder::new().stack_size(STACK).spawn_scoped(s, run).unwrap().join().unwrap()
    });
    std::fs::remove_dir_all(&folder).unwrap();
    (one, several, made.into_inner())
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

#[test]
fn verdicts_and_their_order_are_those_of_one_thread() {
    let (one, several, made) = both("good", &[("b.sctt", text(13)), ("a.sctt", text(18))]);
    assert_eq!(one, several);
    assert_eq!(one.problems, []);
    assert_eq!(one.goals.len(), 31);
    assert!(one.goals.iter().all(GoalReport::expected_met), "{}", one.first);
    assert_eq!(made, processors().min(4), "each thread has its own front end, and none is needed again");
}

/// Where there are many files, whole modules are shared out. Some see others, and some have what every search knows.
#[test]
fn whole_modules_are_shared_out() {
    let mut files: Vec<(String, String)> = (0..20).map(|n| (format!("m{n:02}.sctt"), text(n % 5))).collect();
    let over = "import m03\n\nclaim over : c1 = 1 by unfold c1 refl\n";
    files.push(("over.sctt".to_owned(), over.to_owned()));
    let tagged = "import std.real\n\ndef odd (x : Real) : Real := x\n\n@[tag hull]\ntheorem odd_le (x : Real) : odd x <= x\nby unfold odd arith\n";
    files.push(("a_tag.sctt".to_owned(), tagged.to_owned()));
    let run = |name: &str, files: &[(String, String)]| {
        let files: Vec<(&str, String)> = files.iter().map(|(f, t)| (f.as_str(), t.clone())).collect();
        both(name, &files)
    };
    let (one, several, made) = run("modules", &files);
    assert_eq!(one, several);
    assert_eq!((one.problems.len(), one.goals.len()), (0, 41), "{:?}", one.problems);
    assert_eq!(made, processors().min(4), "nothing is done twice");
    // A mistake in any of them is found and said as one thread says it.
    for (at, wrong) in
        [(7, "claim wrong : unheard_of\n"), (20, "def wrong : Nat := unheard_of\n"), (3, "claim : : :\n")]
    {
        let mut files = files.clone();
        files[at].1 += wrong;
        let (one, several, _) = run(&format!("modules-{at}"), &files);
        assert_eq!(one, several, "{at}");
        assert!(!one.problems.is_empty(), "{at}");
    }
}

#[test]
fn few_claims_have_one_thread() {
    let (one, several, made) = both("few", &[("a.sctt", text(5))]);
    assert_eq!(one, several);
    assert_eq!(made, 1);
}

/// Mistakes anywhere: in a claim of any share, in a declaration, in the grammar, and between claims.
#[test]
fn problems_and_their_order_are_those_of_one_thread() {
    for (name, wrong) in [
        ("claim", "claim wrong : unheard_of\n\nclaim wrong_too : 1\n"),
        ("declaration", "def wrong : Nat := unheard_of\n"),
        ("grammar", "claim wrong : : :\n"),
        ("twice", "claim a0 : Nat\n"),
    ] {
        let (one, several, _) = both(name, &[("a.sctt", format!("{}{wrong}", text(17))), ("b.sctt", text(6))]);
        assert_eq!(one, several, "{name}");
        assert!(!one.problems.is_empty(), "{name}");
    }
}
