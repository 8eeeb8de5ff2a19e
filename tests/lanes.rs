//! Answers in the lanes of floats, through the real programs: from keys and a model to the verdict.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

#[path = "../crates/replay/tests/common/mod.rs"]
mod float;
#[path = "../crates/replay/tests/common/files.rs"]
mod float_files;
#[path = "project/folder.rs"]
mod folder;
#[path = "../crates/exact/tests/common/mod.rs"]
mod random;
#[path = "project/worker.rs"]
mod worker;

use bfv_cert::certificate::{Lane, Slot, Validity};
use bfv_cert::digest::{Digest, query_id};
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::SecretKey;
use bfv_exact::linear::vectored;
use bfv_exact::model::Model;
use bfv_exact::requantise::Scale;
use bfv_exact::rounding::{Arithmetic, Product};
use bfv_exact::sample::Sampler;
use bfv_exact::spec::{Bits, Dims, Draft, Spec};
use bfv_exact::{Matrix, Refused};
use bfv_ledger::{Keys, Ledger, Trust, generate};
use bfv_model::stored::{SPEC_FILE, WEIGHTS_FILE, weights_file};
use bfv_worker::prove::{Circumstances, Prover, Question};
use bfv_worker::single::execution;
use folder::{Folder, newcomer};
use random::Random;
use random::small::{any_draft, any_weights};
use serde_json::{Value, json};
use std::cell::Cell;
use worker::build_the_worker;

const START: u64 = 1_780_000_000;
const PROMPT: [u32; 3] = [5, 7, 2];
const COUNT: usize = 4;
/// What the verifier knows the kernel by.
const KERNEL: [u8; 32] = [0x5a; 32];

/// A model of 16 bits, whose sums are rounded in single precision. Attention is soft, and layers add little, the less the more.
fn draft(more: u8) -> Draft {
    let mut draft = any_draft(&mut Random(77), Bits::Sixteen);
    draft.dims = Dims { width: 16, heads: 2, kv_heads: 1, head_width: 4, inner: 24, vocab: 9, positions: 16 };
    draft.layers = vec![draft.layers[0]; 2];
    (draft.window, draft.rope_base, draft.sampler) = (None, 100, Sampler::Greedy);
    let scale = |s: Scale, more: u8| Scale::new(s.multiplier(), s.shift() + more).unwrap();
    for l in &mut draft.layers {
        (l.score, l.output, l.down) = (scale(l.score, 12), scale(l.output, more), scale(l.down, more));
    }
    draft.head = scale(draft.head, 8);
    draft
}

/// A folder with keys, a ledger, a model and whom to trust.
struct Place {
    folder: Folder,
    authority: SecretKey,
    log: SecretKey,
    worker: SecretKey,
    query: Digest,
    model: Model<i16>,
}

impl Place {
    fn new(name: &str, more: u8) -> Place {
        build_the_worker();
        let folder = Folder::new(name);
        let [authority, log, worker] = ["authority", "log", "worker"].map(|n| generate(&folder.0.join(n)).unwrap());
        let keys = Keys { authority: &authority, log: &log };
        let trust = Trust { authority: authority.public(), log: log.public() };
        let mut ledger = Ledger::open(&folder.0.join("ledger.txt"), trust).unwrap();
        ledger.register(Entry::new(&worker, Role::Worker, START - 1000, START + 1000), keys, START - 900).unwrap();
        let model = Model::new(Spec::new(draft(more)).unwrap(), any_weights(&mut Random(6), &draft(more))).unwrap();
        std::fs::create_dir(folder.0.join("model")).unwrap();
        folder.write(&format!("model/{SPEC_FILE}"), &model.spec().bytes());
        folder.write(&format!("model/{WEIGHTS_FILE}"), &weights_file(&model));
        let query = query_id(&[9; 32], &PROMPT, &Digest([1; 32]), &Digest([2; 32]));
        Place { folder, authority, log, worker, query, model }
    }

