//! Declarations and modules: each declaration is elaborated, checked by the kernel, and only then visible to the next.

use crate::context::{Found, Local};
use crate::elab::{Elab, Engines, Kind, Problem, R, Recursion, Typed, problem};
use crate::expr::up;
use crate::names::{Global, Names, Target};
use crate::scratch::Scratch;
use crate::tactic::Goal;
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Constructor, DataDecl, Decl as CoreDecl, Node, Outcome, Prim, Term};
use bfv_kernel::{Limits, Machine, Signature, V, Val};
use bfv_search::Lemma;
use bfv_syntax::tree::{Attr, Binder, Body, Decl, DeclKind, Expr, ExprKind, File, Name, Script, Tactic, TacticKind};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Evidence that the source itself gives for a claim.
#[derive(Clone, Debug)]
pub struct Given {
    /// Proof of the statement, or of its negation.
    pub outcome: Outcome,
    /// The term.
    pub term: Term,
    /// Names and values of the witness, for reading.
    pub witness: Vec<(String, String)>,
}

/// The verdict that a claim asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// The default.
    Proved,
    /// `@[expect refuted]`
    Refuted,
    /// `@[expect unknown]`
    Unknown,
}

/// A claim, elaborated; judged by nobody yet.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Name within its module.
    pub name: String,
    /// The comment before it.
    pub doc: Option<String>,
    /// Where its name stands.
    pub span: Span,
    /// The statement.
    pub statement: Term,
    /// The statement as the source prints it.
    pub shown: String,
    /// Names of its leading variables, for counterexamples.
    pub variables: Vec<String>,
    /// What is asked for.
    pub expected: Expected,
    /// What the source offers.
    pub given: Option<Given>,
    /// For each `holds_if H`: H as written, and the statement with the hypothesis H.
    pub holds_if: Vec<(String, Term)>,
}

/// Everything elaborated so far.
#[derive(Clone, Default)]
pub struct Session {
    /// Checked declarations.
    pub signature: Signature,
    /// Global names.
    pub names: Names,
    /// Tagged declarations.
    pub lemmas: Vec<Lemma>,
    /// Modules with what they import.
    modules: BTreeMap<String, Vec<String>>,
}

/// What came of a module.
#[derive(Default)]
pub struct Outcomes {
    /// Claims in file order.
    pub claims: Vec<Claim>,
    /// Mistakes; a declaration with one is left out.
    pub problems: Vec<Problem>,
}

impl Session {
    /// A session with the predeclared names.
    #[must_use]
    pub fn new() -> Self {
        Session { names: Names::new(), ..Session::default() }
    }

    /// Whether a module is loaded.
    #[must_use]
    pub fn has(&self, module: &str) -> bool {
        self.modules.contains_key(module)
    }

