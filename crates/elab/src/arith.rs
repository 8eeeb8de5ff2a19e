//! Infix operators: which numbers are meant, embeddings at the leaves, relations, connectives.

use crate::context::Local;
use crate::elab::{Elab, Kind, R, Typed, embedding, problem};
use crate::expr::{is_arithmetic, negate, up};
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{Node, Prim, Sort, Term};
use bfv_kernel::{Head, META_BASE, Neutral, V, Val};
use bfv_syntax::tree::{BinOp, Expr, ExprKind};
use num_bigint::{BigInt, BigUint};
use num_rational::BigRational;
use std::rc::Rc;

/// An arithmetic expression whose leaves are elaborated and whose numbers are not chosen yet.
enum Tree<'e> {
    Leaf(Typed, Option<Sort>, Span),
    Number(&'e BigUint, u32, Span),
    Neg(Box<Tree<'e>>, Span),
    Op(BinOp, Box<Tree<'e>>, Box<Tree<'e>>, Span),
    Pow(Box<Tree<'e>>, Term, Span),
}

/// The built-in type of a sort.
pub fn carrier(s: Sort) -> Prim {
    match s {
        Sort::Nat => Prim::Nat,
        Sort::Int => Prim::Int,
        Sort::Real => Prim::Real,
    }
}

/// `a < b` at a sort, as `Path Bool (ltb a b) true`.
pub fn less(s: Sort, a: Term, b: Term) -> Term {
    let ltb = match s {
        Sort::Nat => Prim::NatLtb,
        Sort::Int => Prim::IntLtb,
        Sort::Real => Prim::RealLtb,
    };
    let bool_ty = Rc::new(Node::Prim(Prim::Bool));
    Rc::new(Node::Path(bool_ty, call(ltb, &[a, b]), Rc::new(Node::Prim(Prim::True))))
}

fn call(p: Prim, args: &[Term]) -> Term {
    args.iter().fold(Rc::new(Node::Prim(p)), |f, a| Rc::new(Node::App(f, a.clone())))
}

/// A constant path type.
pub fn equal(ty: &Term, a: Term, b: Term) -> Term {
    Rc::new(Node::Path(walk::shift(ty, Depth { terms: 0, dims: 1 }), a, b))
}

impl Elab<'_> {
    /// The sort of a type, when it is one of numbers; `Err` says whether it is still unknown.
    fn sort_of(&self, span: Span, ty: &V) -> R<Result<Sort, bool>> {
        Ok(match &*self.whnf(span, ty)? {
            Val::Prim(Prim::Nat) => Ok(Sort::Nat),
            Val::Prim(Prim::Int) => Ok(Sort::Int),
            Val::Prim(Prim::Real) => Ok(Sort::Real),
            Val::Neutral(Neutral { head: Head::Const(id, _), .. }) if *id >= META_BASE => Err(true),
            _ => Err(false),
        })
    }

    fn tree<'e>(&self, local: &Local, e: &'e Expr) -> R<Tree<'e>> {
        match &*e.kind {
            ExprKind::Number(n, places) => Ok(Tree::Number(n, *places, e.span)),
            ExprKind::Neg(a) => Ok(Tree::Neg(Box::new(self.tree(local, a)?), e.span)),
            ExprKind::Binary(BinOp::Pow, a, n) => {
                let n = self.check(local, n, &self.prim(Prim::Nat))?;
                Ok(Tree::Pow(Box::new(self.tree(local, a)?), n, e.span))
            }
            ExprKind::Binary(op, a, b) if is_arithmetic(*op) => {
                Ok(Tree::Op(*op, Box::new(self.tree(local, a)?), Box::new(self.tree(local, b)?), e.span))
            }
            _ => {
                let t = self.infer(local, e)?;
                match self.sort_of(e.span, &t.ty)? {
                    Ok(s) => Ok(Tree::Leaf(t, Some(s), e.span)),
                    Err(true) => Ok(Tree::Leaf(t, None, e.span)),
                    Err(false) => {
                        let ty = self.show(local, &t.ty);
                        problem(
                            Kind::TypeMismatch,
                            e.span,
                            format!("This has type `{ty}`, but a number is needed here."),
                            if ty.starts_with("Vec ") {
                                "Take one element, as in `x i`, or state it of all, as in `forall i, 0 <= x i`."
                            } else {
                                "Use numbers of type Nat, Int or Real with arithmetic and order."
                            },
                        )
                    }
                }
            }
        }
    }

    /// Elaborates an arithmetic expression; the expected type, when it is one of numbers, takes part in the choice.
    pub fn arithmetic(&self, local: &Local, e: &Expr, expected: Option<&V>) -> R<Typed> {
        let want = match expected {
            Some(ty) => self.sort_of(e.span, ty)?.ok(),
            None => None,
        };
        if let (ExprKind::Number(n, 0), Some(ty)) = (&*e.kind, expected)
            && want.is_none()
            && let Some(t) = self.fin_literal(local, e.span, n, ty)?
        {
            return Ok(t);
        }
        let tree = self.tree(local, e)?;
        let sort = match (sort_needed(&tree), want) {
            (Some(s), Some(w)) => s.max(w),
            (Some(s), None) => s,
            (None, Some(w)) => w.max(least_sort(&tree)),
            (None, None) => least_sort(&tree),
        };
        let term = self.build(local, &tree, sort)?;
        Ok(Typed { term, ty: self.prim(carrier(sort)) })
    }

    fn build(&self, local: &Local, t: &Tree<'_>, sort: Sort) -> R<Term> {
        match t {
            Tree::Leaf(t, None, span) => {
                let ty = self.prim(carrier(sort));
                self.coerce(local, *span, t.clone(), &ty)
            }
            Tree::Leaf(t, Some(s), span) => {
                if *s == sort {
                    return Ok(t.term.clone());
                }
                match embedding(carrier(*s), carrier(sort)) {
                    Some(f) => Ok(call(f, std::slice::from_ref(&t.term))),
                    None => {
                        let ty = self.prim(carrier(sort));
                        self.coerce(local, *span, t.clone(), &ty)
                    }
                }
            }
            Tree::Number(n, places, span) => self.literal(n, *places, false, sort, *span),
            Tree::Neg(a, span) => match (&**a, sort) {
                (Tree::Number(n, places, _), Sort::Int | Sort::Real) => self.literal(n, *places, true, sort, *span),
                (_, Sort::Nat) => problem(
                    Kind::TypeMismatch,
                    *span,
                    "A natural number has no negative.",
                    "Use Int or Real, for example `(n : Int)`.",
                ),
                _ => {
                    let zero = self.literal(&BigUint::ZERO, 0, false, sort, *span)?;
                    Ok(call(operation(BinOp::Sub, sort), &[zero, self.build(local, a, sort)?]))
                }
            },
            Tree::Op(BinOp::Div, a, b, span) => {
                if sort != Sort::Real {
                    return problem(
                        Kind::TypeMismatch,
                        *span,
                        "Division is defined for Real only.",
                        "Give one side type Real, for example `(n : Real)`.",
                    );
                }
                let (a, b) = (self.build(local, a, sort)?, self.build(local, b, sort)?);
                Ok(call(Prim::RealMul, &[a, call(Prim::RealInv, &[b])]))
            }
            Tree::Op(op, a, b, _) => {
                let (a, b) = (self.build(local, a, sort)?, self.build(local, b, sort)?);
                Ok(call(operation(*op, sort), &[a, b]))
            }
            Tree::Pow(a, n, span) => {
                let name = match sort {
                    Sort::Nat => "std.nat.pow",
                    Sort::Int => "std.int.pow",
                    Sort::Real => "std.real.pow",
                };
                let (f, a) = (self.library(*span, name)?, self.build(local, a, sort)?);
                Ok(Rc::new(Node::App(Rc::new(Node::App(f, a)), n.clone())))
            }
        }
    }

    fn literal(&self, n: &BigUint, places: u32, negative: bool, sort: Sort, span: Span) -> R<Term> {
        let signed = if negative { -BigInt::from(n.clone()) } else { BigInt::from(n.clone()) };
        Ok(Rc::new(match (sort, places) {
            (Sort::Nat, 0) => Node::NatLit(n.clone()),
            (Sort::Int, 0) => Node::IntLit(signed),
            (Sort::Real, _) => {
                Node::RealLit(bfv_kernel::rational(&BigRational::new(signed, BigInt::from(10u8).pow(places))))
            }
            _ => {
                return problem(
                    Kind::TypeMismatch,
                    span,
                    "A decimal number is a Real, but a whole number is needed here.",
                    "Write a whole number, or give the other side type Real.",
                );
            }
        }))
    }

    /// A number where an element of `Fin n` is needed: position `n`, counted from 0.
    fn fin_literal(&self, local: &Local, span: Span, n: &BigUint, ty: &V) -> R<Option<Typed>> {
        let mut left = n.clone();
        let mut at = ty.clone();
        let mut wraps: Vec<(bfv_format::DataRef, Vec<Term>)> = Vec::new();
        loop {
            let w = self.whnf(span, &at)?;
            let Val::Data(d, ps) = &*w else {
                if wraps.is_empty() {
                    return Ok(None);
                }
                return problem(
                    Kind::TypeMismatch,
                    span,
                    format!("There is no element number {n} in this finite type."),
                    "Positions are counted from 0; use a smaller number.",
                );
            };
            if self.names.library("std.logic.Sum").and_then(|g| g.target.data()) != Some(*d) {
                return Ok(None);
            }
            let params = ps.iter().map(|p| self.quote(local, span, p)).collect::<R<Vec<_>>>()?;
            if left == BigUint::ZERO {
                let star = Rc::new(Node::Prim(Prim::Star));
                let mut t = Rc::new(Node::Con(*d, 0, params, vec![star], Vec::new()));
                for (d, ps) in wraps.into_iter().rev() {
                    t = Rc::new(Node::Con(d, 1, ps, vec![t], Vec::new()));
                }
                return Ok(Some(Typed { term: t, ty: ty.clone() }));
            }
            left -= 1u8;
            wraps.push((*d, params));
            let Some(rest) = ps.get(1) else { return Ok(None) };
            at = rest.clone();
        }
    }

    /// An infix operator. `whole` is the expression itself.
    #[allow(clippy::too_many_arguments)] // the expression and its parts
    pub fn binary(
        &self,
        local: &Local,
        span: Span,
        op: BinOp,
        l: &Expr,
        r: &Expr,
        whole: &Expr,
        expected: Option<&V>,
    ) -> R<Typed> {
        let statement = |e: &Self, term: Term, level: u32| Ok(Typed { term, ty: e.m.value(Val::Univ(level)) });
        match op {
            _ if is_arithmetic(op) => self.arithmetic(local, whole, expected),
            BinOp::And | BinOp::Times => {
                let ((a, m), (b, n)) = (self.ty(local, l)?, self.ty(local, r)?);
                statement(self, Rc::new(Node::Sigma(a, up(&b))), m.max(n))
            }
            BinOp::Or => {
                let ((a, m), (b, n)) = (self.ty(local, l)?, self.ty(local, r)?);
                statement(self, negate(&Rc::new(Node::Sigma(negate(&a), up(&negate(&b))))), m.max(n))
            }
            BinOp::Iff => {
                let ((a, m), (b, n)) = (self.ty(local, l)?, self.ty(local, r)?);
                let (ab, ba) = (Rc::new(Node::Pi(a.clone(), up(&b))), Rc::new(Node::Pi(b, up(&a))));
                statement(self, Rc::new(Node::Sigma(ab, up(&ba))), m.max(n))
            }
            BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge => {
                let (sort, a, b) = self.two_sides(local, span, l, r)?;
                let (a, b) = if matches!(op, BinOp::Gt | BinOp::Ge) { (b, a) } else { (a, b) };
                let t = if matches!(op, BinOp::Lt | BinOp::Gt) { less(sort, a, b) } else { negate(&less(sort, b, a)) };
                statement(self, t, 0)
            }
            _ => {
                let (t, level) = self.equation(local, span, l, r)?;
                statement(self, if op == BinOp::Ne { negate(&t) } else { t }, level)
            }
        }
    }

    fn two_sides(&self, local: &Local, span: Span, l: &Expr, r: &Expr) -> R<(Sort, Term, Term)> {
        let (lt, rt) = (self.tree(local, l)?, self.tree(local, r)?);
        let _ = span;
        let sort = match (sort_needed(&lt), sort_needed(&rt)) {
            (Some(a), Some(b)) => a.max(b),
            (Some(a), None) => a.max(least_sort(&rt)),
            (None, Some(b)) => b.max(least_sort(&lt)),
            (None, None) => least_sort(&lt).max(least_sort(&rt)),
        };
        Ok((sort, self.build(local, &lt, sort)?, self.build(local, &rt, sort)?))
    }

    fn equation(&self, local: &Local, span: Span, l: &Expr, r: &Expr) -> R<(Term, u32)> {
        let numeric = |e: &Expr| match &*e.kind {
            ExprKind::Number(..) | ExprKind::Neg(_) => true,
            ExprKind::Binary(op, ..) => is_arithmetic(*op),
            _ => false,
        };
        if !numeric(l) {
            let t = self.infer(local, l)?;
            match self.sort_of(span, &t.ty)? {
                Err(unknown) if !(unknown && numeric(r)) => {
                    let r = self.check(local, r, &t.ty)?;
                    let ty = self.quote(local, span, &t.ty)?;
                    let level = self.level_of(local, span, &ty)?;
                    return Ok((equal(&ty, t.term, r), level));
                }
                // The left side is a number: it is elaborated once more below, with the right side.
                _ => {}
            }
        }
        let (sort, a, b) = self.two_sides(local, span, l, r)?;
        Ok((equal(&Rc::new(Node::Prim(carrier(sort))), a, b), 0))
    }

    /// The level of a type; 0 while it is not known.
    pub fn level_of(&self, local: &Local, span: Span, ty: &Term) -> R<u32> {
        let ty = walk::zonk(self.scratch, ty, &mut None);
        match self.m.infer(&local.ctx, &ty) {
            Ok(u) => Ok(match &*self.whnf(span, &u)? {
                Val::Univ(n) => *n,
                _ => 0,
            }),
            Err(_) => Ok(0),
        }
    }
}

