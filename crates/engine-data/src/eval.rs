//! Evaluation of core terms in which parts of values are not known yet. What it needs and does not know stops it, and is named.
//!
//! Values are made when they are asked for, and kept. A value that depends on a part that was filled in is dropped when that part is taken back;
//! what depends on none is kept for good. So a search that fills parts in, one after another, evaluates little twice.
//! Method: needed narrowing (Antoy, Echahed, Hanus, "A Needed Narrowing Strategy", 2000) and Lazy SmallCheck, with conjunctions that look at both
//! sides (Runciman, Naylor, Lindblad, "SmallCheck and Lazy SmallCheck", 2008).

use crate::numbers::arity;
use crate::ranges::Known;
use crate::stuck::{Stuck, Unknown};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::Globals;
use bfv_search::{Budget, Reason};
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::ToPrimitive;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Evaluations that a step of the budget pays for.
const EVALUATIONS: u32 = 200;
/// Deepest recursion; the caller supplies a stack of 1 GiB.
const DEPTH: u32 = 60_000;

/// Why an evaluation has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// This part is needed and not known.
    Stuck(usize),
    /// Something that this evaluator has not, or too large a number, or too deep a recursion.
    Unsupported,
    /// The budget, or a wish.
    End(Reason),
}

pub type Eval<T> = Result<T, Stop>;

/// A value that is made when it is asked for.
pub type Thunk = Rc<Slot>;

/// Where a value lives.
pub struct Slot(pub(crate) RefCell<State>);

pub enum State {
    /// What is left to do, the innermost choice that what was done depends on, and what it was last stuck on.
    Todo(Work, usize, Option<Rc<Stuck>>),
    Busy,
    /// The value, and the innermost choice that it depends on; 0 for none.
    Done(Value, usize),
    /// Whatever this part is filled with.
    Part(usize),
}

/// What is to be done for a value. What it has found so far is in it, so that it goes on where it stopped.
#[derive(Clone)]
pub enum Work {
    Term(Env, Term),
    /// An elimination, a node with its environment, of a value.
    Elim(Env, Term, Thunk),
    Apply(Thunk, Rc<[Thunk]>),
    Op(Prim, Thunk, Thunk),
    /// A choice by a Bool that is not known: the side that is written out and whether it stands for true, and the other side.
    Either(Thunk, bool, bool, Thunk),
}

/// Values of variables, innermost first.
#[derive(Clone, Default)]
pub struct Env(Option<Rc<(Thunk, Env)>>);

impl Env {
    /// The environment with one more variable.
    pub fn push(&self, x: Thunk) -> Env {
        Env(Some(Rc::new((x, self.clone()))))
    }

    fn get(&self, n: u32) -> Option<&Thunk> {
        let mut at = self;
        for _ in 0..n {
            at = &at.0.as_ref()?.1;
        }
        at.0.as_ref().map(|c| &c.0)
    }
}

/// A value as far as its outermost constructor.
#[derive(Clone)]
pub enum Value {
    Con(u32, Rc<[Thunk]>),
    Bool(bool),
    Star,
    Nat(u64),
    Suc(Thunk),
    Int(i64),
    Real(Rc<BigRational>),
    Pair(Thunk, Thunk),
    Lam(Env, Term),
    /// An operation with its first arguments.
    Prim(Prim, Rc<[Thunk]>),
    /// A function that is a part, as a table that grows.
    Table(usize),
    /// An equation, a pair of statements, an implication.
    Same(Thunk, Thunk),
    Both(Thunk, Thunk),
    Implies(Thunk, Thunk),
    /// Another type.
    Type(Term),
}

/// A finished value of a first-order type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tree {
    Con(u32, Vec<Tree>),
    Bool(bool),
    Star,
    Nat(u64),
    Int(i64),
    Pair(Box<Tree>, Box<Tree>),
    /// A function: results by arguments, and the result elsewhere.
    Table(Vec<(Tree, Tree)>, Box<Tree>),
}

