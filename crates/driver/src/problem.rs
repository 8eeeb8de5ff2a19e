//! What is wrong with input, project or machine: a code, a sentence, a place, and how to mend it.

use crate::exit::Event;
use crate::sentence::{Math, count, in_math};
use bfv_diag::{Diagnostic, Severity, Sources, Span};
use std::collections::BTreeMap;

/// A place in a source file. Lines and columns count from 1, columns in characters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Path as given.
    pub file: String,
    /// First line and column.
    pub start: (u32, u32),
    /// Line and column one past the last character.
    pub end: (u32, u32),
    /// The same as a half-open range of byte offsets.
    pub bytes: std::ops::Range<usize>,
}

/// Codes of problems that the driver and the command line find. The language's own diagnostics keep theirs in `Code::Source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Code {
    /// The source is ill-formed; the code of the diagnostic.
    Source(String),
    /// A source file or `bfv.toml` cannot be read.
    NotRead,
    /// A file cannot be written.
    NotWritten,
    /// A counterexample that cannot be written as a program.
    NotExported,
    /// An operator of which no package can be made.
    NotExtracted,
    /// A recipe to import cannot be read as one, or its numbers make no sense.
    Recipe,
    /// The record of a run cannot be read as one.
    Record,
    /// `bfv.toml` or the settings file is malformed.
    BadSettings,
    /// A command, flag, goal or value that does not exist, or one that is missing.
    Usage,
    /// The kernel accepted a claim and its negation.
    Contradiction,
    /// Something that must hold does not.
    Internal,
}

impl Code {
    /// The code in words.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Code::Source(code) => code,
            Code::NotRead => "not-read",
            Code::NotWritten => "not-written",
            Code::NotExported => "not-exported",
            Code::NotExtracted => "not-extracted",
            Code::Recipe => "recipe",
            Code::Record => "record",
            Code::BadSettings => "bad-settings",
            Code::Usage => "usage",
            Code::Contradiction => "contradiction",
            Code::Internal => "internal",
        }
    }

    /// What it means for the exit code.
    #[must_use]
    pub fn event(&self) -> Event {
        match self {
            Code::Source(_) | Code::Recipe | Code::Record => Event::IllFormed,
            Code::NotRead | Code::NotWritten => Event::InputOutput,
            Code::BadSettings | Code::Usage | Code::NotExported | Code::NotExtracted => Event::Usage,
            Code::Contradiction | Code::Internal => Event::Internal,
        }
    }
}

/// Something wrong, for a person to mend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Which problem.
    pub code: Code,
    /// How grave it is; only errors matter for the exit code.
    pub severity: Severity,
    /// What is wrong: full sentences.
    pub what: String,
    /// Where, when it is in a file.
    pub place: Option<Box<Place>>,
    /// How to mend it: a full sentence.
    pub mend: String,
}

impl Problem {
    /// A problem that has no place in a file.
    #[must_use]
    pub fn new(code: Code, what: impl Into<String>, mend: impl Into<String>) -> Self {
        // Call sites write the way to mend it as they would after a colon; alone it is a sentence.
        let mend: String = mend.into();
        let mut rest = mend.chars();
        let mend = rest.next().map(|c| c.to_uppercase().chain(rest).collect()).unwrap_or_default();
        Problem { code, severity: Severity::Error, what: what.into(), place: None, mend }
    }

    /// A diagnostic of the language, with its place as people count it and its labels as sentences.
    #[must_use]
    pub fn from_diagnostic(d: &Diagnostic, sources: &Sources) -> Self {
        let mut what = d.message.clone();
        for (span, text) in &d.labels {
            if let Some(p) = sources.start(*span) {
                what += &format!(" See line {}, column {}: {}.", p.line, p.column, text.trim_end_matches('.'));
            }
        }
        Problem {
            code: Code::Source(d.code.id().to_owned()),
            severity: d.severity,
            what,
            place: d.span.and_then(|s| place(s, sources)).map(Box::new),
            mend: d.fix.clone().unwrap_or_else(|| format!("Run bfv explain {} to read more.", d.code.id())),
        }
    }

    /// Whether it is an error.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// What it means for the exit code.
    #[must_use]
    pub fn event(&self) -> Option<Event> {
        self.is_error().then(|| self.code.event())
    }

    /// A file that cannot be read. The system's words are replaced by ours where there are some.
    #[must_use]
    pub fn not_read(path: &str, error: &std::io::Error) -> Self {
        let (cause, mend) = cause(error);
        Problem::new(Code::NotRead, format!("The file {path} cannot be read: {cause}."), mend)
    }

    /// A file that cannot be written.
    #[must_use]
    pub fn not_written(path: &str, error: &std::io::Error) -> Self {
        let (cause, mend) = cause(error);
        Problem::new(Code::NotWritten, format!("The file {path} cannot be written: {cause}."), mend)
    }

