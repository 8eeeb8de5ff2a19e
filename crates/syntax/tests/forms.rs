//! Smoke.
#![allow(clippy::unwrap_used, clippy::panic)]
use bfv_syntax::parse;

#[test]
fn smoke() {
    let src = r#"
module examples.weighted
import std.real
import std.sum

--- The weighted mean.
--- Second line.
operator weighted_mean {k : Nat} (w x : Vec k Real) : Real := sum i, w i * x i

claim hull {k : Nat} (w x : Vec (k+1) Real) (hw : Simplex w) :
  min x <= weighted_mean w x /\ weighted_mean w x <= max x

claim smooth {k : Nat} : Smooth inf (fun (w x : Vec k Real) => weighted_mean w x)

@[expect refuted, holds_if Simplex w]
claim hull_without_simplex {k : Nat} (w x : Vec (k+1) Real) : weighted_mean w x <= max x
claim d (t : Real) : 0 <= t <= 1 refuted at (t := 2) (w := [2]) by arith
def f (n : Nat) : Nat
  | zero => 0
  | suc n => f n + max i, i
theorem t (n : Nat) : n = n := by
  intro x
  have h : A := by ring
  have g : B by { exact h; refl }
  induction n {
    zero => refl
  | suc m ih => rewrite <- ih, h at g  exact fun x => exists y, P y
  }
  { split  exists 3 }
  arith [h, g]
theorem b : (by ring, by exact forall x, P) = 0 by refl
data Sum (A B : U 0) : U 0 | inl (a : A) | inr (b : B)
def c (A : U 0) : (x : A) {y : A} -> A := hcom 0 1 A [i = 0 => fun j => u, i = 1 /\ k = 0 => v] b
def m := match e with | inl x => by exact x | inr y => coe 0 1 (fun i => A) e end
def z := f x @ i
def q (x : Real) := if x <-1 then let y : Real := 0.95 in y.1.2 else -x ^ 2
"#;
    let (file, diags) = parse(0, src.as_bytes());
    for d in &diags {
        println!(
            "{} {:?} {} {:?}",
            d.code.id(),
            d.span.map(|s| &src[s.start as usize..s.end as usize]),
            d.message,
            d.fix
        );
    }
    println!("{:#?}", file.decls.iter().map(|d| (&d.name.text, &d.doc)).collect::<Vec<_>>());
    assert!(diags.is_empty());
    assert_eq!(file.decls.len(), 13);
}
