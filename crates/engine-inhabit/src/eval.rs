//! Evaluation of terms to weak head normal forms, and what is known of the types of heads.

use crate::atom::{Lead, Rule, Target};
use crate::store::{FST, Halt, R, Store};
use crate::term::{Clo, Env, Head, Slot, T, Tm, W, app};
use std::rc::Rc;

impl Store {
    /// Evaluates.
    ///
    /// # Errors
    /// It takes too long.
    pub fn whnf(&mut self, c: &Clo) -> R<W> {
        self.run(c.env.clone(), c.tm.clone(), Vec::new())
    }

    /// Evaluates a term at arguments, the first of which is the last of the list.
    pub(crate) fn run(&mut self, mut env: Env, mut tm: Tm, mut stack: Vec<Clo>) -> R<W> {
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
    pub(crate) fn force(&mut self, w: &W) -> R<W> {
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
