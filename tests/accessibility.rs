//! Accessibility, item by item: each test runs the real binary and carries the item's number in its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "accessibility/settings.rs"]
mod settings;
#[path = "accessibility/speech.rs"]
mod speech;
#[path = "accessibility/typos.rs"]
mod typos;
#[path = "accessibility/words.rs"]
mod words;

use bfv_wingbeat::sim::{Scenario, Trace};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

/// A folder of one test, with settings of its own; removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("bfv-accessibility-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        Folder(dir)
    }
    fn path(&self) -> &Path {
        &self.0
    }

    /// A folder with the files that the samples name.
    fn with_files(name: &str) -> Self {
        let folder = Folder::new(name);
        std::fs::create_dir(folder.path().join("project")).unwrap();
        for (file, text) in FILES {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        let record = bfv_wingbeat::sim::run(&Scenario::new(1), Trace::written()).trace;
        let broken = record.replacen(r#""effect":"decide""#, r#""effect":"persist""#, 1);
        let cut = record.lines().next().unwrap();
        for (file, text) in [("run.jsonl", record.as_str()), ("broken.jsonl", broken.as_str()), ("cut.jsonl", cut)] {
            std::fs::write(folder.path().join(file), text).unwrap();
        }
        // A protocol that allows less, and one that keeps something else; without its last claim, which judges its own run.
        let protocol =
            include_str!("../examples/consensus/repaired.sctt").split_once("  --- A worker can decide.").unwrap().0;
        let strict = protocol.replacen("do answered", "/\\ (exists y, accepted w s y)\n    do answered", 1) + "end\n";
        let odd = protocol.replacen("do decided w r v := true", "do decided w r v := false", 1) + "end\n";
        std::fs::write(folder.path().join("strict.sctt"), strict).unwrap();
        std::fs::write(folder.path().join("odd.sctt"), odd).unwrap();
        folder
    }
}

/// Every verdict, expected and not, a condition, a comment; errors of several kinds; a project whose gate fails.
const FILES: [(&str, &str); 8] = [
    ("ok.sctt", "claim fine (n : Nat) : n = n\n"),
    ("mixed.sctt", MIXED),
    ("wrong.sctt", "def a : Nat := true\ndef b : Nat :=\ntheorem c (n : Nat) : n = n by show n = n\n"),
    (
        "recipe.yml",
        "merge_method: linear\nmodels: [{model: a, parameters: {weight: 1}}]\ndtype: float16\nname: alone\n",
    ),
    ("zero.yml", include_str!("import/wrong/weights_sum_to_zero.yml")),
    ("operators.sctt", OPERATORS),
    ("project/mixed.sctt", MIXED),
    ("project/bfv.toml", "name = \"p\"\nsources = [\"mixed.sctt\"]\n"),
];
const MIXED: &str = "module mixed
import std.real

--- A comment of the author.
claim kept (a b : Real) (h : a < b) : a <= b

claim found (x : Real) : x <= x * x

@[expect refuted, holds_if a <= 0]
claim given (a : Real) : a <= 1
refuted at (a := 2)

claim left_open (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0
";

/// Operators with claims that say little of them, and one that no claim speaks of.
const OPERATORS: &str = "import std.order

operator toward (t a b : Real) : Real := a + t * (b - a)
operator unused (a : Real) : Real := 2 * a

claim stays (t a : Real) : toward t a a = a by unfold toward ring
claim less (t a b : Real) (h : 0 < t) (g : a < b) : a < toward t a b
by have p := mul_pos t (b - a) h (by { arith }) unfold toward arith
";

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_bfv"));
    c.args(args).current_dir(dir).stdin(Stdio::null()).env("BFV_CONFIG", dir.join("settings.toml"));
    for name in VARIABLES {
        c.env_remove(name);
    }
    c.env("TERM", "xterm");
    c
}

/// Variables that tests set on purpose only.
const VARIABLES: [&str; 6] = ["NO_COLOR", "ACCESSIBLE", "BFV_ACCESSIBLE", "NO_GRAPHICS", "COLUMNS", "RUST_BACKTRACE"];

/// The output of a program that must end by itself.
fn within(mut child: Child, what: &str) -> Output {
    let (done, ended) = std::sync::mpsc::channel();
    let mut out = child.stdout.take();
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(out) = &mut out {
            out.read_to_end(&mut bytes).unwrap();
        }
        done.send(bytes)
    });
    let Ok(stdout) = ended.recv_timeout(Duration::from_secs(60)) else {
        child.kill().unwrap();
        panic!("{what} does not end");
    };
    Output { status: child.wait().unwrap(), stdout, stderr: Vec::new() }
}

