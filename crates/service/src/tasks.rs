//! What is done for each message. Nothing is called valid that the kernel did not accept.

use crate::answer::{self, explain as say, formal, goal as goal_json, issue, not_checked};
use crate::countermodel::countermodel;
use crate::explain::{self, Level};
use crate::fault::Fault;
use crate::sheet::{Script, Sheet};
use crate::solve::{Bench, Found, Limits, Stop, targets};
use crate::steps::{closing, opening};
use crate::wire::{Goal, Kind, Piece, Question, Request, Sketched, Step};
use bfv_driver::{Desk, Kind as Verdict, Ruling};
use bfv_elab::OpenGoal;
use bfv_syntax::tree::ExprKind;
use bfv_syntax::words::expression;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most suggestions for one goal.
const MOST: usize = 6;
/// After a step that ends the goal was found, others are looked for so long.
const AFTER: Duration = Duration::from_millis(20);
/// So many others are tried in any case, on a slow machine too.
const SURE: u32 = 4;
/// Most steps that are looked for after a suggested one.
const REST: u32 = 5;
/// Steps of the engines about a bare statement, for a suggestion and for everything else.
const SUGGESTED: u64 = 20_000;
const QUICK: u64 = 2_000;
const SEARCHED: u64 = 200_000;

/// What is told of an answer on its way, before it is whole.
pub type Tell<'t> = dyn FnMut(Value) + 't;

/// The answer to a request. `id` is its id, `tell` gets every suggestion as it is found.
///
/// # Errors
/// Why there is none.
pub fn answer(
    desk: &mut Desk,
    request: &Request,
    id: &str,
    limits: &Limits,
    tell: &mut Tell<'_>,
) -> Result<Value, Fault> {
    let start = Instant::now();
    desk.heed(Some(Arc::clone(&limits.cancelled)));
    let done = match &request.question {
        Question::Suggest(goals) => suggest(desk, goals, limits, tell),
        Question::Verify { goal, step, counterexample } => verify(desk, goal, step, *counterexample, limits),
        Question::Complete { goal, sketch, max_steps } => complete(desk, goal, sketch, *max_steps, limits),
        Question::Counterexample(goal) => counterexample(desk, goal, limits),
        Question::Explain { goal, script, level } => explained(desk, goal, script, *level, limits),
    };
    let mut out = match done {
        Ok(out) => out,
        Err(Stop::Fault(fault)) => return Err(*fault),
        Err(Stop::Cancelled) => return Err(Fault::cancelled()),
        Err(Stop::Deadline) => unknown(request.question.kind()),
    };
    sign(&mut out, request.question.kind(), id, start);
    Ok(out)
}

/// Adds what every answer has.
fn sign(out: &mut Value, kind: Kind, id: &str, start: Instant) {
    if let Value::Object(fields) = out {
        fields.insert("type".into(), kind.answer_type().into());
        fields.insert("request_id".into(), id.into());
        let latency = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        fields.insert("metadata".into(), json!({ "latency_ms": latency, "workers_used": 1, "consensus_rounds": 0 }));
    }
}

/// The whole answer where the time was used up before anything was known.
#[must_use]
pub fn late(kind: Kind, id: &str, start: Instant) -> Value {
    let mut out = unknown(kind);
    sign(&mut out, kind, id, start);
    out
}

