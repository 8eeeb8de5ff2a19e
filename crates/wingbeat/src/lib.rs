//! Wingbeat.
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
