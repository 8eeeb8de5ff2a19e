//! The tables: how orders put first what proofs use, and what they are worth for suggestions.

use crate::measure::Totals;
use crate::orders::{NEIGHBOURS, scores};
use bfv_engine_neural::{Asked, Data, Example, Measured, by_score, measure};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Orders, each with how many theorems come early.
const RUNS: [(&str, &str); 8] = [
    ("plain", "0"),
    ("overlap", "2"),
    ("plain", "2"),
    ("learned", "2"),
    ("learned", "0"),
    ("the proof itself", "2"),
    ("random", "2"),
    ("nearest", "2"),
];

/// Prints all of it. Each order is measured by a process of its own, which this very program becomes.
pub fn report(data: &Arc<Data>, file: &Path) -> Result<(), String> {
    let held = |e: &&Example| data.theorems.get(e.theorem).is_some_and(|t| t.held_out());
    let test: Vec<&Example> = data.examples.iter().filter(held).collect();
    println!(
        "Of {} theorems of the library, the {} of one module in four are held out as goals; nothing is learned from these modules, and no theorem of theirs was a candidate while learning. \
         *Named*: the theorems that the proof names, among all that stand before it. *First*: the one that it applies first, among those whose conclusion may be the goal, as they are tried. \
         *Plain* is the order without learning, *overlap* that by shared walks weighted by how rare they are, *nearest* that by the proofs of the {NEIGHBOURS} goals most alike, *bayes* that by the goals that a theorem helped with.\n",
        data.theorems.len(),
        test.len(),
    );
    println!("| order | recall at 8, named | reciprocal rank, named | recall at 8, first | reciprocal rank, first |");
    println!("|---|---|---|---|---|");
    for order in ["plain", "random", "overlap", "nearest", "bayes", "learned"] {
        let [named, first] = [Asked::Named, Asked::First].map(|asked| ordered(order, data, &test, asked));
        let (named, first) = (named?, first?);
        println!(
            "| {order} | {:.3} | {:.3} | {:.3} | {:.3} |",
            named.recall, named.reciprocal, first.recall, first.reciprocal
        );
    }
    println!(
        "\nThe same goals, each asked for suggestions over what stands before it, with its arguments and hypotheses in the context; two orders are measured at a time. *Early* is how many theorems are tried before steps that leave goals. \
         *Closed* counts goals with a step after which the kernel accepted the whole script, *by a theorem* those where such a step applies one. *Steps* are those tried until the first of these, of the goals that are closed. \
         *The proof itself* puts first what the proof of the goal applies or names, which no order can know.\n"
    );
    println!("| order | early | goals | closed | by a theorem | steps | ms for each goal | us to order |");
    println!("|---|---|---|---|---|---|---|---|");
    let own = std::env::current_exe().map_err(|e| e.to_string())?;
    // Two at a time, for a run takes minutes.
    for runs in RUNS.chunks(2) {
        let start = |(order, early): &(&str, &str)| {
            Command::new(&own).args(["order", order, early]).arg(file).stdout(Stdio::piped()).spawn()
        };
        let children = runs.iter().map(start).collect::<std::io::Result<Vec<_>>>().map_err(|e| e.to_string())?;
        for ((order, early), child) in runs.iter().zip(children) {
            let done = child.wait_with_output().map_err(|e| e.to_string())?;
            let text = String::from_utf8_lossy(&done.stdout).into_owned();
            let t = text.lines().find_map(Totals::read).ok_or(text)?;
            println!("{}", row(order, early, &t));
        }
    }
    Ok(())
}

fn row(order: &str, early: &str, t: &Totals) -> String {
    let of = |n: u64, all: u32| f64::from(u32::try_from(n).unwrap_or(u32::MAX)) / f64::from(all.max(1));
    format!(
        "| {order} | {early} | {} | {} | {} | {:.1} | {:.0} | {:.0} |",
        t.goals,
        t.closed,
        t.applied,
        of(t.steps.into(), t.closed),
        of(t.answers, t.goals) / 1e3,
        of(t.ordering, t.goals),
    )
}

fn ordered(order: &str, data: &Arc<Data>, test: &[&Example], asked: Asked) -> Result<Measured, String> {
    let scores = scores(order, data)?;
    Ok(measure(test.iter().copied(), asked, &mut |e, all| {
        let goal = data.theorems.get(e.theorem).map(|t| &t.features);
        let known = goal.map(|goal| scores(goal, all)).unwrap_or_default();
        let scored = all.iter().copied().zip(known).collect();
        by_score(scored, |(_, score)| *score).into_iter().map(|(t, _)| t).collect()
    }))
}
