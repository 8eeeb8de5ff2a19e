//! Accessibility, item by item: each test runs the real binary and carries the item's number in its name.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

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
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(dir: &Path, args: &[&str]) -> Command {
    let mut c = Command::new(env!("CARGO_BIN_EXE_bfv"));
    c.args(args).current_dir(dir).stdin(Stdio::null()).env("BFV_CONFIG", dir.join("settings.toml"));
    for name in ["NO_COLOR", "ACCESSIBLE", "BFV_ACCESSIBLE", "NO_GRAPHICS", "COLUMNS", "RUST_BACKTRACE"] {
        c.env_remove(name);
    }
    c.env("TERM", "xterm");
    c
}

fn run(dir: &Path, args: &[&str]) -> Output {
    command(dir, args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Command lines that show every command and every kind of mistake.
const SAMPLES: [&str; 49] = [
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
    "help xyzzy",
    "help check",
    "help gate",
    "help explain",
    "help list",
    "help show",
    "help init",
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
    let dir = Folder::new(name);
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

#[test]
fn item_01_no_art() {
    for (args, out) in outputs("01") {
        assert!(out.is_ascii(), "{args:?}: {out}");
        for c in "=-_*~^|#.".chars() {
            assert!(!out.contains(&c.to_string().repeat(3)), "{args:?} has a run of {c}: {out}");
        }
    }
}

#[test]
fn item_02_no_escapes_where_output_is_no_terminal() {
    let dir = Folder::new("02");
    for args in samples() {
        for (name, value) in [("TERM", "xterm"), ("TERM", "dumb"), ("NO_COLOR", "1")] {
            let o = command(dir.path(), &args).env(name, value).output().unwrap();
            assert!(!o.stdout.contains(&0x1b) && !o.stderr.contains(&0x1b), "{args:?}");
        }
        let o = run(dir.path(), &with(&args, &["--color", "never"]));
        assert!(!o.stdout.contains(&0x1b) && !o.stderr.contains(&0x1b), "{args:?}");
    }
}

/// The output under a pseudo-terminal; `None` where the program `script` is missing.
fn on_terminal(dir: &Path, args: &[&str]) -> Option<String> {
    let line = format!("'{}' {}", env!("CARGO_BIN_EXE_bfv"), args.join(" "));
    let o = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        .current_dir(dir)
        .env("BFV_CONFIG", dir.join("settings.toml"))
        .env("TERM", "xterm")
        .env_remove("NO_COLOR")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    // The terminal itself adds carriage returns, and echoes the end of the input.
    Some(text(&o.stdout).replace("\r\n", "\n").replace("^D\u{8}\u{8}", ""))
}

#[test]
fn item_03_item_04_a_terminal_gets_colour_and_nothing_else() {
    let dir = Folder::new("03");
    let mut coloured = 0;
    for args in repeatable() {
        let Some(shown) = on_terminal(dir.path(), &args) else {
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
    for (args, out) in outputs("07") {
        let first = out.lines().next().unwrap_or_default();
        let sentence = first.split(". ").next().unwrap();
        assert!(sentence.split_whitespace().count() <= 20, "{args:?}: {sentence}");
        let counts = ["check", "gate", "list", "doctor", "init"].contains(&args.first().copied().unwrap_or_default());
        if counts && !first.starts_with("Error") && !args.contains(&"--help") {
            assert!(sentence.chars().any(|c| c.is_ascii_digit()), "{args:?}: {sentence}");
        }
    }
}

#[test]
fn item_09_hints_come_once_and_can_be_left_out() {
    let dir = Folder::new("09");
    let mut hints = 0;
    for args in samples() {
        let out = text(&run(dir.path(), &args).stdout);
        let count = out.matches("Hint: ").count();
        assert!(count <= 1, "{args:?}");
        assert!(!out.starts_with("Hint"), "{args:?}");
        hints += count;
        let out = text(&run(dir.path(), &with(&args, &["--hints", "never"])).stdout);
        assert!(!out.contains("Hint: "), "{args:?}");
    }
    assert!(hints > 0);
}

#[test]
fn item_10_mistakes_have_a_code_and_a_way_out_and_no_program_name() {
    let known = ["usage", "not-read", "not-written", "bad-settings", "internal"];
    for (args, out) in outputs("10") {
        for line in out.lines() {
            assert!(!line.starts_with("bfv:") && !line.starts_with('/'), "{args:?}: {line}");
            assert!(!line.to_lowercase().starts_with("error:"), "{args:?}: {line}");
            if let Some(rest) = line.strip_prefix("Error ") {
                let (code, what) = rest.split_once(": ").unwrap();
                assert!(known.contains(&code), "{args:?}: {code}");
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
    let dir = Folder::new("11");
    let mut silent = 0;
    for args in samples() {
        let o = run(dir.path(), &args);
        let out = text(&o.stdout) + &text(&o.stderr);
        let last = out.lines().last().unwrap_or_default();
        assert!(last.ends_with('.') || last.starts_with("Suggestion "), "{args:?}: {last}");
        // What was made once cannot be made again, and the parser answers --help and --version before it sees --quiet.
        if o.status.success() && !args.contains(&"init") && !args.iter().any(|a| a.starts_with("--")) {
            let o = run(dir.path(), &with(&args, &["--quiet"]));
            assert_eq!((o.status.code(), o.stdout.len(), o.stderr.len()), (Some(0), 0, 0), "{args:?}");
            silent += 1;
        }
    }
    assert!(silent > 10);
    let o = run(dir.path(), &["check", "missing.sctt", "--quiet"]);
    assert!(!o.status.success() && !o.stdout.is_empty(), "a failure is not silent");
}

#[test]
fn item_12_results_do_not_depend_on_standard_error() {
    let dir = Folder::new("12");
    for args in repeatable() {
        let open = run(dir.path(), &args);
        let line = format!("exec '{}' {} 2>&-", env!("CARGO_BIN_EXE_bfv"), args.join(" "));
        let mut shell = Command::new("sh");
        shell.args(["-c", &line]).current_dir(dir.path()).stdin(Stdio::null());
        let closed = shell.env("BFV_CONFIG", dir.path().join("settings.toml")).output().unwrap();
        assert_eq!(text(&open.stdout), text(&closed.stdout), "{args:?}");
        assert_eq!(open.status.code(), closed.status.code(), "{args:?}");
    }
}

#[test]
fn item_14_lists_are_records_and_every_list_has_json() {
    for (args, out) in outputs("14") {
        assert!(!out.contains("  "), "{args:?}: {out}");
        assert!(!out.contains('\t'), "{args:?}");
    }
    let dir = Folder::new("14b");
    for args in [["check", "missing.sctt"], ["list", "missing.sctt"], ["explain", "E0101"], ["help", "exit"]] {
        let o = run(dir.path(), &with(&args, &["--format", "json"]));
        assert!(o.stdout.starts_with(b"{") && o.stdout.ends_with(b"}\n") && o.stderr.is_empty(), "{args:?}");
        let o = run(dir.path(), &with(&args, &["--format", "jsonl"]));
        assert!(text(&o.stdout).lines().all(|l| l.starts_with('{') && l.ends_with('}')), "{args:?}");
    }
}

#[test]
fn item_15_the_width_of_the_terminal_changes_nothing() {
    let dir = Folder::new("15");
    for args in repeatable() {
        let at = |columns: &str| {
            let o = command(dir.path(), &args).env("COLUMNS", columns).output().unwrap();
            (o.stdout, o.stderr)
        };
        let narrow = at("20");
        assert_eq!(narrow, at("80"), "{args:?}");
        assert_eq!(narrow, at("400"), "{args:?}");
    }
}

#[test]
fn item_16_nothing_waits_for_an_answer() {
    let dir = Folder::new("16");
    for args in samples() {
        let start = Instant::now();
        let mut child = command(dir.path(), &args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        while child.try_wait().unwrap().is_none() {
            if start.elapsed() > Duration::from_secs(20) {
                child.kill().unwrap();
                panic!("{args:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// What is typed, and the first command line that must be suggested.
const TYPOS: [(&str, &str); 60] = [
    ("chekc a.sctt", "check a.sctt"),
    ("chcek a.sctt", "check a.sctt"),
    ("hceck a.sctt", "check a.sctt"),
    ("cehck a.sctt", "check a.sctt"),
    ("chec a.sctt", "check a.sctt"),
    ("checkk a.sctt", "check a.sctt"),
    ("Check a.sctt", "check a.sctt"),
    ("CHECK a.sctt", "check a.sctt"),
    ("chekck a.sctt", "check a.sctt"),
    ("cjeck a.sctt", "check a.sctt"),
    ("gaet", "gate"),
    ("agte", "gate"),
    ("gtae", "gate"),
    ("gat", "gate"),
    ("gates", "gate"),
    ("explian E0101", "explain E0101"),
    ("expalin E0101", "explain E0101"),
    ("explan E0101", "explain E0101"),
    ("exlpain E0101", "explain E0101"),
    ("explain E0110x", "explain E0110"),
    ("lsit a.sctt", "list a.sctt"),
    ("lits a.sctt", "list a.sctt"),
    ("lst a.sctt", "list a.sctt"),
    ("lists a.sctt", "list a.sctt"),
    ("shwo hull a.sctt", "show hull a.sctt"),
    ("hsow hull a.sctt", "show hull a.sctt"),
    ("sohw hull a.sctt", "show hull a.sctt"),
    ("shw hull a.sctt", "show hull a.sctt"),
    ("inti", "init"),
    ("iint", "init"),
    ("initt", "init"),
    ("docotr", "doctor"),
    ("dcotor", "doctor"),
    ("doctr", "doctor"),
    ("doctro", "doctor"),
    ("ste layout plain", "set layout plain"),
    ("hlep", "help"),
    ("hepl", "help"),
    ("hlp check", "help check"),
    ("help chekc", "help check"),
    ("help accesibility", "help accessibility"),
    ("set layuot plain", "set layout plain"),
    ("set layout plian", "set layout plain"),
    ("set colour never", "set color never"),
    ("a.sctt check", "check a.sctt"),
    ("a.sctt chekc", "check a.sctt"),
    ("examples/a.sctt list", "list examples/a.sctt"),
    ("goals list", "list"),
    ("goal show hull", "show hull"),
    ("code explain E0101", "explain E0101"),
    ("settings set", "set"),
    ("a.sctt", "check a.sctt"),
    ("examples/a.sctt", "check examples/a.sctt"),
    ("check a.sctt --gaol hull", "check a.sctt --goal hull"),
    ("check a.sctt --golas hull", "check a.sctt --goal hull"),
    ("check a.sctt --frehs", "check a.sctt --fresh"),
    ("check a.sctt --lokced", "check a.sctt --locked"),
    ("check a.sctt --budgte 7", "check a.sctt --budget 7"),
    ("check a.sctt --fromat json", "check a.sctt --format json"),
    ("check a.sctt --format=jsno", "check a.sctt --format=json"),
];

#[test]
fn item_17_sixty_typos_get_full_command_lines_and_run_nothing() {
    let dir = Folder::new("17");
    for (typed, expected) in TYPOS {
        let args: Vec<&str> = typed.split(' ').collect();
        let o = run(dir.path(), &args);
        assert_eq!(o.status.code(), Some(2), "{typed}");
        assert!(o.stdout.is_empty(), "{typed}");
        let out = text(&o.stderr);
        assert!(out.starts_with("Error usage: ") && out.contains("Nothing was run."), "{typed}: {out}");
        let lines: Vec<&str> = out.lines().skip(1).map(|l| l.split_once(": bfv ").expect(l).1).collect();
        assert!((1..=3).contains(&lines.len()), "{typed}: {out}");
        assert_eq!(lines[0], expected, "{typed}: {out}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "something was run");
}

#[test]
fn item_19_sentences_are_short_and_plain() {
    let negative = ["not", "no", "never", "without", "cannot", "nothing", "none", "nobody"];
    for (args, out) in outputs("19") {
        for s in out.lines().flat_map(sentences) {
            assert!(s.split_whitespace().count() <= 20, "{args:?}: {s}");
            let negations = s.split_whitespace().filter(|w| negative.contains(&w.to_lowercase().as_str()));
            assert!(negations.count() <= 1, "{args:?}: {s}");
        }
    }
}

#[test]
fn item_20_settings_are_listed_kept_and_overridden() {
    let dir = Folder::new("20");
    let page = text(&run(dir.path(), &["help", "accessibility"]).stdout);
    for name in ["format", "layout", "color", "quiet", "hints", "ids", "math", "report"] {
        assert!(page.contains(&format!("--{name}")), "{name}");
    }
    for name in ["BFV_ACCESSIBLE", " ACCESSIBLE", "NO_GRAPHICS", "NO_COLOR", "TERM", "BFV_CONFIG"] {
        assert!(page.contains(name), "{name}");
    }
    let hint = || text(&run(dir.path(), &["set"]).stdout).contains("Hint: ");
    assert!(hint());
    assert!(run(dir.path(), &["set", "hints", "never"]).status.success());
    assert!(!hint(), "the setting is kept");
    let o = run(dir.path(), &["set", "--hints", "once"]);
    assert!(text(&o.stdout).contains("Hint: "), "a flag wins over the setting");
    // Colour asked for by the settings, and taken back by each variable and by the flag.
    assert!(run(dir.path(), &["set", "color", "always"]).status.success());
    let colour = |name: &str, flags: &[&str]| {
        let mut c = command(dir.path(), &with(&["check", "missing.sctt"], flags));
        if !name.is_empty() {
            c.env(name, "1");
        }
        c.output().unwrap().stdout.contains(&0x1b)
    };
    assert!(colour("", &[]));
    for name in ["BFV_ACCESSIBLE", "ACCESSIBLE", "NO_GRAPHICS", "NO_COLOR"] {
        assert!(!colour(name, &[]), "{name}");
        assert!(colour(name, &["--color", "always"]), "{name}");
    }
    assert!(!colour("", &["--color", "never"]));
    std::fs::write(dir.path().join("settings.toml"), "layuot = \"plain\"\n").unwrap();
    let o = run(dir.path(), &["doctor"]);
    assert_eq!(o.status.code(), Some(2));
    assert!(text(&o.stderr).contains("unknown setting layuot"), "{}", text(&o.stderr));
}
