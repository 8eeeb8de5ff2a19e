//! Gates by table: one entry for every number of 16 bits, made by integer arithmetic.

use crate::fixed::{BITS, ERROR, ONE, exp_minus, ln2};
use crate::matrix::Matrix;
use crate::refused::Refused;
use crate::requantise::Saturate;

/// The function of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `max(x, 0)`.
    Relu,
    /// `x / (1 + exp(-x))`.
    Silu,
}

/// What a table is made from: the input q stands for `q / 2^input`, and an entry e for `e / 2^output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The function.
    pub function: Function,
    /// Fraction bits of the input, at most 15.
    pub input: u8,
    /// Fraction bits of an entry, at most 15.
    pub output: u8,
}

/// A table. Its entry for q is the whole number that is nearest to `2^output f(q / 2^input)`, ties upwards, saturated to 16 bits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    entries: Vec<i16>,
}

impl Gate {
    /// Makes the table.
    ///
    /// An entry is kept only if the whole interval in which the exact value lies is rounded to it.
    ///
    /// # Errors
    /// There are more than 15 fraction bits, or an entry is so near to a tie that the interval is rounded to two numbers.
    pub fn new(shape: Shape) -> Result<Self, Refused> {
        if shape.input > 15 || shape.output > 15 {
            let why = format!("{} and {} fraction bits must be at most 15", shape.input, shape.output);
            return Err(Refused::new("a gate", why));
        }
        let round = |a: i128| {
            // a stands for a / 2^(BITS + input), and is below 2^76 in size.
            let scaled = a << shape.output;
            let shift = BITS + u32::from(shape.input);
            // Below 2^31 in size.
            i16::saturate(i64::try_from((scaled + (1 << (shift - 1))) >> shift).unwrap_or_default())
        };
        let ln2 = ln2();
        let mut entries = Vec::with_capacity(1 << 16);
        for q in i16::MIN..=i16::MAX {
            let (low, high) = match shape.function {
                Function::Relu => (i128::from(q.max(0)) << BITS, i128::from(q.max(0)) << BITS),
                Function::Silu => silu(ln2, q, shape.input),
            };
            let (entry, other) = (round(low), round(high));
            if entry != other {
                return Err(Refused::new("a gate", format!("the entry for {q} is {entry} or {other}, by a tie")));
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }

    /// The entries in order of their inputs, from the least, each as two bytes, the low one first.
    pub fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.entries.iter().flat_map(|e| e.to_le_bytes())
    }

    /// The entry for an input.
    #[must_use]
    pub fn at(&self, q: i16) -> i16 {
        // The place is q + 2^15, and there are 2^16 entries.
        let place = usize::from((q ^ i16::MIN).cast_unsigned());
        self.entries.get(place).copied().unwrap_or_default()
    }

    /// The gated product `gate(g) * u` of each entry, which has at most 31 bits with its sign.
    ///
    /// # Errors
    /// The shapes differ.
    pub fn apply(&self, g: &Matrix<i16>, u: &Matrix<i16>) -> Result<Matrix<i32>, Refused> {
        if (g.rows(), g.cols()) != (u.rows(), u.cols()) {
            let why = format!("{} by {} and {} by {} differ", g.rows(), g.cols(), u.rows(), u.cols());
            return Err(Refused::new("a gate", why));
        }
        let products = g.entries().iter().zip(u.entries()).map(|(&g, &u)| i32::from(self.at(g)) * i32::from(u));
        Matrix::new("a gate", g.rows(), g.cols(), products.collect())
    }
}

/// Bounds on `q / (1 + exp(-q / 2^input))`, each divided by `2^60`.
fn silu(ln2: i128, q: i16, input: u8) -> (i128, i128) {
    let size = i128::from(q.unsigned_abs());
    let e = exp_minus(ln2, (size << BITS) >> input);
    let share = if q < 0 { e } else { ONE };
    // The exponential is within ERROR, and this has at most its slope, which is 1.
    let share = (share << BITS) / (ONE + e);
    // For positive q the value is less than q, however little; rounding it may depend on that.
    let (low, high) = (size * (share - ERROR - 1), (size * (share + ERROR + 1)).min(size * ONE - 1));
    match q.signum() {
        1 => (low, high),
        0 => (0, 0),
        _ => (-high, -low),
    }
}
