//! Modules that are elaborated again with changes, and their claims judged. Nothing here is stored.

use crate::check::{Attempt, Search};
use crate::engaged::Engaged;
use crate::front::{Base, Known, Library, Line, Plugged, script_engines};
use crate::load::load;
use crate::problem::{Place, place};
use crate::replay::judge;
use crate::verdict::Kind;
use bfv_diag::{Sources, Span};
use bfv_elab::{Claim, Engines, Outcomes, Session};
use bfv_format::{Decl as CoreDecl, Outcome, Term, mentions};
use bfv_kernel::{Limits, Signature};
use bfv_syntax::tree::{Decl, File};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

/// Files that were parsed, and what is needed to elaborate their modules again.
pub(crate) struct Workshop {
    engines: Plugged,
    known: Rc<RefCell<Known>>,
    search: Engaged,
    sources: Sources,
    /// The modules of the files, in the order of the command.
    pub(crate) bases: Vec<Base>,
    /// Steps of one question.
    pub(crate) steps: u64,
}

/// What the kernel says of one statement, and what it took.
pub(crate) struct Decision {
    pub(crate) kind: Kind,
    /// Steps of the engines.
    pub(crate) search_steps: u64,
    /// Steps of the kernel.
    pub(crate) kernel_steps: u64,
    /// The point of a refutation.
    pub(crate) point: Vec<(String, String)>,
}

impl Workshop {
    /// Reads files. Their problems are those of the ordinary check, so nothing is said of them here.
    pub(crate) fn open(engines: Plugged, paths: &[PathBuf], steps: u64) -> Self {
        let mut sources = Sources::new();
        let (files, _) = load(paths, &mut sources);
        let mut line = Line::new(engines, Library::Bundles);
        line.kept = Some(Vec::new());
        line.files(&mut sources, &files);
        let bases = line.kept.take().unwrap_or_default();
        let known: Rc<RefCell<Known>> = Rc::default();
        let search = Engaged { engines, known: known.clone(), wish: None, memo: None };
        Workshop { engines, known, search, sources, bases, steps }
    }

    /// Elaborates declarations over a session. Engines called by scripts get no more steps than other questions.
    pub(crate) fn add(&self, session: &mut Session, module: &str, file: &File) -> Outcomes {
        let engines = Engines { steps: self.steps, ..script_engines(self.engines) };
        session.module(module, file, engines, &|span| self.sources.span_text(span).unwrap_or_default().to_owned())
    }

    /// From now on questions are about this session.
    pub(crate) fn enter(&self, session: Session) {
        self.known.borrow_mut().session = session;
    }

    /// Judges a claim by the evidence of its source where it has some, otherwise by a search.
    pub(crate) fn judged(&mut self, c: &Claim) -> Decision {
        match &c.given {
            None => self.searched(&c.statement, &c.variables),
            Some(g) => {
                let mut d = self.offered(&c.statement, g.outcome, &g.term, 0);
                if d.kind == Kind::Refuted {
                    d.point.clone_from(&g.witness);
                }
                d
            }
        }
    }

    /// Judges a statement by a search.
    pub(crate) fn searched(&mut self, statement: &Term, variables: &[String]) -> Decision {
        let signature = self.signature();
        let (attempt, used) = self.search.search(&signature, statement, variables, self.steps);
        match attempt {
            Attempt::Candidate(c) => {
                let mut d = self.offered(statement, c.outcome, &c.evidence, used);
                if d.kind == Kind::Refuted {
                    d.point = c.witness;
                }
                d
            }
            Attempt::GaveUp(..) => Decision::unknown(used),
        }
    }

    /// What the kernel says of evidence.
    fn offered(&self, statement: &Term, outcome: Outcome, evidence: &Term, search_steps: u64) -> Decision {
        match judge(&self.signature(), statement, outcome, evidence, Limits::default()) {
            Ok(j) => Decision { kind: j.kind, search_steps, kernel_steps: j.steps, point: Vec::new() },
            Err(_) => Decision::unknown(search_steps),
        }
    }

    fn signature(&self) -> Signature {
        self.known.borrow().session.signature.clone()
    }

    /// The position of a declaration.
    pub(crate) fn position(session: &Session, full: &str) -> Option<u32> {
        session.names.positions().find(|(n, _)| *n == full).map(|(_, id)| id)
    }

    /// The declarations from a position on that a statement speaks of, directly or through others.
    pub(crate) fn spoken_of(session: &Session, statement: &Term, from: u32) -> BTreeSet<u32> {
        let root = CoreDecl::Def { name: String::new(), ty: statement.clone(), body: statement.clone() };
        let mut out = BTreeSet::new();
        let mut todo: Vec<u32> = mentions(&[root]).into_iter().collect();
        while let Some(id) = todo.pop() {
            if id >= from
                && out.insert(id)
                && let Some(d) = session.signature.decl(id)
            {
                todo.extend(mentions(std::slice::from_ref(d)));
            }
        }
        out
    }

    /// Where something stands.
    pub(crate) fn place(&self, span: Span) -> Place {
        place(span, &self.sources).unwrap_or_default()
    }
}

impl Decision {
    fn unknown(search_steps: u64) -> Self {
        Decision { kind: Kind::Unknown, search_steps, kernel_steps: 0, point: Vec::new() }
    }
}

/// A declaration without the evidence that it gives.
pub(crate) fn bare(d: &Decl) -> Decl {
    Decl { body: bfv_syntax::tree::Body::None, ..d.clone() }
}
