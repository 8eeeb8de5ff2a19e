//! Generalisation: a goal inside of an induction becomes a lemma of its own. Terms that occur more than once become variables, hypotheses of
//! induction and lemmas are used against their direction first where more becomes the same by that (Boyer and Moore, 1979).

use crate::lang::{Id, Sub};
use crate::proof::{Clause, Fact, Lit, Proof, Step};
use crate::simplify::{Hyp, Prover, Seq};
use std::rc::Rc;

/// Generalisations inside of each other.
const GENERAL: u32 = 2;
/// Lemmas that are used against their direction on one goal.
const EXPANSIONS: usize = 3;

impl Prover {
    /// Equations that hypotheses of induction give where their variables are those of the goal, with proofs.
    fn instances(&mut self, seq: &Seq) -> Vec<(Clause, Fact)> {
        let mut out = Vec::new();
        for h in &seq.hyps {
            if h.clause.is_simple() {
                out.push(((*h.clause).clone(), Fact::Inst(h.name, Vec::new(), Vec::new())));
                continue;
            }
            let args: Option<Vec<Id>> =
                h.clause.vars.iter().map(|v| h.hint.iter().find(|(w, _)| w == v).map(|x| x.1)).collect();
            let Some(args) = args else { continue };
            let sub: Sub = h.clause.vars.iter().copied().zip(args.iter().copied()).collect();
            let prems: Option<Vec<Proof>> = h
                .clause
                .prems
                .iter()
                .map(|p| {
                    let p = p.subst(&mut self.l, &sub);
                    self.condition(&p, &seq.hyps, 2)
                })
                .collect();
            let Some(prems) = prems else { continue };
            let concl = h.clause.concl.subst(&mut self.l, &sub).nf(&mut self.l);
            out.push((Clause::plain(concl), Fact::Inst(h.name, args, prems)));
        }
        out
    }

    /// Terms that occur more than once become variables, also after a hypothesis of induction was used against its direction
    /// (Boyer and Moore, 1979).
    pub fn generalise(&mut self, seq: &Seq, fuel: u32, splits: u32) -> Option<Proof> {
        if self.open >= GENERAL {
            return None;
        }
        let facts = self.instances(seq);
        if let Some(p) = self.general_or_expanded(seq.goal, &facts, fuel, splits) {
            return Some(p);
        }
        for (n, (clause, fact)) in facts.iter().enumerate() {
            let Lit::Eq(a, b) = clause.concl else { continue };
            if !clause.is_plain() {
                continue;
            }
            for (from, to, back) in [(a, b, false), (b, a, true)] {
                if self.l.as_con(from).is_some() || self.l.as_var(from).is_some() {
                    continue;
                }
                let ty = self.l.type_of(from);
                let hole = self.l.fresh(ty);
                let place = self.l.var(hole);
                let with = seq.goal.replace(&mut self.l, from, place);
                if with == seq.goal {
                    continue;
                }
                let next = seq.goal.replace(&mut self.l, from, to);
                let mut rest = facts.clone();
                rest.remove(n);
                if let Some(p) = self.general_or_expanded(next, &rest, fuel, splits) {
                    let step = Step { hole, fact: Rc::new(fact.clone()), from, to, back };
                    return Some(Proof::Rewrite(with, step, Box::new(p)));
                }
            }
        }
        None
    }

    /// A more general goal, also after lemmas were used against their direction so that more of it is the same.
    fn general_or_expanded(&mut self, goal: Lit, facts: &[(Clause, Fact)], fuel: u32, splits: u32) -> Option<Proof> {
        if let Some(p) = self.general(goal, facts, fuel, splits) {
            return Some(p);
        }
        let (mut goal, mut facts) = (goal, facts.to_vec());
        let mut steps = Vec::new();
        while steps.len() < EXPANSIONS
            && let Some(step) = self.expansion(goal, &facts)
        {
            let hole = self.l.var(step.hole);
            let with = goal.replace(&mut self.l, step.from, hole);
            goal = goal.replace(&mut self.l, step.from, step.to);
            for (clause, fact) in &mut facts {
                let line = clause.replace(&mut self.l, step.from, hole);
                if line != *clause {
                    *clause = clause.replace(&mut self.l, step.from, step.to);
                    *fact = Fact::Along(Box::new(line), step.clone(), Box::new(fact.clone()));
                }
            }
            steps.push((with, step));
        }
        if steps.is_empty() {
            return None;
        }
        let proof = self.general(goal, &facts, fuel, splits)?;
        Some(steps.into_iter().rev().fold(proof, |p, (with, step)| Proof::Rewrite(with, step, Box::new(p))))
    }