fn operation(op: BinOp, sort: Sort) -> Prim {
    match (op, sort) {
        (BinOp::Add, Sort::Nat) => Prim::NatAdd,
        (BinOp::Add, Sort::Int) => Prim::IntAdd,
        (BinOp::Add, Sort::Real) => Prim::RealAdd,
        (BinOp::Sub, Sort::Nat) => Prim::NatSub,
        (BinOp::Sub, Sort::Int) => Prim::IntSub,
        (BinOp::Sub, Sort::Real) => Prim::RealSub,
        (_, Sort::Nat) => Prim::NatMul,
        (_, Sort::Int) => Prim::IntMul,
        (_, Sort::Real) => Prim::RealMul,
    }
}

/// The largest sort among the leaves whose type is known.
fn sort_needed(t: &Tree<'_>) -> Option<Sort> {
    match t {
        Tree::Leaf(_, s, _) => *s,
        Tree::Number(_, places, _) => (*places > 0).then_some(Sort::Real),
        Tree::Neg(a, _) | Tree::Pow(a, ..) => sort_needed(a),
        Tree::Op(BinOp::Div, ..) => Some(Sort::Real),
        Tree::Op(_, a, b, _) => sort_needed(a).max(sort_needed(b)),
    }
}

/// The smallest sort in which an expression of literals makes sense.
fn least_sort(t: &Tree<'_>) -> Sort {
    match t {
        Tree::Leaf(..) => Sort::Real,
        Tree::Number(_, places, _) => {
            if *places > 0 {
                Sort::Real
            } else {
                Sort::Nat
            }
        }
        Tree::Neg(a, _) => least_sort(a).max(Sort::Int),
        Tree::Pow(a, ..) => least_sort(a),
        Tree::Op(BinOp::Div, ..) => Sort::Real,
        Tree::Op(BinOp::Sub, a, b, _) => least_sort(a).max(least_sort(b)).max(Sort::Int),
        Tree::Op(_, a, b, _) => least_sort(a).max(least_sort(b)),
    }
}
