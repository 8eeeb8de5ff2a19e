//! The computations of SOUNDNESS.md that exist without Glue and higher inductive types, by their numbers there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{Decl, Dim, Face, Node, Prim, Term};
use both::*;

/// Under `A : U 0, a : A`.
fn over_a(ty: Term, term: Term) -> (Term, Term) {
    (pi(u(0), pi(v(0), ty)), lam(lam(term)))
}

/// `List (A : U 0) : U 0`, at position 0.
fn list() -> Decl {
    data(vec![u(0)], 0, vec![vec![], vec![v(0), data_at(0, vec![v(1)])]])
}

fn list_of(ty: &Term, xs: &[Term]) -> Term {
    xs.iter().rev().fold(con(0, 0, vec![ty.clone()], vec![]), |l, x| con(0, 1, vec![ty.clone()], vec![x.clone(), l]))
}

#[test]
fn c04_coe_at_nat_is_the_identity() {
    let s = signature(vec![]);
    let ty = pi(nat(), path(nat(), coe(I0, I1, nat(), v(0)), v(0)));
    accepts(&s, ty, lam(refl(v(0))));
    // Along a variable type it is not.
    let (ty, term) = over_a(path(v(1), coe(I0, I1, v(1), v(0)), v(0)), refl(v(0)));
    rejects(&s, ty, term, "wrong path endpoint");
}

#[test]
fn c09_function_extensionality() {
    let s = signature(vec![]);
    // A B : U 0, f g : A -> B, h : (x : A) -> f x = g x
    let telescope = |body: Term| {
        let point = path(v(3), app(v(2), v(0)), app(v(1), v(0)));
        pi(u(0), pi(u(0), pi(pi(v(1), v(1)), pi(pi(v(2), v(2)), pi(pi(v(3), point), body)))))
    };
    let lams = |b: Term| (0..5).fold(b, |b, _| lam(b));
    let at = |h: Term, f: Term, g: Term, x: Term, r| papp(app(h, x.clone()), app(f, x.clone()), app(g, x), r);
    // fun x. under it: x=0 h=1 g=2 f=3
    let ext = dlam(lam(at(v(1), v(3), v(2), v(0), d(0))));
    let target = path(pi(v(4), v(4)), v(2), v(1));
    accepts(&s, telescope(target.clone()), lams(ext.clone()));
    // Applied back it is h: fun x. DLam i. (ext @ i) x = h
    let shifted = dlam(lam(at(v(2), v(4), v(3), v(0), d(0))));
    let typed = let_(path(pi(v(5), v(5)), v(3), v(2)), shifted, dlam(app(papp(v(0), v(4), v(3), d(0)), v(1))));
    let back = lam(typed);
    let point = path(v(4), app(v(3), v(0)), app(v(2), v(0)));
    // back under one more dimension of the outer refl: indices of dimensions are bound inside, so it stands as it is.
    accepts(&s, telescope(path(pi(v(4), point), v(0), v(0))), lams(refl(back)));
}

#[test]
fn c10_eta() {
    let s = signature(vec![]);
    // paths: A, a, p : a = a
    let ty = pi(
        u(0),
        pi(v(0), pi(path(v(1), v(0), v(0)), path(path(v(2), v(1), v(1)), v(0), dlam(papp(v(0), v(1), v(1), d(0)))))),
    );
    accepts(&s, ty, lam(lam(lam(refl(v(0))))));
    // functions
    let ty = pi(pi(nat(), nat()), path(pi(nat(), nat()), v(0), lam(app(v(1), v(0)))));
    accepts(&s, ty, lam(refl(v(0))));
    // pairs
    let ty = pi(sigma(nat(), nat()), path(sigma(nat(), nat()), v(0), pair(fst(v(0)), snd(v(0)))));
    accepts(&s, ty, lam(refl(v(0))));
    // unit
    let unit = prim(Prim::Unit);
    let ty = pi(unit.clone(), pi(unit.clone(), path(unit.clone(), v(0), v(1))));
    accepts(&s, ty, lam(lam(refl(v(0)))));
    // functions into unit
    let to_unit = pi(nat(), unit);
    let ty = pi(to_unit.clone(), pi(to_unit.clone(), path(to_unit, v(0), v(1))));
    accepts(&s, ty, lam(lam(refl(v(0)))));
    // lines
    let ty = pi(line(nat()), path(line(nat()), v(0), dlam(lapp(v(0), d(0)))));
    accepts(&s, ty, lam(refl(v(0))));
    // Not on Bool.
    let ty = pi(boolean(), pi(boolean(), path(boolean(), v(0), v(1))));
    rejects(&s, ty, lam(lam(refl(v(0)))), "wrong path endpoint");
}

