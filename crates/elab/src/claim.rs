//! Claims: the statement, the evidence that the source gives, and refutations at a point.

use crate::attributes::{expressions, words};
use crate::context::{Found, Local};
use crate::elab::{Elab, Engines, Kind, R, Typed, problem};
use crate::expr::{negate, up};
use crate::module::{Claim, Expected, Given, Session};
use crate::names::params;
use crate::scratch::Scratch;
use crate::tactic::Goal;
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Node, Outcome, Prim, Term};
use bfv_kernel::{Head, Neutral, V, Val};
use bfv_search::{Budget, Goal as EngineGoal, Outcome as Answer};
use bfv_syntax::tree::{Binder, Body, Decl, Expr, ExprKind, Name, Script};
use std::rc::Rc;

impl Session {
    pub(crate) fn claim(&self, d: &Decl, engines: Engines<'_>, text: &dyn Fn(Span) -> String) -> R<Claim> {
        let expected = match words(&d.attrs, "expect").first().map(String::as_str) {
            Some("refuted") => Expected::Refuted,
            Some("unknown") => Expected::Unknown,
            // Other words were refused before.
            _ => Expected::Proved,
        };
        let Some(ty) = &d.ty else {
            return problem(
                Kind::CannotInfer,
                d.name.span,
                "A claim needs a statement.",
                "Write `: statement` after its name and binders.",
            );
        };
        let statement = self.statement(d.span, d.name.span, &d.binders, ty, any_type(d), engines)?;
        let mut variables: Vec<String> = params(&d.binders).into_iter().map(|(n, _)| n).collect();
        if let ExprKind::Pi(bs, _) = &*ty.kind {
            variables.extend(params(bs).into_iter().map(|(n, _)| n));
        }
        let holds_if = expressions(&d.attrs, "holds_if")
            .map(|h| Ok((text(h.span), self.conditional(d, ty, h, engines)?)))
            .collect::<R<_>>()?;
        let recalled = self.recall.spares(d);
        let given = if recalled { None } else { self.given(d, &statement, &variables, engines)? };
        Ok(Claim {
            number: 0,
            name: d.name.text.clone(),
            doc: d.doc.clone(),
            span: d.name.span,
            whole: d.span,
            statement,
            shown: crate::protocol::shown(d, ty),
            variables,
            expected,
            given,
            recalled,
            holds_if,
            binders: params(&d.binders).len(),
            vacuous: d.attrs.iter().any(|a| a.name.text == "vacuous"),
        })
    }

    /// A statement under binders, closed. It must be a proposition, unless any type will do; `place` is said where it is none.
    pub(crate) fn statement(
        &self,
        whole: Span,
        place: Span,
        binders: &[Binder],
        ty: &Expr,
        any_type: bool,
        engines: Engines<'_>,
    ) -> R<Term> {
        self.settled(place, &|| Scratch::new(&self.signature), engines, &|e| {
            let (inner, _) = e.binders(&Local::default(), binders)?;
            let (t, _) = e.ty(&inner, ty)?;
            let statement = e.finish(whole, &inner.close_type(&t))?;
            if !any_type {
                e.proposition(&Local::default(), place, &e.ev(&Local::default(), &statement))?;
            }
            Ok(statement)
        })
    }

    /// The statement with one more hypothesis, after the binders.
    fn conditional(&self, d: &Decl, ty: &Expr, h: &Expr, engines: Engines<'_>) -> R<Term> {
        self.settled(d.name.span, &|| Scratch::new(&self.signature), engines, &|e| {
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            let (h, _) = e.ty(&inner, h)?;
            let (t, _) = e.ty(&inner, ty)?;
            e.finish(d.span, &inner.close_type(&Rc::new(Node::Pi(h, up(&t)))))
        })
    }

    /// The statement of a claim with a hypothesis that its source does not have, as `holds_if` would add it, and how many
    /// arguments stand before the hypothesis: the variables after `forall` are in scope, too. Nothing when the text is no
    /// statement over the variables, or the claim without it is not `statement`.
    pub fn with_hypothesis(
        &mut self,
        module: &str,
        d: &Decl,
        text: &str,
        statement: &Term,
        engines: Engines<'_>,
    ) -> Option<(Term, usize)> {
        let h = statement_of(text)?;
        self.see(module);
        let mut d = d.clone();
        if let Some(ExprKind::Pi(bs, rest)) = d.ty.as_ref().map(|t| (*t.kind).clone()) {
            d.binders.extend(bs);
            d.ty = Some(rest);
        }
        let ty = d.ty.clone()?;
        let found = self.conditional(&d, &ty, &h, engines).ok()?;
        let before = params(&d.binders).len();
        (without(&found, before)? == *statement).then_some((found, before))
    }

