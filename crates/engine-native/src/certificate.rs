//! Search for certificates: from facts about numbers to a rule that derives falsehood.

use crate::poly::{Poly, monomial_tree, polynomial};
use crate::reify::{self, Atoms};
use crate::simplex::feasible;
use bfv_format::{Arith, Combination, Hypothesis, Node, Op, Product, Relation, Rule, Sort, Step, Term};
use bfv_kernel::{Ctx, Machine, Res, V, rational};
use bfv_search::{Budget, Reason};
use num_bigint::BigInt;
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A relation between two numbers, with its proof.
#[derive(Clone)]
pub struct Fact {
    pub sort: Sort,
    pub relation: Relation,
    pub left: V,
    pub right: V,
    pub proof: Term,
}

/// More atoms than this, and products of facts are not tried.
const QUADRATIC_ATOMS: usize = 24;

/// What a search for a certificate may do.
#[derive(Clone, Copy)]
pub struct Manner {
    pub power: Power,
    /// Whether definitions that compute to arithmetic are looked through.
    pub unfold: bool,
}

/// How far the search goes beyond linear combinations.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Power {
    /// Linear combinations of the facts.
    Linear,
    /// Products of two facts, squares of atoms and of differences of atoms, multiples of equations.
    Quadratic,
}

/// A nonnegative summand that may be used.
struct Candidate {
    poly: Poly,
    strict: bool,
    hypotheses: Vec<u32>,
    squares: Vec<Arith>,
}

/// A term of type `Empty` from facts of one sort, if the search finds one.
///
/// # Errors
/// The outer error is the evaluator's, the inner one says why the search ended.
pub fn contradiction(
    m: &Machine<'_>,
    ctx: &Ctx,
    facts: &[Fact],
    sort: Sort,
    manner: Manner,
    budget: &mut Budget,
) -> Res<Result<Option<Term>, Reason>> {
    let mut atoms = Atoms::new(manner.unfold);
    let mut hypotheses = Vec::new();
    for f in facts.iter().filter(|f| f.sort == sort) {
        let (mut left, mut right) = (Vec::new(), Vec::new());
        reify::tree(m, ctx, &mut atoms, sort, &f.left, &mut left)?;
        reify::tree(m, ctx, &mut atoms, sort, &f.right, &mut right)?;
        hypotheses.push(Hypothesis { relation: f.relation, left, right, proof: f.proof.clone() });
    }
    if hypotheses.is_empty() {
        return Ok(Ok(None));
    }
    let polys: Option<Vec<Poly>> =
        hypotheses.iter().map(|h| Some(polynomial(&h.right)?.minus(&polynomial(&h.left)?))).collect();
    let Some(polys) = polys else { return Ok(Ok(None)) };
    Ok(match sort {
        Sort::Real => real(&atoms, hypotheses, &polys, manner.power, budget),
        Sort::Nat | Sort::Int => integer(sort, &atoms, hypotheses, &polys, budget),
    })
}

/// The system whose solution is a certificate: for every monomial the coefficients add up to zero, and the strict parts to one.
fn combine(
    columns: &[(&Poly, bool, bool)],
    budget: &mut Budget,
) -> Result<Option<Vec<(BigRational, BigRational)>>, Reason> {
    let mut rows: BTreeMap<&[u32], usize> = BTreeMap::new();
    for (p, ..) in columns {
        for m in p.0.keys() {
            let n = rows.len();
            rows.entry(m.as_slice()).or_insert(n);
        }
    }
    let unit: &[u32] = &[];
    let n = rows.len();
    let constant = *rows.entry(unit).or_insert(n);
    let total = rows.len();
    let mut system = Vec::new();
    // The fact 1 > 0 comes first.
    system.push(vec![(constant, BigRational::one()), (total, BigRational::one())]);
    for (p, strict, free) in columns {
        let mut column: Vec<(usize, BigRational)> =
            p.0.iter().filter_map(|(m, c)| rows.get(m.as_slice()).map(|r| (*r, c.clone()))).collect();
        if *free {
            system.push(column.iter().map(|(r, c)| (*r, -c.clone())).collect());
        } else {
            system.push(Vec::new());
        }
        if *strict {
            column.push((total, BigRational::one()));
        }
        system.push(column);
    }
    let mut b = vec![BigRational::zero(); total];
    b.push(BigRational::one());
    let Some(x) = feasible(total + 1, &system, &b, budget)? else { return Ok(None) };
    let at = |n: usize| x.get(n).cloned().unwrap_or_else(BigRational::zero);
    // Pairs: the weight of 1 > 0 first, then (positive part, negative part) for every column.
    let mut out = vec![(at(0), BigRational::zero())];
    out.extend((0..columns.len()).map(|n| (at(2 * n + 2), at(2 * n + 1))));
    Ok(Some(out))
}

