//! Manifests and splitting configurations: those of the source texts are read, and each mistake is named with its place.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bfv_cert::certificate::Lane;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::SecretKey;
use bfv_exact::gate::{Function, Shape};
use bfv_exact::norm::Norm;
use bfv_exact::requantise::Scale;
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Draft, LayerSpec, Spec};
use bfv_model::Problem;
use bfv_model::json::FILE_LIMIT;
use bfv_model::manifest::{Hardware, Manifest, Pattern, Quantization, digest};
use bfv_model::splitting::Splitting;

/// The example of the source text, word for word.
const MANIFEST: &str = include_str!("examples/manifest.json");

/// The example of the source text, word for word.
const SPLITTING: &str = include_str!("examples/splitting.json");

fn plain(problem: Problem) -> String {
    for sentence in [&problem.what, &problem.mend] {
        let words = sentence.split(' ').count();
        assert!((2..=20).contains(&words) && sentence.ends_with('.') && sentence.is_ascii(), "{sentence}");
    }
    problem.to_string()
}

/// The first occurrence replaced.
fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1)
}

fn manifest(from: &str, to: &str) -> Result<Manifest, String> {
    Manifest::read(changed(MANIFEST, from, to).as_bytes()).map_err(plain)
}

fn splitting(from: &str, to: &str) -> Result<Splitting, String> {
    Splitting::read(changed(SPLITTING, from, to).as_bytes()).map_err(plain)
}

#[test]
fn the_manifest_of_the_source_text_is_read() {
    let m = Manifest::read(MANIFEST.as_bytes()).unwrap();
    assert_eq!((m.worker.as_str(), m.base_model.as_str()), ("uuid-v4", "model-name-version"));
    let c = &m.capabilities[0];
    assert_eq!((c.weight, c.accuracy, c.layers), (850_000_000, 920_000_000, (8, 24)));
    assert_eq!(c.patterns, [Pattern::Global, Pattern::Causal]);
    assert_eq!(c.heads[0].layers, [22, 23, 24]);
    assert_eq!((m.parameters, m.quantization), (7_300_000_000, Quantization::Int8));
    assert_eq!(m.hardware, [Hardware::Cuda, Hardware::Tpu]);
    assert_eq!(m.latency, [23_000, 45_000, 78_000]);
}

#[test]
fn other_ways_to_write_a_manifest_are_read() {
    assert_eq!(manifest("7.3B", "12").unwrap().parameters, 12);
    assert_eq!(manifest("7.3B", "1.5K").unwrap().parameters, 1500);
    assert_eq!(manifest("7.3B", "0.000000000001T").unwrap().parameters, 1);
    assert_eq!(manifest("\"78ms\"", "\"1.25s\"").unwrap().latency[2], 1_250_000);
    assert_eq!(manifest("\"23ms\"", "\"80us\"").unwrap().latency[0], 80);
    assert_eq!(manifest("0.85", "1").unwrap().capabilities[0].weight, 1_000_000_000);
    assert_eq!(manifest("0.85", "0.000000001").unwrap().capabilities[0].weight, 1);
    assert!(manifest(HEADS, "").unwrap().capabilities[0].heads.is_empty());
}

