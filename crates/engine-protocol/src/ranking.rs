//! Proofs that something comes true in every fair run without end of a protocol with finitely many states.
//!
//! The search gives a rank to each state that is met before the goal, and to each rank a fair action that helps. They are written as a
//! tree whose branches are followed by the parts of what is chosen once and of a state. The library's theorem `by_ranks` asks for the tree
//! and for a test of each statement; that the tree fits is one computation. Nothing is trusted here: the kernel does it again.

mod cases;
mod shared;

use crate::explore::each_choice;
use crate::finite::{Argument, Layout, Shape, closed, constant};
use crate::lasso::ranks;
use crate::model::{About, Action, Endless, Program, Slot, endless, follow, leaves};
use crate::reader::{Stop, outside};
use crate::trace::call;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Ivl, Machine, Res, V, Val, refusal};
use bfv_search::shift::rename;
use bfv_search::{Budget, Goal, Reason, stopped};
use cases::{complete, numbers, type_of};
use shared::Shared;
use std::rc::Rc;

/// Ways to choose what is chosen once, at most.
const CHOICES: usize = 20_000;
/// Tries of an action for each of them.
const TRIES: u64 = 8_000_000;
/// Steps of the kernel for each step of the budget: so many it takes for the proof of a claim.
const CHECKING: u64 = 10;
/// Steps of the evaluator for each step of the budget.
const EVALUATIONS: u64 = 100;
/// Steps of the kernel for each state, at least. A proof of more states is not even written, for it would take much memory.
const LEAST: u64 = 200;

fn node(n: Node) -> Term {
    Rc::new(n)
}
fn var(n: u32) -> Term {
    node(Node::Var(n))
}
fn lam(t: Term) -> Term {
    node(Node::Lam(t))
}
fn lams(n: usize, t: Term) -> Term {
    (0..n).fold(t, |t, _| lam(t))
}
fn prim(p: Prim) -> Term {
    node(Node::Prim(p))
}
fn number(n: u64) -> Term {
    node(Node::NatLit(n.into()))
}
fn index(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A term under so many more binders.
fn lift(t: &Term, by: usize) -> Result<Term, Stop> {
    kept(rename(t, 0, 0, &mut |n| n.checked_add(index(by)), &mut Some))
}

fn kept<T>(t: Option<T>) -> Result<T, Stop> {
    t.map_or_else(|| outside("A part of the claim depends on a proof."), Ok)
}

/// A tree of ranks, followed by parts of values.
enum Tree {
    Bare,
    Leaf(usize, u64),
    Fork(Box<Tree>, Box<Tree>),
}

impl Tree {
    /// Puts a leaf where a way leads to, which goes left where it says so.
    fn put(&mut self, way: &[bool], leaf: (usize, u64)) {
        let Some((left, rest)) = way.split_first() else {
            *self = Tree::Leaf(leaf.0, leaf.1);
            return;
        };
        if !matches!(self, Tree::Fork(..)) {
            *self = Tree::Fork(Box::new(Tree::Bare), Box::new(Tree::Bare));
        }
        if let Tree::Fork(a, b) = self {
            if *left { a.put(rest, leaf) } else { b.put(rest, leaf) }
        }
    }

    fn term(&self, d: DataRef) -> Term {
        let con = |n: u32, fields: Vec<Term>| node(Node::Con(d, n, Vec::new(), fields, Vec::new()));
        match self {
            Tree::Bare => con(0, Vec::new()),
            Tree::Leaf(rank, helper) => con(1, vec![node(Node::NatLit((*rank).into())), number(*helper)]),
            Tree::Fork(a, b) => con(2, vec![a.term(d), b.term(d)]),
        }
    }
}

/// The way of a value that lies in cells.
fn way(layout: &Layout, first: usize, cells: &[u8], out: &mut Vec<bool>) {
    match layout {
        Layout::Leaf(s) => {
            let value = cells.get(first).copied().unwrap_or(0);
            match &**s {
                Shape::Bool => out.push(value == 1),
                Shape::Unit => {}
                // A position is a first one, or one after that.
                _ => {
                    out.extend((0..value).map(|_| false));
                    out.push(true);
                }
            }
        }
        Layout::Pair(a, b) => {
            way(a, first, cells, out);
            way(b, first + a.width(), cells, out);
        }
        Layout::Function(s, inner, _) => {
            let size = usize::try_from(s.size()).unwrap_or(usize::MAX);
            (0..size).for_each(|n| way(inner, first + n * inner.width(), cells, out));
        }
    }
}

/// A test of a statement, and that it tells whether the statement holds.
struct Test {
    test: Term,
    tells: Term,
}

/// `if a then b else c`
fn both(a: Term, b: Term, c: Prim) -> Term {
    node(Node::BoolElim(prim(Prim::Bool), b, prim(c), a))
}

/// Writes terms with what the library declares.
struct Writer<'g> {
    goal: &'g Goal<'g>,
    m: &'g Machine<'g>,
    kinds: DataRef,
    trees: DataRef,
    moves: DataRef,
    walks: DataRef,
}

