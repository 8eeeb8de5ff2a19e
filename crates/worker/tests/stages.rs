//! The program as two workers that share a model: steps until the answer is known, then a certificate of each, and every way to use it wrongly.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/world.rs"]
mod world;

use bfv_cert::certificate::{Layers, Operation};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::Envelope;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::{Expected, admit, chain};
use bfv_exact::commit::{stream_root, tokens_root};
use bfv_exact::forward::Passed;
use bfv_ledger::{Keys, generate};
use bfv_model::stored::{SPEC_FILE, Stored, WEIGHTS_FILE};
use bfv_model::stream;
use bfv_worker::prove::{Failure, Prover, Question, generate as answer_of};
use bfv_worker::stage::{Step, Task};
use world::{NOW, World, start};

const PROMPT: &str = "3,1,2";
const COUNT: usize = 4;

/// The world with a second worker.
fn world(name: &str) -> World {
    let world = World::new(name);
    let key = generate(&world.folder.join("second")).unwrap();
    let entry = Entry::new(&key, Role::Worker, NOW, NOW + 1000);
    world.ledger().register(entry, Keys { authority: &world.authority, log: &world.log }, NOW).unwrap();
    world
}

fn list(tokens: &[u32]) -> String {
    tokens.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

/// Passes all known tokens through both stages. Gives the next one.
fn step(world: &World, known: &[u32]) -> u32 {
    let (model, cut, key) = (world.path("model"), world.path("cut"), world.path("second"));
    let known = list(known);
    let query = "ab".repeat(32);
    let some = if known.is_empty() { vec![] } else { vec!["--answer-tokens", &known] };
    let first = ["step", "--model", &model, "--layers", "0-0", "--prompt-tokens", PROMPT, "--next", &cut];
    let (code, said, why) = start(&[first.as_slice(), &some].concat());
    assert_eq!((code, why.as_str()), (0, ""), "{said}");
    let second = ["step", "--model", &model, "--layers", "1-1", "--prompt-tokens", PROMPT, "--input", &cut];
    let more = ["--key", &key, "--query", &query];
    let (code, said, why) = start(&[second.as_slice(), &more, &some].concat());
    assert_eq!((code, why.as_str()), (0, ""), "{said}");
    said.trim().strip_prefix("The next token is ").unwrap().trim_end_matches('.').parse().unwrap()
}

/// The flags of both stages, once the answer is known.
fn stages(world: &World, answer: &str) -> [Vec<(&'static str, String)>; 2] {
    let both = |key: &str, layers: &str, out: &str| {
        vec![
            ("--count", String::new()),
            ("--answer-tokens", answer.to_owned()),
            ("--key", world.path(key)),
            ("--layers", layers.to_owned()),
            ("--open", "products".to_owned()),
            ("--output", world.path(out)),
        ]
    };
    let mut first = both("key", "0-0", "first.bfc");
    first.push(("--next", world.path("cut")));
    let mut second = both("second", "1-1", "second.bfc");
    second.push(("--input", world.path("cut")));
    second.push(("--before", world.path("first.bfc")));
    [first, second]
}

fn stage(world: &World, flags: &[(&'static str, String)], changed: &[(&str, &str)]) -> (i32, String, String) {
    let own = flags.iter().filter(|(name, _)| !changed.iter().any(|(n, _)| n == name));
    let all: Vec<(&str, &str)> = own.map(|(n, v)| (*n, v.as_str())).chain(changed.iter().copied()).collect();
    world.told("stage", &all)
}

/// The tokens that the steps give.
fn answer(world: &World) -> Vec<u32> {
    let mut known = Vec::new();
    for _ in 0..COUNT {
        known.push(step(world, &known));
    }
    known
}

#[test]
fn two_workers_answer_with_one_certificate_each() {
    let world = world("stages");
    for (bits, more) in [("8", &[][..]), ("16", &["--temperature", "2.0", "--top-k", "12"][..])] {
        assert_eq!(world.quantise(&[&["--bits", bits][..], more].concat()).0, 0);
        let known = answer(&world);
        let [first, second] = stages(&world, &list(&known));
        let _absent = ["first.bfc", "second.bfc"].map(|name| std::fs::remove_file(world.folder.join(name)));
        let (code, said, why) = stage(&world, &first, &[]);
        assert_eq!((code, why.as_str()), (0, ""), "{said}");
        // What is there is not replaced.
        let (code, _, why) = stage(&world, &first, &[]);
        assert!(code == 3 && why.contains("first.bfc: There is something already. Name a new file."), "{why}");
        assert!(said.contains(" has 6 tokens, with the root "), "{said}");
        let (code, said, why) = stage(&world, &second, &[]);
        assert_eq!((code, why.as_str()), (0, ""), "{said}");
        let bytes = ["first.bfc", "second.bfc"].map(|name| std::fs::read(world.folder.join(name)).unwrap());
        let admitted = bytes.each_ref().map(|b| admit(b, &world.policy(), &Expected::default()).unwrap());
        let bodies = admitted.each_ref().map(|a| a.envelope().certificate().body());
        chain(&bodies).unwrap();
        let [a, z] = bodies.map(|b| b.fields());
        assert_eq!([a.operation, z.operation], [Operation::LayerRange; 2]);
        assert_eq!([a.layers, z.layers], [Layers { start: 0, end: 2 }, Layers { start: 2, end: 4 }]);
        assert_eq!((a.input, z.output_root), (tokens_root(&[3, 1, 2]).unwrap(), tokens_root(&known).unwrap()));
        assert!(a.output == z.output && a.seed == Digest::ZERO && z.seed != Digest::ZERO);
        let cut = stream::read(&std::fs::read(world.folder.join("cut")).unwrap()).unwrap();
        assert_eq!(stream_root(&cut).unwrap(), z.input);
        // Products, and what came into the second stage.
        let opened = admitted.each_ref().map(|a| a.envelope().cells().count());
        assert_eq!(opened, [COUNT * 9, COUNT * (9 + 1 + 1)]);
        assert!(admitted.iter().all(|a| a.envelope().reveal().output.is_some_and(|o| o.len() == 4 * COUNT)));
        assert_eq!(admitted.each_ref().map(|a| a.envelope().reveal().seed.is_some()), [false, true]);
        // The same seed each time, so the same answer.
        assert_eq!(answer(&world), known);
    }
}

#[test]
fn stages_answer_as_the_model_does() {
    let world = world("whole");
    let read = |name: &str| std::fs::read(world.folder.join("model").join(name)).unwrap();
    let Stored::Sixteen(model) = Stored::read(&read(SPEC_FILE), &read(WEIGHTS_FILE)).unwrap() else { panic!("8 bits") };
    let question = Question { query: Digest([0xab; 32]), prompt: vec![3, 1, 2], count: COUNT };
    let whole = answer_of(&model, &question, &[5; 32], &mut ()).unwrap();
    assert_eq!(answer(&world), whole, "it chooses the most likely tokens, so no seed matters");
    let prover = Prover::new(model).unwrap();
    let task = |rows: (u16, u16), answer: &[u32], stream| Task {
        query: question.query,
        prompt: question.prompt.clone(),
        answer: answer.to_vec(),
        rows: Layers { start: rows.0, end: rows.1 },
        stream,
    };
    // A step with a known answer hands on one row more than the stage does: the last token is not computed with.
    let Step::Stream(all) = prover.step(&task((0, 2), &whole, None), &[5; 32]).unwrap() else { panic!("a token") };
    let (_, handed) = prover.stage(&task((0, 2), &whole, None), &[5; 32], false).unwrap();
    let handed = handed.unwrap();
    assert_eq!((all.rows(), handed.rows()), (7, 6));
    assert_eq!(all.entries()[..handed.entries().len()], *handed.entries());
    let (made, none) = prover.stage(&task((2, 4), &whole, Some(handed.clone())), &[5; 32], true).unwrap();
    assert!(none.is_none() && made.tokens() == whole);
    // It does not sign for a token that it does not choose, nor for other numbers of tokens.
    for i in 0..COUNT {
        let mut other = whole.clone();
        other[i] = (other[i] + 1) % 13;
        let why = prover.stage(&task((2, 4), &other, Some(handed.clone())), &[5; 32], false).unwrap_err();
        assert_eq!(why, Failure::Told(i + 1, other[i], whole[i]));
    }
    let said = |task: &Task| prover.stage(task, &[5; 32], false).unwrap_err().to_string();
    assert!(said(&task((2, 4), &whole, Some(all.clone()))).contains("it has 7 tokens, and must have 6"));
    assert!(said(&task((2, 4), &whole[..3], Some(handed.clone()))).contains("it has 6 tokens, and must have 5"));
    assert!(said(&task((0, 2), &[], None)).contains("the answer has no tokens"));
    assert!(said(&task((0, 2), &whole, Some(handed.clone()))).contains("without tokens"));
    assert!(said(&task((2, 4), &whole, None)).contains("with tokens"));
    let mut empty = task((0, 2), &whole, None);
    empty.prompt.clear();
    assert!(said(&empty).contains("the prompt has no tokens"));
    assert!(prover.step(&empty, &[5; 32]).unwrap_err().to_string().contains("the prompt has no tokens"));
    // All tokens at once give what they give one after the other.
    let tokens = [question.prompt.as_slice(), &whole[..COUNT - 1]].concat();
    let rows = Layers { start: 0, end: 2 };
    let input = bfv_exact::forward::Input::Tokens(&tokens);
    let (_, once) = prover.model().stage(Default::default(), rows, input, &mut ()).unwrap();
    assert_eq!(once, Passed::Stream(handed));
}

#[test]
fn wrong_use_of_stages_has_code_2() {
    let world = world("wrong-stages");
    let known = list(&answer(&world));
    let [first, second] = stages(&world, &known);
    assert_eq!(stage(&world, &first, &[]).0, 0);
    let usage = |(code, said, why): (i32, String, String), expected: &str| {
        assert_eq!((code, said.as_str()), (2, ""), "{why}");
        assert!(why.contains(expected), "{why}");
    };
    for flag in ["--layers", "--answer-tokens", "--next", "--key", "--query", "--slot", "--output", "--ledger"] {
        usage(stage(&world, &first, &[(flag, "")]), &format!("The flag {flag} is missing."));
    }
    usage(stage(&world, &second, &[("--input", "")]), "The flag --input is missing.");
    for (layers, why) in [
        ("0", "such as 0-3"),
        ("0-", "such as 0-3"),
        ("a-b", "such as 0-3"),
        ("1-0", "layers from 1 to before 1"),
        ("0-2", "layers from 0 to before 3, of 2"),
        ("0-4294967295", "layers from 0"),
    ] {
        usage(stage(&world, &first, &[("--layers", layers)]), why);
    }
    usage(stage(&world, &first, &[("--input", "x")]), "The first stage takes tokens and no --input.");
    usage(stage(&world, &second, &[("--next", "x")]), "The last stage chooses tokens and has no --next.");
    usage(stage(&world, &first, &[("--count", "3")]), "There is no flag --count here.");
    let other = known.split(',').map(|t| (t.parse::<u32>().unwrap() + 1) % 13).collect::<Vec<_>>();
    usage(stage(&world, &second, &[("--answer-tokens", &list(&other))]), "Token 1 of the answer is said to be ");
    usage(stage(&world, &second, &[("--answer-tokens", "1")]), "it has 6 tokens, and must have 3");
    let model = world.path("model");
    let flags = ["step", "--model", &model, "--prompt-tokens", PROMPT, "--layers"];
    let stepped = |more: &[&str]| start(&[flags.as_slice(), more].concat());
    usage(stepped(&["0-0"]), "The flag --next is missing.");
    usage(stepped(&["0-1"]), "The flag --query is missing.");
    usage(stepped(&["0-0", "--output", "x"]), "There is no flag --output here. There are: ");
    // Nothing of all that used up a slot or wrote a certificate.
    assert!(!world.folder.join("second.bfc").exists());
    assert_eq!(stage(&world, &second, &[]).0, 0);
}

#[test]
fn a_stage_signs_nothing_that_does_not_follow_on_the_stage_before() {
    let world = world("before");
    let known = answer(&world);
    let [first, second] = stages(&world, &list(&known));
    // What cannot be handed on is not signed for, so the slot is free.
    let (code, _, why) = stage(&world, &first, &[("--next", &world.path("none/cut"))]);
    assert!(code == 74 && why.contains("none/cut") && !world.folder.join("first.bfc").exists(), "{why}");
    assert_eq!(stage(&world, &first, &[]).0, 0);
    let refused = |(code, said, why): (i32, String, String), expected: &str| {
        assert_eq!((code, said.as_str()), (3, ""), "{why}");
        assert!(why.contains(expected), "{why}");
    };
    let cut = std::fs::read(world.folder.join("cut")).unwrap();
    let write = |name: &str, bytes: &[u8]| std::fs::write(world.folder.join(name), bytes).unwrap();
    // Damaged on its way.
    for at in [0, 20, cut.len() - 1] {
        let mut other = cut.clone();
        other[at] ^= 1;
        write("damaged", &other);
        refused(
            stage(&world, &second, &[("--input", &world.path("damaged"))]),
            "Take the file from the stage before again.",
        );
    }
    // Another stream with a root of its own. It differs by too little to change a token, so nothing else would tell.
    let mut foreign = stream::read(&cut).unwrap();
    foreign.entries_mut()[0] ^= 1;
    write("foreign", &stream::write(&foreign).unwrap());
    refused(
        stage(&world, &second, &[("--input", &world.path("foreign"))]),
        "The stage of layers 1-1 does not follow on the one before, in its values.",
    );
    refused(
        stage(&world, &second, &[("--query", &"cd".repeat(32))]),
        "The stage of layers 1-1 does not follow on the one before, in its question.",
    );
    write("broken.bfc", b"x");
    refused(stage(&world, &second, &[("--before", &world.path("broken.bfc"))]), "Malformed");
    let (code, _, why) = stage(&world, &second, &[("--before", &world.path("none.bfc"))]);
    assert!(code == 74 && why.contains("none.bfc"), "{why}");
    // A file without an end, of which nobody knows the length.
    #[cfg(unix)]
    for flag in ["--input", "--before"] {
        refused(stage(&world, &second, &[(flag, "/dev/zero")]), "It has more than ");
    }
    // A signature of nobody.
    let mut bytes = std::fs::read(world.folder.join("first.bfc")).unwrap();
    let own = Envelope::decode(&bytes).unwrap().certificate().encode();
    let at = bytes.windows(own.len()).position(|w| w == own).unwrap() + own.len() - 40;
    bytes[at] ^= 1;
    write("unsigned.bfc", &bytes);
    refused(stage(&world, &second, &[("--before", &world.path("unsigned.bfc"))]), "Signature of the certificate");
    assert!(!world.folder.join("second.bfc").exists());
    assert_eq!(stage(&world, &second, &[]).0, 0);
}
