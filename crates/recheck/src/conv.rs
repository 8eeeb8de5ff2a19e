//! Conversion, directed by types. Definitions are unfolded latest first, and only when what is folded differs.

use crate::closure::{Bind, Branch, Clo, Closure, Coe, DBind, Delay, Elim, Env, HCom, Ivl, Same, Side, Sub, holds};
use crate::machine::{FOLDED, Head, Machine, Stuck, Whnf};
use crate::scene::{base, call, closed, data, equivalence, nat, sucs};
use crate::trust::parts;
use crate::{Refusal, Res, refuse};
use bfv_format::{Decl, Node, Prim, Rule, Term};
use num_bigint::BigUint;
use std::rc::Rc;

fn node(n: Node) -> Term {
    Rc::new(n)
}

/// A motive as a function, in an environment of its own.
fn with_motive(m: &Bind) -> Env {
    Env::empty(0).push(Rc::new(Closure::Fun(m.clone())))
}

fn motive_at(index: u32, arg: Term) -> Term {
    node(Node::App(node(Node::Var(index)), arg))
}

fn applied(p: Prim, arg: Term) -> Term {
    node(Node::App(node(Node::Prim(p)), arg))
}

/// `(n : Nat) -> M n -> M (Suc n)`
pub(crate) fn step_type(m: &Bind) -> Clo {
    let var = |k| node(Node::Var(k));
    let inner = node(Node::Pi(motive_at(1, var(0)), motive_at(2, applied(Prim::Suc, var(1)))));
    Rc::new(Closure::Term(node(Node::Pi(node(Node::Prim(Prim::Nat)), inner)), with_motive(m)))
}

/// `(n : Nat) -> M (IntPos n)`, or the same with `IntNegSuc`.
pub(crate) fn int_case(m: &Bind, p: Prim) -> Clo {
    let body = motive_at(1, applied(p, node(Node::Var(0))));
    Rc::new(Closure::Term(node(Node::Pi(node(Node::Prim(Prim::Nat)), body)), with_motive(m)))
}

