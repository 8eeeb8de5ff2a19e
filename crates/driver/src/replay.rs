//! Moves a stored proof into a signature and lets the kernel judge it.

use crate::problem::{Code, Problem};
use crate::verdict::Kind;
use bfv_format::{Decl, Hash, Outcome, Renumber, Stored, Term, UnknownConstant, decl_hashes, term_hash};
use bfv_kernel::{Limits, Signature};
use std::collections::BTreeMap;

/// The declarations of a signature with their hashes. It never holds a declaration that the signature does not.
pub struct Context {
    decls: Vec<Decl>,
    hashes: Vec<Hash>,
    by_hash: BTreeMap<Hash, Vec<u32>>,
}

impl Context {
    /// The context of a signature.
    ///
    /// # Errors
    /// A declaration that names a later one; a checked signature has none.
    pub fn new(signature: &Signature) -> Result<Self, UnknownConstant> {
        let decl = |id| signature.decl(id).cloned().ok_or(UnknownConstant(id));
        let decls: Vec<Decl> = (0..signature.len()).map(decl).collect::<Result<_, _>>()?;
        let hashes = decl_hashes(&decls)?;
        let mut by_hash: BTreeMap<Hash, Vec<u32>> = BTreeMap::new();
        for (id, hash) in (0..).zip(&hashes) {
            by_hash.entry(*hash).or_default().push(id);
        }
        Ok(Context { decls, hashes, by_hash })
    }

    /// The Merkle hash of a declaration.
    pub(crate) fn decl_hash(&self, id: u32) -> Option<Hash> {
        usize::try_from(id).ok().and_then(|id| self.hashes.get(id)).copied()
    }

    /// The declarations.
    #[must_use]
    pub fn decls(&self) -> &[Decl] {
        &self.decls
    }

    /// A declaration that says the same, and whether there is another choice. Of several that do, as two data types of one shape with the
    /// functions over them, those with the same name are meant, and of these the one with this number: the copies of two modules stand in
    /// one order. It only chooses what is offered to the kernel.
    pub(crate) fn find(&self, hash: &Hash, decl: &Decl, which: usize) -> Option<(u32, bool)> {
        let all = self.by_hash.get(hash)?;
        let named = |id: &&u32| {
            let ours = usize::try_from(**id).ok().and_then(|id| self.decls.get(id));
            ours.is_some_and(|d| d.name() == decl.name())
        };
        let mut fitting: Vec<u32> = all.iter().filter(named).copied().collect();
        if fitting.is_empty() {
            fitting.clone_from(all);
        }
        let found = fitting.get(which).or(fitting.last())?;
        Some((*found, fitting.len() > which + 1))
    }

    /// The Merkle hash of a statement over the signature.
    ///
    /// # Errors
    /// A constant that the signature does not have.
    pub fn statement_hash(&self, statement: &Term) -> Result<Hash, UnknownConstant> {
        term_hash(statement, &self.hashes)
    }
}

/// The kernel's answer, kept as what reports need. It is made from a `Proved` or a `Refuted` only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// Proved or refuted.
    pub kind: Kind,
    /// Bundles of axioms used.
    pub axioms: Vec<String>,
    /// Certificate rules used.
    pub rules: Vec<String>,
    /// Steps of the kernel.
    pub steps: u64,
}

/// Lets the kernel judge evidence over a signature.
///
/// # Errors
/// The kernel's refusal in words.
pub fn judge(
    signature: &Signature,
    statement: &Term,
    outcome: Outcome,
    evidence: &Term,
    limits: Limits,
) -> Result<Judgement, String> {
    let words = |rules: &[&'static str]| rules.iter().map(|r| (*r).to_owned()).collect();
    let refused = |r: bfv_kernel::Refusal| {
        if r.detail.is_empty() { r.reason.to_owned() } else { format!("{}: {}", r.reason, r.detail) }
    };
    match outcome {
        Outcome::Proved => {
            let p = signature.prove(statement, evidence, limits).map_err(refused)?;
            Ok(Judgement { kind: Kind::Proved, axioms: p.axioms().to_vec(), rules: words(p.rules()), steps: p.steps() })
        }
        Outcome::Refuted => {
            let r = signature.refute(statement, evidence, limits).map_err(refused)?;
            Ok(Judgement {
                kind: Kind::Refuted,
                axioms: r.axioms().to_vec(),
                rules: words(r.rules()),
                steps: r.steps(),
            })
        }
    }
}

/// What the kernel accepted in one run, by statement, so that nobody is told that a statement is proved and that it is refuted.
#[derive(Debug, Default)]
pub struct Sides(BTreeMap<Hash, (Kind, String)>);

impl Sides {
    /// Notes a judgement. The problem is that the opposite was accepted before, of the same claim or of another with the same statement.
    #[must_use]
    pub fn add(&mut self, statement: Hash, kind: Kind, name: &str) -> Option<Problem> {
        let (before, other) = self.0.entry(statement).or_insert_with(|| (kind, name.to_owned()));
        if *before == kind {
            return None;
        }
        let what = if other == name {
            format!("The kernel accepted the claim {name} and its negation.")
        } else {
            format!("The kernel accepted the claim {other} and the negation of {name}, which says the same.")
        };
        Some(Problem::new(Code::Contradiction, what, "trust no verdict of this version, and report this."))
    }

    /// Takes over what was noted elsewhere; false when an opposite is among it.
    pub(crate) fn join(&mut self, others: &Sides) -> bool {
        others.0.iter().all(|(statement, (kind, name))| self.add(*statement, *kind, name).is_none())
    }
}

/// Why a stored proof does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoredFailure {
    /// Its statement is not the one in the source.
    Stale,
    /// The kernel, or a rule about what a stored proof may bring along, refuses it.
    Rejected(String),
}

