//! The form of `verify.toml`, as it is written. What it means is in `trust.rs`.

use crate::kernels::{KernelText, LaneText};
use serde::Deserialize;
use std::path::PathBuf;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    pub authority: String,
    pub log: String,
    pub registry_max_age: Option<u64>,
    pub least_bits: Option<u32>,
    pub deadline: Option<u64>,
    pub ledger: Option<PathBuf>,
    pub challenge: Option<ChallengeText>,
    pub lanes: Option<Vec<LaneText>>,
    pub tiles: Option<u64>,
    #[serde(default)]
    pub kernel: Vec<KernelText>,
    #[serde(default)]
    pub worker: Vec<WorkerText>,
    #[serde(default)]
    pub model: Vec<ModelText>,
    #[serde(default)]
    pub split: Vec<SplitText>,
    #[serde(default)]
    pub question: Vec<QuestionText>,
    #[serde(default)]
    pub fusion: Vec<FusionText>,
    #[serde(default)]
    pub vote: Vec<VoteText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", tag = "kind")]
pub enum ChallengeText {
    /// 32 random bytes in a file, as hexadecimal digits.
    Secret {
        file: PathBuf,
    },
    FiatShamir {
        repetitions: u32,
        tries: u32,
    },
    /// What became known after a head of the log was signed.
    Beacon {
        /// Its value, where it comes from elsewhere.
        value: Option<String>,
        /// What people have committed to before, and the shares that they have revealed; an empty one is held back.
        #[serde(default)]
        commitments: Vec<String>,
        #[serde(default)]
        shares: Vec<String>,
        /// How many shares are needed; all where nothing is said.
        least: Option<usize>,
        /// The root of the log in that head.
        log_root: String,
        /// When it became known, in seconds since 1970.
        drawn: u64,
        /// Among how many values somebody could choose; 1 where nothing is said.
        choices: Option<u64>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerText {
    pub name: String,
    pub key: String,
    /// The models with which it may answer; any where nothing is said.
    pub models: Option<Vec<String>>,
    /// The file with which it was registered.
    pub manifest: Option<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelText {
    pub name: String,
    pub folder: Option<PathBuf>,
    /// The name of a model that is built in, in the place of a folder.
    pub shipped: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SplitText {
    pub name: String,
    pub model: String,
    /// The file of the splitting configuration, whose workers are named as above.
    pub configuration: PathBuf,
    /// The worker whose registry entry of the role head carries that file.
    pub head: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuestionText {
    pub query: String,
    pub prompt: Vec<u32>,
    pub answer: Option<usize>,
    /// Whether the answer comes block by block.
    #[serde(default)]
    pub blocks: bool,
    #[serde(default)]
    pub workers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusionText {
    pub name: String,
    pub package: PathBuf,
    pub workers: Vec<String>,
    #[serde(default)]
    pub parameters: Vec<Vec<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoteText {
    pub name: String,
    /// The worker who counts, whose key is registered in the role voter.
    pub head: String,
    /// Who has a vote.
    pub workers: Vec<String>,
    /// How many must give one answer.
    pub quorum: usize,
}
