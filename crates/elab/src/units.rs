//! Units: `unit ms` declares one, and `Real [ms]`, `Nat [token]`, `Real [usd / hour]` are types of quantities.
//!
//! Units are checked on the surface tree and erased: the kernel sees `Real`. So they are trusted by nobody, and a statement
//! means the same with them and without. What is checked, and where tracking stops, is said in `sctt/README.md`.

mod check;
mod library;

pub use check::Checker;
pub use library::Library;

use crate::elab::{Kind, R, problem};
use crate::names::Names;
use bfv_syntax::tree::{Arg, BinOp, Expr, ExprKind};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// What a unit is a product of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Atom {
    /// A declared unit, by its full name.
    Declared(String),
    /// `?u` within its own declaration: any unit, the same at each place.
    Any(String),
    /// `?u` of a declaration that is used: still to be found from the arguments.
    Open(String),
}

/// A product of powers; the empty one is that of plain numbers. No exponent is zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit(BTreeMap<Atom, i32>);

impl Unit {
    fn one(atom: Atom) -> Unit {
        Unit(BTreeMap::from([(atom, 1)]))
    }

    /// The product with a power of another unit. Exponents stay in range, for a source has no room for large ones.
    pub fn times(&self, other: &Unit, power: i32) -> Unit {
        let mut out = self.clone();
        for (atom, exponent) in &other.0 {
            let sum = out.0.get(atom).copied().unwrap_or(0).saturating_add(exponent.saturating_mul(power));
            if sum == 0 {
                out.0.remove(atom);
            } else {
                out.0.insert(atom.clone(), sum);
            }
        }
        out
    }

    fn power(&self, power: i32) -> Unit {
        Unit::default().times(self, power)
    }

    /// The unit whose power this is, when there is one.
    fn root(&self, power: i32) -> Option<Unit> {
        let exponents = self.0.iter().map(|(a, e)| {
            let whole = e.checked_rem(power) == Some(0);
            e.checked_div(power).filter(|_| whole).map(|e| (a.clone(), e))
        });
        exponents.collect::<Option<_>>().map(Unit)
    }

    /// The unit in words and signs.
    pub fn shown(&self) -> String {
        if self.0.is_empty() {
            return "no unit".to_owned();
        }
        let mut out = String::new();
        let above = self.0.iter().filter(|(_, e)| **e > 0);
        for (atom, e) in above.chain(self.0.iter().filter(|(_, e)| **e < 0)) {
            let start = out.is_empty();
            out += match (*e > 0, start) {
                (true, true) => "",
                (true, false) => " * ",
                (false, true) => "1 / ",
                (false, false) => " / ",
            };
            match atom {
                Atom::Declared(full) => out += full.rsplit('.').next().unwrap_or(full),
                Atom::Any(name) | Atom::Open(name) => out += &format!("?{name}"),
            }
            if e.unsigned_abs() > 1 {
                // Writing to a text does not fail.
                let _ = write!(out, " ^ {}", e.unsigned_abs());
            }
        }
        format!("`{out}`")
    }
}

/// What is known of the units in a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Nothing is tracked here: a statement, a type, data, or a function of a module without units.
    Unknown,
    /// A number.
    Number(Unit),
    /// A function; vectors are functions from positions.
    Function(Parameter, Rc<Shape>),
    /// A pair.
    Pair(Rc<Shape>, Rc<Shape>),
}

/// A parameter of a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// Its name, for `(name := e)`.
    pub name: Option<String>,
    /// In braces.
    pub implicit: bool,
    /// What is known of its units.
    pub shape: Rc<Shape>,
}

impl Shape {
    fn function(from: Shape, to: Shape) -> Shape {
        Shape::Function(Parameter { name: None, implicit: false, shape: Rc::new(from) }, Rc::new(to))
    }

    /// The shape with each unit changed; a number without one becomes unknown.
    fn map(&self, f: &dyn Fn(&Unit) -> Option<Unit>) -> Shape {
        match self {
            Shape::Unknown => Shape::Unknown,
            Shape::Number(u) => f(u).map_or(Shape::Unknown, Shape::Number),
            Shape::Function(p, to) => {
                let shape = Rc::new(p.shape.map(f));
                Shape::Function(Parameter { shape, ..p.clone() }, Rc::new(to.map(f)))
            }
            Shape::Pair(a, b) => Shape::Pair(Rc::new(a.map(f)), Rc::new(b.map(f))),
        }
    }
}

/// The items in brackets of `Real [u]`, which is no application: a type of numbers takes no arguments.
pub fn annotation<'e>(f: &Expr, args: &'e [Arg]) -> Option<&'e [Expr]> {
    match (&*f.kind, args) {
        (ExprKind::Var(x), [Arg { name: None, implicit: false, expr }])
            if matches!(x.as_str(), "Real" | "Nat" | "Int") =>
        {
            if let ExprKind::Vector(items) = &*expr.kind {
                Some(items)
            } else {
                None
            }
        }
        _ => None,
    }
}

