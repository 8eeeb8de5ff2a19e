//! Which token comes next, as a function of logits and of random words that the caller supplies.

use crate::attention::Powers;
use crate::refused::{Refused, index, number};
use crate::requantise::Scale;

/// Weights of the most likely token.
const UNIT: u32 = 1 << 30;
/// All of the probability, for [`Draw::top_p`].
pub const ALL: u32 = 1 << 16;

/// How a token is chosen. One behaviour has one form: drawing from one token only is [`Sampler::Greedy`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampler {
    /// The largest logit; of several, that with the lowest index.
    Greedy,
    /// A random one.
    Draw(Draw),
}

/// A random choice: the weight of a token is `2^30 2^-t`, where t is the distance of its logit from the largest, scaled by the
/// inverse temperature. Of all tokens the `top_k` heaviest are kept, then of these the fewest of the heaviest whose total is at least
/// the share `top_p / 2^16`. Of equal logits the lower index counts as heavier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Draw {
    scale: Scale,
    top_k: u32,
    top_p: u32,
}

impl Draw {
    /// A random choice. The scale takes a difference of logits to `1/1024` of an octave. All tokens are kept with `top_k` the size of
    /// the vocabulary, and with `top_p` [`ALL`].
    ///
    /// # Errors
    /// `top_k` is below 2, or `top_p` is 0 or above [`ALL`].
    pub fn new(scale: Scale, top_k: u32, top_p: u32) -> Result<Self, Refused> {
        if top_k < 2 {
            return Err(Refused::new(
                "a sampler",
                format!("top_k is {top_k}, and must be at least 2; one token is greedy"),
            ));
        }
        if top_p == 0 || top_p > ALL {
            return Err(Refused::new("a sampler", format!("top_p is {top_p}, and must be 1 to {ALL}")));
        }
        Ok(Self { scale, top_k, top_p })
    }

    /// The inverse temperature.
    #[must_use]
    pub fn scale(self) -> Scale {
        self.scale
    }

    /// How many tokens are kept at most.
    #[must_use]
    pub fn top_k(self) -> u32 {
        self.top_k
    }

    /// Which share of the weights is kept at least, in parts of [`ALL`].
    #[must_use]
    pub fn top_p(self) -> u32 {
        self.top_p
    }

    /// The kept tokens with their weights, in order of index.
    fn kept(self, powers: &Powers, logits: &[i32]) -> Vec<(usize, u64)> {
        let largest = logits.iter().copied().max().unwrap_or(0);
        let heavier = |&a: &usize, &b: &usize| logits.get(b).cmp(&logits.get(a)).then(a.cmp(&b));
        let mut order: Vec<usize> = (0..logits.len()).collect();
        let k = index(self.top_k);
        if k < order.len() {
            order.select_nth_unstable_by(k, heavier);
            order.truncate(k);
        }
        if self.top_p < ALL {
            order.sort_unstable_by(heavier);
        } else {
            order.sort_unstable();
        }
        let weight = |i: usize| {
            let distance = i64::from(largest) - logits.get(i).copied().map_or(0, i64::from);
            (i, u64::from(powers.weight(UNIT, self.scale.apply(distance))))
        };
        let mut kept: Vec<(usize, u64)> = order.into_iter().map(weight).collect();
        if self.top_p < ALL {
            let total: u64 = kept.iter().map(|(_, w)| w).sum();
            let mut sum = 0;
            let enough = kept.iter().position(|(_, w)| {
                sum += w;
                // Both sides are below 2^66.
                u128::from(sum) * u128::from(ALL) >= u128::from(total) * u128::from(self.top_p)
            });
            kept.truncate(enough.map_or(kept.len(), |last| last + 1));
            kept.sort_unstable();
        }
        kept
    }
}

impl Sampler {
    /// The index of the chosen token.
    ///
    /// Greedy uses no random word. A draw takes the kept tokens in order of index, with S the total of their weights, and chooses the
    /// first at which the sum of the weights so far exceeds `floor(word S / 2^64)`. A weight is missed or met by less than `2^-64`.
    ///
    /// # Errors
    /// There are no logits, or more than `2^20`.
    pub fn choose(self, powers: &Powers, logits: &[i32], word: u64) -> Result<usize, Refused> {
        if logits.is_empty() || number(logits.len()) > 1 << 20 {
            let why = format!("there are {} logits, and there must be 1 to {}", logits.len(), 1 << 20);
            return Err(Refused::new("a sampler", why));
        }
        Ok(match self {
            Self::Greedy => greedy(logits),
            Self::Draw(draw) => {
                let kept = draw.kept(powers, logits);
                let total: u64 = kept.iter().map(|(_, w)| w).sum();
                let mark = (u128::from(word) * u128::from(total)) >> 64;
                let mut sum = 0u128;
                let mut past = kept.iter().filter(|(_, w)| {
                    sum += u128::from(*w);
                    sum > mark
                });
                past.next().map_or_else(|| greedy(logits), |(i, _)| *i)
            }
        })
    }
}

/// The first place of the largest number.
fn greedy(logits: &[i32]) -> usize {
    logits.iter().enumerate().rev().max_by_key(|(_, l)| **l).map_or(0, |(i, _)| i)
}
