//! Bounds of exp, log and sqrt at rational numbers, rounded outward to few digits, with proofs by the lemmas of `std.bounds`.

use bfv_format::{Node, Prim, Term};
use bfv_kernel::rational;
use num_bigint::{BigInt, Sign};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Arguments of the exponential function further from 0 are not looked at.
const FAR: u32 = 64;
/// Rounds of the iteration for a logarithm.
const ROUNDS: u32 = 12;

pub fn whole(n: i64) -> BigRational {
    BigRational::from_integer(n.into())
}

pub fn literal(q: &BigRational) -> Term {
    Rc::new(Node::RealLit(rational(q)))
}

pub fn call(f: &Term, args: &[Term]) -> Term {
    args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())))
}

/// What a comparison of numbers computes to, as the proof that it is that.
pub fn computed(truth: bool) -> Term {
    Rc::new(Node::DLam(Rc::new(Node::Prim(if truth { Prim::True } else { Prim::False }))))
}

/// The type `a <= b`.
pub fn at_most(a: &Term, b: &Term) -> Term {
    let prim = |p| -> Term { Rc::new(Node::Prim(p)) };
    let less =
        Rc::new(Node::Path(prim(Prim::Bool), call(&prim(Prim::RealLtb), &[b.clone(), a.clone()]), prim(Prim::True)));
    Rc::new(Node::Pi(less, prim(Prim::Empty)))
}

fn power(n: i64) -> BigRational {
    let two = BigInt::one() << n.unsigned_abs();
    if n < 0 { BigRational::new(BigInt::one(), two) } else { BigRational::from_integer(two) }
}

/// A number rounded to so many binary digits, down or up. One that has fewer stays as it is.
pub fn rounded(q: &BigRational, bits: u32, up: bool) -> BigRational {
    if q.is_zero() {
        return q.clone();
    }
    let size = |n: &BigInt| i64::try_from(n.bits()).unwrap_or(i64::MAX);
    let scale = power(i64::from(bits) - (size(q.numer()) - size(q.denom())));
    let scaled = q * &scale;
    (if up { scaled.ceil() } else { scaled.floor() }) / scale
}

/// A lower and an upper bound of one number, each with its proof.
#[derive(Clone)]
pub struct Known {
    pub low: (BigRational, Term),
    pub high: (BigRational, Term),
}

