//! From kernel values to arithmetic trees. What is no arithmetic becomes an atom; atoms are told apart by conversion.

use bfv_format::{Arith, DataRef, Op, Prim, Rational, Sort, Term};
use bfv_kernel::{Ctx, Elim, Head, Machine, Neutral, Res, V, Val};
use num_bigint::{BigInt, BigUint};
use std::collections::BTreeMap;

/// Steps for the question whether two atoms are one.
const SAME_ATOM: u64 = 2_000;

/// Pieces of a value that are looked at for telling it apart.
const PIECES: usize = 4_096;

/// Atoms met so far, with their values and how they read back.
pub struct Atoms {
    pub list: Vec<(Sort, Term)>,
    values: Vec<V>,
    /// The atoms that are plain, by what they are made of: two that differ there differ, so the evaluator need not be asked.
    plain: BTreeMap<(Sort, Vec<Piece>), u32>,
    /// The others.
    other: Vec<u32>,
    /// Whether definitions that compute to arithmetic are looked through.
    unfold: bool,
}

impl Atoms {
    pub fn new(unfold: bool) -> Self {
        Atoms { list: Vec::new(), values: Vec::new(), plain: BTreeMap::new(), other: Vec::new(), unfold }
    }

    /// The value of an atom.
    pub fn value(&self, n: u32) -> Option<&V> {
        self.values.get(usize::try_from(n).ok()?)
    }

    /// How an atom reads back.
    pub fn term(&self, n: u32) -> Option<&Term> {
        self.list.get(usize::try_from(n).ok()?).map(|(_, t)| t)
    }

    fn find(&mut self, m: &Machine<'_>, ctx: &Ctx, sort: Sort, v: &V) -> Res<u32> {
        let mut pieces = Vec::new();
        // Comparing definitions by what they compute to belongs to looking through them.
        let plain = self.unfold && take_apart(m, v, &mut pieces)?;
        let key = (sort, pieces);
        if plain && let Some(n) = self.plain.get(&key) {
            return Ok(*n);
        }
        let term = m.quote(ctx, v)?;
        let ty = m.value(Val::Prim(carrier(sort)));
        let others = (0u32..).zip(self.list.iter().zip(&self.values));
        for (n, ((s, t), w)) in others.filter(|(n, _)| !plain || self.other.contains(n)) {
            // Two that are hard to tell apart count as two: at worst a proof is missed.
            let equal = || m.within(SAME_ATOM, || m.conv(ctx, &ty, v, w)).map(|same| same == Some(true));
            if *s == sort && (*t == term || (self.unfold && equal()?)) {
                return Ok(n);
            }
        }
        let n = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        if plain {
            self.plain.insert(key, n);
        } else {
            self.other.push(n);
        }
        self.list.push((sort, term));
        self.values.push(v.clone());
        Ok(n)
    }
}

/// What a plain value is made of, in the order of a walk through it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// A variable by level, and its number of arguments.
    Var(u32, usize),
    /// `Star`, `True` or `False`.
    Prim(Prim),
    Int(BigInt),
    Real(BigInt, BigUint),
    /// A constructor of a data type. Its parameters are types, which the fields determine where types agree.
    Con(DataRef, u32),
}

