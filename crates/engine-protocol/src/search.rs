//! Which instances are searched, in which order, and with how many steps each.

use crate::explore::{End, choices, explore};
use crate::finite::Shape;
use crate::formula::Expr;
use crate::lasso::lasso;
use crate::model::{ACTIONS, About, CELLS, Program, open};
use crate::ranking::proof;
use crate::reader::{Stop, outside};
use crate::symmetry::Symmetry;
use crate::trace::{Refutation, Words, refutation};
use bfv_search::{Budget, Goal, Outcome, Reason, stopped};

/// The largest natural number that a parameter gets.
const LARGEST: u64 = 7;
/// Most natural numbers that a claim may begin with.
const NUMBERS: usize = 4;
/// The most that the parameters of an instance come to together.
const TOGETHER: u64 = 14;
/// A round: tries of an action for each instance, the largest parameter, and how many values and views there are besides the one that
/// stands for all others.
struct Round {
    tries: u64,
    largest: u64,
    values: u64,
}

const fn round(tries: u64, largest: u64, values: u64) -> Round {
    Round { tries, largest, values }
}

/// The rounds. Short runs of larger instances come before long ones of small instances, and few values before more.
const ROUNDS: [Round; 8] = [
    round(2_000, 4, 2),
    round(10_000, 5, 2),
    round(10_000, 4, 3),
    round(50_000, LARGEST, 2),
    round(100_000, 5, 3),
    round(500_000, LARGEST, 3),
    round(2_000_000, LARGEST, 3),
    round(8_000_000, LARGEST, 3),
];
/// How many values and views there are: the first is enough where nothing in a protocol is a number.
const VALUES: [u64; 2] = [2, 3];
/// Ways to choose what is chosen once that are looked at.
const CHOICES: usize = 20_000;
/// Steps of the evaluator for each step of the budget.
const EVALUATIONS: u64 = 100;

/// An instance: a program, and what is chosen once.
struct Instance {
    numbers: Vec<u64>,
    last: u64,
    /// Read when it is first searched.
    program: Option<Program>,
    /// What is chosen once, with the exchanges that change nothing then (none for runs without end), and how many states were met in all when that is known.
    ways: Vec<(Vec<u8>, Option<Symmetry>, Option<usize>)>,
    /// Nothing is left to search.
    done: bool,
    /// A command has more ways to be taken than are gone through.
    large: bool,
}

/// Looks for a run that breaks a claim. That none breaks a liveness property with finitely many states is proved.
///
/// # Errors
/// Why there is none, or none was found.
pub fn search(goal: &Goal<'_>, about: About, budget: &mut Budget) -> Result<Outcome, Stop> {
    let m = goal.machine;
    let words = Words::new(goal.lemmas, about);
    let before = open(m, &goal.target, about, &[], 1, CELLS)?;
    let count = before.numbers;
    if count > NUMBERS {
        return Err((Reason::OutsideFragment, "The claim begins with too many natural numbers.".to_owned()));
    }
    let mut instances = Vec::new();
    for last in VALUES {
        for numbers in tuples(count) {
            instances.push(Instance { numbers, last, program: None, ways: Vec::new(), done: false, large: false });
        }
    }
    let mut met = 0usize;
    let mut out_of_steps = false;
    'rounds: for Round { tries, largest, values } in ROUNDS {
        let within = |i: &&mut Instance| !i.done && i.last <= values && i.numbers.iter().all(|n| *n <= largest);
        for instance in instances.iter_mut().filter(within) {
            match attempt(goal, instance, tries, &words, budget, &mut met) {
                Ok(Some((term, values))) => return Ok(Outcome::Refutation(term, values)),
                Ok(None) => {}
                Err((Reason::Budget, _)) => {
                    out_of_steps = true;
                    break 'rounds;
                }
                Err(why) => return Err(why),
            }
        }
    }
    let searched = instances.iter().filter(|i| i.program.is_some()).count();
    let large = instances.iter().any(|i| i.large);
    if searched == 0 && large {
        return outside(&format!("A command has more than {ACTIONS} ways to be taken."));
    }
    let whole = instances.iter().filter(|i| i.program.is_some() && i.done).count();
    let largest = instances.iter().filter(|i| i.program.is_some()).flat_map(|i| i.numbers.iter().copied()).max();
    let (mut reason, mut why) = (if out_of_steps { Reason::Budget } else { Reason::Incomplete }, String::new());
    if let (About::Live(..), [Instance { program: Some(p), done: true, .. }, ..], 0) =
        (about, instances.as_slice(), count)
    {
        match proof(goal, about, p, budget) {
            Ok(term) => return Ok(Outcome::Candidate(term)),
            Err((other, said)) => (reason, why) = (other, format!(" {said}")),
        }
    }
    let bound = largest.map_or_else(String::new, |n| format!(" with numbers up to {n}"));
    Err((
        reason,
        format!(
            "No {} among the {met} states met in {searched} small {}{bound}. \
             Of {whole} of these, every state was met. {}Nothing is known of larger ones.{}",
            if let About::Live(..) = about { "fair cycle avoids the goal" } else { "run breaks the claim" },
            if searched == 1 { "instance" } else { "instances" },
            if large {
                format!("In others a command has more than {ACTIONS} ways to be taken. ")
            } else {
                String::new()
            },
            why.trim_end(),
        ),
    ))
}

