//! Help pages: sentences made from the definition of the command line, no columns.

use crate::answer::{Answer, Line};
use crate::args::{Args, Help};
use crate::options::settings;
use crate::suggest::nearest;
use crate::usage::{Mistake, commands, line, replaced};
use clap::{Arg, CommandFactory};

/// Topics that are no commands.
const TOPICS: [&str; 7] = ["accessibility", "chat", "exit", "project", "replay", "streams", "trust"];

/// `bfv help`.
pub fn help(args: &Help, arguments: &[String]) -> Result<Answer, Mistake> {
    let Some(topic) = &args.topic else { return Ok(answer(page(None))) };
    let commands = commands();
    if commands.contains(topic) {
        return Ok(answer(page(Some(topic))));
    }
    match topic.as_str() {
        "accessibility" => Ok(answer(accessibility())),
        "chat" => Ok(answer(chat())),
        "exit" => Ok(answer(exit_codes())),
        "project" => Ok(answer(project())),
        "replay" => Ok(answer(replay())),
        "streams" => Ok(answer(streams())),
        "trust" => Ok(answer(trust())),
        other => {
            let known = commands.iter().map(String::as_str).chain(TOPICS);
            let mut lines: Vec<Vec<String>> =
                nearest(other, known).into_iter().map(|n| replaced(arguments, other, n)).collect();
            lines.push(line(&["help"]));
            Err(Mistake::new(format!("There is no help on {}.", other.escape_debug()), lines))
        }
    }
}

fn answer(page: String) -> Answer {
    let mut document = serde_json::Map::new();
    document.insert("text".into(), page.clone().into());
    let mut lines = page.lines().map(str::to_owned);
    let first = lines.next().unwrap_or_default();
    let mut lines: Vec<Line> = lines.map(Line::from).collect();
    let closing = lines.pop().map(|l| l.text).unwrap_or_default();
    Answer { first, lines, closing, document, ..Answer::default() }
}

/// The page of a command, or of bfv itself, without a line end.
pub fn page(command: Option<&str>) -> String {
    let definition = Args::command();
    let mut out = Vec::new();
    match command.and_then(|c| definition.find_subcommand(c)) {
        None => {
            let all: Vec<&clap::Command> = definition.get_subcommands().collect();
            out.push(format!("bfv has {} commands and {} topics of help.", all.len(), TOPICS.len()));
            for c in all {
                out.push(format!("Command {}: {}", c.get_name(), sentence(c.get_about())));
            }
            out.push("Usage: bfv COMMAND".to_owned());
            out.push("For example: bfv check examples".to_owned());
            out.push(format!("Topics: {}.", TOPICS.join(", ")));
            out.push("More on one command or topic: bfv help NAME".to_owned());
        }
        Some(c) => {
            out.push(format!("Command {}: {}", c.get_name(), sentence(c.get_about())));
            let positional: Vec<&Arg> = c.get_positionals().collect();
            let mut usage = format!("Usage: bfv {}", c.get_name());
            for p in &positional {
                usage += &format!(" {}", name(p));
            }
            out.push(usage);
            let optional = |p: &Arg| if p.is_required_set() { "" } else { ", which may be left out" };
            out.extend(
                positional
                    .iter()
                    .map(|p| format!("Word {}{}: {}{}", name(p), optional(p), sentence(p.get_help()), choices(p))),
            );
            out.extend(c.get_arguments().filter(|a| !a.is_positional()).filter_map(option));
            out.extend(more(c.get_name()).map(str::to_owned));
            out.push("Options of every command: bfv help accessibility".to_owned());
        }
    }
    out.push("End of the help page.".to_owned());
    out.join("\n")
}

/// Where to read what the options of a command do not say.
fn more(command: &str) -> Option<&'static str> {
    match command {
        "verify" => Some("The order of lines, exit codes and limits: bfv help streams"),
        "run" => Some("A chat with the model that is built in: bfv help chat"),
        _ => None,
    }
}

fn chat() -> String {
    [
        "A chat: the model butterfly, which is built in, continues what you type. It learned from the library of bfv.",
        "Begin: bfv run worker --model butterfly",
        "Each line is a question of its own. The end of the input ends the chat.",
        "A worker writes the text in blocks, each with a certificate, and bfv judges them as they come.",
        "A block is shown once it is accepted. Text that is rejected or undecided is not shown.",
        "The model knows the first 256 characters of Unicode, which are those of Latin-1.",
        "Flag --count N: how many characters. Default: 200. Flag --block N: how many in a block. Default: 16.",
        "A line has at most 8192 characters, and so has a block. Together they have at most 11000.",
        "Flag --folder FOLDER: where keys, registry and ledger are kept. Default: a new folder.",
        "A new folder is removed when the input ends. Ctrl-C leaves it where it is.",
        "Flag --limit SECONDS: how long to wait for a block. Default: 60. A silent worker is stopped, and the line is undecided.",
        "Flag --device WORD: where the worker computes. Values: auto, cpu, cuda.",
        "Flag --program FILE: another program in the place of bfv-worker.",
        "What it sends need not be trusted, but it runs with your rights.",
        "Flag --format jsonl: a line of JSON for each block that is accepted and for each line that is typed.",
        "Code 0: every line is accepted. Code 1: one is rejected. Code 4: none is, and one is undecided.",
        "A line that is refused counts unless another one is accepted. Its code is 2.",
        "End of the help page.",
    ]
    .join("\n")
}

