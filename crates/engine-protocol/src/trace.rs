//! From a run to a term of the negation: the claim at the parameters, the hypotheses, the run, that it is legal, and what fails at its end.

use crate::decide::{Decided, Judge, Refuted};
use crate::explore::Run;
use crate::finite::{Argument, Layout, Shape};
use crate::model::{About, Action, Endless, Program, Slot, endless};
use bfv_format::{DataRef, Node, Prim, Term};
use bfv_kernel::{Clo, Ctx, Env, Machine, Res, V, Val};
use bfv_search::Lemma;
use std::rc::Rc;

/// A term of type `statement -> Empty`, and the values of the leading variables that are data.
pub type Refutation = (Term, Vec<Option<Term>>);

/// Constants of the library.
pub struct Words {
    /// The vector without elements.
    pub nil: Option<Term>,
    /// One element before others.
    pub cons: Option<Term>,
    /// The run without end that has a stem and a cycle.
    pub lasso: Option<Term>,
    /// What must hold of a stem and a cycle.
    pub is_lasso: Option<Term>,
    /// From that, that every move is allowed.
    pub possible: Option<Term>,
    /// That the run is fair.
    pub fair: Option<Term>,
    /// That nothing comes true.
    pub never: Option<Term>,
    /// What claims are about.
    pub about: About,
}

/// A function applied to arguments.
pub fn call(f: &Term, args: &[Term]) -> Term {
    args.iter().fold(f.clone(), |f, a| Rc::new(Node::App(f, a.clone())))
}

fn lam(t: Term) -> Term {
    Rc::new(Node::Lam(t))
}

impl Words {
    /// Those that are known where these lemmas are.
    pub fn new(lemmas: &[Lemma], about: About) -> Words {
        let role = |tag: &str| -> Option<Term> {
            let lemma = lemmas.iter().find(|l| l.has(tag))?;
            Some(Rc::new(Node::Const { id: lemma.id, shift: 0 }))
        };
        Words {
            nil: role("vector.nil"),
            cons: role("vector.cons"),
            lasso: role("live.lasso"),
            is_lasso: role("live.is_lasso"),
            possible: role("live.lasso_possible"),
            fair: role("live.lasso_fair"),
            never: role("live.lasso_never"),
            about,
        }
    }

    /// An argument of a command, by its number.
    pub fn argument(&self, argument: &Argument, number: u64) -> Option<Term> {
        match argument {
            Argument::Element(s) => s.element(number),
            Argument::Set(_, layout) => {
                let digit = |n: usize| number.checked_shr(u32::try_from(n).ok()?).map(|d| u8::from(d & 1 == 1));
                let cells = (0..layout.width()).map(digit).collect::<Option<Vec<u8>>>()?;
                self.chosen(layout, 0, &cells)
            }
        }
    }

    /// What is chosen once, from its cells. All parts are closed.
    fn chosen(&self, layout: &Layout, first: usize, cells: &[u8]) -> Option<Term> {
        match layout {
            Layout::Leaf(s) => s.element(cells.get(first).copied().map_or(0, u64::from)),
            Layout::Pair(a, b) => {
                let second = self.chosen(b, first + a.width(), cells)?;
                Some(Rc::new(Node::Pair(self.chosen(a, first, cells)?, second)))
            }
            Layout::Function(s, inner, ty) => {
                let size = usize::try_from(s.size()).ok()?;
                let at = |n: usize| self.chosen(inner, first + n * inner.width(), cells);
                let all = (0..size).map(at).collect::<Option<Vec<Term>>>()?;
                match &**s {
                    Shape::Bool => match all.as_slice() {
                        [no, yes] => Some(lam(Rc::new(Node::BoolElim(
                            ty.clone(),
                            yes.clone(),
                            no.clone(),
                            Rc::new(Node::Var(0)),
                        )))),
                        _ => None,
                    },
                    Shape::Nat(_) => {
                        // From the largest number down: the last value is that of all larger ones.
                        let (last, before) = all.split_last()?;
                        let from = |rest: Term, (n, t): (usize, &Term)| -> Term {
                            let less = [Rc::new(Node::Var(0)), Rc::new(Node::NatLit((n + 1).into()))];
                            let test = call(&Rc::new(Node::Prim(Prim::NatLtb)), &less);
                            if *t == rest {
                                return rest;
                            }
                            Rc::new(Node::BoolElim(ty.clone(), t.clone(), rest, test))
                        };
                        Some(lam(before.iter().enumerate().rev().fold(last.clone(), from)))
                    }
                    _ if s.positions().is_some() => {
                        let mut out = call(self.nil.as_ref()?, std::slice::from_ref(ty));
                        for (n, t) in all.into_iter().rev().enumerate() {
                            let length: Term = Rc::new(Node::NatLit(n.into()));
                            out = call(self.cons.as_ref()?, &[length, ty.clone(), t, out]);
                        }
                        Some(out)
                    }
                    _ => None,
                }
            }
        }
    }
}

