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

#[test]
fn a_statement_has_its_binders_after_forall() {
    let (file, _) =
        bfv_syntax::parse(0, b"theorem a {k : Nat} (w x : Vec k Real) : Simplex w by auto\ndef b : Nat := 1\n");
    let text = |n: usize| bfv_syntax::print::statement(&file.decls[n].binders, file.decls[n].ty.as_ref().unwrap());
    assert_eq!(text(0), "forall (k : Nat) (w x : Vec k Real), Simplex w");
    assert_eq!(text(1), "Nat");
}
