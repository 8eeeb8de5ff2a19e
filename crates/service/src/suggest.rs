//! Next steps for goals: what was found before, what one step and a short search find, what the engines know.

use crate::answer::{self, explain as say, formal, goal as goal_json};
use crate::countermodel::{Told, countermodel};
use crate::explain;
use crate::memory::{Memory, Recalled, searches};
use crate::recent::Asked;
use crate::sheet::Script;
use crate::solve::{Bench, Found, Limits, Stop};
use crate::steps::{closing, opening};
use crate::tasks::{Around, QUICK, SUGGESTED, Tell, are, bench};
use crate::wire::{Goal, Request};
use bfv_driver::{Desk, Kind as Verdict, Ruling};
use bfv_elab::OpenGoal;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Most suggestions for one goal.
const MOST: usize = 6;
/// Steps are looked for at length so long.
const AFTER: Duration = Duration::from_millis(1);
/// So many are tried in any case, on a slow machine too.
const SURE: u32 = 2;
/// Most steps that are looked for after a suggested one.
const REST: u32 = 5;

/// A suggestion before it has a rank.
struct Suggestion {
    /// Smaller comes first: whether it does not end the goal, whether it leaves all to a search, which says little to a reader, how far it is
    /// from being sure to help, how many steps follow.
    order: (bool, bool, u32, usize),
    value: Value,
    /// Its step, the whole script, and the kernel's judgement of that.
    proof: Option<(String, String, Ruling)>,
}

/// What there is to say of one goal of a request, which may be what was said when the same words came before.
///
/// # Errors
/// Why there is nothing.
pub fn one_goal(
    desk: &mut Desk,
    around: Around<'_>,
    (request, goal): (&Request, &Goal),
    limits: &Limits,
    tell: &mut Tell<'_>,
) -> Result<Said, Stop> {
    desk.heed(Some(Arc::clone(&limits.cancelled)));
    let asked = Asked::of(request, goal);
    if let Some(again) = asked.as_ref().and_then(|asked| around.memory.again(desk, asked)) {
        if let Some(suggested) = again.suggested() {
            tell(suggested);
        }
        return Ok(Said::again(goal, &again.value, &again.reason));
    }
    new_goal(desk, around, (asked, goal), limits, tell)
}

/// What there is to say of a goal that is looked at as a new one. Where it says what it was asked with, that is kept: words mean what the desk knows, and
/// only a request says all of that.
///
/// # Errors
/// Why there is nothing.
pub fn new_goal(
    desk: &mut Desk,
    around: Around<'_>,
    (asked, goal): (Option<Asked>, &Goal),
    limits: &Limits,
    tell: &mut Tell<'_>,
) -> Result<Said, Stop> {
    let (started, memory) = (Instant::now(), around.memory);
    let mut said = Said::of(goal);
    let mut bench = bench(desk, goal, limits)?;
    bench.soft = started.checked_add(AFTER);
    bench.hands = around.hands;
    match one(&mut bench, memory, (asked, goal), &mut said, tell) {
        // What is known of other goals is told all the same.
        Err(Stop::Deadline) => said.reasons.push(format!("The time for goal {} is used up.", goal.id)),
        done => done?,
    }
    said.accepted = bench.accepted;
    Ok(said)
}

