//! The benchmark of claims: each claim of `benches/claims`, judged by bfv and asked of every other tool that can state it, in one run.
//!
//! A tool that crashes, runs out of time or says that it does not know gives no answer; that is never taken for a verdict.

use crate::bench::{ms, scratch};
use crate::files::{files, read, write};
use crate::peers::{self, ALL, Peer};
use crate::process::{self, Bounds, End, Run};
use crate::{program, results, root, say};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// What each tool may take for one claim.
const BOUNDS: Bounds = Bounds { time: Duration::from_secs(60), memory: 8_000_000 };
/// What it may take to write its certificate.
const CERTIFICATE: Bounds = Bounds { time: Duration::from_secs(20), memory: 8_000_000 };
/// Runs of what ends within a second; the median counts. What takes longer runs once.
const RUNS: usize = 5;

/// The claims in the order of the table, each with the network that Vehicle and Marabou get.
const CLAIMS: [(&str, &str); 25] = [
    ("hull_2", ""),
    ("hull_4", ""),
    ("hull_8", ""),
    ("hull_all", ""),
    ("lipschitz_4", ""),
    ("smooth_all", ""),
    ("mean_convex", ""),
    ("max_convex", ""),
    ("norm_convex", ""),
    ("log_sum_exp_convex", ""),
    ("geometric_mean_concave", ""),
    ("variance_convex", ""),
    ("product_convex", ""),
    ("trimmed_4", ""),
    ("trimmed_4_two", ""),
    ("mean_at_most", "mean"),
    ("mean_below", "mean"),
    ("mean_margin", "mean"),
    ("relu_hull", "hull"),
    ("sum_4_fp32", ""),
    ("sum_8_fp32", ""),
    ("sum_8_fp64", ""),
    ("mean_4_fp32", ""),
    ("dot_4_fp32", ""),
    ("sum_exact", ""),
];

/// A claim as its file states it.
struct Claim {
    stem: &'static str,
    network: &'static str,
    /// In words.
    words: String,
    /// Whether the proof or the witness is written in the file; otherwise the search finds it.
    written: bool,
    /// The bound on the error that is claimed, in a claim about rounding.
    bound: Option<Fraction>,
    /// Tools whose answer differs, with the reason.
    differs: Vec<(String, String)>,
    /// What else is to be said.
    notes: Vec<String>,
}

/// A number, as numerator and denominator.
#[derive(Clone, Copy, Debug)]
struct Fraction(u128, u128);

impl Fraction {
    /// Whether it is at most another; nothing where the numbers are too large to say.
    fn at_most(self, other: Fraction) -> Option<bool> {
        Some(self.0.checked_mul(other.1)? <= other.0.checked_mul(self.1)?)
    }

    fn words(self) -> String {
        match self.0 {
            0 => "0".to_owned(),
            _ => format!("{} / {}, about {:.3e}", self.0, self.1, self.0 as f64 / self.1 as f64),
        }
    }
}

/// What a tool answers.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Answer {
    Proved,
    Refuted,
    /// None, for this reason.
    Nothing(String),
}

impl Answer {
    fn words(&self) -> String {
        match self {
            Answer::Proved => "proved".to_owned(),
            Answer::Refuted => "refuted".to_owned(),
            Answer::Nothing(why) => format!("no answer: {why}"),
        }
    }
}

/// One row of the table.
struct Row {
    tool: &'static str,
    answer: Answer,
    run: Run,
    certificate: String,
    who: String,
    /// The bound that Gappa gives.
    bound: Option<Fraction>,
}

/// Measures every claim and writes the section of the results.
///
/// # Errors
/// A claim that bfv judges against its file, and what cannot be read, run or written.
pub fn bench() -> Result<(), String> {
    let machine = results::machine();
    let programs = (program("bfv")?, program("bfv-recheck")?);
    let missing: Vec<(Peer, String)> = ALL.into_iter().filter_map(|p| Some((p, p.missing()?))).collect();
    for (peer, why) in &missing {
        say(&format!("Not run: {}, because {why}.", peer.name()));
    }
    let peers: Vec<Peer> = ALL.into_iter().filter(|p| !missing.iter().any(|(m, _)| m == p)).collect();
    let folder = scratch()?;
    let done = measure(&peers, &programs, &folder);
    let _removed = std::fs::remove_dir_all(&folder);
    let page = page(&machine, &peers, &missing, &done?);
    results::write("Claims beside other tools", &page)?;
    say("The figures are in benches/RESULTS.md, under the heading Claims beside other tools.");
    Ok(())
}

