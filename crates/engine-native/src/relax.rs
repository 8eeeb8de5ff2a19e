//! One part of a box: linear facts about every function on it, and the linear program over them.

use crate::boxes::{Interval, Kind, Sheet};
use crate::certificate::combine;
use crate::enclose::{at_most, computed, literal, root, rounded, whole};
use bfv_search::poly::{Monomial, Poly, polynomial};
use bfv_search::shift::rename;
use bfv_format::{Arith, Hypothesis, Node, Op, Product, Relation, Rule, Sort, Term};
use bfv_kernel::rational;
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{One, Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// More products of bounds than this are not made for one monomial.
const PRODUCTS: usize = 36;
/// More columns than this are not made for one program.
const COLUMNS: usize = 400;
/// Multiples of one equation.
const MULTIPLES: usize = 12;

/// A proof term, and how many variables there are where it stands.
#[derive(Clone)]
pub struct Proof {
    pub term: Term,
    pub depth: u32,
}

/// A relation between two trees, with its proof.
#[derive(Clone)]
pub struct Fact {
    pub relation: Relation,
    pub left: Arith,
    pub right: Arith,
    /// Right minus left.
    pub poly: Poly,
    pub proof: Proof,
}

impl Fact {
    pub fn new(relation: Relation, left: Arith, right: Arith, proof: Proof) -> Option<Fact> {
        let poly = polynomial(&right)?.minus(&polynomial(&left)?);
        Some(Fact { relation, left, right, poly, proof })
    }

    /// A bound of one atom by a number: the atom, whether it is a lower bound, and the number.
    pub fn bound(&self) -> Option<(u32, bool, BigRational)> {
        let mut constant = whole(0);
        let mut slope: Option<(u32, BigRational)> = None;
        for (m, c) in &self.poly.0 {
            match (m.as_slice(), &slope) {
                ([], _) => constant = c.clone(),
                ([a], None) => slope = Some((*a, c.clone())),
                _ => return None,
            }
        }
        let (atom, c) = slope?;
        Some((atom, c.is_positive(), -constant / c))
    }
}

/// A nonnegative summand.
struct Column {
    poly: Poly,
    strict: bool,
    facts: Vec<usize>,
    squares: Vec<Arith>,
}

fn number(q: &BigRational) -> Arith {
    vec![Op::Lit(Sort::Real, rational(q))]
}

fn op(a: &Arith, b: &Arith, op: Op) -> Arith {
    a.iter().chain(b).cloned().chain([op]).collect()
}

fn atom_tree(sort: Sort, n: u32) -> Arith {
    let mut out = vec![Op::Atom(sort, n)];
    match sort {
        Sort::Real => {}
        Sort::Nat => out.push(Op::NatToReal),
        Sort::Int => out.push(Op::IntToReal),
    }
    out
}

/// A bound of an argument, with its proof where the part stands.
type Side = Option<(BigRational, Term)>;

/// A part of a box.
pub struct Leaf<'l, 'g> {
    sheet: &'l mut Sheet<'g>,
    facts: Vec<Fact>,
    /// How many of the facts were given.
    given: usize,
    depth: u32,
    bits: u32,
    /// What is stated on the way: types and proofs, each below the ones before.
    stated: Vec<(Term, Term)>,
    low: BTreeMap<u32, (BigRational, usize)>,
    high: BTreeMap<u32, (BigRational, usize)>,
}

impl<'l, 'g> Leaf<'l, 'g> {
    pub fn new(sheet: &'l mut Sheet<'g>, facts: &[Fact], depth: u32, bits: u32) -> Self {
        let (low, high) = (BTreeMap::new(), BTreeMap::new());
        let mut leaf = Leaf { sheet, facts: Vec::new(), given: facts.len(), depth, bits, stated: Vec::new(), low, high };
        for f in facts {
            leaf.add(f.clone());
        }
        leaf
    }

    fn add(&mut self, f: Fact) {
        if let Some((atom, lower, at)) = f.bound() {
            let n = self.facts.len();
            let better = |old: Option<&(BigRational, usize)>, up: bool| old.is_none_or(|(q, _)| if up { at > *q } else { at < *q });
            if f.relation != Relation::Eq {
                if lower && better(self.low.get(&atom), true) {
                    self.low.insert(atom, (at.clone(), n));
                }
                if !lower && better(self.high.get(&atom), false) {
                    self.high.insert(atom, (at, n));
                }
            }
        }
        self.facts.push(f);
    }

    fn learn(&mut self, relation: Relation, left: Arith, right: Arith, proof: Term) {
        let proof = Proof { term: proof, depth: self.depth };
        if let Some(f) = Fact::new(relation, left, right, proof) {
            self.add(f);
        }
    }

    /// Falsehood from the facts. `denied` is the place of the fact that the goal is denied.
    ///
    /// # Errors
    /// `Reason::Budget` when the steps end first.
    pub fn close(mut self, denied: Option<usize>, budget: &mut Budget) -> Result<Option<Term>, Reason> {
        let seeds: Vec<Poly> = match denied.and_then(|n| self.facts.get(n)) {
            Some(f) => vec![f.poly.clone()],
            None => self.facts.iter().map(|f| f.poly.clone()).collect(),
        };
        let mut about = BTreeSet::new();
        for p in &seeds {
            about.extend(self.sheet.about(p));
        }
        for n in 0..self.sheet.functions.len() {
            if self.sheet.functions.get(n).is_some_and(|f| about.contains(&f.atom)) {
                self.function(n, budget)?;
            }
        }
        let Some(mut t) = self.certify(None, &seeds, &about, budget)? else { return Ok(None) };
        for (ty, proof) in self.stated.into_iter().rev() {
            t = match rename(&t, 0, 0, &mut |n| n.checked_sub(1), &mut Some) {
                Some(without) => without,
                None => Rc::new(Node::Let(ty, proof, t)),
            };
        }
        Ok(Some(t))
    }

    /// States something with its proof; the variable that stands for it.
    fn state(&mut self, ty: Term, proof: Term) -> Proof {
        self.stated.push((ty, proof));
        self.depth += 1;
        Proof { term: Rc::new(Node::Var(0)), depth: self.depth }
    }

    fn here(&self, p: &Proof) -> Term {
        self.sheet.lower(&p.term, p.depth, self.depth)
    }

    /// A bound of a function at a number: the bound, and its proof.
    fn known(&mut self, kind: Kind, m: &BigRational, high: bool) -> Side {
        let (q, place) = self.sheet.numbers.note(kind.name(), m, self.bits, high)?;
        let level = self.sheet.first_number().checked_add(u32::try_from(place).ok()?)?;
        Some((q, Rc::new(Node::Var(self.depth.checked_sub(level.checked_add(1)?)?))))
    }

    /// The argument of a function between numbers.
    fn within(&mut self, n: usize, budget: &mut Budget) -> Result<(Side, Side), Reason> {
        let Some(f) = self.sheet.functions.get(n) else { return Ok((None, None)) };
        let (poly, tree, term) = (f.poly.clone(), f.tree.clone(), f.term.clone());
        if poly.degree() == 0 {
            let q = poly.0.values().next().cloned().unwrap_or_else(BigRational::zero);
            let m = literal(&q);
            let same = self.sheet.numbers.lemmas.apply("computed", &[m.clone(), m, computed(false)]);
            return Ok((Some((q.clone(), same.clone())), Some((q, same))));
        }
        let (low, high) = self.sides(&poly);
        let mut out = [None, None];
        for (slot, (bound, upper)) in out.iter_mut().zip([(low, false), (high, true)]) {
            let Some(q) = bound else { continue };
            let (left, right) = if upper { (tree.clone(), number(&q)) } else { (number(&q), tree.clone()) };
            let Some(proof) = self.at_most(left, right, budget)? else { continue };
            let proof = match &*proof.term {
                Node::Var(_) => proof,
                _ => {
                    let (u, m) = (self.sheet.lower(&term, self.sheet.root, self.depth), literal(&q));
                    let ty = if upper { at_most(&u, &m) } else { at_most(&m, &u) };
                    let term = self.here(&proof);
                    self.state(ty, term)
                }
            };
            *slot = Some((q, proof));
        }
        let [low, high] = out;
        let here = |side: Option<(BigRational, Proof)>| side.map(|(q, p)| (q, self.here(&p)));
        Ok((here(low), here(high)))
    }

    /// Numbers between which a polynomial lies, as far as bounds of atoms tell.
    fn sides(&self, p: &Poly) -> (Option<BigRational>, Option<BigRational>) {
        let both: BTreeMap<u32, Interval> =
            self.low.iter().filter_map(|(n, (l, _))| Some((*n, (l.clone(), self.high.get(n)?.0.clone())))).collect();
        let digits = self.bits + 6;
        if p.degree() > 1 {
            return match Sheet::range(p, &both, digits) {
                Some((l, h)) => (Some(l), Some(h)),
                None => (None, None),
            };
        }
        let side = |upper: bool| -> Option<BigRational> {
            let mut sum = whole(0);
            for (m, c) in &p.0 {
                sum += match m.first() {
                    None => c.clone(),
                    Some(a) => c * &(if c.is_positive() == upper { &self.high } else { &self.low }).get(a)?.0,
                };
            }
            // The bound of a variable is taken as it is.
            Some(if p.0.len() == 1 { sum } else { rounded(&sum, digits.max(24), upper) })
        };
        (side(false), side(true))
    }

    /// A proof of `left <= right`: a fact, or by a program of its own.
    fn at_most(&mut self, left: Arith, right: Arith, budget: &mut Budget) -> Result<Option<Proof>, Reason> {
        if let Some(f) = self.facts.iter().find(|f| f.relation == Relation::Le && f.left == left && f.right == right) {
            return Ok(Some(f.proof.clone()));
        }
        let denial = Proof { term: Rc::new(Node::Var(0)), depth: self.depth + 1 };
        let Some(fact) = Fact::new(Relation::Lt, right, left, denial) else { return Ok(None) };
        let seeds = [fact.poly.clone()];
        let about = self.sheet.about(&fact.poly);
        let found = self.certify(Some(&fact), &seeds, &about, budget)?;
        Ok(found.map(|t| Proof { term: Rc::new(Node::Lam(t)), depth: self.depth }))
    }

    /// What is known of a function on this part.
    fn function(&mut self, n: usize, budget: &mut Budget) -> Result<(), Reason> {
        let sides = self.within(n, budget)?;
        let Some(f) = self.sheet.functions.get(n) else { return Ok(()) };
        let (kind, u, value) = (f.kind, f.tree.clone(), vec![Op::Atom(Sort::Real, f.atom)]);
        let term = self.sheet.lower(&f.term, self.sheet.root, self.depth);
        match kind {
            Kind::Exp => self.exp(&u, &value, &term, &sides),
            Kind::Log => self.log(&u, &value, &term, &sides),
            Kind::Sqrt => self.sqrt(&u, &value, &term, &sides),
            Kind::Inverse => self.inverse(&u, &value, &term, &sides),
        }
        Ok(())
    }

    fn lemma(&mut self, relation: Relation, left: Arith, right: Arith, name: &str, args: &[Term]) {
        let proof = self.sheet.numbers.lemmas.apply(name, args);
        self.learn(relation, left, right, proof);
    }

    /// Places for tangents between two numbers.
    fn places(low: &BigRational, high: &BigRational) -> Vec<BigRational> {
        let mut out = vec![low.clone(), rounded(&((low + high) / whole(2)), 8, false), high.clone()];
        out.extend([whole(0), whole(1)].into_iter().filter(|q| low < q && q < high));
        out.sort();
        out.dedup();
        out.retain(|q| low <= q && q <= high);
        out
    }

    fn exp(&mut self, u: &Arith, value: &Arith, term: &Term, (low, high): &(Side, Side)) {
        let no = computed(false);
        if let Some((l, hl)) = low {
            if let Some((p, known)) = self.known(Kind::Exp, l, false) {
                self.lemma(Relation::Le, number(&p), value.clone(), "exp_from", &[term.clone(), literal(l), literal(&p), hl.clone(), known]);
            }
            let to = high.as_ref().map_or_else(|| l.clone(), |(h, _)| h.clone()).min(l + whole(1));
            for m in Self::places(l, &to) {
                let Some((p, known)) = self.known(Kind::Exp, &m, false) else { continue };
                let line = op(&number(&whole(1)), &op(u, &number(&m), Op::Sub), Op::Add);
                let args = [term.clone(), literal(l), literal(&m), literal(&p), hl.clone(), known, no.clone()];
                self.lemma(Relation::Le, op(&number(&p), &line, Op::Mul), value.clone(), "exp_tangent", &args);
            }
        }
        let Some((h, hh)) = high else { return };
        let Some((q, above)) = self.known(Kind::Exp, h, true) else { return };
        self.lemma(Relation::Le, value.clone(), number(&q), "exp_to", &[term.clone(), literal(h), literal(&q), hh.clone(), above.clone()]);
        if let Some((l, hl)) = low
            && l < h
            && let Some((p, below)) = self.known(Kind::Exp, l, true)
        {
            let args = [term.clone(), literal(l), literal(h), literal(&p), literal(&q), hl.clone(), hh.clone(), below, above];
            self.lemma(Relation::Le, op(&number(&(h - l)), value, Op::Mul), Self::chord(u, l, h, &p, &q), "exp_chord", &args);
        }
    }

    /// `(h - u) * p + (u - l) * q`
    fn chord(u: &Arith, l: &BigRational, h: &BigRational, p: &BigRational, q: &BigRational) -> Arith {
        let from_high = op(&op(&number(h), u, Op::Sub), &number(p), Op::Mul);
        let from_low = op(&op(u, &number(l), Op::Sub), &number(q), Op::Mul);
        op(&from_high, &from_low, Op::Add)
    }

    fn log(&mut self, u: &Arith, value: &Arith, term: &Term, (low, high): &(Side, Side)) {
        let (yes, no) = (computed(true), computed(false));
        if let Some((h, hh)) = high
            && !h.is_positive()
        {
            self.lemma(Relation::Eq, value.clone(), number(&whole(0)), "log_none", &[term.clone(), literal(h), hh.clone(), no]);
            return;
        }
        let low = low.as_ref().filter(|(l, _)| l.is_positive());
        if let Some((l, hl)) = low {
            if let Some((p, known)) = self.known(Kind::Log, l, false) {
                let args = [term.clone(), literal(l), literal(&p), hl.clone(), yes.clone(), known];
                self.lemma(Relation::Le, number(&p), value.clone(), "log_from", &args);
            }
            let to = high.as_ref().map_or_else(|| l.clone(), |(h, _)| h.clone());
            for m in Self::places(l, &to) {
                let Some((q, known)) = self.known(Kind::Log, &m, true) else { continue };
                let line = op(&number(&(&m * &q)), &op(u, &number(&m), Op::Sub), Op::Add);
                let args = [term.clone(), literal(l), literal(&m), literal(&q), hl.clone(), yes.clone(), yes.clone(), known];
                self.lemma(Relation::Le, op(&number(&m), value, Op::Mul), line, "log_tangent", &args);
            }
        }
        let Some((h, hh)) = high else { return };
        let Some((q, above)) = self.known(Kind::Log, h, true) else { return };
        match low {
            Some((l, hl)) => {
                let args = [term.clone(), literal(l), literal(h), literal(&q), hl.clone(), hh.clone(), yes.clone(), above];
                self.lemma(Relation::Le, value.clone(), number(&q), "log_to", &args);
                if l < h
                    && let Some((p, from)) = self.known(Kind::Log, l, false)
                    && let Some((q, to)) = self.known(Kind::Log, h, false)
                {
                    let args =
                        [term.clone(), literal(l), literal(h), literal(&p), literal(&q), hl.clone(), hh.clone(), yes, from, to];
                    let slope = op(&number(&(h - l)), value, Op::Mul);
                    self.lemma(Relation::Le, Self::chord(u, l, h, &p, &q), slope, "log_chord", &args);
                }
            }
            None if !q.is_negative() => {
                let args = [term.clone(), literal(h), literal(&q), hh.clone(), no, above];
                self.lemma(Relation::Le, value.clone(), number(&q), "log_to_any", &args);
            }
            None => {}
        }
    }

    fn sqrt(&mut self, u: &Arith, value: &Arith, term: &Term, (low, high): &(Side, Side)) {
        let no = computed(false);
        if let Some((h, hh)) = high
            && h.is_negative()
        {
            let args = [term.clone(), literal(h), hh.clone(), computed(true)];
            self.lemma(Relation::Eq, value.clone(), number(&whole(0)), "sqrt_none", &args);
            return;
        }
        match low.as_ref().filter(|(l, _)| !l.is_negative()) {
            Some((l, hl)) => {
                let p = root(l, self.bits).0;
                let args = [term.clone(), literal(l), literal(&p), hl.clone(), no.clone()];
                self.lemma(Relation::Le, number(&p), value.clone(), "sqrt_from", &args);
                let args = [term.clone(), literal(l), hl.clone(), no.clone()];
                self.lemma(Relation::Eq, op(value, value, Op::Mul), u.clone(), "sqrt_square", &args);
            }
            None => self.lemma(Relation::Le, number(&whole(0)), value.clone(), "sqrt_least", std::slice::from_ref(term)),
        }
        if let Some((h, hh)) = high {
            let q = root(h, self.bits).1;
            let args = [term.clone(), literal(h), literal(&q), hh.clone(), no.clone(), no];
            self.lemma(Relation::Le, value.clone(), number(&q), "sqrt_to", &args);
        }
    }

    fn inverse(&mut self, u: &Arith, value: &Arith, term: &Term, (low, high): &(Side, Side)) {
        let (yes, no) = (computed(true), computed(false));
        let one = number(&whole(1));
        let product = op(u, value, Op::Mul);
        if let Some((l, hl)) = low
            && l.is_positive()
        {
            self.lemma(Relation::Eq, product, one, "inv_above", &[term.clone(), literal(l), hl.clone(), yes.clone()]);
            let q = rounded(&l.recip(), self.bits, true);
            let args = [term.clone(), literal(l), literal(&q), hl.clone(), yes.clone(), no.clone(), no.clone()];
            self.lemma(Relation::Le, value.clone(), number(&q), "inv_to", &args);
            match high {
                Some((h, hh)) => {
                    let p = rounded(&h.recip(), self.bits, false);
                    let args = [term.clone(), literal(l), literal(h), literal(&p), hl.clone(), hh.clone(), yes, no.clone(), no];
                    self.lemma(Relation::Le, number(&p), value.clone(), "inv_from", &args);
                }
                None => {}
            }
        } else if let Some((h, hh)) = high
            && h.is_negative()
        {
            self.lemma(Relation::Eq, product, one, "inv_below", &[term.clone(), literal(h), hh.clone(), yes.clone()]);
            let p = rounded(&h.recip(), self.bits, false);
            let args = [term.clone(), literal(h), literal(&p), hh.clone(), yes.clone(), no.clone(), no.clone()];
            self.lemma(Relation::Le, number(&p), value.clone(), "inv_from_below", &args);
            if let Some((l, hl)) = low {
                let q = rounded(&l.recip(), self.bits, true);
                let args = [term.clone(), literal(l), literal(h), literal(&q), hl.clone(), hh.clone(), yes, no.clone(), no];
                self.lemma(Relation::Le, value.clone(), number(&q), "inv_to_below", &args);
            }
        }
    }

    /// The program over the facts about some atoms, and over one more. Its solution is a term of type `Empty`, below the one more.
    fn certify(
        &mut self,
        more: Option<&Fact>,
        seeds: &[Poly],
        about: &BTreeSet<u32>,
        budget: &mut Budget,
    ) -> Result<Option<Term>, Reason> {
        let mut used: Vec<Fact> = Vec::new();
        let mut low: BTreeMap<u32, usize> = BTreeMap::new();
        let mut high: BTreeMap<u32, usize> = BTreeMap::new();
        for (n, f) in self.facts.iter().enumerate() {
            if f.poly.0.keys().flatten().all(|a| about.contains(a)) {
                // Of bounds of one atom by numbers only the best are of use.
                if let Some((a, lower, _)) = f.bound()
                    && f.relation != Relation::Eq
                {
                    let best = if lower { self.low.get(&a) } else { self.high.get(&a) };
                    if best.is_some_and(|(_, k)| *k != n) && (n >= self.given || more.is_some()) {
                        continue;
                    }
                    if best.is_some_and(|(_, k)| *k == n) {
                        (if lower { &mut low } else { &mut high }).insert(a, used.len());
                    }
                }
                used.push(f.clone());
            }
        }
        used.extend(more.cloned());
        let depth = self.depth + u32::from(more.is_some());
        let mut columns: Vec<Column> = Vec::new();
        let mut equations: Vec<(usize, Poly, Arith)> = Vec::new();
        let targets: BTreeSet<Monomial> = seeds.iter().flat_map(|p| p.0.keys().cloned()).collect();
        let mut wanted: BTreeSet<Monomial> = targets.clone();
        for (n, f) in used.iter().enumerate() {
            wanted.extend(f.poly.0.keys().cloned());
            if f.relation == Relation::Eq {
                for m in self.multipliers(f, &targets) {
                    let mut times = Poly::default();
                    times.add_term(m.clone(), BigRational::one());
                    let p = f.poly.times(&times);
                    wanted.extend(p.0.keys().cloned());
                    equations.push((n, p, self.monomial(&m)));
                }
            } else {
                columns.push(Column { poly: f.poly.clone(), strict: f.relation == Relation::Lt, facts: vec![n], squares: Vec::new() });
            }
        }
        let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
        for m in wanted.iter().filter(|m| m.len() > 1) {
            for facts in choices(m, &low, &high) {
                if columns.len() >= COLUMNS || !seen.insert(facts.clone()) {
                    continue;
                }
                let mut poly = Poly::constant(BigRational::one());
                let mut strict = true;
                for f in facts.iter().filter_map(|n| used.get(*n)) {
                    poly = poly.times(&f.poly);
                    strict &= f.relation == Relation::Lt;
                }
                columns.push(Column { poly, strict, facts, squares: Vec::new() });
            }
            if let [a, b] = m.as_slice()
                && a == b
            {
                let middle = match (self.low.get(a), self.high.get(a)) {
                    (Some((l, _)), Some((h, _))) => rounded(&((l + h) / whole(2)), 8, false),
                    _ => whole(0),
                };
                for at in BTreeSet::from([whole(0), middle]) {
                    let tree = op(&self.monomial(&[*a]), &number(&at), Op::Sub);
                    if let Some(p) = polynomial(&tree) {
                        columns.push(Column { poly: p.times(&p), strict: false, facts: Vec::new(), squares: vec![tree] });
                    }
                }
            }
        }
        budget.spend(u64::try_from(columns.len() / 8).unwrap_or(u64::MAX))?;
        let mut program: Vec<(&Poly, bool, bool)> = columns.iter().map(|c| (&c.poly, c.strict, false)).collect();
        program.extend(equations.iter().map(|(_, p, _)| (p, false, true)));
        let Ok(weights) = combine(&program, budget)? else { return Ok(None) };
        let mut rule = Certificate { facts: &used, order: Vec::new(), products: Vec::new(), equations: Vec::new() };
        for (n, (plus, minus)) in weights.iter().enumerate() {
            let weight = plus - minus;
            if weight.is_zero() {
                continue;
            }
            match n.checked_sub(1) {
                None => rule.products.push(Product { coefficient: rational(&weight), hypotheses: Vec::new(), squares: Vec::new() }),
                Some(k) => match columns.get(k) {
                    Some(c) => {
                        let hypotheses = c.facts.iter().map(|f| rule.place(*f)).collect();
                        rule.products.push(Product { coefficient: rational(&weight), hypotheses, squares: c.squares.clone() });
                    }
                    None => {
                        if let Some((f, _, tree)) = equations.get(k - columns.len()) {
                            let place = rule.place(*f);
                            rule.equations.push((place, op(&number(&weight), tree, Op::Mul)));
                        }
                    }
                },
            }
        }
        Ok(Some(rule.term(self.sheet, depth)))
    }

    fn monomial(&self, m: &[u32]) -> Arith {
        let sort = |n: u32| usize::try_from(n).ok().and_then(|n| self.sheet.atoms.list.get(n)).map_or(Sort::Real, |(s, _)| *s);
        let mut out = number(&whole(1));
        for (k, a) in m.iter().enumerate() {
            let a = atom_tree(sort(*a), *a);
            out = if k == 0 { a } else { op(&out, &a, Op::Mul) };
        }
        out
    }

    /// By what an equation may be multiplied: what stands beside its function in the monomials that matter.
    fn multipliers(&self, f: &Fact, targets: &BTreeSet<Monomial>) -> Vec<Monomial> {
        let mut out = BTreeSet::from([Vec::new()]);
        let functions: BTreeSet<u32> =
            f.poly.0.keys().flatten().copied().filter(|a| self.sheet.function(*a).is_some()).collect();
        for m in targets {
            for a in m.iter().filter(|a| functions.contains(a)) {
                let mut rest = m.clone();
                if let Some(k) = rest.iter().position(|b| b == a) {
                    rest.remove(k);
                }
                for bits in 0u32..(1 << rest.len().min(4)) {
                    out.insert((0u32..).zip(&rest).filter(|(n, _)| *n < 4 && (bits >> n) & 1 == 1).map(|(_, a)| *a).collect());
                }
            }
        }
        out.into_iter().take(MULTIPLES).collect()
    }
}

/// Products of bounds of the atoms of a monomial, each atom as often as it occurs there.
fn choices(m: &[u32], low: &BTreeMap<u32, usize>, high: &BTreeMap<u32, usize>) -> Vec<Vec<usize>> {
    let mut out: Vec<Vec<usize>> = vec![Vec::new()];
    let mut rest = m;
    while let Some(a) = rest.first() {
        let n = rest.iter().take_while(|b| *b == a).count();
        rest = rest.get(n..).unwrap_or_default();
        let powers: Vec<Vec<usize>> = match (low.get(a), high.get(a)) {
            (Some(l), Some(h)) => (0..=n).map(|k| [vec![*l; k], vec![*h; n - k]].concat()).collect(),
            (Some(b), None) | (None, Some(b)) => vec![vec![*b; n]],
            (None, None) => return Vec::new(),
        };
        out = out.iter().flat_map(|p| powers.iter().map(move |q| [p.clone(), q.clone()].concat())).collect();
        if out.len() > PRODUCTS {
            return Vec::new();
        }
    }
    for p in &mut out {
        p.sort_unstable();
    }
    out
}

/// A certificate that is being written: facts and atoms in the order of their first use.
struct Certificate<'f> {
    facts: &'f [Fact],
    order: Vec<usize>,
    products: Vec<Product>,
    equations: Vec<(u32, Arith)>,
}

