//! A folder with all that the program needs.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use crate::common::Tiny;
use bfv_cert::Policy;
use bfv_cert::registry::{Entry, Role};
use bfv_cert::sign::{Quorum, SecretKey};
use bfv_exact::commit::{model_root, spec_root};
use bfv_ledger::{Keys, Ledger, Trust, generate, secret};
use bfv_model::manifest::digest;
use bfv_model::stored::{SPEC_FILE, Stored, WEIGHTS_FILE};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// When everything happens, in seconds since 1970.
pub const NOW: u64 = 1_800_000_000;

pub struct World {
    pub folder: PathBuf,
    pub authority: SecretKey,
    pub log: SecretKey,
    runs: AtomicU64,
}

impl Drop for World {
    fn drop(&mut self) {
        let _left = std::fs::remove_dir_all(&self.folder);
    }
}

pub fn start(arguments: &[&str]) -> (i32, String, String) {
    let out = Command::new(env!("CARGO_BIN_EXE_bfv-worker")).args(arguments).output().unwrap();
    let (said, why) = (String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap());
    for line in said.lines().chain(why.lines()) {
        assert!(line.is_ascii() && line.ends_with('.') && !line.contains("  "), "{line}");
        for sentence in line.split(". ") {
            assert!(sentence.split(' ').count() <= 20, "{sentence}");
        }
    }
    (out.status.code().unwrap(), said, why)
}

impl World {
    /// A folder with a float model, an integer model, a registered key and a ledger.
    pub fn new(name: &str) -> World {
        let folder = std::env::temp_dir().join(format!("bfv-worker-{name}-{}", std::process::id()));
        let _absent = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(folder.join("float")).unwrap();
        let tiny = Tiny::new(1);
        std::fs::write(folder.join("float/config.json"), tiny.config()).unwrap();
        std::fs::write(folder.join("float/model.safetensors"), tiny.file()).unwrap();
        let key = |name: &str| generate(&folder.join(name)).unwrap();
        let world = World { authority: key("authority"), log: key("log"), runs: AtomicU64::new(0), folder };
        let (code, said, why) = start(&["key", "--output", &world.path("key")]);
        assert_eq!((code, why.as_str()), (0, ""));
        let own = secret(&world.folder.join("key")).unwrap();
        assert!(said.contains(&own.public().id().0.to_string()), "{said}");
        let manifest = digest(&world.manifest());
        let entry = Entry::with_manifest(&own, Role::Worker, NOW, NOW + 1000, Some(manifest));
        world.ledger().register(entry, Keys { authority: &world.authority, log: &world.log }, NOW).unwrap();
        let (code, said, why) = world.quantise(&[]);
        assert_eq!((code, why.as_str()), (0, ""), "{said}");
        assert!(said.contains("of 4 positions"), "{said}");
        world
    }

    /// The file of what the worker says of itself.
    pub fn manifest(&self) -> Vec<u8> {
        let text = r#"{"worker_id": "worker-1", "base_model": "tiny", "capabilities": [{"name": "any", "weight": 1,
            "validation_accuracy": 0.5, "layer_range": [0, 1], "attention_patterns": ["causal"]}], "parameter_count": "8K",
            "quantization": "int16", "hardware_affinity": ["cpu"], "latency_profile": {"p50": "1ms", "p95": "2ms", "p99": "3ms"}}"#;
        text.as_bytes().to_vec()
    }

    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    pub fn ledger(&self) -> Ledger {
        let trust = Trust { authority: self.authority.public(), log: self.log.public() };
        Ledger::open(&self.folder.join("ledger"), trust).unwrap()
    }

    /// Makes the integer model again. The one before is removed where that is possible.
    pub fn quantise(&self, more: &[&str]) -> (i32, String, String) {
        let (from, to) = (self.path("float"), self.path("made"));
        let flags = ["quantise", "--model", &from, "--output", &to, "--calibration-tokens", "1,2,3,4"];
        let made = start(&[flags.as_slice(), more].concat());
        if made.0 == 0 {
            let _absent = std::fs::remove_dir_all(self.path("model"));
            std::fs::rename(to, self.path("model")).unwrap();
        }
        made
    }

    /// Runs with flags of which some are replaced or, by an empty value, left out.
    pub fn run(&self, changed: &[(&str, &str)]) -> (i32, String, String) {
        self.told("run", changed)
    }

    /// The same for a command that signs.
    pub fn told(&self, command: &str, changed: &[(&str, &str)]) -> (i32, String, String) {
        let hex = "ab".repeat(32);
        // A slot that was not used: they ascend from run to run.
        let slot = format!("9.0.{}", self.runs.fetch_add(1, Ordering::Relaxed));
        let own = [
            ("--slot", slot),
            ("--model", self.path("model")),
            ("--key", self.path("key")),
            ("--prompt-tokens", "3,1,2".to_owned()),
            ("--count", "15".to_owned()),
            ("--query", hex),
            ("--ledger", self.path("ledger")),
            ("--log-key", self.path("log")),
            ("--authority", self.authority.public().id().0.to_string()),
            ("--at", (NOW + 5).to_string()),
            ("--output", self.path("answer.bfc")),
        ];
        // The program does not replace it.
        let _absent = std::fs::remove_file(self.path("answer.bfc"));
        let mut all = vec![command];
        for (name, value) in &own {
            if !changed.iter().any(|(n, _)| n == name) {
                all.extend([*name, value]);
            }
        }
        changed.iter().filter(|(_, value)| !value.is_empty()).for_each(|(name, value)| all.extend([*name, *value]));
        start(&all)
    }

    pub fn policy(&self) -> Policy {
        let read = |name: &str| std::fs::read(self.folder.join("model").join(name)).unwrap();
        let stored = Stored::read(&read(SPEC_FILE), &read(WEIGHTS_FILE)).unwrap();
        let root = match &stored {
            Stored::Eight(m) => model_root(m),
            Stored::Sixteen(m) => model_root(m),
        };
        Policy {
            authority: Quorum::one(self.authority.public()),
            log: Quorum::one(self.log.public()),
            registry_max_age: 600,
            lanes: vec![bfv_cert::certificate::Lane::Exact],
            models: vec![root.unwrap()],
            specs: vec![spec_root(stored.spec())],
            kernels: Vec::new(),
        }
    }
}