/// The values of so many natural numbers, small ones first.
fn tuples(count: usize) -> Vec<Vec<u64>> {
    let mut out = vec![Vec::new()];
    for _ in 0..count {
        out = out.iter().flat_map(|t: &Vec<u64>| (0..=LARGEST).map(move |n| [t.as_slice(), &[n]].concat())).collect();
    }
    out.retain(|t| t.iter().sum::<u64>() <= TOGETHER);
    out.sort_by_key(|t| (t.iter().copied().max(), t.iter().sum::<u64>()));
    out
}

/// Searches an instance within so many tries.
fn attempt(
    goal: &Goal<'_>,
    instance: &mut Instance,
    most: u64,
    words: &Words,
    budget: &mut Budget,
    met: &mut usize,
) -> Result<Option<Refutation>, Stop> {
    let m = goal.machine;
    if instance.program.is_none() {
        let steps = m.steps();
        let opened = open(m, &goal.target, words.about, &instance.numbers, instance.last, CELLS)?;
        if opened.hypotheses == Expr::Lit(0) {
            instance.done = true;
            return Ok(None);
        }
        let program = opened.program(words)?;
        let spent = budget.spend((m.steps() - steps) / EVALUATIONS);
        let Some(program) = program else {
            (instance.done, instance.large) = (true, true);
            return spent.map(|()| None).map_err(|r| (r, String::new()));
        };
        // Without numbers among what changes, more of them are nothing new.
        if instance.last > VALUES[0] && !program.sorts.iter().any(|s| matches!(s, Shape::Nat(_))) {
            instance.done = true;
            return Ok(None);
        }
        instance.ways = choices(&program, CHOICES)
            .into_iter()
            .map(|chosen| {
                // An exchange of elements may exchange who is treated fairly in a cycle, so of runs without end all states are met.
                let symmetry = (!program.live).then(|| Symmetry::of(&program, &chosen));
                (chosen, symmetry, None)
            })
            .collect();
        instance.program = Some(program);
        spent.map_err(|r| (r, String::new()))?;
    }
    let Some(p) = &instance.program else { return Ok(None) };
    for (chosen, symmetry, done) in &mut instance.ways {
        if done.is_some() {
            continue;
        }
        let end = match symmetry {
            Some(symmetry) => explore(p, chosen, symmetry, most, budget),
            None => lasso(p, chosen, most, budget),
        };
        match end.map_err(|r| (r, String::new()))? {
            End::All(states) => {
                *met += states;
                *done = Some(states);
            }
            End::More(states) => *met = (*met).max(states),
            End::Broken(run) => {
                let found = m.within(budget.left.saturating_mul(EVALUATIONS), || {
                    refutation(m, &goal.target, p, chosen, &run, words, instance.last)
                });
                match found.map_err(|r| stopped(&r))? {
                    Some(Some(found)) => return Ok(Some(found)),
                    _ => *done = Some(0),
                }
            }
        }
    }
    instance.done = instance.ways.iter().all(|w| w.2.is_some());
    Ok(None)
}
