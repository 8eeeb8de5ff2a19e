//! Terms in the form in which equal ones are the same: definitions are put in, except those that the prover knows by name.

use crate::ground::formula::Reader;
use crate::ground::proof::numbered;
use bfv_format::{Node, Prim, Term};
use bfv_kernel::{Elim, Env, Head, Ivl, Neutral, Res, V, Val};
use std::rc::Rc;

/// Something with a truth value put in where it waits for one.
type Instead<'r> = Box<dyn Fn(&V) -> V + 'r>;

/// Truth values are looked for so deep in arguments.
const NESTED: u32 = 3;

impl Reader<'_> {
    /// A value as a numbered term, definitions left as they are.
    pub fn term(&self, v: &V) -> Res<Option<Term>> {
        Ok(numbered(&self.m.quote(&self.ctx, v)?, self.depth()))
    }

    /// A value as a numbered term with all definitions put in but those that the prover knows by name. Equal values give equal terms.
    pub fn key(&self, v: &V) -> Res<Option<Term>> {
        match self.canonical(v, 0)? {
            Some(t) => Ok(Some(t)),
            None => Ok(numbered(&self.m.normal(&self.ctx, v)?, self.depth())),
        }
    }

    fn canonical(&self, v: &V, under: u32) -> Res<Option<Term>> {
        let m = self.m;
        macro_rules! go {
            ($v:expr) => {
                match self.canonical($v, under)? {
                    Some(t) => t,
                    None => return Ok(None),
                }
            };
        }
        macro_rules! inside {
            ($c:expr) => {{
                let x = m.var(self.depth() + under, m.value(Val::Univ(0)));
                match self.canonical(&m.inst($c, x), under + 1)? {
                    Some(t) => t,
                    None => return Ok(None),
                }
            }};
        }
        macro_rules! all {
            ($vs:expr) => {{
                let mut out = Vec::new();
                for v in $vs.iter() {
                    out.push(go!(v));
                }
                out
            }};
        }
        let w = self.headed(v, &self.kept())?;
        Ok(Some(Rc::new(match &*w {
            Val::Univ(n) => Node::Univ(*n),
            Val::Prim(p) => Node::Prim(*p),
            Val::NatLit(n) => Node::NatLit(n.clone()),
            Val::IntLit(n) => Node::IntLit(n.clone()),
            Val::RealLit(q) => Node::RealLit(q.clone()),
            Val::Pi(a, c) => Node::Pi(go!(a), inside!(c)),
            Val::Sigma(a, c) => Node::Sigma(go!(a), inside!(c)),
            Val::Lam(c) => Node::Lam(inside!(c)),
            Val::Pair(a, b) => Node::Pair(go!(a), go!(b)),
            Val::Path(line, a, b) => {
                let (from, to) = (go!(&m.dinst(line, Ivl::Zero)), go!(&m.dinst(line, Ivl::One)));
                if from != to {
                    return Ok(None);
                }
                Node::Path(from, go!(a), go!(b))
            }
            Val::Suc(n, x) => {
                let add = Rc::new(Node::App(Rc::new(Node::Prim(Prim::NatAdd)), go!(x)));
                Node::App(add, Rc::new(Node::NatLit(n.clone())))
            }
            Val::Data(d, ps) => Node::Data(*d, all!(ps)),
            Val::Con(d, c, ps, xs, dims) if dims.is_empty() => Node::Con(*d, *c, all!(ps), all!(xs), Vec::new()),
            Val::Neutral(Neutral { head, spine, .. }) => {
                let mut t: Term = Rc::new(match head {
                    Head::Var(level, _) => match level.checked_sub(self.depth()) {
                        None => Node::Var(level + under),
                        Some(bound) => match under.checked_sub(bound + 1) {
                            Some(n) => Node::Var(n),
                            None => return Ok(None),
                        },
                    },
                    Head::Const(id, shift) => Node::Const { id: *id, shift: *shift },
                    Head::Prim(p) => Node::Prim(*p),
                    _ => return Ok(None),
                });
                for e in spine.iter() {
                    t = Rc::new(match e {
                        Elim::App(x) => Node::App(t, go!(x)),
                        Elim::Fst => Node::Fst(t),
                        Elim::Snd => Node::Snd(t),
                        Elim::BoolElim(cases) => Node::BoolElim(inside!(&cases.0), go!(&cases.1), go!(&cases.2), t),
                        Elim::NatElim(cases) => Node::NatElim(inside!(&cases.0), go!(&cases.1), go!(&cases.2), t),
                        Elim::DataElim(cases) => {
                            let (d, ps, motive, branches) = &**cases;
                            Node::DataElim(*d, all!(ps), inside!(motive), all!(branches), t)
                        }
                        _ => return Ok(None),
                    });
                }
                return Ok(Some(t));
            }
            _ => return Ok(None),
        })))
    }

    /// The definitions that stay.
    pub fn kept(&self) -> [u32; 4] {
        [self.lib.number_test, self.lib.fin_test, self.lib.card, self.lib.fin]
    }

    /// Weak head normal form in which some definitions stay: those that the prover knows by name.
    pub fn headed(&self, v: &V, keep: &[u32]) -> Res<Rc<Val>> {
        self.m.folded(&self.reduced(v, keep)?)
    }

    /// Definitions are put in one elimination after the other: the evaluator would put all of them in at once.
    fn reduced(&self, v: &V, keep: &[u32]) -> Res<V> {
        let m = self.m;
        let mut v = v.clone();
        loop {
            let w = m.folded(&v)?;
            let Val::Neutral(Neutral { head, spine, unfolded: Some(u) }) = &*w else { return Ok(v) };
            let next = match head {
                Head::Const(id, _) if keep.contains(id) => return Ok(v),
                Head::Const(id, shift) => match m.globals().const_body(*id) {
                    Some(body) => {
                        let mut at = m.eval(&Env { shift: *shift, ..Env::default() }, &body);
                        for e in spine.iter() {
                            at = m.elim(&self.reduced(&at, keep)?, e.clone());
                        }
                        at
                    }
                    None => u.clone(),
                },
                _ => u.clone(),
            };
            v = next;
        }
    }

    /// What is stuck, with its first eliminations only.
    fn first(&self, n: &Neutral, eliminations: usize) -> V {
        let m = self.m;
        let head = match &n.head {
            Head::Var(level, ty) => m.var(*level, ty.clone()),
            Head::Const(id, shift) => m.eval(&Env::default(), &Rc::new(Node::Const { id: *id, shift: *shift })),
            Head::Prim(p) => m.eval(&Env::default(), &Rc::new(Node::Prim(*p))),
            head => {
                m.value(Val::Neutral(Neutral { head: head.clone(), spine: [].into_iter().collect(), unfolded: None }))
            }
        };
        n.spine.iter().take(eliminations).fold(head, |v, e| m.elim(&v, e.clone()))
    }

    /// A truth value that something stuck waits for, and what that is with another one in its place.
    fn waits_for<'r>(&'r self, n: &Neutral, depth: u32) -> Res<Option<(V, Instead<'r>)>> {
        let m = self.m;
        if let Some(at) = n.spine.iter().position(|e| matches!(e, Elim::BoolElim(_))) {
            let rest: Vec<Elim> = n.spine.iter().skip(at).cloned().collect();
            let instead = move |b: &V| rest.iter().fold(b.clone(), |v, e| m.elim(&v, e.clone()));
            return Ok(Some((self.first(n, at), Box::new(instead))));
        }
        let Some(depth) = depth.checked_sub(1) else { return Ok(None) };
        for (at, e) in n.spine.iter().enumerate() {
            let Elim::App(arg) = e else { continue };
            let w = self.headed(arg, &self.kept())?;
            let Val::Neutral(inner) = &*w else { continue };
            if let Some((c, inside)) = self.waits_for(inner, depth)? {
                let (before, rest): (V, Vec<Elim>) =
                    (self.first(n, at), n.spine.iter().skip(at + 1).cloned().collect());
                let instead = move |b: &V| rest.iter().fold(m.apply(&before, inside(b)), |v, e| m.elim(&v, e.clone()));
                return Ok(Some((c, Box::new(instead))));
            }
        }
        Ok(None)
    }

    /// A truth value that a stuck one waits for, the function of it that the stuck one is, numbered, and what that gives for the two.
    pub fn choice(&self, n: &Neutral) -> Res<Option<(V, Term, V, V)>> {
        let m = self.m;
        let Some((c, instead)) = self.waits_for(n, NESTED)? else { return Ok(None) };
        let value = |p| m.value(Val::Prim(p));
        let (inner, x) = m.bind(&self.ctx, value(Prim::Bool));
        let body = m.quote(&inner, &instead(&x))?;
        let of = numbered(&Rc::new(Node::Lam(body)), self.depth());
        Ok(of.map(|of| (c, of, instead(&value(Prim::True)), instead(&value(Prim::False)))))
    }

    /// A test of equality that a truth value waits for: its sides, numbered, and what the truth value is where they are equal.
    pub fn tested(&self, v: &V) -> Res<Option<(Term, Term, V)>> {
        let w = self.headed(v, &self.kept())?;
        let Val::Neutral(n) = &*w else { return Ok(None) };
        let Some((c, instead)) = self.waits_for(n, NESTED)? else { return Ok(None) };
        let c = self.headed(&c, &self.kept())?;
        let sides = match &*c {
            Val::Neutral(Neutral { head: Head::Const(id, _), spine, .. }) => match &**spine {
                [Elim::App(a), Elim::App(b)] if *id == self.lib.number_test => Some((a.clone(), b.clone())),
                [_, Elim::App(a), Elim::App(b)] if *id == self.lib.fin_test => Some((a.clone(), b.clone())),
                _ => None,
            },
            _ => None,
        };
        let Some((a, b)) = sides else { return Ok(None) };
        let (Some(a), Some(b)) = (self.key(&a)?, self.key(&b)?) else { return Ok(None) };
        Ok(Some((a, b, instead(&self.m.value(Val::Prim(Prim::True))))))
    }

    pub fn waits(&self, v: &V) -> Res<bool> {
        Ok(match &*self.headed(v, &self.kept())? {
            Val::Neutral(n) => self.waits_for(n, NESTED)?.is_some(),
            _ => false,
        })
    }
}
