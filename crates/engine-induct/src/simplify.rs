//! Sequents and what is done to them without a choice: computation, rewriting, constructors.

use crate::lang::{Head, Id, Lang, Sub, Var};
use crate::proof::{Clause, Fact, Lit, Name, Proof, Step};
use bfv_search::Budget;
use std::rc::Rc;

/// How deep conditions of rules may rest on further rules.
const CONDITIONS: u32 = 2;
/// Rewriting steps on one sequent.
const STEPS: u32 = 300;

/// A hypothesis.
#[derive(Clone, Debug)]
pub struct Hyp {
    /// Its name.
    pub name: Name,
    /// What it says.
    pub clause: Rc<Clause>,
    /// Values for its variables where nothing else says which.
    pub hint: Sub,
}

/// A goal with its hypotheses.
#[derive(Clone, Debug)]
pub struct Seq {
    /// The hypotheses.
    pub hyps: Vec<Hyp>,
    /// The goal.
    pub goal: Lit,
}

/// What a proof of what is left becomes.
pub type Wrap = Box<dyn FnOnce(Proof) -> Proof>;

/// A sequent that nothing more can be done to, and the way back; or a proof.
pub enum Simple {
    /// Proved.
    Closed(Proof),
    /// What is left.
    Open(Seq, Vec<Wrap>),
}

/// Puts the steps around a proof.
pub fn wrapped(wraps: Vec<Wrap>, proof: Proof) -> Proof {
    wraps.into_iter().rev().fold(proof, |p, w| w(p))
}

/// An equation that is used for rewriting.
#[derive(Clone)]
struct Rule {
    name: Name,
    clause: Rc<Clause>,
    hint: Sub,
    lhs: Id,
    rhs: Id,
    back: bool,
    /// Whether each instance must be shown to become smaller.
    ordered: bool,
}

/// The state of a search.
pub struct Prover {
    /// The language.
    pub l: Lang,
    /// Names given.
    pub names: Name,
    /// Lemmas that are proved.
    pub lemmas: Vec<(Name, Rc<Clause>)>,
    /// The work at which the present attempt ends.
    pub limit: u64,
    /// How many generalisations are open.
    pub open: u32,
    /// A budget that only tells whether the search should end.
    wish: Budget,
    rules: Vec<Rule>,
    ruled: usize,
}

impl Prover {
    /// A search in a language that ends where that is wished.
    pub fn new(l: Lang, wish: Budget) -> Prover {
        Prover { l, names: 0, lemmas: Vec::new(), limit: 0, open: 0, wish, rules: Vec::new(), ruled: 0 }
    }
    pub fn name(&mut self) -> Name {
        self.names += 1;
        self.names
    }
    /// Whether the work allowed is done, or nobody wants the answer any more.
    pub fn over(&mut self) -> bool {
        self.l.work >= self.limit || self.wish.spend(0).is_err()
    }

    fn rule(&self, out: &mut Vec<Rule>, name: Name, clause: &Rc<Clause>, hint: &Sub) {
        let Lit::Eq(a, b) = clause.concl else { return };
        if a == b {
            return;
        }
        for (lhs, rhs, back) in [(a, b, false), (b, a, true)] {
            let ground = clause.vars.is_empty();
            if self.l.as_con(lhs).is_some() || self.l.as_var(lhs).is_some_and(|v| clause.vars.contains(&v)) {
                continue;
            }
            if ground {
                // A variable becomes what it equals.
                let takes = |x: Id, y: Id| self.l.as_var(x).is_some_and(|v| !self.l.mentions(y, v));
                let first = if takes(lhs, rhs) {
                    !takes(rhs, lhs) || self.l.larger(lhs, rhs)
                } else {
                    !takes(rhs, lhs) && self.l.larger(lhs, rhs)
                };
                if !first {
                    continue;
                }
            }
            out.push(Rule { name, clause: clause.clone(), hint: hint.clone(), lhs, rhs, back, ordered: !ground });
        }
    }

