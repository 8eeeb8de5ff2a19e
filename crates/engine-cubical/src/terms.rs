//! Terms found in terms.

use bfv_format::{Node, Term};
use bfv_search::shift::{parts, rename};
use std::rc::Rc;

/// A term under so many more variables and dimensions.
pub fn lift(t: &Term, vars: u32, dims: u32) -> Option<Term> {
    rename(t, 0, 0, &mut |n| n.checked_add(vars), &mut |n| n.checked_add(dims))
}

/// A term of the scope of a goal where it stands under so many variables and dimensions; none where it mentions one of them.
pub fn lower(t: &Term, vars: u32, dims: u32) -> Option<Term> {
    rename(t, 0, 0, &mut |n| n.checked_sub(vars), &mut |n| n.checked_sub(dims))
}

/// Calls a function with every part of a term, and with how many variables and dimensions are bound there.
pub fn visit(t: &Term, vars: u32, dims: u32, see: &mut dyn FnMut(&Term, u32, u32)) {
    see(t, vars, dims);
    let mut go = |part: &Term, v, d| {
        visit(part, vars + v, dims + d, see);
        Some(part.clone())
    };
    let _same = parts(t, &mut go, &mut Some);
}

/// How many parts a term has.
pub fn size(t: &Term) -> u64 {
    let mut n = 0;
    visit(t, 0, 0, &mut |_, _, _| n += 1);
    n
}

/// How many terms there are.
pub fn count(terms: &[Term]) -> u64 {
    u64::try_from(terms.len()).unwrap_or(u64::MAX)
}

/// Whether a variable occurs in a term.
pub fn mentions(t: &Term, index: u32) -> bool {
    let mut found = false;
    visit(t, 0, 0, &mut |t, vars, _| found |= matches!(&**t, Node::Var(n) if Some(*n) == index.checked_add(vars)));
    found
}

/// A term with another one in the place of a part.
pub fn put_term(t: &Term, what: &Term, new: &Term) -> Option<Term> {
    fn at(t: &Term, what: &Term, new: &Term, vars: u32, dims: u32) -> Option<Term> {
        if *t == lift(what, vars, dims)? {
            return lift(new, vars, dims);
        }
        parts(t, &mut |t, v, d| at(t, what, new, vars + v, dims + d), &mut Some)
    }
    at(t, what, new, 0, 0)
}

/// Which end of a path is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Left,
    Right,
}

/// What is made a variable.
pub struct Abstract<'a> {
    /// The path, which becomes the variable 0, or what it becomes where that is no variable.
    pub path: &'a Term,
    pub becomes: &'a Term,
    /// Which of its ends becomes the variable 1 where the path is applied.
    pub end: End,
    /// That end, and which of its other occurrences become that variable, in the order in which they are met; later ones do not.
    pub loose: &'a Term,
    pub which: Vec<bool>,
    /// How many there are.
    pub met: usize,
}

impl Abstract<'_> {
    /// A term of the scope of the two variables with them in the place of what they stand for.
    pub fn of(&mut self, t: &Term, vars: u32, dims: u32) -> Option<Term> {
        let here = |x: &Term| lift(x, vars, dims);
        let path = here(self.path)?;
        if *t == path {
            return here(self.becomes);
        }
        let loose = || Some(Rc::new(Node::Var(vars.checked_add(1)?)) as Term);
        if *t == here(self.loose)? {
            self.met += 1;
            return if self.which.get(self.met - 1).copied().unwrap_or(false) { loose() } else { Some(t.clone()) };
        }
        if let Node::PApp(p, l, r, d) = &**t
            && *p != path
        {
            // The ends of another path are what its type says.
            let moved = self.of(p, vars, dims)?;
            if moved == *p && lower(p, vars, dims).is_some() {
                return Some(t.clone());
            }
            return Some(Rc::new(Node::PApp(moved, self.of(l, vars, dims)?, self.of(r, vars, dims)?, *d)));
        }
        if let Node::PApp(_, l, r, d) = &**t {
            let q = here(self.becomes)?;
            return Some(Rc::new(match self.end {
                End::Left => Node::PApp(q, loose()?, self.of(r, vars, dims)?, *d),
                End::Right => Node::PApp(q, self.of(l, vars, dims)?, loose()?, *d),
            }));
        }
        parts(t, &mut |t, v, d| self.of(t, vars + v, dims + d), &mut Some)
    }
}

/// Finds what the variables below a number stand for, so that a pattern is a term. What they stand for is in the scope of the goal.
pub struct Pattern {
    pub found: Vec<Option<Term>>,
}

impl Pattern {
    /// A pattern with so many variables.
    pub fn new(variables: u32) -> Pattern {
        Pattern { found: (0..variables).map(|_| None).collect() }
    }

    /// Matches below so many variables and dimensions. The pattern has its own variables between those and the variables of the goal.
    pub fn fits(&mut self, pattern: &Term, t: &Term, vars: u32, dims: u32) -> bool {
        let own = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        if let Node::Var(n) = &**pattern
            && *n >= vars
        {
            let n = n - vars;
            if n >= own {
                return matches!(&**t, Node::Var(m) if Some(*m) == (n - own).checked_add(vars));
            }
            let Some(value) = lower(t, vars, dims) else { return false };
            let Some(place) = usize::try_from(n).ok().and_then(|n| self.found.get_mut(n)) else { return false };
            return match place {
                Some(known) => *known == value,
                None => {
                    *place = Some(value);
                    true
                }
            };
        }
        let before = self.found.clone();
        if let (Some((shell, below)), Some((other, parts))) = (split(pattern), split(t))
            && shell == other
            && below.len() == parts.len()
            && below.iter().zip(&parts).all(|((p, v, d), (t, ..))| self.fits(p, t, vars + v, dims + d))
        {
            return true;
        }
        self.found = before;
        self.fits_function(pattern, t, vars, dims)
    }

    /// A variable of the pattern at a bound variable stands for any function of that one (Miller, 1991).
    fn fits_function(&mut self, pattern: &Term, t: &Term, vars: u32, dims: u32) -> bool {
        let own = u32::try_from(self.found.len()).unwrap_or(u32::MAX);
        let Node::App(f, x) = &**pattern else { return false };
        let (Node::Var(f), Node::Var(x)) = (&**f, &**x) else { return false };
        let Some(place) = f.checked_sub(vars).filter(|n| *n < own).and_then(|n| usize::try_from(n).ok()) else {
            return false;
        };
        if *x >= vars {
            return false;
        }
        let mut var = |n: u32| match n {
            n if n == *x => Some(0),
            n if n < vars => None,
            n => (n - vars).checked_add(1),
        };
        let Some(body) = rename(t, 0, 0, &mut var, &mut |n| n.checked_sub(dims)) else { return false };
        let value: Term = Rc::new(Node::Lam(body));
        match self.found.get_mut(place) {
            Some(Some(known)) => *known == value,
            Some(place) => {
                *place = Some(value);
                true
            }
            None => false,
        }
    }
}

/// A part of a term, with how many variables and dimensions are bound around it.
pub type Part = (Term, u32, u32);

/// A term without its parts, and these.
pub fn split(t: &Term) -> Option<(Term, Vec<Part>)> {
    let mut below = Vec::new();
    let shell = parts(
        t,
        &mut |t, v, d| {
            below.push((t.clone(), v, d));
            Some(Rc::new(Node::Univ(0)))
        },
        &mut Some,
    )?;
    Some((shell, below))
}
