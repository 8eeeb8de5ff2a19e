//! First-order terms: variables that stand for elements, and symbols at arguments. Each has a sort, which is a type of the goal.

use std::collections::BTreeMap;
use std::rc::Rc;

/// The number of a type.
pub type Sort = usize;
/// The number of a symbol.
pub type Sym = usize;

/// What a term begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Head {
    /// A variable of an equation, with its sort.
    Var(u32, Sort),
    /// A symbol.
    Sym(Sym),
}

/// A term, shared.
pub type Tm = Rc<Term>;

/// See `Tm`.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    pub head: Head,
    pub args: Vec<Tm>,
    /// How many variables and symbols it has.
    pub size: u64,
    /// Whether there is a variable in it.
    pub open: bool,
}

/// A substitution.
pub type Sub = BTreeMap<u32, Tm>;

/// A variable.
pub fn var(n: u32, sort: Sort) -> Tm {
    Rc::new(Term { head: Head::Var(n, sort), args: Vec::new(), size: 1, open: true })
}

/// A symbol at arguments.
pub fn app(sym: Sym, args: Vec<Tm>) -> Tm {
    let size = args.iter().fold(1, |n: u64, a| n.saturating_add(a.size));
    let open = args.iter().any(|a| a.open);
    Rc::new(Term { head: Head::Sym(sym), args, size, open })
}

/// A term with terms in the place of its variables; those without stay.
pub fn subst(t: &Tm, s: &Sub) -> Tm {
    match t.head {
        _ if !t.open => t.clone(),
        Head::Var(n, _) => s.get(&n).unwrap_or(t).clone(),
        Head::Sym(f) => app(f, t.args.iter().map(|a| subst(a, s)).collect()),
    }
}

/// The same, where what is put in has variables that stand for something in turn.
pub fn resolve(t: &Tm, s: &Sub) -> Tm {
    match t.head {
        _ if !t.open => t.clone(),
        Head::Var(n, _) => s.get(&n).map_or_else(|| t.clone(), |u| resolve(u, s)),
        Head::Sym(f) => app(f, t.args.iter().map(|a| resolve(a, s)).collect()),
    }
}

/// A term with other numbers for its variables.
pub fn raise(t: &Tm, by: u32) -> Tm {
    match t.head {
        _ if !t.open => t.clone(),
        Head::Var(n, sort) => var(n.saturating_add(by), sort),
        Head::Sym(f) => app(f, t.args.iter().map(|a| raise(a, by)).collect()),
    }
}

/// Adds the variables of a term, in the order in which they occur first.
pub fn variables(t: &Tm, out: &mut Vec<(u32, Sort)>) {
    match t.head {
        _ if !t.open => (),
        Head::Var(n, sort) => {
            if !out.contains(&(n, sort)) {
                out.push((n, sort));
            }
        }
        Head::Sym(_) => t.args.iter().for_each(|a| variables(a, out)),
    }
}

/// The part of a term at a place.
pub fn at<'t>(t: &'t Tm, place: &[usize]) -> Option<&'t Tm> {
    place.iter().try_fold(t, |t, n| t.args.get(*n))
}

/// A term with another part at a place.
pub fn replace(t: &Tm, place: &[usize], by: &Tm) -> Option<Tm> {
    let Some((first, rest)) = place.split_first() else { return Some(by.clone()) };
    let Head::Sym(f) = t.head else { return None };
    let mut args = t.args.clone();
    let part = args.get_mut(*first)?;
    *part = replace(part, rest, by)?;
    Some(app(f, args))
}

/// Finds what the variables of a pattern stand for.
pub fn matches(pattern: &Tm, t: &Tm, sort_of: &dyn Fn(&Tm) -> Sort, s: &mut Sub) -> bool {
    match pattern.head {
        Head::Var(n, sort) => match s.get(&n) {
            Some(known) => known == t,
            None => {
                sort == sort_of(t) && {
                    s.insert(n, t.clone());
                    true
                }
            }
        },
        Head::Sym(_) => {
            pattern.head == t.head
                && pattern.size <= t.size
                && pattern.args.len() == t.args.len()
                && pattern.args.iter().zip(&t.args).all(|(p, a)| matches(p, a, sort_of, s))
        }
    }
}

fn walk<'t>(mut t: &'t Tm, s: &'t Sub) -> &'t Tm {
    while let Head::Var(n, _) = t.head {
        match s.get(&n) {
            Some(u) => t = u,
            None => break,
        }
    }
    t
}

fn occurs(n: u32, t: &Tm, s: &Sub) -> bool {
    match walk(t, s) {
        t if !t.open => false,
        t => match t.head {
            Head::Var(m, _) => m == n,
            Head::Sym(_) => t.args.iter().any(|a| occurs(n, a, s)),
        },
    }
}

/// Finds the most general way to make two terms one.
pub fn unify(a: &Tm, b: &Tm, sort_of: &dyn Fn(&Tm) -> Sort, s: &mut Sub) -> bool {
    let (a, b) = (walk(a, s).clone(), walk(b, s).clone());
    match (a.head, b.head) {
        (Head::Var(n, _), Head::Var(m, _)) if n == m => true,
        (Head::Var(n, sort), _) => {
            sort == sort_of(&b) && !occurs(n, &b, s) && {
                s.insert(n, b);
                true
            }
        }
        (_, Head::Var(..)) => unify(&b, &a, sort_of, s),
        (Head::Sym(f), Head::Sym(g)) => {
            f == g && a.args.len() == b.args.len() && a.args.iter().zip(&b.args).all(|(x, y)| unify(x, y, sort_of, s))
        }
    }
}
