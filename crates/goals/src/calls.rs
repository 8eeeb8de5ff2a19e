//! How each function is called in the language: the order of its arguments, and which tests it needs of its type parameters.

use crate::problem::{Fun, Problem};
use crate::term::Term;
use crate::types::Ty;
use std::collections::{BTreeMap, BTreeSet};

/// A test that a function needs of the values of a type parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    Equal,
    Less,
}

/// Needed tests, by type parameters of the source.
pub type Needs = BTreeSet<(String, Need)>;

/// The tests that a type needs of its parameters to be tested for being the same.
pub fn equal_needs(ty: &Ty, out: &mut Needs) {
    match ty {
        Ty::Var(p) => {
            out.insert((p.clone(), Need::Equal));
        }
        Ty::Data(_, args) => args.iter().for_each(|a| equal_needs(a, out)),
        Ty::Meta(_) | Ty::Bool | Ty::Int | Ty::Fun(..) => {}
    }
}

/// What a term needs, when functions need so much.
pub fn needs_of(t: &Term, funs: &BTreeMap<String, Fun>, known: &BTreeMap<String, Needs>, out: &mut Needs) {
    match t {
        Term::Equal(ty, ..) => equal_needs(ty, out),
        Term::Compare(_, Ty::Var(p), ..) => {
            out.insert((p.clone(), Need::Less));
        }
        Term::Call(f, tys, _) => {
            let params = funs.get(f).map(|f| f.params.as_slice()).unwrap_or_default();
            for (p, need) in known.get(f).into_iter().flatten() {
                match (params.iter().position(|q| q == p).and_then(|n| tys.get(n)), need) {
                    (Some(ty), Need::Equal) => equal_needs(ty, out),
                    (Some(Ty::Var(p)), Need::Less) => {
                        out.insert((p.clone(), Need::Less));
                    }
                    _ => {}
                }
            }
        }
        _ => {}
    }
    t.parts().into_iter().for_each(|p| needs_of(p, funs, known, out));
}

/// The tests that each function needs.
pub fn needs(problem: &Problem) -> BTreeMap<String, Needs> {
    let mut known: BTreeMap<String, Needs> = BTreeMap::new();
    loop {
        let mut next = known.clone();
        for (name, f) in &problem.funs {
            needs_of(&f.body, &problem.funs, &known, next.entry(name.clone()).or_default());
        }
        if next == known {
            return known;
        }
        known = next;
    }
}

/// Functions that call each other, those that are called by others first.
pub fn components(problem: &Problem) -> Vec<Vec<String>> {
    let direct: BTreeMap<&str, BTreeSet<&str>> = problem
        .funs
        .iter()
        .map(|(name, f)| {
            let mut calls = Vec::new();
            f.body.calls(&mut calls);
            (name.as_str(), calls.into_iter().map(|(g, ..)| g).collect())
        })
        .collect();
    let reach: BTreeMap<&str, BTreeSet<&str>> = direct.keys().map(|f| (*f, reached(f, &direct))).collect();
    let mut left: Vec<&str> = direct.keys().copied().collect();
    let mut out = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    while !left.is_empty() {
        let ready = left.iter().copied().find(|f| {
            reach.get(f).is_some_and(|r| {
                r.iter().all(|g| done.contains(g) || reach.get(g).is_some_and(|r| r.contains(f)) || g == f)
            })
        });
        let Some(f) = ready else { break };
        let together: Vec<&str> = left
            .iter()
            .copied()
            .filter(|g| {
                *g == f || reach.get(f).is_some_and(|r| r.contains(g)) && reach.get(g).is_some_and(|r| r.contains(f))
            })
            .collect();
        left.retain(|g| !together.contains(g));
        done.extend(&together);
        out.push(together.into_iter().map(str::to_owned).collect());
    }
    out
}

fn reached<'s>(f: &'s str, direct: &BTreeMap<&'s str, BTreeSet<&'s str>>) -> BTreeSet<&'s str> {
    let mut out = BTreeSet::new();
    let mut todo: Vec<&str> = direct.get(f).into_iter().flatten().copied().collect();
    while let Some(g) = todo.pop() {
        if out.insert(g) {
            todo.extend(direct.get(g).into_iter().flatten());
        }
    }
    out
}

/// A function that recurs on the parts of one of its arguments.
#[derive(Clone, Debug)]
pub struct Structural {
    /// The argument.
    pub on: usize,
    /// The arguments in the order in which the language takes them.
    pub order: Vec<usize>,
    /// For each constructor: its name in the source, the variables of its fields, and the body.
    pub clauses: Vec<(String, Vec<String>, Term)>,
}

/// How a function recurs structurally, as far as its calls of itself go; the way that changes the order of the arguments least.
pub fn structural(problem: &mut Problem, f: &Fun) -> Option<Structural> {
    let mut best: Option<Structural> = None;
    for on in 0..f.args.len() {
        let Some(found) = structural_on(problem, f, on) else { continue };
        let plain = found.order.iter().copied().eq(0..f.args.len());
        if plain {
            return Some(found);
        }
        best = best.or(Some(found));
    }
    best
}

fn structural_on(problem: &mut Problem, f: &Fun, on: usize) -> Option<Structural> {
    let (x, ty) = f.args.get(on)?;
    let Ty::Data(d, params) = ty else { return None };
    let data = problem.data(d)?.clone();
    let mut clauses = Vec::new();
    let mut changed: BTreeSet<usize> = BTreeSet::new();
    for con in &data.cons {
        let vars: Vec<String> = con.fields.iter().map(|_| problem.names.fresh(x)).collect();
        let parts: BTreeSet<&String> =
            crate::measure::own_fields(&data, con).into_iter().filter_map(|n| vars.get(n)).collect();
        let value = Term::Con(con.source.clone(), params.clone(), vars.iter().cloned().map(Term::Var).collect());
        let body = f.body.with(&BTreeMap::from([(x.clone(), value)])).simplified(&BTreeMap::new());
        let mut calls = Vec::new();
        body.calls(&mut calls);
        for (_, _, args) in calls.into_iter().filter(|(g, ..)| *g == f.source) {
            if !matches!(args.get(on), Some(Term::Var(y)) if parts.contains(y)) {
                return None;
            }
            let moved =
                f.args.iter().zip(args).enumerate().filter(|(_, ((x, _), a))| !matches!(a, Term::Var(y) if x == y));
            changed.extend(moved.map(|(n, _)| n));
        }
        clauses.push((con.source.clone(), vars, body));
    }
    let before =
        |keep: bool| (0..on).filter(move |n| *n < on).filter(|n| changed.contains(n) != keep).collect::<Vec<_>>();
    let order = before(true).into_iter().chain([on]).chain(before(false)).chain(on + 1..f.args.len()).collect();
    Some(Structural { on, order, clauses })
}
