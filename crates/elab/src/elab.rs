//! The elaborator of one declaration: metavariables, errors, coercions. Expressions are in `expr.rs` and its siblings.

use crate::context::{Entry, Local};
use crate::names::Names;
use crate::scratch::Scratch;
use crate::show;
use crate::tactic::Goal;
use crate::unify::Postponed;
use crate::walk;
use bfv_diag::Span;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Clo, Machine, Refusal, Res, V, Val};
use bfv_search::{Engine, Lemma, Memo, Wish};
use bfv_syntax::tree::Script;
use num_bigint::BigUint;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// What kind of mistake was found; the driver gives each a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    UnknownName,
    AmbiguousName,
    TypeMismatch,
    NotAFunction,
    NotAType,
    NotAProposition,
    CannotInfer,
    Unsupported,
    BadPattern,
    TacticFailed,
    GoalsLeft,
    BadAttribute,
    BadWitness,
    Duplicate,
    Hole,
    UnknownModule,
    Refused,
    Limit,
    UnitMismatch,
    BadUnit,
}

/// A mistake in the source, with what, where, why and how to mend it.
#[derive(Clone, Debug)]
pub struct Problem {
    /// What kind of mistake.
    pub kind: Kind,
    /// Where.
    pub span: Span,
    /// What and why.
    pub message: String,
    /// How to mend it.
    pub fix: Option<String>,
    /// Further mistakes of the same declaration.
    pub also: Vec<Problem>,
    /// Another place that matters, and what is there.
    pub see: Option<(Span, String)>,
}

/// Result of elaboration.
pub type R<T> = Result<T, Box<Problem>>;

/// A term with its type.
#[derive(Clone)]
pub struct Typed {
    pub term: Term,
    pub ty: V,
}

/// A proof script that waits until the terms around it are known.
pub struct PendingScript {
    pub local: Local,
    pub ty: V,
    pub meta: u32,
    pub script: Script,
}

/// A metavariable that must be solved in the end: where it came from and what it stands for.
pub struct Origin {
    pub meta: u32,
    pub span: Span,
    pub what: String,
}

/// A hole that the author left, `?name` or `_`: its goal is shown when nothing fills it.
pub struct HoleAt {
    pub name: Option<String>,
    pub meta: u32,
    pub span: Span,
    pub local: Local,
    pub ty: V,
}

/// Recursion in pattern clauses: a call of `name` on the variable at `level` stands for the value at `hypothesis`.
#[derive(Clone)]
pub struct Recursion {
    pub name: String,
    /// Arguments before the one recursed on: they must be passed on unchanged (levels).
    pub fixed: Vec<u32>,
    /// Level of the smaller variable, level of the induction hypothesis.
    pub calls: Vec<(u32, u32)>,
    /// How many of the fixed parameters are implicit in calls.
    pub implicit: Vec<bool>,
}

/// The elaborator of one declaration.
pub struct Elab<'s> {
    pub scratch: &'s Scratch<'s>,
    pub m: Machine<'s>,
    pub names: &'s Names,
    pub engines: Engines<'s>,
    pub lemmas: &'s [Lemma],
    pub postponed: RefCell<Vec<Postponed>>,
    pub scripts: RefCell<Vec<PendingScript>>,
    pub origins: RefCell<Vec<Origin>>,
    pub holes: RefCell<Vec<HoleAt>>,
    pub recursion: RefCell<Vec<Recursion>>,
    /// The name that was last given to a variable at each level: for messages about a context whose names are lost.
    pub level_names: RefCell<Vec<String>>,
    /// Whether constants use partial operations, as far as it was asked.
    pub partial_known: RefCell<BTreeMap<u32, bool>>,
    /// Where goals that scripts leave are collected, each with the script that left it. Nothing where a goal that is left is a mistake.
    pub left: RefCell<Option<Vec<(Goal, Span)>>>,
}

/// Engines that tactics call.
#[derive(Clone, Copy)]
pub struct Engines<'s> {
    /// `arith`
    pub arith: &'s dyn Engine,
    /// `auto`
    pub auto: &'s dyn Engine,
    /// `box`
    pub boxes: &'s dyn Engine,
    /// Step budget of one call.
    pub steps: u64,
    /// Set where nobody waits for what they find.
    pub wish: Option<&'s Wish>,
    /// What they answered before.
    pub memo: Option<&'s Rc<Memo>>,
}

