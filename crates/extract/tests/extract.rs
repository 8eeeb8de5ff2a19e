//! Operators of real numbers become the programs of which properties are proved.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod library;

use bfv_exact::program::{Input, Program};
use bfv_extract::{Grid, Number, Plan, Property, Rounding, extract};
use bfv_kernel::Limits;
use common::*;
use library::{operators, with_stack};

fn outputs_grid() -> Grid {
    Grid { input: outputs(), unit: unit(), weights: false }
}

fn scores() -> Grid {
    Grid { input: Input { shape: WORKERS, low: -100, high: 100 }, unit: ratio(1, 8), weights: false }
}

fn plan(n: u32, d: u32, inputs: &[Grid], rounding: Rounding) -> Plan {
    Plan { workers: n, coords: d, inputs: inputs.to_vec(), unit: inputs[0].unit, rounding, clamp: false }
}

fn numbers(all: &[u32]) -> Vec<Number> {
    all.iter().map(|n| Number::Nat((*n).into())).collect()
}

/// What is extracted has the properties that are proved of the program written by hand, its distance from this operator among them.
#[test]
fn the_usual_operators_are_extracted() {
    with_stack(|| {
        let all = operators();
        for (n, d) in [(3, 3), (5, 2), (4, 16), (64, 4096)] {
            let weights =
                Grid { input: Input { shape: WORKERS, low: 0, high: 1 << 15 }, unit: ratio(1, 1 << 15), weights: true };
            let nearest = plan(n, d, &[outputs_grid()], Rounding::Nearest);
            let down = plan(n, d, &[outputs_grid()], Rounding::Down);
            let mut clamped = plan(n, d, &[outputs_grid(), weights], Rounding::Nearest);
            clamped.clamp = true;
            let scored = plan(n, d, &[outputs_grid(), scores()], Rounding::Down);
            let labels =
                Plan { unit: ratio(1, 1), inputs: vec![Grid { unit: ratio(1, 1), ..outputs_grid() }], ..down.clone() };
            let b = (n - 1) / 3;
            for (module, operator, numbers, plan, by_hand) in [
                ("operators", "mean_spec", numbers(&[n, d]), &clamped, mean(n, d, 15)),
                ("operators", "rank_spec", numbers(&[n, d, n / 2]), &down, rank(n, d, n / 2)),
                ("operators", "median_spec", numbers(&[n, d]), &nearest, median(n, d)),
                ("operators", "trimmed_spec", numbers(&[n, d, b]), &down, trimmed(n, d, b)),
                ("operators", "select_spec", numbers(&[n - 1, d]), &scored, select(n, d)),
                ("operators", "vote_spec", numbers(&[n - 1, d]), &labels, vote(n, d)),
                ("softmax", "softmax_spec", numbers(&[n, d]), &scored, softmax(n, d)),
            ] {
                let place = all.positions[&format!("certificates.{module}.{operator}")];
                let program = extract(&all.signature, &all.positions, place, &numbers, plan, Limits::default())
                    .unwrap_or_else(|e| panic!("{operator}: {e}"));
                let made = package(&program, &by_hand.1)
                    .unwrap_or_else(|e| panic!("{operator}: {e} {:?}", program.source().ops));
                let Some(Property::Near(near)) = made.properties().last() else { panic!("the last one is a distance") };
                assert_eq!(near.arguments, numbers);
                assert!(same_results(&program, &by_hand.0));
            }
        }
    });
}

/// Whether two programs agree at an input that is no special one.
fn same_results(a: &Program, b: &Program) -> bool {
    let source = a.source();
    let spread = |input: &Input, k: i64| -> Vec<i64> {
        let cells = i64::from(source.workers) * if input.shape.coords { i64::from(source.coords) } else { 1 };
        let width = input.high - input.low + 1;
        (0..cells).map(|i| input.low + (i * 7919 + k * 31) % width).collect()
    };
    let mut inputs: Vec<Vec<i64>> = source.inputs.iter().zip(1..).map(|(i, k)| spread(i, k)).collect();
    if let Some(weights) = inputs.get_mut(1).filter(|_| !source.conditions.is_empty()) {
        // All weight on the last worker.
        weights.fill(0);
        *weights.last_mut().unwrap() = source.inputs[1].high;
    }
    let inputs: Vec<&[i64]> = inputs.iter().map(Vec::as_slice).collect();
    a.run(&inputs).unwrap() == b.run(&inputs).unwrap()
}
