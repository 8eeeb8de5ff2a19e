//! The benchmark of the service: goals of other programs, asked over HTTP from a process of their own.

use crate::serving::{Server, build, read};
use crate::solvers::{Question, Text, compare};
use crate::{results, say};
use bfv_goals::{Expected, Fault, Goal, inhabit, logic, logic_smt, tip, tip_smt};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long one request may take, in milliseconds.
const LIMIT: u32 = 5_000;
/// How long a person waits for a suggestion, in milliseconds: what is known by then is the answer.
const MOMENT: u32 = 18;
/// Goals of which the data say that they are false, and of which the kernel accepted a proof of the translation, with the reason.
const TRUE_AFTER_ALL: [(&str, &str); 1] = [(
    "false/regexp_deluxe_FromToConj",
    "for these numbers both repetitions are of the empty language, so both sides are false for every word",
)];
/// Where the shuffle of the goals begins.
const SEED: u64 = 20_250_711;
/// Clients at once, and how long they ask.
const CLIENTS: usize = 8;
const SPAN: Duration = Duration::from_secs(10);
/// Streams that are open at once.
const STREAMS: usize = 1_000;
/// How often a start and a cancellation are measured.
const STARTS: usize = 5;
const CANCELLED: usize = 20;
/// The environment variable that names the folder of the goals.
const FOLDER: &str = "BFV_GOALS";

/// The sets of goals: a folder or a file, and how it is read.
pub(crate) const SETS: [(&str, &str); 4] =
    [("IsaPlanner", "isaplanner"), ("false", "false"), ("ILTP pick", "iltp_pick.json"), ("DTTBench", "dttbench")];

/// Goals with the number of their set.
type Goals = Vec<(usize, Goal)>;

/// Goals as they were read.
struct Loaded {
    goals: Goals,
    /// Sentences about those that have no translation.
    notes: Vec<String>,
    /// By the name of a goal, its text for solvers.
    texts: BTreeMap<String, Text>,
}

/// What came of a goal.
struct Row {
    set: usize,
    name: String,
    /// Milliseconds until the answer, where the kernel accepted what was asked for.
    solved: Option<f64>,
    wrong: bool,
    suggested: f64,
    checked: bool,
}

/// Measures the service and writes the section of the results.
///
/// # Errors
/// The service or the goals cannot be read, or an answer is wrong.
pub fn bench(folder: Option<&str>) -> Result<(), String> {
    let folder = folder.map(PathBuf::from).or_else(|| std::env::var_os(FOLDER).map(PathBuf::from));
    let Some(folder) = folder else {
        say(&format!(
            "Not measured: no folder of goals is named. Name one after the task, or in the variable {FOLDER}."
        ));
        return Ok(());
    };
    let machine = results::machine();
    let Loaded { goals, notes, texts } = load(&folder)?;
    let program = build()?;
    let cold = starts(&program)?;
    say(&format!("Cold: {cold}"));
    let server = Server::start(&program, &["--cache-bytes", "0"])?;
    server.ready()?;
    let mut rows = Vec::new();
    for (n, (set, goal)) in goals.iter().enumerate() {
        rows.push(measure(&server, *set, goal)?);
        if n % 50 == 49 {
            say(&format!("{} of {} goals were asked.", n + 1, goals.len()));
        }
    }
    let clients = clients(&server, &goals, &rows)?;
    say(&clients);
    let streams = streams(&server)?;
    say(&streams);
    let cancelled = cancelled(&server)?;
    say(&cancelled);
    drop(server);
    let recalled = recalled(&program, &goals, &rows)?;
    say(&recalled);
    let together = together(&program)?;
    say(&together);
    let parts = parts(&program)?;
    say(&parts);
    let none: Text = Err("Goals of type inhabitation are no questions for them.".to_owned());
    let question =
        |(set, goal): &(usize, Goal)| -> Question<'_> { (*set, goal.expected, texts.get(&goal.name).unwrap_or(&none)) };
    let solvers = compare(&goals.iter().map(question).collect::<Vec<_>>())?;
    let wrong: Vec<&str> = rows.iter().filter(|r| r.wrong).map(|r| r.name.as_str()).collect();
    let page =
        page(&machine, &rows, &[cold, clients, streams, cancelled, recalled, together, parts], &notes) + &solvers;
    results::written("Service", &page)?;
    if wrong.is_empty() { Ok(()) } else { Err(format!("These answers are wrong: {}.", wrong.join(", "))) }
}

