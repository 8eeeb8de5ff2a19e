//! Evidence that was found before, on the desk: for the very statement, or for one of which it is an instance.

use crate::check::{Candidate, Goal};
use crate::core_text::is_smaller;
use crate::desk::{Desk, MODULE, Ruling};
use crate::front::goal;
use crate::line::CHECKING;
use crate::problem::Problem;
use crate::replay::{COPIES, judge};
use crate::verdict::Kind;
use bfv_format::{Decl, Hash, Outcome, Renumber, Stored, Term, decl_hashes};
use bfv_kernel::Limits;
use bfv_search::Proposed;
use std::collections::{HashMap, VecDeque};

/// Who found evidence that a client sent.
const SENT: &str = "certificate";
/// The largest part of evidence that is written out, in nodes.
const SHORT: usize = 200;
/// Who found evidence of which nothing further is known.
const RECALLED: &str = "cache";

/// The most bytes of stored evidence whose terms a desk keeps.
const KEPT: usize = 1 << 20;

/// Stored evidence that was read, moved over the signature: its statement and the evidence, by the hash of the bytes.
#[derive(Default)]
pub(crate) struct Earlier {
    read: HashMap<[u8; 32], (Term, Outcome, Term)>,
    /// The oldest one first, each with its bytes.
    order: VecDeque<([u8; 32], usize)>,
    bytes: usize,
}

impl Earlier {
    fn get(&self, bytes: &[u8]) -> Option<(Term, Outcome, Term)> {
        self.read.get(blake3::hash(bytes).as_bytes()).cloned()
    }

    fn put(&mut self, bytes: &[u8], terms: (Term, Outcome, Term)) {
        let key = *blake3::hash(bytes).as_bytes();
        if bytes.len() > KEPT || self.read.insert(key, terms).is_some() {
            return;
        }
        self.order.push_back((key, bytes.len()));
        self.bytes += bytes.len();
        while self.bytes > KEPT {
            let Some((oldest, size)) = self.order.pop_front() else { return };
            self.read.remove(&oldest);
            self.bytes -= size;
        }
    }
}

/// Why stored evidence that a client sends says nothing of a goal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// The bytes are no stored evidence, and why.
    Unreadable(String),
    /// It speaks of declarations that are not known here.
    Unknown,
    /// It is about another statement.
    Other,
    /// The kernel refuses it, and why.
    Refused(String),
}

/// What an engine proposed on one desk, for another one that knows the same.
#[derive(Clone, Debug)]
pub struct Packed {
    engine: &'static str,
    arguments: usize,
    numbers: (usize, u64, u64),
    bytes: Vec<u8>,
}

impl Desk {
    /// What engines have proposed for the task at hand.
    #[must_use]
    pub fn proposed(&self) -> Vec<Packed> {
        let packed = |p: Proposed| {
            let Proposed { engine, arguments, statement, evidence, numbers } = p;
            let (claim, engine_name) = (String::new(), engine.to_owned());
            let (verdict, witness, decls) = (Outcome::Proved, Vec::new(), Vec::new());
            let stored = Stored { decls, claim, statement, verdict, evidence, witness, engine: engine_name };
            let bytes = bfv_format::write_over(self.context.decls(), &stored).ok()?;
            Some(Packed { engine, arguments, numbers, bytes })
        };
        let memo = self.search.memo.iter();
        memo.flat_map(|memo| memo.proposed()).filter_map(packed).collect()
    }

    /// Takes over what was proposed on another desk. Nothing of it is believed: it is what engines would say here.
    pub fn take(&self, packed: &Packed) {
        let Packed { engine, arguments, numbers, bytes } = packed;
        let moved = bfv_format::read(bytes).ok().and_then(|stored| self.moved(&stored, 0));
        if let (Some(memo), Some((statement, evidence))) = (&self.search.memo, moved) {
            memo.take(Proposed { engine, arguments: *arguments, statement, evidence, numbers: *numbers });
        }
    }

