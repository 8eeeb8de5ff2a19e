//! What claims say of an extracted program is read off them as it is written down by hand in the catalogue.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
mod library;

use bfv_driver::{Elaborated, Goal};
use bfv_exact::program::{Input, Program};
use bfv_extract::{
    Extracted, Given, Grid, Plan, Ratio, Rounding, Said as Reading, Values, extract, named_hashes, numbers,
};
use bfv_kernel::Limits;
use common::*;
use library::{elaborate, operators, with_stack};

/// An operator with its plan, the values of variables, and what is said of its program.
struct Case {
    operator: &'static str,
    further: Vec<(String, Ratio)>,
    plan: Plan,
    values: Values,
    by_hand: (Program, Vec<Said>),
}

fn given(all: &[(&str, Ratio)]) -> Vec<(String, Ratio)> {
    all.iter().map(|(name, q)| ((*name).to_owned(), *q)).collect()
}

fn whole(z: i64) -> Ratio {
    ratio(z, 1)
}

fn case(operator: &'static str, further: &[(&str, Ratio)], plan: Plan, by_hand: (Program, Vec<Said>)) -> Case {
    let ranges = [("low", whole(LOW)), ("high", whole(HIGH)), ("u", unit()), ("least", whole(-100))];
    let ranges = [&ranges[..], &[("most", whole(100)), ("s", ratio(1, 8)), ("k", whole(15))], further].concat();
    let mut values: Values = given(&ranges).into_iter().map(|(name, q)| (name, Given::Number(q))).collect();
    if operator == "softmax.softmax_spec" {
        values.insert("T".to_owned(), Given::Table(table().to_vec()));
        values.insert("last".to_owned(), Given::Number(whole(LAST.into())));
    }
    // Only what the operator takes stands before its inputs.
    let taken = if matches!(operator, "operators.rank_spec" | "operators.trimmed_spec") { 1 } else { 0 };
    Case { operator, further: given(&further[..taken]), plan, values, by_hand }
}

fn cases(n: u32, d: u32) -> Vec<Case> {
    let plan = |inputs: &[Grid], rounding| Plan {
        workers: n,
        coords: d,
        inputs: inputs.to_vec(),
        unit: inputs[0].unit,
        rounding,
        clamp: false,
    };
    let outputs = Grid { input: outputs(), unit: unit(), weights: false };
    let weights =
        Grid { input: Input { shape: WORKERS, low: 0, high: 1 << 15 }, unit: ratio(1, 1 << 15), weights: true };
    let scores = Grid { input: Input { shape: WORKERS, low: -100, high: 100 }, unit: ratio(1, 8), weights: false };
    let labels = Grid { unit: whole(1), ..outputs };
    let (down, nearest) = (Rounding::Down, Rounding::Nearest);
    let clamped = Plan { clamp: true, ..plan(&[outputs, weights], nearest) };
    let (p, b) = (n / 2, (n - 1) / 3);
    let t = p.min(n - 1 - p);
    let number = |z: u32| whole(z.into());
    let softly = [("y", ratio(1, 1024)), ("k", whole(128)), ("D", whole(100))];
    vec![
        case("operators.mean_spec", &[], clamped, mean(n, d, 15)),
        case("operators.rank_spec", &[("p", number(p)), ("t", number(t))], plan(&[outputs], down), rank(n, d, p)),
        case("operators.median_spec", &[("t", number((n - 1) / 2))], plan(&[outputs], nearest), median(n, d)),
        case("operators.trimmed_spec", &[("b", number(b))], plan(&[outputs], down), trimmed(n, d, b)),
        case("operators.select_spec", &[], plan(&[outputs, scores], down), select(n, d)),
        case("operators.vote_spec", &[], plan(&[labels], down), vote(n, d)),
        case("softmax.softmax_spec", &softly, plan(&[outputs, scores], down), softmax(n, d)),
    ]
}

/// Every claim that says something of the program of a case, with what it says.
fn readings<'v>(
    all: &'v Elaborated,
    case: &'v Case,
    values: &'v Values,
    mut see: impl FnMut(&Goal, Result<Reading<'v>, String>, &Program),
) {
    let limits = Limits::default();
    let place = all.positions[&format!("certificates.{}", case.operator)];
    let sizes = (case.plan.workers, case.plan.coords);
    let taken = numbers(&all.signature, &all.positions, place, sizes, &case.further, limits).unwrap();
    let program = extract(&all.signature, &all.positions, place, &taken, &case.plan, limits).unwrap();
    let decls: Vec<_> = all.signature.decls().cloned().collect();
    let hashes = named_hashes(&decls).unwrap();
    let extracted = Extracted::new(&all.signature, &all.positions, &hashes, place, &program, limits).unwrap();
    for goal in &all.goals {
        let read = extracted.said(&goal.statement, &goal.variables, values).map_err(|e| e.why);
        if !matches!(read, Ok(Reading::Other | Reading::Unclear)) {
            see(goal, read, &program);
        }
    }
}