fn run(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Command lines that show every command and every kind of mistake.
const SAMPLES: [&str; 104] = [
    "check missing.sctt",
    "check",
    "check --format jsn",
    "check --goal",
    "check --goal x missing.sctt",
    "check --budget 0 missing.sctt",
    "gate",
    "gate missing.sctt",
    "list",
    "list missing.sctt",
    "show",
    "show x",
    "show x missing.sctt --core",
    "explain",
    "explain E0101",
    "explain budget",
    "explain usage",
    "explain xyzzy",
    "init project",
    "doctor",
    "set",
    "set layout",
    "set layout plain",
    "set layout visul",
    "set xyzzy x",
    "help",
    "help accessibility",
    "help exit",
    "help project",
    "help chat",
    "help replay",
    "help xyzzy",
    "help check",
    "help gate",
    "help explain",
    "help list",
    "help show",
    "help init",
    "help import",
    "explain recipe",
    "import",
    "import mergekit recipe.yml --replace",
    "import mergekit zero.yml --replace",
    "import mergekit missing.yml",
    "import aggregator --rule mean --n 1 --f 0 --replace",
    "help doctor",
    "help set",
    "help help",
    "--help",
    "check --help",
    "--version",
    "",
    "chekc x.sctt",
    "--xyzzy",
    "check --xyzzy",
    "check --quiet --quiet",
    "check --report text missing.sctt",
    "explain E0120 E0121",
    "check ok.sctt",
    "check mixed.sctt",
    "check wrong.sctt",
    "check ok.sctt mixed.sctt wrong.sctt",
    "check mixed.sctt --goal given",
    "check mixed.sctt --goal gievn",
    "check mixed.sctt --math symbols",
    "check mixed.sctt --locked --fresh --budget 10",
    "list mixed.sctt",
    "list mixed.sctt --ids phonetic",
    "list wrong.sctt",
    "show given mixed.sctt",
    "show left_open mixed.sctt --core",
    "show left_opne mixed.sctt",
    "gate project/mixed.sctt",
    "gate wrong.sctt",
    "check operators.sctt --attack-spec",
    "check mixed.sctt --attack-spec --budget 1000",
    "check ok.sctt --deny-survivors",
    "measure",
    "measure stability mixed.sctt --budget 2000",
    "measure stability operators.sctt --seed 1 --changes 4",
    "help measure",
    "conform",
    "conform run.jsonl",
    "conform broken.jsonl run.jsonl",
    "conform missing.jsonl cut.jsonl",
    "conform run.jsonl --protocol strict.sctt",
    "conform run.jsonl --protocol odd.sctt",
    "help conform",
    "explain record",
    "key",
    "key make",
    "key show missing.key",
    "key request missing.key --role head",
    "key make x --role head",
    "help key",
    "registry",
    "registry renew",
    "registry revoke --key 12",
    "help registry",
    "extract",
    "extract mixed.sctt --operator kept --workers 2 --coordinates 1",
    "extract project/mixed.sctt --operator kept --workers 2 --coordinates 1",
    "help extract",
    "explain not-extracted",
];

fn samples() -> Vec<Vec<&'static str>> {
    SAMPLES.iter().map(|l| l.split_whitespace().collect()).collect()
}

/// The samples that give the same answer when run again.
fn repeatable() -> Vec<Vec<&'static str>> {
    samples().into_iter().filter(|a| !a.contains(&"init")).collect()
}