/// What is applied to so many arguments before an element of a data type, by the type of a constant.
fn data(m: &Machine<'_>, id: u32, after: usize) -> Option<DataRef> {
    let mut ty = m.globals().const_type(id)?;
    for _ in 0..after {
        ty = match &*ty {
            Node::Pi(_, rest) => rest.clone(),
            _ => return None,
        };
    }
    match &*ty {
        Node::Pi(dom, _) => match &**dom {
            Node::Data(d, _) => Some(*d),
            _ => None,
        },
        _ => None,
    }
}

fn constant_of(goal: &Goal<'_>, tag: &str) -> Option<u32> {
    goal.lemmas.iter().find(|l| l.has(tag)).map(|l| l.id)
}

impl<'g> Writer<'g> {
    fn new(goal: &'g Goal<'g>) -> Option<Writer<'g>> {
        let m = goal.machine;
        let read = |tag: &str, after: usize| data(m, constant_of(goal, tag)?, after);
        Some(Writer {
            goal,
            m,
            kinds: read("finite.value", 0)?,
            trees: read("finite.rank_branch", 1)?,
            moves: read("live.every_move", 2)?,
            walks: read("live.pick_action", 2)?,
        })
    }

    /// Something of the library at arguments.
    fn of(&self, tag: &str, args: &[Term]) -> Result<Term, Stop> {
        match constant_of(self.goal, tag) {
            Some(id) => Ok(call(&node(Node::Const { id, shift: 0 }), args)),
            None => outside("A module of the library is missing."),
        }
    }

    fn kind(&self, number: u32, fields: Vec<Term>) -> Term {
        node(Node::Con(self.kinds, number, Vec::new(), fields, Vec::new()))
    }

    /// The kind of the values of a shape.
    fn kind_of(&self, s: &Shape) -> Result<Term, Stop> {
        match (s, s.positions()) {
            (Shape::Unit, _) => Ok(self.kind(0, Vec::new())),
            (Shape::Bool, _) => Ok(self.kind(1, Vec::new())),
            (_, Some(n)) => Ok(self.kind(2, vec![number(n)])),
            _ => outside("A proof for finitely many states needs parts that are truth values and positions."),
        }
    }

    fn kind_at(&self, layout: &Layout) -> Result<Term, Stop> {
        match layout {
            Layout::Leaf(s) => self.kind_of(s),
            Layout::Pair(a, b) => Ok(self.kind(3, vec![self.kind_at(a)?, self.kind_at(b)?])),
            Layout::Function(s, inner, _) => match s.positions() {
                Some(n) => Ok(self.kind(4, vec![number(n), self.kind_at(inner)?])),
                None => outside("A proof for finitely many states needs functions of positions."),
            },
        }
    }

    fn quote(&self, ctx: &Ctx, v: &V) -> Result<Term, Stop> {
        self.m.quote(ctx, v).map_err(|r| stopped(&r))
    }

    /// A value of a context as a term over its first variable alone.
    fn over_first(&self, ctx: &Ctx, v: &V) -> Result<Term, Stop> {
        let last = index(ctx.types.len()).saturating_sub(1);
        kept(rename(&self.quote(ctx, v)?, 0, 0, &mut |n| (n == last).then_some(0), &mut |_| None))
    }

    /// The test of a statement, and that it tells whether that holds.
    fn test(&self, ctx: &Ctx, ty: &V) -> Result<Test, Stop> {
        let m = self.m;
        let whnf = |v: &V| m.whnf(v).map_err(|r| stopped(&r));
        let own = |test: Term, tag: &str, args: &[Term]| Ok(Test { test, tells: self.of(tag, args)? });
        match &*whnf(ty)? {
            Val::Prim(Prim::Unit) => own(prim(Prim::True), "finite.tells_unit", &[]),
            Val::Prim(Prim::Empty) => own(prim(Prim::False), "finite.tells_empty", &[]),
            Val::Sigma(a, b) => {
                let Some(second) = constant(m, ctx, a, b).map_err(|r| stopped(&r))? else {
                    return outside("A part of a statement depends on an element that exists.");
                };
                self.two(ctx, "finite.tells_both", Prim::False, (a, &second))
            }
            Val::Pi(a, b) => {
                let (inner, x) = m.bind(ctx, a.clone());
                let said = m.inst(b, x);
                match &*whnf(a)? {
                    Val::Prim(Prim::Bool) => {
                        let each = self.test(&inner, &said)?;
                        let at = |p: Prim| node(Node::Let(prim(Prim::Bool), prim(p), each.test.clone()));
                        let test = both(at(Prim::True), at(Prim::False), Prim::False);
                        let args = [each.test, self.quote(&inner, &said)?, each.tells].map(lam);
                        own(test, "finite.tells_truths", &args)
                    }
                    Val::Data(..) => {
                        let shape = Shape::of(m, a, 0).map_err(|r| stopped(&r))?;
                        let Some(n) = shape.and_then(|s| s.positions()) else {
                            return outside("A proof for finitely many states needs variables that are positions.");
                        };
                        let each = self.test(&inner, &said)?;
                        let (n, each, family) =
                            (number(n), [lam(each.test), lam(each.tells)], lam(self.quote(&inner, &said)?));
                        let [test, tells] = each;
                        let all = self.of("finite.each_place", &[n.clone(), test.clone()])?;
                        own(all, "finite.tells_places", &[n, test, family, tells])
                    }
                    _ => {
                        let Some(then) = constant(m, ctx, a, b).map_err(|r| stopped(&r))? else {
                            return outside("A part of a statement depends on a proof of another.");
                        };
                        self.two(ctx, "finite.tells_implies", Prim::True, (a, &then))
                    }
                }
            }
            Val::Path(line, a, b) => {
                let ty = m.dinst(line, Ivl::Zero);
                let sides = [self.quote(ctx, a)?, self.quote(ctx, b)?];
                let [left, right] = sides.clone();
                match (&*whnf(&ty)?, Shape::of(m, &ty, 0).map_err(|r| stopped(&r))?) {
                    (Val::Prim(Prim::Bool), _) if matches!(&*whnf(b)?, Val::Prim(Prim::True)) => {
                        own(left.clone(), "finite.tells_true", &[left])
                    }
                    (Val::Prim(Prim::Bool), _) => {
                        let not = both(right.clone(), prim(Prim::False), Prim::True);
                        let test = node(Node::BoolElim(prim(Prim::Bool), right, not, left));
                        own(test, "finite.tells_truth", &sides)
                    }
                    (Val::Prim(Prim::Nat), _) => {
                        own(self.of("ground.number_test", &sides)?, "finite.tells_number", &sides)
                    }
                    (_, Some(s)) if s.positions().is_some() => {
                        let sides = [number(s.positions().unwrap_or(0)), left, right];
                        own(self.of("ground.fin_test", &sides)?, "finite.tells_place", &sides)
                    }
                    _ => outside(
                        "A proof for finitely many states needs equations of truth values, numbers and positions.",
                    ),
                }
            }
            _ => outside("A proof for finitely many states needs statements whose form is the same in all states."),
        }
    }

    /// The test of a statement that is made of two: that of the second where the first holds, and elsewhere a truth value.
    fn two(&self, ctx: &Ctx, tag: &str, elsewhere: Prim, (a, b): (&V, &V)) -> Result<Test, Stop> {
        let (first, second) = (self.test(ctx, a)?, self.test(ctx, b)?);
        let statements = [self.quote(ctx, a)?, self.quote(ctx, b)?];
        let tests = [first.test.clone(), second.test.clone()];
        let args = [tests.as_slice(), &statements, &[first.tells, second.tells]].concat();
        Ok(Test { test: both(first.test, second.test, elsewhere), tells: self.of(tag, &args)? })
    }

    fn values_of(&self, kind: &Term) -> Result<Term, Stop> {
        self.of("finite.value", std::slice::from_ref(kind))
    }
}