#[test]
fn claims_are_read_as_the_catalogue_has_them() {
    with_stack(|| {
        let all = operators();
        for (n, d) in [(3, 3), (5, 2), (64, 4096)] {
            for case in cases(n, d) {
                let mut found = Vec::new();
                readings(&all, &case, &case.values, |goal, read, program| {
                    let name = goal.full_name().replace("certificates.", "");
                    match read {
                        Ok(Reading::Property(property, arguments)) => {
                            let by_hand = case.by_hand.1.iter().find(|s| s.claim == name);
                            if let Some(s) = by_hand {
                                assert_eq!((&property, &arguments), (&s.property, &s.arguments), "{name}");
                                found.push(name);
                            } else {
                                // About other inputs or conditions: the kernel refuses it for this program.
                                let stored = stored(&name);
                                let evidence =
                                    [bfv_extract::Evidence { property, stored: &stored, arguments: &arguments }];
                                let made = bfv_extract::Package::make(program, &evidence, Limits::default());
                                assert!(made.is_err(), "{name} is proved of {}", case.operator);
                            }
                        }
                        Ok(Reading::Lacks(variable)) => {
                            assert!(!case.by_hand.1.iter().any(|s| s.claim == name), "{name} lacks {variable}");
                        }
                        other => panic!("{name}: {other:?}"),
                    }
                });
                found.sort();
                let mut expected: Vec<String> = case.by_hand.1.iter().map(|s| s.claim.to_owned()).collect();
                expected.sort();
                assert_eq!(found, expected, "{} for {n} workers", case.operator);
            }
        }
    });
}

#[test]
fn variables_without_a_value_or_with_a_wrong_one_are_named() {
    with_stack(|| {
        let all = operators();
        let case = cases(3, 2).swap_remove(1);
        let claim = "certificates.operators.rank_within_honest";
        let read = |change: &dyn Fn(&mut Values)| {
            let mut values = case.values.clone();
            change(&mut values);
            let mut found = None;
            readings(&all, &case, &values, |goal, read, _| {
                if goal.full_name() == claim {
                    found = Some(read.map(|r| matches!(r, Reading::Lacks(ref v) if v == "t")));
                }
            });
            found
        };
        assert_eq!(read(&|_| ()), Some(Ok(false)));
        assert_eq!(read(&|v| drop(v.remove("t"))), Some(Ok(true)));
        let wrong = |q: Ratio| read(&|v| drop(v.insert("t".to_owned(), Given::Number(q))));
        for q in [ratio(1, 2), whole(-1)] {
            assert_eq!(wrong(q), Some(Err("its variable t asks for a natural number".to_owned())));
        }
        let a_table = read(&|v| drop(v.insert("t".to_owned(), Given::Table(vec![1]))));
        assert_eq!(a_table, Some(Err("its variable t asks for a number".to_owned())));
        // At another place it is a claim about another program.
        assert_eq!(read(&|v| drop(v.insert("p".to_owned(), Given::Number(whole(2))))), None);
    });
}

#[test]
fn operators_with_other_arguments_are_refused() {
    with_stack(|| {
        let text = "module odd
import std.refine
def plain (x : Nat) : Nat := x
def alone {n d : Nat} (x : Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := x w c
def scaled {n d : Nat} (a : Real) (x : Nat -> Fin n -> Fin d -> Real) (w : Fin n) (c : Fin d) : Real := a * x 0 w c
theorem truth : 1 = 1 by refl
";
        let all = elaborate(text);
        let taken = |name: &str, further: &[(&str, Ratio)]| {
            let place = all.positions[&format!("odd.{name}")];
            numbers(&all.signature, &all.positions, place, (3, 2), &given(further), Limits::default())
                .map_err(|e| e.why)
        };
        assert_eq!(taken("scaled", &[("a", ratio(1, 3)), ("b", whole(1))]).unwrap().len(), 3);
        let refused = |name: &str, further: &[(&str, Ratio)], why: &str| {
            let said = taken(name, further).unwrap_err();
            assert!(said.contains(why), "{name}: {said}");
        };
        refused("scaled", &[], "it takes more numbers than 0");
        refused("plain", &[], "it takes no outputs of workers");
        refused("alone", &[], "it takes no outputs of 3 workers with 2 coordinates");
        refused("truth", &[], "it is no definition");
    });
}
