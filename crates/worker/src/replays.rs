//! `bfv-worker run --lane replay`.

use crate::Stop;
use crate::args::Args;
use crate::commands::{Desk, query};
use crate::streams::{BLOCK, NO_BLOCKS};
use bfv_model::llama::replayed;
use bfv_worker::checkpoint::files;
use bfv_worker::prove::Question;
use bfv_worker::replay::Runner;

/// Tiles that are opened where nothing is said.
const USUAL_TILES: u64 = 64;

/// Answers with a float model.
pub fn run(args: &Args) -> Result<(), Stop> {
    if args.maybe(BLOCK).is_some() {
        return Err(Stop::usage(NO_BLOCKS));
    }
    if args.maybe("--kernel").is_some() {
        return Err(Stop::usage("In the lane replay the kernel is the reference order. Leave --kernel out."));
    }
    if let Some(device) = args.maybe("--device").filter(|d| !["auto", "cpu"].contains(d)) {
        return Err(Stop::Usage(format!(
            "The flag --device has {device}. In the lane replay write cpu, or leave it out."
        )));
    }
    let tiles = args.number("--tiles")?.unwrap_or(USUAL_TILES);
    if tiles == 0 {
        return Err(Stop::usage("The flag --tiles has 0. Write how many tiles the verifier draws."));
    }
    let runner = Runner::new(replayed(&files(&args.path("--model")?)?)?);
    let mut desk = Desk::open(args)?;
    let question = Question {
        query: query(args)?,
        prompt: args.list("--prompt-tokens")?,
        count: args.number("--count")?.unwrap_or(1),
    };
    let execution = runner.execution(question.prompt.len(), question.count);
    if execution.is_none() {
        return Err(Stop::usage("A certificate in a lane of floats needs a prompt and a --count that fit a batch."));
    }
    desk.computed(execution);
    let open = args.maybe("--open").unwrap_or("tiles");
    let answer = runner.answer(question, open != "none")?;
    desk.sign_replayed(args, &runner, &answer, |certificate| match open {
        "none" => Ok(Vec::new()),
        "all" => Ok(answer.leaves()),
        "tiles" => Ok(runner.needed(&answer, certificate.body(), tiles)?),
        "products" => Err(Stop::usage("The flag --open has products. In the lane replay write tiles, all or none.")),
        _ => args.list("--open"),
    })
}
