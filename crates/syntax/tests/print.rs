//! Printing and reading give the same tree.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{expression, expressions, settings, shape};
use proptest::prelude::*;

proptest! {
    #![proptest_config(settings())]

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

/// Protocols with every item, and every form of an item.
const PROTOCOLS: &str = "--- A comment.
protocol a {n f : Nat} (bound : 3 * f < n)
  sort worker := Fin n
  byzantine byz : worker at most f
  given leader : Nat -> worker
  given (h : forall v, not byz (leader v))
  quorum enough := at least n - f
  --- Of two
  --- lines.
  message voted : worker -> Nat -> Bool
  relation decided : worker -> Nat -> Bool relation at_rest : Bool
  function view : worker -> Nat := if n < f then 0 else 1
  command vote (w : worker) (v at : Nat)
    when not byz w /\\ match v with | zero => Unit | suc m => Empty end
    do voted w v := true, view w := max (view w) 3 do at_rest := false
  command rest do at_rest := true, decided := fun w v => exists most, voted w (U 0) /\\ most least
  decides decided
  invariant backed : forall w v, decided w v -> enough (fun u => voted u v)
  @[expect refuted, holds_if f = 0]
  safety agreement : forall w v, decided w v
    refuted at (n := 1) (trace := [vote 0 0]) by { arith; exact (refl) }
  safety by_term : 1 = 1 := h
  safety by_steps : 1 = 1 by intro x induction x { zero => refl | suc m ih => { ring } }
  safety found : 1 = 1
  @[expect refuted] live done under fair vote, rest : forall w, decided w 0
    refuted at (n := 1) (course := lasso [] [rest])
  live unfair : 1 = 1
end
@[tag odd] protocol b (k : Nat) end
";

#[test]
fn a_printed_protocol_reads_the_same() {
    let (file, _) = bfv_syntax::parse(0, PROTOCOLS.as_bytes());
    assert_eq!(file.protocols.len(), 1);
    for p in &file.protocols {
        let text = bfv_syntax::print::protocol(p);
        assert!(text.is_ascii());
        let (again, _) = bfv_syntax::parse(0, text.as_bytes());
        let [q] = &again.protocols[..] else { panic!("{text}") };
        assert_eq!(shape(p), shape(q), "{text}");
        assert_eq!(bfv_syntax::print::protocol(q), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// Expressions of every form in every place where an item has one.
    #[test]
    fn a_printed_item_reads_the_same(es in prop::collection::vec(expressions(), 8)) {
        let e: Vec<String> = es.iter().map(bfv_syntax::print::expr).collect();
        let items = [
            format!("sort s := {}", e[0]),
            format!("byzantine byz : {} at most {}", e[1], e[2]),
            format!("given g : {}", e[3]),
            format!("given (h : {})", e[4]),
            format!("quorum q := at least {}", e[5]),
            format!("function f : {} := {}", e[6], e[7]),
            format!("command c when {} do r ({}) := {} do t := {}", e[0], e[1], e[2], e[3]),
            format!("invariant i : {}", e[4]),
            format!("safety a : {} := {}", e[5], e[6]),
            format!("live l under fair c : {}", e[7]),
        ];
        let text = format!("protocol p\n{}\nend\n", items.join("\n"));
        let (file, found) = bfv_syntax::parse(0, text.as_bytes());
        prop_assert!(file.protocols.len() == 1, "{}\n{:#?}", text, found);
        let printed = bfv_syntax::print::protocol(&file.protocols[0]);
        let (again, _) = bfv_syntax::parse(0, printed.as_bytes());
        prop_assert_eq!(again.protocols.len(), 1, "{}", printed);
        prop_assert_eq!(shape(&file.protocols[0]), shape(&again.protocols[0]), "{}", printed);
    }
}