/// A part of a value.
pub struct Part {
    /// Its type, a number of the table of shapes.
    pub shape: usize,
    /// The variable of the claim that it is a part of.
    pub root: usize,
    /// No other part ever has the same.
    pub serial: u64,
    /// What it is filled with, and by which choice.
    pub fill: Option<(Value, usize)>,
    /// For a function: the arguments that were met, with the parts that the results are.
    pub table: Vec<(Tree, usize)>,
    /// For a function: the shape of its results.
    pub result: Option<usize>,
    /// For a function: whether its results differ by its arguments.
    pub varies: bool,
    /// For a whole number that is not known: what is known of it.
    pub range: Known,
}

/// The evaluator, with the parts as they are filled.
pub struct Machine<'g> {
    globals: &'g dyn Globals,
    constants: BTreeMap<u32, Thunk>,
    pub parts: Vec<Part>,
    /// How many ways there are to fill a part of each shape.
    pub ways: Vec<usize>,
    /// How many parts there are before the first choice.
    pub roots: usize,
    /// The values that depend on each choice.
    trail: Vec<Vec<(Thunk, Work, usize)>>,
    /// The innermost choice that what is being evaluated depends on.
    pub(crate) depends: usize,
    /// The parts that what is being evaluated looked at and that are not known.
    open: Vec<Unknown>,
    /// How many parts were ever made.
    made: u64,
    depth: u32,
    unpaid: u32,
}

pub fn todo(work: Work) -> Thunk {
    Rc::new(Slot(RefCell::new(State::Todo(work, 0, None))))
}

pub fn done(v: Value) -> Thunk {
    Rc::new(Slot(RefCell::new(State::Done(v, 0))))
}

/// The value of a finished tree. Tables are no part of it.
pub fn of_tree(t: &Tree) -> Thunk {
    done(match t {
        Tree::Con(c, fields) => Value::Con(*c, fields.iter().map(of_tree).collect()),
        Tree::Bool(b) => Value::Bool(*b),
        Tree::Star | Tree::Table(..) => Value::Star,
        Tree::Nat(n) => Value::Nat(*n),
        Tree::Int(n) => Value::Int(*n),
        Tree::Pair(a, b) => Value::Pair(of_tree(a), of_tree(b)),
    })
}

impl<'g> Machine<'g> {
    pub fn new(globals: &'g dyn Globals) -> Self {
        Machine {
            globals,
            constants: BTreeMap::new(),
            parts: Vec::new(),
            ways: Vec::new(),
            roots: 0,
            trail: Vec::new(),
            depends: 0,
            open: Vec::new(),
            made: 0,
            depth: 0,
            unpaid: 0,
        }
    }

    /// A new part of a shape.
    pub fn part(&mut self, shape: usize, root: usize, function: Option<(usize, bool)>) -> Thunk {
        let (result, varies) = (function.map(|f| f.0), function.is_some_and(|f| f.1));
        self.made += 1;
        let (serial, range) = (self.made, Known::default());
        self.parts.push(Part { shape, root, serial, fill: None, table: Vec::new(), result, varies, range });
        self.at(self.parts.len() - 1)
    }

    /// A part that is there.
    pub fn at(&self, part: usize) -> Thunk {
        Rc::new(Slot(RefCell::new(State::Part(part))))
    }

    /// A term, evaluated when it is asked for.
    pub fn delay(&self, env: &Env, t: &Term) -> Thunk {
        match &**t {
            Node::Var(n) => env.get(*n).cloned(),
            Node::Const { id, .. } => self.constants.get(id).cloned(),
            _ => None,
        }
        .unwrap_or_else(|| todo(Work::Term(env.clone(), t.clone())))
    }

    /// Fills a part by a choice. Choices have numbers from 1, each one more than the one before.
    pub fn fill(&mut self, part: usize, v: Value, choice: usize) {
        if let Some(p) = self.parts.get_mut(part) {
            p.fill = Some((v, choice));
        }
    }

