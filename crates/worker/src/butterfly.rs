//! Butterfly models as models over the integers.
//!
//! Their layers are those of models of the shape of Llama, so nothing is made twice: the weights become those of such a model, the reference runs with
//! what each layer sees, and the same rule takes both to whole numbers.

use crate::checkpoint::{Checkpoint, Layer};
use crate::config::{Config, Decimal};
use crate::float::{self, Ranges};
use crate::quantise::{Choice, Quantised, quantise_to};
use bfv_butterfly::{Net, Sight, VOCAB, net};
use bfv_exact::spec::Pairs;
use bfv_model::Problem;
use bfv_model::stored::Element;

fn number(n: usize) -> Result<u32, Problem> {
    u32::try_from(n).map_err(|_| Problem::new("a size", format!("{n} is too large."), "Use a smaller model."))
}

/// Whether a layer lets a query see a key, by their positions.
#[must_use]
pub fn sees(sight: Sight, chunk: usize, query: usize, key: usize) -> bool {
    let [asks, holds] = [query, key].map(|t| t.checked_div(chunk).unwrap_or(0));
    match sight {
        Sight::Back(_) => key <= query && (asks == holds || sight.reads(asks, usize::MAX) == Some(holds)),
        Sight::Flip(_) => asks == holds || sight.reads(asks, usize::MAX) == Some(holds),
    }
}

/// What is added in a norm, as the file of such a model would have it.
fn eps() -> Result<Decimal, Problem> {
    let none = || Problem::new("the norm", "What is added is not between 0 and 1.", "Report this.");
    Decimal::below_one(&format!("{:e}", net::EPS)).ok_or_else(none)
}

/// The weights as those of a model of the shape of Llama, of so many positions.
///
/// # Errors
/// A size is too large, or a layer has no seven matrices.
pub fn checkpoint(net: &Net, positions: u32) -> Result<Checkpoint, Problem> {
    let shape = &net.shape;
    let heads = number(shape.heads)?;
    let config = Config {
        width: number(shape.width)?,
        layers: number(shape.layers.len())?,
        heads,
        kv_heads: heads,
        head_width: number(shape.head_width)?,
        inner: number(shape.inner)?,
        vocab: number(VOCAB)?,
        positions,
        eps: eps()?,
        rope_base: shape.rope_base,
        window: None,
        tied: false,
    };
    let layer = |l: &net::Layer| {
        let matrices: Vec<_> = l.matrices.iter().map(|m| m.as_tensor().clone()).collect();
        let matrices = matrices.try_into();
        let matrices = matrices.map_err(|_| Problem::new("a layer", "It has no seven matrices.", "Report this."))?;
        Ok(Layer { matrices, first: l.first.as_tensor().clone(), second: l.second.as_tensor().clone() })
    };
    Ok(Checkpoint {
        config,
        embedding: net.embedding.as_tensor().clone(),
        layers: net.layers.iter().map(layer).collect::<Result<_, Problem>>()?,
        last: net.last.as_tensor().clone(),
        head: net.head.as_tensor().clone(),
    })
}

/// The logits of the reference at every position, and how large its values get.
///
/// # Errors
/// As [`float::forward`].
pub fn reference(net: &Net, tokens: &[u8]) -> Result<(Vec<Vec<f32>>, Ranges), Problem> {
    let tokens: Vec<u32> = tokens.iter().map(|t| u32::from(*t)).collect();
    let all = checkpoint(net, number(tokens.len().max(1))?)?;
    let (chunk, layers) = (net.shape.chunk, &net.shape.layers);
    let seen = |layer: usize, query: usize, key: usize| layers.get(layer).is_some_and(|s| sees(*s, chunk, query, key));
    float::forward_where(&all, &tokens, &seen)
}

/// Makes a model over the integers, of so many positions, with the ranges that the reference has on the tokens. It is a model like any other, whose
/// specification says what is paired.
///
/// # Errors
/// The tokens are too many for the reference, a layer looks ahead, or as in [`quantise_to`].
pub fn quantise<G: Element>(net: &Net, tokens: &[u8], positions: u32, choice: Choice) -> Result<Quantised<G>, Problem> {
    let digit = |s: &Sight| match s {
        Sight::Back(l) => u8::try_from(*l).ok(),
        Sight::Flip(_) => None,
    };
    let Some(digits) = net.shape.layers.iter().map(digit).collect() else {
        let what = "A layer has the published pairing, which looks ahead.";
        return Err(Problem::new("a model of whole numbers", what, "Use a model whose layers look back only."));
    };
    let pairs = Pairs { chunk: number(net.shape.chunk)?, digits };
    let (_, ranges) = reference(net, tokens)?;
    quantise_to(&checkpoint(net, positions)?, &ranges, positions, choice, Some(pairs))
}
