//! Functions by clauses and `match`: patterns become the branches of an eliminator. No clause is dropped: one that is
//! never reached is a mistake, and so is a name that is nearly a constructor.

use crate::cases::{Branch, Shape};
use crate::context::{Entry, Local};
use crate::elab::{Elab, Kind, Problem, R, Recursion, Typed, problem};
use crate::pattern::Pat;
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Clo, Ivl, V, Val};
use bfv_syntax::tree::{Clause, Expr, Pattern};
use num_bigint::BigUint;
use std::rc::Rc;

/// A clause on its way through the eliminators.
#[derive(Clone)]
struct Row<'c> {
    /// Its number among the clauses.
    number: usize,
    clause: &'c Clause,
    pat: Pat,
    /// What its names stand for that are bound elsewhere.
    aliases: Vec<Entry>,
}

/// What stays the same while clauses are taken apart.
struct Clauses {
    span: Span,
    column: usize,
    recursion: Option<Recursion>,
    /// For each clause, whether it is reached.
    reached: std::cell::RefCell<Vec<bool>>,
}

impl Elab<'_> {
    /// `match x with ... end` against a type.
    pub fn check_match(&self, local: &Local, span: Span, scrutinee: &Expr, clauses: &[Clause], ty: &V) -> R<Term> {
        let x = self.infer(local, scrutinee)?;
        if let Some(c) = clauses.iter().find(|c| c.patterns.len() != 1) {
            return problem(
                Kind::BadPattern,
                c.span,
                "A `match` takes one term apart, so each clause has one pattern.",
                "Give one pattern, and match on the other term in the result.",
            );
        }
        let target = walk::zonk(self.scratch, &self.quote(local, span, ty)?, &mut None);
        let subject = walk::zonk(self.scratch, &x.term, &mut None);
        let motive = walk::abstract_over(&target, &subject, &mut 0);
        let rows = clauses.iter().map(|c| (c, Vec::new())).collect();
        self.take_apart(local, span, &x, &motive, rows, 0, None)
    }

    /// A function given by clauses: arguments are bound one after another until the one that clauses match on.
    pub fn check_clauses(
        &self,
        local: &Local,
        span: Span,
        clauses: &[Clause],
        ty: &V,
        rec: Option<Recursion>,
    ) -> R<Term> {
        let width = clauses.first().map_or(0, |c| c.patterns.len());
        if let Some(c) = clauses.iter().find(|c| c.patterns.len() != width) {
            return problem(
                Kind::BadPattern,
                c.span,
                format!("This clause has {}, but the first one has {width}.", patterns(c.patterns.len())),
                "Give one pattern for each argument, separated by commas.",
            );
        }
        let taken = |n: &usize| clauses.iter().any(|c| c.patterns.get(*n).is_some_and(|p| self.is_constructor(p)));
        let column = (0..width).find(taken);
        // Without a constructor the arguments are only named.
        let last = column.unwrap_or(width.saturating_sub(1));
        let (mut inner, mut ty, mut fixed) = (local.clone(), ty.clone(), Vec::new());
        let mut rows: Vec<(&Clause, Vec<Entry>)> = clauses.iter().map(|c| (c, Vec::new())).collect();
        let mut columns = Vec::new();
        for n in 0..=last {
            let w = self.whnf(span, &ty)?;
            let Val::Pi(dom, cod) = &*w else {
                return problem(
                    Kind::BadPattern,
                    span,
                    format!("There are {}, but the type has {} to match on.", patterns(width), arguments(n)),
                    "Remove patterns, or give the function another type.",
                );
            };
            // The column that is matched on is named in each branch.
            let names: Vec<String> = if Some(n) == column {
                Vec::new()
            } else {
                clauses.iter().map(|c| self.variable(c.patterns.get(n))).collect::<R<_>>()?
            };
            let shared = names.first().filter(|f| names.iter().all(|x| x == *f));
            let (next, x) = self.bind(&inner, span, shared.map_or("_", String::as_str), dom)?;
            if Some(n) != column {
                fixed.push(inner.depth());
                if column.is_none() {
                    self.no_near_constructor(&inner, dom, clauses, n)?;
                }
            }
            if shared.is_none() {
                for ((_, aliases), name) in rows.iter_mut().zip(&names) {
                    let term = Rc::new(Node::Var(0));
                    aliases.push(Entry::Alias { name: name.clone(), term, ty: dom.clone(), depth: next.size() });
                }
            }
            columns.push(dom.clone());
            ty = self.m.inst(cod, x);
            inner = next;
        }
        let (Some(column), Some(x_ty)) = (column, columns.last()) else {
            return self.one_clause(&inner, span, &rows, &columns, &ty);
        };
        let x = Typed { term: Rc::new(Node::Var(0)), ty: x_ty.clone() };
        // The motive binds the argument anew.
        let body = walk::zonk(self.scratch, &self.quote(&inner, span, &ty)?, &mut None);
        let motive = walk::abstract_over(&body, &x.term, &mut 0);
        let rec = rec.map(|mut r| {
            r.implicit.extend(std::iter::repeat_n(false, fixed.len()));
            r.fixed.extend(fixed);
            r
        });
        let t = self.take_apart(&inner, span, &x, &motive, rows, column, rec)?;
        Ok((0..=column).fold(t, |t, _| Rc::new(Node::Lam(t))))
    }

    /// Clauses that only name their arguments: the first one fits everything.
    fn one_clause(&self, inner: &Local, span: Span, rows: &[(&Clause, Vec<Entry>)], columns: &[V], ty: &V) -> R<Term> {
        let mut data = false;
        for column in columns {
            data |= self.shape(inner, span, column)?.is_some();
        }
        if let (false, Some(first)) = (data, columns.first()) {
            return self.no_patterns(inner, span, first);
        }
        let Some(((clause, aliases), more)) = rows.split_first() else {
            return problem(Kind::BadPattern, Span::default(), "There are no clauses.", "Give one.");
        };
        if !more.is_empty() {
            let clauses: Vec<&Clause> = rows.iter().map(|r| r.0).collect();
            return self.unreached(&clauses, &(0..rows.len()).map(|n| n == 0).collect::<Vec<_>>());
        }
        let local = aliases.iter().fold(inner.clone(), |l, a| l.push(l.ctx.clone(), a.clone()));
        let body = self.check(&local, &clause.body, ty)?;
        Ok((0..columns.len()).fold(body, |t, _| Rc::new(Node::Lam(t))))
    }

    /// Reads the patterns of a column, eliminates, and sees that every clause was reached.
    #[allow(clippy::too_many_arguments)] // a case analysis has that many parts
    fn take_apart(
        &self,
        local: &Local,
        span: Span,
        x: &Typed,
        motive: &Term,
        rows: Vec<(&Clause, Vec<Entry>)>,
        column: usize,
        recursion: Option<Recursion>,
    ) -> R<Term> {
        let clauses: Vec<&Clause> = rows.iter().map(|r| r.0).collect();
        for c in &clauses {
            self.distinct(c)?;
        }
        match &*self.whnf(span, &x.ty)? {
            Val::Prim(Prim::Empty) if rows.is_empty() => {
                return Ok(Rc::new(Node::EmptyElim(motive.clone(), x.term.clone())));
            }
            Val::Prim(Prim::Unit) => return self.unit(local, x, motive, &rows, column, span),
            _ => {}
        }
        let Some(shape) = self.shape(local, span, &x.ty)? else {
            return self.no_patterns(local, span, &x.ty);
        };
        let branches = self.branches(&shape);
        let read = |(number, (clause, aliases)): (usize, (_, Vec<Entry>))| {
            let clause: &Clause = clause;
            let Some(p) = clause.patterns.get(column) else {
                return problem(Kind::BadPattern, clause.span, "A pattern is missing.", "Give one for each argument.");
            };
            Ok(Row { number, clause, pat: self.read(local, &shape, &branches, x, p)?, aliases })
        };
        let rows = rows.into_iter().enumerate().map(read).collect::<R<Vec<Row<'_>>>>()?;
        let reached = vec![false; rows.len()];
        let cx = Clauses { span, column, recursion, reached: reached.into() };
        let t = self.eliminate(local, x, motive, &rows, &cx, 0)?;
        let reached = cx.reached.take();
        if reached.iter().all(|r| *r) { Ok(t) } else { self.unreached(&clauses, &reached) }
    }

    fn no_patterns<T>(&self, local: &Local, span: Span, ty: &V) -> R<T> {
        let shown = self.show(local, ty);
        let fix = match &*self.whnf(span, ty)? {
            Val::Sigma(..) => "Use `.1` and `.2` of the pair.",
            Val::Pi(..) => "Write a function as `fun x => e`.",
            _ => "Match on data, whole numbers or truth values.",
        };
        problem(Kind::BadPattern, span, format!("Patterns cannot take `{shown}` apart."), fix)
    }

    /// `match u with | tt => e end`: everything of type Unit is `tt`.
    fn unit(
        &self,
        local: &Local,
        x: &Typed,
        motive: &Term,
        rows: &[(&Clause, Vec<Entry>)],
        column: usize,
        span: Span,
    ) -> R<Term> {
        let Some(((clause, aliases), more)) = rows.split_first() else {
            return problem(Kind::BadPattern, span, "The case `tt` is missing.", "Add `| tt => ...`.");
        };
        if column + 1 < clause.patterns.len() {
            return problem(
                Kind::BadPattern,
                clause.span,
                "`tt` is the only element, so there is nothing to match on.",
                "Write `_` here, and match on another argument.",
            );
        }
        let mut inner = aliases.iter().fold(local.clone(), |l, a| l.push(l.ctx.clone(), a.clone()));
        match clause.patterns.get(column) {
            Some(Pattern::Name(n, ps)) if n.text == "tt" && ps.is_empty() => {}
            p => {
                let entry = Entry::Alias {
                    name: self.variable(p)?,
                    term: x.term.clone(),
                    ty: x.ty.clone(),
                    depth: inner.size(),
                };
                inner = inner.push(inner.ctx.clone(), entry);
            }
        }
        if !more.is_empty() {
            let clauses: Vec<&Clause> = rows.iter().map(|r| r.0).collect();
            return self.unreached(&clauses, &(0..rows.len()).map(|n| n == 0).collect::<Vec<_>>());
        }
        let clo = Clo::Term(local.ctx.env.clone(), motive.clone());
        self.check(&inner, &clause.body, &self.m.inst(&clo, self.ev(local, &x.term)))
    }

    fn unreached<T>(&self, clauses: &[&Clause], reached: &[bool]) -> R<T> {
        let place = reached.iter().position(|r| !r).unwrap_or(0);
        let Some(clause) = clauses.get(place) else {
            return problem(Kind::BadPattern, Span::default(), "There are no clauses.", "Give one.");
        };
        let before = clauses.get(..place).unwrap_or(&[]);
        let all = before.iter().find(|c| c.patterns.iter().all(|p| self.is_variable(p)));
        let name = shown_clause(clause);
        let message = match all {
            Some(_) => format!("The clause `{name}` is not reached, because one before fits everything."),
            None => format!("The clause `{name}` is not reached. The clauses before it cover all that it fits."),
        };
        let fix = "Put it first, remove it or mend its name.";
        let mut p = Problem::new(Kind::BadPattern, clause.span, message, fix);
        p.see = all.map(|c| (c.span, format!("`{}`", shown_clause(c))));
        Err(p)
    }

    /// One eliminator. `from` is how many successors were taken off already.
    fn eliminate(&self, local: &Local, x: &Typed, motive: &Term, rows: &[Row<'_>], cx: &Clauses, from: u32) -> R<Term> {
        let span = cx.span;
        let Some(shape) = self.shape(local, span, &x.ty)? else {
            return problem(Kind::BadPattern, span, "There are no cases here.", "Use another term.");
        };
        let clo = Clo::Term(local.ctx.env.clone(), motive.clone());
        let mut terms = Vec::new();
        for (n, b) in self.branches(&shape).iter().enumerate() {
            let fits = |r: &&Row<'_>| match &r.pat {
                Pat::Any(_) => true,
                Pat::Con(c, _) => *c == n,
                Pat::Number(k) => (*k == BigUint::ZERO) == (n == 0),
            };
            let fitting: Vec<&Row<'_>> = rows.iter().filter(fits).collect();
            let Some(first) = fitting.first() else { return missing(span, b, from) };
            let number = u32::try_from(n).unwrap_or(u32::MAX);
            let start = local.depth();
            let mut inner = local.clone();
            let mut ty = self.branch_ty(span, &shape, number, &clo)?;
            // Fields, hypotheses of induction; then, where a clause is reached, the arguments after the column.
            let mut names = Vec::new();
            for k in 0..b.fields {
                names.push(match &first.pat {
                    Pat::Con(_, subs) => self.variable(subs.get(k))?,
                    _ => "_".to_owned(),
                });
            }
            names.extend(b.recursive.iter().map(|_| "_".to_owned()));
            for k in 0..b.dims {
                names.push(match &first.pat {
                    Pat::Con(_, subs) => self.variable(subs.get(b.fields + k))?,
                    _ => "_".to_owned(),
                });
            }
            let bound = names.len();
            let nested = matches!(&first.pat, Pat::Number(k) if *k > BigUint::ZERO);
            if !nested {
                for p in first.clause.patterns.iter().skip(cx.column + 1) {
                    names.push(self.variable(Some(p))?);
                }
            }
            let (mut opened, mut lines) = (local.clone(), Vec::new());
            for (at, name) in names.iter().enumerate() {
                let w = self.whnf(first.clause.span, &ty)?;
                (inner, ty) = match &*w {
                    Val::Pi(dom, cod) => {
                        let (next, v) = self.bind(&inner, first.clause.span, name, dom)?;
                        (next, self.m.inst(cod, v))
                    }
                    Val::Line(l) => {
                        let (next, i) = self.bind_dim(&inner, name);
                        (next, self.m.dinst(l, Ivl::Name(i)))
                    }
                    _ => {
                        return problem(
                            Kind::BadPattern,
                            first.clause.span,
                            "There are more patterns than arguments.",
                            "Remove patterns.",
                        );
                    }
                };
                lines.push(matches!(&*w, Val::Line(_)));
                if at + 1 == bound {
                    opened = inner.clone();
                }
            }
            let con = self.constructor(local, &opened, &shape, number, b)?;
            let alias = |name: &Option<String>| -> Option<Entry> {
                let (term, ty, depth) = (con.clone(), x.ty.clone(), opened.size());
                name.as_ref().map(|name| Entry::Alias { name: name.clone(), term, ty, depth })
            };
            // Below a number the hypothesis of induction stays that of the outermost one, which clauses can name.
            let recursion = cx.recursion.as_ref().filter(|_| from == 0).map(|r| {
                let mut r = r.clone();
                let at = |k: usize| u32::try_from(k).unwrap_or(u32::MAX) + start;
                r.calls.extend(b.recursive.iter().enumerate().map(|(h, field)| (at(*field), at(b.fields + h))));
                r
            });
            let pushed = recursion.is_some();
            self.recursion.borrow_mut().extend(recursion);
            let body = if nested {
                self.below(&inner, &ty, &fitting, &alias, cx, from)
            } else {
                if let Some(r) = cx.reached.borrow_mut().get_mut(first.number) {
                    *r = true;
                }
                let own = if let Pat::Any(name) = &first.pat { alias(name) } else { None };
                let aliases = first.aliases.iter().cloned().chain(own);
                let scope = aliases.fold(inner, |l, a| l.push(l.ctx.clone(), a));
                self.check(&scope, &first.clause.body, &ty)
            };
            if pushed {
                self.recursion.borrow_mut().pop();
            }
            let binder = |t, line: &bool| Rc::new(if *line { Node::DLam(t) } else { Node::Lam(t) });
            terms.push(lines.iter().rev().fold(body?, binder));
            if b.dims > 0 {
                self.on_boundary(local, first.clause.span, &shape, number, &clo, &terms)?;
            }
        }
        match Self::eliminator(&shape, motive.clone(), terms, x.term.clone()) {
            Some(t) => Ok(t),
            None => {
                problem(Kind::BadPattern, span, "These patterns do not fit.", "Give one clause for each constructor.")
            }
        }
    }

    /// The branch of a path constructor must be on its boundary what the earlier branches make of it. The kernel says whether it is.
    fn on_boundary(
        &self,
        local: &Local,
        span: Span,
        shape: &Shape,
        number: u32,
        motive: &Clo,
        branches: &[Term],
    ) -> R<()> {
        let Shape::Data(d, ps, _) = shape else { return Ok(()) };
        let branches: Vec<V> = branches.iter().map(|b| self.ev(local, b)).collect();
        match self.m.check_branch(&local.ctx, *d, number, ps, motive, &branches) {
            Err(e) if e.reason == bfv_kernel::refusal::BRANCH => problem(
                Kind::TypeMismatch,
                span,
                "On its boundary this clause is not what the clauses before it say.",
                "Change it so that each end is the value at that end.",
            ),
            other => self.at(span, other),
        }
    }

    /// The successor branch of a number above 0: the predecessor is taken apart in turn.
    fn below(
        &self,
        inner: &Local,
        ty: &V,
        fitting: &[&Row<'_>],
        alias: &dyn Fn(&Option<String>) -> Option<Entry>,
        cx: &Clauses,
        from: u32,
    ) -> R<Term> {
        // The field stands before the hypothesis of induction.
        let predecessor: Term = Rc::new(Node::Var(1));
        let nat = self.prim(Prim::Nat);
        let mut rows = Vec::new();
        for r in fitting {
            let mut row = (*r).clone();
            match &r.pat {
                Pat::Number(k) => row.pat = Pat::Number(k - 1u8),
                Pat::Any(name) => {
                    row.aliases.extend(alias(name));
                    row.pat = Pat::Any(None);
                }
                Pat::Con(_, subs) => {
                    let name = self.variable(subs.first())?;
                    let (term, ty, depth) = (predecessor.clone(), nat.clone(), inner.size());
                    row.aliases.push(Entry::Alias { name, term, ty, depth });
                    row.pat = Pat::Any(None);
                }
            }
            let last = matches!(row.pat, Pat::Any(_));
            rows.push(row);
            if last {
                break;
            }
        }
        let goal = walk::zonk(self.scratch, &self.quote(inner, cx.span, ty)?, &mut None);
        let motive = walk::abstract_over(&goal, &predecessor, &mut 0);
        let x = Typed { term: predecessor, ty: nat };
        self.eliminate(inner, &x, &motive, &rows, cx, from + 1)
    }

    /// The constructor of a branch, applied to its fields, in the scope of fields and hypotheses.
    fn constructor(&self, local: &Local, opened: &Local, shape: &Shape, number: u32, b: &Branch) -> R<Term> {
        let by = opened.depth() - local.depth();
        let dims = opened.size().dims - local.size().dims;
        let fields: Vec<Term> = (0..b.fields)
            .map(|k| Rc::new(Node::Var((by - 1).saturating_sub(u32::try_from(k).unwrap_or(u32::MAX)))))
            .collect();
        let applied = |p: Prim| {
            fields
                .first()
                .map_or_else(|| Rc::new(Node::Prim(p)), |f| Rc::new(Node::App(Rc::new(Node::Prim(p)), f.clone())))
        };
        Ok(match (shape, number) {
            (Shape::Bool, 0) => Rc::new(Node::Prim(Prim::True)),
            (Shape::Bool, _) => Rc::new(Node::Prim(Prim::False)),
            (Shape::Nat, 0) => Rc::new(Node::NatLit(BigUint::ZERO)),
            (Shape::Nat, _) => applied(Prim::Suc),
            (Shape::Int, 0) => applied(Prim::IntPos),
            (Shape::Int, _) => applied(Prim::IntNegSuc),
            (Shape::Data(d, _, ps), n) => {
                let lift = |t: &Term| walk::shift(t, walk::Depth { terms: by, dims });
                let at = (0..dims).map(|k| Dim::Var(dims - 1 - k)).collect();
                Rc::new(Node::Con(*d, n, ps.iter().map(lift).collect(), fields, at))
            }
        })
    }
}

fn missing<T>(span: Span, b: &Branch, from: u32) -> R<T> {
    let parts = match b.fields {
        0 => String::new(),
        n => (0..n).map(|k| format!(" x{}", k + 1)).collect(),
    };
    let (what, fix) = match (from, b.name.as_str()) {
        (0, name) => (format!("The case `{name}` is missing."), format!("Add `| {name}{parts} => ...`.")),
        (n, "zero") => (format!("The number {n} has no clause."), format!("Add `| {n} => ...`.")),
        (n, _) => (format!("The numbers above {n} have no clause."), "Add `| n => ...` at the end.".to_owned()),
    };
    problem(Kind::BadPattern, span, what, fix)
}

fn patterns(n: usize) -> String {
    if n == 1 { "1 pattern".to_owned() } else { format!("{n} patterns") }
}

fn arguments(n: usize) -> String {
    if n == 1 { "1 argument".to_owned() } else { format!("{n} arguments") }
}

fn shown_clause(c: &Clause) -> String {
    c.patterns.iter().map(bfv_syntax::print::pattern).collect::<Vec<_>>().join(", ")
}
