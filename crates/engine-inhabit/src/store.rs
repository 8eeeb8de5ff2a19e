//! What the search knows: atoms, what is open or was found, and equations that wait.

use crate::atom::{Atom, Lead};
use crate::term::{Clo, Env, Slot, T, Tm, W};
use std::rc::Rc;

/// Why a computation ended without a result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// It took too long: what has no type yet need not have a value.
    Fuel,
    /// A term is ill formed, which the search never makes.
    Broken,
}

/// A result, or why there is none.
pub type R<X> = Result<X, Halt>;

/// A variable that is bound by the search, and those around it.
#[derive(Debug)]
pub struct Local {
    /// Its number.
    pub id: usize,
    /// Its type.
    pub ty: Clo,
    /// What it leads to.
    pub leads: Rc<[Lead]>,
    /// The next one outside.
    pub outer: Option<Rc<Local>>,
}

/// How much is known: how many are open or found, how many equations wait, how many numbers of variables are taken.
pub type Mark = (usize, usize, usize);

/// What something open is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Role {
    /// What it is a part of.
    pub parent: Option<usize>,
    /// Whether a constructor is out of place here.
    pub neutral: bool,
    /// Whether no type depends on it, nor on what it is a part of: then any term of its type serves.
    pub irrelevant: bool,
}

/// Something open, or found.
#[derive(Debug)]
pub struct Meta {
    /// Its type.
    pub ty: Clo,
    /// What the variables in its scope stand for: themselves.
    pub env: Env,
    /// The variables in its scope.
    pub locals: Option<Rc<Local>>,
    /// What it is.
    pub found: Option<Tm>,
    /// The first of those that came with it, and how many these are.
    pub parts: (usize, usize),
    /// What the choice among its candidates cost.
    pub cost: u32,
    /// Equations that wait for it.
    pub waiting: Vec<usize>,
    /// How many of these have a head on their other side.
    pub pressed: usize,
    /// What it is for.
    pub role: Role,
    /// How much was known when it was chosen to be refined.
    pub chosen: Mark,
    /// Whether it is complete and nothing else depends on how.
    pub settled: bool,
}

/// An equation that waits.
#[derive(Clone, Debug)]
pub struct Equation {
    /// Both sides.
    pub sides: Rc<(W, W)>,
    /// What it waits for.
    pub on: usize,
    /// Whether the other side has a head.
    pub pressing: bool,
}

/// What one choice added, set aside until it is taken.
pub struct Added {
    found: Tm,
    metas: Vec<Meta>,
    equations: Vec<Equation>,
    locals: usize,
}

/// Steps of evaluation for one candidate at most.
const FUEL: usize = 20_000;

/// What the search knows.
#[derive(Default)]
pub struct Store {
    /// Heads that come from the goal.
    pub atoms: Vec<Atom>,
    /// What is open or found, the oldest first.
    pub metas: Vec<Meta>,
    pub(crate) equations: Vec<Equation>,
    /// How many numbers of variables are taken.
    pub(crate) locals: usize,
    /// Steps of evaluation that are left.
    pub(crate) fuel: usize,
    /// Where the type of pairs is among the atoms; pairs, first and second parts follow.
    pub sigma: Option<usize>,
}

/// How far the first projection is behind the type of pairs.
pub(crate) const FST: usize = 2;

impl Store {
    /// Fills up the steps of evaluation.
    pub fn refuel(&mut self) {
        self.fuel = FUEL;
    }

    /// A number for a variable.
    pub fn fresh(&mut self) -> usize {
        self.locals += 1;
        self.locals
    }

    /// Something new that is open, of a type in the scope of another: a function over what its type takes.
    ///
    /// # Errors
    /// It takes too long.
    pub fn open(&mut self, env: &Env, locals: &Option<Rc<Local>>, ty: Clo, role: Role) -> R<Tm> {
        let (mut env, mut locals, mut ty, mut functions) = (env.clone(), locals.clone(), ty, 0_usize);
        while let W::Pi(dom, inner, b) = self.whnf(&ty)? {
            let leads = self.leads(&dom)?;
            let id = self.fresh();
            locals = Some(Rc::new(Local { id, ty: dom, leads, outer: locals }));
            env = env.push(Slot::Local(id));
            ty = Clo { env: inner.push(Slot::Local(id)), tm: b };
            functions += 1;
        }
        let id = self.metas.len();
        let (found, parts, cost, waiting, pressed, chosen) = (None, (0, 0), 0, Vec::new(), 0, Mark::default());
        self.metas.push(Meta { ty, env, locals, found, parts, cost, waiting, pressed, role, chosen, settled: false });
        Ok((0..functions).fold(Rc::new(T::Meta(id)), |t, _| Rc::new(T::Lam(t))))
    }

