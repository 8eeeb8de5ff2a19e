//! Safety of protocols: what holds at first and is kept by every action holds at the end of every run. The statement to be kept is made
//! of the invariants that the protocol gives and the property itself; each part of it after each action is one goal.

use crate::claim::{Claim, Words, count, given, read, words};
use crate::fragment::circle;
use crate::ground::hints::Note;
use crate::ground::library::Library;
use crate::ground::proof::{Cases, P, Proof, Scope, numbered};
use crate::ground::search::Search;
use crate::obligations::{Open, Part, Source};
use crate::provenance::made;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Head, Machine, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Engine, Goal, Lemma, Outcome, Reason, Solver};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Numbers of variables of the whole proof; the search counts up from 0, and `u32::MAX` is that of what is absurd.
const ACTION: u32 = u32::MAX - 1;
/// All that held before an action.
const HELD: u32 = u32::MAX - 2;
/// What the author gives.
const GIVEN: u32 = u32::MAX - 3;

/// An answer, or why there is none.
type Answer = Res<Result<Term, (Reason, String)>>;

fn no(reason: Reason, why: impl Into<String>) -> Answer {
    Ok(Err((reason, why.into())))
}

/// Proves a claim about a protocol by its invariants.
pub fn run(
    goal: &Goal<'_>,
    side: &dyn Engine,
    solver: Option<&'static dyn Solver>,
    budget: &mut Budget,
) -> Res<Outcome> {
    Ok(match answer(goal, side, solver, budget)? {
        Ok(t) => Outcome::Candidate(t),
        Err((reason, why)) => Outcome::GaveUp(reason, why),
    })
}

fn answer(goal: &Goal<'_>, side: &dyn Engine, solver: Option<&'static dyn Solver>, budget: &mut Budget) -> Answer {
    let m = goal.machine;
    let (Some(words), Some(lib)) = (words(goal.lemmas), Library::find(m, goal.lemmas)) else {
        return no(Reason::OutsideFragment, "");
    };
    let Some(claim) = read(m, &goal.ctx, &goal.target, &words)? else { return no(Reason::OutsideFragment, "") };
    let [state, actions, init, effect, guard] = &claim.parts;
    let value = |t: &Term| evaluate(m, &claim.whole, t);
    let (Some(state_type), Some(init), Some(effect), Some(guard_value), Some(action_type)) =
        (value(state), value(init), value(effect), value(guard), value(actions))
    else {
        return no(Reason::Unsupported, "");
    };
    let given = given(m, goal.lemmas, guard, &state_type, &value)?;
    let Val::Data(data, parameters) = &*m.whnf(&action_type)? else {
        return no(Reason::Unsupported, "The actions are no data type.");
    };
    if m.globals().data(data.id).is_none() {
        return no(Reason::Unsupported, "");
    }
    let run = Run {
        goal,
        side,
        solver,
        lib,
        words,
        protocol: Protocol {
            state: state_type,
            init,
            effect,
            guard: guard_value,
            data: *data,
            parameters: parameters.clone(),
        },
        given,
        claim,
        evaluations: m.steps().saturating_add(budget.left.saturating_mul(crate::EVALUATIONS)),
        steps: budget.left,
    };
    match run.attempt(&[], true, budget)? {
        Ok(t) => Ok(Ok(t)),
        Err(open) if run.solver.is_some() => {
            let notes: Vec<String> = open.notes.iter().map(Note::says).collect();
            no(open.why(), notes.join(" "))
        }
        Err(open) if open.goals.is_empty() => no(open.why(), open.said()),
        Err(open) => match run.provenance(budget)? {
            Some(t) => Ok(Ok(t)),
            None => run.open(&open),
        },
    }
}

/// A protocol at variable parameters.
pub struct Protocol {
    pub state: V,
    pub init: V,
    pub effect: V,
    pub guard: V,
    pub data: DataRef,
    pub parameters: Rc<[V]>,
}

/// An action of one constructor with variables for its fields, a state that is a variable, and what is said of them.
pub struct Taken {
    /// Levels of the fields.
    pub fields: Vec<u32>,
    /// Level of the state.
    pub level: u32,
    pub state: V,
    /// That the action is allowed.
    pub allowed: V,
    /// The state after it.
    pub after: V,
}

