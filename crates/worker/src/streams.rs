//! `bfv-worker run --block`: an answer that is written block by block.
//!
//! One thread computes, the other signs, logs and writes, so that nothing is computed later because something is written.

use crate::args::Args;
use crate::commands::{Desk, files, keeps, question};
use crate::place::Place;
use crate::{Stop, say};
use bfv_cert::digest::Digest;
use bfv_device::arithmetic::OnMachine;
use bfv_device::linear::Planes;
use bfv_exact::forward::Shown;
use bfv_exact::requantise::Saturate;
use bfv_exact::rounding::{Arithmetic, Exact};
use bfv_ledger::random;
use bfv_model::Problem;
use bfv_model::stored::Element;
use bfv_worker::prove::{Answer, Failure, Prover};
use bfv_worker::stream::Speaker;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, sync_channel};

/// The flag with how many tokens a block has.
pub const BLOCK: &str = "--block";
/// What is said where there are none.
pub const NO_BLOCKS: &str = "A lane of floats has no blocks. Leave out --block or --lane.";
/// How many blocks may wait to be signed and written.
const WAITING: usize = 1;

/// Where envelopes go.
enum Out {
    /// One after the other to the standard output, so that nothing else may be said there.
    Stdout,
    /// Each into a file of this folder.
    Folder(PathBuf),
}

impl Out {
    /// # Errors
    /// The folder cannot be made, or has something in it: blocks of another answer would stand beside these.
    fn of(args: &Args) -> Result<Out, Stop> {
        let path = args.path("--output")?;
        if path == Path::new("-") {
            return Ok(Out::Stdout);
        }
        std::fs::create_dir_all(&path).map_err(files(&path))?;
        if std::fs::read_dir(&path).map_err(files(&path))?.next().is_some() {
            let what = "There is something in the folder.";
            return Err(Problem::new(path.display().to_string(), what, "Name an empty folder.").into());
        }
        Ok(Out::Folder(path))
    }

    /// Writes the envelope of a block, from 1. A file has its name when it is complete.
    fn write(&self, number: usize, bytes: &[u8]) -> Result<(), Stop> {
        match self {
            Out::Stdout => {
                let mut out = std::io::stdout().lock();
                Ok(out.write_all(bytes).and_then(|()| out.flush()).map_err(files(Path::new("the standard output")))?)
            }
            Out::Folder(folder) => {
                let (path, part) = (folder.join(name(number)), folder.join("part"));
                std::fs::write(&part, bytes).map_err(files(&part))?;
                Ok(std::fs::rename(&part, &path).map_err(files(&path))?)
            }
        }
    }

    fn tell(&self, text: &str) {
        match self {
            Out::Stdout => {
                let _closed = writeln!(std::io::stderr().lock(), "{text}");
            }
            Out::Folder(_) => say(text),
        }
    }
}

/// The file of a block. In the order of names they are in order, as no answer has more tokens.
fn name(number: usize) -> String {
    format!("block-{number:07}.bfc")
}

/// Answers block by block.
pub fn streamed<G: Element + Shown + Planes + Into<f32> + Sync>(args: &Args, prover: &Prover<G>) -> Result<(), Stop>
where
    G::Sum: Shown + Saturate,
{
    let tokens: usize = args.number(BLOCK)?.unwrap_or(1);
    let question = question(args)?;
    if tokens == 0 || question.count == 0 {
        return Err(Stop::usage("An answer in blocks needs a --block and a --count of at least 1."));
    }
    let mut desk = Desk::open(args)?;
    let out = Out::of(args)?;
    let place = Place::of(args)?;
    desk.computed(place.execution(question.prompt.len(), question.count));
    let (seed, keep) = (random()?, keeps(args));
    let (count, blocks) = match &place {
        Place::Cpu(_) | Place::Failed(..) => {
            written(args, (desk, &out), prover, Speaker::new(prover, &Exact, question, seed, keep), tokens)?
        }
        Place::Card(cuda, _) => {
            let by = OnMachine::new(cuda.as_ref(), prover.model()).map_err(Failure::Card)?;
            written(args, (desk, &out), prover, Speaker::new(prover, &by, question, seed, keep), tokens)?
        }
    };
    out.tell(&format!("The answer has {count} tokens in {blocks} blocks, each with a certificate."));
    place.told().into_iter().for_each(|text| out.tell(&text));
    Ok(())
}

/// Computes, and lets another thread sign and write. How many tokens and blocks were written.
fn written<G: Element + Shown + Sync, A: Arithmetic<G>>(
    args: &Args,
    (desk, out): (Desk, &Out),
    prover: &Prover<G>,
    mut speaker: Speaker<'_, G, A>,
    tokens: usize,
) -> Result<(usize, usize), Stop>
where
    G::Sum: Shown,
{
    std::thread::scope(|scope| {
        let (send, receive) = sync_channel(WAITING);
        let writer = scope.spawn(move || write_all(args, (desk, out), prover, &receive));
        let mut failed = None;
        while speaker.left() > 0 {
            match speaker.block(tokens) {
                // When nobody takes it, the writer says why.
                Ok(answer) => {
                    if send.send(answer).is_err() {
                        break;
                    }
                }
                Err(why) => {
                    failed = Some(why);
                    break;
                }
            }
        }
        drop(send);
        let done = writer.join().map_err(|_| Stop::Internal("The thread that writes has panicked.".to_owned()))??;
        failed.map_or(Ok(done), |why| Err(why.into()))
    })
}

/// Signs and writes what comes.
fn write_all<G: Element + Shown>(
    args: &Args,
    (mut desk, out): (Desk, &Out),
    prover: &Prover<G>,
    answers: &Receiver<Answer>,
) -> Result<(usize, usize), Stop>
where
    G::Sum: Shown,
{
    let (mut count, mut blocks, mut parent): (usize, usize, Option<Digest>) = (0, 0, None);
    for answer in answers {
        let (id, envelope) = desk.sign_block(args, prover, (&answer, parent))?;
        parent = Some(id);
        (count, blocks) = (count.saturating_add(answer.tokens().len()), blocks.saturating_add(1));
        out.write(blocks, &envelope)?;
    }
    Ok((count, blocks))
}
