//! The units of one declaration: its type, its value and its witness. Proofs are not looked into, for what they prove is their type.

use super::{Atom, Library, Parameter, Shape, Unit, annotation, exponent};
use crate::attributes::expressions;
use crate::elab::{Kind, R, problem};
use crate::expr::big;
use crate::names::Names;
use bfv_syntax::tree::{Arg, BinOp, Binder, Body, Clause, Decl, DeclKind, Expr, ExprKind, Pattern};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Checks declarations of a module that can see a unit.
pub struct Checker<'s> {
    names: &'s Names,
    /// Declarations of modules with units, by full name.
    declared: &'s BTreeMap<String, Shape>,
    library: &'s Library,
    /// Names of the declaration, the innermost last.
    scope: Vec<(String, Shape)>,
}

impl<'s> Checker<'s> {
    /// A checker for one declaration.
    pub fn new(names: &'s Names, declared: &'s BTreeMap<String, Shape>, library: &'s Library) -> Self {
        Checker { names, declared, library, scope: Vec::new() }
    }

    /// Checks a declaration and gives what others may know of it.
    ///
    /// # Errors
    /// Two units where one is needed, or a unit that is not declared.
    pub fn declaration(mut self, d: &Decl) -> R<Shape> {
        if matches!(d.kind, DeclKind::Data | DeclKind::Unit) {
            return Ok(Shape::Unknown);
        }
        let parameters = self.binders(&d.binders)?;
        let result = match &d.ty {
            Some(ty) => {
                self.infer(ty)?;
                self.names.shape(ty)?
            }
            None => Shape::Unknown,
        };
        for condition in expressions(&d.attrs, "holds_if") {
            self.infer(condition)?;
        }
        let whole =
            |result: Shape| parameters.iter().rev().fold(result, |to, p| Shape::Function(p.clone(), Rc::new(to)));
        let value = matches!(d.kind, DeclKind::Def | DeclKind::Operator);
        match &d.body {
            Body::Term(e) if value && d.ty.is_none() => return Ok(whole(self.infer(e)?)),
            Body::Term(e) if value => self.check(e, &result)?,
            Body::Clauses(clauses) if value => {
                self.scope.push((d.name.text.clone(), whole(result.clone())));
                for clause in clauses {
                    self.clause(clause, &result)?;
                }
            }
            Body::RefutedAt { witness, .. } => {
                // Also the variables of a `forall` with which the statement begins.
                if let Some(ExprKind::Pi(binders, _)) = d.ty.as_ref().map(|t| &*t.kind) {
                    self.binders(binders)?;
                }
                for (name, e) in witness {
                    let shape = self.local(&name.text).cloned().unwrap_or(Shape::Unknown);
                    self.check(e, &shape)?;
                }
            }
            _ => {}
        }
        Ok(whole(result))
    }

    fn local(&self, name: &str) -> Option<&Shape> {
        self.scope.iter().rev().find(|(n, _)| n == name).map(|(_, s)| s)
    }

    /// Brings binders into scope, and checks the statements among their types.
    fn binders(&mut self, binders: &[Binder]) -> R<Vec<Parameter>> {
        let mut out = Vec::new();
        for b in binders {
            let shape = match &b.ty {
                Some(ty) => {
                    self.infer(ty)?;
                    self.names.shape(ty)?
                }
                None => Shape::Unknown,
            };
            for n in &b.names {
                self.scope.push((n.text.clone(), shape.clone()));
                out.push(Parameter { name: Some(n.text.clone()), implicit: b.implicit, shape: Rc::new(shape.clone()) });
            }
        }
        Ok(out)
    }

    /// Runs something and forgets the names that it brought into scope.
    fn inside<T>(&mut self, f: impl FnOnce(&mut Self) -> R<T>) -> R<T> {
        let before = self.scope.len();
        let out = f(self);
        self.scope.truncate(before);
        out
    }

