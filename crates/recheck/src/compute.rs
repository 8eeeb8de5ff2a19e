//! Constants of the theory: their types and how they compute (KERNEL.md section 3).

use crate::closure::{Clo, Closure};
use crate::machine::{Flow, Head, Machine, NatView, Whnf, stuck};
use crate::scene::{call, nat, prim, sucs};
use crate::{Refusal, Res};
use bfv_format::{Node, Prim, Rational};
use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::rc::Rc;

/// A literal, or what stops an argument from being one.
enum Lit<T> {
    Is(T),
    Not(Option<u32>),
}

fn bool_prim(b: bool) -> Flow {
    Flow::Value(Whnf::Prim(if b { Prim::True } else { Prim::False }, Vec::new()))
}

fn real(q: BigRational) -> Flow {
    Flow::Value(Whnf::Real(rational(&q)))
}

fn size(q: &BigRational) -> u64 {
    q.numer().bits().saturating_add(q.denom().bits())
}

fn pair(p: Prim, args: &[Clo]) -> Res<(&Clo, &Clo)> {
    match args {
        [a, b] => Ok((a, b)),
        _ => Err(ill(p)),
    }
}

fn single(p: Prim, args: &[Clo]) -> Res<&Clo> {
    match args {
        [a] => Ok(a),
        _ => Err(ill(p)),
    }
}

fn ill(p: Prim) -> Refusal {
    Refusal::new("ill-formed term", format!("{p:?} with a wrong number of arguments"))
}

