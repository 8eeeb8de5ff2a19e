//! Terms as trees that the e-graph can hold: what may be rewritten are children, everything else is part of the shape.

use crate::scope::{Name, Named, Scope, Scopes, Stack, indexed};
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, Env, Machine, Res, V, Val};
use bfv_search::shift::rename;
use std::collections::HashMap;
use std::rc::Rc;

/// A node without its children.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A variable.
    Var(Name),
    /// A constant, an operation or a literal with arguments. One that the type of what follows depends on is part of the shape.
    Head(Term, Vec<Option<Named>>),
    /// A function that is no constant, and its argument.
    App,
    /// The same where the type of the result depends on the argument.
    AppTo(Named),
    /// A function: the name of its variable.
    Lam(Name),
    /// By a truth value, with the type of the cases: true, false, the value.
    Choice(Named),
    /// A pair whose second part has a type that does not depend on the first.
    Pair,
    /// First and second part.
    Fst,
    /// See `Fst`.
    Snd,
    /// A constructor with its parameters.
    Con(DataRef, u32, Vec<Named>),
    /// Anything else.
    Opaque(Named),
}

/// A term.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tree {
    pub shape: Rc<Shape>,
    pub children: Vec<Rc<Tree>>,
}

impl Tree {
    pub fn new(shape: Shape, children: Vec<Rc<Tree>>) -> Rc<Tree> {
        Rc::new(Tree { shape: Rc::new(shape), children })
    }

    /// An operation of the theory with its arguments.
    pub fn call(p: Prim, children: Vec<Rc<Tree>>) -> Rc<Tree> {
        let args = children.iter().map(|_| None).collect();
        Tree::new(Shape::Head(Rc::new(Node::Prim(p)), args), children)
    }

    /// A literal.
    pub fn literal(n: Node) -> Rc<Tree> {
        Tree::new(Shape::Head(Rc::new(n), Vec::new()), Vec::new())
    }

    /// The term, where the names on the stack are bound; none when a name has no place.
    pub fn term(&self, stack: &mut Stack) -> Option<Term> {
        let children = |stack: &mut Stack| self.children.iter().map(|c| c.term(stack)).collect::<Option<Vec<_>>>();
        if let Shape::Lam(name) = &*self.shape {
            stack.push(*name);
            let below = children(stack);
            stack.pop();
            return assemble(&self.shape, below?, stack);
        }
        let children = children(stack)?;
        assemble(&self.shape, children, stack)
    }
}

/// A term from a shape and the terms of its children.
pub fn assemble(shape: &Shape, children: Vec<Term>, stack: &[Name]) -> Option<Term> {
    let mut children = children.into_iter();
    let node = match shape {
        Shape::Var(name) => return indexed(stack, &Rc::new(Node::Var(*name))),
        Shape::Head(head, args) => {
            let mut t = head.clone();
            for arg in args {
                let a = match arg {
                    Some(a) => indexed(stack, a)?,
                    None => children.next()?,
                };
                t = Rc::new(Node::App(t, a));
            }
            return Some(t);
        }
        Shape::App => Node::App(children.next()?, children.next()?),
        Shape::AppTo(a) => Node::App(children.next()?, indexed(stack, a)?),
        Shape::Lam(_) => Node::Lam(children.next()?),
        Shape::Choice(ty) => {
            // The motive binds the value, which the type does not mention.
            let motive = rename(&indexed(stack, ty)?, 0, 0, &mut |n| n.checked_add(1), &mut Some)?;
            Node::BoolElim(motive, children.next()?, children.next()?, children.next()?)
        }
        Shape::Pair => Node::Pair(children.next()?, children.next()?),
        Shape::Fst => Node::Fst(children.next()?),
        Shape::Snd => Node::Snd(children.next()?),
        Shape::Con(d, c, params) => {
            let params = params.iter().map(|p| indexed(stack, p)).collect::<Option<_>>()?;
            Node::Con(*d, *c, params, children.collect(), Vec::new())
        }
        Shape::Opaque(t) => return indexed(stack, t),
    };
    Some(Rc::new(node))
}

/// What `f` does to a value, where that does not depend on it.
fn constant(m: &Machine<'_>, ctx: &Ctx, dom: &V, cod: &Clo) -> Res<bool> {
    if matches!(cod, Clo::Const(_)) {
        return Ok(true);
    }
    let (inner, x) = m.bind(ctx, dom.clone());
    Ok(outside(&m.quote(&inner, &m.inst(cod, x))?).is_some())
}

/// A term under one variable that it does not mention, outside of it.
fn outside(t: &Term) -> Option<Term> {
    rename(t, 0, 0, &mut |i| i.checked_sub(1), &mut Some)
}

