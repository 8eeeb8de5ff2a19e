//! Instances of quantified statements, found by matching their atoms with those at hand.

use crate::ground::equal::Edges;
use crate::ground::formula::{Atom, F, Kind, Says};
use crate::ground::matching::{Found, matches, outside};
use crate::ground::proof::{P, Proof, free};
use crate::ground::refute::{Literal, clauses};
use crate::ground::search::{Progress, Search};
use crate::ground::sorts::applied;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Env, Res, Val};
use rustc_hash::FxHashSet;
use std::collections::BTreeSet;
use std::rc::Rc;

/// The most instances that one round finds.
const ROUND: usize = 2000;

/// The most instances of one statement at what its elements are compared with.
const EQUALS: usize = 16;

/// An atom to be matched, and with which truth value: that at which the rest of the statement matters, where there is only one.
type Trigger = (usize, Option<bool>);

/// A quantified statement taken apart.
pub struct Quantifier {
    /// Numbers that stand for anything, with the types of what they stand for.
    pub open: Vec<(u32, Term)>,
    /// The clauses of what is said of them. None when there are too many.
    pub clauses: Option<Vec<Vec<Literal>>>,
    /// Terms that each of these is compared with.
    equals: Vec<Vec<Term>>,
    /// Sets of atoms that mention all that can be found by matching.
    triggers: Vec<Vec<Trigger>>,
    /// The same with relations alone: what these do not mention is anything at hand. For branches that nothing else closes.
    wide: Vec<Vec<Trigger>>,
}

/// Calls a function with every argument of every application in a numbered term: what is applied, at which place, and the argument.
/// What is applied does not mention what is bound inside of the term.
fn arguments(t: &Term, under: u32, f: &mut dyn FnMut(Term, usize, &Term)) {
    match &**t {
        Node::App(..) => {
            let (head, args) = applied(t);
            if let Some(head) = outside(head, under) {
                for (at, x) in args.iter().enumerate() {
                    if let Some(x) = outside(x, under) {
                        f(head.clone(), at, &x);
                    }
                }
            }
            args.into_iter().for_each(|x| arguments(x, under, f));
        }
        Node::Lam(b) => arguments(b, under + 1, f),
        Node::Path(_, a, b) => {
            arguments(a, under, f);
            arguments(b, under, f);
        }
        Node::BoolElim(_, a, b, c) => [a, b, c].into_iter().for_each(|x| arguments(x, under, f)),
        _ => {}
    }
}

/// How much an atom says about where an instance is wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Relation,
    Size,
    Comparison,
}

/// An atom of a quantified statement, and which of its variables it mentions.
struct Pattern {
    atom: usize,
    found: BTreeSet<u32>,
    rank: Rank,
    wants: Option<bool>,
}

