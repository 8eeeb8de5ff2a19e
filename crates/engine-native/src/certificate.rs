//! Search for certificates: from facts about numbers to a rule that derives falsehood.

use crate::integer::integer;
use crate::reify::{self, Atoms};
use crate::simplex::{Answer, feasible};
use crate::squares;
use bfv_format::{Arith, Hypothesis, Node, Op, Product, Relation, Rule, Sort, Term};
use bfv_kernel::{Ctx, Machine, Res, V, rational};
use bfv_search::poly::{Monomial, Poly, monomial_tree, polynomial};
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::cell::RefCell;
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
/// So many steps of the evaluator are one step of the search.
const READING: u64 = 16;

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

/// The facts of a search for a certificate: their sort, whether products are tried, the sorts of the atoms, and the facts.
type Program = (Sort, bool, Vec<Sort>, Vec<(Relation, Poly)>);

/// Programs that gave no certificate, with the steps they may have again in vain: all, when they were searched to the end.
/// The same facts come back at every depth of a search.
#[derive(Default)]
pub struct Fruitless(RefCell<BTreeMap<Program, u64>>);

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
    fruitless: &Fruitless,
    budget: &mut Budget,
) -> Res<Result<Option<Term>, Reason>> {
    let start = m.steps();
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
    // Reading facts about long vectors is most of the work.
    if let Err(reason) = budget.spend(m.steps().saturating_sub(start) / READING) {
        return Ok(Err(reason));
    }
    let polys: Option<Vec<Poly>> =
        hypotheses.iter().map(|h| Some(polynomial(&h.right)?.minus(&polynomial(&h.left)?))).collect();
    let Some(polys) = polys else { return Ok(Ok(None)) };
    // Over linear facts linear combinations are complete: products and squares can add nothing.
    let far = sort == Sort::Real
        && manner.power >= Power::Quadratic
        && atoms.list.len() <= QUADRATIC_ATOMS
        && polys.iter().any(|p| p.degree() > 1);
    let sorts: Vec<Sort> = atoms.list.iter().map(|(s, _)| *s).collect();
    let program = (sort, far, sorts, hypotheses.iter().map(|h| h.relation).zip(polys.iter().cloned()).collect());
    let before = budget.left;
    match fruitless.0.borrow().get(&program) {
        Some(&u64::MAX) => return Ok(Ok(None)),
        Some(spent) if *spent >= before => return Ok(Err(Reason::Budget)),
        _ => {}
    }
    let found = match sort {
        Sort::Real => real(&atoms, hypotheses, &polys, far, budget),
        Sort::Nat | Sort::Int => {
            let sorts = &program.2;
            integer(sort, sorts, hypotheses, &polys, budget).map(|found| {
                found.map(|(hypotheses, steps)| -> Term {
                    Rc::new(Node::Rule(Box::new(Rule::Lia { sort, atoms: atoms.list, hypotheses, steps })))
                })
            })
        }
    };
    match found {
        Ok(None) => drop(fruitless.0.borrow_mut().insert(program, u64::MAX)),
        Err(_) => drop(fruitless.0.borrow_mut().insert(program, before)),
        Ok(Some(_)) => {}
    }
    Ok(found)
}

/// Weights of the fact `1 > 0` and of every column, as positive and negative parts.
pub type Weights = Vec<(BigRational, BigRational)>;
/// A value for every monomial under which no column is an obstacle: why there are no weights.
pub type Functional = BTreeMap<Monomial, BigRational>;

/// The system whose solution is a certificate: for every monomial the coefficients add up to zero, and the strict parts to one.
/// A column is a polynomial, whether it is strict, and whether its weight may have any sign.
///
/// # Errors
/// `Reason::Budget` when the steps end first; the inner error is why there is no certificate.
pub fn combine(columns: &[(&Poly, bool, bool)], budget: &mut Budget) -> Result<Result<Weights, Functional>, Reason> {
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
    let x = match feasible(total + 1, &system, &b, budget)? {
        Answer::Point(x) => x,
        Answer::Separating(y) => {
            let value = |n: usize| y.get(n).cloned().unwrap_or_else(BigRational::zero);
            return Ok(Err(rows.into_iter().map(|(m, n)| (m.to_vec(), value(n))).collect()));
        }
    };
    let at = |n: usize| x.get(n).cloned().unwrap_or_else(BigRational::zero);
    // Pairs: the weight of 1 > 0 first, then (positive part, negative part) for every column.
    let mut out = vec![(at(0), BigRational::zero())];
    out.extend((0..columns.len()).map(|n| (at(2 * n + 2), at(2 * n + 1))));
    Ok(Ok(out))
}

