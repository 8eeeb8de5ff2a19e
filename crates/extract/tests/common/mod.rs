//! The usual operators as programs, and the claims of `examples/certificates/operators.sctt` about them.
#![allow(dead_code)]

use bfv_exact::Refused;
use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source, Table};
use bfv_extract::{Argument, Evidence, Number, Package, Property, Ratio, Refinement, decay, named_hashes};
use bfv_format::{Hash, Stored};
use bfv_kernel::Limits;
use std::path::Path;

pub const BOTH: Shape = Shape { workers: true, coords: true };
pub const WORKERS: Shape = Shape { workers: true, coords: false };
pub const LOW: i64 = -32768;
pub const HIGH: i64 = 32767;

pub fn nat(n: u32) -> Argument<'static> {
    Argument::Number(Number::Nat(n.into()))
}

pub fn int(z: i64) -> Argument<'static> {
    Argument::Number(Number::Int(z))
}

pub fn ratio(num: i64, den: i64) -> Ratio {
    Ratio::new(num, den).unwrap()
}

/// A fraction whose denominator is a power of two.
fn lowest(num: i64, den: i64) -> Ratio {
    if num % 2 == 0 && den % 2 == 0 { lowest(num / 2, den / 2) } else { ratio(num, den) }
}

pub fn real(num: i64, den: i64) -> Argument<'static> {
    Argument::Number(Number::Real(ratio(num, den)))
}

/// The stored proof of a claim, by its module and name.
pub fn stored(claim: &str) -> Stored {
    let (module, name) = claim.split_once('.').unwrap();
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().map(|folder| folder.join("proofs"));
    let file = { above }.find(|folder| folder.is_dir()).unwrap().join(format!("certificates.{module}/{name}.bfvp"));
    bfv_format::read(&std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))).unwrap()
}

/// The hash of an operator that a stored proof mentions.
pub fn operator(stored: &Stored, name: &str) -> Hash {
    let hashes = named_hashes(&stored.decls).unwrap();
    let found = stored.decls.iter().zip(hashes).find(|(d, _)| d.name() == name);
    found.unwrap_or_else(|| panic!("{} does not mention {name}", stored.claim)).1
}

/// A property of a program, by the claim that says so, and what its variables and hypotheses are.
#[derive(Clone)]
pub struct Said {
    pub claim: &'static str,
    pub property: Property,
    pub arguments: Vec<Argument<'static>>,
}

pub fn said(claim: &'static str, property: Property, arguments: &[Argument<'static>]) -> Said {
    Said { claim, property, arguments: arguments.to_vec() }
}