impl Machine<'_> {
    /// A constant of the theory with all its arguments.
    pub(crate) fn compute(&self, p: Prim, args: Vec<Clo>, threshold: u32) -> Res<Flow> {
        let none = |blocked, args| Ok(stuck(Head::Prim(p, args), blocked));
        match p {
            Prim::Suc => Ok(Flow::Value(Whnf::Suc(BigUint::one(), single(p, &args)?.clone()))),
            Prim::NatAdd => self.nat_add(args, threshold),
            Prim::NatMul => self.nat_mul(args, threshold),
            Prim::NatSub | Prim::NatLtb => self.nat_peeled(p, &args, threshold),
            Prim::IntPos => Ok(Flow::Value(Whnf::IntCon(false, single(p, &args)?.clone()))),
            Prim::IntNegSuc => Ok(Flow::Value(Whnf::IntCon(true, single(p, &args)?.clone()))),
            Prim::IntAdd | Prim::IntSub | Prim::IntMul | Prim::IntLtb => {
                let (a, b) = pair(p, &args)?;
                match (self.int_literal(a, threshold)?, self.int_literal(b, threshold)?) {
                    (Lit::Is(a), Lit::Is(b)) => {
                        self.pay(a.bits().saturating_add(b.bits()), p == Prim::IntMul)?;
                        Ok(match p {
                            Prim::IntAdd => Flow::Value(Whnf::Int(a + b)),
                            Prim::IntSub => Flow::Value(Whnf::Int(a - b)),
                            Prim::IntMul => Flow::Value(Whnf::Int(a * b)),
                            _ => bool_prim(a < b),
                        })
                    }
                    (a, b) => none(blocked(&a).max(blocked(&b)), args),
                }
            }
            Prim::RealAdd | Prim::RealSub | Prim::RealMul | Prim::RealLtb => {
                let (a, b) = pair(p, &args)?;
                match (self.real_literal(a, threshold)?, self.real_literal(b, threshold)?) {
                    (Lit::Is(a), Lit::Is(b)) => {
                        self.pay(size(&a).saturating_add(size(&b)), true)?;
                        Ok(match p {
                            Prim::RealAdd => real(a + b),
                            Prim::RealSub => real(a - b),
                            Prim::RealMul => real(a * b),
                            _ => bool_prim(a < b),
                        })
                    }
                    (a, b) => none(blocked(&a).max(blocked(&b)), args),
                }
            }
            Prim::RealInv => match self.real_literal(single(p, &args)?, threshold)? {
                Lit::Is(q) if q.is_zero() => Ok(real(q)),
                Lit::Is(q) => {
                    self.pay(size(&q), true)?;
                    Ok(real(q.recip()))
                }
                Lit::Not(b) => none(b, args),
            },
            Prim::RealOfNat => match self.nat_literal(single(p, &args)?, threshold)? {
                Lit::Is(n) => Ok(real(BigRational::from_integer(n.into()))),
                Lit::Not(b) => none(b, args),
            },
            Prim::RealOfInt => match self.int_literal(single(p, &args)?, threshold)? {
                Lit::Is(n) => Ok(real(BigRational::from_integer(n))),
                Lit::Not(b) => none(b, args),
            },
            Prim::RealFloor => {
                let q = match self.real_literal(single(p, &args)?, threshold)? {
                    Lit::Not(b) => return none(b, args),
                    Lit::Is(q) => q,
                };
                self.pay(size(&q), true)?;
                // Division that rounds down, whatever the sign: the denominator of a literal is positive.
                Ok(Flow::Value(Whnf::Int(q.numer().div_floor(q.denom()))))
            }
            _ => Err(ill(p)),
        }
    }

    /// `m + 0 = m`, `m + Suc n = Suc (m + n)`.
    fn nat_add(&self, args: Vec<Clo>, threshold: u32) -> Res<Flow> {
        let (m, n) = pair(Prim::NatAdd, &args)?;
        Ok(match self.nat_view(n, threshold)? {
            NatView::Lit(k) if k.is_zero() => Flow::Next(m.clone()),
            NatView::Lit(k) => Flow::Value(match self.nat_view(m, threshold)? {
                NatView::Lit(j) => {
                    self.pay(j.bits().saturating_add(k.bits()), false)?;
                    Whnf::Nat(j + k)
                }
                NatView::Suc(j, c) => {
                    self.pay(j.bits().saturating_add(k.bits()), false)?;
                    Whnf::Suc(j + k, c)
                }
                NatView::Stuck(_) => Whnf::Suc(k, m.clone()),
            }),
            NatView::Suc(k, c) => Flow::Value(Whnf::Suc(k, call(Prim::NatAdd, &[m.clone(), c]))),
            NatView::Stuck(b) => stuck(Head::Prim(Prim::NatAdd, args), b),
        })
    }

    /// `m * 0 = 0`, `m * Suc n = m * n + m`.
    fn nat_mul(&self, args: Vec<Clo>, threshold: u32) -> Res<Flow> {
        let (m, n) = pair(Prim::NatMul, &args)?;
        let again = |rest: Clo| call(Prim::NatAdd, &[call(Prim::NatMul, &[m.clone(), rest]), m.clone()]);
        Ok(match self.nat_view(n, threshold)? {
            NatView::Lit(k) if k.is_zero() => Flow::Value(Whnf::Nat(k)),
            NatView::Lit(k) => match self.nat_literal(m, threshold)? {
                Lit::Is(j) => {
                    self.pay(j.bits().saturating_add(k.bits()), true)?;
                    Flow::Value(Whnf::Nat(j * k))
                }
                Lit::Not(_) => Flow::Next(again(nat(k - 1u8))),
            },
            NatView::Suc(k, c) => Flow::Next(again(sucs(k - 1u8, c))),
            NatView::Stuck(b) => stuck(Head::Prim(Prim::NatMul, args), b),
        })
    }

    /// `m - 0 = m`, `0 - Suc n = 0`, `Suc m - Suc n = m - n`, and `ltb m 0 = False`, `ltb 0 (Suc n) = True`,
    /// `ltb (Suc m) (Suc n) = ltb m n`, in this order.
    fn nat_peeled(&self, p: Prim, args: &[Clo], threshold: u32) -> Res<Flow> {
        let less = p == Prim::NatLtb;
        let (mut m, mut n) = pair(p, args).map(|(m, n)| (m.clone(), n.clone()))?;
        loop {
            self.tick()?;
            let (k, rest) = match self.nat_view(&n, threshold)? {
                NatView::Lit(k) if k.is_zero() => return Ok(if less { bool_prim(false) } else { Flow::Next(m) }),
                NatView::Lit(k) => (k, None),
                NatView::Suc(k, c) => (k, Some(c)),
                NatView::Stuck(b) => return Ok(stuck(Head::Prim(p, vec![m, n]), b)),
            };
            match self.nat_view(&m, threshold)? {
                NatView::Lit(j) if j.is_zero() && less => return Ok(bool_prim(true)),
                NatView::Lit(j) if j.is_zero() => return Ok(Flow::Value(Whnf::Nat(j))),
                NatView::Lit(j) => (m, n) = peel(j, None, k, rest),
                NatView::Suc(j, c) => (m, n) = peel(j, Some(c), k, rest),
                NatView::Stuck(b) => return Ok(stuck(Head::Prim(p, vec![m, n]), b)),
            }
        }
    }

    /// A natural number from outside, without going under successors.
    pub(crate) fn nat_view(&self, c: &Clo, threshold: u32) -> Res<NatView> {
        Ok(match self.whnf_at(c, threshold)? {
            Whnf::Nat(n) => NatView::Lit(n),
            Whnf::Suc(k, c) => NatView::Suc(k, c),
            Whnf::Stuck(s) => NatView::Stuck(s.blocked),
            _ => return Err(Refusal::new("ill-formed term", "not a natural number")),
        })
    }

    /// A literal is `Suc` so many times applied to 0, so successors are followed to the end.
    fn nat_literal(&self, c: &Clo, threshold: u32) -> Res<Lit<BigUint>> {
        let (mut sum, mut at) = (BigUint::zero(), c.clone());
        loop {
            match self.nat_view(&at, threshold)? {
                NatView::Lit(n) => return Ok(Lit::Is(sum + n)),
                NatView::Suc(k, rest) => (sum, at) = (sum + k, rest),
                NatView::Stuck(b) => return Ok(Lit::Not(b)),
            }
        }
    }

    fn int_literal(&self, c: &Clo, threshold: u32) -> Res<Lit<BigInt>> {
        Ok(match self.whnf_at(c, threshold)? {
            Whnf::Int(n) => Lit::Is(n),
            Whnf::IntCon(negative, c) => match self.nat_literal(&c, threshold)? {
                Lit::Is(n) if negative => Lit::Is(-BigInt::from(n) - 1),
                Lit::Is(n) => Lit::Is(n.into()),
                Lit::Not(b) => Lit::Not(b),
            },
            Whnf::Stuck(s) => Lit::Not(s.blocked),
            _ => return Err(Refusal::new("ill-formed term", "not an integer")),
        })
    }

    fn real_literal(&self, c: &Clo, threshold: u32) -> Res<Lit<BigRational>> {
        Ok(match self.whnf_at(c, threshold)? {
            Whnf::Real(q) => Lit::Is(fraction(&q)?),
            Whnf::Stuck(s) => Lit::Not(s.blocked),
            _ => return Err(Refusal::new("ill-formed term", "not a real number")),
        })
    }

    /// An integer by its constructor: whether it is `IntNegSuc`, and the argument. `None` for a stuck one.
    pub(crate) fn int_view(&self, w: Whnf) -> Result<(bool, Clo), Option<u32>> {
        match w {
            Whnf::Int(n) if n.sign() == Sign::Minus => Ok((true, nat(n.magnitude() - 1u8))),
            Whnf::Int(n) => Ok((false, nat(n.magnitude().clone()))),
            Whnf::IntCon(negative, c) => Ok((negative, c)),
            Whnf::Stuck(s) => Err(s.blocked),
            _ => Err(None),
        }
    }
}

