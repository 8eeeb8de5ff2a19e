//! `--format sarif`: the Static Analysis Results Interchange Format 2.1.0 of OASIS, as far as findings need it.
//!
//! The members are those of the schema `sarif-schema-2.1.0.json`; GitHub's limits are in its page "SARIF support for code scanning".

use crate::finding::{Findings, Rule, Spot};
use bfv_diag::Severity;
use bfv_driver::count;
use serde::Serialize;
use std::collections::BTreeMap;

/// GitHub refuses a run with more results.
const MOST_RESULTS: usize = 25_000;
/// GitHub refuses a file that has more bytes compressed; here they are counted before.
const MOST_BYTES: usize = 10_000_000;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: &'a [SarifResult],
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: String,
    short_description: Message,
    full_description: Message,
    help: Message,
}

#[derive(Serialize, Clone)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Message,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Message,
    locations: [Location; 1],
    partial_fingerprints: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

/// The log, and a sentence when results are left out.
///
/// # Errors
/// What the writer of JSON refuses.
pub fn text(findings: &Findings) -> Result<(String, Option<String>), serde_json::Error> {
    within(findings, MOST_RESULTS, MOST_BYTES)
}

fn within(
    findings: &Findings,
    most_results: usize,
    most_bytes: usize,
) -> Result<(String, Option<String>), serde_json::Error> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut results: Vec<SarifResult> = Vec::new();
    let mut homeless = Vec::new();
    for (finding, rule, severity) in findings.wrong() {
        let level = level(severity);
        let message = Message { text: finding.message.clone() };
        let Some(spot) = &finding.spot else {
            // A result must have a place; what has none is a fact about the run.
            homeless.push(Notification { level, message });
            continue;
        };
        let rule_index = rules.iter().position(|r| r.id == rule.id).unwrap_or_else(|| {
            rules.push(rule.clone());
            rules.len() - 1
        });
        results.push(SarifResult {
            rule_id: rule.id.clone(),
            rule_index,
            level,
            message,
            locations: [location(spot)],
            partial_fingerprints: fingerprints(finding.hash.as_ref(), &mut seen),
        });
    }
    if results.len() > most_results {
        // What is grave comes first, so that it stays.
        results.sort_by_key(|r| LEVELS.iter().position(|l| *l == r.level));
    }
    let all = results.len();
    results.truncate(most_results);
    loop {
        let left_out = all - results.len();
        let sentence = (left_out > 0).then(|| {
            let limit = count(most_results, "result");
            format!("Of {all} results, {left_out} are left out. GitHub takes {limit} and {most_bytes} bytes at most.")
        });
        let mut notifications: Vec<Notification> =
            homeless.iter().map(|n| Notification { level: n.level, message: n.message.clone() }).collect();
        let said = sentence.iter().map(|s| Notification { level: "warning", message: Message { text: s.clone() } });
        notifications.extend(said);
        let text = written(findings.exit, &rules, &results, notifications)?;
        if text.len() <= most_bytes || results.is_empty() {
            return Ok((text, sentence));
        }
        let fits = results.len() * most_bytes / text.len();
        results.truncate(fits.min(results.len() - 1));
    }
}

fn written(
    exit: u8,
    rules: &[Rule],
    results: &[SarifResult],
    notifications: Vec<Notification>,
) -> Result<String, serde_json::Error> {
    let log = Log {
        schema: "https://json.schemastore.org/sarif-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "bfv",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules.iter().map(descriptor).collect(),
                },
            },
            // Verdicts other than the expected ones are results of a run that went well.
            invocations: [Invocation {
                execution_successful: !matches!(exit, 2 | 6 | 70 | 74),
                exit_code: exit,
                tool_execution_notifications: notifications,
            }],
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    Ok(format!("{}\n", serde_json::to_string_pretty(&log)?))
}

fn descriptor(rule: &Rule) -> Descriptor {
    let message = |text: &str| Message { text: text.to_owned() };
    Descriptor {
        id: rule.id.clone(),
        short_description: message(&format!("{}.", rule.title.trim_end_matches('.'))),
        full_description: message(&rule.text),
        help: message(&rule.text),
    }
}

