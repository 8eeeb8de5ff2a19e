//! Random choices that are the same everywhere, and the comparison of the two checkers' answers.
#![allow(dead_code)]

use bfv_format::{Decl, Node, Op, Outcome, Prim, Sort, Stored, Term, write};
use bfv_kernel::{Limits, Signature};
use std::rc::Rc;

/// A linear congruential generator: the same numbers everywhere.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, n: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(n)).unwrap()
    }
    pub fn small(&mut self, n: u32) -> u64 {
        u64::from(self.roll(n))
    }
}

/// How the judgements of a run were answered.
#[derive(Debug, Default)]
pub struct Count {
    pub accepted: u32,
    pub refused: u32,
    pub unknown: u32,
}

/// The bytes of a judgement after some declarations.
fn bytes(decls: Vec<Decl>, statement: &Term, evidence: &Term) -> Vec<u8> {
    write(&Stored {
        decls,
        claim: "agree".into(),
        statement: statement.clone(),
        verdict: Outcome::Proved,
        evidence: evidence.clone(),
        witness: vec![],
        engine: String::new(),
    })
}

fn second(bytes: &[u8]) -> Result<(), String> {
    let limits = bfv_recheck::Limits { steps: 20_000_000, ..bfv_recheck::Limits::default() };
    bfv_recheck::recheck(bytes, limits).map(|_| ()).map_err(|r| r.reason.to_owned())
}

impl Count {
    fn add(&mut self, first: &Result<(), String>, second: &Result<(), String>, what: impl FnOnce() -> String) {
        match (first, second) {
            (Ok(()), Ok(())) => self.accepted += 1,
            (Err(a), Err(b)) if a == "budget" || b == "budget" => self.unknown += 1,
            (Err(a), Err(b)) if a == b => self.refused += 1,
            // The reader comes before the second checker.
            (Err(_), Err(b)) if b == "unreadable" => self.refused += 1,
            (Err(r), Ok(())) | (Ok(()), Err(r)) if r == "budget" => self.unknown += 1,
            _ => panic!("{first:?} {second:?} {}", what()),
        }
    }
}

/// Judges by both and counts the answer; another answer or another reason is a failure that names its seed.
pub fn compare(seed: u64, s: &Signature, statement: Term, evidence: Term, count: &mut Count) {
    let limits = Limits { steps: 300_000, ..Limits::default() };
    let first = s.prove(&statement, &evidence, limits).map(|_| ()).map_err(|r| r.reason.to_owned());
    let second = second(&bytes(s.decls().cloned().collect(), &statement, &evidence));
    count.add(&first, &second, || format!("seed {seed}\n{statement:?}\n{evidence:?}"));
}

/// The same for one more declaration.
pub fn compare_decl(seed: u64, s: &Signature, decl: &Decl, count: &mut Count) {
    let limits = Limits { steps: 300_000, ..Limits::default() };
    let first = s.clone().add(decl.clone(), limits).map(|_| ()).map_err(|r| r.reason.to_owned());
    let decls = s.decls().cloned().chain([decl.clone()]).collect();
    let second = second(&bytes(decls, &Rc::new(Node::Prim(Prim::Unit)), &Rc::new(Node::Prim(Prim::Star))));
    count.add(&first, &second, || format!("seed {seed}\n{decl:?}"));
}

/// The term of an arithmetic tree over some atoms, with its sort; `None` for a tree that denotes nothing.
pub fn denoted(tree: &[Op], atom: &dyn Fn(u32) -> Option<Term>) -> Option<(Sort, Term)> {
    let literal = |node: Node| -> Term { Rc::new(node) };
    let apply =
        |p: Prim, args: &[Term]| args.iter().fold(literal(Node::Prim(p)), |f, a| Rc::new(Node::App(f, a.clone())));
    let mut stack: Vec<(Sort, Term)> = Vec::new();
    for o in tree {
        let of = |s: Sort, ops: [Prim; 3]| ops[s as usize];
        let next = match o {
            Op::Atom(s, n) => (*s, atom(*n)?),
            Op::Lit(Sort::Nat, q) => (Sort::Nat, literal(Node::NatLit(q.num.magnitude().clone()))),
            Op::Lit(Sort::Int, q) => (Sort::Int, literal(Node::IntLit(q.num.clone()))),
            Op::Lit(s, q) => (*s, literal(Node::RealLit(q.clone()))),
            Op::NatToInt => (Sort::Int, apply(Prim::IntPos, &[stack.pop()?.1])),
            Op::NatToReal => (Sort::Real, apply(Prim::RealOfNat, &[stack.pop()?.1])),
            Op::IntToReal => (Sort::Real, apply(Prim::RealOfInt, &[stack.pop()?.1])),
            _ => {
                let ((_, b), (s, a)) = (stack.pop()?, stack.pop()?);
                let p = match o {
                    Op::Add => of(s, [Prim::NatAdd, Prim::IntAdd, Prim::RealAdd]),
                    Op::Mul => of(s, [Prim::NatMul, Prim::IntMul, Prim::RealMul]),
                    _ => of(s, [Prim::NatSub, Prim::IntSub, Prim::RealSub]),
                };
                (s, apply(p, &[a, b]))
            }
        };
        stack.push(next);
    }
    stack.pop()
}
