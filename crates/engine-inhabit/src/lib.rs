//! Terms of dependent types, in the manner of Canonical: Norman and Avigad, Canonical for automated theorem proving in Lean (2025).
//!
//! A goal is one thing that is open. A step puts a head with its arguments in the place of something open, and each argument is open then.
//! That the type of the head is the one that is wanted is an equation between terms with open things in them: it fails, holds, or waits
//! for one of them. So every choice has its consequences at once, whatever the order in which things are refined. Iterative deepening goes by
//! the number of choices that there were. Eliminators, constructors and transport along paths are heads like any other. Universe levels are
//! compared only as far as they are known, so the kernel checks each term before the search ends. What is absent: no clock, no floats,
//! no threads; lemmas of the library, paths that are no reflexivity, and eliminators of types with path constructors are not used.

mod atom;
mod copy;
mod eval;
mod read;
mod search;
mod store;
mod term;
mod unify;
mod write;

use atom::{Atom, Kind, Target};
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Ctx, V};
use bfv_search::{Budget, Engine, Goal, Outcome, Reason, stopped};
use read::{Open, Reader};
use search::{Search, Stop};
use std::rc::Rc;
use store::{Role, Store};
use term::{Clo, Env, T, Tm, occurs};
use write::Writer;

/// Finds a term of the type of a goal. Each term that is complete is checked by the kernel, and the search goes on where it is refused.
///
/// # Errors
/// The budget is used up, the goal has something in it that the search does not know, or there is no term among those that it makes.
pub fn inhabit(goal: &Goal<'_>, budget: &mut Budget) -> Result<Term, Open> {
    let posed = Posed::read(goal)?;
    let posed = if posed.about_types() || !posed.quantified() { posed } else { posed.first_order(goal)? };
    posed.search(goal, budget)
}

/// Of the steps that are left a claim without types gets this part.
const LOGIC: u64 = 4;

/// A goal as the search has it.
struct Posed<'a> {
    /// The context after what the goal takes is taken in, and how much that was.
    ctx: Ctx,
    taken: u32,
    /// What is left of the goal, for the kernel and for the search.
    target: V,
    wanted: Tm,
    /// The types of the variables of the context.
    given: Vec<Tm>,
    reader: Reader<'a>,
    /// Whether it is a goal of first-order logic.
    logic: bool,
}

impl<'a> Posed<'a> {
    fn read(goal: &'a Goal<'_>) -> Result<Posed<'a>, Open> {
        let m = goal.machine;
        let (ctx, target, taken) = goal.taken_in().map_err(|r| stopped(&r))?;
        if !ctx.dims.is_empty() {
            return Err((Reason::OutsideFragment, String::new()));
        }
        let mut reader = Reader::new(m, ctx.types.len());
        let mut given = Vec::new();
        for (level, ty) in (0..).zip(&ctx.types) {
            let ty = m.quote(&ctx, ty).map_err(|r| stopped(&r))?;
            given.push(reader.variable(level, &ty)?);
        }
        let wanted = m.quote(&ctx, &target).map_err(|r| stopped(&r))?;
        let wanted = reader.term(&wanted, 0, 0)?;
        reader.leads()?;
        Ok(Posed { ctx, taken, target, wanted, given, reader, logic: false })
    }

    /// Whether the goal is about types: it takes one, or it is neither an equation nor falsehood, which are claims about elements.
    fn about_types(&self) -> bool {
        let kind = |t: &Tm| match &**t {
            T::Atom(a) => self.reader.store.atoms.get(*a).map(|a| &a.kind),
            T::App(f, _) => match &**f {
                T::Atom(a) => self.reader.store.atoms.get(*a).map(|a| &a.kind),
                _ => None,
            },
            _ => None,
        };
        let takes =
            |a: &Atom| matches!(a.kind, Kind::Variable(_)) && a.leads.iter().any(|(_, target)| *target == Target::Univ);
        self.reader.store.atoms.iter().any(takes)
            || !matches!(kind(&self.wanted), None | Some(Kind::Path | Kind::Empty | Kind::Unit | Kind::Sigma))
    }

    /// Whether it is a formula with quantifiers in which nothing is computed with numbers, so that logic may do.
    fn quantified(&self) -> bool {
        let compares = |p: &Prim| matches!(p, Prim::NatLtb | Prim::IntLtb | Prim::RealLtb | Prim::Int | Prim::Real);
        let computes = |a: &Atom| match &a.kind {
            Kind::Opaque(t) => matches!(&**t, Node::Prim(p) if !compares(p)),
            _ => false,
        };
        !self.reader.store.atoms.iter().any(computes) && self.given.iter().chain([&self.wanted]).any(quantifies)
    }

    /// Makes it a goal of first-order logic: elements are variables and what they are applied to, and atoms that cannot be false hold, where
    /// a lemma says so.
    fn first_order(mut self, goal: &Goal<'_>) -> Result<Posed<'a>, Open> {
        let mut carriers = Vec::new();
        for t in self.given.iter().chain([&self.wanted]) {
            self.carriers(t, &mut carriers);
        }
        for carrier in carriers {
            if let Some(lemma) = goal.lemmas.iter().find(|l| l.has(carrier)) {
                self.reader.theorem(lemma.id)?;
            }
        }
        self.reader.first_order();
        self.reader.leads()?;
        self.logic = true;
        Ok(self)
    }

    /// The tags of the lemmas about equations that occur in a type.
    fn carriers(&self, t: &Tm, found: &mut Vec<&'static str>) {
        let kind = |t: &Tm| match &**t {
            T::Atom(a) => self.reader.store.atoms.get(*a).map(|a| &a.kind),
            _ => None,
        };
        match &**t {
            T::App(f, args) => {
                let of = args.first().filter(|_| kind(f) == Some(&Kind::Path)).and_then(kind);
                let tag = match of {
                    Some(Kind::Bool) => Some("logic.stable_bool"),
                    Some(Kind::Nat) => Some("logic.stable_nat"),
                    Some(Kind::Opaque(t)) => match &**t {
                        Node::Prim(Prim::Int) => Some("logic.stable_int"),
                        Node::Prim(Prim::Real) => Some("logic.stable_real"),
                        _ => None,
                    },
                    _ => None,
                };
                found.extend(tag.filter(|tag| !found.contains(tag)));
                args.iter().for_each(|a| self.carriers(a, found));
            }
            T::Lam(b) => self.carriers(b, found),
            T::Pi(a, b) => {
                self.carriers(a, found);
                self.carriers(b, found);
            }
            T::Var(_) | T::Atom(_) | T::Meta(_) | T::Univ(_) | T::Any => (),
        }
    }

    /// Whether it is a formula of propositional logic, which is decided elsewhere.
    fn propositional(&self) -> bool {
        self.given.iter().chain([&self.wanted]).all(|t| formula(&self.reader.store, t) || matches!(&**t, T::Univ(_)))
    }

    fn search(self, goal: &Goal<'_>, budget: &mut Budget) -> Result<Term, Open> {
        let Posed { ctx, taken, target, wanted, given: _, reader: Reader { mut store, .. }, logic } = self;
        store.refuel();
        let too_long = |_| (Reason::Unsupported, "The type of the goal takes too long to evaluate.".to_owned());
        let whole = Role { irrelevant: true, ..Role::default() };
        let root =
            store.open(&Env::default(), &None, Clo { env: Env::default(), tm: wanted }, whole).map_err(too_long)?;
        let variables = u32::try_from(ctx.types.len()).unwrap_or(u32::MAX);
        let mut found = None;
        let mut judge = |store: &Store| {
            let term = (Writer { store, variables }).term(&root, 0);
            found = term.filter(|t| goal.machine.check(&ctx, t, &target).is_ok());
            found.is_some()
        };
        let mut search = Search::new(store, budget, &mut judge);
        search.elements_last = logic;
        let (done, refused) = (search.run(), search.refused);
        match (done, found) {
            (Ok(true), Some(term)) => Ok((0..taken).fold(term, |t, _| Rc::new(Node::Lam(t)))),
            (Err(Stop::Reason(reason)), _) => {
                Err((reason, "The search for a term of this type ran out of steps.".to_owned()))
            }
            (Err(Stop::Broken), _) => {
                Err((Reason::Unsupported, "The search made a term that is ill formed.".to_owned()))
            }
            _ if refused > 0 => Err((
                Reason::RejectedCandidate,
                "A term was found that the kernel refuses, and no other one.".to_owned(),
            )),
            _ => Err((Reason::Incomplete, "No term that the search can make is of this type.".to_owned())),
        }
    }
}

