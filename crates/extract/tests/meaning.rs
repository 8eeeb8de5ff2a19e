//! What a program means to the kernel is what `exact` computes: random programs at random inputs, every operation among them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod library;

use bfv_exact::program::{Axis, Input, Op, Program, Shape, Source, Table, Value};
use bfv_extract::meaning;
use bfv_format::{Decl, Node, Prim, Term};
use bfv_kernel::{Limits, Signature};
use library::{elaborate, with_stack};
use num_bigint::BigInt;
use std::collections::{BTreeMap, BTreeSet};

/// A pseudo-random sequence, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        u32::try_from((self.0 >> 11) % u64::from(n)).unwrap()
    }

    fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::from(self.below(u32::try_from(high - low + 1).unwrap()))
    }
}

const OPERATIONS: u32 = 23;

fn any_op(dice: &mut Dice, before: u32) -> Op {
    let [a, b, c] = [(); 3].map(|()| -> Value { dice.below(before) });
    match dice.below(OPERATIONS) {
        0 => Op::Const(dice.between(-9, 9)),
        1 => Op::Input(dice.below(4)),
        2 => Op::Worker,
        3 => Op::Coord,
        4 => Op::Add(a, b),
        5 => Op::Sub(a, b),
        6 => Op::Mul(a, b),
        7 => Op::Div(a, b),
        8 => Op::Round(a, u8::try_from(1 + dice.below(4)).unwrap()),
        9 => Op::Min(a, b),
        10 => Op::Max(a, b),
        11 => Op::Clamp(a, b, c),
        12 => Op::Less(a, b),
        13 => Op::Equal(a, b),
        14 => Op::Select(a, b, c),
        15 => Op::Lookup(a, 0),
        16 => Op::Sum(a, Axis::Workers),
        17 => Op::Sum(a, Axis::Coords),
        18 => Op::Sorted(a),
        19 => Op::At(a, dice.below(3)),
        20 => Op::Pick(a, b),
        21 => Op::ArgMax(a),
        _ => Op::Alike(a),
    }
}

/// Inputs of all four shapes, small enough for ties; operations that would be refused are left out.
fn any_program(dice: &mut Dice) -> Program {
    let shape = |workers, coords| Shape { workers, coords };
    let shapes = [shape(true, true), shape(true, false), shape(false, true), shape(false, false)];
    let mut s = Source {
        workers: 1 + dice.below(3),
        coords: 1 + dice.below(2),
        inputs: shapes.map(|shape| Input { shape, low: -4, high: 4 }).to_vec(),
        tables: vec![Table { low: -4, entries: (0..9).map(|_| dice.between(-99, 99)).collect() }],
        ..Source::default()
    };
    s.push(Op::Input(0));
    for _ in 0..40 {
        let mut more = s.clone();
        more.push(any_op(dice, u32::try_from(s.ops.len()).unwrap()));
        if s.ops.len() < 12 && Program::new(more.clone()).is_ok() {
            s = more;
        }
    }
    Program::new(s).unwrap()
}

/// Terms over the library.
struct Words<'a> {
    positions: &'a BTreeMap<String, u32>,
    sizes: (u32, u32),
}

fn app(f: Term, arguments: &[Term]) -> Term {
    arguments.iter().fold(f, |f, a| Term::new(Node::App(f, a.clone())))
}

fn nat(n: u32) -> Term {
    Term::new(Node::NatLit(n.into()))
}

fn int(z: i64) -> Term {
    Term::new(Node::IntLit(BigInt::from(z)))
}

fn prim(p: Prim) -> Term {
    Term::new(Node::Prim(p))
}