    fn rules_of(&mut self, hyps: &[Hyp]) -> Vec<Rule> {
        while self.ruled < self.lemmas.len() {
            let Some((name, clause)) = self.lemmas.get(self.ruled).cloned() else { break };
            let mut rules = std::mem::take(&mut self.rules);
            self.rule(&mut rules, name, &clause, &Vec::new());
            self.rules = rules;
            self.ruled += 1;
        }
        let mut out = Vec::new();
        for h in hyps {
            self.rule(&mut out, h.name, &h.clause, &h.hint);
        }
        out
    }
    /// A place where a rule applies: what is replaced, by what, why, in which direction.
    fn redex(&mut self, t: Id, rules: &[Rule], hyps: &[Hyp], not: Name, depth: u32) -> Option<(Id, Id, Fact, bool)> {
        let node = self.l.node(t).clone();
        for a in node.args.iter() {
            if let Some(found) = self.redex(*a, rules, hyps, not, depth) {
                return Some(found);
            }
        }
        if self.l.as_con(t).is_some() || self.over() {
            return None;
        }
        self.l.work += 1;
        for from_lemmas in [false, true] {
            let count = if from_lemmas { self.rules.len() } else { rules.len() };
            for n in 0..count {
                let Some(rule) = (if from_lemmas { self.rules.get(n) } else { rules.get(n) }) else { break };
                let head = self.l.node(rule.lhs).head;
                let flexible = matches!(head, Head::Var(v) if rule.clause.vars.contains(&v));
                if rule.name == not || (head != node.head && !flexible) {
                    continue;
                }
                let rule = rule.clone();
                if let Some(found) = self.instance(&rule, t, hyps, depth) {
                    return Some(found);
                }
            }
        }
        None
    }

    fn instance(&mut self, rule: &Rule, t: Id, hyps: &[Hyp], depth: u32) -> Option<(Id, Id, Fact, bool)> {
        self.l.work += 1;
        let mut sub = Sub::new();
        if !self.l.matches(rule.lhs, t, &rule.clause.vars, &mut sub) {
            return None;
        }
        for v in &rule.clause.vars {
            if !sub.iter().any(|(w, _)| w == v) {
                sub.push(*rule.hint.iter().find(|(w, _)| w == v)?);
            }
        }
        let to = self.l.subst(rule.rhs, &sub);
        if rule.ordered && !self.l.larger(t, to) {
            return None;
        }
        let mut prems = Vec::new();
        for p in &rule.clause.prems {
            let p = p.subst(&mut self.l, &sub);
            prems.push(self.condition(&p, hyps, depth)?);
        }
        let args = rule.clause.vars.iter().filter_map(|v| sub.iter().find(|(w, _)| w == v).map(|s| s.1)).collect();
        Some((t, to, Fact::Inst(rule.name, args, prems), rule.back))
    }

    /// Whether a lemma applies somewhere in a term.
    pub fn reducible(&mut self, t: Id) -> bool {
        let rules = self.rules_of(&[]);
        self.redex(t, &rules, &[], 0, 1).is_some()
    }

    /// Whether an equation is an instance of a lemma.
    pub fn subsumed(&mut self, a: Id, b: Id) -> bool {
        for n in 0..self.lemmas.len() {
            let Some((_, c)) = self.lemmas.get(n).cloned() else { break };
            let Lit::Eq(x, y) = c.concl else { continue };
            for (x, y) in [(x, y), (y, x)] {
                let mut sub = Sub::new();
                if self.l.matches(x, a, &c.vars, &mut sub) && self.l.matches(y, b, &c.vars, &mut sub) {
                    return true;
                }
            }
        }
        false
    }

