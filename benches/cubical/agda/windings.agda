{-# OPTIONS --cubical #-}
-- The peer of ../windings.sctt: the same cover of the circle, the same composites, and the same question.
-- The benchmark puts another number into the line of `count`.
module windings where

open import Paths
open import Agda.Builtin.Nat using (Nat; zero; suc)
open import Agda.Builtin.Int using (Int; pos; negsuc)

data S1 : Set where
  base : S1
  loop : base ≡ base

next : Int → Int
next (pos n) = pos (suc n)
next (negsuc zero) = pos zero
next (negsuc (suc n)) = negsuc n

previous : Int → Int
previous (pos zero) = negsuc zero
previous (pos (suc n)) = pos n
previous (negsuc n) = negsuc (suc n)

previous-next : (z : Int) → previous (next z) ≡ z
previous-next (pos n) _ = pos n
previous-next (negsuc zero) _ = negsuc zero
previous-next (negsuc (suc n)) _ = negsuc (suc n)

next-previous : (z : Int) → next (previous z) ≡ z
next-previous (pos zero) _ = pos zero
next-previous (pos (suc n)) _ = pos (suc n)
next-previous (negsuc n) _ = negsuc n

cover : S1 → Set
cover base = Int
cover (loop i) = ua (equivalence next previous next-previous previous-next) i

winding : base ≡ base → Int
winding p = transport (λ i → cover (p i)) (pos 0)

loops : Nat → base ≡ base
loops zero _ = base
loops (suc n) = compose (loops n) loop

count : Nat
count = 5

row : winding (loops count) ≡ pos count
row _ = pos count
