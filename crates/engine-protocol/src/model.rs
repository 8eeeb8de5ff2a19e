//! What a protocol is at small parameters: a finite program.
