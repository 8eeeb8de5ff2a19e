//! Every form of the language, read once, with what its tree says.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use bfv_diag::Code;
use bfv_syntax::print;
use bfv_syntax::tree::*;
use common::{codes, expression, good, shape};

fn only(source: &str) -> Decl {
    let file = good(source);
    assert_eq!(file.decls.len(), 1, "{source}");
    file.decls[0].clone()
}

/// Printed with all steps in braces.
fn script_of(source: &str) -> String {
    match only(&format!("theorem t : A {source}")).body {
        Body::By(s) => print::script(&s),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_example_of_the_design() {
    let file = good(
        "module examples.weighted\nimport std.real\nimport std.sum\nimport std.fusion\nimport std.smooth\n\n\
         operator weighted_mean {k : Nat} (w x : Vec k Real) : Real := sum i, w i * x i\n\n\
         claim hull {k : Nat} (w x : Vec (k+1) Real) (hw : Simplex w) :\n  min x <= weighted_mean w x /\\ weighted_mean w x <= max x\n\n\
         claim smooth {k : Nat} : Smooth inf (fun (w x : Vec k Real) => weighted_mean w x)\n\n\
         @[expect refuted, holds_if Simplex w]\nclaim hull_without_simplex {k : Nat} (w x : Vec (k+1) Real) : weighted_mean w x <= max x\n",
    );
    assert_eq!(file.module.unwrap().text, "examples.weighted");
    assert_eq!(
        file.imports.iter().map(|n| n.text.as_str()).collect::<Vec<_>>(),
        ["std.real", "std.sum", "std.fusion", "std.smooth"]
    );
    let kinds: Vec<DeclKind> = file.decls.iter().map(|d| d.kind).collect();
    assert_eq!(kinds, [DeclKind::Operator, DeclKind::Claim, DeclKind::Claim, DeclKind::Claim]);
    let hull = &file.decls[1];
    assert_eq!(
        hull.binders.iter().map(|b| (b.names.len(), b.implicit)).collect::<Vec<_>>(),
        [(1, true), (2, false), (1, false)]
    );
    assert_eq!(print::expr(hull.ty.as_ref().unwrap()), "min x <= weighted_mean w x /\\ weighted_mean w x <= max x");
    assert!(matches!(hull.body, Body::None));
    let attrs = &file.decls[3].attrs;
    assert_eq!(
        attrs.iter().map(|a| (a.name.text.as_str(), print::expr(&a.args[0]))).collect::<Vec<_>>(),
        [("expect", "refuted".to_string()), ("holds_if", "Simplex w".to_string())]
    );
}

#[test]
fn attributes() {
    let d = only("@[tag hull, bundle real] @[canonical]\n@[reference \"Mathlib: a \\\"b\\\" \\\\ \\n\"]\naxiom a : A");
    assert_eq!(
        d.attrs.iter().map(|a| (a.name.text.as_str(), a.args.len())).collect::<Vec<_>>(),
        [("tag", 1), ("bundle", 1), ("canonical", 0), ("reference", 1)]
    );
    let ExprKind::String(text) = &*d.attrs[3].args[0].kind else { panic!("a reference is a string") };
    assert_eq!(text, "Mathlib: a \"b\" \\ \n");
    assert_eq!(d.span.start, 0, "attributes belong to the declaration");
}

#[test]
fn documentation() {
    let file = good(
        "--- One.\n---   Two.\n-- no doc\n@[tag x]\ndef a := 1\n---------- ornament\ndef b := 1\n/-- Block /- nested -/ end. -/ def c := 1\n@[tag y]\n--- Between.\ndef d := 1\n/- plain -/ def e := 1 --- trailing\n",
    );
    let docs: Vec<Option<&str>> = file.decls.iter().map(|d| d.doc.as_deref()).collect();
    assert_eq!(docs, [Some("One.\nTwo."), None, Some("Block /- nested -/ end."), Some("Between."), None]);
}

#[test]
fn bodies() {
    assert!(matches!(only("def a := 1").body, Body::Term(_)));
    assert!(matches!(only("theorem a : A := by ring").body, Body::By(_)));
    assert!(matches!(only("theorem a : A by ring").body, Body::By(_)));
    assert!(matches!(only("theorem a : A := by { ring }").body, Body::By(_)));
    assert!(matches!(only("axiom a (x : A) : B").body, Body::None));
    let Body::Clauses(cs) =
        only("def f (n m : Nat) : Nat | zero, _ => 0 | suc n, (a, b) => f n 1 | 3, suc (suc m) => 2").body
    else {
        panic!("clauses")
    };
    assert_eq!(
        cs.iter().map(|c| c.patterns.iter().map(print::pattern).collect::<Vec<_>>().join(", ")).collect::<Vec<_>>(),
        ["zero, _", "suc n, (a, b)", "3, suc (suc m)"]
    );
    let Body::RefutedAt { witness, script } =
        only("claim c (k : Nat) : A refuted at (k := 0) (w := [2]) by arith").body
    else {
        panic!("refuted")
    };
    assert_eq!(
        witness.iter().map(|(n, e)| format!("{} {}", n.text, print::expr(e))).collect::<Vec<_>>(),
        ["k 0", "w [2]"]
    );
    assert_eq!(print::script(&script.unwrap()), "{ arith }");
    let Body::RefutedAt { script: None, .. } = only("claim c (k : Nat) : A refuted at (k := 0)").body else {
        panic!("refuted")
    };
    let d = only("data Sum (A B : U 0) : U 0 | inl (a : A) | inr (b : B) | both (a : A) (b : B) | none");
    let Body::Constructors(cs) = d.body else { panic!("constructors") };
    assert_eq!(
        cs.iter().map(|c| (c.name.text.as_str(), c.fields.len())).collect::<Vec<_>>(),
        [("inl", 1), ("inr", 1), ("both", 2), ("none", 0)]
    );
    let Body::Constructors(cs) = only("data Empty' : U 0").body else { panic!("constructors") };
    assert!(cs.is_empty());
}

#[test]
fn bodies_that_do_not_fit() {
    for (source, code) in [
        ("def a : Nat", Code::MissingBody),
        ("operator a : Nat", Code::MissingBody),
        ("theorem a : A", Code::MissingBody),
        ("axiom a : A := 1", Code::MisplacedBody),
        ("axiom a : A by ring", Code::MisplacedBody),
        ("theorem a : A refuted at (k := 1)", Code::MisplacedBody),
        ("claim a : A | x => y", Code::MisplacedBody),
    ] {
        assert_eq!(codes(source.as_bytes()), vec![code], "{source}");
    }
}

/// Each of these is printed as it is written.
const SAME: &[&str] = &[
    "x",
    "std.real.max",
    "f' x_1 _y",
    "0",
    "0.95",
    "0.050",
    "12.00",
    "_",
    "?goal",
    "U 0",
    "f (U 0) {x} (k := 1) {fun x => x}",
    "(x : A)",
    "(a, b, c)",
    "((a, b), c)",
    "[]",
    "[a, [b], (c, d)]",
    "x.1",
    "x.1.2",
    "(x).name",
    "(f x).1.name",
    "(x : A) -> B x",
    "(x y : A) {z : B} -> C",
    "{x : A} -> B",
    "((x : A)) -> B",
    "forall x, P x",
    "forall x {y : A} (z w : B), P x",
    "forall (x : Real), 0 <= x",
    "exists x y, P x y",
    "Sigma (x : A), B x",
    "fun x (y : A) {z : B} => x",
    "let x : A := a in b",
    "let x := a in let y := b in c",
    "if c then a else if d then b else e",
    "sum i, w i",
    "sum (i : Fin k), w i",
    "max i j, a",
    "match e with | inl x => a | inr (y, _) => b | 0 => c end",
    "match e with end",
    "coe 0 1 (fun i => A) e",
    "hcom r s A [i = 0 => fun j => u, i = 1 /\\ k = 0 => v] b",
    "hcom 0 1 A [] b",
    "by { intro x y _; intro; apply f x; exact y; assumption; refl; ring; split; exists 3; show A -> B }",
    "by { rewrite <- e, f x at h; unfold f, g at h; unfold f; rewrite e }",
    "by { arith; arith [a, b]; auto; auto [c] }",
    "by { have h : A := e; have h : A by { ring }; have h := e; have h by { ring } }",
    "by { induction n { zero => refl | suc m ih => { ring }; { } }; cases e { } }",
    "by { exact (ring) }",
    "by { }",
    "f (by { ring })",
    "\"text\"",
];

#[test]
fn expressions_print_as_written() {
    for text in SAME {
        assert_eq!(&print::expr(&expression(text)), text);
    }
}

#[test]
fn other_ways_to_write() {
    for (text, same) in [
        ("forall x y : A, P", "forall (x y : A), P"),
        ("exists x : A, P", "exists (x : A), P"),
        ("match e with | a => b end", "match e with | a => (b) end"),
        ("(by ring, by exact forall x, P)", "(by { ring }, by { exact forall x, P })"),
        ("[by rewrite a, b]", "[by { rewrite a, b }]"),
        ("let h := by ring in h", "let h := by { ring } in h"),
        ("if a then by ring else by refl", "if a then by { ring } else by { refl }"),
        ("match e with | a => by ring | b => by refl end", "match e with | a => by { ring } | b => by { refl } end"),
        ("match by ring with | a => b end", "match by { ring } with | a => b end"),
    ] {
        assert_eq!(shape(&expression(text)), shape(&expression(same)), "{text}");
    }
}

#[test]
fn scripts() {
    for (text, printed) in [
        ("by intro x apply f x exact y", "{ intro x; apply f x; exact y }"),
        ("by ; intro x ;; ring ;", "{ intro x; ring }"),
        ("by\n  intro x\n  rewrite <- e, g at h\n  ring\n", "{ intro x; rewrite <- e, g at h; ring }"),
        ("by intro exists x exists f y", "{ intro; exists x; exists f y }"),
        ("by exact exists x, P", "{ exact exists x, P }"),
        ("by exists fun x => exists y, P", "{ exists fun x => exists y, P }"),
        (
            "by induction n { | zero => ring | suc m ih => exact fun x => exists y, P }",
            "{ induction n { zero => ring | suc m ih => exact fun x => exists y, P } }",
        ),
        ("by cases f {x} y { inl a => ring refl | inr _ => }", "{ cases f {x} y { inl a => ring; refl | inr _ => } }"),
        ("by cases f {x} { a => ring }", "{ cases f {x} { a => ring } }"),
        ("by split { ring } { refl }", "{ split; { ring }; { refl } }"),
        ("by { { ring } { { refl } } }", "{ { ring }; { { refl } } }"),
        ("by apply f {x} { ring }", "{ apply f {x}; { ring } }"),
        // Without braces, a `by` directly inside a script is one step.
        ("by have h : A := by ring exact h", "{ have h : A by { ring }; exact h }"),
        ("by have h : A := by apply f { ring } exact h", "{ have h : A by { apply f }; { ring }; exact h }"),
        ("by have h := by have g := by ring exact h", "{ have h by { have g by { ring } }; exact h }"),
        ("by have h : A by ring; exact h", "{ have h : A by { ring }; exact h }"),
        ("by exact (by ring refl) exact h", "{ exact by { ring; refl }; exact h }"),
        // Names of steps are names inside brackets.
        ("by exact (ring) apply f (split x) [auto]", "{ exact (ring); apply f (split x) [auto] }"),
        ("by exact match e with | ring => split end", "{ exact (match e with | ring => split end) }"),
        ("by have h : 0 <= x by { arith } arith [h, g x]", "{ have h : 0 <= x by { arith }; arith [h, g x] }"),
    ] {
        assert_eq!(script_of(text), printed, "{text}");
    }
}

#[test]
fn words_of_scripts_are_names_outside() {
    good("def ring (at : Nat) (cases : Nat) : Nat := exact at split + sum max");
    good("def f (have : Nat) : Nat | show => intro have | refuted => apply");
    good("data D : U 0 | ring (auto : D) | split");
    good("import std.data\nmodule_ := 1".replace("module_ := 1", "def a := 1").as_str());
}

#[test]
fn places() {
    let source = "def  a := f (x + 1) y";
    let d = only(source);
    let text = |s: bfv_diag::Span| &source[usize::try_from(s.start).unwrap()..usize::try_from(s.end).unwrap()];
    assert_eq!(text(d.span), source);
    assert_eq!(text(d.name.span), "a");
    let Body::Term(e) = &d.body else { panic!("a term") };
    assert_eq!(text(e.span), "f (x + 1) y");
    let ExprKind::App(f, args) = &*e.kind else { panic!("an application") };
    assert_eq!((text(f.span), text(args[0].expr.span), text(args[1].expr.span)), ("f", "(x + 1)", "y"));
    let ExprKind::Binary(_, a, b) = &*args[0].expr.kind else { panic!("a sum") };
    assert_eq!((text(a.span), text(b.span)), ("x", "1"));
}

#[test]
fn the_library_is_read() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../sctt");
    let mut files = 0;
    for entry in std::fs::read_dir(&folder).unwrap().chain(std::fs::read_dir(folder.join("cubical")).unwrap()) {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "sctt") {
            let (file, diagnostics) = bfv_syntax::parse(0, &std::fs::read(&path).unwrap());
            assert!(diagnostics.is_empty(), "{}: {diagnostics:#?}", path.display());
            assert!(!file.decls.is_empty(), "{}", path.display());
            files += 1;
        }
    }
    assert!(files > 0, "the library was not found");
}

