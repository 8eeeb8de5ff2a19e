//! Files of models: what is read, and that everything else is refused with its reason.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use bfv_worker::checkpoint::Checkpoint;
use bfv_worker::config::Config;
use bfv_worker::float::forward;
use common::{Entry, Tiny};

fn config(tiny: &Tiny) -> Config {
    Config::read(tiny.config().as_bytes()).unwrap()
}

fn refused(tiny: &Tiny, why: &str) {
    let problem = Checkpoint::read(config(tiny), &tiny.file()).unwrap_err();
    assert!(problem.to_string().contains(why), "{problem}");
    for sentence in [&problem.what, &problem.mend] {
        assert!(sentence.split(' ').count() <= 20 && sentence.ends_with('.') && sentence.is_ascii(), "{sentence}");
    }
}

/// Numbers that floats of 16 bits of both kinds have.
fn coarse() -> Tiny {
    let mut tiny = Tiny::new(5);
    tiny.tensors.values_mut().flat_map(|e| &mut e.values).for_each(|v| *v = (*v * 16.0).round() / 16.0);
    tiny
}

#[test]
fn all_three_types_of_floats_are_read_alike() {
    let tokens = [1, 5, 12, 0];
    let expected = forward(&coarse().checkpoint(), &tokens).unwrap().0;
    for dtype in ["BF16", "F16"] {
        let mut tiny = coarse();
        tiny.tensors.values_mut().for_each(|e| e.dtype = dtype);
        assert_eq!(forward(&tiny.checkpoint(), &tokens).unwrap().0, expected, "{dtype}");
    }
    let mut mixed = coarse();
    for (e, dtype) in mixed.tensors.values_mut().zip(["BF16", "F16", "F32"].into_iter().cycle()) {
        e.dtype = dtype;
    }
    assert_eq!(forward(&mixed.checkpoint(), &tokens).unwrap().0, expected);
}

#[test]
fn a_missing_surplus_or_misshapen_tensor_is_refused() {
    let names: Vec<String> = Tiny::new(6).tensors.keys().cloned().collect();
    for name in &names {
        let mut tiny = Tiny::new(6);
        let e = tiny.tensors.remove(name).unwrap();
        refused(&tiny, &format!("tensor {name}: It is missing."));
        // A row less.
        let mut less = e.clone();
        less.shape[0] -= 1;
        less.values.truncate(less.shape.iter().product());
        tiny.tensors.insert(name.clone(), less);
        refused(&tiny, &format!("tensor {name}: Its shape is"));
        // The same entries in another shape.
        let turned = Entry { shape: e.shape.iter().rev().copied().chain([1]).collect(), ..e };
        tiny.tensors.insert(name.clone(), turned);
        refused(&tiny, &format!("tensor {name}: Its shape is"));
    }
    for surplus in ["model.layers.2.mlp.up_proj.weight", "lm_head.bias", "model.layers.0.self_attn.q_proj.bias"] {
        let mut tiny = Tiny::new(6);
        tiny.tensors.insert(surplus.into(), Entry { dtype: "F32", shape: vec![1], values: vec![0.0] });
        refused(&tiny, &format!("tensor {surplus}: A model of this config.json has no such tensor."));
    }
}

#[test]
fn what_is_no_finite_number_is_refused() {
    for (i, bad) in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter().cycle().take(9).enumerate() {
        let mut tiny = Tiny::new(7);
        let dtype = ["F32", "BF16", "F16"][i / 3];
        let e = tiny.tensors.get_mut("model.layers.1.mlp.down_proj.weight").unwrap();
        e.dtype = dtype;
        e.values[5] = bad;
        refused(&tiny, "Entry 5 is no finite number.");
    }
}

#[test]
fn other_types_are_refused() {
    let mut tiny = Tiny::new(8);
    tiny.tensors.get_mut("model.norm.weight").unwrap().dtype = "F64";
    refused(&tiny, "\"F64\" is not known here.");
    let mut tiny = Tiny::new(8);
    tiny.tensors.get_mut("model.norm.weight").unwrap().dtype = "I8";
    refused(&tiny, "It has integers, of type I8.");
}

#[test]
fn a_tied_head_that_differs_is_refused() {
    let mut tiny = Tiny::new(9);
    tiny.tied = true;
    refused(&tiny, "It differs from the embedding");
    let embedding = tiny.tensors["model.embed_tokens.weight"].clone();
    tiny.tensors.insert("lm_head.weight".into(), embedding);
    tiny.checkpoint();
}

