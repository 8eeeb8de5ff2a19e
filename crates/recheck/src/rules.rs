//! Certificate rules (KERNEL.md section 6).

use crate::closure::{Clo, Closure, Env};
use crate::compute::fraction;
use crate::machine::Machine;
use crate::poly::{Poly, Work};
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
fn exact(work: &mut Work, q: &Rational) -> Res<BigRational> {
    let den = BigInt::from(q.den.clone());
    work.numbers(&BigRational::new_raw(q.num.clone(), den.clone()), None)?;
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

/// The literal of a sort that a number is.
fn literal(sort: Sort, q: &Rational) -> Res<Node> {
    let whole = q.den.is_one();
    Ok(match sort {
        Sort::Real => Node::RealLit(q.clone()),
        _ if !whole => return ill("a whole number is needed"),
        Sort::Int => Node::IntLit(q.num.clone()),
        Sort::Nat if q.num.sign() == Sign::Minus => return ill("a natural number is needed"),
        Sort::Nat => Node::NatLit(q.num.magnitude().clone()),
    })
}

/// Reads a tree in postfix order; `f` gives the meaning of an instruction of a sort at the meanings of its operands.
fn fold<T>(sorts: &[Sort], tree: &[Op], mut f: impl FnMut(&Op, Sort, Vec<T>) -> Res<T>) -> Res<(Sort, T)> {
    let mut stack: Vec<(Sort, T)> = Vec::new();
    for op in tree {
        let (sort, args) = match op {
            Op::Atom(s, n) if usize::try_from(*n).is_ok_and(|k| sorts.get(k) == Some(s)) => (*s, vec![]),
            Op::Atom(..) => return ill("an atom is not there, or has another sort"),
            Op::Lit(s, _) => (*s, vec![]),
            Op::Add | Op::Sub | Op::Mul => match (stack.pop(), stack.pop()) {
                (Some((Sort::Nat, _)), Some(_)) if *op == Op::Sub => return ill("natural numbers are not subtracted"),
                (Some((t, b)), Some((s, a))) if s == t => (s, vec![a, b]),
                (Some(_), Some(_)) => return ill("two sorts meet"),
                _ => return ill("an operand is missing"),
            },
            Op::NatToInt | Op::NatToReal | Op::IntToReal => {
                let from = if *op == Op::IntToReal { Sort::Int } else { Sort::Nat };
                let to = if *op == Op::NatToInt { Sort::Int } else { Sort::Real };
                match stack.pop() {
                    Some((s, a)) if s == from => (to, vec![a]),
                    _ => return ill("something else is embedded"),
                }
            }
        };
        stack.push((sort, f(op, sort, args)?));
    }
    match (stack.pop(), stack.is_empty()) {
        (Some(top), true) => Ok(top),
        _ => ill("the tree is not balanced"),
    }
}

/// The closure that a tree denotes.
fn term(sorts: &[Sort], atoms: &[Clo], tree: &[Op]) -> Res<(Sort, Clo)> {
    fold(sorts, tree, |op, sort, args| {
        let of = |ops| Ok(call(of_sort(sort, ops), &args));
        match op {
            Op::Atom(_, n) => the(atoms, *n).cloned(),
            Op::Lit(_, q) => Ok(closed(literal(sort, q)?)),
            Op::Add => of([Prim::NatAdd, Prim::IntAdd, Prim::RealAdd]),
            Op::Sub => of([Prim::NatSub, Prim::IntSub, Prim::RealSub]),
            Op::Mul => of([Prim::NatMul, Prim::IntMul, Prim::RealMul]),
            Op::NatToInt => Ok(call(Prim::IntPos, &args)),
            Op::NatToReal => Ok(call(Prim::RealOfNat, &args)),
            Op::IntToReal => Ok(call(Prim::RealOfInt, &args)),
        }
    })
}

/// The polynomial of a tree.
fn polynomial(work: &mut Work, sorts: &[Sort], tree: &[Op], sort: Sort) -> Res<Poly> {
    let (s, p) = fold(sorts, tree, |op, sort, mut args| {
        work.units(1)?;
        let (last, first) = (args.pop(), args.pop());
        match (op, first, last) {
            (Op::Lit(_, q), ..) => {
                let value = exact(work, q)?;
                literal(sort, q)?;
                Ok(Poly::constant(value))
            }
            (Op::Atom(_, n), ..) => Ok(Poly::atom(*n)),
            (Op::Add, Some(a), Some(b)) => a.plus(work, &BigRational::one(), &b),
            (Op::Sub, Some(a), Some(b)) => a.plus(work, &-BigRational::one(), &b),
            (Op::Mul, Some(a), Some(b)) => a.times(work, &b),
            (_, None, Some(a)) => Ok(a),
            _ => ill("an operand is missing"),
        }
    })?;
    if s == sort { Ok(p) } else { ill("a tree has another sort than the rule needs") }
}

/// A hypothesis as a number: its relation, and right minus left.
struct Fact {
    relation: Relation,
    poly: Poly,
}

/// The statement that the proof of a hypothesis must have.
fn statement(sorts: &[Sort], atoms: &[Clo], h: &Hypothesis, sort: Sort) -> Res<Clo> {
    let ((s, a), (t, b)) = (term(sorts, atoms, &h.left)?, term(sorts, atoms, &h.right)?);
    if s != sort || t != sort {
        return ill("a side of a hypothesis has another sort than the rule");
    }
    Ok(match h.relation {
        Relation::Lt => less(sort, a, b),
        Relation::Le => {
            let env = Env::empty(0).push(less(sort, b, a));
            let not = Node::Pi(Rc::new(Node::Var(0)), Rc::new(Node::Prim(Prim::Empty)));
            Rc::new(Closure::Term(Rc::new(not), env))
        }
        Relation::Eq => path(carrier(sort), a, b),
    })
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
    work: &mut Work,
    sorts: &[Sort],
    facts: &[Fact],
    products: &[Product],
    equalities: &[(u32, Vec<Op>)],
) -> Res<()> {
    let one = BigRational::one();
    let (mut total, mut some_strict) = (Poly::zero(), false);
    for p in products {
        work.units(1)?;
        let coefficient = exact(work, &p.coefficient)?;
        if !coefficient.is_positive() {
            return refuse("negative multiplier", "a coefficient is not positive");
        }
        let (mut product, mut strict) = (Poly::constant(coefficient), true);
        for n in &p.hypotheses {
            work.units(1)?;
            let fact = the(facts, *n)?;
            if fact.relation == Relation::Eq {
                return refuse("negative multiplier", "an equality stands in a product");
            }
            strict &= fact.relation == Relation::Lt;
            product = product.times(work, &fact.poly)?;
        }
        for q in &p.squares {
            work.units(1)?;
            let q = polynomial(work, sorts, q, Sort::Real)?;
            strict = false;
            let square = q.times(work, &q)?;
            product = product.times(work, &square)?;
        }
        some_strict |= strict;
        total = total.plus(work, &one, &product)?;
    }
    for (n, tree) in equalities {
        work.units(1)?;
        let fact = the(facts, *n)?;
        if fact.relation != Relation::Eq {
            return refuse("negative multiplier", "a free multiplier stands on an inequality");
        }
        let multiplier = polynomial(work, sorts, tree, Sort::Real)?;
        let multiple = fact.poly.times(work, &multiplier)?;
        total = total.plus(work, &one, &multiple)?;
    }
    contradiction(total.value().is_some_and(|c| c.is_negative() || (c.is_zero() && some_strict)))
}

fn lia(work: &mut Work, sorts: &[Sort], facts: Vec<Fact>, steps: &[Step]) -> Res<()> {
    let mut known: Vec<(Poly, bool)> = Vec::new();
    for f in facts {
        known.push((f.poly, f.relation == Relation::Eq));
    }
    for step in steps {
        work.units(1)?;
        let next = match step {
            Step::Combine(c) => {
                let (mut sum, mut equality) = (Poly::zero(), true);
                for (n, k) in &c.terms {
                    work.units(1)?;
                    let (p, eq) = the(&known, *n)?;
                    if k.is_negative() && !eq {
                        return refuse("negative multiplier", "an inequality is multiplied by a negative number");
                    }
                    equality &= eq;
                    sum = sum.plus(work, &BigRational::from_integer(k.clone()), p)?;
                }
                (sum, equality)
            }
            Step::Cut(n, d) => {
                let (p, eq) = the(&known, *n)?;
                let d = BigRational::from_integer(BigInt::from(d.clone()));
                match if *eq || d.is_zero() { None } else { p.cut(work, &d)? } {
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

/// The numeric half of a rule, which does not look at terms; gives the work that it was.
fn numbers(r: &Rule) -> Res<u64> {
    let mut work = Work(0);
    let (atoms, hypotheses) = crate::trust::parts(r);
    let sorts: Vec<Sort> = atoms.iter().map(|(s, _)| *s).collect();
    let sort = rule_sort(r)?;
    let mut facts = Vec::new();
    for h in hypotheses {
        let (a, b) = (polynomial(&mut work, &sorts, &h.left, sort)?, polynomial(&mut work, &sorts, &h.right, sort)?);
        let minus = -BigRational::one();
        let mut poly = b.plus(&mut work, &minus, &a)?;
        if matches!(r, Rule::Lia { .. }) && h.relation == Relation::Lt {
            poly = poly.plus(&mut work, &minus, &Poly::constant(BigRational::one()))?;
        }
        facts.push(Fact { relation: h.relation, poly });
    }
    match r {
        Rule::Ring { sort, left, right, .. } => {
            let (a, b) = (polynomial(&mut work, &sorts, left, *sort)?, polynomial(&mut work, &sorts, right, *sort)?);
            if a != b {
                return refuse("sides are different polynomials", "the two sides differ");
            }
        }
        Rule::Psatz { products, equalities, .. } => psatz(&mut work, &sorts, &facts, products, equalities)?,
        Rule::Lia { steps, .. } => lia(&mut work, &sorts, facts, steps)?,
    }
    Ok(work.0)
}

fn rule_sort(r: &Rule) -> Res<Sort> {
    match r {
        Rule::Lia { sort: Sort::Real, .. } => ill("integer reasoning over Real"),
        Rule::Ring { sort, .. } | Rule::Lia { sort, .. } => Ok(*sort),
        Rule::Psatz { .. } => Ok(Sort::Real),
    }
}

/// The work of reading a rule once: its instructions, the words of its numbers, its lists.
pub(crate) fn size(r: &Rule) -> u64 {
    let count = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
    let number = |q: &Rational| 1 + (q.num.bits() + q.den.bits()) / 64;
    let op = |op: &Op| if let Op::Lit(_, q) = op { number(q) } else { 1 };
    let tree = |t: &Vec<Op>| t.iter().map(op).sum::<u64>();
    let (atoms, hypotheses) = crate::trust::parts(r);
    let given = count(atoms.len()) + hypotheses.iter().map(|h| 1 + tree(&h.left) + tree(&h.right)).sum::<u64>();
    1 + given
        + match r {
            Rule::Ring { left, right, .. } => tree(left) + tree(right),
            Rule::Psatz { products, equalities, .. } => {
                let squares = products.iter().flat_map(|p| &p.squares).map(tree).sum::<u64>();
                let factors = products.iter().map(|p| number(&p.coefficient) + count(p.hypotheses.len()));
                squares + factors.sum::<u64>() + equalities.iter().map(|(_, t)| 1 + tree(t)).sum::<u64>()
            }
            Rule::Lia { steps, .. } => {
                let step = |s: &Step| match s {
                    Step::Combine(c) => 1 + c.terms.iter().map(|(_, k)| 1 + k.bits() / 64).sum::<u64>(),
                    Step::Cut(_, d) => 1 + d.bits() / 64,
                    Step::NatAtom(_) => 1,
                };
                steps.iter().map(step).sum::<u64>()
            }
        }
}

impl Machine<'_> {
    /// The sorts of the atoms, the atoms, and the statements of the hypotheses.
    fn reads(&self, env: &Env, r: &Rule) -> Res<(Vec<Sort>, Vec<Clo>, Vec<Clo>)> {
        self.charge(size(r))?;
        let (atoms, hypotheses) = crate::trust::parts(r);
        let sorts: Vec<Sort> = atoms.iter().map(|(s, _)| *s).collect();
        let terms: Vec<Clo> =
            atoms.iter().map(|(_, t): &(Sort, Term)| Rc::new(Closure::Term(t.clone(), env.clone()))).collect();
        let sort = rule_sort(r)?;
        let statements = hypotheses.iter().map(|h| statement(&sorts, &terms, h, sort)).collect::<Res<_>>()?;
        Ok((sorts, terms, statements))
    }

    /// The numbers first, then atoms, then proofs.
    pub(crate) fn check_rule(&self, env: &Env, r: &Rule) -> Res<()> {
        self.charge(size(r))?;
        self.charge(numbers(r)?)?;
        let (atoms, hypotheses) = crate::trust::parts(r);
        let (_, _, statements) = self.reads(env, r)?;
        for (s, t) in atoms {
            self.check(env, t, &base(carrier(*s)))?;
        }
        for (h, ty) in hypotheses.iter().zip(&statements) {
            self.check(env, &h.proof, ty)?;
        }
        Ok(())
    }

    /// The types of atoms and proofs.
    pub(crate) fn part_types(&self, env: &Env, r: &Rule) -> Res<Vec<Clo>> {
        let (sorts, _, statements) = self.reads(env, r)?;
        Ok(sorts.into_iter().map(|s| base(carrier(s))).chain(statements).collect())
    }

    pub(crate) fn rule_type(&self, env: &Env, r: &Rule) -> Res<Clo> {
        match r {
            Rule::Ring { sort, left, right, .. } => {
                let (sorts, terms, _) = self.reads(env, r)?;
                let ((s, a), (t, b)) = (term(&sorts, &terms, left)?, term(&sorts, &terms, right)?);
                if s != *sort || t != *sort {
                    return ill("a side has another sort than the rule");
                }
                Ok(path(carrier(*sort), a, b))
            }
            _ => Ok(base(Prim::Empty)),
        }
    }
}