    /// The statement of the one claim of a text.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn statement(&mut self, name: &str, text: &str, steps: u64) -> Result<Term, Vec<Problem>> {
        self.one(name, text, steps).map(|(_, claim)| claim.statement)
    }

    /// The Merkle hash of a statement over what the desk knows; nothing for one that is not over it.
    #[must_use]
    pub fn hash(&self, statement: &Term) -> Option<Hash> {
        self.context.statement_hash(statement).ok()
    }

    /// A number for a declaration that does not depend on where it stands: the beginning of its Merkle hash.
    #[must_use]
    pub fn number(&self, id: u32) -> u64 {
        let hash = self.context.decl_hash(id);
        hash.and_then(|h| h.0.first_chunk().copied()).map_or(0, u64::from_le_bytes)
    }

    /// Judges a proof of earlier for the one claim of a text, whose statement may be an instance of the earlier one. What counts is the
    /// kernel's judgement of this statement; nothing where the evidence proves another one. Refutations are not taken: their points have the names
    /// of the claim that they were made for.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn recall(
        &mut self,
        name: &str,
        text: &str,
        earlier: &[u8],
        steps: u64,
        instance: impl Fn(&Term, &Term, &Term) -> Option<Term>,
    ) -> Result<Option<Ruling>, Vec<Problem>> {
        let Ok(stored) = bfv_format::read(earlier) else { return Ok(None) };
        let (sources, claim) = self.one(name, text, steps)?;
        if stored.verdict != Outcome::Proved {
            return Ok(None);
        }
        let mut offered = None;
        for which in 0..COPIES {
            let Some((statement, evidence)) = self.moved(&stored, which) else { break };
            if statement == claim.statement {
                // Who found it is what somebody wrote down: only a name that can be right is told.
                let engine = Some(stored.engine).filter(|name| self.engines.knows(name));
                offered = Some((evidence, engine.unwrap_or_else(|| RECALLED.to_owned())));
                break;
            }
            if offered.is_none() {
                let term = instance(&statement, &evidence, &claim.statement);
                offered = term.map(|term| (term, RECALLED.to_owned()));
            }
        }
        let Some((evidence, engine)) = offered else { return Ok(None) };
        let given = Candidate { outcome: stored.verdict, evidence, witness: Vec::new(), engine };
        let goal = Goal { given: Some(given), ..goal(MODULE, claim, &sources) };
        match self.rule(vec![goal], steps) {
            Ok(mut rulings) => Ok(rulings.pop()),
            // Evidence that the kernel refuses is a problem of the source elsewhere. Here it is none.
            Err(_) => Ok(None),
        }
    }

    /// Judges stored evidence that a client sends for the one claim of a text: a proof, or a refutation. Of what stands in the bytes beside the
    /// evidence nothing is told, neither who found it nor at which point.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn certified(
        &mut self,
        name: &str,
        text: &str,
        bytes: &[u8],
        steps: u64,
    ) -> Result<Result<Ruling, Misfit>, Vec<Problem>> {
        let stored = match bfv_format::read(bytes) {
            Ok(stored) => stored,
            Err(e) => return Ok(Err(Misfit::Unreadable(e.to_string()))),
        };
        let (sources, claim) = self.one(name, text, steps)?;
        let mut known = false;
        for which in 0..COPIES {
            let Some((statement, evidence)) = self.moved(&stored, which) else { break };
            known = true;
            if statement != claim.statement {
                continue;
            }
            let given = Candidate { outcome: stored.verdict, evidence, witness: Vec::new(), engine: SENT.to_owned() };
            let goal = Goal { given: Some(given), ..goal(MODULE, claim, &sources) };
            return Ok(match self.rule(vec![goal], steps) {
                Ok(mut rulings) => match rulings.pop() {
                    Some(r) if r.evidence.is_some() => Ok(r),
                    Some(r) => Err(Misfit::Refused(r.report.detail)),
                    None => Err(Misfit::Other),
                },
                Err(problems) => Err(Misfit::Refused(problems.into_iter().next().map_or_else(String::new, |p| p.what))),
            });
        }
        Ok(Err(if known { Misfit::Other } else { Misfit::Unknown }))
    }

    /// A term as it is written, under variables and dimensions of these names, outermost first; nothing for one that is too large.
    #[must_use]
    pub fn written(&self, term: &Term, variables: &[String], dimensions: &[String]) -> Option<String> {
        let names = &self.known.borrow().session.names;
        is_smaller(term, SHORT).then(|| bfv_elab::show(term, names, variables, dimensions))
    }

    /// The declaration at a position of the signature that evidence is over.
    #[must_use]
    pub fn declaration(&self, id: u32) -> Option<&Decl> {
        self.signature.decl(id)
    }

    /// Which side evidence of earlier decides, with the statement that it was made for, where the kernel accepts it over what the desk knows.
    #[must_use]
    pub fn accepts(&self, earlier: &[u8], steps: u64) -> Option<Kind> {
        let limits = Limits { steps: steps.saturating_mul(CHECKING), ..Limits::default() };
        let judged = |statement: &Term, outcome: Outcome, evidence: &Term| {
            Some(judge(&self.signature, statement, outcome, evidence, limits).ok()?.kind)
        };
        let known = self.earlier.borrow().get(earlier);
        if let Some((statement, outcome, evidence)) = known {
            return judged(&statement, outcome, &evidence);
        }
        let stored = bfv_format::read(earlier).ok()?;
        (0..COPIES).map_while(|which| self.moved(&stored, which)).find_map(|(statement, evidence)| {
            let kind = judged(&statement, stored.verdict, &evidence)?;
            self.earlier.borrow_mut().put(earlier, (statement, stored.verdict, evidence));
            Some(kind)
        })
    }

    /// Keeps the terms of evidence that was accepted on this desk, so that it need not be read when the kernel judges it again.
    pub fn keep(&self, ruling: &Ruling) {
        let outcome = match ruling.report.verdict.kind() {
            Kind::Proved => Outcome::Proved,
            Kind::Refuted => Outcome::Refuted,
            Kind::Unknown => return,
        };
        if let (Some(bytes), Some(evidence)) = (&ruling.bytes, &ruling.evidence) {
            self.earlier.borrow_mut().put(bytes, (ruling.statement.clone(), outcome, evidence.clone()));
        }
    }

    /// A stored statement with its evidence over what the desk knows, with one choice of what there are several of; nothing where that knows
    /// not all that they mention, or there is no such choice.
    fn moved(&self, stored: &Stored, which: usize) -> Option<(Term, Term)> {
        let hashes = decl_hashes(&stored.decls).ok()?;
        let mut renumber = Renumber::default();
        let mut choice = false;
        for (old, (decl, hash)) in (0_u32..).zip(stored.decls.iter().zip(&hashes)) {
            let (id, another) = self.context.find(hash, decl, which)?;
            choice |= which == 0 || another || self.context.find(hash, decl, which - 1)?.1;
            renumber.insert(old, id);
        }
        if !choice && which > 0 {
            return None;
        }
        Some((renumber.term(&stored.statement).ok()?, renumber.term(&stored.evidence).ok()?))
    }
}
