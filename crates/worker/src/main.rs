//! `bfv-worker`: makes keys and integer models, and answers with a certificate, as a whole or as one stage, and fuses or counts answers. `bfv run worker` starts it.

mod args;
mod commands;
mod heads;
mod place;
mod replays;
mod stages;
mod streams;

use args::Args;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

const USAGE: &str = "There are seven commands.
No command writes --output over a file that is there.
bfv-worker key --output FILE makes a secret key.
bfv-worker quantise --model FOLDER --output FOLDER --calibration-tokens LIST makes an integer model of a float model.
Its other flags: --bits 8 or 16, --positions N, --temperature T, --top-k N, --top-p PARTS.
bfv-worker run --model FOLDER --key FILE --prompt-tokens LIST --count N --query HEX --output FILE answers with a certificate.
It needs a slot that the key has not signed for: --slot EPOCH.VIEW.SEQ.
It needs a ledger: --ledger FILE --log-key FILE --authority KEY.
The model that is built in is named butterfly; a folder of that name is ./butterfly.
With --block N it certifies N tokens at a time, while it goes on. Each block takes the next slot. Then --output names an empty folder, or - for the standard output.
Its other flags: --open all, products, none or LIST, --at SECONDS. Usual is --open none, and with --block it is products.
With --lane replay it runs a float model of BF16 or F16 as it is. It sums in the reference order, on the CPU.
Then --open tiles is usual. It opens what the drawn tiles need, when hashes of the certificate draw them.
How many are drawn is said by --tiles N. Usual are 64.
With --lane residual or tolerance it computes linear layers in single precision. Then it needs --kernel HEX and takes --device N.
Two commands are for a worker that has some layers of a model, such as --layers 0-3.
bfv-worker step --model FOLDER --layers FIRST-LAST --prompt-tokens LIST passes all known tokens through these layers.
Its other flags: --answer-tokens LIST for tokens that are known, --input FILE, --next FILE.
The last two are what the stage before has made and what the next stage takes.
The last stage has no --next and says the next token. It needs --key FILE --query HEX.
bfv-worker stage takes all tokens of an answer as --answer-tokens LIST and certifies these layers for them.
Its other flags are those of step and run without --count. With --before ENVELOPE it signs only what follows on that.
Two commands are for a head. It takes answers to one question, as --answers FILE,FILE and so on.
Both need --key, --slot, --ledger, --log-key, --authority and --output, as run does, and may have --at SECONDS.
bfv-worker fuse --package FILE makes one answer of them by a package of bfv extract, in its order of workers. Its key has the role head.
Its other flag: --parameters 1,2:3,4 for its other inputs, each a list.
bfv-worker vote --workers N --quorum N finds the answer that enough workers gave. Its key has the role voter.
With --device auto, which is usual, run, step, stage and fuse compute on a card where there is one. Other words: cpu and cuda.
Where a card fails in the middle, the CPU computes all of it from the start. With cuda that is an error.
A LIST has numbers with commas between them.";

/// Why the program stops early, with its exit code.
pub enum Stop {
    /// The arguments are wrong: 2.
    Usage(String),
    /// A file is not what it must be: 3.
    Refused(String),
    /// A file cannot be used, or a card has failed: 74.
    Files(String),
    /// Something that should never happen: 70.
    Internal(String),
}

impl Stop {
    fn usage(why: impl Display) -> Stop {
        Stop::Usage(why.to_string())
    }
}

impl From<bfv_worker::Fault> for Stop {
    fn from(fault: bfv_worker::Fault) -> Stop {
        match fault {
            bfv_worker::Fault::Refused(problem) => problem.into(),
            other => Stop::Files(other.to_string()),
        }
    }
}

impl From<bfv_model::Problem> for Stop {
    fn from(problem: bfv_model::Problem) -> Stop {
        Stop::Refused(problem.to_string())
    }
}

impl From<bfv_worker::prove::Failure> for Stop {
    fn from(failure: bfv_worker::prove::Failure) -> Stop {
        match failure {
            bfv_worker::prove::Failure::Certificate(why) => Stop::Internal(why.to_string()),
            failed @ bfv_worker::prove::Failure::Card(_) => Stop::Files(failed.to_string()),
            other => Stop::usage(other),
        }
    }
}

/// Prints a line.
fn say(text: impl Display) {
    let _closed = writeln!(std::io::stdout().lock(), "{text}");
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((command, rest)) => match command.as_str() {
            "key" => Args::read(rest, &commands::KEY).and_then(commands::key),
            "quantise" => Args::read(rest, &commands::QUANTISE).and_then(commands::quantise),
            "run" => Args::read(rest, &commands::RUN).and_then(commands::run),
            "step" => Args::read(rest, &stages::STEP).and_then(stages::step),
            "fuse" => Args::read(rest, &heads::FUSE).and_then(heads::fuse),
            "vote" => Args::read(rest, &heads::VOTE).and_then(heads::vote),
            "stage" => Args::read(rest, &stages::STAGE).and_then(stages::stage),
            "help" | "--help" => {
                say(USAGE);
                return ExitCode::SUCCESS;
            }
            other => Err(Stop::Usage(format!("There is no command {other}. {USAGE}"))),
        },
        None => Err(Stop::Usage(USAGE.to_owned())),
    };
    let (code, why) = match done {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Stop::Usage(why)) => (2, why),
        Err(Stop::Refused(why)) => (3, why),
        Err(Stop::Files(why)) => (74, why),
        Err(Stop::Internal(why)) => (70, why),
    };
    let _closed = writeln!(std::io::stderr().lock(), "{why}");
    ExitCode::from(code)
}