#[test]
fn unit_is_a_word_only_at_the_start_of_a_line_before_a_name() {
    let file =
        good("unit ms\nunit usd -- money\ndef unit (unit : Nat) : Nat := unit\ndef a : Nat :=\n  unit\n  unit b\n");
    let kinds: Vec<DeclKind> = file.decls.iter().map(|d| d.kind).collect();
    assert_eq!(kinds, [DeclKind::Unit, DeclKind::Unit, DeclKind::Def, DeclKind::Def]);
    assert_eq!(file.decls[1].name.text, "usd");
    assert_eq!(codes(b"unit ms second\n"), [Code::UnexpectedToken]);
    assert_eq!(codes(b"unit\n"), [Code::OutsideDeclaration]);
}

#[test]
fn words_of_protocols_are_names_outside() {
    let words = "sort byzantine given quorum message relation function command when do decides invariant safety live under fair protocol most least";
    for word in words.split(' ') {
        let file = good(&format!("def {word} ({word} : Nat) : Nat := f {word} at\ndef next : Nat := {word}\n"));
        assert_eq!(file.decls.len(), 2, "{word}");
        assert!(file.protocols.is_empty());
    }
    let file = good("def a : Nat := b\n  protocol c d\ndef e := 1\n");
    assert!(file.protocols.is_empty(), "not at the start of a line");
}

