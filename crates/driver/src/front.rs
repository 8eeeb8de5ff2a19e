//! Where the elaborator and the engines are plugged in: source texts to declarations and goals, goals to proposals.

use crate::chart::{self, Chart};
use crate::check::{Candidate, Conditional, Elaborated, Frontend, Goal, Search};
use crate::declared::library_file;
use crate::engaged::Engaged;
use crate::invariants::{self, Invariant};
use crate::library;
use crate::load::Input;
use crate::menu::{self, Proposal};
use crate::modules::{Module, alone, owners, stem};
use crate::problem::{Code, Problem, code, few_of_each_file, place};
use crate::scripts::{self, Remembered, Scripts};
use crate::states::States;
use crate::store::Store;
use crate::verdict::Kind;
use bfv_diag::{Diagnostic, Sources, Span};
use bfv_elab::{Engines, Expected, Session, Share};
use bfv_format::Term;
use bfv_kernel::Signature;
use bfv_search::Engine;
use bfv_syntax::tree::{Decl, DeclKind, File};
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
    let known = Rc::default();
    let (front, search) = over(engines, share, &known);
    (Box::new(front), Box::new(search))
}

/// The same over what is known already.
pub(crate) fn over(engines: Plugged, share: Option<Share>, known: &Rc<RefCell<Known>>) -> (Front, Engaged) {
    let library = Library::Bundles;
    let front = Front { engines, known: known.clone(), library, share, store: None, scripts: Vec::new(), only: None };
    (front, Engaged { engines, known: known.clone(), wish: None, memo: None })
}

/// A session with modules of the library and what they import, in order.
///
/// # Errors
/// Problems of the library, and modules that it does not have.
pub(crate) fn with_library(engines: Plugged, modules: &[String]) -> Result<Session, Vec<Problem>> {
    let mut line = Line::new(engines, Library::Bundles);
    line.session.names.catalogue = Some(library::catalogue);
    for module in modules {
        line.module(module, &mut Sources::new());
        if !line.session.has(module) {
            let mend = "run bfv list std to see the modules of the library.";
            line.problems.push(Problem::new(
                Code::Usage,
                format!("The library has no module `{}`.", module.escape_debug()),
                mend,
            ));
        }
    }
    if line.problems.is_empty() { Ok(line.session) } else { Err(line.problems) }
}

/// The front end for the gate: the library is elaborated from its source, so that nothing rests on a bundle.
#[must_use]
pub fn from_source(engines: Plugged) -> Box<dyn Frontend> {
    let known = Rc::default();
    let library = Library::Sources;
    Box::new(Front { engines, known, library, share: None, store: None, scripts: Vec::new(), only: None })
}

/// A session with the modules of files and what they import. What is ill-formed is left out; `check` tells of it.
pub(crate) fn with_files(engines: Plugged, sources: &mut Sources, files: &[Input]) -> Session {
    let mut line = Line::new(engines, Library::Bundles);
    line.files(sources, files);
    line.session
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
    Problem::new(Code::Internal, what, "report this as a mistake of bfv.")
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
    pub(crate) claims: BTreeMap<String, Decl>,
}

pub(crate) struct Front {
    engines: Plugged,
    library: Library,
    known: Rc<RefCell<Known>>,
    share: Option<Share>,
    /// Where what scripts gave is recalled from.
    store: Option<Store>,
    scripts: Vec<Scripts>,
    /// The one file whose claims are goals; nothing where those of all files are.
    pub(crate) only: Option<String>,
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
        let (mut goals, problems) = (line.goals, few_of_each_file(line.problems));
        goals.retain(|g| self.only.as_ref().is_none_or(|file| g.place.file == *file));
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
pub(crate) fn script_engines(engines: Plugged) -> Engines<'static> {
    Engines {
        arith: engines.arith,
        auto: engines.auto,
        boxes: engines.boxes,
        steps: SCRIPT_STEPS,
        wish: None,
        memo: None,
    }
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
        self.problems.extend(out.problems.into_iter().map(|p| mistake(p, sources)));
        if module.asked.is_none() {
            return;
        }
        for d in module.file.decls.into_iter().filter(|d| d.kind == DeclKind::Claim) {
            self.claims.insert(format!("{}.{}", module.name, d.name.text), d);
        }
        for c in out.claims {
            let recalled = proofs.remove(&c.name).filter(|_| c.recalled);
            let in_vain = in_vain.contains(&c.name);
            self.goals.push(Goal { recalled, in_vain, ..goal(&module.name, c, sources) });
        }
    }
}

/// A mistake of the source as a problem.
pub(crate) fn mistake(p: bfv_elab::Problem, sources: &Sources) -> Problem {
    let mut d = Diagnostic::error(code(p.kind), p.span, p.message);
    d.fix = p.fix;
    d.labels.extend(p.see);
    Problem::from_diagnostic(&d, sources)
}

/// A claim of a module as a goal of which nothing is recalled.
pub(crate) fn goal(module: &str, c: bfv_elab::Claim, sources: &Sources) -> Goal {
    Goal {
        number: c.number,
        recalled: None,
        in_vain: false,
        module: module.to_owned(),
        name: c.name,
        doc: c.doc,
        place: place(c.span, sources).unwrap_or_default(),
        statement: c.statement,
        written: c.shown,
        source: sources.span_text(c.whole).unwrap_or_default().to_owned(),
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
    }
}
