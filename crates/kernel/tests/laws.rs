//! Laws of the evaluator on random terms.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, DimSub, Ivl, Limits, Machine, Name, Signature, V};
use common::*;
use num_bigint::BigUint;
use proptest::prelude::*;

/// The tests run on small stacks.
const LIMITS: Limits = Limits { steps: 2_000_000, depth: 800 };

/// What the random terms may use: `x : Nat` at index 0, `l : Line Nat` at index 1, `f : Nat -> Nat` at index 2,
/// two dimensions, and a definition `double` at position 0.
fn nat_term() -> impl Strategy<Value = Term> {
    let dim = || prop_oneof![Just(I0), Just(I1), Just(d(0)), Just(d(1))];
    let leaf = prop_oneof![(0u64..4).prop_map(num), Just(v(0)), dim().prop_map(|r| lapp(v(1), r)),];
    leaf.prop_recursive(4, 24, 3, move |inner| {
        let op2 = prop_oneof![Just(Prim::NatAdd), Just(Prim::NatSub), Just(Prim::NatMul)];
        prop_oneof![
            (op2, inner.clone(), inner.clone()).prop_map(|(p, a, b)| op(p, &[a, b])),
            inner.clone().prop_map(suc),
            inner.clone().prop_map(|a| app(v(2), a)),
            inner.clone().prop_map(|a| app(c(0), a)),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| { bool_elim(nat(), a.clone(), b.clone(), op(Prim::NatLtb, &[a, b])) }),
            // At a small or stuck number only, so that unary recursion stays short.
            (inner.clone(), 0u64..4).prop_map(|(a, n)| nat_elim(nat(), a, lam(lam(suc(v(0)))), num(n))),
            inner.clone().prop_map(|a| nat_elim(nat(), a, lam(lam(app(c(0), v(0)))), v(0))),
            inner.clone().prop_map(|a| fst(let_(sigma(nat(), nat()), pair(a, num(1)), v(0)))),
            (dim(), dim(), inner.clone()).prop_map(|(r, s, a)| coe(r, s, nat(), a)),
            // A side that does not use its dimension is the base: closed under one more dimension it is a literal.
            (dim(), dim(), dim(), dim(), 0u64..3)
                .prop_map(|(r, s, a, b, n)| { hcom(r, s, nat(), vec![face(a, b, num(n))], num(n)) }),
            (dim(), dim(), dim()).prop_map(|(r, s, a)| hcom(r, s, nat(), vec![face(a, I0, v(0))], v(0))),
        ]
    })
}

fn double() -> Signature {
    signature(vec![def(pi(nat(), nat()), lam(op(Prim::NatAdd, &[v(0), v(0)])))])
}

/// The context of the random terms, and its two dimensions, outermost first.
fn context(m: &Machine) -> (Ctx, Name, Name) {
    let empty = Ctx::default();
    let ty = |t: &Term| m.eval(&empty.env, t);
    let (ctx, _) = m.bind(&empty, ty(&pi(nat(), nat())));
    let (ctx, _) = m.bind(&ctx, ty(&line(nat())));
    let (ctx, _) = m.bind(&ctx, ty(&nat()));
    let (ctx, i) = m.bind_dim(&ctx);
    let (ctx, j) = m.bind_dim(&ctx);
    (ctx, i, j)
}

fn same(m: &Machine, ctx: &Ctx, a: &V, b: &V) -> bool {
    let ty = m.eval(&Ctx::default().env, &nat());
    m.conv(ctx, &ty, a, b).unwrap()
}

