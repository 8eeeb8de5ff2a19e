//! What is done for each message. Nothing is called valid that the kernel did not accept.

use crate::answer::{self, formal, goal as goal_json, issue, not_checked};
use crate::countermodel::countermodel;
use crate::explain::{self, Level};
use crate::fault::Fault;
use crate::memory::Memory;
use crate::parts::{Apart, Hands};
use crate::recent::{Answered, Asked};
use crate::sheet::{Script, Sheet};
use crate::solve::{Bench, Found, Limits, Steps, Stop, targets};
use crate::steps::{closing, opening};
use crate::suggest::{Said, in_time, new_goal, one_goal, whole};
use crate::unfold;
use crate::wire::{Goal, Kind, Piece, Proof, Question, Request, Sketched, Step};
use bfv_driver::{Desk, Kind as Verdict, Ruling};
use bfv_elab::OpenGoal;
use bfv_syntax::tree::ExprKind;
use bfv_syntax::words::expression;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Steps of the engines about a bare statement, for a suggestion and for everything else.
pub(crate) const SUGGESTED: u64 = 20_000;
pub(crate) const QUICK: u64 = 2_000;
const SEARCHED: u64 = 200_000;
/// Steps of a proof are looked for at length so long.
const FILLED: Duration = Duration::from_millis(200);

/// What is told of an answer on its way, before it is whole.
pub type Tell<'t> = dyn FnMut(Value) + 't;

/// What a request is worked on with: what was found before, and threads that may help.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    /// What was found before.
    pub memory: &'a Memory,
    /// Threads that may help.
    pub hands: Option<&'a dyn Hands>,
}

/// An answer to a request.
pub enum Reply {
    /// It was made for this request.
    Made(Value),
    /// What was answered to the same words before, and the whole answer as JSON.
    Again(Arc<Answered>, String),
}

impl Reply {
    /// The answer as a value.
    ///
    /// # Errors
    /// The text of an answer that was kept is no JSON: it was written from a value, so this is a mistake of the program.
    pub fn value(self) -> Result<Value, Fault> {
        match self {
            Reply::Made(value) => Ok(value),
            Reply::Again(_, text) => serde_json::from_str(&text)
                .map_err(|e| Fault::internal(format!("The text of an answer that was kept cannot be read: {e}."))),
        }
    }
}

/// The answer to a request. `id` is its id, `tell` gets every suggestion as it is found, where it is not all that is answered.
///
/// # Errors
/// Why there is none.
pub fn answer(
    desk: &mut Desk,
    around: Around<'_>,
    request: &Request,
    id: &str,
    limits: &Limits,
    tell: &mut Tell<'_>,
) -> Result<Reply, Fault> {
    let start = Instant::now();
    desk.heed(Some(Arc::clone(&limits.cancelled)));
    let done = match &request.question {
        Question::Suggest(goals) if goals.len() == 1 => {
            let mut said = Vec::new();
            for goal in goals {
                let asked = Asked::of(request, goal);
                if let Some(again) = asked.as_ref().and_then(|asked| around.memory.again(desk, asked)) {
                    let text = signed(&again.whole, id, start);
                    return Ok(Reply::Again(again, text));
                }
                said.push(new_goal(desk, around, (asked, goal), limits, tell));
            }
            said.into_iter().collect::<Result<_, _>>().map(whole)
        }
        Question::Suggest(goals) => goals
            .iter()
            .map(|g| one_goal(desk, around, (request, g), limits, tell))
            .collect::<Result<_, _>>()
            .map(whole),
        Question::Verify { goal, step, counterexample } => verify(desk, goal, step, *counterexample, limits),
        Question::Complete { goal, sketch, max_steps } => complete(desk, around, goal, sketch, *max_steps, limits),
        Question::Counterexample(goal) => counterexample(desk, around.memory, goal, limits),
        Question::Explain { goal, proof, level } => explained(desk, goal, proof, *level, limits),
    };
    ended_with(done, request.question.kind(), id, start, 1).map(Reply::Made)
}

/// An answer as it is sent: what came of a request, how many threads worked on it, and what every answer has.
///
/// # Errors
/// Why there is none.
pub(crate) fn ended_with(
    done: Result<Value, Stop>,
    kind: Kind,
    id: &str,
    start: Instant,
    threads: usize,
) -> Result<Value, Fault> {
    let mut out = match done {
        Ok(out) => out,
        Err(Stop::Fault(fault)) => return Err(*fault),
        Err(Stop::Cancelled) => return Err(Fault::cancelled()),
        Err(Stop::Deadline) => unknown(kind),
    };
    sign(&mut out, kind, id, start, threads);
    Ok(out)
}