impl Words<'_> {
    fn word(&self, name: &str, arguments: &[Term]) -> Term {
        app(Term::new(Node::Const { id: self.positions[name], shift: 0 }), arguments)
    }

    /// The position i of n.
    fn place(&self, n: u32, i: u32) -> Term {
        match i {
            0 => self.word("std.fin.fzero", &[nat(n - 1)]),
            _ => self.word("std.fin.fsuc", &[nat(n - 1), self.place(n - 1, i - 1)]),
        }
    }

    fn vector(&self, of: &Term, elements: &[Term]) -> Term {
        let empty = self.word("std.vec.nil", std::slice::from_ref(of));
        (0..)
            .zip(elements.iter().rev())
            .fold(empty, |rest, (k, e)| self.word("std.vec.cons", &[nat(k), of.clone(), e.clone(), rest]))
    }

    /// An input at every worker and coordinate; what does not vary is the same everywhere.
    fn input(&self, shape: Shape, numbers: &[i64]) -> Term {
        let (n, d) = self.sizes;
        let row = |w: u32| -> Vec<Term> {
            (0..d)
                .map(|c| {
                    let coords = if shape.coords { d } else { 1 };
                    let place = if shape.workers { w * coords } else { 0 } + if shape.coords { c } else { 0 };
                    int(numbers[usize::try_from(place).unwrap()])
                })
                .collect()
        };
        let row_type = self.word("std.vec.Vec", &[nat(d), prim(Prim::Int)]);
        let rows: Vec<Term> = (0..n).map(|w| self.vector(&prim(Prim::Int), &row(w))).collect();
        self.vector(&row_type, &rows)
    }

    /// All inputs as a function from natural numbers, which is the last one at all others.
    fn inputs(&self, inputs: &[Term]) -> Term {
        let (n, d) = self.sizes;
        let value = self.word("std.program.Value", &[nat(n), nat(d)]);
        let lam = |t| Term::new(Node::Lam(t));
        let (last, others) = inputs.split_last().unwrap();
        let nested = others.iter().enumerate().rev().fold(last.clone(), |rest, (k, x)| {
            let scrutinee = Term::new(Node::Var(u32::from(k > 0)));
            Term::new(Node::NatElim(value.clone(), x.clone(), lam(lam(rest)), scrutinee))
        });
        lam(nested)
    }
}

/// Whether the kernel computes this number for a whole number.
fn computes(signature: &Signature, computed: &Term, number: i64) -> bool {
    let statement = Term::new(Node::Path(prim(Prim::Int), computed.clone(), int(number)));
    signature.prove(&statement, &Term::new(Node::DLam(int(number))), Limits::default()).is_ok()
}

#[test]
fn the_kernel_computes_what_programs_compute() {
    with_stack(|| {
        let elaborated = elaborate("import std.program\n");
        let decls: Vec<Decl> = elaborated.signature.decls().cloned().collect();
        let mut dice = Dice(7);
        let mut used = BTreeSet::new();
        for round in 0..120 {
            let program = any_program(&mut dice);
            let s = program.source();
            let words = Words { positions: &elaborated.positions, sizes: (s.workers, s.coords) };
            let cells =
                |shape: Shape| (if shape.workers { s.workers } else { 1 }) * (if shape.coords { s.coords } else { 1 });
            let numbers: Vec<Vec<i64>> =
                s.inputs.iter().map(|i| (0..cells(i.shape)).map(|_| dice.between(i.low, i.high)).collect()).collect();
            let result = program.run(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
            let x =
                words.inputs(&s.inputs.iter().zip(&numbers).map(|(i, n)| words.input(i.shape, n)).collect::<Vec<_>>());
            let run = meaning(&program, &decls).unwrap().run;
            // A name for the meaning, as a function has no type by itself.
            let mut signature = elaborated.signature.clone();
            let inputs = words.word("std.program.Inputs", &[nat(s.workers), nat(s.coords)]);
            let value = words.word("std.program.Value", &[nat(s.workers), nat(s.coords)]);
            let ty = Term::new(Node::Pi(inputs.clone(), value));
            let run = signature.add(Decl::Def { name: "run".into(), ty, body: run }, Limits::default()).unwrap();
            let x = signature.add(Decl::Def { name: "x".into(), ty: inputs, body: x }, Limits::default()).unwrap();
            let constant = |id| Term::new(Node::Const { id, shift: 0 });
            let shape = program.facts()[usize::try_from(s.result).unwrap()].shape;
            for (w, c) in (0..s.workers).flat_map(|w| (0..s.coords).map(move |c| (w, c))) {
                let place = (if shape.workers { w } else { 0 }) * (if shape.coords { s.coords } else { 1 })
                    + if shape.coords { c } else { 0 };
                let number = result[usize::try_from(place).unwrap()];
                let at = app(constant(run), &[constant(x), words.place(s.workers, w), words.place(s.coords, c)]);
                assert!(computes(&signature, &at, number), "round {round}: {s:?} at {numbers:?} is not {number}");
                assert!(!computes(&signature, &at, number + 1), "round {round}: the kernel computes two numbers");
            }
            used.extend(s.ops.iter().map(|op| format!("{op:?}").split('(').next().unwrap().to_owned()));
        }
        assert_eq!(used.len(), 22, "every operation is tried: {used:?}");
    });
}
