//! Integer infeasibility: Farkas multipliers over facts that are tightened by cuts, as a certificate of rule `lia`.

use crate::certificate::combine;
use bfv_format::{Arith, Combination, Dim, Hypothesis, Node, Op, Prim, Rational, Relation, Sort, Step, Term};
use bfv_search::poly::Poly;
use bfv_search::{Budget, Reason};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// How often all pairs of facts are combined.
const ROUNDS: u32 = 4;
/// More facts than this are not kept.
const FACTS: usize = 160;

/// Facts as the rule numbers them, hypotheses first, then one for each step.
struct Facts {
    hypotheses: usize,
    facts: Vec<(Poly, bool)>,
    steps: Vec<Step>,
    seen: BTreeSet<(Poly, bool)>,
}

/// Hypotheses, perhaps with one that is true of itself added, and the steps that contradict them.
pub type Certificate = (Vec<Hypothesis>, Vec<Step>);

/// Searches for a certificate; `polys` are right side minus left side of the hypotheses.
///
/// # Errors
/// `Reason::Budget` when the steps end first.
pub fn integer(
    sort: Sort,
    sorts: &[Sort],
    mut hypotheses: Vec<Hypothesis>,
    polys: &[Poly],
    budget: &mut Budget,
) -> Result<Option<Certificate>, Reason> {
    let facts: Vec<(Poly, bool)> = hypotheses
        .iter()
        .zip(polys)
        .map(|(h, p)| {
            let p = if h.relation == Relation::Lt { p.minus(&Poly::constant(BigRational::one())) } else { p.clone() };
            (p, h.relation == Relation::Eq)
        })
        .collect();
    let mut all = Facts { hypotheses: facts.len(), seen: facts.iter().cloned().collect(), facts, steps: Vec::new() };
    for (n, _) in (0u32..).zip(sorts).filter(|(_, s)| **s == Sort::Nat) {
        all.push(Step::NatAtom(n), Poly::atom(n), false);
    }
    // An equality becomes an inequality in a sum with an inequality taken zero times; where there is none, 0 <= 0 is one.
    if all.facts.iter().all(|(_, equality)| *equality) {
        hypotheses.push(trivial(sort));
        all.facts.insert(all.hypotheses, (Poly::default(), false));
        all.hypotheses += 1;
    }
    for n in 0..all.facts.len() {
        all.tighten(n);
    }
    for round in 0..=ROUNDS {
        if let Some(steps) = all.farkas(budget)? {
            return Ok(Some((hypotheses, steps)));
        }
        if round == ROUNDS || !all.eliminate(budget)? {
            break;
        }
    }
    Ok(None)
}

impl Facts {
    /// Appends a fact unless it is known; its number.
    fn push(&mut self, step: Step, p: Poly, equality: bool) -> Option<usize> {
        if self.facts.len() >= FACTS || !self.seen.insert((p.clone(), equality)) {
            return None;
        }
        self.facts.push((p, equality));
        self.steps.push(step);
        Some(self.facts.len() - 1)
    }

    /// A sum of two facts.
    fn sum(&mut self, parts: [(usize, BigInt); 2], equality: bool) -> Option<usize> {
        let mut p = Poly::default();
        let mut terms = Vec::new();
        for (n, k) in parts {
            p.add_scaled(&self.facts.get(n)?.0, &BigRational::from_integer(k.clone()));
            terms.push((u32::try_from(n).ok()?, k));
        }
        self.push(Step::Combine(Combination { terms }), p, equality)
    }

    /// What rounding makes of a fact. An equality is rounded in both directions, and only when it cannot hold.
    fn tighten(&mut self, n: usize) {
        let Some((p, equality)) = self.facts.get(n).cloned() else { return };
        let Some((rounded, d)) = cut(&p) else { return };
        if !equality {
            if let Ok(n) = u32::try_from(n) {
                self.push(Step::Cut(n, d.magnitude().clone()), rounded, false);
            }
            return;
        }
        let Some(anything) = self.facts.iter().position(|(_, equality)| !equality) else { return };
        for sign in [BigInt::one(), -BigInt::one()] {
            if let Some(n) = self.sum([(n, sign), (anything, BigInt::zero())], false) {
                self.tighten(n);
            }
        }
    }

    /// Adds pairs of facts so that a monomial cancels, and keeps equalities and what rounding improves. Whether anything is new.
    fn eliminate(&mut self, budget: &mut Budget) -> Result<bool, Reason> {
        let before = self.facts.len();
        for a in 0..before {
            for b in 0..a {
                budget.spend(1)?;
                let (Some((p, e)), Some((q, f))) = (self.facts.get(a).cloned(), self.facts.get(b).cloned()) else {
                    continue;
                };
                for (m, c) in p.0.iter().filter(|(m, _)| !m.is_empty()) {
                    let Some(k) = q.0.get(m) else { continue };
                    if !e && !f && c.is_positive() == k.is_positive() {
                        continue;
                    }
                    let (c, k) = (c.to_integer(), k.to_integer());
                    let d = c.gcd(&k);
                    let (mut left, mut right) = (&k / &d, -(&c / &d));
                    // The multiplier of an inequality is positive.
                    if (!e && left.is_negative()) || (!f && right.is_negative()) {
                        (left, right) = (-left, -right);
                    }
                    let mut sum = Poly::default();
                    sum.add_scaled(&p, &BigRational::from_integer(left.clone()));
                    sum.add_scaled(&q, &BigRational::from_integer(right.clone()));
                    if ((e && f) || cut(&sum).is_some())
                        && let Some(n) = self.sum([(a, left), (b, right)], e && f)
                    {
                        self.tighten(n);
                    }
                }
            }
        }
        Ok(self.facts.len() > before)
    }

