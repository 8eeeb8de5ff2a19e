//! The world of the demonstration in `examples/inference`: keys, small models, a ledger, and a prover that lies as it is told to.

use crate::random::Random;
use crate::random::small::{any_draft, any_weights};
use bfv_cert::certificate::{
    Body, Certificate, Fields, Lane, Layers, Operation, Output, Slot, TraceShape, Validity, trace_content,
};
use bfv_cert::digest::{Digest, output_digest, query_id, seed_commitment, spec_root};
use bfv_cert::envelope::{LogExtract, RegistryExtract, Reveal, write};
use bfv_cert::merkle::{Builder, Tree};
use bfv_cert::sign::{KeyId, SecretKey};
use bfv_cert::tensor::{Dtype, Scale as Unit, Shape, activation};
use bfv_exact::commit::{Layout, token_bytes, tokens_root, tokens_shape};
use bfv_exact::model::{Model, Weights};
use bfv_exact::requantise::Scale;
use bfv_exact::sample::{Draw, Sampler};
use bfv_exact::spec::{Bits, Dims, Draft, Spec};
use bfv_extract::Package;
use bfv_kernel::Limits;
use bfv_ledger::{Ledger, Trust, create};
use bfv_worker::prove::{Circumstances, Prover, Question};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// When the world begins, in seconds since 1970.
pub const START: u64 = 1_780_000_000;
/// Tokens of every answer.
pub const COUNT: usize = 4;
/// The specialists, in the order of the fusion.
pub const SPECIALISTS: [&str; 3] = ["law", "medicine", "code"];
const KEYS: [&str; 7] = ["authority", "log", "law", "medicine", "code", "head", "mallory"];

/// A key by its name. The keys of the demonstration are made of their names, so they are no secrets.
pub fn key(name: &str) -> SecretKey {
    SecretKey::from_seed(&bytes_of(name))
}

pub fn id(name: &str) -> KeyId {
    key(name).public().id()
}

/// 32 bytes made of a name.
fn bytes_of(name: &str) -> [u8; 32] {
    *bfv_cert::digest::output_digest(name.as_bytes()).as_bytes()
}

/// The specification: two layers, two query heads that share a key head. The model for code draws its tokens.
pub fn draft(name: &str) -> Draft {
    let mut draft = any_draft(&mut Random(77), Bits::Eight);
    draft.dims = Dims { width: 8, heads: 2, kv_heads: 1, head_width: 4, inner: 16, vocab: 32, positions: 16 };
    draft.layers = vec![draft.layers[0]; 2];
    (draft.window, draft.rope_base, draft.gate.function) = (None, 100, bfv_exact::gate::Function::Silu);
    draft.sampler = match name {
        "code" => Sampler::Draw(Draw::new(Scale::new(1, 2).unwrap(), 8, 1 << 16).unwrap()),
        _ => Sampler::Greedy,
    };
    draft
}

pub fn weights(name: &str) -> Weights<i8> {
    any_weights(&mut Random(name.len() as u64 * 1000 + u64::from(name.as_bytes()[0])), &draft(name))
}

pub fn prover(draft: Draft, weights: Weights<i8>) -> Prover<i8> {
    Prover::new(Model::new(Spec::new(draft).unwrap(), weights).unwrap()).unwrap()
}

pub fn honest(name: &str) -> Prover<i8> {
    prover(draft(name), weights(name))
}

/// The prompt of a question, and its name.
pub fn question(n: u8) -> (Vec<u32>, Digest) {
    let prompt = vec![u32::from(n), 7, 21, 4];
    let query = query_id(&[n; 32], &prompt, &Digest([1; 32]), &Digest([2; 32]));
    (prompt, query)
}

/// Runs the real program in a folder; it must do what it is told.
fn bfv(folder: &Path, line: &str) {
    let mut c = Command::new(env!("CARGO_BIN_EXE_bfv"));
    let o = c.args(line.split(' ')).current_dir(folder).env("BFV_CONFIG", folder.join("no-settings.toml")).output();
    let o = o.unwrap();
    assert!(o.status.success(), "{line}: {}", String::from_utf8_lossy(&o.stderr));
}

