//! Lemmas: small terms over the functions of a goal are grouped by their values at points, and what seems equal is proved, the smallest
//! first, with what was proved before (QuickSpec and HipSpec: Claessen, Johansson, Rosen and Smallbone, 2013).

use crate::lang::{Head, Id, Kind, Sym, Ty, Type, Var};
use crate::proof::{Clause, Lit, Name, Proof};
use crate::sample::{Dice, values};
use crate::simplify::{Prover, Seq};
use rustc_hash::FxHashMap;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Points at which terms are compared.
const POINTS: u64 = 14;
/// Variables of each type in terms.
const VARIABLES: usize = 3;
/// Terms of one size, at most.
const TERMS: usize = 6_000;
/// Work on the proof of one lemma.
const ATTEMPT: u64 = 4_000;

/// A lemma with its proof.
pub type Lemma = (Name, Rc<Clause>, Proof);

/// What has been explored.
pub struct Explorer {
    symbols: Vec<Sym>,
    vars: Vec<Var>,
    points: Vec<Vec<(Var, Id)>>,
    /// Terms by how many symbols they have, with their values.
    sizes: Vec<Vec<(Id, Ty)>>,
    values: FxHashMap<Id, Rc<Vec<Id>>>,
    classes: FxHashMap<(Ty, Rc<Vec<Id>>), Id>,
    pending: Vec<(Id, Id)>,
    /// Equations that were looked at.
    tried: BTreeSet<(Id, Id)>,
    /// What was proved.
    pub lemmas: Vec<Lemma>,
}

impl Explorer {
    /// Begins with the symbols of some terms and those that define them.
    pub fn new(p: &mut Prover, terms: &[Id]) -> Explorer {
        let mut roots = BTreeSet::new();
        terms.iter().for_each(|t| p.l.symbols_of(*t, &mut roots));
        let all = p.l.closure(roots);
        let mut symbols = Vec::new();
        let mut types = BTreeSet::new();
        for s in all {
            let sym = p.l.sym(s).clone();
            let usable = match sym.kind {
                Kind::Con(..) => true,
                Kind::Const(..) | Kind::Prim(_) => sym.tree.is_some(),
                Kind::Elim(..) | Kind::Table(_) => false,
            };
            if usable {
                symbols.push(s);
                types.extend(sym.params.iter().copied());
                types.insert(sym.result);
            }
        }
        for t in types.clone() {
            for c in p.l.cons_of(t).iter().flat_map(|c| c.iter()) {
                if !symbols.contains(c) && p.l.sym(*c).params.is_empty() {
                    symbols.push(*c);
                }
            }
        }
        let mut vars = Vec::new();
        for t in types {
            let function = matches!(p.l.type_of_ty(t), Type::Fun(..));
            for _ in 0..if function { 1 } else { VARIABLES } {
                vars.push(p.l.fresh(t));
            }
        }
        let mut points = Vec::new();
        for n in 0..POINTS {
            let mut dice = Dice::new(1_000 + n);
            let mut point = Vec::new();
            for v in &vars {
                let ty = p.l.var_ty(*v);
                let choices = values(&mut p.l, ty);
                let most = if n < POINTS / 2 { choices.len().min(6) } else { choices.len() };
                if let Some(x) = choices.get(dice.below(most)) {
                    point.push((*v, *x));
                }
            }
            points.push(point);
        }
        let mut e = Explorer {
            symbols,
            vars: vars.clone(),
            points,
            sizes: Vec::new(),
            values: FxHashMap::default(),
            classes: FxHashMap::default(),
            pending: Vec::new(),
            tried: BTreeSet::new(),
            lemmas: Vec::new(),
        };
        let mut first = Vec::new();
        for v in vars {
            let t = p.l.var(v);
            let row: Option<Vec<Id>> =
                e.points.iter().map(|pt| pt.iter().find(|(w, _)| *w == v).map(|x| x.1)).collect();
            let Some(row) = row else { continue };
            let ty = p.l.var_ty(v);
            e.values.insert(t, Rc::new(row.clone()));
            e.classes.entry((ty, Rc::new(row))).or_insert(t);
            first.push((t, ty));
        }
        e.sizes.push(first);
        e
    }

    /// Terms with one more symbol, and the lemmas about them.
    pub fn grow(&mut self, p: &mut Prover, end: u64) {
        let size = self.sizes.len();
        self.sizes.push(Vec::new());
        for s in self.symbols.clone() {
            let params = p.l.sym(s).params.clone();
            let mut args = Vec::new();
            self.fill(p, s, &params, size - 1, &mut args, end);
        }
        self.retry(p, end);
    }