#[test]
fn c11_j_computes_in_a_closed_canonical_family() {
    // coe 0 1 (i. Nat) 3, along any path, is 3.
    let s = signature(vec![]);
    let ty = pi(u(0), pi(v(0), pi(path(v(1), v(0), v(0)), path(nat(), coe(I0, I1, nat(), num(3)), num(3)))));
    accepts(&s, ty, lam(lam(lam(refl(num(3))))));
}

#[test]
fn c13_hcom_at_nat() {
    let s = signature(vec![]);
    assert_eq!(normal(&s, &hcom(I0, I1, nat(), vec![], suc(num(0)))), num(1));
    assert_eq!(normal(&s, &hcom(I0, I1, nat(), vec![], num(u64::MAX))), num(u64::MAX));
    // n : Nat; all sides successors of n: the successor of the composition.
    let comp = |n: Term, side: Term| dlam(hcom(I0, I1, nat(), vec![face(d(0), I0, side)], n));
    let left = comp(suc(v(0)), suc(v(0)));
    let right = dlam(suc(hcom(I0, I1, nat(), vec![face(d(0), I0, v(0))], v(0))));
    accepts(&s, pi(nat(), path(line(nat()), left, right.clone())), lam(refl(right)));
}

#[test]
fn c14_hcom_pushes_into_pairs_functions_and_paths() {
    let s = signature(vec![]);
    // A, a, b : A
    let h = |ty: Term, side: Term, base: Term| hcom(I0, I1, ty, vec![face(d(0), I0, side)], base);
    let a = v(2);
    let pairs = fst(h(sigma(a.clone(), v(3)), pair(v(1), v(0)), pair(v(1), v(0))));
    let ty = pi(u(0), pi(v(0), pi(v(1), path(line(a.clone()), dlam(pairs.clone()), dlam(h(a.clone(), v(1), v(1)))))));
    accepts(&s, ty, lam(lam(lam(refl(dlam(pairs))))));
    // functions
    let f = app(h(pi(nat(), v(3)), lam(v(2)), lam(v(2))), num(0));
    let ty = pi(u(0), pi(v(0), pi(v(1), path(line(a.clone()), dlam(f.clone()), dlam(h(a.clone(), v(1), v(1)))))));
    accepts(&s, ty, lam(lam(lam(refl(dlam(f))))));
    // paths: at j the composition has the ends as two more faces
    let p = h(path(a.clone(), v(1), v(1)), refl(v(1)), refl(v(1)));
    let pushed = dlam(dlam(hcom(
        I0,
        I1,
        a.clone(),
        vec![face(d(1), I0, v(1)), face(d(0), I0, v(1)), face(d(0), I1, v(1))],
        v(1),
    )));
    let ty = pi(u(0), pi(v(0), pi(v(1), path(line(path(a, v(1), v(1))), dlam(p.clone()), pushed))));
    accepts(&s, ty, lam(lam(lam(refl(dlam(p))))));
}

#[test]
fn c15_trivial_kan_operations() {
    let s = signature(vec![]);
    // A : U 0, p : Line A
    let side = face(I0, I0, lapp(v(0), d(0)));
    let total = hcom(I0, I1, v(1), vec![side.clone()], lapp(v(0), I0));
    let ty = pi(u(0), pi(line(v(0)), path(v(1), total, lapp(v(0), I1))));
    accepts(&s, ty, lam(lam(refl(lapp(v(0), I1)))));
    let none = hcom(I0, I0, v(1), vec![side], lapp(v(0), I0));
    let ty = pi(u(0), pi(line(v(0)), path(v(1), none, lapp(v(0), I0))));
    accepts(&s, ty, lam(lam(refl(lapp(v(0), I0)))));
    let (ty, term) = over_a(path(v(1), coe(I1, I1, v(1), v(0)), v(0)), refl(v(0)));
    accepts(&s, ty, term);
}

#[test]
fn c16_coe_at_functions() {
    let s = signature(vec![]);
    // A B : Line (U 0), f : A 0 -> B 0, x : A 1
    let (a, b) = (|n: u32, r: Dim| lapp(v(n), r), |n: u32, r: Dim| lapp(v(n), r));
    let telescope = |body: Term| pi(line(u(0)), pi(line(u(0)), pi(pi(a(1, I0), b(1, I0)), pi(a(2, I1), body))));
    let left = app(coe(I0, I1, pi(a(3, d(0)), b(3, d(0))), v(1)), v(0));
    let right = coe(I0, I1, b(2, d(0)), app(v(1), coe(I1, I0, a(3, d(0)), v(0))));
    accepts(&s, telescope(path(b(2, I1), left, right.clone())), (0..4).fold(refl(right), |t, _| lam(t)));
}

