//! Codes of spaces: `std.space.El` of an unknown code is solved by reading the code off the other type, and a curried function
//! is taken as one of a product. Untrusted, like all of elaboration: the statement with its codes is what is stored and shown.

use crate::context::Local;
use crate::elab::{Elab, R, Typed};
use crate::walk::{self, Argument};
use bfv_diag::Span;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, Elim, Head, META_BASE, Neutral, Res, V, Val};
use bfv_syntax::tree::Binder;
use std::rc::Rc;

impl Elab<'_> {
    /// The arguments of a library constant that a value is an application of, without unfolding it.
    fn applied_to(&self, v: &V, full: &str) -> Res<Option<Vec<V>>> {
        let folded = self.m.folded(v)?;
        let Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) = &*folded else { return Ok(None) };
        if self.names.library(full).and_then(|g| g.target.term()).as_deref() != Some(&Node::Const { id: *id, shift: 0 })
        {
            return Ok(None);
        }
        let args = spine.iter().map(|e| if let Elim::App(a) = e { Some(a.clone()) } else { None });
        Ok(args.collect())
    }

    /// The code that a type is the space of, when it is `El` of one.
    fn code_argument(&self, ty: &V) -> Res<Option<V>> {
        Ok(self.applied_to(ty, "std.space.El")?.and_then(|args| match args.as_slice() {
            [code] => Some(code.clone()),
            _ => None,
        }))
    }

    fn is_unknown(&self, v: &V) -> Res<bool> {
        Ok(matches!(&*self.m.folded(v)?, Val::Neutral(Neutral { head: Head::Const(id, _), .. })
            if *id >= META_BASE && !self.scratch.is_solved(*id)))
    }

    /// A constructor of `std.space.Space`.
    fn space(&self, name: &str, fields: Vec<Term>) -> Option<Term> {
        match self.names.library(&format!("std.space.{name}"))?.target {
            crate::names::Target::Con(id, c) => {
                Some(Rc::new(Node::Con(bfv_format::DataRef { id, shift: 0 }, c, Vec::new(), fields, Vec::new())))
            }
            _ => None,
        }
    }

    /// The code of a type: numbers, vectors and pairs of them, and spaces whose code is known.
    pub fn code_of(&self, ctx: &Ctx, ty: &V) -> Res<Option<Term>> {
        if let Some(code) = self.code_argument(ty)? {
            return Ok(if self.is_unknown(&code)? { None } else { Some(self.m.quote(ctx, &code)?) });
        }
        if let Some(args) = self.applied_to(ty, "std.vec.Vec")?
            && let [length, element] = args.as_slice()
        {
            let Some(of) = self.code_of(ctx, element)? else { return Ok(None) };
            return Ok(self.space("Vector", vec![self.m.quote(ctx, length)?, of]));
        }
        let star = || Rc::new(Node::Prim(Prim::Star));
        let under = |dom: &V, cod: &bfv_kernel::Clo| -> Res<Option<Term>> {
            let (inner, x) = self.m.bind(ctx, dom.clone());
            let code = self.code_of(&inner, &self.m.inst(cod, x))?;
            Ok(code.filter(|c| !walk::mentions(c, 0)).map(|c| walk::instantiate(&c, &[star()], &[])))
        };
        Ok(match &*self.m.whnf(ty)? {
            Val::Prim(Prim::Real) => self.space("R", Vec::new()),
            Val::Sigma(left, right) => match (self.code_of(ctx, left)?, under(left, right)?) {
                (Some(l), Some(r)) => self.space("Product", vec![l, r]),
                _ => None,
            },
            Val::Pi(dom, cod) => match self.applied_to(dom, "std.fin.Fin")?.as_deref() {
                Some([length]) => match under(dom, cod)? {
                    Some(of) => self.space("Vector", vec![self.m.quote(ctx, length)?, of]),
                    None => None,
                },
                _ => None,
            },
            _ => None,
        })
    }

    /// `El ?s = A`: the unknown code becomes the code of A. `None` when neither side is of that form.
    pub fn unify_code(&self, ctx: &Ctx, a: &V, b: &V) -> Res<Option<bool>> {
        for (x, y) in [(a, b), (b, a)] {
            if let Some(code) = self.code_argument(x)?
                && self.is_unknown(&code)?
                && self.code_argument(y)?.is_none()
            {
                let space = self.names.library("std.space.Space").and_then(|g| g.target.data());
                let (Some(found), Some(space)) = (self.code_of(ctx, y)?, space) else {
                    // Functions of anything but positions have no code, whatever is found out later.
                    if let Val::Pi(dom, _) = &*self.m.whnf(y)?
                        && !self.is_unknown(dom)?
                        && self.applied_to(dom, "std.fin.Fin")?.is_none()
                    {
                        return Ok(Some(false));
                    }
                    continue;
                };
                let space = self.m.value(Val::Data(space, Rc::new([])));
                return self.unify(ctx, &space, &code, &self.m.eval(&ctx.env, &found)).map(Some);
            }
        }
        Ok(None)
    }

    /// Whether a type is that of functions from a space.
    pub fn on_a_space(&self, span: Span, ty: &V) -> R<bool> {
        match &*self.whnf(span, ty)? {
            Val::Pi(dom, _) => Ok(self.at(span, self.code_argument(dom))?.is_some()),
            _ => Ok(false),
        }
    }

    /// Whether the arguments of `fun` are read off the function itself: the space is not known yet, or there are more arguments
    /// than a function from the space has.
    pub fn takes_a_tuple(&self, local: &Local, span: Span, bs: &[Binder], ty: &V) -> R<bool> {
        let w = self.whnf(span, ty)?;
        let Val::Pi(dom, cod) = &*w else { return Ok(false) };
        let Some(code) = self.at(span, self.code_argument(dom))? else { return Ok(false) };
        if self.at(span, self.is_unknown(&code))? {
            return Ok(true);
        }
        let several = bs.iter().map(|b| b.names.len()).sum::<usize>() > 1;
        let (_, x) = self.m.bind(&local.ctx, dom.clone());
        Ok(several && !matches!(&*self.whnf(span, &self.m.inst(cod, x))?, Val::Pi(..)))
    }

    /// A function of several arguments as a function of their tuple, where a function from a space is needed.
    pub fn uncurried(&self, local: &Local, span: Span, t: &Typed) -> R<Option<Typed>> {
        let mut codes = Vec::new();
        let (mut inner, mut ty) = (local.clone(), t.ty.clone());
        let result = loop {
            if !codes.is_empty()
                && let Some(code) = self.at(span, self.code_of(&inner.ctx, &ty))?
            {
                break code;
            }
            let w = self.whnf(span, &ty)?;
            let Val::Pi(dom, cod) = &*w else { return Ok(None) };
            let Some(code) = self.at(span, self.code_of(&inner.ctx, dom))? else { return Ok(None) };
            let (next, x) = self.bind(&inner, span, "_", dom)?;
            codes.push(code);
            ty = self.m.inst(cod, x);
            inner = next;
        };
        // The codes must not depend on the arguments before them.
        let mut closed = Vec::new();
        for (n, code) in codes.iter().chain([&result]).enumerate() {
            if (0..n).any(|i| walk::mentions(code, u32::try_from(i).unwrap_or(u32::MAX))) {
                return Ok(None);
            }
            let star: Term = Rc::new(Node::Prim(Prim::Star));
            closed.push(walk::instantiate(code, &vec![star; n], &[]));
        }
        let (Some(result), Some(last)) = (closed.pop(), closed.pop()) else { return Ok(None) };
        if closed.is_empty() {
            return Ok(None);
        }
        let mut point: Term = Rc::new(Node::Var(0));
        let mut args = Vec::new();
        for _ in &closed {
            args.push(Argument::Term(Rc::new(Node::Fst(point.clone()))));
            point = Rc::new(Node::Snd(point));
        }
        args.push(Argument::Term(point));
        let body = walk::apply(&crate::expr::up(&t.term), &args);
        let mut tuple = last;
        for code in closed.into_iter().rev() {
            let Some(pair) = self.space("Product", vec![code, tuple]) else { return Ok(None) };
            tuple = pair;
        }
        let el = self.library(span, "std.space.El")?;
        let space = |code: Term| Rc::new(Node::App(el.clone(), code));
        let ty = Rc::new(Node::Pi(space(tuple), crate::expr::up(&space(result))));
        Ok(Some(Typed { term: Rc::new(Node::Lam(body)), ty: self.ev(local, &ty) }))
    }
}
