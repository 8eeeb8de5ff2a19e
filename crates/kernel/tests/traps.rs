//! The traps of SOUNDNESS.md that the kernel can fall into, by their numbers there; each names the reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Face, Hypothesis, Node, Op, Prim, Relation, Rule, Sort, Term};
use bfv_kernel::{Limits, Signature};
use both::*;

fn none() -> Signature {
    signature(vec![])
}

#[test]
fn t01_type_in_type() {
    rejects(&none(), u(0), u(0), "universe too small");
    rejects(&none(), u(3), u(3), "universe too small");
    accepts(&none(), u(1), u(0));
    accepts(&none(), u(2), u(0));
    refuses(&mut none(), def(u(0), u(0)), "universe too small");
}

#[test]
fn t03_level_cheating() {
    // (A : U 0) -> A is in U 1, not in U 0.
    rejects(&none(), u(0), pi(u(0), v(0)), "universe too small");
    accepts(&none(), u(1), pi(u(0), v(0)));
    rejects(&none(), u(0), sigma(u(0), v(0)), "universe too small");
    rejects(&none(), u(0), line(u(0)), "universe too small");
    rejects(&none(), u(0), path(u(0), nat(), nat()), "universe too small");
    // A lift used downwards.
    rejects(&none(), pi(u(1), u(0)), lam(v(0)), "universe too small");
    accepts(&none(), pi(u(0), u(1)), lam(v(0)));
    // Contravariance: a function on U 0 is not one on U 1.
    rejects(&none(), pi(pi(u(0), u(0)), pi(u(1), u(0))), lam(v(0)), "type mismatch");
    // A data type with a field that does not fit.
    refuses(&mut none(), data(vec![], 0, vec![vec![u(0)]]), "universe too small");
    refuses(&mut none(), data(vec![u(1)], 0, vec![vec![v(0)]]), "universe too small");
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(u(0), data_at(0, vec![]))]]), "universe too small");
    assert!(none().add(data(vec![], 1, vec![vec![u(0)]]), Limits::default()).is_ok());
    assert!(none().add(data(vec![u(1)], 0, vec![vec![]]), Limits::default()).is_ok());
}

#[test]
fn t04_negative_data_type() {
    let me = || data_at(0, vec![]);
    let bad = "not strictly positive";
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(me(), empty())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(pi(me(), empty()), me())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(pi(nat(), me()), me())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![sigma(nat(), me())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![path(me(), v(0), v(0))]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![me(), path(me(), v(0), v(0))]]), bad);
    assert!(none().add(data(vec![], 0, vec![vec![], vec![pi(nat(), me())]]), Limits::default()).is_ok());
}

#[test]
fn t05_positivity_through_an_alias_or_parameter() {
    let bad = "not strictly positive";
    // F X = X -> Empty; D = mk (F D)
    let mut s = signature(vec![def(pi(u(0), u(0)), lam(pi(v(0), empty())))]);
    refuses(&mut s, data(vec![], 0, vec![vec![app(c(0), data_at(1, vec![]))]]), bad);
    // Even through an alias that is the identity: the check is on the type as written.
    let mut s = signature(vec![def(pi(u(0), u(0)), lam(v(0)))]);
    refuses(&mut s, data(vec![], 0, vec![vec![app(c(0), data_at(1, vec![]))]]), bad);
    // Nested in the parameter of another data type.
    let mut s = signature(vec![data(vec![u(0)], 0, vec![vec![pi(v(0), empty())]])]);
    refuses(&mut s, data(vec![], 0, vec![vec![data_at(0, vec![data_at(1, vec![])])]]), bad);
    // At other parameters.
    refuses(&mut none(), data(vec![u(0)], 0, vec![vec![data_at(0, vec![nat()])]]), bad);
    // Through a coercion.
    refuses(&mut none(), data(vec![], 0, vec![vec![coe(I0, I1, u(0), data_at(0, vec![]))]]), bad);
    // Displaced.
    let raised = t(Node::Data(bfv_format::DataRef { id: 0, shift: 1 }, vec![]));
    refuses(&mut none(), data(vec![], 1, vec![vec![u(0), raised]]), bad);
}