#[test]
fn every_mistake_in_a_manifest_is_named() {
    for (from, to, why) in [
        ("\"weight\": 0.85", "\"weight\": 1.01", "line 7, column 17, in capabilities, entry 1, weight: \"1.01\""),
        ("\"weight\": 0.85", "\"weight\": -0.1", "is no number from 0 to 1"),
        ("\"weight\": 0.85", "\"weight\": 8.5e-1", "is no number from 0 to 1"),
        ("\"weight\": 0.85", "\"weight\": 0.8500000001", "at most nine digits"),
        ("\"weight\": 0.85", "\"weight\": \"0.85\"", "This is a text, and must be a number."),
        ("0.92", "1.2", "in capabilities, entry 1, validation_accuracy: \"1.2\" is no number from 0 to 1"),
        ("0.92", "92", "is no number from 0 to 1"),
        ("[8, 24]", "[24, 8]", "The last layer 8 is before the first, 24."),
        ("[8, 24]", "[8]", "A range has a first and a last layer."),
        ("[8, 24]", "[8, 24, 30]", "The list has 3 entries"),
        ("[8, 24]", "[8, 256]", "no whole number from 0 to 255"),
        ("[8, 24]", "[-1, 24]", "no whole number from 0 to 255"),
        ("[22, 23, 24]", "[22, 23, 25]", "in capabilities, entry 1, specialized_heads, entry 1, layers, entry 3"),
        ("[22, 23, 24]", "[7]", "no whole number from 8 to 24"),
        ("[22, 23, 24]", "[22, 22]", "Layer 22 does not ascend."),
        ("[22, 23, 24]", "[23, 22]", "Layer 22 does not ascend."),
        ("[22, 23, 24]", "[]", "The list has 0 entries"),
        ("[\"global\", \"causal\"]", "[\"global\", \"global\"]", "This word stands twice."),
        ("[\"global\", \"causal\"]", "[\"sparse\"]", "\"sparse\" is not known here. Write one of: global, causal"),
        ("\"int8\"", "\"int4\"", "\"int4\" is not known here. Write one of: int8, int16, bf16, f16, f32."),
        ("[\"cuda\", \"tpu\"]", "[\"npu\"]", "\"npu\" is not known here."),
        ("[\"cuda\", \"tpu\"]", "[\"tpu\", \"tpu\"]", "This word stands twice."),
        ("\"45ms\"", "\"22ms\"", "The times do not ascend from p50 to p99."),
        ("\"45ms\"", "\"45\"", "This is no time."),
        ("\"45ms\"", "\"45 ms\"", "This is no time."),
        ("\"45ms\"", "\"-45ms\"", "This is no time."),
        ("\"45ms\"", "\"ms\"", "This is no time."),
        ("\"45ms\"", "\"45.0005ms\"", "This is no time."),
        ("\"45ms\"", "\"99999999999999999999s\"", "This is no time."),
        ("\"7.3B\"", "\"0B\"", "no number of parameters"),
        ("\"7.3B\"", "\"7.3\"", "no number of parameters"),
        ("\"7.3B\"", "\"7,3B\"", "no number of parameters"),
        ("\"7.3B\"", "\"7.B\"", "no number of parameters"),
        ("\"7.3B\"", "7300000000", "This is a number, and must be a text."),
        ("\"uuid-v4\"", "\"\"", "is no name."),
        ("\"uuid-v4\"", "\"work er\"", "is no name."),
        ("\"uuid-v4\"", "\"caf\u{e9}\"", "\"caf?\" is no name."),
        ("\"uuid-v4\"", "\"../../etc\"", "is no name."),
        ("  \"worker_id\": \"uuid-v4\",\n", "", "The field worker_id is missing."),
        ("\"worker_id\"", "\"worker\"", "The field worker_id is missing."),
        (
            "  \"quantization\"",
            "  \"quantisation\": \"int8\",\n  \"quantization\"",
            "\"quantisation\" is not known here.",
        ),
        ("  \"quantization\"", "  \"quantization\": \"int16\",\n  \"quantization\"", "\"quantization\" stands twice."),
        ("\"p50\": \"23ms\",", "\"p50\": \"23ms\", \"p90\": \"40ms\",", "in latency_profile: The field \"p90\""),
        ("{\"type\"", "{\"color\": 1, \"type\"", "The field \"color\" is not known here."),
    ] {
        let problem = manifest(from, to).unwrap_err();
        assert!(problem.contains(why), "{problem} for {to}");
    }
}

#[test]
fn capabilities_are_distinct_and_share_one_worker() {
    let second = |name: &str, weight: &str| {
        let c = format!(
            "    }},\n    {{\"name\": \"{name}\", \"weight\": {weight}, \"validation_accuracy\": 0, \"layer_range\": [0, 0], \
             \"attention_patterns\": [\"windowed\"]}}\n  ],"
        );
        manifest("    }\n  ],", &c)
    };
    assert_eq!(second("arithmetic", "0.15").unwrap().capabilities.len(), 2);
    let problem = second("arithmetic", "0.150000001").unwrap_err();
    assert!(problem.contains("entry 2, weight: The weights of capabilities add up to more than 1."), "{problem}");
    let problem = second("logical_reasoning", "0.1").unwrap_err();
    assert!(problem.contains("The capability logical_reasoning stands twice."), "{problem}");
}

#[test]
fn a_file_that_is_no_text_or_too_long_is_refused() {
    assert!(plain(Manifest::read(&[0xff]).unwrap_err()).contains("no text in UTF-8"));
    let long = [MANIFEST.as_bytes(), &vec![b' '; FILE_LIMIT]].concat();
    assert!(plain(Manifest::read(&long).unwrap_err()).contains("more than 1048576 bytes"));
    assert!(plain(Manifest::read(b"[]").unwrap_err()).contains("must be an object"));
    for end in 0..MANIFEST.len() {
        Manifest::read(&MANIFEST.as_bytes()[..end]).unwrap_err();
    }
    for end in 0..SPLITTING.len() {
        Splitting::read(&SPLITTING.as_bytes()[..end]).unwrap_err();
    }
}

