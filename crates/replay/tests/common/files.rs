//! A random float model as the files that are common for such models.

use crate::float::{draft, weights};
use bfv_model::stored::{EMBEDDING, FIRST_NORM, HEAD, LAST_NORM, LAYER_MATRICES, SECOND_NORM, of_layer};
use bfv_replay::spec::Draft;
use bfv_replay::weights::shapes;
use bfv_replay::{Format, Weights};

/// `config.json` and `model.safetensors` of the model with these weights.
pub fn files(d: &Draft, w: &Weights) -> (String, Vec<u8>) {
    let config = format!(
        r#"{{"model_type": "llama", "hidden_act": "silu", "hidden_size": {}, "num_attention_heads": {}, "num_key_value_heads": {},
  "head_dim": {}, "intermediate_size": {}, "vocab_size": {}, "num_hidden_layers": {}, "max_position_embeddings": {},
  "rms_norm_eps": 1e-05, "rope_theta": {}, "tie_word_embeddings": {}}}"#,
        d.width,
        d.heads,
        d.kv_heads,
        d.head_width,
        d.inner,
        d.vocab,
        d.layers,
        d.positions,
        d.rope_base,
        w.head.is_none()
    );
    let dtype = if d.format == Format::F16 { "F16" } else { "BF16" };
    let (mut header, mut data) = (Vec::new(), Vec::new());
    let mut put = |name: &str, shape: &[usize], entries: &[u16]| {
        let from = data.len();
        data.extend(entries.iter().flat_map(|x| x.to_le_bytes()));
        header.push(format!(
            "\"{name}\":{{\"dtype\":\"{dtype}\",\"shape\":{shape:?},\"data_offsets\":[{from},{}]}}",
            data.len()
        ));
    };
    let (width, vocab) = (d.width as usize, d.vocab as usize);
    put(EMBEDDING, &[vocab, width], &w.embedding);
    for (i, layer) in w.layers.iter().enumerate() {
        for ((name, entries), (rows, cols)) in LAYER_MATRICES.iter().zip(&layer.matrices).zip(shapes(d)) {
            put(&of_layer(i, name), &[rows, cols], entries);
        }
        put(&of_layer(i, FIRST_NORM), &[width], &layer.first);
        put(&of_layer(i, SECOND_NORM), &[width], &layer.second);
    }
    put(LAST_NORM, &[width], &w.last);
    if let Some(head) = &w.head {
        put(HEAD, &[vocab, width], head);
    }
    let header = format!("{{{}}}", header.join(","));
    (config, [&(header.len() as u64).to_le_bytes(), header.as_bytes(), &data].concat())
}

/// The files of the usual draft.
pub fn usual(format: Format, seed: u64) -> (String, Vec<u8>) {
    let d = draft(format);
    files(&d, &weights(&d, seed))
}
