//! Evaluates statements at points: the formal truth of a claim where it can be decided, found without any proof.
//!
//! Numbers, comparisons, conjunctions and implications are decided; a `forall` over a finite type is gone through,
//! one over an infinite type is tried at some values, which can show that it fails and never that it holds.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod enclosure;
mod native;
mod stack;

use bfv_driver::{Elaborated, plug};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Elim, Env, Globals, Head, Ivl, Limits, Machine, Res, Signature, V, Val, rational};
pub use enclosure::Enclosure;
pub use native::NATIVE;
use num_bigint::{BigInt, BigUint, Sign};
use num_rational::BigRational;
pub use stack::with_stack;
use std::path::PathBuf;
use std::rc::Rc;

/// What the program allocates with, since much of the time goes there.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The declarations and claims of some files.
pub fn elaborate(paths: &[PathBuf]) -> Elaborated {
    let mut sources = bfv_diag::Sources::new();
    let (files, problems) = bfv_driver::load(paths, &mut sources);
    assert_eq!(problems, []);
    let elaborated = plug(NATIVE).0.elaborate(&mut sources, &files).unwrap_or_else(|p| panic!("{p:?}"));
    assert_eq!(elaborated.problems, []);
    elaborated
}

/// What a statement is at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    /// Not decided here.
    Open,
}

/// A pseudo-random sequence, the same in every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 11) % u64::try_from(below).unwrap()).unwrap()
    }

    pub fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.next(from.len())].clone()
    }
}

/// What a constant without a definition stands for, at numbers where that can be computed or enclosed.
pub type Model = fn(&str, &[Enclosure]) -> Option<Enclosure>;

pub fn number(num: i64, den: i64) -> BigRational {
    BigRational::new(num.into(), den.into())
}

thread_local! {
    /// The literals of `reals`: millions of them are drawn.
    static REALS: Vec<Term> = reals().iter().map(|q| -> Term { Rc::new(Node::RealLit(rational(q))) }).collect();
}

/// Random numbers come from here: small, negative, fractions, and extreme ones.
fn reals() -> Vec<BigRational> {
    let mut out: Vec<BigRational> =
        [(0, 1), (1, 1), (-1, 1), (2, 1), (1, 2), (-1, 2), (3, 1), (1, 3), (5, 4), (-7, 3), (4, 1), (9, 4)]
            .iter()
            .map(|(n, d)| number(*n, *d))
            .collect();
    let huge = BigRational::from(BigInt::from(10).pow(30));
    out.extend([huge.recip(), -huge.clone(), huge]);
    out
}

/// How a list of numbers is drawn.
#[derive(Clone, Copy)]
enum Shape {
    Free,
    /// Not negative, with sum one.
    Simplex,
    Constant,
    Small,
}

/// Elements of a finite type that are gone through at most.
const MOST: usize = 8;
/// Values tried for a `forall` over an infinite type.
const TRIED: usize = 6;
const DEPTH: u32 = 24;

pub struct Evaluator<'s> {
    pub m: Machine<'s>,
    signature: &'s Signature,
    model: Option<Model>,
}

/// A point: the statement without its leading arguments, and whether what is a hypothesis among them holds.
pub struct At {
    /// Truth of each leading argument that is a proposition, in order; the others are data.
    pub hypotheses: Vec<Truth>,
    pub conclusion: V,
    pub ctx: Ctx,
}

impl<'s> Evaluator<'s> {
    pub fn new(signature: &'s Signature, model: Option<Model>) -> Self {
        let limits = Limits { steps: 400_000, ..Limits::default() };
        Evaluator { m: Machine::new(signature, limits), signature, model }
    }

    fn term(&self, t: &Term) -> V {
        self.m.eval(&Env::default(), t)
    }

    fn real(&self, q: &BigRational) -> V {
        self.term(&Rc::new(Node::RealLit(rational(q))))
    }

