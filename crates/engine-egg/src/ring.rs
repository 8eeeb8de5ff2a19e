//! Polynomial arithmetic: what is added and multiplied is brought to one form, and the kernel's rule `ring` says that it is equal.
//! The form puts what varies least first, so that lemmas such as `(sum i, c * f i) = c * (sum i, f i)` find their constants in front.

use crate::graph::{Graph, Op, Proof, Step, Why};
use crate::scope::Stack;
use crate::tree::{Shape, Tree};
use bfv_format::{Arith, Node, Op as Instruction, Prim, Rational, Rule, Sort, Term};
use bfv_search::poly::{Monomial, Poly, number};
use egg::Id;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Larger polynomials are left alone, in monomials.
const MONOMIALS: usize = 40;
/// Monomials of a higher degree are left alone.
const DEGREE: usize = 12;

/// Both sides of an equation of polynomials, and what their atoms stand for.
pub struct Ring {
    sort: Sort,
    atoms: Vec<(Sort, Rc<Tree>)>,
    left: Arith,
    right: Arith,
}

impl Ring {
    /// An equation without atoms, true or not.
    #[cfg(test)]
    pub fn of(sort: Sort, left: Arith, right: Arith) -> Ring {
        Ring { sort, atoms: Vec::new(), left, right }
    }

    /// The rule term where the names on the stack are bound.
    pub fn term(&self, stack: &mut Stack) -> Option<Term> {
        let atoms = self.atoms.iter().map(|(s, t)| Some((*s, t.term(stack)?))).collect::<Option<_>>()?;
        let (left, right) = (self.left.clone(), self.right.clone());
        Some(Rc::new(Node::Rule(Box::new(Rule::Ring { sort: self.sort, atoms, left, right }))))
    }
}

/// What a node is in arithmetic.
enum Part {
    Literal(Sort, Rational),
    Add(Sort),
    Sub(Sort),
    Mul(Sort),
    /// From one sort to another.
    Cast(Instruction, Sort, Sort),
    /// One more.
    Suc,
}

fn part(shape: &Shape) -> Option<Part> {
    let Shape::Head(head, args) = shape else { return None };
    let whole = |n: BigInt| Rational { num: n, den: 1u8.into() };
    Some(match (&**head, args.len()) {
        (Node::NatLit(n), 0) => Part::Literal(Sort::Nat, whole(n.clone().into())),
        (Node::IntLit(n), 0) => Part::Literal(Sort::Int, whole(n.clone())),
        (Node::RealLit(q), 0) => Part::Literal(Sort::Real, q.clone()),
        (Node::Prim(p), 2) => match p {
            Prim::NatAdd => Part::Add(Sort::Nat),
            Prim::IntAdd => Part::Add(Sort::Int),
            Prim::RealAdd => Part::Add(Sort::Real),
            Prim::IntSub => Part::Sub(Sort::Int),
            Prim::RealSub => Part::Sub(Sort::Real),
            Prim::NatMul => Part::Mul(Sort::Nat),
            Prim::IntMul => Part::Mul(Sort::Int),
            Prim::RealMul => Part::Mul(Sort::Real),
            _ => return None,
        },
        (Node::Prim(p), 1) => match p {
            Prim::Suc => Part::Suc,
            Prim::IntPos => Part::Cast(Instruction::NatToInt, Sort::Nat, Sort::Int),
            Prim::RealOfNat => Part::Cast(Instruction::NatToReal, Sort::Nat, Sort::Real),
            Prim::RealOfInt => Part::Cast(Instruction::IntToReal, Sort::Int, Sort::Real),
            _ => return None,
        },
        _ => return None,
    })
}

impl Part {
    /// The sort of the result.
    fn sort(&self) -> Sort {
        match self {
            Part::Literal(s, _) | Part::Add(s) | Part::Sub(s) | Part::Mul(s) | Part::Cast(_, _, s) => *s,
            Part::Suc => Sort::Nat,
        }
    }
}

/// A class as a polynomial of other classes, and how a tree of it comes to that.
#[derive(Clone)]
struct Form {
    poly: Poly,
    arith: Arith,
    tree: Rc<Tree>,
}

/// Most monomials that are written down for one e-graph. Classes that reach themselves are worked out again at every place.
const WORK: u64 = 20_000;