fn measure(peers: &[Peer], programs: &(PathBuf, PathBuf), folder: &Path) -> Result<Vec<(Claim, Vec<Row>)>, String> {
    write(&folder.join("bfv.toml"), "name = \"bench\"\n")?;
    let data = root().join("benches/claims");
    for ending in ["sctt", "smt2", "py", "txt", "vcl", "g"] {
        for file in files(&data, ending)? {
            let name = file.file_name().unwrap_or_default();
            let text = read(&file)?;
            write(&folder.join(name), &text)?;
            if ending == "smt2" {
                let stem = file.file_stem().unwrap_or_default().to_string_lossy();
                let asked = format!("(set-option :produce-proofs true)\n{text}(get-proof)\n");
                write(&folder.join(peers::proof_file(&stem)), &asked)?;
            }
        }
    }
    if peers.iter().any(|p| matches!(p, Peer::Marabou | Peer::Vehicle)) {
        let made =
            process::run(peers::python(&["networks.py"])?.current_dir(folder), &folder.join("said.txt"), &BOUNDS)?;
        if !matches!(made.end, End::Code(Some(0))) {
            return Err("The networks cannot be written. Run benches/claims/networks.py to see why.".to_owned());
        }
    }
    let mut out = Vec::new();
    for (stem, network) in CLAIMS {
        let claim = claim(stem, network, &read(&data.join(format!("{stem}.sctt")))?)?;
        let mut rows = vec![ours(&claim, programs, folder)?];
        say(&format!("{}: {}", claim.stem, sentence(&rows[0])));
        for peer in peers.iter().filter(|p| data.join(format!("{stem}.{}", p.ending())).is_file()) {
            let row = theirs(*peer, &claim, folder)?;
            say(&format!("{}: {}", claim.stem, sentence(&row)));
            rows.push(row);
        }
        out.push((claim, rows));
    }
    Ok(out)
}

/// Reads a claim: its comment, its claim, and the reasons why others answer otherwise.
fn claim(stem: &'static str, network: &'static str, source: &str) -> Result<Claim, String> {
    let words = source.lines().find_map(|l| l.strip_prefix("--- "));
    let words = words.ok_or_else(|| format!("The claim {stem} has no comment."))?.to_owned();
    let stated = source.split_once("\nclaim c ").map_or("", |(_, rest)| rest);
    let ends = ["\nby ", "\nrefuted at "].into_iter().filter_map(|word| stated.find(word)).min();
    let statement = stated.get(..ends.unwrap_or(stated.len())).unwrap_or(stated);
    let bound = match source.contains("\nimport std.running\n") {
        true => Some(number(statement.rsplit("<=").next().unwrap_or_default()).ok_or_else(|| {
            format!("The claim {stem} is about rounding, so it ends with a bound, a number or a fraction.")
        })?),
        false => None,
    };
    let differs = source.lines().filter_map(|l| l.strip_prefix("-- differs ")?.split_once(": "));
    let differs = differs.map(|(tool, why)| (tool.to_owned(), why.to_owned())).collect();
    let notes = source.lines().filter_map(|l| l.strip_prefix("-- note: ")).map(str::to_owned).collect();
    Ok(Claim { stem, network, words, written: ends.is_some(), bound, differs, notes })
}

fn number(text: &str) -> Option<Fraction> {
    let (a, b) = text.trim().split_once('/').unwrap_or((text.trim(), "1"));
    Some(Fraction(a.trim().parse().ok()?, b.trim().parse().ok()?))
}

/// bfv on a claim, with the certificate that it stores and what the second checker says of that.
fn ours(claim: &Claim, (bfv, recheck): &(PathBuf, PathBuf), folder: &Path) -> Result<Row, String> {
    let file = format!("{}.sctt", claim.stem);
    let run = process::often(
        || {
            let mut command = Command::new(bfv);
            command.args(["check", "--fresh", "--format", "json", &file]).current_dir(folder);
            command
        },
        folder,
        &BOUNDS,
        RUNS,
    )?;
    let document: serde_json::Value = serde_json::from_str(&run.said).unwrap_or_default();
    let answer = match (&run.end, document["goals"][0]["verdict"].as_str()) {
        (End::Code(_), Some("proved")) => Answer::Proved,
        (End::Code(_), Some("refuted")) => Answer::Refuted,
        _ => return Err(format!("The claim {} was not judged. What bfv said: {}", claim.stem, run.said)),
    };
    if !matches!(run.end, End::Code(Some(0))) {
        return Err(format!("The claim {} is judged against what its file expects.", claim.stem));
    }
    let proof = folder.join("proofs").join(claim.stem).join("c.bfvp");
    let bytes = std::fs::metadata(&proof).map_err(|e| format!("The claim {} has no proof: {e}.", claim.stem))?.len();
    let (_, word) = process::second(recheck, &proof, folder, &BOUNDS, 1)?;
    let who = format!("the kernel, and bfv-recheck: {}", word.unwrap_or_else(|| "no answer".to_owned()));
    Ok(Row { tool: "bfv", answer, run, certificate: format!("{bytes} bytes"), who, bound: None })
}

