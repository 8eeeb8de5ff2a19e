//! Points at which a statement about unknown numbers may be true: those of linear pieces, found by the simplex method, and small ones.
//!
//! A piece is what is left of the statement when some unknowns keep their values, so that products are linear, and when every choice
//! goes the way it goes at a given point.

use crate::formula::{Entry, Number, Sheet, Statement, Worth};
use crate::number::Q;
use crate::simplex::{Answer, feasible};
use bfv_format::{Relation, Sort};
use bfv_search::poly::Poly;
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};

/// By how much a strict inequality is to hold, tried in this order.
const MARGINS: [(u8, u8); 3] = [(1, 1), (1, 8), (1, 100)];
/// Alternatives of a statement that are looked at.
const ALTERNATIVES: usize = 12;
/// Larger polynomials are not looked through.
const TERMS: usize = 600;
/// How often a value that must be whole splits a program in two.
const SPLITS: u32 = 24;
/// How many points of any kind are tried.
const TRIED: usize = 1500;
/// Points at which something opaque decides are left to the kernel, so many at most.
const DOUBTFUL: usize = 6;

/// With more unknowns than this, it is not tried to move each of them alone.
const ALONE: usize = 6;

/// What is looked for: values of the unknowns under which an entry of the sheet is true.
pub struct Wanted<'s> {
    pub sheet: &'s Sheet,
    /// The entry.
    pub goal: usize,
    /// The sort of each unknown.
    pub sorts: &'s [Sort],
    /// Which variable of the claim each unknown belongs to; the elements of a vector belong together.
    pub groups: &'s [usize],
}

/// `p` is nonnegative, positive or zero.
type Constraint = (Poly, Relation, Sort);

/// Points, best first; each is true of the goal as far as the sheet tells, or doubtful.
pub struct Found {
    /// The goal is true there.
    pub sure: Option<Vec<Q>>,
    /// Something opaque decides.
    pub doubtful: Vec<Vec<Q>>,
}

fn small(n: i64, d: i64) -> Q {
    Q::from(&BigRational::new(n.into(), d.into()))
}

fn whole(q: &Q) -> bool {
    matches!(q, Q::Small(_, 1)) || q.big().is_integer()
}

impl Wanted<'_> {
    /// Looks for a point; with little effort only the likeliest are tried.
    ///
    /// # Errors
    /// `Reason::Budget` when the steps end first.
    pub fn search(&self, effort: Effort, budget: &mut Budget) -> Result<Found, Reason> {
        let mut tries = Tries { wanted: self, seen: BTreeSet::new(), doubtful: Vec::new() };
        let sure = tries.run(effort, budget)?;
        Ok(Found { sure, doubtful: tries.doubtful })
    }

    /// Unknowns in numbers of which an inverse is taken: a linear piece keeps their values.
    fn inverted(&self) -> BTreeSet<u32> {
        let mut out = BTreeSet::new();
        let inverses = self.sheet.entries.iter().filter_map(|e| match e {
            Entry::Number(Number::Inverse(n)) => Some(*n),
            _ => None,
        });
        let (mut todo, mut seen): (Vec<usize>, BTreeSet<usize>) = (inverses.collect(), BTreeSet::new());
        while let Some(n) = todo.pop() {
            if !seen.insert(n) {
                continue;
            }
            match self.sheet.entries.get(n) {
                Some(Entry::Number(Number::Unknown(n))) => {
                    out.insert(*n);
                }
                Some(Entry::Number(Number::Add(a, b) | Number::Sub(a, b) | Number::Mul(a, b))) => todo.extend([a, b]),
                Some(Entry::Number(Number::Choice(_, a, b))) => todo.extend([a, b]),
                Some(Entry::Number(Number::Inverse(a))) => todo.push(*a),
                _ => {}
            }
        }
        out
    }

    /// Whole unknowns are whole, natural ones not negative.
    pub fn fits(&self, point: &[Q]) -> bool {
        self.sorts.iter().zip(point).all(|(s, q)| match s {
            Sort::Real => true,
            Sort::Int => whole(q),
            Sort::Nat => whole(q) && !q.is_negative(),
        })
    }
}

/// How long to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    Little,
    Much,
}

struct Tries<'w> {
    wanted: &'w Wanted<'w>,
    seen: BTreeSet<Vec<Q>>,
    doubtful: Vec<Vec<Q>>,
}

