//! What a protocol is at small parameters: cells, actions with guards and updates, hypotheses, and what must hold.
//!
//! Everything is read off the kernel's values of the claim, whatever its definitions look like. Were something read wrongly, a run would
//! be missed, or proposed and refused: the kernel judges the run itself.

use crate::finite::{Argument, Layout, Shape};
use crate::formula::Expr;
use crate::reader::{Input, Reader, Stop, outside};
use crate::trace::Words;
use bfv_kernel::{Ctx, Elim, Env, Head, Machine, Neutral, Res, V, Val};
use bfv_search::stopped;
use std::rc::Rc;

/// A type whose elements may be renamed: its shape.
pub type Sort = Shape;

/// A cell of the state or of what is chosen once.
#[derive(Clone)]
pub struct Cell {
    /// How many values it can hold.
    pub size: u64,
    /// The arguments: number of the sort, element, and how far apart the cells of neighbouring elements lie.
    pub arguments: Vec<(usize, u64, usize)>,
    /// The sort of what it holds, where that is one.
    pub holds: Option<usize>,
}

/// An argument that is given.
#[derive(Clone, Copy)]
pub struct Given {
    /// The number of its sort, or of the sort of its elements; the largest number where these are no sort.
    pub sort: usize,
    /// It is a set, and its number has a binary digit for each element.
    pub set: bool,
    /// Which of all it is.
    pub number: u64,
}

/// A command with its arguments.
pub struct Action {
    /// Number of the constructor.
    pub command: u32,
    /// The arguments.
    pub arguments: Vec<Given>,
    /// When it is allowed.
    pub guard: Expr,
    /// The cells that it changes.
    pub updates: Vec<(usize, Expr)>,
    /// Whether it is treated fairly.
    pub fair: bool,
}

/// The constants of the library that say what a claim is about.
#[derive(Clone, Copy)]
pub enum About {
    /// Finite runs: that all actions of one were allowed.
    Legal(u32),
    /// Runs without end: that all moves of one were allowed, that it is fair, and that something holds in one of its states.
    Live(u32, u32, u32),
}

impl About {
    /// The constant that says that a run is allowed.
    fn allowed(self) -> u32 {
        match self {
            About::Legal(id) | About::Live(id, ..) => id,
        }
    }
}

/// What a leading variable of the claim is.
#[derive(Clone)]
pub enum Slot {
    /// A natural number, given.
    Number(u64),
    /// Something chosen once, with the first of its cells.
    Chosen(Layout, usize),
    /// The run.
    Run,
    /// A proof.
    Proof,
}

/// A protocol at given numbers.
pub struct Program {
    /// The leading variables up to the proof that the run is legal.
    pub slots: Vec<Slot>,
    /// Sorts, in the order in which they are met.
    pub sorts: Vec<Sort>,
    /// All cells: first what is chosen once, then the state.
    pub cells: Vec<Cell>,
    /// How many cells are chosen once.
    pub chosen: usize,
    /// The statement of the hypotheses.
    pub hypotheses: Expr,
    /// Where the parts of the state lie; its cells come after what is chosen once.
    pub state: Layout,
    /// What the cells of the state hold at first.
    pub init: Vec<Expr>,
    /// Every action.
    pub actions: Vec<Action>,
    /// What must hold in every state; of runs without end, in some state.
    pub safe: Expr,
    /// Whether the claim is about runs without end.
    pub live: bool,
    /// When fair actions are allowed that have the last number as an argument, and so are not taken.
    pub waiting: Vec<Expr>,
    /// What the arguments of each command are.
    pub commands: Vec<Vec<Argument>>,
}

/// What is read before any command.
pub struct Opened<'m, 'g> {
    /// What reads it, in the context of the claim up to its run.
    pub reader: Reader<'m, 'g>,
    slots: Vec<Slot>,
    sorts: Vec<Sort>,
    cells: Vec<Cell>,
    /// How many cells are chosen once.
    pub chosen: usize,
    /// Whether the hypotheses hold, as far as what is chosen once is known.
    pub hypotheses: Expr,
    /// State, actions, init, effect, guard.
    pub parts: [V; 5],
    /// Of runs without end, which actions are fair.
    fair: Option<V>,
    /// What the claim says of the run; of one without end, the statement that some state satisfies.
    rest: V,
    /// How many natural numbers the claim begins with.
    pub numbers: usize,
}

