//! The judge of run-time certificates: accepted, rejected with the place, or undecided with a reason.
//!
//! [`judge`] takes an envelope and a model. What can be checked without the model is checked by [`bfv_cert::admit`]. Then the answer is computed
//! again, all tokens at once, except for its products: those are taken from the envelope, as the worker committed to them, and each is checked by
//! random numbers that the worker did not know ([`challenge`]). Everything else is computed by the functions that the worker uses ([`bfv_exact::model`]).
//! So a wrong answer is accepted only if a wrong product passes, and [`Soundness`] bounds the probability of that.
//!
//! A product that does not pass is computed in full for its token, and the entry that is wrong is shown: a rejection does not rest on chance.
//! [`judge_stage`] judges a part of an answer, made by one worker of a model that is split, and [`judge_chain`] the answer of all parts together.
//! [`judge_fusion`] computes a fusion again. The lanes of floats stand as checks of one product each ([`lanes`]): a certificate in these lanes is
//! undecided, as no specification of version 1 says what a whole float answer should be.
//!
//! There is no clock, no file, no float and no thread, and nothing is allocated by a length that was read and not bounded.
#![forbid(unsafe_code)]

mod attention;
mod audit;
mod cells;
pub mod challenge;
pub mod combine;
mod drift;
pub mod field;
mod floats;
mod fusion;
mod heads;
mod judge;
pub mod keys;
pub mod lanes;
pub mod product;
pub mod sizes;
mod stage;
mod verdict;

pub use audit::Judged;
pub use challenge::{Beacon, Challenge, Secret, Soundness};
pub use drift::{Intervals, Span};
pub use fusion::{Fusion, judge_fusion};
pub use judge::{Case, Subject, Terms, judge, judge_noting};
pub use stage::{Link, Part, Registered, Split, Stage, judge_chain, judge_stage};
pub use verdict::{Accepted, Checked, Fault, Found, Rejected, Spot, Undecided, Verdict};