    /// A statement that is clear.
    pub fn condition(&mut self, p: &Clause, hyps: &[Hyp], depth: u32) -> Option<Proof> {
        if let Some(h) = hyps.iter().find(|h| *h.clause == *p) {
            return Some(Proof::Exact(Fact::Inst(h.name, Vec::new(), Vec::new())));
        }
        if depth == 0 {
            return None;
        }
        // The variables of the statement are bound by nobody else: an instance has its own.
        let mut all = hyps.to_vec();
        let (mut vars, mut sub, mut names) = (Vec::new(), Sub::new(), Vec::new());
        for v in &p.vars {
            let (w, t) = self.l.fresh_term(self.l.var_ty(*v));
            vars.push(w);
            sub.push((*v, t));
        }
        for q in &p.prems {
            let name = self.name();
            names.push(name);
            let clause = Rc::new(q.subst(&mut self.l, &sub));
            all.push(Hyp { name, clause, hint: Vec::new() });
        }
        let goal = p.concl.subst(&mut self.l, &sub);
        match self.simplify(Seq { hyps: all, goal }, depth - 1) {
            Simple::Closed(proof) if vars.is_empty() && names.is_empty() => Some(proof),
            Simple::Closed(proof) => Some(Proof::Intro(vars, names, Box::new(proof))),
            Simple::Open(..) => None,
        }
    }

    /// Everything that needs no choice.
    pub fn simple(&mut self, seq: Seq) -> Simple {
        self.simplify(seq, CONDITIONS)
    }

    fn simplify(&mut self, mut seq: Seq, depth: u32) -> Simple {
        let mut wraps: Vec<Wrap> = Vec::new();
        for _ in 0..STEPS {
            if self.over() {
                break;
            }
            seq.goal = seq.goal.nf(&mut self.l);
            if let Lit::Eq(a, b) = seq.goal
                && a == b
            {
                return Simple::Closed(wrapped(wraps, Proof::Refl(a)));
            }
            if let Some(proof) = self.hypotheses(&mut seq, &mut wraps) {
                return Simple::Closed(wrapped(wraps, proof));
            }
            let rules = self.rules_of(&seq.hyps);
            if let Some((from, to, fact, back)) = self.in_goal(&seq, &rules, depth) {
                let step = self.step(from, to, fact, back);
                let hole = self.l.var(step.hole);
                let with = seq.goal.replace(&mut self.l, from, hole);
                seq.goal = seq.goal.replace(&mut self.l, from, to);
                wraps.push(Box::new(move |p| Proof::Rewrite(with, step, Box::new(p))));
                continue;
            }
            if !self.in_hypotheses(&mut seq, &rules, depth, &mut wraps) {
                break;
            }
        }
        if let Some(fact) = self.refusal(&seq, depth) {
            return Simple::Closed(wrapped(wraps, Proof::Absurd(fact, seq.goal)));
        }
        if let Some(proof) = self.conclusion(&seq, depth) {
            return Simple::Closed(wrapped(wraps, proof));
        }
        Simple::Open(seq, wraps)
    }

    /// A hypothesis under conditions that concludes the goal, in one direction or the other.
    fn conclusion(&mut self, seq: &Seq, depth: u32) -> Option<Proof> {
        let (a, b) = seq.goal.sides()?;
        for h in seq.hyps.iter().filter(|h| !h.clause.is_simple()) {
            let Lit::Eq(c, d) = h.clause.concl else { continue };
            for (c, d, back) in [(c, d, false), (d, c, true)] {
                let mut sub = Sub::new();
                if !self.l.matches(c, a, &h.clause.vars, &mut sub) || !self.l.matches(d, b, &h.clause.vars, &mut sub) {
                    continue;
                }
                let mut proofs = Vec::new();
                let Some(sub) = self.premises(h, 0, sub, seq, depth, &mut proofs) else { continue };
                let args = h.clause.vars.iter().filter_map(|v| sub.iter().find(|(w, _)| w == v).map(|s| s.1));
                let step = self.step(a, b, Fact::Inst(h.name, args.collect(), proofs), back);
                let hole = self.l.var(step.hole);
                return Some(Proof::Rewrite(Lit::Eq(hole, b), step, Box::new(Proof::Refl(b))));
            }
        }
        None
    }

