//! From what the grammar says to what a person can use.

use crate::describe;
use crate::make::{Cx, Refusal};
use crate::token::{T, Token};
use bfv_diag::{Code, Diagnostic};
use lalrpop_util::ParseError;

/// Most alternatives that a message lists.
const MOST: usize = 4;

/// Words of other languages that start a declaration, and what bfv says in their place.
pub fn declaration_word(text: &str) -> Option<String> {
    let word = match text {
        "lemma" | "proposition" | "corollary" | "Theorem" | "Lemma" | "example" | "prop" => "theorem",
        "definition" | "Definition" | "function" | "fn" | "abbrev" | "Def" | "constant" => "def",
        "inductive" | "datatype" | "Inductive" | "enum" | "Data" => "data",
        "postulate" | "Axiom" | "primitive" => "axiom",
        "conjecture" | "goal" | "property" | "Claim" => "claim",
        "op" | "Operator" => "operator",
        "open" | "use" | "include" | "require" => "import",
        _ => return None,
    };
    Some(format!("Write {word} in place of {text}."))
}

/// Words of other languages that start a piece of a protocol, and what bfv says in their place.
fn item_word(text: &str) -> Option<String> {
    let word = match text {
        "action" | "step" | "transition" | "rule" | "event" => "command",
        "variable" | "var" | "state" | "mutable" => "relation or function",
        "immutable" | "constant" | "individual" | "parameter" | "param" => "given",
        "property" | "assert" | "assertion" | "spec" => "safety",
        "liveness" | "eventually" => "live",
        "inv" | "inductive" | "conjecture" => "invariant",
        "type" => "sort",
        "require" | "requires" | "guard" | "assume" | "pre" => "when",
        "set" | "update" | "effect" | "ensure" | "ensures" | "modifies" => "do",
        _ => return None,
    };
    Some(format!("Write {word} in place of {text}."))
}

/// What went wrong in a declaration or in an item of a protocol.
pub fn diagnostic(cx: &Cx<'_>, tokens: &[Token], refusal: Refusal) -> Diagnostic {
    let piece = describe::piece(tokens);
    match refusal {
        ParseError::User { error } => *error.0,
        ParseError::UnrecognizedToken { token: (start, kind, end), expected } => {
            let options = Options::new(&expected);
            let message = if kind == T::StepsEnd {
                format!("The steps after by end too early.{}", options.sentence(piece))
            } else {
                format!("Found {}.{}", describe::found(kind, cx.text(start, end)), options.sentence(piece))
            };
            let fix =
                doubled(cx, kind, start, end).or_else(|| foreign_word(cx, tokens, start)).or_else(|| options.fix(kind));
            let code = if kind == T::StepsEnd { Code::UnexpectedEnd } else { Code::UnexpectedToken };
            finish(Diagnostic::error(code, cx.span(start, end), message), fix)
        }
        ParseError::UnrecognizedEof { location, expected } => {
            let options = Options::new(&expected);
            let message = format!("The {piece} ends too early.{}", options.sentence(piece));
            let start = tokens.last().map_or(location, |t| t.end);
            let fix = foreign_word(cx, tokens, start).or_else(|| options.fix(T::StepsEnd));
            finish(Diagnostic::error(Code::UnexpectedEnd, cx.span(start, start), message), fix)
        }
        ParseError::ExtraToken { token: (start, kind, end) } => {
            let message = format!("Found {} after the end of the {piece}.", describe::found(kind, cx.text(start, end)));
            Diagnostic::error(Code::UnexpectedToken, cx.span(start, end), message)
        }
        ParseError::InvalidToken { location } => Diagnostic::error(
            Code::UnknownCharacter,
            cx.span(location, location),
            "This character starts no word or sign of the language.",
        ),
    }
}

fn finish(diagnostic: Diagnostic, fix: Option<String>) -> Diagnostic {
    Diagnostic { fix, ..diagnostic }
}

/// Signs of other languages that are one of ours twice.
fn doubled(cx: &Cx<'_>, kind: T, start: u32, end: u32) -> Option<String> {
    let twice = cx.text(start.saturating_sub(1), end);
    let fix = match kind {
        T::Equal if twice == "==" => "Write one equals sign.",
        T::Bar if twice == "||" => "Write \\/ for or.",
        _ => return None,
    };
    Some(fix.to_string())
}

/// A word of another language that starts a line before the error, with its translation.
fn foreign_word(cx: &Cx<'_>, tokens: &[Token], before: u32) -> Option<String> {
    tokens.iter().rev().filter(|t| t.kind == T::Name && t.start <= before).find_map(|t| {
        let translate = if describe::is_item(tokens) { item_word } else { declaration_word };
        let fix = translate(cx.text(t.start, t.end))?;
        let line_before = cx.text(0, t.start).trim_end_matches([' ', '\t']);
        (line_before.is_empty() || line_before.ends_with('\n')).then_some(fix)
    })
}

/// What could stand at a place.
struct Options {
    words: Vec<&'static str>,
    kinds: Vec<T>,
}