/// A refutation from a run; nothing where something does not compute as it was read.
///
/// # Errors
/// The evaluator's.
pub fn refutation(
    m: &Machine<'_>,
    statement: &V,
    p: &Program,
    chosen: &[u8],
    run: &Run,
    words: &Words,
    last: u64,
) -> Res<Option<Refutation>> {
    let judge = Judge { m, last: last + 1 };
    let closed = Ctx::default();
    let mut claim: Term = Rc::new(Node::Var(0));
    let (mut current, mut values) = (statement.clone(), Vec::new());
    for slot in &p.slots {
        let Val::Pi(dom, cod) = &*m.whnf(&current)? else { return Ok(None) };
        let value = match slot {
            Slot::Number(n) => Some(Rc::new(Node::NatLit((*n).into()))),
            Slot::Chosen(layout, first) => match words.chosen(layout, *first, chosen) {
                Some(t) => Some(t),
                None => return Ok(None),
            },
            Slot::Run => {
                let found = match &run.cycle {
                    None => words.trace(m, p, &run.stem, dom)?,
                    Some(cycle) => words.course(m, p, &run.stem, cycle, cod)?,
                };
                match found {
                    Some(t) => Some(t),
                    None => return Ok(None),
                }
            }
            Slot::Proof => None,
        };
        let arg = match &value {
            Some(t) => t.clone(),
            None => match judge.decide(&closed, dom)? {
                Some(Decided::Holds(t)) => t,
                _ => return Ok(None),
            },
        };
        current = m.inst(cod, m.eval(&Env::default(), &arg));
        claim = Rc::new(Node::App(claim, arg));
        values.push(value);
    }
    if p.live {
        let course = values.last().cloned().flatten();
        return Ok(words.against(&judge, course, &current, &claim)?.map(|t| (lam(t), values)));
    }
    Ok(match judge.decide(&closed, &current)? {
        Some(Decided::Fails(r)) => {
            values.extend(fails_at(m, &current, &r)?);
            Some((lam(r.by(claim, 1)), values))
        }
        _ => None,
    })
}

impl Words {
    /// The course with a stem and a cycle, where what a claim says of a course is known.
    fn course(&self, m: &Machine<'_>, p: &Program, stem: &[usize], cycle: &[usize], said: &Clo) -> Res<Option<Term>> {
        // What is said names the type of the actions. The run itself is not looked at.
        let any = m.value(Val::Prim(Prim::Star));
        let Some(Endless { parts: [_, action, ..], .. }) = endless(m, &Ctx::default(), self.about, &m.inst(said, any))?
        else {
            return Ok(None);
        };
        let Some(lasso) = &self.lasso else { return Ok(None) };
        let Node::Const { id, .. } = &**lasso else { return Ok(None) };
        let Some(ty) = m.globals().const_type(*id) else { return Ok(None) };
        let Val::Pi(_, cod) = &*m.whnf(&m.eval(&Env::default(), &ty))? else { return Ok(None) };
        let Val::Pi(runs, _) = &*m.whnf(&m.inst(cod, action.clone()))? else { return Ok(None) };
        let (stem, cycle) = (self.trace(m, p, stem, runs)?, self.trace(m, p, cycle, runs)?);
        let action = m.quote(&Ctx::default(), &action)?;
        Ok(stem.zip(cycle).map(|(s, c)| call(lasso, &[action, s, c])))
    }

