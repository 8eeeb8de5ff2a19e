//! The run behind the refutation of a claim about a protocol, in sentences. It is read off the evidence that the kernel accepted, and
//! what is said of states and guards is computed from the claim itself: no engine is asked.

use crate::check::Goal;
use crate::companion::arguments;
use crate::sentence::{Math, count, named_values, spoken};
use crate::states::States;
use bfv_elab::{Names, Target, show};
use bfv_format::{DataRef, Prim, Term};
use bfv_kernel::{Clo, Ctx, Elim, Env, Head, Limits, Machine, Neutral, Res, Signature, V, Val};
use std::rc::Rc;

/// Names of the library that a chart knows.
pub(crate) const TRACE: &str = "std.protocol.Trace";
pub(crate) const LEGAL: &str = "std.protocol.Legal";
const POSSIBLE: &str = "std.live.Possible";
const LASSO: &str = "std.live.lasso";
const SUM: &str = "std.logic.Sum";
const COUNTS: [&str; 2] = ["std.count.count", "std.count.card"];
/// The end of the name of a command that stands for whatever a Byzantine worker may send.
pub(crate) const BY_BYZANTINE: &str = "_by_byzantine";
/// How the name of the set of Byzantine workers begins.
const BYZANTINE: &str = "byz";
/// Steps of the evaluator for one chart.
const STEPS: u64 = 20_000_000;
/// How deep a guard is looked into, and how many counts of one guard are told.
const NESTING: u32 = 64;
const TOLD: usize = 3;

/// A step of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// The command.
    pub command: String,
    /// Its arguments, by name.
    pub arguments: Vec<(String, String)>,
    /// Of each argument that is a set of workers, who is in it.
    pub sets: Vec<Option<Vec<u32>>>,
    /// The worker who takes it, where its first argument is one.
    pub worker: Option<u32>,
    /// Whether that worker is Byzantine.
    pub byzantine: bool,
    /// The messages that are sent, by the names of the relations that hold them.
    pub sends: Vec<String>,
    /// The sets of workers that are counted where it is allowed.
    pub quorums: Vec<Vec<u32>>,
}

/// A relation that is chosen before the first step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Relation {
    /// Its name.
    pub name: String,
    /// What it holds of.
    pub elements: Vec<String>,
    /// The largest number that was tried, where numbers are among its arguments.
    pub up_to: Option<u64>,
}

/// A run that breaks a claim.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// What is chosen before the first step, by name, without who is Byzantine.
    pub chosen: Vec<(String, String)>,
    /// Those of them that are relations and hold of a few elements only.
    pub relations: Vec<Relation>,
    /// The workers that are Byzantine, where the claim has such a set.
    pub byzantine: Option<Vec<u32>>,
    /// The steps.
    pub steps: Vec<Step>,
    /// Of a run without end, after how many steps the others repeat for ever; where there are no others, nothing more happens.
    pub repeats_after: Option<usize>,
    /// What the claim is applied to at the end of the run, where it fails; names are empty where the claim does not write them.
    pub fails_at: Vec<(String, String)>,
}

impl Step {
    /// The command as it is spoken, or the message that a Byzantine worker sends, and whether it is such a message.
    #[must_use]
    pub fn said(&self) -> (String, bool) {
        match self.command.strip_suffix(BY_BYZANTINE) {
            Some(name) => (spoken(name), true),
            None => (spoken(&self.command), false),
        }
    }

    /// The arguments as they are spoken, without the worker who takes the step.
    #[must_use]
    pub fn given(&self) -> Vec<String> {
        let sends = self.said().1;
        // What a message holds besides its sender has no name of its own.
        let one = |((name, value), set): (&(String, String), &Option<Vec<u32>>)| {
            let value = set.as_deref().map_or_else(|| value.clone(), workers);
            if sends { value } else { format!("{} {value}", spoken(name)) }
        };
        self.arguments.iter().zip(&self.sets).skip(usize::from(self.worker.is_some())).map(one).collect()
    }

    /// The messages that are sent, as they are spoken.
    #[must_use]
    pub fn messages(&self) -> Vec<String> {
        self.sends.iter().map(|s| spoken(s)).collect()
    }