impl Problem {
    /// A mistake without further places.
    pub fn new(kind: Kind, span: Span, message: impl Into<String>, fix: impl Into<String>) -> Box<Problem> {
        let (message, fix) = (message.into(), Some(fix.into()));
        Box::new(Problem { kind, span, message, fix, also: Vec::new(), see: None })
    }
}

pub fn problem<T>(kind: Kind, span: Span, message: impl Into<String>, fix: impl Into<String>) -> R<T> {
    Err(Problem::new(kind, span, message, fix))
}

impl Elab<'_> {
    /// A refusal of the evaluator at a place of the source.
    pub fn at<T>(&self, span: Span, r: Res<T>) -> R<T> {
        r.map_err(|Refusal { reason, detail }| {
            if reason == "budget" {
                let message = format!("This is too large to be computed. {detail}");
                return Problem::new(Kind::Limit, span, message, "Make the numbers or the expression smaller.");
            }
            let message = format!("The evaluator stopped: {reason}. {detail}");
            Problem::new(Kind::Refused, span, message, "Change the expression, or state its parts on their own.")
        })
    }

    pub fn ev(&self, local: &Local, t: &Term) -> V {
        self.m.eval(&local.ctx.env, t)
    }

    pub fn quote(&self, local: &Local, span: Span, v: &V) -> R<Term> {
        self.at(span, self.m.quote(&local.ctx, v))
    }

    pub fn whnf(&self, span: Span, v: &V) -> R<Rc<Val>> {
        self.at(span, self.m.whnf(v))
    }

    /// A new metavariable of a type, applied to the context.
    pub fn meta(&self, local: &Local, span: Span, ty: &V, what: &str) -> R<(Term, u32)> {
        let ty = self.quote(local, span, ty)?;
        let id = self.scratch.meta(local.close_type(&ty), local.fixed());
        self.origins.borrow_mut().push(Origin { meta: id, span, what: what.to_owned() });
        Ok((local.applied(Rc::new(Node::Const { id, shift: 0 })), id))
    }

    /// Solves a metavariable by a term in the context that it was made in.
    pub fn assign(&self, local: &Local, meta: u32, t: &Term) {
        self.scratch.assign(meta, local.close(t));
    }

    pub fn prim(&self, p: Prim) -> V {
        self.m.value(Val::Prim(p))
    }

    /// Extends the context by a variable whose type is known as a value.
    pub fn bind(&self, local: &Local, span: Span, name: &str, ty: &V) -> R<(Local, V)> {
        let term = self.quote(local, span, ty)?;
        Ok(self.bind_term(local, name, &term, ty))
    }

    /// Extends the context by a variable whose type is known as a term and as a value.
    pub fn bind_term(&self, local: &Local, name: &str, term: &Term, ty: &V) -> (Local, V) {
        let (ctx, x) = self.m.bind(&local.ctx, ty.clone());
        let mut names = self.level_names.borrow_mut();
        names.truncate(local.ctx.types.len());
        names.resize(local.ctx.types.len(), "_".to_owned());
        names.push(name.to_owned());
        (local.push(ctx, Entry::Var { name: name.to_owned(), ty: term.clone() }), x)
    }

    /// Extends the context by a dimension.
    pub fn bind_dim(&self, local: &Local, name: &str) -> (Local, bfv_kernel::Name) {
        let (ctx, i) = self.m.bind_dim(&local.ctx);
        (local.push(ctx, Entry::Dim { name: name.to_owned() }), i)
    }

    /// A term in words of the source.
    pub fn show(&self, local: &Local, v: &V) -> String {
        match self.m.quote(&local.ctx, v) {
            Ok(t) => self.show_term(local, &t),
            Err(_) => "a term too large to show".to_owned(),
        }
    }

    pub fn show_term(&self, local: &Local, t: &Term) -> String {
        let t = walk::zonk(self.scratch, t, &mut None);
        let mut names = local.names();
        if names.len() < local.ctx.types.len() {
            names = self.level_names.borrow().iter().take(local.ctx.types.len()).cloned().collect();
        }
        show::show(&t, self.names, &names, &[])
    }

    /// Makes a term of one type fit another: by unification, or by an embedding of numbers.
    pub fn coerce(&self, local: &Local, span: Span, t: Typed, expected: &V) -> R<Term> {
        if self.at(span, self.m_try_subtype(local, &t.ty, expected))? {
            return Ok(t.term);
        }
        if self.on_a_space(span, expected)?
            && let Some(tupled) = self.uncurried(local, span, &t)?
            && self.at(span, self.m_try_subtype(local, &tupled.ty, expected))?
        {
            return Ok(tupled.term);
        }
        let (from, to) = (self.whnf(span, &t.ty)?, self.whnf(span, expected)?);
        if let (Val::Prim(a), Val::Prim(b)) = (&*from, &*to)
            && let Some(f) = embedding(*a, *b)
        {
            return Ok(Rc::new(Node::App(Rc::new(Node::Prim(f)), t.term)));
        }
        if let (Val::Prim(Prim::Bool), Val::Univ(_)) = (&*from, &*to) {
            return Ok(is_true(t.term));
        }
        let (found, wanted) = (self.show(local, &t.ty), self.show(local, expected));
        problem(
            Kind::TypeMismatch,
            span,
            format!("This has type `{found}`, but `{wanted}` is needed here."),
            match (&*from, &*to) {
                (Val::Prim(Prim::Nat | Prim::Int | Prim::Real), _) if wanted.starts_with("Vec ") => {
                    "Give a vector, such as `[x, y]`. For two numbers there are `max2` and `min2`."
                }
                (Val::Sigma(..), Val::Sigma(..)) => "Give a pair whose parts have these types.",
                (Val::Sigma(..), _) => "Write arguments without commas, as in `f x y`.",
                (Val::Pi(..), _) if wanted.starts_with("Fin ") => "Write a position without brackets, as in `x 0`.",
                (Val::Pi(..), Val::Prim(Prim::Nat | Prim::Int | Prim::Real)) if found.starts_with("Vec ") => {
                    "Take one element, as in `x i`, or a sum, as in `sum i, x i`."
                }
                _ => "Give a term of that type, or change the statement.",
            },
        )
    }

    fn m_try_subtype(&self, local: &Local, a: &V, b: &V) -> Res<bool> {
        let (mark, waiting) = (self.scratch.mark(), self.postponed.borrow().len());
        let done = self.unify_subtype(&local.ctx, a, b);
        if !matches!(done, Ok(true)) {
            self.scratch.rollback(mark);
            self.postponed.borrow_mut().truncate(waiting);
        }
        done
    }

    /// `n` successors of a value.
    pub fn successors(&self, n: BigUint, x: &V) -> V {
        if n == BigUint::ZERO { x.clone() } else { self.m.value(Val::Suc(n, x.clone())) }
    }

    /// The type of the successor case of an eliminator of Nat.
    pub fn nat_step_type(&self, motive: &Clo) -> V {
        let var = |n| Rc::new(Node::Var(n));
        let nat = Rc::new(Node::Prim(Prim::Nat));
        let suc = Rc::new(Node::App(Rc::new(Node::Prim(Prim::Suc)), var(1)));
        let step = Rc::new(Node::Pi(
            nat,
            Rc::new(Node::Pi(Rc::new(Node::App(var(1), var(0))), Rc::new(Node::App(var(2), suc)))),
        ));
        let mut env = bfv_kernel::Env::default();
        env.terms = env.terms.push(self.m.value(Val::Lam(motive.clone())));
        self.m.eval(&env, &step)
    }

    /// A library constant that the elaborator itself uses.
    pub fn library(&self, span: Span, full: &str) -> R<Term> {
        match self.names.library(full).and_then(|g| g.target.term()) {
            Some(t) => Ok(t),
            None => {
                let module = full.rsplit_once('.').map_or(full, |(m, _)| m);
                problem(
                    Kind::UnknownModule,
                    span,
                    format!("This needs `{full}`, which is not loaded."),
                    format!("Add `import {module}` at the top of the file."),
                )
            }
        }
    }
}

/// The statement that a Bool is true.
pub fn is_true(b: Term) -> Term {
    Rc::new(Node::Path(Rc::new(Node::Prim(Prim::Bool)), b, Rc::new(Node::Prim(Prim::True))))
}

/// The embedding from one number type into another.
pub fn embedding(from: Prim, to: Prim) -> Option<Prim> {
    match (from, to) {
        (Prim::Nat, Prim::Int) => Some(Prim::IntPos),
        (Prim::Nat, Prim::Real) => Some(Prim::RealOfNat),
        (Prim::Int, Prim::Real) => Some(Prim::RealOfInt),
        _ => None,
    }
}