/// The polynomials of the classes of an e-graph.
pub struct Normaliser<'g> {
    graph: &'g Graph,
    known: BTreeMap<(Id, Sort), Form>,
    /// The classes whose polynomials are being worked out.
    open: BTreeSet<Id>,
    /// How often one of those was met below itself.
    cuts: usize,
    /// The sort of each atom.
    sorts: BTreeMap<Id, Sort>,
    /// Sums that are taken as atoms, because something is divided by them.
    whole: BTreeSet<Id>,
    /// Monomials written down so far.
    work: u64,
}

impl<'g> Normaliser<'g> {
    pub fn new(graph: &'g Graph) -> Self {
        Normaliser {
            whole: BTreeSet::new(),
            graph,
            known: BTreeMap::new(),
            open: BTreeSet::new(),
            cuts: 0,
            sorts: BTreeMap::new(),
            work: 0,
        }
    }

    /// The steps for all sums and products, with what is divided by taken apart, and taken as it is, so that it can be cancelled,
    /// and what they cost.
    pub fn all_steps(graph: &'g Graph) -> (Vec<Step>, u64) {
        let (mut steps, mut cost) = Normaliser::new(graph).steps();
        let mut apart = Normaliser::new(graph);
        for id in graph.classes() {
            let inverted = u32::try_from(usize::from(id)).ok().and_then(|n| apart.inverted(n));
            apart.whole.extend(inverted.and_then(|n| usize::try_from(n).ok()).map(Id::from));
        }
        if !apart.whole.is_empty() {
            let (more, work) = apart.steps();
            steps.extend(more);
            cost += work;
        }
        (steps, cost)
    }

    /// The steps for all sums and products of the e-graph.
    fn steps(mut self) -> (Vec<Step>, u64) {
        let mut out = Vec::new();
        for id in self.graph.classes() {
            for node in &self.graph.egg[id].nodes {
                let Some(p) = part(self.graph.shape(node)) else { continue };
                if matches!(p, Part::Literal(..)) {
                    continue;
                }
                self.open.insert(id);
                let form = self.node(node, &p);
                self.open.remove(&id);
                if let Some(form) = form
                    && let Some(step) = self.step(p.sort(), &form)
                    && self.graph.lookup(&step.1) != Some(id)
                {
                    out.push(step);
                }
            }
        }
        (out, self.work)
    }

    /// The form of a class.
    pub fn form(&mut self, id: Id, sort: Sort) -> Option<Rc<Tree>> {
        let form = self.class(id, sort)?;
        Some(self.write(sort, &form.poly)?.1)
    }

    fn step(&self, sort: Sort, form: &Form) -> Option<Step> {
        let (right, tree) = self.write(sort, &form.poly)?;
        if tree == form.tree {
            return None;
        }
        // Atoms are numbered as they are met.
        let mut atoms: Vec<Id> = Vec::new();
        let mut numbered = |arith: &Arith| -> Option<Arith> {
            arith
                .iter()
                .map(|op| match op {
                    Instruction::Atom(s, id) => {
                        let id = Id::from(usize::try_from(*id).ok()?);
                        let n = atoms.iter().position(|a| *a == id).unwrap_or_else(|| {
                            atoms.push(id);
                            atoms.len() - 1
                        });
                        Some(Instruction::Atom(*s, u32::try_from(n).ok()?))
                    }
                    other => Some(other.clone()),
                })
                .collect()
        };
        let (left, right) = (numbered(&form.arith)?, numbered(&right)?);
        let atoms = atoms.iter().map(|id| Some((*self.sorts.get(id)?, self.graph.smallest(*id)?.clone())));
        let ring = Ring { sort, atoms: atoms.collect::<Option<_>>()?, left, right };
        let carrier = match sort {
            Sort::Nat => Prim::Nat,
            Sort::Int => Prim::Int,
            Sort::Real => Prim::Real,
        };
        let why = Why::Proof {
            proof: Proof::Ring(Rc::new(ring)),
            ty: Rc::new(Node::Prim(carrier)),
            left: form.tree.clone(),
            right: tree.clone(),
        };
        Some((form.tree.clone(), tree, why))
    }

    fn atom(&mut self, id: Id, sort: Sort) -> Option<Form> {
        let n = u32::try_from(usize::from(id)).ok()?;
        self.sorts.insert(id, sort);
        let tree = self.graph.smallest(id)?.clone();
        Some(Form { poly: Poly::atom(n), arith: vec![Instruction::Atom(sort, n)], tree })
    }

