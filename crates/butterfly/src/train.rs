//! Learning by gradient descent, the same in every run on the same machine.

use crate::VOCAB;
use crate::holes::{Holed, LEARNED_SPACING, free};
use crate::net::{Net, candle};
use crate::numbers::{Random, count};
use bfv_model::Problem;
use candle_core::{D, Device, Result, Tensor, Var};

/// How a model is learned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recipe {
    /// The seed of weights and of what is drawn.
    pub seed: u64,
    /// Steps.
    pub steps: usize,
    /// Sequences in a step.
    pub batch: usize,
    /// How many threads share the sequences of a step. Another number changes roundings only.
    pub threads: usize,
    /// Tokens of a sequence, a multiple of the chunk; one more is drawn, to be foretold.
    pub length: usize,
    /// The largest rate. It grows to that in the first twentieth of the steps, and falls as a cosine to a twentieth of it.
    pub rate: f64,
    /// By which share of itself times the rate every matrix shrinks in a step.
    pub decay: f64,
    /// The largest length of all gradients together; longer ones are scaled down to it.
    pub clip: f64,
}

impl Recipe {
    /// The recipe of the model of this project, whose sizes are [`crate::Shape::of_recipe`]. A sequence is as long as the reach of the mixing layers.
    pub const OWN: Recipe =
        Recipe { seed: 20_261_127, steps: 3200, batch: 4, threads: 2, length: 512, rate: 2e-3, decay: 0.05, clip: 1.0 };

    /// The recipe of the model that scores from both sides, whose sizes are [`crate::Shape::of_scoring`]. A sequence is as long as what the model sees.
    pub const SCORING: Recipe =
        Recipe { seed: 20_261_128, steps: 1800, batch: 8, threads: 2, length: 256, rate: 4e-3, decay: 0.05, clip: 1.0 };

    /// The rate of a step, from 0.
    #[must_use]
    pub fn rate(&self, step: usize) -> f64 {
        let (done, all) = (count(step) + 1.0, count(self.steps.max(1)));
        let warm = (all / 20.0).max(1.0);
        let falling = (done - warm).max(0.0) / (all - warm).max(1.0);
        let least = 0.05;
        self.rate
            * (done / warm).min(1.0)
            * (least + (1.0 - least) * (1.0 + (std::f64::consts::PI * falling).cos()) / 2.0)
    }
}

/// The mean cost in nats of foretelling what is wanted, without the first `skip` positions of each sequence of a length.
pub(crate) fn cost(logits: &Tensor, wanted: Vec<u32>, length: usize, skip: usize) -> Result<Tensor> {
    let rows = wanted.len();
    let chosen = logits.gather(&Tensor::from_vec(wanted, (rows, 1), &Device::Cpu)?, D::Minus1)?;
    let costs = (logits.log_sum_exp(D::Minus1)?.reshape((rows, 1))? - chosen)?;
    let batch = rows.checked_div(length).unwrap_or(0);
    costs.reshape((batch, length))?.narrow(1, skip.min(length), length.saturating_sub(skip))?.contiguous()?.mean_all()
}

/// What Adam keeps of a weight.
struct Moments {
    mean: Tensor,
    square: Tensor,
}

/// What is drawn for a step.
enum Drawn {
    /// Of a model that writes: each character is foretold from those before it.
    Next(Vec<u8>),
    /// Of one that looks ahead: hidden characters are foretold from all others.
    Hidden(Holed),
}

impl Drawn {
    /// The mean cost of some, which are all of one kind.
    fn cost(net: &Net, part: &[Drawn]) -> std::result::Result<Tensor, Problem> {
        let (mut next, mut hidden) = (Vec::new(), Vec::new());
        for drawn in part {
            match drawn {
                Drawn::Next(sequence) => next.push(sequence.clone()),
                Drawn::Hidden(holed) => hidden.push(holed.clone()),
            }
        }
        if net.shape.writes() { net.loss(&next, 0) } else { net.hidden_loss(&hidden) }
    }
}

/// Learns from a text, and hands over the cost of every step on what was drawn for it. A model that writes learns to foretell each next character, and one that
/// looks ahead learns hidden ones: of [`LEARNED_SPACING`] characters one is hidden, at places that are drawn.
///
/// The steps are those of Adam (Kingma and Ba, 2014) with the decay beside them (Loshchilov and Hutter, 2017).
///
/// # Errors
/// The text is no longer than a sequence, the length is no multiple of the chunk, the text has the character of hidden ones where a model learns these, or
/// the float library fails.
pub fn learn(
    net: &Net,
    text: &[u8],
    recipe: &Recipe,
    mut told: impl FnMut(usize, f64),
) -> std::result::Result<(), Problem> {
    let writes = net.shape.writes();
    if !writes {
        free(text)?;
    }
    let whole = recipe.length + 1;
    let Some(starts) = text.len().checked_sub(recipe.length).filter(|n| *n > 0) else {
        let what = format!("It has {} characters, and a sequence has {whole}.", text.len());
        return Err(Problem::new("the text", what, "Give a longer text."));
    };
    let mut random = Random::new(recipe.seed);
    let mut moments: Vec<Moments> = zeros(net).map_err(candle)?;
    for step in 0..recipe.steps {
        let draw = |_| {
            let start = random.below(starts);
            let drawn = text.get(start..start + whole).unwrap_or_default();
            match drawn.split_last() {
                Some((_, given)) if !writes => Drawn::Hidden(Holed::drawn(given, LEARNED_SPACING, &mut random)),
                _ => Drawn::Next(drawn.to_vec()),
            }
        };
        let drawn: Vec<Drawn> = (0..recipe.batch).map(draw).collect();
        let (cost, gradients) = shared(net, &drawn, recipe.threads)?;
        descend(net, recipe, step, &gradients, &mut moments).map_err(candle)?;
        told(step, cost);
    }
    Ok(())
}

