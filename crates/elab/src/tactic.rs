//! Proof scripts: each step replaces the first goal by the goals that are left of it.

use crate::context::Local;
use crate::elab::{Elab, Kind, PendingScript, R, Typed, problem};
use crate::expr::up;
use crate::walk::{self, Depth};
use bfv_diag::Span;
use bfv_format::{Dim, Node, Prim, Term};
use bfv_kernel::{Ivl, V, Val};
use bfv_search::{Budget, Engine, Goal as EngineGoal, Outcome, Reason};
use bfv_syntax::tree::{Expr, ExprKind, HaveBody, Name, Script, Tactic, TacticKind};
use std::rc::Rc;

/// A goal: a metavariable to be solved, with its context and type.
#[derive(Clone)]
pub struct Goal {
    pub local: Local,
    pub ty: V,
    pub meta: u32,
}

impl Elab<'_> {
    /// Runs all scripts that wait, and those that appear meanwhile.
    pub fn run_scripts(&self) -> R<()> {
        loop {
            let next = self.scripts.borrow_mut().pop();
            let Some(PendingScript { local, ty, meta, script }) = next else { return Ok(()) };
            self.settle(script.span)?;
            self.run_script(Goal { local, ty, meta }, &script)?;
        }
    }

    /// Retries equations that were put off; one that turns out false is an error.
    pub fn settle(&self, span: Span) -> R<()> {
        match self.at(span, self.retry())? {
            Ok(()) => Ok(()),
            Err(p) => {
                let local = Local { ctx: p.ctx.clone(), ..Local::default() };
                let (a, b) = (self.show(&local, &p.left), self.show(&local, &p.right));
                problem(
                    Kind::TypeMismatch,
                    span,
                    format!("This needs `{a}` and `{b}` to be the same."),
                    "Give the implicit arguments, or change the term.",
                )
            }
        }
    }

    pub fn run_script(&self, goal: Goal, script: &Script) -> R<()> {
        self.run_goals(vec![goal], script)
    }

    /// Runs a script on several goals, the first one first.
    pub fn run_goals(&self, mut goals: Vec<Goal>, script: &Script) -> R<()> {
        for step in &script.steps {
            if goals.is_empty() {
                return problem(
                    Kind::TacticFailed,
                    step.span,
                    "There is no goal left for this step.",
                    "Remove the step.",
                );
            }
            let first = goals.remove(0);
            let mut next = self.step(first, step)?;
            self.settle(step.span)?;
            // A goal may have been solved on the way, by unification.
            next.append(&mut goals);
            next.retain(|g| !self.scratch.is_solved(g.meta));
            goals = next;
        }
        if let Some(left) = self.left.borrow_mut().as_mut() {
            left.extend(goals.into_iter().map(|g| (g, script.span)));
            return Ok(());
        }
        match goals.as_slice() {
            [] => Ok(()),
            [first, rest @ ..] => {
                let (shown, known) = (self.show(&first.local, &first.ty), self.known(&first.local));
                let more = match rest.len() {
                    0 => String::new(),
                    1 => " 1 more is open.".to_owned(),
                    n => format!(" {n} more are open."),
                };
                problem(
                    Kind::GoalsLeft,
                    script.span,
                    format!("An open goal is left: `{shown}`.{known}{more}"),
                    "Add steps that prove it.",
                )
            }
        }
    }

    fn subgoal(&self, local: &Local, span: Span, ty: &V) -> R<(Term, Goal)> {
        let (term, meta) = self.meta(local, span, ty, "a goal")?;
        Ok((term, Goal { local: local.clone(), ty: ty.clone(), meta }))
    }

    fn fail<T>(&self, g: &Goal, span: Span, why: &str, fix: &str) -> R<T> {
        let shown = self.show(&g.local, &g.ty);
        problem(Kind::TacticFailed, span, format!("{why} The goal is `{shown}`."), fix)
    }

    /// Steps that fit a goal of this form.
    fn advice(&self, span: Span, goal: &V) -> &'static str {
        match self.whnf(span, goal).as_deref() {
            Ok(Val::Sigma(..)) => "For a conjunction use `split`.",
            Ok(Val::Path(..)) => "Use `arith`, `auto`, `refl`, `rewrite` or `apply`.",
            Ok(Val::Pi(_, cod)) => {
                let end = self.m.inst(cod, self.prim(Prim::Star));
                match self.whnf(span, &end).as_deref() {
                    Ok(Val::Prim(Prim::Empty)) => "For an order use `arith` or `apply`; for a negation use `intro h`.",
                    _ => "For `forall` and `->` use `intro x`.",
                }
            }
            Ok(Val::Prim(Prim::Empty)) => "To prove falsehood use `arith`, `cases` or `apply`.",
            _ => "Use `exact` with a term of this type.",
        }
    }

    fn close(&self, g: &Goal, t: &Term) -> R<Vec<Goal>> {
        self.assign(&g.local, g.meta, t);
        Ok(Vec::new())
    }

    fn step(&self, g: Goal, step: &Tactic) -> R<Vec<Goal>> {
        let span = step.span;
        match &step.kind {
            TacticKind::Intro(names) => self.intro(g, span, names),
            TacticKind::Exact(e) => {
                let t = self.check(&g.local, e, &g.ty)?;
                self.close(&g, &t)
            }
            TacticKind::Apply(e) => self.apply_tactic(&g, span, e),
            TacticKind::Assumption => self.assumption(&g, span),
            TacticKind::Refl => match &*self.whnf(span, &g.ty)? {
                Val::Path(l, a, b) => {
                    let at = self.m.dinst(l, Ivl::Zero);
                    if !self.at(span, self.unify(&g.local.ctx, &at, a, b))? {
                        return self.fail(
                            &g,
                            span,
                            "The two sides are not the same by computation.",
                            "Use `ring`, `arith` or `rewrite`.",
                        );
                    }
                    let a = walk::shift(&self.quote(&g.local, span, a)?, Depth { terms: 0, dims: 1 });
                    self.close(&g, &Rc::new(Node::DLam(a)))
                }
                _ => self.fail(&g, span, "`refl` proves equations only.", self.advice(span, &g.ty)),
            },
            TacticKind::Rewrite(rules, at) => {
                let mut g = g;
                for (backwards, e) in rules {
                    g = self.rewrite(&g, span, *backwards, e, at.as_ref())?;
                }
                Ok(vec![g])
            }
            TacticKind::Induction(e, cases) | TacticKind::Cases(e, cases) => {
                let induction = matches!(step.kind, TacticKind::Induction(..));
                self.cases(&g, span, e, cases, induction)
            }
            TacticKind::Have(name, ty, body) => self.have(&g, span, name, ty.as_ref(), body),
            TacticKind::Ring | TacticKind::Arith(_) | TacticKind::Auto(_) => {
                let (engine, hints): (&dyn Engine, &[Expr]) = match &step.kind {
                    TacticKind::Auto(hints) => (self.engines.auto, hints),
                    TacticKind::Arith(hints) => (self.engines.arith, hints),
                    _ => (self.engines.arith, &[]),
                };
                let hints = hints.iter().map(|h| Ok(self.infer(&g.local, h)?.term)).collect::<R<Vec<_>>>()?;
                self.call_engine(&g, span, engine, hints, None)
            }
            TacticKind::Box(steps) => self.call_engine(&g, span, self.engines.boxes, Vec::new(), *steps),
            TacticKind::Unfold(names, at) => self.unfold(&g, span, names, at.as_ref()),
            TacticKind::Show(e) => {
                let (t, _) = self.ty(&g.local, e)?;
                let ty = self.ev(&g.local, &t);
                if !self.at(span, self.unify_type(&g.local.ctx, &ty, &g.ty))? {
                    return self.fail(
                        &g,
                        span,
                        "The statement shown is not the goal.",
                        "State what the goal computes to.",
                    );
                }
                let (t, new) = self.subgoal(&g.local, span, &ty)?;
                self.assign(&g.local, g.meta, &t);
                Ok(vec![new])
            }
            TacticKind::Split => match &*self.whnf(span, &g.ty)? {
                Val::Sigma(a, b) => {
                    let (at, ag) = self.subgoal(&g.local, span, a)?;
                    let b = self.m.inst(b, self.ev(&g.local, &at));
                    let (bt, bg) = self.subgoal(&g.local, span, &b)?;
                    self.assign(&g.local, g.meta, &Rc::new(Node::Pair(at, bt)));
                    Ok(vec![ag, bg])
                }
                _ => self.fail(&g, span, "`split` proves conjunctions only.", self.advice(span, &g.ty)),
            },
            TacticKind::Exists(e) => self.give(&g, span, e),
            TacticKind::Block(script) => {
                self.run_script(g, script)?;
                Ok(Vec::new())
            }
        }
    }

    fn intro(&self, g: Goal, span: Span, names: &[Name]) -> R<Vec<Goal>> {
        let mut g = g;
        for n in names {
            let (inner, cod) = match &*self.whnf(n.span, &g.ty)? {
                Val::Pi(dom, cod) => {
                    let (inner, x) = self.bind(&g.local, n.span, &n.text, dom)?;
                    let cod = self.m.inst(cod, x);
                    (inner, cod)
                }
                Val::Line(l) => {
                    let (inner, i) = self.bind_dim(&g.local, &n.text);
                    let cod = self.m.dinst(l, Ivl::Name(i));
                    let (t, new) = self.subgoal(&inner, span, &cod)?;
                    self.assign(&g.local, g.meta, &Rc::new(Node::DLam(t)));
                    g = new;
                    continue;
                }
                _ => return self.fail(&g, n.span, "There is nothing to introduce.", "Remove this name."),
            };
            let (t, new) = self.subgoal(&inner, span, &cod)?;
            self.assign(&g.local, g.meta, &Rc::new(Node::Lam(t)));
            g = new;
        }
        Ok(vec![g])
    }

    fn apply_tactic(&self, g: &Goal, span: Span, e: &Expr) -> R<Vec<Goal>> {
        let mut t = self.infer(&g.local, e)?;
        let mut fresh: Vec<Goal> = Vec::new();
        loop {
            // First try with the arguments so far, then with one more.
            let fits = {
                let (mark, waiting) = (self.scratch.mark(), self.postponed.borrow().len());
                let ok = self.at(span, self.unify_subtype(&g.local.ctx, &t.ty, &g.ty))?;
                if !ok {
                    self.scratch.rollback(mark);
                    self.postponed.borrow_mut().truncate(waiting);
                }
                ok
            };
            if fits {
                self.assign(&g.local, g.meta, &t.term);
                // Premises that other arguments mention are left to unification; they come last.
                return Ok(fresh);
            }
            let w = self.whnf(span, &t.ty)?;
            let Val::Pi(dom, cod) = &*w else {
                let shown = self.show(&g.local, &t.ty);
                return self.fail(
                    g,
                    span,
                    &format!("What is applied ends in `{shown}`, which does not fit."),
                    "Apply something whose conclusion is the goal.",
                );
            };
            let (arg, goal) = self.subgoal(&g.local, span, dom)?;
            fresh.push(goal);
            let ty = self.m.inst(cod, self.ev(&g.local, &arg));
            t = Typed { term: walk::apply(&t.term, &[walk::Argument::Term(arg)]), ty };
        }
    }

    fn assumption(&self, g: &Goal, span: Span) -> R<Vec<Goal>> {
        for index in 0..g.local.depth() {
            let level = usize::try_from(g.local.depth() - 1 - index).unwrap_or(usize::MAX);
            let Some(ty) = g.local.ctx.types.get(level) else { continue };
            let universe = self.m.value(Val::Univ(0));
            if self.at(span, self.try_unify(&g.local.ctx, &universe, ty, &g.ty))? {
                return self.close(g, &Rc::new(Node::Var(index)));
            }
        }
        self.fail(g, span, "No hypothesis is the goal.", self.advice(span, &g.ty))
    }

    /// A hypothesis with its proof: `let h : A := t in` the rest.
    pub fn with_fact(&self, g: &Goal, span: Span, name: &str, t: &Typed) -> R<Goal> {
        let ty = self.quote(&g.local, span, &t.ty)?;
        let (inner, _) = self.bind_term(&g.local, name, &ty, &t.ty);
        let goal_ty = self.ev(&inner, &up(&self.quote(&g.local, span, &g.ty)?));
        let (rest, new) = self.subgoal(&inner, span, &goal_ty)?;
        self.assign(&g.local, g.meta, &Rc::new(Node::Let(ty, t.term.clone(), rest)));
        Ok(new)
    }

    fn have(&self, g: &Goal, span: Span, name: &Name, ty: Option<&Expr>, body: &HaveBody) -> R<Vec<Goal>> {
        let t = match (ty, body) {
            (Some(ty), body) => {
                let (ty, _) = self.ty(&g.local, ty)?;
                self.settle(span)?;
                let ty = self.ev(&g.local, &ty);
                let term = match body {
                    HaveBody::Term(e) => self.check(&g.local, e, &ty)?,
                    HaveBody::By(script) => {
                        let (t, goal) = self.subgoal(&g.local, span, &ty)?;
                        self.run_script(goal, script)?;
                        t
                    }
                };
                Typed { term, ty }
            }
            (None, HaveBody::Term(e)) => self.infer(&g.local, e)?,
            (None, HaveBody::By(_)) => {
                return problem(
                    Kind::CannotInfer,
                    span,
                    "A fact proved by a script must be stated.",
                    "Write `have h : A by { ... }`.",
                );
            }
        };
        self.settle(span)?;
        Ok(vec![self.with_fact(g, span, &name.text, &t)?])
    }

    /// Calls an engine on a goal, with the usual number of steps if none is given; what it proposes is checked at once, so that a
    /// refusal is reported here.
    pub fn call_engine(
        &self,
        g: &Goal,
        span: Span,
        engine: &dyn Engine,
        hints: Vec<Term>,
        steps: Option<u64>,
    ) -> R<Vec<Goal>> {
        let goal =
            EngineGoal { machine: &self.m, ctx: g.local.ctx.clone(), target: g.ty.clone(), lemmas: self.lemmas, hints };
        let steps = steps.unwrap_or(self.engines.steps);
        let mut budget = Budget::until(steps, self.engines.wish).remembering(self.engines.memo);
        match engine.solve(&goal, &mut budget) {
            Outcome::Candidate(t) => match self.m.check(&g.local.ctx, &t, &g.ty) {
                Ok(()) => self.close(g, &t),
                Err(r) => self.fail(
                    g,
                    span,
                    &format!("The engine {} proposed a proof that was refused: {}.", engine.name(), r.reason),
                    "Report this as a defect of the engine, and prove the goal by other steps.",
                ),
            },
            Outcome::Refutation(..) => self.fail(
                g,
                span,
                &format!("The engine {} found a point at which the goal fails.", engine.name()),
                "Add a hypothesis, or change the statement.",
            ),
            Outcome::GaveUp(reason, why) => self.fail(
                g,
                span,
                &match reason {
                    Reason::Budget => {
                        format!("The engine {} gave up, because its steps are used up. {why}", engine.name())
                    }
                    _ => format!("The engine {} gave up. {why}", engine.name()),
                },
                "Add facts with `have`, lemmas in brackets, or `unfold`.",
            ),
        }
    }

    /// `rewrite e`: replaces the left side of an equation by the right one, in the goal or in a hypothesis.
    fn rewrite(&self, g: &Goal, span: Span, backwards: bool, e: &Expr, at: Option<&Name>) -> R<Goal> {
        let local = &g.local;
        let mut eq = self.infer(local, e)?;
        while let Val::Pi(dom, cod) = &*self.whnf(e.span, &eq.ty)? {
            let (arg, _) = self.meta(local, e.span, dom, "an argument of the equation")?;
            let ty = self.m.inst(cod, self.ev(local, &arg));
            eq = Typed { term: walk::apply(&eq.term, &[walk::Argument::Term(arg)]), ty };
        }
        let Val::Path(line, a, b) = &*self.whnf(e.span, &eq.ty)? else {
            let shown = self.show(local, &eq.ty);
            return self.fail(g, e.span, &format!("`{shown}` is no equation."), "Rewrite with an equation.");
        };
        let ty = self.m.dinst(line, Ivl::Zero);
        let (from, to) = if backwards { (b, a) } else { (a, b) };
        let subject = match at {
            None => self.quote(local, span, &g.ty)?,
            Some(h) => {
                let name = Expr { span: h.span, kind: Box::new(ExprKind::Var(h.text.clone())) };
                let t = self.infer(local, &name)?;
                self.quote(local, span, &t.ty)?
            }
        };
        let subject = walk::zonk(self.scratch, &subject, &mut None);
        let mut open = None;
        let pattern = walk::zonk(self.scratch, &self.quote(local, span, from)?, &mut open);
        if open.is_some() {
            self.find_instance(local, span, &subject, &ty, from)?;
        }
        let pattern =
            if open.is_some() { walk::zonk(self.scratch, &self.quote(local, span, from)?, &mut None) } else { pattern };
        let mut count = 0;
        let motive = walk::abstract_over(&subject, &pattern, &mut count);
        if count == 0 {
            let shown = self.show_term(local, &pattern);
            return self.fail(
                g,
                e.span,
                &format!("`{shown}` does not occur."),
                "Unfold a definition first, or use another equation.",
            );
        }
        let (left, right) = (self.quote(local, span, a)?, self.quote(local, span, b)?);
        let lift = |t: &Term| walk::shift(t, Depth { terms: 0, dims: 1 });
        let point = Rc::new(Node::PApp(lift(&eq.term), lift(&left), lift(&right), Dim::Var(0)));
        let line = walk::instantiate(&lift(&motive), &[point], &[]);
        let to = self.quote(local, span, to)?;
        let new_ty = self.ev(local, &walk::instantiate(&motive, &[to], &[]));
        // `from` is the right end of the path when rewriting backwards.
        let (at_from, at_to) = if backwards { (Dim::One, Dim::Zero) } else { (Dim::Zero, Dim::One) };
        match at {
            None => {
                let (t, new) = self.subgoal(local, span, &new_ty)?;
                self.assign(local, g.meta, &Rc::new(Node::Coe(at_to, at_from, line, t)));
                Ok(new)
            }
            Some(h) => {
                let name = Expr { span: h.span, kind: Box::new(ExprKind::Var(h.text.clone())) };
                let t = self.infer(local, &name)?;
                let term = Rc::new(Node::Coe(at_from, at_to, line, t.term));
                self.with_fact(g, span, &h.text, &Typed { term, ty: new_ty })
            }
        }
    }

    /// Solves the metavariables of a pattern by the first subterm that unifies with it.
    fn find_instance(&self, local: &Local, span: Span, subject: &Term, ty: &V, pattern: &V) -> R<()> {
        let mut todo = vec![subject.clone()];
        while let Some(t) = todo.pop() {
            if let Ok(found) = self.m.infer(&local.ctx, &t)
                && self.at(span, self.try_unify(&local.ctx, &self.m.value(Val::Univ(0)), &found, ty))?
            {
                let v = self.ev(local, &t);
                let waiting = self.postponed.borrow().len();
                let mark = self.scratch.mark();
                if self.at(span, self.unify(&local.ctx, ty, pattern, &v))? && self.postponed.borrow().len() == waiting {
                    return Ok(());
                }
                self.scratch.rollback(mark);
                self.postponed.borrow_mut().truncate(waiting);
            }
            // Subterms under binders depend on variables that the pattern cannot mention.
            let done: Result<Term, std::convert::Infallible> = walk::map(
                &t,
                Depth::default(),
                &mut |c, d| {
                    if d == Depth::default() {
                        todo.push(c.clone());
                    } else if d.terms == 1 && !walk::mentions(c, 0) {
                        todo.push(walk::instantiate(c, &[Rc::new(Node::Prim(Prim::Star))], &[]));
                    } else if d.dims == 1 {
                        todo.push(walk::instantiate(c, &[], &[Dim::Zero]));
                    }
                    Ok(c.clone())
                },
                &mut |r, _| Ok(r),
            );
            let Ok(_) = done;
        }
        Ok(())
    }

    fn unfold(&self, g: &Goal, span: Span, names: &[Name], at: Option<&Name>) -> R<Vec<Goal>> {
        let mut ids = Vec::new();
        for n in names {
            match self.global(&n.text, n.span)?.target {
                crate::names::Target::Const(id) => ids.push(id),
                _ => {
                    return self.fail(
                        g,
                        n.span,
                        &format!("`{}` has no definition to unfold.", n.text),
                        "Name a definition.",
                    );
                }
            }
        }
        let reduce = |ty: &V| -> R<V> {
            let t = self.quote(&g.local, span, ty)?;
            Ok(self.ev(&g.local, &self.unfold_term(&t, &ids)))
        };
        match at {
            None => {
                let ty = reduce(&g.ty)?;
                let (t, new) = self.subgoal(&g.local, span, &ty)?;
                self.assign(&g.local, g.meta, &t);
                Ok(vec![new])
            }
            Some(h) => {
                let name = Expr { span: h.span, kind: Box::new(ExprKind::Var(h.text.clone())) };
                let t = self.infer(&g.local, &name)?;
                let ty = reduce(&t.ty)?;
                Ok(vec![self.with_fact(g, span, &h.text, &Typed { term: t.term, ty })?])
            }
        }
    }

    fn unfold_term(&self, t: &Term, ids: &[u32]) -> Term {
        use bfv_kernel::Globals;
        if let Node::Const { id, shift: 0 } = &**t
            && ids.contains(id)
            && let Some(body) = self.scratch.const_body(*id)
        {
            return body;
        }
        let done: Result<Term, std::convert::Infallible> =
            walk::map(t, Depth::default(), &mut |c, _| Ok(self.unfold_term(c, ids)), &mut |r, _| Ok(r));
        let Ok(t) = done;
        walk::zonk(self.scratch, &t, &mut None)
    }

    /// `exists e`: the first part of a pair, or the witness of an `exists`.
    fn give(&self, g: &Goal, span: Span, e: &Expr) -> R<Vec<Goal>> {
        match &*self.whnf(span, &g.ty)? {
            Val::Sigma(a, b) => {
                let first = self.check(&g.local, e, a)?;
                let b = self.m.inst(b, self.ev(&g.local, &first));
                let (t, new) = self.subgoal(&g.local, span, &b)?;
                self.assign(&g.local, g.meta, &Rc::new(Node::Pair(first, t)));
                Ok(vec![new])
            }
            // not (forall x, not P): assume that no x does, and show that this one does.
            Val::Pi(none, _) => {
                let (inner, _) = self.bind(&g.local, span, "none", none)?;
                let Val::Pi(dom, cod) = &*self.whnf(span, none)? else {
                    return self.fail(
                        g,
                        span,
                        "`exists` needs a goal that says that something exists.",
                        self.advice(span, &g.ty),
                    );
                };
                let witness = self.check(&inner, e, dom)?;
                let refuted = self.m.inst(cod, self.ev(&inner, &witness));
                let Val::Pi(p, rest) = &*self.whnf(span, &refuted)? else {
                    return self.fail(
                        g,
                        span,
                        "`exists` needs a goal that says that something exists.",
                        self.advice(span, &g.ty),
                    );
                };
                let last = self.m.inst(rest, self.m.var(inner.depth(), p.clone()));
                let none = Rc::new(Node::App(Rc::new(Node::Var(0)), witness));
                if !matches!(&*self.whnf(span, &last)?, Val::Prim(Prim::Empty)) {
                    // `exists x y, P` with x given: that there is a y is still to be shown.
                    let there = crate::expr::negate(&self.quote(&inner, span, &refuted)?);
                    let (t, new) = self.subgoal(&inner, span, &self.ev(&inner, &there))?;
                    self.assign(&g.local, g.meta, &Rc::new(Node::Lam(Rc::new(Node::App(t, none)))));
                    return Ok(vec![new]);
                }
                let (t, new) = self.subgoal(&inner, span, p)?;
                self.assign(&g.local, g.meta, &Rc::new(Node::Lam(Rc::new(Node::App(none, t)))));
                Ok(vec![new])
            }
            _ => self.fail(g, span, "`exists` needs a goal that says that something exists.", self.advice(span, &g.ty)),
        }
    }
}
