{-# OPTIONS --cubical #-}
-- Paths between types from functions that are inverse to each other, from the builtins of Agda alone.
-- That such functions have contractible fibres is the known lemma of Cohen, Coquand, Huber and Mortberg,
-- "Cubical type theory: a constructive interpretation of the univalence axiom" (2018).
module Paths where

open import Agda.Primitive public using (Set)
open import Agda.Primitive.Cubical public using (I; i0; i1; Partial)
  renaming (primINeg to ~_; primIMin to _∧_; primIMax to _∨_; primHComp to hcomp; primTransp to transp)
open import Agda.Builtin.Cubical.Path public using (PathP; _≡_)
open import Agda.Builtin.Cubical.Glue using (_≃_; isEquiv; equiv-proof; primGlue)
open import Agda.Builtin.Sigma using (Σ; _,_; fst; snd)

-- Two paths one after another, by closing a box, as the library of bfv has it.
compose : ∀ {l} {A : Set l} {a b c : A} → a ≡ b → b ≡ c → a ≡ c
compose {a = a} p q i = hcomp (λ j → λ { (i = i0) → a ; (i = i1) → q j }) (p i)

transport : {A B : Set} → A ≡ B → A → B
transport p = transp (λ i → p i) i0

module _ {A B : Set} (f : A → B) (g : B → A) (there : (y : B) → f (g y) ≡ y) (back : (x : A) → g (f x) ≡ x) where

  -- For x over y: the box with the lid from x to g y, up to the height k.
  box : {y : B} (x : A) (p : f x ≡ y) (i k : I) → A
  box {y} x p i k = hcomp (λ j → λ { (i = i0) → back x (j ∧ k) ; (i = i1) → g y ; (k = i0) → g (p i) }) (g (p i))

  -- Two elements over y are equal, and so are the paths that put them there.
  module _ {y : B} (x x' : A) (p : f x ≡ y) (p' : f x' ≡ y) where

    between : (i k : I) → A
    between i k = hcomp (λ j → λ { (i = i0) → box x p (~ (j ∧ k)) i1
                                 ; (i = i1) → box x' p' (~ (j ∧ k)) i1
                                 ; (k = i0) → g y }) (g y)

    square : (i j : I) → A
    square i j = hcomp (λ k → λ { (i = i0) → box x p j (~ k)
                                ; (i = i1) → box x' p' j (~ k)
                                ; (j = i0) → back (between i i1) (~ k)
                                ; (j = i1) → g y }) (between i (~ j))

    fibres : PathP (λ _ → Σ A (λ z → f z ≡ y)) (x , p) (x' , p')
    fibres i .fst = between i i1
    fibres i .snd j = hcomp (λ k → λ { (i = i0) → there (p j) k
                                     ; (i = i1) → there (p' j) k
                                     ; (j = i0) → there (f (between i i1)) k
                                     ; (j = i1) → there y k }) (f (square i j))

  equivalence : A ≃ B
  equivalence .fst = f
  equivalence .snd .equiv-proof y = (g y , there y) , λ { (x , p) → fibres (g y) x (there y) p }

identity : (A : Set) → A ≃ A
identity A .fst x = x
identity A .snd .equiv-proof y = (y , λ _ → y) , λ { (x , p) i → p (~ i) , λ j → p (~ i ∨ j) }

-- The path that univalence makes of an equivalence.
ua : {A B : Set} → A ≃ B → A ≡ B
ua {A} {B} e i = primGlue B (λ { (i = i0) → A ; (i = i1) → B }) (λ { (i = i0) → e ; (i = i1) → identity B })
