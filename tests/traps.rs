//! The traps of SOUNDNESS.md through three doors: a source, a stored proof, the second checker. Each names the reason of the refusal.
//!
//! The sources lie in `tests/traps/`, with what must be said of each declaration written above it; the stored terms are in `tests/traps/core.rs` and `kan.rs`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../crates/kernel/tests/common/mod.rs"]
mod common;
#[path = "traps/core.rs"]
mod core;
#[path = "traps/kan.rs"]
mod kan;

use bfv_format::{Decl, Node, Outcome, Prim, Stored, Term, write};
use bfv_kernel::{Limits, Signature};
use common::{app, axiom, c, def, dlam, empty, lam, let_, num, path, pi, prim, theorem, v};
use core::Case;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

/// A folder of one test with settings of its own; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bfv-traps-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }

    /// A folder with a `bfv.toml` that allows the bundle `real` only.
    fn project(name: &str) -> Self {
        let folder = Folder::new(name);
        folder.write("bfv.toml", b"name = \"traps\"\n\n[gate]\nallow = [\"real\"]\n");
        folder
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        let path = self.0.join(file);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn bfv(&self, args: &[&str]) -> Output {
        let mut c = Command::new(env!("CARGO_BIN_EXE_bfv"));
        c.args(args).current_dir(&self.0).stdin(Stdio::null()).env("BFV_CONFIG", self.0.join("settings.toml"));
        for name in ["NO_COLOR", "ACCESSIBLE", "BFV_ACCESSIBLE", "NO_GRAPHICS"] {
            c.env_remove(name);
        }
        c.output().unwrap()
    }

    /// What the program of the second checker prints about some files, one line for each.
    fn recheck(&self, files: &[String]) -> Vec<String> {
        let o = Command::new(second_checker()).args(files).current_dir(&self.0).output().unwrap();
        let out = text(&o.stdout);
        let lines: Vec<String> = out.lines().skip(1).map(str::to_owned).collect();
        assert_eq!(lines.len(), files.len(), "{out}");
        let rejected = lines.iter().any(|l| l.starts_with("Rejected: "));
        assert_eq!(o.status.code(), Some(i32::from(rejected)), "{out}");
        lines
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The program `bfv-recheck`, which belongs to another package: built when it is not there or not up to date.
fn second_checker() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let folder = Path::new(env!("CARGO_BIN_EXE_bfv")).parent().unwrap();
        let mut build = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        build
            .args(["build", "--quiet", "--locked", "--workspace", "--bin", "bfv-recheck"])
            .current_dir(env!("CARGO_MANIFEST_DIR"));
        if folder.ends_with("release") {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "bfv-recheck cannot be built");
        folder.join("bfv-recheck")
    })
}

/// What a comment in a trap demands of the declaration below it.
struct Demand {
    line: usize,
    /// The last line of the declaration.
    end: usize,
    what: String,
    words: String,
}

/// The demands of a file. A declaration ends before the next empty line.
fn demands(source: &str) -> Vec<Demand> {
    let lines: Vec<&str> = source.lines().collect();
    let kinds = ["refused ", "proved", "refuted", "unknown"];
    let mut out = Vec::new();
    for (n, line) in lines.iter().enumerate() {
        let Some(rest) = line.strip_prefix("-- ").filter(|r| kinds.iter().any(|k| r.starts_with(k))) else { continue };
        let (what, words) = rest.split_once(": ").unwrap_or((rest, ""));
        let end = (n..lines.len()).find(|k| lines[*k].is_empty()).unwrap_or(lines.len());
        assert!(end > n + 1, "line {}: a demand stands directly above its declaration", n + 1);
        out.push(Demand { line: n + 1, end, what: what.to_owned(), words: words.to_owned() });
    }
    out
}

/// Judges a trap by the program and holds every error and every verdict against the comments. Returns the report.
fn source(name: &str) -> Value {
    let folder = Folder::new(name);
    source_in(&folder, name)
}