/// Most ways to take a command of an instance.
pub const ACTIONS: u64 = 4_096;
/// Most cells of an instance that is gone through.
pub const CELLS: usize = 2_048;

/// Whether a claim is about runs: the last of its leading variables that matters says that a run is allowed.
pub fn is_protocol(m: &Machine<'_>, target: &V, about: About) -> bool {
    let (mut current, mut ctx) = (target.clone(), Ctx::default());
    // Leading variables are looked through without a look at what they are.
    for _ in 0..64 {
        let Ok(w) = m.whnf(&current) else { return false };
        let Val::Pi(dom, cod) = &*w else { return false };
        if legal_parts(m, dom, about.allowed()).is_some() {
            return true;
        }
        let (inner, x) = m.bind(&ctx, dom.clone());
        (current, ctx) = (m.inst(cod, x), inner);
    }
    false
}

/// State, actions, init, effect, guard and run of the statement that a run is legal.
fn legal_parts(m: &Machine<'_>, ty: &V, legal: u32) -> Option<[V; 6]> {
    applied(m, ty, legal)?.try_into().ok()
}

/// The arguments of a statement that begins with a constant.
fn applied(m: &Machine<'_>, ty: &V, constant: u32) -> Option<Vec<V>> {
    let Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) = &*m.folded(ty).ok()? else { return None };
    if *id != constant {
        return None;
    }
    spine.iter().map(|e| if let Elim::App(x) = e { Some(x.clone()) } else { None }).collect()
}

/// What a claim says of a run without end.
pub struct Endless {
    /// State, actions, init, effect and guard.
    pub parts: [V; 5],
    /// Which actions are fair.
    pub fair: V,
    /// The statement that some state satisfies.
    pub goal: V,
}

/// Reads what a claim says of a run without end, from the condition that all its moves are allowed on.
///
/// # Errors
/// The evaluator's.
pub fn endless(m: &Machine<'_>, ctx: &Ctx, about: About, ty: &V) -> Res<Option<Endless>> {
    let About::Live(possible, fair, eventually) = about else { return Ok(None) };
    let Val::Pi(dom, cod) = &*m.whnf(ty)? else { return Ok(None) };
    let Some([state, action, init, effect, guard, _]) = legal_parts(m, dom, possible) else { return Ok(None) };
    let (inner, x) = m.bind(ctx, dom.clone());
    let Val::Pi(dom, cod) = &*m.whnf(&m.inst(cod, x))? else { return Ok(None) };
    let Some(treated) = applied(m, dom, fair) else { return Ok(None) };
    let (_, x) = m.bind(&inner, dom.clone());
    let Some(said) = applied(m, &m.inst(cod, x), eventually) else { return Ok(None) };
    let ([_, _, _, _, _, fair, _], [_, _, _, _, _, goal]) = (treated.as_slice(), said.as_slice()) else {
        return Ok(None);
    };
    let parts = [state, action, init, effect, guard];
    Ok(Some(Endless { parts, fair: fair.clone(), goal: goal.clone() }))
}

/// The domain of a function type.
fn domain(m: &Machine<'_>, ty: &V) -> Option<V> {
    match &*m.whnf(ty).ok()? {
        Val::Pi(dom, _) => Some(dom.clone()),
        _ => None,
    }
}