impl Protocol {
    /// The action of a constructor. Its fields become known to the search.
    pub fn take(&self, search: &mut Search<'_>, number: u32, fields: &[Term]) -> Res<Taken> {
        let m = search.reader.m;
        let mut env = Env { shift: self.data.shift, ..Env::default() };
        for p in self.parameters.iter() {
            env.terms = env.terms.push(p.clone());
        }
        let (mut levels, mut values) = (Vec::new(), Vec::new());
        for ty in fields {
            let ty = m.eval(&env, ty);
            let (level, x) = search.variable(&ty)?;
            env.terms = env.terms.push(x.clone());
            levels.push(level);
            values.push(x);
        }
        let action = m.value(Val::Con(self.data, number, self.parameters.clone(), values.into(), [].into()));
        let (level, state) = search.variable(&self.state)?;
        let allowed = m.apply(&m.apply(&self.guard, action.clone()), state.clone());
        let after = m.apply(&m.apply(&self.effect, action), state.clone());
        Ok(Taken { fields: levels, level, state, allowed, after })
    }
}

/// One claim on its way.
struct Run<'r> {
    goal: &'r Goal<'r>,
    side: &'r dyn Engine,
    solver: Option<&'static dyn Solver>,
    lib: Library,
    words: Words,
    protocol: Protocol,
    given: Option<Term>,
    claim: Claim,
    /// So many steps of the evaluator may have been taken at the end.
    evaluations: u64,
    /// Steps there were at first.
    steps: u64,
}

/// What is kept: all parts at once.
fn together(parts: &[&Part]) -> Option<Term> {
    parts.iter().rev().map(|p| p.says.clone()).reduce(|rest, part| Rc::new(Node::Sigma(part, raise(&rest, 1))))
}

/// What is shown about an action.
struct Step {
    /// The fields of the action and the state.
    bound: Vec<u32>,
    /// That each part held before, and that the action is allowed.
    before: Vec<u32>,
    allowed: u32,
    /// For each part, that it holds after.
    proofs: Vec<P>,
}

/// The parts that the last one rests on, itself too, in their order: what is used of the state before to show them after some action.
fn needed(steps: &[Step], parts: usize) -> BTreeSet<usize> {
    let mut todo: Vec<usize> = parts.checked_sub(1).into_iter().collect();
    let mut needed: BTreeSet<usize> = todo.iter().copied().collect();
    while let Some(part) = todo.pop() {
        for step in steps {
            let used = step.proofs.get(part).map(|p| p.facts()).unwrap_or_default();
            let parts = step.before.iter().enumerate().filter(|(_, name)| used.contains(name)).map(|(n, _)| n);
            todo.extend(parts.filter(|n| needed.insert(*n)));
        }
    }
    needed
}