fn replay() -> String {
    [
        "Replay: bfv verify computes parts of an answer of a float model again, and every bit must agree.",
        "Such a model has weights of type BF16 or F16, with the files config.json and model.safetensors.",
        "In verify.toml write lanes = [\"replay\"] and tiles = 64, and name the folder of the model under model.",
        "A tile is 64 columns, or one head, of one operation in one layer for one token. Every number is in one tile.",
        "The worker commits to all values before tiles are drawn. Each drawn tile is computed from the committed values.",
        "Its sums are made in the order of the worker's machine. Known is the order of the reference, a plain loop.",
        "No graphics card was measured, so answers of cards are undecided.",
        "Every token is compared with the committed logits. The logits themselves are sampled like all else.",
        "The verdict is: accepted (sampled, s of S tiles). It never says more, and as JSON the verdict is sampled.",
        "If a share f of all tiles is wrong, s draws may miss it. The probability is at most (1 - f) to the power s.",
        "For example: with a tenth wrong, 64 draws miss it with at most 2 to the minus 9.",
        "A single wrong tile is found with probability s of S only. Ask for all tiles, or the exact lane, against that.",
        "The draw comes from the table [challenge], as elsewhere. With fiat-shamir a worker may try many certificates.",
        "With tries = T, the probability above is up to 2 to the power T + 1 times as large. One try costs a few hashes.",
        "So 64 tiles exclude little against whoever tries 2 to the power 60 certificates: use a secret.",
        "With a secret, every certificate that was judged with it before counts as one more try.",
        "With a beacon, a worker may log many certificates and show the best: as many tries as the log has entries.",
        "With these, the worker must open all values: bfv run worker run --lane replay --open all.",
        "The line least_bits says nothing here. No fusion, vote or answer in stages rests on a sample.",
        "What is drawn and not opened is undecided, and withheld after the deadline.",
        "End of the help page.",
    ]
    .join("\n")
}

fn streams() -> String {
    [
        "Streams: bfv verify judges what comes on the standard input as it comes, and prints its line at once.",
        "A fusion or vote is judged at once when all answers that it names were accepted before.",
        "Otherwise it is judged at the end of the input, and so are answers in stages.",
        "The order in the end: what waited, in the order in which it came, then the counts.",
        "After the counts come the answers in stages, what was proved of programs, and the result.",
        "Files have their lines after the counts, in the order in which they are named.",
        "With --format json, --report or --quiet nothing is printed before the end.",
        "What is malformed ends the input, and the rest is not read.",
        "What is accepted is added to the file --seen FILE before its line is printed. So is each use of a secret.",
        "A stage is added with its answer. Let one run at a time have the file.",
        "Code 0: all are accepted. Code 1: one is rejected. Code 4: none is, and one is undecided.",
        "Code 74: something cannot be read, written or printed.",
        "An answer may come in blocks. A block is judged when it comes, and must follow the last one that was accepted.",
        "How many tokens of it are accepted is said in the end, and whether any are missing.",
        "A folder stands for its files with the ending bfc, in the order of their names.",
        "At most 64 MiB of fusions and votes wait. What comes after that is judged at once.",
        "At most 256 MiB of answers are kept for them. What names others is undecided then.",
        "For answers in blocks, at most 256 MiB of keys and values are kept. Blocks that come then are undecided.",
        "A run judges at most 1048576 certificates.",
        "End of the help page.",
    ]
    .join("\n")
}

fn sentence(text: Option<&clap::builder::StyledStr>) -> String {
    let text = text.map(ToString::to_string).unwrap_or_default();
    if text.ends_with('.') { text } else { text + "." }
}

fn name(p: &Arg) -> String {
    p.get_id().as_str().to_uppercase()
}

/// One option as sentences; `None` for those without a long name.
fn option(a: &Arg) -> Option<String> {
    let long = a.get_long()?;
    let value = match a.get_value_names() {
        Some([one, ..]) if a.get_action().takes_values() => format!(" {one}"),
        _ => String::new(),
    };
    Some(format!("Option --{long}{value}: {}{}", sentence(a.get_help()), choices(a)))
}

/// The fixed words that an option or a word may be, as a sentence after a space; nothing where there are none.
fn choices(a: &Arg) -> String {
    let words = crate::usage::values(a);
    if words.is_empty() { String::new() } else { format!(" Values: {}.", words.join(", ")) }
}