    /// Takes back a choice: the part, parts that were made since, and what depends on it.
    pub fn take_back(&mut self, part: usize, parts: usize, choice: usize) {
        self.parts.truncate(parts);
        if let Some(p) = self.parts.get_mut(part) {
            p.fill = None;
        }
        for p in &mut self.parts {
            p.table.retain(|(_, n)| *n < parts);
            p.range.forget(choice);
        }
        for level in self.trail.iter_mut().skip(choice).rev() {
            // The last one was done first.
            for (slot, work, depends) in level.drain(..).rev() {
                *slot.0.borrow_mut() = State::Todo(work, depends, None);
            }
        }
    }

    /// Takes back all choices.
    pub fn restart(&mut self) {
        for p in self.parts.iter_mut().take(self.roots) {
            p.fill = None;
        }
        self.take_back(self.roots, self.roots, 1);
        self.depth = 0;
    }

    /// The one of two parts that has fewer ways to be filled, for it is settled sooner.
    pub fn sooner(&self, a: usize, b: usize) -> usize {
        let ways = |n: usize| match self.split(n) {
            Some(_) => 2,
            None => self.parts.get(n).and_then(|p| self.ways.get(p.shape)).copied().unwrap_or(0),
        };
        if ways(b) < ways(a) { b } else { a }
    }

    pub fn pay(&mut self, budget: &mut Budget) -> Eval<()> {
        self.unpaid += 1;
        if self.unpaid >= EVALUATIONS {
            self.unpaid = 0;
            budget.spend(1).map_err(Stop::End)?;
        }
        Ok(())
    }

