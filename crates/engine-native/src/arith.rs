//! Goals about numbers: introduces, splits, and closes what is left by a certificate.

use crate::boxes::Boxing;
use crate::certificate::{Fact, Fruitless, Manner, Power, contradiction};
use crate::lemmas::Opened;
use crate::reify::{self, Atomic, Atoms};
use bfv_format::{DataRef, Node, Op, Prim, Rational, Relation, Rule, Sort, Term};
use bfv_kernel::{Clo, Ctx, Env, Machine, Res, V, Val};
use bfv_search::shift::head_constant;
use bfv_search::{Budget, Goal, Lemma, Reason};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

/// What a search for a proof needs to know all along.
pub struct Prover<'g> {
    pub m: &'g Machine<'g>,
    pub lemmas: &'g [Lemma],
    pub power: Power,
    /// Whether arithmetic looks through definitions.
    pub unfold: bool,
    /// Shared by all provers of one goal.
    pub fruitless: &'g Fruitless,
    /// Lemmas taken apart so far, by position.
    pub opened: RefCell<BTreeMap<u32, Rc<[Opened]>>>,
    /// The goals that lemmas are being tried for, each below the one before, and how much was assumed there.
    pub pursued: RefCell<Vec<(usize, Term)>>,
    /// Whether boxes are searched where arithmetic finds nothing.
    pub boxing: Option<Boxing>,
    /// The position of `HasDeriv`, where the rules for derivatives are known.
    pub derivative: Option<u32>,
    /// Whether a statement about a derivative is being read: what it needs is not read off others.
    pub deriving: Cell<bool>,
}

impl<'g> Prover<'g> {
    pub fn new(goal: &'g Goal<'g>, power: Power, unfold: bool, fruitless: &'g Fruitless) -> Self {
        Prover {
            m: goal.machine,
            lemmas: goal.lemmas,
            power,
            unfold,
            fruitless,
            opened: RefCell::default(),
            pursued: RefCell::default(),
            boxing: None,
            derivative: derivative(goal),
            deriving: Cell::new(false),
        }
    }
}

/// The constant that heads what the lemma about ways to write a derivative says.
fn derivative(goal: &Goal<'_>) -> Option<u32> {
    let lemma = goal.lemmas.iter().find(|l| l.has("derive.same"))?;
    let mut ty = goal.machine.globals().const_type(lemma.id)?;
    while let Node::Pi(_, rest) = &*ty {
        ty = rest.clone();
    }
    head_constant(&ty)
}

/// A type with more elements than this is not gone through one by one.
pub const ELEMENTS: u32 = 32;

/// Result of a search: the evaluator may stop, the search may end without a proof.
pub type Found = Res<Result<Term, (Reason, String)>>;

fn give_up(why: &str) -> Found {
    Ok(Err((Reason::Incomplete, why.to_owned())))
}

fn sort_word(s: Sort) -> &'static str {
    match s {
        Sort::Nat => "nat",
        Sort::Int => "int",
        Sort::Real => "real",
    }
}

fn app(f: Term, args: &[Term]) -> Term {
    args.iter().fold(f, |f, a| Rc::new(Node::App(f, a.clone())))
}

