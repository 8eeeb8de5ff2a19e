//! Where the elaborator and the engines are plugged in: source texts to declarations and goals, goals to proposals.

use crate::chart::{self, Chart};
use crate::check::{Attempt, Candidate, Conditional, Elaborated, Frontend, Goal, Method, Search};
use crate::declared::library_file;
use crate::invariants::{self, Invariant};
use crate::library;
use crate::load::Input;
use crate::menu::{self, Proposal};
use crate::modules::{Module, alone, owners, stem};
use crate::problem::{Problem, code, few_of_each_file, place};
use crate::scripts::{self, Remembered, Scripts};
use crate::states::States;
use crate::store::Store;
use crate::verdict::{Kind, Reason};
use bfv_diag::{Diagnostic, Sources, Span};
use bfv_elab::{Engines, Expected, Session, Share};
use bfv_format::{Outcome as Sense, Term};
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use bfv_search::{Budget, Engine, Goal as EngineGoal, Lemma, Outcome};
use bfv_syntax::tree::{Decl, DeclKind, File};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// The engines that a program plugs in.
#[derive(Clone, Copy)]
pub struct Plugged {
    /// What the step `arith` calls.
    pub arith: &'static dyn Engine,
    /// What the step `auto` calls.
    pub auto: &'static dyn Engine,
    /// What the step `box` calls.
    pub boxes: &'static dyn Engine,
    /// What claims without a proof ask, in order.
    pub search: &'static [&'static dyn Engine],
    /// What looks for a point at which a statement fails, and for nothing else.
    pub points: &'static dyn Engine,
    /// What looks for a point that meets a condition.
    pub exhibits: &'static dyn Engine,
    /// What proves statements about states of protocols.
    pub statements: &'static dyn Engine,
}

/// Steps of the evaluator for each step of an engine, at most.
const EVALUATIONS: u64 = 100;

/// Step budget of one engine call from a script.
const SCRIPT_STEPS: u64 = 200_000;

/// The front end and the search over one session: lemmas that the front end met are known to the search.
#[must_use]
pub fn plug(engines: Plugged) -> (Box<dyn Frontend>, Box<dyn Search>) {
    plug_for(engines, None)
}

/// The same for a share of the claims.
#[must_use]
pub fn plug_for(engines: Plugged, share: Option<Share>) -> (Box<dyn Frontend>, Box<dyn Search>) {
    let known = Rc::new(RefCell::new(Known::default()));
    let front =
        Front { engines, known: known.clone(), library: Library::Bundles, share, store: None, scripts: Vec::new() };
    (Box::new(front), Box::new(Engaged { engines, known }))
}

/// The front end for the gate: the library is elaborated from its source, so that nothing rests on a bundle.
#[must_use]
pub fn from_source(engines: Plugged) -> Box<dyn Frontend> {
    let known = Rc::default();
    Box::new(Front { engines, known, library: Library::Sources, share: None, store: None, scripts: Vec::new() })
}

/// Bundles of the whole library, made from its source: module and bytes.
///
/// # Errors
/// Problems of the source.
pub fn bundles(engines: Plugged) -> Result<Vec<(&'static str, Vec<u8>)>, Vec<Problem>> {
    let mut sources = Sources::new();
    let mut line = Line::new(engines, Library::Sources);
    let mut out = Vec::new();
    for (module, _) in library::MODULES {
        let from = line.session.signature.len();
        line.module(module, &mut sources);
        match line.session.bundle(module, from, &line.keys.of(module).unwrap_or_default()) {
            Ok(bundle) => out.push((*module, bfv_format::write_library(&bundle))),
            Err(why) => line.problems.push(broken(module, &why)),
        }
    }
    if line.problems.is_empty() { Ok(out) } else { Err(line.problems) }
}

fn broken(module: &str, why: &str) -> Problem {
    let what = format!("The bundle of the library's module {module} is broken: {why}.");
    Problem::new(crate::problem::Code::Internal, what, "report this as a mistake of bfv.")
}

