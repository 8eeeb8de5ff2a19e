//! What is answered about a place in a text: words about it, goals, where a name is declared, which names there are.

use crate::places::{bytes, declaration, declared, meaning, up_to, word};
use crate::{lines, told};
use bfv_diag::Code;
use bfv_driver::{Desk, Edited, Math, Problem, Report, goals_at, module_name, names_at, statement_sentence};
use bfv_elab::OpenGoal;
use bfv_engines::ENGINES;
use bfv_service::sheet::{MACROS, TACTICS};
use bfv_syntax::print::statement;
use bfv_syntax::tree::{Decl, DeclKind, File};
use lsp_server::{ErrorCode, ResponseError};
use lsp_types::{CompletionItem, CompletionItemKind, Position};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Steps of a claim, as many as those of `bfv check` where no budget is given.
pub const BUDGET: u64 = 1_000_000;
/// Steps of one engine that a step of a script calls where its goals are shown.
const SHOWN: u64 = 20_000;

/// A file that is open in the editor.
#[derive(Debug)]
pub struct Doc {
    /// As the editor names it.
    pub uri: String,
    /// The path, for the name of its module.
    pub name: String,
    /// The text.
    pub text: String,
}

impl Doc {
    /// A text with the name that the editor has for its file.
    #[must_use]
    pub fn new(uri: &str, text: String) -> Doc {
        Doc { uri: uri.to_owned(), name: path(uri), text }
    }

    /// The text with the name of its file.
    #[must_use]
    pub fn edited(&self) -> Edited<'_> {
        Edited { name: &self.name, text: &self.text }
    }

    fn file(&self) -> File {
        bfv_syntax::parse(0, self.text.as_bytes()).0
    }
}

/// The path that a URI of a file names, RFC 8089: without a host, or with this machine as its host; bytes that are escaped are put back, where
/// that gives a text. Other URIs are names of themselves.
fn path(uri: &str) -> String {
    let scheme = uri.get(..7).filter(|s| s.eq_ignore_ascii_case("file://"));
    let Some(rest) = scheme.and_then(|s| uri.get(s.len()..)) else { return uri.to_owned() };
    let rest = rest.strip_prefix("localhost/").map_or_else(|| rest.to_owned(), |path| format!("/{path}"));
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let (mut out, mut bytes) = (Vec::new(), rest.as_bytes());
    while let Some((first, after)) = bytes.split_first() {
        match (first, digit(after.first()), digit(after.get(1)), after.get(2..)) {
            (b'%', Some(high), Some(low), Some(next)) => {
                out.push(high * 16 + low);
                bytes = next;
            }
            _ => {
                out.push(*first);
                bytes = after;
            }
        }
    }
    String::from_utf8(out).unwrap_or(rest)
}

/// The open files at one time.
#[derive(Clone, Debug, Default)]
pub struct View(pub BTreeMap<String, Arc<Doc>>);

impl View {
    /// The other open files that a file imports, directly or not.
    #[must_use]
    pub fn others(&self, doc: &Doc) -> Vec<Arc<Doc>> {
        let read = |d: &Arc<Doc>| {
            let file = d.file();
            (module_name(&d.name, &file), file.imports.into_iter().map(|i| i.text).collect::<Vec<_>>(), Arc::clone(d))
        };
        let mut all: Vec<_> = self.0.values().filter(|d| d.uri != doc.uri).map(read).collect();
        let own = doc.file();
        // A file is not imported in its own place.
        let name = module_name(&doc.name, &own);
        all.retain(|(module, ..)| *module != name);
        let mut todo: Vec<String> = own.imports.into_iter().map(|i| i.text).collect();
        let (mut seen, mut out) = (BTreeSet::new(), Vec::new());
        while let Some(module) = todo.pop() {
            if !seen.insert(module.clone()) {
                continue;
            }
            if let Some((_, imports, d)) = all.iter().find(|(m, ..)| *m == module) {
                todo.extend(imports.iter().cloned());
                out.push(Arc::clone(d));
            }
        }
        out
    }

    /// The open files that import a file, directly or not.
    #[must_use]
    pub fn users(&self, doc: &Doc) -> Vec<Arc<Doc>> {
        let uses = |d: &&Arc<Doc>| d.uri != doc.uri && self.others(d).iter().any(|o| o.uri == doc.uri);
        self.0.values().filter(uses).cloned().collect()
    }

