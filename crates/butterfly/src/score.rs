//! Scoring from both sides: how much each character of a text surprises a model that sees all others around it.

use crate::holes::{HOLE, Holed, free};
use crate::net::{Net, candle};
use crate::numbers::count;
use crate::shape::Shape;
use bfv_model::Problem;
use candle_core::{D, Tensor};

/// Of so many characters one is hidden at a time, so that all within fifteen of a hidden one are seen.
pub const SPACING: usize = 16;

/// What a model makes of a character.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Score {
    /// What it costs, in nats.
    pub cost: f64,
    /// The character that the model holds the likeliest here.
    pub likeliest: u8,
    /// What that one would have cost, in nats.
    pub least: f64,
}

/// The characters that a model sees at once: the chunks that its layers mix, of which there are `2^m` for m digits.
#[must_use]
pub fn window(shape: &Shape) -> usize {
    let digits = shape.layers.iter().map(|s| s.digit() + 1).max().unwrap_or(0);
    shape.chunk.saturating_mul(1usize.checked_shl(digits).unwrap_or(usize::MAX))
}

/// Scores every character of a text, each hidden once while all within `spacing - 1` of it are seen.
///
/// A window of the text is seen at a time, and windows overlap by a half: so a character is scored with a quarter of a window or more on each side, or with
/// all there is. A text that is shorter than a window has holes behind it.
///
/// # Errors
/// The model only looks back, the text is empty or has the character of holes, the spacing is 0, or the float library fails.
pub fn scores(net: &Net, text: &[u8], spacing: usize) -> Result<Vec<Score>, Problem> {
    if net.shape.writes() {
        let what = "All of its layers look back.";
        return Err(Problem::new("the model that scores", what, "Use a model with the published pairing."));
    }
    if text.is_empty() {
        return Err(Problem::new("the text to score", "It has no characters.", "Give a text with characters."));
    }
    if spacing == 0 {
        let what = "Of 0 characters one is to be hidden.";
        return Err(Problem::new("the spacing of hidden characters", what, "Give 1 or more."));
    }
    free(text)?;
    let window = window(&net.shape);
    let mut padded = text.to_vec();
    // A whole number of chunks; holes are characters that are not known.
    padded.resize(text.len().next_multiple_of(net.shape.chunk), HOLE);
    let mut found = Vec::with_capacity(text.len());
    while found.len() < text.len() {
        // The window in the middle of which the next character stands, as far as there is text.
        let start = found.len().saturating_sub(window / 4).min(padded.len().saturating_sub(window));
        let seen = padded.get(start..padded.len().min(start + window)).unwrap_or_default();
        let last = start + seen.len();
        let end = if last >= text.len() { text.len() } else { found.len() + window / 2 };
        found.extend(scored(net, seen, found.len() - start..end - start, spacing)?);
    }
    Ok(found)
}

/// The scores of a range of a window.
fn scored(net: &Net, seen: &[u8], range: std::ops::Range<usize>, spacing: usize) -> Result<Vec<Score>, Problem> {
    let mut all: Vec<(usize, Score)> = Vec::new();
    for offset in 0..spacing.min(range.len()) {
        let holed = Holed::new(seen, range.clone().skip(offset).step_by(spacing));
        let logits = net.foretold(std::slice::from_ref(&holed))?;
        let found = costs(&logits, &holed).map_err(candle)?;
        all.extend(holed.hidden().iter().map(|h| h.0).zip(found));
    }
    all.sort_by_key(|s| s.0);
    Ok(all.into_iter().map(|s| s.1).collect())
}

fn costs(logits: &Tensor, holed: &Holed) -> candle_core::Result<Vec<Score>> {
    let sums: Vec<f32> = logits.log_sum_exp(D::Minus1)?.to_vec1()?;
    let rows: Vec<Vec<f32>> = logits.to_vec2()?;
    let score = |((row, sum), (_, own)): ((&Vec<f32>, &f32), &(usize, u8))| {
        let cost = |token: u8| f64::from(*sum) - f64::from(row.get(usize::from(token)).copied().unwrap_or(f32::MIN));
        let best = (0..=u8::MAX).min_by(|a, b| cost(*a).total_cmp(&cost(*b))).unwrap_or(0);
        Score { cost: cost(*own), likeliest: best, least: cost(best) }
    };
    Ok(rows.iter().zip(&sums).zip(holed.hidden()).map(score).collect())
}

/// The mean cost in nats.
#[must_use]
pub fn mean(scores: &[Score]) -> f64 {
    scores.iter().map(|s| s.cost).sum::<f64>() / count(scores.len().max(1))
}
