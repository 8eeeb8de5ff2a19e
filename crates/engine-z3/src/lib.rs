//! Asks z3 for points, and for which of many facts contradict each other. It runs in a process of its own, the program `bfv-z3`, with limits on its time and memory, and is stopped when it
//! exceeds them. Its answers are proposals: whoever asked tries them, and the kernel judges what is made of them.

use bfv_search::{Core, Reason, Solved, Solver};
use num_bigint::BigInt;
use num_rational::BigRational;
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// How long z3 may look for one point.
const TIME: Duration = Duration::from_secs(5);
/// How much longer its process may live.
const GRACE: Duration = Duration::from_secs(1);
/// How much memory z3 may use, in megabytes.
const MEMORY: u32 = 1000;
/// A longer answer is none, in bytes.
const ANSWER: u64 = 1 << 20;

/// The solver z3 in its own process.
pub struct Z3;

/// The program: what the variable `BFV_Z3` names, otherwise `bfv-z3` in the folder of this program.
#[must_use]
pub fn program() -> Option<PathBuf> {
    let path = match std::env::var_os("BFV_Z3") {
        Some(path) => PathBuf::from(path),
        None => std::env::current_exe().ok()?.with_file_name(format!("bfv-z3{}", std::env::consts::EXE_SUFFIX)),
    };
    path.is_file().then_some(path)
}

impl Solver for Z3 {
    fn name(&self) -> &'static str {
        "z3"
    }

    fn solve(&self, text: &str, constants: &[String]) -> Solved {
        match ask(text, constants) {
            Ok(answer) => read(&answer, constants),
            Err((reason, why)) => Solved::GaveUp(reason, why),
        }
    }

    fn core(&self, text: &str, constants: &[String]) -> Core {
        match ask(text, constants) {
            Ok(answer) => read_core(&answer, constants),
            Err((reason, why)) => Core::GaveUp(reason, why),
        }
    }
}

/// The answer of the program to a problem, or why there is none.
fn ask(text: &str, constants: &[String]) -> Result<String, (Reason, String)> {
    let Some(program) = program() else {
        let how = "The program bfv-z3 is not there. To get it, run cargo xtask setup.";
        return Err((Reason::ToolMissing, how.to_owned()));
    };
    let started = Command::new(&program)
        .arg(TIME.as_millis().to_string())
        .arg(MEMORY.to_string())
        .args(constants)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let mut child = started.map_err(|e| (Reason::ToolMissing, format!("The program bfv-z3 does not start: {e}.")))?;
    let answer = talk(&mut child, text.to_owned());
    // It may have ended by itself, and then there is nothing to stop.
    let _stopped = child.kill();
    let _ended = child.wait();
    answer.map_err(|e| match e {
        RecvTimeoutError::Timeout => (Reason::Time, "The solver z3 was stopped.".to_owned()),
        RecvTimeoutError::Disconnected => no_answer(),
    })
}

/// Writes the problem and reads the answer, each in a thread: a program that does not read, or does not end, must not hold this one.
fn talk(child: &mut Child, text: String) -> Result<String, RecvTimeoutError> {
    let (Some(mut to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(RecvTimeoutError::Disconnected);
    };
    let (send, answer) = channel();
    std::thread::spawn(move || to.write_all(text.as_bytes()));
    std::thread::spawn(move || {
        let mut read = String::new();
        // Nobody listens any more when the time is over.
        let _heard = from.take(ANSWER).read_to_string(&mut read).map(|_| send.send(read));
    });
    answer.recv_timeout(TIME + GRACE)
}

fn no_answer() -> (Reason, String) {
    (Reason::Incomplete, "The answer of the solver z3 cannot be read.".to_owned())
}

/// Why the program knows no answer, from its first line.
fn unknown(first: &str) -> Option<Reason> {
    let why = first.strip_prefix("unknown")?;
    Some(match why {
        _ if ["timeout", "canceled", "resource"].iter().any(|w| why.contains(w)) => Reason::Time,
        _ if why.contains("memory") || why.contains("memout") => Reason::Memory,
        _ => Reason::Incomplete,
    })
}

/// The answer of the program; anything but one of its three forms is none.
fn read(answer: &str, constants: &[String]) -> Solved {
    let mut lines = answer.lines();
    let first = lines.next().unwrap_or_default();
    if let Some(reason) = unknown(first) {
        return Solved::GaveUp(reason, "The solver z3 found no point.".to_owned());
    }
    let none = || {
        let (reason, why) = no_answer();
        Solved::GaveUp(reason, why)
    };
    match first {
        "none" => Solved::None,
        "values" => {
            let values: Option<Vec<BigRational>> = constants
                .iter()
                .map(|name| number(lines.next()?.strip_prefix(name.as_str())?.strip_prefix(' ')?))
                .collect();
            match values {
                Some(values) if lines.next().is_none() => Solved::Values(values),
                _ => none(),
            }
        }
        _ => none(),
    }
}

/// The same about assertions with names.
fn read_core(answer: &str, constants: &[String]) -> Core {
    let mut lines = answer.lines();
    let first = lines.next().unwrap_or_default();
    if let Some(reason) = unknown(first) {
        return Core::GaveUp(reason, "The solver z3 knows of no contradiction.".to_owned());
    }
    let truths = |lines: std::str::Lines<'_>| -> Option<Vec<bool>> {
        let values: Vec<&str> = lines.collect();
        (values.len() == constants.len()).then_some(())?;
        let read = |(name, line): (&String, &&str)| line.strip_prefix(name.as_str())?.strip_prefix(' ')?.parse().ok();
        constants.iter().zip(&values).map(read).collect()
    };
    let found = match first {
        "none" => Some(Core::Contradict(lines.map(str::to_owned).collect())),
        "values" => truths(lines).map(Core::Hold),
        _ => None,
    };
    found.unwrap_or_else(|| {
        let (reason, why) = no_answer();
        Core::GaveUp(reason, why)
    })
}

