//! What is said of the invariants of a protocol: those that the search made itself, which are read off the evidence, and statements
//! about those that the author wrote: that one holds in every state, and that one follows from the others. The kernel judges these.

use crate::chart::{LEGAL, TRACE};
use crate::check::Goal;
use bfv_elab::{Names, Target, show};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Limits, Machine, Res, Signature, V, Val};
use bfv_syntax::tree::Decl;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Steps of the evaluator.
const STEPS: u64 = 10_000_000;

/// What a state is called where an invariant is written out; no variable of a source can have this name.
const STATE: &str = "state'";

/// An invariant that the author of a protocol wrote, with what would make it superfluous.
#[derive(Clone, Debug)]
pub struct Invariant {
    /// Its name in the protocol.
    pub name: String,
    /// "In every state it holds", without the protocol.
    pub always: Term,
    /// "In every state it follows from the other invariants"; nothing when there are no others.
    pub follows: Option<Term>,
    /// Names of the variables of both statements.
    pub variables: Vec<String>,
}

/// The parameters and hypotheses of a claim about runs, and what the runs are of.
struct About {
    /// Before the run.
    before: Vec<Term>,
    /// The type of states and the guard, in the scope of what stands before.
    state: Term,
    guard: Term,
}

fn library(names: &Names, name: &str) -> Option<u32> {
    match names.library(name)?.target {
        Target::Const(id) | Target::Data(id) => Some(id),
        Target::Con(..) | Target::Prim(_) => None,
    }
}

fn spine(t: &Term) -> (&Term, Vec<&Term>) {
    let (mut head, mut arguments) = (t, Vec::new());
    while let Node::App(f, x) = &**head {
        arguments.push(x);
        head = f;
    }
    arguments.reverse();
    (head, arguments)
}

fn about(names: &Names, statement: &Term) -> Option<About> {
    let (trace, legal) = (library(names, TRACE)?, library(names, LEGAL)?);
    let (mut before, mut rest) = (Vec::new(), statement);
    loop {
        let Node::Pi(dom, next) = &**rest else { return None };
        if matches!(&**dom, Node::Data(d, _) if d.id == trace) {
            let Node::Pi(allowed, _) = &**next else { return None };
            let (head, arguments) = spine(allowed);
            let [state, _, _, _, guard, _] = arguments.as_slice() else { return None };
            if !matches!(&**head, Node::Const { id, .. } if *id == legal) {
                return None;
            }
            // None of them mentions the run.
            let outside = |t: &Term| bfv_search::shift::rename(t, 0, 0, &mut |n| n.checked_sub(1), &mut Some);
            return Some(About { before, state: outside(state)?, guard: outside(guard)? });
        }
        before.push(dom.clone());
        rest = next;
    }
}

/// Whether a claim is about the runs of a protocol.
#[must_use]
pub fn about_runs(names: &Names, goal: &Goal) -> bool {
    about(names, &goal.statement).is_some()
}

/// The name of the protocol of a guard.
fn protocol<'n>(names: &'n Names, guard: &Term) -> Option<&'n str> {
    match &**spine(guard).0 {
        Node::Const { id, .. } => names.by_id.get(id)?.strip_suffix(".guard"),
        _ => None,
    }
}

fn lifted(t: &Term, by: u32) -> Term {
    bfv_search::shift::rename(t, 0, 0, &mut |n| Some(n + by), &mut Some).unwrap_or_else(|| t.clone())
}

/// The invariants that go with a claim; none for a claim that is not about a protocol, and where another claim about it comes first,
/// for what is said of a protocol is said once.
#[must_use]
pub fn once(signature: &Signature, names: &Names, claims: &BTreeMap<String, Decl>, goal: &Goal) -> Vec<Invariant> {
    let about = about(names, &goal.statement);
    let Some(protocol) = about.as_ref().and_then(|a| protocol(names, &a.guard)) else { return Vec::new() };
    let (full, own) = (goal.full_name(), format!("{}.{protocol}.", goal.module));
    let Some(start) = claims.get(&full).map(|d| d.span.start) else { return Vec::new() };
    if claims.iter().any(|(name, d)| name.starts_with(&own) && d.span.start < start) {
        return Vec::new();
    }
    let machine = Machine::new(signature, Limits { steps: STEPS, ..Limits::default() });
    written(&machine, names, goal).ok().flatten().unwrap_or_default()
}

fn written(m: &Machine<'_>, names: &Names, goal: &Goal) -> Res<Option<Vec<Invariant>>> {
    let Some(about) = about(names, &goal.statement) else { return Ok(None) };
    let Some(protocol) = protocol(names, &about.guard) else { return Ok(None) };
    let own = format!("{protocol}.invariant");
    let Some(id) = names.of_module(&goal.module).find_map(|g| match g.target {
        Target::Const(id) if names.by_id.get(&id) == Some(&own) => Some(id),
        _ => None,
    }) else {
        return Ok(None);
    };
    let mut ctx = Ctx::default();
    for dom in &about.before {
        let ty = m.eval(&ctx.env, dom);
        ctx = m.bind(&ctx, ty).0;
    }
    let ty = m.eval(&ctx.env, &about.state);
    let arguments: Vec<Term> = spine(&about.guard).1.into_iter().cloned().collect();
    let all: Term = Rc::new(Node::Const { id, shift: 0 });
    let all = arguments.iter().fold(all, |f, x| Rc::new(Node::App(f, x.clone())));
    let all = m.eval(&ctx.env, &all);
    let (inner, state) = m.bind(&ctx, ty);
    let mut parts = Vec::new();
    let prefix = format!("{own}.");
    split(m, names, &inner, &m.apply(&all, state), &prefix, &mut parts)?;
    let forall = |t: Term| {
        let t = Rc::new(Node::Pi(about.state.clone(), t)) as Term;
        about.before.iter().rev().fold(t, |t, dom| Rc::new(Node::Pi(dom.clone(), t)))
    };
    let mut variables: Vec<String> = goal.variables.iter().take(about.before.len()).cloned().collect();
    variables.push(String::new());
    let statements = parts.iter().map(|(name, t)| {
        let others: Vec<&Term> = parts.iter().filter(|(n, _)| n != name).map(|(_, t)| t).collect();
        let count = u32::try_from(others.len()).unwrap_or(u32::MAX);
        let follows = (0..count)
            .rev()
            .zip(others.iter().rev())
            .fold(lifted(t, count), |t, (n, other)| Rc::new(Node::Pi(lifted(other, n), t)));
        Invariant {
            name: name.clone(),
            always: forall(t.clone()),
            follows: (count > 0).then(|| forall(follows)),
            variables: variables.clone(),
        }
    });
    Ok(Some(statements.collect()))
}

