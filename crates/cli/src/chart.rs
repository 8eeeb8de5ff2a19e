//! The run behind a refutation as a chart of messages, in plain ASCII: a column for each worker, rows for each step. It only adds to the
//! sentences, and is drawn from the same data as they and the JSON are.

use crate::answer::Line;
use bfv_driver::{Chart, GoalReport, Math, Step, run_lines};
use std::collections::BTreeSet;

/// The widest line.
const WIDTH: usize = 80;
/// Where the first column stands, and how far apart columns are.
const FIRST: usize = 8;
const APART: usize = 5;
/// Between the last column and the words.
const GAP: usize = 3;
/// The least that is left for words beside the columns.
const WORDS: usize = 24;

/// The lines that tell a run; the last one carries the chart, which the visual layout draws.
pub fn lines(g: &GoalReport, math: Math) -> Vec<Line> {
    let mut out: Vec<Line> = run_lines(g, math).into_iter().map(Line::from).collect();
    if let (Some(last), Some(chart)) = (out.last_mut(), &g.chart) {
        last.drawing = drawn(chart, &last.text).iter().map(|l| format!("{l}\n")).collect();
    }
    out
}

/// Who has a column.
struct Columns {
    workers: Vec<u32>,
    /// There are steps of no worker, which have the last column.
    nobody: bool,
}

fn drawn(chart: &Chart, end: &str) -> Vec<String> {
    let byzantine = chart.byzantine.as_deref().unwrap_or_default();
    let mut workers: BTreeSet<u32> = byzantine.iter().copied().collect();
    for s in &chart.steps {
        workers.extend(s.worker);
        workers.extend(s.quorums.iter().flatten());
    }
    let nobody = chart.steps.iter().any(|s| s.worker.is_none());
    let columns = Columns { workers: workers.into_iter().collect(), nobody };
    if columns.words().is_none_or(|words| words < WORDS) {
        return vec![format!("A chart of {} columns is wider than {WIDTH} characters.", columns.count())];
    }
    let mut out = columns.legend(chart);
    out.extend(columns.header(byzantine));
    let rule = |words: &str| format!("------ {words} ------");
    for (n, step) in (0..).zip(&chart.steps) {
        if chart.repeats_after == Some(n) {
            out.push(rule("from here on again"));
        }
        out.extend(columns.step(n + 1, step));
    }
    match chart.repeats_after {
        Some(stem) if stem < chart.steps.len() => out.push(rule(&format!("again from step {}", stem + 1))),
        Some(_) => out.push(rule("from here on nothing more happens")),
        None => {}
    }
    out.extend(wrapped(end, WIDTH));
    out
}

impl Columns {
    fn count(&self) -> usize {
        self.workers.len() + usize::from(self.nobody)
    }

    fn all(&self) -> std::ops::Range<usize> {
        0..self.count()
    }

    /// How many characters are left for words.
    fn words(&self) -> Option<usize> {
        WIDTH.checked_sub(place(self.count().max(1) - 1) + GAP)
    }

    /// The column of a worker, or that of the steps of no worker.
    fn of(&self, worker: Option<u32>) -> usize {
        worker.and_then(|w| self.workers.binary_search(&w).ok()).unwrap_or(self.workers.len())
    }

    /// What the signs mean that occur.
    fn legend(&self, chart: &Chart) -> Vec<String> {
        let mut out = "Chart of this run: a column for each worker that takes part, and * takes the step.".to_owned();
        if chart.steps.iter().any(|s| !s.sends.is_empty()) {
            out += " An arrow is a message.";
        }
        if chart.steps.iter().any(|s| !s.quorums.is_empty()) {
            out += " The messages of those with o are counted.";
        }
        if chart.byzantine.as_ref().is_some_and(|all| !all.is_empty()) {
            out += " Byzantine workers have BYZ.";
        }
        if self.nobody {
            out += " Steps of no worker are in the column else.";
        }
        wrapped(&out, WIDTH)
    }

    /// The numbers of the workers, and which of them are Byzantine.
    fn header(&self, byzantine: &[u32]) -> Vec<String> {
        let names = self.workers.iter().map(u32::to_string).chain(self.nobody.then(|| "else".to_owned()));
        let mut out = vec![headed(names)];
        if !byzantine.is_empty() {
            let marks = self.workers.iter().map(|w| if byzantine.contains(w) { "BYZ" } else { "|" });
            out.push(headed(marks.chain(self.nobody.then_some("|")).map(str::to_owned)));
        }
        out
    }