/// Several terms together, or the element of the unit type.
fn joined(parts: Vec<Term>) -> Term {
    parts.into_iter().rev().reduce(|rest, t| node(Node::Pair(t, rest))).unwrap_or_else(|| prim(Prim::Star))
}

/// What a claim is about, over one variable for all that is chosen once.
struct Stated {
    /// The context of that variable.
    ctx: Ctx,
    /// The hypotheses.
    hypotheses: Vec<Term>,
    /// Init, effect, guard, fair and goal.
    parts: [Term; 5],
    /// The type of actions.
    actions: Shape,
}

impl Writer<'_> {
    /// Takes the claim apart.
    fn stated(&self, about: About, p: &Program, choice: &Term) -> Result<Stated, Stop> {
        let (m, strange) = (self.m, "The run is not the last variable of the claim.");
        let values = m.eval(&Env::default(), &self.values_of(choice)?);
        let (ctx, x) = m.bind(&Ctx::default(), values);
        let of = p.slots.iter().filter(|s| matches!(s, Slot::Chosen(..))).count();
        let (mut here, mut current, mut chosen) = (ctx.clone(), self.goal.target.clone(), 0);
        let mut hypotheses = Vec::new();
        for (n, slot) in p.slots.iter().enumerate() {
            let Val::Pi(dom, cod) = &*m.whnf(&current).map_err(|r| stopped(&r))? else { return outside(strange) };
            current = match slot {
                Slot::Chosen(..) => {
                    let rest = (0..chosen).fold(x.clone(), |v, _| m.snd(&v));
                    chosen += 1;
                    m.inst(cod, if chosen < of { m.fst(&rest) } else { rest })
                }
                Slot::Proof | Slot::Run => {
                    if matches!(slot, Slot::Proof) {
                        hypotheses.push(self.over_first(&here, dom)?);
                    } else if n + 1 != p.slots.len() {
                        return outside(strange);
                    }
                    let (inner, y) = m.bind(&here, dom.clone());
                    here = inner;
                    m.inst(cod, y)
                }
                Slot::Number(_) => {
                    return outside("The claim is about every number, and not about finitely many states.");
                }
            };
        }
        let said = endless(m, &here, about, &current).map_err(|r| stopped(&r))?;
        let Some(Endless { parts: [_, action, init, effect, guard], fair, goal }) = said else {
            return outside(strange);
        };
        let mut parts = Vec::new();
        for v in [&init, &effect, &guard, &fair, &goal] {
            parts.push(self.over_first(&here, v)?);
        }
        let Ok(parts) = <[Term; 5]>::try_from(parts) else { return outside(strange) };
        let Val::Data(d, given) = &*m.whnf(&action).map_err(|r| stopped(&r))? else { return outside(strange) };
        let read = given.iter().map(|v| closed(m, v)).collect::<Res<Option<Vec<Term>>>>();
        let params = kept(read.map_err(|r| stopped(&r))?)?;
        let element = |a: &Argument| match a {
            Argument::Element(s) => Some(s.clone()),
            Argument::Set(..) => None,
        };
        let commands = p.commands.iter().map(|c| c.iter().map(element).collect()).collect::<Option<Vec<Vec<Shape>>>>();
        let Some(commands) = commands else {
            return outside("A command takes sets, which a proof by ranks does not go through.");
        };
        Ok(Stated { ctx, hypotheses, parts, actions: Shape::Data(*d, params, commands) })
    }

    /// The tests of the hypotheses and of the goal, each before that it tells.
    fn tests(&self, stated: &Stated, values: &V, said: &Term) -> Result<[Term; 4], Stop> {
        let (m, ctx, [_, _, _, _, goal]) = (self.m, &stated.ctx, &stated.parts);
        let holds = self.test(ctx, &m.eval(&ctx.env, said))?;
        let (inner, s) = m.bind(ctx, values.clone());
        let reached = self.test(&inner, &m.apply(&m.eval(&ctx.env, goal), s))?;
        Ok([lam(holds.test), lam(holds.tells), lams(2, reached.test), lams(2, reached.tells)])
    }

    /// The actions in each state with the tests of their guards and with where a tree leads after them, and that this is faithful.
    fn moves(&self, stated: &Stated, p: &Program, values: &V) -> Result<[Term; 2], Stop> {
        let (m, Stated { ctx, parts: [_, effect, guard, ..], actions, .. }) = (self.m, stated);
        let (guard, effect) = (m.eval(&ctx.env, guard), m.eval(&ctx.env, effect));
        let cells = leaves(m, &p.state);
        let mut steps = Vec::new();
        let mut shared = Shared { m, layouts: [p.state.clone(), choices(p)], all: Vec::new() };
        for action in (0..actions.size()).filter_map(|n| actions.element(n)) {
            let a = m.eval(&Env::default(), &action);
            let (inner, s) = m.bind(ctx, values.clone());
            let test = self.test(&inner, &m.apply(&m.apply(&guard, a.clone()), s.clone()))?;
            let later = m.apply(&m.apply(&effect, a), s);
            let mut after = Vec::new();
            for (path, _) in &cells {
                after.push(self.quote(&inner, &follow(m, &later, path))?);
            }
            after.iter().chain([&test.test]).for_each(|t| shared.collect(t));
            steps.push((action, test, after));
        }
        let params = vec![type_of(actions)];
        let step = |n: u32, fields: Vec<Term>| node(Node::Con(self.moves, n, params.clone(), fields, Vec::new()));
        // Where a tree leads, by the values of the cells after an action.
        let followed = |values: &mut dyn Iterator<Item = Result<Term, Stop>>| {
            cells.iter().zip(values).try_fold(var(0), |tree, ((_, shape), value)| match (&**shape, shape.positions()) {
                (Shape::Bool, _) => self.of("finite.rank_branch", &[value?, tree]),
                (_, Some(n)) => self.of("finite.find_rank_place", &[number(n), value?, tree]),
                _ => Ok(tree),
            })
        };
        let (mut row, mut faithful) = (step(0, Vec::new()), prim(Prim::Star));
        for (action, Test { test, tells }, after) in steps.into_iter().rev() {
            let same = node(Node::DLam(followed(&mut after.iter().map(|v| lift(v, 1)))?));
            faithful = node(Node::Pair(node(Node::Pair(tells, lam(same))), faithful));
            let tree = lam(followed(&mut after.iter().map(|v| shared.used(v, 1)))?);
            row = step(1, vec![action, shared.used(&test, 0)?, tree, row]);
        }
        Ok([lams(2, shared.before(row)?), lams(2, faithful)])
    }
}

