//! One part of a box: linear facts about every function on it.

use crate::enclose::{at_most, computed, literal, root, rounded, whole};
use crate::sheet::{Interval, Kind, Sheet};
use bfv_format::{Arith, Node, Op, Relation, Sort, Term};
use bfv_kernel::rational;
use bfv_search::poly::{Poly, polynomial};
use bfv_search::shift::rename;
use bfv_search::{Budget, Reason};
use num_rational::BigRational;
use num_traits::{Signed, Zero};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

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

/// A number as a tree.
pub fn number(q: &BigRational) -> Arith {
    vec![Op::Lit(Sort::Real, rational(q))]
}

/// An operation on two trees.
pub fn op(a: &Arith, b: &Arith, op: Op) -> Arith {
    a.iter().chain(b).cloned().chain([op]).collect()
}

/// A bound of an argument, with its proof where the part stands.
type Side = Option<(BigRational, Term)>;

/// A part of a box.
pub struct Leaf<'l, 'g> {
    pub sheet: &'l mut Sheet<'g>,
    pub facts: Vec<Fact>,
    /// How many of the facts were given.
    pub given: usize,
    pub depth: u32,
    bits: u32,
    /// What is stated on the way: types and proofs, each below the ones before.
    stated: Vec<(Term, Term)>,
    pub low: BTreeMap<u32, (BigRational, usize)>,
    pub high: BTreeMap<u32, (BigRational, usize)>,
}

impl<'l, 'g> Leaf<'l, 'g> {
    pub fn new(sheet: &'l mut Sheet<'g>, facts: &[Fact], depth: u32, bits: u32) -> Self {
        let (low, high) = (BTreeMap::new(), BTreeMap::new());
        let mut leaf =
            Leaf { sheet, facts: Vec::new(), given: facts.len(), depth, bits, stated: Vec::new(), low, high };
        for f in facts {
            leaf.add(f.clone());
        }
        leaf
    }

    fn add(&mut self, f: Fact) {
        if let Some((atom, lower, at)) = f.bound() {
            let n = self.facts.len();
            let better = |old: Option<&(BigRational, usize)>, up: bool| {
                old.is_none_or(|(q, _)| if up { at > *q } else { at < *q })
            };
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
                self.lemma(
                    Relation::Le,
                    number(&p),
                    value.clone(),
                    "exp_from",
                    &[term.clone(), literal(l), literal(&p), hl.clone(), known],
                );
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
        self.lemma(
            Relation::Le,
            value.clone(),
            number(&q),
            "exp_to",
            &[term.clone(), literal(h), literal(&q), hh.clone(), above.clone()],
        );
        if let Some((l, hl)) = low
            && l < h
            && let Some((p, below)) = self.known(Kind::Exp, l, true)
        {
            let args =
                [term.clone(), literal(l), literal(h), literal(&p), literal(&q), hl.clone(), hh.clone(), below, above];
            self.lemma(
                Relation::Le,
                op(&number(&(h - l)), value, Op::Mul),
                Self::chord(u, l, h, &p, &q),
                "exp_chord",
                &args,
            );
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
            self.lemma(
                Relation::Eq,
                value.clone(),
                number(&whole(0)),
                "log_none",
                &[term.clone(), literal(h), hh.clone(), no],
            );
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
                let args =
                    [term.clone(), literal(l), literal(&m), literal(&q), hl.clone(), yes.clone(), yes.clone(), known];
                self.lemma(Relation::Le, op(&number(&m), value, Op::Mul), line, "log_tangent", &args);
            }
        }
        let Some((h, hh)) = high else { return };
        let Some((q, above)) = self.known(Kind::Log, h, true) else { return };
        match low {
            Some((l, hl)) => {
                let args =
                    [term.clone(), literal(l), literal(h), literal(&q), hl.clone(), hh.clone(), yes.clone(), above];
                self.lemma(Relation::Le, value.clone(), number(&q), "log_to", &args);
                if l < h
                    && let Some((p, from)) = self.known(Kind::Log, l, false)
                    && let Some((q, to)) = self.known(Kind::Log, h, false)
                {
                    let args = [
                        term.clone(),
                        literal(l),
                        literal(h),
                        literal(&p),
                        literal(&q),
                        hl.clone(),
                        hh.clone(),
                        yes,
                        from,
                        to,
                    ];
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
            None => {
                self.lemma(Relation::Le, number(&whole(0)), value.clone(), "sqrt_least", std::slice::from_ref(term))
            }
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
            if let Some((h, hh)) = high {
                let p = rounded(&h.recip(), self.bits, false);
                let args =
                    [term.clone(), literal(l), literal(h), literal(&p), hl.clone(), hh.clone(), yes, no.clone(), no];
                self.lemma(Relation::Le, number(&p), value.clone(), "inv_from", &args);
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
                let args =
                    [term.clone(), literal(l), literal(h), literal(&q), hl.clone(), hh.clone(), yes, no.clone(), no];
                self.lemma(Relation::Le, value.clone(), number(&q), "inv_to_below", &args);
            }
        }
    }
}