/// Where modules of the library come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    /// From bundles that are made from the present source, otherwise from the source.
    Bundles,
    /// From the source.
    Sources,
}

/// What the front end met; the search uses the lemmas, and conditions that are found later are read with the names.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) session: Session,
    /// The claims of the files asked for, by full name, as they were parsed.
    claims: BTreeMap<String, Decl>,
}

struct Front {
    engines: Plugged,
    library: Library,
    known: Rc<RefCell<Known>>,
    share: Option<Share>,
    /// Where what scripts gave is recalled from.
    store: Option<Store>,
    scripts: Vec<Scripts>,
}

impl Frontend for Front {
    fn elaborate(&mut self, sources: &mut Sources, files: &[Input]) -> Result<Elaborated, Vec<Problem>> {
        let mut line = Line::new(self.engines, self.library);
        line.share = self.share;
        line.store.clone_from(&self.store);
        line.files(sources, files);
        self.scripts = line.scripts;
        let positions = line.session.names.positions().map(|(n, id)| (n.to_owned(), id)).collect();
        let signature = line.session.signature.clone();
        *self.known.borrow_mut() = Known { session: line.session, claims: line.claims };
        let (goals, problems) = (line.goals, few_of_each_file(line.problems));
        Ok(Elaborated { signature, goals, problems, positions, modules: line.asked })
    }

    fn recall(&mut self, store: Store) {
        self.store = Some(store);
    }

    fn scripts(&mut self) -> Vec<Scripts> {
        std::mem::take(&mut self.scripts)
    }

    fn condition(&mut self, goal: &Goal, text: &str) -> Option<Conditional> {
        let Known { session, claims } = &mut *self.known.borrow_mut();
        let d = claims.get(&goal.full_name())?;
        let (statement, binders) =
            session.with_hypothesis(&goal.module, d, text, &goal.statement, script_engines(self.engines))?;
        Some(Conditional { condition: text.to_owned(), statement, binders })
    }

    fn menu(&self, goal: &Goal) -> Vec<Proposal> {
        self.known.borrow().claims.get(&goal.full_name()).map(menu::proposals).unwrap_or_default()
    }

    fn chart(&self, goal: &Goal, signature: &Signature, evidence: &Term) -> Option<Chart> {
        chart::chart(signature, &self.known.borrow().session.names, goal, evidence)
    }

    fn states(&self, goal: &Goal, signature: &Signature, evidence: &Term) -> Option<States> {
        chart::states(signature, &self.known.borrow().session.names, goal, evidence)
    }

    fn about_runs(&self, goal: &Goal) -> bool {
        invariants::about_runs(&self.known.borrow().session.names, goal)
    }

    fn invariants(&self, goal: &Goal, signature: &Signature) -> Vec<Invariant> {
        let known = self.known.borrow();
        invariants::once(signature, &known.session.names, &known.claims, goal)
    }

    fn made(&self, goal: &Goal, signature: &Signature, evidence: &Term) -> Vec<String> {
        invariants::made(signature, &self.known.borrow().session.names, goal, evidence)
    }

    fn at_point(&mut self, goal: &Goal, text: &str, point: &[(String, String)]) -> Option<Term> {
        let Known { session, claims } = &mut *self.known.borrow_mut();
        let text = menu::at_point(claims.get(&goal.full_name())?, text, point)?;
        session.closed_statement(&goal.module, &text, script_engines(self.engines))
    }
}

/// The ending of a file's name, where it has one that is not that of a source.
fn other_end(path: Option<&str>) -> Option<&str> {
    let name = path?.rsplit(['/', '\\']).next()?;
    let (stem, end) = name.rsplit_once('.')?;
    (!stem.is_empty() && end != "sctt").then_some(end)
}

/// A module asked for, as it was parsed, with the session before it: it can be elaborated again with changes.
pub(crate) struct Base {
    pub(crate) name: String,
    pub(crate) file: File,
    pub(crate) session: Session,
}

