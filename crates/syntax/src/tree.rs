//! The surface tree: what a person wrote, with positions, before any meaning is given to it.

use bfv_diag::Span;
use num_bigint::BigUint;

/// A name with its place; dotted names (`std.real.max`) are one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Name {
    /// The text, dots included.
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// A source file.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// `module a.b`
    pub module: Option<Name>,
    /// `import a.b`
    pub imports: Vec<Name>,
    /// Declarations in file order; what could not be parsed is left out and reported. Those that a protocol becomes stand in its place.
    pub decls: Vec<Decl>,
    /// Protocols in file order, as they are written.
    pub protocols: Vec<Protocol>,
}

/// What a declaration is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DeclKind {
    Def,
    Axiom,
    Theorem,
    Operator,
    Claim,
    Data,
    /// `unit ms`: no term, only a word for the brackets of `Real [ms]`.
    Unit,
}

/// An attribute: `@[expect refuted]`, `@[holds_if Simplex w, tag hull]`; the words after the name are its arguments.
#[derive(Clone, Debug)]
pub struct Attr {
    /// First word.
    pub name: Name,
    /// What follows: for `expect`, `tag`, `bundle`, `reference` one name or string; for `holds_if` expressions.
    pub args: Vec<Expr>,
    /// The whole attribute.
    pub span: Span,
}

/// A declaration.
#[derive(Clone, Debug)]
pub struct Decl {
    /// The whole declaration.
    pub span: Span,
    /// The text of the `---` or `/-- ... -/` comment directly before it.
    pub doc: Option<String>,
    /// Attributes, in order.
    pub attrs: Vec<Attr>,
    /// Kind.
    pub kind: DeclKind,
    /// Name.
    pub name: Name,
    /// Binders before the colon.
    pub binders: Vec<Binder>,
    /// The type after the colon.
    pub ty: Option<Expr>,
    /// What follows.
    pub body: Body,
    /// From which protocol it was made; nothing for what the author wrote as a declaration.
    pub part: Option<Box<Part>>,
}

/// What a declaration that was made from a protocol knows of it.
#[derive(Clone, Debug)]
pub struct Part {
    /// The protocol.
    pub protocol: Name,
    /// The module that it needs.
    pub needs: &'static str,
    /// Statements of the author with the binders that they stand under: each must be a proposition.
    pub stated: Vec<(Vec<Binder>, Expr)>,
}

/// `protocol p {n : Nat} (h : 0 < n) ... end`
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The whole block.
    pub span: Span,
    /// The comment directly before it.
    pub doc: Option<String>,
    /// Attributes before it; none has a meaning there.
    pub attrs: Vec<Attr>,
    /// Name.
    pub name: Name,
    /// Parameters and hypotheses about them.
    pub binders: Vec<Binder>,
    /// Items in order.
    pub items: Vec<Item>,
}

/// An item of a protocol.
#[derive(Clone, Debug)]
pub struct Item {
    /// The whole item.
    pub span: Span,
    /// The comment directly before it.
    pub doc: Option<String>,
    /// Attributes before it; they have a meaning before `safety` and `live` only.
    pub attrs: Vec<Attr>,
    /// Its name; of `decides` the name of the relation.
    pub name: Name,
    /// What it is.
    pub kind: ItemKind,
}

/// Kinds of items.
#[derive(Clone, Debug)]
pub enum ItemKind {
    /// `sort worker := Fin n`
    Sort(Expr),
    /// `byzantine byz : worker at most f`: the type of its members, and how many there are at most.
    Byzantine(Expr, Expr),
    /// `given leader : Nat -> worker`: chosen once, and the same ever after.
    Given(Expr),
    /// `given (h : S)`: an assumption about what is chosen once.
    Assumed(Expr),
    /// `quorum enough := at least e`
    Quorum(Expr),
    /// `message voted : worker -> value -> Bool`: a relation whose first argument is the sender.
    Message(Expr),
    /// `relation decided : worker -> value -> Bool`
    Relation(Expr),
    /// `function view : worker -> Nat := 0`: its type, and its value at first.
    Function(Expr, Expr),
    /// `command vote (w : worker) when e do voted w 0 := true`
    Command {
        /// Arguments.
        binders: Vec<Binder>,
        /// When it may be taken; nothing for always.
        when: Option<Expr>,
        /// What changes, all at once.
        does: Vec<Assignment>,
    },
    /// `decides decided`
    Decides,
    /// `invariant backed : e`
    Invariant(Expr),
    /// `safety agreement : e`, with the body of a claim.
    Safety(Expr, Body),
    /// `live done under fair finish : e`, with the body of a claim.
    Live {
        /// The commands that are treated fairly; there must be one.
        fair: Vec<Name>,
        /// What some state of each run satisfies.
        statement: Expr,
        /// The body.
        body: Body,
    },
}

