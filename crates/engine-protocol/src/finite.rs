//! Finite types, and where the values of functions on them lie.

use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, Env, Machine, Res, V, Val};
use bfv_search::shift::rename;
use std::rc::Rc;

/// How deep types may be nested.
const NESTING: u32 = 24;
/// Types with more elements than this are not gone through.
const ELEMENTS: u64 = 64;

/// A type whose elements are counted from 0.
#[derive(Clone, PartialEq, Eq)]
pub enum Shape {
    /// False, then true.
    Bool,
    /// One element.
    Unit,
    /// Nothing.
    Empty,
    /// The numbers from 0 on; those above the last one that is told apart are as good as that.
    Nat(u64),
    /// Constructors with parameters and fields.
    Data(DataRef, Vec<Term>, Vec<Vec<Shape>>),
}

impl Shape {
    /// The shape of a type that is closed, with numbers up to and with `last`; nothing for any other type.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn of(m: &Machine<'_>, ty: &V, last: u64) -> Res<Option<Shape>> {
        Self::nested(m, ty, last, NESTING)
    }

    fn nested(m: &Machine<'_>, ty: &V, last: u64, nesting: u32) -> Res<Option<Shape>> {
        let Some(nesting) = nesting.checked_sub(1) else { return Ok(None) };
        Ok(Some(match &*m.whnf(ty)? {
            Val::Prim(Prim::Bool) => Shape::Bool,
            Val::Prim(Prim::Unit) => Shape::Unit,
            Val::Prim(Prim::Empty) => Shape::Empty,
            Val::Prim(Prim::Nat) => Shape::Nat(last + 1),
            Val::Data(d, params) => {
                let Some(decl) = m.globals().data(d.id) else { return Ok(None) };
                let mut given = Vec::new();
                for p in params.iter() {
                    let Some(t) = closed(m, p)? else { return Ok(None) };
                    given.push(t);
                }
                let mut constructors = Vec::new();
                for (number, c) in (0u32..).zip(&decl.constructors) {
                    if c.dims > 0 {
                        return Ok(None);
                    }
                    let mut fields: Vec<Shape> = Vec::new();
                    let mut before: Vec<V> = Vec::new();
                    for _ in &c.fields {
                        let ty = m.field_type(*d, number, params, &before)?;
                        let Some(shape) = Self::nested(m, &ty, last, nesting)? else { return Ok(None) };
                        // A field on whose value the type of another depends has no shape of its own.
                        let Some(first) = shape.element(0) else {
                            before.push(m.value(Val::Prim(Prim::Star)));
                            fields.push(shape);
                            continue;
                        };
                        before.push(m.eval(&Env::default(), &first));
                        fields.push(shape);
                    }
                    constructors.push(fields);
                }
                let shape = Shape::Data(*d, given, constructors);
                if shape.size() > ELEMENTS {
                    return Ok(None);
                }
                shape
            }
            _ => return Ok(None),
        }))
    }

    /// The number of elements.
    pub fn size(&self) -> u64 {
        match self {
            Shape::Bool => 2,
            Shape::Unit => 1,
            Shape::Empty => 0,
            Shape::Nat(n) => *n,
            Shape::Data(_, _, constructors) => constructors.iter().map(|c| product(c)).fold(0, u64::saturating_add),
        }
    }

    /// An element by its number.
    pub fn element(&self, n: u64) -> Option<Term> {
        Some(Rc::new(match self {
            Shape::Bool => Node::Prim(if n == 0 { Prim::False } else { Prim::True }),
            Shape::Unit => Node::Prim(Prim::Star),
            Shape::Empty => return None,
            Shape::Nat(_) => Node::NatLit(n.into()),
            Shape::Data(d, params, constructors) => {
                let mut rest = n;
                for (number, fields) in (0u32..).zip(constructors) {
                    let size = product(fields);
                    if rest >= size {
                        rest -= size;
                        continue;
                    }
                    let mut out = Vec::new();
                    for f in fields.iter().rev() {
                        out.push(f.element(rest % f.size())?);
                        rest /= f.size();
                    }
                    out.reverse();
                    return Some(Rc::new(Node::Con(*d, number, params.clone(), out, Vec::new())));
                }
                return None;
            }
        }))
    }

    /// Whether it is `Fin k`, as the library defines it: a first element, or one of a shorter type.
    pub fn positions(&self) -> Option<u64> {
        match self {
            Shape::Empty => Some(0),
            Shape::Data(_, _, constructors) => match constructors.as_slice() {
                [first, rest] => match (first.as_slice(), rest.as_slice()) {
                    ([Shape::Unit], [rest]) => Some(rest.positions()? + 1),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }
}

/// The number of ways to fill fields.
pub fn product(fields: &[Shape]) -> u64 {
    fields.iter().map(Shape::size).fold(1, u64::saturating_mul)
}

/// A closed value as a term.
///
/// # Errors
/// The evaluator's.
pub fn closed(m: &Machine<'_>, v: &V) -> Res<Option<Term>> {
    // A value that mentions variables cannot be read back in the empty context.
    let Ok(t) = m.quote(&Ctx::default(), v) else { return Ok(None) };
    Ok(rename(&t, 0, 0, &mut |_| None, &mut |_| None))
}

/// Where the values of something lie that is chosen once or belongs to the state.
#[derive(Clone)]
pub enum Layout {
    /// One value.
    Leaf(Rc<Shape>),
    /// A pair: the second part comes after so many cells.
    Pair(Rc<Layout>, Rc<Layout>),
    /// A function: its argument, its values, and the type of these where it does not depend on the argument.
    Function(Rc<Shape>, Rc<Layout>, Term),
}

impl Layout {
    /// The layout of a type; nothing for a statement, and for what is not finite.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn of(m: &Machine<'_>, ctx: &Ctx, ty: &V, last: u64) -> Res<Option<Layout>> {
        match &*m.whnf(ty)? {
            Val::Pi(dom, cod) => {
                let Some(argument) = Shape::of(m, dom, last)? else { return Ok(None) };
                let Some(result) = constant(m, ctx, dom, cod)? else { return Ok(None) };
                let Some(inner) = Layout::of(m, ctx, &result, last)? else { return Ok(None) };
                // `P -> Empty` is a statement.
                if matches!(&inner, Layout::Leaf(s) if matches!(**s, Shape::Empty | Shape::Unit)) {
                    return Ok(None);
                }
                let Some(t) = closed(m, &result)? else { return Ok(None) };
                Ok(Some(Layout::Function(Rc::new(argument), Rc::new(inner), t)))
            }
            Val::Sigma(a, b) => {
                let (Some(first), Some(rest)) = (Layout::of(m, ctx, a, last)?, constant(m, ctx, a, b)?) else {
                    return Ok(None);
                };
                Ok(Layout::of(m, ctx, &rest, last)?.map(|second| Layout::Pair(Rc::new(first), Rc::new(second))))
            }
            _ => Ok(Shape::of(m, ty, last)?.map(|s| Layout::Leaf(Rc::new(s)))),
        }
    }

    /// How many cells it has.
    pub fn width(&self) -> usize {
        match self {
            Layout::Leaf(_) => 1,
            Layout::Pair(a, b) => a.width().saturating_add(b.width()),
            Layout::Function(s, inner, _) => {
                usize::try_from(s.size()).unwrap_or(usize::MAX).saturating_mul(inner.width())
            }
        }
    }
}

/// What a closure gives at every argument, where that is the same.
///
/// # Errors
/// The evaluator's.
pub fn constant(m: &Machine<'_>, ctx: &Ctx, dom: &V, cod: &Clo) -> Res<Option<V>> {
    let (inner, x) = m.bind(ctx, dom.clone());
    let result = m.inst(cod, x);
    let quoted = m.quote(&inner, &result)?;
    let outer = rename(&quoted, 0, 0, &mut |n| n.checked_sub(1), &mut Some);
    Ok(outer.map(|t| m.eval(&ctx.env, &t)))
}

/// What an argument of a command is.
#[derive(Clone)]
pub enum Argument {
    /// An element of a type.
    Element(Shape),
    /// A set of elements of a type: a function to the truth values, with its layout.
    Set(Rc<Shape>, Layout),
}

impl Argument {
    /// What is given where an argument of a type is asked for; nothing where that is not finite.
    ///
    /// # Errors
    /// The evaluator's.
    pub fn of(m: &Machine<'_>, ty: &V, last: u64) -> Res<Option<Argument>> {
        if let Some(s) = Shape::of(m, ty, last)? {
            return Ok(Some(Argument::Element(s)));
        }
        let layout = Layout::of(m, &Ctx::default(), ty, last)?;
        Ok(layout.and_then(|layout| match &layout {
            Layout::Function(s, inner, _) if matches!(&**inner, Layout::Leaf(v) if **v == Shape::Bool) => {
                Some(Argument::Set(s.clone(), layout.clone()))
            }
            _ => None,
        }))
    }

    /// The type of the element, or of the elements of the set.
    pub fn shape(&self) -> &Shape {
        match self {
            Argument::Element(s) => s,
            Argument::Set(s, _) => s,
        }
    }

    /// The number of ways to give it. A set has a binary digit for each element.
    pub fn size(&self) -> u64 {
        match self {
            Argument::Element(s) => s.size(),
            Argument::Set(s, _) => u32::try_from(s.size()).ok().and_then(|n| 1u64.checked_shl(n)).unwrap_or(u64::MAX),
        }
    }
}
