//! The judge of run-time certificates: accepted, rejected with the place, or undecided with a reason.
//!
//! [`judge`] takes an envelope and a model. What can be checked without the model is checked by [`bfv_cert::admit_unopened`]. Then the answer is computed
//! again, all tokens at once, except for its products: those are taken from the envelope, as the worker committed to them, and each is checked by
//! random numbers that the worker did not know ([`challenge`]). Everything else is computed by the functions that the worker uses ([`bfv_exact::model`]).
//! So a wrong answer is accepted only if a wrong product passes, and [`Soundness`] bounds the probability of that.
//!
//! A product that does not pass is computed in full for its token, and the entry that is wrong is shown: a rejection does not rest on chance.
//! [`judge_stage`] judges a part of an answer, made by one worker of a model that is split, and [`judge_chain`] the answer of all parts together.
//! A [`Listener`] judges an answer that is written block by block, each block as it comes.
//! [`judge_fusion`] computes a fusion again, and [`judge_vote`] counts a vote again.
//!
//! In the lanes of floats a worker has sums of linear layers that were computed in floats and rounded, and everything between them is the integer code. What
//! was checked of its sums ([`lanes`], [`sizes`]) says how far the values of the *model* may be from its own, as certified intervals ([`judge_noting`] gives
//! them). An answer is accepted when each token is what the model chooses wherever its logits lie in their intervals: then it is the answer of the integer
//! model, as in the exact lane. Otherwise it is undecided. Only whole answers are judged there, no stages, fusions and votes.
//!
//! In the lane of replay a worker has computed a float model in a known order of sums. [`judge_replay`] draws tiles of its answer and computes them again bit for bit ([`bfv_replay`]).
//! What it accepts is a [`Sampled`], which nothing here takes for an answer that was accepted.
//!
//! There is no clock, no file, no float and no thread, and nothing is allocated by a length that was read and not bounded.
#![forbid(unsafe_code)]

#[cfg(test)]
#[allow(clippy::unwrap_used)]
#[path = "../../exact/tests/common/mod.rs"]
mod numbers;

mod attention;
mod audit;
mod cells;
pub mod challenge;
pub mod combine;
mod drift;
pub mod epoch;
pub mod field;
mod floats;
mod fusion;
mod heads;
mod judge;
pub mod keys;
pub mod lanes;
pub mod product;
mod replay;
pub mod sizes;
mod stage;
mod stream;
mod verdict;
mod vote;

pub use audit::Judged;
pub use challenge::{Beacon, Challenge, Known, Secret, Soundness};
pub use drift::{Intervals, Span};
pub use fusion::{Fusion, judge_fusion, judge_fusion_read};
pub use judge::{Case, Subject, Terms, judge, judge_noting, judge_read};
pub use replay::{Draw, Replay, ReplayFault, ReplayFound, Sample, Sampled, judge_replay, judge_replay_read};
pub use stage::{Link, Part, Registered, Split, Stage, judge_chain, judge_stage, judge_stage_read};
pub use stream::Listener;
pub use verdict::{Accepted, Checked, Fault, Found, Rejected, Spot, Undecided, Verdict};
pub use vote::{Vote, judge_vote, judge_vote_read};
