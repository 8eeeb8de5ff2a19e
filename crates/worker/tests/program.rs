//! The program from a float model to an envelope, and every way to use it wrongly with its exit code.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;
#[path = "common/world.rs"]
mod world;

use bfv_cert::digest::Digest;
use bfv_cert::{Expected, admit};
use bfv_exact::spec::Spec;
use bfv_ledger::generate;
use bfv_model::manifest::Manifest;
use bfv_model::stored::SPEC_FILE;
use std::path::Path;
use world::{World, start};

#[test]
fn a_float_model_becomes_an_answer_with_a_certificate() {
    let world = World::new("answer");
    let mut previous = Digest::ZERO;
    for (seq, bits, open, opened) in [
        (0, "16", "none", 0),
        (1, "16", "0,1,5", 3),
        (2, "8", "all", 15 * 4 * 22),
        (3, "8", "products", 15 * (2 * 9 + 1)),
    ] {
        assert_eq!(world.quantise(&["--bits", bits]).0, 0);
        let slot = format!("4.0.{seq}");
        let (code, said, why) = world.run(&[("--open", open), ("--slot", &slot)]);
        assert_eq!((code, why.as_str()), (0, ""));
        // Where there is no card it is the CPU, and that is said.
        assert!(said.contains(" has computed this."), "{said}");
        assert!(said.contains("Tokens from number 13 on: ") && said.contains(&format!("and {opened} opened values.")));
        let bytes = std::fs::read(world.folder.join("answer.bfc")).unwrap();
        let admitted = admit(&bytes, &world.policy(), &Expected::default()).unwrap();
        let envelope = admitted.envelope();
        // The registry says which manifest counts, and the model is what it says, in the runs of 16 bits.
        let manifest = Manifest::read(&world.manifest()).unwrap();
        manifest.bound(&envelope.registry().opening.entry).unwrap();
        let spec = Spec::read(&std::fs::read(world.folder.join("model").join(SPEC_FILE)).unwrap()).unwrap();
        assert_eq!(manifest.fits(&spec).is_ok(), bits == "16");
        assert_eq!(envelope.cells().count(), opened);
        assert_eq!(envelope.reveal().output.unwrap().len(), 60);
        let fields = envelope.certificate().fields();
        assert_eq!((fields.slot.epoch, fields.slot.seq, fields.query.0), (4, seq, [0xab; 32]));
        assert!(said.contains(&envelope.certificate().id().to_string()));
        // Each certificate names the one before it.
        assert_eq!(fields.previous, previous);
        previous = envelope.certificate().id();
        // No slot is signed for twice.
        let (code, _, why) = world.run(&[("--slot", &slot)]);
        assert!(code == 3 && why.contains("This key has signed for slot 4.0."), "{why}");
    }
    assert_eq!(world.ledger().grown(1).unwrap().0.head.size, 5);
}

#[test]
fn a_drawn_answer_has_another_seed_each_time() {
    let world = World::new("drawn");
    assert_eq!(world.quantise(&["--temperature", "2.0", "--top-k", "12", "--positions", "32"]).0, 0);
    let answer = || {
        let (code, said, _) = world.run(&[]);
        assert_eq!(code, 0);
        said.lines().filter(|l| l.starts_with("Tokens")).collect::<Vec<_>>().concat()
    };
    assert_ne!(answer(), answer());
}

/// With the CPU nothing is said of a card. A card that is asked for is there, or that is what is wrong.
#[test]
fn the_device_is_chosen() {
    let world = World::new("device");
    assert_eq!(world.quantise(&[]).0, 0);
    let (code, said, why) = world.run(&[("--device", "cpu")]);
    assert!(code == 0 && why.is_empty() && !said.contains(" has computed this."), "{said}{why}");
    let (code, said, why) = world.run(&[("--device", "cuda")]);
    match code {
        0 => assert!(said.contains("The card ") && said.contains(" has computed this."), "{said}"),
        2 => assert!(why.contains("The flag --device has cuda. ") && why.contains("Write auto or cpu."), "{why}"),
        other => panic!("{other}: {why}"),
    }
}

#[test]
fn wrong_use_has_code_2() {
    let world = World::new("usage");
    let usage = |(code, said, why): (i32, String, String), expected: &str| {
        assert_eq!((code, said.as_str()), (2, ""), "{why}");
        assert!(why.contains(expected), "{why}");
    };
    usage(start(&[]), "There are seven commands.");
    usage(start(&["answer"]), "There is no command answer.");
    usage(start(&["key"]), "The flag --output is missing.");
    usage(start(&["key", "--in", "x"]), "There is no flag --in here.");
    usage(start(&["key", "--out", "x"]), "There is no flag --out here. Write --output.");
    usage(start(&["key", "--"]), "There is no flag -- here. There are: --output.");
    usage(start(&["key", "--output"]), "The flag --output has no value.");
    usage(start(&["key", "--output", "--output"]), "The flag --output has no value.");
    usage(start(&["key", "--output", "a", "--output", "b"]), "The flag --output stands twice.");
    usage(world.quantise(&["--bits", "4"]), "Write 8 or 16.");
    usage(world.quantise(&["--top-k", "4"]), "need --temperature");
    usage(world.quantise(&["--positions", "-1"]), "no such number");
    for flag in
        ["--slot", "--model", "--key", "--prompt-tokens", "--query", "--ledger", "--log-key", "--authority", "--output"]
    {
        usage(world.run(&[(flag, "")]), &format!("The flag {flag} is missing."));
    }
    for (flag, value, why) in [
        ("--prompt-tokens", "1,x", "has x, and needs numbers"),
        ("--prompt-tokens", "99", "no token 99"),
        ("--count", "70", "exceed 64 positions"),
        ("--count", "0", "there are no tokens"),
        ("--query", "ab", "needs 64 hexadecimal digits"),
        // Zeros are a point of small order.
        ("--authority", &"00".repeat(32), "no public key"),
        ("--slot", "1.2", "needs three numbers"),
        ("--device", "tpu", "The flag --device has tpu. Write auto, cpu or cuda."),
        ("--open", "999999", "missing from the trace"),
        ("--open", "2,1", "missing from the trace"),
    ] {
        usage(world.run(&[(flag, value)]), why);
    }
    assert_eq!(start(&["help"]).0, 0);
}