/// The lemmas, by the last part of their tags.
pub struct Lemmas(pub BTreeMap<&'static str, Term>);

/// The lemmas that the search needs; it does nothing unless all are there.
pub const NAMES: [&str; 34] = [
    "computed",
    "split",
    "exp",
    "log",
    "sqrt",
    "exp_low",
    "exp_up",
    "exp_low_eight",
    "exp_up_eight",
    "exp_low_opposite",
    "exp_up_opposite",
    "log_low",
    "log_up",
    "exp_from",
    "exp_to",
    "exp_tangent",
    "exp_chord",
    "log_from",
    "log_to",
    "log_to_any",
    "log_none",
    "log_tangent",
    "log_chord",
    "sqrt_from",
    "sqrt_to",
    "sqrt_least",
    "sqrt_square",
    "sqrt_none",
    "inv_above",
    "inv_below",
    "inv_from",
    "inv_to",
    "inv_from_below",
    "inv_to_below",
];

impl Lemmas {
    /// A lemma applied to arguments.
    pub fn apply(&self, name: &str, args: &[Term]) -> Term {
        let f = self.0.get(name).cloned().unwrap_or_else(|| Rc::new(Node::Prim(Prim::Star)));
        call(&f, args)
    }
}

/// A bound: the function, the number, how many digits, and whether it is the upper one.
type Key = (&'static str, BigRational, u32, bool);

/// Bounds found so far.
pub struct Numbers<'l> {
    pub lemmas: &'l Lemmas,
    /// Bounds that a proof uses, as types and closed proofs. They are stated once, before everything else.
    pub noted: Vec<(Term, Term)>,
    places: BTreeMap<Key, usize>,
    known: BTreeMap<(&'static str, BigRational, u32), Option<Known>>,
}

impl<'l> Numbers<'l> {
    pub fn new(lemmas: &'l Lemmas) -> Self {
        Numbers { lemmas, noted: Vec::new(), places: BTreeMap::new(), known: BTreeMap::new() }
    }

    /// The place among what is noted of a bound that is known.
    pub fn note(
        &mut self,
        function: &'static str,
        m: &BigRational,
        bits: u32,
        high: bool,
    ) -> Option<(BigRational, usize)> {
        let known = self.at(function, m, bits)?;
        let (q, proof) = if high { known.high } else { known.low };
        let key = (function, m.clone(), bits, high);
        if let Some(n) = self.places.get(&key) {
            return Some((q, *n));
        }
        let (number, value) = (literal(&q), self.lemmas.apply(function, &[literal(m)]));
        let ty = if high { at_most(&value, &number) } else { at_most(&number, &value) };
        self.noted.push((ty, proof));
        self.places.insert(key, self.noted.len() - 1);
        Some((q, self.noted.len() - 1))
    }

    /// Bounds of a function, `exp` or `log`, at a number. The proofs are closed.
    pub fn at(&mut self, function: &'static str, m: &BigRational, bits: u32) -> Option<Known> {
        let key = (function, m.clone(), bits);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let known = match function {
            "exp" => self.exp(m, bits),
            _ => self.log(m, bits),
        };
        self.known.insert(key, known.clone());
        known
    }

    fn exp(&self, m: &BigRational, bits: u32) -> Option<Known> {
        let far = m.abs();
        if far > whole(FAR.into()) {
            return None;
        }
        let l = self.lemmas;
        if m.is_zero() {
            let args = [literal(m), literal(&whole(1)), computed(false), computed(false), computed(false)];
            return Some(Known {
                low: (whole(1), l.apply("exp_low", &args)),
                high: (whole(1), l.apply("exp_up", &args)),
            });
        }
        // So many times is the exponent divided by eight that what is left out is small.
        let (mut y, mut rounds) = (far, 0u32);
        let allowed = power(-i64::from(bits) - 2);
        while y > power(-1) || &y * &y * &y * power(3 * i64::from(rounds)) > allowed {
            y /= whole(8);
            rounds += 1;
        }
        let fine = bits + 3 * rounds + 4;
        let last = |n: u32, q: BigRational, up| rounded(&q, if n == 0 && m.is_positive() { bits } else { fine }, up);
        let mut p = last(rounds, whole(1) + &y + &y * &y / whole(2) + &y * &y * &y / whole(8), false);
        let mut q = last(rounds, (whole(2) + &y) / (whole(2) - &y), true);
        let no = computed(false);
        let mut low = l.apply("exp_low", &[literal(&y), literal(&p), no.clone(), no.clone(), no.clone()]);
        let mut high = l.apply("exp_up", &[literal(&y), literal(&q), no.clone(), no.clone(), no.clone()]);
        for n in (0..rounds).rev() {
            let (a, b) = (last(n, p.pow(8), false), last(n, q.pow(8), true));
            low = l.apply("exp_low_eight", &[literal(&y), literal(&p), literal(&a), low, no.clone(), no.clone()]);
            high = l.apply("exp_up_eight", &[literal(&y), literal(&q), literal(&b), high, no.clone()]);
            (p, q) = (a, b);
            y *= whole(8);
        }
        if m.is_negative() {
            let (a, b) = (rounded(&q.recip(), bits, false), rounded(&p.recip(), bits, true));
            let up = l.apply("exp_up_opposite", &[literal(&y), literal(&p), literal(&b), low, no.clone(), no.clone()]);
            low = l.apply("exp_low_opposite", &[literal(&y), literal(&q), literal(&a), high, no.clone(), no]);
            high = up;
            (p, q) = (a, b);
        }
        Some(Known { low: (p, low), high: (q, high) })
    }

    fn log(&mut self, m: &BigRational, bits: u32) -> Option<Known> {
        if !m.is_positive() {
            return None;
        }
        let near = if m.is_one() { whole(0) } else { self.near_log(m, bits)? };
        let yes = computed(true);
        let mut step = if m.is_one() { whole(0) } else { rounded(&(near.abs() * power(-i64::from(bits))), 1, true) };
        for _ in 0..8 {
            let (p, q) = (rounded(&(&near - &step), bits + 2, false), rounded(&(&near + &step), bits + 2, true));
            let (below, above) = (self.at("exp", &p, bits + 4)?, self.at("exp", &q, bits + 4)?);
            if below.high.0 <= *m && *m <= above.low.0 {
                let no = computed(false);
                let args = |p: &BigRational, (q, h): (BigRational, Term)| {
                    [literal(m), literal(p), literal(&q), h, yes.clone(), no.clone()]
                };
                return Some(Known {
                    low: (p.clone(), self.lemmas.apply("log_low", &args(&p, below.high))),
                    high: (q.clone(), self.lemmas.apply("log_up", &args(&q, above.low))),
                });
            }
            step *= whole(4);
        }
        None
    }

    /// About the logarithm of a number, by the iteration that is exact to the third order.
    fn near_log(&mut self, m: &BigRational, bits: u32) -> Option<BigRational> {
        let size = |n: &BigInt| i64::try_from(n.bits()).unwrap_or(0);
        let mut t = whole(size(m.numer()) - size(m.denom())) * BigRational::new(11.into(), 16.into());
        for _ in 0..ROUNDS {
            let e = self.exp(&t, bits + 8)?.low.0;
            let step = (m - &e) * whole(2) / (m + &e);
            let next = rounded(&(&t + &step), bits + 8, false);
            if next == t || step.abs() < power(-i64::from(bits) - 8) {
                return Some(next);
            }
            t = next;
        }
        Some(t)
    }
}

/// Bounds of the root of a number that is not negative; exact where the root is rational.
pub fn root(m: &BigRational, bits: u32) -> (BigRational, BigRational) {
    let (n, d) = (m.numer().sqrt(), m.denom().sqrt());
    if &n * &n == *m.numer() && &d * &d == *m.denom() {
        let r = BigRational::new(n, d);
        return (r.clone(), r);
    }
    // Scaled by a power of 4 so large that the root has digits enough.
    let shift = u64::from(bits) + m.denom().bits();
    let scaled: BigInt = (m.numer() << (2 * shift)) / m.denom();
    let unit = BigRational::from_integer(BigInt::from_biguint(Sign::Plus, num_bigint::BigUint::one() << shift));
    let r = scaled.sqrt();
    let (low, high) = (BigRational::from_integer(r.clone()) / &unit, BigRational::from_integer(r + 1) / &unit);
    (rounded(&low, bits, false), rounded(&high, bits, true))
}
