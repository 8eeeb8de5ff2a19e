//! The search for a proof: cases, induction, lemmas.

use crate::lang::{Head, Id, Sub, Type, Var};
use crate::proof::{Case, Clause, Fact, Induction, Lit, Proof};
use crate::read::recursive;
use crate::sample::{Dice, values};
use crate::simplify::{Hyp, Prover, Seq, Simple, wrapped};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Points at which a statement is tried.
const TRIALS: u64 = 40;
/// Variables on which an induction is tried, at most.
const VARIABLES: usize = 3;
/// Sequents with larger terms are given up.
const LARGE: u32 = 300;

impl Prover {
    /// Proves a sequent with so many inductions inside of each other.
    pub fn prove(&mut self, seq: Seq, fuel: u32, splits: u32) -> Option<Proof> {
        if self.over() {
            return None;
        }
        let (seq, wraps) = match self.simple(seq) {
            Simple::Closed(proof) => return Some(proof),
            Simple::Open(seq, wraps) => (seq, wraps),
        };
        let proof = self.choose(seq, fuel, splits)?;
        Some(wrapped(wraps, proof))
    }

    fn choose(&mut self, seq: Seq, fuel: u32, splits: u32) -> Option<Proof> {
        let mut terms = Vec::new();
        Clause::plain(seq.goal).terms(&mut terms);
        seq.hyps.iter().for_each(|h| h.clause.terms(&mut terms));
        if terms.iter().any(|t| self.l.node(*t).size > LARGE) {
            return None;
        }
        // Both sides have one constructor.
        if let Lit::Eq(a, b) = seq.goal
            && let (Some(c), Some(d)) = (self.l.as_con(a), self.l.as_con(b))
            && c == d
        {
            let pairs: Vec<(Id, Id)> =
                self.l.node(a).args.iter().copied().zip(self.l.node(b).args.iter().copied()).collect();
            let mut proofs = Vec::new();
            for (x, y) in pairs {
                if x == y {
                    proofs.push(Proof::Refl(x));
                } else {
                    proofs.push(self.prove(Seq { goal: Lit::Eq(x, y), hyps: seq.hyps.clone() }, fuel, splits)?);
                }
            }
            return Some(Proof::Fields(a, b, proofs));
        }
        if splits > 0
            && let Some(t) = self.decision(&seq)
        {
            return self.split(t, &seq, fuel, splits);
        }
        if fuel == 0 {
            return None;
        }
        match self.holds_at_points(&seq) {
            None => return None,
            Some(0) if seq.goal != Lit::Bot => return self.contradict(seq, fuel, splits),
            Some(_) => {}
        }
        // Inside of an induction the goal is often about values of which no more matters than what is known.
        let inside = !seq.hyps.is_empty();
        if inside && let Some(p) = self.generalise(&seq, fuel, splits) {
            return Some(p);
        }
        for v in self.candidates(&seq).into_iter().take(VARIABLES) {
            // A hypothesis of induction about the variable would be lost.
            let known = |h: &Hyp| !h.clause.is_simple() && h.clause.mentions(&self.l, v);
            if seq.hyps.iter().any(known)
                && let Some(p) = self.cases(v, &seq, fuel - 1, splits)
            {
                return Some(p);
            }
            if let Some(p) = self.induct(v, &seq, fuel, splits) {
                return Some(p);
            }
        }
        if inside { None } else { self.generalise(&seq, fuel, splits) }
    }

    /// A truth value that something is stuck on.
    fn decision(&self, seq: &Seq) -> Option<Id> {
        for h in &seq.hyps {
            if let Some((a, b)) = h.clause.refuses() {
                for (t, c) in [(a, b), (b, a)] {
                    if self.finite(t) && self.l.as_con(c).is_some() {
                        return Some(t);
                    }
                }
            }
        }
        let mut found = None;
        if let Some((a, b)) = seq.goal.sides() {
            self.stuck_bool(a, &mut found);
            self.stuck_bool(b, &mut found);
        }
        for h in &seq.hyps {
            if h.clause.is_simple() && found.is_none() {
                let mut terms = Vec::new();
                h.clause.terms(&mut terms);
                terms.iter().for_each(|t| self.stuck_bool(*t, &mut found));
            }
        }
        found
    }

    /// Whether a type is one of values without fields.
    fn finite(&self, t: Id) -> bool {
        self.l
            .cons_of(self.l.type_of(t))
            .is_some_and(|cons| !cons.is_empty() && cons.iter().all(|c| self.l.sym(*c).params.is_empty()))
    }

    fn stuck_bool(&self, t: Id, found: &mut Option<Id>) {
        for a in self.l.node(t).args.iter() {
            self.stuck_bool(*a, found);
        }
        if found.is_none()
            && let Some(x) = self.l.stuck(t)
            && self.finite(x)
        {
            *found = Some(x);
        }
    }