    /// Falsehood from a claim up to its run without end, which stands under one more binder: it says that something comes true there.
    fn against(&self, judge: &Judge<'_, '_>, course: Option<Term>, said: &V, claim: &Term) -> Res<Option<Term>> {
        let (m, closed) = (judge.m, Ctx::default());
        let Some(Endless { parts: [state, action, init, effect, guard], fair, goal }) =
            endless(m, &closed, self.about, said)?
        else {
            return Ok(None);
        };
        let mut args = Vec::new();
        for v in [state, action, init, effect, guard, fair, goal] {
            args.push(m.quote(&closed, &v)?);
        }
        let Some(course) = course else { return Ok(None) };
        let Node::App(most, cycle) = &*course else { return Ok(None) };
        let Node::App(_, stem) = &**most else { return Ok(None) };
        args.extend([stem.clone(), cycle.clone()]);
        let all = [&self.is_lasso, &self.possible, &self.fair, &self.never].map(Clone::clone);
        let [Some(is_lasso), Some(possible), Some(fair), Some(never)] = all else { return Ok(None) };
        let statement = m.eval(&closed.env, &call(&is_lasso, &args));
        let Some(Decided::Holds(proof)) = judge.decide(&closed, &statement)? else { return Ok(None) };
        args.push(proof);
        let comes = call(claim, &[call(&possible, &args), call(&fair, &args)]);
        Ok(Some(call(&never, &[args, vec![comes]].concat())))
    }
}

/// What a statement for all of something is applied to where it fails; nothing for proofs.
fn fails_at(m: &Machine<'_>, statement: &V, refuted: &Refuted) -> Res<Vec<Option<Term>>> {
    let (mut out, mut current, mut rest) = (Vec::new(), statement.clone(), refuted);
    while let (Val::Pi(dom, cod), Refuted::At(x, next)) = (&*m.whnf(&current)?, rest) {
        let data = matches!(&*m.whnf(dom)?, Val::Data(..) | Val::Prim(Prim::Bool | Prim::Nat));
        out.push(data.then(|| x.clone()));
        current = m.inst(cod, m.eval(&Env::default(), x));
        rest = next;
    }
    Ok(out)
}

impl Words {
    /// A run as an element of the type of runs.
    fn trace(&self, m: &Machine<'_>, p: &Program, run: &[usize], ty: &V) -> Res<Option<Term>> {
        let Val::Data(d, params) = &*m.whnf(ty)? else { return Ok(None) };
        let [action] = &params[..] else { return Ok(None) };
        let Val::Data(a, given) = &*m.whnf(action)? else { return Ok(None) };
        let read = |vs: &[V]| vs.iter().map(|v| m.quote(&Ctx::default(), v)).collect::<Res<Vec<Term>>>();
        let (params, given) = (read(params)?, read(given)?);
        let mut out: Term = Rc::new(Node::Con(*d, 0, params.clone(), Vec::new(), Vec::new()));
        for n in run {
            let Some(step) = p.actions.get(*n).and_then(|step| self.taken(*a, &given, p, step)) else {
                return Ok(None);
            };
            out = Rc::new(Node::Con(*d, 1, params.clone(), vec![out, step], Vec::new()));
        }
        Ok(Some(out))
    }

    fn taken(&self, d: DataRef, params: &[Term], p: &Program, action: &Action) -> Option<Term> {
        let known = p.commands.get(usize::try_from(action.command).ok()?)?;
        let given = known.iter().zip(&action.arguments);
        let fields = given.map(|(a, g)| self.argument(a, g.number)).collect::<Option<Vec<Term>>>()?;
        Some(Rc::new(Node::Con(d, action.command, params.to_vec(), fields, Vec::new())))
    }
}
