//! `bfv explain`: a code, a reason, or a claim.

use crate::answer::{Answer, Line, problem_json};
use crate::args::Explain;
use crate::chart;
use crate::check::{BUDGET, goal_json, goal_mistake, not_kept, place};
use crate::commands::broken;
use crate::declared::{self, Known, rests_on};
use crate::options::{Options, id};
use crate::plug;
use crate::suggest::nearest;
use crate::usage::{Mistake, line, replaced};
use bfv_diag::Code as SourceCode;
use bfv_driver::{
    CheckOptions, Code, GoalReport, Kind, Problem, Reason, StoreMode, Verdict, condition_message, in_math, meant,
    point_sentence, statement_sentence,
};
use serde_json::Map;

/// The codes of the driver, each with its explanation.
const CODES: [(&str, &str); 11] = [
    ("not-read", "A file or folder cannot be read. The message says which one and why."),
    ("not-written", "A file cannot be written. The message says which one and why. No verdict depends on it."),
    (
        "not-exported",
        "The counterexample cannot be written as a program. The message says why, for example that a function is given by axioms.",
    ),
    (
        "not-extracted",
        "No package can be made of the operator. The message says why, for example that how near its program is was not proved.",
    ),
    ("bad-name", "The name of a module or claim cannot be the name of a file. Proofs are stored in files."),
    (
        "bad-settings",
        "A file that bfv is set up with cannot be used: bfv.toml, your settings, verify.toml, a key, a request, a splitting or a ledger. The message says which one and why.",
    ),
    (
        "recipe",
        "A recipe to import is malformed, or one of its numbers is out of range. The message says which one and why.",
    ),
    ("record", "The record of a run cannot be read. The message says which line and why."),
    ("usage", "The command line is not one that bfv knows. Nothing was run. The message suggests others."),
    ("contradiction", "The kernel accepted a claim and its negation. Trust no verdict of this version."),
    ("internal", "bfv made a mistake of its own. Your files are not the cause. Please report it."),
];

/// A code or a reason, as written in messages, with its title and its explanation.
pub fn known(code: &str) -> Option<(String, String, String)> {
    let word = code.to_lowercase();
    let source = SourceCode::from_id(code).map(|c| (c.id(), c.title(), c.explanation().to_owned()));
    let driver = CODES.iter().find(|(c, _)| *c == word).map(|(c, e)| (*c, "Code of bfv", (*e).to_owned()));
    let reason = Reason::ALL.iter().find(|r| r.word() == word).map(|r| {
        let text = format!("The claim is unknown because {}. {}", r.meaning(), r.advice());
        (r.word(), "Reason of an unknown verdict", text)
    });
    source.or(driver).or(reason).map(|(code, title, text)| (code.to_owned(), title.to_owned(), text))
}

/// `bfv explain`.
pub fn explain(args: &Explain, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let Some((code, title, text)) = known(&args.code) else { return goal(args, options, arguments) };
    if let [extra, ..] = args.paths.as_slice() {
        let what = format!("A code needs no file, so {} is one word too many.", extra.display());
        return Err(Mistake::new(what, vec![line(&["explain", &code])]));
    }
    let mut document = Map::new();
    document.insert("code".into(), code.clone().into());
    document.insert("title".into(), title.clone().into());
    document.insert("explanation".into(), text.clone().into());
    Ok(Answer {
        first: format!("Code {code}: {title}."),
        lines: vec![Line::from(text)],
        closing: "End of the explanation.".to_owned(),
        document,
        ..Answer::default()
    })
}

