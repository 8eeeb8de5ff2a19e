//! The commands of a stage: one worker's layers of a model that is split.

use crate::args::Args;
use crate::commands::{Desk, bounded, keeps, query, stored};
use crate::place::{self, Place};
use crate::{Stop, say};
use bfv_cert::certificate::Layers;
use bfv_cert::digest::Digest;
use bfv_cert::envelope::{ENVELOPE_LIMIT, Envelope};
use bfv_cert::{BindingFault, Refusal};
use bfv_device::arithmetic::OnMachine;
use bfv_device::cuda::Cuda;
use bfv_device::linear::Planes;
use bfv_exact::Matrix;
use bfv_exact::commit::{all_rows, rows_of, stream_root};
use bfv_exact::forward::Shown;
use bfv_exact::spec::Spec;
use bfv_ledger::secret;
use bfv_model::stored::{Element, Stored};
use bfv_model::stream;
use bfv_worker::Fault;
use bfv_worker::prove::{Failure, Prover};
use bfv_worker::stage::{Step, Task};

pub const STEP: [&str; 9] =
    ["--model", "--layers", "--prompt-tokens", "--answer-tokens", "--input", "--next", "--key", "--query", place::FLAG];
pub const STAGE: [&str; 17] = [
    "--model",
    "--layers",
    "--prompt-tokens",
    "--answer-tokens",
    "--input",
    "--next",
    "--before",
    "--key",
    "--query",
    "--ledger",
    "--log-key",
    "--authority",
    "--open",
    "--slot",
    "--at",
    "--output",
    place::FLAG,
];

/// Runs the layers over all tokens that are known, without a certificate.
pub fn step(args: Args) -> Result<(), Stop> {
    match stored(&args)? {
        Stored::Eight(model) => stepped(&args, &Prover::new(model)?),
        Stored::Sixteen(model) => stepped(&args, &Prover::new(model)?),
    }
}

/// Runs the layers over a whole answer, and certifies them.
pub fn stage(args: Args) -> Result<(), Stop> {
    match stored(&args)? {
        Stored::Eight(model) => staged(&args, &Prover::new(model)?),
        Stored::Sixteen(model) => staged(&args, &Prover::new(model)?),
    }
}

fn stepped<G: Element + Shown + Planes>(args: &Args, prover: &Prover<G>) -> Result<(), Stop>
where
    G::Sum: Shown,
{
    let spec = prover.model().spec();
    let answer = if args.maybe("--answer-tokens").is_some() { args.list("--answer-tokens")? } else { Vec::new() };
    let last = ends_with_head(spec, rows(args, spec)?);
    // Only the stage with the head draws anything, with a seed of its key and the question.
    let (query, seed) = match last {
        true => {
            let query = query(args)?;
            (query, secret(&args.path("--key")?)?.sampler_seed(&query))
        }
        false => (Digest::ZERO, [0; 32]),
    };
    let task = task(args, spec, query, answer)?;
    let by = |by: &OnMachine<'_, Cuda, G>| prover.step_by(by, &task, &seed);
    let (step, place) = Place::of(args)?.compute(prover.model(), by, || prover.step(&task, &seed))?;
    match step {
        Step::Token(token) => say(format!("The next token is {token}.")),
        Step::Stream(stream) => say(hand_on(args, &stream)?),
    }
    if let Place::Failed(..) = place {
        place.tell();
    }
    Ok(())
}

fn staged<G: Element + Shown + Planes>(args: &Args, prover: &Prover<G>) -> Result<(), Stop>
where
    G::Sum: Shown,
{
    let spec = prover.model().spec();
    let task = task(args, spec, query(args)?, args.list("--answer-tokens")?)?;
    let before = args.maybe("--before").map(|_| before(args)).transpose()?;
    let mut desk = Desk::open(args)?;
    let seed = desk.key.sampler_seed(&task.query);
    let by = |by: &OnMachine<'_, Cuda, G>| prover.stage_by(by, &task, &seed, keeps(args));
    let ((answer, handed), place) =
        Place::of(args)?.compute(prover.model(), by, || prover.stage(&task, &seed, keeps(args)))?;
    desk.computed(place.execution(task.prompt.len(), task.answer.len()));
    let mut written = None;
    desk.sign(args, prover, &answer, |own| {
        if let Some(before) = &before {
            let before = Envelope::decode(before).map_err(|refusal| Stop::Refused(refusal.to_string()))?;
            before.certificate().verify().map_err(|why| Stop::Refused(why.to_string()))?;
            bfv_cert::chain(&[before.certificate().body(), own.body()]).map_err(|why| unfit(args, &why))?;
        }
        // What the next stage needs is there before the slot is used up: a certificate that nobody can follow on is of no use.
        written = handed.as_ref().map(|stream| hand_on(args, stream)).transpose()?;
        Ok(())
    })?;
    if let Some(written) = written {
        say(written);
    }
    place.tell();
    Ok(())
}

