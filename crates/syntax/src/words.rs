//! Formulas in words, for ears and braille: every word and sign of the source has words of its own.
//!
//! The words are unambiguous: each phrase stands for one sign, brackets are spoken as "begin group" and "end group",
//! and a name that is one of these words is spoken as "name NAME". So the formula can be read back; `tests/words.rs` does.
//! Three things are added or left out for the ear, each at places where nothing else can stand:
//! "of" and "and of" before the arguments of a function, the parentheses around the binders of a quantifier,
//! between which stands "next", and the star between a number and a name, as in "3 f".

use crate::context::{self, binders_and_comma, match_brackets};
use crate::lexer::lex;
use crate::report::Reports;
use crate::token::{T, Token, is_big};
use crate::tree::{Body, Expr, ExprKind};

/// Words that have a meaning in a formula. A name that is one of them is marked.
const RESERVED: &[&str] = &[
    "all", "and", "at", "be", "begin", "blank", "by", "case", "coe", "differs", "each", "else", "end", "equals",
    "exactly", "for", "from", "function", "gives", "glue", "greater", "group", "hcom", "hole", "if", "implicit",
    "implies", "in", "is", "least", "less", "let", "list", "match", "minus", "most", "name", "next", "not", "of", "or",
    "over", "paired", "pairs", "part", "plus", "power", "some", "than", "the", "then", "times", "to", "type",
    "universe", "when", "with",
];

/// Longest formula that is put into words; a longer one is for no ear.
const MAX_LENGTH: usize = 100_000;

/// The expression that a text is, when it is one and nothing else.
pub fn expression(text: &str) -> Option<Expr> {
    if text.len() > MAX_LENGTH {
        return None;
    }
    let (mut file, found) = crate::parse(0, format!("def x := {text}\n").as_bytes());
    match (file.decls.pop().map(|d| d.body), file.decls.is_empty() && found.is_empty()) {
        (Some(Body::Term(e)), true) => Some(e),
        _ => None,
    }
}

/// A formula in words. Nothing for a text that is no formula, and for a proof script.
pub fn formula(text: &str) -> Option<String> {
    expression(text)?;
    spoken(text)
}

/// A sentence in which the formulas stand between backticks, with these formulas in words.
/// Single names and what is no formula stay as they are, for a person looks for them in the source.
pub fn sentence(text: &str) -> String {
    let mut out = String::new();
    for (n, part) in text.split('`').enumerate() {
        // Every other part stands between backticks.
        let words = if n % 2 == 1 { expression(part).filter(has_form).and_then(|_| spoken(part)) } else { None };
        match words {
            Some(words) => out += &words,
            None if n % 2 == 1 => out += &format!("`{part}`"),
            None => out += part,
        }
    }
    out
}

fn has_form(e: &Expr) -> bool {
    !matches!(&*e.kind, ExprKind::Var(_) | ExprKind::Number(..) | ExprKind::Hole(_) | ExprKind::String(_))
}

/// The words of all tokens of an expression.
fn spoken(text: &str) -> Option<String> {
    let lexed = lex(text, &[], &mut Reports::new(0))?;
    let mut speaker = Speaker {
        source: text,
        tokens: &lexed.tokens,
        close: match_brackets(0, &lexed.tokens, &mut Reports::new(0))?,
        out: Vec::new(),
        depth: 0,
        binders: Vec::new(),
        open: Vec::new(),
        applied: vec![false],
        ends: false,
        pattern: false,
    };
    for at in 0..speaker.tokens.len() {
        speaker.token(at)?;
    }
    let mut out = String::new();
    for word in &speaker.out {
        if !out.is_empty() && word != "," {
            out.push(' ');
        }
        out += word;
    }
    Some(out)
}

/// A list of binders that is being spoken.
struct Binders {
    /// How many brackets are open around it.
    depth: usize,
    /// Whether a binder was spoken, and whether it was a group.
    last: Option<bool>,
    /// Whether the type of bare names is being spoken.
    in_type: bool,
}

struct Speaker<'t> {
    source: &'t str,
    tokens: &'t [Token],
    /// For each bracket, where it is closed.
    close: Vec<usize>,
    out: Vec<String>,
    depth: usize,
    binders: Vec<Binders>,
    /// The word that closes each open bracket; nothing for the group of a binder.
    open: Vec<Option<&'static str>>,
    /// For each depth, whether the function there has an argument.
    applied: Vec<bool>,
    /// Whether the last token ends something that may be applied.
    ends: bool,
    /// Whether the tokens are those of a pattern, in which nothing binds.
    pattern: bool,
}

