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

/// The same, where what is put in has variables that stand for something in turn; nothing where it would have more than so many variables
/// and symbols, for it may have exponentially many.
pub fn resolve(t: &Tm, s: &Sub, left: &mut u64) -> Option<Tm> {
    *left = left.checked_sub(if t.open { 1 } else { t.size })?;
    match t.head {
        _ if !t.open => Some(t.clone()),
        Head::Var(n, _) => s.get(&n).map_or_else(|| Some(t.clone()), |u| resolve(u, s, left)),
        Head::Sym(f) => Some(app(f, t.args.iter().map(|a| resolve(a, s, left)).collect::<Option<_>>()?)),
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

/// Whether a variable occurs in what a term stands for; nothing where that takes too long.
fn occurs(n: u32, t: &Tm, s: &Sub, left: &mut u64) -> Option<bool> {
    *left = left.checked_sub(1)?;
    let t = walk(t, s);
    match t.head {
        _ if !t.open => Some(false),
        Head::Var(m, _) => Some(m == n),
        Head::Sym(_) => {
            for a in &t.args {
                if occurs(n, a, s, left)? {
                    return Some(true);
                }
            }
            Some(false)
        }
    }
}

/// Finds the most general way to make two terms one. Nothing where that takes more looks at variables and symbols than are left: what
/// variables stand for may be exponentially large.
pub fn unify(a: &Tm, b: &Tm, sort_of: &dyn Fn(&Tm) -> Sort, s: &mut Sub, left: &mut u64) -> Option<bool> {
    *left = left.checked_sub(1)?;
    let (a, b) = (walk(a, s).clone(), walk(b, s).clone());
    match (a.head, b.head) {
        (Head::Var(n, _), Head::Var(m, _)) if n == m => Some(true),
        (Head::Var(n, sort), _) => {
            if sort != sort_of(&b) || occurs(n, &b, s, left)? {
                return Some(false);
            }
            s.insert(n, b);
            Some(true)
        }
        (_, Head::Var(..)) => unify(&b, &a, sort_of, s, left),
        (Head::Sym(f), Head::Sym(g)) => {
            if f != g || a.args.len() != b.args.len() {
                return Some(false);
            }
            for (x, y) in a.args.iter().zip(&b.args) {
                if !unify(x, y, sort_of, s, left)? {
                    return Some(false);
                }
            }
            Some(true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each variable stands for two of the next one, so the last terms have 2^40 parts.
    #[test]
    fn what_is_exponentially_large_is_not_written_out() {
        let two = |n: u32| app(0, vec![var(n, 0), var(n, 0)]);
        let mut s: Sub = (0..40).map(|n| (n, two(n + 1))).collect();
        assert!(resolve(&var(0, 0), &s, &mut 200).is_none());
        assert!(resolve(&var(34, 0), &s, &mut 200).is_some_and(|t| t.size == 127));
        assert!(occurs(40, &var(0, 0), &s, &mut 20_000).is_some_and(|found| found));
        assert!(occurs(41, &var(0, 0), &s, &mut 20_000).is_none());
        assert!(unify(&var(50, 0), &var(0, 0), &|_| 0, &mut s, &mut 20_000).is_none());
        assert_eq!(unify(&var(50, 0), &var(38, 0), &|_| 0, &mut s, &mut 20_000), Some(true));
    }
}