/// The goals of all sets in their fixed order.
fn load(folder: &Path) -> Result<Loaded, String> {
    let mut texts = BTreeMap::new();
    let mut all: Vec<(usize, Result<Goal, Fault>)> = Vec::new();
    let text = |path: &Path| {
        std::fs::read_to_string(path).map_err(|e| format!("The file {} cannot be read: {e}.", path.display()))
    };
    for (set, (_, place)) in SETS.iter().enumerate() {
        let path = folder.join(place);
        if path.is_file() {
            let text = text(&path)?;
            all.extend(logic(&text).map_err(|e| e.to_string())?.into_iter().map(|g| (set, g)));
            let all_texts = logic_smt(&text).map_err(|e| e.to_string())?;
            texts.extend(all_texts.into_iter().map(|(name, text)| (name, Ok(text))));
            continue;
        }
        let entries =
            std::fs::read_dir(&path).map_err(|e| format!("The folder {} cannot be read: {e}.", path.display()))?;
        let mut files: Vec<PathBuf> = entries.filter_map(|f| Some(f.ok()?.path())).collect();
        files.retain(|f| f.extension().is_some_and(|e| e == "json") && !f.ends_with("index.json"));
        files.sort();
        for file in files {
            let text = text(&file)?;
            let is_tip = text.contains("\"datatypes\"");
            let goal = if is_tip { tip(&text) } else { inhabit(&text) };
            if let (true, Ok(goal)) = (is_tip, &goal) {
                texts.insert(goal.name.clone(), tip_smt(&text).map_err(|fault| fault.what));
            }
            all.push((set, goal));
        }
    }
    let (mut goals, mut notes) = (Vec::new(), Vec::new());
    for (set, goal) in all {
        match goal {
            Ok(goal) => goals.push((set, goal)),
            Err(fault) => notes.push(fault.to_string()),
        }
    }
    shuffle(&mut goals);
    Ok(Loaded { goals, notes, texts })
}

/// Fisher and Yates, with a linear congruence of Knuth.
fn shuffle<T>(all: &mut [T]) {
    let mut state = SEED;
    for n in (1..all.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let below = u64::try_from(n + 1).unwrap_or(u64::MAX);
        all.swap(n, usize::try_from((state >> 33) % below).unwrap_or(0));
    }
}

/// The parts of a message that are the same in all kinds.
fn message(kind: &str, goal: &Goal, time: u32) -> Value {
    let context: Vec<Value> = goal.binders.iter().map(|b| json!({ "var": b.name, "type": b.ty })).collect();
    let stated = json!({ "id": "goal", "statement": goal.statement, "context": context });
    let mut out = json!({ "type": kind, "imports": goal.imports, "timeout_ms": time });
    if let Value::Object(fields) = &mut out {
        if !goal.declarations.is_empty() {
            fields.insert("declarations".into(), goal.declarations.clone().into());
        }
        match kind {
            "REQUEST_PROOF_SUGGESTION" => fields.insert("proof_state".into(), json!({ "goals": [stated] })),
            "REQUEST_PROOF_COMPLETION" => fields.insert("proof_sketch".into(), json!({ "goal": stated })),
            _ => fields.insert("theorem".into(), stated),
        };
    }
    out
}

fn some(v: &Value) -> bool {
    match v {
        Value::Null => false,
        Value::Array(all) => !all.is_empty(),
        _ => true,
    }
}

