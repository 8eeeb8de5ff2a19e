//! From text to words and signs; comments are dropped, except those that document a declaration.

use crate::protocol::blocks::Block;
use crate::report::{Reports, to_u32};
use crate::token::{LexFault, T, Token, keyword};
use bfv_diag::{Code, Span};
use logos::Logos;
use std::collections::BTreeMap;

/// Words and signs of a file.
pub struct Lexed {
    /// In order of the text.
    pub tokens: Vec<Token>,
    /// The documentation that stands directly before a token, under the index of the token.
    pub docs: BTreeMap<usize, String>,
    /// The blocks of protocols, under the index of their first word.
    pub blocks: BTreeMap<usize, Block>,
}

/// Most words and signs of one file.
pub const MAX_TOKENS: usize = 4_000_000;

/// Most digits of one number; reading a number takes time quadratic in its length.
const MAX_DIGITS: u32 = 10_000;

/// Reads a text. `bad` are the ranges that were no UTF-8, already reported. Nothing is returned for a text with too many words.
pub fn lex(text: &str, bad: &[(usize, usize)], reports: &mut Reports) -> Option<Lexed> {
    characters(text, reports);
    let offset = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    let mut out = Lexed { tokens: Vec::new(), docs: BTreeMap::new(), blocks: BTreeMap::new() };
    let mut doc: Option<String> = None;
    for (result, range) in T::lexer(text.get(offset..).unwrap_or("")).spanned() {
        let (start, end) = (range.start + offset, range.end + offset);
        let slice = text.get(start..end).unwrap_or("");
        let span = reports.span(start, end);
        let kind = match result {
            Ok(T::LineComment | T::BlockComment) => {
                if let Some(line) = documentation(slice) {
                    let whole = doc.get_or_insert_default();
                    if !whole.is_empty() {
                        whole.push('\n');
                    }
                    whole.push_str(line);
                }
                continue;
            }
            Ok(T::Name) => keyword(slice).unwrap_or(T::Name),
            Ok(T::Number) if span.end - span.start > MAX_DIGITS => {
                reports.error(
                    Code::NumberTooLong,
                    span,
                    "This number is too long. A number may have at most 10000 digits.",
                    Some("Write it by shorter numbers, as a sum or a power."),
                );
                T::Bad
            }
            Ok(T::NumberThenLetter) => {
                let (message, fix) = (
                    "A letter follows a number directly. A name does not start with a digit.",
                    "Write a star for multiplication, as in 2 * x, or start the name with a letter.",
                );
                reports.error(Code::NumberThenLetter, span, message, Some(fix));
                T::Bad
            }
            Ok(kind) => kind,
            Err(fault) => {
                // A run of unknown characters is reported once.
                let again = out.tokens.last().is_some_and(|last| last.kind == T::Bad && last.end == span.start);
                lex_fault(fault, slice, (start, span), bad, again, reports);
                T::Bad
            }
        };
        if let Some(text) = doc.take() {
            out.docs.insert(out.tokens.len(), text);
        }
        if out.tokens.len() >= MAX_TOKENS {
            let message = "This file is too large. A file may have at most 4000000 words and signs.";
            reports.error(Code::FileTooLarge, span, message, Some("Split the file into several modules."));
            return None;
        }
        out.tokens.push(Token { kind, start: span.start, end: span.end });
        if reports.full() {
            return None;
        }
    }
    Some(out)
}

/// The text of a documentation comment: `--- text` or `/-- text -/`. Lines of more than three dashes are ornaments.
fn documentation(comment: &str) -> Option<&str> {
    if let Some(line) = comment.strip_prefix("---") {
        return if line.starts_with('-') { None } else { Some(line.trim()) };
    }
    let block = comment.strip_prefix("/--")?.strip_suffix("-/")?;
    if block.starts_with('-') { None } else { Some(block.trim()) }
}

fn lex_fault(
    fault: LexFault,
    slice: &str,
    (start, span): (usize, Span),
    bad: &[(usize, usize)],
    again: bool,
    reports: &mut Reports,
) {
    match fault {
        LexFault::Unknown => {
            let at = bad.partition_point(|range| range.1 <= start);
            let reported = bad.get(at).is_some_and(|range| range.0 <= start);
            let Some(c) = slice.chars().next().filter(|c| !again && !reported && special(*c).is_none()) else { return };
            let (message, fix) = unknown_character(c);
            reports.error(Code::UnknownCharacter, span, message, Some(fix));
        }
        LexFault::UnclosedComment => {
            let span = Span { end: span.start + 2, ..span };
            let message = "This comment is never closed. All that follows is comment.";
            reports.error(
                Code::UnclosedComment,
                span,
                message,
                Some("Write -/ where the comment ends. Comments nest, so each /- needs its own -/."),
            );
        }
        LexFault::UnclosedString => {
            let message = "This string is not closed on its line.";
            reports.error(Code::UnclosedString, span, message, Some("Add a double quote where the string ends."));
        }
        LexFault::UnknownEscape => {
            let message = "A backslash in this string stands before a character that it does not escape.";
            reports.error(Code::UnknownEscape, span, message, Some("Write two backslashes to mean one."));
        }
    }
}

