//! `--format github`: workflow commands of GitHub Actions.
//! The form is that of docs.github.com, "Workflow commands for GitHub Actions"; what is escaped is in the toolkit, packages/core/src/command.ts.

use crate::answer::Answer;
use crate::finding::{Finding, Rule};
use bfv_diag::Severity;
use bfv_driver::count;

/// GitHub shows this many errors, and this many warnings, and this many notices of a step.
const SHOWN: usize = 10;

/// The first sentence, a command for each claim that is not as expected and for each problem, and the closing sentence.
/// What GitHub would not show is a plain line of the log, and the last line says how much that is.
pub fn text(answer: &Answer) -> String {
    let mut out = format!("{}\n", plain(&answer.first));
    let (mut left_out, mut shown) = ([0_usize; 3], [0_usize; 3]);
    for (finding, rule, severity) in answer.findings.wrong() {
        let (kind, word) = match severity {
            Severity::Error => (0, "error"),
            Severity::Warning => (1, "warning"),
            Severity::Note => (2, "notice"),
        };
        let (Some(shown), Some(left_out)) = (shown.get_mut(kind), left_out.get_mut(kind)) else { continue };
        if *shown < SHOWN {
            *shown += 1;
            out += &command(word, finding, rule);
        } else {
            *left_out += 1;
            out += &plain(&finding.message);
        }
        out.push('\n');
    }
    out += &format!("{}\n", plain(&answer.closing));
    let [errors, warnings, notices] = left_out;
    if errors + warnings + notices > 0 {
        let more = [count(errors, "error"), count(warnings, "warning"), count(notices, "notice")].join(", ");
        out += &format!("GitHub marks at most {SHOWN} of a kind in a step. Listed above without a mark: {more}.\n");
    }
    out
}

fn command(word: &str, finding: &Finding, rule: &Rule) -> String {
    let mut properties = Vec::new();
    if let Some(spot) = &finding.spot {
        let ((line, column), (end_line, end_column)) = (spot.place.start, spot.place.end);
        properties.push(format!("file={}", property(&spot.path)));
        properties.push(format!("line={line},endLine={end_line},col={column},endColumn={end_column}"));
    }
    properties.push(format!("title={}", property(&rule.title)));
    format!("::{word} {}::{}", properties.join(","), data(&finding.message))
}

/// A message, escaped.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, escaped.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A line that is no command: without line ends in it, it starts with our own words.
fn plain(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::{Findings, Spot};
    use bfv_driver::Place;

    fn finding(path: &str, message: &str, severity: Severity) -> Finding {
        let rule = Rule { id: "x".into(), title: "A: b, 5%".into(), text: String::new() };
        let place = Place { file: path.into(), start: (2, 3), end: (2, 9), bytes: 0..0 };
        Finding {
            claim: None,
            wrong: Some((rule, severity)),
            message: message.into(),
            spot: Some(Spot { path: path.into(), place }),
            hash: None,
            wall_us: 0,
        }
    }

    fn said(all: Vec<Finding>) -> String {
        let findings = Findings { all, exit: 1 };
        text(&Answer { first: "First.".into(), closing: "End.".into(), findings, ..Answer::default() })
    }

    #[test]
    fn nothing_in_a_name_or_a_message_starts_a_command() {
        let evil = finding("a,b:c\n::error::d.sctt", "One.\n::error::Two, 100%.\r", Severity::Error);
        let out = said(vec![evil; 11]);
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 14, "{out}");
        assert_eq!(
            lines[1],
            "::error file=a%2Cb%3Ac%0A%3A%3Aerror%3A%3Ad.sctt,line=2,endLine=2,col=3,endColumn=9,title=A%3A b%2C 5%25\
             ::One.%0A::error::Two, 100%25.%0D"
        );
        assert_eq!(lines[11], "One. ::error::Two, 100%. ");
    }

    #[test]
    fn what_is_more_than_github_shows_is_counted_in_the_last_line() {
        let errors = std::iter::repeat_n(finding("a", "E.", Severity::Error), 13);
        let warnings = std::iter::repeat_n(finding("a", "W.", Severity::Warning), 10);
        let out = said(errors.chain(warnings).collect());
        assert_eq!(out.matches("::error ").count(), 10);
        assert_eq!(out.matches("::warning ").count(), 10);
        assert_eq!(out.lines().filter(|l| *l == "E.").count(), 3);
        assert!(out.ends_with("Listed above without a mark: 3 errors, 0 warnings, 0 notices.\n"), "{out}");
        assert!(!said(vec![finding("a", "E.", Severity::Error); 10]).contains("without a mark"));
    }
}