/// Reads a claim up to its run, where its natural numbers have the values given (1 where none is), with so many cells at most.
///
/// # Errors
/// Why it is for no finite search.
pub fn open<'m, 'g>(
    m: &'m Machine<'g>,
    target: &V,
    about: About,
    numbers: &[u64],
    last: u64,
    most: usize,
) -> Result<Opened<'m, 'g>, Stop> {
    let mut reader = Reader { m, ctx: Ctx::default(), inputs: Vec::new(), last };
    let (mut slots, mut sorts, mut cells) = (Vec::new(), Vec::new(), Vec::new());
    let mut hypotheses = Vec::new();
    let (mut current, mut met) = (target.clone(), 0);
    loop {
        let Val::Pi(dom, cod) = &*m.whnf(&current).map_err(|r| stopped(&r))? else {
            return outside("The claim is about no run of a protocol.");
        };
        if let Some([state, action, init, effect, guard, run]) = legal_parts(m, dom, about.allowed()) {
            let Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) =
                &*m.whnf(&run).map_err(|r| stopped(&r))?
            else {
                return outside("The run that the claim is about is no variable.");
            };
            let Some(layout) = Layout::of(m, &reader.ctx, &state, last).map_err(|r| stopped(&r))? else {
                return outside("A part of the state is of a type that is not gone through.");
            };
            if !spine.is_empty() || cells.len().saturating_add(layout.width()) > most {
                return outside("The state is too large to be gone through.");
            }
            let chosen = cells.len();
            place(&layout, &mut Vec::new(), &mut sorts, &mut cells);
            reader.inputs.push(Input { level: *level, run: true, layout, first: chosen });
            let said = endless(m, &reader.ctx, about, &current).map_err(|r| stopped(&r))?;
            let (ctx, x) = m.bind(&reader.ctx, dom.clone());
            reader.ctx = ctx;
            let (fair, rest) = match (about, said) {
                // The proofs that the run is allowed and fair come with it.
                (About::Live(..), Some(said)) => (Some(said.fair), said.goal),
                (About::Live(..), None) => return outside("The claim is not that something comes true in a fair run."),
                (About::Legal(_), _) => {
                    slots.push(Slot::Proof);
                    (None, m.inst(cod, x))
                }
            };
            return Ok(Opened {
                reader,
                slots,
                sorts,
                cells,
                chosen,
                hypotheses: Expr::all(hypotheses),
                parts: [state, action, init, effect, guard],
                fair,
                rest,
                numbers: met,
            });
        }
        let w = m.whnf(dom).map_err(|r| stopped(&r))?;
        if matches!(&*w, Val::Prim(bfv_format::Prim::Nat)) {
            let n = numbers.get(met).copied().unwrap_or(1);
            met += 1;
            slots.push(Slot::Number(n));
            current = m.inst(cod, m.value(Val::NatLit(n.into())));
            continue;
        }
        let (ctx, x) = m.bind(&reader.ctx, dom.clone());
        let next = domain(m, &m.inst(cod, x.clone()));
        let course = match next.and_then(|next| legal_parts(m, &next, about.allowed())) {
            Some([.., run]) => {
                same_variable(&*m.whnf(&run).map_err(|r| stopped(&r))?, &*m.whnf(&x).map_err(|r| stopped(&r))?)
            }
            None => false,
        };
        if course {
            slots.push(Slot::Run);
        } else if let Some(layout) = Layout::of(m, &reader.ctx, dom, last).map_err(|r| stopped(&r))? {
            let level = u32::try_from(reader.ctx.types.len()).unwrap_or(u32::MAX);
            if cells.len().saturating_add(layout.width()) > most {
                return outside("What is chosen once is too large to be gone through.");
            }
            slots.push(Slot::Chosen(layout.clone(), cells.len()));
            let first = cells.len();
            place(&layout, &mut Vec::new(), &mut sorts, &mut cells);
            reader.inputs.push(Input { level, run: false, layout, first });
        } else if matches!(&*w, Val::Data(..)) {
            slots.push(Slot::Run);
        } else if matches!(&*w, Val::Univ(_)) {
            return outside("The claim is about any type, and small types are not gone through.");
        } else {
            hypotheses.push(reader.statement(dom)?);
            slots.push(Slot::Proof);
        }
        reader.ctx = ctx;
        current = m.inst(cod, x);
    }
}

/// The number of a sort.
fn sort(shape: &Shape, sorts: &mut Vec<Sort>) -> Option<usize> {
    if !matches!(shape, Shape::Nat(_) | Shape::Data(..)) {
        return None;
    }
    Some(sorts.iter().position(|s| s == shape).unwrap_or_else(|| {
        sorts.push(shape.clone());
        sorts.len() - 1
    }))
}

/// Lays the cells of something out.
fn place(layout: &Layout, arguments: &mut Vec<(usize, u64, usize)>, sorts: &mut Vec<Sort>, cells: &mut Vec<Cell>) {
    match layout {
        Layout::Leaf(s) => {
            let holds = sort(s, sorts);
            cells.push(Cell { size: s.size(), arguments: arguments.clone(), holds });
        }
        Layout::Pair(a, b) => {
            place(a, arguments, sorts, cells);
            place(b, arguments, sorts, cells);
        }
        Layout::Function(s, inner, _) => {
            let number = sort(s, sorts);
            for x in 0..s.size() {
                arguments.extend(number.map(|n| (n, x, inner.width())));
                place(inner, arguments, sorts, cells);
                if number.is_some() {
                    arguments.pop();
                }
            }
        }
    }
}

