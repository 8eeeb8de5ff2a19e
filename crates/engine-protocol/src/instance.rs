//! A protocol at given numbers, taken step by step: whether an action is allowed in the present state, and the state after it.
//!
//! Guards, effects and the first state are read off the kernel's values of the claim, as the search for runs reads them. The arguments of a
//! command are variables while it is read, so each command is read once, whatever it is then taken with.

use crate::finite::Layout;
use crate::formula::Expr;
use crate::model::{About, Opened, open, same_variable};
use crate::reader::{Input, Reader, Stop};
use bfv_kernel::{Machine, V, Val};
use bfv_search::stopped;
use std::collections::{BTreeMap, BTreeSet};

/// The most cells of an instance: larger than for a search, as few states are met.
const CELLS: usize = 100_000;

/// An argument of a command.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Argument {
    /// A number, or the element of a finite type with that number.
    One(u8),
    /// A set of elements, by which of them are in it.
    Set(Vec<bool>),
}

/// Why an action cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTaken {
    /// Its guard does not hold.
    Forbidden {
        /// Which part of the guard is the first that does not hold, from 0 on.
        part: usize,
        /// How many parts there are.
        parts: usize,
    },
    /// The protocol has no such command, or it has other arguments, or what it says cannot be read.
    Unreadable(String),
}

/// What a command does to a part of the state.
struct Update {
    first: usize,
    /// The arguments of the part: how many elements, and how far apart their cells lie.
    arguments: Vec<(u64, usize)>,
    /// The new value where the cells of these arguments hold which one it is.
    value: Expr,
}

struct Command {
    layouts: Vec<Layout>,
    guard: Vec<Expr>,
    updates: Vec<Update>,
}

/// A protocol at given numbers, in a state.
pub struct Instance<'m, 'g> {
    reader: Reader<'m, 'g>,
    parts: [V; 5],
    state: V,
    layout: Layout,
    /// The first cell of the state.
    first: usize,
    /// What is chosen once, then the state.
    cells: Vec<u8>,
    /// The same at first.
    initial: Vec<u8>,
    commands: BTreeMap<u32, Command>,
}

impl<'m, 'g> Instance<'m, 'g> {
    /// The protocol of a claim in its first state. `legal` is the position of the statement that a run is allowed, `numbers` are the values of the
    /// natural numbers that the claim begins with, `chosen` is what is chosen once, and no number above `last` is told apart from it; it must
    /// be larger than all that occur in the actions.
    ///
    /// # Errors
    /// Why not, as a sentence: the claim is not about runs, is too large, or its hypotheses do not hold.
    pub fn start(
        m: &'m Machine<'g>,
        statement: &V,
        legal: u32,
        numbers: &[u64],
        chosen: &[u8],
        last: u64,
    ) -> Result<Self, String> {
        let opened = open(m, statement, About::Legal(legal), numbers, last, CELLS).map_err(said)?;
        if chosen.len() != opened.chosen {
            return Err(format!("What is chosen once has {} values, and not {}.", opened.chosen, chosen.len()));
        }
        if opened.hypotheses.value(chosen) == 0 {
            return Err("The hypotheses of the protocol do not hold.".to_owned());
        }
        let Opened { mut reader, parts, chosen: first, .. } = opened;
        let Some(layout) = reader.inputs.last().map(|i| i.layout.clone()) else {
            return Err("The claim has no state.".to_owned());
        };
        let (ctx, state) = m.bind(&reader.ctx, parts[0].clone());
        let level = u32::try_from(reader.ctx.types.len()).unwrap_or(u32::MAX);
        reader.ctx = ctx;
        reader.inputs.push(Input { level, run: false, layout: layout.clone(), first });
        let mut cells = chosen.to_vec();
        cells.resize(first + layout.width(), 0);
        let commands = BTreeMap::new();
        let mut it = Instance { reader, parts, state, layout, first, cells, initial: Vec::new(), commands };
        let at = it.cells.len();
        let mut updates = Vec::new();
        let place = Place { layout: &it.layout, first: it.first, at };
        changes(&it.reader, &it.parts[2], None, &it.parts[0], place, &mut Vec::new(), &mut updates).map_err(said)?;
        it.update(&updates, at);
        it.initial.clone_from(&it.cells);
        Ok(it)
    }

    /// Goes back to the first state.
    pub fn restart(&mut self) {
        self.cells.clone_from(&self.initial);
    }

    /// Of a part of the state, by its number among so many, the arguments at which it is not 0 or false, where the first argument is given; they
    /// are told without that. Nothing where the state has no such parts, or that one no such argument.
    #[must_use]
    pub fn holds_at(&self, part: usize, parts: usize, given: u64) -> Option<BTreeSet<Vec<u64>>> {
        let (mut layout, mut first) = (&self.layout, self.first);
        for n in 0..parts {
            let here = match layout {
                Layout::Pair(a, b) if n + 1 < parts => {
                    layout = b;
                    &**a
                }
                last if n + 1 == parts => last,
                _ => return None,
            };
            if n == part {
                let Layout::Function(s, inner, _) = here else { return None };
                let place = usize::try_from(given).ok().filter(|_| given < s.size())?;
                let mut out = BTreeSet::new();
                self.collect(inner, first + place * inner.width(), &mut Vec::new(), &mut out)?;
                return Some(out);
            }
            first += here.width();
        }
        None
    }

