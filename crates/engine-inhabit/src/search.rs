//! The search: iterative deepening by how likely the choices were that led to a term, after Norman and Avigad, Canonical for automated theorem
//! proving in Lean (2025). What is open and pressed by an equation comes first, then what stands last, because it says most about the rest.

use crate::atom::{Atom, Kind, Rule, Target};
use crate::copy::Copier;
use crate::store::{Added, Halt, Local, R, Role, Store};
use crate::term::{Clo, Env, Head, Slot, T, Tm, W, app, occurs};
use bfv_search::{Budget, Reason};
use std::rc::Rc;

/// Sixteenths of a bit, the unit of costs: what is open and not pressed is expected to cost this much.
const OPEN: u32 = 37;
/// How much more each round may cost.
const ROUND: u32 = 25;
/// The first round.
const FIRST: u32 = 160;
/// What a guess at a function type costs.
const GUESS: u32 = 80;
/// What an induction about all values of something costs more than one about a value.
const GENERAL: u32 = 48;
/// What a proof by contradiction costs.
const CONTRADICTION: u32 = 64;

/// Why a search ended without a term.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Steps, or a wish.
    Reason(Reason),
    /// A mistake of the search.
    Broken,
}

/// How much is known of something open.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Not even the head of its type, or it is to be left to equations.
    Vague,
    /// Its type.
    Typed,
    /// That it solves an equation.
    Pressed,
}

/// What is seen in the whole of a term that is not complete.
#[derive(Clone, Copy, Default)]
struct View {
    /// What to refine next.
    next: Option<(usize, Rank)>,
    /// Sixteenths of a bit.
    cost: u32,
    /// How many heads there are.
    size: u32,
}

/// How a part of the search ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// With a term.
    Found,
    /// Without one.
    Failed,
    /// Without one, and whatever else stands in the place of this makes no difference.
    Back(usize),
}

/// Judges the term that was found.
pub type Judge<'a> = dyn FnMut(&Store) -> bool + 'a;

/// A search.
pub struct Search<'a> {
    /// What is known.
    pub store: Store,
    /// Steps: one for each head that is tried.
    pub budget: &'a mut Budget,
    judge: &'a mut Judge<'a>,
    /// The atoms in the order in which they are tried: what was given last comes first, and theorems come last.
    order: Rc<[usize]>,
    limit: u32,
    most: u32,
    cut: bool,
    /// Whether that on which types depend is left to equations as long as there is something else.
    pub elements_last: bool,
    /// How many complete terms were refused.
    pub refused: u64,
}

/// A choice that fits, and what it costs more than others.
type Choice = (Added, u32);

impl<'a> Search<'a> {
    /// A search for what is open in a store.
    pub fn new(store: Store, budget: &'a mut Budget, judge: &'a mut Judge<'a>) -> Self {
        let theorem = |n: &usize| store.atoms.get(*n).is_some_and(|a| matches!(a.kind, Kind::Theorem(_)));
        let (last, first): (Vec<usize>, Vec<usize>) = (0..store.atoms.len()).rev().partition(theorem);
        let order = first.into_iter().chain(last).collect();
        Search { store, budget, judge, order, limit: FIRST, most: 0, cut: false, elements_last: false, refused: 0 }
    }

    /// Looks for a term that is accepted: whether there is one, or none because all were tried.
    ///
    /// # Errors
    /// The budget is used up, or nobody wants the answer.
    pub fn run(&mut self) -> Result<bool, Stop> {
        loop {
            self.cut = false;
            // A head costs half a bit on the average, so a term has an end where no choice is left.
            self.most = self.limit / 8;
            if self.step()? == Way::Found {
                return Ok(true);
            }
            if !self.cut {
                return Ok(false);
            }
            self.limit = self.limit.saturating_add(ROUND);
        }
    }

