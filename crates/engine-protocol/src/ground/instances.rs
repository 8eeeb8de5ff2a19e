//! Instances of quantified statements, found by matching their atoms with those at hand.

use crate::ground::equal::Edges;
use crate::ground::formula::{F, Found, Kind, Says, matches};
use crate::ground::proof::{P, Proof};
use crate::ground::search::{Progress, Search};
use bfv_format::Term;
use bfv_kernel::{Res, Val};
use bfv_search::Budget;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The most instances that one round makes.
const ROUND: usize = 400;

/// A quantified statement taken apart.
pub struct Quantifier {
    /// Numbers that stand for anything, with the types of what they stand for.
    open: Vec<(u32, Term)>,
    /// Sets of atoms that mention all that can be found by matching.
    triggers: Vec<Vec<usize>>,
}

impl Search<'_> {
    /// A quantified statement taken apart, once.
    fn quantifier(&mut self, atom: usize) -> Res<Option<Rc<Quantifier>>> {
        if let Some(known) = self.quantifiers.get(&atom) {
            return Ok(known.clone());
        }
        let made = self.take_apart(atom)?.map(Rc::new);
        self.quantifiers.insert(atom, made.clone());
        Ok(made)
    }

    fn take_apart(&mut self, atom: usize) -> Res<Option<Quantifier>> {
        let m = self.m();
        let Some(mut ty) = self.reader.atoms.get(atom).map(|a| a.ty.clone()) else { return Ok(None) };
        let mut open = Vec::new();
        loop {
            let w = m.whnf(&ty)?;
            let Val::Pi(dom, body) = &*w else { break };
            if self.reader.is_statement(dom)? {
                break;
            }
            let Some(sort) = self.reader.key(dom)? else { return Ok(None) };
            let (level, x) = self.reader.variable(dom.clone());
            open.push((level, sort));
            ty = m.inst(body, x);
        }
        let Some(f) = self.reader.read(&ty)? else { return Ok(None) };
        let numbers: BTreeSet<u32> = open.iter().map(|(n, _)| *n).collect();
        let mut patterns: Vec<(usize, BTreeSet<u32>)> = Vec::new();
        self.patterns(&f, &numbers, &mut patterns);
        // What mentions most comes first.
        patterns.sort_by_key(|(_, found)| numbers.len() - found.len());
        let mut triggers: Vec<Vec<usize>> = Vec::new();
        for (first, found) in &patterns {
            let (mut trigger, mut covered) = (vec![*first], found.clone());
            for (t, found) in &patterns {
                if !found.is_subset(&covered) {
                    trigger.push(*t);
                    covered.extend(found);
                }
            }
            if !triggers.contains(&trigger) {
                triggers.push(trigger);
            }
        }
        if triggers.is_empty() {
            triggers.push(Vec::new());
        }
        Ok(Some(Quantifier { open, triggers }))
    }

    /// The atoms of a statement that mention some of the numbers.
    fn patterns(&self, f: &F, numbers: &BTreeSet<u32>, out: &mut Vec<(usize, BTreeSet<u32>)>) {
        match &f.kind {
            Kind::True(_) | Kind::False | Kind::Absurd => {}
            Kind::Not(g) | Kind::Same { other: g, .. } => self.patterns(g, numbers, out),
            Kind::And(a, b) | Kind::Implies(a, b) => {
                self.patterns(a, numbers, out);
                self.patterns(b, numbers, out);
            }
            Kind::Atom(n) => {
                let Some(atom) = self.reader.atoms.get(*n) else { return };
                // An equation, or an order of plain numbers, fits far too much.
                let wanted = match &atom.says {
                    Says::Bool(_) => !atom.number || atom.sizes.iter().any(|s| !s.is_empty()),
                    Says::Equal { .. } | Says::All(..) | Says::Opaque => false,
                };
                let found: BTreeSet<u32> = atom.mentions.intersection(numbers).copied().collect();
                if wanted && !found.is_empty() && !out.iter().any(|(t, _)| t == n) {
                    out.push((*n, found));
                }
            }
        }
    }

    /// Instances of the quantified statements that hold; whether there was a new one.
    pub fn instantiate(&mut self, budget: &mut Budget) -> Res<bool> {
        let holding: Vec<(usize, P)> = self
            .trail
            .iter()
            .filter_map(|a| self.known.get(a).filter(|k| k.truth).map(|k| (*a, k.proof.clone())))
            .collect();
        let edges = self.edges();
        let mut made = 0;
        for (atom, proof) in holding {
            if !matches!(self.reader.atoms.get(atom).map(|a| &a.says), Some(Says::All(..))) {
                continue;
            }
            let Some(q) = self.quantifier(atom)? else { continue };
            let open: BTreeSet<u32> = q.open.iter().map(|(n, _)| *n).collect();
            let now = Progress { atoms: self.active.len(), terms: self.terms.len(), equations: edges.len() };
            let before = self.progress.get(&atom).copied();
            if before == Some(now) {
                continue;
            }
            self.progress_trail.push((atom, before));
            self.progress.insert(atom, now);
            // With the same equations, only what is new can fit in a new way.
            let old = before.filter(|b| b.equations == now.equations).unwrap_or_default();
            let mut all: Vec<Vec<Term>> = Vec::new();
            for trigger in &q.triggers {
                let covered =
                    trigger.iter().filter_map(|p| self.reader.atoms.get(*p)).fold(BTreeSet::new(), |mut all, a| {
                        all.extend(a.mentions.intersection(&open).copied());
                        all
                    });
                let free = covered.len() < open.len() && old.terms < now.terms;
                // The first pattern that fits something new, in turn; the ones before it fit what is old.
                let rounds = if free { 0..1 } else { 0..trigger.len() };
                for new in rounds {
                    let mut partial = vec![Found::new()];
                    for (n, pattern) in trigger.iter().enumerate() {
                        let within = match (free, n.cmp(&new)) {
                            (true, _) | (false, std::cmp::Ordering::Greater) => 0..now.atoms,
                            (false, std::cmp::Ordering::Less) => 0..old.atoms,
                            (false, std::cmp::Ordering::Equal) => old.atoms..now.atoms,
                        };
                        partial = self.fitting(*pattern, within, &open, &edges, &partial);
                        if partial.is_empty() {
                            break;
                        }
                    }
                    // What no atom mentions may be any term of its type.
                    for (n, sort) in q.open.iter().filter(|(n, _)| !covered.contains(n)) {
                        let fitting: Vec<&Term> =
                            self.terms.iter().filter(|(_, s)| s == sort).map(|(t, _)| t).collect();
                        partial = partial
                            .iter()
                            .flat_map(|found| {
                                fitting.iter().map(|t| {
                                    let mut found = found.clone();
                                    found.insert(*n, (*t).clone());
                                    found
                                })
                            })
                            .collect();
                    }
                    for found in partial {
                        let terms: Option<Vec<Term>> = q.open.iter().map(|(n, _)| found.get(n).cloned()).collect();
                        all.extend(terms);
                    }
                }
            }
            for terms in all {
                if made >= ROUND || budget.left == 0 {
                    // The rest comes in a later round.
                    self.progress.remove(&atom);
                    break;
                }
                if self.first((atom, terms.clone())) {
                    made += 1;
                    let _ = budget.spend(1);
                    self.instance(atom, &proof, terms)?;
                }
            }
        }
        Ok(made > 0)
    }

    /// In which ways a pattern fits some of the active atoms, each after what fitted before.
    fn fitting(
        &self,
        pattern: usize,
        within: std::ops::Range<usize>,
        open: &BTreeSet<u32>,
        edges: &Edges,
        before: &[Found],
    ) -> Vec<Found> {
        let mut out = Vec::new();
        let Some(pattern) = self.reader.atoms.get(pattern) else { return out };
        for target in self.active.get(within).unwrap_or_default() {
            let Some(target) = self.reader.atoms.get(*target) else { continue };
            if pattern.head != target.head {
                continue;
            }
            for found in before {
                let mut found = found.clone();
                if matches(&pattern.key, &target.key, 0, open, &|a, b| edges.same(a, b), &mut found) {
                    out.push(found);
                }
            }
        }
        out
    }

    fn instance(&mut self, atom: usize, proof: &P, terms: Vec<Term>) -> Res<()> {
        let m = self.m();
        let proof = terms.iter().fold(proof.clone(), |p, t| Proof::app(p, Proof::data(t.clone())));
        let key = (atom, terms);
        let f = match self.instances.get(&key) {
            Some(f) => f.clone(),
            None => {
                let Some(mut ty) = self.reader.atoms.get(atom).map(|a| a.ty.clone()) else { return Ok(()) };
                for t in &key.1 {
                    let w = m.whnf(&ty)?;
                    let (Val::Pi(_, body), Some(x)) = (&*w, self.reader.value(t)) else { return Ok(()) };
                    ty = m.inst(body, x);
                }
                let Some(f) = self.reader.read(&ty)? else { return Ok(()) };
                self.instances.insert(key, f.clone());
                f
            }
        };
        self.assert(&f, proof, true);
        Ok(())
    }
}
