//! Why a claim stays unknown, where several engines say why they found nothing.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use bfv_driver::{Desk, Plugged, Reason as Why, Verdict};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};

/// Finds nothing, for one reason.
struct Ends {
    reason: Reason,
    why: &'static str,
    adds: bool,
}

impl Engine for Ends {
    fn name(&self) -> &'static str {
        "ends"
    }
    fn looks_into_definitions(&self) -> bool {
        true
    }
    fn adds_to_reasons(&self) -> bool {
        self.adds
    }
    fn solve(&self, _: &Goal<'_>, _: &mut Budget) -> Outcome {
        Outcome::GaveUp(self.reason, self.why.to_owned())
    }
}

const LOOKED: Ends = Ends { reason: Reason::Incomplete, why: "No proof was found.", adds: false };
const OTHER: Ends = Ends { reason: Reason::OutsideFragment, why: "It knows no numbers.", adds: true };
const OUT_OF_STEPS: Ends = Ends { reason: Reason::Budget, why: "The steps are used up.", adds: false };

fn told(search: &'static [&'static dyn Engine]) -> (Verdict, String) {
    let none = &LOOKED;
    let (arith, auto, boxes, points, exhibits, statements) = (none, none, none, none, none, none);
    let engines = Plugged { arith, auto, boxes, search, points, exhibits, statements };
    let mut desk = Desk::open(engines, &[]).unwrap();
    let ruling = desk.judge("text", "claim goal (f : Nat -> Nat) : f 0 = f 1\n", 1_000).unwrap().remove(0);
    (ruling.report.verdict, ruling.report.detail)
}

/// That a goal is not for one engine says nothing against another one, which looked and found nothing, or did not come to an end.
#[test]
fn an_engine_for_other_goals_does_not_speak_for_those_that_looked() {
    let (verdict, why) = told(&[&LOOKED, &OTHER]);
    assert_eq!(verdict, Verdict::Unknown(Why::Incomplete));
    assert!(why.contains("No proof was found. It knows no numbers."), "{why}");
    assert_eq!(told(&[&OUT_OF_STEPS, &LOOKED, &OTHER]).0, Verdict::Unknown(Why::Budget));
    assert_eq!(told(&[&LOOKED, &OUT_OF_STEPS]).0, Verdict::Unknown(Why::Budget));
    assert_eq!(told(&[&OTHER]).0, Verdict::Unknown(Why::OutsideFragment));
}
