//! From a run to a term of the negation.
