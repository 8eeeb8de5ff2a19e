//! Declarations and modules: each declaration is elaborated, checked by the kernel, and only then visible to the next.

use crate::attributes;
use crate::attributes::words;
use crate::context::Local;
use crate::elab::{Elab, Engines, Kind, Problem, R, Recursion, problem};
use crate::names::{Global, Names, Target, constants, params};
use crate::recall::Recall;
use crate::scratch::Scratch;
use crate::tactic::Goal;
use crate::units::{Checker, Library, Shape};
use bfv_diag::Span;
use bfv_format::{DataDecl, DataRef, Decl as CoreDecl, Node, Outcome, Term};
use bfv_kernel::{Limits, Machine, Signature};
use bfv_search::Lemma;
use bfv_syntax::tree::{Body, Decl, DeclKind, ExprKind, File, Name};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

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
    /// How many claims were met before it, those of other shares included.
    pub number: usize,
    /// Name within its module.
    pub name: String,
    /// The comment before it.
    pub doc: Option<String>,
    /// Where its name stands.
    pub span: Span,
    /// Where all of it stands.
    pub whole: Span,
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
    /// The source offers something, and it was left out, for it is recalled.
    pub recalled: bool,
    /// For each `holds_if H`: H as written, and the statement with the hypothesis H.
    pub holds_if: Vec<(String, Term)>,
    /// How many variables and hypotheses stand before the colon; a hypothesis H comes after them.
    pub binders: usize,
    /// `@[vacuous]`: the author knows that the hypotheses contradict each other.
    pub vacuous: bool,
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
    /// Which claims are elaborated; all of them where nothing is said.
    pub share: Option<Share>,
    /// What scripts of the next module need not find again.
    pub recall: Recall,
    /// Claims met so far.
    met: usize,
    /// Modules with what they import.
    modules: BTreeMap<String, Vec<String>>,
    /// The units of declarations of modules that can see one, by full name. Bundles do not carry them, for no module of the library
    /// with declarations has units.
    shapes: BTreeMap<String, Shape>,
}

/// A part of the claims: each `of`th one, counted in the order in which they are met, from the one numbered `first`.
/// No claim changes what later declarations mean, so several sessions may each elaborate a share of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// The number of the first claim, from 0.
    pub first: usize,
    /// How many shares there are.
    pub of: usize,
}

impl Share {
    /// No claim.
    pub const NOTHING: Share = Share { first: 1, of: 1 };
}

/// Modules whose words stand in claims of every kind.
const GENERAL: [&str; 9] =
    ["std.logic", "std.nat", "std.int", "std.real", "std.order", "std.fin", "std.vec", "std.sum", "std.count"];

/// What a type states after its premises, as it is written.
fn conclusion(ty: &Term) -> &Term {
    match &**ty {
        Node::Pi(_, result) => conclusion(result),
        _ => ty,
    }
}