/// The median of three workers' numbers, with what is proved of it, as the command makes it.
pub fn median() -> Package {
    static MADE: AtomicU32 = AtomicU32::new(0);
    let name = format!("bfv-median-{}-{}.bfxk", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
    let out = std::env::temp_dir().join(name);
    let operator = "examples/certificates/operators.sctt --operator rank_spec --given p=1 --given t=1";
    let line = format!("extract {operator} --workers 3 --coordinates {COUNT} --replace --output {}", out.display());
    bfv(Path::new(env!("CARGO_MANIFEST_DIR")), &line);
    let bytes = std::fs::read(&out).unwrap();
    std::fs::remove_file(&out).unwrap();
    Package::read(&bytes, Limits::default()).unwrap()
}

/// An answer that is not signed yet.
#[derive(Clone)]
pub struct Made {
    pub fields: Fields,
    pub cells: Vec<Vec<u8>>,
    pub output: Vec<u8>,
    pub seed: Option<[u8; 32]>,
    pub opened: Vec<u64>,
    pub signer: &'static str,
}

/// Runs a model for a question, and says that it was the one of this name.
pub fn answer(run: &Prover<i8>, claims: &str, n: u8, worker: &'static str, seq: u64) -> Made {
    let (prompt, query) = question(n);
    let seed = bytes_of(&format!("seed of {worker} for {n}"));
    let made = run.answer(Question { query, prompt: prompt.clone(), count: COUNT }, seed, true).unwrap();
    let circumstances = Circumstances {
        slot: Slot { epoch: 1, view: 0, seq },
        validity: Validity { not_before: START, not_after: START + 300 },
        previous: Digest::ZERO,
        execution: None,
    };
    let mut fields = run.certify(&made, &circumstances, &key(worker)).unwrap().fields().clone();
    let claimed = honest(claims);
    (fields.model, fields.spec) = (claimed.model_root(), claimed.spec_root());
    let layout = Layout::new(claimed.model().spec(), prompt.len(), COUNT).unwrap();
    let cells = made.committed().cells.clone();
    let opened = (0..cells.len() as u64).filter(|leaf| layout.place(*leaf).is_some()).collect();
    Made { fields, cells, output: token_bytes(made.tokens()), seed: Some(seed), opened, signer: worker }
}

impl Made {
    fn tree(&self) -> Tree {
        let mut builder = Builder::new();
        self.cells.iter().for_each(|c| builder.push(trace_content(c)));
        builder.finish().unwrap()
    }

    /// Changes an opened value, and commits again.
    pub fn change(
        mut self,
        layout: &Layout,
        block: u32,
        layer: u32,
        op: bfv_exact::forward::Op,
        f: impl Fn(&mut Vec<u8>),
    ) -> Made {
        f(&mut self.cells[layout.leaf(block, layer, op).unwrap() as usize]);
        self.fields.trace = self.tree().root();
        self
    }

    /// Says that these tokens were chosen.
    pub fn say(mut self, tokens: &[u32]) -> Made {
        self.output = token_bytes(tokens);
        (self.fields.output_root, self.fields.output_shape) =
            (tokens_root(tokens).unwrap(), tokens_shape(tokens).unwrap());
        self.fields.output = Output::Hashed(output_digest(&self.output));
        self
    }

    /// Asks another question.
    pub fn ask(mut self, query: Digest) -> Made {
        self.fields.query = query;
        self.fields.seed = seed_commitment(&self.seed.unwrap(), &query);
        self
    }

    pub fn signed(&self) -> Certificate {
        Body::new(&self.fields).unwrap().sign(&key(self.signer))
    }

    pub fn tokens(&self) -> Vec<i64> {
        self.output.as_chunks::<4>().0.iter().map(|t| i64::from(u32::from_le_bytes(*t))).collect()
    }

    /// The envelope under these extracts.
    pub fn envelope(&self, (log, registry): &(LogExtract, RegistryExtract)) -> Vec<u8> {
        let cells: Vec<(u64, &[u8])> = self.opened.iter().map(|l| (*l, self.cells[*l as usize].as_slice())).collect();
        let proof = if self.opened.is_empty() { Vec::new() } else { self.tree().open(&self.opened).unwrap() };
        let reveal = Reveal { seed: self.seed, output: Some(&self.output) };
        write(&self.signed(), log, registry, &reveal, &cells, &proof).unwrap()
    }
}

/// A fusion of answers with this result.
pub fn fusion(parents: &[&Made], package: &Package, result: &[i64], signer: &'static str, seq: u64) -> Made {
    let numbers = |values: &[i64]| values.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
    let inputs = numbers(&parents.iter().flat_map(|p| p.tokens()).collect::<Vec<_>>());
    let output = numbers(result);
    let root = |sides: &Shape, bytes: &[u8]| activation(Dtype::I64, sides, Unit::new(0).unwrap(), bytes).unwrap();
    let input_shape = Shape::new(&[parents.len() as u32, COUNT as u32]).unwrap();
    let output_shape = Shape::new(&[result.len() as u32]).unwrap();
    let mut names: Vec<Digest> = parents.iter().map(|p| p.signed().id()).collect();
    names.sort();
    let mut made = Made {
        fields: Fields {
            lane: Lane::Exact,
            operation: Operation::Fusion,
            slot: Slot { epoch: 1, view: 0, seq },
            worker: id(signer),
            model: Digest::ZERO,
            spec: spec_root(&package.bytes()),
            layers: Layers { start: 0, end: 1 },
            input_shape,
            output_shape,
            input: root(&input_shape, &inputs),
            output_root: root(&output_shape, &output),
            trace_shape: TraceShape { blocks: 1, layers: 1, operations: 1 },
            output: Output::Hashed(output_digest(&output)),
            execution: None,
            parents: names,
            ..parents[0].fields.clone()
        },
        cells: vec![output.clone()],
        output,
        seed: None,
        opened: Vec::new(),
        signer,
    };
    made.fields.trace = made.tree().root();
    made
}

/// A ledger in the file `ledger.txt` of an empty folder with the keys of the demonstration, one of them revoked, as the commands make it;
/// and these certificates.
pub fn ledger(folder: &Path, certificates: &[Certificate]) -> Ledger {
    for name in KEYS.into_iter().chain(["before"]) {
        let seed = bytes_of(if name == "before" { "mallory, before" } else { name });
        let digits: String = seed.iter().map(|b| format!("{b:02x}")).collect();
        let text = format!("bfv secret key 1\n{digits}\n");
        create(&folder.join(format!("{name}.key")), text.as_bytes(), true).unwrap();
    }
    bfv(folder, "registry start");
    let register = |name: &str, role: &str| {
        let (from, until) = (START - 1000, START + 365 * 86_400);
        let request = format!("--role {role} --from {from} --until {until} --output {name}-{role}.request");
        bfv(folder, &format!("key request {name}.key {request}"));
        bfv(folder, &format!("registry register --request {name}-{role}.request --at {}", START - 900));
    };
    for name in &KEYS[2..] {
        let roles: &[&str] = match *name {
            "head" => &["head"],
            "mallory" => &["worker", "head"],
            _ => &["worker"],
        };
        roles.iter().for_each(|role| register(name, role));
    }
    register("before", "worker");
    let revoked =
        format!("--key {} --reason stolen --from {} --at {}", id("mallory, before").0, START - 500, START - 400);
    bfv(folder, &format!("registry revoke {revoked}"));
    let (authority, log) = (key("authority"), key("log"));
    let trust = Trust { authority: authority.public(), log: log.public() };
    let mut ledger = Ledger::open(&folder.join("ledger.txt"), trust).unwrap();
    for c in certificates {
        ledger.add(c, &log, START + 60).unwrap();
    }
    ledger
}

/// The files of a folder are these, byte by byte, and there are no other envelopes. `UPDATE_EXPECTED=1` writes them.
pub fn made_again(root: &std::path::Path, files: &std::collections::BTreeMap<String, Vec<u8>>) {
    if std::env::var_os("UPDATE_EXPECTED").is_some() {
        for (name, bytes) in files {
            let path = root.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
    }
    for (name, bytes) in files {
        assert!(std::fs::read(root.join(name)).is_ok_and(|b| b == *bytes), "{name} is another; UPDATE_EXPECTED=1");
    }
    for folder in ["accepted", "rejected"] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let name = format!("{folder}/{}", entry.unwrap().file_name().to_str().unwrap());
            assert!(files.contains_key(&name), "{name} is not made here");
        }
    }
}