fn accessibility() -> String {
    let mut out = vec![format!("Accessibility: {} settings and 6 variables of the environment.", settings().len())];
    out.push("Output is plain sentences, the same at every width. Colour and pictures only repeat them.".into());
    out.extend(Args::command().get_arguments().filter_map(option));
    out.push("Keep a setting: bfv set NAME VALUE. For example: bfv set layout visual".into());
    out.push(
        "Variable BFV_ACCESSIBLE, ACCESSIBLE or NO_GRAPHICS: plain layout and no colour, over your settings.".into(),
    );
    out.push("Variable NO_COLOR: no colour. Variable TERM with the value dumb: no colour.".into());
    out.push("Variable BFV_CONFIG: the path of your settings file.".into());
    out.push("Order: options, then variables, then your settings, then defaults.".into());
    out.push(
        "Results go to standard output; progress and mistakes go to standard error. Nothing ever asks a question."
            .into(),
    );
    out.push("End of the help page.".into());
    out.join("\n")
}

fn exit_codes() -> String {
    [
        "There are 9 exit codes.",
        "Code 0: every verdict is as expected, or the gate passed.",
        "Code 1: a claim is proved or refuted against what is expected, or a certificate is rejected.",
        "Code 2: the command line or the settings are wrong.",
        "Code 3: a specification is ill-formed.",
        "Code 4: a claim is unknown, or a certificate is undecided.",
        "Code 5: the policy of the gate is broken.",
        "Code 6: a tool that was asked for by name is missing.",
        "Code 70: bfv made a mistake of its own.",
        "Code 74: something cannot be read or written.",
        "When several apply, the order is 70, 74, 2, 3, 1, 4, 6, 5.",
        "End of the help page.",
    ]
    .join("\n")
}

fn trust() -> String {
    [
        "Trust is a file named verify.toml, which says whom bfv verify trusts.",
        "The lines authority = \"KEY\" and log = \"KEY\" have the keys that sign the registry and the log.",
        "The line ledger = \"FILE\" names the registry, for bfv list workers.",
        "The line registry_max_age = N is the age in seconds from which a registry is too old. Default: 86400.",
        "The line least_bits = N is how unlikely a wrong answer must be: 2 to the minus N. Default: 59.",
        "The line deadline = N is the time from which a value that is not opened counts as withheld.",
        "The line lanes = [\"exact\"] names the lanes in which answers may be. Default: exact alone.",
        "Lanes of floats are residual and tolerance. They need tables [[kernel]], each with hash, device and roundoff.",
        "The lane replay is for float models that are computed again in part. It needs the line tiles = N: see bfv help replay.",
        "With roundoff = \"single\" a kernel has single precision, 2 to the minus 24. With tensor it has 2 to the minus 22.",
        "The table [challenge] says where random numbers come from. Its kind is fiat-shamir, secret or beacon.",
        "With fiat-shamir, repetitions, 1 to 16, and tries are its other lines. With secret, file names 64 hexadecimal digits.",
        "A secret is for at most 1048576 certificates: replace it before. With --seen those of all runs are counted.",
        "Without it only those of one run are.",
        "Workers must not see why a certificate was rejected while a secret is in use.",
        "A beacon became known after a head of the log was signed. Its lines are value, log_root and drawn, the time.",
        "It may have choices, the number of values among which somebody could choose.",
        "Without value it has commitments and shares, and may have least, how many shares are needed. An empty share is held back.",
        "Each table [[worker]] has a name and a key, and may have models, with which alone it may answer.",
        "It may have manifest, the file with which it was registered, which must agree with a split.",
        "Each table [[model]] has a name and the folder of an integer model.",
        "For the lane replay it may have that of a float model.",
        "In place of a folder it may have shipped = \"butterfly\", the model that is built in.",
        "Each table [[split]] has a name, a model, configuration, the file of a splitting configuration, and head.",
        "Its workers are named as above. The ledger must hold the head with that file.",
        "Each table [[question]] has query and prompt, and may have answer, the number of tokens, and workers.",
        "With blocks = true its answer comes in blocks, and answer says how many tokens all of them have.",
        "Each table [[fusion]] has name, package and workers, and may have parameters.",
        "Each table [[vote]] has name, head, workers and quorum. More than half of the workers must be the quorum.",
        "The head counts, with a key of the role voter. The answer is that of a quorum of workers.",
        "An example is examples/inference/verify.toml.",
        "End of the help page.",
    ]
    .join("\n")
}

fn project() -> String {
    [
        "A project is a folder with 1 file named bfv.toml.",
        "It is found by walking up from the first path, and proofs are stored beside it, in the folder proofs.",
        "The line name = \"NAME\" names the project.",
        "The line sources = [\"examples\"] names the folders that commands work on when no path is given.",
        "Proofs of other files are not stored.",
        "Under [gate], the line allow = [\"real\"] lists the bundles of axioms that proofs may use.",
        "The line points = true asks for a stored point of the hypotheses of every proved claim.",
        "Each part [[gate.unknown]] lists a claim that may lack a proof, with two lines: claim and reason.",
        "Make one: bfv init",
        "End of the help page.",
    ]
    .join("\n")
}