/// Not even with a file of another kind, and no slot is used up by the attempt.
#[test]
fn what_is_there_is_not_replaced() {
    let world = World::new("replaced");
    let model = ["model.spec", "model.safetensors"].map(|name| format!("model/{name}"));
    let kept = ["key", "ledger", "float/model.safetensors", &model[0], &model[1]];
    let read = || kept.map(|name| std::fs::read(world.folder.join(name)).unwrap());
    let before = read();
    for name in ["key", "ledger", "float"] {
        let (code, said, why) = world.run(&[("--slot", "9.1.0"), ("--output", &world.path(name))]);
        assert_eq!((code, said.as_str()), (3, ""), "{why}");
        assert!(why.contains(&format!("{name}: There is something already. Name a new file.")), "{why}");
    }
    for folder in ["model", "float"] {
        let (from, to) = (world.path("float"), world.path(folder));
        let (code, said, why) = start(&["quantise", "--model", &from, "--calibration-tokens", "1,2", "--output", &to]);
        assert_eq!((code, said.as_str()), (3, ""), "{why}");
        assert!(why.contains("There is something already. Name another folder."), "{why}");
    }
    assert_eq!(start(&["key", "--output", &world.path("key")]).0, 74);
    let minus = [
        world.run(&[("--slot", "9.1.0"), ("--output", "-")]),
        start(&["key", "--output", "-"]),
        start(&["quantise", "--model", &world.path("float"), "--calibration-tokens", "1", "--output", "-"]),
    ];
    for (code, said, why) in minus {
        assert_eq!((code, said.as_str()), (2, ""), "{why}");
        assert!(why.contains("Only run with --block writes to the standard output. Name a file."), "{why}");
    }
    assert!(read() == before && !Path::new("-").exists());
    assert_eq!(world.run(&[("--slot", "9.1.0")]).0, 0);
}

/// What could have been known before is told before anything is signed or logged, so the same slot serves once it is mended.
#[test]
fn a_slot_is_used_up_by_what_is_signed_only() {
    let world = World::new("slot");
    let ledger = || std::fs::read(world.folder.join("ledger")).unwrap();
    let before = ledger();
    let other = world.path("other");
    let (_, said, _) = start(&["key", "--output", &other]);
    let public = said.split("The public key is ").nth(1).unwrap().trim_end().trim_end_matches('.').to_owned();
    for (flag, value, code, expected) in [
        ("--key", &other, 3, "ledger: The key of the flag --key is not registered. Ask for its registration"),
        ("--authority", &public, 3, "ledger"),
        ("--log-key", &other, 3, "ledger"),
        ("--output", &world.path("none/x"), 74, "none cannot be used"),
    ] {
        let (found, said, why) = world.run(&[("--slot", "9.1.0"), (flag, value)]);
        assert_eq!((found, said.as_str()), (code, ""), "{why}");
        assert!(why.contains(expected), "{why}");
        assert!(ledger() == before, "{flag}");
    }
    assert_eq!(world.run(&[("--slot", "9.1.0")]).0, 0);
}

#[test]
fn a_wrong_file_has_code_3_and_a_missing_one_74() {
    let world = World::new("files");
    let expect = |code, (found, said, why): (i32, String, String), expected: &str| {
        assert_eq!((found, said.as_str()), (code, ""), "{why}");
        assert!(why.contains(expected), "{why}");
    };
    let write = |name: &str, bytes: &[u8]| std::fs::write(world.folder.join(name), bytes).unwrap();
    expect(74, start(&["key", "--output", &world.path("key")]), "cannot be used");
    for flag in ["--model", "--key", "--log-key"] {
        expect(74, world.run(&[(flag, &world.path("none"))]), "cannot be used");
    }
    expect(74, world.run(&[("--output", &world.path("none/x"))]), "cannot be used");
    write("no-key", b"x");
    let path = Path::new(&world.folder).join("no-key");
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    expect(3, world.run(&[("--key", &world.path("no-key"))]), "It holds no secret key.");
    // The keeper of the ledger is another, or the worker is not registered.
    expect(3, world.run(&[("--log-key", &world.path("key"))]), "did not sign this head");
    generate(&world.folder.join("other")).unwrap();
    expect(3, world.run(&[("--key", &world.path("other"))]), "not registered");
    write("model/model.spec", b"x");
    expect(3, world.run(&[]), "bytes of a specification");
    write("float/config.json", b"{}");
    expect(3, world.quantise(&[]), "is missing");
    std::fs::remove_file(world.folder.join("float/config.json")).unwrap();
    expect(74, world.quantise(&[]), "config.json");
}
