//! Why something is refused: fixed phrases, which tests name, and one sentence of detail.

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// One of the phrases of this module.
    pub reason: &'static str,
    /// One sentence that says more.
    pub detail: String,
}

/// Result of a judgement.
pub type Res<T> = Result<T, Refusal>;

/// A refusal with a reason and a detail.
pub fn refuse<T>(reason: &'static str, detail: impl Into<String>) -> Res<T> {
    Err(Refusal { reason, detail: detail.into() })
}

/// The step or depth limit was reached; nothing is known of the judgement.
pub const BUDGET: &str = "budget";
/// Nobody wants the judgement any more; nothing is known of it.
pub const INTERRUPTED: &str = "interrupted";
/// A term has another type than the one needed.
pub const MISMATCH: &str = "type mismatch";
/// A type stands in a universe that is too small for it.
pub const UNIVERSE: &str = "universe too small";
/// A data type occurs to the left of an arrow, or inside another type, in its own field.
pub const POSITIVITY: &str = "not strictly positive";
/// Two sides of a system differ where both are defined.
pub const FACES: &str = "faces disagree";
/// A side of a system does not start at the base.
pub const BASE: &str = "side disagrees with base";
/// A part of an element of a Glue type does not lie over its base, or stands at another face.
pub const PART: &str = "part disagrees with base";
/// The boundary of a path constructor is made of something else than recursive fields and earlier constructors.
pub const BOUNDARY: &str = "boundary not of constructors";
/// A branch of an eliminator disagrees with the boundary of its path constructor.
pub const BRANCH: &str = "boundary disagrees";
/// A path has another end than its type says.
pub const ENDPOINT: &str = "wrong path endpoint";
/// Something applied is no function.
pub const NOT_FUNCTION: &str = "not a function";
/// Something projected is no pair.
pub const NOT_PAIR: &str = "not a pair";
/// Something applied to a dimension is no line or path.
pub const NOT_PATH: &str = "not a path";
/// A type is needed.
pub const NOT_TYPE: &str = "not a type";
/// The type of a term cannot be inferred; it must stand where its type is known.
pub const CANNOT_INFER: &str = "cannot infer";
/// A position that no declaration has.
pub const CONSTANT: &str = "unknown constant";
/// A term variable that is not bound.
pub const SCOPE: &str = "variable out of scope";
/// A dimension variable that is not bound.
pub const DIM_SCOPE: &str = "dimension out of scope";
/// A rational literal that is not in lowest terms with a positive denominator.
pub const RATIONAL: &str = "rational not in lowest terms";
/// A data type, constructor or eliminator with the wrong number of parameters, fields or branches.
pub const ARITY: &str = "wrong number of arguments";
/// An axiom that quantifies over types.
pub const AXIOM: &str = "axiom over types";
/// A term that no typing rule could have produced was evaluated.
pub const ILL_FORMED: &str = "ill-formed term";
/// An arithmetic tree that is unbalanced, ill-sorted, or names an atom that is not there.
pub const TREE: &str = "ill-formed arithmetic tree";
/// The two sides of a ring equation are different polynomials.
pub const POLYNOMIALS: &str = "sides are different polynomials";
/// The summands of a certificate do not add up to a contradiction.
pub const NO_CONTRADICTION: &str = "certificate does not sum to a contradiction";
/// A multiplier has a sign that its hypothesis does not allow.
pub const MULTIPLIER: &str = "negative multiplier";
/// A cut divides by a number that does not divide the coefficients.
pub const CUT: &str = "cut does not divide";