const LEVELS: [&str; 3] = ["error", "warning", "note"];

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => LEVELS[0],
        Severity::Warning => LEVELS[1],
        Severity::Note => LEVELS[2],
    }
}

fn location(spot: &Spot) -> Location {
    let ((start_line, start_column), (end_line, end_column)) = (spot.place.start, spot.place.end);
    Location {
        physical_location: PhysicalLocation {
            artifact_location: ArtifactLocation { uri: uri(&spot.path) },
            region: Region { start_line, start_column, end_line, end_column },
        },
    }
}

/// By what the result of a claim is known again in a later run: its statement, so a claim that only moves stays the same result.
/// GitHub reads the member with this name only, in this form: a hash, and which of equal ones it is. Where there is none, it makes its own.
fn fingerprints(hash: Option<&String>, seen: &mut BTreeMap<String, usize>) -> BTreeMap<&'static str, String> {
    let Some(hash) = hash else { return BTreeMap::new() };
    let n = seen.entry(hash.clone()).or_default();
    *n += 1;
    BTreeMap::from([("primaryLocationLineHash", format!("{hash}:{n}"))])
}

/// A path as a reference of RFC 3986: relative, or with the scheme `file` where it is absolute.
fn uri(path: &str) -> String {
    let mut out = String::from(if path.starts_with('/') { "file://" } else { "" });
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out += &format!("%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::finding::Finding;
    use bfv_driver::Place;
    use serde_json::Value;

    fn many(n: u32) -> Findings {
        let rule = Rule { id: "refuted".into(), title: "Refuted".into(), text: "It is false.".into() };
        let one = |i: u32| Finding {
            claim: Some(format!("m.c{i}")),
            wrong: Some((rule.clone(), if i.is_multiple_of(2) { Severity::Warning } else { Severity::Error })),
            message: format!("Refuted: c{i}."),
            spot: Some(Spot {
                path: "a b/\u{e4}.sctt".into(),
                place: Place { file: String::new(), start: (1, 2), end: (1, 4), bytes: 0..0 },
            }),
            hash: Some("ab".repeat(32)),
            wall_us: 0,
        };
        Findings { all: (0..n).map(one).collect(), exit: 1 }
    }

    #[test]
    fn limits_are_kept_and_said_and_errors_stay() {
        for (results, bytes, most) in [(5, MOST_BYTES, 5), (MOST_RESULTS, 6_000, 8)] {
            let (text, said) = within(&many(20), results, bytes).unwrap();
            let v: Value = serde_json::from_str(&text).unwrap();
            let kept = v["runs"][0]["results"].as_array().unwrap();
            assert!(!kept.is_empty() && kept.len() <= most, "{}", kept.len());
            assert!(text.len() <= bytes);
            let left_out = 20 - kept.len();
            let said = said.unwrap();
            assert!(said.starts_with(&format!("Of 20 results, {left_out} are left out.")), "{said}");
            assert_eq!(v["runs"][0]["invocations"][0]["toolExecutionNotifications"][0]["message"]["text"], said);
            if results == 5 {
                assert!(kept.iter().all(|r| r["level"] == "error"));
            }
        }
        assert_eq!(text(&many(20)).unwrap().1, None);
    }

    #[test]
    fn equal_statements_have_fingerprints_of_their_own() {
        let v: Value = serde_json::from_str(&text(&many(2)).unwrap().0).unwrap();
        let print = |n: usize| v["runs"][0]["results"][n]["partialFingerprints"]["primaryLocationLineHash"].clone();
        assert_eq!(print(0), format!("{}:1", "ab".repeat(32)));
        assert_eq!(print(1), format!("{}:2", "ab".repeat(32)));
    }

    #[test]
    fn paths_are_references() {
        assert_eq!(uri("a b/\u{e4}.sctt"), "a%20b/%C3%A4.sctt");
        assert_eq!(uri("/a/b:c.sctt"), "file:///a/b%3Ac.sctt");
    }
}
