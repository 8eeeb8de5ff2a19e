//! Which engines the programs of bfv have: one list for all of them, so that they find the same.

use bfv_driver::Plugged;
use bfv_engine_complete::Complete;
use bfv_engine_cubical::Cubical;
use bfv_engine_data::Narrow;
use bfv_engine_egg::Egg;
use bfv_engine_induct::Induct;
use bfv_engine_inhabit::Inhabit;
use bfv_engine_logic::Logic;
use bfv_engine_native::{Arith, Asked, Auto, Boxes, Exhibits, Native, Points};
use bfv_engine_protocol::{Explore, Ground, Invariants};
use bfv_engine_z3::Z3;
use bfv_format::Prim;
use bfv_kernel::{Refusal, Val};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};

/// Rewriting; arithmetic and lemmas prove its side conditions.
const EGG: Egg = Egg { side: &Auto };

/// Paths at types of which more is asked than equations between elements.
const CUBICAL: Cubical = Cubical { side: &Complete };

/// Statements with quantifiers; arithmetic proves what is about numbers.
const GROUND: Ground = Ground { side: &Arith };

/// Safety of protocols.
const INVARIANTS: Invariants = Invariants { side: &Arith, solver: None };

/// The same with hints of z3.
const HINTED: Invariants = Invariants { side: &Arith, solver: Some(&Z3) };

/// The very smallest points over data types. What is true costs no more than this before induction proves it.
const GLANCE: Narrow = Narrow { most: 40, quiet: true };

/// Points over data types, as far as they are small: what is false is mostly false there.
const NARROW: Narrow = Narrow { most: 300, quiet: true };

/// The same for longer, once nothing else helped.
const NARROW_ON: Narrow = Narrow { most: u64::MAX, quiet: false };

/// What the step `auto` tries, in order. Logic knows soon whether it is of use. What arithmetic says where nobody finds anything is told.
const EVERYTHING: Together = Together(&[
    &Quiet(&Kept(&Logic)),
    &Kept(&Auto),
    &Kept(&Complete),
    &Kept(&CUBICAL),
    &Kept(&Induct),
    &Kept(&EGG),
    &Proofs(&Kept(&Inhabit)),
]);

/// What an engine inside of another one says of itself.
macro_rules! as_inside {
    () => {
        fn name(&self) -> &'static str {
            self.0.name()
        }

        fn looks_into_definitions(&self) -> bool {
            self.0.looks_into_definitions()
        }

        fn adds_to_reasons(&self) -> bool {
            self.0.adds_to_reasons()
        }
    };
}

/// An engine whose answers are kept for a task: both a search and the step `auto` ask it, and a script that is tried asks it again and again.
struct Kept(&'static dyn Engine);

impl Engine for Kept {
    as_inside!();

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        budget.ask(self.0, goal)
    }
}

/// An engine that is asked for proofs only. Which number or which element of a data type is meant, a script must say.
struct Proofs(&'static dyn Engine);

impl Engine for Proofs {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match chooses(goal) {
            Ok(false) => self.0.solve(goal, budget),
            Ok(true) => Outcome::GaveUp(Reason::OutsideFragment, String::new()),
            Err(refusal) => Outcome::from(&refusal),
        }
    }
}

/// Whether a goal, after what it depends on, is a type of numbers, truth values or data.
fn chooses(goal: &Goal<'_>) -> Result<bool, Refusal> {
    let (_, target, _) = goal.taken_in()?;
    let w = goal.machine.whnf(&target)?;
    Ok(matches!(&*w, Val::Prim(Prim::Nat | Prim::Int | Prim::Real | Prim::Bool) | Val::Data(..)))
}

/// An engine that says nothing where it has looked and found nothing. Where it did not come to an end, that is told: with more steps it may.
struct Quiet(&'static dyn Engine);

impl Engine for Quiet {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match self.0.solve(goal, budget) {
            Outcome::GaveUp(Reason::Incomplete | Reason::OutsideFragment | Reason::Unsupported, _) => {
                Outcome::GaveUp(Reason::OutsideFragment, String::new())
            }
            told => told,
        }
    }
}

/// An engine whose reason counts only where the goal is for it: that it does not know a part of the goal says nothing of what others may find
/// with more steps.
struct Modest(&'static dyn Engine);

impl Engine for Modest {
    as_inside!();

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        match self.0.solve(goal, budget) {
            Outcome::GaveUp(Reason::OutsideFragment, _) => Outcome::GaveUp(Reason::OutsideFragment, String::new()),
            found => found,
        }
    }
}

/// Several engines as one.
struct Together(&'static [&'static dyn Engine]);

impl Engine for Together {
    fn name(&self) -> &'static str {
        "auto"
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let mut told = None;
        for engine in self.0 {
            // Each gets what the first one gets: one that comes late would hardly be heard otherwise.
            let mut own = budget.part(budget.left);
            let outcome = engine.solve(goal, &mut own);
            budget.used = budget.used.saturating_add(own.used);
            match outcome {
                Outcome::Candidate(_) | Outcome::Refutation(..) => return outcome,
                Outcome::GaveUp(Reason::Cancelled, _) => return outcome,
                // Whom a goal is not for has nothing to say.
                Outcome::GaveUp(Reason::OutsideFragment, why) if why.is_empty() => {}
                Outcome::GaveUp(..) => _ = told.get_or_insert(outcome),
            }
        }
        told.unwrap_or_else(|| Outcome::GaveUp(Reason::OutsideFragment, String::new()))
    }
}