fn source_in(folder: &Folder, name: &str) -> Value {
    let file = format!("{name}.sctt");
    let source =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps").join(&file)).unwrap();
    folder.write(&file, source.as_bytes());
    let report: Value = serde_json::from_slice(&folder.bfv(&["check", &file, "--format", "json"]).stdout).unwrap();
    let demands = demands(&source);
    assert!(demands.iter().any(|d| d.what != "proved"), "{file} refuses nothing");
    let mut met = vec![0; demands.len()];
    let line = |v: &Value| usize::try_from(v["range"]["start"]["line"].as_u64().unwrap()).unwrap();
    let found = |line: usize| demands.iter().position(|d| d.line < line && line <= d.end);
    for p in report["problems"].as_array().unwrap() {
        let (code, message) = (p["code"].as_str().unwrap(), p["message"].as_str().unwrap());
        let n = found(line(p)).unwrap_or_else(|| panic!("{file}, line {}: {code}: {message}", line(p)));
        assert_eq!(format!("refused {code}"), demands[n].what, "{file}, line {}: {message}", line(p));
        assert!(message.contains(&demands[n].words), "{file}, line {}: {message}", line(p));
        met[n] += 1;
    }
    for g in report["goals"].as_array().unwrap() {
        let (verdict, message) = (g["verdict"].as_str().unwrap(), g["message"].as_str().unwrap());
        let n = found(line(g)).unwrap_or_else(|| panic!("{file}, line {}: no demand: {message}", line(g)));
        assert_eq!(verdict, demands[n].what, "{file}, line {}: {message}", line(g));
        assert!(message.contains(&demands[n].words), "{file}, line {}: {message}", line(g));
        met[n] += 1;
    }
    for (d, met) in demands.iter().zip(met) {
        assert_eq!(met, 1, "{file}, line {}: `{}` is met {met} times", d.line, d.what);
    }
    report
}

fn stored_bytes(case: &Case, claim: &str) -> Vec<u8> {
    write(&Stored {
        decls: case.decls.clone(),
        claim: claim.to_owned(),
        statement: prim(Prim::Unit),
        verdict: Outcome::Proved,
        evidence: case.evidence(),
        witness: vec![],
        engine: "by hand".into(),
    })
}

/// Seals every case as the proof of a claim that is true by itself, and asks the gate and the second checker, both as programs.
/// `words` are the gate's and the second checker's where they are not the reason itself.
fn stored(name: &str, cases: &[Case], words: Option<[&str; 2]>) {
    let folder = Folder::project(&format!("{name}-stored"));
    let claims: Vec<String> = (0..cases.len()).map(|n| format!("claim c{n} : Unit := tt\n")).collect();
    folder.write("m.sctt", format!("module m\n\n{}", claims.join("\n")).as_bytes());
    for (n, case) in cases.iter().enumerate() {
        folder.write(&format!("proofs/m/c{n}.bfvp"), &stored_bytes(case, &format!("m.c{n}")));
    }
    let gate = folder.bfv(&["gate", "m.sctt"]);
    let out = text(&gate.stdout);
    assert_eq!(gate.status.code(), Some(5), "{name}: {out}");
    let files: Vec<String> = (0..cases.len()).map(|n| format!("proofs/m/c{n}.bfvp")).collect();
    let second = folder.recheck(&files);
    assert!(cases.iter().any(|c| c.reason.is_some()));
    for (n, (case, second)) in cases.iter().zip(&second).enumerate() {
        let about = |l: &&str| [":", " "].iter().any(|after| l.contains(&format!("stored proof of m.c{n}{after}")));
        let said: Vec<&str> = out.lines().filter(about).collect();
        let second = plain(second);
        match case.reason {
            None => {
                assert!(said.is_empty(), "{name}, case {n}: {said:?}");
                assert!(second.starts_with(&format!("Proved: m.c{n}. ")), "{name}, case {n}: {second}");
            }
            Some(reason) => {
                let [of_gate, of_second] =
                    words.map_or([format!(": {reason}"), format!("Reason: {reason}")], |w| w.map(str::to_owned));
                assert_eq!(said.len(), 1, "{name}, case {n}: {out}");
                assert!(said[0].contains(&of_gate), "{name}, case {n}: {}", said[0]);
                let rejected = format!("Rejected: proofs/m/c{n}.bfvp. ");
                assert!(second.starts_with(&rejected) && second.contains(&of_second), "{name}, case {n}: {second}");
            }
        }
    }
}

