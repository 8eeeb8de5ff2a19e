//! Of which kind terms are, more finely than by their types: rounds and values may both be numbers, and yet no relation takes a round where
//! another takes a value. Instances that mix them are left out. This only saves work: where kinds turn out to be one, they are merged.

use crate::ground::library::Library;
use crate::ground::matching::outside;
use bfv_format::{Node, Prim, Term};
use rustc_hash::FxHashMap;

/// What has a kind.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Spot {
    Term(Term),
    /// A place of a relation, by its number, or what a function gives.
    Place(Term, Option<usize>),
}

/// The kinds that are known so far.
#[derive(Default)]
pub struct Sorts {
    spots: FxHashMap<Spot, usize>,
    /// A spot of the same kind, or itself; and whether a place is of that kind.
    same: Vec<(usize, bool)>,
    /// How often two kinds with places turned out to be one.
    pub merged: usize,
}

impl Sorts {
    fn spot(&mut self, spot: Spot) -> usize {
        let placed = matches!(spot, Spot::Place(..));
        let next = self.same.len();
        let n = *self.spots.entry(spot).or_insert(next);
        if n == next {
            self.same.push((n, placed));
        }
        n
    }

    fn kind(&self, mut n: usize) -> (usize, bool) {
        while let Some((m, placed)) = self.same.get(n).copied() {
            if m == n {
                return (n, placed);
            }
            n = m;
        }
        (n, false)
    }

    fn merge(&mut self, a: usize, b: usize) {
        let ((a, x), (b, y)) = (self.kind(a), self.kind(b));
        if a == b {
            return;
        }
        if let Some(of_b) = self.same.get_mut(b) {
            *of_b = (a, y);
        }
        if let Some(of_a) = self.same.get_mut(a) {
            *of_a = (a, x || y);
        }
        self.merged += usize::from(x && y);
    }

    /// Whether one term may stand where another one does.
    pub fn fit(&self, a: &Term, b: &Term) -> bool {
        let kind =
            |t: &Term| self.spots.get(&Spot::Term(t.clone())).map(|n| self.kind(*n)).filter(|(_, placed)| *placed);
        kind(a).zip(kind(b)).is_none_or(|(a, b)| a == b)
    }

    /// The spot of a term; none for what is bound inside of a statement, and for plain numbers.
    fn value(&mut self, t: &Term, under: u32) -> Option<usize> {
        let closed = outside(t, under);
        match &**t {
            Node::Var(_) => Some(self.spot(Spot::Term(closed?))),
            Node::App(..) => {
                let (head, args) = applied(t);
                match &**head {
                    Node::Prim(Prim::NatAdd) => {
                        let all: Vec<usize> = args.into_iter().filter_map(|x| self.value(x, under)).collect();
                        let first = *all.first()?;
                        all.into_iter().for_each(|n| self.merge(first, n));
                        Some(first)
                    }
                    Node::Var(_) | Node::Fst(_) | Node::Snd(_) => {
                        let head = outside(head, under)?;
                        let place = self.spot(Spot::Place(head, None));
                        if let Some(t) = closed {
                            let term = self.spot(Spot::Term(t));
                            self.merge(place, term);
                        }
                        Some(place)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Takes in the kinds of what a numbered statement compares and relates.
    pub fn note(&mut self, t: &Term, under: u32, lib: Library) {
        match &**t {
            Node::App(..) => {
                let (head, args) = applied(t);
                match &**head {
                    Node::Var(_) | Node::Fst(_) | Node::Snd(_) => {
                        if let Some(head) = outside(head, under) {
                            for (at, x) in args.iter().enumerate() {
                                if let Some(x) = self.value(x, under) {
                                    let place = self.spot(Spot::Place(head.clone(), Some(at)));
                                    self.merge(place, x);
                                }
                            }
                        }
                    }
                    Node::Prim(Prim::NatLtb) => self.compared(&args, under),
                    Node::Const { id, .. } if [lib.number_test, lib.fin_test].contains(id) => {
                        self.compared(&args, under)
                    }
                    _ => {}
                }
                args.into_iter().for_each(|x| self.note(x, under, lib));
            }
            Node::Path(_, a, b) => {
                self.compared(&[a, b], under);
                [a, b].into_iter().for_each(|x| self.note(x, under, lib));
            }
            Node::Lam(b) => self.note(b, under + 1, lib),
            Node::Pi(a, b) | Node::Sigma(a, b) => {
                self.note(a, under, lib);
                self.note(b, under + 1, lib);
            }
            Node::BoolElim(_, a, b, c) => [a, b, c].into_iter().for_each(|x| self.note(x, under, lib)),
            _ => {}
        }
    }

    /// The last two of some terms are compared with each other.
    fn compared(&mut self, args: &[&Term], under: u32) {
        if let [.., a, b] = args
            && let (Some(a), Some(b)) = (self.value(a, under), self.value(b, under))
        {
            self.merge(a, b);
        }
    }
}

/// What is applied, and to what.
pub fn applied(t: &Term) -> (&Term, Vec<&Term>) {
    let (mut head, mut args) = (t, Vec::new());
    while let Node::App(g, x) = &**head {
        args.push(x);
        head = g;
    }
    args.reverse();
    (head, args)
}
