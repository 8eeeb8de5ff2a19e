//! Where a stored proof can be changed: every distinct node of every part, each with what can be done to it.

use crate::change::{self, children, replace};
use bfv_format::{Decl, Node, Stored, Term};
use std::collections::BTreeSet;

/// A part of a stored proof that is a term.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Statement,
    Evidence,
    /// A declaration, and the number of its term.
    Decl(usize, usize),
}

/// One change of a stored proof.
pub enum Change {
    Node { part: Part, place: Vec<usize>, new: Node },
    Decl(usize, Decl),
    Frame(Box<Stored>),
}

fn terms(d: &Decl) -> Vec<Term> {
    match d {
        Decl::Def { ty, body, .. } => vec![ty.clone(), body.clone()],
        Decl::Theorem { ty, proof, .. } => vec![ty.clone(), proof.clone()],
        Decl::Axiom { ty, .. } => vec![ty.clone()],
        Decl::Data(d) => d.params.iter().chain(d.constructors.iter().flat_map(|c| &c.fields)).cloned().collect(),
    }
}

fn term_mut(d: &mut Decl, n: usize) -> Option<&mut Term> {
    match d {
        Decl::Def { ty, body, .. } => [ty, body].into_iter().nth(n),
        Decl::Theorem { ty, proof, .. } => [ty, proof].into_iter().nth(n),
        Decl::Axiom { ty, .. } => [ty].into_iter().nth(n),
        Decl::Data(d) => d.params.iter_mut().chain(d.constructors.iter_mut().flat_map(|c| &mut c.fields)).nth(n),
    }
}

/// Every distinct node below a term with the way to its first occurrence.
pub fn places(root: &Term) -> Vec<(Vec<usize>, Term)> {
    let (mut seen, mut out, mut todo) = (BTreeSet::new(), Vec::new(), vec![(Vec::new(), root.clone())]);
    while let Some((place, t)) = todo.pop() {
        if seen.insert(Term::as_ptr(&t)) {
            for (n, child) in children(&t).into_iter().enumerate().rev() {
                todo.push(([place.as_slice(), &[n]].concat(), child));
            }
            out.push((place, t));
        }
    }
    out
}

/// Every change of a proof. Declarations for which `skip` says so are left out: another proof has them too.
pub fn changes(s: &Stored, skip: &mut dyn FnMut(&Decl) -> bool) -> Vec<(&'static str, Change)> {
    let mut out: Vec<(&'static str, Change)> =
        change::frame(s).into_iter().map(|(kind, s)| (kind, Change::Frame(Box::new(s)))).collect();
    let mut parts = vec![(Part::Statement, s.statement.clone()), (Part::Evidence, s.evidence.clone())];
    for (k, d) in s.decls.iter().enumerate() {
        if !skip(d) {
            out.extend(change::declaration(d).into_iter().map(|(kind, d)| (kind, Change::Decl(k, d))));
            parts.extend(terms(d).into_iter().enumerate().map(|(n, t)| (Part::Decl(k, n), t)));
        }
    }
    for (part, root) in parts {
        let known = if let Part::Decl(k, _) = part { k } else { s.decls.len() };
        for (place, t) in places(&root) {
            let changed = change::node(&t, u32::try_from(known).unwrap());
            out.extend(changed.into_iter().map(|(kind, new)| (kind, Change::Node { part, place: place.clone(), new })));
        }
    }
    out
}

/// The proof with a change made.
pub fn apply(s: &Stored, change: &Change) -> Stored {
    let mut out = s.clone();
    match change {
        Change::Frame(s) => return (**s).clone(),
        Change::Decl(k, d) => out.decls[*k] = d.clone(),
        Change::Node { part, place, new } => {
            let root = match part {
                Part::Statement => &mut out.statement,
                Part::Evidence => &mut out.evidence,
                Part::Decl(k, n) => term_mut(&mut out.decls[*k], *n).unwrap(),
            };
            *root = replace(root, place, new);
        }
    }
    out
}