    /// Puts a term in the place of something open, and looks at the equations that waited for it.
    ///
    /// # Errors
    /// It takes too long.
    pub fn put(&mut self, m: usize, found: Tm, first: usize) -> R<bool> {
        let count = self.metas.len() - first;
        let meta = self.metas.get_mut(m).ok_or(Halt::Broken)?;
        meta.found = Some(found);
        meta.parts = (first, count);
        for at in 0..meta.waiting.len() {
            let equation = self.metas.get(m).and_then(|x| self.equations.get(*x.waiting.get(at)?));
            let sides = equation.ok_or(Halt::Broken)?.sides.clone();
            let (a, b) = (self.force(&sides.0)?, self.force(&sides.1)?);
            if !self.unify(a, b)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Where the store stands, to come back to.
    #[must_use]
    pub fn mark(&self) -> Mark {
        (self.metas.len(), self.equations.len(), self.locals)
    }

    /// The equations that press on something open: what its variables and further arguments are, and the other side, which has a head.
    pub fn pressing(&self, m: usize) -> impl Iterator<Item = (&Env, &[Clo], &W)> {
        let waiting = self.metas.get(m).map_or(&[][..], |m| &m.waiting);
        waiting.iter().filter_map(move |e| {
            let e = self.equations.get(*e).filter(|e| e.pressing)?;
            match &*e.sides {
                (W::Flex(n, env, args), other) | (other, W::Flex(n, env, args)) if *n == m => {
                    Some((env, &args[..], other))
                }
                _ => None,
            }
        })
    }

    /// Whether all of something was found.
    fn complete(&self, m: usize) -> bool {
        self.metas.get(m).is_some_and(|meta| {
            let (first, count) = meta.parts;
            meta.settled || meta.found.is_some() && (first..first + count).all(|part| self.complete(part))
        })
    }

    /// The largest term around what was found last that is complete and on which nothing else depends: no type does, and no equation that came
    /// with it waits for anything outside of it. Another term in its place would serve no better.
    #[must_use]
    pub fn settles(&self, m: usize) -> Option<usize> {
        let (mut at, mut found) = (Some(m), None);
        while let Some((n, meta)) = at.and_then(|n| Some((n, self.metas.get(n)?))) {
            if !self.complete(n) {
                break;
            }
            let (metas, equations, _) = meta.chosen;
            let own = |e: &Equation| e.on == n || e.on >= metas;
            if meta.role.irrelevant && self.equations.get(equations..).is_some_and(|es| es.iter().all(own)) {
                found = Some(n);
            }
            at = meta.role.parent;
        }
        found
    }

    /// Takes back all that came after a mark.
    pub(crate) fn forget(&mut self, (metas, equations, locals): Mark) -> (Vec<Meta>, Vec<Equation>, usize) {
        let equations = self.equations.split_off(equations.min(self.equations.len()));
        for e in equations.iter().rev() {
            if let Some(meta) = self.metas.get_mut(e.on) {
                meta.waiting.pop();
                meta.pressed -= usize::from(e.pressing);
            }
        }
        let metas = self.metas.split_off(metas.min(self.metas.len()));
        (metas, equations, std::mem::replace(&mut self.locals, locals))
    }

    /// Takes back all that came after a mark, and what was put in the place of something open.
    pub fn back(&mut self, m: usize, mark: Mark) -> Option<Added> {
        let (metas, equations, locals) = self.forget(mark);
        let found = self.metas.get_mut(m)?.found.take()?;
        Some(Added { found, metas, equations, locals })
    }

    /// Takes a choice that was set aside at the same mark.
    pub fn again(&mut self, m: usize, added: Added, cost: u32) {
        let (first, count) = (self.metas.len(), added.metas.len());
        self.metas.extend(added.metas);
        self.locals = added.locals;
        for e in added.equations {
            if let Some(meta) = self.metas.get_mut(e.on) {
                meta.waiting.push(self.equations.len());
                meta.pressed += usize::from(e.pressing);
            }
            self.equations.push(e);
        }
        if let Some(meta) = self.metas.get_mut(m) {
            meta.found = Some(added.found);
            meta.parts = (first, count);
            meta.cost = cost;
        }
    }
}