fn real(
    atoms: &Atoms,
    hypotheses: Vec<Hypothesis>,
    polys: &[Poly],
    power: Power,
    budget: &mut Budget,
) -> Result<Option<Term>, Reason> {
    let mut candidates = Vec::new();
    let mut equalities: Vec<(u32, Poly, Arith)> = Vec::new();
    let one: Arith = monomial_tree(&[], &[]).unwrap_or_default();
    for (n, (h, p)) in (0u32..).zip(hypotheses.iter().zip(polys)) {
        match h.relation {
            Relation::Eq => equalities.push((n, p.clone(), one.clone())),
            r => candidates.push(Candidate {
                poly: p.clone(),
                strict: r == Relation::Lt,
                hypotheses: vec![n],
                squares: Vec::new(),
            }),
        }
    }
    if power >= Power::Quadratic && atoms.list.len() <= QUADRATIC_ATOMS {
        quadratic(atoms, &hypotheses, polys, &mut candidates, &mut equalities);
    }
    budget.spend(u64::try_from(candidates.len()).unwrap_or(u64::MAX))?;
    let mut columns: Vec<(&Poly, bool, bool)> = candidates.iter().map(|c| (&c.poly, c.strict, false)).collect();
    columns.extend(equalities.iter().map(|(_, p, _)| (p, false, true)));
    let Some(weights) = combine(&columns, budget)? else { return Ok(None) };
    let mut products = Vec::new();
    let mut multiples = Vec::new();
    for (n, (plus, minus)) in weights.iter().enumerate() {
        let weight = plus - minus;
        if weight.is_zero() {
            continue;
        }
        match n.checked_sub(1) {
            None => {
                products.push(Product { coefficient: rational(&weight), hypotheses: Vec::new(), squares: Vec::new() })
            }
            Some(k) => match candidates.get(k) {
                Some(c) => products.push(Product {
                    coefficient: rational(&weight),
                    hypotheses: c.hypotheses.clone(),
                    squares: c.squares.clone(),
                }),
                None => {
                    if let Some((h, _, tree)) = equalities.get(k - candidates.len()) {
                        let mut multiplier = vec![Op::Lit(Sort::Real, rational(&weight))];
                        multiplier.extend(tree.iter().cloned());
                        multiplier.push(Op::Mul);
                        multiples.push((*h, multiplier));
                    }
                }
            },
        }
    }
    Ok(Some(Rc::new(Node::Rule(Box::new(Rule::Psatz {
        atoms: atoms.list.clone(),
        hypotheses,
        products,
        equalities: multiples,
    })))))
}

/// Largest number of candidates that products and squares may make.
const CANDIDATES: usize = 700;

