//! Values: weak head normal forms with closures. Variables are levels, dimensions are names that are never reused.

use bfv_format::{DataRef, Prim, Rational, Term};
use num_bigint::{BigInt, BigUint};
use std::cell::{Cell, RefCell};
use std::rc::{Rc, Weak};

/// An interval value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ivl {
    /// 0
    Zero,
    /// 1
    One,
    /// A dimension name.
    Name(Name),
}

/// A dimension name, unique within one machine.
pub type Name = u32;

/// A substitution of dimension names by interval values, applied in parallel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DimSub(pub(crate) List<(Name, Ivl)>);

/// A conjunction of equations between interval values.
pub type Equations = Rc<[(Ivl, Ivl)]>;

/// A value, evaluated when it is first looked at.
#[derive(Clone)]
pub struct V(pub(crate) Rc<Slot>);

/// Where a value lives: its state, its last image under a substitution of dimensions, so that what is shared stays shared, and how
/// many dimension names there were when it was made: names that came later do not occur in it.
pub(crate) struct Slot {
    pub(crate) birth: Name,
    pub(crate) state: RefCell<Lazy>,
    pub(crate) image: Cell<Option<(DimSub, Weak<Slot>)>>,
}

/// The state of a delayed value. It is kept small, for there are very many: what is rare and large is shared.
#[derive(Clone)]
pub(crate) enum Lazy {
    /// A term in an environment.
    Term(Env, Term),
    /// A value under a substitution of dimensions.
    Act(V, DimSub),
    /// An elimination of a value.
    Elim(V, Elim),
    /// An elimination of a value with definitions unfolded: what a folded one comes to.
    Forced(V, Elim),
    /// A value with definitions unfolded, applied to arguments.
    Applied(V, Rc<[V]>),
    /// A function that the evaluator makes itself, at an argument.
    Inst(Rc<Native>, V),
    /// A coercion.
    Coe(Rc<Coercion>),
    /// A coercion along a line that is open already, at a name that occurs neither in the ends nor in what is coerced.
    Open(Rc<(Ivl, Ivl, Name, V, V)>),
    /// A composition.
    HCom(Rc<Composition>),
    /// An operation of the theory with all its arguments, to be computed as far as they allow.
    Compute(Prim, Spine),
    /// One field of a constructor.
    Field(V, usize),
    /// A constructor, which may lie on its boundary.
    Con(Rc<Val>),
    /// Being evaluated.
    Busy,
    /// Weak head normal; the number is the generation of the globals at which a neutral was last looked at.
    Done(Rc<Val>, u64),
}

/// From, to, line of types, argument.
pub type Coercion = (Ivl, Ivl, DClo, V);

/// From, to, type, faces, base.
pub type Composition = (Ivl, Ivl, V, Rc<Vec<VFace>>, V);

/// An environment: values of term variables and of dimension variables, innermost first, and the displacement of universes.
#[derive(Clone, Default)]
pub struct Env {
    /// Term variables.
    pub terms: List<V>,
    /// Dimension variables.
    pub dims: List<Ivl>,
    /// Added to every universe level met.
    pub shift: u32,
}

/// A persistent list; `get(0)` is the element pushed last.
#[derive(Debug, PartialEq, Eq)]
pub struct List<T>(Option<Rc<(T, List<T>)>>);

/// A function closure, binding one term variable.
#[derive(Clone)]
pub enum Clo {
    /// A term in an environment.
    Term(Env, Term),
    /// Ignores its argument.
    Const(V),
    /// A function that the evaluator makes itself.
    Native(Rc<Native>),
}

/// A closure binding one dimension.
#[derive(Clone)]
pub enum DClo {
    /// A term in an environment.
    Term(Env, Term),
    /// A value in which a name is bound.
    Abs(Name, V),
    /// An elimination of what a closure gives, in which nothing is bound.
    Elim(Rc<(DClo, Elim)>),
}

