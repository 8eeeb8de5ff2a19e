//! Core terms: de Bruijn indices, two separate scopes (terms and dimensions), no names, no holes, no positions.

use num_bigint::{BigInt, BigUint};
use std::rc::Rc;

/// A core term. Sharing is by reference count; equality is structural.
pub type Term = Rc<Node>;

/// An interval term: an end point, or the de Bruijn index of a dimension variable (0 is the innermost).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Dim {
    /// The left end, written 0.
    Zero,
    /// The right end, written 1.
    One,
    /// A dimension variable.
    Var(u32),
}

/// A cofibration: the conjunction of equations between interval terms. The empty conjunction is true.
pub type Cof = Vec<(Dim, Dim)>;

/// One side of a system: the term is defined where the cofibration holds, and binds one dimension.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Face {
    /// Where the side is defined.
    pub cof: Cof,
    /// The side; binds one dimension.
    pub body: Term,
}

/// A part of a system that binds nothing: the term is defined where the cofibration holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// Where the term is defined.
    pub cof: Cof,
    /// The term.
    pub body: Term,
}

/// A face of a `Glue` type: where the cofibration holds, the type is `ty`, and `equiv` is an equivalence from it to the base.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GlueFace {
    /// Where the face is defined.
    pub cof: Cof,
    /// The type there.
    pub ty: Term,
    /// A half-adjoint equivalence from `ty` to the base type.
    pub equiv: Term,
}

/// Constants that the theory knows, each with its type in `sctt/KERNEL.md`, section 3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Prim {
    Empty = 0,
    Unit = 1,
    Bool = 2,
    Nat = 3,
    Int = 4,
    Real = 5,
    /// The element of `Unit`.
    Star = 6,
    True = 7,
    False = 8,
    /// `Nat -> Nat`
    Suc = 9,
    NatAdd = 10,
    NatMul = 11,
    /// Truncated subtraction.
    NatSub = 12,
    /// `Nat -> Nat -> Bool`, strictly less.
    NatLtb = 13,
    /// `Nat -> Int`, the constructor of the nonnegative integers.
    IntPos = 14,
    /// `Nat -> Int`, `n` to `-(n+1)`, the constructor of the negative integers.
    IntNegSuc = 15,
    IntAdd = 16,
    IntSub = 17,
    IntMul = 18,
    IntLtb = 19,
    RealAdd = 20,
    RealSub = 21,
    RealMul = 22,
    /// `inv 0 = 0`.
    RealInv = 23,
    RealLtb = 24,
    /// `Nat -> Real`
    RealOfNat = 25,
    /// `Int -> Real`
    RealOfInt = 26,
    /// `Real -> Int`, the largest whole number that is not above the argument.
    RealFloor = 27,
}

impl Prim {
    /// Every constant, at the place of its number.
    pub const ALL: [Prim; 28] = [
        Prim::Empty,
        Prim::Unit,
        Prim::Bool,
        Prim::Nat,
        Prim::Int,
        Prim::Real,
        Prim::Star,
        Prim::True,
        Prim::False,
        Prim::Suc,
        Prim::NatAdd,
        Prim::NatMul,
        Prim::NatSub,
        Prim::NatLtb,
        Prim::IntPos,
        Prim::IntNegSuc,
        Prim::IntAdd,
        Prim::IntSub,
        Prim::IntMul,
        Prim::IntLtb,
        Prim::RealAdd,
        Prim::RealSub,
        Prim::RealMul,
        Prim::RealInv,
        Prim::RealLtb,
        Prim::RealOfNat,
        Prim::RealOfInt,
        Prim::RealFloor,
    ];
}

/// A reference to a data type: its position in the signature, and by how many universes it is raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DataRef {
    /// Position of the declaration.
    pub id: u32,
    /// Displacement of every universe in the declaration.
    pub shift: u32,
}