    /// A statement that its premises cannot hold, where they do.
    fn refusal(&mut self, seq: &Seq, depth: u32) -> Option<Fact> {
        for h in &seq.hyps {
            if h.clause.concl != Lit::Bot || h.clause.refuses().is_some() {
                continue;
            }
            let mut proofs = Vec::new();
            if let Some(sub) = self.premises(h, 0, Sub::new(), seq, depth, &mut proofs) {
                let args = h.clause.vars.iter().filter_map(|v| sub.iter().find(|(w, _)| w == v).map(|s| s.1));
                return Some(Fact::Inst(h.name, args.collect(), proofs));
            }
        }
        None
    }

    /// Values at which the premises from one on are hypotheses, or clear.
    fn premises(
        &mut self,
        h: &Hyp,
        from: usize,
        mut sub: Sub,
        seq: &Seq,
        depth: u32,
        proofs: &mut Vec<Proof>,
    ) -> Option<Sub> {
        self.l.work += 1;
        let Some(p) = h.clause.prems.get(from) else {
            for v in &h.clause.vars {
                if !sub.iter().any(|(w, _)| w == v) {
                    sub.push(*h.hint.iter().find(|(w, _)| w == v)?);
                }
            }
            return Some(sub);
        };
        let open = h.clause.vars.iter().any(|v| p.mentions(&self.l, *v) && !sub.iter().any(|(w, _)| w == v));
        if !open {
            let p = p.subst(&mut self.l, &sub).nf(&mut self.l);
            let proof = self.condition(&p, &seq.hyps, depth)?;
            proofs.push(proof);
            return self.premises(h, from + 1, sub, seq, depth, proofs).or_else(|| {
                proofs.truncate(from);
                None
            });
        }
        let (a, b) = p.equation()?;
        for k in &seq.hyps {
            let Some((c, d)) = k.clause.equation() else { continue };
            let mut more = sub.clone();
            if !self.l.matches(a, c, &h.clause.vars, &mut more) || !self.l.matches(b, d, &h.clause.vars, &mut more) {
                continue;
            }
            proofs.push(Proof::Exact(Fact::Inst(k.name, Vec::new(), Vec::new())));
            if let Some(all) = self.premises(h, from + 1, more, seq, depth, proofs) {
                return Some(all);
            }
            proofs.truncate(from);
        }
        None
    }

    fn step(&mut self, from: Id, to: Id, fact: Fact, back: bool) -> Step {
        let ty = self.l.type_of(from);
        Step { hole: self.l.fresh(ty), fact: Rc::new(fact), from, to, back }
    }

    fn in_goal(&mut self, seq: &Seq, rules: &[Rule], depth: u32) -> Option<(Id, Id, Fact, bool)> {
        let (a, b) = seq.goal.sides()?;
        self.redex(a, rules, &seq.hyps, 0, depth).or_else(|| self.redex(b, rules, &seq.hyps, 0, depth))
    }

    /// Rewrites a hypothesis; whether there was something to do.
    fn in_hypotheses(&mut self, seq: &mut Seq, rules: &[Rule], depth: u32, wraps: &mut Vec<Wrap>) -> bool {
        for n in 0..seq.hyps.len() {
            let Some(h) = seq.hyps.get(n).cloned() else { break };
            let quantified = !h.clause.is_simple();
            let mut terms = Vec::new();
            h.clause.terms(&mut terms);
            for t in terms {
                // Of what is quantified only free variables are replaced: bound ones would leave their scope.
                let found = if quantified {
                    self.variable(t, rules, h.name)
                } else {
                    self.redex(t, rules, &seq.hyps, h.name, depth)
                };
                let Some((from, to, fact, back)) = found else { continue };
                let step = self.step(from, to, fact, back);
                let hole = self.l.var(step.hole);
                let with = h.clause.replace(&mut self.l, from, hole);
                let next = h.clause.replace(&mut self.l, from, to);
                let name = self.name();
                let fact = Fact::Along(Box::new(with), step, Box::new(Fact::Inst(h.name, Vec::new(), Vec::new())));
                let said = next.clone();
                wraps.push(Box::new(move |p| Proof::Let(name, said, fact, Box::new(p))));
                let mut hint = h.hint.clone();
                for (_, x) in &mut hint {
                    *x = self.l.replace(*x, from, to);
                }
                if let Some(place) = seq.hyps.get_mut(n) {
                    *place = Hyp { name, clause: Rc::new(next), hint };
                }
                return true;
            }
        }
        false
    }

