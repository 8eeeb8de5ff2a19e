//! Lexer, grammar and surface tree.

pub mod tree;