/// Another tool on a claim.
fn theirs(peer: Peer, claim: &Claim, folder: &Path) -> Result<Row, String> {
    let run = process::median(RUNS, || {
        let mut command = peer.ask(claim.stem, claim.network)?;
        process::run_with_messages(command.current_dir(folder), &folder.join("said.txt"), &BOUNDS)
    })?;
    let bound = if peer == Peer::Gappa { gappa_bound(&run.said) } else { None };
    let answer = match run.end {
        End::Code(Some(0)) => said(peer, &run.said, bound, claim.bound),
        End::Code(Some(code)) => Answer::Nothing(format!("it ended with code {code}")),
        End::Code(None) => Answer::Nothing("it was ended by a signal".to_owned()),
        End::Time => Answer::Nothing(format!("not in {} seconds", BOUNDS.time.as_secs())),
        End::Memory => Answer::Nothing(format!("not in {} MB", BOUNDS.memory / 1000)),
    };
    let (certificate, who) = certificate(peer, &answer, claim, folder)?;
    Ok(Row { tool: peer.name(), answer, run, certificate, who, bound })
}

/// The answer in what a tool printed.
fn said(peer: Peer, text: &str, bound: Option<Fraction>, claimed: Option<Fraction>) -> Answer {
    let first = text.lines().next().unwrap_or_default();
    let has = |line: &str| text.lines().any(|l| l.trim() == line);
    let nothing = || Answer::Nothing("none is printed".to_owned());
    match peer {
        // Each gets the negation, which has no model when the claim holds.
        Peer::Z3 | Peer::Cvc5 => match first {
            "unsat" => Answer::Proved,
            "sat" => Answer::Refuted,
            first if first.starts_with("unknown") => Answer::Nothing("unknown".to_owned()),
            _ => nothing(),
        },
        Peer::Marabou => match (has("unsat"), has("sat")) {
            (true, false) => Answer::Proved,
            (false, true) => Answer::Refuted,
            _ => nothing(),
        },
        Peer::Cvxpy => match (first, first.strip_prefix("no answer: ")) {
            ("proved", _) => Answer::Proved,
            (_, Some(why)) => Answer::Nothing(format!("curvature {}", why.to_lowercase())),
            _ => nothing(),
        },
        Peer::Vehicle => {
            match (text.contains("proved no counterexample exists"), text.contains("found a counterexample")) {
                (true, false) => Answer::Proved,
                (false, true) => Answer::Refuted,
                _ => nothing(),
            }
        }
        Peer::Gappa => match (bound, claimed) {
            (Some(bound), Some(claimed)) if bound.at_most(claimed) == Some(true) => Answer::Proved,
            (Some(bound), Some(_)) => Answer::Nothing(format!("its bound is {}", bound.words())),
            _ => nothing(),
        },
    }
}

/// The larger end of the interval that Gappa prints, such as `[-5b-24 {...}, 5b-24 {...}]`, where `5b-24` is 5 times 2 to the -24.
fn gappa_bound(text: &str) -> Option<Fraction> {
    let line = text.lines().find(|l| l.contains(" in ["))?;
    let ends = line.split_once(" in [")?.1.split(", ");
    let mut largest: Option<Fraction> = None;
    for end in ends.filter(|e| e.contains('{')) {
        let size = end.split(' ').next()?.trim_start_matches('-');
        // Numbers inside of the braces have no binary exponent.
        let Some((digits, exponent)) = size.split_once('b') else { continue };
        let exponent: u32 = exponent.strip_prefix('-')?.parse().ok()?;
        let value = Fraction(digits.parse().ok()?, 1u128.checked_shl(exponent)?);
        largest = Some(match largest {
            Some(old) if value.at_most(old)? => old,
            _ => value,
        });
    }
    largest
}

