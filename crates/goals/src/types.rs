//! Types of TIP problems, with unknowns that are found by unification.

use std::collections::BTreeMap;

/// A type.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ty {
    /// An unknown.
    Meta(usize),
    /// A parameter of a function or of the goal, by its name in the source.
    Var(String),
    Bool,
    Int,
    /// A data type of the problem by its name in the source, and its parameters.
    Data(String, Vec<Ty>),
    /// A function of one argument.
    Fun(Box<Ty>, Box<Ty>),
}

impl Ty {
    /// The type with parameters replaced.
    pub fn with(&self, map: &BTreeMap<String, Ty>) -> Ty {
        match self {
            Ty::Var(x) => map.get(x).cloned().unwrap_or_else(|| self.clone()),
            Ty::Data(d, args) => Ty::Data(d.clone(), args.iter().map(|a| a.with(map)).collect()),
            Ty::Fun(a, b) => Ty::Fun(Box::new(a.with(map)), Box::new(b.with(map))),
            Ty::Meta(_) | Ty::Bool | Ty::Int => self.clone(),
        }
    }

    /// Whether a parameter stands in it.
    pub fn mentions(&self, x: &str) -> bool {
        match self {
            Ty::Var(y) => x == y,
            Ty::Data(_, args) => args.iter().any(|a| a.mentions(x)),
            Ty::Fun(a, b) => a.mentions(x) || b.mentions(x),
            Ty::Meta(_) | Ty::Bool | Ty::Int => false,
        }
    }

    /// Functions from the arguments to a result.
    pub fn function(args: impl DoubleEndedIterator<Item = Ty>, result: Ty) -> Ty {
        args.rev().fold(result, |out, a| Ty::Fun(Box::new(a), Box::new(out)))
    }
}

/// Unknowns with what is known of them.
#[derive(Clone, Debug, Default)]
pub struct Metas(Vec<Option<Ty>>);

impl Metas {
    pub fn fresh(&mut self) -> Ty {
        self.0.push(None);
        Ty::Meta(self.0.len() - 1)
    }

    /// The type with what is known.
    pub fn known(&self, ty: &Ty) -> Ty {
        match ty {
            Ty::Meta(n) => match self.0.get(*n) {
                Some(Some(t)) => self.known(t),
                _ => ty.clone(),
            },
            Ty::Data(d, args) => Ty::Data(d.clone(), args.iter().map(|a| self.known(a)).collect()),
            Ty::Fun(a, b) => Ty::Fun(Box::new(self.known(a)), Box::new(self.known(b))),
            Ty::Var(_) | Ty::Bool | Ty::Int => ty.clone(),
        }
    }

    /// Makes two types the same.
    ///
    /// # Errors
    /// They cannot be.
    pub fn unify(&mut self, a: &Ty, b: &Ty) -> Result<(), String> {
        let (a, b) = (self.known(a), self.known(b));
        match (&a, &b) {
            _ if a == b => Ok(()),
            (Ty::Meta(n), t) | (t, Ty::Meta(n)) => {
                if occurs(*n, t) {
                    return Err("A type would have to contain itself.".to_owned());
                }
                if let Some(slot) = self.0.get_mut(*n) {
                    *slot = Some(t.clone());
                }
                Ok(())
            }
            (Ty::Data(d, xs), Ty::Data(e, ys)) if d == e && xs.len() == ys.len() => {
                xs.iter().zip(ys).try_for_each(|(x, y)| self.unify(x, y))
            }
            (Ty::Fun(a, b), Ty::Fun(c, d)) => {
                self.unify(a, c)?;
                self.unify(b, d)
            }
            _ => Err(format!("Two types differ: {} and {}.", shown(&a), shown(&b))),
        }
    }
}

fn occurs(n: usize, ty: &Ty) -> bool {
    match ty {
        Ty::Meta(m) => *m == n,
        Ty::Data(_, args) => args.iter().any(|a| occurs(n, a)),
        Ty::Fun(a, b) => occurs(n, a) || occurs(n, b),
        Ty::Var(_) | Ty::Bool | Ty::Int => false,
    }
}

/// A type for messages.
pub fn shown(ty: &Ty) -> String {
    match ty {
        Ty::Meta(_) => "an unknown type".to_owned(),
        Ty::Var(x) => x.clone(),
        Ty::Bool => "Bool".to_owned(),
        Ty::Int => "Int".to_owned(),
        Ty::Data(d, args) if args.is_empty() => d.clone(),
        Ty::Data(d, args) => format!("({d} {})", args.iter().map(shown).collect::<Vec<_>>().join(" ")),
        Ty::Fun(a, b) => format!("(a function from {} to {})", shown(a), shown(b)),
    }
}
