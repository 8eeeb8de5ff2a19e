//! The usual operators as programs, and the claims of `examples/certificates/operators.sctt` about them.
#![allow(dead_code)]

use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source};
use bfv_extract::{Argument, Evidence, Number, Package, Property, Ratio, Refinement, named_hashes};
use bfv_format::{Hash, Stored};
use bfv_kernel::Limits;
use std::path::Path;

pub const BOTH: Shape = Shape { workers: true, coords: true };
pub const WORKERS: Shape = Shape { workers: true, coords: false };
pub const LOW: i64 = -32768;
pub const HIGH: i64 = 32767;

pub fn nat(n: u32) -> Argument {
    Argument::Number(Number::Nat(n.into()))
}

pub fn int(z: i64) -> Argument {
    Argument::Number(Number::Int(z))
}

pub fn ratio(num: i64, den: i64) -> Ratio {
    Ratio::new(num, den).unwrap()
}

pub fn real(num: i64, den: i64) -> Argument {
    Argument::Number(Number::Real(ratio(num, den)))
}

/// The stored proof of a claim.
pub fn stored(claim: &str) -> Stored {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proofs/certificates.operators");
    let file = root.join(format!("{claim}.bfvp"));
    bfv_format::read(&std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display()))).unwrap()
}

/// The hash of an operator that a stored proof mentions.
pub fn operator(stored: &Stored, name: &str) -> Hash {
    let hashes = named_hashes(&stored.decls).unwrap();
    let found = stored.decls.iter().zip(hashes).find(|(d, _)| d.name() == name);
    found.unwrap_or_else(|| panic!("{} does not mention {name}", stored.claim)).1
}

/// One property of a program, by a claim and its arguments.
pub struct Said {
    pub claim: &'static str,
    pub property: Property,
    pub arguments: Vec<Argument>,
}

pub fn said(claim: &'static str, property: Property, arguments: &[Argument]) -> Said {
    Said { claim, property, arguments: arguments.to_vec() }
}

/// That a program is near an operator; the numbers are those of the operator, and the claim has others.
pub fn near(
    claim: &'static str,
    name: &str,
    numbers: &[Number],
    units: &[Ratio],
    unit: Ratio,
    bound: Ratio,
    arguments: &[Argument],
) -> Said {
    let operator = operator(&stored(claim), name);
    let refinement = Refinement { operator, arguments: numbers.to_vec(), units: units.to_vec(), unit, bound };
    said(claim, Property::Near(refinement), arguments)
}

pub fn package(program: &Program, all: &[Said]) -> Result<Package, bfv_exact::Refused> {
    let proofs: Vec<Stored> = all.iter().map(|s| stored(s.claim)).collect();
    let evidence: Vec<Evidence<'_>> = all
        .iter()
        .zip(&proofs)
        .map(|(s, stored)| Evidence { property: s.property.clone(), stored, arguments: &s.arguments })
        .collect();
    Package::make(program, &evidence, Limits::default())
}

pub fn source(workers: u32, coords: u32, inputs: &[Input]) -> Source {
    Source { workers, coords, inputs: inputs.to_vec(), ..Source::default() }
}

pub fn outputs() -> Input {
    Input { shape: BOTH, low: LOW, high: HIGH }
}

/// The weighted mean with weights in units of `1/2^k`, clamped to the outputs.
pub fn mean(n: u32, d: u32, k: u8) -> Program {
    let unit = 1i64 << k;
    let mut s = source(n, d, &[outputs(), Input { shape: WORKERS, low: 0, high: unit }]);
    let (x, w) = (s.push(Op::Input(0)), s.push(Op::Input(1)));
    let total = s.push(Op::Sum(w, Axis::Workers));
    let one = s.push(Op::Const(unit));
    s.conditions = vec![s.push(Op::Equal(total, one))];
    let product = s.push(Op::Mul(x, w));
    let sum = s.push(Op::Sum(product, Axis::Workers));
    let rounded = s.push(Op::Round(sum, k));
    let sorted = s.push(Op::Sorted(x));
    let (low, high) = (s.push(Op::At(sorted, 0)), s.push(Op::At(sorted, n - 1)));
    s.push(Op::Clamp(rounded, low, high));
    Program::new(s).unwrap()
}

/// What is proved of it, for outputs in units of `1/2^16`.
pub fn mean_claims(n: u32, d: u32, k: u8) -> Vec<Said> {
    let given = [nat(n), nat(d), nat(k.into()), int(LOW), int(HIGH)];
    let unit = ratio(1, 1 << 16);
    let sizes = [Number::Nat(n.into()), Number::Nat(d.into())];
    let units = [unit, ratio(1, 1 << k)];
    vec![
        said("mean_in_hull", Property::InHull, &given),
        said("mean_free_of_order", Property::FreeOfOrder, &given),
        said("mean_never_falls", Property::NeverFalls, &given),
        said("mean_moves_along", Property::MovesAlong, &given),
        near(
            "mean_near",
            "mean_spec",
            &sizes,
            &units,
            unit,
            ratio(1, 1 << 17),
            &[&given[..], &[real(1, 1 << 16), Argument::Holds]].concat(),
        ),
    ]
}
