//! The constants of the theory: their types and their computation, `sctt/KERNEL.md` section 3.

use crate::machine::{Machine, applications};
use crate::refusal::{BUDGET, ILL_FORMED, Res, refuse};
use crate::value::{Clo, Elim, Env, Head, Native, V, Val};
use bfv_format::{Node, Prim, Rational, Term};
use num_bigint::{BigInt, BigUint, Sign};
use num_rational::BigRational;
use std::rc::Rc;

/// A literal as a number to compute with.
pub(crate) fn number(q: &Rational) -> BigRational {
    BigRational::new_raw(q.num.clone(), BigInt::from_biguint(Sign::Plus, q.den.clone()))
}

/// A number as a literal: lowest terms, positive denominator.
#[must_use]
pub fn rational(q: &BigRational) -> Rational {
    let q = q.reduced();
    Rational { num: q.numer().clone(), den: q.denom().magnitude().clone() }
}

/// The argument types and result type of an operation; `None` for a type or an element.
fn signature(p: Prim) -> Option<(&'static [Prim], Prim)> {
    use Prim::{Bool, Int, Nat, Real};
    Some(match p {
        Prim::Suc => (&[Nat], Nat),
        Prim::NatAdd | Prim::NatMul | Prim::NatSub => (&[Nat, Nat], Nat),
        Prim::NatLtb => (&[Nat, Nat], Bool),
        Prim::IntPos | Prim::IntNegSuc => (&[Nat], Int),
        Prim::IntAdd | Prim::IntSub | Prim::IntMul => (&[Int, Int], Int),
        Prim::IntLtb => (&[Int, Int], Bool),
        Prim::RealAdd | Prim::RealSub | Prim::RealMul => (&[Real, Real], Real),
        Prim::RealInv => (&[Real], Real),
        Prim::RealLtb => (&[Real, Real], Bool),
        Prim::RealOfNat => (&[Nat], Real),
        Prim::RealOfInt => (&[Int], Real),
        Prim::RealFloor => (&[Real], Int),
        _ => return None,
    })
}

/// Numbers with more bits than this, together, are not computed with.
const BITS: u64 = 1 << 18;

/// How many arguments an operation takes; 0 for a type or an element.
pub(crate) fn arity(p: Prim) -> usize {
    signature(p).map_or(0, |(args, _)| args.len())
}

