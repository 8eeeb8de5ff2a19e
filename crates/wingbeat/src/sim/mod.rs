//! A deterministic simulator: time, network, crashes and Byzantine workers from a seed, and checks of what must hold.

mod abstraction;
mod adversary;
mod books;
mod net;
pub mod published;
mod random;
mod reader;
mod replay;
mod run;
mod scenario;
mod trace;
mod watch;

pub use abstraction::{Abstract, Action, Actions, Argument, Fact, Stand, Which};
pub use adversary::{STRATEGIES, Strategy};
pub use net::{Net, Partition};
pub use replay::{Altered, Conforming, Departure, Fault, NotConforming, Replayed, replay, replay_altered};
pub use run::{Run, run};
pub use scenario::{Crash, Forget, Outputs, RADIUS, Scenario, similar};
pub use trace::{Trace, VERSION};
pub use watch::Violation;
