//! Attempts to prove what is false, one per rule, and the traps that have no test elsewhere. Each was tried and fails for the reason named.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod both;
/// The kernel alone; `tests/checkers.rs` compiles this file again and gives every judgement to the second checker too.
#[allow(dead_code)]
fn second(_: &bfv_format::Stored, _: Option<&str>) {}
use bfv_format::{DataRef, Decl, Face, Hypothesis, Node, Op, Prim, Rational, Relation, Rule, Sort, Step, Term};
use bfv_kernel::{Limits, META_BASE, Signature};
use both::*;

fn none() -> Signature {
    signature(vec![])
}
fn integers() -> Term {
    prim(Prim::Int)
}
fn not(a: Term) -> Term {
    pi(a, empty())
}
fn truth() -> Term {
    prim(Prim::True)
}

#[test]
fn t02_hurkens() {
    // Hurkens' paradox with every level written out. P X = X -> U 0, and
    // V = (X : U 1) -> (P (P X) -> X) -> P (P X). It needs V among the X that V speaks of, and predicates over V as small as U 0.
    let p = |x: Term| app(c(0), x);
    let pp = |x: Term| p(p(x));
    // P itself: in U 0 the predicates on a type do not fit.
    refuses(&mut none(), def(pi(u(0), u(0)), lam(pi(v(0), u(0)))), "universe too small");
    let power = || def(pi(u(1), u(1)), lam(pi(v(0), u(0))));
    let body = pi(u(1), pi(pi(pp(v(0)), v(1)), pp(v(1))));
    let s = signature(vec![power()]);
    accepts(&s, u(2), body.clone());
    rejects(&s, u(1), body.clone(), "universe too small");
    // P once more, over types as large as V.
    let big_p = |x: Term| app(c(2), x);
    let s = signature(vec![power(), def(u(2), body), def(pi(u(2), u(2)), lam(pi(v(0), u(0))))]);
    let big_v = || c(1);
    let sets = || big_p(big_p(big_v()));
    // tau t = fun X f p => t (fun x => p (f (x X f))) is fine: X is a variable.
    let tau = |t: Term| lam(lam(lam(app(t, lam(app(v(1), app(v(2), app(app(v(0), v(3)), v(2)))))))));
    let tau_ty = || pi(sets(), big_v());
    // t : P (P V) stands where the elements x of V are given, so it takes predicates on V.
    accepts(&s, tau_ty(), lam(tau(v(3))));
    // sigma s = s V (fun t => tau t): V is in U 2, and s ranges over U 1.
    let sigma_ty = || pi(big_v(), sets());
    rejects(&s, sigma_ty(), lam(app(app(v(0), big_v()), lam(tau(v(3))))), "universe too small");
    // The same at every displacement: V stays one too large for itself.
    for n in 1..4 {
        let (at, pred) = (raised(1, n), |x: Term| app(raised(2, n), x));
        let ty = pi(at.clone(), pred(pred(at.clone())));
        rejects(&s, ty, lam(app(app(v(0), at), lam(tau(v(3))))), "universe too small");
    }
    // Were sigma given, the set delta y = ((p : P V) -> sigma y p -> p (tau (sigma y))) -> Empty would be too large for P V,
    // and omega = tau (fun p => (x : V) -> sigma x p -> p x) would need a set as large.
    let given = |t: Term| pi(tau_ty(), pi(sigma_ty(), t));
    let applied = |y: Term, q: Term| app(app(v(2), y), q);
    let own = pi(big_p(big_v()), pi(applied(v(1), v(0)), app(v(1), app(v(4), app(v(3), v(2))))));
    rejects(&s, given(big_p(big_v())), lam(lam(lam(pi(own, empty())))), "universe too small");
    let omega = lam(pi(big_v(), pi(app(app(v(2), v(0)), v(1)), app(v(2), v(1)))));
    rejects(&s, given(big_v()), lam(lam(app(v(1), omega))), "universe too small");
    // Russell's set of all sets, as a data type.
    refuses(&mut none(), data(vec![], 0, vec![vec![u(0), pi(v(0), data_at(0, vec![]))]]), "universe too small");
    let s = signature(vec![data(vec![], 1, vec![vec![u(0), pi(v(0), data_at(0, vec![]))]])]);
    let set = || data_at(0, vec![]);
    rejects(&s, set(), con(0, 0, vec![], vec![set(), lam(v(0))]), "universe too small");
}

