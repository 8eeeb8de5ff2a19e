//! Float models with the float unit of the processor against the same by integers, and the program.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::cast_possible_truncation)]

mod common;
#[path = "../../replay/tests/common/mod.rs"]
mod float;
#[path = "../../replay/tests/common/files.rs"]
mod float_files;
#[path = "common/world.rs"]
mod world;

use bfv_cert::certificate::Lane;
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_model::Problem;
use bfv_model::llama::{Files, replayed};
use bfv_replay::card::REFERENCE;
use bfv_replay::spec::Draft;
use bfv_replay::weights::Model;
use bfv_replay::{Format, Machine};
use bfv_worker::prove::{Failure, Question};
use bfv_worker::replay::{Hard, Runner};
use float::{any, words};
use world::World;

fn finite(format: Format, n: usize, words: &mut bfv_cert::digest::Words) -> Vec<u16> {
    std::iter::repeat_with(|| format.narrow(any(words)))
        .filter(|x| format.is_finite(*x))
        .map(|x| x as u16)
        .take(n)
        .collect()
}

#[test]
fn every_operation_has_the_bits_of_the_integers() {
    let (soft, mut words) = (float::REFERENCE, words(31));
    let same = |a: u32, b: u32| a == b || !Format::F32.is_finite(a) && !Format::F32.is_finite(b);
    for _ in 0..100_000 {
        let (a, b) = (any(&mut words), any(&mut words));
        assert!(same(Hard.add(a, b), soft.add(a, b)) && same(Hard.sub(a, b), soft.sub(a, b)), "{a:08x} {b:08x}");
        assert!(same(Hard.mul(a, b), soft.mul(a, b)) && same(Hard.div(a, b), soft.div(a, b)), "{a:08x} {b:08x}");
        assert!(same(Hard.sqrt(a), soft.sqrt(a)), "{a:08x}");
        let x = a & 0xbfff_ffff;
        assert_eq!(bfv_replay::ops::exp(&Hard, x), bfv_replay::ops::exp(&soft, x), "{x:08x}");
    }
}

/// Subnormal numbers, large exponents and ties are all among them, and no number of rows is a whole number of those that are made side by side.
#[test]
fn rows_of_matrices_have_the_bits_of_the_integers() {
    let mut words = words(32);
    let mut finite_sums = 0;
    for case in 0..600 {
        let format = if case % 2 == 0 { Format::Bf16 } else { Format::F16 };
        let (rows, width) = (case % 21 + 1, case % 37 + 1);
        let matrix = finite(format, rows * width, &mut words);
        let x: Vec<u32> = finite(format, width, &mut words).into_iter().map(|x| format.widen(x.into())).collect();
        let (hard, soft) = (Hard.rows(format, &matrix, &x), float::REFERENCE.rows(format, &matrix, &x));
        assert_eq!(hard.len(), rows);
        for (a, b) in hard.into_iter().zip(soft) {
            assert!(a == b || !Format::F32.is_finite(a) && !Format::F32.is_finite(b), "{case}: {a:08x} {b:08x}");
            finite_sums += usize::from(Format::F32.is_finite(a));
        }
    }
    assert!(finite_sums > 3000, "{finite_sums}");
}

fn question(prompt: &[u32], count: usize) -> Question {
    Question { query: Digest([5; 32]), prompt: prompt.to_vec(), count }
}

#[test]
fn answers_have_the_bits_of_the_integers() {
    for (format, window, seed) in [(Format::Bf16, None, 41), (Format::F16, Some(4), 42), (Format::Bf16, Some(1), 43)] {
        let runner = Runner::new(float::model(Draft { window, ..float::draft(format) }, seed));
        let hard = runner.answer(question(&[3, 1, 66], 6), true).unwrap();
        let soft = runner.answer_by(&float::REFERENCE, question(&[3, 1, 66], 6), true).unwrap();
        assert_eq!((hard.tokens(), &hard.committed().cells), (soft.tokens(), &soft.committed().cells));
        assert_eq!(hard.committed().tree.root(), soft.committed().tree.root());
    }
}

fn read(config: &str, weights: &[u8]) -> Result<Model, Problem> {
    let file = |name: &str| Ok(if name == "config.json" { config.as_bytes().to_vec() } else { weights.to_vec() });
    let files = Files::open::<Problem>("a test", file, |name| name == "model.safetensors")?;
    replayed(&files)
}

#[test]
fn models_are_read_to_the_last_bit() {
    for format in [Format::Bf16, Format::F16] {
        let d = float::draft(format);
        let weights = float::weights(&d, 44);
        let (config, file) = float_files::files(&d, &weights);
        let model = read(&config, &file).unwrap();
        assert_eq!((model.spec().draft(), model.weights()), (&d, &weights));
        let other = read(&config.replace("1e-05", "1e-06"), &file).unwrap();
        assert_ne!(other.spec().root(), model.spec().root());
        assert_eq!(other.root(), model.root());
        let tied = bfv_replay::Weights { head: None, ..weights.clone() };
        let (config, file) = float_files::files(&d, &tied);
        assert_eq!(read(&config, &file).unwrap().weights(), &tied);
        // A file of a tied model may have the head all the same.
        let doubled = bfv_replay::Weights { head: Some(tied.embedding.clone()), ..tied.clone() };
        assert_eq!(read(&config, &float_files::files(&d, &doubled).1).unwrap().weights(), &tied);
    }
}