impl Search<'_> {
    /// A quantified statement taken apart, once.
    pub fn quantifier(&mut self, atom: usize) -> Res<Option<Rc<Quantifier>>> {
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
        let mut patterns: Vec<Pattern> = Vec::new();
        self.patterns(&f, false, &numbers, &mut patterns);
        self.compared(&patterns);
        // What mentions most comes first.
        patterns.sort_by_key(|p| (p.rank, numbers.len() - p.found.len()));
        let (mut triggers, mut wide): (Vec<Vec<Trigger>>, Vec<Vec<Trigger>>) = (Vec::new(), Vec::new());
        // Relations with sizes of sets, and relations with plain comparisons, which fit more.
        let most: BTreeSet<u32> = patterns.iter().flat_map(|p| p.found.iter().copied()).collect();
        for others in [Rank::Relation, Rank::Size, Rank::Comparison] {
            let usable: Vec<&Pattern> =
                patterns.iter().filter(|p| p.rank == Rank::Relation || p.rank == others).collect();
            // What is not about relations comes first after the first one.
            let mut rest = usable.clone();
            rest.sort_by_key(|p| p.rank != others);
            for first in usable.iter().filter(|p| p.rank == Rank::Relation || patterns.len() == usable.len()) {
                let (mut trigger, mut covered) = (vec![(first.atom, first.wants)], first.found.clone());
                for p in &rest {
                    if !p.found.is_subset(&covered) {
                        trigger.push((p.atom, p.wants));
                        covered.extend(&p.found);
                    }
                }
                // What leaves open more than it must fits too much.
                if covered.len() < most.len() {
                    continue;
                }
                // Comparisons alone say too little.
                let plain =
                    trigger.iter().all(|t| patterns.iter().any(|p| p.atom == t.0 && p.rank == Rank::Comparison));
                let too_little = plain && patterns.iter().any(|p| p.rank == Rank::Relation);
                if !too_little && !triggers.contains(&trigger) {
                    triggers.push(trigger);
                }
            }
        }
        let mut covered = BTreeSet::new();
        let mut relations = Vec::new();
        for p in patterns.iter().filter(|p| p.rank == Rank::Relation) {
            if !p.found.is_subset(&covered) {
                relations.push((p.atom, p.wants));
                covered.extend(&p.found);
            }
        }
        if !triggers.contains(&relations) {
            wide.push(relations);
        }
        if triggers.is_empty() {
            triggers.append(&mut wide);
        }
        let equals = open.iter().map(|(n, _)| self.compared_with(*n, &patterns, &numbers)).collect();
        Ok(Some(Quantifier { open, clauses: clauses(&f, true), equals, triggers, wide }))
    }

    /// The terms without open numbers that an open number is compared with: what an update sets, for one.
    fn compared_with(&self, n: u32, patterns: &[Pattern], numbers: &BTreeSet<u32>) -> Vec<Term> {
        let mut out = Vec::new();
        for atom in patterns.iter().filter_map(|p| self.reader.atoms.get(p.atom)) {
            let (Says::Equal { .. }, Node::Path(_, a, b)) = (&atom.says, &*atom.key) else { continue };
            for (x, t) in [(a, b), (b, a)] {
                let mut mentions = BTreeSet::new();
                free(t, &mut mentions);
                if matches!(&**x, Node::Var(k) if *k == n) && mentions.is_disjoint(numbers) && !out.contains(t) {
                    out.push(t.clone());
                }
            }
        }
        out
    }

    /// Notes at which places of relations numbers stand whose order matters.
    fn compared(&mut self, patterns: &[Pattern]) {
        let atoms: Vec<&Atom> = patterns.iter().filter_map(|p| self.reader.atoms.get(p.atom)).collect();
        let mut ordered = BTreeSet::new();
        for (low, high) in atoms.iter().filter_map(|a| a.order.as_ref()) {
            ordered
                .extend([low, high].into_iter().filter_map(|t| if let Node::Var(n) = &**t { Some(*n) } else { None }));
        }
        if ordered.is_empty() {
            return;
        }
        let mut places = FxHashSet::default();
        for a in atoms {
            arguments(&a.key, 0, &mut |head, at, argument| {
                if matches!(&**argument, Node::Var(n) if ordered.contains(n))
                    && matches!(&*head, Node::Var(_) | Node::Fst(_) | Node::Snd(_))
                {
                    places.insert((head, at));
                }
            });
        }
        self.ordered.extend(places);
    }

    /// An order of two numbers that stand at the same place of relations and have not been compared.
    pub fn uncompared(&mut self) -> Res<Option<usize>> {
        let mut at_place: Vec<((Term, usize), Term)> = Vec::new();
        for a in &self.trail {
            let (Some(k), Some(atom)) = (self.known.get(a), self.reader.atoms.get(*a)) else { continue };
            if !k.truth || matches!(atom.says, Says::All(..)) {
                continue;
            }
            arguments(&atom.key, 0, &mut |head, at, argument| {
                let place = (head, at);
                if self.ordered.contains(&place) && !at_place.iter().any(|(p, t)| *p == place && t == argument) {
                    at_place.push((place, argument.clone()));
                }
            });
        }
        let m = self.m();
        for (n, (place, a)) in at_place.iter().enumerate() {
            for (_, b) in at_place.iter().skip(n + 1).filter(|(p, _)| p == place) {
                for (low, high) in [(a, b), (b, a)] {
                    let (Some(x), Some(y)) = (self.reader.value(low), self.reader.value(high)) else { continue };
                    let less = m.eval(&Env::default(), &(Rc::new(Node::Prim(Prim::NatLtb)) as Term));
                    let less = m.apply(&m.apply(&less, x), y);
                    let truth = self.reader.truth(&less);
                    if let Some(f) = self.reader.read(&truth)?
                        && let Kind::Atom(n) = &f.kind
                        && !self.known.contains_key(n)
                    {
                        return Ok(Some(*n));
                    }
                }
            }
        }
        Ok(None)
    }

    /// The atoms of a statement that mention some of the numbers, each with the truth value at which it does not settle the statement.
    fn patterns(&self, f: &F, wants: bool, numbers: &BTreeSet<u32>, out: &mut Vec<Pattern>) {
        match &f.kind {
            Kind::True(_) | Kind::False | Kind::Absurd => {}
            Kind::Not(g) => self.patterns(g, !wants, numbers, out),
            Kind::Same { other: g, .. } => self.patterns(g, wants, numbers, out),
            Kind::And(a, b) => {
                self.patterns(a, wants, numbers, out);
                self.patterns(b, wants, numbers, out);
            }
            Kind::Implies(a, b) => {
                self.patterns(a, !wants, numbers, out);
                self.patterns(b, wants, numbers, out);
            }
            Kind::Atom(n) => {
                let Some(atom) = self.reader.atoms.get(*n) else { return };
                let rank = match &atom.says {
                    Says::Bool(_) if !atom.number => Rank::Relation,
                    Says::Bool(_) if atom.sizes.iter().any(|s| !s.is_empty()) => Rank::Size,
                    Says::Bool(_) | Says::Equal { .. } => Rank::Comparison,
                    Says::All(..) | Says::Opaque => return,
                };
                let found: BTreeSet<u32> = atom.mentions.intersection(numbers).copied().collect();
                match out.iter_mut().find(|p| p.atom == *n) {
                    Some(p) if p.wants != Some(wants) => p.wants = None,
                    Some(_) => {}
                    None if found.is_empty() => {}
                    None => out.push(Pattern { atom: *n, found, rank, wants: Some(wants) }),
                }
            }
        }
    }

    /// Finds instances of the quantified statements that hold; whether there was a new one.
    pub fn instantiate(&mut self) -> Res<bool> {
        if self.hints.only() {
            return self.recall();
        }
        let holding: Vec<usize> =
            self.trail.iter().copied().filter(|a| self.known.get(a).is_some_and(|k| k.truth)).collect();
        let edges = self.edges();
        let mut made = 0;
        for atom in holding {
            if !matches!(self.reader.atoms.get(atom).map(|a| &a.says), Some(Says::All(..))) {
                continue;
            }
            let Some(q) = self.quantifier(atom)? else { continue };
            let open: BTreeSet<u32> = q.open.iter().map(|(n, _)| *n).collect();
            let (atoms, terms, equations) = (self.trail.len(), self.terms.len(), edges.len());
            let kinds = self.reader.sorts.merged;
            let now = Progress { atoms, terms, equations, kinds, wide: self.wide };
            let before = self.progress.get(&atom).copied();
            if before == Some(now) {
                continue;
            }
            self.progress_trail.push((atom, before));
            self.progress.insert(atom, now);
            // With the same equations, only what is new can fit in a new way.
            let old = before
                .filter(|b| b.equations == now.equations && b.kinds == now.kinds && b.wide == now.wide)
                .unwrap_or_default();
            let mut all: Vec<Vec<Term>> = Vec::new();
            // Once in each branch, as it depends on nothing.
            let combinations: usize = q.equals.iter().map(Vec::len).product();
            if before.is_none() && (1..=EQUALS).contains(&combinations) {
                let mut tuples: Vec<Vec<Term>> = vec![Vec::new()];
                for terms in &q.equals {
                    let longer = |t: &Vec<Term>| {
                        let t = t.clone();
                        terms.iter().map(move |x| t.iter().chain([x]).cloned().collect::<Vec<_>>())
                    };
                    tuples = tuples.iter().flat_map(longer).collect();
                }
                all.extend(tuples);
            }
            let wide = if self.wide { q.wide.as_slice() } else { &[] };
            for trigger in q.triggers.iter().chain(wide) {
                let covered =
                    trigger.iter().filter_map(|p| self.reader.atoms.get(p.0)).fold(BTreeSet::new(), |mut all, a| {
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
                        let fitting: Vec<&Term> = self
                            .terms
                            .iter()
                            .filter(|(t, s)| s == sort && self.in_relations(t))
                            .map(|(t, _)| t)
                            .collect();
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
                if made >= ROUND {
                    // The rest comes in a later round.
                    self.progress.remove(&atom);
                    break;
                }
                if self.keep(atom, &q, terms) {
                    made += 1;
                }
            }
        }
        Ok(made > 0)
    }

    /// Whether a variable occurs in something that is not about numbers. Parameters such as n do not, and fit nowhere.
    fn in_relations(&self, t: &Term) -> bool {
        let Node::Var(n) = &**t else { return true };
        let atoms = self.trail.iter().filter_map(|a| self.reader.atoms.get(*a));
        let mut relations = atoms.filter(|a| !a.number);
        relations.any(|a| !matches!(a.says, Says::All(..)) && a.mentions.contains(n)) || *n >= self.parameters
    }

    /// In which ways a pattern fits some of the known atoms, each after what fitted before.
    fn fitting(
        &self,
        (pattern, wants): Trigger,
        within: std::ops::Range<usize>,
        open: &BTreeSet<u32>,
        edges: &Edges,
        before: &[Found],
    ) -> Vec<Found> {
        let mut out = Vec::new();
        let Some(pattern) = self.reader.atoms.get(pattern) else { return out };
        for target in self.trail.get(within).unwrap_or_default() {
            if wants.is_some_and(|w| self.known.get(target).is_some_and(|k| k.truth != w)) {
                continue;
            }
            let Some(target) = self.reader.atoms.get(*target) else { continue };
            let equations = matches!((&pattern.says, &target.says), (Says::Equal { .. }, Says::Equal { .. }));
            if !equations && pattern.head != target.head {
                continue;
            }
            for found in before {
                let same = |a: &Term, b: &Term| edges.same(a, b);
                let mut one = found.clone();
                if matches(&pattern.key, &target.key, 0, open, &same, &mut one) {
                    out.push(one);
                } else if pattern.order.is_some() && pattern.sizes.iter().any(|s| !s.is_empty()) {
                    self.alike(pattern, target, open, edges, found, &mut out);
                }
                // Which side of an equation is written first says nothing.
                if let (Says::Equal { .. }, Node::Path(_, left, right), Node::Path(_, a, b)) =
                    (&pattern.says, &*pattern.key, &*target.key)
                {
                    let mut other = found.clone();
                    if matches(left, b, 0, open, &same, &mut other) && matches(right, a, 0, open, &same, &mut other) {
                        out.push(other);
                    }
                }
            }
        }
        out
    }

    /// Sets that are not the same, of which one may be a part of the other because they are made of the same relations at the same places.
    fn alike(
        &self,
        pattern: &Atom,
        target: &Atom,
        open: &BTreeSet<u32>,
        edges: &Edges,
        found: &Found,
        out: &mut Vec<Found>,
    ) {
        let mentions = |x: &Option<Term>| matches!(x.as_deref(), Some(Node::Var(n)) if open.contains(n));
        let mut all = vec![found.clone()];
        for (head, args) in pattern.relations.iter().filter(|(_, args)| args.iter().any(mentions)) {
            let mut next: Vec<Found> = Vec::new();
            for (_, there) in target.relations.iter().filter(|(h, there)| h == head && there.len() == args.len()) {
                for before in &all {
                    let mut one = before.clone();
                    let fits = args.iter().zip(there).all(|pair| match pair {
                        (Some(a), Some(b)) => matches(a, b, 0, open, &|a, b| edges.same(a, b), &mut one),
                        (Some(_), None) => false,
                        (None, _) => true,
                    });
                    if fits && !next.contains(&one) {
                        next.push(one);
                    }
                }
            }
            all = next;
        }
        out.extend(all.into_iter().filter(|f| f.len() > found.len()));
    }

    /// Takes in an instance of a quantified statement that holds.
    pub fn instance(&mut self, atom: usize, proof: &P, terms: Vec<Term>) -> Res<()> {
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
