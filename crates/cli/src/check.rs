//! `bfv check` and `bfv gate`: from the driver's reports to answers.

use crate::answer::{Answer, Line, Picture, problem_json, range_json};
use crate::args::{Check, Paths};
use crate::options::Options;
use crate::plug;
use crate::progress::Milestones;
use crate::project::{self, Project};
use crate::suggest::nearest;
use crate::usage::{Mistake, line};
use bfv_diag::Sources;
use bfv_driver::{
    CheckOptions, Code, GateReport, GoalName, GoalReport, Hypotheses, Math, Problem, ProofInfo, Reason, Report, Store,
    StoreMode, Summary, Verdict, condition_message, count, exit_code, first_sentence, goal_message, last_sentence,
    named_values, next_step,
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
        Some(p) => {
            // In the project's own folder the paths stay short, as a person would write them.
            let here = std::env::current_dir().is_ok_and(|d| d == p.folder);
            let paths = p.sources.iter().map(|s| if here { s.clone() } else { p.folder.join(s) }).collect();
            Ok((paths, Some(p)))
        }
        None => {
            let what = "A file must be named, because no bfv.toml was found at or above this folder.";
            Err(Mistake::new(what, vec![line(&[command, "FILE"]), line(&["init"])]))
        }
    }
}

/// `bfv check`.
pub fn check(args: &Check, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let (paths, project) = place("check", &args.paths)?;
    let mode = StoreMode { fresh: args.fresh, locked: args.locked };
    let steps = args.budget.unwrap_or(BUDGET);
    let request =
        CheckOptions { paths, goal: args.goal.clone(), steps, store: project.map(|p| Store::new(&p.folder, mode)) };
    let milestones = Milestones::start();
    let (mut frontend, mut search) = plug::both();
    let (report, names, sources) =
        bfv_driver::check(&request, frontend.as_mut(), search.as_mut(), &mut |p| milestones.at(p.done, p.all));
    drop(milestones);
    let unknown = |name: &&String| !names.is_empty() && !names.iter().any(|n| is_called(n, name));
    if let Some(name) = args.goal.as_ref().filter(unknown) {
        return Err(Mistake {
            problem: bfv_driver::unknown_goal(name),
            suggestions: goal_suggestions(name, &names, arguments),
        });
    }
    Ok(answer(&report, &sources, steps, args.goal.is_some(), options))
}

pub fn is_called(goal: &GoalName, name: &str) -> bool {
    goal.name == name || short(&goal.name) == name
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
        let line: Vec<String> = arguments
            .iter()
            .map(|a| match a.strip_prefix("--goal=") {
                Some(v) if v == name => format!("--goal={n}"),
                _ if a == name => n.to_owned(),
                _ => a.clone(),
            })
            .collect();
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
    for g in &report.goals {
        if g.verdict == Verdict::Proved && g.expected_met() && !g.vacuous() && !single {
            continue;
        }
        let mut text = goal_message(g, math);
        if let Some(proof) = &g.proof {
            text += &format!(" Axiom bundles: {}. Rules: {}.", words(&g.axioms), words(&g.rules));
            if single {
                let id = crate::options::id(&proof.hash, options.ids);
                text += &format!(" Found by: {}. Proof id: {id}.", proof.engine);
            }
        }
        if let Some(h) = g.hypotheses.as_ref().filter(|h| single && !h.point.is_empty()) {
            text += &format!(" The hypotheses hold where {}.", named_values(&h.point, math));
        }
        lines.push(Line { text, picture: picture(&g.place, g.verdict.kind().word()) });
    }
    let used = |part: fn(&GoalReport) -> &Vec<String>| -> Vec<String> {
        report.goals.iter().flat_map(part).collect::<BTreeSet<_>>().into_iter().cloned().collect()
    };
    let (axioms, rules) = (used(|g| &g.axioms), used(|g| &g.rules));
    let mut first = first_sentence(report);
    if !report.goals.is_empty() {
        first += &format!(" Axiom bundles used: {}. Rules used: {}.", words(&axioms), words(&rules));
    }
    Answer {
        first,
        lines,
        hint: next_step(report, steps).map(|command| format!("to give it more steps, run {command}")),
        closing: last_sentence(report),
        document: document(report, math),
        list: "goals",
        events: report.events(),
    }
}

