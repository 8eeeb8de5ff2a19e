//! Operators made to mislead the extraction: units that are zero or negative, and terms that share their parts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod library;

use bfv_exact::program::{Input, Program};
use bfv_extract::{Grid, Number, Plan, Ratio, Rounding, extract};
use bfv_kernel::Limits;
use common::ratio;
use library::with_stack;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Operators of two inputs that vary over both, in units of `1/4`.
const TRICKS: &str = "module tricks
import std.refine
def flipped {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := std.real.min2 (-1 * x 0 w c) (-1 * x 1 w c)
def turned {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := std.real.max2 (-2 * x 0 w c) (-2 * x 1 w c)
def asked {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := if -1 * x 0 w c < -1 * x 1 w c then x 0 w c else x 1 w c
def quotients {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := std.real.min2 (x 0 w c / x 1 w c) (1 / x 1 w c * x 1 w c)
def nothing {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := 0 * x 0 w c + 1
def least {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := std.real.min2 1 0 * x 0 w c
def inverse {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := 1 / (0 * x 0 w c)
def backwards {n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := 7 / (-3 * x 0 w c)
";

fn quarter() -> Grid {
    Grid { input: Input { shape: common::BOTH, low: -20, high: 20 }, unit: ratio(1, 4), weights: false }
}

fn plan(unit: Ratio) -> Plan {
    Plan { workers: 1, coords: 1, inputs: vec![quarter(), quarter()], unit, rounding: Rounding::Down, clamp: false }
}

fn made(name: &str, unit: Ratio) -> Option<Program> {
    let all = library::elaborate(TRICKS);
    let place = all.positions[&format!("tricks.{name}")];
    let numbers = [Number::Nat(1), Number::Nat(1)];
    extract(&all.signature, &all.positions, place, &numbers, &plan(unit), Limits::default()).ok()
}

/// What an operator gives, times 12, for inputs in quarters; each is a multiple of `1/12` there.
fn agrees(name: &str, unit: Ratio, exact: impl Fn(i64, i64) -> i64 + Send + 'static) {
    let name = name.to_owned();
    with_stack(move || {
        let Some(program) = made(&name, unit) else { return };
        for (a, b) in (-20..=20).flat_map(|a| (-20..=20).map(move |b| (a, b))) {
            assert_eq!(program.run(&[&[a], &[b]]).unwrap(), [exact(a, b)], "{name} at {a} and {b} quarters");
        }
    });
}

/// Refused, or the operator; a comparison of numbers with a negative unit is not turned around.
#[test]
fn comparisons_of_negative_units_are_not_turned_around() {
    agrees("flipped", ratio(1, 4), |a, b| (-a).min(-b));
}

#[test]
fn the_largest_of_negative_units_is_not_the_smallest() {
    agrees("turned", ratio(1, 4), |a, b| (-2 * a).max(-2 * b));
}

#[test]
fn conditions_on_negative_units_are_not_turned_around() {
    agrees("asked", ratio(1, 4), |a, b| if -a < -b { a } else { b });
}

/// Division by floor, also where the divisor or the unit of the quotient is negative, and 0 for a divisor 0.
#[test]
fn quotients_are_rounded_down_for_all_signs() {
    // 7 / (-3 a / 4) = -28 / (3 a), in units of 1/6: -56 / a.
    agrees("backwards", ratio(1, 6), |a, _| match a.signum() {
        0 => 0,
        1 => (-56i64).div_euclid(a),
        _ => 56i64.div_euclid(-a),
    });
}

/// Numbers of the unit 0 are refused or computed, without a panic.
#[test]
fn a_unit_of_zero_is_no_panic() {
    for name in ["nothing", "least", "inverse"] {
        let done = catch_unwind(AssertUnwindSafe(|| with_stack(move || made(name, ratio(1, 4)).is_some())));
        assert!(done.is_ok(), "{name}");
    }
}

/// Each number is the sum of the one inside of it with itself, so as a tree the outermost has `2^40` leaves.
#[test]
fn an_operator_that_shares_its_parts_is_refused_soon() {
    with_stack(|| {
        let head = "{n d : Nat} (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real";
        let nested = (0..40).fold("x 0 w c".to_owned(), |inner, _| format!("twice ({inner})"));
        let all = library::elaborate(&format!(
            "module tricks\nimport std.refine\ndef twice (y : Real) : Real := y + y\ndef deep {head} := {nested}\n"
        ));
        let place = all.positions["tricks.deep"];
        let numbers = [Number::Nat(1), Number::Nat(1)];
        let made = extract(&all.signature, &all.positions, place, &numbers, &plan(ratio(1, 4)), Limits::default());
        let why = made.unwrap_err().to_string();
        assert!(why.contains("parts, where what stands twice counts twice"), "{why}");
    });
}
