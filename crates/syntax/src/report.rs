//! Collecting diagnostics of one file.

use bfv_diag::{Code, Diagnostic, Span};

/// After so many errors the rest of a file is not reported.
const MAX_ERRORS: usize = 100;

/// The diagnostics of one file so far.
pub struct Reports {
    file: u32,
    list: Vec<Diagnostic>,
}

impl Reports {
    /// None yet.
    pub fn new(file: u32) -> Reports {
        Reports { file, list: Vec::new() }
    }

    /// A span of the file.
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: to_u32(start), end: to_u32(end) }
    }

    /// Whether nothing more is reported.
    pub fn full(&self) -> bool {
        self.list.len() >= MAX_ERRORS
    }

    /// Adds a diagnostic while there is room.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        if !self.full() {
            self.list.push(diagnostic);
        }
    }

    /// Adds a place to the last diagnostic, where it has this code.
    pub fn also(&mut self, code: Code, span: Span, text: &str) {
        if let Some(last) = self.list.last_mut().filter(|d| d.code == code) {
            last.labels.push((span, text.to_owned()));
        }
    }

    /// Adds an error.
    pub fn error(&mut self, code: Code, span: Span, message: impl Into<String>, fix: Option<&str>) {
        let fix = fix.map(str::to_string);
        self.push(Diagnostic { fix, ..Diagnostic::error(code, span, message) });
    }

    /// All diagnostics in the order of the text; the last says so when there were too many.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let full = self.full();
        self.list.sort_by_key(|d| d.span.map(|s| (s.start, s.end)));
        if full {
            let span = self.list.last().and_then(|d| d.span).unwrap_or(Span { file: self.file, start: 0, end: 0 });
            let message = "This file has 100 errors or more. The rest is not reported.";
            self.list.push(
                Diagnostic::error(Code::TooManyErrors, span, message)
                    .with_fix("Mend the first errors and check again."),
            );
        }
        self.list
    }
}

/// A length or offset as a number of 32 bits; texts are far shorter than the bound.
pub fn to_u32(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
