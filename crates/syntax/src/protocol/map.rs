//! Rewriting of expressions: each name that stands for something else is replaced. No care is taken of binders:
//! where a protocol is rewritten, no bound name is one that is replaced.

use crate::tree::*;

/// Rewrites an expression. `f` answers for an expression as a whole, or nothing to go on with its parts.
pub fn expr(e: &Expr, f: &dyn Fn(&Expr) -> Option<Expr>) -> Expr {
    if let Some(new) = f(e) {
        return new;
    }
    let to = |e: &Expr| expr(e, f);
    let all = |es: &[Expr]| es.iter().map(to).collect::<Vec<_>>();
    let bound = |bs: &[Binder]| binders(bs, f);
    let kind = match &*e.kind {
        ExprKind::App(head, args) => {
            let args = args.iter().map(|a| Arg { expr: to(&a.expr), ..a.clone() }).collect();
            ExprKind::App(to(head), args)
        }
        ExprKind::Lam(bs, a) => ExprKind::Lam(bound(bs), to(a)),
        ExprKind::Pi(bs, a) => ExprKind::Pi(bound(bs), to(a)),
        ExprKind::Sigma(bs, a) => ExprKind::Sigma(bound(bs), to(a)),
        ExprKind::Exists(bs, a) => ExprKind::Exists(bound(bs), to(a)),
        ExprKind::Big(name, bs, a) => ExprKind::Big(name.clone(), bound(bs), to(a)),
        ExprKind::Arrow(a, b) => ExprKind::Arrow(to(a), to(b)),
        ExprKind::Binary(op, a, b) => ExprKind::Binary(*op, to(a), to(b)),
        ExprKind::Neg(a) => ExprKind::Neg(to(a)),
        ExprKind::Not(a) => ExprKind::Not(to(a)),
        ExprKind::Vector(es) => ExprKind::Vector(all(es)),
        ExprKind::Pair(a, b) => ExprKind::Pair(to(a), to(b)),
        ExprKind::Proj(a, field) => ExprKind::Proj(to(a), field.clone()),
        ExprKind::Ann(a, b) => ExprKind::Ann(to(a), to(b)),
        ExprKind::Let(name, ty, a, b) => ExprKind::Let(name.clone(), ty.as_ref().map(to), to(a), to(b)),
        ExprKind::If(a, b, c) => ExprKind::If(to(a), to(b), to(c)),
        ExprKind::Match(a, clauses) => {
            let clauses = clauses.iter().map(|c| Clause { body: to(&c.body), ..c.clone() }).collect();
            ExprKind::Match(to(a), clauses)
        }
        ExprKind::By(s) => ExprKind::By(script(s, f, &|n| n.clone())),
        ExprKind::At(a, b) => ExprKind::At(to(a), to(b)),
        ExprKind::Coe(a, b, c, d) => ExprKind::Coe(to(a), to(b), to(c), to(d)),
        ExprKind::HCom(a, b, c, fs, d) => ExprKind::HCom(to(a), to(b), to(c), faces(fs, f), to(d)),
        ExprKind::Glue(a, fs) => ExprKind::Glue(to(a), faces(fs, f)),
        ExprKind::GlueEl(a, fs) => ExprKind::GlueEl(to(a), faces(fs, f)),
        ExprKind::Unglue(a) => ExprKind::Unglue(to(a)),
        ExprKind::Var(_)
        | ExprKind::Number(..)
        | ExprKind::String(_)
        | ExprKind::Hole(_)
        | ExprKind::Univ(_)
        | ExprKind::Error => return e.clone(),
    };
    Expr { span: e.span, kind: Box::new(kind) }
}

/// Rewrites the types of binders.
pub fn binders(bs: &[Binder], f: &dyn Fn(&Expr) -> Option<Expr>) -> Vec<Binder> {
    bs.iter().map(|b| Binder { ty: b.ty.as_ref().map(|t| expr(t, f)), ..b.clone() }).collect()
}

fn faces(fs: &Faces, f: &dyn Fn(&Expr) -> Option<Expr>) -> Faces {
    let equations = |es: &[(Expr, Expr)]| es.iter().map(|(a, b)| (expr(a, f), expr(b, f))).collect();
    fs.iter().map(|(es, side)| (equations(es), expr(side, f))).collect()
}