    fn split(&mut self, t: Id, seq: &Seq, fuel: u32, splits: u32) -> Option<Proof> {
        if let Some(v) = self.l.as_var(t) {
            return self.cases(v, seq, fuel, splits - 1);
        }
        let cons = self.l.cons_of(self.l.type_of(t))?;
        let mut cases = Vec::new();
        for c in cons.iter() {
            let mut fields = Vec::new();
            let mut args = Vec::new();
            for p in self.l.sym(*c).params.clone() {
                let (v, x) = self.l.fresh_term(p);
                fields.push(v);
                args.push(x);
            }
            let value = self.l.app(Head::Sym(*c), args);
            let name = self.name();
            let mut hyps = seq.hyps.clone();
            hyps.push(Hyp { name, clause: Rc::new(Clause::plain(Lit::Eq(t, value))), hint: Vec::new() });
            let proof = self.prove(Seq { hyps, goal: seq.goal }, fuel, splits - 1)?;
            cases.push((fields, name, proof));
        }
        Some(Proof::Split(t, seq.goal, cases))
    }

    /// The cases of a variable, without hypotheses of induction.
    fn cases(&mut self, v: Var, seq: &Seq, fuel: u32, splits: u32) -> Option<Proof> {
        let taken: Vec<Hyp> = seq.hyps.iter().filter(|h| h.clause.mentions(&self.l, v)).cloned().collect();
        let kept: Vec<Hyp> = seq.hyps.iter().filter(|h| !h.clause.mentions(&self.l, v)).cloned().collect();
        self.by_constructors(v, seq.goal, &[], taken, kept, false, fuel, splits)
    }

    fn induct(&mut self, v: Var, seq: &Seq, fuel: u32, splits: u32) -> Option<Proof> {
        let simple = |h: &&Hyp| h.clause.is_simple();
        let kept: Vec<Hyp> =
            seq.hyps.iter().filter(|h| !simple(h) && !h.clause.mentions(&self.l, v)).cloned().collect();
        let mut fixed = Vec::new();
        for h in &kept {
            h.clause.free(&self.l, &mut fixed);
        }
        let others: Vec<Var> = self
            .free(seq)
            .into_iter()
            .filter(|w| *w != v && !fixed.contains(w) && !matches!(self.l.type_of_ty(self.l.var_ty(*w)), Type::Fun(..)))
            .collect();
        let taken: Vec<Hyp> = seq.hyps.iter().filter(simple).cloned().collect();
        self.by_constructors(v, seq.goal, &others, taken, kept, true, fuel - 1, splits)
    }

    #[allow(clippy::too_many_arguments)] // an induction has that many parts
    fn by_constructors(
        &mut self,
        v: Var,
        goal: Lit,
        others: &[Var],
        taken: Vec<Hyp>,
        kept: Vec<Hyp>,
        induction: bool,
        fuel: u32,
        splits: u32,
    ) -> Option<Proof> {
        let ty = self.l.var_ty(v);
        let cons = self.l.cons_of(ty)?;
        let mut cases = Vec::new();
        for c in cons.iter() {
            let (mut fields, mut args) = (Vec::new(), Vec::new());
            let params = self.l.sym(*c).params.clone();
            for p in params {
                let (w, x) = self.l.fresh_term(p);
                fields.push(w);
                args.push(x);
            }
            let value = self.l.app(Head::Sym(*c), args.clone());
            let mut sub: Sub = vec![(v, value)];
            let mut new_others = Vec::new();
            for o in others {
                let (w, x) = self.l.fresh_term(self.l.var_ty(*o));
                sub.push((*o, x));
                new_others.push(w);
            }
            let mut hyps = Vec::new();
            for h in &kept {
                let mut h = h.clone();
                for (_, x) in &mut h.hint {
                    *x = self.l.subst(*x, &sub);
                }
                hyps.push(h);
            }
            let mut ihs = Vec::new();
            for r in recursive(&self.l, *c) {
                let name = self.name();
                ihs.push(name);
                let (Some(field), Some(x)) = (fields.get(r).copied(), args.get(r).copied()) else { continue };
                // Fields that are functions into the type have another form of hypothesis, which is not used.
                if !induction || self.l.var_ty(field) != ty {
                    continue;
                }
                let (mut vars, mut bound, mut hint) = (Vec::new(), vec![(v, x)], Vec::new());
                for (o, w) in others.iter().zip(&new_others) {
                    let (b, t) = self.l.fresh_term(self.l.var_ty(*o));
                    vars.push(b);
                    bound.push((*o, t));
                    let own = self.l.var(*w);
                    hint.push((b, own));
                }
                let prems: Vec<Clause> = taken.iter().map(|h| h.clause.subst(&mut self.l, &bound)).collect();
                let concl = goal.subst(&mut self.l, &bound);
                let clause = Clause { vars, prems, concl }.nf(&mut self.l);
                hyps.push(Hyp { name, clause: Rc::new(clause), hint });
            }
            let mut names = Vec::new();
            for h in &taken {
                let name = self.name();
                names.push(name);
                let clause = Rc::new(h.clause.subst(&mut self.l, &sub));
                let mut hint = h.hint.clone();
                for (_, x) in &mut hint {
                    *x = self.l.subst(*x, &sub);
                }
                hyps.push(Hyp { name, clause, hint });
            }
            let goal = goal.subst(&mut self.l, &sub);
            let proof = self.prove(Seq { hyps, goal }, fuel, splits)?;
            cases.push(Case { fields, ihs, others: new_others, hyps: names, proof });
        }
        let hyps = taken.iter().map(|h| (h.name, (*h.clause).clone())).collect();
        Some(Proof::Induct(Box::new(Induction { on: v, others: others.to_vec(), hyps, goal, cases })))
    }

