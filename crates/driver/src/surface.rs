//! Places in surface trees, so that one part of a declaration can be changed.

use bfv_diag::Span;
use bfv_syntax::tree::{Arg, Binder, Body, Decl, Expr, ExprKind, Faces, File, Name};

/// The expressions directly inside one that stand for values or statements: types are left out.
pub(crate) fn inside(e: &mut Expr) -> Vec<&mut Expr> {
    match &mut *e.kind {
        ExprKind::App(f, args) => std::iter::once(f).chain(args.iter_mut().map(|a| &mut a.expr)).collect(),
        ExprKind::Lam(_, a)
        | ExprKind::Pi(_, a)
        | ExprKind::Sigma(_, a)
        | ExprKind::Exists(_, a)
        | ExprKind::Big(_, _, a)
        | ExprKind::Neg(a)
        | ExprKind::Not(a)
        | ExprKind::Proj(a, _)
        | ExprKind::Ann(a, _) => vec![a],
        ExprKind::Binary(_, a, b)
        | ExprKind::Arrow(a, b)
        | ExprKind::Pair(a, b)
        | ExprKind::Let(_, _, a, b)
        | ExprKind::At(a, b) => vec![a, b],
        ExprKind::If(a, b, c) => vec![a, b, c],
        ExprKind::Vector(all) => all.iter_mut().collect(),
        ExprKind::Match(a, clauses) => std::iter::once(a).chain(clauses.iter_mut().map(|c| &mut c.body)).collect(),
        _ => Vec::new(),
    }
}

/// A way from an expression down to one inside it.
pub(crate) type Path = Vec<usize>;

/// Every expression inside one, itself first, with the way to it.
pub(crate) fn nodes(e: &Expr) -> Vec<(Path, Expr)> {
    let mut out = Vec::new();
    let mut todo = vec![(Path::new(), e.clone())];
    while let Some((path, mut e)) = todo.pop() {
        let below: Vec<(Path, Expr)> = inside(&mut e)
            .into_iter()
            .enumerate()
            .map(|(n, c)| ([path.as_slice(), &[n]].concat(), c.clone()))
            .collect();
        // The last one pushed comes next, so that the order is that of the text.
        todo.extend(below.into_iter().rev());
        out.push((path, e));
    }
    out
}

/// The expression at the end of a way.
pub(crate) fn at<'e>(e: &'e mut Expr, path: &[usize]) -> Option<&'e mut Expr> {
    match path {
        [] => Some(e),
        [n, rest @ ..] => at(inside(e).into_iter().nth(*n)?, rest),
    }
}

/// The way to the only place where two expressions differ, as deep as it goes.
pub(crate) fn difference(a: &Expr, b: &Expr) -> Path {
    let (mut a, mut b) = (a.clone(), b.clone());
    let mut path = Path::new();
    loop {
        let text = bfv_syntax::print::expr;
        let (below_a, below_b) = (inside(&mut a), inside(&mut b));
        let apart: Vec<usize> = (0..below_a.len().max(below_b.len()))
            .filter(|n| match (below_a.get(*n), below_b.get(*n)) {
                (Some(x), Some(y)) => text(x) != text(y),
                _ => true,
            })
            .collect();
        let next = match apart.as_slice() {
            [n] => below_a.get(*n).zip(below_b.get(*n)).map(|(x, y)| (*n, (**x).clone(), (**y).clone())),
            _ => None,
        };
        // What is around the place must be the same, too: with the one part replaced, the two are equal.
        let Some((n, x, y)) = next else { return path };
        if let Some(part) = at(&mut a, &[n]) {
            *part = y.clone();
        }
        if text(&a) != text(&b) {
            return path;
        }
        path.push(n);
        (a, b) = (x, y);
    }
}

/// The results of a declaration: its term, or those of its clauses.
pub(crate) fn results(d: &mut Decl) -> Vec<&mut Expr> {
    match &mut d.body {
        Body::Term(e) => vec![e],
        Body::Clauses(cs) => cs.iter_mut().map(|c| &mut c.body).collect(),
        _ => Vec::new(),
    }
}

