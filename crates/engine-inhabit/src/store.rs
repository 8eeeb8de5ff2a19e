//! What the search knows: atoms, what is open or was found, and equations that wait. Evaluation and unification are over this.

use crate::term::{Clo, Env, Head, Slot, T, Tm, W, app};
use bfv_format::{DataRef, Term};
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

/// What an atom is to the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Kind {
    /// A variable of the context, by its level.
    Variable(u32),
    /// A term of the context in which nothing computes.
    Opaque(Term),
    Sigma,
    Pair,
    Fst,
    Snd,
    Path,
    Refl,
    /// Transport along a path in a family.
    Subst,
    Empty,
    EmptyElim,
    Unit,
    Star,
    Bool,
    True,
    False,
    BoolElim,
    Nat,
    Zero,
    Suc,
    NatElim,
    Data(DataRef),
    Con(DataRef, u32),
    DataElim(DataRef),
}

/// One case of an eliminator.
#[derive(Clone, Debug)]
pub struct Case {
    /// The constructor.
    pub con: usize,
    /// How many of its arguments are no fields.
    pub params: usize,
    /// The recursive fields, and how many arguments each takes.
    pub recursive: Vec<(usize, usize)>,
}

/// How an atom computes.
#[derive(Clone, Debug)]
pub enum Rule {
    /// It does not.
    Inert,
    /// A projection: of the third argument, which is this atom, to this argument of it.
    Field(usize, usize),
    /// An eliminator: the argument with the first branch, one case for each branch, and what is eliminated last.
    Elim(usize, Vec<Case>),
}

impl Rule {
    /// Whether it is an eliminator of a type with recursive constructors.
    #[must_use]
    pub fn recursive(&self) -> bool {
        matches!(self, Rule::Elim(_, cases) if cases.iter().any(|c| !c.recursive.is_empty()))
    }
}

/// What the result of a head is, as far as it is known before it has arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A type with this head.
    Head(Head),
    /// A universe.
    Univ,
    /// It depends on the arguments.
    Open,
}

/// A head that comes from the goal.
#[derive(Clone, Debug)]
pub struct Atom {
    /// What it is.
    pub kind: Kind,
    /// Its type; without one it is no candidate.
    pub ty: Option<Tm>,
    /// How it computes.
    pub rule: Rule,
    /// The argument which must not be a constructor, because the application would not be normal.
    pub scrutinee: Option<usize>,
    /// Whether it is a constructor.
    pub constructs: bool,
    /// What it leads to.
    pub leads: Rc<[Lead]>,
}

/// A result that a head leads to: the projections on the way, true for the second part of a pair, and what is known of it.
pub type Lead = (Rc<[bool]>, Target);

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
    equations: Vec<Equation>,
    /// How many numbers of variables are taken.
    locals: usize,
    fuel: usize,
    /// Where the type of pairs is among the atoms; pairs, first and second parts follow.
    pub sigma: Option<usize>,
}

