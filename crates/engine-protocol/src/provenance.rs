//! Invariants that bfv makes itself, from what a protocol says anyway: what only one command of honest workers does shows that this command
//! was allowed once. Most parts of a guard do not stay true; which do is for the prover to say. What is made here is a guess.

use crate::ground::search::Search;
use crate::invariant::{Protocol, Taken, raise};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ivl, Res, V, Val};
use bfv_search::shift::rename;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Most of them.
const MOST: usize = 24;

/// A relation of the state: its arguments as variables, and what it says of them.
struct Relation {
    /// Level and type of each argument.
    arguments: Vec<(u32, V)>,
    values: Vec<V>,
    /// The way to it in the state: how many other parts stand before it, and whether it is the last one.
    before: usize,
    last: bool,
}

/// What a command does with a relation.
enum Does {
    Nothing,
    /// It makes it true, where the arguments are these terms, or any.
    Sets(Vec<Option<Term>>),
    Other,
}

/// A command as far as a relation goes.
struct Source {
    taken: Taken,
    at: Vec<Option<Term>>,
    guard: Vec<V>,
}

/// Statements about a state with the number `state`, numbered.
pub fn made(search: &mut Search<'_>, protocol: &Protocol, state: u32) -> Res<Vec<Term>> {
    let mut out = Vec::new();
    for relation in relations(search, &protocol.state)? {
        let Some((honest, lies)) = sources(search, protocol, &relation)? else { continue };
        let Some(premise) = premise(search, &relation, lies.as_ref())? else { continue };
        let Some(holds) = relation.holds(search, &honest.taken, &relation.values)? else { continue };
        for part in &honest.guard {
            let Some(t) = search.reader.term(part)? else { continue };
            let said = pinned(&t, &relation, &honest.at);
            // That an honest worker is honest is no news.
            if premise.as_ref().is_some_and(|p| *p == t || said.as_ref() == Some(p)) {
                continue;
            }
            let stays = said.and_then(|said| {
                let body = arrow(premise.as_ref(), arrow(Some(&holds), said));
                closed(search, body, &relation.arguments, honest.taken.level, state)
            });
            out.extend(stays);
            out.extend(unique(search, &relation, &honest, premise.as_ref(), part, state)?);
        }
    }
    out.truncate(MOST);
    Ok(out)
}

/// The relations of a state.
fn relations(search: &mut Search<'_>, state: &V) -> Res<Vec<Relation>> {
    let m = search.reader.m;
    let (mut rest, mut types) = (state.clone(), Vec::new());
    while let Val::Sigma(a, b) = &*m.whnf(&rest.clone())? {
        types.push(a.clone());
        rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
    }
    types.push(rest);
    let (mut out, count) = (Vec::new(), types.len());
    for (before, ty) in types.into_iter().enumerate() {
        let (mut arguments, mut values, mut ty) = (Vec::new(), Vec::new(), ty);
        while let Val::Pi(dom, cod) = &*m.whnf(&ty.clone())? {
            let (level, x) = search.reader.variable(dom.clone());
            ty = m.inst(cod, x.clone());
            arguments.push((level, dom.clone()));
            values.push(x);
        }
        if !arguments.is_empty() && matches!(&*m.whnf(&ty)?, Val::Prim(Prim::Bool)) {
            out.push(Relation { arguments, values, before, last: before + 1 == count });
        }
    }
    Ok(out)
}

impl Relation {
    fn of(&self, search: &Search<'_>, state: &V) -> V {
        let m = search.reader.m;
        let rest = (0..self.before).fold(state.clone(), |v, _| m.snd(&v));
        if self.last { rest } else { m.fst(&rest) }
    }

    /// That it holds of arguments in the state before an action.
    fn holds(&self, search: &Search<'_>, taken: &Taken, arguments: &[V]) -> Res<Option<Term>> {
        let m = search.reader.m;
        let truth = arguments.iter().fold(self.of(search, &taken.state), |f, x| m.apply(&f, x.clone()));
        search.reader.term(&search.reader.truth(&truth))
    }