fn real(
    atoms: &Atoms,
    hypotheses: Vec<Hypothesis>,
    polys: &[Poly],
    far: bool,
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
    let trees = atom_trees(atoms);
    if far {
        quadratic(&trees, &hypotheses, polys, &mut candidates, &mut equalities);
    }
    budget.spend(u64::try_from(candidates.len()).unwrap_or(u64::MAX))?;
    let basis = if far { squares::basis(trees.len(), polys) } else { Vec::new() };
    let mut rounds = 0;
    let weights = loop {
        let mut columns: Vec<(&Poly, bool, bool)> = candidates.iter().map(|c| (&c.poly, c.strict, false)).collect();
        columns.extend(equalities.iter().map(|(_, p, _)| (p, false, true)));
        match combine(&columns, budget)? {
            Ok(weights) => break weights,
            Err(functional) => {
                // Squares that the values of the monomials make negative are what is missing.
                let found = if rounds < SQUARE_ROUNDS { squares::missing(&functional, &basis) } else { Vec::new() };
                let before = candidates.len();
                for q in found {
                    if let Some(tree) = poly_tree(&q, &trees)
                        && !candidates.iter().any(|c| c.hypotheses.is_empty() && c.squares.first() == Some(&tree))
                    {
                        candidates.push(Candidate {
                            poly: q.times(&q),
                            strict: false,
                            hypotheses: Vec::new(),
                            squares: vec![tree],
                        });
                    }
                }
                if candidates.len() == before {
                    return Ok(None);
                }
                rounds += 1;
            }
        }
    };
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
/// How often squares are looked for that the menu lacks.
const SQUARE_ROUNDS: u32 = 10;
/// With more inequalities than this, products of three are not tried.
const TRIPLES: usize = 7;
/// Largest degree of a product.
const DEGREE: usize = 4;

/// Atoms as trees over Real.
fn atom_trees(atoms: &Atoms) -> Vec<Arith> {
    (0u32..)
        .zip(&atoms.list)
        .map(|(n, (s, _))| match s {
            Sort::Real => vec![Op::Atom(*s, n)],
            Sort::Nat => vec![Op::Atom(*s, n), Op::NatToReal],
            Sort::Int => vec![Op::Atom(*s, n), Op::IntToReal],
        })
        .collect()
}

/// A polynomial as a tree over Real; `None` for zero.
fn poly_tree(p: &Poly, trees: &[Arith]) -> Option<Arith> {
    let mut out: Arith = Vec::new();
    for (m, c) in &p.0 {
        let first = out.is_empty();
        out.push(Op::Lit(Sort::Real, rational(c)));
        out.extend(monomial_tree(m, trees)?);
        out.push(Op::Mul);
        if !first {
            out.push(Op::Add);
        }
    }
    (!out.is_empty()).then_some(out)
}

/// Products of facts, squares, facts times squares, and equations times monomials.
fn quadratic(
    trees: &[Arith],
    hypotheses: &[Hypothesis],
    polys: &[Poly],
    candidates: &mut Vec<Candidate>,
    equalities: &mut Vec<(u32, Poly, Arith)>,
) {
    let linear: Vec<(u32, &Poly, bool)> = (0u32..)
        .zip(hypotheses.iter().zip(polys))
        .filter(|(_, (h, _))| h.relation != Relation::Eq)
        .map(|(n, (h, p))| (n, p, h.relation == Relation::Lt))
        .collect();
    let mut add = |poly: Poly, strict: bool, hypotheses: Vec<u32>, squares: Vec<Arith>| {
        if candidates.len() < CANDIDATES {
            candidates.push(Candidate { poly, strict, hypotheses, squares });
        }
    };
    for (k, (a, p, s)) in linear.iter().enumerate() {
        for (l, (b, q, t)) in linear.iter().enumerate().skip(k) {
            if p.degree() + q.degree() > DEGREE {
                continue;
            }
            let product = p.times(q);
            if linear.len() <= TRIPLES {
                for (c, r, u) in linear.iter().skip(l) {
                    if product.degree() + r.degree() <= DEGREE {
                        add(product.times(r), *s && *t && *u, vec![*a, *b, *c], Vec::new());
                    }
                }
            }
            add(product, *s && *t, vec![*a, *b], Vec::new());
        }
    }
    let single: Vec<Poly> = (0u32..).zip(trees).map(|(n, _)| Poly::atom(n)).collect();
    let mut menu: Vec<Poly> = Vec::new();
    for (n, x) in single.iter().enumerate() {
        menu.push(x.clone());
        for y in single.iter().take(n) {
            let mut sum = x.clone();
            sum.add_scaled(y, &BigRational::one());
            menu.extend([x.minus(y), sum]);
        }
    }
    for q in &menu {
        let Some(tree) = poly_tree(q, trees) else { continue };
        let square = q.times(q);
        for (h, p, _) in linear.iter().filter(|(_, p, _)| p.degree() <= 1) {
            add(square.times(p), false, vec![*h], vec![tree.clone()]);
        }
        add(square, false, Vec::new(), vec![tree]);
    }
    for q in squares::fitting(polys) {
        if !menu.contains(&q)
            && let Some(tree) = poly_tree(&q, trees)
        {
            add(q.times(&q), false, Vec::new(), vec![tree]);
        }
    }
    let plain: Vec<(u32, Poly)> = equalities.iter().map(|(n, p, _)| (*n, p.clone())).collect();
    for (n, p) in plain {
        for (k, x) in single.iter().enumerate() {
            for y in std::iter::once(&Poly::constant(BigRational::one())).chain(single.iter().take(k + 1)) {
                let m = x.times(y);
                if p.degree() + m.degree() <= DEGREE
                    && equalities.len() < CANDIDATES
                    && let Some(tree) = poly_tree(&m, trees)
                {
                    equalities.push((n, p.times(&m), tree));
                }
            }
        }
    }
}
