//! Statements and proofs with names, before they are kernel terms.

use crate::lang::{Id, Lang, Sub, Var};
use std::rc::Rc;

/// The name of a hypothesis or lemma.
pub type Name = u32;

/// What stands at the end of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Lit {
    /// Both sides are equal.
    Eq(Id, Id),
    /// Falsity.
    Bot,
}

/// For all variables, if all premises hold, then the conclusion.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Clause {
    /// Bound variables.
    pub vars: Vec<Var>,
    /// Premises.
    pub prems: Vec<Clause>,
    /// Conclusion.
    pub concl: Lit,
}

impl Lit {
    /// Values put in for variables.
    pub fn subst(self, l: &mut Lang, sub: &Sub) -> Lit {
        match self {
            Lit::Eq(a, b) => Lit::Eq(l.subst(a, sub), l.subst(b, sub)),
            Lit::Bot => Lit::Bot,
        }
    }
    /// A term put in for another.
    pub fn replace(self, l: &mut Lang, old: Id, new: Id) -> Lit {
        match self {
            Lit::Eq(a, b) => Lit::Eq(l.replace(a, old, new), l.replace(b, old, new)),
            Lit::Bot => Lit::Bot,
        }
    }
    /// Both sides computed.
    pub fn nf(self, l: &mut Lang) -> Lit {
        match self {
            Lit::Eq(a, b) => Lit::Eq(l.nf(a), l.nf(b)),
            Lit::Bot => Lit::Bot,
        }
    }
    /// The two sides.
    pub fn sides(self) -> Option<(Id, Id)> {
        if let Lit::Eq(a, b) = self { Some((a, b)) } else { None }
    }
}

impl Clause {
    /// A statement without variables and premises.
    pub fn plain(concl: Lit) -> Clause {
        Clause { vars: Vec::new(), prems: Vec::new(), concl }
    }
    /// Whether it is one.
    pub fn is_plain(&self) -> bool {
        self.vars.is_empty() && self.prems.is_empty()
    }
    /// Whether it is one of those or the negation of one.
    pub fn is_simple(&self) -> bool {
        self.is_plain() || self.refuses().is_some()
    }
    /// The sides of the equation that it is, if it is no more than that.
    pub fn equation(&self) -> Option<(Id, Id)> {
        if self.is_plain() { self.concl.sides() } else { None }
    }
    /// The equation that it refuses, if it is one of those.
    pub fn refuses(&self) -> Option<(Id, Id)> {
        match self.prems.as_slice() {
            [p] if self.vars.is_empty() && self.concl == Lit::Bot && p.is_plain() => p.concl.sides(),
            _ => None,
        }
    }
    /// Values put in for free variables.
    pub fn subst(&self, l: &mut Lang, sub: &Sub) -> Clause {
        let prems = self.prems.iter().map(|p| p.subst(l, sub)).collect();
        Clause { vars: self.vars.clone(), prems, concl: self.concl.subst(l, sub) }
    }
    /// A term put in for another.
    pub fn replace(&self, l: &mut Lang, old: Id, new: Id) -> Clause {
        let prems = self.prems.iter().map(|p| p.replace(l, old, new)).collect();
        Clause { vars: self.vars.clone(), prems, concl: self.concl.replace(l, old, new) }
    }
    /// Everything computed.
    pub fn nf(&self, l: &mut Lang) -> Clause {
        let prems = self.prems.iter().map(|p| p.nf(l)).collect();
        Clause { vars: self.vars.clone(), prems, concl: self.concl.nf(l) }
    }
    /// Free variables in the order in which they occur.
    pub fn free(&self, l: &Lang, out: &mut Vec<Var>) {
        let mut all = Vec::new();
        self.prems.iter().for_each(|p| p.free(l, &mut all));
        if let Lit::Eq(a, b) = self.concl {
            l.free(a, &mut all);
            l.free(b, &mut all);
        }
        for v in all {
            if !self.vars.contains(&v) && !out.contains(&v) {
                out.push(v);
            }
        }
    }
    /// Whether a variable is free in it.
    pub fn mentions(&self, l: &Lang, v: Var) -> bool {
        let mut out = Vec::new();
        self.free(l, &mut out);
        out.contains(&v)
    }
    /// The terms in it.
    pub fn terms(&self, out: &mut Vec<Id>) {
        self.prems.iter().for_each(|p| p.terms(out));
        if let Lit::Eq(a, b) = self.concl {
            out.extend([a, b]);
        }
    }
}

/// A reason for an equation or for falsity, as a term.
#[derive(Clone, Debug)]
pub enum Fact {
    /// A hypothesis or lemma at terms, with proofs of its premises.
    Inst(Name, Vec<Id>, Vec<Proof>),
    /// The equation of one field: the equation of two terms with this constructor, which fields.
    Field(Box<Fact>, Id, Id, usize),
    /// A statement with a hole, along an equation.
    Along(Box<Clause>, Step, Box<Fact>),
}

/// An equation that something is rewritten by, in one direction, at the places of a variable.
#[derive(Clone, Debug)]
pub struct Step {
    /// The variable that stands where the equation is used.
    pub hole: Var,
    /// The reason of `from = to`, or of `to = from` where `back` says so.
    pub fact: Rc<Fact>,
    /// What is replaced.
    pub from: Id,
    /// By what.
    pub to: Id,
    /// The direction.
    pub back: bool,
}

/// A proof of a goal.
#[derive(Clone, Debug)]
pub enum Proof {
    /// Both sides compute to the same as this term.
    Refl(Id),
    /// The goal with a hole, and the proof of what is left.
    Rewrite(Lit, Step, Box<Proof>),
    /// Both sides have one constructor: the sides, and proofs for the fields.
    Fields(Id, Id, Vec<Proof>),
    /// A new fact with its statement.
    Let(Name, Clause, Fact, Box<Proof>),
    /// A lemma with its statement and proof.
    Lemma(Name, Clause, Box<Proof>, Box<Proof>),
    /// Takes in variables and premises of a statement.
    Intro(Vec<Var>, Vec<Name>, Box<Proof>),
    /// Two constructors are equal: the reason, both sides, the goal.
    Clash(Fact, Id, Id, Lit),
    /// A reason of falsity, the goal.
    Absurd(Fact, Lit),
    /// A hypothesis or lemma is the goal.
    Exact(Fact),
    /// By the constructors of a term: fields, name of the equation.
    Split(Id, Lit, Vec<(Vec<Var>, Name, Proof)>),
    /// Induction: variable, variables and hypotheses that the goal is generalised over, goal, cases.
    Induct(Box<Induction>),
}

/// An induction, or only the cases.
#[derive(Clone, Debug)]
pub struct Induction {
    /// The variable.
    pub on: Var,
    /// Other variables in the statement.
    pub others: Vec<Var>,
    /// Hypotheses in the statement.
    pub hyps: Vec<(Name, Clause)>,
    /// The goal.
    pub goal: Lit,
    /// By constructor: fields, names of induction hypotheses, other variables, hypotheses, the proof.
    pub cases: Vec<Case>,
}

/// A case of an induction.
#[derive(Clone, Debug)]
pub struct Case {
    /// Fields.
    pub fields: Vec<Var>,
    /// Induction hypotheses.
    pub ihs: Vec<Name>,
    /// The other variables.
    pub others: Vec<Var>,
    /// The hypotheses.
    pub hyps: Vec<Name>,
    /// The proof.
    pub proof: Proof,
}