impl Names {
    /// The unit in the brackets of `Real [u]`.
    pub fn unit(&self, type_name: &Expr, items: &[Expr]) -> R<Unit> {
        match items {
            [e] => self.product(e),
            _ => problem(
                Kind::BadUnit,
                type_name.span,
                "One unit stands in the brackets after a type of numbers.",
                "Multiply and divide units, as in `Real [usd / hour]`.",
            ),
        }
    }

    fn product(&self, e: &Expr) -> R<Unit> {
        match &*e.kind {
            ExprKind::Var(name) => self.declared_unit(name, e),
            ExprKind::Hole(Some(name)) => Ok(Unit::one(Atom::Any(name.clone()))),
            ExprKind::Number(n, 0) if *n == 1u8.into() => Ok(Unit::default()),
            ExprKind::Binary(BinOp::Mul, a, b) => Ok(self.product(a)?.times(&self.product(b)?, 1)),
            ExprKind::Binary(BinOp::Div, a, b) => Ok(self.product(a)?.times(&self.product(b)?, -1)),
            ExprKind::Binary(BinOp::Pow, a, n) => match exponent(n) {
                Some(n) => Ok(self.product(a)?.power(n)),
                None => bad_unit(n),
            },
            _ => bad_unit(e),
        }
    }

    fn find_units(&self, name: &str) -> Vec<&(String, String)> {
        let short = |module: &str, full: &str| full.strip_prefix(module)?.strip_prefix('.').map(|n| n == name);
        let visible = |module: &String, full: &str| self.visible.contains(module) && short(module, full) == Some(true);
        self.units.iter().filter(|(module, full)| full == name || visible(module, full)).collect()
    }

    /// Whether a unit has this name here.
    pub fn is_unit(&self, name: &str) -> bool {
        !self.find_units(name).is_empty()
    }

    fn declared_unit(&self, name: &str, e: &Expr) -> R<Unit> {
        match self.find_units(name).as_slice() {
            [(_, full)] => Ok(Unit::one(Atom::Declared(full.clone()))),
            [] => problem(
                Kind::UnknownName,
                e.span,
                format!("There is no unit `{name}` here."),
                format!("Declare it by the line `unit {name}`, or import a module with it, such as `std.units`."),
            ),
            several => {
                let all: Vec<String> = several.iter().map(|(_, full)| format!("`{full}`")).collect();
                problem(
                    Kind::AmbiguousName,
                    e.span,
                    format!("The unit `{name}` could be {}.", all.join(" or ")),
                    "Write the full name.",
                )
            }
        }
    }

    /// Whether a visible module declares a unit.
    pub fn has_units(&self) -> bool {
        self.units.iter().any(|(module, _)| self.visible.contains(module))
    }

    /// What is known of the units in a type.
    pub fn shape(&self, ty: &Expr) -> R<Shape> {
        Ok(match &*ty.kind {
            ExprKind::Var(x) if matches!(x.as_str(), "Real" | "Nat" | "Int") => Shape::Number(Unit::default()),
            ExprKind::App(f, args) => match (annotation(f, args), &*f.kind, args.as_slice()) {
                (Some(items), ..) => Shape::Number(self.unit(f, items)?),
                (None, ExprKind::Var(x), [_, of]) if matches!(x.as_str(), "Vec" | "std.vec.Vec") => {
                    Shape::function(Shape::Unknown, self.shape(&of.expr)?)
                }
                _ => Shape::Unknown,
            },
            ExprKind::Arrow(a, b) => Shape::function(self.shape(a)?, self.shape(b)?),
            ExprKind::Pi(binders, b) => {
                let mut parameters = Vec::new();
                for binder in binders {
                    let shape = Rc::new(binder.ty.as_ref().map_or(Ok(Shape::Unknown), |t| self.shape(t))?);
                    let implicit = binder.implicit;
                    parameters.extend(binder.names.iter().map(|n| Parameter {
                        name: Some(n.text.clone()),
                        implicit,
                        shape: shape.clone(),
                    }));
                }
                let result = self.shape(b)?;
                parameters.into_iter().rev().fold(result, |to, p| Shape::Function(p, Rc::new(to)))
            }
            ExprKind::Binary(BinOp::Times, a, b) => Shape::Pair(Rc::new(self.shape(a)?), Rc::new(self.shape(b)?)),
            _ => Shape::Unknown,
        })
    }
}

fn bad_unit<T>(e: &Expr) -> R<T> {
    problem(
        Kind::BadUnit,
        e.span,
        "This is no unit.",
        "Units are names, joined by `*` and `/`, with whole powers, as in `Real [usd / hour ^ 2]`.",
    )
}

/// A whole number, with or without a minus sign.
fn exponent(e: &Expr) -> Option<i32> {
    match &*e.kind {
        ExprKind::Number(n, 0) => i32::try_from(n).ok(),
        ExprKind::Neg(e) => exponent(e).and_then(i32::checked_neg),
        _ => None,
    }
}