fn measure(server: &Server, set: usize, goal: &Goal) -> Result<Row, String> {
    let (answer, suggested) = server.ask(&message("REQUEST_PROOF_SUGGESTION", goal, MOMENT))?;
    let said = answer.json();
    let steps = said["suggestions"].as_array().cloned().unwrap_or_default();
    let proves = steps.iter().any(|s| s["valid"] == true) || some(&said["proved_goals"]);
    let refutes = some(&said["refuted_goals"]);
    // That logic alone does not suffice is an answer only where there is no proof.
    let checked = proves || refutes || goal.expected == Expected::Open && some(&said["countermodels"]);
    let kind = if goal.expected == Expected::Proved { "REQUEST_PROOF_COMPLETION" } else { "REQUEST_COUNTEREXAMPLE" };
    let (answer, took) = server.ask(&message(kind, goal, LIMIT))?;
    let said = answer.json();
    let proved = said["proof"]["formal_verification"]["status"] == "proved" || said["verdict"] == "proved";
    let refuted = some(&said["counterexample"]);
    let right = match goal.expected {
        Expected::Proved => proved,
        Expected::Refuted => refuted,
        // What is refuted has no proof, either.
        Expected::Open => some(&said["countermodel"]) || refuted,
    };
    let wrong = match goal.expected {
        Expected::Proved => refuted || refutes,
        Expected::Refuted => (proved || proves) && !TRUE_AFTER_ALL.iter().any(|(name, _)| *name == goal.name),
        Expected::Open => proved || proves,
    };
    Ok(Row { set, name: goal.name.clone(), solved: right.then_some(took), wrong, suggested, checked })
}

/// The smallest value that so many of a hundred are not above.
pub(crate) fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let place = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(f64::NAN)
}

pub(crate) fn sorted(mut all: Vec<f64>) -> Vec<f64> {
    all.sort_by(f64::total_cmp);
    all
}

/// A goal that the library alone states.
fn simple() -> Value {
    json!({ "type": "REQUEST_PROOF_SUGGESTION", "timeout_ms": LIMIT, "proof_state": { "goals": [{ "id": "goal", "statement": "forall (n : Nat), n + 0 = n" }] } })
}