#[test]
fn the_digest_is_of_every_byte() {
    let m = Manifest::read(MANIFEST.as_bytes()).unwrap();
    assert_eq!(m.digest(), digest(MANIFEST.as_bytes()));
    let spaced = format!("{MANIFEST} ");
    assert_ne!(Manifest::read(spaced.as_bytes()).unwrap().digest(), m.digest());
    assert_eq!(Splitting::read(SPLITTING.as_bytes()).unwrap().digest(), digest(SPLITTING.as_bytes()));
}

#[test]
fn the_quantisation_must_suit_the_lane() {
    for (word, exact) in [("int8", true), ("int16", true), ("bf16", false), ("f16", false), ("f32", false)] {
        let m = manifest("int8", word).unwrap();
        assert_eq!(m.suits(Lane::Exact).is_ok(), exact, "{word}");
        for lane in [Lane::Residual, Lane::Tolerance] {
            assert!(m.suits(lane).is_ok(), "{word}");
        }
        assert_eq!(m.suits(Lane::Replay).is_ok(), ["bf16", "f16"].contains(&word), "{word}");
        for problem in [Lane::Exact, Lane::Replay].into_iter().filter_map(|lane| m.suits(lane).err()) {
            assert!(plain(problem).contains("do not suit the lane"));
        }
    }
}

fn spec(grid: Bits, layers: usize) -> Spec {
    let s = Scale::new(1, 0).unwrap();
    let n = Norm::new(1, 0).unwrap();
    let layer = LayerSpec {
        first_norm: n,
        query: s,
        key: s,
        value: s,
        score: s,
        mixed: s,
        output: s,
        second_norm: n,
        gate: s,
        up: s,
        product: s,
        down: s,
    };
    let dims = Dims { width: 1, heads: 1, kv_heads: 1, head_width: 2, inner: 1, vocab: 2, positions: 2 };
    let gate = Shape { function: Function::Silu, input: 8, output: 8 };
    let layers = vec![layer; layers];
    Spec::new(Draft {
        grid,
        dims,
        window: None,
        rope_base: 10_000,
        gate,
        embedding: s,
        layers,
        last_norm: n,
        head: s,
        sampler: Sampler::Greedy,
    })
    .unwrap()
}

#[test]
fn a_manifest_must_fit_the_model() {
    let m = Manifest::read(MANIFEST.as_bytes()).unwrap();
    m.fits(&spec(Bits::Eight, 25)).unwrap();
    assert!(plain(m.fits(&spec(Bits::Eight, 24)).unwrap_err()).contains("The last layer is 24, and the model has 24."));
    assert!(plain(m.fits(&spec(Bits::Sixteen, 25)).unwrap_err()).contains("the model has Sixteen bits"));
    let floats = manifest("int8", "bf16").unwrap();
    assert!(plain(floats.fits(&spec(Bits::Eight, 25)).unwrap_err()).contains("do not suit the lane"));
}

#[test]
fn the_splitting_of_the_source_text_is_read() {
    let s = Splitting::read(SPLITTING.as_bytes()).unwrap();
    assert_eq!((s.workers.len(), s.layers), (3, 25));
    assert_eq!(s.workers[2].pruning, 5_000_000);
    assert_eq!(s.workers[1].layers.layers().collect::<Vec<_>>(), (0..14).collect::<Vec<_>>());
    assert_eq!(s.fusion.smoothness, 2);
    s.fits(&spec(Bits::Eight, 25)).unwrap();
    for layers in [24, 26] {
        assert!(plain(s.fits(&spec(Bits::Eight, layers)).unwrap_err()).contains("have 25 layers, and the model has"));
    }
}

#[test]
fn every_mistake_in_a_splitting_is_named() {
    for (from, to, why) in [
        ("[12, 13, 14, 15, 16, 17, 18]", "[12, 13, 15, 16, 17, 18]", "The list has a gap after layer 13."),
        ("[12, 13, 14, 15, 16, 17, 18]", "[12, 13, 13, 14]", "Layer 13 does not ascend."),
        ("[12, 13, 14, 15, 16, 17, 18]", "[3, 4, 5]", "no whole number from 4 to 255"),
        ("[22, 23, 24]", "[18, 19]", "no whole number from 19 to 255"),
        ("[0, 1, 2, 3]", "[1, 2, 3]", "The shared layers do not begin with layer 0."),
        ("[0, 1, 2, 3]", "[0, 1, 2]", "entry 2, layer_selection: The layers of shared_base differ"),
        ("[4, 5, 6, 7, 8, 9, 10]", "[4, 5, 6, 7, 8, 9]", "No worker has layer 10, and some have later ones."),
        ("[16, 17, 18, 19, 20, 21]", "[16, 17, 18, 19, 20]", "No worker has layer 21"),
        ("worker-pattern-001", "worker-logic-001", "The worker worker-logic-001 stands twice."),
        ("0.005", "1.5", "in workers, entry 3, pruning_threshold"),
        ("\"smoothness_order\": 2", "\"smoothness_order\": -2", "no whole number from 0"),
        ("\"confidence_weighting\": true", "\"confidence_weighting\": 1", "must be true or false"),
        (
            "\"output_head\": [22, 23, 24]",
            "\"output_head\": [22, 23, 24], \"adapter\": [1]",
            "\"adapter\" is not known",
        ),
        ("\"strategy\": \"hybrid_functional\",", "", "The field strategy is missing."),
        ("\"strategy\": \"hybrid_functional\",", "\"strategy\": \"a b\",", "is no name."),
    ] {
        let problem = splitting(from, to).unwrap_err();
        assert!(problem.contains(why), "{problem} for {to}");
    }
}

