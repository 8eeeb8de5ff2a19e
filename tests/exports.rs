//! Counterexamples as programs: those of the rows of claims that can be computed are exported, and run without bfv.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod claims;
mod evaluate;
mod project;

use bfv_driver::{CheckOptions, Kind, Seen, Store, StoreMode, arguments, check_and_see, plug};
use bfv_export::{Language, Program, Refutation};
use evaluate::{NATIVE, with_stack};
use project::Project;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// At least so many refuted rows have a program.
const LEAST: usize = 80;

/// Runs a program that replays a counterexample; it must end well and print one sentence.
fn replays(mut command: Command, name: &str) {
    let o = command.output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&o.stdout), String::from_utf8_lossy(&o.stderr));
    assert!(o.status.success(), "{name}: {out}{err}");
    assert!(out.starts_with("The claim ") && out.ends_with("is false.\n") && out.lines().count() == 1, "{name}: {out}");
}

/// Whether there is a Python; `cargo xtask test` counts it aloud where there is none.
fn has_python() -> bool {
    let found = Command::new("python3").arg("--version").output().is_ok();
    if !found {
        println!("Not run: needs python3.");
    }
    found
}

fn python(file: &Path) -> Command {
    let mut c = Command::new("python3");
    c.arg("-I").arg(file);
    c
}

/// Compiles a program with nothing but the compiler; the command that runs it.
fn compiled(file: &Path) -> Command {
    let program = file.with_extension("bin");
    let o = Command::new("rustc").arg("-o").arg(&program).arg(file).output().unwrap();
    assert!(o.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&o.stderr));
    assert!(o.stderr.is_empty(), "{}: {}", file.display(), String::from_utf8_lossy(&o.stderr));
    Command::new(program)
}

/// The program of a refutation in Python, as `bfv export` makes it.
fn program(seen: &Seen<'_>) -> Result<String, String> {
    let at = |name: &str| seen.elaborated.positions.get(name).copied();
    let made = Program::new(&Refutation {
        signature: &seen.elaborated.signature,
        claim: &seen.report.name,
        written: &seen.report.written,
        statement: &seen.goal.statement,
        arguments: &arguments(&seen.elaborated.signature, seen.goal).unwrap(),
        evidence: seen.evidence,
        point: &seen.report.counterexample,
        vectors: at("std.vec.nil").zip(at("std.vec.cons")),
    })?;
    Ok(made.text(Language::Python))
}

/// Where a program is made of every refuted row, from the stored proofs and in one process; the other tests run the command.
#[test]
fn the_refuted_rows_replay_without_bfv() {
    if !has_python() {
        return;
    }
    let p = Project::new("exports", "");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut written: Vec<(String, PathBuf)> = Vec::new();
    let mut why: BTreeMap<String, Vec<String>> = BTreeMap::new();
    with_stack(|| {
        let (mut frontend, mut search) = plug(NATIVE);
        let store = Store::new(root, StoreMode { fresh: false, locked: true });
        // Modules are named by the path from the folder of the project, which is where a test runs.
        let paths = vec![PathBuf::from("examples/claims")];
        let request = CheckOptions { paths, goal: None, steps: 1_000_000, store: Some(store), repair: false };
        let see = &mut |seen: &Seen<'_>| {
            if seen.report.verdict.kind() != Kind::Refuted {
                return;
            }
            let name = seen.report.name.clone();
            match program(seen) {
                Ok(text) => {
                    let file = format!("{name}.py");
                    p.write(&file, &text);
                    written.push((name, p.path(&file)));
                }
                Err(reason) => why.entry(reason).or_default().push(name),
            }
        };
        let (report, ..) = check_and_see(&request, frontend.as_mut(), search.as_mut(), &mut |_| {}, see);
        assert_eq!(report.errors(), 0, "{:?}", report.problems);
    });
    std::thread::scope(|s| {
        for part in written.chunks(written.len().div_ceil(4)) {
            s.spawn(move || part.iter().for_each(|(name, file)| replays(python(file), name)));
        }
    });
    let refused: usize = why.values().map(Vec::len).sum();
    println!("Programs: {} refuted rows replay in Python, {refused} have no program.", written.len());
    for (reason, names) in &why {
        println!("No program, because {reason}: {}.", names.join(", "));
    }
    assert!(written.len() >= LEAST, "{} of {}", written.len(), written.len() + refused);
}

