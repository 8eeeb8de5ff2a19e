//! Safety of protocols: what holds at first and is kept by every action holds at the end of every run. The statement to be kept is made
//! of the invariants that the protocol gives and the property itself; each part of it after each action is one goal.

use crate::claim::{Claim, Words, count, given, read, words};
use crate::fragment::circle;
use crate::ground::hints::Note;
use crate::ground::library::Library;
use crate::ground::proof::{Cases, P, Proof, Scope, numbered};
use crate::ground::search::Search;
use crate::provenance::made;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Ctx, Env, Head, Machine, Neutral, Res, V, Val};
use bfv_search::shift::rename;
use bfv_search::{Budget, Engine, Goal, Lemma, Outcome, Reason, Solver};
use std::collections::BTreeSet;
use std::rc::Rc;

/// One goal gets this part of all steps, as what takes longer most likely lacks an invariant, but no fewer than `OBLIGATION`.
const PART: u64 = 50;
/// Steps of one goal.
const OBLIGATION: u64 = 5_000;
/// Steps of the evaluator for each of these, at most.
const EVALUATIONS: u64 = 60;

/// The same for invariants that were made, of which most fail.
const MADE: u64 = 1_000;

/// Steps of a goal before the solver is asked.
const ALONE: u64 = 1_000;

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
        share: OBLIGATION.max(budget.left / PART),
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
    /// Steps of each goal.
    share: u64,
}

/// A part of what is kept.
#[derive(Clone, Copy)]
enum Part {
    /// The invariants that the protocol gives.
    Given,
    /// One that was made, by its number.
    Made(usize),
    /// The property.
    Property,
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

    /// What is kept, and its parts; the state has the number of all variables of the claim.
    fn kept(&self, made: &[Term]) -> (Term, Vec<Part>) {
        let state = Rc::new(Node::Var(count(&self.claim.whole)));
        let mut parts = vec![Part::Property];
        let mut kept = self.claim.safe.clone();
        for (n, t) in made.iter().enumerate().rev() {
            kept = Rc::new(Node::Sigma(t.clone(), raise(&kept, 1)));
            parts.push(Part::Made(n));
        }
        if let Some(i) = &self.given {
            kept = Rc::new(Node::Sigma(Rc::new(Node::App(i.clone(), state)), raise(&kept, 1)));
            parts.push(Part::Given);
        }
        parts.reverse();
        (kept, parts)
    }

