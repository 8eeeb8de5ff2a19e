//! The linear program over what is known on a part of a box. Its solution is a certificate for the kernel's rule about real numbers.

use crate::certificate::combine;
use crate::enclose::{rounded, whole};
use crate::relax::{Fact, Leaf, number, op};
use crate::sheet::Sheet;
use bfv_format::{Arith, Hypothesis, Node, Op, Product, Relation, Rule, Sort, Term};
use bfv_kernel::rational;
use bfv_search::poly::{Monomial, Poly, polynomial};
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// More products of bounds than this are not made for one monomial.
const PRODUCTS: usize = 36;
/// More columns than this are not made for one program.
const COLUMNS: usize = 400;
/// Multiples of one equation.
const MULTIPLES: usize = 12;

/// A nonnegative summand.
struct Column {
    poly: Poly,
    strict: bool,
    facts: Vec<usize>,
    squares: Vec<Arith>,
}

fn atom_tree(sort: Sort, n: u32) -> Arith {
    let mut out = vec![Op::Atom(sort, n)];
    match sort {
        Sort::Real => {}
        Sort::Nat => out.push(Op::NatToReal),
        Sort::Int => out.push(Op::IntToReal),
    }
    out
}

impl Leaf<'_, '_> {
    /// The program over the facts about some atoms, and over one more. Its solution is a term of type `Empty`, below the one more.
    pub fn certify(
        &mut self,
        more: Option<&Fact>,
        seeds: &[Poly],
        about: &BTreeSet<u32>,
        budget: &mut Budget,
    ) -> Result<Option<Term>, Reason> {
        let mut used: Vec<Fact> = Vec::new();
        let mut low: BTreeMap<u32, usize> = BTreeMap::new();
        let mut high: BTreeMap<u32, usize> = BTreeMap::new();
        for (n, f) in self.facts.iter().enumerate() {
            if f.poly.0.keys().flatten().all(|a| about.contains(a)) {
                // Of bounds of one atom by numbers only the best are of use.
                if let Some((a, lower, _)) = f.bound()
                    && f.relation != Relation::Eq
                {
                    let best = if lower { self.low.get(&a) } else { self.high.get(&a) };
                    if best.is_some_and(|(_, k)| *k != n) && (n >= self.given || more.is_some()) {
                        continue;
                    }
                    if best.is_some_and(|(_, k)| *k == n) {
                        (if lower { &mut low } else { &mut high }).insert(a, used.len());
                    }
                }
                used.push(f.clone());
            }
        }
        used.extend(more.cloned());
        let depth = self.depth + u32::from(more.is_some());
        let mut columns: Vec<Column> = Vec::new();
        let mut equations: Vec<(usize, Poly, Arith)> = Vec::new();
        let targets: BTreeSet<Monomial> = seeds.iter().flat_map(|p| p.0.keys().cloned()).collect();
        let mut wanted: BTreeSet<Monomial> = targets.clone();
        for (n, f) in used.iter().enumerate() {
            wanted.extend(f.poly.0.keys().cloned());
            if f.relation == Relation::Eq {
                for m in self.multipliers(f, &targets) {
                    let mut times = Poly::default();
                    times.add_term(m.clone(), BigRational::one());
                    let p = f.poly.times(&times);
                    wanted.extend(p.0.keys().cloned());
                    equations.push((n, p, self.monomial(&m)));
                }
            } else {
                columns.push(Column {
                    poly: f.poly.clone(),
                    strict: f.relation == Relation::Lt,
                    facts: vec![n],
                    squares: Vec::new(),
                });
            }
        }
        let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
        for m in wanted.iter().filter(|m| m.len() > 1) {
            for facts in choices(m, &low, &high) {
                if columns.len() >= COLUMNS || !seen.insert(facts.clone()) {
                    continue;
                }
                let mut poly = Poly::constant(BigRational::one());
                let mut strict = true;
                for f in facts.iter().filter_map(|n| used.get(*n)) {
                    poly = poly.times(&f.poly);
                    strict &= f.relation == Relation::Lt;
                }
                columns.push(Column { poly, strict, facts, squares: Vec::new() });
            }
            if let [a, b] = m.as_slice()
                && a == b
            {
                let middle = match (self.low.get(a), self.high.get(a)) {
                    (Some((l, _)), Some((h, _))) => rounded(&((l + h) / whole(2)), 8, false),
                    _ => whole(0),
                };
                for at in BTreeSet::from([whole(0), middle]) {
                    let tree = op(&self.monomial(&[*a]), &number(&at), Op::Sub);
                    if let Some(p) = polynomial(&tree) {
                        columns.push(Column {
                            poly: p.times(&p),
                            strict: false,
                            facts: Vec::new(),
                            squares: vec![tree],
                        });
                    }
                }
            }
        }
        budget.spend(u64::try_from(columns.len() / 8).unwrap_or(u64::MAX))?;
        let mut program: Vec<(&Poly, bool, bool)> = columns.iter().map(|c| (&c.poly, c.strict, false)).collect();
        program.extend(equations.iter().map(|(_, p, _)| (p, false, true)));
        let Ok(weights) = combine(&program, budget)? else { return Ok(None) };
        let mut rule = Certificate { facts: &used, order: Vec::new(), products: Vec::new(), equations: Vec::new() };
        for (n, (plus, minus)) in weights.iter().enumerate() {
            let weight = plus - minus;
            if weight.is_zero() {
                continue;
            }
            match n.checked_sub(1) {
                None => rule.products.push(Product {
                    coefficient: rational(&weight),
                    hypotheses: Vec::new(),
                    squares: Vec::new(),
                }),
                Some(k) => match columns.get(k) {
                    Some(c) => {
                        let hypotheses = c.facts.iter().map(|f| rule.place(*f)).collect();
                        rule.products.push(Product {
                            coefficient: rational(&weight),
                            hypotheses,
                            squares: c.squares.clone(),
                        });
                    }
                    None => {
                        if let Some((f, _, tree)) = equations.get(k - columns.len()) {
                            let place = rule.place(*f);
                            rule.equations.push((place, op(&number(&weight), tree, Op::Mul)));
                        }
                    }
                },
            }
        }
        Ok(Some(rule.term(self.sheet, depth)))
    }