/// The invariants in a conjunction of them, by name.
fn split(m: &Machine<'_>, names: &Names, ctx: &Ctx, ty: &V, prefix: &str, out: &mut Vec<(String, Term)>) -> Res<()> {
    let t = m.quote(ctx, ty)?;
    if let Node::Const { id, .. } = &**spine(&t).0
        && let Some(name) = names.by_id.get(id).and_then(|n| n.strip_prefix(prefix))
    {
        out.push((name.to_owned(), t.clone()));
        return Ok(());
    }
    if let Val::Sigma(a, b) = &*m.whnf(ty)? {
        split(m, names, ctx, a, prefix, out)?;
        split(m, names, ctx, &m.inst(b, m.value(Val::Prim(Prim::Star))), prefix, out)?;
    }
    Ok(())
}

/// The invariants that a proof rests on and nobody wrote, as a person would write them.
#[must_use]
pub fn made(signature: &Signature, names: &Names, goal: &Goal, evidence: &Term) -> Vec<String> {
    let machine = Machine::new(signature, Limits { steps: STEPS, ..Limits::default() });
    read_made(&machine, names, goal, evidence).ok().flatten().unwrap_or_default()
}

fn read_made(m: &Machine<'_>, names: &Names, goal: &Goal, evidence: &Term) -> Res<Option<Vec<String>>> {
    let Some(by) = library(names, "std.protocol.by_invariant") else { return Ok(None) };
    let Some(about) = about(names, &goal.statement) else { return Ok(None) };
    let Some(protocol) = protocol(names, &about.guard) else { return Ok(None) };
    let (mut t, mut bound, mut others) = (evidence, 0usize, 0usize);
    while let Node::Lam(b) = &**t {
        (t, bound) = (b, bound + 1);
    }
    while let Node::Snd(p) = &**t {
        (t, others) = (p, others + 1);
    }
    // What the author gives.
    if let Node::Let(_, _, rest) = &**t {
        (t, bound) = (rest, bound + 1);
    }
    let (head, arguments) = spine(t);
    let (true, Some(kept)) = (matches!(&**head, Node::Const { id, .. } if *id == by), arguments.get(5)) else {
        return Ok(None);
    };
    let Node::Lam(kept) = &***kept else { return Ok(None) };
    let mut variables: Vec<String> = goal.variables.iter().take(bound).cloned().collect();
    variables.resize(bound, String::new());
    variables.push(STATE.to_owned());
    let (mut rest, mut out) = (kept.clone(), Vec::new());
    let shorter = shorter(m, names, goal, protocol);
    for _ in 0..others {
        let Node::Sigma(a, b) = &*rest.clone() else { return Ok(None) };
        let Some(after) = bfv_search::shift::rename(b, 0, 0, &mut |n| n.checked_sub(1), &mut Some) else {
            return Ok(None);
        };
        rest = after;
        // All that the author wrote at once, or one of them.
        let written = |n: &String| {
            let rest = n.strip_prefix(protocol).and_then(|n| n.strip_prefix(".invariant"));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        let given = matches!(&**spine(a).0, Node::Const { id, .. } if names.by_id.get(id).is_some_and(written));
        if !given {
            let text = show(a, names, &variables, &[]);
            out.push(shorter.iter().fold(text, |text, (long, short)| text.replace(long, short)));
        }
    }
    Ok(Some(out))
}

/// What stands for a part of the state in text, and the name of the part; a truth value stands for itself being true.
fn shorter(m: &Machine<'_>, names: &Names, goal: &Goal, protocol: &str) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for g in names.of_module(&goal.module) {
        let Target::Const(id) = g.target else { continue };
        let Some(name) = names.by_id.get(&id) else { continue };
        let Some(short) = name.strip_prefix(protocol).and_then(|n| n.strip_prefix('.')) else { continue };
        let Some(body) = m.globals().const_body(id) else { continue };
        let Some(way) = crate::states::projections(&body) else { continue };
        let way: String = way.iter().map(|first| if *first { ".1" } else { ".2" }).collect();
        out.push((format!("{STATE}{way}"), short.to_owned()));
        out.push((format!("({name} {STATE})"), short.to_owned()));
        out.push((format!("{name} {STATE}"), short.to_owned()));
    }
    // What is longer may begin with what is shorter.
    out.sort_by_key(|(long, _)| std::cmp::Reverse(long.len()));
    out.push((" = true".to_owned(), String::new()));
    out
}
