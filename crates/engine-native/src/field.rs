//! Equations with inverses, roots and exponentials: what the library says of them, such as `a * inv a = 1`, is multiplied and
//! subtracted until nothing is left. Which multiples is found here; the kernel only multiplies out.

use crate::arith::Prover;
use crate::certificate::Fact;
use crate::matching::{Bindings, matches};
use crate::reify::{self, Atoms};
use bfv_format::{Node, Op, Prim, Relation, Sort, Term};
use bfv_kernel::{Ctx, Env, Res, V, Val, rational};
use bfv_search::poly::{Monomial, Poly, polynomial};
use bfv_search::shift::{head_constant, rename};
use bfv_search::{Budget, Lemma};
use num_rational::BigRational;
use num_traits::{One, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A theorem with this tag is an equation `a * b = c`, used for every number of the form b.
const RELATION: &str = "derive.relation";
/// The theorem with this tag takes a sum apart.
const SPLIT: &str = "derive.sum";
/// How many definitions may stand between a number and the sum that it is.
const NAMES: usize = 4;
/// So many numbers are looked at, and polynomials of so many terms are worked with.
const ROUNDS: usize = 32;
const TERMS: usize = 2_000;
/// Steps for one reason why a relation holds.
const CONDITION: u64 = 10_000;

/// A multiple of an equation: `factor * (left - right)`.
struct Multiple {
    factor: Poly,
    left: Term,
    right: Term,
    proof: Term,
}

/// What is left of a difference, and what was added to it.
struct Reduced {
    atoms: Atoms,
    rest: Poly,
    multiples: Vec<Multiple>,
}

impl Prover<'_> {
    /// Proves an equation of numbers.
    pub fn field(&self, ctx: &Ctx, ty: &V, budget: &mut Budget) -> Res<Option<Term>> {
        let Some((Sort::Real, x, y)) = reify::equation(self.m, ty)? else { return Ok(None) };
        let Some(step) = self.role("derive.step") else { return Ok(None) };
        let reduced = self.reduced(ctx, &x, &y, budget)?;
        if !reduced.rest.0.is_empty() {
            return Ok(None);
        }
        // From the last to the first: `a + factor * (left - right) = y` gives `a = y`.
        let mut side = self.m.quote(ctx, &x)?;
        let target = self.m.quote(ctx, &y)?;
        let mut steps = Vec::new();
        for m in &reduced.multiples {
            let factor = term(&m.factor, &reduced.atoms);
            let args = [m.left.clone(), m.right.clone(), factor.clone(), side.clone(), target.clone(), m.proof.clone()];
            steps.push(args.into_iter().fold(step.clone(), app));
            let difference = binary(Prim::RealSub, m.left.clone(), m.right.clone());
            side = binary(Prim::RealAdd, side, binary(Prim::RealMul, factor, difference));
        }
        let last = self.ring(ctx, Sort::Real, &self.m.eval(&ctx.env, &side), &y)?;
        Ok(last.map(|last| steps.into_iter().rev().fold(last, |proof, step| app(step, proof))))
    }

    /// Facts that make an equation linear in what is known to be positive: the multiples that remove inverses, and that what remains
    /// is made of positive products.
    pub fn field_facts(&self, ctx: &Ctx, x: &V, y: &V, out: &mut Vec<Fact>, budget: &mut Budget) -> Res<()> {
        let Some(multiple) = self.role("derive.multiple") else { return Ok(()) };
        let reduced = self.reduced(ctx, x, y, budget)?;
        for m in reduced.multiples {
            let factor = term(&m.factor, &reduced.atoms);
            let proof = [factor, m.left, m.right, m.proof].into_iter().fold(multiple.clone(), app);
            let Ok(ty) = self.m.infer(ctx, &proof) else { continue };
            let Some((sort, left, right)) = reify::equation(self.m, &ty)? else { continue };
            out.push(Fact { sort, relation: Relation::Eq, left, right, proof });
        }
        let zero = self.m.eval(&Env::default(), &literal(&BigRational::zero()));
        for monomial in reduced.rest.0.keys().filter(|m| !m.is_empty()) {
            let mut one = Poly::default();
            one.add_term(monomial.clone(), BigRational::one());
            let product = self.m.eval(&ctx.env, &term(&one, &reduced.atoms));
            let positive = self.less(Sort::Real, &zero, &product);
            let mut part = budget.part(CONDITION);
            if let Ok(proof) = self.search(ctx, &positive, &mut part)? {
                out.push(Fact { sort: Sort::Real, relation: Relation::Lt, left: zero.clone(), right: product, proof });
            }
            if budget.spend(part.used).is_err() {
                break;
            }
        }
        Ok(())
    }

    fn reduced(&self, ctx: &Ctx, x: &V, y: &V, budget: &mut Budget) -> Res<Reduced> {
        let mut atoms = Atoms::new(true);
        let mut out = Reduced {
            rest: self.read(ctx, &mut atoms, x)?.minus(&self.read(ctx, &mut atoms, y)?),
            atoms,
            multiples: Vec::new(),
        };
        let mut done = BTreeSet::new();
        for _ in 0..ROUNDS {
            // What is made of others comes before them.
            let present: BTreeSet<u32> = out.rest.0.keys().flatten().copied().filter(|n| !done.contains(n)).collect();
            let Some(atom) = present.into_iter().max_by_key(|n| (out.atoms.term(*n).map_or(0, size), *n)) else {
                break;
            };
            done.insert(atom);
            let Some((left, right, proof)) = self.relation(ctx, &out.atoms, atom, budget)? else { continue };
            let difference = self.read(ctx, &mut out.atoms, &left)?.minus(&self.read(ctx, &mut out.atoms, &right)?);
            let Some((factor, rest)) = eliminate(&out.rest, &difference, atom) else { continue };
            if rest.0.len() > TERMS {
                break;
            }
            out.rest = rest;
            let (left, right) = (self.m.quote(ctx, &left)?, self.m.quote(ctx, &right)?);
            out.multiples.push(Multiple { factor, left, right, proof });
        }
        Ok(out)
    }

    fn read(&self, ctx: &Ctx, atoms: &mut Atoms, v: &V) -> Res<Poly> {
        let mut tree: Vec<Op> = Vec::new();
        reify::tree(self.m, ctx, atoms, Sort::Real, v, &mut tree)?;
        Ok(polynomial(&tree).unwrap_or_default())
    }

    /// What is known of an atom: both sides of an equation, and its proof.
    fn relation(&self, ctx: &Ctx, atoms: &Atoms, atom: u32, budget: &mut Budget) -> Res<Option<(V, V, Term)>> {
        let Some(subject) = atoms.term(atom) else { return Ok(None) };
        if let Some(found) = self.sum_relation(ctx, subject)? {
            return Ok(Some(found));
        }
        for lemma in self.lemmas.iter().filter(|l| l.has(RELATION)) {
            if let Some(found) = self.relation_by(ctx, lemma, subject, budget)? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Takes a sum apart: one product of its terms, with what does not depend on the position before the sum, and the sum of the others.
    fn sum_relation(&self, ctx: &Ctx, subject: &Term) -> Res<Option<(V, V, Term)>> {
        let Some(split) = self.lemmas.iter().find(|l| l.has(SPLIT)) else { return Ok(None) };
        let Some(opened) = self.opened(split)?.first().map(|o| o.conclusion.clone()) else { return Ok(None) };
        let Node::Path(_, pattern, _) = &*opened else { return Ok(None) };
        let Some(subject) = self.as_sum(ctx, subject, head_constant(pattern))? else { return Ok(None) };
        let Node::App(sum, f) = &*subject else { return Ok(None) };
        let Node::App(_, length) = &**sum else { return Ok(None) };
        let Some(ty) = self.m.globals().const_type(split.id) else { return Ok(None) };
        let Val::Pi(_, rest) = &*self.m.whnf(&self.m.eval(&Env::default(), &ty))? else { return Ok(None) };
        let Val::Pi(function, _) = &*self.m.whnf(&self.m.inst(rest, self.m.eval(&ctx.env, length)))? else {
            return Ok(None);
        };
        let Val::Pi(position, _) = &*self.m.whnf(function)? else { return Ok(None) };
        let (inner, i) = self.m.bind(ctx, position.clone());
        let body = self.m.apply(&self.m.eval(&ctx.env, f), i);
        let mut atoms = Atoms::new(true);
        let poly = self.read(&inner, &mut atoms, &body)?;
        let lam = |t: Term| -> Term { Rc::new(Node::Lam(t)) };
        let same = |t: &Term| self.ring(&inner, Sort::Real, &body, &self.m.eval(&inner.env, t));
        // The order does not depend on where the atoms were met.
        let name = |n: &u32| format!("{:?}", atoms.term(*n));
        let inside = |m: &Monomial| {
            let mut out: Monomial =
                m.iter().copied().filter(|n| atoms.term(*n).is_some_and(|t| outside(t).is_none())).collect();
            out.sort_by_key(name);
            out
        };
        let first = poly.0.iter().min_by_key(|(m, _)| m.iter().map(name).collect::<Vec<_>>());
        let (lemma, args) = match first {
            None => {
                let Some(zero) = same(&literal(&BigRational::zero()))? else { return Ok(None) };
                let Some(nothing) = self.role("derive.nothing") else { return Ok(None) };
                (nothing, vec![length.clone(), f.clone(), lam(zero)])
            }
            Some((m, c)) => {
                let kept = inside(m);
                let factor =
                    Poly(BTreeMap::from([(m.iter().copied().filter(|n| !kept.contains(n)).collect(), c.clone())]));
                let rest = Poly(poly.0.iter().filter(|(n, _)| *n != m).map(|(n, c)| (n.clone(), c.clone())).collect());
                let one = Poly(BTreeMap::from([(kept, BigRational::one())]));
                let (g, h, factor) = (term(&one, &atoms), term(&rest, &atoms), term(&factor, &atoms));
                if lam(g.clone()) == *f {
                    return Ok(None);
                }
                let Some(before) = outside(&factor) else { return Ok(None) };
                let whole = binary(Prim::RealAdd, binary(Prim::RealMul, factor, g.clone()), h.clone());
                let Some(e) = same(&whole)? else { return Ok(None) };
                let split = Rc::new(Node::Const { id: split.id, shift: 0 });
                (split, vec![length.clone(), f.clone(), lam(g), lam(h), before, lam(e)])
            }
        };
        let proof = args.into_iter().fold(lemma, app);
        let Ok(ty) = self.m.infer(ctx, &proof) else { return Ok(None) };
        Ok(reify::equation(self.m, &ty)?.map(|(_, left, right)| (left, right, proof)))
    }

    /// A sum, behind definitions.
    fn as_sum(&self, ctx: &Ctx, subject: &Term, sum: Option<u32>) -> Res<Option<Term>> {
        let mut subject = subject.clone();
        for _ in 0..NAMES {
            let head = head_constant(&subject);
            if head.is_some() && head == sum {
                return Ok(Some(subject));
            }
            let Some(unfolded) = self.unfold_body(&subject) else { break };
            subject = self.m.quote(ctx, &self.m.eval(&ctx.env, &unfolded))?;
        }
        Ok(None)
    }

    fn relation_by(&self, ctx: &Ctx, lemma: &Lemma, subject: &Term, budget: &mut Budget) -> Res<Option<(V, V, Term)>> {
        let opened = self.opened(lemma)?;
        let Some(opened) = opened.first() else { return Ok(None) };
        let Node::Path(_, left, _) = &*opened.conclusion else { return Ok(None) };
        let Node::App(_, pattern) = &**left else { return Ok(None) };
        let mut bound = Bindings::new(opened.binders);
        if !matches(pattern, subject, &mut bound) {
            return Ok(None);
        }
        let mut part = budget.part(CONDITION);
        let found = self.premises(ctx, lemma, opened, bound, crate::lemmas::DEPTH, &mut part)?;
        if budget.spend(part.used).is_err() {
            return Ok(None);
        }
        let Some((proof, ty)) = found else { return Ok(None) };
        Ok(reify::equation(self.m, &ty)?.map(|(_, left, right)| (left, right, proof)))
    }
}

/// A polynomial without an atom, as far as an equation `difference = 0` allows: `p + factor * difference = rest`.
/// An equation whose highest power of the atom has a number as its factor divides; one that is linear in the atom with a number beside it
/// moves everything to the highest power.
fn eliminate(p: &Poly, difference: &Poly, atom: u32) -> Option<(Poly, Poly)> {
    let degree = |p: &Poly| p.0.keys().map(|m| power(m, atom)).max().unwrap_or(0);
    let top = degree(difference);
    let lead = number(&coefficient(difference, atom, top));
    let constant = number(&coefficient(difference, atom, 0));
    let (mut factor, mut rest) = (Poly::default(), p.clone());
    let mut add = |rest: &mut Poly, coefficient: &Poly, divisor: &BigRational, shift: usize| {
        let mut q = Poly::default();
        let mut shifted = Poly::default();
        shifted.add_term(vec![atom; shift], -divisor.recip());
        q.add_scaled(&coefficient.times(&shifted), &BigRational::one());
        rest.add_scaled(&q.times(difference), &BigRational::one());
        factor.add_scaled(&q, &BigRational::one());
    };
    match (top, lead, constant) {
        (0, ..) => return None,
        (_, Some(lead), _) => {
            while degree(&rest) >= top {
                let d = degree(&rest);
                let c = coefficient(&rest, atom, d);
                add(&mut rest, &c, &lead, d - top);
                if rest.0.len() > TERMS {
                    return None;
                }
            }
        }
        (1, None, Some(constant)) => {
            for d in 0..degree(p) {
                let c = coefficient(&rest, atom, d);
                add(&mut rest, &c, &constant, d);
                if rest.0.len() > TERMS {
                    return None;
                }
            }
        }
        _ => return None,
    }
    Some((factor, rest))
}

fn power(m: &Monomial, atom: u32) -> usize {
    m.iter().filter(|n| **n == atom).count()
}

/// What stands with a power of an atom.
fn coefficient(p: &Poly, atom: u32, d: usize) -> Poly {
    let mut out = Poly::default();
    for (m, c) in p.0.iter().filter(|(m, _)| power(m, atom) == d) {
        out.add_term(m.iter().copied().filter(|n| *n != atom).collect(), c.clone());
    }
    out
}

/// A constant polynomial that is not zero.
fn number(p: &Poly) -> Option<BigRational> {
    match p.0.iter().collect::<Vec<_>>()[..] {
        [(m, c)] if m.is_empty() => Some(c.clone()),
        _ => None,
    }
}

fn app(f: Term, a: Term) -> Term {
    Rc::new(Node::App(f, a))
}

fn binary(p: Prim, a: Term, b: Term) -> Term {
    app(app(Rc::new(Node::Prim(p)), a), b)
}

fn literal(q: &BigRational) -> Term {
    Rc::new(Node::RealLit(rational(q)))
}

/// A polynomial as a term.
fn term(p: &Poly, atoms: &Atoms) -> Term {
    let one = |n: &u32| {
        let Some((sort, t)) = usize::try_from(*n).ok().and_then(|n| atoms.list.get(n)) else {
            return literal(&BigRational::zero());
        };
        match sort {
            Sort::Real => t.clone(),
            Sort::Nat => app(Rc::new(Node::Prim(Prim::RealOfNat)), t.clone()),
            Sort::Int => app(Rc::new(Node::Prim(Prim::RealOfInt)), t.clone()),
        }
    };
    let mut out: Option<Term> = None;
    for (m, c) in &p.0 {
        let mut product = (!c.is_one() || m.is_empty()).then(|| literal(c));
        for n in m {
            product = Some(match product {
                Some(t) => binary(Prim::RealMul, t, one(n)),
                None => one(n),
            });
        }
        let product = product.unwrap_or_else(|| literal(c));
        out = Some(match out {
            Some(t) => binary(Prim::RealAdd, t, product),
            None => product,
        });
    }
    out.unwrap_or_else(|| literal(&BigRational::zero()))
}

/// A term outside of the innermost variable, when it does not depend on it.
fn outside(t: &Term) -> Option<Term> {
    rename(t, 0, 0, &mut |i| i.checked_sub(1), &mut Some)
}

/// How large a term is: what is part of another is smaller.
fn size(t: &Term) -> usize {
    match &**t {
        Node::App(f, a) | Node::Pair(f, a) => 1 + size(f) + size(a),
        Node::Lam(a) | Node::Fst(a) | Node::Snd(a) => 1 + size(a),
        Node::Con(_, _, ps, xs, _) => 1 + ps.iter().chain(xs).map(size).sum::<usize>(),
        _ => 1,
    }
}
