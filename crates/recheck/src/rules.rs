//! Certificate rules (KERNEL.md section 6).

use crate::closure::{Clo, Closure, Env};
use crate::compute::fraction;
use crate::machine::Machine;
use crate::poly::Poly;
use crate::scene::{base, call, closed};
use crate::{Res, refuse};
use bfv_format::{Hypothesis, Node, Op, Prim, Product, Rational, Relation, Rule, Sort, Step, Term};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::rc::Rc;

fn ill<T>(what: &str) -> Res<T> {
    refuse("ill-formed arithmetic tree", what)
}

/// A number of a certificate, which must be in lowest terms.
fn exact(q: &Rational) -> Res<BigRational> {
    let den = BigInt::from(q.den.clone());
    if den.is_zero() || !q.num.gcd(&den).is_one() {
        return refuse("rational not in lowest terms", "a number of a certificate is not in lowest terms");
    }
    fraction(q)
}

/// Nat, Int and Real operations in the order of their sorts.
fn of_sort(s: Sort, ops: [Prim; 3]) -> Prim {
    match s {
        Sort::Nat => ops[0],
        Sort::Int => ops[1],
        Sort::Real => ops[2],
    }
}

fn carrier(s: Sort) -> Prim {
    of_sort(s, [Prim::Nat, Prim::Int, Prim::Real])
}

/// What a tree denotes: its sort, its polynomial and its closure, computed together.
struct Denoted {
    sort: Sort,
    poly: Poly,
    term: Clo,
}

fn denote(sorts: &[Sort], atoms: &[Clo], tree: &[Op]) -> Res<Denoted> {
    let mut stack: Vec<Denoted> = Vec::new();
    for op in tree {
        let next = match op {
            Op::Atom(sort, n) => {
                let k = usize::try_from(*n).unwrap_or(usize::MAX);
                match (sorts.get(k), atoms.get(k)) {
                    (Some(s), Some(a)) if s == sort => Denoted { sort: *sort, poly: Poly::atom(*n), term: a.clone() },
                    _ => return ill("an atom is not there, or has another sort"),
                }
            }
            Op::Lit(sort, q) => {
                let value = exact(q)?;
                let literal = match sort {
                    Sort::Real => Node::RealLit(q.clone()),
                    _ if !value.is_integer() => return ill("a whole number is needed"),
                    Sort::Int => Node::IntLit(q.num.clone()),
                    Sort::Nat if q.num.sign() == Sign::Minus => return ill("a natural number is needed"),
                    Sort::Nat => Node::NatLit(q.num.magnitude().clone()),
                };
                Denoted { sort: *sort, poly: Poly::constant(value), term: closed(literal) }
            }
            Op::Add | Op::Sub | Op::Mul => {
                let (Some(b), Some(a)) = (stack.pop(), stack.pop()) else { return ill("an operand is missing") };
                let one = BigRational::one();
                let (poly, ops) = match op {
                    Op::Add => (a.poly.plus(&one, &b.poly)?, [Prim::NatAdd, Prim::IntAdd, Prim::RealAdd]),
                    Op::Mul => (a.poly.times(&b.poly)?, [Prim::NatMul, Prim::IntMul, Prim::RealMul]),
                    _ if a.sort == Sort::Nat => return ill("natural numbers are not subtracted"),
                    _ => (a.poly.plus(&-one, &b.poly)?, [Prim::NatSub, Prim::IntSub, Prim::RealSub]),
                };
                if a.sort != b.sort {
                    return ill("two sorts meet");
                }
                Denoted { sort: a.sort, poly, term: call(of_sort(a.sort, ops), &[a.term, b.term]) }
            }
            Op::NatToInt | Op::NatToReal | Op::IntToReal => {
                let (from, to, p) = match op {
                    Op::NatToInt => (Sort::Nat, Sort::Int, Prim::IntPos),
                    Op::NatToReal => (Sort::Nat, Sort::Real, Prim::RealOfNat),
                    _ => (Sort::Int, Sort::Real, Prim::RealOfInt),
                };
                match stack.pop() {
                    Some(a) if a.sort == from => Denoted { sort: to, poly: a.poly, term: call(p, &[a.term]) },
                    _ => return ill("something else is embedded"),
                }
            }
        };
        stack.push(next);
    }
    match (stack.pop(), stack.is_empty()) {
        (Some(d), true) => Ok(d),
        _ => ill("the tree is not balanced"),
    }
}

