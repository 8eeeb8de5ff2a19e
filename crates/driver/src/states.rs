//! The states of a run, as data for other programs. They are computed from the claim and the evidence, as the chart is.

use crate::chart::{BY_BYZANTINE, Reader, Run};
use bfv_elab::Target;
use bfv_format::{Decl, Node, Prim, Term};
use bfv_kernel::{Ctx, Res, V, Val};
use std::collections::BTreeSet;

/// Most arguments of a part of the state, and most values of them together.
const ARGUMENTS: usize = 6;
const VALUES: usize = 100_000;
/// Of so many elements it is told that a relation holds of them.
const TOLD: usize = 6;

/// A value as other programs know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shown {
    /// A truth value.
    Truth(bool),
    /// A whole number in decimal digits.
    Number(String),
    /// Anything else, as a person would write it.
    Text(String),
    /// Several values in order.
    Tuple(Vec<Shown>),
    /// The values at which a relation holds.
    Set(Vec<Shown>),
    /// A function, by its values.
    Map(Vec<(Shown, Shown)>),
}

impl Shown {
    /// As it is said within a sentence.
    fn spoken(&self) -> String {
        match self {
            Shown::Truth(b) => b.to_string(),
            Shown::Number(t) | Shown::Text(t) => t.clone(),
            Shown::Tuple(all) => all.iter().map(Shown::spoken).collect::<Vec<_>>().join(" with "),
            Shown::Set(_) | Shown::Map(_) => "a table".to_owned(),
        }
    }
}

/// The states of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    /// What is chosen once, by name.
    pub chosen: Vec<(String, Shown)>,
    /// Names of the parts of the state.
    pub parts: Vec<String>,
    /// The values of the parts, in each state from the first one on.
    pub states: Vec<Vec<Shown>>,
    /// Of a run without end, the state that comes after the last one.
    pub back_to: Option<usize>,
}

/// A part of the state: its name, how to reach it from the state, and its type.
struct Part {
    name: String,
    way: Vec<bool>,
    ty: V,
}

