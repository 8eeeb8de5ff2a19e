//! What each command does.

use crate::args::Args;
use crate::place::Place;
use crate::{Stop, say};
use crate::{replays, streams};
use bfv_cert::certificate::{Certificate, Execution, Slot, Validity};
use bfv_cert::digest::Digest;
use bfv_cert::envelope::{LogExtract, RegistryExtract};
use bfv_cert::freshness::SPAN_LIMIT;
use bfv_cert::sign::SecretKey;
use bfv_device::linear::Planes;
use bfv_exact::forward::Shown;
use bfv_exact::requantise::Saturate;
use bfv_ledger::{Chain, Ledger, Trust, create, generate, key_id, random, secret};
use bfv_model::stored::{Element, SPEC_FILE, SPEC_LIMIT, Stored, WEIGHTS_FILE, read_spec, weights_file, weights_limit};
use bfv_model::{Problem, shipped};
use bfv_worker::Fault;
use bfv_worker::checkpoint::Checkpoint;
use bfv_worker::gather::Combined;
use bfv_worker::prove::{Answer, Circumstances, Failure, Prover, Question};
use bfv_worker::quantise::{Choice, Distance, compare, quantise as make};
use bfv_worker::replay::Runner;
use bfv_worker::single::{Single, execution};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

pub const KEY: [&str; 1] = ["--output"];
pub const QUANTISE: [&str; 8] =
    ["--model", "--output", "--calibration-tokens", "--bits", "--positions", "--temperature", "--top-k", "--top-p"];
pub const RUN: [&str; 17] = [
    "--model",
    "--key",
    "--prompt-tokens",
    "--count",
    "--block",
    "--query",
    "--ledger",
    "--log-key",
    "--authority",
    "--open",
    "--slot",
    "--at",
    "--output",
    "--lane",
    "--kernel",
    "--device",
    "--tiles",
];
/// Positions of an integer model, where the float model has more and nothing is said: tables are made for each when it is read.
const USUAL_POSITIONS: u32 = 4096;
/// Tokens in a line of output.
const IN_A_LINE: usize = 12;

pub fn files(path: &Path) -> impl FnOnce(std::io::Error) -> Fault + use<'_> {
    move |why| Fault::Files(path.to_owned(), why)
}

/// The file or folder that the flag names.
fn output(args: &Args) -> Result<PathBuf, Stop> {
    let path = args.path("--output")?;
    if path == Path::new("-") {
        let what = "The flag --output has -. Only run with --block writes to the standard output. Name a file.";
        return Err(Stop::usage(what));
    }
    Ok(path)
}

/// Refuses a path where something is: it may be a key, a ledger or an answer of which there is no other copy.
fn absent(path: &Path, mend: &str) -> Result<(), Stop> {
    match path.symlink_metadata() {
        Ok(_) => Err(Problem::new(path.display().to_string(), "There is something already.", mend).into()),
        Err(why) if why.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(why) => Err(files(path)(why).into()),
    }
}

/// Makes a key.
pub fn key(args: Args) -> Result<(), Stop> {
    let path = output(&args)?;
    let key = generate(&path)?;
    say(format!("A secret key is in {}. Only you may read it.", path.display()));
    say(format!("The public key is {}.", key.public().id().0));
    Ok(())
}

/// Makes an integer model.
pub fn quantise(args: Args) -> Result<(), Stop> {
    match args.maybe("--bits").unwrap_or("16") {
        "8" => quantised::<i8>(&args),
        "16" => quantised::<i16>(&args),
        other => Err(Stop::Usage(format!("The flag --bits has {other}. Write 8 or 16."))),
    }
}

fn quantised<G: Element + Shown>(args: &Args) -> Result<(), Stop>
where
    G::Sum: Shown,
{
    let tokens: Vec<u32> = args.list("--calibration-tokens")?;
    let (from, to) = (args.path("--model")?, output(args)?);
    // The file of weights has the same name in the folder of the float model.
    for name in [SPEC_FILE, WEIGHTS_FILE] {
        absent(&to.join(name), "Name another folder.")?;
    }
    let model = Checkpoint::open(&from)?;
    let choice = match args.number("--temperature")? {
        None if args.maybe("--top-k").is_some() || args.maybe("--top-p").is_some() => {
            return Err(Stop::usage("The flags --top-k and --top-p need --temperature. Add it."));
        }
        None => Choice::Greedy,
        Some(temperature) => Choice::Draw {
            temperature,
            top_k: args.number("--top-k")?.unwrap_or(model.config.vocab),
            top_p: args.number("--top-p")?.unwrap_or(bfv_exact::sample::ALL),
        },
    };
    let positions = args.number("--positions")?.unwrap_or(model.config.positions.min(USUAL_POSITIONS));
    let made = make::<G>(&model, &tokens, positions, choice)?;
    std::fs::create_dir_all(&to).map_err(files(&to))?;
    for (name, bytes) in [(SPEC_FILE, made.model.spec().bytes()), (WEIGHTS_FILE, weights_file(&made.model))] {
        create(&to.join(name), &bytes, false)?;
    }
    say(format!("An integer model is in {}.", to.display()));
    let Distance { relative, largest, same, positions } = compare(&model, &made, &tokens)?;
    say(format!("On the calibration tokens, its logits differ by a relative error of {relative:.6}."));
    say(format!("The largest difference is {largest:.6}."));
    say(format!("The most likely token is the same at {same} of {positions} positions."));
    Ok(())
}