/// A point that was found, or why the search ends early.
type Step = Result<Option<Vec<Q>>, Reason>;

impl Tries<'_> {
    fn run(&mut self, effort: Effort, budget: &mut Budget) -> Step {
        let count = self.wanted.sorts.len();
        let usual: Vec<Q> = [(1, 1), (0, 1), (2, 1), (-1, 1), (1, 2)].map(|(n, d)| small(n, d)).to_vec();
        let more = [
            (3, 1),
            (-2, 1),
            (5, 1),
            (4, 1),
            (10, 1),
            (-5, 1),
            (100, 1),
            (1, 3),
            (-1, 2),
            (3, 4),
            (1, 10),
            (-100, 1),
            (-1, 4),
            (1, 4),
            (-1, 10),
        ];
        let grid: Vec<Q> = usual.iter().cloned().chain(more.map(|(n, d)| small(n, d))).collect();
        // Every variable of the claim has one value, the elements of a vector the same.
        for p in combinations(self.wanted.groups, &usual, if effort == Effort::Little { 125 } else { 700 }) {
            if let Some(p) = self.try_point(&p, budget)? {
                return Ok(Some(p));
            }
        }
        let zeros = vec![Q::ZERO; count];
        let relaxed = self.relaxed(&zeros, budget)?;
        for base in &relaxed {
            if let Some(p) = self.around(base, budget)? {
                return Ok(Some(p));
            }
        }
        let uniform = if effort == Effort::Little { &usual } else { &grid };
        for q in uniform {
            if let Some(p) = self.around(&vec![q.clone(); count], budget)? {
                return Ok(Some(p));
            }
        }
        if effort == Effort::Little {
            return Ok(None);
        }
        // Values next to those that the linear part suggests.
        for base in &relaxed {
            for n in 0..count {
                for (n_, d) in [(1, 1), (-1, 1), (2, 1), (-2, 1)] {
                    let mut p = base.clone();
                    if let Some(x) = p.get_mut(n) {
                        *x = x.plus(&small(n_, d));
                    }
                    if let Some(p) = self.around(&p, budget)? {
                        return Ok(Some(p));
                    }
                }
            }
        }
        // Values of different size.
        let sizes: Vec<Q> = [(1, 1), (100, 1), (10, 1)].map(|(n, d)| small(n, d)).to_vec();
        let each: Vec<usize> = (0..count).collect();
        for p in combinations(&each, &sizes, 100) {
            if let Some(p) = self.around(&p, budget)? {
                return Ok(Some(p));
            }
        }
        for p in combinations(&each, &grid, TRIED) {
            if let Some(p) = self.try_point(&p, budget)? {
                return Ok(Some(p));
            }
        }
        // Mixed values, by a fixed sequence that repeats after very long.
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut mixed = |values: &[Q]| -> Vec<Q> {
            (0..count)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let n = usize::try_from(state >> 33).unwrap_or(0);
                    values.get(n % values.len().max(1)).cloned().unwrap_or(Q::ZERO)
                })
                .collect()
        };
        for _ in 0..40 {
            let p = mixed(&usual);
            if let Some(p) = self.around(&p, budget)? {
                return Ok(Some(p));
            }
        }
        for _ in 0..400 {
            let p = mixed(&grid);
            if let Some(p) = self.try_point(&p, budget)? {
                return Ok(Some(p));
            }
        }
        Ok(None)
    }

    /// Tries a point. A step of the budget pays for a hundred entries of the sheet.
    fn try_point(&mut self, point: &[Q], budget: &mut Budget) -> Step {
        if self.seen.len() >= 2 * TRIED || !self.wanted.fits(point) || !self.seen.insert(point.to_vec()) {
            return Ok(None);
        }
        budget.spend(1 + u64::try_from(self.wanted.sheet.entries.len()).unwrap_or(u64::MAX) / 100)?;
        match self.wanted.sheet.worth(point).get(self.wanted.goal) {
            Some(Worth::Truth(Some(true))) => return Ok(Some(point.to_vec())),
            Some(Worth::Truth(None)) if self.doubtful.len() < DOUBTFUL => self.doubtful.push(point.to_vec()),
            _ => {}
        }
        Ok(None)
    }

    /// Points of the linear part: products count as unknowns of their own.
    fn relaxed(&mut self, base: &[Q], budget: &mut Budget) -> Result<Vec<Vec<Q>>, Reason> {
        let free: BTreeSet<u32> = (0u32..).take(base.len()).collect();
        let mut out = Vec::new();
        for system in self.pieces(base, &free) {
            out.extend(self.solve(&system, base, &free, budget)?);
            if out.len() >= 4 {
                break;
            }
        }
        Ok(out)
    }

    /// Tries a point, then the linear pieces around it; what they give is the next point to look around, once.
    fn around(&mut self, base: &[Q], budget: &mut Budget) -> Step {
        if let Some(p) = self.try_point(base, budget)? {
            return Ok(Some(p));
        }
        for order in [Order::Often, Order::Late, Order::Early] {
            for next in self.linear(base, order, budget)? {
                if let Some(p) = self.try_point(&next, budget)? {
                    return Ok(Some(p));
                }
            }
        }
        if base.len() > ALONE {
            return Ok(None);
        }
        for alone in (0u32..).take(base.len()) {
            let free = BTreeSet::from([alone]);
            for system in self.pieces(base, &free) {
                if let Some(next) = self.solve(&system, base, &free, budget)?
                    && let Some(p) = self.try_point(&next, budget)?
                {
                    return Ok(Some(p));
                }
            }
        }
        Ok(None)
    }

    /// Solutions of the linear pieces at a point, when unknowns are fixed in some order until nothing is a product.
    fn linear(&mut self, base: &[Q], order: Order, budget: &mut Budget) -> Result<Vec<Vec<Q>>, Reason> {
        let mut free: BTreeSet<u32> = (0u32..).take(base.len()).collect();
        for n in self.wanted.inverted() {
            free.remove(&n);
        }
        let mut out = Vec::new();
        let pieces = self.pieces(base, &free);
        let products: BTreeSet<Vec<u32>> = pieces
            .iter()
            .flatten()
            .flat_map(|(p, ..)| p.0.keys())
            .map(|m| m.iter().copied().filter(|a| free.contains(a)).collect::<Vec<_>>())
            .filter(|m| m.len() > 1)
            .collect();
        if products.is_empty() {
            // The linear part is all there is, and `relaxed` has seen it, unless choices go another way here.
            for system in pieces {
                out.extend(self.solve(&system, base, &free, budget)?);
            }
            return Ok(out);
        }
        while let Some(fix) = order.choose(&products, &free) {
            free.remove(&fix);
        }
        for system in self.pieces(base, &free) {
            out.extend(self.solve(&system, base, &free, budget)?);
        }
        Ok(out)
    }

    fn solve(
        &self,
        system: &[Constraint],
        base: &[Q],
        free: &BTreeSet<u32>,
        budget: &mut Budget,
    ) -> Result<Option<Vec<Q>>, Reason> {
        let mut system = system.to_vec();
        for n in free {
            if usize::try_from(*n).ok().and_then(|n| self.wanted.sorts.get(n)) == Some(&Sort::Nat) {
                system.push((Poly::atom(*n), Relation::Le, Sort::Nat));
            }
        }
        let mut splits = SPLITS;
        for (num, den) in MARGINS {
            let margin = BigRational::new(num.into(), den.into());
            if let Some(values) = self.integral(&system, &margin, &mut splits, budget)? {
                let at = |n: &u32| values.get([*n].as_slice()).map_or(Q::ZERO, Q::from);
                let point = (0u32..).zip(base).map(|(n, old)| if free.contains(&n) { at(&n) } else { old.clone() });
                return Ok(Some(point.collect()));
            }
            if !system.iter().any(|(_, r, s)| *r == Relation::Lt && *s == Sort::Real) {
                break;
            }
        }
        Ok(None)
    }

    /// A solution in which whole unknowns are whole, by splitting at one that is not.
    fn integral(
        &self,
        system: &[Constraint],
        margin: &BigRational,
        splits: &mut u32,
        budget: &mut Budget,
    ) -> Result<Option<BTreeMap<Vec<u32>, BigRational>>, Reason> {
        let Some(values) = solution(system, margin, budget)? else { return Ok(None) };
        let broken = values.iter().find(|(m, q)| {
            let sort = |n: &u32| usize::try_from(*n).ok().and_then(|n| self.wanted.sorts.get(n));
            matches!(m.as_slice(), [n] if sort(n).is_some_and(|s| *s != Sort::Real)) && !q.is_integer()
        });
        let Some((monomial, q)) = broken else { return Ok(Some(values)) };
        let mut bound = Poly::default();
        bound.add_term(monomial.clone(), BigRational::one());
        bound.add_term(Vec::new(), -q.ceil());
        let mut below = Poly::constant(q.floor());
        below.add_term(monomial.clone(), -BigRational::one());
        for side in [bound, below] {
            let Some(left) = splits.checked_sub(1) else { return Ok(None) };
            *splits = left;
            let mut split = system.to_vec();
            split.push((side, Relation::Le, Sort::Int));
            if let Some(found) = self.integral(&split, margin, splits, budget)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// The statement as alternatives of constraints on the free unknowns, the others and every choice as at the point.
    fn pieces(&self, base: &[Q], free: &BTreeSet<u32>) -> Vec<Vec<Constraint>> {
        let worth = self.wanted.sheet.worth(base);
        let mut piece = Piece { sheet: self.wanted.sheet, worth, base, free, polys: BTreeMap::new() };
        piece.alternatives(self.wanted.goal, true)
    }
}

/// Every way to give groups of unknowns one of the first values, as many values as keep the number of ways below the limit; the first
/// group changes slowest.
fn combinations(groups: &[usize], values: &[Q], limit: usize) -> Vec<Vec<Q>> {
    let all = groups.iter().max().map_or(0, |m| m + 1);
    let power = u32::try_from(all).unwrap_or(u32::MAX);
    let ways = |v: usize| v.checked_pow(power).filter(|n| *n <= limit);
    let Some(used) = (1..=values.len()).rev().find(|v| ways(*v).is_some()) else { return Vec::new() };
    let mut digits = vec![0usize; all];
    let mut out = Vec::new();
    loop {
        let value = |g: &usize| digits.get(*g).and_then(|d| values.get(*d)).cloned().unwrap_or(Q::ZERO);
        out.push(groups.iter().map(value).collect());
        let Some(place) = digits.iter().rposition(|d| d + 1 < used) else { return out };
        for (n, d) in digits.iter_mut().enumerate().skip(place) {
            *d = if n == place { *d + 1 } else { 0 };
        }
    }
}

/// In which order unknowns are fixed.
#[derive(Clone, Copy)]
enum Order {
    Often,
    Late,
    Early,
}

impl Order {
    /// The next unknown to fix, while some product has two that are free.
    fn choose(self, products: &BTreeSet<Vec<u32>>, free: &BTreeSet<u32>) -> Option<u32> {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        for m in products {
            let open: Vec<u32> = m.iter().copied().filter(|a| free.contains(a)).collect();
            if open.len() > 1 {
                for a in open {
                    *counts.entry(a).or_default() += 1;
                }
            }
        }
        match self {
            Order::Often => counts.iter().max_by(|(a, n), (b, m)| n.cmp(m).then(b.cmp(a))).map(|(a, _)| *a),
            Order::Late => counts.keys().next_back().copied(),
            Order::Early => counts.keys().next().copied(),
        }
    }
}

struct Piece<'p> {
    sheet: &'p Sheet,
    worth: Vec<Worth>,
    base: &'p [Q],
    free: &'p BTreeSet<u32>,
    /// Polynomials of numbers, with the choices that were made on the way.
    polys: BTreeMap<usize, (Poly, Vec<usize>)>,
}

