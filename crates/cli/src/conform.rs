//! `bfv conform`: recorded runs of the repaired protocol are done again with its step, and asked of the guards of the verified protocol.

use crate::answer::{Answer, Line, problem_json};
use crate::args::Conform;
use crate::init::shown;
use crate::options::Options;
use crate::plug;
use crate::usage::{Mistake, line};
use bfv_conform::{Followed, NotFollowed, Specification, What};
use bfv_driver::{Code, Event, Place, Problem, count, in_math, spoken};
use bfv_wingbeat::sim::{Altered, Conforming, Departure, Fault, NotConforming, Replayed, replay_altered};
use serde_json::{Value, json};

/// What is known of a record.
enum Judged {
    Conforms(Conforming, Followed),
    /// An event is none of the step.
    OfStep(Departure),
    /// An event is none of the protocol.
    OfProtocol(bfv_conform::Departure),
}

/// `bfv conform`.
pub fn conform(args: &Conform, options: &Options) -> Result<Answer, Mistake> {
    if args.records.is_empty() {
        return Err(Mistake::new("A record must be named.", vec![line(&["conform", "run.jsonl"])]));
    }
    let (mut lines, mut records, mut problems) = (Vec::new(), Vec::<Value>::new(), Vec::new());
    let (mut conforming, mut departing) = (0, 0);
    let mut specification = None;
    for path in &args.records {
        let file = shown(path);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => {
                problems.push(Problem::not_read(&file, &e));
                continue;
            }
        };
        let replayed = replay_altered(&text, Altered::default());
        if let Err(NotConforming::Fault(fault)) = replayed.end {
            problems.push(problem(&file, fault));
            continue;
        }
        // It is read when something is to be compared with it.
        let known = match specification.take().map_or_else(|| read(args), Ok) {
            Ok(known) => specification.insert(known),
            Err(found) => {
                problems.extend(found);
                break;
            }
        };
        match judge(known, replayed) {
            Ok(judged) => {
                *(if matches!(judged, Judged::Conforms(..)) { &mut conforming } else { &mut departing }) += 1;
                lines.push(Line::from(in_math(&sentences(&file, &judged), options.math())));
                records.push(document(&file, &judged));
            }
            Err(fault) => problems.push(problem(&file, fault)),
        }
    }
    let name = specification.map(|s| s.name);
    if !records.is_empty() {
        let of = match (&args.protocol, &name) {
            (Some(path), _) => format!("with the protocol in the file {}", shown(path)),
            (None, name) => format!("with its protocol {}", name.as_deref().unwrap_or_default()),
        };
        lines.push(Line::from(format!("Compared with the step of this program, and {of}.")));
    }
    lines.extend(problems.iter().map(|p| Line::from(p.sentences_in(options.math()))));
    let mut document = serde_json::Map::new();
    document.insert("protocol".into(), name.into());
    document.insert("protocol_file".into(), args.protocol.as_deref().map(shown).into());
    document.insert("records".into(), records.into());
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    let mut events: Vec<Event> = problems.iter().filter_map(Problem::event).collect();
    if departing > 0 {
        events.push(Event::UnexpectedVerdict);
    }
    let closing = match (problems.len(), departing) {
        (0, 0) => "Result: every event follows from the step, and the protocol allows it.".to_owned(),
        (0, n) => format!("Result: {} not conform.", does(n)),
        (n, _) => format!("Result: not complete, because of {}.", count(n, "error")),
    };
    Ok(Answer {
        first: format!(
            "Did {} again: {conforming} conforming, {departing} departing.",
            count(conforming + departing, "record")
        ),
        lines,
        closing,
        document,
        list: "records",
        events,
        ..Answer::default()
    })
}

fn read(args: &Conform) -> Result<Specification, Vec<Problem>> {
    let mut frontend = plug::frontend();
    match &args.protocol {
        Some(path) => Specification::read(path, frontend.as_mut()),
        None => Specification::own(frontend.as_mut()),
    }
}