fn problem_line(p: &Problem, math: Math, picture: impl Fn(&bfv_driver::Place, &str) -> Option<Picture>) -> Line {
    Line { text: p.sentences_in(math), picture: p.place.as_deref().and_then(|place| picture(place, &p.what)) }
}

pub fn words(all: &[String]) -> String {
    if all.is_empty() { "none".to_owned() } else { all.join(", ") }
}

fn document(report: &Report, math: Math) -> Map<String, Value> {
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

fn point(p: &[(String, String)]) -> Value {
    if p.is_empty() {
        return Value::Null;
    }
    p.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
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
        "holds_if": g.holds_if.iter().map(|h| json!({
            "condition": h.condition,
            "met": h.met(),
            "without": h.without.word(),
            "verdict": h.verdict.kind().word(),
            "reason": reason(h.verdict).map(Reason::word),
            "hypotheses": hypotheses(&h.hypotheses),
            "message": condition_message(h, math),
        })).collect::<Vec<_>>(),
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

/// `bfv gate`. It needs a project, whose policy it applies.
pub fn gate(args: &Paths, options: &Options) -> Result<Answer, Mistake> {
    let (paths, project) = place("gate", &args.paths)?;
    let Some(project) = project else {
        let what = "The gate needs a bfv.toml at or above the first path.";
        let problem = Problem::new(Code::NotRead, what, "run bfv init in the folder of the project.");
        return Err(Mistake { problem, suggestions: Vec::new() });
    };
    // What is stored is read, and nothing is written.
    let store = Store::new(&project.folder, StoreMode { fresh: false, locked: true });
    let whole = args.paths.is_empty();
    let report = bfv_driver::gate_sources(&paths, whole, &project.policy, &store, plug::source_frontend().as_mut());
    Ok(gate_answer(&report, &project.name, options.math()))
}

fn gate_answer(report: &GateReport, project: &str, math: Math) -> Answer {
    let GateReport { claims, violations, problems } = report;
    let passed = exit_code(&report.events()) == 0;
    let word = if passed { "Gate passed" } else { "Gate failed" };
    let mut first = format!("{word}: {} and {}", count(*claims, "claim"), count(violations.len(), "violation"));
    let errors = problems.iter().filter(|p| p.is_error()).count();
    if errors > 0 {
        first += &format!(", with {}", count(errors, "error"));
    }
    first += &format!(", in project {project}.");
    let mut lines: Vec<Line> = problems.iter().map(|p| problem_line(p, math, |_, _| None)).collect();
    lines.extend(violations.iter().enumerate().map(|(i, v)| {
        Line::from(format!("Violation {} of {}, {}: {}", i + 1, violations.len(), v.kind.word(), v.sentence))
    }));
    let mut document = Map::new();
    document.insert("summary".into(), json!({ "passed": passed, "claims": claims, "violations": violations.len() }));
    let listed = violations.iter().map(|v| json!({ "claim": v.claim, "kind": v.kind.word(), "message": v.sentence }));
    document.insert("violations".into(), listed.collect());
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    Answer {
        first,
        lines,
        hint: (!violations.is_empty()).then(|| "to search for proofs and store them, run bfv check".to_owned()),
        closing: if passed {
            "Result: every claim meets the policy of the gate.".to_owned()
        } else if errors == 0 {
            "Result: the policy of the gate is broken.".to_owned()
        } else {
            "Result: the gate could not judge every claim.".to_owned()
        },
        document,
        list: "violations",
        events: report.events(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::args::{Format, Ids, Layout, MathStyle};
    use bfv_driver::{Cost, Kind, Place, ProofSource};

    const SOURCE: &str = "claim hull : 1 < 2\nclaim radius : 2 < 1\nclaim bound : 3 < 4\n";

    fn goal(name: &str, line: u32, verdict: Verdict, point: &[(&str, &str)]) -> GoalReport {
        let counterexample: Vec<(String, String)> =
            point.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let start = SOURCE.find(name).unwrap();
        let proof = ProofInfo { hash: "0a".repeat(32), source: ProofSource::Searched, engine: "native".into() };
        GoalReport {
            name: format!("wing.{name}"),
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
Checked 3 goals in wing.sctt: 1 proved, 1 refuted, 1 unknown. Axiom bundles used: real. Rules used: none.
Refuted: radius, line 2. Counterexample: n is minus 1 over 3. Expected: proved. Axiom bundles: none. Rules: none.
Unknown: bound, line 3. Reason: the step budget is used up.
Hint: to give it more steps, run bfv check wing.sctt --goal bound --budget 4000000
Result: 2 verdicts differ from what is expected.
";

    #[test]
    fn item_07_item_14_the_plain_text_is_sentences() {
        assert_eq!(sample().render(Format::Text, &options()), TEXT);
    }

    #[test]
    fn item_04_colour_is_only_added() {
        let coloured = sample().render(Format::Text, &Options { color: true, ..options() });
        assert!(coloured.contains("\u{1b}[31mRefuted\u{1b}[0m: radius"));
        let mut plain = coloured.clone();
        for code in ["\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m", "\u{1b}[0m"] {
            plain = plain.replace(code, "");
        }
        assert_eq!(plain, TEXT);
    }

    #[test]
    fn item_09_the_hint_comes_after_the_content_and_can_be_left_out() {
        let text = sample().render(Format::Text, &Options { hints: false, ..options() });
        assert!(!text.contains("Hint"));
        assert_eq!(TEXT.matches("Hint").count(), 1);
        assert!(TEXT.find("Hint").unwrap() > TEXT.find("Unknown:").unwrap());
    }

    #[test]
    fn signs_replace_words_only_in_the_point() {
        let symbols = Options { math: MathStyle::Symbols, ..options() };
        let text = sample_in(&symbols).render(Format::Text, &symbols);
        assert_eq!(text, TEXT.replace("n is minus 1 over 3", "n = -1/3"));
    }

    #[test]
    fn the_visual_layout_adds_pictures_and_keeps_the_sentences() {
        let text = sample().render(Format::Text, &Options { layout: Layout::Visual, ..options() });
        for line in TEXT.lines() {
            assert!(text.contains(line), "{line}");
        }
        assert!(text.contains("wing.sctt:2:7"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn json_is_one_document_with_the_same_message() {
        let text = sample().render(Format::Json, &options());
        let v: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(v["schema_version"], 1);
        assert_eq!(v["summary"], json!({ "proved": 1, "refuted": 1, "unknown": 1, "expected": 1, "unexpected": 2 }));
        let keys = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(" ");
        assert_eq!(
            keys(&v["goals"][1]),
            "axioms cost counterexample expected file hash holds_if hypotheses message name proof range reason rules \
             vacuous verdict"
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
        let text = sample().render(Format::Jsonl, &options());
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
        let report = GateReport { claims: 2, violations: vec![violation], problems: vec![] };
        let text = gate_answer(&report, "p", Math::Words).render(Format::Text, &Options { hints: false, ..options() });
        let expected = "Gate failed: 2 claims and 1 violation, in project p.\n\
            Violation 1 of 1, missing: The claim m.c has no stored proof.\n\
            Result: the policy of the gate is broken.\n";
        assert_eq!(text, expected);
        let report = GateReport { claims: 2, ..GateReport::default() };
        let text = gate_answer(&report, "p", Math::Words).render(Format::Text, &options());
        assert!(text.starts_with("Gate passed: 2 claims and 0 violations, in project p.\n"));
    }
}
