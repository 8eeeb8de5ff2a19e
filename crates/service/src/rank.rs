//! In which order theorems that may fit a goal are tried. Whatever the order, each is tried, and the kernel judges what it leads to.

use crate::steps::Candidate;
use bfv_driver::Desk;
use bfv_elab::{Fitting, OpenGoal};
use bfv_encode::telescope;
use bfv_engine_neural::{Features, Model, Side, WEIGHTS, by_score};
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
    Features::of_goal(statement, given, &|id| number(&desk.name(id).unwrap_or_default()))
}

/// Most theorems that are kept as the model sees them.
const KEPT: usize = 20_000;

/// What is known of theorems that helps to order them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Known {
    /// How rare the words of goals are: a theorem that shares the rare ones comes first.
    Rare,
    /// What was learned from the proofs of the library.
    Learned,
}

/// Theorems as a model sees them, by the numbers of their declarations, for all threads.
struct Sides {
    model: Model,
    known: Known,
    theorems: RwLock<BTreeMap<u64, Arc<Side>>>,
}

impl Sides {
    fn theorem(&self, desk: &Desk, id: u32) -> Option<Arc<Side>> {
        let key = desk.number(id);
        if let Some(side) = self.theorems.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Some(Arc::clone(side));
        }
        let Some(Decl::Theorem { ty, .. }) = desk.signature().decl(id) else { return None };
        let side = Arc::new(self.model.theorem(&features(desk, ty, &[])));
        let mut theorems = self.theorems.write().unwrap_or_else(PoisonError::into_inner);
        if theorems.len() < KEPT {
            theorems.insert(key, Arc::clone(&side));
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
        let sides = Sides { model, known, theorems: RwLock::default() };
        Ok(Ranking { order: Box::new(move |desk, goal, all| sides.order(desk, goal, all)), early: 2 })
    }
}

/// A number of a name (Fowler, Noll and Vo, version 1a): it stays the same when other declarations change.
#[must_use]
pub fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |n, b| (n ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