#[test]
fn a_file_that_is_cut_off_or_continued_is_refused() {
    let tiny = Tiny::sized(10, [4, 1, 1, 2, 3, 2, 1]);
    let good = tiny.file();
    Checkpoint::read(config(&tiny), &good).unwrap();
    for end in 0..good.len() {
        Checkpoint::read(config(&tiny), &good[..end]).unwrap_err();
    }
    Checkpoint::read(config(&tiny), &[good.as_slice(), &[0]].concat()).unwrap_err();
}

#[test]
fn a_configuration_that_is_not_computed_here_is_refused() {
    let good = Tiny::new(11).config();
    Config::read(good.as_bytes()).unwrap();
    for (from, to, why) in [
        ("\"silu\"", "\"gelu\"", "\"gelu\" is not known here."),
        ("\"llama\"", "\"gpt2\"", "\"gpt2\" is not known here."),
        ("LlamaForCausalLM", "LlamaForSequenceClassification", "is not known here."),
        ("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}", "Scaled rotary positions"),
        ("\"attention_bias\": false", "\"attention_bias\": true", "with a bias"),
        ("\"attention_bias\": false", "\"mlp_bias\": true", "with a bias"),
        ("\"attention_bias\": false", "\"pretraining_tp\": 2", "no whole number from 1 to 1"),
        ("\"attention_bias\": false", "\"qk_norm\": true", "\"qk_norm\" is not known here."),
        ("\"attention_bias\": false", "\"hidden_size\": 16", "\"hidden_size\" stands twice."),
        ("\"hidden_size\": 16", "\"hidden_size\": 0", "no whole number from 1"),
        ("\"hidden_size\": 16", "\"hidden_size\": 16.0", "no whole number from 1"),
        ("\"hidden_size\": 16, ", "", "The field hidden_size is missing."),
        ("\"head_dim\": 6, ", "\"num_hidden_layers_\": 1, ", "is not known here."),
        ("1e-05", "0", "must be between 0 and 1"),
        ("1e-05", "-1e-05", "must be between 0 and 1"),
        ("1e-05", "1e-999", "must be between 0 and 1"),
        ("1e-05", "2", "must be between 0 and 1"),
        ("10000.0", "10000.5", "no whole number from 2 on"),
        ("10000.0", "1", "no whole number from 2 on"),
        ("10000.0", "1e4", "no whole number from 2 on"),
        ("\"sliding_window\": null", "\"rope_parameters\": {\"rope_type\": \"llama3\", \"rope_theta\": 1e4}", "llama3"),
        (
            "\"sliding_window\": null",
            "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000.0}",
            "differs from rope_theta",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let problem = Config::read(good.replace(from, to).as_bytes()).unwrap_err().to_string();
        assert!(problem.contains(why), "{problem} for {to}");
    }
    Config::read(&[0xff, 0xfe]).unwrap_err();
}

#[test]
fn a_configuration_has_defaults() {
    let text = Tiny::new(12).config();
    let config = Config::read(text.replace("\"head_dim\": 6, ", "").as_bytes()).unwrap();
    assert_eq!(config.head_width, 4);
    let config = Config::read(text.replace("\"num_key_value_heads\": 2, ", "").as_bytes()).unwrap();
    assert_eq!(config.kv_heads, 4);
    let config = Config::read(text.replace("\"rope_theta\": 10000.0,", "").as_bytes()).unwrap();
    assert_eq!(config.rope_base, 10_000);
    let newer = "\"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 500000.0},";
    let config = Config::read(text.replace("\"rope_theta\": 10000.0,", newer).as_bytes()).unwrap();
    assert_eq!(config.rope_base, 500_000);
    let config = Config::read(text.replace("\"sliding_window\": null", "\"sliding_window\": 7").as_bytes()).unwrap();
    assert_eq!(config.window, Some(7));
    // A window over all positions is none.
    let config = Config::read(text.replace("\"sliding_window\": null", "\"sliding_window\": 64").as_bytes()).unwrap();
    assert_eq!(config.window, None);
    let uneven = text.replace("\"head_dim\": 6, ", "").replace("\"hidden_size\": 16", "\"hidden_size\": 18");
    assert!(Config::read(uneven.as_bytes()).unwrap_err().to_string().contains("Write head_dim."));
}
