//! The straight line of `bfv check`, the proof store and the gate.
//!
//! This crate prints nothing, knows no flags and no colours, and cannot say "proved" by itself:
//! a verdict is made from a `Proved` or a `Refuted` of the kernel, and those only the kernel can build.

mod check;
mod core_text;
mod exit;
mod front;
mod gate;
mod library;
mod list;
mod load;
mod problem;
mod replay;
mod sentence;
mod store;
mod verdict;

pub use check::{
    Attempt, Candidate, CheckOptions, Conditional, Elaborated, Frontend, GateReport, Goal, GoalName, NoSearch,
    Progress, Search, check, check_text, gate_sources, unknown_goal,
};
pub use exit::{Event, exit_code};
pub use front::{Plugged, plug};
pub use gate::{Allowance, Claim, Judged, Policy, Violation, ViolationKind, gate};
pub use list::{Listed, list};
pub use load::{Input, load};
pub use problem::{Code, Place, Problem, place};
pub use replay::{Context, Judgement, StoredFailure, judge, judge_stored};
pub use sentence::{
    Math, condition_message, count, first_sentence, goal_message, in_math, last_sentence, next_step, point_sentence,
    spoken, statement_sentence,
};
pub use store::{Store, StoreMode, proof_path};

pub use verdict::{
    Cost, GoalReport, HoldsIf, Kind, ProofInfo, ProofSource, Reason, Report, SCHEMA_VERSION, Summary, Verdict,
};
