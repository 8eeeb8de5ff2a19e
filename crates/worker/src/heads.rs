//! The commands of a head: what is made of the answers of others.

use crate::args::Args;
use crate::commands::{Desk, bounded};
use crate::place::{self, Place};
use crate::{Stop, say};
use bfv_cert::digest::spec_root;
use bfv_cert::envelope::ENVELOPE_LIMIT;
use bfv_device::fusion;
use bfv_exact::vote::Rule;
use bfv_extract::{PACKAGE_LIMIT, Package};
use bfv_kernel::Limits;
use bfv_worker::gather::Gathered;
use std::path::PathBuf;

pub const FUSE: [&str; 11] = [
    "--package",
    "--answers",
    "--parameters",
    "--key",
    "--ledger",
    "--log-key",
    "--authority",
    "--slot",
    "--at",
    "--output",
    place::FLAG,
];
pub const VOTE: [&str; 10] = [
    "--workers",
    "--quorum",
    "--answers",
    "--key",
    "--ledger",
    "--log-key",
    "--authority",
    "--slot",
    "--at",
    "--output",
];
/// Evaluation in the kernel recurses, within limits that this stack can bear.
const STACK: usize = 1 << 30;

/// Fuses answers by the program of a package, whose proofs the kernel judges first.
pub fn fuse(args: Args) -> Result<(), Stop> {
    let path = args.path("--package")?;
    let bytes = bounded(&path, PACKAGE_LIMIT, "Make the package again with bfv extract.")?;
    let parameters = args.maybe("--parameters").map_or_else(|| Ok(Vec::new()), parameters)?;
    let gathered = gathered(&args)?;
    let desk = Desk::open(&args)?;
    let spec = spec_root(&bytes);
    let read = move || Package::read(&bytes, Limits::default());
    let judged = std::thread::Builder::new().stack_size(STACK).spawn(read).map(std::thread::JoinHandle::join);
    let package = match judged {
        Ok(Ok(package)) => package.map_err(|why| Stop::Refused(format!("File {}. {why}", path.display())))?,
        Ok(Err(_)) => return Err(Stop::Internal("The kernel stopped while it judged a package.".to_owned())),
        Err(why) => return Err(Stop::Internal(format!("The kernel cannot be started: {why}."))),
    };
    let program = package.program();
    let (combined, place) = Place::of(&args)?.compute_plain(
        |machine| gathered.fuse_by(|inputs| fusion::run(machine, program, inputs), spec, &parameters),
        || gathered.fuse(program, spec, &parameters),
    )?;
    desk.sign_combined(&args, &combined, "Numbers")?;
    place.tell();
    Ok(())
}

/// Counts answers as votes.
pub fn vote(args: Args) -> Result<(), Stop> {
    let needed = |flag: &str| {
        let missing = || Stop::Usage(format!("The flag {flag} is missing. Add it with a value."));
        args.number::<usize>(flag)?.ok_or_else(missing)
    };
    let rule = Rule::new(needed("--workers")?, needed("--quorum")?).map_err(Stop::usage)?;
    let gathered = gathered(&args)?;
    let desk = Desk::open(&args)?;
    let combined = gathered.vote(rule)?;
    desk.sign_combined(&args, &combined, "Tokens")?;
    say(format!("Of {} workers, {} gave this answer.", rule.workers(), combined.support()));
    Ok(())
}

/// Lists of numbers with colons between them.
fn parameters(text: &str) -> Result<Vec<Vec<i64>>, Stop> {
    let wrong = |part: &str| Stop::Usage(format!("The flag --parameters has {part}, and needs lists such as 1,2:3,4."));
    let list = |list: &str| list.split(',').map(|part| part.parse().map_err(|_| wrong(part))).collect();
    text.split(':').map(list).collect()
}

/// The answers of the flags, in their order.
fn gathered(args: &Args) -> Result<Gathered, Stop> {
    let mut envelopes = Vec::new();
    for path in args.list::<PathBuf>("--answers")? {
        let bytes = bounded(&path, ENVELOPE_LIMIT as u64, "Take the file from its worker again.")?;
        envelopes.push((path.display().to_string(), bytes));
    }
    Ok(Gathered::read(&envelopes)?)
}