/// Everything the samples print, standard output and standard error together.
fn outputs(name: &str) -> Vec<(Vec<&'static str>, String)> {
    let dir = Folder::with_files(name);
    let both = |args: Vec<&'static str>| {
        let o = run(dir.path(), &args);
        (args, text(&o.stdout) + &text(&o.stderr))
    };
    samples().into_iter().map(both).collect()
}

/// A command line and more flags.
fn with<'a>(args: &[&'a str], more: &[&'a str]) -> Vec<&'a str> {
    [args, more].concat()
}

/// What every code of the language prints: the report on its sample, and its explanation.
fn code_outputs(name: &str) -> Vec<(String, String)> {
    let dir = Folder::new(name);
    let mut out = Vec::new();
    for code in bfv_diag::Code::ALL {
        let file = format!("{}.sctt", code.id());
        std::fs::write(dir.path().join(&file), code.sample().bytes()).unwrap();
        for args in [["check", file.as_str()], ["explain", code.id()]] {
            let o = run(dir.path(), &args);
            out.push((args.join(" "), text(&o.stdout) + &text(&o.stderr)));
        }
        std::fs::remove_file(dir.path().join(&file)).unwrap();
    }
    out
}

/// The samples and the codes.
fn everything(name: &str) -> Vec<(String, String)> {
    let samples = outputs(name).into_iter().map(|(args, out)| (args.join(" "), out));
    samples.chain(code_outputs(&format!("{name}-codes"))).collect()
}

/// A text with 0 in place of what it quotes: parts between grave accents, and the source and the core form that `show` gives.
fn unquoted(out: &str) -> String {
    let outside = |line: &str| line.split('`').step_by(2).collect::<Vec<_>>().join("0");
    let mut source = false;
    let mut lines = Vec::new();
    for line in out.lines() {
        source &= !(line.starts_with("Hint: ") || line.starts_with("End of "));
        let quoted = source || line.starts_with("Core form: ");
        lines.push(if quoted { "0".to_owned() } else { outside(line) });
        source |= line == "Source:";
    }
    lines.join("\n")
}

#[test]
fn item_01_no_art() {
    for (args, out) in everything("01") {
        // ASCII has none of the characters that the item names.
        assert!(out.is_ascii(), "{args}: {out}");
        for c in "=-_*~^|#.".chars() {
            assert!(!unquoted(&out).contains(&c.to_string().repeat(3)), "{args} has a run of {c}: {out}");
        }
    }
    assert!(unquoted("a `...` b\nSource:\n---\nEnd of it.").find("...").is_none());
}

#[test]
fn item_02_no_escapes_where_output_is_no_terminal() {
    let dir = Folder::with_files("02");
    for args in samples() {
        for (name, value) in [("TERM", "xterm"), ("TERM", "dumb"), ("NO_COLOR", "1")] {
            let o = command(dir.path(), &args).env(name, value).output().unwrap();
            assert!(!o.stdout.contains(&0x1b) && !o.stderr.contains(&0x1b), "{args:?}");
        }
        let o = run(dir.path(), &with(&args, &["--color", "never"]));
        assert!(!o.stdout.contains(&0x1b) && !o.stderr.contains(&0x1b), "{args:?}");
    }
    // On a terminal, where there would be some.
    let args = ["check", "mixed.sctt"];
    let Some(shown) = on_terminal(dir.path(), &args, &[], 80) else {
        println!("not run: needs script");
        return;
    };
    assert!(shown.contains('\u{1b}'));
    for variable in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let shown = on_terminal(dir.path(), &args, &[variable], 80).unwrap();
        assert!(!shown.contains('\u{1b}'), "{variable:?}: {shown}");
    }
    let shown = on_terminal(dir.path(), &with(&args, &["--color", "never"]), &[], 80).unwrap();
    assert!(!shown.contains('\u{1b}'), "{shown}");
}