impl Run<'_> {
    fn search(&self) -> Res<Search<'_>> {
        let Run { goal, claim, .. } = self;
        let mut search = Search::new(goal.machine, self.lib, self.side, goal.lemmas, &claim.ctx)?;
        // Numbers of the run and of its legality are taken, so that all terms agree on numbers.
        for ty in claim.whole.types.iter().skip(claim.ctx.types.len()) {
            search.reader.variable(ty.clone());
        }
        Ok(search)
    }

    /// The parts of what is kept, the property last.
    fn parts(&self, made: &[Term]) -> Res<Vec<Part>> {
        let mut parts = match &self.given {
            Some(i) => self.invariants(i)?,
            None => Vec::new(),
        };
        for (n, says) in made.iter().enumerate() {
            parts.push(Part { source: Source::Made(n), says: says.clone(), name: String::new() });
        }
        let says = self.claim.safe.clone();
        parts.push(Part { source: Source::Property, says, name: "the property".to_owned() });
        Ok(parts)
    }

    /// Each of the invariants that the protocol gives; all at once where one has no name or cannot be written down by itself.
    fn invariants(&self, all: &Term) -> Res<Vec<Part>> {
        let (m, depth) = (self.goal.machine, count(&self.claim.whole));
        let part = |says: Term, name: Option<String>| {
            let name = name.unwrap_or_else(|| "the property".to_owned());
            Part { source: Source::Given, says, name }
        };
        let whole = Rc::new(Node::App(all.clone(), Rc::new(Node::Var(depth))));
        let (inside, state) = m.bind(&self.claim.whole, self.protocol.state.clone());
        let Some(holds) = evaluate(m, &self.claim.whole, all) else { return Ok(vec![part(whole, None)]) };
        let mut rest = m.apply(&holds, state);
        let name = named(m, &rest, self.goal.lemmas)?;
        let mut found = Vec::new();
        while let Val::Sigma(a, b) = &*m.whnf(&rest.clone())? {
            found.push(a.clone());
            rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
            // What has a name of its own is one invariant, even if it says two things.
            if named(m, &rest, self.goal.lemmas)?.is_some() {
                break;
            }
        }
        found.push(rest);
        let mut parts = Vec::new();
        for one in &found {
            let own = named(m, one, self.goal.lemmas)?;
            match (numbered(&m.quote(&inside, one)?, depth + 1), own) {
                (Some(says), own @ Some(_)) => parts.push(part(says, own)),
                _ => return Ok(vec![part(whole, name)]),
            }
        }
        Ok(parts)
    }

    /// The proof by the given invariants and those made; or what is not shown. It rests on those only that the property needs, after all
    /// were shown. Without `all` there is no proof: only those made are tried, to see which of them are not kept.
    fn attempt(&self, made: &[Term], all: bool, budget: &mut Budget) -> Res<Result<Term, Open>> {
        let Run { goal, words, protocol, claim, .. } = self;
        let (m, depth) = (goal.machine, count(&claim.whole));
        let mut open = Open::new(!all, self.solver, self.evaluations, self.steps);
        let [state, actions, init, effect, guard] = &claim.parts;
        let parts = self.parts(made)?;
        let says = |t: &Term| abstracted(t, depth).and_then(|t| evaluate(m, &claim.whole, &t));
        let Some(holds) = parts.iter().map(|p| says(&p.says)).collect::<Option<Vec<V>>>() else { return Ok(Err(open)) };
        let mut search = self.search()?;
        let after = |s: &V| -> Vec<V> { holds.iter().map(|h| m.apply(h, s.clone())).collect() };
        let base = open.prove(&mut search, &after(&protocol.init), &parts, None, goal.lemmas, budget)?;
        let Some(decl) = m.globals().data(protocol.data.id) else { return Ok(Err(open)) };
        let mut steps = Vec::new();
        for (number, constructor) in (0u32..).zip(&decl.constructors) {
            let mark = search.mark();
            let taken = protocol.take(&mut search, number, &constructor.fields)?;
            let mut before = Vec::new();
            for held in after(&taken.state) {
                before.push(search.variable(&held)?.0);
            }
            let (allowed, _) = search.variable(&taken.allowed)?;
            let short = short(&constructor.name);
            if let Some(proofs) =
                open.prove(&mut search, &after(&taken.after), &parts, Some(short), goal.lemmas, budget)?
            {
                let bound = taken.fields.into_iter().chain([taken.level]).collect();
                steps.push(Step { bound, before, allowed, proofs });
            }
            search.undo(&mark);
        }
        let (Some(base), None, true) = (base, open.reason, all) else { return Ok(Err(open)) };
        let needed = needed(&steps, parts.len());
        let all_at_once = |proofs: Vec<P>| {
            let proofs = proofs.into_iter().enumerate().filter(|(n, _)| needed.contains(n)).map(|(_, p)| p);
            proofs.collect::<Vec<P>>().into_iter().rev().reduce(|rest, p| Rc::new(Proof::Pair(p, rest)))
        };
        let kept: Vec<&Part> = needed.iter().filter_map(|n| parts.get(*n)).collect();
        // `fun s => kept`
        let Some(kept) = together(&kept) else { return Ok(Err(open)) };
        let Some(invariant) = abstracted(&kept, depth) else { return Ok(Err(open)) };
        let Some(base) = all_at_once(base) else { return Ok(Err(open)) };
        let mut branches = Vec::new();
        for step in steps {
            let Some(p) = all_at_once(step.proofs) else { return Ok(Err(open)) };
            let names = needed.iter().filter_map(|n| step.before.get(*n).copied()).collect();
            let p = Rc::new(Proof::Split(Proof::var(HELD), names, p));
            let bound = step.bound.into_iter().chain([HELD, step.allowed]);
            branches.push(bound.rev().fold(p, |p, n| Proof::lam(n, p)));
        }
        let written: Option<Vec<Term>> = protocol
            .parameters
            .iter()
            .map(|p| Ok(numbered(&m.quote(&claim.whole, p)?, depth)))
            .collect::<Res<Vec<_>>>()?
            .into_iter()
            .collect();
        let Some(parameters) = written else { return Ok(Err(open)) };
        let step = {
            let app = |f: Term, x: Term| Rc::new(Node::App(f, x)) as Term;
            let var = |n: u32| Rc::new(Node::Var(n)) as Term;
            // What is kept, of a bound state.
            let of = |state: u32, by: u32| {
                rename(&kept, 0, 0, &mut |n| Some(if n == depth { state } else { n + by }), &mut Some)
            };
            let (Some(before), Some(after)) = (of(0, 2), of(0, 5)) else { return Ok(Err(open)) };
            let next = app(app(raise(effect, 4), var(3)), var(2));
            // Under the motive's variable: `(s : S) -> I s -> guard a s -> I (effect a s)`.
            let motive = Rc::new(Node::Pi(
                raise(state, 1),
                Rc::new(Node::Pi(
                    before,
                    Rc::new(Node::Pi(
                        app(app(raise(guard, 3), var(2)), var(1)),
                        Rc::new(Node::Let(raise(state, 4), next, after)),
                    )),
                )),
            ));
            let cases = Cases { data: protocol.data, parameters, motive, branches, on: Proof::var(ACTION) };
            Proof::lam(ACTION, Rc::new(Proof::Cases(Rc::new(cases))))
        };
        let data = |t: &Term| Proof::data(t.clone());
        let args = [state, actions, init, effect, guard, &invariant].map(data).into_iter().chain([base, step]);
        let (trace, legal) = (depth - 2, depth - 1);
        let mut whole = Proof::call(words.by_invariant, args.chain([Proof::var(trace), Proof::var(legal)]));
        // All that the author gives is named, though it need not be used: with another invariant the proof is stale, and what is said of
        // invariants is looked for again.
        if let Some(given) = &self.given {
            let ty = Rc::new(Node::Pi(state.clone(), Rc::new(Node::Univ(0))));
            whole = Rc::new(Proof::Let(GIVEN, ty, Proof::data(given.clone()), whole));
        }
        let proof = needed.iter().skip(1).fold(whole, |p, _| Rc::new(Proof::Snd(p)));
        let mut scope = Scope::default();
        (0..depth).for_each(|n| scope.bind(n));
        let Some(t) = scope.write(&proof) else { return Ok(Err(open)) };
        Ok(Ok((count(&goal.ctx)..depth).fold(t, |t, _| Rc::new(Node::Lam(t)))))
    }

    /// The proof with invariants that are made from the commands. Those that are not kept are left out, and then those without which it
    /// goes, too.
    fn provenance(&self, budget: &mut Budget) -> Res<Option<Term>> {
        let mut search = self.search()?;
        let mut made = made(&mut search, &self.protocol, count(&self.claim.whole))?;
        while !made.is_empty() {
            let failed = self.attempt(&made, false, budget)?.err().map(|open| open.made).unwrap_or_default();
            if failed.is_empty() {
                break;
            }
            let mut n = 0..;
            made.retain(|_| n.next().is_some_and(|n| !failed.contains(&n)));
        }
        if made.is_empty() {
            return Ok(None);
        }
        let Ok(mut proof) = self.attempt(&made, true, budget)? else { return Ok(None) };
        let mut n = 0;
        while n < made.len() {
            let mut fewer = made.clone();
            fewer.remove(n);
            match self.attempt(&fewer, true, budget)? {
                Ok(p) => (made, proof) = (fewer, p),
                Err(_) => n += 1,
            }
        }
        Ok(Some(proof))
    }
}