/// A hypothesis read: relation, right minus left, and the statement that its proof must have.
struct Read {
    relation: Relation,
    poly: Poly,
    statement: Clo,
}

fn path(ty: Prim, a: Clo, b: Clo) -> Clo {
    let env = Env::empty(0).push(a).push(b);
    let var = |k| Rc::new(Node::Var(k));
    Rc::new(Closure::Term(Rc::new(Node::Path(Rc::new(Node::Prim(ty)), var(1), var(0))), env))
}

fn less(s: Sort, a: Clo, b: Clo) -> Clo {
    let ltb = of_sort(s, [Prim::NatLtb, Prim::IntLtb, Prim::RealLtb]);
    path(Prim::Bool, call(ltb, &[a, b]), base(Prim::True))
}

fn read(sorts: &[Sort], atoms: &[Clo], h: &Hypothesis, sort: Sort) -> Res<Read> {
    let (a, b) = (denote(sorts, atoms, &h.left)?, denote(sorts, atoms, &h.right)?);
    if a.sort != sort || b.sort != sort {
        return ill("a side of a hypothesis has another sort than the rule");
    }
    let poly = b.poly.plus(&-BigRational::one(), &a.poly)?;
    let statement = match h.relation {
        Relation::Lt => less(sort, a.term, b.term),
        Relation::Le => {
            let env = Env::empty(0).push(less(sort, b.term, a.term));
            let not = Node::Pi(Rc::new(Node::Var(0)), Rc::new(Node::Prim(Prim::Empty)));
            Rc::new(Closure::Term(Rc::new(not), env))
        }
        Relation::Eq => path(carrier(sort), a.term, b.term),
    };
    Ok(Read { relation: h.relation, poly, statement })
}

fn the<T>(list: &[T], n: u32) -> Res<&T> {
    match usize::try_from(n).ok().and_then(|n| list.get(n)) {
        Some(x) => Ok(x),
        None => ill("a certificate names something that is not there"),
    }
}

fn contradiction(found: bool) -> Res<()> {
    if found { Ok(()) } else { refuse("certificate does not sum to a contradiction", "the total is no contradiction") }
}

fn psatz(
    sorts: &[Sort],
    atoms: &[Clo],
    facts: &[Read],
    products: &[Product],
    equalities: &[(u32, Vec<Op>)],
) -> Res<()> {
    let one = BigRational::one();
    let real = |tree: &[Op]| -> Res<Poly> {
        let d = denote(sorts, atoms, tree)?;
        if d.sort == Sort::Real { Ok(d.poly) } else { ill("a multiplier is not over Real") }
    };
    let (mut total, mut some_strict) = (Poly::zero(), false);
    for p in products {
        let coefficient = exact(&p.coefficient)?;
        if !coefficient.is_positive() {
            return refuse("negative multiplier", "a coefficient is not positive");
        }
        let (mut product, mut strict) = (Poly::constant(coefficient), true);
        for n in &p.hypotheses {
            let fact = the(facts, *n)?;
            if fact.relation == Relation::Eq {
                return refuse("negative multiplier", "an equality stands in a product");
            }
            strict &= fact.relation == Relation::Lt;
            product = product.times(&fact.poly)?;
        }
        for q in &p.squares {
            let q = real(q)?;
            strict = false;
            product = product.times(&q)?.times(&q)?;
        }
        some_strict |= strict;
        total = total.plus(&one, &product)?;
    }
    for (n, tree) in equalities {
        let fact = the(facts, *n)?;
        if fact.relation != Relation::Eq {
            return refuse("negative multiplier", "a free multiplier stands on an inequality");
        }
        total = total.plus(&one, &fact.poly.times(&real(tree)?)?)?;
    }
    contradiction(total.value().is_some_and(|c| c.is_negative() || (c.is_zero() && some_strict)))
}