/// Closures that the evaluator makes itself.
#[derive(Clone)]
pub enum Native {
    /// `fun a => coe r s (i. B[coe s i A a]) (f (coe s r A a))`: r, s, the name i, A, B, f.
    CoePi(Ivl, Ivl, Name, V, Clo, V),
    /// `fun a => hcom r s B[a] [sides a] (b a)`: r, s, B, faces, b.
    HComPi(Ivl, Ivl, Clo, Rc<Vec<VFace>>, V),
    /// The rest of the type of an eliminator's branch after one more field: data type, constructor, parameters, fields so far, motive.
    Branch(DataRef, u32, Rc<[V]>, Vec<V>, Clo),
    /// `fun x => the induction hypothesis of (f x)`: codomain of the field's type, field, motive.
    Hypothesis(Clo, V, Clo),
    /// `fun x => the eliminator at (f x)`: codomain of the field's type, field, the elimination.
    Recurse(Clo, V, Elim),
    /// The hypotheses still to come in a branch type: data type, constructor, parameters, fields, motive, number of the next field.
    Hypotheses(DataRef, u32, Rc<[V]>, Vec<V>, Clo, usize),
    /// Successor case of the eliminator of Nat: `(n : Nat) -> M n -> M (Suc n)`, after n.
    NatStep(Clo),
    /// A family at `IntPos n` (true) or `IntNegSuc n` (false).
    IntCase(Clo, bool),
}

/// A face of a system value: equations and the side, binding one dimension.
#[derive(Clone)]
pub struct VFace {
    /// The equations.
    pub cof: Equations,
    /// The side.
    pub side: DClo,
}

/// A face of a `Glue` type: equations, the type there, its equivalence with the base.
#[derive(Clone)]
pub struct VGlue {
    /// The equations.
    pub cof: Equations,
    /// The type.
    pub ty: V,
    /// The equivalence.
    pub equiv: V,
}

/// A part of a system that binds nothing.
#[derive(Clone)]
pub struct VPart {
    /// The equations.
    pub cof: Equations,
    /// The element there.
    pub body: V,
}

/// A weak head normal form.
pub enum Val {
    /// A universe.
    Univ(u32),
    /// A function type.
    Pi(V, Clo),
    /// A function.
    Lam(Clo),
    /// A pair type.
    Sigma(V, Clo),
    /// A pair.
    Pair(V, V),
    /// A line type.
    Line(DClo),
    /// A path type.
    Path(DClo, V, V),
    /// A line or a path.
    DLam(DClo),
    /// A built-in type, `Star`, `True` or `False`.
    Prim(Prim),
    /// A natural literal.
    NatLit(BigUint),
    /// At least one successor of a neutral.
    Suc(BigUint, V),
    /// An integer literal.
    IntLit(BigInt),
    /// `IntPos` of a natural number that is no literal.
    IntPos(V),
    /// `IntNegSuc` of the same.
    IntNegSuc(V),
    /// A real literal.
    RealLit(Rational),
    /// A data type with its parameters.
    Data(DataRef, Rc<[V]>),
    /// A constructor: data type, number, parameters, fields, dimensions; not on its boundary.
    Con(DataRef, u32, Rc<[V]>, Rc<[V]>, Rc<[Ivl]>),
    /// A `Glue` type with no true face: base and faces, none false.
    Glue(V, Rc<Vec<VGlue>>),
    /// An element of such a type: of the base, and of each face.
    GlueEl(V, Rc<Vec<VPart>>),
    /// Something stuck, or a constant not unfolded yet.
    Neutral(Neutral),
}

/// A head with eliminations, innermost first.
#[derive(Clone)]
pub struct Neutral {
    /// What is stuck.
    pub head: Head,
    /// Eliminations.
    pub spine: Spine,
    /// For a head that is a definition, or an operation on one: the same value with the definition unfolded.
    pub unfolded: Option<V>,
}

/// Eliminations, innermost first. None at all takes no memory, and most stuck values begin with none.
#[derive(Clone, Default)]
pub struct Spine(Option<Rc<[Elim]>>);

impl std::ops::Deref for Spine {
    type Target = [Elim];
    fn deref(&self) -> &[Elim] {
        self.0.as_deref().unwrap_or(&[])
    }
}
impl FromIterator<Elim> for Spine {
    fn from_iter<I: IntoIterator<Item = Elim>>(elims: I) -> Self {
        let all: Rc<[Elim]> = elims.into_iter().collect();
        Spine(if all.is_empty() { None } else { Some(all) })
    }
}

/// What can be stuck.
#[derive(Clone)]
pub enum Head {
    /// A variable: level and type.
    Var(u32, V),
    /// A constant: position and displacement.
    Const(u32, u32),
    /// An operation of the theory; its arguments are the first eliminations of the spine.
    Prim(Prim),
    /// A stuck coercion.
    Coe(Rc<Coercion>),
    /// A stuck composition.
    HCom(Rc<Composition>),
    /// A certificate rule, a term `Node::Rule`; atoms and proofs are evaluated in the environment. Inert.
    Rule(Rc<(Env, Term)>),
}