    fn look(&mut self, m: usize, view: &mut View) {
        let Some(meta) = self.store.metas.get(m).filter(|meta| !meta.settled) else { return };
        if meta.found.is_none() {
            let rank = if meta.pressed > 0 {
                Rank::Pressed
            } else {
                view.cost = view.cost.saturating_add(OPEN);
                let (ty, element) = (meta.ty.clone(), !meta.role.irrelevant);
                self.store.refuel();
                let waits = |w: &W| w.waits().is_some();
                let vague = (element && self.elements_last) || self.store.whnf(&ty).as_ref().is_ok_and(waits);
                if vague { Rank::Vague } else { Rank::Typed }
            };
            if view.next.is_none_or(|(_, before)| before <= rank) {
                view.next = Some((m, rank));
            }
            return;
        }
        view.cost = view.cost.saturating_add(meta.cost);
        view.size += 1;
        let (first, count) = meta.parts;
        for part in first..first + count {
            self.look(part, view);
        }
    }

    fn step(&mut self) -> Result<Way, Stop> {
        let mut view = View::default();
        self.look(0, &mut view);
        let Some((m, _)) = view.next else {
            if (self.judge)(&self.store) {
                return Ok(Way::Found);
            }
            self.refused += 1;
            return Ok(Way::Failed);
        };
        if view.cost > self.limit || view.size > self.most {
            self.cut = true;
            return Ok(Way::Failed);
        }
        let mark = self.store.mark();
        if let Some(meta) = self.store.metas.get_mut(m) {
            meta.chosen = mark;
        }
        let choices = self.choices(m)?;
        // What is unlikely makes nothing else less likely.
        let cost = bits(choices.iter().filter(|(_, more)| *more == 0).count());
        for (added, more) in choices {
            self.store.again(m, added, cost.saturating_add(more));
            let settled = self.store.settles(m).filter(|n| *n > 0);
            self.settle(settled, true);
            let refused = self.refused;
            let mut way = self.step()?;
            if way == Way::Found {
                return Ok(way);
            }
            self.settle(settled, false);
            // What is left fails whatever stands in the place of what is settled, unless it was only refused at the end, for a universe.
            if let (Way::Failed, Some(n), true) = (way, settled, refused == self.refused) {
                way = Way::Back(n);
            }
            let _ = self.store.back(m, mark);
            match way {
                Way::Back(n) if n != m => return Ok(way),
                Way::Back(_) => break,
                _ => (),
            }
        }
        Ok(Way::Failed)
    }

    fn settle(&mut self, m: Option<usize>, settled: bool) {
        if let Some(meta) = m.and_then(|m| self.store.metas.get_mut(m)) {
            meta.settled = settled;
        }
    }