    /// Writes whom to trust, with these lines at the beginning and at the end.
    fn trust(&self, lanes: &str, kernels: &str) {
        let hex = |k: &SecretKey| k.public().id().0.to_string();
        let text = format!(
            "authority = \"{}\"\nlog = \"{}\"\nledger = \"ledger.txt\"\n{lanes}\n[[worker]]\nname = \"worker\"\nkey = \"{}\"\n\
             \n[[model]]\nname = \"model\"\nfolder = \"model\"\n\
             \n[[question]]\nquery = \"{}\"\nprompt = [5, 7, 2]\nanswer = {COUNT}\n{kernels}",
            hex(&self.authority),
            hex(&self.log),
            hex(&self.worker),
            self.query,
        );
        self.folder.write("verify.toml", text.as_bytes());
    }

    fn bfv(&self, args: &[&str]) -> (Option<i32>, String, String) {
        let o = newcomer(&self.folder.0, &self.folder.0, args).output().unwrap();
        (o.status.code(), String::from_utf8(o.stdout).unwrap(), String::from_utf8(o.stderr).unwrap())
    }

    /// An answer of the real worker, in this file and slot.
    fn answer(&self, file: &str, slot: &str, more: &[&str]) -> (Option<i32>, String, String) {
        self.answer_of(("model", "products"), file, slot, more)
    }

    /// The same with another model and other values that are opened.
    fn answer_of(
        &self,
        (model, open): (&str, &str),
        file: &str,
        slot: &str,
        more: &[&str],
    ) -> (Option<i32>, String, String) {
        let (query, count, start) = (self.query.to_string(), COUNT.to_string(), START.to_string());
        let authority = self.authority.public().id().0.to_string();
        let flags = [
            ["--model", model],
            ["--prompt-tokens", "5,7,2"],
            ["--count", &count],
            ["--key", "worker"],
            ["--query", &query],
            ["--slot", slot],
            ["--ledger", "ledger.txt"],
            ["--log-key", "log"],
            ["--authority", &authority],
            ["--open", open],
            ["--at", &start],
            ["--output", file],
        ];
        self.bfv(&[&["run", "worker", "run"], flags.as_flattened(), more].concat())
    }

    fn verify(&self, file: &str) -> (Option<i32>, Value, String) {
        let query = self.query.to_string();
        let (code, out, err) = self.bfv(&["verify", file, "--query", &query, "--format", "json"]);
        assert_eq!(err, "");
        let mut json: Value = serde_json::from_str(&out).unwrap();
        let (_, text, _) = self.bfv(&["verify", file, "--query", &query]);
        (code, json["certificates"][0].take(), text)
    }
}

fn kernel(device: u8, roundoff: &str) -> String {
    format!("\n[[kernel]]\nhash = \"{}\"\ndevice = {device}\nroundoff = \"{roundoff}\"\n", Digest(KERNEL))
}