/// Data type, parameters, motive, branches.
pub type DataCases = (DataRef, Rc<[V]>, Clo, Rc<[V]>);

/// One elimination.
#[derive(Clone)]
pub enum Elim {
    /// Application.
    App(V),
    /// First projection.
    Fst,
    /// Second projection.
    Snd,
    /// A line at an interval value.
    LApp(Ivl),
    /// A path at an interval value, with its ends.
    PApp(V, V, Ivl),
    /// Motive.
    EmptyElim(Rc<Clo>),
    /// Motive, true, false.
    BoolElim(Rc<(Clo, V, V)>),
    /// Motive, zero, successor.
    NatElim(Rc<(Clo, V, V)>),
    /// Motive, pos, negsuc.
    IntElim(Rc<(Clo, V, V)>),
    /// The eliminator of a data type.
    DataElim(Rc<DataCases>),
    /// The element of the base under an element of a `Glue` type: base and faces.
    Unglue(V, Rc<Vec<VGlue>>),
}

impl<T> Clone for List<T> {
    fn clone(&self) -> Self {
        List(self.0.clone())
    }
}
impl<T> Default for List<T> {
    fn default() -> Self {
        List(None)
    }
}
impl<T> List<T> {
    /// Whether two lists are kept in one place, so that they have the same elements.
    pub(crate) fn is(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Rc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        }
    }
    /// The element pushed last, and the list without it.
    pub(crate) fn split(&self) -> Option<&(T, List<T>)> {
        self.0.as_deref()
    }
}
impl<T: Clone> List<T> {
    /// The list with one more element.
    #[must_use]
    pub fn push(&self, x: T) -> Self {
        List(Some(Rc::new((x, self.clone()))))
    }
    /// The n-th element counted from the one pushed last.
    #[must_use]
    pub fn get(&self, n: u32) -> Option<&T> {
        let mut l = self;
        for _ in 0..n {
            l = &l.0.as_ref()?.1;
        }
        l.0.as_ref().map(|c| &c.0)
    }
    /// The list with elements mapped, in the same order; what lies beyond the last one that changes is shared.
    #[must_use]
    pub(crate) fn map(&self, mut f: impl FnMut(&T) -> Option<T>) -> Self {
        self.changed(&mut f).unwrap_or_else(|| self.clone())
    }

    fn changed(&self, f: &mut dyn FnMut(&T) -> Option<T>) -> Option<Self> {
        let cell = self.0.as_deref()?;
        let (first, rest) = (f(&cell.0), cell.1.changed(f));
        if first.is_none() && rest.is_none() {
            return None;
        }
        Some(rest.unwrap_or_else(|| cell.1.clone()).push(first.unwrap_or_else(|| cell.0.clone())))
    }

    /// The elements, the one pushed last first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &T> {
        std::iter::successors(self.0.as_deref(), |c| c.1.0.as_deref()).map(|c| &c.0)
    }
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_none()
    }
}

/// A list that is read from its outer end; extending it shares what is there already.
#[derive(Clone)]
pub struct Levels<T> {
    list: List<T>,
    len: usize,
}

impl<T> Default for Levels<T> {
    fn default() -> Self {
        Levels { list: List::default(), len: 0 }
    }
}
impl<T: Clone> Levels<T> {
    /// The number of elements.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }
    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    /// Adds an element at the inner end.
    pub fn push(&mut self, x: T) {
        self.list = self.list.push(x);
        self.len += 1;
    }
    /// The element at a level, counted from the outer end.
    #[must_use]
    pub fn get(&self, level: usize) -> Option<&T> {
        let from_inner = self.len.checked_sub(level)?.checked_sub(1)?;
        self.list.get(u32::try_from(from_inner).ok()?)
    }
    /// The innermost element.
    #[must_use]
    pub fn last(&self) -> Option<&T> {
        self.list.get(0)
    }
    /// All elements, outermost first.
    pub fn iter(&self) -> std::vec::IntoIter<&T> {
        let mut items: Vec<&T> = self.list.iter().collect();
        items.reverse();
        items.into_iter()
    }
    pub(crate) fn map(&self, f: impl FnMut(&T) -> Option<T>) -> Self {
        Levels { list: self.list.map(f), len: self.len }
    }
}
impl<'l, T: Clone> IntoIterator for &'l Levels<T> {
    type Item = &'l T;
    type IntoIter = std::vec::IntoIter<&'l T>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
