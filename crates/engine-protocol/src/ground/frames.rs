//! What a branch of the search binds around the rest of its proof, and how the proof is put under it once it is found: from the inside out, and
//! only where it is used.

use crate::ground::formula::{F, Kind};
use crate::ground::numbers::{Question, needs};
use crate::ground::proof::{P, Proof, free};
use crate::ground::search::{Refutation, Search};
use bfv_format::Term;
use bfv_kernel::Res;
use bfv_search::Budget;
use std::rc::Rc;

/// What is bound around the rest of a proof.
pub enum Frame {
    /// An atom that has only one truth value left: the name of its proof, the name of its refutation, and why the other value fails.
    Unit { atom: usize, truth: bool, yes: u32, no: u32, reason: P },
    /// An element for which a quantified statement fails, and the fact that it does.
    Open { refuted: P, element: u32, fact: u32, body: F },
    /// A fact with a name.
    Named { name: u32, ty: Term, value: P },
    /// A proof that is asked for where it is used, and what is to be asked.
    Later { name: u32, proof: P, question: Box<Question> },
}

impl Search<'_> {
    /// Puts a proof under what was bound before it, where it uses that.
    pub fn bind(&mut self, frame: Frame, (p, mut used): Refutation, budget: &mut Budget) -> Res<Option<Refutation>> {
        match frame {
            Frame::Unit { atom, truth, yes, no, reason } => {
                if !used.contains(if truth { &yes } else { &no }) {
                    return Ok(Some((p, used)));
                }
                used.extend(reason.facts());
                used.remove(&yes);
                used.remove(&no);
                let Some(ty) = self.writer().refuted(atom) else { return Ok(None) };
                free(&ty, &mut used);
                let (assumed, rest) = if truth { (p, reason) } else { (reason, p) };
                Ok(Some((Rc::new(Proof::Let(no, ty, Proof::lam(yes, assumed), rest)), used)))
            }
            Frame::Named { name, ty, value } => {
                if !used.remove(&name) {
                    return Ok(Some((p, used)));
                }
                needs(&ty, &value, &mut used);
                Ok(Some((Rc::new(Proof::Let(name, ty, value, p)), used)))
            }
            Frame::Later { name, proof, question } => {
                if !used.remove(&name) {
                    return Ok(Some((p, used)));
                }
                let (Proof::Later(_, cell), Some(found)) = (&*proof, self.answer(&question, budget)?) else {
                    self.broken = true;
                    return Ok(None);
                };
                used.extend(found.facts());
                // It is asked for once, where its frame is.
                let _ = cell.set(found);
                Ok(Some((p, used)))
            }
            Frame::Open { refuted, element, fact, body } => {
                if !used.contains(&element) && !used.contains(&fact) {
                    return Ok(Some((p, used)));
                }
                used.extend(refuted.facts());
                used.remove(&element);
                used.remove(&fact);
                let inner = match &body.kind {
                    Kind::Not(_) => Some(Proof::lam(fact, p)),
                    _ => self.writer().stable_from(&body, Proof::lam(fact, p))?,
                };
                Ok(inner.map(|q| (Proof::app(refuted, Proof::lam(element, q)), used)))
            }
        }
    }
}
