//! Where integers are computed: on a card where there is one, otherwise on the CPU. The numbers are the same.

use crate::args::Args;
use crate::{Stop, say};
use bfv_cert::certificate::Execution;
use bfv_device::arithmetic::OnMachine;
use bfv_device::cuda::{Absent, Cuda};
use bfv_device::kernels::identity;
use bfv_device::linear::Planes;
use bfv_device::watched::Watched;
use bfv_exact::Refused;
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::Named;
use bfv_worker::card::{Whole, whole, whole_of};
use bfv_worker::prove::Failure;
use bfv_worker::single::execution;

/// The flag.
pub const FLAG: &str = "--device";

/// Where integers are computed.
pub enum Place {
    /// On the CPU, and why there is no card where one would have been taken.
    Cpu(Option<Absent>),
    /// On a card, and whether on nothing else.
    Card(Box<Cuda>, bool),
    /// On the CPU, as the card of this name has failed in the middle.
    Failed(String, Refused),
}

impl Place {
    /// The place of the flag: `auto` where nothing is said.
    ///
    /// # Errors
    /// The flag has another word, or names a card and there is none.
    pub fn of(args: &Args) -> Result<Place, Stop> {
        let card = |only| Cuda::open().map(|cuda| Place::Card(cuda.into(), only));
        match args.maybe(FLAG).unwrap_or("auto") {
            "cpu" => Ok(Place::Cpu(None)),
            "auto" => Ok(card(false).unwrap_or_else(|absent| Place::Cpu(Some(absent)))),
            "cuda" => card(true)
                .map_err(|absent| Stop::Usage(format!("The flag {FLAG} has cuda. {absent} Write auto or cpu."))),
            other => Err(Stop::Usage(format!("The flag {FLAG} has {other}. Write auto, cpu or cuda."))),
        }
    }

    /// Computes with a model on the card, or on the CPU; on the CPU from the start where the card fails, unless it is the card that was asked for. Gives the place where
    /// all of it was computed.
    ///
    /// # Errors
    /// What is computed is refused, or the card that was asked for fails.
    pub fn compute<G: Planes + Named + Saturate, T>(
        self,
        model: &Model<G>,
        there: impl FnOnce(&OnMachine<'_, Cuda, G>) -> Result<T, Failure>,
        here: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(T, Place), Stop> {
        self.by(here, |cuda, here| whole(cuda, model, there, here))
    }

    /// The same without a model.
    ///
    /// # Errors
    /// As [`Place::compute`].
    pub fn compute_plain<T>(
        self,
        there: impl FnOnce(&Watched<'_, Cuda>) -> Result<T, Failure>,
        here: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<(T, Place), Stop> {
        self.by(here, |cuda, here| whole_of(cuda, there, here))
    }

    fn by<T, H: FnOnce() -> Result<T, Failure>>(
        self,
        here: H,
        whole: impl FnOnce(&Cuda, &mut dyn FnMut(&Refused) -> Result<T, Failure>) -> Result<Whole<T>, Failure>,
    ) -> Result<(T, Place), Stop> {
        let Place::Card(cuda, only) = self else { return Ok((here()?, self)) };
        let mut here = Some(here);
        let mut otherwise = |why: &Refused| match here.take().filter(|_| !only) {
            Some(here) => here(),
            None => Err(Failure::Card(why.clone())),
        };
        let Whole { value, failed } = whole(&cuda, &mut otherwise)?;
        let place = match failed {
            None => Place::Card(cuda, only),
            Some(why) => Place::Failed(cuda.name().to_owned(), why),
        };
        Ok((value, place))
    }

    /// What a certificate says of a card: the kernels and the class of the card. It is for information, as the exact lane has no tolerance.
    pub fn execution(&self, prompt: usize, answer: usize) -> Option<Execution> {
        match self {
            Place::Cpu(_) | Place::Failed(..) => None,
            Place::Card(cuda, _) => execution(identity(), cuda.capability(), prompt, answer),
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
            Place::Card(cuda, _) => Some(format!("The card {} has computed this.", cuda.name())),
            Place::Failed(card, why) => {
                Some(format!("The card {card} has failed. {why} The CPU has computed all of this from its start."))
            }
        }
    }
}