/// Modules on their way into the session.
pub(crate) struct Line {
    session: Session,
    library: Library,
    keys: library::Keys,
    modules: BTreeMap<String, Module>,
    engines: Engines<'static>,
    share: Option<Share>,
    goals: Vec<Goal>,
    claims: BTreeMap<String, Decl>,
    problems: Vec<Problem>,
    /// The modules asked for.
    asked: BTreeSet<String>,
    /// Whose share the modules are; nothing where single claims are shared out.
    owners: BTreeMap<String, usize>,
    /// The modules asked for that nothing else can depend on.
    alone: BTreeSet<String>,
    /// From what modules outside the library are made.
    own_keys: BTreeMap<String, String>,
    store: Option<Store>,
    scripts: Vec<Scripts>,
    /// The modules asked for, where they will be elaborated again.
    pub(crate) kept: Option<Vec<Base>>,
}

/// What the steps of a script call.
fn script_engines(engines: Plugged) -> Engines<'static> {
    Engines { arith: engines.arith, auto: engines.auto, boxes: engines.boxes, steps: SCRIPT_STEPS }
}

impl Line {
    pub(crate) fn new(engines: Plugged, library: Library) -> Self {
        Line {
            session: Session::new(),
            library,
            keys: library::Keys::default(),
            modules: BTreeMap::new(),
            engines: script_engines(engines),
            share: None,
            goals: Vec::new(),
            claims: BTreeMap::new(),
            problems: Vec::new(),
            asked: BTreeSet::new(),
            owners: BTreeMap::new(),
            alone: BTreeSet::new(),
            own_keys: BTreeMap::new(),
            store: None,
            scripts: Vec::new(),
            kept: None,
        }
    }

    /// Elaborates the modules of files, in order, and what they import.
    pub(crate) fn files(&mut self, sources: &mut Sources, files: &[Input]) {
        let mut problems = Vec::new();
        let mut modules: Vec<Module> = Vec::new();
        for input in files {
            let (file, diagnostics) = bfv_syntax::parse(input.number, &input.bytes);
            if let (Some(end), Some(first)) = (other_end(sources.name(input.number)), diagnostics.first()) {
                let what = format!("The name of this file ends in `.{end}`, and its text is no source.");
                let span = Span { file: input.number, ..Span::default() };
                let d = match first.code {
                    // The bytes say more than the name.
                    bfv_diag::Code::NotSource => first.clone(),
                    _ => Diagnostic::error(bfv_diag::Code::NotSource, span, what)
                        .with_fix("Name a file that ends in .sctt, or give this one such a name."),
                };
                problems.push(Problem::from_diagnostic(&d, sources));
                continue;
            }
            problems.extend(diagnostics.iter().map(|d| Problem::from_diagnostic(d, sources)));
            let name = file.module.as_ref().map_or_else(|| stem(sources.name(input.number)), |m| m.text.clone());
            if let Some(other) = modules.iter().find(|m| m.name.to_lowercase() == name.to_lowercase()) {
                let span = file.module.as_ref().map_or(Span { file: input.number, ..Span::default() }, |m| m.span);
                let what = if other.name == name {
                    format!("Two files are the module `{name}`.")
                } else {
                    // Their proofs would share a folder where the case of letters does not count.
                    format!("The modules `{}` and `{name}` differ only in the case of letters.", other.name)
                };
                let d = Diagnostic::error(bfv_diag::Code::DuplicateName, span, what)
                    .with_fix("Give each file a module name of its own.");
                problems.push(Problem::from_diagnostic(&d, sources));
                continue;
            }
            let asked =
                Some((sources.name(input.number).unwrap_or_default().to_owned(), input.bytes.as_slice().into()));
            modules.push(Module { name, file, asked });
        }
        self.asked = modules.iter().map(|m| m.name.clone()).collect();
        self.owners = self.share.map(|s| owners(&modules, s.of)).unwrap_or_default();
        self.alone = alone(&modules);
        self.modules = modules.into_iter().map(|m| (m.name.clone(), m)).collect();
        self.problems = problems;
        self.session.names.catalogue = Some(library::catalogue);
        for input in files {
            let of = |m: &Module| m.file.decls.iter().any(|d| d.span.file == input.number);
            if let Some(name) = self.modules.values().find(|m| of(m)).map(|m| m.name.clone()) {
                self.module(&name, sources);
            }
        }
        let rest: Vec<String> = self.modules.keys().cloned().collect();
        for name in rest {
            self.module(&name, sources);
        }
    }

