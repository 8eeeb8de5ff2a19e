//! Mistakes on the command line: what is wrong in one sentence, and at most three full command lines instead.

use crate::answer::printable;
use crate::args::Args;
use crate::help;
use crate::suggest::nearest;
use bfv_driver::{Code, Problem};
use clap::CommandFactory;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// A command line that is refused. Nothing was run.
#[derive(Debug)]
pub struct Mistake {
    pub problem: Problem,
    /// Arguments of the command lines to suggest.
    pub suggestions: Vec<Vec<String>>,
}

impl Mistake {
    pub fn new(what: impl Into<String>, suggestions: Vec<Vec<String>>) -> Self {
        let mut distinct: Vec<Vec<String>> = Vec::new();
        for s in suggestions {
            if !distinct.contains(&s) && distinct.len() < 3 {
                distinct.push(s);
            }
        }
        Mistake { problem: Problem::new(Code::Usage, what, ""), suggestions: distinct }
    }

    /// The plain sentences, one command line per line.
    pub fn text(&self) -> String {
        let mut out = printable(&self.problem.sentences());
        out += " Nothing was run.";
        let all = self.suggestions.len();
        for (i, s) in self.suggestions.iter().enumerate() {
            let words: Vec<String> = s.iter().map(|w| quoted(w)).collect();
            out += &format!("\nSuggestion {} of {all}: bfv {}", i + 1, words.join(" "));
        }
        out
    }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let safe = |c: char| c.is_alphanumeric() || "_-./=:+,@%^".contains(c);
    if !word.is_empty() && word.chars().all(safe) {
        word.to_owned()
    } else {
        let printable: String = word.chars().filter(|c| !c.is_control()).collect();
        format!("'{}'", printable.replace('\'', "'\\''"))
    }
}

/// What the parser's error means.
pub enum Explained {
    /// Help or the version was asked for.
    Page(String),
    /// A mistake.
    Mistake(Mistake),
}

/// The names of the commands.
pub fn commands() -> Vec<String> {
    Args::command().get_subcommands().map(|c| c.get_name().to_owned()).collect()
}

/// Words that other programs use for our commands.
const SYNONYMS: [(&str, &str); 8] = [
    ("test", "check"),
    ("prove", "check"),
    ("ci", "gate"),
    ("ls", "list"),
    ("config", "set"),
    ("new", "init"),
    ("print", "show"),
    ("man", "help"),
];

