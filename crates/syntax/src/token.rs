//! Words and signs.

use logos::{Lexer, Logos};

/// What the lexer cannot read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LexFault {
    /// A character that starts no word or sign.
    #[default]
    Unknown,
    /// `/-` without its end.
    UnclosedComment,
    /// A string that does not end on its line.
    UnclosedString,
    /// A backslash before something else than `"`, `\` or `n`.
    UnknownEscape,
}

/// Kinds of words and signs. The lexer makes those with a pattern; keywords are made from `Name` by `keyword`,
/// and the last group by the pass over brackets and scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Logos)]
#[logos(skip r"[ \t\r\n\x0B\x0C]+", error = LexFault)]
#[allow(missing_docs)]
pub enum T {
    #[token("--", line_comment)]
    LineComment,
    #[token("/-", block_comment)]
    BlockComment,

    #[regex(r"[A-Za-z_][A-Za-z0-9_']*(\.[A-Za-z_][A-Za-z0-9_']*)*")]
    Name,
    #[token("_", priority = 20)]
    Underscore,
    #[regex(r"\?[A-Za-z_][A-Za-z0-9_']*")]
    Hole,
    #[regex(r"[0-9]+(\.[0-9]+)?")]
    Number,
    #[regex(r"[0-9]+(\.[0-9]+)?[A-Za-z_'][A-Za-z0-9_']*")]
    NumberThenLetter,
    #[regex(r"\.[0-9]+|\.[A-Za-z_][A-Za-z0-9_']*")]
    Projection,
    #[token("\"", string)]
    String,

    #[token("(")]
    OpenParen,
    #[token(")")]
    CloseParen,
    #[token("[")]
    OpenBracket,
    #[token("]")]
    CloseBracket,
    #[token("{")]
    OpenBrace,
    #[token("}")]
    CloseBrace,
    #[token("@[")]
    OpenAttribute,
    #[token(",")]
    Comma,
    #[token(";")]
    Semicolon,
    #[token(":")]
    Colon,
    #[token(":=")]
    Assign,
    #[token("|")]
    Bar,
    #[token("@")]
    At,
    #[token("=>")]
    #[token("\u{21a6}")]
    #[token("\u{21d2}")]
    DoubleArrow,
    #[token("->")]
    #[token("\u{2192}")]
    Arrow,
    #[token("<-")]
    #[token("\u{2190}")]
    LeftArrow,
    #[token("<->")]
    #[token("\u{2194}")]
    Iff,
    #[token("\\/")]
    #[token("\u{2228}")]
    Or,
    #[token("/\\")]
    #[token("\u{2227}")]
    And,
    #[token("=")]
    Equal,
    #[token("!=")]
    #[token("\u{2260}")]
    NotEqual,
    #[token("<")]
    Less,
    #[token("<=")]
    #[token("\u{2264}")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    #[token("\u{2265}")]
    GreaterEqual,
    #[token("+")]
    Plus,
    #[token("-")]
    #[token("\u{2212}")]
    Minus,
    #[token("*")]
    #[token("\u{b7}")]
    #[token("\u{22c5}")]
    Star,
    #[token("**")]
    #[token("\u{d7}")]
    Times,
    #[token("/")]
    Slash,
    #[token("^")]
    Caret,

    Module,
    Import,
    Def,
    Theorem,
    Axiom,
    Operator,
    Claim,
    Data,
    /// `unit` at the start of a line with a name after it; elsewhere it is a name like any other.
    Unit,
    /// `protocol` at the start of a line with a name after it; elsewhere it is a name like any other.
    Protocol,
    /// The words of a protocol block, which are names outside of one.
    Sort,
    Byzantine,
    Given,
    Quorum,
    Message,
    Relation,
    Function,
    Command,
    When,
    Do,
    Decides,
    Invariant,
    Safety,
    Live,
    Under,
    Fair,
    /// `at most` of a Byzantine set, one token.
    AtMost,
    /// `at least` of a quorum, one token.
    AtLeast,
    #[token("\u{3bb}")]
    Fun,
    Let,
    In,
    If,
    Then,
    Else,
    #[token("\u{2200}")]
    Forall,
    #[token("\u{2203}")]
    Exists,
    #[token("\u{3a3}")]
    Sigma,
    #[token("\u{ac}")]
    Not,
    Match,
    With,
    End,
    By,
    Universe,
    Coe,
    HCom,
    Glue,
    GlueEl,
    Unglue,

    /// `sum`, `prod`, `max` or `min` before binders and a comma; the two signs are always that.
    #[token("\u{2211}")]
    #[token("\u{220f}")]
    Big,
    /// `(` of `(x : A) -> B`.
    PiParen,
    /// `{` of `{x : A} -> B`.
    PiBrace,
    /// `{` of a block of steps.
    BlockBrace,
    /// `{` of the cases of `induction` and `cases`.
    CasesBrace,
    /// Start of steps after a `by` without braces; no text.
    StepsStart,
    /// Their end; no text.
    StepsEnd,
    /// `refuted at`, one token.
    RefutedAt,
    /// `at` in a script.
    Location,
    Intro,
    Apply,
    Exact,
    Assumption,
    Refl,
    Rewrite,
    Induction,
    Cases,
    Have,
    Ring,
    Arith,
    Auto,
    Box,
    Unfold,
    Show,
    Split,
    /// What was reported already.
    Bad,
}

/// A word or sign and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// Kind.
    pub kind: T,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