#[test]
fn answers_of_the_real_worker_are_judged_in_their_lane() {
    let place = Place::new("lanes-programs", 10);
    let right = Prover::new(place.model.clone()).unwrap();
    let question = Question { query: place.query, prompt: PROMPT.to_vec(), count: COUNT };
    let right = right.answer(question, [0; 32], false).unwrap().tokens().to_vec();
    let hash = Digest(KERNEL).to_string();
    let flags = |lane| ["--lane", lane, "--kernel", &hash, "--device", "0"].map(str::to_owned);
    for (slot, lane) in [("1.0.1", "residual"), ("1.0.2", "tolerance")] {
        let file = format!("{lane}.bfc");
        let flags = flags(lane);
        let (code, out, err) = place.answer(&file, slot, &flags.each_ref().map(String::as_str));
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
        let (code, out, _) = place.bfv(&["show", "certificate", &file]);
        assert_eq!(code, Some(0));
        assert!(out.contains(&format!("\nLane: {lane}.\n")) && out.contains("\nDevice: 0.\n"), "{out}");
        assert!(out.contains("\nKernel: "), "{out}");
        // The default takes the exact lane alone.
        place.trust("", "");
        let (code, json, text) = place.verify(&file);
        assert_eq!((code, &json["class"]), (Some(1), &json!("binding")), "{text}");
        assert!(text.contains("The certificate does not belong here: the lane was not asked for."), "{text}");
        // So does the other lane of floats.
        let other = if lane == "residual" { "tolerance" } else { "residual" };
        place.trust(&format!("lanes = [\"exact\", \"{other}\"]\n"), &kernel(0, "single"));
        assert_eq!(place.verify(&file).0, Some(1));
        place.trust(&format!("lanes = [\"{lane}\"]\n"), &kernel(0, "single"));
        let (code, json, text) = place.verify(&file);
        assert_eq!(code, Some(0), "{text}");
        assert_eq!((&json["lane"], &json["soundness_bits"]), (&json!(lane), &json!(59)));
        assert_eq!(json["values"], json!(right));
        let drift = json["drift"].as_u64().unwrap();
        assert!((drift > 0) == (lane == "tolerance"), "{text}");
        assert!(text.contains(&format!(" Drift of the logits: at most {drift}.")), "{text}");
        assert_eq!(json.get("signs"), (lane == "tolerance").then(|| json!(120)).as_ref());
        assert!(text.contains(&format!("Accepted: {file}. Worker worker, program model, lane {lane}. ")), "{text}");
        assert!(text.contains("A wrong answer would pass with probability at most 2^-59."), "{text}");
        // Another device, or another kernel.
        place.trust(&format!("lanes = [\"{lane}\"]\n"), &kernel(1, "single"));
        let (code, _, text) = place.verify(&file);
        assert_eq!(code, Some(1));
        assert!(text.contains("the kernel was not expected on a device of class 0."), "{text}");
        let text = kernel(0, "single").replace("5a5a", "0000");
        place.trust(&format!("lanes = [\"{lane}\"]\n"), &text);
        assert!(place.verify(&file).2.contains("another kernel was expected, not 5a5a"));
    }
}

#[test]
fn an_answer_of_which_nobody_can_tell_is_undecided_with_its_margin() {
    let place = Place::new("lanes-undecided", 0);
    place.trust("lanes = [\"residual\", \"tolerance\"]\n", &kernel(0, "tensor"));
    let hash = Digest(KERNEL).to_string();
    let (code, _, err) = place.answer("near.bfc", "1.0.1", &["--lane", "tolerance", "--kernel", &hash]);
    assert_eq!(code, Some(0), "{err}");
    let (code, json, text) = place.verify("near.bfc");
    assert_eq!((code, &json["verdict"], &json["class"]), (Some(4), &json!("undecided"), &json!("undecided")), "{text}");
    let [token, margin, drift] = ["token", "margin", "drift"].map(|name| json[name].as_u64().unwrap());
    assert!(token == 3 && margin <= drift, "{text}");
    let says = format!(
        "Undecided: near.bfc. At token 3 the margin is {margin}, the drift up to {drift}: the certified interval contains another choice."
    );
    assert!(text.contains(&says), "{text}");
}

/// Says something else than the sums at one entry of one product, and is otherwise exact.
struct Liar {
    lane: Lane,
    calls: Cell<usize>,
    off: i64,
    hidden: bool,
}

impl Arithmetic<i16> for Liar {
    type Held = ();

    fn lane(&self) -> Lane {
        self.lane
    }

    fn product(&self, w: &Matrix<i16>, x: &Matrix<i16>) -> Result<Product<i64>, Refused> {
        let mut sums = vectored(w, x)?;
        let mut residuals = sums.map(|_| 0i64);
        if self.calls.get() == 5 {
            sums.entries_mut()[2] += self.off;
            residuals.entries_mut()[2] -= if self.hidden { self.off } else { 0 };
        }
        self.calls.set(self.calls.get() + 1);
        Ok(Product { sums, residuals: (self.lane == Lane::Residual).then_some(residuals) })
    }
}