/// Whether a stored proof, with the hashes of its declarations, is one of this statement.
fn is_of(context: &Context, statement: &Term, stored: &Stored, hashes: &[Hash]) -> Result<bool, UnknownConstant> {
    Ok(term_hash(&stored.statement, hashes)? == context.statement_hash(statement)?)
}

/// Judges a stored proof of a statement: its declarations are found in the signature by hash, or checked and added to a copy of it.
/// What is judged is the statement in the source; the one in the file only has to have the same hash.
/// A stored proof may not bring axioms along: one that the source does not have is refused, whatever it is called.
///
/// # Errors
/// The stored proof is stale or rejected.
pub fn judge_stored(
    signature: &Signature,
    context: &Context,
    statement: &Term,
    stored: &Stored,
    limits: Limits,
) -> Result<Judgement, StoredFailure> {
    judge_moved(signature, context, statement, stored, limits).map(|(judgement, _)| judgement)
}

/// The same, with the evidence over the signature; with nothing where it brings declarations of its own.
///
/// # Errors
/// As `judge_stored`.
pub(crate) fn judge_moved(
    signature: &Signature,
    context: &Context,
    statement: &Term,
    stored: &Stored,
    limits: Limits,
) -> Result<(Judgement, Option<Term>), StoredFailure> {
    let broken = |e: UnknownConstant| StoredFailure::Rejected(e.to_string());
    let hashes = decl_hashes(&stored.decls).map_err(broken)?;
    if !is_of(context, statement, stored, &hashes).map_err(broken)? {
        return Err(StoredFailure::Stale);
    }
    let mut which = 0;
    loop {
        let mut more = false;
        let done = judge_over(signature, context, statement, (stored, &hashes), limits, (which, &mut more));
        which += 1;
        if done.is_ok() || !more || which >= COPIES {
            return done;
        }
    }
}

/// Most modules that have data types of one shape and name and are told apart by trying.
pub(crate) const COPIES: usize = 8;

/// The same with one choice of the declarations of which there are several, and whether there is another one.
fn judge_over(
    signature: &Signature,
    context: &Context,
    statement: &Term,
    (stored, hashes): (&Stored, &[Hash]),
    limits: Limits,
    (which, more): (usize, &mut bool),
) -> Result<(Judgement, Option<Term>), StoredFailure> {
    let broken = |e: UnknownConstant| StoredFailure::Rejected(e.to_string());
    let mut renumber = Renumber::default();
    let mut scratch: Option<Signature> = None;
    for (old, (decl, hash)) in (0_u32..).zip(stored.decls.iter().zip(hashes)) {
        if let Some((id, another)) = context.find(hash, decl, which) {
            *more |= another;
            renumber.insert(old, id);
            continue;
        }
        if let Decl::Axiom { name, .. } = decl {
            return Err(StoredFailure::Rejected(format!("it brings the axiom {name}, which the source does not have")));
        }
        let scratch = scratch.get_or_insert_with(|| signature.clone());
        let new = scratch.len();
        if matches!(decl, Decl::Data(_)) {
            renumber.insert(old, new);
        }
        let decl = renumber.decl(decl).map_err(broken)?;
        let id = scratch.add(decl, limits).map_err(|r| StoredFailure::Rejected(r.reason.to_owned()))?;
        renumber.insert(old, id);
    }
    let evidence = renumber.term(&stored.evidence).map_err(broken)?;
    let judgement = judge(scratch.as_ref().unwrap_or(signature), statement, stored.verdict, &evidence, limits)
        .map_err(StoredFailure::Rejected)?;
    Ok((judgement, scratch.is_none().then_some(evidence)))
}
