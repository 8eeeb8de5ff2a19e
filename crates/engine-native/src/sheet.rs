//! What a search on boxes is about: atoms, the functions among them, and where they lie when the variables do.

use crate::enclose::{Numbers, root, rounded, whole};
use crate::reify::Atoms;
use crate::relax::Fact;
use bfv_format::{Arith, Node, Prim, Relation, Term};
use bfv_search::poly::Poly;
use bfv_search::shift::rename;
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Room for bounds at numbers, which are stated before everything else once all are known.
pub const ROOM: u32 = 1 << 20;

/// A number between two others.
pub type Interval = (BigRational, BigRational);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Exp,
    Log,
    Sqrt,
    Inverse,
}

impl Kind {
    /// The name under which the lemmas have it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Exp => "exp",
            Kind::Log => "log",
            Kind::Sqrt => "sqrt",
            Kind::Inverse => "inv",
        }
    }
}

/// A function of something, as an atom.
pub struct Function {
    pub kind: Kind,
    pub atom: u32,
    /// What it is of: as a tree, a polynomial, and a term at the root.
    pub tree: Arith,
    pub poly: Poly,
    pub term: Term,
}

/// What stays the same during the search for one goal.
pub struct Sheet<'g> {
    pub atoms: Atoms,
    /// Functions, each after those that its argument mentions.
    pub functions: Vec<Function>,
    /// How many variables there are at the root, with the room for numbers.
    pub root: u32,
    pub numbers: Numbers<'g>,
    /// Atoms as terms at a depth, as far as they were asked for.
    lifted: BTreeMap<(u32, u32), Term>,
}

impl<'g> Sheet<'g> {
    /// A sheet for a context of so many variables.
    pub fn new(depth: u32, numbers: Numbers<'g>) -> Self {
        Sheet {
            atoms: Atoms::new(true),
            functions: Vec::new(),
            root: depth.saturating_add(ROOM),
            numbers,
            lifted: BTreeMap::new(),
        }
    }

    /// The level of the first bound at a number.
    pub fn first_number(&self) -> u32 {
        self.root.saturating_sub(ROOM)
    }

    /// A term, lower down.
    pub fn lower(&self, t: &Term, from: u32, to: u32) -> Term {
        let by = to.saturating_sub(from);
        if by == 0 {
            return t.clone();
        }
        rename(t, 0, 0, &mut |n| n.checked_add(by), &mut Some).unwrap_or_else(|| t.clone())
    }

    /// An atom as a term at a depth.
    pub fn atom(&mut self, n: u32, depth: u32) -> Term {
        if let Some(t) = self.lifted.get(&(n, depth)) {
            return t.clone();
        }
        let t = usize::try_from(n).ok().and_then(|n| self.atoms.list.get(n)).map(|(_, t)| t.clone());
        let t = self.lower(&t.unwrap_or_else(|| Rc::new(Node::Prim(Prim::Star))), self.root, depth);
        self.lifted.insert((n, depth), t.clone());
        t
    }

    /// The function that an atom is, if it is one.
    pub fn function(&self, atom: u32) -> Option<&Function> {
        self.functions.iter().find(|f| f.atom == atom)
    }

    /// The atoms that a polynomial is about, with those in arguments of functions.
    pub fn about(&self, p: &Poly) -> BTreeSet<u32> {
        let mut out: BTreeSet<u32> = p.0.keys().flatten().copied().collect();
        for f in self.functions.iter().rev() {
            if out.contains(&f.atom) {
                out.extend(f.poly.0.keys().flatten());
            }
        }
        out
    }

    /// A polynomial where atoms lie between bounds.
    pub fn range(p: &Poly, of: &BTreeMap<u32, Interval>, bits: u32) -> Option<Interval> {
        let mut sum = (whole(0), whole(0));
        for (m, c) in &p.0 {
            let mut product = (whole(1), whole(1));
            let mut rest = m.as_slice();
            while let Some(a) = rest.first() {
                let n = rest.iter().take_while(|b| *b == a).count();
                rest = rest.get(n..).unwrap_or_default();
                let (l, h) = of.get(a)?;
                let (mut x, mut y) = (num_traits::pow(l.clone(), n), num_traits::pow(h.clone(), n));
                if n.is_multiple_of(2) {
                    if x > y {
                        std::mem::swap(&mut x, &mut y);
                    }
                    if !l.is_positive() && !h.is_negative() {
                        x = whole(0);
                    }
                }
                let all = [&product.0 * &x, &product.0 * &y, &product.1 * &x, &product.1 * &y];
                product = (all.iter().min()?.clone(), all.iter().max()?.clone());
            }
            let (a, b) = (&product.0 * c, &product.1 * c);
            let (a, b) = if c.is_negative() { (b, a) } else { (a, b) };
            sum = (sum.0 + a, sum.1 + b);
        }
        Some((rounded(&sum.0, bits, false), rounded(&sum.1, bits, true)))
    }

    /// A function where its argument lies between bounds.
    pub fn image(&mut self, kind: Kind, (l, h): &Interval, bits: u32) -> Option<Interval> {
        Some(match kind {
            Kind::Exp => (self.numbers.at("exp", l, bits)?.low.0, self.numbers.at("exp", h, bits)?.high.0),
            Kind::Log if !h.is_positive() => (whole(0), whole(0)),
            Kind::Log if !l.is_positive() => return None,
            Kind::Log => (self.numbers.at("log", l, bits)?.low.0, self.numbers.at("log", h, bits)?.high.0),
            Kind::Sqrt => {
                let of = |q: &BigRational| if q.is_positive() { root(q, bits) } else { (whole(0), whole(0)) };
                (of(l).0, of(h).1)
            }
            Kind::Inverse if l.is_zero() && h.is_zero() => (whole(0), whole(0)),
            Kind::Inverse if l.is_positive() || h.is_negative() => {
                (rounded(&h.recip(), bits, false), rounded(&l.recip(), bits, true))
            }
            Kind::Inverse => return None,
        })
    }

    /// All atoms where the variables lie between bounds; those of which nothing is known are absent.
    pub fn ranges(&mut self, variables: &BTreeMap<u32, Interval>, bits: u32) -> BTreeMap<u32, Interval> {
        let mut out = variables.clone();
        for n in 0..self.functions.len() {
            let Some(f) = self.functions.get(n) else { continue };
            let (kind, atom) = (f.kind, f.atom);
            if let Some(argument) = Self::range(&f.poly, &out, bits)
                && let Some(image) = self.image(kind, &argument, bits)
            {
                // What a hypothesis says of a function may be better.
                let both = match variables.get(&atom) {
                    Some((l, h)) => (image.0.max(l.clone()), image.1.min(h.clone())),
                    None => image,
                };
                out.insert(atom, both);
            }
        }
        out
    }

    /// Whether a fact holds, where that is certain.
    pub fn certain(f: &Fact, ranges: &BTreeMap<u32, Interval>, bits: u32) -> Option<bool> {
        let (l, h) = Self::range(&f.poly, ranges, bits)?;
        match f.relation {
            Relation::Lt if l.is_positive() => Some(true),
            Relation::Lt if !h.is_positive() => Some(false),
            Relation::Le if !l.is_negative() => Some(true),
            Relation::Le if h.is_negative() => Some(false),
            Relation::Eq if l.is_zero() && h.is_zero() => Some(true),
            Relation::Eq if l.is_positive() || h.is_negative() => Some(false),
            _ => None,
        }
    }
}