impl Run<'_> {
    /// Why there is no proof.
    fn open(&self, open: &Open) -> Answer {
        let mut search = self.search()?;
        let depth = count(&self.claim.whole);
        let m = self.goal.machine;
        let parts = self.parts(&[])?;
        let kept = together(&parts.iter().collect::<Vec<_>>());
        let Some(holds) = kept.and_then(|t| abstracted(&t, depth)).and_then(|t| evaluate(m, &self.claim.whole, &t))
        else {
            return no(open.why(), open.said());
        };
        let kept = |s: &V| m.apply(&holds, s.clone());
        match circle(&mut search, &self.protocol, &self.claim.ctx, &kept, self.goal.lemmas)? {
            Some(circle) => no(Reason::OutsideFragment, format!("{} {circle}", open.said())),
            None => no(open.why(), open.said()),
        }
    }
}

/// `fun s => t` where the state has a number.
fn abstracted(t: &Term, state: u32) -> Option<Term> {
    let body = rename(t, 0, 0, &mut |n| if n == state { Some(0) } else { Some(n + 1) }, &mut Some)?;
    Some(Rc::new(Node::Lam(body)))
}

/// The name of a command in the protocol.
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A numbered term under more binders.
pub fn raise(t: &Term, by: u32) -> Term {
    rename(t, 0, 0, &mut |n| Some(n + by), &mut Some).unwrap_or_else(|| t.clone())
}