    /// A value that is stuck on a constant of the model is computed further with what the model says.
    fn resolve(&self, v: &V) -> Res<Rc<Val>> {
        // Without a model the kernel has computed all that can be, and the arguments of what is stuck need not be looked at.
        let Some(model) = self.model else { return self.m.whnf(v) };
        let mut v = v.clone();
        loop {
            let w = self.m.whnf(&v)?;
            let Val::Neutral(n) = &*w else { return Ok(w) };
            let args: Vec<V> =
                n.spine.iter().map_while(|e| if let Elim::App(a) = e { Some(a.clone()) } else { None }).collect();
            let found = match &n.head {
                Head::Const(id, _) => {
                    let name = self.signature.decl(*id).map(|d| d.name().to_owned()).unwrap_or_default();
                    let numbers = args.iter().map(|a| self.as_real(a)).collect::<Res<Option<Vec<_>>>>()?;
                    let points = numbers.map(|q| q.into_iter().map(Enclosure::point).collect::<Vec<_>>());
                    let value = points.and_then(|q| model(&name, &q));
                    value.and_then(|e| e.exact().map(|q| (args.len(), self.real(q))))
                }
                Head::Prim(p) => self.operation(*p, &args)?,
                _ => None,
            };
            let Some((used, value)) = found else { return Ok(w) };
            v = n.spine.iter().skip(used).fold(value, |v, e| self.m.elim(&v, e.clone()));
        }
    }

    fn operation(&self, p: Prim, args: &[V]) -> Res<Option<(usize, V)>> {
        let arity = match p {
            Prim::RealInv => 1,
            Prim::RealAdd | Prim::RealSub | Prim::RealMul | Prim::RealLtb => 2,
            _ => return Ok(None),
        };
        if args.len() < arity {
            return Ok(None);
        }
        let truth = |b| self.term(&Rc::new(Node::Prim(if b { Prim::True } else { Prim::False })));
        let Some(q) = args[..arity].iter().map(|a| self.as_real(a)).collect::<Res<Option<Vec<_>>>>()? else {
            // Numbers that are no fractions are compared by their bounds.
            return Ok(match (p, self.enclosures(&args[..arity])?.as_deref()) {
                (Prim::RealLtb, Some([a, b])) => a.less(b).map(|less| (arity, truth(less))),
                _ => None,
            });
        };
        let zero = number(0, 1);
        Ok(Some((
            arity,
            match p {
                Prim::RealInv if q[0] == zero => self.real(&zero),
                Prim::RealInv => self.real(&q[0].recip()),
                Prim::RealAdd => self.real(&(&q[0] + &q[1])),
                Prim::RealSub => self.real(&(&q[0] - &q[1])),
                Prim::RealMul => self.real(&(&q[0] * &q[1])),
                _ => truth(q[0] < q[1]),
            },
        )))
    }

    fn as_real(&self, v: &V) -> Res<Option<BigRational>> {
        Ok(match &*self.resolve(v)? {
            Val::RealLit(q) => Some(BigRational::new(q.num.clone(), BigInt::from_biguint(Sign::Plus, q.den.clone()))),
            _ => None,
        })
    }

    fn enclosures(&self, values: &[V]) -> Res<Option<Vec<Enclosure>>> {
        values.iter().map(|v| self.enclosure(v)).collect()
    }

    /// Bounds of a number, where the model gives them.
    fn enclosure(&self, v: &V) -> Res<Option<Enclosure>> {
        if let Some(q) = self.as_real(v)? {
            return Ok(Some(Enclosure::point(q)));
        }
        let Some(model) = self.model else { return Ok(None) };
        let w = self.m.whnf(v)?;
        let Val::Neutral(n) = &*w else { return Ok(None) };
        let args: Option<Vec<V>> =
            n.spine.iter().map(|e| if let Elim::App(a) = e { Some(a.clone()) } else { None }).collect();
        let Some(bounds) = args.map(|args| self.enclosures(&args)).transpose()?.flatten() else { return Ok(None) };
        Ok(match (&n.head, &*bounds) {
            (Head::Const(id, _), _) => self.signature.decl(*id).and_then(|d| model(d.name(), &bounds)),
            (Head::Prim(Prim::RealAdd), [a, b]) => Some(a.add(b)),
            (Head::Prim(Prim::RealSub), [a, b]) => Some(a.sub(b)),
            (Head::Prim(Prim::RealMul), [a, b]) => Some(a.mul(b)),
            (Head::Prim(Prim::RealInv), [a]) => a.inv(),
            _ => None,
        })
    }

    /// Whether values of a type are propositions' proofs and not data.
    pub fn is_proposition(&self, ctx: &Ctx, ty: &V, depth: u32) -> Res<bool> {
        if depth == 0 {
            return Ok(false);
        }
        Ok(match &*self.m.whnf(ty)? {
            Val::Path(..) | Val::Prim(Prim::Empty) => true,
            Val::Pi(dom, cod) => {
                let (inner, x) = self.m.bind(ctx, dom.clone());
                self.is_proposition(&inner, &self.m.inst(cod, x), depth - 1)?
            }
            Val::Sigma(a, b) => {
                let (inner, x) = self.m.bind(ctx, a.clone());
                self.is_proposition(ctx, a, depth - 1)? && self.is_proposition(&inner, &self.m.inst(b, x), depth - 1)?
            }
            _ => false,
        })
    }