    /// The value of a slot.
    pub fn force(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<Value> {
        let work = match &mut *slot.0.borrow_mut() {
            State::Done(v, choice) => {
                self.depends = self.depends.max(*choice);
                return Ok(v.clone());
            }
            State::Part(n) => {
                let n = *n;
                return match self.parts.get(n) {
                    Some(Part { result: Some(_), .. }) => Ok(Value::Table(n)),
                    Some(Part { fill: Some((v, choice)), .. }) => {
                        self.depends = self.depends.max(*choice);
                        Ok(v.clone())
                    }
                    Some(part) => {
                        self.open.push((n, part.serial, part.range.cuts()));
                        Err(Stop::Stuck(n))
                    }
                    None => Err(Stop::Unsupported),
                };
            }
            State::Busy => return Err(Stop::Unsupported),
            State::Todo(_, _, Some(stuck)) if stuck.holds(&self.parts) => {
                let stuck = Rc::clone(stuck);
                self.depends = self.depends.max(stuck.depends);
                self.open.extend(&stuck.open);
                self.pay(budget)?;
                return Err(Stop::Stuck(stuck.first));
            }
            state @ State::Todo(..) => match std::mem::replace(state, State::Busy) {
                State::Todo(work, depends, _) => (work, depends),
                _ => return Err(Stop::Unsupported),
            },
        };
        let (before, before_depends) = work.clone();
        let (mut work, depends) = work;
        let outer = std::mem::replace(&mut self.depends, depends);
        let outer_open = std::mem::take(&mut self.open);
        let mut moved = false;
        self.depth += 1;
        let found = if self.depth > DEPTH { Err(Stop::Unsupported) } else { self.run(&mut work, &mut moved, budget) };
        self.depth -= 1;
        let depends = self.depends;
        self.depends = depends.max(outer);
        let mut open = std::mem::replace(&mut self.open, outer_open);
        *slot.0.borrow_mut() = match &found {
            Ok(v) => {
                moved = true;
                State::Done(v.clone(), depends)
            }
            Err(Stop::Stuck(first)) => {
                open.sort_unstable();
                open.dedup();
                self.open.extend(&open);
                let first = *first;
                let stuck = Stuck::new(first, open, depends).map(Rc::new);
                moved |= stuck.is_some();
                State::Todo(work, depends, stuck)
            }
            Err(_) => State::Todo(work, depends, None),
        };
        if moved && depends > 0 {
            while self.trail.len() <= depends {
                self.trail.push(Vec::new());
            }
            if let Some(level) = self.trail.get_mut(depends) {
                level.push((slot.clone(), before, before_depends));
            }
        }
        found
    }

    fn run(&mut self, work: &mut Work, moved: &mut bool, budget: &mut Budget) -> Eval<Value> {
        loop {
            self.pay(budget)?;
            let next = match &*work {
                Work::Term(env, t) => self.begin(env, t),
                Work::Elim(env, t, x) => self.eliminate(env, t, x, budget),
                Work::Apply(f, args) => {
                    let (f, args) = (f.clone(), args.clone());
                    let f = self.force(&f, budget)?;
                    self.apply(f, &args, budget)
                }
                Work::Op(p, a, b) => {
                    let (p, a, b) = (*p, a.clone(), b.clone());
                    self.operate(p, &a, &b, budget).map(Ok)
                }
                Work::Either(c, side, b, other) => {
                    let (c, side, b, other) = (c.clone(), *side, *b, other.clone());
                    self.either(&c, side, b, &other, budget).map(Ok)
                }
            };
            match next? {
                Ok(v) => return Ok(v),
                Err(next) => {
                    *work = next;
                    *moved = true;
                }
            }
        }
    }

    /// A term, as far as nothing else need be evaluated.
    fn begin(&mut self, env: &Env, t: &Term) -> Eval<Result<Value, Work>> {
        Ok(Ok(match &**t {
            Node::Var(n) => {
                let slot = env.get(*n).ok_or(Stop::Unsupported)?.clone();
                return Ok(Err(Work::Apply(slot, Rc::from([]))));
            }
            Node::Const { id, .. } => return Ok(Err(Work::Apply(self.constant(*id)?, Rc::from([])))),
            Node::Prim(p) => constant(*p, t),
            Node::NatLit(n) => Value::Nat(n.to_u64().ok_or(Stop::Unsupported)?),
            Node::IntLit(n) => Value::Int(n.to_i64().ok_or(Stop::Unsupported)?),
            Node::RealLit(q) => Value::Real(Rc::new(BigRational::new(q.num.clone(), BigInt::from(q.den.clone())))),
            Node::Lam(body) => Value::Lam(env.clone(), body.clone()),
            Node::App(..) => {
                let (mut head, mut args) = (t, Vec::new());
                while let Node::App(f, a) = &**head {
                    args.push(self.delay(env, a));
                    head = f;
                }
                args.reverse();
                let head = match &**head {
                    Node::Const { id, .. } => self.constant(*id)?,
                    _ => self.delay(env, head),
                };
                return Ok(Err(Work::Apply(head, args.into())));
            }
            Node::Let(_, a, body) => return Ok(Err(Work::Term(env.push(self.delay(env, a)), body.clone()))),
            Node::Pair(a, b) => Value::Pair(self.delay(env, a), self.delay(env, b)),
            Node::Fst(x)
            | Node::Snd(x)
            | Node::BoolElim(_, _, _, x)
            | Node::NatElim(_, _, _, x)
            | Node::IntElim(_, _, _, x)
            | Node::DataElim(_, _, _, _, x) => return Ok(Err(Work::Elim(env.clone(), t.clone(), self.delay(env, x)))),
            Node::Con(_, c, _, fields, dims) if dims.is_empty() => {
                Value::Con(*c, fields.iter().map(|f| self.delay(env, f)).collect())
            }
            Node::Path(_, a, b) => Value::Same(self.delay(env, a), self.delay(env, b)),
            // Nothing looks at a proof.
            Node::Sigma(p, q) => Value::Both(self.delay(env, p), self.delay(&env.push(done(Value::Star)), q)),
            Node::Pi(p, q) => Value::Implies(self.delay(env, p), self.delay(&env.push(done(Value::Star)), q)),
            Node::Univ(_) | Node::Data(..) => Value::Type(t.clone()),
            _ => return Err(Stop::Unsupported),
        }))
    }

    /// One side says what the value is, where the other one comes to the same.
    fn either(&mut self, c: &Thunk, side: bool, b: bool, other: &Thunk, budget: &mut Budget) -> Eval<Value> {
        match self.force(c, budget) {
            Ok(Value::Bool(c)) if c == side => Ok(Value::Bool(b)),
            Ok(Value::Bool(_)) => self.force(other, budget),
            Ok(_) => Err(Stop::Unsupported),
            Err(Stop::Stuck(part)) => match self.force(other, budget) {
                Ok(Value::Bool(c)) if b == c => Ok(Value::Bool(b)),
                Ok(_) => Err(Stop::Stuck(part)),
                Err(Stop::Stuck(other)) => Err(Stop::Stuck(self.sooner(part, other))),
                Err(stop) => Err(stop),
            },
            Err(stop) => Err(stop),
        }
    }

    fn constant(&mut self, id: u32) -> Eval<Thunk> {
        if let Some(slot) = self.constants.get(&id) {
            return Ok(slot.clone());
        }
        let body = self.globals.const_body(id).ok_or(Stop::Unsupported)?;
        let slot = todo(Work::Term(Env::default(), body));
        self.constants.insert(id, slot.clone());
        Ok(slot)
    }

    /// A function at arguments: a value, or what to go on with.
    fn apply(&mut self, f: Value, args: &[Thunk], budget: &mut Budget) -> Eval<Result<Value, Work>> {
        let Some((a, mut rest)) = args.split_first() else { return Ok(Ok(f)) };
        let next = match f {
            Value::Lam(env, body) => {
                let (mut env, mut body) = (env.push(a.clone()), body);
                while let (Node::Lam(inner), Some((a, more))) = (&*body, rest.split_first()) {
                    env = env.push(a.clone());
                    body = inner.clone();
                    rest = more;
                }
                Work::Term(env, body)
            }
            Value::Prim(p, before) => {
                let all: Rc<[Thunk]> = before.iter().chain([a]).cloned().collect();
                match (arity(p), &*all) {
                    (1, [a]) => Work::Op(p, a.clone(), a.clone()),
                    (2, [a, b]) => Work::Op(p, a.clone(), b.clone()),
                    _ => return self.apply(Value::Prim(p, all), rest, budget),
                }
            }
            Value::Table(n) => {
                let v = self.look_up(n, a, budget)?;
                return self.apply(v, rest, budget);
            }
            _ => return Err(Stop::Unsupported),
        };
        Ok(Err(if rest.is_empty() { next } else { Work::Apply(todo(next), rest.into()) }))
    }

    /// The result of a function that is a part.
    fn look_up(&mut self, n: usize, a: &Thunk, budget: &mut Budget) -> Eval<Value> {
        let part = self.parts.get(n).ok_or(Stop::Unsupported)?;
        let (result, root) = (part.result.ok_or(Stop::Unsupported)?, part.root);
        let key = if part.varies { self.tree(a, budget)? } else { Tree::Star };
        let known = self.parts.get(n).and_then(|p| p.table.iter().find(|(k, _)| *k == key)).map(|(_, m)| *m);
        let at = match known {
            Some(m) => m,
            None => {
                self.part(result, root, None);
                let m = self.parts.len() - 1;
                if let Some(p) = self.parts.get_mut(n) {
                    p.table.push((key, m));
                }
                m
            }
        };
        self.force(&self.at(at), budget)
    }

    /// A value that is finished.
    pub fn tree(&mut self, slot: &Thunk, budget: &mut Budget) -> Eval<Tree> {
        Ok(match self.force(slot, budget)? {
            Value::Con(c, fields) => {
                Tree::Con(c, fields.iter().map(|f| self.tree(f, budget)).collect::<Result<_, _>>()?)
            }
            Value::Bool(b) => Tree::Bool(b),
            Value::Star => Tree::Star,
            Value::Nat(n) => Tree::Nat(n),
            Value::Suc(_) => Tree::Nat(self.number(slot, budget)?),
            Value::Int(n) => Tree::Int(n),
            Value::Pair(a, b) => Tree::Pair(Box::new(self.tree(&a, budget)?), Box::new(self.tree(&b, budget)?)),
            _ => return Err(Stop::Unsupported),
        })
    }

    fn eliminate(&mut self, env: &Env, t: &Term, x: &Thunk, budget: &mut Budget) -> Eval<Result<Value, Work>> {
        let v = match (self.force(x, budget), &**t) {
            (Ok(v), _) => v,
            (Err(Stop::Stuck(part)), Node::BoolElim(_, yes, no, _)) => {
                return match (literal(yes), literal(no)) {
                    (Some(b), None) => Ok(Err(Work::Either(x.clone(), true, b, self.delay(env, no)))),
                    (None, Some(b)) => Ok(Err(Work::Either(x.clone(), false, b, self.delay(env, yes)))),
                    _ => Err(Stop::Stuck(part)),
                };
            }
            (Err(stop), _) => return Err(stop),
        };
        let again = |x: Thunk| -> Thunk { todo(Work::Elim(env.clone(), t.clone(), x)) };
        let term = |t: &Term| Ok(Err(Work::Term(env.clone(), t.clone())));
        let (branch, args): (&Term, Vec<Thunk>) = match (&**t, v) {
            (Node::Fst(_), Value::Pair(a, _)) | (Node::Snd(_), Value::Pair(_, a)) => {
                return Ok(Err(Work::Apply(a, Rc::from([]))));
            }
            (Node::BoolElim(_, yes, no, _), Value::Bool(b)) => return term(if b { yes } else { no }),
            (Node::NatElim(_, zero, _, _), Value::Nat(0)) => return term(zero),
            (Node::NatElim(_, _, suc, _), Value::Nat(n)) => {
                let less = done(Value::Nat(n.saturating_sub(1)));
                (suc, vec![less.clone(), again(less)])
            }
            (Node::NatElim(_, _, suc, _), Value::Suc(less)) => (suc, vec![less.clone(), again(less)]),
            (Node::IntElim(_, pos, neg, _), Value::Int(n)) => match u64::try_from(n) {
                Ok(n) => (pos, vec![done(Value::Nat(n))]),
                Err(_) => (neg, vec![done(Value::Nat(n.unsigned_abs().saturating_sub(1)))]),
            },
            (Node::DataElim(d, _, _, branches, _), Value::Con(c, fields)) => {
                let place = usize::try_from(c).map_err(|_| Stop::Unsupported)?;
                let decl = self.globals.data(d.id).ok_or(Stop::Unsupported)?;
                let con = decl.constructors.get(place).ok_or(Stop::Unsupported)?;
                let mut args: Vec<Thunk> = fields.to_vec();
                for (ty, x) in con.fields.iter().zip(fields.iter()) {
                    match recursive(ty, d.id) {
                        Some(true) => args.push(again(x.clone())),
                        Some(false) => {}
                        None => return Err(Stop::Unsupported),
                    }
                }
                (branches.get(place).ok_or(Stop::Unsupported)?, args)
            }
            _ => return Err(Stop::Unsupported),
        };
        Ok(Err(Work::Apply(self.delay(env, branch), args.into())))
    }
}

/// Whether a field is recursive; none where it is a function into the type.
fn recursive(field: &Term, id: u32) -> Option<bool> {
    match &**field {
        Node::Data(d, _) => Some(d.id == id),
        Node::Pi(_, b) => match recursive(b, id) {
            Some(false) => Some(false),
            _ => None,
        },
        _ => Some(false),
    }
}

fn literal(t: &Term) -> Option<bool> {
    match &**t {
        Node::Prim(Prim::True) => Some(true),
        Node::Prim(Prim::False) => Some(false),
        _ => None,
    }
}

/// A constant of the theory.
fn constant(p: Prim, t: &Term) -> Value {
    match p {
        Prim::True => Value::Bool(true),
        Prim::False => Value::Bool(false),
        Prim::Star => Value::Star,
        Prim::Empty | Prim::Unit | Prim::Bool | Prim::Nat | Prim::Int | Prim::Real => Value::Type(t.clone()),
        _ => Value::Prim(p, Rc::from([])),
    }
}