/// A test with a name for each trap: its source, and its stored terms where there are some.
macro_rules! traps {
    ($($name:ident $(, $cases:ident)?;)*) => {
        $(#[test]
        fn $name() {
            source(stringify!($name));
            $(stored(stringify!($name), &core::$cases(), None);)?
        })*
    };
}

traps! {
    t01_type_in_type, t01;
    t02_hurkens, t02;
    t03_levels, t03;
    t04_negative_data, t04;
    t05_positivity_through_names, t05;
    // T7 and T8 speak of the elaborator: the kernel has no recursion, so there is no term to store.
    t07_transported_recursion;
    t08_patterns_on_paths;
    t09_side_disagrees_with_base, t09;
    t10_sides_disagree, t10;
    t11_regularity, t11;
    t12_forgotten_face, t12;
    t13_coe_direction, t13;
    t14_faces_out_of_scope, t14;
    t15_true_is_false, t15;
    t16_path_ends, t16;
    t17_interval_as_data, t17;
    t17_dimensions_of_constructors;
    t18_false_face_leaks, t18;
    t19_no_condition_of_constancy, t19;
    t20_for_all, t20;
    t21_diagonals, t21;
    t22_bogus_equivalences, t22;
    t23_parts_of_glued_elements, t23;
    t24_glued_elements_compared, t24;
    t25_uniqueness_of_proofs, t25;
    t26_missing_cases, t26;
    t26_branches_and_boundaries;
    t27_boundaries, t27;
    t28_exported_witness;
    t28_truncation, t28;
    t29_capture, t29;
    t30_boundaries_are_not_scrambled, t30;
    t31_coe_at_path_constructors, t31;
    t37_division_and_order, t37;
    t38_interval_and_reals, t38;
    t39_sides_that_rest_on_more, t39;
    t40_rules_conclude_falsehood, t40;
    t44_rules_under_substitution, t44;
    t45_large_numbers, t45;
    t47_displacement, t47;
    c01_transport_along_negation;
    c02_transport_along_a_composite;
    c03_many_negations;
    c04_coe_at_numbers;
    c05_transport_along_the_successor;
    c06_winding_numbers;
    c08_addition_along_paths;
    c09_function_extensionality;
    c10_eta;
    c11_path_elimination_closed;
    c12_path_elimination_open;
    c13_hcom_at_numbers;
    c14_hcom_goes_inside;
    c15_trivial_kan;
    c16_coe_at_functions;
    c17_glue_on_its_faces;
    c18_unglue_on_its_faces;
    c19_recursion_on_the_circle;
    c20_compositions_in_the_circle;
    c21_torus;
    c22_suspension_of_bool;
    c23_truncations;
    c24_coe_at_pairs;
    c25_coe_at_lists;
    c26_double_symmetry;
    c28_transport_in_the_universe;
}

/// A statement without the `not` before its conclusion: it says that there is what there is not.
fn affirmed(statement: &Term) -> Option<Term> {
    match &**statement {
        Node::Pi(a, b) if **b == Node::Prim(Prim::Empty) => Some(a.clone()),
        Node::Pi(a, b) => affirmed(b).map(|b| pi(a.clone(), b)),
        Node::App(not, a) if matches!(**not, Node::Const { .. }) => Some(a.clone()),
        _ => None,
    }
}