    /// The core form of a statement about nothing but constants, with the names that a module sees.
    pub fn closed_statement(&mut self, module: &str, text: &str, engines: Engines<'_>) -> Option<Term> {
        let h = statement_of(text)?;
        self.see(module);
        self.settled(h.span, &|| Scratch::new(&self.signature), engines, &|e| {
            let (t, _) = e.ty(&Local::default(), &h)?;
            e.finish(h.span, &t)
        })
        .ok()
    }

    fn given(&self, d: &Decl, statement: &Term, variables: &[String], engines: Engines<'_>) -> R<Option<Given>> {
        let scratch = Scratch::new(&self.signature);
        match &d.body {
            Body::None => Ok(None),
            Body::Term(_) | Body::By(_) => self.with_elab(&scratch, engines, |e| {
                let (inner, _) = e.binders(&Local::default(), &d.binders)?;
                let Some(ty) = &d.ty else { return Ok(None) };
                let (t, _) = e.ty(&inner, ty)?;
                e.settle(d.span)?;
                let v = e.ev(&inner, &t);
                let term = match &d.body {
                    Body::Term(b) => e.check(&inner, b, &v)?,
                    Body::By(script) => {
                        let (term, meta) = e.meta(&inner, script.span, &v, "the proof")?;
                        e.run_script(Goal { local: inner.clone(), ty: v, meta }, script)?;
                        term
                    }
                    _ => return Ok(None),
                };
                let term = e.finish(d.span, &inner.close(&term))?;
                Ok(Some(Given { outcome: Outcome::Proved, term, witness: Vec::new() }))
            }),
            Body::RefutedAt { witness, script } => self.with_elab(&scratch, engines, |e| {
                e.refutation(d.span, statement, variables, witness, script.as_ref()).map(Some)
            }),
            _ => problem(
                Kind::Unsupported,
                d.span,
                "A claim has a proof, a witness, or nothing.",
                "Write `by ...` or `refuted at ...`.",
            ),
        }
    }
}

/// Whether a claim may be any type: what is claimed then is that it has an element, and a proof of it may carry data.
pub(crate) fn any_type(d: &Decl) -> bool {
    d.attrs.iter().any(|a| a.name.text == "type")
}

/// A text as one statement; nothing when it is anything else, or more than that.
fn statement_of(text: &str) -> Option<Expr> {
    let (file, problems) = bfv_syntax::parse(0, format!("claim c : {text}\n").as_bytes());
    match (file.decls.as_slice(), problems.as_slice()) {
        ([Decl { ty: Some(ty), body: Body::None, .. }], []) => Some(ty.clone()),
        _ => None,
    }
}

/// A statement without its argument of this number, which nothing after it mentions.
fn without(statement: &Term, before: usize) -> Option<Term> {
    let Node::Pi(domain, rest) = &**statement else { return None };
    match before.checked_sub(1) {
        Some(before) => Some(Rc::new(Node::Pi(domain.clone(), without(rest, before)?))),
        None if walk::mentions(rest, 0) => None,
        None => Some(walk::instantiate(rest, &[Rc::new(Node::Prim(Prim::Star))], &[])),
    }
}