#[test]
fn t06_a_declaration_does_not_see_itself() {
    refuses(&mut none(), def(empty(), c(0)), "unknown constant");
    refuses(&mut none(), theorem(empty(), c(0)), "unknown constant");
}

/// `hcom 0 1 Bool [i=0 -> _. False] True`, under a dimension.
fn disagreeing() -> Term {
    hcom(I0, I1, boolean(), vec![face(d(0), I0, prim(Prim::False))], prim(Prim::True))
}

#[test]
fn t09_side_disagrees_with_base_wherever_it_stands() {
    let bad = "side disagrees with base";
    let wrap = |x: Term| dlam(x);
    let ty = line(boolean());
    // Checked, in a let, under a projection, as a scrutinee, as an argument, in a type, in an hcom, in every declaration.
    rejects(&none(), ty.clone(), wrap(disagreeing()), bad);
    rejects(&none(), ty.clone(), wrap(let_(boolean(), disagreeing(), v(0))), bad);
    rejects(&none(), ty.clone(), wrap(let_(boolean(), prim(Prim::True), disagreeing())), bad);
    rejects(&none(), ty.clone(), wrap(bool_elim(boolean(), prim(Prim::True), prim(Prim::True), disagreeing())), bad);
    rejects(&none(), ty.clone(), wrap(bool_elim(boolean(), disagreeing(), prim(Prim::True), prim(Prim::False))), bad);
    rejects(&none(), line(sigma(boolean(), nat())), wrap(pair(disagreeing(), num(0))), bad);
    rejects(&none(), ty.clone(), wrap(hcom(I0, I1, boolean(), vec![], disagreeing())), bad);
    rejects(&none(), ty.clone(), wrap(coe(I0, I1, boolean(), disagreeing())), bad);
    rejects(&none(), line(u(0)), wrap(path(boolean(), disagreeing(), prim(Prim::True))), bad);
    refuses(&mut none(), def(ty.clone(), wrap(disagreeing())), bad);
    refuses(&mut none(), theorem(ty.clone(), wrap(disagreeing())), bad);
    refuses(&mut none(), axiom("b", path(line(boolean()), wrap(disagreeing()), wrap(disagreeing()))), bad);
    let s = none();
    let e = s.refute(&ty, &lam(bool_elim(empty(), v(0), v(0), lapp(wrap(disagreeing()), I0))), Limits::default());
    assert_eq!(e.err().map(|e| e.reason), Some("cannot infer"));
    // The start is where the base is: r, not 0.
    let from_one = |side: Term| dlam(hcom(I1, I0, nat(), vec![face(d(0), I0, side)], lapp(v(0), I1)));
    accepts(&s, pi(line(nat()), line(nat())), lam(from_one(lapp(v(0), d(0)))));
    let other = hcom(I1, I0, nat(), vec![face(d(0), I0, lapp(v(0), d(0)))], lapp(v(0), I0));
    rejects(&s, pi(line(nat()), line(nat())), lam(dlam(other)), bad);
}

#[test]
fn t10_sides_disagree_on_the_overlap() {
    // A, x y : A, p : x = y; base x, [i=0 -> k. p k; j=0 -> _. x] agree with the base, but not with each other.
    let ty = pi(u(0), pi(v(0), pi(v(1), pi(path(v(2), v(1), v(0)), line(line(v(3)))))));
    let p = papp(v(0), v(2), v(1), d(0));
    let comp = |faces: Vec<Face>| lam(lam(lam(lam(dlam(dlam(hcom(I0, I1, v(3), faces, v(2))))))));
    let sides = |second: Term| vec![face(d(1), I0, p.clone()), face(d(0), I0, second)];
    rejects(&none(), ty.clone(), comp(sides(v(2))), "faces disagree");
    accepts(&none(), ty.clone(), comp(sides(p.clone())));
    // Never both: no overlap, no disagreement.
    accepts(&none(), ty.clone(), comp(vec![face(d(0), I1, p.clone()), face(d(0), I0, v(2))]));
    // Overlap through a diagonal.
    let diagonal = vec![face(d(0), d(1), p), face(d(0), I0, v(2))];
    rejects(&none(), ty, comp(diagonal), "faces disagree");
}