fn lia(sorts: &[Sort], facts: Vec<Read>, steps: &[Step]) -> Res<()> {
    let one = BigRational::one();
    let mut known: Vec<(Poly, bool)> = Vec::new();
    for f in facts {
        let strict = f.relation == Relation::Lt;
        let poly = if strict { f.poly.plus(&-one.clone(), &Poly::constant(one.clone()))? } else { f.poly };
        known.push((poly, f.relation == Relation::Eq));
    }
    for step in steps {
        let next = match step {
            Step::Combine(c) => {
                let (mut sum, mut equality) = (Poly::zero(), true);
                for (n, k) in &c.terms {
                    let (p, eq) = the(&known, *n)?;
                    if k.is_negative() && !eq {
                        return refuse("negative multiplier", "an inequality is multiplied by a negative number");
                    }
                    equality &= eq;
                    sum = sum.plus(&BigRational::from_integer(k.clone()), p)?;
                }
                (sum, equality)
            }
            Step::Cut(n, d) => {
                let (p, eq) = the(&known, *n)?;
                let d = BigRational::from_integer(BigInt::from(d.clone()));
                match if *eq || d.is_zero() { None } else { p.cut(&d) } {
                    Some(q) => (q, false),
                    None => return refuse("cut does not divide", "a cut does not apply"),
                }
            }
            Step::NatAtom(n) => match the(sorts, *n)? {
                Sort::Nat => (Poly::atom(*n), false),
                _ => return ill("only natural atoms are nonnegative"),
            },
        };
        known.push(next);
    }
    contradiction(
        known.last().is_some_and(|(p, eq)| p.value().is_some_and(|c| if *eq { !c.is_zero() } else { c.is_negative() })),
    )
}

impl Machine<'_> {
    fn reads(&self, env: &Env, r: &Rule) -> Res<(Vec<Sort>, Vec<Clo>, Vec<Read>)> {
        let (atoms, hypotheses) = crate::trust::parts(r);
        let sorts: Vec<Sort> = atoms.iter().map(|(s, _)| *s).collect();
        let terms: Vec<Clo> =
            atoms.iter().map(|(_, t): &(Sort, Term)| Rc::new(Closure::Term(t.clone(), env.clone()))).collect();
        let sort = match r {
            Rule::Lia { sort: Sort::Real, .. } => return ill("integer reasoning over Real"),
            Rule::Ring { sort, .. } | Rule::Lia { sort, .. } => *sort,
            Rule::Psatz { .. } => Sort::Real,
        };
        let facts = hypotheses.iter().map(|h| read(&sorts, &terms, h, sort)).collect::<Res<_>>()?;
        Ok((sorts, terms, facts))
    }

    pub(crate) fn check_rule(&self, env: &Env, r: &Rule) -> Res<()> {
        let (atoms, hypotheses) = crate::trust::parts(r);
        let (sorts, terms, facts) = self.reads(env, r)?;
        for (s, t) in atoms {
            self.check(env, t, &base(carrier(*s)))?;
        }
        for (h, f) in hypotheses.iter().zip(&facts) {
            self.check(env, &h.proof, &f.statement)?;
        }
        match r {
            Rule::Ring { sort, left, right, .. } => {
                let (a, b) = (denote(&sorts, &terms, left)?, denote(&sorts, &terms, right)?);
                if a.sort != *sort || b.sort != *sort {
                    return ill("a side has another sort than the rule");
                }
                if a.poly == b.poly {
                    Ok(())
                } else {
                    refuse("sides are different polynomials", "the two sides differ")
                }
            }
            Rule::Psatz { products, equalities, .. } => psatz(&sorts, &terms, &facts, products, equalities),
            Rule::Lia { steps, .. } => lia(&sorts, facts, steps),
        }
    }

    /// The types of atoms and proofs.
    pub(crate) fn part_types(&self, env: &Env, r: &Rule) -> Res<Vec<Clo>> {
        let (sorts, _, facts) = self.reads(env, r)?;
        Ok(sorts.into_iter().map(|s| base(carrier(s))).chain(facts.into_iter().map(|f| f.statement)).collect())
    }

    pub(crate) fn rule_type(&self, env: &Env, r: &Rule) -> Res<Clo> {
        match r {
            Rule::Ring { sort, left, right, .. } => {
                let (sorts, terms, _) = self.reads(env, r)?;
                let (a, b) = (denote(&sorts, &terms, left)?, denote(&sorts, &terms, right)?);
                Ok(path(carrier(*sort), a.term, b.term))
            }
            _ => Ok(base(Prim::Empty)),
        }
    }
}