impl Prover<'_> {
    /// The library lemma of a tag, such as `arith.lt_intro_real`.
    pub fn role(&self, tag: &str) -> Option<Term> {
        self.lemmas.iter().find(|l| l.has(tag)).map(|l| Rc::new(Node::Const { id: l.id, shift: 0 }))
    }

    /// Facts in a hypothesis of a type, with its proof in the scope of the context.
    fn facts(&self, ctx: &Ctx, ty: &V, proof: &Term, out: &mut Vec<Fact>) -> Res<()> {
        let one = |n: u8| self.m.value(Val::RealLit(Rational { num: n.into(), den: 1u8.into() }));
        let fact =
            |sort, relation, left, right, proof: &Term| Fact { sort, relation, left, right, proof: proof.clone() };
        if let Some(stated) = self.derivative_statement(ty)? {
            if !self.deriving.replace(true) {
                let read = self.derivative_facts(ctx, &stated, proof, out);
                self.deriving.set(false);
                return read;
            }
            return Ok(());
        }
        match reify::strict(self.m, ty)? {
            Some(Atomic::Relation(s, r, a, b)) => out.push(fact(s, r, a, b, proof)),
            // A false strict order of literals is, by computation, 1 < 0.
            Some(Atomic::Decided(false)) => out.push(fact(Sort::Real, Relation::Lt, one(1), one(0), proof)),
            Some(Atomic::Decided(true)) => {}
            None => {
                if let Some((s, a, b)) = reify::equation(self.m, ty)? {
                    out.push(fact(s, Relation::Eq, a, b, proof));
                    return Ok(());
                }
                if let Val::Sigma(a, b) = &*self.m.whnf(ty)? {
                    let first = self.m.fst(&self.m.eval(&ctx.env, proof));
                    self.facts(ctx, a, &Rc::new(Node::Fst(proof.clone())), out)?;
                    return self.facts(ctx, &self.m.inst(b, first), &Rc::new(Node::Snd(proof.clone())), out);
                }
                let Some(inner) = reify::negated(self.m, ctx, ty)? else { return Ok(()) };
                match reify::strict(self.m, &inner)? {
                    Some(Atomic::Relation(s, _, a, b)) => out.push(fact(s, Relation::Le, b, a, proof)),
                    Some(Atomic::Decided(true)) => out.push(fact(Sort::Real, Relation::Le, one(1), one(0), proof)),
                    Some(Atomic::Decided(false)) => {}
                    None => {
                        if let Some(absurd) = self.broken_disequality(ctx, &inner, proof)? {
                            out.push(fact(Sort::Real, Relation::Lt, one(1), one(0), &absurd));
                            return Ok(());
                        }
                        // not not (a < b) gives a < b.
                        if let Some(doubly) = reify::negated(self.m, ctx, &inner)?
                            && let Some(Atomic::Relation(s, r, a, b)) = reify::strict(self.m, &doubly)?
                            && let Some(intro) = self.role(&format!("arith.lt_intro_{}", sort_word(s)))
                        {
                            let args = [self.m.quote(ctx, &a)?, self.m.quote(ctx, &b)?, proof.clone()];
                            out.push(fact(s, r, a, b, &app(intro, &args)));
                        }
                    }
                }
            }
        }
        Ok(())
    }

    /// `not (a = b)` where both sides are the same number: from it, anything, here 1 < 0.
    fn broken_disequality(&self, ctx: &Ctx, equation: &V, proof: &Term) -> Res<Option<Term>> {
        let Some((sort, a, b)) = reify::equation(self.m, equation)? else { return Ok(None) };
        let same = if self.m.conv(ctx, &self.m.value(Val::Prim(reify::carrier(sort))), &a, &b)? {
            let mut inner = ctx.clone();
            inner.dims.push(self.m.fresh_dim());
            Some(Rc::new(Node::DLam(self.m.quote(&inner, &a)?)))
        } else {
            self.ring(ctx, sort, &a, &b)?
        };
        let Some(same) = same else { return Ok(None) };
        let literal = |n: u8| Rc::new(Node::RealLit(Rational { num: n.into(), den: 1u8.into() }));
        let compared = app(Rc::new(Node::Prim(Prim::RealLtb)), &[literal(1), literal(0)]);
        let less = Rc::new(Node::Path(Rc::new(Node::Prim(Prim::Bool)), compared, Rc::new(Node::Prim(Prim::True))));
        Ok(Some(Rc::new(Node::EmptyElim(less, Rc::new(Node::App(proof.clone(), same))))))
    }

    /// Every fact of a context, and of hints.
    pub fn all_facts(&self, ctx: &Ctx, hints: &[Term]) -> Res<Vec<Fact>> {
        let mut out = Vec::new();
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            self.facts(ctx, ty, &Rc::new(Node::Var(index)), &mut out)?;
        }
        for h in hints {
            let ty = self.m.infer(ctx, h)?;
            self.facts(ctx, &ty, h, &mut out)?;
        }
        Ok(out)
    }

    /// Falsehood from what the context and the hints say.
    pub fn falsehood(&self, ctx: &Ctx, hints: &[Term], budget: &mut Budget) -> Found {
        let mut facts = self.all_facts(ctx, hints)?;
        let found = self.combine(ctx, &facts, budget)?;
        if !matches!(found, Err((Reason::Incomplete, _))) {
            return Ok(found);
        }
        // What vectors are at their positions may take long to compute, so it comes last.
        let before = facts.len();
        for (index, ty) in (0u32..).zip(ctx.types.iter().rev()) {
            for (ty, proof) in self.at_elements(ctx, ty, &Rc::new(Node::Var(index)))? {
                self.facts(ctx, &ty, &proof, &mut facts)?;
            }
        }
        let found = if facts.len() == before { found } else { self.combine(ctx, &facts, budget)? };
        match (found, &self.boxing) {
            (Err(_), Some(boxing)) => self.on_a_box(boxing, ctx, hints, budget),
            (found, _) => Ok(found),
        }
    }

    /// Falsehood from one statement with its proof.
    pub fn contradictory(&self, ctx: &Ctx, ty: &V, proof: &Term, budget: &mut Budget) -> Found {
        let mut facts = Vec::new();
        self.facts(ctx, ty, proof, &mut facts)?;
        self.combine(ctx, &facts, budget)
    }

    fn combine(&self, ctx: &Ctx, facts: &[Fact], budget: &mut Budget) -> Found {
        for power in [Power::Linear, Power::Quadratic] {
            if power > self.power {
                break;
            }
            for sort in [Sort::Real, Sort::Nat, Sort::Int] {
                let manner = Manner { power, unfold: self.unfold };
                match contradiction(self.m, ctx, facts, sort, manner, self.fruitless, budget)? {
                    Ok(Some(t)) => return Ok(Ok(t)),
                    Ok(None) => {}
                    Err(reason) => return Ok(Err((reason, "The search for multipliers ran out of steps.".to_owned()))),
                }
            }
        }
        give_up("The known facts give no contradiction.")
    }

    /// A term of the target in the scope of the context.
    pub fn prove(&self, ctx: &Ctx, target: &V, hints: &[Term], budget: &mut Budget) -> Found {
        let w = self.m.whnf(target)?;
        match &*w {
            Val::Prim(Prim::Empty) => self.falsehood(ctx, hints, budget),
            Val::Prim(Prim::Unit) => Ok(Ok(Rc::new(Node::Prim(Prim::Star)))),
            Val::Pi(dom, cod) => self.prove_all(ctx, dom, cod, hints, budget),
            Val::Sigma(a, b) => {
                let first = match self.prove(ctx, a, hints, budget)? {
                    Ok(t) => t,
                    Err(e) => return Ok(Err(e)),
                };
                let b = self.m.inst(b, self.m.eval(&ctx.env, &first));
                Ok(self.prove(ctx, &b, hints, budget)?.map(|second| Rc::new(Node::Pair(first, second))))
            }
            Val::Path(..) => self.prove_path(ctx, target, hints, budget),
            _ => Ok(Err((Reason::OutsideFragment, "The goal is no statement about numbers.".to_owned()))),
        }
    }

    /// A term under one more variable; hints move along.
    fn under(&self, ctx: &Ctx, dom: &V, cod: &Clo, hints: &[Term], budget: &mut Budget) -> Found {
        let (inner, x) = self.m.bind(ctx, dom.clone());
        let hints: Vec<Term> =
            hints.iter().map(|h| self.m.quote(&inner, &self.m.eval(&ctx.env, h))).collect::<Res<_>>()?;
        Ok(self.prove(&inner, &self.m.inst(cod, x), &hints, budget)?.map(|t| Rc::new(Node::Lam(t))))
    }

    /// `(x : dom) -> cod`: a finite type is gone through element by element, otherwise x is introduced.
    fn prove_all(&self, ctx: &Ctx, dom: &V, cod: &Clo, hints: &[Term], budget: &mut Budget) -> Found {
        let w = self.m.whnf(dom)?;
        if !self.finite(dom)? {
            // not not Y, which is what a disjunction hides, follows from Y.
            if let Some(stated) = reify::negated(self.m, ctx, dom)?
                && reify::strict(self.m, &stated)?.is_none()
            {
                let (inner, x) = self.m.bind(ctx, dom.clone());
                if matches!(&*self.m.whnf(&self.m.inst(cod, x))?, Val::Prim(Prim::Empty))
                    && let Ok(t) = self.prove(&inner, &stated, &[], budget)?
                {
                    let applied = Rc::new(Node::App(Rc::new(Node::Var(0)), t));
                    return Ok(Ok(Rc::new(Node::Lam(applied))));
                }
            }
            return self.under(ctx, dom, cod, hints, budget);
        }
        // Everything lives under the variable that is taken apart.
        let (inner, _) = self.m.bind(ctx, dom.clone());
        let (deeper, y) = self.m.bind(&inner, dom.clone());
        let motive = self.m.quote(&deeper, &self.m.inst(cod, y))?;
        let x = Rc::new(Node::Var(0));
        let Val::Data(d, ps) = &*w else {
            return Ok(Ok(Rc::new(Node::Lam(Rc::new(Node::EmptyElim(motive, x))))));
        };
        let hints: Vec<Term> =
            hints.iter().map(|h| self.m.quote(&inner, &self.m.eval(&ctx.env, h))).collect::<Res<_>>()?;
        let mut branches = Vec::new();
        for (n, p) in (0u32..).zip(ps.iter()) {
            match self.prove_all(&inner, p, &self.at_constructor(*d, n, ps, cod), &hints, budget)? {
                Ok(t) => branches.push(t),
                Err(e) => return Ok(Err(e)),
            }
        }
        let params = ps.iter().map(|p| self.m.quote(&inner, p)).collect::<Res<Vec<_>>>()?;
        Ok(Ok(Rc::new(Node::Lam(Rc::new(Node::DataElim(*d, params, motive, branches, x))))))
    }

    /// A family at a constructor of one field, as a family over the field.
    fn at_constructor(&self, d: DataRef, n: u32, ps: &Rc<[V]>, cod: &Clo) -> Clo {
        let count = u32::try_from(ps.len()).unwrap_or(u32::MAX);
        let mut env = Env::default();
        env.terms = env.terms.push(self.m.value(Val::Lam(cod.clone())));
        for p in ps.iter() {
            env.terms = env.terms.push(p.clone());
        }
        let var = |n: u32| Rc::new(Node::Var(n));
        let params = (0..count).map(|k| var(count - k)).collect();
        let con = Rc::new(Node::Con(d, n, params, vec![var(0)], Vec::new()));
        Clo::Term(env, Rc::new(Node::App(var(count + 1), con)))
    }

    /// Whether a type is finite, small, and built as `Fin` of a literal is.
    pub fn finite(&self, ty: &V) -> Res<bool> {
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => true,
            Val::Data(_, ps) => self.is_finite(ps, ELEMENTS)?,
            _ => false,
        })
    }

    /// Whether a data type is a sum of Unit and finite types, as `Fin` of a literal computes to, with at most so many elements.
    fn is_finite(&self, ps: &Rc<[V]>, left: u32) -> Res<bool> {
        let [first, rest] = &**ps else { return Ok(false) };
        if left == 0 || !matches!(&*self.m.whnf(first)?, Val::Prim(Prim::Unit)) {
            return Ok(false);
        }
        match &*self.m.whnf(rest)? {
            Val::Prim(Prim::Empty) => Ok(true),
            Val::Data(_, qs) => self.is_finite(qs, left - 1),
            _ => Ok(false),
        }
    }

    /// Equations and strict orders.
    fn prove_path(&self, ctx: &Ctx, target: &V, hints: &[Term], budget: &mut Budget) -> Found {
        let w = self.m.whnf(target)?;
        let Val::Path(line, a, b) = &*w else { return give_up("The goal is no equation.") };
        let ty = self.m.dinst(line, bfv_kernel::Ivl::Zero);
        if self.m.conv(ctx, &ty, a, b)? {
            let mut inner = ctx.clone();
            inner.dims.push(self.m.fresh_dim());
            return Ok(Ok(Rc::new(Node::DLam(self.m.quote(&inner, a)?))));
        }
        if let Some(Atomic::Relation(s, _, x, y)) = reify::strict(self.m, target)? {
            let Some(intro) = self.role(&format!("arith.lt_intro_{}", sort_word(s))) else {
                return give_up("The lemma that a strict order is stable is not imported.");
            };
            let refuted = self.m.value(Val::Pi(target.clone(), Clo::Const(self.m.value(Val::Prim(Prim::Empty)))));
            let goal = Clo::Const(self.m.value(Val::Prim(Prim::Empty)));
            let args = [self.m.quote(ctx, &x)?, self.m.quote(ctx, &y)?];
            return Ok(self
                .under(ctx, &refuted, &goal, hints, budget)?
                .map(|t| app(intro, &[args.as_slice(), &[t]].concat())));
        }
        if let Some(Atomic::Decided(false)) = reify::strict(self.m, target)? {
            // A goal that computes to a falsehood follows when the facts contradict each other.
            let (inner, _) = self.m.bind(ctx, self.m.value(Val::Prim(Prim::Empty)));
            let motive = self.m.quote(&inner, target)?;
            return Ok(self.falsehood(ctx, hints, budget)?.map(|t| Rc::new(Node::EmptyElim(motive, t))));
        }
        let Some((sort, x, y)) = reify::equation(self.m, target)? else {
            return Ok(Err((Reason::OutsideFragment, "The goal is no equation of numbers.".to_owned())));
        };
        if let Some(t) = self.ring(ctx, sort, &x, &y)? {
            return Ok(Ok(t));
        }
        let Some(intro) = self.role(&format!("arith.eq_intro_{}", sort_word(sort))) else {
            return give_up("The lemma that equality follows from order is not imported.");
        };
        let mut args = vec![self.m.quote(ctx, &x)?, self.m.quote(ctx, &y)?];
        let empty = Clo::Const(self.m.value(Val::Prim(Prim::Empty)));
        for (l, r) in [(&y, &x), (&x, &y)] {
            let less = self.less(sort, l, r);
            match self.under(ctx, &less, &empty, hints, budget)? {
                Ok(t) => args.push(t),
                Err(e) => return Ok(Err(e)),
            }
        }
        Ok(Ok(app(intro, &args)))
    }

    /// The type `a < b`.
    pub fn less(&self, sort: Sort, a: &V, b: &V) -> V {
        let ltb = match sort {
            Sort::Nat => Prim::NatLtb,
            Sort::Int => Prim::IntLtb,
            Sort::Real => Prim::RealLtb,
        };
        let op = self.m.eval(&Env::default(), &Rc::new(Node::Prim(ltb)));
        let compared = self.m.apply(&self.m.apply(&op, a.clone()), b.clone());
        let line = bfv_kernel::DClo::Abs(self.m.fresh_dim(), self.m.value(Val::Prim(Prim::Bool)));
        self.m.value(Val::Path(line, compared, self.m.value(Val::Prim(Prim::True))))
    }

    /// An equation of polynomials.
    pub fn ring(&self, ctx: &Ctx, sort: Sort, x: &V, y: &V) -> Res<Option<Term>> {
        let mut atoms = Atoms::new(self.unfold);
        let (mut left, mut right): (Vec<Op>, Vec<Op>) = (Vec::new(), Vec::new());
        reify::tree(self.m, ctx, &mut atoms, sort, x, &mut left)?;
        reify::tree(self.m, ctx, &mut atoms, sort, y, &mut right)?;
        if bfv_search::poly::polynomial(&left) != bfv_search::poly::polynomial(&right) {
            return Ok(None);
        }
        Ok(Some(Rc::new(Node::Rule(Box::new(Rule::Ring { sort, atoms: atoms.list, left, right })))))
    }
}

/// Runs a prover on a goal of the interface.
pub fn run(goal: &Goal<'_>, power: Power, budget: &mut Budget) -> Result<Term, (Reason, String)> {
    let fruitless = Fruitless::default();
    let prover = Prover::new(goal, power, true, &fruitless);
    prover.prove(&goal.ctx, &goal.target, &goal.hints, budget).unwrap_or_else(|r| Err(bfv_search::stopped(&r)))
}
