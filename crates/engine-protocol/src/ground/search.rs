//! The search: case splits over atoms, unit propagation, instances of quantified facts found by matching, names for what must exist,
//! equations, arithmetic, and facts about sizes of sets. Every step is written down as a proof while it is taken.

use crate::ground::formula::{F, Kind, Reader, Says};
use crate::ground::frames::Frame;
use crate::ground::hints::Hints;
use crate::ground::instances::Quantifier;
use crate::ground::library::Library;
use crate::ground::linear::Linear;
use crate::ground::pending::Pending;
use crate::ground::proof::{P, Proof, Scope, free};
use crate::ground::refute::{Fresh, Known, Literal, Writer, clauses};
use bfv_format::{Node, Term};
use bfv_kernel::{Ctx, Machine, Res, V, Val};
use bfv_search::{Budget, Engine, Lemma, Reason};
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A clause: one of its literals is right, because of a proof of a statement or of its negation.
pub struct Clause {
    pub literals: Vec<Literal>,
    statement: F,
    proof: P,
    truth: bool,
}

/// A refutation of all that is known, with the numbers of what it uses.
pub type Refutation = (P, BTreeSet<u32>);

/// What a quantified statement was matched with.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub atoms: usize,
    pub terms: usize,
    pub equations: usize,
    pub kinds: usize,
    pub wide: bool,
}

/// Where a branch began.
pub struct Mark {
    progress: usize,
    wide: bool,
    clauses: usize,
    known: usize,
    terms: usize,
    done: usize,
    pending: (usize, usize),
}

/// An element for which a statement fails.
#[derive(Clone)]
pub struct Opened {
    pub element: u32,
    sort: Term,
    fact: u32,
    pub body: F,
}

/// The search in one context.
pub struct Search<'g> {
    pub reader: Reader<'g>,
    pub fresh: Fresh,
    /// Levels of variables that are facts.
    pub facts: BTreeSet<u32>,
    /// Proves what is arithmetic.
    pub side: &'g dyn Engine,
    pub lemmas: &'g [Lemma],
    pub clauses: Vec<Clause>,
    pub known: BTreeMap<usize, Known>,
    /// Atoms in the order in which they became known.
    pub trail: Vec<usize>,
    /// Terms at hand, with their types.
    pub terms: Vec<(Term, Term)>,
    pub quantifiers: FxHashMap<usize, Option<Rc<Quantifier>>>,
    pub instances: FxHashMap<(usize, Vec<Term>), F>,
    /// Instances that were made, and quantifiers that were opened.
    pub done: FxHashSet<(usize, Vec<Term>)>,
    done_trail: Vec<(usize, Vec<Term>)>,
    /// Instances that were found and not made.
    pub pending: Pending,
    /// The elements and facts of quantified statements that fail, from earlier branches.
    pub opened: FxHashMap<usize, Opened>,
    pub progress: FxHashMap<usize, Progress>,
    pub progress_trail: Vec<(usize, Option<Progress>)>,
    /// How many known numbers arithmetic has looked at.
    pub looked: usize,
    /// Levels below this one are those of the context that the search began with.
    pub parameters: u32,
    /// Places of relations at which the order of numbers matters: of what, and which argument.
    pub ordered: FxHashSet<(Term, usize)>,
    /// How often an atom took part in a contradiction, of late more than before.
    activity: FxHashMap<usize, u64>,
    bump: u64,
    /// Of which atoms the facts with these numbers are.
    facts_of: FxHashMap<u32, usize>,
    /// Whether this branch is so far from closed that instances are made more freely.
    pub wide: bool,
    /// The same for sizes.
    pub counted: Option<(usize, bool)>,
    /// What a theorem about sizes asks of numbers, as a form that must not be at least zero.
    pub against: FxHashMap<(u32, Vec<Term>), Option<Linear>>,
    /// Whether arithmetic is asked at once; otherwise where its answer is used, and what it cannot prove shows late.
    pub at_once: bool,
    /// Whether something was used that arithmetic could not prove.
    pub broken: bool,
    /// Which facts a solver says to matter.
    pub hints: Hints,
}

/// Why a search ended without a refutation.
type Stop = Reason;

