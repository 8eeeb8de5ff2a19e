//! The policy of the gate through the real program: each way in which it is broken gives code 5 and a sentence that names the claim.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod project;

use bfv_format::{Node, Outcome, Prim, Rational, Stored, Term};
use project::Project;
use std::rc::Rc;

const TEXT: &str = "import std.fusion\n\n\
    claim below {k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : weighted_mean w x <= max x\n\n\
    claim positive (x : Real) (h : 1 <= x) : 0 < x\n\n\
    @[expect refuted]\nclaim any {k : Nat} (w x : Vec (k + 1) Real) : weighted_mean w x <= max x\n\
    refuted at (k := 0) (w := [2]) (x := [1])\n";

/// A project whose claims are all checked and stored.
fn checked(name: &str, gate: &str, text: &str) -> Project {
    let p = Project::new(name, gate);
    p.write("m.sctt", text);
    let said = p.run(&["check", "m.sctt"]);
    assert!([0, 4].contains(&said.code), "{}{}", said.out, said.err);
    p
}

fn passing(name: &str) -> Project {
    let p = checked(name, "", TEXT);
    p.run(&["gate"]).code(0).says("Gate passed: 3 claims and 0 violations, in project p.");
    p
}

fn fails(p: &Project, sentence: &str) {
    p.run(&["gate"]).code(5).says(sentence);
    // The document says the same, and names the claim.
    let said = p.run(&["gate", "--format", "json"]);
    let violations = said.code(5).json()["violations"].as_array().unwrap().clone();
    let found = violations.iter().find(|v| v["message"].as_str().unwrap().contains(sentence));
    let found = found.unwrap_or_else(|| panic!("{sentence}: {violations:?}"));
    let claim = found["claim"].as_str().unwrap();
    let spoken = claim.split('-').next().unwrap();
    assert!(found["message"].as_str().unwrap().replace('/', ".").contains(spoken), "{found}");
}

fn stored(p: &Project, name: &str) -> Stored {
    bfv_format::read(&std::fs::read(p.proof(name)).unwrap()).unwrap()
}

fn store(p: &Project, name: &str, s: &Stored) {
    std::fs::write(p.proof(name), bfv_format::write(s)).unwrap();
}

#[test]
fn a_missing_proof() {
    let p = passing("missing");
    std::fs::remove_file(p.proof("m/below")).unwrap();
    fails(&p, "The claim m.below has no stored proof.");
}

#[test]
fn an_edited_statement() {
    let p = passing("edited");
    for (old, new) in
        [("0 < x", "1/2 < x"), ("1 <= x", "2 <= x"), ("hw : Simplex w) : weighted_mean w x", "hw : Simplex w) : min x")]
    {
        p.write("m.sctt", &TEXT.replace(old, new));
        let name = if old.starts_with('h') { "below" } else { "positive" };
        fails(&p, &format!("The stored proof of m.{name} is stale, because the claim has changed."));
    }
    // What is no part of a statement may change: names, comments, places.
    p.write("m.sctt", &TEXT.replace("hw", "weights").replace("(x : Real)", "(y : Real)").replace("1 <= x", "1 <= y"));
    let text = TEXT.replace("hw", "weights").replace("claim below", "--- A comment.\nclaim below");
    p.write("m.sctt", &text);
    p.run(&["gate"]).code(0);
}

#[test]
fn an_edited_definition() {
    let text = |n: u8| format!("import std.real\n\ndef bound : Real := {n}\n\nclaim c : 0 < bound\n");
    let p = checked("definition", "", &text(1));
    p.run(&["gate"]).code(0);
    p.write("m.sctt", &text(2));
    fails(&p, "The stored proof of m.c is stale, because the claim has changed.");
}

#[test]
fn a_bundle_that_is_not_allowed() {
    let text = "import std.real\n\n@[bundle hardware, reference \"Data sheet\"]\naxiom reading (t : Nat) : Nat\n\n\
        @[bundle hardware, reference \"Data sheet\"]\naxiom range (t : Nat) : reading t <= 4095\n\n\
        claim fits (t : Nat) : reading t <= 4096\nby have h := range t\n   arith\n\n\
        claim sum (a b : Real) (h : a <= b) (k : b <= a) : a = b\n";
    let p = checked("bundle", "", text);
    fails(&p, "The proof of m.fits uses the axiom bundle hardware, which the gate does not allow.");
    p.write("bfv.toml", "name = \"p\"\n[gate]\nallow = [\"real\", \"hardware\"]\n");
    p.run(&["gate"]).code(0);
    p.write("bfv.toml", "name = \"p\"\n[gate]\nallow = [\"hardware\"]\n");
    fails(&p, "The proof of m.sum uses the axiom bundle real, which the gate does not allow.");
}