    /// What happens, as a sentence; the second one names who was counted.
    #[must_use]
    pub fn sentence(&self, number: usize) -> String {
        let (name, sends) = self.said();
        let who = match (self.worker, self.byzantine) {
            (Some(w), true) => format!("worker {w}, Byzantine, "),
            (Some(w), false) => format!("worker {w} "),
            (None, _) => String::new(),
        };
        let does = match (self.worker, sends) {
            (Some(_), true) => format!("sends {name}"),
            (Some(_), false) => format!("takes {name}"),
            (None, _) => format!("the step {name} is taken"),
        };
        let with = self.given();
        let with = if with.is_empty() { String::new() } else { format!(" with {}", listed(&with)) };
        let mut out = format!("Step {number}: {who}{does}{with}.");
        for q in &self.quorums {
            out += &format!(" It counts {}.", workers(q));
        }
        out
    }
}

impl Chart {
    /// What was chosen before the first step, as a sentence; empty when the claim has no set of Byzantine workers.
    #[must_use]
    pub fn setting(&self) -> String {
        match self.byzantine.as_deref() {
            None => String::new(),
            Some([]) => "No worker is Byzantine.".to_owned(),
            Some([one]) => format!("Worker {one} is Byzantine."),
            Some(many) => format!("Workers {} are Byzantine.", numbers(many)),
        }
    }

    /// What is chosen before the first step, without who is Byzantine, in sentences.
    pub(crate) fn choice(&self, math: Math) -> Vec<String> {
        let related = |name: &String| self.relations.iter().any(|r| r.name == *name);
        let values: Vec<(String, String)> = self.chosen.iter().filter(|(name, _)| !related(name)).cloned().collect();
        let mut out = Vec::new();
        if !values.is_empty() {
            out.push(format!("In this run, {}.", named_values(&values, math)));
        }
        out.extend(self.relations.iter().map(|r| {
            let of = if r.elements.is_empty() { "nothing".to_owned() } else { format!("{} only", listed(&r.elements)) };
            let up_to = r.up_to.map_or_else(String::new, |n| format!(", with numbers up to {n}"));
            format!("The relation {} holds of {of}{up_to}.", spoken(&r.name))
        }));
        out
    }

    /// What the run is, in words.
    pub(crate) fn length(&self) -> String {
        let steps = |n: usize| count(n, "step");
        let all = self.steps.len();
        match self.repeats_after {
            None => format!("a run of {}", steps(all)),
            Some(stem) if stem >= all => format!("a run that stands still after {}", steps(all)),
            Some(0) => format!("a run of {} again and again", steps(all)),
            Some(stem) => format!("a run of {}, then of {} again and again", steps(stem), steps(all - stem)),
        }
    }

    /// The steps in sentences, with what comes again and again.
    pub(crate) fn told(&self) -> Vec<String> {
        let mut out: Vec<String> = self.steps.iter().zip(1..).map(|(step, n)| step.sentence(n)).collect();
        match self.repeats_after {
            Some(stem) if stem < out.len() => out.insert(stem, "From here these steps repeat for ever.".to_owned()),
            Some(_) => out.push("From here nothing more happens.".to_owned()),
            None => {}
        }
        out
    }

    /// What is wrong at the end, as a sentence about a claim as it is spoken.
    pub(crate) fn end(&self, claim: &str) -> String {
        if self.repeats_after.is_some() {
            return format!("This run is fair and has no end, and {claim} fails.");
        }
        let steps = count(self.steps.len(), "step");
        let named = self.fails_at.iter().all(|(n, _)| !n.is_empty());
        let one = |(n, v): &(String, String)| if named { format!("{} is {v}", spoken(n)) } else { v.clone() };
        let at: Vec<String> = self.fails_at.iter().map(one).collect();
        let at = match (at.as_slice(), named) {
            ([], _) => String::new(),
            (at, true) => format!(" where {}", listed(at)),
            (at, false) => format!(" for {}", listed(at)),
        };
        format!("After {steps}, {claim} fails{at}.")
    }
}