fn unknown_character(c: char) -> (String, &'static str) {
    let number = u32::from(c);
    if c.is_whitespace() {
        return (
            format!("A space of an unusual kind stands here, U+{number:04X}."),
            "Replace it by an ordinary space.",
        );
    }
    if c.is_control() {
        return (format!("A control character stands here, U+{number:04X}."), "Remove the character.");
    }
    let shown = if c.is_ascii() { c.to_string() } else { format!("U+{number:04X}") };
    let message = format!("The character {shown} starts no word or sign of the language.");
    let fix = match c {
        '\u{201c}' | '\u{201d}' => "Use the straight double quote.",
        '\u{2018}' | '\u{2019}' => "Use the straight quote in names.",
        '\u{2013}' | '\u{2014}' => "Use the ordinary minus sign.",
        '\u{2115}' => "Write Nat.",
        '\u{2124}' => "Write Int.",
        '\u{211d}' => "Write Real.",
        '\\' => "Write fun for a function, /\\ for and, \\/ for or.",
        '!' => "Write not for negation and != for unequal.",
        '&' => "Write /\\ for and.",
        '#' => "For a comment write two dashes; otherwise remove the character.",
        '~' => "Write not for negation.",
        '\'' => "A name starts with a letter or an underscore; a quote may follow.",
        '.' => "Remove the dot, or write a digit or a name directly after it.",
        '?' => "Write a name directly after the question mark.",
        _ if c.is_alphabetic() => "Names are made of ASCII letters. Write the name of the letter, such as alpha.",
        _ => "Remove the character, or put it in a comment.",
    };
    (message, fix)
}

/// Characters that are refused wherever they stand.
fn special(c: char) -> Option<Code> {
    match c {
        '\0' => Some(Code::NulCharacter),
        '\u{feff}' => Some(Code::ByteOrderMark),
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
            Some(Code::HiddenCharacter)
        }
        _ => None,
    }
}

/// Reports every run of characters that are refused wherever they stand.
fn characters(text: &str, reports: &mut Reports) {
    let mut run: Option<(Code, usize, usize)> = None;
    for (at, c) in text.char_indices() {
        // The mark at the very start is welcome.
        let Some(code) = special(c).filter(|_| at > 0 || c != '\u{feff}') else { continue };
        match &mut run {
            Some((same, _, end)) if *same == code && *end == at => *end = at + c.len_utf8(),
            _ => {
                report_run(run, reports);
                run = Some((code, at, at + c.len_utf8()));
            }
        }
        if reports.full() {
            return;
        }
    }
    report_run(run, reports);
}

fn report_run(run: Option<(Code, usize, usize)>, reports: &mut Reports) {
    let Some((code, start, end)) = run else { return };
    let (message, fix) = match code {
        Code::NulCharacter => (
            "A NUL character stands here. A source file is text.",
            "Remove the character, or check that this is the right file.",
        ),
        Code::ByteOrderMark => (
            "A byte order mark stands inside the text. It is accepted only as the first character.",
            "Remove the mark.",
        ),
        _ => (
            "A hidden character stands here that turns the direction of writing. It can make a text look different from what is checked.",
            "Remove the character.",
        ),
    };
    let span = reports.span(start, end);
    reports.error(code, span, message, Some(fix));
}

/// How files of other kinds begin, some of which are mostly text.
const OTHER_KINDS: [&[u8]; 8] =
    [b"%PDF-", b"\x89PNG", b"GIF8", b"\xFF\xD8\xFF", b"PK\x03\x04", b"\x1F\x8B", b"\x7FELF", b"SQLite format"];

/// Whether bytes are those of a picture, a document or a program: more than one in five is none of a text.
fn other_kind(bytes: &[u8], bad: &[(usize, usize)]) -> bool {
    let invalid: usize = bad.iter().map(|(start, end)| end - start).sum();
    let control =
        bytes.iter().filter(|b| b.is_ascii_control() && !matches!(b, b'\t' | b'\n' | b'\r' | b'\x0C')).count();
    OTHER_KINDS.iter().any(|kind| bytes.starts_with(kind)) || (invalid + control).saturating_mul(5) > bytes.len()
}

/// Reports the bytes that are no UTF-8, once for the file. Answers whether the file is worth reading further.
pub fn bytes(bytes: &[u8], bad: &[(usize, usize)], reports: &mut Reports) -> bool {
    if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
        let span = reports.span(0, 2);
        reports.error(
            Code::ByteOrderMark,
            span,
            "This file starts with the byte order mark of UTF-16. A source file is UTF-8.",
            Some("Save the file as UTF-8."),
        );
        return false;
    }
    if other_kind(bytes, bad) {
        let message = "This file is of another kind than text, such as a picture, a document or a program.";
        let span = reports.span(0, 0);
        reports.error(Code::NotSource, span, message, Some("Name a source file. Its name ends in .sctt."));
        return false;
    }
    if let Some((start, end)) = bad.first() {
        let more = match bad.len() {
            1 => String::new(),
            n => format!(" This is the first of {} places.", to_u32(n)),
        };
        let span = reports.span(*start, *end);
        reports.error(
            Code::InvalidUtf8,
            span,
            format!("These bytes are not valid UTF-8.{more}"),
            Some("Save the file as UTF-8."),
        );
    }
    true
}