#[test]
fn a_proof_that_is_cut_short() {
    let p = passing("cut");
    let bytes = std::fs::read(p.proof("m/below")).unwrap();
    for (left, sentence) in [
        (0, "The stored proof of m.below is cut short."),
        (10, "The stored proof of m.below is cut short."),
        (bytes.len() / 2, "The stored proof of m.below is damaged"),
        (bytes.len() - 1, "The stored proof of m.below is damaged"),
    ] {
        std::fs::write(p.proof("m/below"), &bytes[..left]).unwrap();
        fails(&p, sentence);
    }
    // A file that ends early and is sealed again.
    std::fs::write(p.proof("m/below"), bfv_format::reseal(&bytes[..bytes.len() - 3])).unwrap();
    fails(&p, "The stored proof of m.below is damaged");
}

#[test]
fn a_wrong_verdict() {
    let p = passing("verdict");
    // The word alone is changed: the kernel refuses the evidence.
    let mut s = stored(&p, "m/any");
    s.verdict = Outcome::Proved;
    store(&p, "m/any", &s);
    fails(&p, "The kernel rejects the stored proof of m.any");
    // The claim asks for another verdict than the one that is stored and true.
    let p = passing("other-verdict");
    p.write("m.sctt", &TEXT.replace("@[expect refuted]\n", ""));
    fails(&p, "The claim m.any is refuted, but proved is expected.");
    p.write("m.sctt", &TEXT.replace("claim positive", "@[expect refuted]\nclaim positive"));
    fails(&p, "The claim m.positive is proved, but refuted is expected.");
}

#[test]
fn a_proof_of_another_claim() {
    let p = passing("copied");
    std::fs::copy(p.proof("m/positive"), p.proof("m/below")).unwrap();
    fails(&p, "The stored proof of m.below is stale, because the claim has changed.");
    let p = passing("copied-part");
    std::fs::copy(p.proof("m/positive"), p.proof("m/positive-hypotheses")).unwrap();
    fails(&p, "The stored proof of the hypotheses of m.positive is stale, because the claim has changed.");
}

#[test]
fn an_unknown_claim_that_is_not_listed() {
    let text = "import std.nat\n\n@[expect unknown]\nclaim root (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n";
    let p = checked("unknown", "", text);
    fails(&p, "The claim m.root is expected to be unknown, but the gate does not list it.");
    let list = "name = \"p\"\n[[gate.unknown]]\nclaim = \"m.root\"\n";
    p.write("bfv.toml", &format!("{list}reason = \"needs a descent\"\n"));
    p.run(&["gate"]).code(0);
    // A listing needs a reason, and a claim that asks for it.
    p.write("bfv.toml", &format!("{list}reason = \"\"\n"));
    p.run(&["gate"]).code(2).says("gives no reason");
    p.write("bfv.toml", &format!("{list}reason = \"needs a descent\"\n"));
    p.write("m.sctt", &text.replace("@[expect unknown]\n", ""));
    fails(&p, "The claim m.root has no stored proof.");
    p.run(&["gate"]).code(5).says("The gate lists the claim m.root as unknown");
    p.write("m.sctt", "claim other : 1 = 1\n");
    p.run(&["check", "m.sctt"]).code(0);
    fails(&p, "The gate lists the claim m.root as unknown");
}

#[test]
fn a_removed_claim_leaves_its_proof() {
    let p = passing("orphan");
    let claim = "claim positive (x : Real) (h : 1 <= x) : 0 < x\n\n";
    p.write("m.sctt", &TEXT.replace(claim, ""));
    fails(&p, "The stored proof proofs/m/positive.bfvp belongs to no claim; delete it.");
    p.run(&["gate"]).code(5).says("proofs/m/positive-hypotheses.bfvp belongs to no claim");
    for part in ["positive", "positive-hypotheses"] {
        std::fs::remove_file(p.proof(&format!("m/{part}"))).unwrap();
    }
    p.run(&["gate"]).code(0);
    // A module that is gone is noticed when the whole project is looked at.
    let p = passing("orphan-module");
    p.write("n.sctt", "claim other : 1 = 1\n");
    p.run(&["check", "n.sctt"]).code(0);
    std::fs::remove_file(p.path("m.sctt")).unwrap();
    fails(&p, "The stored proof proofs/m/any.bfvp belongs to no claim; delete it.");
    p.run(&["gate", "n.sctt"]).code(0);
}

/// Under a seal of its own, a stored proof may say anything; what counts is whether it speaks of the statement in the source.
#[test]
fn a_mutated_statement_under_the_seal() {
    let p = passing("statement");
    let mut made = 0;
    for name in ["below", "positive", "any", "below-hypotheses", "positive-hypotheses"] {
        let file = format!("m/{name}");
        let original = stored(&p, &file);
        let mut mutants = Vec::new();
        for n in 0.. {
            let mut count = n;
            match mutate(&original.statement, &mut count) {
                Some(statement) => mutants.push(statement),
                None => break,
            }
        }
        assert!(mutants.len() >= 4, "{name}: {} mutants", mutants.len());
        for statement in mutants {
            assert_ne!(statement, original.statement);
            store(&p, &file, &Stored { statement, ..original.clone() });
            // Some mutants cannot even be written so that they read again: a declaration that nothing needs, a constant out of order.
            let said = p.run(&["gate"]);
            let claim = name.split('-').next().unwrap();
            said.code(5).says(&format!("m.{claim}"));
            assert!(said.out.contains("is stale") || said.out.contains("is damaged"), "{}", said.out);
            made += 1;
        }
        store(&p, &file, &original);
    }
    p.run(&["gate"]).code(0);
    println!("Mutated statements under the seal: {made}, all refused by the gate.");
    assert!(made >= 40, "{made}");
}

