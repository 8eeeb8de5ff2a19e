//! Printing and reading give the same tree.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{expression, expressions, shape};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_expression_reads_the_same(e in expressions()) {
        let text = bfv_syntax::print::expr(&e);
        prop_assert!(text.is_ascii());
        let again = expression(&text);
        prop_assert_eq!(shape(&e), shape(&again), "{}", text);
    }
}
