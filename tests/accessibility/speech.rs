//! Items 5, 8 and 18 as speech: what bfv prints, read by espeak-ng. `cargo xtask setup` fetches it; nothing is played.

use super::*;
use bfv_driver::{Kind, Math, statement_sentence};
use std::collections::BTreeMap;
use std::io::Write;

/// A text as it is heard at the default rate, 175 words a minute, and at the default punctuation.
struct Heard {
    seconds: f64,
    phonemes: String,
}

/// Reads texts aloud; `None` where the voice is missing, which is said.
fn heard(texts: &[String]) -> Option<Vec<Heard>> {
    let voice = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/python/espeakng_loader");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/accessibility/speech.py");
    let mut python = Command::new("python3");
    python.arg(script).arg(&voice).stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = if voice.is_dir() { python.spawn().ok() } else { None };
    let Some(mut child) = child else {
        println!("not run: needs espeak-ng");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let lines: String = texts.iter().map(|t| serde_json::to_string(t).unwrap() + "\n").collect();
    let writer = std::thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let o = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(o.status.success(), "the voice failed");
    let answer = |line: &str| {
        let (seconds, phonemes) = serde_json::from_str(line).unwrap();
        Heard { seconds, phonemes }
    };
    let all: Vec<Heard> = text(&o.stdout).lines().map(answer).collect();
    assert_eq!(all.len(), texts.len());
    Some(all)
}