    /// A desk that knows what a file declares before an offset.
    fn desk(&self, doc: &Doc, end: usize) -> Result<Desk, Vec<Problem>> {
        let others = self.others(doc);
        let others: Vec<Edited<'_>> = others.iter().map(|d| d.edited()).collect();
        Desk::within(ENGINES, doc.edited(), &others, end)
    }
}

/// The error for a problem of bfv itself.
#[must_use]
pub fn no_answer(p: Option<&Problem>) -> ResponseError {
    let message = p.map_or_else(|| "bfv has no answer, and gives no reason.".to_owned(), told::sentences);
    ResponseError { code: ErrorCode::InternalError as i32, message, data: None }
}

/// A goal in words, with what it may use.
fn in_words(g: &OpenGoal, n: usize, all: usize) -> String {
    let words = |formula: &str| statement_sentence(formula, Math::Words);
    let mut out = format!("Goal {n} of {all}: {}.", words(&g.target));
    for v in &g.context {
        let verb = if v.hypothesis { "says" } else { "is of type" };
        out += &format!(" {} {verb} {}.", v.name, words(&v.ty));
    }
    out
}

/// The goals at a place in a script, one paragraph each; nothing where there is no script.
///
/// # Errors
/// bfv has a mistake.
pub fn goals(view: &View, doc: &Doc, at: Position) -> Result<Option<String>, ResponseError> {
    let at = lines::offset(&doc.text, at);
    let file = doc.file();
    let claim = declaration(&file, at).filter(|d| d.kind == DeclKind::Claim);
    let Some((d, (cut, span))) = claim.and_then(|d| Some((d, up_to(d, at)?))) else { return Ok(None) };
    let desk = view.desk(doc, bytes(d.span).start).map_err(|p| no_answer(p.first()))?;
    let mut open = match goals_at(&desk, doc.edited(), &cut, SHOWN) {
        Ok(open) => open,
        Err(problems) => return Ok(Some(problems.first().map_or_else(String::new, told::sentences))),
    };
    // What is to be proved at this very place comes first.
    open.sort_by_key(|g| g.script != span);
    let all = open.len();
    let paragraphs: Vec<String> = (1..).zip(&open).map(|(n, g)| in_words(g, n, all)).collect();
    Ok(Some(if paragraphs.is_empty() { "No goal is left here.".to_owned() } else { paragraphs.join("\n\n") }))
}

/// A declaration in words: its statement, and of a claim the verdict.
fn about(d: &Decl, report: Option<&Report>) -> Option<String> {
    let words = statement_sentence(&statement(&d.binders, d.ty.as_ref()?), Math::Words);
    let kind = match d.kind {
        DeclKind::Claim => "Claim",
        DeclKind::Theorem => "Theorem",
        DeclKind::Axiom => "Axiom",
        DeclKind::Def | DeclKind::Operator => "Definition",
        DeclKind::Data | DeclKind::Unit => return None,
    };
    let mut out = format!("{kind} {}: {words}.", d.name.text.replace('_', " "));
    if d.kind == DeclKind::Claim {
        let name = bytes(d.name.span);
        let verdict = report.map(|r| (r.goals.iter().find(|g| g.place.bytes == name), r));
        out.push(' ');
        out += &match verdict {
            Some((Some(g), _)) => told::message(g),
            Some((None, r)) => {
                let whole = bytes(d.span);
                let mine = |p: &&Problem| p.place.as_ref().is_some_and(|at| whole.contains(&at.bytes.start));
                let wrong = r.problems.iter().find(mine).map(told::sentences);
                wrong.unwrap_or_else(|| "It has no verdict, because of errors elsewhere.".to_owned())
            }
            None => "It is not checked yet.".to_owned(),
        };
    }
    Some(out)
}

