//! In which order theorems that may fit a goal are tried. Whatever the order, each is tried, and the kernel judges what it leads to.

use crate::steps::Candidate;
use bfv_driver::Desk;
use bfv_elab::{Fitting, OpenGoal};
use bfv_encode::telescope;
use bfv_engine_neural::{Features, Model, Side, WEIGHTS, by_score, number};
use bfv_format::{Decl, Node};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// Theorems that are tried on one goal.
const MOST: usize = 8;
/// How far a theorem is from being sure to help: later than everything else, or right after what ends a goal or fails.
const LATE: u32 = 40;
const EARLY: u32 = 5;

/// An order of theorems: those that fit a goal, as they come without one, and as they are tried.
pub type Order = dyn Fn(&Desk, &OpenGoal, Vec<Fitting>) -> Vec<Fitting> + Send + Sync;

/// An order, and how many theorems at its head are tried before steps that leave goals.
pub struct Ranking {
    /// The order.
    pub order: Box<Order>,
    /// How many come early.
    pub early: usize,
}

/// The order of this process.
static RANKING: OnceLock<Ranking> = OnceLock::new();

/// From now on theorems are tried in this order, once and for all. False where there is one already.
pub fn choose(ranking: Ranking) -> bool {
    RANKING.set(ranking).is_ok()
}

/// The names of the theorems to be tried on a goal.
#[must_use]
pub fn theorems(desk: &Desk, goal: &OpenGoal) -> Vec<String> {
    ordered(desk, goal).map(|f| f.name).collect()
}

fn ordered(desk: &Desk, goal: &OpenGoal) -> impl Iterator<Item = Fitting> {
    let all = desk.fitting(goal.statement());
    let all = match RANKING.get() {
        Some(ranking) => (ranking.order)(desk, goal, all),
        None => all,
    };
    all.into_iter().take(MOST)
}

/// Steps that apply theorems.
#[must_use]
pub fn steps(desk: &Desk, goal: &OpenGoal) -> Vec<Candidate> {
    let mut early = RANKING.get().map_or(0, |r| r.early);
    let step = |f: Fitting| {
        let soon = early > 0 && !general(desk, f.id);
        early -= usize::from(soon);
        (if soon { EARLY } else { LATE }, format!("apply {}", f.name))
    };
    ordered(desk, goal).map(step).collect()
}

/// Whether a theorem concludes whatever is wanted, as one that begins with falsehood does: it fits every goal, and says nothing about it.
fn general(desk: &Desk, id: u32) -> bool {
    let Some(Decl::Theorem { ty, .. }) = desk.signature().decl(id) else { return true };
    let (_, mut end) = telescope(ty);
    while let Node::App(f, _) = &**end {
        end = f;
    }
    matches!(**end, Node::Var(_))
}

/// The features of a goal. Declarations are known by their names, so a change of the library leaves what was learned of others.
#[must_use]
pub fn features(desk: &Desk, statement: &bfv_format::Term, given: &[bfv_format::Term]) -> Features {
    Features::of_goal(statement, given, &|id| number(desk.name(id).unwrap_or_default().bytes()))
}

/// What is known of theorems that helps to order them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// How rare the words of goals are: a theorem that shares the rare ones comes first.
    Rare,
    /// What was learned from the proofs of the library.
    Learned,
}

/// Theorems as a model sees them.
struct Sides {
    model: Model,
    known: Known,
    /// Those of the library, by their full names, for all threads. No client adds to them, so they are never more than the library has. What a
    /// client declares is looked at for each goal anew: two clients may give one thing two names, and names are what is looked at.
    library: RwLock<BTreeMap<String, Arc<Side>>>,
}

impl Sides {
    fn theorem(&self, desk: &Desk, id: u32) -> Option<Arc<Side>> {
        let name = desk.name(id).filter(|_| desk.in_library(id));
        let known = self.library.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(side) = name.as_ref().and_then(|name| known.get(name)) {
            return Some(Arc::clone(side));
        }
        drop(known);
        let Some(Decl::Theorem { ty, .. }) = desk.signature().decl(id) else { return None };
        let side = Arc::new(self.model.theorem(&features(desk, ty, &[])));
        if let Some(name) = name {
            self.library.write().unwrap_or_else(PoisonError::into_inner).insert(name, Arc::clone(&side));
        }
        Some(side)
    }

    fn order(&self, desk: &Desk, goal: &OpenGoal, all: Vec<Fitting>) -> Vec<Fitting> {
        // Of one there is no order, and of none.
        if all.len() < 2 {
            return all;
        }
        let own = self.model.goal(&features(desk, goal.statement(), goal.given()));
        let score = |side: &Side| match self.known {
            Known::Rare => self.model.overlap(&own, side),
            Known::Learned => self.model.score(&own, side),
        };
        by_score(all, |f| self.theorem(desk, f.id).map_or(f64::MIN, |side| f64::from(score(&side))))
    }
}

impl Ranking {
    /// An order by what these bytes know; by those that belong to the program where none are given.
    ///
    /// # Errors
    /// Why the bytes are no weights, in a sentence.
    pub fn of(known: Known, weights: Option<&[u8]>) -> Result<Ranking, String> {
        let model = Model::read(weights.unwrap_or(WEIGHTS))?;
        let sides = Sides { model, known, library: RwLock::default() };
        Ok(Ranking { order: Box::new(move |desk, goal, all| sides.order(desk, goal, all)), early: 2 })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    /// The theorems for a goal over declarations of a client, in the order of `sides`.
    fn asked(sides: &Sides, declarations: &str, goal: &str) -> Vec<String> {
        let plain = Desk::open(bfv_engines::FOR_GOALS, &["std.nat".to_owned()]).unwrap();
        let mut desk = plain.with_declarations("given", declarations, 1_000).unwrap();
        let open = desk.open_goals("text", goal, 1_000).unwrap();
        let all = desk.fitting(open[0].statement());
        assert!(all.len() > 2, "{all:?}");
        sides.order(&desk, &open[0], all).into_iter().map(|f| f.name).collect()
    }

    #[test]
    fn what_one_client_declares_changes_nothing_for_another_and_is_not_kept() {
        let sides = |known| Sides { model: Model::read(WEIGHTS).unwrap(), known, library: RwLock::default() };
        let given = |f: &str, g: &str| {
            let def = |f: &str, n: u32| format!("def {f} (n : Nat) : Nat := n + {n}\n");
            let theorem = |name: &str, f: &str, n: u32| format!("theorem {name} (n : Nat) : {f} n = n + {n} by refl\n");
            [def(f, 1), def(g, 2), theorem("one", f, 1), theorem("two", g, 2)].concat()
        };
        let goal = "claim goal (a : Nat) : left (left a) = a + right 0\nby { }\n";
        for known in [Known::Rare, Known::Learned] {
            let (fresh, used) = (sides(known), sides(known));
            // The same declarations, with the names of the other one.
            asked(&used, &given("right", "left"), goal);
            let before = used.library.read().unwrap().len();
            let told = asked(&fresh, &given("left", "right"), goal);
            assert!(told.iter().any(|name| name == "one") && told.iter().any(|name| name == "two"), "{told:?}");
            assert_eq!(asked(&used, &given("left", "right"), goal), told);
            assert_eq!(used.library.read().unwrap().len(), before);
            assert!(used.library.read().unwrap().keys().all(|name| name.starts_with("std.")));
        }
    }
}