    /// A clause of a function or of a match: its patterns take the parameters of the shape.
    fn clause(&mut self, clause: &Clause, shape: &Shape) -> R<()> {
        self.inside(|c| {
            let mut rest = shape.clone();
            for p in &clause.patterns {
                let (from, to) = match rest {
                    Shape::Function(p, to) => ((*p.shape).clone(), (*to).clone()),
                    _ => (Shape::Unknown, Shape::Unknown),
                };
                c.pattern(p, from);
                rest = to;
            }
            c.check(&clause.body, &rest)
        })
    }

    fn pattern(&mut self, p: &Pattern, shape: Shape) {
        match p {
            Pattern::Name(n, fields) => {
                self.scope.push((n.text.clone(), if fields.is_empty() { shape } else { Shape::Unknown }));
                for field in fields {
                    self.pattern(field, Shape::Unknown);
                }
            }
            Pattern::Pair(a, b, _) => {
                let (left, right) = match shape {
                    Shape::Pair(l, r) => ((*l).clone(), (*r).clone()),
                    _ => (Shape::Unknown, Shape::Unknown),
                };
                self.pattern(a, left);
                self.pattern(b, right);
            }
            Pattern::Wildcard(_) | Pattern::Number(..) => {}
        }
    }

    /// What is known of the units in an expression.
    fn infer(&mut self, e: &Expr) -> R<Shape> {
        Ok(match &*e.kind {
            ExprKind::Var(name) => {
                let mut shape = closed(&self.head(name));
                while let Shape::Function(Parameter { implicit: true, .. }, to) = shape {
                    shape = (*to).clone();
                }
                shape
            }
            ExprKind::Number(n, _) if *n == 0u8.into() => Shape::Unknown,
            ExprKind::Number(..) => Shape::Number(Unit::default()),
            ExprKind::App(f, args) => self.application(f, args)?,
            ExprKind::Big(name, binders, body) => {
                let (f, arg) = big(name, binders, body, e.span);
                self.application(&f, &[arg])?
            }
            ExprKind::Lam(binders, body) => self.inside(|c| {
                let parameters = c.binders(binders)?;
                let body = c.infer(body)?;
                Ok(parameters.into_iter().rev().fold(body, |to, p| Shape::Function(p, Rc::new(to))))
            })?,
            ExprKind::Pi(binders, body) | ExprKind::Sigma(binders, body) | ExprKind::Exists(binders, body) => {
                self.inside(|c| {
                    c.binders(binders)?;
                    c.infer(body)
                })?;
                Shape::Unknown
            }
            ExprKind::Arrow(a, b) => {
                self.infer(a)?;
                self.infer(b)?;
                Shape::Unknown
            }
            ExprKind::Binary(op, l, r) => self.binary(*op, l, r, e)?,
            ExprKind::Neg(a) => self.infer(a)?,
            ExprKind::Not(a) => {
                self.infer(a)?;
                Shape::Unknown
            }
            ExprKind::Vector(items) => {
                let mut of = Shape::Unknown;
                for item in items {
                    let next = self.infer(item)?;
                    of = match join(&of, &next) {
                        Some(of) => of,
                        None => return needed(item, &next, &of),
                    };
                }
                Shape::function(Shape::Unknown, of)
            }
            ExprKind::Pair(a, b) => Shape::Pair(Rc::new(self.infer(a)?), Rc::new(self.infer(b)?)),
            ExprKind::Proj(a, field) => match (self.infer(a)?, field.as_str()) {
                (Shape::Pair(l, _), "1") => (*l).clone(),
                (Shape::Pair(_, r), "2") => (*r).clone(),
                _ => Shape::Unknown,
            },
            ExprKind::Ann(a, ty) => {
                self.infer(ty)?;
                let shape = self.names.shape(ty)?;
                self.check(a, &shape)?;
                shape
            }
            ExprKind::Let(name, ty, value, body) => {
                let shape = self.value(ty.as_ref(), value)?;
                self.inside(|c| {
                    c.scope.push((name.text.clone(), shape));
                    c.infer(body)
                })?
            }
            ExprKind::If(c, a, b) => {
                self.infer(c)?;
                let (left, right) = (self.infer(a)?, self.infer(b)?);
                match join(&left, &right) {
                    Some(s) => s,
                    None => return needed(b, &right, &left),
                }
            }
            ExprKind::Match(a, clauses) => {
                let from = self.infer(a)?;
                for clause in clauses {
                    self.clause(clause, &Shape::function(from.clone(), Shape::Unknown))?;
                }
                Shape::Unknown
            }
            // What is left speaks of dimensions or is a proof, a hole or a universe.
            _ => Shape::Unknown,
        })
    }