impl Machine<'_> {
    /// Whether two closures of a type are convertible.
    pub(crate) fn conv(&self, ty: &Clo, a: &Clo, b: &Clo) -> Res<bool> {
        let _level = self.enter()?;
        self.tick()?;
        if self.alike(a, b)? {
            return Ok(true);
        }
        match self.whnf(ty)? {
            Whnf::Pi(dom, cod) => {
                let x = self.free(dom);
                self.conv(&cod.inst(x.clone()), &a.elim(Elim::App(x.clone())), &b.elim(Elim::App(x)))
            }
            Whnf::Sigma(dom, cod) => {
                let (a1, b1) = (a.elim(Elim::Fst), b.elim(Elim::Fst));
                Ok(self.conv(&dom, &a1, &b1)? && self.conv(&cod.inst(a1), &a.elim(Elim::Snd), &b.elim(Elim::Snd))?)
            }
            Whnf::Line(l) => {
                let i = Ivl::Name(self.name());
                self.conv(&l.inst(i), &a.elim(Elim::LApp(i)), &b.elim(Elim::LApp(i)))
            }
            Whnf::Path(l, x, y) => {
                let i = Ivl::Name(self.name());
                let at = |p: &Clo| p.elim(Elim::PApp(x.clone(), y.clone(), i));
                self.conv(&l.inst(i), &at(a), &at(b))
            }
            Whnf::Glue(under, faces) => {
                let unglued = |c: &Clo| c.elim(Elim::Unglue(under.clone(), faces.clone()));
                if !self.conv(&under, &unglued(a), &unglued(b))? {
                    return Ok(false);
                }
                for f in faces.iter() {
                    if let Some(s) = Sub::unify(&f.cof)
                        && !self.conv(&f.body.0.act(&s), &a.act(&s), &b.act(&s))?
                    {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Whnf::Prim(Prim::Unit, _) => Ok(true),
            _ => self.conv_heads(ty, a, b),
        }
    }

    pub(crate) fn conv_type(&self, a: &Clo, b: &Clo) -> Res<bool> {
        let _level = self.enter()?;
        self.tick()?;
        // Types have no rule of extensionality, so their heads decide.
        Ok(self.alike(a, b)? || self.conv_heads(&closed(Node::Univ(0)), a, b)?)
    }

    /// Rule `conv`: cumulativity to the right of arrows and in both parts of pairs.
    pub(crate) fn subtype(&self, a: &Clo, b: &Clo) -> Res<bool> {
        let _level = self.enter()?;
        if self.alike(a, b)? {
            return Ok(true);
        }
        // Folded types that agree need not be unfolded, and a type that is seen needs not either.
        let (x, y) = match (self.whnf_at(a, FOLDED)?, self.whnf_at(b, FOLDED)?) {
            (Whnf::Stuck(_), Whnf::Stuck(_)) if self.conv_type(a, b)? => return Ok(true),
            (x, y) if x.blocked().is_none() && y.blocked().is_none() => (x, y),
            _ => (self.whnf(a)?, self.whnf(b)?),
        };
        match (x, y) {
            (Whnf::Univ(m), Whnf::Univ(n)) => Ok(m <= n),
            (Whnf::Pi(d, c), Whnf::Pi(e, f)) => {
                let x = self.free(e.clone());
                Ok(self.conv_type(&d, &e)? && self.subtype(&c.inst(x.clone()), &f.inst(x))?)
            }
            (Whnf::Sigma(d, c), Whnf::Sigma(e, f)) => {
                let x = self.free(d.clone());
                Ok(self.subtype(&d, &e)? && self.subtype(&c.inst(x.clone()), &f.inst(x))?)
            }
            (Whnf::Stuck(_), _) | (_, Whnf::Stuck(_)) => self.conv_type(a, b),
            (x, y) => self.conv_values(&closed(Node::Univ(0)), x, y),
        }
    }

    fn conv_heads(&self, ty: &Clo, a: &Clo, b: &Clo) -> Res<bool> {
        let mut threshold = FOLDED;
        loop {
            let (x, y) = (self.whnf_at(a, threshold)?, self.whnf_at(b, threshold)?);
            let next = match (&x, &y) {
                (Whnf::Stuck(s), Whnf::Stuck(t)) => {
                    if self.conv_stuck(s, t)? {
                        return Ok(true);
                    }
                    s.blocked.max(t.blocked)
                }
                (Whnf::Stuck(s), _) | (_, Whnf::Stuck(s)) => s.blocked,
                _ => return self.conv_values(ty, x, y),
            };
            match next {
                Some(id) if id < threshold => threshold = id,
                _ => return Ok(false),
            }
        }
    }

    fn conv_bind(&self, dom: Clo, m: &Bind, n: &Bind) -> Res<bool> {
        let x = self.free(dom);
        self.conv_type(&m.inst(x.clone()), &n.inst(x))
    }

    fn conv_line(&self, l: &DBind, m: &DBind) -> Res<bool> {
        let i = Ivl::Name(self.name());
        self.conv_type(&l.inst(i), &m.inst(i))
    }

    fn conv_values(&self, ty: &Clo, x: Whnf, y: Whnf) -> Res<bool> {
        Ok(match (x, y) {
            (Whnf::Univ(m), Whnf::Univ(n)) => m == n,
            (Whnf::Pi(d, c), Whnf::Pi(e, f)) | (Whnf::Sigma(d, c), Whnf::Sigma(e, f)) => {
                self.conv_type(&d, &e)? && self.conv_bind(d, &c, &f)?
            }
            (Whnf::Line(l), Whnf::Line(m)) => self.conv_line(&l, &m)?,
            (Whnf::Path(l, a, b), Whnf::Path(m, c, d)) => {
                self.conv_line(&l, &m)?
                    && self.conv(&l.inst(Ivl::Zero), &a, &c)?
                    && self.conv(&l.inst(Ivl::One), &b, &d)?
            }
            (Whnf::Prim(p, xs), Whnf::Prim(q, ys)) => p == q && xs.is_empty() && ys.is_empty(),
            (Whnf::Nat(m), Whnf::Nat(n)) => m == n,
            // What is under successors is not looked at by evaluation: it may still be a number.
            (Whnf::Suc(m, a), Whnf::Suc(n, b)) => {
                let common = m.clone().min(n.clone());
                let rest = |k: &BigUint, c: Clo| if *k == common { c } else { sucs(k - &common, c) };
                self.conv(ty, &rest(&m, a), &rest(&n, b))?
            }
            (Whnf::Nat(n), Whnf::Suc(k, c)) | (Whnf::Suc(k, c), Whnf::Nat(n)) => {
                n >= k && self.conv(ty, &nat(n - k), &c)?
            }
            (Whnf::Int(m), Whnf::Int(n)) => m == n,
            // A constructor of Int does not look at its argument, which may still be a number.
            (x @ (Whnf::IntCon(..) | Whnf::Int(_)), y @ (Whnf::IntCon(..) | Whnf::Int(_))) => {
                match (self.int_view(x), self.int_view(y)) {
                    (Ok((s, a)), Ok((t, b))) => s == t && self.conv(&base(Prim::Nat), &a, &b)?,
                    _ => false,
                }
            }
            (Whnf::Real(p), Whnf::Real(q)) => p == q,
            (Whnf::Data(d, ps), Whnf::Data(e, qs)) => {
                if d != e || ps.len() != qs.len() {
                    return Ok(false);
                }
                let decl = self.data(d.id)?;
                let mut env = Env::empty(d.shift);
                for ((p, q), t) in ps.iter().zip(qs.iter()).zip(&decl.params) {
                    if !self.conv(&Rc::new(Closure::Term(t.clone(), env.clone())), p, q)? {
                        return Ok(false);
                    }
                    env = env.push(p.clone());
                }
                true
            }
            (Whnf::HCom(h), Whnf::HCom(k)) => self.conv_hcom(&h, &k)?,
            (Whnf::Glue(a, xs), Whnf::Glue(b, ys)) => {
                self.conv_type(&a, &b)? && self.conv_system(&xs, &ys, &|s, x, y| self.conv_face(&a, s, x, y))?
            }
            (Whnf::Con(d, c, ps, xs, rs), Whnf::Con(e, k, _, ys, ss)) => {
                if d != e || c != k || xs.len() != ys.len() || rs != ss {
                    return Ok(false);
                }
                let mut env = ps.iter().fold(Env::empty(d.shift), |env, p| env.push(p.clone()));
                for ((x, y), t) in xs.iter().zip(ys.iter()).zip(self.fields(d, c)?) {
                    if !self.conv(&Rc::new(Closure::Term(t.clone(), env.clone())), x, y)? {
                        return Ok(false);
                    }
                    env = env.push(x.clone());
                }
                true
            }
            _ => false,
        })
    }

    fn conv_stuck(&self, s: &Stuck, t: &Stuck) -> Res<bool> {
        if s.spine.len() != t.spine.len() || !self.conv_head(&s.head, &t.head)? {
            return Ok(false);
        }
        let same = |(e, f): (&Elim, &Elim)| match (e, f) {
            (Elim::App(x), Elim::App(y)) => self.alike(x, y),
            _ => Ok(matches!((e, f), (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd))),
        };
        let seen = s.spine.iter().zip(&t.spine).map(same).collect::<Res<Vec<bool>>>()?;
        // What is seen to be the same needs no comparison, and what stands behind the last that is not needs no type.
        let Some(last) = seen.iter().rposition(|same| !same) else { return Ok(true) };
        let (mut so_far, mut ty) = self.head(&s.head)?;
        for (n, ((e, f), same)) in s.spine.iter().zip(&t.spine).zip(seen).enumerate().take(last + 1) {
            if !same && !self.conv_elim(&ty, e, f)? {
                return Ok(false);
            }
            if n < last {
                ty = self.after(&ty, &so_far, e)?;
                so_far = so_far.elim(e.clone());
            }
        }
        Ok(true)
    }

    /// A head as a closure, and its type.
    fn head(&self, h: &Head) -> Res<(Clo, Clo)> {
        Ok(match h {
            Head::Var { id, ty } => (Rc::new(Closure::Free { id: *id, ty: ty.clone() }), ty.clone()),
            Head::Const { id, shift } => {
                (closed(Node::Const { id: *id, shift: *shift }), self.const_type(*id, *shift)?)
            }
            Head::Prim(p, args) => {
                let mut ty = crate::compute::prim_type(*p);
                for a in args {
                    match self.whnf(&ty)? {
                        Whnf::Pi(_, cod) => ty = cod.inst(a.clone()),
                        _ => return refuse("not a function", "an operation has too many arguments"),
                    }
                }
                (call(*p, args), ty)
            }
            Head::Coe(c) => (Rc::new(Closure::Coe(c.clone())), c.line.inst(c.to)),
            Head::HCom(c) => (Rc::new(Closure::HCom(c.clone())), c.ty.clone()),
            Head::Rule(t, env) => {
                let Node::Rule(r) = &**t else { return refuse("ill-formed term", "not a rule") };
                (Rc::new(Closure::Term(t.clone(), env.clone())), self.rule_type(env, r)?)
            }
        })
    }

    pub(crate) fn const_type(&self, id: u32, shift: u32) -> Res<Clo> {
        match &self.entry(id)?.decl {
            Decl::Def { ty, .. } | Decl::Theorem { ty, .. } | Decl::Axiom { ty, .. } => {
                Ok(Rc::new(Closure::Term(ty.clone(), Env::empty(shift))))
            }
            Decl::Data(d) => {
                Err(Refusal::new("unknown constant", format!("{} is a data type, not a constant", d.name)))
            }
        }
    }

    fn conv_head(&self, h: &Head, k: &Head) -> Res<bool> {
        Ok(match (h, k) {
            (Head::Var { id, .. }, Head::Var { id: other, .. }) => id == other,
            (Head::Const { id, shift }, Head::Const { id: i, shift: s }) => (id, shift) == (i, s),
            (Head::Prim(p, xs), Head::Prim(q, ys)) => {
                if p != q || xs.len() != ys.len() {
                    return Ok(false);
                }
                let mut ty = crate::compute::prim_type(*p);
                for (x, y) in xs.iter().zip(ys) {
                    let Whnf::Pi(dom, cod) = self.whnf(&ty)? else { return Ok(false) };
                    if !self.conv(&dom, x, y)? {
                        return Ok(false);
                    }
                    ty = cod.inst(x.clone());
                }
                true
            }
            (Head::Coe(b), Head::Coe(c)) => {
                let Coe { from, to, line, arg } = &**b;
                (*from, *to) == (c.from, c.to)
                    && self.conv_line(line, &c.line)?
                    && self.conv(&line.inst(*from), arg, &c.arg)?
            }
            (Head::HCom(h), Head::HCom(k)) => self.conv_hcom(h, k)?,
            (Head::Rule(t, e), Head::Rule(u, f)) => self.conv_rule((t, e), (u, f))?,
            _ => false,
        })
    }

    fn conv_hcom(&self, h: &HCom, k: &HCom) -> Res<bool> {
        let side = |s: &Sub, x: &DBind, y: &DBind| {
            let i = Ivl::Name(self.name());
            self.conv(&h.ty.act(s), &x.act(s).inst(i), &y.act(s).inst(i))
        };
        Ok((h.from, h.to) == (k.from, k.to)
            && self.conv_type(&h.ty, &k.ty)?
            && self.conv(&h.ty, &h.base, &k.base)?
            && self.conv_system(&h.sides, &k.sides, &side)?)
    }

    /// Two faces of a `Glue` type over `a`, under a unifier.
    pub(crate) fn conv_face(&self, a: &Clo, s: &Sub, x: &(Clo, Clo), y: &(Clo, Clo)) -> Res<bool> {
        let ty = x.0.act(s);
        Ok(self.conv_type(&ty, &y.0.act(s))? && self.conv(&equivalence(ty, a.act(s)), &x.1.act(s), &y.1.act(s))?)
    }

    /// Rule `system`: defined at the same places, and equal there.
    fn conv_system<T>(&self, xs: &[Side<T>], ys: &[Side<T>], same: Same<'_, T>) -> Res<bool> {
        // Two faces that are true under each other are compared once: otherwise systems inside systems take time without bound.
        let mut met = Vec::new();
        for (turned, one, other) in [(false, xs, ys), (true, ys, xs)] {
            for (m, x) in one.iter().enumerate() {
                let Some(s) = Sub::unify(&x.cof) else { continue };
                self.charge(u64::try_from(other.len()).unwrap_or(u64::MAX))?;
                let Some(n) = other.iter().position(|y| holds(&s.on(&y.cof))) else { return Ok(false) };
                if turned && met.contains(&(n, m)) {
                    continue;
                }
                met.push((m, n));
                if !other.get(n).map_or(Ok(false), |y| same(&s, &x.body, &y.body))? {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }

    /// Rule terms are proofs: equal when they are built from the same numbers and equal parts.
    fn conv_rule(&self, (t, e): (&Term, &Env), (u, f): (&Term, &Env)) -> Res<bool> {
        let (Node::Rule(r), Node::Rule(q)) = (&**t, &**u) else { return Ok(false) };
        self.charge(crate::rules::size(r) + crate::rules::size(q))?;
        if stripped(r) != stripped(q) {
            return Ok(false);
        }
        let types = self.part_types(e, r)?;
        let terms = |r: &Rule| -> Vec<Term> {
            let (atoms, hypotheses) = parts(r);
            atoms.iter().map(|(_, t)| t.clone()).chain(hypotheses.iter().map(|h| h.proof.clone())).collect()
        };
        for ((x, y), ty) in terms(r).into_iter().zip(terms(q)).zip(types) {
            let (x, y) = (Rc::new(Closure::Term(x, e.clone())), Rc::new(Closure::Term(y, f.clone())));
            if !self.conv(&ty, &x, &y)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn conv_elim(&self, ty: &Clo, e: &Elim, f: &Elim) -> Res<bool> {
        Ok(match (e, f) {
            (Elim::App(x), Elim::App(y)) => match self.whnf(ty)? {
                Whnf::Pi(dom, _) => self.conv(&dom, x, y)?,
                _ => return refuse("not a function", "a stuck term is applied"),
            },
            // Base and faces of an unglue are those of the type.
            (Elim::Fst, Elim::Fst) | (Elim::Snd, Elim::Snd) | (Elim::Unglue(..), Elim::Unglue(..)) => true,
            (Elim::LApp(r), Elim::LApp(s)) | (Elim::PApp(_, _, r), Elim::PApp(_, _, s)) => r == s,
            (Elim::Empty(m), Elim::Empty(n)) => self.conv_bind(base(Prim::Empty), m, n)?,
            (Elim::Bool(m, a, b), Elim::Bool(n, c, d)) => {
                self.conv_bind(base(Prim::Bool), m, n)?
                    && self.conv(&m.inst(base(Prim::True)), a, c)?
                    && self.conv(&m.inst(base(Prim::False)), b, d)?
            }
            (Elim::Nat(m, a, b), Elim::Nat(n, c, d)) => {
                self.conv_bind(base(Prim::Nat), m, n)?
                    && self.conv(&m.inst(nat(0u8.into())), a, c)?
                    && self.conv(&step_type(m), b, d)?
            }
            (Elim::Int(m, a, b), Elim::Int(n, c, d)) => {
                self.conv_bind(base(Prim::Int), m, n)?
                    && self.conv(&int_case(m, Prim::IntPos), a, c)?
                    && self.conv(&int_case(m, Prim::IntNegSuc), b, d)?
            }
            (Elim::Data(d, ps, m, xs), Elim::Data(e, _, n, ys)) => {
                if d != e || xs.len() != ys.len() || !self.conv_bind(data(*d, ps), m, n)? {
                    return Ok(false);
                }
                for (con, (x, y)) in (0u32..).zip(xs.iter().zip(ys.iter())) {
                    if !self.conv(&Branch::whole(*d, con, ps, m), x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            _ => false,
        })
    }

    /// The type of a closure of a type after one more elimination.
    fn after(&self, ty: &Clo, c: &Clo, e: &Elim) -> Res<Clo> {
        Ok(match e {
            Elim::Empty(m) | Elim::Bool(m, ..) | Elim::Nat(m, ..) | Elim::Int(m, ..) => m.inst(c.clone()),
            Elim::Data(_, _, m, _) => m.inst(c.clone()),
            Elim::Unglue(a, _) => a.clone(),
            _ => match (e, self.whnf(ty)?) {
                (Elim::App(a), Whnf::Pi(_, cod)) => cod.inst(a.clone()),
                (Elim::Fst, Whnf::Sigma(dom, _)) => dom,
                (Elim::Snd, Whnf::Sigma(_, cod)) => cod.inst(c.elim(Elim::Fst)),
                (Elim::LApp(r), Whnf::Line(l)) | (Elim::PApp(_, _, r), Whnf::Path(l, ..)) => l.inst(*r),
                _ => return refuse("ill-formed term", "a stuck term is taken apart against its type"),
            },
        })
    }
}

/// A rule without its terms.
fn stripped(r: &Rule) -> Rule {
    let (mut r, blank) = (r.clone(), || Rc::new(Node::Univ(0)));
    if let Rule::Psatz { hypotheses, .. } | Rule::Lia { hypotheses, .. } = &mut r {
        hypotheses.iter_mut().for_each(|h| h.proof = blank());
    }
    let (Rule::Ring { atoms, .. } | Rule::Psatz { atoms, .. } | Rule::Lia { atoms, .. }) = &mut r;
    atoms.iter_mut().for_each(|a| a.1 = blank());
    r
}