/// Whether there is a quantifier in a type.
fn quantifies(t: &Tm) -> bool {
    match &**t {
        T::Pi(a, b) => occurs(b, 0) || quantifies(a) || quantifies(b),
        T::App(_, args) => args.iter().any(quantifies),
        T::Lam(b) => quantifies(b),
        _ => false,
    }
}

/// Whether a type is made of variables by connectives.
fn formula(store: &Store, t: &Tm) -> bool {
    match &**t {
        T::Pi(a, b) => formula(store, a) && !occurs(b, 0) && formula(store, b),
        T::Lam(b) => !occurs(b, 0) && formula(store, b),
        T::Atom(a) => {
            store.atoms.get(*a).is_some_and(|a| matches!(a.kind, Kind::Variable(_) | Kind::Empty | Kind::Unit))
        }
        T::App(f, args) => {
            let connective = |a: &Atom| a.kind == Kind::Sigma || matches!(a.kind, Kind::Data(_)) && a.sum;
            matches!(&**f, T::Atom(a) if store.atoms.get(*a).is_some_and(connective))
                && args.iter().all(|t| formula(store, t))
        }
        _ => false,
    }
}

/// The engine.
pub struct Inhabit;

impl Engine for Inhabit {
    fn name(&self) -> &'static str {
        "inhabit"
    }

    fn looks_into_definitions(&self) -> bool {
        true
    }

    fn adds_to_reasons(&self) -> bool {
        true
    }

    fn solve(&self, goal: &Goal<'_>, budget: &mut Budget) -> Outcome {
        let found = Posed::read(goal).and_then(|posed| {
            if posed.about_types() {
                if posed.propositional() {
                    return Err((Reason::OutsideFragment, String::new()));
                }
                return posed.search(goal, budget);
            }
            if !posed.quantified() {
                return Err((Reason::OutsideFragment, String::new()));
            }
            // Most claims that come here are proved otherwise or are wrong.
            let mut part = budget.part(budget.left / LOGIC);
            let found = posed.first_order(goal).and_then(|posed| posed.search(goal, &mut part));
            budget.spend(part.used).map_err(|reason| (reason, String::new()))?;
            found
        });
        match found {
            Ok(term) => Outcome::Candidate(term),
            Err((reason, why)) => Outcome::GaveUp(reason, why),
        }
    }
}