    /// The proof by the given invariants and those made; or what is not shown. Without `all`, only those made are shown to be kept.
    fn attempt(&self, made: &[Term], all: bool, budget: &mut Budget) -> Res<Result<Term, Open>> {
        let Run { goal, words, protocol, claim, .. } = self;
        let (m, depth) = (goal.machine, count(&claim.whole));
        let mut open = Open {
            only_made: !all,
            solver: self.solver,
            evaluations: self.evaluations,
            share: self.share,
            ..Open::default()
        };
        let [state, _, init, effect, guard] = &claim.parts;
        let (kept, parts) = self.kept(made);
        // `fun s => kept`
        let Some(invariant) = abstracted(&kept, depth) else { return Ok(Err(open)) };
        let Some(holds) = evaluate(m, &claim.whole, &invariant) else { return Ok(Err(open)) };
        let mut search = self.search()?;
        let base =
            open.prove(&mut search, &m.apply(&holds, protocol.init.clone()), &parts, None, goal.lemmas, budget)?;
        let Some(decl) = m.globals().data(protocol.data.id) else { return Ok(Err(open)) };
        let mut branches = Vec::new();
        for (number, constructor) in (0u32..).zip(&decl.constructors) {
            let mark = search.mark();
            let taken = protocol.take(&mut search, number, &constructor.fields)?;
            let (before, _) = search.variable(&m.apply(&holds, taken.state.clone()))?;
            let (allowed, _) = search.variable(&taken.allowed)?;
            let after = m.apply(&holds, taken.after);
            let short = short(&constructor.name);
            if let Some(p) = open.prove(&mut search, &after, &parts, Some(short), goal.lemmas, budget)? {
                let bound = taken.fields.into_iter().chain([taken.level, before, allowed]);
                branches.push(bound.rev().fold(p, |p, n| Proof::lam(n, p)));
            }
            search.undo(&mark);
        }
        let (Some(base), None) = (base, open.reason) else { return Ok(Err(open)) };
        let written: Option<Vec<Term>> = protocol
            .parameters
            .iter()
            .map(|p| Ok(numbered(&m.quote(&claim.whole, p)?, depth)))
            .collect::<Res<Vec<_>>>()?
            .into_iter()
            .collect();
        let Some(parameters) = written else { return Ok(Err(open)) };
        let step = {
            // A number that nothing else has.
            let a = u32::MAX - 1;
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
            let cases = Cases { data: protocol.data, parameters, motive, branches, on: Proof::var(a) };
            Proof::lam(a, Rc::new(Proof::Cases(Rc::new(cases))))
        };
        let [state, actions, init, effect, guard] = [state, &claim.parts[1], init, effect, guard];
        let data = |t: &Term| Proof::data(t.clone());
        let args = [state, actions, init, effect, guard, &invariant].map(data).into_iter().chain([base, step]);
        let (trace, legal) = (depth - 2, depth - 1);
        let whole = Proof::call(words.by_invariant, args.chain([Proof::var(trace), Proof::var(legal)]));
        let proof = parts.iter().skip(1).fold(whole, |p, _| Rc::new(Proof::Snd(p)));
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
            let open = match self.attempt(&made, false, budget)? {
                Ok(_) => break,
                Err(open) if open.made.is_empty() => break,
                Err(open) => open,
            };
            let mut n = 0..;
            made.retain(|_| n.next().is_some_and(|n| !open.made.contains(&n)));
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
        let (kept, _) = self.kept(&[]);
        let Some(holds) = abstracted(&kept, depth).and_then(|t| evaluate(m, &self.claim.whole, &t)) else {
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

/// What is not shown so far.
#[derive(Default)]
struct Open {
    /// So many steps of the evaluator may have been taken at the end.
    evaluations: u64,
    /// Steps of each goal.
    share: u64,
    reason: Option<Reason>,
    /// After which action, and what.
    goals: Vec<(Option<String>, String)>,
    /// The invariants made that are not shown.
    made: BTreeSet<usize>,
    /// Nothing else is asked.
    only_made: bool,
    /// Whom to ask for hints.
    solver: Option<&'static dyn Solver>,
    /// What came of asking.
    notes: BTreeSet<Note>,
}

impl Open {
    /// Proves each part of what is kept.
    fn prove(
        &mut self,
        search: &mut Search<'_>,
        ty: &V,
        parts: &[Part],
        after: Option<&str>,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        let m = search.reader.m;
        let (mut rest, mut proofs) = (ty.clone(), Vec::new());
        for (n, part) in parts.iter().enumerate() {
            let own = match &*m.whnf(&rest)? {
                Val::Sigma(a, b) if n + 1 < parts.len() => {
                    let own = a.clone();
                    rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
                    own
                }
                _ => rest.clone(),
            };
            let proof = match part {
                // What failed before is not tried again, and what is not asked for has any proof.
                Part::Made(n) if self.made.contains(n) => None,
                Part::Given | Part::Property if self.only_made => Some(Proof::var(0)),
                Part::Given | Part::Property => self.part(search, &own, after, "the property", lemmas, budget)?,
                Part::Made(n) => {
                    let found = self.within(search, &own, (MADE, MADE), budget)?;
                    if let Err(reason) = &found {
                        self.reason.get_or_insert(*reason);
                        self.made.insert(*n);
                    }
                    found.ok()
                }
            };
            proofs.push(proof);
        }
        let all: Option<Vec<P>> = proofs.into_iter().collect();
        Ok(all.and_then(|all| all.into_iter().rev().reduce(|rest, p| Rc::new(Proof::Pair(p, rest)))))
    }

    fn why(&self) -> Reason {
        self.reason.unwrap_or(Reason::Unsupported)
    }

    fn part(
        &mut self,
        search: &mut Search<'_>,
        ty: &V,
        after: Option<&str>,
        name: &str,
        lemmas: &[Lemma],
        budget: &mut Budget,
    ) -> Res<Option<P>> {
        let m = search.reader.m;
        let own = named(m, ty, lemmas)?;
        let name = own.as_deref().unwrap_or(name);
        if let Val::Sigma(a, b) = &*m.whnf(ty)? {
            let rest = m.inst(b, m.value(Val::Prim(Prim::Star)));
            let first = self.part(search, a, after, name, lemmas, budget)?;
            let second = self.part(search, &rest, after, name, lemmas, budget)?;
            return Ok(first.zip(second).map(|(a, b)| Rc::new(Proof::Pair(a, b))));
        }
        match self.hinted(search, ty, budget)? {
            Ok(p) => Ok(Some(p)),
            Err(reason) => {
                self.reason.get_or_insert(reason);
                self.goals.push((after.map(str::to_owned), name.to_owned()));
                Ok(None)
            }
        }
    }

    /// One goal within so many steps. What it takes is caught, so that the others are tried and the one that is open is named.
    /// The evaluator gets what is right for `evaluated` steps.
    fn within(
        &self,
        search: &mut Search<'_>,
        ty: &V,
        (steps, evaluated): (u64, u64),
        budget: &mut Budget,
    ) -> Res<Result<P, Reason>> {
        let m = search.reader.m;
        let mut own = Budget::new(steps.min(budget.left));
        let mark = search.mark();
        // A part of what is left is kept for the others.
        let left = self.evaluations.saturating_sub(m.steps());
        let share = evaluated.saturating_mul(EVALUATIONS).min(left / 4);
        let found = m.within(share, || search.prove(ty, &mut own))?.unwrap_or(Err(Reason::Budget));
        search.undo(&mark);
        let _ = budget.spend(own.used.min(budget.left));
        Ok(found)
    }

    /// The same with hints of the solver, where there is one and the search by itself does not reach the goal soon.
    fn hinted(&mut self, search: &mut Search<'_>, ty: &V, budget: &mut Budget) -> Res<Result<P, Reason>> {
        let all = (self.share, self.share);
        let Some(solver) = self.solver else { return self.within(search, ty, all, budget) };
        let alone = self.within(search, ty, (ALONE.min(self.share), self.share), budget)?;
        if alone.is_ok() {
            return Ok(alone);
        }
        search.hints.solver = Some(solver);
        let found = self.within(search, ty, all, budget)?;
        search.hints.solver = None;
        if found.is_err() {
            self.notes.extend(search.hints.note.take());
        }
        search.hints.reset();
        Ok(found)
    }

    fn said(&self) -> String {
        let mut out = Vec::new();
        for (after, what) in self.goals.iter().take(3) {
            out.push(match after {
                None => format!("It is not shown that {what} holds at first."),
                Some(action) => format!("It is not shown that `{action}` keeps {what}."),
            });
        }
        if let Some(more @ 1..) = self.goals.len().checked_sub(3) {
            out.push(format!("The same goes for {more} more."));
        }
        out.join(" ")
    }
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
