//! Programs as data: expressions without types, whose local variables are numbered by how many bindings stand around them.

use num_bigint::BigInt;
use std::rc::Rc;

/// What the runtime of every language has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Add,
    Sub,
    Mul,
    Monus,
    Less,
    AtMost,
    Inverse,
    Floor,
    ToReal,
    Pair,
    First,
    Second,
    Recurse,
    ByNumber,
    BySign,
    Empty,
    Unit,
    Booleans,
    Numbers,
    Statement,
    Equal,
    Forall,
    Exists,
    Implies,
    Both,
}

impl Op {
    /// The name of its function.
    pub fn name(self) -> &'static str {
        match self {
            Op::Add => "add",
            Op::Sub => "sub",
            Op::Mul => "mul",
            Op::Monus => "monus",
            Op::Less => "less",
            Op::AtMost => "at_most",
            Op::Inverse => "inverse",
            Op::Floor => "floor",
            Op::ToReal => "to_real",
            Op::Pair => "pair",
            Op::First => "first",
            Op::Second => "second",
            Op::Recurse => "recurse",
            Op::ByNumber => "by_number",
            Op::BySign => "by_sign",
            Op::Empty => "empty",
            Op::Unit => "unit",
            Op::Booleans => "booleans",
            Op::Numbers => "numbers",
            Op::Statement => "statement",
            Op::Equal => "equal",
            Op::Forall => "forall",
            Op::Exists => "exists",
            Op::Implies => "implies",
            Op::Both => "both",
        }
    }
}

/// A case of a data type: how many fields it binds, and its value.
#[derive(Clone, Debug)]
pub struct Branch {
    pub fields: usize,
    pub body: Expr,
}

#[derive(Clone, Debug)]
pub enum Expr {
    /// The variable of a level.
    Var(usize),
    /// A function that binds the variable of a level.
    Lam(usize, Rc<Expr>),
    App(Rc<Expr>, Rc<Expr>),
    /// A function of the program with all its arguments.
    Call(usize, Vec<Expr>),
    Whole(BigInt),
    /// Numerator and denominator, which is positive.
    Real(BigInt, BigInt),
    Truth(bool),
    Star,
    If(Rc<Expr>, Rc<Expr>, Rc<Expr>),
    Op(Op, Vec<Expr>),
    Vector(Vec<Expr>),
    Con(usize, Vec<Expr>),
    /// The branches bind the variables from a level on.
    Case(Rc<Expr>, usize, Vec<Branch>),
    /// A data type: the types of the fields of each constructor.
    Data(Vec<Vec<Expr>>),
    /// What has no translation, and why.
    Absent(String),
}

impl Expr {
    /// The parts of an expression.
    pub fn parts(&self) -> Vec<&Expr> {
        match self {
            Expr::Var(_) | Expr::Whole(_) | Expr::Real(..) | Expr::Truth(_) | Expr::Star | Expr::Absent(_) => {
                Vec::new()
            }
            Expr::Lam(_, b) => vec![b],
            Expr::App(f, a) => vec![f, a],
            Expr::If(a, b, c) => vec![a, b, c],
            Expr::Call(_, all) | Expr::Op(_, all) | Expr::Vector(all) | Expr::Con(_, all) => all.iter().collect(),
            Expr::Case(s, _, branches) => std::iter::once(&**s).chain(branches.iter().map(|b| &b.body)).collect(),
            Expr::Data(all) => all.iter().flatten().collect(),
        }
    }

    /// The levels of the variables that are free in it.
    pub fn free(&self, out: &mut std::collections::BTreeSet<usize>) {
        match self {
            Expr::Var(level) => {
                out.insert(*level);
            }
            // What is bound deeper is no free variable, and levels at and above a binding are bound in it.
            Expr::Lam(level, body) => out.extend(body.all_free().range(..*level)),
            Expr::Case(s, level, branches) => {
                s.free(out);
                for b in branches {
                    out.extend(b.body.all_free().range(..*level));
                }
            }
            other => other.parts().into_iter().for_each(|p| p.free(out)),
        }
    }

    /// The same as a set of its own.
    pub fn all_free(&self) -> std::collections::BTreeSet<usize> {
        let mut out = std::collections::BTreeSet::new();
        self.free(&mut out);
        out
    }
}

/// A definition.
#[derive(Clone, Debug)]
pub struct Function {
    pub name: String,
    /// How many parameters it takes: the variables of the first levels.
    pub params: usize,
    pub body: Expr,
}