/// `voted w v := true` of a command.
#[derive(Clone, Debug)]
pub struct Assignment {
    /// The whole assignment.
    pub span: Span,
    /// The part of the state.
    pub part: Name,
    /// Where it changes: its first arguments.
    pub args: Vec<Expr>,
    /// What it is there from then on.
    pub value: Expr,
}

/// The body of a declaration.
#[derive(Clone, Debug)]
pub enum Body {
    /// Nothing: an axiom, or a claim left to the engines.
    None,
    /// `:= e`
    Term(Expr),
    /// `by ...`
    By(Script),
    /// `| pat, pat => e` lines.
    Clauses(Vec<Clause>),
    /// `refuted at (x := e) ... [by ...]`
    RefutedAt {
        /// The witness.
        witness: Vec<(Name, Expr)>,
        /// What closes the rest.
        script: Option<Script>,
    },
    /// `| c (x : A) ...` lines of a data type.
    Constructors(Vec<Constructor>),
}

/// Faces of a system: the equations of each, and what stands there.
pub type Faces = Vec<(Vec<(Expr, Expr)>, Expr)>;

/// A constructor of a data type: name, fields, boundary.
#[derive(Clone, Debug)]
pub struct Constructor {
    /// Name.
    pub name: Name,
    /// Fields; those of a path constructor end with dimensions.
    pub fields: Vec<Binder>,
    /// What it is on its faces.
    pub boundary: Faces,
}

/// A group of binders of one type: `(x y : A)` or `{x : A}`, or a bare `x` (type left out).
#[derive(Clone, Debug)]
pub struct Binder {
    /// Names; `_` allowed.
    pub names: Vec<Name>,
    /// Their type, when given.
    pub ty: Option<Expr>,
    /// In braces.
    pub implicit: bool,
    /// The group.
    pub span: Span,
}

/// An argument of an application.
#[derive(Clone, Debug)]
pub struct Arg {
    /// `(name := e)`
    pub name: Option<Name>,
    /// `{e}`: given for the next implicit parameter.
    pub implicit: bool,
    /// The argument.
    pub expr: Expr,
}

/// A pattern clause: patterns and result.
#[derive(Clone, Debug)]
pub struct Clause {
    /// One pattern for each argument matched on.
    pub patterns: Vec<Pattern>,
    /// The result.
    pub body: Expr,
    /// The clause.
    pub span: Span,
}

/// A pattern: a constructor with patterns, or a variable (which of the two a bare name is, the elaborator knows), or `_`, or a number.
#[derive(Clone, Debug)]
pub enum Pattern {
    /// A name with arguments; without arguments it may be a variable.
    Name(Name, Vec<Pattern>),
    /// `_`
    Wildcard(Span),
    /// A natural number.
    Number(BigUint, Span),
    /// `(p, q)`
    Pair(Box<Pattern>, Box<Pattern>, Span),
}

/// An expression.
#[derive(Clone, Debug)]
pub struct Expr {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: Box<ExprKind>,
}

/// Infix operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Lt,
    Le,
    Gt,
    Ge,
    Eq,
    Ne,
    And,
    Or,
    Iff,
    /// `A * B` between types is Mul; `A ** B` is the product type.
    Times,
}

