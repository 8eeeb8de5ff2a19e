//! Source text of an expression.
