//! Names and applications: implicit arguments, expected types used before arguments are looked at.

use crate::context::{Found, Local};
use crate::elab::{Elab, Kind, R, Typed, problem};
use crate::names::{Global, Target, foreign};
use crate::units;
use crate::walk::{self, Argument};
use bfv_diag::Span;
use bfv_format::{DataDecl, DataRef, Dim, Node, Prim, Term};
use bfv_kernel::{Env, Globals, Head, META_BASE, Neutral, V, Val};
use bfv_syntax::tree::{Arg, BinOp, Expr, ExprKind};
use std::rc::Rc;

/// The head of an application: term, type, and the names of its leading parameters with their implicitness.
pub struct HeadTerm {
    term: Term,
    ty: V,
    params: Vec<(String, bool)>,
}

/// An argument whose elaboration waits until the expected type was used.
struct Waiting<'e> {
    expr: &'e Expr,
    meta: u32,
    ty: V,
}

impl Elab<'_> {
    /// A dimension expression.
    pub fn dim(&self, local: &Local, e: &Expr) -> R<Dim> {
        match &*e.kind {
            ExprKind::Number(n, 0) if *n == 0u8.into() => return Ok(Dim::Zero),
            ExprKind::Number(n, 0) if *n == 1u8.into() => return Ok(Dim::One),
            ExprKind::Var(x) => {
                if let Some(Found::Dim(n)) = local.find(x) {
                    return Ok(Dim::Var(n));
                }
            }
            _ => {}
        }
        problem(
            Kind::TypeMismatch,
            e.span,
            "A dimension is needed here: 0, 1 or a dimension variable.",
            "Bind a dimension with `fun i =>` against a path type, and use that name.",
        )
    }

    /// Looks a name up and gives its term, type and implicit parameters.
    pub fn head(&self, local: &Local, e: &Expr) -> R<HeadTerm> {
        let ExprKind::Var(name) = &*e.kind else {
            if let Some(head) = self.displaced(local, e)? {
                return Ok(head);
            }
            let t = self.infer(local, e)?;
            return Ok(HeadTerm { term: t.term, ty: t.ty, params: Vec::new() });
        };
        match local.find(name) {
            Some(Found::Var(index, ty)) => {
                return Ok(HeadTerm { term: Rc::new(Node::Var(index)), ty, params: Vec::new() });
            }
            Some(Found::Alias(term, ty)) => return Ok(HeadTerm { term, ty, params: Vec::new() }),
            Some(Found::Dim(_)) => {
                return problem(
                    Kind::TypeMismatch,
                    e.span,
                    format!("`{name}` is a dimension; a dimension is not a term."),
                    "Apply a path to it, or use a term variable here.",
                );
            }
            None => {}
        }
        // `h.1`, `x.field`: a projection of a local name.
        if let Some((base, field)) = name.rsplit_once('.')
            && local.find(base.split('.').next().unwrap_or(base)).is_some()
        {
            let base = Expr { span: e.span, kind: Box::new(ExprKind::Var(base.to_owned())) };
            let t = self.projection(local, e.span, &base, field)?;
            return Ok(HeadTerm { term: t.term, ty: t.ty, params: Vec::new() });
        }
        let g = self.global(name, e.span)?.clone();
        self.global_head(&g, e.span)
    }

    /// `c ^ n`: the declaration c with every universe in it raised by n, where c is no number and speaks of a universe.
    pub fn displaced(&self, local: &Local, e: &Expr) -> R<Option<HeadTerm>> {
        if let ExprKind::Binary(BinOp::Pow, base, by) = &*e.kind
            && let (ExprKind::Var(name), ExprKind::Number(n, 0)) = (&*base.kind, &*by.kind)
            && local.find(name).is_none()
            && let [g] = self.names.find(name).as_slice()
            && let Ok(shift) = u32::try_from(n)
        {
            let (Target::Const(id) | Target::Data(id) | Target::Con(id, _)) = g.target else { return Ok(None) };
            if !self.scratch.displaceable(id) {
                return Ok(None);
            }
            let plain = self.global_head(g, e.span)?;
            if matches!(&*self.whnf(e.span, &plain.ty)?, Val::Prim(Prim::Nat | Prim::Int | Prim::Real)) {
                return Ok(None);
            }
            let raised = |ty: &Term| self.m.eval(&Env { shift, ..Env::default() }, ty);
            return Ok(Some(match g.target {
                Target::Const(id) => match self.scratch.const_type(id) {
                    Some(ty) => HeadTerm { term: Rc::new(Node::Const { id, shift }), ty: raised(&ty), ..plain },
                    None => return self.missing(e.span, &g.full),
                },
                _ => {
                    let Some(d) = self.scratch.data(id) else { return self.missing(e.span, &g.full) };
                    let con = if let Target::Con(_, c) = g.target { Some(c) } else { None };
                    let (term, _) = data_function(DataRef { id, shift }, &d, con);
                    let (_, ty) = data_function(DataRef { id, shift: 0 }, &d, con);
                    HeadTerm { term, ty: raised(&ty), ..plain }
                }
            }));
        }
        Ok(None)
    }

    /// The one visible global of a name.
    pub fn global(&self, name: &str, span: Span) -> R<&Global> {
        match self.names.find(name).as_slice() {
            [g] => Ok(g),
            [] => {
                let elsewhere = self.names.modules_of(name);
                let near = self.names.similar(name);
                let fix = match (elsewhere.first(), near.as_slice()) {
                    _ if self.names.is_unit(name) => {
                        format!("It is a unit. Units stand in types, as in `(5 : Real [{name}])`.")
                    }
                    (None, _) if foreign(name).is_some() => foreign(name).unwrap_or_default().to_owned(),
                    (Some(m), _) => format!("Add `import {m}` at the top of the file."),
                    (None, []) => "Declare it before this place, or import the module that does.".to_owned(),
                    (None, near) => format!(
                        "Did you mean {}?",
                        near.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(" or ")
                    ),
                };
                problem(Kind::UnknownName, span, format!("The name `{name}` is not known here."), fix)
            }
            several => {
                let all: Vec<String> = several.iter().map(|g| format!("`{}`", g.full)).collect();
                problem(
                    Kind::AmbiguousName,
                    span,
                    format!("The name `{name}` could be {}.", all.join(" or ")),
                    "Write the full name.",
                )
            }
        }
    }

    fn global_head(&self, g: &Global, span: Span) -> R<HeadTerm> {
        let closed =
            |term: Term, ty: Term| HeadTerm { term, ty: self.ev(&Local::default(), &ty), params: g.params.clone() };
        match g.target {
            Target::Prim(p) => {
                Ok(HeadTerm { term: Rc::new(Node::Prim(p)), ty: self.m.prim_type(p), params: Vec::new() })
            }
            Target::Const(id) => match self.scratch.const_type(id) {
                Some(ty) => Ok(closed(Rc::new(Node::Const { id, shift: 0 }), ty)),
                None => self.missing(span, &g.full),
            },
            Target::Data(id) | Target::Con(id, _) => {
                let Some(d) = self.scratch.data(id) else { return self.missing(span, &g.full) };
                let (term, ty) = data_function(
                    DataRef { id, shift: 0 },
                    &d,
                    if let Target::Con(_, c) = g.target { Some(c) } else { None },
                );
                Ok(closed(term, ty))
            }
        }
    }

    fn missing<T>(&self, span: Span, full: &str) -> R<T> {
        problem(Kind::UnknownName, span, format!("`{full}` has no declaration."), "Declare it first.")
    }

    /// Elaborates an application.
    pub fn app(&self, local: &Local, span: Span, f: &Expr, args: &[Arg], expected: Option<&V>) -> R<Typed> {
        if let Some(items) = units::annotation(f, args) {
            // A unit is checked to be one, and left out.
            self.names.unit(f, items)?;
            return self.app(local, span, f, &[], expected);
        }
        if let ExprKind::Var(name) = &*f.kind
            && local.find(name).is_none()
        {
            if let Some(t) = self.special(local, span, name, args)? {
                return Ok(t);
            }
            if let Some(t) = self.recursive_call(local, span, name, args)? {
                return Ok(t);
            }
        }
        let head = self.head(local, f)?;
        self.spine(local, span, head, args, expected)
    }

    /// `Path A a b`, `PathP (fun i => A) a b`: type formers that live in every universe.
    fn special(&self, local: &Local, span: Span, name: &str, args: &[Arg]) -> R<Option<Typed>> {
        let plain: Vec<&Expr> = args.iter().filter(|a| a.name.is_none() && !a.implicit).map(|a| &a.expr).collect();
        match (name, plain.as_slice()) {
            ("Path", [a, l, r]) => {
                let (ty, level) = self.ty(local, a)?;
                let v = self.ev(local, &ty);
                let (l, r) = (self.check(local, l, &v)?, self.check(local, r, &v)?);
                let line = walk::shift(&ty, walk::Depth { terms: 0, dims: 1 });
                Ok(Some(Typed { term: Rc::new(Node::Path(line, l, r)), ty: self.m.value(Val::Univ(level)) }))
            }
            ("PathP", [line, l, r]) => {
                let (line, level) = self.line(local, line)?;
                let at = |d| self.ev(local, &walk::instantiate(&line, &[], &[d]));
                let (l, r) = (self.check(local, l, &at(Dim::Zero))?, self.check(local, r, &at(Dim::One))?);
                Ok(Some(Typed { term: Rc::new(Node::Path(line, l, r)), ty: self.m.value(Val::Univ(level)) }))
            }
            ("Path" | "PathP", _) => problem(
                Kind::NotAFunction,
                span,
                format!("`{name}` takes a type and two ends."),
                format!("Write `{name} A a b`."),
            ),
            _ => Ok(None),
        }
    }

    /// A function from a dimension to types, `fun i => A`: the type under one dimension, and its level.
    pub fn line(&self, local: &Local, e: &Expr) -> R<(Term, u32)> {
        if let ExprKind::Lam(binders, body) = &*e.kind
            && let [b] = binders.as_slice()
            && let [name] = b.names.as_slice()
        {
            let (inner, _) = self.bind_dim(local, &name.text);
            return self.ty(&inner, body);
        }
        let t = self.infer(local, e)?;
        if let Val::Line(l) = &*self.whnf(e.span, &t.ty)? {
            let (ctx, i) = self.m.bind_dim(&local.ctx);
            if let Val::Univ(n) = &*self.whnf(e.span, &self.m.dinst(l, bfv_kernel::Ivl::Name(i)))? {
                let _ = ctx;
                let up = walk::shift(&t.term, walk::Depth { terms: 0, dims: 1 });
                return Ok((Rc::new(Node::LApp(up, Dim::Var(0))), *n));
            }
        }
        problem(Kind::NotAType, e.span, "A line of types is needed here.", "Write `fun i => A` with a dimension i.")
    }

    /// Applies a head to arguments, inserting implicit ones.
    pub fn spine(&self, local: &Local, span: Span, head: HeadTerm, args: &[Arg], expected: Option<&V>) -> R<Typed> {
        let HeadTerm { mut term, mut ty, params } = head;
        let mut waiting: Vec<Waiting<'_>> = Vec::new();
        let mut used = vec![false; args.len()];
        let mut param = 0;
        for a in args {
            if let Some(n) = &a.name
                && !params.iter().any(|(p, _)| *p == n.text)
            {
                return problem(
                    Kind::UnknownName,
                    n.span,
                    format!("There is no parameter named `{}` here.", n.text),
                    "Use the name of a parameter from the declaration, or give the argument by position.",
                );
            }
        }
        loop {
            let next = args.iter().zip(&used).position(|(a, u)| !u && a.name.is_none());
            let left = used.iter().any(|u| !u);
            let w = self.whnf(span, &ty)?;
            match &*w {
                Val::Pi(dom, cod) => {
                    let (name, implicit) = params.get(param).map_or(("", false), |(n, i)| (n.as_str(), *i));
                    let named = args.iter().position(|a| a.name.as_ref().is_some_and(|n| n.text == name));
                    let braces = next.is_some_and(|n| args.get(n).is_some_and(|a| a.implicit));
                    let chosen = match named {
                        Some(n) => Some(n),
                        None if implicit && !braces => None,
                        None => match next {
                            Some(n) => Some(n),
                            None if left => None,
                            None => break,
                        },
                    };
                    param += 1;
                    let arg = match chosen.and_then(|n| args.get(n).map(|a| (n, a))) {
                        None => self.meta(local, span, dom, if name.is_empty() { "an argument" } else { name })?.0,
                        Some((n, a)) => {
                            if let Some(u) = used.get_mut(n) {
                                *u = true;
                            }
                            if expected.is_none() && waiting.is_empty() && !needs_type(&a.expr) {
                                self.check(local, &a.expr, dom)?
                            } else {
                                let (t, id) = self.meta(local, a.expr.span, dom, "an argument")?;
                                waiting.push(Waiting { expr: &a.expr, meta: id, ty: dom.clone() });
                                t
                            }
                        }
                    };
                    ty = self.m.inst(cod, self.ev(local, &arg));
                    term = walk::apply(&term, &[Argument::Term(arg)]);
                }
                Val::Line(_) | Val::Path(..) if next.is_some() => {
                    let Some((n, a)) = next.and_then(|n| args.get(n).map(|a| (n, a))) else { break };
                    if let Some(u) = used.get_mut(n) {
                        *u = true;
                    }
                    let r = self.dim(local, &a.expr)?;
                    let t = self.at_dim(local, span, Typed { term, ty: ty.clone() }, r)?;
                    (term, ty) = (t.term, t.ty);
                }
                // The head's type may be known once the arguments are that were put off.
                Val::Neutral(Neutral { head: Head::Const(id, _), .. })
                    if *id >= META_BASE && left && !waiting.is_empty() =>
                {
                    self.finish_arguments(local, &std::mem::take(&mut waiting))?;
                }
                Val::Neutral(Neutral { head: Head::Const(id, _), .. }) if *id >= META_BASE && left => {
                    // The head's type is not known yet: it must become a function type.
                    let universe = self.m.value(Val::Univ(0));
                    let (dom, _) = self.meta(local, span, &universe, "the type of an argument")?;
                    let dom_v = self.ev(local, &dom);
                    let (inner, _) = self.bind(local, span, "x", &dom_v)?;
                    let (cod, _) = self.meta(&inner, span, &universe, "the type of a result")?;
                    let pi = self.ev(local, &Rc::new(Node::Pi(dom, cod)));
                    // An equation that is put off gives no function type, and asking again would not end.
                    if !self.at(span, self.unify_type(&local.ctx, &ty, &pi))?
                        || !matches!(&*self.whnf(span, &ty)?, Val::Pi(..))
                    {
                        return self.not_a_function(local, span, &ty);
                    }
                }
                _ if left => return self.not_a_function(local, span, &ty),
                _ => break,
            }
        }
        if let Some(want) = expected {
            // A hint only: a mismatch here may still be mended by a coercion, and is reported by the caller if not.
            let universe = self.m.value(Val::Univ(0));
            self.at(span, self.try_unify(&local.ctx, &universe, &ty, want))?;
        }
        self.finish_arguments(local, &waiting)?;
        let term = walk::zonk(self.scratch, &term, &mut None);
        Ok(Typed { term, ty })
    }

    /// The arguments that were put off: those that need their type come last.
    fn finish_arguments(&self, local: &Local, waiting: &[Waiting<'_>]) -> R<()> {
        for late in [false, true] {
            for w in waiting {
                if needs_type(w.expr) == late {
                    let t = self.check(local, w.expr, &w.ty)?;
                    self.finish_argument(local, w, &t)?;
                }
            }
        }
        Ok(())
    }

    fn finish_argument(&self, local: &Local, w: &Waiting<'_>, t: &Term) -> R<()> {
        if !self.scratch.is_solved(w.meta) {
            self.assign(local, w.meta, t);
            return Ok(());
        }
        let solved = self.ev(local, &local.applied(Rc::new(Node::Const { id: w.meta, shift: 0 })));
        let given = self.ev(local, t);
        if self.at(w.expr.span, self.unify(&local.ctx, &w.ty, &solved, &given))? {
            return Ok(());
        }
        let (wanted, found) = (self.show(local, &solved), self.show(local, &given));
        problem(
            Kind::TypeMismatch,
            w.expr.span,
            format!("The expected type needs `{wanted}` here, but `{found}` is given."),
            "Change the argument or the statement.",
        )
    }

    fn not_a_function<T>(&self, local: &Local, span: Span, ty: &V) -> R<T> {
        let shown = self.show(local, ty);
        problem(
            Kind::NotAFunction,
            span,
            format!("This is applied to an argument, but has type `{shown}`."),
            "Remove the argument, or put parentheses around the function that you mean.",
        )
    }

    /// A line or path at a dimension.
    pub fn at_dim(&self, local: &Local, span: Span, p: Typed, r: Dim) -> R<Typed> {
        let at = self.at(span, self.m.dim(&local.ctx.env, r))?;
        match &*self.whnf(span, &p.ty)? {
            Val::Line(l) => Ok(Typed { term: walk::apply(&p.term, &[Argument::Dim(r)]), ty: self.m.dinst(l, at) }),
            Val::Path(l, a, b) => {
                let (a, b) = (self.quote(local, span, a)?, self.quote(local, span, b)?);
                Ok(Typed { term: Rc::new(Node::PApp(p.term, a, b, r)), ty: self.m.dinst(l, at) })
            }
            _ => self.not_a_function(local, span, &p.ty),
        }
    }

    /// A call of the function being defined by clauses, on a smaller argument.
    fn recursive_call(&self, local: &Local, span: Span, name: &str, args: &[Arg]) -> R<Option<Typed>> {
        let recursion = self.recursion.borrow();
        let Some(rec) = recursion.iter().rev().find(|r| r.name == name) else { return Ok(None) };
        let explicit: Vec<&Arg> = args.iter().filter(|a| a.name.is_none()).collect();
        let fixed: Vec<u32> = rec.fixed.iter().zip(&rec.implicit).filter(|(_, i)| !**i).map(|(f, _)| *f).collect();
        let level_of = |e: &Expr| match &*e.kind {
            ExprKind::Var(x) => match local.find(x) {
                Some(Found::Var(index, _)) => local.depth().checked_sub(index + 1),
                // A name in a pattern may stand for a variable that is bound under another name.
                Some(Found::Alias(t, _)) => match &*t {
                    Node::Var(index) => local.depth().checked_sub(index + 1),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        };
        let Some(on) = explicit.get(fixed.len()) else {
            return problem(
                Kind::BadPattern,
                span,
                format!("The recursive call of `{name}` must give the argument that is matched on."),
                "Apply it to the smaller variable of the pattern.",
            );
        };
        for (f, a) in fixed.iter().zip(&explicit) {
            if level_of(&a.expr) != Some(*f) {
                return problem(
                    Kind::BadPattern,
                    a.expr.span,
                    "Arguments before the one matched on must be passed on unchanged.",
                    "Put the arguments that change after the one matched on.",
                );
            }
        }
        // A part that is a function is smaller at every argument: `f (x a)` is what f is at x, taken at a.
        let (part, inside) = match &*on.expr.kind {
            ExprKind::App(part, inside) => (part, inside.as_slice()),
            _ => (&on.expr, [].as_slice()),
        };
        let level = level_of(part);
        let Some((_, hypothesis)) = rec.calls.iter().find(|(v, _)| Some(*v) == level) else {
            return problem(
                Kind::BadPattern,
                on.expr.span,
                format!("`{name}` may call itself only on an immediate part of what was matched."),
                "Call it on a variable of the pattern that is directly below the constructor.",
            );
        };
        let index = local.depth() - 1 - hypothesis;
        let ty = usize::try_from(*hypothesis).ok().and_then(|h| local.ctx.types.get(h)).cloned();
        let Some(ty) = ty else { return Ok(None) };
        let head = HeadTerm { term: Rc::new(Node::Var(index)), ty, params: Vec::new() };
        let rest: Vec<Arg> = inside.iter().chain(explicit.iter().skip(fixed.len() + 1).copied()).cloned().collect();
        drop(recursion);
        Ok(Some(self.spine(local, span, head, &rest, None)?))
    }

    pub fn projection(&self, local: &Local, span: Span, base: &Expr, field: &str) -> R<Typed> {
        let t = self.infer(local, base)?;
        match (&*self.whnf(span, &t.ty)?, field) {
            (Val::Sigma(a, _), "1") => Ok(Typed { term: Rc::new(Node::Fst(t.term)), ty: a.clone() }),
            (Val::Sigma(_, b), "2") => {
                let first = self.m.fst(&self.ev(local, &t.term));
                Ok(Typed { term: Rc::new(Node::Snd(t.term)), ty: self.m.inst(b, first) })
            }
            _ => {
                let shown = self.show(local, &t.ty);
                problem(
                    Kind::TypeMismatch,
                    span,
                    format!("Part `{field}` is asked of something of type `{shown}`, which is not a pair."),
                    "Use `.1` and `.2` on pairs and conjunctions only.",
                )
            }
        }
    }
}

/// Expressions that are elaborated better once their type is known.
fn needs_type(e: &Expr) -> bool {
    matches!(
        &*e.kind,
        ExprKind::Lam(..)
            | ExprKind::Number(..)
            | ExprKind::By(_)
            | ExprKind::Hole(_)
            | ExprKind::Vector(_)
            | ExprKind::Pair(..)
            | ExprKind::GlueEl(..)
    )
}

/// A data type (or one of its constructors) as a function of its parameters (fields and dimensions): closed term and type.
pub fn data_function(data: DataRef, d: &DataDecl, con: Option<u32>) -> (Term, Term) {
    let constructor = con.and_then(|c| d.constructors.get(usize::try_from(c).ok()?));
    let fields: &[Term] = constructor.map_or(&[], |c| &c.fields);
    let dims = constructor.map_or(0, |c| c.dims);
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (p, f) = (count(d.params.len()), count(fields.len()));
    let vars = |from: u32, n: u32| (0..n).map(|i| Rc::new(Node::Var(from - 1 - i))).collect::<Vec<Term>>();
    let (body, result) = match con {
        None => (Node::Data(data, vars(p, p)), Node::Univ(d.level)),
        Some(c) => {
            let dims = (0..dims).map(|i| Dim::Var(dims - 1 - i)).collect();
            (Node::Con(data, c, vars(p + f, p), vars(f, f), dims), Node::Data(data, vars(p + f, p)))
        }
    };
    let body = (0..dims).fold(Rc::new(body), |t, _| Rc::new(Node::DLam(t)));
    let result = (0..dims).fold(Rc::new(result), |t, _| Rc::new(Node::Line(t)));
    let telescope: Vec<&Term> = d.params.iter().chain(fields).collect();
    let term = telescope.iter().fold(body, |t, _| Rc::new(Node::Lam(t)));
    let ty = telescope.iter().rev().fold(result, |t, a| Rc::new(Node::Pi((*a).clone(), t)));
    (term, ty)
}