/// From the start of the process to the first answer.
fn starts(program: &Path) -> Result<String, String> {
    let mut all = Vec::new();
    for _ in 0..STARTS {
        let start = Instant::now();
        let server = Server::start(program, &[])?;
        loop {
            let (answer, _) = server.ask(&simple())?;
            if answer.status == 200 && answer.json()["suggestions"].as_array().is_some_and(|all| !all.is_empty()) {
                break;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        all.push(start.elapsed().as_secs_f64() * 1e3);
    }
    let all = sorted(all);
    Ok(format!(
        "from the start of the process to the first answer {:.0} ms, the median of {STARTS}, at most {:.0} ms; 300 ms are asked.",
        percentile(&all, 50),
        percentile(&all, 100)
    ))
}

/// Several clients ask for suggestions as fast as they get them, about the goals that one client got within 50 ms.
fn clients(server: &Server, goals: &[(usize, Goal)], rows: &[Row]) -> Result<String, String> {
    let quick = goals.iter().zip(rows).filter(|(_, r)| r.suggested < 50.0 && r.checked);
    let messages: Vec<Value> = quick.map(|((_, g), _)| message("REQUEST_PROOF_SUGGESTION", g, MOMENT)).collect();
    if messages.is_empty() {
        return Ok("Several clients were not measured, because no goal was answered within 50 ms.".to_owned());
    }
    let start = Instant::now();
    let times: Vec<Result<Vec<f64>, String>> = std::thread::scope(|s| {
        let work = |first: usize| {
            let messages = &messages;
            move || {
                let mut times = Vec::new();
                for m in messages.iter().cycle().skip(first * 7) {
                    if start.elapsed() >= SPAN {
                        break;
                    }
                    let (answer, took) = server.ask(m)?;
                    if answer.status == 200 {
                        times.push(took);
                    }
                }
                Ok(times)
            }
        };
        let all: Vec<_> = (0..CLIENTS).map(|n| s.spawn(work(n))).collect();
        let ended =
            |t: std::thread::ScopedJoinHandle<'_, _>| t.join().unwrap_or_else(|_| Err("A client failed.".to_owned()));
        all.into_iter().map(ended).collect()
    });
    let seconds = start.elapsed().as_secs_f64();
    let all = sorted(times.into_iter().collect::<Result<Vec<_>, _>>()?.concat());
    let count = f64::from(u32::try_from(all.len()).unwrap_or(u32::MAX));
    Ok(format!(
        "{CLIENTS} clients, suggestions for {} goals in turn: {:.0} answers a second, {:.1} ms at p50 and {:.1} ms at p95.",
        messages.len(),
        count / seconds,
        percentile(&all, 50),
        percentile(&all, 95)
    ))
}

/// Many streams of events at once, each with one question.
fn streams(server: &Server) -> Result<String, String> {
    let body = simple().to_string();
    let start = Instant::now();
    let mut open = Vec::new();
    for n in 0..STREAMS {
        match server.open("POST", "/v1/message", "Accept: text/event-stream\r\n", &body) {
            Ok(stream) => open.push(stream),
            Err(why) => {
                return Ok(format!("{STREAMS} streams were not measured, because only {n} could be opened. {why}"));
            }
        }
    }
    let mut answered = 0u32;
    for stream in &mut open {
        answered += u32::from(read(stream)?.body.contains("PROOF_SUGGESTIONS"));
    }
    let seconds = start.elapsed().as_secs_f64();
    Ok(format!(
        "{STREAMS} open event streams, each with one question: {answered} answered, {:.0} a second.",
        f64::from(answered) / seconds
    ))
}

/// What is asked again: how much sooner it is answered, and how often that happens where a person takes back every second step.
fn recalled(program: &Path, goals: &[(usize, Goal)], rows: &[Row]) -> Result<String, String> {
    let known: Vec<Value> = goals
        .iter()
        .zip(rows)
        .filter(|(_, r)| r.checked)
        .map(|((_, g), _)| message("REQUEST_PROOF_SUGGESTION", g, LIMIT))
        .collect();
    let server = Server::start(program, &[])?;
    server.ready()?;
    let (mut first, mut again, mut both) = (Vec::new(), Vec::new(), (0.0, 0.0));
    let (mut asked, mut hits, mut before) = (0_u32, 0_u32, None::<(&Value, Option<f64>)>);
    let mut ask = |m: &Value| -> Result<(f64, bool), String> {
        let (answer, took) = server.ask(m)?;
        let hit = answer.json()["recalled"] == 1;
        asked += 1;
        hits += u32::from(hit);
        Ok((took, hit))
    };
    for m in &known {
        let (took, hit) = ask(m)?;
        let new = Some(took).filter(|_| !hit);
        // Back to the goal before.
        if let Some((goal, earlier)) = before.replace((m, new))
            && let (took, true) = ask(goal)?
        {
            again.push(took);
            if let Some(earlier) = earlier {
                both = (both.0 + earlier, both.1 + took);
            }
        }
        first.extend(new);
    }
    let (first, again) = (sorted(first), sorted(again));
    let (entries, bytes) = (server.metric("bfv_cache_entries")?, server.metric("bfv_cache_bytes")?);
    Ok(format!(
        "suggestions for {} goals, and after each the one before again, as after a step that is taken back: {hits} of {asked} were known. \
         Known {:.2} ms at p50 and {:.2} ms at p95, 1 ms is asked; not known {:.1} and {:.1} ms, {:.1} times as long at p50, 20 is asked; {:.1} times as long for the same goals all together. {entries} entries have {bytes} bytes.",
        known.len(),
        percentile(&again, 50),
        percentile(&again, 95),
        percentile(&first, 50),
        percentile(&first, 95),
        percentile(&first, 50) / percentile(&again, 50),
        both.0 / both.1,
    ))
}

/// How long one thread takes for a question, and how long two do, in milliseconds at the median. `right` tells whether an answer is one.
fn by_threads(program: &Path, body: &Value, right: impl Fn(&Value) -> bool) -> Result<(f64, f64), String> {
    let mut medians = Vec::new();
    for workers in ["1", "2"] {
        let server = Server::start(program, &["--cache-bytes", "0", "--workers", workers])?;
        server.ready()?;
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let (answer, took) = server.ask(body)?;
            if !right(&answer.json()) {
                return Err(format!("With {workers} threads not everything was proved: {}", answer.body));
            }
            times.push(took);
        }
        medians.push(percentile(&sorted(times), 50));
    }
    Ok((medians.first().copied().unwrap_or(f64::NAN), medians.last().copied().unwrap_or(f64::NAN)))
}

/// One goal of which the proof falls apart into four that stand on their own, each with an induction and lemmas of its own.
fn parts(program: &Path) -> Result<String, String> {
    const DECLARED: &str = "data List : U 0\n| nil\n| cons (head : Nat) (tail : List)\n\n\
        def app : List -> List -> List\n| nil, ys => ys\n| cons x xs, ys => cons x (app xs ys)\n\n\
        def rev : List -> List\n| nil => nil\n| cons x xs => app (rev xs) (cons x nil)\n\n\
        def qrev : List -> List -> List\n| nil, ys => ys\n| cons x xs, ys => qrev xs (cons x ys)\n\n\
        def zero : Nat -> Nat\n| 0 => 1\n| suc n => 0\n\n\
        def less : Nat -> Nat -> Nat\n| 0, k => 0\n| suc n, k => zero k + less n k\n\n\
        def count (n : Nat) : List -> Nat\n| nil => 0\n| cons x xs => less n x + count n xs\n";
    const GOAL: &str = "forall (xs ys : List) (n : Nat), count n (rev xs) = count n xs /\\ rev (rev xs) = xs /\\ qrev (qrev xs nil) nil = xs /\\ count n (app xs ys) = count n (app ys xs)";
    let body = json!({ "type": "REQUEST_PROOF_COMPLETION", "timeout_ms": 60_000, "declarations": DECLARED, "proof_sketch": { "goal": { "id": "g", "statement": GOAL } } });
    let (one, two) = by_threads(program, &body, |a| a["proof"]["formal_verification"]["status"] == "proved")?;
    Ok(format!(
        "a proof with four parts that stand on their own: {one:.0} ms by one thread, {two:.0} ms by two, {:.2} times as fast; 1.8 is asked.",
        one / two
    ))
}

/// Several goals in one request, by one thread and by two.
fn together(program: &Path) -> Result<String, String> {
    let goal = |n: u32| json!({ "id": format!("g{n}"), "statement": format!("forall (a b c : Nat), (a + {n}) * (b + c) = a * b + a * c + {n} * b + {n} * c") });
    let body = json!({ "type": "REQUEST_PROOF_SUGGESTION", "timeout_ms": 60_000, "proof_state": { "goals": (1..=16).map(goal).collect::<Vec<_>>() } });
    let proved = |a: &Value| {
        a["suggestions"].as_array().is_some_and(|all| all.iter().filter(|s| s["valid"] == true).count() >= 16)
    };
    let (one, two) = by_threads(program, &body, proved)?;
    Ok(format!(
        "16 goals in one request: {one:.0} ms by one thread, {two:.0} ms by two on {} cores, {:.2} times as fast; 1.8 is asked.",
        std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
        one / two
    ))
}

/// How long the service works on after its client went away.
fn cancelled(server: &Server) -> Result<String, String> {
    // Nobody knows whether it is true, so the search goes on.
    let hard = json!({ "type": "REQUEST_COUNTEREXAMPLE", "timeout_ms": 60_000,
        "theorem": "forall (a b c d : Nat), a * a * a + b * b * b + c * c * c != 114 + d * d * d * d * d" });
    let mut all = Vec::new();
    for _ in 0..CANCELLED {
        let stream = server.open("POST", "/v1/message", "", &hard.to_string())?;
        let start = Instant::now();
        while server.metric("bfv_running")? < 1.0 {
            if start.elapsed() > Duration::from_secs(5) {
                return Ok("Cancellation was not measured, because the question was answered at once.".to_owned());
            }
        }
        std::thread::sleep(Duration::from_millis(50));
        if server.metric("bfv_running")? < 1.0 {
            continue;
        }
        let gone = Instant::now();
        drop(stream);
        while server.metric("bfv_running")? >= 1.0 {
            if gone.elapsed() > Duration::from_secs(60) {
                return Err("A cancelled request is still worked on after a minute.".to_owned());
            }
        }
        all.push(gone.elapsed().as_secs_f64() * 1e3);
    }
    if all.is_empty() {
        return Ok("Cancellation was not measured, because the question was answered within 50 ms.".to_owned());
    }
    let all = sorted(all);
    Ok(format!(
        "cancellation by a connection that breaks off: idle again after {:.1} ms, the median of {}, at most {:.1} ms; 20 ms are asked.",
        percentile(&all, 50),
        all.len(),
        percentile(&all, 100)
    ))
}

fn page(machine: &str, rows: &[Row], figures: &[String], notes: &[String]) -> String {
    let mut out = format!(
        "{machine}\n\nWritten by `cargo xtask bench service`. The service and its client are two processes on this machine. Goals come in one shuffled order with a fixed seed, \
         each first as a request for suggestions, then as one for a proof, or for a counterexample where it is false or has no proof. A goal counts as solved where the kernel accepted the proof or the refutation, \
         or, for what has no proof, the Kripke model was checked; times are those of the client, over a connection that stays open, with {LIMIT} ms as the limit, and {MOMENT} ms for suggestions. *Longest* is of those that were solved. The process is warm, and keeps no answer.\n\n\
         | set | goals | solved | within 50 ms | within 1 s | within 5 s | longest | wrong |\n|---|---|---|---|---|---|---|---|\n"
    );
    for (n, (name, _)) in SETS.iter().enumerate() {
        let own: Vec<&Row> = rows.iter().filter(|r| r.set == n).collect();
        let within = |ms: f64| own.iter().filter(|r| r.solved.is_some_and(|t| t <= ms)).count();
        let longest = own.iter().filter_map(|r| r.solved).fold(0.0, f64::max);
        out += &format!(
            "| {name} | {} | {} | {} | {} | {} | {longest:.0} ms | {} |\n",
            own.len(),
            within(f64::INFINITY),
            within(50.0),
            within(1_000.0),
            within(5_000.0),
            own.iter().filter(|r| r.wrong).count()
        );
    }
    let times = sorted(rows.iter().map(|r| r.suggested).collect());
    let checked = rows.iter().filter(|r| r.checked).count();
    out += &format!(
        "\n- Suggestions, all sets together: {:.1} ms at p50, {:.1} ms at p95, {:.1} ms at p99. Answered with a whole proof, a counterexample or a model that was checked: {checked} of {}, {} in a hundred.\n",
        percentile(&times, 50),
        percentile(&times, 95),
        percentile(&times, 99),
        rows.len(),
        checked * 100 / rows.len().max(1)
    );
    for (figure, word) in figures.iter().zip(["Cold: ", "", "", "Idle: ", "Cache: ", "Several goals: ", "Parts: "]) {
        out += &format!("- {word}{figure}\n");
    }
    for (n, (name, _)) in SETS.iter().enumerate() {
        let open: Vec<&str> =
            rows.iter().filter(|r| r.set == n && r.solved.is_none()).map(|r| r.name.as_str()).collect();
        if !open.is_empty() {
            out += &format!("- Not solved of {name}: {}.\n", open.join(", "));
        }
    }
    for (name, why) in TRUE_AFTER_ALL {
        out += &format!(
            "- The data say that {name} is false. It is not: {why}. It counts as not solved, and a proof of it as not wrong.\n"
        );
    }
    for note in notes {
        out += &format!("- {note}\n");
    }
    out
}
