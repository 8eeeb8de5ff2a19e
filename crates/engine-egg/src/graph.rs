//! The e-graph: equal trees in one class, each union with a reason, and for each class the smallest tree in it.

use crate::scope::{Name, Named, free};
use crate::tree::{Shape, Tree};
use egg::{Analysis, DidMerge, EGraph, Explanation, Id, Language};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

/// A node: the place of its shape in the table, and its children.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Op {
    pub shape: usize,
    pub children: Vec<Id>,
}

impl Language for Op {
    type Discriminant = usize;
    fn discriminant(&self) -> usize {
        self.shape
    }
    fn matches(&self, other: &Self) -> bool {
        self.shape == other.shape && self.children.len() == other.children.len()
    }
    fn children(&self) -> &[Id] {
        &self.children
    }
    fn children_mut(&mut self) -> &mut [Id] {
        &mut self.children
    }
}

/// Shapes met so far, and the variables bound somewhere that occur in them.
#[derive(Default)]
pub struct Shapes {
    /// Names below this one are those of the goal, which are known everywhere.
    outer: Name,
    list: Vec<(Rc<Shape>, BTreeSet<Name>)>,
    places: HashMap<Rc<Shape>, usize>,
}

impl Shapes {
    fn place(&mut self, shape: &Rc<Shape>) -> usize {
        if let Some(known) = self.places.get(shape) {
            return *known;
        }
        let mut names = BTreeSet::new();
        match &**shape {
            Shape::Var(n) => {
                names.insert(*n);
            }
            Shape::Head(_, args) => args.iter().flatten().for_each(|a| free(a, &mut names)),
            Shape::AppTo(t) | Shape::Choice(t) | Shape::Opaque(t) => free(t, &mut names),
            Shape::Con(_, _, params) => params.iter().for_each(|p| free(p, &mut names)),
            Shape::App | Shape::Lam(_) | Shape::Pair | Shape::Fst | Shape::Snd => {}
        }
        names.retain(|n| *n >= self.outer);
        let place = self.list.len();
        self.list.push((shape.clone(), names));
        self.places.insert(shape.clone(), place);
        place
    }
}

/// For each class, the bound variables that occur free in the tree that has the fewest.
impl Analysis<Op> for Shapes {
    type Data = BTreeSet<Name>;

    fn make(graph: &mut EGraph<Op, Self>, node: &Op, _: Id) -> Self::Data {
        names_of(graph, node)
    }

    fn merge(&mut self, a: &mut Self::Data, b: Self::Data) -> DidMerge {
        if *a == b {
            return DidMerge(false, false);
        }
        if (b.len(), &b) < (a.len(), a) {
            *a = b;
            return DidMerge(true, false);
        }
        DidMerge(false, true)
    }
}

fn names_of(graph: &EGraph<Op, Shapes>, node: &Op) -> BTreeSet<Name> {
    let (shape, own) = &graph.analysis.list[node.shape];
    let mut names = own.clone();
    for c in &node.children {
        names.extend(&graph[*c].data);
    }
    if let Shape::Lam(n) = &**shape {
        names.remove(n);
    }
    names
}

/// Why two trees are equal.
#[derive(Clone)]
pub enum Why {
    /// They compute to the same; the kernel sees that by itself.
    Computes,
    /// A proof of `left = right` at a type; its names are those of the place where it is used.
    Proof { proof: Proof, ty: Named, left: Rc<Tree>, right: Rc<Tree> },
}

/// Two trees, and why they are equal.
pub type Step = (Rc<Tree>, Rc<Tree>, Why);

/// A proof that is put together where it is used.
#[derive(Clone)]
pub enum Proof {
    /// A term.
    Term(Named),
    /// Both sides are one polynomial.
    Ring(Rc<crate::ring::Ring>),
}

/// An e-graph with the reasons of its unions.
pub struct Graph {
    pub egg: EGraph<Op, Shapes>,
    pub reasons: Vec<Why>,
    smallest: BTreeMap<Id, (usize, Rc<Tree>)>,
}

impl Graph {
    /// An empty one, for a goal with so many variables.
    pub fn new(outer: Name) -> Graph {
        let shapes = Shapes { outer, ..Shapes::default() };
        // Shorter explanations are looked for only among few nodes: the search for them is not linear.
        let egg = EGraph::new(shapes).with_explanations_enabled().without_explanation_length_optimization();
        Graph { egg, reasons: Vec::new(), smallest: BTreeMap::new() }
    }

