//! The answer of a command, one model behind every format.

use crate::args::{Format, Layout};
use crate::finding::Findings;
use crate::options::Options;
use crate::{github, junit, sarif, visual};
use bfv_driver::{Event, Place, Problem, escaped};
use serde_json::{Value, json};

/// A part of the source to be drawn in the visual layout.
#[derive(Clone, Debug)]
pub struct Picture {
    pub place: Place,
    /// The whole text of the file.
    pub source: String,
    /// What is written at the place.
    pub label: String,
}

/// One line of the answer: a fact that stands alone.
#[derive(Clone, Debug, Default)]
pub struct Line {
    pub text: String,
    pub picture: Option<Picture>,
    /// What the visual layout adds after the line: nothing, or lines with their ends.
    pub drawing: String,
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Line { text, ..Line::default() }
    }
}

/// What a command says.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// The sentence with the verdict and the counts.
    pub first: String,
    /// Facts.
    pub lines: Vec<Line>,
    /// What to run next.
    pub hint: Option<String>,
    /// The closing sentence.
    pub closing: String,
    /// The document of `--format json`, without its version.
    pub document: serde_json::Map<String, Value>,
    /// Which list of the document `--format jsonl` gives line by line.
    pub list: &'static str,
    /// What matters for the exit code.
    pub events: Vec<Event>,
    /// What the formats for programs of continuous integration show.
    pub findings: Findings,
}

/// An answer in a format.
#[derive(Clone, Debug)]
pub struct Rendered {
    /// The text, with a line end.
    pub text: String,
    /// What the text lacks because of limits of its format, as a sentence.
    pub lacks: Option<String>,
}

impl Answer {
    /// The answer in a format.
    ///
    /// # Errors
    /// What a writer of a format refuses.
    pub fn render(&self, format: Format, options: &Options) -> Result<Rendered, std::io::Error> {
        let mut lacks = None;
        let text = match format {
            Format::Text => self.text(options),
            Format::Json => {
                let mut document = serde_json::Map::new();
                document.insert("schema_version".into(), bfv_driver::SCHEMA_VERSION.into());
                document.extend(self.document.clone());
                format!("{:#}\n", Value::Object(document))
            }
            Format::Jsonl => {
                let mut out = String::new();
                let mut rest = serde_json::Map::new();
                rest.insert("schema_version".into(), bfv_driver::SCHEMA_VERSION.into());
                for (key, value) in &self.document {
                    match value {
                        Value::Array(items) if key == self.list || key == "problems" => {
                            let kind = key.trim_end_matches('s');
                            for item in items {
                                out += &item_text(kind, item);
                            }
                        }
                        other => {
                            rest.insert(key.clone(), other.clone());
                        }
                    }
                }
                out + &format!("{}\n", json!({ "end": rest }))
            }
            Format::Github => github::text(self),
            Format::Junit => junit::text(&self.findings).map_err(std::io::Error::other)?,
            Format::Sarif => {
                let (text, said) = sarif::text(&self.findings)?;
                lacks = said;
                text
            }
        };
        Ok(Rendered { text, lacks })
    }

    fn text(&self, options: &Options) -> String {
        let mut out = format!("{}\n", printable(&self.first));
        for line in &self.lines {
            out += &line_text(line, options);
            if options.layout == Layout::Visual {
                out += &line.picture.as_ref().map_or_else(String::new, |p| visual::draw(p, options.color));
                out += &line.drawing;
            }
        }
        if let (true, Some(hint)) = (options.hints, &self.hint) {
            out += &format!("Hint: {}\n", printable(hint));
        }
        out + &printable(&self.closing) + "\n"
    }
}

/// A line of the answer as text, with its end.
pub fn line_text(line: &Line, options: &Options) -> String {
    paint(&printable(&line.text), options.color) + "\n"
}

/// An item of a list as a line of `--format jsonl`.
pub fn item_text(kind: &str, item: &Value) -> String {
    format!("{}\n", json!({ kind: item }))
}

/// A text without commands for the terminal, whatever it quotes. Ends of lines stay: some facts have several lines.
pub fn printable(text: &str) -> String {
    escaped(text, |c| c.is_control() && c != '\n')
}

/// Colours the first word. The words stay as they are, so nothing is lost without colour.
fn paint(line: &str, color: bool) -> String {
    let end = line.find(|c: char| !c.is_alphabetic()).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let code = match word {
        "Proved" => 32,
        "Refuted" | "Error" | "Violation" => 31,
        "Unknown" | "Warning" => 33,
        _ => return line.to_owned(),
    };
    if color { format!("\u{1b}[{code}m{word}\u{1b}[0m{rest}") } else { line.to_owned() }
}

/// A problem as JSON. Its message has the formulas as in the source, between backticks, for programs that quote them.
pub fn problem_json(p: &Problem) -> Value {
    let place = p.place.as_deref();
    json!({
        "code": p.code.word(),
        "severity": p.severity.word(),
        "message": p.what,
        "fix": p.mend,
        "file": place.map(|p| &p.file),
        "range": place.map(range_json),
    })
}

/// A range as JSON.
pub fn range_json(p: &Place) -> Value {
    json!({
        "start": { "line": p.start.0, "column": p.start.1 },
        "end": { "line": p.end.0, "column": p.end.1 },
    })
}
