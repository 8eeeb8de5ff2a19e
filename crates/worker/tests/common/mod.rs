//! Tiny random models, written as files, and the same models as plain numbers.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_worker::checkpoint::Checkpoint;
use bfv_worker::config::Config;
use std::collections::BTreeMap;

#[path = "../../../exact/tests/common/mod.rs"]
mod numbers;

pub use numbers::Random;

/// What else is drawn here.
pub trait Draw {
    fn normal(&mut self) -> f32;
    fn tokens(&mut self, n: usize, vocab: u32) -> Vec<u32>;
}

impl Draw for Random {
    /// Nearly a normal number: a sum of uniform ones, with variance 1.
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation)]
    fn normal(&mut self) -> f32 {
        let sum: f64 = (0..12).map(|_| (self.word() >> 11) as f64 / (1u64 << 53) as f64).sum();
        (sum - 6.0) as f32
    }

    fn tokens(&mut self, n: usize, vocab: u32) -> Vec<u32> {
        (0..n).map(|_| u32::try_from(self.below(vocab as usize)).unwrap()).collect()
    }
}

/// A tensor of a file: type, shape, values.
#[derive(Clone)]
pub struct Entry {
    pub dtype: &'static str,
    pub shape: Vec<usize>,
    pub values: Vec<f32>,
}

/// A model: sizes and tensors.
#[derive(Clone)]
pub struct Tiny {
    pub width: usize,
    pub heads: usize,
    pub kv_heads: usize,
    pub head_width: usize,
    pub inner: usize,
    pub vocab: usize,
    pub layers: usize,
    pub window: Option<usize>,
    pub tied: bool,
    pub tensors: BTreeMap<String, Entry>,
}

pub const EPS: f64 = 1e-5;
pub const BASE: f64 = 10_000.0;

impl Tiny {
    pub fn new(seed: u64) -> Tiny {
        Tiny::sized(seed, [16, 4, 2, 6, 24, 13, 2])
    }

    pub fn sized(seed: u64, [width, heads, kv_heads, head_width, inner, vocab, layers]: [usize; 7]) -> Tiny {
        let mut r = Random(seed);
        let mut tensors = BTreeMap::new();
        #[allow(clippy::cast_precision_loss)]
        let mut put = |name: String, shape: &[usize]| {
            let n: usize = shape.iter().product();
            let values = match shape {
                // Gains are near 1.
                [_] => (0..n).map(|_| 1.0 + 0.2 * r.normal()).collect(),
                _ => {
                    let size = if name.contains("embed") { 1.0 } else { (shape[1] as f32).sqrt().recip() };
                    (0..n).map(|_| size * r.normal()).collect()
                }
            };
            tensors.insert(name, Entry { dtype: "F32", shape: shape.to_vec(), values });
        };
        put("model.embed_tokens.weight".into(), &[vocab, width]);
        for i in 0..layers {
            let mut of = |part: &str, shape: &[usize]| put(format!("model.layers.{i}.{part}.weight"), shape);
            of("self_attn.q_proj", &[heads * head_width, width]);
            of("self_attn.k_proj", &[kv_heads * head_width, width]);
            of("self_attn.v_proj", &[kv_heads * head_width, width]);
            of("self_attn.o_proj", &[width, heads * head_width]);
            of("mlp.gate_proj", &[inner, width]);
            of("mlp.up_proj", &[inner, width]);
            of("mlp.down_proj", &[width, inner]);
            of("input_layernorm", &[width]);
            of("post_attention_layernorm", &[width]);
        }
        put("model.norm.weight".into(), &[width]);
        put("lm_head.weight".into(), &[vocab, width]);
        Tiny { width, heads, kv_heads, head_width, inner, vocab, layers, window: None, tied: false, tensors }
    }