/// Adds what every answer has.
fn sign(out: &mut Value, kind: Kind, id: &str, start: Instant, threads: usize) {
    if let (Value::Object(fields), Value::Object(more)) = (out, signature(kind, id, start, threads)) {
        fields.extend(more);
    }
}

/// What every answer has.
fn signature(kind: Kind, id: &str, start: Instant, threads: usize) -> Value {
    let latency = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    json!({
        "type": kind.answer_type(),
        "request_id": id,
        "metadata": { "latency_ms": latency, "workers_used": threads, "consensus_rounds": 0 },
    })
}

/// Suggestions that were written before, with what every answer has.
fn signed(whole: &str, id: &str, start: Instant) -> String {
    let mut text = signature(Kind::Suggest, id, start, 1).to_string();
    // Both are objects, and neither is empty.
    text.pop();
    text.push(',');
    text += whole.get(1..).unwrap_or("}");
    text
}

/// The whole answer where the time was used up, with the suggestions that were found by then.
#[must_use]
pub fn late(kind: Kind, id: &str, start: Instant, found: Vec<Value>) -> Value {
    let mut out = if found.is_empty() { unknown(kind) } else { whole(vec![Said::in_time(found)]) };
    sign(&mut out, kind, id, start, 1);
    out
}

/// The answer to a request that was cancelled, or whose time was used up, before anything was done for it.
///
/// # Errors
/// It was cancelled.
pub fn ended(request: &Request, id: &str, limits: &Limits) -> Result<Value, Fault> {
    match limits.check() {
        Err(Stop::Cancelled) => Err(Fault::cancelled()),
        _ => Ok(late(request.question.kind(), id, Instant::now(), Vec::new())),
    }
}

/// The answer where the time was used up before anything was known.
fn unknown(kind: Kind) -> Value {
    let why = "The time is used up. Nothing is known yet. Ask again with a longer timeout_ms.";
    match kind {
        Kind::Suggest => {
            json!({ "suggestions": [], "reason": why, "explanation": { "text": why, "audio_description": why } })
        }
        Kind::Verify => json!({
            "valid": false, "step_accepted": false, "status": "unknown", "confidence": 0.0,
            "potential_issues": [issue("warning", "The time is used up. Nothing is known yet.", "Ask again with a longer timeout_ms.")],
            "counterexample": null, "formal_verification": not_checked(),
        }),
        Kind::Complete => json!({ "proof": null, "reason": why }),
        Kind::Counterexample => json!({ "found": false, "verdict": "unknown", "reason": why }),
        Kind::Explain => json!({ "explanation": null, "reason": why }),
    }
}

/// The names of the leading arguments of a statement as it was written.
fn names(goal: &Goal) -> Vec<String> {
    match expression(&goal.statement.text).map(|e| *e.kind) {
        Some(ExprKind::Pi(binders, _)) => binders.iter().flat_map(|b| b.names.iter().map(|n| n.text.clone())).collect(),
        _ => Vec::new(),
    }
}

pub(crate) fn bench<'d>(desk: &'d mut Desk, goal: &Goal, limits: &'d Limits) -> Result<Bench<'d>, Fault> {
    let leading = goal.context.iter().map(|v| v.name.text.clone()).collect();
    Ok(Bench::new(desk, Sheet::of(goal)?, limits, leading, names(goal)))
}

/// How many goals are left, with the verb.
pub(crate) fn are(goals: usize) -> String {
    if goals == 1 { "1 goal is".to_owned() } else { format!("{goals} goals are") }
}