/// Answers with a certificate.
pub fn run(args: Args) -> Result<(), Stop> {
    if args.maybe("--lane") == Some("replay") {
        return replays::run(&args);
    }
    if args.maybe("--tiles").is_some() {
        return Err(Stop::usage("The flag --tiles is for the lane replay. Leave it out."));
    }
    match stored(&args)? {
        Stored::Eight(model) => answered(&args, &Prover::new(model)?),
        Stored::Sixteen(model) => answered(&args, &Prover::new(model)?),
    }
}

/// The model of the flags.
pub fn stored(args: &Args) -> Result<Stored, Stop> {
    if args.must("--model")? == shipped::NAME {
        return Ok(shipped::read()?);
    }
    let folder = args.path("--model")?;
    let read = |name: &str, limit| bounded(&folder.join(name), limit, "Make the model again.");
    let spec = read_spec(&read(SPEC_FILE, SPEC_LIMIT)?)?;
    let limit = weights_limit(&spec);
    Ok(Stored::of(spec, &read(WEIGHTS_FILE, limit)?)?)
}

fn answered<G: Element + Shown + Planes + Into<f32> + Sync>(args: &Args, prover: &Prover<G>) -> Result<(), Stop>
where
    G::Sum: Shown + Saturate,
{
    let lane = lane(args)?;
    if args.maybe(streams::BLOCK).is_some() {
        if lane.is_some() {
            return Err(Stop::usage(streams::NO_BLOCKS));
        }
        return streams::streamed(args, prover);
    }
    // A wrong flag is told before a wrong file. A lane of floats is computed on the CPU.
    let place = if lane.is_none() { Place::of(args)? } else { Place::Cpu(None) };
    let mut desk = Desk::open(args)?;
    let question = question(args)?;
    let (prompt, count) = (question.prompt.len(), question.count);
    let answer = match lane {
        None => {
            let (seed, keeps) = (random()?, keeps(args));
            let (answer, place) = place.compute(
                prover.model(),
                |by| prover.answer_by(by, question.clone(), seed, keeps),
                || prover.answer(question.clone(), seed, keeps),
            )?;
            desk.computed(place.execution(prompt, count));
            desk.sign(args, prover, &answer, |_| Ok(()))?;
            place.tell();
            return Ok(());
        }
        Some(Floats { by, kernel, device }) => {
            desk.circumstances.execution = execution(kernel, device, prompt, count);
            if desk.circumstances.execution.is_none() {
                return Err(Stop::usage(
                    "A certificate in a lane of floats needs a prompt and a --count that fit a batch.",
                ));
            }
            prover.answer_by(&by, question, random()?, keeps(args))?
        }
    };
    desk.sign(args, prover, &answer, |_| Ok(()))
}

/// The question of the flags.
pub fn question(args: &Args) -> Result<Question, Stop> {
    let count = args.number("--count")?.unwrap_or(1);
    Ok(Question { query: query(args)?, prompt: args.list("--prompt-tokens")?, count })
}

/// How answers in a lane of floats are computed, and the kernel that their certificates name.
struct Floats {
    by: Single,
    kernel: Digest,
    device: u8,
}

/// The lane of the flags; nothing for the exact one.
fn lane(args: &Args) -> Result<Option<Floats>, Stop> {
    let residuals = match args.maybe("--lane").unwrap_or("exact") {
        "exact" => {
            return match args.maybe("--kernel") {
                Some(_) => Err(Stop::usage("The flag --kernel is for lanes of floats. Leave it out.")),
                None => Ok(None),
            };
        }
        "residual" => true,
        "tolerance" => false,
        other => {
            let known = "Write exact, residual, tolerance or replay.";
            return Err(Stop::Usage(format!("The flag --lane has {other}. {known}")));
        }
    };
    let kernel = digest("--kernel", args.must("--kernel")?)?;
    Ok(Some(Floats { by: Single { residuals }, kernel, device: args.number("--device")?.unwrap_or(0) }))
}