/// The output under a pseudo-terminal of some width; `None` where the program `script` is missing.
fn on_terminal(dir: &Path, args: &[&str], variables: &[(&str, &str)], columns: u32) -> Option<String> {
    let line = format!("stty cols {columns}; '{}' {}", env!("CARGO_BIN_EXE_bfv"), args.join(" "));
    let mut c = Command::new("script");
    c.args(["-qec", &line, "/dev/null"]).current_dir(dir).env("BFV_CONFIG", dir.join("settings.toml"));
    for name in VARIABLES {
        c.env_remove(name);
    }
    c.env("TERM", "xterm").envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped());
    let o = within(c.spawn().ok()?, &format!("{args:?} on a terminal"));
    // The terminal itself adds carriage returns, and echoes the end of the input.
    Some(text(&o.stdout).replace("\r\n", "\n").replace("^D\u{8}\u{8}", ""))
}

#[test]
fn item_03_item_04_a_terminal_gets_colour_and_nothing_else() {
    let dir = Folder::with_files("03");
    let mut coloured = 0;
    for args in repeatable() {
        let Some(shown) = on_terminal(dir.path(), &args, &[], 80) else {
            println!("not run: needs script");
            return;
        };
        let o = run(dir.path(), &args);
        let mut parts = shown.split('\u{1b}');
        let mut plain = parts.next().unwrap().to_owned();
        for part in parts {
            let sgr = part.strip_prefix('[').and_then(|p| p.split_once('m'));
            let (code, rest) = sgr.expect("an escape that is no colour");
            assert!(code.chars().all(|c| c.is_ascii_digit() || c == ';'), "{args:?}: {code}");
            plain += rest;
            coloured += 1;
        }
        assert!(!plain.chars().any(|c| c.is_control() && c != '\n'), "{args:?}: {plain:?}");
        assert_eq!(plain, text(&o.stdout) + &text(&o.stderr), "{args:?}");
    }
    assert!(coloured > 0, "no sample has colour, so this test shows nothing");
}

#[test]
fn item_07_the_first_sentence_counts_or_says_the_mistake() {
    let has = |sentence: &str, words: &[&str]| words.iter().all(|w| sentence.contains(w));
    let mut reports = 0;
    for (args, out) in outputs("07") {
        let first = out.lines().next().unwrap_or_default();
        let sentence = first.split(". ").next().unwrap();
        assert!(sentence.split_whitespace().count() <= 20, "{args:?}: {sentence}");
        if first.starts_with("Error") || args.contains(&"--help") {
            continue;
        }
        let command = args.first().copied().unwrap_or_default();
        let digits = sentence.chars().any(|c| c.is_ascii_digit());
        match command {
            "check" => assert!(has(sentence, &[" proved, ", " refuted, ", " unknown"]), "{args:?}: {sentence}"),
            "gate" => {
                assert!(has(sentence, &["Gate "]) || has(sentence, &["Found ", " error"]), "{args:?}: {sentence}")
            }
            "list" => assert!(has(sentence, &["Found ", " claim"]), "{args:?}: {sentence}"),
            "show" => assert!(has(sentence, &["Claim ", " is expected"]) || digits, "{args:?}: {sentence}"),
            "doctor" => assert!(has(sentence, &[" passed"]), "{args:?}: {sentence}"),
            _ => continue,
        }
        assert!(digits, "{args:?}: {sentence}");
        reports += 1;
    }
    assert!(reports >= 15, "{reports}");
}

#[test]
fn item_09_hints_come_once_and_last_and_can_be_left_out() {
    let dir = Folder::with_files("09");
    let mut hints = 0;
    for args in samples() {
        let o = run(dir.path(), &args);
        let out = text(&o.stdout) + &text(&o.stderr);
        let lines: Vec<&str> = out.lines().collect();
        assert!(out.matches("Hint: ").count() <= 1, "{args:?}");
        if let Some(at) = lines.iter().position(|l| l.starts_with("Hint: ")) {
            // Only the closing sentence comes after it.
            assert_eq!(at + 2, lines.len(), "{args:?}: {out}");
            hints += 1;
        }
        let o = run(dir.path(), &with(&args, &["--hints", "never"]));
        let out = text(&o.stdout) + &text(&o.stderr);
        assert!(!out.contains("Hint: "), "{args:?}");
    }
    assert!(hints >= 5, "{hints}");
}