#[test]
fn t11_nothing_is_regular() {
    let bad = "wrong path endpoint";
    let ty = pi(u(0), pi(v(0), path(v(1), coe(I0, I1, v(1), v(0)), v(0))));
    rejects(&none(), ty, lam(lam(refl(v(0)))), bad);
    let empty_system = |a: Term| hcom(I0, I1, a, vec![], v(0));
    let ty = pi(nat(), path(nat(), empty_system(nat()), v(0)));
    rejects(&none(), ty, lam(refl(v(0))), bad);
    let ty = pi(real(), path(real(), empty_system(real()), v(0)));
    rejects(&none(), ty, lam(refl(v(0))), bad);
    let ty = path(real(), hcom(I0, I1, real(), vec![], rat(1, 2)), rat(1, 2));
    rejects(&none(), ty, refl(rat(1, 2)), bad);
    let ty = pi(u(0), path(u(0), hcom(I0, I1, u(0), vec![], v(0)), v(0)));
    rejects(&none(), ty, lam(refl(v(0))), bad);
    // Functions of a variable type inherit it.
    let ty = pi(u(0), pi(pi(v(0), v(1)), path(pi(v(1), v(2)), coe(I0, I1, pi(v(1), v(2)), v(0)), v(0))));
    rejects(&none(), ty, lam(lam(refl(v(0)))), bad);
}

#[test]
fn t12_a_side_is_not_used_outside_of_its_face() {
    // P : Line (U 0), x : P 0. Under i = 0, x : P i; elsewhere it is not.
    let ty = |body: Term| pi(line(u(0)), pi(lapp(v(0), I0), body));
    let at_i = lapp(v(1), d(0));
    let under = hcom(I0, I1, nat(), vec![face(d(0), I0, let_(lapp(v(1), d(1)), v(0), num(0)))], num(0));
    accepts(&none(), ty(line(nat())), lam(lam(dlam(under))));
    rejects(&none(), ty(line(at_i)), lam(lam(dlam(v(0)))), "type mismatch");
}

#[test]
fn t13_coe_runs_along_types_from_its_start() {
    rejects(&none(), pi(nat(), nat()), lam(coe(I0, I1, v(0), v(0))), "not a type");
    // x : P 1 cannot be coerced from 0.
    let ty = pi(line(u(0)), pi(lapp(v(0), I1), lapp(v(1), I1)));
    rejects(&none(), ty, lam(lam(coe(I0, I1, lapp(v(1), d(0)), v(0)))), "type mismatch");
}

#[test]
fn t14_dimensions_out_of_scope_and_constant_faces() {
    let bad = "dimension out of scope";
    rejects(&none(), nat(), hcom(I0, I1, nat(), vec![face(d(0), I0, num(0))], num(0)), bad);
    rejects(&none(), nat(), coe(d(0), I1, nat(), num(0)), bad);
    rejects(&none(), nat(), hcom(I0, d(3), nat(), vec![], num(0)), bad);
    rejects(&none(), pi(line(nat()), nat()), lam(lapp(v(0), d(0))), bad);
    // Term and dimension scopes are two: a dimension is no term.
    rejects(&none(), line(nat()), dlam(v(0)), "variable out of scope");
    // A face that is false is not checked, one that is true is.
    accepts(&none(), nat(), hcom(I0, I1, nat(), vec![face(I0, I1, prim(Prim::True))], num(0)));
    rejects(&none(), nat(), hcom(I0, I1, nat(), vec![face(I0, I0, prim(Prim::True))], num(0)), "type mismatch");
    // False by two equations.
    let both = Face { cof: vec![(d(0), I0), (d(0), I1)], body: prim(Prim::True) };
    accepts(&none(), line(nat()), dlam(hcom(I0, I1, nat(), vec![both], num(0))));
}