/// Laws of a type of which nothing else is known come early, and so do paths, as arithmetic has nothing to say there. Runs of protocols are gone through; it says at once when a claim is not about them. What native leaves open is rewritten.
/// A search for terms comes late: it is for types that depend on something, and says at once when a claim is about numbers.
pub const ENGINES: Plugged = Plugged {
    arith: &Arith,
    auto: &EVERYTHING,
    boxes: &Boxes,
    search: &[
        &NARROW,
        &Complete,
        &CUBICAL,
        &Induct,
        &INVARIANTS,
        &Explore,
        &Native,
        &EGG,
        &GROUND,
        &Logic,
        &Inhabit,
        &NARROW_ON,
    ],
    points: &Points,
    exhibits: &Exhibits,
    statements: &GROUND,
};
/// The same engines for goals of which many are about logic: what logic decides is known at once. Claims of files are mostly about numbers,
/// and what is said of those that stay unknown begins with numbers, too.
pub const FOR_GOALS: Plugged = Plugged {
    search: &[
        &GLANCE,
        &Quiet(&Kept(&Logic)),
        &Kept(&Complete),
        &Kept(&CUBICAL),
        &Kept(&Induct),
        &NARROW,
        &INVARIANTS,
        &Explore,
        &Kept(&Native),
        &Kept(&EGG),
        &GROUND,
        &Modest(&Kept(&Inhabit)),
        &NARROW_ON,
    ],
    arith: &Kept(&Arith),
    ..ENGINES
};
/// What is asked of a goal that is no proposition, in order: what is about numbers comes late.
pub const FOR_TYPES: &[&dyn Engine] = &[
    &GLANCE,
    &Quiet(&Kept(&Logic)),
    &Kept(&Complete),
    &Kept(&CUBICAL),
    &Kept(&Induct),
    &NARROW,
    &Modest(&Kept(&Inhabit)),
    &Kept(&EGG),
    &Kept(&Native),
    &GROUND,
    &NARROW_ON,
];
/// What is asked first of a goal that is made of propositions alone, where logic knows all that there is to know.
pub const FOR_LOGIC: &[&dyn Engine] = &[&Kept(&Logic)];
/// The native engine alone.
pub const NATIVE_ONLY: Plugged = Plugged { search: &[&Native], ..ENGINES };
/// Rewriting alone.
pub const EGG_ONLY: Plugged = Plugged { search: &[&EGG], ..ENGINES };
/// The engines where z3 is asked for.
pub const WITH_Z3: Plugged = Plugged {
    search: &[
        &NARROW,
        &Complete,
        &CUBICAL,
        &Induct,
        &INVARIANTS,
        &Explore,
        &Native,
        &EGG,
        &GROUND,
        &Logic,
        &Inhabit,
        &NARROW_ON,
        &Asked(&Z3),
        &HINTED,
    ],
    ..ENGINES
};

#[cfg(test)]
#[allow(clippy::panic)]
mod tests {
    use super::*;
    use bfv_format::Node;
    use bfv_kernel::{Ctx, Limits, Machine, Signature};
    use std::rc::Rc;

    /// Gives up at once, for one reason.
    struct Ends(Reason);

    impl Engine for Ends {
        fn name(&self) -> &'static str {
            "ends"
        }
        fn solve(&self, _: &Goal<'_>, _: &mut Budget) -> Outcome {
            Outcome::GaveUp(self.0, "Why it ends.".to_owned())
        }
    }

    const OUT_OF_STEPS: Ends = Ends(Reason::Budget);
    const FOUND_NOTHING: Ends = Ends(Reason::Incomplete);
    const CANCELLED: Ends = Ends(Reason::Cancelled);

    fn asked(engine: &dyn Engine) -> (Reason, String) {
        let signature = Signature::default();
        let machine = Machine::new(&signature, Limits::default());
        let target = machine.eval(&Ctx::default().env, &Rc::new(Node::Prim(Prim::Empty)));
        let goal = Goal { machine: &machine, ctx: Ctx::default(), target, lemmas: &[], hints: Vec::new() };
        match engine.solve(&goal, &mut Budget::new(10)) {
            Outcome::GaveUp(reason, why) => (reason, why),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_quiet_engine_tells_that_it_did_not_come_to_an_end() {
        let told = |reason| (reason, "Why it ends.".to_owned());
        let nothing = (Reason::OutsideFragment, String::new());
        assert_eq!(asked(&Quiet(&OUT_OF_STEPS)), told(Reason::Budget));
        assert_eq!(asked(&Quiet(&CANCELLED)), told(Reason::Cancelled));
        assert_eq!(asked(&Quiet(&FOUND_NOTHING)), nothing);
        // Also where others look after it: with more steps it may find what they do not.
        assert_eq!(asked(&Together(&[&Quiet(&OUT_OF_STEPS), &FOUND_NOTHING])), told(Reason::Budget));
        assert_eq!(asked(&Together(&[&Quiet(&FOUND_NOTHING)])), nothing);
    }
}
