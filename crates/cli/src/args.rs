//! The command line as data. The texts are for `help.rs`; clap renders nothing.

use bfv_import::Rule;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Formal verification of specifications: every claim is proved, refuted or unknown.
#[derive(Parser, Debug)]
#[command(name = "bfv", version, disable_help_subcommand = true, next_line_help = true)]
pub struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(ClapArgs, Debug)]
pub struct Global {
    /// How results are written. Default: text. The last three are for other programs.
    #[arg(long, global = true, value_enum, value_name = "FORMAT")]
    pub format: Option<Format>,
    /// Plain sentences, or pictures of the source and of runs. Default: plain.
    #[arg(long, global = true, value_enum, value_name = "LAYOUT")]
    pub layout: Option<Layout>,
    /// When to use colour. Default: auto.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub color: Option<When>,
    /// Print nothing when the command succeeds.
    #[arg(long, global = true)]
    pub quiet: bool,
    /// Whether to add a hint about what to run next. Default: once.
    #[arg(long, global = true, value_enum, value_name = "WHEN")]
    pub hints: Option<Hints>,
    /// How ids are written: eight hex digits, or the same with spoken words. Default: hex.
    #[arg(long, global = true, value_enum, value_name = "STYLE")]
    pub ids: Option<Ids>,
    /// How formulas are written: in words, or as in the source. Default: words.
    #[arg(long, global = true, value_enum, value_name = "STYLE")]
    pub math: Option<MathStyle>,
    /// Also write the result to a file, in one of the formats. May be repeated.
    #[arg(long, global = true, value_name = "KIND=PATH")]
    pub report: Vec<String>,
}

#[derive(Subcommand, Debug)]
pub enum Command {
    /// Judge every claim of the given files.
    Check(Check),
    /// Judge the stored proofs against the policy, without any search.
    Gate(Paths),
    /// Explain a code, a reason, a claim or a declaration.
    Explain(Explain),
    /// List claims of files, or declarations of the library.
    List(List),
    /// Show one claim or declaration.
    Show(Show),
    /// Make a folder a project, with claims to begin with.
    Init(Init),
    /// Write claims about a mergekit file or an aggregator, and judge them.
    Import(Import),
    /// Write a program that replays a counterexample.
    Export(Export),
    /// Check recorded runs of Wingbeat against its protocol.
    Conform(Conform),
    /// Judge certificates of answers.
    Verify(Verify),
    /// Run a program that answers with certificates.
    Run(Run),
    /// Answer questions about goals over HTTP.
    Serve(Serve),
    /// Suggest next steps for one goal.
    Suggest(Suggest),
    /// Make an integer program of an operator, with proofs.
    Extract(Extract),
    /// Make a secret key, or ask to register it.
    Key(Key),
    /// Keep a registry of keys with its log.
    Registry(Registry),
    /// Measure how stable verdicts are when claims are reworded.
    Measure(Measure),
    /// Report what bfv finds on this machine.
    Doctor,
    /// Show your settings, or change one.
    Set(Set),
    /// Show help on a command or a topic.
    Help(Help),
}

impl Command {
    /// Whether its answer has claims with verdicts.
    pub fn judges(&self) -> bool {
        matches!(self, Command::Check(_) | Command::Gate(_) | Command::Init(_) | Command::Import(_))
    }
}