    /// The plain sentences: code, what, file, line, column, how to mend. Formulas are in words.
    #[must_use]
    pub fn sentences(&self) -> String {
        self.sentences_in(Math::Words)
    }

    /// The same with formulas as asked for. What is to be written to mend it stays as it is written.
    #[must_use]
    pub fn sentences_in(&self, math: Math) -> String {
        let word = match self.severity {
            Severity::Error => "Error",
            Severity::Warning => "Warning",
            Severity::Note => "Note",
        };
        let mut out = format!("{word} {}: {}", self.code.word(), in_math(&self.what, math));
        if let Some(p) = &self.place {
            out += &format!(" File {}, line {}, column {}.", p.file, p.start.0, p.start.1);
        }
        if !self.mend.is_empty() {
            out += " To mend it: ";
            out += &self.mend;
        }
        out
    }
}

/// A span as people count it; `None` when it does not lie in its file.
#[must_use]
pub fn place(span: Span, sources: &Sources) -> Option<Place> {
    let (start, end) = (sources.start(span)?, sources.end(span)?);
    Some(Place {
        file: sources.name(span.file)?.to_owned(),
        start: (start.line, start.column),
        end: (end.line, end.column),
        bytes: usize::try_from(span.start).ok()?..usize::try_from(span.end).ok()?,
    })
}

fn cause(error: &std::io::Error) -> (String, &'static str) {
    match error.kind() {
        std::io::ErrorKind::NotFound => ("there is no such file".into(), "check the spelling of the path."),
        std::io::ErrorKind::PermissionDenied => ("permission is denied".into(), "change the permissions of the file."),
        std::io::ErrorKind::InvalidData => ("it is not UTF-8 text".into(), "save the file as UTF-8."),
        std::io::ErrorKind::IsADirectory => ("it is a folder".into(), "name a file."),
        _ => (error.to_string(), "check the path and the disk."),
    }
}

/// Most errors of one file that are shown.
const SHOWN: usize = 20;

/// The problems, with the first errors of each file only, and one in place of the others that says how many these are.
pub(crate) fn few_of_each_file(problems: Vec<Problem>) -> Vec<Problem> {
    let mut errors: BTreeMap<String, usize> = BTreeMap::new();
    let mut out: Vec<Problem> = Vec::new();
    let mut more: Vec<(Problem, usize, bool)> = Vec::new();
    for p in problems {
        let Some(file) = p.place.as_ref().filter(|_| p.is_error()).map(|p| p.file.clone()) else {
            out.push(p);
            continue;
        };
        let seen = errors.entry(file.clone()).or_default();
        *seen += 1;
        if *seen <= SHOWN {
            out.push(p);
            continue;
        }
        // The reader itself stops at some number; then there are at least so many.
        let stopped = p.code.word() == bfv_diag::Code::TooManyErrors.id();
        match more.iter_mut().find(|(first, ..)| first.place.as_ref().is_some_and(|p| p.file == file)) {
            Some((_, n, least)) => (*n, *least) = (*n + usize::from(!stopped), *least || stopped),
            None => more.push((p, 1, stopped)),
        }
    }
    for (first, n, least) in more {
        let word = if least { "at least " } else { "" };
        let what = format!("This file has {word}{}, which are left out here.", count(n, "more error"));
        let code = Code::Source(bfv_diag::Code::TooManyErrors.id().to_owned());
        let mut p = Problem::new(code, what, "mend the first errors and check again.");
        p.place = first.place;
        out.push(p);
    }
    out
}
/// The code of a kind of mistake.
pub(crate) fn code(kind: bfv_elab::Kind) -> bfv_diag::Code {
    use bfv_diag::Code;
    use bfv_elab::Kind as K;
    match kind {
        K::UnknownName => Code::UnknownName,
        K::AmbiguousName => Code::AmbiguousName,
        K::Duplicate => Code::DuplicateName,
        K::UnknownModule => Code::UnknownModule,
        K::TypeMismatch => Code::TypeMismatch,
        K::NotAFunction => Code::NotAFunction,
        K::NotAType => Code::NotAType,
        K::NotAProposition => Code::NotAProposition,
        K::CannotInfer => Code::CannotInfer,
        K::Unsupported => Code::NotSupported,
        K::BadPattern => Code::BadPattern,
        K::BadAttribute => Code::BadAttribute,
        K::BadWitness => Code::BadWitness,
        K::TacticFailed => Code::StepFailed,
        K::GoalsLeft => Code::GoalsLeft,
        K::Hole => Code::OpenHole,
        K::Refused => Code::KernelRefused,
        K::UnitMismatch => Code::UnitMismatch,
        K::BadUnit => Code::BadUnit,
        K::Limit => Code::LimitReached,
    }
}

/// A text in which such characters are written as in a string of Rust, so that what is quoted adds no line and no command for the terminal.
#[must_use]
pub fn escaped(text: &str, which: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        if which(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
        out
    })
}