#[test]
fn t07_recursion_through_a_transported_type() {
    // The value of a definition at a coerced argument is not there to be used: no declaration sees itself.
    let again = coe(I0, I1, nat(), app(c(0), coe(I1, I0, nat(), v(0))));
    refuses(
        &mut none(),
        def(pi(nat(), empty()), lam(nat_elim(empty(), again.clone(), lam(lam(v(0))), v(0)))),
        "unknown constant",
    );
    // W := mk ((X : coe 0 1 (U 0) W) -> Empty): transport does not hide the negative occurrence.
    let me = || data_at(0, vec![]);
    let bad = "not strictly positive";
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(coe(I0, I1, u(0), me()), empty())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![pi(nat(), coe(I0, I1, u(0), me()))]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![hcom(I0, I1, u(0), vec![], me())]]), bad);
    refuses(&mut none(), data(vec![], 0, vec![vec![let_(u(0), me(), v(0))]]), bad);
    // A function of a coerced type is a field like any other, and its hypothesis is at the field, not at something smaller or larger.
    let s = signature(vec![data(vec![], 0, vec![vec![pi(coe(I0, I1, u(0), nat()), me())]])]);
    let field = pi(nat(), me());
    let go = |b: Term| lam(data_elim(0, vec![], empty(), vec![b], v(0)));
    accepts(&s, pi(me(), empty()), go(lam(lam(app(v(0), num(0))))));
    // The whole instead of a part.
    rejects(&s, pi(me(), empty()), go(lam(lam(con(0, 0, vec![], vec![v(1)])))), "type mismatch");
    rejects(&s, pi(field, empty()), lam(data_elim(0, vec![], empty(), vec![lam(lam(v(0)))], v(0))), "type mismatch");
}

#[test]
fn t32_holes_and_borrowed_evidence() {
    // A metavariable of the elaborator is no constant of a signature.
    for id in [META_BASE, META_BASE + 7, u32::MAX] {
        rejects(&none(), empty(), c(id), "unknown constant");
        rejects(&none(), empty(), let_(nat(), num(0), c(id)), "unknown constant");
        refuses(&mut none(), theorem(empty(), c(id)), "unknown constant");
    }
    // A theorem that was not checked, one that proves something else, and one of the type of a hole.
    refuses(&mut none(), theorem(empty(), prim(Prim::Star)), "type mismatch");
    refuses(&mut none(), theorem(pi(u(0), v(0)), lam(v(0))), "type mismatch");
    let s = signature(vec![theorem(prim(Prim::Unit), prim(Prim::Star))]);
    rejects(&s, empty(), c(0), "type mismatch");
    // What rests on an axiom says so, however it is wrapped.
    let s = signature(vec![axiom("hole", empty()), theorem(empty(), c(0)), def(empty(), c(1))]);
    accepts(&s, empty(), c(2));
    assert_eq!(s.prove(&empty(), &c(2), Limits::default()).unwrap().axioms(), ["hole"]);
}

#[test]
fn t38_the_interval_is_not_a_type_of_numbers() {
    // A line is no function of a real number, nor the other way round.
    let bad = "type mismatch";
    rejects(&none(), pi(line(nat()), pi(real(), nat())), lam(v(0)), bad);
    rejects(&none(), pi(pi(real(), nat()), line(nat())), lam(v(0)), bad);
    rejects(&none(), pi(real(), nat()), dlam(num(0)), bad);
    rejects(&none(), line(nat()), lam(num(0)), bad);
    rejects(&none(), pi(line(nat()), nat()), lam(app(v(0), rat(1, 2))), "not a function");
    // The ends 0 and 1 of a path of numbers are values of the path, not numbers.
    let ends = path(real(), rat(0, 1), rat(1, 1));
    rejects(&none(), ends.clone(), dlam(rat(1, 2)), "wrong path endpoint");
    rejects(&none(), path(u(0), real(), line(real())), dlam(real()), "wrong path endpoint");
}