/// The answer to a request for suggestions from what is said of each of its goals.
#[must_use]
pub fn whole(goals: Vec<Said>) -> Value {
    let (mut all, mut reasons, mut recalled) = (Vec::new(), Vec::new(), 0_u32);
    let mut statements = Vec::new();
    for said in goals {
        statements.extend(said.statement);
        all.extend(said.all);
        reasons.extend(said.reasons);
        recalled = recalled.saturating_add(said.recalled);
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
    let best = suggestions.first();
    let part = |name: &str| best.and_then(|b| b.get(name)).and_then(Value::as_str).unwrap_or_default();
    let others = match suggestions.len().saturating_sub(1) {
        0 => String::new(),
        1 => " There is 1 other step.".to_owned(),
        n => format!(" There are {n} other steps."),
    };
    let called = best.map(called).unwrap_or_default();
    let told = |step: &str| {
        let first = match best {
            Some(_) => format!("Best step: {step}. {}{others}", part("rationale")),
            None => "There is no suggestion.".to_owned(),
        };
        std::iter::once(first).chain(reasons.iter().cloned()).collect::<Vec<_>>().join(" ")
    };
    // Ears have no use for the brackets and arrows of a step.
    let (text, audio) = (told(part("step")), told(&called));
    let picture = best.map(|best| {
        let left = best.get("resulting_goals").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let left: Vec<&str> = left.iter().filter_map(|g| g.get("spoken").and_then(Value::as_str)).collect();
        let statement = statements.iter().find(|(id, _)| id == part("target"));
        let goal = statement.map_or_else(|| "the goal".to_owned(), |(_, statement)| answer::words(statement));
        explain::step_drawn(&goal, &called, &left)
    });
    json!({
        "suggestions": suggestions,
        "refuted_goals": refuted,
        "proved_goals": proved,
        "countermodels": models,
        "recalled": recalled,
        "reason": reasons.join(" "),
        "explanation": { "text": text, "audio_description": audio, "spatial_visualization": picture },
    })
}

/// What a suggested step is called: its tactic, with its arguments where these are names.
fn called(suggestion: &Value) -> String {
    let tactic = suggestion.get("tactic").and_then(Value::as_str).unwrap_or_default();
    let arguments = suggestion.get("arguments").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let name = |text: &&str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ' '));
    let names = arguments.iter().filter_map(Value::as_str).filter(name);
    std::iter::once(tactic).chain(names).collect::<Vec<_>>().join(" ")
}

/// What is said of a goal.
#[derive(Default)]
pub struct Said {
    /// The id of the goal and its statement, as they came; nothing where time ran out before.
    statement: Option<(String, String)>,
    /// Suggestions, and what else there is to know of a goal.
    all: Vec<Value>,
    /// Why something was not found, in sentences.
    reasons: Vec<String>,
    /// Goals that were known.
    recalled: u32,
    /// How many steps had been tried when the kernel accepted a script for the first time.
    pub accepted: Option<u32>,
}

impl Said {
    /// Nothing yet.
    fn of(goal: &Goal) -> Said {
        Said { statement: Some((goal.id.clone(), goal.statement.text.clone())), ..Said::default() }
    }

    /// What was said of a goal before.
    pub(crate) fn again(goal: &Goal, value: &Value, reason: &str) -> Said {
        let reasons = if reason.is_empty() { Vec::new() } else { vec![reason.to_owned()] };
        Said { all: vec![value.clone()], reasons, recalled: 1, ..Said::of(goal) }
    }

    /// What was found before the time was over, best first.
    pub(crate) fn in_time(mut found: Vec<Value>) -> Said {
        found.sort_by_key(|s| s.get("valid") != Some(&Value::Bool(true)));
        Said { all: found, reasons: vec!["The time is used up.".to_owned()], ..Said::default() }
    }
}

/// What is worth trying where the time may be over: nothing where it is.
pub(crate) fn in_time<T: Default>(done: Result<T, Stop>) -> Result<T, Stop> {
    match done {
        Err(Stop::Deadline) => Ok(T::default()),
        other => other,
    }
}

/// Whether a goal looks as if it were made of propositions alone. It decides what is asked first, and nothing else.
fn propositional(goal: &Goal) -> bool {
    let relations = |text: &str| text.replace("<->", "").replace("->", "").contains(['=', ':', '<', '>']);
    let bound = |word: &str| matches!(word, "forall" | "exists" | "fun" | "Path");
    let mut texts = goal.context.iter().map(|v| &v.ty.text).chain([&goal.statement.text]);
    texts.all(|t| !relations(t) && !t.split(|c: char| !c.is_ascii_alphanumeric()).any(bound))
}

