//! Case analysis and induction in scripts, and the eliminators that they and patterns become.

use crate::context::{Entry, Local};
use crate::elab::{Elab, Kind, R, Typed, problem};
use crate::expr::up;
use crate::tactic::Goal;
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Clo, Globals, Ivl, V, Val};
use bfv_syntax::tree::{Case, Expr, Name};
use std::rc::Rc;

/// A type that can be eliminated, with the terms of its parameters.
pub enum Shape {
    Bool,
    Nat,
    Int,
    Data(DataRef, Rc<[V]>, Vec<Term>),
}

/// One branch: its constructor, how many fields it has, which of them are recursive, how many dimensions.
pub struct Branch {
    pub name: String,
    pub fields: usize,
    pub recursive: Vec<usize>,
    /// Dimensions of a path constructor.
    pub dims: usize,
}

fn is_recursive(t: &Term, id: u32) -> bool {
    match &**t {
        Node::Pi(_, b) => is_recursive(b, id),
        Node::Data(d, _) => d.id == id,
        _ => false,
    }
}

impl Elab<'_> {
    pub fn shape(&self, local: &Local, span: Span, ty: &V) -> R<Option<Shape>> {
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

    pub fn branches(&self, shape: &Shape) -> Vec<Branch> {
        let plain = |name: &str, fields: usize, recursive: &[usize]| Branch {
            name: name.to_owned(),
            fields,
            recursive: recursive.to_vec(),
            dims: 0,
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
                        dims: usize::try_from(c.dims).unwrap_or(usize::MAX),
                    })
                    .collect()
            }),
        }
    }

    pub fn branch_ty(&self, span: Span, shape: &Shape, number: u32, motive: &Clo) -> R<V> {
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

    pub fn eliminator(shape: &Shape, motive: Term, branches: Vec<Term>, x: Term) -> Option<Term> {
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
                named(cases, &[], span, "Falsehood")?;
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
            return problem(
                Kind::TacticFailed,
                span,
                "There are no cases here.",
                "Take apart data, a number or a conjunction.",
            );
        };
        let clo = Clo::Term(before.ctx.env.clone(), motive.clone());
        let branches = self.branches(&shape);
        let total = |b: &Branch| b.fields + b.recursive.len() + b.dims;
        let known: Vec<(&str, usize)> = branches.iter().map(|b| (b.name.as_str(), total(b))).collect();
        let chosen = named(cases, &known, span, "What is taken apart here")?;
        let mut terms = Vec::new();
        for ((n, b), case) in (0u32..).zip(&branches).zip(chosen) {
            let ty = self.branch_ty(span, &shape, n, &clo)?;
            let (term, meta) = self.meta(before, span, &ty, "a case")?;
            let total = total(b);
            let name = |k: usize| case.names.get(k).cloned();
            let mut names: Vec<Name> = Vec::new();
            for k in 0..total {
                let hidden = (b.fields..b.fields + b.recursive.len()).contains(&k) && !induction;
                // Without induction its hypotheses have no names, so a dimension is named directly after the fields.
                let skipped = if k >= b.fields && !induction { b.recursive.len() } else { 0 };
                let given = if hidden { None } else { name(k - skipped) };
                names.push(given.unwrap_or(Name { text: "_".to_owned(), span: case.constructor.span }));
            }
            names.extend(after.iter().map(|a| Name { text: a.clone(), span: case.constructor.span }));
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
            let (inner, ty, line) = match &*w {
                Val::Pi(dom, cod) => {
                    let (inner, x) = self.bind(&g.local, span, &n.text, dom)?;
                    (inner, self.m.inst(cod, x), false)
                }
                Val::Line(l) => {
                    let (inner, i) = self.bind_dim(&g.local, &n.text);
                    (inner, self.m.dinst(l, Ivl::Name(i)), true)
                }
                _ => {
                    return problem(Kind::TacticFailed, span, "A case has fewer parts than expected.", "Remove names.");
                }
            };
            let (t, meta) = self.meta(&inner, span, &ty, "a case")?;
            self.assign(&g.local, g.meta, &Rc::new(if line { Node::DLam(t) } else { Node::Lam(t) }));
            g = Goal { local: inner, ty, meta };
        }
        Ok(g)
    }

    /// `cases h { pair a b => ... }` on a conjunction.
    fn open_pair(&self, g: &Goal, span: Span, t: &Typed, a: &V, b: &Clo, cases: &[Case]) -> R<Vec<Goal>> {
        let chosen = named(cases, &[("pair", 2)], span, "A conjunction")?;
        let [case] = chosen.as_slice() else { return Ok(Vec::new()) };
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
                let chosen = named(cases, &[("inl", 1), ("inr", 1)], span, "A disjunction")?;
                let [l, r] = chosen.as_slice() else { return Ok(Vec::new()) };
                let no_right = self.m.inst(no_right, self.m.var(g.local.depth(), no_left.clone()));
                let mut parts = Vec::new();
                for (case, ty) in [(l, no_left), (r, &no_right)] {
                    let (term, meta) = self.meta(&g.local, span, ty, "a case")?;
                    let unnamed = || vec![Name { text: "_".to_owned(), span }];
                    let names = if case.names.is_empty() { unnamed() } else { case.names.clone() };
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
                let chosen = named(cases, &[("witness", 2)], span, "An existence")?;
                let [case] = chosen.as_slice() else { return Ok(Vec::new()) };
                let (term, meta) = self.meta(&g.local, span, refuted, "a case")?;
                let mut names: Vec<Name> = case.names.clone();
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
}

pub fn matches_name(branch: &str, written: &str) -> bool {
    branch == written || written.strip_suffix(branch).is_some_and(|module| module.ends_with('.'))
}

/// The cases in the order of the constructors that are known, each with the number of names it may have.
/// Every constructor has exactly one case, and no other case is there.
fn named<'c>(cases: &'c [Case], known: &[(&str, usize)], span: Span, what: &str) -> R<Vec<&'c Case>> {
    let list = || match known {
        [] => "Write `cases e { }`, without a case.".to_owned(),
        [(one, _)] => format!("The only case is `{one}`."),
        all => {
            format!("The cases are {}.", all.iter().map(|(n, _)| format!("`{n}`")).collect::<Vec<_>>().join(" and "))
        }
    };
    for (at, c) in cases.iter().enumerate() {
        let (name, span) = (&c.constructor.text, c.constructor.span);
        let Some((_, most)) = known.iter().find(|(n, _)| matches_name(n, name)) else {
            return problem(Kind::BadPattern, span, format!("{what} has no case `{name}`."), list());
        };
        let short = |c: &Case| c.constructor.text.rsplit('.').next().map(str::to_owned);
        if cases.iter().take(at).any(|d| short(d) == short(c)) {
            let fix = "Remove one of the two, or mend the name of one.";
            return problem(Kind::BadPattern, span, format!("The case `{name}` stands here twice."), fix);
        }
        if c.names.len() > *most {
            let given = c.names.len();
            let message = format!("The case `{name}` has {given} names, but at most {most} are there to name.");
            return problem(Kind::BadPattern, span, message, "Remove names.");
        }
    }
    let find = |(name, most): &(&str, usize)| match cases.iter().find(|c| matches_name(name, &c.constructor.text)) {
        Some(c) => Ok(c),
        None => {
            let names: String = (1..=*most).map(|n| format!(" x{n}")).collect();
            let fix = format!("Add `| {name}{names} => ...`. {}", list());
            problem(Kind::BadPattern, span, format!("The case `{name}` is missing."), fix)
        }
    };
    known.iter().map(find).collect()
}