/// The question of the flags.
pub fn query(args: &Args) -> Result<Digest, Stop> {
    digest("--query", args.must("--query")?)
}

/// Whether values may be opened, so that they must be kept.
pub fn keeps(args: &Args) -> bool {
    open(args) != "none"
}

/// What is opened: for blocks usually what a verifier needs to judge each, as nothing can be opened for them later.
fn open(args: &Args) -> &str {
    args.maybe("--open").unwrap_or(if args.maybe(streams::BLOCK).is_some() { "products" } else { "none" })
}

/// What a certificate needs beside an answer: keys, the ledger, the slot, and what the key has signed before.
pub struct Desk {
    pub key: SecretKey,
    log: SecretKey,
    trust: Trust,
    chain: Chain,
    circumstances: Circumstances,
    ledger: PathBuf,
    out: PathBuf,
}

impl Desk {
    /// Reads the keys of the flags, and what was signed with them.
    pub fn open(args: &Args) -> Result<Desk, Stop> {
        let path = args.path("--key")?;
        let (key, log) = (secret(&path)?, secret(&args.path("--log-key")?)?);
        let authority = key_id(args.must("--authority")?).and_then(|id| id.key().ok());
        let authority =
            authority.ok_or_else(|| Stop::usage("The flag --authority has no public key. Write 64 digits."))?;
        let trust = Trust { authority, log: log.public() };
        let started = now(args)?;
        let slot = slot(args.must("--slot")?)?;
        let chain = Chain::open(&path.with_added_extension("signed"))?;
        chain.check(slot)?;
        let circumstances =
            Circumstances { slot, validity: validity(started), previous: chain.previous(), execution: None };
        // What is missing is noticed before a slot is used up.
        let ledger = args.path("--ledger")?;
        let book = Ledger::open(&ledger, trust)?;
        if !book.entries().iter().any(|entry| entry.key == key.public().id()) {
            let mend = "Ask for its registration with bfv key request, and let the authority register it.";
            return Err(Problem::new(
                ledger.display().to_string(),
                "The key of the flag --key is not registered.",
                mend,
            )
            .into());
        }
        let out = match args.maybe(streams::BLOCK) {
            Some(_) => args.path("--output")?,
            None => {
                let out = output(args)?;
                absent(&out, "Name a new file.")?;
                let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                folder.metadata().map_err(files(folder))?;
                out
            }
        };
        Ok(Desk { key, log, trust, chain, circumstances, ledger, out })
    }

    /// What certificates say of how an answer was computed.
    pub fn computed(&mut self, execution: Option<Execution>) {
        self.circumstances.execution = execution;
    }

    /// Signs an answer of which `may` approves, logs the certificate, and writes the envelope.
    pub fn sign<G: Element + Shown>(
        self,
        args: &Args,
        prover: &Prover<G>,
        answer: &Answer,
        may: impl FnOnce(&Certificate) -> Result<(), Stop>,
    ) -> Result<(), Stop>
    where
        G::Sum: Shown,
    {
        let leaves = opened(args, prover, answer)?;
        let certificate = prover.certify(answer, &self.circumstances, &self.key)?;
        may(&certificate)?;
        let said = || told(answer.tokens(), "Tokens");
        self.publish(args, &certificate, leaves.len(), said, |c, extracts| answer.envelope(c, extracts, &leaves))
    }

    /// Signs an answer of a float model, logs the certificate, and writes the envelope with the leaves that are asked for, once the certificate is known.
    pub fn sign_replayed(
        self,
        args: &Args,
        runner: &Runner,
        answer: &Answer,
        leaves: impl FnOnce(&Certificate) -> Result<Vec<u64>, Stop>,
    ) -> Result<(), Stop> {
        let certificate = runner.certify(answer, &self.circumstances, &self.key)?;
        let leaves = leaves(&certificate)?;
        let said = || told(answer.tokens(), "Tokens");
        self.publish(args, &certificate, leaves.len(), said, |c, extracts| answer.envelope(c, extracts, &leaves))
    }

    /// Signs a fusion or vote, logs the certificate, and writes the envelope.
    pub fn sign_combined(self, args: &Args, combined: &Combined, what: &str) -> Result<(), Stop> {
        let certificate = combined.certify(&self.circumstances, &self.key)?;
        let said = || told(combined.values(), what);
        self.publish(args, &certificate, 0, said, |c, extracts| combined.envelope(c, extracts))
    }