    /// A lemma that turns a part of a goal or fact into something larger, of which the goal has a part already.
    fn expansion(&mut self, goal: Lit, facts: &[(Clause, Fact)]) -> Option<Step> {
        let mut roots = Vec::new();
        Clause::plain(goal).terms(&mut roots);
        let own = roots.clone();
        facts.iter().for_each(|f| f.0.terms(&mut roots));
        let mut parts = Vec::new();
        for t in &roots {
            self.parts(*t, &mut parts);
            parts.push(*t);
        }
        for n in 0..self.lemmas.len() {
            let (name, clause) = self.lemmas.get(n).cloned()?;
            let (a, b) = match clause.concl {
                Lit::Eq(a, b) if clause.prems.is_empty() => (a, b),
                _ => continue,
            };
            for (from, to, back) in [(a, b, false), (b, a, true)] {
                // Only against the direction of rewriting, so that nothing goes round.
                if self.l.as_var(from).is_some() || self.l.as_con(from).is_some() || !self.l.larger(to, from) {
                    continue;
                }
                for t in &parts {
                    let mut sub = Sub::new();
                    if !self.l.matches(from, *t, &clause.vars, &mut sub) || sub.len() < clause.vars.len() {
                        continue;
                    }
                    let value = self.l.subst(to, &sub);
                    let mut inner = Vec::new();
                    self.parts(value, &mut inner);
                    let shared = |x: &Id| self.l.as_var(*x).is_none() && own.iter().any(|r| self.l.count(*r, *x) > 0);
                    // What it contains already would be put in again and again.
                    let again = roots.iter().any(|r| self.l.count(*r, value) > 0) || self.l.count(value, *t) > 0;
                    if inner.iter().any(shared) && !again {
                        let ty = self.l.type_of(*t);
                        let args =
                            clause.vars.iter().filter_map(|v| sub.iter().find(|(w, _)| w == v).map(|s| s.1)).collect();
                        return Some(Step {
                            hole: self.l.fresh(ty),
                            fact: Rc::new(Fact::Inst(name, args, Vec::new())),
                            from: *t,
                            to: value,
                            back,
                        });
                    }
                }
            }
        }
        None
    }

    /// Proves a more general goal as a lemma.
    fn general(&mut self, goal: Lit, facts: &[(Clause, Fact)], fuel: u32, splits: u32) -> Option<Proof> {
        let mut goal = goal;
        let mut facts = facts.to_vec();
        let (mut vars, mut terms) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let mut all = Vec::new();
            Clause::plain(goal).terms(&mut all);
            let own = all.len();
            facts.iter().for_each(|f| f.0.terms(&mut all));
            let mut parts = Vec::new();
            for t in all.iter().take(own) {
                self.parts(*t, &mut parts);
            }
            parts.retain(|t| {
                all.iter().map(|u| self.l.count(*u, *t)).sum::<usize>() > 1
                    && self.l.cons_of(self.l.type_of(*t)).is_some_and(|c| !c.is_empty())
                    && self.l.stuck(*t).is_some()
            });
            parts.sort_by_key(|t| u32::MAX - self.l.node(*t).size);
            let mut done = true;
            for t in parts {
                let ty = self.l.type_of(t);
                let (v, x) = self.l.fresh_term(ty);
                let next = goal.replace(&mut self.l, t, x);
                let moved: Vec<(Clause, Fact)> =
                    facts.iter().map(|f| (f.0.replace(&mut self.l, t, x), f.1.clone())).collect();
                let hyps = moved.iter().map(|f| Hyp { name: 0, clause: Rc::new(f.0.clone()), hint: Vec::new() });
                if self.holds_at_points(&Seq { hyps: hyps.collect(), goal: next }).is_none_or(|n| n == 0) {
                    continue;
                }
                (goal, facts, done) = (next, moved, false);
                vars.push(v);
                terms.push(t);
                break;
            }
            if done {
                break;
            }
        }
        if vars.is_empty() {
            return None;
        }
        // Only what is needed.
        let mut n = 0;
        while n < facts.len() {
            let mut less = facts.clone();
            less.remove(n);
            let hyps = less.iter().map(|f| Hyp { name: 0, clause: Rc::new(f.0.clone()), hint: Vec::new() }).collect();
            if self.holds_at_points(&Seq { hyps, goal }).is_some() {
                facts = less;
            } else {
                n += 1;
            }
        }
        let mut hyps = Vec::new();
        for (c, _) in &facts {
            hyps.push(Hyp { name: self.name(), clause: Rc::new(c.clone()), hint: Vec::new() });
        }
        // Later terms may mention earlier variables.
        let mut values: Vec<Id> = Vec::new();
        for t in &terms {
            let sub: Sub = vars.iter().copied().zip(values.iter().copied()).collect();
            values.push(self.l.subst(*t, &sub));
        }
        self.open += 1;
        let proof = self.prove(Seq { hyps: hyps.clone(), goal }, fuel, splits);
        self.open -= 1;
        let proof = proof?;
        let name = self.name();
        let prems = hyps.iter().map(|h| (*h.clause).clone()).collect();
        let clause = Clause { vars: vars.clone(), prems, concl: goal };
        let given = facts.iter().map(|f| Proof::Exact(f.1.clone())).collect();
        let intro = Proof::Intro(vars, hyps.iter().map(|h| h.name).collect(), Box::new(proof));
        let exact = Proof::Exact(Fact::Inst(name, values, given));
        Some(Proof::Lemma(name, clause, Box::new(intro), Box::new(exact)))
    }
}