/// What came of a module.
#[derive(Default)]
pub struct Outcomes {
    /// Claims in file order.
    pub claims: Vec<Claim>,
    /// Mistakes; a declaration with one is left out.
    pub problems: Vec<Problem>,
    /// Theorems whose proofs were not recalled.
    pub proved: usize,
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
        for i in &file.imports {
            if !self.has(&i.text) {
                out.problems.push(*Problem::new(
                    Kind::UnknownModule,
                    i.span,
                    format!("There is no module `{}`.", i.text),
                    match self.names.module_like(&i.text) {
                        Some(m) => format!("Did you mean `{m}`?"),
                        None => {
                            "Import a module of the library, such as `std.real`, or name its file in the same command."
                                .to_owned()
                        }
                    },
                ));
            }
        }
        self.modules.insert(name.to_owned(), file.imports.iter().map(|i| i.text.clone()).collect());
        self.see(name);
        let mut declared = Declared::default();
        // A module that sees no unit is spared the check, so its plain numbers may be quantities of any.
        let own = file.decls.iter().any(|d| d.kind == DeclKind::Unit);
        let library = (own || self.names.has_units()).then(|| Library::new(&self.names));
        // Protocols of which a part has a mistake: nothing further is made of them.
        let mut broken: BTreeSet<&str> = BTreeSet::new();
        for d in &file.decls {
            let protocol = d.part.as_ref().map(|p| p.protocol.text.as_str());
            if protocol.is_some_and(|p| broken.contains(p)) {
                continue;
            }
            if engines.wish.is_some_and(|w| w.load(Ordering::Relaxed)) {
                let message = "The check was stopped from outside before this declaration.";
                out.problems.push(*Problem::new(Kind::Limit, d.name.span, message, "Ask again, and give more time."));
                break;
            }
            let checked = declared.add(d).and_then(|()| attributes::check(d)).and_then(|()| self.part(d, engines));
            let done = checked.and_then(|()| {
                if let Some(library) = &library {
                    let shape = Checker::new(&self.names, &self.shapes, library).declaration(d)?;
                    self.shapes.insert(format!("{name}.{}", d.name.text), shape);
                }
                match d.kind {
                    DeclKind::Unit => {
                        self.names.units.push((name.to_owned(), format!("{name}.{}", d.name.text)));
                        Ok(())
                    }
                    DeclKind::Claim => {
                        let number = self.met;
                        self.met += 1;
                        if !self.mine(number) {
                            return Ok(());
                        }
                        self.claim(d, engines, text).map(|c| out.claims.push(Claim { number, ..c }))
                    }
                    DeclKind::Theorem if self.recollect(name, d, engines) => Ok(()),
                    kind => {
                        out.proved += usize::from(kind == DeclKind::Theorem);
                        self.declaration(name, d, engines)
                    }
                }
            });
            if let Err(mut p) = done {
                broken.extend(protocol.filter(|_| d.kind != DeclKind::Claim));
                let also = std::mem::take(&mut p.also);
                out.problems.push(*p);
                out.problems.extend(also);
            }
        }
        out
    }

    /// The names of the claims of a module that belong to the share, when the module is the next one.
    pub fn in_share<'f>(&self, file: &'f File) -> BTreeSet<&'f str> {
        let claims = file.decls.iter().filter(|d| d.kind == DeclKind::Claim);
        claims.zip(self.met..).filter(|(_, n)| self.mine(*n)).map(|(d, _)| d.name.text.as_str()).collect()
    }

    /// Counts the claims of a module that is left out.
    pub fn pass(&mut self, file: &File) {
        self.met += file.decls.iter().filter(|d| d.kind == DeclKind::Claim).count();
    }

    /// Whether the claim of this number belongs to the share.
    fn mine(&self, number: usize) -> bool {
        self.share.is_none_or(|s| number.checked_rem(s.of) == Some(s.first))
    }

    /// Theorems without a tag that a module sees and that speak of nothing but what a statement mentions. What they speak of must
    /// go beyond numbers and finite sums, for theorems about these fit everywhere.
    #[must_use]
    pub fn theorems(&mut self, module: &str, statement: &Term) -> Vec<Lemma> {
        self.see(module);
        let mentioned = |t: &Term| {
            let mut ids = BTreeSet::new();
            constants(t, &mut ids);
            ids
        };
        let wanted = mentioned(statement);
        let special = |id: &u32| self.names.module_of(*id).is_some_and(|m| !GENERAL.contains(&m));
        let mut out = Vec::new();
        for id in 0..self.signature.len() {
            let Some(CoreDecl::Theorem { name, ty, .. }) = self.signature.decl(id) else { continue };
            let visible = self.names.module_of(id).is_some_and(|m| self.names.visible.contains(m));
            if !visible || self.lemmas.iter().any(|l| l.id == id) {
                continue;
            }
            let (about, concluded) = (mentioned(ty), mentioned(conclusion(ty)));
            // A premise may speak of what the statement does not mention, as long as the conclusion does not.
            let fits = about.is_subset(&wanted) || (concluded.is_subset(&wanted) && concluded.iter().any(special));
            if fits && about.iter().any(special) {
                out.push(Lemma { id, name: name.clone(), tags: vec!["theorem".to_owned()] });
            }
        }
        out
    }

    /// Makes visible what a loaded module sees: its own names, and those of what it imports, directly or not.
    pub(crate) fn see(&mut self, module: &str) {
        let mut visible = BTreeSet::from([String::new()]);
        let mut todo = vec![module.to_owned()];
        while let Some(m) = todo.pop() {
            // What is not loaded has no names.
            if self.has(&m) && visible.insert(m.clone()) {
                todo.extend(self.imports(&m).iter().cloned());
            }
        }
        self.names.visible = visible;
    }

    pub(crate) fn with_elab<T>(
        &self,
        scratch: &Scratch<'_>,
        engines: Engines<'_>,
        f: impl FnOnce(&Elab<'_>) -> R<T>,
    ) -> R<T> {
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
            level_names: Default::default(),
            partial_known: Default::default(),
            left: Default::default(),
        };
        // A mistake elsewhere does not hide what was asked by a hole.
        f(&e).map_err(|mut p| {
            if p.kind != Kind::Hole && p.also.is_empty() {
                p.also = e.open_holes().into_iter().filter(|h| h.kind == Kind::Hole).collect();
            }
            p
        })
    }

    fn declaration(&mut self, module: &str, d: &Decl, engines: Engines<'_>) -> R<()> {
        let id = self.signature.len();
        let core = if d.kind == DeclKind::Data { self.data(module, d, engines)? } else { self.constant(d, engines)? };
        let con_params = if let CoreDecl::Data(data) = &core { data.params.len() } else { 0 };
        let operator = (d.kind == DeclKind::Operator).then(|| core.clone());
        if let Err(r) = self.signature.add(core, Limits::default()) {
            let fix = match r.reason {
                "not strictly positive" => "Keep it there, as in `(f : Nat -> T)`.",
                "universe too small" => "State a larger universe, such as `U 1`.",
                "axiom over types" => "State the axiom about one type, or define what it says.",
                "budget" => "Make the declaration smaller, or split it into several.",
                _ => "Change the declaration, or give more of its types.",
            };
            let message = format!("The kernel refuses `{}`: {}. {}", d.name.text, r.reason, r.detail);
            return problem(Kind::Refused, d.name.span, message, fix);
        }
        self.declared(module, d, id);
        if let Some(CoreDecl::Def { ty, body, .. }) = operator {
            self.domain(module, d, &ty, &body, engines)?;
        }
        if let Body::Constructors(cs) = &d.body {
            for (n, c) in (0u32..).zip(cs) {
                self.names.add(constructor_name(module, d, con_params, Target::Con(id, n), c));
            }
        }
        self.tagged(d, id);
        Ok(())
    }

    /// Declares a theorem with the proof that is recalled; false, and nothing has changed, where there is none that the kernel accepts.
    fn recollect(&mut self, module: &str, d: &Decl, engines: Engines<'_>) -> bool {
        let Some(Ok(id)) = self.recalled(d, engines).map(|core| self.signature.add(core, Limits::default())) else {
            return false;
        };
        self.declared(module, d, id);
        self.tagged(d, id);
        true
    }

    /// The name of what now stands at a position.
    fn declared(&mut self, module: &str, d: &Decl, id: u32) {
        if d.part.is_some() {
            self.names.made.insert(id);
        }
        let target = if d.kind == DeclKind::Data { Target::Data(id) } else { Target::Const(id) };
        let full = format!("{module}.{}", d.name.text);
        self.names.add(Global { full, module: module.to_owned(), target, params: params(&d.binders) });
    }

    fn tagged(&mut self, d: &Decl, id: u32) {
        let tags = words(&d.attrs, "tag");
        if !tags.is_empty() {
            self.lemmas.push(Lemma { id, name: d.name.text.clone(), tags });
        }
    }

    /// Declares `F.domain` beside an operator F, where its side conditions can be read off.
    fn domain(&mut self, module: &str, d: &Decl, ty: &Term, body: &Term, engines: Engines<'_>) -> R<()> {
        let params = params(&d.binders);
        let scratch = Scratch::new(&self.signature);
        let found = self.with_elab(&scratch, engines, |e| e.at(d.name.span, e.domain(ty, body, params.len())))?;
        let Some((ty, body)) = found else { return Ok(()) };
        let name = format!("{}.domain", d.name.text);
        let id = self.signature.len();
        if let Err(r) = self.signature.add(CoreDecl::Def { name: name.clone(), ty, body }, Limits::default()) {
            return problem(
                Kind::Refused,
                d.name.span,
                format!("The kernel refuses the domain of `{}`: {}. {}", d.name.text, r.reason, r.detail),
                "Report this as a defect; write `def` in place of `operator` meanwhile.",
            );
        }
        let full = format!("{module}.{name}");
        self.names.add(Global { full, module: module.to_owned(), target: Target::Const(id), params });
        Ok(())
    }

    fn constant(&self, d: &Decl, engines: Engines<'_>) -> R<CoreDecl> {
        let run = |e: &Elab<'_>| -> R<CoreDecl> {
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
        };
        let scratch = || Scratch::new(&self.signature);
        match d.kind {
            // Nothing looks into a proof, and what a theorem states is proved.
            DeclKind::Theorem => self.with_elab(&scratch(), engines, run),
            _ => self.settled(d.name.span, &scratch, engines, &run),
        }
    }

    fn data(&mut self, module: &str, d: &Decl, engines: Engines<'_>) -> R<CoreDecl> {
        let names = self.names.count();
        let made = self.data_with_its_names(module, d, engines);
        self.names.take_back(names);
        made
    }

    /// A data type; its own name and those of its constructors are left among the names.
    fn data_with_its_names(&mut self, module: &str, d: &Decl, engines: Engines<'_>) -> R<CoreDecl> {
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
        let params = self.settled(d.name.span, &|| Scratch::new(&self.signature), engines, &|e| {
            let (_, tys) = e.telescope(&Local::default(), &d.binders)?;
            tys.iter().map(|t| e.finish(d.span, t)).collect::<R<Vec<Term>>>()
        })?;
        let mut header = DataDecl { name: d.name.text.clone(), params, level, constructors: Vec::new() };
        // Its own name is visible in the fields.
        self.names.add(Global {
            full: format!("{module}.{}", d.name.text),
            module: module.to_owned(),
            target: Target::Data(id),
            params: self::params(&d.binders),
        });
        for (n, c) in (0u32..).zip(cs) {
            let scratch = || Scratch::with_data(&self.signature, header.clone());
            let constructor = self.settled(d.name.span, &scratch, engines, &|e| {
                let (inner, _) = e.binders(&Local::default(), &d.binders)?;
                e.constructor_of(&inner, d.span, DataRef { id, shift: 0 }, c)
            })?;
            // Earlier constructors are visible in the boundary of later ones.
            self.names.add(constructor_name(module, d, header.params.len(), Target::Con(id, n), c));
            header.constructors.push(constructor);
        }
        Ok(CoreDecl::Data(header))
    }
}