#[test]
fn item_10_mistakes_have_a_code_and_a_way_out_and_no_program_name() {
    let known = ["usage", "not-read", "not-written", "not-extracted", "recipe", "record", "bad-settings", "internal"];
    for (args, out) in outputs("10") {
        for line in out.lines() {
            assert!(!line.starts_with("bfv:") && !line.starts_with('/'), "{args:?}: {line}");
            assert!(!line.to_lowercase().starts_with("error:"), "{args:?}: {line}");
            if let Some(rest) = line.strip_prefix("Error ") {
                let (code, what) = rest.split_once(": ").unwrap();
                assert!(known.contains(&code) || bfv_diag::Code::from_id(code).is_some(), "{args:?}: {code}");
                assert!(what.contains("To mend it: ") || out.contains("Suggestion 1 of "), "{args:?}: {line}");
            }
        }
    }
    let dir = Folder::new("10b");
    for code in bfv_diag::Code::ALL {
        let file = format!("{}.sctt", code.id());
        std::fs::write(dir.path().join(&file), code.sample().bytes()).unwrap();
        let o = run(dir.path(), &["check", &file]);
        let out = text(&o.stdout);
        let all: Vec<&str> = out.lines().filter(|l| l.contains(&format!(" {}: ", code.id()))).collect();
        assert!(!all.is_empty(), "{}: {out}", code.id());
        for line in all {
            assert!(line.contains(&format!(" File {file}, line ")) && line.contains(", column "), "{line}");
            assert!(line.contains(". To mend it: ") && line.ends_with('.'), "{line}");
            assert!(line.starts_with("Error ") == (o.status.code() == Some(3)), "{line}");
        }
        std::fs::remove_file(dir.path().join(&file)).unwrap();
    }
    std::fs::write(dir.path().join("bfv.toml"), "name = \"p\"\n[gate]\nalow = []\n").unwrap();
    let o = run(dir.path(), &["gate"]);
    assert_eq!(o.status.code(), Some(2));
    let out = text(&o.stderr);
    assert!(out.starts_with("Error bad-settings: "), "{out}");
    assert!(out.contains("bfv.toml, line 3, column 1. To mend it: "), "{out}");
}

#[test]
fn item_11_every_command_closes_with_a_sentence_and_quiet_is_silent_on_success() {
    let dir = Folder::with_files("11");
    let mut silent = 0;
    for args in samples() {
        let o = run(dir.path(), &args);
        let out = text(&o.stdout) + &text(&o.stderr);
        let last = out.lines().last().unwrap_or_default();
        assert!(last.ends_with('.') || last.starts_with("Suggestion "), "{args:?}: {last}");
        // What was made once cannot be made again, and the parser answers --help and --version before it sees --quiet.
        if o.status.success() && !args.contains(&"init") && !args.contains(&"--help") && !args.contains(&"--version") {
            let o = run(dir.path(), &with(&args, &["--quiet"]));
            assert_eq!((o.status.code(), o.stdout.len(), o.stderr.len()), (Some(0), 0, 0), "{args:?}");
            silent += 1;
        }
    }
    assert!(silent > 10);
    for failing in ["missing.sctt", "mixed.sctt", "wrong.sctt"] {
        let o = run(dir.path(), &["check", failing, "--quiet"]);
        assert!(
            !o.status.success() && o.stdout == run(dir.path(), &["check", failing]).stdout,
            "{failing} is not silent"
        );
    }
}

