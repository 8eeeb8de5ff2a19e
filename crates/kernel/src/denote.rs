//! Certificate rules as terms, `sctt/KERNEL.md` section 6: what their trees denote and what their type is. The numbers are in `rules`.

use crate::check::Ctx;
use crate::data::length;
use crate::machine::Machine;
use crate::refusal::{Res, TREE, refuse};
use crate::value::{Clo, DClo, Env, V, Val};
use bfv_format::{Arith, Hypothesis, Node, Op, Prim, Relation, Rule, Sort, Step, Term};
use num_bigint::BigInt;

/// The rule of a stuck rule term.
pub(crate) fn rule(t: &Term) -> Res<&Rule> {
    match &**t {
        Node::Rule(rule) => Ok(rule),
        _ => refuse(TREE, "A stuck rule is none."),
    }
}

/// The terms inside a rule.
pub(crate) fn parts(rule: &Rule) -> impl Iterator<Item = &Term> {
    let (atoms, hypotheses): (_, &[Hypothesis]) = match rule {
        Rule::Ring { atoms, .. } => (atoms, &[]),
        Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => (atoms, hypotheses),
    };
    atoms.iter().map(|(_, t)| t).chain(hypotheses.iter().map(|h| &h.proof))
}

/// The size of a rule without its terms: the work of reading it once.
pub(crate) fn size(rule: &Rule) -> u64 {
    let number = |bits: u64| 1 + bits / 64;
    let rational = |q: &bfv_format::Rational| number(q.num.bits().saturating_add(q.den.bits()));
    let tree = |t: &Arith| t.iter().map(|op| if let Op::Lit(_, q) = op { rational(q) } else { 1 }).sum::<u64>();
    let given = |hs: &[Hypothesis]| hs.iter().map(|h| 1 + tree(&h.left) + tree(&h.right)).sum::<u64>();
    1 + match rule {
        Rule::Ring { atoms, left, right, .. } => length(atoms.len()) + tree(left) + tree(right),
        Rule::Psatz { atoms, hypotheses, products, equalities } => {
            let product = |p: &bfv_format::Product| {
                rational(&p.coefficient) + length(p.hypotheses.len()) + p.squares.iter().map(tree).sum::<u64>()
            };
            length(atoms.len())
                + given(hypotheses)
                + products.iter().map(product).sum::<u64>()
                + equalities.iter().map(|(_, t)| 1 + tree(t)).sum::<u64>()
        }
        Rule::Lia { atoms, hypotheses, steps, .. } => {
            let step = |s: &Step| match s {
                Step::Combine(c) => 1 + c.terms.iter().map(|(_, k)| number(k.bits())).sum::<u64>(),
                Step::Cut(_, d) => number(d.bits()),
                Step::NatAtom(_) => 1,
            };
            length(atoms.len()) + given(hypotheses) + steps.iter().map(step).sum::<u64>()
        }
    }
}

/// Whether two rules agree in everything but their terms.
pub(crate) fn same_shape(a: &Rule, b: &Rule) -> bool {
    let relations = |x: &[Hypothesis], y: &[Hypothesis]| {
        x.len() == y.len()
            && x.iter().zip(y).all(|(h, k)| (h.relation, &h.left, &h.right) == (k.relation, &k.left, &k.right))
    };
    let sorts = |x: &[(Sort, Term)], y: &[(Sort, Term)]| x.iter().map(|(s, _)| s).eq(y.iter().map(|(s, _)| s));
    match (a, b) {
        (
            Rule::Ring { sort, atoms, left, right },
            Rule::Ring { sort: sort2, atoms: atoms2, left: left2, right: right2 },
        ) => (sort, left, right) == (sort2, left2, right2) && sorts(atoms, atoms2),
        (
            Rule::Psatz { atoms, hypotheses, products, equalities },
            Rule::Psatz { atoms: atoms2, hypotheses: hypotheses2, products: products2, equalities: equalities2 },
        ) => {
            (products, equalities) == (products2, equalities2)
                && sorts(atoms, atoms2)
                && relations(hypotheses, hypotheses2)
        }
        (
            Rule::Lia { sort, atoms, hypotheses, steps },
            Rule::Lia { sort: sort2, atoms: atoms2, hypotheses: hypotheses2, steps: steps2 },
        ) => (sort, steps) == (sort2, steps2) && sorts(atoms, atoms2) && relations(hypotheses, hypotheses2),
        _ => false,
    }
}