/// Why a stage is not signed. It does not know its number, only its layers.
fn unfit(args: &Args, why: &Refusal) -> Stop {
    let (layers, what) = match why {
        Refusal::Binding(_, BindingFault::Chain(what, _)) => (args.maybe("--layers").unwrap_or_default(), *what),
        other => return Stop::Refused(other.to_string()),
    };
    Stop::Refused(format!(
        "Nothing was signed. The stage of layers {layers} does not follow on the one before, in its {what}."
    ))
}

/// The rows of the layers in the flags, which are counted from 0, the last one included.
fn rows(args: &Args, spec: &Spec) -> Result<Layers, Stop> {
    let text = args.must("--layers")?;
    let ends = text.split_once('-').and_then(|(a, z)| Some((a.parse().ok()?, z.parse::<u32>().ok()?)));
    let usage = || Stop::usage("The flag --layers needs the first and the last layer, such as 0-3.");
    let (first, last) = ends.ok_or_else(usage)?;
    Ok(rows_of(spec, first..last.saturating_add(1)).map_err(Failure::from)?)
}

fn ends_with_head(spec: &Spec, rows: Layers) -> bool {
    rows.end == all_rows(spec).end
}

/// What the stage works on. Flags that it does not need are refused, so that nothing is ignored.
fn task(args: &Args, spec: &Spec, query: Digest, answer: Vec<u32>) -> Result<Task, Stop> {
    let rows = rows(args, spec)?;
    let stream = match (rows.start, args.maybe("--input")) {
        (0, Some(_)) => {
            return Err(Stop::usage("The first stage takes tokens and no --input. Leave it out."));
        }
        (0, None) => None,
        _ => Some(read_stream(args, spec)?),
    };
    match ends_with_head(spec, rows) {
        true if args.maybe("--next").is_some() => {
            return Err(Stop::usage("The last stage chooses tokens and has no --next. Leave it out."));
        }
        true => (),
        // Before anything is computed or signed.
        false => args.must("--next").map(|_| ())?,
    }
    Ok(Task { query, prompt: args.list("--prompt-tokens")?, answer, rows, stream })
}

/// Bytes of the file of a stream beside its numbers, with some to spare.
const STREAM_HEAD: u64 = 64;
/// How a file is mended that the stage before has given.
const FROM_BEFORE: &str = "Take the file from the stage before again.";
/// Bytes of a number in the file of a stream.
const NUMBER: u64 = 3;

/// What the stage before has handed on. No stream of the model is longer than one with all its positions.
fn read_stream(args: &Args, spec: &Spec) -> Result<Matrix<i32>, Stop> {
    let dims = &spec.draft().dims;
    let numbers = u64::from(dims.positions).saturating_mul(u64::from(dims.width));
    let limit = numbers.saturating_mul(NUMBER).saturating_add(STREAM_HEAD);
    Ok(stream::read(&bounded(&args.path("--input")?, limit, FROM_BEFORE)?)?)
}

/// The envelope of the stage before.
fn before(args: &Args) -> Result<Vec<u8>, Stop> {
    bounded(&args.path("--before")?, ENVELOPE_LIMIT as u64, FROM_BEFORE)
}

/// Writes what is handed on, and gives the sentence about it.
fn hand_on(args: &Args, stream: &Matrix<i32>) -> Result<String, Stop> {
    let path = args.path("--next")?;
    let root = stream_root(stream).map_err(|why| Stop::Internal(why.to_string()))?;
    std::fs::write(&path, stream::write(stream)?).map_err(|why| Fault::Files(path.clone(), why))?;
    Ok(format!("For the next stage {} has {} tokens, with the root {root}.", path.display(), stream.rows()))
}