/// The first event that departs from either is the one that counts. What was done up to the end of the replay was followed, so that one of the
/// protocol is no later.
fn judge(specification: &Specification, Replayed { run, end }: Replayed) -> Result<Judged, Fault> {
    match (specification.follow(&run), end) {
        (_, Err(NotConforming::Fault(fault))) => Err(fault),
        (Err(NotFollowed::Departs(d)), _) => Ok(Judged::OfProtocol(*d)),
        (_, Err(NotConforming::Departure(d))) => Ok(Judged::OfStep(d)),
        (Ok(followed), Ok(c)) => Ok(Judged::Conforms(c, followed)),
        (Err(NotFollowed::Unable(why)), _) => {
            let what = format!("The record cannot be compared with the protocol. {why}");
            Err(Fault { line: 1, what, mend: "record a smaller run.".to_owned() })
        }
    }
}

fn document(file: &str, judged: &Judged) -> Value {
    match judged {
        Judged::Conforms(c, followed) => json!({
            "file": file, "conforms": true, "workers": c.workers, "byzantine": c.byzantine, "events": c.events,
            "effects": c.effects, "crashes": c.crashes, "violations": c.violations,
            "commands": followed.commands, "states": followed.states,
        }),
        Judged::OfStep(d) => json!({
            "file": file, "conforms": false, "departs_from": "step", "line": d.line, "time": d.time,
            "worker": d.worker.map(|w| w.0), "message": d.what,
        }),
        Judged::OfProtocol(d) => {
            let mut out = json!({
                "file": file, "conforms": false, "departs_from": "protocol", "line": d.line, "time": d.time,
                "worker": d.worker, "sequence": d.sequence, "message": differs(&d.what),
            });
            match &d.what {
                What::Command { command, arguments, needs } => {
                    out["command"] = json!(command);
                    out["arguments"] = arguments.iter().map(|(name, v)| (name.clone(), json!(v))).collect();
                    out["needs"] = json!(needs);
                }
                What::State { relation, worker, protocol } => {
                    out["relation"] = json!(relation);
                    out["worker_says"] = json!(worker);
                    out["protocol_says"] = json!(protocol);
                }
            }
            out
        }
    }
}

fn sentences(file: &str, judged: &Judged) -> String {
    let departs = |line: usize, worker: Option<u32>, time: u64, what: &str| {
        let worker = worker.map_or_else(|| "Time".to_owned(), |w| format!("Worker {w}, time"));
        format!("Departs: {file}, line {line}. {worker} {time}. {what}")
    };
    match judged {
        Judged::Conforms(c, followed) => {
            let (events, effects) = (count(c.events, "event"), count(c.effects, "effect"));
            let workers = count(c.workers, "worker");
            let crashes = if c.crashes == 1 { "1 crash".to_owned() } else { format!("{} crashes", c.crashes) };
            let (commands, states) = (count(followed.commands, "command"), count(followed.states, "state"));
            let violations = match c.violations.as_slice() {
                [] => String::new(),
                all => format!(" It has violations: {}.", all.join(", ")),
            };
            format!(
                "Conforms: {file}. It has {workers}, {} of them Byzantine. It has {events}, {effects} and {crashes}. \
                 The protocol allows its {commands} and has the same in {states}.{violations}",
                c.byzantine
            )
        }
        Judged::OfStep(d) => departs(d.line, d.worker.map(|w| w.0), d.time, &d.what),
        Judged::OfProtocol(d) => {
            let what = format!("Sequence {}. {}", d.sequence, differs(&d.what));
            departs(d.line, Some(d.worker), d.time, &what)
        }
    }
}

/// How an event differs from the protocol, in sentences.
fn differs(what: &What) -> String {
    match what {
        What::Command { command, arguments, needs } => {
            let each: Vec<String> = arguments.iter().map(|(name, v)| format!("Argument {name}: {v}.")).collect();
            let why = match needs {
                Some(text) => format!("It needs `{text}`, which does not hold."),
                None => "Its guard does not hold.".to_owned(),
            };
            format!("The protocol does not allow the command {}. {} {why}", spoken(command), each.join(" "))
        }
        What::State { relation, worker, protocol } => {
            let relation = spoken(relation);
            format!("The protocol has something else in {relation}. Worker: {worker}. Protocol: {protocol}.")
        }
    }
}

fn does(records: usize) -> String {
    format!("{} {}", count(records, "record"), if records == 1 { "does" } else { "do" })
}

fn problem(file: &str, fault: Fault) -> Problem {
    let start = (u32::try_from(fault.line).unwrap_or(u32::MAX), 1);
    let mut problem = Problem::new(Code::Record, fault.what, fault.mend);
    problem.place = Some(Box::new(Place { file: file.to_owned(), start, end: start, bytes: 0..0 }));
    problem
}