    /// The polynomial of a class: a number if it is one, otherwise the smallest that one of its sums or products gives.
    fn class(&mut self, id: Id, sort: Sort) -> Option<Form> {
        let id = self.graph.egg.find(id);
        if self.whole.contains(&id) || self.work > WORK {
            return self.atom(id, sort);
        }
        if self.open.contains(&id) {
            self.cuts += 1;
            return self.atom(id, sort);
        }
        if let Some(known) = self.known.get(&(id, sort)) {
            return Some(known.clone());
        }
        let cuts = self.cuts;
        self.open.insert(id);
        let mut best: Option<Form> = None;
        for node in &self.graph.egg[id].nodes {
            if let Some(p) = part(self.graph.shape(node))
                && let Some(form) = self.node(node, &p)
            {
                self.work += 1 + u64::try_from(form.poly.0.len()).unwrap_or(u64::MAX / 2);
                if best.as_ref().is_none_or(|b| size(&form.poly) < size(&b.poly)) {
                    best = Some(form);
                }
            }
        }
        self.open.remove(&id);
        let form = match best {
            Some(form) => form,
            None => self.atom(id, sort)?,
        };
        // What was cut off at a class that is being worked out may differ elsewhere.
        if self.cuts == cuts {
            self.known.insert((id, sort), form.clone());
        }
        Some(form)
    }

    fn node(&mut self, node: &Op, p: &Part) -> Option<Form> {
        let shape = self.graph.shape(node).clone();
        let sort = p.sort();
        let form = match p {
            Part::Literal(s, q) => Form {
                poly: Poly::constant(number(q)),
                arith: vec![Instruction::Lit(*s, q.clone())],
                tree: Rc::new(Tree { shape, children: Vec::new() }),
            },
            Part::Cast(instruction, from, _) => {
                let mut a = self.class(*node.children.first()?, *from)?;
                a.arith.push(instruction.clone());
                Form { tree: Rc::new(Tree { shape, children: vec![a.tree] }), poly: a.poly, arith: a.arith }
            }
            Part::Suc => {
                let mut a = self.class(*node.children.first()?, sort)?;
                a.poly.add_term(Vec::new(), BigRational::one());
                a.arith.push(Instruction::Lit(sort, Rational { num: 1.into(), den: 1u8.into() }));
                a.arith.push(Instruction::Add);
                Form { tree: Rc::new(Tree { shape, children: vec![a.tree] }), poly: a.poly, arith: a.arith }
            }
            Part::Add(_) | Part::Sub(_) | Part::Mul(_) => {
                let (a, b) = (self.class(*node.children.first()?, sort)?, self.class(*node.children.get(1)?, sort)?);
                if a.poly.0.len() * b.poly.0.len() > MONOMIALS * MONOMIALS {
                    return None;
                }
                let (poly, op) = match p {
                    Part::Add(_) => {
                        let mut sum = a.poly.clone();
                        sum.add_scaled(&b.poly, &BigRational::one());
                        (sum, Instruction::Add)
                    }
                    Part::Sub(_) => (a.poly.minus(&b.poly), Instruction::Sub),
                    _ => (a.poly.times(&b.poly), Instruction::Mul),
                };
                let mut arith = a.arith;
                arith.extend(b.arith);
                arith.push(op);
                Form { poly, arith, tree: Rc::new(Tree { shape, children: vec![a.tree, b.tree] }) }
            }
        };
        (form.poly.0.len() <= MONOMIALS && form.poly.degree() <= DEGREE).then_some(form)
    }

    /// The form of a polynomial, as instructions and as a tree.
    fn write(&self, sort: Sort, poly: &Poly) -> Option<(Arith, Rc<Tree>)> {
        let mut monomials: Vec<(Monomial, &BigRational)> = Vec::new();
        for (m, q) in &poly.0 {
            monomials.push((self.ordered(m)?, q));
        }
        // Monomials are ordered as they are written.
        monomials.sort();
        let mut parts = Vec::new();
        for (m, q) in monomials {
            parts.push(self.monomial(sort, &m, q)?);
        }
        let Some(mut out) = parts.pop() else { return literal(sort, &BigRational::from_integer(BigInt::ZERO)) };
        while let Some((mut arith, tree)) = parts.pop() {
            arith.extend(out.0);
            arith.push(Instruction::Add);
            out = (arith, call(sort, Instruction::Add, tree, out.1)?);
        }
        Some(out)
    }