/// The pieces of a value made of variables, constructors and literals under application alone; false when it is not, or too large.
fn take_apart(m: &Machine<'_>, v: &V, out: &mut Vec<Piece>) -> Res<bool> {
    if out.len() > PIECES {
        return Ok(false);
    }
    let parts: Vec<V> = match &*m.whnf(v)? {
        Val::Prim(p @ (Prim::Star | Prim::True | Prim::False)) => {
            out.push(Piece::Prim(*p));
            Vec::new()
        }
        Val::NatLit(n) => {
            out.push(Piece::Int(n.clone().into()));
            Vec::new()
        }
        Val::IntLit(n) => {
            out.push(Piece::Int(n.clone()));
            Vec::new()
        }
        Val::RealLit(q) => {
            out.push(Piece::Real(q.num.clone(), q.den.clone()));
            Vec::new()
        }
        Val::Con(d, c, _, xs, dims) if dims.is_empty() => {
            out.push(Piece::Con(*d, *c));
            xs.to_vec()
        }
        // Every element of Unit is `Star`.
        Val::Neutral(Neutral { head: Head::Var(_, ty), spine, .. })
            if spine.is_empty() && matches!(&*m.whnf(ty)?, Val::Prim(Prim::Unit)) =>
        {
            out.push(Piece::Prim(Prim::Star));
            Vec::new()
        }
        Val::Neutral(Neutral { head: Head::Var(level, _), spine, .. }) => {
            out.push(Piece::Var(*level, spine.len()));
            let args = spine.iter().map(|e| if let Elim::App(a) = e { Some(a.clone()) } else { None });
            match args.collect::<Option<_>>() {
                Some(args) => args,
                None => return Ok(false),
            }
        }
        _ => return Ok(false),
    };
    for x in &parts {
        if !take_apart(m, x, out)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The built-in type of a sort.
pub fn carrier(s: Sort) -> Prim {
    match s {
        Sort::Nat => Prim::Nat,
        Sort::Int => Prim::Int,
        Sort::Real => Prim::Real,
    }
}

fn literal(sort: Sort, num: BigInt) -> Op {
    Op::Lit(sort, Rational { num, den: 1u8.into() })
}

/// The tree of a value of a sort.
pub fn tree(m: &Machine<'_>, ctx: &Ctx, atoms: &mut Atoms, sort: Sort, v: &V, out: &mut Arith) -> Res<()> {
    let folded = m.folded(v)?;
    // A definition is looked through when what it computes to is arithmetic.
    let seen = match &*folded {
        Val::Neutral(Neutral { head: Head::Const(..), unfolded: Some(_), .. }) if atoms.unfold => {
            let w = m.whnf(v)?;
            match &*w {
                Val::Neutral(Neutral { head: Head::Prim(p), .. }) if operation(*p).is_some() => w,
                Val::Neutral(_) => folded,
                _ => w,
            }
        }
        _ => folded,
    };
    match &*seen {
        Val::NatLit(n) => out.push(literal(sort, n.clone().into())),
        Val::IntLit(n) => out.push(literal(sort, n.clone())),
        Val::RealLit(q) => out.push(Op::Lit(sort, q.clone())),
        Val::Suc(n, x) => {
            tree(m, ctx, atoms, Sort::Nat, x, out)?;
            out.push(literal(Sort::Nat, n.clone().into()));
            out.push(Op::Add);
        }
        Val::IntPos(x) => {
            tree(m, ctx, atoms, Sort::Nat, x, out)?;
            out.push(Op::NatToInt);
        }
        Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (operation(*p), &**spine) {
            (Some((op, s)), [Elim::App(a), Elim::App(b)]) => {
                tree(m, ctx, atoms, s, a, out)?;
                tree(m, ctx, atoms, s, b, out)?;
                out.push(op);
            }
            (Some((op, s)), [Elim::App(a)]) => {
                tree(m, ctx, atoms, s, a, out)?;
                out.push(op);
            }
            _ => out.push(Op::Atom(sort, atoms.find(m, ctx, sort, v)?)),
        },
        _ => out.push(Op::Atom(sort, atoms.find(m, ctx, sort, v)?)),
    }
    Ok(())
}

/// The instruction of an operation, and the sort of its operands.
fn operation(p: Prim) -> Option<(Op, Sort)> {
    Some(match p {
        Prim::NatAdd => (Op::Add, Sort::Nat),
        Prim::NatMul => (Op::Mul, Sort::Nat),
        Prim::IntAdd => (Op::Add, Sort::Int),
        Prim::IntSub => (Op::Sub, Sort::Int),
        Prim::IntMul => (Op::Mul, Sort::Int),
        Prim::RealAdd => (Op::Add, Sort::Real),
        Prim::RealSub => (Op::Sub, Sort::Real),
        Prim::RealMul => (Op::Mul, Sort::Real),
        Prim::RealOfNat => (Op::NatToReal, Sort::Nat),
        Prim::RealOfInt => (Op::IntToReal, Sort::Int),
        _ => return None,
    })
}

/// What a type states about numbers.
pub enum Atomic {
    /// `a < b`, `a <= b` or `a = b` with the values.
    Relation(Sort, bfv_format::Relation, V, V),
    /// The same between literals, which computed to true or false already.
    Decided(bool),
}

/// Recognises `a < b` in `Path Bool (ltb a b) true`.
pub fn strict(m: &Machine<'_>, ty: &V) -> Res<Option<Atomic>> {
    use bfv_format::Relation::Lt;
    let w = m.whnf(ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let at = m.whnf(&m.dinst(line, bfv_kernel::Ivl::Zero))?;
    if !matches!(&*at, Val::Prim(Prim::Bool)) || !matches!(&*m.whnf(b)?, Val::Prim(Prim::True)) {
        return Ok(None);
    }
    // Comparisons of definitions are taken as they stand; looking through them is the business of `tree`.
    Ok(match &*m.folded(a)? {
        Val::Prim(Prim::True) => Some(Atomic::Decided(true)),
        Val::Prim(Prim::False) => Some(Atomic::Decided(false)),
        Val::Neutral(Neutral { head: Head::Prim(p), spine, .. }) => match (p, &**spine) {
            (Prim::NatLtb, [Elim::App(x), Elim::App(y)]) => Some(Atomic::Relation(Sort::Nat, Lt, x.clone(), y.clone())),
            (Prim::IntLtb, [Elim::App(x), Elim::App(y)]) => Some(Atomic::Relation(Sort::Int, Lt, x.clone(), y.clone())),
            (Prim::RealLtb, [Elim::App(x), Elim::App(y)]) => {
                Some(Atomic::Relation(Sort::Real, Lt, x.clone(), y.clone()))
            }
            _ => None,
        },
        // A definition that computes to a truth value, such as an element of a given vector.
        Val::Neutral(Neutral { head: Head::Const(..), unfolded: Some(_), .. }) => match &*m.whnf(a)? {
            Val::Prim(Prim::True) => Some(Atomic::Decided(true)),
            Val::Prim(Prim::False) => Some(Atomic::Decided(false)),
            _ => None,
        },
        _ => None,
    })
}

/// The negated type, when a type is a negation.
pub fn negated(m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<Option<V>> {
    let w = m.whnf(ty)?;
    let Val::Pi(dom, cod) = &*w else { return Ok(None) };
    let (_, x) = m.bind(ctx, dom.clone());
    Ok(matches!(&*m.whnf(&m.inst(cod, x))?, Val::Prim(Prim::Empty)).then(|| dom.clone()))
}

/// Recognises an equation of numbers.
pub fn equation(m: &Machine<'_>, ty: &V) -> Res<Option<(Sort, V, V)>> {
    let w = m.whnf(ty)?;
    let Val::Path(line, a, b) = &*w else { return Ok(None) };
    let sort = match &*m.whnf(&m.dinst(line, bfv_kernel::Ivl::Zero))? {
        Val::Prim(Prim::Nat) => Sort::Nat,
        Val::Prim(Prim::Int) => Sort::Int,
        Val::Prim(Prim::Real) => Sort::Real,
        _ => return Ok(None),
    };
    Ok(Some((sort, a.clone(), b.clone())))
}