#[test]
fn a_worker_that_lies_in_a_lane_of_floats_is_rejected_with_the_entry() {
    let place = Place::new("lanes-lies", 10);
    place.trust("lanes = [\"residual\", \"tolerance\"]\n", &kernel(3, "single"));
    let prover = Prover::new(place.model.clone()).unwrap();
    let trust = Trust { authority: place.authority.public(), log: place.log.public() };
    let mut ledger = Ledger::open(&place.folder.0.join("ledger.txt"), trust).unwrap();
    let lies = [
        (
            Lane::Residual,
            1 << 20,
            true,
            "Wrong residual: UpSums of layer 1, token 0, column 2 is -1048576, and may be ",
        ),
        (Lane::Residual, 3, false, "Wrong product: UpSums of layer 1, token 0, column 2 with its residual is "),
        (Lane::Tolerance, 1 << 30, false, "Wrong product: UpSums of layer 1, token 0, column 2 is "),
    ];
    for (n, (lane, off, hidden, says)) in (0u64..).zip(lies) {
        let question = Question { query: place.query, prompt: PROMPT.to_vec(), count: COUNT };
        let liar = Liar { lane, calls: Cell::new(0), off, hidden };
        let answer = prover.answer_by(&liar, question, [1; 32], true).unwrap();
        let circumstances = Circumstances {
            slot: Slot { epoch: 1, view: 0, seq: n },
            validity: Validity { not_before: START, not_after: START + 300 },
            previous: Digest::ZERO,
            execution: execution(Digest(KERNEL), 3, PROMPT.len(), COUNT),
        };
        let certificate = prover.certify(&answer, &circumstances, &place.worker).unwrap();
        ledger.add(&certificate, &place.log, START + n).unwrap();
        let (log, registry) = ledger.extract(&certificate).unwrap();
        let leaves = answer.products(prover.model().spec()).unwrap();
        let bytes = answer.envelope(&certificate, (&log, &registry), &leaves).unwrap();
        place.folder.write("lie.bfc", &bytes);
        let (code, json, text) = place.verify("lie.bfc");
        assert_eq!((code, &json["class"]), (Some(1), &json!("refuted")), "{text}");
        assert!(text.contains(&format!("Rejected: lie.bfc. {says}")), "{text}");
    }
    // What is within the tolerance may be right: here it changes no choice, or nobody can tell.
    let question = Question { query: place.query, prompt: PROMPT.to_vec(), count: COUNT };
    let liar = Liar { lane: Lane::Residual, calls: Cell::new(0), off: 3, hidden: true };
    assert_eq!(prover.answer_by(&liar, question, [1; 32], false).unwrap().tokens().len(), COUNT);
}

