#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../engine-logic/tests/common/mod.rs"]
mod common;

use bfv_elab::Session;
use bfv_engine_complete::Complete;
use bfv_engine_cubical::Cubical;
use bfv_format::{Decl, Term};
use bfv_kernel::{Ctx, Limits, Machine};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason};
use common::{deep, goals_over};

const LIBRARY: &[&str] = &["int", "cubical/path", "cubical/levels", "cubical/equivalence", "cubical/univalence", "cubical/circle"];

/// What the engine says of a statement, judged by the kernel where there is a term.
fn ask(session: &Session, statement: &Term, budget: &mut Budget) -> Outcome {
    let machine = Machine::new(&session.signature, Limits::default());
    let ctx = Ctx::default();
    let target = machine.eval(&ctx.env, statement);
    let outcome = Cubical { side: &Complete }.solve(&Goal { machine: &machine, ctx, target, lemmas: &session.lemmas, hints: Vec::new() }, budget);
    if let Outcome::Candidate(term) = &outcome {
        let judged = session.signature.prove(statement, term, Limits::default());
        assert!(judged.is_ok(), "the kernel refuses: {:?}", judged.err());
    }
    outcome
}

const CLAIMS: &[&str] = &[
    // Paths form a groupoid.
    "{A : U 0} {a b : A} (p : a = b) -> compose p (constant b) = p",
    "{A : U 0} {a b : A} (p : a = b) -> compose (constant a) p = p",
    "{A : U 0} {a b : A} (p : a = b) -> compose p (inverse p) = constant a",
    "{A : U 0} {a b : A} (p : a = b) -> compose (inverse p) p = constant b",
    "{A : U 0} {a b : A} (p : a = b) -> inverse (inverse p) = p",
    "{A : U 0} {a b c d : A} (p : a = b) (q : b = c) (r : c = d) -> compose (compose p q) r = compose p (compose q r)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> inverse (compose p q) = compose (inverse q) (inverse p)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> compose (inverse p) (compose p q) = q",
    "{A : U 0} {a b c : A} (p : a = b) (q r : b = c) -> compose p q = compose p r -> q = r",
    // So do the paths made by the other two operations of the library.
    "{A : U 0} {a b : A} (p : a = b) -> trans p (sym p) = constant a",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> trans p q = compose p q",
    "{A : U 0} {a b : A} (p : a = b) -> sym p = inverse p",
    // Loops, whose ends cannot be let go as they are.
    "{A : U 0} {a : A} (p : a = a) -> compose p (inverse p) = constant a",
    "{A : U 0} {a : A} (p q : a = a) -> inverse (compose p q) = compose (inverse q) (inverse p)",
    "{A B : U 0} (f g : A -> B) (x : A) (p : f x = g x) -> compose p (inverse p) = constant (f x)",
    // Functions act on paths.
    "{A B : U 0} (f : A -> B) {a b c : A} (p : a = b) (q : b = c) -> ap f (compose p q) = compose (ap f p) (ap f q)",
    "{A B : U 0} (f : A -> B) {a b : A} (p : a = b) -> ap f (inverse p) = inverse (ap f p)",
    "{A B C : U 0} (f : A -> B) (g : B -> C) {a b : A} (p : a = b) -> ap g (ap f p) = ap (fun x => g (f x)) p",
    "{A : U 0} {a b : A} (p : a = b) -> ap (fun x => x) p = p",
    // Homotopies are natural.
    "{A B : U 0} (f g : A -> B) (h : (x : A) -> f x = g x) {a b : A} (p : a = b) -> compose (h a) (ap g p) = compose (ap f p) (h b)",
    "{A : U 0} (h : A -> A) (e : (x : A) -> h x = x) (x : A) -> ap h (e x) = e (h x)",
    // What is carried along paths.
    "{A : U 0} (P : A -> U 0) {a b c : A} (p : a = b) (q : b = c) (t : P a) -> subst P (compose p q) t = subst P q (subst P p t)",
    "{A : U 0} (P : A -> U 0) {a b : A} (p : a = b) (t : P a) -> subst P (inverse p) (subst P p t) = t",
    "{A : U 0} (P : A -> U 0) (a : A) (t : P a) -> subst P (constant a) t = t",
    "{A B : U 0} {a b : A} (p : a = b) (t : B) -> subst (fun x => B) p t = t",
    "{A : U 0} {a b c : A} (p : b = c) (q : a = b) -> subst (fun x => a = x) p q = compose q p",
    "{A : U 0} {a b c : A} (p : a = b) (q : a = c) -> subst (fun x => x = c) p q = compose (inverse p) q",
    "{A : U 0} {P Q : A -> U 0} (f : (x : A) -> P x -> Q x) {a b : A} (p : a = b) (t : P a) -> f b (subst P p t) = subst Q p (f a t)",
    "{A : U 0} (P : A -> U 0) (f : (x : A) -> P x) {a b : A} (p : a = b) -> subst P p (f a) = f b",
    "{A : U 0} (P : A -> U 0) {a b : A} (p : a = b) -> P a -> P b",
    // Squares.
    "{A : U 0} {a b : A} (p : a = b) -> PathP (fun k => Path A a (p k)) (constant a) p",
    "{A : U 0} {a b : A} (p : a = b) -> PathP (fun k => Path A (p k) b) p (constant b)",
    "{A : U 0} {a b c : A} (p : a = b) (q : b = c) -> PathP (fun k => Path A a (q k)) p (compose p q)",
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> compose p r = compose l q -> PathP (fun k => Path A (l k) (r k)) p q",
    "{A : U 0} {a b c d : A} (p : a = b) (q : c = d) (l : a = c) (r : b = d) -> PathP (fun k => Path A (l k) (r k)) p q -> compose p r = compose l q",
    "{A B : U 0} (P : Path (U 0) A B) (a : A) -> PathP (fun i => P i) a (coe 0 1 (fun i => P i) a)",
    // Functions and pairs.
    "{A : U 0} {B : A -> U 0} (f g : (x : A) -> B x) -> ((x : A) -> f x = g x) -> f = g",
    "{A B : U 0} (f g : A -> B) (h k : (x : A) -> f x = g x) -> ((x : A) -> h x = k x) -> funext h = funext k",
    "{A B : U 0} (u v : A ** B) -> u.1 = v.1 -> u.2 = v.2 -> u = v",
    "{A : U 0} {B : A -> U 0} (u v : Sigma (x : A), B x) (p : u.1 = v.1) -> subst B p u.2 = v.2 -> u = v",
    "{A : U 0} {B : A -> U 0} (u v : Sigma (x : A), B x) (p : u.1 = v.1) -> PathP (fun i => B (p i)) u.2 v.2 -> u = v",
    // Levels.
    "{A : U 0} (a : A) -> IsContr (Sigma (x : A), a = x)",
    "{A : U 0} (a : A) -> IsContr (Sigma (x : A), x = a)",
    "{A : U 0} -> IsContr A -> IsProp A",
    "{A : U 0} -> IsProp A -> IsSet A",
    "{A : U 0} -> IsContr A -> IsSet A",
    "{A : U 0} -> IsProp (IsProp A)",
    "{A : U 0} -> IsProp (IsSet A)",
    "{A : U 0} -> IsProp (IsContr A)",
    "{A : U 0} {B : A -> U 0} -> ((x : A) -> IsProp (B x)) -> IsProp ((x : A) -> B x)",
    "{A : U 0} {B : A -> U 0} -> ((x : A) -> IsSet (B x)) -> IsSet ((x : A) -> B x)",
    "{A B : U 0} -> IsProp A -> IsProp B -> IsProp (A ** B)",
    "{A B : U 0} -> IsSet A -> IsSet B -> IsSet (A ** B)",
    "{A : U 0} {P : A -> U 0} -> ((x : A) -> IsProp (P x)) -> (u v : Sigma (x : A), P x) -> u.1 = v.1 -> u = v",
    "{A : U 0} {P : A -> U 0} -> IsProp A -> ((x : A) -> IsProp (P x)) -> IsProp (Sigma (x : A), P x)",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((y : B) -> f (g y) = y) -> IsProp A -> IsProp B",
    "{A B : U 0} (f : A -> B) (g : B -> A) -> ((y : B) -> f (g y) = y) -> IsContr A -> IsContr B",
    // Equivalences and the circle.
    "{A : U 0} -> Equiv A A",
    "{A B : U 0} (e : Equiv A B) (x y : A) -> e.1 x = e.1 y -> x = y",
    "compose loop_path (inverse loop_path) = constant base",
    "inverse (compose loop_path loop_path) = compose (inverse loop_path) (inverse loop_path)",
    "(p : base = base) -> compose p (compose (inverse p) loop_path) = loop_path",
];

