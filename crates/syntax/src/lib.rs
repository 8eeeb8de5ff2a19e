//! Lexer, grammar and surface tree.
//!
//! `parse` always returns a tree and diagnostics. A text goes through four stages: `lexer` makes words and signs, `split` cuts them into
//! declarations, `context` settles brackets and scripts, and the grammar builds the tree. A declaration with an error is
//! reported and left out; the others are still read. A protocol is read into a tree, and rewritten into declarations (`protocol`).
//! What is absent: no meaning. Which names exist, and which bare names in patterns are constructors, the elaborator knows.

mod context;
mod describe;
mod expected;
mod lexer;
mod make;
mod operators;
pub mod print;
mod protocol;
mod report;
mod split;
mod token;
pub mod tree;
pub mod words;

// The tables come from the generator of the parser, which writes unwraps of its own.
#[allow(missing_docs, unused, clippy::all, clippy::pedantic, clippy::restriction)]
mod grammar {
    include!(concat!(env!("OUT_DIR"), "/grammar.rs"));
}

use bfv_diag::{Code, Diagnostic};
use report::Reports;
use tree::File;

/// Largest file that is read, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// Deepest tree of an expression that `parse` returns; recursion over a tree needs a stack for that.
pub const MAX_DEPTH: u32 = make::MAX_DEPTH;

/// Reads a source file: its tree, without the declarations that have errors, and what there is to say, in the order of the text.
pub fn parse(file_number: u32, bytes: &[u8]) -> (File, Vec<Diagnostic>) {
    let mut reports = Reports::new(file_number);
    if bytes.len() > MAX_BYTES {
        let message = "This file is too large. A file may have at most 64 MiB.";
        let span = reports.span(0, 0);
        reports.error(Code::FileTooLarge, span, message, Some("Split the file into several modules."));
        return (File::default(), reports.finish());
    }
    let (text, bad) = bfv_diag::decode(bytes);
    let mut file = File::default();
    if lexer::bytes(bytes, &bad, &mut reports)
        && let Some(mut lexed) = lexer::lex(&text, &bad, &mut reports)
    {
        split::units(&text, &mut lexed);
        protocol::blocks::find(&text, &mut lexed);
        split::file(file_number, &text, &lexed, &mut file, &mut reports);
    }
    (file, reports.finish())
}
