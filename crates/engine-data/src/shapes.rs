//! Types whose values can be gone through, as a table.

use crate::eval::Tree;
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Ctx, Machine, Res, V, Val};
use std::collections::HashMap;
use std::rc::Rc;

/// A type.
#[derive(Clone, Debug)]
pub enum Shape {
    Bool,
    Unit,
    Nat,
    Int,
    Pair(usize, usize),
    /// A function, and whether its values differ by its arguments.
    Fun(usize, usize, bool),
    /// A data type, its parameters, and the shapes of the fields of each constructor.
    Data(DataRef, Vec<Term>, Vec<Vec<usize>>),
    /// Being read.
    Open,
}

/// All types that were met.
#[derive(Default)]
pub struct Shapes {
    all: Vec<Shape>,
    known: HashMap<Term, Option<usize>>,
    /// The least value of each shape, where there is one.
    least: Vec<Option<Tree>>,
}

/// A value as a term without variables.
pub fn closed(m: &Machine<'_>, ctx: &Ctx, v: &V) -> Res<Option<Term>> {
    let t = m.quote(ctx, v)?;
    Ok(bfv_search::shift::rename(&t, 0, 0, &mut |_| None, &mut |_| None))
}

impl Shapes {
    pub fn get(&self, n: usize) -> Option<&Shape> {
        self.all.get(n)
    }

    /// Whether data stands in a type.
    pub fn has_data(&self, n: usize) -> bool {
        match self.get(n) {
            Some(Shape::Data(..)) => true,
            Some(Shape::Pair(a, b) | Shape::Fun(a, b, _)) => self.has_data(*a) || self.has_data(*b),
            _ => false,
        }
    }