    /// The choices for something open that contradict no equation.
    fn choices(&mut self, m: usize) -> Result<Vec<Choice>, Stop> {
        let mut found = Vec::new();
        self.store.refuel();
        let meta = self.store.metas.get(m).ok_or(Stop::Broken)?;
        let (env, locals, ty, role) = (meta.env.clone(), meta.locals.clone(), meta.ty.clone(), meta.role);
        let (neutral, part) = (role.neutral, Role { parent: Some(m), neutral: false, irrelevant: role.irrelevant });
        if self.goes_round(m) {
            return Ok(found);
        }
        let goal = match self.store.whnf(&ty) {
            Ok(goal) => goal,
            Err(Halt::Broken) => return Err(Stop::Broken),
            Err(Halt::Fuel) => {
                self.cut = true;
                return Ok(found);
            }
        };
        if let W::Pi(..) = goal {
            // What it is was not known when it was opened.
            self.attempt(m, 0, &mut found, |s| s.open(&env, &locals, ty.clone(), part).map(Some))?;
            return Ok(found);
        }
        let unit = |a: &Atom| a.kind == Kind::Unit;
        if matches!(goal, W::Rigid(Head::Atom(a), _) if self.store.atoms.get(a).is_some_and(unit)) {
            let star = self.store.atoms.iter().position(|a| a.kind == Kind::Star).ok_or(Stop::Broken)?;
            self.attempt(m, 0, &mut found, |_| Ok(Some(Rc::new(T::Atom(star)))))?;
            return Ok(found);
        }
        if self.determined(m, (&env, &locals, part), &goal, &mut found)? {
            return Ok(found);
        }
        let scope = (&env, &locals, part);
        let (opened, denied) = (if self.is_falsehood(m) { self.opened(m) } else { Vec::new() }, self.denied(m));
        // Every element of a type of pairs is a pair; an eliminator may make one, too.
        let pairs = matches!(goal, W::Rigid(Head::Atom(a), _) if self.store.sigma == Some(a));
        if !pairs {
            self.variables(m, scope, &goal, &opened, &mut found)?;
        }
        // Types, and what equations say something about, are seldom made by cases.
        let computes = matches!(goal, W::Univ(_)) || self.store.pressing(m).next().is_some();
        for a in self.order.clone().iter().copied() {
            let Some(atom) = self.store.atoms.get(a) else { break };
            let Some(tm) = atom.ty.clone() else { continue };
            let meant = !pairs || atom.kind == Kind::Pair || atom.scrutinee.is_some();
            let theorem = matches!(atom.kind, Kind::Theorem(_));
            if opened.contains(&Head::Atom(a)) || (theorem && denied) {
                continue;
            }
            if !meant || !atom.offered || (neutral && atom.constructs) || !self.could_be(m, a) {
                continue;
            }
            let (ty, head) = (Clo { env: Env::default(), tm }, Rc::new(T::Atom(a)));
            let (scrutinee, leads, recursive) = (atom.scrutinee, atom.leads.clone(), atom.rule.recursive());
            for (path, _) in leads.iter().filter(|(_, target)| fits(*target, &goal)) {
                let used = Use { head: &head, ty: &ty, path, scrutinee, general: false };
                let more = if scrutinee.is_some() && computes {
                    GENERAL
                } else if theorem {
                    CONTRADICTION
                } else {
                    0
                };
                self.attempt(m, more, &mut found, |s| apply(s, scope, &used, &goal, None))?;
            }
            // An induction may be about all values of something else.
            if recursive && !computes && matches!(goal, W::Rigid(..)) {
                let used = Use { head: &head, ty: &ty, path: &[], scrutinee, general: true };
                self.attempt(m, GENERAL, &mut found, |s| apply(s, scope, &used, &goal, None))?;
            }
        }
        if let W::Univ(level) = goal {
            let pressed = self.store.pressing(m).next().is_some();
            if !pressed || self.store.pressing(m).any(|(_, _, w)| matches!(w, W::Pi(..))) {
                let more = if pressed { 0 } else { GUESS };
                self.attempt(m, more, &mut found, |s| function_type(s, (&env, &locals, part), level).map(Some))?;
            }
            let lower = self.store.pressing(m).find_map(|(_, _, w)| if let W::Univ(l) = w { Some(*l) } else { None });
            if let Some(lower) = lower.filter(|l| level.is_none_or(|level| l.is_some_and(|l| l < level))) {
                self.attempt(m, 0, &mut found, |_| Ok(Some(Rc::new(T::Univ(lower)))))?;
            }
        }
        Ok(found)
    }

    /// Tries the variables that the search has bound.
    fn variables(
        &mut self,
        m: usize,
        scope: Scope<'_>,
        goal: &W,
        opened: &[Head],
        found: &mut Vec<Choice>,
    ) -> Result<(), Stop> {
        let (mut n, mut local) = (0, scope.1.clone());
        while let Some(l) = local {
            let head = Rc::new(T::Var(n));
            if opened.contains(&Head::Local(l.id)) {
                n += 1;
                local = l.outer.clone();
                continue;
            }
            let mut leads = l.leads.clone();
            if leads.iter().any(|(_, target)| *target == Target::Open) {
                // More may be known of it by now.
                self.store.refuel();
                leads = self.store.leads(&l.ty).unwrap_or(leads);
            }
            for (path, _) in leads.iter().filter(|(_, target)| fits(*target, goal)) {
                let used = Use { head: &head, ty: &l.ty, path, scrutinee: None, general: false };
                self.attempt(m, 0, found, |s| apply(s, scope, &used, goal, None))?;
            }
            n += 1;
            local = l.outer.clone();
        }
        Ok(())
    }

