//! `bfv measure stability`: whether verdicts stay when claims are written in other ways that say the same.

use crate::answer::{Answer, Line, problem_json, range_json};
use crate::args::Measure;
use crate::check::{goal_mistake, place};
use crate::commands::broken;
use crate::options::Options;
use crate::plug;
use crate::progress::Milestones;
use crate::usage::Mistake;
use bfv_driver::{
    GoalName, Kind, Math, Measured, Problem, Stability, StabilityOptions, count, in_math, meant, spoken, stability,
};
use serde_json::{Map, Value, json};

/// Changes of a claim where no number is given.
const CHANGES: u16 = 8;

/// Steps of a search where no budget is given.
const BUDGET: u64 = 100_000;

/// `bfv measure`. Nothing stored is read, and nothing is written.
pub fn measure(args: &Measure, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let crate::args::Measured::Stability = args.what;
    let (paths, _) = place("measure stability", &args.paths)?;
    let (claims, problems) = bfv_driver::list(&paths, plug::frontend().as_mut());
    if problems.iter().any(Problem::is_error) {
        return Ok(broken(problems, options));
    }
    let names: Vec<GoalName> =
        claims.iter().map(|c| GoalName { name: c.name.clone(), file: c.place.file.clone() }).collect();
    let mut goal = None;
    if let Some(name) = &args.goal {
        if let Some(mistake) = goal_mistake(name, &names, arguments) {
            return Err(mistake);
        }
        let found = meant(name, names.iter().map(|n| n.name.as_str()));
        goal = found.first().and_then(|n| names.get(*n)).map(|n| n.name.clone());
    }
    let request = StabilityOptions {
        paths,
        goal,
        changes: usize::from(args.changes.unwrap_or(CHANGES)),
        seed: args.seed.unwrap_or(0),
        steps: args.budget.unwrap_or(BUDGET),
    };
    let milestones = Milestones::start("claims");
    let found = stability(bfv_engines::ENGINES, &request, &mut |done, all| milestones.at(done, all));
    drop(milestones);
    Ok(answer(&found, &request, options.math()))
}

fn answer(found: &Measured, request: &StabilityOptions, math: Math) -> Answer {
    let stable = found.goals.iter().filter(|g| g.stable()).count();
    let (tried, same) = found.goals.iter().fold((0, 0), |(tried, same), g| (tried + g.changes.len(), same + g.same()));
    let mut lines: Vec<Line> = found.problems.iter().map(|p| Line::from(p.sentences_in(math))).collect();
    lines.extend(found.goals.iter().map(|g| Line::from(message(g, math))));
    lines.extend(found.undecided.iter().map(|(name, place)| {
        Line::from(format!("Unknown: {}, line {}. There is no verdict to measure.", spoken(name), place.start.0))
    }));
    let mut document = Map::new();
    document.insert("seed".into(), request.seed.into());
    document.insert("steps".into(), request.steps.into());
    document.insert("changes".into(), request.changes.into());
    document.insert(
        "summary".into(),
        json!({ "claims": found.goals.len(), "stable": stable, "tried": tried, "same": same }),
    );
    document.insert("goals".into(), found.goals.iter().map(|g| goal_json(g, math)).collect());
    document.insert("undecided".into(), found.undecided.iter().map(|(name, _)| Value::from(name.as_str())).collect());
    document.insert("problems".into(), found.problems.iter().map(problem_json).collect());
    Answer {
        first: format!(
            "Measured {}: {stable} stable, {} unstable, {} unknown.",
            count(found.goals.len() + found.undecided.len(), "claim"),
            found.goals.len() - stable,
            found.undecided.len()
        ),
        lines,
        closing: format!("Result: {same} of {} kept the verdict.", count(tried, "change")),
        document,
        list: "goals",
        events: found.problems.iter().filter_map(Problem::event).collect(),
        ..Answer::default()
    }
}

/// The sentences about one claim.
fn message(g: &Stability, math: Math) -> String {
    let word = if g.stable() { "Stable" } else { "Unstable" };
    let (least, median, most) = g.spread();
    let verdict = g.verdict.word();
    let mut out = format!("{word}: {}, line {}.", spoken(&g.name), g.place.start.0);
    if g.own_evidence {
        out += " Its own proof or point is judged, because the search alone does not decide it.";
    }
    out += &format!(" It stays {verdict} after {} of {}.", g.same(), count(g.changes.len(), "change"));
    let who = if g.own_evidence { "of the kernel" } else { "of the search" };
    out += &format!(" Steps {who}: least {least}, median {median}, most {most}.");
    for c in g.changes.iter().filter(|c| c.verdict != g.verdict) {
        let is = if c.verdict == Kind::Unknown { "unknown" } else { c.verdict.word() };
        out += &format!(" It is {is} after this change: {}.", in_math(&c.change, math));
    }
    out
}

fn goal_json(g: &Stability, math: Math) -> Value {
    let (least, median, most) = g.spread();
    json!({
        "name": g.name,
        "file": g.place.file,
        "range": range_json(&g.place),
        "verdict": g.verdict.word(),
        "steps": { "unchanged": g.steps, "least": least, "median": median, "most": most },
        "own_evidence": g.own_evidence,
        "stable": g.stable(),
        "same": g.same(),
        "changes": g.changes.iter().map(|c| json!({
            "change": c.change, "verdict": c.verdict.word(), "steps": c.steps,
        })).collect::<Vec<_>>(),
        "message": message(g, math),
    })
}
