//! Points for counterexamples: values at which the linear part of the hypotheses holds and that of the conclusion fails.

use crate::arith::Prover;
use crate::poly::{Poly, polynomial};
use crate::reify::{self, Atomic, Atoms};
use crate::simplex::{Answer, feasible};
use bfv_format::{Node, Relation, Sort};
use bfv_kernel::{Ctx, Res, V, Val};
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::BTreeMap;

/// Values of leading variables, by number.
pub type Values = BTreeMap<u32, BigRational>;

/// A relation between two values of a sort.
type Constraint = (Sort, Relation, V, V);

/// By how much a strict inequality is to hold, tried in this order.
const MARGINS: [(u8, u8); 3] = [(1, 1), (1, 8), (1, 100)];

impl Prover<'_> {
    /// Values worth trying for the variables of a closed statement. Products of variables count as unknowns, so a value may fail.
    pub fn suggest(&self, statement: &V, budget: &mut Budget) -> Res<Result<Vec<Values>, Reason>> {
        let mut ctx = Ctx::default();
        let mut current = statement.clone();
        loop {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { break };
            if let Some(inner) = reify::negated(self.m, &ctx, &current)?
                && reify::strict(self.m, &inner)?.is_some()
            {
                break;
            }
            let (inner, x) = self.m.bind(&ctx, dom.clone());
            current = self.m.inst(cod, x);
            ctx = inner;
        }
        let known: Vec<Constraint> =
            self.all_facts(&ctx, &[])?.into_iter().map(|f| (f.sort, f.relation, f.left, f.right)).collect();
        let mut out = Vec::new();
        for against in self.opposite(&ctx, &current)? {
            let constraints: Vec<Constraint> = known.iter().cloned().chain([against]).collect();
            match self.solve(&ctx, &constraints, budget)? {
                Ok(Some(values)) => out.push(values),
                Ok(None) => {}
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(out))
    }

    /// What would contradict a conclusion, as alternatives.
    fn opposite(&self, ctx: &Ctx, ty: &V) -> Res<Vec<Constraint>> {
        if let Some(Atomic::Relation(s, _, a, b)) = reify::strict(self.m, ty)? {
            return Ok(vec![(s, Relation::Le, b, a)]);
        }
        if let Some((s, a, b)) = reify::equation(self.m, ty)? {
            return Ok(vec![(s, Relation::Lt, b.clone(), a.clone()), (s, Relation::Lt, a, b)]);
        }
        if let Some(inner) = reify::negated(self.m, ctx, ty)? {
            return Ok(match reify::strict(self.m, &inner)? {
                Some(Atomic::Relation(s, r, a, b)) => vec![(s, r, a, b)],
                _ => Vec::new(),
            });
        }
        if let Val::Sigma(a, b) = &*self.m.whnf(ty)? {
            let (inner, x) = self.m.bind(ctx, a.clone());
            let mut out = self.opposite(ctx, a)?;
            out.extend(self.opposite(&inner, &self.m.inst(b, x))?);
            return Ok(out);
        }
        Ok(Vec::new())
    }

    fn solve(&self, ctx: &Ctx, constraints: &[Constraint], budget: &mut Budget) -> Res<Result<Option<Values>, Reason>> {
        let mut atoms = Atoms::new(self.unfold);
        let mut system: Vec<(Poly, Relation, Sort)> = Vec::new();
        // The context of a conjunct may be longer than that of the variables; their levels are the same.
        for (sort, relation, a, b) in constraints {
            let (mut left, mut right) = (Vec::new(), Vec::new());
            reify::tree(self.m, ctx, &mut atoms, *sort, a, &mut left)?;
            reify::tree(self.m, ctx, &mut atoms, *sort, b, &mut right)?;
            if let (Some(p), Some(q)) = (polynomial(&left), polynomial(&right)) {
                system.push((q.minus(&p), *relation, *sort));
            }
        }
        for (n, _) in (0u32..).zip(&atoms.list).filter(|(_, (s, _))| *s == Sort::Nat) {
            system.push((Poly::atom(n), Relation::Le, Sort::Nat));
        }
        for (num, den) in MARGINS {
            match point(&system, &BigRational::new(num.into(), den.into()), budget) {
                Ok(Some(point)) => {
                    let mut out = Values::new();
                    for (n, (_, t)) in (0u32..).zip(&atoms.list) {
                        if let Node::Var(index) = &**t
                            && let Some(level) =
                                u32::try_from(ctx.types.len()).ok().and_then(|k| k.checked_sub(1 + index))
                        {
                            out.insert(level, point.get(&vec![n]).cloned().unwrap_or_else(BigRational::zero));
                        }
                    }
                    return Ok(Ok(Some(out)));
                }
                Ok(None) => {}
                Err(reason) => return Ok(Err(reason)),
            }
        }
        Ok(Ok(None))
    }
}

/// Values of monomials under which every `p` is nonnegative, at least the margin where it is strict over Real, or zero for an equality.
///
/// # Errors
/// `Reason::Budget` when the steps end first.
fn point(
    system: &[(Poly, Relation, Sort)],
    margin: &BigRational,
    budget: &mut Budget,
) -> Result<Option<BTreeMap<Vec<u32>, BigRational>>, Reason> {
    let mut places: BTreeMap<Vec<u32>, usize> = BTreeMap::new();
    for (p, ..) in system {
        for m in p.0.keys().filter(|m| !m.is_empty()) {
            let n = places.len();
            places.entry(m.clone()).or_insert(n);
        }
    }
    // Two columns for every monomial, its positive and its negative part, then one for the slack of every inequality.
    let mut columns: Vec<Vec<(usize, BigRational)>> = vec![Vec::new(); 2 * places.len()];
    let mut b = Vec::new();
    for (row, (p, relation, sort)) in system.iter().enumerate() {
        let mut right = -p.0.get(&Vec::new()).cloned().unwrap_or_else(BigRational::zero);
        if *relation == Relation::Lt {
            right += if *sort == Sort::Real { margin.clone() } else { BigRational::one() };
        }
        b.push(right);
        for (m, c) in &p.0 {
            if let Some(n) = places.get(m) {
                for (column, c) in [(2 * n, c.clone()), (2 * n + 1, -c.clone())] {
                    columns.get_mut(column).into_iter().for_each(|column| column.push((row, c.clone())));
                }
            }
        }
        if *relation != Relation::Eq {
            columns.push(vec![(row, -BigRational::one())]);
        }
    }
    let Answer::Point(x) = feasible(system.len(), &columns, &b, budget)? else { return Ok(None) };
    let at = |n: usize| x.get(n).cloned().unwrap_or_else(BigRational::zero);
    Ok(Some(places.into_iter().map(|(m, n)| (m, at(2 * n) - at(2 * n + 1))).collect()))
}

/// Whole numbers next to a rational, its own value when it is whole.
pub fn whole(q: &BigRational) -> Vec<num_bigint::BigInt> {
    let (low, high) = (q.floor().to_integer(), q.ceil().to_integer());
    if low == high { vec![low] } else { vec![high, low] }
}