/// Words about a place. `report` is that of the text as it stands, where it is there.
///
/// # Errors
/// bfv has a mistake.
pub fn hover(view: &View, doc: &Doc, at: Position, report: Option<&Report>) -> Result<Value, ResponseError> {
    let offset = lines::offset(&doc.text, at);
    let hole = |p: &&Problem| {
        let here = p.place.as_ref().is_some_and(|at| (at.bytes.start..=at.bytes.end).contains(&offset));
        here && p.code.word() == Code::OpenHole.id()
    };
    let words = match report.and_then(|r| r.problems.iter().find(hole)) {
        Some(p) => Some(told::sentences(p)),
        None => match goals(view, doc, at)? {
            Some(goals) => Some(goals),
            None => declaration(&doc.file(), offset).and_then(|d| about(d, report)),
        },
    };
    Ok(words.map_or(Value::Null, |text| json!({ "contents": { "kind": "plaintext", "value": text } })))
}

/// Where the name at a place is declared; null for names of the library, which have no file.
#[must_use]
pub fn definition(view: &View, doc: &Doc, at: Position) -> Value {
    let offset = lines::offset(&doc.text, at);
    let Some(word) = word(&doc.text, offset) else { return Value::Null };
    let file = doc.file();
    let own = meaning(&file, &module_name(&doc.name, &file), word, offset);
    let place = |d: &Doc, span| json!({ "uri": d.uri, "range": lines::range(&d.text, bytes(span)) });
    if let Some(span) = own {
        return place(doc, span);
    }
    let elsewhere = view.others(doc).into_iter().find_map(|other| {
        let file = other.file();
        let span = declared(&file, &module_name(&other.name, &file), word)?;
        Some(place(&other, span))
    });
    elsewhere.unwrap_or(Value::Null)
}

/// Whether a place follows the word `by` of a declaration.
fn in_script(text: &str, offset: usize) -> bool {
    let heads = ["claim", "theorem", "def", "operator", "axiom", "data", "import", "module"];
    let before = text.get(..offset).unwrap_or_default();
    let words = before.rsplit(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    // The word that is being written is none yet.
    words.skip(1).find(|w| *w == "by" || heads.contains(w)) == Some("by")
}

/// The names that a text sees at a place, and within a script the words of its steps.
///
/// # Errors
/// bfv has a mistake.
pub fn completion(view: &View, doc: &Doc, at: Position) -> Result<Value, ResponseError> {
    let offset = lines::offset(&doc.text, at);
    let file = doc.file();
    let start = declaration(&file, offset).map_or(offset, |d| bytes(d.span).start);
    let desk = view.desk(doc, start).map_err(|p| no_answer(p.first()))?;
    let mut items = BTreeMap::new();
    for (name, module) in names_at(&desk) {
        let detail = if module.is_empty() { "always there".to_owned() } else { format!("from {module}") };
        let kind = Some(CompletionItemKind::CONSTANT);
        items.entry(name.clone()).or_insert(CompletionItem {
            label: name,
            kind,
            detail: Some(detail),
            ..CompletionItem::default()
        });
    }
    let steps = TACTICS.iter().chain(&MACROS).copied().filter(|w| *w != "script").chain(["box"]);
    for step in steps.filter(|_| in_script(&doc.text, offset)) {
        let (kind, detail) = (Some(CompletionItemKind::KEYWORD), Some("a step of a proof".to_owned()));
        items.insert(
            step.to_owned(),
            CompletionItem { label: step.to_owned(), kind, detail, ..CompletionItem::default() },
        );
    }
    Ok(json!({ "isIncomplete": false, "items": items.into_values().collect::<Vec<_>>() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_of_files_become_paths() {
        for (uri, wanted) in [
            ("file:///work/first.sctt", "/work/first.sctt"),
            ("file:///work/my%20own/fi%72st.sctt", "/work/my own/first.sctt"),
            ("FILE://localhost/work/%C3%BC.sctt", "/work/\u{fc}.sctt"),
            ("file:///c%3A/work/a%2Eb.sctt", "/c:/work/a.b.sctt"),
            // What is no escape stays, and so does what gives no text.
            ("file:///work/100%.sctt", "/work/100%.sctt"),
            ("file:///work/%zz%4", "/work/%zz%4"),
            ("file:///work/%FF.sctt", "/work/%FF.sctt"),
            ("untitled:Untitled-1", "untitled:Untitled-1"),
        ] {
            assert_eq!(path(uri), wanted, "{uri}");
        }
    }
}