/// T34 to T36: a derivative is a relation here and smoothness a statement, so such a claim is refuted or no lemma gives it.
/// No term is known that could be stored for it. What can be: the proof of what is true, under a claim that says the opposite.
fn smooth_claims(name: &str) {
    let folder = Folder::project(name);
    let report = source_in(&folder, name);
    let gate = || text(&folder.bfv(&["gate", &format!("{name}.sctt")]).stdout);
    let goals = report["goals"].as_array().unwrap();
    let place = |g: &Value| {
        let (module, claim) = g["name"].as_str().unwrap().split_once('.').unwrap();
        format!("proofs/{module}/{claim}.bfvp")
    };
    let (proved, unknown): (Vec<&Value>, Vec<&Value>) = goals.iter().partition(|g| g["verdict"] == "proved");
    assert!(!proved.is_empty() && !unknown.is_empty());
    for g in &unknown {
        assert!(!folder.0.join(place(g)).exists(), "{g}");
    }
    let mut denials = 0;
    for g in &proved {
        let file = place(g);
        assert!(folder.recheck(std::slice::from_ref(&file))[0].starts_with("Proved: "), "{file}");
        let bytes = std::fs::read(folder.0.join(&file)).unwrap();
        let stored = bfv_format::read(&bytes).unwrap();
        let Some(statement) = affirmed(&stored.statement) else { continue };
        denials += 1;
        // Under a claim that is unknown, the gate sees that it is the proof of another one.
        folder.write(&place(unknown[0]), &bytes);
        let out = gate();
        let claim = unknown[0]["name"].as_str().unwrap();
        assert!(out.contains(&format!("stale: The stored proof of {claim} is stale")), "{out}");
        std::fs::remove_file(folder.0.join(place(unknown[0]))).unwrap();
        // Said to show the opposite, it is refused by both.
        let forged = write(&Stored { statement, ..stored });
        let reasons = common::big(move || {
            let s = bfv_format::read(&forged).unwrap();
            both(&s.decls, &s.statement, &s.evidence)
        });
        assert_eq!(reasons, [Some("type mismatch"); 2], "{file}");
    }
    assert!(denials > 0, "{name}");
}

#[test]
fn t34_smooth_by_name() {
    smooth_claims("t34_smooth_by_name");
}

#[test]
fn t35_derivatives_at_kinks() {
    smooth_claims("t35_derivatives_at_kinks");
}

#[test]
fn t36_orders_of_smoothness() {
    smooth_claims("t36_orders_of_smoothness");
}

/// A declaration that names itself does not get past the reader: its constants come earlier in the file.
#[test]
fn t06_loops() {
    source("t06_loops");
    let itself = |decl: Decl| Case { decls: vec![decl], term: None, reason: Some("constant does not come earlier") };
    let words = ["is damaged: constant does not come earlier", "Reason: unreadable. constant does not come earlier"];
    stored("t06_loops", &[itself(def(empty(), c(0))), itself(theorem(empty(), c(0)))], Some(words));
}

