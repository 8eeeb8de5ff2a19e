//! Declarations and verdicts (KERNEL.md section 7).

use crate::closure::{Closure, Env};
use crate::machine::{Entry, Machine};
use crate::trust::Refs;
use crate::{Limits, Refusal, Res, refuse};
use bfv_format::{Constructor, Decl, Node, Outcome, Prim, Term, show};
use std::collections::BTreeSet;
use std::rc::Rc;

/// What evidence shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The statement.
    Proved,
    /// Its negation.
    Refuted,
}

/// A growing list of checked declarations.
#[derive(Clone)]
pub struct Judge {
    entries: Vec<Entry>,
    limits: Limits,
}

/// What a stored proof shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the claim.
    pub claim: String,
    /// The statement, in core form.
    pub statement: String,
    /// What was shown of it.
    pub verdict: Verdict,
    /// Bundles of the axioms that it rests on, sorted.
    pub axioms: Vec<String>,
}

fn terms(d: &Decl) -> (Vec<&Term>, Option<&Term>) {
    match d {
        Decl::Def { ty, body, .. } => (vec![ty, body], None),
        Decl::Theorem { ty, proof, .. } => (vec![ty], Some(proof)),
        Decl::Axiom { ty, .. } => (vec![ty], None),
        Decl::Data(d) => (d.params.iter().chain(d.constructors.iter().flat_map(Constructor::terms)).collect(), None),
    }
}

/// Whether a term is a function whose value is a part of an argument.
fn projects(t: &Term) -> bool {
    match &**t {
        Node::Lam(b) => projects(b),
        Node::Fst(p) | Node::Snd(p) => matches!(**p, Node::Var(_)) || projects(p),
        _ => false,
    }
}

impl Judge {
    /// No declarations yet.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Judge { entries: Vec::new(), limits }
    }

    fn position(&self) -> u32 {
        u32::try_from(self.entries.len()).unwrap_or(u32::MAX)
    }

    /// Checks a declaration and appends it.
    ///
    /// # Errors
    /// The reason of the refusal; nothing is appended then.
    pub fn add(&mut self, decl: &Decl) -> Res<()> {
        let env = Env::empty(0);
        let id = self.position();
        match decl {
            Decl::Data(d) => Machine::new(&self.entries, Some(d), self.limits).data_decl(id, d)?,
            Decl::Def { ty, body, .. } | Decl::Theorem { ty, proof: body, .. } => {
                let m = Machine::new(&self.entries, None, self.limits);
                m.check_type(&env, ty)?;
                m.check(&env, body, &Rc::new(Closure::Term(ty.clone(), env.clone())))?;
            }
            Decl::Axiom { ty, .. } => {
                if Machine::new(&self.entries, None, self.limits).check_type(&env, ty)? > 0 {
                    return refuse("axiom over types", "the statement of an axiom is not in the lowest universe");
                }
            }
        }
        let (visible, hidden) = terms(decl);
        let mut refs = Refs::default();
        for t in visible {
            refs.add(t);
        }
        let named = |k: &u32| usize::try_from(*k).ok().and_then(|k| self.entries.get(k));
        let universes = refs.universe || refs.ids.iter().filter_map(named).any(|e| e.universes);
        if let Some(t) = hidden {
            refs.add(t);
        }
        let projects = matches!(decl, Decl::Def { body, .. } if projects(body));
        self.entries.push(Entry { decl: decl.clone(), universes, projects, refs });
        Ok(())
    }

    /// Judges evidence for a statement or for its negation.
    ///
    /// # Errors
    /// The reason of the refusal.
    pub fn judge(&self, statement: &Term, verdict: Verdict, evidence: &Term) -> Res<()> {
        let m = Machine::new(&self.entries, None, self.limits);
        let env = Env::empty(0);
        m.check_type(&env, statement)?;
        let goal = match verdict {
            Verdict::Proved => statement.clone(),
            Verdict::Refuted => Rc::new(Node::Pi(statement.clone(), Rc::new(Node::Prim(Prim::Empty)))),
        };
        m.check(&env, evidence, &Rc::new(Closure::Term(goal, env.clone())))
    }

    /// Bundles of the axioms behind some terms, proofs followed.
    fn axioms(&self, roots: &[&Term]) -> Vec<String> {
        let mut refs = Refs::default();
        for t in roots {
            refs.add(t);
        }
        let (mut todo, mut seen) = (refs.ids.into_iter().collect::<Vec<_>>(), BTreeSet::new());
        let mut bundles = BTreeSet::new();
        while let Some(id) = todo.pop() {
            if seen.insert(id)
                && let Some(e) = usize::try_from(id).ok().and_then(|k| self.entries.get(k))
            {
                if let Decl::Axiom { bundle, .. } = &e.decl {
                    bundles.insert(bundle.clone());
                }
                todo.extend(&e.refs.ids);
            }
        }
        bundles.into_iter().collect()
    }
}

/// Reads a stored proof and judges it from its bytes alone.
///
/// # Errors
/// Why the bytes cannot be read, a declaration is refused, or the evidence does not show what it is said to show.
pub fn recheck(bytes: &[u8], limits: Limits) -> Result<Report, Refusal> {
    let stored = match bfv_format::read(bytes) {
        Ok(stored) => stored,
        Err(e) => return refuse("unreadable", e.to_string()),
    };
    let mut judge = Judge::new(limits);
    for d in &stored.decls {
        judge.add(d).map_err(|r| Refusal::new(r.reason, format!("in {}: {}", d.name(), r.detail)))?;
    }
    let verdict = match stored.verdict {
        Outcome::Proved => Verdict::Proved,
        Outcome::Refuted => Verdict::Refuted,
    };
    judge.judge(&stored.statement, verdict, &stored.evidence)?;
    let names: Vec<String> = stored.decls.iter().map(|d| d.name().to_owned()).collect();
    Ok(Report {
        claim: stored.claim.clone(),
        statement: show(&stored.statement, &names),
        verdict,
        axioms: judge.axioms(&[&stored.statement, &stored.evidence]),
    })
}