/// Rewrites the expressions of a script, and by `case` the names of constructors of its cases and of what is unfolded.
pub fn script(s: &Script, f: &dyn Fn(&Expr) -> Option<Expr>, case: &dyn Fn(&Name) -> Name) -> Script {
    let to = |e: &Expr| expr(e, f);
    let inside = |s: &Script| script(s, f, case);
    let cases = |cs: &[Case]| -> Vec<Case> {
        cs.iter()
            .map(|c| Case { constructor: case(&c.constructor), names: c.names.clone(), script: inside(&c.script) })
            .collect()
    };
    let step = |kind: &TacticKind| match kind {
        TacticKind::Apply(e) => TacticKind::Apply(to(e)),
        TacticKind::Exact(e) => TacticKind::Exact(to(e)),
        TacticKind::Show(e) => TacticKind::Show(to(e)),
        TacticKind::Exists(e) => TacticKind::Exists(to(e)),
        TacticKind::Rewrite(es, at) => {
            TacticKind::Rewrite(es.iter().map(|(back, e)| (*back, to(e))).collect(), at.clone())
        }
        TacticKind::Induction(e, cs) => TacticKind::Induction(to(e), cases(cs)),
        TacticKind::Cases(e, cs) => TacticKind::Cases(to(e), cases(cs)),
        TacticKind::Have(name, ty, body) => {
            let body = match body {
                HaveBody::Term(e) => HaveBody::Term(to(e)),
                HaveBody::By(s) => HaveBody::By(inside(s)),
            };
            TacticKind::Have(name.clone(), ty.as_ref().map(to), body)
        }
        TacticKind::Arith(es) => TacticKind::Arith(es.iter().map(to).collect()),
        TacticKind::Auto(es) => TacticKind::Auto(es.iter().map(to).collect()),
        TacticKind::Unfold(names, at) => TacticKind::Unfold(names.iter().map(case).collect(), at.clone()),
        TacticKind::Block(s) => TacticKind::Block(inside(s)),
        TacticKind::Intro(_)
        | TacticKind::Assumption
        | TacticKind::Refl
        | TacticKind::Ring
        | TacticKind::Box(_)
        | TacticKind::Split => kind.clone(),
    };
    let steps = s.steps.iter().map(|t| Tactic { span: t.span, kind: step(&t.kind) }).collect();
    Script { steps, span: s.span }
}

/// Calls `name` with every name that an expression mentions, and `bound` with every name that it binds outside of scripts.
pub fn visit(e: &Expr, name: &mut dyn FnMut(&str), bound: &mut dyn FnMut(&Name)) {
    each(e, &mut |e| {
        let names = |bs: &[Binder]| bs.iter().flat_map(|b| b.names.clone()).collect::<Vec<_>>();
        let binds = match &*e.kind {
            ExprKind::Var(x) => {
                name(x.split('.').next().unwrap_or(x));
                Vec::new()
            }
            ExprKind::Lam(bs, _)
            | ExprKind::Pi(bs, _)
            | ExprKind::Sigma(bs, _)
            | ExprKind::Exists(bs, _)
            | ExprKind::Big(_, bs, _) => names(bs),
            ExprKind::Let(n, ..) => vec![n.clone()],
            ExprKind::Match(_, clauses) => clauses.iter().flat_map(|c| c.patterns.iter().flat_map(variables)).collect(),
            _ => Vec::new(),
        };
        binds.iter().for_each(&mut *bound);
    });
}

/// Calls a function with an expression and with every one inside of it.
pub fn each(e: &Expr, f: &mut dyn FnMut(&Expr)) {
    // The rewriting calls its function at every expression, so it serves as the way through the tree.
    let cell = std::cell::RefCell::new(f);
    expr(e, &|e| {
        (cell.borrow_mut())(e);
        None
    });
}

/// The names of a pattern that may be variables.
fn variables(p: &Pattern) -> Vec<Name> {
    match p {
        Pattern::Name(n, ps) if ps.is_empty() => vec![n.clone()],
        Pattern::Name(_, ps) => ps.iter().flat_map(variables).collect(),
        Pattern::Pair(a, b, _) => [variables(a), variables(b)].concat(),
        Pattern::Wildcard(_) | Pattern::Number(..) => Vec::new(),
    }
}

/// The names that the steps of a script bind.
pub fn bound_by(s: &Script) -> Vec<String> {
    let mut out = Vec::new();
    for t in &s.steps {
        match &t.kind {
            TacticKind::Intro(names) => out.extend(names.iter().map(|n| n.text.clone())),
            TacticKind::Induction(_, cs) | TacticKind::Cases(_, cs) => {
                for c in cs {
                    out.extend(c.names.iter().map(|n| n.text.clone()));
                    out.extend(bound_by(&c.script));
                }
            }
            TacticKind::Have(name, _, body) => {
                out.push(name.text.clone());
                if let HaveBody::By(s) = body {
                    out.extend(bound_by(s));
                }
            }
            TacticKind::Block(s) => out.extend(bound_by(s)),
            _ => {}
        }
    }
    out
}