    fn value(&mut self, ty: Option<&Expr>, value: &Expr) -> R<Shape> {
        let Some(ty) = ty else { return self.infer(value) };
        self.infer(ty)?;
        let shape = self.names.shape(ty)?;
        self.check(value, &shape)?;
        Ok(shape)
    }

    /// Checks an expression against a shape. A number that is written there takes the unit.
    fn check(&mut self, e: &Expr, shape: &Shape) -> R<()> {
        match (&*e.kind, shape) {
            (_, Shape::Number(_)) if is_constant(e) => Ok(()),
            (ExprKind::Vector(items), Shape::Function(_, of)) => items.iter().try_for_each(|item| self.check(item, of)),
            (ExprKind::Lam(binders, body), Shape::Function(..)) => self.inside(|c| {
                c.binders(binders)?;
                let mut rest = shape.clone();
                let at = c.scope.len().saturating_sub(binders.iter().map(|b| b.names.len()).sum());
                let typed: Vec<bool> = binders.iter().flat_map(|b| b.names.iter().map(|_| b.ty.is_some())).collect();
                for (name, typed) in c.scope.iter_mut().skip(at).zip(typed) {
                    let (from, to) = match rest {
                        Shape::Function(p, to) => ((*p.shape).clone(), (*to).clone()),
                        _ => (Shape::Unknown, Shape::Unknown),
                    };
                    if !typed {
                        name.1 = from;
                    }
                    rest = to;
                }
                c.check(body, &rest)
            }),
            (ExprKind::Pair(a, b), Shape::Pair(l, r)) => {
                self.check(a, l)?;
                self.check(b, r)
            }
            (ExprKind::Let(name, ty, value, body), _) => {
                let inner = self.value(ty.as_ref(), value)?;
                self.inside(|c| {
                    c.scope.push((name.text.clone(), inner));
                    c.check(body, shape)
                })
            }
            (ExprKind::If(c, a, b), _) => {
                self.infer(c)?;
                self.check(a, shape)?;
                self.check(b, shape)
            }
            (ExprKind::Match(a, clauses), _) => {
                let from = self.infer(a)?;
                let whole = Shape::function(from, shape.clone());
                clauses.iter().try_for_each(|clause| self.clause(clause, &whole))
            }
            _ => {
                let found = self.infer(e)?;
                if join(&found, shape).is_some() { Ok(()) } else { needed(e, &found, shape) }
            }
        }
    }

    fn binary(&mut self, op: BinOp, l: &Expr, r: &Expr, e: &Expr) -> R<Shape> {
        let (left, right) = (self.infer(l)?, self.infer(r)?);
        let sign = match op {
            BinOp::Add => "+",
            BinOp::Sub => "-",
            BinOp::Lt => "<",
            BinOp::Le => "<=",
            BinOp::Gt => ">",
            BinOp::Ge => ">=",
            BinOp::Eq => "=",
            BinOp::Ne => "!=",
            BinOp::Mul | BinOp::Div => {
                let power = if op == BinOp::Mul { 1 } else { -1 };
                return Ok(match (left, right) {
                    (Shape::Number(a), Shape::Number(b)) => Shape::Number(a.times(&b, power)),
                    _ => Shape::Unknown,
                });
            }
            BinOp::Pow => {
                return Ok(match (left, exponent(r)) {
                    (Shape::Number(u), Some(n)) => Shape::Number(u.power(n)),
                    (Shape::Number(u), None) if u == Unit::default() => Shape::Number(u),
                    _ => Shape::Unknown,
                });
            }
            BinOp::And | BinOp::Or | BinOp::Iff | BinOp::Times => return Ok(Shape::Unknown),
        };
        match join(&left, &right) {
            Some(s) if matches!(op, BinOp::Add | BinOp::Sub) => Ok(s),
            Some(_) => Ok(Shape::Unknown),
            None => {
                let (a, b) = different(&left, &right);
                problem(
                    Kind::UnitMismatch,
                    e.span,
                    format!("The two sides of `{sign}` differ in unit. The left has {a}, the right {b}."),
                    mend(&left, &right),
                )
            }
        }
    }