/// The value of a numbered term.
fn evaluate(m: &Machine<'_>, ctx: &Ctx, t: &Term) -> Option<V> {
    let depth = count(ctx);
    let mut env = Env::default();
    for (level, ty) in (0u32..).zip(&ctx.types) {
        env.terms = env.terms.push(m.var(level, ty.clone()));
    }
    let t = rename(t, 0, 0, &mut |n| depth.checked_sub(1)?.checked_sub(n), &mut Some)?;
    Some(m.eval(&env, &t))
}

pub fn named(m: &Machine<'_>, ty: &V, lemmas: &[Lemma]) -> Res<Option<String>> {
    Ok(match &*m.folded(ty)? {
        Val::Neutral(Neutral { head: Head::Const(id, _), .. }) => {
            lemmas.iter().find(|l| l.id == *id).map(|l| {
                // All invariants together are the only one where there is one.
                let inner = format!("{}.", l.name);
                let mut own = lemmas.iter().filter(|o| o.has("protocol.part") && o.name.starts_with(&inner));
                let name = own.next().filter(|_| own.next().is_none()).map_or(&l.name, |o| &o.name);
                format!("`{name}`")
            })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step in which the parts before have the numbers 10, 11 and so on, and each proof uses some of them.
    fn step(uses: &[&[u32]]) -> Step {
        let proof = |used: &&[u32]| {
            used.iter().fold(Proof::var(1), |p, n| Proof::app(p, Rc::new(Proof::Fst(Proof::var(10 + n)))))
        };
        let before = (0..).zip(uses).map(|(n, _)| 10 + n).collect();
        Step { bound: vec![0], before, allowed: 1, proofs: uses.iter().map(proof).collect() }
    }

    #[test]
    fn what_the_property_rests_on_is_kept_and_nothing_else() {
        let kept = |steps: &[Step], parts| needed(steps, parts).into_iter().collect::<Vec<usize>>();
        assert_eq!(kept(&[step(&[&[], &[0], &[2]])], 3), [2]);
        // After one action the property rests on part 1, and that on part 0 after another.
        assert_eq!(kept(&[step(&[&[], &[1], &[1], &[3]]), step(&[&[], &[0], &[2], &[]])], 4), [3]);
        assert_eq!(kept(&[step(&[&[], &[1], &[2], &[1]]), step(&[&[], &[0], &[], &[3]])], 4), [0, 1, 3]);
        assert_eq!(kept(&[], 2), [1]);
    }
}
