//! What people stumbled over when they first used the program, each through the real program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use project::Project;
use std::path::{Path, PathBuf};

/// A folder outside every project; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bfv-newcomer-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        std::fs::write(self.0.join(file), bytes).unwrap();
    }

    fn run(&self, args: &[&str]) -> project::Said {
        project::run(&self.0, args)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const FIRST: &str = "module a.first\nclaim too_large : 2 < 1\nclaim Twice : 1 + 1 = 2\n";
const SECOND: &str = "module a.second\nclaim too_large : 3 < 1\nclaim right : 3 = 3\n";

fn two(name: &str) -> Folder {
    let f = Folder::new(name);
    f.write("first.sctt", FIRST.as_bytes());
    f.write("second.sctt", SECOND.as_bytes());
    f
}

#[test]
fn each_of_several_files_is_named_once_before_its_claims() {
    let f = two("files");
    let said = f.run(&["check", "first.sctt", "second.sctt"]);
    let lines: Vec<&str> = said.code(1).out.lines().skip(1).take(4).collect();
    let starts =
        ["File first.sctt, in module a.first.", "Refuted: ", "File second.sctt, in module a.second.", "Refuted: "];
    assert!(lines.iter().zip(starts).all(|(l, s)| l.starts_with(s)), "{}", said.out);
    // One file is in the first sentence, and a file without a line of its own is not named.
    assert!(!f.run(&["check", "first.sctt"]).out.contains("File "));
    f.write("third.sctt", b"claim fine : 1 = 1\n");
    assert!(!f.run(&["check", "first.sctt", "third.sctt"]).out.contains("File third"));
}

#[test]
fn a_name_may_be_given_as_it_is_spoken() {
    let f = two("spoken");
    let one = ["check", "first.sctt", "--goal"];
    for name in ["too_large", "too large", "Too Large", "a.first.too_large", "first.too large", "first too large"] {
        f.run(&[&one[..], &[name]].concat()).code(1).says("Refuted: too large, line 2.");
        f.run(&["explain", name, "first.sctt"]).code(0).says("Claim too large, file first.sctt, line 2: refuted");
        f.run(&["show", name, "first.sctt"])
            .code(0)
            .says("Claim too large, file first.sctt, line 2: proved is expected.");
    }
    f.run(&["check", "first.sctt", "second.sctt", "--goal", "twice"]).code(0).says("Proved: Twice, line 3.");
}

#[test]
fn an_ambiguous_name_gets_the_candidates_and_runs_nothing() {
    let f = two("ambiguous");
    let both = ["first.sctt", "second.sctt"];
    for (command, name) in [("check", "too large"), ("show", "too_large"), ("explain", "too_large")] {
        let goal: &[&str] = if command == "check" { &["--goal"] } else { &[] };
        let said = match command {
            "check" => f.run(&[&[command][..], &both, goal, &[name]].concat()),
            _ => f.run(&[&[command, name][..], &both].concat()),
        };
        said.code(2).says(&format!("The name {name} fits 2 goals. Nothing was run."));
        assert!(said.err.contains("a.first.too_large") && said.err.contains("a.second.too_large"), "{}", said.err);
    }
    f.run(&[&["check"][..], &both, &["--goal", "a.second.too_large"]].concat())
        .code(1)
        .says("Checked 1 goal in 2 files");
}

#[test]
fn a_gate_without_a_project_has_one_answer() {
    let f = two("no-project");
    for args in [&["gate"][..], &["gate", "first.sctt"], &["gate", "."], &["gate", "missing.sctt"]] {
        let said = f.run(args);
        said.code(2).says("Error usage: The gate needs a project, and no bfv.toml was found");
        assert!(said.err.contains("Suggestion 1 of 2: bfv init\n"), "{}", said.err);
    }
    std::fs::create_dir(f.0.join("specs")).unwrap();
    f.write("specs/a.sctt", b"claim a : 1 = 1\n");
    f.run(&["gate", "specs/a.sctt"]).code(2).says("Suggestion 1 of 2: bfv init specs");
}

#[test]
fn any_declaration_of_the_library_can_be_read() {
    let f = Folder::new("library");
    for name in ["std.hull.pool_simplex", "pool_simplex", "hull.pool_simplex", "Pool Simplex"] {
        for command in ["show", "explain"] {
            let said = f.run(&[command, name, "--math", "symbols"]);
            said.code(0).says("Theorem pool simplex, file library std.hull, line ");
            said.says("Name: std.hull.pool_simplex.")
                .says("Comment: A weighted mean of distributions is a distribution.");
            said.says("Statement: forall (k n : Nat) (w : Vec k Real)")
                .says("It rests on the axioms of 1 bundle: real.");
            said.says("theorem pool_simplex {k n : Nat}");
            assert!(!said.out.contains("split"), "the proof is left out: {}", said.out);
        }
    }
    f.run(&["show", "weighted_mean"])
        .code(0)
        .says("Type: for all k of type Nat next w x of type Vec of k and of Real, Real.");
    f.run(&["show", "pool_simplex", "--core"]).code(0).says("Core form: (Pi Nat");
    let said = f.run(&["show", "std.hull.pool_simplex", "--format", "json"]);
    let json = said.code(0).json();
    assert_eq!(json["declaration"]["kind"], "theorem");
    assert_eq!(json["axioms"][0], "real");
    // An axiom is called one, and names what implies it.
    let axioms = f.run(&["list", "std.real", "--format", "json"]).json()["declarations"].as_array().unwrap().clone();
    let axiom = axioms.iter().find(|d| d["kind"] == "axiom").expect("an axiom")["name"].as_str().unwrap().to_owned();
    f.run(&["show", &axiom]).code(0).says("It is taken as true.").says("reference ");
    for command in ["show", "explain"] {
        let said = f.run(&[command, "pool_simplx"]);
        said.code(2).says(&format!("bfv {command} std.hull.pool_simplex"));
    }
}

#[test]
fn declarations_of_files_are_shown_too_and_come_before_the_library() {
    let f = Folder::new("own");
    f.write("a.sctt", b"import std.real\n\n--- Half of it.\ndef half (x : Real) : Real := x / 2\n\ndef abs_like : Real := 1\n\ndef wrong : Nat := true\n\nclaim c : half 2 = 1\nby unfold half arith\n");
    f.run(&["show", "half", "a.sctt"])
        .code(0)
        .says("Definition half, file a.sctt, line 4.")
        .says("Comment: Half of it.");
    f.run(&["explain", "abs like", "a.sctt"]).code(0).says("Definition abs like, file a.sctt, line 6.");
    f.run(&["show", "wrong", "a.sctt"]).code(3).says("Error E0210");
    f.run(&["show", "c", "a.sctt"]).says("Claim c, file a.sctt");
    f.write("b.sctt", b"def weighted_mean : Nat := 1\n");
    f.run(&["show", "weighted_mean", "b.sctt"]).code(0).says("file b.sctt, line 1");
    f.run(&["show", "std.fusion.weighted_mean", "b.sctt"]).code(0).says("file library std.fusion");
}

#[test]
fn the_library_can_be_listed() {
    let f = Folder::new("list");
    f.run(&["list", "std"]).code(0).says("Name: std.hull. Declarations: ");
    let said = f.run(&["list", "std.hull"]);
    said.code(0).says("in 1 module of the library.").says("Name: std.hull.InHull. Kind: Definition. Line: ");
    f.run(&["list", "std.hul"]).code(2).says("Suggestion 1 of 3: bfv list std.hull");
}

#[test]
fn an_unknown_names_the_word_that_can_be_explained() {
    let f = Folder::new("reason");
    f.write("a.sctt", b"import std.nat\nclaim root (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n");
    let said = f.run(&["check", "a.sctt"]);
    said.code(4).says("Unknown: root, line 2. Reason: incomplete, because the search ended and found no answer.");
    said.says("Hint: to read what to do about it, run bfv explain incomplete");
    f.run(&["explain", "incomplete"]).code(0).says("Give a proof with by");
    let said = f.run(&["check", "a.sctt", "--budget", "20"]);
    said.code(4).says("Reason: budget, because the step budget is used up.");
    said.says("Hint: to give it more steps, run bfv check a.sctt --goal root --budget 80");
}

#[test]
fn the_hint_of_the_gate_fits_the_failure() {
    let p = Project::new("hints", "");
    let hint = |words: &str| {
        let said = p.run(&["gate"]);
        let hint = said.code(5).out.lines().find(|l| l.starts_with("Hint: ")).unwrap().to_owned();
        assert!(hint.contains(words), "{words}: {}", said.out);
        hint
    };
    p.write("m.sctt", "import std.real\nclaim c (x : Real) (h : 1 <= x) : 0 < x\n");
    assert_eq!(hint("run bfv check"), "Hint: To search for what is missing and store it, run bfv check");
    p.run(&["check"]).code(0);
    p.write("m.sctt", "import std.real\nclaim c (x : Real) (h : 2 <= x) : 0 < x\n");
    hint("Read the claim that has changed, then run bfv check");
    p.run(&["check"]).code(0);
    std::fs::copy(p.proof("m/c"), p.proof("m/gone")).unwrap();
    let only = hint("Delete a proof that belongs to no claim, or name its file in the line sources of bfv.toml");
    assert!(!only.contains("bfv check"), "{only}");
    std::fs::remove_file(p.proof("m/gone")).unwrap();
    p.write("bfv.toml", "name = \"p\"\n[gate]\nallow = []\n");
    p.write("m.sctt", "import std.real\nclaim c (a b : Real) (h : a <= b) (k : b <= a) : a = b\n");
    p.run(&["check"]).code(0);
    assert!(!hint("add it to the line allow of bfv.toml").contains("bfv check"));
    p.write("bfv.toml", "name = \"p\"\n");
    let open = "import std.nat\n@[expect unknown]\nclaim root (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n";
    p.write("m.sctt", open);
    for part in ["c", "c-hypotheses"] {
        std::fs::remove_file(p.proof(&format!("m/{part}"))).unwrap();
    }
    hint("list it with a reason under [[gate.unknown]] in bfv.toml");
}

#[test]
fn one_path_that_cannot_be_read_stops_no_other() {
    let f = two("unreadable");
    let said = f.run(&["check", "missing.sctt", "first.sctt", "also-missing.sctt"]);
    said.code(74).says("Found 2 errors in first.sctt, and checked 2 goals: 1 proved, 1 refuted,");
    said.says("The file missing.sctt cannot be read").says("The file also-missing.sctt cannot be read");
    said.says("Refuted: too large, line 2.");
    f.run(&["list", "missing.sctt", "first.sctt"]).code(74).says("Found 2 claims and 1 error.");
    std::fs::create_dir(f.0.join("empty")).unwrap();
    f.run(&["check", "missing.sctt", "empty", "first.sctt"]).code(74).says("The folder empty holds no .sctt file.");
    // A goal that is not found is no mistake of its own where a file is missing.
    f.run(&["check", "missing.sctt", "first.sctt", "--goal", "x"])
        .code(74)
        .says("The file missing.sctt cannot be read");
    // The gate judges the others, and takes no proof of the missing file for an orphan.
    let p = Project::new("unreadable", "");
    p.write("m.sctt", "claim a : 1 = 1\n");
    p.write("n.sctt", "claim b : 2 = 2\n");
    p.run(&["check"]).code(0);
    std::fs::remove_file(p.path("n.sctt")).unwrap();
    p.write("bfv.toml", "name = \"p\"\nsources = [\"m.sctt\", \"n.sctt\"]\n");
    p.run(&["gate"]).code(74).says("Gate failed: 1 claim and 0 violations, with 1 error");
}

#[test]
fn a_file_that_is_no_source_gives_one_error() {
    let f = Folder::new("no-source");
    let noise: Vec<u8> = (0..9_000_u32).map(|n| u8::try_from(n.wrapping_mul(2_654_435_761) >> 24).unwrap()).collect();
    f.write("a.png", &[&b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"[..], &noise].concat());
    f.write("b.pdf", b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n");
    f.write("c.json", b"{\n  \"claim\": [\"def ;\", \"def ;\"],\n  \"other\": \"$ $ $ $\"\n}\n");
    f.write("d.sctt", &noise);
    for (file, words) in [
        ("a.png", "This file is of another kind than text"),
        ("b.pdf", "This file is of another kind than text"),
        ("c.json", "The name of this file ends in `.json`, and its text is no source."),
        ("d.sctt", "This file is of another kind than text"),
    ] {
        let said = f.run(&["check", file]);
        said.code(3).says(&format!("Error E0113: {words}"));
        said.says("Found 1 error in ");
    }
    // Where the text is one, the name does not matter.
    f.write("e.txt", b"claim a : 1 = 1\n");
    f.run(&["check", "e.txt"]).code(0);
}

#[test]
fn errors_of_a_file_are_shown_up_to_twenty_and_the_others_counted() {
    let f = Folder::new("errors");
    let count = |out: &str| out.lines().filter(|l| l.starts_with("Error ")).count();
    f.write("a.sctt", "def ;\n".repeat(50).as_bytes());
    f.write("b.sctt", "def x : Nat := true\n".as_bytes());
    let said = f.run(&["check", "a.sctt", "b.sctt"]);
    said.code(3).says("Error E0112: This file has 30 more errors, which are left out here.").says("File b.sctt");
    assert_eq!(count(&said.out), 22, "{}", said.out);
    f.write("a.sctt", "def ;\n".repeat(500).as_bytes());
    let said = f.run(&["check", "a.sctt"]);
    said.code(3).says("Error E0112: This file has at least 80 more errors, which are left out here.");
    assert_eq!(count(&said.out), 21, "{}", said.out);
}

#[test]
fn a_missing_bracket_names_the_inner_one_too() {
    let f = Folder::new("bracket");
    f.write("a.sctt", b"import std.fusion\nclaim c {k : Nat} (x : Vec (k + 1 Real) (m : Real) : m <= max x\n");
    let said = f.run(&["check", "a.sctt"]);
    said.code(3)
        .says("Error E0122")
        .says("See line 2, column 28: The bracket left open may also be this one inside it.");
}

#[test]
fn proofs_of_files_that_the_project_does_not_name_are_not_stored() {
    let p = Project::new("named", "");
    std::fs::create_dir(p.path("specs")).unwrap();
    p.write("bfv.toml", "name = \"p\"\nsources = [\"specs\"]\n");
    p.write("specs/m.sctt", "claim a : 1 = 1\n");
    p.write("mine.sctt", "claim b : 2 = 2\n");
    p.run(&["check", "specs/../specs", "mine.sctt"]).code(0);
    assert!(p.proof("m/a").exists() && !Path::new(&p.path("proofs/mine")).exists());
    p.run(&["gate"]).code(0);
    let why = "The proof is not stored, because bfv.toml names other sources than mine.sctt. To store it, add";
    p.run(&["check", "mine.sctt", "--goal", "b"]).code(0).says(why);
    p.run(&["explain", "b", "mine.sctt"]).code(0).says(why);
    assert!(!p.run(&["check", "mine.sctt"]).out.contains("stored"));
    let said = p.run(&["gate", "mine.sctt"]);
    said.code(5).says("Proofs of these files are not stored, because bfv.toml names other sources: mine.sctt.");
    said.says("Hint: Name the file in the line sources of bfv.toml, then run bfv check to store what is missing");
    // Once it is named, it is stored, and the sentence is gone.
    p.write("bfv.toml", "name = \"p\"\nsources = [\"specs\", \"mine.sctt\"]\n");
    assert!(!p.run(&["check", "mine.sctt", "--goal", "b"]).code(0).out.contains("not stored"));
    p.run(&["gate", "mine.sctt"]).code(0);
    p.run(&["gate"]).code(0);
}

/// The first line is heard before all else: at 175 words a minute, 8 seconds are 23 words.
#[test]
fn the_first_line_is_short_however_many_bundles_are_used() {
    let f = Folder::new("bundles");
    let mut text = "import std.real\n\n".to_owned();
    for n in 0..3 {
        text += &format!(
            "@[bundle b{n}, reference \"Data sheet\"]\naxiom at{n} (t : Nat) : t <= t + {n}\n\nclaim c{n} (t : Nat) : t <= t + {n}\nby exact at{n} t\n\n"
        );
    }
    f.write("a.sctt", text.as_bytes());
    let said = f.run(&["check", "a.sctt"]);
    let first = said.code(0).out.lines().next().unwrap();
    assert_eq!(first, "Checked 3 goals in a.sctt: 3 proved, 0 refuted, 0 unknown. Axiom bundles: 3.");
    assert!(first.split_whitespace().count() <= 23);
    f.run(&["explain", "c1", "a.sctt"]).code(0).says("It rests on the axioms of 1 bundle: b1.");
}