    /// The shape of a type; none where its values cannot be gone through.
    pub fn of(&mut self, m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<Option<usize>> {
        let Some(key) = closed(m, ctx, ty)? else { return Ok(None) };
        if let Some(found) = self.known.get(&key) {
            return Ok(*found);
        }
        let n = self.all.len();
        self.all.push(Shape::Open);
        self.known.insert(key.clone(), Some(n));
        let Some(shape) = self.read(m, ctx, ty)? else {
            self.known.insert(key, None);
            return Ok(None);
        };
        if let Some(slot) = self.all.get_mut(n) {
            *slot = shape;
        }
        Ok(Some(n))
    }

    fn read(&mut self, m: &Machine<'_>, ctx: &Ctx, ty: &V) -> Res<Option<Shape>> {
        Ok(Some(match &*m.whnf(ty)? {
            Val::Prim(Prim::Bool) => Shape::Bool,
            Val::Prim(Prim::Unit) => Shape::Unit,
            Val::Prim(Prim::Nat) => Shape::Nat,
            Val::Prim(Prim::Int) => Shape::Int,
            Val::Sigma(a, b) | Val::Pi(a, b) => {
                let is_pair = matches!(&*m.whnf(ty)?, Val::Sigma(..));
                let Some(first) = self.of(m, ctx, a)? else { return Ok(None) };
                let (inner, x) = m.bind(ctx, a.clone());
                let Some(second) = self.of(m, &inner, &m.inst(b, x))? else { return Ok(None) };
                if is_pair {
                    Shape::Pair(first, second)
                } else {
                    // A function of two arguments differs by neither.
                    let plain = !matches!(self.get(second), Some(Shape::Fun(..)));
                    let varies = plain && matches!(self.get(first), Some(Shape::Bool | Shape::Nat));
                    Shape::Fun(first, second, varies)
                }
            }
            Val::Data(d, params) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(None) };
                let mut given = Vec::new();
                for p in params.iter() {
                    let Some(t) = closed(m, ctx, p)? else { return Ok(None) };
                    given.push(t);
                }
                let mut all = Vec::new();
                for (n, c) in (0u32..).zip(&decl.constructors) {
                    if c.dims > 0 {
                        return Ok(None);
                    }
                    let mut fields = Vec::new();
                    let (mut ctx, mut before) = (ctx.clone(), Vec::new());
                    for _ in &c.fields {
                        let ty = m.field_type(*d, n, params, &before)?;
                        let Some(shape) = self.of(m, &ctx, &ty)? else { return Ok(None) };
                        fields.push(shape);
                        let (inner, x) = m.bind(&ctx, ty);
                        ctx = inner;
                        before.push(x);
                    }
                    all.push(fields);
                }
                Shape::Data(*d, given, all)
            }
            _ => return Ok(None),
        }))
    }

    /// Finds the least value of every shape; asked once all shapes are there.
    pub fn settle(&mut self) {
        self.least = vec![None; self.all.len()];
        loop {
            let mut changed = false;
            for n in 0..self.all.len() {
                if self.least.get(n).is_some_and(Option::is_none)
                    && let Some(t) = self.all.get(n).and_then(|s| self.small(s))
                    && let Some(slot) = self.least.get_mut(n)
                {
                    *slot = Some(t);
                    changed = true;
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn small(&self, shape: &Shape) -> Option<Tree> {
        match shape {
            Shape::Bool => Some(Tree::Bool(false)),
            Shape::Unit => Some(Tree::Star),
            Shape::Nat => Some(Tree::Nat(0)),
            Shape::Int => Some(Tree::Int(0)),
            Shape::Pair(a, b) => Some(Tree::Pair(Box::new(self.least(*a)?), Box::new(self.least(*b)?))),
            Shape::Fun(_, b, _) => Some(Tree::Table(Vec::new(), Box::new(self.least(*b)?))),
            Shape::Data(_, _, cons) => (0u32..).zip(cons).find_map(|(n, fields)| {
                let fields: Option<Vec<Tree>> = fields.iter().map(|f| self.least(*f)).collect();
                Some(Tree::Con(n, fields?))
            }),
            Shape::Open => None,
        }
    }

    /// How many ways there are to begin a value of each shape.
    pub fn ways(&self) -> Vec<usize> {
        let ways = |s: &Shape| match s {
            Shape::Unit | Shape::Pair(..) => 1,
            Shape::Bool | Shape::Nat => 2,
            Shape::Data(_, _, cons) => cons.len(),
            Shape::Int | Shape::Fun(..) | Shape::Open => usize::MAX,
        };
        self.all.iter().map(ways).collect()
    }

    /// The least value of a shape.
    pub fn least(&self, n: usize) -> Option<Tree> {
        self.least.get(n).cloned().flatten()
    }

    /// A type as a term.
    pub fn ty(&self, n: usize) -> Option<Term> {
        let prim = |p| Some(Rc::new(Node::Prim(p)));
        match self.get(n)? {
            Shape::Bool => prim(Prim::Bool),
            Shape::Unit => prim(Prim::Unit),
            Shape::Nat => prim(Prim::Nat),
            Shape::Int => prim(Prim::Int),
            // No variable is bound in what is closed, so nothing need be renamed.
            Shape::Pair(a, b) => Some(Rc::new(Node::Sigma(self.ty(*a)?, self.ty(*b)?))),
            Shape::Fun(a, b, _) => Some(Rc::new(Node::Pi(self.ty(*a)?, self.ty(*b)?))),
            Shape::Data(d, params, _) => Some(Rc::new(Node::Data(*d, params.clone()))),
            Shape::Open => None,
        }
    }

    /// A value as a term without variables.
    pub fn term(&self, n: usize, t: &Tree) -> Option<Term> {
        let prim = |p| Some(Rc::new(Node::Prim(p)));
        match (self.get(n)?, t) {
            (_, Tree::Bool(b)) => prim(if *b { Prim::True } else { Prim::False }),
            (_, Tree::Star) => prim(Prim::Star),
            (_, Tree::Nat(n)) => Some(Rc::new(Node::NatLit((*n).into()))),
            (_, Tree::Int(n)) => Some(Rc::new(Node::IntLit((*n).into()))),
            (Shape::Pair(a, b), Tree::Pair(x, y)) => Some(Rc::new(Node::Pair(self.term(*a, x)?, self.term(*b, y)?))),
            (Shape::Data(d, params, cons), Tree::Con(c, fields)) => {
                let shapes = cons.get(usize::try_from(*c).ok()?)?;
                let fields: Option<Vec<Term>> = shapes.iter().zip(fields).map(|(s, f)| self.term(*s, f)).collect();
                Some(Rc::new(Node::Con(*d, *c, params.clone(), fields?, Vec::new())))
            }
            (Shape::Fun(a, b, _), Tree::Table(entries, other)) => {
                let motive = self.ty(*b)?;
                let other = self.term(*b, other)?;
                let at = |key: &Tree| {
                    let found = entries.iter().find(|(k, _)| k == key);
                    found.map_or(Some(other.clone()), |(_, v)| self.term(*b, v))
                };
                let x: Term = Rc::new(Node::Var(0));
                let body = match self.get(*a)? {
                    Shape::Bool => Rc::new(Node::BoolElim(motive, at(&Tree::Bool(true))?, at(&Tree::Bool(false))?, x)),
                    Shape::Nat => {
                        let last =
                            entries.iter().filter_map(|(k, _)| if let Tree::Nat(n) = k { Some(*n) } else { None });
                        // From the largest number on, the result is that elsewhere.
                        let mut rest: Option<Term> = None;
                        for n in (0..=last.max().unwrap_or(0)).rev() {
                            let here = at(&Tree::Nat(n))?;
                            let above = rest.unwrap_or_else(|| other.clone());
                            // Below the binder stands a function of the number that is left.
                            let step = Rc::new(Node::Lam(Rc::new(Node::Lam(if is_elim(&above) {
                                lifted(&above)
                            } else {
                                above
                            }))));
                            rest = Some(Rc::new(Node::NatElim(motive.clone(), here, step, x.clone())));
                        }
                        rest?
                    }
                    _ => entries.first().map_or(Some(other.clone()), |(_, v)| self.term(*b, v))?,
                };
                Some(Rc::new(Node::Lam(body)))
            }
            _ => None,
        }
    }
}

fn is_elim(t: &Term) -> bool {
    matches!(&**t, Node::NatElim(..))
}

/// An elimination of the variable 0 as one of the variable 1; all else in it is closed, or binds what it uses.
fn lifted(t: &Term) -> Term {
    match &**t {
        Node::NatElim(m, z, s, _) => Rc::new(Node::NatElim(m.clone(), z.clone(), s.clone(), Rc::new(Node::Var(1)))),
        _ => t.clone(),
    }
}
