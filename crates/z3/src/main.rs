//! Solves one problem with z3: `bfv-z3 MILLISECONDS MEGABYTES CONSTANT...`, the problem in SMT-LIB 2 on standard input.
//!
//! The first line of the answer is `values`, `none`, or `unknown` and why. After `values` comes one line for each constant with its
//! value: a whole number, a fraction, or a decimal number that is rounded. Constants named `n...` are of the sort Int, others Real.

use std::io::Read;
use std::process::ExitCode;
use z3::ast::{Int, Real};
use z3::{Model, SatResult, Solver};

/// Digits after the point of a value that is no small fraction.
const DIGITS: usize = 12;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (Some(milliseconds), Some(megabytes), Some(constants)) =
        (number(&arguments, 0), number(&arguments, 1), arguments.get(2..))
    else {
        eprintln!("Usage: bfv-z3 MILLISECONDS MEGABYTES CONSTANT..., and the problem in SMT-LIB 2 on standard input.");
        return ExitCode::from(2);
    };
    let mut problem = String::new();
    if let Err(e) = std::io::stdin().read_to_string(&mut problem) {
        eprintln!("The problem cannot be read: {e}.");
        return ExitCode::from(74);
    }
    z3::set_global_param("timeout", &milliseconds.to_string());
    z3::set_global_param("memory_max_size", &megabytes.to_string());
    let solver = Solver::new();
    solver.from_string(problem);
    match (solver.check(), solver.get_model()) {
        (SatResult::Unsat, _) => println!("none"),
        (SatResult::Sat, Some(model)) => {
            println!("values");
            for name in constants {
                println!("{name} {}", value(&model, name));
            }
        }
        _ => println!("unknown {}", solver.get_reason_unknown().unwrap_or_default()),
    }
    ExitCode::SUCCESS
}

fn number(arguments: &[String], place: usize) -> Option<u32> {
    arguments.get(place)?.parse().ok()
}

/// Zero for a constant on which nothing depends.
fn value(model: &Model, name: &str) -> String {
    let found = if name.starts_with('n') {
        model.eval(&Real::from_int(&Int::new_const(name)), true)
    } else {
        model.eval(&Real::new_const(name), true)
    };
    found.map_or_else(
        || "0".to_owned(),
        |v| match v.as_rational() {
            Some((n, d)) => format!("{n}/{d}"),
            None => v.approx(DIGITS),
        },
    )
}
