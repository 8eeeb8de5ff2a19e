//! The judge. Only this crate can build a `Proved` or a `Refuted`.
//!
//! It has no input or output, no floats, no clock, no environment, no threads, no hash maps with random order, and no names that matter.

#![allow(clippy::todo, unused_variables, missing_docs, dead_code)] // API outline, being filled in

use bfv_format::{DataDecl, Decl, Dim, Term};
use std::rc::Rc;

mod value;
pub use value::{Clo, DClo, DimSub, Elim, Env, Head, Ivl, List, Native, Neutral, V, VFace, Val};

/// Why something was refused. `reason` is a fixed phrase that tests name; `detail` says more.
#[derive(Clone, Debug)]
pub struct Refusal { pub reason: &'static str, pub detail: String }

/// What the evaluator needs to know of constants. Positions from `META_BASE` on are metavariables of the elaborator.
pub trait Globals {
    fn const_type(&self, id: u32) -> Option<Term>;
    /// The body, if it may be unfolded (definitions, solved metavariables).
    fn const_body(&self, id: u32) -> Option<Term>;
    fn data(&self, id: u32) -> Option<Rc<DataDecl>>;
    /// Whether a universe occurs in the closure: if not, displacement is dropped.
    fn displaceable(&self, id: u32) -> bool;
    /// Grows whenever a metavariable is solved; a neutral looked at under an older generation is evaluated again. 0 for a signature.
    fn generation(&self) -> u64 { 0 }
}
pub const META_BASE: u32 = 1 << 31;

/// Checked declarations; grows one checked declaration at a time.
pub struct Signature { }
impl Globals for Signature {
    fn const_type(&self, id: u32) -> Option<Term> { todo!() }
    fn const_body(&self, id: u32) -> Option<Term> { todo!() }
    fn data(&self, id: u32) -> Option<Rc<DataDecl>> { todo!() }
    fn displaceable(&self, id: u32) -> bool { todo!() }
}
impl Signature {
    pub fn new() -> Self { todo!() }
    pub fn len(&self) -> u32 { todo!() }
    pub fn decl(&self, id: u32) -> Option<&Decl> { todo!() }
    /// Checks and adds. The only way in.
    pub fn add(&mut self, decl: Decl, limits: Limits) -> Result<u32, Refusal> { todo!() }
    /// Bundles of axioms and names of rules in the closure of a declaration, sorted; theorems followed through proofs.
    pub fn axioms(&self, id: u32) -> Vec<String> { todo!() }
    pub fn canonical(&self, id: u32) -> bool { todo!() }
    pub fn prove(&self, statement: &Term, proof: &Term, limits: Limits) -> Result<Proved, Refusal> { todo!() }
    pub fn refute(&self, statement: &Term, negation: &Term, limits: Limits) -> Result<Refuted, Refusal> { todo!() }
}
/// The statement was proved. Only the kernel builds it.
pub struct Proved { evidence: Evidence }
/// The negation of the statement was proved. Only the kernel builds it.
pub struct Refuted { evidence: Evidence }
#[derive(Clone, Debug)]
struct Evidence { statement: Term, term: Term, axioms: Vec<String>, rules: Vec<&'static str>, steps: u64 }
impl Proved { pub fn statement(&self) -> &Term { todo!() } pub fn term(&self) -> &Term { todo!() } pub fn axioms(&self) -> &[String] { todo!() } pub fn rules(&self) -> &[&'static str] { todo!() } pub fn steps(&self) -> u64 { todo!() } }
impl Refuted { pub fn statement(&self) -> &Term { todo!() } pub fn term(&self) -> &Term { todo!() } pub fn axioms(&self) -> &[String] { todo!() } pub fn rules(&self) -> &[&'static str] { todo!() } pub fn steps(&self) -> u64 { todo!() } }

/// Budget of one judgement.
#[derive(Clone, Copy, Debug)]
pub struct Limits { pub steps: u64, pub depth: u32 }
impl Default for Limits { fn default() -> Self { Limits { steps: 20_000_000, depth: 20_000 } } }

/// A context: types of term variables by level, and the environment that maps the indices of a term under judgement.
#[derive(Clone, Default)]
pub struct Ctx { pub types: Vec<V>, pub env: Env, /** names of the dimensions in scope, outermost first, for quoting */ pub dims: Vec<u64> }

/// The evaluator. All results are `Err` only when a limit is reached or a term is ill formed.
pub struct Machine<'a> { globals: &'a dyn Globals }
pub type Res<T> = Result<T, Refusal>;
impl<'a> Machine<'a> {
    pub fn new(globals: &'a dyn Globals, limits: Limits) -> Self { todo!() }
    pub fn steps(&self) -> u64 { todo!() }
    /// Delayed evaluation; does no work.
    pub fn eval(&self, env: &Env, t: &Term) -> V { todo!() }
    /// Weak head normal form, definitions unfolded.
    pub fn whnf(&self, v: &V) -> Res<Rc<Val>> { todo!() }
    /// Weak head normal form in which a definition at the head stays folded (`Neutral` with `unfolded`) .
    pub fn folded(&self, v: &V) -> Res<Rc<Val>> { todo!() }
    pub fn fresh_dim(&self) -> u64 { todo!() }
    pub fn var(&self, level: u32, ty: V) -> V { todo!() }
    pub fn value(&self, v: Val) -> V { todo!() }
    pub fn apply(&self, f: &V, a: V) -> V { todo!() }
    pub fn fst(&self, p: &V) -> V { todo!() }
    pub fn snd(&self, p: &V) -> V { todo!() }
    pub fn lapp(&self, p: &V, r: Ivl) -> V { todo!() }
    pub fn papp(&self, p: &V, left: &V, right: &V, r: Ivl) -> V { todo!() }
    /// Instantiates a closure.
    pub fn inst(&self, c: &Clo, a: V) -> V { todo!() }
    pub fn dinst(&self, c: &DClo, r: Ivl) -> V { todo!() }
    pub fn act(&self, v: &V, s: &DimSub) -> V { todo!() }
    /// Context extended by a variable of a type; the new variable.
    pub fn bind(&self, ctx: &Ctx, ty: V) -> (Ctx, V) { todo!() }
    /// Context extended by a dimension; its name.
    pub fn bind_dim(&self, ctx: &Ctx) -> (Ctx, u64) { todo!() }
    /// Context extended by a definition (`let`): no new level.
    pub fn define(&self, ctx: &Ctx, value: V) -> Ctx { todo!() }
    /// Context restricted to a face; `None` when the face is false.
    pub fn restrict(&self, ctx: &Ctx, cof: &[(Ivl, Ivl)]) -> Option<(Ctx, DimSub)> { todo!() }
    /// Reads back a value as a term. Indices count the levels of `ctx.types` and the dimensions of `ctx.dims`
    /// (not the entries of `env`, which may hold definitions). Definitions stay folded.
    pub fn quote(&self, ctx: &Ctx, v: &V) -> Res<Term> { todo!() }
    /// The same with every definition unfolded.
    pub fn normal(&self, ctx: &Ctx, v: &V) -> Res<Term> { todo!() }
    pub fn conv(&self, ctx: &Ctx, ty: &V, a: &V, b: &V) -> Res<bool> { todo!() }
    pub fn conv_type(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> { todo!() }
    pub fn subtype(&self, ctx: &Ctx, a: &V, b: &V) -> Res<bool> { todo!() }
    pub fn infer(&self, ctx: &Ctx, t: &Term) -> Res<V> { todo!() }
    pub fn check(&self, ctx: &Ctx, t: &Term, ty: &V) -> Res<()> { todo!() }
    /// Checks that a term is a type; its level.
    pub fn check_type(&self, ctx: &Ctx, t: &Term) -> Res<u32> { todo!() }
    /// The type of a constant of the theory.
    pub fn prim_type(&self, p: bfv_format::Prim) -> V { todo!() }
    /// The type of a neutral value.
    pub fn type_of_neutral(&self, n: &Neutral) -> Res<V> { todo!() }
    /// Interval value of a dimension index.
    pub fn dim(&self, env: &Env, d: Dim) -> Res<Ivl> { todo!() }
    /// The types of a constructor's fields one after another: the type of field number `given.len()` at these parameters and earlier fields.
    pub fn field_type(&self, d: bfv_format::DataRef, con: u32, params: &[V], given: &[V]) -> Res<V> { todo!() }
    /// The type that the branch of a constructor must have in an eliminator.
    pub fn branch_type(&self, d: bfv_format::DataRef, con: u32, params: &Rc<[V]>, motive: &Clo) -> Res<V> { todo!() }
}