impl<'g> Search<'g> {
    pub fn new(m: &'g Machine<'g>, lib: Library, side: &'g dyn Engine, lemmas: &'g [Lemma], ctx: &Ctx) -> Res<Self> {
        let mut s = Search {
            reader: Reader::new(m, lib, ctx),
            fresh: Fresh::default(),
            facts: BTreeSet::new(),
            side,
            lemmas,
            clauses: Vec::new(),
            known: BTreeMap::new(),
            trail: Vec::new(),
            terms: Vec::new(),
            quantifiers: FxHashMap::default(),
            instances: FxHashMap::default(),
            done: FxHashSet::default(),
            done_trail: Vec::new(),
            pending: Pending::default(),
            opened: FxHashMap::default(),
            progress: FxHashMap::default(),
            progress_trail: Vec::new(),
            looked: usize::MAX,
            parameters: u32::try_from(ctx.types.len()).unwrap_or(u32::MAX),
            wide: false,
            ordered: FxHashSet::default(),
            activity: FxHashMap::default(),
            bump: 1,
            facts_of: FxHashMap::default(),
            counted: None,
            against: FxHashMap::default(),
            at_once: false,
            broken: false,
            hints: Hints::default(),
        };
        let types: Vec<V> = ctx.types.iter().cloned().collect();
        for (level, ty) in (0u32..).zip(types) {
            s.given(level, &ty)?;
        }
        Ok(s)
    }

    pub fn m(&self) -> &'g Machine<'g> {
        self.reader.m
    }

    pub fn writer(&mut self) -> Writer<'_, 'g> {
        Writer { reader: &mut self.reader, fresh: &mut self.fresh }
    }

    /// Takes in a variable of the context: a fact where its type is a statement, a term otherwise.
    fn given(&mut self, level: u32, ty: &V) -> Res<()> {
        if self.reader.is_statement(ty)? {
            self.facts.insert(level);
            if let Some(f) = self.reader.read(ty)? {
                self.assert(&f, Proof::var(level), true);
            }
        } else if let Some(sort) = self.reader.key(ty)? {
            self.terms.push((Rc::new(Node::Var(level)), sort));
        }
        Ok(())
    }

    /// Takes in a new variable.
    pub fn variable(&mut self, ty: &V) -> Res<(u32, V)> {
        let (level, x) = self.reader.variable(ty.clone());
        self.given(level, ty)?;
        Ok((level, x))
    }

    /// What is known now, for `undo`.
    pub fn mark(&self) -> Mark {
        Mark {
            progress: self.progress_trail.len(),
            wide: self.wide,
            clauses: self.clauses.len(),
            known: self.trail.len(),
            terms: self.terms.len(),
            done: self.done_trail.len(),
            pending: self.pending.mark(),
        }
    }

    /// Forgets what was taken in since.
    pub fn undo(&mut self, mark: &Mark) {
        self.clauses.truncate(mark.clauses);
        for atom in self.trail.drain(mark.known..) {
            self.known.remove(&atom);
        }
        self.terms.truncate(mark.terms);
        self.pending.undo(mark.pending);
        while self.progress_trail.len() > mark.progress {
            match self.progress_trail.pop() {
                Some((atom, Some(before))) => {
                    self.progress.insert(atom, before);
                }
                Some((atom, None)) => {
                    self.progress.remove(&atom);
                }
                None => break,
            }
        }
        for key in self.done_trail.drain(mark.done..) {
            self.done.remove(&key);
        }
        self.wide = mark.wide;
        self.looked = usize::MAX;
        self.counted = None;
    }

    fn learn(&mut self, atom: usize, truth: bool, proof: P) {
        self.known.insert(atom, Known { truth, proof });
        self.trail.push(atom);
    }

    /// Takes in an atom, or its negation, by the name of its proof.
    pub fn learn_named(&mut self, atom: usize, truth: bool, name: u32) {
        self.facts_of.insert(name, atom);
        self.learn(atom, truth, Proof::var(name));
    }

    pub fn satisfied(&self, clause: &Clause) -> bool {
        clause.literals.iter().any(|(a, t)| self.known.get(a).is_some_and(|k| k.truth == *t))
    }

