//! The file `config.json` that comes with a model of the shape of Llama.
//!
//! A field that is not known here may change what is computed, so it is refused. Known are those that say what is computed, each with the
//! values that workers compute, and those that say nothing about it.

use crate::fields::{Fields, Found};
use crate::json;
use crate::problem::Problem;
use std::fmt;

/// Fields that do not change what is computed of given tokens.
const SILENT: [&str; 15] = [
    "_name_or_path",
    "attention_dropout",
    "bos_token_id",
    "dtype",
    "eos_token_id",
    "hidden_dropout",
    "initializer_range",
    "pad_token_id",
    "torch_dtype",
    "transformers_version",
    "use_cache",
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "max_length",
];
/// The largest whole number of a size.
const SIZE: u32 = 1 << 20;

/// A positive decimal number, `digits * 10^tens`, as a file has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    /// Its digits.
    pub digits: u64,
    /// The power of ten.
    pub tens: i32,
}

impl Decimal {
    /// A number between 0 and 1, as JSON writes it, of at most 18 digits and not below `10^-18`.
    #[must_use]
    pub fn below_one(text: &str) -> Option<Decimal> {
        let (mantissa, tens) = match text.split_once(['e', 'E']) {
            Some((mantissa, tens)) => (mantissa, tens.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (whole, rest) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let rest = rest.trim_end_matches('0');
        let digits: u64 =
            Some([whole, rest].concat()).filter(|d| d.trim_start_matches('0').len() <= 18)?.parse().ok()?;
        let tens = tens.checked_sub(i32::try_from(rest.len()).ok()?)?;
        // Below 1 when the digits are fewer than the places behind the point.
        let power = 10u64.checked_pow(tens.checked_neg()?.try_into().ok()?)?;
        (digits > 0 && tens >= -18 && digits < power).then_some(Decimal { digits, tens })
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}e{}", self.digits, self.tens)
    }
}

/// What is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Coordinates of the residual stream.
    pub width: u32,
    /// Layers.
    pub layers: u32,
    /// Query heads.
    pub heads: u32,
    /// Key heads.
    pub kv_heads: u32,
    /// Coordinates of a head.
    pub head_width: u32,
    /// Coordinates between the matrices of a gate.
    pub inner: u32,
    /// Tokens of the vocabulary.
    pub vocab: u32,
    /// Positions.
    pub positions: u32,
    /// Added to the mean of squares in a norm, between 0 and 1.
    pub eps: Decimal,
    /// The base of the frequencies of rotary positions.
    pub rope_base: u32,
    /// How many keys a query sees at most, its own included.
    pub window: Option<u32>,
    /// Whether the head is the embedding.
    pub tied: bool,
}

impl Config {
    /// Reads the file.
    ///
    /// # Errors
    /// The first thing that is wrong or that workers do not compute, with its place and how to mend it.
    pub fn read(file: &[u8]) -> Result<Config, Problem> {
        let text = json::text(file)?;
        let tree = json::read(text)?;
        let mut f = Fields::new(text, &tree)?;
        SILENT.into_iter().for_each(|name| drop(f.maybe(name)));
        fixed(&mut f)?;
        let size = |f: &mut Fields<'_>, name| f.must(name)?.whole(1, SIZE);
        let (width, heads) = (size(&mut f, "hidden_size")?, size(&mut f, "num_attention_heads")?);
        let kv_heads = f.maybe("num_key_value_heads").map_or(Ok(heads), |k| k.whole(1, SIZE))?;
        let head_width = match f.maybe("head_dim").filter(|d| !d.is_null()) {
            Some(d) => d.whole(1, SIZE)?,
            None if width.is_multiple_of(heads) => width / heads,
            None => {
                let hidden = f.must("hidden_size")?;
                return Err(hidden.problem("The heads do not divide the width.", "Write head_dim."));
            }
        };
        let positions = size(&mut f, "max_position_embeddings")?;
        let window = f.maybe("sliding_window").filter(|w| !w.is_null()).map(|w| w.whole(1, SIZE)).transpose()?;
        let config = Config {
            width,
            layers: size(&mut f, "num_hidden_layers")?,
            heads,
            kv_heads,
            head_width,
            inner: size(&mut f, "intermediate_size")?,
            vocab: size(&mut f, "vocab_size")?,
            positions,
            eps: eps(&f.must("rms_norm_eps")?)?,
            rope_base: rope(&mut f)?,
            // A window over all positions is none.
            window: window.filter(|w| *w < positions),
            tied: f.maybe("tie_word_embeddings").map_or(Ok(false), |t| t.truth())?,
        };
        f.end()?;
        Ok(config)
    }
}

/// Fields that must have one value, if they are there.
fn fixed(f: &mut Fields<'_>) -> Result<(), Problem> {
    f.must("model_type")?.one_of(&[("llama", ()), ("mistral", ())])?;
    f.must("hidden_act")?.one_of(&[("silu", ())])?;
    if let Some(names) = f.maybe("architectures") {
        names.list(1)?.iter().try_for_each(|n| n.one_of(&[("LlamaForCausalLM", ()), ("MistralForCausalLM", ())]))?;
    }
    if let Some(parts) = f.maybe("pretraining_tp") {
        parts.whole(1, 1)?;
    }
    for name in ["attention_bias", "mlp_bias"] {
        if let Some(bias) = f.maybe(name)
            && bias.truth()?
        {
            return Err(bias.problem("Linear layers with a bias are not computed here.", "Use a model without."));
        }
    }
    match f.maybe("rope_scaling").filter(|r| !r.is_null()) {
        None => Ok(()),
        Some(r) => Err(r.problem("Scaled rotary positions are not computed here.", "Use a model without.")),
    }
}

/// The base, in a field of its own or among the parameters of newer files.
fn rope(f: &mut Fields<'_>) -> Result<u32, Problem> {
    let plain = f.maybe("rope_theta").map(|t| base(&t)).transpose()?;
    let Some(parameters) = f.maybe("rope_parameters") else { return Ok(plain.unwrap_or(10_000)) };
    let mut p = parameters.object()?;
    p.must("rope_type")?.one_of(&[("default", ())])?;
    let theta = base(&p.must("rope_theta")?)?;
    p.end()?;
    if plain.is_some_and(|plain| plain != theta) {
        return Err(parameters.problem("This base differs from rope_theta.", "Write one base."));
    }
    Ok(theta)
}

/// A whole number, which may be written as `10000.0`.
fn base(found: &Found<'_>) -> Result<u32, Problem> {
    let written = found.number()?;
    let digits =
        written.split_once('.').filter(|(_, rest)| rest.bytes().all(|b| b == b'0')).map_or(written, |(n, _)| n);
    digits.parse().ok().filter(|n| *n >= 2).ok_or_else(|| {
        found.problem("The base of positions is no whole number from 2 on.", "Use a model with such a base.")
    })
}

fn eps(found: &Found<'_>) -> Result<Decimal, Problem> {
    Decimal::below_one(found.number()?).ok_or_else(|| {
        let what = "What is added in a norm must be between 0 and 1, with at most 18 digits.";
        found.problem(what, "Write a number such as 1e-5.")
    })
}