/// Where what is chosen once lies, in the order of the claim.
fn choices(p: &Program) -> Layout {
    let chosen =
        p.slots.iter().filter_map(|s| if let Slot::Chosen(layout, _) = s { Some(layout.clone()) } else { None });
    let all: Vec<Layout> = chosen.collect();
    let join = |rest: Layout, first: Layout| Layout::Pair(Rc::new(first), Rc::new(rest));
    all.into_iter().rev().reduce(join).unwrap_or_else(|| Layout::Leaf(Rc::new(Shape::Unit)))
}

/// A proof of a claim none of whose parameters is a number.
///
/// # Errors
/// Why there is none, in sentences.
pub fn proof(goal: &Goal<'_>, about: About, p: &Program, budget: &mut Budget) -> Result<Term, Stop> {
    let m = goal.machine;
    let Some(w) = Writer::new(goal) else { return outside("A module of the library is missing.") };
    let (choice, state) = (w.kind_at(&choices(p))?, w.kind_at(&p.state)?);
    let stated = w.stated(about, p, &choice)?;
    let said =
        stated.hypotheses.iter().rev().cloned().map(Ok).reduce(|rest, h| Ok(node(Node::Sigma(h?, lift(&rest?, 1)?))));
    let said = said.unwrap_or_else(|| Ok(prim(Prim::Unit)))?;
    let actions = stated.actions.clone();
    let values = m.eval(&Env::default(), &w.values_of(&state)?);
    let tests = w.tests(&stated, &values, &said)?;
    let [moves, faithful] = w.moves(&stated, p, &values)?;
    let walk = |n: u32, fields: Vec<Term>| node(Node::Con(w.walks, n, vec![type_of(&actions)], fields, Vec::new()));
    let all = (0..actions.size()).rev().filter_map(|n| actions.element(n));
    let all = all.fold(walk(0, Vec::new()), |rest, a| walk(1, vec![a, rest]));
    let listed = lams(2, node(Node::DLam(all.clone())));
    let (tree, states) = tree(p, budget)?;
    // Without any action nothing is treated fairly.
    let Some(first) = actions.element(0) else { return outside("The protocol has no action.") };
    let depth = p.slots.len() + 2;
    let slot = |wanted: fn(&Slot) -> bool| {
        let all = p.slots.iter().enumerate().filter(move |(_, s)| wanted(s));
        all.map(|(n, _)| var(index(depth - 1 - n))).collect::<Vec<Term>>()
    };
    let mut args = vec![choice, state, type_of(&actions)];
    args.extend(stated.parts.iter().cloned().chain([said]).map(lam));
    args.extend(tests);
    args.extend([numbers(&actions)?, first, all, complete(&actions)?, moves, listed, faithful, tree.term(w.trees)]);
    args.push(node(Node::DLam(prim(Prim::True))));
    args.push(joined(slot(|s| matches!(s, Slot::Chosen(..)))));
    args.push(joined(slot(|s| matches!(s, Slot::Proof))));
    args.extend([var(2), var(1), var(0)]);
    let term = lams(depth, w.of("live.by_ranks", &args)?);
    judged(m, goal, &term, states, budget)?;
    Ok(term)
}

