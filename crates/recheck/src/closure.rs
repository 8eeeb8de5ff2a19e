//! Closures: a core term with an environment, and the few delayed forms that a core term cannot say.
//!
//! Nothing here evaluates. Only arguments keep their value; every look at another closure starts again from its term.
//! Dimension substitutions are simultaneous and delayed; names of dimensions and of free variables are never used twice.

use crate::machine::Whnf;
use bfv_format::{DataRef, Dim, Node, Term};
use std::cell::RefCell;
use std::rc::Rc;

/// An interval value: an end point or a named dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ivl {
    Zero,
    One,
    Name(u64),
}

/// A cofibration over interval values.
pub(crate) type Equations = Vec<(Ivl, Ivl)>;

/// A simultaneous substitution of interval values for names.
#[derive(Clone, Debug)]
pub(crate) struct Sub(Rc<[(u64, Ivl)]>);

impl Sub {
    pub(crate) fn one(name: u64, value: Ivl) -> Self {
        Sub(Rc::new([(name, value)]))
    }

    pub(crate) fn apply(&self, v: Ivl) -> Ivl {
        match v {
            Ivl::Name(n) => self.0.iter().find(|(k, _)| *k == n).map_or(v, |(_, w)| *w),
            end => end,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The substitution that does `self` first and `outer` next, leaving the name `bound` alone.
    fn then(&self, outer: &Sub, bound: Option<u64>) -> Sub {
        let hidden = |k: u64| bound == Some(k) || self.0.iter().any(|own| own.0 == k);
        let kept = outer.0.iter().copied().filter(|other| !hidden(other.0));
        Sub(self.0.iter().map(|&(k, r)| (k, outer.apply(r))).chain(kept).collect())
    }

    fn with(&self, name: u64, value: Ivl) -> Sub {
        let mut all = self.0.to_vec();
        all.push((name, value));
        Sub(all.into())
    }

    pub(crate) fn on(&self, cof: &Equations) -> Equations {
        cof.iter().map(|(a, b)| (self.apply(*a), self.apply(*b))).collect()
    }

    /// The most general unifier of a cofibration (KERNEL.md section 1), idempotent; `None` when the cofibration is false.
    pub(crate) fn unify(cof: &Equations) -> Option<Sub> {
        let mut solved: Vec<(u64, Ivl)> = Vec::new();
        for (a, b) in cof {
            let now = Sub(solved.clone().into());
            let (name, value) = match (now.apply(*a), now.apply(*b)) {
                (x, y) if x == y => continue,
                (Ivl::Name(n), v) | (v, Ivl::Name(n)) => (n, v),
                _ => return None,
            };
            let step = Sub::one(name, value);
            for entry in &mut solved {
                entry.1 = step.apply(entry.1);
            }
            solved.push((name, value));
        }
        Some(Sub(solved.into()))
    }
}

/// Whether a cofibration is literally true at these values.
pub(crate) fn holds(cof: &Equations) -> bool {
    cof.iter().all(|(a, b)| a == b)
}

/// Values of the variables in scope, both kinds in one list; a substitution entry acts on everything further out.
#[derive(Clone, Debug)]
pub(crate) struct Env {
    /// Displacement added to every universe, constant and data type of a term read here.
    pub(crate) shift: u32,
    top: Option<Rc<Frame>>,
}

#[derive(Debug)]
struct Frame {
    entry: Entry,
    out: Option<Rc<Frame>>,
}

#[derive(Debug)]
enum Entry {
    Term(Clo),
    Dim(Ivl),
    Sub(Sub),
}

impl Env {
    pub(crate) fn empty(shift: u32) -> Self {
        Env { shift, top: None }
    }

    fn grow(&self, entry: Entry) -> Self {
        Env { shift: self.shift, top: Some(Rc::new(Frame { entry, out: self.top.clone() })) }
    }

    pub(crate) fn push(&self, c: Clo) -> Self {
        self.grow(Entry::Term(c))
    }

    pub(crate) fn push_dim(&self, r: Ivl) -> Self {
        self.grow(Entry::Dim(r))
    }

    pub(crate) fn act(&self, s: &Sub) -> Self {
        if s.is_empty() || self.top.is_none() { self.clone() } else { self.grow(Entry::Sub(s.clone())) }
    }

    /// The closure of a term variable, with the substitutions passed on the way, and what that cost: the way, and the square
    /// of the number of substitutions, which are put together one by one.
    pub(crate) fn var(&self, index: u32) -> Option<(Clo, u64)> {
        let (mut left, mut subs, mut at, mut way) = (index, Vec::new(), self.top.as_ref(), 0);
        while let Some(frame) = at {
            way += 1;
            match &frame.entry {
                Entry::Term(c) if left == 0 => {
                    let passed = u64::try_from(subs.len()).unwrap_or(u64::MAX);
                    let cost = passed.saturating_mul(passed).saturating_add(way);
                    return Some((subs.iter().rev().fold(c.clone(), |c, s| c.act(s)), cost));
                }
                Entry::Term(_) => left -= 1,
                Entry::Dim(_) => {}
                Entry::Sub(s) => subs.push(s.clone()),
            }
            at = frame.out.as_ref();
        }
        None
    }

    /// The value of an interval term and how long the way to it was; `None` when the index is out of scope.
    pub(crate) fn dim(&self, d: Dim) -> Option<(Ivl, u64)> {
        let mut left = match d {
            Dim::Zero => return Some((Ivl::Zero, 0)),
            Dim::One => return Some((Ivl::One, 0)),
            Dim::Var(k) => k,
        };
        let (mut subs, mut at, mut way) = (Vec::new(), self.top.as_ref(), 0);
        while let Some(frame) = at {
            way += 1;
            match &frame.entry {
                Entry::Dim(r) if left == 0 => {
                    return Some((subs.iter().rev().fold(*r, |r, s: &&Sub| s.apply(r)), way));
                }
                Entry::Dim(_) => left -= 1,
                Entry::Term(_) => {}
                Entry::Sub(s) => subs.push(s),
            }
            at = frame.out.as_ref();
        }
        None
    }

    pub(crate) fn same(&self, other: &Env) -> bool {
        self.shift == other.shift
            && match (&self.top, &other.top) {
                (None, None) => true,
                (Some(a), Some(b)) => Rc::ptr_eq(a, b),
                _ => false,
            }
    }
}

/// A shared closure.
pub(crate) type Clo = Rc<Closure>;

/// A delayed computation.
#[derive(Debug)]
pub(crate) enum Closure {
    /// A core term in an environment.
    Term(Term, Env),
    /// A delayed dimension substitution.
    Act(Clo, Sub),
    /// A free variable, by a number never used for another, with its type.
    Free {
        id: u64,
        ty: Clo,
    },
    /// The value of a `let`, with its type for the checker.
    Let {
        value: Clo,
        ty: Clo,
    },
    /// An argument: its weak head normal form is kept once it is known.
    Shared {
        once: Clo,
        kept: RefCell<Kept>,
    },
    /// A function given by its body.
    Fun(Bind),
    /// An element of a line given by its body.
    DFun(DBind),
    /// An eliminator waiting for its subject.
    Elim(Clo, Elim),
    Coe(Box<Coe>),
    HCom(Box<HCom>),
    /// The type of a branch of a data eliminator, after some of its arguments.
    Branch(Box<Branch>),
    /// The type of the recursive value at a field value of the given type.
    Ih {
        field: Clo,
        value: Clo,
        motive: Bind,
    },
}

/// Weak head normal forms of an argument, with the thresholds of unfolding that they belong to: the last one that has a folded
/// definition in the way, and one that has none, which unfolding more would not change.
pub(crate) type Kept = [Option<Rc<(u32, Whnf)>>; 2];

/// A closure waiting for a term.
#[derive(Clone, Debug)]
pub(crate) enum Bind {
    Term(Term, Env),
    /// The function that eliminates its argument.
    Elim(Rc<Elim>),
    Branch(Box<Branch>),
    Ih {
        field: Rc<Bind>,
        value: Clo,
        motive: Rc<Bind>,
    },
}

/// A closure waiting for an interval value.
#[derive(Clone, Debug)]
pub(crate) enum DBind {
    Term(Term, Env),
    /// The name is bound in `body`; `sub` acts together with what the name receives, so nothing can be captured.
    Abs {
        name: u64,
        body: Clo,
        sub: Sub,
    },
}

/// What a term can be taken apart by.
#[derive(Clone, Debug)]
pub(crate) enum Elim {
    App(Clo),
    Fst,
    Snd,
    LApp(Ivl),
    PApp(Clo, Clo, Ivl),
    Empty(Bind),
    /// Motive, case true, case false.
    Bool(Bind, Clo, Clo),
    /// Motive, case zero, case successor.
    Nat(Bind, Clo, Clo),
    /// Motive, case `IntPos`, case `IntNegSuc`.
    Int(Bind, Clo, Clo),
    /// Data type, parameters, motive, branches.
    Data(DataRef, Rc<[Clo]>, Rc<Bind>, Rc<[Clo]>),
    /// Base type and faces of the `Glue` type that is left.
    Unglue(Clo, Faces),
}

#[derive(Clone, Debug)]
pub(crate) struct Coe {
    pub(crate) from: Ivl,
    pub(crate) to: Ivl,
    pub(crate) line: DBind,
    pub(crate) arg: Clo,
}

#[derive(Clone, Debug)]
pub(crate) struct HCom {
    pub(crate) from: Ivl,
    pub(crate) to: Ivl,
    pub(crate) ty: Clo,
    pub(crate) sides: Vec<Side>,
    pub(crate) base: Clo,
}

/// One entry of a system: what is there where the cofibration holds.
#[derive(Clone, Debug)]
pub(crate) struct Side<T = DBind> {
    pub(crate) cof: Equations,
    pub(crate) body: T,
}

/// How two entries are compared under a substitution.
pub(crate) type Same<'s, T> = &'s dyn Fn(&Sub, &T, &T) -> crate::Res<bool>;

/// The faces of a `Glue` type: a type and its equivalence with the base.
pub(crate) type Faces = Rc<[Side<(Clo, Clo)>]>;

pub(crate) fn act_faces(faces: &Faces, s: &Sub) -> Faces {
    faces.iter().map(|f| Side { cof: s.on(&f.cof), body: (f.body.0.act(s), f.body.1.act(s)) }).collect()
}

/// Data type, constructor, parameters, motive, and the fields, recursive values and dimensions given so far.
#[derive(Clone, Debug)]
pub(crate) struct Branch {
    pub(crate) data: DataRef,
    pub(crate) con: u32,
    pub(crate) params: Rc<[Clo]>,
    pub(crate) motive: Rc<Bind>,
    pub(crate) given: Vec<Clo>,
    pub(crate) dims: Vec<Ivl>,
}

fn act_all(cs: &Rc<[Clo]>, s: &Sub) -> Rc<[Clo]> {
    cs.iter().map(|c| c.act(s)).collect()
}

/// What acts on shared closures; a trait only because `Rc` is not ours.
pub(crate) trait Delay {
    /// The closure after a substitution; constant time.
    fn act(&self, s: &Sub) -> Clo;
    /// Moves the substitution of an `Act` one layer inwards.
    fn push_in(&self, s: &Sub) -> Clo;
    fn elim(&self, e: Elim) -> Clo;
    /// The closure as an argument: it will be evaluated at most once. A value stands for itself.
    fn share(&self) -> Clo;
    /// Keeps the value of a shared closure.
    fn keep(&self, threshold: u32, w: &Whnf);
    /// Whether two closures are the same by construction, without looking inside.
    fn same(&self, other: &Clo) -> bool;
}

impl Delay for Clo {
    fn act(&self, s: &Sub) -> Clo {
        if s.is_empty() {
            return self.clone();
        }
        match &**self {
            Closure::Term(t, env) => Rc::new(Closure::Term(t.clone(), env.act(s))),
            Closure::Act(c, first) => Rc::new(Closure::Act(c.clone(), first.then(s, None))),
            _ => Rc::new(Closure::Act(self.clone(), s.clone())),
        }
    }

    fn push_in(&self, s: &Sub) -> Clo {
        Rc::new(match &**self {
            Closure::Term(t, env) => Closure::Term(t.clone(), env.act(s)),
            Closure::Act(c, first) => Closure::Act(c.clone(), first.then(s, None)),
            Closure::Free { id, ty } => Closure::Free { id: *id, ty: ty.act(s) },
            Closure::Let { value, ty } => Closure::Let { value: value.act(s), ty: ty.act(s) },
            Closure::Shared { once, .. } => return once.act(s).share(),
            Closure::Fun(b) => Closure::Fun(b.act(s)),
            Closure::DFun(b) => Closure::DFun(b.act(s)),
            Closure::Elim(c, e) => Closure::Elim(c.act(s), e.act(s)),
            Closure::Coe(c) => {
                let (from, to) = (s.apply(c.from), s.apply(c.to));
                Closure::Coe(Box::new(Coe { from, to, line: c.line.act(s), arg: c.arg.act(s) }))
            }
            Closure::HCom(h) => Closure::HCom(Box::new(HCom {
                from: s.apply(h.from),
                to: s.apply(h.to),
                ty: h.ty.act(s),
                sides: h.sides.iter().map(|x| Side { cof: s.on(&x.cof), body: x.body.act(s) }).collect(),
                base: h.base.act(s),
            })),
            Closure::Branch(b) => Closure::Branch(Box::new(b.act(s))),
            Closure::Ih { field, value, motive } => {
                Closure::Ih { field: field.act(s), value: value.act(s), motive: motive.act(s) }
            }
        })
    }

    fn elim(&self, e: Elim) -> Clo {
        Rc::new(Closure::Elim(self.clone(), e))
    }

    fn share(&self) -> Clo {
        let shared = || Rc::new(Closure::Shared { once: self.clone(), kept: RefCell::default() });
        match &**self {
            Closure::Term(t, _) => match &**t {
                Node::App(..) | Node::Fst(_) | Node::Snd(_) | Node::LApp(..) | Node::PApp(..) => shared(),
                Node::Let(..) | Node::Const { .. } | Node::Coe(..) | Node::HCom(..) => shared(),
                Node::EmptyElim(..) | Node::BoolElim(..) | Node::NatElim(..) | Node::IntElim(..) => shared(),
                Node::DataElim(..) | Node::Glue(..) | Node::GlueEl(..) | Node::Unglue(..) => shared(),
                Node::Con(.., dims) if !dims.is_empty() => shared(),
                _ => self.clone(),
            },
            Closure::Elim(..) | Closure::Coe(_) | Closure::HCom(_) => shared(),
            _ => self.clone(),
        }
    }

    fn keep(&self, threshold: u32, w: &Whnf) {
        if let Closure::Shared { kept, .. } = &**self {
            let [blocked, done] = &mut *kept.borrow_mut();
            *(if w.blocked().is_some() { blocked } else { done }) = Some(Rc::new((threshold, w.clone())));
        }
    }

    fn same(&self, other: &Clo) -> bool {
        Rc::ptr_eq(self, other)
            || match (&**self, &**other) {
                (Closure::Term(t, e), Closure::Term(u, f)) => Rc::ptr_eq(t, u) && e.same(f),
                (Closure::Free { id, .. }, Closure::Free { id: other, .. }) => id == other,
                (Closure::Shared { once, .. }, _) => once.same(other),
                (_, Closure::Shared { once, .. }) => self.same(once),
                _ => false,
            }
    }
}

impl Branch {
    /// The type of a whole branch.
    pub(crate) fn whole(data: DataRef, con: u32, params: &Rc<[Clo]>, motive: &Bind) -> Clo {
        let (params, motive) = (params.clone(), Rc::new(motive.clone()));
        let whole = Branch { data, con, params, motive, given: Vec::new(), dims: Vec::new() };
        Rc::new(Closure::Branch(Box::new(whole)))
    }

    fn act(&self, s: &Sub) -> Branch {
        Branch {
            data: self.data,
            con: self.con,
            params: act_all(&self.params, s),
            motive: Rc::new(self.motive.act(s)),
            given: self.given.iter().map(|c| c.act(s)).collect(),
            dims: self.dims.iter().map(|r| s.apply(*r)).collect(),
        }
    }
}

impl Bind {
    pub(crate) fn inst(&self, arg: Clo) -> Clo {
        match self {
            Bind::Term(t, env) => Rc::new(Closure::Term(t.clone(), env.push(arg))),
            Bind::Elim(e) => arg.elim((**e).clone()),
            Bind::Branch(b) => {
                let mut next = b.clone();
                next.given.push(arg);
                Rc::new(Closure::Branch(next))
            }
            Bind::Ih { field, value, motive } => Rc::new(Closure::Ih {
                field: field.inst(arg.clone()),
                value: value.elim(Elim::App(arg)),
                motive: (**motive).clone(),
            }),
        }
    }

    pub(crate) fn act(&self, s: &Sub) -> Bind {
        match self {
            Bind::Term(t, env) => Bind::Term(t.clone(), env.act(s)),
            Bind::Elim(e) => Bind::Elim(Rc::new(e.act(s))),
            Bind::Branch(b) => Bind::Branch(Box::new(b.act(s))),
            Bind::Ih { field, value, motive } => {
                Bind::Ih { field: Rc::new(field.act(s)), value: value.act(s), motive: Rc::new(motive.act(s)) }
            }
        }
    }
}

impl DBind {
    pub(crate) fn abs(name: u64, body: Clo) -> DBind {
        DBind::Abs { name, body, sub: Sub(Rc::new([])) }
    }

    pub(crate) fn inst(&self, r: Ivl) -> Clo {
        match self {
            DBind::Term(t, env) => Rc::new(Closure::Term(t.clone(), env.push_dim(r))),
            DBind::Abs { name, body, sub } => body.act(&sub.with(*name, r)),
        }
    }

    pub(crate) fn act(&self, s: &Sub) -> DBind {
        match self {
            DBind::Term(t, env) => DBind::Term(t.clone(), env.act(s)),
            DBind::Abs { name, body, sub } => {
                DBind::Abs { name: *name, body: body.clone(), sub: sub.then(s, Some(*name)) }
            }
        }
    }
}

impl Elim {
    fn act(&self, s: &Sub) -> Elim {
        match self {
            Elim::App(a) => Elim::App(a.act(s)),
            Elim::Fst => Elim::Fst,
            Elim::Snd => Elim::Snd,
            Elim::LApp(r) => Elim::LApp(s.apply(*r)),
            Elim::PApp(a, b, r) => Elim::PApp(a.act(s), b.act(s), s.apply(*r)),
            Elim::Empty(m) => Elim::Empty(m.act(s)),
            Elim::Bool(m, t, f) => Elim::Bool(m.act(s), t.act(s), f.act(s)),
            Elim::Nat(m, z, n) => Elim::Nat(m.act(s), z.act(s), n.act(s)),
            Elim::Int(m, p, n) => Elim::Int(m.act(s), p.act(s), n.act(s)),
            Elim::Data(d, ps, m, bs) => Elim::Data(*d, act_all(ps, s), Rc::new(m.act(s)), act_all(bs, s)),
            Elim::Unglue(a, faces) => Elim::Unglue(a.act(s), act_faces(faces, s)),
        }
    }
}