    /// Reads a module of the library from its bundle; false when there is none that is made from the present source.
    fn bundled(&mut self, name: &str, text: &str, sources: &mut Sources) -> bool {
        if self.library != Library::Bundles {
            return false;
        }
        let (Some(bytes), Some(key)) = (library::bundle(name), self.keys.of(name)) else { return false };
        let bundle = match bfv_format::read_library(bytes) {
            Ok(bundle) => bundle,
            Err(e) => {
                self.problems.push(broken(name, &e.to_string()));
                return false;
            }
        };
        if bfv_elab::bundle_key(&bundle) != Some(key.as_str()) {
            return false;
        }
        for i in library::imports(text) {
            self.module(i, sources);
        }
        match self.session.load(name, &bundle) {
            Ok(()) => true,
            Err(why) => {
                self.problems.push(broken(name, &why));
                false
            }
        }
    }

    /// From what a module that is asked for is made, after what it imports. Nothing where a file stands in for a module of the library,
    /// for bundles and keys of the library know nothing of that.
    fn key(&mut self, module: &Module) -> Option<String> {
        let (_, text) = module.asked.as_ref()?;
        if self.asked.iter().any(|m| library::source(m).is_some()) {
            return None;
        }
        let (own, keys) = (&self.own_keys, &mut self.keys);
        let imports = module.file.imports.iter().map(|i| i.text.as_str());
        let key = scripts::key(&module.name, text, imports.map(|i| (i, own.get(i).cloned().or_else(|| keys.of(i)))))?;
        self.own_keys.insert(module.name.clone(), key.clone());
        Some(key)
    }

