//! Evidence that was found before, on the desk: for the very statement, or for one of which it is an instance.

use crate::check::{Candidate, Goal};
use crate::desk::{Desk, MODULE, Ruling};
use crate::front::goal;
use crate::problem::Problem;
use bfv_format::{Hash, Outcome, Renumber, Stored, Term, decl_hashes};

impl Desk {
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

    /// Judges evidence of earlier for the one claim of a text, whose statement may be an instance of the earlier one. What counts is the
    /// kernel's judgement of this statement; nothing where the evidence is none of it.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub fn recall(
        &mut self,
        name: &str,
        text: &str,
        earlier: &[u8],
        steps: u64,
        instance: impl FnOnce(&Term, &Term, &Term) -> Option<Term>,
    ) -> Result<Option<Ruling>, Vec<Problem>> {
        let Ok(stored) = bfv_format::read(earlier) else { return Ok(None) };
        let (sources, claim) = self.one(name, text, steps)?;
        let Some((statement, evidence)) = self.moved(&stored) else { return Ok(None) };
        let (evidence, witness, engine) = if statement == claim.statement {
            (evidence, stored.witness, stored.engine)
        } else if stored.verdict == Outcome::Proved {
            let Some(term) = instance(&statement, &evidence, &claim.statement) else { return Ok(None) };
            (term, Vec::new(), "cache".to_owned())
        } else {
            return Ok(None);
        };
        let given = Candidate { outcome: stored.verdict, evidence, witness, engine };
        let goal = Goal { given: Some(given), ..goal(MODULE, claim, &sources) };
        match self.rule(vec![goal], steps) {
            Ok(mut rulings) => Ok(rulings.pop()),
            // Evidence that the kernel refuses is a problem of the source elsewhere. Here it is none.
            Err(_) => Ok(None),
        }
    }

    /// A stored statement with its evidence over what the desk knows; nothing where that knows not all that they mention.
    fn moved(&self, stored: &Stored) -> Option<(Term, Term)> {
        let hashes = decl_hashes(&stored.decls).ok()?;
        let mut renumber = Renumber::default();
        for (old, (decl, hash)) in (0_u32..).zip(stored.decls.iter().zip(&hashes)) {
            renumber.insert(old, self.context.find(hash, decl)?);
        }
        Some((renumber.term(&stored.statement).ok()?, renumber.term(&stored.evidence).ok()?))
    }
}