/// Products of two facts, squares, facts times squares, and equations times atoms.
fn quadratic(
    atoms: &Atoms,
    hypotheses: &[Hypothesis],
    polys: &[Poly],
    candidates: &mut Vec<Candidate>,
    equalities: &mut Vec<(u32, Poly, Arith)>,
) {
    // Atoms as trees over Real.
    let trees: Vec<Arith> = (0u32..)
        .zip(&atoms.list)
        .map(|(n, (s, _))| match s {
            Sort::Real => vec![Op::Atom(*s, n)],
            Sort::Nat => vec![Op::Atom(*s, n), Op::NatToReal],
            Sort::Int => vec![Op::Atom(*s, n), Op::IntToReal],
        })
        .collect();
    let linear: Vec<u32> = (0u32..)
        .zip(hypotheses.iter().zip(polys))
        .filter(|(_, (h, _))| h.relation != Relation::Eq)
        .map(|(n, _)| n)
        .collect();
    let poly = |n: u32| usize::try_from(n).ok().and_then(|n| polys.get(n));
    let strict =
        |n: u32| usize::try_from(n).ok().and_then(|n| hypotheses.get(n)).is_some_and(|h| h.relation == Relation::Lt);
    for (k, a) in linear.iter().enumerate() {
        for b in linear.iter().skip(k) {
            if let (Some(p), Some(q)) = (poly(*a), poly(*b))
                && p.degree() + q.degree() <= 4
                && candidates.len() < CANDIDATES
            {
                candidates.push(Candidate {
                    poly: p.times(q),
                    strict: strict(*a) && strict(*b),
                    hypotheses: vec![*a, *b],
                    squares: Vec::new(),
                });
            }
        }
    }
    let mut squares: Vec<(Poly, Arith)> = Vec::new();
    for (n, t) in (0u32..).zip(&trees) {
        squares.push((Poly::atom(n), t.clone()));
        for (k, s) in (0u32..).zip(&trees).take_while(|(k, _)| *k < n) {
            let both: Arith = t.iter().chain(s).cloned().collect();
            let (minus, plus) = ([both.clone(), vec![Op::Sub]].concat(), [both, vec![Op::Add]].concat());
            squares.push((Poly::atom(n).minus(&Poly::atom(k)), minus));
            let mut sum = Poly::atom(n);
            sum.add_scaled(&Poly::atom(k), &BigRational::one());
            squares.push((sum, plus));
        }
    }
    for (p, t) in squares {
        let square = p.times(&p);
        for h in &linear {
            if let Some(q) = poly(*h)
                && q.degree() <= 1
                && candidates.len() < CANDIDATES
            {
                candidates.push(Candidate {
                    poly: square.times(q),
                    strict: false,
                    hypotheses: vec![*h],
                    squares: vec![t.clone()],
                });
            }
        }
        if candidates.len() < CANDIDATES {
            candidates.push(Candidate { poly: square, strict: false, hypotheses: Vec::new(), squares: vec![t] });
        }
    }
    let plain: Vec<(u32, Poly)> = equalities.iter().map(|(n, p, _)| (*n, p.clone())).collect();
    for (n, p) in plain {
        for (k, t) in (0u32..).zip(&trees) {
            if p.degree() <= 3 && equalities.len() < CANDIDATES {
                equalities.push((n, p.times(&Poly::atom(k)), t.clone()));
            }
        }
    }
}

fn integer(
    sort: Sort,
    atoms: &Atoms,
    hypotheses: Vec<Hypothesis>,
    polys: &[Poly],
    budget: &mut Budget,
) -> Result<Option<Term>, Reason> {
    let mut steps = Vec::new();
    // Facts as the rule numbers them: hypotheses, then what the steps add.
    let mut facts: Vec<(Poly, bool)> = hypotheses
        .iter()
        .zip(polys)
        .map(|(h, p)| {
            let p = if h.relation == Relation::Lt { p.minus(&Poly::constant(BigRational::one())) } else { p.clone() };
            (p, h.relation == Relation::Eq)
        })
        .collect();
    for (n, (s, _)) in (0u32..).zip(&atoms.list) {
        if *s == Sort::Nat {
            steps.push(Step::NatAtom(n));
            facts.push((Poly::atom(n), false));
        }
    }
    for n in 0..facts.len() {
        if let Some((p, d)) = facts.get(n).and_then(|(p, eq)| if *eq { None } else { cut(p) })
            && let Ok(index) = u32::try_from(n)
        {
            steps.push(Step::Cut(index, d.magnitude().clone()));
            facts.push((p, false));
        }
    }
    let columns: Vec<(&Poly, bool, bool)> = facts.iter().map(|(p, eq)| (p, false, *eq)).collect();
    let Some(weights) = combine(&columns, budget)? else { return Ok(None) };
    let scale = weights.iter().fold(BigInt::one(), |d, (a, b)| d.lcm((a - b).denom()));
    let terms: Vec<(u32, BigInt)> = (0u32..)
        .zip(weights.iter().skip(1))
        .map(|(n, (a, b))| (n, ((a - b) * BigRational::from_integer(scale.clone())).to_integer()))
        .filter(|(_, k)| !k.is_zero())
        .collect();
    steps.push(Step::Combine(Combination { terms }));
    Ok(Some(Rc::new(Node::Rule(Box::new(Rule::Lia { sort, atoms: atoms.list.clone(), hypotheses, steps })))))
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