/// The rational `n / d` as a number of a certificate.
fn q(n: i64, d: u64) -> Rational {
    Rational { num: n.into(), den: d.into() }
}
fn at(s: Sort, n: u32) -> Vec<Op> {
    vec![Op::Atom(s, n)]
}
fn lit(s: Sort, n: i64) -> Vec<Op> {
    vec![Op::Lit(s, q(n, 1))]
}
fn both(op: Op, a: Vec<Op>, b: Vec<Op>) -> Vec<Op> {
    [a, b, vec![op]].concat()
}
fn ring(sort: Sort, atoms: Vec<(Sort, Term)>, left: Vec<Op>, right: Vec<Op>) -> Term {
    t(Node::Rule(Box::new(Rule::Ring { sort, atoms, left, right })))
}
fn hyp(left: Vec<Op>, relation: Relation, right: Vec<Op>, proof: Term) -> Hypothesis {
    Hypothesis { relation, left, right, proof }
}
fn lia(sort: Sort, atoms: Vec<(Sort, Term)>, hypotheses: Vec<Hypothesis>, steps: Vec<Step>) -> Term {
    t(Node::Rule(Box::new(Rule::Lia { sort, atoms, hypotheses, steps })))
}
fn psatz(atoms: Vec<(Sort, Term)>, hypotheses: Vec<Hypothesis>, products: &[(i64, Vec<u32>)]) -> Term {
    let product = |(k, hs): &(i64, Vec<u32>)| bfv_format::Product {
        coefficient: q(*k, 1),
        hypotheses: hs.clone(),
        squares: vec![],
    };
    let products = products.iter().map(product).collect();
    t(Node::Rule(Box::new(Rule::Psatz { atoms, hypotheses, products, equalities: vec![] })))
}
fn combine(terms: &[(u32, i64)]) -> Step {
    Step::Combine(bfv_format::Combination { terms: terms.iter().map(|(n, k)| (*n, (*k).into())).collect() })
}
fn ltb(p: Prim, a: Term, b: Term) -> Term {
    path(boolean(), op(p, &[a, b]), truth())
}

#[test]
fn t42_an_axiom_that_is_too_strong_is_named_by_what_it_proves() {
    // log (x * y) = log x + log y for all x and y makes log 1 = 0 and log x = 0, so with log 2 = 1 anything follows.
    let log = |x: Term| app(c(0), x);
    let law = |x: Term, y: Term| {
        path(real(), log(op(Prim::RealMul, &[x.clone(), y.clone()])), op(Prim::RealAdd, &[log(x), log(y)]))
    };
    let s = signature(vec![
        axiom("log", pi(real(), real())),
        axiom("log", pi(real(), pi(real(), law(v(1), v(0))))),
        axiom("log_two", path(real(), log(rat(2, 1)), rat(1, 1))),
    ]);
    // At y = 0: log 0 = log 2 + log 0, so log 2 = 0. The product 2 * 0 computes to 0.
    let r = Sort::Real;
    let atoms = vec![(r, log(rat(2, 1))), (r, log(rat(0, 1)))];
    let first = hyp(at(r, 1), Relation::Eq, both(Op::Add, at(r, 0), at(r, 1)), app(app(c(1), rat(2, 1)), rat(0, 1)));
    let two = hyp(at(r, 0), Relation::Eq, lit(r, 1), c(2));
    let proof = t(Node::Rule(Box::new(Rule::Psatz {
        atoms,
        hypotheses: vec![first, two],
        products: vec![],
        equalities: vec![(0, lit(r, -1)), (1, lit(r, -1))],
    })));
    accepts(&s, empty(), proof.clone());
    let proved = s.prove(&empty(), &proof, Limits::default()).unwrap();
    assert_eq!((proved.axioms(), proved.rules()), (&["log".to_owned(), "log_two".to_owned()][..], &["psatz"][..]));
}

#[test]
fn t43_contradictory_hypotheses_stay_in_the_statement() {
    // (x : Real) -> x < 0 -> 0 < x -> Empty is proved, and what is proved is this statement, not its conclusion.
    let zero = || rat(0, 1);
    let claim = pi(real(), pi(ltb(Prim::RealLtb, v(0), zero()), pi(ltb(Prim::RealLtb, zero(), v(1)), empty())));
    let r = Sort::Real;
    let hs = vec![hyp(at(r, 0), Relation::Lt, lit(r, 0), v(1)), hyp(lit(r, 0), Relation::Lt, at(r, 0), v(0))];
    let proof = lam(lam(lam(psatz(vec![(r, v(2))], hs.clone(), &[(1, vec![0]), (1, vec![1])]))));
    accepts(&none(), claim.clone(), proof.clone());
    assert_eq!(none().prove(&claim, &proof, Limits::default()).unwrap().statement(), &claim);
    rejects(&none(), empty(), proof, "type mismatch");
    // One hypothesis alone does not do, and the same one twice is still one.
    let alone = pi(real(), pi(ltb(Prim::RealLtb, v(0), zero()), empty()));
    let one = vec![hyp(at(r, 0), Relation::Lt, lit(r, 0), v(0)), hyp(at(r, 0), Relation::Lt, lit(r, 0), v(0))];
    let proof = lam(lam(psatz(vec![(r, v(1))], one, &[(1, vec![0]), (1, vec![1])])));
    rejects(&none(), alone, proof, "certificate does not sum to a contradiction");
}