/// Explains an error of the parser.
pub fn explain(e: &clap::Error, arguments: &[String]) -> Explained {
    let text = |kind| match e.get(kind) {
        Some(ContextValue::String(s)) => s.clone(),
        Some(ContextValue::Strings(s)) => s.first().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let shown = |s: &str| s.escape_debug().to_string();
    let command = command_of(arguments);
    Explained::Mistake(match e.kind() {
        ErrorKind::DisplayHelp => return Explained::Page(help::page(command.as_deref())),
        ErrorKind::DisplayVersion => return Explained::Page(format!("bfv version {}.", env!("CARGO_PKG_VERSION"))),
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand);
            Mistake::new(format!("There is no command named {}.", shown(&word)), for_command(&word, arguments))
        }
        ErrorKind::UnknownArgument => {
            let flag = text(ContextKind::InvalidArg);
            let what = match (&command, flag.starts_with('-')) {
                (_, false) => format!("The word {} is one too many.", shown(&flag)),
                (Some(c), true) => format!("The command {c} has no option {}.", shown(&flag)),
                (None, true) => format!("There is no option {}.", shown(&flag)),
            };
            Mistake::new(what, for_flag(&flag, command.as_deref(), arguments))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let (flag, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
            let name = flag.split_whitespace().next().unwrap_or(&flag).to_owned();
            if let Some(word) = name.strip_prefix('<').and_then(|n| n.strip_suffix('>')) {
                let what = format!("The word {} does not take the value {}.", shown(word), shown(&value));
                Mistake::new(what, for_word(word, &value, arguments))
            } else if value.is_empty() {
                let what = format!("The option {} needs a value.", shown(&name));
                Mistake::new(what, for_missing_value(&name, arguments))
            } else {
                let what = format!("The option {} does not take the value {}.", shown(&name), shown(&value));
                Mistake::new(what, for_value(&name, &value, arguments))
            }
        }
        ErrorKind::MissingRequiredArgument => {
            let command = command.unwrap_or_default();
            let what = format!("The command {command} needs one word more.");
            let lines = match command.as_str() {
                "explain" => vec![line(&["explain", "E0120"]), line(&["explain", "budget"])],
                "show" => vec![line(&["list"]), line(&["help", "show"])],
                "export" => {
                    vec![line(&["export", "counterexample", "NAME", "--as", "python"]), line(&["help", "export"])]
                }
                "measure" => vec![line(&["measure", "stability", "FILE"]), line(&["help", "measure"])],
                "import" => vec![
                    line(&["import", "mergekit", "mergekit_config.yml"]),
                    line(&["import", "aggregator", "--rule", "median", "--n", "10", "--f", "2"]),
                    line(&["help", "import"]),
                ],
                other => vec![line(&["help", other])],
            };
            Mistake::new(what, lines)
        }
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Mistake::new("No command is given.", vec![line(&["check"]), line(&["list"]), line(&["help"])])
        }
        ErrorKind::ArgumentConflict => {
            let flag = text(ContextKind::InvalidArg);
            let name = flag.split_whitespace().next().unwrap_or(&flag).to_owned();
            let mut seen = false;
            let once = arguments.iter().filter(|a| !(**a == name && std::mem::replace(&mut seen, true))).cloned();
            Mistake::new(format!("The option {} is given twice.", shown(&name)), vec![once.collect()])
        }
        _ => Mistake::new("The command line cannot be read.", vec![line(&["help"])]),
    })
}

/// A command line of fixed words.
pub fn line(words: &[&str]) -> Vec<String> {
    words.iter().map(|w| (*w).to_owned()).collect()
}

/// The command line with one word replaced.
pub fn replaced(arguments: &[String], old: &str, new: &str) -> Vec<String> {
    let mut done = false;
    arguments
        .iter()
        .map(|a| {
            if !done && a == old {
                done = true;
                new.to_owned()
            } else {
                a.clone()
            }
        })
        .collect()
}

fn command_of(arguments: &[String]) -> Option<String> {
    let commands = commands();
    arguments.iter().find(|a| commands.contains(a)).cloned()
}

/// Words that people write before the verb.
const NOUNS: [&str; 6] = ["goal", "goals", "claims", "code", "codes", "settings"];

fn for_command(word: &str, arguments: &[String]) -> Vec<Vec<String>> {
    let commands = commands();
    let near = |w: &str| nearest(w, commands.iter().map(String::as_str)).first().copied();
    let is_path = word.contains(['.', '/']) || std::path::Path::new(word).exists();
    let is_noun = NOUNS.contains(&word);
    let mut out = Vec::new();
    if is_path || is_noun {
        // Noun before verb: the verb, or what may have been meant as one, comes first. A path stays, a noun goes.
        let late = arguments.iter().filter(|a| *a != word && !a.starts_with('-')).find_map(|a| Some((a, near(a)?)));
        let rest = |verb: Option<&String>| {
            arguments.iter().filter(move |a| Some(*a) != verb && !(is_noun && *a == word)).cloned().collect::<Vec<_>>()
        };
        if let Some((verb, name)) = late {
            out.push([vec![name.to_owned()], rest(Some(verb))].concat());
        } else if is_path {
            out.push([vec!["check".to_owned()], rest(None)].concat());
        }
    }
    for n in nearest(word, commands.iter().map(String::as_str)) {
        out.push(replaced(arguments, word, n));
    }
    if let Some((_, ours)) = SYNONYMS.iter().find(|(theirs, _)| *theirs == word) {
        out.push(replaced(arguments, word, ours));
    }
    out.push(line(&["help"]));
    out
}

