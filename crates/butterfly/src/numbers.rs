//! Counts as floats, and random numbers that are the same in every run.

/// A count as a float. Counts here have far fewer than 53 bits.
#[expect(clippy::cast_precision_loss, reason = "counts are small")]
pub(crate) fn count(n: usize) -> f64 {
    n as f64
}

/// A float in single precision.
#[expect(clippy::cast_possible_truncation, reason = "single precision is what is wanted")]
pub(crate) fn single(x: f64) -> f32 {
    x as f32
}

/// Numbers of a linear congruence (Knuth, "The art of computer programming", volume 2, 1997).
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        let mut random = Random(seed);
        random.below(2);
        random
    }

    /// A number below another one, which is at least 1 and has at most 31 bits.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from((self.0 >> 33) % u64::try_from(most.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// Between 0 and 1, both excluded.
    pub(crate) fn unit(&mut self) -> f64 {
        (count(self.below(1 << 30)) + 0.5) / count(1 << 30)
    }

    /// A number of the standard normal distribution (Box and Muller, 1958).
    pub(crate) fn normal(&mut self) -> f64 {
        let (a, b) = (self.unit(), self.unit());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}