#[test]
fn truncated_subtraction_is_no_difference() {
    // a - b + b = a on Nat, with the difference as an operation, as an atom, and through the embeddings.
    let (n, z, r) = (Sort::Nat, Sort::Int, Sort::Real);
    let minus = || op(Prim::NatSub, &[v(1), v(0)]);
    let sum = |a: Term, b: Term| op(Prim::NatAdd, &[a, b]);
    let ty = pi(nat(), pi(nat(), path(nat(), sum(minus(), v(0)), v(1))));
    let tree = both(Op::Add, both(Op::Sub, at(n, 0), at(n, 1)), at(n, 1));
    let two = || vec![(n, v(1)), (n, v(0))];
    rejects(&none(), ty.clone(), lam(lam(ring(n, two(), tree, at(n, 0)))), "ill-formed arithmetic tree");
    let three = || vec![(n, v(1)), (n, v(0)), (n, minus())];
    let atom = ring(n, three(), both(Op::Add, at(n, 2), at(n, 1)), at(n, 0));
    rejects(&none(), ty, lam(lam(atom)), "sides are different polynomials");
    for (s, of, p) in [(z, Op::NatToInt, Prim::IntAdd), (r, Op::NatToReal, Prim::RealAdd)] {
        let up = |x: u32| [at(n, x), vec![of.clone()]].concat();
        let im = |x: Term| op(if s == z { Prim::IntPos } else { Prim::RealOfNat }, &[x]);
        let carrier = if s == z { integers() } else { real() };
        // The image of a difference is not the difference of the images.
        let diff = if s == z { Prim::IntSub } else { Prim::RealSub };
        let ty = pi(nat(), pi(nat(), path(carrier.clone(), im(minus()), op(diff, &[im(v(1)), im(v(0))]))));
        let proof = ring(s, three(), up(2), both(Op::Sub, up(0), up(1)));
        rejects(&none(), ty, lam(lam(proof)), "sides are different polynomials");
        // The image of a sum is the sum of the images: true, and not by computation.
        let ty = pi(nat(), pi(nat(), path(carrier, im(sum(v(1), v(0))), op(p, &[im(v(1)), im(v(0))]))));
        let inside = [both(Op::Add, at(n, 0), at(n, 1)), vec![of.clone()]].concat();
        accepts(&none(), ty.clone(), lam(lam(ring(s, two(), inside, both(Op::Add, up(0), up(1))))));
        rejects(&none(), ty, lam(lam(refl(im(sum(v(1), v(0)))))), "wrong path endpoint");
    }
}

#[test]
fn atoms_have_the_sorts_that_they_are_said_to_have() {
    let (n, z, r) = (Sort::Nat, Sort::Int, Sort::Real);
    // -1 as a natural number is nonnegative.
    let below = |s: Sort| vec![hyp(at(s, 0), Relation::Lt, lit(s, 0), refl(truth()))];
    let steps = || vec![Step::NatAtom(0), combine(&[(0, 1), (1, 1)])];
    rejects(&none(), empty(), lia(z, vec![(z, int(-1))], below(z), steps()), "ill-formed arithmetic tree");
    rejects(&none(), empty(), lia(n, vec![(n, int(-1))], below(n), steps()), "type mismatch");
    let up = |x: Vec<Op>| [x, vec![Op::NatToInt]].concat();
    let wrong = vec![hyp(up(at(n, 0)), Relation::Lt, lit(z, 0), refl(truth()))];
    rejects(&none(), empty(), lia(z, vec![(n, int(-1))], wrong, steps()), "type mismatch");
    rejects(&none(), empty(), lia(z, vec![(z, int(-1))], below(n), steps()), "ill-formed arithmetic tree");
    // A half as an integer: 2 x = 1 has a solution among the real numbers only.
    let double = |s: Sort| both(Op::Mul, lit(s, 2), at(s, 0));
    let half = |s: Sort| vec![hyp(double(s), Relation::Eq, lit(s, 1), refl(rat(1, 1)))];
    let cut = vec![combine(&[(0, 1)]), Step::Cut(1, 2u8.into())];
    rejects(&none(), empty(), lia(r, vec![(r, rat(1, 2))], half(r), cut.clone()), "ill-formed arithmetic tree");
    rejects(&none(), empty(), lia(z, vec![(r, rat(1, 2))], half(r), cut.clone()), "ill-formed arithmetic tree");
    rejects(&none(), empty(), lia(z, vec![(z, rat(1, 2))], half(z), cut), "cut does not divide");
    // Order and equality of other types than those of numbers cannot be stated.
    let truthful = hyp(at(r, 0), Relation::Eq, at(r, 1), refl(truth()));
    rejects(
        &none(),
        empty(),
        psatz(vec![(r, truth()), (r, truth())], vec![truthful], &[(1, vec![])]),
        "certificate does not sum to a contradiction",
    );
}