    /// What a module imports.
    pub(crate) fn imports(&self, module: &str) -> &[String] {
        self.modules.get(module).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn add_module(&mut self, module: &str, imports: Vec<String>) {
        self.modules.insert(module.to_owned(), imports);
    }

    /// Elaborates a module whose imports are loaded. `text` gives the source of a span, for messages.
    pub fn module(&mut self, name: &str, file: &File, engines: Engines<'_>, text: &dyn Fn(Span) -> String) -> Outcomes {
        let mut out = Outcomes::default();
        let mut visible = BTreeSet::from([String::new(), name.to_owned()]);
        let mut todo: Vec<String> = Vec::new();
        for i in &file.imports {
            if self.has(&i.text) {
                todo.push(i.text.clone());
            } else {
                out.problems.push(Problem {
                    kind: Kind::UnknownModule,
                    span: i.span,
                    message: format!("There is no module `{}`.", i.text),
                    fix: Some(
                        "Import a module of the library, such as `std.real`, or one beside this file.".to_owned(),
                    ),
                });
            }
        }
        while let Some(m) = todo.pop() {
            if visible.insert(m.clone()) {
                todo.extend(self.modules.get(&m).into_iter().flatten().cloned());
            }
        }
        self.names.visible = visible;
        self.modules.insert(name.to_owned(), file.imports.iter().map(|i| i.text.clone()).collect());
        for d in &file.decls {
            let done = if d.kind == DeclKind::Claim {
                self.claim(d, engines, text).map(|c| out.claims.push(c))
            } else {
                self.declaration(name, d, engines)
            };
            if let Err(p) = done {
                out.problems.push(*p);
            }
        }
        out
    }

    fn with_elab<T>(&self, scratch: &Scratch<'_>, engines: Engines<'_>, f: impl FnOnce(&Elab<'_>) -> R<T>) -> R<T> {
        let e = Elab {
            scratch,
            m: Machine::new(scratch, Limits::default()),
            names: &self.names,
            engines,
            lemmas: &self.lemmas,
            postponed: Default::default(),
            scripts: Default::default(),
            origins: Default::default(),
            holes: Default::default(),
            recursion: Default::default(),
        };
        f(&e)
    }

    fn declaration(&mut self, module: &str, d: &Decl, engines: Engines<'_>) -> R<()> {
        let full = format!("{module}.{}", d.name.text);
        if self.names.library(&full).is_some() {
            return problem(
                Kind::Duplicate,
                d.name.span,
                format!("The name `{}` is declared twice in this module.", d.name.text),
                "Give one of the two another name.",
            );
        }
        let id = self.signature.len();
        let core = if d.kind == DeclKind::Data { self.data(module, d, engines)? } else { self.constant(d, engines)? };
        let con_params = if let CoreDecl::Data(data) = &core { data.params.len() } else { 0 };
        if let Err(r) = self.signature.add(core, Limits::default()) {
            return problem(
                Kind::Refused,
                d.name.span,
                format!("The kernel refuses `{}`: {}. {}", d.name.text, r.reason, r.detail),
                "Change the declaration.",
            );
        }
        let params = params(&d.binders);
        let target = if d.kind == DeclKind::Data { Target::Data(id) } else { Target::Const(id) };
        self.names.add(Global { full: full.clone(), module: module.to_owned(), target, params });
        if let Body::Constructors(cs) = &d.body {
            for (n, c) in (0u32..).zip(cs) {
                let mut ps: Vec<(String, bool)> =
                    self::params(&d.binders).into_iter().map(|(n, _)| (n, true)).collect();
                ps.truncate(con_params);
                ps.extend(self::params(&c.fields));
                self.names.add(Global {
                    full: format!("{module}.{}", c.name.text),
                    module: module.to_owned(),
                    target: Target::Con(id, n),
                    params: ps,
                });
            }
        }
        let tags = words(&d.attrs, "tag");
        if !tags.is_empty() {
            self.lemmas.push(Lemma { id, name: d.name.text.clone(), tags });
        }
        Ok(())
    }

    fn constant(&self, d: &Decl, engines: Engines<'_>) -> R<CoreDecl> {
        let scratch = Scratch::new(&self.signature);
        self.with_elab(&scratch, engines, |e| {
            let name = d.name.text.clone();
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            let ty = match &d.ty {
                Some(t) => Some(e.ty(&inner, t)?.0),
                None => None,
            };
            e.settle(d.name.span)?;
            let needs_type = |what: &str| {
                problem(
                    Kind::CannotInfer,
                    d.name.span,
                    format!("{what} needs a type."),
                    "Write `: T` after its name and binders.",
                )
            };
            let (ty, body) = match (&d.body, ty) {
                (Body::None, Some(t)) if d.kind == DeclKind::Axiom => (t, None),
                (Body::Term(b), Some(t)) => {
                    let v = e.ev(&inner, &t);
                    let b = e.check(&inner, b, &v)?;
                    (t, Some(b))
                }
                (Body::Term(b), None) => {
                    let t = e.infer(&inner, b)?;
                    (e.quote(&inner, d.span, &t.ty)?, Some(t.term))
                }
                (Body::By(script), Some(t)) => {
                    let v = e.ev(&inner, &t);
                    let (term, meta) = e.meta(&inner, script.span, &v, "the proof")?;
                    e.run_script(Goal { local: inner.clone(), ty: v, meta }, script)?;
                    (t, Some(term))
                }
                (Body::Clauses(cs), Some(t)) => {
                    let v = e.ev(&inner, &t);
                    let implicit: Vec<bool> = params(&d.binders).into_iter().map(|(_, i)| i).collect();
                    let rec = Recursion {
                        name: name.clone(),
                        fixed: (0..inner.depth()).collect(),
                        calls: Vec::new(),
                        implicit,
                    };
                    let b = e.check_clauses(&inner, d.span, cs, &v, Some(rec))?;
                    (t, Some(b))
                }
                (_, None) => return needs_type("This declaration"),
                (_, Some(_)) => {
                    return problem(
                        Kind::Unsupported,
                        d.span,
                        "This declaration has no body.",
                        "Write `:= e`, or `by` and a script.",
                    );
                }
            };
            let ty = e.finish(d.span, &inner.close_type(&ty))?;
            Ok(match (d.kind, body) {
                (DeclKind::Axiom, _) => {
                    let Some(bundle) = words(&d.attrs, "bundle").into_iter().next() else {
                        return problem(
                            Kind::BadAttribute,
                            d.name.span,
                            "An axiom must say which bundle it belongs to.",
                            "Write `@[bundle real, reference \"...\"]` before it.",
                        );
                    };
                    if words(&d.attrs, "reference").is_empty() {
                        return problem(
                            Kind::BadAttribute,
                            d.name.span,
                            "An axiom must name the theorem that implies it.",
                            "Add `reference \"...\"` to its attributes.",
                        );
                    }
                    CoreDecl::Axiom { name, bundle, ty }
                }
                (kind, Some(body)) => {
                    let body = e.finish(d.span, &inner.close(&body))?;
                    if kind == DeclKind::Theorem {
                        CoreDecl::Theorem { name, ty, proof: body }
                    } else {
                        CoreDecl::Def { name, ty, body }
                    }
                }
                (_, None) => return needs_type("This declaration"),
            })
        })
    }

    fn data(&self, module: &str, d: &Decl, engines: Engines<'_>) -> R<CoreDecl> {
        let id = self.signature.len();
        let level = match d.ty.as_ref().map(|t| &*t.kind) {
            None => 0,
            Some(ExprKind::Univ(n)) => *n,
            Some(_) => {
                return problem(
                    Kind::NotAType,
                    d.name.span,
                    "A data type lives in a universe.",
                    "Write `: U 0` after its parameters.",
                );
            }
        };
        let Body::Constructors(cs) = &d.body else {
            return problem(
                Kind::Unsupported,
                d.span,
                "A data type needs constructors.",
                "Write `| name (field : type)` lines.",
            );
        };
        let scratch = Scratch::new(&self.signature);
        let params = self.with_elab(&scratch, engines, |e| {
            let (_, tys) = e.telescope(&Local::default(), &d.binders)?;
            tys.iter().map(|t| e.finish(d.span, t)).collect::<R<Vec<Term>>>()
        })?;
        let mut header = DataDecl { name: d.name.text.clone(), params, level, constructors: Vec::new() };
        // Its own name is visible in the fields.
        let mut own = self.clone();
        own.names.add(Global {
            full: format!("{module}.{}", d.name.text),
            module: module.to_owned(),
            target: Target::Data(id),
            params: self::params(&d.binders),
        });
        let scratch = Scratch::with_data(&self.signature, header.clone());
        let constructors = own.with_elab(&scratch, engines, |e| {
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            cs.iter()
                .map(|c| {
                    let (_, fields) = e.telescope(&inner, &c.fields)?;
                    let fields = fields.iter().map(|t| e.finish(d.span, t)).collect::<R<_>>()?;
                    Ok(Constructor { name: c.name.text.clone(), fields })
                })
                .collect::<R<Vec<_>>>()
        })?;
        header.constructors = constructors;
        Ok(CoreDecl::Data(header))
    }

    fn claim(&self, d: &Decl, engines: Engines<'_>, text: &dyn Fn(Span) -> String) -> R<Claim> {
        let expected = match words(&d.attrs, "expect").first().map(String::as_str) {
            None | Some("proved") => Expected::Proved,
            Some("refuted") => Expected::Refuted,
            Some("unknown") => Expected::Unknown,
            Some(other) => {
                return problem(
                    Kind::BadAttribute,
                    d.name.span,
                    format!("`{other}` is no verdict."),
                    "Expect `proved`, `refuted` or `unknown`.",
                );
            }
        };
        let Some(ty) = &d.ty else {
            return problem(
                Kind::CannotInfer,
                d.name.span,
                "A claim needs a statement.",
                "Write `: statement` after its name and binders.",
            );
        };
        let scratch = Scratch::new(&self.signature);
        let (statement, shown) = self.with_elab(&scratch, engines, |e| {
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            let (t, _) = e.ty(&inner, ty)?;
            let statement = e.finish(d.span, &inner.close_type(&t))?;
            e.proposition(&Local::default(), d.name.span, &e.ev(&Local::default(), &statement))?;
            Ok((statement.clone(), e.show_term(&Local::default(), &statement)))
        })?;
        let mut variables: Vec<String> = params(&d.binders).into_iter().map(|(n, _)| n).collect();
        if let ExprKind::Pi(bs, _) = &*ty.kind {
            variables.extend(params(bs).into_iter().map(|(n, _)| n));
        }
        let holds_if = d
            .attrs
            .iter()
            .filter(|a| a.name.text == "holds_if")
            .flat_map(|a| &a.args)
            .map(|h| Ok((text(h.span), self.conditional(d, ty, h, engines)?)))
            .collect::<R<_>>()?;
        let given = self.given(d, &statement, &variables, engines)?;
        Ok(Claim {
            name: d.name.text.clone(),
            doc: d.doc.clone(),
            span: d.name.span,
            statement,
            shown,
            variables,
            expected,
            given,
            holds_if,
        })
    }

    /// The statement with one more hypothesis, after the binders.
    fn conditional(&self, d: &Decl, ty: &Expr, h: &Expr, engines: Engines<'_>) -> R<Term> {
        let scratch = Scratch::new(&self.signature);
        self.with_elab(&scratch, engines, |e| {
            let (inner, _) = e.binders(&Local::default(), &d.binders)?;
            let (h, _) = e.ty(&inner, h)?;
            let (t, _) = e.ty(&inner, ty)?;
            e.finish(d.span, &inner.close_type(&Rc::new(Node::Pi(h, up(&t)))))
        })
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

impl Elab<'_> {
    /// Runs what waits, puts solutions in, and reports what is left open.
    fn finish(&self, span: Span, t: &Term) -> R<Term> {
        self.run_scripts()?;
        self.settle(span)?;
        if let Some(h) = self.holes.borrow().first() {
            let name = h.name.as_deref().unwrap_or("_");
            let goal = self.show(&h.local, &h.ty);
            let context: Vec<String> = self.hypotheses(&h.local);
            let known = if context.is_empty() { String::new() } else { format!(" Known: {}.", context.join("; ")) };
            return problem(
                Kind::Hole,
                h.span,
                format!("The hole `{name}` is open. Its goal is `{goal}`.{known}"),
                "Replace the hole by a term of that type.",
            );
        }
        let mut open = None;
        let t = walk::zonk(self.scratch, t, &mut open);
        if open.is_none()
            && let Some(span) = self.open_blank()
        {
            return problem(
                Kind::CannotInfer,
                span,
                "The value of a hole cannot be inferred here.",
                "Write the value, or state the type.",
            );
        }
        if let Some(id) = open {
            let waiting = self.postponed.borrow().first().cloned();
            let why = waiting.map_or_else(String::new, |p| {
                let local = Local { ctx: p.ctx.clone(), ..Local::default() };
                format!(
                    " The equation of `{}` with `{}` does not determine it.",
                    self.show(&local, &p.left),
                    self.show(&local, &p.right)
                )
            });
            let origins = self.origins.borrow();
            let found = origins.iter().find(|o| o.meta == id);
            let (span, what) = found.map_or((span, "a part"), |o| (o.span, o.what.as_str()));
            let what = match what {
                "an argument" | "a type" | "a part" | "a hole" | "a goal" | "a case" => what.to_owned(),
                named => format!("`{named}`"),
            };
            return problem(
                Kind::CannotInfer,
                span,
                format!("The value of {what} cannot be inferred here.{why}"),
                "Give it: `(name := value)`, or state the type.",
            );
        }
        Ok(t)
    }

    /// `name : type` for every variable of a context.
    fn hypotheses(&self, local: &Local) -> Vec<String> {
        local
            .names()
            .iter()
            .zip(&local.ctx.types)
            .filter(|(n, _)| *n != "_")
            .map(|(n, ty)| format!("{n} : {}", self.show(local, ty)))
            .collect()
    }

    /// A claim must lie in the negative fragment: atoms under conjunction, implication, `forall` and negation.
    fn proposition(&self, local: &Local, span: Span, ty: &V) -> R<()> {
        match &*self.whnf(span, ty)? {
            Val::Pi(dom, cod) => {
                let (inner, x) = self.bind(local, span, "x", dom)?;
                self.proposition(&inner, span, &self.m.inst(cod, x))
            }
            Val::Sigma(a, b) => {
                self.proposition(local, span, a)?;
                let (inner, x) = self.bind(local, span, "x", a)?;
                self.proposition(&inner, span, &self.m.inst(b, x))
            }
            Val::Path(..) | Val::Prim(Prim::Empty | Prim::Unit) => Ok(()),
            _ => {
                let shown = self.show(local, ty);
                problem(
                    Kind::NotAProposition,
                    span,
                    format!("This is not a proposition: `{shown}`."),
                    "State an equation or an order, joined by and, or, not, implies, for all, exists.",
                )
            }
        }
    }

    /// `refuted at`: instantiates the claim at the witness; what is left is closed by the script.
    fn refutation(
        &self,
        span: Span,
        statement: &Term,
        variables: &[String],
        witness: &[(Name, Expr)],
        script: Option<&Script>,
    ) -> R<Given> {
        for (n, _) in witness {
            if !variables.contains(&n.text) {
                return problem(
                    Kind::BadWitness,
                    n.span,
                    format!("The claim has no variable named `{}`.", n.text),
                    "Give values for the variables of the claim.",
                );
            }
        }
        let empty = self.prim(Prim::Empty);
        let root = Local::default();
        let (local, _) = self.bind_term(&root, "claimed", statement, &self.ev(&root, statement));
        let (term, meta) = self.meta(&local, span, &empty, "the refutation")?;
        let mut current = match local.find("claimed") {
            Some(Found::Var(index, ty)) => Typed { term: Rc::new(Node::Var(index)), ty },
            _ => return problem(Kind::BadWitness, span, "The claim cannot be refuted.", "Report this as a defect."),
        };
        let (mut goals, mut shown) = (Vec::new(), Vec::new());
        for name in variables {
            let w = self.whnf(span, &current.ty)?;
            let Val::Pi(dom, cod) = &*w else { break };
            let arg = match witness.iter().find(|(n, _)| n.text == *name) {
                Some((n, e)) => {
                    let t = self.check(&local, e, dom)?;
                    self.settle(n.span)?;
                    shown.push((n.text.clone(), self.show_term(&local, &t)));
                    t
                }
                None => {
                    let (t, m) = self.meta(&local, span, dom, name)?;
                    goals.push(Goal { local: local.clone(), ty: dom.clone(), meta: m });
                    t
                }
            };
            let ty = self.m.inst(cod, self.ev(&local, &arg));
            current = Typed { term: walk::apply(&current.term, &[walk::Argument::Term(arg)]), ty };
        }
        let goal = Goal { local: local.clone(), ty: empty, meta };
        // What unification found is no goal any more.
        goals.retain(|g| !self.scratch.is_solved(g.meta));
        let rest = self.with_fact(&goal, span, "at_witness", &current)?;
        goals.push(rest);
        match script {
            Some(s) => self.run_goals(goals, s)?,
            None => {
                let arith = Script { steps: vec![Tactic { span, kind: TacticKind::Arith(Vec::new()) }], span };
                for g in goals {
                    self.run_script(g, &arith)?;
                }
            }
        }
        let term = self.finish(span, &local.close(&term))?;
        Ok(Given { outcome: Outcome::Refuted, term, witness: shown })
    }
}

/// Names of binders with their implicitness; dimensions are left out.
fn params(bs: &[Binder]) -> Vec<(String, bool)> {
    bs.iter().flat_map(|b| b.names.iter().map(|n| (n.text.clone(), b.implicit))).collect()
}

/// The words of an attribute.
fn words(attrs: &[Attr], name: &str) -> Vec<String> {
    attrs
        .iter()
        .filter(|a| a.name.text == name)
        .flat_map(|a| &a.args)
        .filter_map(|e| match &*e.kind {
            ExprKind::Var(x) | ExprKind::String(x) => Some(x.clone()),
            _ => None,
        })
        .collect()
}