#[test]
fn settings_about_lanes_that_make_no_sense_are_refused() {
    let place = Place::new("lanes-settings", 10);
    place.folder.write("none.bfc", b"");
    let (one, two) = (kernel(0, "single"), kernel(0, "single") + &kernel(0, "tensor"));
    let cases = [
        ("lanes = []\n", "", "it takes no lane. To mend it: Name one under lanes, such as exact."),
        ("lanes = [\"exact\", \"exact\"]\n", "", "lane exact stands twice"),
        ("lanes = [\"float\"]\n", "", "unknown variant float, expected one of exact, residual, tolerance"),
        ("lanes = [\"residual\"]\n", "", "it takes the lane residual or tolerance, and knows no kernel"),
        ("", one.as_str(), "it knows kernels, and takes neither residual nor tolerance"),
        ("lanes = [\"residual\"]\n", two.as_str(), "stands twice for device 0"),
        ("lanes = [\"residual\"]\n", &one.replace("5a5a", "5a"), "is no digest"),
        ("lanes = [\"residual\"]\n", &one.replace("single", "double"), "unknown variant double"),
        ("lanes = [\"residual\"]\n", &one.replace("device = 0\n", ""), "missing field device"),
    ];
    for (lanes, kernels, why) in cases {
        place.trust(lanes, kernels);
        let (code, out, err) = place.bfv(&["verify", "none.bfc"]);
        let said = out + &err;
        assert_eq!(code, Some(2), "{why}: {said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    // The flags of the worker.
    let hash = Digest(KERNEL).to_string();
    let cases: [(&[&str], &str); 5] = [
        (&["--lane", "float"], "The flag --lane has float. Write exact, residual, tolerance or replay."),
        (&["--lane", "residual"], "The flag --kernel is missing."),
        (&["--lane", "residual", "--kernel", "5a"], "The flag --kernel needs 64 hexadecimal digits"),
        (&["--kernel", &hash], "The flag --kernel is for lanes of floats. Leave it out."),
        (&["--lane", "exact", "--device", "1"], "The flag --device has 1. Write auto, cpu or cuda."),
    ];
    for (more, why) in cases {
        let (code, out, err) = place.answer("none.bfc", "1.0.1", more);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{err}");
        assert!(err.contains(why), "{why}: {err}");
    }
}

/// A float model beside the integer one, in the lane of replay.
const FLOAT: &str = "\n[[model]]\nname = \"sixteen\"\nfolder = \"sixteen\"\n";

#[test]
fn float_answers_of_the_real_worker_are_accepted_by_a_sample() {
    let place = Place::new("lanes-replay", 10);
    std::fs::create_dir(place.folder.0.join("sixteen")).unwrap();
    let (config, weights) = float_files::usual(bfv_replay::Format::Bf16, 50);
    place.folder.write("sixteen/config.json", config.as_bytes());
    place.folder.write("sixteen/model.safetensors", &weights);
    let voter = generate(&place.folder.0.join("voter")).unwrap();
    let keepers = Trust { authority: place.authority.public(), log: place.log.public() };
    let keys = Keys { authority: &place.authority, log: &place.log };
    let mut ledger = Ledger::open(&place.folder.0.join("ledger.txt"), keepers).unwrap();
    ledger.register(Entry::new(&voter, Role::Voter, START - 1000, START + 1000), keys, START - 800).unwrap();
    drop(ledger);
    let model = |open| ("sixteen", open);
    for (file, slot, open) in
        [("few.bfc", "1.0.1", "tiles"), ("whole.bfc", "1.0.2", "all"), ("shut.bfc", "1.0.3", "none")]
    {
        let (code, out, err) = place.answer_of(model(open), file, slot, &["--lane", "replay", "--tiles", "9"]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    }
    let (_, out, _) = place.bfv(&["show", "certificate", "few.bfc"]);
    assert!(out.contains("\nLane: replay.\n") && out.contains("\nKernel: ") && out.contains("\nDevice: 0.\n"), "{out}");
    // Nobody who has not asked for this lane by its name, with a number of tiles, takes such an answer.
    for (lanes, more, what) in [
        ("", FLOAT, "it knows a float model, and takes no lane replay"),
        ("lanes = [\"replay\"]\n", FLOAT, "it takes the lane replay, and draws no tiles"),
        ("lanes = [\"replay\"]\ntiles = 0\n", FLOAT, "it takes the lane replay, and draws no tiles"),
        ("lanes = [\"exact\", \"replay\"]\ntiles = 9\n", "", "it takes the lane replay, and knows no float model"),
        ("tiles = 9\n", "", "it draws tiles, and takes no lane replay"),
    ] {
        place.trust(lanes, more);
        let (code, out, err) = place.bfv(&["verify", "few.bfc"]);
        assert_eq!(code, Some(2), "{out}");
        assert!(err.contains(what), "{err} lacks {what}");
    }
    place.trust("lanes = [\"exact\", \"replay\"]\ntiles = 9\n", FLOAT);
    let (code, json, text) = place.verify("few.bfc");
    assert_eq!((code, &json["verdict"], &json["lane"]), (Some(0), &json!("sampled"), &json!("replay")), "{text}");
    let of = json["tiles"]["of"].as_u64().unwrap();
    assert_eq!((&json["tiles"]["drawn"], &json["choices_bits"]), (&json!(9), &json!(61)));
    assert!(of > 100 && json.get("soundness_bits").is_none(), "{json}");
    assert!(text.starts_with("Judged 1 certificate: 0 accepted, 1 sampled, 0 rejected, 0 undecided.\n"), "{text}");
    let line = format!(
        "Accepted (sampled, 9 of {of} tiles): few.bfc. Worker worker, program sixteen, lane replay, order of reference. \
         An answer with 1 in 10 tiles wrong may pass: 2^61 draws can be tried. A draw finds a single wrong tile 9 times in {of}."
    );
    assert!(text.contains(&line), "{text}");
    assert!(text.contains("Result: everything is accepted, in part by samples only."), "{text}");
    // A draw that nobody knows, for which all values must be there, and one of all tiles.
    place.folder.write("secret", "ab".repeat(32).as_bytes());
    let secret = |tiles: u64| {
        let more = format!("{FLOAT}\n[challenge]\nkind = \"secret\"\nfile = \"secret\"\n");
        place.trust(&format!("lanes = [\"replay\"]\ntiles = {tiles}\n"), &more);
    };
    secret(64);
    let (code, json, text) = place.verify("whole.bfc");
    assert_eq!((code, &json["missed_bits"]), (Some(0), &json!({ "one_in_two": 64, "one_in_ten": 9, "one_in_100": 0 })));
    assert!(text.contains("An answer with 1 in 10 tiles wrong would pass with probability at most 2^-9."), "{text}");
    let (code, json, text) = place.verify("few.bfc");
    assert_eq!((code, &json["verdict"]), (Some(4), &json!("undecided")), "{text}");
    assert!(text.contains(" is needed for a tile, and is not opened."), "{text}");
    secret(1 << 40);
    let (code, json, text) = place.verify("whole.bfc");
    assert_eq!((code, &json["tiles"]), (Some(0), &json!({ "drawn": of, "of": of })));
    assert!(text.contains("All tiles were computed again."), "{text}");
    // A vote may name such an answer, and counts nothing: it was not accepted.
    let (authority, start) = (place.authority.public().id().0.to_string(), START.to_string());
    let flags = [
        ["--answers", "whole.bfc"],
        ["--workers", "1"],
        ["--quorum", "1"],
        ["--key", "voter"],
        ["--slot", "2.0.1"],
        ["--ledger", "ledger.txt"],
        ["--log-key", "log"],
        ["--authority", &authority],
        ["--at", &start],
        ["--output", "vote.bfc"],
    ];
    let (code, out, err) = place.bfv(&[&["run", "worker", "vote"], flags.as_flattened()].concat());
    assert_eq!(code, Some(0), "{out} {err}");
    let vote = format!(
        "\n[[worker]]\nname = \"voter\"\nkey = \"{}\"\n\n[[vote]]\nname = \"vote\"\nhead = \"voter\"\nworkers = [\"worker\"]\nquorum = 1\n",
        voter.public().id().0
    );
    let secret_of_all = "\n[challenge]\nkind = \"secret\"\nfile = \"secret\"\n";
    place.trust("lanes = [\"exact\", \"replay\"]\ntiles = 1000000\n", &format!("{FLOAT}{vote}{secret_of_all}"));
    let (code, out, _) = place.bfv(&["verify", "whole.bfc", "vote.bfc"]);
    assert_eq!(code, Some(4), "{out}");
    assert!(out.starts_with("Judged 2 certificates: 0 accepted, 1 sampled, 0 rejected, 1 undecided.\n"), "{out}");
    assert!(out.contains("Undecided: vote.bfc. Not all answers that it counts were accepted before."), "{out}");
    // What is not opened is undecided before the deadline, and withheld after it.
    place.trust(&format!("lanes = [\"replay\"]\ntiles = 9\ndeadline = {}\n", START - 10), FLOAT);
    let (code, json, text) = place.verify("shut.bfc");
    assert_eq!((code, &json["verdict"], &json["class"]), (Some(1), &json!("rejected"), &json!("refuted")), "{text}");
    assert!(text.contains("Withheld: ") && text.contains(" was not opened until the deadline."), "{text}");
    // Another model: its weights are not those that were committed to.
    let (config, other) = float_files::usual(bfv_replay::Format::Bf16, 51);
    place.folder.write("sixteen/config.json", config.as_bytes());
    place.folder.write("sixteen/model.safetensors", &other);
    secret(64);
    let (code, json, text) = place.verify("whole.bfc");
    assert_eq!((code, &json["verdict"]), (Some(1), &json!("rejected")), "{text}");
    assert!(text.contains("another model was expected"), "{text}");
}