/// Kinds of expressions.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A name.
    Var(String),
    /// A natural or decimal number: mantissa and number of decimal places (`0.95` is 95 and 2).
    Number(BigUint, u32),
    /// A string, only in attributes.
    String(String),
    /// `_`, or `?name`: a hole whose goal is shown.
    Hole(Option<String>),
    /// `U n`
    Univ(u32),
    /// Application to one or more arguments.
    App(Expr, Vec<Arg>),
    /// `fun x (y : A) => e`
    Lam(Vec<Binder>, Expr),
    /// `(x : A) -> B`, `{x : A} -> B`, `forall x y, B`, `forall (x : A), B`
    Pi(Vec<Binder>, Expr),
    /// `A -> B`
    Arrow(Expr, Expr),
    /// `Sigma (x : A), B`
    Sigma(Vec<Binder>, Expr),
    /// `exists (x : A), B`
    Exists(Vec<Binder>, Expr),
    /// `sum i, e`, `prod i, e`, `max i, e`, `min i, e`: the name of the big operator, its binders, its body.
    Big(Name, Vec<Binder>, Expr),
    /// Infix operator.
    Binary(BinOp, Expr, Expr),
    /// `-e`
    Neg(Expr),
    /// `not e`
    Not(Expr),
    /// `[a, b]`
    Vector(Vec<Expr>),
    /// `(a, b)`
    Pair(Expr, Expr),
    /// `e.1`, `e.2`, or `e.name`
    Proj(Expr, String),
    /// `(e : A)`
    Ann(Expr, Expr),
    /// `let x : A := a in b`
    Let(Name, Option<Expr>, Expr, Expr),
    /// `if c then a else b`
    If(Expr, Expr, Expr),
    /// `match e with | p => a | q => b end`
    Match(Expr, Vec<Clause>),
    /// `by ...` in a term
    By(Script),
    /// `p @ r`
    At(Expr, Expr),
    /// `coe r s (fun i => A) e`
    Coe(Expr, Expr, Expr, Expr),
    /// `hcom r s A [i = 0 => fun j => u, ...] b`
    HCom(Expr, Expr, Expr, Faces, Expr),
    /// `Glue A [i = 0 => (T, e), ...]`
    Glue(Expr, Faces),
    /// `glue a [i = 0 => t, ...]`
    GlueEl(Expr, Faces),
    /// `unglue g`
    Unglue(Expr),
    /// What could not be parsed; already reported.
    Error,
}

/// A proof script.
#[derive(Clone, Debug)]
pub struct Script {
    /// Steps in order.
    pub steps: Vec<Tactic>,
    /// The whole script.
    pub span: Span,
}

/// One step of a script.
#[derive(Clone, Debug)]
pub struct Tactic {
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub kind: TacticKind,
}

/// A case of `induction` or `cases`: constructor, names of its fields and hypotheses, script.
#[derive(Clone, Debug)]
pub struct Case {
    /// Constructor.
    pub constructor: Name,
    /// Names given to fields and induction hypotheses.
    pub names: Vec<Name>,
    /// The script.
    pub script: Script,
}

/// Kinds of steps.
#[derive(Clone, Debug)]
pub enum TacticKind {
    /// `intro x y`
    Intro(Vec<Name>),
    /// `apply e`
    Apply(Expr),
    /// `exact e`
    Exact(Expr),
    /// `assumption`
    Assumption,
    /// `refl`
    Refl,
    /// `rewrite e, <- e [at h]`: true means right to left.
    Rewrite(Vec<(bool, Expr)>, Option<Name>),
    /// `induction n { zero => ... | suc m ih => ... }`
    Induction(Expr, Vec<Case>),
    /// `cases e { inl x => ... | inr y => ... }`
    Cases(Expr, Vec<Case>),
    /// `have h : A := e`, `have h : A by { ... }`, `have h := e`
    Have(Name, Option<Expr>, HaveBody),
    /// `ring`
    Ring,
    /// `arith` or `arith [e, e]`: extra facts.
    Arith(Vec<Expr>),
    /// `auto` or `auto [e, e]`: extra lemmas.
    Auto(Vec<Expr>),
    /// `box` or `box 5000`: how many steps the search may take.
    Box(Option<u64>),
    /// `unfold f, g [at h]`
    Unfold(Vec<Name>, Option<Name>),
    /// `show A`: restate the goal.
    Show(Expr),
    /// `split`: prove both parts of a conjunction.
    Split,
    /// `exists e`: give the first component of a Sigma, or the witness of an `exists`.
    Exists(Expr),
    /// `{ ... }`: solve the first goal with these steps.
    Block(Script),
}

/// How a `have` is proved.
#[derive(Clone, Debug)]
pub enum HaveBody {
    /// `:= e`
    Term(Expr),
    /// `by { ... }`
    By(Script),
}