    /// Tries what an equation determines; whether it determines the head.
    fn determined(
        &mut self,
        m: usize,
        (env, locals, part): Scope<'_>,
        goal: &W,
        found: &mut Vec<Choice>,
    ) -> Result<bool, Stop> {
        let press = self.store.pressing(m).find(|(_, args, _)| args.is_empty());
        let Some((rho, _, other)) = press.map(|(rho, _, other)| (rho.clone(), (), other.clone())) else {
            return Ok(false);
        };
        let own: Vec<Rc<Local>> = std::iter::successors(locals.clone(), |l| l.outer.clone()).collect();
        let mut copier = match Copier::new(&mut self.store, &rho, own.len()) {
            Ok(Some(copier)) => copier,
            Ok(None) | Err(Halt::Fuel) => return Ok(false),
            Err(Halt::Broken) => return Err(Stop::Broken),
        };
        let W::Rigid(h, given) = &other else { return Ok(false) };
        let Some(head) = copier.head(*h) else { return Ok(false) };
        let ty = match (&*head, h) {
            (T::Var(n), _) => own.get(*n).map(|l| l.ty.clone()),
            (_, Head::Atom(a)) => {
                let atom = self.store.atoms.get(*a).filter(|a| matches!(a.rule, Rule::Inert) && a.kind != Kind::Pair);
                atom.and_then(|a| a.ty.clone()).map(|tm| Clo { env: Env::default(), tm })
            }
            _ => None,
        };
        let Some(ty) = ty else { return Ok(false) };
        let constructs = matches!(h, Head::Atom(a) if self.store.atoms.get(*a).is_some_and(|a| a.constructs));
        if constructs && self.store.metas.get(m).is_some_and(|m| m.role.neutral) {
            return Ok(true);
        }
        let used = Use { head: &head, ty: &ty, path: &[], scrutinee: None, general: false };
        self.attempt(m, 0, found, |s| apply(s, (env, locals, part), &used, goal, Some((&mut copier, given))))?;
        Ok(true)
    }

    /// Whether something open is a part of something of the same type with the same variables, so that it could stand in its place.
    fn goes_round(&mut self, m: usize) -> bool {
        let Some(meta) = self.store.metas.get(m) else { return false };
        let (ty, mut above) = (meta.ty.clone(), meta.role.parent.filter(|_| meta.role.irrelevant));
        let locals = meta.locals.as_ref().map_or(0, |l| l.id);
        while let Some(meta) = above.and_then(|n| self.store.metas.get(n)) {
            if meta.locals.as_ref().map_or(0, |l| l.id) != locals {
                return false;
            }
            let other = meta.ty.clone();
            above = meta.role.parent;
            if self.store.same(&ty, &other) == Ok(true) {
                return true;
            }
        }
        false
    }

    /// Whether falsehood is wanted.
    fn is_falsehood(&mut self, m: usize) -> bool {
        let Some(ty) = self.store.metas.get(m).map(|meta| meta.ty.clone()) else { return false };
        self.store.refuel();
        matches!(self.store.whnf(&ty), Ok(W::Rigid(Head::Atom(a), _)) if self.store.atoms.get(a).is_some_and(|a| a.kind == Kind::Empty))
    }