impl Machine<'_> {
    pub(crate) fn primitive(&self, p: Prim) -> Rc<Val> {
        self.done(if signature(p).is_some() { Val::neutral(Head::Prim(p)) } else { Val::Prim(p) })
    }

    /// The type of a constant of the theory.
    pub fn prim_type(&self, p: Prim) -> V {
        let node = |p| Rc::new(Node::Prim(p));
        let t: Term = match p {
            Prim::Empty | Prim::Unit | Prim::Bool | Prim::Nat | Prim::Int | Prim::Real => Rc::new(Node::Univ(0)),
            Prim::Star => node(Prim::Unit),
            Prim::True | Prim::False => node(Prim::Bool),
            _ => match signature(p) {
                Some((args, result)) => args.iter().rev().fold(node(result), |t, a| Rc::new(Node::Pi(node(*a), t))),
                None => Rc::new(Node::Univ(0)),
            },
        };
        self.eval(&Env::default(), &t)
    }

    /// An operation of the theory on arguments.
    pub(crate) fn operation(&self, p: Prim, args: &[&V]) -> Res<Rc<Val>> {
        self.apply_all(self.primitive(p), args.iter().rev().map(|a| (*a).clone()).collect())
    }

    /// Pays for an operation on numbers with so many bits together, section 8: a product or an operation on rationals costs
    /// the square of the number of words.
    pub(crate) fn pay(&self, bits: u64, square: bool) -> Res<()> {
        if bits > BITS {
            return refuse(BUDGET, format!("Numbers of more than {BITS} bits are not computed with."));
        }
        let words = bits / 64;
        self.spend(if square { words * words } else { words })
    }

    fn delayed(&self, p: Prim, a: &V, b: &V) -> Res<V> {
        Ok(self.shared(self.operation(p, &[a, b])?))
    }

    /// Computes an operation when it has all its arguments and they allow it.
    pub(crate) fn compute(&self, p: Prim, spine: &[Elim]) -> Res<Option<Rc<Val>>> {
        let Some((types, _)) = signature(p) else { return refuse(ILL_FORMED, "An element is applied.") };
        if spine.len() != types.len() {
            return Ok(None);
        }
        let args: Vec<&V> = applications(spine).collect();
        let lit = |v: Val| Ok(Some(self.done(v)));
        let truth = |b: bool| Ok(Some(self.done(Val::Prim(if b { Prim::True } else { Prim::False }))));
        match (p, args.as_slice()) {
            (Prim::Suc, [n]) => Ok(Some(self.add_successors(&BigUint::from(1u8), n)?)),
            (Prim::NatAdd, [m, n]) => match &*self.whnf(n)? {
                Val::NatLit(k) => Ok(Some(self.add_successors(k, m)?)),
                Val::Suc(k, x) => Ok(Some(self.add_successors(k, &self.delayed(p, m, x)?)?)),
                _ => Ok(None),
            },
            (Prim::NatMul, [m, n]) => {
                let nv = self.whnf(n)?;
                if let (Val::NatLit(a), Val::NatLit(b)) = (&*nv, &*self.whnf(m)?) {
                    self.pay(a.bits() + b.bits(), true)?;
                }
                match (&*nv, &*self.whnf(m)?) {
                    (Val::NatLit(a), Val::NatLit(b)) => lit(Val::NatLit(a * b)),
                    (Val::NatLit(a), _) if *a == BigUint::ZERO => lit(Val::NatLit(BigUint::ZERO)),
                    (Val::NatLit(_) | Val::Suc(..), _) => {
                        let pred = self.shared(self.predecessor(&self.shared(nv.clone()))?);
                        let rest = self.delayed(p, m, &pred)?;
                        Ok(Some(self.operation(Prim::NatAdd, &[&rest, m])?))
                    }
                    _ => Ok(None),
                }
            }
            (Prim::NatSub | Prim::NatLtb, [m, n]) => self.compare(p, m, n),
            (Prim::IntPos | Prim::IntNegSuc, [n]) => Ok(Some(self.integer(p == Prim::IntPos, n)?)),
            (Prim::IntAdd | Prim::IntSub | Prim::IntMul | Prim::IntLtb, [a, b]) => {
                let (Val::IntLit(a), Val::IntLit(b)) = (&*self.whnf(a)?, &*self.whnf(b)?) else { return Ok(None) };
                self.pay(a.bits() + b.bits(), p == Prim::IntMul)?;
                match p {
                    Prim::IntAdd => lit(Val::IntLit(a + b)),
                    Prim::IntSub => lit(Val::IntLit(a - b)),
                    Prim::IntMul => lit(Val::IntLit(a * b)),
                    _ => truth(a < b),
                }
            }
            (Prim::RealAdd | Prim::RealSub | Prim::RealMul | Prim::RealLtb, [a, b]) => {
                let (Val::RealLit(a), Val::RealLit(b)) = (&*self.whnf(a)?, &*self.whnf(b)?) else { return Ok(None) };
                self.pay(a.num.bits() + a.den.bits() + b.num.bits() + b.den.bits(), true)?;
                let (a, b) = (number(a), number(b));
                match p {
                    Prim::RealAdd => lit(Val::RealLit(rational(&(a + b)))),
                    Prim::RealSub => lit(Val::RealLit(rational(&(a - b)))),
                    Prim::RealMul => lit(Val::RealLit(rational(&(a * b)))),
                    _ => truth(a < b),
                }
            }
            (Prim::RealInv, [a]) => match &*self.whnf(a)? {
                // By convention the inverse of zero is zero.
                Val::RealLit(q) if q.num.sign() == Sign::NoSign => lit(Val::RealLit(q.clone())),
                Val::RealLit(q) => {
                    self.pay(q.num.bits() + q.den.bits(), true)?;
                    lit(Val::RealLit(rational(&number(q).recip())))
                }
                _ => Ok(None),
            },
            (Prim::RealOfNat, [a]) => match &*self.whnf(a)? {
                Val::NatLit(n) => lit(Val::RealLit(Rational { num: n.clone().into(), den: 1u8.into() })),
                _ => Ok(None),
            },
            (Prim::RealOfInt, [a]) => match &*self.whnf(a)? {
                Val::IntLit(n) => lit(Val::RealLit(Rational { num: n.clone(), den: 1u8.into() })),
                _ => Ok(None),
            },
            (Prim::RealFloor, [a]) => match &*self.whnf(a)? {
                Val::RealLit(q) => {
                    self.pay(q.num.bits() + q.den.bits(), true)?;
                    lit(Val::IntLit(number(q).floor().to_integer()))
                }
                _ => Ok(None),
            },
            _ => refuse(ILL_FORMED, "An operation is eliminated by something else than an application."),
        }
    }

    /// Truncated subtraction and strict order peel successors off both sides; the second argument is looked at first.
    fn compare(&self, p: Prim, m: &V, n: &V) -> Res<Option<Rc<Val>>> {
        let result = |v: Val| Ok(Some(self.done(v)));
        let (nv, mv) = (self.whnf(n)?, self.whnf(m)?);
        let zero = BigUint::ZERO;
        if matches!(&*nv, Val::NatLit(k) if *k == zero) {
            return if p == Prim::NatSub { Ok(Some(mv)) } else { result(Val::Prim(Prim::False)) };
        }
        let positive = |v: &Val| matches!(v, Val::Suc(..)) || matches!(v, Val::NatLit(k) if *k != zero);
        if matches!(&*mv, Val::NatLit(k) if *k == zero) && positive(&nv) {
            return result(if p == Prim::NatSub { Val::NatLit(zero) } else { Val::Prim(Prim::True) });
        }
        let count = |v: &Val| match v {
            Val::NatLit(k) | Val::Suc(k, _) => k.clone(),
            _ => BigUint::ZERO,
        };
        let common = count(&mv).min(count(&nv));
        if common == zero {
            return Ok(None);
        }
        self.pay(count(&mv).bits() + count(&nv).bits(), false)?;
        let less = |v: &Rc<Val>| match &**v {
            Val::NatLit(k) => self.value(Val::NatLit(k - &common)),
            Val::Suc(k, x) if *k == common => x.clone(),
            Val::Suc(k, x) => self.value(Val::Suc(k - &common, x.clone())),
            _ => self.shared(v.clone()),
        };
        Ok(Some(self.operation(p, &[&less(&mv), &less(&nv)])?))
    }

    /// `k` successors of a value.
    pub(crate) fn add_successors(&self, k: &BigUint, x: &V) -> Res<Rc<Val>> {
        let w = self.whnf(x)?;
        Ok(match &*w {
            _ if *k == BigUint::ZERO => w,
            Val::NatLit(n) => {
                self.pay(n.bits() + k.bits(), false)?;
                self.done(Val::NatLit(n + k))
            }
            Val::Suc(n, y) => {
                self.pay(n.bits() + k.bits(), false)?;
                self.done(Val::Suc(n + k, y.clone()))
            }
            _ => self.done(Val::Suc(k.clone(), x.clone())),
        })
    }

    /// The predecessor of a positive number.
    pub(crate) fn predecessor(&self, n: &V) -> Res<Rc<Val>> {
        let one = BigUint::from(1u8);
        match &*self.whnf(n)? {
            Val::NatLit(k) if *k >= one => Ok(self.done(Val::NatLit(k - one))),
            Val::Suc(k, x) if *k == one => self.whnf(x),
            Val::Suc(k, x) => Ok(self.done(Val::Suc(k - one, x.clone()))),
            _ => refuse(ILL_FORMED, "The predecessor of something that is no successor."),
        }
    }

    /// `IntPos` (true) or `IntNegSuc` of a natural number.
    pub(crate) fn integer(&self, pos: bool, n: &V) -> Res<Rc<Val>> {
        Ok(self.done(match &*self.whnf(n)? {
            Val::NatLit(k) if pos => Val::IntLit(k.clone().into()),
            Val::NatLit(k) => Val::IntLit(-(BigInt::from(k.clone()) + 1u8)),
            _ if pos => Val::IntPos(n.clone()),
            _ => Val::IntNegSuc(n.clone()),
        }))
    }

    /// The type of the successor case of an eliminator of Nat.
    pub fn nat_step_type(&self, motive: &Clo) -> V {
        let nat = self.value(Val::Prim(Prim::Nat));
        self.value(Val::Pi(nat, Clo::Native(Rc::new(Native::NatStep(motive.clone())))))
    }

    /// The type of a case of an eliminator of Int: `pos` (true) or `negsuc`.
    pub fn int_case_type(&self, motive: &Clo, pos: bool) -> V {
        let nat = self.value(Val::Prim(Prim::Nat));
        self.value(Val::Pi(nat, Clo::Native(Rc::new(Native::IntCase(motive.clone(), pos)))))
    }
}
