//! `bfv check`: from the report of the driver to an answer.

use crate::answer::{Answer, Line, Picture, problem_json, range_json};
use crate::args::{Check, Engine};
use crate::finding::Findings;
use crate::options::Options;
use crate::plug;
use crate::progress::Milestones;
use crate::project::{self, Project};
use crate::suggest::nearest;
use crate::usage::{Mistake, line};
use crate::{attack, chart};
use bfv_diag::Sources;
use bfv_driver::{
    Chart, CheckOptions, GoalName, GoalReport, Hypotheses, InvariantNote, Math, Plugged, Problem, Progress, ProofInfo,
    Reason, Report, Seen, Step, Store, StoreMode, Summary, Verdict, condition_message, first_sentence, goal_message,
    invariant_sentence, last_sentence, meant, named_values, next_step, run_lines,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Steps of a goal where no budget is given.
pub const BUDGET: u64 = 1_000_000;

/// The paths that a command works on and the project they belong to.
pub fn place(command: &str, paths: &[PathBuf]) -> Result<(Vec<PathBuf>, Option<Project>), Mistake> {
    let refuse = |problem| Mistake { problem, suggestions: Vec::new() };
    let start = paths.first().map_or(Path::new("."), PathBuf::as_path);
    let project = project::find(start).map_err(refuse)?;
    if !paths.is_empty() {
        return Ok((paths.to_vec(), project));
    }
    match project {
        Some(p) => Ok((sources(&p), Some(p))),
        None => {
            let what = "A file must be named, because no bfv.toml was found at or above this folder.";
            Err(Mistake::new(what, vec![line(&[command, "FILE"]), line(&["init"])]))
        }
    }
}

/// The sources of a project. In its own folder the paths stay short, as a person would write them.
pub fn sources(p: &Project) -> Vec<PathBuf> {
    let here = std::env::current_dir().is_ok_and(|d| d == p.folder);
    p.sources.iter().map(|s| if here { s.clone() } else { p.folder.join(s) }).collect()
}

/// `bfv check`.
pub fn check(args: &Check, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    if args.repair && args.locked {
        let without = |flag: &str| arguments.iter().filter(|a| *a != flag).cloned().collect();
        let what = "The option --repair stores what it finds, and --locked never writes.";
        return Err(Mistake::new(what, vec![without("--locked"), without("--repair")]));
    }
    let (paths, project) = place("check", &args.paths)?;
    if args.deny_survivors && !args.attack_spec {
        let what = "The option --deny-survivors is for --attack-spec.";
        return Err(Mistake::new(what, vec![[arguments, &line(&["--attack-spec"])].concat()]));
    }
    let mode = StoreMode { fresh: args.fresh, locked: args.locked };
    let steps = args.budget.unwrap_or(BUDGET);
    let store = project.as_ref().map(|p| p.store(mode));
    let request = CheckOptions { paths, goal: args.goal.clone(), steps, store: store.clone(), repair: args.repair };
    let (report, names, sources) = judge(&request, args.engine);
    // Where a file cannot be read or is ill-formed, that is said, for the goal may be missing because of it.
    if let (Some(name), 1) = (&args.goal, report.errors())
        && let Some(mistake) = goal_mistake(name, &names, arguments)
    {
        return Err(mistake);
    }
    let mut answer = answer(&report, &sources, steps, args.goal.is_some(), options);
    answer.findings = Findings::of_check(&report, project.as_ref().map(|p| p.folder.as_path()), options.math());
    if args.goal.is_some() {
        answer.lines.extend(report.goals.iter().filter_map(|g| not_kept(store.as_ref(), g)).map(Line::from));
    }
    if args.attack_spec && report.errors() == 0 {
        attack::add(&mut answer, &report, &request, args.engine, args.deny_survivors, options);
    }
    Ok(answer)
}

/// The engines by what is asked for: otherwise native, and rewriting where that finds nothing.
pub fn engines(engine: Option<Engine>) -> Plugged {
    match engine {
        None => bfv_engines::ENGINES,
        Some(Engine::Native) => bfv_engines::NATIVE_ONLY,
        Some(Engine::Egg) => bfv_engines::EGG_ONLY,
        Some(Engine::Z3) => bfv_engines::WITH_Z3,
    }
}

/// Judges what is asked for, and says on standard error how far that is when it takes long.
pub fn judge(request: &CheckOptions, engine: Option<Engine>) -> (Report, Vec<GoalName>, Sources) {
    let milestones = Milestones::start("goals");
    let progress = &mut |p: Progress| milestones.at(p.done, p.all);
    bfv_driver::check_in_threads(request, &*plug::make(engines(engine)), crate::STACK, progress)
}

/// The same in one thread, and shows what each verdict rests on.
pub fn judge_and_see(request: &CheckOptions, see: &mut dyn FnMut(&Seen<'_>)) -> (Report, Vec<GoalName>, Sources) {
    let milestones = Milestones::start("goals");
    let (mut frontend, mut search) = plug::both();
    let progress = &mut |p: Progress| milestones.at(p.done, p.all);
    bfv_driver::check_and_see(request, frontend.as_mut(), search.as_mut(), progress, see)
}

/// That the proof of a goal is not stored where others are, and why.
pub fn not_kept(store: Option<&Store>, g: &GoalReport) -> Option<String> {
    let file = &g.place.file;
    let lost = g.proof.is_some() && store.is_some_and(|s| !s.keeps(file));
    lost.then(|| {
        format!(
            "The proof is not stored, because bfv.toml names other sources than {file}. To store it, add the file to the line sources."
        )
    })
}

/// The mistake of a name that means no goal, or several; nothing for a name that means one, and where there are no goals.
pub fn goal_mistake(name: &str, names: &[GoalName], arguments: &[String]) -> Option<Mistake> {
    if names.is_empty() {
        return None;
    }
    let found = meant(name, names.iter().map(|n| n.name.as_str()));
    match found.as_slice() {
        [_] => None,
        [] => Some(Mistake {
            problem: bfv_driver::unknown_goal(name),
            suggestions: goal_suggestions(name, names, arguments),
        }),
        many => {
            let full = many.iter().filter_map(|n| Some(names.get(*n)?.name.as_str()));
            let suggestions = full.take(3).map(|f| renamed(arguments, name, f)).collect();
            Some(Mistake { problem: bfv_driver::ambiguous_goal(name, many.len()), suggestions })
        }
    }
}

/// The command line with another name of a goal.
pub fn renamed(arguments: &[String], old: &str, new: &str) -> Vec<String> {
    let replace = |a: &String| match a.strip_prefix("--goal=") {
        Some(v) if v == old => format!("--goal={new}"),
        _ if a == old => new.to_owned(),
        _ => a.clone(),
    };
    arguments.iter().map(replace).collect()
}

/// The name without its module.
pub fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The command line with nearer names of goals; without any, how to list them.
pub fn goal_suggestions(name: &str, names: &[GoalName], arguments: &[String]) -> Vec<Vec<String>> {
    let mut out: Vec<Vec<String>> = Vec::new();
    let near = nearest(short(name), names.iter().map(|n| short(&n.name)));
    for n in near {
        let line = renamed(arguments, name, n);
        if !out.contains(&line) {
            out.push(line);
        }
    }
    out.truncate(3);
    if out.is_empty() {
        let files: BTreeSet<&str> = names.iter().map(|n| n.file.as_str()).collect();
        out.extend(files.into_iter().take(3).map(|f| line(&["list", f])));
    }
    out
}

/// The answer of a report. With `single`, also what is proved gets a line.
pub fn answer(report: &Report, sources: &Sources, steps: u64, single: bool, options: &Options) -> Answer {
    let picture = |place: &bfv_driver::Place, label: &str| {
        let number = (0_u32..).take(sources.len()).find(|f| sources.name(*f) == Some(&place.file))?;
        Some(Picture { place: place.clone(), source: sources.text(number)?.to_owned(), label: label.to_owned() })
    };
    let math = options.math();
    let mut lines: Vec<Line> = report.problems.iter().map(|p| problem_line(p, math, picture)).collect();
    let shown = |g: &&GoalReport| {
        single || !(g.verdict == Verdict::Proved && g.expected_met() && !g.vacuous() && g.invariants.is_empty())
    };
    let mut file = None;
    for g in report.goals.iter().filter(shown) {
        // Where there are several files, each is named once, before its goals.
        if report.files.len() > 1 && file != Some(&g.place.file) {
            file = Some(&g.place.file);
            lines.push(Line::from(format!("File {}, in module {}.", g.place.file, g.module)));
        }
        let mut text = goal_message(g, math);
        if g.proof.is_some() {
            text += &format!(" Axiom bundles: {}. Rules: {}.", words(&g.axioms), words(&g.rules));
        }
        if let Some(h) = g.hypotheses.as_ref().filter(|h| single && !h.point.is_empty()) {
            text += &format!(" The hypotheses hold where {}.", named_values(&h.point, math));
        }
        let picture = picture(&g.place, g.verdict.kind().word());
        lines.push(Line { text, picture, ..Line::default() });
        lines.extend(chart::lines(g, math));
        if let Some(proof) = g.proof.as_ref().filter(|_| single) {
            let id = crate::options::id(&proof.hash, options.ids);
            lines.push(Line::from(format!("Found by: {}. Proof id: {id}.", proof.engine)));
        }
    }
    let axioms: BTreeSet<&String> = report.goals.iter().flat_map(|g| &g.axioms).collect();
    let axioms: Vec<String> = axioms.into_iter().cloned().collect();
    let mut first = first_sentence(report);
    if !report.goals.is_empty() {
        // The first line must be heard soon: many bundles are counted there, and named at each goal and by explain.
        let bundles = if axioms.len() > 2 { axioms.len().to_string() } else { words(&axioms) };
        first += &format!(" Axiom bundles: {bundles}.");
    }
    // Goals that are listed name their rules.
    let rules: BTreeSet<&str> =
        report.goals.iter().filter(|g| !shown(g)).flat_map(|g| &g.rules).map(String::as_str).collect();
    if !rules.is_empty() {
        let rules: Vec<&str> = rules.into_iter().collect();
        lines.push(Line::from(format!("Rules of the claims that are not listed: {}.", rules.join(", "))));
    }
    Answer {
        first,
        lines,
        hint: next_step(report, steps),
        closing: last_sentence(report),
        document: document(report, math),
        list: "goals",
        events: report.events(),
        ..Answer::default()
    }
}

pub fn problem_line(p: &Problem, math: Math, picture: impl Fn(&bfv_driver::Place, &str) -> Option<Picture>) -> Line {
    let picture = p.place.as_deref().and_then(|place| picture(place, &p.what));
    Line { text: p.sentences_in(math), picture, ..Line::default() }
}

pub fn words(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

pub fn document(report: &Report, math: Math) -> Map<String, Value> {
    let Summary { proved, refuted, unknown, expected, unexpected } = report.summary();
    let mut out = Map::new();
    out.insert(
        "summary".into(),
        json!({
            "proved": proved, "refuted": refuted, "unknown": unknown, "expected": expected, "unexpected": unexpected,
        }),
    );
    out.insert("cost".into(), json!({ "load_ms": milliseconds(report.load_us) }));
    out.insert("goals".into(), report.goals.iter().map(|g| goal_json(g, math)).collect());
    out.insert("problems".into(), report.problems.iter().map(problem_json).collect());
    out
}

pub fn point(p: &[(String, String)]) -> Value {
    if p.is_empty() {
        return Value::Null;
    }
    p.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

/// The run behind a counterexample.
fn run(chart: &Chart, g: &GoalReport, math: Math) -> Value {
    let step = |s: &Step| {
        json!({
            "command": s.command,
            "arguments": s.arguments.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect::<Vec<_>>(),
            "worker": s.worker,
            "byzantine": s.byzantine,
            "sends": s.sends,
            "counted": s.quorums,
        })
    };
    json!({
        "chosen": point(&chart.chosen),
        "byzantine": chart.byzantine,
        "steps": chart.steps.iter().map(step).collect::<Vec<_>>(),
        "repeats_after": chart.repeats_after,
        "fails_at": point(&chart.fails_at),
        "sentences": run_lines(g, math),
    })
}

fn proof(p: &ProofInfo) -> Value {
    json!({
        "hash": p.hash,
        "source": match p.source {
            bfv_driver::ProofSource::Stored => "stored",
            bfv_driver::ProofSource::Searched => "searched",
        },
        "engine": p.engine,
    })
}

fn hypotheses(h: &Hypotheses) -> Value {
    json!({ "verdict": h.verdict.word(), "point": point(&h.point), "proof": h.proof.as_ref().map(proof) })
}

fn invariant(note: &InvariantNote, math: Math) -> Value {
    let (name, statement, by) = match note {
        InvariantNote::Always(name, p) | InvariantNote::Follows(name, p) => (Some(name), None, Some(proof(p))),
        InvariantNote::Made(statement) => (None, Some(statement), None),
    };
    json!({
        "kind": note.word(),
        "name": name,
        "statement": statement,
        "proof": by,
        "sentence": invariant_sentence(note, math),
    })
}

pub fn goal_json(g: &GoalReport, math: Math) -> Value {
    json!({
        "name": g.name,
        "hash": g.hash,
        "file": g.place.file,
        "range": range_json(&g.place),
        "verdict": g.verdict.kind().word(),
        "expected": g.expected.word(),
        "reason": reason(g.verdict).map(Reason::word),
        "message": goal_message(g, math),
        "counterexample": point(&g.counterexample),
        "run": g.chart.as_ref().map(|c| run(c, g, math)),
        "holds_if": g.holds_if.iter().map(|h| json!({
            "condition": h.condition,
            "source": h.source.word(),
            "minimal": h.source.is_minimal(),
            "met": h.met(),
            "without": h.without.word(),
            "verdict": h.verdict.kind().word(),
            "reason": reason(h.verdict).map(Reason::word),
            "hypotheses": hypotheses(&h.hypotheses),
            "message": condition_message(h, math),
        })).collect::<Vec<_>>(),
        "invariants": g.invariants.iter().map(|i| invariant(i, math)).collect::<Vec<_>>(),
        "vacuous": g.vacuous(),
        "hypotheses": g.hypotheses.as_ref().map(hypotheses),
        "proof": g.proof.as_ref().map(proof),
        "axioms": g.axioms,
        "rules": g.rules,
        "cost": {
            "kernel_steps": g.cost.kernel_steps,
            "search_steps": g.cost.search_steps,
            "wall_ms": milliseconds(g.cost.wall_us),
        },
    })
}

/// Milliseconds with three places.
fn milliseconds(micros: u64) -> Value {
    let number = format!("{}.{:03}", micros / 1000, micros % 1000).parse::<serde_json::Number>();
    number.map_or(Value::Null, Value::Number)
}

fn reason(v: Verdict) -> Option<Reason> {
    match v {
        Verdict::Unknown(reason) => Some(reason),
        Verdict::Proved | Verdict::Refuted => None,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::args::{Format, Ids, Layout, MathStyle};
    use crate::gate::gate_answer;
    use bfv_driver::{Cost, GateReport, Kind, Place, ProofSource};

    const SOURCE: &str = "claim hull : 1 < 2\nclaim radius : 2 < 1\nclaim bound : 3 < 4\n";

    fn goal(name: &str, line: u32, verdict: Verdict, point: &[(&str, &str)]) -> GoalReport {
        let counterexample: Vec<(String, String)> =
            point.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let start = SOURCE.find(name).unwrap();
        let proof = ProofInfo { hash: "0a".repeat(32), source: ProofSource::Searched, engine: "native".into() };
        GoalReport {
            name: format!("wing.{name}"),
            module: "wing".to_owned(),
            hash: "1b".repeat(32),
            place: Place {
                file: "wing.sctt".into(),
                start: (line, 7),
                end: (line, 9),
                bytes: start..start + name.len(),
            },
            verdict,
            expected: Kind::Proved,
            written: String::new(),
            detail: String::new(),
            counterexample,
            chart: None,
            invariants: vec![],
            holds_if: vec![],
            hypotheses: None,
            vacuous_expected: false,
            proof: (verdict.kind() != Kind::Unknown).then_some(proof),
            axioms: if verdict == Verdict::Proved { vec!["real".into()] } else { vec![] },
            rules: vec![],
            cost: Cost::default(),
        }
    }

    fn options() -> Options {
        Options {
            format: Format::Text,
            layout: Layout::Plain,
            color: false,
            quiet: false,
            hints: true,
            ids: Ids::Hex,
            math: MathStyle::Words,
            reports: vec![],
        }
    }

    fn sample() -> Answer {
        sample_in(&options())
    }

    fn sample_in(options: &Options) -> Answer {
        let mut sources = Sources::new();
        sources.add("wing.sctt", SOURCE.as_bytes());
        let goals = vec![
            goal("hull", 1, Verdict::Proved, &[]),
            goal("radius", 2, Verdict::Refuted, &[("n", "-1/3")]),
            goal("bound", 3, Verdict::Unknown(Reason::Budget), &[]),
        ];
        let report = Report { files: vec!["wing.sctt".into()], goals, ..Report::default() };
        answer(&report, &sources, BUDGET, false, options)
    }

    const TEXT: &str = "\
Checked 3 goals in wing.sctt: 1 proved, 1 refuted, 1 unknown. Axiom bundles: real.
Refuted: radius, line 2. Counterexample: n is minus 1 over 3. Expected: proved. Axiom bundles: none. Rules: none.
Unknown: bound, line 3. Reason: budget, because the step budget is used up.
Hint: to give it more steps, run bfv check wing.sctt --goal bound --budget 4000000
Result: 2 verdicts differ from what is expected.
";

    #[test]
    fn item_07_item_14_the_plain_text_is_sentences() {
        assert_eq!(sample().render(Format::Text, &options()).unwrap().text, TEXT);
    }

    #[test]
    fn item_04_colour_is_only_added() {
        let coloured = sample().render(Format::Text, &Options { color: true, ..options() }).unwrap().text;
        assert!(coloured.contains("\u{1b}[31mRefuted\u{1b}[0m: radius"));
        let mut plain = coloured.clone();
        for code in ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, TEXT);
    }

    #[test]
    fn item_09_the_hint_comes_after_the_content_and_can_be_left_out() {
        let text = sample().render(Format::Text, &Options { hints: false, ..options() }).unwrap().text;
        assert!(!text.contains("Hint"));
        assert_eq!(TEXT.matches("Hint").count(), 1);
        assert!(TEXT.find("Hint").unwrap() > TEXT.find("Unknown:").unwrap());
    }

    #[test]
    fn signs_replace_words_only_in_the_point() {
        let symbols = Options { math: MathStyle::Symbols, ..options() };
        let text = sample_in(&symbols).render(Format::Text, &symbols).unwrap().text;
        assert_eq!(text, TEXT.replace("n is minus 1 over 3", "n = -1/3"));
    }

    #[test]
    fn the_visual_layout_adds_pictures_and_keeps_the_sentences() {
        let text = sample().render(Format::Text, &Options { layout: Layout::Visual, ..options() }).unwrap().text;
        for line in TEXT.lines() {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.contains("wing.sctt:2:7"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_document_with_the_same_message() {
        let text = sample().render(Format::Json, &options()).unwrap().text;
        let v: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(v["schema_version"], 1);
        assert_eq!(v["summary"], json!({ "proved": 1, "refuted": 1, "unknown": 1, "expected": 1, "unexpected": 2 }));
        let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            keys(&v["goals"][1]),
            "axioms cost counterexample expected file hash holds_if hypotheses invariants message name proof range reason rules \
             run vacuous verdict"
        );
        assert_eq!(keys(&v["goals"][1]["cost"]), "kernel_steps search_steps wall_ms");
        assert_eq!(keys(&v["goals"][1]["proof"]), "engine hash source");
        assert_eq!(
            v["goals"][1]["range"],
            json!({ "start": { "line": 2, "column": 7 }, "end": { "line": 2, "column": 9 } })
        );
        assert!(TEXT.contains(v["goals"][1]["message"].as_str().unwrap()));
        assert_eq!(v["goals"][2]["reason"], "budget");
        assert_eq!(v["goals"][0]["counterexample"], Value::Null);
    }

    #[test]
    fn jsonl_has_one_goal_per_line_and_an_end() {
        let text = sample().render(Format::Jsonl, &options()).unwrap().text;
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(lines.len(), 4);
        assert_eq!(lines[0]["goal"]["name"], "wing.hull");
        assert_eq!(lines[3]["end"]["summary"]["unexpected"], 2);
    }

    #[test]
    fn item_17_a_mistyped_goal_gets_full_command_lines() {
        let names: Vec<GoalName> = ["hull", "hull_2", "bound", "radius"]
            .iter()
            .map(|n| GoalName { name: format!("wing.{n}"), file: "wing.sctt".into() })
            .collect();
        let typed = |s: &str| s.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let lines = goal_suggestions("hlul", &names, &typed("check wing.sctt --goal hlul"));
        assert_eq!(lines, [typed("check wing.sctt --goal hull")]);
        let lines = goal_suggestions("raduis", &names, &typed("check --goal=raduis wing.sctt"));
        assert_eq!(lines, [typed("check --goal=radius wing.sctt")]);
        let lines = goal_suggestions("xyzzy", &names, &typed("check wing.sctt --goal xyzzy"));
        assert_eq!(lines, [typed("list wing.sctt")]);
    }

    #[test]
    fn the_gate_says_what_failed() {
        let violation = bfv_driver::Violation {
            claim: "m.c".into(),
            kind: bfv_driver::ViolationKind::Missing,
            sentence: "The claim m.c has no stored proof.".into(),
        };
        let looked =
            |name: &str| bfv_driver::Looked { name: name.into(), place: Place::default(), hash: String::new() };
        let claims = vec![looked("m.c"), looked("m.d")];
        let report = GateReport { claims: claims.clone(), violations: vec![violation], ..GateReport::default() };
        let text = gate_answer(&report, "p", Math::Words)
            .render(Format::Text, &Options { hints: false, ..options() })
            .unwrap()
            .text;
        let expected = "Gate failed: 2 claims and 1 violation, in project p.\n\
            Violation 1 of 1, missing: The claim m.c has no stored proof.\n\
            Result: the policy of the gate is broken.\n";
        assert_eq!(text, expected);
        let report = GateReport { claims, ..GateReport::default() };
        let text = gate_answer(&report, "p", Math::Words).render(Format::Text, &options()).unwrap().text;
        assert!(text.starts_with("Gate passed: 2 claims and 0 violations, in project p.\n"));
    }
}