/// A distance from an operator, which takes these sizes. Everything in the argument list of the claim.
pub fn near(
    claim: &'static str,
    name: &str,
    sizes: &[u32],
    units: &[Ratio],
    bound: Ratio,
    arguments: &[Argument<'static>],
) -> Said {
    let refinement = Refinement {
        operator: operator(&stored(claim), name),
        arguments: sizes.iter().map(|n| Number::Nat((*n).into())).collect(),
        units: units.to_vec(),
        unit: units[0],
        bound,
    };
    said(claim, Property::Near(refinement), arguments)
}

pub fn package(program: &Program, all: &[Said]) -> Result<Package, Refused> {
    let proofs: Vec<Stored> = all.iter().map(|s| stored(s.claim)).collect();
    let said = all.iter().zip(&proofs);
    let evidence: Vec<Evidence<'_>> =
        said.map(|(s, stored)| Evidence { property: s.property.clone(), stored, arguments: &s.arguments }).collect();
    Package::make(program, &evidence, Limits::default())
}

pub fn source(workers: u32, coords: u32, inputs: &[Input]) -> Source {
    Source { workers, coords, inputs: inputs.to_vec(), ..Source::default() }
}

pub fn outputs() -> Input {
    Input { shape: BOTH, low: LOW, high: HIGH }
}

fn over_workers(low: i64, high: i64) -> Input {
    Input { shape: WORKERS, low, high }
}

/// The unit of outputs.
pub fn unit() -> Ratio {
    ratio(1, 1 << 16)
}

/// The rounded mean with weights in units of `1/2^k`, clamped to the outputs, and conditions on the sum of the weights.
fn clamped_mean(n: u32, d: u32, k: u8, conditions: impl Fn(&mut Source, u32) -> Vec<u32>) -> Program {
    let mut s = source(n, d, &[outputs(), over_workers(0, 1 << k)]);
    let (x, w) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let total = s.push(Op::Sum(w, Axis::Workers));
    s.conditions = conditions(&mut s, total);
    let product = s.push(Op::Mul(x, w));
    let sum = s.push(Op::Sum(product, Axis::Workers));
    let rounded = s.push(Op::Round(sum, k));
    let sorted = s.push(Op::Sorted(x));
    let (low, high) = (s.push(Op::At(sorted, 0)), s.push(Op::At(sorted, n - 1)));
    s.push(Op::Clamp(rounded, low, high));
    Program::new(s).unwrap()
}

/// The weighted mean, with weights that sum to the unit.
pub fn mean(n: u32, d: u32, k: u8) -> (Program, Vec<Said>) {
    let program = clamped_mean(n, d, k, |s, total| {
        let one = s.push(Op::Const(1 << k));
        vec![s.push(Op::Equal(total, one))]
    });
    let given = [nat(n), nat(d), nat(k.into()), int(LOW), int(HIGH)];
    let with_unit = [&given[..], &[real(1, 1 << 16), Argument::Holds]].concat();
    let said = vec![
        said("operators.mean_in_hull", Property::InHull, &given),
        said("operators.mean_free_of_order", Property::FreeOfOrder, &given),
        said("operators.mean_never_falls", Property::NeverFalls, &given),
        said("operators.mean_moves_along", Property::MovesAlong, &given),
        near("operators.mean_near", "mean_spec", &[n, d], &[unit(), ratio(1, 1 << k)], ratio(1, 1 << 17), &with_unit),
    ];
    (program, said)
}

/// The same with weights whose sum misses the unit by less than n.
pub fn loose_mean(n: u32, d: u32, k: u8) -> (Program, Vec<Said>) {
    let program = clamped_mean(n, d, k, |s, total| {
        let (one, workers) = (s.push(Op::Const(1 << k)), s.push(Op::Const(n.into())));
        let (few, many) = (s.push(Op::Sub(one, total)), s.push(Op::Sub(total, one)));
        vec![s.push(Op::Less(few, workers)), s.push(Op::Less(many, workers))]
    });
    let given = [nat(n), nat(d), nat(k.into()), int(LOW), int(HIGH)];
    let above = HIGH + 2;
    let holds = Argument::Holds;
    let with_unit = [&given[..], &[int(above), holds, holds, real(1, 1 << 16), holds]].concat();
    // Half a unit, and n units of weights of the largest output.
    let bound = lowest((1 << k) + 2 * i64::from(n) * above, 1 << (17 + k));
    let said = vec![
        said("operators.loose_clamped_in_hull", Property::InHull, &given),
        said("operators.loose_clamped_free_of_order", Property::FreeOfOrder, &given),
        said("operators.loose_clamped_never_falls", Property::NeverFalls, &given),
        near("operators.loose_clamped_near", "mean_spec", &[n, d], &[unit(), ratio(1, 1 << k)], bound, &with_unit),
    ];
    (program, said)
}

/// The order statistic p, which is the median of an odd number of workers at p = n / 2.
pub fn rank(n: u32, d: u32, p: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let sorted = s.push(Op::Sorted(x));
    s.push(Op::At(sorted, p));
    let given = [nat(n), nat(d), nat(p), Argument::Holds, int(LOW), int(HIGH)];
    let t = p.min(n - 1 - p);
    let honest = [nat(n), nat(d), nat(p), nat(t), Argument::Holds, Argument::Holds, int(LOW), int(HIGH)];
    let with_unit = [&given[..], &[real(1, 1 << 16), Argument::Holds]].concat();
    let said = vec![
        said("operators.rank_in_hull", Property::InHull, &given),
        said("operators.rank_within_honest", Property::WithinHonest(t), &honest),
        said("operators.rank_free_of_order", Property::FreeOfOrder, &given),
        said("operators.rank_never_falls", Property::NeverFalls, &given),
        said("operators.rank_moves_along", Property::MovesAlong, &given),
        said("operators.rank_selects_each", Property::SelectsEach, &given),
        near_rank(n, d, p, &with_unit),
    ];
    (Program::new(s).unwrap(), said)
}

/// Here the place is an argument of the operator.
fn near_rank(n: u32, d: u32, p: u32, arguments: &[Argument<'static>]) -> Said {
    near("operators.rank_near", "rank_spec", &[n, d, p], &[unit()], ratio(0, 1), arguments)
}

/// The median: the mean of the two middle outputs, rounded.
pub fn median(n: u32, d: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let sorted = s.push(Op::Sorted(x));
    let (low, high) = (s.push(Op::At(sorted, (n - 1) / 2)), s.push(Op::At(sorted, n / 2)));
    let sum = s.push(Op::Add(low, high));
    s.push(Op::Round(sum, 1));
    let given = [nat(n), nat(d), int(LOW), int(HIGH)];
    let t = (n - 1) / 2;
    let honest = [nat(n), nat(d), nat(t), Argument::Holds, int(LOW), int(HIGH)];
    let with_unit = [&given[..], &[real(1, 1 << 16), Argument::Holds]].concat();
    let said = vec![
        said("operators.median_in_hull", Property::InHull, &given),
        said("operators.median_within_honest", Property::WithinHonest(t), &honest),
        said("operators.median_free_of_order", Property::FreeOfOrder, &given),
        said("operators.median_never_falls", Property::NeverFalls, &given),
        said("operators.median_moves_along", Property::MovesAlong, &given),
        near("operators.median_near", "median_spec", &[n, d], &[unit()], ratio(1, 1 << 17), &with_unit),
    ];
    (Program::new(s).unwrap(), said)
}

/// The mean of the order statistics b to n - b - 1, downwards.
pub fn trimmed(n: u32, d: u32, b: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let place = s.push(Op::Worker);
    let (first, end) = (s.push(Op::Const(i64::from(b) - 1)), s.push(Op::Const((n - b).into())));
    let (late, early) = (s.push(Op::Less(first, place)), s.push(Op::Less(place, end)));
    let inside = s.push(Op::Mul(late, early));
    let sorted = s.push(Op::Sorted(x));
    let kept = s.push(Op::Mul(inside, sorted));
    let (sum, count) = (s.push(Op::Sum(kept, Axis::Workers)), s.push(Op::Const((n - 2 * b).into())));
    s.push(Op::Div(sum, count));
    let given = [nat(n), nat(d), nat(b), Argument::Holds, int(LOW), int(HIGH)];
    let with_unit = [&given[..], &[real(1, 1 << 16), Argument::Holds]].concat();
    let said = vec![
        said("operators.trimmed_in_hull", Property::InHull, &given),
        said("operators.trimmed_within_honest", Property::WithinHonest(b), &given),
        said("operators.trimmed_free_of_order", Property::FreeOfOrder, &given),
        said("operators.trimmed_never_falls", Property::NeverFalls, &given),
        said("operators.trimmed_moves_along", Property::MovesAlong, &given),
        near("operators.trimmed_near", "trimmed_spec", &[n, d, b], &[unit()], unit(), &with_unit),
    ];
    (Program::new(s).unwrap(), said)
}

/// The output of the worker with the largest score, the first of several.
pub fn select(n: u32, d: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs(), over_workers(-100, 100)]);
    let (x, score) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let best = s.push(Op::ArgMax(score));
    s.push(Op::Pick(x, best));
    let given = [nat(n - 1), nat(d), int(LOW), int(HIGH), int(-100), int(100)];
    let with_unit = [&given[..], &[real(1, 1 << 16), real(1, 8), Argument::Holds]].concat();
    let said = vec![
        said("operators.select_in_hull", Property::InHull, &given),
        said("operators.select_never_falls", Property::NeverFalls, &given),
        said("operators.select_moves_along", Property::MovesAlong, &given),
        said("operators.select_selects_one", Property::SelectsOne, &given),
        near("operators.select_near", "select_spec", &[n - 1, d], &[unit(), ratio(1, 8)], ratio(0, 1), &with_unit),
    ];
    (Program::new(s).unwrap(), said)
}

