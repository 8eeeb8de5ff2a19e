//! Damaged sources through the real program: whatever the text, there is an answer with a documented code, soon, and no panic.
//! `BFV_CASES` and `BFV_SEED` make a run longer or another one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// An answer that takes longer is a hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// What a check may answer to any text: a mistake of bfv, 70, is none of these.
const ANSWERS: [i32; 4] = [0, 1, 3, 4];

fn setting(name: &str, usual: u64) -> u64 {
    std::env::var(name).ok().map_or(usual, |v| v.parse().expect("a whole number"))
}

/// A sequence of numbers that looks random and is the same for one seed.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(n.max(1)).unwrap()).unwrap()
    }
}

const BASE: &str = "module base
import std.fusion

--- The mean of two numbers.
def middle (x y : Real) : Real := (x + y) / 2

theorem middle_le (x y : Real) (h : x <= y) : middle x y <= y
by unfold middle arith

data Colour : U 0
| red
| mixed (a b : Real)

claim between {k : Nat} (w x : Vec (k + 1) Real) (hw : Simplex w) : min x <= weighted_mean w x /\\ weighted_mean w x <= max x
by split { apply weighted_ge { exact hw } { exact min_le x } } { apply weighted_le { exact hw } { exact le_max x } }

@[expect refuted, holds_if 0 <= x]
claim positive (x y : Real) (h : x <= y) : 0 <= y
refuted at (x := -1) (y := -1)
";

const PIECES: [&str; 24] = [
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    ":=",
    ":",
    ",",
    "|",
    "claim ",
    "by ",
    " fun x => ",
    "forall x, ",
    " <= ",
    "@[",
    "refuted at ",
    "\u{0}",
    "\u{feff}",
    "\u{221e}",
    "999999999999999999999999999999",
    "let x := x in ",
    "\"",
    "--",
];

fn damaged(numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = BASE.as_bytes().to_vec();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len());
        let end = (at + numbers.below(40)).min(bytes.len());
        match numbers.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => bytes.truncate(at),
            2 => bytes.splice(at..at, PIECES[numbers.below(PIECES.len())].bytes()).for_each(drop),
            3 => {
                let part = bytes[at..end].to_vec();
                let to = numbers.below(bytes.len());
                bytes.splice(to..to, part).for_each(drop);
            }
            4 => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            _ => {
                let to = numbers.below(bytes.len());
                bytes.swap(at, to);
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

#[test]
fn every_damaged_source_gets_an_answer() {
    let folder: PathBuf = std::env::temp_dir().join(format!("bfv-damage-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("base.sctt");
    let mut numbers = Numbers(0x1234_5678_9abc_def1 ^ setting("BFV_SEED", 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut answers: BTreeMap<i32, u64> = BTreeMap::new();
    let mut slowest = Duration::ZERO;
    for case in 0..setting("BFV_CASES", 60) {
        let text = damaged(&mut numbers);
        std::fs::write(&file, &text).unwrap();
        let start = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_bfv"))
            .args(["check", "--budget", "20000", "base.sctt"])
            .current_dir(&folder)
            .env("BFV_CONFIG", folder.join("settings.toml"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() > PATIENCE {
                child.kill().unwrap();
                child.wait().unwrap();
                panic!("case {case} hangs:\n{}", String::from_utf8_lossy(&text));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        slowest = slowest.max(start.elapsed());
        let code = status.code().unwrap_or(-1);
        assert!(ANSWERS.contains(&code), "case {case} answers {code}:\n{}", String::from_utf8_lossy(&text));
        *answers.entry(code).or_default() += 1;
    }
    std::fs::remove_dir_all(&folder).unwrap();
    let counts: Vec<String> = answers.iter().map(|(code, n)| format!("code {code} {n} times")).collect();
    println!(
        "Figures: damaged sources were answered with {}, the slowest in {} ms",
        counts.join(", "),
        slowest.as_millis()
    );
    assert!(answers.get(&3).is_some_and(|n| *n > 0), "{answers:?}");
}
