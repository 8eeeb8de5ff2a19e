//! Whether the quantifiers and functions of a protocol go in a circle: from elements of a sort to ones that exist for them, and back to
//! elements of the first sort. Where they do not, only finitely many elements can be named, and the search ends.

use crate::ground::search::Search;
use crate::invariant::{Protocol, named};
use bfv_format::{Prim, Term};
use bfv_kernel::{Ctx, Res, V, Val};
use bfv_search::Lemma;

/// For each element of a sort there is one of another, and what says so.
struct Edge {
    from: Term,
    to: Term,
    by: String,
}

/// Reads statements for what exists for what.
struct Reading<'s, 'g> {
    search: &'s mut Search<'g>,
    lemmas: &'s [Lemma],
    edges: Vec<Edge>,
    /// Sorts of what is bound for all around here.
    bound: Vec<Term>,
}

/// A circle, in sentences; nothing when there is none. `kept` is what every state is said to have, of a variable state.
pub fn circle(
    search: &mut Search<'_>,
    protocol: &Protocol,
    parameters: &Ctx,
    kept: &dyn Fn(&V) -> V,
    lemmas: &[Lemma],
) -> Res<Option<String>> {
    let m = search.reader.m;
    let Some(decl) = m.globals().data(protocol.data.id) else { return Ok(None) };
    let mut reading = Reading { search, lemmas, edges: Vec::new(), bound: Vec::new() };
    for ty in &parameters.types {
        reading.function(ty, "a function that is chosen once")?;
    }
    let mut rest = protocol.state.clone();
    while let Val::Sigma(a, b) = &*m.whnf(&rest.clone())? {
        reading.function(a, "a function of the state")?;
        rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
    }
    reading.function(&rest, "a function of the state")?;
    for (number, constructor) in (0u32..).zip(&decl.constructors) {
        let taken = protocol.take(reading.search, number, &constructor.fields)?;
        let short = crate::invariant::short(&constructor.name);
        reading.statement(&taken.allowed, true, &format!("the guard of `{short}`"))?;
        if number == 0 {
            let all = kept(&taken.state);
            // It is assumed before an action, and to be shown after it.
            reading.statement(&all, true, "the property")?;
            reading.statement(&all, false, "the property")?;
        }
    }
    let Reading { edges, search, .. } = reading;
    let Some(way) = shortest(&edges) else { return Ok(None) };
    let mut out = vec!["Quantifiers go in a circle, so the search need not end.".to_owned()];
    for e in way {
        let (from, to) = (sort(search, &e.from), sort(search, &e.to));
        out.push(format!("From {from} to {to} leads {}.", e.by));
    }
    Ok(Some(out.join(" ")))
}

/// What the elements of a sort are called.
fn sort(search: &Search<'_>, t: &Term) -> &'static str {
    match (bfv_search::shift::head_constant(t), &**t) {
        (_, bfv_format::Node::Prim(Prim::Nat)) => "numbers",
        (Some(id), _) if id == search.reader.lib.fin => "workers",
        _ => "elements",
    }
}

impl Reading<'_, '_> {
    fn edge(&mut self, from: Term, to: Term, by: &str) {
        self.edges.push(Edge { from, to, by: by.to_owned() });
    }

    /// A function leads from each of its arguments to its values.
    fn function(&mut self, ty: &V, by: &str) -> Res<()> {
        let m = self.search.reader.m;
        let (mut arguments, mut ty) = (Vec::new(), ty.clone());
        if self.search.reader.is_statement(&ty)? {
            return Ok(());
        }
        while let Val::Pi(dom, cod) = &*m.whnf(&ty.clone())? {
            let (_, x) = self.search.reader.variable(dom.clone());
            arguments.extend(self.search.reader.key(dom)?);
            ty = m.inst(cod, x);
        }
        if matches!(&*m.whnf(&ty)?, Val::Prim(Prim::Bool)) {
            return Ok(());
        }
        let Some(to) = self.search.reader.key(&ty)? else { return Ok(()) };
        for from in arguments {
            self.edge(from, to.clone(), by);
        }
        Ok(())
    }

    /// What exists in a statement, or (not `holds`) where it fails, for what is bound for all around it.
    fn statement(&mut self, ty: &V, holds: bool, by: &str) -> Res<()> {
        let m = self.search.reader.m;
        let own = named(m, ty, self.lemmas)?.map(|n| format!("the invariant {n}"));
        let by = own.as_deref().unwrap_or(by);
        match &*m.whnf(ty)? {
            Val::Sigma(a, b) => {
                self.statement(a, holds, by)?;
                self.statement(&m.inst(b, m.value(Val::Prim(Prim::Star))), holds, by)
            }
            Val::Pi(a, b) if self.search.reader.is_statement(a)? => {
                self.statement(a, !holds, by)?;
                self.statement(&m.inst(b, m.value(Val::Prim(Prim::Star))), holds, by)
            }
            Val::Pi(a, b) => {
                let (_, x) = self.search.reader.variable(a.clone());
                let Some(own) = self.search.reader.key(a)? else { return Ok(()) };
                if holds {
                    self.bound.push(own);
                } else {
                    for from in self.bound.clone() {
                        self.edge(from, own.clone(), by);
                    }
                }
                self.statement(&m.inst(b, x), holds, by)?;
                if holds {
                    self.bound.pop();
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

/// The shortest way from a sort back to itself.
fn shortest(edges: &[Edge]) -> Option<Vec<&Edge>> {
    let from = |s: &Term| edges.iter().filter(move |e| e.from == *s).collect::<Vec<_>>();
    let mut best: Option<Vec<&Edge>> = None;
    for start in edges {
        let (mut seen, mut ways) = (Vec::new(), vec![vec![start]]);
        while let Some(way) = (!ways.is_empty()).then(|| ways.remove(0)) {
            let Some(last) = way.last() else { continue };
            if last.to == start.from {
                if best.as_ref().is_none_or(|b| way.len() < b.len()) {
                    best = Some(way);
                }
                break;
            }
            if seen.contains(&&last.to) {
                continue;
            }
            seen.push(&last.to);
            ways.extend(from(&last.to).into_iter().map(|e| [way.as_slice(), &[e]].concat()));
        }
    }
    best
}
