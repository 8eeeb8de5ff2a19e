//! The two checkers are written apart: no function of the one is a copy of a function of the other.
//!
//! Code is compared as tokens, without comments, layout, and the words of messages. In every window of so many tokens the identifiers are
//! numbered by their first occurrence, so that a copy with other names is found, too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Tokens that are compared at a time: about five lines.
const WINDOW: usize = 30;
/// A function with fewer tokens has a few lines only.
const LARGE: usize = 80;
/// Functions of the two may share so much of their tokens, in percent: they look at the same terms, whose formers they must name.
const MOST: usize = 60;

/// A function with its body as tokens.
#[derive(Clone, Debug)]
struct Function {
    name: String,
    body: Vec<String>,
}

/// The tokens of a source. Text and characters become one token each; punctuation is taken apart.
fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let (mut out, mut n) = (Vec::new(), 0);
    let at = |n: usize| chars.get(n).copied().unwrap_or('\n');
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while n < chars.len() {
        match at(n) {
            '/' if at(n + 1) == '/' => {
                while n < chars.len() && at(n) != '\n' {
                    n += 1;
                }
            }
            '"' => {
                n += 1;
                while n < chars.len() && at(n) != '"' {
                    n += if at(n) == '\\' { 2 } else { 1 };
                }
                n += 1;
                out.push("\"\"".to_owned());
            }
            // A character, and not a lifetime.
            '\'' if at(n + 1) == '\\' || at(n + 2) == '\'' => {
                n += if at(n + 1) == '\\' { 3 } else { 2 };
                while n < chars.len() && at(n) != '\'' {
                    n += 1;
                }
                n += 1;
                out.push("'c'".to_owned());
            }
            c if word(c) => {
                let start = n;
                while word(at(n)) {
                    n += 1;
                }
                out.push(chars[start..n].iter().collect());
            }
            c => {
                n += 1;
                if !c.is_whitespace() {
                    out.push(c.to_string());
                }
            }
        }
    }
    out
}

/// Every function of a source that has a body.
fn functions(source: &str) -> Vec<Function> {
    let all = tokens(source);
    let mut out = Vec::new();
    for n in (0..all.len()).filter(|n| all[*n] == "fn") {
        let Some(name) = all.get(n + 1).filter(|t| t.starts_with(|c: char| c.is_alphabetic() || c == '_')) else {
            continue;
        };
        let mut depth = 0;
        let start = (n..all.len()).find(|k| {
            depth += match all[*k].as_str() {
                "(" | "[" => 1,
                ")" | "]" => -1,
                _ => 0,
            };
            depth == 0 && ["{", ";"].contains(&all[*k].as_str())
        });
        let Some(start) = start.filter(|k| all[*k] == "{") else { continue };
        let end = (start..all.len()).find(|k| {
            depth += match all[*k].as_str() {
                "{" => 1,
                "}" => -1,
                _ => 0,
            };
            depth == 0
        });
        if let Some(end) = end {
            out.push(Function { name: name.clone(), body: all[start..=end].to_vec() });
        }
    }
    out
}

/// The windows of a body, each with its identifiers numbered.
fn windows(body: &[String]) -> Vec<String> {
    const KEYWORDS: [&str; 24] = [
        "as", "break", "const", "continue", "else", "enum", "false", "fn", "for", "if", "impl", "in", "let", "loop",
        "match", "move", "mut", "pub", "ref", "return", "struct", "true", "where", "while",
    ];
    let window = |w: &[String]| {
        let mut names: BTreeMap<&str, usize> = BTreeMap::new();
        let mut out = String::new();
        for t in w {
            if t.starts_with(|c: char| c.is_alphabetic() || c == '_') && !KEYWORDS.contains(&t.as_str()) {
                let next = names.len();
                out += &format!("#{} ", names.entry(t).or_insert(next));
            } else {
                out += &format!("{t} ");
            }
        }
        out
    };
    body.windows(WINDOW).map(window).collect()
}

/// The windows of some functions.
fn all_windows(functions: &[Function]) -> BTreeSet<String> {
    functions.iter().flat_map(|f| windows(&f.body)).collect()
}

/// How much of a body, in percent of its tokens, stands in windows that are known.
fn share(body: &[String], known: &BTreeSet<String>) -> usize {
    let mut covered = vec![false; body.len()];
    for (n, w) in windows(body).into_iter().enumerate() {
        if known.contains(&w) {
            covered[n..n + WINDOW].fill(true);
        }
    }
    covered.iter().filter(|c| **c).count() * 100 / body.len()
}

/// The functions that are copies: most of each stands in windows that are known. With the share of those that have one.
fn copies(ours: &[Function], known: &BTreeSet<String>) -> (Vec<String>, Vec<(String, usize)>) {
    let large = ours.iter().filter(|f| f.body.len() >= LARGE);
    let shares = large.map(|f| (f.name.clone(), share(&f.body, known))).filter(|(_, n)| *n > 0);
    let mut shares: Vec<(String, usize)> = shares.collect();
    shares.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    (shares.iter().filter(|(_, n)| *n > MOST).map(|(name, _)| name.clone()).collect(), shares)
}

/// The functions of a crate, those of its tests left out.
fn of_crate(name: &str) -> Vec<Function> {
    fn go(folder: &Path, out: &mut Vec<Function>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                go(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") && path.file_stem().is_some_and(|s| s != "tests") {
                out.extend(functions(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let mut out = Vec::new();
    go(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates").join(name).join("src"), &mut out);
    out
}

#[test]
fn no_function_of_one_checker_is_a_copy_of_the_other() {
    let (kernel, second) = (of_crate("kernel"), of_crate("recheck"));
    assert!(kernel.len() > 200 && second.len() > 200, "{} {}", kernel.len(), second.len());
    for (what, ours, theirs) in [("recheck", &second, &kernel), ("the kernel", &kernel, &second)] {
        let (found, shares) = copies(ours, &all_windows(theirs));
        let shown: Vec<String> = shares.iter().take(12).map(|(name, n)| format!("{name} {n}")).collect();
        println!("{} functions of {what}; percent that the other has, too: {}", ours.len(), shown.join(", "));
        assert!(found.is_empty(), "in {what} and in the other checker: {found:?}");
    }
}

#[test]
fn a_copy_would_be_found_under_other_names_and_layout() {
    let kernel = of_crate("kernel");
    let known = all_windows(&kernel);
    let large: Vec<&Function> = kernel.iter().filter(|f| f.body.len() >= LARGE).collect();
    for f in &large {
        // Every long name another one, a line added, other text and comments.
        let renamed = |t: &String| {
            let is_name = t.starts_with(|c: char| c.is_lowercase()) && t.len() > 6;
            if is_name { format!("other_{t}") } else { t.clone() }
        };
        let copied: Vec<String> = f.body.iter().map(renamed).collect();
        let source = format!("fn mine(x: [u8; 2]) -> u8 {{ // \"{{\n let y = '{{';\n\n {} }}", copied.join("\n"));
        let mine = functions(&source);
        assert_eq!(mine[0].name, "mine");
        assert_eq!(copies(&mine[..1], &known).0.len(), 1, "{}", f.name);
    }
    assert!(large.len() > 50);
    // What is written anew is not.
    let mine = functions(
        "fn mine(xs: &[u32]) -> u32 { let mut n = 0; for x in xs { if *x > 3 { n += x * 2; n -= 1; } } n + 7 }",
    );
    assert!(copies(&mine, &known).0.is_empty());
}