#[test]
fn t15_true_is_not_false() {
    let ty = path(boolean(), prim(Prim::True), prim(Prim::False));
    rejects(&none(), ty.clone(), dlam(prim(Prim::True)), "wrong path endpoint");
    rejects(&none(), ty, dlam(prim(Prim::False)), "wrong path endpoint");
}

#[test]
fn t16_both_ends_are_checked() {
    // A, x y, p : x = y
    let ty = |l: Term, r: Term| pi(u(0), pi(v(0), pi(v(1), pi(path(v(2), v(1), v(0)), path(v(3), l, r)))));
    let p = |a: u32, b: u32| lam(lam(lam(lam(dlam(papp(v(0), v(a), v(b), d(0)))))));
    let bad = "wrong path endpoint";
    accepts(&none(), ty(v(2), v(1)), p(2, 1));
    rejects(&none(), ty(v(2), v(2)), p(2, 1), bad);
    rejects(&none(), ty(v(1), v(1)), p(2, 1), bad);
    // The stored ends lie.
    rejects(&none(), ty(v(2), v(2)), p(2, 2), bad);
    rejects(&none(), ty(v(1), v(1)), p(1, 1), bad);
    // A path is not applied to a term, and a function not to an interval term.
    rejects(&none(), pi(pi(nat(), nat()), nat()), lam(lapp(v(0), I0)), "not a path");
    rejects(&none(), pi(line(nat()), nat()), lam(app(v(0), num(0))), "not a function");
    rejects(&none(), pi(pi(nat(), nat()), nat()), lam(papp(v(0), num(0), num(0), I0)), "not a path");
}

#[test]
fn t18_a_false_face_does_not_leak() {
    // Under 0 = 1 anything holds, outside it does not.
    let lie = refl(prim(Prim::True));
    let claim = path(boolean(), prim(Prim::True), prim(Prim::False));
    let inside = hcom(I0, I1, nat(), vec![face(I0, I1, let_(claim.clone(), lie.clone(), num(0)))], num(0));
    accepts(&none(), nat(), inside.clone());
    rejects(&none(), sigma(nat(), claim), pair(inside, lie), "wrong path endpoint");
}

#[test]
fn t21_substitution_of_a_diagonal() {
    // A, x : A. At i := 0 the face i = j is j = 0; at i := 1 it is j = 1.
    let comp = |a, b| hcom(I0, I1, v(1), vec![face(a, b, v(0))], v(0));
    let ty = |l: Term| pi(u(0), pi(v(0), path(line(v(1)), dlam(l.clone()), dlam(l))));
    let square = |l: Term, r: Term| pi(u(0), pi(v(0), path(line(v(1)), dlam(l), dlam(r))));
    // DLam i. DLam j. hcom [i=j -> x] x : from (j. hcom [j=0]) to (j. hcom [j=1])
    let diagonal = lam(lam(dlam(dlam(comp(d(1), d(0))))));
    accepts(&none(), square(comp(d(0), I0), comp(d(0), I1)), diagonal.clone());
    rejects(&none(), square(comp(d(0), I1), comp(d(0), I0)), diagonal.clone(), "wrong path endpoint");
    rejects(&none(), ty(comp(d(0), I0)), diagonal, "wrong path endpoint");
    // On the diagonal itself the face is true.
    let there = lam(lam(dlam(hcom(I0, I1, v(1), vec![face(d(0), d(0), v(0))], v(0)))));
    accepts(&none(), pi(u(0), pi(v(0), path(v(1), v(0), v(0)))), there);
}

#[test]
fn t29_no_capture() {
    // (fun x y. x) y is the constant function to the outer y.
    let k = |y: Term| let_(pi(nat(), pi(nat(), nat())), lam(lam(v(1))), app(v(0), y));
    let ty = pi(nat(), path(pi(nat(), nat()), k(v(1)), lam(v(1))));
    accepts(&none(), ty, lam(refl(lam(v(1)))));
    // The same for dimensions: (DLam i. DLam j. p i) at j is constant in the new dimension.
    // p : Line Nat
    let ty = line(line(nat()));
    let term = let_(pi(line(nat()), ty.clone()), lam(dlam(dlam(lapp(v(0), d(1))))), dlam(lapp(app(v(0), v(1)), d(0))));
    let right = dlam(dlam(lapp(v(0), d(1))));
    accepts(&none(), pi(line(nat()), path(ty, term, right.clone())), lam(refl(right)));
}

