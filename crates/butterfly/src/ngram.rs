//! What a model must beat: the likelihood of a character after those before it, counted and smoothed.
//!
//! The smoothing is that of Kneser and Ney (1995), interpolated and with three discounts for each length, as Chen and Goodman, "An empirical study of smoothing
//! techniques for language modeling" (1998) have it. A model of order n looks at n characters.

use crate::VOCAB;
use crate::numbers::count;
use bfv_model::Problem;

/// The most characters before one, so that they and it fit into 64 bits.
pub const MAX_ORDER: usize = 7;

/// What is known of contexts of one length.
#[derive(Debug, Clone)]
struct Level {
    /// Every context and the character after it as one number, with how often they were counted, in order.
    grams: Vec<(u64, u64)>,
    /// Every context, with the sum of its counts and how many characters have one, two, and three or more; in order.
    contexts: Vec<(u64, u64, [u64; 3])>,
    /// What is taken from counts of one, two, and three or more.
    discounts: [f64; 3],
}

impl Level {
    fn new(grams: Vec<(u64, u64)>) -> Level {
        let mut contexts: Vec<(u64, u64, [u64; 3])> = Vec::new();
        let mut of = [0_u64; 4];
        for (gram, n) in &grams {
            let context = gram >> 8;
            if contexts.last().is_none_or(|last| last.0 != context) {
                contexts.push((context, 0, [0; 3]));
            }
            if let Some((_, total, kinds)) = contexts.last_mut() {
                *total += n;
                if let Some(kind) = kinds.get_mut(kind(*n)) {
                    *kind += 1;
                }
            }
            if let Some(n) = usize::try_from(*n).ok().filter(|n| (1..=4).contains(n)) {
                of[n - 1] += 1;
            }
        }
        let [one, two, three, four] = of.map(|n| wide(n).max(1.0));
        let share = one / (one + 2.0 * two);
        let discounts =
            [1.0 - 2.0 * share * two / one, 2.0 - 3.0 * share * three / two, 3.0 - 4.0 * share * four / three];
        // A count is not made negative, and something is always left to shorter contexts.
        let discounts = [(discounts[0], 1.0), (discounts[1], 2.0), (discounts[2], 3.0)];
        Level { grams, contexts, discounts: discounts.map(|(d, most)| d.clamp(0.1, most - 0.05)) }
    }

    fn discount(&self, n: u64) -> f64 {
        self.discounts.get(kind(n)).copied().unwrap_or(0.0)
    }

    /// The likelihood of a character in a context, of one that is known, from that in the context that is one shorter.
    fn share(&self, context: u64, token: u8, shorter: f64) -> Option<f64> {
        let found = self.contexts.binary_search_by_key(&context, |c| c.0).ok()?;
        let (_, total, kinds) = self.contexts.get(found)?;
        let gram = (context << 8) | u64::from(token);
        let n = self.grams.binary_search_by_key(&gram, |g| g.0).ok().and_then(|i| self.grams.get(i)).map_or(0, |g| g.1);
        let own = if n == 0 { 0.0 } else { wide(n) - self.discount(n) };
        let left: f64 = kinds.iter().zip(self.discounts).map(|(kinds, d)| wide(*kinds) * d).sum();
        Some((own + left * shorter) / wide(*total))
    }
}

fn kind(n: u64) -> usize {
    usize::try_from(n.clamp(1, 3) - 1).unwrap_or(2)
}

fn wide(n: u64) -> f64 {
    usize::try_from(n).map_or(f64::MAX, count)
}

/// Counts of a text for all lengths up to an order.
#[derive(Debug, Clone)]
pub struct Counted {
    levels: Vec<Level>,
}

impl Counted {
    /// Counts a text.
    ///
    /// # Errors
    /// The order is above [`MAX_ORDER`], or the text is no longer than the order.
    pub fn new(text: &[u8], order: usize) -> Result<Counted, Problem> {
        if order > MAX_ORDER || text.len() <= order {
            let what = format!("The order is {order}, of {} characters.", text.len());
            return Err(Problem::new(
                "the counted characters",
                what,
                format!("Give an order up to {MAX_ORDER} and a longer text."),
            ));
        }
        let number = |w: &[u8]| w.iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
        let mut grams = tallied(text.windows(order + 1).map(|w| (number(w), 1)).collect());
        let mut levels = Vec::new();
        for length in (0..=order).rev() {
            // In shorter contexts it counts how many characters stand before, and not how often.
            let mask = (1_u64 << (8 * length)) - 1;
            let shorter = tallied(grams.iter().map(|(g, _)| (g & mask, 1)).collect());
            levels.push(Level::new(grams));
            grams = shorter;
        }
        levels.reverse();
        Ok(Counted { levels })
    }

    /// The likelihood of a character after others.
    #[must_use]
    pub fn likelihood(&self, before: &[u8], token: u8) -> f64 {
        let mut share = 1.0 / count(VOCAB);
        for (length, level) in self.levels.iter().enumerate() {
            let Some(start) = before.len().checked_sub(length) else { break };
            let context = before.get(start..).unwrap_or_default().iter().fold(0_u64, |n, b| (n << 8) | u64::from(*b));
            let Some(longer) = level.share(context, token, share) else { break };
            share = longer;
        }
        share
    }

    /// The mean cost of a character of a text in nats, each foretold from those before it.
    #[must_use]
    pub fn measured(&self, text: &[u8]) -> f64 {
        let most = self.levels.len().saturating_sub(1);
        let costs = text.iter().enumerate().map(|(i, token)| {
            let before = text.get(i.saturating_sub(most)..i).unwrap_or_default();
            -self.likelihood(before, *token).ln()
        });
        costs.sum::<f64>() / count(text.len().max(1))
    }
}

impl Counted {
    /// What a character of a text costs in nats where those on both sides of it are known: its share among all texts that differ from this one in that character at
    /// most. Only the likelihoods of the character and of so many behind it as the order is depend on it.
    #[must_use]
    pub fn cost_between(&self, text: &[u8], place: usize) -> f64 {
        let most = self.levels.len().saturating_sub(1);
        let Some(wanted) = text.get(place).copied() else { return 0.0 };
        let end = text.len().min(place.saturating_add(most).saturating_add(1));
        let before = text.get(place.saturating_sub(most)..place).unwrap_or_default();
        let behind = text.get(place + 1..end).unwrap_or_default();
        let logarithm = |token: u8| -> f64 {
            let around = [before, &[token], behind].concat();
            let of = |i: usize| {
                let seen = around.get(i.saturating_sub(most)..i).unwrap_or_default();
                around.get(i).map_or(0.0, |token| self.likelihood(seen, *token).ln())
            };
            (before.len()..around.len()).map(of).sum()
        };
        let all: Vec<f64> = (0..=u8::MAX).map(logarithm).collect();
        let largest = all.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        largest + all.iter().map(|l| (l - largest).exp()).sum::<f64>().ln() - logarithm(wanted)
    }

    /// The mean of that over a text.
    #[must_use]
    pub fn measured_between(&self, text: &[u8]) -> f64 {
        (0..text.len()).map(|i| self.cost_between(text, i)).sum::<f64>() / count(text.len().max(1))
    }
}

/// Numbers in order, each once, with the sums of what stands beside them.
fn tallied(mut all: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    all.sort_unstable();
    let mut out: Vec<(u64, u64)> = Vec::new();
    for (gram, n) in all {
        match out.last_mut() {
            Some(last) if last.0 == gram => last.1 += n,
            _ => out.push((gram, n)),
        }
    }
    out
}