    pub fn config(&self) -> String {
        let window = self.window.map_or("null".into(), |w| w.to_string());
        format!(
            r#"{{"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "torch_dtype": "float32",
  "hidden_size": {}, "num_attention_heads": {}, "num_key_value_heads": {}, "head_dim": {}, "intermediate_size": {},
  "vocab_size": {}, "num_hidden_layers": {}, "max_position_embeddings": 64, "rms_norm_eps": 1e-05, "rope_theta": 10000.0,
  "sliding_window": {window}, "tie_word_embeddings": {}, "rope_scaling": null, "attention_bias": false}}"#,
            self.width, self.heads, self.kv_heads, self.head_width, self.inner, self.vocab, self.layers, self.tied
        )
    }

    pub fn file(&self) -> Vec<u8> {
        let (mut header, mut data) = (Vec::new(), Vec::new());
        for (name, e) in &self.tensors {
            let from = data.len();
            e.values.iter().for_each(|v| data.extend(encode(e.dtype, *v)));
            let to = data.len();
            header.push(format!(
                "\"{name}\":{{\"dtype\":\"{}\",\"shape\":{:?},\"data_offsets\":[{from},{to}]}}",
                e.dtype, e.shape
            ));
        }
        file(&format!("{{\"__metadata__\":{{\"format\":\"pt\"}},{}}}", header.join(",")), &data)
    }

    pub fn checkpoint(&self) -> Checkpoint {
        Checkpoint::read(Config::read(self.config().as_bytes()).unwrap(), &self.file()).unwrap()
    }

    fn matrix(&self, name: &str) -> Vec<Vec<f64>> {
        let e = &self.tensors[name];
        e.values.chunks(e.shape[1]).map(|r| r.iter().map(|v| f64::from(*v)).collect()).collect()
    }

    fn gains(&self, name: &str) -> Vec<f64> {
        self.tensors[name].values.iter().map(|v| f64::from(*v)).collect()
    }

    /// Logits of every position, in plain loops over floats of 64 bits.
    #[allow(clippy::cast_precision_loss)]
    pub fn logits(&self, tokens: &[u32]) -> Vec<Vec<f64>> {
        let embedding = self.matrix("model.embed_tokens.weight");
        let mut x: Vec<Vec<f64>> = tokens.iter().map(|t| embedding[*t as usize].clone()).collect();
        let d = self.head_width;
        for i in 0..self.layers {
            let name = |part: &str| format!("model.layers.{i}.{part}.weight");
            let linear = |part: &str, x: &[Vec<f64>]| product(&self.matrix(&name(part)), x);
            let n = norm(&self.gains(&name("input_layernorm")), &x);
            let turn = |x: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
                let rows = x.into_iter().enumerate().map(|(p, row)| {
                    let heads = row.chunks(d).flat_map(|head| {
                        (0..d).map(|j| {
                            let angle = p as f64 / BASE.powf((2 * (j % (d / 2))) as f64 / d as f64);
                            // Half of a head rotated against the other, as in Hugging Face's `rotate_half`.
                            let other = if j < d / 2 { -head[j + d / 2] } else { head[j - d / 2] };
                            head[j] * angle.cos() + other * angle.sin()
                        })
                    });
                    heads.collect()
                });
                rows.collect()
            };
            let (q, k, v) = (
                turn(linear("self_attn.q_proj", &n)),
                turn(linear("self_attn.k_proj", &n)),
                linear("self_attn.v_proj", &n),
            );
            let mixed: Vec<Vec<f64>> = (0..tokens.len())
                .map(|t| {
                    let heads = (0..self.heads).flat_map(|h| {
                        let kv = h / (self.heads / self.kv_heads);
                        let first = self.window.map_or(0, |w| (t + 1).saturating_sub(w));
                        let score = |s: usize| {
                            let (q, k) = (&q[t][h * d..(h + 1) * d], &k[s][kv * d..(kv + 1) * d]);
                            q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>() / (d as f64).sqrt()
                        };
                        let weights: Vec<f64> = (first..=t).map(|s| score(s).exp()).collect();
                        let total: f64 = weights.iter().sum();
                        let v = &v;
                        (0..d).map(move |j| {
                            let sum: f64 = weights.iter().enumerate().map(|(s, w)| w * v[first + s][kv * d + j]).sum();
                            sum / total
                        })
                    });
                    heads.collect()
                })
                .collect();
            add(&mut x, &linear("self_attn.o_proj", &mixed));
            let n = norm(&self.gains(&name("post_attention_layernorm")), &x);
            let (mut gate, up) = (linear("mlp.gate_proj", &n), linear("mlp.up_proj", &n));
            for (g, u) in gate.iter_mut().flatten().zip(up.iter().flatten()) {
                *g = *g / (1.0 + (-*g).exp()) * u;
            }
            add(&mut x, &linear("mlp.down_proj", &gate));
        }
        let head = if self.tied { "model.embed_tokens.weight" } else { "lm_head.weight" };
        product(&self.matrix(head), &norm(&self.gains("model.norm.weight"), &x))
    }
}

fn product(w: &[Vec<f64>], x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    x.iter().map(|x| w.iter().map(|w| w.iter().zip(x).map(|(w, x)| w * x).sum()).collect()).collect()
}

#[allow(clippy::cast_precision_loss)]
fn norm(gains: &[f64], x: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let rows = x.iter().map(|x| {
        let root = (x.iter().map(|x| x * x).sum::<f64>() / x.len() as f64 + EPS).sqrt();
        x.iter().zip(gains).map(|(x, g)| x / root * g).collect()
    });
    rows.collect()
}

fn add(x: &mut [Vec<f64>], y: &[Vec<f64>]) {
    x.iter_mut().flatten().zip(y.iter().flatten()).for_each(|(x, y)| *x += y);
}

/// A value in the bytes of its type; small whole multiples of powers of two are the same in all three.
pub fn encode(dtype: &str, v: f32) -> Vec<u8> {
    let bits = v.to_bits();
    match dtype {
        "F32" => v.to_le_bytes().to_vec(),
        // The upper half of a float of 32 bits.
        "BF16" => (bits >> 16).to_le_bytes()[..2].to_vec(),
        "F16" => {
            let (sign, exponent, fraction) = (bits >> 31, (bits >> 23) & 255, bits & 0x7f_ffff);
            let half = match exponent {
                0 => sign << 15,
                255 => sign << 15 | 31 << 10 | fraction >> 13,
                e => sign << 15 | (e - 112) << 10 | fraction >> 13,
            };
            half.to_le_bytes()[..2].to_vec()
        }
        "I8" => vec![0],
        "F64" => f64::from(v).to_le_bytes().to_vec(),
        other => panic!("{other}"),
    }
}

/// A file of this header and these bytes.
pub fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}