impl Speaker<'_> {
    fn kind(&self, at: usize) -> Option<T> {
        self.tokens.get(at).map(|t| t.kind)
    }

    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| context::text(self.source, *token))
    }

    fn say(&mut self, words: &str) {
        self.out.extend(words.split(' ').map(str::to_owned));
    }

    /// The list of binders that the token stands in directly.
    fn binding(&self) -> bool {
        self.binders.last().is_some_and(|b| b.depth == self.depth && !b.in_type)
    }

    fn token(&mut self, at: usize) -> Option<()> {
        let kind = self.kind(at)?;
        if self.binding() {
            return self.binder(at, kind);
        }
        if starts_operand(kind) {
            self.argument();
        }
        let previous = at.checked_sub(1).and_then(|p| self.kind(p));
        match kind {
            T::Name => {
                let name = self.text(at).to_owned();
                self.name(&name);
                self.ends = true;
                if is_big(&name) && !self.pattern && binders_and_comma(self.source, self.tokens, &self.close, at + 1) {
                    self.say("for each");
                    self.bind();
                }
            }
            T::Number => {
                let number = self.text(at).to_owned();
                self.say(&number);
                self.ends = true;
            }
            T::Star => {
                let before = at.checked_sub(2).and_then(|p| self.kind(p));
                let free = !before
                    .is_some_and(|b| ends_operand(b) || matches!(b, T::Caret | T::Slash | T::Star | T::Universe));
                let short = previous == Some(T::Number) && free && self.kind(at + 1) == Some(T::Name);
                // The star is heard as nothing: "3 f".
                if !short {
                    self.say("times");
                }
                self.ends = false;
            }
            T::Underscore => self.operand("blank"),
            T::Hole => {
                let hole = format!("hole {}", self.text(at).trim_start_matches('?'));
                self.operand(&hole);
            }
            T::Universe => self.operand("universe"),
            T::Coe => self.operand("coe"),
            T::HCom => self.operand("hcom"),
            T::Glue => self.operand("glue type"),
            T::GlueEl => self.operand("glue"),
            T::Unglue => self.operand("unglue"),
            T::Projection => {
                let part = format!("part {}", self.text(at).trim_start_matches('.'));
                self.operand(&part);
            }
            T::OpenParen => self.opens("begin group", "end group"),
            T::OpenBracket => self.opens("begin list", "end list"),
            T::OpenBrace => self.opens("begin implicit", "end implicit"),
            T::CloseParen | T::CloseBracket | T::CloseBrace => self.closes()?,
            T::Comma => {
                self.say(",");
                self.end_of_binders();
            }
            T::DoubleArrow => {
                self.say("gives");
                self.end_of_binders();
            }
            T::Fun => self.binds_after("function of"),
            T::Forall => self.binds_after("for all"),
            T::Exists => self.binds_after("for some"),
            T::Sigma => self.binds_after("pairs of"),
            T::Arrow => {
                let word = if self.states(at) { "implies" } else { "to" };
                self.sign(word);
            }
            // The arrows of clauses end no binders outside, so a match counts as a bracket.
            T::Match => self.opens("match", "end match"),
            T::End => self.closes()?,
            other => self.sign(sign(other)?),
        }
        self.pattern = (self.pattern || kind == T::Bar) && kind != T::DoubleArrow;
        // The level of a universe belongs to its word.
        if kind == T::Universe {
            self.ends = false;
        }
        Some(())
    }

    fn name(&mut self, name: &str) {
        if RESERVED.contains(&name) {
            self.say("name");
        }
        self.say(name);
    }

    fn operand(&mut self, words: &str) {
        self.say(words);
        self.ends = true;
    }

    fn sign(&mut self, words: &str) {
        self.say(words);
        self.ends = false;
    }

    /// An operand directly after another one is its argument.
    fn argument(&mut self) {
        let first = self.applied.last().is_none_or(|a| !a);
        if self.ends {
            self.say(if first { "of" } else { "and of" });
        }
        if let Some(a) = self.applied.last_mut() {
            *a = self.ends;
        }
    }

    fn opens(&mut self, words: &str, close: &'static str) {
        self.sign(words);
        self.enter(Some(close));
    }

    fn enter(&mut self, close: Option<&'static str>) {
        self.open.push(close);
        self.applied.push(false);
        self.depth += 1;
    }

    fn closes(&mut self) -> Option<()> {
        let close = self.open.pop()?;
        self.applied.pop();
        if close.is_none() && self.binders.last().is_some_and(|b| b.depth == self.depth) {
            self.binders.pop();
        }
        self.depth = self.depth.checked_sub(1)?;
        match close {
            Some(words) => self.operand(words),
            None => self.ends = false,
        }
        Some(())
    }

    fn bind(&mut self) {
        self.binders.push(Binders { depth: self.depth, last: None, in_type: false });
        self.ends = false;
    }

    fn binds_after(&mut self, words: &str) {
        self.say(words);
        self.bind();
    }

    fn end_of_binders(&mut self) {
        if self.binders.last().is_some_and(|b| b.depth == self.depth) {
            self.binders.pop();
        }
        self.ends = false;
    }

    /// A token of a list of binders.
    fn binder(&mut self, at: usize, kind: T) -> Option<()> {
        let list = self.binders.last_mut()?;
        let group = matches!(kind, T::OpenParen | T::OpenBrace);
        let named = matches!(kind, T::Name | T::Underscore);
        if !group && !named {
            return match kind {
                T::Colon => {
                    list.in_type = true;
                    self.sign("of type");
                    Some(())
                }
                T::Comma => {
                    self.say(",");
                    self.end_of_binders();
                    Some(())
                }
                T::DoubleArrow => {
                    self.say("gives");
                    self.end_of_binders();
                    Some(())
                }
                T::CloseParen | T::CloseBrace => self.closes(),
                _ => None,
            };
        }
        let last = list.last.replace(group);
        if last.is_some_and(|was_group| group || was_group) {
            self.say("next");
        }
        if group {
            if kind == T::OpenBrace {
                self.say("implicit");
            }
            self.ends = false;
            self.enter(None);
            // The names of the group; its type follows a colon.
            self.binders.push(Binders { depth: self.depth, last: None, in_type: false });
        } else if kind == T::Name {
            let name = self.text(at).to_owned();
            self.name(&name);
        } else {
            self.say("blank");
        }
        Some(())
    }

    /// Whether the brackets around an arrow hold a statement, so that the arrow is an implication.
    fn states(&self, at: usize) -> bool {
        let relation = |k: T| {
            matches!(
                k,
                T::Equal
                    | T::NotEqual
                    | T::Less
                    | T::LessEqual
                    | T::Greater
                    | T::GreaterEqual
                    | T::And
                    | T::Or
                    | T::Not
                    | T::Iff
                    | T::Exists
            )
        };
        let look = |range: &mut dyn Iterator<Item = usize>, open: fn(T) -> bool, close: fn(T) -> bool| {
            let mut depth = 0_usize;
            for k in range.filter_map(|n| self.kind(n)) {
                if open(k) {
                    depth += 1;
                } else if close(k) {
                    match depth.checked_sub(1) {
                        Some(d) => depth = d,
                        None => return false,
                    }
                } else if depth == 0 && relation(k) {
                    return true;
                }
            }
            false
        };
        look(&mut (at + 1..self.tokens.len()), opening, closing) || look(&mut (0..at).rev(), closing, opening)
    }
}