impl Opened<'_, '_> {
    /// Reads the rest of the claim; nothing where a command has more than `ACTIONS` ways to be taken.
    ///
    /// # Errors
    /// Why it is for no finite search.
    pub fn program(mut self, words: &Words) -> Result<Option<Program>, Stop> {
        let m = self.reader.m;
        let [state, action, init, effect, guard] = self.parts.clone();
        let Some(run) = self.reader.inputs.last().cloned() else { return outside("The claim has no state.") };
        let live = self.fair.is_some();
        let safe = if live { Expr::Lit(0) } else { self.reader.statement(&self.rest)? };
        let leaves = leaves(m, &run.layout);
        let mut first = Vec::new();
        for (path, shape) in &leaves {
            first.push(self.reader.value(&follow(m, &init, path), shape)?);
        }
        // From here on there is a state in place of the run.
        let (ctx, s) = m.bind(&self.reader.ctx, state);
        let level = u32::try_from(self.reader.ctx.types.len()).unwrap_or(u32::MAX);
        self.reader.ctx = ctx;
        self.reader.inputs.push(Input { level, run: false, ..run.clone() });
        let safe = if live { self.reader.statement(&m.apply(&self.rest, s.clone()))? } else { safe };
        let Val::Data(d, params) = &*m.whnf(&action).map_err(|r| stopped(&r))? else {
            return outside("The actions of the protocol are no data type.");
        };
        let Some(decl) = m.globals().data(d.id) else { return outside("The actions of the protocol are unknown.") };
        let (mut actions, mut commands, mut waiting) = (Vec::new(), Vec::new(), Vec::new());
        for (command, c) in (0u32..).zip(&decl.constructors) {
            let mut known: Vec<Argument> = Vec::new();
            let mut before: Vec<V> = Vec::new();
            for _ in &c.fields {
                let ty = m.field_type(*d, command, params, &before).map_err(|r| stopped(&r))?;
                let Some(argument) = Argument::of(m, &ty, self.reader.last).map_err(|r| stopped(&r))? else {
                    return outside(
                        "An argument of a command is no number, no element of a finite type and no set of these.",
                    );
                };
                let first =
                    words.argument(&argument, 0).unwrap_or_else(|| Rc::new(bfv_format::Node::NatLit(0u8.into())));
                before.push(m.eval(&Env::default(), &first));
                known.push(argument);
            }
            // The last number occurs in no action that is taken. A fair action may wait with it.
            let last = |a: &Argument| matches!(a, Argument::Element(Shape::Nat(_)));
            let taken = |a: &Argument| a.size() - u64::from(last(a));
            let sizes: Vec<u64> = known.iter().map(|a| if live { a.size() } else { taken(a) }).collect();
            let all = sizes.iter().fold(1u64, |a, b| a.saturating_mul(*b));
            if all > ACTIONS {
                return Ok(None);
            }
            for mut rest in 0..all {
                let (mut arguments, mut fields, mut waits) = (Vec::new(), Vec::new(), false);
                for (argument, size) in known.iter().zip(&sizes).rev() {
                    let number = rest % size;
                    rest /= size;
                    waits |= number >= taken(argument);
                    let set = matches!(argument, Argument::Set(..));
                    let sort = sort(argument.shape(), &mut self.sorts).unwrap_or(usize::MAX);
                    arguments.push(Given { sort, set, number });
                    let Some(t) = words.argument(argument, number) else {
                        return outside("An argument of a command is a set, and vectors are not imported.");
                    };
                    fields.push(m.eval(&Env::default(), &t));
                }
                arguments.reverse();
                fields.reverse();
                let a = m.value(Val::Con(*d, command, params.clone(), fields.into(), Rc::new([])));
                let fair = match &self.fair {
                    Some(f) => {
                        let treated = m.whnf(&m.apply(f, a.clone())).map_err(|r| stopped(&r))?;
                        matches!(&*treated, Val::Prim(bfv_format::Prim::True))
                    }
                    None => false,
                };
                if waits && !fair {
                    continue;
                }
                let allowed = self.reader.statement(&m.apply(&m.apply(&guard, a.clone()), s.clone()))?;
                if allowed == Expr::Lit(0) {
                    continue;
                }
                if waits {
                    waiting.push(allowed);
                    continue;
                }
                let after = m.apply(&m.apply(&effect, a), s.clone());
                let mut updates = Vec::new();
                self.changes(&after, &s, &run.layout, run.first, &mut updates)?;
                actions.push(Action { command, arguments, guard: allowed, updates, fair });
            }
            commands.push(known);
        }
        Ok(Some(Program {
            slots: self.slots,
            sorts: self.sorts,
            cells: self.cells,
            chosen: self.chosen,
            hypotheses: self.hypotheses,
            state: run.layout,
            init: first,
            actions,
            safe,
            live,
            waiting,
            commands,
        }))
    }

