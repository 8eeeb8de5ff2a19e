//! Arithmetic search and lemma application in pure Rust