fn opening(k: T) -> bool {
    matches!(k, T::OpenParen | T::OpenBracket | T::OpenBrace)
}

fn closing(k: T) -> bool {
    matches!(k, T::CloseParen | T::CloseBracket | T::CloseBrace)
}

fn starts_operand(kind: T) -> bool {
    matches!(
        kind,
        T::Name
            | T::Underscore
            | T::Hole
            | T::Number
            | T::Universe
            | T::Coe
            | T::HCom
            | T::Glue
            | T::GlueEl
            | T::Unglue
            | T::Match
            | T::OpenParen
            | T::OpenBracket
            | T::OpenBrace
    )
}

fn ends_operand(kind: T) -> bool {
    matches!(kind, T::Name | T::Underscore | T::Hole | T::Number | T::Projection | T::End) || closing(kind)
}

/// The words of a sign or keyword that needs nothing but words; nothing for those of scripts.
fn sign(kind: T) -> Option<&'static str> {
    Some(match kind {
        T::Colon => "of type",
        T::Assign => "be",
        T::Bar => "case",
        T::At => "at",
        T::Iff => "exactly when",
        T::Or => "or",
        T::And => "and",
        T::Equal => "equals",
        T::NotEqual => "differs from",
        T::Less => "is less than",
        T::LessEqual => "is at most",
        T::Greater => "is greater than",
        T::GreaterEqual => "is at least",
        T::Plus => "plus",
        T::Minus => "minus",
        T::Times => "paired with",
        T::Slash => "over",
        T::Caret => "to the power",
        T::Let => "let",
        T::In => "in",
        T::If => "if",
        T::Then => "then",
        T::Else => "else",
        T::Not => "not",
        T::With => "with",
        _ => return None,
    })
}