    /// A row for the step, and one for each set that it counts.
    fn step(&self, number: usize, step: &Step) -> Vec<String> {
        let own = self.of(step.worker);
        let (name, by_byzantine) = step.said();
        let mut says = if by_byzantine { format!("sends {name}") } else { name };
        let given = step.given();
        if !given.is_empty() {
            says += &format!(": {}", given.join(", "));
        }
        if !by_byzantine && !step.sends.is_empty() {
            says += &format!("; sends {}", step.messages().join(", "));
        }
        if step.byzantine {
            says += "; Byzantine";
        }
        let to: Vec<usize> =
            if step.sends.is_empty() { Vec::new() } else { self.all().filter(|c| *c != own).collect() };
        let mut out = self.rows(&self.arrows(own, &to, true), &says);
        // The number of the step stands before its first row.
        if let Some(first) = out.first_mut() {
            *first = format!("{number:>4}{}", first.get(4..).unwrap_or_default());
        }
        for counted in &step.quorums {
            let from: Vec<usize> = counted.iter().map(|w| self.of(Some(*w))).filter(|c| *c != own).collect();
            let who: Vec<String> = counted.iter().map(u32::to_string).collect();
            out.extend(self.rows(&self.arrows(own, &from, false), &format!("counts {}", who.join(", "))));
        }
        out
    }

    /// Arrows between the column of the step and others, from it or to it.
    fn arrows(&self, own: usize, others: &[usize], leave: bool) -> String {
        let mut row: Vec<char> = self.bare().chars().collect();
        let mut put = |at: usize, c: char| {
            if let Some(slot) = row.get_mut(at) {
                *slot = c;
            }
        };
        let ends = || others.iter().copied().chain([own]);
        let (low, high) = (ends().min().unwrap_or(own), ends().max().unwrap_or(own));
        (place(low)..place(high)).for_each(|at| put(at, '-'));
        put(place(own), '*');
        for other in others {
            let arrow = if (*other < own) == leave { '<' } else { '>' };
            if leave {
                put(place(*other), arrow);
            } else {
                put(place(*other), 'o');
                put(if *other < own { place(own) - 1 } else { place(own) + 1 }, arrow);
            }
        }
        row.into_iter().collect()
    }

    /// The columns where nothing happens.
    fn bare(&self) -> String {
        headed(self.all().map(|_| "|".to_owned()))
    }

    /// A row with words beside it, which may take more rows.
    fn rows(&self, row: &str, words: &str) -> Vec<String> {
        let gap = " ".repeat(GAP);
        let bare = self.bare();
        let rows = std::iter::once(row).chain(std::iter::repeat(bare.as_str()));
        let words = wrapped(words, self.words().unwrap_or(WORDS) - 1);
        rows.zip(words).map(|(row, words)| format!("{row}{gap}{words}")).collect()
    }
}

/// Where a column stands.
fn place(column: usize) -> usize {
    FIRST + APART * column
}

/// Words that end where their columns stand.
fn headed(words: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for (column, word) in words.enumerate() {
        let width = (place(column) + 1).saturating_sub(out.len());
        out += &format!("{word:>width$}");
    }
    out
}

/// Words in lines that are no longer than the width. A longer word is cut.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let (mut out, mut line) = (Vec::new(), String::new());
    for word in text.split(' ') {
        let word: Vec<char> = word.chars().collect();
        for part in word.chunks(width) {
            let part: String = part.iter().collect();
            if !line.is_empty() && line.chars().count() + 1 + part.chars().count() > width {
                out.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line += &part;
        }
    }
    out.push(line);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(command: &str, worker: Option<u32>, sends: &[&str], quorums: &[&[u32]]) -> Step {
        Step {
            command: command.to_owned(),
            worker,
            sends: sends.iter().map(|s| (*s).to_owned()).collect(),
            quorums: quorums.iter().map(|q| q.to_vec()).collect(),
            ..Step::default()
        }
    }

    #[test]
    fn more_workers_than_fit_are_not_drawn() {
        let chart = |workers: u32| {
            let steps = (0..workers).map(|w| step("vote", Some(w), &["voted"], &[])).collect();
            drawn(&Chart { steps, ..Chart::default() }, "It fails.")
        };
        let all = chart(10);
        assert!(all.iter().all(|l| l.len() <= WIDTH), "{all:?}");
        assert_eq!(all.last().map(String::as_str), Some("It fails."));
        assert_eq!(chart(11), ["A chart of 11 columns is wider than 80 characters."]);
    }

    #[test]
    fn long_words_go_on_in_more_rows_and_numbers_may_have_digits() {
        let mut long = step("p.decide", Some(12), &[], &[&[3, 12, 40]]);
        long.byzantine = true;
        long.arguments = vec![("w".to_owned(), "12".to_owned()), ("v".to_owned(), "x".repeat(100))];
        long.sets = vec![None, None];
        let chart = Chart { byzantine: Some(vec![12]), steps: vec![long], ..Chart::default() };
        let rows = drawn(&chart, "It fails.");
        let x = |n: usize| "x".repeat(n);
        assert_eq!(
            rows.iter().skip(2).cloned().collect::<Vec<_>>(),
            [
                "        3   12   40".to_owned(),
                "        |  BYZ    |".to_owned(),
                "   1    |    *    |   decide: v".to_owned(),
                format!("        |    |    |   {}", x(58)),
                format!("        |    |    |   {}; Byzantine", x(42)),
                "        o--->*<---o   counts 3, 12, 40".to_owned(),
                "It fails.".to_owned(),
            ]
        );
        assert!(rows.iter().all(|l| l.len() <= WIDTH), "{rows:?}");
    }
}