    fn fill(&mut self, p: &mut Prover, s: Sym, params: &[Ty], left: usize, args: &mut Vec<Id>, end: u64) {
        let full = self.sizes.last().is_some_and(|l| l.len() >= TERMS);
        if p.l.work >= end || full {
            return;
        }
        let Some((ty, rest)) = params.split_first() else {
            if left == 0 {
                self.meet(p, s, args, end);
            }
            return;
        };
        for size in 0..=left {
            if rest.is_empty() && size != left {
                continue;
            }
            let Some(terms) = self.sizes.get(size) else { continue };
            let fitting: Vec<Id> = terms.iter().filter(|(_, t)| t == ty).map(|(t, _)| *t).collect();
            for t in fitting {
                args.push(t);
                self.fill(p, s, rest, left - size, args, end);
                args.pop();
            }
        }
    }

    fn meet(&mut self, p: &mut Prover, s: Sym, args: &[Id], end: u64) {
        let t = p.l.app(Head::Sym(s), args.to_vec());
        if p.l.nf(t) != t || p.reducible(t) {
            return;
        }
        let mut row = Vec::new();
        for n in 0..self.points.len() {
            let at: Option<Vec<Id>> = args.iter().map(|a| self.values.get(a).and_then(|r| r.get(n).copied())).collect();
            let Some(at) = at else { return };
            let x = p.l.app(Head::Sym(s), at);
            row.push(p.l.nf(x));
        }
        let (ty, row) = (p.l.sym(s).result, Rc::new(row));
        self.values.insert(t, row.clone());
        if let Some(known) = self.classes.get(&(ty, row.clone())).copied() {
            let pair = self.canonical(p, known, t);
            if p.subsumed(known, t) || !self.tried.insert(pair) {
                return;
            }
            if !self.lemma(p, known, t, end) {
                self.pending.push((known, t));
            }
            return;
        }
        self.classes.insert((ty, row), t);
        if let Some(last) = self.sizes.last_mut() {
            last.push((t, ty));
        }
    }

    /// An equation with its variables in the order in which they occur.
    fn canonical(&self, p: &mut Prover, a: Id, b: Id) -> (Id, Id) {
        let mut free = Vec::new();
        Clause::plain(Lit::Eq(a, b)).free(&p.l, &mut free);
        let (mut sub, mut used) = (Vec::new(), BTreeMap::<Ty, usize>::new());
        for v in free {
            let ty = p.l.var_ty(v);
            let n = used.entry(ty).or_default();
            if let Some(w) = self.vars.iter().filter(|w| p.l.var_ty(**w) == ty).nth(*n) {
                let w = p.l.var(*w);
                sub.push((v, w));
            }
            *n += 1;
        }
        (p.l.subst(a, &sub), p.l.subst(b, &sub))
    }

    fn lemma(&mut self, p: &mut Prover, a: Id, b: Id, end: u64) -> bool {
        let outer = p.limit;
        p.limit = end.min(p.l.work + ATTEMPT);
        let goal = Lit::Eq(a, b);
        let proof = p.prove(Seq { hyps: Vec::new(), goal }, 1, 3).or_else(|| {
            p.limit = end.min(p.l.work + ATTEMPT);
            p.prove(Seq { hyps: Vec::new(), goal }, 2, 3)
        });
        p.limit = outer;
        let Some(proof) = proof else { return false };
        let mut vars = Vec::new();
        Clause::plain(goal).free(&p.l, &mut vars);
        let name = p.name();
        // Bound variables are no others' variables: the explored ones occur in every lemma, but never free elsewhere.
        let clause = Rc::new(Clause { vars: vars.clone(), prems: Vec::new(), concl: goal });
        p.lemmas.push((name, clause.clone()));
        self.lemmas.push((name, clause, Proof::Intro(vars, Vec::new(), Box::new(proof))));
        true
    }

    /// What could not be proved before.
    fn retry(&mut self, p: &mut Prover, end: u64) {
        loop {
            let before = self.lemmas.len();
            for (a, b) in std::mem::take(&mut self.pending) {
                let open = p.l.work >= end || (!p.subsumed(a, b) && !p.reducible(b) && !self.lemma(p, a, b, end));
                if open {
                    self.pending.push((a, b));
                }
            }
            if self.lemmas.len() == before || p.l.work >= end {
                return;
            }
        }
    }
}