/// The name of a constructor: the parameters of its data type are implicit.
fn constructor_name(
    module: &str,
    d: &Decl,
    con_params: usize,
    target: Target,
    c: &bfv_syntax::tree::Constructor,
) -> Global {
    let mut params: Vec<(String, bool)> = params(&d.binders).into_iter().map(|(n, _)| (n, true)).collect();
    params.truncate(con_params);
    params.extend(self::params(&c.fields));
    Global { full: format!("{module}.{}", c.name.text), module: module.to_owned(), target, params }
}

/// The names that a module declares so far. Names count from the first declaration on, also when that has a mistake.
#[derive(Default)]
struct Declared<'d> {
    names: BTreeMap<&'d str, Span>,
    /// Claims in small letters, for each has a file that some systems find without regard to case.
    claims: BTreeMap<String, &'d Name>,
}

impl<'d> Declared<'d> {
    fn add(&mut self, d: &'d Decl) -> R<()> {
        let constructors: &[bfv_syntax::tree::Constructor] = match &d.body {
            Body::Constructors(cs) => cs,
            _ => &[],
        };
        let refuse = |message: String, fix: &str, first: Span| {
            let mut p = Problem::new(Kind::Duplicate, d.name.span, message, fix);
            p.see = Some((first, "the first".to_owned()));
            p
        };
        for n in std::iter::once(&d.name).chain(constructors.iter().map(|c| &c.name)) {
            if let Some(first) = self.names.insert(&n.text, n.span) {
                // The author wrote the name of the protocol, not those of what it becomes.
                let name = d.part.as_ref().map_or(&n.text, |p| &p.protocol.text);
                let message = format!("The name `{name}` is declared twice in this module.");
                let p = refuse(message, "Give one of the two another name.", first);
                return Err(Box::new(Problem { span: n.span, ..*p }));
            }
        }
        if d.kind == DeclKind::Claim
            && let Some(other) = self.claims.insert(d.name.text.to_lowercase(), &d.name)
        {
            let (a, b) = (&other.text, &d.name.text);
            let message = format!("The claims `{a}` and `{b}` differ only in the case of letters.");
            let fix = "Rename one: their proofs would share a file.";
            return Err(refuse(message, fix, other.span));
        }
        Ok(())
    }
}