    /// The cells in which two states differ. What is the same as a whole is not looked into.
    fn changes(
        &self,
        after: &V,
        before: &V,
        layout: &Layout,
        first: usize,
        out: &mut Vec<(usize, Expr)>,
    ) -> Result<(), Stop> {
        let m = self.reader.m;
        match layout {
            Layout::Leaf(shape) => {
                let new = self.reader.value(after, shape)?;
                if new != Expr::Cell(first) {
                    out.push((first, new));
                }
                Ok(())
            }
            Layout::Pair(a, b) => {
                self.changes(&m.fst(after), &m.fst(before), a, first, out)?;
                self.changes(&m.snd(after), &m.snd(before), b, first + a.width(), out)
            }
            Layout::Function(s, inner, _) => {
                if same_variable(&*m.whnf(after).map_err(|r| stopped(&r))?, &*m.whnf(before).map_err(|r| stopped(&r))?)
                {
                    return Ok(());
                }
                let mut at = first;
                for n in 0..s.size() {
                    let Some(x) = s.element(n) else { break };
                    let x = m.eval(&Env::default(), &x);
                    self.changes(&m.apply(after, x.clone()), &m.apply(before, x), inner, at, out)?;
                    at += inner.width();
                }
                Ok(())
            }
        }
    }
}

/// Whether two values are the same variable under the same projections.
pub fn same_variable(a: &Val, b: &Val) -> bool {
    let (Val::Neutral(a), Val::Neutral(b)) = (a, b) else { return false };
    let (Head::Var(x, _), Head::Var(y, _)) = (&a.head, &b.head) else { return false };
    let same = |p: (&Elim, &Elim)| matches!(p, (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd));
    x == y && a.spine.len() == b.spine.len() && a.spine.iter().zip(b.spine.iter()).all(same)
}

/// One step on the way to a cell.
#[derive(Clone)]
pub enum Way {
    /// The first part of a pair.
    First,
    /// The second part.
    Second,
    /// The value of a function.
    At(V),
}

/// What lies at the end of a way.
pub fn follow(m: &Machine<'_>, v: &V, path: &[Way]) -> V {
    path.iter().fold(v.clone(), |v, way| match way {
        Way::First => m.fst(&v),
        Way::Second => m.snd(&v),
        Way::At(x) => m.apply(&v, x.clone()),
    })
}

/// The way to each cell, and what it holds.
pub fn leaves(m: &Machine<'_>, layout: &Layout) -> Vec<(Vec<Way>, Rc<Shape>)> {
    fn go(m: &Machine<'_>, layout: &Layout, path: &mut Vec<Way>, out: &mut Vec<(Vec<Way>, Rc<Shape>)>) {
        match layout {
            Layout::Leaf(s) => out.push((path.clone(), s.clone())),
            Layout::Pair(a, b) => {
                for (way, part) in [(Way::First, a), (Way::Second, b)] {
                    path.push(way);
                    go(m, part, path, out);
                    path.pop();
                }
            }
            Layout::Function(s, inner, _) => {
                for t in (0..s.size()).filter_map(|n| s.element(n)) {
                    path.push(Way::At(m.eval(&Env::default(), &t)));
                    go(m, inner, path, out);
                    path.pop();
                }
            }
        }
    }
    let mut out = Vec::new();
    go(m, layout, &mut Vec::new(), &mut out);
    out
}
