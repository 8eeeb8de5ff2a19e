//! Interval substitutions and cofibrations: the most general unifier of a conjunction of equations, and its action on values.

use crate::data::length;
use crate::machine::Machine;
use crate::value::{
    Clo, DClo, DimSub, Elim, Env, Equations, Head, Ivl, Lazy, List, Name, Native, Neutral, Spine, V, VFace, VGlue,
    VPart, Val,
};
use std::collections::BTreeSet;
use std::rc::Rc;

impl DimSub {
    /// Several names replaced; each stands once.
    pub fn new(pairs: impl IntoIterator<Item = (Name, Ivl)>) -> DimSub {
        DimSub(pairs.into_iter().fold(List::default(), |l, p| l.push(p)))
    }

    /// One name replaced.
    pub(crate) fn one(name: Name, r: Ivl) -> DimSub {
        DimSub(List::default().push((name, r)))
    }

    /// The value of an interval value under the substitution.
    #[must_use]
    pub fn ivl(&self, r: Ivl) -> Ivl {
        match r {
            Ivl::Name(n) => self.0.iter().find(|(m, _)| *m == n).map_or(r, |(_, s)| *s),
            end => end,
        }
    }

    /// A cofibration under the substitution.
    pub(crate) fn cof(&self, cof: &Equations) -> Equations {
        let image = |(a, b): &(Ivl, Ivl)| (self.ivl(*a), self.ivl(*b));
        if cof.iter().all(|e| image(e) == *e) { cof.clone() } else { cof.iter().map(image).collect() }
    }

    /// This substitution first, then one more name replaced.
    fn then(&mut self, name: Name, r: Ivl) {
        let last = DimSub::one(name, r);
        let image = |(n, s): &(Name, Ivl)| Some((*n, last.ivl(*s))).filter(|(_, t)| t != s);
        self.0 = self.0.map(image).push((name, r));
    }

    fn mentions(&self, name: Name) -> bool {
        self.0.iter().any(|(_, r)| *r == Ivl::Name(name))
    }
}

/// What a cofibration amounts to.
pub(crate) enum Solved {
    /// It entails `0 = 1`.
    False,
    /// Its most general unifier; empty when it is true.
    Unifier(DimSub),
}

/// Rule `face`: the most general unifier of a conjunction of equations.
pub(crate) fn solve(cof: &[(Ivl, Ivl)]) -> Solved {
    let mut s = DimSub::default();
    for (a, b) in cof {
        match (s.ivl(*a), s.ivl(*b)) {
            (a, b) if a == b => {}
            // Of two names the later one goes, so that equal cofibrations have equal unifiers.
            (Ivl::Name(n), Ivl::Name(m)) => s.then(n.max(m), Ivl::Name(n.min(m))),
            (Ivl::Name(n), r) | (r, Ivl::Name(n)) => s.then(n, r),
            _ => return Solved::False,
        }
    }
    Solved::Unifier(s)
}

/// Whether a cofibration is true.
pub(crate) fn is_true(cof: &[(Ivl, Ivl)]) -> bool {
    cof.iter().all(|(a, b)| a == b)
}

/// Whether a cofibration entails `0 = 1`.
pub(crate) fn is_false(cof: &[(Ivl, Ivl)]) -> bool {
    match cof {
        [(a, b)] => a != b && !matches!((a, b), (Ivl::Name(_), _) | (_, Ivl::Name(_))),
        _ => matches!(solve(cof), Solved::False),
    }
}

/// Whether two cofibrations hold at the same points.
pub(crate) fn equivalent(a: &[(Ivl, Ivl)], b: &[(Ivl, Ivl)]) -> bool {
    match (solve(a), solve(b)) {
        (Solved::False, Solved::False) => true,
        (Solved::Unifier(s), Solved::Unifier(t)) => {
            s.0.iter().collect::<BTreeSet<_>>() == t.0.iter().collect::<BTreeSet<_>>()
        }
        _ => false,
    }
}