/// An expression at the place of another one.
pub(crate) fn expr(span: Span, kind: ExprKind) -> Expr {
    Expr { span, kind: Box::new(kind) }
}

/// A name as an expression.
pub(crate) fn var(span: Span, name: &str) -> Expr {
    expr(span, ExprKind::Var(name.to_owned()))
}

/// A function at explicit arguments.
pub(crate) fn call(span: Span, f: Expr, args: Vec<Expr>) -> Expr {
    let args = args.into_iter().map(|expr| Arg { name: None, implicit: false, expr }).collect();
    expr(span, ExprKind::App(f, args))
}

/// The same text read as declarations; nothing where it is none.
pub(crate) fn read(text: &str) -> Vec<Decl> {
    let (file, problems) = bfv_syntax::parse(0, text.as_bytes());
    if problems.is_empty() { file.decls } else { Vec::new() }
}

/// A file with the imports of another one, and declarations of its own.
pub(crate) fn file(like: &File, decls: Vec<Decl>) -> File {
    File { module: like.module.clone(), imports: like.imports.clone(), decls, protocols: Vec::new() }
}

/// Gives every name in an expression the one that `new` says, bound or not.
pub(crate) fn rename(e: &mut Expr, new: &dyn Fn(&str) -> Option<String>) {
    let faces = |faces: &mut Faces| {
        for (equations, e) in faces {
            for (a, b) in equations {
                rename(a, new);
                rename(b, new);
            }
            rename(e, new);
        }
    };
    match &mut *e.kind {
        ExprKind::Var(name) => set(name, new),
        ExprKind::App(f, args) => {
            rename(f, new);
            args.iter_mut().for_each(|a| rename(&mut a.expr, new));
        }
        ExprKind::Lam(bs, a)
        | ExprKind::Pi(bs, a)
        | ExprKind::Sigma(bs, a)
        | ExprKind::Exists(bs, a)
        | ExprKind::Big(_, bs, a) => {
            rename_binders(bs, new);
            rename(a, new);
        }
        ExprKind::Neg(a) | ExprKind::Not(a) | ExprKind::Proj(a, _) | ExprKind::Unglue(a) => rename(a, new),
        ExprKind::Binary(_, a, b)
        | ExprKind::Arrow(a, b)
        | ExprKind::Pair(a, b)
        | ExprKind::Ann(a, b)
        | ExprKind::At(a, b) => {
            rename(a, new);
            rename(b, new);
        }
        ExprKind::If(a, b, c) => [a, b, c].into_iter().for_each(|e| rename(e, new)),
        ExprKind::Vector(all) => all.iter_mut().for_each(|e| rename(e, new)),
        ExprKind::Let(name, ty, a, b) => {
            set_name(name, new);
            ty.iter_mut().for_each(|e| rename(e, new));
            rename(a, new);
            rename(b, new);
        }
        ExprKind::Match(a, clauses) => {
            rename(a, new);
            clauses.iter_mut().for_each(|c| rename(&mut c.body, new));
        }
        ExprKind::Coe(a, b, c, d) => [a, b, c, d].into_iter().for_each(|e| rename(e, new)),
        ExprKind::HCom(a, b, c, fs, d) => {
            [a, b, c, d].into_iter().for_each(|e| rename(e, new));
            faces(fs);
        }
        ExprKind::Glue(a, fs) | ExprKind::GlueEl(a, fs) => {
            rename(a, new);
            faces(fs);
        }
        ExprKind::Number(..)
        | ExprKind::String(_)
        | ExprKind::Hole(_)
        | ExprKind::Univ(_)
        | ExprKind::By(_)
        | ExprKind::Error => {}
    }
}

/// The same for binders.
pub(crate) fn rename_binders(bs: &mut [Binder], new: &dyn Fn(&str) -> Option<String>) {
    for b in bs {
        b.names.iter_mut().for_each(|n| set_name(n, new));
        b.ty.iter_mut().for_each(|t| rename(t, new));
    }
}

fn set_name(name: &mut Name, new: &dyn Fn(&str) -> Option<String>) {
    set(&mut name.text, new);
}

fn set(name: &mut String, new: &dyn Fn(&str) -> Option<String>) {
    if let Some(other) = new(name) {
        *name = other;
    }
}