    /// The atoms on which something depends and that are not known.
    pub fn unsettled(&self) -> BTreeSet<usize> {
        let open = self.clauses.iter().filter(|c| !self.satisfied(c));
        open.flat_map(|c| c.literals.iter().map(|l| l.0)).filter(|a| !self.known.contains_key(a)).collect()
    }

    /// Takes in a statement that has a proof, or (not `truth`) whose negation has one. The proof is a variable applied to arguments.
    pub fn assert(&mut self, f: &F, proof: P, truth: bool) {
        match &f.kind {
            Kind::Atom(n) if !self.known.contains_key(n) => return self.learn(*n, truth, proof),
            Kind::And(a, b) if truth => {
                self.assert(a, Rc::new(Proof::Fst(proof.clone())), true);
                return self.assert(b, Rc::new(Proof::Snd(proof)), true);
            }
            Kind::Not(g) if truth => return self.assert(g, proof, false),
            Kind::Same { other, to, .. } if truth => return self.assert(other, Proof::app(to.clone(), proof), true),
            _ => {}
        }
        // What has too many clauses is left out: a proof may be missed.
        for literals in clauses(f, truth).unwrap_or_default() {
            self.clauses.push(Clause { literals, statement: f.clone(), proof: proof.clone(), truth });
        }
    }

    /// Falsehood from a clause all of whose literals are known to be wrong, one of them by assumption.
    fn close(&mut self, n: usize, assumed: Option<(usize, Known)>) -> Res<Option<Refutation>> {
        let Some(clause) = self.clauses.get(n) else { return Ok(None) };
        let mut known: BTreeMap<usize, Known> =
            clause.literals.iter().filter_map(|(a, _)| Some((*a, self.known.get(a)?.clone()))).collect();
        known.extend(assumed);
        let (f, proof, truth) = (clause.statement.clone(), clause.proof.clone(), clause.truth);
        let found = if truth {
            self.writer().refute(&f, proof, &known)?
        } else {
            self.writer().prove(&f, &known)?.map(|p| Proof::app(proof, p))
        };
        Ok(found.map(|p| {
            let used = p.facts();
            (p, used)
        }))
    }

    /// A proof of a type in the context so far, or why there is none.
    pub fn prove(&mut self, ty: &V, budget: &mut Budget) -> Res<Result<P, Stop>> {
        let m = self.m();
        match &*m.whnf(ty)? {
            Val::Pi(a, b) => {
                let mark = self.mark();
                let (level, x) = self.variable(a)?;
                let found = self.prove(&m.inst(b, x), budget)?;
                self.undo(&mark);
                return Ok(found.map(|p| Proof::lam(level, p)));
            }
            Val::Sigma(a, b) if self.reader.is_statement(a)? => {
                let first = match self.prove(a, budget)? {
                    Ok(p) => p,
                    Err(stop) => return Ok(Err(stop)),
                };
                let rest = m.inst(b, m.value(Val::Prim(bfv_format::Prim::Star)));
                return Ok(self.prove(&rest, budget)?.map(|second| Rc::new(Proof::Pair(first, second))));
            }
            _ => {}
        }
        let Some(f) = self.reader.read(ty)? else { return Ok(Err(Reason::Unsupported)) };
        if let Kind::True(p) = &f.kind {
            return Ok(Ok(p.clone()));
        }
        let mark = self.mark();
        let no = self.fresh.next();
        let found = loop {
            self.assert(&f, Proof::var(no), false);
            let found = match self.hints.solver {
                Some(solver) => self.refute_by_hints(solver, budget)?,
                None => self.solve(budget)?,
            };
            self.undo(&mark);
            if !std::mem::take(&mut self.broken) || self.at_once {
                break found;
            }
            self.at_once = true;
        };
        self.at_once = false;
        Ok(match found {
            Err(stop) => Err(stop),
            Ok((p, _)) if matches!(f.kind, Kind::False) => Ok(p),
            Ok((p, used)) => {
                let whole = if used.contains(&no) {
                    self.writer().stable_from(&f, Proof::lam(no, p))?
                } else {
                    self.reader.term(ty)?.map(|t| Rc::new(Proof::Absurd(t, p)))
                };
                whole.ok_or(Reason::Unsupported)
            }
        })
    }

