//! Case analysis and induction, for scripts, `match` and pattern clauses: everything becomes an eliminator.

use crate::context::{Entry, Local};
use crate::elab::{Elab, Kind, R, Recursion, Typed, problem};
use crate::expr::up;
use crate::tactic::Goal;
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Clo, Globals, V, Val};
use bfv_syntax::tree::{Case, Clause, Expr, Name, Pattern};
use std::rc::Rc;

/// A type that can be eliminated, with the terms of its parameters.
enum Shape {
    Bool,
    Nat,
    Int,
    Data(DataRef, Rc<[V]>, Vec<Term>),
}

/// One branch: its constructor, how many fields it has, which of them are recursive.
struct Branch {
    name: String,
    fields: usize,
    recursive: Vec<usize>,
}

fn is_recursive(t: &Term, id: u32) -> bool {
    match &**t {
        Node::Pi(_, b) => is_recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}

impl Elab<'_> {
    fn shape(&self, local: &Local, span: Span, ty: &V) -> R<Option<Shape>> {
        Ok(match &*self.whnf(span, ty)? {
            Val::Prim(Prim::Bool) => Some(Shape::Bool),
            Val::Prim(Prim::Nat) => Some(Shape::Nat),
            Val::Prim(Prim::Int) => Some(Shape::Int),
            Val::Data(d, ps) => {
                let terms = ps.iter().map(|p| self.quote(local, span, p)).collect::<R<_>>()?;
                Some(Shape::Data(*d, ps.clone(), terms))
            }
            _ => None,
        })
    }

    fn branches(&self, shape: &Shape) -> Vec<Branch> {
        let plain = |name: &str, fields: usize, recursive: &[usize]| Branch {
            name: name.to_owned(),
            fields,
            recursive: recursive.to_vec(),
        };
        match shape {
            Shape::Bool => vec![plain("true", 0, &[]), plain("false", 0, &[])],
            Shape::Nat => vec![plain("zero", 0, &[]), plain("suc", 1, &[0])],
            Shape::Int => vec![plain("pos", 1, &[]), plain("negsuc", 1, &[])],
            Shape::Data(d, ..) => self.scratch.data(d.id).map_or_else(Vec::new, |decl| {
                decl.constructors
                    .iter()
                    .map(|c| Branch {
                        name: c.name.clone(),
                        fields: c.fields.len(),
                        recursive: (0..c.fields.len())
                            .filter(|n| c.fields.get(*n).is_some_and(|f| is_recursive(f, d.id)))
                            .collect(),
                    })
                    .collect()
            }),
        }
    }

    fn branch_ty(&self, span: Span, shape: &Shape, number: u32, motive: &Clo) -> R<V> {
        let value = |v| self.m.value(v);
        Ok(match (shape, number) {
            (Shape::Bool, 0) => self.m.inst(motive, value(Val::Prim(Prim::True))),
            (Shape::Bool, _) => self.m.inst(motive, value(Val::Prim(Prim::False))),
            (Shape::Nat, 0) => self.m.inst(motive, value(Val::NatLit(0u8.into()))),
            (Shape::Nat, _) => self.m.nat_step_type(motive),
            (Shape::Int, n) => self.m.int_case_type(motive, n == 0),
            (Shape::Data(d, ps, _), n) => self.at(span, self.m.branch_type(*d, n, ps, motive))?,
        })
    }

    fn eliminator(shape: &Shape, motive: Term, branches: Vec<Term>, x: Term) -> Option<Term> {
        Some(Rc::new(match (shape, branches.as_slice()) {
            (Shape::Bool, [a, b]) => Node::BoolElim(motive, a.clone(), b.clone(), x),
            (Shape::Nat, [a, b]) => Node::NatElim(motive, a.clone(), b.clone(), x),
            (Shape::Int, [a, b]) => Node::IntElim(motive, a.clone(), b.clone(), x),
            (Shape::Data(d, _, ps), _) => Node::DataElim(*d, ps.clone(), motive, branches, x),
            _ => return None,
        }))
    }

    /// The first entries of a context.
    fn prefix(&self, local: &Local, entries: usize) -> Local {
        local.entries.iter().take(entries).fold(Local::default(), |l, e| match e {
            Entry::Var { name, ty } => {
                let v = self.ev(&l, ty);
                self.bind_term(&l, name, ty, &v).0
            }
            Entry::Dim { name } => self.bind_dim(&l, name).0,
            Entry::Alias { .. } => l.push(l.ctx.clone(), e.clone()),
        })
    }

    /// `cases` and `induction`.
    pub fn cases(&self, g: &Goal, span: Span, e: &Expr, cases: &[Case], induction: bool) -> R<Vec<Goal>> {
        let local = &g.local;
        let t = self.infer(local, e)?;
        self.settle(span)?;
        let w = self.whnf(span, &t.ty)?;
        match &*w {
            Val::Sigma(a, b) => return self.open_pair(g, span, &t, a, b, cases),
            Val::Prim(Prim::Empty) => {
                let motive = up(&self.quote(local, span, &g.ty)?);
                self.assign(local, g.meta, &Rc::new(Node::EmptyElim(motive, t.term)));
                return Ok(Vec::new());
            }
            Val::Pi(refuted, result) => return self.open_negation(g, span, &t, refuted, result, cases),
            _ => {}
        }
        let Some(_) = self.shape(local, span, &t.ty)? else {
            let shown = self.show(local, &t.ty);
            return problem(
                Kind::TacticFailed,
                span,
                format!("There are no cases of something of type `{shown}`."),
                "Use `cases` on data, numbers, truth values, conjunctions and disjunctions.",
            );
        };
        let goal_ty = walk::zonk(self.scratch, &self.quote(local, span, &g.ty)?, &mut None);
        if let Node::Var(index) = &*t.term
            && let Some(place) = self.place_of(local, *index)
            && local.entries.iter().skip(place + 1).all(|e| matches!(e, Entry::Var { .. }))
        {
            // What comes after the variable may depend on it: it is generalised and comes back under the same names.
            let after: Vec<Entry> = local.entries.iter().skip(place + 1).cloned().collect();
            let motive = after.iter().rev().fold(goal_ty, |t, e| match e {
                Entry::Var { ty, .. } => Rc::new(Node::Pi(walk::zonk(self.scratch, ty, &mut None), t)),
                _ => t,
            });
            let before = self.prefix(local, place);
            let names: Vec<String> = after.iter().map(|e| e.name().to_owned()).collect();
            let (terms, shape) = self.case_goals(&before, span, &t.ty, local, &motive, cases, induction, &names)?;
            let by = *index + 1;
            let moved: Result<Term, std::convert::Infallible> =
                walk::rename(&motive, Depth { terms: 1, dims: 0 }, &mut |n| Ok(n + by), &mut Ok);
            let Ok(moved) = moved;
            let lift = |t: &Term| walk::shift(t, Depth { terms: by, dims: 0 });
            let shape = match shape {
                Shape::Data(d, vs, ps) => Shape::Data(d, vs, ps.iter().map(lift).collect()),
                other => other,
            };
            let lifted = terms.iter().map(lift).collect();
            let Some(elim) = Self::eliminator(&shape, moved, lifted, t.term.clone()) else { return Ok(Vec::new()) };
            let full = (0..*index).rev().fold(elim, |f, n| Rc::new(Node::App(f, Rc::new(Node::Var(n)))));
            self.assign(local, g.meta, &full);
            return Ok(Vec::new());
        }
        if induction {
            return problem(
                Kind::TacticFailed,
                span,
                "Induction needs a variable.",
                "Introduce the number as a variable first, and do induction on that.",
            );
        }
        let x = walk::zonk(self.scratch, &self.quote(local, span, &self.ev(local, &t.term))?, &mut None);
        let motive = walk::abstract_over(&goal_ty, &x, &mut 0);
        let (terms, shape) = self.case_goals(local, span, &t.ty, local, &motive, cases, false, &[])?;
        if let Some(elim) = Self::eliminator(&shape, motive, terms, t.term) {
            self.assign(local, g.meta, &elim);
        }
        Ok(Vec::new())
    }

    fn place_of(&self, local: &Local, index: u32) -> Option<usize> {
        let mut left = index;
        for (n, e) in local.entries.iter().enumerate().rev() {
            if matches!(e, Entry::Var { .. }) {
                if left == 0 {
                    return Some(n);
                }
                left -= 1;
            }
        }
        None
    }

    /// Proves every branch by its case; the terms are in the scope of `before`. `after` are names to introduce again.
    #[allow(clippy::too_many_arguments)] // a case analysis has that many parts
    fn case_goals(
        &self,
        before: &Local,
        span: Span,
        ty: &V,
        local: &Local,
        motive: &Term,
        cases: &[Case],
        induction: bool,
        after: &[String],
    ) -> R<(Vec<Term>, Shape)> {
        // The type of the scrutinee does not depend on what comes after it, so it can be read back before it.
        let ty_term = self.quote(local, span, ty)?;
        let out = local.depth() - before.depth();
        let lowered = walk::rename(&ty_term, Depth::default(), &mut |n| n.checked_sub(out).ok_or(()), &mut Ok);
        let ty = match lowered {
            Ok(t) => self.ev(before, &t),
            Err(()) => ty.clone(),
        };
        let Some(shape) = self.shape(before, span, &ty)? else {
            return problem(Kind::TacticFailed, span, "There are no cases here.", "Use another step.");
        };
        let clo = Clo::Term(before.ctx.env.clone(), motive.clone());
        let branches = self.branches(&shape);
        for c in cases {
            if !branches.iter().any(|b| matches_name(&b.name, &c.constructor.text)) {
                let known: Vec<String> = branches.iter().map(|b| format!("`{}`", b.name)).collect();
                return problem(
                    Kind::BadPattern,
                    c.constructor.span,
                    format!("There is no case `{}` here.", c.constructor.text),
                    format!("The cases are {}.", known.join(" and ")),
                );
            }
        }
        let mut terms = Vec::new();
        for (n, b) in (0u32..).zip(&branches) {
            let Some(case) = cases.iter().find(|c| matches_name(&b.name, &c.constructor.text)) else {
                return problem(
                    Kind::BadPattern,
                    span,
                    format!("The case `{}` is missing.", b.name),
                    format!("Add `| {} => ...`.", b.name),
                );
            };
            let ty = self.branch_ty(span, &shape, n, &clo)?;
            let (term, meta) = self.meta(before, span, &ty, "a case")?;
            let total = b.fields + b.recursive.len();
            let name = |k: usize| case.names.get(k).cloned();
            let mut names: Vec<Name> = Vec::new();
            for k in 0..total {
                let hidden = k >= b.fields && !induction;
                let given = if hidden { None } else { name(k) };
                names.push(given.unwrap_or(Name { text: "_".to_owned(), span: case.constructor.span }));
            }
            names.extend(after.iter().map(|a| Name { text: a.clone(), span: case.constructor.span }));
            if case.names.len() > total {
                return problem(
                    Kind::BadPattern,
                    case.constructor.span,
                    format!(
                        "The case `{}` has {} names, but at most {total} are there to name.",
                        b.name,
                        case.names.len()
                    ),
                    "Remove names.",
                );
            }
            let goal = Goal { local: before.clone(), ty, meta };
            let opened = self.introduce(goal, span, &names)?;
            self.run_script(opened, &case.script)?;
            terms.push(term);
        }
        Ok((terms, shape))
    }

    /// Introduces names one after another.
    fn introduce(&self, g: Goal, span: Span, names: &[Name]) -> R<Goal> {
        let mut g = g;
        for n in names {
            let w = self.whnf(span, &g.ty)?;
            let Val::Pi(dom, cod) = &*w else {
                return problem(Kind::TacticFailed, span, "A case has fewer parts than expected.", "Remove names.");
            };
            let (inner, x) = self.bind(&g.local, span, &n.text, dom)?;
            let cod = self.m.inst(cod, x);
            let (t, meta) = self.meta(&inner, span, &cod, "a case")?;
            self.assign(&g.local, g.meta, &Rc::new(Node::Lam(t)));
            g = Goal { local: inner, ty: cod, meta };
        }
        Ok(g)
    }

    /// `cases h { pair a b => ... }` on a conjunction.
    fn open_pair(&self, g: &Goal, span: Span, t: &Typed, a: &V, b: &Clo, cases: &[Case]) -> R<Vec<Goal>> {
        let [case] = cases else {
            return problem(
                Kind::BadPattern,
                span,
                "A conjunction has one case.",
                "Write `cases h { pair a b => ... }`.",
            );
        };
        let name = |n: usize| case.names.get(n).map_or("_", |n| n.text.as_str());
        let first = Typed { term: Rc::new(Node::Fst(t.term.clone())), ty: a.clone() };
        let second_ty = self.m.inst(b, self.m.fst(&self.ev(&g.local, &t.term)));
        let g1 = self.with_fact(g, span, name(0), &first)?;
        let second = Typed {
            term: up(&Rc::new(Node::Snd(t.term.clone()))),
            ty: self.ev(&g1.local, &up(&self.quote(&g.local, span, &second_ty)?)),
        };
        let g2 = self.with_fact(&g1, span, name(1), &second)?;
        self.run_script(g2, &case.script)?;
        Ok(Vec::new())
    }

    /// `cases h` where h is `exists x, P` or `P \/ Q`, that is a negation: only towards falsehood.
    fn open_negation(
        &self,
        g: &Goal,
        span: Span,
        t: &Typed,
        refuted: &V,
        result: &Clo,
        cases: &[Case],
    ) -> R<Vec<Goal>> {
        let false_goal = matches!(&*self.whnf(span, &g.ty)?, Val::Prim(Prim::Empty));
        let result = self.m.inst(result, self.m.var(g.local.depth(), refuted.clone()));
        let empty = matches!(&*self.whnf(span, &result)?, Val::Prim(Prim::Empty));
        if !empty || !false_goal {
            return problem(
                Kind::TacticFailed,
                span,
                "A disjunction or an existence can be opened only to prove falsehood.",
                "Use `intro` on the goal first, or apply a lemma that proves the goal by contradiction.",
            );
        }
        match &*self.whnf(span, refuted)? {
            Val::Sigma(no_left, no_right) => {
                let [l, r] = cases else {
                    return problem(
                        Kind::BadPattern,
                        span,
                        "A disjunction has two cases.",
                        "Write `cases h { inl a => ... | inr b => ... }`.",
                    );
                };
                let no_right = self.m.inst(no_right, self.m.var(g.local.depth(), no_left.clone()));
                let mut parts = Vec::new();
                for (case, ty) in [(l, no_left), (r, &no_right)] {
                    let (term, meta) = self.meta(&g.local, span, ty, "a case")?;
                    let names: Vec<Name> = case.names.iter().take(1).cloned().collect();
                    let names = if names.is_empty() { vec![Name { text: "_".to_owned(), span }] } else { names };
                    let opened = self.introduce(Goal { local: g.local.clone(), ty: ty.clone(), meta }, span, &names)?;
                    self.run_script(opened, &case.script)?;
                    parts.push(term);
                }
                if let [a, b] = parts.as_slice() {
                    let pair = Rc::new(Node::Pair(a.clone(), b.clone()));
                    self.assign(&g.local, g.meta, &Rc::new(Node::App(t.term.clone(), pair)));
                }
                Ok(Vec::new())
            }
            Val::Pi(..) => {
                let [case] = cases else {
                    return problem(
                        Kind::BadPattern,
                        span,
                        "An existence has one case.",
                        "Write `cases h { exists x hx => ... }`.",
                    );
                };
                let (term, meta) = self.meta(&g.local, span, refuted, "a case")?;
                let mut names: Vec<Name> = case.names.iter().take(2).cloned().collect();
                while names.len() < 2 {
                    names.push(Name { text: "_".to_owned(), span });
                }
                let opened =
                    self.introduce(Goal { local: g.local.clone(), ty: refuted.clone(), meta }, span, &names)?;
                self.run_script(opened, &case.script)?;
                self.assign(&g.local, g.meta, &Rc::new(Node::App(t.term.clone(), term)));
                Ok(Vec::new())
            }
            _ => problem(Kind::TacticFailed, span, "This negation has no cases.", "Apply it to a proof instead."),
        }
    }

    /// `match x with ... end` against a type.
    pub fn check_match(&self, local: &Local, span: Span, scrutinee: &Expr, clauses: &[Clause], ty: &V) -> R<Term> {
        let x = self.infer(local, scrutinee)?;
        let target = walk::zonk(self.scratch, &self.quote(local, span, ty)?, &mut None);
        let subject = walk::zonk(self.scratch, &x.term, &mut None);
        let motive = walk::abstract_over(&target, &subject, &mut 0);
        self.eliminate(local, span, &x, &motive, clauses, 0, None)
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
        if width == 0 || clauses.iter().any(|c| c.patterns.len() != width) {
            return problem(
                Kind::BadPattern,
                span,
                "Every clause needs the same number of patterns.",
                "Give one pattern for each argument.",
            );
        }
        let column =
            (0..width).find(|n| clauses.iter().any(|c| c.patterns.get(*n).is_some_and(|p| self.is_constructor(p))));
        let column = column.unwrap_or(0);
        let (mut inner, mut ty, mut fixed) = (local.clone(), ty.clone(), Vec::new());
        for n in 0..=column {
            let w = self.whnf(span, &ty)?;
            let Val::Pi(dom, cod) = &*w else {
                return problem(Kind::BadPattern, span, "There are more patterns than arguments.", "Remove patterns.");
            };
            let name = clauses
                .iter()
                .find_map(|c| match c.patterns.get(n) {
                    Some(Pattern::Name(x, ps))
                        if ps.is_empty() && !self.is_constructor(&Pattern::Name(x.clone(), Vec::new())) =>
                    {
                        Some(x.text.clone())
                    }
                    _ => None,
                })
                .unwrap_or_else(|| "_".to_owned());
            if n < column {
                fixed.push(inner.depth());
            }
            let (next, x) = self.bind(&inner, span, &name, dom)?;
            ty = self.m.inst(cod, x);
            inner = next;
        }
        let x_ty = inner.ctx.types.last().cloned();
        let Some(x_ty) = x_ty else {
            return problem(Kind::BadPattern, span, "No argument is matched on.", "Give patterns.");
        };
        let x = Typed { term: Rc::new(Node::Var(0)), ty: x_ty };
        // The motive binds the argument anew.
        let body = walk::zonk(self.scratch, &self.quote(&inner, span, &ty)?, &mut None);
        let motive = walk::abstract_over(&body, &x.term, &mut 0);
        let rec = rec.map(|mut r| {
            r.implicit.extend(std::iter::repeat_n(false, fixed.len()));
            r.fixed.extend(fixed);
            r
        });
        let t = self.eliminate(&inner, span, &x, &motive, clauses, column, rec)?;
        Ok((0..=column).fold(t, |t, _| Rc::new(Node::Lam(t))))
    }

    fn is_constructor(&self, p: &Pattern) -> bool {
        match p {
            Pattern::Name(x, ps) => {
                !ps.is_empty()
                    || ["zero", "true", "false"].contains(&x.text.as_str())
                    || self.names.find(&x.text).iter().any(|g| matches!(g.target, crate::names::Target::Con(..)))
            }
            Pattern::Number(..) => true,
            Pattern::Wildcard(_) | Pattern::Pair(..) => false,
        }
    }

    #[allow(clippy::too_many_arguments)] // a case analysis has that many parts
    fn eliminate(
        &self,
        local: &Local,
        span: Span,
        x: &Typed,
        motive: &Term,
        clauses: &[Clause],
        column: usize,
        rec: Option<Recursion>,
    ) -> R<Term> {
        let Some(shape) = self.shape(local, span, &x.ty)? else {
            let shown = self.show(local, &x.ty);
            return problem(
                Kind::BadPattern,
                span,
                format!("Patterns cannot take `{shown}` apart."),
                "Match on data, numbers or truth values.",
            );
        };
        let clo = Clo::Term(local.ctx.env.clone(), motive.clone());
        let mut terms = Vec::new();
        for (n, b) in (0u32..).zip(&self.branches(&shape)) {
            let fits = |c: &&Clause| match c.patterns.get(column) {
                Some(Pattern::Name(x, ps)) => {
                    matches_name(&b.name, &x.text)
                        || (ps.is_empty() && !self.is_constructor(&Pattern::Name(x.clone(), Vec::new())))
                }
                Some(Pattern::Number(k, _)) => *k == 0u8.into() && b.name == "zero",
                Some(Pattern::Wildcard(_)) => true,
                _ => false,
            };
            let Some(clause) = clauses.iter().find(fits) else {
                return problem(
                    Kind::BadPattern,
                    span,
                    format!("The case `{}` is missing.", b.name),
                    format!("Add `| {} ... => ...`.", b.name),
                );
            };
            let subs: &[Pattern] = match clause.patterns.get(column) {
                Some(Pattern::Name(_, ps)) => ps,
                _ => &[],
            };
            if !subs.is_empty() && subs.len() != b.fields {
                return problem(
                    Kind::BadPattern,
                    clause.span,
                    format!("`{}` has {} parts.", b.name, b.fields),
                    "Name each of them.",
                );
            }
            let mut names = Vec::new();
            for k in 0..b.fields {
                names.push(variable(subs.get(k))?);
            }
            names.extend(b.recursive.iter().map(|_| "_".to_owned()));
            for p in clause.patterns.iter().skip(column + 1) {
                names.push(variable(Some(p))?);
            }
            let start = local.depth();
            let mut ty = self.branch_ty(span, &shape, n, &clo)?;
            let mut inner = local.clone();
            for name in &names {
                let w = self.whnf(clause.span, &ty)?;
                let Val::Pi(dom, cod) = &*w else {
                    return problem(
                        Kind::BadPattern,
                        clause.span,
                        "There are more patterns than arguments.",
                        "Remove patterns.",
                    );
                };
                let (next, v) = self.bind(&inner, clause.span, name, dom)?;
                ty = self.m.inst(cod, v);
                inner = next;
            }
            if let Some(r) = &rec {
                let mut r = r.clone();
                for (h, field) in b.recursive.iter().enumerate() {
                    let at = |k: usize| u32::try_from(k).unwrap_or(u32::MAX) + start;
                    r.calls.push((at(*field), at(b.fields + h)));
                }
                self.recursion.borrow_mut().push(r);
            }
            let body = self.check(&inner, &clause.body, &ty);
            if rec.is_some() {
                self.recursion.borrow_mut().pop();
            }
            terms.push(names.iter().fold(body?, |t, _| Rc::new(Node::Lam(t))));
        }
        match Self::eliminator(&shape, motive.clone(), terms, x.term.clone()) {
            Some(t) => Ok(t),
            None => {
                problem(Kind::BadPattern, span, "These patterns do not fit.", "Give one clause for each constructor.")
            }
        }
    }
}

fn matches_name(branch: &str, written: &str) -> bool {
    branch == written || written.rsplit_once('.').is_some_and(|(_, last)| last == branch)
}

fn variable(p: Option<&Pattern>) -> R<String> {
    match p {
        None | Some(Pattern::Wildcard(_)) => Ok("_".to_owned()),
        Some(Pattern::Name(n, ps)) if ps.is_empty() => Ok(n.text.clone()),
        Some(Pattern::Name(Name { span, .. }, _) | Pattern::Number(_, span) | Pattern::Pair(_, _, span)) => problem(
            Kind::BadPattern,
            *span,
            "Only variables may stand inside a pattern, and one argument may be matched on.",
            "Match again in the result with `match ... end`.",
        ),
    }
}