    fn variable(&mut self, t: Id, rules: &[Rule], not: Name) -> Option<(Id, Id, Fact, bool)> {
        for r in rules {
            if !r.ordered
                && r.name != not
                && r.clause.prems.is_empty()
                && let Some(v) = self.l.as_var(r.lhs)
                && self.l.mentions(t, v)
            {
                return Some((r.lhs, r.rhs, Fact::Inst(r.name, Vec::new(), Vec::new()), r.back));
            }
        }
        None
    }

    /// Computes hypotheses, takes constructors apart; a proof where they contradict each other.
    fn hypotheses(&mut self, seq: &mut Seq, wraps: &mut Vec<Wrap>) -> Option<Proof> {
        let mut n = 0;
        while let Some(h) = seq.hyps.get(n).cloned() {
            let clause = h.clause.nf(&mut self.l);
            if let Some((a, b)) = clause.refuses() {
                if a == b {
                    let fact = Fact::Inst(h.name, Vec::new(), vec![Proof::Refl(a)]);
                    return Some(Proof::Absurd(fact, seq.goal));
                }
                if let (Some(c), Some(d)) = (self.l.as_con(a), self.l.as_con(b))
                    && c != d
                {
                    seq.hyps.remove(n);
                    continue;
                }
            }
            if !clause.is_plain() && clause.concl.sides().is_some_and(|(a, b)| a == b) {
                seq.hyps.remove(n);
                continue;
            }
            if !clause.is_plain() {
                if let Some(place) = seq.hyps.get_mut(n) {
                    place.clause = Rc::new(clause);
                }
                n += 1;
                continue;
            }
            let Lit::Eq(a, b) = clause.concl else {
                return Some(Proof::Absurd(Fact::Inst(h.name, Vec::new(), Vec::new()), seq.goal));
            };
            if a == b {
                seq.hyps.remove(n);
                continue;
            }
            if let (Some(c), Some(d)) = (self.l.as_con(a), self.l.as_con(b)) {
                let fact = Fact::Inst(h.name, Vec::new(), Vec::new());
                if c != d {
                    return Some(Proof::Clash(fact, a, b, seq.goal));
                }
                seq.hyps.remove(n);
                let fields: Vec<(Id, Id)> =
                    self.l.node(a).args.iter().copied().zip(self.l.node(b).args.iter().copied()).collect();
                for (k, (x, y)) in fields.into_iter().enumerate() {
                    if x == y {
                        continue;
                    }
                    let name = self.name();
                    let said = Clause::plain(Lit::Eq(x, y));
                    let field = Fact::Field(Box::new(fact.clone()), a, b, k);
                    seq.hyps.push(Hyp { name, clause: Rc::new(said.clone()), hint: Vec::new() });
                    wraps.push(Box::new(move |p| Proof::Let(name, said, field, Box::new(p))));
                }
                continue;
            }
            if let Some(place) = seq.hyps.get_mut(n) {
                place.clause = Rc::new(clause);
            }
            n += 1;
        }
        None
    }

    /// Free variables of a sequent that are no functions, those of the goal first.
    pub fn free(&self, seq: &Seq) -> Vec<Var> {
        let mut out = Vec::new();
        Clause::plain(seq.goal).free(&self.l, &mut out);
        for h in &seq.hyps {
            if h.clause.is_simple() {
                h.clause.free(&self.l, &mut out);
            }
        }
        out
    }
}
