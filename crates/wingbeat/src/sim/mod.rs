//! A deterministic simulator: time, network, crashes and Byzantine workers from a seed, and checks of what must hold.

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

pub use adversary::{STRATEGIES, Strategy};
pub use net::{Net, Partition};
pub use replay::{Conforming, Departure, Fault, NotConforming, replay};
pub use run::{Run, Violation, run};
pub use scenario::{Crash, Forget, Outputs, RADIUS, Scenario, similar};
pub use trace::{Trace, VERSION};
