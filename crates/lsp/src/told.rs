//! What is told of a text: its problems and its verdicts, as diagnostics in words.

use crate::lines;
use bfv_diag::{Code, Severity};
use bfv_driver::{GoalReport, Kind, Math, Problem, Report, goal_message, in_math};
use lsp_types::{Diagnostic, DiagnosticSeverity, NumberOrString};

/// The diagnostics of a report on a text, in the order of their places.
#[must_use]
pub fn diagnostics(text: &str, report: &Report) -> Vec<Diagnostic> {
    let problems = report.problems.iter().map(|p| problem(text, p));
    let mut out: Vec<Diagnostic> = problems.chain(report.goals.iter().map(|g| verdict(text, g))).collect();
    out.sort_by_key(|d| (d.range.start.line, d.range.start.character));
    out
}

/// A problem in sentences: what is wrong, and how to mend it.
#[must_use]
pub fn sentences(p: &Problem) -> String {
    let mut out = in_math(&p.what, Math::Words);
    if !p.mend.is_empty() {
        out += " To mend it: ";
        out += &p.mend;
    }
    // The command line has no open files.
    if p.code.word() == Code::UnknownModule.id() {
        out += " A module of another file is known while that file is open.";
    }
    out
}

fn problem(text: &str, p: &Problem) -> Diagnostic {
    let bytes = p.place.as_ref().map_or(0..0, |at| at.bytes.clone());
    let severity = match p.severity {
        Severity::Error => DiagnosticSeverity::ERROR,
        Severity::Warning => DiagnosticSeverity::WARNING,
        Severity::Note => DiagnosticSeverity::INFORMATION,
    };
    diagnostic(text, bytes, severity, p.code.word(), sentences(p))
}

/// A verdict as it is told; whatever differs from what is expected is an error, unless it is unknown.
fn verdict(text: &str, g: &GoalReport) -> Diagnostic {
    let severity = match g.verdict.kind() {
        _ if g.expected_met() => DiagnosticSeverity::INFORMATION,
        Kind::Unknown => DiagnosticSeverity::WARNING,
        Kind::Proved | Kind::Refuted => DiagnosticSeverity::ERROR,
    };
    diagnostic(text, g.place.bytes.clone(), severity, g.verdict.kind().word(), message(g))
}

/// The verdict on a claim in sentences.
#[must_use]
pub fn message(g: &GoalReport) -> String {
    let mut out = goal_message(g, Math::Words);
    if !g.axioms.is_empty() {
        out += &format!(" Axiom bundles: {}.", g.axioms.join(", "));
    }
    let vacuity = bfv_driver::vacuity_sentence(
        g.verdict.kind() == Kind::Proved,
        g.vacuous_expected,
        g.hypotheses.as_ref().map(|h| h.verdict),
    );
    if !vacuity.is_empty() {
        out.push(' ');
        out += vacuity;
    }
    out
}

fn diagnostic(
    text: &str,
    bytes: std::ops::Range<usize>,
    severity: DiagnosticSeverity,
    code: &str,
    message: String,
) -> Diagnostic {
    Diagnostic {
        range: lines::range(text, bytes),
        severity: Some(severity),
        code: Some(NumberOrString::String(code.to_owned())),
        source: Some("bfv".to_owned()),
        message,
        ..Diagnostic::default()
    }
}
