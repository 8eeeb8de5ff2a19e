//! Words and signs in words, for messages that are read aloud.

use crate::token::{T, Token};

/// Longest text of a name or number that a message repeats.
const LONGEST: usize = 40;

/// Whether words are those of an item of a protocol.
pub fn is_item(tokens: &[Token]) -> bool {
    tokens.iter().any(|t| t.kind.starts_item())
}

/// What is read on its own: a declaration, or an item of a protocol.
pub fn piece(tokens: &[Token]) -> &'static str {
    if is_item(tokens) { "item" } else { "declaration" }
}

/// A word or sign that stands in the text.
pub fn found(kind: T, text: &str) -> String {
    let long = text.len() > LONGEST;
    match kind {
        T::Name if long => "a long name".to_string(),
        T::Number if long => "a long number".to_string(),
        T::Hole if long => "a long hole".to_string(),
        T::Projection if long => "a long projection".to_string(),
        T::Name => format!("the name {text}"),
        T::Number => format!("the number {text}"),
        T::Hole => format!("the hole {text}"),
        T::Projection => format!("the projection {text}"),
        T::Big => format!("the word {text}"),
        kind => word(kind).to_string(),
    }
}

/// A word or sign that was mentioned before.
pub fn the(kind: T) -> String {
    let word = word(kind);
    match word.strip_prefix("a ").or_else(|| word.strip_prefix("an ")) {
        Some(noun) => format!("the {noun}"),
        None => word.to_string(),
    }
}

/// A word or sign as such.
pub fn word(kind: T) -> &'static str {
    match kind {
        T::Name => "a name",
        T::Underscore => "an underscore",
        T::Hole => "a hole",
        T::Number | T::NumberThenLetter => "a number",
        T::Projection => "a projection",
        T::String => "a string",
        T::OpenParen | T::PiParen => "an opening parenthesis",
        T::CloseParen => "a closing parenthesis",
        T::OpenBracket => "an opening square bracket",
        T::CloseBracket => "a closing square bracket",
        T::OpenBrace | T::PiBrace | T::BlockBrace | T::CasesBrace => "an opening brace",
        T::CloseBrace => "a closing brace",
        T::OpenAttribute => "an attribute",
        T::Comma => "a comma",
        T::Semicolon => "a semicolon",
        T::Colon => "a colon",
        T::Assign => "the sign := (colon equals)",
        T::Bar => "a vertical bar",
        T::At => "an at sign",
        T::DoubleArrow => "the double arrow =>",
        T::Arrow => "the arrow ->",
        T::LeftArrow => "the left arrow <-",
        T::Iff => "the equivalence sign <->",
        T::Or => "the sign \\/ (or)",
        T::And => "the sign /\\ (and)",
        T::Equal => "an equals sign",
        T::NotEqual => "an unequal sign",
        T::Less => "a less-than sign",
        T::LessEqual => "an at-most sign",
        T::Greater => "a greater-than sign",
        T::GreaterEqual => "an at-least sign",
        T::Plus => "a plus sign",
        T::Minus => "a minus sign",
        T::Star => "a star",
        T::Times => "a double star",
        T::Slash => "a slash",
        T::Caret => "a caret",
        T::Module => "the word module",
        T::Import => "the word import",
        T::Def => "the word def",
        T::Theorem => "the word theorem",
        T::Axiom => "the word axiom",
        T::Operator => "the word operator",
        T::Claim => "the word claim",
        T::Data => "the word data",
        T::Unit => "the word unit",
        T::Protocol => "the word protocol",
        T::Sort => "the word sort",
        T::Byzantine => "the word byzantine",
        T::Given => "the word given",
        T::Quorum => "the word quorum",
        T::Message => "the word message",
        T::Relation => "the word relation",
        T::Function => "the word function",
        T::Command => "the word command",
        T::When => "the word when",
        T::Do => "the word do",
        T::Decides => "the word decides",
        T::Invariant => "the word invariant",
        T::Safety => "the word safety",
        T::Live => "the word live",
        T::Under => "the word under",
        T::Fair => "the word fair",
        T::AtMost => "the words at most",
        T::AtLeast => "the words at least",
        T::Fun => "the word fun",
        T::Let => "the word let",
        T::In => "the word in",
        T::If => "the word if",
        T::Then => "the word then",
        T::Else => "the word else",
        T::Forall => "the word forall",
        T::Exists => "the word exists",
        T::Sigma => "the word Sigma",
        T::Not => "the word not",
        T::Match => "the word match",
        T::With => "the word with",
        T::End => "the word end",
        T::By => "the word by",
        T::Universe => "the word U",
        T::Coe => "the word coe",
        T::HCom => "the word hcom",
        T::Glue => "the word Glue",
        T::GlueEl => "the word glue",
        T::Unglue => "the word unglue",
        T::Big => "a sum or the like",
        T::StepsStart => "steps",
        T::StepsEnd => "the end of the steps",
        T::RefutedAt => "the words refuted at",
        T::Location => "the word at",
        T::Intro => "the step word intro",
        T::Apply => "the step word apply",
        T::Exact => "the step word exact",
        T::Assumption => "the step word assumption",
        T::Refl => "the step word refl",
        T::Rewrite => "the step word rewrite",
        T::Induction => "the step word induction",
        T::Cases => "the step word cases",
        T::Have => "the step word have",
        T::Ring => "the step word ring",
        T::Arith => "the step word arith",
        T::Auto => "the step word auto",
        T::Box => "the step word box",
        T::Unfold => "the step word unfold",
        T::Show => "the step word show",
        T::Split => "the step word split",
        T::LineComment | T::BlockComment => "a comment",
        T::Bad => "an unreadable character",
    }
}