    /// What is known of a name; `?u` of another declaration is open.
    fn head(&self, name: &str) -> Shape {
        if let Some(local) = self.local(name) {
            return local.clone();
        }
        let [g] = self.names.find(name)[..] else { return Shape::Unknown };
        let known = self.declared.get(&g.full).or_else(|| self.library.get(&g.full));
        let open = |u: &Unit| {
            let renamed = u.0.iter().map(|(atom, e)| match atom {
                Atom::Any(n) => (Atom::Open(n.clone()), *e),
                other => (other.clone(), *e),
            });
            Some(Unit(renamed.collect()))
        };
        known.map_or(Shape::Unknown, |s| s.map(&open))
    }

    fn application(&mut self, f: &Expr, args: &[Arg]) -> R<Shape> {
        if annotation(f, args).is_some() {
            return Ok(Shape::Unknown);
        }
        let mut result = if let ExprKind::Var(name) = &*f.kind { self.head(name) } else { self.infer(f)? };
        let mut parameters = Vec::new();
        while let Shape::Function(p, to) = result {
            parameters.push(Some(p));
            result = (*to).clone();
        }
        let mut waiting: Vec<(&Expr, Rc<Shape>)> = Vec::new();
        for arg in args {
            let fits = |p: &Parameter| match &arg.name {
                Some(n) => p.name.as_deref() == Some(&n.text),
                None => p.implicit == arg.implicit,
            };
            let place = parameters.iter_mut().find(|p| p.as_ref().is_some_and(fits)).and_then(Option::take);
            match place {
                Some(p) => waiting.push((&arg.expr, p.shape)),
                None => {
                    // An argument of something that is not tracked.
                    self.infer(&arg.expr)?;
                    result = Shape::Unknown;
                }
            }
        }
        // Written numbers take the unit that the other arguments ask for.
        let mut found: BTreeMap<String, Unit> = BTreeMap::new();
        waiting.sort_by_key(|(e, _)| is_constant(e));
        for (e, shape) in waiting {
            let shape = shape.map(&|u| Some(filled(u, &found)));
            if is_open(&shape) && !is_constant(e) {
                let given = self.infer(e)?;
                solve(&shape, &given, &mut found);
            } else if !is_open(&shape) {
                self.check(e, &shape)?;
            }
        }
        let rest = parameters.into_iter().flatten().filter(|p| !p.implicit);
        let left: Vec<Parameter> = rest.collect();
        let whole = left.into_iter().rev().fold(result, |to, p| Shape::Function(p, Rc::new(to)));
        Ok(closed(&whole.map(&|u| Some(filled(u, &found)))))
    }
}

/// A number that is written out, such as `-3/4`.
fn is_constant(e: &Expr) -> bool {
    match &*e.kind {
        ExprKind::Number(..) => true,
        ExprKind::Neg(a) => is_constant(a),
        ExprKind::Binary(BinOp::Add | BinOp::Sub | BinOp::Mul | BinOp::Div | BinOp::Pow, a, b) => {
            is_constant(a) && is_constant(b)
        }
        _ => false,
    }
}

/// Both shapes in one; nothing when they have different units.
fn join(a: &Shape, b: &Shape) -> Option<Shape> {
    match (a, b) {
        (Shape::Unknown, s) | (s, Shape::Unknown) => Some(s.clone()),
        (Shape::Number(u), Shape::Number(v)) => (u == v).then(|| a.clone()),
        (Shape::Function(p, to), Shape::Function(q, other)) => {
            let shape = Rc::new(join(&p.shape, &q.shape)?);
            Some(Shape::Function(Parameter { shape, ..p.clone() }, Rc::new(join(to, other)?)))
        }
        (Shape::Pair(l, r), Shape::Pair(m, s)) => Some(Shape::Pair(Rc::new(join(l, m)?), Rc::new(join(r, s)?))),
        // The types differ, which is for the elaborator to say.
        _ => Some(Shape::Unknown),
    }
}