impl Elab<'_> {
    /// `refuted at`: instantiates the claim at the witness; what is left is closed by the script.
    fn refutation(
        &self,
        span: Span,
        statement: &Term,
        variables: &[String],
        witness: &[(Name, Expr)],
        script: Option<&Script>,
    ) -> R<Given> {
        for (at, (n, _)) in witness.iter().enumerate() {
            if !variables.contains(&n.text) {
                let known: Vec<String> = variables.iter().map(|v| format!("`{v}`")).collect();
                let fix = match known.as_slice() {
                    [] => "The claim has no variables; write `refuted at` without values.".to_owned(),
                    known => format!("Its variables are {}.", known.join(", ")),
                };
                let message = format!("The claim has no variable named `{}`.", n.text);
                return problem(Kind::BadWitness, n.span, message, fix);
            }
            if witness.iter().take(at).any(|(m, _)| m.text == n.text) {
                let message = format!("The witness gives two values for `{}`.", n.text);
                return problem(Kind::BadWitness, n.span, message, "Remove one of the two.");
            }
        }
        // The values, from the first name to the end of the last value.
        let place = match (witness.first(), witness.last()) {
            (Some((n, _)), Some((_, e))) => Span { end: e.span.end, ..n.span },
            _ => span,
        };
        let empty = self.prim(Prim::Empty);
        let root = Local::default();
        let (local, _) = self.bind_term(&root, "claimed", statement, &self.ev(&root, statement));
        let (term, meta) = self.meta(&local, place, &empty, "the refutation")?;
        let mut current = match local.find("claimed") {
            Some(Found::Var(index, ty)) => Typed { term: Rc::new(Node::Var(index)), ty },
            _ => return problem(Kind::BadWitness, span, "The claim cannot be refuted.", "Report this as a defect."),
        };
        let mut goals: Vec<(Hypothesis, Goal)> = Vec::new();
        let mut shown: Vec<(String, String)> = Vec::new();
        // The claim at the point as it is written, for messages; nothing where a definition hides its form.
        let mut written = Some(up(statement));
        for name in variables {
            let w = self.whnf(span, &current.ty)?;
            let Val::Pi(dom, cod) = &*w else { break };
            let (says, rest) = match written.as_deref() {
                Some(Node::Pi(a, b)) => (Some(a.clone()), Some(b.clone())),
                _ => (None, None),
            };
            let arg = match witness.iter().find(|(n, _)| n.text == *name) {
                Some((n, e)) => {
                    let t = self.check(&local, e, dom)?;
                    self.settle(n.span)?;
                    shown.push((n.text.clone(), self.show_term(&local, &t)));
                    t
                }
                None => {
                    let (t, m) = self.meta(&local, place, dom, name)?;
                    let h = Hypothesis { name: name.clone(), written: says };
                    goals.push((h, Goal { local: local.clone(), ty: dom.clone(), meta: m }));
                    t
                }
            };
            written = rest.map(|b| walk::instantiate(&b, std::slice::from_ref(&arg), &[]));
            let ty = self.m.inst(cod, self.ev(&local, &arg));
            current = Typed { term: walk::apply(&current.term, &[walk::Argument::Term(arg)]), ty };
        }
        // What unification found is no goal any more; of the others only hypotheses can be proved.
        goals.retain(|(_, g)| !self.scratch.is_solved(g.meta));
        for (Hypothesis { name, .. }, g) in &goals {
            if self.proposition(&g.local, place, &g.ty).is_err() && !self.about_moves(place, &g.ty)? {
                let ty = self.show(&g.local, &g.ty);
                let message = format!("The witness gives no value for `{name}`, of type `{ty}`.");
                return problem(Kind::BadWitness, place, message, format!("Add `({name} := ...)`."));
            }
        }
        let goal = Goal { local: local.clone(), ty: empty, meta };
        let rest = self.with_fact(&goal, span, "at_witness", &current)?;
        match script {
            Some(s) => {
                let mut all: Vec<Goal> = goals.into_iter().map(|(_, g)| g).collect();
                all.push(rest);
                self.run_goals(all, s)?;
            }
            None => {
                for (h, g) in &goals {
                    if self.call_engine(g, place, self.engines.arith, Vec::new(), None).is_err() {
                        return self.hypothesis_fails(place, h, g, &shown);
                    }
                    self.settle(place)?;
                }
                if self.call_engine(&rest, place, self.engines.arith, Vec::new(), None).is_err() {
                    return self.conclusion_holds(place, &local, &current.ty, written.as_ref(), &shown);
                }
            }
        }
        let term = self.finish(span, &local.close(&term))?;
        Ok(Given { outcome: Outcome::Refuted, term, witness: shown })
    }

    /// Whether a type says that all moves of a run without end are allowed. It computes at no run, for a run is a function; and the guards
    /// of a protocol were seen to be propositions.
    fn about_moves(&self, span: Span, ty: &V) -> R<bool> {
        let Val::Neutral(Neutral { head: Head::Const(id, _), .. }) = &*self.at(span, self.m.folded(ty))? else {
            return Ok(false);
        };
        Ok(self.lemmas.iter().any(|l| l.id == *id && l.has("live.possible")))
    }

    /// A hypothesis is not met at the witness, or nobody can tell.
    fn hypothesis_fails<T>(&self, place: Span, h: &Hypothesis, g: &Goal, point: &[(String, String)]) -> R<T> {
        let (at, name) = (at_point(point), &h.name);
        for (ty, says) in self.parts(place, &g.local, &g.ty, h.written.as_ref())? {
            let not = self.ev(&g.local, &negate(&self.quote(&g.local, place, &ty)?));
            if self.is_provable(&g.local, &not) {
                let what = format!("This is no counterexample, because `{name}` is false {at}.");
                let message = format!("{what} There it needs `{says}`.");
                return problem(Kind::BadWitness, place, message, "Give a point where it holds.");
            }
        }
        let says = self.says(&g.local, &g.ty, h.written.as_ref());
        problem(
            Kind::BadWitness,
            place,
            format!("Arithmetic does not show `{name}` {at}. There it says `{says}`."),
            "Add `by` and steps that prove it, or give another point.",
        )
    }

    /// The conclusion is not false at the witness, or nobody can tell.
    fn conclusion_holds<T>(
        &self,
        place: Span,
        local: &Local,
        ty: &V,
        written: Option<&Term>,
        point: &[(String, String)],
    ) -> R<T> {
        let (at, says) = (at_point(point), self.says(local, ty, written));
        let (what, fix) = if self.is_provable(local, ty) {
            (
                format!("This is no counterexample, because the conclusion is true {at}."),
                "Give a point where it is false.",
            )
        } else {
            (
                format!("Arithmetic does not refute the conclusion {at}."),
                "Add `by` and steps that refute it, or give another point.",
            )
        };
        problem(Kind::BadWitness, place, format!("{what} There it says `{says}`."), fix)
    }

    /// A statement as it is written, where that is known, otherwise as it computes.
    fn says(&self, local: &Local, ty: &V, written: Option<&Term>) -> String {
        written.map_or_else(|| self.show(local, ty), |t| self.show_term(local, t))
    }

    /// The parts of a conjunction with their texts, to say which of them fails.
    fn parts(&self, span: Span, local: &Local, ty: &V, written: Option<&Term>) -> R<Vec<(V, String)>> {
        let whole = || vec![(ty.clone(), self.says(local, ty, written))];
        let Val::Sigma(a, b) = &*self.whnf(span, ty)? else { return Ok(whole()) };
        // The second part is read where the first one is a variable, which it does not mention in a conjunction.
        let second = self.m.inst(b, self.prim(Prim::Star));
        let (left, right) = match written.map(|t| &**t) {
            Some(Node::Sigma(l, r)) if !walk::mentions(r, 0) => {
                (Some(l.clone()), Some(walk::instantiate(r, &[Rc::new(Node::Prim(Prim::Star))], &[])))
            }
            Some(Node::Sigma(..)) => return Ok(whole()),
            _ => (None, None),
        };
        let mut all = self.parts(span, local, a, left.as_ref())?;
        all.extend(self.parts(span, local, &second, right.as_ref())?);
        Ok(all)
    }

    /// Whether arithmetic proves a statement, as far as the kernel agrees. For messages only.
    fn is_provable(&self, local: &Local, ty: &V) -> bool {
        let goal = EngineGoal {
            machine: &self.m,
            ctx: local.ctx.clone(),
            target: ty.clone(),
            lemmas: self.lemmas,
            hints: Vec::new(),
        };
        let mut budget = Budget::until(self.engines.steps, self.engines.wish);
        match self.engines.arith.solve(&goal, &mut budget) {
            Answer::Candidate(t) => self.m.check(&local.ctx, &t, ty).is_ok(),
            Answer::Refutation(..) | Answer::GaveUp(..) => false,
        }
    }
}

/// A hypothesis that the witness gives no value for.
struct Hypothesis {
    name: String,
    /// As it is written, at the point.
    written: Option<Term>,
}

/// "at x = 1 and y = 2"; "here" for a claim without variables.
fn at_point(point: &[(String, String)]) -> String {
    if point.is_empty() {
        return "here".to_owned();
    }
    // So many values would make the sentence too long to listen to; all of them stand in the source.
    let shown = if point.len() > 5 { 3 } else { point.len() };
    let mut values: Vec<String> = point.iter().take(shown).map(|(n, v)| format!("`{n} = {v}`")).collect();
    if shown < point.len() {
        values.push("the other values".to_owned());
    }
    format!("at {}", values.join(" and "))
}