    /// The steps that are needed, when a combination of the facts is contradictory.
    fn farkas(&self, budget: &mut Budget) -> Result<Option<Vec<Step>>, Reason> {
        let columns: Vec<(&Poly, bool, bool)> = self.facts.iter().map(|(p, equality)| (p, false, *equality)).collect();
        let Ok(weights) = combine(&columns, budget)? else { return Ok(None) };
        let weights: Vec<BigRational> = weights.iter().skip(1).map(|(plus, minus)| plus - minus).collect();
        let scale = weights.iter().fold(BigInt::one(), |d, w| d.lcm(w.denom()));
        let terms = (0u32..)
            .zip(&weights)
            .map(|(n, w)| (n, (w * BigRational::from_integer(scale.clone())).to_integer()))
            .filter(|(_, k)| !k.is_zero())
            .collect();
        let mut steps = self.steps.clone();
        steps.push(Step::Combine(Combination { terms }));
        Ok(needed(self.hypotheses, &steps))
    }
}

/// The steps on which the last one rests, numbered anew.
fn needed(hypotheses: usize, steps: &[Step]) -> Option<Vec<Step>> {
    let uses = |s: &Step| -> Vec<u32> {
        match s {
            Step::Combine(c) => c.terms.iter().map(|(n, _)| *n).collect(),
            Step::Cut(n, _) => vec![*n],
            Step::NatAtom(_) => Vec::new(),
        }
    };
    let mut keep = BTreeSet::from([steps.len().checked_sub(1)?]);
    for n in (0..steps.len()).rev() {
        if keep.contains(&n) {
            for fact in uses(steps.get(n)?) {
                keep.extend(usize::try_from(fact).ok()?.checked_sub(hypotheses));
            }
        }
    }
    let place: BTreeMap<usize, usize> = keep.iter().enumerate().map(|(new, old)| (*old, new)).collect();
    let renumber = |n: u32| -> Option<u32> {
        match usize::try_from(n).ok()?.checked_sub(hypotheses) {
            None => Some(n),
            Some(step) => u32::try_from(hypotheses + place.get(&step)?).ok(),
        }
    };
    keep.iter()
        .map(|n| {
            Some(match steps.get(*n)? {
                Step::Combine(c) => Step::Combine(Combination {
                    terms: c.terms.iter().map(|(n, k)| Some((renumber(*n)?, k.clone()))).collect::<Option<_>>()?,
                }),
                Step::Cut(n, d) => Step::Cut(renumber(*n)?, d.clone()),
                Step::NatAtom(n) => Step::NatAtom(*n),
            })
        })
        .collect()
}

/// A fact divided by the common divisor of its coefficients, when that rounds the constant down.
fn cut(p: &Poly) -> Option<(Poly, BigInt)> {
    let mut d = BigInt::zero();
    for (m, c) in &p.0 {
        if !m.is_empty() {
            d = d.gcd(&c.to_integer());
        }
    }
    let constant = p.0.get(&Vec::new()).cloned().unwrap_or_else(BigRational::zero);
    if !d.is_positive() || d.is_one() || (&constant / BigRational::from_integer(d.clone())).is_integer() {
        return None;
    }
    let mut out = Poly::default();
    for (m, c) in &p.0 {
        let q = c / BigRational::from_integer(d.clone());
        out.add_term(m.clone(), if m.is_empty() { q.floor() } else { q });
    }
    Some((out, d))
}

/// `0 <= 0` with its proof: the comparison computes to false, and false is not true.
fn trivial(sort: Sort) -> Hypothesis {
    let zero: Arith = vec![Op::Lit(sort, Rational { num: BigInt::zero(), den: 1u8.into() })];
    let prim = |p| -> Term { Rc::new(Node::Prim(p)) };
    let (ltb, literal) = match sort {
        Sort::Nat => (Prim::NatLtb, Rc::new(Node::NatLit(0u8.into()))),
        Sort::Int => (Prim::IntLtb, Rc::new(Node::IntLit(BigInt::zero()))),
        Sort::Real => (Prim::RealLtb, Rc::new(Node::RealLit(Rational { num: BigInt::zero(), den: 1u8.into() }))),
    };
    let compared = Rc::new(Node::App(Rc::new(Node::App(prim(ltb), literal.clone())), literal));
    let at = Rc::new(Node::PApp(Rc::new(Node::Var(0)), compared, prim(Prim::True), Dim::Var(0)));
    let line = Rc::new(Node::BoolElim(Rc::new(Node::Univ(0)), prim(Prim::Empty), prim(Prim::Unit), at));
    let proof = Rc::new(Node::Lam(Rc::new(Node::Coe(Dim::Zero, Dim::One, line, prim(Prim::Star)))));
    Hypothesis { relation: Relation::Le, left: zero.clone(), right: zero, proof }
}