/// Ranks for every choice, and the number of states.
fn tree(p: &Program, budget: &mut Budget) -> Result<(Tree, usize), Stop> {
    let mut ways = Vec::new();
    if !each_choice(p, CHOICES, &mut |chosen, _| ways.push(chosen.to_vec())) {
        return Err((Reason::Incomplete, format!("There are more than {CHOICES} ways to choose what is chosen once.")));
    }
    let (mut tree, mut states) = (Tree::Bare, 0);
    for chosen in ways {
        let Some(found) = ranks(p, &chosen, TRIES, budget).map_err(|r| (r, String::new()))? else {
            return Err((Reason::Incomplete, "Some states have no rank.".to_owned()));
        };
        states += found.len();
        let most = budget.left.saturating_mul(CHECKING);
        if u64::try_from(states).unwrap_or(u64::MAX).saturating_mul(LEAST) > most {
            return Err(too_long(states, most));
        }
        for state in found {
            let mut along = Vec::new();
            way(&choices(p), 0, &state.cells, &mut along);
            way(&p.state, p.chosen, &state.cells, &mut along);
            let Some(helper) = p.actions.get(state.helper) else { continue };
            tree.put(&along, (state.rank, place(p, helper)));
        }
    }
    Ok((tree, states))
}

fn too_long(states: usize, most: u64) -> Stop {
    (Reason::Budget, format!("A proof by ranks of {states} states needs more than {most} steps of the kernel."))
}