impl Options {
    /// From the names that the grammar gives to its words.
    fn new(expected: &[String]) -> Options {
        let names: Vec<&str> = expected.iter().map(|name| name.trim_matches('"')).collect();
        let has = |name: &str| names.contains(&name);
        let mut words = Vec::new();
        let mut kinds = Vec::new();
        let expression = has("fun") && has("U");
        for (name, kind) in SINGLE {
            // `by` starts an expression, so it is no alternative to one.
            if has(name) && !(expression && *kind == T::By) {
                words.push(match kind {
                    T::Def => "a declaration",
                    T::CasesBrace => "cases in braces",
                    kind => describe::word(*kind),
                });
                kinds.push(*kind);
            }
        }
        let argument = has("U") && !expression;
        let step = has("intro") && has("apply");
        let operator = has("+");
        if expression {
            words.push("an expression");
            kinds.push(T::Universe);
        }
        if step && !operator {
            words.push("a step");
            kinds.push(T::Intro);
        }
        if has("name") && !has("U") {
            words.push("a name");
            kinds.push(T::Name);
        }
        // After a complete expression an operator or an argument is always possible; say so only when nothing else is.
        if words.is_empty() && (operator || argument) {
            words.push(if operator { "an operator" } else { "an argument" });
            kinds.push(T::Plus);
        }
        words.truncate(MOST);
        Options { words, kinds }
    }

    fn first(&self) -> Option<&'static str> {
        self.words.first().copied()
    }

    /// ` Expected a, b or c.` or nothing.
    fn sentence(&self, piece: &str) -> String {
        match self.words.split_last() {
            None => format!(" The {piece} is complete before it."),
            Some((last, [])) => format!(" Expected {last}."),
            Some((last, rest)) => format!(" Expected {} or {last}.", rest.join(", ")),
        }
    }

    fn fix(&self, kind: T) -> Option<String> {
        let can = |kind: T| self.kinds.contains(&kind);
        let text = match kind {
            kind if kind.is_of_protocol() && can(T::Name) => {
                "This word is reserved inside a protocol. Choose another name."
            }
            T::If if can(T::When) => "Write when in place of if.",
            T::Then if can(T::Do) => "Write do in place of then.",
            T::Equal if can(T::Assign) => "Write := in place of the equals sign.",
            T::Assign | T::Arrow | T::Comma if can(T::DoubleArrow) => "Write => here.",
            T::DoubleArrow | T::Arrow if can(T::Comma) => "Write a comma after the binders.",
            T::DoubleArrow if can(T::Assign) => "Write := here.",
            T::Arrow if can(T::Colon) => "Write a colon before the type.",
            T::PiParen | T::PiBrace => "Put the function type in parentheses.",
            T::By => "Put by and its steps in parentheses.",
            T::Fun | T::Forall | T::Exists | T::Sigma | T::Big | T::Let | T::If | T::Not => {
                if can(T::Name) {
                    "This word is reserved. Choose another name."
                } else {
                    "Put this part in parentheses, or write the operator that is missing before it."
                }
            }
            kind if kind.is_step() => {
                "Inside a script this word starts a step. Put it in parentheses to use it as a name."
            }
            T::Def
            | T::Theorem
            | T::Axiom
            | T::Operator
            | T::Claim
            | T::Data
            | T::Unit
            | T::Protocol
            | T::Module
            | T::Import
            | T::End
            | T::In
            | T::With
            | T::Then
            | T::Else
            | T::Coe
            | T::HCom
            | T::Glue
            | T::GlueEl
            | T::Unglue
            | T::Universe
                if can(T::Name) =>
            {
                "This word is reserved. Choose another name."
            }
            T::Projection => "Write the expression that is projected directly before the dot.",
            _ if self.kinds.first() == Some(&T::CasesBrace) => "Write the cases in braces, such as { zero => refl }.",
            _ if self.kinds.first() == Some(&T::Intro) => "Write a step here, such as exact and an expression.",
            kind => {
                let Some((first, missing)) = self.first().zip(self.kinds.first()) else {
                    return Some("Remove it, or write the operator that is missing before it.".to_string());
                };
                // Where a closing word is missing, there is nothing to remove.
                let closing = matches!(
                    missing,
                    T::In | T::Then | T::Else | T::With | T::End | T::CloseParen | T::CloseBracket | T::CloseBrace
                );
                return Some(if closing || kind == T::StepsEnd {
                    format!("Write {first} here.")
                } else {
                    format!("Write {first} here, or remove {}.", describe::the(kind))
                });
            }
        };
        Some(text.to_string())
    }
}

/// Words and signs that are named one by one, the most telling first.
const SINGLE: &[(&str, T)] = &[
    ("at most", T::AtMost),
    ("at least", T::AtLeast),
    ("do", T::Do),
    ("when", T::When),
    (":=", T::Assign),
    ("=>", T::DoubleArrow),
    ("in", T::In),
    ("then", T::Then),
    ("else", T::Else),
    ("with", T::With),
    ("end", T::End),
    (",", T::Comma),
    (":", T::Colon),
    (")", T::CloseParen),
    ("]", T::CloseBracket),
    ("}", T::CloseBrace),
    ("by", T::By),
    ("|", T::Bar),
    ("{cases", T::CasesBrace),
    ("def", T::Def),
];
