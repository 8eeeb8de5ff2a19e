//! Finding the blocks of protocols among the words of a file. The words of a protocol are reserved inside of its block only.

use crate::lexer::Lexed;
use crate::token::{T, Token, protocol_word};

/// Where the block of a protocol is.
#[derive(Clone, Copy, Debug)]
pub struct Block {
    /// One past its last word, that is, past its `end`.
    pub end: usize,
    /// Whether it has its `end`.
    pub closed: bool,
}

/// The text between two places.
fn text(source: &str, from: u32, to: u32) -> &str {
    let range = usize::try_from(from).ok().zip(usize::try_from(to).ok());
    range.and_then(|(from, to)| source.get(from..to)).unwrap_or("")
}

/// Finds each `protocol` at the start of a line, with a name or a brace after it on this line, and its block.
pub fn find(source: &str, lexed: &mut Lexed) {
    let mut at = 0;
    while at < lexed.tokens.len() {
        if !begins(source, &lexed.tokens, at) {
            at += 1;
            continue;
        }
        if let Some(word) = lexed.tokens.get_mut(at) {
            word.kind = T::Protocol;
        }
        let block = block(source, &mut lexed.tokens, at);
        lexed.blocks.insert(at, block);
        at = block.end;
    }
}

fn begins(source: &str, tokens: &[Token], at: usize) -> bool {
    let (Some(word), Some(next)) = (tokens.get(at), tokens.get(at + 1)) else { return false };
    let first = word.start == 0 || text(source, word.start.saturating_sub(1), word.start) == "\n";
    word.kind == T::Name
        && first
        && text(source, word.start, word.end) == "protocol"
        && matches!(next.kind, T::Name | T::OpenBrace)
        && !text(source, word.end, next.start).contains('\n')
}

/// The block that begins at a word `protocol`; its words get their meaning on the way.
fn block(source: &str, tokens: &mut [Token], start: usize) -> Block {
    let mut open = 0_usize;
    let mut at = start + 1;
    while let Some(token) = tokens.get(at).copied() {
        match token.kind {
            T::Module | T::Import => break,
            kind if kind.starts_declaration() => break,
            T::OpenAttribute if !before_item(source, tokens, at) => break,
            T::Name if begins(source, tokens, at) => break,
            T::Match => open += 1,
            T::End if open == 0 => return Block { end: at + 1, closed: true },
            T::End => open -= 1,
            T::Name => {
                if let Some(kind) = protocol_word(text(source, token.start, token.end))
                    && let Some(slot) = tokens.get_mut(at)
                {
                    slot.kind = kind;
                }
            }
            _ => {}
        }
        at += 1;
    }
    Block { end: at, closed: false }
}

/// The longest attributes that are looked through, in words and signs.
const ATTRIBUTES: usize = 1_000;

/// Whether the attributes that start here stand before an item. Those that have no end belong to what is around them.
fn before_item(source: &str, tokens: &[Token], start: usize) -> bool {
    let mut depth = 0_usize;
    let mut at = start;
    while let Some(token) = tokens.get(at).filter(|_| at - start < ATTRIBUTES) {
        match token.kind {
            T::OpenParen | T::OpenBracket | T::OpenBrace | T::OpenAttribute => depth += 1,
            T::CloseParen | T::CloseBracket | T::CloseBrace => depth = depth.saturating_sub(1),
            T::Name => {
                let item = protocol_word(text(source, token.start, token.end)).is_some_and(T::starts_item);
                let before = tokens.get(at.saturating_sub(1));
                // An attribute that is never closed does not hide the item on the line after it.
                if depth == 0 || (item && before.is_some_and(|b| text(source, b.end, token.start).contains('\n'))) {
                    return item && !begins(source, tokens, at);
                }
            }
            _ if depth == 0 => return false,
            kind if kind.starts_declaration() => return false,
            _ => {}
        }
        at += 1;
    }
    true
}

/// Where the items of a block begin. A word of an item begins one outside of brackets, and inside them only where it is the first
/// of its line, so that a bracket left open does not swallow the items after it.
pub fn items(source: &str, tokens: &[Token]) -> Vec<usize> {
    let mut out: Vec<usize> = Vec::new();
    let mut depth = 0_usize;
    // The attributes that wait for their item, and where that one's word stands.
    let mut attributes: Option<usize> = None;
    let mut word: Option<usize> = None;
    for (at, token) in tokens.iter().enumerate().skip(1) {
        let before = tokens.get(at - 1);
        let same_line = before.is_some_and(|b| !text(source, b.end, token.start).contains('\n'));
        if token.kind == T::OpenAttribute && (depth == 0 || !same_line) {
            attributes = attributes.or(Some(at));
            depth = 0;
        } else if token.kind.starts_item() && (depth == 0 || !same_line) {
            // `relation sort : ...` on one line is an item with a reserved name, not two items.
            let named = word.is_some_and(|w| w + 1 == at) && same_line;
            if !named {
                out.push(attributes.take().unwrap_or(at));
                (word, depth) = (Some(at), 0);
            }
        }
        match token.kind {
            T::OpenParen | T::OpenBracket | T::OpenBrace | T::OpenAttribute => depth += 1,
            T::CloseParen | T::CloseBracket | T::CloseBrace => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    out.extend(attributes);
    out
}
