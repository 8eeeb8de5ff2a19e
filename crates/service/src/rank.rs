//! In which order theorems that may fit a goal are tried. Whatever the order, each is tried, and the kernel judges what it leads to.

use crate::steps::Candidate;
use bfv_driver::Desk;
use bfv_elab::{Fitting, OpenGoal};
use std::sync::OnceLock;

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
    let all = desk.fitting(goal.statement());
    let all = match RANKING.get() {
        Some(ranking) => (ranking.order)(desk, goal, all),
        None => all,
    };
    all.into_iter().take(MOST).map(|f| f.name).collect()
}

/// Steps that apply them.
#[must_use]
pub fn steps(desk: &Desk, goal: &OpenGoal) -> Vec<Candidate> {
    let early = RANKING.get().map_or(0, |r| r.early);
    let weight = |n: usize| if n < early { EARLY } else { LATE };
    let names = theorems(desk, goal).into_iter().enumerate();
    names.map(|(n, name)| (weight(n), format!("apply {name}"))).collect()
}

/// A number of a name (Fowler, Noll and Vo, version 1a): it stays the same when other declarations change.
#[must_use]
pub fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |n, b| (n ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
