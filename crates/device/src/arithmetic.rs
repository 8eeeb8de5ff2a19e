//! A machine as the arithmetic of a model: its linear layers and its attention are computed there, in the exact lane.

use crate::attention::{self, Held, Tables};
use crate::hash::{self, Numbers};
use crate::linear::{Placed, Planes, Way, product, start};
use crate::machine::Machine;
use crate::watched::Watched;
use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;
use bfv_exact::heads::{Handed, Heads};
use bfv_exact::model::Model;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Product};
use bfv_exact::spec::Named;
use bfv_exact::{Matrix, Refused};

/// Bytes from which on a cell is hashed on the machine. A shorter one is hashed by a core of the CPU in less time than launches for each row of the tree take. It is
/// reckoned by hand, as nothing was measured on a card so far: a core hashes some gigabytes a second, and a launch takes some microseconds.
pub const HASHED_FROM: usize = 1 << 18;

/// A machine that has the weights of a model in its memory.
pub struct OnMachine<'a, M: Machine, G> {
    machine: Watched<'a, M>,
    /// Each weight with its place. The model is borrowed, so a weight is known by where it lies.
    weights: Vec<(&'a Matrix<G>, Placed<M::Memory>)>,
    tables: Tables<M::Memory>,
    hashed_from: usize,
}

impl<'a, M: Machine, G: Planes + Named + Saturate> OnMachine<'a, M, G> {
    /// Puts the weights of all linear layers into the memory of the machine.
    ///
    /// # Errors
    /// There is no room for them.
    pub fn new(machine: &'a M, model: &'a Model<G>) -> Result<Self, Refused> {
        let machine = Watched::new(machine);
        let w = model.weights();
        let layers = w.layers.iter().flat_map(|l| [&l.query, &l.key, &l.value, &l.output, &l.gate, &l.up, &l.down]);
        let weights = layers.chain([&w.head]).map(|w| Ok((w, Placed::new(&machine, w)?)));
        let weights = weights.collect::<Result<_, Refused>>()?;
        let tables = Tables::new(&machine, model.powers())?;
        Ok(OnMachine { machine, weights, tables, hashed_from: HASHED_FROM })
    }

    /// The same with cells hashed on the machine from so many bytes on. The hashes are the same.
    #[must_use]
    pub fn hashing_from(self, bytes: usize) -> Self {
        OnMachine { hashed_from: bytes, ..self }
    }

    /// Why the machine has failed, where it has. From then on it computes nothing more, so what was refused was refused for that, and can be computed elsewhere.
    #[must_use]
    pub fn failed(&self) -> Option<Refused> {
        self.machine.failed()
    }

    /// Does something with the weights in the memory of the machine, which are put there for that where they are not the model's.
    fn with<T>(&self, w: &Matrix<G>, run: impl FnOnce(&Placed<M::Memory>) -> Result<T, Refused>) -> Result<T, Refused> {
        match self.weights.iter().find(|(own, _)| std::ptr::eq(*own, w)) {
            Some((_, w)) => run(w),
            None => run(&Placed::new(&self.machine, w)?),
        }
    }
}

impl<'a, M: Machine, G: Planes + Named + Saturate> Arithmetic<G> for OnMachine<'a, M, G> {
    type Held = Option<Held<M::Memory>>;

    fn lane(&self) -> Lane {
        Lane::Exact
    }

    fn product(&self, w: &Matrix<G>, x: &Matrix<G>) -> Result<Product<G::Sum>, Refused> {
        let (placed, way) = (Placed::new(&self.machine, x)?, Way::for_tokens(x.rows()));
        let sums = self.with(w, |w| product::<G, Watched<'a, M>>(&self.machine, w, &placed, way))?;
        Ok(Product { sums, residuals: None })
    }

    fn product_hashed(
        &self,
        w: &Matrix<G>,
        x: &Matrix<G>,
        width: usize,
    ) -> Result<(Product<G::Sum>, Option<Digest>), Refused> {
        let count = x.rows().saturating_mul(w.rows());
        if count.saturating_mul(width) < self.hashed_from {
            return Ok((self.product(w, x)?, None));
        }
        let (placed, way) = (Placed::new(&self.machine, x)?, Way::for_tokens(x.rows()));
        let sums = self.with(w, |w| start::<G, Watched<'a, M>>(&self.machine, w, &placed, way))?;
        let numbers = Numbers { memory: &sums, from: G::SUM, count, width };
        let hash = hash::cell(&self.machine, self.tables.key(), &numbers)?;
        let sums = Matrix::new("a linear layer", x.rows(), w.rows(), G::sums(&self.machine.download(&sums)?))?;
        Ok((Product { sums, residuals: None }, Some(hash)))
    }

    fn attention(
        &self,
        heads: &Heads<'_>,
        held: &mut Self::Held,
        done: &mut dyn FnMut(Handed) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        attention::each(&self.machine, &self.tables, heads, held, self.hashed_from, done)
    }
}