#[test]
fn programs_in_rust_need_nothing_but_the_compiler() {
    let p = Project::new("exports-rust", "");
    for rows in claims::rows() {
        for claim in rows.claims.iter().filter(|c| ["a04", "r04", "s35"].contains(&c.name.as_str())) {
            p.write("rows.sctt", &format!("{}\n\n{}\n", rows.rest, claim.block));
            let said = p.run(&["export", "counterexample", &claim.name, "rows.sctt", "--as", "rust"]);
            said.code(0).says("Result: the program was replayed here, and the claim fails in it.");
            replays(compiled(&p.path(&format!("{}.rs", claim.name))), &claim.name);
        }
    }
}

/// A program that is changed says that it does not replay: another point, another definition.
#[test]
fn a_changed_program_fails() {
    if !has_python() {
        return;
    }
    let p = Project::new("exports-changed", "");
    let text = "import std.fusion\n\ndef twice (x : Real) : Real := 2 * x\n\n\
        @[expect refuted]\nclaim c (x : Real) (h : 1 <= x) : twice x <= 3\nrefuted at (x := 7/4)\n";
    p.write("m.sctt", text);
    p.run(&["export", "counterexample", "c", "m.sctt"]).code(0);
    let program = std::fs::read_to_string(p.path("c.py")).unwrap();
    replays(python(&p.path("c.py")), "c");
    for (old, new, says) in [
        ("x = Fraction(7, 4)", "x = Fraction(3, 2)", "The conclusion holds at the point."),
        ("x = Fraction(7, 4)", "x = Fraction(1, 2)", "The hypothesis h does not hold at the point."),
        ("(Fraction(2) * a)", "(Fraction(1) * a)", "The conclusion holds at the point."),
    ] {
        assert!(program.contains(old), "{program}");
        p.write("changed.py", &program.replace(old, new));
        let o = python(&p.path("changed.py")).output().unwrap();
        assert_eq!(o.status.code(), Some(1));
        assert_eq!(String::from_utf8_lossy(&o.stderr).trim(), says);
    }
}

#[test]
fn what_has_no_program_is_refused_with_the_reason() {
    let p = Project::new("exports-refused", "");
    let text = "import std.root\n\nclaim proved (x : Real) : 0 <= x * x\n\n\
        @[expect refuted]\nclaim everywhere (x : Real) (h : forall (y : Real), 0 <= y * y + x) : x < 0\n\
        refuted at (x := 0) by\n  intro y\n  auto\n  arith\n\n\
        @[expect refuted]\nclaim root (x : Real) (h : x = 4) : sqrt x < 0\nrefuted at (x := 4) by\n  arith\n  \
        have h := sqrt_nonneg 4\n  arith\n";
    p.write("m.sctt", text);
    p.write("c.py", "mine");
    for (claim, why) in [
        ("proved", "because the claim is proved and not refuted."),
        ("everywhere", "because a statement is about infinitely many numbers."),
        ("root", "because sqrt is given by axioms, and nothing computes it."),
    ] {
        p.run(&["export", "counterexample", claim, "m.sctt"])
            .code(2)
            .says(&format!("There is no program for {claim}, {why}"));
        assert!(!p.path(&format!("{claim}.py")).exists());
    }
    p.run(&["export", "counterexample", "nothing", "m.sctt"]).code(2).says("There is no goal named nothing.");
    // What exists is not written over.
    p.write("n.sctt", "@[expect refuted]\nclaim c (n : Nat) : n = 0\n");
    p.run(&["export", "counterexample", "c", "n.sctt"]).code(74).says("The file c.py exists already.");
    assert_eq!(std::fs::read_to_string(p.path("c.py")).unwrap(), "mine");
    p.run(&["export", "counterexample", "c", "n.sctt", "--replace"]).code(0);
    if has_python() {
        replays(python(&p.path("c.py")), "c");
    }
}