/// How far the first projection is behind the type of pairs.
const FST: usize = 2;

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

    /// Evaluates.
    ///
    /// # Errors
    /// It takes too long.
    pub fn whnf(&mut self, c: &Clo) -> R<W> {
        self.run(c.env.clone(), c.tm.clone(), Vec::new())
    }

    /// Evaluates a term at arguments, the first of which is the last of the list.
    fn run(&mut self, mut env: Env, mut tm: Tm, mut stack: Vec<Clo>) -> R<W> {
        loop {
            self.fuel = self.fuel.checked_sub(1).ok_or(Halt::Fuel)?;
            let next = match &*tm {
                T::App(f, args) => {
                    stack.extend(args.iter().rev().map(|a| close(&env, a)));
                    f.clone()
                }
                T::Lam(b) => match stack.pop() {
                    Some(c) => {
                        env = env.push(Slot::Clo(c));
                        b.clone()
                    }
                    None => return Ok(W::Lam(env, b.clone())),
                },
                T::Var(n) => match env.get(*n).cloned() {
                    Some(Slot::Clo(c)) => {
                        env = c.env;
                        c.tm
                    }
                    Some(Slot::Local(id)) => {
                        stack.reverse();
                        return Ok(W::Rigid(Head::Local(id), stack));
                    }
                    None => return Err(Halt::Broken),
                },
                T::Meta(m) => match self.metas.get(*m).ok_or(Halt::Broken)?.found.clone() {
                    Some(found) => found,
                    None => {
                        stack.reverse();
                        return Ok(W::Flex(*m, env, stack));
                    }
                },
                T::Atom(a) => {
                    stack.reverse();
                    match self.compute(*a, stack)? {
                        Ok(done) => return Ok(done),
                        Err((c, rest)) => {
                            env = c.env;
                            stack = rest;
                            c.tm
                        }
                    }
                }
                T::Pi(a, b) => return Ok(W::Pi(close(&env, a), env.clone(), b.clone())),
                T::Univ(level) => return Ok(W::Univ(*level)),
                T::Any => return Ok(W::Any),
            };
            tm = next;
        }
    }

    /// An atom at arguments: a normal form, or what it computes to at further arguments, in reverse.
    fn compute(&mut self, a: usize, args: Vec<Clo>) -> R<Result<W, (Clo, Vec<Clo>)>> {
        let stays = |args| Ok(Ok(W::Rigid(Head::Atom(a), args)));
        let (first, cases) = match &self.atoms.get(a).ok_or(Halt::Broken)?.rule {
            Rule::Inert => return stays(args),
            Rule::Field(con, n) => {
                let (con, n) = (*con, *n);
                let Some(of) = args.get(2).cloned() else { return stays(args) };
                return Ok(match self.whnf(&of)? {
                    W::Rigid(Head::Atom(c), fields) if c == con => {
                        let field = fields.get(n).cloned().ok_or(Halt::Broken)?;
                        Err((field, args.into_iter().skip(3).rev().collect()))
                    }
                    w => Ok(match w.waits() {
                        Some(m) => W::Blocked(m, a, args),
                        None => W::Rigid(Head::Atom(a), args),
                    }),
                });
            }
            Rule::Elim(first, cases) => (*first, cases.len()),
        };
        let scrutinee = first + cases;
        let Some(of) = args.get(scrutinee).cloned() else { return stays(args) };
        match self.whnf(&of)? {
            W::Rigid(Head::Atom(c), fields) => {
                let Rule::Elim(_, cases) = &self.atoms.get(a).ok_or(Halt::Broken)?.rule else {
                    return Err(Halt::Broken);
                };
                let Some((n, case)) = cases.iter().enumerate().find(|(_, k)| k.con == c) else { return stays(args) };
                let branch = args.get(first + n).cloned().ok_or(Halt::Broken)?;
                let fields: Vec<Clo> = fields.into_iter().skip(case.params).collect();
                let mut given = fields.clone();
                for (field, arity) in &case.recursive {
                    let field = fields.get(*field).cloned().ok_or(Halt::Broken)?;
                    given.push(again(a, args.get(..scrutinee).ok_or(Halt::Broken)?, field, *arity));
                }
                let rest = args.into_iter().skip(scrutinee + 1);
                Ok(Err((branch, given.into_iter().chain(rest).rev().collect())))
            }
            w => Ok(Ok(match w.waits() {
                Some(m) => W::Blocked(m, a, args),
                None => W::Rigid(Head::Atom(a), args),
            })),
        }
    }

    /// Evaluates a normal form further, where what it waited for was found.
    fn force(&mut self, w: &W) -> R<W> {
        match w {
            W::Flex(m, env, args) => match self.metas.get(*m).ok_or(Halt::Broken)?.found.clone() {
                Some(found) => self.run(env.clone(), found, args.iter().rev().cloned().collect()),
                None => Ok(w.clone()),
            },
            W::Blocked(m, a, args) if self.metas.get(*m).is_none_or(|m| m.found.is_some()) => {
                self.run(Env::default(), Rc::new(T::Atom(*a)), args.iter().rev().cloned().collect())
            }
            _ => Ok(w.clone()),
        }
    }

    /// Whether two terms can be equal. Equations that wait are noted.
    ///
    /// # Errors
    /// It takes too long.
    pub fn equal(&mut self, a: &Clo, b: &Clo) -> R<bool> {
        if Rc::ptr_eq(&a.tm, &b.tm) && a.env.same(&b.env) {
            return Ok(true);
        }
        let (a, b) = (self.whnf(a)?, self.whnf(b)?);
        self.unify(a, b)
    }

    /// The same of normal forms.
    ///
    /// # Errors
    /// It takes too long.
    pub fn unify(&mut self, a: W, b: W) -> R<bool> {
        match (a, b) {
            (W::Any, _) | (_, W::Any) => Ok(true),
            (a, b) if a.waits().is_some() || b.waits().is_some() => {
                if let (W::Flex(m, e, xs), W::Flex(n, f, ys)) = (&a, &b)
                    && m == n
                    && e.same(f)
                    && xs.is_empty()
                    && ys.is_empty()
                {
                    return Ok(true);
                }
                let (on_a, on_b) = (a.waits(), b.waits());
                let flexible = |w: &W| matches!(w, W::Flex(..));
                let pressing = (on_b.is_none() && flexible(&a)) || (on_a.is_none() && flexible(&b));
                let sides = Rc::new((a, b));
                for on in on_a.into_iter().chain(on_b.filter(|n| Some(*n) != on_a)) {
                    self.wait(Equation { sides: sides.clone(), on, pressing })?;
                }
                Ok(true)
            }
            (W::Univ(m), W::Univ(n)) => Ok(m.is_none() || n.is_none() || m == n),
            (W::Pi(a, e, b), W::Pi(c, f, d)) => {
                if !self.equal(&a, &c)? {
                    return Ok(false);
                }
                self.below(&e, &b, &f, &d)
            }
            (W::Lam(e, b), W::Lam(f, d)) => self.below(&e, &b, &f, &d),
            (W::Lam(e, b), W::Rigid(h, args)) | (W::Rigid(h, args), W::Lam(e, b)) => {
                let id = self.fresh();
                let x = Clo { env: Env::default().push(Slot::Local(id)), tm: Rc::new(T::Var(0)) };
                let a = self.run(e.push(Slot::Local(id)), b, Vec::new())?;
                // Where the head computes it may do so with one more argument.
                let b = match h {
                    Head::Atom(n) => {
                        let args: Vec<Clo> = args.into_iter().chain([x]).rev().collect();
                        self.run(Env::default(), Rc::new(T::Atom(n)), args)?
                    }
                    Head::Local(_) => W::Rigid(h, args.into_iter().chain([x]).collect()),
                };
                self.unify(a, b)
            }
            (W::Rigid(h, xs), W::Rigid(k, ys)) => {
                if h != k || xs.len() != ys.len() {
                    return self.by_parts(h, &xs, k, &ys);
                }
                for (x, y) in xs.iter().zip(&ys) {
                    if !self.equal(x, y)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// A pair is equal to what has its parts, and all elements of the type with one element are equal.
    fn by_parts(&mut self, h: Head, xs: &[Clo], k: Head, ys: &[Clo]) -> R<bool> {
        let is = |store: &Store, h: Head, kind: &Kind| matches!(h, Head::Atom(n) if store.atoms.get(n).is_some_and(|a| a.kind == *kind));
        if is(self, h, &Kind::Star) || is(self, k, &Kind::Star) {
            return Ok(true);
        }
        let (pair, other, k) = match (is(self, h, &Kind::Pair), is(self, k, &Kind::Pair)) {
            (true, false) => (xs, ys, k),
            (false, true) => (ys, xs, h),
            _ => return Ok(false),
        };
        let whole = self.closed(k, other);
        let [first, second, x, y] = pair else { return Ok(false) };
        for (part, is_second) in [(x, false), (y, true)] {
            let (tm, _) = self.part(&whole.tm, &whole.env, (first, second), is_second)?;
            if !self.equal(part, &Clo { env: whole.env.clone(), tm })? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A head at arguments as a closure.
    fn closed(&self, h: Head, args: &[Clo]) -> Clo {
        let env = args.iter().fold(Env::default(), |e, a| e.push(Slot::Clo(a.clone())));
        let n = args.len();
        let vars = |above: usize| (0..n).map(|i| Rc::new(T::Var(n - 1 - i + above))).collect::<Vec<Tm>>();
        match h {
            Head::Atom(a) => Clo { env, tm: app(Rc::new(T::Atom(a)), vars(0)) },
            Head::Local(id) => Clo { env: env.push(Slot::Local(id)), tm: app(Rc::new(T::Var(0)), vars(1)) },
        }
    }

    /// Whether two terms are equal whatever is found for what is open.
    ///
    /// # Errors
    /// It takes too long.
    pub fn same(&mut self, a: &Clo, b: &Clo) -> R<bool> {
        let mark = self.mark();
        let equal = self.equal(a, b);
        let settled = self.equations.len() == mark.1;
        self.forget(mark);
        Ok(equal? && settled)
    }

    fn below(&mut self, e: &Env, b: &Tm, f: &Env, d: &Tm) -> R<bool> {
        let id = self.fresh();
        let at = |env: &Env, tm: &Tm| Clo { env: env.push(Slot::Local(id)), tm: tm.clone() };
        self.equal(&at(e, b), &at(f, d))
    }

    fn wait(&mut self, equation: Equation) -> R<()> {
        let meta = self.metas.get_mut(equation.on).ok_or(Halt::Broken)?;
        meta.waiting.push(self.equations.len());
        meta.pressed += usize::from(equation.pressing);
        self.equations.push(equation);
        Ok(())
    }

    /// What a head of this type leads to: when it has its arguments, and the parts of what are pairs then.
    ///
    /// # Errors
    /// It takes too long.
    pub fn leads(&mut self, ty: &Clo) -> R<Rc<[Lead]>> {
        let (known, mut found, mut open) = (self.locals, Vec::new(), vec![(Vec::new(), ty.clone())]);
        while let Some((path, mut ty)) = open.pop() {
            let target = loop {
                match self.whnf(&ty)? {
                    W::Pi(_, env, b) => {
                        let id = self.fresh();
                        ty = Clo { env: env.push(Slot::Local(id)), tm: b };
                    }
                    W::Univ(_) => break Target::Univ,
                    W::Rigid(Head::Local(id), _) if id > known => break Target::Open,
                    W::Rigid(Head::Atom(a), args) if self.sigma == Some(a) => {
                        if let [first, second] = &args[..] {
                            let id = self.fresh();
                            open.push(([&path[..], &[false]].concat(), first.clone()));
                            open.push(([&path[..], &[true]].concat(), at(second, Slot::Local(id))));
                        }
                        break Target::Head(Head::Atom(a));
                    }
                    W::Rigid(Head::Atom(a), _) if self.atoms.get(a).is_none_or(|a| !matches!(a.rule, Rule::Inert)) => {
                        break Target::Open;
                    }
                    W::Rigid(h, _) => break Target::Head(h),
                    _ => break Target::Open,
                }
            };
            found.push((path.into(), target));
        }
        self.locals = known;
        Ok(found.into())
    }

    /// A part of a pair: its type, and the term in the scope of another.
    pub fn part(&self, pair: &Tm, env: &Env, (first, second): (&Clo, &Clo), is_second: bool) -> R<(Tm, Clo)> {
        let fst = self.sigma.ok_or(Halt::Broken)? + FST;
        let projection = |n: usize| {
            let any: Tm = Rc::new(T::Any);
            app(Rc::new(T::Atom(n)), vec![any.clone(), any, pair.clone()])
        };
        if !is_second {
            return Ok((projection(fst), first.clone()));
        }
        let ty = at(second, Slot::Clo(Clo { env: env.clone(), tm: projection(fst) }));
        Ok((projection(fst + 1), ty))
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
    fn forget(&mut self, (metas, equations, locals): Mark) -> (Vec<Meta>, Vec<Equation>, usize) {
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

/// A family at an argument.
fn at(family: &Clo, argument: Slot) -> Clo {
    let env = Env::default().push(Slot::Clo(family.clone())).push(argument);
    Clo { env, tm: Rc::new(T::App(Rc::new(T::Var(1)), Rc::new([Rc::new(T::Var(0))]))) }
}

/// A term with what its variables stand for; a variable is replaced by what it stands for at once.
#[must_use]
pub fn close(env: &Env, tm: &Tm) -> Clo {
    if let T::Var(n) = &**tm
        && let Some(Slot::Clo(c)) = env.get(*n)
    {
        return c.clone();
    }
    Clo { env: env.clone(), tm: tm.clone() }
}

/// An eliminator at a recursive field, which may be a function to what is eliminated.
fn again(eliminator: usize, before: &[Clo], field: Clo, arity: usize) -> Clo {
    let n = before.len() + 1;
    let env = before.iter().chain([&field]).fold(Env::default(), |e, c| e.push(Slot::Clo(c.clone())));
    let bound = (0..arity).rev().map(|i| Rc::new(T::Var(i))).collect();
    let mut args: Vec<Tm> = (1..n).rev().map(|i| Rc::new(T::Var(i + arity))).collect();
    args.push(app(Rc::new(T::Var(arity)), bound));
    let body = app(Rc::new(T::Atom(eliminator)), args);
    Clo { env, tm: (0..arity).fold(body, |t, _| Rc::new(T::Lam(t))) }
}