/// The number of an action among all of them, where no command takes sets.
fn place(p: &Program, action: &Action) -> u64 {
    let own = usize::try_from(action.command).unwrap_or(usize::MAX);
    let before: u64 = p.commands.iter().take(own).map(|c| c.iter().map(|a| a.shape().size()).product::<u64>()).sum();
    let digits = p.commands.get(own).into_iter().flatten().zip(&action.arguments);
    before + digits.fold(0, |n, (a, given)| n * a.shape().size() + given.number)
}

/// Whether the kernel accepts a proof within the steps that it takes for one.
fn judged(m: &Machine<'_>, goal: &Goal<'_>, term: &Term, states: usize, budget: &mut Budget) -> Result<(), Stop> {
    let (most, before) = (budget.left.saturating_mul(CHECKING), m.steps());
    let done = m.within(most, || m.check(&Ctx::default(), term, &goal.target));
    let spent = budget.spend((m.steps() - before) / EVALUATIONS);
    match done {
        Ok(Some(())) => spent.map_err(|r| (r, String::new())),
        Ok(None) => Err(too_long(states, most)),
        Err(r) if r.reason == refusal::BUDGET => Err(stopped(&r)),
        Err(r) => Err((Reason::Unsupported, format!("The kernel refuses a proof by ranks: {}.", r.reason))),
    }
}
