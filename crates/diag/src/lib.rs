//! Files, spans and diagnostics as data; no rendering.
//!
//! What is absent: no colour, no width, no file system. A diagnostic is written once here and shown by many renderers.

mod catalogue;
mod sources;

pub use catalogue::{Code, Sample};
pub use sources::{Position, Sources, decode};

/// A half-open range of byte offsets in one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Number of the file in its `Sources`.
    pub file: u32,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// How grave a diagnostic is; errors make a spec ill-formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// The text is not accepted.
    Error,
    /// The text is accepted, and probably not what was meant.
    Warning,
    /// A remark.
    Note,
}

impl Severity {
    /// The word shown to people.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// One finding about a source text, as data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of finding, from the fixed catalogue.
    pub code: Code,
    /// How grave it is.
    pub severity: Severity,
    /// Where; nothing when the finding is about no place in particular.
    pub span: Option<Span>,
    /// One or two plain sentences of at most 20 words: what was found and why it is refused.
    pub message: String,
    /// How to mend it, a plain sentence.
    pub fix: Option<String>,
    /// Further places that matter, each with what is there.
    pub labels: Vec<(Span, String)>,
}

impl Diagnostic {
    /// An error at a place.
    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            span: Some(span),
            message: message.into(),
            fix: None,
            labels: Vec::new(),
        }
    }

    /// A warning at a place.
    pub fn warning(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// The same diagnostic with a way to mend it.
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Diagnostic {
        self.fix = Some(fix.into());
        self
    }

    /// The same diagnostic with a further place.
    #[must_use]
    pub fn with_label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push((span, text.into()));
        self
    }
}
