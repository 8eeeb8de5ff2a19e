//! The straight line of `bfv check`, the proof store and the gate.
//!
//! This crate prints nothing, knows no flags and no colours, and cannot say "proved" by itself:
//! a verdict is made from a `Proved` or a `Refuted` of the kernel, and those only the kernel can build.

mod again;
mod attack;
mod before;
mod chart;
mod check;
mod companion;
mod core_text;
mod declared;
mod desk;
mod desk_stored;
mod edited;
mod engaged;
mod exit;
mod front;
mod gate;
mod gate_sources;
mod invariants;
mod library;
mod line;
mod list;
mod load;
mod menu;
mod modules;
mod mutate;
mod named;
mod problem;
mod repair;
mod replay;
mod scripts;
mod sentence;
mod shares;
mod stability;
mod states;
mod store;
mod surface;
mod vary;
mod verdict;

pub use attack::{ATTACK_STEPS, Attack, Mutant, Notice, attack};
pub use before::before_theorems;
pub use chart::{Chart, Relation, Step};
pub use check::{
    Attempt, Candidate, CheckOptions, Conditional, Elaborated, Frontend, Goal, GoalName, Method, NoSearch, Progress,
    Search, Seen, ambiguous_goal, check, check_and_see, check_text, unknown_goal,
};
pub use companion::{Part, arguments, contradiction};
pub use declared::{Behind, Declared, behind, declarations, library_declarations, modules};
pub use desk::{Desk, Ruling, Rulings};
pub use desk_stored::{Misfit, Packed};
pub use edited::{Edited, check_edited, goals_at, module_name, names_at, without_claims};
pub use exit::{Event, exit_code};
pub use front::{Plugged, bundles, from_source, plug, plug_for};
pub use gate::{Allowance, Claim, Judged, Loaded, Policy, Violation, ViolationKind, gate, leftovers};
pub use gate_sources::{GateReport, Looked, gate_sources};
pub use invariants::Invariant;
pub use list::{Listed, list};
pub use load::{Input, load};
pub use menu::Proposal;
pub use named::{ambiguous, meant};
pub use problem::{Code, Place, Problem, escaped, place};
pub use replay::{Context, Judgement, Sides, StoredFailure, judge, judge_stored};
pub use scripts::Scripts;
pub use sentence::{
    Math, condition_message, condition_sentence, count, first_sentence, goal_message, in_math, invariant_sentence,
    last_sentence, named_values, next_step, point_sentence, run_lines, spoken, statement_sentence, vacuity_sentence,
};
pub use shares::{Make, check_in_threads};
pub use stability::{Measured, Stability, StabilityOptions, Varied, stability};
pub use states::{Shown, States};
pub use store::{Store, StoreMode, proof_path, scripts_path};

pub use verdict::{
    ConditionSource, Consistency, Cost, GoalReport, HoldsIf, Hypotheses, InvariantNote, Kind, ProofInfo, ProofSource,
    Reason, Report, SCHEMA_VERSION, Summary, Verdict,
};
