//! The search for a proof: cases, induction, lemmas.

use crate::lang::{Head, Id, Sub, Type, Var};
use crate::proof::{Case, Clause, Fact, Induction, Lit, Proof, Step};
use crate::read::recursive;
use crate::sample::{Dice, values};
use crate::simplify::{Hyp, Prover, Seq, Simple, wrapped};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Points at which a statement is tried.
const TRIALS: u64 = 40;
/// Variables on which an induction is tried, at most.
const VARIABLES: usize = 3;
/// Generalisations inside of each other.
const GENERAL: u32 = 2;
/// Lemmas that are used against their direction on one goal.
const EXPANSIONS: usize = 3;

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
        if std::env::var("IND2").is_ok() {
            let mut line = String::new();
            for h in &seq.hyps {
                line += &format!("[{}] ", self.show_clause(&h.clause));
            }
            let g = self.show_clause(&Clause::plain(seq.goal));
            eprintln!("fuel {fuel}: {line} |- {g}");
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
            let known = |h: &Hyp| !h.clause.is_plain() && h.clause.refuses().is_none() && h.clause.mentions(&self.l, v);
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

    pub fn show_clause(&self, c: &Clause) -> String {
        let p: Vec<String> = c.prems.iter().map(|p| self.show_clause(p) + " => ").collect();
        let g = match c.concl {
            Lit::Bot => "bot".to_owned(),
            Lit::Eq(a, b) => format!("{} = {}", self.l.show(a), self.l.show(b)),
        };
        format!("{:?} {} {}", c.vars, p.join(""), g)
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
            if (h.clause.is_plain() || h.clause.refuses().is_some()) && found.is_none() {
                let mut terms = Vec::new();
                h.clause.terms(&mut terms);
                terms.iter().for_each(|t| self.stuck_bool(*t, &mut found));
            }
        }
        found
    }

    /// Whether a type is one of values without fields.
    fn finite(&self, t: Id) -> bool {
        self.l.cons_of(self.l.type_of(t)).is_some_and(|cons| {
            !cons.is_empty() && cons.iter().all(|c| self.l.sym(*c).params.is_empty())
        })
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
        let simple = |h: &&Hyp| h.clause.is_plain() || h.clause.refuses().is_some();
        let kept: Vec<Hyp> = seq
            .hyps
            .iter()
            .filter(|h| !simple(h) && !h.clause.mentions(&self.l, v))
            .cloned()
            .collect();
        let mut fixed = Vec::new();
        for h in &kept {
            h.clause.free(&self.l, &mut fixed);
        }
        let others: Vec<Var> = self
            .free(seq)
            .into_iter()
            .filter(|w| {
                *w != v && !fixed.contains(w) && !matches!(self.l.type_of_ty(self.l.var_ty(*w)), Type::Fun(..))
            })
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
            if h.clause.is_plain() || h.clause.refuses().is_some() {
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
                let Some(x) = c.get(dice.below(most)) else { return Some(TRIALS as u32) };
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
            if h.clause.is_plain() || h.clause.refuses().is_some() {
                if self.holds_at_points(&less) == Some(0) {
                    few = less;
                    continue;
                }
            }
            n += 1;
        }
        let proof = self.prove(few, fuel.max(2), splits)?;
        let name = self.name();
        let fact = Fact::Inst(name, Vec::new(), Vec::new());
        Some(Proof::Lemma(name, Clause::plain(Lit::Bot), Box::new(proof), Box::new(Proof::Absurd(fact, goal))))
    }

    /// Equations that hypotheses of induction give where their variables are those of the goal, with proofs.
    fn instances(&mut self, seq: &Seq) -> Vec<(Clause, Fact)> {
        let mut out = Vec::new();
        for h in &seq.hyps {
            if h.clause.is_plain() || h.clause.refuses().is_some() {
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
    fn generalise(&mut self, seq: &Seq, fuel: u32, splits: u32) -> Option<Proof> {
        if self.general >= GENERAL {
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
    fn general_or_expanded(
        &mut self,
        goal: Lit,
        facts: &[(Clause, Fact)],
        fuel: u32,
        splits: u32,
    ) -> Option<Proof> {
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
                    let shared = |x: &Id| {
                        self.l.as_var(*x).is_none() && own.iter().any(|r| self.l.count(*r, *x) > 0)
                    };
                    // What it contains already would be put in again and again.
                    let again = roots.iter().any(|r| self.l.count(*r, value) > 0) || self.l.count(value, *t) > 0;
                    if inner.iter().any(shared) && !again {
                        let ty = self.l.type_of(*t);
                        let args = clause
                            .vars
                            .iter()
                            .filter_map(|v| sub.iter().find(|(w, _)| w == v).map(|s| s.1))
                            .collect();
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
        self.general += 1;
        let proof = self.prove(Seq { hyps: hyps.clone(), goal }, fuel, splits);
        self.general -= 1;
        let proof = proof?;
        let name = self.name();
        let prems = hyps.iter().map(|h| (*h.clause).clone()).collect();
        let clause = Clause { vars: vars.clone(), prems, concl: goal };
        let given = facts.iter().map(|f| Proof::Exact(f.1.clone())).collect();
        let intro = Proof::Intro(vars, hyps.iter().map(|h| h.name).collect(), Box::new(proof));
        let exact = Proof::Exact(Fact::Inst(name, values, given));
        Some(Proof::Lemma(name, clause, Box::new(intro), Box::new(exact)))
    }

    /// Calls in a term that are no variables and no constructors.
    fn parts(&self, t: Id, out: &mut Vec<Id>) {
        let n = self.l.node(t);
        for a in n.args.iter() {
            if self.l.as_con(*a).is_none() && self.l.as_var(*a).is_none() && !out.contains(a) {
                out.push(*a);
            }
            self.parts(*a, out);
        }
    }
}