    pub fn decide(&self, ctx: &Ctx, ty: &V, dice: &mut Dice, depth: u32) -> Res<Truth> {
        if depth == 0 {
            return Ok(Truth::Open);
        }
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Truth::False,
            Val::Prim(Prim::Unit) => Truth::True,
            Val::Path(line, a, b) => self.equal(&self.m.dinst(line, Ivl::Zero), a, b, dice, depth - 1)?,
            Val::Sigma(a, b) => {
                let first = self.decide(ctx, a, dice, depth - 1)?;
                if first == Truth::False {
                    return Ok(first);
                }
                let (inner, x) = self.m.bind(ctx, a.clone());
                match self.decide(&inner, &self.m.inst(b, x), dice, depth - 1)? {
                    Truth::True => first,
                    other => other,
                }
            }
            Val::Pi(dom, cod) if self.is_proposition(ctx, dom, DEPTH)? => {
                match self.decide(ctx, dom, dice, depth - 1)? {
                    Truth::False => Truth::True,
                    premise => {
                        let (inner, x) = self.m.bind(ctx, dom.clone());
                        let conclusion = self.decide(&inner, &self.m.inst(cod, x), dice, depth - 1)?;
                        if premise == Truth::True || conclusion == Truth::True { conclusion } else { Truth::Open }
                    }
                }
            }
            Val::Pi(dom, cod) => {
                self.over(dom, dice, &mut |x, dice| self.decide(ctx, &self.m.inst(cod, x), dice, depth - 1))?
            }
            _ => Truth::Open,
        })
    }

    /// The truth at every element of a finite type, or at some of an infinite one.
    fn over(&self, dom: &V, dice: &mut Dice, at: &mut dyn FnMut(V, &mut Dice) -> Res<Truth>) -> Res<Truth> {
        let (all, values) = match self.elements(dom, MOST)? {
            Some(elements) => (true, elements),
            None => {
                let drawn = (0..TRIED).map(|_| self.value(dom, dice)).collect::<Res<Option<Vec<_>>>>()?;
                (false, drawn.unwrap_or_default())
            }
        };
        let mut out = if all { Truth::True } else { Truth::Open };
        // A value that was drawn before gives the same again, where nothing more is drawn below it.
        let mut seen: Vec<(Term, Truth)> = Vec::new();
        for x in values {
            let truth = match seen.iter().find(|(y, _)| *y == x) {
                Some((_, truth)) => *truth,
                None => {
                    let before = dice.0;
                    let truth = at(self.term(&x), dice)?;
                    if dice.0 == before {
                        seen.push((x, truth));
                    }
                    truth
                }
            };
            match truth {
                Truth::False => return Ok(truth),
                Truth::Open => out = truth,
                Truth::True => {}
            }
        }
        Ok(out)
    }

    fn equal(&self, ty: &V, a: &V, b: &V, dice: &mut Dice, depth: u32) -> Res<Truth> {
        if depth == 0 {
            return Ok(Truth::Open);
        }
        let same = |b| if b { Truth::True } else { Truth::False };
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Unit) => Truth::True,
            Val::Prim(_) => match (&*self.resolve(a)?, &*self.resolve(b)?) {
                (Val::RealLit(x), Val::RealLit(y)) => same(x == y),
                (Val::NatLit(x), Val::NatLit(y)) => same(x == y),
                (Val::IntLit(x), Val::IntLit(y)) => same(x == y),
                (Val::Prim(x), Val::Prim(y)) => same(x == y),
                _ => match (self.enclosure(a)?, self.enclosure(b)?) {
                    (Some(x), Some(y)) => x.same(&y).map_or(Truth::Open, same),
                    _ => Truth::Open,
                },
            },
            Val::Pi(dom, cod) => self.over(dom, dice, &mut |x, dice| {
                let (u, v) = (self.m.apply(a, x.clone()), self.m.apply(b, x.clone()));
                self.equal(&self.m.inst(cod, x), &u, &v, dice, depth - 1)
            })?,
            Val::Data(..) => match (&*self.resolve(a)?, &*self.resolve(b)?) {
                (Val::Con(_, c, ..), Val::Con(_, e, ..)) if c != e => Truth::False,
                (Val::Con(d, c, ps, xs, _), Val::Con(_, _, _, ys, _)) if xs.len() <= 1 => {
                    match (xs.first(), ys.first()) {
                        (Some(x), Some(y)) => {
                            self.equal(&self.m.field_type(*d, *c, ps, &[])?, x, y, dice, depth - 1)?
                        }
                        _ => Truth::True,
                    }
                }
                _ => Truth::Open,
            },
            _ => Truth::Open,
        })
    }

    /// Every element of a finite type; nothing when it is infinite, unknown, or has more than `most`.
    fn elements(&self, ty: &V, most: usize) -> Res<Option<Vec<Term>>> {
        let prim = |p| -> Term { Rc::new(Node::Prim(p)) };
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Some(Vec::new()),
            Val::Prim(Prim::Unit) => Some(vec![prim(Prim::Star)]),
            Val::Prim(Prim::Bool) => Some(vec![prim(Prim::True), prim(Prim::False)]),
            Val::Data(d, params) => {
                let Some(decl) = self.signature.data(d.id) else { return Ok(None) };
                let given = params.iter().map(|p| self.m.quote(&Ctx::default(), p)).collect::<Res<Vec<_>>>()?;
                let mut out = Vec::new();
                for (n, c) in (0u32..).zip(&decl.constructors) {
                    let con = |fields| -> Term { Rc::new(Node::Con(*d, n, given.clone(), fields, Vec::new())) };
                    match c.fields.len() {
                        0 => out.push(con(Vec::new())),
                        1 => match self.elements(&self.m.field_type(*d, n, params, &[])?, most)? {
                            Some(below) => out.extend(below.into_iter().map(|x| con(vec![x]))),
                            None => return Ok(None),
                        },
                        _ => return Ok(None),
                    }
                }
                (out.len() <= most).then_some(out)
            }
            _ => None,
        })
    }

    /// A random value of a type of data.
    pub fn value(&self, ty: &V, dice: &mut Dice) -> Res<Option<Term>> {
        if let Some(elements) = self.elements(ty, MOST)? {
            return Ok(if elements.is_empty() { None } else { Some(dice.pick(&elements)) });
        }
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Nat) => {
                let n = dice.pick(&[0_u32, 1, 1, 2, 2, 3, 3, 4, 5, 7]);
                Some(Rc::new(Node::NatLit(BigUint::from(n))))
            }
            Val::Prim(Prim::Int) => Some(Rc::new(Node::IntLit(BigInt::from(dice.pick(&[0_i32, 1, -1, 2, -3, 10]))))),
            Val::Prim(Prim::Real) => Some(REALS.with(|reals| dice.pick(reals))),
            Val::Pi(dom, cod) => match self.elements(dom, MOST)? {
                Some(places) => {
                    let shape =
                        dice.pick(&[Shape::Free, Shape::Simplex, Shape::Simplex, Shape::Constant, Shape::Small]);
                    let mut values = Vec::new();
                    for x in &places {
                        let ty = self.m.inst(cod, self.term(x));
                        let Some(v) = self.value(&ty, dice)? else { return Ok(None) };
                        values.push(v);
                    }
                    shaped(shape, &mut values, dice);
                    self.function(dom, cod, &values)?
                }
                None => {
                    let (_, x) = self.m.bind(&Ctx::default(), dom.clone());
                    let Some(v) = self.value(&self.m.inst(cod, x), dice)? else { return Ok(None) };
                    // A function on an infinite type: a constant, or for numbers a few others.
                    let numbers =
                        matches!(&*self.m.whnf(dom)?, Val::Prim(Prim::Real)) && matches!(&*v, Node::RealLit(_));
                    let var: Term = Rc::new(Node::Var(0));
                    let op = |p: Prim, a: &Term, b: &Term| -> Term {
                        let f = Rc::new(Node::App(Rc::new(Node::Prim(p)), a.clone()));
                        Rc::new(Node::App(f, b.clone()))
                    };
                    let body = match dice.next(4) {
                        1 if numbers => var,
                        2 if numbers => op(Prim::RealMul, &var, &var),
                        3 if numbers => op(Prim::RealMul, &v, &var),
                        _ => v,
                    };
                    Some(Rc::new(Node::Lam(body)))
                }
            },
            _ => None,
        })
    }

    /// The function with these values at the elements of a finite type, in their order: nested case distinctions.
    fn function(&self, dom: &V, cod: &bfv_kernel::Clo, values: &[Term]) -> Res<Option<Term>> {
        let (ctx, x) = self.m.bind(&Ctx::default(), dom.clone());
        let motive = self.m.quote(&ctx, &self.m.inst(cod, x))?;
        // Only functions whose type of values does not depend on the place are drawn; then the motive mentions no variable.
        let mut rest = values.iter();
        let body = self.cases(dom, &motive, &mut rest)?;
        Ok(body.map(|b| Rc::new(Node::Lam(b))))
    }

    /// A case distinction over the variable 0 of a finite type. `values` are closed.
    fn cases<'t>(&self, ty: &V, motive: &Term, values: &mut impl Iterator<Item = &'t Term>) -> Res<Option<Term>> {
        let var: Term = Rc::new(Node::Var(0));
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Empty) => Some(Rc::new(Node::EmptyElim(motive.clone(), var))),
            Val::Prim(Prim::Unit) => values.next().cloned(),
            Val::Prim(Prim::Bool) => match (values.next(), values.next()) {
                (Some(t), Some(f)) => Some(Rc::new(Node::BoolElim(motive.clone(), t.clone(), f.clone(), var))),
                _ => None,
            },
            Val::Data(d, params) => {
                let given = params.iter().map(|p| self.m.quote(&Ctx::default(), p)).collect::<Res<Vec<_>>>()?;
                let mut branches = Vec::new();
                for n in (0u32..).take(params.len()) {
                    let field = self.m.field_type(*d, n, params, &[])?;
                    let Some(branch) = self.cases(&field, motive, values)? else { return Ok(None) };
                    branches.push(Rc::new(Node::Lam(branch)));
                }
                Some(Rc::new(Node::DataElim(*d, given, motive.clone(), branches, var)))
            }
            _ => None,
        })
    }

    /// A statement at a random point, or with `given` values for its first data arguments. Nothing where `all_hold` is asked for and
    /// a hypothesis is not seen to hold: what comes after it is not looked at then.
    pub fn at(&self, statement: &Term, given: &[Option<Term>], all_hold: bool, dice: &mut Dice) -> Res<Option<At>> {
        let mut ctx = Ctx::default();
        let mut current = self.term(statement);
        let mut hypotheses = Vec::new();
        let mut number = 0;
        loop {
            let w = self.m.whnf(&current)?;
            let Val::Pi(dom, cod) = &*w else { break };
            let (inner, x) = self.m.bind(&ctx, dom.clone());
            let rest = self.m.inst(cod, x);
            let proposition = self.is_proposition(&ctx, dom, DEPTH)?;
            if proposition && matches!(&*self.m.whnf(&rest)?, Val::Prim(Prim::Empty)) {
                break;
            }
            if proposition {
                let truth = self.decide(&ctx, dom, dice, DEPTH)?;
                if all_hold && truth != Truth::True {
                    return Ok(None);
                }
                hypotheses.push(truth);
                (ctx, current) = (inner, rest);
            } else {
                let value = match given.get(number) {
                    Some(Some(v)) => Some(v.clone()),
                    _ => self.value(dom, dice)?,
                };
                let Some(value) = value else { return Ok(None) };
                current = self.m.inst(cod, self.term(&value));
            }
            number += 1;
        }
        Ok(Some(At { hypotheses, conclusion: current, ctx }))
    }

    pub fn conclusion(&self, at: &At, dice: &mut Dice) -> Res<Truth> {
        self.decide(&at.ctx, &at.conclusion, dice, DEPTH)
    }
}

/// Gives a list of numbers a shape; lists of other things stay as they are.
fn shaped(shape: Shape, values: &mut [Term], dice: &mut Dice) {
    if values.is_empty() || !values.iter().all(|v| matches!(&**v, Node::RealLit(_))) {
        return;
    }
    let literal = |q: &BigRational| -> Term { Rc::new(Node::RealLit(rational(q))) };
    let small = [0, 1, 2, 3, -1, 5];
    match shape {
        Shape::Free => {}
        Shape::Small => values.iter_mut().for_each(|v| *v = literal(&number(dice.pick(&small), 1))),
        Shape::Constant => {
            let q = number(dice.pick(&small), 1);
            values.iter_mut().for_each(|v| *v = literal(&q));
        }
        Shape::Simplex => {
            let parts: Vec<i64> = values.iter().map(|_| dice.pick(&[0, 1, 1, 2, 3])).collect();
            let total: i64 = parts.iter().sum();
            for (n, (v, part)) in values.iter_mut().zip(&parts).enumerate() {
                *v = literal(&if total == 0 { number(i64::from(n == 0), 1) } else { number(*part, total) });
            }
        }
    }
}
