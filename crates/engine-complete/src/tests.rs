//! What is known about completion and its orders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::complete::{Completion, Stop};
use crate::order::{Kind, Order};
use crate::term::{Sym, Tm, app, subst, var};
use bfv_search::Budget;

const MUL: Sym = 0;
const ONE: Sym = 1;
const INV: Sym = 2;
const A: Sym = 3;

fn mul(a: &Tm, b: &Tm) -> Tm {
    app(MUL, vec![a.clone(), b.clone()])
}

fn inv(a: &Tm) -> Tm {
    app(INV, vec![a.clone()])
}

fn constant(f: Sym) -> Tm {
    app(f, Vec::new())
}

/// Constants first, then products, then inverses.
fn order(kind: Kind) -> Order {
    Order { kind, rank: vec![2, 0, 3, 1] }
}

const KINDS: [Kind; 3] = [Kind::Weight { free: Some(INV) }, Kind::Weight { free: None }, Kind::Path];

/// Terms of up to so many levels over two leaves.
fn terms(levels: usize, leaves: &[Tm]) -> Vec<Tm> {
    let mut out = leaves.to_vec();
    for _ in 0..levels {
        let old = out.clone();
        out.extend(old.iter().map(inv));
        out.extend(old.iter().flat_map(|a| old.iter().map(move |b| mul(a, b))));
        out.dedup();
    }
    out
}

/// Of two different terms without variables one is the greater one, and never both; parts are smaller; and what is greater stays greater
/// when terms are put in for the variables.
#[test]
fn orders_are_total_on_closed_terms_and_stable() {
    let closed = terms(2, &[constant(ONE), constant(A)]);
    let open = terms(1, &[var(0, 0), var(1, 0), constant(ONE)]);
    assert!(closed.len() > 70 && open.len() > 12);
    for kind in KINDS {
        let order = order(kind);
        for a in &closed {
            assert!(a.args.iter().all(|b| order.greater(a, b)), "{kind:?}: {a:?}");
            for b in &closed {
                assert_eq!(order.greater(a, b), a != b && !order.greater(b, a), "{kind:?}: {a:?} {b:?}");
            }
        }
        let values = terms(1, &[constant(ONE), constant(A)]);
        for a in &open {
            for b in open.iter().filter(|b| order.greater(a, b)) {
                for x in &values {
                    for y in &values {
                        let s = [(0, x.clone()), (1, y.clone())].into();
                        assert!(order.greater(&subst(a, &s), &subst(b, &s)), "{kind:?}: {a:?} {b:?}");
                    }
                }
            }
        }
    }
}

/// The ten rules that Knuth and Bendix found for groups in 1970, from the three laws, where inverses go inside of products.
#[test]
fn groups_have_the_ten_known_rules() {
    let [x, y, z] = [0, 1, 2].map(|n| var(n, 0));
    let one = constant(ONE);
    for kind in [Kind::Weight { free: Some(INV) }, Kind::Path] {
        let mut search = Completion::new(order(kind), &[0, 0, 0, 0], &[one.clone(), constant(A)], (&constant(A), &one));
        search.given(mul(&mul(&x, &y), &z), mul(&x, &mul(&y, &z)), vec![0, 0, 0]);
        search.given(mul(&one, &x), x.clone(), vec![0]);
        search.given(mul(&inv(&x), &x), one.clone(), vec![0]);
        let ended = search.run(u64::MAX, &mut Budget::new(100_000));
        assert!(matches!(ended, Err(Stop::Complete)));
        let rules = [
            (mul(&one, &x), x.clone()),
            (mul(&x, &one), x.clone()),
            (mul(&inv(&x), &x), one.clone()),
            (mul(&x, &inv(&x)), one.clone()),
            (mul(&mul(&x, &y), &z), mul(&x, &mul(&y, &z))),
            (mul(&inv(&x), &mul(&x, &y)), y.clone()),
            (mul(&x, &mul(&inv(&x), &y)), y.clone()),
            (inv(&one), one.clone()),
            (inv(&inv(&x)), x.clone()),
            (inv(&mul(&x, &y)), mul(&inv(&y), &inv(&x))),
        ];
        let in_use = search.in_use_now();
        assert_eq!(in_use.len(), rules.len(), "{kind:?}");
        assert!(rules.iter().all(|r| in_use.contains(r)), "{kind:?}: {in_use:?}");
    }
}