/// What the tool leaves behind, and who checks that again.
fn certificate(peer: Peer, answer: &Answer, claim: &Claim, folder: &Path) -> Result<(String, String), String> {
    let none = || Ok(("none".to_owned(), "nobody".to_owned()));
    match (peer, answer) {
        (_, Answer::Nothing(_)) => return none(),
        (Peer::Z3 | Peer::Cvc5 | Peer::Marabou | Peer::Vehicle, Answer::Refuted) => {
            return Ok(("a point".to_owned(), "nobody here; a point can be put into the claim".to_owned()));
        }
        _ => {}
    }
    let Some(mut command) = peer.certify(claim.stem)? else { return none() };
    let run = process::run(command.current_dir(folder), &folder.join("said.txt"), &CERTIFICATE)?;
    match run.end {
        End::Code(Some(0)) => {}
        End::Time => return Ok((format!("none in {} seconds", CERTIFICATE.time.as_secs()), "nobody".to_owned())),
        End::Code(_) | End::Memory => return none(),
    }
    // The first line is the answer, not the proof.
    let proof = match peer {
        Peer::Gappa => run.said.as_str(),
        _ => run.said.split_once('\n').map_or("", |(_, rest)| rest),
    };
    let steps = |word: &str| proof.matches(word).count();
    let who = match peer {
        Peer::Z3 => format!("nobody; {} steps of it are lemmas of a theory without a derivation", steps("th-lemma")),
        Peer::Cvc5 => format!(
            "nobody: its checker ethos is not among the packages; {} steps of it are trusted",
            steps(":rule trust")
        ),
        Peer::Gappa => "Coq with Gappa's library, which are not installed here".to_owned(),
        Peer::Cvxpy | Peer::Marabou | Peer::Vehicle => "nobody".to_owned(),
    };
    Ok((format!("{} bytes", proof.len()), who))
}

fn sentence(row: &Row) -> String {
    format!(
        "{}: {}. Time: {}. Certificate: {}. Checked again by: {}.",
        row.tool,
        row.answer.words(),
        ms(row.run.took),
        row.certificate,
        row.who
    )
}

/// How the time of a tool compares with that of bfv.
fn ratio(row: &Row, ours: &Row) -> String {
    let times = row.run.took / ours.run.took;
    match row.run.end {
        End::Code(_) => format!("{times:.2}"),
        End::Time | End::Memory => format!("over {times:.0}"),
    }
}

fn page(machine: &str, peers: &[Peer], missing: &[(Peer, String)], claims: &[(Claim, Vec<Row>)]) -> String {
    let versions: Vec<String> = peers.iter().map(|p| format!("{} {}", p.name(), p.version())).collect();
    let mut out = format!(
        "{machine}\n\nWritten by `cargo xtask bench claims`. Each claim of `benches/claims` is judged by `bfv check --fresh` and asked of every tool that can state it, in \
files of the same name there. A time is that of a whole process from start to end, the median of {RUNS} for what ends within a second, otherwise that of one run. \
Tools in Python (cvc5, CVXPY, Marabou, Vehicle) spend part of it on starting. Each has {} seconds and {} MB. A tool that crashes, or does not end, has no answer. \
*Found*: the search of bfv found the proof or the point. *Written*: it is written in the file. The ratio is the time divided by that of bfv.\n\nVersions: {}.\n",
        BOUNDS.time.as_secs(),
        BOUNDS.memory / 1000,
        versions.join(", ")
    );
    for (peer, why) in missing {
        out += &format!("\nNot installed: {}, because {why}.\n", peer.name());
    }
    out += "\n| claim | tool | answer | time | ratio | certificate | who checks it again |\n|---|---|---|---|---|---|---|\n";
    for (claim, rows) in claims {
        for (n, row) in rows.iter().enumerate() {
            let how = match (n, claim.written) {
                (0, true) => ", written",
                (0, false) => ", found",
                _ => "",
            };
            out += &format!(
                "| {} | {} | {}{how} | {} | {} | {} | {} |\n",
                claim.words.trim_end_matches('.'),
                row.tool,
                row.answer.words(),
                ms(row.run.took),
                rows.first().map_or_else(String::new, |ours| ratio(row, ours)),
                row.certificate,
                row.who
            );
        }
    }
    out + &differences(claims) + &roundoff(claims)
}