#[test]
fn item_12_results_do_not_depend_on_standard_error() {
    let dir = Folder::with_files("12");
    for args in repeatable() {
        let open = run(dir.path(), &args);
        let line = format!("exec '{}' {} 2>&-", env!("CARGO_BIN_EXE_bfv"), args.join(" "));
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(dir.path()).stdin(Stdio::null());
        let closed = shell.env("BFV_CONFIG", dir.path().join("settings.toml")).output().unwrap();
        assert_eq!(text(&open.stdout), text(&closed.stdout), "{args:?}");
        assert_eq!(open.status.code(), closed.status.code(), "{args:?}");
        // Either a result or a mistake of the command line, never both.
        assert!(open.stdout.is_empty() != open.stderr.is_empty(), "{args:?}");
    }
    // A long run: what it says meanwhile is no result.
    let start = std::time::Instant::now();
    let o = run(Path::new(env!("CARGO_MANIFEST_DIR")), &["check", "examples", "--fresh", "--locked"]);
    assert!(!text(&o.stdout).contains("Still "), "{}", text(&o.stdout));
    let said = text(&o.stderr);
    assert!(said.lines().all(|l| l.starts_with("Still ")), "{said}");
    assert!(!said.is_empty() || start.elapsed() < Duration::from_secs(4), "a long run that is silent");
}

#[test]
fn item_14_lists_are_records_and_every_list_has_json() {
    for (args, out) in everything("14") {
        assert!(!unquoted(&out).contains("  "), "{args}: {out}");
        assert!(!out.contains('\t'), "{args}");
    }
    let dir = Folder::with_files("14b");
    let lists = [
        ("check mixed.sctt", "goals", 4),
        ("check wrong.sctt", "problems", 3),
        ("list mixed.sctt", "goals", 4),
        ("gate project/mixed.sctt", "violations", 4),
        ("doctor", "checks", 3),
        ("set", "", 0),
        ("show given mixed.sctt", "problems", 0),
        ("explain E0101", "", 0),
        ("help exit", "", 0),
        ("check missing.sctt", "problems", 1),
    ];
    for (line, list, length) in lists {
        let args: Vec<&str> = line.split(' ').collect();
        let o = run(dir.path(), &with(&args, &["--format", "json"]));
        let document: serde_json::Value = serde_json::from_slice(&o.stdout).expect(line);
        assert!(o.stderr.is_empty() && document["schema_version"].is_number(), "{line}");
        let o = run(dir.path(), &with(&args, &["--format", "jsonl"]));
        let out = text(&o.stdout);
        let lines: Vec<serde_json::Value> = out.lines().map(|l| serde_json::from_str(l).expect(line)).collect();
        assert!(lines.last().unwrap()["end"].is_object(), "{line}");
        if !list.is_empty() {
            let found = document[list].as_array().expect(line).len();
            assert!(found >= length, "{line}");
            let one = list.trim_end_matches('s');
            assert_eq!(lines.iter().filter(|l| l.get(one).is_some()).count(), found, "{line}: {out}");
        }
    }
}

#[test]
fn item_15_the_width_of_the_terminal_changes_nothing() {
    let dir = Folder::with_files("15");
    for args in repeatable() {
        let at = |columns: &str| {
            let o = command(dir.path(), &args).env("COLUMNS", columns).output().unwrap();
            (o.stdout, o.stderr)
        };
        let narrow = at("20");
        assert_eq!(narrow, at("80"), "{args:?}");
        assert_eq!(narrow, at("400"), "{args:?}");
        let wide = text(&narrow.0) + &text(&narrow.1);
        assert!(!wide.contains('\u{2026}'), "{args:?}");
    }
    // The same where the width is that of a terminal.
    for args in [["check", "mixed.sctt"], ["check", "wrong.sctt"], ["list", "mixed.sctt"], ["help", "check"]] {
        let Some(narrow) = on_terminal(dir.path(), &args, &[], 20) else {
            println!("not run: needs script");
            return;
        };
        for columns in [80, 400] {
            assert_eq!(Some(&narrow), on_terminal(dir.path(), &args, &[], columns).as_ref(), "{args:?}");
        }
    }
}

#[test]
fn item_16_nothing_waits_for_an_answer() {
    let dir = Folder::with_files("16");
    for args in samples() {
        // At the end of the input, and with an input that stays open and silent. Items 3 and 15 do the same on a terminal.
        for input in [Stdio::null(), Stdio::piped()] {
            let child = command(dir.path(), &args).stdin(input).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
            let mut child = child.unwrap();
            let held = child.stdin.take();
            within(child, &format!("{args:?}"));
            drop(held);
        }
    }
}
