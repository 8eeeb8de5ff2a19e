//! Equations: what is equal by putting equals for equals, and the path that shows it.

use crate::ground::library::Library;
use crate::ground::matching::outside;
use crate::ground::proof::{P, Proof};
use crate::ground::refute::Fresh;
use bfv_format::{Dim, Node, Prim, Term};
use bfv_search::shift::rename;
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

/// The equations that hold.
pub struct Edges {
    /// Type (the number of positions, or none for numbers), left, right, proof.
    edges: Vec<(Option<Term>, Term, Term, P)>,
    classes: FxHashMap<Term, usize>,
}

/// A path between two terms: equations that it uses, by name, and what stands at each place of the way.
pub struct Way {
    named: Vec<(u32, Term, P)>,
    /// A term under one dimension.
    line: Term,
}

impl Way {
    /// What a type is on the way.
    pub fn line(&self) -> Term {
        self.line.clone()
    }

    /// The path itself.
    pub fn path(&self) -> P {
        Proof::data(Rc::new(Node::DLam(self.line.clone())))
    }

    /// Names the equations around a proof.
    pub fn bind(&mut self, p: P) -> P {
        self.named.drain(..).rev().fold(p, |p, (n, ty, proof)| Rc::new(Proof::Let(n, ty, proof, p)))
    }
}

impl Edges {
    pub fn new(edges: impl Iterator<Item = (Option<Term>, Term, Term, P)>) -> Self {
        let edges: Vec<_> = edges.collect();
        let mut classes: FxHashMap<Term, usize> = FxHashMap::default();
        for (_, a, b, _) in &edges {
            let next = classes.len();
            let x = *classes.entry(a.clone()).or_insert(next);
            let next = classes.len();
            let y = *classes.entry(b.clone()).or_insert(next);
            if x != y {
                for c in classes.values_mut() {
                    if *c == y {
                        *c = x;
                    }
                }
            }
        }
        Edges { edges, classes }
    }

    /// Whether two terms are equal by equations alone, without looking into them.
    pub fn same(&self, a: &Term, b: &Term) -> bool {
        // Most of the time there are none, and to look a term up takes longer than to see that.
        !self.classes.is_empty() && matches!((self.classes.get(a), self.classes.get(b)), (Some(x), Some(y)) if x == y)
    }

    fn terms(&self) -> impl Iterator<Item = &Term> {
        self.edges.iter().flat_map(|(_, a, b, _)| [a, b])
    }

    /// Whether `instead` finds all that is equal: no two terms that are no variables are.
    pub fn plain(&self) -> bool {
        let mut other: FxHashMap<usize, &Term> = FxHashMap::default();
        let mut terms = self.terms().filter(|t| !matches!(&***t, Node::Var(_)));
        terms.all(|t| self.classes.get(t).is_none_or(|class| *other.entry(*class).or_insert(t) == t))
    }

    /// One term for all variables that are equal.
    pub fn instead(&self) -> BTreeMap<u32, Term> {
        let rank = |t: &Term| if let Node::Var(n) = &**t { Some(*n) } else { None };
        let mut chosen: FxHashMap<usize, &Term> = FxHashMap::default();
        for t in self.terms() {
            let Some(class) = self.classes.get(t) else { continue };
            // What is no variable comes first.
            let best = chosen.entry(*class).or_insert(t);
            if rank(t) < rank(best) {
                *best = t;
            }
        }
        self.terms().filter_map(|t| Some((rank(t)?, (*chosen.get(self.classes.get(t)?)?).clone()))).collect()
    }

    pub fn len(&self) -> usize {
        self.edges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// A way from one numbered term to another; none when the equations do not give it.
    pub fn path(&self, a: &Term, b: &Term, lib: Library, fresh: &mut Fresh) -> Option<Way> {
        let mut named = Vec::new();
        let line = self.between(a, b, 0, lib, fresh, &mut named)?;
        Some(Way { named, line })
    }

    fn between(
        &self,
        a: &Term,
        b: &Term,
        under: u32,
        lib: Library,
        fresh: &mut Fresh,
        named: &mut Vec<(u32, Term, P)>,
    ) -> Option<Term> {
        if a == b {
            return Some(a.clone());
        }
        if let (Some(a), Some(b)) = (outside(a, under), outside(b, under))
            && self.same(&a, &b)
        {
            let (of, p) = self.chain(&a, &b, lib)?;
            let name = fresh.next();
            named.push((name, Rc::new(Node::Path(of, a.clone(), b.clone())), p));
            let at = Rc::new(Node::PApp(Rc::new(Node::Var(name)), a, b, Dim::Var(0)));
            return rename(&(at as Term), 0, 0, &mut |n| Some(n + under), &mut Some);
        }
        let mut go = |x: &Term, y: &Term, more: u32| self.between(x, y, under + more, lib, fresh, named);
        Some(Rc::new(match (&**a, &**b) {
            (Node::App(f, x), Node::App(g, y)) => Node::App(go(f, g, 0)?, go(x, y, 0)?),
            (Node::Path(l, x, y), Node::Path(k, z, w)) if l == k => Node::Path(l.clone(), go(x, z, 0)?, go(y, w, 0)?),
            (Node::Fst(x), Node::Fst(y)) => Node::Fst(go(x, y, 0)?),
            (Node::Snd(x), Node::Snd(y)) => Node::Snd(go(x, y, 0)?),
            (Node::Lam(x), Node::Lam(y)) => Node::Lam(go(x, y, 1)?),
            (Node::BoolElim(m, x, y, c), Node::BoolElim(k, z, w, d)) if m == k => {
                Node::BoolElim(m.clone(), go(x, z, 0)?, go(y, w, 0)?, go(c, d, 0)?)
            }
            _ => return None,
        }))
    }

    /// Equations one after another from one term to another.
    fn chain(&self, a: &Term, b: &Term, lib: Library) -> Option<(Term, P)> {
        let mut queue = VecDeque::from([a.clone()]);
        let mut from: FxHashMap<Term, (usize, bool)> = FxHashMap::default();
        while let Some(t) = queue.pop_front() {
            if t == *b {
                break;
            }
            for (n, (_, x, y, _)) in self.edges.iter().enumerate() {
                for (here, there, forward) in [(x, y, true), (y, x, false)] {
                    if *here == t && there != a && !from.contains_key(there) {
                        from.insert(there.clone(), (n, forward));
                        queue.push_back(there.clone());
                    }
                }
            }
        }
        let (mut at, mut proof) = (b.clone(), None);
        let mut of = None;
        while at != *a {
            let (n, forward) = from.get(&at)?;
            let (fin, x, y, p) = self.edges.get(*n)?;
            let ty: Term = match fin {
                None => Rc::new(Node::Prim(Prim::Nat)),
                Some(k) => Rc::new(Node::App(Rc::new(Node::Const { id: lib.fin, shift: 0 }), k.clone())),
            };
            let data = |t: &Term| Proof::data(t.clone());
            let (before, step) = if *forward {
                (x.clone(), p.clone())
            } else {
                (y.clone(), Proof::call(lib.sym, [data(&ty), data(x), data(y), p.clone()]))
            };
            proof = Some(match proof {
                None => step,
                Some(rest) => Proof::call(lib.trans, [data(&ty), data(&before), data(&at), data(b), step, rest]),
            });
            of = Some(ty);
            at = before;
        }
        Some((of?, proof?))
    }
}