    fn collect(&self, layout: &Layout, first: usize, at: &mut Vec<u64>, out: &mut BTreeSet<Vec<u64>>) -> Option<()> {
        match layout {
            Layout::Leaf(_) => {
                if *self.cells.get(first)? != 0 {
                    out.insert(at.clone());
                }
            }
            Layout::Function(s, inner, _) => {
                let mut first = first;
                for x in 0..s.size() {
                    at.push(x);
                    self.collect(inner, first, at, out)?;
                    at.pop();
                    first += inner.width();
                }
            }
            Layout::Pair(..) => return None,
        }
        Some(())
    }

    /// Takes an action.
    ///
    /// # Errors
    /// Why not. The state is then as it was.
    pub fn take(&mut self, command: &str, arguments: &[Argument]) -> Result<(), NotTaken> {
        let unreadable = |why: String| Err(NotTaken::Unreadable(why));
        let number = match self.number(command) {
            Ok(n) => n,
            Err(why) => return unreadable(why),
        };
        let read = match self.commands.remove(&number) {
            Some(known) => known,
            None => match self.read(number) {
                Ok(read) => read,
                Err(stop) => return unreadable(said(stop)),
            },
        };
        let taken = self.take_read(command, &read, arguments);
        self.cells.truncate(self.first + self.layout.width());
        self.commands.insert(number, read);
        taken
    }

    fn take_read(&mut self, name: &str, command: &Command, arguments: &[Argument]) -> Result<(), NotTaken> {
        let fits = |(l, a): (&Layout, &Argument)| match (l, a) {
            (Layout::Leaf(s), Argument::One(n)) => u64::from(*n) < s.size(),
            (Layout::Function(s, ..), Argument::Set(all)) => {
                l.width() == all.len() && s.size() == u64::try_from(all.len()).unwrap_or(u64::MAX)
            }
            _ => false,
        };
        if command.layouts.len() != arguments.len() || !command.layouts.iter().zip(arguments).all(fits) {
            return Err(NotTaken::Unreadable(format!("The command {name} has other arguments.")));
        }
        for a in arguments {
            match a {
                Argument::One(n) => self.cells.push(*n),
                Argument::Set(all) => self.cells.extend(all.iter().map(|b| u8::from(*b))),
            }
        }
        if let Some(part) = command.guard.iter().position(|g| g.value(&self.cells) == 0) {
            return Err(NotTaken::Forbidden { part, parts: command.guard.len() });
        }
        let at = self.cells.len();
        self.update(&command.updates, at);
        Ok(())
    }

    /// The number of a command.
    fn number(&self, name: &str) -> Result<u32, String> {
        let m = self.reader.m;
        let unknown = || format!("The protocol has no command {name}.");
        let Val::Data(d, _) = &*m.whnf(&self.parts[1]).map_err(|r| said(stopped(&r)))? else { return Err(unknown()) };
        let decl = m.globals().data(d.id).ok_or_else(unknown)?;
        let named = |full: &str| full == name || full.strip_suffix(name).is_some_and(|before| before.ends_with('.'));
        (0u32..).zip(&decl.constructors).find(|(_, c)| named(&c.name)).map(|(n, _)| n).ok_or_else(unknown)
    }

    fn read(&self, number: u32) -> Result<Command, Stop> {
        let m = self.reader.m;
        let no_shape = || crate::reader::outside("An argument of a command is of a type that is not gone through.");
        let Val::Data(d, params) = &*m.whnf(&self.parts[1]).map_err(|r| stopped(&r))? else { return no_shape() };
        let Some(decl) = m.globals().data(d.id) else { return no_shape() };
        let fields = usize::try_from(number).ok().and_then(|n| decl.constructors.get(n)).map_or(0, |c| c.fields.len());
        let mut reader = self.reader.clone();
        let (mut layouts, mut values, mut at) = (Vec::new(), Vec::<V>::new(), self.cells.len());
        for _ in 0..fields {
            let ty = m.field_type(*d, number, params, &values).map_err(|r| stopped(&r))?;
            let Some(layout) = Layout::of(m, &reader.ctx, &ty, reader.last).map_err(|r| stopped(&r))? else {
                return no_shape();
            };
            values.push(bound(&mut reader, &ty, &layout, at));
            at += layout.width();
            layouts.push(layout);
        }
        let action = m.value(Val::Con(*d, number, params.clone(), values.into(), Vec::new().into()));
        let [ty, _, _, effect, guard] = &self.parts;
        let allowed = m.apply(&m.apply(guard, action.clone()), self.state.clone());
        let mut parts = Vec::new();
        conjuncts(&reader, &allowed, &mut parts)?;
        let after = m.apply(&m.apply(effect, action), self.state.clone());
        let mut updates = Vec::new();
        let place = Place { layout: &self.layout, first: self.first, at };
        changes(&reader, &after, Some(&self.state), ty, place, &mut Vec::new(), &mut updates)?;
        Ok(Command { layouts, guard: parts, updates })
    }