/// Turns terms into trees.
#[derive(Default)]
pub struct Reader {
    /// Whether the type of what follows depends on an argument of a constant, by the constant and the place of the argument.
    constant: HashMap<(Term, usize), bool>,
}

impl Reader {
    /// A value of a type in a scope.
    pub fn value(
        &mut self,
        m: &Machine<'_>,
        scopes: &mut Scopes,
        scope: Scope,
        v: &V,
        ty: &V,
    ) -> Res<Option<Rc<Tree>>> {
        let t = m.quote(scopes.ctx(scope), v)?;
        self.read(m, scopes, scope, &t, ty)
    }

    /// A term as the kernel reads values back, in a scope, of a type. Functions become functions of a named variable.
    /// None where a name has no place.
    pub fn read(
        &mut self,
        m: &Machine<'_>,
        scopes: &mut Scopes,
        scope: Scope,
        t: &Term,
        ty: &V,
    ) -> Res<Option<Rc<Tree>>> {
        match &*m.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let (inner, name, x) = scopes.bind(m, scope, dom)?;
                let body = match &**t {
                    Node::Lam(body) => body.clone(),
                    _ => match rename(t, 0, 0, &mut |i| i.checked_add(1), &mut Some) {
                        Some(f) => Rc::new(Node::App(f, Rc::new(Node::Var(0)))),
                        None => return Ok(None),
                    },
                };
                let body = self.read(m, scopes, inner, &body, &m.inst(cod, x))?;
                Ok(body.map(|b| Tree::new(Shape::Lam(name), vec![b])))
            }
            Val::Sigma(a, b) => {
                let ctx = scopes.ctx(scope).clone();
                let Node::Pair(x, y) = &**t else { return Ok(self.spine(m, scopes, scope, t)?.map(|(tree, _)| tree)) };
                if !constant(m, &ctx, a, b)? {
                    return Ok(self.opaque(scopes, scope, t));
                }
                let second = m.inst(b, m.eval(&ctx.env, x));
                let (x, y) = (self.read(m, scopes, scope, x, a)?, self.read(m, scopes, scope, y, &second)?);
                Ok(x.zip(y).map(|(x, y)| Tree::new(Shape::Pair, vec![x, y])))
            }
            _ => Ok(self.spine(m, scopes, scope, t)?.map(|(tree, _)| tree)),
        }
    }

    fn opaque(&self, scopes: &Scopes, scope: Scope, t: &Term) -> Option<Rc<Tree>> {
        Some(Tree::new(Shape::Opaque(scopes.named(scope, t)?), Vec::new()))
    }

    /// A term that is no function, and its type where the term can be applied.
    fn spine(
        &mut self,
        m: &Machine<'_>,
        scopes: &mut Scopes,
        scope: Scope,
        t: &Term,
    ) -> Res<Option<(Rc<Tree>, Option<V>)>> {
        let ctx = scopes.ctx(scope).clone();
        let (mut head, mut args) = (t, Vec::new());
        while let Node::App(f, a) = &**head {
            args.push(a);
            head = f;
        }
        args.reverse();
        match &**head {
            Node::Const { .. } | Node::Prim(_) | Node::NatLit(_) | Node::IntLit(_) | Node::RealLit(_) => {
                let mut ty = m.infer(&ctx, head)?;
                let (mut shape, mut children) = (Vec::new(), Vec::new());
                for (n, a) in args.into_iter().enumerate() {
                    let w = m.whnf(&ty)?;
                    let Val::Pi(dom, cod) = &*w else { return Ok(None) };
                    let key = (head.clone(), n);
                    let free = match self.constant.get(&key) {
                        Some(known) => *known,
                        None => {
                            let found = constant(m, &ctx, dom, cod)?;
                            self.constant.insert(key, found);
                            found
                        }
                    };
                    if free && !matches!(&*m.whnf(dom)?, Val::Univ(_)) {
                        let Some(child) = self.read(m, scopes, scope, a, dom)? else { return Ok(None) };
                        children.push(child);
                        shape.push(None);
                    } else {
                        let Some(a) = scopes.named(scope, a) else { return Ok(None) };
                        shape.push(Some(a));
                    }
                    ty = m.inst(cod, m.eval(&ctx.env, a));
                }
                Ok(Some((Tree::new(Shape::Head(head.clone(), shape), children), Some(ty))))
            }
            _ => {
                let Some((mut tree, mut ty)) = self.head(m, scopes, scope, head)? else { return Ok(None) };
                for a in args {
                    let Some(of) = &ty else { return Ok(self.opaque(scopes, scope, t).map(|o| (o, None))) };
                    let w = m.whnf(of)?;
                    let Val::Pi(dom, cod) = &*w else { return Ok(None) };
                    tree = if constant(m, &ctx, dom, cod)? {
                        let Some(child) = self.read(m, scopes, scope, a, dom)? else { return Ok(None) };
                        Tree::new(Shape::App, vec![tree, child])
                    } else {
                        let Some(a) = scopes.named(scope, a) else { return Ok(None) };
                        Tree::new(Shape::AppTo(a), vec![tree])
                    };
                    ty = Some(m.inst(cod, m.eval(&ctx.env, a)));
                }
                Ok(Some((tree, ty)))
            }
        }
    }

    /// What is applied, if it is no constant.
    fn head(
        &mut self,
        m: &Machine<'_>,
        scopes: &mut Scopes,
        scope: Scope,
        t: &Term,
    ) -> Res<Option<(Rc<Tree>, Option<V>)>> {
        let ctx = scopes.ctx(scope).clone();
        Ok(match &**t {
            Node::Var(_) => {
                let ty = m.infer(&ctx, t)?;
                let Some(named) = scopes.named(scope, t) else { return Ok(None) };
                let Node::Var(name) = &*named else { return Ok(None) };
                Some((Tree::new(Shape::Var(*name), Vec::new()), Some(ty)))
            }
            Node::Fst(p) | Node::Snd(p) => {
                let first = matches!(&**t, Node::Fst(_));
                let Some((tree, Some(of))) = self.spine(m, scopes, scope, p)? else {
                    return Ok(self.opaque(scopes, scope, t).map(|o| (o, None)));
                };
                let w = m.whnf(&of)?;
                let Val::Sigma(a, b) = &*w else { return Ok(None) };
                if !first && !constant(m, &ctx, a, b)? {
                    return Ok(self.opaque(scopes, scope, t).map(|o| (o, None)));
                }
                let ty = if first { a.clone() } else { m.inst(b, m.fst(&m.eval(&ctx.env, p))) };
                Some((Tree::new(if first { Shape::Fst } else { Shape::Snd }, vec![tree]), Some(ty)))
            }
            Node::BoolElim(motive, yes, no, c) => {
                let Some(ty) = outside(motive) else {
                    return Ok(self.opaque(scopes, scope, t).map(|o| (o, None)));
                };
                let of = m.eval(&ctx.env, &ty);
                // A choice between functions is a function that chooses; only data is compared here.
                if matches!(&*m.whnf(&of)?, Val::Pi(..) | Val::Univ(_)) {
                    return Ok(self.opaque(scopes, scope, t).map(|o| (o, None)));
                }
                let bool_type = m.value(Val::Prim(Prim::Bool));
                let (Some(yes), Some(no), Some(c), Some(ty)) = (
                    self.read(m, scopes, scope, yes, &of)?,
                    self.read(m, scopes, scope, no, &of)?,
                    self.read(m, scopes, scope, c, &bool_type)?,
                    scopes.named(scope, &ty),
                ) else {
                    return Ok(None);
                };
                Some((Tree::new(Shape::Choice(ty), vec![yes, no, c]), Some(of)))
            }
            Node::Con(d, c, params, fields, dims) if dims.is_empty() => {
                let env = params.iter().fold(Env::default(), |mut env, p| {
                    env.terms = env.terms.push(m.eval(&ctx.env, p));
                    env
                });
                let plain = m.globals().data(d.id).and_then(|decl| {
                    let types = &decl.constructors.get(usize::try_from(*c).ok()?)?.fields;
                    // The type of a field, where it mentions no earlier one, in the scope of the parameters.
                    let closed =
                        (0u32..).zip(types).map(|(n, ty)| rename(ty, 0, 0, &mut |i| i.checked_sub(n), &mut Some));
                    closed.collect::<Option<Vec<_>>>()
                });
                let (Some(types), 0) = (plain, d.shift) else {
                    return Ok(self.opaque(scopes, scope, t).map(|o| (o, None)));
                };
                let mut children = Vec::new();
                for (x, ty) in fields.iter().zip(&types) {
                    let Some(child) = self.read(m, scopes, scope, x, &m.eval(&env, ty))? else { return Ok(None) };
                    children.push(child);
                }
                let params = params.iter().map(|p| scopes.named(scope, p)).collect::<Option<Vec<_>>>();
                params.map(|params| (Tree::new(Shape::Con(*d, *c, params), children), None))
            }
            _ => self.opaque(scopes, scope, t).map(|o| (o, None)),
        })
    }
}
