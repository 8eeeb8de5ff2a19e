//! `bfv conform`: recorded runs of the repaired protocol are done again with its step.

use crate::answer::{Answer, Line, problem_json};
use crate::args::Conform;
use crate::init::shown;
use crate::options::Options;
use crate::usage::{Mistake, line};
use bfv_driver::{Code, Event, Place, Problem, count};
use bfv_wingbeat::sim::{Conforming, Departure, Fault, NotConforming, replay};
use serde_json::{Value, json};

/// `bfv conform`.
pub fn conform(args: &Conform, options: &Options) -> Result<Answer, Mistake> {
    if args.records.is_empty() {
        return Err(Mistake::new("A record must be named.", vec![line(&["conform", "run.jsonl"])]));
    }
    let (mut lines, mut records, mut problems) = (Vec::new(), Vec::<Value>::new(), Vec::new());
    let (mut conforming, mut departing) = (0, 0);
    for path in &args.records {
        let file = shown(path);
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(e) => {
                problems.push(Problem::not_read(&file, &e));
                continue;
            }
        };
        match replay(&text) {
            Ok(c) => {
                conforming += 1;
                lines.push(Line::from(sentences(&file, &c)));
                records.push(json!({
                    "file": file, "conforms": true, "workers": c.workers, "byzantine": c.byzantine,
                    "events": c.events, "effects": c.effects, "crashes": c.crashes,
                }));
            }
            Err(NotConforming::Departure(Departure { line, time, worker, what })) => {
                departing += 1;
                let head = format!("Departs: {file}, line {line}. Worker {}, time {time}. {what}", worker.0);
                lines.push(Line::from(head));
                records.push(json!({
                    "file": file, "conforms": false, "line": line, "time": time, "worker": worker.0, "message": what,
                }));
            }
            Err(NotConforming::Fault(fault)) => problems.push(problem(&file, fault)),
        }
    }
    lines.extend(problems.iter().map(|p| Line::from(p.sentences_in(options.math()))));
    let mut document = serde_json::Map::new();
    document.insert("records".into(), records.into());
    document.insert("problems".into(), problems.iter().map(problem_json).collect());
    let mut events: Vec<Event> = problems.iter().filter_map(Problem::event).collect();
    if departing > 0 {
        events.push(Event::UnexpectedVerdict);
    }
    let closing = match (problems.len(), departing) {
        (0, 0) => "Result: every event follows from the protocol.".to_owned(),
        (0, n) => format!("Result: {} not follow the protocol.", does(n)),
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

fn does(records: usize) -> String {
    format!("{} {}", count(records, "record"), if records == 1 { "does" } else { "do" })
}

fn sentences(file: &str, c: &Conforming) -> String {
    let (events, effects) = (count(c.events, "event"), count(c.effects, "effect"));
    let workers = count(c.workers, "worker");
    let crashes = if c.crashes == 1 { "1 crash".to_owned() } else { format!("{} crashes", c.crashes) };
    format!(
        "Conforms: {file}. It has {workers}, {} of them Byzantine. It has {events}, {effects} and {crashes}.",
        c.byzantine
    )
}

fn problem(file: &str, fault: Fault) -> Problem {
    let start = (u32::try_from(fault.line).unwrap_or(u32::MAX), 1);
    let mut problem = Problem::new(Code::Record, fault.what, fault.mend);
    problem.place = Some(Box::new(Place { file: file.to_owned(), start, end: start, bytes: 0..0 }));
    problem
}