/// The answer to a request that was cancelled, or whose time was used up, before anything was done for it.
///
/// # Errors
/// It was cancelled.
pub fn ended(request: &Request, id: &str, limits: &Limits) -> Result<Value, Fault> {
    match limits.check() {
        Err(Stop::Cancelled) => Err(Fault::cancelled()),
        _ => Ok(late(request.question.kind(), id, Instant::now())),
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

fn bench<'d>(desk: &'d mut Desk, goal: &Goal, limits: &'d Limits) -> Result<Bench<'d>, Fault> {
    let leading = goal.context.iter().map(|v| v.name.text.clone()).collect();
    Ok(Bench::new(desk, Sheet::of(goal)?, limits, leading, names(goal)))
}

/// A suggestion before it has a rank.
struct Suggestion {
    order: (bool, u32, usize),
    value: Value,
}

fn suggest(desk: &mut Desk, goals: &[Goal], limits: &Limits, tell: &mut Tell<'_>) -> Result<Value, Stop> {
    let mut all = Vec::new();
    let mut reasons = Vec::new();
    for goal in goals {
        let mut bench = bench(desk, goal, limits)?;
        let first = bench.first()?;
        let mut found = Vec::new();
        // What is false has no proof, whatever steps are accepted, and mostly that is seen at once.
        let early = match bench.search(0, QUICK) {
            Ok(ruling) => ruling.filter(|r| r.report.verdict.kind() != Verdict::Unknown),
            Err(Stop::Deadline) => None,
            Err(other) => return Err(other),
        };
        let refuted = early.as_ref().is_some_and(|r| r.report.verdict.kind() == Verdict::Refuted);
        let steps = if refuted { Ok(()) } else { steps_for(&mut bench, goal, &first, &mut found, tell) };
        match steps {
            Ok(()) | Err(Stop::Deadline) => {}
            Err(other) => return Err(other),
        }
        let closed = found.iter().any(|s| s.order.0);
        if !closed {
            let ruling = if early.is_some() { Ok(early) } else { bench.search(QUICK + 1, SUGGESTED) };
            match ruling {
                Ok(Some(ruling)) => {
                    let text = match ruling.report.verdict.kind() {
                        Verdict::Refuted => {
                            found.clear();
                            all.push(json!({ "goal": goal.id, "refuted": answer::counterexample(&ruling) }));
                            format!(
                                "Goal {} is false. Counterexample: {}.",
                                goal.id,
                                bfv_driver::named_values(&ruling.report.counterexample, bfv_driver::Math::Words)
                            )
                        }
                        Verdict::Proved => match by_search(&mut bench, &first, &goal.id, &ruling, tell) {
                            Ok(Some(step)) => {
                                // The same step without a proof says less.
                                found.retain(|s| s.value.get("step") != step.value.get("step"));
                                found.push(step);
                                String::new()
                            }
                            Ok(None) | Err(Stop::Deadline) => {
                                all.push(json!({ "goal": goal.id, "proved": formal(&ruling) }));
                                format!(
                                    "Goal {} is proved, and the kernel accepted the proof. It is no script of few steps.",
                                    goal.id
                                )
                            }
                            Err(other) => return Err(other),
                        },
                        Verdict::Unknown => {
                            let mut text =
                                format!("No proof of goal {} was found. {}", goal.id, answer::reason(&ruling));
                            if let Some(model) = countermodel(&mut bench)? {
                                text = format!(
                                    "{text} {}",
                                    model.get("spoken").and_then(Value::as_str).unwrap_or_default()
                                );
                                all.push(json!({ "goal": goal.id, "countermodel": model }));
                            }
                            text
                        }
                    };
                    reasons.push(text);
                }
                Ok(None) | Err(Stop::Deadline) => reasons.push(format!("The time for goal {} is used up.", goal.id)),
                Err(other) => return Err(other),
            }
        }
        found.sort_by_key(|s| (!s.order.0, s.order.1, s.order.2));
        all.extend(found.into_iter().take(MOST).map(|s| s.value));
    }
    let (refuted, rest): (Vec<Value>, Vec<Value>) = all.into_iter().partition(|v| v.get("refuted").is_some());
    let (proved, rest): (Vec<Value>, Vec<Value>) = rest.into_iter().partition(|v| v.get("proved").is_some());
    let (models, mut suggestions): (Vec<Value>, Vec<Value>) =
        rest.into_iter().partition(|v| v.get("countermodel").is_some());
    for (value, rank) in suggestions.iter_mut().zip(1..) {
        if let Value::Object(fields) = value {
            fields.insert("rank".into(), json!(rank));
        }
    }
    reasons.retain(|r| !r.is_empty());
    let mut text = match suggestions.first() {
        Some(best) => {
            let part = |name: &str| best.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            let others = match suggestions.len().saturating_sub(1) {
                0 => String::new(),
                1 => " There is 1 other step.".to_owned(),
                n => format!(" There are {n} other steps."),
            };
            format!("Best step: {}. {}{others}", part("step"), part("rationale"))
        }
        None => "There is no suggestion.".to_owned(),
    };
    for r in &reasons {
        text += " ";
        text += r;
    }
    let audio = text.clone();
    Ok(json!({
        "suggestions": suggestions,
        "refuted_goals": refuted,
        "proved_goals": proved,
        "countermodels": models,
        "reason": reasons.join(" "),
        "explanation": { "text": text, "audio_description": audio },
    }))
}

/// Steps for the goal, tried one after another.
fn steps_for(
    bench: &mut Bench<'_>,
    goal: &Goal,
    first: &OpenGoal,
    found: &mut Vec<Suggestion>,
    tell: &mut Tell<'_>,
) -> Result<(), Stop> {
    let mut candidates = closing(first);
    candidates.extend(opening(first, &bench.names));
    candidates.extend(bench.leading_inductions(first)?.into_iter().map(|step| (12, step)));
    candidates.extend(bench.theorems(first).into_iter().map(|name| (40, format!("apply {name}"))));
    let (mut until, mut more): (Option<Instant>, u32) = (None, 0);
    let start = Script::default();
    for (weight, step) in candidates {
        if (more >= SURE && until.is_some_and(|t| Instant::now() >= t)) || found.len() >= MOST {
            break;
        }
        more += u32::from(until.is_some());
        let Some(tried) = bench.try_step(&start, first, &step)? else { continue };
        let rest = bench.finish(&tried.script, &tried.open, REST)?;
        let ruling = match &rest {
            Some(whole) => bench.judge(&whole.script)?,
            None => None,
        };
        // A script that the kernel refuses is no suggestion, and neither is its first step.
        if rest.is_some() && ruling.is_none() {
            continue;
        }
        if ruling.is_some() && until.is_none() {
            until = Instant::now().checked_add(AFTER);
        }
        let done = rest.zip(ruling);
        let value = suggestion(&goal.id, &step, &tried.open, done.as_ref());
        tell(value.clone());
        let length = done.as_ref().map_or(tried.open.len(), |(whole, _)| whole.steps.len());
        found.push(Suggestion { order: (done.is_some(), weight, length), value });
    }
    Ok(())
}

/// The tactic and the arguments of a step, as the client has them.
fn parts(step: &str) -> (&str, Vec<&str>) {
    match step.split_once(' ') {
        Some(("intro", rest)) if rest.contains("induction ") => {
            let variable = rest.split("induction ").nth(1).and_then(|r| r.split_whitespace().next());
            ("induction", variable.into_iter().collect())
        }
        Some(("intro", names)) => ("intro", names.split_whitespace().collect()),
        // The cases of an induction follow from its variable.
        Some(("induction", rest)) => ("induction", rest.split_whitespace().take(1).collect()),
        Some((word, rest)) => (word, vec![rest]),
        None => (step, Vec::new()),
    }
}

fn suggestion(id: &str, step: &str, open: &[OpenGoal], done: Option<&(Found, Ruling)>) -> Value {
    let (tactic, arguments) = parts(step);
    let rationale = match (done, open.len()) {
        (Some(_), 0) => format!("{} The kernel accepted the proof.", say(step)),
        (Some((whole, _)), _) => {
            format!(
                "{} After {} more the goal is proved, and the kernel accepted the proof.",
                say(step),
                bfv_driver::count(whole.steps.len(), "step")
            )
        }
        (None, left) => format!("{} The step is accepted, and {} left.", say(step), are(left)),
    };
    let estimated = done.map_or(open.len().saturating_add(1), |(whole, _)| whole.steps.len().saturating_add(1));
    json!({
        "target": id,
        "tactic": tactic,
        "macro": crate::sheet::MACROS.contains(&tactic),
        "arguments": arguments,
        "step": step.split_whitespace().collect::<Vec<_>>().join(" "),
        "script": done.map(|(whole, _)| whole.script.shown()),
        "confidence": if done.is_some() { 1.0 } else { 0.5 },
        "closes_goal": done.is_some(),
        "valid": done.is_some(),
        "step_accepted": true,
        "resulting_goals": open.iter().map(goal_json).collect::<Vec<_>>(),
        "rationale": rationale,
        "estimated_steps": estimated,
        "worker_consensus": { "agreed": done.iter().map(|_| "the bfv kernel").collect::<Vec<_>>(), "dissented": [] },
        "potential_issues": done.map(|(_, ruling)| answer::issues(ruling)).unwrap_or_default(),
        "formal_verification": done.map(|(_, r)| formal(r)),
    })
}

fn are(goals: usize) -> String {
    if goals == 1 { "1 goal is".to_owned() } else { format!("{goals} goals are") }
}

/// What a search about the bare statement found, as a script of few steps. Only what the kernel accepts when it is replayed counts.
fn by_search(
    bench: &mut Bench<'_>,
    first: &OpenGoal,
    id: &str,
    ruling: &Ruling,
    tell: &mut Tell<'_>,
) -> Result<Option<Suggestion>, Stop> {
    for script in bench.replays(first, ruling)? {
        let Some(accepted) = bench.judge(&script)? else { continue };
        let step = script.shown().split(';').next().unwrap_or_default().trim().to_owned();
        let open = bench.try_step(&Script::default(), first, &step)?.map(|t| t.open).unwrap_or_default();
        // What comes after the first step, without the statements of the goals in between.
        let rest = script.shown().split(';').skip(1).map(|s| (s.trim().to_owned(), Vec::new())).collect();
        let value = suggestion(id, &step, &open, Some(&(Found { script, steps: rest }, accepted)));
        tell(value.clone());
        return Ok(Some(Suggestion { order: (true, 50, 0), value }));
    }
    Ok(None)
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
                   issues: Vec<Value>,
                   open: &[OpenGoal],
                   formal: Value,
                   point: Value| {
        json!({
            "valid": valid, "step_accepted": accepted, "status": status, "confidence": if valid { 1.0 } else { 0.0 },
            "step": text, "potential_issues": issues, "resulting_goals": open.iter().map(goal_json).collect::<Vec<_>>(),
            "counterexample": point, "formal_verification": formal,
        })
    };
    let open = match bench.open(&script)? {
        Ok(open) => open,
        Err(problem) => {
            let fault = bench.sheet.fault(&problem, &step.tactic.place);
            let issues = vec![issue("error", &fault.what, &fault.mend)];
            let point = refuted(&mut bench, wanted)?;
            return Ok(outcome(false, false, "the step is not accepted", issues, &[], not_checked(), point));
        }
    };
    if !open.is_empty() {
        let what = format!("The step is accepted, and {} left. The goal is not proved yet.", are(open.len()));
        let issues = vec![issue("note", &what, "Prove what is left.")];
        let point = refuted(&mut bench, wanted)?;
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
            let point = refuted(&mut bench, wanted)?;
            Ok(outcome(false, false, "the kernel refused the proof", issues, &[], not_checked(), point))
        }
    }
}

/// A point at which the goal fails, where one is wanted and found.
fn refuted(bench: &mut Bench<'_>, wanted: bool) -> Result<Value, Stop> {
    if !wanted {
        return Ok(Value::Null);
    }
    match bench.search(0, SUGGESTED) {
        Ok(Some(ruling)) if ruling.report.verdict.kind() == Verdict::Refuted => Ok(answer::counterexample(&ruling)),
        Ok(_) | Err(Stop::Deadline) => Ok(Value::Null),
        Err(other) => Err(other),
    }
}

fn complete(desk: &mut Desk, goal: &Goal, sketch: &[Sketched], most: u32, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    let first = bench.first()?;
    let mut made = Vec::new();
    let early = bench.search(0, QUICK)?.filter(|r| r.report.verdict.kind() != Verdict::Unknown);
    if let Some(ruling) = early.as_ref().filter(|r| r.report.verdict.kind() == Verdict::Refuted) {
        return Ok(false_goal(ruling));
    }
    let found = fill(&mut bench, &Script::default(), &[first], sketch, most, &mut made)?;
    if let Some(script) = found {
        made.reverse();
        let found = Found { script, steps: made };
        if let Some(ruling) = bench.judge(&found.script)? {
            return Ok(proved(goal, &found, &ruling));
        }
    }
    // The engines may know a proof that the steps do not find.
    let ruling = if early.is_some() { early } else { bench.search(QUICK + 1, SEARCHED)? };
    match ruling {
        Some(ruling)
            if ruling.report.verdict.kind() == Verdict::Proved && sketch.iter().all(|s| *s == Sketched::Missing) =>
        {
            let first = bench.first()?;
            for script in bench.replays(&first, &ruling)? {
                let Some(accepted) = bench.judge(&script)? else { continue };
                let steps = script.shown().split(';').map(|s| (s.trim().to_owned(), Vec::new())).collect();
                return Ok(proved(goal, &Found { script, steps }, &accepted));
            }
            let none = Found { script: Script::default(), steps: Vec::new() };
            let mut out = proved(goal, &none, &ruling);
            if let Some(Value::Object(proof)) = out.get_mut("proof") {
                proof.insert("script".into(), Value::Null);
            }
            Ok(out)
        }
        Some(ruling) if ruling.report.verdict.kind() == Verdict::Refuted => Ok(false_goal(&ruling)),
        Some(ruling) if ruling.report.verdict.kind() == Verdict::Unknown => {
            let reason = format!("No proof was found. {}", answer::reason(&ruling));
            Ok(json!({ "proof": null, "reason": reason, "countermodel": countermodel(&mut bench)? }))
        }
        _ => Ok(json!({ "proof": null, "reason": "No proof along this sketch was found." })),
    }
}

/// The answer where there is nothing to complete.
fn false_goal(ruling: &Ruling) -> Value {
    json!({ "proof": null, "reason": "The goal is false.", "counterexample": answer::counterexample(ruling) })
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
    made: &mut Vec<(String, Vec<String>)>,
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

fn counterexample(desk: &mut Desk, goal: &Goal, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    bench.first()?;
    let found = bench.search(0, SEARCHED)?;
    let Some(ruling) = found else { return Ok(unknown(Kind::Counterexample)) };
    Ok(match ruling.report.verdict.kind() {
        Verdict::Refuted => {
            json!({ "found": true, "verdict": "refuted", "counterexample": answer::counterexample(&ruling), "reason": "The kernel accepted the refutation." })
        }
        Verdict::Proved => {
            json!({ "found": false, "verdict": "proved", "reason": "The kernel accepted a proof, so there is no counterexample.", "formal_verification": formal(&ruling) })
        }
        Verdict::Unknown => {
            json!({ "found": false, "verdict": "unknown", "reason": answer::reason(&ruling), "countermodel": countermodel(&mut bench)? })
        }
    })
}

/// Explains steps that the kernel accepts. Of others nothing is explained but what is wrong.
fn explained(desk: &mut Desk, goal: &Goal, steps: &Piece, level: Level, limits: &Limits) -> Result<Value, Stop> {
    let mut bench = bench(desk, goal, limits)?;
    let first = bench.first()?;
    let at = bench.sheet.end_of(&Script::default(), &first).unwrap_or_default();
    let script = Script::default().insert(at, steps.text.trim());
    let none = |reason: String, left: &[OpenGoal]| json!({ "explanation": null, "reason": reason, "resulting_goals": left.iter().map(goal_json).collect::<Vec<_>>() });
    let open = bench.open(&script)?.map_err(|p| bench.sheet.fault(&p, &steps.place))?;
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