#[test]
fn a_protocol_becomes_declarations_at_its_places() {
    let source = "--- All.\nprotocol p {n f : Nat} (h : f < n)\n  byzantine byz : Fin n at most f\n  message sent : Fin n -> Nat -> Bool\n  --- Done.\n  relation done : Fin n -> Bool\n  command finish (w : Fin n) when sent w 1 do done w := true\n  decides done\n  --- Kept.\n  invariant kept : forall w, done w -> sent w 1\n  --- Safe.\n  @[expect unknown] safety safe : forall w, done w -> sent w 1\nend\n";
    let file = good(source);
    let all: Vec<(&str, DeclKind, &str, Option<&str>)> = file
        .decls
        .iter()
        .map(|d| {
            let place = d.name.span.start as usize..d.name.span.end as usize;
            (d.name.text.as_str(), d.kind, &source[place], d.doc.as_deref())
        })
        .collect();
    assert_eq!(
        all,
        [
            ("p.Action", DeclKind::Data, "p", Some("All.")),
            ("p.State", DeclKind::Def, "p", None),
            ("p.sent", DeclKind::Def, "sent", None),
            ("p.done", DeclKind::Def, "done", Some("Done.")),
            ("p.init", DeclKind::Def, "p", None),
            ("p.effect", DeclKind::Def, "p", None),
            ("p.guard", DeclKind::Def, "p", None),
            ("p.invariant.kept", DeclKind::Def, "kept", Some("Kept.")),
            ("p.invariant", DeclKind::Def, "p", None),
            ("p.safe", DeclKind::Claim, "safe", Some("Safe.")),
        ]
    );
    let term = |n: usize| match &file.decls[n].body {
        Body::Term(e) => bfv_syntax::print::expr(e),
        other => panic!("{other:?}"),
    };
    assert_eq!(term(1), "(Fin n -> Nat -> Bool) ** (Fin n -> Bool)");
    assert_eq!((term(2), term(3)), ("state.1".to_owned(), "state.2".to_owned()));
    assert_eq!(term(4), "(fun _ _ => false, fun _ => false)");
    assert_eq!(
        term(5),
        "match action with | p.finish w => (p.sent state, fun at1 => if std.protocol.fin_eqb n w at1 then true else p.done state at1) \
         | p.sent_by_byzantine sender content1 => (fun at1 at2 => if std.protocol.fin_eqb n sender at1 then if std.protocol.number_eqb content1 at2 \
         then true else p.sent state at1 at2 else p.sent state at1 at2, p.done state) end"
    );
    assert_eq!(
        term(6),
        "match action with | p.finish w => p.sent state w 1 | p.sent_by_byzantine sender content1 => byz sender = true end"
    );
    assert_eq!(term(8), "p.invariant.kept state");
    let claim = &file.decls[9];
    assert_eq!(
        bfv_syntax::print::statement(&claim.binders, claim.ty.as_ref().unwrap()),
        "forall (n : Nat) (f : Nat) (h : f < n) (byz : Fin n -> Bool) (few : std.count.count byz <= f) (trace : std.protocol.Trace (p.Action n)) \
         (legal : std.protocol.Legal (p.init n) p.effect (p.guard byz) trace), forall w, \
         let state := std.protocol.run (p.init n) p.effect trace in p.done state w -> p.sent state w 1"
    );
}