#[test]
fn products_are_unknowns_of_their_own_in_linear_reasoning() {
    // x * y <= 0 and 1 <= x, 1 <= y are contradictory, but not linearly.
    let z = Sort::Int;
    let le = |a: Term, b: Term| not(ltb(Prim::IntLtb, b, a));
    let xy = op(Prim::IntMul, &[v(1), v(0)]);
    let ty = pi(integers(), pi(integers(), pi(le(xy, int(0)), pi(le(int(1), v(2)), pi(le(int(1), v(2)), empty())))));
    let atoms = vec![(z, v(4)), (z, v(3))];
    let hs = vec![
        hyp(both(Op::Mul, at(z, 0), at(z, 1)), Relation::Le, lit(z, 0), v(2)),
        hyp(lit(z, 1), Relation::Le, at(z, 0), v(1)),
        hyp(lit(z, 1), Relation::Le, at(z, 1), v(0)),
    ];
    let try_it = |step: Step| (0..5).fold(lia(z, atoms.clone(), hs.clone(), vec![step]), |x, _| lam(x));
    rejects(&none(), ty, try_it(combine(&[(0, 1), (1, 1), (2, 1)])), "certificate does not sum to a contradiction");
    // x * x = 2 has no solution, but a cut of an unknown square says nothing of it.
    let ty = pi(integers(), pi(path(integers(), op(Prim::IntMul, &[v(0), v(0)]), int(2)), empty()));
    let square = vec![hyp(both(Op::Mul, at(z, 0), at(z, 0)), Relation::Eq, lit(z, 2), v(0))];
    let proof = |steps| lam(lam(lia(z, vec![(z, v(1))], square.clone(), steps)));
    rejects(&none(), ty.clone(), proof(vec![Step::Cut(0, 2u8.into())]), "cut does not divide");
    rejects(&none(), ty.clone(), proof(vec![Step::Cut(0, 0u8.into())]), "cut does not divide");
    rejects(&none(), ty, proof(vec![]), "certificate does not sum to a contradiction");
}

#[test]
fn cuts_round_down_below_zero_too() {
    // 1 <= 2 x and 2 x <= 1: cut to 1 <= x and x <= 0.
    let z = Sort::Int;
    let le = |a: Term, b: Term| not(ltb(Prim::IntLtb, b, a));
    let double = op(Prim::IntMul, &[int(2), v(0)]);
    let twice = op(Prim::IntMul, &[int(2), v(1)]);
    let ty = pi(integers(), pi(le(int(1), double), pi(le(twice, int(1)), empty())));
    let tree = || both(Op::Mul, lit(z, 2), at(z, 0));
    let hs = vec![hyp(lit(z, 1), Relation::Le, tree(), v(1)), hyp(tree(), Relation::Le, lit(z, 1), v(0))];
    let proof = |steps| lam(lam(lam(lia(z, vec![(z, v(2))], hs.clone(), steps))));
    let two = || 2u8.into();
    accepts(&none(), ty.clone(), proof(vec![Step::Cut(0, two()), Step::Cut(1, two()), combine(&[(2, 1), (3, 1)])]));
    // One cut is not enough: were -1/2 rounded to 0, or 1/2 to 1, one of these would be a contradiction or a loss.
    let bad = "certificate does not sum to a contradiction";
    rejects(&none(), ty.clone(), proof(vec![combine(&[(0, 1), (1, 1)])]), bad);
    rejects(
        &none(),
        ty,
        proof(vec![Step::Cut(1, two()), combine(&[(0, 1), (2, 2)]), Step::NatAtom(7)]),
        "ill-formed arithmetic tree",
    );
    // 0 <= 2 x + 1 holds at 0: cut it is 0 <= x, and -1 < x does not contradict it.
    let shifted = both(Op::Add, tree(), lit(z, 1));
    let hs = vec![hyp(lit(z, 0), Relation::Le, shifted, v(0))];
    let at_zero = lia(z, vec![(z, int(0))], hs, vec![Step::Cut(0, two())]);
    rejects(&none(), pi(le(int(0), int(1)), empty()), lam(at_zero), bad);
}