    /// Elaborates a module after what it imports. A module that is taken out before its imports are done cannot be met again,
    /// so a circle ends with an unknown module.
    fn module(&mut self, name: &str, sources: &mut Sources) {
        if self.session.has(name) {
            return;
        }
        let module = match self.modules.remove(name) {
            Some(m) => m,
            None => {
                let Some(text) = library::source(name) else { return };
                if self.bundled(name, text, sources) {
                    return;
                }
                let number = sources.add(library_file(name), text.as_bytes());
                let (file, diagnostics) = bfv_syntax::parse(number, text.as_bytes());
                self.problems.extend(diagnostics.iter().map(|d| Problem::from_diagnostic(d, sources)));
                Module { name: name.to_owned(), file, asked: None }
            }
        };
        for i in &module.file.imports {
            self.module(&i.text, sources);
        }
        if let (true, Some(kept)) = (module.asked.is_some(), &mut self.kept) {
            kept.push(Base { name: module.name.clone(), file: module.file.clone(), session: self.session.clone() });
        }
        let text = |span: Span| sources.span_text(span).unwrap_or_default().to_owned();
        // Claims of other modules are nobody's share.
        self.session.share = self.share.filter(|_| module.asked.is_some());
        if let (Some(share), Some(owner)) = (self.share, self.owners.get(&module.name)) {
            let mine = *owner == share.first;
            self.session.share = (!mine).then_some(Share::NOTHING);
            // Its imports are there, for what is tagged in them is known to every search.
            if !mine && self.alone.contains(&module.name) {
                self.session.pass(&module.file);
                return;
            }
        }
        let key = self.key(&module);
        let store = self.store.clone().filter(|s| module.asked.as_ref().is_some_and(|(file, _)| s.keeps(file)));
        let mut known = store
            .as_ref()
            .zip(key.as_ref())
            .and_then(|(store, key)| Remembered::load(store, &module.name, key, &self.session.in_share(&module.file)));
        let noted = known.as_mut().map(|k| (std::mem::take(&mut k.proofs), k.in_vain.clone()));
        let (mut proofs, in_vain) = noted.unwrap_or_default();
        self.session.recall = known.as_ref().map(|k| k.recall.clone()).unwrap_or_default();
        let out = self.session.module(&module.name, &module.file, self.engines, &text);
        if let (Some(key), true, true) = (key, out.problems.is_empty(), store.is_some_and(|s| s.writes())) {
            let given = out.claims.iter().any(|c| c.given.is_some());
            self.scripts.extend(Scripts::of(&self.session, &module.name, key, known, out.proved > 0, given));
        }
        for p in out.problems {
            let mut d = Diagnostic::error(code(p.kind), p.span, p.message);
            d.fix = p.fix;
            d.labels.extend(p.see);
            self.problems.push(Problem::from_diagnostic(&d, sources));
        }
        if module.asked.is_none() {
            return;
        }
        for d in module.file.decls.into_iter().filter(|d| d.kind == DeclKind::Claim) {
            self.claims.insert(format!("{}.{}", module.name, d.name.text), d);
        }
        for c in out.claims {
            self.goals.push(Goal {
                number: c.number,
                recalled: proofs.remove(&c.name).filter(|_| c.recalled),
                in_vain: in_vain.contains(&c.name),
                module: module.name.clone(),
                name: c.name,
                doc: c.doc,
                place: place(c.span, sources).unwrap_or_default(),
                statement: c.statement,
                written: c.shown,
                source: text(c.whole),
                variables: c.variables,
                expected: match c.expected {
                    Expected::Proved => Kind::Proved,
                    Expected::Refuted => Kind::Refuted,
                    Expected::Unknown => Kind::Unknown,
                },
                given: c.given.map(|g| Candidate {
                    outcome: g.outcome,
                    evidence: g.term,
                    witness: g.witness,
                    engine: "source".to_owned(),
                }),
                holds_if: c
                    .holds_if
                    .into_iter()
                    .map(|(condition, statement)| Conditional { condition, statement, binders: c.binders })
                    .collect(),
                vacuous: c.vacuous,
            });
        }
    }
}

/// The engines on claims.
pub(crate) struct Engaged {
    pub(crate) engines: Plugged,
    pub(crate) known: Rc<RefCell<Known>>,
}

impl Search for Engaged {
    fn search(&mut self, signature: &Signature, statement: &Term, variables: &[String], steps: u64) -> (Attempt, u64) {
        self.ask(self.engines.search, &[], signature, statement, variables, steps)
    }

    fn thorough(
        &mut self,
        goal: &Goal,
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let theorems = self.known.borrow_mut().session.theorems(&goal.module, statement);
        self.ask(self.engines.search, &theorems, signature, statement, variables, steps)
    }

    fn only(
        &mut self,
        method: Method,
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let engine = match method {
            Method::Point => self.engines.points,
            Method::Exhibit => self.engines.exhibits,
            Method::Linear => self.engines.arith,
            Method::Arithmetic => self.engines.auto,
            Method::Statements => self.engines.statements,
        };
        self.ask(&[engine], &[], signature, statement, variables, steps)
    }
}

