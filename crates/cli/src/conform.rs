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
    Problem(Problem),
}

/// `bfv conform`.
pub fn conform(args: &Conform, options: &Options) -> Result<Answer, Mistake> {
    if args.records.is_empty() {
        return Err(Mistake::new("A record must be named.", vec![line(&["conform", "run.jsonl"])]));
    }
    let mut frontend = plug::frontend();
    let read = match &args.protocol {
        Some(path) => Specification::read(path, frontend.as_mut()),
        None => Specification::own(frontend.as_mut()),
    };
    let (mut lines, mut records, mut problems) = (Vec::new(), Vec::<Value>::new(), Vec::new());
    let (mut conforming, mut departing) = (0, 0);
    let name = match read {
        Ok(specification) => {
            for path in &args.records {
                let file = shown(path);
                let text = match std::fs::read_to_string(path) {
                    Ok(text) => text,
                    Err(e) => {
                        problems.push(Problem::not_read(&file, &e));
                        continue;
                    }
                };
                let judged = judge(&file, &specification, replay_altered(&text, Altered::default()));
                if let Judged::Problem(problem) = judged {
                    problems.push(problem);
                    continue;
                }
                *(if matches!(judged, Judged::Conforms(..)) { &mut conforming } else { &mut departing }) += 1;
                lines.push(Line::from(in_math(&sentences(&file, &judged), options.math())));
                records.push(document(&file, &judged));
            }
            Some(specification.name)
        }
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    if let Some(name) = name.as_ref().filter(|_| !records.is_empty()) {
        let of = name.strip_suffix(".repaired").unwrap_or(name);
        lines.push(Line::from(format!("Compared with the step of this program, and with the protocol in {of}.")));
    }
    lines.extend(problems.iter().map(|p| Line::from(p.sentences_in(options.math()))));
    let mut document = serde_json::Map::new();
    document.insert("protocol".into(), name.into());
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

/// The first event that departs from either is the one that counts; what the protocol says comes first where both are at the same event.
fn judge(file: &str, specification: &Specification, Replayed { run, end }: Replayed) -> Judged {
    if let Err(NotConforming::Fault(fault)) = end {
        return Judged::Problem(problem(file, fault));
    }
    match (specification.follow(&run), end) {
        (Err(NotFollowed::Departs(d)), _) => Judged::OfProtocol(*d),
        (_, Err(NotConforming::Departure(d))) => Judged::OfStep(d),
        (Ok(followed), Ok(c)) => Judged::Conforms(c, followed),
        (Err(NotFollowed::Unable(why)), _) => {
            let what = format!("The record cannot be compared with the protocol. {why}");
            Judged::Problem(problem(file, Fault { line: 1, what, mend: "record a smaller run.".to_owned() }))
        }
        (Ok(_), Err(NotConforming::Fault(fault))) => Judged::Problem(problem(file, fault)),
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
        Judged::Problem(problem) => problem_json(problem),
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
        Judged::OfProtocol(d) => departs(d.line, Some(d.worker), d.time, &differs(&d.what)),
        Judged::Problem(problem) => problem.what.clone(),
    }
}

/// How an event differs from the protocol, in sentences.
fn differs(what: &What) -> String {
    match what {
        What::Command { command, arguments, needs } => {
            let each: Vec<String> = arguments.iter().map(|(name, v)| format!("{name}: {v}.")).collect();
            let why = match needs {
                Some(text) => format!("It needs `{text}`, which does not hold."),
                None => "Its guard does not hold.".to_owned(),
            };
            format!("The protocol does not allow the command {}. {} {why}", spoken(command), each.join(" "))
        }
        What::State { relation, worker, protocol } => {
            let relation = spoken(relation);
            format!("The protocol says something else of {relation}. Worker: {worker}. Protocol: {protocol}.")
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