    /// What an action does with it.
    fn does(&self, search: &Search<'_>, taken: &Taken) -> Res<Does> {
        let reader = &search.reader;
        let m = reader.m;
        let at = |state: &V| self.values.iter().fold(self.of(search, state), |f, x| m.apply(&f, x.clone()));
        let mut now = at(&taken.after);
        if reader.key(&now)? == reader.key(&at(&taken.state))? {
            return Ok(Does::Nothing);
        }
        let mut places = vec![None; self.arguments.len()];
        loop {
            if matches!(&*m.whnf(&now)?, Val::Prim(Prim::True)) {
                return Ok(Does::Sets(places));
            }
            let Some((left, right, equal)) = reader.tested(&now)? else { return Ok(Does::Other) };
            let place = |t: &Term| {
                let Node::Var(level) = &**t else { return None };
                self.arguments.iter().position(|(own, _)| own == level)
            };
            let (Some(n), other) = (match place(&right) {
                Some(n) => (Some(n), left),
                None => (place(&left), right),
            }) else {
                return Ok(Does::Other);
            };
            if let Some(slot) = places.get_mut(n) {
                *slot = Some(other);
            }
            now = equal;
        }
    }
}

/// The command of honest workers that sets a relation, when there is only one, and the one of Byzantine workers, if any. Of other relations
/// nothing is said.
fn sources(search: &mut Search<'_>, protocol: &Protocol, relation: &Relation) -> Res<Option<(Source, Option<Source>)>> {
    let m = search.reader.m;
    let Some(decl) = m.globals().data(protocol.data.id) else { return Ok(None) };
    let (mut honest, mut lies) = (None, None);
    for (number, constructor) in (0u32..).zip(&decl.constructors) {
        let taken = protocol.take(search, number, &constructor.fields)?;
        let at = match relation.does(search, &taken)? {
            Does::Nothing => continue,
            Does::Sets(at) => at,
            Does::Other => return Ok(None),
        };
        let mut guard = Vec::new();
        parts(search, &taken.allowed, &mut guard)?;
        // What Byzantine workers send depends on nothing but on who they are.
        let mut rigid = true;
        for part in &guard {
            let key = search.reader.key(part)?;
            rigid &= key.is_some_and(|k| !mentions(&k, taken.level));
        }
        let slot = if rigid && guard.len() == 1 { &mut lies } else { &mut honest };
        if slot.is_some() {
            return Ok(None);
        }
        *slot = Some(Source { taken, at, guard });
    }
    Ok(honest.map(|honest| (honest, lies)))
}

/// The parts of a conjunction.
fn parts(search: &Search<'_>, ty: &V, out: &mut Vec<V>) -> Res<()> {
    let m = search.reader.m;
    match &*m.whnf(ty)? {
        Val::Sigma(a, b) if search.reader.is_statement(a)? => {
            parts(search, a, out)?;
            parts(search, &m.inst(b, m.value(Val::Prim(Prim::Star))), out)
        }
        Val::Prim(Prim::Unit) => Ok(()),
        // The guard of a single part would be written with its action.
        Val::Path(line, a, b) => {
            out.push(m.value(Val::Path(line.clone(), a.clone(), b.clone())));
            Ok(())
        }
        Val::Pi(a, b) => {
            out.push(m.value(Val::Pi(a.clone(), b.clone())));
            Ok(())
        }
        _ => {
            out.push(ty.clone());
            Ok(())
        }
    }
}

/// That no Byzantine worker did it, of the arguments of the relation. The inner option: whether there is one who can.
fn premise(search: &Search<'_>, relation: &Relation, lies: Option<&Source>) -> Res<Option<Option<Term>>> {
    let Some(lies) = lies else { return Ok(Some(None)) };
    let Some(part) = lies.guard.first() else { return Ok(None) };
    let Some(t) = search.reader.term(part)? else { return Ok(None) };
    let part = pinned(&t, relation, &lies.at);
    Ok(part.map(|p| Some(Rc::new(Node::Pi(p, Rc::new(Node::Prim(Prim::Empty)))) as Term)))
}

/// A numbered term about the fields of a command as one about the arguments of the relation that it sets.
fn pinned(t: &Term, relation: &Relation, at: &[Option<Term>]) -> Option<Term> {
    let mut places: BTreeMap<u32, u32> = BTreeMap::new();
    for (place, (level, _)) in at.iter().zip(&relation.arguments) {
        if let Some(Node::Var(field)) = place.as_deref() {
            places.insert(*field, *level);
        }
    }
    rename(t, 0, 0, &mut |n| Some(places.get(&n).copied().unwrap_or(n)), &mut Some)
}

