//! `--format junit`: a suite of tests for each file, in the XML that servers of continuous integration read.

use crate::finding::{Finding, Findings};
use bfv_diag::Severity;
use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite, XmlString};
use std::time::Duration;

/// A claim is a test, which passes when its verdict is the expected one, and fails with the printed message otherwise.
/// A problem that is an error is a test that could not run. Warnings and notes are output of their suite.
///
/// # Errors
/// What the writer of XML refuses.
pub fn text(findings: &Findings) -> Result<String, SerializeError> {
    let mut report = Report::new("bfv");
    let mut suites: Vec<(&str, Vec<&Finding>)> = Vec::new();
    for f in &findings.all {
        let name = f.spot.as_ref().map_or("no file", |s| s.path.as_str());
        match suites.iter_mut().find(|(n, _)| *n == name) {
            Some((_, all)) => all.push(f),
            None => suites.push((name, vec![f])),
        }
    }
    for (name, all) in suites {
        let mut suite = TestSuite::new(name);
        let mut said = Vec::new();
        for f in all {
            match (&f.claim, &f.wrong) {
                (None, Some((_, Severity::Warning | Severity::Note))) => said.push(f.message.as_str()),
                _ => {
                    suite.add_test_case(case(f));
                }
            }
        }
        if !said.is_empty() {
            suite.set_system_out(said.join("\n"));
        }
        suite.set_time(suite.test_cases.iter().filter_map(|c| c.time).sum());
        report.add_test_suite(suite);
    }
    report.set_time(report.test_suites.iter().filter_map(|s| s.time).sum());
    report.to_string()
}

fn case(f: &Finding) -> TestCase {
    let place = f.spot.as_ref().map(|s| format!("{}, line {}, column {}", s.path, s.place.start.0, s.place.start.1));
    let status = match &f.wrong {
        None => TestCaseStatus::success(),
        Some((rule, _)) => {
            let kind = if f.claim.is_some() { NonSuccessKind::Failure } else { NonSuccessKind::Error };
            let mut status = TestCaseStatus::non_success(kind);
            let at = place.as_ref().map_or_else(String::new, |p| format!(" File {p}."));
            status.set_message(f.message.as_str()).set_type(rule.id.as_str());
            status.set_description(format!("{}{at}", f.message));
            status
        }
    };
    let (class, name) = match (&f.claim, &f.wrong) {
        (Some(claim), _) => claim.rsplit_once('.').map_or(("", claim.as_str()), |(module, name)| (module, name)),
        (None, Some((rule, _))) => (rule.id.as_str(), place.as_deref().unwrap_or(rule.title.as_str())),
        (None, None) => ("", ""),
    };
    let mut case = TestCase::new(name, status);
    case.set_classname(class).set_time(Duration::from_micros(f.wall_us));
    // A refuted claim that is to be refuted passes, and what refutes it is worth reading.
    if f.wrong.is_none() {
        case.set_system_out(XmlString::new(&f.message));
    }
    case
}