/// A fraction or a decimal number.
fn number(text: &str) -> Option<BigRational> {
    if let Some((n, d)) = text.split_once('/') {
        let (n, d): (BigInt, BigInt) = (n.parse().ok()?, d.parse().ok()?);
        return (d > BigInt::ZERO).then(|| BigRational::new(n, d));
    }
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let digits: BigInt = format!("{whole}{part}").parse().ok()?;
    Some(BigRational::new(digits, BigInt::from(10u8).pow(u32::try_from(part.len()).ok()?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Vec<String> {
        vec!["r0".to_owned(), "n1".to_owned()]
    }

    fn q(n: i32, d: i32) -> BigRational {
        BigRational::new(n.into(), d.into())
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(read("values\nr0 -1.25\nn1 6/1\n", &names()), Solved::Values(vec![q(-5, 4), q(6, 1)]));
        assert_eq!(read("none\n", &names()), Solved::None);
        for (why, reason) in
            [("timeout", Reason::Time), ("max. memory exceeded", Reason::Memory), ("", Reason::Incomplete)]
        {
            assert!(matches!(read(&format!("unknown {why}"), &names()), Solved::GaveUp(r, _) if r == reason), "{why}");
        }
    }

    #[test]
    fn anything_else_is_no_answer() {
        for text in [
            "",
            "sat",
            "values",
            "values\nr0 1/2",
            "values\nn1 1/2\nr0 1",
            "values\nr0 1/0\nn1 1",
            "values\nr0 one\nn1 1",
            "values\nr0 1\nn1 1\nn2 1",
            "values\nr01\nn1 1",
            "values\nr0 1/-2\nn1 1",
        ] {
            let (reason, why) = no_answer();
            assert_eq!(read(text, &names()), Solved::GaveUp(reason, why), "{text:?}");
        }
    }

    #[test]
    fn what_contradicts_each_other_is_read() {
        let names = vec!["b0".to_owned(), "b1".to_owned()];
        let named = |names: &[&str]| Core::Contradict(names.iter().map(|n| (*n).to_owned()).collect());
        assert_eq!(read_core("none\ni2\no7\n", &names), named(&["i2", "o7"]));
        assert_eq!(read_core("none\n", &names), named(&[]));
        assert_eq!(read_core("values\nb0 true\nb1 false\n", &names), Core::Hold(vec![true, false]));
        let late = read_core("unknown max. resource limit exceeded", &names);
        assert!(matches!(late, Core::GaveUp(Reason::Time, _)), "{late:?}");
        for text in ["", "unsat", "values", "values\nb0 true", "values\nb1 true\nb0 true", "values\nb0 1\nb1 true"] {
            assert!(matches!(read_core(text, &names), Core::GaveUp(Reason::Incomplete, _)), "{text:?}");
        }
        let longer = "values\nb0 true\nb1 true\nb2 true";
        assert!(matches!(read_core(longer, &names), Core::GaveUp(Reason::Incomplete, _)));
    }
}