/// A word that is no code is the name of a claim, where there is a file to look in.
fn goal(args: &Explain, options: &Options, arguments: &[String]) -> Result<Answer, Mistake> {
    let paths = declared::places("explain", &args.paths)?;
    let project = if paths.is_empty() { None } else { place("explain", &args.paths)?.1 };
    let store = project.map(|p| p.store(StoreMode { fresh: false, locked: true }));
    let request = CheckOptions {
        paths: paths.clone(),
        goal: Some(args.code.clone()),
        steps: BUDGET,
        store: store.clone(),
        repair: false,
    };
    let (mut frontend, mut search) = plug::both();
    let (mut report, names, _) = bfv_driver::check(&request, frontend.as_mut(), search.as_mut(), &mut |_| {});
    let Some(g) = report.goals.first() else {
        // That there is no such claim is no answer yet: it may be a declaration.
        report.problems.retain(|p| p.code != Code::Usage);
        match meant(&args.code, names.iter().map(|n| n.name.as_str())).as_slice() {
            [] => {}
            [_] => return Ok(broken(report.problems, options)),
            _ => {
                return goal_mistake(&args.code, &names, arguments)
                    .map_or_else(|| Ok(broken(report.problems, options)), Err);
            }
        }
        let known = Known::new(&paths);
        if let Some(d) = known.find(&args.code, arguments)? {
            return Ok(declared::answer(d, &paths, false, options));
        }
        if report.errors() > 0 {
            return Ok(broken(report.problems, options));
        }
        return Err(no_code(&args.code, known.near(&args.code, &names, arguments), arguments));
    };
    let mut lines: Vec<Line> = report.problems.iter().map(|p| Line::from(p.sentences_in(options.math()))).collect();
    lines.extend(facts(g, options));
    lines.extend(not_kept(store.as_ref(), g).into_iter().map(Line::from));
    let mut document = Map::new();
    document.insert("goal".into(), goal_json(g, options.math()));
    document.insert("statement".into(), g.written.clone().into());
    document.insert("problems".into(), report.problems.iter().map(problem_json).collect());
    let expected = if g.verdict.kind() == g.expected {
        " as expected".to_owned()
    } else {
        format!(", but {} is expected", g.expected.word())
    };
    let first = format!(
        "Claim {}, file {}, line {}: {}{expected}.",
        g.spoken(),
        g.place.file,
        g.place.start.0,
        g.verdict.kind().word()
    );
    Ok(Answer {
        first,
        lines,
        closing: "End of the explanation.".to_owned(),
        document,
        list: "problems",
        events: report.problems.iter().filter_map(Problem::event).collect(),
        ..Answer::default()
    })
}

/// Statement, verdict, witness, and what the verdict rests on, each in sentences of its own.
fn facts(g: &GoalReport, options: &Options) -> Vec<Line> {
    let math = options.math();
    let mut out: Vec<Line> = vec![format!("Statement: {}.", statement_sentence(&g.written, math)).into()];
    let judged = match g.verdict {
        Verdict::Proved => "The kernel checked a proof of the statement.".to_owned(),
        Verdict::Refuted => "The kernel checked a proof that the statement is false.".to_owned(),
        Verdict::Unknown(r) => format!("Neither a proof nor a counterexample was found: {}.", r.says()),
    };
    out.push(judged.into());
    let run = chart::lines(g, math);
    let point = if run.is_empty() { point_sentence(&g.counterexample, math) } else { String::new() };
    out.extend(run);
    let mut rest = vec![point.trim_start().to_owned(), in_math(&g.detail, math)];
    rest.retain(|s| !s.is_empty());
    rest.extend(g.holds_if.iter().map(|h| condition_message(h, math)));
    if g.verdict.kind() != Kind::Unknown {
        rest.extend(rests_on(&g.axioms, &g.rules));
    }
    if let Some(p) = &g.proof {
        let source = match p.source {
            bfv_driver::ProofSource::Stored => "The proof was stored",
            bfv_driver::ProofSource::Searched => "The proof was made now",
        };
        rest.push(format!("{source}. Found by: {}. Proof id: {}.", p.engine, id(&p.hash, options.ids)));
    }
    out.extend(rest.into_iter().map(Line::from));
    out
}

/// The mistake of a word that is nothing that can be explained. `near` are command lines with nearer names.
fn no_code(word: &str, near: Vec<Vec<String>>, arguments: &[String]) -> Mistake {
    let known: Vec<&str> = SourceCode::ALL
        .iter()
        .map(|c| c.id())
        .chain(CODES.iter().map(|(c, _)| *c))
        .chain(Reason::ALL.iter().map(|r| r.word()))
        .collect();
    let codes = nearest(word, known.iter().copied()).into_iter().map(|n| replaced(arguments, word, n));
    let lines = codes.chain(near).chain([line(&["help", "explain"])]).collect();
    Mistake::new(format!("There is no code, claim or declaration named {}.", word.escape_debug()), lines)
}