/// The same where the largest score occurs once, which frees the result of the order of workers.
pub fn lone_select(n: u32, d: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs(), over_workers(-100, 100)]);
    let (x, score) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let best = s.push(Op::ArgMax(score));
    let alike = s.push(Op::Alike(score));
    let (times, one) = (s.push(Op::Pick(alike, best)), s.push(Op::Const(1)));
    s.conditions = vec![s.push(Op::Equal(times, one))];
    s.push(Op::Pick(x, best));
    let given = [nat(n - 1), nat(d), int(LOW), int(HIGH), int(-100), int(100)];
    (Program::new(s).unwrap(), vec![said("operators.lone_free_of_order", Property::FreeOfOrder, &given)])
}

/// The most frequent output, the smallest of several.
pub fn vote(n: u32, d: u32) -> (Program, Vec<Said>) {
    let mut s = source(n, d, &[outputs()]);
    let x = s.push(Op::Input(0));
    let sorted = s.push(Op::Sorted(x));
    let alike = s.push(Op::Alike(sorted));
    let best = s.push(Op::ArgMax(alike));
    s.push(Op::Pick(sorted, best));
    let given = [nat(n - 1), nat(d), int(LOW), int(HIGH)];
    let said = vec![
        said("operators.vote_in_hull", Property::InHull, &given),
        said("operators.vote_free_of_order", Property::FreeOfOrder, &given),
        said("operators.vote_selects_each", Property::SelectsEach, &given),
        said("operators.vote_follows_majority", Property::FollowsMajority, &given),
        near("operators.vote_near", "vote_spec", &[n - 1, d], &[ratio(1, 1)], ratio(0, 1), &given),
    ];
    (Program::new(s).unwrap(), said)
}