fn is_open(s: &Shape) -> bool {
    s.map(&|u| (!u.0.keys().any(|a| matches!(a, Atom::Open(_)))).then(|| u.clone())) != *s
}

/// The shape without units that are still open: of these nothing is known.
fn closed(s: &Shape) -> Shape {
    s.map(&|u| (!u.0.keys().any(|a| matches!(a, Atom::Open(_)))).then(|| u.clone()))
}

/// The unit with what was found for its open parts.
fn filled(u: &Unit, found: &BTreeMap<String, Unit>) -> Unit {
    u.0.iter().fold(Unit::default(), |out, (atom, e)| match atom {
        Atom::Open(n) if found.contains_key(n) => found.get(n).map_or(out.clone(), |v| out.times(v, *e)),
        other => out.times(&Unit::one(other.clone()), *e),
    })
}

/// Finds the open units of a parameter from what is given for it. Where two are open in one place, nothing is found.
fn solve(wanted: &Shape, given: &Shape, found: &mut BTreeMap<String, Unit>) {
    match (wanted, given) {
        (Shape::Number(u), Shape::Number(v)) => {
            let u = filled(u, found);
            let mut open = u.0.iter().filter_map(|(a, e)| if let Atom::Open(n) = a { Some((n, *e)) } else { None });
            if let (Some((name, e)), None) = (open.next(), open.next()) {
                let known = u.times(&Unit::one(Atom::Open(name.clone())), e.saturating_neg());
                if let Some(root) = v.times(&known, -1).root(e) {
                    found.insert(name.clone(), root);
                }
            }
        }
        (Shape::Function(p, to), Shape::Function(q, other)) => {
            solve(&p.shape, &q.shape, found);
            solve(to, other, found);
        }
        (Shape::Pair(l, r), Shape::Pair(m, s)) => {
            solve(l, m, found);
            solve(r, s, found);
        }
        _ => {}
    }
}

/// The units at the first place where two shapes differ.
fn different(a: &Shape, b: &Shape) -> (String, String) {
    match (a, b) {
        (Shape::Function(p, x), Shape::Function(q, y)) if join(&p.shape, &q.shape).is_some() => different(x, y),
        (Shape::Function(p, _), Shape::Function(q, _)) => different(&p.shape, &q.shape),
        (Shape::Pair(l, r), Shape::Pair(m, s)) if join(l, m).is_some() => different(r, s),
        (Shape::Pair(l, _), Shape::Pair(m, _)) => different(l, m),
        (Shape::Number(u), Shape::Number(v)) => (worded(u), worded(v)),
        _ => ("no unit".to_owned(), "no unit".to_owned()),
    }
}

/// `the unit ms`, or `no unit`.
fn worded(u: &Unit) -> String {
    if *u == Unit::default() { u.shown() } else { format!("the unit {}", u.shown()) }
}

fn needed<T>(e: &Expr, found: &Shape, wanted: &Shape) -> R<T> {
    let (has, needs) = different(found, wanted);
    problem(Kind::UnitMismatch, e.span, format!("This has {has}, but {needs} is needed here."), mend(found, wanted))
}

fn mend(a: &Shape, b: &Shape) -> String {
    let plain = |s: &str| s == "no unit";
    let (x, y) = different(a, b);
    match (plain(&x), plain(&y)) {
        (true, false) | (false, true) => {
            let unit = if plain(&x) { y } else { x };
            let unit = unit.trim_start_matches("the unit ").trim_matches('`').to_owned();
            format!("Write the unit, as in `(5 : Real [{unit}])`.")
        }
        _ => "Multiply one side by a rate, or correct a unit.".to_owned(),
    }
}