#[test]
fn c24_transport_of_a_pair() {
    let s = signature(vec![]);
    // B : Line (U 0), p : Nat * B 0
    let left = coe(I0, I1, sigma(nat(), lapp(v(2), d(0))), v(0));
    let right = pair(fst(v(0)), coe(I0, I1, lapp(v(1), d(0)), snd(v(0))));
    let ty = sigma(nat(), lapp(v(2), I1));
    let statement = pi(line(u(0)), pi(sigma(nat(), lapp(v(1), I0)), path(ty, left, right.clone())));
    accepts(&s, statement, lam(lam(refl(right))));
}

#[test]
fn c26_double_symmetry_is_not_definitional() {
    let s = signature(vec![]);
    // A, x, p : x = x; sym p = DLam i. hcom 0 1 A [i=0 -> j. p j; i=1 -> _. x] x
    let at = |r| papp(v(0), v(1), v(1), r);
    let sym = dlam(hcom(I0, I1, v(2), vec![face(d(0), I0, at(d(0))), face(d(0), I1, v(1))], v(1)));
    let loops = path(v(2), v(1), v(1));
    let telescope = |b: Term| pi(u(0), pi(v(0), pi(path(v(1), v(0), v(0)), b)));
    accepts(&s, telescope(loops.clone()), lam(lam(lam(sym.clone()))));
    let defs = signature(vec![def(telescope(loops.clone()), lam(lam(lam(sym))))]);
    let apply = |p: Term| app(app(app(c(0), v(2)), v(1)), p);
    let twice = apply(apply(v(0)));
    accepts(&defs, telescope(path(loops.clone(), twice.clone(), twice.clone())), lam(lam(lam(refl(twice.clone())))));
    rejects(&defs, telescope(path(loops, twice.clone(), v(0))), lam(lam(lam(refl(v(0))))), "wrong path endpoint");
}

#[test]
fn c25_lists_are_coerced_elementwise() {
    let s = signature(vec![list()]);
    let xs = list_of(&nat(), &[num(1), num(2)]);
    assert_eq!(normal(&s, &coe(I0, I1, data_at(0, vec![nat()]), xs.clone())), xs);
    // P : Line (U 0), x : P 0
    let left = coe(I0, I1, data_at(0, vec![lapp(v(1), d(0))]), list_of(&lapp(v(1), I0), &[v(0)]));
    let right = list_of(&lapp(v(1), I1), &[coe(I0, I1, lapp(v(1), d(0)), v(0))]);
    let ty = data_at(0, vec![lapp(v(1), I1)]);
    accepts(&s, pi(line(u(0)), pi(lapp(v(0), I0), path(ty, left, right.clone()))), lam(lam(refl(right))));
    // Composition of constructors goes into the fields.
    assert_eq!(normal(&s, &hcom(I0, I1, data_at(0, vec![nat()]), vec![], xs.clone())), xs);
    // Not at a variable list.
    let ty = pi(
        data_at(0, vec![nat()]),
        path(data_at(0, vec![nat()]), hcom(I0, I1, data_at(0, vec![nat()]), vec![], v(0)), v(0)),
    );
    rejects(&s, ty, lam(refl(v(0))), "wrong path endpoint");
}

#[test]
fn eliminators_of_data_compute() {
    let s = signature(vec![list()]);
    // length
    let length = |xs: Term| data_elim(0, vec![nat()], nat(), vec![num(0), lam(lam(lam(suc(v(0)))))], xs);
    let xs = list_of(&nat(), &[num(7), num(8), num(9)]);
    assert_eq!(normal(&s, &length(xs)), num(3));
    accepts(&s, pi(data_at(0, vec![nat()]), nat()), lam(length(v(0))));
    rejects(
        &s,
        pi(data_at(0, vec![nat()]), nat()),
        lam(data_elim(0, vec![nat()], nat(), vec![num(0)], v(0))),
        "wrong number of arguments",
    );
}

#[test]
fn eliminators_of_trees_with_functions_compute() {
    // W: leaf, or node (Nat -> W)
    let s = signature(vec![data(vec![], 0, vec![vec![], vec![pi(nat(), data_at(0, vec![]))]])]);
    let leaf = || con(0, 0, vec![], vec![]);
    let node = |f: Term| con(0, 1, vec![], vec![f]);
    // depth along the child 0: node f ih -> suc (ih 0)
    let depth = |x: Term| data_elim(0, vec![], nat(), vec![num(0), lam(lam(suc(app(v(0), num(0)))))], x);
    accepts(&s, pi(data_at(0, vec![]), nat()), lam(depth(v(0))));
    assert_eq!(normal(&s, &depth(node(lam(node(lam(leaf())))))), num(2));
}

#[test]
fn definitions_displace() {
    // id^1 (U 0) Nat
    let s = signature(vec![def(pi(u(0), pi(v(0), v(1))), lam(lam(v(0))))]);
    accepts(&s, u(0), app(app(raised(0, 1), u(0)), nat()));
    rejects(&s, u(0), app(app(c(0), u(0)), nat()), "universe too small");
}

