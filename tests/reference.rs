//! The pages for readers are tests: every block of `sctt/README.md` and of `examples/seeds/README.md` is judged, and every output of
//! `README.md` is what bfv prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "project/folder.rs"]
mod folder;

use folder::{Folder, newcomer};
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

/// Runs bfv in `dir` with the default settings of a newcomer; they are looked for in `home`, where there are none.
fn bfv(dir: &Path, home: &Path, args: &[&str]) -> Output {
    newcomer(dir, home, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// A fenced block: the words after the fence, its lines, and the line of the page where it starts.
struct Block {
    words: Vec<String>,
    body: String,
    line: usize,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut out: Vec<Block> = Vec::new();
    let mut open = false;
    for (n, line) in page.lines().enumerate() {
        match line.strip_prefix("```") {
            Some(words) if !open => {
                let words = words.split_whitespace().map(str::to_owned).collect();
                out.push(Block { words, body: String::new(), line: n + 1 });
                open = true;
            }
            Some(words) => {
                assert_eq!(words, "", "line {}: a fence inside a block", n + 1);
                open = false;
            }
            None if open => {
                let last = out.last_mut().unwrap();
                last.body += line;
                last.body.push('\n');
            }
            None => {}
        }
    }
    assert!(!open, "the last block is not closed");
    out
}

/// The codes of all errors in a report.
fn codes(report: &str) -> BTreeSet<&str> {
    report.lines().filter_map(|l| l.strip_prefix("Error ")?.split(':').next()).collect()
}

/// Judges every block of the language in a page, and counts those that are accepted and those that are refused with their code.
fn judge_blocks(path: &str, name: &str) -> (usize, usize) {
    let page = page(path);
    assert!(page.is_ascii(), "{path} is written in ASCII");
    let folder = Folder::new(name);
    let blocks: Vec<Block> =
        blocks(&page).into_iter().filter(|b| b.words.first().is_some_and(|w| w == "sctt")).collect();
    let (mut accepted, mut refused) = (0, 0);
    for b in &blocks {
        let file = folder.0.join("try.sctt");
        std::fs::write(&file, &b.body).unwrap();
        let out = bfv(&folder.0, &folder.0, &["check", "try.sctt"]);
        let report = text(&out.stdout) + &text(&out.stderr);
        let words: Vec<&str> = b.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["sctt"] => {
                assert_eq!(
                    out.status.code(),
                    Some(0),
                    "{path}: the block at line {} must be accepted:\n{report}",
                    b.line
                );
                accepted += 1;
            }
            ["sctt", "fails", code] => {
                assert_eq!(
                    out.status.code(),
                    Some(3),
                    "{path}: the block at line {} must be ill-formed:\n{report}",
                    b.line
                );
                let only = BTreeSet::from([*code]);
                assert_eq!(codes(&report), only, "{path}: the block at line {} fails otherwise:\n{report}", b.line);
                refused += 1;
            }
            other => {
                panic!("{path}, line {}: a block of the language is `sctt` or `sctt fails CODE`, not {other:?}", b.line)
            }
        }
    }
    (accepted, refused)
}

#[test]
fn every_block_of_the_reference_is_judged_as_it_says() {
    let (accepted, refused) = judge_blocks("sctt/README.md", "language");
    assert!(accepted >= 15 && refused >= 15, "{accepted} blocks are accepted and {refused} refused");
}

#[test]
fn the_declarations_of_the_specification_are_refused_as_its_page_says() {
    let (accepted, refused) = judge_blocks("examples/seeds/README.md", "specification");
    assert_eq!((accepted, refused), (0, 8));
}

/// The modules of the library, each with its source.
fn modules() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut out = Vec::new();
    for (folder, before) in [("sctt", "std"), ("sctt/cubical", "std.cubical")] {
        for entry in std::fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "sctt") {
                let stem = path.file_stem().unwrap().to_str().unwrap();
                out.push((format!("{before}.{stem}"), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    out
}

#[test]
fn the_reference_names_every_module_of_the_library() {
    let page = page("sctt/README.md");
    let modules = modules();
    for (module, _) in &modules {
        assert!(page.contains(&format!("| `{module}` |")), "{module} is missing");
    }
    assert!(modules.len() >= 48, "{} modules", modules.len());
}

#[test]
fn the_reference_names_every_axiom_of_the_library() {
    let page = page("sctt/README.md");
    let mut axioms = BTreeSet::new();
    for (module, text) in modules() {
        for rest in text.lines().filter_map(|l| l.strip_prefix("axiom ")) {
            axioms.insert(format!("{module}.{}", rest.split_whitespace().next().unwrap()));
        }
    }
    let list: BTreeSet<String> =
        page.lines().filter_map(|l| l.strip_prefix("- `std.")?.split('`').next()).map(|n| format!("std.{n}")).collect();
    assert_eq!(axioms, list);
}

/// One command of a console block with the lines shown below it.
struct Shown {
    command: String,
    lines: Vec<String>,
}

fn commands(block: &Block) -> Vec<Shown> {
    let mut out: Vec<Shown> = Vec::new();
    for line in block.body.lines() {
        match line.strip_prefix("$ ") {
            Some(command) => out.push(Shown { command: command.to_owned(), lines: Vec::new() }),
            None => out.last_mut().expect("a console block starts with a command").lines.push(line.to_owned()),
        }
    }
    out
}

/// Whether the lines shown are the lines printed, where `...` stands for any number of lines.
fn same(shown: &[String], printed: &[&str]) -> bool {
    match (shown.split_first(), printed.split_first()) {
        (None, None) => true,
        (Some((s, rest)), p) if s == "..." => same(rest, printed) || p.is_some_and(|(_, more)| same(shown, more)),
        (Some((s, rest)), Some((p, more))) => s == p && same(rest, more),
        _ => false,
    }
}

#[test]
fn every_output_of_the_readme_is_what_bfv_prints() {
    let page = page("README.md");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Folder::new("readme");
    let (mut ran, mut codes, mut last) = (0, 0, None);
    for block in blocks(&page) {
        let words: Vec<&str> = block.words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["sctt"] => std::fs::write(folder.0.join("mine.sctt"), &block.body).unwrap(),
            ["text"] => {
                // The output of the sentence before it.
                let out = bfv(&folder.0, &folder.0, &["check", "mine.sctt"]);
                assert_eq!(text(&out.stdout), block.body, "line {}", block.line);
                ran += 1;
            }
            ["console"] => {
                for Shown { command, lines } in commands(&block) {
                    if command == "echo $?" {
                        let code: i32 = last.expect("a command was run before");
                        assert_eq!(lines, [code.to_string()], "line {}", block.line);
                        codes += 1;
                        continue;
                    }
                    let args = command.strip_prefix("cargo run --release -- ").expect("the readme runs bfv by cargo");
                    let mut args: Vec<&str> = args.split_whitespace().collect();
                    let examples = args.iter().any(|a| a.starts_with("examples"));
                    if examples && args.first() == Some(&"check") {
                        // The test writes nothing into the project.
                        args.push("--locked");
                    }
                    let package = folder.0.join("median_spec.bfxk").display().to_string();
                    if args.first() == Some(&"extract") {
                        args.extend(["--output", &package]);
                    }
                    let out = bfv(if examples { root } else { &folder.0 }, &folder.0, &args);
                    let printed = text(&out.stdout).replace(&package, "median_spec.bfxk");
                    let all: Vec<&str> = printed.lines().collect();
                    assert!(same(&lines, &all), "line {}: `{command}` prints\n{printed}", block.line);
                    last = out.status.code();
                    ran += 1;
                }
            }
            [] => {}
            other => panic!("line {}: no block of the readme is {other:?}", block.line),
        }
    }
    assert!(ran >= 5 && codes >= 2, "{ran} commands and {codes} exit codes");
}

#[test]
fn a_wrong_output_would_be_noticed() {
    let shown = |lines: &[&str]| lines.iter().map(|l| (*l).to_owned()).collect::<Vec<_>>();
    assert!(same(&shown(&["...", "b"]), &["a", "b"]));
    assert!(same(&shown(&["a", "..."]), &["a"]));
    assert!(!same(&shown(&["...", "b"]), &["b", "a"]));
    assert!(!same(&shown(&["a"]), &["a", "b"]));
    assert!(!same(&shown(&["a", "b"]), &["a"]));
}

#[test]
fn the_readme_starts_with_a_refutation_and_says_where_to_read_on() {
    let page = page("README.md");
    let refuted = page.find("## Begin with something refuted").unwrap();
    assert_eq!(page.find("## ").unwrap(), refuted);
    for link in ["sctt/README.md", "crates/README.md", "sctt/KERNEL.md"] {
        assert!(page.contains(&format!("- `{link}`")), "{link}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(link).is_file(), "{link}");
    }
}