fn zeros(net: &Net) -> Result<Vec<Moments>> {
    net.vars().into_iter().map(|v| Ok(Moments { mean: v.zeros_like()?, square: v.zeros_like()? })).collect()
}

/// The gradient of every weight, in the order of [`Net::vars`].
type Gradients = Vec<Tensor>;

/// The mean cost of some sequences and its gradients, where threads share the sequences. What they find is added in the order of the sequences.
fn shared(net: &Net, drawn: &[Drawn], threads: usize) -> std::result::Result<(f64, Gradients), Problem> {
    let own = |part: &[Drawn]| -> std::result::Result<(f64, Gradients), Problem> {
        let loss = Drawn::cost(net, part)?;
        gradients(net, &loss, count(part.len()) / count(drawn.len())).map_err(candle)
    };
    let parts = drawn.chunks(drawn.len().div_ceil(threads.max(1)).max(1));
    let found: Vec<_> = std::thread::scope(|s| {
        let spawned: Vec<_> = parts.map(|part| s.spawn(|| own(part))).collect();
        spawned.into_iter().map(|t| t.join().unwrap_or_else(|_| Err(ended()))).collect()
    });
    let mut found = found.into_iter();
    let (mut cost, mut sums) = found.next().unwrap_or_else(|| own(drawn))?;
    for more in found {
        let (own, gradients) = more?;
        cost += own;
        let added = sums.iter().zip(&gradients).map(|(a, b)| a + b).collect::<Result<_>>();
        sums = added.map_err(candle)?;
    }
    Ok((cost, sums))
}

fn ended() -> Problem {
    Problem::new("learning", "A thread has ended before its time.", "Report this.")
}

/// The cost and its gradients, times a share of the whole.
fn gradients(net: &Net, loss: &Tensor, share: f64) -> Result<(f64, Gradients)> {
    let found = loss.backward()?;
    let own = |v: &Var| match found.get(v.as_tensor()) {
        Some(g) => g * share,
        None => v.zeros_like(),
    };
    let all = net.vars().into_iter().map(own).collect::<Result<_>>()?;
    Ok((f64::from(loss.to_scalar::<f32>()?) * share, all))
}

/// One step.
fn descend(net: &Net, recipe: &Recipe, step: usize, gradients: &[Tensor], moments: &mut [Moments]) -> Result<()> {
    let mut square = 0.0;
    for g in gradients {
        square += f64::from(g.sqr()?.sum_all()?.to_scalar::<f32>()?);
    }
    let scale = (recipe.clip / square.sqrt().max(f64::MIN_POSITIVE)).min(1.0);
    let rate = recipe.rate(step);
    let power = i32::try_from(step + 1).unwrap_or(i32::MAX);
    let (first, second) = (1.0 - 0.9_f64.powi(power), 1.0 - 0.99_f64.powi(power));
    for ((v, g), m) in net.vars().into_iter().zip(gradients).zip(moments) {
        let g = (g * scale)?;
        m.mean = ((&m.mean * 0.9)? + (&g * 0.1)?)?.detach();
        m.square = ((&m.square * 0.99)? + (g.sqr()? * 0.01)?)?.detach();
        let by = ((&m.mean / first)? / ((&m.square / second)?.sqrt()? + 1e-8)?)?;
        let shrunk = match v.dims().len() {
            2 => (v.as_tensor() * (1.0 - rate * recipe.decay))?,
            _ => v.as_tensor().clone(),
        };
        v.set(&(shrunk - (by * rate)?)?.detach())?;
    }
    Ok(())
}

/// The mean cost in nats of a character of a text, each foretold from at least `context` characters before it, or from all there are.
///
/// # Errors
/// The context is no multiple of the chunk, or the text is no longer than twice the context.
pub fn measured(net: &Net, text: &[u8], context: usize) -> std::result::Result<f64, Problem> {
    let refuse = |what: String| Err(Problem::new("the text to measure", what, "Give a longer text, or less context."));
    if context == 0 || !context.is_multiple_of(net.shape.chunk) {
        return refuse(format!("A context of {context} is no multiple of the chunk of {}.", net.shape.chunk));
    }
    let window = 2 * context;
    if text.len() <= window {
        return refuse(format!("It has {} characters, and must have more than {window}.", text.len()));
    }
    let (mut sum, mut counted) = (0.0, 0);
    let mut add = |start: usize, skip: usize| -> std::result::Result<(), Problem> {
        let part = text.get(start..start + window + 1).unwrap_or_default().to_vec();
        let mean = net.loss(&[part], skip)?.to_scalar::<f32>().map_err(candle)?;
        sum += f64::from(mean) * count(window - skip);
        counted += window - skip;
        Ok(())
    };
    add(0, 0)?;
    let mut done = window;
    while done + 1 < text.len() {
        // The last window is moved back, so that it ends with the text.
        let start = (done - context).min(text.len() - window - 1);
        add(start, done - start)?;
        done = start + window;
    }
    Ok(sum / count(counted))
}

/// What every character would cost if all were equally likely, in nats.
#[must_use]
pub fn uniform() -> f64 {
    count(VOCAB).ln()
}
