//! Paths at any type. A goal is taken apart as far as it goes; a path between functions or pairs is one of functions or pairs of paths. What
//! remains is shown by one of these: both sides are the same once boxes and coercions that do nothing are left out (`regular.rs`); it is an
//! instance of what is given, or a cube in a type of which any two elements are equal (`facts.rs`); it holds by induction on a path that it
//! mentions (`induct.rs`), after which that path is constant; it is a cube that boxes of the cells at hand fill (`fill.rs`); a map of paths
//! that forgets which one it was given makes it (`endomap.rs`); a theorem says it, or equations lead from one side to the other
//! (`library.rs`). A path over a line of types that moves is one of what is carried along it (`squares.rs`). Goals about all elements of a
//! data type, also of one with path constructors, are taken apart by its eliminator (`cases.rs`).
//!
//! Cohen, Coquand, Huber and Mortberg, Cubical type theory (2018), and Angiuli, Brunerie, Coquand, Favonia, Harper and Licata, Syntax and
//! models of Cartesian cubical type theory (2021), for what coercion and boxes do. Nothing here is trusted: the kernel judges each term.
//!
//! What is absent: no clock, no floats, no threads; no search among all boxes; nothing that is glued is looked into, only theorems speak of it.

mod cases;
mod endomap;
mod facts;
mod fill;
mod induct;
mod library;
mod prove;
mod regular;
mod squares;
mod terms;
mod tower;

use bfv_kernel::{Ivl, Res, Val};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use prove::Prover;

/// Steps of the evaluator for each step of the budget, at most.
pub(crate) const EVALUATIONS: u64 = 10;

/// Inductions and other reductions inside of each other, at most.
pub(crate) const DEPTH: u32 = 12;

/// Of the steps that are left, this part at most, and no more than so many: what is found is found soon.
const PART: u64 = 4;
const MOST: u64 = 100_000;

/// Steps of the evaluator for reading a goal.
const READING: u64 = 20_000;

/// Proves paths.
pub struct Cubical {
    /// Proves paths between elements, of which nothing is known but what is given.
    pub side: &'static dyn Engine,
}

impl Engine for Cubical {
    fn name(&self) -> &'static str {
        "cubical"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let outside = || Outcome::GaveUp(Reason::OutsideFragment, String::new());
        let offered = goal.lemmas.iter().any(|l| l.has(library::TAG));
        let glued = match about_paths(goal) {
            Ok(About::Paths) => false,
            Ok(About::Glued) if offered => true,
            Ok(About::Glued | About::Else) => return outside(),
            Err(r) => {
                let (reason, why) = stopped(&r);
                return Outcome::GaveUp(reason, why);
            }
        };
        let own = budget.part((budget.left / PART).min(MOST));
        let mut prover = Prover::new(goal, self.side, own);
        let found = goal.machine.within(prover.budget.left.saturating_mul(EVALUATIONS), || {
            prover.glued = glued;
            prover.lemmas = library::offered(goal)?;
            let found = prover.prove(&goal.ctx, &goal.target, DEPTH)?;
            Ok((found, prover.stop))
        });
        let spent = budget.spend(prover.budget.used);
        match (found, spent) {
            (Ok(Some((Some(t), _))), _) => Outcome::Candidate(t),
            (_, Err(reason)) | (Ok(Some((None, Some(reason)))), Ok(())) => {
                let why = if reason == Reason::Budget { "The search for paths ran out of steps." } else { "" };
                Outcome::GaveUp(reason, why.to_owned())
            }
            (Ok(Some((None, None))), Ok(())) => {
                let why = "Induction on paths and the given paths do not lead to this path.";
                Outcome::GaveUp(Reason::Incomplete, why.to_owned())
            }
            (Ok(None), Ok(())) => Outcome::GaveUp(Reason::Budget, "The evaluator ran out of steps.".to_owned()),
            (Err(r), Ok(())) => {
                let (reason, why) = stopped(&r);
                Outcome::GaveUp(reason, why)
            }
        }
    }
}

/// What a goal is about.
enum About {
    /// Paths at a type of which the search can know something, or elements of a type with path constructors.
    Paths,
    /// The same, but something is glued or large, which the search never looks into.
    Glued,
    Else,
}

/// What a goal is about, from where it ends.
fn about_paths(goal: &Goal<'_>) -> Res<About> {
    if !goal.ctx.dims.is_empty() {
        return Ok(About::Else);
    }
    let (mut ctx, target, _) = goal.taken_in()?;
    let m = goal.machine;
    let mut ty = target.clone();
    let mut ends = loop {
        let w = m.whnf(&ty)?;
        ty = match &*w {
            Val::Path(line, ..) => {
                break match &*m.whnf(&m.dinst(line, Ivl::Zero))? {
                    // Numbers have engines of their own, and so have data without path constructors.
                    Val::Prim(_) => false,
                    Val::Data(d, _) => cases::with_paths(m, *d),
                    _ => true,
                };
            }
            Val::Sigma(a, b) => {
                // The last part is what is said of the parts before.
                let (inner, x) = m.bind(&ctx, a.clone());
                ctx = inner;
                m.inst(b, x)
            }
            Val::Pi(a, b) => {
                let (inner, x) = m.bind(&ctx, a.clone());
                ctx = inner;
                m.inst(b, x)
            }
            _ => break false,
        };
    };
    // Or from what it speaks of.
    for given in ctx.types.iter().chain([&ty]) {
        if ends {
            break;
        }
        let says = m.within(READING, || m.quote(&ctx, given))?;
        ends = says.is_some_and(|t| cases::cubical(m, &t));
    }
    if !ends {
        return Ok(About::Else);
    }
    let plain = |t| terms::lift(&t, 0, 0).is_some();
    let read = m.within(READING, || m.normal(&ctx, &ty))?.is_some_and(plain);
    Ok(if read { About::Paths } else { About::Glued })
}
