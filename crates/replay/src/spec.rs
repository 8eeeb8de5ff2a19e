//! What is computed beside the weights: sizes, the format of numbers, and what stands in norms and positions.

use crate::format::{Format, Mode};
use crate::soft;
use bfv_cert::digest::{Digest, spec_root};
use std::fmt;

/// Canonical bytes begin with this and a version.
const MAGIC: &[u8; 4] = b"bfvr";
const VERSION: u8 = 1;
/// The most coordinates of anything, and the most positions.
pub const SIDE_LIMIT: u32 = 1 << 20;
/// The most layers.
pub const LAYER_LIMIT: u32 = 256;
/// The widest head.
pub const HEAD_LIMIT: u32 = 1024;

/// Why there is no such model, layout or table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused(pub String);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Refused {}

/// What a model of the shape of Llama computes. Each number is at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draft {
    /// The format of weights and of what passes between operations, one of 16 bits.
    pub format: Format,
    /// Coordinates of the residual stream.
    pub width: u32,
    /// Layers.
    pub layers: u32,
    /// Query heads.
    pub heads: u32,
    /// Key heads, which divide the query heads.
    pub kv_heads: u32,
    /// Coordinates of a head, an even number.
    pub head_width: u32,
    /// Coordinates between the matrices of a gate.
    pub inner: u32,
    /// Tokens of the vocabulary.
    pub vocab: u32,
    /// Positions.
    pub positions: u32,
    /// Added to the mean of squares in a norm: bits of single precision, of a positive number.
    pub eps: u32,
    /// The base of the frequencies of positions, at least 2.
    pub rope_base: u32,
    /// How many keys a query sees at most, its own included.
    pub window: Option<u32>,
}

/// A specification whose sizes fit each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    draft: Draft,
    /// The reciprocal of the square root of the width of a head.
    scale: u32,
    /// The width as a number.
    count: u32,
}

impl Spec {
    /// Checks sizes.
    ///
    /// # Errors
    /// One is 0 or too large, heads do not divide, or numbers have no 16 bits.
    pub fn new(draft: Draft) -> Result<Spec, Refused> {
        let d = &draft;
        let refuse = |what: String| Err(Refused(what));
        let sizes = [
            ("width", d.width, SIDE_LIMIT),
            ("number of layers", d.layers, LAYER_LIMIT),
            ("number of heads", d.heads, SIDE_LIMIT / d.head_width.max(1)),
            ("number of key heads", d.kv_heads, d.heads),
            ("width of a head", d.head_width, HEAD_LIMIT),
            ("inner width", d.inner, SIDE_LIMIT),
            ("vocabulary", d.vocab, SIDE_LIMIT),
            ("number of positions", d.positions, SIDE_LIMIT),
            ("window", d.window.unwrap_or(1), SIDE_LIMIT),
        ];
        if let Some((what, n, most)) = sizes.into_iter().find(|(_, n, most)| !(1..=*most).contains(n)) {
            return refuse(format!("The {what} is {n}, and must be 1 to {most}."));
        }
        if !d.heads.is_multiple_of(d.kv_heads) || !d.head_width.is_multiple_of(2) {
            return refuse(format!(
                "There are {} heads for {} key heads, of width {}. They must divide, and the width must be even.",
                d.heads, d.kv_heads, d.head_width
            ));
        }
        if d.format == Format::F32 || d.rope_base < 2 {
            return refuse("Numbers must have 16 bits, and the base of positions must be at least 2.".to_owned());
        }
        if d.eps == 0 || d.eps >= Format::F32.infinity() {
            return refuse("What is added in a norm must be a positive number.".to_owned());
        }
        let scale = soft::div(whole(1), soft::sqrt(whole(d.head_width)));
        Ok(Spec { scale, count: whole(d.width), draft })
    }

    /// What it says.
    #[must_use]
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// The reciprocal of the square root of the width of a head, as bits.
    #[must_use]
    pub fn scale(&self) -> u32 {
        self.scale
    }

    /// The width of the residual stream, as bits.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.count
    }

    /// Canonical bytes: everything that says what is computed of given weights and tokens, but for the order of sums, which the kernel says.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let d = &self.draft;
        let numbers = [
            d.width,
            d.layers,
            d.heads,
            d.kv_heads,
            d.head_width,
            d.inner,
            d.vocab,
            d.positions,
            d.eps,
            d.rope_base,
            d.window.unwrap_or(0),
        ];
        let numbers = numbers.into_iter().flat_map(u32::to_le_bytes);
        MAGIC.iter().copied().chain([VERSION, d.format.code()]).chain(numbers).collect()
    }

    /// What a certificate names as the specification.
    #[must_use]
    pub fn root(&self) -> Digest {
        spec_root(&self.bytes())
    }
}

/// A whole number, as the nearest number of single precision.
#[must_use]
pub fn whole(n: u32) -> u32 {
    Format::F32.round(Mode::Nearest, false, n.into(), 0)
}

/// The nearest number of single precision to `digits * 10^tens`, as bits: what a decimal number of a file stands for. Nothing where there are no digits, more than 60 bits
/// of them, an exponent beyond 18, or where the number is infinite.
#[must_use]
pub fn decimal(digits: u64, tens: i32) -> Option<u32> {
    if digits == 0 || !(-18..=18).contains(&tens) || digits >> 60 != 0 {
        return None;
    }
    let (digits, power) = (u128::from(digits), 10u128.pow(tens.unsigned_abs()));
    let bits = if tens >= 0 {
        Format::F32.round(Mode::Nearest, false, digits * power, 0)
    } else {
        // The dividend has 125 bits and the quotient at least 65, and in its last bit whether anything is left: so it is rounded once.
        let by = digits.leading_zeros() - 3;
        let (quotient, rest) = ((digits << by) / power, (digits << by) % power);
        Format::F32.round(Mode::Nearest, false, quotient << 1 | u128::from(rest != 0), -by.cast_signed() - 1)
    };
    Format::F32.is_finite(bits).then_some(bits)
}

/// Cosines and sines of every pair of a head at the positions from 0 on, in single precision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turns {
    pairs: usize,
    /// A cosine and a sine for each pair, position after position.
    entries: Vec<(u32, u32)>,
}

impl Turns {
    /// Rounds cosines and sines that come as whole numbers in units of `2^-unit`, for each position and pair.
    #[must_use]
    pub fn new(pairs: usize, unit: i32, all: impl IntoIterator<Item = (i128, i128)>) -> Turns {
        let round = |x: i128| Format::F32.round(Mode::Nearest, x < 0, x.unsigned_abs(), -unit);
        Turns { pairs, entries: all.into_iter().map(|(c, s)| (round(c), round(s))).collect() }
    }

    /// Cosine and sine of a pair at a position, where there are any.
    #[must_use]
    pub fn of(&self, position: u32, pair: usize) -> Option<(u32, u32)> {
        let row = usize::try_from(position).ok()?.checked_mul(self.pairs)?;
        self.entries.get(row.checked_add(pair)?).copied()
    }
}