impl Engaged {
    fn ask(
        &self,
        engines: &[&dyn Engine],
        more: &[Lemma],
        signature: &Signature,
        statement: &Term,
        variables: &[String],
        steps: u64,
    ) -> (Attempt, u64) {
        let machine = Machine::new(signature, Limits { steps: steps.saturating_mul(EVALUATIONS), ..Limits::default() });
        let ctx = Ctx::default();
        let known = self.known.borrow();
        let lemmas: Cow<'_, [Lemma]> = match more {
            [] => Cow::Borrowed(&known.session.lemmas),
            more => [&known.session.lemmas, more].concat().into(),
        };
        let mut last: Option<(Reason, String)> = None;
        let (mut used, mut looked_into) = (0, false);
        // What the evaluator did counts where theorems are tried: each of them costs an evaluation, and the engine counts one step.
        let spent = |used: u64| if more.is_empty() { used } else { used.max(machine.steps() / EVALUATIONS) };
        for engine in engines {
            // Were an engine to get only what others left, one that comes late would hardly be heard.
            let mut budget = Budget::new(steps.saturating_sub(used).max(steps / 10));
            let goal = EngineGoal {
                machine: &machine,
                ctx: ctx.clone(),
                target: machine.eval(&ctx.env, statement),
                lemmas: &lemmas,
                hints: Vec::new(),
            };
            let outcome = engine.solve(&goal, &mut budget);
            used += budget.used;
            match outcome {
                Outcome::Candidate(evidence) => {
                    let candidate = Candidate {
                        outcome: Sense::Proved,
                        evidence,
                        witness: Vec::new(),
                        engine: engine.name().to_owned(),
                    };
                    return (Attempt::Candidate(candidate), spent(used));
                }
                Outcome::Refutation(evidence, point) => {
                    let witness = variables
                        .iter()
                        .zip(&point)
                        .filter_map(|(n, v)| {
                            v.as_ref().map(|v| (n.clone(), bfv_elab::show(v, &known.session.names, &[], &[])))
                        })
                        .collect();
                    let candidate =
                        Candidate { outcome: Sense::Refuted, evidence, witness, engine: engine.name().to_owned() };
                    return (Attempt::Candidate(candidate), spent(used));
                }
                // That a further engine found nothing, either, or is for other goals, tells nothing new, unless nothing was told yet.
                Outcome::GaveUp(bfv_search::Reason::Incomplete | bfv_search::Reason::OutsideFragment, _)
                    if !engine.adds_to_reasons()
                        && last.as_ref().is_some_and(|(r, why)| *r != Reason::OutsideFragment || !why.is_empty()) => {}
                // It has nothing to add.
                Outcome::GaveUp(_, why) if engine.adds_to_reasons() && why.is_empty() && last.is_some() => {}
                // Who does not look into definitions knows less than who did.
                Outcome::GaveUp(..) if looked_into && !engine.looks_into_definitions() => {}
                Outcome::GaveUp(reason, mut why) => {
                    // What one could not show and what another one did not find are two things to know.
                    if let (Some((_, before)), true, true) = (&last, looked_into, engine.looks_into_definitions())
                        && *before != why
                    {
                        why = format!("{before} {why}").trim().to_owned();
                    }
                    looked_into = engine.looks_into_definitions() && !why.is_empty();
                    last = Some((reason_of(reason), why));
                }
            }
        }
        let mut last = last.unwrap_or((Reason::Incomplete, String::new()));
        let own = known.session.names.own_definitions(statement);
        if let (Reason::Incomplete, Some(first), false) = (last.0, own.first(), looked_into) {
            let names: Vec<String> = own.iter().map(|n| format!("`{n}`")).collect();
            let hint =
                format!("The search does not look into {}. Begin with `by unfold {first}`.", names.join(" and "));
            last.1 = format!("{} {hint}", last.1).trim().to_owned();
        }
        (Attempt::GaveUp(last.0, last.1), spent(used))
    }
}

fn reason_of(r: bfv_search::Reason) -> Reason {
    use bfv_search::Reason as R;
    match r {
        R::Budget => Reason::Budget,
        R::Time => Reason::Time,
        R::Memory => Reason::Memory,
        R::Incomplete => Reason::Incomplete,
        R::OutsideFragment => Reason::OutsideFragment,
        R::Unsupported => Reason::Unsupported,
        R::RejectedCandidate => Reason::RejectedCandidate,
        R::ToolMissing => Reason::ToolMissing,
        R::Cancelled => Reason::Cancelled,
        R::Dependency => Reason::Dependency,
    }
}