fn carrier(s: Sort) -> Prim {
    match s {
        Sort::Nat => Prim::Nat,
        Sort::Int => Prim::Int,
        Sort::Real => Prim::Real,
    }
}

fn ltb(s: Sort) -> Prim {
    match s {
        Sort::Nat => Prim::NatLtb,
        Sort::Int => Prim::IntLtb,
        Sort::Real => Prim::RealLtb,
    }
}

impl Machine<'_> {
    /// The value that a tree denotes, and its sort.
    fn denote(&self, atoms: &[V], tree: &Arith) -> Res<(Sort, V)> {
        let mut stack: Vec<(Sort, V)> = Vec::new();
        let ill = || refuse(TREE, "An arithmetic tree is unbalanced or ill-sorted.");
        for op in tree {
            let next = match op {
                Op::Atom(s, n) => match usize::try_from(*n).ok().and_then(|n| atoms.get(n)) {
                    Some(v) => (*s, v.clone()),
                    None => return ill(),
                },
                Op::Lit(s, q) => match (s, q.num.to_biguint()) {
                    (Sort::Real, _) => (*s, self.value(Val::RealLit(q.clone()))),
                    (Sort::Nat, Some(n)) => (*s, self.value(Val::NatLit(n))),
                    (Sort::Int, _) => (*s, self.value(Val::IntLit(BigInt::clone(&q.num)))),
                    (Sort::Nat, None) => return ill(),
                },
                Op::Add | Op::Sub | Op::Mul => {
                    let (Some((s, b)), Some((t, a))) = (stack.pop(), stack.pop()) else { return ill() };
                    if s != t {
                        return ill();
                    }
                    let p = match (op, s) {
                        (Op::Add, Sort::Nat) => Prim::NatAdd,
                        (Op::Add, Sort::Int) => Prim::IntAdd,
                        (Op::Add, Sort::Real) => Prim::RealAdd,
                        (Op::Sub, Sort::Int) => Prim::IntSub,
                        (Op::Sub, Sort::Real) => Prim::RealSub,
                        (Op::Mul, Sort::Nat) => Prim::NatMul,
                        (Op::Mul, Sort::Int) => Prim::IntMul,
                        (Op::Mul, Sort::Real) => Prim::RealMul,
                        _ => return ill(),
                    };
                    (s, self.call(p, &[&a, &b]))
                }
                Op::NatToInt | Op::NatToReal | Op::IntToReal => {
                    let (from, to, p) = match op {
                        Op::NatToInt => (Sort::Nat, Sort::Int, Prim::IntPos),
                        Op::NatToReal => (Sort::Nat, Sort::Real, Prim::RealOfNat),
                        _ => (Sort::Int, Sort::Real, Prim::RealOfInt),
                    };
                    match stack.pop() {
                        Some((s, a)) if s == from => (to, self.call(p, &[&a])),
                        _ => return ill(),
                    }
                }
            };
            stack.push(next);
        }
        match (stack.pop(), stack.is_empty()) {
            (Some(top), true) => Ok(top),
            _ => ill(),
        }
    }

    fn call(&self, p: Prim, args: &[&V]) -> V {
        args.iter().fold(self.shared(self.primitive(p)), |f, a| self.apply(&f, (*a).clone()))
    }

    /// The statement of a hypothesis.
    fn relation(&self, atoms: &[V], h: &Hypothesis, sort: Option<Sort>) -> Res<V> {
        let ((s, a), (t, b)) = (self.denote(atoms, &h.left)?, self.denote(atoms, &h.right)?);
        if s != t || sort.is_some_and(|sort| sort != s) {
            return refuse(TREE, "The two sides of a hypothesis have another sort than the rule.");
        }
        let less = |a: &V, b: &V| self.path(Prim::Bool, self.call(ltb(s), &[a, b]), self.value(Val::Prim(Prim::True)));
        Ok(match h.relation {
            Relation::Lt => less(&a, &b),
            Relation::Le => {
                let empty = self.value(Val::Prim(Prim::Empty));
                self.value(Val::Pi(less(&b, &a), Clo::Const(empty)))
            }
            Relation::Eq => self.path(carrier(s), a, b),
        })
    }

    fn path(&self, ty: Prim, a: V, b: V) -> V {
        let line = DClo::Abs(self.fresh_dim(), self.value(Val::Prim(ty)));
        self.value(Val::Path(line, a, b))
    }

    /// Rules `ring`, `psatz`, `lia`: atoms have their sorts, proofs prove their relations, the numbers add up.
    pub(crate) fn check_rule(&self, ctx: &Ctx, rule: &Rule) -> Res<()> {
        self.spend(size(rule))?;
        self.spend(crate::rules::check(rule, self.globals.interrupt())?)?;
        let (atoms, hypotheses, sort): (_, &[Hypothesis], _) = match rule {
            Rule::Ring { atoms, .. } => (atoms, &[], None),
            Rule::Psatz { atoms, hypotheses, .. } => (atoms, hypotheses, Some(Sort::Real)),
            Rule::Lia { atoms, hypotheses, sort, .. } => (atoms, hypotheses, Some(*sort)),
        };
        let mut values = Vec::new();
        for (s, t) in atoms {
            self.check(ctx, t, &self.value(Val::Prim(carrier(*s))))?;
            values.push(self.eval(&ctx.env, t));
        }
        for h in hypotheses {
            self.check(ctx, &h.proof, &self.relation(&values, h, sort)?)?;
        }
        Ok(())
    }

    /// The types of the terms inside a rule, in the order of `parts`.
    pub(crate) fn part_types(&self, env: &Env, rule: &Rule) -> Res<Vec<V>> {
        let (atoms, hypotheses): (_, &[Hypothesis]) = match rule {
            Rule::Ring { atoms, .. } => (atoms, &[]),
            Rule::Psatz { atoms, hypotheses, .. } | Rule::Lia { atoms, hypotheses, .. } => (atoms, hypotheses),
        };
        self.spend(size(rule))?;
        let values: Vec<V> = atoms.iter().map(|(_, t)| self.eval(env, t)).collect();
        let mut types: Vec<V> = atoms.iter().map(|(s, _)| self.value(Val::Prim(carrier(*s)))).collect();
        for h in hypotheses {
            types.push(self.relation(&values, h, None)?);
        }
        Ok(types)
    }

    /// The type of a rule, computed from what its trees denote.
    pub(crate) fn rule_type(&self, env: &Env, rule: &Rule) -> Res<V> {
        match rule {
            Rule::Ring { sort, atoms, left, right } => {
                self.spend(size(rule))?;
                let values: Vec<V> = atoms.iter().map(|(_, t)| self.eval(env, t)).collect();
                let ((s, a), (t, b)) = (self.denote(&values, left)?, self.denote(&values, right)?);
                if s != *sort || t != *sort {
                    return refuse(TREE, "The two sides of a ring equation have another sort than the rule.");
                }
                Ok(self.path(carrier(*sort), a, b))
            }
            Rule::Psatz { .. } | Rule::Lia { .. } => Ok(self.value(Val::Prim(Prim::Empty))),
        }
    }
}
