//! What a program means to the kernel: one term for what it takes, one for what it computes.
//!
//! The inputs are one variable x, a function from their places, so input i is `x i`. Each operation is one `let`, whose value is the
//! definition of that operation in `sctt/program.sctt` at the values before it. Both terms are functions of the program alone.

use crate::build::{apply, int, lambda, nat, prim, table, var};
use crate::vocabulary::{Vocabulary, named_hashes};
use bfv_exact::Refused;
use bfv_exact::program::{Axis, Op, Program, Source, Value};
use bfv_format::{Decl, Node, Prim, Term};

/// The meaning of a program with n workers and d coordinates.
pub struct Meaning {
    /// `Inputs n d -> U 0`: that the inputs are in their ranges, vary over no more than declared, and that the conditions hold.
    pub valid: Term,
    /// `Inputs n d -> Value n d`: the result.
    pub run: Term,
}

/// The meaning of a program over declarations that have the library's.
///
/// # Errors
/// A definition is not there, or a constant does not come earlier.
pub fn meaning(program: &Program, decls: &[Decl]) -> Result<Meaning, Refused> {
    denote(program, &Vocabulary::of(&named_hashes(decls).map_err(|e| Refused::new("declarations", e.to_string()))?))
}

/// The meaning of a program.
///
/// # Errors
/// A definition that the vocabulary does not have.
pub(crate) fn denote(program: &Program, words: &Vocabulary) -> Result<Meaning, Refused> {
    let source = program.source();
    let tables = source.tables.iter().map(|t| table(&t.entries)).collect();
    let denoter = Denoter { source, words, tables };
    let all = source.ops.len();
    let run = denoter.under(all, var(all - 1 - place(source.result)))?;
    let needed = source.conditions.iter().map(|v| place(*v) + 1).max().unwrap_or(0);
    let valid = denoter.under(needed, denoter.valid(needed)?)?;
    Ok(Meaning { valid: lambda(valid), run: lambda(run) })
}

struct Denoter<'a> {
    source: &'a Source,
    words: &'a Vocabulary,
    tables: Vec<Term>,
}

impl Denoter<'_> {
    /// A definition for these numbers of workers and coordinates.
    fn word(&self, name: &str, arguments: impl IntoIterator<Item = Term>) -> Result<Term, Refused> {
        let sizes = [nat(self.source.workers), nat(self.source.coords)];
        self.words.apply(name, sizes.into_iter().chain(arguments))
    }

    /// A term below the values of the first operations, which stand in the scope of x.
    fn under(&self, count: usize, body: Term) -> Result<Term, Refused> {
        let ty = self.word("std.program.Value", [])?;
        let values = self.source.ops.iter().take(count).enumerate();
        values.rev().try_fold(body, |body, (i, op)| Ok(Term::new(Node::Let(ty.clone(), self.value(*op, i)?, body))))
    }

    /// An operation with i values before it.
    fn value(&self, op: Op, i: usize) -> Result<Term, Refused> {
        // The checks of programs say that every operand stands before its use.
        let at = |v: Value| var(i - 1 - place(v));
        let (name, arguments) = match op {
            Op::Const(z) => ("op_const", vec![int(z)]),
            Op::Input(k) => return Ok(apply(var(i), [nat(k)])),
            Op::Worker => ("op_worker", vec![]),
            Op::Coord => ("op_coord", vec![]),
            Op::Add(a, b) => ("op_add", vec![at(a), at(b)]),
            Op::Sub(a, b) => ("op_sub", vec![at(a), at(b)]),
            Op::Mul(a, b) => ("op_mul", vec![at(a), at(b)]),
            Op::Div(a, b) => ("op_div", vec![at(a), at(b)]),
            Op::Round(a, k) => ("op_round", vec![nat(k), at(a)]),
            Op::Min(a, b) => ("op_min", vec![at(a), at(b)]),
            Op::Max(a, b) => ("op_max", vec![at(a), at(b)]),
            Op::Clamp(a, low, high) => ("op_clamp", vec![at(a), at(low), at(high)]),
            Op::Less(a, b) => ("op_less", vec![at(a), at(b)]),
            Op::Equal(a, b) => ("op_equal", vec![at(a), at(b)]),
            Op::Select(q, a, b) => ("op_select", vec![at(q), at(a), at(b)]),
            Op::Lookup(a, t) => {
                let [low, entries] = self.lookup(t)?;
                ("op_lookup", vec![low, entries, at(a)])
            }
            Op::Sum(a, Axis::Workers) => ("op_sum_workers", vec![at(a)]),
            Op::Sum(a, Axis::Coords) => ("op_sum_coords", vec![at(a)]),
            Op::Sorted(a) => ("op_sorted", vec![at(a)]),
            Op::At(a, k) => ("op_at", vec![nat(k), at(a)]),
            Op::Pick(a, k) => ("op_pick", vec![at(a), at(k)]),
            Op::ArgMax(a) => ("op_argmax", vec![at(a)]),
            Op::Alike(a) => ("op_alike", vec![at(a)]),
        };
        self.word(&format!("std.program.{name}"), arguments)
    }

    /// The first argument of a table, and the table.
    fn lookup(&self, t: u32) -> Result<[Term; 2], Refused> {
        match (self.source.tables.get(place(t)), self.tables.get(place(t))) {
            (Some(table), Some(entries)) => Ok([int(table.low), entries.clone()]),
            _ => Err(Refused::new("a program", format!("there is no table {t}"))),
        }
    }

    /// The conjunction of what is declared of the inputs and of the conditions, below some values.
    fn valid(&self, values: usize) -> Result<Term, Refused> {
        // A conjunction binds a proof of its first part, so each part stands one deeper than the one before it.
        let mut parts: Vec<Term> = Vec::new();
        for (k, input) in (0_u32..).zip(&self.source.inputs) {
            let x = |depth: usize| apply(var(values + depth), [nat(k)]);
            parts.push(self.word("std.program.InRange", [int(input.low), int(input.high), x(parts.len())])?);
            if !input.shape.coords {
                parts.push(self.word("std.program.SameForCoords", [x(parts.len())])?);
            }
            if !input.shape.workers {
                parts.push(self.word("std.program.SameForWorkers", [x(parts.len())])?);
            }
        }
        for condition in &self.source.conditions {
            let value = var(values - 1 - place(*condition) + parts.len());
            parts.push(self.word("std.program.Holds", [value])?);
        }
        let last = parts.pop().unwrap_or_else(|| prim(Prim::Unit));
        Ok(parts.into_iter().rev().fold(last, |rest, part| Term::new(Node::Sigma(part, rest))))
    }
}

/// The place of a value, which is below the number of operations.
fn place(v: Value) -> usize {
    usize::try_from(v).unwrap_or(usize::MAX)
}