    /// Refutes what is known.
    pub fn solve(&mut self, budget: &mut Budget) -> Res<Result<Refutation, Stop>> {
        let mark = self.mark();
        let mut frames = Vec::new();
        let found = self.branch(&mut frames, budget)?;
        self.undo(&mark);
        let (mut p, mut used) = match found {
            Ok(found) => found,
            Err(stop) => return Ok(Err(stop)),
        };
        // What closed a branch is likely to close others.
        self.bump += 1 + self.bump / 16;
        for atom in used.iter().filter_map(|n| self.facts_of.get(n)) {
            *self.activity.entry(*atom).or_default() += self.bump;
        }
        if self.bump > 1 << 50 {
            self.bump >>= 40;
            self.activity.values_mut().for_each(|a| *a >>= 40);
        }
        for frame in frames.into_iter().rev() {
            (p, used) = match self.bind(frame, (p, used), budget)? {
                Some(found) => found,
                None => return Ok(Err(Reason::Unsupported)),
            };
        }
        Ok(Ok((p, used)))
    }

    /// A clause whose literals are all wrong, or one with a single literal left.
    fn unit(&self) -> Option<(usize, Option<Literal>)> {
        let mut unit = None;
        'clauses: for (n, clause) in self.clauses.iter().enumerate() {
            let mut left = None;
            for (atom, truth) in &clause.literals {
                match self.known.get(atom) {
                    Some(k) if k.truth == *truth => continue 'clauses,
                    Some(_) => {}
                    None if left.is_some() => continue 'clauses,
                    None => left = Some((*atom, *truth)),
                }
            }
            match left {
                None => return Some((n, None)),
                Some(l) if unit.is_none() => unit = Some((n, Some(l))),
                Some(_) => {}
            }
        }
        unit
    }

    pub fn branch(&mut self, frames: &mut Vec<Frame>, budget: &mut Budget) -> Res<Result<Refutation, Stop>> {
        loop {
            if budget.spend(1).is_err() {
                return Ok(Err(Reason::Budget));
            }
            match self.unit() {
                Some((n, None)) => {
                    let found = self.close(n, None)?;
                    return Ok(found.ok_or(Reason::Unsupported));
                }
                Some((n, Some((atom, truth)))) => {
                    let (yes, no) = (self.fresh.next(), self.fresh.next());
                    let assumed = Known { truth: !truth, proof: Proof::var(if truth { no } else { yes }) };
                    let Some((reason, _)) = self.close(n, Some((atom, assumed)))? else {
                        return Ok(Err(Reason::Unsupported));
                    };
                    self.facts_of.extend([(yes, atom), (no, atom)]);
                    self.learn(atom, truth, Proof::var(if truth { yes } else { no }));
                    frames.push(Frame::Unit { atom, truth, yes, no, reason });
                    continue;
                }
                None => {}
            }
            if let Some(found) = self.equations()? {
                return Ok(Ok(found));
            }
            if self.carry(frames)? || self.between()? || self.open(frames)? {
                continue;
            }
            while self.instantiate()? {}
            if self.take_in(false, budget)? {
                continue;
            }
            if let Some(found) = self.contradiction(budget)? {
                return Ok(Ok(found));
            }
            if self.sizes(false, frames, budget)? {
                continue;
            }
            // Proofs about rounds go by which one is the earlier one, and what else is open often depends on that.
            if let Some(order) = self.uncompared()? {
                if self.hints.along() {
                    let (name, truth) = (self.fresh.next(), self.truth_along(order));
                    self.learn_named(order, truth, name);
                    continue;
                }
                return self.split(order, budget);
            }
            if self.hints.along()
                && let Some((atom, truth)) = self.next_along()
            {
                let name = self.fresh.next();
                self.learn_named(atom, truth, name);
                continue;
            }
            let Some(atom) = self.choose() else {
                if self.take_in(true, budget)? {
                    continue;
                }
                if self.sizes(true, frames, budget)? {
                    continue;
                }
                if self.wide {
                    // What the solver named is not all that is needed here.
                    if self.hints.only() {
                        return self.beyond_hints(frames, budget);
                    }
                    return Ok(Err(Reason::Incomplete));
                }
                self.wide = true;
                continue;
            };
            return self.split(atom, budget);
        }
    }

    /// Two cases.
    fn split(&mut self, atom: usize, budget: &mut Budget) -> Res<Result<Refutation, Stop>> {
        let (yes, no) = (self.fresh.next(), self.fresh.next());
        self.facts_of.extend([(yes, atom), (no, atom)]);
        let mark = self.mark();
        self.learn(atom, true, Proof::var(yes));
        let left = self.solve(budget)?;
        self.undo(&mark);
        let (left, used) = match left {
            Ok((p, used)) if used.contains(&yes) => (p, used),
            other => return Ok(other),
        };
        self.learn(atom, false, Proof::var(no));
        let right = self.solve(budget)?;
        self.undo(&mark);
        let (right, mut all) = match right {
            Ok((p, used)) if used.contains(&no) => (p, used),
            other => return Ok(other),
        };
        all.extend(used);
        all.remove(&yes);
        all.remove(&no);
        let Some(ty) = self.writer().refuted(atom) else { return Ok(Err(Reason::Unsupported)) };
        free(&ty, &mut all);
        Ok(Ok((Rc::new(Proof::Let(no, ty, Proof::lam(yes, left), right)), all)))
    }

    /// An atom of a clause that is not satisfied: the one that took part in most contradictions, in the shortest such clause.
    fn choose(&self) -> Option<usize> {
        let mut best: Option<((u64, std::cmp::Reverse<usize>), usize)> = None;
        for clause in &self.clauses {
            if self.satisfied(clause) {
                continue;
            }
            let open: Vec<usize> =
                clause.literals.iter().map(|(a, _)| *a).filter(|a| !self.known.contains_key(a)).collect();
            for atom in &open {
                let worth = (self.activity.get(atom).copied().unwrap_or(0), std::cmp::Reverse(open.len()));
                if best.is_none_or(|(w, _)| worth > w) {
                    best = Some((worth, *atom));
                }
            }
        }
        best.map(|(_, atom)| atom)
    }

    /// Marks something as done; whether it was not done before.
    pub fn first(&mut self, key: (usize, Vec<Term>)) -> bool {
        let new = self.done.insert(key.clone());
        if new {
            self.done_trail.push(key);
        }
        new
    }

    /// Names an element for each quantified statement that is known to fail.
    fn open(&mut self, frames: &mut Vec<Frame>) -> Res<bool> {
        let m = self.m();
        let failing: Vec<(usize, P)> = self
            .trail
            .iter()
            .filter_map(|a| self.known.get(a).filter(|k| !k.truth).map(|k| (*a, k.proof.clone())))
            .collect();
        let mut any = false;
        for (atom, refuted) in failing {
            let Some(Says::All(dom, body)) = self.reader.atoms.get(atom).map(|a| a.says.clone()) else { continue };
            if !self.hints.opens(atom) || !self.first((atom, Vec::new())) {
                continue;
            }
            // The same names in every branch, so that what was read with them once stays read.
            let o = match self.opened.get(&atom) {
                Some(o) => o.clone(),
                None => {
                    let Some(sort) = self.reader.key(&dom)? else { continue };
                    let (element, x) = self.reader.variable(dom);
                    let at = m.inst(&body, x);
                    let Some(body) = self.reader.read(&at)? else { continue };
                    let o = Opened { element, sort, fact: self.fresh.next(), body };
                    self.opened.insert(atom, o.clone());
                    o
                }
            };
            self.hints.opened(atom);
            self.terms.push((Rc::new(Node::Var(o.element)), o.sort));
            match &o.body.kind {
                // `not not G` is G where falsehood is to be shown.
                Kind::Not(g) => self.assert(&g.clone(), Proof::var(o.fact), true),
                _ => self.assert(&o.body, Proof::var(o.fact), false),
            }
            frames.push(Frame::Open { refuted, element: o.element, fact: o.fact, body: o.body });
            any = true;
        }
        Ok(any)
    }

    /// A proof as a core term of the context that the search began with.
    pub fn write(&self, p: &Proof, variables: u32) -> Option<Term> {
        let mut scope = Scope::default();
        for level in 0..variables {
            scope.bind(level);
        }
        scope.write(p)
    }
}
