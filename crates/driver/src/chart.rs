//! The run behind the refutation of a claim about a protocol, in sentences. It is read off the evidence that the kernel accepted, and
//! what is said of states and guards is computed from the claim itself: no engine is asked.

use crate::check::Goal;
use crate::companion::arguments;
use crate::sentence::{count, spoken};
use bfv_elab::{Names, Target, show};
use bfv_format::{Prim, Term};
use bfv_kernel::{Clo, Ctx, Elim, Env, Head, Limits, Machine, Neutral, Res, Signature, V, Val};
use std::rc::Rc;

/// Names of the library that a chart knows.
const TRACE: &str = "std.protocol.Trace";
const LEGAL: &str = "std.protocol.Legal";
const SUM: &str = "std.logic.Sum";
const COUNTS: [&str; 2] = ["std.count.count", "std.count.card"];
/// The end of the name of a command that stands for whatever a Byzantine worker may send.
const BY_BYZANTINE: &str = "_by_byzantine";
/// Steps of the evaluator for one chart.
const STEPS: u64 = 20_000_000;
/// How deep a guard is looked into, and how many counts of one guard are told.
const NESTING: u32 = 64;
const TOLD: usize = 3;

/// A step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The command.
    pub command: String,
    /// Its arguments, by name.
    pub arguments: Vec<(String, String)>,
    /// The worker who takes it, where its first argument is one.
    pub worker: Option<u32>,
    /// Whether that worker is Byzantine.
    pub byzantine: bool,
    /// The sets of workers that are counted where it is allowed.
    pub quorums: Vec<Vec<u32>>,
}

/// A run that breaks a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chart {
    /// Names of the claim's variables that are told in another way than the others: the run, and who is Byzantine.
    pub told: Vec<String>,
    /// The workers that are Byzantine, where the claim has such a set.
    pub byzantine: Option<Vec<u32>>,
    /// The steps.
    pub steps: Vec<Step>,
    /// What the claim is applied to at the end of the run, where it fails; names are empty where the claim does not write them.
    pub fails_at: Vec<(String, String)>,
}

impl Step {
    /// What happens, as a sentence; the second one names who was counted.
    #[must_use]
    pub fn sentence(&self, number: usize) -> String {
        let (name, sends) = match self.command.strip_suffix(BY_BYZANTINE) {
            Some(name) => (spoken(name), true),
            None => (spoken(&self.command), false),
        };
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
        let others = self.arguments.iter().skip(usize::from(self.worker.is_some()));
        let with: Vec<String> = others.map(|(name, value)| format!("{} {value}", spoken(name))).collect();
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

    /// What is wrong at the end, as a sentence.
    #[must_use]
    pub fn end(&self, claim: &str) -> String {
        let steps = count(self.steps.len(), "step");
        let named = self.fails_at.iter().all(|(n, _)| !n.is_empty());
        let one = |(n, v): &(String, String)| if named { format!("{} is {v}", spoken(n)) } else { v.clone() };
        let at: Vec<String> = self.fails_at.iter().map(one).collect();
        let at = match (at.as_slice(), named) {
            ([], _) => String::new(),
            (at, true) => format!(" where {}", listed(at)),
            (at, false) => format!(" for {}", listed(at)),
        };
        format!("After {steps}, {} fails{at}.", spoken(claim))
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
        [one] => format!("worker {one}"),
        many => format!("workers {}", numbers(many)),
    }
}

/// The chart of a refutation; nothing where the evidence does not rest on a run.
#[must_use]
pub fn chart(signature: &Signature, names: &Names, goal: &Goal, evidence: &Term) -> Option<Chart> {
    let library = |name: &str| match names.library(name)?.target {
        Target::Const(id) | Target::Data(id) => Some(id),
        Target::Con(..) | Target::Prim(_) => None,
    };
    let arguments = arguments(signature, goal)?;
    let point = bfv_elab::point(evidence, &arguments)?;
    let machine = Machine::new(signature, Limits { steps: STEPS, ..Limits::default() });
    let reader = Reader {
        m: &machine,
        names,
        trace: library(TRACE)?,
        legal: library(LEGAL)?,
        sum: library(SUM)?,
        counts: COUNTS.iter().filter_map(|n| library(n)).collect(),
    };
    reader.chart(goal, &arguments, &point).ok()?
}

struct Reader<'r> {
    m: &'r Machine<'r>,
    names: &'r Names,
    trace: u32,
    legal: u32,
    sum: u32,
    counts: Vec<u32>,
}

