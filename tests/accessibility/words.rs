//! Item 19: sentences are short and plain, in what is printed and in every message that the sources hold.

use super::*;
use std::collections::BTreeSet;

/// Words that negate; two of them in one sentence are one too many. `nor` goes with `neither`.
const NEGATIVE: [&str; 9] = ["not", "no", "never", "without", "cannot", "nothing", "none", "nobody", "neither"];

/// Sentences, as a voice would pause.
fn sentences(line: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = line;
    while let Some(end) = [". ", ": ", "; "].iter().filter_map(|s| rest.find(s)).min() {
        out.push(&rest[..end]);
        rest = &rest[end + 2..];
    }
    out.push(rest);
    out
}

/// What is wrong with a sentence, when something is.
fn fault(sentence: &str) -> Option<String> {
    let words: Vec<String> = words(sentence);
    let length = sentence.split_whitespace().count();
    let negations = words.iter().filter(|w| NEGATIVE.contains(&w.as_str())).count();
    match (length > 20, negations > 1) {
        (true, _) => Some(format!("{length} words: {sentence}")),
        (_, true) => Some(format!("a double negation: {sentence}")),
        _ => None,
    }
}

fn words(sentence: &str) -> Vec<String> {
    let letters = |c: char| !(c.is_ascii_alphabetic() || c == '-' || c == '\'');
    let trim = |w: &str| w.trim_matches(|c| c == '-' || c == '\'').to_lowercase();
    sentence.split(letters).map(trim).filter(|w| !w.is_empty()).collect()
}

#[test]
fn item_19_what_is_printed_is_short_and_plain() {
    let mut all = 0;
    for (args, out) in everything("19") {
        for s in unquoted(&out).lines().flat_map(sentences) {
            assert_eq!(fault(s), None, "{args}");
            all += 1;
        }
    }
    assert!(all >= 500, "{all} sentences");
    assert!(fault("It is not so that it is never so").is_some());
    assert!(fault(&"word ".repeat(21)).is_some());
}

/// The literals of a Rust file, tests and comments left out, continued lines joined.
fn literals(source: &str) -> Vec<String> {
    let code = source.split("#[cfg(test)]").next().unwrap();
    let code: Vec<&str> = code.lines().filter(|l| !l.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let (mut out, mut literal, mut chars) = (Vec::new(), None::<String>, code.chars().peekable());
    while let Some(c) = chars.next() {
        match (&mut literal, c) {
            (None, '\'') => {
                // A character, which may be a quote; a lifetime has no second sign.
                let ahead: Vec<char> = chars.clone().take(3).collect();
                let length = match ahead.as_slice() {
                    ['\\', _, '\''] => 3,
                    [_, '\'', ..] => 2,
                    _ => 0,
                };
                for _ in 0..length {
                    chars.next();
                }
            }
            (None, '"') => literal = Some(String::new()),
            (None, _) => {}
            (Some(text), '"') => {
                out.push(std::mem::take(text));
                literal = None;
            }
            (Some(text), '\\') => match chars.next() {
                Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                Some('n') => text.push('\n'),
                Some(other) => text.push(other),
                None => {}
            },
            (Some(text), c) => text.push(c),
        }
    }
    out
}

/// A message as it is read: 0 stands for quoted parts and for what is filled in.
fn as_read(literal: &str) -> String {
    let mut out = String::new();
    let mut depth = 0;
    for c in unquoted(literal).chars() {
        match c {
            '{' if depth == 0 => {
                out.push('0');
                depth = 1;
            }
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ if depth > 0 => {}
            c => out.push(c),
        }
    }
    out
}

/// Every message in the sources: what starts like a sentence and ends like one.
fn catalogue() -> Vec<(String, String)> {
    let mut out = Vec::new();
    let mut todo: Vec<PathBuf> =
        "diag syntax elab engine-native driver import cli kernel recheck search model ledger worker device"
            .split(' ')
            .map(|c| Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(c).join("src"))
            .collect();
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()));
        } else if path.extension().is_some_and(|e| e == "rs") {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            for l in literals(&std::fs::read_to_string(&path).unwrap()) {
                let first = l.chars().next().is_some_and(|c| c.is_uppercase() || c == '`' || c == '{');
                if first && l.contains(' ') && l.trim_end().ends_with('.') {
                    out.push((file.clone(), as_read(&l)));
                }
            }
        }
    }
    out
}

#[test]
fn item_19_every_message_of_the_sources_is_short_and_plain() {
    let all = catalogue();
    assert!(all.len() >= 400, "{} messages", all.len());
    let mut faults = Vec::new();
    for (file, message) in &all {
        assert!(message.is_ascii(), "{file}: {message}");
        faults.extend(message.lines().flat_map(sentences).filter_map(fault).map(|f| format!("{file}: {f}")));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let found = literals("// \"no\"\nlet a = (\"one \\\n  two.\", '\"', \"a{b}\");");
    assert_eq!(found, ["one two.", "a{b}"]);
    assert_eq!(as_read("`a b` is {x}, {}."), "0 is 0, 0.");
}

/// The glossary is what a newcomer can have read: the two pages for readers, and `tests/accessibility/glossary.txt`.
#[test]
fn item_19_messages_use_words_of_the_glossary() {
    let pages = [include_str!("../../README.md"), include_str!("../../sctt/README.md"), include_str!("glossary.txt")];
    let known: BTreeSet<String> = pages.iter().flat_map(|p| words(p)).collect();
    let mut unknown = BTreeSet::new();
    for (file, message) in catalogue() {
        for w in words(&message) {
            if !known.contains(&w) {
                unknown.insert(format!("{w} (in {file})"));
            }
        }
    }
    let unknown: Vec<String> = unknown.into_iter().collect();
    let mend = "use a word of the reference, or add this one to tests/accessibility/glossary.txt";
    assert!(unknown.is_empty(), "{}: {mend}", unknown.join(", "));
}