    /// The heads that were used above for falsehood with a proof of falsehood from new variables as their only argument. Used again inside of
    /// that, they would bring no more than the same variables once more.
    fn opened(&mut self, m: usize) -> Vec<Head> {
        let mut opened = Vec::new();
        let mut above = self.store.metas.get(m).and_then(|meta| meta.role.parent.filter(|_| meta.role.irrelevant));
        while let Some(meta) = above.and_then(|n| self.store.metas.get(n)) {
            let (at, (part, count)) = (above.unwrap_or(0), meta.parts);
            above = meta.role.parent;
            let head = match meta.found.as_deref() {
                Some(T::App(f, args)) if args.len() == 1 && count == 1 => match &**f {
                    T::Atom(a) => Some(Head::Atom(*a)),
                    T::Var(n) => std::iter::successors(meta.locals.as_ref(), |l| l.outer.as_ref())
                        .nth(*n)
                        .map(|l| Head::Local(l.id)),
                    _ => None,
                },
                _ => None,
            };
            if let Some(head) = head
                && self.is_falsehood(at)
                && self.is_falsehood(part)
            {
                opened.push(head);
            }
        }
        opened
    }

    /// Whether this is the only argument of a head that proves falsehood. Then it need not be proved by contradiction, for falsehood can be
    /// proved in the same way without the head.
    fn denied(&mut self, m: usize) -> bool {
        let Some(meta) = self.store.metas.get(m).filter(|meta| meta.role.irrelevant) else { return false };
        let locals = meta.locals.as_ref().map_or(0, |l| l.id);
        let Some((at, parent)) = meta.role.parent.and_then(|n| Some((n, self.store.metas.get(n)?))) else {
            return false;
        };
        let direct = parent.parts == (m, 1) && parent.locals.as_ref().map_or(0, |l| l.id) == locals;
        direct && self.is_falsehood(at)
    }

    /// Whether an atom agrees with the heads that press on something open.
    fn could_be(&self, m: usize, a: usize) -> bool {
        let inert =
            |n: usize| self.store.atoms.get(n).is_some_and(|a| matches!(a.rule, Rule::Inert) && a.kind != Kind::Pair);
        !inert(a)
            || self.store.pressing(m).all(|(_, _, w)| match w {
                W::Rigid(Head::Atom(k), _) => *k == a || !inert(*k),
                W::Rigid(Head::Local(_), _) | W::Pi(..) | W::Univ(_) => false,
                _ => true,
            })
    }

    /// Tries a choice and sets it aside where it fits.
    fn attempt(
        &mut self,
        m: usize,
        more: u32,
        found: &mut Vec<Choice>,
        make: impl FnOnce(&mut Store) -> R<Option<Tm>>,
    ) -> Result<(), Stop> {
        self.budget.spend(1).map_err(Stop::Reason)?;
        let mark = self.store.mark();
        self.store.refuel();
        let made = make(&mut self.store);
        let made = match made {
            Ok(Some(t)) => self.store.put(m, t, mark.0),
            Ok(None) => Ok(false),
            Err(halt) => Err(halt),
        };
        let added = self.store.back(m, mark);
        match made {
            Ok(true) => found.push((added.ok_or(Stop::Broken)?, more)),
            Ok(false) => (),
            Err(Halt::Broken) => return Err(Stop::Broken),
            Err(Halt::Fuel) => self.cut = true,
        }
        Ok(())
    }
}

/// Whether a head with such a result can be of a type.
fn fits(target: Target, goal: &W) -> bool {
    match (target, goal) {
        (Target::Open, _) => true,
        (Target::Univ, W::Univ(_)) => true,
        (Target::Head(h), W::Rigid(k, _)) => h == *k,
        (_, goal) => goal.waits().is_some() || matches!(goal, W::Any),
    }
}

/// A head and how it is used.
struct Use<'a> {
    head: &'a Tm,
    ty: &'a Clo,
    /// The parts that are taken.
    path: &'a [bool],
    /// The argument that must not be a constructor.
    scrutinee: Option<usize>,
    /// Whether it takes one more argument, where its type does not say so yet.
    general: bool,
}

/// What something open stands in the scope of, and what its parts are for.
type Scope<'a> = (&'a Env, &'a Option<Rc<Local>>, Role);