#[derive(ClapArgs, Debug)]
pub struct Check {
    /// Files and folders. Default: the sources of the project.
    pub paths: Vec<PathBuf>,
    /// Judge only the claim of this name, written or spoken.
    #[arg(long, value_name = "NAME")]
    pub goal: Option<String>,
    /// How many steps a goal may take. Default: 1000000.
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    pub budget: Option<u64>,
    /// Ignore stored proofs.
    #[arg(long)]
    pub fresh: bool,
    /// Never write stored proofs.
    #[arg(long)]
    pub locked: bool,
    /// Who searches: native alone, egg alone, or z3 as well where both find nothing. Default: native, then egg.
    #[arg(long, value_enum, value_name = "ENGINE")]
    pub engine: Option<Engine>,
    /// For refuted claims without holds_if, search a fixed menu for a condition under which they hold.
    #[arg(long)]
    pub repair: bool,
    /// Change the operators in many places, and report the changes that survive: every claim accepts them.
    #[arg(long)]
    pub attack_spec: bool,
    /// With --attack-spec: exit with code 5 where a change survives.
    #[arg(long)]
    pub deny_survivors: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Paths {
    /// Files and folders. Default: the sources of the project.
    pub paths: Vec<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct List {
    /// Files and folders, or modules such as std.hull; std alone lists the modules. Default: the sources of the project.
    /// The word workers lists the keys of a registry; after it, a verify.toml.
    pub paths: Vec<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct Explain {
    /// A code such as E0120, a word such as budget, or a name, written or spoken.
    pub code: String,
    /// Files and folders to look in. Default: the sources of the project. The library comes last.
    pub paths: Vec<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct Show {
    /// The name of a claim or declaration, written or spoken, such as "weighted mean"; or certificate, before one file.
    pub name: String,
    /// Files and folders to look in. Default: the sources of the project. The library comes last.
    pub paths: Vec<PathBuf>,
    /// Show the core form of the statement, which is what the kernel judges.
    #[arg(long)]
    pub core: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Init {
    /// The folder. Default: the current one.
    pub folder: Option<PathBuf>,
    /// What to begin with: nothing, or claims about a subject, checked at once. Default: empty.
    #[arg(long, value_enum, value_name = "TEMPLATE")]
    pub template: Option<Template>,
}

#[derive(ClapArgs, Debug)]
pub struct Import {
    /// What the recipe is.
    #[arg(value_enum)]
    pub from: From,
    /// The file of mergekit, such as mergekit_config.yml.
    pub file: Option<PathBuf>,
    /// The rule of the aggregator.
    #[arg(long, value_parser = rules(), value_name = "RULE")]
    pub rule: Option<Rule>,
    /// How many workers the aggregator has.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub n: Option<u16>,
    /// How many of its workers may be Byzantine, which means that they may send anything.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub f: Option<u16>,
    /// How many values the trimmed mean leaves out at each end.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub trim: Option<u16>,
    /// How many inputs Multi-Krum takes the mean of. Default: n - f - 2.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1000))]
    pub select: Option<u16>,
    /// The file to write. Default: the name of the recipe with the ending sctt.
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write the file anew where it exists already.
    #[arg(long)]
    pub replace: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Export {
    /// What to write.
    #[arg(value_enum)]
    pub what: Exported,
    /// The name of a claim, written or spoken.
    pub claim: String,
    /// Files and folders to look in. Default: the sources of the project.
    pub paths: Vec<PathBuf>,
    /// The language of the program. Default: python.
    #[arg(long = "as", value_enum, value_name = "LANGUAGE")]
    pub language: Option<Language>,
    /// The file to write. Default: the name of the claim with the ending of the language.
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write the file anew where it exists already.
    #[arg(long)]
    pub replace: bool,
}

#[derive(ClapArgs, Debug)]
pub struct Conform {
    /// Files with one record of a run each, as the simulator writes them.
    pub records: Vec<PathBuf>,
    /// The file of a protocol named repaired to compare with, instead of the one in the program.
    #[arg(long, value_name = "FILE")]
    pub protocol: Option<PathBuf>,
}

#[derive(ClapArgs, Debug)]
pub struct Verify {
    /// Envelopes of certificates, with the ending bfc, or folders of them. Default: one after the other from the standard input, as with a hyphen.
    pub certificates: Vec<PathBuf>,
    /// Whom to trust, and the models and questions. Default: the nearest verify.toml at or above the first certificate.
    #[arg(long, value_name = "FILE")]
    pub trust: Option<PathBuf>,
    /// The time, in seconds since 1970. Default: the time of the log in each envelope.
    #[arg(long, value_name = "SECONDS")]
    pub at: Option<u64>,
    /// The name of the question that was asked, 64 hexadecimal digits. Default: the one of each certificate.
    #[arg(long, value_name = "HEX")]
    pub query: Option<String>,
    /// The epochs that are accepted, such as 3-5. Default: all.
    #[arg(long, value_name = "RANGE")]
    pub epochs: Option<String>,
    /// A file of slots that were used, and of who answered what. What is accepted is added before its line is printed.
    #[arg(long, value_name = "FILE")]
    pub seen: Option<PathBuf>,
    /// Audits the log in the ledger: every certificate of it with the word all, otherwise as many as this, drawn by the beacon. Those that fail are named.
    #[arg(long, value_name = "NUMBER")]
    pub audit: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Run {
    /// The program.
    #[arg(value_enum)]
    pub program: Runnable,
    /// What it is told; alone, it says what it can do. With --model butterfly there is a chat.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Serve {
    /// What the program bfv-serve is told. To see its flags, write bfv serve help. Default: it listens to 127.0.0.1:7717. With --lsp it speaks to editors.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub arguments: Vec<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Suggest {
    /// The statement, in quotes, such as "forall (n : Nat), n + 0 = n".
    pub goal: String,
    /// A module of the library whose words the goal uses. May be repeated. Default: std.nat, std.int and std.real.
    #[arg(long = "import", value_name = "MODULE")]
    pub imports: Vec<String>,
    /// How long the search may take, in milliseconds. Default: 5000.
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u32).range(1..=60_000))]
    pub timeout: Option<u32>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runnable {
    Worker,
}

#[derive(ClapArgs, Debug)]
pub struct Extract {
    /// Files with the operator and claims. Default: the sources of the project.
    pub paths: Vec<PathBuf>,
    /// The operator, on numbers of workers and coordinates and on outputs.
    #[arg(long, value_name = "NAME")]
    pub operator: String,
    /// How many workers there are.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub workers: u32,
    /// How many numbers each worker gives.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub coordinates: u32,
    /// A number of the operator, in its order, or a variable of claims. May be repeated.
    #[arg(long, value_name = "NAME=VALUE")]
    pub given: Vec<String>,
    /// Least and largest output and their unit. Default: -32768:32767:1/65536.
    #[arg(long, value_name = "LOW:HIGH:UNIT", allow_hyphen_values = true)]
    pub outputs: Option<String>,
    /// Input 1 has a score of each worker, in this range.
    #[arg(long, value_name = "LOW:HIGH:UNIT", allow_hyphen_values = true)]
    pub scores: Option<String>,
    /// Input 1 has a weight of each worker, from 0 to 1, with sum 1.
    #[arg(long, value_name = "UNIT")]
    pub weights: Option<String>,
    /// How the result is rounded to the unit of outputs. Default: down.
    #[arg(long, value_enum, value_name = "HOW")]
    pub rounding: Option<Rounding>,
    /// Bring the result between the least and the largest output.
    #[arg(long)]
    pub clamp: bool,
    /// The file to write. Default: the name of the operator with the ending bfxk.
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Write the file anew where it exists already.
    #[arg(long)]
    pub replace: bool,
}

/// Downwards, or to the nearest, ties upwards.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    Down,
    Nearest,
}

#[derive(ClapArgs, Debug)]
pub struct Key {
    /// What to do: request asks the authority to register the key.
    #[arg(value_enum)]
    pub action: KeyAction,
    /// The file of the secret key. Only its owner may read it.
    pub file: PathBuf,
    /// With request: what the key may sign. Default: worker.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: Option<Role>,
    /// With request: valid from this time on, in seconds since 1970. Default: now.
    #[arg(long, value_name = "SECONDS")]
    pub from: Option<u64>,
    /// With request: valid until this time. Default: 365 days later.
    #[arg(long, value_name = "SECONDS")]
    pub until: Option<u64>,
    /// With request: the file in which a worker says what it can do, or a head how a model is split.
    #[arg(long, value_name = "FILE")]
    pub manifest: Option<PathBuf>,
    /// With request: the file to write. Default: that of the key, with the ending request.
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAction {
    Make,
    Show,
    Request,
}

/// What a key may sign: answers of models, fusions, or votes.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Worker,
    Head,
    Voter,
}

#[derive(ClapArgs, Debug)]
pub struct Registry {
    /// What to do. Recover sets aside a change that was cut off, and renew signs anew.
    #[arg(value_enum)]
    pub action: RegistryAction,
    /// The folder with ledger.txt, authority.key and log.key. Default: the current one.
    pub folder: Option<PathBuf>,
    /// With register: the request of the holder of the key.
    #[arg(long, value_name = "FILE")]
    pub request: Option<PathBuf>,
    /// With revoke: the public key, or at least its first 8 digits.
    #[arg(long, value_name = "HEX")]
    pub key: Option<String>,
    /// With revoke: the role that the key loses. Default: every role that it has.
    #[arg(long, value_enum, value_name = "ROLE")]
    pub role: Option<Role>,
    /// With revoke: why.
    #[arg(long, value_enum, value_name = "REASON")]
    pub reason: Option<Reason>,
    /// With revoke: from this time on, in seconds since 1970. Default: the time of the change.
    #[arg(long, value_name = "SECONDS")]
    pub from: Option<u64>,
    /// The secret key of the authority, where it lies elsewhere.
    #[arg(long, value_name = "FILE")]
    pub authority_key: Option<PathBuf>,
    /// The secret key of the log, where it lies elsewhere.
    #[arg(long, value_name = "FILE")]
    pub log_key: Option<PathBuf>,
    /// The time of the change, in seconds since 1970. Default: now.
    #[arg(long, value_name = "SECONDS")]
    pub at: Option<u64>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegistryAction {
    Start,
    Register,
    Revoke,
    Renew,
    Recover,
}

/// Why a key is revoked: others may have it, its holder has another, has stopped, or signed what is not true.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    Stolen,
    Replaced,
    Retired,
    Lied,
}

#[derive(ClapArgs, Debug)]
pub struct Measure {
    /// What to measure.
    #[arg(value_enum)]
    pub what: Measured,
    /// Files and folders. Default: the sources of the project.
    pub paths: Vec<PathBuf>,
    /// Measure only the claim of this name, written or spoken.
    #[arg(long, value_name = "NAME")]
    pub goal: Option<String>,
    /// How many changes of each claim are tried. Default: 8.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub changes: Option<u16>,
    /// The number by which changes are drawn. Default: 0.
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// How many steps each search may take. Default: 100000.
    #[arg(long, value_name = "STEPS", value_parser = clap::value_parser!(u64).range(1..))]
    pub budget: Option<u64>,
}

#[derive(ClapArgs, Debug)]
pub struct Set {
    /// The setting: layout, color, format, hints, ids or math.
    pub key: Option<String>,
    /// Its value.
    pub value: Option<String>,
}

#[derive(ClapArgs, Debug)]
pub struct Help {
    /// A command, or one of the topics accessibility, exit, project, replay, streams and trust.
    pub topic: Option<String>,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    Empty,
    Ensemble,
    Merge,
    Federated,
    Consensus,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measured {
    Stability,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    Counterexample,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    Python,
    Rust,
    /// The states of a run, for Apalache and Quint.
    Itf,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum From {
    Mergekit,
    Aggregator,
}

/// Who searches for proofs and counterexamples.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Native,
    Egg,
    Z3,
}

/// The rules of aggregators by their names.
fn rules() -> impl TypedValueParser<Value = Rule> {
    let named = |word: String| Rule::ALL.into_iter().find(|r| r.word() == word).ok_or("no rule");
    PossibleValuesParser::new(Rule::ALL.map(Rule::word)).try_map(named)
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Json,
    Jsonl,
    Github,
    Sarif,
    Junit,
}

impl Format {
    /// Whether it shows only claims and problems, for a program; such a format is for commands that judge.
    pub fn is_for_judging(self) -> bool {
        matches!(self, Format::Github | Format::Sarif | Format::Junit)
    }
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    Plain,
    Visual,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hints {
    Once,
    Never,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ids {
    Hex,
    Phonetic,
}

#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum MathStyle {
    Words,
    Symbols,
}