impl Machine<'_> {
    /// A value under a substitution of dimensions, delayed.
    #[must_use]
    pub fn act(&self, v: &V, s: &DimSub) -> V {
        if s.0.is_empty() {
            return v.clone();
        }
        // Names younger than the value do not occur in it.
        if s.0.iter().any(|(n, _)| *n >= v.0.birth) {
            return self.act(v, &DimSub::new(s.0.iter().filter(|(n, _)| *n < v.0.birth).copied()));
        }
        if let Some(image) = v.0.image.take() {
            let known = if image.0 == *s { image.1.upgrade() } else { None };
            v.0.image.set(Some(image));
            if let Some(w) = known {
                return V(w);
            }
        }
        let w = match &*v.0.state.borrow() {
            // Two delayed substitutions are one.
            Lazy::Act(u, first) => {
                let mut both: Vec<(Name, Ivl)> = first.0.iter().map(|(n, r)| (*n, s.ivl(*r))).collect();
                both.extend(s.0.iter().filter(|(n, _)| *n < u.0.birth && !first.0.iter().any(|(m, _)| m == n)));
                both.retain(|(n, r)| *r != Ivl::Name(*n));
                self.delay(Lazy::Act(u.clone(), DimSub::new(both)))
            }
            _ => self.delay(Lazy::Act(v.clone(), s.clone())),
        };
        // An image that waits refers to its value: were it kept as well, the two would keep each other for ever.
        v.0.image.set(Some((s.clone(), Rc::downgrade(&w.0))));
        w
    }

    /// A value under a substitution; none when it is the value itself.
    pub(crate) fn moved(&self, v: &V, s: &DimSub) -> Option<V> {
        s.0.iter().any(|(n, _)| *n < v.0.birth).then(|| self.act(v, s))
    }

    /// What is to be evaluated for a value under a substitution that its parts undergo first; none if the value is evaluated already.
    pub(crate) fn pushed(&self, v: &V, s: &DimSub) -> Option<Lazy> {
        let a = |x: &V| self.act(x, s);
        Some(match &*v.0.state.borrow() {
            Lazy::Term(env, t) => Lazy::Term(self.act_env(env, s), t.clone()),
            Lazy::Elim(x, e) => Lazy::Elim(a(x), self.act_elim(e, s)),
            Lazy::Forced(x, e) => Lazy::Forced(a(x), self.act_elim(e, s)),
            Lazy::Applied(x, args) => Lazy::Applied(a(x), self.act_all(args, s)),
            Lazy::Inst(n, x) => Lazy::Inst(Rc::new(self.act_native(n, s)), a(x)),
            Lazy::Coe(c) => Lazy::Coe(Rc::new((s.ivl(c.0), s.ivl(c.1), self.act_dclo(&c.2, s), a(&c.3)))),
            Lazy::Open(c) => {
                let (i, inner) = self.under(c.2, s);
                Lazy::Coe(Rc::new((s.ivl(c.0), s.ivl(c.1), DClo::Abs(i, self.act(&c.3, &inner)), a(&c.4))))
            }
            Lazy::HCom(h) => Lazy::HCom(Rc::new((s.ivl(h.0), s.ivl(h.1), a(&h.2), self.act_faces(&h.3, s), a(&h.4)))),
            Lazy::Compute(p, spine) => Lazy::Compute(*p, spine.iter().map(|e| self.act_elim(e, s)).collect()),
            Lazy::Field(x, n) => Lazy::Field(a(x), *n),
            Lazy::Con(w) => {
                let Val::Con(d, c, ps, xs, dims) = &**w else { return None };
                let dims = dims.iter().map(|r| s.ivl(*r)).collect();
                Lazy::Con(Rc::new(Val::Con(*d, *c, self.act_all(ps, s), self.act_all(xs, s), dims)))
            }
            Lazy::Busy | Lazy::Act(..) | Lazy::Done(..) => return None,
        })
    }

    pub(crate) fn act_env(&self, env: &Env, s: &DimSub) -> Env {
        if env.terms.is_empty() && env.dims.is_empty() {
            return env.clone();
        }
        let mut seen = 0u64;
        let terms = env.terms.map(|v| {
            seen += 1;
            self.moved(v, s)
        });
        self.charge(seen / 4);
        let dims = env.dims.map(|r| Some(s.ivl(*r)).filter(|image| image != r));
        Env { terms, dims, shift: env.shift }
    }

    pub(crate) fn act_clo(&self, c: &Clo, s: &DimSub) -> Clo {
        match c {
            Clo::Term(env, t) => Clo::Term(self.act_env(env, s), t.clone()),
            Clo::Const(v) => Clo::Const(self.act(v, s)),
            Clo::Native(n) => Clo::Native(Rc::new(self.act_native(n, s))),
        }
    }

    /// Under a binder the bound name is neither replaced nor captured.
    fn under(&self, name: Name, s: &DimSub) -> (Name, DimSub) {
        let mut inner = s.clone();
        if s.0.iter().any(|(n, _)| *n == name) {
            inner = DimSub::new(s.0.iter().filter(|(n, _)| *n != name).copied());
        }
        if inner.mentions(name) {
            let fresh = self.fresh_dim();
            inner.0 = inner.0.push((name, Ivl::Name(fresh)));
            (fresh, inner)
        } else {
            (name, inner)
        }
    }

    pub(crate) fn act_dclo(&self, c: &DClo, s: &DimSub) -> DClo {
        match c {
            DClo::Term(env, t) => DClo::Term(self.act_env(env, s), t.clone()),
            DClo::Abs(name, v) => {
                let (name, inner) = self.under(*name, s);
                DClo::Abs(name, self.act(v, &inner))
            }
            DClo::Elim(c) => DClo::Elim(Rc::new((self.act_dclo(&c.0, s), self.act_elim(&c.1, s)))),
        }
    }

    pub(crate) fn act_faces(&self, faces: &Rc<Vec<VFace>>, s: &DimSub) -> Rc<Vec<VFace>> {
        self.charge(length(faces.len()));
        Rc::new(faces.iter().map(|f| VFace { cof: s.cof(&f.cof), side: self.act_dclo(&f.side, s) }).collect())
    }

    pub(crate) fn act_glue(&self, faces: &[VGlue], s: &DimSub) -> Vec<VGlue> {
        self.charge(length(faces.len()));
        faces.iter().map(|f| self.act_face(f, s)).collect()
    }

    pub(crate) fn act_face(&self, f: &VGlue, s: &DimSub) -> VGlue {
        VGlue { cof: s.cof(&f.cof), ty: self.act(&f.ty, s), equiv: self.act(&f.equiv, s) }
    }

    fn act_all(&self, vs: &Rc<[V]>, s: &DimSub) -> Rc<[V]> {
        vs.iter().map(|v| self.act(v, s)).collect()
    }

    fn act_native(&self, n: &Native, s: &DimSub) -> Native {
        let many = |vs: &[V]| vs.iter().map(|v| self.act(v, s)).collect::<Vec<_>>();
        match n {
            Native::CoePi(r, to, name, dom, cod, f) => {
                let (name, inner) = self.under(*name, s);
                Native::CoePi(
                    s.ivl(*r),
                    s.ivl(*to),
                    name,
                    self.act(dom, &inner),
                    self.act_clo(cod, &inner),
                    self.act(f, s),
                )
            }
            Native::HComPi(r, to, cod, faces, b) => {
                Native::HComPi(s.ivl(*r), s.ivl(*to), self.act_clo(cod, s), self.act_faces(faces, s), self.act(b, s))
            }
            Native::Branch(d, c, ps, given, m) => {
                Native::Branch(*d, *c, self.act_all(ps, s), many(given), self.act_clo(m, s))
            }
            Native::Hypothesis(c, f, m) => Native::Hypothesis(self.act_clo(c, s), self.act(f, s), self.act_clo(m, s)),
            Native::Recurse(c, f, e) => Native::Recurse(self.act_clo(c, s), self.act(f, s), self.act_elim(e, s)),
            Native::Hypotheses(d, c, ps, given, m, n) => {
                Native::Hypotheses(*d, *c, self.act_all(ps, s), many(given), self.act_clo(m, s), *n)
            }
            Native::NatStep(m) => Native::NatStep(self.act_clo(m, s)),
            Native::IntCase(m, pos) => Native::IntCase(self.act_clo(m, s), *pos),
        }
    }

    pub(crate) fn act_elim(&self, e: &Elim, s: &DimSub) -> Elim {
        let v = |x: &V| self.act(x, s);
        let cases = |e: &(Clo, V, V)| Rc::new((self.act_clo(&e.0, s), v(&e.1), v(&e.2)));
        match e {
            Elim::App(x) => Elim::App(v(x)),
            Elim::Fst => Elim::Fst,
            Elim::Snd => Elim::Snd,
            Elim::LApp(r) => Elim::LApp(s.ivl(*r)),
            Elim::PApp(a, b, r) => Elim::PApp(v(a), v(b), s.ivl(*r)),
            Elim::EmptyElim(m) => Elim::EmptyElim(Rc::new(self.act_clo(m, s))),
            Elim::BoolElim(e) => Elim::BoolElim(cases(e)),
            Elim::NatElim(e) => Elim::NatElim(cases(e)),
            Elim::IntElim(e) => Elim::IntElim(cases(e)),
            Elim::DataElim(e) => {
                let (d, ps, m, bs) = &**e;
                Elim::DataElim(Rc::new((*d, self.act_all(ps, s), self.act_clo(m, s), self.act_all(bs, s))))
            }
            Elim::Unglue(a, faces) => Elim::Unglue(v(a), Rc::new(self.act_glue(faces, s))),
        }
    }

    /// The action on a weak head normal form; what was stuck may move on.
    pub(crate) fn act_val(&self, v: &Rc<Val>, s: &DimSub) -> crate::Res<Rc<Val>> {
        let a = |x: &V| self.act(x, s);
        Ok(Rc::new(match &**v {
            Val::Univ(_) | Val::Prim(_) | Val::NatLit(_) | Val::IntLit(_) | Val::RealLit(_) => return Ok(v.clone()),
            Val::Pi(x, c) => Val::Pi(a(x), self.act_clo(c, s)),
            Val::Sigma(x, c) => Val::Sigma(a(x), self.act_clo(c, s)),
            Val::Lam(c) => Val::Lam(self.act_clo(c, s)),
            Val::Pair(x, y) => Val::Pair(a(x), a(y)),
            Val::Line(c) => Val::Line(self.act_dclo(c, s)),
            Val::Path(c, x, y) => Val::Path(self.act_dclo(c, s), a(x), a(y)),
            Val::DLam(c) => Val::DLam(self.act_dclo(c, s)),
            Val::Suc(n, x) => return self.add_successors(n, &a(x)),
            Val::IntPos(x) => return self.integer(true, &a(x)),
            Val::IntNegSuc(x) => return self.integer(false, &a(x)),
            Val::Data(d, ps) => Val::Data(*d, self.act_all(ps, s)),
            Val::Con(d, c, ps, xs, dims) if dims.is_empty() => {
                Val::Con(*d, *c, self.act_all(ps, s), self.act_all(xs, s), dims.clone())
            }
            Val::Con(d, c, ps, xs, dims) => {
                let dims = dims.iter().map(|r| s.ivl(*r)).collect();
                return self.con(*d, *c, &self.act_all(ps, s), &self.act_all(xs, s), &dims);
            }
            Val::Glue(x, faces) => return self.glue(&a(x), self.act_glue(faces, s)),
            Val::GlueEl(x, parts) => {
                let part = |p: &VPart| VPart { cof: s.cof(&p.cof), body: a(&p.body) };
                return self.glue_el(&a(x), parts.iter().map(part).collect());
            }
            Val::Neutral(n) => return self.act_neutral(n, s),
        }))
    }

    fn act_neutral(&self, n: &Neutral, s: &DimSub) -> crate::Res<Rc<Val>> {
        let head = match &n.head {
            Head::Var(level, ty) => self.done(Val::neutral(Head::Var(*level, self.act(ty, s)))),
            Head::Const(id, shift) => self.constant(*id, *shift)?,
            Head::Prim(p) => self.primitive(*p),
            Head::Coe(c) => self.coe(s.ivl(c.0), s.ivl(c.1), &self.act_dclo(&c.2, s), &self.act(&c.3, s))?,
            Head::HCom(h) => {
                self.hcom(s.ivl(h.0), s.ivl(h.1), &self.act(&h.2, s), &self.act_faces(&h.3, s), &self.act(&h.4, s))?
            }
            Head::Rule(r) => self.done(Val::neutral(Head::Rule(Rc::new((self.act_env(&r.0, s), r.1.clone()))))),
        };
        n.spine.iter().try_fold(head, |v, e| self.eliminate(&v, self.act_elim(e, s)))
    }

    /// Looks at a stuck value once more, after metavariables were solved.
    pub(crate) fn again(&self, n: &Neutral) -> crate::Res<Rc<Val>> {
        let head = match &n.head {
            Head::Var(..) | Head::Rule(..) => self.done(Val::neutral(n.head.clone())),
            Head::Const(id, shift) => self.constant(*id, *shift)?,
            Head::Prim(p) => self.primitive(*p),
            Head::Coe(c) => self.coe(c.0, c.1, &c.2, &c.3)?,
            Head::HCom(h) => self.hcom(h.0, h.1, &h.2, &h.3, &h.4)?,
        };
        n.spine.iter().try_fold(head, |v, e| self.eliminate(&v, e.clone()))
    }
}

impl Val {
    pub(crate) fn neutral(head: Head) -> Val {
        Val::Neutral(Neutral { head, spine: Spine::default(), unfolded: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Limits;
    use bfv_format::{Dim, Node};

    /// A value and an image of it that nobody evaluated kept each other for ever once.
    #[test]
    fn values_and_their_images_are_let_go() {
        let signature = crate::Signature::new();
        let m = Machine::new(&signature, Limits::default());
        let i = m.fresh_dim();
        let env = Env { dims: List::default().push(Ivl::Name(i)), ..Env::default() };
        let line = Rc::new(Node::DLam(Rc::new(Node::NatLit(2u8.into()))));
        let value = m.eval(&env, &Rc::new(Node::LApp(line, Dim::Var(0))));
        let sub = DimSub::one(i, Ivl::Zero);
        let image = m.act(&value, &sub);
        assert!(Rc::ptr_eq(&image.0, &m.act(&value, &sub).0), "what is shared stays shared");
        let left = Rc::downgrade(&value.0);
        drop((value, image, env));
        assert_eq!(left.strong_count(), 0);
    }
}