/// A head at new arguments, if its result can be the goal.
fn apply(
    s: &mut Store,
    (env, locals, part): Scope<'_>,
    used: &Use<'_>,
    goal: &W,
    mut given: Option<(&mut Copier, &[Clo])>,
) -> R<Option<Tm>> {
    let (mut ty, mut args, mut head, mut path) = (used.ty.clone(), Vec::new(), used.head.clone(), used.path.iter());
    let (mut count, mut general) = (0, used.general);
    let result = loop {
        match s.whnf(&ty)? {
            // What is determined may be a function that is not applied.
            result @ W::Pi(..) if given.as_ref().is_some_and(|(_, given)| given.len() == count) => break result,
            W::Pi(dom, inner, b) => {
                let determined = given.as_mut().and_then(|(copier, given)| Some((copier, given.get(count)?)));
                let copy = match determined {
                    Some((copier, c)) => copier.value(s, c)?,
                    None => None,
                };
                let (neutral, free) = (used.scrutinee == Some(count), part.irrelevant && !occurs(&b, 0));
                let arg = match copy {
                    Some(copy) => copy,
                    None => s.open(env, locals, dom, Role { neutral, irrelevant: free, ..part })?,
                };
                ty = Clo { env: inner.push(Slot::Clo(Clo { env: env.clone(), tm: arg.clone() })), tm: b };
                args.push(arg);
                count += 1;
            }
            result if general && result.waits().is_some() => {
                general = false;
                let functions = function_type(s, (env, locals, part), Some(0))?;
                let functions = s.whnf(&Clo { env: env.clone(), tm: functions })?;
                if !s.unify(result, functions.clone())? {
                    return Ok(None);
                }
                let W::Pi(dom, inner, b) = functions else { return Ok(None) };
                let arg = s.open(env, locals, dom, Role { irrelevant: false, ..part })?;
                ty = Clo { env: inner.push(Slot::Clo(Clo { env: env.clone(), tm: arg.clone() })), tm: b };
                args.push(arg);
            }
            result => {
                let Some(is_second) = path.next() else { break result };
                let W::Rigid(_, pair) = &result else { return Ok(None) };
                let [first, second] = &pair[..] else { return Ok(None) };
                head = app(head, std::mem::take(&mut args));
                (head, ty) = s.part(&head, env, (first, second), *is_second)?;
            }
        }
    };
    if given.is_some_and(|(_, given)| given.len() != count) {
        return Ok(None);
    }
    let fits = match (&result, goal) {
        // What lives in a lower universe lives in a higher one.
        (W::Univ(Some(m)), W::Univ(Some(n))) => m <= n,
        _ => s.unify(result, goal.clone())?,
    };
    Ok(fits.then(|| app(head, args)))
}

/// A function type of which domain and codomain are open.
fn function_type(s: &mut Store, (env, locals, part): Scope<'_>, level: Option<u32>) -> R<Tm> {
    let universe = Clo { env: Env::default(), tm: Rc::new(T::Univ(level)) };
    let part = Role { irrelevant: false, ..part };
    let dom = s.open(env, locals, universe.clone(), part)?;
    let id = s.fresh();
    let ty = Clo { env: env.clone(), tm: dom.clone() };
    let inner = Some(Rc::new(Local { id, ty, leads: Rc::new([(Rc::new([]), Target::Open)]), outer: locals.clone() }));
    let cod = s.open(&env.push(Slot::Local(id)), &inner, universe, part)?;
    Ok(Rc::new(T::Pi(dom, cod)))
}

/// Sixteenths of the binary logarithm, rounded down.
fn bits(n: usize) -> u32 {
    // Each squaring of the fraction gives one more binary digit of the logarithm.
    let mut log = n.max(1).ilog2();
    let mut fraction = n.max(1) << 16 >> log;
    for _ in 0..4 {
        fraction = (fraction * fraction) >> 16;
        let bit = fraction >> 17;
        fraction >>= bit;
        log = 2 * log + u32::from(bit > 0);
    }
    log
}