#[test]
fn t37_order_is_not_decided_for_variables() {
    let ltb = op(Prim::RealLtb, &[v(0), v(0)]);
    rejects(
        &none(),
        pi(real(), path(boolean(), ltb, prim(Prim::False))),
        lam(refl(prim(Prim::False))),
        "wrong path endpoint",
    );
}

#[test]
fn t39_a_side_that_decides_reals_does_not_let_hcom_compute() {
    // x : Real, n := if x < 0 then 1 else 1; hcom 0 1 Nat [i=0 -> _. n] n is not n.
    let n = bool_elim(nat(), num(1), num(1), op(Prim::RealLtb, &[v(0), rat(0, 1)]));
    let h = hcom(I0, I1, nat(), vec![face(d(0), I0, n.clone())], n.clone());
    let ty = pi(real(), path(line(nat()), dlam(h), dlam(n.clone())));
    rejects(&none(), ty, lam(refl(dlam(n))), "wrong path endpoint");
    // The same with an axiom, and with an opaque theorem.
    for decl in [axiom("b", nat()), theorem(nat(), num(1))] {
        let s = signature(vec![decl]);
        let h = hcom(I0, I1, nat(), vec![face(d(0), I0, c(0))], c(0));
        rejects(&s, path(line(nat()), dlam(h), dlam(c(0))), refl(dlam(c(0))), "wrong path endpoint");
        assert!(!s.canonical(0));
    }
}

/// The refutation of `0 < 0` on natural numbers by a proof of it.
fn absurd(proof: Term) -> Term {
    let zero = vec![Op::Lit(Sort::Nat, bfv_format::Rational { num: 0.into(), den: 1u8.into() })];
    let h = Hypothesis { relation: Relation::Lt, left: zero.clone(), right: zero, proof };
    t(Node::Rule(Box::new(Rule::Lia { sort: Sort::Nat, atoms: vec![], hypotheses: vec![h], steps: vec![] })))
}

#[test]
fn t40_refuting_rules_prove_falsehood_only() {
    let less = |a: Term, b: Term| path(boolean(), op(Prim::NatLtb, &[a, b]), prim(Prim::True));
    let h = less(num(0), num(0));
    accepts(&none(), pi(h.clone(), empty()), lam(absurd(v(0))));
    let bad = "type mismatch";
    rejects(&none(), pi(h.clone(), nat()), lam(absurd(v(0))), bad);
    rejects(&none(), pi(h.clone(), pi(empty(), empty())), lam(absurd(v(0))), bad);
    rejects(&none(), pi(u(0), pi(h.clone(), v(1))), lam(lam(absurd(v(0)))), bad);
    // The proof must be one of the hypothesis.
    rejects(&none(), pi(less(num(0), num(1)), empty()), lam(absurd(v(0))), bad);
    rejects(&none(), empty(), absurd(refl(prim(Prim::True))), "wrong path endpoint");
    rejects(&none(), empty(), absurd(c(0)), "unknown constant");
    // It is inert: an opaque neutral, so nothing that depends on it computes.
    let s = signature(vec![theorem(pi(h, empty()), lam(absurd(v(0))))]);
    assert_eq!((s.rules(0), s.canonical(0)), (vec!["lia"], false));
}