/// What logic alone knows of a goal that is made of propositions: a judgement of the kernel, or a model that leaves nothing to find.
fn by_logic(bench: &mut Bench<'_>, goal: &Goal) -> Result<(Option<Ruling>, Option<Told>), Stop> {
    if !bench.sheet.typed || !propositional(goal) {
        return Ok((None, None));
    }
    let found = bench.search_among(Some(bfv_engines::FOR_LOGIC), SUGGESTED, SUGGESTED)?;
    let ruling = found.filter(|r| r.report.verdict.kind() != Verdict::Unknown);
    let model = if ruling.is_none() { countermodel(bench)?.filter(|m| m.settled) } else { None };
    Ok((ruling, model))
}

/// Says that there is a model in which a goal fails.
fn modelled(said: &mut Said, goal: &Goal, model: Value, more: &str) {
    let spoken = model.get("spoken").and_then(Value::as_str).unwrap_or_default();
    said.reasons.push(format!("No proof of goal {} was found. {more}{spoken}", goal.id));
    said.all.push(json!({ "goal": goal.id, "countermodel": model }));
}

fn one(
    bench: &mut Bench<'_>,
    memory: &Memory,
    (asked, goal): (Option<Asked>, &Goal),
    said: &mut Said,
    tell: &mut Tell<'_>,
) -> Result<(), Stop> {
    let first = bench.first()?;
    let mut found = Vec::new();
    let (hit, encoded) = in_time(memory.look(bench))?;
    let known = hit.is_some();
    let early = match hit {
        Some(hit) => {
            said.recalled += 1;
            found.extend(hit.script.map(|script| recalled(goal, script, &hit.ruling, tell)));
            Some(hit.ruling)
        }
        // What is false has no proof, whatever steps are accepted, and mostly that is seen at once.
        None => {
            let (by_logic, model) = in_time(by_logic(bench, goal))?;
            if let Some(model) = model {
                modelled(said, goal, model.value, "");
                return Ok(());
            }
            match by_logic {
                Some(ruling) => Some(ruling),
                None => in_time(bench.search(0, QUICK))?.filter(|r| r.report.verdict.kind() != Verdict::Unknown),
            }
        }
    };
    let refuted = early.as_ref().is_some_and(|r| r.report.verdict.kind() == Verdict::Refuted);
    if !known && !refuted {
        in_time(steps_for(bench, goal, &first, &mut found, tell))?;
    }
    let mut ruling = early;
    if !found.iter().any(|s| !s.order.0) {
        if ruling.is_none() {
            ruling = in_time(bench.search(QUICK + 1, SUGGESTED))?;
        }
        let Some(ruling) = &ruling else {
            said.reasons.push(format!("The time for goal {} is used up.", goal.id));
            found.sort_by_key(|s| s.order);
            said.all.extend(found.into_iter().take(MOST).map(|s| s.value));
            return Ok(());
        };
        match ruling.report.verdict.kind() {
            Verdict::Refuted => {
                found.clear();
                let point = bfv_driver::named_values(&ruling.report.counterexample, bfv_driver::Math::Words);
                let reason = format!("Goal {} is false. Counterexample: {point}.", goal.id);
                let value = json!({ "goal": goal.id, "refuted": answer::counterexample(ruling, goal) });
                memory.answered(bench.desk, (asked.as_ref(), goal), ruling, &value, &reason);
                said.all.push(value);
                said.reasons.push(reason);
            }
            Verdict::Proved => match in_time(by_search(bench, &first, &goal.id, ruling, tell))? {
                Some(step) => {
                    // The same step without a proof says less.
                    found.retain(|s| s.value.get("step") != step.value.get("step"));
                    found.push(step);
                }
                None => {
                    let text = "is proved, and the kernel accepted the proof. It is no script of few steps.";
                    let (id, reason) = (&goal.id, format!("Goal {} {text}", goal.id));
                    let value = json!({ "goal": id, "proved": formal(ruling) });
                    memory.answered(bench.desk, (asked.as_ref(), goal), ruling, &value, &reason);
                    said.all.push(value);
                    said.reasons.push(reason);
                }
            },
            Verdict::Unknown => match countermodel(bench)? {
                Some(model) => modelled(said, goal, model.value, &format!("{} ", answer::reason(ruling))),
                None => {
                    said.reasons.push(format!("No proof of goal {} was found. {}", goal.id, answer::reason(ruling)));
                }
            },
        }
    }
    found.sort_by_key(|s| s.order);
    if let Some((value, (.., ruling))) = found.iter().find_map(|s| Some((&s.value, s.proof.as_ref()?))) {
        memory.answered(bench.desk, (asked.as_ref(), goal), ruling, value, "");
    }
    if let Some(encoded) = encoded.filter(|_| !known) {
        let proofs = || found.iter().filter_map(|s| s.proof.as_ref());
        // A script that need not search can be made again sooner.
        let best = proofs().find(|(_, script, _)| !searches(script)).or(proofs().next());
        let script = best.map(|(step, script, _)| (step.clone(), script.clone()));
        // Evidence of a search about the bare statement says all of it where there is no script.
        if let Some(ruling) = best.map(|(.., r)| r).or(ruling.as_ref()) {
            memory.keep(bench, encoded, script, ruling);
        }
    }
    said.all.extend(found.into_iter().take(MOST).map(|s| s.value));
    Ok(())
}