const BASE: &str = "llama-3-70b";
const HEADS: &str =
    ",\n      \"specialized_heads\": [\n        {\"type\": \"proof_verification\", \"layers\": [22, 23, 24]}\n      ]";

fn of_worker(id: &str, model: &str, capability: &str, layers: &str) -> Manifest {
    let text = changed(&changed(MANIFEST, "uuid-v4", id), "model-name-version", model);
    let text = changed(&changed(&text, "logical_reasoning", capability), "[8, 24]", layers);
    Manifest::read(changed(&text, HEADS, "").as_bytes()).unwrap()
}

#[test]
fn a_splitting_needs_the_manifest_of_each_worker() {
    let s = Splitting::read(SPLITTING.as_bytes()).unwrap();
    let logic = of_worker("worker-logic-001", BASE, "logical_reasoning", "[12, 24]");
    let pattern = of_worker("worker-pattern-001", BASE, "pattern_recognition", "[4, 13]");
    let formal = of_worker("worker-formal-001", BASE, "formal_verification", "[16, 24]");
    let agrees = |all: &[&Manifest]| {
        let all: Vec<Manifest> = all.iter().map(|m| (*m).clone()).collect();
        s.agrees(&all).map_err(plain)
    };
    agrees(&[&formal, &logic, &pattern]).unwrap();
    let wrong = |all: &[&Manifest], why: &str| {
        let problem = agrees(all).unwrap_err();
        assert!(problem.contains(why), "{problem}");
    };
    wrong(&[&logic, &pattern], "worker worker-formal-001: It has no manifest, or two.");
    wrong(&[&logic, &pattern, &formal, &logic], "worker worker-logic-001: It has no manifest, or two.");
    let stranger = of_worker("worker-x", BASE, "logical_reasoning", "[12, 24]");
    wrong(&[&logic, &pattern, &formal, &stranger], "the manifest of worker-x: The configuration has no such worker.");
    let other = of_worker("worker-formal-001", "llama-2", "formal_verification", "[16, 24]");
    wrong(&[&logic, &pattern, &other], "Its manifest is of llama-2, and not of llama-3-70b.");
    let unable = of_worker("worker-formal-001", BASE, "poetry", "[16, 24]");
    wrong(&[&logic, &pattern, &unable], "Its manifest has no capability formal_verification.");
    let narrow = of_worker("worker-formal-001", BASE, "formal_verification", "[17, 24]");
    wrong(&[&logic, &pattern, &narrow], "Layer 16 of its core is outside of the capability");
}

#[test]
fn a_manifest_is_bound_by_the_registry() {
    let key = SecretKey::from_seed(&[1; 32]);
    let entry = |role, digest| Entry::with_manifest(&key, role, 5, 6, digest);
    let (m, s) = (Manifest::read(MANIFEST.as_bytes()).unwrap(), Splitting::read(SPLITTING.as_bytes()).unwrap());
    m.bound(&entry(Role::Worker, Some(m.digest()))).unwrap();
    s.bound(&entry(Role::Head, Some(s.digest()))).unwrap();
    // A manifest that says the same in other bytes is another one.
    let spaced = Manifest::read(format!("{MANIFEST}\n").as_bytes()).unwrap();
    for (wrong, why) in [
        (entry(Role::Head, Some(m.digest())), "for another role"),
        (entry(Role::Voter, Some(m.digest())), "for another role"),
        (entry(Role::Worker, None), "without a file"),
        (entry(Role::Worker, Some(s.digest())), "with another file"),
        (entry(Role::Worker, Some(spaced.digest())), "with another file"),
    ] {
        let problem = plain(m.bound(&wrong).unwrap_err());
        assert!(problem.contains(why), "{problem}");
    }
    for (role, digest, why) in [
        (Role::Worker, Some(s.digest()), "another role"),
        (Role::Head, None, "without"),
        (Role::Head, Some(m.digest()), "other"),
    ] {
        let problem = plain(s.bound(&entry(role, digest)).unwrap_err());
        assert!(problem.contains(why), "{problem}");
    }
}