#[test]
fn stuck_numbers_do_not_decide() {
    let same = |ty: Term, a: Term, b: Term| (pi(nat(), path(ty, a.clone(), b)), lam(refl(a)));
    let bad = "wrong path endpoint";
    let sub = |a: Term, b: Term| op(Prim::NatSub, &[a, b]);
    for (ty, a, b) in [
        (nat(), sub(v(0), v(0)), num(0)),
        (nat(), sub(num(0), v(0)), num(0)),
        (nat(), op(Prim::NatMul, &[num(0), v(0)]), num(0)),
        (nat(), op(Prim::NatAdd, &[v(0), v(0)]), op(Prim::NatMul, &[v(0), num(2)])),
        (integers(), op(Prim::IntPos, &[v(0)]), op(Prim::IntNegSuc, &[v(0)])),
        (integers(), op(Prim::IntAdd, &[op(Prim::IntPos, &[v(0)]), int(0)]), op(Prim::IntPos, &[v(0)])),
        (boolean(), op(Prim::NatLtb, &[v(0), suc(v(0))]), truth()),
        (boolean(), op(Prim::IntLtb, &[op(Prim::IntNegSuc, &[v(0)]), int(0)]), truth()),
        (real(), op(Prim::RealOfInt, &[op(Prim::IntPos, &[v(0)])]), op(Prim::RealOfNat, &[v(0)])),
        (real(), op(Prim::RealMul, &[rat(0, 1), op(Prim::RealOfNat, &[v(0)])]), rat(0, 1)),
        (integers(), op(Prim::RealFloor, &[op(Prim::RealOfNat, &[v(0)])]), op(Prim::IntPos, &[v(0)])),
        (integers(), op(Prim::RealFloor, &[op(Prim::RealMul, &[rat(0, 1), op(Prim::RealOfNat, &[v(0)])])]), int(0)),
    ] {
        let (statement, proof) = same(ty, a, b);
        rejects(&none(), statement, proof, bad);
    }
    for (ty, a, b) in [
        (nat(), sub(suc(v(0)), num(1)), v(0)),
        (nat(), op(Prim::NatMul, &[v(0), num(0)]), num(0)),
        (boolean(), op(Prim::NatLtb, &[v(0), num(0)]), prim(Prim::False)),
        (boolean(), op(Prim::NatLtb, &[num(0), suc(v(0))]), truth()),
        (integers(), op(Prim::IntPos, &[num(5)]), int(5)),
        (integers(), op(Prim::IntNegSuc, &[sub(num(7), num(4))]), int(-4)),
    ] {
        let (statement, proof) = same(ty, a, b);
        accepts(&none(), statement, proof);
    }
}

#[test]
fn displacement_does_not_split_a_type_without_universes() {
    // Tree has no universe; f and the law do not either, so they are not displaced, and the type must not be.
    let tree = || data_at(0, vec![]);
    let leaf = || con(0, 0, vec![], vec![]);
    let s = signature(vec![
        data(vec![], 0, vec![vec![]]),
        def(pi(tree(), tree()), lam(v(0))),
        theorem(pi(tree(), path(tree(), app(c(1), v(0)), v(0))), lam(refl(v(0)))),
        def(pi(u(0), path(tree(), app(c(1), leaf()), leaf())), lam(app(c(2), leaf()))),
        def(pi(u(0), tree()), lam(app(c(1), leaf()))),
    ]);
    let up = || t(Node::Data(DataRef { id: 0, shift: 1 }, vec![]));
    accepts(&s, path(u(0), up(), tree()), refl(tree()));
    accepts(&s, path(tree(), app(raised(4, 1), nat()), leaf()), refl(leaf()));
    accepts(&s, path(tree(), app(c(1), leaf()), leaf()), app(raised(3, 1), nat()));
}

#[test]
fn only_unit_has_eta() {
    let s = signature(vec![data(vec![], 0, vec![vec![]])]);
    let one = || data_at(0, vec![]);
    let ty = |a: Term| pi(a.clone(), pi(a.clone(), path(a, v(1), v(0))));
    accepts(&s, ty(prim(Prim::Unit)), lam(lam(refl(v(1)))));
    rejects(&s, ty(one()), lam(lam(refl(v(1)))), "wrong path endpoint");
    rejects(&s, ty(empty()), lam(lam(refl(v(1)))), "wrong path endpoint");
    // A path type is no proposition: two paths of one type are not equal by eta.
    let loops = |n: u32| path(nat(), v(n), v(n));
    let two = pi(nat(), pi(loops(0), pi(loops(1), path(loops(2), v(1), v(0)))));
    rejects(&s, two, lam(lam(lam(refl(v(1))))), "wrong path endpoint");
}

#[test]
fn opaque_evidence_does_not_unfold() {
    let s =
        signature(vec![theorem(nat(), num(1)), def(nat(), num(1)), theorem(path(nat(), c(1), num(1)), refl(num(1)))]);
    rejects(&s, path(nat(), c(0), num(1)), refl(num(1)), "wrong path endpoint");
    accepts(&s, path(nat(), c(1), num(1)), refl(num(1)));
    // Two proofs of one equation are not equal by computation, and a cast along one is stuck where it must be.
    let ty = path(path(nat(), num(1), num(1)), c(2), refl(num(1)));
    rejects(&s, ty, refl(refl(num(1))), "wrong path endpoint");
}

