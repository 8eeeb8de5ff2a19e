//! Lexer, grammar and surface tree