/// Answers that contradict that of bfv, with who is wrong and why.
fn differences(claims: &[(Claim, Vec<Row>)]) -> String {
    let mut out = String::new();
    for (claim, rows) in claims {
        let Some((ours, theirs)) = rows.split_first() else { continue };
        for row in theirs.iter().filter(|r| !matches!(r.answer, Answer::Nothing(_)) && r.answer != ours.answer) {
            let why = claim.differs.iter().find(|(tool, _)| tool == row.tool);
            out += &format!(
                "\n- {} {}: {}, bfv: {}. {}\n",
                claim.words,
                row.tool,
                row.answer.words(),
                ours.answer.words(),
                why.map_or("Nobody has looked into the reason yet.", |(_, why)| why.as_str())
            );
        }
    }
    if out.is_empty() {
        return "\nNo answers contradict each other.\n".to_owned();
    }
    format!("\nAnswers that contradict each other, with who is wrong:\n{out}")
}

/// The bounds on errors of rounding, those that bfv proves beside the best that Gappa finds.
fn roundoff(claims: &[(Claim, Vec<Row>)]) -> String {
    let mut out = "\nBounds on errors of rounding, that of the claim which bfv proves beside the best that Gappa finds for the same expression and ranges:\n\n\
| claim | bfv | Gappa | comparison |\n|---|---|---|---|\n"
        .to_owned();
    for (claim, rows) in claims {
        let (Some(ours), Some(row)) = (rows.first(), rows.iter().find(|r| r.tool == Peer::Gappa.name())) else {
            continue;
        };
        let (Some(bound), Some(theirs), Answer::Proved) = (claim.bound, row.bound, &ours.answer) else { continue };
        let word = match (bound.at_most(theirs), theirs.at_most(bound)) {
            (Some(true), Some(true)) => "the same",
            (Some(true), _) => "that of bfv is smaller",
            (Some(false), _) => "that of Gappa is smaller",
            _ => "too large to compare",
        };
        out += &format!("| `{}` | {} | {} | {word} |\n", claim.stem, bound.words(), theirs.words());
    }
    for note in claims.iter().flat_map(|(claim, _)| &claim.notes) {
        out += &format!("\n{note}\n");
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn every_file_belongs_to_a_claim_and_every_claim_is_taken_apart() {
        let data = root().join("benches/claims");
        for (stem, network) in CLAIMS {
            let c = claim(stem, network, &read(&data.join(format!("{stem}.sctt"))).unwrap()).unwrap();
            assert_eq!(c.bound.is_some(), data.join(format!("{stem}.g")).is_file(), "{stem}");
            assert_eq!(!c.network.is_empty(), data.join(format!("{stem}.vcl")).is_file(), "{stem}");
        }
        for entry in std::fs::read_dir(&data).unwrap() {
            let file = entry.unwrap().path();
            let stem = file.file_stem().unwrap().to_string_lossy().into_owned();
            let known = CLAIMS.iter().any(|(c, _)| *c == stem) || ["networks", "ask_cvc5"].contains(&stem.as_str());
            assert!(known, "{stem}");
        }
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        let none = |peer: Peer, text: &str| matches!(said(peer, text, None, None), Answer::Nothing(_));
        for peer in ALL {
            for text in ["", "unknown\n", "error: unsat core\n", "Traceback: found nothing\n"] {
                assert!(none(peer, text), "{}: {text}", peer.name());
            }
        }
        assert!(none(Peer::Cvxpy, "no answer: UNKNOWN\n"));
        assert_eq!(said(Peer::Z3, "unsat\n", None, None), Answer::Proved);
        assert_eq!(said(Peer::Marabou, "Network: mean.onnx\n\nsat\nInput assignment:\n", None, None), Answer::Refuted);
        assert_eq!(said(Peer::Vehicle, "result: - Marabou found a counterexample\n", None, None), Answer::Refuted);
    }

    #[test]
    fn the_bound_of_gappa_is_the_larger_end_and_compared_exactly() {
        let text = "Results:\n  rounded - exact in [-31b-28 {-1.15484e-07, -2^(-23.0458)}, 158913789953b-60 {1.37836e-07, 2^(-22.7906)}]\n";
        let bound = gappa_bound(text).unwrap();
        assert_eq!((bound.0, bound.1), (158_913_789_953, 1 << 60));
        let ours = number(" 37/268435456\n").unwrap();
        assert_eq!(ours.at_most(bound), Some(true));
        assert_eq!(bound.at_most(ours), Some(false));
        // A bound that is looser than the claim does not prove it.
        assert!(matches!(said(Peer::Gappa, text, Some(bound), Some(ours)), Answer::Nothing(_)));
        assert_eq!(said(Peer::Gappa, text, Some(bound), Some(Fraction(38, 1 << 28))), Answer::Proved);
    }
}