#[test]
fn cumulativity_stops_where_the_page_says() {
    let bad = "type mismatch";
    // Not to the left of an arrow, not under a line, a path, or a parameter.
    rejects(&none(), pi(line(u(0)), line(u(1))), lam(v(0)), bad);
    rejects(&none(), pi(path(u(1), nat(), nat()), path(u(2), nat(), nat())), lam(v(0)), bad);
    let s = signature(vec![data(vec![u(2)], 1, vec![vec![]])]);
    rejects(&s, pi(data_at(0, vec![u(0)]), data_at(0, vec![u(1)])), lam(v(0)), bad);
    rejects(&none(), pi(pi(u(1), nat()), pi(u(0), nat())), lam(v(0)), bad);
    // In both parts of a pair and to the right of an arrow; written out it goes everywhere.
    accepts(&none(), pi(sigma(u(0), u(0)), sigma(u(1), u(2))), lam(v(0)));
    accepts(&none(), pi(pi(nat(), u(0)), pi(nat(), u(1))), lam(v(0)));
    accepts(&none(), pi(line(u(0)), line(u(1))), lam(dlam(lapp(v(0), d(0)))));
    // A family over the smaller universe is not one over the larger.
    rejects(&none(), pi(sigma(u(0), pi(v(0), nat())), sigma(u(1), nat())), lam(v(0)), bad);
}

#[test]
fn faces_are_not_mixed_up() {
    let bad = "side disagrees with base";
    // l : Line Bool. At i = 0 the side is l 0, at i = 1 it is l 1; crossed it is neither.
    let comp = |a: Term, b: Term| {
        lam(dlam(hcom(I0, I1, boolean(), vec![face(d(0), I0, a), face(d(0), I1, b)], lapp(v(0), d(0)))))
    };
    let ty = || pi(line(boolean()), line(boolean()));
    accepts(&none(), ty(), comp(lapp(v(0), I0), lapp(v(0), I1)));
    accepts(&none(), ty(), comp(lapp(v(0), d(1)), lapp(v(0), d(1))));
    rejects(&none(), ty(), comp(lapp(v(0), I1), lapp(v(0), I0)), bad);
    // The dimension that a side binds is not the one of its face: l k starts at l 0, not at l i.
    rejects(&none(), ty(), comp(lapp(v(0), I0), lapp(v(0), d(0))), bad);
    // A conjunction that is false somewhere is not false: i = 0 and j = 1.
    let corner = Face { cof: vec![(d(0), I0), (d(1), I1)], body: prim(Prim::False) };
    let square = dlam(dlam(hcom(I0, I1, boolean(), vec![corner], truth())));
    rejects(&none(), line(line(boolean())), square, bad);
    // An equation between two dimensions and one end says all three: i = j and j = 0 is i = 0.
    let chain = |end| Face { cof: vec![(d(0), d(1)), (d(1), end)], body: lapp(v(0), I0) };
    let at_zero = lam(dlam(dlam(hcom(I0, I1, boolean(), vec![chain(I0)], lapp(v(0), d(0))))));
    let at_one = lam(dlam(dlam(hcom(I0, I1, boolean(), vec![chain(I1)], lapp(v(0), d(0))))));
    let ty = || pi(line(boolean()), line(line(boolean())));
    accepts(&none(), ty(), at_zero);
    rejects(&none(), ty(), at_one, bad);
}