fn blocked<T>(l: &Lit<T>) -> Option<u32> {
    match l {
        Lit::Is(_) => None,
        Lit::Not(b) => *b,
    }
}

/// Takes the successors that both sides have; `None` stands for 0 after them.
fn peel(j: BigUint, m: Option<Clo>, k: BigUint, n: Option<Clo>) -> (Clo, Clo) {
    let both = j.clone().min(k.clone());
    let rest = |count: BigUint, c: Option<Clo>| match c {
        None => nat(count),
        Some(c) => sucs(count, c),
    };
    (rest(j - &both, m), rest(k - &both, n))
}

/// A stored rational in lowest terms with a positive denominator (T46).
pub(crate) fn fraction(q: &Rational) -> Res<BigRational> {
    let den = BigInt::from(q.den.clone());
    if den.is_zero() || !q.num.gcd(&den).is_one() {
        return Err(Refusal::new("rational not in lowest terms", format!("{}/{}", q.num, q.den)));
    }
    Ok(BigRational::new_raw(q.num.clone(), den))
}

fn rational(q: &BigRational) -> Rational {
    Rational { num: q.numer().clone(), den: q.denom().magnitude().clone() }
}

/// The type of a constant of the theory.
pub(crate) fn prim_type(p: Prim) -> Clo {
    let to = |from: &[Prim], result: Prim| from.iter().rev().fold(prim(result), |t, a| Rc::new(Node::Pi(prim(*a), t)));
    use Prim::{Bool, Int, Nat, Real};
    let ty = match p {
        Prim::Empty | Prim::Unit | Bool | Nat | Int | Real => Rc::new(Node::Univ(0)),
        Prim::Star => prim(Prim::Unit),
        Prim::True | Prim::False => prim(Bool),
        Prim::Suc => to(&[Nat], Nat),
        Prim::NatAdd | Prim::NatMul | Prim::NatSub => to(&[Nat, Nat], Nat),
        Prim::NatLtb => to(&[Nat, Nat], Bool),
        Prim::IntPos | Prim::IntNegSuc => to(&[Nat], Int),
        Prim::IntAdd | Prim::IntSub | Prim::IntMul => to(&[Int, Int], Int),
        Prim::IntLtb => to(&[Int, Int], Bool),
        Prim::RealAdd | Prim::RealSub | Prim::RealMul => to(&[Real, Real], Real),
        Prim::RealInv => to(&[Real], Real),
        Prim::RealLtb => to(&[Real, Real], Bool),
        Prim::RealOfNat => to(&[Nat], Real),
        Prim::RealOfInt => to(&[Int], Real),
        Prim::RealFloor => to(&[Real], Int),
    };
    Rc::new(Closure::Term(ty, crate::closure::Env::empty(0)))
}

/// How many arguments a constant of the theory takes.
pub(crate) fn arity(p: Prim) -> usize {
    match p {
        Prim::Empty | Prim::Unit | Prim::Bool | Prim::Nat | Prim::Int | Prim::Real => 0,
        Prim::Star | Prim::True | Prim::False => 0,
        Prim::Suc | Prim::IntPos | Prim::IntNegSuc => 1,
        Prim::RealInv | Prim::RealOfNat | Prim::RealOfInt | Prim::RealFloor => 1,
        Prim::NatAdd | Prim::NatMul | Prim::NatSub | Prim::NatLtb => 2,
        Prim::IntAdd | Prim::IntSub | Prim::IntMul | Prim::IntLtb => 2,
        Prim::RealAdd | Prim::RealSub | Prim::RealMul | Prim::RealLtb => 2,
    }
}
