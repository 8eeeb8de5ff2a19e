//! In which order theorems that may fit a goal are tried. Whatever the order, each is tried, and the kernel judges what it leads to.

use bfv_driver::Desk;
use bfv_elab::{Fitting, OpenGoal};
use std::sync::OnceLock;

/// An order of theorems: those that fit a goal, as they come without one, and as they are tried.
pub type Order = dyn Fn(&Desk, &OpenGoal, Vec<Fitting>) -> Vec<Fitting> + Send + Sync;

/// The order of this process.
static ORDER: OnceLock<Box<Order>> = OnceLock::new();

/// From now on theorems are tried in this order, once and for all. False where there is one already.
pub fn choose(order: Box<Order>) -> bool {
    ORDER.set(order).is_ok()
}

/// The names of the theorems to be tried on a goal, at most so many.
#[must_use]
pub fn theorems(desk: &Desk, goal: &OpenGoal, most: usize) -> Vec<String> {
    let all = desk.fitting(goal.statement());
    let all = match ORDER.get() {
        Some(order) => order(desk, goal, all),
        None => all,
    };
    all.into_iter().take(most).map(|f| f.name).collect()
}

/// A number of a name (Fowler, Noll and Vo, version 1a): it stays the same when other declarations change.
#[must_use]
pub fn number(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |n, b| (n ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
