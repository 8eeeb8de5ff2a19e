//! Solves one problem with z3: `bfv-z3 MILLISECONDS MEGABYTES CONSTANT...`, the problem in SMT-LIB 2 on standard input.
//!
//! The first line of the answer is `values`, `none`, or `unknown` and why. After `values` comes one line for each constant with its
//! value: a whole number, a fraction, a decimal number that is rounded, or a truth value. Constants named `n...` are of the sort Int,
//! those named `b...` of the sort Bool, others Real. After `none` come the names of assertions that contradict each other, where
//! assertions have names: a set from which z3 could leave none out.

use std::io::Read;
use std::process::ExitCode;
use z3::ast::{Bool, Int, Real};
use z3::{Model, Params, SatResult, Solver};

/// Digits after the point of a value that is no small fraction.
const DIGITS: usize = 12;

/// How much z3 may do where assertions have names, in its own unit, so that the same z3 gives the same answer on every machine.
const WORK: u32 = 20_000_000;

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
    let names = problem.contains(":named");
    if names {
        let mut params = Params::new();
        params.set_bool("core.minimize", true);
        params.set_u32("rlimit", WORK);
        solver.set_params(&params);
    }
    solver.from_string(problem);
    match (solver.check(), solver.get_model()) {
        (SatResult::Unsat, _) => {
            println!("none");
            if names {
                solver.get_unsat_core().iter().for_each(|name| println!("{name}"));
            }
        }
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

/// Zero, or false, for a constant on which nothing depends.
fn value(model: &Model, name: &str) -> String {
    if name.starts_with('b') {
        let truth = model.eval(&Bool::new_const(name), true).and_then(|v| v.as_bool());
        return truth.unwrap_or(false).to_string();
    }
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
