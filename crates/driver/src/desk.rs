//! Claims that come one after another from outside, over the library, which is loaded once.
//!
//! A claim is judged on the straight line of `bfv check`: what is accepted is what would be stored, read back. The texts may declare
//! nothing but claims, so nothing that one request says is seen by the next one.

use crate::check::{CheckOptions, Goal as Task};
use crate::core_text::is_smaller;
use crate::desk_stored::Earlier;
use crate::engaged::{EVALUATIONS, Engaged};
use crate::front::{Front, Known, Plugged, goal, mistake, over, script_engines, with_library};
use crate::line::Line;
use crate::problem::{Code, Problem};
use crate::replay::Context;
use crate::verdict::GoalReport;
use bfv_diag::Sources;
use bfv_elab::{Claim, Fitting, Names, OpenGoal, Session, Share};
use bfv_format::Term;
use bfv_kernel::{Ctx, Limits, Machine, Signature};
use bfv_search::{Engine, Goal, Memo, Wish};
use bfv_syntax::tree::{Body, Decl, DeclKind, File};
use std::cell::RefCell;
use std::rc::Rc;

/// The largest evidence that is written out, in nodes where each is counted as often as it stands there.
const WRITTEN: usize = 20_000;
/// The name of the module that a text becomes.
pub(crate) const MODULE: &str = "request";
/// The name of the module that the declarations of a client become.
const GIVEN: &str = "given";

/// The library with the engines, ready for claims. It belongs to one thread.
pub struct Desk {
    pub(crate) engines: Plugged,
    pub(crate) imports: Vec<String>,
    pub(crate) known: Rc<RefCell<Known>>,
    front: Front,
    pub(crate) search: Engaged,
    pub(crate) signature: Signature,
    pub(crate) context: Context,
    /// Evidence of earlier as terms over the signature, which never changes.
    pub(crate) earlier: RefCell<Earlier>,
}

/// A claim that was judged.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The statement, over the signature of the desk.
    pub statement: Term,
    /// What is reported of it.
    pub report: GoalReport,
    /// The evidence that the kernel accepted, as it is stored.
    pub bytes: Option<Vec<u8>>,
    /// The evidence in core form; nothing where the kernel accepted none.
    pub evidence: Option<Term>,
    /// The evidence as it is written in a source, where it can be.
    pub written: Option<String>,
}

/// What came of a text: the claims that were judged, or what is wrong with it.
pub type Rulings = Result<Vec<Ruling>, Vec<Problem>>;

impl Desk {
    /// Loads modules of the library.
    ///
    /// # Errors
    /// A module that the library does not have, and problems of the library.
    pub fn open(engines: Plugged, imports: &[String]) -> Result<Desk, Vec<Problem>> {
        Desk::over(engines, imports.to_vec(), with_library(engines, imports)?)
    }

    pub(crate) fn over(engines: Plugged, imports: Vec<String>, session: Session) -> Result<Desk, Vec<Problem>> {
        let signature = session.signature.clone();
        let context = Context::new(&signature)
            .map_err(|e| vec![crate::check::internal(&format!("A checked signature cannot be hashed: {e}."))])?;
        let known = Rc::new(RefCell::new(Known { session, ..Known::default() }));
        let (front, search) = over(engines, None, &known);
        Ok(Desk { engines, imports, known, front, search, signature, context, earlier: RefCell::default() })
    }

    /// The same with declarations of a client. It is for requests with the very same declarations: nothing of it is seen by others.
    ///
    /// # Errors
    /// What is wrong with the declarations: also an axiom, an attribute or a claim among them.
    pub fn with_declarations(&self, name: &str, text: &str, steps: u64) -> Result<Desk, Vec<Problem>> {
        let (sources, file) = self.parsed(name, text)?;
        let kinds = [DeclKind::Data, DeclKind::Def, DeclKind::Theorem];
        let plain = |d: &Decl| kinds.contains(&d.kind) && d.attrs.is_empty() && d.part.is_none();
        if !file.decls.iter().all(plain) {
            let what = "Declarations of a request are data, definitions and theorems, without attributes.";
            return Err(vec![Problem::new(Code::Usage, what, "Remove the others.")]);
        }
        let mut session = self.known.borrow().session.clone();
        let engines = self.script_engines(steps);
        let text = |span| sources.span_text(span).unwrap_or_default().to_owned();
        let out = session.module(GIVEN, &file, engines, &text);
        if !out.problems.is_empty() {
            return Err(out.problems.into_iter().map(|p| mistake(p, &sources)).collect());
        }
        let imports = [self.imports.as_slice(), &[GIVEN.to_owned()]].concat();
        let mut desk = Desk::over(self.engines, imports, session)?;
        desk.heed(self.search.wish.clone());
        Ok(desk)
    }