/// Scores are this far apart at most.
pub const LAST: u32 = 200;

/// `exp (-q/8)` in units of `1/2^30`.
pub fn table() -> &'static [i64] {
    static TABLE: std::sync::OnceLock<Vec<i64>> = std::sync::OnceLock::new();
    TABLE.get_or_init(|| decay(ratio(1, 8), LAST).unwrap())
}

/// The first values of the softmax programs: the outputs, the weights of the table and their sum.
fn table_weights(n: u32, d: u32, table: &[i64]) -> (Source, [u32; 3]) {
    let mut s = source(n, d, &[outputs(), over_workers(-100, 100)]);
    s.tables = vec![Table { low: 0, entries: table.to_vec() }];
    let (x, score) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let sorted = s.push(Op::Sorted(score));
    let largest = s.push(Op::At(sorted, n - 1));
    let distance = s.push(Op::Sub(largest, score));
    let (zero, last) = (s.push(Op::Const(0)), s.push(Op::Const(LAST.into())));
    let distance = s.push(Op::Clamp(distance, zero, last));
    let weights = s.push(Op::Lookup(distance, 0));
    let total = s.push(Op::Sum(weights, Axis::Workers));
    (s, [x, weights, total])
}

/// The mean with softmax weights by a table, for scores in units of 1/8.
pub fn softmax(n: u32, d: u32) -> (Program, Vec<Said>) {
    let (mut s, [x, weights, total]) = table_weights(n, d, table());
    let products = s.push(Op::Mul(x, weights));
    let sum = s.push(Op::Sum(products, Axis::Workers));
    s.push(Op::Div(sum, total));
    let ranges = [int(LOW), int(HIGH), int(-100), int(100)];
    let (entries, holds) = ([nat(LAST), Argument::Table(table())], Argument::Holds);
    let given = [&[nat(n), nat(d)], &entries[..], &[holds, holds], &ranges].concat();
    let symmetric = [&[nat(n), nat(d)], &entries[..], &ranges].concat();
    // exp (-1/8) by 128 steps of 1/1024, and entries within 100 units of 1/2^30.
    let exact =
        [holds, real(1, 1024), nat(128), holds, holds, real(100, 1), holds, holds, holds, real(1, 1 << 16), holds];
    // A unit for rounding, and n * 100 * (HIGH - LOW) / 2^30 of one for the weights.
    let bound = lowest((1 << 30) + i64::from(n) * 100 * (HIGH - LOW), 1 << 46);
    let said = vec![
        said("softmax.softmax_in_hull", Property::InHull, &given),
        said("softmax.softmax_free_of_order", Property::FreeOfOrder, &symmetric),
        said("softmax.softmax_never_falls", Property::NeverFalls, &given),
        said("softmax.softmax_moves_along", Property::MovesAlong, &given),
        near(
            "softmax.softmax_near",
            "softmax_spec",
            &[n, d],
            &[unit(), ratio(1, 8)],
            bound,
            &[&given[..], &exact].concat(),
        ),
    ];
    (Program::new(s).unwrap(), said)
}

/// The weights themselves, in units of `1/2^15`, and with what is left by rounding given to the first largest.
pub fn shares(n: u32, d: u32) -> (Program, Vec<Said>) {
    let one = 1i64 << 15;
    let (mut s, [_, weights, total]) = table_weights(n, d, table());
    let whole = s.push(Op::Const(one));
    let product = s.push(Op::Mul(weights, whole));
    let parts = s.push(Op::Div(product, total));
    let all = s.push(Op::Sum(parts, Axis::Workers));
    let left = s.push(Op::Sub(whole, all));
    let (worker, score) = (s.push(Op::Worker), s.push(Op::Input(1)));
    let first = s.push(Op::ArgMax(score));
    let chosen = s.push(Op::Equal(worker, first));
    let rest = s.push(Op::Mul(chosen, left));
    s.push(Op::Add(parts, rest));
    let holds = Argument::Holds;
    let given = [
        nat(n - 1),
        nat(d),
        nat(LAST),
        Argument::Table(table()),
        holds,
        holds,
        int(one),
        holds,
        int(LOW),
        int(HIGH),
        int(-100),
        int(100),
    ];
    (Program::new(s).unwrap(), vec![said("softmax.whole_shares_sum_to_unit", Property::SumsTo(one), &given)])
}