    /// The factors in the order in which they are written: what varies least comes first, and an inverse directly after what it inverts, last.
    fn ordered(&self, m: &Monomial) -> Option<Monomial> {
        let mut factors: Vec<(Option<u32>, u32)> = Vec::new();
        for n in m {
            let names = self.graph.names(Id::from(usize::try_from(*n).ok()?));
            factors.push((names.last().copied(), *n));
        }
        factors.sort();
        let mut out: Monomial = factors.into_iter().map(|(_, n)| n).collect();
        let pair = out.iter().enumerate().find_map(|(i, n)| {
            let inverted = self.inverted(*n)?;
            // A number may be its own inverse.
            Some((i, out.iter().position(|k| *k == inverted).filter(|j| *j != i)?))
        });
        if let Some((i, j)) = pair {
            let (inverse, of) = (out[i], out[j]);
            out.remove(i.max(j));
            out.remove(i.min(j));
            out.extend([of, inverse]);
        }
        Some(out)
    }

    /// The class that an inverse inverts.
    fn inverted(&self, n: u32) -> Option<u32> {
        let nodes = &self.graph.egg[Id::from(usize::try_from(n).ok()?)].nodes;
        let node = nodes.iter().find(|n| {
            matches!(&**self.graph.shape(n), Shape::Head(h, args) if args.len() == 1 && matches!(&**h, Node::Prim(Prim::RealInv)))
        })?;
        u32::try_from(usize::from(self.graph.egg.find(*node.children.first()?))).ok()
    }

    fn monomial(&self, sort: Sort, m: &Monomial, q: &BigRational) -> Option<(Arith, Rc<Tree>)> {
        if (sort == Sort::Nat && q.is_negative()) || (sort != Sort::Real && !q.is_integer()) {
            return None;
        }
        let mut factors = Vec::new();
        if m.is_empty() || !q.is_one() {
            factors.push(literal(sort, q)?);
        }
        for n in m {
            let id = Id::from(usize::try_from(*n).ok()?);
            let own = *self.sorts.get(&id)?;
            factors.push(cast(own, sort, (vec![Instruction::Atom(own, *n)], self.graph.smallest(id)?.clone()))?);
        }
        let mut out = factors.pop()?;
        while let Some((mut arith, tree)) = factors.pop() {
            arith.extend(out.0);
            arith.push(Instruction::Mul);
            out = (arith, call(sort, Instruction::Mul, tree, out.1)?);
        }
        Some(out)
    }
}

/// How large a polynomial is; numbers are the smallest.
fn size(p: &Poly) -> usize {
    p.0.keys().map(|m| m.len() + 1).sum::<usize>() - usize::from(p.0.contains_key(&Vec::new()))
}

fn literal(sort: Sort, q: &BigRational) -> Option<(Arith, Rc<Tree>)> {
    let rational = Rational { num: q.numer().clone(), den: q.denom().to_biguint()? };
    let node = match sort {
        Sort::Nat => Node::NatLit(q.numer().to_biguint()?),
        Sort::Int => Node::IntLit(q.numer().clone()),
        Sort::Real => Node::RealLit(rational.clone()),
    };
    Some((vec![Instruction::Lit(sort, rational)], Tree::literal(node)))
}

fn call(sort: Sort, op: Instruction, a: Rc<Tree>, b: Rc<Tree>) -> Option<Rc<Tree>> {
    let prim = match (sort, op) {
        (Sort::Nat, Instruction::Add) => Prim::NatAdd,
        (Sort::Nat, Instruction::Mul) => Prim::NatMul,
        (Sort::Int, Instruction::Add) => Prim::IntAdd,
        (Sort::Int, Instruction::Mul) => Prim::IntMul,
        (Sort::Real, Instruction::Add) => Prim::RealAdd,
        (Sort::Real, Instruction::Mul) => Prim::RealMul,
        _ => return None,
    };
    Some(Tree::call(prim, vec![a, b]))
}

fn cast(from: Sort, to: Sort, (mut arith, tree): (Arith, Rc<Tree>)) -> Option<(Arith, Rc<Tree>)> {
    let (instruction, prim) = match (from, to) {
        _ if from == to => return Some((arith, tree)),
        (Sort::Nat, Sort::Int) => (Instruction::NatToInt, Prim::IntPos),
        (Sort::Nat, Sort::Real) => (Instruction::NatToReal, Prim::RealOfNat),
        (Sort::Int, Sort::Real) => (Instruction::IntToReal, Prim::RealOfInt),
        _ => return None,
    };
    arith.push(instruction);
    Some((arith, Tree::call(prim, vec![tree])))
}