/// A suggestion from a script that was found before.
fn recalled(goal: &Goal, script: Recalled, ruling: &Ruling, tell: &mut Tell<'_>) -> Suggestion {
    let Recalled { step, open, script } = script;
    let shown = script.shown();
    let done = (Found::beginning(script), ruling.clone());
    let order = (false, false, 0, done.0.steps.len());
    let value = suggestion(&goal.id, &step, &open, Some(&done));
    tell(value.clone());
    Suggestion { order, value, proof: Some((step, shown, done.1)) }
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
    candidates.extend(crate::rank::steps(bench.desk, first));
    candidates.sort_by_key(|(weight, _)| *weight);
    let mut more = 0;
    let start = Script::default();
    for (weight, step) in candidates {
        let late = bench.soft.is_some_and(|soft| Instant::now() >= soft);
        // Where a whole search was needed another way would take as long; otherwise it is worth knowing.
        let enough = more >= SURE || found.iter().any(|s| s.proof.is_some() && s.order.1);
        if (enough && late) || found.len() >= MOST {
            break;
        }
        let Some(tried) = bench.try_step(&start, first, &step)? else { continue };
        more += 1;
        let rest = bench.finish(&tried.script, &tried.open, REST)?;
        let ruling = match &rest {
            Some(whole) => bench.judge(&whole.script)?,
            None => None,
        };
        // A script that the kernel refuses is no suggestion, and neither is its first step.
        if rest.is_some() && ruling.is_none() {
            continue;
        }
        let done = rest.zip(ruling);
        let value = suggestion(&goal.id, &step, &tried.open, done.as_ref());
        tell(value.clone());
        let length = done.as_ref().map_or(tried.open.len(), |(whole, _)| whole.steps.len());
        let searched = done.as_ref().is_some_and(|(whole, _)| searches(&whole.script.text));
        let order = (done.is_none(), searched, weight, length);
        let proof = done.map(|(whole, ruling)| (step, whole.script.shown(), ruling));
        found.push(Suggestion { order, value, proof });
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
                "{} After {} the goal is proved, and the kernel accepted the proof.",
                say(step),
                bfv_driver::count(whole.steps.len(), "more step")
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
        let step = script.steps().first().map(|(_, s)| (*s).to_owned()).unwrap_or_default();
        let open = bench.try_step(&Script::default(), first, &step)?.map(|t| t.open).unwrap_or_default();
        let shown = script.shown();
        let done = (Found::beginning(script), accepted);
        let value = suggestion(id, &step, &open, Some(&done));
        tell(value.clone());
        return Ok(Some(Suggestion { order: (false, true, 50, 0), value, proof: Some((step, shown, done.1)) }));
    }
    Ok(None)
}
