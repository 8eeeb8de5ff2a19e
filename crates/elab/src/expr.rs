//! Expressions: bidirectional elaboration. `infer` finds the type, `check` is given it.

use crate::context::{Entry, Local};
use crate::elab::{Elab, HoleAt, Kind, PendingScript, R, Typed, is_true, problem};
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{Cof, Dim, Face, Node, Prim, Term};
use bfv_kernel::{Head, Ivl, META_BASE, Neutral, V, Val};
use bfv_syntax::tree::{Arg, BinOp, Binder, Expr, ExprKind, Name};
use std::rc::Rc;

/// The types of binders with their levels; `None` for a dimension.
pub type Bound = Vec<Option<(Term, u32)>>;

/// Whether a binder ranges over dimensions: `(i : I)`.
pub fn is_dim_binder(b: &Binder) -> bool {
    b.ty.as_ref().is_some_and(|t| matches!(&*t.kind, ExprKind::Var(x) if x == "I"))
}

impl Elab<'_> {
    /// A type and the level of its universe.
    pub fn ty(&self, local: &Local, e: &Expr) -> R<(Term, u32)> {
        if let ExprKind::Hole(None) = &*e.kind {
            let (t, _) = self.meta(local, e.span, &self.m.value(Val::Univ(0)), "a type")?;
            return Ok((t, 0));
        }
        // Terms may double with each connective, and making them takes no step of the evaluator.
        self.at(e.span, self.scratch.watched())?;
        let t = self.infer(local, e)?;
        let level = match &*self.whnf(e.span, &t.ty)? {
            Val::Univ(n) => *n,
            // A Bool stands for the statement that it is true. Nothing else could be meant, for a Bool is no type.
            Val::Prim(Prim::Bool) => return Ok((is_true(t.term), 0)),
            Val::Neutral(Neutral { head: Head::Const(id, _), .. }) if *id >= META_BASE => {
                let universe = self.m.value(Val::Univ(0));
                self.at(e.span, self.unify_type(&local.ctx, &t.ty, &universe))?;
                0
            }
            _ => {
                let (what, ty) = (self.show_term(local, &t.term), self.show(local, &t.ty));
                return problem(
                    Kind::NotAType,
                    e.span,
                    format!("`{what}` has type `{ty}`; a type or a statement is needed here."),
                    "Write a type, such as `Real`, or a statement, such as `x <= y`.",
                );
            }
        };
        Ok((t.term, level))
    }

    /// Extends the context by binders; the types of term variables and their levels come back in order, `None` for a dimension.
    pub fn binders(&self, local: &Local, bs: &[Binder]) -> R<(Local, Bound)> {
        let mut local = local.clone();
        let mut out = Vec::new();
        for b in bs {
            for name in &b.names {
                if is_dim_binder(b) {
                    local = self.bind_dim(&local, &name.text).0;
                    out.push(None);
                    continue;
                }
                let (ty, level) = match &b.ty {
                    Some(t) => self.ty(&local, t)?,
                    None => {
                        let universe = self.m.value(Val::Univ(0));
                        (self.meta(&local, b.span, &universe, &format!("the type of `{}`", name.text))?.0, 0)
                    }
                };
                let v = self.ev(&local, &ty);
                local = self.bind_term(&local, &name.text, &ty, &v).0;
                out.push(Some((ty, level)));
            }
        }
        Ok((local, out))
    }

    fn univ(&self, n: u32) -> V {
        self.m.value(Val::Univ(n))
    }

    pub fn infer(&self, local: &Local, e: &Expr) -> R<Typed> {
        let span = e.span;
        let typed = |node: Node, ty: V| Ok(Typed { term: Rc::new(node), ty });
        match &*e.kind {
            ExprKind::Var(_) => self.app(local, span, e, &[], None),
            ExprKind::App(f, args) => self.app(local, span, f, args, None),
            ExprKind::Big(name, binders, body) => {
                let (f, arg) = big(name, binders, body, span);
                self.app(local, span, &f, &[arg], None)
            }
            ExprKind::Number(..) | ExprKind::Neg(_) => self.arithmetic(local, e, None),
            ExprKind::Binary(BinOp::Pow, ..) if self.displaced(local, e)?.is_some() => {
                self.app(local, span, e, &[], None)
            }
            ExprKind::Binary(op, l, r) => self.binary(local, span, *op, l, r, e, None),
            ExprKind::Hole(_) => {
                let (ty, _) = self.meta(local, span, &self.univ(0), "the type of a hole")?;
                let ty = self.ev(local, &ty);
                Ok(Typed { term: self.check(local, e, &ty)?, ty })
            }
            ExprKind::Univ(n) => typed(Node::Univ(*n), self.univ(n.saturating_add(1))),
            ExprKind::Lam(bs, body) => self.infer_lambda(local, bs, body),
            ExprKind::Pi(bs, body) => {
                let (inner, tys) = self.binders(local, bs)?;
                let (b, level) = self.ty(&inner, body)?;
                let level = tys.iter().flatten().map(|(_, l)| *l).fold(level, u32::max);
                let t = tys.iter().rev().fold(b, |t, a| {
                    Rc::new(match a {
                        Some((a, _)) => Node::Pi(a.clone(), t),
                        None => Node::Line(t),
                    })
                });
                Ok(Typed { term: t, ty: self.univ(level) })
            }
            ExprKind::Arrow(a, b) => {
                let ((a, m), (b, n)) = (self.ty(local, a)?, self.ty(local, b)?);
                typed(Node::Pi(a, up(&b)), self.univ(m.max(n)))
            }
            ExprKind::Sigma(bs, body) => {
                let (inner, tys) = self.binders(local, bs)?;
                let (b, level) = self.ty(&inner, body)?;
                let level = tys.iter().flatten().map(|(_, l)| *l).fold(level, u32::max);
                let t = tys.iter().rev().flatten().fold(b, |t, (a, _)| Rc::new(Node::Sigma(a.clone(), t)));
                Ok(Typed { term: t, ty: self.univ(level) })
            }
            ExprKind::Exists(bs, body) => {
                let (inner, tys) = self.binders(local, bs)?;
                let (b, level) = self.ty(&inner, body)?;
                let level = tys.iter().flatten().map(|(_, l)| *l).fold(level, u32::max);
                // exists x, P is not (forall x, not P): no witness leaves it.
                let t = tys.iter().rev().flatten().fold(negate(&b), |t, (a, _)| Rc::new(Node::Pi(a.clone(), t)));
                Ok(Typed { term: negate(&t), ty: self.univ(level) })
            }
            ExprKind::Not(a) => {
                let (a, n) = self.ty(local, a)?;
                Ok(Typed { term: negate(&a), ty: self.univ(n) })
            }
            ExprKind::Vector(items) => self.vector(local, span, items, None),
            ExprKind::Pair(a, b) => {
                let (a, b) = (self.infer(local, a)?, self.infer(local, b)?);
                let (at, bt) = (self.quote(local, span, &a.ty)?, self.quote(local, span, &b.ty)?);
                let ty = self.ev(local, &Rc::new(Node::Sigma(at, up(&bt))));
                typed(Node::Pair(a.term, b.term), ty)
            }
            ExprKind::Proj(base, field) => self.projection(local, span, base, field),
            ExprKind::Ann(t, ty) => {
                let (ty, _) = self.ty(local, ty)?;
                let ty = self.ev(local, &ty);
                Ok(Typed { term: self.check(local, t, &ty)?, ty })
            }
            ExprKind::Let(name, ty, value, body) => {
                let inner = self.local_definition(local, name, ty.as_ref(), value)?;
                self.infer(&inner, body)
            }
            ExprKind::If(c, a, b) => {
                let c = self.condition(local, c)?;
                let a = self.infer(local, a)?;
                let b = self.check(local, b, &a.ty)?;
                let motive = up(&self.quote(local, span, &a.ty)?);
                typed(Node::BoolElim(motive, a.term, b, c), a.ty)
            }
            ExprKind::At(p, r) => {
                let p = self.infer(local, p)?;
                let r = self.dim(local, r)?;
                self.at_dim(local, span, p, r)
            }
            ExprKind::Coe(r, s, line, t) => {
                let (r, s) = (self.dim(local, r)?, self.dim(local, s)?);
                let (line, _) = self.line(local, line)?;
                let at = |d| self.ev(local, &walk::instantiate(&line, &[], &[d]));
                let t = self.check(local, t, &at(r))?;
                let ty = at(s);
                typed(Node::Coe(r, s, line, t), ty)
            }
            ExprKind::HCom(r, s, ty, faces, base) => {
                let (r, s) = (self.dim(local, r)?, self.dim(local, s)?);
                let (ty, _) = self.ty(local, ty)?;
                let v = self.ev(local, &ty);
                let base = self.check(local, base, &v)?;
                let sides = faces.iter().map(|(cof, side)| self.face(local, &ty, cof, side)).collect::<R<Vec<_>>>()?;
                let spans: Vec<Span> = faces.iter().map(|(_, side)| side.span).collect();
                self.coherent(local, r, &ty, &sides, &spans, &base)?;
                typed(Node::HCom(r, s, ty, sides, base), v)
            }
            ExprKind::Glue(a, faces) => self.glue_type(local, a, faces),
            ExprKind::Unglue(g) => self.unglue(local, g),
            ExprKind::GlueEl(..) => problem(
                Kind::CannotInfer,
                span,
                "The Glue type of this element cannot be read off.",
                "State it: `(glue a [...] : G)`.",
            ),
            ExprKind::By(_) => problem(
                Kind::CannotInfer,
                span,
                "A proof script needs to know what it proves.",
                "State it: `(by ... : A)`, or `have h : A by { ... }`.",
            ),
            ExprKind::Match(..) => problem(
                Kind::CannotInfer,
                span,
                "The type of this `match` cannot be read off.",
                "State it: `(match ... end : A)`.",
            ),
            ExprKind::String(_) => problem(
                Kind::Unsupported,
                span,
                "A text in quotes has no value. It may only stand in an attribute.",
                "Remove it, or write a term.",
            ),
            ExprKind::Error => {
                problem(Kind::Unsupported, span, "This is not an expression.", "Remove it, or write a term.")
            }
        }
    }

    /// Checks an expression against a type.
    pub fn check(&self, local: &Local, e: &Expr, ty: &V) -> R<Term> {
        let span = e.span;
        match &*e.kind {
            ExprKind::GlueEl(a, parts) => self.check_glued(local, span, a, parts, ty),
            ExprKind::Lam(bs, body) if self.takes_a_tuple(local, span, bs, ty)? => {
                let t = self.infer_lambda(local, bs, body)?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Lam(bs, body) => {
                let names: Vec<(&Name, &Binder)> =
                    bs.iter().flat_map(|b| b.names.iter().map(move |n| (n, b))).collect();
                self.check_lambda(local, span, &names, body, ty)
            }
            ExprKind::Pair(a, b) => {
                if let Val::Sigma(dom, cod) = &*self.whnf(span, ty)? {
                    let a = self.check(local, a, dom)?;
                    let cod = self.m.inst(cod, self.ev(local, &a));
                    return Ok(Rc::new(Node::Pair(a, self.check(local, b, &cod)?)));
                }
                let t = self.infer(local, e)?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Number(..) | ExprKind::Neg(_) => {
                let t = self.arithmetic(local, e, Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Binary(BinOp::Pow, ..) if self.displaced(local, e)?.is_some() => {
                let t = self.infer(local, e)?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Binary(op, l, r) => {
                let t = self.binary(local, span, *op, l, r, e, Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Hole(name) => {
                let (t, id) = self.meta(local, span, ty, "a hole")?;
                if name.is_some() {
                    self.origins.borrow_mut().retain(|o| o.meta != id);
                }
                let hole = HoleAt { name: name.clone(), meta: id, span, local: local.clone(), ty: ty.clone() };
                self.holes.borrow_mut().push(hole);
                Ok(t)
            }
            ExprKind::By(script) => {
                let (t, id) = self.meta(local, span, ty, "a proof")?;
                self.scripts.borrow_mut().push(PendingScript {
                    local: local.clone(),
                    ty: ty.clone(),
                    meta: id,
                    script: script.clone(),
                });
                Ok(t)
            }
            ExprKind::Vector(items) => {
                if let Some(t) = self.trace(local, span, items, ty)? {
                    return Ok(t);
                }
                let t = self.vector(local, span, items, Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Let(name, t, value, body) => {
                let inner = self.local_definition(local, name, t.as_ref(), value)?;
                self.check(&inner, body, ty)
            }
            ExprKind::If(c, a, b) => {
                let c = self.condition(local, c)?;
                let (a, b) = (self.check(local, a, ty)?, self.check(local, b, ty)?);
                let motive = up(&self.quote(local, span, ty)?);
                Ok(Rc::new(Node::BoolElim(motive, a, b, c)))
            }
            ExprKind::Match(scrutinee, clauses) => self.check_match(local, span, scrutinee, clauses, ty),
            ExprKind::App(f, args) => {
                let t = self.app(local, span, f, args, Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Var(_) => {
                let t = self.app(local, span, e, &[], Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            ExprKind::Big(name, binders, body) => {
                let (f, arg) = big(name, binders, body, span);
                let t = self.app(local, span, &f, &[arg], Some(ty))?;
                self.coerce(local, span, t, ty)
            }
            _ => {
                let t = self.infer(local, e)?;
                self.coerce(local, span, t, ty)
            }
        }
    }

    fn check_lambda(&self, local: &Local, span: Span, names: &[(&Name, &Binder)], body: &Expr, ty: &V) -> R<Term> {
        let Some(((name, binder), rest)) = names.split_first() else { return self.check(local, body, ty) };
        match &*self.whnf(span, ty)? {
            Val::Pi(dom, cod) => {
                let (inner, x) = match &binder.ty {
                    Some(t) => {
                        let (t, _) = self.ty(local, t)?;
                        let v = self.ev(local, &t);
                        if !self.at(span, self.unify_type(&local.ctx, &v, dom))? {
                            let (a, b) = (self.show(local, &v), self.show(local, dom));
                            return problem(
                                Kind::TypeMismatch,
                                binder.span,
                                format!("`{}` is given type `{a}`, but `{b}` is needed.", name.text),
                                "Leave the type out, or change it.",
                            );
                        }
                        self.bind_term(local, &name.text, &t, &v)
                    }
                    None => self.bind(local, span, &name.text, dom)?,
                };
                let cod = self.m.inst(cod, x);
                Ok(Rc::new(Node::Lam(self.check_lambda(&inner, span, rest, body, &cod)?)))
            }
            Val::Line(l) | Val::Path(l, ..) => {
                let (inner, i) = self.bind_dim(local, &name.text);
                let at = self.m.dinst(l, Ivl::Name(i));
                let body = self.check_lambda(&inner, span, rest, body, &at)?;
                if let Val::Path(l, a, b) = &*self.whnf(span, ty)? {
                    for (end, want, word) in [(Dim::Zero, a, "left"), (Dim::One, b, "right")] {
                        let got = self.ev(local, &walk::instantiate(&body, &[], &[end]));
                        let at = self.m.dinst(l, if end == Dim::Zero { Ivl::Zero } else { Ivl::One });
                        if !self.at(span, self.unify(&local.ctx, &at, &got, want))? {
                            let (g, w) = (self.show(local, &got), self.show(local, want));
                            return problem(
                                Kind::TypeMismatch,
                                span,
                                format!("The {word} end of this path is `{g}`, but `{w}` is needed."),
                                "Change the body so that both ends agree.",
                            );
                        }
                    }
                }
                Ok(Rc::new(Node::DLam(body)))
            }
            Val::Neutral(Neutral { head: Head::Const(id, _), .. }) if *id >= META_BASE => {
                let bs: Vec<Binder> =
                    names.iter().map(|(n, b)| Binder { names: vec![(*n).clone()], ..(*b).clone() }).collect();
                let t = self.infer_lambda(local, &bs, body)?;
                self.coerce(local, span, t, ty)
            }
            _ => {
                let shown = self.show(local, ty);
                problem(
                    Kind::TypeMismatch,
                    span,
                    format!("A function is given where `{shown}` is needed."),
                    "Remove `fun`, or change what is stated.",
                )
            }
        }
    }

    fn infer_lambda(&self, local: &Local, bs: &[Binder], body: &Expr) -> R<Typed> {
        let (inner, tys) = self.binders(local, bs)?;
        let t = self.infer(&inner, body)?;
        let mut ty = self.quote(&inner, body.span, &t.ty)?;
        let mut term = t.term;
        for a in tys.iter().rev() {
            (term, ty) = match a {
                Some((a, _)) => (Rc::new(Node::Lam(term)), Rc::new(Node::Pi(a.clone(), ty))),
                None => (Rc::new(Node::DLam(term)), Rc::new(Node::Line(ty))),
            };
        }
        Ok(Typed { ty: self.ev(local, &ty), term })
    }

    fn local_definition(&self, local: &Local, name: &Name, ty: Option<&Expr>, value: &Expr) -> R<Local> {
        let t = match ty {
            Some(ty) => {
                let (ty, _) = self.ty(local, ty)?;
                let ty = self.ev(local, &ty);
                Typed { term: self.check(local, value, &ty)?, ty }
            }
            None => self.infer(local, value)?,
        };
        let entry = Entry::Alias { name: name.text.clone(), term: t.term, ty: t.ty, depth: local.size() };
        Ok(local.push(local.ctx.clone(), entry))
    }

    /// The condition of an `if`: a Bool, or a comparison, which is decided by its Bool.
    fn condition(&self, local: &Local, e: &Expr) -> R<Term> {
        let t = self.infer(local, e)?;
        if matches!(&*self.whnf(e.span, &t.ty)?, Val::Prim(Prim::Bool)) {
            return Ok(t.term);
        }
        let is_bool = |line: &Term| matches!(&**line, Node::Prim(Prim::Bool));
        match &*t.term {
            Node::Path(line, b, end) if is_bool(line) && matches!(&**end, Node::Prim(Prim::True)) => Ok(b.clone()),
            Node::Pi(dom, cod) if matches!(&**cod, Node::Prim(Prim::Empty)) => match &**dom {
                Node::Path(line, b, end) if is_bool(line) && matches!(&**end, Node::Prim(Prim::True)) => {
                    let bool_ty = Rc::new(Node::Prim(Prim::Bool));
                    let (yes, no) = (Rc::new(Node::Prim(Prim::True)), Rc::new(Node::Prim(Prim::False)));
                    Ok(Rc::new(Node::BoolElim(bool_ty, no, yes, b.clone())))
                }
                _ => self.undecided(e.span),
            },
            _ => self.undecided(e.span),
        }
    }

    fn undecided<T>(&self, span: Span) -> R<T> {
        problem(
            Kind::TypeMismatch,
            span,
            "The condition of `if` must be a Bool or a comparison of numbers.",
            "Write a comparison such as `x < y`, or a term of type Bool.",
        )
    }

    /// `[a, b]` as an element of `Vec 2 A`, built with `std.vec.cons` and `std.vec.nil`.
    fn vector(&self, local: &Local, span: Span, items: &[Expr], expected: Option<&V>) -> R<Typed> {
        let (vec, cons, nil) = (
            self.library(span, "std.vec.Vec")?,
            self.library(span, "std.vec.cons")?,
            self.library(span, "std.vec.nil")?,
        );
        let (element, _) = self.meta(local, span, &self.univ(0), "the type of the elements")?;
        let app = |f: &Term, args: &[&Term]| args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, (*a).clone())));
        let len = |n: usize| Rc::new(Node::NatLit(n.into()));
        let ty = self.ev(local, &app(&vec, &[&len(items.len()), &element]));
        if let Some(want) = expected {
            self.at(span, self.try_unify(&local.ctx, &self.univ(0), &ty, want))?;
        }
        let element_v = self.ev(local, &element);
        let mut terms = Vec::new();
        for item in items {
            if expected.is_none() && terms.is_empty() {
                let first = self.infer(local, item)?;
                self.at(span, self.unify_type(&local.ctx, &element_v, &first.ty))?;
                terms.push(first.term);
            } else {
                terms.push(self.check(local, item, &element_v)?);
            }
        }
        let mut out = app(&nil, &[&element]);
        for (n, t) in terms.iter().rev().enumerate() {
            out = app(&cons, &[&len(n), &element, t, &out]);
        }
        Ok(Typed { term: out, ty })
    }

    fn face(&self, local: &Local, ty: &Term, cof: &[(Expr, Expr)], side: &Expr) -> R<Face> {
        let cof = self.cofibration(local, side.span, cof)?;
        let (ExprKind::Lam(bs, body), true) = (&*side.kind, true) else {
            return problem(Kind::TypeMismatch, side.span, "A side binds one dimension.", "Write `fun j => u`.");
        };
        let ([b], name) = (bs.as_slice(), bs.first().and_then(|b| b.names.first())) else {
            return problem(Kind::TypeMismatch, side.span, "A side binds one dimension.", "Write `fun j => u`.");
        };
        let _ = b;
        // The side is elaborated with its dimension bound, in the context restricted to the face.
        let inside = self.inside(local, side.span, &cof)?;
        let (inner, _) = self.bind_dim(&inside, name.map_or("_", |n| n.text.as_str()));
        let up = walk::shift(ty, Depth { terms: 0, dims: 1 });
        let body = self.check(&inner, body, &self.ev(&inner, &up))?;
        Ok(Face { cof, body })
    }

    /// The equations of a face.
    pub fn cofibration(&self, local: &Local, span: Span, cof: &[(Expr, Expr)]) -> R<Cof> {
        let cof: Cof = cof.iter().map(|(r, s)| Ok((self.dim(local, r)?, self.dim(local, s)?))).collect::<R<_>>()?;
        let trivial = cof.iter().all(|(r, s)| r == s);
        let absurd = cof.iter().any(|p| matches!(p, (Dim::Zero, Dim::One) | (Dim::One, Dim::Zero)));
        if trivial || absurd {
            return problem(
                Kind::TypeMismatch,
                span,
                format!("This face is always {}.", if absurd { "false" } else { "true" }),
                "A face must be an equation about a dimension variable, such as `i = 0`.",
            );
        }
        Ok(cof)
    }

    /// The context where a face holds.
    pub fn inside(&self, local: &Local, span: Span, cof: &Cof) -> R<Local> {
        match self.under(local, span, &[cof])? {
            Some(inside) => Ok(inside),
            None => problem(Kind::TypeMismatch, span, "This face is never true.", "Remove it."),
        }
    }

    /// The context where several cofibrations hold, when they can hold together.
    pub fn under(&self, local: &Local, span: Span, cofs: &[&Cof]) -> R<Option<Local>> {
        let mut ivl = Vec::new();
        for (r, s) in cofs.iter().flat_map(|c| c.iter()) {
            ivl.push((self.at(span, self.m.dim(&local.ctx.env, *r))?, self.at(span, self.m.dim(&local.ctx.env, *s))?));
        }
        Ok(self.m.restrict(&local.ctx, &ivl).map(|(ctx, _)| Local { ctx, entries: local.entries.clone() }))
    }

    /// Every side starts at the base, and two sides agree where both are defined.
    /// The kernel checks it again; here it is checked because a term that computes away does not reach the kernel.
    fn coherent(&self, local: &Local, start: Dim, ty: &Term, sides: &[Face], spans: &[Span], base: &Term) -> R<()> {
        for (n, (face, span)) in sides.iter().zip(spans).enumerate() {
            let Some(here) = self.under(local, *span, &[&face.cof])? else { continue };
            let at_start = self.ev(&here, &walk::instantiate(&face.body, &[], &[start]));
            let (ty_here, base) = (self.ev(&here, ty), self.ev(&here, base));
            if !self.at(*span, self.try_unify(&here.ctx, &ty_here, &at_start, &base))? {
                let (side, base) = (self.show(&here, &at_start), self.show(&here, &base));
                return problem(
                    Kind::TypeMismatch,
                    *span,
                    format!("This side starts at `{side}`, but the base is `{base}` there."),
                    "Change the side or the base so that the side starts at the base.",
                );
            }
            for other in sides.iter().take(n) {
                let Some(both) = self.under(local, *span, &[&other.cof, &face.cof])? else { continue };
                let (inner, _) = self.bind_dim(&both, "_");
                let up = self.ev(&inner, &walk::shift(ty, Depth { terms: 0, dims: 1 }));
                let (a, b) = (self.ev(&inner, &other.body), self.ev(&inner, &face.body));
                if !self.at(*span, self.try_unify(&inner.ctx, &up, &a, &b))? {
                    let (a, b) = (self.show(&inner, &a), self.show(&inner, &b));
                    return problem(
                        Kind::TypeMismatch,
                        *span,
                        format!("Where both are defined, an earlier side is `{a}`, and this one is `{b}`."),
                        "Change one of the two so that both agree.",
                    );
                }
            }
        }
        Ok(())
    }

    /// The types of a telescope. A dimension has no type, so it cannot be stored (T17).
    pub fn telescope(&self, local: &Local, bs: &[Binder]) -> R<(Local, Vec<Term>)> {
        if let Some(b) = bs.iter().find(|b| is_dim_binder(b)) {
            return problem(
                Kind::Unsupported,
                b.span,
                "A data type cannot hold a dimension.",
                "Use a field of a type, or put the dimensions of a path constructor after its fields.",
            );
        }
        let (local, bound) = self.binders(local, bs)?;
        Ok((local, bound.into_iter().flatten().map(|(t, _)| t).collect()))
    }
}

/// `sum i, e` is the function of that name applied to `fun i => e`.
pub fn big(name: &Name, binders: &[Binder], body: &Expr, span: Span) -> (Expr, Arg) {
    let f = Expr { span: name.span, kind: Box::new(ExprKind::Var(name.text.clone())) };
    let lam = Expr { span, kind: Box::new(ExprKind::Lam(binders.to_vec(), body.clone())) };
    (f, Arg { name: None, implicit: false, expr: lam })
}

/// A term under one more binder.
pub fn up(t: &Term) -> Term {
    walk::shift(t, Depth { terms: 1, dims: 0 })
}

/// `A -> Empty`
pub fn negate(t: &Term) -> Term {
    Rc::new(Node::Pi(t.clone(), Rc::new(Node::Prim(Prim::Empty))))
}

/// Whether an operator is arithmetic.
pub fn is_arithmetic(op: BinOp) -> bool {
    matches!(op, BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Pow)
}