/// A core term node. "Binds" says which scope grows by one under it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Node {
    /// A term variable, de Bruijn index, 0 the innermost.
    Var(u32),
    /// The universe of a level.
    Univ(u32),
    /// A declaration by position, displaced by `shift` universes.
    Const {
        /// Position of the declaration.
        id: u32,
        /// Displacement.
        shift: u32,
    },
    /// A constant of the theory.
    Prim(Prim),
    /// A natural number literal.
    NatLit(BigUint),
    /// An integer literal.
    IntLit(BigInt),
    /// A real literal: an exact rational in lowest terms.
    RealLit(Rational),
    /// `(x : A) -> B`; B binds x.
    Pi(Term, Term),
    /// `fun x => t`; t binds x.
    Lam(Term),
    /// Application.
    App(Term, Term),
    /// `let x : A := a in b`: type, value, body; the body binds x.
    Let(Term, Term, Term),
    /// `(x : A) * B`; B binds x.
    Sigma(Term, Term),
    /// A pair.
    Pair(Term, Term),
    /// First projection.
    Fst(Term),
    /// Second projection.
    Snd(Term),
    /// `(i : I) -> A`, no end points; A binds a dimension.
    Line(Term),
    /// `PathP (i. A) a b`; A binds a dimension.
    Path(Term, Term, Term),
    /// The element of a line or path type; binds a dimension.
    DLam(Term),
    /// A line applied to an interval term.
    LApp(Term, Dim),
    /// A path applied to an interval term: path, left end, right end, argument.
    PApp(Term, Term, Term, Dim),
    /// `coe r s (i. A) t`: from A at r to A at s; A binds a dimension.
    Coe(Dim, Dim, Term, Term),
    /// `hcom r s A [faces] base`.
    HCom(Dim, Dim, Term, Vec<Face>, Term),
    /// Eliminator of Empty: motive (binds the scrutinee), scrutinee.
    EmptyElim(Term, Term),
    /// Eliminator of Bool: motive (binds the scrutinee), case true, case false, scrutinee.
    BoolElim(Term, Term, Term, Term),
    /// Eliminator of Nat: motive (binds), case zero, case successor (a function of n and the recursive value), scrutinee.
    NatElim(Term, Term, Term, Term),
    /// Eliminator of Int: motive (binds), case pos (a function), case negsuc (a function), scrutinee.
    IntElim(Term, Term, Term, Term),
    /// A data type applied to all its parameters.
    Data(DataRef, Vec<Term>),
    /// A constructor by number, with all parameters, all fields, and one interval term for each dimension of a path constructor.
    Con(DataRef, u32, Vec<Term>, Vec<Term>, Vec<Dim>),
    /// Eliminator of a data type: data type, parameters, motive (binds the scrutinee), one function per constructor, scrutinee.
    DataElim(DataRef, Vec<Term>, Term, Vec<Term>, Term),
    /// A certificate rule.
    Rule(Box<Rule>),
    /// `Glue A [faces]`.
    Glue(Term, Vec<GlueFace>),
    /// `glue a [parts]`: an element of the base and one of each face.
    GlueEl(Term, Vec<Part>),
    /// `unglue g`, with the base type and the faces of the type of g.
    Unglue(Term, Vec<GlueFace>, Term),
}

/// An exact rational number. The reader accepts lowest terms with a positive denominator only.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rational {
    /// Numerator.
    pub num: BigInt,
    /// Denominator, positive.
    pub den: BigUint,
}

/// A carrier of arithmetic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Sort {
    Nat = 0,
    Int = 1,
    Real = 2,
}

/// One instruction of an arithmetic tree in postfix order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// Push an atom: the sort is the sort the atom's term has, the number its place in the rule's list of atoms.
    Atom(Sort, u32),
    /// Push a literal of a sort (an integer for Int, a nonnegative integer for Nat).
    Lit(Sort, Rational),
    /// Replace the two topmost (of one sort) by their sum.
    Add,
    /// Replace the two topmost by their difference. Int and Real only.
    Sub,
    /// Replace the two topmost by their product.
    Mul,
    /// Replace the topmost, of sort Nat, by its image in Int.
    NatToInt,
    /// Replace the topmost, of sort Nat, by its image in Real.
    NatToReal,
    /// Replace the topmost, of sort Int, by its image in Real.
    IntToReal,
}

/// An arithmetic tree in postfix order, as plain data.
pub type Arith = Vec<Op>;

/// How the two sides of a hypothesis are related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
#[repr(u8)]
pub enum Relation {
    Lt = 0,
    Le = 1,
    Eq = 2,
}

/// A hypothesis of a refuting rule: `left relation right`, with its proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hypothesis {
    /// The relation.
    pub relation: Relation,
    /// Left side.
    pub left: Arith,
    /// Right side.
    pub right: Arith,
    /// Proof of the relation between the denotations of the two sides.
    pub proof: Term,
}