#[test]
fn measure() {
    deep(|| {
        let texts: Vec<String> = CLAIMS.iter().map(|t| (*t).to_owned()).collect();
        let (session, statements) = goals_over(LIBRARY, "", &texts);
        assert_eq!(texts.len(), statements.len());
        let mut n = 0;
        for (text, statement) in texts.iter().zip(&statements) {
            if std::env::var("ONLY").is_ok_and(|o| !text.contains(&o)) { continue; }
            let t = std::time::Instant::now();
            let mut budget = Budget::new(200_000);
            let out = ask(&session, statement, &mut budget);
            let ok = matches!(out, Outcome::Candidate(_));
            n += usize::from(ok);
            println!("{} {} {:?} {text} {}", if ok { "yes" } else { "NO " }, budget.used, t.elapsed(), if let Outcome::GaveUp(r, w) = out { format!("{r:?} {w}") } else { String::new() });
        }
        println!("{n} of {}", texts.len());
    });
}

#[test]
fn library() {
    deep(|| {
        let (session, _) = goals_over(LIBRARY, "", &[]);
        let (mut n, mut all) = (0, 0);
        for d in session.signature.decls() {
            let Decl::Theorem { name, ty, .. } = d else { continue };
            if all == 0 { println!("NAME {name}"); }
            all += 1;
            let mut budget = Budget::new(200_000);
            let t = std::time::Instant::now();
            let out = ask(&session, ty, &mut budget);
            n += usize::from(matches!(out, Outcome::Candidate(_)));
            println!("{name} {} {:?} {}", budget.used, t.elapsed(), match out { Outcome::Candidate(_) => "yes".to_owned(), Outcome::GaveUp(r, _) => format!("{r:?}"), _ => String::new() });
        }
        println!("{n} of {all}");
    });
}