    fn monomial(&self, m: &[u32]) -> Arith {
        let sort =
            |n: u32| usize::try_from(n).ok().and_then(|n| self.sheet.atoms.list.get(n)).map_or(Sort::Real, |(s, _)| *s);
        let mut out = number(&whole(1));
        for (k, a) in m.iter().enumerate() {
            let a = atom_tree(sort(*a), *a);
            out = if k == 0 { a } else { op(&out, &a, Op::Mul) };
        }
        out
    }

    /// By what an equation may be multiplied: what stands beside its function in the monomials that matter.
    fn multipliers(&self, f: &Fact, targets: &BTreeSet<Monomial>) -> Vec<Monomial> {
        let mut out = BTreeSet::from([Vec::new()]);
        let functions: BTreeSet<u32> =
            f.poly.0.keys().flatten().copied().filter(|a| self.sheet.function(*a).is_some()).collect();
        for m in targets {
            for a in m.iter().filter(|a| functions.contains(a)) {
                let mut rest = m.clone();
                if let Some(k) = rest.iter().position(|b| b == a) {
                    rest.remove(k);
                }
                for bits in 0u32..(1 << rest.len().min(4)) {
                    out.insert(
                        (0u32..).zip(&rest).filter(|(n, _)| *n < 4 && (bits >> n) & 1 == 1).map(|(_, a)| *a).collect(),
                    );
                }
            }
        }
        out.into_iter().take(MULTIPLES).collect()
    }
}

/// Products of bounds of the atoms of a monomial, each atom as often as it occurs there.
fn choices(m: &[u32], low: &BTreeMap<u32, usize>, high: &BTreeMap<u32, usize>) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new()];
    let mut rest = m;
    while let Some(a) = rest.first() {
        let n = rest.iter().take_while(|b| *b == a).count();
        rest = rest.get(n..).unwrap_or_default();
        let powers: Vec<Vec<usize>> = match (low.get(a), high.get(a)) {
            (Some(l), Some(h)) => (0..=n).map(|k| [vec![*l; k], vec![*h; n - k]].concat()).collect(),
            (Some(b), None) | (None, Some(b)) => vec![vec![*b; n]],
            (None, None) => return Vec::new(),
        };
        out = out.iter().flat_map(|p| powers.iter().map(move |q| [p.clone(), q.clone()].concat())).collect();
        if out.len() > PRODUCTS {
            return Vec::new();
        }
    }
    for p in &mut out {
        p.sort_unstable();
    }
    out
}

/// A certificate that is being written: facts and atoms in the order of their first use.
struct Certificate<'f> {
    facts: &'f [Fact],
    order: Vec<usize>,
    products: Vec<Product>,
    equations: Vec<(u32, Arith)>,
}

impl Certificate<'_> {
    fn place(&mut self, fact: usize) -> u32 {
        let n = self.order.iter().position(|f| *f == fact).unwrap_or_else(|| {
            self.order.push(fact);
            self.order.len() - 1
        });
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    fn term(mut self, sheet: &mut Sheet<'_>, depth: u32) -> Term {
        let mut names: Vec<u32> = Vec::new();
        let mut atoms = Vec::new();
        let mut renamed = |tree: &Arith, sheet: &mut Sheet<'_>| -> Arith {
            let mut out = Vec::new();
            for o in tree {
                out.push(match o {
                    Op::Atom(s, n) => {
                        let k = names.iter().position(|m| m == n).unwrap_or_else(|| {
                            names.push(*n);
                            atoms.push((*s, sheet.atom(*n, depth)));
                            names.len() - 1
                        });
                        Op::Atom(*s, u32::try_from(k).unwrap_or(u32::MAX))
                    }
                    other => other.clone(),
                });
            }
            out
        };
        let mut hypotheses = Vec::new();
        for f in self.order.iter().filter_map(|n| self.facts.get(*n)) {
            let proof = sheet.lower(&f.proof.term, f.proof.depth, depth);
            let (left, right) = (renamed(&f.left, sheet), renamed(&f.right, sheet));
            hypotheses.push(Hypothesis { relation: f.relation, left, right, proof });
        }
        for q in self.products.iter_mut().flat_map(|p| &mut p.squares) {
            *q = renamed(q, sheet);
        }
        for (_, m) in &mut self.equations {
            *m = renamed(m, sheet);
        }
        Rc::new(Node::Rule(Box::new(Rule::Psatz {
            atoms,
            hypotheses,
            products: self.products,
            equalities: self.equations,
        })))
    }
}
