//! Wingbeat: consensus of n workers, of which f may be Byzantine, on one output for each query.
//!
//! The protocol is one function without input or output, [`step`]: a worker and an event give a worker and effects. There is no
//! clock, no network, no randomness and no map with a random order in it; the caller carries out the effects, and hands in only what has
//! verified signatures. [`sim`] is such a caller with an artificial network. [`published`] is the protocol as it was published, which is
//! not safe; this is the repaired one.
//!
//! # The protocol
//!
//! `n >= 3 f + 1`, and a quorum is `q = floor((n + f) / 2) + 1` workers, from the configuration. View v is led by worker `v mod n`.
//! Each sequence is decided alone, so what follows is about one. The rules have numbers, [`Arm`], which [`Arm::rule`] gives in words.
//!
//! 1. A client tells a query to at least `2 f + 1` workers (S1). The leader of view 0 sends PRE-PREPARE (S2, S3).
//! 2. Each worker sends OUTPUT with the digest of its output, once in a view (O1 to O3).
//! 3. The leader takes `n - f` OUTPUTs and sends PROPOSE with them and their [`representative()`] (R1). Workers compute it again (R2).
//! 4. PREPARE for it (P1, P2). q equal PREPAREs lock a worker, which sends COMMIT (P3). q equal COMMITs decide (C1, C2).
//! 5. Fast path: equal OUTPUTs of all n workers decide (F1).
//! 6. A worker that has waited too long sends VIEW-CHANGE with its lock and its last OUTPUT (V1 to V4). q of them let the next leader send
//!    NEW-VIEW with them, and [`must_propose`] says which value it has to propose, or that it may ask for outputs (V5, V6, N1 to N3).
//! 7. A worker that has decided shows its certificate to those who have not (D1, D2).
//!
//! The three phases and the view change are those of PBFT (Castro and Liskov, OSDI 1999), with the value of a view chosen from outputs
//! instead of sent by a client. Locks are those of PBFT's prepared certificates. The fast path is that of Zyzzyva with all replicas
//! (Kotla et al., SOSP 2007). Its view change could lose decisions ("Revisiting fast practical Byzantine fault tolerance", Abraham et al.,
//! arXiv 1712.01367), so the count that makes it safe here stands at [`must_propose`].
//!
//! # What it promises
//!
//! With at most f Byzantine workers, whatever the network does:
//! - Agreement: no two honest workers decide differently for a sequence, and none changes its decision.
//! - Validity: a decided output is similar to one that an honest worker has signed, for a query that a client has signed. That there is no
//!   agreement is decided only when the outputs of honest workers are not all similar.
//!
//! When, in the end, messages arrive within a bounded time and no worker crashes any more:
//! - Termination: every honest worker that has heard of a query for the sequence decides, at the latest f + 2 views after the highest
//!   one of then, once views are long enough. When f + 1 honest workers have heard of it, all that are needed will. A worker that nobody
//!   has told anything does not know that there is something to decide; it learns it when it next speaks or is asked.
//!
//! A worker must keep [`Durable`] across a crash, and is otherwise Byzantine: [`sim`] shows for each part that agreement or termination
//! fails without it.
//!
//! # Traces
//!
//! A run of [`sim`] can write a trace, version 1, in ASCII: one JSON object a line, with `\n` after each. Every object has a member `line`:
//!
//! | line | members |
//! |---|---|
//! | `start` | `version`, `protocol` (`repaired` or `published`), `seed`, `workers`, `faults`, `quorum`, `radius`, `stabilisation`, `byzantine` (a list of workers), `strategies` |
//! | `event` | `time`, `worker`, `event`, members of the event, `arms` (a list of codes), and `refusal` if it was refused |
//! | `effect` | `time`, `worker`, `effect`, members of the effect; belongs to the last `event` line, in order |
//! | `crash` | `time`, `worker`, `lost`: so many of the effects of the worker's last event were not carried out; if any, that event is the one just before |
//! | `end` | `time`, `violations` (a list of names, each as often as it was seen) |
//!
//! A violation is one of `disagreement`, `changed`, `not-vouched`, `agreed`, `not-asked`, `undecided` and `late`, see [`sim::Violation`].
//! Only honest workers have lines. Two digests of a run are similar when they differ by at most `radius`. Numbers are whole and not negative.
//! Events: `submit` (`sequence`, `query`), `receive` (`signer`, a message), `computed` (`sequence`, `query`, `digest`), `tick` (`sequence`),
//! `restart`. Effects: `persist` (`sequence`, `query`, `view`, `lock`, `report`, `decision`), `broadcast` (a message), `send` (`to`, a message),
//! `compute` (`sequence`, `query`), `tick` (`sequence`), `decide` (`sequence`, `query`, `outcome`).
//!
//! A message has `message`, `view`, `sequence`, `query`, and: `pre-prepare` nothing more; `output`, `prepare`, `commit`: `outcome`;
//! `propose`: `outcome`, `outputs` (a list of `signer`, `digest`); `view-change`: `lock`, `report`; `new-view`: `outcome`, `view_changes` (a list of
//! `signer`, `view`, `sequence`, `query`, `lock`, `report`); `decided`: `certificate`. What there is not is left out. An outcome is a digest or
//! the text `no-agreement`. A lock, a decision and a certificate have `phase`, `view`, `sequence`, `query`, `outcome`, `signers`;
//! a report has `view`, `query`, `digest`.
//!
//! Traces of the published protocol have the same lines with the members of its messages and events, no arms, and `findings` at the end.

mod arm;
mod config;
mod instance;
mod message;
pub mod published;
mod representative;
pub mod sim;
mod worker;

pub use arm::{ARMS, Arm, REFUSALS, Refusal};
pub use config::{Config, ConfigError, RULES, Rule, WINDOW};
pub use instance::Durable;
pub use message::*;
pub use representative::{is_sound, must_propose, representative};
pub use worker::{Effect, Event, Step, Worker, step};
