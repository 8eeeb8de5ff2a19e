//! Who computes an answer: a machine, or the CPU where the machine fails. Never both: an answer that a machine has begun and not ended is computed from its start, so that
//! what a certificate says of how it was computed holds of all of it.

use crate::prove::Failure;
use bfv_device::Machine;
use bfv_device::arithmetic::OnMachine;
use bfv_device::linear::Planes;
use bfv_device::watched::Watched;
use bfv_exact::Refused;
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::spec::Named;

/// What was computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole<T> {
    /// All of it, by one of both.
    pub value: T,
    /// Why the machine has failed, where it was not the machine.
    pub failed: Option<Refused>,
}

/// Computes with the weights of a model in the memory of a machine. Where the machine fails, nothing of that is left, and it is done otherwise, from the start. What is
/// refused for another reason is refused.
///
/// # Errors
/// What is computed is refused, or it is refused to do it otherwise.
pub fn whole<M: Machine, G: Planes + Named + Saturate, T>(
    machine: &M,
    model: &Model<G>,
    there: impl FnOnce(&OnMachine<'_, M, G>) -> Result<T, Failure>,
    here: impl FnOnce(&Refused) -> Result<T, Failure>,
) -> Result<Whole<T>, Failure> {
    match OnMachine::new(machine, model) {
        Ok(by) => otherwise(there(&by), by.failed(), here),
        // The weights were checked with the model, so it is the machine.
        Err(why) => otherwise(Err(Failure::Model(why.clone())), Some(why), here),
    }
}

/// The same without a model.
///
/// # Errors
/// As [`whole`].
pub fn whole_of<M: Machine, T>(
    machine: &M,
    there: impl FnOnce(&Watched<'_, M>) -> Result<T, Failure>,
    here: impl FnOnce(&Refused) -> Result<T, Failure>,
) -> Result<Whole<T>, Failure> {
    let machine = Watched::new(machine);
    otherwise(there(&machine), machine.failed(), here)
}

fn otherwise<T>(
    there: Result<T, Failure>,
    failed: Option<Refused>,
    here: impl FnOnce(&Refused) -> Result<T, Failure>,
) -> Result<Whole<T>, Failure> {
    match (there, failed) {
        // What ended was computed by the machine to its end.
        (Ok(value), None) => Ok(Whole { value, failed: None }),
        (Err(why), None) => Err(why),
        (_, Some(why)) => Ok(Whole { value: here(&why)?, failed: Some(why) }),
    }
}