/// How many random cases each law gets; a soak asks for more.
fn cases() -> u32 {
    std::env::var("BFV_CASES").map_or(600, |n| n.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn quote_then_eval_is_the_identity(term in nat_term()) {
        let s = double();
        let m = Machine::new(&s, LIMITS);
        let (ctx, ..) = context(&m);
        let ty = m.eval(&ctx.env, &nat());
        m.check(&ctx, &term, &ty).unwrap();
        let value = m.eval(&ctx.env, &term);
        for back in [m.quote(&ctx, &value).unwrap(), m.normal(&ctx, &value).unwrap()] {
            m.check(&ctx, &back, &ty).unwrap();
            // Another machine, so that nothing is shared with the first evaluation.
            let n = Machine::new(&s, LIMITS);
            let (ctx, ..) = context(&n);
            prop_assert!(same(&n, &ctx, &n.eval(&ctx.env, &term), &n.eval(&ctx.env, &back)), "{back:?}");
        }
    }

    #[test]
    fn substitution_of_dimensions_commutes_with_evaluation(
        term in nat_term(),
        ends in (0u8..4, 0u8..4),
        first in any::<bool>(),
    ) {
        let s = double();
        let m = Machine::new(&s, LIMITS);
        let (ctx, i, j) = context(&m);
        let k = m.fresh_dim();
        let end = |n| match n { 0 => Ivl::Zero, 1 => Ivl::One, 2 => Ivl::Name(j), _ => Ivl::Name(k) };
        let sub = DimSub::new([(i, end(ends.0)), (j, end(ends.1))]);
        let value = m.eval(&ctx.env, &term);
        if first {
            m.whnf(&value).unwrap();
        }
        let acted = m.act(&value, &sub);
        let mut env = ctx.env.clone();
        env.dims = bfv_kernel::List::default().push(end(ends.0)).push(end(ends.1));
        let mut wider = ctx.clone();
        wider.dims.push(k);
        let direct = m.eval(&env, &term);
        m.check(&ctx, &term, &m.eval(&ctx.env, &nat())).unwrap();
        let ty = m.eval(&ctx.env, &nat());
        m.check(&wider, &m.normal(&wider, &acted).unwrap(), &ty).unwrap();
        prop_assert!(same(&m, &wider, &acted, &direct));
    }

    #[test]
    fn substitution_of_terms_commutes_with_evaluation(term in nat_term(), by in nat_term()) {
        // (fun x => term) by = term at x := by
        let s = double();
        let m = Machine::new(&s, LIMITS);
        let (ctx, ..) = context(&m);
        let ty = m.eval(&ctx.env, &nat());
        let generic = m.normal(&ctx, &m.eval(&ctx.env, &term)).unwrap();
        let value = m.eval(&ctx.env, &by);
        let replace = |t: &Term| {
            let mut env = ctx.env.clone();
            let f = env.terms.get(2).unwrap().clone();
            let l = env.terms.get(1).unwrap().clone();
            env.terms = bfv_kernel::List::default().push(f).push(l).push(value.clone());
            m.eval(&env, t)
        };
        prop_assert!(m.conv(&ctx, &ty, &replace(&term), &replace(&generic)).unwrap());
    }

    #[test]
    fn arithmetic_on_literals_follows_the_unary_equations(a in border(), b in border()) {
        let s = Signature::new();
        let lit = |n: &BigUint| t(Node::NatLit(n.clone()));
        let one = BigUint::from(1u8);
        let o = |p, x: &BigUint, y: &BigUint| normal(&s, &op(p, &[lit(x), lit(y)]));
        let zero = BigUint::ZERO;
        let truth = |x: bool| prim(if x { Prim::True } else { Prim::False });
        let next = &b + &one;
        prop_assert_eq!(o(Prim::NatAdd, &a, &zero), lit(&a));
        prop_assert_eq!(o(Prim::NatAdd, &a, &next), normal(&s, &suc(op(Prim::NatAdd, &[lit(&a), lit(&b)]))));
        prop_assert_eq!(o(Prim::NatMul, &a, &zero), lit(&zero));
        let product = op(Prim::NatMul, &[lit(&a), lit(&b)]);
        prop_assert_eq!(o(Prim::NatMul, &a, &next), normal(&s, &op(Prim::NatAdd, &[product, lit(&a)])));
        prop_assert_eq!(o(Prim::NatSub, &a, &zero), lit(&a));
        prop_assert_eq!(o(Prim::NatSub, &zero, &next), lit(&zero));
        prop_assert_eq!(o(Prim::NatSub, &(&a + &one), &next), o(Prim::NatSub, &a, &b));
        prop_assert_eq!(o(Prim::NatLtb, &a, &zero), truth(false));
        prop_assert_eq!(o(Prim::NatLtb, &zero, &next), truth(true));
        prop_assert_eq!(o(Prim::NatLtb, &(&a + &one), &next), o(Prim::NatLtb, &a, &b));
        prop_assert_eq!(o(Prim::NatLtb, &a, &b), truth(a < b));
    }
}

/// Numbers around 0, 2^64 - 1 and 2^64.
fn border() -> impl Strategy<Value = BigUint> {
    (0u8..3, 0u64..4).prop_map(|(k, n)| match k {
        0 => BigUint::from(n),
        1 => BigUint::from(u64::MAX) - BigUint::from(n),
        _ => BigUint::from(u64::MAX) + BigUint::from(n),
    })
}

#[test]
fn operations_on_definitions_stay_folded() {
    let s = signature(vec![def(nat(), num(5))]);
    let m = Machine::new(&s, LIMITS);
    let ctx = Ctx::default();
    let sum = op(Prim::NatAdd, &[c(0), num(2)]);
    let value = m.eval(&ctx.env, &sum);
    assert_eq!(m.quote(&ctx, &value).unwrap(), sum);
    assert_eq!(m.normal(&ctx, &value).unwrap(), num(7));
    let ty = m.eval(&ctx.env, &nat());
    assert!(m.conv(&ctx, &ty, &value, &m.eval(&ctx.env, &num(7))).unwrap());
    // Large multiples of a variable are compared with themselves and read without being written out.
    let (ctx, _) = m.bind(&ctx, ty.clone());
    let big = |n: u64| m.eval(&ctx.env, &op(Prim::NatMul, &[v(0), num(n)]));
    assert!(m.conv(&ctx, &ty, &big(u64::MAX), &big(u64::MAX)).unwrap());
    assert_eq!(m.quote(&ctx, &big(u64::MAX)).unwrap(), op(Prim::NatMul, &[v(0), num(u64::MAX)]));
    // And small ones are the sums that the equations say.
    let unary = op(Prim::NatAdd, &[op(Prim::NatAdd, &[num(0), v(0)]), v(0)]);
    let twice = m.eval(&ctx.env, &op(Prim::NatAdd, &[op(Prim::NatMul, &[v(0), num(1)]), v(0)]));
    assert!(m.conv(&ctx, &ty, &big(2), &twice).unwrap());
    // m * 0 is 0, and 0 + m is stuck, so the first sum is the unary one.
    assert!(m.conv(&ctx, &ty, &twice, &m.eval(&ctx.env, &unary)).unwrap());
}

#[test]
fn sharing_survives_substitution() {
    // x0 = f i, x(n+1) = pair-free doubling: 200 levels would take 2^200 steps if sharing were lost.
    let s = Signature::new();
    let m = Machine::new(&s, LIMITS);
    let (ctx, i, _) = context(&m);
    let mut body = v(0);
    for _ in 0..200 {
        body = let_(nat(), op(Prim::NatAdd, &[v(0), v(0)]), body);
    }
    let term = let_(nat(), lapp(v(1), d(1)), body);
    let value = m.eval(&ctx.env, &term);
    let acted = m.act(&value, &DimSub::new([(i, Ivl::Zero)]));
    // Looked at one layer at a time, not read back: the term is exponentially large.
    let mut v = acted;
    for _ in 0..150 {
        let val = m.whnf(&v).unwrap();
        let bfv_kernel::Val::Neutral(n) = &*val else { panic!("not stuck") };
        let Some(bfv_kernel::Elim::App(a)) = n.spine.first() else { panic!("no argument") };
        v = a.clone();
    }
    assert!(m.steps() < 20_000, "{}", m.steps());
}

#[test]
fn a_large_computation_shares() {
    big(|| {
        // Fibonacci with pairs: linear with sharing.
        let step = lam(lam(pair(snd(v(0)), op(Prim::NatAdd, &[fst(v(0)), snd(v(0))]))));
        let fib = fst(nat_elim(sigma(nat(), nat()), pair(num(0), num(1)), step, num(1000)));
        let mut expect = (BigUint::ZERO, BigUint::from(1u8));
        for _ in 0..1000 {
            expect = (expect.1.clone(), expect.0 + expect.1);
        }
        assert_eq!(normal(&Signature::new(), &fib), t(Node::NatLit(expect.0)));
    });
}