#[test]
fn t44_rules_follow_substitution_and_keep_their_numbering() {
    let ring = |atoms: Vec<Term>, right: u32| {
        let tree = |a, b| vec![Op::Atom(Sort::Nat, a), Op::Atom(Sort::Nat, b), Op::Add];
        let atoms = atoms.into_iter().map(|a| (Sort::Nat, a)).collect();
        t(Node::Rule(Box::new(Rule::Ring { sort: Sort::Nat, atoms, left: tree(0, 1), right: tree(right, 0) })))
    };
    let sum = |a: Term, b: Term| op(Prim::NatAdd, &[a, b]);
    let commute = |a: Term, b: Term| path(nat(), sum(a.clone(), b.clone()), sum(b, a));
    accepts(&none(), pi(nat(), pi(nat(), commute(v(1), v(0)))), lam(lam(ring(vec![v(1), v(0)], 1))));
    accepts(&none(), pi(nat(), commute(v(0), v(0))), lam(ring(vec![v(0), v(0)], 1)));
    // Through a substitution made by evaluation, and as an argument of conversion.
    let general = signature(vec![def(pi(nat(), pi(nat(), commute(v(1), v(0)))), lam(lam(ring(vec![v(1), v(0)], 1))))]);
    let at = app(app(c(0), v(0)), v(0));
    let both = path(commute(v(0), v(0)), at, ring(vec![v(0), v(0)], 1));
    let direct = ring(vec![v(0), v(0)], 1);
    accepts(&general, pi(nat(), both), lam(refl(direct)));
    // Under a face: l : Line Nat, at i = 0 the two atoms are one.
    let ends = |r| commute(lapp(v(0), r), lapp(v(0), I0));
    accepts(&none(), pi(line(nat()), line(ends(d(0)))), lam(dlam(ring(vec![lapp(v(0), d(0)), lapp(v(0), I0)], 1))));
    // A numbering that does not fit, and an atom of another type.
    let ty = pi(nat(), commute(v(0), v(0)));
    rejects(&none(), ty.clone(), lam(ring(vec![v(0)], 1)), "ill-formed arithmetic tree");
    rejects(&none(), ty, lam(ring(vec![v(0), v(0)], 7)), "ill-formed arithmetic tree");
    rejects(&none(), pi(real(), commute(num(0), num(0))), lam(ring(vec![v(0), v(0)], 1)), "type mismatch");
    // Different polynomials.
    let apart = pi(nat(), pi(nat(), path(nat(), sum(v(1), v(0)), sum(v(1), v(1)))));
    rejects(&none(), apart, lam(lam(ring(vec![v(1), v(0)], 0))), "sides are different polynomials");
}

#[test]
fn t41_axioms_over_types() {
    let bad = "axiom over types";
    // (P : Real -> U 0) -> not not (Sigma x, P x) -> Sigma x, P x
    let exists = sigma(real(), app(v(1), v(0)));
    let not = |a: Term| pi(a, empty());
    let exists2 = sigma(real(), app(v(2), v(0)));
    refuses(&mut none(), axiom("choice", pi(pi(real(), u(0)), pi(not(not(exists)), exists2))), bad);
    // not not A -> A
    refuses(&mut none(), axiom("dne", pi(u(0), pi(not(not(v(0))), v(1)))), bad);
    // Hidden in a pair, in a data type, in a definition, deeper, and in a vector of types.
    refuses(&mut none(), axiom("b", pi(sigma(u(0), v(0)), empty())), bad);
    let mut s = signature(vec![data(vec![u(1)], 1, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]])]);
    refuses(&mut s, axiom("b", pi(data_at(0, vec![u(0)]), nat())), bad);
    let mut s = signature(vec![def(u(1), u(0))]);
    refuses(&mut s, axiom("b", pi(c(0), nat())), bad);
    refuses(&mut none(), axiom("b", pi(pi(u(0), nat()), nat())), bad);
    refuses(&mut none(), axiom("b", pi(nat(), sigma(pi(nat(), u(0)), nat()))), bad);
    let vector = nat_elim(u(1), prim(Prim::Unit), lam(lam(sigma(u(0), v(1)))), v(0));
    refuses(&mut none(), axiom("b", pi(nat(), pi(vector, nat()))), bad);
    // An axiom is not a type, nor an equation between types.
    refuses(&mut none(), axiom("b", u(0)), bad);
    refuses(&mut none(), axiom("b", pi(nat(), u(0))), bad);
    refuses(&mut none(), axiom("b", path(u(0), nat(), boolean())), bad);
    // Constants of function type and their laws are what axioms are for, vectors of reals too.
    let mut s = none();
    s.add(axiom("exp", pi(real(), real())), Limits::default()).unwrap();
    s.add(axiom("exp", path(real(), app(c(0), rat(0, 1)), rat(1, 1))), Limits::default()).unwrap();
    let vector = nat_elim(u(0), prim(Prim::Unit), lam(lam(sigma(real(), v(1)))), v(0));
    s.add(axiom("vec", pi(nat(), pi(vector, path(nat(), v(1), v(1))))), Limits::default()).unwrap();
    assert_eq!(s.axioms(1), ["exp"]);
}

