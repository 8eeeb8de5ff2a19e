//! A machine as the arithmetic of a model: its linear layers and its attention are computed there, in the exact lane.

use crate::attention;
use crate::linear::{Placed, Planes, Way, product};
use crate::machine::Machine;
use bfv_cert::certificate::Lane;
use bfv_exact::attention::{Attention, Head};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Product};
use bfv_exact::spec::Named;
use bfv_exact::{Matrix, Refused};

/// A machine that has the weights of a model in its memory.
pub struct OnMachine<'a, M: Machine, G> {
    machine: &'a M,
    /// Each weight with its place. The model is borrowed, so a weight is known by where it lies.
    weights: Vec<(&'a Matrix<G>, Placed<M::Memory>)>,
}

impl<'a, M: Machine, G: Planes + Named + Saturate> OnMachine<'a, M, G> {
    /// Puts the weights of all linear layers into the memory of the machine.
    ///
    /// # Errors
    /// There is no room for them.
    pub fn new(machine: &'a M, model: &'a Model<G>) -> Result<Self, Refused> {
        let w = model.weights();
        let layers = w.layers.iter().flat_map(|l| [&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down]);
        let weights = layers.chain([&w.head]).map(|w| Ok((w, Placed::new(machine, w)?)));
        Ok(OnMachine { machine, weights: weights.collect::<Result<_, Refused>>()? })
    }
}

impl<M: Machine, G: Planes + Named + Saturate> Arithmetic<G> for OnMachine<'_, M, G> {
    fn lane(&self) -> Lane {
        Lane::Exact
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        let placed = Placed::new(self.machine, x)?;
        let way = Way::for_tokens(x.rows());
        let sums = match self.weights.iter().find(|(own, _)| std::ptr::eq(*own, w)) {
            Some((_, w)) => product::<G, M>(self.machine, w, &placed, way)?,
            None => product::<G, M>(self.machine, &Placed::new(self.machine, w)?, &placed, way)?,
        };
        Ok(Product { sums, residuals: None })
    }

    fn attention(
        &self,
        attention: &Attention<'_>,
        width: usize,
        qkv: [&Matrix<i16>; 3],
        done: &mut dyn FnMut(usize, Head) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        attention::grouped(self.machine, attention, width, qkv, done)
    }
}