fn verify(desk: &mut Desk, goal: &Goal, step: &Step, wanted: bool, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    let first = bench.first()?;
    let text = bench.step_text(step, &first)?;
    let start = Script::default();
    let at = bench.sheet.end_of(&start, &first).unwrap_or_default();
    let script = start.insert(at, &text);
    let outcome = |valid: bool,
                   accepted: bool,
                   status: &str,
                   mut issues: Vec<Value>,
                   open: &[OpenGoal],
                   formal: Value,
                   point: Value| {
        if let Some(spoken) = point.get("spoken").and_then(Value::as_str) {
            // That comes first: no step helps.
            let what = format!("The goal is false. Counterexample: {spoken}.");
            issues.insert(0, issue("error", &what, "Mend the statement, or what is given."));
        }
        json!({
            "valid": valid, "step_accepted": accepted, "status": status, "confidence": if valid { 1.0 } else { 0.0 },
            "step": text, "potential_issues": issues, "resulting_goals": open.iter().map(goal_json).collect::<Vec<_>>(),
            "counterexample": point, "formal_verification": formal,
        })
    };
    let open = match bench.open_given(&script)? {
        Ok(open) => open,
        Err(problem) => {
            let fault = bench.sheet.fault(&problem, &step.tactic.place);
            let issues = vec![issue("error", &fault.what, &fault.mend)];
            let point = refuted(&mut bench, goal, wanted)?;
            return Ok(outcome(false, false, "the step is not accepted", issues, &[], not_checked(), point));
        }
    };
    if !open.is_empty() {
        let what = format!("The step is accepted, and {} left. The goal is not proved yet.", are(open.len()));
        let issues = vec![issue("note", &what, "Prove what is left.")];
        let point = refuted(&mut bench, goal, wanted)?;
        return Ok(outcome(false, true, "step accepted, goals left", issues, &open, not_checked(), point));
    }
    match bench.judge(&script)? {
        Some(ruling) => Ok(outcome(
            true,
            true,
            "the kernel accepted the proof",
            answer::issues(&ruling),
            &[],
            formal(&ruling),
            Value::Null,
        )),
        None => {
            let issues = vec![issue(
                "error",
                "The kernel did not accept the proof that the step ends with.",
                "Try another step.",
            )];
            let point = refuted(&mut bench, goal, wanted)?;
            Ok(outcome(false, false, "the kernel refused the proof", issues, &[], not_checked(), point))
        }
    }
}

/// A point at which the goal fails, where one is wanted and found.
fn refuted(bench: &mut Bench<'_>, goal: &Goal, wanted: bool) -> Result<Value, Stop> {
    if !wanted {
        return Ok(Value::Null);
    }
    match bench.search(0, SUGGESTED) {
        Ok(Some(ruling)) if ruling.report.verdict.kind() == Verdict::Refuted => {
            Ok(answer::counterexample(&ruling, goal))
        }
        Ok(_) | Err(Stop::Deadline) => Ok(Value::Null),
        Err(other) => Err(other),
    }
}

fn complete(
    desk: &mut Desk,
    around: Around<'_>,
    goal: &Goal,
    sketch: &[Sketched],
    most: u32,
    limits: &Limits,
) -> Result<Value, Stop> {
    let memory = around.memory;
    let mut bench = bench(desk, goal, limits)?;
    bench.hands = around.hands;
    let first = bench.first()?;
    let mut made = Vec::new();
    let free = sketch.iter().all(|s| *s == Sketched::Missing);
    let (hit, encoded) = memory.look(&mut bench)?;
    let known = hit.is_some();
    // Who is free begins with the parts of the goal, while what is easy is looked for in the whole.
    bench.soft = Instant::now().checked_add(FILLED);
    let apart = if known || !sketch.is_empty() { None } else { Apart::conclusion(&mut bench, &first, most)? };
    let (early, script) = match hit {
        Some(hit) => (Some(hit.ruling), hit.script),
        None => (bench.search(0, QUICK)?.filter(|r| r.report.verdict.kind() != Verdict::Unknown), None),
    };
    let keep = |bench: &Bench<'_>, script: &str, ruling: &Ruling| {
        if let Some(encoded) = encoded.clone().filter(|_| !known) {
            let script = Script { text: script.to_owned() };
            let step = script.steps().first().map(|(_, s)| (*s).to_owned());
            memory.keep(bench, encoded, step.map(|step| (step, script.text)), ruling);
        }
    };
    if let Some(ruling) = early.as_ref().filter(|r| r.report.verdict.kind() == Verdict::Refuted) {
        keep(&bench, "", ruling);
        return Ok(false_goal(goal, ruling));
    }
    if let (Some(recalled), Some(ruling), true) = (script, &early, free) {
        let steps = bench.steps_of(&recalled.script)?;
        let short = |steps: &Vec<_>| usize::try_from(most).is_ok_and(|most| steps.len() <= most);
        if let Some(steps) = steps.filter(short) {
            return Ok(proved(goal, &Found { script: recalled.script, steps }, ruling));
        }
    }
    // The engines may know a proof that the steps do not find, and they need time, too.
    bench.soft = Instant::now().checked_add(FILLED);
    let by_parts = match apart.map(|apart| apart.end(&mut bench)) {
        None => None,
        Some(ended) => {
            // What was not ended this way is not tried in the same way again.
            bench.hands = None;
            in_time(ended)?
        }
    };
    // A proof that the kernel has accepted already is told also where the time for steps is over.
    let found = match by_parts {
        Some(found) => Some(found),
        None => match fill(&mut bench, &Script::default(), &[first], sketch, most, &mut made) {
            Err(Stop::Deadline) if early.is_some() => None,
            other => other?.map(|script| {
                made.reverse();
                Found { script, steps: made }
            }),
        },
    };
    if let Some(found) = found
        && let Some(ruling) = in_time(bench.judge(&found.script))?
    {
        keep(&bench, &found.script.shown(), &ruling);
        return Ok(proved(goal, &found, &ruling));
    }
    let ruling = if early.is_some() { early } else { bench.search(QUICK + 1, SEARCHED)? };
    match ruling {
        Some(ruling) if ruling.report.verdict.kind() == Verdict::Proved && free => {
            let scripts = bench.first().and_then(|first| bench.replays(&first, &ruling));
            for script in in_time(scripts)? {
                let Some(accepted) = in_time(bench.judge(&script))? else { continue };
                let Some(steps) = in_time(bench.steps_of(&script))? else { continue };
                keep(&bench, &script.shown(), &accepted);
                return Ok(proved(goal, &Found { script, steps }, &accepted));
            }
            keep(&bench, "", &ruling);
            let none = Found { script: Script::default(), steps: Vec::new() };
            let mut out = proved(goal, &none, &ruling);
            if let Some(Value::Object(proof)) = out.get_mut("proof") {
                proof.insert("script".into(), Value::Null);
            }
            Ok(out)
        }
        Some(ruling) if ruling.report.verdict.kind() == Verdict::Refuted => Ok(false_goal(goal, &ruling)),
        Some(ruling) if ruling.report.verdict.kind() == Verdict::Unknown => {
            let reason = format!("No proof was found. {}", answer::reason(&ruling));
            Ok(json!({ "proof": null, "reason": reason, "countermodel": countermodel(&mut bench)?.map(|m| m.value) }))
        }
        _ => Ok(json!({ "proof": null, "reason": "No proof along this sketch was found." })),
    }
}

