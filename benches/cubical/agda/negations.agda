{-# OPTIONS --cubical #-}
-- The peer of ../negations.sctt: the same path of negation, composed in the same order, and the same question.
-- The benchmark puts another number into the line of `count`.
module negations where

open import Paths
open import Agda.Builtin.Nat using (Nat; zero; suc)
open import Agda.Builtin.Bool using (Bool; true; false)

not : Bool → Bool
not true = false
not false = true

not-not : (b : Bool) → not (not b) ≡ b
not-not true _ = true
not-not false _ = false

negated : Nat → Bool ≡ Bool
negated zero = ua (equivalence not not not-not not-not)
negated (suc n) = compose (negated n) (ua (equivalence not not not-not not-not))

even : Nat → Bool
even zero = true
even (suc n) = not (even n)

count : Nat
count = 100

row : transport (negated count) true ≡ not (even count)
row _ = not (even count)