/// The term with its leaf or binder number `n`, counted in the order of a walk, changed; `None` when there are fewer.
fn mutate(t: &Term, n: &mut usize) -> Option<Term> {
    let mut here = |new: Node| {
        if *n == 0 {
            return Some(Rc::new(new));
        }
        *n -= 1;
        None
    };
    let own = match &**t {
        Node::NatLit(k) => here(Node::NatLit(k + 1u8)),
        Node::RealLit(q) => here(Node::RealLit(Rational { num: &q.num + 1u8, den: q.den.clone() })),
        Node::Prim(Prim::Real) => here(Node::Prim(Prim::Nat)),
        Node::Prim(Prim::True) => here(Node::Prim(Prim::False)),
        Node::Prim(Prim::Empty) => here(Node::Prim(Prim::Unit)),
        Node::Prim(Prim::RealAdd) => here(Node::Prim(Prim::RealSub)),
        Node::Prim(Prim::NatAdd) => here(Node::Prim(Prim::NatMul)),
        Node::Var(k) => here(Node::Var(k + 1)),
        Node::Pi(a, b) => here(Node::Sigma(a.clone(), b.clone())),
        Node::Sigma(a, b) => here(Node::Pi(a.clone(), b.clone())),
        _ => None,
    };
    if own.is_some() {
        return own;
    }
    let pair = |a: &Term, b: &Term, make: fn(Term, Term) -> Node, n: &mut usize| match mutate(a, n) {
        Some(a) => Some(Rc::new(make(a, b.clone()))),
        None => mutate(b, n).map(|b| Rc::new(make(a.clone(), b))),
    };
    match &**t {
        Node::Pi(a, b) => pair(a, b, Node::Pi, n),
        Node::Sigma(a, b) => pair(a, b, Node::Sigma, n),
        Node::App(a, b) => pair(a, b, Node::App, n),
        Node::Lam(a) => mutate(a, n).map(|a| Rc::new(Node::Lam(a))),
        Node::Path(a, l, r) => match mutate(l, n) {
            Some(l) => Some(Rc::new(Node::Path(a.clone(), l, r.clone()))),
            None => mutate(r, n).map(|r| Rc::new(Node::Path(a.clone(), l.clone(), r))),
        },
        _ => None,
    }
}

/// What was stored about the hypotheses of an earlier form, and is not found for the present one, is removed by check; otherwise the gate would fail for good.
#[test]
fn stale_hypotheses_without_a_successor_are_removed() {
    let p = checked("stale-hypotheses", "", "import std.real\n\nclaim c (x : Real) (h : 1 <= x) : 0 < x\n");
    let companion = p.proof("m/c-hypotheses");
    assert!(companion.exists());
    // No such numbers exist, and the search does not know.
    p.write(
        "m.sctt",
        "import std.real\n\nclaim c (p q : Nat) (root : p * p = 2 * (q * q)) (h : 1 <= q) : 1 <= q := h\n",
    );
    p.run(&["check", "m.sctt", "--locked"]).code(0);
    assert!(companion.exists());
    p.run(&["check", "m.sctt"]).code(0);
    assert!(!companion.exists());
    p.run(&["gate"]).code(0);
}

/// Nor does anything else that can count no more stay behind: where the claim has no hypotheses any longer, or a damaged file has no successor.
#[test]
fn what_can_count_no_more_is_removed() {
    let with = "import std.real\n\nclaim c (x : Real) (h : 0 < x) : 0 < x + x\n";
    for now in [
        "import std.real\n\nclaim c (x : Real) : 0 <= x * x\n",
        "import std.real\n\nclaim c : (1 : Real) < 2\n",
        "import std.real\n\n@[expect refuted]\nclaim c (x : Real) (h : 0 < x) : x + x < 0\n",
        "import std.nat\n\n@[expect unknown]\nclaim c (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n",
    ] {
        let p = checked("nothing-left", "", with);
        assert!(p.proof("m/c-hypotheses").exists());
        if now.contains("unknown") {
            p.write("bfv.toml", "name = \"p\"\n[[gate.unknown]]\nclaim = \"m.c\"\nreason = \"needs a descent\"\n");
        }
        p.write("m.sctt", now);
        p.run(&["check", "m.sctt"]).code(0);
        p.run(&["gate"]).code(0);
    }
    let p = checked(
        "damaged-hypotheses",
        "",
        "claim c (p q : Nat) (root : p * p = 2 * (q * q)) (h : 1 <= q) : 1 <= q := h\n",
    );
    let companion = p.proof("m/c-hypotheses");
    std::fs::write(&companion, "no proof").unwrap();
    p.run(&["check", "m.sctt"]).code(0);
    assert!(!companion.exists());
    p.run(&["gate"]).code(0);
}