fn for_flag(flag: &str, command: Option<&str>, arguments: &[String]) -> Vec<Vec<String>> {
    let definition = Args::command();
    let of_command = command.and_then(|c| definition.find_subcommand(c));
    let flags: Vec<String> = definition
        .get_arguments()
        .chain(of_command.into_iter().flat_map(clap::Command::get_arguments))
        .filter_map(|a| a.get_long().map(str::to_owned))
        .chain(["help".to_owned()])
        .collect();
    // The parser names the flag without its value, and reads one dash before a word as a cluster of letters.
    let typed =
        arguments.iter().find(|a| a.starts_with(flag) && !a.is_empty()).cloned().unwrap_or_else(|| flag.to_owned());
    let (name, value) = match typed.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (typed.clone(), None),
    };
    let mut out = Vec::new();
    if typed.starts_with('-') {
        for near in nearest(name.trim_start_matches('-'), flags.iter().map(String::as_str)) {
            let new = match &value {
                Some(v) => format!("--{near}={v}"),
                None => format!("--{near}"),
            };
            out.push(replaced(arguments, &typed, &new));
        }
    } else {
        out.push(arguments.iter().filter(|a| **a != typed).cloned().collect());
    }
    match command {
        Some(c) => out.push(line(&["help", c])),
        None => out.push(line(&["help"])),
    }
    out
}

fn for_value(name: &str, value: &str, arguments: &[String]) -> Vec<Vec<String>> {
    let mut names = values_of(name, arguments);
    if name == "--budget" {
        names.push("1000000".to_owned());
    }
    let valid: Vec<&str> = names.iter().map(String::as_str).collect();
    let near = nearest(value, valid.iter().copied());
    let chosen = if near.is_empty() { valid } else { near };
    chosen
        .into_iter()
        .map(|v| {
            let joined = format!("{name}={value}");
            if arguments.contains(&joined) {
                replaced(arguments, &joined, &format!("{name}={v}"))
            } else {
                replaced(arguments, value, v)
            }
        })
        .collect()
}

/// The command line with other values for a word that stands without a dash.
fn for_word(word: &str, value: &str, arguments: &[String]) -> Vec<Vec<String>> {
    let definition = Args::command();
    let command = command_of(arguments).and_then(|c| definition.find_subcommand(c).cloned());
    let all = command.iter().flat_map(clap::Command::get_positionals);
    let names: Vec<String> = all.filter(|a| a.get_id().as_str().eq_ignore_ascii_case(word)).flat_map(values).collect();
    let near = nearest(value, names.iter().map(String::as_str));
    let chosen = if near.is_empty() { names.iter().map(String::as_str).collect() } else { near };
    chosen.into_iter().map(|v| replaced(arguments, value, v)).collect()
}

/// The values that an option of the command may have, where these are fixed words.
fn values_of(name: &str, arguments: &[String]) -> Vec<String> {
    let definition = Args::command();
    let of_command = command_of(arguments).and_then(|c| definition.find_subcommand(c).cloned());
    let all = definition.get_arguments().chain(of_command.iter().flat_map(clap::Command::get_arguments));
    let found = all.filter(|a| a.get_long().is_some_and(|l| name == format!("--{l}")));
    found.flat_map(values).collect()
}

/// The fixed words that an option takes; none for a flag.
pub fn values(a: &clap::Arg) -> Vec<String> {
    if !a.get_action().takes_values() {
        return Vec::new();
    }
    a.get_possible_values().iter().map(|v| v.get_name().to_owned()).collect()
}

fn for_missing_value(name: &str, arguments: &[String]) -> Vec<Vec<String>> {
    let first = |v: Option<String>| v.unwrap_or_default();
    let value = match name {
        "--goal" => return vec![line(&["list"]), line(&["help", "check"])],
        "--report" => "json=result.json".to_owned(),
        "--budget" => "1000000".to_owned(),
        other => first(values_of(other, arguments).into_iter().next()),
    };
    let given = format!("{name}=");
    let mut line: Vec<String> =
        arguments.iter().map(|a| if *a == given { name.to_owned() } else { a.clone() }).collect();
    if let Some(at) = line.iter().position(|a| a == name) {
        line.insert(at + 1, value);
    }
    vec![line]
}