/// A summand of a Positivstellensatz certificate: `coefficient * product of hypotheses * product of squares`, nonnegative.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Product {
    /// A positive rational.
    pub coefficient: Rational,
    /// Numbers of hypotheses with relation `<` or `<=`; repetition allowed.
    pub hypotheses: Vec<u32>,
    /// Trees whose squares are multiplied in.
    pub squares: Vec<Arith>,
}

/// A linear combination of earlier facts in a `lia` certificate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Combination {
    /// Number of a fact and its multiplier; negative multipliers only on equalities.
    pub terms: Vec<(u32, BigInt)>,
}

/// One step of a `lia` certificate; its result is appended to the list of facts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Sum of multiples of earlier facts.
    Combine(Combination),
    /// Divide a fact `p >= 0` by a positive integer that divides every coefficient but the constant, rounding the constant down.
    Cut(u32, BigUint),
    /// The fact that an atom of sort Nat is nonnegative.
    NatAtom(u32),
}

/// Certificate rules, `sctt/KERNEL.md` section 6. `atoms` are terms of the enclosing scope.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// Proves `Path C left right`, C the given sort.
    Ring {
        /// The carrier.
        sort: Sort,
        /// The terms that the atoms of both trees stand for, with their sorts.
        atoms: Vec<(Sort, Term)>,
        /// Left side.
        left: Arith,
        /// Right side.
        right: Arith,
    },
    /// Proves `Empty` from hypotheses over Real.
    Psatz {
        /// The terms that atoms stand for.
        atoms: Vec<(Sort, Term)>,
        /// Hypotheses.
        hypotheses: Vec<Hypothesis>,
        /// Nonnegative summands.
        products: Vec<Product>,
        /// Multipliers of equalities: number of a hypothesis with relation `=`, tree.
        equalities: Vec<(u32, Arith)>,
    },
    /// Proves `Empty` from linear hypotheses over Nat or Int.
    Lia {
        /// Nat or Int: the sort of both sides of every hypothesis.
        sort: Sort,
        /// The terms that atoms stand for.
        atoms: Vec<(Sort, Term)>,
        /// Hypotheses; they are facts 0, 1, ...
        hypotheses: Vec<Hypothesis>,
        /// Steps; the last fact must be contradictory.
        steps: Vec<Step>,
    },
}

/// A constructor of a data type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Constructor {
    /// For printing; not part of any hash.
    pub name: String,
    /// Field types: a telescope in the scope of the parameters; each binds the next.
    pub fields: Vec<Term>,
    /// The number of dimensions: 0 for a point constructor.
    pub dims: u32,
    /// What a path constructor is on its boundary, in the scope of parameters, fields and dimensions.
    pub boundary: Vec<Part>,
}

impl Constructor {
    /// Field types, then the terms of the boundary.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        self.fields.iter().chain(self.boundary.iter().map(|p| &p.body))
    }
}

/// A data type declaration.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DataDecl {
    /// For printing; not part of any hash.
    pub name: String,
    /// Parameter types: a telescope.
    pub params: Vec<Term>,
    /// The universe that the type lives in.
    pub level: u32,
    /// Constructors. A recursive occurrence is `Node::Data` with the declaration's own position, shift 0 and the parameters.
    pub constructors: Vec<Constructor>,
}

/// A declaration. Terms refer to earlier declarations by position.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Decl {
    /// A transparent definition.
    Def {
        /// For printing; not part of any hash.
        name: String,
        /// Its type.
        ty: Term,
        /// Its value.
        body: Term,
    },
    /// An opaque theorem; its proof is not part of its hash.
    Theorem {
        /// For printing; not part of any hash.
        name: String,
        /// The statement.
        ty: Term,
        /// The proof.
        proof: Term,
    },
    /// An axiom of a named bundle; the name of the bundle is part of the hash.
    Axiom {
        /// For printing; not part of any hash.
        name: String,
        /// Name of the bundle.
        bundle: String,
        /// The statement.
        ty: Term,
    },
    /// A data type.
    Data(DataDecl),
}

impl Decl {
    /// The name for printing.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Decl::Def { name, .. } | Decl::Theorem { name, .. } | Decl::Axiom { name, .. } => name,
            Decl::Data(d) => &d.name,
        }
    }
}