    /// Signs the next block of an answer, whose parent is the certificate before, and logs it. Gives the certificate and its envelope; then the desk is ready for
    /// the slot that comes next.
    pub fn sign_block<G: Element + Shown>(
        &mut self,
        args: &Args,
        prover: &Prover<G>,
        (answer, parent): (&Answer, Option<Digest>),
    ) -> Result<(Digest, Vec<u8>), Stop>
    where
        G::Sum: Shown,
    {
        let opened = opened(args, prover, answer)?;
        let certificate = prover.certify_after(answer, parent, &self.circumstances, &self.key)?;
        let (log, registry) = self.logged(args, &certificate)?;
        let envelope = answer.envelope(&certificate, (&log, &registry), &opened)?;
        let Slot { epoch, view, seq } = self.circumstances.slot;
        let seq = seq
            .checked_add(1)
            .ok_or_else(|| Stop::usage("There is no slot behind the last one. Give an earlier --slot."))?;
        self.circumstances.slot = Slot { epoch, view, seq };
        self.circumstances.previous = certificate.id();
        self.circumstances.validity = validity(now(args)?);
        Ok((certificate.id(), envelope))
    }

    /// Notes the slot and logs a certificate.
    fn logged(&mut self, args: &Args, certificate: &Certificate) -> Result<(LogExtract, RegistryExtract), Stop> {
        self.chain.push(self.circumstances.slot, certificate.id())?;
        let mut ledger = Ledger::open(&self.ledger, self.trust)?;
        ledger.add(certificate, &self.log, now(args)?)?;
        Ok(ledger.extract(certificate)?)
    }

    /// Notes the slot, logs a certificate, and writes its envelope with so many opened values.
    fn publish(
        mut self,
        args: &Args,
        certificate: &Certificate,
        opened: usize,
        said: impl FnOnce(),
        envelope: impl FnOnce(&Certificate, (&LogExtract, &RegistryExtract)) -> Result<Vec<u8>, Failure>,
    ) -> Result<(), Stop> {
        let (log, registry) = self.logged(args, certificate)?;
        let bytes = envelope(certificate, (&log, &registry))?;
        let out = self.out;
        create(&out, &bytes, false)?;
        said();
        say(format!("The certificate has {} bytes and is named {}.", certificate.encode().len(), certificate.id()));
        say(format!("The envelope {} has {} bytes and {opened} opened values.", out.display(), bytes.len()));
        Ok(())
    }
}

/// The leaves that the flag opens.
fn opened<G: Element + Shown>(args: &Args, prover: &Prover<G>, answer: &Answer) -> Result<Vec<u64>, Stop>
where
    G::Sum: Shown,
{
    match open(args) {
        "none" => Ok(Vec::new()),
        "all" => Ok(answer.leaves()),
        "products" => Ok(answer.products(prover.model().spec())?),
        _ => args.list("--open"),
    }
}

/// The longest time from this one on.
fn validity(from: u64) -> Validity {
    Validity { not_before: from, not_after: from.saturating_add(SPAN_LIMIT) }
}

/// What is delivered, a few in a line.
fn told<T: ToString>(all: &[T], what: &str) {
    for (i, some) in all.chunks(IN_A_LINE).enumerate() {
        let first = i * IN_A_LINE + 1;
        let some: Vec<String> = some.iter().map(T::to_string).collect();
        say(format!("{what} from number {first} on: {}.", some.join(", ")));
    }
}

/// A file of which no more is read than it may have.
pub fn bounded(path: &Path, limit: u64, mend: &str) -> Result<Vec<u8>, Stop> {
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(files(path))?;
    // One byte more, so that what is too large is told from what is not.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(files(path))?;
    if bytes.len() as u64 > limit {
        let what = format!("It has more than {limit} bytes.");
        return Err(Problem::new(path.display().to_string(), what, mend).into());
    }
    Ok(bytes)
}

fn digest(flag: &str, hex: &str) -> Result<Digest, Stop> {
    bfv_ledger::digest(hex)
        .ok_or_else(|| Stop::Usage(format!("The flag {flag} needs 64 hexadecimal digits in lower case.")))
}

fn slot(text: &str) -> Result<Slot, Stop> {
    let parts: Result<Vec<u64>, _> = text.split('.').map(str::parse).collect();
    match parts.as_deref() {
        Ok([epoch, view, seq]) => Ok(Slot { epoch: *epoch, view: *view, seq: *seq }),
        _ => Err(Stop::usage("The flag --slot needs three numbers with points between them, such as 4.0.17.")),
    }
}

/// Seconds since 1970: those of the flag, or of the clock.
fn now(args: &Args) -> Result<u64, Stop> {
    if let Some(at) = args.number("--at")? {
        return Ok(at);
    }
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map(|d| d.as_secs()).map_err(|_| Stop::Files("The clock is before 1970. Set it.".to_owned()))
}