/// Holes do not exist in core terms. What a stored proof can smuggle is an axiom, a theorem without its proof, a lie about its verdict.
#[test]
fn t32_smuggled() {
    let folder = Folder::project("t32");
    let report = source_in(&folder, "t32_smuggled");
    for g in report["goals"].as_array().unwrap() {
        let name = g["name"].as_str().unwrap().rsplit('.').next().unwrap();
        let axioms: Vec<&str> = g["axioms"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        let expected: &[&str] = if ["by_the_axiom", "through_theorems"].contains(&name) { &["lies"] } else { &[] };
        assert_eq!(axioms, expected, "{name}");
    }
    let false_now = || path(prim(Prim::Nat), num(0), num(1));
    let words = ["it brings the axiom a, which the source does not have", ""];
    let case = |decls: Vec<Decl>, reason| Case { decls, term: Some((false_now(), c(0))), reason };
    stored("t32_proof", &[case(vec![theorem(false_now(), dlam(num(0)))], Some("wrong path endpoint"))], None);
    // An axiom is no mistake of the term, so the second checker accepts and names its bundle; the gate refuses it.
    let lie = case(vec![axiom("lies", false_now())], None);
    let bytes = stored_bytes(&lie, "m.lie");
    folder.write("m.sctt", b"module m\n\nclaim lie : Unit := tt\n");
    folder.write("proofs/m/lie.bfvp", &bytes);
    let gate = folder.bfv(&["gate", "m.sctt"]);
    assert!(gate.status.code() == Some(5) && text(&gate.stdout).contains(words[0]), "{}", text(&gate.stdout));
    let second = folder.recheck(&["proofs/m/lie.bfvp".to_owned()]);
    assert!(second[0].starts_with("Proved: m.lie. Axiom bundles: lies. "), "{second:?}");
    // Evidence said to be a refutation of what is true.
    let evidence = lam(v(0));
    let stored = Stored {
        decls: vec![],
        claim: "m.lie".into(),
        statement: prim(Prim::Unit),
        verdict: Outcome::Refuted,
        evidence,
        witness: vec![],
        engine: "by hand".into(),
    };
    folder.write("proofs/m/lie.bfvp", &write(&stored));
    let out = text(&folder.bfv(&["gate", "m.sctt"]).stdout);
    assert!(out.contains("The kernel rejects the stored proof of m.lie: type mismatch"), "{out}");
    let second = folder.recheck(&["proofs/m/lie.bfvp".to_owned()]);
    assert!(second[0].starts_with("Rejected: proofs/m/lie.bfvp. Reason: type mismatch."), "{second:?}");
}

/// What `bfv check` proved and stored, the gate and the second checker accept, with the same verdict and the same axioms.
#[test]
fn t33_two_doors() {
    let folder = Folder::project("t33");
    let report = source_in(&folder, "t33_two_doors");
    let gate = folder.bfv(&["gate", "t33_two_doors.sctt"]);
    assert_eq!(gate.status.code(), Some(0), "{}", text(&gate.stdout));
    let goals = report["goals"].as_array().unwrap();
    let name = |g: &Value| g["name"].as_str().unwrap().to_owned();
    let files: Vec<String> =
        goals.iter().map(|g| format!("proofs/t33/{}.bfvp", name(g).rsplit('.').next().unwrap())).collect();
    for (g, second) in goals.iter().zip(folder.recheck(&files)) {
        let word = if g["verdict"] == "proved" { "Proved" } else { "Refuted" };
        let axioms: Vec<&str> = g["axioms"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        let axioms = if axioms.is_empty() { "none".to_owned() } else { axioms.join(", ") };
        assert!(second.starts_with(&format!("{word}: {}. Axiom bundles: {axioms}. ", name(g))), "{second}");
    }
    assert!(goals.len() >= 12);
}

/// The reasons of both checkers for declarations and evidence.
fn both(decls: &[Decl], statement: &Term, evidence: &Term) -> [Option<&'static str>; 2] {
    let mut kernel = Signature::new();
    let mut second = bfv_recheck::Judge::new(bfv_recheck::Limits::default());
    let of_kernel = decls
        .iter()
        .try_for_each(|d| kernel.add(d.clone(), Limits::default()).map(|_| ()))
        .and_then(|()| kernel.prove(statement, evidence, Limits::default()).map(|_| ()));
    let of_second = decls
        .iter()
        .try_for_each(|d| second.add(d))
        .and_then(|()| second.judge(statement, bfv_recheck::Verdict::Proved, evidence));
    [of_kernel.err().map(|r| r.reason), of_second.err().map(|r| r.reason)]
}

/// A refused term is refused wherever it stands, by both checkers and for its own reason.
#[test]
fn t33_a_refused_term_has_no_place_to_hide() {
    common::big(|| {
        let star = || prim(Prim::Star);
        let unit = || prim(Prim::Unit);
        let mut judged = 0;
        for (trap, cases) in core::all() {
            for (n, case) in cases.iter().enumerate() {
                let inner = case.evidence();
                let function = |body: Term| let_(pi(unit(), unit()), lam(body), app(v(0), star()));
                let choose = |scrutinee: Term, yes: Term| {
                    common::bool_elim(unit(), yes, star(), let_(unit(), scrutinee, prim(Prim::True)))
                };
                let with = |d: Decl| [case.decls.clone(), vec![d]].concat();
                let places = [
                    (case.decls.clone(), unit(), inner.clone()),
                    (case.decls.clone(), unit(), function(inner.clone())),
                    (case.decls.clone(), unit(), app_fst(inner.clone())),
                    (case.decls.clone(), unit(), choose(inner.clone(), star())),
                    (case.decls.clone(), unit(), choose(star(), inner.clone())),
                    (case.decls.clone(), path(unit(), inner.clone(), star()), dlam(star())),
                    (case.decls.clone(), path(unit(), star(), star()), dlam(inner.clone())),
                    (with(def(unit(), inner.clone())), unit(), star()),
                    (with(theorem(unit(), inner.clone())), unit(), star()),
                    (with(axiom("a", path(unit(), inner.clone(), star()))), unit(), star()),
                ];
                for (place, (decls, statement, evidence)) in places.into_iter().enumerate() {
                    // Some places bind a variable or a dimension, so that what was out of scope no longer is.
                    if case.reason.is_some_and(|r| r.ends_with("out of scope")) && [1, 6].contains(&place) {
                        continue;
                    }
                    let [kernel, second] = both(&decls, &statement, &evidence);
                    assert_eq!(kernel, case.reason, "{trap}, case {n}, place {place}, the kernel");
                    assert_eq!(
                        second.map(plain).as_deref(),
                        case.reason,
                        "{trap}, case {n}, place {place}, the second checker"
                    );
                    judged += 1;
                }
            }
        }
        println!("{judged} places of terms judged alike by both checkers.");
        assert!(judged > 1000, "{judged}");
    });
}

/// `(term, tt).1`, of a pair whose type is known.
fn app_fst(x: Term) -> Term {
    let unit = || prim(Prim::Unit);
    let_(common::sigma(unit(), unit()), common::pair(x, prim(Prim::Star)), common::fst(v(0)))
}

/// The second checker's reasons in the words of the kernel, where the two differ.
fn plain(reason: &str) -> String {
    reason.replace("unbound variable", "variable out of scope")
}

/// A stored proof brings no axioms at all, so the gate's reason is another one than the second checker's.
#[test]
fn t41_axioms_over_types() {
    source("t41_axioms_over_types");
    let words = ["it brings the axiom a, which the source does not have", "Reason: axiom over types."];
    stored("t41_axioms_over_types", &core::t41(), Some(words));
}

/// No checker knows which axioms are true: the bundle is named everywhere, and the gate refuses it.
#[test]
fn t42_junk_axioms() {
    let folder = Folder::project("t42");
    let report = source_in(&folder, "t42_junk_axioms");
    let axioms = |name: &str| {
        let goals = report["goals"].as_array().unwrap();
        let g = goals.iter().find(|g| g["name"] == format!("t42_junk_axioms.{name}")).unwrap();
        g["axioms"].as_array().unwrap().iter().map(|a| a.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(axioms("log_is_zero"), ["logarithm", "real"]);
    assert_eq!(axioms("anything"), ["exponential", "logarithm"]);
    let gate = folder.bfv(&["gate", "t42_junk_axioms.sctt"]);
    let out = text(&gate.stdout);
    assert_eq!(gate.status.code(), Some(5), "{out}");
    for (claim, bundle) in [("log_is_zero", "logarithm"), ("anything", "logarithm"), ("anything", "exponential")] {
        let sentence = format!("The proof of t42_junk_axioms.{claim} uses the axiom bundle {bundle}, which the gate");
        assert!(out.contains(&sentence), "{out}");
    }
    let second = folder.recheck(&["proofs/t42_junk_axioms/anything.bfvp".to_owned()]);
    assert!(second[0].contains("Axiom bundles: exponential, logarithm."), "{second:?}");
}

/// The bytes of such a number are refused by the reader, before any checker sees them.
#[test]
fn t46_lowest_terms() {
    source("t46_lowest_terms");
    let (no_fraction, other): (Vec<Case>, Vec<Case>) =
        core::t46().into_iter().partition(|c| c.term.as_ref().is_some_and(|(_, x)| *x == common::rat(1, 0)));
    assert_eq!((no_fraction.len(), other.len()), (1, 5));
    let words = ["is damaged: fraction not in lowest terms", "Reason: unreadable. fraction not in lowest terms"];
    stored("t46_lowest_terms", &other, Some(words));
    let words = ["is damaged: denominator not positive", "Reason: unreadable. denominator not positive"];
    stored("t46_denominator", &no_fraction, Some(words));
}

#[test]
fn every_trap_has_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traps");
    let tests = include_str!("traps.rs");
    let mut all = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(stem) = name.strip_suffix(".sctt") {
            assert!(tests.contains(&format!(" {stem}")) || tests.contains(&format!("\"{stem}\"")), "{name}");
            all += 1;
        }
    }
    assert!(all >= 40, "{all} traps");
}

/// Every trap and every computation of the list has a row in `sctt/SOUNDNESS.md`, with a test that is there, or a reason.
#[test]
fn every_line_of_the_list_has_a_test_or_a_reason() {
    let page = include_str!("../sctt/SOUNDNESS.md");
    let sources = [
        include_str!("traps.rs"),
        include_str!("../crates/kernel/tests/attacks.rs"),
        include_str!("../crates/kernel/tests/cubical.rs"),
        include_str!("../crates/kernel/tests/glue.rs"),
        include_str!("../sctt/cubical/computations.sctt"),
    ];
    let is_there = |name: &str| {
        let forms = [
            format!("\nfn {name}()"),
            format!("\n    {name};"),
            format!("\n    {name}, "),
            format!("\ntheorem {name} "),
        ];
        sources.iter().any(|s| forms.iter().any(|f| s.contains(f)))
    };
    let mut missing = Vec::new();
    for (letter, last) in [("T", 47), ("C", 28)] {
        for n in 1..=last {
            let rows: Vec<&str> = page.lines().filter(|l| l.starts_with(&format!("| {letter}{n} |"))).collect();
            assert_eq!(rows.len(), 1, "{letter}{n}");
            let names: Vec<&str> = rows[0].split('`').skip(1).step_by(2).collect();
            let own = format!("{}{n:02}_", letter.to_lowercase());
            let tests: Vec<&&str> = names.iter().filter(|name| name.starts_with(&own)).collect();
            missing.extend(tests.iter().filter(|name| !is_there(name)).map(|name| (**name).to_owned()));
            if tests.is_empty() && !rows[0].contains("| no test: ") {
                missing.push(format!("{letter}{n}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    assert!(!is_there("t99_nothing") && is_there("t01_type_in_type") && is_there("c01_transport_along_negation"));
}

#[test]
fn a_demand_that_is_not_met_would_be_noticed() {
    let all = demands("-- words\n\n-- refused E0210: why\ndef a : Nat :=\n  true\n\ndef b : Nat := true\n");
    assert_eq!(all.len(), 1);
    assert_eq!((all[0].line, all[0].end, all[0].what.as_str(), all[0].words.as_str()), (3, 5, "refused E0210", "why"));
}
