//! Evidence that was found before, on the desk: for the very statement, or for one of which it is an instance.

use crate::check::{Candidate, Goal};
use crate::desk::{Desk, MODULE, Ruling};
use crate::front::goal;
use crate::line::CHECKING;
use crate::problem::Problem;
use crate::replay::{COPIES, judge};
use crate::verdict::Kind;
use bfv_format::{Hash, Outcome, Renumber, Stored, Term, decl_hashes};
use bfv_kernel::Limits;
use bfv_search::Proposed;

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
                offered = Some((evidence, stored.engine));
                break;
            }
            if offered.is_none() {
                let term = instance(&statement, &evidence, &claim.statement);
                offered = term.map(|term| (term, "cache".to_owned()));
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

    /// Which side evidence of earlier decides, with the statement that it was made for, where the kernel accepts it over what the desk knows.
    #[must_use]
    pub fn accepts(&self, earlier: &[u8], steps: u64) -> Option<Kind> {
        let stored = bfv_format::read(earlier).ok()?;
        let limits = Limits { steps: steps.saturating_mul(CHECKING), ..Limits::default() };
        (0..COPIES).map_while(|which| self.moved(&stored, which)).find_map(|(statement, evidence)| {
            Some(judge(&self.signature, &statement, stored.verdict, &evidence, limits).ok()?.kind)
        })
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