    /// Variables that calls are stuck on, the one first on which most are.
    fn candidates(&self, seq: &Seq) -> Vec<Var> {
        let mut score: BTreeMap<Var, u32> = BTreeMap::new();
        if let Some((a, b)) = seq.goal.sides() {
            self.stuck_vars(a, 4, &mut score);
            self.stuck_vars(b, 4, &mut score);
        }
        for h in &seq.hyps {
            if h.clause.is_simple() {
                let mut terms = Vec::new();
                h.clause.terms(&mut terms);
                terms.iter().for_each(|t| self.stuck_vars(*t, 1, &mut score));
            }
        }
        let mut all: Vec<(Var, u32)> = score.into_iter().collect();
        all.sort_by_key(|(v, s)| (u32::MAX - s, *v));
        all.into_iter().map(|(v, _)| v).collect()
    }

    fn stuck_vars(&self, t: Id, weight: u32, score: &mut BTreeMap<Var, u32>) {
        for a in self.l.node(t).args.iter() {
            self.stuck_vars(*a, weight, score);
        }
        if let Some(x) = self.l.stuck(t)
            && let Some(v) = self.l.as_var(x)
        {
            *score.entry(v).or_default() += weight;
        }
    }

    /// Whether a sequent holds at all points that are tried: what fails is not worth a proof.
    /// At how many of them the hypotheses hold; none where the goal then fails.
    pub fn holds_at_points(&mut self, seq: &Seq) -> Option<u32> {
        let mut met_at = 0;
        let vars = self.free(seq);
        let mut choices = Vec::new();
        for v in &vars {
            let ty = self.l.var_ty(*v);
            choices.push(values(&mut self.l, ty));
        }
        let plain: Vec<Rc<Clause>> = seq.hyps.iter().map(|h| h.clause.clone()).collect();
        for trial in 0..TRIALS {
            let mut dice = Dice::new(trial + 1);
            let mut sub = Sub::new();
            for (v, c) in vars.iter().zip(&choices) {
                let most = if trial < TRIALS / 3 { c.len().min(6) } else { c.len() };
                let Some(x) = c.get(dice.below(most)) else { return Some(1) };
                sub.push((*v, *x));
            }
            let holds = |l: &mut crate::lang::Lang, lit: Lit| match lit.subst(l, &sub).nf(l) {
                Lit::Eq(a, b) => a == b,
                Lit::Bot => false,
            };
            let met = plain.iter().all(|c| {
                if c.is_plain() {
                    holds(&mut self.l, c.concl)
                } else if let Some((a, b)) = c.refuses() {
                    !holds(&mut self.l, Lit::Eq(a, b))
                } else {
                    true
                }
            });
            if met {
                met_at += 1;
                if !holds(&mut self.l, seq.goal) {
                    return None;
                }
            }
        }
        Some(met_at)
    }

    /// Hypotheses that hold nowhere: falsity is proved from as few of them as hold nowhere.
    fn contradict(&mut self, seq: Seq, fuel: u32, splits: u32) -> Option<Proof> {
        let goal = seq.goal;
        let mut few = Seq { hyps: seq.hyps.clone(), goal: Lit::Bot };
        let mut n = 0;
        while n < few.hyps.len() {
            let mut less = few.clone();
            let h = less.hyps.remove(n);
            if h.clause.is_simple() && self.holds_at_points(&less) == Some(0) {
                few = less;
                continue;
            }
            n += 1;
        }
        let proof = self.prove(few, fuel.max(2), splits)?;
        let name = self.name();
        let fact = Fact::Inst(name, Vec::new(), Vec::new());
        Some(Proof::Lemma(name, Clause::plain(Lit::Bot), Box::new(proof), Box::new(Proof::Absurd(fact, goal))))
    }

    /// Calls in a term that are no variables and no constructors.
    pub fn parts(&self, t: Id, out: &mut Vec<Id>) {
        let n = self.l.node(t);
        for a in n.args.iter() {
            if self.l.as_con(*a).is_none() && self.l.as_var(*a).is_none() && !out.contains(a) {
                out.push(*a);
            }
            self.parts(*a, out);
        }
    }
}
