//! What is trusted of the elaborator, statements and definitions, does not depend on attempts that failed.
//!
//! A value may be computed while a metavariable has a solution that is taken back later, and keep what it was computed to.
//! The kernel would not notice when such a value ends up in a statement. So wherever a solution was replaced by another,
//! the declaration is elaborated again without trying the solutions that were taken back, until none is; then no value was
//! computed with one. The result must be the one of the first time.

use crate::elab::{Elab, Engines, Kind, R, problem};
use crate::module::Session;
use crate::scratch::Scratch;
use crate::walk;
use bfv_diag::Span;
use bfv_format::Term;

/// How often a declaration is elaborated at most.
const ROUNDS: usize = 8;

impl Session {
    /// Elaborates, and again with what was found when something was taken back on the way. `scratch` makes an empty one.
    pub fn settled<'s, T: PartialEq>(
        &'s self,
        span: Span,
        scratch: &dyn Fn() -> Scratch<'s>,
        engines: Engines<'_>,
        f: &dyn Fn(&Elab<'_>) -> R<T>,
    ) -> R<T> {
        let mut forbidden: Vec<(u32, Term)> = Vec::new();
        let mut result: Option<T> = None;
        for _ in 0..ROUNDS {
            let now = scratch().without(forbidden.clone());
            let done = self.with_elab(&now, engines, f);
            let done = match (done, &result) {
                (Err(p), None) => return Err(p),
                (Ok(done), None) => done,
                (Ok(done), Some(first)) if done == *first => done,
                _ => break,
            };
            let harmful = harmful(&now);
            if harmful.is_empty() {
                return Ok(done);
            }
            forbidden.extend(harmful);
            result = Some(done);
        }
        problem(
            Kind::CannotInfer,
            span,
            "What is left out here can be filled in more than one way.",
            "Give the implicit arguments in braces, and the types of variables.",
        )
    }
}

/// The solutions that were taken back and are not the ones found in the end. A value computed with one that is still open
/// would leave something open in the result, which is refused elsewhere.
fn harmful(scratch: &Scratch<'_>) -> Vec<(u32, Term)> {
    let replaced = |(id, old): &(u32, Term)| {
        let mut open = None;
        let old = walk::zonk(scratch, old, &mut open);
        let now = scratch.solution(*id).map(|t| walk::zonk(scratch, &t, &mut None));
        open.is_none() && now.as_ref() != Some(&old)
    };
    scratch.taken_back().into_iter().filter(replaced).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::context::Local;
    use bfv_format::{Node, Prim};
    use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
    use std::rc::Rc;

    struct Nobody;

    impl Engine for Nobody {
        fn name(&self) -> &'static str {
            "nobody"
        }
        fn solve(&self, _: &Goal<'_>, _: &mut Budget) -> Outcome {
            Outcome::GaveUp(Reason::Incomplete, String::new())
        }
    }

    fn prim(p: Prim) -> Term {
        Rc::new(Node::Prim(p))
    }

    /// Elaborates `if ?b then Nat else Bool`, where ?b is first tried as true, looked at, taken back, and then found to be `end`.
    fn elaborate(e: &Elab<'_>, end: Prim, look: bool) -> R<Term> {
        let (local, span) = (Local::default(), Span::default());
        let universe = Rc::new(Node::Univ(0));
        let (b, _) = e.meta(&local, span, &e.prim(Prim::Bool), "b")?;
        let v = e.ev(&local, &Rc::new(Node::BoolElim(universe, prim(Prim::Nat), prim(Prim::Bool), b.clone())));
        let mark = e.scratch.mark();
        assert!(e.unify(&local.ctx, &e.prim(Prim::Bool), &e.ev(&local, &b), &e.prim(Prim::True)).is_ok());
        if look {
            e.whnf(span, &v)?;
        }
        e.scratch.rollback(mark);
        assert!(e.unify(&local.ctx, &e.prim(Prim::Bool), &e.ev(&local, &b), &e.prim(end)).is_ok());
        e.quote(&local, span, &v)
    }

    /// The danger is real: without the second run the statement would be `Nat`, though ?b is false.
    #[test]
    fn a_value_computed_with_a_solution_taken_back_does_not_reach_a_statement() {
        let session = Session::new();
        let engines = Engines { arith: &Nobody, auto: &Nobody, boxes: &Nobody, steps: 1, wish: None, memo: None };
        let scratch = || Scratch::new(&session.signature);
        let stale = session.with_elab(&scratch(), engines, |e| elaborate(e, Prim::False, true));
        assert_eq!(stale.unwrap(), prim(Prim::Nat), "the first run alone goes wrong");
        let run = |end, look| session.settled(Span::default(), &scratch, engines, &|e| elaborate(e, end, look));
        let refused = run(Prim::False, true).unwrap_err();
        assert_eq!(refused.kind, Kind::CannotInfer);
        assert_eq!(run(Prim::False, false).unwrap(), prim(Prim::Bool));
        assert_eq!(run(Prim::True, true).unwrap(), prim(Prim::Nat));
    }
}
