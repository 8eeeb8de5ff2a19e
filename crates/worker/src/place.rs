//! Where integers are computed: on a card where there is one, otherwise on the CPU. The numbers are the same.

use crate::args::Args;
use crate::{Stop, say};
use bfv_cert::certificate::Execution;
use bfv_device::cuda::{Absent, Cuda};
use bfv_device::kernels::identity;
use bfv_worker::single::execution;

/// The flag.
pub const FLAG: &str = "--device";

/// Where integers are computed.
pub enum Place {
    /// On the CPU, and why there is no card where one would have been taken.
    Cpu(Option<Absent>),
    /// On a card.
    Card(Box<Cuda>),
}

impl Place {
    /// The place of the flag: `auto` where nothing is said.
    ///
    /// # Errors
    /// The flag has another word, or names a card and there is none.
    pub fn of(args: &Args) -> Result<Place, Stop> {
        match args.maybe(FLAG).unwrap_or("auto") {
            "cpu" => Ok(Place::Cpu(None)),
            "auto" => Ok(Cuda::open().map_or_else(|absent| Place::Cpu(Some(absent)), |cuda| Place::Card(cuda.into()))),
            "cuda" => {
                let none = |absent| Stop::Usage(format!("The flag {FLAG} has cuda. {absent} Write auto or cpu."));
                Cuda::open().map(|cuda| Place::Card(cuda.into())).map_err(none)
            }
            other => Err(Stop::Usage(format!("The flag {FLAG} has {other}. Write auto, cpu or cuda."))),
        }
    }

    /// What a certificate says of a card: the kernels and the class of the card. It is for information, as the exact lane has no tolerance.
    pub fn execution(&self, prompt: usize, answer: usize) -> Option<Execution> {
        match self {
            Place::Cpu(_) => None,
            Place::Card(cuda) => execution(identity(), cuda.capability(), prompt, answer),
        }
    }

    /// Says where it was computed, unless the CPU was asked for.
    pub fn tell(&self) {
        self.told().into_iter().for_each(say);
    }

    /// Where it was computed, unless the CPU was asked for.
    pub fn told(&self) -> Option<String> {
        match self {
            Place::Cpu(None) => None,
            Place::Cpu(Some(absent)) => Some(format!("The CPU has computed this. {absent}")),
            Place::Card(cuda) => Some(format!("The card {} has computed this.", cuda.name())),
        }
    }
}
