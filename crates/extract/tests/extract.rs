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

/// Operators that are tried, as definitions with these names.
const OTHERS: &str = "module others
import std.refine
import std.softmax
import std.root
def root {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sqrt (x 0 w c)
def exponential {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, exp (x 0 v c)
def pairs {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, sum u, x 0 v c * x 0 u c
def first {n d : Nat} (x : Nat -> Fin n -> Fin (d + 1) -> Real) (w : Fin n) (c : Fin (d + 1)) : Real := x 0 w fzero
def mixed {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, x 0 v c + x 1 v c
def none {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := x 7 w c
def constant {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := 5
def third {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := (sum v, x 0 v c) / 3
def seven {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := total 7 (fun i => x 0 w c)
def downwards {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := ranked (fun v => -1 * x 0 v c) 0
def gaps {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := first_sum (fun q => ranked (fun v => x 0 v c) (2 * q)) 2
def squares {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, 1 / x 0 v c
def frozen {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := weighted_mean (softmax 0 (fun v => x 1 v c)) (fun v => x 0 v c)
def above {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := of_nat (count (fun v => Real.ltb 0 (x 0 v c)))
def clipped {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, clip (1/2) (x 0 v c)
def positive {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, if x 0 v c < 0 then 0 else x 0 v c
def over_all {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum (fun (v : Fin n) => sum (fun (e : Fin d) => x 0 v e))
def votes {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := sum v, of_nat (count (fun u => real_eqb (x 0 u c) (x 0 v c))) * x 0 v c
";

#[test]
fn what_programs_cannot_say_is_refused_by_name() {
    with_stack(|| {
        let all = library::elaborate(OTHERS);
        let scored = plan(3, 3, &[outputs_grid(), scores()], Rounding::Down);
        let made = |name: &str, numbers: &[u32], plan: &Plan| {
            let place = all.positions[&format!("others.{name}")];
            extract(&all.signature, &all.positions, place, &self::numbers(numbers), plan, Limits::default())
        };
        for (name, why) in [
            ("root", "programs have no operation for sqrt"),
            ("exponential", "programs have no operation for exp"),
            ("pairs", "it asks for two workers at once"),
            ("first", "it asks for another coordinate"),
            ("mixed", "different units, 1/65536 and 1/8"),
            ("none", "there is no input 7"),
            ("constant", "its result is the same for all inputs"),
            ("seven", "it sums 7 numbers"),
            ("downwards", "it sorts numbers with a negative unit"),
            ("gaps", "it sums order statistics that are no neighbours"),
            ("frozen", "it divides by 0"),
            ("above", "it counts something else than how often a number occurs"),
        ] {
            let d = if name == "first" { 2 } else { 3 };
            let refusal = made(name, &[3, d], &scored).unwrap_err().to_string();
            assert!(refusal.contains(why), "{name}: {refusal}, and not {why}");
        }
        let nearest = Plan { rounding: Rounding::Nearest, ..scored.clone() };
        assert!(made("third", &[3, 3], &nearest).unwrap_err().to_string().contains("it divides by no power of two"));
        let coarse = Grid { unit: ratio(3, 4), weights: true, ..scores() };
        let refusal =
            made("third", &[3, 3], &plan(3, 3, &[outputs_grid(), coarse], Rounding::Down)).unwrap_err().to_string();
        assert!(refusal.contains("weights have a unit that does not divide 1"), "{refusal}");
        assert!(made("third", &[3, 3], &Plan { unit: ratio(0, 1), ..scored.clone() }).is_err());
        // Without enough steps nothing is made of an operator.
        let place = all.positions["others.third"];
        let few = Limits { steps: 3, ..Limits::default() };
        let refusal = extract(&all.signature, &all.positions, place, &self::numbers(&[3, 3]), &scored, few)
            .unwrap_err()
            .to_string();
        assert!(refusal.contains("it cannot be evaluated: budget"), "{refusal}");
    });
}

#[test]
fn other_operators_are_extracted_and_computed() {
    with_stack(|| {
        let all = library::elaborate(OTHERS);
        let plan = plan(2, 2, &[outputs_grid()], Rounding::Down);
        // Half is 32768 units here, which is one more than the largest output.
        let x = [-32768, 5, 7, 5];
        for (name, result) in [
            ("third", vec![-10921, 3]),
            ("clipped", vec![-32761, 10]),
            ("positive", vec![7, 10]),
            ("over_all", vec![-32751]),
            ("votes", vec![-32761, 20]),
        ] {
            let place = all.positions[&format!("others.{name}")];
            let numbers = numbers(&[2, 2]);
            let program = extract(&all.signature, &all.positions, place, &numbers, &plan, Limits::default())
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(program.run(&[&x]).unwrap(), result, "{name}");
        }
    });
}