impl Certificate<'_> {
    fn place(&mut self, fact: usize) -> u32 {
        let n = self.order.iter().position(|f| *f == fact).unwrap_or_else(|| {
            self.order.push(fact);
            self.order.len() - 1
        });
        u32::try_from(n).unwrap_or(u32::MAX)
    }

    fn term(mut self, sheet: &mut Sheet<'_>, depth: u32) -> Term {
        let mut names: Vec<u32> = Vec::new();
        let mut atoms = Vec::new();
        let mut renamed = |tree: &Arith, sheet: &mut Sheet<'_>| -> Arith {
            let mut out = Vec::new();
            for o in tree {
                out.push(match o {
                    Op::Atom(s, n) => {
                        let k = names.iter().position(|m| m == n).unwrap_or_else(|| {
                            names.push(*n);
                            atoms.push((*s, sheet.atom(*n, depth)));
                            names.len() - 1
                        });
                        Op::Atom(*s, u32::try_from(k).unwrap_or(u32::MAX))
                    }
                    other => other.clone(),
                });
            }
            out
        };
        let mut hypotheses = Vec::new();
        for f in self.order.iter().filter_map(|n| self.facts.get(*n)) {
            let proof = sheet.lower(&f.proof.term, f.proof.depth, depth);
            let (left, right) = (renamed(&f.left, sheet), renamed(&f.right, sheet));
            hypotheses.push(Hypothesis { relation: f.relation, left, right, proof });
        }
        for q in self.products.iter_mut().flat_map(|p| &mut p.squares) {
            *q = renamed(q, sheet);
        }
        for (_, m) in &mut self.equations {
            *m = renamed(m, sheet);
        }
        Rc::new(Node::Rule(Box::new(Rule::Psatz { atoms, hypotheses, products: self.products, equalities: self.equations })))
    }
}