impl Piece<'_> {
    fn entry(&self, n: usize) -> Option<&Entry> {
        self.sheet.entries.get(n)
    }

    fn alternatives(&mut self, n: usize, wanted: bool) -> Vec<Vec<Constraint>> {
        let Some(Entry::Statement(s)) = self.entry(n).cloned() else { return vec![Vec::new()] };
        match (s, wanted) {
            (Statement::Open, _) => vec![Vec::new()],
            (Statement::Not(a), _) => self.alternatives(a, !wanted),
            (Statement::Less(sort, a, b), true) => self.relation(sort, Relation::Lt, a, b),
            (Statement::Less(sort, a, b), false) => self.relation(sort, Relation::Le, b, a),
            (Statement::Equal(sort, a, b), true) => self.relation(sort, Relation::Eq, a, b),
            (Statement::Equal(sort, a, b), false) => {
                let mut out = self.relation(sort, Relation::Lt, b, a);
                out.extend(self.relation(sort, Relation::Lt, a, b));
                out
            }
            (Statement::All(parts), true) | (Statement::Any(parts), false) => self.together(&parts, wanted),
            (Statement::Any(parts), true) | (Statement::All(parts), false) => {
                let mut out = Vec::new();
                // Alternatives that the point itself does not exclude come first.
                for p in parts {
                    out.extend(self.alternatives(p, wanted));
                    if out.len() >= ALTERNATIVES {
                        break;
                    }
                }
                out
            }
        }
    }

    fn together(&mut self, parts: &[usize], wanted: bool) -> Vec<Vec<Constraint>> {
        let mut out = vec![Vec::new()];
        for p in parts {
            let more = self.alternatives(*p, wanted);
            out = out
                .iter()
                .flat_map(|a| more.iter().map(|b| a.iter().chain(b).cloned().collect::<Vec<_>>()).collect::<Vec<_>>())
                .take(ALTERNATIVES)
                .collect();
        }
        out
    }

    /// `a` related to `b`, together with the choices on which their polynomials rest.
    fn relation(&mut self, sort: Sort, relation: Relation, a: usize, b: usize) -> Vec<Vec<Constraint>> {
        let ((p, mut made), (q, others)) = (self.poly(a), self.poly(b));
        made.extend(others);
        made.sort_unstable();
        made.dedup();
        let mut out = vec![vec![(q.minus(&p), relation, sort)]];
        for c in made {
            let truth = matches!(self.worth.get(c), Some(Worth::Truth(Some(true))));
            let conditions = self.alternatives(c, truth);
            out = out
                .iter()
                .flat_map(|a| conditions.iter().map(|b| a.iter().chain(b).cloned().collect()).collect::<Vec<_>>())
                .take(ALTERNATIVES)
                .collect();
        }
        out
    }

    fn poly(&mut self, n: usize) -> (Poly, Vec<usize>) {
        if let Some(known) = self.polys.get(&n) {
            return known.clone();
        }
        let found = self.compute(n).unwrap_or_else(|| {
            // Something opaque is one more unknown, which no point gives a value.
            let name = u32::try_from(n).ok().and_then(|n| n.checked_add(1 << 30)).unwrap_or(u32::MAX);
            (Poly::atom(name), Vec::new())
        });
        self.polys.insert(n, found.clone());
        found
    }

    fn compute(&mut self, n: usize) -> Option<(Poly, Vec<usize>)> {
        let Some(Entry::Number(number)) = self.entry(n).cloned() else { return None };
        let (p, made) = match number {
            Number::Literal(q) => (Poly::constant(q.big()), Vec::new()),
            Number::Unknown(n) if self.free.contains(&n) => (Poly::atom(n), Vec::new()),
            Number::Unknown(n) => (Poly::constant(self.base.get(usize::try_from(n).ok()?)?.big()), Vec::new()),
            Number::Opaque => return None,
            Number::Add(a, b) | Number::Sub(a, b) | Number::Mul(a, b) => {
                let ((p, mut made), (q, others)) = (self.poly(a), self.poly(b));
                made.extend(others);
                let out = match number {
                    Number::Add(..) => {
                        let mut out = p;
                        out.add_scaled(&q, &BigRational::one());
                        out
                    }
                    Number::Sub(..) => p.minus(&q),
                    _ if p.0.len() * q.0.len() > TERMS => return None,
                    _ => p.times(&q),
                };
                (out, made)
            }
            Number::Inverse(a) => {
                // What it is the inverse of keeps its value in a linear piece.
                let Some(Worth::Number(Some(q))) = self.worth.get(a) else { return None };
                (Poly::constant(q.inverse().big()), Vec::new())
            }
            Number::Choice(c, yes, no) => {
                let Some(Worth::Truth(Some(truth))) = self.worth.get(c) else { return None };
                let (p, mut made) = self.poly(if *truth { yes } else { no });
                made.push(c);
                (p, made)
            }
        };
        Some((p, made))
    }
}

/// Values of monomials under which every `p` is nonnegative, at least the margin where it is strict over Real, or zero for an equality.
///
/// # Errors
/// `Reason::Budget` when the steps end first.
fn solution(
    system: &[Constraint],
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