impl Reader<'_> {
    fn chart(&self, goal: &Goal, arguments: &[(String, bool)], point: &[Term]) -> Res<Option<Chart>> {
        let m = self.m;
        let mut current = m.eval(&Env::default(), &goal.statement);
        let mut out = Chart { told: Vec::new(), byzantine: None, steps: Vec::new(), fails_at: Vec::new() };
        let (mut run, mut protocol) = (None, None);
        for (n, t) in point.iter().enumerate() {
            let Val::Pi(dom, cod) = &*m.whnf(&current)? else { break };
            let x = m.eval(&Env::default(), t);
            if let Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) = &*m.folded(dom)?
                && *id == self.legal
                && let [_, _, Elim::App(init), Elim::App(effect), Elim::App(guard), _] = &spine[..]
            {
                protocol = Some((init.clone(), effect.clone(), guard.clone()));
            } else if protocol.is_some() {
                // What the claim says of the state at the end is for all of something, or under conditions.
                if matches!(&*m.whnf(dom)?, Val::Data(..) | Val::Prim(Prim::Bool | Prim::Nat)) {
                    let name = arguments.get(n).map(|(name, _)| name.clone());
                    out.told.extend(name.clone());
                    out.fails_at.push((name.unwrap_or_default(), self.value(&x)?));
                }
            } else if let Some((name, _)) = arguments.get(n) {
                if matches!(&*m.whnf(dom)?, Val::Data(d, _) if d.id == self.trace) {
                    out.told.push(name.clone());
                    run = Some(x.clone());
                } else if name.starts_with("byz")
                    && let Some(members) = self.members(dom, &x)?
                {
                    out.told.push(name.clone());
                    out.byzantine = Some(members);
                }
            }
            current = m.inst(cod, x);
        }
        let (Some(run), Some((init, effect, guard))) = (run, protocol) else { return Ok(None) };
        let mut actions = Vec::new();
        let mut rest = run;
        while let Val::Con(_, 1, _, fields, _) = &*m.whnf(&rest)? {
            let [before, action] = &fields[..] else { return Ok(None) };
            actions.push(action.clone());
            rest = before.clone();
        }
        let mut state = init;
        for action in actions.into_iter().rev() {
            let allowed = m.apply(&m.apply(&guard, action.clone()), state.clone());
            let Some(mut step) = self.step(&action)? else { return Ok(None) };
            step.byzantine = step.worker.zip(out.byzantine.as_ref()).is_some_and(|(w, all)| all.contains(&w));
            // A count that cannot be looked at is not told.
            let _nothing = self.quorums(&allowed, NESTING, &mut step.quorums);
            step.quorums.dedup();
            step.quorums.truncate(TOLD);
            out.steps.push(step);
            state = m.apply(&m.apply(&effect, action), state);
        }
        Ok(Some(out))
    }

    fn step(&self, action: &V) -> Res<Option<Step>> {
        let Val::Con(d, c, _, fields, _) = &*self.m.whnf(action)? else { return Ok(None) };
        let Some(command) = self.names.constructors.get(&(d.id, *c)).cloned() else { return Ok(None) };
        let module = self.names.full_name(d.id).and_then(|n| n.rsplit_once('.')).map_or("", |(module, _)| module);
        let declared = self.names.of_module(module).find(|g| g.target == Target::Con(d.id, *c));
        // The last names are those of the fields.
        let all: &[(String, bool)] = declared.map_or(&[], |g| &g.params);
        let own = all.get(all.len().saturating_sub(fields.len())..).unwrap_or(&[]);
        let (mut arguments, mut worker) = (Vec::new(), None);
        for (n, x) in fields.iter().enumerate() {
            let position = self.position(x)?;
            if n == 0 {
                worker = position;
            }
            let name = own.get(n).map_or_else(|| format!("argument {}", n + 1), |(name, _)| name.clone());
            arguments.push((name, self.value(x)?));
        }
        Ok(Some(Step { command, arguments, worker, byzantine: false, quorums: Vec::new() }))
    }

    /// The number of an element of `Fin n`.
    fn position(&self, v: &V) -> Res<Option<u32>> {
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

    /// The elements of `Fin n` at which a function to the truth values is true; nothing for another type.
    fn members(&self, ty: &V, f: &V) -> Res<Option<Vec<u32>>> {
        let Val::Pi(dom, _) = &*self.m.whnf(ty)? else { return Ok(None) };
        let mut size = 0u32;
        let mut rest = dom.clone();
        while let Val::Data(d, params) = &*self.m.whnf(&rest)?
            && d.id == self.sum
            && let [_, more] = &params[..]
        {
            (size, rest) = (size + 1, more.clone());
        }
        self.true_at(size, f)
    }

    fn true_at(&self, size: u32, f: &V) -> Res<Option<Vec<u32>>> {
        let m = self.m;
        let con = |c: u32, x: V| {
            let d = bfv_format::DataRef { id: self.sum, shift: 0 };
            m.value(Val::Con(d, c, Rc::new([]), Rc::new([x]), Rc::new([])))
        };
        let mut out = Vec::new();
        for n in 0..size {
            let first = con(0, m.value(Val::Prim(Prim::Star)));
            let x = (0..n).fold(first, |x, _| con(1, x));
            match &*m.whnf(&m.apply(f, x))? {
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