/// The keyword that a name is, if it is one.
pub fn keyword(text: &str) -> Option<T> {
    Some(match text {
        "module" => T::Module,
        "import" => T::Import,
        "def" => T::Def,
        "theorem" => T::Theorem,
        "axiom" => T::Axiom,
        "operator" => T::Operator,
        "claim" => T::Claim,
        "data" => T::Data,
        "fun" | "lambda" => T::Fun,
        "let" => T::Let,
        "in" => T::In,
        "if" => T::If,
        "then" => T::Then,
        "else" => T::Else,
        "forall" => T::Forall,
        "exists" => T::Exists,
        "Sigma" => T::Sigma,
        "not" => T::Not,
        "match" => T::Match,
        "with" => T::With,
        "end" => T::End,
        "by" => T::By,
        "U" => T::Universe,
        "coe" => T::Coe,
        "hcom" => T::HCom,
        "Glue" => T::Glue,
        "glue" => T::GlueEl,
        "unglue" => T::Unglue,
        _ => return None,
    })
}

/// The step of a script that a name starts, if it does; such names are ordinary outside scripts.
/// (`exists`, which also starts a step, is a keyword everywhere.)
pub fn step_word(text: &str) -> Option<T> {
    Some(match text {
        "intro" => T::Intro,
        "apply" => T::Apply,
        "exact" => T::Exact,
        "assumption" => T::Assumption,
        "refl" => T::Refl,
        "rewrite" => T::Rewrite,
        "induction" => T::Induction,
        "cases" => T::Cases,
        "have" => T::Have,
        "ring" => T::Ring,
        "arith" => T::Arith,
        "auto" => T::Auto,
        "box" => T::Box,
        "unfold" => T::Unfold,
        "show" => T::Show,
        "split" => T::Split,
        _ => return None,
    })
}

/// The word of a protocol block that a name is, if it is one; such names are ordinary outside such a block.
pub fn protocol_word(text: &str) -> Option<T> {
    Some(match text {
        "sort" => T::Sort,
        "byzantine" => T::Byzantine,
        "given" => T::Given,
        "quorum" => T::Quorum,
        "message" => T::Message,
        "relation" => T::Relation,
        "function" => T::Function,
        "command" => T::Command,
        "when" => T::When,
        "do" => T::Do,
        "decides" => T::Decides,
        "invariant" => T::Invariant,
        "safety" => T::Safety,
        "live" => T::Live,
        "under" => T::Under,
        "fair" => T::Fair,
        _ => return None,
    })
}

/// Names that bind when binders and a comma follow.
pub fn is_big(text: &str) -> bool {
    matches!(text, "sum" | "prod" | "max" | "min")
}

impl T {
    /// Whether the word starts a declaration.
    pub fn starts_declaration(self) -> bool {
        matches!(self, T::Def | T::Theorem | T::Axiom | T::Operator | T::Claim | T::Data | T::Unit | T::Protocol)
    }

    /// Whether the word is one of `protocol_word`.
    pub fn is_of_protocol(self) -> bool {
        self.starts_item() || matches!(self, T::When | T::Do | T::Under | T::Fair)
    }

    /// Whether the word starts an item of a protocol.
    pub fn starts_item(self) -> bool {
        matches!(
            self,
            T::Sort
                | T::Byzantine
                | T::Given
                | T::Quorum
                | T::Message
                | T::Relation
                | T::Function
                | T::Command
                | T::Decides
                | T::Invariant
                | T::Safety
                | T::Live
        )
    }

    /// Whether the word is one of `step_word`.
    pub fn is_step(self) -> bool {
        matches!(
            self,
            T::Intro
                | T::Apply
                | T::Exact
                | T::Assumption
                | T::Refl
                | T::Rewrite
                | T::Induction
                | T::Cases
                | T::Have
                | T::Ring
                | T::Arith
                | T::Auto
                | T::Box
                | T::Unfold
                | T::Show
                | T::Split
        )
    }

    /// Whether an expression or a step may end with the word.
    pub fn ends_operand(self) -> bool {
        matches!(
            self,
            T::Name
                | T::Underscore
                | T::Hole
                | T::Number
                | T::Projection
                | T::String
                | T::CloseParen
                | T::CloseBracket
                | T::CloseBrace
                | T::End
                | T::Intro
                | T::Assumption
                | T::Refl
                | T::Ring
                | T::Arith
                | T::Auto
                | T::Box
                | T::Split
        )
    }
}

fn line_comment(lex: &mut Lexer<'_, T>) {
    let rest = lex.remainder();
    lex.bump(rest.find('\n').unwrap_or(rest.len()));
}

/// Comments nest, so the end is found by counting.
fn block_comment(lex: &mut Lexer<'_, T>) -> Result<(), LexFault> {
    let rest = lex.remainder().as_bytes();
    let mut depth = 1_usize;
    let mut at = 0;
    while let Some(byte) = rest.get(at) {
        match (byte, rest.get(at + 1)) {
            (b'/', Some(b'-')) => {
                depth += 1;
                at += 2;
            }
            (b'-', Some(b'/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    lex.bump(at);
                    return Ok(());
                }
            }
            _ => at += 1,
        }
    }
    lex.bump(rest.len());
    Err(LexFault::UnclosedComment)
}

fn string(lex: &mut Lexer<'_, T>) -> Result<(), LexFault> {
    let rest = lex.remainder().as_bytes();
    let mut at = 0;
    let mut result = Ok(());
    while let Some(byte) = rest.get(at) {
        match byte {
            b'"' => {
                lex.bump(at + 1);
                return result;
            }
            b'\n' | b'\r' => break,
            b'\\' => match rest.get(at + 1) {
                Some(b'"' | b'\\' | b'n') => at += 2,
                Some(b'\n' | b'\r') | None => at += 1,
                Some(_) => {
                    result = Err(LexFault::UnknownEscape);
                    at += 1;
                }
            },
            _ => at += 1,
        }
    }
    lex.bump(at);
    Err(LexFault::UnclosedString)
}