#[test]
fn what_does_not_suit_replay_is_refused_with_the_tensor() {
    let (config, file) = float_files::usual(Format::Bf16, 45);
    let refused = |config: &str, file: &[u8]| {
        let problem = read(config, file).unwrap_err();
        for sentence in [&problem.what, &problem.mend] {
            for part in sentence.split(". ") {
                assert!(part.split(' ').count() <= 20 && part.is_ascii(), "{sentence}");
            }
        }
        problem.to_string()
    };
    let single = common::Tiny::new(3);
    let why = refused(&single.config(), &single.file());
    assert!(why.contains("Its type is F32. For replay all weights are BF16, or all are F16."), "{why}");
    let why = refused(&config.replace("\"hidden_size\": 12", "\"hidden_size\": 13"), &file);
    assert!(why.contains("tensor model.embed_tokens.weight: Its shape is"), "{why}");
    let why = refused(&config.replace("1e-05", "0"), &file);
    assert!(why.contains("must be between 0 and 1"), "{why}");
    let mut infinite = file.clone();
    let last = infinite.len() - 2;
    infinite[last..].copy_from_slice(&0x7f80u16.to_le_bytes());
    let why = refused(&config, &infinite);
    assert!(why.contains("of the weight head is infinite, or is none."), "{why}");
}

#[test]
fn what_becomes_infinite_is_no_answer() {
    let d = float::draft(Format::F16);
    let mut weights = float::weights(&d, 46);
    weights.layers[1].matrices[4].fill(0x7bff);
    weights.layers[1].matrices[5].fill(0x7bff);
    let model = Model::new(bfv_replay::Spec::new(d).unwrap(), weights).unwrap();
    let why = Runner::new(model).answer(question(&[1], 1), false).unwrap_err();
    assert!(matches!(&why, Failure::Replay(why) if why.0.contains("is infinite or no number.")), "{why}");
}

#[test]
fn the_program_answers_with_a_float_model() {
    let world = World::new("replay");
    let folder = world.folder.join("sixteen");
    std::fs::create_dir(&folder).unwrap();
    let (config, file) = float_files::usual(Format::Bf16, 47);
    std::fs::write(folder.join("config.json"), &config).unwrap();
    std::fs::write(folder.join("model.safetensors"), &file).unwrap();
    let model = world.path("sixteen");
    let run = |more: &[(&str, &str)]| {
        let own = [("--model", model.as_str()), ("--lane", "replay"), ("--count", "4")];
        let own = own.into_iter().filter(|(name, _)| !more.iter().any(|(n, _)| n == name));
        world.run(&own.chain(more.iter().copied()).collect::<Vec<_>>())
    };
    let mut sizes = Vec::new();
    for open in ["none", "tiles", "all"] {
        let (code, said, why) = run(&[("--open", open), ("--tiles", "5")]);
        assert_eq!((code, why.as_str()), (0, ""), "{said}");
        let bytes = std::fs::read(world.folder.join("answer.bfc")).unwrap();
        let envelope = Envelope::decode(&bytes).unwrap();
        let fields = envelope.certificate().fields();
        assert_eq!((fields.lane, fields.execution.unwrap().kernel), (Lane::Replay, REFERENCE.kernel()));
        let own = read(&config, &file).unwrap();
        assert_eq!((fields.model, fields.spec, fields.seed), (*own.root(), own.spec().root(), Digest::ZERO));
        sizes.push((envelope.cells().count(), bytes.len()));
    }
    let [none, tiles, all] = sizes[..] else { panic!() };
    assert!(none.0 == 0 && tiles.0 > 0 && tiles.1 * 2 < all.1, "{sizes:?}");
    // What is wrong is said, and no slot is used up.
    let folder = world.path("float");
    for (more, code, what) in [
        (&[("--kernel", "00")][..], 2, "Leave --kernel out."),
        (&[("--block", "2")], 2, "A lane of floats has no blocks."),
        (&[("--device", "cuda")], 2, "In the lane replay write cpu, or leave it out."),
        (&[("--tiles", "0")], 2, "Write how many tiles the verifier draws."),
        (&[("--prompt-tokens", "67")], 2, "There is no token 67, of 67."),
        (&[("--count", "40")], 2, "do not fit 32 positions."),
        (&[("--open", "products")], 2, "In the lane replay write tiles, all or none."),
    ] {
        let (found, said, why) = run(more);
        assert!(found == code && why.contains(what), "{said} {why}");
    }
    let (code, _, why) = world.run(&[("--model", folder.as_str()), ("--lane", "replay")]);
    assert!(code == 3 && why.contains("For replay all weights are BF16, or all are F16."), "{why}");
    let (code, _, why) = world.run(&[("--tiles", "5")]);
    assert!(code == 2 && why.contains("The flag --tiles is for the lane replay. Leave it out."), "{why}");
    assert_eq!(world.ledger().grown(1).unwrap().0.head.size, 4);
}
