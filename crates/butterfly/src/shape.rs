//! Sizes of a model, and which chunks its layers pair.

use crate::VOCAB;
use bfv_model::Problem;

/// The most layers.
pub const MAX_LAYERS: usize = 256;
/// The largest digit of a chunk's number by which chunks are paired.
pub const MAX_DIGIT: u32 = 20;
/// The most tokens of a chunk, coordinates of the residual stream, and coordinates between the matrices of a gate.
pub const MAX_SIDE: usize = 4096;

/// Which chunk a chunk attends to beside itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// Chunk i attends to chunk i - 2^l, where there is one, and to itself up to the token that asks. Nothing looks ahead, so a model of such layers writes.
    Back(u32),
    /// The published pairing: chunk i and chunk i xor 2^l attend to both of them, all tokens. It looks ahead, so a model with such a layer scores what is there.
    Flip(u32),
}

impl Sight {
    /// The digit l.
    #[must_use]
    pub fn digit(self) -> u32 {
        match self {
            Sight::Back(l) | Sight::Flip(l) => l,
        }
    }

    /// The chunk that this chunk, of so many, attends to beside itself.
    #[must_use]
    pub fn reads(self, chunk: usize, chunks: usize) -> Option<usize> {
        let far = 1usize.checked_shl(self.digit())?;
        match self {
            Sight::Back(_) => chunk.checked_sub(far),
            Sight::Flip(_) => Some(chunk ^ far).filter(|other| *other < chunks),
        }
    }
}

/// Sizes that were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Coordinates of the residual stream.
    pub width: usize,
    /// Heads.
    pub heads: usize,
    /// Coordinates of a head, an even number.
    pub head_width: usize,
    /// Coordinates between the matrices of a gate.
    pub inner: usize,
    /// Tokens of a chunk.
    pub chunk: usize,
    /// What each layer pairs.
    pub layers: Vec<Sight>,
    /// The base of the frequencies of rotary positions.
    pub rope_base: u32,
}

impl Shape {
    /// The sizes of the model of this project: two layers that see the chunk before, three that mix eight chunks, and one of refinement.
    #[must_use]
    pub fn of_recipe() -> Shape {
        let layers = Shape::writing(2, 3, 1);
        Shape { width: 128, heads: 4, head_width: 32, inner: 320, chunk: 64, layers, rope_base: 10_000 }
    }

    /// The sizes of the model of this project that scores from both sides, with the published pairing: it sees eight chunks, which are shorter than those of the model
    /// that writes. Positions turn faster, since no two characters that see each other are farther apart than 256.
    #[must_use]
    pub fn of_scoring() -> Shape {
        let layers = Shape::writing(2, 3, 1);
        Shape { width: 96, heads: 3, head_width: 32, inner: 256, chunk: 32, layers, rope_base: 100 }.scoring()
    }

    /// Checks sizes.
    ///
    /// # Errors
    /// A size is 0 or too large, or a head has an odd number of coordinates.
    pub fn checked(self) -> Result<Shape, Problem> {
        let refuse = |what: String| Err(Problem::new("the sizes of a butterfly model", what, "Change that size."));
        let sizes = [
            ("coordinates", self.width, MAX_SIDE),
            ("heads", self.heads, MAX_SIDE),
            ("coordinates of a head", self.head_width, MAX_SIDE),
            ("inner coordinates", self.inner, MAX_SIDE),
            ("tokens of a chunk", self.chunk, MAX_SIDE),
            ("layers", self.layers.len(), MAX_LAYERS),
        ];
        for (what, n, most) in sizes {
            if n == 0 || n > most {
                return refuse(format!("There are {n} {what}, and there must be 1 to {most}."));
            }
        }
        if !self.head_width.is_multiple_of(2) {
            return refuse(format!("A head has {} coordinates, which is an odd number.", self.head_width));
        }
        if self.rope_base < 2 {
            return refuse(format!("The base of positions is {}, and must be 2 or more.", self.rope_base));
        }
        if let Some(l) = self.layers.iter().map(|s| s.digit()).find(|l| *l > MAX_DIGIT) {
            return refuse(format!("A layer pairs chunks by digit {l}, and the last one is {MAX_DIGIT}."));
        }
        Ok(self)
    }

    /// The layers of a model that writes: so many that see the chunk before, then one for each digit below `digits`, then so many that see the chunk before.
    #[must_use]
    pub fn writing(local: usize, digits: u32, refining: usize) -> Vec<Sight> {
        let near = |n| std::iter::repeat_n(Sight::Back(0), n);
        near(local).chain((0..digits).map(Sight::Back)).chain(near(refining)).collect()
    }

    /// The same layers with the published pairing, for scoring from both sides.
    #[must_use]
    pub fn scoring(self) -> Shape {
        let layers = self.layers.into_iter().map(|s| Sight::Flip(s.digit())).collect();
        Shape { layers, ..self }
    }

    /// Whether no layer looks ahead.
    #[must_use]
    pub fn writes(&self) -> bool {
        self.layers.iter().all(|s| matches!(s, Sight::Back(_)))
    }

    /// The sides of the seven matrices of a layer, in the order of `bfv_model::stored::LAYER_MATRICES`: rows are what comes out.
    #[must_use]
    pub fn matrices(&self) -> [[usize; 2]; 7] {
        let all = self.heads * self.head_width;
        let (width, inner) = (self.width, self.inner);
        [[all, width], [all, width], [all, width], [width, all], [inner, width], [inner, width], [width, inner]]
    }

    /// How many weights there are.
    #[must_use]
    pub fn weights(&self) -> usize {
        let layer: usize = self.matrices().iter().map(|[a, b]| a * b).sum();
        self.layers.len() * (layer + 2 * self.width) + self.width + 2 * VOCAB * self.width
    }
}