/// The answer where there is nothing to complete.
fn false_goal(goal: &Goal, ruling: &Ruling) -> Value {
    json!({ "proof": null, "reason": "The goal is false.", "counterexample": answer::counterexample(ruling, goal) })
}

/// A whole proof that the kernel accepted.
fn proved(goal: &Goal, found: &Found, ruling: &Ruling) -> Value {
    let formal = formal(ruling);
    json!({
        "proof": {
            "goal": goal.statement.text, "status": "proved", "script": found.script.shown(), "steps": answer::steps(found),
            "proof_term": formal.get("proof_term"), "formal_verification": formal,
        },
        "potential_issues": answer::issues(ruling),
    })
}

/// Follows a sketch step by step; what is missing is found. The steps made come last first.
fn fill(
    bench: &mut Bench<'_>,
    script: &Script,
    open: &[OpenGoal],
    sketch: &[Sketched],
    most: u32,
    made: &mut Steps,
) -> Result<Option<Script>, Stop> {
    let Some((next, rest)) = sketch.split_first() else {
        let Some(found) = bench.finish(script, open, most)? else { return Ok(None) };
        made.extend(found.steps.into_iter().rev());
        return Ok(Some(found.script));
    };
    let Some(goal) = open.first() else { return Ok((*next == Sketched::Missing).then(|| script.clone())) };
    let Some(most) = most.checked_sub(1) else { return Ok(None) };
    let candidates: Vec<String> = match next {
        Sketched::Complete(step) => vec![bench.step_text(step, goal)?],
        Sketched::Missing => {
            let mut all = closing(goal);
            all.extend(opening(goal, bench.names_after(script)));
            let theorems = bench.theorems(goal).into_iter().map(|name| format!("apply {name}"));
            all.into_iter().map(|(_, step)| step).chain(theorems).collect()
        }
    };
    let mut tried_in_vain = true;
    for step in candidates {
        let Some(tried) = bench.try_step(script, goal, &step)? else { continue };
        tried_in_vain = false;
        if let Some(done) = fill(bench, &tried.script, &tried.open, rest, most, made)? {
            made.push((step, targets(&tried.open)));
            return Ok(Some(done));
        }
    }
    match next {
        // A step of the client's own that is not accepted is said.
        Sketched::Complete(_) if tried_in_vain => {
            let what = "A step that is said to be complete is not accepted.";
            let place = if let Sketched::Complete(step) = next { step.tactic.place.as_str() } else { "" };
            Err(Fault::wrong(place, what, "Mend the step, or give it the status missing.").into())
        }
        _ => Ok(None),
    }
}