/// What is heard of a text without its pauses, by which nothing is told apart.
fn sounds(h: &Heard) -> String {
    h.phonemes.replace("_:", "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Groups of texts in which any two must sound different: made by what renders them.
fn minimal_pairs(dir: &Path) -> Vec<Vec<String>> {
    let source = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    source("one.sctt", "claim c (n : Nat) : n = n\n");
    source("two.sctt", "claim c (n : Nat) : n = 1\n");
    source("six.sctt", "claim c (p q : Nat) (h : p * p = 2 * (q * q)) : q = 0\n");
    let lines = |name: &str, n: usize| text(&run(dir, &["check", name]).stdout).lines().nth(n).unwrap().to_owned();
    let first = |name| lines(name, 0).replace(name, "c.sctt");
    let word = |k: Kind| k.word().to_owned();
    let formulas = |all: &[&str]| all.iter().map(|f| statement_sentence(f, Math::Words)).collect::<Vec<_>>();
    source("bfv.toml", "name = \"p\"\nsources = [\"one.sctt\"]\n");
    // A gate passes where the proof is stored.
    lines("one.sctt", 0);
    let passed = text(&run(dir, &["gate"]).stdout);
    source("bfv.toml", "name = \"p\"\nsources = [\"two.sctt\"]\n");
    let failed = text(&run(dir, &["gate"]).stdout);
    vec![
        vec![word(Kind::Proved), word(Kind::Refuted), word(Kind::Unknown)],
        vec![first("one.sctt"), first("two.sctt"), first("six.sctt")],
        vec![lines("one.sctt", 1), lines("two.sctt", 1), lines("six.sctt", 1)],
        vec![passed.lines().next().unwrap().to_owned(), failed.lines().next().unwrap().to_owned()],
        vec!["1 accepted".into(), "1 rejected".into()],
        formulas(&["x < y", "x > y", "x <= y", "x >= y", "x = y", "x != y", "y < x"]),
        formulas(&[
            "n = f + 1",
            "n = 2 * f + 1",
            "n = 3 * f + 1",
            "n = f",
            "n = f - 1",
            "n = 2 * (f + 1)",
            "n = f / 1",
        ]),
        formulas(&["A /\\ B", "A \\/ B", "A -> B", "A <-> B", "not A -> B", "not (A -> B)"]),
        formulas(&["forall x, P x", "exists x, P x", "fun x => P x", "sum x, P x", "prod x, P x"]),
    ]
}

#[test]
fn item_05_what_differs_sounds_different() {
    let dir = Folder::new("05");
    let groups = minimal_pairs(dir.path());
    let mut all: Vec<String> = groups.iter().flatten().cloned().collect();
    // With signs a voice skips what matters, which is why words are the default.
    all.extend(["x < y".to_owned(), "x > y".to_owned()]);
    let Some(heard) = heard(&all) else { return };
    let [.., less, greater] = heard.as_slice() else { panic!() };
    assert_eq!(sounds(less), sounds(greater), "the voice reads signs, so this test shows less than it says");
    let mut at = 0;
    for group in groups {
        let mut known: BTreeMap<String, String> = BTreeMap::new();
        for (text, h) in group.iter().zip(&heard[at..]) {
            assert!(!sounds(h).is_empty(), "{text}");
            if let Some(other) = known.insert(sounds(h), text.clone()) {
                panic!("{text} sounds like {other}");
            }
        }
        at += group.len();
    }
}

/// The seconds of a text that is read line by line.
fn seconds_of_pages(pages: &[String]) -> Option<Vec<f64>> {
    let lines: Vec<String> = pages.iter().flat_map(|p| p.lines()).map(str::to_owned).collect();
    let heard = heard(&lines)?;
    let mut times = heard.iter().map(|h| h.seconds);
    Some(pages.iter().map(|p| times.by_ref().take(p.lines().count()).sum()).collect())
}

/// Those of the texts that take longer, each with its seconds.
fn too_long(texts: &[String], limit: f64) -> Option<Vec<String>> {
    let times = seconds_of_pages(texts)?;
    assert!(times.iter().all(|s| *s > 0.5), "a text that is not heard");
    let longer = texts.iter().zip(times).filter(|(_, s)| *s > limit);
    Some(longer.map(|(t, s)| format!("{s:.1} seconds: {t}")).collect())
}

fn none_too_long(texts: &[String], limit: f64) {
    if let Some(longer) = too_long(texts, limit) {
        assert!(longer.is_empty(), "{}", longer.join("\n"));
    }
}

#[test]
fn item_08_a_summary_takes_at_most_8_seconds() {
    let first = |(_, out): (Vec<&str>, String)| out.lines().next().unwrap_or_default().to_owned();
    let mut all: Vec<String> = outputs("08a").into_iter().map(first).filter(|l| !l.starts_with("Error")).collect();
    all.retain(|l| !l.is_empty());
    assert!(all.len() > 30, "{}", all.len());
    none_too_long(&all, 8.0);
    assert!(too_long(&["word ".repeat(40)], 8.0).is_none_or(|l| l.len() == 1));
}

/// The lines of a report that say something about a claim, a source or a command.
fn diagnostics(report: &str) -> Vec<String> {
    let starts = ["Error ", "Warning ", "Note ", "Proved", "Refuted", "Unknown"];
    report.lines().filter(|l| starts.iter().any(|s| l.starts_with(s))).map(str::to_owned).collect()
}

#[test]
fn item_08_a_diagnostic_takes_at_most_15_seconds() {
    let mut all: Vec<String> = outputs("08b").iter().flat_map(|(_, out)| diagnostics(out)).collect();
    let dir = Folder::new("08b-codes");
    for code in bfv_diag::Code::ALL {
        std::fs::write(dir.path().join("a.sctt"), code.sample().bytes()).unwrap();
        all.extend(diagnostics(&text(&run(dir.path(), &["check", "a.sctt"]).stdout)));
    }
    all.sort();
    all.dedup();
    assert!(all.len() > 50, "{}", all.len());
    none_too_long(&all, 15.0);
}

/// The same for every sample of a message, with `x` in place of what the author of the source wrote: types and formulas
/// may have any length. They stand between backticks where they are not in words; how to mend a mistake is said by bfv alone.
#[test]
fn item_08_the_words_of_bfv_in_a_message_take_at_most_15_seconds() {
    let dir = Folder::new("08c");
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let inside = |p: &Path| std::fs::read_dir(p).unwrap().map(|e| e.unwrap().path()).collect::<Vec<_>>();
    let mut all = Vec::new();
    for file in inside(&samples).iter().flat_map(|c| inside(c)).filter(|f| f.extension().is_some_and(|e| e == "sctt")) {
        std::fs::copy(&file, dir.path().join("a.sctt")).unwrap();
        let o = run(dir.path(), &["check", "a.sctt", "--math", "symbols"]);
        all.extend(diagnostics(&text(&o.stdout)).into_iter().map(|l| {
            let (what, mend) = l.split_once(" To mend it: ").unwrap_or((&l, ""));
            let short = |(n, part): (usize, &str)| match (n % 2 == 1, part.contains(' ')) {
                (true, true) => "x".to_owned(),
                (true, false) => format!("`{part}`"),
                (false, _) => part.to_owned(),
            };
            let what: String = what.split('`').enumerate().map(short).collect();
            format!("{what} To mend it: {mend}")
        }));
    }
    assert!(all.len() > 80, "{}", all.len());
    none_too_long(&all, 15.0);
}

#[test]
fn item_08_the_help_page_of_a_command_takes_at_most_90_seconds() {
    let dir = Folder::new("08d");
    let help = text(&run(dir.path(), &["help"]).stdout);
    let commands: Vec<&str> = help.lines().filter_map(|l| l.strip_prefix("Command ")?.split(':').next()).collect();
    assert!(commands.len() >= 10, "{commands:?}");
    let mut pages: Vec<String> = commands.iter().map(|c| text(&run(dir.path(), &["help", c]).stdout)).collect();
    pages.push(help);
    none_too_long(&pages, 90.0);
}

/// The digits that the spoken words of an id stand for.
fn digits(spoken: &str) -> String {
    const WORDS: [&str; 16] = [
        "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "alfa", "bravo", "charlie",
        "delta", "echo", "foxtrot",
    ];
    let digit = |w: &str| WORDS.iter().position(|k| *k == w).unwrap_or_else(|| panic!("{w}"));
    spoken.split(' ').map(|w| format!("{:x}", digit(w))).collect()
}

/// Every id of a report, as hex digits and in words.
fn ids(report: &str) -> Vec<(String, String)> {
    let id = |line: &str| {
        let (hex, words) = line.split_once(" Id: ")?.1.strip_suffix('.')?.split_once(", ")?;
        Some((hex.to_owned(), words.to_owned()))
    };
    report.lines().filter_map(id).collect()
}

#[test]
fn item_18_the_ids_of_a_report_sound_different_and_can_be_written_down() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let all = ids(&text(&run(project, &["list", "examples", "--ids", "phonetic"]).stdout));
    assert!(all.len() > 300, "{}", all.len());
    for (hex, words) in &all {
        assert_eq!((hex.len(), digits(words)), (8, hex.clone()), "{words}");
    }
    let texts: Vec<String> = all.iter().map(|(_, words)| words.clone()).collect();
    let Some(heard) = heard(&texts) else { return };
    let mut known: BTreeMap<String, &String> = BTreeMap::new();
    for (h, (hex, _)) in heard.iter().zip(&all) {
        // Two claims with one statement have one id.
        if let Some(other) = known.insert(sounds(h), hex) {
            assert_eq!(other, hex, "two ids sound alike");
        }
    }
}