/// Where a guard says that nothing of a kind was set before, what is set is the only one of its kind.
fn unique(
    search: &mut Search<'_>,
    relation: &Relation,
    honest: &Source,
    premise: Option<&Term>,
    part: &V,
    state: u32,
) -> Res<Vec<Term>> {
    let m = search.reader.m;
    let (mut ty, mut bound) = (part.clone(), Vec::new());
    let denied = loop {
        match &*m.whnf(&ty.clone())? {
            Val::Pi(a, b) if search.reader.is_statement(a)? => {
                if !matches!(&*m.whnf(&m.inst(b, m.value(Val::Prim(Prim::Star))))?, Val::Prim(Prim::Empty)) {
                    return Ok(Vec::new());
                }
                match &*m.whnf(a)? {
                    Val::Path(_, truth, yes) if matches!(&*m.whnf(yes)?, Val::Prim(Prim::True)) => break truth.clone(),
                    _ => return Ok(Vec::new()),
                }
            }
            Val::Pi(a, b) => {
                let (level, x) = search.reader.variable(a.clone());
                bound.push(level);
                ty = m.inst(b, x);
            }
            Val::Path(line, truth, no)
                if matches!(&*m.whnf(no)?, Val::Prim(Prim::False))
                    && matches!(&*m.whnf(&m.dinst(line, Ivl::Zero))?, Val::Prim(Prim::Bool)) =>
            {
                break truth.clone();
            }
            _ => return Ok(Vec::new()),
        }
    };
    let reader = &search.reader;
    let (Some(mut denied), Some(own)) = (reader.key(&denied)?, reader.key(&relation.of(search, &honest.taken.state))?)
    else {
        return Ok(Vec::new());
    };
    // The arguments that the guard leaves open; the others must be those of the command.
    let mut open = Vec::new();
    for n in (0..relation.arguments.len()).rev() {
        let Node::App(f, x) = &*denied.clone() else { return Ok(Vec::new()) };
        match &**x {
            Node::Var(level) if bound.contains(level) && !open.contains(&n) => open.push(n),
            _ if honest.at.get(n).is_some_and(|at| at.as_ref() == Some(x)) => {}
            _ => return Ok(Vec::new()),
        }
        denied = f.clone();
    }
    if denied != own || open.len() != bound.len() {
        return Ok(Vec::new());
    }
    // Another one of the kind.
    let (mut values, mut arguments, mut equal) = (relation.values.clone(), relation.arguments.clone(), Vec::new());
    for n in open {
        let (Some((level, ty)), Some(value)) = (relation.arguments.get(n), values.get_mut(n)) else { continue };
        let (other, x) = search.reader.variable(ty.clone());
        *value = x;
        arguments.push((other, ty.clone()));
        let Some(ty) = search.reader.term(ty)? else { return Ok(Vec::new()) };
        let var = |n: u32| Rc::new(Node::Var(n)) as Term;
        equal.push(Rc::new(Node::Path(ty, var(*level), var(other))) as Term);
    }
    let (Some(one), Some(two)) =
        (relation.holds(search, &honest.taken, &relation.values)?, relation.holds(search, &honest.taken, &values)?)
    else {
        return Ok(Vec::new());
    };
    let statements = equal.into_iter().filter_map(|equal| {
        let body = arrow(premise, arrow(Some(&one), arrow(Some(&two), equal)));
        closed(search, body, &arguments, honest.taken.level, state)
    });
    Ok(statements.collect())
}

/// `a -> b`, or `b` alone.
fn arrow(a: Option<&Term>, b: Term) -> Term {
    match a {
        Some(a) => Rc::new(Node::Pi(a.clone(), raise(&b, 1))),
        None => b,
    }
}

/// A statement for all arguments, about a state with the number `state`; none when it mentions anything else.
fn closed(search: &Search<'_>, body: Term, arguments: &[(u32, V)], from: u32, state: u32) -> Option<Term> {
    let mut t = body;
    for (level, ty) in arguments.iter().rev() {
        let ty = search.reader.term(ty).ok()??;
        let inner = rename(&t, 0, 0, &mut |n| Some(if n == *level { 0 } else { n + 1 }), &mut Some)?;
        t = Rc::new(Node::Pi(ty, inner));
    }
    rename(&t, 0, 0, &mut |n| if n == from { Some(state) } else { (n < state).then_some(n) }, &mut Some)
}

fn mentions(t: &Term, level: u32) -> bool {
    rename(t, 0, 0, &mut |n| (n != level).then_some(n), &mut Some).is_none()
}