fn counterexample(desk: &mut Desk, memory: &Memory, goal: &Goal, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    bench.first()?;
    let (hit, encoded) = memory.look(&mut bench)?;
    let found = match hit {
        Some(hit) => Some(hit.ruling),
        None => {
            let found = bench.search(0, SEARCHED)?;
            if let (Some(ruling), Some(encoded)) = (&found, encoded) {
                memory.keep(&bench, encoded, None, ruling);
            }
            found
        }
    };
    let Some(ruling) = found else { return Ok(unknown(Kind::Counterexample)) };
    Ok(match ruling.report.verdict.kind() {
        Verdict::Refuted => {
            json!({ "found": true, "verdict": "refuted", "counterexample": answer::counterexample(&ruling, goal), "reason": "The kernel accepted the refutation." })
        }
        Verdict::Proved => {
            json!({ "found": false, "verdict": "proved", "reason": "The kernel accepted a proof, so there is no counterexample.", "formal_verification": formal(&ruling) })
        }
        Verdict::Unknown => {
            json!({ "found": false, "verdict": "unknown", "reason": answer::reason(&ruling), "countermodel": countermodel(&mut bench)?.map(|m| m.value) })
        }
    })
}

/// Explains a proof that the kernel accepts. Of others nothing is explained but what is wrong.
fn explained(desk: &mut Desk, goal: &Goal, proof: &Proof, level: Level, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    let first = bench.first()?;
    match proof {
        Proof::Script(steps) => explained_steps(&mut bench, goal, &first, steps, level),
        Proof::Term(term) => {
            let word = Piece { text: "exact".to_owned(), place: term.place.clone() };
            let text = bench.step_text(&Step { tactic: word, arguments: vec![term.clone()] }, &first)?;
            let at = bench.sheet.end_of(&Script::default(), &first).unwrap_or_default();
            let script = Script::default().insert(at, &text);
            bench.open(&script)?.map_err(|p| bench.sheet.fault(&p, &term.place))?;
            match bench.judge(&script)? {
                Some(ruling) => explained_term(&mut bench, goal, &ruling, level),
                None => {
                    let what = "The kernel did not accept this term as a proof of the goal.";
                    Err(Fault::wrong(&term.place, what, "Send a term of the type that the goal states.").into())
                }
            }
        }
        Proof::Certificate(bytes, place) => {
            let ruling = bench.certified(bytes, place)?;
            explained_term(&mut bench, goal, &ruling, level)
        }
    }
}

/// Explains evidence that the kernel accepted, from its term.
fn explained_term(bench: &mut Bench<'_>, goal: &Goal, ruling: &Ruling, level: Level) -> Result<Value, Stop> {
    let Some(evidence) = &ruling.evidence else {
        return Err(Fault::internal("Evidence that was accepted is lost.").into());
    };
    let refutes = ruling.report.verdict.kind() == Verdict::Refuted;
    let names = [bench.leading.as_slice(), bench.names.as_slice()].concat();
    let tree = unfold::tree(bench.desk, &goal.statement.text, evidence, names, refutes);
    Ok(
        json!({ "explanation": explain::explanation(&tree, level), "reason": "", "formal_verification": formal(ruling) }),
    )
}

fn explained_steps(
    bench: &mut Bench<'_>,
    goal: &Goal,
    first: &OpenGoal,
    steps: &Piece,
    level: Level,
) -> Result<Value, Stop> {
    let at = bench.sheet.end_of(&Script::default(), first).unwrap_or_default();
    let script = Script::default().insert(at, steps.text.trim());
    let none = |reason: String, left: &[OpenGoal]| json!({ "explanation": null, "reason": reason, "resulting_goals": left.iter().map(goal_json).collect::<Vec<_>>() });
    let open = bench.open_given(&script)?.map_err(|p| bench.sheet.fault(&p, &steps.place))?;
    if !open.is_empty() {
        return Ok(none(
            format!("The steps leave {}, so there is no proof to explain.", bfv_driver::count(open.len(), "goal")),
            &open,
        ));
    }
    let Some(ruling) = bench.judge(&script)? else {
        return Ok(none("The kernel did not accept the proof that the steps end with.".to_owned(), &[]));
    };
    let Some(tree) = bench.sheet.tree(&script).map(|s| explain::tree(&goal.statement.text, &s)) else {
        return Err(Fault::internal("Steps that were accepted cannot be read again.").into());
    };
    Ok(
        json!({ "explanation": explain::explanation(&tree, level), "reason": "", "formal_verification": formal(&ruling) }),
    )
}
