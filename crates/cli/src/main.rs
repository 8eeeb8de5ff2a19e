//! The command `bfv`: flags, files, colour, rendering. Verdicts and exit codes come from the driver.

mod answer;
mod args;
mod attack;
mod blocks;
mod certificate;
mod chains;
mod chart;
mod chat;
mod check;
mod commands;
mod conform;
mod declared;
mod doctor;
mod envelopes;
mod epoch;
mod explain;
mod export;
mod extract;
mod files;
mod finding;
mod gate;
mod github;
mod help;
mod import;
mod init;
mod itf;
mod judge;
mod judged;
mod junit;
mod kernels;
mod keys;
mod measure;
mod options;
mod plug;
mod progress;
mod project;
mod registry;
mod replay;
mod run;
mod sarif;
mod slots;
mod split;
mod suggest;
mod trust;
mod usage;
mod verify;
mod visual;

use answer::Answer;
use args::{Args, Command};
use bfv_driver::{Code, Problem, exit_code};
use clap::Parser;
use options::Options;
use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

/// Values of the kernel are very many and small, and two fifths of a run went into the system's allocator. The second checker keeps that one.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Elaboration and the kernel recurse on what people write, within limits that this stack can bear.
const STACK: usize = 1 << 30;

fn main() -> ExitCode {
    let what = Arc::new(Mutex::new(String::new()));
    let note = Arc::clone(&what);
    std::panic::set_hook(Box::new(move |info| {
        if let Ok(mut note) = note.lock() {
            *note = info.location().map(|l| format!(" Place: {}, line {}.", l.file(), l.line())).unwrap_or_default();
        }
    }));
    let arguments: Vec<String> = std::env::args_os().skip(1).map(|a| a.to_string_lossy().into_owned()).collect();
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || run(&arguments));
    let code = worker.ok().and_then(|worker| worker.join().ok());
    ExitCode::from(code.unwrap_or_else(|| {
        let place = what.lock().map(|w| w.clone()).unwrap_or_default();
        let text = format!("bfv stopped because of a mistake of its own.{place}");
        let problem = Problem::new(Code::Internal, text, "report this, with the file that shows it.");
        complain(&problem.sentences());
        exit_code(&[problem.code.event()])
    }))
}

/// Runs one command line; the exit code.
fn run(arguments: &[String]) -> u8 {
    let parsed = Args::try_parse_from(std::iter::once("bfv").chain(arguments.iter().map(String::as_str)));
    let args = match parsed {
        Ok(args) => args,
        Err(e) => match usage::explain(&e, arguments) {
            usage::Explained::Page(page) => return print(&format!("{page}\n")),
            usage::Explained::Mistake(mistake) => return refuse(&mistake),
        },
    };
    let mut options = match Options::resolve(&args.global) {
        Ok(options) => options,
        Err(problem) => return refuse(&usage::Mistake { problem, suggestions: Vec::new() }),
    };
    if let (Some(format), false) = (options.for_judging(), args.command.judges()) {
        // A format kept as a setting must not keep its user from changing it.
        let kept = args.global.format.is_none() && options.format == format;
        if !kept || !matches!(args.command, Command::Set(_) | Command::Help(_)) {
            let word = options::word(format);
            let what = format!("The format {word} is for commands that judge claims.");
            let text = [arguments, &usage::line(&["--format", "text"])].concat();
            let lines = ["check", "gate"].map(|c| usage::line(&[c, "--format", &word]));
            return refuse(&usage::Mistake::new(what, kept.then_some(text).into_iter().chain(lines).collect()));
        }
        options.format = args::Format::Text;
    }
    let answer = match &args.command {
        Command::Check(c) => check::check(c, &options, arguments),
        Command::Gate(g) => gate::gate(g, &options),
        Command::List(l) => commands::list(l, &options, arguments),
        Command::Show(s) => commands::show(s, &options, arguments),
        Command::Explain(e) => explain::explain(e, &options, arguments),
        Command::Init(i) => init::init(i, &options),
        Command::Export(e) => export::export(e, &options, arguments),
        Command::Import(i) => import::import(i, &options, arguments),
        Command::Conform(c) => conform::conform(c, &options),
        Command::Verify(v) => verify::verify(v, &options),
        Command::Run(r) => return run::run(r, &options).unwrap_or_else(|mistake| refuse(&mistake)),
        Command::Serve(s) => return run::serve(s),
        Command::Suggest(s) => return run::suggest(s, &options),
        Command::Extract(e) => extract::extract(e, &options, arguments),
        Command::Key(k) => keys::key(k),
        Command::Registry(r) => registry::registry(r, &options),
        Command::Measure(m) => measure::measure(m, &options, arguments),
        Command::Doctor => Ok(doctor::doctor()),
        Command::Set(s) => commands::set(s, arguments),
        Command::Help(h) => help::help(h, arguments),
    };
    match answer {
        Ok(answer) => finish(&answer, &options),
        Err(mistake) => refuse(&mistake),
    }
}

/// Prints an answer, writes the reports asked for, and decides the exit code.
fn finish(answer: &Answer, options: &Options) -> u8 {
    let mut events = answer.events.clone();
    for (kind, path) in &options.reports {
        let written =
            answer.render(*kind, &options.plain()).and_then(|r| std::fs::write(path, r.text).map(|()| r.lacks));
        if let Ok(Some(lacks)) = &written {
            complain(&format!("Note: the report {path} is not complete. {lacks}"));
        }
        if let Err(e) = written {
            let problem = Problem::not_written(path, &e);
            complain(&problem.sentences());
            events.push(problem.code.event());
        }
    }
    let code = exit_code(&events);
    if options.quiet && code == 0 {
        return 0;
    }
    let printed = match answer.render(options.format, options) {
        Ok(rendered) => {
            if let Some(lacks) = rendered.lacks {
                complain(&format!("Note: the answer is not complete. {lacks}"));
            }
            print(&rendered.text)
        }
        Err(e) => {
            let problem = Problem::not_written("of the answer", &e);
            complain(&problem.sentences());
            exit_code(&[problem.code.event()])
        }
    };
    if printed == 0 { code } else { exit_code(&[events, vec![bfv_driver::Event::InputOutput]].concat()) }
}

fn refuse(mistake: &usage::Mistake) -> u8 {
    complain(&mistake.text());
    exit_code(&[mistake.problem.code.event()])
}

/// Results go to standard output. Returns 0, or the code for output that failed.
fn print(text: &str) -> u8 {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => 0,
        Err(_) => exit_code(&[bfv_driver::Event::InputOutput]),
    }
}

/// Everything that is no result goes to standard error, which may be closed.
fn complain(text: &str) {
    let _closed = writeln!(std::io::stderr().lock(), "{text}");
}