    /// The shape of a node.
    pub fn shape(&self, node: &Op) -> &Rc<Shape> {
        &self.egg.analysis.list[node.shape].0
    }

    /// The shape at a place of the table.
    pub fn shape_at(&self, place: usize) -> Option<&Rc<Shape>> {
        self.egg.analysis.list.get(place).map(|(shape, _)| shape)
    }

    /// Adds a tree. The result stands for this very tree, not for its class.
    pub fn add(&mut self, tree: &Tree) -> Id {
        let children = tree.children.iter().map(|c| self.add(c)).collect();
        let shape = self.egg.analysis.place(&tree.shape);
        self.egg.add_uncanonical(Op { shape, children })
    }

    /// The class of a tree, where all of it is there already.
    pub fn lookup(&self, tree: &Tree) -> Option<Id> {
        let children = tree.children.iter().map(|c| self.lookup(c)).collect::<Option<_>>()?;
        let shape = *self.egg.analysis.places.get(&tree.shape)?;
        self.egg.lookup(Op { shape, children })
    }

    /// Makes two trees equal; whether that is new.
    pub fn unite(&mut self, left: &Tree, right: &Tree, why: Why) -> bool {
        let (a, b) = (self.add(left), self.add(right));
        if self.egg.find(a) == self.egg.find(b) {
            return false;
        }
        let reason = self.reasons.len().to_string();
        self.reasons.push(why);
        self.egg.union_trusted(a, b, reason)
    }

    /// Restores congruence, and finds the smallest tree of each class again.
    pub fn rebuild(&mut self) {
        self.egg.rebuild();
        let mut classes: Vec<Id> = self.egg.classes().map(|c| c.id).collect();
        classes.sort_unstable();
        let mut best: BTreeMap<Id, (usize, Op)> = BTreeMap::new();
        loop {
            let mut changed = false;
            for id in &classes {
                let class = &self.egg[*id];
                for node in &class.nodes {
                    let below = node.children.iter().map(|c| best.get(&self.egg.find(*c)).map(|b| b.0));
                    let Some(size) = below.sum::<Option<usize>>().map(|n| n + self.weight(node)) else { continue };
                    if best.get(id).is_none_or(|b| size < b.0) && names_of(&self.egg, node).is_subset(&class.data) {
                        best.insert(*id, (size, node.clone()));
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
        let mut order: Vec<(&Id, &(usize, Op))> = best.iter().collect();
        order.sort_by_key(|(id, (size, _))| (*size, **id));
        self.smallest = BTreeMap::new();
        for (id, (size, node)) in order {
            let children = node.children.iter().map(|c| Some(self.smallest.get(&self.egg.find(*c))?.1.clone()));
            let Some(children) = children.collect::<Option<_>>() else { continue };
            let tree = Rc::new(Tree { shape: self.shape(node).clone(), children });
            self.smallest.insert(*id, (*size, tree));
        }
    }

    fn weight(&self, node: &Op) -> usize {
        match &**self.shape(node) {
            Shape::Opaque(_) => 5,
            _ => 1,
        }
    }

    /// The smallest tree of a class, at the last rebuild.
    pub fn smallest(&self, id: Id) -> Option<&Rc<Tree>> {
        self.smallest.get(&self.egg.find(id)).map(|(_, t)| t)
    }

    /// The bound variables that the smallest tree of a class has free.
    pub fn names(&self, id: Id) -> &BTreeSet<Name> {
        &self.egg[id].data
    }

    /// The classes at the last rebuild, in a fixed order.
    pub fn classes(&self) -> Vec<Id> {
        self.smallest.keys().copied().collect()
    }

    /// Whether two trees are known to be equal.
    pub fn equal(&self, left: Id, right: Id) -> bool {
        self.egg.find(left) == self.egg.find(right)
    }

    /// Why two trees are equal; none where they are not.
    pub fn explain(&mut self, left: Id, right: Id) -> Option<Explanation<Op>> {
        self.equal(left, right).then(|| self.egg.explain_id_equivalence(left, right))
    }
}