#[test]
fn t45_numbers_agree_with_the_unary_equations_at_the_borders() {
    let s = none();
    for n in [0, 1, u64::MAX - 1, u64::MAX] {
        let m = num(n);
        let next = suc(m.clone());
        let same = |a: Term, b: Term| accepts(&s, path(nat(), a, b.clone()), refl(b));
        same(op(Prim::NatAdd, &[num(7), next.clone()]), suc(op(Prim::NatAdd, &[num(7), m.clone()])));
        same(
            op(Prim::NatMul, &[num(7), next.clone()]),
            op(Prim::NatAdd, &[op(Prim::NatMul, &[num(7), m.clone()]), num(7)]),
        );
        same(op(Prim::NatSub, &[next.clone(), num(1)]), m.clone());
        same(op(Prim::NatSub, &[m.clone(), next.clone()]), num(0));
        let ltb = |a: Term, b: Term, t: Prim| {
            accepts(&s, path(boolean(), op(Prim::NatLtb, &[a, b]), prim(t)), refl(prim(t)));
        };
        ltb(m.clone(), next.clone(), Prim::True);
        ltb(next.clone(), m.clone(), Prim::False);
        ltb(m.clone(), m.clone(), Prim::False);
    }
    // On a neutral: x + 2^64 is that many successors.
    let ty = pi(
        nat(),
        path(nat(), op(Prim::NatAdd, &[v(0), suc(num(u64::MAX))]), suc(op(Prim::NatAdd, &[v(0), num(u64::MAX)]))),
    );
    accepts(&s, ty, lam(refl(suc(op(Prim::NatAdd, &[v(0), num(u64::MAX)])))));
    // 0 + x is not x by computation, and x - suc y is stuck.
    let ty = pi(nat(), path(nat(), op(Prim::NatAdd, &[num(0), v(0)]), v(0)));
    rejects(&s, ty, lam(refl(v(0))), "wrong path endpoint");
}

#[test]
fn t46_rationals_are_in_lowest_terms() {
    let bad = "rational not in lowest terms";
    for x in [rat(2, 4), rat(0, 2), rat(1, 0), rat(-3, 3)] {
        rejects(&none(), real(), x, bad);
    }
    accepts(&none(), real(), rat(0, 1));
    accepts(&none(), real(), rat(-1, 2));
}

#[test]
fn t47_a_displaced_constant_keeps_its_level() {
    // c := U 0 : U 1; c^1 := U 1 : U 2
    let s = signature(vec![def(u(1), u(0)), def(u(0), nat())]);
    accepts(&s, u(1), c(0));
    rejects(&s, u(1), raised(0, 1), "universe too small");
    accepts(&s, u(2), raised(0, 1));
    rejects(&s, path(u(2), c(0), raised(0, 1)), refl(c(0)), "wrong path endpoint");
    // Through another definition.
    let s2 = signature(vec![def(u(1), u(0)), def(u(1), c(0))]);
    rejects(&s2, u(1), raised(1, 1), "universe too small");
    accepts(&s2, path(u(2), raised(1, 1), u(1)), refl(u(1)));
    // A universe in the type alone makes a definition displaceable; where there is none it is the same constant.
    let s3 = signature(vec![def(nat(), num(3))]);
    accepts(&s3, path(nat(), raised(0, 5), c(0)), refl(c(0)));
    // A data type: its fields and its level.
    let s4 = signature(vec![data(vec![], 1, vec![vec![u(0)]])]);
    let up = t(Node::Data(bfv_format::DataRef { id: 0, shift: 1 }, vec![]));
    rejects(&s4, u(1), up.clone(), "universe too small");
    accepts(&s4, u(2), up);
    let raised_con = t(Node::Con(bfv_format::DataRef { id: 0, shift: 1 }, 0, vec![], vec![u(0)], vec![]));
    rejects(&s4, data_at(0, vec![]), raised_con, "type mismatch");
}