impl Reader<'_> {
    /// The states of a run, from the first one to the last.
    pub(crate) fn states(&self, run: &Run) -> Res<States> {
        // Of more numbers no table is made.
        let largest = self.numbers(&run.actions)?.last().copied().unwrap_or(0).min(VALUES as u64);
        let numbers: Vec<u64> = (0..=largest).collect();
        let parts = self.parts(run)?;
        let mut states = Vec::new();
        // A cycle with steps ends in the state in which it begins, which is not told twice.
        let again = run.repeats_after.is_some_and(|stem| stem < run.actions.len());
        for state in run.states.iter().take(run.states.len() - usize::from(again)) {
            let mut shown = Vec::new();
            for part in &parts {
                shown.push(self.shown(&part.ty, &self.at(part, state), &numbers)?);
            }
            states.push(shown);
        }
        let mut chosen = Vec::new();
        for (name, ty, value) in &run.chosen {
            chosen.push((name.clone(), self.shown(ty, value, &numbers)?));
        }
        let parts = parts.into_iter().map(|p| p.name).collect();
        Ok(States { chosen, parts, states, back_to: run.repeats_after })
    }

    /// The messages that each action sends: what a Byzantine worker could claim as well, and what holds of more afterwards.
    pub(crate) fn sends(&self, run: &Run) -> Res<Vec<Vec<String>>> {
        let mut messages = self.parts(run)?;
        let known = self.messages(&run.actions)?;
        messages.retain(|part| known.contains(&part.name));
        // What is sent holds numbers of the run, and sometimes the one after them.
        let mut numbers = self.numbers(&run.actions)?;
        numbers.extend(numbers.clone().iter().map(|n| n.saturating_add(1)));
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let mut out = vec![Vec::new(); run.actions.len()];
        for part in &messages {
            let mut before = None;
            for (n, state) in run.states.iter().enumerate() {
                let now = self.shown(&part.ty, &self.at(part, state), &numbers)?;
                if let (Some(Shown::Set(before)), Shown::Set(now)) = (&before, &now)
                    && now.iter().any(|x| !before.contains(x))
                    && let Some(sent) = n.checked_sub(1).and_then(|action| out.get_mut(action))
                {
                    sent.push(part.name.clone());
                }
                before = Some(now);
            }
        }
        Ok(out)
    }

    /// What a relation holds of, and the largest number that was tried where numbers are among its arguments; nothing for what is no
    /// relation, and where that would be long.
    pub(crate) fn holding(&self, ty: &V, value: &V, run: &Run) -> Res<Option<(Vec<String>, Option<u64>)>> {
        let (mut rest, mut counts) = (ty.clone(), false);
        while let Val::Pi(dom, cod) = &*self.m.whnf(&rest)? {
            counts |= matches!(&*self.m.whnf(dom)?, Val::Prim(Prim::Nat));
            rest = self.m.inst(cod, self.m.value(Val::Prim(Prim::Star)));
        }
        let numbers: Vec<u64> = self.numbers(&run.actions)?.into_iter().collect();
        let Some(largest) = numbers.last().filter(|n| **n < TOLD as u64) else { return Ok(None) };
        let numbers: Vec<u64> = (0..=*largest).collect();
        Ok(match self.shown(ty, value, &numbers)? {
            Shown::Set(all) if all.len() <= TOLD => {
                Some((all.iter().map(Shown::spoken).collect(), counts.then_some(*largest)))
            }
            _ => None,
        })
    }

    /// The names of the relations that hold what was sent: those for which there is a command of Byzantine workers.
    fn messages(&self, actions: &[V]) -> Res<Vec<String>> {
        let Some(first) = actions.first() else { return Ok(Vec::new()) };
        let Val::Con(d, ..) = &*self.m.whnf(first)? else { return Ok(Vec::new()) };
        let commands = self.names.constructors.range((d.id, 0)..=(d.id, u32::MAX));
        let own = |name: &String| name.rsplit('.').next().and_then(|n| n.strip_suffix(BY_BYZANTINE)).map(str::to_owned);
        Ok(commands.filter_map(|(_, name)| own(name)).collect())
    }

    /// A part of a state.
    fn at(&self, part: &Part, state: &V) -> V {
        part.way.iter().fold(state.clone(), |v, first| if *first { self.m.fst(&v) } else { self.m.snd(&v) })
    }

    /// Zero and the numbers in the arguments of actions. What relations say of larger ones is what they say at first.
    fn numbers(&self, actions: &[V]) -> Res<BTreeSet<u64>> {
        let mut numbers = BTreeSet::from([0]);
        for a in actions {
            if let Val::Con(_, _, _, fields, _) = &*self.m.whnf(a)? {
                for x in fields.iter() {
                    if let Val::NatLit(n) = &*self.m.whnf(x)? {
                        numbers.insert(u64::try_from(n).unwrap_or(u64::MAX));
                    }
                }
            }
        }
        Ok(numbers)
    }

    /// The parts of the state, named by the definitions that read them off.
    fn parts(&self, run: &Run) -> Res<Vec<Part>> {
        let m = self.m;
        let (mut out, mut rest, mut way) = (Vec::new(), run.state.clone(), Vec::new());
        let accessors = self.accessors(&run.actions)?;
        loop {
            let part = |mut way: Vec<bool>, last: Option<bool>, ty: V, n: usize| {
                way.extend(last);
                let named = accessors.iter().find(|(w, _)| *w == way).map(|(_, name)| name.clone());
                Part { name: named.unwrap_or_else(|| format!("part{}", n + 1)), way, ty }
            };
            let next = match &*m.whnf(&rest)? {
                Val::Sigma(a, b) => {
                    out.push(part(way.clone(), Some(true), a.clone(), out.len()));
                    m.inst(b, m.value(Val::Prim(Prim::Star)))
                }
                _ => {
                    out.push(part(way, None, rest.clone(), out.len()));
                    return Ok(out);
                }
            };
            way.push(false);
            rest = next;
        }
    }

    /// Definitions beside the type of the actions that are projections of their last argument: the way and the name of each.
    fn accessors(&self, actions: &[V]) -> Res<Vec<(Vec<bool>, String)>> {
        let Some(first) = actions.first() else { return Ok(Vec::new()) };
        let Val::Con(d, ..) = &*self.m.whnf(first)? else { return Ok(Vec::new()) };
        // Several protocols of one module have accessors of the same form; theirs are named after the protocol, as its actions are.
        let owner = |id: u32| self.names.by_id.get(&id).map(|own| own.rsplit_once('.').map_or("", |(owner, _)| owner));
        let mut out = Vec::new();
        for g in self.names.of_module(self.module_of(d.id)) {
            let Target::Const(id) = g.target else { continue };
            if owner(id) == owner(d.id)
                && let Some(Decl::Def { body, .. }) = self.signature.decl(id)
                && let Some(way) = projections(body)
            {
                out.push((way, g.full.rsplit('.').next().unwrap_or(&g.full).to_owned()));
            }
        }
        Ok(out)
    }

    /// The elements of a type that arguments have.
    fn elements(&self, ty: &V, numbers: &[u64]) -> Res<Option<Vec<(Shown, V)>>> {
        let m = self.m;
        Ok(match &*m.whnf(ty)? {
            Val::Prim(Prim::Nat) => {
                let number = |n: u64| (Shown::Number(n.to_string()), m.value(Val::NatLit(n.into())));
                Some(numbers.iter().copied().map(number).collect())
            }
            Val::Prim(Prim::Bool) => {
                let truth = |b| (Shown::Truth(b), m.value(Val::Prim(if b { Prim::True } else { Prim::False })));
                Some([false, true].map(truth).into())
            }
            _ => {
                let size = self.size(ty)?;
                size.map(|n| (0..n).map(|n| (Shown::Number(n.to_string()), self.element(n))).collect())
            }
        })
    }

    /// A value: a relation as the set of what it holds of, a function by its values.
    fn shown(&self, ty: &V, value: &V, numbers: &[u64]) -> Res<Shown> {
        let m = self.m;
        let mut rows: Vec<(Vec<Shown>, V)> = vec![(Vec::new(), value.clone())];
        let (mut rest, mut arguments) = (ty.clone(), 0);
        while let Val::Pi(dom, cod) = &*m.whnf(&rest)? {
            let Some(all) = self.elements(dom, numbers)? else { return self.plain(value) };
            arguments += 1;
            if arguments > ARGUMENTS || rows.len().saturating_mul(all.len()) > VALUES {
                return self.plain(value);
            }
            let Some((_, some)) = all.first() else { return Ok(Shown::Map(Vec::new())) };
            let next = m.inst(cod, some.clone());
            let longer = |(row, f): &(Vec<Shown>, V)| -> Vec<(Vec<Shown>, V)> {
                all.iter()
                    .map(|(s, x)| ([row.as_slice(), std::slice::from_ref(s)].concat(), m.apply(f, x.clone())))
                    .collect()
            };
            rows = rows.iter().flat_map(longer).collect();
            rest = next;
        }
        let key = |mut row: Vec<Shown>| match row.len() {
            1 => row.remove(0),
            _ => Shown::Tuple(row),
        };
        if arguments == 0 {
            return self.plain(value);
        }
        if matches!(&*m.whnf(&rest)?, Val::Prim(Prim::Bool)) {
            let mut holds = Vec::new();
            for (row, v) in rows {
                if matches!(&*m.whnf(&v)?, Val::Prim(Prim::True)) {
                    holds.push(key(row));
                }
            }
            return Ok(Shown::Set(holds));
        }
        let mut map = Vec::new();
        for (row, v) in rows {
            map.push((key(row), self.plain(&v)?));
        }
        Ok(Shown::Map(map))
    }

    fn plain(&self, v: &V) -> Res<Shown> {
        Ok(match &*self.m.whnf(v)? {
            Val::Prim(p @ (Prim::True | Prim::False)) => Shown::Truth(*p == Prim::True),
            Val::NatLit(n) => Shown::Number(n.to_string()),
            _ => match self.position(v)? {
                Some(n) => Shown::Number(n.to_string()),
                None => Shown::Text(bfv_elab::show(&self.m.quote(&Ctx::default(), v)?, self.names, &[], &[])),
            },
        })
    }
}

/// The way of a function that takes parts of its last argument; true is the first part.
pub(crate) fn projections(body: &Term) -> Option<Vec<bool>> {
    let mut t = body;
    let mut functions = 0;
    while let Node::Lam(b) = &**t {
        (t, functions) = (b, functions + 1);
    }
    let mut way = Vec::new();
    loop {
        match &**t {
            Node::Fst(p) => {
                way.push(true);
                t = p;
            }
            Node::Snd(p) => {
                way.push(false);
                t = p;
            }
            Node::Var(0) if functions > 0 && !way.is_empty() => break,
            _ => return None,
        }
    }
    way.reverse();
    Some(way)
}