#[test]
fn hcom_at_a_bool_with_constructors() {
    let s = signature(vec![]);
    let yes = prim(Prim::True);
    let h = dlam(hcom(I0, I1, boolean(), vec![face(d(0), I0, yes.clone())], yes.clone()));
    accepts(&s, path(line(boolean()), h, dlam(yes.clone())), refl(dlam(yes)));
}

#[test]
fn composition_of_paths_has_the_right_ends() {
    let s = signature(vec![]);
    // A, x y z, p : x = y, q : y = z
    let statement = pi(
        u(0),
        pi(v(0), pi(v(1), pi(v(2), pi(path(v(3), v(2), v(1)), pi(path(v(4), v(2), v(1)), path(v(5), v(4), v(2))))))),
    );
    let p = |r| papp(v(1), v(4), v(3), r);
    let q = |r| papp(v(0), v(3), v(2), r);
    let trans = dlam(hcom(I0, I1, v(5), vec![face(d(0), I0, v(4)), face(d(0), I1, q(d(0)))], p(d(0))));
    accepts(&s, statement, (0..6).fold(trans, |t, _| lam(t)));
}

#[test]
fn integers_and_reals_compute_on_literals() {
    let s = signature(vec![]);
    assert_eq!(normal(&s, &op(Prim::IntPos, &[num(3)])), int(3));
    assert_eq!(normal(&s, &op(Prim::IntNegSuc, &[num(3)])), int(-4));
    assert_eq!(normal(&s, &op(Prim::IntMul, &[int(-3), int(4)])), int(-12));
    assert_eq!(normal(&s, &op(Prim::IntLtb, &[int(-3), int(4)])), prim(Prim::True));
    let cases = |x: Term| t(Node::IntElim(nat(), lam(v(0)), lam(op(Prim::NatAdd, &[v(0), num(10)])), x));
    assert_eq!(normal(&s, &cases(int(-1))), num(10));
    assert_eq!(normal(&s, &cases(int(7))), num(7));
    assert_eq!(normal(&s, &op(Prim::RealAdd, &[rat(1, 3), rat(1, 6)])), rat(1, 2));
    assert_eq!(normal(&s, &op(Prim::RealMul, &[rat(-2, 3), rat(3, 2)])), rat(-1, 1));
    assert_eq!(normal(&s, &op(Prim::RealInv, &[rat(-2, 3)])), rat(-3, 2));
    assert_eq!(normal(&s, &op(Prim::RealInv, &[rat(0, 1)])), rat(0, 1));
    assert_eq!(normal(&s, &op(Prim::RealLtb, &[rat(1, 3), rat(1, 2)])), prim(Prim::True));
    assert_eq!(normal(&s, &op(Prim::RealOfNat, &[num(5)])), rat(5, 1));
    assert_eq!(normal(&s, &op(Prim::RealOfInt, &[int(-5)])), rat(-5, 1));
    // The whole number below, also where the fraction is negative.
    for (num, den, below) in
        [(-1, 2, -1), (1, 2, 0), (-2, 1, -2), (0, 1, 0), (7, 3, 2), (-7, 3, -3), (-1, 1_000_000, -1)]
    {
        assert_eq!(normal(&s, &op(Prim::RealFloor, &[rat(num, den)])), int(below), "{num}/{den}");
    }
    let wide = op(Prim::RealMul, &[rat(i64::MAX, 1), rat(-2, 1)]);
    let below = op(Prim::IntMul, &[int(i64::MAX), int(-2)]);
    assert_eq!(normal(&s, &op(Prim::RealFloor, &[wide])), normal(&s, &below));
    // Not on variables: x < y is not decided (T37).
    let ty = pi(real(), path(boolean(), op(Prim::RealLtb, &[v(0), v(0)]), prim(Prim::False)));
    rejects(&s, ty, lam(refl(prim(Prim::False))), "wrong path endpoint");
}

#[test]
fn composition_at_integers_goes_under_the_sign() {
    let s = signature(vec![]);
    let z = prim(Prim::Int);
    assert_eq!(normal(&s, &hcom(I0, I1, z.clone(), vec![], int(-7))), int(-7));
    let f = |x: Term| Face { cof: vec![(d(0), I0)], body: x };
    let pos = |x: Term| op(Prim::IntPos, &[x]);
    let left = dlam(hcom(I0, I1, z.clone(), vec![f(pos(v(0)))], pos(v(0))));
    let right = dlam(pos(hcom(I0, I1, nat(), vec![f(v(0))], v(0))));
    accepts(&s, pi(nat(), path(line(z), left, right.clone())), lam(refl(right)));
}