#[test]
fn verdicts_carry_their_axioms() {
    let s =
        signature(vec![axiom("zeta", nat()), theorem(nat(), c(0)), theorem(nat(), op(Prim::NatAdd, &[c(1), num(1)]))]);
    assert_eq!(s.axioms(2), ["zeta"]);
    let p = s.prove(&nat(), &c(2), Limits::default()).unwrap();
    assert_eq!(p.axioms(), ["zeta"]);
    // The statement counts as well.
    let p = s.prove(&path(nat(), c(0), c(0)), &refl(num(0)), Limits::default());
    assert_eq!(p.err().map(|e| e.reason), Some("wrong path endpoint"));
    let r = s.refute(&empty(), &lam(v(0)), Limits::default()).unwrap();
    assert!(r.axioms().is_empty() && r.steps() > 0);
    // Refuting needs a function into Empty, nothing else.
    let e = s.refute(&nat(), &lam(num(0)), Limits::default());
    assert_eq!(e.err().map(|e| e.reason), Some("type mismatch"));
}

#[test]
fn deep_values_are_compared_within_the_stack_or_refused() {
    big(|| {
        // Lists of 20,000 and 200,000 elements, built by recursion, compared with a copy built otherwise.
        let s = signature(vec![data(vec![], 0, vec![vec![], vec![nat(), data_at(0, vec![])]])]);
        let build = |head: Term, n: u64| {
            let step = lam(lam(con(0, 1, vec![], vec![head, v(0)])));
            nat_elim(data_at(0, vec![]), con(0, 0, vec![], vec![]), step, num(n))
        };
        let ask = |n: u64| {
            let (one, two) = (build(suc(v(1)), n), build(op(Prim::NatAdd, &[v(1), num(1)]), n));
            let ty = path(data_at(0, vec![]), one.clone(), two);
            s.prove(&ty, &refl(one), Limits::default()).map_err(|e| e.reason)
        };
        assert!(ask(20_000).is_ok());
        assert_eq!(ask(200_000).err(), Some("budget"));
        // Types nested deeply: the same.
        let tower = |n: u64| nat_elim(u(0), nat(), lam(lam(pi(nat(), sigma(v(1), nat())))), num(n));
        let ask =
            |n: u64| s.prove(&path(u(0), tower(n), tower(n)), &refl(tower(n)), Limits::default()).map_err(|e| e.reason);
        assert!(ask(5_000).is_ok());
        assert_eq!(ask(200_000).err(), Some("budget"));
    });
}

#[test]
fn budgets_refuse_and_do_not_crash() {
    big(|| {
        let s = Signature::new();
        // 2^(2^60) by repeated squaring.
        let square = lam(lam(op(Prim::NatMul, &[v(0), v(0)])));
        let huge = nat_elim(nat(), num(2), square, num(60));
        rejects(&s, path(nat(), huge, num(0)), refl(num(0)), "budget");
        // A chain of a million delayed sums: too deep to look at, and dropped without recursion.
        let add = lam(lam(lam(app(v(1), suc(op(Prim::NatMul, &[v(0), num(1)]))))));
        let count = app(nat_elim(pi(nat(), nat()), lam(v(0)), add, num(1_000_000)), num(0));
        let statement = path(nat(), count, num(0));
        let e = s.prove(&statement, &refl(num(0)), Limits::default());
        assert_eq!(e.err().map(|e| e.reason), Some("budget"));
        // A term nested too deep.
        let deep = (0..100_000).fold(num(0), |n, _| suc(n));
        let e = s.prove(&nat(), &deep, Limits::default());
        assert_eq!(e.err().map(|e| e.reason), Some("budget"));
        std::mem::forget(deep);
    });
}