    /// From now on engines, the elaborator and the kernel end early where this is set; nothing where nobody may wish that. What they say then
    /// of a text or of evidence counts for nothing, and may be asked again.
    pub fn heed(&mut self, wish: Option<Wish>) {
        self.signature.heed(wish.clone());
        self.known.borrow_mut().session.signature.heed(wish.clone());
        self.search.wish = wish;
    }

    /// From now on what engines answer is kept here, so that what a script asks again is known. It is for one task; nothing ends that.
    pub fn remember(&mut self, memo: Option<Rc<Memo>>) {
        self.search.memo = memo;
    }

    /// From now on these engines search for what has no proof, in order; nothing for those of the desk.
    pub fn search_with(&mut self, engines: Option<&'static [&'static dyn Engine]>) {
        self.search.engines.search = engines.unwrap_or(self.engines.search);
    }

    /// The engines that steps of scripts call, each with so many steps.
    fn script_engines(&self, steps: u64) -> bfv_elab::Engines<'_> {
        let (wish, memo) = (self.search.wish.as_ref(), self.search.memo.as_ref());
        bfv_elab::Engines { steps, wish, memo, ..script_engines(self.engines) }
    }

    /// Judges the claims of a text, each with so many steps for engines and kernel.
    ///
    /// # Errors
    /// What is wrong with the text. Nothing is judged then.
    pub fn judge(&mut self, name: &str, text: &str, steps: u64) -> Rulings {
        let (sources, claims) = self.claims(name, text, steps)?;
        self.rule(claims.into_iter().map(|c| goal(MODULE, c, &sources)).collect(), steps)
    }

    /// Judges goals.
    pub(crate) fn rule(&mut self, goals: Vec<Task>, steps: u64) -> Rulings {
        let options = CheckOptions { paths: Vec::new(), goal: None, steps, store: None, repair: false };
        let mut line = Line::new(&options, &self.signature, &self.context, &mut self.front, &mut self.search);
        let mut rulings = Vec::new();
        for goal in goals {
            if let Some((report, evidence)) = line.goal(&goal) {
                let (statement, bytes) = (goal.statement.clone(), line.bytes.take());
                rulings.push(Ruling { statement, report, bytes, evidence, written: None });
            }
        }
        let problems = std::mem::take(&mut line.problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        let known = self.known.borrow();
        for r in &mut rulings {
            let short = r.evidence.as_ref().filter(|e| is_smaller(e, WRITTEN));
            r.written = short.map(|e| bfv_elab::show(e, &known.session.names, &[], &[]));
        }
        Ok(rulings)
    }

    /// Hands the one claim of a text to a search of the caller's own, with the names that say what its terms mean. Engines that its
    /// script calls may take so many steps, and the evaluator as many as an engine may make it take.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn ask<T>(
        &mut self,
        name: &str,
        text: &str,
        steps: u64,
        search: impl FnOnce(&Goal<'_>, &Names) -> T,
    ) -> Result<T, Vec<Problem>> {
        let (_, claim) = self.one(name, text, steps)?;
        let known = self.known.borrow();
        let limits = Limits { steps: steps.saturating_mul(EVALUATIONS), ..Limits::default() };
        let machine = Machine::new(&self.signature, limits);
        let ctx = Ctx::default();
        let target = machine.eval(&ctx.env, &claim.statement);
        let lemmas = &known.session.lemmas;
        Ok(search(&Goal { machine: &machine, ctx, target, lemmas, hints: Vec::new() }, &known.session.names))
    }

    /// The one claim of a text, elaborated.
    pub(crate) fn one(&self, name: &str, text: &str, steps: u64) -> Result<(Sources, Claim), Vec<Problem>> {
        let (sources, mut claims) = self.claims(name, text, steps)?;
        match (claims.pop(), claims.is_empty()) {
            (Some(claim), true) => Ok((sources, claim)),
            _ => Err(vec![one_claim()]),
        }
    }

    /// The claims of a text, elaborated.
    fn claims(&self, name: &str, text: &str, steps: u64) -> Result<(Sources, Vec<Claim>), Vec<Problem>> {
        let (sources, file) = self.read(name, text)?;
        let mut known = self.known.borrow_mut();
        known.session.share = None::<Share>;
        let text = |span| sources.span_text(span).unwrap_or_default().to_owned();
        let engines = self.script_engines(steps);
        let out = known.session.module(MODULE, &file, engines, &text);
        known.claims = file.decls.into_iter().map(|d| (format!("{MODULE}.{}", d.name.text), d)).collect();
        if out.problems.is_empty() {
            return Ok((sources, out.claims));
        }
        Err(out.problems.into_iter().map(|p| mistake(p, &sources)).collect())
    }

    /// The goals that the script of the one claim of a text leaves open. Engines that steps call may take so many steps.
    ///
    /// # Errors
    /// What is wrong with the text, the first step that is not accepted included.
    pub fn open_goals(&mut self, name: &str, text: &str, steps: u64) -> Result<Vec<OpenGoal>, Vec<Problem>> {
        let (sources, file) = self.read(name, text)?;
        let [claim] = file.decls.as_slice() else {
            return Err(vec![one_claim()]);
        };
        let mut known = self.known.borrow_mut();
        known.session.enter(MODULE, self.imports.clone());
        let engines = self.script_engines(steps);
        known.session.open_goals(claim, engines).map_err(|p| vec![mistake(*p, &sources)])
    }

    /// Theorems whose conclusion may be a statement, all of them, those first that speak of most of it.
    #[must_use]
    pub fn fitting(&self, statement: &Term) -> Vec<Fitting> {
        self.session(|s| s.fitting(statement))
    }

    /// The declarations that the desk knows, with their numbers.
    #[must_use]
    pub fn signature(&self) -> &Signature {
        &self.signature
    }

    /// The full name of a declaration; nothing for what has none.
    #[must_use]
    pub fn name(&self, id: u32) -> Option<String> {
        self.session(|s| s.names.full_name(id).map(str::to_owned))
    }

    /// Whether a definition or theorem is one of the library, and not one of a client.
    #[must_use]
    pub fn in_library(&self, id: u32) -> bool {
        self.session(|s| s.names.in_library(id))
    }

    fn session<T>(&self, f: impl FnOnce(&Session) -> T) -> T {
        f(&self.known.borrow().session)
    }

    /// Parses a text, with the imports of the desk.
    fn parsed(&self, name: &str, text: &str) -> Result<(Sources, File), Vec<Problem>> {
        let mut sources = Sources::new();
        let number = sources.add(name, text.as_bytes());
        let (mut file, diagnostics) = bfv_syntax::parse(number, text.as_bytes());
        if !diagnostics.is_empty() {
            return Err(diagnostics.iter().map(|d| Problem::from_diagnostic(d, &sources)).collect());
        }
        if file.module.is_some() || !file.imports.is_empty() {
            let what =
                "The text of a request begins with what it declares: it is not a module, and imports stand elsewhere.";
            return Err(vec![Problem::new(Code::Usage, what, "Name what is imported in the field imports.")]);
        }
        let span = bfv_diag::Span { file: number, ..bfv_diag::Span::default() };
        file.imports = self.imports.iter().map(|i| bfv_syntax::tree::Name { text: i.clone(), span }).collect();
        Ok((sources, file))
    }

    /// The same of a text that declares claims and nothing else.
    fn read(&self, name: &str, text: &str) -> Result<(Sources, File), Vec<Problem>> {
        let (sources, file) = self.parsed(name, text)?;
        let sort = |d: &Decl| d.attrs.iter().all(|a| a.name.text == "type");
        let plain = |d: &Decl| d.kind == DeclKind::Claim && sort(d) && d.part.is_none();
        let body = |d: &Decl| matches!(d.body, Body::None | Body::By(_) | Body::Term(_));
        if !file.decls.iter().all(|d| plain(d) && body(d)) {
            let what = "A request may state claims and give proofs of them. This text declares something else.";
            return Err(vec![Problem::new(Code::Usage, what, "Write a statement or a step, and nothing after it.")]);
        }
        Ok((sources, file))
    }
}

fn one_claim() -> Problem {
    Problem::new(Code::Usage, "This needs one claim.", "Write one claim.")
}