    /// Changes the state, all parts at once. The cells from `at` on are for the arguments of parts.
    fn update(&mut self, updates: &[Update], at: usize) {
        let mut new = Vec::new();
        for u in updates {
            let all = u.arguments.iter().fold(1u64, |a, (size, _)| a.saturating_mul(*size));
            for mut rest in 0..all {
                self.cells.truncate(at);
                let mut cell = u.first;
                for (size, stride) in &u.arguments {
                    let x = rest % size;
                    rest /= size;
                    self.cells.push(u8::try_from(x).unwrap_or(u8::MAX));
                    cell += usize::try_from(x).unwrap_or(usize::MAX) * stride;
                }
                new.push((cell, u8::try_from(u.value.value(&self.cells)).unwrap_or(u8::MAX)));
            }
        }
        for (cell, value) in new {
            if let Some(c) = self.cells.get_mut(cell) {
                *c = value;
            }
        }
        self.cells.truncate(self.first + self.layout.width());
    }
}

fn said((reason, why): Stop) -> String {
    if why.is_empty() { format!("It cannot be read: {reason:?}.") } else { why }
}

/// A new variable whose values lie in cells.
fn bound(reader: &mut Reader<'_, '_>, ty: &V, layout: &Layout, first: usize) -> V {
    let level = u32::try_from(reader.ctx.types.len()).unwrap_or(u32::MAX);
    let (ctx, x) = reader.m.bind(&reader.ctx, ty.clone());
    reader.ctx = ctx;
    reader.inputs.push(Input { level, run: false, layout: layout.clone(), first });
    x
}

/// The parts of a conjunction.
fn conjuncts(reader: &Reader<'_, '_>, ty: &V, out: &mut Vec<Expr>) -> Result<(), Stop> {
    let m = reader.m;
    if let Val::Sigma(a, b) = &*m.whnf(ty).map_err(|r| stopped(&r))?
        && reader.elements(a)?.is_none()
    {
        out.push(reader.statement(a)?);
        let (ctx, x) = m.bind(&reader.ctx, a.clone());
        return conjuncts(&Reader { ctx, ..reader.clone() }, &m.inst(b, x), out);
    }
    out.push(reader.statement(ty)?);
    Ok(())
}

/// A part of the state, and the first cell that is free for its arguments.
#[derive(Clone, Copy)]
struct Place<'l> {
    layout: &'l Layout,
    first: usize,
    at: usize,
}

/// The parts in which a state differs from the one before; all of them where there is none before.
fn changes(
    reader: &Reader<'_, '_>,
    after: &V,
    before: Option<&V>,
    ty: &V,
    Place { layout, first, at }: Place<'_>,
    arguments: &mut Vec<(u64, usize)>,
    out: &mut Vec<Update>,
) -> Result<(), Stop> {
    let m = reader.m;
    if let Some(before) = before
        && same_variable(&*m.whnf(after).map_err(|r| stopped(&r))?, &*m.whnf(before).map_err(|r| stopped(&r))?)
    {
        return Ok(());
    }
    match (layout, &*m.whnf(ty).map_err(|r| stopped(&r))?) {
        (Layout::Pair(a, b), Val::Sigma(left, right)) => {
            let old = before.map(|v| m.fst(v));
            let place = Place { layout: a, first, at };
            changes(reader, &m.fst(after), old.as_ref(), left, place, arguments, out)?;
            let old = before.map(|v| m.snd(v));
            let place = Place { layout: b, first: first + a.width(), at };
            changes(reader, &m.snd(after), old.as_ref(), &m.inst(right, m.fst(after)), place, arguments, out)
        }
        (Layout::Function(s, inner, _), Val::Pi(dom, cod)) => {
            let mut under = reader.clone();
            let x = bound(&mut under, dom, &Layout::Leaf(s.clone()), at);
            arguments.push((s.size(), inner.width()));
            let old = before.map(|v| m.apply(v, x.clone()));
            let place = Place { layout: inner, first, at: at + 1 };
            let done =
                changes(&under, &m.apply(after, x.clone()), old.as_ref(), &m.inst(cod, x), place, arguments, out);
            arguments.pop();
            done
        }
        (Layout::Leaf(shape), _) => {
            out.push(Update { first, arguments: arguments.clone(), value: reader.value(after, shape)? });
            Ok(())
        }
        _ => crate::reader::outside("A part of the state is of a type that is not gone through."),
    }
}