fn listed(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

fn numbers(all: &[u32]) -> String {
    listed(&all.iter().map(u32::to_string).collect::<Vec<_>>())
}

fn workers(all: &[u32]) -> String {
    match all {
        [] => "no worker".to_owned(),
        [one] => format!("worker {one}"),
        many => format!("workers {}", numbers(many)),
    }
}

/// The chart of a refutation; nothing where the evidence does not rest on a run.
#[must_use]
pub fn chart(signature: &Signature, names: &Names, goal: &Goal, evidence: &Term) -> Option<Chart> {
    read(signature, names, goal, evidence, |reader, run| reader.chart(run))
}

/// The states of the run behind a refutation; nothing where the evidence does not rest on a run.
#[must_use]
pub fn states(signature: &Signature, names: &Names, goal: &Goal, evidence: &Term) -> Option<States> {
    read(signature, names, goal, evidence, |reader, run| reader.states(run))
}

fn read<T>(
    signature: &Signature,
    names: &Names,
    goal: &Goal,
    evidence: &Term,
    what: impl FnOnce(&Reader<'_>, &Run) -> Res<T>,
) -> Option<T> {
    let library = |name: &str| match names.library(name)?.target {
        Target::Const(id) | Target::Data(id) => Some(id),
        Target::Con(..) | Target::Prim(_) => None,
    };
    let arguments = arguments(signature, goal)?;
    let point = bfv_elab::point(evidence, &arguments)?;
    let machine = Machine::new(signature, Limits { steps: STEPS, ..Limits::default() });
    let reader = Reader {
        m: &machine,
        signature,
        names,
        trace: library(TRACE)?,
        legal: library(LEGAL)?,
        sum: library(SUM)?,
        endless: library(POSSIBLE).zip(library(LASSO)),
        counts: COUNTS.iter().filter_map(|n| library(n)).collect(),
    };
    let run = reader.run(goal, &arguments, &point).ok()??;
    what(&reader, &run).ok()
}

/// What is needed to read a run.
pub(crate) struct Reader<'r> {
    pub(crate) m: &'r Machine<'r>,
    pub(crate) signature: &'r Signature,
    pub(crate) names: &'r Names,
    trace: u32,
    legal: u32,
    sum: u32,
    /// That a run without end is possible, and the one that has a stem and a cycle.
    endless: Option<(u32, u32)>,
    counts: Vec<u32>,
}

/// A run as the evidence has it.
pub(crate) struct Run {
    /// What is chosen before the first step: name, type and value.
    pub(crate) chosen: Vec<(String, V, V)>,
    /// The type of states.
    pub(crate) state: V,
    /// The actions in order.
    pub(crate) actions: Vec<V>,
    /// The states, one more than there are actions.
    pub(crate) states: Vec<V>,
    /// Of a run without end, after how many actions the others repeat.
    pub(crate) repeats_after: Option<usize>,
    guard: V,
    fails_at: Vec<(String, V)>,
}

impl Reader<'_> {
    fn run(&self, goal: &Goal, arguments: &[(String, bool)], point: &[Term]) -> Res<Option<Run>> {
        let m = self.m;
        let mut current = m.eval(&Env::default(), &goal.statement);
        let (mut chosen, mut fails_at, mut run, mut protocol) = (Vec::new(), Vec::new(), None, None);
        for (n, t) in point.iter().enumerate() {
            let Val::Pi(dom, cod) = &*m.whnf(&current)? else { break };
            let x = m.eval(&Env::default(), t);
            if let Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) = &*m.folded(dom)?
                && (*id == self.legal || self.endless.is_some_and(|(possible, _)| *id == possible))
                && let [Elim::App(state), _, Elim::App(init), Elim::App(effect), Elim::App(guard), _] = &spine[..]
            {
                protocol = Some((state.clone(), init.clone(), effect.clone(), guard.clone()));
            } else if protocol.is_some() {
                // What the claim says of the state at the end is for all of something, or under conditions.
                if matches!(&*m.whnf(dom)?, Val::Data(..) | Val::Prim(Prim::Bool | Prim::Nat)) {
                    fails_at.push((arguments.get(n).map(|(name, _)| name.clone()).unwrap_or_default(), x.clone()));
                }
            } else if let Some((name, false)) = arguments.get(n) {
                if matches!(&*m.whnf(dom)?, Val::Data(d, _) if d.id == self.trace) {
                    run = Some((x.clone(), None));
                } else if let Some((stem, cycle)) = self.lasso(&x)? {
                    run = Some((stem, Some(cycle)));
                } else {
                    chosen.push((name.clone(), dom.clone(), x.clone()));
                }
            }
            current = m.inst(cod, x);
        }
        let (Some((stem, cycle)), Some((state, init, effect, guard))) = (run, protocol) else { return Ok(None) };
        let mut actions = self.actions(&stem)?;
        let repeats_after = cycle.as_ref().map(|_| actions.len());
        if let Some(cycle) = &cycle {
            actions.extend(self.actions(cycle)?);
        }
        let mut states = vec![init.clone()];
        let mut now = init;
        for action in &actions {
            now = m.apply(&m.apply(&effect, action.clone()), now);
            states.push(now.clone());
        }
        Ok(Some(Run { chosen, state, actions, states, repeats_after, guard, fails_at }))
    }

    /// The stem and the cycle of a run without end that has these.
    fn lasso(&self, run: &V) -> Res<Option<(V, V)>> {
        Ok(match &*self.m.folded(run)? {
            Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. })
                if self.endless.is_some_and(|(_, lasso)| *id == lasso) =>
            {
                match &spine[..] {
                    [_, Elim::App(stem), Elim::App(cycle)] => Some((stem.clone(), cycle.clone())),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// The actions of a finite run, in order.
    fn actions(&self, run: &V) -> Res<Vec<V>> {
        let (mut rest, mut actions) = (run.clone(), Vec::new());
        while let Val::Con(_, 1, _, fields, _) = &*self.m.whnf(&rest)? {
            let [before, action] = &fields[..] else { break };
            actions.push(action.clone());
            rest = before.clone();
        }
        actions.reverse();
        Ok(actions)
    }

    fn chart(&self, run: &Run) -> Res<Chart> {
        let m = self.m;
        let mut out = Chart { repeats_after: run.repeats_after, ..Chart::default() };
        for (name, ty, x) in &run.chosen {
            match self.members(ty, x)? {
                Some(members) if name.starts_with(BYZANTINE) => out.byzantine = Some(members),
                _ => {
                    out.chosen.push((name.clone(), show(&m.quote(&Ctx::default(), x)?, self.names, &[], &[])));
                    if let Ok(Some((elements, up_to))) = self.holding(ty, x, run) {
                        out.relations.push(Relation { name: name.clone(), elements, up_to });
                    }
                }
            }
        }
        for (name, x) in &run.fails_at {
            out.fails_at.push((name.clone(), self.value(x)?));
        }
        // Messages that cannot be looked at are not told.
        let mut sends = self.sends(run).unwrap_or_default().into_iter();
        for (action, state) in run.actions.iter().zip(&run.states) {
            let mut step = self.step(action)?;
            step.sends = sends.next().unwrap_or_default();
            step.byzantine = step.worker.zip(out.byzantine.as_ref()).is_some_and(|(w, all)| all.contains(&w));
            let allowed = m.apply(&m.apply(&run.guard, action.clone()), state.clone());
            // A count that cannot be looked at is not told.
            let _nothing = self.quorums(&allowed, NESTING, &mut step.quorums);
            step.quorums.truncate(TOLD);
            out.steps.push(step);
        }
        Ok(out)
    }

    /// The module of a declaration.
    pub(crate) fn module_of(&self, id: u32) -> &str {
        // A name within a module may have dots, too.
        let own = self.names.by_id.get(&id).map(|own| format!(".{own}"));
        let full = self.names.full_name(id);
        full.zip(own).and_then(|(full, own)| full.strip_suffix(&own)).unwrap_or_default()
    }

    fn step(&self, action: &V) -> Res<Step> {
        let w = self.m.whnf(action)?;
        let Val::Con(d, c, params, fields, _) = &*w else {
            return Ok(Step { command: self.value(action)?, ..Step::default() });
        };
        let command = self.names.constructors.get(&(d.id, *c)).cloned().unwrap_or_default();
        let declared = self.names.of_module(self.module_of(d.id)).find(|g| g.target == Target::Con(d.id, *c));
        // The last names are those of the fields.
        let all: &[(String, bool)] = declared.map_or(&[], |g| &g.params);
        let own = all.get(all.len().saturating_sub(fields.len())..).unwrap_or(&[]);
        let (mut arguments, mut sets, mut worker) = (Vec::new(), Vec::new(), None);
        for (n, x) in fields.iter().enumerate() {
            let position = self.position(x)?;
            if n == 0 {
                worker = position;
            }
            let name = own.get(n).map_or_else(|| format!("argument {}", n + 1), |(name, _)| name.clone());
            arguments.push((name, self.value(x)?));
            let ty = self.m.field_type(*d, *c, params, fields.get(..n).unwrap_or(&[]))?;
            sets.push(self.members(&ty, x)?);
        }
        Ok(Step { command, arguments, sets, worker, ..Step::default() })
    }

    /// The number of an element of `Fin n`.
    pub(crate) fn position(&self, v: &V) -> Res<Option<u32>> {
        let (mut v, mut n) = (v.clone(), 0u32);
        loop {
            let next = match &*self.m.whnf(&v)? {
                Val::Con(d, 0, ..) if d.id == self.sum => return Ok(Some(n)),
                Val::Con(d, 1, _, fields, _) if d.id == self.sum => match &fields[..] {
                    [rest] => rest.clone(),
                    _ => return Ok(None),
                },
                _ => return Ok(None),
            };
            (v, n) = (next, n + 1);
        }
    }

    fn value(&self, v: &V) -> Res<String> {
        Ok(match self.position(v)? {
            Some(n) => n.to_string(),
            None => show(&self.m.quote(&Ctx::default(), v)?, self.names, &[], &[]),
        })
    }

    /// How many elements `Fin n` has; nothing for another type.
    pub(crate) fn size(&self, ty: &V) -> Res<Option<u32>> {
        let (mut rest, mut size) = (ty.clone(), 0u32);
        loop {
            let next = match &*self.m.whnf(&rest)? {
                Val::Data(d, params) if d.id == self.sum => match &params[..] {
                    [_, more] => more.clone(),
                    _ => return Ok(None),
                },
                Val::Prim(Prim::Empty) => return Ok(Some(size)),
                _ => return Ok(None),
            };
            (rest, size) = (next, size + 1);
        }
    }

    /// An element of `Fin n`.
    pub(crate) fn element(&self, n: u32) -> V {
        let con = |c: u32, x: V| {
            let d = DataRef { id: self.sum, shift: 0 };
            // What looks at it never asks for the parameters.
            self.m.value(Val::Con(d, c, Rc::new([]), Rc::new([x]), Rc::new([])))
        };
        (0..n).fold(con(0, self.m.value(Val::Prim(Prim::Star))), |x, _| con(1, x))
    }

    /// The elements of `Fin n` at which a function to the truth values is true; nothing for another type.
    fn members(&self, ty: &V, f: &V) -> Res<Option<Vec<u32>>> {
        let Val::Pi(dom, _) = &*self.m.whnf(ty)? else { return Ok(None) };
        match self.size(dom)? {
            Some(size) => self.true_at(size, f),
            None => Ok(None),
        }
    }

    fn true_at(&self, size: u32, f: &V) -> Res<Option<Vec<u32>>> {
        let mut out = Vec::new();
        for n in 0..size {
            match &*self.m.whnf(&self.m.apply(f, self.element(n)))? {
                Val::Prim(Prim::True) => out.push(n),
                Val::Prim(Prim::False) => {}
                _ => return Ok(None),
            }
        }
        Ok(Some(out))
    }

    /// The sets that are counted in a statement, outside of quantifiers. Definitions are looked through until a count is met.
    fn quorums(&self, v: &V, nesting: u32, out: &mut Vec<Vec<u32>>) -> Res<()> {
        let m = self.m;
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(()) };
        let w = m.folded(v)?;
        match &*w {
            Val::Neutral(n) => self.stuck(n, nesting, out),
            Val::Sigma(a, b) | Val::Pi(a, b) => {
                if matches!(&*m.whnf(a)?, Val::Data(..) | Val::Prim(_)) {
                    return Ok(());
                }
                self.quorums(a, nesting, out)?;
                // Conditions have no parts that depend on a proof.
                if let Clo::Term(..) | Clo::Const(_) = b {
                    self.quorums(&m.inst(b, m.value(Val::Prim(Prim::Star))), nesting, out)?;
                }
                Ok(())
            }
            Val::Path(_, a, b) => {
                self.quorums(a, nesting, out)?;
                self.quorums(b, nesting, out)
            }
            _ => Ok(()),
        }
    }

    fn stuck(&self, n: &Neutral, nesting: u32, out: &mut Vec<Vec<u32>>) -> Res<()> {
        if let (Head::Const(id, _), [Elim::App(size), Elim::App(f)]) = (&n.head, &n.spine[..])
            && self.counts.contains(id)
        {
            if let Val::NatLit(size) = &*self.m.whnf(size)?
                && let Ok(size) = u32::try_from(size)
                && let Some(members) = self.true_at(size, f)?
                && !members.is_empty()
                && !out.contains(&members)
            {
                out.push(members);
            }
            return Ok(());
        }
        if let Head::Prim(_) = n.head {
            for e in n.spine.iter() {
                if let Elim::App(x) = e {
                    self.quorums(x, nesting, out)?;
                }
            }
            return Ok(());
        }
        match &n.unfolded {
            Some(u) => self.quorums(u, nesting, out),
            None => Ok(()),
        }
    }
}