#[test]
fn composition_at_data_with_parameters_compares_fields() {
    // Box A: mk A. The composition of boxes is the box of compositions, with the parameter of the type.
    let s = signature(vec![data(vec![u(0)], 0, vec![vec![v(0)], vec![]])]);
    let bx = |a: Term| data_at(0, vec![a]);
    let mk = |a: Term, x: Term| con(0, 0, vec![a], vec![x]);
    let none_of = |a: Term| con(0, 1, vec![a], vec![]);
    let side = |x: Term| Face { cof: vec![(d(0), I0)], body: x };
    let inside = |x: Term| hcom(I0, I1, nat(), vec![side(x.clone())], x);
    let whole = dlam(hcom(I0, I1, bx(nat()), vec![side(mk(nat(), v(0)))], mk(nat(), v(0))));
    accepts(
        &s,
        pi(nat(), path(line(bx(nat())), whole.clone(), dlam(mk(nat(), inside(v(0)))))),
        lam(refl(whole.clone())),
    );
    rejects(
        &s,
        pi(nat(), path(line(bx(nat())), whole.clone(), dlam(mk(nat(), v(0))))),
        lam(refl(whole)),
        "wrong path endpoint",
    );
    let crossed = dlam(hcom(I0, I1, bx(nat()), vec![side(none_of(nat()))], mk(nat(), num(0))));
    rejects(&s, line(bx(nat())), crossed, "side disagrees with base");
    // A box of another type, and a branch that forgets a constructor.
    rejects(&s, bx(nat()), mk(boolean(), truth()), "type mismatch");
    rejects(
        &s,
        pi(bx(nat()), nat()),
        lam(data_elim(0, vec![nat()], nat(), vec![lam(v(0))], v(0))),
        "wrong number of arguments",
    );
    // Fields are coerced along their own lines: of a dependent pair the second along the filler of the first.
    let pair_ = signature(vec![data(vec![u(0), pi(v(0), u(0))], 0, vec![vec![v(1), app(v(1), v(0))]])]);
    // A : Line (U 0), B : (i : I) -> A i -> U 0, x : A 0, y : B 0 x
    let a = |n: u32, r| lapp(v(n), r);
    let b = |n: u32, r, x: Term| app(lapp(v(n), r), x);
    let over = |t: Term| pi(line(u(0)), pi(line(pi(a(0, d(0)), u(0))), pi(a(1, I0), pi(b(1, I0, v(0)), t))));
    let ty = |n: u32, r| data_at(0, vec![a(n + 1, r), lapp(v(n), r)]);
    let from = con(0, 0, vec![a(3, I0), lapp(v(2), I0)], vec![v(1), v(0)]);
    let first = |to| coe(I0, to, a(3, d(0)), v(1));
    let good = coe(I0, I1, b(2, d(0), first(d(0))), v(0));
    let target = |second: Term| con(0, 0, vec![a(3, I1), lapp(v(2), I1)], vec![first(I1), second]);
    let moved = coe(I0, I1, ty(2, d(0)), from);
    let four = |x: Term| (0..4).fold(x, |x, _| lam(x));
    accepts(&pair_, over(path(ty(2, I1), moved, target(good.clone()))), four(refl(target(good))));
}

#[test]
fn declarations_do_not_refer_forwards_or_sideways() {
    let bad = "unknown constant";
    let s = || signature(vec![def(nat(), num(0)), data(vec![], 0, vec![vec![]])]);
    refuses(&mut s(), data(vec![], 0, vec![vec![c(7)]]), "not strictly positive");
    refuses(&mut s(), data(vec![], 0, vec![vec![data_at(7, vec![])]]), bad);
    refuses(&mut s(), data(vec![data_at(9, vec![])], 0, vec![vec![]]), bad);
    refuses(&mut s(), def(pi(nat(), nat()), c(2)), bad);
    // A data type is no constant, and a constant is no data type.
    rejects(&s(), nat(), c(1), bad);
    rejects(&s(), u(0), data_at(0, vec![]), bad);
    // Itself as a constant, in a field and in a parameter.
    refuses(&mut none(), data(vec![], 0, vec![vec![c(0)]]), "not strictly positive");
    refuses(&mut none(), data(vec![c(0)], 0, vec![vec![]]), "not strictly positive");
    // Constructors that are not there, and with too few or too many fields.
    let arity = "wrong number of arguments";
    rejects(&s(), data_at(1, vec![]), con(1, 1, vec![], vec![]), arity);
    rejects(&s(), data_at(1, vec![]), con(1, 0, vec![], vec![num(0)]), arity);
    rejects(&s(), data_at(1, vec![]), con(1, 0, vec![num(0)], vec![]), arity);
    // Names do not matter: two declarations of one name are two.
    let two = signature(vec![def(nat(), num(0)), def(nat(), num(1))]);
    assert!(
        matches!((two.decl(0), two.decl(1)), (Some(Decl::Def { name: a, .. }), Some(Decl::Def { name: b, .. })) if a == b)
    );
    rejects(&two, path(nat(), c(0), c(1)), refl(c(0)), "wrong path endpoint");
}

#[test]
fn a_displaced_axiom_is_the_axiom_or_another_type() {
    let s = signature(vec![axiom("b", nat()), def(pi(u(0), u(0)), lam(v(0))), axiom("b", app(c(1), nat()))]);
    // No universe: the same constant. A universe in its closure: a constant of its own, at the raised type.
    accepts(&s, path(nat(), raised(0, 3), c(0)), refl(c(0)));
    rejects(&s, path(nat(), raised(2, 1), c(2)), refl(c(2)), "wrong path endpoint");
    accepts(&s, nat(), raised(2, 1));
    let proved = s.prove(&nat(), &raised(2, 4), Limits::default()).unwrap();
    assert_eq!(proved.axioms(), ["b"]);
}
